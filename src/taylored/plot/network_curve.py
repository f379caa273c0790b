"""The curve of a network with one input: data, mean, and the bands of new observations."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.plot.labels import Label, place_labels
from taylored.plot.network_marks import draw_dots
from taylored.plot.style import BAND, CURVE, INK, name_axes
from taylored.report.letters import visible
from taylored.report.network_facts import coverage_clause, holds_said, names_of, short_verdict
from taylored.report.numbers import percent
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.networks.prediction import Prediction
    from taylored.networks.result import Network

__all__ = ["draw"]

_DENSE = 600
_WIDE, _NARROW = 0.9, 0.5  # levels of the bands
_BEYOND = 0.04  # of the range, at both sides


def draw(
    net: Network, axes: list[Any], truth: Callable[[np.ndarray], Any] | None = None
) -> tuple[str, list[str]]:
    """Draw, and return the title and the statement below; `truth` is drawn where it is known."""
    column = net.encoder.columns[0]
    x = net.rows.z[:, 0] * column.scale + column.center
    room = min(_BEYOND * float(np.ptp(x)), column.margin)  # what lies beyond is not trusted
    grid = np.linspace(x.min() - room, x.max() + room, _DENSE)
    table = {column.name: grid} if net.encoder.named else grid
    wide, narrow = net.predict(table, _WIDE), net.predict(table, _NARROW)
    for k, (ax, name) in enumerate(zip(axes, names_of(net), strict=False)):
        y = net.rows.t[:, k] * net.response.scale[k] + net.response.center[k]
        labels = _panel(ax, (grid, x, y), (wide, narrow), k)
        if truth is not None:
            ax.plot(grid, np.reshape(truth(grid), (len(grid), -1))[:, k], color=INK, lw=0.9,
                    zorder=3.5)  # fmt: skip
        name_axes(ax, str(column.name), name)
        ax.figure.canvas.figure.draw_without_rendering()
        if k == 0:
            few = labels if len(axes) == 1 else labels[:2]
            place_labels(ax, few, np.column_stack([x, y]))
    title = short_verdict(net)
    if net.out_of_bag is not None:
        title += f"; {coverage_clause(net, _WIDE)}"
    return title, [_statement(net, wide)]


def _panel(
    ax: Any, points: tuple[np.ndarray, np.ndarray, np.ndarray], found: tuple[Any, Any], k: int
) -> list[Label]:
    """Bands, mean and data of one output; returns the labels."""
    grid, x, y = points
    wide, narrow = found
    mean = wide.value.reshape(len(grid), -1)[:, k]
    labels = [Label("mean of the network", CURVE, grid, mean)]
    if wide.kind is not Accuracy.UNKNOWN and wide.lo is not None:
        labels += [_band(ax, p, grid, k, s) for p, s in ((wide, 0.16), (narrow, 0.26))]
    draw_dots(ax, x, y, len(x), zorder=3)
    ax.plot(grid, mean, color=CURVE, lw=1.9, zorder=4)
    _limits(ax, y, mean)
    beyond = _BEYOND * float(np.ptp(x))
    ax.set_xlim(x.min() - beyond, x.max() + beyond)
    return labels


def _band(ax: Any, p: Prediction, grid: np.ndarray, k: int, strength: float) -> Label:
    assert p.lo is not None and p.hi is not None
    low, high = (end.reshape(len(grid), -1)[:, k] for end in (p.lo, p.hi))
    color = BAND[p.kind]
    edge = (0, (5, 3)) if p.kind is Accuracy.ESTIMATED else None
    ax.fill_between(grid, low, high, color=color, alpha=strength, lw=0, zorder=1.5)
    if edge is not None:
        for side in (low, high):
            ax.plot(grid, side, color=color, lw=0.8, ls=edge, zorder=1.6)
    text = f"{percent(p.level)} of new observations"
    return Label(text, color, np.concatenate([grid, grid]), np.concatenate([low, high]), led=True)


def _limits(ax: Any, y: np.ndarray, mean: np.ndarray) -> None:
    """The range of the data, widened by the mean but not by bands without end."""
    low, high = float(min(y.min(), mean.min())), float(max(y.max(), mean.max()))
    room = 0.14 * (high - low or 1.0)
    ax.set_ylim(low - room, high + room)


def _statement(net: Network, wide: Prediction) -> str:
    if wide.lo is None or wide.kind is Accuracy.UNKNOWN:
        return f"No band, as nothing is known of the accuracy: {visible(wide.why)}."
    text = f"Bands: where {percent(_NARROW)} and {percent(_WIDE)} of new observations fall"
    if net.out_of_bag is None:
        return f"{text} (estimated by Laplace's method, not checked on rows left out)."
    return (
        f"{text} ({wide.kind}); measured {holds_said(net, _NARROW)} and {holds_said(net, _WIDE)}, "
        f"on rows left out."
    )
