"""Which inputs move a function most, as bars; hatched what the derivative does not show."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.calculus.doubts import BENT, hidden, most_of, percent
from taylored.errors import ArgumentError
from taylored.plot.style import BAND, GRID, INK, MUTED, UNKNOWN, new_figure, state, styled
from taylored.plot.titles import entitle
from taylored.report.influence import portion, spread_said
from taylored.report.letters import shorten, visible
from taylored.report.numbers import number
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.calculus.ranking import Influence, Row

__all__ = ["draw_influence", "influence_bars"]

_BESIDE = 3  # inputs of small derivative and large curvature that are added
_COLUMNS = ((50, "effect"), (98, "share"), (152, "curvature"))  # right ends, points from the axes
_THICK = 0.62  # of the distance between bars


def influence_bars(result: Influence, ax: Any = None, k: int = 12) -> Any:
    """Draw the k largest effects as bars with their signs.

    A bar reaches as far as one spread of the input moves the value, to first order; hatched
    around its end is what the derivative does not show when all inputs move by their spread.
    Inputs that move the value by curvature alone stand below, apart.

    Args:
        result: any ranking; one that is not usable is drawn as hatching, with the reason.
        ax: axes to draw in (default: a new figure).
        k: how many inputs, 1 to 40.

    Returns:
        The axes.

    Raises:
        ArgumentError: for another k.
    """
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 1 <= k <= 40:
        raise ArgumentError(f"k is {k!r}.", next_step="draw 1 to 40 inputs.")
    with styled():
        if ax is None:
            return draw_influence(result, new_figure(), int(k))
        _draw(result, ax, int(k), whole=False)
        return ax


def draw_influence(result: Influence, figure: Any, k: int = 12) -> Any:
    """Draw into an empty figure, within a style; returns the axes."""
    ax = figure.subplots()
    _draw(result, ax, k, whole=True)
    return ax


def _draw(result: Influence, ax: Any, k: int, *, whole: bool) -> None:
    if not result.usable:
        _refuse(result, ax, whole=whole)
        return
    rows = result.top(k)
    rows += _bent_only(result, {row.name for row in rows})
    places = np.arange(len(rows)) + 0.6 * (np.arange(len(rows)) >= min(k, len(result)))
    thick = _THICK * min(max(len(rows) / 5, 0.3), 1.0)  # a few bars are no walls
    for row, y in zip(rows, places, strict=True):
        _bar(ax, row, result.bending[result.inputs.index(row.name)], y, thick)
    _limits(ax, result, rows, places)
    names = [shorten(visible(row.name), 22) for row in rows]
    ax.set_yticks(places, names, parse_math=False)
    ax.axvline(0.0, color=INK, lw=0.9, zorder=4)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    ax.grid(visible=True, axis="x", color=GRID, lw=0.8)
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("effect: change of the value by one spread of the input", fontsize=9)
    _columns(ax, rows, places)
    entitle(ax, _title(result), whole=whole)
    state(ax, _statement(result, rows), whole=whole)


def _bent_only(result: Influence, shown: set[str]) -> list[Row]:
    """Inputs that move the value by curvature alone and are not among the largest."""
    found = [
        result[name]
        for name in result.inputs.names(hidden(result)[: _BESIDE + len(shown)].tolist())
    ]
    return [row for row in found if row.name not in shown][:_BESIDE]


def _bar(ax: Any, row: Row, bending: float, y: float, thick: float) -> None:
    effect = 0.0 if math.isnan(row.effect) else row.effect
    if effect:
        ax.barh(y, effect, height=thick, color=BAND[Accuracy.ESTIMATED], zorder=2, label="effect")
    if bending > 0:
        span = {"left": effect - bending, "width": 2.0 * bending, "height": 0.55 * thick}
        ax.barh(y, **span, color="white", alpha=0.55, zorder=3)
        ax.barh(y, **span, color="none", edgecolor=UNKNOWN, hatch="//////", lw=0.0, zorder=3.1,
                label="curvature")  # fmt: skip


def _limits(ax: Any, result: Influence, rows: list[Row], places: np.ndarray) -> None:
    ends = [0.0]
    for row in rows:
        bending = float(np.nan_to_num(result.bending[result.inputs.index(row.name)]))
        effect = 0.0 if math.isnan(row.effect) else row.effect
        ends += [effect, effect - bending, effect + bending]
    low, high = min(ends), max(ends)
    room = 0.03 * (high - low) or 1.0
    ax.set_xlim(low - (room if low < 0 else 0.0), high + (room if high > 0 or not low else 0.0))
    ax.set_ylim(float(places[-1]) + 0.7, -0.7)


def _columns(ax: Any, rows: list[Row], places: np.ndarray) -> None:
    """Effect, share and curvature share at the right, as in a table."""
    across = ax.get_yaxis_transform()
    for right, title in _COLUMNS:
        _beside(ax, (1.0, 1.0), (right, 7.0), title, color=MUTED, fontsize=8)
    for row, y in zip(rows, places, strict=True):
        doubtful = not row.curvature_share <= BENT
        marked = {"color": BAND[Accuracy.ESTIMATED], "fontweight": "bold"} if doubtful else {}
        texts = ("none" if math.isnan(row.effect) else number(row.effect, 3), _share(row.share),
                 _bent(row.curvature_share))  # fmt: skip
        for (right, title), text in zip(_COLUMNS, texts, strict=True):
            look = marked if title == "curvature" else {}
            _beside(ax, (1.0, y), (right, 0.0), text, xycoords=across, **look)


def _beside(ax: Any, place: tuple, offset: tuple, text: str, **look: Any) -> None:
    look = {"xycoords": "axes fraction", "color": INK, "fontsize": 9, **look}
    ax.annotate(text, place, offset, textcoords="offset points", ha="right", va="center",
                annotation_clip=False, parse_math=False, **look)  # fmt: skip


def _share(share: float) -> str:
    return "< 0.1 %" if 0.0 < share < 0.001 else portion(share)


def _bent(share: float) -> str:
    if math.isnan(share):
        return "?"
    return "< 0.01" if 0.0 < share < 0.01 else f"{share:.2f}" if share else "0"


def _refuse(result: Influence, ax: Any, *, whole: bool) -> None:
    ax.axhspan(0, 1, facecolor="none", edgecolor=UNKNOWN, hatch="////", alpha=0.35, lw=0)
    ax.set_xticks([])
    ax.set_yticks([])
    entitle(ax, result.status, whole=whole)
    steps = [finding.next_step for finding in result.findings if finding.next_step]
    state(ax, ["No honest statement can be made.", *steps[:1]], whole=whole)


# ---- words ----


def _title(result: Influence) -> str:
    leading = most_of(result)
    if not len(leading):
        return result.status
    first = int(leading[0])
    share = percent(float(result.share[first]))
    title = f"{result.inputs.name(first)} moves {result.function} most, {share} of the share"
    if any(f.name == "nonlinear" for f in result.findings):
        return f"{title}; the ranking need not hold"
    return title


def _statement(result: Influence, rows: list[Row]) -> list[str]:
    said = spread_said(result)
    first = f"To first order (estimated); {said}."
    if len(rows) < len(result):
        kept = sum(row.share for row in rows if row.share == row.share)
        first += f" {len(rows)} of {len(result):,} inputs, {portion(kept)} of the share."
    if not result.curvature.known:
        return [first, f"Curvature {result.curvature.method}."]
    return [
        first,
        f"Hatched: what the derivative does not show when all inputs move "
        f"({result.curvature.method}); bold above a share of {BENT}.",
    ]
