"""Gradient descent as text: where it led, whether its steps were safe, how fast it went."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.report.letters import shorten, visible
from taylored.report.minimum_document import cost_document, path_document
from taylored.report.numbers import number, share, unclaimed
from taylored.report.page import (
    Fact,
    Page,
    Tabulated,
    error_cells,
    finite,
    numbers,
    page_html,
    page_text,
    seconds_said,
    thousands,
)
from taylored.report.series_terms import about, up
from taylored.report.sheet import finding_document
from taylored.report.table import Cell
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.optimize.descent.result import Descent

__all__ = ["descend_document", "descend_html", "descend_report", "short_verdict"]

_MOST_ROWS, _MOST_FINDINGS = 20, 5
_FIRST, _LAST = 4, 6  # steps that the table shows
_TEXT = 60


def descend_report(
    result: Descent, *, width: int | None = None, color: bool = False, unicode: bool = True
) -> str:
    """The report as text, for a terminal or a page; see `taylor_report`."""
    return page_text(_page(result), width, color, unicode)


def descend_html(result: Descent) -> str:
    """The report for a notebook."""
    return page_html(_page(result))


def short_verdict(result: Descent) -> str:
    """The verdict in a few words, over a picture."""
    steps = thousands(result.steps, "step")
    if result.end == "diverged":
        return f"Diverges: the rate {number(result.rate, 3)} is too large"
    if result.kind == "unbounded":
        return f"Falls without end, after {steps}"
    safe = ", every one proved to go down" if result.safe else ""
    if result.usable:
        what = {"minimum": "a local minimum", "saddle": "a saddle"}.get(result.kind, "a flat point")
        return f"{steps.capitalize()} to {what}{safe}"
    return f"Not there after {steps}{safe}"


def _page(result: Descent) -> Page:
    return Page(
        result.status,
        str(result.accuracy if result.usable else Accuracy.UNKNOWN),
        _headline(result),
        [_variables(result), _steps(result)],
        list(_facts(result)),
        result.findings[:_MOST_FINDINGS],
    )


def _headline(result: Descent) -> str:
    text = result.statement.describe
    text = "f" if text == "<lambda>" else shorten(visible(text), _TEXT)
    return f"descend on {text}   {thousands(result.statement.variables, 'variable')}"


def _variables(result: Descent) -> Tabulated:
    """The last point, the start, and the estimated error."""
    errors = np.asarray(result.certificate.errors, float)
    start = result.path.iterates[0].x if len(result.path) else result.point
    rows = []
    for k in range(min(len(result.point), _MOST_ROWS)):
        cells = error_cells(float(result.point[k]), float(errors[k]), result.accuracy)
        name = Cell(visible(str(result.names[k])), "bold")
        rows.append([name, Cell(number(float(start[k]), 6)), *cells])
    more = len(result.point) - len(rows)
    captions = [f"{more:,} more variables; x and to_dict() have all."] if more else []
    captions.append(
        "Error: estimated, of the number as it is shown."
        if result.accuracy is Accuracy.ESTIMATED
        else "Error: unknown; three digits are shown."
    )
    return Tabulated(("name", "start", "end", "error"), rows, "lrrl", captions)


def _steps(result: Descent) -> Tabulated:
    """The first and the last steps: value, gradient, rate."""
    iterates = result.path.iterates
    cut = len(iterates) > _FIRST + _LAST + 1
    shown = [*iterates[:_FIRST], *iterates[-_LAST:]] if cut else list(iterates)
    rows = []
    for k, step in enumerate(shown):
        if cut and k == _FIRST:
            rows.append([Cell("..."), Cell(""), Cell(""), Cell("")])
        rate = result.rates[step.number] if step.number < len(result.rates) else math.nan
        rows.append([
            Cell(str(step.number)), Cell(number(step.value, 8)), Cell(number(step.stationarity, 3)),
            Cell(number(float(rate), 4) if math.isfinite(rate) else ""),
        ])  # fmt: skip
    return Tabulated(("step", "f", "gradient", "rate"), rows, "rrrr")


def _facts(result: Descent) -> Iterator[Fact]:
    if len(result.rates):
        low, high = float(result.rates.min()), float(result.rates.max())
        rates = number(low, 4) if high <= 1.0005 * low else f"{number(low, 4)} to {number(high, 4)}"
        safe = result.safe and result.rate_accuracy is Accuracy.PROVED
        text = f"{rates}, every step proved to lower f" if safe else f"{rates}, nothing is proved"
        yield Fact("rate", text, str(result.rate_accuracy))
    if math.isfinite(result.curvature):
        said = f"at most {up(result.curvature, 3)} along the path, proved" if result.safe else (
            f"{number(result.curvature, 3)} at the end, the largest"
        )  # fmt: skip
        if math.isfinite(result.condition):
            said += f"; condition {about(result.condition)}"
        yield Fact("curvature", said)
    if 0 < result.factor < 1:
        said = f"each step leaves {share(result.factor)} of the gradient, measured"
        if 0 < result.predicted < 1:
            said += f"; {share(result.predicted)} by the curvatures at the end"
        yield Fact("converges", said, "estimated")
    if not result.usable:
        yield Fact("value", f"{unclaimed(result.value)}, no minimum", "unknown")
    cost = result.cost
    yield Fact(
        "cost",
        f"{thousands(cost.evaluations, 'evaluation')}, {thousands(cost.gradients, 'gradient')}, "
        f"{thousands(cost.iterations, 'step')}; {seconds_said(cost.seconds)}; {result.method}",
    )


def descend_document(result: Descent) -> dict[str, Any]:
    """All of it as dictionaries, lists, text, numbers and None, in full precision."""
    return {
        "schema": "taylored-descent/1",
        "function": result.statement.describe,
        "kind": result.kind,
        "usable": bool(result.usable),
        "status": result.status,
        "accuracy": str(result.accuracy),
        "names": [str(n) for n in result.names],
        "x": numbers(result.point),
        "errors": numbers(result.certificate.errors),
        "value": finite(result.value),
        "gradient": finite(result.slope),
        "rates": numbers(result.rates),
        "safe": bool(result.safe),
        "rate_accuracy": str(result.rate_accuracy),
        "curvature": finite(result.curvature),
        "condition": finite(result.condition),
        "factor": finite(result.factor),
        "predicted": finite(result.predicted),
        "method": result.method,
        "end": result.end,
        "cost": cost_document(result.cost),
        "path": path_document(result.path),
        "findings": [finding_document(f) for f in result.findings],
        "sources": list(result.sources),
    }
