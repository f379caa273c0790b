"""What the user handed in, as one function of named inputs.

A model is a formula or a Python function. It is made into a program once per shape of its data
(and once at all where it is elementwise), with NumPy's functions or JAX's, whichever the user
wrote; a function that cannot be traced is still fitted, by finite differences, and says so.
"""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from taylored.errors import MissingRule, ModelError
from taylored.formula import Expression
from taylored.trace.cache import LeastRecentlyUsed, function_key
from taylored.trace.program import Constant, Program
from taylored.trace.tracer import OPS, Traced, Untraceable, record

__all__ = ["Model", "Traces", "argument_names", "model_of_expression", "model_of_function"]


class Rows(tuple):
    """Several inputs as one argument: `x[0]`, `x1, x2 = x`, without being a single array."""

    __slots__ = ()


@dataclass(frozen=True, eq=False)
class Model:
    """One function of named inputs: `columns` are data, `params` are to be found.

    `call(*columns, *params)` evaluates it on arrays. `key` is equal for models that compute the
    same, None where that is not known. `describe` is what to call it in messages.
    """

    columns: tuple[str, ...]
    params: tuple[str, ...]
    call: Callable[..., Any]
    key: Hashable | None
    describe: str
    expression: Expression | None = None
    stacked: bool = False  # whether `call` takes all columns as one array (columns, points)
    defaults: Mapping[str, float] = field(default_factory=dict)
    function: Callable | None = None  # the user's own

    def __reduce__(self) -> tuple[Any, ...]:
        """For pickle: `call` may be a closure, but what it was made from is not."""
        if self.expression is not None:
            return model_of_expression, (self.expression, self.columns, True)
        return model_of_function, (self.function, self.columns, self.stacked)

    @property
    def names(self) -> tuple[str, ...]:
        """Columns, then parameters: the inputs in order."""
        return (*self.columns, *self.params)

    def value(self, *inputs: Any) -> np.ndarray:
        """The function on numbers, in float64 also where it is one of JAX.

        It gets copies: a function may change its arguments in place.
        """
        own = [np.array(v) if isinstance(v, np.ndarray) else v for v in inputs]
        if "jax" not in sys.modules:
            return np.asarray(self.call(*own))
        from taylored.trace.fresh import with_own_arrays
        from taylored.trace.jaxpr import float64

        with float64():
            return np.asarray(with_own_arrays(self.call)(*own))


def model_of_expression(
    expression: Expression, columns: Sequence[str], in_order: bool = False
) -> Model:
    """The model of a formula's expression: names that are columns are data, the rest parameters.

    Data are in the order of the formula, or `in_order` of `columns`.
    """
    data = tuple(n for n in expression.names if n in columns)
    if in_order:
        data = tuple(n for n in columns if n in data)
    params = tuple(n for n in expression.names if n not in columns)
    names = (*data, *params)

    def call(*values: Any) -> Any:
        return expression.evaluate(dict(zip(names, values, strict=True)), OPS)

    return Model(data, params, call, ("expression", expression, data), expression.text, expression)


_signatures = LeastRecentlyUsed(512)


def model_of_function(function: Callable, columns: Sequence[str], stacked: bool = False) -> Model:
    """The model of a Python function: its first arguments are `columns`, the rest parameters.

    Where `columns` names arguments of the function they are matched by name.

    Raises:
        ModelError: if the signature does not say what the parameters are.
    """
    arguments, defaults = _arguments(function)
    width = 1 if stacked else len(columns)
    if not stacked and columns and all(c in arguments for c in columns):
        ordered = [a for a in arguments if a in columns]
        if ordered != arguments[: len(columns)]:
            return _by_name(function, arguments, ordered, defaults)
        columns = ordered
    params = tuple(arguments[width:])
    if not params:
        raise ModelError(
            f"The model {_name(function)} has no parameters.",
            why=f"its arguments are ({', '.join(arguments)}); the first "
            f"{'is' if width == 1 else f'{width} are'} the data.",
            next_step="write it as f(x, a, b, ...).",
        )
    key = function_key(function)
    call = _stacking(function, len(columns)) if stacked else function
    return Model(
        tuple(columns), params, call, None if key is None else ("function", key, tuple(columns)),
        _name(function), None, stacked, {k: v for k, v in defaults.items() if k in params},
        function,
    )  # fmt: skip


def _by_name(
    function: Callable, arguments: list[str], columns: list[str], defaults: Mapping[str, float]
) -> Model:
    params = [a for a in arguments if a not in columns]
    order = [*columns, *params]

    def call(*values: Any) -> Any:
        given = dict(zip(order, values, strict=True))
        return function(*(given[a] for a in arguments))

    key = function_key(function)
    return Model(
        tuple(columns), tuple(params), call,
        None if key is None else ("named", key, tuple(columns)), _name(function), None, False,
        {k: v for k, v in defaults.items() if k in params}, function,
    )  # fmt: skip


def _stacking(function: Callable, count: int) -> Callable:
    def call(*values: Any) -> Any:
        columns = values[:count]
        if any(isinstance(c, Traced) for c in columns):
            return function(Rows(columns), *values[count:])
        return function(_stack(columns), *values[count:])

    return call


def _stack(columns: Sequence[Any]) -> Any:
    if all(isinstance(c, np.ndarray | float) for c in columns):
        return np.stack(np.broadcast_arrays(*columns))
    import jax.numpy as jnp

    return jnp.stack(columns)


def _name(function: Callable) -> str:
    return getattr(function, "__name__", type(function).__name__)


def argument_names(function: Callable) -> list[str]:
    """The names of a function's positional arguments.

    Raises:
        ModelError: where they cannot be read, or it takes *args.
    """
    return _arguments(function)[0]


def _arguments(function: Callable) -> tuple[list[str], dict[str, float]]:
    # Neither a method's code nor a wrapper's says what its signature is.
    plain = isinstance(function, types.FunctionType) and not hasattr(function, "__wrapped__")
    key = (function.__code__, function.__defaults__) if plain else None
    return _signatures.find(key, lambda: _read_signature(function))


def _read_signature(function: Callable) -> tuple[list[str], dict[str, float]]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise ModelError(
            f"The parameters of {_name(function)} cannot be read from its signature.",
            next_step="wrap it: lambda x, a, b: f(x, a, b).",
        ) from None
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        raise ModelError(
            f"The model {_name(function)} takes *args, which name no parameters.",
            next_step="name them: lambda x, a, b: f(x, a, b).",
        )
    plain = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    defaults = {
        p.name: float(p.default)
        for p in plain
        if isinstance(p.default, int | float) and not isinstance(p.default, bool)
    }
    return [p.name for p in plain], defaults


# ---- from a model to a program --------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Traces:
    """A model's program on data of one shape, and how it was made.

    `program` takes columns and parameters; None where the function cannot be traced, and then
    `why` says what stood in the way. `uses_data`: the program holds these very data. `function`
    is what JAX traced, for derivatives by JAX's own rules.
    """

    model: Model
    program: Program | None
    how: str
    why: str = ""
    uses_data: bool = False
    function: Callable[..., Any] | None = None


_traces = LeastRecentlyUsed(256)


def trace_model(
    model: Model, data: Sequence[np.ndarray], sample: Callable[[], Sequence[float]]
) -> Traces:
    """The program of a model, from the cache where an equal model was traced before.

    `sample` gives a point of the parameters at which the function can be tried.

    Raises:
        ModelError: where the function itself fails on the data.
    """
    shapes = tuple(np.shape(d) for d in data)
    for key in ((model.key, None), (model.key, shapes)):
        if model.key is not None and key in _traces:
            _traces.move_to_end(key)
            return _traces[key]
    traces = _trace(model, data, sample())
    if model.key is not None and not traces.uses_data:
        free = traces.program is not None and traces.program.elementwise
        _traces.find((model.key, None if free else shapes), lambda: traces)
    return traces


def _trace(model: Model, data: Sequence[np.ndarray], sample: Sequence[float]) -> Traces:
    if model.expression is not None:
        return Traces(model, record(model.call, model.names), "formula")
    reasons = []
    for attempt in (_with_numpy, _with_jax, _with_jax_hybrid, _with_numpy_data, _with_jax_data):
        try:
            traces = attempt(model, data)
            if traces.program is not None and _agrees(traces.program, model, data, sample):
                return traces
            reasons.append("the traced function gives other values than the function itself")
        except Exception as reason:  # whatever a user's function may raise on traced values
            if isinstance(reason, Untraceable) or not reasons:
                reasons.append(f"{type(reason).__name__}: {reason}".splitlines()[0])
    _call_once(model, data, sample)
    return Traces(model, None, "differences", reasons[0], uses_data=True)


def _with_numpy(model: Model, data: Sequence[np.ndarray]) -> Traces:
    return Traces(model, record(model.call, model.names), "numpy")


def _with_jax(model: Model, data: Sequence[np.ndarray]) -> Traces:
    from taylored.trace.jaxpr import trace_jax

    shapes = [np.shape(d) for d in data] + [()] * len(model.params)
    program = trace_jax(model.call, shapes, model.names)
    return Traces(model, program, "jax", function=model.call)


def _with_jax_hybrid(model: Model, data: Sequence[np.ndarray]) -> Traces:
    from taylored.trace.jaxpr import trace_jax

    shapes = [np.shape(d) for d in data] + [()] * len(model.params)
    wrapped = _hybrid().wrap(model.call)
    return Traces(model, trace_jax(wrapped, shapes, model.names), "jax", function=wrapped)


def _hybrid() -> Any:
    from taylored.readings.xla import jax_function
    from taylored.trace.jaxpr import HybridRecorder

    return HybridRecorder(jax_function)


def _with_numpy_data(model: Model, data: Sequence[np.ndarray]) -> Traces:
    program = record(lambda *params: model.call(*map(np.array, data), *params), model.params)
    return Traces(model, _with_columns(program, model), "numpy", uses_data=True)


def _with_jax_data(model: Model, data: Sequence[np.ndarray]) -> Traces:
    from taylored.trace.jaxpr import trace_jax

    shapes = [()] * len(model.params)
    function = _hybrid().wrap(lambda *params: model.call(*map(np.array, data), *params))
    program = trace_jax(function, shapes, model.params)
    width = len(model.columns)
    return Traces(
        model, _with_columns(program, model), "jax", uses_data=True,
        function=lambda *inputs: function(*inputs[width:]),
    )  # fmt: skip


def _with_columns(program: Program, model: Model) -> Program:
    """The same program with the columns as further, unused inputs in front."""
    shift = len(model.columns)

    def move(atom: Any) -> Any:
        return atom if isinstance(atom, Constant) else atom + shift

    equations = tuple(
        type(e)(e.primitive, tuple(map(move, e.inputs)), tuple(map(move, e.outputs)), e.params,
                e.source, e.bind)
        for e in program.equations
    )  # fmt: skip
    shapes = {n + shift: s for n, s in program.shapes.items()}
    outputs = tuple(map(move, program.outputs))
    return Program(model.names, equations, outputs, program.size + shift, shapes)


def _agrees(
    program: Program, model: Model, data: Sequence[np.ndarray], sample: Sequence[float]
) -> bool:
    """Whether the program gives what the function gives: a function may not be pure."""
    from taylored.readings.numpy import compile_numpy

    try:
        with np.errstate(all="ignore"):
            expected = np.asarray(model.value(*data, *map(float, sample)), float)
            found = np.asarray(compile_numpy(program)(*data, *map(float, sample))[0], float)
    except MissingRule:
        return True  # XLA runs it
    if expected.size != found.size and 1 not in (expected.size, found.size):
        return False
    finite = np.isfinite(expected)
    scale = np.max(np.abs(expected[finite]), initial=1e-300)
    return bool(np.allclose(found, expected, rtol=1e-5, atol=1e-5 * scale, equal_nan=True))


def _call_once(model: Model, data: Sequence[np.ndarray], sample: Sequence[float]) -> None:
    try:
        model.value(*data, *map(float, sample))
    except Exception as error:
        at = ", ".join(f"{n}={v:g}" for n, v in zip(model.params, sample, strict=True))
        raise ModelError(
            f"The model {model.describe} raised {type(error).__name__}: {error}",
            where=f"called with {', '.join(model.columns)} = the data and {at}",
            next_step="call it by hand with these values; it must return one number per point.",
        ) from error
