"""What a picture of a fit is drawn from: the curve on a dense grid, with its bands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from taylored.errors import TayloredError
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.regression.result import Fit

__all__ = ["Band", "Curve", "against", "curve_of", "fitted", "label_of"]

_DENSE = 800  # points of the curve: more than a picture has pixels to show a bend in
_MOST_DATA = 4000  # data whose own x is put into the grid, so that no narrow peak is missed
_DECADES = 100.0  # the ratio of largest to smallest x from which a logarithmic axis may be meant

Band = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False, slots=True)
class Curve:
    """The curve and its bands over sorted `x`, each (points,); a band is None where unknown."""

    x: np.ndarray
    value: np.ndarray
    confidence: Band | None
    prediction: Band | None
    kind: Accuracy
    logarithmic: bool

    @property
    def bands(self) -> tuple[Band | None, Band | None]:
        """Of the curve, and of new points."""
        return self.confidence, self.prediction


def against(fit: Fit) -> tuple[np.ndarray, str]:
    """What a fit is drawn against, and its name: the only input, or the row where there is none."""
    if fit.setup.data:
        return fit.setup.data[0], fit.setup.model.columns[0]
    return np.arange(1.0, fit.points + 1.0), "row"


def fitted(fit: Fit) -> np.ndarray:
    """The fitted values at the data, (points,)."""
    return fit.setup.y - fit.residuals


def label_of(name: str, units: Mapping[str, str]) -> str:
    """The label of an axis: the name, and the unit where known."""
    unit = units.get(name, "")
    return f"{name} ({unit})" if unit else name


def curve_of(fit: Fit, level: float) -> Curve:
    """The curve of a fit with one input, or none, within the range of the data."""
    x, _ = against(fit)
    logarithmic = bool(fit.setup.data) and _spaced_by_ratio(x)
    grid = _grid(x, logarithmic)
    if not fit.setup.data or not _pointwise(fit, grid):
        grid = None
    with np.errstate(all="ignore"):
        best = fit.predict(grid, level)
        confidence = (best.lo, best.hi) if best.kind is not Accuracy.UNKNOWN else None
        prediction = _prediction(fit, grid, level) if confidence else None
    xs = x if grid is None else grid
    order = np.argsort(xs, kind="stable")
    return Curve(
        xs[order], best.value[order], _sorted(confidence, order), _sorted(prediction, order),
        best.kind, logarithmic,
    )  # fmt: skip


def _sorted(band: Band | None, order: np.ndarray) -> Band | None:
    return None if band is None else (band[0][order], band[1][order])


def _prediction(fit: Fit, grid: np.ndarray | None, level: float) -> Band | None:
    """The band of new points; None where their sigma is not known at new x."""
    try:
        band = fit.predict(grid, level, "prediction")
    except TayloredError:
        return None
    return band.lo, band.hi


def _grid(x: np.ndarray, logarithmic: bool) -> np.ndarray:
    low, high = float(x.min()), float(x.max())
    space = np.geomspace if logarithmic else np.linspace
    dense = space(low, high, _DENSE)
    dense[0], dense[-1] = low, high  # geomspace rounds
    return np.union1d(dense, x[:: -(-len(x) // _MOST_DATA)])


def _pointwise(fit: Fit, grid: np.ndarray) -> bool:
    """Whether the model gives on the grid what it gives on the data.

    A function may use its data as a whole (a mean, a cumulative sum); then only its values at
    the data are the model's.
    """
    try:
        with np.errstate(all="ignore"):
            value = fit.predict(grid).value
    except (TayloredError, ValueError, TypeError, IndexError):
        return False
    x, y = fit.setup.data[0], fitted(fit)
    place = np.clip(np.searchsorted(grid, x), 0, len(grid) - 1)
    there = grid[place] == x
    size = np.abs(y).max(initial=0.0) + np.abs(fit.setup.y).max(initial=0.0)
    return bool((np.abs(value[place] - y)[there] <= 1e-9 * size).all())


def _spaced_by_ratio(x: np.ndarray) -> bool:
    """Whether x is spread evenly over decades rather than over its range."""
    low, high = float(x.min()), float(x.max())
    if not (low > 0 and high / low >= _DECADES):
        return False
    middle = float(np.median(x))
    even, ratio = (middle - low) / (high - low), np.log(middle / low) / np.log(high / low)
    return bool(abs(ratio - 0.5) < abs(even - 0.5) and even < 0.1)
