"""The report of a fit for a notebook: one self-contained piece of HTML, light and dark."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from taylored.report.facts import Row, Sheet, fit_sheet
from taylored.report.letters import visible
from taylored.results import Finding

if TYPE_CHECKING:
    from taylored.regression.result import Fit

__all__ = ["fit_html"]

_LIGHT = """--ink: #1F2328; --soft: #57606A; --line: #D0D7DE;
--proved: #00795C; --calibrated: #0065A3; --estimated: #9A6700; --unknown: #6A737D"""
_DARK = """--ink: #E6EDF3; --soft: #9AA4AE; --line: #3D444D;
--proved: #3CC9A3; --calibrated: #62B5F0; --estimated: #E3B341; --unknown: #9AA4AE"""

# Notebooks say that their theme is dark in ways of their own; browsers by the media query.
_STYLE = f"""<style>
.taylored-fit {{ {_LIGHT} }}
@media (prefers-color-scheme: dark) {{ .taylored-fit {{ {_DARK} }} }}
[data-jp-theme-light="true"] .taylored-fit, .vscode-light .taylored-fit,
html[theme="light"] .taylored-fit {{ {_LIGHT} }}
[data-jp-theme-light="false"] .taylored-fit, .vscode-dark .taylored-fit,
html[theme="dark"] .taylored-fit {{ {_DARK} }}
</style>"""

_BOX = (
    "color: var(--ink); font: 14px/1.5 system-ui, sans-serif; max-width: 56em; "
    "font-variant-numeric: tabular-nums"
)
_CELL = "padding: 2px 14px 2px 0; border: 0; background: none; vertical-align: top; text-align: "
_RULE = "; border-bottom: 1px solid var(--line)"
_MUTED = "color: var(--soft)"
_CODE = "font-family: ui-monospace, monospace"
_COLUMNS = (
    ("name", "left"),
    ("value", "right"),
    ("error", "left"),
    ("interval", "left"),
    ("unit", "left"),
    ("digits", "right"),
    ("note", "left"),
)


def fit_html(fit: Fit, level: float = 0.95) -> str:
    """The report as HTML; every text of the user's is escaped."""
    sheet = fit_sheet(fit, level)
    mark = "calibrated" if sheet.usable else "unknown"
    parts = [
        _STYLE,
        f'<div class="taylored-fit" style="{_BOX}">',
        f'<p style="margin: 0 0 4px; padding-left: 8px; border-left: 4px solid var(--{mark})">'
        f"<strong>{_text(sheet.verdict)}</strong></p>",
        f'<p style="margin: 0 0 8px; padding-left: 12px; {_CODE}; {_MUTED}; '
        f'overflow-wrap: anywhere">{_text(sheet.formula)}</p>',
        _table(sheet),
        f'<p style="margin: 4px 0 8px; font-size: 12px; {_MUTED}">{_text(sheet.caption)}</p>',
        _pairs([(label, text) for label, text in sheet.lines]),
        _findings(sheet),
        "</div>",
    ]
    return "\n".join(part for part in parts if part)


def _text(text: str) -> str:
    return escape(visible(text), quote=True)


def _table(sheet: Sheet) -> str:
    used = [
        (name, side)
        for name, side in _COLUMNS
        if name not in ("unit", "note") or any(getattr(row, name) for row in sheet.rows)
    ]
    head = "".join(
        f'<th scope="col" style="{_CELL}{side}{_RULE}; font-weight: 600">{name}</th>'
        for name, side in used
    )
    body = "\n".join(f"<tr style='background: none'>{_cells(row, used)}</tr>" for row in sheet.rows)
    return (
        '<table style="border-collapse: collapse; border: 0; font-size: 14px; color: inherit">\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"
    )


def _cells(row: Row, used: list[tuple[str, str]]) -> str:
    kind = f"; color: var(--{row.kind})" if row.kind else f"; {_MUTED}"
    special = {"name": "; font-weight: 600", "error": kind, "interval": kind, "note": f"; {_MUTED}"}
    special["note"] += "; white-space: normal"
    cells = []
    for name, side in used:
        tag = 'th scope="row"' if name == "name" else "td"
        style = f"{_CELL}{side}; white-space: nowrap{special.get(name, '')}"
        cells.append(
            f'<{tag} style="{style}">{_text(getattr(row, name))}</{tag.split(maxsplit=1)[0]}>'
        )
    return "".join(cells)


def _pairs(pairs: list[tuple[str, str]]) -> str:
    rows = "".join(
        f'<tr style="background: none"><th scope="row" style="{_CELL}left; font-weight: 400; '
        f'white-space: nowrap; {_MUTED}">{_text(label)}</th>'
        f'<td style="{_CELL}left">{_text(text)}</td></tr>'
        for label, text in pairs
    )
    return (
        '<table style="border-collapse: collapse; border: 0; font-size: 13px; color: inherit">'
        f"<tbody>{rows}</tbody></table>"
    )


def _findings(sheet: Sheet) -> str:
    items = "".join(f'<li style="margin: 2px 0">{_finding(f)}</li>' for f in sheet.findings)
    if not items:
        return ""
    more = f'<p style="margin: 0; {_MUTED}">and {_text(sheet.more)}</p>' if sheet.more else ""
    return f'<ul style="margin: 8px 0 0; padding-left: 18px; font-size: 13px">{items}</ul>{more}'


def _finding(finding: Finding) -> str:
    color = {"error": "unknown", "warning": "estimated", "note": "ink"}[finding.severity]
    text = f"{_text(finding.message)} {_text(finding.next_step)}".strip()
    return (
        f'<strong style="color: var(--{color})">{_text(finding.severity)}: '
        f"{_text(finding.name)}</strong> {text}"
    )
