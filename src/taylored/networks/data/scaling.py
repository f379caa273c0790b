"""Center and scale of numbers, and what their spread says about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from taylored.errors import ScaleError
from taylored.results import Finding

__all__ = ["LARGEST", "Spread", "check_size", "spread_findings", "spread_of"]

LARGEST = 1e75  # beyond it, and below its inverse, squares of ratios leave the range of float64
_ROUNDING = 4 * np.finfo(float).eps
_NEARLY = 1e-9  # a spread so small beside the center leaves 7 digits of the differences
_OUTLYING = 30.0  # standard deviation over that of the middle half; 1 for a normal, 20 for exp(2 z)


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean, standard deviation and extremes of numbers; `constant` up to rounding."""

    center: float
    scale: float
    lo: float
    hi: float

    @property
    def constant(self) -> bool:
        return self.hi - self.lo <= _ROUNDING * max(abs(self.lo), abs(self.hi))


def spread_of(values: np.ndarray, weights: np.ndarray | None) -> Spread:
    """The spread of finite values; weights count as numbers of rows."""
    lo, hi = float(values.min()), float(values.max())
    center = float(np.average(values, weights=weights))
    center += float(np.average(values - center, weights=weights))
    center = min(max(center, lo), hi)
    scale = float(np.sqrt(np.average((values - center) ** 2, weights=weights)))
    return Spread(center, scale, lo, hi)


def check_size(values: np.ndarray, name: str) -> None:
    """Refuse finite values so large or small that squares of them cannot be worked with.

    Raises:
        ScaleError: with the size.
    """
    size = float(np.abs(values).max(initial=0.0))
    if size > LARGEST or 0.0 < size < 1.0 / LARGEST:
        raise ScaleError(
            f"The values of {name} go up to {size:.1g}: their squares leave the range of float64.",
            next_step="take another unit, so that they are nearer to 1.",
        )


def spread_findings(
    name: str, values: np.ndarray, spread: Spread, rows: np.ndarray
) -> Iterator[Finding]:
    """What is doubtful about numbers that vary; `rows` are their rows in the user's data."""
    if spread.scale < _NEARLY * abs(spread.center):
        digit = int(-np.log10(spread.scale / abs(spread.center)))
        yield Finding(
            "nearly-constant-column",
            f"{name} varies only in its {digit}th digit: rounding may be all that it tells.",
            "Subtract its usual value before the numbers are rounded, or leave it out.",
            params=(name,),
        )
    low, middle, high = np.percentile(values, [25.0, 50.0, 75.0])
    typical = (high - low) / 1.349
    if typical > 0.0 and spread.scale > _OUTLYING * typical:
        far = int(np.argmax(np.abs(values - middle)))
        row = int(rows[far]) + 1
        yield Finding(
            "outlying-values",
            f"{name} reaches {values[far]:.4g} (row {row}), and half of its values lie between "
            f"{low:.4g} and {high:.4g}: beside it they all look alike.",
            "Correct it if it is wrong; else take the logarithm, or leave such rows out.",
            params=(name,),
        )
