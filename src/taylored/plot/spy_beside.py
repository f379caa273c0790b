"""What stands beside the picture of a pattern: a legend, a scale, or a part enlarged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.calculus.pattern import Pattern
from taylored.plot.cells import (
    Painted,
    density_picture,
    pass_colors,
    pass_of,
    pass_picture,
)
from taylored.plot.drawn_cells import show_cells, write_passes
from taylored.plot.style import INK, MUTED
from taylored.report.letters import shorten, visible
from taylored.report.numbers import number

if TYPE_CHECKING:
    from taylored.calculus.matrix import DerivativeMatrix

__all__ = ["draw_beside"]

_WINDOW = 22  # rows and columns of the part that is enlarged
_LISTED = 9  # passes in the legend


def draw_beside(
    matrix: DerivativeMatrix, axes: tuple[Any, Any], color: str | None, painted: Painted | None
) -> None:
    """Draw the legend of what is painted, or a part enlarged where single entries are not seen."""
    main, side = axes
    if not matrix.pattern.nnz or not matrix.pattern.listed:
        return
    if color == "value" and painted is not None:
        _value_bar(side, matrix, painted)
    elif painted is None:
        _enlarged(main, side, matrix, color)
    elif color == "pass":
        (_legend if matrix.passes <= _LISTED else _pass_bar)(side, matrix, painted)


def _legend(side: Any, matrix: DerivativeMatrix, painted: Painted) -> None:
    """Each pass with its color, and how many entries it gives."""
    counts = np.bincount(_given_by(painted), minlength=matrix.passes)
    shades = pass_colors(matrix.passes)
    for k in range(matrix.passes):
        y = 0.98 - 0.075 * k
        side.plot(0.03, y, "s", ms=9, color=shades[k], transform=side.transAxes, clip_on=False)
        entries = "entry" if counts[k] == 1 else "entries"
        _say(side, y, f"pass {k + 1}, {_way(matrix, k)}: {counts[k]:,} {entries}")
    _say(side, 0.98 - 0.075 * matrix.passes - 0.02, "One pass gives all entries of its color.", 0.0)


def _pass_bar(side: Any, matrix: DerivativeMatrix, painted: Painted) -> None:
    """The colors of many passes, in their order."""
    shades = pass_colors(matrix.passes)[:, None]
    bar = side.inset_axes((0.02, 0.0, 0.09, 1.0))
    bar.imshow(shades, aspect="auto", extent=(0, 1, matrix.passes + 0.5, 0.5))
    bar.grid(visible=False)
    bar.set_xticks([])
    bar.yaxis.tick_right()
    ticks = np.unique(np.linspace(1, matrix.passes, 6).astype(int))
    bar.set_yticks(ticks, [f"pass {k}, {_way(matrix, k - 1)}" for k in ticks])
    bar.spines[:].set_visible(False)
    _say(side, 0.98, "One pass\ngives all entries\nof its color.", 0.66)


def _given_by(painted: Painted) -> np.ndarray:
    return np.zeros(0, int) if painted.passes is None else painted.passes


def _way(matrix: DerivativeMatrix, k: int) -> str:
    return "forward" if k < matrix.coloring.forward else "reverse"


def _say(side: Any, y: float, text: str, x: float = 0.10) -> None:
    side.text(x, y, text, fontsize=9, va="top" if "\n" in text else "center",
              color=INK if x == 0.10 else MUTED, parse_math=False, linespacing=1.5,
              transform=side.transAxes)  # fmt: skip


def _value_bar(side: Any, matrix: DerivativeMatrix, painted: Painted) -> None:
    """What the colors stand for, and the largest entries by name."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm

    if painted.limits is not None:
        shades = ScalarMappable(LogNorm(*painted.limits), painted.colormap)
        bar = side.figure.colorbar(shades, cax=side.inset_axes((0.02, 0.0, 0.09, 1.0)))
        _plain_ticks(bar, painted.limits)
        what = "size of the entry" + (", the largest in each cell" if painted.binned else "")
        bar.set_label(what, fontsize=9)
        bar.outline.set_visible(False)
    lines = ["Largest entries"]
    for entry in matrix.top(5):
        where = f"{shorten(visible(entry.output), 16)}, {shorten(visible(entry.input), 16)}"
        lines.append(f"{where}:  {number(entry.value, 4)}")
    _say(side, 0.98, "\n".join([*lines, "", painted.lacking]), 0.42)


def _plain_ticks(bar: Any, limits: tuple[float, float]) -> None:
    """Powers of ten; over less than two of them the ends and the middle."""
    low, high = limits
    if high / low >= 100:
        bar.ax.yaxis.set_major_formatter(lambda value, _: number(value, 5))
        return
    bar.minorticks_off()
    ticks = np.geomspace(low, high, 4)
    bar.set_ticks(ticks, labels=[number(t, 3) for t in ticks])


def _enlarged(main: Any, side: Any, matrix: DerivativeMatrix, color: str | None) -> None:
    """A part of the matrix, large enough for single entries to be seen."""
    window = _window(matrix.pattern)
    inside, part = _within(matrix.pattern, window)
    if color == "pass":
        passes = pass_of(matrix.coloring, matrix.pattern)[inside]
        painted = pass_picture(part, passes, matrix.passes)
    else:
        painted = density_picture(part)
    side.set_axis_on()
    show_cells(side, painted, part.shape)
    side.set_xticks([])
    side.set_yticks([])
    write_passes(side, painted)
    rows, columns = window
    first = visible(matrix.outputs.name(rows.start)), visible(matrix.inputs.name(columns.start))
    side.set_title(
        f"enlarged: {part.shape[0]} x {part.shape[1]} entries from\n"
        f"{shorten(first[0], 20)}, {shorten(first[1], 20)} on",
        fontsize=9, fontweight="normal", pad=6, parse_math=False, linespacing=1.4,
    )  # fmt: skip
    if color == "pass":
        side.set_xlabel("number and color: the pass", fontsize=9)
    _lead(main, side, window)


def _lead(main: Any, side: Any, window: tuple[slice, slice]) -> None:
    """From where the part is to the part."""
    from matplotlib.patches import ConnectionPatch

    rows, columns = window
    middle = (0.5 * (columns.start + columns.stop - 1), 0.5 * (rows.start + rows.stop - 1))
    main.plot(*middle, "s", ms=6, mfc="none", mec=INK, mew=1.2, zorder=5)
    for corner in ((0, 1), (0, 0)):
        line = ConnectionPatch(
            xyA=middle, coordsA=main.transData, xyB=corner, coordsB=side.transAxes,
            color=MUTED, lw=0.8, zorder=6, shrinkA=4,
        )  # fmt: skip
        line.set_in_layout(False)
        main.figure.add_artist(line)


def _window(pattern: Pattern) -> tuple[slice, slice]:
    """Around an entry near the middle."""
    rows, columns = pattern.shape
    filled = np.flatnonzero(np.diff(pattern.indptr))
    row = int(filled[np.argmin(np.abs(filled - rows // 2))])
    held = pattern.indices[pattern.indptr[row] : pattern.indptr[row + 1]]
    column = int(held[np.argmin(np.abs(held - row * columns / rows))])
    return _around(row, rows), _around(column, columns)


def _around(place: int, size: int) -> slice:
    count = min(_WINDOW, size)
    start = min(max(place - count // 2, 0), size - count)
    return slice(start, start + count)


def _within(pattern: Pattern, window: tuple[slice, slice]) -> tuple[np.ndarray, Pattern]:
    """Which entries lie in a window, and their pattern there."""
    rows, columns = window
    first, last = pattern.indptr[rows.start], pattern.indptr[rows.stop]
    inside = np.arange(int(first), int(last))
    where = pattern.indices[first:last]
    inside = inside[(where >= columns.start) & (where < columns.stop)]
    shape = (rows.stop - rows.start, columns.stop - columns.start)
    counts = np.bincount(pattern.rows[inside] - rows.start, minlength=shape[0])
    starts = np.concatenate([[0], np.cumsum(counts)])
    return inside, Pattern(shape, starts, pattern.indices[inside] - np.int32(columns.start))
