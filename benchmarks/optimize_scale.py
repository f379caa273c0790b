"""Many variables: our functions, with their sparse derivatives, for us and for Ipopt."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from common import table
from judge import Point, judge_large
from optimize_peers import Outcome, Shared, has_ipopt, ipopt

from problem_sets import LARGE, Problem

__all__ = ["large", "shared"]

CAP = 120.0


def shared(p: Problem) -> tuple[Shared, float]:
    """The functions that the library prepares, and the CPU seconds that takes."""
    from taylored.optimize.functions.choose import prepared
    from taylored.optimize.functions.read import read_constraints

    began = time.process_time()
    constraints = read_constraints(p.equal, p.at_most, None)
    statement, point, made, _ = prepared(p.f, constraints, p.start)
    first, second = made.first(point), made.second(point, 1.0, np.ones(made.constraints))
    made.values(point)
    took = time.process_time() - began
    s = Shared(
        p.n, made.constraints, np.asarray(statement.equality), np.clip(point, p.lower, p.upper),
        p.lower, p.upper, made.values, made.first, made.second, (first[1], second),
    )  # fmt: skip
    return s, took


def _ours(p: Problem) -> Outcome:
    import taylored as ty

    bounded = bool(np.any(np.isfinite(p.lower)) or np.any(np.isfinite(p.upper)))
    began = time.process_time()
    m = ty.minimize(p.f, p.start, bounds=(p.lower, p.upper) if bounded else None, equal=p.equal,
                    at_most=p.at_most, max_seconds=CAP)  # fmt: skip
    took = time.process_time() - began
    cost = m.cost
    return Outcome(np.asarray(m.x, float), m.kind, m.usable, cost.evaluations, cost.gradients,
                   cost.hessians, took, m)  # fmt: skip


def large(settings: Any) -> str:
    """Times at 10,000 and 100,000 variables."""
    from rich.console import Console
    from rich.progress import track

    work = [(make, n) for n in settings.sizes for make in LARGE.values()]
    rows = []
    for make, n in track(work, "many variables", console=Console(stderr=True)):
        rows += _rows(make(n))
    heads = ["problem", "n", "m", "solver", "said", "f", "violation", "KKT", "f evaluations",
             "H", "set-up, s", "CPU, s", "/ Ipopt"]  # fmt: skip
    return table(heads, rows)


def _rows(p: Problem) -> list[list[str]]:
    try:
        s, setup = shared(p)
    except Exception as error:
        return [[p.name, f"{p.n:,}", "-", "-", f"{type(error).__name__}: {error}"[:80], *["-"] * 8]]
    found = {}
    if has_ipopt():
        found["Ipopt"] = ipopt(s.fresh(), CAP)
    try:
        found["taylored"] = _ours(p)
    except Exception as error:
        found["taylored"] = Outcome(np.full(p.n, np.nan), f"{type(error).__name__}: {error}"[:80])
    reference = found["Ipopt"].cpu if "Ipopt" in found else np.nan
    rows = []
    for name, o in found.items():
        with np.errstate(all="ignore"):
            f, c = s.values_at(o.x)
            gradient, jacobian = s.first_at(o.x)
            at = Point(o.x, f, c, gradient, jacobian, s.equality, s.lower, s.upper)
            v = judge_large(at) if np.isfinite(at.violation) else None
        judged = ["-"] * 3 if v is None else [f"{v.f:.9g}", f"{v.violation:.0e}", f"{v.kkt:.0e}"]
        ready = f"{setup:.2f}" if name == "taylored" else ""
        rows.append([p.name, f"{p.n:,}", f"{s.m:,}", name, o.said[:60], *judged, str(o.f),
                     str(o.second), ready, f"{o.cpu:.3f}", f"{o.cpu / reference:.2f}"])  # fmt: skip
    return rows
