"""Reliability of classes where most are nearly sure: on axes of log odds."""

from __future__ import annotations

from typing import Any

import numpy as np

from taylored.networks.classes import Reliability
from taylored.plot.style import BAND, INK, MUTED
from taylored.results import Accuracy

__all__ = ["draw_sure", "log_odds", "percent_of_odds"]

_TICKS = (1, 2, 5, 10, 20, 50, 80, 90, 95, 98, 99, 99.5, 99.8, 99.9, 99.95, 99.98, 99.99)
_BEST = 99.99  # percent that the axes reach at most
_ROOM = 0.35  # of log odds, beyond the points
_BLUE = BAND[Accuracy.CALIBRATED]


def log_odds(percent: Any) -> np.ndarray:
    """log(p/(1 - p)) of shares in percent; those of 0 and 100 are kept finite."""
    p = np.clip(np.asarray(percent, float), 1e-9, 100.0 - 1e-9)
    return np.log(p) - np.log1p(-p / 100.0) - np.log(100.0)


def percent_of_odds(odds: Any) -> np.ndarray:
    """The inverse of `log_odds`."""
    return 50.0 * (1.0 + np.tanh(0.5 * np.asarray(odds, float)))


def draw_sure(
    axes: list[Any], bins: Reliability, largest: np.ndarray
) -> tuple[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Groups (probability, share that is right, its standard error), and all probabilities below.

    Returns what the statement has to say of it, and the groups that are drawn.
    """
    drawn = _pooled(bins)
    said, right, error = points = (100 * drawn.said, 100 * drawn.right, 100 * drawn.stderr)
    top = min(max(float(said.max()), float((100.0 - 0.5 * error).max())), _BEST)
    lowest = max(float((right - error).min()), 1.0)
    high = log_odds(top) + _ROOM
    limits = percent_of_odds([min(log_odds(lowest), log_odds(said.min())) - _ROOM, high])
    for ax in axes:
        _scale(ax, "x", percent_of_odds([log_odds(said.min()) - _ROOM, high]))
    _scale(axes[0], "y", limits)
    _groups(axes[0], points, (limits, top))
    if len(axes) > 1:
        first = log_odds(axes[1].get_xlim()[0])
        edges = percent_of_odds(np.linspace(float(first), float(high), 41))
        axes[1].hist(np.clip(largest, edges[0], edges[-1]), bins=edges, color=MUTED, alpha=0.7)
    return _note(len(bins.said) - len(drawn.said) + 1, int((right >= 100).sum())), points


def _note(pooled: int, whole: int) -> str:
    """What is special about such a picture."""
    text = " Axes of log odds."
    if pooled > 1:
        text += f" {pooled} groups above {_BEST:g} % are drawn as one."
    if whole:
        text += " Triangles: all rows are right."
    return text


def _pooled(bins: Reliability) -> Reliability:
    """The groups, those that are surer than the axis reaches as one."""
    sure = 100 * bins.said > _BEST
    if sure.sum() < 2:
        return bins
    rows, right = bins.rows[sure], float(np.average(bins.right[sure], weights=bins.rows[sure]))
    count = int(rows.sum())
    error = float(np.sqrt((right * (1 - right) + 0.25 / count) / count))
    one = (float(np.average(bins.said[sure], weights=rows)), right, error, count)
    parts = (bins.said, bins.right, bins.stderr, bins.rows)
    return Reliability(*(np.append(p[~sure], v) for p, v in zip(parts, one, strict=True)))


def _groups(
    ax: Any,
    points: tuple[np.ndarray, np.ndarray, np.ndarray],
    frame: tuple[np.ndarray, float],
) -> None:
    """The diagonal, and each group with its bar; without an error a triangle at the upper end."""
    (said, right, error), (limits, top) = points, frame
    whole = right >= 100
    y = np.where(whole, top, np.minimum(right, top))
    low, high = np.maximum(right - error, limits[0]), np.minimum(right + error, limits[1])
    first, last = log_odds(limits).tolist()
    along = percent_of_odds(np.linspace(first, last, 50))
    ax.plot(along, along, color=INK, lw=0.9, zorder=2)
    said = np.minimum(said, top)
    ax.vlines(said, low, np.maximum(high, y), color=_BLUE, lw=1.6, alpha=0.75, zorder=3)
    ax.plot(said[~whole], y[~whole], "o", ms=4.2, color=_BLUE, mec="white", mew=0.5, zorder=4)
    ax.plot(said[whole], y[whole], "^", ms=5.5, color="white", mec=_BLUE, mew=1.2, zorder=4)


def _scale(ax: Any, side: str, limits: np.ndarray) -> None:
    """Log odds along an axis, with percentages at the ticks."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    getattr(ax, f"set_{side}scale")("function", functions=(log_odds, percent_of_odds))
    getattr(ax, f"set_{side}lim")(*limits)
    axis = getattr(ax, f"{side}axis")
    axis.set_major_locator(FixedLocator([t for t in _TICKS if limits[0] <= t <= limits[1]]))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
