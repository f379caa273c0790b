"""Functions of arrays and trees, read by JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from taylored.calculus.arguments import read_arguments
from taylored.calculus.function import trace
from taylored.errors import ArgumentError
from taylored.series.function import Target, as_arguments
from taylored.trace.jaxpr import float64, is_tracer

__all__ = ["traced_target", "with_floats"]


def traced_target(
    function: Callable, args: list[Any], at: Any, what: str
) -> tuple[Target, np.ndarray]:
    """The function as a program of the arrays in its arguments.

    Raises:
        FunctionError: where it cannot be traced.
        ArgumentError: where the point does not consist of numbers.
    """
    floats = [with_floats(a) for a in args]
    chosen = 0 if len(floats) == 1 else tuple(range(len(floats)))
    with float64():
        arguments = read_arguments(function, chosen, tuple(floats), {})
    if not arguments.concrete:
        raise ArgumentError(
            f"{what} is not known yet (inside jit, vmap or grad).",
            next_step="call this outside of them.",
        )
    made = trace(function, arguments)
    if not any(int(np.prod(leaf.shape)) for leaf in made.outputs.leaves):
        raise ArgumentError(
            f"{made.name} returns no numbers.", next_step="return a number, an array or a tree."
        )
    layout = arguments.inputs
    shapes = tuple(leaf.shape for leaf in layout.leaves)
    names = tuple(layout.names(range(layout.size)))

    def flatten(point: Any, name: str) -> np.ndarray:
        given = [with_floats(a) for a in as_arguments(function, point, name)]
        with float64():
            read = read_arguments(function, chosen, tuple(given), {})
        found = tuple(tuple(np.shape(v)) for v in read.leaves)
        if found != shapes:
            raise ArgumentError(
                f"{name} has arrays of shapes {found}; the function was read with {shapes}.",
                next_step="give a point of the same form.",
            )
        return np.concatenate([np.asarray(v, float).reshape(-1) for v in read.leaves])

    target = Target(
        made.program(), names, shapes, tuple(leaf.shape for leaf in made.outputs.leaves),
        made.name, flatten, made.outputs.unflatten,
    )  # fmt: skip
    return target, flatten(at, what)


def with_floats(tree: Any) -> Any:
    """Whole numbers as floating-point ones, in float64: a center of 0 is as good as 0.0."""
    import jax

    def leaf(value: Any) -> Any:
        kind = getattr(getattr(value, "dtype", None), "kind", None)
        if isinstance(value, bool) or kind == "b" or is_tracer(value):
            return value
        if isinstance(value, int | float | np.number) or kind in ("i", "u", "f"):
            return np.asarray(value, float)
        return value

    return jax.tree_util.tree_map(leaf, tree)
