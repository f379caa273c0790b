"""A report as parts, verdict, tables, facts and findings, written as text or as HTML."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np

from taylored.report.html import _BOX, _CELL, _RULE, _STYLE
from taylored.report.letters import shorten, visible
from taylored.report.numbers import unclaimed
from taylored.report.series_terms import about, left_off, shown, up
from taylored.report.sheet import finding_lines, finding_mark, style_of, wrapped
from taylored.report.table import Cell, Style, table
from taylored.results import Accuracy, Finding

__all__ = ["Fact", "Page", "Tabulated", "error_cells", "finite", "numbers", "page_html"]
__all__ += ["page_text", "seconds_said", "thousands"]

_NOTHING = 1e-300  # an error is not shown smaller than this


@dataclass(frozen=True)
class Tabulated:
    """A table, with what stands below it; `sides` is "l" or "r" for each column."""

    titles: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    sides: str
    captions: Sequence[str] = ()


@dataclass(frozen=True)
class Fact:
    """A label and what is said under it, in the color of a kind."""

    label: str
    text: str
    kind: str = ""


@dataclass(frozen=True)
class Page:
    """A report: `mark` is the color of the verdict, `headline` says what was asked."""

    verdict: str
    mark: str
    headline: str = ""
    tables: Sequence[Tabulated] = ()
    facts: Sequence[Fact] = ()
    findings: Sequence[Finding] = field(default_factory=tuple)


# ---- text ----


def page_text(page: Page, width: int | None, color: bool, unicode: bool) -> str:
    """The report for a terminal or a page."""
    style = style_of(width, color, unicode)
    parts = [style.paint(wrapped(style.clean(visible(page.verdict)), style), "bold")]
    if page.headline:
        text = shorten(f"  {visible(page.headline)}", style.width)
        parts.append(style.paint(style.clean(text), "dim"))
    parts += ["\n".join(_table_lines(t, style)) for t in page.tables if t.rows]
    parts.append("\n".join(_fact_lines(page.facts, style)))
    parts += ["\n".join(finding_lines(f, style)) for f in page.findings]
    return "\n\n".join(part for part in parts if part)


def _table_lines(part: Tabulated, style: Style) -> Iterator[str]:
    yield from table(part.titles, part.rows, part.sides, style)
    for caption in part.captions:
        yield style.paint(wrapped(style.clean(visible(caption)), style), "dim")


def _fact_lines(facts: Iterable[Fact], style: Style) -> Iterator[str]:
    facts = list(facts)
    room = max((len(f.label) for f in facts), default=0)
    narrow = Style(style.width - room - 2, False, style.unicode)
    for fact in facts:
        lines = wrapped(style.clean(visible(fact.text)), narrow).split("\n")
        for k, line in enumerate(lines):
            label = style.clean(fact.label) if not k else ""
            yield f"{label:<{room}}  " + style.paint(line, fact.kind)


# ---- HTML ----

_SOFT = "color: var(--soft)"
_COLORS = {str(kind): f"color: var(--{kind})" for kind in Accuracy} | {"bold": "font-weight: 600"}


def page_html(page: Page) -> str:
    """The same for a notebook; every text of the user's is escaped."""
    border = f"padding-left: 8px; border-left: 4px solid var(--{page.mark})"
    parts = [f'<p style="margin: 0 0 6px; {border}"><strong>{_safe(page.verdict)}</strong></p>']
    if page.headline:
        parts.append(f'<p style="margin: 0 0 8px; {_SOFT}"><code>{_safe(page.headline)}</code></p>')
    for part in page.tables:
        if part.rows:
            parts += _table_html(part)
    if page.facts:
        rows = "".join(
            f'<tr><td style="{_CELL}left; {_SOFT}">{_safe(f.label)}</td>'
            f'<td style="{_CELL}left; {_COLORS.get(f.kind, "")}">{_safe(f.text)}</td></tr>'
            for f in page.facts
        )
        parts.append(f'<table style="border-collapse: collapse">{rows}</table>')
    parts += [f'<p style="margin: 6px 0 0">{finding_mark(f)}</p>' for f in page.findings]
    body = "\n".join(parts)
    return f'{_STYLE}\n<div class="taylored-fit" style="{_BOX}">\n{body}\n</div>'


def _table_html(part: Tabulated) -> Iterator[str]:
    used = [k for k in range(len(part.titles)) if any(row[k].text for row in part.rows)]
    sides = ["right" if part.sides[k] == "r" else "left" for k in used]
    heads = "".join(
        f'<th style="{_CELL}{side}{_RULE}">{_safe(part.titles[k])}</th>'
        for k, side in zip(used, sides, strict=True)
    )
    rows = "".join(
        "<tr>"
        + "".join(
            f'<td style="{_CELL}{side}; {_COLORS.get(row[k].color, "")}">{_safe(row[k].text)}</td>'
            for k, side in zip(used, sides, strict=True)
        )
        + "</tr>"
        for row in part.rows
    )
    look = "border-collapse: collapse; margin: 0 0 6px"
    yield f'<table style="{look}"><tr>{heads}</tr>{rows}</table>'
    for caption in part.captions:
        yield f'<p style="margin: 0 0 8px; {_SOFT}">{_safe(caption)}</p>'


def _safe(text: str) -> str:
    return escape(visible(text), quote=True)


# ---- numbers ----


def error_cells(value: float, error: float, kind: Accuracy) -> tuple[Cell, Cell]:
    """A number with no digit beyond its error, and the error of the number as it is shown."""
    if not math.isfinite(value):
        return Cell("not defined"), Cell("?", "unknown")
    if kind is Accuracy.UNKNOWN or not math.isfinite(error):
        return Cell(unclaimed(value)), Cell("?", "unknown")
    text = shown(value, error)
    off = left_off(text, value, error)
    if kind is Accuracy.PROVED:
        return Cell(text), Cell(f"≤ {up(max(off, _NOTHING))}" if off else "0", str(kind))
    return Cell(text), Cell(f"≈ {about(max(off, _NOTHING))}" if off else "≈ 0", str(kind))


def finite(value: Any) -> float | None:
    """A number for JSON: None where it is not finite."""
    return float(value) if math.isfinite(value) else None


def numbers(values: Any) -> list[float | None]:
    """Numbers for JSON, None for each that is not finite."""
    flat = np.asarray(values, float).reshape(-1)
    if np.isfinite(flat).all():
        return flat.tolist()
    return [v if math.isfinite(v) else None for v in flat.tolist()]


def thousands(quantity: int, noun: str, plural: str = "") -> str:
    """`1 point`, `12,000 points`."""
    return f"{quantity:,} {noun if quantity == 1 else plural or noun + 's'}"


def seconds_said(seconds: float) -> str:
    """`3.1 ms`, `2.4 s`."""
    if seconds < 1.0:
        return f"{1e3 * seconds:.2g} ms" if seconds < 0.0995 else f"{1e3 * seconds:.0f} ms"
    return f"{seconds:.2g} s" if seconds < 9.95 else f"{seconds:.0f} s"
