"""The chain rule of a function as text, HTML and JSON: nodes, local factors, paths."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.networks.chain_fold import Group, fold
from taylored.report.letters import shorten, visible
from taylored.report.numbers import number
from taylored.report.page import Fact, Page, Tabulated, page_html, page_text
from taylored.report.series_terms import up
from taylored.report.sheet import finding_document, style_of
from taylored.report.table import Cell

if TYPE_CHECKING:
    from taylored.networks.chain import Chain
    from taylored.networks.chain_graph import Edge, Node
    from taylored.networks.chain_influence import Path, PathInfluence

__all__ = [
    "MOST_INPUTS", "MOST_PATHS", "SCHEMA", "chain_dict", "chain_html", "chain_line",
    "chain_report", "influence_dict", "influence_line", "influence_text", "numbers_said", "verdict",
]  # fmt: skip

SCHEMA = "taylored-chain/1"

MOST_INPUTS = 6  # whose influence stands in the verdict and is listed by paths
MOST_PATHS = 4  # of one input in the report of all
_MOST_LINES = 6  # of one path
_ROUNDED = 1e-12  # relative


# ---- one line ----


def verdict(result: Chain) -> str:
    """What was found in one sentence."""
    errors = [f for f in result.findings if f.severity == "error"]
    if errors:
        return errors[0].message
    layout = result.question.layout
    value = f"{visible(result.name)} = {number(result.value, 6)}"
    if layout.size > MOST_INPUTS:
        size = number(float(np.linalg.norm(result.flat)), 4)
        text = f"{value}; its gradient by {layout.size:,} inputs has the size {size}"
    else:
        text = f"{value}; " + ", ".join(
            f"{_partial(result.name, layout.name(k))} = {number(float(d), 6)}"
            for k, d in enumerate(result.flat)
        )
    doubt = [f for f in result.findings if f.severity == "warning"]
    return f"{text}; see {doubt[0].name}." if doubt else f"{text}."


def chain_line(result: Chain) -> str:
    """For `repr`."""
    count = len(result.nodes)
    return f"<chain rule, {count} nodes, {len(result.edges)} edges: {visible(verdict(result))}>"


def influence_line(result: PathInfluence) -> str:
    """For `repr`."""
    what = _partial(result.output, result.name)
    if np.ndim(result.total):
        total = f"of shape {np.shape(result.total)}"
    else:
        total = f"= {number(float(result.total), 6)}"
    return f"<influence: {visible(what)} {total}, {_counted(result)}>"


def _partial(output: str, name: str) -> str:
    return f"∂{output}/∂{name}"


def _counted(result: PathInfluence) -> str:
    if math.isnan(result.count):
        return "paths not counted"
    return "1 path" if result.count == 1 else f"{_many(result.count)} paths"


def _many(count: float) -> str:
    """A count; in words of its size where it is no longer exact."""
    return f"{count:,.0f}" if count < 2.0**53 else f"about {number(count, 2)}"


# ---- text ----


def chain_report(
    result: Chain, *, width: int | None = None, color: bool = False, unicode: bool = True
) -> str:
    """The report as text.

    Args:
        result: any chain rule.
        width: in characters (default: that of the terminal, at most 100).
        color: whether to color it by escape sequences.
        unicode: False for plain ASCII.
    """
    room = style_of(width, color, unicode).width
    return page_text(_lettered(_page(result, room), unicode), width, color, unicode)


def influence_text(
    result: PathInfluence, *, width: int | None = None, color: bool = False, unicode: bool = True
) -> str:
    """The sum over paths as text; options as in `chain_report`."""
    room = style_of(width, color, unicode).width
    what = _partial(result.output, result.name)
    total = numbers_said(result.total, 8)
    page = Page(
        f"{what} = {total}: {_counted(result)}.", str(result.accuracy),
        tables=(_paths_table(result, room), *_factor_tables(result)), facts=_agreement(result),
    )  # fmt: skip
    return page_text(_lettered(page, unicode), width, color, unicode)


def _lettered(page: Page, unicode: bool) -> Page:
    """The page with a plain d for the sign of partial derivatives, where there is only ASCII."""
    if unicode:
        return page
    tables = [
        Tabulated([_plain_d(t) for t in part.titles],
                  [[Cell(_plain_d(c.text), c.color) for c in row] for row in part.rows],
                  part.sides, [_plain_d(c) for c in part.captions])
        for part in page.tables
    ]  # fmt: skip
    return replace(page, verdict=_plain_d(page.verdict), tables=tables)


def _plain_d(text: str) -> str:
    return text.replace("∂", "d")


def chain_html(result: Chain) -> str:
    """The report for a notebook."""
    return page_html(_page(result, 100))


def _page(result: Chain, room: int) -> Page:
    question = result.question
    head = f"{visible(result.name)} = {question.formula}" if question.formula else ""
    folded = fold(result.graph)
    tables = [_node_table(result, folded.groups, room)]
    if not folded.folded:
        tables.append(_edge_table(result.edges, room))
    tables += _influences(result, room)
    mark = str(result.accuracy) if result.usable else "unknown"
    return Page(result.status, mark, head, tables, _facts(result), result.findings)


def _node_table(result: Chain, groups: Sequence[Group], room: int) -> Tabulated:
    rows = []
    wide = max(room - 52, 16)
    for group in groups:
        node = group.last
        text = group.text or "input"
        rows.append([
            Cell(shorten(visible(group.name), 18), "bold"),
            Cell(shorten(visible(text), wide), "dim"),
            Cell(_shape(node.value), "dim"), Cell(numbers_said(node.value, 5)),
            Cell(numbers_said(node.adjoint, 5)),
        ])  # fmt: skip
    caption = f"adjoint: ∂{visible(result.name)}/∂(the value); of arrays the least and the largest"
    hidden = len(result.nodes) - len(groups)
    if hidden:
        caption += f"; {hidden:,} steps are folded into the lines that they belong to"
    titles = ("name", "made by", "shape", "value", "adjoint")
    return Tabulated(titles, rows, "lllrr", (caption + ".",))


def _edge_table(edges: Sequence[Edge], room: int) -> Tabulated:
    wide = max(room - 48, 16)
    rows = []
    for edge in edges:
        rows.append([
            Cell(shorten(visible(edge.label), 26), "bold"),
            Cell(shorten(visible(edge.symbol), wide)),
            Cell(numbers_said(edge.factor, 5) if edge.factor is not None else ""),
            Cell("" if edge.kind == "number" else edge.kind, "dim"),
        ])  # fmt: skip
    return Tabulated(("local factor", "formula", "number", "kind"), rows, "llrl")


def _influences(result: Chain, room: int) -> list[Tabulated]:
    """The paths of each input, where there are few inputs of one number."""
    layout = result.question.layout
    if layout.size > MOST_INPUTS:
        return []
    names = [layout.name(k) for k in range(layout.size)]
    return [_paths_table(result.influence(name, MOST_PATHS), room) for name in names]


def _paths_table(result: PathInfluence, room: int) -> Tabulated:
    """One row for each path, then the rest and the sum."""
    whole = _partial(result.output, result.name)
    said = [numbers_said(path.product, 6) for path in result.paths]
    wide = max(room - max(map(len, (whole, *said, "-1.23456e-10"))) - 2, 24)
    rows = [row for path in result.paths for row in _path_rows(path, wide)]
    if result.reason:  # the sum is known all the same: it stands in the verdict
        rows = [[Cell(result.reason), Cell("")]]
    elif result.count == 0:
        rows = [[Cell("no path leads to the output"), Cell("0")]]
    single = np.ndim(result.total) == 0
    left = result.count - len(result.paths)
    if left > 0 and single:
        more = f"and {_many(left)} more paths, together"
        rows.append([Cell(more, "dim"), Cell(numbers_said(result.rest, 6), "dim")])
    if single and not result.reason:
        sum_said = "sum over all paths" if result.count != 1 else "the only path"
        rows.append([Cell(sum_said, "bold"), Cell(numbers_said(result.total, 6), "bold")])
    title = f"paths of {visible(shorten(result.name, 24))}"
    return Tabulated((title, whole), rows, "lr")


def _path_rows(path: Path, wide: int) -> list[list[Cell]]:
    """The nodes of a path and, where they take little room, the factors; as many lines as needed.

    Of a very long path the middle is left out: where it starts and ends is what tells it apart.
    """
    lines = _broken([visible(n) for n in path.nodes], " > ", wide)
    values = [f.value for f in path.factors]
    if len(values) > 1 and all(v is not None for v in values):
        numbers = [_factor_said(float(v)) for v in values]  # type: ignore[arg-type]
        if len(lines) == 1 and len(f"{lines[0]}:  {' * '.join(numbers)}") <= wide:
            lines = [f"{lines[0]}:  {' * '.join(numbers)}"]
        else:
            more = _broken(numbers, " * ", wide - 2)
            lines += [f"= {more[0]}", *(f"  {line}" for line in more[1:])] if len(more) < 3 else []
    product = numbers_said(path.product, 6)
    return [[Cell(line), Cell(product if k == 0 else "")] for k, line in enumerate(lines)]


def _broken(words: Sequence[str], between: str, wide: int) -> list[str]:
    """Words on lines of a width, later ones set in; the middle of very many lines left out."""
    lines = [""]
    for k, word in enumerate(words):
        piece = shorten(word, wide - 6) + (between.rstrip() if k < len(words) - 1 else "")
        if lines[-1].strip() and len(f"{lines[-1]} {piece}") > wide:
            lines.append("   ")
        lines[-1] += f" {piece}" if lines[-1].strip() else piece
    if len(lines) <= _MOST_LINES:
        return lines
    half = _MOST_LINES // 2
    return [*lines[:half], f"   ... {len(lines) - 2 * half:,} more lines ...", *lines[-half:]]


def _factor_said(value: float) -> str:
    text = number(value, 4)
    return f"({text})" if value < 0 else text


def _factor_tables(result: PathInfluence) -> list[Tabulated]:
    """The factors of the strongest path, one by one, where it does not fit in a line."""
    if not result.paths or len(result.paths[0].factors) < 2:
        return []
    rows = []
    for factor in result.paths[0].factors:
        value = factor.kind if factor.value is None else number(factor.value, 6)
        rows.append(
            [Cell(visible(factor.label), "bold"), Cell(visible(factor.symbol)), Cell(value)]
        )
    product = result.paths[0].product
    rows.append([Cell("product"), Cell(""), Cell(numbers_said(product, 6), "bold")])
    return [Tabulated(("the strongest path", "formula", "number"), rows, "llr")]


def _agreement(result: PathInfluence) -> tuple[Fact, ...]:
    """Whether the sum over all paths is the gradient; nothing between arrays or endless numbers."""
    if np.ndim(result.total) or not np.isfinite([result.total, result.over_paths]).all():
        return ()
    gap = abs(result.over_paths - result.total) / (abs(result.total) or 1.0)
    text = "the sum over all paths, from a walk of its own, is the gradient within rounding"
    if gap > _ROUNDED:
        text = f"the sum over all paths and the gradient differ by {up(gap)} relative"
    return (Fact("agreement", text),)


def _facts(result: Chain) -> list[Fact]:
    facts = [Fact("check", str(result.check)), Fact("cost", str(result.cost))]
    error = result.rounding
    if error.reason:
        text = f"unknown: {error.reason}; ty.check(f, x) measures it"
        facts.append(Fact("accuracy", text, "unknown"))
    elif str(result.accuracy) == "estimated":
        worst = float(np.max(error.gradient))
        text = (f"derivatives right to about {up(worst) if worst else '0'}, estimated: 3 times the "
                "spread of five walks with every result moved by up to two roundings")  # fmt: skip
        facts.append(Fact("accuracy", text, "estimated"))
    else:
        doubts = [f.name for f in result.findings if f.severity != "note"]
        text = f"unknown: see {doubts[0]}" if doubts else "unknown"
        facts.append(Fact("accuracy", text, "unknown"))
    return facts


# ---- numbers ----


def numbers_said(value: Any, digits: int) -> str:
    """A number; of an array the least and the largest."""
    if value is None:
        return "0"
    array = np.asarray(value)
    if array.dtype.kind not in "fiu" or not array.size:
        return str(array.dtype)
    if array.ndim == 0 or array.size == 1:
        return number(float(array.reshape(-1)[0]) + 0.0, digits)
    if np.isnan(array).any():
        return "some are not known"
    low, high = float(array.min()) + 0.0, float(array.max()) + 0.0
    digits = min(digits, 3)
    if low == high:
        return f"all {number(low, digits)}"
    return f"{number(low, digits)} to {number(high, digits)}"


def _shape(value: Any) -> str:
    shape = np.shape(value)
    return "x".join(map(str, shape)) if shape else ""


# ---- JSON ----


def chain_dict(result: Chain) -> dict[str, Any]:
    """Everything as dictionaries, lists, text, numbers and None (not finite)."""
    question = result.question
    influences = []
    if question.layout.size <= MOST_INPUTS:
        names = [question.layout.name(k) for k in range(question.layout.size)]
        influences = [influence_dict(result.influence(n)) for n in names]
    error = result.rounding
    return {
        "schema": SCHEMA,
        "function": question.formula or question.name,
        "usable": bool(result.usable),
        "status": result.status,
        "accuracy": str(result.accuracy),
        "value": _plain(result.value),
        "value_error": _plain(error.value),
        "gradient": {
            name: {"derivative": _plain(d), "error": _plain(e)}
            for name, d, e in zip(
                question.layout.names(range(question.layout.size)), result.flat, error.gradient,
                strict=True,
            )
        },
        "nodes": [_node_dict(n) for n in result.nodes],
        "edges": [_edge_dict(e) for e in result.edges],
        "influences": influences,
        "taylor_test": {"slope": _plain(result.check.slope), "kind": result.check.kind},
        "cost": {"forward": result.cost.forward, "reverse": result.cost.reverse,
                 "edges": result.cost.edges, "kept": result.cost.kept},
        "findings": [finding_document(f) for f in result.findings],
    }  # fmt: skip


def influence_dict(result: PathInfluence) -> dict[str, Any]:
    """A sum over paths as plain values."""
    return {
        "input": result.name,
        "output": result.output,
        "total": _plain(result.total),
        "paths": [
            {"nodes": list(p.nodes), "product": _plain(p.product),
             "factors": [{"factor": f.label, "formula": f.symbol, "value": _plain(f.value),
                          "kind": f.kind} for f in p.factors]}
            for p in result.paths
        ],
        "count": _plain(result.count),
        "accuracy": str(result.accuracy),
        "rest": _plain(result.rest),
        "reason": result.reason,
    }  # fmt: skip


def _node_dict(node: Node) -> dict[str, Any]:
    return {"name": node.name, "operation": node.operation, "value": _plain(node.value),
            "adjoint": _plain(node.adjoint), "line": node.line}  # fmt: skip


def _edge_dict(edge: Edge) -> dict[str, Any]:
    return {"source": edge.source, "target": edge.target, "formula": edge.symbol,
            "factor": _plain(edge.factor), "kind": edge.kind}  # fmt: skip


def _plain(value: Any) -> Any:
    if value is None:
        return None
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        return None
    if array.ndim:
        return [_plain(v) for v in array]
    number_ = float(array)
    return number_ if math.isfinite(number_) else None
