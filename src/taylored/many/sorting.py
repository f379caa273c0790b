"""Before fitting: the verdicts that need no fit, and which fits can run on which machine."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from taylored.many.block import Batch, Block
from taylored.many.plan import Plan
from taylored.many.status import Status
from taylored.many.verdict import before
from taylored.native.survey import Survey, survey

__all__ = ["Part", "sorted_parts"]

_LEVEL = 100.0  # a level so many times larger than what varies is taken off


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """Fits that one machine runs: `y` has zeros, and `weights` too, where a point is not used."""

    y: np.ndarray
    weights: np.ndarray | None  # one over sigma squared, (fits, points) or (points,)
    own: dict[int, np.ndarray]
    start: np.ndarray | None
    seen: Survey  # of y as it came
    shift: np.ndarray | None = None  # what was subtracted from y, (fits,)

    @property
    def weighted(self) -> str:
        """Whose the weights are: nobody's, shared by all fits, or each fit's own."""
        if self.weights is None:
            return ""
        return "shared" if self.weights.ndim == 1 else "own"

    def take(self, rows: np.ndarray) -> Part:
        """The same of some of the fits."""
        weights = self.weights
        if weights is not None and weights.ndim == 2:
            weights = weights[rows]
        start = None if self.start is None else self.start[:, rows]
        own = {place: values[rows] for place, values in self.own.items()}
        return Part(self.y[rows], weights, own, start, self.seen.take(rows))

    def shifted(self) -> Part:
        """The same with a large mean taken off, where a constant in the model can make up for it.

        Products of columns with y would lose the digits of a small signal on a large level.
        """
        low, high = self.seen.low, self.seen.high
        large = np.maximum(np.abs(low), np.abs(high)) > _LEVEL * (high - low)
        if not large.any():
            return self
        shift = np.where(large, 0.5 * (low + high), 0.0)
        y = self.y - shift[:, None]
        if self.weights is not None:
            y = np.where(np.broadcast_to(self.weights, y.shape) > 0, y, 0.0)
        y = np.where(large[:, None], y, self.y)
        return replace(self, y=y.astype(self.y.dtype), shift=shift)

    @property
    def filled(self) -> np.ndarray:
        """y with the mean of the others in place of points that are not used, (fits, points)."""
        if self.weights is None or self.weights.ndim == 1:
            return self.y
        mean = self.seen.mean if self.shift is None else self.seen.mean - self.shift
        return np.where(self.weights > 0, self.y, mean[:, None])

    @property
    def weighted_y(self) -> np.ndarray:
        """y over sigma, (fits, points)."""
        if self.weights is None:
            return self.y
        return np.asarray(self.y, float) * np.sqrt(self.weights)

    def squares(self) -> np.ndarray:
        """The weighted sum of squares of y about its weighted mean, (fits,)."""
        if self.weights is None:
            return self.seen.squares
        y = self.y.astype(float, copy=False)
        w = np.broadcast_to(self.weights, y.shape)
        mean = (w * y).sum(axis=1, keepdims=True) / w.sum(axis=1, keepdims=True)
        return (w * np.square(y - mean)).sum(axis=1)


def sorted_parts(plan: Plan, batch: Batch, found: Block) -> list[tuple[Part, np.ndarray]]:
    """Give the verdicts that need no fit, and part the others into whole and gappy ones."""
    y = np.ascontiguousarray(batch.y)
    if y.dtype not in (np.float64, np.float32):
        y = y.astype(np.float64)
    seen = survey(y)
    whole = seen.finite if batch.used is None else seen.finite & batch.used.all(axis=1)
    needed = len(plan.params.free) + (0 if plan.absolute else 1)  # one more for the scatter
    rows = np.flatnonzero(whole)
    if len(rows) == len(y):
        rows = slice(None)  # nothing is copied
    code, points = np.full(len(y), Status.OK, np.int8), np.full(len(y), y.shape[1])
    code[rows] = before(y[rows], None, seen.take(rows), needed)
    gaps = np.flatnonzero(~whole)
    used = np.isfinite(y[gaps])
    if batch.used is not None:
        used &= batch.used[gaps]
    seen_gaps = _surveyed(y[gaps], used)
    points[gaps] = used.sum(axis=1)
    code[gaps] = _before_with_gaps(batch.take(gaps), used, seen_gaps, needed)
    code[_bad_sigma(batch, len(y))] = Status.BAD_SIGMA
    found.status[:], found.points[:] = code, points
    fitted = np.flatnonzero(whole & (code == Status.OK))
    parts = [(_part(plan, batch, y, seen, fitted), fitted)]
    inside = np.flatnonzero(code[gaps] == Status.OK)
    if len(inside):
        rows = gaps[inside]
        part = _part(plan, batch, y, seen, rows)
        parts.append((_without_gaps(part, used[inside], seen_gaps.take(inside)), rows))
    return parts


def _part(plan: Plan, batch: Batch, y: np.ndarray, seen: Survey, rows: np.ndarray) -> Part:
    weights = None if plan.sigma is None else 1.0 / plan.sigma**2
    if batch.sigma is not None:
        weights = 1.0 / np.asarray(batch.sigma, float)[rows] ** 2
    own = {place: values[rows] for place, values in batch.columns.items()}
    start = None if batch.start is None else batch.start[:, rows]
    some = slice(None) if len(rows) == len(y) else rows
    return Part(y[some], weights, own, start, seen.take(some))


def _surveyed(y: np.ndarray, used: np.ndarray) -> Survey:
    """The survey of the points that are used."""
    count = used.sum(axis=1)
    low = np.where(used, y, np.inf).min(axis=1, initial=np.inf)
    high = np.where(used, y, -np.inf).max(axis=1, initial=-np.inf)
    mean = np.where(used, y, 0.0).sum(axis=1) / np.maximum(count, 1)
    squares = np.where(used, np.square(y - mean[:, None]), 0.0).sum(axis=1)
    lows, highs = (((y == end[:, None]) & used).sum(axis=1) for end in (low, high))
    return Survey(low, high, mean, squares, lows, highs)


def _before_with_gaps(batch: Batch, used: np.ndarray, seen: Survey, needed: int) -> np.ndarray:
    """The verdicts on fits of which some points are missing or masked."""
    code = before(batch.y, used, seen, needed)
    code[_infinite(batch)] = Status.INFINITE
    empty = ~used.any(axis=1)
    code[empty] = np.where(np.isnan(batch.y[empty]).all(axis=1), Status.MISSING, Status.MASKED)
    return code


def _infinite(batch: Batch) -> np.ndarray:
    """Fits with an infinite value among those that are not masked."""
    infinite = np.isinf(batch.y)
    if batch.used is not None:
        infinite &= batch.used
    return np.any(infinite, axis=1)


def _bad_sigma(batch: Batch, fits: int) -> np.ndarray:
    """Fits with a standard error that is no positive number, or a column that is not finite."""
    bad = np.zeros(fits, bool)
    if batch.sigma is None and not batch.columns:
        return bad
    used = np.isfinite(batch.y)
    if batch.used is not None:
        used &= batch.used
    if batch.sigma is not None:
        sigma = np.asarray(batch.sigma)
        bad |= (used & ~((sigma > 0) & np.isfinite(sigma))).any(axis=1)
    for values in batch.columns.values():
        bad |= (used & ~np.isfinite(values)).any(axis=1)
    return bad


def _without_gaps(part: Part, used: np.ndarray, seen: Survey) -> Part:
    """Points that are not used count nothing, and hold harmless numbers."""
    weights = np.where(used, 1.0 if part.weights is None else part.weights, 0.0)
    first = np.argmax(used, axis=1)[:, None]
    own = {
        place: np.where(used, values, np.take_along_axis(values, first, axis=1))
        for place, values in part.own.items()
    }
    y = np.where(used, part.y, np.zeros((), part.y.dtype))
    return Part(y, weights, own, part.start, seen)
