"""What the rules of the structure need from an arithmetic of Taylor coefficients."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from taylored.readings.jet.space import Space
from taylored.readings.jet.value import Series, Trouble, Truth
from taylored.trace.program import Equation

__all__ = ["Ring"]


class Ring(ABC):
    """An arithmetic of truncated Taylor series: of numbers, or of intervals.

    `here` is the equation at work, for what is noted in `troubles`.
    """

    def __init__(self, space: Space, boxes: int):
        self.space, self.boxes = space, boxes
        self.troubles: list[Trouble] = []
        self.here: Equation | None = None

    @property
    def degree(self) -> int:
        """The highest degree that is kept."""
        return self.space.degree

    def note(self, kind: str, reason: str, boxes: Any) -> None:
        """Remember that something is wrong in these boxes (any shape that starts with boxes)."""
        where = np.asarray(boxes)
        where = where.reshape(where.shape[0], -1).any(axis=1) if where.ndim else where[None]
        if where.any():
            self.troubles.append(self.trouble(kind, reason, np.broadcast_to(where, (self.boxes,))))

    def trouble(self, kind: str, reason: str, boxes: np.ndarray) -> Trouble:
        here = self.here
        return Trouble(kind, here.primitive if here else "", here.source if here else "",
                       reason, boxes)  # fmt: skip

    # ---- arithmetic ----

    @abstractmethod
    def constant(self, value: Any) -> Series:
        """A known array of numbers, or one number."""

    @abstractmethod
    def add(self, x: Series, y: Series) -> Series: ...

    @abstractmethod
    def negative(self, x: Series) -> Series: ...

    @abstractmethod
    def multiply(self, x: Series, y: Series) -> Series: ...

    @abstractmethod
    def unary(self, name: str, x: Series, params: Mapping[str, Any]) -> Series:
        """A smooth function of one argument, by the name of its primitive.

        Beside those of `facts.ELEMENTWISE`: recip, integer_pow (params y), pow (params p: constant
        exponent), softplus.
        """

    def subtract(self, x: Series, y: Series) -> Series:
        return self.add(x, self.negative(y))

    def divide(self, x: Series, y: Series) -> Series:
        return self.multiply(x, self.unary("recip", y, {}))

    @abstractmethod
    def atan2(self, y: Series, x: Series) -> Series: ...

    # ---- what is not smooth ----

    @abstractmethod
    def absolute(self, x: Series) -> Series: ...

    @abstractmethod
    def extreme(self, x: Series, y: Series, largest: bool) -> Series:
        """The larger (or smaller) of two, elementwise."""

    @abstractmethod
    def step(self, name: str, x: Series) -> Series:
        """sign, floor, ceil, round, round_half_away: constant between jumps."""

    @abstractmethod
    def compare(self, name: str, x: Series, y: Series) -> Truth:
        """lt, le, gt, ge, eq, ne."""

    @abstractmethod
    def choose(self, condition: Truth, if_false: Series, if_true: Series) -> Series: ...

    # ---- sums ----

    @abstractmethod
    def total(self, x: Series, axis: int) -> Series:
        """The sum over one axis of the shape."""

    @abstractmethod
    def cumulative(self, x: Series, axis: int) -> Series:
        """The cumulative sum along one axis of the shape."""

    @abstractmethod
    def matmul(self, x: Series, y: Series) -> Series:
        """(*batch, m, k) times (*batch, k, n)."""

    # ---- order ----

    @abstractmethod
    def middle(self, x: Series) -> np.ndarray:
        """(boxes, *shape) numbers, one in each interval."""

    @abstractmethod
    def whole(self, x: Series) -> tuple[np.ndarray, np.ndarray]:
        """(boxes, *shape) the smallest and largest whole number, cut off towards zero, in x."""

    @abstractmethod
    def largest(self, x: Series, axis: int) -> np.ndarray:
        """The position of the largest along an axis, the same in all boxes (`control.decided`)."""

    @abstractmethod
    def sort(self, keys: Sequence[Series], axis: int) -> list[Series]:
        """Sorted by the first along an axis, the others in the same order."""
