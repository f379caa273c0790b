"""Small graphs of formulas for exercises in which curves are to be matched: SVG with words."""

from __future__ import annotations

import math
from functools import lru_cache
from html import escape

from taylored.course.formulas import function_of

__all__ = ["curve_svg", "described"]

_X = 3.0  # from -3 to 3
_COUNT = 241
_WIDE, _HIGH, _EDGE = 216, 160, 8
Points = list[tuple[float, float]]


@lru_cache(maxsize=512)
def curve_svg(formula: str) -> str:
    """The graph of a formula of x over -3 to 3; its shape in words is its text for the ear."""
    points = _values(formula)
    top = _height(points)
    parts = [_grid(top)]
    parts += [f'<polyline class="curve" points="{run}"/>' for run in _runs(points, top)]
    words = escape(described(points))
    return (
        f'<svg class="graph" viewBox="0 0 {_WIDE} {_HIGH}" role="img" aria-label="{words}">'
        f"{''.join(parts)}</svg>"
    )


def _values(formula: str) -> Points:
    call, names = function_of(formula)
    if any(name not in ("x", "e") for name in names):
        raise ValueError(f"{formula!r} is no formula of x")
    have = {"e": math.e}
    points = []
    for n in range(_COUNT):
        x = _X * (2 * n / (_COUNT - 1) - 1)
        points.append((x, _value(call, [have.get(name, x) for name in names])))
    return points


def _value(call, arguments: list[float]) -> float:
    import numpy as np

    with np.errstate(all="ignore"):
        try:
            return float(call(*arguments))
        except (ArithmeticError, ValueError, TypeError):
            return math.nan


def _height(points: Points) -> float:
    """Half the height of the graph: what the curve needs, from 1 to 6."""
    sizes = [abs(y) for _, y in points if math.isfinite(y)]
    return min(max(1.08 * max(sizes, default=1.0), 1.0), 6.0)


def _place(x: float, y: float, top: float) -> tuple[float, float]:
    across = _EDGE + (x / _X + 1) / 2 * (_WIDE - 2 * _EDGE)
    return across, _EDGE + (1 - y / top) / 2 * (_HIGH - 2 * _EDGE)


def _grid(top: float) -> str:
    """Axes with a tick at every whole number, and the number 1 on both."""
    x0, y0 = _place(0, 0, top)
    lines = [f'<path class="axes" d="M{_EDGE} {y0:.1f}H{_WIDE - _EDGE}M{x0:.1f} {_EDGE}'
             f'V{_HIGH - _EDGE}"/>']  # fmt: skip
    ticks = [_place(n, 0, top)[0] for n in range(-3, 4) if n]
    marks = "".join(f"M{x:.1f} {y0 - 2.5:.1f}v5" for x in ticks)
    whole = range(-math.floor(top), math.floor(top) + 1)
    marks += "".join(f"M{x0 - 2.5:.1f} {_place(0, n, top)[1]:.1f}h5" for n in whole if n)
    lines.append(f'<path class="axes" d="{marks}"/>')
    one_x, one_y = _place(1, 0, top)[0], _place(0, 1, top)[1]
    lines.append(f'<text x="{one_x:.1f}" y="{y0 + 14:.1f}" text-anchor="middle">1</text>')
    lines.append(f'<text x="{x0 - 6:.1f}" y="{one_y + 4:.1f}" text-anchor="end">1</text>')
    return "".join(lines)


def _runs(points: Points, top: float) -> list[str]:
    """The pieces of the curve between poles and edges, as places on the screen."""
    runs: list[list[str]] = [[]]
    before = math.nan
    for x, y in points:
        inside = math.isfinite(y) and abs(y) <= 1.02 * top
        if not inside or abs(y - before) > top:  # a pole, or the curve leaves the picture
            runs.append([])
        if inside:
            runs[-1].append("{:.1f},{:.1f}".format(*_place(x, y, top)))
        before = y
    return [" ".join(run) for run in runs if len(run) > 1]


def described(points: Points) -> str:
    """A curve in words: where it starts, turns and ends."""
    known = [(x, y) for x, y in points if math.isfinite(y)]
    if not known:
        return "A graph without a value."
    flat = max(y for _, y in known) - min(y for _, y in known)
    words = [f"Graph from x = {_said(known[0][0])} to {_said(known[-1][0])}"]
    if flat < 1e-9:
        return f"{words[0]}: level at y = {_said(known[0][1])}."
    words.append(f"starts at y about {_said(known[0][1])}")
    turns = _turns(known, 1e-3 * flat)
    for (_, y0), (x1, y1) in zip([known[0], *turns], turns, strict=False):
        words.append(f"{'rises' if y1 > y0 else 'falls'} to {_said(y1)} at x about {_said(x1)}")
    last, end = (turns or known[:1])[-1][1], known[-1][1]
    words.append(f"{'rises' if end > last else 'falls'} to {_said(end)}")
    return f"{words[0]}: {', '.join(words[1:7])}."


def _turns(points: Points, least: float) -> Points:
    """Where the curve turns by more than `least`."""
    turns: Points = []
    best, way = points[0], 0
    for point in points[1:]:
        step = point[1] - best[1]
        if way == 0 and abs(step) > least:
            way, best = (1 if step > 0 else -1), point
        elif way * step > 0:
            best = point
        elif way and -way * step > least:
            turns.append(best)
            way, best = -way, point
    return turns


def _said(value: float) -> str:
    return f"{value + 0.0:.1f}".removesuffix(".0").replace("-0", "0" if value > -0.05 else "-0")
