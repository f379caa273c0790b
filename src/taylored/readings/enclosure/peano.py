"""The remainder of a Taylor polynomial in its integral (Peano) form, with sliced coefficients.

    f(x0 + h) - T_L(h) = sum over |a| = L + 1 of (L + 1) int_0^1 (1 - t)**L c_a(x0 + t h) dt h**a,

c_a being the Taylor coefficient at the point named. The integral is cut into slices of t; over
each the coefficients are enclosed by interval arithmetic. Nothing is subtracted, so that nothing
is lost for small h. Coefficients c_a(x0) of a few higher degrees are computed as well: each degree
L up to the highest gives an enclosure of its own, and they are intersected.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from taylored.readings.enclosure.boxes import BoxFunction, Coefficients
from taylored.readings.enclosure.polynomial import polynomial_range
from taylored.readings.interval import arithmetic as ia
from taylored.readings.interval.arithmetic import Bounds
from taylored.readings.interval.executor import Executor
from taylored.readings.jet.space import Space, space
from taylored.readings.jet.value import Trouble

__all__ = [
    "Peano", "averaged", "extra_degrees", "orthants", "peano", "rounded_box", "slice_reach",
]  # fmt: skip

_FINE, _COARSE = 8, 4  # slices, for one variable or a thorough search, and for more
_MOST_ORTHANTS = 3  # variables for which each orthant is taken by itself
_EXTRA = 3
_MOST_COEFFICIENTS = 300


@dataclass(frozen=True, eq=False)
class Peano:
    """Enclosures of f(x0 + h) - T(h) as polynomials in h with intervals for coefficients.

    `center` are c_a(x0) up to degree `top`, (coefficients, 1, outputs). `rest[L]` are the sliced
    coefficients of degree L + 1, (coefficients, orthants, outputs), for L from `order` to `top`.
    """

    executor: Executor
    space: Space
    order: int
    top: int
    center: Bounds
    rest: dict[int, Bounds]
    signs: np.ndarray
    troubles: tuple[Trouble, ...]
    boxes: int

    @property
    def smooth(self) -> bool:
        """Whether the function is smooth on all of the box, as far as intervals can tell."""
        return not self.troubles

    def over(self, h: Bounds, orthant: np.ndarray) -> Bounds:
        """The range (boxes, outputs) of the remainder over boxes, each within one orthant."""
        found: Bounds | None = None
        for level in range(self.order, self.top + 1):
            bounds = polynomial_range(self.executor, self.space, self._terms(level, orthant), h)
            found = bounds if found is None else ia.meet(self.executor, found, bounds)
        assert found is not None
        return found

    def _terms(self, level: int, orthant: np.ndarray) -> list[tuple[int, Bounds]]:
        """Degrees order+1..level at the center, then the sliced ones of degree level + 1."""
        terms = []
        for degree in range(self.order + 1, level + 1):
            rows = slice(self.space.count(degree - 1), self.space.count(degree))
            terms.append((degree, (self.center[0][rows], self.center[1][rows])))
        low, high = self.rest[level]
        terms.append((level + 1, (low[:, orthant], high[:, orthant])))
        return terms


def orthants(variables: int) -> np.ndarray:
    """(orthants, variables) signs; one row of zeros where all orthants are taken together."""
    if variables > _MOST_ORTHANTS:
        return np.zeros((1, variables))
    return np.array(list(itertools.product((1.0, -1.0), repeat=variables)))


def extra_degrees(variables: int, order: int) -> int:
    """How many degrees more than needed are worth their cost."""
    if variables > _MOST_ORTHANTS:
        return 0
    found = _EXTRA
    while found and space(variables, order + 1 + found).size > _MOST_COEFFICIENTS:
        found -= 1
    return found


def peano(
    function: BoxFunction, at: np.ndarray, order: int, sides: np.ndarray, thorough: bool = False
) -> Peano:
    """The enclosures for steps from `at` of at most `sides` (2, variables) down and up."""
    slices = _FINE if thorough or function.variables == 1 else _COARSE
    extra = extra_degrees(function.variables, order)
    top = order + extra
    polynomials = space(function.variables, top + 1)
    signs = orthants(function.variables)
    reach = slice_reach(sides, slices)
    down = np.where(signs <= 0, 1.0, 0.0)[:, None] * reach[:, 0]
    up = np.where(signs >= 0, 1.0, 0.0)[:, None] * reach[:, 1]
    low, high = rounded_box(at, down, up)
    shape = (-1, function.variables)
    sliced = function.over(low.reshape(shape), high.reshape(shape), polynomials)
    center = function.over(at[None], at[None], polynomials)
    rest = {
        level: averaged(function.executor, sliced, (polynomials, level, len(signs)), slices)
        for level in range(order, top + 1)
    }
    boxes = low.shape[0] * low.shape[1]
    troubles = (*center.troubles, *sliced.troubles)
    return Peano(
        function.executor, polynomials, order, top, center.bounds, rest, signs, troubles, boxes
    )


def slice_reach(sides: np.ndarray, slices: int = _FINE) -> np.ndarray:
    """(slices, 2, variables) how far each slice of t reaches down and up, rounded up."""
    ends = np.arange(1, slices + 1) / slices
    return np.where(sides > 0, np.nextafter(np.multiply.outer(ends, sides), np.inf), 0.0)


def rounded_box(at: np.ndarray, down: np.ndarray, up: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ends at - down and at + up, moved outward past what the sums may have rounded.

    They are moved where the box reaches at all, even by less than the spacing of float64 there.
    """
    return (
        np.where(down > 0, np.nextafter(at - down, -np.inf), at),
        np.where(up > 0, np.nextafter(at + up, np.inf), at),
    )


def averaged(
    e: Executor, sliced: Coefficients, which: tuple[Space, int, int], slices: int = _FINE
) -> Bounds:
    """The weighted mean over the slices of the coefficients of degree level + 1."""
    polynomials, level, count = which
    rows = slice(polynomials.count(level), polynomials.count(level + 1))
    shape = (rows.stop - rows.start, count, slices, -1)
    low, high = (part[rows].reshape(shape) for part in sliced.bounds)
    weights = [w[None, None, :, None] for w in _weights(e, level, slices)]
    with np.errstate(all="ignore"):
        terms = ia.products(e, (low, high), (weights[0], weights[1]))
    return ia.sum_over(e, terms, 2, 1)


def _weights(e: Executor, level: int, slices: int) -> Bounds:
    """(1 - t_i)**(L+1) - (1 - t_{i+1})**(L+1), enclosed."""
    exact = [
        (1 - Fraction(i, slices)) ** (level + 1) - (1 - Fraction(i + 1, slices)) ** (level + 1)
        for i in range(slices)
    ]
    near = np.array([float(w) for w in exact])
    low = np.array([v if Fraction(v) <= w else np.nextafter(v, 0.0)
                    for v, w in zip(near, exact, strict=True)])  # fmt: skip
    high = np.array([v if Fraction(v) >= w else np.nextafter(v, 2.0)
                     for v, w in zip(near, exact, strict=True)])  # fmt: skip
    return e.array(low), e.array(high)
