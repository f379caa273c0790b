"""The limits of a problem in two variables: their curves, ticks on the side that is not allowed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.plot.plane import View, zero_lines
from taylored.plot.style import INK, MUTED
from taylored.report.numbers import number

if TYPE_CHECKING:
    from taylored.optimize.result import Minimum

__all__ = ["Boundary", "boundaries", "draw_limits"]

Grid = tuple[np.ndarray, np.ndarray, np.ndarray]  # places along x and y, (constraints, y, x)
_VEIL = 0.17  # how dark the ground is where a point is not allowed


@dataclass(frozen=True, eq=False)
class Boundary:
    """Where a constraint (`index`) or bound (-1) is reached, as its longest piece (points, 2)."""

    text: str
    index: int
    equality: bool
    active: bool
    curve: np.ndarray


def boundaries(
    result: Minimum, view: View, grid: Grid, order: Sequence[int] = (0, 1)
) -> list[Boundary]:
    """The constraints and bounds that are reached within the view; `order` as of `turned`."""
    program, known = result.program, result.certificate
    found = []
    for k in range(program.constraints):
        text, active = str(program.constraint_names[k]), bool(known.active[k])
        pieces = zero_lines(*grid[:2], grid[2][k])
        curve = pieces[0] if pieces else np.empty((0, 2))
        found.append(Boundary(text, k, bool(program.equality[k]), active, curve))
    for side, k in enumerate(order):
        name = str(result.names[k])
        for ends, held, sign in ((program.lower, known.at_lower, ">="),
                                 (program.upper, known.at_upper, "<=")):  # fmt: skip
            end = float(ends[k])
            low, high = (view.x, view.y)[side]
            if low < end < high:
                text = f"{name} {sign} {number(end, 4)}"
                found.append(Boundary(text, -1, False, bool(held[k]), _edge(view, side, end)))
    return found


def _edge(view: View, side: int, end: float) -> np.ndarray:
    """A bound as points across the view."""
    across = np.linspace(*(view.y, view.x)[side], 60)
    line = np.full(60, end)
    return np.column_stack([line, across] if side == 0 else [across, line])


def draw_limits(ax: Any, view: View, grid: Grid, limits: list[Boundary]) -> None:
    """Curves, strong where they are active; grey ground and ticks where it is not allowed."""
    from matplotlib import patheffects

    x, y, values = grid
    outside = np.zeros(values.shape[1:]) if len(values) else np.zeros((len(y), len(x)))
    ticks = [patheffects.withTickedStroke(spacing=7, angle=120, length=0.55)]
    for limit in limits:
        width = 1.9 if limit.active else 1.1
        look = {"colors": [INK], "linewidths": width, "linestyles": "solid", "zorder": 3}
        if limit.index < 0:
            _bound(ax, limit, (width, ticks))
        elif len(limit.curve):
            shown = np.ma.masked_invalid(values[limit.index])
            drawn = ax.contour(x, y, shown, [0.0], **look)
            if not limit.equality:
                drawn.set(path_effects=ticks)
        if limit.index >= 0 and not limit.equality:
            with np.errstate(invalid="ignore"):
                outside = np.maximum(outside, np.sign(values[limit.index]))
    ax.contourf(x, y, outside, [0.5, 1.5], colors=[MUTED], alpha=_VEIL, zorder=1)


def _bound(ax: Any, limit: Boundary, look: tuple[float, Any]) -> None:
    """A bound with its ticks and its grey ground: outside is on the left of the line."""
    width, ticks = look
    curve = limit.curve
    upright = curve[0, 0] == curve[-1, 0]
    lower = ">=" in limit.text
    if upright != lower:  # x >= a goes up and y <= b goes right to have outside on the left
        curve = curve[::-1] if upright or lower else curve
    ax.plot(*curve.T, color=INK, lw=width, path_effects=ticks, zorder=3)
    end = curve[0, 0] if upright else curve[0, 1]
    span = ax.axvspan if upright else ax.axhspan
    far = -1e9 * (1 + abs(end)) if lower else 1e9 * (1 + abs(end))
    low, high = min(end, far), max(end, far)
    span(low, high, color=MUTED, alpha=_VEIL, lw=0, zorder=1)
