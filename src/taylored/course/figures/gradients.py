"""The gradient: the slope in every direction from two numbers."""

from __future__ import annotations

import math

import numpy as np

from taylored.course.figures.plane import landscape
from taylored.course.figures.proofs import enclosed, known, outward, product, proved, total
from taylored.course.kit import (
    Axis,
    Handle,
    Panel,
    Reading,
    Scene,
    Settings,
    Statement,
    arrows,
    figure,
    line,
    rule,
)
from taylored.report.numbers import number

__all__ = ["compass"]

LAND = "1.5*sin(0.9*x + 0.3)*cos(0.8*y) + 0.12*x^2 - 0.3*y"
_X, _Y = Axis("x", -3.0, 3.0), Axis("y", -3.0, 3.0)
_DEGREES = Axis("direction in degrees, from east to north", 0.0, 360.0)
_SLOPE = Axis("slope in that direction", -2.5, 2.5)


@figure(
    "The slope in every direction",
    Handle(name="at", label="the point", at=(0.6, -0.5), x=(-2.8, 2.8), y=(-2.8, 2.8)),
    Handle(name="way", label="direction", at=(70.0, 0.0), x=(0.0, 360.0), y=(-2.5, 2.5),
           along="x", panel="slopes"),
    about="A landscape as contour lines with a point, its gradient as an arrow and a direction to "
    "walk in. Beside it the slope for every direction: one wave. Its top is at the direction of "
    "the gradient, its zeros are along the contour line.",
)  # fmt: skip
def compass(s: Settings) -> Scene:
    x, y = s.at
    angle = math.radians(s.way[0])
    lo, hi = enclosed(LAND, ("x", "y"), [x, y])
    gx, gy = ((float(lo[k, 0]), float(hi[k, 0])) for k in (1, 2))
    g = np.array([0.5 * (gx[0] + gx[1]), 0.5 * (gy[0] + gy[1])])
    cosine, sine = outward(math.cos(angle), math.cos(angle)), outward(*[math.sin(angle)] * 2)
    slope = total(product(gx, cosine), product(gy, sine))
    size = _length(gx, gy)
    uphill = math.degrees(math.atan2(g[1], g[0])) % 360
    way = np.array([math.cos(angle), math.sin(angle)])
    tip = g / max(float(np.hypot(*g)), 1e-9) * min(float(np.hypot(*g)), 2.0)
    across = np.array([-g[1], g[0]]) / max(float(np.hypot(*g)), 1e-9)
    main = Panel(
        _X, _Y,
        [line(x + np.array([-1, 1]) * across[0], y + np.array([-1, 1]) * across[1], "a",
              "level", dash=True),
         arrows([x], [y], [x + tip[0]], [y + tip[1]], "b", label="gradient"),
         arrows([x], [y], [x + way[0]], [y + way[1]], "approx", label="your way")],
        still=[landscape(LAND, _X, _Y).contours], equal=True, height=1.0,
    )  # fmt: skip
    around = np.linspace(0.0, 360.0, 181)
    wave = g[0] * np.cos(np.radians(around)) + g[1] * np.sin(np.radians(around))
    side = Panel(
        _DEGREES, _SLOPE,
        [line(around, wave, "truth"), rule(uphill, "y", "b", "uphill")],
        name="slopes", still=[rule(0.0, "x")], height=0.75,
        handles={"way": (s.way[0], float(0.5 * (slope[0] + slope[1])))},
    )  # fmt: skip
    there = proved("slope", "slope in your direction", *slope, "gradient times direction")
    return Scene(
        [main, side],
        f"In the direction of {number(s.way[0], 3)} degrees the slope is [[slope]]. The steepest "
        f"way up has the slope [[steepest]]. "
        + _compared(s.way[0], uphill),
        [proved("gx", "∂f/∂x", *gx), proved("gy", "∂f/∂y", *gy), there,
         proved("steepest", "length of the gradient", *size, "Pythagoras"),
         Reading.exact("way", "your direction in degrees", float(number(s.way[0], 3)))],
        [Statement(known(), "The two partial derivatives are enclosed, and the slope in your "
                   "direction is computed from these two alone. That is allowed because the "
                   "landscape is smooth here: it has continuous derivatives everywhere.")],
    )  # fmt: skip


def _length(gx: tuple[float, float], gy: tuple[float, float]) -> tuple[float, float]:
    """The length of a vector with entries in intervals."""
    least = [0.0 if a <= 0 <= b else min(abs(a), abs(b)) for a, b in (gx, gy)]
    most = [max(abs(a), abs(b)) for a, b in (gx, gy)]
    lo, hi = outward(math.hypot(*least), math.hypot(*most))
    return max(float(lo), 0.0), float(hi)


def _compared(way: float, uphill: float) -> str:
    off = abs((way - uphill + 180) % 360 - 180)
    if off < 8:
        return "You go straight uphill."
    if off > 172:
        return "You go straight downhill: the negative gradient."
    if abs(off - 90) < 8:
        return "You follow the contour line, and the height hardly changes."
    return "You climb at a slant." if off < 90 else "You descend at a slant."
