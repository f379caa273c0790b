"""A minimum as text: verdict, variables, constraints with prices, and the certificate."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from taylored.report.letters import shorten, visible
from taylored.report.minimum_document import minimum_document
from taylored.report.minimum_facts import (
    Limit,
    count_limits,
    error_of_value,
    force_at,
    limits_of,
    picked,
    point_errors,
)
from taylored.report.numbers import number, unclaimed
from taylored.report.page import (
    Fact,
    Page,
    Tabulated,
    error_cells,
    page_html,
    page_text,
    seconds_said,
    thousands,
)
from taylored.report.series_terms import about, up
from taylored.report.table import Cell
from taylored.results import Accuracy, Finding

if TYPE_CHECKING:
    from taylored.optimize.result import Minimum

__all__ = ["minimum_document", "minimum_html", "minimum_report", "short_verdict"]

_MOST_ROWS = 20  # of a table
_MOST_FINDINGS = 5
_NAME, _TEXT = 40, 60  # characters of a constraint, and of the objective

Negated = bool  # whether what was asked for is the maximum of the function with the other sign


def minimum_report(
    result: Minimum,
    *,
    width: int | None = None,
    color: bool = False,
    unicode: bool = True,
    prices: bool = False,
    maximum: Negated = False,
) -> str:
    """The report as text, for a terminal or a page.

    Args:
        result: any `Minimum`.
        width: in characters (default: that of the terminal, at most 100).
        color: whether to color it by escape sequences.
        unicode: False for plain ASCII.
        prices: whether to verify the multipliers by solving again with the limits moved.
        maximum: whether the objective is that of the user with its sign changed.
    """
    return page_text(_page(result, prices, maximum), width, color, unicode)


def minimum_html(result: Minimum) -> str:
    """The report for a notebook."""
    return page_html(_page(result, False, False))


def short_verdict(result: Minimum, maximum: Negated = False) -> str:
    """The verdict in a few words, over a picture."""
    sign, word = (-1.0, "maximum") if maximum else (1.0, "minimum")
    value = number(sign * result.value, 6)
    if result.kind == "minimum":
        proved = ", proved" if result.accuracy is Accuracy.PROVED else ""
        forces = [u for u in limits_of(result, False, 10) if u.active and u.multiplier]
        held = f", held by {shorten(visible(forces[0].name), _NAME)}" if len(forces) == 1 else ""
        held = ", held by several limits" if len(forces) > 1 else held
        return f"Local {word} {value}{held}{proved}"
    return {
        "flat": f"A first-order point, {value}; whether it is a {word} is open",
        "saddle": f"A saddle, {value}: no {word}",
        "maximum": f"A {'minimum' if maximum else 'maximum'}, {value}: no {word}",
        "infeasible": "The constraints cannot be met near here",
        "unbounded": f"Unbounded: there is no {word}",
        "undefined": "The functions are not defined here",
    }.get(result.kind, f"Not a {word}: the first-order conditions do not hold")


def _page(result: Minimum, prices: bool, maximum: Negated) -> Page:
    limits = limits_of(result, prices, _MOST_ROWS)
    tables = [_variables(result), _constraints(result, limits, maximum), _others(result, maximum)]
    findings = _told(result.findings)
    if maximum:
        findings = [
            replace(f, message=_turned(f.message), next_step=_turned(f.next_step)) for f in findings
        ]
    return Page(
        _turned(result.status) if maximum else result.status,
        str(result.accuracy if result.usable else Accuracy.UNKNOWN),
        _headline(result, maximum),
        [t for t in tables if t is not None],
        list(_facts(result, maximum)),
        findings,
    )


_OPPOSITE = {"minimum": "maximum", "maximum": "minimum", "falls": "rises", "falling": "rising",
             "lower": "higher", "below": "above", "minimize": "maximize",
             "positive": "negative", "lowers": "raises", "least": "largest"}  # fmt: skip


def _turned(text: str) -> str:
    """A sentence on the minimum of -f as one on the maximum of f; its value is in the table."""

    def swap(match: re.Match[str]) -> str:
        word = match[0]
        new = _OPPOSITE[word.lower()]
        return new.capitalize() if word[0].isupper() else new

    text = re.sub(r"\b(" + "|".join(_OPPOSITE) + r")\b", swap, text, flags=re.IGNORECASE)
    text = text.replace("; to maximize, give --maximize", "")
    return re.sub(
        r"(\bf = |\babove |\bmaximum |\bpoint )(-?)(\d[\d.]*(?:e[+-]?\d+)?)", _negated, text
    )


def _negated(match: re.Match[str]) -> str:
    """A value of the objective with the other sign."""
    lead, sign, digits = match.groups()
    return f"{lead}{digits}" if sign or float(digits) == 0 else f"{lead}-{digits}"


def _told(findings: Sequence[Finding]) -> list[Finding]:
    """The first of each name: solver and certificate may both say that nothing was found."""
    found: dict[str, Finding] = {}
    for finding in findings:
        found.setdefault(finding.name, finding)
    return list(found.values())[:_MOST_FINDINGS]


def _headline(result: Minimum, maximum: Negated) -> str:
    statement = result.statement
    text = statement.describe if statement.describe != "<lambda>" else "f"
    if maximum and text.startswith("-(") and text.endswith(")"):
        text = text[2:-1]
    sizes = [thousands(statement.variables, "variable")]
    if statement.constraints:
        sizes.append(thousands(statement.constraints, "constraint"))
    word = "maximize" if maximum else "minimize"
    return f"{word} {shorten(visible(text), _TEXT)}   {', '.join(sizes)}"


# ---- tables ----


def _variables(result: Minimum) -> Tabulated:
    """The value, its error, and a bound that holds it."""
    kind = result.accuracy
    chosen = picked(result, _MOST_ROWS)
    rows = []
    for k, error in zip(chosen, point_errors(result, chosen), strict=True):
        value, off = error_cells(float(result.point[k]), float(error), kind)
        note = force_at(result, k)
        rows.append([Cell(visible(str(result.names[k])), "bold"), value, off, Cell(note)])
    said = {
        Accuracy.PROVED: "Error: proved, of the number as it is shown.",
        Accuracy.ESTIMATED: "Error: estimated, of the number as it is shown.",
    }.get(kind, "Error: unknown; three digits are shown.")
    more = len(result.point) - len(rows)
    captions = [f"{more:,} more variables; x, to_dict() and --json have all."] if more else []
    return Tabulated(("name", "value", "error", ""), rows, "lrll", [*captions, said])


def _constraints(result: Minimum, limits: list[Limit], maximum: Negated) -> Tabulated | None:
    """The state of each constraint, and its price."""
    if not limits:
        return None
    ranked = sorted(limits, key=lambda u: (u.violation <= 1e-6, not u.active, -abs(u.multiplier)))
    shown = limits if len(limits) <= _MOST_ROWS else ranked[:_MOST_ROWS]
    rows = []
    for limit in shown:
        rows.append([
            Cell(shorten(visible(limit.name), _NAME), "bold"), _state_cell(limit),
            *(_price_cells(limit) if result.usable else (Cell(""), Cell(""))),
            Cell(limit.verified, "estimated" if limit.verified != "agrees" else ""),
            Cell(limit.range), Cell(limit.note),
        ])  # fmt: skip
    titles = ("constraint", "state", "price", "error", "solved again", "holds for", "")
    captions = _price_captions(result, shown, maximum)
    return Tabulated(titles, rows, "llrllll", list(captions))


def _state_cell(limit: Limit) -> Cell:
    if limit.violation > 1e-6:
        return Cell(f"violated by {about(limit.violation)}", "unknown")
    if limit.equality:
        return Cell("holds")
    return Cell("active" if limit.active else f"slack {number(limit.slack, 3)}")


def _price_cells(limit: Limit) -> list[Cell]:
    """The multiplier as the slope of the optimum, and its estimated error."""
    if not limit.active:
        return [Cell("0" if limit.violation <= 1e-6 else ""), Cell("")]
    if not math.isfinite(limit.multiplier_error):
        return [Cell(unclaimed(limit.price)), Cell("?", "unknown")]
    return list(error_cells(limit.price, limit.multiplier_error, Accuracy.ESTIMATED))


def _price_captions(result: Minimum, shown: list[Limit], maximum: Negated) -> Iterator[str]:
    more = count_limits(result) - len(shown)
    if more > 0:
        yield f"{more:,} more constraints; to_dict() and --json have all."
    priced = [u for u in shown if u.active and u.price]
    if not priced or not result.usable:
        return
    most = max(priced, key=lambda u: abs(u.price))
    word = "maximum" if maximum else "minimum"
    rises = (most.price < 0) != maximum
    what = f"Raising {most.side} by 1 {'raises' if rises else 'lowers'} the {word} by "
    yield f"Price, to first order: {what[0].lower()}{what[1:]}about {number(abs(most.price), 3)}."


def _others(result: Minimum, maximum: Negated) -> Tabulated | None:
    """Other solutions that were found from other starts."""
    if not result.others:
        return None
    sign = -1.0 if maximum else 1.0
    rows = []
    for value, x in result.others[:5]:
        flat = result.statement.flatten(x, "x")
        point = ", ".join(
            f"{visible(str(n))} = {number(float(v), 6)}"
            for n, v in zip(result.names[:4], flat[:4], strict=False)
        )
        point += ", ..." if len(flat) > 4 else ""
        rows.append([Cell(number(sign * value, 8)), Cell(shorten(point, _TEXT))])
    return Tabulated(("other solutions", "at"), rows, "rl")


# ---- facts ----


def _facts(result: Minimum, maximum: Negated) -> Iterator[Fact]:
    known = result.certificate
    sign = -1.0 if maximum else 1.0
    word = "maximum" if maximum else "value"
    yield _value_fact(result, word, sign)
    if math.isfinite(known.stationarity):
        yield Fact(
            "residuals",
            f"gradient of the Lagrangian {_size(known.stationarity)}, violation "
            f"{_size(known.violation)}, complementarity {_size(known.complementarity)}, "
            "in the units given",
        )
    if known.inertia is not None and result.usable:
        yield Fact("curvature", _curvature(result, maximum))
    if math.isfinite(known.condition):
        yield Fact("scale", f"condition {about(known.condition)}{_off(result)}")
    if result.accuracy is not Accuracy.PROVED and result.usable and result.proof.note:
        yield Fact("proof", f"none: {result.proof.note}")
    yield Fact("cost", _cost(result))


def _value_fact(result: Minimum, word: str, sign: float) -> Fact:
    ends_proved = result.proof.value if result.accuracy is Accuracy.PROVED else None
    if ends_proved is not None:
        low, high = ends_proved
        middle = min(max(result.value, low), high)
        value, off = error_cells(sign * middle, _beyond(middle, low, high), Accuracy.PROVED)
        return Fact(word, f"{value.text}, error {off.text}, proved", "proved")
    if not result.usable or not math.isfinite(result.value):
        return Fact(word, f"{unclaimed(sign * result.value)}, no optimum", "unknown")
    error = error_of_value(result)
    if not math.isfinite(error):
        return Fact(word, f"? {unclaimed(sign * result.value)}, error unknown", "unknown")
    value, off = error_cells(sign * result.value, error, Accuracy.ESTIMATED)
    return Fact(word, f"{value.text}, error {off.text}, estimated", "estimated")


def _curvature(result: Minimum, maximum: Negated) -> str:
    inertia = result.certificate.inertia
    assert inertia is not None
    held = bool(result.certificate.active.any() or result.certificate.at_lower.any()
                or result.certificate.at_upper.any())  # fmt: skip
    along = " along the active limits" if held else ""
    if not sum(inertia):
        return "no direction is left: the active limits hold every variable"
    words = ("negative", "zero", "positive") if maximum else ("positive", "zero", "negative")
    said = [f"{count:,} {name}" for count, name in zip(inertia, words, strict=True) if count]
    return f"{', '.join(said)}{along}"


def _beyond(middle: float, low: float, high: float) -> float:
    """How far the ends are from a point between them, rounded up."""
    off = max(high - middle, middle - low)
    return float(np.nextafter(off, np.inf)) if off else 0.0


def _off(result: Minimum) -> str:
    """How far the least known variable may be off."""
    errors = point_errors(result, np.arange(len(result.point)))
    worst = float(errors.max(initial=0.0))
    if result.accuracy is Accuracy.UNKNOWN or not math.isfinite(worst):
        return ""
    if result.accuracy is Accuracy.PROVED:
        return f"; x is off by at most {up(worst)}, proved"
    return f"; x is off by about {about(worst)}, estimated"


def _size(value: float) -> str:
    return about(value) if value else "0"


def _cost(result: Minimum) -> str:
    cost = result.cost
    counts = [thousands(cost.evaluations, "evaluation"), thousands(cost.gradients, "gradient")]
    if cost.hessians:
        counts.append(thousands(cost.hessians, "Hessian"))
    if cost.products:
        counts.append(thousands(cost.products, "product"))
    counts.append(thousands(cost.iterations, "iteration"))
    times = f"{seconds_said(cost.seconds)} after {seconds_said(cost.setup_seconds)} of reading"
    return f"{', '.join(counts)}; {times}; {result.method}"
