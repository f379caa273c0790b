"""What the user stated: an objective and constraints as one program of one vector, with names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from taylored.trace.program import Program

__all__ = ["Block", "Statement"]


@dataclass(frozen=True, slots=True)
class Block:
    """The constraints of one function: `name`, whether they are equations, and where they lie.

    `texts` are those that the user wrote as formulas, one for each; empty for functions.
    """

    name: str
    equality: bool
    start: int
    shape: tuple[int, ...]
    texts: tuple[str, ...] = ()
    signs: tuple[float, ...] = ()  # -1 where g >= h was turned around

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def where(self) -> slice:
        return slice(self.start, self.start + self.size)

    def names(self) -> list[str]:
        """The names of its constraints."""
        if self.texts and self.name in ("equal", "at_most", "subject_to"):
            return list(self.texts)
        if self.shape == ():
            return [self.name]
        places = np.ndindex(*self.shape)
        return [f"{self.name}[{', '.join(map(str, place))}]" for place in places]


@dataclass(frozen=True, eq=False)
class Statement:
    """A function (f, c) of a vector; `shapes` say how the vector becomes the user's arguments.

    `program` is for enclosures; `numbers` computes the same where the function was read without
    JAX. `flat` is the function for JAX, x -> (f, c), where it was read by JAX; else None.
    """

    program: Program
    numbers: Program
    shapes: tuple[tuple[int, ...], ...]
    names: Sequence[str]
    blocks: tuple[Block, ...]
    describe: str
    flatten: Callable[[Any, str], np.ndarray]
    unflatten: Callable[[np.ndarray], Any]
    flat: Callable[[Any], tuple[Any, Any]] | None = None
    formulas: tuple[str, ...] = ()
    again: tuple[Callable, tuple[Any, ...]] | None = None  # what makes it, and of which arguments

    def __reduce_ex__(self, protocol: Any) -> Any:
        """For pickle: formulas are read again; functions are read by closures of their own."""
        return self.again if self.again is not None else super().__reduce_ex__(protocol)

    @property
    def variables(self) -> int:
        return len(self.names)

    @property
    def constraints(self) -> int:
        return sum(block.size for block in self.blocks)

    @cached_property
    def equality(self) -> np.ndarray:
        """(constraints,) which are equations."""
        found = np.zeros(self.constraints, bool)
        for block in self.blocks:
            found[block.where] = block.equality
        return found

    @cached_property
    def constraint_names(self) -> Sequence[str]:
        """The names of the constraints, one for each."""
        return [name for block in self.blocks for name in block.names()]

    def by_block(self, values: np.ndarray) -> Mapping[str, Any]:
        """(constraints,) numbers by the names of the constraints as the user gave them."""
        found: dict[str, Any] = {}
        for block in self.blocks:
            part = np.asarray(values[block.where], float).reshape(block.shape)
            found[block.name] = float(part) if block.shape == () else part
        return found
