"""The pages of looks into a network: influence, importance, leverage, derivative, bound, health."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from taylored.report.letters import shorten, visible
from taylored.report.network_facts import ends_counted, first_findings
from taylored.report.numbers import bounds, number, unclaimed, value_error
from taylored.report.page import Fact, Page, Tabulated, thousands
from taylored.report.table import Cell
from taylored.results import Accuracy, Finding

if TYPE_CHECKING:
    from taylored.networks.bounding import Bound
    from taylored.networks.derivative import Derivative
    from taylored.networks.health import Health, LayerHealth
    from taylored.networks.importance import Importance
    from taylored.networks.influence import Influence
    from taylored.networks.leverage import Leverage

__all__ = ["bound_page", "derivative_page", "health_page", "importance_page", "influence_page"]
__all__ += ["leverage_page"]

_SHOWN = 10
_MOST_ROWS = 20  # of derivatives and bounds
_NAME = 24
_BAR = 10


def _page(
    head: tuple[str, str, str], tables: list[Tabulated], facts: list[Fact],
    findings: Sequence[Finding],
) -> Page:  # fmt: skip
    """Verdict, mark and headline, and what stands below them."""
    shown, more = first_findings(findings)
    return Page(*head, tables, [*facts, *more], shown)


# ---- influence ----


def influence_page(result: Influence, room: int) -> Page:
    """The largest parameters with their local factors, and the layers."""
    symbol = result.target.symbol
    article = "" if result.target.what.startswith(("half", "-")) else "the "
    size = number(float(np.linalg.norm(result.gradient)), 4)
    verdict = (
        f"{symbol} = {number(result.value, 6)}, {article}{result.target.what}; its gradient by "
        f"{thousands(len(result), 'parameter')} has the length {size}."
    )
    head = f"member {result.member} of 0 to {result.members - 1}" if result.members > 1 else ""
    tables = [_parameters(result, room), _lengths(result)]
    facts = [Fact("check", str(result.check), "" if result.check.ok else "bold red")]
    return _page((verdict, str(result.kind), head), tables, facts, result.findings)


def _parameters(result: Influence, room: int) -> Tabulated:
    symbol, digits = result.target.symbol, 4 if room >= 88 else 3
    rows = []
    for row in result.top(_SHOWN):
        factors = [Cell(number(v, digits)) for _, v in row.factors] or [Cell("")] * 3
        rows.append([
            Cell(visible(row.name), "bold"), Cell(number(row.value, digits), "dim"), *factors,
            Cell(number(row.total, 5)),
        ])  # fmt: skip
    titles = ("parameter", "value", f"∂{symbol}/∂a", "∂a/∂u", "∂u/∂w", f"∂{symbol}/∂w")
    rows = _named(rows, titles, room)
    left = len(result) - len(rows)
    captions = []
    if any(row[2].text for row in rows):
        captions.append(
            f"∂{symbol}/∂w is the product of the three: u is the sum of a unit, a its value."
        )
    if left:
        more = f"and {left:,} more parameter{'s' * (left > 1)}"
        captions.append(f"{more}: .top(k), [name], .paths(name)")
    return Tabulated(titles, rows, "lrrrrr", captions)


def _named(rows: list[list[Cell]], titles: Sequence[str], room: int) -> list[list[Cell]]:
    """The names of parameters in the room that the numbers leave: whole, else in short."""
    columns = [[t, *(row[k].text for row in rows)] for k, t in enumerate(titles) if k]
    left = max(_NAME, room - sum(2 + max(map(len, c)) for c in columns if any(c[1:])))
    names = [row[0].text for row in rows]
    if max(map(len, names)) > left:
        names = [shorten(_brief(n), left) for n in names]
    return [[Cell(n, "bold"), *row[1:]] for n, row in zip(names, rows, strict=True)]


def _brief(name: str) -> str:
    """`1: mass → u13` of `layer 1: mass -> unit 13`."""
    name = re.sub(r"^layer (\d+): ", r"\1: ", name)
    name = re.sub(r"^(\d+: )unit (\d+)(?= -> )", r"\1u\2", name)
    return re.sub(r"(-> |^\d+: bias of )unit (\d+)$", r"\1u\2", name).replace(" -> ", " → ")


def _lengths(result: Influence) -> Tabulated:
    rows = [
        [
            Cell(shorten(visible(layer.name), 30), "bold"), Cell(f"{layer.size:,}", "dim"),
            Cell(number(layer.norm, 4)),
        ]
        for layer in result.layers[:_MOST_ROWS]
    ]  # fmt: skip
    return Tabulated(("layer", "parameters", "length of gradient"), rows, "lrr")


# ---- importance ----


def importance_page(result: Importance, room: int) -> Page:
    """Inputs by how much the error of unseen rows rises without them."""
    order = result.ranked()
    base, clear = number(result.base, 3), [k for k in order if result.clear[k]]
    if result.kind is not Accuracy.UNKNOWN and clear:
        first = clear[0]
        name, most = visible(result.names[first]), " most" * (first == order[0])
        rise = value_error(float(result.value[first]), float(result.stderr[first]))
        verdict = f"{name} matters{most}: without it the {result.error}, {base}, rises by {rise}."
    else:
        verdict = (
            f"No effect of any single input is seen: the {result.error}, {base}, does not clearly "
            "rise without it."
        )
    largest = float(result.value[order[0]])
    rows = [_input(result, k, largest) for k in order[:_MOST_ROWS]]
    left = len(order) - len(rows)
    caption = (
        f"rise: of the {result.error} of rows that the members have not seen, when the input is "
        f"shuffled ({thousands(result.rows, 'row')}, {result.repeats} times). "
        f"Intervals at {100 * result.level:g} %, {result.kind}."
    )
    captions = [*([f"and {thousands(left, 'input')} more"] if left else []), caption]
    table = Tabulated(("input", "rise", "interval", "", "note"), rows, "lrlll", captions)
    return _page((verdict, str(result.kind), ""), [table], [], result.findings)


def _input(result: Importance, k: int, largest: float) -> list[Cell]:
    value, stderr = float(result.value[k]), float(result.stderr[k])
    bar = "█" * max(round(_BAR * value / largest), 0) if largest > 0 else ""
    note = "" if result.clear[k] else "no effect seen"
    return [
        Cell(shorten(visible(result.names[k]), _NAME), "bold"), Cell(value_error(value, stderr)),
        Cell(bounds(float(result.lo[k]), float(result.hi[k])), str(result.kind)), Cell(bar),
        Cell(note, "dim"),
    ]  # fmt: skip


# ---- leverage ----


def leverage_page(result: Leverage, room: int) -> Page:
    """The rows that move their own prediction most."""
    count, outliers = len(result.influential), len(result.outlying)
    moving = "1 row moves its own prediction" if count == 1 else (
        f"{thousands(count, 'row') if count else 'No row'} move{'s' * (not count)} "
        f"{'their' if count else 'its'} own prediction")  # fmt: skip
    odd = "1 is an outlier" if outliers == 1 else f"{outliers or 'none'} are outliers"
    odd = odd if outliers else "none is an outlier"
    verdict = f"{moving} by more than a standard deviation; {odd}."
    rows = [_row(result, k) for k in result.top(_SHOWN)]
    captions = [
        "leverage: ∂prediction/∂y of the row itself, 0 to 1 (estimated, from the curvature). "
        "residual: in standard deviations of the noise"
        + (", by members that have not seen the row. " if result.unseen else ". ")
        + "move: how far the prediction moves when the row is left out, in the same unit. "
        "Cook: Cook's distance."
    ]
    titles = ("row", "leverage", "residual", "move", "Cook", "note")
    facts = [Fact(
        "leverage", f"{number(result.effective, 3)} in all, the number of parameters that the rows "
        f"determine; {number(float(result.value.mean()), 2)} on average",
    )]  # fmt: skip
    table = Tabulated(titles, rows, "rrrrrl", captions)
    return _page((verdict, str(result.kind), ""), [table], facts, result.findings)


def _row(result: Leverage, k: int) -> list[Cell]:
    row = int(result.rows[k])
    outlying = row in result.outlying
    note = "outlier" if outlying else "high leverage" if row in result.high else ""
    return [
        Cell(str(row), "bold"), Cell(number(float(result.value[k]), 2)),
        Cell(f"{result.residual[k]:.2f}"), Cell(f"{result.move[k]:.2f}"),
        Cell(number(float(result.cook[k]), 2)), Cell(note, "bold yellow" if outlying else "dim"),
    ]  # fmt: skip


# ---- derivative ----


def derivative_page(result: Derivative, room: int) -> Page:
    """The derivatives of the first rows."""
    rows = len(result.value)
    by = ", ".join(visible(n) for n in result.inputs[:4])
    by += f" and {len(result.inputs) - 4} more" if len(result.inputs) > 4 else ""
    of = visible(result.outputs[0]) if len(result.outputs) == 1 else "each output"
    verdict = f"The derivative of {of} by {by} at {thousands(rows, 'row')}"
    doubtful = int((~result.trusted).sum())
    verdict += f"; {doubtful} of them outside of the training data." if doubtful else "."
    facts = [Fact("kind", _kind_of(result), str(result.kind))]
    return _page((verdict, str(result.kind), ""), [_derivatives(result)], facts, result.findings)


def _kind_of(result: Derivative) -> str:
    if result.kind is Accuracy.UNKNOWN:
        return f"unknown: {result.why}"
    return (
        f"intervals at {100 * result.level:g} %, {result.kind}: how far the rows determine the "
        "members, how these differ, and how a Gaussian process differs from them"
    )


def _derivatives(result: Derivative) -> Tabulated:
    shape = (len(result.value), len(result.outputs), len(result.inputs))
    value = result.value.reshape(shape)
    ends = None
    if result.lo is not None and result.hi is not None and result.stderr is not None:
        ends = [v.reshape(shape) for v in (result.lo, result.hi, result.stderr)]
    places = [(r, j, k) for r in range(shape[0]) for j in range(shape[1]) for k in range(shape[2])]
    rows = []
    for place in places[:_MOST_ROWS]:
        r, j, k = place
        text, interval = unclaimed(float(value[place])), "?"
        if ends is not None and result.trusted[r]:
            lo, hi, stderr = (float(v[place]) for v in ends)
            text, interval = value_error(float(value[place]), stderr), bounds(lo, hi)
        rows.append([
            Cell(str(r + 1), "dim"), Cell(_short(result.outputs[j], len(result.outputs)), "dim"),
            Cell(shorten(visible(result.inputs[k]), _NAME), "bold"), Cell(text),
            Cell(interval, str(result.kind) if interval != "?" else "unknown"),
            Cell("" if result.trusted[r] else "outside", "dim"),
        ])  # fmt: skip
    left = len(places) - len(rows)
    captions = [f"and {thousands(left, 'derivative')} more"] if left else []
    titles = ("row", "of", "by", "derivative", "interval", "note")
    return Tabulated(titles, rows, "rllrll", captions)


def _short(name: str, count: int) -> str:
    return shorten(visible(name), 14) if count > 1 else ""


# ---- bound ----


def bound_page(result: Bound, room: int) -> Page:
    """The box, and what prediction and derivatives lie between on it."""
    kind = result.value.kind
    low, high = np.atleast_1d(result.value.lo), np.atleast_1d(result.value.hi)
    if len(low) == 1:
        text = bounds(float(low[0]), float(high[0]))
        verdict = f"On the box the prediction of {visible(result.outputs[0])} is in {text}, {kind}."
    else:
        verdict = f"Ranges of {len(low)} outputs over the box, {kind}."
    tables = [_values(result, low, high)] if len(low) > 1 else []
    tables.append(_slopes(result))
    box = ", ".join(_sides(result))
    facts = [Fact("box", box), Fact("method", result.value.method)]
    if result.value.note:
        facts.append(Fact("width", result.value.note))
    facts.append(Fact("means", "the prediction of the network, not the truth it was trained on"))
    return _page((verdict, str(kind), ""), tables, facts, result.findings)


def _sides(result: Bound) -> list[str]:
    ends = zip(result.inputs, result.lo, result.hi, strict=True)
    sides = [f"{visible(n)} in [{number(a, 6)}, {number(b, 6)}]" for n, a, b in ends]
    return sides[:_SHOWN] + [f"{visible(n)} = {visible(v)}" for n, v in result.fixed.items()]


def _values(result: Bound, low: np.ndarray, high: np.ndarray) -> Tabulated:
    rows = [
        [Cell(shorten(visible(n), _NAME), "bold"), Cell(bounds(float(a), float(b)), "proved")]
        for n, a, b in zip(result.outputs, low, high, strict=True)
    ]
    return Tabulated(("output", "range"), rows[:_MOST_ROWS], "ll")


def _slopes(result: Bound) -> Tabulated:
    shape = (len(result.outputs), len(result.inputs))
    low, high = (np.reshape(e, shape) for e in (result.derivative.lo, result.derivative.hi))
    kind, rows = str(result.derivative.kind), []
    for j in range(shape[0]):
        for k in range(shape[1]):
            a, b = float(low[j, k]), float(high[j, k])
            trend = "rises" if a > 0 else "falls" if b < 0 else ""
            rows.append([
                Cell(_short(result.outputs[j], shape[0]), "dim"),
                Cell(shorten(visible(result.inputs[k]), _NAME), "bold"), Cell(bounds(a, b), kind),
                Cell(trend),
            ])  # fmt: skip
    left = len(rows) - _MOST_ROWS
    captions = [f"and {thousands(left, 'derivative')} more"] if left > 0 else []
    titles = ("of", "by", f"derivative, {kind}", "on the box")
    return Tabulated(titles, rows[:_MOST_ROWS], "llll", captions)


# ---- health ----


def health_page(result: Health, room: int) -> Page:
    """Layers with their gradients and idle units, members, the gradient check."""
    count = thousands(result.members, "member")
    bad = [f for f in result.findings if f.severity != "note"]
    verdict = f"Nothing is wrong with the training of {count}."
    if bad:
        verdict = f"{thousands(len(bad), 'thing')} to look at: {', '.join(f.name for f in bad)}."
    facts = list(_health_facts(result, count))
    mark = str(Accuracy.ESTIMATED if result.check.ok else Accuracy.UNKNOWN)
    return _page((verdict, mark, ""), [_layer_table(result)], facts, result.findings)


def _health_facts(result: Health, count: str) -> Iterator[Fact]:
    said = ends_counted(result.ends)
    yield Fact("members", said if result.members > 1 else f"{count}: {said}")
    if result.effective > 0:  # not known of Adam, nor without an evidence
        used = f"{number(result.effective, 3)} of {result.parameters:,} are determined by "
        yield Fact("parameters", used + thousands(result.rows, "row"))
    yield Fact("gradients", f"first layer over last: {number(result.ratio, 2)}")
    yield Fact("check", str(result.check), "" if result.check.ok else "bold red")


def _layer_table(result: Health) -> Tabulated:
    rows = [_layer(layer) for layer in result.layers[:_MOST_ROWS]]
    caption = (
        "gradient: of the loss of single rows, root mean square over rows, members and parameters. "
        "left: of the mean over the rows, which the weight decay balances."
    )
    if any(layer.units is not None for layer in result.layers):
        caption += " idle, saturated: units, on average over the members."
    titles = ("layer", "parameters", "units", "gradient", "left", "idle", "saturated")
    return Tabulated(titles, rows, "lrrrrrr", [caption])


def _layer(layer: LayerHealth) -> list[Cell]:
    return [
        Cell(shorten(visible(layer.name), _NAME), "bold"), Cell(f"{layer.parameters:,}", "dim"),
        Cell("" if layer.units is None else str(layer.units), "dim"),
        Cell(number(layer.gradient, 3)), Cell(number(layer.pull, 2)), _units(layer.dead),
        _units(layer.saturated),
    ]  # fmt: skip


def _units(count: float | None) -> Cell:
    return Cell("") if count is None else Cell(number(count, 2))
