"""Three functions with slopes of their own kind: the exponential, the sine, and one over x."""

from __future__ import annotations

import math

import numpy as np

from taylored.course.figures.proofs import enclosed, known, outward, product, proved, total
from taylored.course.kit import (
    Axis,
    Handle,
    Panel,
    Reading,
    Scene,
    Settings,
    Slider,
    Statement,
    arrows,
    curve,
    figure,
    line,
    points,
    polygon,
    rule,
)
from taylored.report.numbers import number
from taylored.report.series_terms import up

__all__ = ["circle", "growth", "hyperbola"]

# ---- the function that is its own slope ----

_GX = Axis("x", -2.0, 2.0)
_GY = Axis("height", 0.0, 6.0)


@figure(
    "The function that is its own slope",
    Handle(name="base", label="base a", at=(1.0, 2.0), x=(1.0, 1.0), y=(1.1, 5.0), along="y"),
    Handle(name="at", label="where to look", at=(0.5, 0.0), x=(-2.0, 1.8), y=(0.0, 6.0),
           along="x"),
    about="The curve of a to the power x and the curve of its slopes. The slope is always the "
    "same multiple of the height. Pulling the curve up at x = 1 changes the base; at one base, "
    "near 2.718, the two curves become one.",
)  # fmt: skip
def growth(s: Settings) -> Scene:
    base, at = s.base[1], s.at[0]
    x = np.linspace(_GX.lo, _GX.hi, 161)
    factor, height = math.log(base), base**at
    formula = f"({base!r})^x"
    lo, hi = enclosed(formula, ("x",), [at])
    ratio = enclosed("log(a)", ("a",), [base])
    near = np.array([at - 0.6, at + 0.6])
    panel = Panel(
        _GX, _GY,
        [line(x, base**x, "truth", "height"),
         line(x, factor * base**x, "a", "slope", dash=True),
         line(near, height * (1 + factor * (near - at)), "approx", "tangent"),
         points([at], [factor * height], "a", hollow=True)],
        handles={"base": (1.0, base), "at": (at, height)},
    )  # fmt: skip
    readings = [
        proved("factor", "slope divided by height, at every x", ratio[0][0, 0], ratio[1][0, 0],
               "natural logarithm of the base"),
        proved("height", "height at the place", lo[0, 0], hi[0, 0], "the function"),
        proved("slope", "slope at the place", lo[1, 0], hi[1, 0], "the derivative"),
        Reading.exact("base", "base a", float(number(base, 4))),
    ]  # fmt: skip
    return Scene(
        [panel],
        f"With the base *a* = {number(base, 4)} the slope is [[factor]] times the height, "
        f"everywhere. At *x* = {number(at, 3)} the height is [[height]] and the slope [[slope]]. "
        + _against_one(ratio[0][0, 0], ratio[1][0, 0]),
        readings,
        [Statement(known(), "Height, slope and their ratio are each enclosed in an interval that "
                   "holds the true number, however the arithmetic was rounded.")],
    )  # fmt: skip


def _against_one(lo: float, hi: float) -> str:
    if lo > 1.005:
        return "The base is too large: the slopes lie above the heights."
    if hi < 0.995:
        return "The base is too small: the slopes lie below the heights."
    return "The two curves are almost one: this base is nearly the number *e*."


# ---- a point on a circle ----

_ANGLE = Axis("angle t in radians", 0.0, 2 * math.pi)
_UNIT = Axis("", -1.6, 1.6)


@figure(
    "Why the slope of the sine is the cosine",
    Handle(name="at", label="the turning point", at=(0.82, 0.57), x=(-1.0, 1.0), y=(-1.0, 1.0),
           panel="circle"),
    about="On the left a point runs around a circle, with an arrow for its velocity. On the right "
    "its height against the angle: a sine. The upright part of the arrow is the slope of the sine, "
    "and it equals the sideways position of the point: the cosine.",
)  # fmt: skip
def circle(s: Settings) -> Scene:
    angle = math.atan2(s.at[1], s.at[0]) % (2 * math.pi)
    c, v = math.cos(angle), math.sin(angle)
    around = np.linspace(0.0, 2 * math.pi, 121)
    lo, hi = enclosed("sin(t)", ("t",), [angle])
    left = Panel(
        _UNIT, _UNIT,
        [line([0, c], [0, v], "muted"), line([c, c], [0, v], "truth"),
         line([0, c], [0, 0], "a"), arrows([c], [v], [c - 0.8 * v], [v + 0.8 * c], "approx"),
         line([c - 0.8 * v, c - 0.8 * v], [v, v + 0.8 * c], "a", dash=True)],
        name="circle", equal=True, height=1.0,
        still=[line(np.cos(around), np.sin(around), "muted"), rule(0.0, "x")],
        handles={"at": (c, v)},
    )  # fmt: skip
    near = np.array([angle - 0.7, angle + 0.7])
    right = Panel(
        _ANGLE, Axis("height sin t", -1.6, 1.6),
        [line(near, v + c * (near - angle), "approx", "slope cos t"),
         line([angle, angle], [0, v], "truth"), points([angle], [v], "approx")],
        name="wave", height=1.0, still=[curve(np.sin, _ANGLE, "truth"), rule(0.0, "x")],
    )  # fmt: skip
    height = proved("height", "height, sin t", lo[0, 0], hi[0, 0], "the function")
    slope = proved("slope", "slope, cos t", lo[1, 0], hi[1, 0], "the derivative")
    return Scene(
        [left, right],
        f"At the angle *t* = {number(angle, 3)} the point is at the height [[height]] and "
        f"{'rises' if c > 0 else 'sinks'} at the rate [[slope]]: as far as it lies "
        f"{'right' if c > 0 else 'left'} of the middle.",
        [Reading.exact("angle", "angle t", float(number(angle, 3))), height, slope],
        [Statement(known(), "Height and slope are enclosed by the library. By Pythagoras their "
                   "squares must add up to 1; the enclosures give 1 to within "
                   f"{_pythagoras(lo, hi)}.")],
    )  # fmt: skip


def _pythagoras(lo: np.ndarray, hi: np.ndarray) -> str:
    """How far the enclosed squares of sine and cosine can be from adding up to 1."""
    squares = [product((lo[k, 0], hi[k, 0]), (lo[k, 0], hi[k, 0])) for k in (0, 1)]
    ends = total(*squares)
    return up(max(float(ends[1]) - 1, 1 - float(ends[0])))


# ---- a rectangle that keeps its area ----

_HX = Axis("x", 0.0, 4.0)
_HY = Axis("1/x", 0.0, 3.0)


@figure(
    "Why the slope of 1/x is negative",
    Handle(name="at", label="width x", at=(1.0, 1.0), x=(0.4, 3.0), y=(0.0, 3.0), along="x"),
    Slider(name="h", label="added width h", lo=0.01, hi=1.0, at=0.5, log=True),
    about="A rectangle of width x under the curve 1/x has the area one. Made wider, it must become "
    "lower: the strip that it gains at the side is as large as the strip that it loses on top.",
)  # fmt: skip
def hyperbola(s: Settings) -> Scene:
    x, h = s.at[0], s.h
    top, lower = 1 / x, 1 / (x + h)
    lo, hi = enclosed("1/x", ("x",), [[x], [x]], [[x], [x + h]], degree=2)
    quotient = outward(-1 / (x * (x + h)), -1 / (x * (x + h)))
    bound = float(outward(0.0, h * hi[2, 1])[1])
    near = np.array([max(0.05, x - 0.8), x + 0.9])
    panel = Panel(
        _HX, _HY,
        [polygon([0, x, x, 0], [lower, lower, top, top], "b", "lost"),
         polygon([x, x + h, x + h, x], [0, 0, lower, lower], "a", "gained"),
         line([0, x, x], [top, top, 0], "muted"),
         line(near, top - (near - x) * top**2, "approx", "tangent"),
         points([x + h], [lower], "approx", hollow=True)],
        still=[line(np.geomspace(0.33, 4, 160), 1 / np.geomspace(0.33, 4, 160), "truth", "1/x")],
        handles={"at": (x, top)},
    )  # fmt: skip
    average = proved("average", "fall divided by h", *quotient, "exact quotient")
    slope = proved("slope", "slope at x", lo[1, 0], hi[1, 0], "the derivative")
    return Scene(
        [panel],
        f"From *x* = {number(x, 3)} the rectangle of area 1 grows wider by {number(h, 2)} and must "
        "get lower. Fall divided by width: [[average]]. The slope itself is [[slope]].",
        [average, slope],
        [Statement(known(), "The quotient and the slope differ by at most h/2 times the largest "
                   f"curvature on the way, here {up(bound)}; the curvature of 1/x grows without "
                   "end as x goes to 0, so near 0 only a tiny step will do.")],
    )  # fmt: skip
