"""The spread of each input: how far it is expected to move, which makes derivatives comparable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from taylored.calculus.arguments import user_caller
from taylored.calculus.trees import Layout
from taylored.errors import ArgumentError

__all__ = ["DEFAULT_SHARE", "default_spread", "flat_point", "read_spread"]

DEFAULT_SHARE = 0.01  # of the size of each input, where no spread is given


def flat_point(leaves: Sequence[Any]) -> np.ndarray:
    """(inputs,) a copy of the point as one vector in float64."""
    parts = [np.asarray(leaf, np.float64).reshape(-1) for leaf in leaves]
    return np.concatenate(parts)


def default_spread(point: np.ndarray) -> np.ndarray:
    """(inputs,) 1 % of the size of each input; NaN where that is zero."""
    found = DEFAULT_SHARE * np.abs(point)
    return np.where(found == 0.0, np.nan, found)


def read_spread(spread: Any, inputs: Layout) -> np.ndarray:
    """(inputs,) the spread of each input.

    Args:
        spread: one number for all, an array of the size of all inputs, or a tree as the inputs
            whose leaves are arrays or single numbers.
        inputs: their names and shapes.

    Raises:
        ArgumentError: for a spread that is negative or not finite, or of another shape; it names
            the input.
    """
    found = _flat(spread, inputs)
    if not (found.min(initial=0.0) >= 0.0 and found.max(initial=0.0) < np.inf):
        bad = int(np.flatnonzero(~((found >= 0.0) & (found < np.inf)))[0])
        raise ArgumentError(
            f"The spread of the input {inputs.name(bad)} is {found[bad]}.",
            where=user_caller(),
            why="a spread is a distance: zero (the input does not move) or positive, and finite.",
            next_step="give standard deviations, tolerances or ranges in the units of the inputs.",
        )
    return found


def _flat(spread: Any, inputs: Layout) -> np.ndarray:
    parts = _parts(spread, inputs)
    if parts is None:
        array = _numbers(spread, inputs.leaves[0].name if len(inputs.leaves) == 1 else "all inputs")
        if array.ndim == 0:
            return np.full(inputs.size, float(array))
        if array.shape != (inputs.size,):
            _refuse(array.shape, inputs)
        if _is_dictionary(inputs) and len(inputs.leaves) > 1:
            raise ArgumentError(
                "The inputs have names, this spread has none: which belongs to which is a guess.",
                where=user_caller(),
                next_step=f"give a dictionary: {{{inputs.leaves[0].name!r}: ..., ...}}.",
            )
        return array
    found = np.empty(inputs.size)
    for leaf, part in zip(inputs.leaves, parts, strict=True):
        array = _numbers(part, leaf.name)
        if array.shape not in ((), leaf.shape):
            raise ArgumentError(
                f"The spread of {leaf.name!r} has shape {array.shape}; the input has {leaf.shape}.",
                where=user_caller(),
                next_step="give one number for the whole of it, or an array of its shape.",
            )
        found[leaf.start : leaf.stop] = array.reshape(-1)
    return found


def _parts(spread: Any, inputs: Layout) -> list[Any] | None:
    """The leaves of a spread that is a tree as the inputs are; None for a plain array."""
    import jax

    values, tree = jax.tree_util.tree_flatten(spread)
    plain = jax.tree_util.treedef_is_leaf(tree)
    if plain and len(inputs.leaves) == 1 and np.ndim(spread) and np.shape(spread) == (
        inputs.leaves[0].shape
    ):  # fmt: skip
        return values
    if plain or (isinstance(spread, list | tuple) and tree != inputs.tree and _is_flat(spread)):
        return None
    if tree != inputs.tree:
        names = ", ".join(leaf.name for leaf in inputs.leaves[:8])
        raise ArgumentError(
            "The spread is a tree of another form than the inputs.",
            where=user_caller(),
            why=_other_keys(spread, inputs)
            or f"the inputs are {names}{', ...' if len(inputs.leaves) > 8 else ''}; the spread "
            f"holds {len(values)} of {len(inputs.leaves)} parts or arranges them otherwise.",
            next_step="give one number, or the inputs' own keys with a number or array each.",
        )
    return values


def _is_dictionary(inputs: Layout) -> bool:
    return isinstance(inputs.unflatten(range(len(inputs.leaves))), dict)


def _other_keys(spread: Any, inputs: Layout) -> str:
    """Which keys of a dictionary are missing, and which it should not have."""
    if not isinstance(spread, dict) or not _is_dictionary(inputs):
        return ""
    wanted = inputs.unflatten(range(len(inputs.leaves)))
    missing = ", ".join(repr(k) for k in list(wanted) if k not in spread)
    unknown = ", ".join(repr(k) for k in list(spread) if k not in wanted)
    parts = [f"{missing} missing"] if missing else []
    return "; ".join([*parts, *([f"{unknown} unknown"] if unknown else [])]) + "."


def _is_flat(spread: Sequence[Any]) -> bool:
    """A list of numbers, which stands for an array."""
    return all(np.ndim(v) == 0 and not isinstance(v, str) for v in spread)


def _numbers(value: Any, name: str) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind not in "fiu":
        raise ArgumentError(
            f"The spread of {name} is a {type(value).__name__} ({value!r}), not a number."[:200],
            where=user_caller(),
            next_step="give numbers in the units of the inputs.",
        )
    return array.astype(np.float64)


def _refuse(shape: tuple[int, ...], inputs: Layout) -> None:
    names = ", ".join(f"{leaf.name} {leaf.shape}" for leaf in inputs.leaves[:6])
    raise ArgumentError(
        f"The spread has shape {shape}; there are {inputs.size} inputs ({names}).",
        where=user_caller(),
        next_step="give one number, or an array or tree of the inputs' shape.",
    )
