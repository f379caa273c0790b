"""Gradient descent as a picture: the path on level lines, and how fast the gradient shrinks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.plot.labels import Label, place_labels
from taylored.plot.minimum import function_of
from taylored.plot.plane import (
    around,
    dense,
    draw_levels,
    draw_path,
    grid_of,
    sampled,
    turned,
    view_of,
)
from taylored.plot.progress import Line, draw_progress, framed
from taylored.plot.section import draw_section
from taylored.plot.style import CURVE, INK, MUTED, name_axes, new_figure, state, styled
from taylored.plot.titles import entitle
from taylored.report.descend import short_verdict
from taylored.report.letters import visible
from taylored.report.numbers import number, share

if TYPE_CHECKING:
    from taylored.optimize.descent.result import Descent

__all__ = ["draw_descend", "draw_descend_in"]


def draw_descend(result: Descent, ax: Any = None) -> Any:
    """Draw the path of gradient descent, and the gradient at each step.

    Args:
        result: any `Descent`.
        ax: axes for the main panel alone (default: a new figure).

    Returns:
        The main axes.
    """
    with styled():
        if ax is None:
            return draw_descend_in(new_figure(), result)
        _main(result, ax)
        entitle(ax, short_verdict(result), whole=False)
        state(ax, _statement(result)[:1], whole=False)
        return ax


def draw_descend_in(figure: Any, result: Descent) -> Any:
    """Draw into an empty figure, within a style; returns the main axes."""
    alone = len(result.point) > 2
    main, beside = framed(figure, alone, short_verdict(result), _statement(result))
    if not alone:
        _main(result, main)
    _progress(result, beside)
    return main


def _main(result: Descent, ax: Any) -> None:
    if len(result.point) == 1:
        draw_section(ax, result, function_of(result), 1.0)
    elif len(result.point) == 2:
        _plane(result, ax)
    else:
        _progress(result, ax)


def _plane(result: Descent, ax: Any) -> None:
    order, program = turned(result.names), result.program
    path = result.path.x.reshape(-1, 2) if len(result.path) else result.point[None]
    path = path[:, order]
    center = path[int(np.nanargmin(result.path.values))] if len(result.path) else path[0]
    frame = ax.get_window_extent()
    bounds = (program.lower[order], program.upper[order])
    seen = _beginning(path) if result.end in ("diverged", "unbounded") else path
    view = view_of(seen, center, bounds, frame.width / max(frame.height, 1.0))
    x, y = grid_of(view)
    function = function_of(result)
    draw_levels(ax, x, y, sampled(lambda points: function(points[:, order]), x, y)[0])
    draw_path(ax, path)
    ax.set_xlim(*view.x)
    ax.set_ylim(*view.y)
    name_axes(ax, *(visible(str(result.names[k])) for k in order))
    ax.figure.canvas.figure.draw_without_rendering()
    labels = [Label("start", CURVE, *around(ax, path[0]).T)]
    if result.usable and view.holds(path[-1:])[0]:
        word = "minimum" if result.kind == "minimum" else "end"
        labels.append(Label(word, INK, *path[-1:].T))
    place_labels(ax, labels, dense(ax, path))


def _beginning(path: np.ndarray) -> np.ndarray:
    """The first steps of a path that runs away, so many that they can be told apart."""
    reach = np.abs(path - path[0]).max(axis=1)
    near = reach <= 6.0 * max(float(reach[1]), 1e-300) if len(path) > 1 else reach <= 0
    return path[: max(int(np.argmin(near)) if not near.all() else len(path), 2)]


def _progress(result: Descent, ax: Any) -> None:
    """The gradient at each step, beside what the curvatures at the end predict."""
    path = result.path
    slopes = path.column("stationarity")
    lines = [Line("gradient", path.numbers, slopes, CURVE)]
    used = np.flatnonzero(np.isfinite(slopes) & (slopes > 0))
    if len(used) and 0 < result.predicted < 1 and np.isfinite(result.predicted):
        last = used[-1]
        back = path.numbers[last] - path.numbers[used]
        with np.errstate(over="ignore"):
            line = slopes[last] * result.predicted ** (-back.astype(float))
        near = line <= 1e3 * np.nanmax(slopes[used])
        text = f"by curvature: {share(result.predicted)} a step"
        lines.append(Line(text, path.numbers[used][near], line[near], MUTED, "", True, 1.0))
    draw_progress(ax, lines, None, step="step")


def _statement(result: Descent) -> list[str]:
    lines = [result.status]
    if len(result.rates):
        low, high = float(result.rates.min()), float(result.rates.max())
        rates = number(low, 4) if high <= 1.0005 * low else f"{number(low, 4)} to {number(high, 4)}"
        safe = "each step proved to lower f" if result.safe else "nothing is proved of it"
        lines.append(f"Rate {rates}: {safe}. Method: {result.method}.")
    if 0 < result.factor < 1:
        said = f"Measured: each step leaves {share(result.factor)} of the gradient"
        if np.isfinite(result.condition):
            said += f"; the curvatures differ by a factor {number(result.condition, 3)}"
        lines.append(said + ".")
    return lines
