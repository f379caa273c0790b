"""Trigonometric and hyperbolic functions: quadrants, and polynomials in the tangent."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import factorial, pi
from typing import Any

from taylored.readings.interval.answer import (
    Answer,
    Query,
    by_parity,
    family,
    joined,
    unbounded,
)
from taylored.readings.interval.executor import Executor
from taylored.readings.interval.exponentials import inverse_factorials
from taylored.readings.interval.margins import LIMITS
from taylored.readings.interval.pairs import (
    Numbers,
    Pair,
    call,
    clip,
    floats,
    powers,
    scale,
    where,
)

__all__ = ["meets", "wave"]

_POLE = "the tangent near one of its poles, or of a number too large to tell"
_LARGE = 1e15  # beyond it quadrants cannot be told in float64


def meets(e: Executor, box: Pair, quarter: int, period: int) -> Any:
    """Whether the box may have a point (quarter + period*n) * pi/2 in it, n whole.

    Where the ends are too large for float64 to tell, it may.
    """
    low, high = floats(e, box[0], False), floats(e, box[1], True)
    # Twice the rounding of the product, and the error of 2/pi: the functions are flat there.
    first, last = low * (2 / pi), high * (2 / pi)
    first, last = first - abs(first) * 2.0**-50, last + abs(last) * 2.0**-50
    next_one = e.xp.ceil((first - quarter) / period) * period + quarter
    known = (first >= -_LARGE) & (last <= _LARGE)
    return ~known | (next_one <= last)


def wave(e: Executor, name: str, box: Pair) -> Pair:
    """The range of sin or cos."""
    limit = e.array(_LARGE)
    known = (box[0] >= -limit) & (box[1] <= limit)
    zero = e.array(0.0)
    ends = e.xp.stack([e.xp.where(known, v, zero) for v in box])
    low, high = call(e, name, ends)
    low, high = e.xp.minimum(low[0], low[1]), e.xp.maximum(high[0], high[1])
    top = 1 if name == "sin" else 0
    one = e.array(1.0)
    low = e.xp.where(meets(e, box, top + 2, 4) | ~known, -one, low)
    high = e.xp.where(meets(e, box, top, 4) | ~known, one, high)
    return clip(e, (low, high), -1.0, 1.0)


@family("sin", "cos")
def _waves(q: Query) -> Answer:
    e = q.e
    order = ("sin", "cos") if q.name == "sin" else ("cos", "sin")
    ranges = [wave(e, name, q.box) for name in order[: q.degree + 1]]
    ranges += [(-high, -low) for low, high in ranges]
    if q.name == "cos" and q.degree > 0:  # cos, -sin, -cos, sin
        ranges[1], ranges[3] = ranges[3], ranges[1]
    rows = [ranges[k % 4] for k in range(q.degree + 1)] if q.degree else [ranges[0]]
    low, high = (e.xp.stack([row[i] for row in rows]) for i in (0, 1))
    if q.degree < 2:
        return Answer(low, high)
    later = scale(e, (low[2:], high[2:]), _later(q.degree))
    return Answer(*(e.xp.concatenate([v[:2], w]) for v, w in zip((low, high), later, strict=True)))


@lru_cache(maxsize=64)
def _later(degree: int) -> Numbers:
    return Numbers([[Fraction(1, factorial(k))] for k in range(2, degree + 1)])


@lru_cache(maxsize=64)
def _tangent_polynomials(degree: int) -> Numbers:
    """Coefficients of tan of orders 1, ..., degree as polynomials in tan: none is negative."""
    row, rows = [Fraction(0), Fraction(1)], []
    for k in range(1, degree + 1):
        slope = [j * c for j, c in enumerate(row)][1:]
        row = [
            ((slope[j] if j < len(slope) else 0) + (slope[j - 2] if j > 1 else 0)) / Fraction(k)
            for j in range(len(slope) + 2)
        ]
        rows.append(row + [Fraction(0)] * (degree + 2 - len(row)))
    return Numbers(rows)


@family("tan")
def _tangent(q: Query) -> Answer:
    e = q.e
    limit = e.array(_LARGE if e.name == "flint" else LIMITS["tan"])
    bad = meets(e, q.box, 1, 2) | ~((q.lo >= -limit) & (q.hi <= limit))
    zero = e.array(0.0)
    low = e.below("tan", e.xp.where(bad, zero, q.lo))
    high = e.above("tan", e.xp.where(bad, zero, q.hi))
    value = where(e, bad, unbounded(e, low), (low, high))
    if q.degree == 0:
        return Answer(value[0][None], value[1][None], bad, _POLE)
    matrix = _tangent_polynomials(q.degree)
    even = [k % 2 == 1 for k in range(1, q.degree + 1)]

    def at(t: Any) -> Pair:
        return matrix.on(e, powers(e, (t, t), q.degree + 1))

    return Answer(*joined(e, value, by_parity(q.at(low, high), at, even)), bad, _POLE)


@family("sinh", "cosh")
def _hyperbolic(q: Query) -> Answer:
    e = q.e
    order = ("sinh", "cosh") if q.name == "sinh" else ("cosh", "sinh")
    even = [order[k % 2] == "cosh" for k in range(q.degree + 1)]

    def at(x: Any) -> Pair:
        found = [call(e, name, x) for name in order[: q.degree + 1]]
        rows = [found[k % 2] for k in range(q.degree + 1)]
        low, high = (e.xp.stack([row[i] for row in rows]) for i in (0, 1))
        return scale(e, (low, high), inverse_factorials(q.degree)) if q.degree > 1 else (low, high)

    return Answer(*by_parity(q, at, even))
