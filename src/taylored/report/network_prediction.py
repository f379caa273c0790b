"""Predictions as text: the first rows with intervals, and which of them are not to be trusted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from taylored.report.letters import shorten, visible
from taylored.report.network_facts import first_findings, plain_place, shares_said
from taylored.report.numbers import bounds, number, percent, rounded, unclaimed
from taylored.report.page import Page, Tabulated, page_html, page_text, thousands
from taylored.report.table import Cell
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.networks.prediction import Prediction

__all__ = ["prediction_html", "prediction_line", "prediction_report", "prediction_status"]

_FEW = 10  # rows that are shown
_SET = 40  # characters of a set of classes
_NOT_TRUSTED = "not to be trusted"


def prediction_line(p: Prediction) -> str:
    """Predictions on one line, for `repr`."""
    return f"<prediction: {prediction_status(p).rstrip('.')}>"


def prediction_status(p: Prediction) -> str:
    """How many, with which intervals, and how well that is known."""
    text = f"{thousands(len(p), 'row')}; {_kind_said(p)}"
    doubtful = int((~p.trusted).sum())
    if doubtful:
        rest = "all of them are" if doubtful == len(p) else (
            f"{thousands(doubtful, 'row')} {'is' if doubtful == 1 else 'are'}")  # fmt: skip
        text += f"; {rest} {_NOT_TRUSTED}"
    return text + "."


def _kind_said(p: Prediction) -> str:
    what = "sets of classes" if p.sets is not None else "intervals"
    if p.kind is Accuracy.UNKNOWN or (p.lo is None and p.sets is None):
        return f"accuracy unknown: {visible(p.why) or 'there are no intervals'}"
    text = f"{percent(p.level)} {what}, {p.kind}"
    if not p.measured:
        return text
    held = shares_said(p.measured)
    return f"{text} (they held {held} of rows left out of training)" if held else text


def prediction_report(
    p: Prediction,
    rows: int = _FEW,
    *,
    width: int | None = None,
    color: bool = False,
    unicode: bool = True,
) -> str:
    """A table of the first rows, as text for a terminal or a page."""
    return page_text(_page(p, rows), width, color, unicode)


def prediction_html(p: Prediction, rows: int = _FEW) -> str:
    """The same for a notebook."""
    return page_html(_page(p, rows))


def _page(p: Prediction, rows: int) -> Page:
    few = min(rows, len(p))
    table = _classes(p, few) if p.probabilities is not None else _numbers(p, few)
    kind = p.kind if p.trusted.all() else Accuracy.UNKNOWN
    shown, more = first_findings(p.findings)
    return Page(prediction_status(p), str(kind), "", [table], more, shown)


def _captions(p: Prediction, few: int) -> list[str]:
    more = len(p) - few
    has = "value, lo, hi" if p.probabilities is None else "value, probabilities, sets"
    return [f"and {thousands(more, 'more row')}; .{has.replace(', ', ', .')} have all."] * (
        more > 0
    )


# ---- numbers ----


def _numbers(p: Prediction, few: int) -> Tabulated:
    """Row, then value and interval of each output."""
    names = [shorten(visible(str(n)), 20) for n in p.names]
    rows = []
    for i in range(few):
        cells = [Cell(str(i + 1), "dim")]
        for k in range(len(names)):
            cells += _number_cells(p, i, k)
        rows.append([*cells, _mark(p, i)])
    wide = percent(p.level)
    titles = ["row", *(t for n in names for t in (n, f"{wide} interval")), ""]
    return Tabulated(titles, rows, "r" + "rl" * len(names) + "l", _captions(p, few))


def _number_cells(p: Prediction, i: int, k: int) -> Iterator[Cell]:
    """Digits as far as the interval claims them; where nothing is claimed, three and a `?`."""
    value, *ends = (
        float(part.reshape(len(p), -1)[i, k]) for part in (p.value, p.lo, p.hi) if part is not None
    )
    known = p.trusted[i] and p.kind is not Accuracy.UNKNOWN and len(ends) == 2
    if not known:
        yield Cell(unclaimed(value))
        yield Cell("?", "unknown")
        return
    low, high = ends
    half = 0.5 * (high - low)
    if not math.isfinite(half):
        yield Cell(unclaimed(value))
        yield Cell("unbounded", "unknown")
        return
    place = plain_place(value, half) if half > 0 else None
    yield Cell(rounded(value, place) + place.suffix if place else number(value, 6))
    yield Cell(bounds(low, high, place), str(p.kind))


def _mark(p: Prediction, i: int) -> Cell:
    return Cell("") if p.trusted[i] else Cell(_NOT_TRUSTED, "unknown")


# ---- classes ----


def _classes(p: Prediction, few: int) -> Tabulated:
    """Row, class, its probability, and the set at the level."""
    assert p.probabilities is not None
    labels = [shorten(visible(str(c)), 20) for c in p.classes]
    rows = []
    for i in range(few):
        best = int(p.probabilities[i].argmax())
        known = bool(p.trusted[i]) and p.kind is not Accuracy.UNKNOWN
        kind = str(p.kind) if known else "unknown"
        probability = _probability(float(p.probabilities[i, best]))
        rows.append([
            Cell(str(i + 1), "dim"), Cell(labels[best], "bold"), Cell(probability, kind),
            Cell(_set(p, i, labels) if known else "?", kind), _mark(p, i),
        ])  # fmt: skip
    titles = ("row", shorten(visible(str(p.names[0])), 20), "probability",
              f"{percent(p.level)} set", "")  # fmt: skip
    return Tabulated(titles, rows, "rlrll", _captions(p, few))


def _probability(p: float) -> str:
    return "> 0.999" if p > 0.999 else f"{p:.3f}"


def _set(p: Prediction, i: int, labels: list[str]) -> str:
    if p.sets is None or p.probabilities is None:
        return ""
    order = np.argsort(-p.probabilities[i], kind="stable")
    return shorten(", ".join(labels[k] for k in order if p.sets[i, k]), _SET)
