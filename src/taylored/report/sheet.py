"""What the reports of derivatives share: the terminal's width, findings as lines, HTML and JSON."""

from __future__ import annotations

import shutil
import textwrap
from html import escape
from typing import Any

from taylored.report.letters import visible
from taylored.report.table import Style
from taylored.results import Finding

__all__ = ["finding_document", "finding_lines", "finding_mark", "style_of", "wrapped"]

_WIDEST = 100  # longer lines are hard to read
_COLORS = {"error": "bold red", "warning": "bold yellow", "note": "bold"}


def style_of(width: int | None, color: bool, unicode: bool) -> Style:
    """The style asked for; the width is that of the terminal where none is given."""
    width = width or min(shutil.get_terminal_size((80, 24)).columns, _WIDEST)
    return Style(width, color, unicode)


def wrapped(text: str, style: Style, indent: str = "") -> str:
    """Text broken to the width, between words: the name of a verdict stays whole."""
    lines = textwrap.wrap(text, style.width, subsequent_indent=indent, break_on_hyphens=False)
    return "\n".join(lines)


def finding_lines(finding: Finding, style: Style) -> list[str]:
    """Name, what it means, next step; broken to the width."""
    text = f"{finding.name}  {finding.message} {finding.next_step}".rstrip()
    name = style.clean(finding.name)
    lines = wrapped(style.clean(visible(text)), style, "  ").split("\n")
    return [style.paint(name, _COLORS[finding.severity]) + lines[0][len(name) :], *lines[1:]]


def finding_mark(finding: Finding) -> str:
    """The same as HTML."""
    color = {"error": "unknown", "warning": "estimated", "note": "ink"}[finding.severity]
    text = escape(visible(f"{finding.message} {finding.next_step}".strip()), quote=True)
    return f'<strong style="color: var(--{color})">{escape(finding.name)}</strong> {text}'


def finding_document(finding: Finding) -> dict[str, Any]:
    """The same as a dictionary, ready for JSON."""
    return {
        "name": finding.name,
        "message": finding.message,
        "next_step": finding.next_step,
        "severity": finding.severity,
        "params": list(finding.params),
    }
