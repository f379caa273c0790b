"""Newton's method from a start, why it fails where it does, and a search that finds more.

Plain Newton steps converge or fail with a name: a cycle, a flat slope, divergence, a step out of
the domain. Then f is tabulated around the start, and a change of sign is followed up.
"""

from __future__ import annotations

import math
from itertools import pairwise

from taylored.optimize.roots.order import multiplicity
from taylored.optimize.roots.scalar import Line, Outcome, between, bracketed

__all__ = ["plain_newton", "search"]

_STEPS = 80
_PERIOD = 8
_LAST = 20  # points that show whether it wanders or keeps to one direction
_FAR = 1e8
_RAYS = 60  # points to each side of the start


def plain_newton(line: Line, start: float, tol: float = 0.0) -> Outcome:
    """Newton-Raphson as in the textbook; a multiple root is approached by longer steps."""
    xs, steps, order, best = [start], [], None, math.inf
    stop = line.note(start)
    while not stop and len(xs) <= _STEPS:
        x = xs[-1]
        f = line.value(x)
        if f == 0.0:
            return Outcome(x, "converged", multiplicity=order)
        if not math.isfinite(f):
            return Outcome(x, "domain", points=(xs[-2], x) if len(xs) > 1 else (x,))
        slope = line.slope(x)
        if not math.isfinite(slope):
            return Outcome(x, "domain", points=(x,))
        if slope == 0.0 or not math.isfinite(f / slope):
            return Outcome(x, "flat slope", points=(x,))
        step = -f / slope
        found = multiplicity(steps)
        if found is not None and abs(line.value(x + found * step)) <= abs(f):
            order, step = found, found * step
            steps.clear()
        new = x + step
        settled = abs(step) <= max(tol, 2 * math.ulp(x)) or (
            abs(step) <= 1e-9 * abs(x) and abs(f) >= best
        )
        if settled:
            return _settled(line, x, new, order)
        best = min(best, abs(f))
        steps.append(step)
        period = _cycle(xs, new)
        if period:
            return Outcome(new, "cycle", points=tuple(xs[-period:]))
        if abs(new) > _FAR * (1.0 + abs(start)) and _growing(steps):
            return Outcome(new, "divergence", points=(start, *xs[1:3]))
        xs.append(new)
        stop = line.note(new, abs(step))
    return Outcome(xs[-1], stop or "slow", points=tuple(xs[-_LAST:]))


def _settled(line: Line, x: float, new: float, order: int | None) -> Outcome:
    """Of neighboring points the one with the smallest |f|."""
    near = {x, new, math.nextafter(x, math.inf), math.nextafter(x, -math.inf)}
    known = [p for p in near if math.isfinite(line.value(p))]
    best = min(sorted(known), key=lambda p: (abs(line.value(p)), abs(p - new)))
    return Outcome(best, "converged", multiplicity=order)


def _growing(steps: list[float]) -> bool:
    """Whether the last steps became longer and longer."""
    last = [abs(s) for s in steps[-4:]]
    return len(last) == 4 and last == sorted(last) and last[-1] > 1.5 * last[0]


def _cycle(xs: list[float], new: float) -> int:
    """How many points Newton's method goes round, 0 where it does not."""
    for period in range(2, _PERIOD + 1):
        if len(xs) < 2 * period:
            return 0
        loop = xs[-period:]
        spread = max(loop) - min(loop)
        before = xs[-2 * period : -period]
        drift = max(abs(a - b) for a, b in zip(loop, before, strict=True))
        if drift <= 1e-6 * spread and abs(new - loop[0]) <= 1e-6 * spread:
            return period
    return 0


def search(line: Line, start: float, tol: float = 0.0) -> Outcome:
    """The root nearest to the start that a table of f shows; else where |f| is least."""
    tried: set[tuple[float, float]] = set()
    poles: list[float] = []
    for points in (sorted(line.known), _table(line, start)):
        for a, b in _crossings(line, points, start):
            if (a, b) in tried:
                continue
            tried.add((a, b))
            found = bracketed(line, a, b, tol)
            if found.end not in ("pole", "jump", "undefined"):
                return found
            poles.append(found.x)
    return _least(line, start, tuple(poles), tol)


def _table(line: Line, start: float) -> list[float]:
    """Points on both sides of the start, near ones close together; all that is known of f."""
    unit = max(abs(start), 1.0)
    for k in range(_RAYS):
        reach = 1e-3 * unit * (10.0 ** (10.0 * k / _RAYS))
        for x in (start - reach, start + reach):
            line.value(x)
    for k in range(1, 2 * _RAYS):  # and evenly, where waves would be missed
        for x in (start - 0.1 * k * unit, start + 0.1 * k * unit):
            line.value(x)
    return sorted(line.known)


def _crossings(line: Line, points: list[float], start: float) -> list[tuple[float, float]]:
    """Neighboring points with different signs, those near the start first."""
    values = [(x, line.value(x)) for x in points if not math.isnan(line.value(x))]
    found = [(a, b) for (a, u), (b, v) in pairwise(values) if u * v < 0]
    return sorted(found, key=lambda ends: min(abs(ends[0] - start), abs(ends[1] - start)))


def _least(line: Line, start: float, poles: tuple[float, ...], tol: float) -> Outcome:
    """Where |f| is least among what is known, made smaller by following the slope to zero."""
    known = [x for x in sorted(line.known) if math.isfinite(line.value(x))]
    if not known:
        return Outcome(start, "undefined")
    inner = [
        (a, x, b)
        for a, x, b in zip(known, known[1:], known[2:], strict=False)
        if abs(line.value(x)) <= min(abs(line.value(a)), abs(line.value(b)))
    ]
    inner.sort(key=lambda t: (abs(line.value(t[1])), abs(t[1] - start)))
    best = min(known, key=lambda x: (abs(line.value(x)), abs(x - start)))
    for a, x, b in inner[:6]:
        bottom = _bottom(line, a, x, b)
        if line.value(bottom) * line.value(a) < 0:
            end = a if abs(a - start) < abs(b - start) else b
            found = bracketed(line, end, bottom, tol)
            if found.end == "converged":
                return found
        best = min(best, bottom, key=lambda p: abs(line.value(p)))
    edge = best in (known[0], known[-1])
    return Outcome(best, "tail" if edge else "least", points=poles)


def _bottom(line: Line, a: float, x: float, b: float) -> float:
    """A local minimum of |f| between a and b, by halving at the sign of the slope."""
    sign = math.copysign(1.0, line.value(x))
    low, high, best = a, b, x
    for _ in range(80):
        slope = sign * line.slope(best)
        if not math.isfinite(slope) or slope == 0.0:
            break
        low, high = (low, best) if slope > 0 else (best, high)
        new = between(low, high)
        if new in (low, high) or not math.isfinite(line.value(new)):
            break
        if sign * line.value(new) < 0:
            return new
        best = new
    return min((x, best), key=lambda p: abs(line.value(p)))
