"""Traced values: what a formula or a user's function computes with while it becomes a program.

A `Traced` value answers Python's operators and NumPy's functions by asking its recorder to
apply a primitive. Recording into a `Builder` needs no JAX; the same values can also stand for
JAX tracers (see `trace.jaxpr`), so that a model written with NumPy is differentiable either way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from taylored.trace.program import Atom, Builder, Constant, Program

__all__ = ["OPS", "Operations", "Recorder", "Traced", "Untraceable", "apply", "record"]


class Untraceable(TypeError):
    """The function did something with a traced value that a program cannot express."""


class Recorder(Protocol):
    """Where a traced value's operations go."""

    def apply(self, primitive: str, inputs: Sequence[Any], params: Mapping[str, Any]) -> Traced: ...


class ProgramRecorder:
    """Writes operations into a `Builder`."""

    __slots__ = ("builder",)

    def __init__(self, builder: Builder):
        self.builder = builder

    def apply(self, primitive: str, inputs: Sequence[Any], params: Mapping[str, Any]) -> Traced:
        atoms = [self.atom(value) for value in inputs]
        return Traced(self, self.builder.emit(primitive, atoms, params)[0])

    def atom(self, value: Any) -> Atom:
        """The variable or constant that stands for `value`."""
        if isinstance(value, Traced):
            return value.held
        if isinstance(value, Constant):
            return value
        if isinstance(value, bool | int | float):
            return Constant(value)
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            raise Untraceable(f"a value of type {type(value).__name__} in the model")
        if array.dtype.kind in "iu":
            array = array.astype(float)
        return Constant(array if array.ndim else array.item())


# NumPy's ufuncs by the name of the primitive that they apply.
UFUNCS: dict[str, str] = {
    "add": "add", "subtract": "sub", "multiply": "mul", "divide": "div", "true_divide": "div",
    "negative": "neg", "power": "pow", "float_power": "pow", "square": "square",
    "exp": "exp", "exp2": "exp2", "expm1": "expm1", "log": "log", "log2": "log2",
    "log10": "log10", "log1p": "log1p", "sqrt": "sqrt", "cbrt": "cbrt", "absolute": "abs",
    "fabs": "abs", "sign": "sign", "floor": "floor", "ceil": "ceil", "rint": "round",
    "sin": "sin", "cos": "cos", "tan": "tan", "arcsin": "asin", "arccos": "acos",
    "arctan": "atan", "arctan2": "atan2", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh",
    "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "maximum": "max",
    "minimum": "min", "fmax": "max", "fmin": "min", "hypot": "hypot", "remainder": "mod",
    "reciprocal": "reciprocal", "less": "lt", "less_equal": "le", "greater": "gt",
    "greater_equal": "ge", "equal": "eq", "not_equal": "ne", "logical_and": "and",
    "logical_or": "or", "logical_not": "not", "bitwise_and": "and", "bitwise_or": "or",
    "invert": "not", "heaviside": "heaviside", "logaddexp": "logaddexp", "positive": "positive",
    "deg2rad": "radians", "radians": "radians", "erf": "erf", "erfc": "erfc", "gamma": "gamma",
    "gammaln": "lgamma", "psi": "digamma", "expit": "logistic", "j0": "bessel_j0",
    "j1": "bessel_j1", "xlogy": "xlogy",
}  # fmt: skip


class Traced:
    """A value that is not known yet: a variable of the program being recorded."""

    __slots__ = ("held", "recorder")
    __array_priority__ = 1000
    __hash__ = object.__hash__

    def __init__(self, recorder: Recorder, held: Any):
        self.recorder, self.held = recorder, held

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        primitive = UFUNCS.get(ufunc.__name__)
        if method != "__call__" or primitive is None or options:
            raise Untraceable(f"the function {ufunc.__name__} (as {method}) on a traced value")
        return apply(primitive, *inputs)

    def __array_function__(self, function: Any, types: Any, args: tuple, kwargs: dict) -> Any:
        primitive = {"where": "where", "clip": "clip", "sinc": "sinc"}.get(function.__name__)
        if primitive is None or kwargs:
            raise Untraceable(f"numpy.{function.__name__} on a traced value")
        return apply(primitive, *args)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise Untraceable("turning a traced value into an array")

    def __jax_array__(self) -> Any:
        if isinstance(self.held, int):
            raise Untraceable("a JAX function on a traced value")
        return self.held

    def __bool__(self) -> bool:
        raise Untraceable("branching (if, and, or, while) on a traced value")

    def __float__(self) -> float:
        raise Untraceable("turning a traced value into a Python number (math.exp and the like)")

    __index__ = __int__ = __complex__ = __len__ = __iter__ = __float__  # type: ignore[assignment]

    def __getitem__(self, key: Any) -> Any:
        raise Untraceable("indexing a traced value")

    def __getattr__(self, name: str) -> Any:
        raise Untraceable(f"the attribute {name} of a traced value")


def _binary(primitive: str) -> tuple[Callable, Callable]:
    def forward(self: Traced, other: Any) -> Traced:
        return apply(primitive, self, other)

    def reflected(self: Traced, other: Any) -> Traced:
        return apply(primitive, other, self)

    return forward, reflected


for _name, _primitive in {
    "add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "pow": "pow", "mod": "mod",
    "and": "and", "or": "or",
}.items():  # fmt: skip
    _forward, _reflected = _binary(_primitive)
    setattr(Traced, f"__{_name}__", _forward)
    setattr(Traced, f"__r{_name}__", _reflected)
for _primitive in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Traced, f"__{_primitive}__", _binary(_primitive)[0])
for _name, _primitive in {"neg": "neg", "abs": "abs", "invert": "not", "pos": "positive"}.items():
    setattr(Traced, f"__{_name}__", lambda self, _primitive=_primitive: apply(_primitive, self))


def apply(primitive: str, *inputs: Any) -> Any:
    """Apply a primitive, or one of the short forms in `OPS`, to numbers and traced values."""
    short = SHORT_FORMS.get(primitive)
    return short(*inputs) if short else _apply(primitive, *inputs)


def _apply(primitive: str, *inputs: Any, **params: Any) -> Any:
    for value in inputs:
        if isinstance(value, Traced):
            return value.recorder.apply(primitive, inputs, params)
    return _Known(primitive, inputs, params)


def _Known(primitive: str, inputs: Sequence[Any], params: Mapping[str, Any]) -> Any:
    """Apply a primitive to plain numbers: constants are computed when the program is made."""
    from taylored.trace.constants import evaluate

    return evaluate(primitive, inputs, params)


def _pow(base: Any, exponent: Any) -> Any:
    """Powers with a whole constant exponent are products, exact where `pow` is not."""
    if isinstance(exponent, int | float | np.integer | np.floating) and not isinstance(base, float):
        if float(exponent).is_integer() and abs(exponent) <= 64:
            return _integer_pow(base, int(exponent))
        if exponent == 0.5:
            return apply("sqrt", base)
    return _apply("pow", base, exponent)


def _integer_pow(base: Any, exponent: int) -> Any:
    if exponent == 0:
        return 1.0
    return base if exponent == 1 else _apply("integer_pow", base, y=exponent)


def _where(condition: Any, if_true: Any, if_false: Any) -> Any:
    return _apply("select_n", condition, if_false, if_true)


def _sinc(x: Any) -> Any:
    # Near zero by its Taylor series, whose error at 0.02 is below 1e-15, so that the derivatives
    # are right there too.
    square = apply("pow", x * np.pi, 2)
    series = 1.0 - square / 6.0 * (1.0 - square / 20.0 * (1.0 - square / 42.0))
    near = abs(x) < 0.02
    safe = _where(near, 1.0, x * np.pi)
    return _where(near, series, apply("sin", safe) / safe)


# Operations of formulas and of NumPy that are written with others.
SHORT_FORMS: dict[str, Callable] = {
    "pow": _pow,
    "where": _where,
    "square": lambda x: _integer_pow(x, 2),
    "reciprocal": lambda x: apply("div", 1.0, x),
    "positive": lambda x: x,
    "clip": lambda x, lo, hi: apply("min", apply("max", x, lo), hi),
    "hypot": lambda x, y: apply("sqrt", x * x + y * y),
    "heaviside": lambda x, h: _where(apply("eq", x, 0.0), h, _where(apply("gt", x, 0.0), 1.0, 0.0)),
    "mod": lambda x, y: x - y * apply("floor", apply("div", x, y)),
    "radians": lambda x: x * (np.pi / 180.0),
    "sinc": _sinc,
    "sigmoid": lambda x: apply("logistic", x),
    "softplus": lambda x: apply("logaddexp", x, 0.0),
    "relu": lambda x: apply("max", x, 0.0),
    "besselj0": lambda x: apply("bessel_j0", x),
    "besselj1": lambda x: apply("bessel_j1", x),
    "erfinv": lambda x: apply("erf_inv", x),
}


class Operations(Mapping):
    """Every operation by name, for `Expression.evaluate`; a subclass may apply them otherwise."""

    def __getitem__(self, name: str) -> Callable:
        return lambda *inputs: self.apply(name, inputs)

    def apply(self, name: str, inputs: Sequence[Any]) -> Any:
        """The result of an operation on numbers and traced values."""
        return apply(name, *inputs)

    def __iter__(self):
        return iter(SHORT_FORMS)

    def __len__(self) -> int:
        return len(SHORT_FORMS)


OPS: Mapping[str, Callable] = Operations()


def record(function: Callable[..., Any], names: Sequence[str]) -> Program:
    """The program of `function(*inputs)`, by calling it once with traced inputs.

    Raises:
        Untraceable: where the function does what cannot be recorded; any exception of its own.
    """
    builder = Builder(names)
    recorder = ProgramRecorder(builder)
    result = function(*(Traced(recorder, number) for number in range(len(names))))
    return builder.finish([recorder.atom(result)])
