"""Profile intervals of many fits: where chi-squared, all else at its best, has grown enough.

The limits of the profile interval solve `chi2(v) - chi2 = t**2 s**2`, where chi2(v) is the least
chi-squared with the parameter held at v (Bates and Watts 1988, section 6.1). All fits take the
steps of the search for the limits together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from taylored.errors import ArgumentError
from taylored.many.block import Batch, Block
from taylored.many.columns import Columns, columns_of
from taylored.many.plan import Plan
from taylored.many.prepare import Prepared, prepare
from taylored.many.solve import Stage, run_stage
from taylored.many.sorting import Part, sorted_parts
from taylored.many.status import Status
from taylored.many.step import Limits

if TYPE_CHECKING:
    from taylored.many.result import ManyFits

__all__ = ["profile_intervals", "profile_limits"]

_LIMITS = Limits(1e-6, 1e-29, 80, 2.0**-52, False)
_STEPS = 60
_TOGETHER = 2048  # fits
_FITTED = (Status.OK, Status.NO_SIGNAL, Status.MISFIT, Status.OUTLIER)
_CLOSE = 1e-3  # relative error of t at a limit
_FARTHEST = 1e4  # standard errors, beyond which the data set no limit


def profile_intervals(many: ManyFits, name: str, level: float) -> tuple[np.ndarray, np.ndarray]:
    """The limits of one parameter in all fits, in the shape of the fits.

    Raises:
        ArgumentError: where the data are not at hand, or the parameter is fixed.
    """
    plan = many.plan
    if name not in [plan.names[i] for i in plan.params.free]:
        raise ArgumentError(f"{name} is fixed.", next_step="choose a free parameter.")
    if many.batch is None:
        raise ArgumentError(
            "The data of these fits are not at hand.", next_step="fit them again in this process."
        )
    quantile = many.quantile(level).reshape(-1)
    low, high = np.full(many.fits, np.nan), np.full(many.fits, np.nan)
    fitted = np.flatnonzero(np.isin(many.block.status, _FITTED))
    for rows, batch in _batches(many, fitted):
        found = profile_limits(plan, batch, many.block.take(rows), name, quantile[rows])
        if found is None:
            each = [many.fit(np.unravel_index(row, many.shape)) for row in rows]
            pairs = [fit.interval(name, level, "profile-t") for fit in each]
            found = np.array([p.lo for p in pairs]), np.array([p.hi for p in pairs])
        low[rows], high[rows] = found
    return low.reshape(many.shape), high.reshape(many.shape)


def _batches(many: ManyFits, fitted: np.ndarray) -> Iterator[tuple[np.ndarray, Batch]]:
    """Some fits at a time with their data, those of equal length together."""
    assert many.batch is not None
    for first in range(0, len(fitted), _TOGETHER):
        rows = fitted[first : first + _TOGETHER]
        batches = [many.batch(int(row)) for row in rows]
        lengths = np.array([b.y.shape[1] for b in batches])
        for length in np.unique(lengths):
            places = np.flatnonzero(lengths == length)
            yield rows[places], Batch.join([batches[place] for place in places])


def profile_limits(
    plan: Plan, batch: Batch, found: Block, name: str, quantile: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """The limits of one parameter, (fits,) each; None where the plan cannot be run by lanes.

    `found` is what was found for the batch, `quantile` (fits,) the t of the level. A limit is
    infinite where the data set none, and nan where a better fit than the one found was met.
    """
    prepared = prepare(plan)
    if prepared is None or prepared.program is None:
        return None
    place = [plan.names[i] for i in plan.params.free].index(name)
    low, high = np.full(len(batch), np.nan), np.full(len(batch), np.nan)
    with np.errstate(all="ignore"):
        for part, rows in sorted_parts(plan, batch, Block.empty(len(plan.names), len(batch))):
            if not len(rows):
                continue
            search = _Search.of(prepared, part, found.take(rows), place, quantile[rows])
            low[rows], high[rows] = search.limit(-1.0), search.limit(1.0)
    return low, high


@dataclass(frozen=True, eq=False)
class _Search:
    """The search for the limits of one parameter, over the fits of one part."""

    prepared: Prepared
    part: Part
    columns: Columns
    theta: np.ndarray  # (fits, free), in the order of the columns
    place: int  # of the parameter there
    stderr: np.ndarray
    cost: np.ndarray
    scale: np.ndarray  # s**2, by which a growth of chi-squared is measured
    quantile: np.ndarray

    @classmethod
    def of(
        cls, prepared: Prepared, part: Part, found: Block, place: int, quantile: np.ndarray
    ) -> _Search:
        assert prepared.program is not None
        plan = prepared.plan
        free = list(plan.params.free)
        inputs = [prepared.data + i for i in free]
        columns = columns_of(prepared.program, inputs, (), (inputs[place],))
        order = prepared.free(columns.bent)
        scale = np.ones(len(found)) if plan.absolute else found.chi2 / found.dof
        row = free[place]
        return cls(prepared, part, columns, found.theta[free][order].T, order.index(place),
                   found.stderr[row], found.chi2, scale, quantile)  # fmt: skip

    def limit(self, side: float) -> np.ndarray:
        """The limit below (side -1) or above (+1) the estimate, (fits,)."""
        plan = self.prepared.plan
        number = plan.params.free[self.prepared.free(self.columns.bent)[self.place]]
        bound = plan.params.lower[number] if side < 0 else plan.params.upper[number]
        center = self.theta[:, self.place]
        state = _Bracket(self.quantile * self.stderr, np.abs(bound - center))
        starts, result = self.theta.copy(), np.full(len(center), np.nan)
        working = np.flatnonzero(np.isfinite(state.step) & (state.step > 0))
        for turn in range(_STEPS):
            if not len(working):
                break
            step = state.step[working]
            t, best = self._t(working, center[working] + side * step, starts)
            ratio = t / self.quantile[working]
            inside = ratio < 1.0
            starts[working[inside]] = best[inside]
            near = (np.abs(ratio - 1.0) < _CLOSE) | state.narrow(working)
            at_bound = inside & ~near & (step >= state.reach[working])
            open_ = inside & ~near & ~at_bound & (step > _FARTHEST * self.stderr[working])
            result[working[near]] = (center[working] + side * step)[near]
            result[working[at_bound]], result[working[open_]] = bound, side * np.inf
            better = ratio < 0.0
            result[working[better]] = np.nan
            state.move(working, ratio, turn)
            working = working[~(near | at_bound | open_ | better)]
        return result

    def _t(
        self, rows: np.ndarray, values: np.ndarray, starts: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The signed root of the growth of chi-squared, and the point where it was found.

        Infinite where the model is not finite there; negative where a better fit was met.
        """
        given = starts[rows]
        given[:, self.place] = values
        stage = Stage(self.columns, _LIMITS, 64)
        out = run_stage(self.prepared, self.part, stage, rows, given[:, None, :])
        grown = out["cost"][0] - self.cost[rows]
        t = np.sqrt(np.maximum(grown, 0.0) / self.scale[rows])
        t = np.where(np.isfinite(out["cost"][0]), t, np.inf)
        lost = grown < -1e-6 * self.cost[rows] - 1e-3 * self.scale[rows]
        return np.where(lost, -1.0, t), out["best"].T


class _Bracket:
    """Distances from the estimates that are known to be too small or too large, and the next."""

    def __init__(self, step: np.ndarray, reach: np.ndarray):
        count = len(step)
        self.reach, self.step = reach, np.minimum(step, reach)
        self.inner, self.outer = np.zeros(count), np.full(count, np.inf)
        self.below, self.above = np.zeros(count), np.full(count, np.inf)  # t over its limit there

    def narrow(self, rows: np.ndarray) -> np.ndarray:
        """Where nothing is left between the two: t jumps there."""
        return self.outer[rows] - self.inner[rows] < 1e-9 * self.outer[rows]

    def move(self, rows: np.ndarray, ratio: np.ndarray, turn: int) -> None:
        """Take in what was found at the last step, and choose the next one."""
        step, inside = self.step[rows], ratio < 1.0
        self.inner[rows[inside]], self.below[rows[inside]] = step[inside], ratio[inside]
        self.outer[rows[~inside]], self.above[rows[~inside]] = step[~inside], ratio[~inside]
        inner, outer = self.inner[rows], self.outer[rows]
        below, above = self.below[rows], self.above[rows]
        # t grows about in proportion to the distance; at least half as far again is gone.
        further = step * np.clip(1.0 / np.maximum(ratio, 1e-3), 1.5, 5.0)
        straight = inner + (outer - inner) * (1.0 - below) / (above - below)
        middle = 0.5 * (inner + outer)
        between = np.where(np.isfinite(straight) & (turn % 3 < 2), straight, middle)
        chosen = np.where(np.isinf(outer), further, between)
        self.step[rows] = np.minimum(chosen, self.reach[rows])
