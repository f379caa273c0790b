"""atan and asinh: with the angle t of x = cot(t), derivatives are sines of multiples of t.

atan: f^(k)/k! = (-1)**(k-1) sin(k t) sin(t)**k / k, with turning points where (k + 1) t = j pi.
asinh: f^(k)/k! = (-1)**(k-1) P(cos t) sin(t)**k / k with the Legendre polynomial P of order k - 1,
a sum of cosines with positive weights; turning points are the roots of the next one.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from math import comb, cos, lcm, pi, sin, sqrt
from typing import Any

import numpy as np

from taylored.readings.interval.answer import Answer, Query, family, flip_odd, joined
from taylored.readings.interval.executor import Executor
from taylored.readings.interval.exponentials import alternating
from taylored.readings.interval.inverses import legendre
from taylored.readings.interval.pairs import (
    Numbers,
    Pair,
    call,
    clip,
    column,
    powers,
    ratio,
    scale,
    sub,
    times,
)
from taylored.readings.interval.turning import Turn, interlaced, over, turn

__all__ = ["PI"]

PI = Fraction("3.14159265358979323846264338327950288419716939937510582097494")


@family("atan", "asinh")
def _angular(q: Query) -> Answer:
    e = q.e
    value = e.below(q.name, q.lo), e.above(q.name, q.hi)
    if q.degree == 0:
        return Answer(value[0][None], value[1][None])
    x = q.ends
    turns, at = (_atan_turns, _atan_at) if q.name == "atan" else (_asinh_turns, _asinh_at)
    rows = at(e, abs(x), q.degree)
    even = [k % 2 == 1 for k in range(1, q.degree + 1)]
    rows = flip_odd(e, x < 0, rows, even)
    ends = joined(e, (x, x), rows)
    low, high = over(e, ends, q.box, turns)
    return Answer(*joined(e, value, (low[1:], high[1:])))


def _inverse_hypotenuse(e: Executor, x: Any) -> Pair:
    """sin(t) = 1/sqrt(1 + x**2) at exact x >= 0."""
    one = e.array(1.0)
    square = 1 + x * x
    root = e.below("sqrt", e.down(square, 2)), e.above("sqrt", e.up(square, 2))
    low, high = ratio(e, (one, one), root)
    return low, e.xp.minimum(high, e.xp.minimum(ratio(e, (one, one), (x, x))[1], one))


def _multiples(e: Executor, name: str, x: Any, factors: range) -> Pair:
    """sin or cos of whole multiples of the angle of exact x >= 0, as rows."""
    low, high = call(e, "atan2", e.array(np.ones(np.shape(x))), x)
    factor = column(factors, e, x.ndim)
    start, end = e.down(factor * low), e.up(factor * high)
    reach = e.up(end - start)
    return clip(
        e, (e.down(e.below(name, start) - reach), e.up(e.above(name, start) + reach)), -1, 1
    )


def _atan_at(e: Executor, x: Any, degree: int) -> Pair:
    sines = _multiples(e, "sin", x, range(1, degree + 1))
    low, high = powers(e, _inverse_hypotenuse(e, x), degree)
    return scale(e, times(e, sines, (low[1:], high[1:])), alternating(degree))


@lru_cache(maxsize=128)
def _atan_turns(order: int) -> tuple[Turn, ...]:
    found = []
    for j in range(1, order + 1) if order else ():
        angle = Fraction(j, order + 1)
        value = (-1) ** (order + j) * _sine_of_turns(angle) ** (order + 1) / order
        place = 0.0 if 2 * j == order + 1 else cos(pi * angle) / sin(pi * angle)
        found.append(turn(place, value, abs(value) / 10**40))
    return tuple(found)


def _sine_of_turns(angle: Fraction) -> Fraction:
    """sin(pi*angle) for 0 < angle < 1 to about 50 digits: the alternating series."""
    x = PI * min(angle, 1 - angle)
    total, term, k = Fraction(0), x, 1
    while term > Fraction(1, 10**55):
        total += term if k % 4 == 1 else -term
        term = term * x * x / ((k + 1) * (k + 2))
        term = Fraction(round(term * 10**60), 10**60)
        k += 2
    return total


@lru_cache(maxsize=64)
def _cosine_weights(degree: int) -> Numbers:
    """Legendre polynomials of orders 0, ..., degree - 1 as sums of cosines of multiples."""
    rows = []
    for n in range(degree):
        row = [Fraction(0)] * degree
        for j in range(n + 1):
            weight = comb(2 * j, j) * comb(2 * (n - j), n - j)
            row[abs(n - 2 * j)] += Fraction(weight, 4**n)
        rows.append(row)
    return Numbers(rows)


def _asinh_at(e: Executor, x: Any, degree: int) -> Pair:
    low, high = _multiples(e, "cos", x, range(degree))
    zero, weights = e.array(0.0), _cosine_weights(degree)
    up = weights.on(e, (e.xp.maximum(low, zero), e.xp.maximum(high, zero)))
    less = weights.on(e, (e.xp.maximum(-high, zero), e.xp.maximum(-low, zero)))
    values = clip(e, sub(e, up, less), -1, 1)
    low, high = powers(e, _inverse_hypotenuse(e, x), degree)
    return scale(e, times(e, values, (low[1:], high[1:])), alternating(degree))


def _whole_legendre(order: int) -> list[int]:
    row = legendre(order)
    common = lcm(*(c.denominator for c in row))
    return [int(c * common) for c in row]


_roots = interlaced(_whole_legendre, (Fraction(0), Fraction(1)), 0)


@lru_cache(maxsize=128)
def _asinh_turns(order: int) -> tuple[Turn, ...]:
    """Where the Legendre polynomial of this order is zero, in z = x/sqrt(1 + x**2)."""
    if order == 0:
        return ()
    found = []
    for z, other in _roots(order):
        value = _asinh_value(order, z)
        error = (other - z) / (1 - other * other) + abs(value) / 10**40
        place = float(z) / sqrt(1 - float(z) ** 2)
        found.append(turn(place, value, error))
        found.append(turn(-place, value if order % 2 else -value, error))
    if order % 2:
        found.append(turn(0.0, _asinh_value(order, Fraction(0))))
    return tuple(found)


def _asinh_value(order: int, z: Fraction) -> Fraction:
    polynomial = sum((c * z**i for i, c in enumerate(legendre(order - 1))), Fraction(0))
    square = 1 - z * z
    with localcontext() as context:
        context.prec = 60
        root = Fraction((Decimal(square.numerator) / Decimal(square.denominator)).sqrt())
    return polynomial * root**order * (-1) ** (order - 1) / order
