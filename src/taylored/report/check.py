"""The check of a derivative as text and JSON: verdict, findings, what was compared."""

from __future__ import annotations

import math
import shutil
import textwrap
from typing import TYPE_CHECKING, Any

from taylored.report.letters import ascii_only
from taylored.report.numbers import count, number
from taylored.report.sheet import finding_document

if TYPE_CHECKING:
    from taylored.calculus.check import Check

__all__ = ["SCHEMA", "check_document", "check_report", "verdict"]

SCHEMA = "taylored-check/1"
_WIDEST = 100
_MOST = 5
_COLORS = {"error": "1;31", "warning": "1;33", "note": "1"}


def verdict(result: Check) -> str:
    """How far to trust the derivative, in one sentence."""
    bad = [f for f in result.findings if f.severity != "note"]
    if bad:
        how = "Not to be trusted" if bad[0].severity == "error" else "To be used with care"
        return f"{how}: {bad[0].message}"
    tail = ""
    if math.isfinite(result.difference_error):
        agreed = max(result.difference, result.difference_error)
        tail = f", and differences agree to {number(agreed, 2)}"
    if not math.isfinite(result.error):
        small = next((f.message for f in result.findings if f.name == "vanishing"), "")
        return f"No fault found. {small or 'The error by rounding is not known'}".rstrip(".") + "."
    return f"No fault found: rounding error about {number(result.error, 2)} relative{tail}."


def check_report(
    result: Check, *, width: int | None = None, color: bool = False, unicode: bool = True
) -> str:
    """The report as text.

    Args:
        result: any check.
        width: in characters (default: that of the terminal, at most 100).
        color: whether to color it by escape sequences.
        unicode: False for plain ASCII.
    """
    width = width or min(shutil.get_terminal_size((80, 24)).columns, _WIDEST)

    def wrapped(text: str, indent: str = "  ") -> str:
        return "\n".join(
            textwrap.wrap(text, width, subsequent_indent=indent, break_long_words=False)
        )

    parts = [wrapped(verdict(result), "")]
    tried = f"{count(result.directions, 'direction')} tried"
    if math.isfinite(result.difference):
        tried += (
            f"; largest gap to differences {number(result.difference, 2)}, "
            f"their error bar {number(result.difference_error, 2)}"
        )
    if math.isfinite(result.error):
        tried += f"; rounding ≈ {number(result.error, 2)}, estimated"
    parts.append(wrapped(f"  {result.name}: {tried}."))
    for finding in result.findings[:_MOST]:
        title = f"\x1b[{_COLORS[finding.severity]}m{finding.name}\x1b[0m" if color else finding.name
        parts.append(wrapped(f"{title}: {finding.message} {finding.next_step}".rstrip()))
    if result.kinks:
        parts.append("Nearest kinks and branches:")
        parts += [wrapped(f"  {kink}", "    ") for kink in result.kinks[:3]]
    text = "\n".join(parts)
    return text if unicode else ascii_only(text)


def check_document(result: Check) -> dict[str, Any]:
    """The check as plain values: numbers that are not finite are None."""
    return {
        "schema": SCHEMA,
        "function": result.name,
        "ok": result.ok,
        "status": result.status,
        "accuracy": str(result.accuracy),
        "error": _plain(result.error),
        "difference": _plain(result.difference),
        "difference_error": _plain(result.difference_error),
        "directions": result.directions,
        "findings": [finding_document(f) for f in result.findings],
        "kinks": [
            {"name": k.name, "line": k.line, "distance": _plain(k.distance), "input": k.input,
             "absolute": _plain(k.absolute)}
            for k in result.kinks
        ],
    }  # fmt: skip


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None
