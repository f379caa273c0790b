"""Functions of two variables as maps: level lines, the path of a solver, and the view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from taylored.plot.style import CURVE, INK, MUTED

__all__ = ["SHADES", "View", "around", "dense", "draw_levels", "draw_path", "grid_of", "sampled"]
__all__ += ["turned", "view_of", "zero_lines"]

SHADES = ["#FFFFFF", "#F3F5F8", "#DFE4EB", "#C3CBD6"]  # from low to high
_SIDE = 181  # points along each side
_LEVELS = 14
_SAME_SCALE = 8.0  # sides that differ less are drawn to one scale
_FAR = 6.0  # times as far as the start: points beyond are not in view
_MARKED = 60  # points of a path that are marked one by one


@dataclass(frozen=True)
class View:
    """The part of the plane that is drawn, each side as low and high."""

    x: tuple[float, float]
    y: tuple[float, float]

    @property
    def size(self) -> np.ndarray:
        """(2,) how long the sides are."""
        return np.array([self.x[1] - self.x[0], self.y[1] - self.y[0]])

    def holds(self, points: np.ndarray) -> np.ndarray:
        """(points,) which of (points, 2) lie in it."""
        x, y = points.T
        return (self.x[0] <= x) & (x <= self.x[1]) & (self.y[0] <= y) & (y <= self.y[1])


def view_of(
    points: np.ndarray, center: np.ndarray, bounds: tuple[np.ndarray, np.ndarray],
    shape: float = 1.0, clear: float = 0.0,
) -> View:  # fmt: skip
    """Around the center and those of the points that are not far beyond the others.

    `shape` is how much wider than high the picture is. Sides of a like length get one scale, so
    that a circle is round. Bounds near by are in view, a little of what lies beyond them too. The
    center keeps the share `clear` of a side away from its ends.
    """
    kept = points[np.isfinite(points).all(axis=1)]
    kept = np.vstack([kept, center]) if len(kept) else center[None]
    reach = np.abs(kept - center)
    usual = np.maximum(reach[0], 4.0 * np.median(reach, axis=0))
    far = reach > _FAR * np.where(usual > 0, usual, np.inf)
    low = np.where(far, np.inf, kept).min(axis=0)
    high = np.where(far, -np.inf, kept).max(axis=0)
    least = 1e-3 * np.maximum(np.abs(center), 1e-3)
    span = np.maximum(high - low, least)
    span = np.maximum(span, 0.15 * span.max() if span.max() > least.max() else 1.0)
    middle = 0.5 * (low + high)
    low, high = np.minimum(low, middle - 0.5 * span), np.maximum(high, middle + 0.5 * span)
    for side in range(2):
        for end, sign in ((bounds[0][side], -1), (bounds[1][side], 1)):
            inner = low[side] if sign < 0 else high[side]
            if np.isfinite(end) and 0 <= sign * (end - inner) < 0.5 * span[side]:
                low[side], high[side] = min(low[side], end), max(high[side], end)
    span, middle = 1.36 * (high - low), 0.5 * (low + high)
    low, high = middle - 0.5 * span, middle + 0.5 * span
    low = np.minimum(low, (center - clear * high) / (1.0 - clear))
    high = np.maximum(high, (center - clear * low) / (1.0 - clear))
    span, middle = high - low, 0.5 * (low + high)
    same = span[0] / shape, span[1]
    if max(same) < _SAME_SCALE * min(same):
        span = max(same) * np.array([shape, 1.0])
    low, high = middle - 0.5 * span, middle + 0.5 * span
    return View((float(low[0]), float(high[0])), (float(low[1]), float(high[1])))


def grid_of(view: View, side: int = _SIDE) -> tuple[np.ndarray, np.ndarray]:
    """Places along x and along y."""
    return np.linspace(*view.x, side), np.linspace(*view.y, side)


def sampled(
    function: Callable[[np.ndarray], np.ndarray], x: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """(outputs, y, x) the outputs of a function (points, 2) -> (points, outputs) on a grid."""
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    with np.errstate(all="ignore"):
        found = np.asarray(function(points), float)
    return np.moveaxis(found.reshape(len(y), len(x), -1), -1, 0)


def zero_lines(x: np.ndarray, y: np.ndarray, value: np.ndarray) -> list[np.ndarray]:
    """The pieces (points, 2) of the curve where a value (y, x) is zero, the longest first."""
    import contourpy

    made = contourpy.contour_generator(x, y, np.ma.masked_invalid(value)).lines(0.0)
    pieces = [np.asarray(piece, float) for piece in made]
    return sorted((p for p in pieces if len(p) > 1), key=len, reverse=True)


def draw_levels(ax: Any, x: np.ndarray, y: np.ndarray, value: np.ndarray) -> None:
    """Shades and lines of equal value; denser where the function is flat."""
    from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap

    levels = _levels(value)
    if len(levels) < 2:
        return
    shades = LinearSegmentedColormap.from_list("levels", SHADES)
    shown = np.ma.masked_invalid(np.clip(value, levels[0], levels[-1]))
    norm = BoundaryNorm(levels, shades.N, clip=True)
    ax.contourf(x, y, shown, levels, cmap=shades, norm=norm, zorder=0.2)
    ax.contour(x, y, shown, levels[1:-1], colors=MUTED, linewidths=0.6, linestyles="solid",
               alpha=0.55, zorder=0.4)  # fmt: skip
    ax.grid(visible=False)


def _levels(value: np.ndarray) -> np.ndarray:
    """Even in a power of what is above the least value, so that half of the map lies below half."""
    finite = value[np.isfinite(value)]
    if not len(finite) or finite.min() == finite.max():
        return np.zeros(0)
    low, high = float(finite.min()), float(np.quantile(finite, 0.985))
    high = high if high > low else float(finite.max())
    middle = float(np.clip((np.median(finite) - low) / (high - low), 1e-12, 0.5))
    power = float(np.clip(np.log(middle) / np.log(0.5), 1.0, 4.0))
    levels = low + (high - low) * np.linspace(0.0, 1.0, _LEVELS) ** power
    return levels[np.r_[True, np.diff(levels) > 0]]


def turned(names: Sequence[str]) -> list[int]:
    """Which variable goes along x and which along y: as given, but x before y."""
    first, second = (str(n) for n in names)
    return [1, 0] if len(first) == len(second) == 1 and first > second else [0, 1]


def dense(ax: Any, points: np.ndarray, gap: float = 4.0) -> np.ndarray:
    """Points along a line as it is drawn, so near each other that no label fits between them."""
    with np.errstate(all="ignore"):
        pixels = ax.transData.transform(points)
    pixels = pixels[np.isfinite(pixels).all(axis=1)]
    if len(pixels) < 2:
        return points
    frame = ax.get_window_extent()
    reach = 3.0 * max(frame.width, frame.height)
    pixels = np.clip(pixels, -reach, reach)
    pieces = [
        np.linspace(a, b, 2 + int(np.hypot(*(b - a)) / gap), endpoint=False)
        for a, b in pairwise(pixels)
    ]
    return ax.transData.inverted().transform(np.vstack([*pieces, pixels[-1:]]))


def around(ax: Any, point: np.ndarray, reach: float = 24.0) -> np.ndarray:
    """A short level line through a point, so that its label may stand to one side of it."""
    center = ax.transData.transform(point)
    scale = ax.figure.dpi / 100.0
    shifts = np.linspace(-reach * scale, reach * scale, 9)
    return ax.transData.inverted().transform(center + np.column_stack([shifts, 0.0 * shifts]))


def draw_path(ax: Any, path: np.ndarray) -> None:
    """The way of a solver, (points, 2): a line, dots, and a ring where it began."""
    path = path[np.isfinite(path).all(axis=1)]
    if not len(path):
        return
    ax.plot(*path.T, color="white", lw=3.4, alpha=0.8, zorder=3.8)
    ax.plot(*path.T, color=CURVE, lw=1.6, zorder=4)
    if len(path) <= _MARKED:
        ax.plot(*path[1:].T, "o", ms=3.6, color=CURVE, mec="white", mew=0.5, zorder=4.2)
    ax.plot(*path[0], "o", ms=7.5, mfc="white", mec=CURVE, mew=1.8, zorder=4.3)
    ax.plot(*path[-1], "o", ms=6.5, color=INK, mec="white", mew=1.0, zorder=7)
