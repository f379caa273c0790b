"""How much worse rows not seen are predicted without each input, with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.plot.style import BAND, INK, UNKNOWN
from taylored.report.letters import shorten, visible
from taylored.report.numbers import percent

if TYPE_CHECKING:
    from taylored.networks.result import Network

__all__ = ["draw"]

_MOST = 18  # inputs that are drawn
_NAME = 26


def draw(net: Network, axes: list[Any]) -> tuple[str, list[str]]:
    """Draw, and return the title and the statement below."""
    ax, found = axes[0], net.importance()
    order = found.ranked()[:_MOST]
    value, lo, hi = (np.asarray(v)[order] for v in (found.value, found.lo, found.hi))
    clear = np.asarray(found.clear)[order]
    rows = np.arange(len(order))[::-1]
    ax.axvline(0.0, color=INK, lw=0.9, zorder=2)
    for some, color, face in ((clear, BAND[found.kind], None), (~clear, UNKNOWN, "white")):
        ax.hlines(rows[some], lo[some], hi[some], color=color, lw=3.0, alpha=0.4, zorder=3)
        ax.plot(value[some], rows[some], "o" if face is None else "D", ms=6.0, color=face or color,
                mec="white" if face is None else color, mew=0.8, zorder=4)  # fmt: skip
    ax.set_yticks(rows, [shorten(visible(found.names[k]), _NAME) for k in order], parse_math=False)
    ax.set_ylim(-0.7, len(order) - 0.3)
    ax.grid(axis="x")
    ax.grid(False, axis="y")
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(f"rise of the {visible(found.error)} without it", parse_math=False)
    return _title(found, order), _statement(found, len(order), int((~clear).sum()))


def _title(found: Any, order: list[int]) -> str:
    names = [shorten(visible(found.names[k]), _NAME) for k in order if found.clear[k]]
    if not names:
        return "No effect of any single input is seen"
    if len(found.names) == 1:
        return f"{names[0]} matters: without it the error rises"
    if len(names) == 1:
        return f"{names[0]} matters; no effect of any other input is seen"
    listed = " and ".join(names[1:3])
    return f"{names[0]} matters most, then {listed}"


def _statement(found: Any, drawn: int, unclear: int) -> list[str]:
    more = len(found.names) - drawn
    left = f" {more} inputs that matter less are not drawn." if more > 0 else ""
    second = f"Diamonds: {unclear} inputs whose intervals reach 0." if unclear else ""
    if unclear == 1:
        second = "Diamond: its interval reaches 0."
    return [
        f"Bars: {percent(found.level)} intervals ({found.kind}) over {found.rows:,} rows left out "
        f"of training; each input shuffled {found.repeats} times.{left}",
        " ".join([second, *(f"{f.message}" for f in found.findings[:1])]).strip(),
    ]
