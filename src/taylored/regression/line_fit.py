"""The straight line's result."""

from __future__ import annotations

from dataclasses import dataclass

from taylored.regression.result import Fit

__all__ = ["LineFit"]


@dataclass(frozen=True, eq=False, repr=False)
class LineFit(Fit):
    """A fitted straight line: a `Fit` with its two parameters by name."""

    @property
    def slope(self) -> float:
        """The slope, in units of y per unit of x."""
        return self.params["slope"]

    @property
    def intercept(self) -> float:
        """The value at x = 0."""
        return self.params["intercept"]
