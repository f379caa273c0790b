"""A function of one variable with the points that a solver visited on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.plot.labels import Label, place_labels
from taylored.plot.plane import around, dense
from taylored.plot.style import CURVE, INK, MUTED, name_axes
from taylored.report.letters import shorten, visible

if TYPE_CHECKING:
    from taylored.optimize.descent.result import Descent
    from taylored.optimize.result import Minimum

__all__ = ["curve_range", "draw_section", "reach_of"]

_POINTS = 601
_TEXT = 34


def reach_of(
    points: np.ndarray, center: float, ends: tuple[float, float] = (-np.inf, np.inf)
) -> tuple[float, float]:
    """The part of the axis that holds the points, but not those far beyond the others."""
    points = points[np.isfinite(points)]
    points = np.append(points, center)
    reach = np.abs(points - center)
    usual = max(float(reach[0]), 4.0 * float(np.median(reach)))
    near = points[reach <= 6.0 * usual]
    near = np.append(near, [points[0], center])
    low, high = float(near.min()), float(near.max())
    span = high - low
    if not span > 1e-3 * max(abs(center), 1e-3):
        span = max(abs(center), 1.0)
    if ends[1] - ends[0] < 12 * span:
        return ends[0] - 0.06 * (ends[1] - ends[0]), ends[1] + 0.06 * (ends[1] - ends[0])
    for end in ends:
        if np.isfinite(end) and low - span < end < high + span:
            low, high = min(low, end), max(high, end)
    return low - 0.22 * span, high + 0.22 * span


def curve_range(values: np.ndarray, kept: np.ndarray) -> tuple[float, float]:
    """The range that holds what must be seen, and most of the curve."""
    finite = values[np.isfinite(values)]
    kept = kept[np.isfinite(kept)]
    if not len(finite):
        return -1.0, 1.0
    low, high = (float(v) for v in np.quantile(finite, [0.02, 0.98]))
    if len(kept):
        low, high = min(low, float(kept.min())), max(high, float(kept.max()))
        span = float(np.ptp(kept)) or high - low
        low, high = max(low, float(kept.min()) - 2 * span), min(high, float(kept.max()) + 2 * span)
    room = 0.1 * ((high - low) or abs(high) or 1.0)
    return low - room, high + room


def draw_section(
    ax: Any, result: Minimum | Descent, function: Callable[[np.ndarray], np.ndarray], sign: float
) -> None:
    """The objective as a curve; grey where a bound or constraint does not allow a point."""
    path = result.path.x[:, 0] if len(result.path) else result.point
    end, program = float(result.point[0]), result.program
    bounds = (float(program.lower[0]), float(program.upper[0]))
    view = reach_of(path, end, bounds)
    x = np.linspace(*view, _POINTS)
    with np.errstate(all="ignore"):
        values = function(np.append(x, [*path, end])[:, None])
    curve, visited = sign * values[: len(x), 0], sign * values[len(x) :, 0]
    ax.plot(x, curve, color=INK, lw=1.2, zorder=3)
    ax.plot(path, visited[:-1], "o", ms=4, color=CURVE, mec="white", mew=0.5, zorder=4)
    ax.plot(path[:1], visited[:1], "o", ms=7.5, mfc="white", mec=CURVE, mew=1.8, zorder=4.2)
    ax.plot([end], visited[-1:], "o", ms=6.5, color=INK, mec="white", mew=1.0, zorder=5)
    for low, high in ((view[0], bounds[0]), (bounds[1], view[1])):
        if low < high and np.isfinite(low) and np.isfinite(high):
            ax.axvspan(low, high, color=MUTED, alpha=0.17, lw=0, zorder=1)
    _forbidden(ax, x, values[: len(x), 1:], program.equality)
    ax.set_xlim(*view)
    ax.set_ylim(*curve_range(curve, visited))
    name = visible(str(result.names[0]))
    name_axes(ax, name, f"f({name})" if len(name) < 12 else "f")
    ax.figure.canvas.figure.draw_without_rendering()
    text = shorten(visible(_described(result, sign)), _TEXT)
    labels = [
        Label("end" if result.kind != "minimum" else "maximum" if sign < 0 else "minimum", INK,
              *around(ax, np.array([end, visited[-1]])).T),
        Label("start", CURVE, *around(ax, np.array([path[0], visited[0]])).T),
        Label(text, INK, x, curve),
    ]  # fmt: skip
    taken = np.column_stack([np.append(path, end), visited])
    place_labels(ax, labels, np.concatenate([taken, dense(ax, np.column_stack([x, curve]))]))


def _described(result: Minimum | Descent, sign: float) -> str:
    text = result.statement.describe
    return text[2:-1] if sign < 0 and text.startswith("-(") and text.endswith(")") else text


def _forbidden(ax: Any, x: np.ndarray, c: np.ndarray, equality: np.ndarray) -> None:
    """Grey where an inequality is violated, a line where an equation holds."""
    with np.errstate(invalid="ignore"):
        outside = np.any(c[:, ~equality] > 0, axis=1)
    low, high = -1e300, 1e300
    ax.fill_between(x, low, high, where=outside.tolist(), color=MUTED, alpha=0.17, lw=0, zorder=1)
    for k in np.flatnonzero(equality):
        turns = np.flatnonzero(np.diff(np.sign(c[:, k])) != 0)
        for i in turns:
            ax.axvline(0.5 * (x[i] + x[i + 1]), color=INK, lw=1.4, zorder=2)
