"""Everything that is the same for all fits: model, shared columns, parameters, options."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.errors import ArgumentError, ColumnError, FormulaError, NotNumericError, SigmaError
from taylored.formula import Formula, parse
from taylored.model import Model, Traces, trace_model
from taylored.regression.data import as_column
from taylored.regression.given import of_formula, of_function
from taylored.regression.options import ParameterOptions, parameter_options

__all__ = ["Plan", "make_plan", "sample_point"]


@dataclass(frozen=True, eq=False)
class Plan:
    """What to fit: the part that all fits share. It can be pickled.

    `columns` are the data columns of the model in its order, each (points,); those that differ
    between fits come with each batch. `sigma` is (points,) where shared. `absolute`: sigma is
    taken as it is. `dtype` is that of the search; what is found is checked in float64.
    """

    model: Model
    columns: tuple[np.ndarray, ...]
    params: ParameterOptions
    sigma: np.ndarray | None = None
    absolute: bool = False
    dtype: str = "float64"
    engine: str = "auto"
    response: str = "y"

    @property
    def names(self) -> tuple[str, ...]:
        """All parameters, in the model's order."""
        return self.model.params

    @property
    def points(self) -> int:
        """Points per fit."""
        return len(self.columns[0])

    @property
    def traces(self) -> Traces:
        """The model's program (from the cache of this process)."""
        return trace_model(self.model, self.columns, lambda: sample_point(self.params))


def make_plan(
    model: str | Callable,
    x: Any,
    points: int,
    *,
    parameters: tuple[Any, Any, Any] = (None, None, None),
    sigma: Any = None,
    absolute_sigma: bool | None = None,
    has_sigma: bool = False,
    dtype: str = "float64",
    engine: str = "auto",
) -> Plan:
    """The plan of a model, its x and (start, bounds, fixed), checked against each other.

    Args:
        model: a formula, with or without a response, or a function f(x, a, b).
        x: (points,), several inputs as (inputs, points), or a table of columns.
        points: values per fit.
        parameters: start, bounds and fixed values by name, as for `fit`.
        sigma: (points,) or one number: standard errors that all fits share.
        absolute_sigma: overrides what sigma implies.
        has_sigma: whether each fit has standard errors of its own.
        dtype: "float64" or "float32".
        engine: "auto", "native", "xla" or "loop".

    Raises:
        FormulaError, ColumnError, ArgumentError, SigmaError: naming place and next step.
    """
    fitted, columns, response = _read(model, x, points)
    for name, values in zip(fitted.columns, columns, strict=True):
        if not np.isfinite(values).all():
            bad = int(np.flatnonzero(~np.isfinite(values))[0])
            raise NotNumericError(
                f"{name} is not a finite number.", where=f"point {bad + 1}: {values[bad]}",
                next_step="leave that point out of x and of every fit.",
            )  # fmt: skip
    _one_of("dtype", dtype, ("float64", "float32"))
    _one_of("engine", engine, ("auto", "native", "xla", "loop"))
    start, bounds, fixed = parameters
    params = parameter_options(fitted, start, bounds, fixed)
    shared = _shared_sigma(sigma, points)
    absolute = absolute_sigma
    if absolute is None:
        absolute = shared is not None or has_sigma
    return Plan(fitted, columns, params, shared, absolute, dtype, engine, response)


def _read(model: Any, x: Any, points: int) -> tuple[Model, tuple[np.ndarray, ...], str]:
    stand_in = np.ones(points)  # a response of the right length: each fit has its own
    if isinstance(model, str):
        formula = parse(model)
        _plain_response(formula)
        given = of_formula(Formula(formula.text, None, formula.model), x, stand_in)
        response = formula.response.text if formula.response else given.response
    elif callable(model):
        given, response = of_function(model, x, stand_in, None), "y"
    else:
        raise ArgumentError(
            f"The model is of the type {type(model).__name__}.",
            next_step='give a formula such as "a*exp(-x/tau) + c", or a function f(x, a, tau).',
        )
    columns = tuple(as_column(given.columns[c], c) for c in given.model.columns)
    for name, values in zip(given.model.columns, columns, strict=True):
        if len(values) != points:
            raise ColumnError(
                f"{name} has {len(values)} points, but each fit has {points}.",
                next_step="Y is (fits, points): the points are its last axis.",
            )
    if not columns:
        raise ArgumentError(
            f"The model {given.model.describe} does not depend on the data.",
            next_step="use the name of x in it.",
        )
    return given.model, columns, response


def _plain_response(formula: Formula) -> None:
    response = formula.response
    if response is not None and response.text not in response.names:
        raise FormulaError(
            f"The response {response.text!r} is computed; many fits take the values as they are.",
            text=formula.text,
            next_step="transform Y, or leave the response out of the formula.",
        )


def _one_of(name: str, value: Any, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise ArgumentError(
            f"{name} is {value!r}.", next_step=f"choose one of {', '.join(allowed)}."
        )


def _shared_sigma(sigma: Any, points: int) -> np.ndarray | None:
    if sigma is None:
        return None
    values = np.asarray(sigma, float)
    if values.ndim == 0:
        values = np.full(points, float(values))
    if values.shape != (points,):
        raise SigmaError(
            f"sigma has the shape {values.shape}, but each fit has {points} points.",
            next_step="give one number, (points,), or the shape of Y.",
        )
    bad = np.flatnonzero(~((values > 0) & np.isfinite(values)))
    if len(bad):
        raise SigmaError(
            f"sigma is {values[bad[0]]:g} at point {bad[0] + 1}.",
            why="a standard error of the data is a positive number",
            next_step="give the true standard error, or leave the point out with mask=.",
        )
    return values


def sample_point(params: ParameterOptions) -> list[float]:
    """A point at which the model can be tried."""
    start = np.where(np.isnan(params.start), params.values, params.start)
    start = np.where(np.isnan(start), 1.0, start)
    return np.clip(start, params.lower, params.upper).tolist()
