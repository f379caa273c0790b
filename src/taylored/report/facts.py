"""What a report of a fit says, as text not yet laid out: one source for terminal and HTML."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from taylored.report.numbers import (
    Place,
    bounds,
    count,
    error_at,
    exactly,
    number,
    p_value,
    percent,
    place_of,
    rounded,
    share,
    unclaimed,
)
from taylored.results import Accuracy, Finding, Interval

if TYPE_CHECKING:
    from taylored.regression.result import Fit

__all__ = [
    "MOST_FINDINGS",
    "Row",
    "Sheet",
    "fit_sheet",
    "formula_text",
    "short_verdict",
    "sigma_sentence",
]
__all__ += ["strong_correlations"]

MOST_FINDINGS = 5
_TABLE_DIGITS = 10
_STRONG = 0.9  # correlations above this are listed
_MOST_PAIRS = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One parameter: text for each column, and the kind of the claim (None where fixed)."""

    name: str
    value: str
    error: str
    interval: str
    unit: str
    digits: str
    note: str
    kind: Accuracy | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole report: `lines` are (label, text); `findings` those shown, `more` the rest."""

    verdict: str
    formula: str
    kind: Accuracy
    usable: bool
    level: str
    rows: tuple[Row, ...]
    caption: str
    lines: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...]
    more: str


def fit_sheet(fit: Fit, level: float, units: Mapping[str, str] | None = None) -> Sheet:
    """The report of a fit."""
    intervals = {name: fit.interval(name, level) for name in fit.setup.names}
    rows = tuple(_row(fit, n, i, (units or {}).get(n, "")) for n, i in intervals.items())
    findings = tuple(f for f in fit.warnings if f.name != "dropped")  # the line on points says it
    left = len(findings) - MOST_FINDINGS
    more = f"{count(left, 'more finding')}: see .warnings" if left > 0 else ""
    return Sheet(
        fit.status, formula_text(fit), fit.accuracy, fit.usable, percent(level), rows,
        _caption(intervals, level), tuple(_lines(fit)), findings[:MOST_FINDINGS], more,
    )  # fmt: skip


def formula_text(fit: Fit) -> str:
    """What was fitted, as the user wrote it."""
    setup = fit.setup
    if setup.formula is None:
        return setup.model.describe
    text = setup.formula.text.strip()
    return text if setup.formula.response is not None else f"{setup.response} ~ {text}"


# ---- the table ----


def _row(fit: Fit, name: str, interval: Interval, unit: str) -> Row:
    value, stderr = fit.params[name], fit.stderr[name]
    if name not in fit.setup.free_names:
        return Row(name, exactly(value), "fixed", "", unit, "", "", None)
    digits = fit.digits[name]
    shown = str(math.floor(digits)) if fit.usable and math.isfinite(digits) else "?"
    held = fit.solution.held[fit.setup.free_names.index(name)]
    if held:
        text = bounds(interval.lo, interval.hi)
        note = "" if interval.note == "ends at a bound" else interval.note
        return Row(name, exactly(value), "at bound", text, unit, shown, note, interval.kind)
    if interval.kind is Accuracy.UNKNOWN or not math.isfinite(stderr):
        note = interval.note
        return Row(name, unclaimed(value), "?", "not determined", unit, shown, note,
                   Accuracy.UNKNOWN)  # fmt: skip
    if stderr == 0:
        text = bounds(interval.lo, interval.hi)
        return Row(name, exactly(value), "± 0", text, unit, shown, interval.note, interval.kind)
    # Without a verdict there are no right digits to go by; the statistics still set the place.
    # Where the statistical error is almost nothing, ten digits are enough for a table.
    most = min(digits, _TABLE_DIGITS)
    place = place_of(value, stderr, most) if fit.usable else place_of(value, stderr)
    cells = _cells(value, stderr, interval, place)
    return Row(name, *cells, unit, shown, interval.note, interval.kind)


def _cells(value: float, stderr: float, interval: Interval, place: Place) -> tuple[str, str, str]:
    error = f"± {error_at(stderr, place)}{place.suffix}"
    return rounded(value, place) + place.suffix, error, bounds(interval.lo, interval.hi, place)


def _caption(intervals: Mapping[str, Interval], level: float) -> str:
    """Level and method, once: the method of most parameters first."""
    by_method: dict[str, list[str]] = {}
    for name, interval in intervals.items():
        if interval.method not in ("fixed", "none"):
            by_method.setdefault(interval.method, []).append(name)
    if not by_method:
        return f"No interval at {percent(level)} can be given."
    first, *others = sorted(by_method, key=lambda m: -len(by_method[m]))
    rest = "".join(f"; {', '.join(by_method[m])} by {m}" for m in others)
    kind = intervals[by_method[first][0]].kind
    unknown = any(i.kind is Accuracy.UNKNOWN for i in intervals.values())
    return (
        f"Error: one standard error. Interval: {percent(level)} by {first}{rest} ({kind}). "
        "Digits: those of the value that are numerically right."
        + (" ?: no honest statement can be made." if unknown else "")
    )


# ---- the lines below it ----


def _lines(fit: Fit) -> Iterator[tuple[str, str]]:
    yield "chi-squared", _chi_squared(fit)
    yield "points", _points(fit)
    yield "sigma", sigma_sentence(fit)
    criteria = [("AICc", fit.aicc), ("BIC", fit.bic)]
    shown = [f"{name} {value:.2f}" for name, value in criteria if math.isfinite(value)]
    if math.isfinite(fit.r_squared):
        shown.append(f"R² {share(fit.r_squared)}")
    if shown:
        yield "criteria", ", ".join(shown)
    pairs = strong_correlations(fit)
    if pairs:
        listed = ", ".join(f"{a} and {b} {share(c)}" for a, b, c in pairs[:_MOST_PAIRS])
        left = len(pairs) - _MOST_PAIRS
        yield "correlations", listed + (f", and {left} more over {_STRONG}" if left > 0 else "")


def _chi_squared(fit: Fit) -> str:
    text = f"{number(fit.chi2)} for {count(fit.dof, 'degree')} of freedom"
    if fit.dof <= 0:
        return text
    text += f", reduced {number(fit.reduced_chi2, 4)}"
    if fit.absolute_sigma:
        return f"{text}, {p_value(fit.p_value)}"
    if fit.setup.sigma is not None:
        return text
    return f"{text}; the residuals scatter by {number(fit.scale, 3)}"


def _points(fit: Fit) -> str:
    columns = fit.setup.columns
    if not columns.dropped:
        return f"{fit.points} used, none dropped"
    reasons = "; ".join(
        f"{d.reason} in {count(d.count, 'row')} ({_some(d.rows, d.count)})" for d in columns.dropped
    )
    dropped = columns.total - fit.points
    return f"{fit.points} of {columns.total} rows used, {dropped} dropped: {reasons}"


def _some(rows: tuple[int, ...], total: int) -> str:
    return ", ".join(str(int(r)) for r in rows) + (", ..." if total > len(rows) else "")


def sigma_sentence(fit: Fit) -> str:
    """Which convention for sigma holds."""
    given, absolute = fit.setup.sigma is not None, fit.absolute_sigma
    if given and absolute:
        return "sigma was given: taken as absolute"
    if given:
        return "sigma was given: taken as relative, standard errors scaled by " + (
            f"{number(fit.scale, 3)} to agree with the scatter of the residuals"
        )
    return "no sigma: standard errors come from the scatter of the residuals"


def strong_correlations(fit: Fit) -> list[tuple[str, str, float]]:
    """Pairs of parameters with a correlation over 0.9 in size, the strongest first."""
    names, correlation = fit.setup.names, fit.correlation
    pairs = [
        (names[i], names[j], float(correlation[i, j]))
        for i in range(len(names))
        for j in range(i + 1, len(names))
        if np.abs(correlation[i, j]) > _STRONG
    ]
    return sorted(pairs, key=lambda pair: -abs(pair[2]))


def short_verdict(fit: Fit) -> str:
    """The verdict in a few words, for a title: how good, and the first thing to know."""
    opening = fit.status.split(":")[0].split(" (")[0]
    told = [f for f in fit.warnings if f.severity in ("error", "warning")]
    if told:
        return f"{opening}: {_ASIDE.sub('', told[0].message.split(': ')[0]).rstrip('.')}"
    if fit.chi2 == 0:
        return f"{opening}: every residual is zero"
    if fit.absolute_sigma:
        return (
            f"{opening}: reduced chi-squared {number(fit.reduced_chi2, 2)}, {p_value(fit.p_value)}"
        )
    return f"{opening}: the residuals scatter by {number(fit.scale, 3)} (R² {share(fit.r_squared)})"


_ASIDE = re.compile(r" \([^()]*\)")
