"""Programs with no solution, and degenerate ones, whose answer follows by hand."""

from __future__ import annotations

from math import inf, log, nan, sqrt
from typing import Any

import jax.numpy as jnp
import numpy as np

from problem_sets.hock_schittkowski_1 import banana
from problem_sets.problem import Problem, program, vector

__all__ = ["DEGENERATE", "INFEASIBLE", "UNBOUNDED"]


def _norm(x: Any) -> Any:
    return x @ x


INFEASIBLE: list[Problem] = [
    program("two-lines", _norm, (0, 0), nan,
            equal=lambda x: vector(x[0] + x[1] - 1, x[0] + x[1] - 2), notes="parallel lines"),
    program("line-and-disk", lambda x: x[0], (3, 3), nan,
            equal=lambda x: x[0] + x[1] - 4, at_most=lambda x: x @ x - 1,
            notes="a line outside a disk"),
    program("two-disks", _norm, (1, 1), nan,
            at_most=lambda x: vector((x[0] - 3) ** 2 + x[1] ** 2 - 1,
                                     (x[0] + 3) ** 2 + x[1] ** 2 - 1), notes="disjoint disks"),
    program("no-real-root", lambda x: x[0], (2,), nan, equal=lambda x: x[0] ** 2 + 1),
    program("bound-against-limit", _norm, (6, 6), nan, low=5,
            at_most=lambda x: x[0] + x[1] - 8, notes="the bounds and one limit"),
    program("cosh-too-small", _norm, (1, 2), nan,
            at_most=lambda x: jnp.cosh(x[0]) + jnp.cosh(x[1]) - 1.9, notes="it is at least 2"),
    program("sphere-too-small", lambda x: jnp.sum(x), (1, 2, 3), nan, low=1,
            equal=lambda x: x @ x - 2, notes="least possible is 3"),
    program("three-limits", lambda x: x[1], (0, 0), nan,
            at_most=lambda x: vector(x[0] ** 2 - x[1], x[1] - 1, 2 - x[0]),
            notes="any two of the limits can be met"),
    program("log-budget", lambda x: -jnp.sum(jnp.log(x)), (0.5, 0.5, 0.5), nan, low=1e-3,
            equal=lambda x: jnp.sum(x) - 1, at_most=lambda x: 0.05 - jnp.prod(x),
            notes="the largest product is 1/27"),
    program("banana-walled", banana, (-1.2, 1), nan, low=0, high=0.5,
            at_most=lambda x: vector(0.36 - x[0] * x[1], x[0] - x[1] - 1),
            notes="the product is at most 1/4; the other limit does no harm"),
    program("circles-by-one-percent", lambda x: x[1], (0, 0), nan,
            equal=lambda x: vector(x @ x - 1, (x[0] - 2.01) ** 2 + x[1] ** 2 - 1),
            notes="a near miss: two unit circles 0.01 apart"),
    program("redundant-copies", _norm, (1, 1, 1), nan,
            equal=lambda x: vector(jnp.sum(x) - 1, 2 * jnp.sum(x) - 2, 3 * jnp.sum(x) - 4),
            notes="dependent and contradictory"),
]  # fmt: skip


UNBOUNDED: list[Problem] = [
    program("plane", lambda x: x[0] + 2 * x[1], (0, 0), -inf),
    program("saddle", lambda x: x[0] ** 2 - x[1] ** 2, (1, 0.1), -inf),
    program("cubic", lambda x: x[0] ** 3 + x[1] ** 2, (1, 1), -inf),
    program("negative-exponential", lambda x: -jnp.exp(x[0]) + x[1] ** 2, (0, 1), -inf),
    program("half-plane", lambda x: -x[0] - x[1], (0, 0), -inf, low=0),
    program("along-an-equation", lambda x: x[0] * x[1], (1, -1), -inf,
            equal=lambda x: x[0] + x[1]),
    program("cone", lambda x: -x[0], (1, 0), -inf, at_most=lambda x: x[1] ** 2 - x[0] ** 2, low=0),
    program("parabola-outside", lambda x: x[1] - x[0] ** 2, (1, 1), -inf,
            at_most=lambda x: x[1] - 2),
    program("logarithm", lambda x: -jnp.log(x[0]) + (x[1] - 1) ** 2, (1, 0), -inf, low=(1e-3, -5)),
    program("quartic-downhill", lambda x: -(x[0] ** 4) + x[1] ** 4 + x[0] * x[1], (1, 1), -inf),
]  # fmt: skip


def _stacked(x: Any) -> Any:
    return vector(x[0] + x[1] - 1, 2 * x[0] + 2 * x[1] - 2, x[0] - x[1])


DEGENERATE: list[Problem] = [
    program("dependent-lines", lambda x: (x[0] - 2) ** 2 + x[1] ** 2, (3, 3), 2.5, (0.5, 0.5),
            equal=_stacked, degenerate=True, notes="three consistent equations of rank two"),
    program("squared-constraint", lambda x: x[0] + x[1], (2, 2), 0, (0, 0), degenerate=True,
            at_most=lambda x: x @ x, notes="the only feasible point: no interior, no multipliers"),
    program("squared-equation", lambda x: x[0] + x[1] ** 2, (3, 1), 1, (1, 0), degenerate=True,
            equal=lambda x: (x[0] - 1) ** 2, notes="the gradient of the equation vanishes"),
    program("kissing-disks", lambda x: x[1], (1, 1), 0, (1, 0), degenerate=True,
            at_most=lambda x: vector(x @ x - 1, (x[0] - 2) ** 2 + x[1] ** 2 - 1),
            notes="two disks touch in one point"),
    program("cusp", lambda x: x[0], (1, 1), 0, (0, 0), degenerate=True,
            equal=lambda x: x[1] ** 2 - x[0] ** 3, notes="the curve has a cusp at the solution"),
    program("corner-of-three", lambda x: -x[0] - x[1], (0, 0), -2, (1, 1), degenerate=True,
            at_most=lambda x: vector(x[0] - 1, x[1] - 1, x[0] + x[1] - 2),
            notes="more active limits than variables"),
    program("bound-and-copy", lambda x: (x[0] + 1) ** 2 + (x[1] - 3) ** 2, (2, 2), 1, (0, 3), low=0,
            at_most=lambda x: -x[0], degenerate=True, notes="a limit repeats a bound"),
    program("touching-optimum", lambda x: x @ x, (1, 2), 0, (0, 0),
            at_most=lambda x: vector(x[0], -x[1]), notes="active with zero multipliers"),
    program("valley", lambda x: (x[0] + x[1] - 1) ** 2, (3, 5), 0, (0.5, 0.5),
            notes="a line of minima"),
    program("flat-quartic", lambda x: jnp.sum((x - 1) ** 4), (3, -2, 5), 0, (1, 1, 1),
            notes="the Hessian vanishes at the solution"),
    program("circle-of-minima", lambda x: (x @ x - 4) ** 2, (1, 0.5), 0, (2, 0),
            notes="a circle of minima"),
    program("maximum-at-start", lambda x: jnp.cos(x[0]) + x[1] ** 2, (0, 1), -1, (np.pi, 0),
            notes="the first coordinate starts at a maximum"),
    program("root-domain", lambda x: x[0] - jnp.sqrt(x[0] - 1), (3,), 0.75, (1.25,),
            notes="not defined below 1"),
    program("log-barrier", lambda x: x @ x - jnp.log(x[0] * x[1] - 1), (5, 5), 3 + log(2),
            [(sqrt(1.5),) * 2, (-sqrt(1.5),) * 2],
            notes="not defined where the product is below 1"),
]  # fmt: skip
