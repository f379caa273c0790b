"""Roots and minima as pictures of characters, for terminals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from taylored.plot.canvas import Canvas, Range, ticks, widened
from taylored.plot.minimum import function_of
from taylored.plot.progress import distances
from taylored.plot.root import values_of
from taylored.plot.section import curve_range, reach_of
from taylored.plot.terminal import Frame
from taylored.report.letters import ascii_only, shorten, visible
from taylored.report.minimum import short_verdict as verdict_of_minimum
from taylored.report.root import short_verdict, short_verdict_of_all

if TYPE_CHECKING:
    from taylored.optimize.result import Minimum
    from taylored.optimize.roots.collection import Roots
    from taylored.optimize.roots.result import Root

__all__ = ["terminal_minimum", "terminal_root", "terminal_roots"]

_ROWS, _POINTS = 14, 801


def terminal_root(
    result: Root, *, width: int = 72, unicode: bool = True, color: bool = False
) -> str:
    """The curve and the points on the way for one unknown, else the convergence."""
    look = (width, unicode, color)
    if result.system.variables == 1:
        path = result.path.x[:, 0] if len(result.path) else result.point
        view = reach_of(path, float(result.point[0]))
        curve = values_of(result.system, np.linspace(*view, _POINTS)[:, None])[:, 0]
        visited = values_of(result.system, path[:, None])[:, 0]
        text = f"{_dot(unicode)} steps   -- {result.system.describe}"
        seen = (path, visited)
        return _curve((short_verdict(result), text), (view, curve), seen, look, level=True)
    text = "log10 of the distance to the root, at each step"
    away = distances(result.path.x, result.point) if len(result.path) else np.zeros(0)
    return _convergence((short_verdict(result), text), result.path.numbers, away, look)


def terminal_roots(
    result: Roots, *, width: int = 72, unicode: bool = True, color: bool = False
) -> str:
    """The curve with its roots for one unknown; for two the roots in their box."""
    look, names = (width, unicode, color), result.names
    low, high = result.low, result.high
    at = np.array([r.point for r in result.items]).reshape(-1, len(low))
    if len(low) == 1:
        view = (float(low[0]), float(high[0]))
        curve = values_of(result.system, np.linspace(*view, _POINTS)[:, None])[:, 0]
        text = f"{_dot(unicode)} roots   -- {result.system.describe}"
        seen = (at[:, 0], np.zeros(len(at)))
        return _curve((short_verdict_of_all(result), text), (view, curve), seen, look, level=True)
    text = f"{_dot(unicode)} roots: {names[0]} across, {names[1]} up"
    view, up = ((float(low[k]), float(high[k])) for k in (0, 1))
    nothing = np.full(_POINTS, np.nan)
    seen = (at[:, 0], at[:, 1])
    return _drawn((short_verdict_of_all(result), text), (view, nothing, up), seen, look)


def terminal_minimum(
    result: Minimum, *, width: int = 72, unicode: bool = True, color: bool = False,
    maximum: bool = False,
) -> str:  # fmt: skip
    """The curve and the points on the way for one variable, else the convergence."""
    look, verdict = (width, unicode, color), verdict_of_minimum(result, maximum)
    if len(result.point) == 1:
        program, sign = result.program, -1.0 if maximum else 1.0
        path = result.path.x[:, 0] if len(result.path) else result.point
        ends = (float(program.lower[0]), float(program.upper[0]))
        view, function = reach_of(path, float(result.point[0]), ends), function_of(result)
        with np.errstate(all="ignore"):
            curve = sign * function(np.linspace(*view, _POINTS)[:, None])[:, 0]
            visited = sign * function(path[:, None])[:, 0]
        text = f"{_dot(unicode)} steps   -- the objective over {result.names[0]}"
        return _curve((verdict, text), (view, curve), (path, visited), look, level=False)
    text = "log10 of the distance to the end, at each iteration"
    away = distances(result.path.x, result.point) if len(result.path) else np.zeros(0)
    return _convergence((verdict, text), result.path.numbers, away, look)


def _dot(unicode: bool) -> str:
    return "●" if unicode else "o"


def _curve(
    heads: tuple[str, str], curve: tuple[Range, np.ndarray], seen: tuple, look: tuple, *,
    level: bool,
) -> str:  # fmt: skip
    view, values = curve
    kept = np.append(seen[1], 0.0) if level else seen[1]
    return _drawn(heads, (view, values, curve_range(values, kept)), seen, look)


def _convergence(
    heads: tuple[str, str], numbers: np.ndarray, away: np.ndarray, look: tuple[int, bool, bool]
) -> str:
    used = np.isfinite(away) & (away > 0)
    if used.sum() < 2:
        return _clean(heads[0], look)
    x, y = numbers[used].astype(float), np.log10(away[used])
    view = widened(float(x[0]), float(x[-1]))
    values = np.interp(np.linspace(*view, _POINTS), x, y)
    few = (x, y) if len(x) <= 40 else (x[:0], y[:0])
    reach = widened(float(y.min()), float(y.max()), 0.06)
    return _drawn(heads, (view, values, reach), few, look)


def _drawn(
    heads: tuple[str, str], curve: tuple[Range, np.ndarray, Range],
    seen: tuple[np.ndarray, np.ndarray], look: tuple[int, bool, bool],
) -> str:  # fmt: skip
    """Head lines, the curve over its range with points on it, and both axes."""
    view, values, reach = curve
    width, unicode, color = look
    names = ticks(reach, _ROWS // 3)
    gutter = min(max((len(t) for _, t in names), default=0), width // 3)
    columns = max(width, 30) - gutter - 1
    canvas = Canvas(_ROWS, columns, view, reach, many=False)
    inside = np.where((values >= reach[0]) & (values <= reach[1]), values, np.nan)
    canvas.line(np.linspace(*view, len(values)), inside)
    used = np.isfinite(seen[0]) & np.isfinite(seen[1])
    canvas.points(seen[0][used], seen[1][used])
    frame = Frame(gutter, unicode, color)
    lines = [_clean(text, look) for text in heads]
    lines += frame.around(canvas, names)
    lines += frame.below(canvas, ticks(view, max(columns // 12, 2)))
    return "\n".join(line.rstrip() for line in lines)


def _clean(text: str, look: tuple[int, bool, bool]) -> str:
    text = visible(text)
    return shorten(text if look[1] else ascii_only(text), look[0])
