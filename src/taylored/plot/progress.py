"""How a solver came nearer, iteration by iteration, on a logarithmic axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import numpy as np

from taylored.plot.labels import Label, place_labels
from taylored.plot.plane import dense
from taylored.plot.style import BAND, INK, name_axes, state
from taylored.plot.titles import entitle
from taylored.report.series_terms import up
from taylored.results import Accuracy

__all__ = ["Line", "distances", "draw_progress", "framed"]

_LEAST = 1e-17  # beside the largest: what is smaller is drawn there
_DOTS = 60  # points that are marked one by one
_WIDTH = 118  # characters below the picture


@dataclass(frozen=True, eq=False)
class Line:
    """A quantity that goes to zero; `dashed` and `mark` tell it from others beside its color."""

    text: str
    numbers: np.ndarray
    values: np.ndarray
    color: str
    mark: str = "o"
    dashed: bool = False
    width: float = 1.6


def framed(figure: Any, alone: bool, title: str, statement: Sequence[str]) -> tuple[Any, Any]:
    """The panel of the path and that of the progress, which is the same where it stands alone."""
    if alone:
        main = beside = figure.subplots()
    else:
        main, beside = figure.subplots(1, 2, width_ratios=[1.5, 1.0])
    entitle(main, title, whole=True)
    state(main, [part for line in statement for part in wrap(line, _WIDTH)], whole=True)
    figure.draw_without_rendering()  # the layout is settled before labels look for their places
    return main, beside


def distances(points: np.ndarray, end: np.ndarray) -> np.ndarray:
    """(points,) the largest distance of each point from the end, in any variable."""
    with np.errstate(all="ignore"):
        return np.abs(points - end).max(axis=1, initial=0.0)


def draw_progress(
    ax: Any, lines: list[Line], error: tuple[float, Accuracy] | None = None, *, step: str
) -> None:
    """Draw lines on a logarithmic axis, and the error of the result as a level.

    Args:
        ax: axes to draw in.
        lines: what to draw; points that are 0 or not finite are left out.
        error: how far the result may be off, and of which kind that is.
        step: what the numbers count.
    """
    ax.set_yscale("log")
    shown = [(line, _positive(line)) for line in lines]
    shown = [(line, points) for line, points in shown if len(points[0])]
    for line, (x, y) in shown:
        mark = line.mark if len(x) <= _DOTS else ""
        style = (0, (5, 3)) if line.dashed else "-"
        ax.plot(x, y, color=line.color, lw=line.width, ls=style, marker=mark, ms=3.8, mec="white",
                mew=0.5, zorder=4)  # fmt: skip
    labels = [Label(line.text, line.color, *points) for line, points in shown]
    if error is not None and 0 < error[0] < np.inf and shown:
        labels.append(_level(ax, error, shown))
    name_axes(ax, step, "")
    ax.minorticks_off()
    _limits(ax, shown, error)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.figure.canvas.figure.draw_without_rendering()
    covered = [dense(ax, np.column_stack(points)) for _, points in shown]
    place_labels(ax, labels, np.concatenate([np.empty((0, 2)), *covered]))


def _positive(line: Line) -> tuple[np.ndarray, np.ndarray]:
    used = np.isfinite(line.values) & (line.values > 0)
    if not used.any():
        return np.empty(0), np.empty(0)
    x, y = line.numbers[used].astype(float), line.values[used]
    return x, np.maximum(y, _LEAST * y.max())


def _level(ax: Any, error: tuple[float, Accuracy], shown: list) -> Label:
    size, kind = error
    color = BAND[kind]
    style = "-" if kind is Accuracy.PROVED else (0, (5, 3))
    ax.axhline(size, color=color, lw=1.2, ls=style, zorder=2)
    ends = [np.concatenate([points[0] for _, points in shown])]
    x = np.linspace(ends[0].min(), ends[0].max(), 40)
    sign = "≤" if kind is Accuracy.PROVED else "≈"
    return Label(f"error of x {sign} {up(size)}, {kind}", color, x, np.full(40, size))


def _limits(ax: Any, shown: list, error: tuple[float, Accuracy] | None) -> None:
    """All that is drawn with room for labels; the last digit of float64 where all is zero."""
    values = [points[1] for _, points in shown]
    if not values:
        ax.set_ylim(1e-16, 1.0)
        ax.text(0.5, 0.5, "The start is the solution.", transform=ax.transAxes, ha="center",
                color=INK, fontsize=9)  # fmt: skip
        return
    every = np.concatenate(values)
    low, high = float(every.min()), float(every.max())
    if error is not None and 0 < error[0] < np.inf:
        low, high = min(low, error[0]), max(high, error[0])
    room = max((high / low) ** 0.09, 3.0)
    ax.set_ylim(low / room, high * room)
    last = max(float(points[0].max()) for _, points in shown)
    ax.set_xlim(-0.04 * max(last, 1.0), 1.06 * max(last, 1.0))
