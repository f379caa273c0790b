"""A Taylor polynomial of two variables as a map: how large the error may be, place by place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.plot.style import BAND, INK, name_axes, state
from taylored.plot.titles import entitle
from taylored.report.letters import visible
from taylored.report.series import short_verdict
from taylored.report.series_terms import ends, given, up
from taylored.series.pointwise import step_bounds

if TYPE_CHECKING:
    from taylored.series.result import Taylor

__all__ = ["bound_on_grid", "draw_map"]

_SIDE = 65  # points along each side: bounds are intervals, and cost more than values
_DECADES = 6.0  # shown; nearer to the center the bound is smaller still


def bound_on_grid(result: Taylor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places along both sides of the box, and the proved bound on |f - T| there, (y, x)."""
    assert result.sides is not None
    center, (below, above) = result.expansion.point, result.sides * (1.0 - 1e-9)
    x, y = np.linspace(center - below, center + above, _SIDE).T
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    low, high = step_bounds(result.expansion, _enclosed(result), result.sides, points)
    middle = result.expansion.polynomial(points)
    with np.errstate(all="ignore"):
        bound = np.maximum(np.abs(low - middle), np.abs(high - middle))[:, 0]
    return x, y, bound.reshape(_SIDE, _SIDE)


def _enclosed(result: Taylor) -> Any:
    assert result.enclosed is not None
    return result.enclosed


def draw_map(result: Taylor, ax: Any, *, whole: bool) -> Any:
    """Draw into axes, within a style."""
    from matplotlib.colors import LinearSegmentedColormap, LogNorm

    x, y, bound = bound_on_grid(result)
    levels = _levels(bound)
    color = BAND[result.accuracy]
    shades = LinearSegmentedColormap.from_list("bound", ["#F3FAF7", color, "#06281F"])
    shown = np.clip(bound, levels[0], levels[-1])
    drawn = ax.contourf(x, y, shown, levels, cmap=shades, norm=LogNorm(levels[0], levels[-1]))
    lines = ax.contour(x, y, shown, levels[1:-1], colors="white", linewidths=0.8)
    ax.clabel(lines, lines.levels[-4:], fmt=lambda v: up(v * (1 - 1e-12), 1), fontsize=8)
    ax.plot(*result.expansion.point, "+", ms=11, mew=1.6, color=INK, zorder=6)
    ax.grid(visible=False)
    bar = ax.figure.colorbar(drawn, ax=ax, pad=0.02, format=lambda v, _: up(v * (1 - 1e-12), 1))
    bar.set_label(f"|f - T| at most, {result.accuracy}")
    bar.outline.set_visible(False)
    names = [visible(n) for n in result.target.names]
    name_axes(ax, *names)
    entitle(ax, short_verdict(result), whole=whole)
    state(ax, _statement(result, levels), whole=whole)
    return ax


def _levels(bound: np.ndarray) -> np.ndarray:
    """Round values, 1 2 5, over the range of the bound."""
    finite = bound[np.isfinite(bound) & (bound > 0)]
    high = float(finite.max(initial=1e-300))
    low = max(float(finite.min(initial=high)), high * 10.0**-_DECADES)
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    factors = (1.0, 2.0, 5.0) if last - first <= 3 else (1.0,)
    every = [f * 10.0**k for k in range(first, last + 1) for f in factors]
    above = [v for v in every if v >= high]
    kept = [v for v in every if low <= v < high]
    below = [v for v in every if v < low]
    found = [*below[-1:], *kept, *above[:1]]
    return np.array(found if len(found) > 1 else [0.5 * found[0], found[0]])


def _statement(result: Taylor, levels: np.ndarray) -> list[str]:
    enclosed = _enclosed(result)
    center = ", ".join(
        f"{visible(n)} = {given(c)}"
        for n, c in zip(result.target.names, result.expansion.point, strict=True)
    )
    remainder = ends(float(enclosed.low[0]), float(enclosed.high[0]))
    return [
        f"Shade: bound on |f - T| at each place, {result.accuracy}, rounding included; "
        f"+ the center, {center}.",
        f"On the whole box f - T in {remainder}, {result.accuracy}.",
    ]
