"""Pictures of a network: against truth, as a curve, learning, reliability, importance."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from taylored.errors import ArgumentError
from taylored.plot.style import new_figure, state, styled
from taylored.plot.titles import entitle

if TYPE_CHECKING:
    from taylored.networks.result import Network

__all__ = ["KINDS", "Words", "chosen_kind", "draw_network", "plot_network"]

KINDS = ("auto", "prediction", "curve", "learning", "reliability", "importance")
_WIDTH = 140  # characters of the statement below a picture of ours

Words = tuple[str, list[str]]  # the title and the statement below
_MODULES = {"prediction": "network_truth", "curve": "network_curve", "learning": "network_learning",
            "reliability": "network_reliability", "importance": "network_importance"}  # fmt: skip


def plot_network(net: Network, kind: str = "auto", ax: Any = None) -> Any:
    """Draw a network, with what is known about its accuracy.

    Args:
        net: any network.
        kind: "prediction", "curve", "learning", "reliability", "importance", or "auto": the curve
            of one input, else prediction against truth, of classes the reliability.
        ax: axes to draw in (default: a new figure).

    Returns:
        The main axes.

    Raises:
        ArgumentError: for a picture that such a network does not have.
    """
    kind = chosen_kind(net, kind)
    with styled():
        if ax is None:
            return draw_network(net, new_figure(), kind)
        title, lines = _draw(kind)(net, [ax])
        entitle(ax, title, whole=False)
        state(ax, lines, whole=False)
        return ax


def draw_network(net: Network, figure: Any, kind: str = "auto") -> Any:
    """Draw into an empty figure, within a style; returns the main axes."""
    kind = chosen_kind(net, kind)
    axes = _panels(net, figure, kind)
    figure.draw_without_rendering()
    title, lines = _draw(kind)(net, axes)
    entitle(axes[0], title, whole=True)
    state(axes[0], [part for line in lines for part in wrap(line, _WIDTH)], whole=True)
    return axes[0]


def _draw(kind: str) -> Callable[[Any, list[Any]], Words]:
    return importlib.import_module(f"taylored.plot.{_MODULES[kind]}").draw


def _panels(net: Network, figure: Any, kind: str) -> list[Any]:
    """The axes of a picture: below the main panel one of differences, side by side for outputs."""
    outputs = min(len(net.response.names), 6)
    if kind in ("prediction", "curve") and outputs > 1:
        rows = 1 if outputs <= 3 else 2
        return list(figure.subplots(rows, -(-outputs // rows)).flat)[:outputs]
    if kind in ("prediction", "reliability"):
        return list(figure.subplots(2, 1, sharex=True, height_ratios=[2.5, 1.0]))
    return [figure.subplots()]


def chosen_kind(net: Network, kind: str) -> str:
    """The kind that is meant, refused where the network has no such picture.

    Raises:
        ArgumentError: with what there is.
    """
    if kind not in KINDS:
        raise ArgumentError(f"kind is {kind!r:.40}.",
                            next_step=f"choose one of {', '.join(map(repr, KINDS))}.")  # fmt: skip
    there = _kinds_of(net)
    if kind == "auto":
        return there[0]
    if kind not in there:
        raise ArgumentError(
            f"This network has no picture {kind!r}.",
            why=_WHY[kind],
            next_step=f"choose {' or '.join(map(repr, there))}.",
        )
    return kind


_WHY = {
    "curve": "a curve is of one input that is a number, and of an output that is one",
    "prediction": "truth is drawn for numbers that were left out of training",
    "reliability": 'it is of rows left out of training, which intervals="out-of-bag" has',
    "importance": 'it is measured on rows left out of training, which intervals="out-of-bag" has',
    "learning": "no steps were recorded",
}


def _kinds_of(net: Network) -> list[str]:
    """What there is to draw, the picture of choice first."""
    regression, checked = net.task == "regression", net.out_of_bag is not None
    found = []
    one = len(net.encoder.columns) == len(net.encoder.features) == 1  # a number: texts have more
    if regression and one:
        found.append("curve")
    if regression and checked:
        found.append("prediction")
    if checked:
        found += ["reliability", "importance"]
    if len(net.training.trace):
        found.append("learning")
    return found
