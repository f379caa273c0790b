"""Entries of a matrix as colored cells of an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.calculus.coloring import Coloring
from taylored.calculus.pattern import Pattern
from taylored.plot.style import INK
from taylored.report.dots import binned

__all__ = ["EMPTY", "Painted", "density_picture", "pass_colors", "pass_of", "pass_picture"]
__all__ += ["value_picture"]

EMPTY = "#F6F8FA"  # where no entry is
_MOST_CELLS = 320  # rows and columns of an image: more could not be seen
# Colors that stay apart for every kind of color vision, neighbors far from each other in lightness.
_DISTINCT = ["#0065A3", "#E8A33D", "#7B4B94", "#62B5F0", "#8A5A00", "#C9A6DC", "#00485E", "#B9C54B",
             "#A0466B", "#4E6A8C"]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Painted:
    """An image (rows, columns, RGBA), and what its colors stand for."""

    picture: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    passes: np.ndarray | None = None
    limits: tuple[float, float] | None = None
    colormap: str = "cividis_r"
    lacking: str = ""
    binned: bool = False


def pass_of(coloring: Coloring, pattern: Pattern) -> np.ndarray:
    """(entries,) the pass that gives each entry: forward ones from 0, then the reverse ones."""
    rows, columns = pattern.shape
    if coloring.source is None:
        colors = coloring.columns
        assert colors is not None, "entries by substitution come from forward passes"
        return colors[pattern.indices].astype(int)
    ahead = coloring.forward * rows
    source = np.asarray(coloring.source, np.int64)
    return np.where(source < ahead, source // max(rows, 1),
                    coloring.forward + (source - ahead) // max(columns, 1))  # fmt: skip


def pass_colors(count: int) -> np.ndarray:
    """(count, RGBA) a color for each pass; by turns from a scale where they are many."""
    from matplotlib import colormaps
    from matplotlib.colors import to_rgba_array

    if count <= len(_DISTINCT):
        return to_rgba_array(_DISTINCT[:count])
    return colormaps["viridis"](np.linspace(0.05, 0.95, count))


def pass_picture(pattern: Pattern, passes: np.ndarray, count: int) -> Painted:
    """One cell per entry, colored by the pass that gives it, of so many."""
    picture = _blank(*pattern.shape)
    picture[pattern.rows, pattern.indices] = pass_colors(count)[passes]
    return Painted(picture, pattern.rows, pattern.indices, passes)


def density_picture(pattern: Pattern) -> Painted:
    """Ink where entries are, the darker the more of a cell of the image they fill."""
    from matplotlib.colors import to_rgb

    height, width = (min(n, _MOST_CELLS) for n in pattern.shape)
    counts = binned(pattern, height, width)
    picture = _blank(height, width)
    hit = counts > 0
    share = counts / np.maximum(binned(Pattern.full(pattern.shape), height, width), 1)
    share /= max(share.max(initial=0.0), 1e-300)
    picture[hit, :3] = to_rgb(INK)
    picture[hit, 3] = 0.45 + 0.55 * np.sqrt(share[hit])
    rows, columns = np.nonzero(hit)
    return Painted(picture, rows, columns, binned=max(pattern.shape) > _MOST_CELLS)


def value_picture(pattern: Pattern, values: np.ndarray) -> Painted:
    """Colored by the logarithm of the size, the largest in each cell of the image."""
    from matplotlib import colormaps
    from matplotlib.colors import LogNorm

    height, width = (min(n, _MOST_CELLS) for n in pattern.shape)
    down = pattern.rows.astype(np.int64) * height // pattern.shape[0]
    across = pattern.indices.astype(np.int64) * width // pattern.shape[1]
    size = np.abs(values)
    cells = np.full((height, width), -1.0)
    np.maximum.at(cells, (down, across), np.where(np.isfinite(size), size, -0.5))
    finite = size[np.isfinite(size) & (size > 0)]
    picture = _blank(height, width)
    picture[cells == 0.0] = (0.85, 0.87, 0.89, 1.0)  # computed, and zero
    picture[cells == -0.5] = (0.42, 0.45, 0.49, 1.0)
    limits = None
    if len(finite):
        top = float(finite.max())
        limits = (max(float(finite.min()), 1e-12 * top), top if top > finite.min() else 2 * top)
        shades: Any = colormaps["cividis_r"](LogNorm(*limits, clip=True)(cells[cells > 0]))
        picture[cells > 0] = shades
    bad = int(np.count_nonzero(~np.isfinite(size)))
    lacking = f"gray: {bad:,} not finite" if bad else ""
    reduced = max(pattern.shape) > _MOST_CELLS
    return Painted(picture, down, across, limits=limits, lacking=lacking, binned=reduced)


def _blank(height: int, width: int) -> np.ndarray:
    return np.zeros((height, width, 4))
