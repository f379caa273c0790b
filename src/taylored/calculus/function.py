"""A user's function as one flat function of arrays, traced once, with names for what goes in.

Everything in this package starts from the trace: the function itself runs while it is traced and
then no more, so that what is analysed and what is computed cannot differ.
"""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from taylored.calculus.arguments import Arguments, kind_of, scope
from taylored.calculus.trees import Layout, layout
from taylored.errors import FunctionError
from taylored.trace.fresh import with_own_arrays
from taylored.trace.jaxpr import from_jaxpr, lifted, same_trace
from taylored.trace.program import Program
from taylored.trace.source import changing_function

__all__ = ["TracedFunction", "trace"]

_OWN = str(Path(__file__).parents[1])


@dataclass(frozen=True, eq=False)
class TracedFunction:
    """A function after its one trace: of the arrays of the inputs, then of the other arrays."""

    closed: Any
    inputs: Layout
    outputs: Layout
    aux: Any  # None, or the tree of the auxiliary output
    wide: bool
    name: str
    captured: tuple[Any, ...]  # values of an outer trace (jit, vmap) that it closes over

    def __call__(self, leaves: Sequence[Any], others: Sequence[Any]) -> list[Any]:
        """The arrays of the output."""
        return self._run(leaves, others)[: len(self.outputs.leaves)]

    def auxiliary(self, leaves: Sequence[Any], others: Sequence[Any]) -> Any:
        """The auxiliary output, as a tree."""
        import jax

        values = self._run(leaves, others)[len(self.outputs.leaves) :]
        return jax.tree_util.tree_unflatten(self.aux, values)

    def _run(self, leaves: Sequence[Any], others: Sequence[Any]) -> list[Any]:
        import jax.extend.core as jex

        return jex.jaxpr_as_fun(self.closed)(*leaves, *others, *self.captured)

    def program(self) -> Program:
        """The function itself as a program."""
        return from_jaxpr(self.closed)


def trace(function: Callable, arguments: Arguments, has_aux: bool = False) -> TracedFunction:
    """Trace the function at the shapes of these arguments.

    Raises:
        FunctionError: if it cannot be traced, or does not do the same each time; with its line.
    """
    import jax

    seen: list[Any] = []
    called = with_own_arrays(function) if arguments.wide else function

    def flat(*arrays: Any) -> list[Any]:
        count = len(arguments.leaves)
        args, kwargs = arguments.rebuild(arrays[:count], arrays[count:])
        result = called(*args, **kwargs)
        out, aux = _outputs(function, result, has_aux)
        outputs, values = layout(out, "out", "output")
        aux_values, aux_tree = jax.tree_util.tree_flatten(aux)
        seen.append((outputs, aux_tree if has_aux else None))
        return [*_output_arrays(outputs, values), *aux_values]

    arrays = [*arguments.leaves, *arguments.others]
    shapes = [_abstract(a) for a in arrays]
    with scope(arguments.wide):
        closed = _traced(function, flat, shapes)
        again = _traced(function, lambda *a: flat(*a), shapes)
    outputs, aux = seen[0]
    if not same_trace(closed, again):
        raise changing_function(_name(function), _definition(function))
    closed, captured = lifted(closed)
    return TracedFunction(
        closed, arguments.inputs, outputs, aux, arguments.wide, _name(function), captured
    )


def _abstract(value: Any) -> Any:
    import jax

    if isinstance(value, float):
        return value
    return jax.ShapeDtypeStruct(np.shape(value), value.dtype)


def _outputs(function: Callable, result: Any, has_aux: bool) -> tuple[Any, Any]:
    if not has_aux:
        return result, None
    if not isinstance(result, tuple) or len(result) != 2:
        raise FunctionError(
            f"With has_aux=True {_name(function)} must return (output, aux), "
            f"not a {type(result).__name__}.",
            where=_definition(function),
            next_step="return a pair, or leave has_aux out.",
        )
    return result


def _output_arrays(outputs: Layout, values: list[Any]) -> list[Any]:
    import jax.numpy as jnp

    arrays = [jnp.asarray(v) for v in values]
    for leaf, array in zip(outputs.leaves, arrays, strict=True):
        if kind_of(array.dtype) not in "fiub":
            raise FunctionError(
                f"The output {leaf.name!r} is complex.",
                next_step="return its real and imaginary part.",
            )
        if kind_of(array.dtype) != "f":
            raise FunctionError(
                f"The output {leaf.name!r} is of type {array.dtype}: it has no derivative.",
                next_step="return floating-point numbers, and whole numbers through has_aux.",
            )
    return arrays


def _name(function: Callable) -> str:
    return getattr(function, "__name__", type(function).__name__)


def _definition(function: Callable) -> str:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else ""


def _traced(function: Callable, flat: Callable, shapes: list[Any]) -> Any:
    import jax

    try:
        return jax.make_jaxpr(flat)(*shapes)
    except FunctionError:
        raise
    except Exception as error:
        raise _explained(function, error) from error


def _explained(function: Callable, error: Exception) -> FunctionError:
    """A failure inside the user's function in the user's terms."""
    import jax

    errors = jax.errors
    why, step = f"{type(error).__name__}: {_first_line(error)}", "see the cause above."
    if isinstance(error, errors.TracerBoolConversionError):
        why = "it branches in Python on a value that is not known while it is traced."
        step = "use jnp.where, jnp.maximum, jax.lax.cond or jax.lax.while_loop."
    elif isinstance(error, errors.TracerArrayConversionError):
        why = "it calls NumPy (or SciPy) on a value that is not known while it is traced."
        step = "use jax.numpy (and jax.scipy) in its place."
    elif isinstance(error, errors.ConcretizationTypeError | errors.TracerIntegerConversionError):
        why = "it needs the number behind a value that is not known while it is traced."
        step = "use jax.numpy instead of float(), int() or math; sizes must not depend on values."
    elif isinstance(error, errors.UnexpectedTracerError):
        why = "it keeps values of an earlier call: a side effect."
        step = "return what it stores, for example with has_aux=True."
    elif isinstance(error, TypeError) and "'list'" in str(error):
        why += "; a list is a tree of single numbers, not an array."
        step = "give np.array([...])."
    elif isinstance(error, TypeError) and "immutable" in str(error):
        why = "it changes an array in place."
        step = "write x = x.at[k].set(value)."
    elif isinstance(error, TypeError) and "argument" in str(error):
        step = "call it by hand with the same arguments."
    return FunctionError(
        f"The function {_name(function)} cannot be traced.",
        where=_failing_line(error) or _definition(function),
        why=why,
        next_step=step,
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0][:300]


def _failing_line(error: BaseException) -> str:
    """The innermost line of the traceback that is the user's own."""
    own, found = (_OWN, "/jax/", "/jaxlib/", "/numpy/", "/contextlib.py", "/functools.py"), ""
    for entry in traceback.extract_tb(error.__traceback__):
        if not any(part in entry.filename.replace("\\", "/") for part in own):
            found = f"{entry.filename}:{entry.lineno}: {(entry.line or '').strip()[:120]}"
    return found
