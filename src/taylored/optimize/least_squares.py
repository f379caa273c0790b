"""Least squares: the strategy over the algorithms, and a verdict that is not theirs.

A given start is followed by Levenberg-Marquardt with the linear parameters eliminated, then by
Newton's method to the rounding floor. Where the point found is not a strict minimum, or fits
suspiciously badly, other algorithms and other starts are tried and the lowest cost wins. The
verdict is computed from the point alone, never from a stopping rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from math import log10, sqrt

import numpy as np

from taylored.optimize.compact import MOST_PARAMETERS, compact_minimum
from taylored.optimize.levenberg import levenberg_marquardt
from taylored.optimize.newton import Curvature, newton_polish, trust_region_newton
from taylored.optimize.point import Point, held
from taylored.optimize.problem import Problem
from taylored.optimize.starts import ParameterScale, neighbours, ranked_starts

__all__ = [
    "Arithmetic",
    "Solution",
    "finish",
    "hop",
    "lower",
    "quick",
    "refine",
    "search",
    "solve",
    "starts_for",
    "suspicious",
]

# |Q'r| / |r|: below this the residuals are orthogonal to the tangent plane for all purposes.
STATIONARY = 1e-6
_HOPS = 12
_KEPT_STARTS = 12  # starts refined of those ranked
_SAME = 1e-6  # relative difference of costs below which two minima are the same


class Arithmetic(Enum):
    """How the factor behind the standard errors was computed: it decides how many digits it has."""

    ORTHOGONAL = "orthogonal factorization in float64"
    GRAM = "Gram matrix in float64"  # squares the condition number
    DOUBLED = "orthogonal factorization in doubled precision"


@dataclass(frozen=True, eq=False, slots=True)
class Solution:
    """A point, its curvature (None where the Jacobian is singular), and how it was reached.

    `last_step` is the last Newton step relative to |r|; `held` marks parameters at a bound;
    `hits` of `tried` starts led to this cost; `others` are the costs of other minima found;
    `elsewhere` says that it was not the start given that led here.
    """

    point: Point
    curvature: Curvature | None
    last_step: float
    held: np.ndarray
    converged: bool
    algorithm: str
    hits: int = 1
    tried: int = 1
    others: tuple[float, ...] = ()
    elsewhere: bool = False
    arithmetic: Arithmetic = Arithmetic.ORTHOGONAL

    @property
    def minimum(self) -> bool:
        """Whether the point is a strict local minimum: stationary, Hessian positive definite."""
        return self.converged and self.curvature is not None and self.curvature.bend > 1e-10


def solve(
    problem: Problem,
    start: np.ndarray,
    *,
    more: Callable[[], Iterable[np.ndarray]] | None = None,
    callback: Callable[[Point], None] | None = None,
) -> Solution:
    """Minimize from a given start; `more` gives other starts, tried where that one fails."""
    first = refine(problem, start, callback)
    if _satisfactory(problem, first):
        return first
    best = _best([first, *_other_algorithms(problem, start, first)])
    if _satisfactory(problem, best) or more is None:
        return best
    elsewhere = search(problem, more(), callback=callback)
    if elsewhere is None or not lower(elsewhere, best):
        return replace(best, tried=1 + (elsewhere.tried if elsewhere else 0))
    return replace(elsewhere, elsewhere=True)


def quick(problem: Problem, start: np.ndarray) -> Solution | None:
    """The short road for few, well separated, free parameters; None where it does not lead."""
    if len(start) > MOST_PARAMETERS or len(start) >= len(problem.y) or problem.bounded:
        return None
    found = compact_minimum(problem, start)
    if found is None:
        return None
    point, curvature, last = found
    free = np.zeros(len(start), bool)
    converged = _stationary(problem, point, curvature)
    name = "Levenberg-Marquardt and Newton"
    solution = Solution(point, curvature, last, free, converged, name, arithmetic=Arithmetic.GRAM)
    return solution if _satisfactory(problem, solution) else None


def search(
    problem: Problem,
    starts: Iterable[np.ndarray],
    *,
    keep: int = _KEPT_STARTS,
    callback: Callable[[Point], None] | None = None,
) -> Solution | None:
    """Refine the first starts, best first, and return the lowest minimum; None if all fail.

    Ends early when the lowest cost was reached three times.
    """
    found: list[Solution] = []
    for start in starts:
        candidate = refine(problem, start, callback, limit=100)
        if candidate.point.finite:
            found.append(candidate)
        if len(found) >= keep or _settled(found):
            break
    if not found:
        return None
    best = _best(found)
    if not best.minimum:
        best = _best([best, *_other_algorithms(problem, best.point.theta, best)])
    costs = np.array([s.point.cost for s in found])
    floor = 1e-24 * problem.squares
    same = costs <= best.point.cost * (1 + _SAME) + floor
    others = tuple(sorted({float(f"{c:.3g}") for c in costs[~same]}))
    return replace(best, hits=max(int(same.sum()), 1), tried=len(found), others=others)


def hop(
    problem: Problem, best: Solution, scales: Sequence[ParameterScale], *, seed: int
) -> Solution:
    """Look for a lower minimum by keeping part of a solution and drawing the rest anew.

    Done where the residuals are not random, or few starts led to this minimum: then the model
    may fit better elsewhere.
    """
    failures = 0
    for turn in range(_HOPS):
        if failures == 4 or (best.hits > 2 and not suspicious(best.point.r)):
            break
        improved = best
        for start in neighbours(problem, scales, best.point.theta, seed=seed + 1 + turn)[:6]:
            candidate = refine(problem, start, limit=60)
            if lower(candidate, improved):
                improved = candidate
        failures = failures + 1 if improved is best else 0
        best = improved if improved is best else replace(improved, hits=1, tried=best.tried + 6)
    return best


def suspicious(r: np.ndarray, sure: float = 1.0) -> bool:
    """Whether the residuals, in the order of the data, look unlike noise.

    Too few runs of signs, neighbours too much alike, or a point too far out: each alone happens
    by chance in less than one good fit of thirty. `sure` above one asks for so much more of the
    first two.
    """
    square = float(r.dot(r))
    if square == 0.0:
        return False
    total = len(r)
    if total > 12:
        if float(r[1:].dot(r[:-1])) > 1.9 * sure / sqrt(total) * square:
            return True
        farthest = max(float(r.max()), -float(r.min()))
        if farthest > (2.6 + 0.75 * log10(total)) * sqrt(square / total):
            return True
    signs = r > 0
    above = int(np.count_nonzero(signs))
    below = total - above
    if min(above, below) < 4:
        return total > 12
    mean = 1.0 + 2.0 * above * below / total
    deviation = sqrt((mean - 1.0) * (mean - 2.0) / (total - 1.0))
    return 1 + int(np.count_nonzero(signs[1:] != signs[:-1])) < mean - 2.0 * sure * deviation


def _settled(found: Sequence[Solution]) -> bool:
    if len(found) < 4:
        return False
    if len(found[0].point.theta) > 2 and len(found) < 6:
        return False
    best = _best(found)
    close = [s.point.cost <= best.point.cost * (1 + _SAME) + 1e-300 for s in found]
    return best.minimum and sum(close) >= 3


def refine(
    problem: Problem,
    start: np.ndarray,
    callback: Callable[[Point], None] | None = None,
    limit: int = 300,
) -> Solution:
    """Levenberg-Marquardt from a start, Newton's method to the end, and the judgement."""
    point, _ = levenberg_marquardt(problem, start, limit=limit, callback=callback)
    if problem.bounded and problem.linear.any() and _outside(problem, point.theta):
        bent = replace(problem, linear=np.zeros_like(problem.linear))
        inside = np.clip(point.theta, problem.lower, problem.upper)
        point, _ = levenberg_marquardt(bent, inside, limit=limit, callback=callback)
    return finish(problem, point, "Levenberg-Marquardt")


def _outside(problem: Problem, theta: np.ndarray) -> bool:
    return bool(((theta < problem.lower) | (theta > problem.upper)).any())


def _other_algorithms(problem: Problem, start: np.ndarray, first: Solution) -> list[Solution]:
    """The same start by other roads: Newton in a trust region, and without elimination."""
    found = []
    bent = replace(problem, linear=np.zeros_like(problem.linear))
    start = np.clip(start, problem.lower, problem.upper)
    for origin in (first.point.theta, start):
        point, _ = trust_region_newton(problem, origin)
        found.append(finish(problem, point, "trust-region Newton"))
        if _satisfactory(problem, found[-1]):
            return found
    point, _ = levenberg_marquardt(bent, start, limit=500)
    found.append(finish(problem, point, "Levenberg-Marquardt"))
    return found


def finish(problem: Problem, point: Point, algorithm: str) -> Solution:
    """Polish a point by Newton's method and judge it."""
    if not point.finite:
        nowhere = np.zeros(len(point.theta), bool)
        return Solution(point, None, np.inf, nowhere, False, algorithm)
    point, curvature, last = newton_polish(problem, point)
    at_bound = held(problem, point)
    if curvature is None:
        return Solution(point, None, last, at_bound, False, algorithm)
    return Solution(
        point, curvature, last, at_bound, _stationary(problem, point, curvature), algorithm
    )


def _stationary(problem: Problem, point: Point, curvature: Curvature) -> bool:
    """Whether the gradient vanishes, to the rounding of the residuals."""
    slope = float(curvature.along.dot(curvature.along))
    noise = 1e-30 * problem.squares * len(problem.y)
    return slope <= STATIONARY**2 * point.cost + noise


def _satisfactory(problem: Problem, solution: Solution) -> bool:
    """A strict minimum that explains a fair part of the scatter, or the only one there is."""
    if not solution.minimum:
        return False
    if problem.linear.all():
        return True
    y = problem.y if problem.weights is None else problem.y * problem.weights
    total = float(y.sum())
    return solution.point.cost <= 0.3 * (float(y.dot(y)) - total * total / len(y))


def lower(a: Solution, b: Solution) -> bool:
    """Lower cost wins; at equal cost a strict minimum does."""
    if a.point.cost < b.point.cost * (1 - 1e-9):
        return True
    return a.point.cost <= b.point.cost * (1 + 1e-9) and a.minimum and not b.minimum


def _best(found: Sequence[Solution]) -> Solution:
    best = found[0]
    for other in found[1:]:
        best = other if lower(other, best) else best
    return best


def starts_for(
    problem: Problem, scales: Sequence[ParameterScale], seed: int
) -> Iterable[np.ndarray]:
    """Ranked automatic starts, more of them for more non-linear parameters."""
    bent = int((~problem.linear).sum())
    count = min(64 * 4**bent, 2048) if bent else 1
    if any(s.rate is not None for s in scales):
        count = 4096
    return ranked_starts(problem, scales, count=count, seed=seed)
