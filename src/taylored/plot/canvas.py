"""A drawing surface of characters: Braille dots, eight to a cell, or plain ASCII."""

from __future__ import annotations

import math

import numpy as np

from taylored.report.numbers import Place, rounded

__all__ = ["Canvas", "Range", "ticks", "widened"]

Range = tuple[float, float]

# The bit of each dot in a Braille character, by row and column (Unicode, chapter 21).
_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
_BRAILLE = 0x2800
_HEIGHTS = ("'", "-", "-", ".")  # a nearly level line in ASCII, from the top of a cell
_RESET, _ORANGE, _BOLD = "\x1b[0m", "\x1b[38;5;208m", "\x1b[1m"


class Canvas:
    """Cells of 4 x 2 dots over the ranges `x` and `y`: a curve, and points.

    Few points lie on the curve as marks; where they are many, the curve lies on a cloud of dots.
    """

    def __init__(self, rows: int, columns: int, x: Range, y: Range, *, many: bool):
        self.rows, self.columns, self.x, self.y, self.many = rows, columns, x, y, many
        self._curve = np.zeros((4 * rows, 2 * columns), bool)
        self._data = np.zeros((4 * rows, 2 * columns), bool)

    def across(self, x: np.ndarray) -> np.ndarray:
        """The dot column of each x, not rounded."""
        return (np.asarray(x) - self.x[0]) / (self.x[1] - self.x[0]) * (2 * self.columns - 1)

    def down(self, y: np.ndarray) -> np.ndarray:
        """The dot row of each y, not rounded, from the top."""
        return (self.y[1] - np.asarray(y)) / (self.y[1] - self.y[0]) * (4 * self.rows - 1)

    def line(self, x: np.ndarray, y: np.ndarray) -> None:
        """A curve over sorted x: in each dot column from halfway before to halfway after."""
        good = np.isfinite(y)
        if not good.any():
            return
        across, last = self.across(x[good]), 4 * self.rows - 1
        columns = np.arange(math.ceil(across[0] - 1e-9), math.floor(across[-1] + 1e-9) + 1)
        rows = np.clip(np.interp(columns, across, self.down(y[good])), -2, last + 2)
        between = 0.5 * (rows[1:] + rows[:-1])
        before, after = np.r_[rows[:1], between], np.r_[between, rows[-1:]]
        for column, row, *ends in zip(columns, rows, before, after, strict=True):
            # The ends halfway belong to one of the two columns only.
            low, high = sorted(math.ceil(e - 0.5) if e < row else math.floor(e + 0.5) for e in ends)
            low, high = min(low, round(row)), max(high, round(row))
            self._curve[max(low, 0) : min(high, last) + 1, column] = True

    def points(self, x: np.ndarray, y: np.ndarray) -> None:
        """The points that are not off the surface."""
        columns, rows = np.rint(self.across(x)), np.rint(self.down(y))
        height, width = self._data.shape
        seen = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
        self._data[rows[seen].astype(int), columns[seen].astype(int)] = True

    def lines(self, *, unicode: bool, color: bool) -> list[str]:
        """The surface as text."""
        return [
            "".join(self._cell(row, column, unicode, color) for column in range(self.columns))
            for row in range(self.rows)
        ]

    def _cell(self, row: int, column: int, unicode: bool, color: bool) -> str:
        place = np.s_[4 * row : 4 * row + 4, 2 * column : 2 * column + 2]
        curve, data = self._curve[place], self._data[place]
        if data.any() and not (self.many and curve.any()):
            text = _braille(data) if self.many and unicode else "●" if unicode else "o"
            return f"{_BOLD}{text}{_RESET}" if color else text
        if not curve.any():
            return " "
        text = _braille(curve) if unicode else _ascii(curve)
        return f"{_ORANGE}{text}{_RESET}" if color else text


def _braille(dots: np.ndarray) -> str:
    return chr(_BRAILLE + int(_DOTS[dots].sum()))


def _ascii(dots: np.ndarray) -> str:
    rows = np.flatnonzero(dots.any(axis=1))
    if rows[-1] - rows[0] < 2:
        return _HEIGHTS[int(rows.mean())]
    left, right = (np.flatnonzero(side) for side in dots.T)
    if len(left) and len(right) and left.mean() != right.mean():
        return "/" if left.mean() > right.mean() else "\\"
    return "|"


def widened(low: float, high: float, share: float = 0.0) -> Range:
    """A range with room on both sides, never empty."""
    if high <= low:
        half = 0.5 * abs(low) or 1.0
        return low - half, high + half
    return low - share * (high - low), high + share * (high - low)


def ticks(range_: Range, count: int) -> list[tuple[float, str]]:
    """Round values within a range, about so many, with their text."""
    low, high = range_
    rough = (high - low) / max(count, 1)
    power = math.floor(math.log10(rough))
    step, last = next(
        (factor * 10.0**power, power + (factor == 10))
        for factor in (1, 2, 5, 10)
        if factor * 10.0**power >= rough * (1 - 1e-9)
    )
    values = [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]
    largest = max((abs(v) for v in values), default=1.0) or 1.0
    lead = math.floor(math.log10(largest) + 1e-9)
    place = Place(last, 0 if last >= -4 and lead <= 5 else lead)
    return [(v, rounded(v, place) + (place.suffix if abs(v) > 0.5 * step else "")) for v in values]
