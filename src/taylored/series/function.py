"""What the user handed in, as one program of one vector: a formula, or a function of arrays."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.formula import Expression, parse, suggest
from taylored.readings.jet.formula import formula_program
from taylored.readings.numpy import compile_numpy
from taylored.trace.program import Program
from taylored.trace.source import changing_function
from taylored.trace.tracer import record

__all__ = [
    "Target",
    "argument_names",
    "as_arguments",
    "finite",
    "is_scalar",
    "named_numbers",
    "names_for",
    "not_traced",
    "plain",
    "read_target",
    "scalar_number",
]


@dataclass(frozen=True, eq=False)
class Target:
    """A function of a vector of all its inputs, and how to speak of them.

    `names` are those of the elements of the vector, in order; `shapes` and `structure` say how the
    vector becomes the function's arguments. `output_shape` is None where the output is a tree.
    """

    program: Program
    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    output_shapes: tuple[tuple[int, ...], ...]
    describe: str
    flatten: Callable[[Any, str], np.ndarray]
    tree: Callable[[Sequence[Any]], Any]
    formula: Expression | None = None

    def __reduce_ex__(self, protocol: Any) -> Any:
        """For pickle: a formula is read again; functions are read by closures of their own."""
        if self.formula is not None:
            return _formula_target, (self.formula,)
        return super().__reduce_ex__(protocol)

    @property
    def variables(self) -> int:
        return len(self.names)

    @property
    def is_scalar(self) -> bool:
        """Whether it is a function of one plain number."""
        return self.shapes == ((),)

    @cached_property
    def outputs(self) -> int:
        """How many numbers it returns."""
        return sum(int(np.prod(s, dtype=np.int64)) for s in self.output_shapes)

    def arrays(self, flat: np.ndarray) -> list[np.ndarray]:
        """(..., outputs) numbers as one array (..., *shape) for each output."""
        lead = flat.shape[:-1]
        sizes = [int(np.prod(s, dtype=np.int64)) for s in self.output_shapes]
        pieces = np.split(flat, np.cumsum(sizes)[:-1], axis=-1)
        return [p.reshape((*lead, *s)) for p, s in zip(pieces, self.output_shapes, strict=True)]

    def output(self, flat: np.ndarray) -> Any:
        """(..., outputs) numbers as the function returns them, with the leading axes in front."""
        return self.tree([plain(a) for a in self.arrays(flat)])


def plain(value: Any) -> Any:
    """A number as Python's float, an array as it is."""
    return float(value) if np.ndim(value) == 0 else np.asarray(value)


def read_target(function: Any, at: Any, what: str = "at") -> tuple[Target, np.ndarray]:
    """The function as a program, and the point `at` as a vector.

    Args:
        function: a formula, or a function of numbers, arrays or trees of them. One of several
            arguments is called with the elements of a tuple, or the entries of a dictionary.
        at: a point: what the function takes.
        what: the name of that argument, for messages.

    Raises:
        FormulaError, FunctionError: where the function cannot be read.
        ArgumentError: where the point does not fit it.
    """
    if isinstance(function, str):
        return _of_formula(function, at, what)
    if not callable(function):
        raise ArgumentError(
            f"The function is a {type(function).__name__}.",
            next_step='give a function, or a formula in quotes such as "exp(x)".',
        )
    return _of_function(function, at, what)


def not_traced(point: Any, what: str) -> None:
    """Refuse numbers that are not known yet, inside jit, vmap or grad.

    Raises:
        ArgumentError: where there are such among them.
    """
    if "jax" not in sys.modules:
        return
    if isinstance(point, Mapping | tuple | list):
        for value in point.values() if isinstance(point, Mapping) else point:
            not_traced(value, what)
        return
    from taylored.trace.jaxpr import is_tracer

    if is_tracer(point):
        raise ArgumentError(
            f"{what} is not known yet (inside jit, vmap or grad).",
            next_step="call this outside of them.",
        )


# ---- formulas ----


def _of_formula(text: str, at: Any, what: str) -> tuple[Target, np.ndarray]:
    expression = parse(text).model
    if not expression.names:
        raise ArgumentError(
            "The formula has no inputs.", next_step="write it with a name, as in x^2"
        )
    target = _formula_target(expression)
    return target, target.flatten(at, what)


def _formula_target(expression: Expression) -> Target:
    names = expression.names

    def flatten(point: Any, name: str) -> np.ndarray:
        return named_numbers(point, names, name)

    return Target(
        formula_program(expression, names), names, ((),) * len(names), ((),), expression.text,
        flatten, _single, expression,
    )  # fmt: skip


def _single(values: Sequence[Any]) -> Any:
    return values[0]


def named_numbers(point: Any, names: Sequence[str], what: str) -> np.ndarray:
    """The numbers of the inputs of a formula, in order."""
    not_traced(point, what)
    if isinstance(point, Mapping):
        for name in point:
            if name not in names:
                near = suggest(str(name), names)
                step = (
                    f"did you mean {near}?" if near else f"the inputs are {', '.join(names[:20])}"
                )
                raise ArgumentError(f"{what}: {name!r} is no input of the formula.", next_step=step)
        missing = [n for n in names if n not in point]
        if missing:
            has = "has" if len(missing) == 1 else "have"
            raise ArgumentError(
                f"{what}: {', '.join(missing[:20])} {has} no number.",
                next_step=f"give {what}={{{', '.join(f'{n!r}: ...' for n in names[:6])}}}.",
            )
        return finite(np.array([scalar_number(point[n], what, n) for n in names]), names, what)
    values = np.asarray(point, float) if _numeric(point) else None
    if values is None or values.ndim > 1 or (values.size != len(names)):
        order = ", ".join(names[:6])
        raise ArgumentError(
            f"{what} must give one number for each of {order}.",
            next_step=f"give {what}={{{', '.join(f'{n!r}: ...' for n in names[:6])}}}.",
        )
    return finite(values.reshape(-1), names, what)


def _numeric(value: Any) -> bool:
    try:
        if value is None or np.iscomplexobj(value):
            return False
        return np.asarray(value, float).dtype == np.float64
    except (TypeError, ValueError):
        return False


def scalar_number(value: Any, what: str, name: str) -> float:
    if _numeric(value) and np.ndim(value) == 0:
        return float(value)
    raise ArgumentError(f"{what}: {name} must be one number.", next_step="give a float.")


def finite(vector: np.ndarray, names: Sequence[str], what: str) -> np.ndarray:
    bad = np.flatnonzero(~np.isfinite(vector))
    if bad.size:
        raise ArgumentError(
            f"{what}: {names[bad[0]]} is {vector[bad[0]]}.", next_step="give finite numbers."
        )
    return vector


# ---- functions ----


def _of_function(function: Callable, at: Any, what: str) -> tuple[Target, np.ndarray]:
    args = as_arguments(function, at, what)
    if all(is_scalar(a) for a in args):
        target = _recorded(function, args)
        if target is not None:
            return target, target.flatten(at, what)
    from taylored.series.traced import traced_target

    return traced_target(function, args, at, what)


def is_scalar(value: Any) -> bool:
    return _numeric(value) and np.ndim(value) == 0 and not isinstance(value, str)


def as_arguments(function: Callable, at: Any, what: str) -> list[Any]:
    """The point as positional arguments of the function."""
    not_traced(at, what)
    names = argument_names(function)
    if names is not None and len(names) > 1:
        if isinstance(at, Mapping):
            unknown = [k for k in at if k not in names]
            missing = [n for n in names if n not in at]
            if unknown or missing:
                raise ArgumentError(
                    f"{what} must name the arguments {', '.join(names)} of the function.",
                    why=f"{', '.join(map(str, unknown or missing))} "
                    f"{'is not among them' if unknown else 'is missing'}.",
                    next_step=f"give {what}={{{', '.join(f'{n!r}: ...' for n in names)}}}.",
                )
            return [at[n] for n in names]
        if isinstance(at, tuple | list) and len(at) == len(names):
            return list(at)
        raise ArgumentError(
            f"The function has the arguments {', '.join(names)}, and {what} is one.",
            next_step=f"give {what}=({', '.join('...' for _ in names)}), or wrap the function.",
        )
    return [at]


def argument_names(function: Callable) -> list[str] | None:
    """Names of the arguments without a default; None where they cannot be told."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    return [p.name for p in parameters if p.kind in kinds and p.default is p.empty]


def names_for(function: Callable, count: int) -> list[str]:
    """Names of so many arguments: the function's own, or numbered ones."""
    names = argument_names(function) or []
    if len(names) == count:
        return names
    return ["x"] if count == 1 else [f"x{k}" for k in range(count)]


def _recorded(function: Callable, args: list[Any]) -> Target | None:
    """A function of plain numbers, written with operators and NumPy: recorded without JAX."""
    names = names_for(function, len(args))
    try:
        program, again = record(function, names), record(function, names)
        with np.errstate(all="ignore"):
            shape = np.shape(compile_numpy(program)(*(np.float64(a) for a in args))[0])
    except Exception:  # whatever a user's function may raise on traced values: JAX shall try
        return None
    described = getattr(function, "__name__", type(function).__name__)
    if program.key() != again.key():
        raise changing_function(described)

    def flatten(point: Any, what: str) -> np.ndarray:
        values = as_arguments(function, point, what)
        return finite(
            np.array([scalar_number(v, what, n) for v, n in zip(values, names, strict=True)]),
            names,
            what,
        )

    return Target(
        program, tuple(names), ((),) * len(args), (shape,), described, flatten, _single,
    )  # fmt: skip
