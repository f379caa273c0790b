"""Objectives and constraints that are functions of arrays and trees, read by JAX."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.calculus.arguments import read_arguments
from taylored.calculus.function import TracedFunction, trace
from taylored.errors import ArgumentError, FunctionError
from taylored.optimize.functions.statement import Block, Statement
from taylored.series.function import as_arguments
from taylored.series.traced import with_floats
from taylored.trace.jaxpr import float64

if TYPE_CHECKING:
    from taylored.optimize.functions.read import Constraint

__all__ = ["traced_statement"]


def traced_statement(
    objective: Callable, constraints: Sequence[Constraint], args: list[Any], start: Any
) -> tuple[Statement, np.ndarray]:
    """The objective and the constraints, traced together at the shapes of the start.

    Raises:
        FunctionError: where one cannot be traced, or the objective is not one number.
        ArgumentError: where the start does not consist of numbers.
    """
    floats = [with_floats(a) for a in args]
    chosen = 0 if len(floats) == 1 else tuple(range(len(floats)))
    with float64():
        arguments = read_arguments(objective, chosen, tuple(floats), {})
    if not arguments.concrete:
        raise ArgumentError(
            "start is not known yet (inside jit, vmap or grad).",
            next_step="call this outside of them.",
        )
    functions = [c.function for c in constraints]

    @functools.wraps(objective)
    def together(*values: Any) -> Any:
        return objective(*values), [f(*values) for f in functions if f is not None]

    made = trace(together, arguments)
    blocks = _blocks(made, constraints)
    shapes = tuple(leaf.shape for leaf in arguments.inputs.leaves)
    layout = arguments.inputs

    def flatten(point: Any, what: str) -> np.ndarray:
        given = [with_floats(a) for a in as_arguments(objective, point, what)]
        with float64():
            read = read_arguments(objective, chosen, tuple(given), {})
        found = tuple(tuple(np.shape(v)) for v in read.leaves)
        if found != shapes:
            raise ArgumentError(
                f"{what} has arrays of shapes {found}; the start has {shapes}.",
                next_step="give it in the same form as the start.",
            )
        return np.concatenate([np.asarray(v, float).reshape(-1) for v in read.leaves])

    def unflatten(x: np.ndarray) -> Any:
        parts = [np.array(p) if p.ndim else float(p) for p in layout.split(x)]
        whole = layout.unflatten(parts)
        if isinstance(start, Mapping) and len(floats) > 1:
            whole = dict(zip(_names(objective), whole, strict=True))
        return _in_order(whole, start)

    program = made.program()
    statement = Statement(
        program, program, shapes, _Names(layout), blocks, made.name, flatten, unflatten,
        _flat(made, layout),
    )  # fmt: skip
    vector = np.concatenate([np.asarray(v, float).reshape(-1) for v in arguments.leaves])
    return statement, vector


def _in_order(value: Any, like: Any) -> Any:
    """Dictionaries with their keys in the order of the user's: trees have them sorted."""
    if isinstance(value, dict) and isinstance(like, Mapping) and value.keys() == like.keys():
        return {k: _in_order(value[k], like[k]) for k in like}
    if type(value) in (list, tuple) and isinstance(like, list | tuple):
        return type(value)(_in_order(v, k) for v, k in zip(value, like, strict=True))
    return value


def _names(function: Callable) -> list[str]:
    from taylored.series.function import argument_names

    return argument_names(function) or []


class _Names(Sequence):
    """The names of the elements of a layout, made when they are asked for."""

    def __init__(self, layout: Any):
        self._layout = layout

    def __len__(self) -> int:
        return self._layout.size

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self._layout.name(k) for k in range(len(self))[place]]
        return self._layout.name(int(place))


def _flat(made: TracedFunction, layout: Any) -> Callable[[Any], tuple[Any, Any]]:
    """(f, c) of the vector of all inputs."""

    def flat(x: Any) -> tuple[Any, Any]:
        import jax.numpy as jnp

        found = made(layout.split(x), [])
        rest = [jnp.reshape(v, -1).astype(jnp.float64) for v in found[1:]]
        c = jnp.concatenate(rest) if rest else jnp.zeros(0)
        return jnp.reshape(found[0], ()).astype(jnp.float64), c

    return flat


def _blocks(made: TracedFunction, constraints: Sequence[Constraint]) -> tuple[Block, ...]:
    leaves = made.outputs.leaves
    own = [leaf for leaf in leaves if leaf.name.startswith("out[0]")]
    if len(own) != 1 or int(np.prod(own[0].shape, dtype=np.int64)) != 1:
        shapes = ", ".join(str(leaf.shape) for leaf in own[:4]) or "nothing"
        raise FunctionError(
            f"The objective {made.name} must return one number; it returns {shapes}.",
            next_step="return a sum, or minimize one of its elements.",
        )
    blocks, start = [], 0
    for number, constraint in enumerate(constraints):
        prefix = f"out[1][{number}]"
        parts = [leaf for leaf in leaves if leaf.name.startswith(prefix)]
        sizes = [int(np.prod(leaf.shape, dtype=np.int64)) for leaf in parts]
        if not parts:
            raise FunctionError(
                f"The constraint {constraint.name} returns nothing.",
                next_step="return what must be zero (equal=) or not positive (at_most=).",
            )
        if all(leaf.name.startswith(f"{prefix}.") for leaf in parts):  # a dictionary: by its names
            for leaf, size in zip(parts, sizes, strict=True):
                name = leaf.name[len(prefix) + 1 :]
                if constraint.name not in ("equal", "at_most"):
                    name = f"{constraint.name}.{name}"
                blocks.append(Block(name, bool(constraint.equality), start, tuple(leaf.shape)))
                start += size
            continue
        shape = parts[0].shape if len(parts) == 1 else (sum(sizes),)
        blocks.append(Block(constraint.name, bool(constraint.equality), start, tuple(shape)))
        start += sum(sizes)
    return tuple(blocks)
