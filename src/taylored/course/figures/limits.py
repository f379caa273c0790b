"""The limit behind a slope: zooming in on a curve, and the error of a step that is not small enough
or too small for the arithmetic.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from taylored.course.figures.proofs import at_most, enclosed, known, outward, proved, values
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
    figure,
    line,
    mark,
    points,
    rule,
)
from taylored.report.numbers import number
from taylored.report.series_terms import up

__all__ = ["vshape", "zoom"]

# ---- a microscope ----

_CURVES = {
    "smooth": ("a smooth curve", "0.3 + 0.55*sin(2.1*x + 0.4) + 0.2*x"),
    "kink": ("a curve with a kink", "0.3 + 0.7*abs(x - 0.2) + 0.25*sin(2*x)"),
    "rough": ("a curve that is rough at every scale", ""),
}
_WHOLE = Axis("x", -2.0, 2.0)
_KINK = 0.2


def _rough(x: np.ndarray) -> np.ndarray:
    """A sum of ever faster and ever smaller waves: continuous, with a slope nowhere."""
    k = np.arange(24)[:, None]
    return 0.3 + 0.35 * np.sum(0.62**k * np.cos(2.7**k * (x + 1.3)), axis=0)


def _curve(which: str, x: np.ndarray) -> np.ndarray:
    return _rough(x) if which == "rough" else values(_CURVES[which][1], x=x)


@lru_cache(maxsize=4)
def _overview(which: str) -> dict:
    x = np.linspace(-2.0, 2.0, 500)
    return line(x, _curve(which, x), "truth")


@figure(
    "A microscope for curves",
    Choice(name="which", label="the curve",
           options=tuple((k, v[0]) for k, v in _CURVES.items())),
    Slider(name="zoom", label="magnification", lo=1.0, hi=1000.0, at=4.0, log=True),
    Handle(name="at", label="where to look", at=(0.2, 0.0), x=(-1.6, 1.6), y=(-1.5, 2.5),
           along="x"),
    about="On the left a whole curve with a frame on it, on the right what lies in the frame, "
    "magnified. A smooth curve turns into a straight line, a kink stays a kink, a rough curve "
    "stays rough however far one zooms in.",
)  # fmt: skip
def zoom(s: Settings) -> Scene:
    at, half = s.at[0], 1.5 / s.zoom
    middle = float(_curve(s.which, np.array([at]))[0])
    x = at + half * np.linspace(-1.0, 1.0, 301)
    y = _curve(s.which, x)
    frame = np.array([-1, 1, 1, -1, -1]) * half + at, np.array([-1, -1, 1, 1, -1]) * half + middle
    straight, gap = _straightness(s.which, at, half)
    layers = [line((x - at) / half, (y - middle) / half, "truth", "the curve")]
    if straight is not None:
        layers.insert(0, line([-1, 1], [-straight, straight], "approx", "tangent"))
    unit = Axis("from the middle, in half frame widths", -1.0, 1.0)
    return Scene(
        [Panel(_WHOLE, Axis("height", -1.5, 2.5), [line(*frame, "approx")],
               still=[_overview(s.which)], handles={"at": (at, middle)}),
         Panel(unit, Axis("height", -1.0, 1.0), layers, name="lens", title="in the frame")],
        f"Magnified {number(s.zoom, 3)} times. {_seen(s.which, at, half)}",
        [Reading.exact("zoom", "magnification", float(number(s.zoom, 3))), gap],
        [_said(gap)],
    )  # fmt: skip


def _straightness(which: str, at: float, half: float) -> tuple[float | None, Reading]:
    """The tangent's slope where there is one, and how far the curve leaves it in the frame."""
    label = "the curve leaves its tangent by, in frame widths"
    if which == "rough":
        return None, Reading.unknown("gap", label, "there is no tangent at any point")
    if which == "kink" and abs(at - _KINK) <= half:
        return None, Reading.unknown("gap", label, "the frame holds the kink")
    names = ("x",)
    lo, hi = enclosed(_CURVES[which][1], names, [[at], [at - half]], [[at], [at + half]], degree=2)
    most = float(outward(0.0, half * max(abs(lo[2, 1]), abs(hi[2, 1])))[1])
    # The gap is in units of half the frame; a frame width is two of them.
    return float(lo[1, 0]), at_most("gap", label, most / 2, "from the bound on the curvature")


def _seen(which: str, at: float, half: float) -> str:
    if which == "rough":
        return "The curve looks as rough as before, and no straight line will ever fit it."
    if which == "kink" and abs(at - _KINK) <= half:
        return "The kink does not open: a left slope and a right slope, and no single one."
    return "In the frame the curve leaves its tangent by [[gap]] of the frame's width."


def _said(gap: Reading) -> Statement:
    if gap.value is None:
        return Statement("unknown", f"No straight line is claimed here: {gap.plain}.")
    return Statement(known(), f"Everywhere in the frame the curve is within {up(gap.hi)} of a "
                     "frame width of its tangent: half the frame times a bound on its curvature, "
                     "which the library computes for all points of the frame at once.")  # fmt: skip


# ---- the error of a step ----

_FUNCTIONS = {
    "exp(x)": ("exp(x)", 1.0),
    "sin(x)": ("sin(x)", 0.8),
    "1/x": ("1/x", 0.4),
    "log(x)": ("log(x)", 3.0),
}
_H = Axis("step h", 1e-14, 1.0, log=True)
_E = Axis("error of the slope", 1e-15, 10.0, log=True)
_STEPS = np.geomspace(1e-14, 1.0, 113)
_UNIT = 2.0**-53


def _quotient(formula: str, x: float, h: np.ndarray, rule: str) -> np.ndarray:
    """What float64 gives for the difference quotient, and the step that it really took."""
    low = x - h if rule == "central" else np.full_like(h, x)
    high = x + h
    return (values(formula, x=high) - values(formula, x=low)) / (high - low)


@lru_cache(maxsize=16)
def _facts(name: str, rule: str) -> tuple[tuple[float, float], float, float, int]:
    """The slope's enclosure, and the sizes of the two errors: what h and 1/h are multiplied by."""
    formula, x = _FUNCTIONS[name]
    lo, hi = enclosed(formula, ("x",), [x], degree=3)
    power = 2 if rule == "central" else 1
    cut = float(abs(hi[power + 1, 0]))
    noise = _UNIT * abs(float(hi[0, 0])) * (1.0 if rule == "central" else 2.0)
    return (float(lo[1, 0]), float(hi[1, 0])), cut, noise, power


@lru_cache(maxsize=16)
def _still(name: str, rule: str) -> list:
    (lo, hi), cut, noise, power = _facts(name, rule)
    formula, x = _FUNCTIONS[name]
    found = _quotient(formula, x, _STEPS, rule)
    with np.errstate(all="ignore"):
        error = np.abs(found - (lo + hi) / 2)
    lines = [
        line(_STEPS, cut * _STEPS**power, "a", "step too long", dash=True),
        line(_STEPS, noise / _STEPS, "b", "rounding", dash=True),
        line(_STEPS, np.where(error > 0, error, np.nan), "truth", "error"),
    ]
    best = (noise / (power * cut)) ** (1 / (power + 1))
    return [*lines, _balance(best)]


def _balance(h: float) -> dict:
    """A vertical line at the best step."""
    return rule(h, "y", "muted", "balance")


@figure(
    "Too long, too short: the error of a difference",
    Choice(name="name", label="the function",
           options=tuple((k, f"{k} at x = {v[1]:g}") for k, v in _FUNCTIONS.items())),
    Choice(name="rule", label="the difference",
           options=(("forward", "forward: f(x+h) - f(x)"),
                    ("central", "central: f(x+h) - f(x-h)"))),
    Handle(name="h", label="step h", at=(1e-3, 1e-3), x=(1e-14, 1.0), y=(1e-15, 10.0),
           along="x"),
    about="The error of a difference quotient against its step, both on logarithmic scales: a V. "
    "On the right the straight line of a step that is too long, on the left the jagged line of "
    "rounding. The step can be dragged; the best one lies where the two lines cross.",
)  # fmt: skip
def vshape(s: Settings) -> Scene:
    h = s.h[0]
    slope, cut, noise, power = _facts(s.name, s.rule)
    formula, x = _FUNCTIONS[s.name]
    found = float(_quotient(formula, x, np.array([h]), s.rule)[0])
    lo, hi = _distance(found, slope)
    shown = min(max(0.5 * (lo + hi), _E.lo), _E.hi)
    error = proved("error", "error of the slope", lo, hi, "against the enclosed slope", digits=2)
    best = (noise / (power * cut)) ** (1 / (power + 1))
    panel = Panel(
        _H, _E, [points([h], [shown], "approx"), _aside(h, shown, best)],
        still=_still(s.name, s.rule), handles={"h": (h, shown)},
    )  # fmt: skip
    balance = Reading.estimated(
        "best", "best step, about", best, best / 2, "where the sum of both is least"
    )
    longer = "four" if s.rule == "central" else "two"
    return Scene(
        [panel],
        f"With *h* = {number(h, 2)} the slope of {s.name} at *x* = {x:g} comes out with the error "
        f"[[error]]. {_why(h, best)} The balance is near [[best]].",
        [error, balance, proved("slope", "the slope itself", *slope, "the derivative", digits=6)],
        [Statement(known(), "The error shown is that of the number which this machine computed, "
                   "measured against the slope, which is enclosed to 15 digits."),
         Statement("estimated", f"To the right of the balance the error shrinks {longer}fold each "
                   "time the step is halved; to the left it grows twofold, and unevenly, because "
                   "rounding depends on the last bits.")],
    )  # fmt: skip


def _distance(found: float, slope: tuple[float, float]) -> tuple[float, float]:
    """Between which sizes the error of a computed slope lies."""
    if found < slope[0]:
        lo, hi = outward(slope[0] - found, slope[1] - found)
    else:
        lo, hi = outward(found - slope[1], found - slope[0])
    return max(float(lo), 0.0), max(float(hi), 1e-17)


def _aside(h: float, error: float, best: float) -> dict:
    """What is wrong with the step, in words above its point, inside the V."""
    side = "start" if h < 1e-4 else "end"
    return mark(h, min(40 * error, 0.1), _sort(h, best), "approx", side)


def _sort(h: float, best: float) -> str:
    if h > 5 * best:
        return "the curve bends away"
    return "digits cancel" if h < best / 5 else "near the balance"


def _why(h: float, best: float) -> str:
    if h > 5 * best:
        return "The curve bends within the step: a shorter step helps."
    if h < best / 5:
        return (
            "Two nearly equal numbers are subtracted and their digits cancel: a longer step helps."
        )
    return "Neither shorter nor longer helps much."
