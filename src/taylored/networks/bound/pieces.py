"""Branch and bound for networks: what is known over pieces of a box, and which are split.

Over each piece the affine forms, the mean-value form, and, where the mean is monotone in some
inputs, the affine forms over the faces that hold its extremes are intersected.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from taylored.networks.bound.evaluate import Members, Outcome, evaluate
from taylored.readings.enclosure.search import Found, Limits, Pieces, search
from taylored.readings.interval import arithmetic as ia
from taylored.readings.interval.arithmetic import Bounds
from taylored.readings.interval.executor import NUMPY

__all__ = ["enclose", "limits_for"]

_MOST_PIECES = {False: 1024, True: 65536}
_EXCESS = {False: 0.01, True: 1e-4}  # of a width that is good enough
_MOST_FACES = 4  # outputs up to which faces are looked at
_MOST_PROBES = 24  # numbers up to which points are tried for the extremes of each
_WORK = {False: 0.4, True: 40.0}  # seconds that a search should take, more or less
_SECONDS = (4e-6, 1.3e-8)  # of a unit of one member over one piece, and of a number of the parts


def limits_for(members: Members, thorough: bool) -> Limits:
    """How many pieces may be looked at, by what one costs."""
    units = members.count * (sum(members.hidden) + members.outputs)
    if members.softmax:
        units += 3 * members.count * members.outputs**2
    cost = _SECONDS[0] * units + _SECONDS[1] * (members.values_size + members.slopes_size)
    most = _MOST_PIECES[thorough]
    pieces = int(min(most, _WORK[thorough] / max(cost, 1e-9)))
    return Limits(boxes=pieces, excess=_EXCESS[thorough], repair=0)


def enclose(
    members: Members, box: tuple[np.ndarray, np.ndarray], limits: Limits, noise: np.ndarray
) -> Found:
    """Ranges of the mean's values, then of its derivatives, over the box with ends (inputs,).

    `noise` says how much of each range is rounding, which no splitting makes less.
    """

    def answer(lows: np.ndarray, highs: np.ndarray, parents: Pieces | None) -> Pieces:
        pieces = _pieces(members, lows, highs, parents is None)
        if parents is None:
            return pieces
        inherited = tuple(np.repeat(b, 2, axis=0) for b in parents.bounds)
        bounds = ia.meet(NUMPY, pieces.bounds, inherited)  # type: ignore[arg-type]
        return replace(pieces, bounds=bounds)

    start = answer(box[0][None], box[1][None], None)
    excess = (
        start.bounds[1] - start.bounds[0] - np.maximum(start.attained[0] - start.attained[1], 0)
    )
    if np.all(excess <= 4.0 * noise):
        limits = replace(limits, boxes=0)
    return search(answer, start, limits, NUMPY.floats)


def _pieces(members: Members, low: np.ndarray, high: np.ndarray, whole: bool) -> Pieces:
    found = evaluate(members, low, high, slopes=True)
    slopes = found.slopes
    assert slopes is not None
    middle, attained = _probed(members, (low, high), found, whole)
    value = ia.meet(NUMPY, found.value, _mean_value(middle, slopes, (low, high)))
    if members.outputs <= _MOST_FACES:
        value = ia.meet(NUMPY, value, _over_faces(members, (low, high), slopes))
    bounds = _beside(value, slopes)
    weights = _weights(found, high - low)
    return Pieces(low, high, bounds, attained, np.zeros(len(low), bool), weights=weights)


def _weights(found: Outcome, width: np.ndarray) -> np.ndarray:
    """How much each input matters, to the values and to the derivatives (boxes, inputs)."""
    assert found.slopes is not None
    steep = np.maximum(np.abs(found.slopes[0]), np.abs(found.slopes[1])).max(axis=1)
    total = steep / np.maximum((steep * width).max(axis=1, keepdims=True), 1e-300)
    if found.bends is None:
        return total
    moves = np.abs(found.bends).sum(axis=(1, 2))
    moves = moves / np.maximum(moves.max(axis=1, keepdims=True), 1e-300)
    return total + moves / np.where(width > 0, width, 1.0)


def _beside(value: Bounds, slopes: Bounds) -> Bounds:
    """Values and derivatives as one axis."""
    pairs = zip(value, slopes, strict=True)
    return tuple(np.concatenate([v, s.reshape(len(v), -1)], axis=1) for v, s in pairs)  # type: ignore[return-value]


def _mean_value(middle: Bounds, slopes: Bounds, box: tuple[np.ndarray, np.ndarray]) -> Bounds:
    """f(c) + sum of derivatives over the box times the steps from c."""
    low, high = box
    center = _center(low, high)
    steps = NUMPY.down(low - center)[:, None], NUMPY.up(high - center)[:, None]
    terms = ia.multiply(NUMPY, slopes, steps)
    total = tuple(
        np.concatenate([m[..., None], t], axis=2) for m, t in zip(middle, terms, strict=True)
    )
    return ia.sum_over(NUMPY, total, 2, 1)  # type: ignore[arg-type]


def _center(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return np.clip(0.5 * low + 0.5 * high, low, high)


def _probed(
    members: Members, box: tuple[np.ndarray, np.ndarray], found: Outcome, whole: bool
) -> tuple[Bounds, Bounds]:
    """Values at the centers, and what is attained there and where the trends lead.

    The corners that the derivatives' own trends point to are tried for the whole box only.
    """
    low, high = box
    center = evaluate(members, *[_center(low, high)] * 2, slopes=True, symbols=False)
    assert center.slopes is not None and found.slopes is not None
    attained = _beside(center.value, center.slopes)
    trends = [found.slopes[0] + found.slopes[1]]
    if whole and found.bends is not None:
        trends.append(found.bends.reshape(len(low), -1, members.inputs))
    trend = np.concatenate(trends, axis=1)
    if trend.shape[1] > _MOST_PROBES:
        trend = trends[0]
    if trend.shape[1] > _MOST_PROBES:
        return center.value, attained
    rising = trend.swapaxes(0, 1) >= 0.0
    points = np.concatenate([np.where(rising, low, high), np.where(rising, high, low)])
    places = points.reshape(-1, members.inputs)
    at = evaluate(members, places, places, slopes=whole, symbols=False)
    ends = _beside(at.value, at.slopes) if at.slopes is not None else at.value
    tried = [v.reshape(len(points), len(low), -1) for v in ends]
    most, least = tried[0].max(axis=0), tried[1].min(axis=0)
    count = most.shape[1]
    attained[0][:, :count] = np.maximum(attained[0][:, :count], most)
    attained[1][:, :count] = np.minimum(attained[1][:, :count], least)
    return center.value, attained


def _over_faces(members: Members, box: tuple[np.ndarray, np.ndarray], slopes: Bounds) -> Bounds:
    """Ranges from the faces where a mean that rises or falls in some inputs is least and most."""
    rising, falling = slopes[0] >= 0.0, slopes[1] <= 0.0  # (boxes, outputs, inputs)
    one_way = (rising | falling).any(axis=2)
    value = np.full(one_way.shape, -np.inf), np.full(one_way.shape, np.inf)
    rows, outputs = np.nonzero(one_way)
    if len(rows) == 0:
        return value
    up, down = rising[rows, outputs], falling[rows, outputs] & ~rising[rows, outputs]
    low, high = box[0][rows], box[1][rows]
    bottom = np.where(down, high, low), np.where(up, low, high)
    top = np.where(up, high, low), np.where(down, low, high)
    ends = tuple(np.concatenate(pair) for pair in zip(bottom, top, strict=True))
    found = evaluate(members, *ends, slopes=False).value
    count, several = len(rows), np.arange(len(rows))
    value[0][rows, outputs] = found[0][:count][several, outputs]
    value[1][rows, outputs] = found[1][count:][several, outputs]
    return value
