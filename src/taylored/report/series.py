"""A Taylor polynomial as text: verdict, terms with their errors, proved remainder."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from taylored.report.letters import shorten, visible
from taylored.report.numbers import count, unclaimed
from taylored.report.series_box import box_text
from taylored.report.series_document import taylor_document
from taylored.report.series_facts import best_of, best_said, convergence_of, convergence_said
from taylored.report.series_latex import taylor_latex
from taylored.report.series_terms import (
    Term,
    ends,
    given,
    left_off,
    monomial,
    output_names,
    shown,
    steps,
    terms,
    up,
)
from taylored.report.sheet import finding_lines, style_of, wrapped
from taylored.report.table import Cell, Style, table
from taylored.results import Accuracy, Finding

if TYPE_CHECKING:
    from taylored.series.result import Taylor

__all__ = ["short_verdict", "taylor_document", "taylor_latex", "taylor_report", "verdict"]

_MOST_ROWS, _MORE_ROWS = 20, 5  # rows of a table, and so few more that they are no trouble
_NOTHING = 1e-300  # the error of a coefficient is not shown smaller than this
_FORMULA = 60  # characters of a formula in the verdict
_TITLE = 40  # and over a picture
_LABEL = 9  # columns of what stands left of a statement


def verdict(result: Taylor) -> str:
    """How far to trust it, in one sentence."""
    name = shorten(visible(result.target.describe), _FORMULA)
    what = f"the polynomial of order {result.order}"
    if not result.target.outputs:
        return f"{name} returns no numbers."
    if result.enclosed is None:
        return f"Nothing is known of what {what} leaves out of {name}: no radius was given."
    largest = result.largest_remainder
    if not math.isfinite(largest):
        return f"{box_text(result)} nothing finite bounds what {what} leaves out of {name}."
    outputs = result.target.outputs
    name = f"each of the {outputs} outputs of {name}" if outputs > 1 else name
    comma = "," if result.target.variables > 1 else ""
    return f"{box_text(result)}{comma} {what} is within {up(largest)} of {name}, {result.accuracy}."


def short_verdict(result: Taylor) -> str:
    """The same in fewer words, over a picture."""
    name = shorten(visible(result.target.describe), _TITLE)
    if result.enclosed is None:
        return f"Order {result.order} of {name}: nothing is known of what it leaves out"
    box = box_text(result)
    where = f"on{box[2:]}" if result.target.variables == 1 else "on the whole box"
    size = up(result.largest_remainder)
    return f"Order {result.order} is within {size} of {name} {where}, {result.accuracy}"


# ---- terminal ----


def taylor_report(
    result: Taylor,
    *,
    width: int | None = None,
    color: bool = False,
    unicode: bool = True,
    findings: Sequence[Finding] | None = None,
) -> str:
    """The report as text, for a terminal or a page.

    Args:
        result: any Taylor polynomial.
        width: in characters (default: that of the terminal, at most 100).
        color: whether to color it by escape sequences.
        unicode: False for plain ASCII.
        findings: in other words than the result has them, such as those of the command line.
    """
    style = style_of(width, color, unicode)
    said = wrapped(style.clean(verdict(result)), style)
    parts = [style.paint(said, "bold")]
    if result.target.outputs:
        parts.append("\n".join(_headline(result, style)))
        several = result.target.outputs > 1
        parts.append("\n".join(_outputs(result, style) if several else _terms(result, style)))
        parts.append("\n".join(_statements(result, style)))
    for finding in result.findings if findings is None else findings:
        parts.append("\n".join(finding_lines(finding, style)))
    return "\n\n".join(part for part in parts if part)


def _headline(result: Taylor, style: Style) -> Iterator[str]:
    """The function, the center, and what the steps in the table are called."""
    target = result.target
    pairs = [f"{visible(n)} = {given(v)}" for n, v in
             zip(target.names[:6], result.expansion.point, strict=False)]  # fmt: skip
    at = ", ".join(pairs) + (", ..." if target.variables > 6 else "")
    text = f"  f = {visible(target.describe)}   at {at}"
    if len(text) > style.width and len(pairs) > 1:
        yield style.paint(
            style.clean(shorten(f"  f = {visible(target.describe)}", style.width)), "dim"
        )
        text = f"  at {at}"
    yield style.paint(style.clean(shorten(text, style.width)), "dim")
    definition = steps(result)[1] if target.outputs == 1 else ""
    if definition:
        yield style.paint(style.clean(shorten(f"  {definition}", style.width)), "dim")


def _terms(result: Taylor, style: Style) -> Iterator[str]:
    """Term, coefficient, error, size on the box; the largest ones where they are many."""
    every = terms(result)
    chosen = _largest(result, every)
    bases, _ = steps(result)
    rows = [[Cell(monomial(bases, t.exponents), "bold"), *_coefficient_cells(result, t),
             Cell(up(t.size) if result.reach is not None else "")] for t in chosen]  # fmt: skip
    if rows:
        yield from table(["term", "coefficient", "error", "on the box"], rows, "lrlr", style)
    yield from _caption(result, len(every) - len(chosen), len(every), style)


def _largest(result: Taylor, every: list[Term]) -> list[Term]:
    """The first terms of one input; of several inputs the twenty largest, the largest first."""
    if result.target.variables == 1:
        return every if len(every) <= _MOST_ROWS + _MORE_ROWS else every[:_MOST_ROWS]
    order = sorted(range(len(every)), key=lambda k: (-_key(every[k]), k))[:_MOST_ROWS]
    return [every[k] for k in (order if len(every) > _MOST_ROWS else range(len(every)))]


def _key(term: Term) -> float:
    return term.size if math.isfinite(term.size) else math.inf


def _coefficient_cells(result: Taylor, term: Term) -> list[Cell]:
    if result.expansion.kind is Accuracy.UNKNOWN or not math.isfinite(term.error):
        return [Cell(unclaimed(term.value)), Cell("?", "unknown")]
    text = shown(term.value, term.error)
    error = left_off(text, term.value, term.error)
    return [
        Cell(text),
        Cell(f"≤ {up(max(error, _NOTHING))}" if error else "0", str(result.expansion.kind)),
    ]


def _caption(result: Taylor, hidden: int, count_all: int, style: Style) -> Iterator[str]:
    kind = result.expansion.kind
    said = []
    smaller = ", each smaller" if result.target.variables > 1 else ""
    if not count_all:
        said.append("All coefficients are 0.")
    if hidden:
        said.append(f"{count(hidden, 'more term')}{smaller}; to_dict() and --json have all.")
    elif len(result.expansion.polynomial.coefficients) > count_all > 0:
        said.append("Terms with the coefficient 0 are left out.")
    if kind is Accuracy.UNKNOWN:
        said.append("Error: unknown; three digits are shown.")
    elif count_all:
        said.append(f"Error: {kind}, of the number as it is shown.")
    if said:
        yield style.paint(wrapped(style.clean(" ".join(said)), style), "dim")


def _outputs(result: Taylor, style: Style) -> Iterator[str]:
    """One row per output: the value at the center, and the remainder."""
    values = result.expansion.polynomial.coefficients[0]
    errors = result.expansion.errors[0]
    names = output_names(result)
    order = range(result.target.outputs)
    if len(order) > _MOST_ROWS:
        order = _widest_outputs(result)[:_MOST_ROWS]
    rows = []
    for k in order:
        term = Term((0,), float(values[k]), float(errors[k]), 0.0)
        cells = _coefficient_cells(result, term) if term.value else [Cell("0"), Cell("")]
        rows.append([Cell(names[k], "bold"), *cells, _remainder_cell(result, k)])
    yield from table(["output", "at the center", "error", "f - T"], rows, "lrll", style)
    more = result.target.outputs - len(rows)
    if more:
        text = f"{count(more, 'more output')}; to_dict() has all."
        yield style.paint(wrapped(style.clean(text), style), "dim")


def _widest_outputs(result: Taylor) -> list[int]:
    if result.enclosed is None:
        return list(range(result.target.outputs))
    found = np.maximum(np.abs(result.enclosed.low), np.abs(result.enclosed.high))
    return np.argsort(-found, kind="stable").tolist()


def _remainder_cell(result: Taylor, output: int) -> Cell:
    if result.enclosed is None:
        return Cell("")
    low, high = float(result.enclosed.low[output]), float(result.enclosed.high[output])
    return Cell(f"∈ {ends(low, high)}", str(result.accuracy))


# ---- statements below the table ----


def _statements(result: Taylor, style: Style) -> Iterator[str]:
    for label, text, kind in _said(result):
        lines = wrapped(style.clean(text), Style(style.width - _LABEL - 1, False, style.unicode))
        for k, line in enumerate(lines.split("\n")):
            yield f"{label if not k else '':<{_LABEL}} " + style.paint(line, kind)


def _said(result: Taylor) -> Iterator[tuple[str, str, str]]:
    """Label, statement, and the kind that it has."""
    known = result.enclosed is not None
    if known and result.target.outputs == 1:
        assert result.enclosed is not None
        low, high = float(result.enclosed.low[0]), float(result.enclosed.high[0])
        yield "f - T", f"∈ {ends(low, high)}, {result.accuracy}", str(result.accuracy)
    elif not known:
        yield "f - T", "? unknown", "unknown"
    if known:
        yield ("" if result.target.outputs == 1 else "f - T"), _tightness(result), ""
    if result.target.variables == 1 and result.target.outputs == 1:
        found = convergence_of(result)
        if found is not None:
            yield "converges", convergence_said(result, found), str(found.kind)
        best = best_of(result)
        if best is not None:
            yield "best", best_said(result, best), str(best.kind)


def _tightness(result: Taylor) -> str:
    boxes = f"{result.boxes} box" + ("es" if result.boxes != 1 else "")
    excess = result.excess
    if not (math.isfinite(excess) and excess >= 0):
        return f"from {boxes}; how tight is not known"
    if excess < 0.01:
        return f"less than 1 % wider than it must be, from {boxes}"
    if excess < 1:
        return f"at most {math.ceil(100 * excess)} % wider than it must be, from {boxes}"
    return f"at most {up(1 + excess)} times as wide as it must be, from {boxes}"
