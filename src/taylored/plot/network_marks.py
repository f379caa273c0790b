"""Marks that the pictures of networks share: rows inside and outside of their intervals."""

from __future__ import annotations

from typing import Any

import numpy as np

from taylored.plot.style import BAND, INK
from taylored.results import Accuracy

__all__ = [
    "MANY_BARS",
    "draw_band",
    "draw_bars",
    "draw_dots",
    "draw_outside",
    "mark_size",
    "running_median",
    "spanned",
]

MANY_BARS = 150  # rows above which their intervals are drawn as one band
_MANY = 3000  # rows from which they are drawn as one image inside a vector file


def mark_size(rows: int) -> float:
    """The diameter of a point, smaller the more there are."""
    return float(np.clip(40.0 / np.sqrt(max(rows, 1)), 1.4, 4.6))


def draw_dots(ax: Any, x: np.ndarray, y: np.ndarray, rows: int, *, zorder: float = 4) -> None:
    """Rows, those within their intervals where these are told apart: dots."""
    size = mark_size(rows)
    ax.plot(x, y, "o", ms=size, color=INK, mec="white", mew=0.4 if size > 3 else 0.0, zorder=zorder,
            alpha=0.5 if rows > _MANY else 0.85, rasterized=rows > _MANY)  # fmt: skip


def draw_outside(ax: Any, x: np.ndarray, y: np.ndarray, rows: int) -> None:
    """Rows outside of their intervals: open triangles, larger."""
    size = max(1.25 * mark_size(rows), 3.6)
    ax.plot(x, y, "^", ms=size, color="white", mec=INK, mew=0.9, zorder=5,
            rasterized=rows > _MANY)  # fmt: skip


def draw_bars(ax: Any, x: np.ndarray, lo: np.ndarray, hi: np.ndarray, kind: Accuracy) -> None:
    """Intervals as soft bars, paler the more there are."""
    rows = len(x)
    width = float(np.clip(160.0 / max(rows, 1), 1.0, 3.2))
    strength = float(np.clip(12.0 / np.sqrt(max(rows, 1)), 0.10, 0.34))
    ax.vlines(x, lo, hi, color=BAND[kind], alpha=strength, lw=width, zorder=1.5,
              rasterized=rows > _MANY)  # fmt: skip


def draw_band(ax: Any, x: np.ndarray, center: np.ndarray, half: np.ndarray, kind: Accuracy) -> None:
    """Intervals as one soft band along x: the running median of their half widths."""
    order = np.argsort(x, kind="stable")
    half = running_median(half[order])
    middle = center[order]
    ax.fill_between(x[order], middle - half, middle + half, color=BAND[kind], alpha=0.22, lw=0,
                    zorder=1.5)  # fmt: skip


def running_median(values: np.ndarray) -> np.ndarray:
    """Of each value and its nearest neighbors, a thirtieth of all."""
    from scipy.ndimage import median_filter

    return median_filter(values, size=max(len(values) // 30, 7), mode="nearest")


def spanned(*values: np.ndarray, share: float = 0.04) -> tuple[float, float]:
    """The range of all that is finite, with room on both sides."""
    every = np.concatenate([np.ravel(v) for v in values])
    every = every[np.isfinite(every)]
    low, high = float(every.min()), float(every.max())
    room = share * (high - low) or 0.5
    return low - room, high + room
