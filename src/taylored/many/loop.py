"""The slow engine: `taylored.fit` for each fit, for models that no other engine can run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from taylored.errors import TayloredError, TooFewPointsError
from taylored.formula import Formula
from taylored.many.block import Batch, Block
from taylored.many.plan import Plan, sample_point
from taylored.many.sorting import sorted_parts
from taylored.many.status import Status
from taylored.many.verdict import Found, judge
from taylored.model import trace_model
from taylored.regression.data import Apart, Columns
from taylored.regression.fit import fit_setup
from taylored.regression.options import Options
from taylored.regression.result import Fit
from taylored.regression.setup import Setup

__all__ = ["setup_of", "single_fit", "solve_one_by_one"]

# Findings of a single fit that say that the data do not determine a parameter.
_UNDETERMINED = ("undetermined", "few-digits", "no-effect")


def solve_one_by_one(plan: Plan, batch: Batch) -> Block:
    """Fit row by row; the verdicts are those of the other engines."""
    found = Block.empty(len(plan.names), len(batch))
    sorted_parts(plan, batch, found)  # gives the verdicts that need no fit
    for row in np.flatnonzero(found.status == Status.OK).tolist():
        _one(plan, batch, row, found)
    return found


def _one(plan: Plan, batch: Batch, row: int, found: Block) -> None:
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
    found.status[row] = _status(plan, fit, _used(batch, row))


def _used(batch: Batch, row: int) -> np.ndarray:
    finite = np.isfinite(np.asarray(batch.y[row], float))
    return finite if batch.used is None else finite & batch.used[row]


def _status(plan: Plan, fit: Fit, used: np.ndarray) -> Status:
    """The verdict by the rules for many fits, and by what a single one knows besides."""
    errors = {f.name for f in fit._decisive if f.severity == "error"}
    code = judge(_found(fit, used, errors), absolute=plan.absolute,
                 bent=not fit.setup.linear.all())  # fmt: skip
    doubtful = code[0] == Status.OK and errors  # such as a better fit that may exist
    return Status.NOT_CONVERGED if doubtful else Status(code[0])


def _found(fit: Fit, used: np.ndarray, errors: set[str]) -> Found:
    """One fit as what the other engines have of each, (..., 1)."""
    solution, point = fit.solution, fit.solution.point
    r = np.zeros(len(used))
    r[used] = point.r
    minimum = solution.converged and "not-a-minimum" not in errors
    pivot = 0.0 if errors & {*_UNDETERMINED} else _least_pivot(point.rows[~solution.held])
    # Where nothing is determined there is no curvature, and no more to reach.
    converged = minimum or "undetermined" in errors
    return Found(
        point.theta[:, None], np.full((len(point.theta), 1), np.nan),  # told by the fit itself
        solution.held.astype(float)[:, None],
        *map(np.atleast_1d, (
            point.cost, float(converged), pivot, r[1:] @ r[:-1], np.abs(r).max(), fit.points,
            _squares(fit.setup), fit.cost.evaluations,
        )),
    )  # fmt: skip


def _least_pivot(rows: np.ndarray) -> float:
    """Of the normal matrix, relative to its diagonal: the squared sine of the smallest angle
    between a derivative and those before it."""
    lengths = np.linalg.norm(rows, axis=1)
    if not len(rows) or not np.isfinite(lengths).all():
        return float(not len(rows))
    upper = np.linalg.qr((rows / np.where(lengths > 0, lengths, 1.0)[:, None]).T, mode="r")
    return float(np.square(np.diag(upper)).min()) if len(upper) == len(rows) else 0.0


def _squares(setup: Setup) -> float:
    """The weighted sum of squares of y about its weighted mean."""
    weight = np.ones(len(setup.y)) if setup.sigma is None else 1.0 / setup.sigma**2
    mean = (weight * setup.y).sum() / weight.sum()
    return float((weight * np.square(setup.y - mean)).sum())


def single_fit(plan: Plan, batch: Batch, row: int) -> Fit:
    """The whole `Fit` of one row."""
    y, used = np.asarray(batch.y[row], float), _used(batch, row)
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
