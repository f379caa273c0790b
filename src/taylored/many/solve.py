"""Fit the batches of a plan: search, put into one form, finish, judge, look again if in doubt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taylored.many.block import Batch, Block
from taylored.many.canonical import canonical
from taylored.many.columns import Columns
from taylored.many.loop import solve_one_by_one
from taylored.many.native import Shape, runner
from taylored.many.order import in_order, in_units
from taylored.many.plan import Plan
from taylored.many.prepare import Prepared, prepare
from taylored.many.sorting import Part, sorted_parts
from taylored.many.status import Status
from taylored.many.step import Limits
from taylored.many.straight import is_straight, solve_straight
from taylored.many.verdict import Found, doubtful, judge
from taylored.many.xla import xla_runner
from taylored.native.machine import Data

__all__ = ["Stage", "run_stage", "solve"]

_EPSILON = {64: 2.0**-52, 32: 2.0**-23}
_SEARCH = {
    64: Limits(1e-5, 1e-14, 80, _EPSILON[64], True),
    32: Limits(1e-3, 1e-6, 60, _EPSILON[32], True),
}
_FINAL = Limits(1e-10, 1e-29, 120, _EPSILON[64], False)
_SHORT_ZERO = 1e-30  # sums of squares below this have few digits in float32, or none
_TRIED = 96  # starts tried one by one where they cannot be ranked together
# Starts that are followed to their end where the first one, then the first six, end in doubt.
_SEVERAL = (6, 32)
_DOUBTFUL = (Status.NOT_CONVERGED, Status.RANK_DEFICIENT, Status.NOT_FINITE, Status.MISFIT,
             Status.NO_SIGNAL)  # fmt: skip


def solve(plan: Plan, batch: Batch) -> Block:
    """Fit every row of a batch, and judge every fit. Pure: equal input gives equal bits."""
    with np.errstate(all="ignore"):
        prepared = prepare(in_units(plan, batch))
        if prepared is not None and prepared.movable:
            plan, batch = in_order(plan, batch)
            prepared = prepare(in_units(plan, batch))
        alike = prepared is not None and (prepared.mixed or plan.traces.uses_data)
        if prepared is None or (batch.columns and alike):
            return solve_one_by_one(plan, batch)
        found = Block.empty(len(plan.names), len(batch))
        for part, rows in sorted_parts(plan, batch, found):
            if len(rows):
                found.put(rows, _fit(prepared, part, found.points[rows]))
        return found


def _fit(prepared: Prepared, part: Part, points: np.ndarray) -> Block:
    if is_straight(prepared, part):
        found = solve_straight(prepared, part, points)
        return _block(
            prepared.plan, found, judge(found, absolute=prepared.plan.absolute, bent=False)
        )
    if prepared.constant is None:
        return _fitted(prepared, part, points)
    position, factor = prepared.constant
    part = part.shifted()
    found = _fitted(prepared, part, points)
    if part.shift is not None:
        found.theta[position] += part.shift / factor
    return found


def _fitted(prepared: Prepared, part: Part, points: np.ndarray) -> Block:
    starts, rivals, close = _starts(prepared, part)
    theta, cost, passes = _search(prepared, part, np.arange(len(part.y)), starts)
    rows = np.flatnonzero(close)
    if len(rows):
        other, rival_cost, more = _search(prepared, part, rows, rivals[rows, None, :])
        better = rival_cost < cost[rows]
        theta[:, rows[better]] = other[:, better]
        passes[rows] += more
    found, doubt = _finish(prepared, part, points, theta, passes)
    for turn, count in enumerate(_SEVERAL if prepared.search.bent else ()):
        # Noise is looked at once more, and not for ever.
        again = np.isin(found.status, _DOUBTFUL[: len(_DOUBTFUL) - turn])
        rows = np.flatnonzero(again | doubt if turn == 0 else again)
        if len(rows):
            _look_again(prepared, part, points, (rows, count), found)
    return found


def _look_again(
    prepared: Prepared, part: Part, points: np.ndarray, which: tuple[np.ndarray, int],
    found: Block,
) -> None:  # fmt: skip
    """Follow several starts for the fits in doubt; what is better replaces what was found."""
    doubted, count = which
    few = part.take(doubted)
    starts = _several(prepared, few, count)
    rows = np.repeat(np.arange(len(doubted)), starts.shape[1])
    tried = np.ascontiguousarray(starts.reshape(len(rows), 1, -1))
    theta, cost, passes = _search(prepared, few, rows, tried)
    cost = cost.reshape(starts.shape[:2])
    best = np.argmin(np.where(np.isfinite(cost), cost, np.inf), axis=1)
    chosen = np.arange(len(doubted)) * starts.shape[1] + best
    passes = passes.reshape(starts.shape[:2]).sum(axis=1) + found.evaluations[doubted]
    again, _ = _finish(prepared, few, points[doubted], theta[:, chosen], passes)
    before, sound = found.chi2[doubted], ~np.isin(again.status, _DOUBTFUL)
    better = (again.chi2 < before * (1.0 - 1e-9)) | ~np.isfinite(before)
    better |= sound & (again.chi2 <= before * (1.0 + 1e-9))
    found.put(doubted[better], again.take(better))
    found.evaluations[doubted] = again.evaluations


# ---- where to start -------------------------------------------------------------------------


def _starts(prepared: Prepared, part: Part) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Starts of the searched parameters, (fits, tried, bent), and of rivals, where these are close.

    Where the user gave every start there are no rivals.
    """
    given, none = _given(prepared, part), np.zeros(len(part.y), bool)
    if not np.isnan(given).any():
        return given[:, None, :], given, none
    ranking = None if part.own else prepared.ranking
    if ranking is None:
        every = _scaled(prepared, part)
        starts = _filled(every[:, :: max(every.shape[1] // _TRIED, 1)], given)
        return starts, given, none
    best, rivals, close = ranking.best(_ranked(prepared, part))
    rivals = np.where(np.isnan(given), rivals, given)
    return _filled(best[:, None, :], given), rivals, close


def _several(prepared: Prepared, part: Part, count: int) -> np.ndarray:
    """More starts, for fits in doubt: given values are but one of them."""
    given = _given(prepared, part)
    ranking = None if part.own else prepared.ranking
    if ranking is None:
        found = _scaled(prepared, part)
        found = found[:, :: max(found.shape[1] // (4 * count), 1)]
    else:
        found = ranking.several(_ranked(prepared, part), count)
    if np.isnan(given).all():
        return found
    return np.concatenate([found, _filled(found[:, :1], given)], axis=1)


def _ranked(prepared: Prepared, part: Part) -> np.ndarray:
    """y as the candidates are ranked by it: without gaps, over the sigma that all fits share."""
    y = part.filled[:, prepared.ranked_points]
    sigma = prepared.plan.sigma
    return y if sigma is None else y / sigma[prepared.ranked_points]


def _given(prepared: Prepared, part: Part) -> np.ndarray:
    """The starts that the user gave, (fits, bent), nan where none."""
    free = np.array(prepared.plan.params.free)[prepared.free(prepared.search.bent)]
    shared = prepared.plan.params.start[free]
    given = np.broadcast_to(shared, (len(part.y), len(free)))
    if part.start is None:
        return given
    return np.where(np.isnan(part.start[free].T), given, part.start[free].T)


def _filled(starts: np.ndarray, given: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(given)[:, None, :], starts, given[:, None, :])


def _scaled(prepared: Prepared, part: Part) -> np.ndarray:
    """The candidates in the units of each fit's response, (fits, starts, bent)."""
    thetas = prepared.candidates[:, prepared.free(prepared.search.bent)]
    size = np.ptp(part.y, axis=1).astype(float)
    size = np.maximum(size, 1e-3 * np.abs(part.y).max(axis=1))
    factors = size[:, None] ** prepared.powers[:, -1]
    shifts = np.zeros_like(factors)
    for column, values in part.own.items():
        low, span = values.min(axis=1), np.ptp(values, axis=1)
        span = np.where(span > 0, span, 1.0)
        factors *= span[:, None] ** prepared.powers[:, column]
        shifts[:, [c == column for c in prepared.positions]] = low[:, None]
    return thetas[None] * factors[:, None, :] + shifts[:, None, :]


# ---- the two stages -------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, slots=True)
class Stage:
    """One of the two stages: what is summed, when a fit is done, in which precision."""

    columns: Columns
    limits: Limits
    bits: int


def _search(
    prepared: Prepared, part: Part, rows: np.ndarray, starts: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """From starts, one for each of `rows`, to minima: (free, rows), cost and passes (rows,)."""
    columns = prepared.search
    bits = 32 if prepared.plan.dtype == "float32" else 64
    out = run_stage(prepared, part, Stage(columns, _SEARCH[bits], bits), rows, starts)
    if bits == 32:
        # Beyond the range of float32, or of its digits: again in float64.
        lost = np.flatnonzero((out["converged"][0] < 0.5) | ~(out["cost"][0] > _SHORT_ZERO))
        if len(lost):
            stage = Stage(columns, _SEARCH[64], 64)
            again = run_stage(prepared, part, stage, rows[lost], starts[lost])
            for name, values in again.items():
                out[name][:, lost] = values
    theta = np.zeros((len(prepared.plan.params.free), len(rows)))
    theta[prepared.free(columns.bent)] = out["best"]
    theta[prepared.free(columns.straight)] = out["linear"]
    return canonical(prepared, theta), out["cost"][0], out["count"][0]


def _finish(
    prepared: Prepared, part: Part, points: np.ndarray, theta: np.ndarray, passes: np.ndarray
) -> tuple[Block, np.ndarray]:
    """Go on with residuals instead of products, in float64, and judge; where doubt is left."""
    plan, columns = prepared.plan, prepared.full
    places = np.array(prepared.free(columns.bent), np.intp)
    starts = theta[places].T[:, None, :]
    out = run_stage(prepared, part, Stage(columns, _FINAL, 64), np.arange(len(part.y)), starts)
    order = np.argsort(places)
    found = Found(
        out["best"][order], out["variance"][order], out["held"][order], out["cost"][0],
        out["converged"][0], out["pivot"][0], out["lag"][0], out["largest"][0], points,
        part.squares(), passes + out["count"][0],
    )  # fmt: skip
    code = judge(found, absolute=plan.absolute, bent=bool(prepared.search.bent))
    return _block(plan, found, code), doubtful(found, plan.absolute)


def run_stage(
    prepared: Prepared, part: Part, stage: Stage, rows: np.ndarray, starts: np.ndarray
) -> dict[str, np.ndarray]:
    """The results of one stage by name, (rows of it, fits), from `starts` (fits, tried, bent)."""
    plan, columns = prepared.plan, stage.columns
    source = 64 if part.y.dtype == np.float64 else 32
    shape = Shape(tuple(sorted(part.own)), part.weighted, stage.bits, source)
    engine = xla_runner if prepared.in_xla else runner
    made = engine(columns, prepared.data, shape, stage.limits)
    recipe, p = made.machine.recipe, plan.params
    bent = [n - prepared.data for n in columns.bent]
    fixed = [n - prepared.data for n in recipe.fixed]
    low, high = p.lower[bent], p.upper[bent]
    data = Data(
        np.ascontiguousarray(part.y), rows, np.clip(starts, low, high), prepared.shared,
        np.array(p.values)[fixed], low, high, part.weights,
        {k: part.own[k] for k in set(recipe.own.values())},
    )  # fmt: skip
    return made.run(data)


def _block(plan: Plan, found: Found, code: np.ndarray) -> Block:
    free, dof = list(plan.params.free), found.dof
    scale = 1.0 if plan.absolute else np.where(dof > 0, found.cost / dof, np.nan)
    stderr = np.sqrt(found.variance * scale)
    stderr[found.held > 0.5] = np.nan
    stderr[:, code == Status.RANK_DEFICIENT] = np.inf
    theta = np.tile(np.array(plan.params.values)[:, None], len(code))
    errors = np.zeros_like(theta)
    theta[free], errors[free] = found.theta, stderr
    return Block(theta, errors, found.cost, dof.astype(np.int32), found.points.astype(np.int32),
                 code, found.passes.astype(np.int32))  # fmt: skip
