"""Many starts: spread evenly, ranked by their values, and the distinct minima they lead to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.optimize.nlp import NonlinearProgram
from taylored.optimize.starts import spread
from taylored.optimize.watch import Watch

if TYPE_CHECKING:
    from taylored.optimize.solve import Solution

__all__ = ["Many", "best_of", "distinct", "ranked", "starts"]

_MORE = 8  # candidates for each start
_MOST = 4096
_CUBE = 64  # from so many variables on the lattice is no better than chance
_SAME = 1e-5  # minima closer than this, relative, are one
_PENALTY = 1e3  # of violations, in the order of the candidates


@dataclass(frozen=True)
class Many:
    """How many starts, the seed of their spread, and the first solution where it is known."""

    count: int
    seed: int = 0
    first: Solution | None = None


def starts(program: NonlinearProgram, start: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Starts (count, variables), evenly within the bounds; the first is the one given.

    A variable without two bounds is looked for around its start: near it in half of the starts,
    further away in the others.
    """
    n, first = program.variables, np.clip(start, program.lower, program.upper)
    if count <= 1:
        return first[None].copy()
    if n < _CUBE:
        cube = spread(count - 1, n + 1, seed)
    else:
        cube = np.random.default_rng(seed).random((count - 1, n + 1))
    low, high = program.lower, program.upper
    closed = np.isfinite(low) & np.isfinite(high)
    size = np.maximum(1.0, np.abs(first))
    reach = size * np.where(cube[:, -1:] < 0.5, 2.0, 10.0)
    left = np.where(closed, low, np.maximum(first - reach, low))
    right = np.where(closed, high, np.minimum(first + reach, high))
    with np.errstate(all="ignore"):
        points = left + (right - left) * cube[:, :-1]
        wide = ~np.isfinite(right - left)
        points = np.where(wide, left * (1.0 - cube[:, :-1]) + right * cube[:, :-1], points)
    return np.vstack([first, np.clip(points, low, high)])


def ranked(program: NonlinearProgram, points: np.ndarray) -> np.ndarray:
    """The points in the order of their value and violation, those not defined last.

    `program.functions.batch(points)` -> f (points,), c (points, constraints) is used where there
    is one; else they are computed one by one.
    """
    values, violations = _values(program, points)
    scale = max(1.0, float(np.nanmedian(np.abs(values)))) if np.isfinite(values).any() else 1.0
    merit = values + _PENALTY * scale * violations
    return points[np.argsort(np.where(np.isfinite(merit), merit, np.inf), kind="stable")]


def _values(program: NonlinearProgram, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """f and the largest violation at each point, nan where they are not defined."""
    batch = getattr(program.functions, "batch", None)
    with np.errstate(all="ignore"):
        found: Any = None
        if batch is not None:
            try:
                found = batch(points)
            except NotImplementedError:
                found = None
        if found is None:
            pairs = [program.values(x) for x in points]
            found = np.array([f for f, _ in pairs]), np.array([c for _, c in pairs])
        else:
            program.work.values += len(points)
        values, c = np.asarray(found[0], float), np.asarray(found[1], float)
        if c.size == 0:
            return values, np.zeros(len(points))
        off = np.where(program.equality, np.abs(c), np.maximum(c, 0.0))
        return values, off.max(axis=1)


def best_of(
    program: NonlinearProgram, start: np.ndarray, watch: Watch, method: str, many: Many
) -> tuple[Solution, list[tuple[float, np.ndarray]]]:
    """The lowest solution from many starts, and the other minima found.

    The start that was given is always one of them; the others are the best of many candidates.
    The other minima are (value, x), lowest first.
    """
    from taylored.optimize.solve import glance, solve

    count = many.count
    pool = starts(program, start, min(_MOST, 1 + (count - 1) * _MORE), many.seed)
    chosen = [pool[0], *_apart(program, ranked(program, pool[1:]), count - 1)]
    solutions: list[Solution] = [] if many.first is None else [many.first]
    for x in chosen[len(solutions) :]:
        own = replace(watch, best=None, _kept=[], _every=1, _last=None)
        if many.first is None:
            found = solve(program, x, own, method)
            end = found.answer.end
        else:  # unasked: only what leads lower is worth its full cost
            found, end = glance(program, x, own, method, solutions[0])
        if found is not None:
            solutions.append(found)
        if found is not None and (len(solutions) == 1 or _before(found, solutions[0])):
            _adopt(watch, own)
            solutions.insert(0, solutions.pop())
        if end in ("callback", "time", "evaluations", "interrupted"):
            break
    minima = distinct([(s.certificate.value, s.answer.x) for s in solutions if s.usable])
    best = solutions[0]
    others = [m for m in minima if not _same(m[1], best.answer.x)]
    return best, others


def _adopt(watch: Watch, own: Watch) -> None:
    """The path shown is that of the best start."""
    watch.best, watch._kept, watch._every, watch._last = (
        own.best, own._kept, own._every, own._last,
    )  # fmt: skip


def _before(first: Solution, second: Solution) -> bool:
    """Whether a solution is better: usable before others, then less violated, then lower."""
    if first.usable != second.usable:
        return first.usable
    a, b = first.certificate, second.certificate
    if first.usable:
        return a.value < b.value - 1e-12 * max(1.0, abs(b.value))
    if (a.violation <= 1e-6) != (b.violation <= 1e-6) or a.violation > 1e-6:
        return a.violation < b.violation
    return bool(a.value < b.value)


def _apart(program: NonlinearProgram, points: np.ndarray, count: int) -> np.ndarray:
    """The first `count` points, leaving out at first those close to one that was chosen."""
    if len(points) <= count:
        return points
    width = np.where(
        np.isfinite(program.upper - program.lower), program.upper - program.lower,
        np.maximum(np.ptp(points, axis=0), 1e-300),
    )  # fmt: skip
    width = np.where(width > 0, width, 1.0)
    near = 0.5 / max(1.0, count) ** (1.0 / program.variables)
    chosen, left = [0], []
    for k in range(1, len(points)):
        if len(chosen) == count:
            break
        gaps = np.abs(points[k] - points[chosen]) / width
        (left if float(gaps.max(axis=1).min()) < near else chosen).append(k)
    return points[sorted([*chosen, *left][:count])]


def _same(first: np.ndarray, second: np.ndarray) -> bool:
    scale = max(1.0, float(np.abs(second).max(initial=0.0)))
    return float(np.abs(first - second).max(initial=0.0)) <= _SAME * scale


def distinct(minima: list[tuple[float, np.ndarray]]) -> list[tuple[float, np.ndarray]]:
    """The different ones among minima (value, x), lowest first."""
    kept: list[tuple[float, np.ndarray]] = []
    for value, x in sorted(minima, key=lambda m: m[0]):
        if not any(_same(x, other) for _, other in kept):
            kept.append((value, x))
    return kept
