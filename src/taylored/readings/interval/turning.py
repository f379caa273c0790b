"""Ranges over intervals from values at the ends and at the turning points between them.

Turning points of derivatives are roots of polynomials with whole coefficients. As many changes
of sign as the degree prove that none is missed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np

from taylored.readings.interval.executor import Executor
from taylored.readings.interval.pairs import Pair, floats, outward

__all__ = ["Turn", "interlaced", "isolate", "over", "turn"]

_BITS = 200  # of a root
_SLACK = 1e-11  # of the place of a turning point: the function is flat there, so it costs nothing


@dataclass(frozen=True, slots=True)
class Turn:
    """A turning point: where it lies (generously) and the value there (tightly)."""

    left: float
    right: float
    low: float
    high: float


def turn(place: float, value: Fraction, error: Fraction = Fraction(0)) -> Turn:
    """A turning point at `place` (to 1e-12 of it) with the given value."""
    reach = _SLACK * abs(place)
    return Turn(place - reach, place + reach, *outward(value, error))


Turns = Callable[[int], Sequence[Turn]]  # the turning points of the coefficient of an order


@lru_cache(maxsize=64)
def _table(turns: Turns, degree: int) -> tuple[np.ndarray, ...]:
    """left, right, low, high: (degree + 1, most turning points), with rows that are never met."""
    rows = [list(turns(k)) for k in range(degree + 1)]
    most = max(len(row) for row in rows)
    never = Turn(np.inf, -np.inf, 0.0, 0.0)
    rows = [row + [never] * (most - len(row)) for row in rows]
    fields = ("left", "right", "low", "high")
    return tuple(
        np.array([[getattr(t, f) for t in row] for row in rows], float)[:, :, None] for f in fields
    )


def over(e: Executor, ends: Pair, box: Pair, turns: Turns) -> Pair:
    """Ranges of rows whose values at both ends of `box` are given: (orders, 2, points)."""
    low = e.xp.minimum(ends[0][:, 0], ends[0][:, 1])
    high = e.xp.maximum(ends[1][:, 0], ends[1][:, 1])
    left, right, below, above = _table(turns, len(low) - 1)
    if left.shape[1] == 0:
        return low, high
    inside = (right >= floats(e, box[0], False)) & (left <= floats(e, box[1], True))
    if e.xp is np and not inside.any():
        return low, high
    least = e.xp.where(inside, below, np.inf).min(axis=1)
    most = e.xp.where(inside, above, -np.inf).max(axis=1)
    return e.xp.minimum(low, e.array(least)), e.xp.maximum(high, e.array(most))


def isolate(
    coefficients: Sequence[int], separators: Sequence[Fraction]
) -> list[tuple[Fraction, Fraction]]:
    """The root of a polynomial (lowest power first) between each two separators.

    Each is given between two numbers 2**-200 apart, where the sign changes.
    """
    points = [_fixed(s) for s in separators]
    signs = [_sign(coefficients, p) for p in points]
    found = []
    for a, b, before, after in zip(points, points[1:], signs, signs[1:], strict=False):
        if before * after >= 0:
            raise ArithmeticError("the polynomial has no change of sign where one is expected")
        found.append(_bisect(coefficients, a, b, before))
    return found


def _fixed(value: Fraction) -> int:
    return round(value * (1 << _BITS))


def _sign(coefficients: Sequence[int], point: int) -> int:
    total, shift = 0, 0
    for c in reversed(coefficients):
        total = total * point + (c << shift)
        shift += _BITS
    return (total > 0) - (total < 0)


def _bisect(coefficients: Sequence[int], a: int, b: int, before: int) -> tuple[Fraction, Fraction]:
    while b - a > 1:
        middle = (a + b) >> 1
        sign = _sign(coefficients, middle)
        if sign == 0:
            a = b = middle
        elif sign == before:
            a = middle
        else:
            b = middle
    return Fraction(a, 1 << _BITS), Fraction(b, 1 << _BITS)


def interlaced(
    polynomial: Callable[[int], Sequence[int]], ends: tuple[Fraction, Fraction], middle: int
) -> Callable[[int], list[tuple[Fraction, Fraction]]]:
    """Roots strictly between the ends, for polynomials whose roots interlace from order to order.

    `middle` says at which end (0 or 1) every other polynomial has a root of its own.
    """

    @lru_cache(maxsize=128)
    def roots(order: int) -> list[tuple[Fraction, Fraction]]:
        coefficients = polynomial(order)
        expected = (len(coefficients) - 1) // 2
        if expected == 0:
            return []
        separators = [a for a, _ in roots(order - 1)]
        low, high = ends
        if middle == 1:
            separators = [low, *separators]
            separators += [high] if len(separators) <= expected else []
        else:
            separators = [*separators, high]
            separators = ([low] if len(separators) <= expected else []) + separators
        return isolate(coefficients, separators)

    return roots
