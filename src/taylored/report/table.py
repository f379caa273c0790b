"""A small table for a terminal, laid out without a library, so that a first answer is quick."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from taylored.report.letters import ascii_only

__all__ = ["Cell", "Style", "table"]

# The terminal's own sixteen colors: they suit its ground, light or dark.
_CODES = {
    "bold": "1", "dim": "2", "bold red": "1;31", "bold yellow": "1;33",
    "proved": "32", "calibrated": "34", "estimated": "33", "unknown": "90",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """Text, and the name of a color."""

    text: str
    color: str = ""


@dataclass(frozen=True, slots=True)
class Style:
    """How wide, whether colored, whether beyond ASCII."""

    width: int
    color: bool
    unicode: bool

    def clean(self, text: str) -> str:
        """Text as this terminal can show it."""
        return text if self.unicode else ascii_only(text)

    def paint(self, text: str, color: str) -> str:
        """Text in a color, line by line."""
        if not (self.color and color and text):
            return text
        return "\n".join(f"\x1b[{_CODES[color]}m{line}\x1b[0m" for line in text.split("\n"))

    def length(self, line: str) -> int:
        """Columns that a line takes, without its colors."""
        plain = line
        while "\x1b[" in plain:
            before, _, after = plain.partition("\x1b[")
            plain = before + after.partition("m")[2]
        return sum(_wide(c) for c in plain)


def _wide(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def table(
    titles: Sequence[str], rows: Sequence[Sequence[Cell]], sides: str, style: Style
) -> list[str]:
    """Lines of a table; columns that are empty throughout are left out.

    Args:
        titles: one per column.
        rows: one cell per column.
        sides: "l" or "r" per column.
        style: of the terminal.
    """
    used = [k for k in range(len(titles)) if any(row[k].text for row in rows)]
    clean = [[Cell(style.clean(row[k].text), row[k].color) for k in used] for row in rows]
    heads = [style.clean(titles[k]) for k in used]
    widths = [
        max(style.length(text) for text in (head, *(row[j].text for row in clean)))
        for j, head in enumerate(heads)
    ]
    rule = "─" if style.unicode else "-"
    lines = [_line([Cell(h, "bold") for h in heads], widths, [sides[k] for k in used], style)]
    lines.append(style.paint("  ".join(rule * w for w in widths), "dim"))
    lines += [_line(row, widths, [sides[k] for k in used], style) for row in clean]
    return lines


def _line(cells: Sequence[Cell], widths: Sequence[int], sides: Sequence[str], style: Style) -> str:
    pieces = []
    last = len(cells) - 1
    for j, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        blanks = " " * (width - style.length(cell.text))
        painted = style.paint(cell.text, cell.color)
        tail = "" if j == last else blanks
        pieces.append(blanks + painted if sides[j] == "r" else painted + tail)
    return "  ".join(pieces).rstrip()
