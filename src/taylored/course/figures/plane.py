"""Functions of two variables as figures use them: contour lines, slices, the range of heights."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from taylored.course.figures.proofs import values
from taylored.course.kit import Axis, contours
from taylored.errors import ArgumentError

__all__ = ["Landscape", "landscape"]

_GRID = 61


class Landscape:
    """A formula of x and y over a rectangle: its contour lines and the ends of its heights."""

    def __init__(self, formula: str, x: Axis, y: Axis, levels: int):
        self.formula, self.x, self.y = formula, x, y
        gx, gy = np.meshgrid(np.linspace(x.lo, x.hi, _GRID), np.linspace(y.lo, y.hi, _GRID))
        z = values(formula, x=gx, y=gy)
        finite = z[np.isfinite(z)]
        if finite.size < z.size // 20:
            raise ArgumentError(
                f"{formula} has no value on most of the plane shown.",
                why=f"x runs from {x.lo:g} to {x.hi:g} and y from {y.lo:g} to {y.hi:g}.",
                next_step="choose another formula",
            )
        lo, hi = np.quantile(finite, [0.01, 0.99])
        room = 0.08 * (hi - lo) or 1.0
        self.lo, self.hi = float(lo - room), float(hi + room)
        wanted = np.linspace(lo, hi, levels + 2)[1:-1].tolist()
        self.contours = contours(self.at, x, y, wanted if hi > lo else [], _GRID)

    def at(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Heights."""
        return values(self.formula, x=x, y=y)

    @property
    def height(self) -> Axis:
        return Axis("height f", self.lo, self.hi)


@lru_cache(maxsize=32)
def landscape(formula: str, x: Axis, y: Axis, levels: int = 12) -> Landscape:
    """The landscape of a formula, computed once."""
    return Landscape(formula, x, y, levels)
