"""Prediction against truth: rows left out of training, with the intervals they had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.networks.outofbag import OutOfBag
from taylored.plot.labels import Label, place_labels
from taylored.plot.network_marks import (
    MANY_BARS,
    draw_band,
    draw_bars,
    draw_dots,
    draw_outside,
    spanned,
)
from taylored.plot.style import CURVE, name_axes
from taylored.report.letters import visible
from taylored.report.network_facts import (
    coverage_clause,
    names_of,
    scores_in_units,
    short_verdict,
)
from taylored.report.numbers import percent, value_error

if TYPE_CHECKING:
    from taylored.networks.result import Network

__all__ = ["Seen", "draw", "seen_rows"]

_LEVEL = 0.9


class Seen:
    """One output of the rows left out: prediction, truth and interval, in the user's units."""

    def __init__(self, net: Network, output: int, level: float = _LEVEL):
        found = net.out_of_bag
        assert isinstance(found, OutOfBag)
        scale, center = net.response.scale[output], net.response.center[output]
        self.predicted = found.mean[:, output] * scale + center
        self.truth = found.t[:, output] * scale + center
        half = found.quantile(level)[output] * found.deviation[:, output] * scale
        ratio = found.ratio[output]
        # What the mean of a few members misses more than that of all is no fault of the interval.
        self.half = half / ratio if ratio > 0 else half
        self.kind = net.accuracy
        self.inside = found.scores[:, output] <= found.quantile(level)[output]


def seen_rows(net: Network, output: int = 0, level: float = _LEVEL) -> Seen:
    """Prediction, truth and interval of rows left out, in the user's units."""
    return Seen(net, output, level)


def draw(net: Network, axes: list[Any]) -> tuple[str, list[str]]:
    """Draw, and return the title and the statement below."""
    names = names_of(net)
    several = len(names) > 1
    for k, name in enumerate(names[: len(axes) if several else 1]):
        below = None if several or len(axes) < 2 else axes[1]
        _panel(net, k, name, (axes[k], below), labeled=k == 0)
    title = f"{short_verdict(net)}; {coverage_clause(net, _LEVEL)}"
    return title, _statement(net)


def _panel(net: Network, output: int, name: str, axes: tuple[Any, Any], *, labeled: bool) -> None:
    main, below = axes
    seen = Seen(net, output)
    low, high = spanned(seen.predicted, seen.truth)
    main.plot([low, high], [low, high], color=CURVE, lw=1.8, zorder=3)
    main.set_ylim(low, high)
    main.set_xlim(*spanned(seen.predicted, share=0.03))
    _rows(main, seen, seen.predicted, seen.truth)
    main.set_ylabel(visible(name), parse_math=False)
    if below is not None:
        below.axhline(0.0, color=CURVE, lw=1.4, zorder=3)
        _rows(below, seen, np.zeros_like(seen.truth), seen.truth - seen.predicted)
        low, high = spanned(seen.truth - seen.predicted, share=0.08)
        below.set_ylim(low, high)
        name_axes(below, f"predicted {name}, by networks that have not seen the row", "difference")
        main.tick_params(which="both", labelbottom=False, bottom=False)
        main.figure.align_ylabels([main, below])
    else:
        name_axes(main, f"predicted {name}", name)
    if labeled:
        _label(main, seen)


def _rows(ax: Any, seen: Seen, center: np.ndarray, y: np.ndarray) -> None:
    half = np.where(np.isfinite(seen.half), seen.half, 0.0)
    if len(y) > MANY_BARS:
        draw_band(ax, seen.predicted, center, half, seen.kind)
    else:
        draw_bars(ax, seen.predicted, center - half, center + half, seen.kind)
    draw_dots(ax, seen.predicted[seen.inside], y[seen.inside], len(y))
    draw_outside(ax, seen.predicted[~seen.inside], y[~seen.inside], len(y))


def _label(ax: Any, seen: Seen) -> None:
    ax.figure.canvas.figure.draw_without_rendering()
    low, high = ax.get_xlim()
    x = np.linspace(low, high, 80)
    obstacles = np.column_stack([seen.predicted, seen.truth])
    half = np.where(np.isfinite(seen.half), seen.half, 0.0)
    ends = [
        np.column_stack([seen.predicted, seen.predicted + s * half]) for s in (-1, -0.5, 0.5, 1)
    ]
    place_labels(ax, [Label("prediction = truth", CURVE, x, x)], np.concatenate([obstacles, *ends]))


def _statement(net: Network) -> list[str]:
    outside = [int((~Seen(net, k).inside).sum()) for k in range(len(net.response.names))]
    count, rows = sum(outside), len(net.rows.z) * len(outside)
    many = len(net.rows.z) > MANY_BARS
    first = (
        f"{'Band' if many else 'Bars'}: {percent(_LEVEL)} intervals ({net.accuracy})"
        f"{', their width a running median' if many else ''}; {count} of {rows:,} rows lie outside "
        "of theirs (triangles)."
    )
    if len(net.response.names) > 1:
        return [first]
    others = [s for s in scores_in_units(net) if s.name != "network"]
    said = ", ".join(f"{s.name} {value_error(s.value, s.stderr)}" for s in others)
    return [first, f"Root mean square errors on the same rows: {said}." if said else ""]
