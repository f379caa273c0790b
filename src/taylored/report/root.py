"""Roots as text: verdict, the root with its proved interval, and how the way to it converged."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from taylored.report.letters import shorten, visible
from taylored.report.numbers import number
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
from taylored.report.root_document import root_document, roots_document
from taylored.report.series_terms import about, down, up
from taylored.report.table import Cell
from taylored.results import Accuracy, Finding

if TYPE_CHECKING:
    from taylored.optimize.roots.collection import Roots
    from taylored.optimize.roots.result import Root

__all__ = ["convergence_said", "equation_said", "root_document", "root_html", "root_report"]
__all__ += ["roots_document", "roots_html", "roots_report", "short_verdict", "short_verdict_of_all"]

_MOST_ROWS, _MOST_STEPS = 20, 12
_MOST_FINDINGS = 5
_TEXT = 60


def root_report(
    result: Root,
    *,
    width: int | None = None,
    color: bool = False,
    unicode: bool = True,
    findings: Sequence[Finding] | None = None,
) -> str:
    """The report as text, for a terminal or a page.

    Args:
        result: any `Root`.
        width: in characters (default: that of the terminal, at most 100).
        color: whether to color it by escape sequences.
        unicode: False for plain ASCII.
        findings: in other words than the result has them, such as those of the command line.
    """
    return page_text(_page(result, findings), width, color, unicode)


def root_html(result: Root) -> str:
    """The report for a notebook."""
    return page_html(_page(result))


def roots_report(
    result: Roots,
    *,
    width: int | None = None,
    color: bool = False,
    unicode: bool = True,
    findings: Sequence[Finding] | None = None,
) -> str:
    """The report as text, for a terminal or a page; as `root_report`."""
    return page_text(_page_of_all(result, findings), width, color, unicode)


def roots_html(result: Roots) -> str:
    """The report for a notebook."""
    return page_html(_page_of_all(result))


def short_verdict(result: Root) -> str:
    """The verdict in a few words, over a picture."""
    if result.kind != "root":
        return result.status
    pairs = [
        f"{visible(str(n))} = {error_cells(float(v), float(e), result.accuracy)[0].text}"
        for n, v, e in zip(result.names[:2], result.point[:2], _errors(result)[:2], strict=False)
    ]
    point = ", ".join(pairs) + (", ..." if len(result.names) > 2 else "")
    kind = {Accuracy.PROVED: ", proved", Accuracy.ESTIMATED: ", not proved"}.get(
        result.accuracy, ", error unknown"
    )
    what = f"A root of multiplicity about {result.multiplicity}" if result.multiplicity else "Root"
    return f"{what} {point}{kind}"


def short_verdict_of_all(result: Roots) -> str:
    """The verdict in a few words, over a picture."""
    count = len(result.items)
    if result.complete and not count:
        return "No root in the box, proved"
    what = thousands(count, "root")
    return f"{what}, proved to be all" if result.complete else f"{what}; there may be more"


def equation_said(result: Root | Roots, most: int = _TEXT) -> str:
    """`x^3 - 2*x - 5 = 0`: the first equations as they were stated."""
    names = [visible(str(n)) for n in result.system.equation_names[:3]]
    said = [n if any(sign in n for sign in "=<>") else f"{n} = 0" for n in names]
    more = ", ..." if result.system.equations > 3 else ""
    return shorten(", ".join(said) + more, most)


def convergence_said(result: Root) -> str:
    """The measured order, and what it is usually called."""
    order = result.order
    if order is None:
        return ""
    word = (
        "linear" if order < 1.2 else "as the secant method" if order < 1.8
        else "quadratic, as Newton's method" if order < 2.4 else "faster than quadratic"
    )  # fmt: skip
    return f"order {number(order, 2)}, measured: {word}"


# ---- one root ----


def _page(result: Root, findings: Sequence[Finding] | None = None) -> Page:
    tables = [_unknowns(result), _residuals(result), _steps(result)]
    return Page(
        result.status,
        str(result.accuracy if result.usable else Accuracy.UNKNOWN),
        _headline(result),
        [t for t in tables if t is not None],
        list(_facts(result)),
        (result.findings if findings is None else findings)[:_MOST_FINDINGS],
    )


def _headline(result: Root | Roots) -> str:
    counts = thousands(result.system.equations, "equation")
    return f"{equation_said(result)}   {counts} in {thousands(result.system.variables, 'unknown')}"


def _errors(result: Root) -> np.ndarray:
    """(unknowns,) how far each may be off."""
    return np.where(result.point_errors > 0, result.point_errors, 0.0)


def _unknowns(result: Root) -> Tabulated:
    """The point, its errors, and where no other root is."""
    kind = result.accuracy if result.usable else Accuracy.UNKNOWN
    only = result.known.unique if kind is Accuracy.PROVED else None
    rows = []
    for k, error in enumerate(_errors(result)[:_MOST_ROWS].tolist()):
        cells = error_cells(float(result.point[k]), error, kind)
        # A claim on all of an interval is rounded inward.
        alone = "" if only is None else f"[{up(only[0][k], 4)}, {down(only[1][k], 4)}]"
        rows.append([Cell(visible(str(result.names[k])), "bold"), *cells, Cell(alone)])
    captions = []
    more = result.system.variables - len(rows)
    if more > 0:
        captions.append(f"{more:,} more unknowns; x, to_dict() and --json have all.")
    captions.append({
        Accuracy.PROVED: "Error: proved, of the number as it is shown.",
        Accuracy.ESTIMATED: "Error: estimated, of the number as it is shown.",
    }.get(kind, "Error: unknown; three digits are shown."))  # fmt: skip
    return Tabulated(("name", "value", "error", "no other root in"), rows, "lrll", captions)


def _residuals(result: Root) -> Tabulated | None:
    """What is left of each equation, the largest of many."""
    left = np.asarray(result.residual, float)
    if left.size < 2:
        return None
    size = np.nan_to_num(np.abs(left), nan=np.inf)
    chosen = np.arange(left.size)
    if left.size > _MOST_ROWS:
        chosen = np.argsort(-size, kind="stable")[:_MOST_ROWS]
    rows = [
        [Cell(shorten(visible(str(result.system.equation_names[k])), 50), "bold"),
         Cell(number(float(left[k]), 2))]
        for k in chosen.tolist()
    ]  # fmt: skip
    more = left.size - len(rows)
    captions = [f"{more:,} more equations, each with less left."] if more else []
    return Tabulated(("equation", "left - right"), rows, "lr", captions)


def _steps(result: Root) -> Tabulated | None:
    """The way to a root of one unknown: each point, the value, and its right digits."""
    iterates = result.path.iterates
    if result.system.variables != 1 or len(iterates) < 2:
        return None
    root, shown = float(result.point[0]), iterates[-_MOST_STEPS:]
    rows = []
    for step in shown:
        x = float(step.x[0])
        digits = _right_digits(x, root) if result.kind == "root" else ""
        rows.append([Cell(str(step.number)), Cell(f"{x:.15g}"), Cell(number(step.value, 3)),
                     Cell(digits)])  # fmt: skip
    hidden = len(iterates) - len(shown)
    captions = [f"{thousands(hidden, 'earlier point')}."] if hidden else []
    name = visible(str(result.names[0]))
    return Tabulated(("step", name, "f", "digits"), rows, "rlrr", captions)


def _right_digits(x: float, root: float) -> str:
    """How many digits agree with the root; against 1 where the root is 0."""
    off = abs(x - root) / (abs(root) or 1.0)
    if not math.isfinite(off):
        return ""
    return "all" if off < 2.3e-16 else f"{max(-math.log10(off), 0.0) + 0.0:.1f}"


def _facts(result: Root) -> Iterator[Fact]:
    residual = np.abs(np.asarray(result.residual, float))
    if residual.size:
        worst = float(residual.max())
        left = (
            "exactly 0" if worst == 0 else about(worst) if math.isfinite(worst) else "not defined"
        )
        yield Fact("residual", f"{left}{'' if residual.size == 1 else ', the largest'}")
    said = convergence_said(result)
    if said:
        yield Fact("converges", said, "estimated")
    if result.multiplicity:
        text = f"about {result.multiplicity}"
        text += ": fewer digits can be known" if np.any(result.point_errors) else ""
        yield Fact("multiplicity", text, "estimated")
    cost = result.cost
    yield Fact(
        "cost",
        f"{thousands(cost.evaluations, 'evaluation')}, {thousands(cost.jacobians, 'derivative')}, "
        f"{thousands(cost.iterations, 'step')}; {seconds_said(cost.seconds)}",
    )


# ---- all roots in a box ----


def _page_of_all(result: Roots, findings: Sequence[Finding] | None = None) -> Page:
    mark = result.accuracy if result.complete or len(result) else Accuracy.UNKNOWN
    return Page(
        result.status, str(mark), f"{_headline(result)}, {_box_said(result)}",
        [t for t in (_list(result), _open(result)) if t is not None], list(_search(result)),
        (result.findings if findings is None else findings)[:_MOST_FINDINGS],
    )  # fmt: skip


def _box_said(result: Roots) -> str:
    ends = zip(result.names[:3], result.low[:3].tolist(), result.high[:3].tolist(), strict=True)
    said = ", ".join(f"{visible(str(n))} in [{a:g}, {b:g}]" for n, a, b in ends)
    return said + (", ..." if len(result.low) > 3 else "")


def _list(result: Roots) -> Tabulated | None:
    """One row for each root: each unknown, and the largest error."""
    if not len(result):
        return None
    names = [visible(str(n)) for n in result.names]
    shown = names[:5]
    rows = []
    for number_, root in enumerate(result.items[:_MOST_ROWS], 1):
        errors = _errors(root)
        cells = [error_cells(float(v), float(e), root.accuracy)
                 for v, e in zip(root.point[:5], errors[:5], strict=True)]  # fmt: skip
        worst = max(cells, key=lambda c: float(c[1].text.lstrip("≤≈ ?") or 0))[1]
        note = "on the border" if number_ - 1 in result.border else ""
        rows.append([Cell(str(number_)), *(c[0] for c in cells), worst, Cell(note)])
    captions = []
    if len(result) > len(rows):
        captions.append(f"{len(result) - len(rows):,} more roots; to_dict() and --json have all.")
    if len(names) > 5:
        captions.append(f"{len(names) - 5} more unknowns; to_dict() and --json have all.")
    if result.accuracy is Accuracy.PROVED:
        captions.append("Error: proved, of the numbers as they are shown, the largest of a row.")
    return Tabulated(("root", *shown, "error", ""), rows, "r" + "r" * len(shown) + "ll", captions)


def _open(result: Roots) -> Tabulated | None:
    """The places of which it is not known whether they hold a root."""
    if not result.undecided:
        return None
    words = {"touching": "touches zero, or nearly", "undefined": "not defined in all of it",
             "limit": "not searched to the end"}  # fmt: skip
    rows = []
    for part in result.undecided[:_MOST_ROWS]:
        ends = zip(result.names[:3], part.low[:3].tolist(), part.high[:3].tolist(), strict=True)
        where = ", ".join(f"{visible(str(n))} in [{down(a, 8)}, {up(b, 8)}]" for n, a, b in ends)
        rows.append([Cell(where, "unknown"), Cell(words.get(part.why, part.why))])
    more = len(result.undecided) - len(rows)
    captions = [f"{more:,} more places; to_dict() and --json have all."] if more else []
    return Tabulated(("undecided", ""), rows, "ll", captions)


def _search(result: Roots) -> Iterator[Fact]:
    kind = "proved" if result.complete else "unknown"
    text = "yes, proved" if result.complete else "? not known"
    yield Fact("complete", text, kind)
    cost = result.cost
    yield Fact("cost", f"{thousands(result.boxes, 'box', 'boxes')}; {seconds_said(cost.seconds)}")
