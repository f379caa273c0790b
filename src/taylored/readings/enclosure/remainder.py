"""The proved remainder of a Taylor polynomial over a box."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from taylored.readings.enclosure.boxes import BoxFunction
from taylored.readings.enclosure.centered import Cells, centered
from taylored.readings.enclosure.directional import directional
from taylored.readings.enclosure.peano import Peano, peano
from taylored.readings.enclosure.search import Found, Limits, Pieces, search
from taylored.readings.interval import arithmetic as ia
from taylored.readings.interval.arithmetic import Bounds
from taylored.readings.jet.space import space
from taylored.readings.jet.value import Trouble

__all__ = ["DEFAULT", "THOROUGH", "Remainder", "orthant_of", "remainder"]

DEFAULT = Limits(boxes=64, excess=0.02)
THOROUGH = Limits(boxes=8192, excess=0.01, repair=4096)
_PROBE = Limits(boxes=64, excess=0.02, repair=32)  # is it bounded at all?
_CHEAP = Limits(boxes=400, excess=0.005)
_MOST_COEFFICIENTS = 3000  # of degree order + 1, beyond which one direction stands for all
_MOST_VARIABLES = 8  # for which boxes are split


@dataclass(frozen=True, eq=False)
class Remainder:
    """Enclosures (outputs,) of f - T over the box, T with the exact coefficients.

    `peano` gives it step by step; None where another form was used. `troubles` are those that are
    left: with them nothing is claimed.
    """

    low: np.ndarray
    high: np.ndarray
    inner_low: np.ndarray
    inner_high: np.ndarray
    boxes: int
    troubles: tuple[Trouble, ...]
    peano: Peano | None

    @property
    def proved(self) -> bool:
        """Whether the function is smooth on the box and the enclosure finite."""
        finite = np.all(np.isfinite(self.low)) and np.all(np.isfinite(self.high))
        return bool(finite) and not self.troubles


def remainder(
    function: BoxFunction,
    at: np.ndarray,
    order: int,
    sides: np.ndarray,
    thorough: bool = False,
    *,
    goal: float | None = None,
) -> Remainder:
    """Enclose f(x) - T(x) for all x in the box around `at`.

    Args:
        function: f as a function of one vector.
        at: (variables,) the center.
        order: the degree of T.
        sides: (2, variables) how far the box reaches down and up from the center.
        thorough: spend more boxes on a narrower result.
        goal: end as soon as it is certain whether the remainder is at most this large.
    """
    if space(function.variables, order + 1).size > _MOST_COEFFICIENTS:
        return _along_one_direction(function, at, order, sides)
    limits = THOROUGH if thorough else DEFAULT
    if goal is not None and np.isinf(goal):
        limits = _PROBE
    form = peano(function, at, order, sides, thorough)
    first = _cheaply(form, sides)
    spent = form.boxes
    enough = first.tight(limits.excess) or function.variables > _MOST_VARIABLES
    if form.smooth and (enough or first.settles(goal)):
        return _result(first, form, spent, ())
    found = _by_boxes(function, at, form, sides, replace(limits, goal=goal))
    spent += found.boxes
    low, high = found.low, found.high
    if form.smooth:
        low, high = np.maximum(low, first.low), np.minimum(high, first.high)
    inner_low = np.minimum(found.inner_low, first.inner_low)
    inner_high = np.maximum(found.inner_high, first.inner_high)
    both = Found(low, high, inner_low, inner_high)
    return _result(both, form, spent, () if form.smooth else found.troubles)


def _result(found: Found, form: Peano | None, boxes: int, troubles: Any) -> Remainder:
    return Remainder(
        found.low, found.high, found.inner_low, found.inner_high, boxes, tuple(troubles), form
    )


def _along_one_direction(
    function: BoxFunction, at: np.ndarray, order: int, sides: np.ndarray
) -> Remainder:
    low, high, troubles, boxes = directional(function, at, order, sides)
    zero = np.zeros_like(low)
    return Remainder(low, high, zero, zero, boxes, troubles, None)


# ---- the polynomial form alone ----


def _cheaply(form: Peano, sides: np.ndarray) -> Found:
    """The range of the enclosing polynomials, by cutting the box of steps."""
    start = _orthant_boxes(form, sides)

    def answer(low: np.ndarray, high: np.ndarray, parents: Pieces | None) -> Pieces:
        return _polynomial_pieces(form, low, high)

    few = form.space.variables <= _MOST_VARIABLES
    limits = _CHEAP if few else replace(_CHEAP, boxes=0)
    return search(answer, answer(*start, None), limits, form.executor.floats)


def _orthant_boxes(form: Peano, sides: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    low = np.where(form.signs > 0, 0.0, -sides[0])
    high = np.where(form.signs < 0, 0.0, sides[1])
    return low, high


def orthant_of(form: Peano, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Which orthant each box of steps lies in."""
    if len(form.signs) == 1:
        return np.zeros(len(low), int)
    negative = high <= 0.0
    negative &= low < 0.0
    weights = 2 ** np.arange(low.shape[1])[::-1]
    return (negative * weights).sum(axis=1)


def _polynomial_pieces(form: Peano, low: np.ndarray, high: np.ndarray) -> Pieces:
    e = form.executor
    which = orthant_of(form, low, high)
    corners = np.where(np.abs(low) > np.abs(high), low, high)
    both = (np.concatenate([low, corners]), np.concatenate([high, corners]))
    found = form.over((e.array(both[0]), e.array(both[1])), np.concatenate([which, which]))
    count = len(low)
    bounds: Bounds = (found[0][:count], found[1][:count])
    attained: Bounds = (found[0][count:], found[1][count:])
    return Pieces(low, high, bounds, attained, np.zeros(count, bool))


# ---- boxes anywhere ----


def _by_boxes(
    function: BoxFunction, at: np.ndarray, form: Peano, sides: np.ndarray, limits: Limits
) -> Found:
    """f - T over boxes of the domain: centered forms, and the polynomial form where it holds."""
    e = function.executor
    polynomial = space(function.variables, form.order)
    rows = slice(0, polynomial.size)
    coefficients = (form.center[0][rows], form.center[1][rows])

    def answer(low: np.ndarray, high: np.ndarray, parents: Pieces | None) -> Pieces:
        box = _around(at, low, high)
        cells = centered(function, box, (polynomial, coefficients, at))
        bounds, attained = cells.bounds, cells.middle
        if form.smooth:
            known = _polynomial_pieces(form, low, high)
            bounds = ia.meet(e, bounds, known.bounds)
            attained = _both(attained, known.attained)
        if parents is not None:
            inherited = tuple(np.repeat(b, 2, axis=0) for b in parents.bounds)
            bounds = ia.meet(e, bounds, inherited)  # type: ignore[arg-type]
        troubled = np.zeros(len(low), bool) if form.smooth else cells.troubled
        return Pieces(low, high, bounds, attained, troubled, cells.troubles, _weights(cells, e))

    room = replace(limits, boxes=max(limits.boxes - form.boxes, 0))
    start = answer(*_orthant_boxes(form, sides), None)
    return search(answer, start, room, e.floats)


def _both(first: Bounds, second: Bounds) -> Bounds:
    """Enclosures of values at two points: of one below both, and of one above both.

    What is asked of them is only which values are attained for certain.
    """
    return np.maximum(first[0], second[0]), np.minimum(first[1], second[1])


def _around(at: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Boxes of steps as boxes of points, moved outward past what the sum may round."""
    down, up = at + low, at + high
    return (
        np.where(low == 0.0, at, np.nextafter(down, -np.inf)),
        np.where(high == 0.0, at, np.nextafter(up, np.inf)),
    )


def _weights(cells: Cells, e: Any) -> np.ndarray:
    """How much each direction matters for a box: the size of the slope there."""
    low, high = e.floats(cells.slopes[0], False), e.floats(cells.slopes[1], True)
    with np.errstate(all="ignore"):
        spread = np.maximum(np.abs(low), np.abs(high))
    return spread.max(axis=2).T
