"""Products of a matrix of derivatives with vectors, and the check of its entries by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.calculus.trees import Layout, Leaf
from taylored.errors import ArgumentError

if TYPE_CHECKING:
    from taylored.calculus.matrix import DerivativeMatrix

__all__ = ["as_tree", "as_vector", "disagreement", "joined", "typed"]


def disagreement(matrix: DerivativeMatrix, values: np.ndarray) -> float | None:
    """How far the entries and one product in a random direction differ, relative to their size.

    None where nothing can be compared, because nothing is finite.
    """
    pattern = matrix.pattern
    forward = matrix._plan.forward
    signs = np.random.default_rng(0).choice([-1.0, 1.0], matrix.shape[1 if forward else 0])
    signs *= np.random.default_rng(1).uniform(0.5, 1.5, len(signs))
    if forward:
        product = joined(matrix._pass(matrix.inputs.split(signs), True, once=True))
        terms, where = values * signs[pattern.indices], pattern.rows
    else:
        product = joined(matrix._pass(matrix.outputs.split(signs), False))
        terms, where = values * signs[pattern.rows], pattern.indices
    product = np.asarray(product, float)
    found = np.bincount(where, terms, minlength=len(product))
    size = np.bincount(where, np.abs(terms), minlength=len(product))
    with np.errstate(invalid="ignore"):  # infinite entries: not comparable
        gap = np.abs(found - product)
    known = np.isfinite(gap)
    if len(gap) and not known.all():
        return None
    # A row's entries may cancel, or belong to rows of very different size: both are allowed for.
    scale = np.maximum(np.maximum(size, np.abs(product)), 1e-6 * np.max(size[known], initial=0))
    relative = gap[known] / np.where(scale[known] > 0, scale[known], 1.0)
    return float(np.max(relative, initial=0.0))


def as_tree(v: Any, given: Layout) -> list[Any] | None:
    """The arrays of a tree like the inputs (outputs); None for a plain vector or matrix."""
    import jax

    tree = jax.tree_util.tree_structure(v)
    if tree != given.tree:
        return None
    if jax.tree_util.treedef_is_leaf(tree):
        shape = given.leaves[0].shape
        return [v] if len(shape) != 1 and np.shape(v) == shape else None
    values = jax.tree_util.tree_leaves(v)
    return [_fitting(p, leaf) for p, leaf in zip(values, given.leaves, strict=True)]


def _fitting(value: Any, leaf: Leaf) -> Any:
    value = as_vector(value)
    if tuple(value.shape) != leaf.shape:
        raise ArgumentError(
            f"The part {leaf.name!r} has shape {tuple(value.shape)}, not {leaf.shape}.",
            next_step="give a tree of the same shapes.",
        )
    return value


def as_vector(v: Any) -> Any:
    """An array of numbers.

    Raises:
        ArgumentError: for text, complex numbers, ragged lists and the like.
    """
    if not (hasattr(v, "shape") and hasattr(v, "dtype") and hasattr(v, "reshape")):
        if v is None:
            raise ArgumentError("A product with None has no meaning.", next_step="give a vector.")
        try:
            v = np.asarray(v, float)
        except (TypeError, ValueError):
            raise ArgumentError(
                f"A product with a {type(v).__name__} has no meaning here.",
                next_step="give a vector or matrix of numbers, or a tree like the inputs.",
            ) from None
    kind = getattr(v.dtype, "kind", "f")
    if kind == "c":
        raise ArgumentError(
            "The vector holds complex numbers.",
            next_step="multiply by the real and by the imaginary part.",
        )
    if kind not in "fiubV":
        raise ArgumentError(
            f"The vector holds values of type {v.dtype}.", next_step="give numbers."
        )
    return v


def joined(parts: Sequence[Any]) -> Any:
    """The arrays one after another, as one vector."""
    flat = [p.reshape(-1) for p in parts]
    if len(flat) == 1:
        return flat[0]
    if all(isinstance(p, np.ndarray) for p in flat):
        return np.concatenate(flat)
    import jax.numpy as jnp

    return jnp.concatenate(flat)


def typed(value: Any, dtype: Any) -> Any:
    """The array in this precision."""
    value = value if hasattr(value, "astype") else np.asarray(value)
    return value if value.dtype == dtype else value.astype(dtype)
