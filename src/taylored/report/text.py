"""The report of a fit for a terminal: a verdict, the table, what it rests on, findings."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from io import StringIO
from typing import TYPE_CHECKING, Any

from taylored.report.facts import Sheet, fit_sheet, formula_text
from taylored.report.letters import ascii_only, shorten, visible
from taylored.report.numbers import count, value_error
from taylored.results import Accuracy, Finding

if TYPE_CHECKING:
    from taylored.regression.result import Fit

__all__ = ["fit_line", "fit_report"]

_WIDEST = 100  # longer lines are hard to read
_SHOWN_PARAMS = 6

# The terminal's own sixteen colors: they suit its ground, light or dark.
_COLOR = {
    Accuracy.PROVED: "green",
    Accuracy.CALIBRATED: "blue",
    Accuracy.ESTIMATED: "yellow",
    Accuracy.UNKNOWN: "bright_black",
}
_SEVERITY = {"error": "bold red", "warning": "bold yellow", "note": "bold"}


def fit_line(fit: Fit) -> str:
    """A fit on one line, for `repr`."""
    formula = visible(shorten(formula_text(fit), 60))
    if not fit.usable:
        return f"Fit({formula}): {visible(fit.status).replace('Not usable', 'NOT USABLE', 1)}"
    shown = [f"{visible(name)} = {_short(fit, name)}" for name in fit.setup.names[:_SHOWN_PARAMS]]
    left = len(fit.setup.names) - _SHOWN_PARAMS
    more = f", and {left} more" if left > 0 else ""
    verdict = fit.status.split(":")[0].split(" (")[0].lower()
    return f"Fit({formula}): {', '.join(shown)}{more}; {count(fit.points, 'point')}, {verdict}"


def _short(fit: Fit, name: str) -> str:
    if name not in fit.setup.free_names:
        return f"{fit.params[name]:.15g} (fixed)"
    if fit.solution.held[fit.setup.free_names.index(name)]:
        return f"{fit.params[name]:.15g} (at bound)"
    return value_error(fit.params[name], fit.stderr[name], fit.digits[name])


def fit_report(
    fit: Fit,
    level: float = 0.95,
    *,
    width: int | None = None,
    color: bool = False,
    unicode: bool = True,
    units: Mapping[str, str] | None = None,
) -> str:
    """The report of a fit as text.

    Args:
        fit: any fit.
        level: of the intervals, 0 < level < 1.
        width: in characters (default: that of the terminal, at most 100).
        color: whether to color it by escape sequences.
        unicode: False for plain ASCII, `+-` instead of the sign.
        units: by parameter name.
    """
    sheet = _shown(fit_sheet(fit, level, units), visible if unicode else _visible_ascii)
    width = width or min(shutil.get_terminal_size((80, 24)).columns, _WIDEST)
    text = _render(_parts(sheet, unicode), width, color)
    return "\n".join(line.rstrip() for line in text.splitlines())


def _visible_ascii(text: str) -> str:
    return ascii_only(visible(text))


def _shown(sheet: Sheet, clean: Any) -> Sheet:
    """The sheet with every text cleaned."""
    rows = tuple(
        replace(r, name=clean(r.name), error=clean(r.error), unit=clean(r.unit), note=clean(r.note))
        for r in sheet.rows
    )
    findings = tuple(
        replace(f, message=clean(f.message), next_step=clean(f.next_step)) for f in sheet.findings
    )
    return replace(
        sheet, verdict=clean(sheet.verdict), formula=clean(sheet.formula), rows=rows,
        caption=clean(sheet.caption), findings=findings,
        lines=tuple((label, clean(text)) for label, text in sheet.lines),
    )  # fmt: skip


def _render(parts: list[Any], width: int, color: bool) -> str:
    from rich.console import Console

    # Every setting that rich would take from the environment is given.
    console = Console(
        file=StringIO(), record=False, width=width, height=100, force_terminal=color,
        color_system="standard" if color else None, no_color=not color, force_jupyter=False,
        highlight=False, markup=False, emoji=False, legacy_windows=False,
    )  # fmt: skip
    for part in parts:
        console.print(part)
    return console.file.getvalue()  # type: ignore[attr-defined]


def _parts(sheet: Sheet, unicode: bool) -> list[Any]:
    from rich.text import Text

    verdict_style = "bold" if sheet.usable else "bold red"
    parts = [Text(sheet.verdict, verdict_style), "", Text(f"  {sheet.formula}", "dim"), ""]
    parts += [_table(sheet, unicode), Text(sheet.caption, "dim"), "", _lines(sheet)]
    if sheet.findings:
        parts += ["", _findings(sheet.findings)]
    if sheet.more:
        parts += [Text(f"and {sheet.more}", "dim")]
    return parts


def _table(sheet: Sheet, unicode: bool) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    ruled = box.SIMPLE_HEAD if unicode else box.Box(_ASCII_RULED, ascii=True)
    table = Table(box=ruled, pad_edge=False, padding=(0, 1), header_style="bold", show_edge=False)
    columns = [("name", "left"), ("value", "right"), ("error", "left"), ("interval", "left")]
    columns += [("unit", "left"), ("digits", "right"), ("note", "left")]
    used = [c for c in columns if c[0] not in ("unit", "note") or _any(sheet, c[0])]
    for name, side in used:
        fold = name in ("note", "unit") or (name == "name" and _longest_name(sheet) > _WIDE_NAME)
        table.add_column(name, justify=side, no_wrap=not fold, overflow="fold")  # type: ignore[arg-type]
    for row in sheet.rows:
        kind = _COLOR[row.kind] if row.kind else "dim"
        style = {"error": kind, "interval": kind, "name": "bold"}
        table.add_row(*(Text(getattr(row, name), style.get(name, "")) for name, _ in used))
    return table


_WIDE_NAME = 20  # columns; longer names are folded


def _longest_name(sheet: Sheet) -> int:
    return max((len(row.name) for row in sheet.rows), default=0)


_ASCII_RULED = "\n".join(["    ", "    ", " -- ", "    ", "    ", " -- ", "    ", "    "]) + "\n"


def _any(sheet: Sheet, column: str) -> bool:
    return any(getattr(row, column) for row in sheet.rows)


def _lines(sheet: Sheet) -> Any:
    grid = _grid()
    for label, text in sheet.lines:
        grid.add_row(label, text)
    return grid


def _findings(findings: tuple[Finding, ...]) -> Any:
    from rich.text import Text

    grid = _grid()
    for f in findings:
        name = Text(f.name, _SEVERITY[f.severity])
        grid.add_row(name, f"{f.message} {f.next_step}".strip())
    return grid


def _grid() -> Any:
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    return grid
