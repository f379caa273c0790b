"""What intervals and probabilities claim against what was measured on rows left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.networks.classes import ClassesOutOfBag
from taylored.plot.labels import Label, place_labels
from taylored.plot.network_sure import draw_sure
from taylored.plot.style import BAND, INK, MUTED, name_axes
from taylored.report.network_facts import (
    AUDITED,
    about,
    by_chance,
    holds_said,
    names_of,
    percent_error,
)
from taylored.report.numbers import number, percent
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.networks.result import Network

__all__ = ["draw"]

_SURE = 0.9  # where most probabilities are higher, the axes are of log odds
_LEVELS = np.arange(0.05, 0.96, 0.05)
_BLUE = BAND[Accuracy.CALIBRATED]
_MARKS = ("o", "s", "D", "^", "v", "P")
_NAMED = ("●", "■", "◆", "▲", "▼", "✚")
_APART = 0.9  # percent, between the points of different outputs


def draw(net: Network, axes: list[Any]) -> tuple[str, list[str]]:
    """Draw, and return the title and the statement below."""
    if isinstance(net.out_of_bag, ClassesOutOfBag):
        return _classes(net, net.out_of_bag, axes)
    return _numbers(net, axes)


# ---- numbers ----


def _numbers(net: Network, axes: list[Any]) -> tuple[str, list[str]]:
    """Measured coverage against the level, and the difference of the two."""
    measured = [net.coverage(float(level)) for level in _LEVELS]
    said = 100 * _LEVELS
    names, points = names_of(net)[: len(_MARKS)], (said, said, said)
    for k in range(len(names)):
        held = 100 * np.array([found[k].value for found in measured])
        error = 100 * np.array([found[k].stderr for found in measured])
        points = (said, held, error)
        _ideal_and_points(axes, points, _MARKS[k], _APART * (k - 0.5 * (len(names) - 1)))
    axes[0].set_ylim(0, 100)
    for ax in axes:
        ax.set_xlim(0, 100)
    _labels(axes, "share of rows inside (%)", "level of the interval (%)", "difference")
    _diagonal_label(axes[0], "as many as the level", points)
    marks = ", ".join(f"{mark} {name}" for name, mark in zip(names, _NAMED, strict=False))
    outputs = f" {marks}." if len(names) > 1 else ""
    return (
        _title(net),
        [f"Each of {len(net.rows.z):,} rows is judged by networks and widths in which it had no "
         f"part; bars: ± one standard error ({net.accuracy}).{outputs}",
         "; ".join(f"{percent(v)}: {holds_said(net, v) or 'unknown'}" for v in (0.5, 0.8, 0.95))
         + "."],
    )  # fmt: skip


def _title(net: Network) -> str:
    if not holds_said(net, 0.9):
        return "How often 90 % intervals hold rows not seen is unknown: too few rows"
    only = "" if all(c.holds for c in net.coverage(0.9)) else "only "
    rest = "" if _kept(net) or only else "; those of other levels hold too little"
    return f"90 % intervals hold {only}{holds_said(net, 0.9)} of rows not seen{rest}"


def _kept(net: Network) -> bool:
    return all(c.holds for level in AUDITED for c in net.coverage(level))


def _ideal_and_points(
    axes: list[Any], found: tuple[np.ndarray, np.ndarray, np.ndarray], mark: str, aside: float = 0.0
) -> None:
    """The diagonal, and what was measured with its standard errors; below, the difference.

    There the points of several outputs stand side by side, each so far `aside`.
    """
    said, held, error = found
    whole = np.array([0.0, 100.0])
    reach = [np.minimum(error, held), np.minimum(error, 100.0 - held)]  # a share is no more than 1
    drawn = ((said, held, whole), (said + aside, held - said, 0 * whole))
    for ax, (x, y, ideal) in zip(axes, drawn, strict=False):
        ax.plot(whole, ideal, color=INK, lw=0.9, zorder=2)
        ax.errorbar(x, y, reach, fmt="none", ecolor=_BLUE, elinewidth=1.6, alpha=0.75, capsize=0,
                    zorder=3)  # fmt: skip
        ax.plot(x, y, mark, ms=4.2, color=_BLUE, mec="white", mew=0.5, zorder=4)


def _labels(axes: list[Any], up: str, along: str, below: str) -> None:
    name_axes(axes[-1], along, up if len(axes) == 1 else below)
    if len(axes) > 1:
        axes[0].set_ylabel(up)
        axes[0].tick_params(which="both", labelbottom=False, bottom=False)
        axes[0].figure.align_ylabels(axes)


def _diagonal_label(ax: Any, text: str, found: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """Beside the diagonal, clear of points and bars."""
    ax.figure.canvas.figure.draw_without_rendering()
    low, high = ax.get_xlim()
    change = ax.transScale.transform
    first, last = change([(low, low), (high, high)])[:, 0]
    along = np.linspace(first, last, 100)
    x = ax.transScale.inverted().transform(np.column_stack([along, along]))[:, 0]
    said, held, error = found
    frame = ax.get_ylim()
    feet, heads = (change(np.column_stack([said, np.clip(v, *frame)])) for v in
                   (held - error, held + error))  # fmt: skip
    bars = [feet + s * (heads - feet) for s in np.linspace(0.0, 1.0, 15)]
    obstacles = ax.transScale.inverted().transform(np.concatenate(bars))
    place_labels(ax, [Label(text, INK, x, x)], obstacles)


# ---- classes ----


def _classes(net: Network, found: ClassesOutOfBag, axes: list[Any]) -> tuple[str, list[str]]:
    """How often the class was right, against the probability that was given to it."""
    bins, largest = found.reliability(), found.probability.max(1)
    points = (100 * bins.said, 100 * bins.right, 100 * bins.stderr)
    if float(np.median(largest)) > _SURE:
        note, points = draw_sure(axes, bins, 100 * largest)
    else:
        _plain(axes, points, 100 * largest)
        note = ""
    _labels(axes, "class is right (%)", "probability of the most probable class (%)", "rows")
    _diagonal_label(axes[0], "as often as its probability", points)
    return (
        f"Right in {percent_error(*found.correct)}; probabilities are off by "
        f"{about(100 * bins.error)} %",
        [f"{len(found.t):,} rows in {len(bins.said)} groups of equal size, one point each, judged "
         "by networks and a temperature in which they had no part.",
         f"Bars: ± one standard error.{note} Chance alone would put them off by "
         f"{about(100 * by_chance(bins))} %; temperature {number(found.temperature, 2)}."],
    )  # fmt: skip


def _plain(
    axes: list[Any], points: tuple[np.ndarray, np.ndarray, np.ndarray], largest: np.ndarray
) -> None:
    said, right, error = points
    _ideal_and_points(axes[:1], points, "o")
    axes[0].set_ylim(max(10.0 * np.floor(0.1 * (float((right - error).min()) - 2.0)), 0.0), 102)
    low = max(10.0 * np.floor(0.1 * float(said.min())), 0.0)
    for ax in axes:
        ax.set_xlim(low, 101)
    if len(axes) > 1:
        _histogram(axes[1], largest, np.linspace(low, 100.0, 41))


def _histogram(ax: Any, largest: np.ndarray, edges: np.ndarray) -> None:
    """How many rows were given which probability."""
    ax.hist(np.clip(largest, edges[0], edges[-1]), bins=edges, color=MUTED, alpha=0.7)
