"""The pattern of a derivative matrix as a picture: its entries, by pass or by size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.calculus.pattern import Pattern
from taylored.calculus.trees import Layout
from taylored.errors import ArgumentError
from taylored.plot.cells import (
    Painted,
    density_picture,
    pass_of,
    pass_picture,
    value_picture,
)
from taylored.plot.drawn_cells import show_cells, write_cells, write_passes
from taylored.plot.spy_beside import draw_beside
from taylored.plot.style import MUTED, new_figure, state, styled
from taylored.plot.titles import entitle
from taylored.report.letters import shorten, visible
from taylored.report.matrix_facts import accuracy_said, kind_of, matrix_verdict, name_of
from taylored.report.numbers import number

if TYPE_CHECKING:
    from taylored.calculus.matrix import DerivativeMatrix

__all__ = ["draw_spy", "spy"]

_NAMED = 16  # rows or columns up to which each has its name
_GRIDDED = 30  # rows and columns up to which lines part the cells
_VALUED = 10  # rows and columns up to which an entry's value stands in its cell


def spy(matrix: DerivativeMatrix, ax: Any = None, *, color: str | None = "pass") -> Any:
    """Draw where the entries of a derivative matrix may differ from zero.

    A matrix too large for its entries to be seen is drawn by density, with a part of it enlarged.

    Args:
        matrix: any Jacobian or Hessian.
        ax: axes to draw in (default: a new figure, with a legend or an enlarged part beside).
        color: "pass" (entries that one pass gives have one color), "value" (by the logarithm of
            their size; they are computed), or None.

    Returns:
        The main axes.

    Raises:
        ArgumentError: for another color.
    """
    if color not in ("pass", "value", None):
        raise ArgumentError(
            f"color={color!r} is not known.", next_step='use "pass", "value" or None.'
        )
    with styled():
        if ax is None:
            return draw_spy(matrix, new_figure(), color)
        _draw(matrix, (ax, None), color)
        ax.set_anchor("S")  # a layout that makes room for title and text then does so for both
        return ax


def draw_spy(matrix: DerivativeMatrix, figure: Any, color: str | None = "pass") -> Any:
    """Draw into an empty figure, within a style; returns the main axes."""
    main, side = figure.subplots(1, 2, width_ratios=[1.75, 1.0])
    _draw(matrix, (main, side), color)
    return main


def _draw(matrix: DerivativeMatrix, axes: tuple[Any, Any], color: str | None) -> None:
    main, side = axes
    pattern = matrix.pattern
    if not pattern.listed:
        color = None
    seen = max(pattern.shape) <= _seen(color)
    painted = _painted(matrix, pattern, color if seen or color == "value" else None)
    show_cells(main, painted, pattern.shape)
    _name_side(main, matrix.inputs, "x")
    _name_side(main, matrix.outputs, "y")
    _block_lines(main, matrix)
    if max(pattern.shape) <= _GRIDDED:
        _grid_lines(main, pattern.shape)
    if color == "pass" and seen:
        write_passes(main, painted)
    elif color == "value":
        _values(main, matrix, painted)
    if side is not None:
        side.set_axis_off()
        draw_beside(matrix, (main, side), color, painted if seen or color == "value" else None)
    title = _short_title(matrix) if side is None else _title(matrix)
    entitle(main, title, whole=side is not None)
    shaded = color != "value" and painted.binned
    state(main, _statement(matrix, shaded), whole=side is not None)


def _seen(color: str | None) -> int:
    """Rows and columns up to which single cells can be told apart."""
    return 150 if color == "pass" else 400


def _painted(matrix: DerivativeMatrix, pattern: Pattern, color: str | None) -> Painted:
    if color == "value":
        return value_picture(pattern, np.asarray(matrix.values, float))
    if color == "pass" and pattern.nnz:
        return pass_picture(pattern, pass_of(matrix.coloring, pattern), matrix.passes)
    return density_picture(pattern)


# ---- names and lines ----


def _name_side(ax: Any, layout: Layout, which: str) -> None:
    """Names of elements if they are few, else of arrays, else positions."""
    axis = ax.xaxis if which == "x" else ax.yaxis
    kind = "inputs" if which == "x" else "outputs" if layout.kind == "output" else "inputs"
    ax.tick_params(axis=which, length=0)
    if layout.size <= _NAMED:
        names = [shorten(visible(n), 14) for n in layout.names(range(layout.size))]
        turn = which == "x" and (sum(map(len, names)) + 2 * len(names) > 44)
        axis.set_ticks(range(layout.size), names, rotation=90 if turn else 0, parse_math=False)
        return
    if len(layout.leaves) > 1:
        _name_leaves(axis, layout, which)
        return
    ax.tick_params(axis=which, length=3)
    first, last = layout.name(0), layout.name(layout.size - 1)
    label = f"{kind} {visible(first)} to {visible(last)}"
    axis.set_label_text(shorten(label, 48), parse_math=False)
    axis.get_major_locator().set_params(integer=True, nbins=5)
    axis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value < layout.size else "")


def _name_leaves(axis: Any, layout: Layout, which: str) -> None:
    """Each array's name at its middle, where there is room for it."""
    room = layout.size / (16 if which == "y" else 40)  # of a line, or of a letter
    ticks, names, free = [], [], -np.inf
    for leaf in layout.leaves:
        name = shorten(visible(leaf.name), 14)
        middle = leaf.start + 0.5 * leaf.size - 0.5
        half = 0.5 * room * (1.0 if which == "y" else len(name) + 1)
        if leaf.size and middle - half >= free:
            ticks, names, free = [*ticks, middle], [*names, name], middle + half
    axis.set_ticks(ticks, names, parse_math=False)


def _block_lines(ax: Any, matrix: DerivativeMatrix) -> None:
    look = {"color": MUTED, "lw": 0.7, "zorder": 3}
    for leaves, line in ((matrix.inputs.leaves, ax.axvline), (matrix.outputs.leaves, ax.axhline)):
        for leaf in leaves[1:] if len(leaves) <= 60 else ():
            line(leaf.start - 0.5, **look)


def _grid_lines(ax: Any, shape: tuple[int, int]) -> None:
    """Thin lines of the ground's color between cells."""
    rows, columns = shape
    ax.hlines(np.arange(1, rows) - 0.5, -0.5, columns - 0.5, color="white", lw=1.0, zorder=2.5)
    ax.vlines(np.arange(1, columns) - 0.5, -0.5, rows - 0.5, color="white", lw=1.0, zorder=2.5)


def _values(ax: Any, matrix: DerivativeMatrix, painted: Painted) -> None:
    """Each entry's value in its cell, where there are few."""
    if max(matrix.shape) > _VALUED:
        return
    numbers = np.asarray(matrix.values, float)
    write_cells(ax, painted, [number(v, 3) for v in numbers], 8.5)


# ---- words ----


def _title(matrix: DerivativeMatrix) -> str:
    pattern = matrix.pattern
    cells = pattern.shape[0] * pattern.shape[1]
    if not pattern.listed or not pattern.nnz or pattern.is_full:
        return matrix_verdict(matrix)
    whole = f"{cells:,}" if cells < 1e7 else number(cells, 2)
    count = f"{matrix.passes:,} pass{'' if matrix.passes == 1 else 'es'}"
    return (
        f"{kind_of(matrix)} of {name_of(matrix)}: {pattern.nnz:,} of {whole} entries, "
        f"{count} (no fewer than {matrix.passes_lower_bound:,})"
    )


def _short_title(matrix: DerivativeMatrix) -> str:
    if not matrix.pattern.listed:
        return f"{kind_of(matrix)} of {name_of(matrix)}: dense"
    count = f"{matrix.passes:,} pass{'' if matrix.passes == 1 else 'es'}"
    return f"{kind_of(matrix)} of {name_of(matrix)}: {count}"


def _statement(matrix: DerivativeMatrix, shaded: bool) -> list[str]:
    pattern = matrix.pattern
    holds = "at this point only" if pattern.scope == "local" else "at every point"
    return [
        f"Pattern {pattern.origin}, holds {holds}; structure: {matrix.structure}."
        + (" Darker: more entries." if shaded else ""),
        f"Accuracy {accuracy_said(matrix)}." if pattern.nnz else "",
    ]
