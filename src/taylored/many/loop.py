"""The slow engine: `taylored.fit` for each fit, for models that no other engine can run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from taylored.errors import TayloredError, TooFewPointsError
from taylored.formula import Formula
from taylored.many.block import Batch, Block
from taylored.many.plan import Plan, sample_point
from taylored.many.status import Status
from taylored.model import trace_model
from taylored.regression.data import Apart, Columns
from taylored.regression.fit import fit_setup
from taylored.regression.options import Options
from taylored.regression.result import Fit
from taylored.regression.setup import Setup

__all__ = ["setup_of", "single_fit", "solve_one_by_one"]

_STATUS = {
    "not-finite": Status.NOT_FINITE, "undetermined": Status.RANK_DEFICIENT,
    "few-digits": Status.RANK_DEFICIENT, "no-effect": Status.RANK_DEFICIENT,
}  # fmt: skip


def solve_one_by_one(plan: Plan, batch: Batch) -> Block:
    """Fit row by row."""
    found = Block.empty(len(plan.names), len(batch))
    for row in range(len(batch)):
        _one(plan, batch, row, found)
    return found


def _one(plan: Plan, batch: Batch, row: int, found: Block) -> None:
    y = np.asarray(batch.y[row], float)
    used = np.isfinite(y) if batch.used is None else np.isfinite(y) & batch.used[row]
    found.points[row] = used.sum()
    early = without_fitting(plan, y, used)
    if early is not None:
        found.status[row] = early
        return
    try:
        fit = single_fit(plan, batch, row)
    except TooFewPointsError:
        found.status[row] = Status.TOO_FEW_POINTS
        return
    except TayloredError:
        found.status[row] = Status.NOT_FINITE
        return
    found.theta[:, row] = list(fit.params.values())
    found.stderr[:, row] = list(fit.stderr.values())
    found.chi2[row], found.dof[row] = fit.chi2, fit.dof
    found.evaluations[row] = fit.cost.evaluations
    found.status[row] = _status(fit)


def without_fitting(plan: Plan, y: np.ndarray, used: np.ndarray) -> Status | None:
    if np.isinf(y).any():
        return Status.INFINITE
    if not used.any():
        return Status.MISSING if np.isnan(y).all() else Status.MASKED
    if used.sum() < len(plan.params.free) + (0 if plan.absolute else 1):
        return Status.TOO_FEW_POINTS
    if not y[used].any():
        return Status.ZERO
    return Status.FLAT if np.ptp(y[used]) == 0 else None


def _status(fit: Fit) -> Status:
    names = {f.name: f.severity for f in fit.warnings}
    for name, severity in names.items():
        if severity == "error":
            return _STATUS.get(name, Status.NOT_CONVERGED)
    if "at-bound" in names:
        return Status.AT_BOUND
    if "poor-fit" in names or "pattern" in names:
        return Status.MISFIT
    if "outliers" in names:
        return Status.OUTLIER
    return Status.NO_SIGNAL if "explains-little" in names else Status.OK


def single_fit(plan: Plan, batch: Batch, row: int) -> Fit:
    """The whole `Fit` of one row."""
    y = np.asarray(batch.y[row], float)
    used = np.isfinite(y) if batch.used is None else np.isfinite(y) & batch.used[row]
    shared = plan.sigma if batch.sigma is None else np.asarray(batch.sigma[row], float)
    data = {
        name: np.asarray(batch.columns[i][row] if i in batch.columns else values, float)[used]
        for i, (name, values) in enumerate(zip(plan.model.columns, plan.columns, strict=True))
    }
    return fit_setup(setup_of(plan, data, y[used], None if shared is None else shared[used],
                            None if batch.start is None else batch.start[:, row]))  # fmt: skip


def setup_of(
    plan: Plan, data: Mapping[str, np.ndarray], y: np.ndarray, sigma: np.ndarray | None,
    start: np.ndarray | None,
) -> Setup:  # fmt: skip
    if len(y) < len(plan.params.free):
        raise TooFewPointsError(
            f"{len(y)} points cannot determine {len(plan.params.free)} parameters.",
            next_step="fix some with fixed=..., or take a simpler model.",
        )
    params = plan.params if start is None else replace(plan.params, start=start)
    traces = trace_model(plan.model, tuple(data.values()), lambda: sample_point(params))
    columns = Columns({**data, Apart.RESPONSE: y}, len(y), None, ())
    options = Options(absolute_sigma=plan.absolute if sigma is not None else None)
    expression = plan.model.expression
    formula = None if expression is None else Formula(expression.text, None, expression)
    return Setup(plan.model, traces, columns, y, sigma, plan.response, formula, params, options)
