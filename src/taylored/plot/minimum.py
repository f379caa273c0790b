"""A minimum as a picture: level lines, limits and path, and how the solver converged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.plot.feasible import boundaries, draw_limits
from taylored.plot.forces import draw_forces, forces_of, symbols_of
from taylored.plot.labels import Label, place_labels
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
from taylored.plot.progress import Line, distances, draw_progress, framed
from taylored.plot.section import draw_section
from taylored.plot.style import CURVE, INK, MUTED, name_axes, new_figure, state, styled
from taylored.plot.titles import entitle
from taylored.report.letters import shorten, visible
from taylored.report.minimum import short_verdict
from taylored.report.minimum_facts import point_errors
from taylored.report.numbers import number
from taylored.report.page import error_cells
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.optimize.result import Minimum

__all__ = ["draw_minimum", "function_of", "plot_minimum"]

_TEXT = 30  # of a constraint beside its curve


def plot_minimum(result: Minimum, ax: Any = None, *, maximum: bool = False) -> Any:
    """Draw the way to a minimum: in the plane for two variables, on the curve for one.

    Args:
        result: any `Minimum`.
        ax: axes for the main panel alone (default: a new figure, with the convergence beside it).
        maximum: whether the objective is that of the user with its sign changed.

    Returns:
        The main axes.
    """
    with styled():
        if ax is None:
            return draw_minimum(result, new_figure(), maximum=maximum)
        _main(result, ax, maximum)
        entitle(ax, short_verdict(result, maximum), whole=False)
        state(ax, _statement(result, maximum)[:1], whole=False)
        return ax


def draw_minimum(result: Minimum, figure: Any, *, maximum: bool = False) -> Any:
    """Draw into an empty figure, within a style; returns the main axes."""
    alone = len(result.point) > 2
    texts = (short_verdict(result, maximum), _statement(result, maximum))
    main, beside = framed(figure, alone, *texts)
    if not alone:
        _main(result, main, maximum)
    _progress(result, beside)
    return main


def _main(result: Minimum, ax: Any, maximum: bool) -> None:
    if len(result.point) == 1:
        draw_section(ax, result, function_of(result), -1.0 if maximum else 1.0)
    elif len(result.point) == 2:
        _plane(result, ax, maximum)
    else:
        _progress(result, ax)


def function_of(result: Any) -> Any:
    """(points, variables) -> (points, 1 + constraints): the objective and the constraints."""
    functions = result.program.functions

    def values(points: np.ndarray) -> np.ndarray:
        f, c = functions.batch(points)
        return np.column_stack([f, c])

    return values


# ---- two variables ----


def _plane(result: Minimum, ax: Any, maximum: bool) -> None:
    order, program = turned(result.names), result.program
    path = result.path.x.reshape(-1, 2) if len(result.path) else result.point[None]
    path, point = np.vstack([path, result.point])[:, order], result.point[order]
    frame = ax.get_window_extent()
    bounds = (program.lower[order], program.upper[order])
    forces = [replace(f, vector=f.vector[order]) for f in forces_of(result, maximum)]
    clear = 0.26 if forces else 0.0  # so that there is room for the arrows
    view = view_of(path, point, bounds, frame.width / max(frame.height, 1.0), clear)
    x, y = grid_of(view)
    function = function_of(result)
    values = sampled(lambda points: function(points[:, order]), x, y)
    draw_levels(ax, x, y, (-1.0 if maximum else 1.0) * values[0])
    grid = (x, y, values[1:])
    limits = boundaries(result, view, grid, order)
    draw_limits(ax, view, grid, limits)
    draw_path(ax, path)
    ax.set_xlim(*view.x)
    ax.set_ylim(*view.y)
    name_axes(ax, *(visible(str(result.names[k])) for k in order))
    ax.figure.canvas.figure.draw_without_rendering()
    arrows, covered = draw_forces(ax, point, forces)
    symbols = symbols_of(result)
    labels = [
        Label(_called(symbols.get(u.index, ""), u.text), INK, *u.curve.T)
        for u in limits if len(u.curve)
    ]  # fmt: skip
    begin = Label("start", CURVE, *around(ax, path[0]).T)
    end = Label("maximum" if maximum else _word(result), INK, *point[None].T)
    curves = [dense(ax, u.curve) for u in limits if len(u.curve)]
    taken = np.concatenate([covered, dense(ax, path), *curves])
    place_labels(ax, [*arrows, begin, end, *labels], taken)


def _word(result: Minimum) -> str:
    return {"minimum": "minimum", "saddle": "saddle", "maximum": "maximum",
            "infeasible": "least violation"}.get(result.kind, "end")  # fmt: skip


def _called(symbol: str, text: str) -> str:
    text = shorten(visible(text), _TEXT)
    return f"{symbol}: {text}" if symbol else text


# ---- convergence ----


def _progress(result: Minimum, ax: Any) -> None:
    """Distance from the answer and violation at each iteration."""
    path = result.path
    if not len(path):
        draw_progress(ax, [], None, step="iteration")
        return
    lines = [Line("distance to the end", path.numbers, distances(path.x, result.point), CURVE)]
    if result.program.constraints:
        lines.append(Line("violation", path.numbers, path.violations, INK, "s", dashed=True))
    elif len(result.point) > 2:
        above = path.values - result.value
        lines.append(Line("f above its end", path.numbers, above, MUTED, "s", dashed=True))
    errors = point_errors(result, np.arange(len(result.point)))
    worst = float(errors.max(initial=0.0)) if np.isfinite(errors).all() else 0.0
    known = result.accuracy is not Accuracy.UNKNOWN
    draw_progress(ax, lines, (worst, result.accuracy) if known else None, step="iteration")


# ---- in words ----


def _statement(result: Minimum, maximum: bool) -> list[str]:
    """Point and value with their accuracy, and how the arrows balance."""
    if not result.usable:
        return [result.status]
    errors = point_errors(result, np.arange(min(len(result.point), 3)))
    pairs = [
        f"{visible(str(n))} = {error_cells(float(v), float(e), result.accuracy)[0].text}"
        for n, v, e in zip(result.names, result.point, errors, strict=False)
    ]
    more = ", ..." if len(result.point) > 3 else ""
    kind = f"{result.accuracy}; no digit beyond its error is shown"
    if result.accuracy is Accuracy.UNKNOWN:
        kind = "how far off is not known"
    lines = [f"{', '.join(pairs)}{more}, {kind}."]
    lines.append(f"First-order residual {number(result.kkt, 2)} in the units given.")
    limited = bool((~result.program.equality).any()) or result.program.bounded
    if limited and len(result.point) < 3:
        lines[-1] += " Grey: not allowed."
    forces = forces_of(result, maximum)
    if forces:
        listed = ", ".join(f.text for f in forces)
        lines.append(f"Arrows, to one scale, add up to zero: {listed}.")
    return lines
