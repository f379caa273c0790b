"""When derivatives mislead: noise, and places where following the slope goes wrong."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from taylored.course.figures.proofs import at_most, enclosed, known, proved, values
from taylored.course.kit import (
    Axis,
    Button,
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
    points,
    rule,
)
from taylored.report.numbers import number
from taylored.report.series_terms import up
from taylored.results import Accuracy, Interval

__all__ = ["noise", "traps"]

# ---- noise ----

SIGNAL = "sin(x) + 0.3*x"
_Z = NormalDist().inv_cdf(0.975)
_X = Axis("x", 0.0, 6.0)
_F = Axis("measured f", -0.8, 3.2)


@figure(
    "A slope out of noise",
    Handle(name="at", label="the place", at=(2.0, 0.0), x=(0.4, 5.6), y=(-0.8, 3.2), along="x"),
    Slider(name="h", label="step h to each side", lo=0.01, hi=2.0, at=0.1, log=True),
    Slider(name="sigma", label="noise", lo=0.005, hi=0.3, at=0.1, log=True),
    Button(name="again", label="measure again"),
    about="A smooth curve and noisy measurements of it. The slope is estimated from two "
    "measurements, a step to each side. A short step gives a wild slope, a long step a steady but "
    "wrong one. A soft band shows where the slope can be.",
)  # fmt: skip
def noise(s: Settings) -> Scene:
    x, h, sigma = s.at[0], s.h, s.sigma
    cloud = np.linspace(0.0, 6.0, 121)
    seen = values(SIGNAL, x=cloud) + sigma * np.random.default_rng(s.again).standard_normal(121)
    # Every place and step has readings of its own, as if the instrument were set up anew.
    rng = np.random.default_rng((s.again, int(1e6 * x), int(1e6 * h)))
    ends = np.array([x - h, x + h])
    both = values(SIGNAL, x=ends) + sigma * rng.standard_normal(2)
    slope = float(both[1] - both[0]) / (2 * h)
    wide = _Z * sigma / (math.sqrt(2) * h)
    lo, hi = enclosed(SIGNAL, ("x",), [[x], [x - h]], [[x], [x + h]], degree=3)
    bias = h * h * max(abs(float(lo[3, 1])), abs(float(hi[3, 1])))
    here = float(values(SIGNAL, x=np.array([x]))[0])
    near = np.array([x - 1.2, x, x + 1.2])
    fan = (near - x) * (wide + bias)
    middle = here + slope * (near - x)
    panel = Panel(
        _X, _F,
        [points(cloud, seen, "muted", size=1.8),
         band(near, middle - np.abs(fan), middle + np.abs(fan), Accuracy.CALIBRATED),
         line(near, middle, "approx", "slope from two"), points(ends, both, "approx")],
        still=[curve(lambda t: values(SIGNAL, x=t), _X, "truth")], handles={"at": (x, here)},
    )  # fmt: skip
    span = Interval(slope - wide, slope + wide, 0.95, "normal noise", Accuracy.CALIBRATED)
    return Scene(
        [panel],
        f"From two measurements, {number(h, 2)} to each side, the slope comes out as [[slope]], "
        f"and the bend of the curve adds an error [[bend]]. The true slope is [[true]]. "
        + _advice(wide, bias),
        [Reading.calibrated("slope", "slope from two measurements, noise", slope, span),
         proved("true", "the slope without noise", lo[1, 0], hi[1, 0], "the derivative"),
         at_most("bend", "error due to the bend", bias, "third derivative")],
        [Statement("calibrated", "In 95 of 100 repetitions the interval holds the slope that the "
                   "two places would give without noise; the noise is normal and its size known."),
         Statement(known(), f"That slope differs from the true one by {up(bias)} at most, by a "
                   "bound on the third derivative. The two errors are of different kinds, and "
                   "are not mixed into one number.")],
    )  # fmt: skip


def _advice(wide: float, bias: float) -> str:
    if wide > 3 * bias:
        return "Noise is what spoils it: it is divided by a short step. Take a longer one."
    if bias > 3 * wide:
        return "The bend of the curve is what spoils it. Take a shorter step."
    return "Noise and bend are in balance."


# ---- traps ----

_TX = Axis("x", -3.0, 3.0)
_TRAPS = {
    "hollows": ("several hollows", "0.08*x^2 + 0.5*cos(2.6*x + 0.6) + 0.1*x"),
    "plateau": ("a plateau", "1 - exp(-2*(x - 1.2)^2) + 0.3*sigmoid(6*(x + 2.4))"),
    "step": ("a step", "0.4*(x - 1)^2/4 + 0.6*heaviside(x + 0.5)"),
    "kink": ("a kink", "0.8*abs(x - 0.6) + 0.1*x^2"),
    "flat": ("a rest on a slope", "0.06*(x + 0.5)^3"),
}
_STEPS = 80


@lru_cache(maxsize=8)
def _scenery(which: str) -> tuple[dict, Axis]:
    x = np.linspace(-3.0, 3.0, 301)
    y = values(_TRAPS[which][1], x=x)
    room = 0.1 * float(np.ptp(y))
    return line(x, y, "truth"), Axis("height", float(y.min()) - room, float(y.max()) + room)


@figure(
    "Where following the slope leads",
    Choice(name="which", label="the ground", options=tuple((k, v[0]) for k, v in _TRAPS.items())),
    Handle(name="at", label="the start", at=(1.6, 0.0), x=(-2.9, 2.9), y=(-2.0, 3.0), along="x"),
    Slider(name="rate", label="length of a step", lo=0.01, hi=0.6, at=0.1, log=True),
    about="A curve with a ball on it. The ball takes steps downhill, each as long as the slope is "
    "steep. It ends in the nearest hollow, stops on a plateau, is blind to a step, or jumps to and "
    "fro at a kink.",
)  # fmt: skip
def traps(s: Settings) -> Scene:
    formula = _TRAPS[s.which][1]
    path = _roll(formula, s.at[0], s.rate)
    ground, axis = _scenery(s.which)
    heights = values(formula, x=path)
    lo, hi = enclosed(formula, ("x",), [path[0]])
    end_lo, end_hi = enclosed(formula, ("x",), [path[-1]], degree=2)
    start = proved("start", "slope at the start", lo[1, 0], hi[1, 0], "the derivative")
    end = proved("end", "slope at the end", end_lo[1, 0], end_hi[1, 0], "the derivative")
    lowest = float(np.nanmin(np.array(ground["y"], dtype=float)))
    return Scene(
        [Panel(_TX, axis,
               [line(path, heights, "approx"), points(path[1:], heights[1:], "approx", size=2),
                points(path[-1:], heights[-1:], "approx", hollow=True, size=7)],
               still=[ground, rule(lowest, "x")],
               handles={"at": (float(path[0]), float(heights[0]))})],
        f"From *x* = {number(s.at[0], 3)}, where the slope is [[start]], the ball ends at "
        "*x* = [[place]] after [[steps]] steps. "
        + _fate(s.which, path, heights, lowest),
        [start, end, Reading.exact("place", "last place", float(number(path[-1], 3))),
         Reading.exact("steps", "steps", len(path) - 1)],
        [_judged(end_lo, end_hi)],
    )  # fmt: skip


def _roll(formula: str, x: float, rate: float) -> np.ndarray:
    """Steps downhill, until the slope is nearly nothing, the ball leaves, or there are too many."""
    path = [x]
    for _ in range(_STEPS):
        slope = _slope(formula, path[-1])
        if abs(slope) < 1e-4:
            break
        step = path[-1] - rate * slope
        path.append(min(max(step, -3.0), 3.0))
        if abs(path[-1]) >= 3.0:
            break
    return np.array(path)


def _slope(formula: str, x: float) -> float:
    around = values(formula, x=np.array([x - 1e-6, x + 1e-6]))
    return float(around[1] - around[0]) / 2e-6


def _fate(which: str, path: np.ndarray, heights: np.ndarray, lowest: float) -> str:
    if abs(path[-1]) >= 3.0:
        return "It has rolled out of the ground shown."
    above = float(heights[-1]) - lowest
    if above < 0.02:
        return "That is the lowest place."
    said = {
        "hollows": "It lies in a hollow, and a lower one exists elsewhere: the slope knows only "
        "what is near.",
        "plateau": "The slope is nearly zero far from any hollow: nothing says which way to go.",
        "step": "The slope on both sides of the step knows nothing of the step.",
        "kink": "At the kink the slope jumps from one sign to the other, and so do the steps.",
        "flat": "The slope vanishes at a rest that is no minimum.",
    }
    return said[which]


def _judged(lo: np.ndarray, hi: np.ndarray) -> Statement:
    """What value, slope and curvature at the end are worth."""
    if not np.isfinite([lo[1, 0], hi[1, 0]]).all():
        return Statement("unknown", "At the end the formula has a kink or a jump within reach: no "
                         "slope is claimed there.")  # fmt: skip
    slope = max(abs(float(lo[1, 0])), abs(float(hi[1, 0])))
    bend = "certainly positive" if lo[2, 0] > 1e-6 else (
        "certainly negative" if hi[2, 0] < -1e-6 else "not told from zero")  # fmt: skip
    return Statement(known(), f"At the end the slope is at most {up(max(slope, 1e-15))} in size "
                     f"and the curvature is {bend}. Both are enclosed, and both speak of this "
                     "place alone: nothing is said about lower ground elsewhere.")  # fmt: skip
