"""From what the user handed in to a least-squares problem on clean columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from taylored.errors import (
    ArgumentError,
    ModelError,
    ModelShapeError,
    ModelValueError,
    NotNumericError,
    SigmaError,
    TooFewPointsError,
)
from taylored.evaluate import ModelFunctions
from taylored.formula import Formula, parse
from taylored.model import Model, Traces, trace_model
from taylored.optimize.problem import Problem
from taylored.readings.linearity import affine_set, dependence
from taylored.regression.data import Apart, Columns, clean
from taylored.regression.given import of_formula, of_function, with_sigma
from taylored.regression.options import Options, ParameterOptions, parameter_options
from taylored.trace.cache import LeastRecentlyUsed

__all__ = ["Setup", "check_start", "response_values", "set_up", "sigma_values", "traced_setup"]


@dataclass(frozen=True, eq=False)
class Setup:
    """Everything a fit needs: model, columns, response, weights, parameters and options.

    `turned`: several inputs were given as one array (points, inputs).
    """

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
    turned: bool = False

    def __reduce__(self) -> tuple[Any, ...]:
        """For pickle: programs hold closures, and are made anew."""
        kept = (f.name for f in fields(self) if f.name != "traces")
        return traced_setup, ({name: getattr(self, name) for name in kept},)

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


def traced_setup(kept: dict[str, Any]) -> Setup:
    """A setup from all its fields but the traces."""
    model, columns, params = kept["model"], kept["columns"], kept["params"]
    arrays = tuple(columns.values[c] for c in model.columns)
    return Setup(traces=trace_model(model, arrays, lambda: _sample(params)), **kept)


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
    formula = None
    if isinstance(model, str):
        formula = _formulas.find(model, lambda: parse(model))
        given = of_formula(formula, data, y)
    elif callable(model):
        given = of_function(model, data, y, sigma)
    else:
        raise ArgumentError(
            f"The model is of the type {type(model).__name__}.",
            next_step='give a formula such as "y ~ a*exp(-x/tau)", or a function f(x, a, tau).',
        )
    fitted = given.model
    raw, sigma_name = with_sigma(given.columns, sigma, data)
    columns = clean(raw, options.na)
    values = response_values(formula, columns)
    errors = sigma_values(columns, sigma, sigma_name)
    params = parameter_options(fitted, *parameters)
    if len(values) < len(params.free):
        raise TooFewPointsError(
            f"{len(values)} point{'s' if len(values) != 1 else ''} cannot determine "
            f"{len(params.free)} parameters ({', '.join(fitted.params)}).",
            next_step="fix some with fixed=..., or take a simpler model.",
        )
    arrays = tuple(columns.values[c] for c in fitted.columns)
    traces = trace_model(fitted, arrays, lambda: _sample(params))
    setup = Setup(fitted, traces, columns, values, errors, given.response, formula, params, options,
                  sigma_name, given.turned)  # fmt: skip
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


def sigma_values(columns: Columns, sigma: Any, name: str) -> np.ndarray | None:
    """The standard errors of the data, checked; None without."""
    if sigma is None:
        return None
    values = columns.values.get(Apart.SIGMA)
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


def response_values(formula: Formula | None, columns: Columns) -> np.ndarray:
    """The response, which may be computed from columns."""
    if Apart.RESPONSE in columns.values:
        return columns.values[Apart.RESPONSE]
    assert formula is not None and formula.response is not None
    names = formula.response.names
    if formula.response.text == names[0] and names[0].isidentifier():
        return columns.values[names[0]]
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
