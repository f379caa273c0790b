"""The rows of groups as arrays of fits: side by side where groups share their x, else padded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from taylored.many.block import Batch
from taylored.many.keys import Groups
from taylored.many.plan import Plan
from taylored.many.source import Box

__all__ = ["Long", "Stack", "stacks"]

_FITS = 4096  # in a box
_VALUES = 2_000_000  # of one column in a box
_SPARE = 1.25  # cells that arrays may have for each row of the longest group


@dataclass(frozen=True, eq=False)
class Long:
    """The columns that fits need, sorted by group, and how the groups fit side by side.

    `inputs` are finite; `y` is nan where the row lacks something. `sigma` has the rows' own
    standard errors, `common` the one that all share. `place` is the position of each
    row in `grid`, the columns of x that all groups share, None where they do not. `start` is
    (params, groups), None where all groups share it.
    """

    groups: Groups
    inputs: tuple[np.ndarray, ...]
    y: np.ndarray
    sigma: np.ndarray | None
    common: float | None
    grid: tuple[np.ndarray, ...] | None
    place: np.ndarray | None
    start: np.ndarray | None = None

    @classmethod
    def of(
        cls, groups: Groups, inputs: Sequence[np.ndarray], y: np.ndarray,
        sigma: np.ndarray | float | None,
    ) -> Long:  # fmt: skip
        """The columns of a table, its rows sorted; `sigma` is a column or one number.

        A missing cell takes its row out of the fit. An infinite one makes the response infinite,
        so that the verdict says so.
        """
        rows = groups.rows
        inputs, y = [v[rows] for v in inputs], y[rows]
        common = None if isinstance(sigma, np.ndarray) or sigma is None else float(sigma)
        errors = sigma[rows] if isinstance(sigma, np.ndarray) else None
        for values in (*inputs, *([] if errors is None else [errors])):
            y = np.where(np.isnan(values), np.nan, y)
        for values in inputs:
            y = np.where(np.isinf(values), np.inf, y)
        errors = None if errors is None else np.where(np.isnan(errors), 1.0, errors)
        whole = all(np.isfinite(values).all() for values in inputs)
        grid, place = _grid(groups, inputs) if whole else (None, None)
        filled = tuple(inputs if whole else (_filled(values, groups) for values in inputs))
        return cls(groups, filled, y, errors, common, grid, place)

    def one(self, which: int) -> Batch:
        """The data of one group, for a fit of its own."""
        first = int(self.groups.first[which])
        rows = slice(first, first + int(self.groups.length[which]))
        columns = {k: values[None, rows] for k, values in enumerate(self.inputs)}
        y = self.y[None, rows]
        sigma = None if self.common is None else np.full(y.shape, self.common)
        start = None if self.start is None else self.start[:, which, None]
        return Batch(y, sigma if self.sigma is None else self.sigma[None, rows], None, columns,
                     start)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Stack:
    """Groups that one plan fits; read box by box like the data of any job."""

    plan: Plan
    long: Long
    which: np.ndarray  # the groups

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the fits."""
        return (len(self.which),)

    @property
    def fits(self) -> int:
        """How many there are."""
        return len(self.which)

    @property
    def boxes(self) -> list[Box]:
        """What is read at a time."""
        size = max(min(_FITS, _VALUES // self.plan.points), 1)
        return [(slice(k, min(k + size, self.fits)),) for k in range(0, self.fits, size)]

    def read(self, box: Box, where: slice | np.ndarray) -> Batch:
        """The data of a box of fits."""
        which = self.which[box[0]]
        found = self._placed(which) if self.long.grid is not None else self._padded(which)
        start = self.long.start
        return found if start is None else replace(found, start=start[:, which])

    def release(self, box: Box) -> None:
        """All is in memory."""

    def one(self, index: int) -> Batch:
        """The data of a single fit."""
        return self.long.one(int(self.which[index]))

    def _placed(self, which: np.ndarray) -> Batch:
        """Each row in the cell of its x; y is missing in the cells that are left."""
        long = self.long
        assert long.place is not None
        length = long.groups.length[which]
        fit = np.repeat(np.arange(len(which)), length)
        inside = np.arange(len(fit)) - np.repeat(np.cumsum(length) - length, length)
        rows = np.repeat(long.groups.first[which], length) + inside
        y = np.full((len(which), self.plan.points), np.nan)
        y[fit, long.place[rows]] = long.y[rows]
        if long.sigma is None:
            return Batch(y)
        sigma = np.ones_like(y)
        sigma[fit, long.place[rows]] = long.sigma[rows]
        return Batch(y, sigma)

    def _padded(self, which: np.ndarray) -> Batch:
        """Shorter groups repeat their last row, which is not used."""
        long = self.long
        first, length = long.groups.first[which, None], long.groups.length[which, None]
        step = np.arange(self.plan.points)
        rows = first + np.minimum(step, length - 1)
        used = None if (length == self.plan.points).all() else step < length
        sigma = None if long.sigma is None else long.sigma[rows]
        columns = {k: values[rows] for k, values in enumerate(long.inputs)}
        return Batch(long.y[rows], sigma, used, columns)


def stacks(plan: Plan, long: Long) -> Iterator[Stack]:
    """All groups where they share their x; else those of about equal length together.

    To which lengths groups are padded does not depend on the other groups.
    """
    if long.grid is not None:
        yield Stack(_with(plan, long.grid), long, np.arange(len(long.groups)))
        return
    padded = _padded_length(long.groups.length)
    if (long.groups.length == long.groups.length[0]).all():
        padded = long.groups.length
    for points in np.unique(padded):
        columns = _typical(long, int(points))
        yield Stack(_with(plan, columns), long, np.flatnonzero(padded == points))


def _with(plan: Plan, columns: tuple[np.ndarray, ...]) -> Plan:
    points = len(columns[0])
    sigma = None if plan.sigma is None else np.full(points, plan.sigma[0])
    return replace(plan, columns=columns, sigma=sigma)


def _padded_length(length: np.ndarray) -> np.ndarray:
    """The next of 1, 2, ... 8, 10, 12, 14, 16, 20, 24 ...: at most a quarter more."""
    unit = 2 ** np.maximum(np.ceil(np.log2(length)).astype(int) - 3, 0)
    return -(-length // unit) * unit


def _typical(long: Long, points: int) -> tuple[np.ndarray, ...]:
    """Rows spread over those of all groups, for what the scales of parameters are taken from.

    One column is in the order that all groups have, mixed where they have none.
    """
    rows = np.lexsort(long.inputs[::-1])
    chosen = rows[np.linspace(0, len(rows) - 1, points).round().astype(int)]
    if len(long.inputs) == 1 and len(long.y) > 1:
        step = np.diff(long.inputs[0])
        step = step[np.diff(_fit_of_rows(long.groups)) == 0]
        if (step <= 0).all() and (step < 0).any():
            chosen = chosen[::-1]
        elif (step < 0).any():
            chosen = np.concatenate([chosen[1::2], chosen[::2]])
    return tuple(values[chosen] for values in long.inputs)


def _fit_of_rows(groups: Groups) -> np.ndarray:
    return np.repeat(np.arange(len(groups)), groups.length)


# ---- the same x in all groups ----------------------------------------------------------------


def _grid(
    groups: Groups, inputs: Sequence[np.ndarray]
) -> tuple[tuple[np.ndarray, ...] | None, np.ndarray | None]:
    """The x that the groups share, and where each row is in it; some groups may lack some of it.

    None where there is none: then each group has columns of its own.
    """
    longest = int(groups.length.max())
    if (groups.length == longest).all():
        rows = [values.reshape(-1, longest) for values in inputs]
        if all((r == r[0]).all() for r in rows):
            return tuple(r[0] for r in rows), np.tile(np.arange(longest), len(groups))
    order = np.lexsort(inputs[::-1])
    new = np.any([np.diff(values[order], prepend=np.nan) != 0 for values in inputs], axis=0)
    if new.sum() > max(_SPARE * longest, longest + 1):
        return None, None
    place = np.empty(len(order), int)
    place[order] = np.cumsum(new) - 1
    step = np.diff(place)[np.diff(_fit_of_rows(groups)) == 0]
    if not ((step > 0).all() or (step < 0).all()):
        return None, None
    grid = tuple(values[order][new] for values in inputs)
    if (step < 0).any():
        return tuple(values[::-1] for values in grid), int(new.sum()) - 1 - place
    return grid, place


def _filled(values: np.ndarray, groups: Groups) -> np.ndarray:
    """Numbers in place of those that are not finite: the nearest one before them in the group,
    else after them, else 1."""
    good = np.isfinite(values)
    fit, place = _fit_of_rows(groups), np.arange(len(values))
    before = np.maximum.accumulate(np.where(good, place, -1))
    after = np.minimum.accumulate(np.where(good, place, len(values))[::-1])[::-1]
    after = np.minimum(after, len(values) - 1)
    chosen = np.where((before >= 0) & (fit[before] == fit), before, after)
    known = good[chosen] & (fit[chosen] == fit)
    return np.where(known, values[chosen], 1.0)
