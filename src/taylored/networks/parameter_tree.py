"""A user's tree of parameters as one vector, in units in which its numbers are about one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from taylored.calculus.trees import Leaf, layout
from taylored.errors import ArgumentError

__all__ = ["ParameterTree", "parameter_tree"]


@dataclass(frozen=True, eq=False)
class ParameterTree:
    """Which leaves of a tree are trained, and where they lie in the vector.

    `values` are all leaves at the start; `places` of them are trained, and `leaves` say how those
    lie in the vector. Only they count. `scale` (size,) is what one unit of the vector means.
    """

    structure: Any
    values: tuple[Any, ...]
    places: tuple[int, ...]
    leaves: tuple[Leaf, ...]
    scale: np.ndarray

    @property
    def size(self) -> int:
        """The number of parameters."""
        return self.leaves[-1].stop

    @cached_property
    def names(self) -> list[str]:
        """The name of each trained leaf."""
        return [leaf.name for leaf in self.leaves]

    @cached_property
    def network(self) -> bool:
        """Whether there are matrices among the parameters: weights, not numbers with a meaning."""
        return _has_matrices(self.leaves)

    @cached_property
    def start(self) -> np.ndarray:
        """The vector of the user's own values."""
        return _joined([self.values[p] for p in self.places]) / self.scale

    def vector(self, tree: Any) -> np.ndarray:
        """The vector of another tree of the same form.

        Raises:
            ArgumentError: where its leaves have other shapes.
        """
        import jax

        values, structure = jax.tree_util.tree_flatten(tree)
        shapes = [np.shape(values[p]) for p in self.places] if structure == self.structure else []
        if shapes != [leaf.shape for leaf in self.leaves]:
            raise ArgumentError(
                "The function that draws parameters does not return the same tree each time.",
                next_step="let only the numbers in it depend on the key.",
            )
        return _joined([values[p] for p in self.places]) / self.scale

    def tree(self, theta: Any) -> Any:
        """The tree of a vector (size,), of NumPy or JAX."""
        import jax

        values = list(self.values)
        if not (self.scale == 1).all():
            theta = theta * self.scale.astype(theta.dtype)
        for place, leaf in zip(self.places, self.leaves, strict=True):
            values[place] = theta[leaf.start : leaf.stop].reshape(leaf.shape)
        return jax.tree_util.tree_unflatten(self.structure, values)

    def groups(self, outputs: int) -> np.ndarray:
        """One group for each leaf; numbers and vectors of the outputs in the last, the free one."""
        free = [k for k, leaf in enumerate(self.leaves) if leaf.shape in ((), (outputs,))]
        free = free or [len(self.leaves) - 1]
        found, number = np.empty(self.size, int), 0
        for k, leaf in enumerate(self.leaves):
            found[leaf.start : leaf.stop] = -1 if k in free else number
            number += k not in free
        found[found < 0] = number
        return found

    def drawn(self, rng: np.random.Generator, number: int) -> np.ndarray:
        """A start: the user's for number 0, else one beside it, or weights of the same spread."""
        made = self.start.copy()
        for leaf in self.leaves:
            own, noise = made[leaf.start : leaf.stop], rng.normal(size=leaf.size)
            if number == 0 or not leaf.size:
                continue
            spread, mean = own.std(), own.mean()
            if len(leaf.shape) >= 2 and spread > 0:
                own[...] = mean + spread * noise
            elif self.network:
                own += (spread or _BESIDE_EQUAL) * noise
            else:
                own += np.where(own == 0, _BESIDE_ZERO, _BESIDE * np.abs(own)) * noise
        return made


_BESIDE = 0.2  # of its value: how far starts of a parameter with a meaning lie from the user's
_BESIDE_ZERO = 0.1
_BESIDE_EQUAL = 0.01  # of vectors of equal numbers, such as biases that start at zero


def parameter_tree(params: Any, name: str, module: bool) -> ParameterTree:
    """The tree of these parameters; of a module only the arrays are trained.

    Raises:
        ArgumentError: where nothing can be trained, an integer would not be, or one is not finite.
    """
    whole, values = layout(params, "params", "parameter")
    places = [k for k, v in enumerate(values) if _trained(v, module)]
    if not module:
        _refuse_integers([(leaf.name, v) for leaf, v in zip(whole.leaves, values, strict=True)])
    if not places or not sum(whole.leaves[p].size for p in places):
        raise ArgumentError(
            f"The model {name} has no parameters that can be trained.",
            why="only arrays of floating-point numbers are.",
            next_step="give f(params, x) its parameters, such as params={'a': 1.0}.",
        )
    leaves, start = [], 0
    for p in places:
        old = whole.leaves[p]
        leaves.append(Leaf(old.name, old.shape, start, old.size))
        start += old.size
    numbers = _joined([values[p] for p in places])
    _refuse_infinite(numbers, leaves)
    scale = np.ones(start)
    if not module and not _has_matrices(leaves):
        scale = np.where(numbers == 0, 1.0, np.abs(numbers))
    return ParameterTree(whole.tree, tuple(values), tuple(places), tuple(leaves), scale)


def _trained(value: Any, module: bool) -> bool:
    import jax.numpy as jnp

    if isinstance(value, float):
        return not module
    return hasattr(value, "dtype") and hasattr(value, "shape") and (
        jnp.issubdtype(value.dtype, np.floating)
    )  # fmt: skip


def _refuse_integers(named: list[tuple[str, Any]]) -> None:
    for name, value in named:
        kind = getattr(getattr(value, "dtype", None), "kind", "")
        if (isinstance(value, int) and not isinstance(value, bool)) or kind in ("i", "u", "c"):
            what = "complex" if kind == "c" else "made of integers"
            raise ArgumentError(
                f"The parameter {name} is {what}: it would not be trained.",
                next_step="write it with a decimal point to train it; else keep it out of params.",
            )


def _refuse_infinite(numbers: np.ndarray, leaves: list[Leaf]) -> None:
    bad = np.flatnonzero(~np.isfinite(numbers))
    if bad.size:
        leaf = next(x for x in leaves if x.start <= bad[0] < x.stop)
        raise ArgumentError(
            f"The parameter {leaf.element(int(bad[0]) - leaf.start)} starts at {numbers[bad[0]]}.",
            next_step="start from finite numbers.",
        )


def _has_matrices(leaves: Any) -> bool:
    return any(len(leaf.shape) >= 2 for leaf in leaves)


def _joined(values: list[Any]) -> np.ndarray:
    return np.concatenate([np.asarray(v, float).reshape(-1) for v in values])
