"""A title over a whole figure, from its left edge, where the axes leave no room for it."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

from taylored.plot.style import INK, STYLE, headline
from taylored.report.letters import visible

__all__ = ["entitle"]

_CHARACTERS = 76  # that stand side by side over the width of a figure of ours


def entitle(ax: Any, text: str, *, whole: bool) -> None:
    """The finding, at most two lines; over the figure if that is ours (`whole`), else the axes."""
    text = text.rstrip(".")
    if not whole:
        headline(ax, text, whole=False)
        return
    lines = wrap(visible(text), _CHARACTERS, max_lines=2, placeholder=" ...")
    ax.figure.suptitle(
        "\n".join(lines), x=0.012, ha="left", fontsize=STYLE["axes.titlesize"], fontweight="bold",
        color=INK, parse_math=False,
    )  # fmt: skip
