"""One fit to data in chunks: a start from a sample, then passes over all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from taylored.errors import (
    ArgumentError,
    ClusterLostError,
    EmptyDataError,
    ModelError,
    TooFewPointsError,
)
from taylored.evaluate import ModelFunctions
from taylored.many.big.pieces import Ready, Recipe
from taylored.many.big.problem import ChunkedFunctions, ChunkedProblem, Passes
from taylored.many.big.result import BigFit, BigSetup
from taylored.many.big.runner import ClusterLost, Runner, current_client, runner_for
from taylored.many.big.source import Source, open_source
from taylored.many.big.survey import SAMPLE, Survey, surveyed, together
from taylored.model import trace_model
from taylored.optimize.least_squares import Solution, finish, refine
from taylored.optimize.newton import curvature_at
from taylored.optimize.point import evaluate
from taylored.optimize.problem import Problem
from taylored.regression.data import Apart, Columns
from taylored.regression.fit import fit_setup
from taylored.regression.options import Options, refuse_arguments
from taylored.regression.precision import quick_digits
from taylored.regression.result import Cost, Fit
from taylored.regression.setup import Setup
from taylored.tables import counted

__all__ = ["fit_big"]

_ENOUGH = 10.0  # digits by the quick estimate that are not worth passes in doubled precision
_CLOSE = 1e-8  # rounding beyond this part of the residuals leaves few digits of their sum


def fit_big(
    model: str | Callable,
    data: Any,
    y: Any = None,
    *,
    sigma: Any = None,
    start: Mapping[str, float] | None = None,
    bounds: Mapping[str, tuple[float | None, float | None]] | None = None,
    fixed: Mapping[str, float] | None = None,
    absolute_sigma: bool | None = None,
    na: str = "drop",
    search: str = "auto",
    seed: int = 0,
    executor: str = "auto",
    callback: Callable[[Any], None] | None = None,
    client: Any = None,
    **misnamed: Any,
) -> BigFit:
    """Fit a model to data that need not fit into memory; `taylored.fit` comes here by itself.

    Args:
        model: as for `fit`; its value at a row must depend on that row alone.
        data: a Dask dataframe, `Chunks`, an xarray Dataset or DataArray on Dask, or x as a Dask
            array: (points,), several inputs as (inputs, points).
        y: the response where `data` is x: a Dask array, (points,); or a column's name.
        sigma: standard errors: a column's name, one number, or a Dask array, (points,).
        start: as for `fit`; those missing are found from a sample of 4000 rows.
        bounds: as for `fit`.
        fixed: as for `fit`.
        absolute_sigma: as for `fit`.
        na: as for `fit`.
        search: as for `fit`: how the sample is fitted.
        seed: of the sample and of the starts.
        executor: as for `fit`: how the sample is fitted.
        callback: called with the point of every pass over the data.
        client: a Dask client (default: the current one; without one, this process).
        misnamed: refused.

    Returns:
        BigFit: as a Fit, without what has one number per row.

    Numerical error:
        By orthogonal factorization in a fixed tree over the rows: the result depends on the
        chunks, but not on how many workers or threads looked at them.

    Raises:
        FormulaError, DataError, ModelError, ArgumentError: as for `fit`, with the chunk.
        ClusterLostError: where the cluster goes away; with the last point, as `start`.

    Source: J. Demmel et al., SIAM J. Sci. Comput. 34 (2012), A206.
    """
    if misnamed:
        refuse_arguments(misnamed)
    _check(sigma, absolute_sigma, callback)
    options = Options(na, absolute_sigma, search, seed, executor)
    source = open_source(model, data, y, sigma, parameters=(start, bounds, fixed), na=na)
    runner = runner_for(source.recipe, source.pieces, source.lazy, client or current_client())
    passes = Passes(runner, np.zeros((0, 2)), callback=callback)
    try:
        runner.keep(source.nbytes)
        survey = _survey(source, runner, seed)
        sample = _sample_fit(source, survey, options)
        passes.ranges = np.array([[d.min(), d.max()] for d in sample.setup.data]).reshape(-1, 2)
        runner.keep(survey.nbytes)
        return _fitted(source, survey, sample, passes)
    except ClusterLost as lost:
        raise _lost(lost, source, passes) from lost


def _check(sigma: Any, absolute_sigma: bool | None, callback: Any) -> None:
    if absolute_sigma is True and sigma is None:
        raise ArgumentError(
            "absolute_sigma=True needs a sigma.",
            next_step="give the standard errors as sigma=..., or leave absolute_sigma out.",
        )
    if callback is not None and not callable(callback):
        raise ArgumentError("callback is not a function.", next_step="give one of one argument.")


def _lost(lost: ClusterLost, source: Source, passes: Passes) -> ClusterLostError:
    """The cluster is gone: what was reached is in the error."""
    names = [source.recipe.model.params[i] for i in source.params.free]
    found = {} if passes.last is None else dict(zip(names, passes.last.theta.tolist(), strict=True))
    at = ", ".join(f"{n}={v:.17g}" for n, v in found.items())
    again = f"start it again, and go on from there: start=dict({at})" if found else "start it again"
    error = ClusterLostError(
        f"The cluster went away after {counted(passes.count, 'look')} at all rows.",
        where=f"the last point was {at}, chi-squared {passes.last.cost:.8g}" if passes.last else "",
        why=str(lost),
        next_step=f"{again}.",
    )
    error.__dict__["start"] = found
    return error


# ---- the sample -----------------------------------------------------------------------------


def survey_task(recipe: Recipe, ready: Ready, index: int, seed: int, most: int) -> Survey:
    """What a worker is asked for first."""
    return surveyed(ready, index, seed, most)


def _survey(source: Source, runner: Runner, seed: int) -> Survey:
    most = min(SAMPLE, 64 + 4 * SAMPLE // len(source.pieces))
    survey = together(runner.each(survey_task, seed, most))
    free = len(source.params.free)
    if not survey.points:
        raise EmptyDataError(
            "There are no rows to fit." if not survey.total else "Every row has a missing value.",
            why="; ".join(f"{d.reason} in {d.count} rows" for d in survey.dropped),
            next_step="check that the columns are the right ones.",
        )
    if survey.points < free:
        raise TooFewPointsError(
            f"{survey.points} points cannot determine {free} parameters "
            f"({', '.join(source.recipe.model.params)}).",
            next_step="fix some with fixed=..., or take a simpler model.",
        )
    return survey


def _sample_fit(source: Source, survey: Survey, options: Options) -> Fit:
    """The ordinary fit of the sample: start, and hints for the verdict.

    Raises:
        ModelError: where the model looks at other rows than its own.
    """
    model, recipe = source.recipe.model, source.recipe
    width = len(model.columns)
    data, y = tuple(survey.rows[:width]), survey.rows[width]
    sigma = survey.rows[width + 1] if len(survey.rows) > width + 1 else None
    traces = trace_model(model, data, lambda: recipe.sample)
    _check_rows_alone(source, ModelFunctions(
        traces, data, source.params.values, source.params.free, len(y), "numpy"
    ))  # fmt: skip
    values: dict[str | Apart, np.ndarray] = dict(zip(model.columns, data, strict=True))
    values[Apart.RESPONSE] = y
    columns = Columns(values, len(y), None, ())
    name = recipe.sigma if isinstance(recipe.sigma, str) else "sigma"
    setup = Setup(model, traces, columns, y, sigma, source.given.response, source.formula,
                  source.params, options, name, source.given.turned)  # fmt: skip
    return fit_setup(setup)


def _check_rows_alone(source: Source, functions: ModelFunctions) -> None:
    if functions.separable:
        return
    if functions.traces.program is None and _same_in_halves(source, functions):
        return
    raise ModelError(
        f"The model {source.recipe.model.describe} looks at more than one row at a time.",
        why="data in chunks are never together, so that its value would depend on the chunks",
        next_step="compute such parts (a mean, a cumulative sum) before, as a column of their own.",
    )


def _same_in_halves(source: Source, functions: ModelFunctions) -> bool:
    """Whether a model that cannot be traced gives each row the same value in other company."""
    theta = np.array([source.recipe.sample[i] for i in source.params.free])
    whole = np.broadcast_to(functions.value(theta), (functions.points,))
    found = []
    for rows in (slice(None, None, 2), slice(1, None, 2)):
        data = tuple(d[rows] for d in functions.data)
        part = replace(functions, data=data, points=len(whole[rows]))
        found.append(np.array_equal(np.broadcast_to(part.value(theta), whole[rows].shape),
                                    whole[rows], equal_nan=True))  # fmt: skip
    return all(found)


# ---- all rows -------------------------------------------------------------------------------


def _fitted(source: Source, survey: Survey, sample: Fit, passes: Passes) -> BigFit:
    params = source.params
    functions = ChunkedFunctions(passes, params.values, params.free)
    free = list(params.free)
    problem = ChunkedProblem(
        functions, np.zeros(1), None, params.lower[free], params.upper[free], sample.setup.linear,
        total=survey.squares,
    )  # fmt: skip
    columns = replace(sample.setup.columns, total=survey.total, dropped=survey.dropped)
    setup = BigSetup.of(sample.setup, columns, problem, survey, len(source.pieces))
    with np.errstate(all="ignore"):
        whole = survey.points == len(sample.setup.y)
        solution = _as_in(problem, sample.solution) if whole else None
        solution = solution or _solved(problem, sample.solution.point.theta)
        solution = _sharpened(setup, solution, stay=whole)
        solution = replace(solution, elsewhere=sample.solution.elsewhere)
        check = functions.passes.factor(functions, solution.point.theta, second=True)
    cost = Cost(passes.count, problem.counts.iterations, sample.cost.starts)
    return BigFit(setup, solution, False, cost, sample, check.bins)


def _solved(problem: Problem, start: np.ndarray) -> Solution:
    """The minimum near the start: by Newton's method where that leads, as from a good sample."""
    start = np.clip(start, problem.lower, problem.upper)
    assert isinstance(problem.functions, ChunkedFunctions)
    problem.functions.passes.second = True  # sums of second derivatives come with every pass
    first = finish(problem, evaluate(problem, start), "Newton")
    if first.minimum:
        return first
    problem.functions.passes.second = False
    return refine(problem, first.point.theta if first.point.finite else start)


def _as_in(problem: Problem, sample: Solution) -> Solution | None:
    """The sample's own solution, where it holds every row: it has all the digits there are."""
    if not sample.minimum:
        return None
    point = evaluate(problem, sample.point.theta)
    try:
        curvature = curvature_at(problem, point, ~sample.held)
    except np.linalg.LinAlgError:
        return None
    return replace(sample, point=point, curvature=curvature) if point.finite else None


def _sharpened(setup: BigSetup, solution: Solution, stay: bool) -> Solution:
    """The last digits, where they are missing, by residuals in doubled precision.

    `stay`: the parameters have theirs, and only the residuals may lack some.
    """
    if solution.curvature is None or not solution.minimum or not setup.functions.exact:
        return solution
    rounding = 1e-16 * np.sqrt(setup.chunked.squares)
    few = rounding > _CLOSE * np.sqrt(solution.point.cost)
    if not few and (stay or quick_digits(setup, solution) >= _ENOUGH):
        return solution
    functions = setup.chunked.functions
    assert isinstance(functions, ChunkedFunctions)
    functions.passes.sharp = True
    if stay:
        return _as_in(setup.chunked, solution) or solution
    point = evaluate(setup.chunked, solution.point.theta)
    sharp = finish(setup.chunked, point, solution.algorithm)
    return sharp if sharp.minimum else solution
