"""The computational graph of a function at a point, with values, adjoints and local factors."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.networks.chain_compose import Factor
from taylored.networks.chain_fold import MOST_NODES, Fold, Group, fold
from taylored.plot.chain_layout import Layout, layered, levels
from taylored.plot.style import CURVE, INK, MUTED, UNKNOWN, new_figure, state, styled
from taylored.plot.titles import entitle
from taylored.report.chain import numbers_said, verdict
from taylored.report.letters import shorten, visible
from taylored.report.numbers import number
from taylored.report.series_terms import up

if TYPE_CHECKING:
    from taylored.networks.chain import Chain
    from taylored.networks.chain_graph import Edge

__all__ = ["chain_graph", "draw_chain"]

_LAYERS = 8  # that stand side by side in axes of the usual width
_WIDEST = 12  # in a figure of our own, which grows with them
_LARGEST, _SMALLEST = 9.0, 5.5  # letters, in points
_PARTS = (0.5, 0.6, 0.4, 0.7, 0.3, 0.8, 0.2, 0.55, 0.45, 0.65, 0.35, 0.75, 0.25, 0.15, 0.85)
_CODE = 20  # characters of a line of code
_BROADEST = 15.0  # inches
_INPUT, _STEP = "#EEF1F4", "white"


def chain_graph(result: Chain, ax: Any = None) -> Any:
    """Draw the graph: the value above each node, its adjoint below, factors on the edges.

    Args:
        result: any chain rule; large ones are folded, one node for each statement.
        ax: axes to draw in (default: a new figure).

    Returns:
        The axes.
    """
    with styled():
        if ax is None:
            return draw_chain(result, new_figure())
        _draw(result, ax, whole=False)
        return ax


def draw_chain(result: Chain, figure: Any) -> Any:
    """Draw into an empty figure, within a style; returns the axes."""
    ax = figure.subplots()
    _draw(result, ax, whole=True)
    return ax


def _draw(result: Chain, ax: Any, *, whole: bool) -> None:
    folded = _folded(result, _WIDEST if whole else _LAYERS)
    layout = layered([g.name for g in folded.groups], list(folded.edges))
    entitle(ax, verdict(result), whole=whole)
    state(ax, _statement(result, folded), whole=whole)
    ax.set_axis_off()
    heights = [y for _, y in layout.places.values()]
    heights += [y for bends in layout.bends.values() for _, y in bends]
    ax.set_ylim(min(heights) - 0.7, max(heights) + 0.7)
    while True:
        ax.figure.draw_without_rendering()  # the layout is settled before anything is measured
        window = ax.get_window_extent()
        ax.set_xlim(0.0, window.width)
        largest = min(_LARGEST, 0.105 * window.height / (max(heights) - min(heights) + 1.4))
        size, boxes, columns = _placed(ax, folded, layout, max(largest, _SMALLEST))
        wide, high = ax.figure.get_size_inches()
        if not whole or size > 0.85 * largest or wide >= _BROADEST:
            break
        for box in boxes.values():  # a wider figure, not smaller letters
            box.remove()
        ax.figure.set_size_inches(wide + 1.0, high)
    said = [t for g in folded.groups for t in _numbers(ax, g, boxes[g.name], size)]
    _edges(ax, folded, layout, (boxes, size, columns, said))


def _placed(ax: Any, folded: Fold, layout: Layout, size: float) -> tuple[float, dict, list[float]]:
    """The boxes, in columns as wide as they need; smaller letters where the gaps are narrow."""
    while True:
        boxes = {g.name: _box(ax, g, layout.places[g.name], size) for g in folded.groups}
        widths = _widths(ax, folded, layout, boxes, size)
        room = ax.get_window_extent().width - sum(widths)
        gap = room / max(layout.layers - 1, 1)
        longest = max((len(_label(f)) for f in folded.factors.values()), default=0)
        if size <= _SMALLEST or gap >= min(0.75 * longest, 9.0) * size:
            break
        for box in boxes.values():
            box.remove()
        size = max(0.93 * size, _SMALLEST)
    gap = min(gap, 220.0)
    left = 0.5 * (ax.get_window_extent().width - sum(widths) - gap * (layout.layers - 1))
    columns = []
    for width in widths:
        columns.append(left + 0.5 * width)
        left += width + gap
    for name, box in boxes.items():
        layer, y = layout.places[name]
        box.set_position((columns[int(layer)], y))
    ax.figure.draw_without_rendering()  # so that the boxes know how large they are
    return size, boxes, columns


def _widths(ax: Any, folded: Fold, layout: Layout, boxes: dict, size: float) -> list[float]:
    """How wide each column is: its boxes and the numbers above and below them, in pixels."""
    ax.figure.draw_without_rendering()
    widths = [0.0] * layout.layers
    for group in folded.groups:
        said = max(len(t) for t in _said(group))
        letters = 0.62 * size * ax.figure.dpi / 72.0
        wide = max(boxes[group.name].get_bbox_patch().get_window_extent().width, said * letters)
        layer = int(layout.places[group.name][0])
        widths[layer] = max(widths[layer], wide)
    return widths


def _folded(result: Chain, layers: int) -> Fold:
    """As many nodes as can be read: folded by statements, then further, until the layers fit."""
    for most in (MOST_NODES, 20, 14, 10, 8):
        found = fold(result.graph, most)
        level = levels([g.name for g in found.groups], list(found.edges))
        if max(level.values(), default=0) < layers:
            return found
    return found


# ---- nodes ----


def _box(ax: Any, group: Group, place: tuple[float, float], size: float) -> Any:
    text = shorten(visible(group.name), 18)
    wide = len(group.nodes) > 1
    made = visible(group.text)
    if wide:
        made = re.sub(r"^(\d+ times: )?(return|[\w ]+=(?!=))\s*", r"\1", made)
    made = "".join(f"\n{line}" for line in _code_lines(made))
    face = {"boxstyle": "round,pad=0.45", "fc": _STEP if group.text else _INPUT,
            "ec": INK if group.text else MUTED, "lw": 1.4 if wide else 0.9}  # fmt: skip
    return ax.text(*place, text + made, ha="center", va="center", fontsize=size, color=INK,
                   bbox=face, zorder=5, parse_math=False, linespacing=1.25)  # fmt: skip


def _code_lines(code: str) -> list[str]:
    """Code on at most two lines, broken between its words; dots where something is left out."""
    lines = [""]
    for piece in re.findall(r"[^\s(,]*[(,]?\s*", code):
        if lines[-1].strip() and len((lines[-1] + piece).rstrip()) > _CODE:
            lines.append("")
        lines[-1] += shorten(piece, 2 * _CODE)
    lines = [line.strip() for line in lines if line.strip()]
    return lines if len(lines) <= 2 else [lines[0], f"{lines[1]} ..."]


def _said(group: Group) -> tuple[str, str]:
    """The value and the adjoint."""
    node = group.last
    digits = 4 if node.shape == () else 2
    return numbers_said(node.value, digits), numbers_said(node.adjoint, digits)


def _extent(ax: Any, text: Any) -> np.ndarray:
    """((x0, y0), (x1, y1)) of a box, in data."""
    window = text.get_bbox_patch().get_window_extent()
    return ax.transData.inverted().transform([(window.x0, window.y0), (window.x1, window.y1)])


def _numbers(ax: Any, group: Group, box: Any, size: float) -> tuple[Any, Any]:
    """The value above and the adjoint below, drawn."""
    (x0, low), (x1, high) = _extent(ax, box)
    middle = 0.5 * (x0 + x1)
    value, adjoint = _said(group)
    look = {"ha": "center", "textcoords": "offset points", "parse_math": False, "zorder": 6,
            "annotation_clip": False, "fontsize": size}  # fmt: skip
    ground = {"boxstyle": "square,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.8}
    above = ax.annotate(value, (middle, high), (0, 3), va="bottom", color=INK,
                bbox=ground, **look)  # fmt: skip
    below = ax.annotate(adjoint, (middle, low), (0, -3), va="top", color=CURVE,
                bbox=ground, **look)  # fmt: skip
    return above, below


# ---- edges ----


def _edges(ax: Any, folded: Fold, layout: Layout, drawn: tuple) -> None:
    boxes, size, columns, said = drawn
    flows = {ends: _flow(edges) for ends, edges in folded.edges.items()}
    most = max((f for f in flows.values() if np.isfinite(f)), default=0.0) or 1.0
    taken = [np.ravel(_window(box)) for box in boxes.values()]
    taken += [text.get_window_extent().extents for text in said]
    curves = {}
    for ends in folded.edges:
        source, target = (_extent(ax, boxes[name]) for name in ends)
        start = (source[1][0], layout.places[ends[0]][1])
        stop = (target[0][0], layout.places[ends[1]][1])
        points = [start, *((columns[int(k)], y) for k, y in layout.bends[ends]), stop]
        share = flows[ends] / most if np.isfinite(flows[ends]) else 1.0
        _curve(ax, points, 0.7 + 1.8 * share, dead=share == 0.0)
        curves[ends] = points
    for ends, points in curves.items():
        others = [_samples(ax, p) for e, p in curves.items() if e != ends]
        near = np.concatenate([np.empty((0, 2)), *others])
        _edge_label(ax, points, _label(folded.factors[ends]), (size, near, taken))


def _samples(ax: Any, points: Sequence[tuple[float, float]]) -> np.ndarray:
    """(places, 2) along a curve, in pixels."""
    return ax.transData.transform([_along(points, part) for part in np.linspace(0.0, 1.0, 80)])


def _flow(edges: Sequence[Edge]) -> float:
    """How much of the adjoint passes: the size of what the source got over these edges."""
    return float(sum(np.linalg.norm(np.ravel(np.asarray(e.share, float))) for e in edges))


def _curve(ax: Any, points: Sequence[tuple[float, float]], width: float, *, dead: bool) -> None:
    """A curve through the points that leaves and arrives level, with a head."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    corners, codes = [points[0]], [Path.MOVETO]
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        middle = 0.5 * (x0 + x1)
        corners += [(middle, y0), (middle, y1), (x1, y1)]
        codes += [Path.CURVE4] * 3
    ax.add_patch(FancyArrowPatch(
        path=Path(corners, codes), arrowstyle="-|>,head_length=4,head_width=2.2", fc=MUTED,
        ec=UNKNOWN if dead else MUTED, lw=width, ls=(0, (2, 3)) if dead else "-", zorder=2,
        capstyle="butt",
    ))  # fmt: skip


def _label(factor: Factor) -> str:
    """The factor: as a formula, and as a number where it is one; empty where it is neither."""
    symbol = shorten(visible(factor.symbol), 16)
    if factor.value is None:
        return "" if symbol == "1" else symbol or factor.kind
    value = number(factor.value + 0.0, 4)
    plain = symbol.replace("-", "").replace(".", "").isdigit()
    return value if plain or not symbol else f"{symbol} = {value}"


def _edge_label(
    ax: Any, points: Sequence[tuple[float, float]], whole: str, around: tuple[float, Any, list]
) -> None:
    """The factor on its edge, at the first place along it where it covers nothing."""
    size, near, taken = around
    if not whole:
        return
    look = {"ha": "center", "va": "center", "fontsize": 0.88 * size, "color": MUTED, "zorder": 4,
            "parse_math": False, "linespacing": 1.1,
            "bbox": {"boxstyle": "square,pad=0.12", "fc": "white", "ec": "none"}}  # fmt: skip
    best: tuple[float, Any, Any] | None = None
    for text in dict.fromkeys([whole, whole.replace(" = ", "\n= ")]):
        drawn = ax.text(0, 0, text, **look)
        for part in _PARTS:
            drawn.set_position(_along(points, part))
            window = np.ravel(_window(drawn))
            cost = 5.0 * sum(_overlap(window, other) for other in taken)
            cost += _crossed(window, near)
            if best is None or cost < best[0]:
                best = (cost, (text, drawn.get_position()), window)
            if cost == 0.0:
                break
        drawn.remove()
        if best is not None and best[0] == 0.0:
            break
    assert best is not None
    _, (text, place), window = best
    ax.text(*place, text, **look)
    taken.append(window)


def _crossed(window: np.ndarray, near: np.ndarray) -> float:
    """How much a label hides of other edges: points of them that lie below it."""
    low, high = window[:2], window[2:]
    return 10.0 * int(np.sum(np.all((near > low) & (near < high), axis=1)))


def _window(text: Any) -> np.ndarray:
    """The rectangle that a text takes, with its box, in pixels."""
    text.update_bbox_position_size(text.figure.canvas.get_renderer())
    window = text.get_bbox_patch().get_window_extent()
    return np.array([window.x0, window.y0, window.x1, window.y1])


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    return max(wide, 0.0) * max(high, 0.0)


def _along(points: Sequence[tuple[float, float]], part: float) -> tuple[float, float]:
    """The point of the curve at a part of its way."""
    whole = part * (len(points) - 1)
    k = min(int(whole), len(points) - 2)
    t = whole - k
    (x0, y0), (x1, y1) = points[k], points[k + 1]
    middle = 0.5 * (x0 + x1)
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    x = sum(w * v for w, v in zip(weights, (x0, middle, middle, x1), strict=True))
    y = sum(w * v for w, v in zip(weights, (y0, y0, y1, y1), strict=True))
    return x, y


# ---- words ----


def _statement(result: Chain, folded: Fold) -> list[str]:
    name = visible(result.name)
    first = (
        f"Above a node: its value, of an array the least and the largest. Below: ∂{name}/∂(node). "
        "On an edge: the local factor, if one formula or number says it; thicker where more passes."
    )
    error = result.rounding.gradient
    if result.rounding.reason:
        second = f"Accuracy unknown: {result.rounding.reason}."
    elif str(result.accuracy) == "estimated":
        worst = float(np.max(error))
        second = f"Derivatives right to about {up(worst) if worst else '0'} (estimated)."
    else:
        doubts = ", ".join(f.name for f in result.findings if f.severity != "note")
        why = f" ({doubts})" if doubts else ""
        second = f"Nothing is known of the accuracy{why}."
    hidden = len(result.nodes) - len(folded.groups)
    if hidden:
        second += f" {hidden:,} steps are folded into the nodes with a thick frame."
    return wrap(f"{first} {second} {result.check}.", 124)
