"""Before fitting: the verdicts that need no fit, and which fits can run on which machine."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from taylored.many.block import Batch, Block
from taylored.many.plan import Plan
from taylored.many.status import Status
from taylored.many.verdict import before

__all__ = ["Part", "sorted_parts"]

_LEVEL = 100.0  # a level so many times larger than what varies is taken off


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """Fits that one machine runs: `y` has zeros, and `weights` too, where a point is not used."""

    y: np.ndarray
    weights: np.ndarray | None  # one over sigma squared, (fits, points) or (points,)
    own: dict[int, np.ndarray]
    start: np.ndarray | None
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
        return Part(self.y[rows], weights, own, start)

    def shifted(self) -> Part:
        """The same with a large mean taken off, where a constant in the model can make up for it.

        Products of columns with y would lose the digits of a small signal on a large level.
        """
        weights = 1.0 if self.weights is None else np.broadcast_to(self.weights, self.y.shape)
        used = np.broadcast_to(weights, self.y.shape) > 0
        low = np.where(used, self.y, np.inf).min(axis=1)
        high = np.where(used, self.y, -np.inf).max(axis=1)
        large = np.maximum(np.abs(low), np.abs(high)) > _LEVEL * (high - low)
        if not large.any():
            return self
        shift = np.where(large, 0.5 * (low.astype(float) + high), 0.0)
        y = np.where(used & large[:, None], self.y - shift[:, None], self.y)
        return replace(self, y=y.astype(self.y.dtype), shift=shift)

    @property
    def weighted_y(self) -> np.ndarray:
        """y over sigma, (fits, points)."""
        if self.weights is None:
            return self.y
        return np.asarray(self.y, float) * np.sqrt(self.weights)

    def squares(self) -> np.ndarray:
        """The weighted sum of squares of y about its weighted mean, (fits,)."""
        y = self.y.astype(float, copy=False)
        if self.weights is None:
            return np.square(y - y.mean(axis=1, keepdims=True)).sum(axis=1)
        w = np.broadcast_to(self.weights, y.shape)
        mean = (w * y).sum(axis=1, keepdims=True) / w.sum(axis=1, keepdims=True)
        return (w * np.square(y - mean)).sum(axis=1)


def sorted_parts(plan: Plan, batch: Batch, found: Block) -> list[tuple[Part, np.ndarray]]:
    """Give the verdicts that need no fit, and part the others into whole and gappy ones."""
    y = np.ascontiguousarray(batch.y)
    if y.dtype not in (np.float64, np.float32):
        y = y.astype(np.float64)
    finite = np.isfinite(y)
    used = finite if batch.used is None else finite & batch.used
    bad = _bad_sigma(batch, used)
    whole = used.all(axis=1)
    found.points[:] = used.sum(axis=1)
    code = np.full(len(y), Status.OK, np.int8)
    needed = len(plan.params.free) + (0 if plan.absolute else 1)  # one more for the scatter
    code[whole] = before(y[whole] if not whole.all() else y, None, needed)
    gappy = np.flatnonzero(~whole)
    if len(gappy):
        code[gappy] = before(y[gappy], used[gappy], needed)
        code[_infinite(batch, y)] = Status.INFINITE
        empty = ~used.any(axis=1)
        code[empty] = np.where(np.isnan(y[empty]).all(axis=1), Status.MISSING, Status.MASKED)
    code[bad] = Status.BAD_SIGMA
    found.status[:] = code
    fitted = code == Status.OK
    weights = None if plan.sigma is None else 1.0 / plan.sigma**2
    first, second = np.flatnonzero(fitted & whole), np.flatnonzero(fitted & ~whole)
    parts = []
    for rows, all_used in ((first, True), (second, False)):
        own = {place: values[rows] for place, values in batch.columns.items()}
        start = None if batch.start is None else batch.start[:, rows]
        values, weight = y[rows] if len(rows) < len(y) else y, weights
        if batch.sigma is not None:
            weight = 1.0 / np.asarray(batch.sigma, float)[rows] ** 2
        if not all_used:
            values, weight, own = _without_gaps(values, weight, own, used[rows])
        parts.append((Part(values, weight, own, start), rows))
    return parts


def _infinite(batch: Batch, y: np.ndarray) -> np.ndarray:
    """Fits with an infinite value among those that are not masked."""
    infinite = np.isinf(y)
    if batch.used is not None:
        infinite &= batch.used
    return np.any(infinite, axis=1)


def _bad_sigma(batch: Batch, used: np.ndarray) -> np.ndarray:
    """Fits with a standard error that is no positive number, or a column that is not finite."""
    bad = np.zeros(len(used), bool)
    if batch.sigma is not None:
        sigma = np.asarray(batch.sigma)
        bad |= (used & ~((sigma > 0) & np.isfinite(sigma))).any(axis=1)
    for values in batch.columns.values():
        bad |= (used & ~np.isfinite(values)).any(axis=1)
    return bad


def _without_gaps(
    y: np.ndarray, weights: np.ndarray | None, own: dict[int, np.ndarray], used: np.ndarray
) -> tuple[np.ndarray, np.ndarray, dict[int, np.ndarray]]:
    """Points that are not used count nothing, and hold harmless numbers."""
    whole = np.where(used, 1.0 if weights is None else weights, 0.0)
    first = np.argmax(used, axis=1)[:, None]
    filled = {
        place: np.where(used, values, np.take_along_axis(values, first, axis=1))
        for place, values in own.items()
    }
    return np.where(used, y, np.zeros((), y.dtype)), whole, filled
