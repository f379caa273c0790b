"""Many fits as text, HTML and JSON: how many are usable, what they say, why the others are not."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.many.status import NAMES
from taylored.report.letters import shorten, visible
from taylored.report.numbers import Place, exactly, number, place_of, rounded, share, unclaimed
from taylored.report.page import (
    Fact,
    Page,
    Tabulated,
    finite,
    numbers,
    page_html,
    page_text,
    seconds_said,
    thousands,
)
from taylored.report.sheet import finding_document, style_of, wrapped
from taylored.report.table import Cell
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.many.result import ManyFits

__all__ = ["MIDDLE", "NEXT", "SCHEMA", "Summary", "many_document", "many_html", "many_line"]
__all__ += [
    "formula_of",
    "key_label",
    "many_page",
    "many_report",
    "part_said",
    "summary_of",
    "verdict",
]

SCHEMA = "taylored-many/1"
MIDDLE = (16.0, 84.0)  # percentiles between which the middle of the fits lies
_WAITED = 10.0  # seconds from which the time is worth a word
_SMALL = 20_000  # numbers up to which a document has every fit
_MOST = 5  # verdicts that the first sentence and the list below the tables tell
_FORMULA, _HEADLINE = 60, 240  # characters of a formula on one line, and above a report
_DIGITS = 10

# What to do about a verdict; nothing where the data are what they are.
NEXT = {
    "at-bound": "Widen bounds=, or leave that part out of the model.",
    "misfit": "Look at one with .fit(index).plot(); take another model, or larger sigma.",
    "outlier": "Look at one with .fit(index).plot(); leave the point out with mask=.",
    "no-signal": "Nothing to do where nothing is; else fix parameters.",
    "not-converged": "Give start= and bounds=.",
    "rank-deficient": "Fix a parameter, or measure where the data would tell.",
    "saturated": "Leave clipped points out with mask=.",
    "infinite": "Look for overflow or a division by zero in the data.",
    "too-few-points": "Fix parameters, or measure more points.",
    "bad-sigma": "Give true standard errors, or leave those points out with mask=.",
    "not-finite": "Give start= and bounds= within which the model is a number.",
    "not-run": "Run the same call again; with ledger= what is finished is kept.",
    "out-of-range": "Scale y, and sigma with it, to numbers near 1.",
}


# ---- one sentence, one line ----


def verdict(many: ManyFits) -> str:
    """How many fits are usable, and what became of the others."""
    good, total = many.counts.get("ok", 0), many.fits
    head = f"{good:,} of {thousands(total, 'fit')} usable"
    if 0 < good < total:
        head += f" ({part_said(good, total)})"
    parts = [head, ", ".join(f"{n:,} {name}" for name, n in _others(many))]
    if many.seconds >= _WAITED:
        parts.append(seconds_said(many.seconds))
    text = "; ".join(p for p in parts if p) + "."
    return f"Stopped before the end: {text}" if many.interrupted else text


def _others(many: ManyFits) -> list[tuple[str, int]]:
    """The verdicts but "ok", most frequent first; the rare ones as one where they are many."""
    found = [(name, n) for name, n in many.counts.items() if name != "ok"]
    if len(found) <= _MOST:
        return found
    kept, rest = found[: _MOST - 1], found[_MOST - 1 :]
    return [*kept, ("others", sum(n for _, n in rest))]


def part_said(some: int, total: int) -> str:
    """A share of a count in percent, never rounded to none or to all."""
    if some in (0, total):
        return "100 %" if some else "0 %"
    part = some / total
    text = f"{100 * part:#.3g}" if part > 0.0995 else f"{100 * part:#.2g}"
    if part < 1e-5:
        text = number(100 * part, 2)
    if float(text) >= 99.95:
        text = f"{100 * float(share(part)):.10g}"
    return f"{text} %"


def formula_of(many: ManyFits) -> str:
    """What was fitted: response and model."""
    return f"{many.plan.response} ~ {many.plan.model.describe}"


def many_line(many: ManyFits) -> str:
    """Many fits on one line, for `repr`."""
    formula = visible(shorten(formula_of(many), _FORMULA))
    return f"ManyFits({formula}): {verdict(many).rstrip('.')}"


# ---- what the usable ones say ----


class Summary:
    """A parameter over the usable fits: median, middle 68 %, median standard error."""

    def __init__(self, many: ManyFits, name: str):
        row = many.names.index(name)
        usable = many.usable.reshape(-1)
        values = many.block.theta[row][usable]
        errors = many.block.stderr[row][usable]
        self.name, self.unit = name, many.units.get(name, "")
        self.fixed = row not in many.plan.params.free
        self.count = len(values)
        if self.count:
            low, self.median, high = np.percentile(values, [MIDDLE[0], 50.0, MIDDLE[1]]).tolist()
            self.low, self.high = low, high
            known = errors[np.isfinite(errors)]
            self.error = float(np.median(known)) if len(known) else math.nan
        else:
            self.median = self.low = self.high = self.error = math.nan

    @property
    def place(self) -> Place:
        """Where its numbers stop: at the second digit of the error of one fit."""
        return place_of(self.median, self.error, _DIGITS)


def summary_of(many: ManyFits) -> list[Summary]:
    """Of each parameter."""
    return [Summary(many, name) for name in many.names]


def _row(found: Summary) -> list[Cell]:
    name, unit = Cell(visible(found.name), "bold"), Cell(visible(found.unit))
    if not found.count:
        return [name, Cell(""), Cell("?", "unknown"), Cell(""), unit]
    if found.fixed:
        same = found.low == found.high
        text = exactly(found.median) if same else unclaimed(found.median)
        return [name, Cell(text), Cell("fixed", "dim"), Cell(""), unit]
    if not found.error > 0:
        return [name, Cell(unclaimed(found.median)), Cell("?", "unknown"), Cell(""), unit]
    place = found.place
    low, middle, high, error = (
        rounded(v, place) + place.suffix for v in (found.low, found.median, found.high, found.error)
    )
    spread = f"{low} to {high}" if found.count > 1 else ""
    return [name, Cell(middle), Cell(f"≈ {error}", "estimated"), Cell(spread), unit]


def _parameters(many: ManyFits) -> Tabulated:
    titles = ("name", "median", "error", "middle 68 %", "unit")
    rows = [_row(found) for found in summary_of(many)]
    good = many.counts.get("ok", 0)
    caption = (
        f"Over the {thousands(good, 'usable fit')}. error: the median of their standard errors, "
        f"{many.accuracy} from the curvature of chi-squared; each fit has its own."
        if good else "No fit is usable: nothing is known of the parameters."
    )  # fmt: skip
    return Tabulated(titles, rows, "lrlll", (caption,))


# ---- why the others are not ----


def _verdicts(many: ManyFits) -> Tabulated:
    rows = []
    for name, quantity in many.counts.items():
        where = "" if name == "ok" else _first(many, name)
        rows.append([
            Cell(name, "bold"), Cell(f"{quantity:,}"), Cell(part_said(quantity, many.fits)),
            Cell(where),
        ])  # fmt: skip
    return Tabulated(("verdict", "fits", "share", "first at"), rows, "lrrl")


def _first(many: ManyFits, name: str) -> str:
    """The first fit of a verdict: its keys, or its position."""
    place = int(np.argmax(many.block.status == NAMES.index(name)))
    if many.keys:
        named = ", ".join(f"{k} {key_label(v[place])}" for k, v in many.keys.items())
        return visible(shorten(named, 40))
    position = ", ".join(str(int(i)) for i in np.unravel_index(place, many.shape))
    return f"[{position}]" if position else ""


def key_label(key: Any) -> str:
    """The key of a group as text."""
    return f"{key:g}" if isinstance(key, float) else str(key)


def _meanings(many: ManyFits) -> Iterator[Fact]:
    others = [name for name in many.counts if name != "ok"]
    for name in others[:_MOST]:
        kind = "estimated" if NAMES.index(name) <= NAMES.index("rank-deficient") else "unknown"
        yield Fact(name, f"{many.meaning(name)}. {NEXT.get(name, '')}".strip(), kind)
    if len(others) > _MOST:
        yield Fact("", "The others: many.meaning(name) says what a verdict means.")


# ---- the whole ----


def _kind(many: ManyFits) -> Accuracy:
    return many.accuracy if many.counts.get("ok") else Accuracy.UNKNOWN


def many_page(many: ManyFits) -> Page:
    """The parts of the report."""
    good = many.counts.get("ok", 0)
    size = " x ".join(f"{n:,}" for n in many.shape[:-1])
    size += " x " * bool(size) + thousands(many.shape[-1] if many.shape else 1, "fit")
    points = many.points[many.points > 0]
    most = int(points.max()) if points.size else 0
    formula = shorten(formula_of(many), _HEADLINE)
    headline = f"{formula}   {size} of {'up to ' * bool(most > points.min(initial=most))}"
    headline += thousands(most, "point")
    tables = [_parameters(many), *([_verdicts(many)] if good < many.fits else [])]
    return Page(
        verdict(many), str(_kind(many)), headline, tables, list(_meanings(many)), many.warnings
    )


def many_report(
    many: ManyFits, *, width: int | None = None, color: bool = False, unicode: bool = True
) -> str:
    """The report as text, for a terminal or a page.

    Args:
        many: any fits.
        width: in characters (default: that of the terminal, at most 100).
        color: whether to color it by escape sequences.
        unicode: False for plain ASCII.
    """
    page = many_page(many)
    style = style_of(width, color, unicode)
    narrow = replace(style, width=style.width - 2)
    lines = wrapped(style.clean(visible(page.headline)), narrow).split("\n")
    head = "\n".join(style.paint(f"  {line}", "dim") for line in lines)
    verdict, rest = page_text(replace(page, headline=""), width, color, unicode).split("\n\n", 1)
    return f"{verdict}\n\n{head}\n\n{rest}"


def many_html(many: ManyFits) -> str:
    """The report for a notebook."""
    return page_html(many_page(many))


def many_document(many: ManyFits, arrays: bool | None = None) -> dict[str, Any]:
    """Counts and a summary of each parameter as plain numbers and lists; None: not known.

    Args:
        many: any fits.
        arrays: whether every fit is listed, in the order of the flattened shape (default: where
            that is at most 20,000 numbers).
    """
    document = {
        "schema": SCHEMA,
        "formula": formula_of(many),
        "fits": many.fits,
        "shape": list(many.shape),
        "usable": many.counts.get("ok", 0),
        "status": verdict(many),
        "interrupted": many.interrupted,
        "accuracy": str(_kind(many)),
        "absolute_sigma": bool(many.plan.absolute),
        "seconds": many.seconds,
        "counts": many.counts,
        "params": {s.name: _summarized(s) for s in summary_of(many)},
        "findings": [finding_document(f) for f in many.warnings],
    }
    small = many.fits * (2 * len(many.names) + 5) <= _SMALL
    if small if arrays is None else arrays:
        document["each"] = _each(many)
    return document


def _summarized(found: Summary) -> dict[str, Any]:
    return {
        "unit": found.unit, "fixed": found.fixed, "median": finite(found.median),
        "p16": finite(found.low), "p84": finite(found.high), "stderr": finite(found.error),
    }  # fmt: skip


def _each(many: ManyFits) -> dict[str, list]:
    """The columns of the table of all fits."""
    return {
        name: numbers(v) if v.dtype.kind == "f" else v.tolist() if v.dtype.kind in "biuU"
        else [str(x) for x in v] for name, v in many.to_table().items()
    }  # fmt: skip
