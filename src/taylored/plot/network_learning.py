"""How the loss fell step by step, beside the loss on rows that were left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.networks.classes import ClassesOutOfBag
from taylored.plot.labels import Label, place_labels
from taylored.plot.plane import dense
from taylored.plot.style import BAND, CURVE, INK, name_axes
from taylored.report.network_facts import ends_said, shape_said
from taylored.report.numbers import number
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.networks.result import Network

__all__ = ["draw", "unseen_loss"]

_DOTS = 60  # steps that are marked one by one


def draw(net: Network, axes: list[Any]) -> tuple[str, list[str]]:
    """Draw, and return the title and the statement below."""
    ax, training = axes[0], net.training
    trace = np.asarray(training.trace, float)
    steps = np.arange(1, len(trace) + 1)
    logarithmic = bool((trace[np.isfinite(trace)] > 0).all())
    if logarithmic:
        ax.set_yscale("log")
    lines = [_line(ax, steps, trace, "training rows", (CURVE, "-"))]
    if len(training.validation):
        there = np.linspace(1, len(trace), len(training.validation))
        losses = np.asarray(training.validation, float)
        text = f"rows left out for stopping{_best(ax, there, losses)}"
        lines.append(_line(ax, there, losses, text, (INK, (0, (5, 3)))))
    level = unseen_loss(net)
    if level is not None:
        lines.append(_level(ax, steps, level))
    name_axes(ax, "epoch" if training.solver == "adam" else "step", "mean loss of a row")
    ax.set_xlim(1 - 0.03 * len(trace), len(trace) * 1.03)
    _limits(ax, [line.y for line in lines], logarithmic=logarithmic)
    ax.figure.canvas.figure.draw_without_rendering()
    covered = [dense(ax, np.column_stack([n.x, n.y])) for n in lines if n.middle is None]
    place_labels(ax, lines, np.concatenate(covered))
    return _title(net), _statement(net, level)


def _line(ax: Any, x: np.ndarray, y: np.ndarray, text: str, look: tuple[str, Any]) -> Label:
    color, style = look
    ax.plot(x, y, color=color, lw=1.8, ls=style, marker="o" if len(x) <= _DOTS else "", ms=3.6,
            mec="white", mew=0.5, zorder=4)  # fmt: skip
    good = np.isfinite(y)
    return Label(text, color, x[good].astype(float), y[good])


def _best(ax: Any, x: np.ndarray, y: np.ndarray) -> str:
    """A diamond where the rows left out were predicted best, and what the label says of it."""
    best = int(np.nanargmin(y))
    if best == len(y) - 1:
        return ""
    ax.plot(x[best], y[best], "D", ms=6.5, color="white", mec=INK, mew=1.2, zorder=6)
    return " (diamond: the best, which was taken)"


def unseen_loss(net: Network) -> tuple[float, float] | None:
    """The loss of rows left out and its standard error, in the unit of the trace.

    Of classes it is the log loss of the report, of calibrated probabilities.
    """
    found, score = net.out_of_bag, net.score
    if isinstance(found, ClassesOutOfBag):
        return None if score is None else (score.value, score.stderr)
    if found is None:
        return None
    losses = 0.5 * ((found.residual * found.ratio) ** 2).sum(1)
    weights = np.ones(len(losses)) if found.weights is None else found.weights
    mean, weights = float(np.average(losses, weights=weights)), weights / weights.sum()
    return mean, float(np.sqrt(((weights * (losses - mean)) ** 2).sum()))


def _level(ax: Any, steps: np.ndarray, level: tuple[float, float]) -> Label:
    value, error = level
    ax.axhspan(value - error, value + error, color=BAND[Accuracy.CALIBRATED], alpha=0.22, lw=0,
               zorder=1.5)  # fmt: skip
    x = np.linspace(steps[0], steps[-1], 80)
    twice, ends = np.concatenate([x, x]), np.repeat([value - error, value + error], 80)
    middle = np.full(160, value)
    text = "mean of the members, rows left out"
    return Label(text, BAND[Accuracy.CALIBRATED], twice, ends, middle)


def _limits(ax: Any, values: list[np.ndarray], *, logarithmic: bool) -> None:
    every = np.concatenate(values)
    low, high = float(every.min()), float(every.max())
    if logarithmic:
        room = max((high / low) ** 0.1, 1.25)
        ax.set_ylim(low / room, high * room)
        _plain_ticks(ax)
    else:
        room = 0.1 * (high - low or 1.0)
        ax.set_ylim(low - room, high + room)


def _plain_ticks(ax: Any) -> None:
    """1, 2 and 5 of each power of ten, written as numbers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    low, high = ax.get_ylim()
    decades = np.log10(high / low)
    subs = (1.0, 2.0, 5.0) if decades < 3 else (1.0,)
    ax.yaxis.set_major_locator(LogLocator(subs=subs, numticks=30))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, 3)))


def _title(net: Network) -> str:
    return f"Training of {shape_said(net)}: {ends_said(net)}"


def _statement(net: Network, level: tuple[float, float] | None) -> list[str]:
    classes = net.task == "classification"
    what = "-log probability of the true class" if classes else "half the squared error"
    if not classes and _standardized(net):
        what += ", in standard deviations"
    lines = [f"Loss: {what}, averaged over rows and members; {net.training.reason}."]
    if level is not None:
        of = "the log loss that the report has, of their calibrated mean" if classes else (
            "that of their mean")  # fmt: skip
        lines.append(f"Band: {of}, on rows left out of training, ± one standard error.")
    return lines


def _standardized(net: Network) -> bool:
    """Whether training saw outputs in deviations, and not in the user's units."""
    return bool((net.response.scale != 1).any() or (net.response.center != 0).any())
