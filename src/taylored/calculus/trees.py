"""Inputs and outputs by name: how the leaves of a tree lie one after another in a vector."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from taylored.errors import ArgumentError

__all__ = ["Layout", "Leaf", "layout"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """An array of a tree: its name, and where its elements lie in the vector of all."""

    name: str
    shape: tuple[int, ...]
    start: int
    size: int

    @property
    def stop(self) -> int:
        return self.start + self.size

    def element(self, k: int) -> str:
        """The name of element `k` (flat, in C order), such as `theta[2, 1]`."""
        if not self.shape:
            return self.name
        place = np.unravel_index(k, self.shape)
        return f"{self.name}[{', '.join(str(int(p)) for p in place)}]"


@dataclass(frozen=True, eq=False)
class Layout:
    """The leaves of a tree in order, and the tree that holds them."""

    leaves: tuple[Leaf, ...]
    tree: Any
    kind: str = "input"

    @property
    def size(self) -> int:
        return self.leaves[-1].stop if self.leaves else 0

    @cached_property
    def _starts(self) -> np.ndarray:
        return np.array([leaf.start for leaf in self.leaves])

    def name(self, k: int) -> str:
        """The name of element `k` of the vector."""
        k = range(self.size)[k]
        # Empty leaves share their start with the next: the last one that starts here holds it.
        leaf = self.leaves[int(np.searchsorted(self._starts, k, side="right")) - 1]
        return leaf.element(k - leaf.start)

    def names(self, ks: Sequence[int]) -> list[str]:
        return [self.name(int(k)) for k in ks]

    def block(self, name: str) -> slice:
        """Where the leaf of this name lies, or all leaves below a branch of this name.

        Raises:
            ArgumentError: if there is none; with the names that are there.
        """
        found = [leaf for leaf in self.leaves if leaf.name == name]
        exact = len(found)
        found = found or [leaf for leaf in self.leaves if _below(leaf.name, name)]
        element = None if found else self._element(name)
        if element is not None:
            return slice(element, element + 1)
        joint = all(a.stop == b.start for a, b in itertools.pairwise(found))
        if exact > 1 or not joint:
            raise ArgumentError(
                f"{name!r} names several {self.kind}s that do not lie together.",
                next_step="give the parts names of their own.",
            )
        if not found:
            known = [leaf.name for leaf in self.leaves]
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(known[:12])}."
            raise ArgumentError(f"There is no {self.kind} named {name!r}.", next_step=hint)
        return slice(found[0].start, found[-1].stop)

    def index(self, place: int | str) -> int:
        """The position of an element, given by position or by a name such as `theta[2, 1]`.

        Raises:
            ArgumentError: if there is no such element.
        """
        if not isinstance(place, str):
            if not -self.size <= place < self.size:
                raise ArgumentError(
                    f"There is no {self.kind} {place}.",
                    next_step=f"positions run from 0 to {self.size - 1}.",
                )
            return int(place) % self.size
        found = self.block(place)
        if found.stop - found.start == 1:
            return found.start
        raise ArgumentError(
            f"{place!r} holds {found.stop - found.start} {self.kind}s.",
            next_step=f"name one of them, such as {self.name(found.start)!r}.",
        )

    def _element(self, name: str) -> int | None:
        """The position of an element by a name such as `theta[2, 1]`; None for other names."""
        for leaf in self.leaves:
            if name.startswith(leaf.name + "[") and name.endswith("]"):
                parts = name[len(leaf.name) + 1 : -1].split(",")
                if len(parts) == len(leaf.shape) and all(_is_whole(p) for p in parts):
                    return leaf.start + self._flat(leaf, [int(p) for p in parts])
        return None

    def _flat(self, leaf: Leaf, place: list[int]) -> int:
        if any(not -n <= p < n for p, n in zip(place, leaf.shape, strict=True)):
            raise ArgumentError(
                f"There is no {self.kind} {leaf.name}{place}.",
                next_step=f"{leaf.name} has shape {leaf.shape}.",
            )
        inside = [p % n for p, n in zip(place, leaf.shape, strict=True)]
        return int(np.ravel_multi_index(inside, leaf.shape))

    def split(self, vector: Any) -> list[Any]:
        """A vector of all elements (its last axis) as the arrays of the leaves."""
        batch = vector.shape[:-1]
        return [
            vector[..., leaf.start : leaf.stop].reshape((*batch, *leaf.shape))
            for leaf in self.leaves
        ]

    def unflatten(self, leaves: Sequence[Any]) -> Any:
        """The tree with these leaves."""
        import jax

        return jax.tree_util.tree_unflatten(self.tree, leaves)


def _below(name: str, branch: str) -> bool:
    return name.startswith(branch) and name[len(branch)] in ".["


def _is_whole(text: str) -> bool:
    return text.strip().lstrip("-").isdigit()


def layout(tree: Any, root: str, kind: str, rooted: bool = False) -> tuple[Layout, list[Any]]:
    """The layout of a tree and its leaves. `root` names a leaf that has no name of its own.

    A dictionary's leaves have its keys for names; `rooted` puts `root.` in front of them.
    """
    import jax

    paths, structure = jax.tree_util.tree_flatten_with_path(tree)
    leaves, start = [], 0
    for path, value in paths:
        shape = tuple(np.shape(value))
        size = int(np.prod(shape, dtype=np.int64))
        leaves.append(Leaf(_path_name(path, root, rooted), shape, start, size))
        start += size
    return Layout(tuple(leaves), structure, kind), [value for _, value in paths]


def _path_name(path: Sequence[Any], root: str, rooted: bool) -> str:
    name = root if rooted or not path else ""
    for key in path:
        if hasattr(key, "idx"):
            name = f"{name or root}[{key.idx}]"
            continue
        word = getattr(key, "name", None)
        word = str(getattr(key, "key", key) if word is None else word)
        name = f"{name}.{word}" if name else word
    return name
