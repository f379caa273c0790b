"""sin(x)/x: its power series near 0, a recurrence elsewhere, and small pieces between.

Its turning points have no closed form. Between two points a distance w apart a smooth function
leaves the range of their values by at most w**2/8 times its second derivative; where the first
derivative has no zero, not at all.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import comb, factorial
from typing import Any

import numpy as np

from taylored.readings.interval.answer import Answer, Query, family, flip_odd
from taylored.readings.interval.executor import Executor
from taylored.readings.interval.exponentials import inverse_factorials
from taylored.readings.interval.pairs import (
    Numbers,
    Pair,
    column,
    hull,
    powers,
    ratio,
    scale,
    sub,
    times,
    where,
)
from taylored.readings.interval.trigonometry import wave

__all__ = ["bounds"]

_NEAR = 3.0  # the series alternates with decreasing terms up to there
_PIECES = 8


@lru_cache(maxsize=64)
def _matrix(degree: int, terms: int) -> Numbers:
    """The first terms of each order, as polynomials: comb(2m, k) (-1)**m x**(2m-k) / (2m+1)!."""
    width = 2 * terms + 1
    rows = [[Fraction(0)] * width for _ in range(degree + 1)]
    for m in range(terms):
        for k in range(min(degree, 2 * m) + 1):
            rows[k][2 * m - k] = Fraction((-1) ** m * comb(2 * m, k), factorial(2 * m + 1))
    return Numbers(rows)


def _near(e: Executor, x: Any, degree: int) -> Pair:
    """Coefficients at exact 0 <= x <= 3: the truth lies between two successive sums."""
    # What is left out is below 2**-70 of the first order in float64, 2**-140 with more bits.
    count = degree + 26 if e.name == "flint" else degree // 2 + 17
    low, high = powers(e, (x, x), 2 * count + 2)
    first = _matrix(degree, count).on(e, (low[:-2], high[:-2]))
    return hull(e, first, _matrix(degree, count + 1).on(e, (low, high)))


def _far(e: Executor, x: Any, degree: int) -> Pair:
    """Coefficients at exact x > 3 by x*c[k] + c[k-1] = those of the sine."""
    one = e.array(1.0)
    inverse = ratio(e, (one, one), (x, x))
    sine, cosine = (wave(e, name, (x, x)) for name in ("sin", "cos"))
    waves = [sine, cosine, (-sine[1], -sine[0]), (-cosine[1], -cosine[0])]
    low, high = (e.xp.stack([waves[k % 4][i] for k in range(degree + 1)]) for i in (0, 1))
    low, high = scale(e, (low, high), inverse_factorials(degree))
    rows = [times(e, (low[0], high[0]), inverse)]
    for k in range(1, degree + 1):
        rows.append(times(e, sub(e, (low[k], high[k]), rows[-1]), inverse))
    return e.xp.stack([row[0] for row in rows]), e.xp.stack([row[1] for row in rows])


def bounds(degree: int) -> np.ndarray:
    """What the coefficients never exceed: 1/((k + 1) k!), as x -> cos(x t), t in [0, 1], does."""
    return np.array([1.0 / ((k + 1) * factorial(k)) for k in range(degree + 1)]) * (1 + 1e-15)


def _points(e: Executor, x: Any, degree: int) -> Pair:
    """Coefficients at exact points (pieces, points)."""
    size, near = abs(x), e.array(_NEAR)
    close = size <= near
    first = _near(e, e.xp.minimum(size, near), degree)
    rows = first
    if e.xp is not np or not close.all():
        rows = where(e, close, first, _far(e, e.xp.where(close, near, size), degree))
    rows = flip_odd(e, x < 0, rows, [k % 2 == 0 for k in range(degree + 1)])
    most = column(bounds(degree), e, x.ndim)
    return e.xp.maximum(rows[0], -most), e.xp.minimum(rows[1], most)


@family("sinc0")
def _sinc(q: Query) -> Answer:
    e = q.e
    if e.xp is np and not (q.hi > q.lo).any():
        rows = _points(e, q.lo[None], q.degree)
        return Answer(rows[0][:, 0], rows[1][:, 0])
    x = _cuts(e, q.lo, q.hi)
    low, high = _points(e, x, q.degree + 1)
    reach = _excess(e, x, (low, high), q.degree)
    low, high = low[:-1], high[:-1]
    below = e.down(e.xp.minimum(low[:, 1:], low[:, :-1]) - reach).min(axis=1)
    above = e.up(e.xp.maximum(high[:, 1:], high[:, :-1]) + reach).max(axis=1)
    most = column(bounds(q.degree), e, 1)
    return Answer(e.xp.maximum(below, -most), e.xp.minimum(above, most))


def _cuts(e: Executor, lo: Any, hi: Any) -> Any:
    """Exact points from one end to the other: (pieces + 1, points)."""
    finite = e.finite(lo) & e.finite(hi)
    zero = e.array(0.0)
    start, length = e.xp.where(finite, lo, zero), e.xp.where(finite, hi - lo, zero)
    inner = [e.down(start + length * (j / _PIECES), 0) for j in range(1, _PIECES)]
    inner = [e.xp.minimum(e.xp.maximum(p, lo), hi) for p in inner]
    return e.xp.stack([lo, *inner, hi])


def _excess(e: Executor, x: Any, rows: Pair, degree: int) -> Any:
    """How far each order may leave the range of its values at both ends of a piece."""
    width = e.up(abs(x[1:] - x[:-1]))
    across = (x[1:] <= 0) != (x[:-1] <= 0)
    nearest = e.xp.where(across, e.array(0.0), e.xp.minimum(abs(x[1:]), abs(x[:-1])))
    second = _second(e, nearest, degree)
    order = column(range(degree + 1), e)
    # The next order's least magnitude at the ends, against how far it may move in half a piece.
    slope = e.xp.maximum(e.xp.maximum(rows[0], -rows[1]), e.array(0.0))[1:]
    slope = e.xp.minimum(slope[:, 1:], slope[:, :-1])
    moves = e.up(e.up(width * second) * (order + 2))
    factor = (order + 1) / 8
    reach = e.up(e.up(e.up(moves * width) * factor))
    return e.xp.where(slope * 2 > moves, e.array(0.0), reach)


def _second(e: Executor, nearest: Any, degree: int) -> Any:
    """A bound of the coefficients of order k + 2: 1/((k+3)(k+2)!), or 2/((k+2)! x) far out."""
    one = e.array(1.0)
    flat = column(bounds(degree + 2)[2:], e)
    decay = e.array(np.array([[[2.0 / factorial(k + 2) * (1 + 1e-15)]] for k in range(degree + 1)]))
    return e.xp.minimum(flat, e.up(decay * ratio(e, (one, one), (nearest, nearest))[1]))
