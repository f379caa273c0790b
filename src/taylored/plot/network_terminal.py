"""A network as a picture of characters: its curve, prediction against truth, or reliability."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from taylored.networks.classes import ClassesOutOfBag
from taylored.plot.canvas import Canvas, Range, ticks, widened
from taylored.plot.network import chosen_kind
from taylored.plot.network_truth import seen_rows
from taylored.plot.terminal import Frame
from taylored.report.letters import ascii_only, shorten, visible
from taylored.report.network_facts import names_of, short_verdict

if TYPE_CHECKING:
    from taylored.networks.result import Network

__all__ = ["terminal_network"]

_ROWS = 16
_DENSE = 400

Drawn = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, str, str]


def terminal_network(
    net: Network, kind: str = "auto", *, width: int = 72, unicode: bool = True, color: bool = False
) -> str:
    """The picture of a kind as text.

    Args:
        net: any network.
        kind: as for `plot_network`.
        width: in characters, at least 30.
        unicode: False for plain ASCII.
        color: whether to color it by escape sequences.
    """
    kind = chosen_kind(net, kind)
    if kind == "importance":
        return net.importance().report(width=max(width, 30), color=color, unicode=unicode)
    x, y, along, line, title, text = _drawn(net, kind)
    many = len(x) > max(width, 30)
    span, reach = _range(x, along), _range(y, line)
    names = ticks(reach, _ROWS // 3)
    gutter = min(max((len(t) for _, t in names), default=0), width // 3)
    columns = max(width, 30) - gutter - 1
    canvas = Canvas(_ROWS, columns, span, reach, many=many)
    canvas.line(along, line)
    canvas.points(x, y)
    frame = Frame(gutter, unicode, color)
    mark = ("⠂" if many else "●") if unicode else "o"
    legend = f"{title}   {mark} rows  {'⠒⠒' if unicode else '--'} {text}"
    clean = (lambda t: t) if unicode else ascii_only
    lines = [shorten(clean(visible(t)), max(width, 30)) for t in (short_verdict(net), legend)]
    lines += frame.around(canvas, names)
    lines += frame.below(canvas, ticks(span, max(columns // 12, 2)))
    return "\n".join(part.rstrip() for part in lines)


def _range(a: np.ndarray, b: np.ndarray) -> Range:
    every = np.concatenate([a, b])
    every = every[np.isfinite(every)]
    return widened(float(every.min()), float(every.max()), 0.03)


def _drawn(net: Network, kind: str) -> Drawn:
    """Points, the line, and the words over them."""
    if kind == "curve":
        return _curve(net)
    if kind == "learning":
        trace = np.asarray(net.training.trace, float)
        steps = np.arange(1.0, len(trace) + 1)
        none = np.empty(0)
        return none, none, steps, np.log10(trace), "log10 of the loss against the step", "loss"
    if isinstance(net.out_of_bag, ClassesOutOfBag):
        bins = net.out_of_bag.reliability()
        ends = np.array([min(bins.said.min(), bins.right.min()), 1.0])
        title = "share that is right against its probability"
        return bins.said, bins.right, ends, ends, title, "as said"
    if kind == "reliability":
        levels = np.arange(0.05, 0.96, 0.05)
        held = np.array([net.coverage(float(level))[0].value for level in levels])
        ends = np.array([0.0, 1.0])
        return levels, held, ends, ends, "share inside against the level", "as said"
    seen = seen_rows(net)
    ends = np.array([seen.predicted.min(), seen.predicted.max()])
    title = f"{names_of(net)[0]} against its prediction"
    return seen.predicted, seen.truth, ends, ends, title, "equal"


def _curve(net: Network) -> Drawn:
    column = net.encoder.columns[0]
    x = net.rows.z[:, 0] * column.scale + column.center
    y = net.rows.t[:, 0] * net.response.scale[0] + net.response.center[0]
    grid = np.linspace(x.min(), x.max(), _DENSE)
    table = {column.name: grid} if net.encoder.named else grid
    value = net.predict(table).value.reshape(_DENSE, -1)[:, 0]
    title = f"{names_of(net)[0]} against {column.name}"
    return x, y, grid, value, title, "network"
