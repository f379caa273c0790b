"""exp, sin, cos, sinh and cosh of a series by their addition theorems.

    exp(u0 + v) = exp(u0) exp(v),   sin(u0 + v) = sin(u0) cos(v) + cos(u0) sin(v),

where v has no constant term and is narrow: the wide factors stand outside of the sums, which is
narrower, and quicker, than a sum of powers of v with a wide coefficient each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from taylored.readings.interval import arithmetic as ia
from taylored.readings.interval.arithmetic import Bounds

if TYPE_CHECKING:
    from taylored.readings.interval.ring import IntervalRing

__all__ = ["ADDITION", "by_addition"]

# Of a function: the sign in (sin)'' = -sin or (sinh)'' = sinh; 0 for the exponential.
ADDITION = {"exp": 0, "expm1": 0, "sin": -1, "cos": -1, "sinh": 1, "cosh": 1}


def by_addition(ring: IntervalRing, name: str, outer: Bounds, v: Bounds, reach: int) -> Bounds:
    """Coefficients of degree 1 and more of f(u0 + v).

    Args:
        ring: gives the space and the executor.
        name: of the function.
        outer: f and f' over u0, as the first two of axis 0.
        v: the coefficients of degrees 1 to `reach`.
    """
    kind = ADDITION[name]
    slope = (outer[0][1][None], outer[1][1][None])
    if kind == 0:
        (found,) = _recurrence(ring, v, reach, 0)
        return ia.multiply(ring.e, slope, found)
    odd, even = _recurrence(ring, v, reach, kind)
    value = (outer[0][0][None], outer[1][0][None])
    # f'' = kind * f for all four, so that f = f(u0) even(v) + f'(u0) odd(v).
    return ia.add(ring.e, ia.multiply(ring.e, value, even), ia.multiply(ring.e, slope, odd))


def _recurrence(ring: IntervalRing, v: Bounds, reach: int, kind: int) -> list[Bounds]:
    """exp(v) - 1, or sin(v) and cos(v) - 1 (sinh and cosh), degrees 1 to that of the space.

    Degree by degree: |a| y_a = sum of |b| v_b y'_(a-b), y' being the derivative of y in v. Up to
    degree 2 by hand, where a square is never negative.
    """
    space, e = ring.space, ring.e
    shape = v[0].shape[1:]
    zero, one = (_constant(ring, n, (1, *shape)) for n in (0.0, 1.0))
    first, second = _degree(ring, v, 1, reach), _degree(ring, v, 2, reach)
    odd, even = [zero, first], [one, _constant(ring, 0.0, first[0].shape)]
    if space.degree >= 2:
        square = ring.squared(v, reach, 2)
        half = (0.5 * square[0], 0.5 * square[1])
        odd.append(second)
        even.append(ia.add(e, second, half) if kind == 0 else _signed(half, kind))
    if kind == 0:
        even[1] = first
    degrees = e.array(space.degrees[1 : space.count(reach)].astype(float))
    weights = degrees[(slice(None),) + (None,) * len(shape)]
    weighted = ia.multiply(e, v, (weights, weights))
    for d in range(3, space.degree + 1):
        share = _inverse(ring, d)
        sum_even = ia.multiply(e, _convolved(ring, weighted, reach, even, d), share)
        if kind == 0:
            even.append(sum_even)
            continue
        sum_odd = ia.multiply(e, _convolved(ring, weighted, reach, odd, d), share)
        odd.append(sum_even)
        even.append(_signed(sum_odd, kind))
    return [_joined(even)] if kind == 0 else [_joined(odd), _joined(even)]


def _constant(ring: IntervalRing, number: float, shape: tuple[int, ...]) -> Bounds:
    one = ring.e.array(np.full(shape, number))
    return one, one


def _degree(ring: IntervalRing, v: Bounds, degree: int, reach: int) -> Bounds:
    """The coefficients of one degree of v."""
    space = ring.space
    if degree > reach:
        size = space.count(degree) - space.count(degree - 1)
        return _constant(ring, 0.0, (size, *v[0].shape[1:]))
    rows = slice(space.count(degree - 1) - 1, space.count(degree) - 1)
    return v[0][rows], v[1][rows]


def _convolved(
    ring: IntervalRing, weighted: Bounds, reach: int, series: list[Bounds], degree: int
) -> Bounds:
    """The coefficients of one degree of a product with a series known below that degree."""
    low = np.concatenate([s[0] for s in series])
    high = np.concatenate([s[1] for s in series])
    degrees = ((1, reach), (0, degree - 1), (degree, degree))
    return ring.product(weighted, (low, high), degrees)


def _inverse(ring: IntervalRing, number: int) -> Bounds:
    """1/number, enclosed."""
    e = ring.e
    exact = e.array(np.asarray(1.0)) / e.array(np.asarray(float(number)))
    return e.down(exact), e.up(exact)


def _signed(x: Bounds, sign: int) -> Bounds:
    return x if sign > 0 else (-x[1], -x[0])


def _joined(series: list[Bounds]) -> Bounds:
    """All degrees but that of the constant."""
    return (np.concatenate([s[0] for s in series[1:]]), np.concatenate([s[1] for s in series[1:]]))
