"""How errors shrink with the step: slopes on logarithmic paper, and a pendulum made linear."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from taylored.course.figures.knownseries import KNOWN, evaluate, rounding
from taylored.course.figures.said import later, within
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
    band,
    curve,
    figure,
    line,
    mark,
    points,
    rule,
)
from taylored.errors import ArgumentError
from taylored.report import numbers
from taylored.results import Accuracy

__all__ = ["loglog", "pendulum"]

_STEP = Axis("step h", 2e-6, 1.0, log=True)
_ERROR = Axis("size of the error", 1e-18, 10.0, log=True)
_STEPS = 0.5 ** np.arange(0.0, 19.0)
_CASES = {"exp": ("exp", 0.0), "sine0": ("sin", 0.0), "sine7": ("sin", 0.7), "root": ("root", 0.0)}
_TOO_NOISY = 0.2  # share of an error that may be rounding


@figure(
    "Slopes on logarithmic paper",
    Choice(
        name="f",
        label="function and center",
        options=(
            ("exp", "eˣ at 0"),
            ("sine0", "sin x at 0"),
            ("sine7", "sin x at 0.7"),
            ("root", "√x at 1"),
            ("power", "|x|^2.5 at 0"),
        ),
    ),
    Slider(name="order", label="order of the polynomial", lo=0, hi=4, at=1, step=1),
    Slider(name="h", label="step h", lo=2e-5, hi=1.0, at=0.1, log=True),
    about="Errors of a Taylor polynomial against the step, both on logarithmic scales. The points "
    "lie on a straight line whose slope is the order of the error; for very small steps they "
    "scatter in a gray zone, where rounding is larger than the error.",
)
def loglog(s: Settings) -> Scene:
    h = float(f"{s.h:.3g}")
    size, slack = _errors(s.f, s.order, _STEPS)
    ends = _errors(s.f, s.order, np.array([h, 0.5 * h]))
    slope = _slope(*ends)
    here = max(float(ends[0][0]), 1e-18)
    steep = slope.value or float(_expected(s.f, s.order))
    x = np.array([_STEP.lo, _STEP.hi])
    panel = Panel(
        _STEP,
        _ERROR,
        [
            band(_STEPS, np.full_like(_STEPS, 1e-18), slack, Accuracy.UNKNOWN, "rounding"),
            points(_STEPS, np.where(size > 0, size, np.nan), "a"),
            line(x, np.maximum(here * (x / h) ** steep, 1e-60), "approx", ""),
            points([h, 0.5 * h], np.maximum(ends[0], 1e-18), "approx", size=6),
        ],
    )
    return Scene(
        [panel],
        f"Halving the step from {numbers.number(h)} to {numbers.number(0.5 * h)} shows the order "
        "[[slope]]. " + _comment(s.f, s.order),
        [slope],
        _reasons(s.f, s.order, slope),
    )


def _errors(case: str, order: int, h: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sizes of the errors as float64 gives them, and what rounding can have done to each."""
    if case == "power":
        if order > 2:
            raise ArgumentError(
                f"|x|^2.5 has no Taylor polynomial of order {order} about 0.",
                why="its third derivative is infinite there",
                next_step="take order 2 or less",
            )
        return h**2.5, 4e-16 * h**2.5
    name, center = _CASES[case]
    c = KNOWN[name].coefficients(center, order)
    step = (center + h) - center  # the step that is really taken
    value = KNOWN[name].value(center + h)
    slack = rounding(KNOWN[name].coefficients(center, order + 1), step) + 4 * np.spacing(
        np.abs(value)
    )
    if center:  # f moves by its slope times what was rounded in center + h
        slack = slack + 2.0**-52
    return np.abs(value - evaluate(c, h)), slack


def _slope(size: np.ndarray, slack: np.ndarray) -> Reading:
    """The measured order log2(e(h)/e(h/2)), enclosed; unknown where rounding is in the way."""
    label = "measured order of the error"
    if np.any(slack > _TOO_NOISY * size):
        return Reading.unknown("slope", label, "rounding is as large as the error")
    low, high = size - slack, size + slack
    ends = math.log2(low[0] / high[1]), math.log2(high[0] / low[1])
    return within("slope", label, (ends[0] - 1e-14, ends[1] + 1e-14), "errors and their rounding")


def _expected(case: str, order: int) -> float:
    """The order of the first term that is left out and is not zero."""
    if case == "power":
        return 2.5
    return order + 2.0 if case == "sine0" and order % 2 else order + 1.0


def _comment(case: str, order: int) -> str:
    expected = _expected(case, order)
    if case == "power":
        return "There is no third derivative at 0, and the order of the error is no whole number."
    if expected > order + 1:
        return (
            f"One more than {order + 1}: the next coefficient of the sine is zero, and the error "
            "comes from the one after it."
        )
    return f"The first term left out has the power {order + 1}, and for small steps it is alone."


def _reasons(case: str, order: int, slope: Reading) -> list[Statement]:
    if slope.kind is Accuracy.UNKNOWN:
        return [
            Statement(
                Accuracy.UNKNOWN,
                "At this step float64 rounds away what is to be measured: no order is claimed. "
                "Take a larger step.",
            )
        ]
    said = (
        "The measured order holds for these two steps, with all rounding allowed for. It tends to "
        f"{_expected(case, order):g} as the step shrinks."
    )
    return [Statement(Accuracy.PROVED, said)]


_SWING = Axis("to the side", -1.25, 1.25)
_DOWN = Axis("height", -1.2, 0.9)
_ANGLE = Axis("angle in degrees", 0.0, 150.0)
_PULL = Axis("pull of gravity", 0.0, 2.7)


@figure(
    "A pendulum made linear",
    Handle(name="bob", label="the bob", at=(0.5, -0.866), x=(-1.2, 1.2), y=(-1.15, 0.85),
           panel="pendulum"),
    about="A pendulum that can be pulled to the side. The true pull goes with the sine of the "
    "angle, the straight distance to the side; the linear law takes the arc in its place. A "
    "second panel shows both against the angle.",
)  # fmt: skip
def pendulum(s: Settings) -> Scene:
    degrees = _degrees(s.bob)
    angle = math.radians(degrees)
    side = 1.0 if s.bob[0] >= 0 else -1.0
    place = side * math.sin(angle), -math.cos(angle)
    arc = np.linspace(0.0, angle, 60)
    hanging = Panel(
        _SWING,
        _DOWN,
        [
            line([0.0, place[0]], [0.0, place[1]], "muted"),
            line(side * np.sin(arc), -np.cos(arc), "approx", "arc"),
            line([0.0, place[0]], [place[1], place[1]], "truth", "sine"),
        ],
        name="pendulum",
        equal=True,
        height=0.7,
        still=[rule(0.0, "y"), points([0.0], [0.0], "muted")],
        handles={"bob": place},
        title="pull the bob",
    )
    off = angle / math.sin(angle) - 1.0
    slow = 1.0 / _agm(1.0, math.cos(0.5 * angle))
    lost = 3600.0 * (1.0 - 1.0 / slow)
    return Scene(
        [hanging, _law(degrees, angle)],
        f"Pulled to {degrees} degrees. The arc is longer than the sine, in per cent: [[off]]. A "
        "clock set by the linear law and swinging that wide loses, in seconds an hour: [[lost]].",
        [
            within("off", "linear law too strong by, in %", _around(100 * off), "closed form"),
            within("lost", "seconds lost in an hour", _around(lost), "mean of two means"),
        ],
        [later() if s.moving else _linear(degrees)],
    )


def _around(value: float) -> tuple[float, float]:
    return value * (1 - 1e-9) - 1e-11, value * (1 + 1e-9) + 1e-11


def _degrees(bob: tuple[float, float]) -> int:
    """Whole degrees from hanging straight down, between 1 and 150."""
    turned = math.degrees(math.atan2(abs(bob[0]), -bob[1]))
    return min(max(round(turned), 1), 150)


def _agm(a: float, b: float) -> float:
    """The arithmetic-geometric mean, which gives the period of a pendulum."""
    for _ in range(8):
        a, b = 0.5 * (a + b), math.sqrt(a * b)
    return a


def _law(degrees: int, angle: float) -> Panel:
    grid = np.linspace(_ANGLE.lo, _ANGLE.hi, 160)
    radians = np.radians(grid)
    lower = np.maximum(radians - radians**3 / 6 - 1e-12, 0.0)
    return Panel(
        _ANGLE,
        _PULL,
        [
            band(grid, lower, radians, Accuracy.PROVED, ""),
            line(grid, radians, "approx", "angle"),
            line([degrees, degrees], [math.sin(angle), angle], "b"),
            mark(degrees + 3, 0.5 * (angle + math.sin(angle)), "off", "b"),
        ],
        name="law",
        height=0.4,
        still=[curve(lambda v: np.sin(np.radians(v)), _ANGLE, "truth", "sine")],
        title="the pull, and its linear law",
    )


@lru_cache(maxsize=256)
def _linear(degrees: int) -> Statement:
    """What the library proves of the linear law up to an angle."""
    import taylored as ty

    made = ty.linearize("sin(theta)", at=0.0, radius=math.radians(degrees))
    return Statement(made.accuracy, f"Up to {degrees} degrees either way, in radians: "
                     + made.status)  # fmt: skip
