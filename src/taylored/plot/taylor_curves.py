"""The numbers behind the picture of a Taylor polynomial of one variable."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from taylored.report.series_facts import convergence_of
from taylored.series.comparison import values

if TYPE_CHECKING:
    from taylored.series.result import Taylor

__all__ = ["Band", "Curves", "curves_of"]

_POINTS = 401  # on the box
_INSIDE = 1e-9  # of the box: so far inside is the last point that is drawn
_BEYOND = 0.12  # of the box, shown on each side of it
_EPS = 2.0**-52

Band = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False, slots=True)
class Curves:
    """f, T and f - T in float64 at `x`; at `inner`, the points of the box, with their bounds.

    `rounding`: below it f - T as computed is rounding and not the error.
    """

    view: tuple[float, float]
    x: np.ndarray
    function: np.ndarray
    polynomial: np.ndarray
    inside: slice
    band: Band | None
    error_band: Band | None
    remainder: tuple[float, float] | None
    rounding: float

    @property
    def error(self) -> np.ndarray:
        with np.errstate(all="ignore"):
            return self.function - self.polynomial

    @property
    def unknown(self) -> list[tuple[float, float]]:
        """Where nothing is proved: outside of the box, or everywhere."""
        if self.band is None:
            return [self.view]
        return [(self.view[0], float(self.inner[0])), (float(self.inner[-1]), self.view[1])]

    @property
    def inner(self) -> np.ndarray:
        return self.x[self.inside]

    @property
    def inner_function(self) -> np.ndarray:
        return self.function[self.inside]

    @property
    def inner_polynomial(self) -> np.ndarray:
        return self.polynomial[self.inside]

    @property
    def inner_error(self) -> np.ndarray:
        return self.error[self.inside]


def curves_of(result: Taylor) -> Curves:
    """Function and polynomial over the box and a little beyond it."""
    low, high = _box(result)
    known, half = result.enclosed is not None, 0.5 * (high - low)
    inner = _box_points(result, low, high)
    outside = _BEYOND * half * (1.0 + np.arange(24)) / 12.0 if known else np.empty(0)
    x = np.concatenate([(inner[0] - outside)[::-1], inner, inner[-1] + outside])
    inside = slice(len(outside), len(outside) + len(inner))
    function, polynomial = _on(result, x)
    band = error_band = remainder = None
    if result.enclosed is not None:
        remainder = float(result.enclosed.low[0]), float(result.enclosed.high[0])
        with np.errstate(all="ignore"):  # a bound beyond float64 is infinite
            found, middle = result.enclose(inner), polynomial[inside]
        # Both hold; what the sums of the ends have rounded need not show.
        error_band = (
            np.maximum(np.asarray(found.lo) - middle, remainder[0]),
            np.minimum(np.asarray(found.hi) - middle, remainder[1]),
        )
        band = middle + error_band[0], middle + error_band[1]
    view = (float(x[0]), float(x[-1]))
    if known:
        view = (low - _BEYOND * half, high + _BEYOND * half)
    rounding = _rounding(result, function[inside], inner)
    return Curves(
        view, x, function, polynomial, inside, band, error_band, remainder, rounding
    )  # fmt: skip


def _box(result: Taylor) -> tuple[float, float]:
    """The box; without one half the radius of convergence, or 1, around the center."""
    if result.box is not None:
        return float(result.box[0][0]), float(result.box[1][0])
    center = float(result.expansion.point[0])
    reach = max(1.0, 1e-6 * abs(center))
    found = convergence_of(result)
    if found is not None and found.usable and math.isfinite(found.radius) and found.radius > 0:
        reach = 0.5 * found.radius
    return center - reach, center + reach


def _box_points(result: Taylor, low: float, high: float) -> np.ndarray:
    """Points of the box, the center and nearly its ends among them."""
    center = float(result.expansion.point[0])
    below, above = (1.0 - _INSIDE) * (center - low), (1.0 - _INSIDE) * (high - center)
    return np.unique(np.append(np.linspace(center - below, center + above, _POINTS), center))


def _on(result: Taylor, x: np.ndarray) -> Band:
    """f and T in float64; nan where f is not defined."""
    with np.errstate(all="ignore"):
        try:
            function = np.asarray(values(result, x[:, None])[:, 0], float)
        except (ArithmeticError, ValueError):
            function = np.full(x.shape, np.nan)
        polynomial = result.expansion.polynomial(x[:, None])[:, 0]
        function = np.where(np.isfinite(function), function, np.nan)
        return function, np.where(np.isfinite(polynomial), polynomial, np.nan)


def _rounding(result: Taylor, function: np.ndarray, x: np.ndarray) -> float:
    """What f and T as computed may be off: of T bounded, of f some units in the last place."""
    largest = float(np.nanmax(np.abs(function))) if np.isfinite(function).any() else 0.0
    own = result.expansion.errors[0, 0]
    own = float(own) if np.isfinite(own) else 0.0
    bound = float(np.max(result.expansion.polynomial.rounding(np.array([np.ptp(x)])), initial=0.0))
    if result.enclosed is not None:
        bound = result.enclosed.rounding_level
    return 2.0 * _EPS * largest + own + bound
