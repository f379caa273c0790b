"""What a figure shows, as data: panels with axes and layers, readings with their accuracy, words.

A layer is a dictionary that the browser draws; the functions here make them, round their numbers
to what a screen can show, and break lines where a value is not finite (null). Colors are named by
meaning (`role`), never by value, so that light, dark and print pages can differ:

    truth   thin ink line: the function itself, where it is known
    approx  vermilion, 2 px: the approximation, and what follows the reader's hand
    data    ink, points with error bars
    a, b    two further things of equal rank (blue-gray solid, violet dashed)
    muted   gray: construction lines, what came before
    proved, calibrated, estimated, unknown   the four kinds of accuracy
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from taylored.report import numbers
from taylored.results import Accuracy, Interval

__all__ = ["Axis", "Layer", "Panel", "Reading", "Scene", "Statement", "Table"]
__all__ += ["arrows", "band", "bars", "contours", "curve", "edges", "image", "line", "mark"]
__all__ += ["nodes", "points", "polygon", "rule"]

Layer = dict[str, Any]
_DIGITS = 5


def _rounded(values: Any) -> list[float | None]:
    """Numbers to five digits, None where they are not finite."""
    flat = np.asarray(values, dtype=float).ravel()
    return [float(f"{v:.{_DIGITS}g}") if math.isfinite(v) else None for v in flat.tolist()]


@dataclass(frozen=True)
class Axis:
    """An axis: what it measures (with its unit), its ends, and whether it is logarithmic."""

    label: str
    lo: float
    hi: float
    log: bool = False

    def describe(self) -> dict[str, Any]:
        return {"label": self.label, "lo": self.lo, "hi": self.hi, "log": self.log}


def line(x: Any, y: Any, role: str = "truth", label: str = "", *, dash: bool = False) -> Layer:
    """A polyline; `label` is written at its end."""
    return {"type": "line", "x": _rounded(x), "y": _rounded(y), "role": role, "label": label,
            "dash": dash}  # fmt: skip


def curve(function: Any, axis: Axis, role: str = "truth", label: str = "", **options: Any) -> Layer:
    """The graph of a vectorized function over an axis, at 240 points."""
    between = np.geomspace if axis.log else np.linspace
    x = between(axis.lo, axis.hi, 240)
    with np.errstate(all="ignore"):
        return line(x, function(x), role, label, **options)


def band(x: Any, lo: Any, hi: Any, kind: Accuracy | str, label: str = "") -> Layer:
    """A region between two curves, drawn as its kind of accuracy is: proved with a hard edge."""
    return {"type": "band", "x": _rounded(x), "lo": _rounded(lo), "hi": _rounded(hi),
            "role": str(kind), "label": label}  # fmt: skip


def points(x: Any, y: Any, role: str = "data", label: str = "", **more: Any) -> Layer:
    """Points. `error` (also `lo`, `hi`: ends of bars along y), `size` in pixels, `hollow`,
    `texts` (one short text each)."""
    layer: Layer = {"type": "points", "x": _rounded(x), "y": _rounded(y), "role": role,
                    "label": label}  # fmt: skip
    if "error" in more:
        error = np.asarray(more.pop("error"), dtype=float)
        more["lo"], more["hi"] = np.asarray(y) - error, np.asarray(y) + error
    for name in ("lo", "hi"):
        if name in more:
            layer[name] = _rounded(more.pop(name))
    return layer | more


def arrows(x0: Any, y0: Any, x1: Any, y1: Any, role: str = "a", *, label: str = "") -> Layer:
    """Arrows from (x0, y0) to (x1, y1), in the coordinates of the panel."""
    return {"type": "arrows", "x0": _rounded(x0), "y0": _rounded(y0), "x1": _rounded(x1),
            "y1": _rounded(y1), "role": role, "label": label}  # fmt: skip


def polygon(x: Any, y: Any, role: str = "muted", label: str = "") -> Layer:
    """A closed, lightly filled outline: an ellipse, a parallelogram, a disc."""
    return {"type": "polygon", "x": _rounded(x), "y": _rounded(y), "role": role, "label": label}


def mark(x: float, y: float, text: str, role: str = "muted", anchor: str = "start") -> Layer:
    """A short text at a place; `anchor` start, middle or end."""
    return {"type": "mark", "x": _rounded([x])[0], "y": _rounded([y])[0], "text": text,
            "role": role, "anchor": anchor}  # fmt: skip


def rule(
    at: float, along: str, role: str = "muted", label: str = "", *, dash: bool = True
) -> Layer:
    """A straight line through the whole panel: `along` "x" is horizontal, at y = `at`."""
    return {"type": "rule", "at": float(at), "along": along, "role": role, "label": label,
            "dash": dash}  # fmt: skip


def bars(
    labels: Sequence[str], values: Any, lo: Any = None, hi: Any = None, *, role: str = "a",
    kind: Accuracy | str = "",
) -> Layer:  # fmt: skip
    """Horizontal bars, one row each from the top, with whiskers from `lo` to `hi` of a kind."""
    layer: Layer = {"type": "bars", "labels": list(labels), "values": _rounded(values),
                    "role": role, "kind": str(kind)}  # fmt: skip
    if lo is not None:
        layer |= {"lo": _rounded(lo), "hi": _rounded(hi)}
    return layer


def contours(
    function: Any, x: Axis, y: Axis, levels: Iterable[float] | int = 10, n: int = 81
) -> Layer:
    """Contour lines of a vectorized function of two variables; fixed ones are drawn once.

    `levels`: heights, or how many between the lowest and the highest value.
    """
    import contourpy

    gx, gy = np.meshgrid(np.linspace(x.lo, x.hi, n), np.linspace(y.lo, y.hi, n))
    with np.errstate(all="ignore"):
        heights = np.asarray(function(gx, gy), dtype=float)
    wanted = _between(heights, levels) if isinstance(levels, int) else list(levels)
    generator = contourpy.contour_generator(gx, gy, np.ma.masked_invalid(heights))
    lines = []
    for rank, level in enumerate(wanted):
        for path in generator.lines(float(level)):
            path = np.asarray(path)
            lines.append({"rank": rank, "level": float(level), "x": _rounded(path[:, 0]),
                          "y": _rounded(path[:, 1])})  # fmt: skip
    return {"type": "contours", "lines": lines, "count": len(wanted)}


def _between(heights: np.ndarray, count: int) -> list[float]:
    """Evenly spaced levels between the lowest and the highest finite value."""
    finite = heights[np.isfinite(heights)]
    return np.linspace(finite.min(), finite.max(), count + 2)[1:-1].tolist()


def image(values: Any, x: Axis, y: Axis, palette: str, texts: Sequence[str] = ()) -> Layer:
    """A grid of colors; row 0 is at the bottom.

    `palette`: "classes" (values 0..7 are colors of equal rank, `texts` names them), "height" or
    "difference" (values 0..255, dark to light, or blue - white - brown around 128).
    """
    grid = np.asarray(values)
    data = base64.b64encode(np.clip(grid, 0, 255).astype(np.uint8).tobytes()).decode()
    return {
        "type": "image", "data": data, "rows": grid.shape[0], "columns": grid.shape[1],
        "x": [x.lo, x.hi], "y": [y.lo, y.hi], "palette": palette, "texts": list(texts),
    }  # fmt: skip


def nodes(rows: Sequence[Mapping[str, Any]]) -> Layer:
    """The nodes of a graph: `id`, `x`, `y`, `label`, and texts `value` (above) and `adjoint`
    (below) with their accuracy already written; `role`, `shape` ("box" or "circle")."""
    return {"type": "nodes", "nodes": [dict(row) for row in rows]}


def edges(rows: Sequence[Mapping[str, Any]]) -> Layer:
    """The edges of a graph: `from`, `to` (ids), `label`, `weight` (line width, -1 to 1), `role`."""
    return {"type": "edges", "edges": [dict(row) for row in rows]}


@dataclass(frozen=True)
class Panel:
    """One set of axes. `handles` says where handles are that the scene places: name -> (x, y).

    `still`: layers that do not depend on the settings; they are sent once and drawn once. A handle
    that lies on a still line slides along it in the browser. Two panels stand side by side where
    there is room; one lower than 0.4 (residuals under a fit) stands under the panel before it.
    """

    x: Axis
    y: Axis
    layers: Sequence[Layer]
    name: str = "main"
    title: str = ""
    equal: bool = False  # the same scale on both axes
    still: Sequence[Layer] = ()
    handles: Mapping[str, Any] = field(default_factory=dict)
    bare: bool = False  # without axes (graphs)
    height: float = 0.62  # of the width

    def describe(self) -> dict[str, Any]:
        return {
            "name": self.name, "title": self.title, "equal": self.equal, "bare": self.bare,
            "height": self.height, "x": self.x.describe(), "y": self.y.describe(),
            "still": list(self.still), "layers": list(self.layers),
            "handles": dict(self.handles),
        }  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """A number with its accuracy, as a reader sees it: made by one of the class methods."""

    name: str
    label: str
    value: float | None
    kind: Accuracy | None  # None: exact, a count or a setting
    text: str
    lo: float = math.nan
    hi: float = math.nan
    level: float | None = None
    plain: str = ""  # how the accuracy was earned, one short phrase

    @classmethod
    def proved(cls, name: str, label: str, interval: Any, plain: str = "") -> Reading:
        """A number that lies in an interval for certain, rounding included."""
        lo, hi = (float(end) for end in interval)
        text = f"∈ {numbers.bounds(lo, hi)}"
        middle = 0.5 * lo + 0.5 * hi
        return cls(name, label, middle, Accuracy.PROVED, text, lo, hi, None, plain)

    @classmethod
    def calibrated(
        cls, name: str, label: str, value: float, interval: Interval, **more: str
    ) -> Reading:
        """A statistical interval at its level."""
        lo, hi = float(interval.lo), float(interval.hi)
        even = math.isclose(hi - value, value - lo, rel_tol=0.02)
        said = (
            numbers.value_error(value, 0.5 * (hi - lo))
            if even
            else numbers.asymmetric(value, lo, hi)
        )
        level = interval.level or 0.95
        return cls(name, label, value, Accuracy.CALIBRATED, f"{said} ({100 * level:g} %)", lo, hi,
                   level, more.get("plain", interval.method))  # fmt: skip

    @classmethod
    def estimated(
        cls, name: str, label: str, value: float, error: float, plain: str = ""
    ) -> Reading:
        """A number with an estimate of its error."""
        value, error = float(value), abs(float(error))
        text = f"≈ {numbers.value_error(value, error)}"
        return cls(name, label, value, Accuracy.ESTIMATED, text, value - error, value + error,
                   None, plain)  # fmt: skip

    @classmethod
    def unknown(cls, name: str, label: str, why: str) -> Reading:
        """No number: the reason instead."""
        return cls(name, label, None, Accuracy.UNKNOWN, f"unknown: {why}", plain=why)

    @classmethod
    def exact(cls, name: str, label: str, value: float | int | str) -> Reading:
        """A count, or a setting: exact as written."""
        if isinstance(value, str):
            return cls(name, label, None, None, value)
        return cls(name, label, float(value), None, numbers.exactly(float(value)))

    def describe(self) -> dict[str, Any]:
        return {"name": self.name, "label": self.label, "text": self.text,
                "kind": str(self.kind) if self.kind else "exact", "plain": self.plain}  # fmt: skip


@dataclass(frozen=True)
class Statement:
    """One line of the box "how far to trust it": the kind, and a plain sentence."""

    kind: Accuracy | str
    text: str

    def describe(self) -> dict[str, Any]:
        return {"kind": str(self.kind), "text": self.text}


@dataclass(frozen=True)
class Table:
    """A small table under a figure: heads, rows of texts, and what it is for (for the ear)."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]

    def describe(self) -> dict[str, Any]:
        return {
            "caption": self.caption,
            "heads": list(self.heads),
            "rows": [list(r) for r in self.rows],
        }


@dataclass(frozen=True)
class Scene:
    """All that a figure shows for one setting.

    `caption` is a sentence or two that changes with the settings; `[[name]]` stands for the
    reading of that name, `*x*` for italics. `trust` is the box "how far to trust it".
    """

    panels: Sequence[Panel]
    caption: str
    readings: Sequence[Reading] = ()
    trust: Sequence[Statement] = ()
    table: Table | None = None

    def describe(self) -> dict[str, Any]:
        return {
            "panels": [p.describe() for p in self.panels],
            "caption": self.caption,
            "readings": [r.describe() for r in self.readings],
            "trust": [s.describe() for s in self.trust],
            "table": self.table.describe() if self.table else None,
        }
