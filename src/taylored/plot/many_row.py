"""Many fits in a row: estimates with their errors one after the other, or their density."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.many.status import NAMES, Status
from taylored.plot.many_map import robust, tick_numbers
from taylored.plot.many_quality import COLORS, HATCHED, lanes
from taylored.plot.many_words import errors_of, label_of
from taylored.plot.style import BAND, CURVE, INK, MUTED, UNKNOWN
from taylored.report.letters import shorten, visible
from taylored.report.many import key_label, part_said
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.many.result import ManyFits

__all__ = ["DENSE", "draw_errors_in_row", "draw_row", "draw_verdicts_in_row", "name_row"]

DENSE = 10_000  # fits from which their density is drawn
_BARS = 1500  # fits up to which each has its error bar
_BINS = (240, 90)
_ROOM = 0.35  # how far a scale reaches beyond the middle 96 % of the estimates, relative
_NAMED = 24  # keys that stand under the axis
_MARKED = 150  # fits up to which each has a mark of its own among the verdicts
_PARTS = 300  # of a lane, at most
_EXPLAINED = 8  # lanes up to which each has room for what its verdict means
_AMBER = BAND[Accuracy.ESTIMATED]


def draw_row(ax: Any, many: ManyFits, name: str) -> int:
    """Estimates of usable fits along their positions; returns how many lie beyond the scale."""
    usable = many.usable.reshape(-1)
    places = np.flatnonzero(usable)
    values = many.params[name].reshape(-1)[usable]
    errors = np.nan_to_num(many.stderr[name].reshape(-1)[usable], posinf=0.0)
    low, high, logarithmic = _scale(values, errors)
    ax.set_yscale("log" if logarithmic else "linear")
    ax.set_ylim(low, high)
    if many.fits > DENSE:
        _density(ax, places, values, many.fits)
    else:
        _hatch(ax, np.flatnonzero(~usable))
        if len(places) <= _BARS:
            ax.errorbar(places, values, errors, fmt="none", ecolor=_AMBER, elinewidth=1.1,
                        alpha=0.75, zorder=3)  # fmt: skip
        size = float(np.clip(60.0 / np.sqrt(max(len(places), 1)), 1.2, 4.4))
        ax.plot(places, values, "o", ms=size, color=INK, mec="white", mew=0.4 if size > 3 else 0,
                alpha=0.9 if len(places) <= _BARS else 0.5, zorder=4, rasterized=True)  # fmt: skip
    _beyond(ax, places, values, (low, high))
    tick_numbers(ax.yaxis, logarithmic)
    ax.set_ylabel(visible(label_of(many, name)), parse_math=False)
    return int(((values < low) | (values > high)).sum())


def _scale(values: np.ndarray, errors: np.ndarray) -> tuple[float, float, bool]:
    """The limits of an axis that shows most estimates, and whether it is logarithmic."""
    scale = robust(values)
    if not len(values):
        return scale.low, scale.high, False
    if scale.logarithmic:
        room = (scale.high / scale.low) ** 0.2
        low = max(scale.low / room, 0.9 * float(values.min()))
        return low, min(scale.high * room, 1.1 * float(values.max())), True
    reach = 1.5 * float(np.median(errors))
    room = max(_ROOM * (scale.high - scale.low), reach)
    low = max(scale.low - room, float(values.min()) - reach)
    high = min(scale.high + room, float(values.max()) + reach)
    return low - 0.06 * (high - low), high + 0.06 * (high - low), False


def _hatch(ax: Any, places: np.ndarray) -> None:
    """Fits that are not usable: hatching over their positions."""
    if not len(places):
        return
    breaks = np.flatnonzero(np.diff(places) > 1)
    first, last = np.r_[places[0], places[breaks + 1]], np.r_[places[breaks], places[-1]]
    spans = np.column_stack([first - 0.5, last - first + 1.0])
    ax.broken_barh(spans, (0.0, 1.0), facecolors="none", edgecolors=UNKNOWN, hatch="////", lw=0.0,
                   alpha=0.4, transform=ax.get_xaxis_transform(), zorder=1)  # fmt: skip


def _beyond(ax: Any, places: np.ndarray, values: np.ndarray, limits: tuple[float, float]) -> None:
    """Triangles at the edge for estimates beyond it."""
    low, high = limits
    for out, end, mark in ((values < low, low, "v"), (values > high, high, "^")):
        if out.any():
            ax.plot(places[out], np.full(int(out.sum()), end), mark, ms=4.5, color="white",
                    mec=INK, mew=0.9, clip_on=False, zorder=5, rasterized=True)  # fmt: skip


def _density(ax: Any, places: np.ndarray, values: np.ndarray, fits: int) -> None:
    """How many estimates there are, and their median along the row."""
    from matplotlib.colors import LinearSegmentedColormap, LogNorm

    inks = LinearSegmentedColormap.from_list("inks", ["#E9EDF1", MUTED, INK])
    low, high = ax.get_ylim()
    up = np.geomspace(low, high, _BINS[1] + 1) if ax.get_yscale() == "log" else None
    up = np.linspace(low, high, _BINS[1] + 1) if up is None else up
    across = np.linspace(-0.5, fits - 0.5, _BINS[0] + 1)
    counts, x, y = np.histogram2d(places, values, [across, up])
    shown = np.ma.masked_less(counts.T, 1.0)
    norm = LogNorm(1.0, max(float(counts.max(initial=2.0)), 2.0))
    ax.pcolormesh(x, y, shown, cmap=inks, norm=norm, rasterized=True, zorder=3)
    middle, median, _, _ = _along(places, values, fits)
    ax.plot(middle, median, color=CURVE, lw=1.8, zorder=5)


def _along(places: np.ndarray, values: np.ndarray, fits: int) -> tuple[np.ndarray, ...]:
    """Middles of parts of the row, and the median and middle 68 % of the values in each."""
    edges = np.linspace(-0.5, fits - 0.5, 61)
    part = np.digitize(places, edges) - 1
    found = np.full((3, 60), np.nan)
    for k in range(60):
        here = values[part == k]
        if len(here):
            found[:, k] = np.percentile(here, [50.0, 16.0, 84.0])
    return 0.5 * (edges[1:] + edges[:-1]), *found


def draw_errors_in_row(ax: Any, many: ManyFits, name: str) -> None:
    """Standard errors, over the estimates where that is of use, on a logarithmic axis."""
    found = errors_of(many, name)
    errors = found.values.reshape(-1)
    places = np.flatnonzero(errors > 0)
    errors = errors[places]
    ax.set_yscale("log")
    if many.fits <= DENSE:
        _hatch(ax, np.flatnonzero(~many.usable.reshape(-1)))
    if many.fits > DENSE and len(places):
        x, median, low, high = _along(places, errors, many.fits)
        ax.fill_between(x, low, high, color=_AMBER, alpha=0.25, lw=0)
        ax.plot(x, median, color=_AMBER, lw=1.6, ls=(0, (5, 3)))
    else:
        size = float(np.clip(50.0 / np.sqrt(max(len(places), 1)), 1.2, 3.6))
        ax.plot(places, errors, "o", ms=size, color=_AMBER, alpha=0.8, rasterized=True)
    ax.set_ylabel(f"error{found.in_unit}", parse_math=False)
    tick_numbers(ax.yaxis, logarithmic=True)


def draw_verdicts_in_row(ax: Any, many: ManyFits, *, meanings: bool = False) -> None:
    """One lane for each verdict that occurs, with a mark for every fit."""
    names, places = lanes(many)
    for lane, (name, where) in enumerate(zip(names, places, strict=True)):
        status = Status(NAMES.index(name))
        look = {"color": COLORS[status], "hatch": HATCHED.get(status), "edgecolor": MUTED}
        if many.fits <= _MARKED:
            ax.barh(np.full(len(where), lane), 1.0, 0.6, where - 0.5, lw=0.4, **look)
        else:
            _lane(ax, where, lane, (many.fits, look))
        if meanings and len(names) <= _EXPLAINED:
            ax.text(0.0, lane + 0.43, many.meaning(name), va="top", fontsize=7.5, color=MUTED,
                    transform=ax.get_yaxis_transform())  # fmt: skip
        said = {"ha": "right", "va": "center", "fontsize": 9, "annotation_clip": False}
        for right, text in ((42, f"{len(where):,}"), (84, part_said(len(where), many.fits))):
            ax.annotate(text, (1.0, lane), (right, 0), xycoords=ax.get_yaxis_transform(),
                        textcoords="offset points", **said)  # fmt: skip
    ax.set_ylim(max(len(names), 4) - 0.3, -0.6)
    ax.set_yticks(range(len(names)), names, fontweight="bold")
    ax.grid(visible=False)
    ax.spines["left"].set_visible(False)


def _lane(ax: Any, where: np.ndarray, lane: int, given: tuple[int, dict[str, Any]]) -> None:
    """The share of a verdict along the row, the largest as high as the lane."""
    fits, look = given
    wide = -(-fits // _PARTS)
    edges = np.minimum(np.arange(0, fits + wide, wide), fits) - 0.5
    shares = np.histogram(where, edges)[0] / np.diff(edges)
    top = lane + 0.4 - 0.8 * shares / max(float(shares.max()), 1e-300)
    ax.fill_between(np.repeat(edges, 2)[1:-1], np.repeat(top, 2), lane + 0.4, lw=0.0, **look)
    ax.axhline(lane + 0.4, color=MUTED, lw=0.6)


def name_row(ax: Any, many: ManyFits) -> None:
    """Positions along the axis, or the keys where they are few."""
    ax.set_xlim(-0.5 - 0.01 * many.fits, many.fits - 0.5 + 0.01 * many.fits)
    ax.locator_params(axis="x", integer=True)
    if not many.keys or many.fits > _NAMED:
        what = (
            f"group by {', '.join(many.keys)}, in the order of the table" if many.keys else "dim_0"
        )
        ax.set_xlabel(visible(what), parse_math=False)
        return
    labels = [", ".join(key_label(v[k]) for v in many.keys.values()) for k in range(many.fits)]
    labels = [shorten(visible(label), 14) for label in labels]
    slanted = max(len(label) for label in labels) * many.fits > 90
    ax.set_xticks(range(many.fits), labels, parse_math=False, rotation=40 if slanted else 0,
                  ha="right" if slanted else "center")  # fmt: skip
    ax.set_xlabel(", ".join(visible(str(k)) for k in many.keys), parse_math=False)
