"""The verbs of regression: `fit` any model, `line` a straight line."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.regression.data import is_table, table_columns
from taylored.regression.line_fit import LineFit
from taylored.regression.options import Options, refuse_arguments
from taylored.regression.precision import sharpen
from taylored.regression.result import Cost, Fit
from taylored.regression.search import find
from taylored.regression.setup import Setup, set_up

__all__ = ["fit", "fit_setup", "line"]

_MOST_INPUTS = 100


def fit(
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
    **misnamed: Any,
) -> Fit:
    """Fit a model to data by least squares (chi-squared where sigma is given).

    Minimizes `sum(((y - f(x; params)) / sigma)**2)` with exact derivatives, the parameters in
    which f is linear eliminated.

    Args:
        model: a formula "y ~ a*exp(-x/tau) + c", whose names are columns of the table or else
            parameters; or a function f(x, a, tau, c) written with NumPy or jax.numpy.
        data: a table (dict of arrays, pandas, polars, pyarrow), or x: (points,), or several
            inputs as (inputs, points). Data of Dask, and `Chunks`, may be larger than memory.
        y: the response, (points,), where `data` is x.
        sigma: the standard errors of y: (points,), one number, or a column's name. Then it is
            taken as it is (absolute); without it the scatter of the residuals is used.
        start: start values by name. Those missing are found from the data.
        bounds: (low, high) by name, None for an open side.
        fixed: values of parameters that are not to be fitted.
        absolute_sigma: True or False overrides what `sigma` implies.
        na: "drop" leaves rows with missing values out and says so; "fail" refuses them.
        search: "auto" looks elsewhere where a given start leads to a doubtful fit; "never"
            stays there; "always" ignores the start's basin.
        seed: of the automatic starts.
        executor: "auto", "numpy" or "xla".
        callback: called with every accepted step; an exception of its own stops the fit.
        misnamed: refused, naming what to write instead of other libraries' arguments.

    Returns:
        Fit: params, stderr, digits, interval(), predict(), report(), plot(), ...

    Numerical error:
        `digits` says how many digits of each estimate are right; they are checked against the
        certified problems of NIST.

    Raises:
        FormulaError, DataError, ModelError, ArgumentError: each naming place and next step.

    Example:
        >>> import taylored as ty
        >>> f = ty.fit("y ~ a + b*x", {"x": [0.0, 1.0, 2.0], "y": [1.0, 3.1, 4.9]})
        >>> round(f.params["b"], 6)
        1.95

    Source: J. J. More (1978); L. Kaufman, BIT 15 (1975); Bates and Watts (1988).
    """
    if _in_chunks(data) or _in_chunks(y):
        return importlib.import_module("taylored.many.big").fit_big(
            model, data, y, sigma=sigma, start=start, bounds=bounds, fixed=fixed,
            absolute_sigma=absolute_sigma, na=na, search=search, seed=seed, executor=executor,
            callback=callback, **misnamed,
        )  # fmt: skip
    if misnamed:
        refuse_arguments(misnamed)
    if absolute_sigma is True and sigma is None:
        raise ArgumentError(
            "absolute_sigma=True needs a sigma.",
            next_step="give the standard errors as sigma=..., or leave absolute_sigma out.",
        )
    if callback is not None and not callable(callback):
        raise ArgumentError("callback is not a function.", next_step="give one of one argument.")
    options = Options(na, absolute_sigma, search, seed, executor)
    setup = set_up(model, data, y, sigma, parameters=(start, bounds, fixed), options=options)
    return fit_setup(setup, callback)


def _in_chunks(data: Any) -> bool:
    """Whether data come in chunks, as from Dask: those are fitted without being together."""
    if isinstance(data, np.ndarray):
        return False
    if isinstance(data, Mapping):
        return any(map(_in_chunks, data.values()))
    if isinstance(data, tuple | list):  # several inputs, not many numbers
        return len(data) < _MOST_INPUTS and any(map(_in_chunks, data))
    graph = getattr(data, "__dask_graph__", None)
    return getattr(data, "in_chunks", False) is True or (callable(graph) and graph() is not None)


def fit_setup(setup: Setup, callback: Callable[[Any], None] | None = None) -> Fit:
    """Fit a problem that is set up already."""
    with np.errstate(all="ignore"):
        solution, automatic = find(setup, callback)
        solution = sharpen(setup, solution)
    counts = setup.problem.counts
    cost = Cost(counts.evaluations, counts.iterations, solution.tried)
    return Fit(setup, solution, automatic, cost)


def line(x: Any, y: Any = None, sigma: Any = None, **options: Any) -> LineFit:
    """Fit a straight line, `y = intercept + slope*x`.

    Args:
        x: (points,), or a table with the columns x and y.
        y: (points,).
        sigma: the standard errors of y, as for `fit`.
        options: as for `fit`.

    Returns:
        LineFit: a Fit with `.slope` and `.intercept`.

    Numerical error:
        Solved by orthogonal factorization and refined in doubled precision.

    Example:
        >>> import taylored as ty
        >>> ty.line([0.0, 1.0, 2.0], [1.0, 3.1, 4.9]).slope
        1.95

    Source: A. Bjorck, BIT 7 (1967).
    """
    if is_table(x):  # with a column called slope, the slope would be data
        named = [sigma] if isinstance(sigma, str) else []
        x = table_columns(x, ["x", *(["y"] if y is None else []), *named])
    found = fit("y ~ intercept + slope*x", x, y, sigma=sigma, **options)
    return LineFit(found.setup, found.solution, found.automatic, found.cost)
