"""What stands for a value of the program while Taylor coefficients are computed.

A value that depends on the inputs, or any floating-point number, is a `Series`. Whole numbers and
conditions that are known are plain NumPy arrays; conditions that may differ from box to box, or
are not certain within one, are a `Truth`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["NotUniform", "Series", "Trouble", "Truth", "Undecided", "aligned", "moved", "zeros"]


@dataclass(frozen=True, slots=True)
class Series:
    """Taylor coefficients of arrays, for many boxes (or points) at once.

    Each part is an array (coefficients, boxes, *shape): one part for numbers, two (lower and upper
    ends) for intervals. Coefficients are in the graded order of a `Space`, as many as a polynomial
    of `degree` has. An axis of boxes of length 1 stands for the same in all boxes.
    """

    parts: tuple[Any, ...]
    degree: int

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.parts[0].shape[2:])

    def map(self, function: Callable[[Any], Any]) -> Series:
        """The same function on each part; ends that are one array stay one (an exact number)."""
        first, *rest = self.parts
        made = function(first)
        others = (made if p is first else function(p) for p in rest)
        return Series((made, *others), self.degree)

    def reshaped(self, shape: Sequence[int]) -> Series:
        """The arrays in another shape."""
        return self.map(lambda p: p.reshape((*p.shape[:2], *shape)))

    @property
    def value(self) -> tuple[Any, ...]:
        """The parts of the coefficient of degree 0: (boxes, *shape)."""
        return tuple(p[0] for p in self.parts)


@dataclass(frozen=True, slots=True)
class Truth:
    """A condition in each box: (boxes, *shape) whether it holds everywhere, and somewhere."""

    sure: np.ndarray
    maybe: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.sure.shape[1:])

    def map(self, function: Callable[[Any], Any]) -> Truth:
        return Truth(function(self.sure), function(self.maybe))


@dataclass(frozen=True, slots=True)
class Trouble:
    """Where something is not smooth, or not defined, or not decided: in which boxes, and why."""

    kind: str  # "domain", "kink", "jump", "branch"
    primitive: str
    source: str
    reason: str
    boxes: np.ndarray  # which boxes, as booleans


class NotUniform(Exception):
    """Boxes take different ways through the program: each has to be run on its own."""


class Undecided(Exception):
    """Within one box the program may go different ways, which leaves nothing to say."""

    def __init__(self, trouble: Trouble):
        self.trouble = trouble
        super().__init__(trouble.reason)


def zeros(shape: Sequence[int], like: Any) -> Any:
    """Zeros of the kind of numbers in another array: python-flint's are objects of their own."""
    if like.dtype == object and like.size:
        return np.full(shape, type(like.flat[0])(0), object)
    return np.zeros(shape, like.dtype)


def aligned(*values: Any) -> tuple[Any, ...]:
    """The same with as many axes, so that their parts broadcast with each other."""
    rank = max(len(v.shape) for v in values)
    return tuple(
        v if len(v.shape) == rank else v.reshaped((1,) * (rank - len(v.shape)) + v.shape)
        for v in values
    )


def moved(value: Series, index: np.ndarray) -> Series:
    """Elements by their position in the flat array: `index` has the shape of the result."""
    count = int(np.prod(value.shape, dtype=np.int64))
    if index.size == count and np.array_equal(index.reshape(-1), np.arange(count)):
        return value.reshaped(index.shape)
    return value.map(lambda p: p.reshape((*p.shape[:2], -1))[:, :, index])
