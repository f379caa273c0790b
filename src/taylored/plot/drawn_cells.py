"""Cells of an image drawn over the rows and columns of a matrix, with texts in them."""

from __future__ import annotations

from typing import Any

from taylored.plot.cells import EMPTY, Painted
from taylored.plot.style import INK, MUTED

__all__ = ["show_cells", "write_cells", "write_passes"]

_STRETCH = 2.5  # a matrix longer than this times its other side is drawn with cells not square


def show_cells(ax: Any, painted: Painted, shape: tuple[int, int]) -> None:
    """Show the image over the matrix, cells square unless it is far longer than wide."""
    rows, columns = shape
    square = max(rows, columns) <= _STRETCH * min(rows, columns)
    ax.imshow(
        painted.picture, extent=(-0.5, columns - 0.5, rows - 0.5, -0.5), interpolation="nearest",
        aspect="equal" if square else "auto", zorder=2,
    )  # fmt: skip
    ax.set_facecolor(EMPTY)
    ax.grid(visible=False)
    for spine in ax.spines.values():
        spine.set_visible(True)
        spine.set_linewidth(0.8)
        spine.set_color(MUTED)


def write_passes(ax: Any, painted: Painted) -> None:
    """The number of the pass in each cell that is large enough for it."""
    rows, columns = painted.picture.shape[:2]
    if max(rows, columns) > 26 or painted.passes is None:
        return
    texts = [str(k + 1) for k in painted.passes]
    write_cells(ax, painted, texts, min(9.0, 170.0 / max(rows, columns)))


def write_cells(ax: Any, painted: Painted, texts: list[str], size: float) -> None:
    """Texts in the cells of the entries, in their order."""
    for i, j, text in zip(painted.rows, painted.columns, texts, strict=True):
        r, g, b = painted.picture[i, j, :3]
        dark = 0.299 * r + 0.587 * g + 0.114 * b < 0.6
        ax.text(j, i, text, ha="center", va="center", fontsize=size, zorder=4,
                color="white" if dark else INK)  # fmt: skip
