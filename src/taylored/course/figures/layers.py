"""Layers: two neurons fold the plane for a third one, and many neurons imitate any curve."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from taylored.course.figures.said import digits
from taylored.course.figures.training_runs import activate
from taylored.course.kit import (
    Axis,
    Handles,
    Panel,
    Reading,
    Scene,
    Settings,
    Slider,
    Statement,
    figure,
    image,
    line,
    points,
)
from taylored.report import numbers
from taylored.report.series_terms import up
from taylored.results import Accuracy

__all__ = ["fold", "steps"]

# ---- two neurons, then one --------------------------------------------------------------------

_X1, _X2 = Axis("x₁", -0.4, 1.4), Axis("x₂", -0.4, 1.4)
_A1 = Axis("answer of the first neuron", -0.08, 1.08)
_A2 = Axis("answer of the second neuron", -0.08, 1.08)
_CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
_WANTED = np.array([0.0, 1.0, 1.0, 0.0])
_OFF = 0.1


@figure(
    "Two neurons fold the plane",
    Handles(name="first", label="line of the first neuron", at=((0.75, -0.3), (-0.3, 0.6)),
            x=(-0.4, 1.4), y=(-0.4, 1.4)),
    Handles(name="second", label="line of the second neuron", at=((1.3, 0.35), (0.25, 1.3)),
            x=(-0.4, 1.4), y=(-0.4, 1.4)),
    Slider(name="steep", label="how steep the neurons are", lo=2.0, hi=16.0, at=7.0, step=0.5),
    about="Left: the plane of two inputs with the four corners of XOR and the lines of two "
    "neurons; each line can be dragged. Right: the plane of the two neurons' answers. The left "
    "plane is squeezed into it like a cloth, and the four corners land where one straight line "
    "can divide them, if the two lines on the left are well placed.",
)  # fmt: skip
def fold(s: Settings) -> Scene:
    rows = [_neuron(ends, s.steep) for ends in (s.first, s.second)]
    hidden = np.column_stack([_answer(row, *_CORNERS.T) for row in rows])
    last = _divide(hidden, _WANTED)
    sums = hidden @ last[:2] + last[2]
    right = int(np.sum((sums > 0) == (_WANTED > 0.5)))
    margin = float(np.min(np.where(_WANTED > 0.5, sums, -sums)) / max(np.hypot(*last[:2]), 1e-12))
    left = Panel(_X1, _X2, [
        image(_network(rows, last), _X1, _X2, "difference"),
        *_marked(_CORNERS),
        *[line([a[0], b[0]], [a[1], b[1]], role, name) for (a, b), role, name in
          ((s.first, "a", "first"), (s.second, "b", "second"))],
    ], title="The inputs", equal=True, height=1.0)  # fmt: skip
    cloth = _cloth(rows, 7 if s.moving else 13)
    folded = Panel(_A1, _A2, [*cloth, *_marked(hidden), *_divider(last)], name="hidden",
                   title="What the third neuron sees", equal=True, height=1.0)  # fmt: skip
    readings = [
        Reading.exact("right", "corners right, of 4", right),
        digits("margin", "distance of the nearest corner from the dividing line", margin, 1e-7),
    ]
    trust = [] if s.moving else _safe(rows, last, sums)
    return Scene([left, folded], _folded(right), readings, trust)


def _neuron(ends: Any, steep: float) -> np.ndarray:
    """Weights and bias of the neuron whose line goes through two points; yes is on its left."""
    (x0, y0), (x1, y1) = ends
    along = np.array([x1 - x0, y1 - y0])
    size = float(np.hypot(*along))
    if size < 1e-6:  # the two ends are one: a line through it, straight up
        along, size = np.array([0.0, 1.0]), 1.0
    normal = np.array([-along[1], along[0]]) / size
    w = -steep * normal
    return np.array([*w, -float(w @ [x0, y0])])


def _answer(row: np.ndarray, x: Any, y: Any) -> Any:
    return activate("logistic", row[0] * x + row[1] * y + row[2])


def _divide(places: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The third neuron: logistic regression on the four places, held small, by Newton's method."""
    rows = np.column_stack([places, np.ones(4)])
    held = np.diag([0.02, 0.02, 1e-4])
    w = np.zeros(3)
    for _ in range(40):
        a = activate("logistic", rows @ w)
        gradient = rows.T @ (a - wanted) + held @ w
        hessian = (rows.T * (a * (1 - a))) @ rows + held
        move = np.linalg.solve(hessian, gradient)
        w = w - move * min(1.0, 4.0 / max(float(np.abs(move).max()), 1e-12))
        if float(np.abs(move).max()) < 1e-10:
            break
    return w


def _network(rows: list[np.ndarray], last: np.ndarray) -> np.ndarray:
    """The whole network over the input plane, as color numbers."""
    x = np.linspace(_X1.lo, _X1.hi, 37)
    first, second = (_answer(row, x[None, :], x[:, None]) for row in rows)
    return 28 + 200 * activate("logistic", last[0] * first + last[1] * second + last[2])


def _marked(places: np.ndarray) -> list[dict[str, Any]]:
    yes = _WANTED > 0.5
    return [
        points(places[yes, 0], places[yes, 1], "data", size=7, texts=["wanted: 1"] * 2),
        points(
            places[~yes, 0], places[~yes, 1], "data", size=7, hollow=True, texts=["wanted: 0"] * 2
        ),
    ]


def _cloth(rows: list[np.ndarray], count: int) -> list[dict[str, Any]]:
    """Where the lines of a square grid end up in the plane of the answers."""
    found = []
    fine = np.linspace(-0.4, 1.4, 31)
    for at in np.linspace(-0.4, 1.4, count):
        for x, y in ((fine, at + 0 * fine), (at + 0 * fine, fine)):
            found.append(line(_answer(rows[0], x, y), _answer(rows[1], x, y), "muted"))
    return found


def _divider(last: np.ndarray) -> list[dict[str, Any]]:
    size = float(np.hypot(last[0], last[1]))
    if size < 1e-9:
        return []
    normal = last[:2] / size
    foot = np.array([0.5, 0.5]) - normal * float(last[:2] @ [0.5, 0.5] + last[2]) / size
    along = np.array([-normal[1], normal[0]])
    a, b = foot - 2 * along, foot + 2 * along
    return [line([a[0], b[0]], [a[1], b[1]], "approx")]


def _folded(right: int) -> str:
    if right == 4:
        return (
            "On the right one straight line divides what no line divides on the left: all four "
            "corners are right, and the nearest is [[margin]] from the line."
        )
    return (
        "[[right]] of 4 corners are right. On the right, the two filled corners must come to lie "
        "on one side of a straight line; drag the two lines on the left until they do."
    )


def _safe(rows: list[np.ndarray], last: np.ndarray, sums: np.ndarray) -> list[Statement]:
    """The library's proof for inputs that are a little off, at the worst corner."""
    import taylored as ty

    at = int(np.argmin(np.where(_WANTED > 0.5, sums, -sums)))
    inner = [f"sigmoid({_n(r[0])}*x+{_n(r[1])}*y+{_n(r[2])})" for r in rows]
    text = f"sigmoid({_n(last[0])}*{inner[0]}+{_n(last[1])}*{inner[1]}+{_n(last[2])})"
    x, y = _CORNERS[at]
    found = ty.bounds(text, {"x": x - _OFF, "y": y - _OFF}, {"x": x + _OFF, "y": y + _OFF})
    said = numbers.bounds(found.lo, found.hi)
    return [
        Statement(
            Accuracy.PROVED,
            f"If both inputs are off by up to {_OFF} at the worst corner ({x:g}, {y:g}), the "
            f"network's answer lies in {said}; {_WANTED[at]:g} is wanted there.",
        )
    ]


def _n(value: float) -> str:
    return f"({float(value)!r})"


# ---- many neurons, one curve ------------------------------------------------------------------

_AT, _TO = Axis("input x", 0.0, 1.0), Axis("output", -1.2, 1.4)
_KNOTS = ((0.0, 0.2), (0.2, 0.9), (0.4, -0.3), (0.6, 0.1), (0.8, 1.0), (1.0, 0.3))
_GRID = np.linspace(0.0, 1.0, 4001)


@figure(
    "A sum of steps imitates any curve",
    Handles(name="knots", label="the curve to be imitated", at=_KNOTS, x=(0.0, 1.0), y=(-1.0, 1.2),
            along="y"),
    Slider(name="count", label="neurons in the layer", lo=1, hi=24, at=8, step=1),
    Slider(name="steep", label="how steep they are", lo=1.0, hi=12.0, at=4.0, step=0.5),
    about="A curve that can be dragged at six places, and the sum of a layer of neurons that "
    "imitates it. Each neuron adds one S-shaped step, at its own place and of its own height. "
    "With more neurons the sum comes nearer to the curve everywhere.",
)  # fmt: skip
def steps(s: Settings) -> Scene:
    heights = np.array([y for _, y in s.knots])
    ends = np.linspace(0.0, 1.0, s.count + 1)
    rises = np.diff(_wanted(ends, heights))
    middles = 0.5 * (ends[1:] + ends[:-1])
    w = s.steep * s.count
    x = _AT.lo + (_AT.hi - _AT.lo) * np.linspace(0, 1, 241)
    parts = rises[:, None] * activate("logistic", w * (x[None, :] - middles[:, None]))
    total = heights[0] + parts.sum(0)
    shown = [line(x, heights[0] + p, "muted") for p in parts]
    knots = np.column_stack([np.linspace(0, 1, len(heights)), heights])
    panel = Panel(_AT, _TO, [*shown, line(x, _wanted(x, heights), "truth", "wanted"),
                             line(x, total, "approx", "sum")],
                  handles={"knots": [tuple(k) for k in knots.tolist()]})  # fmt: skip
    worst = _worst(heights, (rises, middles, w))
    readings = [
        Reading.proved("worst", "largest distance anywhere", worst,
                       "4001 places, and the steepest slope between them"),
        Reading.exact("parameters", "numbers in the network", 3 * s.count + 1),
    ]  # fmt: skip
    return Scene([panel], _summed(s.count), readings, [_between(worst[1])])


def _between(worst: float) -> Statement:
    return Statement(
        Accuracy.PROVED,
        "Between two of 4001 places neither curve can move by more than its steepest slope "
        f"allows, so the sum is nowhere farther off than {up(worst)}.",
    )


def _wanted(x: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """A smooth curve through the knots: half a cosine wave from each to the next."""
    place = np.clip(x, 0.0, 1.0) * (len(heights) - 1)
    left = np.minimum(place.astype(int), len(heights) - 2)
    share = 0.5 - 0.5 * np.cos(np.pi * (place - left))
    return heights[left] + (heights[left + 1] - heights[left]) * share


def _worst(heights: np.ndarray, layer: tuple[np.ndarray, np.ndarray, float]) -> tuple[float, float]:
    """The largest distance between sum and curve lies in this range."""
    rises, middles, w = layer
    total = np.full_like(_GRID, heights[0])
    for rise, middle in zip(rises, middles, strict=True):
        total += rise * activate("logistic", w * (_GRID - middle))
    seen = float(np.max(np.abs(total - _wanted(_GRID, heights))))
    gap = max(abs(b - a) for a, b in pairwise(heights)) * (len(heights) - 1) * np.pi / 2
    slope = gap + 0.25 * w * float(np.abs(rises).sum())
    return seen - 1e-12, seen + slope * 0.5 / (len(_GRID) - 1) + 1e-12


def _summed(count: int) -> str:
    many = "One neuron makes one step" if count == 1 else f"{count} neurons make {count} steps"
    return (
        f"{many}, each at its own place and of its own height (gray). Their sum (vermilion) is "
        f"nowhere farther from the curve than [[worst]]; the layer has [[parameters]] numbers."
    )
