"""The ranking of inputs as text, HTML and JSON."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.calculus.doubts import BENT, percent
from taylored.report.letters import shorten, visible
from taylored.report.numbers import number
from taylored.report.sheet import finding_document, finding_lines, finding_mark, style_of, wrapped
from taylored.report.table import Cell, Style, table

if TYPE_CHECKING:
    from taylored.calculus.ranking import Influence, Row

__all__ = ["SCHEMA", "influence_dict", "influence_html", "influence_line", "influence_text"]
__all__ += ["caption", "portion", "spread_said"]

SCHEMA = "taylored-influence/1"

_TITLES = ("", "input", "at", "derivative", "elasticity", "effect", "share", "", "curvature")
_SIDES = "rlrrrrrlr"
# Digits, and columns left out, until the table is as narrow as the terminal.
_NARROWER = ((5, ()), (4, ()), (4, (2,)), (3, (2, 7)), (3, (2, 3, 7)), (3, (2, 3, 4, 7)))
_NARROWER += ((3, (2, 3, 4, 5, 7)),)
_BAR = 8  # characters of the largest share
_MOST_GROUPS = 6


def influence_line(result: Influence) -> str:
    """A ranking on one line, for `repr`."""
    if not result.usable:
        return f"<influence: {visible(result.status)}>"
    first = ", ".join(f"{visible(r.name)} {portion(r.share)}" for r in result.top(3))
    left = len(result) - 3
    more = f", and {left:,} more" if left > 0 else ""
    bent = any(f.name == "nonlinear" for f in result.findings)
    return f"<influence on {visible(result.function)}: {first}{more}{'; bends' if bent else ''}>"


def portion(share: float) -> str:
    """A share to two digits: `43 %`, `0.21 %`, `3e-7 %`."""
    if math.isnan(share):
        return "none"
    if share == 0.0 or share >= 0.0995:
        return percent(share)
    return f"{number(100 * share, 2)} %"


def spread_said(result: Influence) -> str:
    """What the effects rest on."""
    if result.given is None:
        return "the spread is 1 % of the size of each input (none was given)"
    size = np.unique(result.given[:2000])
    if len(size) == 1:
        return f"the spread is {number(float(size[0]))} for each input, as given"
    return "spread as given"


def caption(result: Influence) -> str:
    """What the columns mean, and how well they are known."""
    method = result.curvature.method
    if result.curvature.probes:
        method += ", its size within a factor of 2 in three cases of four"
    return (
        f"effect: change of the value by one spread, to first order; {spread_said(result)}. "
        f"share: of the sum of squared effects. curvature: share of the effect that the derivative "
        f"does not show ({method}); above {BENT} the rank need not hold. Derivatives: exact but "
        "for rounding."
    )


# ---- terminal ----


def influence_text(
    result: Influence,
    k: int = 10,
    *,
    width: int | None = None,
    color: bool = False,
    unicode: bool = True,
) -> str:
    """The k largest effects as text, for a terminal or a page.

    Args:
        result: any ranking.
        k: how many rows.
        width: in characters (default: that of the terminal, at most 100).
        color: whether to color it by escape sequences.
        unicode: False for plain ASCII.
    """
    style = style_of(width, color, unicode)
    verdict = wrapped(style.clean(visible(result.status)), style)
    parts = [style.paint(verdict, "bold" if result.usable else "bold red")]
    value = f"  {visible(result.function)} = {_value_said(result)}"
    parts.append(style.paint(style.clean(value), "dim"))
    if result.usable:
        parts += ["\n".join(_rows(result, result.top(k), style)), _groups(result, style)]
        parts.append(style.paint(wrapped(style.clean(caption(result)), style), "dim"))
    parts.append("\n".join(line for f in result.findings for line in finding_lines(f, style)))
    return "\n\n".join(part for part in parts if part)


def _value_said(result: Influence) -> str:
    if result.usable and result.value and result.value_is_zero:
        return f"0 within rounding ({number(result.value, 2)})"
    return number(result.value, 10)


def _rows(result: Influence, rows: list[Row], style: Style) -> list[str]:
    """The table; with fewer digits, then fewer columns, until it is as narrow as the terminal."""
    largest = max((r.share for r in rows if r.share == r.share), default=0.0)
    lines: list[str] = []
    for digits, dropped in _NARROWER:
        room = 24 if digits == 5 else 16
        cells = [_cells(r, digits, room, largest, style) for r in rows]
        kept = [c for c in range(len(_TITLES)) if c not in dropped]
        lines = table(
            [_TITLES[c] for c in kept], [[row[c] for c in kept] for row in cells],
            "".join(_SIDES[c] for c in kept), style,
        )  # fmt: skip
        if all(style.length(line) <= style.width for line in lines):
            break
    left = len(result) - len(rows)
    if left > 0:
        rest = 1.0 - sum(r.share for r in rows if r.share == r.share)
        share = f", together {portion(max(rest, 0.0))} of the share" if largest else ""
        rest_said = wrapped(f"and {left:,} more inputs{share}", style, "  ")
        lines.append(style.paint(rest_said, "dim"))
    return lines


def _cells(row: Row, digits: int, room: int, largest: float, style: Style) -> list[Cell]:
    name = shorten(visible(row.name), room)
    return [
        Cell(str(row.rank), "dim"), Cell(name, "bold"), Cell(number(row.value, digits), "dim"),
        Cell(_number(row.derivative, digits)), Cell(_number(row.elasticity, 3)),
        Cell(_number(row.effect, digits)), Cell(portion(row.share)),
        Cell(_bar(row.share, largest, style.unicode)), _bent(row),
    ]  # fmt: skip


def _number(value: float, digits: int) -> str:
    return "none" if math.isnan(value) else number(value, digits)


def _bent(row: Row) -> Cell:
    share = row.curvature_share
    if math.isnan(share):
        return Cell("?", "unknown")
    text = "0" if share == 0 else "< 0.01" if share < 0.01 else f"{share:.2f}"
    return Cell(f"{text} !", "bold yellow") if share > BENT else Cell(f"{text}  ")


def _bar(share: float, largest: float, unicode: bool) -> str:
    """A bar in eighths of a character."""
    if not share > 0.0 or not largest > 0.0:
        return ""
    if not unicode:
        return "#" * round(_BAR * share / largest)
    eighths = round(8 * _BAR * share / largest)
    return "█" * (eighths // 8) + ("▏▎▍▌▋▊▉"[eighths % 8 - 1] if eighths % 8 else "")


def _groups(result: Influence, style: Style) -> str:
    """The shares of the arrays, where there are several of more than one element."""
    leaves = result.inputs.leaves
    if len(leaves) < 2 or len(leaves) == len(result):
        return ""
    shares = list(result.by_leaf().items())
    text = ", ".join(f"{visible(n)} {portion(s)}" for n, s in shares[:_MOST_GROUPS])
    left = len(shares) - _MOST_GROUPS
    text += f", and {left} more" if left > 0 else ""
    return wrapped(style.clean(f"by array: {text}"), style)


# ---- notebook ----


def influence_html(result: Influence, k: int = 10) -> str:
    """The ranking as HTML, light and dark; every text of the user's is escaped."""
    from taylored.report.html import _BOX, _CELL, _MUTED, _RULE, _STYLE

    mark = "estimated" if result.usable else "unknown"
    head = "".join(
        f'<th scope="col" style="{_CELL}{side}{_RULE}; font-weight: 600">{title}</th>'
        for title, side in _columns()
    )
    rows = result.top(k) if result.usable else []
    body = "\n".join(
        f"<tr style='background: none'>{_html_cells(row, _CELL, _MUTED)}</tr>" for row in rows
    )
    items = "".join(f'<li style="margin: 2px 0">{finding_mark(f)}</li>' for f in result.findings)
    left = len(result) - len(rows)
    more = f"and {left:,} more inputs. " if rows and left else ""
    table = (
        '<table style="border-collapse: collapse; border: 0; font-size: 14px; color: inherit">\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>" if rows else ""
    )  # fmt: skip
    parts = [
        _STYLE, f'<div class="taylored-fit" style="{_BOX}">',
        f'<p style="margin: 0 0 8px; padding-left: 8px; border-left: 4px solid var(--{mark})">'
        f"<strong>{_text(result.status)}</strong></p>", table,
        f'<p style="margin: 4px 0 8px; font-size: 12px; {_MUTED}">{more}'
        f"{_text(caption(result))}</p>" if rows else "",
        f'<ul style="margin: 8px 0 0; padding-left: 18px; font-size: 13px">{items}</ul>'
        if items else "", "</div>",
    ]  # fmt: skip
    return "\n".join(part for part in parts if part)


def _text(text: str) -> str:
    return escape(visible(text), quote=True)


def _columns() -> list[tuple[str, str]]:
    return [("input", "left"), ("at", "right"), ("derivative", "right"), ("elasticity", "right"),
            ("effect", "right"), ("share", "right"), ("curvature", "right")]  # fmt: skip


def _html_cells(row: Row, cell: str, muted: str) -> str:
    texts = [number(row.value, 5), _number(row.derivative, 5), _number(row.elasticity, 3)]
    texts += [_number(row.effect, 5), portion(row.share), _bent(row).text]
    bent = "; color: var(--estimated); font-weight: 600" if row.curvature_share > BENT else ""
    styles = [f"; {muted}", "", "", "", "; font-weight: 600", bent]
    name = f'<th scope="row" style="{cell}left; font-weight: 600">{_text(row.name)}</th>'
    return name + "".join(
        f'<td style="{cell}right; white-space: nowrap{style}">{_text(text)}</td>'
        for text, style in zip(texts, styles, strict=True)
    )


# ---- JSON ----


def influence_dict(result: Influence, k: int | None = None) -> dict[str, Any]:
    """The first k rows (default: all) as dictionaries, lists, text, numbers and None.

    None stands for what does not exist or is not known; `note` says why.
    """
    rows = result.rows if k is None else result.top(k)
    return {
        "schema": SCHEMA,
        "function": result.function,
        "usable": bool(result.usable),
        "status": result.status,
        "accuracy": str(result.accuracy),
        "value": _finite(result.value),
        "inputs": len(result),
        "spread": spread_said(result),
        "curvature": result.curvature.method,
        "rows": [_row_dict(row) for row in rows],
        "by_leaf": {name: _finite(share) for name, share in result.by_leaf().items()},
        "findings": [finding_document(f) for f in result.findings],
    }


def _row_dict(row: Row) -> dict[str, Any]:
    numbers = ("value", "spread", "derivative", "elasticity", "effect", "share", "curvature_share")
    found = {name: _finite(getattr(row, name)) for name in numbers}
    return {"rank": row.rank, "name": row.name, **found, "note": row.note}


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
