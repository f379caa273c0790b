"""The parts that pictures of a fit are put together from: points, bands, hatching, ranges."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.plot.curve import Band, Curve
from taylored.plot.style import BAND, CURVE, INK, UNKNOWN
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.regression.result import Fit

__all__ = [
    "draw_bands",
    "draw_curve",
    "draw_hatching",
    "draw_points",
    "fit_range",
    "is_wide",
    "spread",
]

_MANY = 3000  # points from which they are drawn as one image inside a vector file
_WIDE = 0.05  # the share of an axes' height from which a band can be told from its curve
_BEYOND = 0.35  # how far bands and poles may widen the range of y beyond the data, relative


def draw_points(ax: Any, fit: Fit, x: np.ndarray, y: np.ndarray) -> None:
    """The data, smaller the more there are, with error bars where sigma is given."""
    size = float(np.clip(36.0 / np.sqrt(len(x)), 1.6, 4.6))
    many = len(x) > _MANY
    if fit.setup.sigma is not None and not many:
        ax.errorbar(x, y, fit.setup.sigma, fmt="none", ecolor=INK, alpha=0.6, elinewidth=0.9,
                    capsize=0, zorder=3)  # fmt: skip
    ax.plot(x, y, "o", ms=size, color=INK, mec="white", mew=0.4 if size > 3 else 0.0, zorder=5,
            alpha=0.5 if many else 0.95, rasterized=many, label="data")  # fmt: skip


def draw_bands(ax: Any, curve: Curve, center: Any) -> None:
    """Soft filled bands around `value - center`; an estimated one has a dashed edge."""
    color = BAND[curve.kind]
    for band, strength in ((curve.prediction, 0.12), (curve.confidence, 0.30)):
        if band is not None:
            ax.fill_between(curve.x, band[0] - center, band[1] - center, color=color,
                            alpha=strength, lw=0, zorder=1.5)  # fmt: skip
    band = curve.confidence
    if band is not None and curve.kind is Accuracy.ESTIMATED and is_wide(ax, band):
        for edge in band:
            ax.plot(curve.x, edge - center, color=color, lw=0.8, ls=(0, (5, 3)), zorder=1.6)


def draw_curve(ax: Any, curve: Curve) -> None:
    """The curve; not joined across a pole, where it leaves above and comes back below."""
    low, high = ax.get_ylim()
    place = np.sign((curve.value > high).astype(int) - (curve.value < low).astype(int))
    jumps = np.flatnonzero(place[1:] * place[:-1] < 0) + 1
    x, value = np.insert(curve.x, jumps, np.nan), np.insert(curve.value, jumps, np.nan)
    ax.plot(x, value, color=CURVE, lw=1.8, zorder=5.5 if _crowded(ax) else 4, label="fit")


def _crowded(ax: Any) -> bool:
    return any(len(line.get_xdata()) > _MANY for line in ax.lines if line.get_label() == "data")


def draw_hatching(ax: Any, fit: Fit, x: np.ndarray, value: np.ndarray) -> None:
    """Where the curve would be: hatched, no line, for nothing is claimed."""
    half = spread(fit)
    ax.fill_between(x, value - half, value + half, facecolor="none", edgecolor=UNKNOWN,
                    hatch="//////", alpha=0.7, lw=0, zorder=1.5)  # fmt: skip


def spread(fit: Fit) -> float:
    """Half the width of the hatching: the scatter of the residuals, or enough to be seen."""
    return float(np.fmax(np.std(fit.residuals), 0.03 * np.ptp(fit.setup.y)))


def fit_range(ax: Any, y: np.ndarray, others: Iterable[np.ndarray | Band | None]) -> None:
    """The range of the data, widened by curve and bands, but not by poles of them."""
    y = y[np.isfinite(y)]
    if not len(y):
        return
    low, high = float(y.min()), float(y.max())
    span = (high - low) or abs(high) or 1.0
    values = np.concatenate([y, *(np.ravel(o) for o in others if o is not None)])
    values = values[np.isfinite(values)]
    low = min(low, max(float(values.min()), low - _BEYOND * span))
    high = max(high, min(float(values.max()), high + _BEYOND * span))
    ax.set_ylim(low - 0.06 * span, high + 0.06 * span)


def is_wide(ax: Any, band: Band) -> bool:
    """Whether a band is wide enough in an axes to be told from its curve."""
    low, high = ax.get_ylim()
    return bool(np.nanmedian(band[1] - band[0]) > _WIDE * (high - low))
