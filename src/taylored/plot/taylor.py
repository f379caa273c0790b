"""A Taylor polynomial as a picture: function, polynomial, the proved band, and the error."""

from __future__ import annotations

import math
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.plot.labels import Label
from taylored.plot.style import (
    BAND,
    CURVE,
    INK,
    MUTED,
    UNKNOWN,
    name_axes,
    new_figure,
    state,
    styled,
)
from taylored.plot.taylor_curves import Band, Curves, curves_of
from taylored.plot.taylor_labels import NOWHERE, Found, beyond, kept_clear, place_apart
from taylored.plot.titles import entitle
from taylored.report.letters import shorten, visible
from taylored.report.series import short_verdict
from taylored.report.series_box import box_texts, symmetric_reach
from taylored.report.series_facts import best_of, best_said, convergence_of, convergence_said
from taylored.report.series_terms import ends, given, minus, up
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.series.result import Taylor

__all__ = ["draw_taylor", "plot_taylor"]

_FORMULA = 34  # characters of a formula beside its curve
_LINE = 120  # characters below the picture
_HIDDEN = 0.01  # of the error panel's height: less rounding cannot be seen


def plot_taylor(result: Taylor, ax: Any = None) -> Any:
    """Draw function, polynomial and proved band above, the true error and its bounds below.

    Of two inputs the bound on the error is drawn over the box.

    Args:
        result: of one or two inputs and one output.
        ax: axes to draw the main panel in (default: a new figure with the error below).

    Returns:
        The main axes; that of the error is `ax.figure.axes[1]`.

    Raises:
        ArgumentError: for more inputs or outputs, or where `ax` is none.
    """
    _check(result)
    _check_axes(ax)
    with styled():
        if ax is None:
            return draw_taylor(result, new_figure())
        if result.target.variables == 2:
            return _map(result, ax, whole=False)
        _draw(result, ax, None)
        return ax


def draw_taylor(result: Taylor, figure: Any) -> Any:
    """Draw into an empty figure, within a style; returns the main axes."""
    _check(result)
    if result.target.variables == 2:
        return _map(result, figure.subplots(), whole=True)
    main, below = figure.subplots(2, 1, sharex=True, height_ratios=[1.7, 1.0])
    _draw(result, main, below)
    return main


def _check(result: Taylor) -> None:
    target = result.target
    if target.outputs != 1 or target.variables > 2:
        counts = f"{target.variables} inputs and {target.outputs} outputs"
        raise ArgumentError(
            "A Taylor polynomial is drawn for one or two inputs and one output.",
            why=f"this one has {counts}.",
            next_step="fix the other inputs, or take one output.",
        )
    if target.variables == 2 and result.enclosed is None:
        raise ArgumentError(
            "Without a radius there is no box to draw.", next_step="use T.within(0.1).plot()."
        )
    if target.variables == 2 and result.reach is not None and not np.all(result.reach > 0):
        name = target.names[int(np.argmin(result.reach))]
        raise ArgumentError(
            f"The box has no extent in {name}: there is no map to draw.",
            next_step="give a radius to both inputs, or fix it in the function.",
        )


def _check_axes(ax: Any) -> None:
    if ax is not None and not hasattr(ax, "contourf"):
        raise ArgumentError(
            f"ax={ax!r} are no axes of matplotlib.",
            next_step="leave it out; T.plot().figure.savefig('taylor.png') writes a file.",
        )


def _map(result: Taylor, ax: Any, *, whole: bool) -> Any:
    from taylored.plot.taylor_map import draw_map

    return draw_map(result, ax, whole=whole)


# ---- one input ----


def _draw(result: Taylor, main: Any, below: Any) -> None:
    whole = below is not None
    curves = curves_of(result)
    name = visible(result.target.names[0])
    labels = {main: _main_panel(result, main, curves)}
    if below is not None:
        labels[below] = _error_panel(result, below, curves)
        main.tick_params(which="both", labelbottom=False, bottom=False)
    upright = _marks(result, (main, below), curves)
    main.set_xlim(*curves.view)
    name_axes(below or main, name, "f - T")
    main.set_ylabel(f"f({name})" if len(name) < 12 else "f", parse_math=False)
    entitle(main, short_verdict(result), whole=whole)
    state(main, _statement(result, curves, whole), whole=whole)
    if below is not None:
        main.figure.align_ylabels([main, below])
    # The layout is settled before labels look for their places in it.
    main.figure.canvas.figure.draw_without_rendering()
    for panel, (found, obstacles) in labels.items():
        place_apart(panel, found, np.concatenate([obstacles, *kept_clear(panel, curves, upright)]))


def _main_panel(result: Taylor, ax: Any, c: Curves) -> Found:
    """The function, the polynomial, and the band that the function is proved to lie in."""
    labels = []
    known = c.band is not None
    if c.band is not None:
        _edged(ax, c.inner, c.band, result.accuracy)
        labels += _band_label(result, c, c.band)
    ax.plot(c.x, c.polynomial, color=CURVE, lw=1.0 if known else 1.8, ls=(0, (4, 3)), zorder=3.5)
    if known:
        ax.plot(c.inner, c.inner_polynomial, color=CURVE, lw=1.8, zorder=4, label="T")
    ax.plot(c.x, c.function, color=INK, lw=1.0, zorder=5, label="f")
    center = float(result.expansion.point[0])
    value = float(result.expansion.polynomial.coefficients[0, 0])
    ax.plot([center], [value], "o", ms=5, color=CURVE, mec="white", mew=0.6, zorder=6)
    low, high, span = _reach(c)
    ax.set_ylim(low - 0.07 * span, high + 0.07 * span)
    text = shorten(visible(result.target.describe), _FORMULA)
    labels = [
        (Label(text, INK, *_apart(c, "function")), beyond(c, c.polynomial, c.function, span)),
        (
            Label(f"T, order {result.order}", CURVE, *_apart(c, "polynomial")),
            beyond(c, c.function, c.polynomial, span),
        ),
        *((label, NOWHERE) for label in labels),
    ]
    obstacles = [np.column_stack([c.x, c.function]), np.column_stack([c.x, c.polynomial])]
    obstacles += [np.column_stack([c.inner, edge]) for edge in c.band or ()]
    return labels, np.concatenate([*obstacles, [[center, value]]])


def _apart(c: Curves, which: str) -> tuple[np.ndarray, np.ndarray]:
    """The part of a curve that can be told from the other, all of it where there is none."""
    y = getattr(c, which)
    apart = np.abs(c.function - c.polynomial) > 0.05 * _reach(c)[2]
    return (c.x[apart], y[apart]) if apart.sum() > 8 else (c.x, y)


def _reach(c: Curves) -> tuple[float, float, float]:
    """The range of f and T on the box, a little of what lies beyond, and its width."""
    inside = [c.inner_function, c.inner_polynomial]
    values = np.concatenate([v[np.isfinite(v)] for v in inside])
    low, high = float(values.min(initial=np.inf)), float(values.max(initial=-np.inf))
    if not low <= high:
        return -1.0, 1.0, 2.0
    span = (high - low) or abs(high) or 1.0
    beyond = np.concatenate([c.function, c.polynomial])
    beyond = beyond[np.isfinite(beyond)]
    low = max(float(beyond.min(initial=low)), low - 0.25 * span)
    high = min(float(beyond.max(initial=high)), high + 0.25 * span)
    if c.band is not None:
        low, high = min(low, float(c.band[0].min())), max(high, float(c.band[1].max()))
    return low, high, (high - low) or abs(high) or 1.0


def _band_label(result: Taylor, c: Curves, band: Band) -> list[Label]:
    """For a band that is wide enough somewhere to be told from the curve."""
    wide = band[1] - band[0] > 0.06 * _reach(c)[2]
    if wide.sum() < 8:
        return []
    x, low, high = c.inner[wide], band[0][wide], band[1][wide]
    edges = np.concatenate([low, high])
    middle = np.tile(0.5 * (low + high), 2)
    text = f"f lies in here, {result.accuracy}"
    return [Label(text, BAND[result.accuracy], np.tile(x, 2), edges, middle)]


def _edged(ax: Any, x: np.ndarray, band: tuple[np.ndarray, np.ndarray], kind: Accuracy) -> None:
    """A band with a hard, drawn edge where it is proved, a dashed one where it is estimated."""
    color = BAND[kind]
    ax.fill_between(x, *band, color=color, alpha=0.20, lw=0, zorder=1.5)
    style = "-" if kind is Accuracy.PROVED else (0, (5, 3))
    for edge in band:
        ax.plot(x, edge, color=color, lw=1.0, ls=style, zorder=1.6)


# ---- the error ----


def _error_panel(result: Taylor, ax: Any, c: Curves) -> Found:
    """f - T as computed, its pointwise band, and the remainder of the whole box."""
    labels = []
    obstacles = [np.column_stack([c.x, c.error]), np.column_stack([c.x, np.zeros(c.x.shape)])]
    ax.axhline(0.0, color=MUTED, lw=0.8, zorder=1)
    if c.error_band is None:
        labels.append(Label("f - T as computed; no bound is known", INK, c.x, c.error))
    else:
        labels += _bounds(result, ax, c, obstacles)
    ax.plot(c.x, c.error, color=INK, lw=1.0, zorder=5)
    low, high = _error_limits(c)
    ax.set_ylim(low, high)
    if c.rounding > _HIDDEN * (high - low):
        ax.axhspan(-c.rounding, c.rounding, facecolor="none", edgecolor=UNKNOWN, hatch="....",
                   alpha=0.3, lw=0, zorder=1.2)  # fmt: skip
    ax.ticklabel_format(axis="y", scilimits=(-3, 4), useMathText=True)
    return [(label, NOWHERE) for label in labels], np.concatenate(obstacles)


def _bounds(result: Taylor, ax: Any, c: Curves, obstacles: list[np.ndarray]) -> list[Label]:
    assert c.error_band is not None and c.remainder is not None
    kind, color = result.accuracy, BAND[result.accuracy]
    _edged(ax, c.inner, c.error_band, kind)
    low, high = c.remainder
    style = "-" if kind is Accuracy.PROVED else (0, (5, 3))
    x = np.array([c.inner[0], c.inner[-1]])
    for end in c.remainder:
        ax.plot(x, [end, end], color=color, lw=1.6, ls=style, zorder=1.8)
        obstacles.append(np.column_stack([c.inner, np.full(c.inner.shape, end)]))
    twice = np.concatenate([c.inner, c.inner])
    edges = np.repeat([low, high], len(c.inner))
    text = f"remainder on the whole box, {kind}"
    obstacles += [np.column_stack([c.inner, edge]) for edge in c.error_band]
    return [Label(text, color, twice, edges), Label("f - T", INK, c.inner, c.inner_error)]


def _error_limits(c: Curves) -> tuple[float, float]:
    """The remainder with room for its label, or what is computed where there is none."""
    if c.remainder is None:
        largest = float(np.max(np.nan_to_num(np.abs(c.error)), initial=0.0)) or 1.0
        return -1.15 * largest, 1.15 * largest
    low, high = min(c.remainder[0], 0.0), max(c.remainder[1], 0.0)
    room = 0.22 * ((high - low) or 1.0)
    return low - room, high + room


# ---- marks ----


def _marks(result: Taylor, axes: tuple[Any, Any], c: Curves) -> list[float]:
    """The center, the ends of the box, and the radius of convergence where it is in view.

    Returns:
        Where the lines of the radius stand.
    """
    panels = [ax for ax in axes if ax is not None]
    center = float(result.expansion.point[0])
    for ax in panels:
        ax.axvline(center, color=CURVE, lw=0.8, ls=(0, (1, 2)), zorder=1)
        for low, high in c.unknown:
            ax.axvspan(low, high, facecolor="none", edgecolor=UNKNOWN, hatch="///",
                       alpha=0.30, lw=0, zorder=0.5)  # fmt: skip
    _beside(panels[0], c, center, "center", CURVE)
    found = convergence_of(result)
    if found is None or not math.isfinite(found.radius):
        return []
    both = (center - found.radius, center + found.radius)
    seen = [end for end in both if c.view[0] < end < c.view[1]]
    for end in seen:
        for ax in panels:
            ax.axvline(end, color=BAND[Accuracy.ESTIMATED], lw=1.2, ls=(0, (5, 3)), zorder=1)
    for end in seen[-1:]:  # the lines look alike, and two labels may collide
        _beside(panels[0], c, end, "≈ radius of convergence", BAND[Accuracy.ESTIMATED])
    return seen


def _beside(ax: Any, c: Curves, x: float, text: str, color: str) -> None:
    """A word at the top of a vertical line, on the side where there is more room."""
    share = (x - c.view[0]) / (c.view[1] - c.view[0])
    right = share > (0.85 if text == "center" else 0.72)
    said = ax.annotate(
        text, (x, 1.0), (-4 if right else 4, -2), xycoords=("data", "axes fraction"), fontsize=8,
        textcoords="offset points", ha="right" if right else "left", va="top", color=color,
        parse_math=False, zorder=6,
    )  # fmt: skip
    said.set_in_layout(False)


def _statement(result: Taylor, c: Curves, whole: bool) -> list[str]:
    """What the bands mean, and what the polynomial is compared with."""
    if result.enclosed is None or c.remainder is None:
        first = "Hatched: no bound is known, for no radius was given."
    else:
        first = (
            f"f - T in {ends(*c.remainder)} for {_where(result)}, "
            f"{result.accuracy}, rounding included. Outside, hatched, nothing is said."
        )
    lines = [first]
    if whole and c.remainder is not None and c.rounding > _HIDDEN * _height(c):
        lines.append(f"Dotted: below {up(c.rounding)} the error as computed is rounding itself.")
    best = best_of(result)
    if best is not None:
        lines.append(_capital(best_said(result, best)))
    found = convergence_of(result)
    if found is not None and found.usable:
        lines.append("Convergence " + convergence_said(result, found) + ".")
    return [part for line in lines[:3] for part in wrap(line, _LINE)] if whole else lines[:1]


def _where(result: Taylor) -> str:
    """The box: how far from the center, or its ends where that differs."""
    name, reach = visible(result.target.names[0]), symmetric_reach(result)
    if reach is not None:
        return f"|{minus(name, float(result.expansion.point[0]))}| <= {given(reach[0])}"
    return " in ".join(next(box_texts(result)))


def _height(c: Curves) -> float:
    low, high = _error_limits(c)
    return high - low


def _capital(text: str) -> str:
    text = text.removeprefix("≈ ")
    return text[:1].upper() + text[1:] + "."
