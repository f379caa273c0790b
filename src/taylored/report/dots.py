"""A sparsity pattern as a small picture made of characters."""

from __future__ import annotations

import math

import numpy as np

from taylored.calculus.pattern import Pattern

__all__ = ["binned", "dotted"]

_ACROSS, _DOWN = 2, 4  # dots of a Braille character
# The bit of each dot, row by row, and the first Braille character.
_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
_BLANK = 0x2800
# Without Braille: the upper and the lower half of a character.
_PLAIN = {(False, False): " ", (True, False): "'", (False, True): ".", (True, True): ":"}


def binned(pattern: Pattern, height: int, width: int) -> np.ndarray:
    """(height, width) how many entries fall into each cell of a grid over the matrix."""
    rows, columns = pattern.shape
    if not pattern.listed:
        return np.outer(_sizes(height, rows), _sizes(width, columns))
    down = pattern.rows.astype(np.int64) * height // max(rows, 1)
    across = pattern.indices.astype(np.int64) * width // max(columns, 1)
    return np.bincount(down * width + across, minlength=height * width).reshape(height, width)


def _sizes(cells: int, count: int) -> np.ndarray:
    """How many of so many rows fall into each cell."""
    return np.diff(-(-np.arange(cells + 1) * count // cells))


def dotted(pattern: Pattern, most: tuple[int, int] = (12, 24), unicode: bool = True) -> list[str]:
    """Lines of text with a dot where an entry may differ from zero, within a frame.

    Args:
        pattern: any.
        most: lines and characters at most, without the frame.
        unicode: False for plain ASCII.
    """
    per = (_DOWN, _ACROSS) if unicode else (2, 1)
    grid = _grid(pattern.shape, (most[0] * per[0], most[1] * per[1]), 1.0 if unicode else 0.95)
    hit = binned(pattern, *grid) > 0
    whole = [math.ceil(n / p) * p for n, p in zip(grid, per, strict=True)]
    hit = np.pad(hit, [(0, w - n) for w, n in zip(whole, grid, strict=True)])
    cells = hit.reshape(whole[0] // per[0], per[0], whole[1] // per[1], per[1]).swapaxes(1, 2)
    if unicode:
        codes = _BLANK + (cells * _BITS).sum(axis=(2, 3))
        lines = ["".join(map(chr, row)) for row in codes]
        bar = "─" * len(lines[0])
        return [f"┌{bar}┐", *(f"│{line}│" for line in lines), f"└{bar}┘"]
    lines = ["".join(_PLAIN[bool(c[0, 0]), bool(c[1, 0])] for c in row) for row in cells]
    bar = "-" * len(lines[0])
    return [f"+{bar}+", *(f"|{line}|" for line in lines), f"+{bar}+"]


def _grid(shape: tuple[int, int], most: tuple[int, int], aspect: float) -> tuple[int, int]:
    """Cells down and across: one per entry where there is room, else in the matrix's proportion.

    A picture that would be thinner than a few cells is stretched, so that it can be read.
    """
    rows, columns = (max(n, 1) for n in shape)
    if rows <= most[0] and columns <= most[1]:
        return rows, columns
    scale = min(most[0] / rows, most[1] / (columns * aspect))
    height, width = round(rows * scale), round(columns * scale * aspect)
    least = (min(rows, 8), min(columns, 8))
    return max(height, least[0], 1), max(width, least[1], 1)
