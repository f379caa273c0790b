"""The proved range of a function over a box, by branch and bound.

Over each piece the natural interval extension, the mean-value form and a centered form of second
order are intersected; where the function is monotone in every variable its range is that of two
corners. Pieces that cannot hold an extreme are not looked at again.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from taylored.readings.enclosure.boxes import BoxFunction
from taylored.readings.enclosure.centered import Cells, centered
from taylored.readings.enclosure.search import Found, Limits, Pieces, search
from taylored.readings.interval import arithmetic as ia
from taylored.readings.interval.arithmetic import Bounds
from taylored.readings.jet.space import space

__all__ = ["DEFAULT", "THOROUGH", "value_range"]

DEFAULT = Limits(boxes=2048, excess=0.01, repair=1024)
THOROUGH = Limits(boxes=65536, excess=1e-6, repair=4096)
_SECOND_ORDER = 6  # variables up to which second derivatives are worth their cost
_MOST_SLOPES = 64  # variables up to which slopes are enclosed one by one
_MOST_CORNERS = 4  # outputs up to which corners are tried for each


def value_range(
    function: BoxFunction, low: np.ndarray, high: np.ndarray, limits: Limits = DEFAULT
) -> Found:
    """Enclose the values (outputs,) of f over the box with ends (variables,)."""
    e = function.executor

    def answer(lows: np.ndarray, highs: np.ndarray, parents: Pieces | None) -> Pieces:
        pieces = _pieces(function, lows, highs)
        if parents is None:
            return pieces
        inherited = tuple(np.repeat(b, 2, axis=0) for b in parents.bounds)
        bounds = ia.meet(e, pieces.bounds, inherited)  # type: ignore[arg-type]
        return Pieces(lows, highs, bounds, pieces.attained, pieces.troubled, pieces.troubles,
                      pieces.weights)  # fmt: skip

    start = answer(low[None], high[None], None)
    return search(answer, start, limits, e.floats)


def _pieces(function: BoxFunction, low: np.ndarray, high: np.ndarray) -> Pieces:
    """What is known over boxes (boxes, variables)."""
    e = function.executor
    # Only where values are missing is there a trouble: kinks and jumps are enclosed, and so is a
    # root at 0, though its slope is infinite.
    natural = function.over(low, high, space(function.variables, 0))
    lost = ~(e.finite(natural.low[0]) & e.finite(natural.high[0])).all(axis=1)
    troubles = tuple(
        t for t in natural.troubles if t.kind == "domain" or (t.kind == "branch" and lost.any())
    )
    troubles = tuple(replace(t, boxes=t.boxes & lost) if t.kind == "branch" else t
                     for t in troubles)  # fmt: skip
    troubled = np.zeros(len(low), bool)
    for trouble in troubles:
        troubled |= trouble.boxes
    bounds: Bounds = (natural.low[0], natural.high[0])
    if function.variables > _MOST_SLOPES:
        return _along(function, low, high, (troubled, troubles))
    degree = 2 if function.variables <= _SECOND_ORDER else 1
    cells = centered(function, (low, high), None, degree)
    bounds = ia.meet(e, bounds, cells.bounds)
    attained = cells.middle
    if bounds[0].shape[1] <= _MOST_CORNERS:
        bounds, attained = _with_corners(function, (low, high), cells, bounds)
    weights = np.maximum(np.abs(e.floats(cells.slopes[0], False)),
                         np.abs(e.floats(cells.slopes[1], True))).max(axis=2).T  # fmt: skip
    return Pieces(low, high, bounds, attained, troubled, troubles, weights)


def _along(function: BoxFunction, low: np.ndarray, high: np.ndarray, troubles: tuple) -> Pieces:
    """For many variables: the mean-value form along all directions of the box at once."""
    e = function.executor
    middle = np.clip(0.5 * low + 0.5 * high, low, high)
    reach = np.nextafter(np.maximum(high - middle, middle - low), np.inf)
    line, count = space(1, 1), len(low)
    wide = function.over(low, high, line, along=(-reach, reach))
    points = np.concatenate([middle, low, high])
    thin = function.over(points, points, space(1, 0), along=(points, points))
    values = [
        (thin.low[0][k * count :][:count], thin.high[0][k * count :][:count]) for k in range(3)
    ]
    bounds = ia.add(e, values[0], (wide.low[1], wide.high[1]))
    bounds = ia.meet(e, bounds, (wide.low[0], wide.high[0]))
    return Pieces(low, high, bounds, _outermost(values), *troubles)


def _outermost(values: list[Bounds]) -> Bounds:
    """Of enclosed values at several points: what is certainly attained, from below and above."""
    highest, lowest = values[0]
    for low, high in values[1:]:
        highest, lowest = np.maximum(highest, low), np.minimum(lowest, high)
    return highest, lowest


def _with_corners(
    function: BoxFunction, box: tuple[np.ndarray, np.ndarray], cells: Cells, bounds: Bounds
) -> tuple[Bounds, Bounds]:
    """Values at the corners that the slopes point to; the range itself where f is monotone."""
    e = function.executor
    low, high = box
    slopes = e.floats(cells.slopes[0], False), e.floats(cells.slopes[1], True)
    with np.errstate(invalid="ignore"):
        rising = (slopes[0] + slopes[1] >= 0).transpose(1, 2, 0)  # (boxes, outputs, variables)
    certain = ((slopes[0] >= 0) | (slopes[1] <= 0)).all(axis=0)  # (boxes, outputs)
    count, outputs = rising.shape[:2]
    top = np.where(rising, high[:, None], low[:, None]).reshape(-1, low.shape[1])
    bottom = np.where(rising, low[:, None], high[:, None]).reshape(-1, low.shape[1])
    points = np.concatenate([bottom, top])
    found = function.over(points, points, space(function.variables, 0))
    values = tuple(
        np.einsum("sboo->sbo", v[0].reshape(2, count, outputs, outputs)) if v.dtype != object
        else np.stack([v[0].reshape(2, count, outputs, outputs)[:, :, k, k]
                       for k in range(outputs)], axis=2)
        for v in found.bounds
    )  # fmt: skip
    at_bottom, at_top = (values[0][0], values[1][0]), (values[0][1], values[1][1])
    endless = e.array(np.asarray(np.inf))
    exact = (np.where(certain, at_bottom[0], -endless), np.where(certain, at_top[1], endless))
    bounds = ia.meet(e, bounds, exact)
    return bounds, _outermost([cells.middle, at_bottom, at_top])
