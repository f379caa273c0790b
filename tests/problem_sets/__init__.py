"""Test problems with published optima; the formulas are written here, the figures are theirs."""

from __future__ import annotations

from problem_sets import hock_schittkowski_1 as _hs1
from problem_sets import hock_schittkowski_2 as _hs2
from problem_sets import hock_schittkowski_3 as _hs3
from problem_sets.bounded import PROBLEMS as BOUNDED
from problem_sets.large import LARGE
from problem_sets.more_garbow_hillstrom import PROBLEMS as MORE_GARBOW_HILLSTROM
from problem_sets.own import DEGENERATE, INFEASIBLE, UNBOUNDED
from problem_sets.problem import Problem, System, Text
from problem_sets.systems import COUNTED, SYSTEMS, large_system

__all__ = [
    "BOUNDED", "COUNTED", "DEGENERATE", "HOCK_SCHITTKOWSKI", "INFEASIBLE", "LARGE",
    "MORE_GARBOW_HILLSTROM", "PROBLEMS", "SYSTEMS", "UNBOUNDED", "Problem", "System", "Text",
    "large_system", "problem",
]  # fmt: skip

HOCK_SCHITTKOWSKI: list[Problem] = [*_hs1.PROBLEMS, *_hs2.PROBLEMS, *_hs3.PROBLEMS]
PROBLEMS: list[Problem] = [*HOCK_SCHITTKOWSKI, *MORE_GARBOW_HILLSTROM, *BOUNDED, *DEGENERATE]


def problem(name: str) -> Problem:
    """A problem by its name, with or without a solution."""
    return next(p for p in (*PROBLEMS, *INFEASIBLE, *UNBOUNDED) if p.name == name)
