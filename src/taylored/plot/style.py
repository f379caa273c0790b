"""The look of all pictures: one dictionary of settings, applied in a context, never globally."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import wrap
from typing import Any

from taylored.report.letters import visible
from taylored.results import Accuracy

__all__ = ["BAND", "CURVE", "DPI", "GRID", "INK", "MUTED", "SIZE", "STYLE", "UNKNOWN"]
__all__ += ["headline", "name_axes", "new_figure", "state", "styled"]

SIZE, DPI = (8.0, 5.0), 200  # inches, so that a saved picture has 1600 x 1000 pixels

INK, MUTED, GRID = "#1F2328", "#57606A", "#E4E7EB"
CURVE, UNKNOWN = "#D55E00", "#6A737D"
BAND = {
    Accuracy.PROVED: "#00795C",
    Accuracy.CALIBRATED: "#0065A3",
    Accuracy.ESTIMATED: "#9A6700",
    Accuracy.UNKNOWN: UNKNOWN,
}

STYLE: dict[str, Any] = {
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "figure.figsize": SIZE,
    "savefig.dpi": DPI,
    "savefig.facecolor": "white",
    "savefig.bbox": None,
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],  # matplotlib's own, so that pictures agree everywhere
    "font.size": 10.0,
    "text.color": INK,
    "text.usetex": False,
    "axes.facecolor": "white",
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.labelcolor": INK,
    "axes.labelsize": 10.0,
    "axes.titlesize": 12.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "axes.titlepad": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.formatter.useoffset": False,
    "axes.unicode_minus": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 9.0,
    "ytick.labelsize": 9.0,
    "xtick.major.size": 3.5,
    "ytick.major.size": 0.0,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "patch.linewidth": 0.0,
    "hatch.linewidth": 0.7,
    "figure.constrained_layout.w_pad": 0.12,
    "figure.constrained_layout.h_pad": 0.06,
    "figure.constrained_layout.hspace": 0.0,
    "svg.fonttype": "path",
    "svg.hashsalt": "taylored",  # the same picture gives the same file
    "pdf.fonttype": 42,
}


@contextmanager
def styled() -> Iterator[None]:
    """The style, for as long as the context lasts."""
    import matplotlib

    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        yield


def new_figure() -> Any:
    """A figure of our size that pyplot knows, so that notebooks and `plt.show()` find it."""
    from matplotlib import pyplot

    return pyplot.figure(figsize=SIZE, layout="constrained")


# Texts that may hold a column's name are never read as mathematics: it may hold a dollar sign.


def headline(ax: Any, text: str, *, whole: bool) -> None:
    """The finding as the title, at most two lines; `whole`: the figure is ours."""
    width = 72 if whole else _characters(ax, STYLE["axes.titlesize"])
    lines = wrap(visible(text), width, max_lines=2, placeholder=" ...")
    ax.set_title("\n".join(lines), parse_math=False)


def _characters(ax: Any, size: float) -> int:
    """How many characters of a size in points stand side by side over the width of an axes."""
    points = ax.get_window_extent().width * 72.0 / ax.figure.dpi
    return max(int(points / (0.6 * size)), 20)  # bold letters are about 0.6 as wide as high


def name_axes(ax: Any, x: str, y: str) -> None:
    """What is drawn along the axes."""
    ax.set_xlabel(visible(x), parse_math=False)
    ax.set_ylabel(visible(y), parse_math=False)


def state(ax: Any, lines: list[str], *, whole: bool) -> None:
    """The statement on accuracy, small, under the picture; `whole`: the figure is ours."""
    look = {"fontsize": 8.0, "color": MUTED, "ha": "left", "parse_math": False, "linespacing": 1.5}
    lines = [visible(line) for line in lines if line]
    if whole:
        ax.figure.supxlabel("\n".join(lines), x=0.012, **look)
        return
    lines = [part for line in lines for part in wrap(line, _characters(ax, 8.0))]
    ax.annotate(
        "\n".join(lines), (0, 0), (0, -34), xycoords="axes fraction", va="top",
        textcoords="offset points", annotation_clip=False, **look,
    )  # fmt: skip
