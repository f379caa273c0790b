"""Inverse trigonometric and hyperbolic functions: Legendre polynomials and angles.

With s = sqrt(1 - x**2) and z = x/s, the coefficients of asin are G(z)/(k s**k), G the Legendre
polynomial of order k - 1 with all its signs made positive; acosh has the same form for x > 1.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import comb
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
from taylored.readings.interval.exponentials import alternating, reciprocal_rows
from taylored.readings.interval.pairs import (
    Numbers,
    Pair,
    add,
    minus,
    powers,
    ratio,
    scale,
    times,
    where,
)

__all__ = ["legendre"]

_UNIT = "an inverse function at or beyond the end of its domain, -1 or 1"
_ONE = "the inverse hyperbolic cosine at or below 1"


@lru_cache(maxsize=128)
def legendre(order: int) -> tuple[Fraction, ...]:
    """The Legendre polynomial of this order, lowest power first."""
    before, row = [], [Fraction(1)]
    for n in range(order):
        shifted = [Fraction(0), *(c * (2 * n + 1) for c in row)]
        less = [*(c * n for c in before), *[Fraction(0)] * (n + 2 - len(before))]
        before, row = row, [(a - b) / (n + 1) for a, b in zip(shifted, less, strict=True)]
    return tuple(row)


def _padded(rows: list[list[Fraction]]) -> Numbers:
    width = max(len(row) for row in rows)
    return Numbers([row + [Fraction(0)] * (width - len(row)) for row in rows])


@lru_cache(maxsize=64)
def _positive_legendre(degree: int) -> Numbers:
    return _padded([[abs(c) / k for c in legendre(k - 1)] for k in range(1, degree + 1)])


@lru_cache(maxsize=64)
def _shifted_legendre(degree: int) -> Numbers:
    """The Legendre polynomials of orders k - 1 in (z - 1)/2."""
    return _padded(
        [[Fraction(comb(n, j) * comb(n + j, j)) for j in range(n + 1)] for n in range(degree)]
    )


@lru_cache(maxsize=64)
def _atanh_polynomials(degree: int) -> Numbers:
    """(1 - x**2)**k times the coefficients of atanh: ((1 + x)**k -+ (1 - x)**k) / (2 k)."""
    return _padded(
        [
            [Fraction(comb(k, j), k) if (j + k) % 2 else Fraction(0) for j in range(k + 1)]
            for k in range(1, degree + 1)
        ]
    )


def _square_root(e: Executor, x: Pair) -> Pair:
    return e.xp.maximum(e.below("sqrt", x[0]), e.array(0.0)), e.above("sqrt", x[1])


def _one_minus_square(e: Executor, x: Any) -> Pair:
    value = (1 - x) * (1 + x)
    return e.xp.maximum(e.down(value, 3), e.array(0.0)), e.up(value, 3)


def _after(rows: Pair) -> Pair:
    return rows[0][1:], rows[1][1:]


@family("asin", "acos", "atanh")
def _on_unit(q: Query) -> Answer:
    e = q.e
    bad = ~((q.lo > -1) & (q.hi < 1))
    value = _unit_value(q)
    if q.degree == 0:
        return Answer(value[0][None], value[1][None], bad, _UNIT)
    zero = e.array(0.0)
    inner = q.at(e.xp.where(bad, zero, q.lo), e.xp.where(bad, zero, q.hi))
    even = [k % 2 == 1 for k in range(1, q.degree + 1)]
    rows = by_parity(inner, _atanh_at(q) if q.name == "atanh" else _asin_at(q), even)
    rows = minus(rows) if q.name == "acos" else rows
    return Answer(*joined(e, value, rows), bad, _UNIT)


def _asin_at(q: Query) -> Any:
    def at(x: Any) -> Pair:
        s = _square_root(q.e, _one_minus_square(q.e, x))
        tangent = powers(q.e, ratio(q.e, (x, x), s), q.degree - 1)
        rows = _positive_legendre(q.degree).on(q.e, tangent)
        return times(q.e, rows, _after(reciprocal_rows(q.e, s, q.degree)))

    return at


def _atanh_at(q: Query) -> Any:
    def at(x: Any) -> Pair:
        rows = _atanh_polynomials(q.degree).on(q.e, powers(q.e, (x, x), q.degree))
        below = reciprocal_rows(q.e, _one_minus_square(q.e, x), q.degree)
        return times(q.e, rows, _after(below))

    return at


def _unit_value(q: Query) -> Pair:
    """The range on the part of the interval that lies in [-1, 1]."""
    e = q.e
    outside = (q.lo > 1) | (q.hi < -1)
    one = e.array(1.0)
    low = e.xp.where(outside, -one, e.xp.maximum(q.lo, -one))
    high = e.xp.where(outside, one, e.xp.minimum(q.hi, one))
    nothing = unbounded(e, low)
    if q.name == "acos":
        return where(e, outside, nothing, (e.below("acos", high), e.above("acos", low)))
    if q.name == "asin":
        return where(e, outside, nothing, (e.below("asin", low), e.above("asin", high)))
    zero = e.array(0.0)
    at_low, at_high = outside | (low <= -1) | (low >= 1), outside | (high >= 1) | (high <= -1)
    below = e.below("atanh", e.xp.where(at_low, zero, low))
    above = e.above("atanh", e.xp.where(at_high, zero, high))
    return e.xp.where(at_low, nothing[0], below), e.xp.where(at_high, nothing[1], above)


@family("acosh")
def _acosh(q: Query) -> Answer:
    e = q.e
    bad, outside, one = ~(q.lo > 1), q.hi < 1, e.array(1.0)
    low = e.below("acosh", e.xp.maximum(q.lo, one))
    high = e.above("acosh", e.xp.maximum(q.hi, one))
    low = e.xp.maximum(low, e.array(0.0))
    value = where(e, outside, unbounded(e, low), (low, high))
    if q.degree == 0:
        return Answer(value[0][None], value[1][None], bad, _ONE)
    two = e.array(2.0)
    ends = e.xp.stack([e.xp.where(bad, two, q.lo), e.xp.where(bad, two, q.hi)])
    low, high = _acosh_rows(e, ends, q.degree)
    rows = scale(e, (low[:, 1], high[:, 0]), alternating(q.degree))
    return Answer(*joined(e, value, rows), bad, _ONE)


def _acosh_rows(e: Executor, x: Any, degree: int) -> Pair:
    """k times the magnitudes of the coefficients at exact x > 1; they decrease in x."""
    one = e.array(1.0)
    product = (x - 1) * (x + 1)
    s = _square_root(e, (e.down(product, 3), e.up(product, 3)))
    both = add(e, s, (x, x))
    v = ratio(e, (one, one), times(e, (2 * s[0], 2 * s[1]), both))
    rows = _shifted_legendre(degree).on(e, powers(e, v, degree - 1))
    return times(e, rows, _after(reciprocal_rows(e, s, degree)))
