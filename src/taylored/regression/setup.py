"""From what the user handed in to a least-squares problem on clean columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from taylored.errors import (
    ArgumentError,
    ColumnError,
    FormulaError,
    ModelError,
    ModelShapeError,
    ModelValueError,
    NotNumericError,
    SigmaError,
    TooFewPointsError,
)
from taylored.evaluate import ModelFunctions
from taylored.formula import Formula, normalize_name, parse, suggest
from taylored.model import Model, Traces, model_of_expression, model_of_function, trace_model
from taylored.optimize.problem import Problem
from taylored.readings.linearity import affine_set, dependence
from taylored.regression.data import Columns, as_column, clean, column_names, table_columns
from taylored.regression.options import Options, ParameterOptions, parameter_options
from taylored.trace.cache import LeastRecentlyUsed

__all__ = ["SIGMA_COLUMN", "Setup", "check_start", "set_up"]


@dataclass(frozen=True, eq=False)
class Setup:
    """Everything a fit needs: model, columns, response, weights, parameters and options."""

    model: Model
    traces: Traces
    columns: Columns
    y: np.ndarray
    sigma: np.ndarray | None
    response: str
    formula: Formula | None
    params: ParameterOptions
    options: Options
    sigma_name: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return self.model.params

    @cached_property
    def data(self) -> tuple[np.ndarray, ...]:
        return tuple(self.columns.values[c] for c in self.model.columns)

    @cached_property
    def free_names(self) -> tuple[str, ...]:
        return tuple(self.names[i] for i in self.params.free)

    @cached_property
    def linear(self) -> np.ndarray:
        """Which free parameters the model is jointly affine in, (free,) bool."""
        program = self.traces.program
        if program is None:
            return np.zeros(len(self.params.free), bool)
        key = (id(program), self.params.free)
        return _linear_sets.find(key, lambda: (self._linear(), program))[0].copy()

    def _linear(self) -> np.ndarray:
        assert self.traces.program is not None
        first = len(self.model.columns)
        wrt = [first + i for i in self.params.free]
        pairs = dependence(self.traces.program).pairs[np.ix_(wrt, wrt)]
        return affine_set(pairs)

    @cached_property
    def functions(self) -> ModelFunctions:
        p, o = self.params, self.options
        return ModelFunctions(self.traces, self.data, p.values, p.free, len(self.y), o.executor)

    @cached_property
    def problem(self) -> Problem:
        free = list(self.params.free)
        weights = None if self.sigma is None else 1.0 / self.sigma
        lower, upper = self.params.lower[free], self.params.upper[free]
        return Problem(self.functions, self.y, weights, lower, upper, self.linear)


_linear_sets = LeastRecentlyUsed(512)
_formulas = LeastRecentlyUsed(512)
_sure = LeastRecentlyUsed(512)


def set_up(
    model: str | Callable,
    data: Any,
    y: Any,
    sigma: Any,
    *,
    parameters: tuple[Any, Any, Any],
    options: Options,
) -> Setup:
    """Read model, data, sigma and (start, bounds, fixed), and check them against each other."""
    if isinstance(model, str):
        formula = _formulas.find(model, lambda: parse(model))
        fitted, raw, response = _from_formula(formula, data, y)
    elif callable(model):
        formula = None
        fitted, raw, response = _from_function(model, data, y)
    else:
        raise ArgumentError(
            f"The model is of the type {type(model).__name__}.",
            next_step='give a formula such as "y ~ a*exp(-x/tau)", or a function f(x, a, tau).',
        )
    raw, sigma_name = _with_sigma(raw, sigma, data)
    columns = clean(raw, options.na)
    values = _response(formula, response, columns)
    errors = _sigma(columns, sigma, sigma_name)
    params = parameter_options(fitted, *parameters)
    if len(values) < len(params.free):
        raise TooFewPointsError(
            f"{len(values)} point{'s' if len(values) != 1 else ''} cannot determine "
            f"{len(params.free)} parameters ({', '.join(fitted.params)}).",
            next_step="fix some with fixed=..., or take a simpler model.",
        )
    arrays = tuple(columns.values[c] for c in fitted.columns)
    traces = trace_model(fitted, arrays, lambda: _sample(params))
    setup = Setup(fitted, traces, columns, values, errors, response, formula, params, options,
                  sigma_name)  # fmt: skip
    if not _shape_is_sure(traces):
        _check_value(setup, _sample(params))
    return setup


def _shape_is_sure(traces: Traces) -> bool:
    """Whether the value must have the shape of the data, whatever the parameters."""
    program = traces.program
    if program is None or not program.elementwise:
        return False
    return _sure.find(id(program), lambda: (not program.holds_arrays, program))[0]


def _sample(params: ParameterOptions) -> list[float]:
    """A point at which the model can be tried: the start where given, else ones, in bounds."""
    start = np.where(np.isnan(params.start), params.values, params.start)
    start = np.where(np.isnan(start), 1.0, start)
    return np.clip(start, params.lower, params.upper).tolist()


def _from_formula(formula: Formula, data: Any, y: Any) -> tuple[Model, dict, str]:
    if y is None:
        return _from_table(formula, data)
    table = _independent(data, formula.model.names, np.size(y))
    response = column = "y"
    if formula.response is not None:
        names = formula.response.names
        if len(names) != 1:
            raise ColumnError(
                f"The response {formula.response.text!r} needs a table with its columns.",
                next_step="give the data as a table: fit(formula, {'x': x, 'y': y}).",
            )
        response, column = formula.response.text, names[0]
    model = model_of_expression(formula.model, tuple(table))
    _check_formula_model(formula, model, tuple(table))
    used = {c: table[c] for c in model.columns}
    return model, {**used, column: as_column(y, column)}, response


def _from_table(formula: Formula, data: Any) -> tuple[Model, dict, str]:
    try:
        names = tuple(normalize_name(str(n)) for n in column_names(data))
    except TypeError:
        raise ArgumentError(
            "The data are not a table, and no y was given.",
            why=f"they are a {type(data).__name__}",
            next_step="give a table (dict of arrays, pandas, polars, pyarrow), or x and y.",
        ) from None
    if formula.response is None:
        raise FormulaError(
            "The formula does not say what is to be fitted.",
            text=formula.text,
            next_step=f"write it as: response ~ {formula.text}",
        )
    model = model_of_expression(formula.model, names)
    _check_formula_model(formula, model, names)
    _check_response_names(formula, names)
    wanted = list(dict.fromkeys([*model.columns, *formula.response.names]))
    return model, table_columns(data, wanted), formula.response.text


def _check_response_names(formula: Formula, names: Sequence[str]) -> None:
    assert formula.response is not None
    for name in formula.response.names:
        if name not in names:
            near = suggest(name, list(names))
            raise ColumnError(
                f"There is no column {name!r} for the response.",
                where=f"{formula.text}\n{' ' * formula.response.positions.get(name, 0)}^",
                why=f"the columns are {', '.join(names)}",
                next_step=f"did you mean {near!r}?" if near else "use one of these.",
            )
    if not formula.response.names:
        raise FormulaError("The response has no column.", text=formula.text,
                           next_step="write: column ~ model")  # fmt: skip


def _check_formula_model(formula: Formula, model: Model, columns: Sequence[str]) -> None:
    if not model.params:
        raise FormulaError(
            "The model has no parameters: every name in it is a column.",
            text=formula.text,
            position=next(iter(formula.model.positions.values()), 0),
            why=f"the columns are {', '.join(columns)}",
            next_step="write the parameters out: a + b*x instead of x.",
        )
    if not model.columns:
        _check_case(formula, model, columns)
    for name in model.params:
        if name.casefold() in ("inf", "nan", "infinity"):
            raise FormulaError(
                f"{name!r} is not a number in formulas, nor a sensible name for a parameter.",
                text=formula.text,
                position=formula.model.positions.get(name, 0),
                next_step="write another name.",
            )
    shared = [
        n for n in (formula.response.names if formula.response else ()) if n in formula.model.names
    ]
    if shared:
        raise FormulaError(
            f"{shared[0]!r} stands on both sides: the response cannot explain itself.",
            text=formula.text,
            position=formula.model.positions.get(shared[0], 0),
            next_step="leave it out of the model, or give it another name there.",
        )


def _check_case(formula: Formula, model: Model, columns: Sequence[str]) -> None:
    """A model without data, with a name that differs from a column's by its case only."""
    folded = {c.casefold(): c for c in columns}
    for name in model.params:
        if name.casefold() in folded:
            raise FormulaError(
                f"{name!r} is not a column, and no other name in the model is one.",
                text=formula.text,
                position=formula.model.positions.get(name, 0),
                why=f"the columns are {', '.join(columns)}",
                next_step=f"did you mean {folded[name.casefold()]!r}?",
            )


def _upright(array: np.ndarray, points: int) -> np.ndarray:
    """Several inputs as (inputs, points), also where they were given as (points, inputs)."""
    return array.T if array.shape[0] == points != array.shape[1] else array


def _independent(data: Any, names: Sequence[str], points: int) -> dict[str, np.ndarray]:
    """x as named columns: a table, one array named x, or several named x1, x2, ..."""
    if isinstance(data, Mapping):
        return {normalize_name(str(k)): as_column(v, str(k)) for k, v in data.items()}
    if isinstance(data, tuple | list) and len(data) and np.ndim(data[0]) == 1:
        return {f"x{i + 1}": as_column(v, f"x{i + 1}") for i, v in enumerate(data)}
    array = data if isinstance(data, np.ndarray) else None
    if array is not None and array.ndim == 2 and 1 not in array.shape:
        array = _upright(array, points)
        return {f"x{i + 1}": as_column(row, f"x{i + 1}") for i, row in enumerate(array)}
    if array is None and hasattr(data, "columns"):
        return table_columns(data, column_names(data))
    name = "x" if "x" in names or len(names) == 0 else _only_candidate(names)
    return {name: as_column(data, name)}


def _only_candidate(names: Sequence[str]) -> str:
    known = [n for n in ("t", "X", "time", "T", "x1") if n in names]
    if len(known) == 1:
        return known[0]
    raise ColumnError(
        "The formula has no x, so that it is not clear which name stands for the data.",
        why=f"its names are {', '.join(names)}",
        next_step="name it: fit(formula, {'name': values}, y).",
    )


def _from_function(function: Callable, data: Any, y: Any) -> tuple[Model, dict, str]:
    if y is None:
        raise ArgumentError(
            "A function needs x and y.",
            next_step='give fit(f, x, y), or a formula "y ~ ..." with a table.',
        )
    stacked = False
    if isinstance(data, Mapping):
        table = {str(k): as_column(v, str(k)) for k, v in data.items()}
    elif isinstance(data, np.ndarray) and data.ndim == 1:
        table = {"x": as_column(data, "x")}
    elif hasattr(data, "columns") and np.ndim(data) == 2:
        table = table_columns(data, column_names(data))
    else:
        table, stacked = _function_data(data, np.size(y))
    model = model_of_function(function, tuple(table), stacked)
    return model, {**table, _RESPONSE: as_column(y, "y")}, _RESPONSE


_RESPONSE = "y"


def _function_data(data: Any, points: int) -> tuple[dict[str, np.ndarray], bool]:
    """x of a function as named columns, and whether they are one argument together."""
    if isinstance(data, tuple | list) and len(data) and np.ndim(data[0]) == 1:
        return {f"x{i + 1}": as_column(row, f"x{i + 1}") for i, row in enumerate(data)}, True
    array = np.asarray(data)
    if array.ndim == 2 and not (1 in array.shape and array.size == points):
        rows = enumerate(_upright(array, points))
        return {f"x{i + 1}": as_column(row, f"x{i + 1}") for i, row in rows}, True
    return {"x": as_column(array, "x")}, False


def _with_sigma(raw: dict, sigma: Any, data: Any) -> tuple[dict, str]:
    if sigma is None or isinstance(sigma, int | float | np.number):
        return raw, ""
    if isinstance(sigma, str):
        if not isinstance(data, Mapping) and not hasattr(data, "columns"):
            raise ArgumentError(
                f"sigma is {sigma!r}, but the data are not a table with columns.",
                next_step="give the standard errors themselves, or a table.",
            )
        return {**raw, SIGMA_COLUMN: table_columns(data, [sigma])[sigma]}, sigma
    return {**raw, SIGMA_COLUMN: as_column(sigma, "sigma")}, "sigma"


SIGMA_COLUMN = " sigma"  # a name that no formula can have


def _sigma(columns: Columns, sigma: Any, name: str) -> np.ndarray | None:
    if sigma is None:
        return None
    values = columns.values.get(SIGMA_COLUMN)
    if values is None:
        points = len(next(iter(columns.values.values())))
        values, name = np.full(points, float(sigma)), "sigma"
    bad = np.flatnonzero(~((values > 0) & (values < np.inf)))
    if len(bad):
        worst = values[bad[0]]
        what = "zero" if worst == 0 else "negative" if worst < 0 else "not finite"
        raise SigmaError(
            f"{name} is {what} in {len(bad)} row{'s' if len(bad) > 1 else ''}.",
            where=f"row {columns.row(int(bad[0]))}: {values[bad[0]]:g}",
            why="a standard error of the data is a positive number",
            next_step="give it the true standard error, or leave the point out.",
        )
    return values


def _response(formula: Formula | None, response: str, columns: Columns) -> np.ndarray:
    if formula is None or formula.response is None or response in columns.values:
        return columns.values[response]
    names = formula.response.names
    from taylored.readings.numpy import compile_numpy
    from taylored.trace.tracer import OPS, record

    expression = formula.response
    program = record(lambda *v: expression.evaluate(dict(zip(names, v, strict=True)), OPS), names)
    with np.errstate(all="ignore"):
        values = compile_numpy(program)(*(columns.values[n] for n in names))[0]
    values = np.asarray(values, float)
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        at = ", ".join(f"{n} = {columns.values[n][bad[0]]:g}" for n in names)
        raise NotNumericError(
            f"The response {expression.text} is not a finite number in {len(bad)} "
            f"row{'s' if len(bad) > 1 else ''}.",
            where=f"row {columns.row(int(bad[0]))}: {at}",
            next_step="leave such rows out, or fit the untransformed response.",
        )
    return values


def _check_value(setup: Setup, sample: Sequence[float]) -> None:
    """One value of the model: it must be one real number per point."""
    theta = np.array([sample[i] for i in setup.params.free])
    with np.errstate(all="ignore"):
        value = np.asarray(setup.functions.value(theta))
    if value.dtype.kind == "c":
        raise ModelValueError(
            f"The model {setup.model.describe} gives complex numbers.",
            next_step="fit its real part, or its absolute value.",
        )
    if value.dtype.kind not in "biuf":
        raise ModelError(f"The model {setup.model.describe} gives {value.dtype}, not numbers.",
                         next_step="return one number per point.")  # fmt: skip
    if value.shape not in ((), (len(setup.y),)):
        raise ModelShapeError(
            f"The model {setup.model.describe} gives the shape {value.shape} "
            f"for {len(setup.y)} points.",
            next_step="it must return one number per point.",
        )


def check_start(setup: Setup) -> None:
    """Refuse a start at which the model is not a finite number.

    Raises:
        ModelValueError: with the row, its data and the start.
    """
    theta = setup.params.start[list(setup.params.free)]
    with np.errstate(all="ignore"):
        value = np.asarray(setup.functions.value(theta))
    if np.isfinite(value).all():
        return
    bad = np.flatnonzero(~np.isfinite(np.broadcast_to(value, setup.y.shape)))
    row = setup.columns.row(int(bad[0]))
    at = ", ".join(
        f"{c} = {v[bad[0]]:g}" for c, v in zip(setup.model.columns, setup.data, strict=True)
    )
    given = ", ".join(f"{n}={setup.params.start[i]:g}" for i, n in enumerate(setup.names))
    raise ModelValueError(
        f"The model is not a finite number at the start in {len(bad)} of {len(setup.y)} points.",
        where=f"row {row}: {at}; start {given}",
        next_step="choose another start, or give none: starts are found from the data.",
    )
