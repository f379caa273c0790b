"""The arguments of a call: what is differentiated, by name, and what is passed on."""

from __future__ import annotations

import inspect
import operator
import sys
from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from taylored.calculus.trees import Layout, layout
from taylored.errors import ArgumentError
from taylored.trace.jaxpr import float64, is_tracer

__all__ = ["Arguments", "Reader", "as_given", "kind_of", "read_arguments", "scope", "user_caller"]

_OWN = str(Path(__file__).parents[1])


@dataclass(frozen=True, eq=False)
class Arguments:
    """The arguments of one call: what is differentiated, what is passed on, what is fixed.

    `leaves` are the arrays to differentiate by, `others` the other arrays, which may change
    without a new trace; `key` is equal for calls that have the same trace.
    """

    inputs: Layout
    leaves: list[Any]
    others: list[Any]
    key: Hashable
    rebuild: Callable[[Sequence[Any], Sequence[Any]], tuple[tuple, dict]]
    wide: bool  # whether there are 64-bit numbers
    numpy: bool  # whether the caller gave NumPy arrays or numbers, and gets the same back
    concrete: bool  # whether all numbers are known (not inside jit or vmap)

    def copied(self) -> Arguments:
        """The same with arrays of its own."""
        own = [v.copy() if isinstance(v, np.ndarray) else v for v in self.leaves]
        rest = [v.copy() if isinstance(v, np.ndarray) else v for v in self.others]
        return replace(self, leaves=own, others=rest)

    def inside_a_trace(self) -> Arguments:
        """The same for a call inside jit, vmap or grad: in the precision that JAX has there."""
        import jax

        every = [*self.leaves, *self.others]
        wide = bool(jax.config.jax_enable_x64) or any(  # type: ignore[attr-defined]
            _is_jax(v) and v.dtype == np.float64 for v in every
        )
        if wide or not self.wide:
            return replace(self, concrete=False)
        own, rest = (
            [v.astype(np.float32) if isinstance(v, np.ndarray) else v for v in values]
            for values in (self.leaves, self.others)
        )
        return replace(self, leaves=own, others=rest, wide=False, concrete=False)


def scope(wide: bool) -> AbstractContextManager:
    """Where JAX computes in float64 if the inputs are float64; elsewhere as the caller set it."""
    return float64() if wide else nullcontext()


def user_caller() -> str:
    """`file:line` of the user's call into this library."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_OWN):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame is not None else ""


def read_arguments(
    function: Callable, argnums: int | Sequence[int], args: tuple, kwargs: dict
) -> Arguments:
    """What the arguments of a call are, by name.

    Raises:
        ArgumentError: for inputs that are not floating-point numbers, NaN or infinite, or if there
            are none; it names the input.
    """
    return _read(function, _whole(argnums), args, kwargs)[0]


@dataclass(frozen=True, eq=False)
class _Form:
    """What all calls of one form have in common: types, shapes and trees of the arguments."""

    example: Arguments
    leaves: list[int]  # which of all arrays of the call are the inputs, in their order
    others: list[int]


class Reader:
    """Reads the arguments of a function's calls; calls of a known form are read at once."""

    def __init__(self, function: Callable, argnums: int | Sequence[int]):
        self.function, self.argnums = function, _whole(argnums)
        self._forms: dict[Hashable, _Form] = {}

    def read(self, args: tuple, kwargs: dict) -> Arguments:
        """See `read_arguments`."""
        import jax

        values, tree = jax.tree_util.tree_flatten((args, kwargs))
        signs = [_sign(v) for v in values]
        key = None if None in signs else (tree, tuple(signs))
        form = None if key is None else self._forms.get(key)
        if form is None:
            form, arguments = self._new_form(args, kwargs)
            if key is not None and len(self._forms) < 256:
                self._forms[key] = form
            return arguments
        leaves = [_floating(values[k]) for k in form.leaves]
        if not any(map(is_tracer, leaves)):
            _require_finite(form.example.inputs, leaves)
        return replace(form.example, leaves=leaves, others=[values[k] for k in form.others])

    def _new_form(self, args: tuple, kwargs: dict) -> tuple[_Form, Arguments]:
        import jax

        chosen = _chosen(self.argnums, args)
        counts = [len(jax.tree_util.tree_leaves(a)) for a in (*args, kwargs)]
        firsts = np.concatenate([[0], np.cumsum(counts)]).astype(int).tolist()
        own = [k for c in chosen for k in range(firsts[c], firsts[c + 1])]
        rest = [k for k in range(firsts[-1]) if k not in set(own)]
        arguments, fixed = _read(self.function, self.argnums, args, kwargs)
        others = [k for n, k in enumerate(rest) if n not in fixed]
        # Without the arrays: they would outlive the call, and the trace that they belong to.
        return _Form(replace(arguments, leaves=[], others=[]), own, others), arguments


def _whole(argnums: Any) -> int | tuple[int, ...]:
    try:
        if isinstance(argnums, bool):
            raise TypeError
        if hasattr(argnums, "__index__"):
            return operator.index(argnums)
        return tuple(operator.index(k) for k in argnums)
    except TypeError:
        shown = type(argnums).__name__ if np.size(argnums) > 4 else repr(argnums)
        raise ArgumentError(
            f"The second argument says which arguments to differentiate by; {shown} does not.",
            where=user_caller(),
            next_step="write ty.gradient(f)(x) with the point after, and argnums=0 or (0, 1) here.",
        ) from None


def _sign(value: Any) -> Hashable:
    """What makes two arguments read alike; None where only their content can tell."""
    kind = type(value)
    if kind in (bool, int, str):
        return (kind, value)
    if kind is float:
        return kind
    dtype = getattr(value, "dtype", None)
    if dtype is None or not isinstance(dtype, np.dtype) or dtype.kind != "f":
        return None
    if hasattr(value, "to_numpy") or isinstance(value, np.ma.MaskedArray) or not dtype.isnative:
        return None
    return (kind, value.shape, dtype)


def _read(
    function: Callable, argnums: int | Sequence[int], args: tuple, kwargs: dict
) -> tuple[Arguments, dict[int, Any]]:
    chosen = _chosen(argnums, args)
    names = _argument_names(function, len(args))
    if len(chosen) == 1 and isinstance(argnums, int):
        inputs, leaves = layout(args[chosen[0]], names[chosen[0]], "input")
    else:
        inputs, leaves = _in_order([args[k] for k in chosen], [names[k] for k in chosen])
    leaves = [_number(leaf.name, value) for leaf, value in zip(inputs.leaves, leaves, strict=True)]
    if inputs.size == 0:
        raise ArgumentError(
            "There is nothing to differentiate by: the inputs hold no numbers.",
            where=user_caller(),
            next_step="give an array of floating-point numbers, or a tree (dict, list) of them.",
        )
    others, fixed, place = _passed_on(([a for k, a in enumerate(args) if k not in chosen], kwargs))

    def rebuild(new_leaves: Sequence[Any], new_others: Sequence[Any]) -> tuple[tuple, dict]:
        import jax

        passed, keywords = jax.tree_util.tree_unflatten(place, _merged(fixed, new_others))
        own = inputs.unflatten(new_leaves)
        own = [own] if isinstance(argnums, int) else list(own)
        result = list(passed)
        for k, value in sorted(zip(chosen, own, strict=True), key=lambda pair: pair[0]):
            result.insert(k, value)
        return tuple(result), keywords

    key = (
        inputs.tree, tuple((np.shape(v), str(v.dtype)) for v in leaves), place,
        tuple((np.shape(v), str(getattr(v, "dtype", type(v).__name__))) for v in others),
        tuple((k, _fixed_key(v)) for k, v in fixed.items()),
    )  # fmt: skip
    known = not any(map(is_tracer, leaves))
    if known:
        _require_finite(inputs, leaves)
    concrete = known and not any(map(is_tracer, others))
    wide = any(getattr(v, "dtype", None) == np.float64 for v in (*leaves, *others))
    plain = not any(_is_jax(v) for v in leaves)
    return Arguments(inputs, leaves, others, key, rebuild, wide, plain, concrete), fixed


def _chosen(argnums: int | Sequence[int], args: tuple) -> list[int]:
    numbers = [argnums] if isinstance(argnums, int) else list(argnums)
    if args and len({k % len(args) for k in numbers}) < len(numbers):
        raise ArgumentError(
            f"argnums={argnums} names an argument twice.",
            where=user_caller(),
            next_step="name each argument once.",
        )
    for k in numbers:
        if not -len(args) <= k < len(args):
            raise ArgumentError(
                f"argnums={argnums} asks for argument {k}, but the call has {len(args)}.",
                where=user_caller(),
                next_step="give the arguments by position, or change argnums.",
            )
    return [k % len(args) for k in numbers]


def _in_order(values: list[Any], names: list[str]) -> tuple[Layout, list[Any]]:
    whole, leaves = layout(tuple(values), "args", "input")
    named, count = [], 0
    for name, value in zip(names, values, strict=True):
        part, _ = layout(value, name, "input", rooted=True)
        named += [leaf.name for leaf in part.leaves]
        count += len(part.leaves)
    renamed = [replace(leaf, name=n) for leaf, n in zip(whole.leaves, named, strict=True)]
    return Layout(tuple(renamed), whole.tree), leaves


def _argument_names(function: Callable, count: int) -> list[str]:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [names[k] if k < len(names) else f"x{k}" for k in range(count)]


def _plain(name: str, value: Any) -> Any:
    """The array, if it is one that JAX takes: no long double, no foreign byte order, no mask."""
    if isinstance(value, np.ma.MaskedArray):
        raise ArgumentError(
            f"The input {name!r} is a masked array.",
            where=user_caller(),
            next_step="leave the masked elements out, or fill them.",
        )
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype.itemsize > 8:
        raise ArgumentError(
            f"The input {name!r} is of type {value.dtype}: float64 is the widest here.",
            where=user_caller(),
            next_step=f"write {name}.astype(float).",
        )
    return np.asarray(value, value.dtype.newbyteorder("="))


def as_given(value: Any) -> Any:
    """A result for a caller who gave NumPy arrays or numbers."""
    array = np.asarray(value)
    return float(array) if array.ndim == 0 and array.dtype == np.float64 else array


def _is_jax(value: Any) -> bool:
    import jax

    return isinstance(value, jax.Array)


def _number(name: str, value: Any) -> Any:
    """A leaf as an array of floating-point numbers, unchanged if it is one."""
    value = _floating(value)
    dtype = getattr(value, "dtype", None)
    kind = np.asarray(value).dtype.kind if dtype is None else kind_of(dtype)
    if kind == "f" and hasattr(value, "to_numpy"):
        return value.to_numpy()  # a column of a table
    if kind == "f" and (_is_jax(value) or isinstance(value, np.ndarray)):
        return _plain(name, value)
    if kind in "iub":
        single = np.ndim(value) == 0
        what = "True or False" if kind == "b" else "a whole number" if single else "whole numbers"
        step = (
            f"write it with a decimal point: {float(value)!r}."
            if single
            else ("use .astype(float), or write one of the numbers with a decimal point (1.0).")
        )
    elif kind == "c":
        what, step = "complex numbers", "differentiate by its real and imaginary part."
    else:
        what = f"a {type(value).__name__}"
        step = "give floating-point numbers; pass what is no input in another argument."
    raise ArgumentError(
        f"The input {name!r} is {what}: there is no derivative by it.",
        where=user_caller(),
        next_step=step,
    )


def _floating(value: Any) -> Any:
    """Python's floating-point numbers and NumPy's scalars as arrays."""
    return np.asarray(value) if isinstance(value, float | np.floating) else value


def kind_of(dtype: Any) -> str:
    """The kind of numbers, "f" for all that are floating-point."""
    import jax.numpy as jnp

    # bfloat16 and its kin are of kind "V" for NumPy.
    return "f" if jnp.issubdtype(dtype, jnp.floating) else np.dtype(dtype).kind


def _require_finite(inputs: Layout, leaves: list[Any]) -> None:
    for leaf, value in zip(inputs.leaves, leaves, strict=True):
        array = np.asarray(value)
        finite = np.isfinite(array)
        if not finite.all():
            bad = int(np.flatnonzero(~finite.reshape(-1))[0])
            raise ArgumentError(
                f"The input {leaf.element(bad)} is {array.reshape(-1)[bad]}.",
                where=user_caller(),
                why="there is no derivative there.",
                next_step="take a finite point.",
            )


def _passed_on(rest: Any) -> tuple[list[Any], dict[int, Any], Any]:
    """The other arguments: floating-point arrays, which may change, and all that is fixed.

    Whole numbers may be sizes and indices, on which the pattern depends: they are fixed.
    """
    import jax

    values, place = jax.tree_util.tree_flatten(rest)
    others, fixed = [], {}
    for k, value in enumerate(values):
        dtype = getattr(value, "dtype", None)
        moving = isinstance(value, float) or is_tracer(value) or _is_random_key(dtype)
        if moving or (dtype is not None and kind_of(dtype) == "f"):
            others.append(value)
        else:
            fixed[k] = value
    return others, fixed, place


def _merged(fixed: dict[int, Any], others: Sequence[Any]) -> list[Any]:
    rest = iter(others)
    return [fixed[k] if k in fixed else next(rest) for k in range(len(fixed) + len(others))]


def _is_random_key(dtype: Any) -> bool:
    import jax
    import jax.numpy as jnp

    if dtype is None or isinstance(dtype, np.dtype):
        return False
    return bool(jnp.issubdtype(dtype, jax.dtypes.prng_key))


_CONSTANT = (bool, int, float, complex, str, bytes, type(None))


def _fixed_key(value: Any) -> Any:
    """Equal for equal values; a list, which no dictionary takes, where the content may change."""
    if isinstance(value, _CONSTANT):
        return (type(value).__name__, value)
    if hasattr(value, "dtype") and hasattr(value, "shape") and np.size(value) < 10_000_000:
        array = np.asarray(value)
        if array.dtype.kind in "biufcSU":
            return (str(array.dtype), array.shape, array.tobytes())
    return [value]
