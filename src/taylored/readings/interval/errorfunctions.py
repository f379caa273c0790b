"""The error function: Hermite polynomials times exp(-x**2), with their roots as turning points."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from math import factorial
from typing import Any

from taylored.readings.interval.answer import Answer, Query, family, flip_odd, joined
from taylored.readings.interval.executor import Executor
from taylored.readings.interval.pairs import (
    Numbers,
    Pair,
    call,
    clip,
    constant,
    minus,
    powers,
    ratio,
    times,
    where,
)
from taylored.readings.interval.turning import Turn, interlaced, over, turn

__all__ = ["hermite"]

_FAR = 64.0  # exp(-x**2) underflows there; all roots up to order 2000 are nearer
_LEAST = 2.3e-308
_ROOT_PI = Fraction("1.77245385090551602729816748334114518279754945612238712821381")


@lru_cache(maxsize=128)
def hermite(order: int) -> tuple[int, ...]:
    """The Hermite polynomial of this order (with exp(-x**2)), lowest power first."""
    before, row = [0], [1]
    for n in range(order):
        up = [0, *(2 * c for c in row)]
        less = [*(2 * n * c for c in before), *[0] * (n + 2 - len(before))]
        before, row = row, [a - b for a, b in zip(up, less, strict=True)]
    return tuple(row)


@lru_cache(maxsize=64)
def _matrix(degree: int) -> Numbers:
    """Orders 1, ..., degree over exp(-x**2)/sqrt(pi), as polynomials."""
    rows = []
    for k in range(1, degree + 1):
        row = [Fraction(2 * (-1) ** (k - 1) * c, factorial(k)) for c in hermite(k - 1)]
        rows.append(row + [Fraction(0)] * (degree - k))
    return Numbers(rows)


_roots = interlaced(hermite, (Fraction(0), Fraction(64)), 0)


@lru_cache(maxsize=128)
def _turns(order: int) -> tuple[Turn, ...]:
    """Turning points of the coefficient of erf of this order: roots of the Hermite polynomial."""
    if order == 0:
        return ()
    found = []
    for x, other in _roots(order):
        value = _value(order, x)
        size = sum(abs(c) * (other + 1) ** i for i, c in enumerate(hermite(order)))
        error = size * (other - x) + abs(value) / 10**40
        found.append(turn(float(x), value, error))
        found.append(turn(-float(x), value if order % 2 else -value, error))
    if order % 2:
        value = _value(order, Fraction(0))
        found.append(turn(0.0, value, abs(value) / 10**40))
    return tuple(found)


def _value(order: int, x: Fraction) -> Fraction:
    polynomial = sum((c * x**i for i, c in enumerate(hermite(order - 1))), Fraction(0))
    with localcontext() as context:
        context.prec = 60
        square = -(x * x)
        decay = Fraction((Decimal(square.numerator) / Decimal(square.denominator)).exp())
    return 2 * (-1) ** (order - 1) * polynomial * decay / (_ROOT_PI * factorial(order))


@family("erf", "erfc")
def _error(q: Query) -> Answer:
    e = q.e
    value = _error_value(q)
    if q.degree == 0:
        return Answer(value[0][None], value[1][None])
    rows = joined(e, (q.ends, q.ends), _rows(e, q.ends, q.degree))
    low, high = over(e, rows, q.box, _turns)
    later = low[1:], high[1:]
    return Answer(*joined(e, value, minus(later) if q.name == "erfc" else later))


def _error_value(q: Query) -> Pair:
    e = q.e
    if q.name == "erf":
        return clip(e, (e.below("erf", q.lo), e.above("erf", q.hi)), -1, 1)
    # What underflows is not told apart: vendors give 0 before it does.
    high = e.xp.maximum(e.above("erfc", q.lo), e.array(_LEAST))
    # Where erfc is near 2 its complement is the better one.
    other = e.down(1 - e.above("erf", q.hi)), e.up(1 - e.below("erf", q.lo))
    low, high = e.xp.maximum(e.below("erfc", q.hi), other[0]), e.xp.minimum(high, other[1])
    return clip(e, (low, high), 0, 2)


def _rows(e: Executor, ends: Any, degree: int) -> Pair:
    """Coefficients of erf of orders 1, ..., degree at exact points."""
    size, far = abs(ends), e.array(_FAR)
    x = e.xp.minimum(size, far)
    rows = times(e, _matrix(degree).on(e, powers(e, (x, x), degree - 1)), _decay(e, x))
    zero = e.array(0.0)
    beyond = e.xp.minimum(rows[0], zero), e.xp.maximum(rows[1], zero)
    rows = where(e, size > far, beyond, rows)
    return flip_odd(e, ends < 0, rows, [k % 2 == 1 for k in range(1, degree + 1)])


def _decay(e: Executor, x: Any) -> Pair:
    """exp(-x**2)/sqrt(pi) at exact 0 <= x <= 64."""
    if e.name == "flint":
        square = (e.down(x * x), e.up(x * x))
        decay = e.below("exp", -square[1]), e.above("exp", -square[0])
    else:
        # A head of few bits has an exact square, so that a large x loses no digits.
        head = e.xp.floor(x * 1024.0) / 1024.0
        tail = (x - head) * (x + head)
        first = call(e, "exp", -(head * head))
        second = e.below("exp", -e.up(tail, 3)), e.above("exp", -e.down(tail, 3))
        first = e.xp.maximum(first[0], e.array(0.0)), first[1]
        decay = times(e, second, first)
    return ratio(e, (e.xp.maximum(decay[0], e.array(0.0)), decay[1]), constant(e, "root_pi"))
