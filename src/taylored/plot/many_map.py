"""Many fits of an image: maps of numbers, hatched where nothing is claimed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.plot.style import BAND, INK, UNKNOWN
from taylored.report.letters import visible
from taylored.report.numbers import number
from taylored.results import Accuracy

__all__ = ["ERRORS", "VALUES", "Slices", "draw_numbers", "hatch", "mark_lone", "name_sides"]
__all__ += ["robust", "slices", "tick_numbers", "ticks_of_decades"]

VALUES = "viridis"  # estimates: even steps in lightness, for every kind of color vision
ERRORS = "estimated"  # errors: shades of the color of what is estimated
_ROBUST = (2.0, 98.0)  # percentiles that a scale of colors reaches
_MOST_SLICES = 12
_MOST_RUNS = 20_000  # rectangles that are hatched; more could not be seen
_MOST_LONE = 300  # single pixels of an image that are framed
_MOST_TICKS = 6
_LONG = 4.0  # longer images are stretched to fill their panel
_TIMES = 8.0  # on a logarithmic scale the largest is so many times as large as the smallest
_LOW = 0.35  # and the median lies below such a share of their sum
_BARE = "#ECEEF0"


@dataclass(frozen=True, eq=False)
class Slices:
    """Images (slices, rows, columns) and what each is called."""

    which: np.ndarray
    names: list[str]
    total: int

    @property
    def words(self) -> str:
        """Which part of all slices is drawn, where it is not all."""
        if len(self.which) == self.total:
            return ""
        one = f" ({self.names[0]})" if len(self.which) == 1 else ""
        return f"{len(self.which)} of {self.total:,} slices{one}. "

    def of(self, values: np.ndarray) -> np.ndarray:
        """The chosen images of an array over the fits."""
        return values.reshape(self.total, *values.shape[-2:])[self.which]


def slices(shape: tuple[int, ...], most: int = _MOST_SLICES) -> Slices:
    """Images spread evenly over the leading axes; of one alone the middle one."""
    total = int(np.prod(shape[:-2]))
    which = np.unique(np.linspace(0, total - 1, min(total, most)).round().astype(int))
    which = np.array([total // 2]) if most == 1 else which
    names = [
        ", ".join(f"dim_{d} = {int(i)}" for d, i in enumerate(np.unravel_index(k, shape[:-2])))
        for k in which
    ]
    return Slices(which, names, total)


@dataclass(frozen=True, slots=True)
class Scale:
    """The range of a scale, at which ends values lie beyond it, whether it is logarithmic."""

    low: float
    high: float
    beyond: str = "neither"
    logarithmic: bool = False


def robust(values: np.ndarray) -> Scale:
    """The scale that shows the middle 96 % of the values."""
    known = values[np.isfinite(values)]
    if not known.size:
        return Scale(0.0, 1.0)
    low, median, high = np.percentile(known, [_ROBUST[0], 50.0, _ROBUST[1]]).tolist()
    skew = 0 < _TIMES * low < high and median < _LOW * (low + high)
    if low == high:
        low, high = float(known.min()), float(known.max())
    if low == high:
        half = 0.05 * abs(low) or 1.0
        low, high = low - half, high + half
    below, above = bool((known < low).any()), bool((known > high).any())
    ends = {(False, False): "neither", (True, False): "min", (False, True): "max"}
    return Scale(low, high, ends.get((below, above), "both"), skew)


def draw_numbers(axes: list[Any], images: np.ndarray, colors: str, scale: Scale) -> Any:
    """Draw images (slices, rows, columns) on one scale; nan is hatched. Returns the last image."""
    from matplotlib import colormaps
    from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize

    shades = colormaps[VALUES]
    if colors == ERRORS:
        amber = BAND[Accuracy.ESTIMATED]
        shades = LinearSegmentedColormap.from_list(
            "error", ["#FFF6E0", "#E3B341", amber, "#3D2900"]
        )
    shades = shades.with_extremes(bad=_BARE)
    norm = (LogNorm if scale.logarithmic else Normalize)(scale.low, scale.high)
    drawn = None
    for ax, image in zip(axes, images, strict=False):
        drawn = ax.imshow(
            np.ma.masked_invalid(image), cmap=shades, norm=norm, interpolation="nearest",
            aspect=aspect_of(image.shape), rasterized=True,
        )  # fmt: skip
        hatch(ax, ~np.isfinite(image))
        if len(axes) > 1:
            mark_lone(ax, ~np.isfinite(image), _BARE)
        plain(ax)
    return drawn


def plain(ax: Any) -> None:
    """An image needs neither grid nor spines."""
    ax.grid(visible=False)
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.locator_params(nbins=5, integer=True)
    ax.set_anchor("NW")


def aspect_of(shape: tuple[int, ...]) -> str:
    """How an image of so many rows and columns fills its panel."""
    tall, wide = shape
    return "equal" if max(tall, wide) <= _LONG * min(tall, wide) else "auto"


def hatch(ax: Any, where: np.ndarray, pattern: str = "////") -> None:
    """Hatch the pixels of an image; of very many runs of them the longest ones."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    runs = _runs(where)
    if not len(runs):
        return
    if len(runs) > _MOST_RUNS:
        runs = runs[np.argsort(runs[:, 1] - runs[:, 2], kind="stable")[:_MOST_RUNS]]
    row, first, last = runs.T - 0.5
    corners = [(first, row), (last, row), (last, row + 1), (first, row + 1), (first, row)]
    points = np.array([np.column_stack(c) for c in corners]).transpose(1, 0, 2).reshape(-1, 2)
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * len(runs)
    ax.add_patch(
        PathPatch(Path(points, codes), facecolor="none", edgecolor=UNKNOWN, hatch=pattern, lw=0.0,
                  alpha=0.45, zorder=2)
    )  # fmt: skip


def mark_lone(ax: Any, where: np.ndarray, color: str) -> None:
    """A framed square on each pixel without a neighbor of its kind, which is too small to see."""
    around = np.pad(where, 1)
    near = np.zeros(where.shape, int)
    for down in range(3):
        for right in range(3):
            near += around[down : down + where.shape[0], right : right + where.shape[1]]
    row, column = np.nonzero(where & (near == 1))
    if 0 < len(row) <= _MOST_LONE:
        ax.plot(column, row, "s", ms=3.2, color=color, mec=INK, mew=0.6, zorder=4, clip_on=False)


def _runs(where: np.ndarray) -> np.ndarray:
    """(runs, 3): row, first column and the one after the last, of pixels side by side."""
    edges = np.diff(np.pad(where.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    starts, ends = np.argwhere(edges == 1), np.argwhere(edges == -1)
    return np.column_stack([starts, ends[:, 1]])


def name_sides(axes: list[Any], ndim: int, rows: int) -> None:
    """The axes of the array along the outer sides of a grid of panels."""
    columns = -(-len(axes) // rows)
    for k, ax in enumerate(axes):
        last = k + columns >= len(axes)
        ax.set_xlabel(f"dim_{ndim - 1}" if last else "")
        ax.set_ylabel(f"dim_{ndim - 2}" if k % columns == 0 else "")
        ax.tick_params(labelbottom=last, labelleft=k % columns == 0)


def add_bar(drawn: Any, axes: list[Any], label: str, scale: Scale) -> None:
    """The scale of colors beside its images, as high as the image where it is one."""
    place: dict[str, Any] = {"ax": axes, "pad": 0.02, "fraction": 0.06, "aspect": 24}
    if len(axes) == 1:
        place = {"cax": axes[0].inset_axes((1.03, 0.0, 0.05, 1.0))}
    bar = drawn.figure.colorbar(drawn, extend=scale.beyond, **place)
    tick_numbers(bar.ax.yaxis, scale.logarithmic)
    bar.set_label(visible(label), parse_math=False)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=8.5)


def tick_numbers(axis: Any, logarithmic: bool) -> None:
    """Plain numbers at the ticks; 1, 2 and 5 of each decade on a logarithmic axis of few."""
    from matplotlib.ticker import FuncFormatter, Locator, NullLocator

    class Decades(Locator):
        def __call__(self) -> Any:
            assert self.axis is not None
            return self.tick_values(*self.axis.get_view_interval())

        def tick_values(self, vmin: float, vmax: float) -> Any:
            return ticks_of_decades(vmin, vmax)

    if logarithmic:
        axis.set_major_locator(Decades())
        axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda v, _: number(v, 4)))


def ticks_of_decades(low: float, high: float) -> list[float]:
    """At most six round numbers between two positive ones; at least two."""
    low, high = min(low, high), max(low, high)
    if not 0 < low < high < np.inf:
        return []
    first, last = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))
    for steps in ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,)):
        found = _between([s * 10.0**k for k in range(first, last + 1) for s in steps], low, high)
        if len(found) <= _MOST_TICKS:
            break
    else:
        every = -(-(last - first) // _MOST_TICKS)
        found = _between(
            [10.0**k for k in range(first - first % every, last + 1, every)], low, high
        )
    return found if len(found) > 2 else _even_ticks(low, high)


def _between(values: list[float], low: float, high: float) -> list[float]:
    slack = 1e-9
    return [v for v in values if low * (1 - slack) <= v <= high * (1 + slack)]


def _even_ticks(low: float, high: float) -> list[float]:
    from matplotlib.ticker import MaxNLocator

    ticks = MaxNLocator(_MOST_TICKS - 1, steps=[1, 2, 5, 10]).tick_values(low, high)
    return _between(np.asarray(ticks).tolist(), low, high)
