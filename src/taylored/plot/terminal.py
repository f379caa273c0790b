"""A fit as a picture of characters, for terminals."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from taylored.plot.canvas import Canvas, Range, ticks, widened
from taylored.plot.curve import against, curve_of, fitted
from taylored.report.facts import short_verdict
from taylored.report.letters import ascii_only, shorten, visible

if TYPE_CHECKING:
    from taylored.regression.result import Fit

__all__ = ["Frame", "terminal_plot"]

_STRIP = 3  # lines of the residual strip
_ROOM = 0.03  # of the range of y, left free above and below
_BEYOND = 0.35  # how far the curve may widen the range of y beyond the data, relative
_RESIDUAL = "residual"

Tick = tuple[float, str]


@dataclass(frozen=True, eq=False, slots=True)
class _Series:
    """What is drawn: points, curve (None where the fit is not usable), and what is along x."""

    x: np.ndarray
    y: np.ndarray
    curve: tuple[np.ndarray, np.ndarray] | None
    title: str
    logarithmic: bool


def terminal_plot(
    fit: Fit, width: int = 72, height: int = 20, unicode: bool = True, color: bool = False
) -> str:
    """Data, curve and residuals of a fit as text.

    Args:
        fit: any fit; one that is not usable is drawn without a curve.
        width: of the picture in characters, at least 30.
        height: of the picture in lines, at least 8; from 16 on the residuals have a strip.
        unicode: False for plain ASCII.
        color: whether to color it by escape sequences.
    """
    width, height = max(width, 30), max(height, 8)
    strip = _STRIP + 1 if height >= 16 else 0
    series, rows = _series(fit), height - 4 - strip
    span, reach = widened(float(series.x.min()), float(series.x.max())), _reach(series)
    y_ticks = ticks(reach, max(rows // 3, 2))
    names = [text for _, text in y_ticks] + ([_RESIDUAL] if strip else [])
    gutter = min(max(map(len, names), default=0), width // 3)
    columns = width - gutter - 1
    many = len(series.x) > columns
    main = Canvas(rows, columns, span, reach, many=many)
    main.points(series.x, series.y)
    if series.curve:
        main.line(*series.curve)
    frame = Frame(gutter, unicode, color)
    lines = [short_verdict(fit), f"{series.title}   {_legend(series, many, unicode)}"]
    lines = [shorten(_cleaner(unicode)(line), width) for line in lines]
    lines += frame.around(main, y_ticks)
    if strip:
        farthest = float(np.abs(fit.residuals).max()) or 1.0
        below = Canvas(_STRIP, columns, span, (-farthest, farthest), many=many)
        below.line(np.array(span), np.zeros(2))
        below.points(series.x, fit.residuals)
        lines += [frame.rule(columns, []), *frame.around(below, [(0.0, _RESIDUAL)])]
    lines += frame.below(main, _x_ticks(span, columns, series.logarithmic))
    return "\n".join(line.rstrip() for line in lines)


def _cleaner(unicode: bool) -> Callable[[str], str]:
    return visible if unicode else lambda text: ascii_only(visible(text))


def _legend(series: _Series, many: bool, unicode: bool) -> str:
    points = ("⠂" if many else "●") if unicode else "o"
    line = "⠒⠒" if unicode else "--"
    return f"{points} data" + (f"  {line} fit" if series.curve else "  (no curve)")


def _series(fit: Fit) -> _Series:
    y, response = fit.setup.y, fit.setup.response
    if len(fit.setup.data) > 1:
        x = fitted(fit)
        ends = np.array([x.min(), x.max()])
        title = f"observed {response} against fitted {response}"
        return _Series(x, y, (ends, ends) if fit.usable else None, title, False)
    (x, name), curve = against(fit), curve_of(fit, 0.95)
    place = np.log10 if curve.logarithmic else np.asarray
    drawn = (place(curve.x), curve.value) if fit.usable else None
    return _Series(place(x), y, drawn, f"{response} against {name}", curve.logarithmic)


def _reach(series: _Series) -> Range:
    """The range of the data, widened by the curve, but not by its poles."""
    low, high = float(series.y.min()), float(series.y.max())
    beyond = _BEYOND * (high - low)
    if series.curve is not None:
        value = series.curve[1][np.isfinite(series.curve[1])]
        low = min(low, max(float(value.min()), low - beyond))
        high = max(high, min(float(value.max()), high + beyond))
    return widened(low, high, _ROOM)


def _x_ticks(span: Range, columns: int, logarithmic: bool) -> list[Tick]:
    if not logarithmic:
        return ticks(span, max(columns // 12, 2))
    first, last = math.ceil(span[0] - 1e-9), math.floor(span[1] + 1e-9)
    powers = range(first, last + 1, 1 + (last - first) // max(columns // 8, 1))
    return [(float(k), f"{10**k}" if 0 <= k < 4 else f"1e{k}") for k in powers]


@dataclass(frozen=True, slots=True)
class Frame:
    """The axes: a gutter of tick labels on the left, ticks below."""

    gutter: int
    unicode: bool
    color: bool

    def around(self, canvas: Canvas, labels: list[Tick]) -> list[str]:
        """The canvas with its left axis."""
        plain, marked = ("│", "┤") if self.unicode else ("|", "+")
        named: dict[int, str] = {}
        for value, text in labels:
            row = int(np.rint(canvas.down(np.array(value)))) // 4
            if 0 <= row < canvas.rows:
                named.setdefault(row, text)
        return [
            f"{shorten(named.get(row, ''), self.gutter):>{self.gutter}}"
            f"{marked if row in named else plain}{line}"
            for row, line in enumerate(canvas.lines(unicode=self.unicode, color=self.color))
        ]

    def rule(self, columns: int, at: list[int]) -> str:
        """A line across, with ticks in some columns."""
        corner, line, tick = ("└", "─", "┬") if self.unicode else ("+", "-", "+")
        corner = corner if at else ("├" if self.unicode else "+")
        ruled = "".join(tick if column in at else line for column in range(columns))
        return f"{'':>{self.gutter}}{corner}{ruled}"

    def below(self, canvas: Canvas, labels: list[Tick]) -> list[str]:
        """The axis under a canvas, and as many of its labels as have room."""
        at, row = [], [" "] * (self.gutter + 1 + canvas.columns)
        taken = -1
        for value, text in labels:
            column = int(np.rint(canvas.across(np.array(value)))) // 2
            start = min(self.gutter + 1 + column - len(text) // 2, len(row) - len(text))
            if start > taken and start >= 0:
                row[start : start + len(text)] = text
                taken = start + len(text)
                at.append(column)
        return [self.rule(canvas.columns, at), "".join(row)]
