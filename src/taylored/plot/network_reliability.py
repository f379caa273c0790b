"""Whether a network keeps its word: said against measured, on rows left out of training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.networks.classes import ClassesOutOfBag
from taylored.plot.labels import Label, place_labels
from taylored.plot.style import BAND, INK, MUTED, name_axes
from taylored.report.network_facts import about, by_chance, holds_said, names_of, percent_error
from taylored.report.numbers import number
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.networks.result import Network

__all__ = ["draw"]

_LEVELS = np.arange(0.05, 0.96, 0.05)
_BLUE = BAND[Accuracy.CALIBRATED]
_MARKS = ("o", "s", "D", "^", "v", "P")


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
        _ideal_and_points(axes, points, _MARKS[k])
    axes[0].set_ylim(0, 100)
    for ax in axes:
        ax.set_xlim(0, 100)
    _labels(axes, "share of rows inside (%)", "level of the interval (%)", "difference")
    _diagonal_label(axes[0], "as many as said", points)
    outputs = " (marks: outputs)" if len(names) > 1 else ""
    return (
        f"Intervals {'' if _kept(net) else 'do not '}keep their word: 90 % of them hold "
        f"{holds_said(net, 0.9)}",
        [f"Each of {len(net.rows.z):,} rows is judged by networks and widths in which its fold had "
         f"no part; bars: ± one standard error (calibrated){outputs}.",
         f"50 %: {holds_said(net, 0.5)}; 80 %: {holds_said(net, 0.8)}; 95 %: "
         f"{holds_said(net, 0.95)}."],
    )  # fmt: skip


def _kept(net: Network) -> bool:
    return all(c.holds for level in (0.5, 0.8, 0.9, 0.95) for c in net.coverage(level))


def _ideal_and_points(
    axes: list[Any], found: tuple[np.ndarray, np.ndarray, np.ndarray], mark: str
) -> None:
    """The diagonal, and what was measured with its standard errors; below, the difference."""
    said, held, error = found
    whole = np.array([0.0, 100.0])
    reach = [np.minimum(error, held), np.minimum(error, 100.0 - held)]  # a share is no more than 1
    for ax, y, ideal in zip(axes, (held, held - said), (whole, 0 * whole), strict=False):
        ax.plot(whole, ideal, color=INK, lw=0.9, zorder=2)
        ax.errorbar(said, y, reach, fmt="none", ecolor=_BLUE, elinewidth=1.6, alpha=0.75, capsize=0,
                    zorder=3)  # fmt: skip
        ax.plot(said, y, mark, ms=4.2, color=_BLUE, mec="white", mew=0.5, zorder=4)


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
    x = np.linspace(low, high, 100)
    said, held, error = found
    bars = [np.column_stack([said, held + s * error]) for s in np.linspace(-1.0, 1.0, 15)]
    place_labels(ax, [Label(text, INK, x, x)], np.concatenate(bars))


# ---- classes ----


def _classes(net: Network, found: ClassesOutOfBag, axes: list[Any]) -> tuple[str, list[str]]:
    """How often the class was right, against the probability that was said."""
    bins = found.reliability()
    points = (100 * bins.said, 100 * bins.right, 100 * bins.stderr)
    said, right, error = points
    _ideal_and_points(axes[:1], points, "o")
    axes[0].set_ylim(_round_down(float((right - error).min()) - 2.0), 102)
    for ax in axes:
        ax.set_xlim(_round_down(float(said.min())), 101)
    if len(axes) > 1:
        _histogram(axes[1], 100 * found.probability.max(1))
    _labels(axes, "class is right (%)", "probability of the most probable class (%)", "rows")
    _diagonal_label(axes[0], "as often as said", points)
    return (
        f"Right in {percent_error(*found.correct)}; what it says is off by "
        f"{about(100 * bins.error)} %",
        [f"{len(found.t):,} rows in {len(bins.said)} groups, each judged by networks and a "
         "temperature in which its fold had no part; bars: ± one standard error.",
         f"Off by {about(100 * by_chance(bins))} % would come of chance alone; temperature "
         f"{number(found.temperature, 2)}."],
    )  # fmt: skip


def _round_down(share: float) -> float:
    """To tens of percent; to single ones near 100, where all is crowded."""
    step = 10.0 if share < 90 else 1.0
    return max(0.0, step * float(np.floor(share / step)))


def _histogram(ax: Any, largest: np.ndarray) -> None:
    """How many rows were said to be how probable."""
    low = ax.get_xlim()[0]
    ax.hist(np.maximum(largest, low), bins=np.linspace(low, 100.0, 41), color=MUTED, alpha=0.7)
