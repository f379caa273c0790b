"""Powers with constant exponents: binomial coefficients times powers, monotone for x > 0."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from taylored.readings.interval.answer import (
    Answer,
    Query,
    by_parity,
    family,
    flip_odd,
    joined,
    unbounded,
)
from taylored.readings.interval.executor import Executor
from taylored.readings.interval.exponentials import reciprocal_rows
from taylored.readings.interval.pairs import (
    Numbers,
    Pair,
    call,
    column,
    powers,
    ratio,
    scale,
    times,
    where,
    zeros,
)

__all__ = ["binomials"]

_ZERO_DIVISOR = "division by a number that may be zero"
_ROOT = "a root or power of a number that may be zero or negative"
_CBRT = "the derivative of a cube root at zero"
_CHAIN = 16  # the greatest exponent that is reached by products


@lru_cache(maxsize=256)
def binomials(p: Fraction, degree: int) -> Numbers:
    """p (p - 1) ... (p - k + 1) / k! for k = 0, ..., degree."""
    row = [Fraction(1)]
    for k in range(degree):
        row.append(row[-1] * (p - k) / (k + 1))
    return Numbers([[v] for v in row])


def _monotone(e: Executor, x: Pair, start: Pair, p: Fraction, degree: int) -> Pair:
    """Ranges of the coefficients of x**p for 0 < x[0] <= x[1], from x**p at both ends."""
    join = e.xp.stack(x)
    # In two halves: x**p times the whole power may be in range where that power is not.
    first, second = np.arange(degree + 1) // 2, (np.arange(degree + 1) + 1) // 2
    below, above = reciprocal_rows(e, (join, join), (degree + 1) // 2)
    half = times(e, start, (below[first], above[first]))
    low, high = times(e, half, (below[second], above[second])) if degree else half
    rising = column([p > k for k in range(degree + 1)], axes=1).astype(bool)
    rows = (
        e.xp.maximum(e.xp.where(rising, low[:, 0], low[:, 1]), e.array(0.0)),
        e.xp.where(rising, high[:, 1], high[:, 0]),
    )
    return scale(e, rows, binomials(p, degree))


def _reflected(q: Query) -> tuple[Pair, Any, Any]:
    """|x| where the interval has one sign (1 elsewhere), where it is negative, where it has 0."""
    e = q.e
    negative, bad = q.hi < 0, (q.lo <= 0) & (q.hi >= 0)
    one = e.array(1.0)
    low = e.xp.where(bad, one, e.xp.where(negative, -q.hi, q.lo))
    high = e.xp.where(bad, one, e.xp.where(negative, -q.lo, q.hi))
    return (low, high), negative & ~bad, bad


@family("recip", "integer_pow")
def _whole(q: Query) -> Answer:
    y = -1 if q.name == "recip" else int(q.params["y"])
    if y >= 0:
        even = [(y - k) % 2 == 0 for k in range(q.degree + 1)]
        return Answer(*by_parity(q, lambda x: _monomials(q.e, x, y, q.degree), even))
    return _inverse_power(q, y)


def _monomials(e: Executor, x: Any, y: int, degree: int) -> Pair:
    """The coefficients of x**y at exact x >= 0."""
    kept = min(y, degree)
    if y <= _CHAIN:
        rows = tuple(v[y - kept :][::-1] for v in powers(e, (x, x), y))
    else:
        exponents = column(range(y, y - kept - 1, -1), e, x.ndim)
        rows = call(e, "pow", x[None], exponents)
        rows = e.xp.maximum(rows[0], e.array(0.0)), rows[1]
    low, high = scale(e, rows, binomials(Fraction(y), kept)) if y > 1 else rows
    if kept == degree:
        return low, high
    rest = zeros(e, np.empty((degree - kept, *x.shape)))
    return e.xp.concatenate([low, rest]), e.xp.concatenate([high, rest])


def _inverse_power(q: Query, y: int) -> Answer:
    e = q.e
    x, negative, bad = _reflected(q)
    ends = e.xp.stack(x)
    one = e.array(1.0)
    start = ratio(e, (one, one), (ends, ends)) if y == -1 else call(e, "pow", ends, e.array(y))
    rows = _monotone(e, x, start, Fraction(y), q.degree)
    rows = flip_odd(e, negative, rows, [(y - k) % 2 == 0 for k in range(q.degree + 1)])
    value = where(e, bad, _about_pole(q, y), (rows[0][0], rows[1][0]))
    return Answer(*joined(e, value, (rows[0][1:], rows[1][1:])), bad, _ZERO_DIVISOR)


def _about_pole(q: Query, y: int) -> Pair:
    """The range of x**y, y < 0, where the interval has 0 inside or at an end, without x = 0."""
    e = q.e
    low, high = unbounded(e, q.lo)
    far = e.xp.maximum(abs(q.lo), abs(q.hi))
    safe = e.xp.where(far > 0, far, e.array(1.0))
    least = e.xp.where(far > 0, e.below("pow", safe, e.array(y)), e.array(0.0))
    least = e.xp.maximum(least, e.array(0.0))
    if y % 2 == 0:
        return least, high
    nowhere = far == 0
    return (
        e.xp.where((q.lo >= 0) & ~nowhere, least, low),
        e.xp.where((q.hi <= 0) & ~nowhere, -least, high),
    )


_START = {"sqrt": Fraction(1, 2), "rsqrt": Fraction(-1, 2)}


@family("sqrt", "rsqrt", "pow")
def _real(q: Query) -> Answer:
    e = q.e
    p = _START[q.name] if q.name in _START else Fraction(float(q.params["p"]))
    if q.name == "pow" and p.denominator == 1:
        return _whole(Query(e, "integer_pow", q.lo, q.hi, q.degree, {"y": int(p)}))
    bad = ~(q.lo > 0)
    one, zero = e.array(1.0), e.array(0.0)
    x = e.xp.where(bad, one, q.lo), e.xp.where(q.hi > 0, q.hi, one)
    ends = e.xp.stack(x)
    start = call(e, "pow", ends, e.array(float(p))) if q.name == "pow" else call(e, q.name, ends)
    rows = _monotone(e, x, start, p, q.degree)
    low, high = unbounded(e, q.lo)
    if p > 0:
        least, most = zero, e.xp.where(q.hi > 0, rows[1][0], zero)
    else:
        least, most = e.xp.where(q.hi > 0, e.xp.maximum(start[0][1], zero), zero), high
    outside = q.hi < 0
    value = (
        e.xp.where(bad, e.xp.where(outside, low, least), rows[0][0]),
        e.xp.where(bad, e.xp.where(outside, high, most), rows[1][0]),
    )
    return Answer(*joined(e, value, (rows[0][1:], rows[1][1:])), bad, _ROOT)


@family("cbrt")
def _cube_root(q: Query) -> Answer:
    e = q.e
    x, negative, bad = _reflected(q)
    rows = _monotone(e, x, call(e, "cbrt", e.xp.stack(x)), Fraction(1, 3), q.degree)
    rows = flip_odd(e, negative, rows, [k % 2 == 1 for k in range(q.degree + 1)])
    value = e.below("cbrt", q.lo), e.above("cbrt", q.hi)
    return Answer(*joined(e, value, (rows[0][1:], rows[1][1:])), bad, _CBRT)
