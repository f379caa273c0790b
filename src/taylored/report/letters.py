"""Text that a terminal can show: nothing that steers it, and plain ASCII where asked for."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["ascii_only", "shorten", "visible"]

_SPELLED = {
    **{"±": "+-", "−": "-", "·": "*", "×": "*", "÷": "/", "≈": "~", "∈": "in", "∞": "inf"},
    **{"≤": "<=", "≥": ">=", "≠": "!=", "…": "...", "–": "-", "—": "-", "χ²": "chi2"},
    **{"“": '"', "”": '"', "‘": "'", "’": "'", "µ": "mu", "μ": "mu", "°": "deg", "√": "sqrt"},
}
_GREEK = re.compile(r"GREEK (SMALL|CAPITAL) LETTER (?:FINAL )?(\w+)$")


def visible(text: str) -> str:
    """The text on one line, characters that a terminal would obey replaced.

    A column's name may hold anything, an escape sequence included.
    """
    return "".join(c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}"
                   for c in text)  # fmt: skip


def shorten(text: str, width: int) -> str:
    """The text cut to a width, with dots where something is missing."""
    return text if len(text) <= width else f"{text[: max(width - 3, 1)]}..."


def ascii_only(text: str) -> str:
    """The text in ASCII: signs and Greek letters spelled out, accents dropped, the rest as `?`."""
    for sign, spelled in _SPELLED.items():
        text = text.replace(sign, spelled)
    return "".join(_plain(c) for c in text)


def _plain(character: str) -> str:
    if character.isascii():
        return character
    found = _GREEK.match(unicodedata.name(character, ""))
    if found:
        name = found[2].lower()
        return name if found[1] == "SMALL" else name.capitalize()
    simpler = unicodedata.normalize("NFKD", character)
    simpler = "".join(c for c in simpler if c.isascii())
    return simpler or "?"
