"""Verdicts of many fits as colors, with a key that says how many there are and what they mean."""

from __future__ import annotations

from dataclasses import dataclass, replace
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.many.status import NAMES, Status
from taylored.plot.many_map import Slices, aspect_of, hatch, mark_lone, plain
from taylored.plot.style import INK, MUTED
from taylored.report.many import part_said

if TYPE_CHECKING:
    from taylored.many.result import ManyFits

__all__ = ["COLORS", "HATCHED", "draw_key", "draw_list", "draw_verdicts", "lanes"]

# They differ in lightness as well as in hue, and none is green: see the test.
COLORS = {
    Status.OK: "#BFD9EC",
    Status.AT_BOUND: "#C9A6DC",
    Status.MISFIT: "#D55E00",
    Status.OUTLIER: "#F2C14E",
    Status.NO_SIGNAL: "#D9D0B4",
    Status.NOT_CONVERGED: "#7B4B94",
    Status.RANK_DEFICIENT: "#A0466B",
    Status.SATURATED: "#004B6B",
    Status.FLAT: "#8F979E",
    Status.ZERO: "#3E454B",
    Status.INFINITE: "#000000",
    Status.MISSING: "#2F8FD0",
    Status.TOO_FEW_POINTS: "#8A5A00",
    Status.MASKED: "#FFFFFF",
    Status.BAD_SIGMA: "#6B4EFF",
    Status.NOT_FINITE: "#5A1E2E",
    Status.NOT_RUN: "#FFFFFF",
    Status.OUT_OF_RANGE: "#DD8866",
}
HATCHED = {Status.NO_SIGNAL: "////", Status.MASKED: "....", Status.NOT_RUN: "xxxx"}
_LINES = 25.0  # lines of the meanings' size that fit beside a picture
_SMALL = 7.5  # points, below which letters are hard to read
_MEANING = 44  # characters of a line of a meaning


def draw_verdicts(axes: list[Any], many: ManyFits, chosen: Slices) -> None:
    """One color for each verdict."""
    from matplotlib.colors import to_rgba_array

    shades = to_rgba_array([COLORS[s] for s in Status])
    for ax, codes in zip(axes, chosen.of(many.code), strict=False):
        ax.imshow(shades[codes], interpolation="nearest", aspect=aspect_of(codes.shape),
                  rasterized=True)  # fmt: skip
        for status, pattern in HATCHED.items():
            hatch(ax, codes == status, pattern)
        if len(axes) > 1:
            for code in np.unique(codes):
                mark_lone(ax, codes == code, COLORS[Status(code)])
        plain(ax)


def draw_key(
    ax: Any,
    many: ManyFits,
    *,
    lines: float = _LINES,
    part: tuple[int | None, int | None] = (None, None),
) -> None:
    """A square of each verdict's color, its name, how many there are, and what it means.

    Args:
        ax: empty axes.
        many: any fits.
        lines: how many lines there is room for; meanings are left out where it is too narrow.
        part: of the verdicts, the first one and that after the last.
    """
    ax.set_axis_off()
    entries = [(name, _said(many, name)) for name in list(many.counts)[slice(*part)]]
    look = _Look.of(ax, many)
    if look.size < _SMALL:  # too narrow for one line: counts in the place of meanings
        entries = [(name, [_counted(many, name)]) for name, _ in entries]
        look = replace(look, size=_SMALL, beside=False)
    if _height(entries) > 1.12 * lines:
        entries = [(name, []) for name, _ in entries]
        look = _Look.of(ax, many)
    step = 1.0 / max(_height(entries), lines)
    y = 1.0
    for name, said in entries:
        _entry(ax, many, name, (y, step, look))
        for k, line in enumerate(said):
            ax.text(0.085, y - (1.6 + 0.85 * k) * step, line, color=MUTED, fontsize=7.5,
                    va="center", transform=ax.transAxes)  # fmt: skip
        y -= _height([(name, said)]) * step


def draw_list(ax: Any, many: ManyFits) -> None:
    """How many fits are hatched in the map beside it, by verdict."""
    ax.set_axis_off()
    others = [(name, n) for name, n in many.counts.items() if name != "ok"]
    lines = [("hatched: not usable", many.fits - many.counts.get("ok", 0)), *others]
    step = 1.0 / max(len(lines), 8)
    look = {"transform": ax.transAxes, "va": "center", "fontsize": 8.5}
    for k, (name, quantity) in enumerate(lines if others else []):
        weight, color = ("bold", INK) if not k else ("normal", MUTED)
        for x, text, side in ((0.0, name, "left"), (0.85, f"{quantity:,}", "right")):
            ax.text(
                x, 1.0 - (k + 0.5) * step, text, ha=side, color=color, fontweight=weight, **look
            )


def _height(entries: list[tuple[str, list[str]]]) -> float:
    return sum(1.5 + 0.95 * len(said) for _, said in entries)


@dataclass(frozen=True, slots=True)
class _Look:
    """The size of the letters of a key, and how far its counts stand from the right, in points."""

    size: float
    shares: float
    beside: bool = True  # whether counts stand beside the names

    @classmethod
    def of(cls, ax: Any, many: ManyFits) -> _Look:
        """Such that names, counts and shares stand side by side."""
        share = max(_width(part_said(n, many.fits)) for n in many.counts.values())
        count = max(_width(f"{n:,}") for n in many.counts.values())
        name = max(_width(name, "bold") for name in many.counts)
        # The layout comes later, and makes a panel among others narrower.
        points = 0.88 * ax.get_window_extent().width * 72.0 / ax.figure.dpi
        size = float(np.clip(0.915 * points / (name + count + share + 1.5), 5.0, 9.0))
        return cls(size, size * (share + 1.0))


def _width(text: str, weight: str = "normal") -> float:
    """Of a text, over the size of its letters."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    letters = FontProperties(family="sans-serif", weight=weight)
    return TextPath((0.0, 0.0), text, size=100.0, prop=letters).get_extents().width / 100.0


def _entry(ax: Any, many: ManyFits, name: str, place: tuple[float, float, _Look]) -> None:
    from matplotlib.patches import Rectangle

    (y, step, letters), status = place, Status(NAMES.index(name))
    ax.add_patch(
        Rectangle((0.0, y - 1.05 * step), 0.055, 0.95 * step, transform=ax.transAxes,
                  facecolor=COLORS[status], edgecolor=MUTED, lw=0.5, hatch=HATCHED.get(status))
    )  # fmt: skip
    look = {"va": "center", "fontsize": letters.size, "color": INK}
    middle, quantity = y - 0.575 * step, many.counts[name]
    ax.text(0.085, middle, name, fontweight="bold", transform=ax.transAxes, **look)
    if not letters.beside:
        return
    for left, text in ((letters.shares, f"{quantity:,}"), (0.0, part_said(quantity, many.fits))):
        ax.annotate(text, (1.0, middle), (-left, 0), xycoords="axes fraction", ha="right",
                    textcoords="offset points", annotation_clip=False, **look)  # fmt: skip


def _counted(many: ManyFits, name: str) -> str:
    quantity = many.counts[name]
    return f"{quantity:,} ({part_said(quantity, many.fits)})"


def _said(many: ManyFits, name: str) -> list[str]:
    return wrap(many.meaning(name), _MEANING)


def lanes(many: ManyFits) -> tuple[list[str], list[np.ndarray]]:
    """The verdicts that occur, most frequent first, and where."""
    flat = many.block.status
    names = list(many.counts)
    return names, [np.flatnonzero(flat == NAMES.index(name)) for name in names]
