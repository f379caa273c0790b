"""The inverse of the error function: its value proved by the error function on either side."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import factorial
from typing import Any

import numpy as np

from taylored.readings.facts import ELEMENTWISE, resolve
from taylored.readings.interval.answer import Answer, Query, by_parity, family, joined
from taylored.readings.interval.executor import Executor
from taylored.readings.interval.pairs import (
    Numbers,
    Pair,
    call,
    column,
    constant,
    powers,
    times,
)

__all__ = ["polynomials"]

_UNIT = "the inverse error function at or beyond the end of its domain, -1 or 1"
# Relative distances that are tried until the error function tells both sides apart.
_DISTANCES = np.array([*(2.0 ** np.arange(-50, -29, 2)), 2.0**-20, 0.5])


@lru_cache(maxsize=64)
def polynomials(degree: int) -> Numbers:
    """f^(k)/k! over f'(y)**k as polynomials in y = f(x), k = 1, ..., degree: none is negative."""
    row, rows = [Fraction(1)], []
    for k in range(1, degree + 1):
        rows.append([c / factorial(k) for c in row] + [Fraction(0)] * (degree - len(row)))
        slope = [*(j * c for j, c in enumerate(row) if j), Fraction(0), Fraction(0)]
        times_y = [Fraction(0), *(2 * k * c for c in row)]
        row = [a + b for a, b in zip(slope, times_y, strict=True)]
    return Numbers(rows)


def _value(e: Executor, x: Any) -> Pair:
    """The inverse at exact 0 <= x < 1."""
    if e.name == "flint":
        return call(e, "erf_inv", x)
    guess = resolve(ELEMENTWISE["erf_inv"].numpy)(x)
    distance = column(_DISTANCES, e, np.ndim(x))
    left, right = guess * (1 - distance), guess * (1 + distance)
    rest = e.array(1.0) - x  # exact where it is used
    half = x >= 0.5
    under = (e.above("erf", left) <= x) | (half & (e.below("erfc", left) >= rest))
    over = (e.below("erf", right) >= x) | (half & (e.above("erfc", right) <= rest))
    low = e.xp.where(under, left, e.array(0.0)).max(axis=0)
    high = e.xp.where(over, right, e.array(np.inf)).min(axis=0)
    zero = e.array(0.0)
    return e.xp.where(x > 0, low, zero), e.xp.where(x > 0, high, zero)


def _rows(e: Executor, x: Any, degree: int) -> Pair:
    y = _value(e, x)
    if degree == 0:
        return y[0][None], y[1][None]
    square = e.down(y[0] * y[0]), e.up(y[1] * y[1])
    growth = e.below("exp", square[0]), e.above("exp", square[1])
    root = constant(e, "root_pi")
    slope = times(e, growth, (root[0] / 2, root[1] / 2))
    factors = powers(e, slope, degree)
    rows = polynomials(degree).on(e, powers(e, y, degree - 1))
    return joined(e, y, times(e, rows, (factors[0][1:], factors[1][1:])))


@family("erf_inv")
def _inverse(q: Query) -> Answer:
    e = q.e
    bad = ~((q.lo > -1) & (q.hi < 1))
    zero, infinity = e.array(0.0), e.array(np.inf)
    inner = q.at(
        e.xp.where(q.lo > -1, e.xp.where(q.lo < 1, q.lo, zero), zero),
        e.xp.where(q.hi < 1, e.xp.where(q.hi > -1, q.hi, zero), zero),
    )
    low, high = by_parity(
        inner, lambda x: _rows(e, x, q.degree), [k % 2 == 1 for k in range(q.degree + 1)]
    )
    value = (
        e.xp.where((q.lo > -1) & (q.lo < 1), low[0], -infinity),
        e.xp.where((q.hi < 1) & (q.hi > -1), high[0], infinity),
    )
    return Answer(*joined(e, value, (low[1:], high[1:])), bad, _UNIT)
