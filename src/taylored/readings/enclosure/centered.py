"""Centered forms of f - T over small boxes anywhere in the domain, in several variables.

    g(x) in g(c) + g'(c) d + (second-order coefficients of g over the box) d**2

for g = f - T and d = x - c, and the mean-value form g(c) + g'(box) d, intersected. The first is
narrow for small boxes, the second holds across kinks too, where slopes are generalized gradients.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.readings.enclosure.boxes import BoxFunction
from taylored.readings.interval import arithmetic as ia
from taylored.readings.interval.arithmetic import Bounds
from taylored.readings.interval.ring import IntervalRing
from taylored.readings.jet.elementwise import power
from taylored.readings.jet.space import Space, space
from taylored.readings.jet.value import Series, Trouble, zeros

__all__ = ["Cells", "centered", "polynomial_jets"]


@dataclass(frozen=True, eq=False)
class Cells:
    """What was found over boxes: bounds (boxes, outputs), values at the centers, troubles.

    `slopes` (variables, boxes, outputs) are the derivatives over the boxes.
    """

    bounds: Bounds
    middle: Bounds
    slopes: Bounds
    troubled: np.ndarray
    troubles: tuple[Trouble, ...]


def centered(
    function: BoxFunction,
    box: tuple[np.ndarray, np.ndarray],
    polynomial: tuple[Space, Bounds, np.ndarray] | None,
    degree: int = 2,
) -> Cells:
    """Enclose f - T over boxes with ends (boxes, variables).

    `polynomial`: the space of T, its coefficients (coefficients, 1, outputs), and its center;
    None for f itself.
    """
    e = function.executor
    low, high = box
    middle = np.clip(0.5 * low + 0.5 * high, low, high)
    local = space(function.variables, degree)
    count = len(low)
    both = np.concatenate([low, middle]), np.concatenate([high, middle])
    found = function.over(*both, local)
    wide: Bounds = (found.low[:, :count], found.high[:, :count])
    thin: Bounds = (found.low[:, count:], found.high[:, count:])
    if polynomial is not None:
        space_of, coefficients, at = polynomial
        minus = polynomial_jets(function, (space_of, coefficients, at), both, local)
        wide = _less(e, wide, (minus[0][:, :count], minus[1][:, :count]))
        thin = _less(e, thin, (minus[0][:, count:], minus[1][:, count:]))
    step = _steps(e, low, high, middle)
    bounds = _forms(e, local, wide, thin, step)
    natural = (wide[0][0], wide[1][0])
    bounds = ia.meet(e, bounds, natural)
    troubles = tuple(t for t in found.troubles if t.boxes[:count].any())
    slopes = slice(1, local.count(1))
    return Cells(
        bounds, (thin[0][0], thin[1][0]), (wide[0][slopes], wide[1][slopes]),
        found.troubled[:count], troubles,
    )  # fmt: skip


def _less(e: Any, x: Bounds, y: Bounds) -> Bounds:
    return ia.add(e, x, (-y[1], -y[0]))


def _steps(e: Any, low: np.ndarray, high: np.ndarray, middle: np.ndarray) -> Bounds:
    """x - c over each box, (boxes, variables)."""
    center = e.array(middle)
    return (e.down(e.array(low) - center), e.up(e.array(high) - center))


def _forms(e: Any, local: Space, wide: Bounds, thin: Bounds, step: Bounds) -> Bounds:
    """The mean-value form and, where there are second-order coefficients, that of second order."""
    value = (thin[0][0], thin[1][0])
    first, second = slice(1, local.count(1)), slice(local.count(1), local.count(2))
    moves = tuple(s.T[:, :, None] for s in step)  # (variables, boxes, 1)
    found = _sum(e, value, [((wide[0][first], wide[1][first]), moves)])  # type: ignore[list-item]
    if local.degree < 2:
        return found
    squares = _second_powers(e, local, step)
    parts = [
        ((thin[0][first], thin[1][first]), moves),
        ((wide[0][second], wide[1][second]), squares),
    ]
    return ia.meet(e, found, _sum(e, value, parts))  # type: ignore[arg-type]


def _sum(e: Any, value: Bounds, parts: list[tuple[Bounds, Bounds]]) -> Bounds:
    """value + sum of coefficients times their powers."""
    with np.errstate(all="ignore"):
        terms = [ia.products(e, coefficient, power) for coefficient, power in parts]
    low = np.concatenate([value[0][None], *(t[0] for t in terms)])
    high = np.concatenate([value[1][None], *(t[1] for t in terms)])
    return ia.sum_over(e, (low, high), 0, 1)


def _second_powers(e: Any, local: Space, step: Bounds) -> Bounds:
    """Ranges (monomials of degree 2, boxes, 1) of the products of steps."""
    lows, highs = [], []
    for exponents in local.exponents[local.count(1) :]:
        (i, *rest) = np.flatnonzero(exponents)
        x = (step[0][:, i], step[1][:, i])
        y = (step[0][:, rest[0]], step[1][:, rest[0]]) if rest else None
        low, high = ia.square(e, x) if y is None else ia.multiply(e, x, y)
        lows.append(low)
        highs.append(high)
    return np.stack(lows)[..., None], np.stack(highs)[..., None]


def polynomial_jets(
    function: BoxFunction,
    polynomial: tuple[Space, Bounds, np.ndarray],
    box: tuple[np.ndarray, np.ndarray],
    local: Space,
) -> Bounds:
    """The Taylor coefficients of a polynomial over boxes, (coefficients, boxes, outputs)."""
    of, coefficients, at = polynomial
    e = function.executor
    ring = IntervalRing(local, len(box[0]), e)
    steps = []
    for v in range(of.variables):
        center = e.array(at[v])
        ends = (e.down(e.array(box[0][:, v]) - center), e.up(e.array(box[1][:, v]) - center))
        seed = np.zeros((local.count(1) - 1, len(box[0]), 1))
        seed[v] = 1.0
        one = e.array(seed)
        steps.append(Series(tuple(np.concatenate([end[None, :, None], one]) for end in ends), 1))
    total: Series | None = None
    for k, exponents in enumerate(of.exponents):
        factor = Series((coefficients[0][k][None], coefficients[1][k][None]), 0)
        term = factor
        for v in np.flatnonzero(exponents):
            term = ring.multiply(term, power(ring, steps[v], int(exponents[v])))
        total = term if total is None else ring.add(total, term)
    assert total is not None
    low, high = (_full(p, local.size, len(box[0])) for p in total.parts)
    return low, high


def _full(part: Any, size: int, boxes: int) -> Any:
    part = np.broadcast_to(part, (part.shape[0], boxes, part.shape[2]))
    if part.shape[0] == size:
        return part
    return np.concatenate([part, zeros((size - part.shape[0], *part.shape[1:]), part)])
