"""The computational graph of a function at a point, with values, adjoints and local factors."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.networks.chain_fold import Fold, Group, fold
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

_MOST = 30  # nodes; more are folded
_LAYERS = 8  # that stand side by side
_LARGEST, _SMALLEST = 9.0, 5.5  # letters, in points
_INPUT, _STEP = "#EEF1F4", "white"


def chain_graph(result: Chain, ax: Any = None) -> Any:
    """Draw the graph: the value above each node, its adjoint below, factors on the edges.

    Args:
        result: any chain rule; large ones are folded, one node for each line of the user's.
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
    folded = _folded(result)
    layout = layered([g.name for g in folded.groups], list(folded.edges))
    entitle(ax, verdict(result), whole=whole)
    state(ax, _statement(result, folded), whole=whole)
    ax.set_axis_off()
    ax.figure.draw_without_rendering()  # the layout is settled before anything is measured
    window = ax.get_window_extent()
    heights = [y for _, y in layout.places.values()]
    heights += [y for bends in layout.bends.values() for _, y in bends]
    ax.set_xlim(0.0, window.width)
    ax.set_ylim(min(heights) - 0.7, max(heights) + 0.7)
    size = min(_LARGEST, 0.105 * window.height / (max(heights) - min(heights) + 1.4))
    size, boxes, columns = _placed(ax, folded, layout, max(size, _SMALLEST))
    for group in folded.groups:
        _numbers(ax, group, boxes[group.name], size)
    _edges(ax, folded, layout, (boxes, size, columns))


def _placed(ax: Any, folded: Fold, layout: Layout, size: float) -> tuple[float, dict, list[float]]:
    """The boxes, in columns as wide as they need; smaller letters where the gaps are narrow."""
    while True:
        boxes = {g.name: _box(ax, g, layout.places[g.name], size) for g in folded.groups}
        widths = _widths(ax, folded, layout, boxes, size)
        room = ax.get_window_extent().width - sum(widths)
        gap = room / max(layout.layers - 1, 1)
        longest = max((len(_label(e)) for e in folded.edges.values()), default=0)
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


def _folded(result: Chain) -> Fold:
    """As many nodes as can be read: folded by lines, then further, until the layers fit."""
    for most in (_MOST, 20, 14, 10, 8):
        found = fold(result.graph, most)
        level = levels([g.name for g in found.groups], list(found.edges))
        if max(level.values(), default=0) < _LAYERS:
            return found
    return found


# ---- nodes ----


def _box(ax: Any, group: Group, place: tuple[float, float], size: float) -> Any:
    text = shorten(visible(group.name), 18)
    wide = len(group.nodes) > 1
    made = visible(group.text)
    if wide:
        made = re.sub(r"^(return|[\w ]+=(?!=))\s*", "", made)
    made = "".join(f"\n{line}" for line in wrap(made, 18, max_lines=2, placeholder=" ..."))
    face = {"boxstyle": "round,pad=0.45", "fc": _STEP if group.text else _INPUT,
            "ec": INK if group.text else MUTED, "lw": 1.4 if wide else 0.9}  # fmt: skip
    return ax.text(*place, text + made, ha="center", va="center", fontsize=size, color=INK,
                   bbox=face, zorder=5, parse_math=False, linespacing=1.25)  # fmt: skip


def _said(group: Group) -> tuple[str, str]:
    """The value and the adjoint."""
    node = group.last
    digits = 4 if node.shape == () else 2
    return numbers_said(node.value, digits), numbers_said(node.adjoint, digits)


def _extent(ax: Any, text: Any) -> np.ndarray:
    """((x0, y0), (x1, y1)) of a box, in data."""
    window = text.get_bbox_patch().get_window_extent()
    return ax.transData.inverted().transform([(window.x0, window.y0), (window.x1, window.y1)])


def _numbers(ax: Any, group: Group, box: Any, size: float) -> None:
    """The value above and the adjoint below."""
    (x0, low), (x1, high) = _extent(ax, box)
    middle = 0.5 * (x0 + x1)
    value, adjoint = _said(group)
    look = {"ha": "center", "textcoords": "offset points", "parse_math": False, "zorder": 6,
            "annotation_clip": False, "fontsize": size}  # fmt: skip
    ground = {"boxstyle": "square,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.8}
    ax.annotate(value, (middle, high), (0, 3), va="bottom", color=INK,
                bbox=ground, **look)  # fmt: skip
    ax.annotate(adjoint, (middle, low), (0, -3), va="top", color=CURVE,
                bbox=ground, **look)  # fmt: skip


# ---- edges ----


def _edges(ax: Any, folded: Fold, layout: Layout, drawn: tuple) -> None:
    boxes, size, columns = drawn
    flows = {ends: _flow(edges) for ends, edges in folded.edges.items()}
    most = max((f for f in flows.values() if np.isfinite(f)), default=0.0) or 1.0
    taken = [np.ravel(_window(box)) for box in boxes.values()]
    for ends in folded.edges:
        source, target = (_extent(ax, boxes[name]) for name in ends)
        start = (source[1][0], layout.places[ends[0]][1])
        stop = (target[0][0], layout.places[ends[1]][1])
        points = [start, *((columns[int(k)], y) for k, y in layout.bends[ends]), stop]
        share = flows[ends] / most if np.isfinite(flows[ends]) else 1.0
        _curve(ax, points, 0.7 + 1.8 * share, dead=share == 0.0)
        _edge_label(ax, points, folded.edges[ends], size, taken)


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


def _label(edges: Sequence[Edge]) -> str:
    """The factor: as a formula, and as a number where it is one."""
    return _factor(edges[0]) if len(edges) == 1 else f"{len(edges)} factors"


def _factor(edge: Edge) -> str:
    symbol = shorten(visible(edge.symbol), 16)
    if edge.kind != "number":
        return "" if symbol == "1" else symbol or edge.kind
    value = number(float(edge.factor), 4)
    plain = symbol.replace("-", "").replace(".", "").isdigit()
    return value if plain or not symbol else f"{symbol} = {value}"


def _edge_label(
    ax: Any, points: Sequence[tuple[float, float]], edges: Sequence[Edge], size: float, taken: list
) -> None:
    """The factor on its edge, at the first place along it where it covers nothing."""
    whole = _label(edges)
    if not whole:
        return
    look = {"ha": "center", "va": "center", "fontsize": 0.88 * size, "color": MUTED, "zorder": 4,
            "parse_math": False, "linespacing": 1.1,
            "bbox": {"boxstyle": "square,pad=0.12", "fc": "white", "ec": "none"}}  # fmt: skip
    shorter = whole.replace(" = ", "\n= ") if len(edges) == 1 else whole
    best: tuple[float, Any, Any] | None = None
    for text in dict.fromkeys([whole, shorter]):
        drawn = ax.text(0, 0, text, **look)
        for part in (0.5, 0.6, 0.4, 0.7, 0.3, 0.8, 0.2):
            drawn.set_position(_along(points, part))
            window = np.ravel(_window(drawn))
            cost = sum(_overlap(window, other) for other in taken)
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
    lines = [
        f"Above a node: its value, of an array the least and the largest. Below: ∂{name}/∂(node). "
        "On an edge: the local factor; thicker where more passes."
    ]
    error = result.rounding.gradient
    if result.rounding.reason:
        second = f"Accuracy unknown: {result.rounding.reason}."
    elif str(result.accuracy) == "estimated":
        worst = float(np.max(error))
        second = f"Derivatives right to about {up(worst) if worst else '0'} (estimated)."
    else:
        doubts = [f.name for f in result.findings if f.severity != "note"]
        second = f"Nothing is known of the accuracy ({', '.join(doubts)})."
    hidden = len(result.nodes) - len(folded.groups)
    if hidden:
        second += f" {hidden:,} steps are folded into the nodes with a thick frame."
    text = " ".join([*lines, second, f"{result.check}."])
    return wrap(text, 124)
