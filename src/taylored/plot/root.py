"""Roots as pictures: a curve with Newton's tangents, curves that meet, and how it converged."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.plot.labels import Label, place_labels
from taylored.plot.plane import (
    around,
    dense,
    draw_path,
    grid_of,
    sampled,
    turned,
    view_of,
    zero_lines,
)
from taylored.plot.progress import Line, distances, draw_progress, framed
from taylored.plot.section import curve_range, reach_of
from taylored.plot.style import (
    BAND,
    CURVE,
    INK,
    MUTED,
    UNKNOWN,
    name_axes,
    new_figure,
    state,
    styled,
)
from taylored.plot.titles import entitle
from taylored.report.letters import shorten, visible
from taylored.report.page import error_cells
from taylored.report.root import (
    convergence_said,
    equation_said,
    short_verdict,
    short_verdict_of_all,
)
from taylored.report.series_terms import ends
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.optimize.roots.collection import Roots
    from taylored.optimize.roots.result import Root

__all__ = ["SECOND", "draw_root", "draw_root_in", "draw_roots", "draw_roots_in", "values_of"]

SECOND = "#7B3FA0"  # the second curve, dashed; not one of the kinds of accuracy
_POINTS = 601
_LINE = 118
_TEXT = 34
_SAME_SCALE = 3.0  # sides that differ less are drawn to one scale
_TANGENTS = 6  # Newton steps that are drawn
_NUMBERED = 4  # of which the first are numbered


def draw_root(result: Root, ax: Any = None, *, basins: bool = False) -> Any:
    """Draw the way to a root: tangents for one unknown, curves that meet for two.

    Args:
        result: any `Root`.
        ax: axes for the main panel alone (default: a new figure, with the convergence beside it).
        basins: for two unknowns, which root Newton's method finds from where, instead.

    Returns:
        The main axes.
    """
    if basins:
        from taylored.plot.basins import plot_basins

        return plot_basins(result, ax)
    with styled():
        if ax is None:
            return draw_root_in(new_figure(), result)
        _main(result, ax)
        entitle(ax, short_verdict(result), whole=False)
        state(ax, _statement(result)[:1], whole=False)
        return ax


def draw_root_in(figure: Any, result: Root) -> Any:
    """Draw into an empty figure, within a style; returns the main axes."""
    alone = result.system.variables > 2
    main, beside = framed(figure, alone, short_verdict(result), _statement(result))
    if not alone:
        _main(result, main)
    _progress(result, beside)
    return main


def _main(result: Root, ax: Any) -> None:
    system = result.system
    if system.variables == 1:
        _line(result, ax)
    elif system.variables == 2:
        _plane(result, ax)
    else:
        _progress(result, ax)


def values_of(system: Any, points: np.ndarray) -> np.ndarray:
    """(points, unknowns) -> (points, equations)."""
    with np.errstate(all="ignore"):
        return np.array([system.evaluate(p) for p in points], float).reshape(len(points), -1)


# ---- one unknown ----


def _line(result: Root, ax: Any) -> None:
    """The curve, where it crosses zero, and the tangents that Newton's method followed."""
    system, root = result.system, float(result.point[0])
    path = result.path.x[:, 0] if len(result.path) else result.point
    bracket = getattr(result, "bracket", None)
    view = reach_of(path if bracket is None else np.append(path, bracket), root)
    x = np.linspace(*view, _POINTS)
    curve, visited = values_of(system, x[:, None])[:, 0], values_of(system, path[:, None])[:, 0]
    ax.axhline(0.0, color=MUTED, lw=0.9, zorder=1)
    ax.plot(x, curve, color=INK, lw=1.2, zorder=3)
    drawn = _tangents(ax, result, path, visited)
    if bracket is not None:
        ax.axvspan(*bracket, color=CURVE, alpha=0.07, lw=0, zorder=0.5)
    ax.plot(path[:1], [0.0], "o", ms=7.5, mfc="white", mec=CURVE, mew=1.8, zorder=4.4)
    _mark(ax, np.array([root, _height(result)]), result)
    ax.set_xlim(*view)
    ax.set_ylim(*curve_range(curve, np.append(visited[:_TANGENTS], 0.0)))
    name = visible(str(system.names[0]))
    name_axes(ax, name, "left - right" if "=" in equation_said(result).removesuffix("= 0") else "f")
    ax.figure.canvas.figure.draw_without_rendering()
    lines = [dense(ax, part) for part in (np.column_stack([x, curve]), *drawn)]
    level = dense(ax, np.array([[view[0], 0.0], [view[1], 0.0]]))
    labels = [Label("root" if result.kind == "root" else "end", _color(result),
                    *around(ax, np.array([root, _height(result)])).T)]  # fmt: skip
    for k, point in enumerate(path[:_NUMBERED]):
        if abs(point - root) > 0.03 * (view[1] - view[0]):
            text = "start" if k == 0 else f"step {k}"
            labels.append(Label(text, CURVE, *around(ax, np.array([point, 0.0]), 12.0).T))
    text = shorten(visible(system.describe), _TEXT)
    place_labels(ax, [*labels, Label(text, INK, x, curve)], np.concatenate([*lines, level]))


def _height(result: Root) -> float:
    """Where the end is marked: on zero if it is a root, else on the curve."""
    left = float(np.ravel(result.residual)[0])
    return left if result.kind != "root" and np.isfinite(left) else 0.0


def _tangents(ax: Any, result: Root, path: np.ndarray, visited: np.ndarray) -> list[np.ndarray]:
    """From each point up to the curve, and along the tangent where that is the way it went."""
    drawn = []
    for k in range(min(len(path) - 1, _TANGENTS)):
        foot, top, next_ = path[k], visited[k], path[k + 1]
        if not (np.isfinite(top) and np.isfinite(next_)):
            continue
        riser = np.array([[foot, 0.0], [foot, top]])
        ax.plot(*riser.T, color=CURVE, lw=0.9, ls=(0, (2, 2)), zorder=2.5)
        ax.plot([foot], [top], "o", ms=4, color=CURVE, mec="white", mew=0.5, zorder=4.2)
        drawn.append(riser)
        with np.errstate(all="ignore"):
            slope = float(np.ravel(result.system.differentiate(np.array([foot])))[0])
        if abs(top + slope * (next_ - foot)) <= 0.02 * abs(top):
            tangent = np.array([[foot, top], [next_, 0.0]])
            ax.plot(*tangent.T, color=CURVE, lw=1.5, zorder=3.6)
            drawn.append(tangent)
    return drawn


def _color(result: Root) -> str:
    return BAND[result.accuracy] if result.usable else UNKNOWN


def _mark(ax: Any, at: np.ndarray, result: Root) -> None:
    """A root with a hard edge where it is proved, an open diamond where it is not."""
    color = _color(result)
    proved = result.usable and result.accuracy is Accuracy.PROVED
    ax.plot(*at, "D", ms=7.0, mfc=color if proved else "white", mec="white" if proved else color,
            mew=1.0 if proved else 1.8, zorder=7)  # fmt: skip


# ---- two unknowns ----


def _plane(result: Root, ax: Any) -> None:
    """Where each equation holds, and the way to where all of them do."""
    order, system = turned(result.names), result.system
    path = result.path.x.reshape(-1, 2) if len(result.path) else result.point[None]
    path, point = np.vstack([path, result.point])[:, order], result.point[order]
    frame, free = ax.get_window_extent(), np.full(2, np.inf)
    view = view_of(path, point, (-free, free), frame.width / max(frame.height, 1.0))
    labels, covered = _curves(ax, system, (view, order))
    draw_path(ax, path)
    _mark(ax, point, result)
    ax.figure.canvas.figure.draw_without_rendering()
    begin = Label("start", CURVE, *around(ax, path[0]).T)
    end = Label("root" if result.kind == "root" else "end", _color(result), *point[None].T)
    covered = [dense(ax, part) for part in covered]
    place_labels(ax, [begin, end, *labels], np.concatenate([dense(ax, path), *covered]))


def _curves(ax: Any, system: Any, look: tuple[Any, list[int]]) -> tuple[list[Label], list]:
    """The curves on which each of the first equations holds, with their labels."""
    view, order = look
    x, y = grid_of(view)
    values = sampled(lambda points: values_of(system, points[:, order]), x, y)
    labels, covered = [], []
    for k, value in enumerate(values[:4]):
        color, style = ((INK, "solid"), (SECOND, "dashed"))[k % 2]
        ax.contour(x, y, np.ma.masked_invalid(value), [0.0], colors=[color], linewidths=1.5,
                   linestyles=[style], zorder=3)  # fmt: skip
        pieces = zero_lines(x, y, value)
        if pieces:
            text = visible(str(system.equation_names[k]))
            text = text if "=" in text else f"{text} = 0"
            labels.append(Label(shorten(text, _TEXT), color, *pieces[0].T))
            covered += pieces
    ax.grid(visible=False)
    ax.set_xlim(*view.x)
    ax.set_ylim(*view.y)
    name_axes(ax, *(visible(str(system.names[k])) for k in order))
    return labels, covered


# ---- convergence ----


def _progress(result: Root, ax: Any) -> None:
    """Distance from the root, or the residual where there is none, at each step."""
    path = result.path
    if not len(path):
        draw_progress(ax, [], None, step="step")
        return
    if result.kind == "root":
        away = distances(path.x, result.point)
        lines = [Line("distance to the root", path.numbers, away, CURVE)]
    else:
        lines = [Line("|F|, the largest", path.numbers, path.violations, CURVE)]
    with np.errstate(invalid="ignore"):
        off = np.maximum(result.known.high - result.point, result.point - result.known.low)
    worst = float(off.max(initial=0.0))
    known = result.usable and result.accuracy is not Accuracy.UNKNOWN and np.isfinite(worst)
    draw_progress(ax, lines, (worst, result.accuracy) if known else None, step="step")


def _statement(result: Root) -> list[str]:
    """What is proved, and the order of convergence."""
    lines = [f"{equation_said(result)}."]
    known = result.known
    if result.usable and result.accuracy is Accuracy.PROVED:
        boxes = [
            f"{visible(str(n))} in {ends(float(a), float(b), 17)}"
            for n, a, b in zip(result.names[:2], known.low[:2], known.high[:2], strict=False)
        ]
        more = ", ..." if len(known.low) > 2 else ""
        lines.append(f"Proved: exactly one root has {', '.join(boxes)}{more}.")
    elif result.kind == "root":
        lines.append(f"Not proved: {known.reason or 'no enclosure was found'}.")
    else:
        lines.append(result.status)
    said = convergence_said(result)
    if said:
        lines.append(f"Convergence: {said}.")
    if result.usable and result.notes:
        lines.append(result.notes[0].message)
    return lines


# ---- all roots in a box ----


def draw_roots(result: Roots, ax: Any = None, *, basins: bool = False) -> Any:
    """Draw all roots of one or two unknowns in their box.

    Args:
        result: any `Roots`.
        ax: axes to draw in (default: a new figure).
        basins: for two unknowns, which root Newton's method finds from where, instead.

    Returns:
        The axes.
    """
    if basins:
        from taylored.plot.basins import plot_basins

        return plot_basins(result, ax)
    with styled():
        if ax is None:
            return draw_roots_in(new_figure(), result)
        return _box(result, ax, whole=False)


def draw_roots_in(figure: Any, result: Roots) -> Any:
    """Draw into an empty figure, within a style; returns the axes."""
    return _box(result, figure.subplots(), whole=True)


def _box(result: Roots, ax: Any, *, whole: bool) -> Any:
    if result.system.variables > 2:
        raise ArgumentError(
            "Roots are drawn for one or two unknowns.",
            why=f"here are {result.system.variables}.",
            next_step="report() and to_dict() list them.",
        )
    entitle(ax, short_verdict_of_all(result), whole=whole)
    state(ax, _statement_of_all(result)[: None if whole else 1], whole=whole)
    ax.figure.canvas.figure.draw_without_rendering()
    (_on_line if result.system.variables == 1 else _in_plane)(result, ax)
    return ax


def _on_line(result: Roots, ax: Any) -> None:
    low, high = float(result.low[0]), float(result.high[0])
    x = np.linspace(low, high, 2001)
    curve = values_of(result.system, x[:, None])[:, 0]
    ax.axhline(0.0, color=MUTED, lw=0.9, zorder=1)
    ax.plot(x, curve, color=INK, lw=1.2, zorder=3)
    for root in result.items:
        _mark(ax, np.array([root.point[0], 0.0]), root)
    least = 0.006 * (high - low)
    for part in result.undecided:
        middle = 0.5 * float(part.low[0] + part.high[0])
        half = max(0.5 * float(part.high[0] - part.low[0]), least)
        ax.axvspan(middle - half, middle + half, facecolor="none", edgecolor=UNKNOWN,
                   hatch="/////", lw=0, zorder=2)  # fmt: skip
    ax.set_xlim(low - 0.02 * (high - low), high + 0.02 * (high - low))
    ax.set_ylim(*curve_range(curve, np.zeros(1)))
    name_axes(ax, visible(str(result.names[0])), "f")
    ax.figure.canvas.figure.draw_without_rendering()
    text = shorten(visible(result.system.describe), _TEXT)
    marks = np.array([[r.point[0], 0.0] for r in result.items]).reshape(-1, 2)
    hatched = [
        dense(ax, np.array([[0.5 * (u.low[0] + u.high[0]), end] for end in ax.get_ylim()]))
        for u in result.undecided
    ]
    taken = np.concatenate([dense(ax, np.column_stack([x, curve])), marks, *hatched])
    place_labels(ax, [Label(text, INK, x, curve)], taken)


def _in_plane(result: Roots, ax: Any) -> None:
    from taylored.plot.plane import View

    order = turned(result.names)
    low, high = result.low[order], result.high[order]
    room = 0.03 * (high - low)
    view = View((low[0] - room[0], high[0] + room[0]), (low[1] - room[1], high[1] + room[1]))
    labels, covered = _curves(ax, result.system, (view, order))
    ax.plot([low[0], high[0], high[0], low[0], low[0]], [low[1], low[1], high[1], high[1], low[1]],
            color=MUTED, lw=0.9, zorder=1)  # fmt: skip
    for number, root in enumerate(result.items, 1):
        _mark(ax, root.point[order], root)
        ax.annotate(str(number), tuple(root.point[order]), (6, 6), textcoords="offset points",
                    fontsize=9, color=_color(root), zorder=7)  # fmt: skip
    for part in result.undecided:
        _unknown(ax, part.low[order], part.high[order], 0.012 * (high - low))
    if max(view.size) < _SAME_SCALE * min(view.size):
        ax.set_aspect("equal", adjustable="box", anchor="W")
        _listed(ax, result, order)
    ax.figure.canvas.figure.draw_without_rendering()
    marks = np.array([r.point[order] for r in result.items]).reshape(-1, 2)
    marks = np.concatenate([marks, *(around(ax, m, 9.0) for m in marks)])
    covered = [dense(ax, piece) for piece in covered]
    place_labels(ax, labels, np.concatenate([marks, *covered]))


def _listed(ax: Any, result: Roots, order: list[int]) -> None:
    """The first roots, with no digit beyond their errors, to the right of the map."""
    names = [visible(str(result.names[k])) for k in order]
    for number, root in enumerate(result.items[:12], 1):
        off = root.known.high - root.known.low
        point = ", ".join(
            f"{n} = {_ten_digits(float(root.point[k]), float(off[k]), root.accuracy)}"
            for n, k in zip(names, order, strict=True)
        )
        at = (1.0, 0.97 - 0.07 * (number - 1))
        ax.annotate(f"{number}   {point}", at, (18, 0), xycoords="axes fraction", va="top",
                    textcoords="offset points", color=INK, fontsize=9, parse_math=False,
                    annotation_clip=False)  # fmt: skip


def _ten_digits(value: float, error: float, kind: Accuracy) -> str:
    text = error_cells(value, error, kind)[0].text
    return text if len(text) <= 12 else f"{value:.10g}"


def _unknown(ax: Any, low: np.ndarray, high: np.ndarray, least: np.ndarray) -> None:
    from matplotlib.patches import Rectangle

    middle, half = 0.5 * (low + high), np.maximum(0.5 * (high - low), least)
    ax.add_patch(Rectangle(tuple(middle - half), *(2 * half), facecolor="none", edgecolor=UNKNOWN,
                           hatch="/////", lw=0.6, zorder=6))  # fmt: skip


def _statement_of_all(result: Roots) -> list[str]:
    lines = [f"{equation_said(result)}: {result.status}"]
    if len(result.items) and result.accuracy is Accuracy.PROVED:
        lines.append("Filled: proved to be a root, and the only one near.")
    if result.undecided:
        lines.append("Hatched: whether there is a root is not decided.")
    return [part for line in lines for part in wrap(line, _LINE)]
