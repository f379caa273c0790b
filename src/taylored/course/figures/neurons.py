"""One neuron: a bent line of one input, and a slope over the plane of two inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from taylored.course.figures.said import digits
from taylored.course.figures.training_runs import activate, slope
from taylored.course.kit import (
    Axis,
    Choice,
    Handle,
    Panel,
    Reading,
    Scene,
    Settings,
    Slider,
    Statement,
    Table,
    arrows,
    band,
    curve,
    figure,
    image,
    line,
    points,
)
from taylored.report import numbers
from taylored.results import Accuracy

__all__ = ["bend", "gate"]

_FORMULAS = {"logistic": "sigmoid", "tanh": "tanh"}


# ---- one input --------------------------------------------------------------------------------

_INPUT = Axis("input x", -3.0, 3.0)
_ANSWER = {"logistic": Axis("answer a", -0.1, 1.1), "tanh": Axis("answer a", -1.2, 1.2)}
_STEEP = {"logistic": Axis("slope da/dx", -1.05, 1.05), "tanh": Axis("slope da/dx", -4.2, 4.2)}
_RADIUS = 0.8  # of the tangent that is drawn


@figure(
    "One neuron, one input",
    Handle(name="at", label="the input", at=(0.9, 0.0), x=(-2.9, 2.9), y=(0.0, 0.0), along="x"),
    Handle(name="mid", label="where it switches", at=(0.3, 0.0), x=(-2.5, 2.5), y=(0.0, 0.0),
           along="x"),
    Slider(name="w", label="weight w", lo=-4.0, hi=4.0, at=2.5, step=0.1),
    Choice(name="kind", label="activation", options=(("logistic", "logistic"), ("tanh", "tanh"))),
    about="Left: the answer of a neuron against its input, an S-shaped curve, with a tangent at a "
    "point and a band that the curve stays in near it. Right: the slope of the curve, a bell: "
    "large where the neuron switches, nearly zero where it is saturated.",
)  # fmt: skip
def bend(s: Settings) -> Scene:
    x, b = s.at[0], -s.w * s.mid[0]
    z = s.w * x + b
    a = float(activate(s.kind, z))
    bent = float(slope(s.kind, a))
    near = np.array([x - _RADIUS, x + _RADIUS])
    tangent = a + s.w * bent * (near - x)
    proof = None if s.moving else _linear(s, x, b)
    layers = [line(near, tangent, "approx", "tangent")]
    if proof is not None:
        layers.insert(0, band(near, tangent + proof[0], tangent + proof[1], Accuracy.PROVED))
    middle = 0.0 if s.kind == "tanh" else 0.5
    shape = curve(lambda u: activate(s.kind, s.w * u + b), _INPUT)
    left = Panel(
        _INPUT, _ANSWER[s.kind], [shape, *layers],
        title="What it answers", handles={"at": (x, a), "mid": (s.mid[0], middle)}, height=0.8,
    )  # fmt: skip
    bell = curve(lambda u: s.w * slope(s.kind, activate(s.kind, s.w * u + b)), _INPUT, "truth")
    right = Panel(_INPUT, _STEEP[s.kind], [bell, points([x], [s.w * bent], "approx")], name="slope",
                  title="How strongly it reacts", height=0.8)  # fmt: skip
    readings = [
        digits("z", "weighted sum z = w x + b", z, 1e-14),
        digits("a", "answer a", a, 1e-15),
        digits("dx", "∂a/∂x, by the input", s.w * bent, 2e-14),
        digits("dw", "∂a/∂w, by the weight", x * bent, 2e-14),
        digits("db", "∂a/∂b, by the bias", bent, 1e-14),
    ]
    return Scene([left, right], _bent(s, bent), readings, _proved(proof))


def _bent(s: Settings, bent: float) -> str:
    share = bent / (1.0 if s.kind == "tanh" else 0.25)
    ends = "−1 or 1" if s.kind == "tanh" else "0 or 1"
    heard = (
        f"Here the neuron is saturated: its answer is nearly {ends}, and hardly anything moves it."
        if share < 0.06
        else "Here it is wide awake: a small change of input, weight or bias changes the answer."
        if share > 0.6
        else "Here it still reacts, though less than in the middle."
    )
    return f"The sum is [[z]], so the neuron answers [[a]], at the slope [[dx]]. {heard}"


def _linear(s: Settings, x: float, b: float) -> tuple[float, float]:
    """What the tangent leaves out, at worst, within the radius: proved by the library."""
    import taylored as ty

    text = f"{_FORMULAS[s.kind]}({s.w!r}*x+({b!r}))"
    left = ty.linearize(text, at=x, radius=_RADIUS).remainder
    return left.lo, left.hi


def _proved(found: tuple[float, float] | None) -> list[Statement]:
    if found is None:
        return []
    ends = numbers.bounds(*found)
    return [Statement(Accuracy.PROVED, f"For every input up to {_RADIUS} away, the neuron's answer "
                      f"minus the tangent lies in {ends}.")]  # fmt: skip


# ---- two inputs -------------------------------------------------------------------------------

_X1, _X2 = Axis("x₁", -0.4, 1.4), Axis("x₂", -0.4, 1.4)
_CORNERS = ((0, 0), (0, 1), (1, 0), (1, 1))
_GATES = {
    "and": ("AND", (0, 0, 0, 1)),
    "or": ("OR", (0, 1, 1, 1)),
    "nand": ("NAND", (1, 1, 1, 0)),
    "xor": ("XOR (one of the two)", (0, 1, 1, 0)),
}
_SCALE = 12.0  # the arrow's tip is at the middle plus w over this
_OFF = 0.1  # how far inputs may be off in the proof


@figure(
    "One neuron, two inputs",
    Handle(name="tip", label="the weights, as an arrow", at=(0.75, 0.6), x=(-0.35, 1.35),
           y=(-0.35, 1.35)),
    Slider(name="b", label="bias b", lo=-12.0, hi=12.0, at=-2.0, step=0.1),
    Choice(name="gate", label="wanted", options=tuple((k, v[0]) for k, v in _GATES.items())),
    about="The plane of two inputs, colored by a neuron's answer. A straight line divides it: on "
    "one side the neuron says yes, on the other no. The arrow of the weights is at right angles to "
    "the line. Four corners show what a logic gate wants. For AND, OR and NAND a line can have all "
    "four right; for XOR never more than three.",
)  # fmt: skip
def gate(s: Settings) -> Scene:
    w = _SCALE * (np.array(s.tip) - 0.5)
    wanted = _GATES[s.gate][1]
    answers = [float(activate("logistic", w @ c + s.b)) for c in _CORNERS]
    right = sum((a > 0.5) == bool(t) for a, t in zip(answers, wanted, strict=True))
    cost = float(np.mean([(a - t) ** 2 for a, t in zip(answers, wanted, strict=True)]))
    layers = [_ground(w, s.b), *_corners(wanted), *_border(w, s.b),
              arrows([0.5], [0.5], [s.tip[0]], [s.tip[1]], "approx", label="w")]  # fmt: skip
    panel = Panel(_X1, _X2, layers, equal=True, height=0.72)
    readings = [
        digits("w1", "weight w₁", w[0], 1e-14),
        digits("w2", "weight w₂", w[1], 1e-14),
        Reading.exact("right", "corners right, of 4", right),
        digits("cost", "mean square of (answer − wanted)", cost, 1e-15),
    ]
    return Scene([panel], _gated(s.gate, right), readings, [] if s.moving else _worst(w, s, wanted),
                 _answers(answers, wanted))  # fmt: skip


def _ground(w: np.ndarray, b: float) -> dict[str, Any]:
    """The answer over the plane, as colors."""
    x = np.linspace(_X1.lo, _X1.hi, 37)
    a = activate("logistic", w[0] * x[None, :] + w[1] * x[:, None] + b)
    return image(28 + 200 * a, _X1, _X2, "difference")


def _corners(wanted: tuple[int, ...]) -> list[dict[str, Any]]:
    found = []
    for value, name in ((1, "wanted: 1"), (0, "wanted: 0")):
        chosen = [c for c, t in zip(_CORNERS, wanted, strict=True) if t == value]
        x, y = zip(*chosen, strict=True)
        found.append(points(x, y, "data", hollow=value == 0, size=7, texts=[name] * len(chosen)))
    return found


def _border(w: np.ndarray, b: float) -> list[dict[str, Any]]:
    """The line where the sum is zero, through the whole panel."""
    size = float(np.hypot(*w))
    if size < 1e-9:
        return []
    normal = w / size
    foot = np.array([0.5, 0.5]) - normal * (w @ [0.5, 0.5] + b) / size
    along = np.array([-normal[1], normal[0]])
    ends = [foot + along * t for t in (-3.0, 3.0)]
    return [line([e[0] for e in ends], [e[1] for e in ends], "truth")]


def _gated(name: str, right: int) -> str:
    if right == 4:
        return "All four corners are on their side of the line: this neuron is the gate."
    if name == "xor" and right == 3:
        return (
            "Three of four are right, and more is impossible: the two corners that want 1 lie "
            "across from each other, and no straight line has both on one side and the other two "
            "on the other."
        )
    return (
        "[[right]] of 4 corners are right. The line is at right angles to the arrow; the bias "
        "shifts it, and a longer arrow makes the step from no to yes steeper. The mean square is "
        "[[cost]]."
    )


def _answers(answers: list[float], wanted: tuple[int, ...]) -> Table:
    rows = [
        (f"{c[0]}", f"{c[1]}", f"{a:.3f}", f"{t}", "yes" if (a > 0.5) == bool(t) else "no")
        for c, a, t in zip(_CORNERS, answers, wanted, strict=True)
    ]
    return Table("The neuron at the four corners, to three decimals",
                 ("x₁", "x₂", "answer", "wanted", "right"), rows)  # fmt: skip


def _worst(w: np.ndarray, s: Settings, wanted: tuple[int, ...]) -> list[Statement]:
    """The library's proof for inputs that are a little off, at the corner nearest to the line."""
    import taylored as ty

    sides = np.array([1.0 if t else -1.0 for t in wanted])
    corner = _CORNERS[int(np.argmin(sides * (np.array(_CORNERS) @ w + s.b)))]
    lo = {"x": corner[0] - _OFF, "y": corner[1] - _OFF}
    hi = {"x": corner[0] + _OFF, "y": corner[1] + _OFF}
    text = f"sigmoid({float(w[0])!r}*x+({float(w[1])!r})*y+({s.b!r}))"
    found = ty.bounds(text, lo, hi)
    said = numbers.bounds(found.lo, found.hi)
    return [
        Statement(
            Accuracy.PROVED,
            f"If both inputs are off by up to {_OFF} at the worst corner {corner}, the answer "
            f"lies in {said}; {wanted[_CORNERS.index(corner)]} is wanted there.",
        )
    ]
