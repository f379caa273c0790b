"""A program as a function of one vector, enclosed over many boxes at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from taylored.readings.interval.arithmetic import Bounds
from taylored.readings.interval.executor import NUMPY, Executor
from taylored.readings.jet.run import enclose
from taylored.readings.jet.space import Space
from taylored.readings.jet.value import Trouble
from taylored.trace.program import Program

__all__ = ["BoxFunction", "Coefficients"]


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Enclosed Taylor coefficients (coefficients, boxes, outputs), and the troubles met."""

    low: Any
    high: Any
    troubles: tuple[Trouble, ...]

    @property
    def bounds(self) -> Bounds:
        return self.low, self.high

    @property
    def troubled(self) -> np.ndarray:
        """(boxes,) where something is not smooth or not defined."""
        where = np.zeros(self.low.shape[1], bool)
        for trouble in self.troubles:
            where |= trouble.boxes
        return where


@dataclass(frozen=True, eq=False)
class BoxFunction:
    """A program whose inputs, of these shapes, lie one after another in a vector."""

    program: Program
    shapes: tuple[tuple[int, ...], ...]
    executor: Executor = NUMPY

    @cached_property
    def variables(self) -> int:
        return sum(self._sizes)

    @cached_property
    def _sizes(self) -> list[int]:
        return [int(np.prod(s, dtype=np.int64)) for s in self.shapes]

    def split(self, vectors: np.ndarray) -> list[np.ndarray]:
        """(..., variables) as the arrays of the inputs (..., *shape)."""
        pieces = np.split(vectors, np.cumsum(self._sizes)[:-1], axis=-1)
        lead = vectors.shape[:-1]
        return [p.reshape((*lead, *s)) for p, s in zip(pieces, self.shapes, strict=True)]

    def over(
        self, low: np.ndarray, high: np.ndarray, space: Space, along: Bounds | None = None
    ) -> Coefficients:
        """The coefficients at all points of boxes with ends (boxes, variables).

        `along`: intervals (boxes, variables) of directions; the polynomial is then that of the
        step along them, in one variable.
        """
        boxes = list(zip(self.split(low), self.split(high), strict=True))
        slopes: Sequence[Any]
        if along is None:
            slopes = self.split(np.eye(self.variables)[:, None, :])
        else:
            slopes = list(zip(*(self.split(a[None]) for a in along), strict=True))
        found = enclose(self.program, space, boxes, slopes, self.executor)
        count = low.shape[0]

        def flat(parts: Sequence[Any]) -> Any:
            sizes = [int(np.prod(p.shape[2:], dtype=np.int64)) for p in parts]
            pieces = zip(parts, sizes, strict=True)
            return np.concatenate([p.reshape((space.size, count, s)) for p, s in pieces], axis=2)

        return Coefficients(flat(found.low), flat(found.high), found.troubles)
