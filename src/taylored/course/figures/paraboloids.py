"""Taylor polynomials of two variables: tangent plane and paraboloid over a map, and cuts."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from taylored.course.figures.knownseries import library_line
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
    arrows,
    band,
    contours,
    figure,
    image,
    line,
    polygon,
    rule,
)
from taylored.course.kit.scene import Layer
from taylored.report.series_terms import up
from taylored.results import Accuracy

__all__ = ["atlas", "cut"]

_X = Axis("x", -2.4, 2.4)
_Y = Axis("y", -1.6, 1.6)
_LEVELS = [-0.8, -0.6, -0.4, -0.2, 0.0, 0.2, 0.4, 0.6, 0.8]
_CELLS = (60, 40)
_DARK = 130  # the darkest shade: lines and words stay legible on it
_SLACK = 1e-13  # more than the rounding of a few operations on numbers near 1
_AROUND = np.linspace(0.0, math.tau, 49)
_DISC = 0.5


@dataclass(frozen=True)
class _Land:
    """A function of two variables: formula, values, derivatives, and a bound on what is left out.

    `jet(x, y)`: value, f_x, f_y, f_xx, f_xy, f_yy. `left(order, u, v)` bounds |f - T| at a step.
    """

    formula: str
    value: Callable[[Any, Any], Any]
    jet: Callable[[float, float], tuple[float, ...]]
    left: Callable[[int, Any, Any], Any]


def _waves_jet(x: float, y: float) -> tuple[float, ...]:
    sx, cx, sy, cy = math.sin(x), math.cos(x), math.sin(y), math.cos(y)
    return sx * cy, cx * cy, -sx * sy, -sx * cy, -cx * sy, -sx * cy


def _waves_left(order: int, u: Any, v: Any) -> Any:
    """sin x cos y is half of sin(x+y) + sin(x-y), and no derivative of a sine exceeds 1."""
    k = order + 1
    return (np.abs(u + v) ** k + np.abs(u - v) ** k) / (2 * math.factorial(k))


def _dome(x: Any, y: Any) -> Any:
    return np.exp(-0.5 * (np.square(x) + np.square(y)))


def _dome_jet(x: float, y: float) -> tuple[float, ...]:
    top = float(_dome(x, y))
    return top, -x * top, -y * top, (x * x - 1) * top, x * y * top, (y * y - 1) * top


_HERMITE = (1.0, 0.60654, 1.0, 1.38012)  # largest |k-th derivative| of exp(-t^2/2), rounded up


def _dome_left(order: int, u: Any, v: Any) -> Any:
    """Along any line the dome is at most exp(-t^2/2), whose derivatives have known extremes."""
    k = order + 1
    return _HERMITE[k] / math.factorial(k) * np.hypot(u, v) ** k


_LANDS = {
    "waves": _Land("sin(x)*cos(y)", lambda x, y: np.sin(x) * np.cos(y), _waves_jet, _waves_left),
    "dome": _Land("exp(-(x^2+y^2)/2)", _dome, _dome_jet, _dome_left),
}
_LAND = Choice(name="f", label="landscape", options=(("waves", "sin x cos y"), ("dome", "a dome")))
_ORDER = Slider(name="order", label="order", lo=0, hi=2, at=2, step=1)


def _polynomial(jet: tuple[float, ...], order: int, u: Any, v: Any) -> Any:
    """The Taylor polynomial at a step (u, v) from its center."""
    f, fx, fy, fxx, fxy, fyy = jet
    total = f + 0.0 * u
    if order >= 1:
        total = total + fx * u + fy * v
    if order >= 2:
        total = total + 0.5 * (fxx * u * u + 2 * fxy * u * v + fyy * v * v)
    return total


@figure(
    "An atlas of one page",
    _LAND,
    _ORDER,
    Handle(name="center", label="center", at=(0.6, 0.4), x=(-2.0, 2.0), y=(-1.2, 1.2)),
    about="A map with contour lines of a landscape, and over it those of its Taylor polynomial "
    "about a place that can be dragged: straight parallels for the plane, ellipses or hyperbolas "
    "for the paraboloid. Shading shows how small the error is.",
)
def atlas(s: Settings) -> Scene:
    land = _LANDS[s.f]
    center = tuple(round(v, 2) for v in s.center)
    jet = land.jet(*center)
    u, v = _DISC * np.cos(_AROUND), _DISC * np.sin(_AROUND)
    ring = land.value(center[0] + u, center[1] + v) - _polynomial(jet, s.order, u, v)
    bound = float(land.left(s.order, u, v).max()) * (1 + 1e-2) + _SLACK
    panel = Panel(
        _X,
        _Y,
        [
            image(_shade(land, center, jet, s.order), _X, _Y, "height"),
            _ground(s.f),
            *_lines(lambda x, y: _polynomial(jet, s.order, x - center[0], y - center[1])),
            polygon(center[0] + u, center[1] + v, "proved"),
        ],
        equal=True,
        height=0.66,
        handles={"center": center},
    )
    seen = max(float(np.abs(ring).max()) - _SLACK, 0.0)
    worst = within("worst", "largest error within 0.5", (seen, bound), "seen, and bound")
    return Scene(
        [panel],
        f"{_SHAPES[s.order]} about ({center[0]:g}, {center[1]:g}). Within 0.5 of the center its "
        "largest error is [[worst]]. Where its lines run along those of the landscape, it may be "
        "used.",
        [worst, *_slopes(jet)],
        _trust(s, land, center, bound),
    )


_SHAPES = ("A constant, the height", "The tangent plane", "The paraboloid")


def _slopes(jet: tuple[float, ...]) -> list[Reading]:
    """Gradient and Hessian at the center, which are known but for rounding."""
    names = ("fx", "fy", "fxx", "fxy", "fyy")
    labels = ("∂f/∂x", "∂f/∂y", "∂²f/∂x²", "∂²f/∂x∂y", "∂²f/∂y²")
    return [
        within(name, label, (value - _SLACK, value + _SLACK), "closed form")
        for name, label, value in zip(names, labels, jet[1:], strict=True)
    ]


@lru_cache(maxsize=4)
def _ground(name: str) -> Layer:
    return contours(_LANDS[name].value, _X, _Y, _LEVELS)


def _lines(function: Callable[[Any, Any], Any]) -> list[Layer]:
    """Contour lines of the polynomial, in the color of what approximates."""
    found = contours(function, _X, _Y, _LEVELS, n=41)
    return [
        {"type": "line", "x": row["x"], "y": row["y"], "role": "approx", "label": "", "dash": False}
        for row in found["lines"]
    ]


def _shade(
    land: _Land, center: tuple[float, ...], jet: tuple[float, ...], order: int
) -> np.ndarray:
    """The error as shades: light where it is below 1e-3, dark where it is 1 and above."""
    x, y = (
        axis.lo + (np.arange(n) + 0.5) * (axis.hi - axis.lo) / n
        for axis, n in zip((_X, _Y), _CELLS, strict=True)
    )
    gx, gy = np.meshgrid(x, y)
    gap = land.value(gx, gy) - _polynomial(jet, order, gx - center[0], gy - center[1])
    return np.clip(_DARK - (255 - _DARK) / 3 * np.log10(np.abs(gap) + 1e-9), _DARK, 255)


def _trust(s: Settings, land: _Land, center: tuple[float, ...], bound: float) -> list[Statement]:
    said = Statement(
        Accuracy.PROVED,
        f"Within 0.5 of the center the error is at most {up(bound)}: all derivatives of order "
        f"{s.order + 1} are bounded along every line.",
    )
    return [said, later() if s.moving else library_line(land.formula, center, s.order, 0.25)]


_T = Axis("share t of the step", -1.5, 1.5)
_HEIGHT = Axis("height", -1.6, 1.6)
_SHARES = np.linspace(_T.lo, _T.hi, 161)


@figure(
    "A cut through the landscape",
    _LAND,
    _ORDER,
    Handle(name="center", label="center", at=(-0.6, 0.5), x=(-2.0, 2.0), y=(-1.2, 1.2)),
    Handle(name="to", label="end of the step", at=(0.5, 0.0), x=(-2.2, 2.2), y=(-1.5, 1.5)),
    about="Left, contour lines and a step from a center, as an arrow. Right, the landscape along "
    "the line of that step, with the Taylor polynomial of the chosen order, which is an ordinary "
    "polynomial of one variable there.",
)
def cut(s: Settings) -> Scene:
    land = _LANDS[s.f]
    center, to = (tuple(round(v, 2) for v in place) for place in (s.center, s.to))
    u, v = round(to[0] - center[0], 2), round(to[1] - center[1], 2)
    jet = land.jet(*center)
    place = Panel(
        _X,
        _Y,
        [_ground(s.f), arrows([center[0]], [center[1]], [to[0]], [to[1]], "approx", label="d")],
        equal=True,
        height=0.5,
        handles={"center": center, "to": to},
        title="the step d",
    )
    first = jet[1] * u + jet[2] * v
    second = jet[3] * u * u + 2 * jet[4] * u * v + jet[5] * v * v
    slack = _SLACK * (1 + u * u + v * v)
    value = float(_polynomial(jet, s.order, u, v))
    ends = float(land.left(s.order, u, v)) * (1 + 1e-9) + slack
    return Scene(
        [place, _along(land, center, (u, v), jet, s.order)],
        f"For the step d = ({u:g}, {v:g}), J·d is [[first]] and dᵀH d is [[second]]. With the "
        f"polynomial of order {s.order} the height at the end of the step is [[there]].",
        [
            within("first", "J·d", (first - slack, first + slack), "closed form"),
            within("second", "dᵀH d", (second - slack, second + slack), "closed form"),
            within("there", "height at the end", (value - ends, value + ends), "remainder"),
        ],
        [_line_of(s, center, (u, v))],
    )


def _along(
    land: _Land, center: tuple[float, ...], d: tuple[float, float], jet: tuple[float, ...],
    order: int,
) -> Panel:  # fmt: skip
    """The landscape on the line of the step, the polynomial and its proved band."""
    u, v = _SHARES * d[0], _SHARES * d[1]
    polynomial = _polynomial(jet, order, u, v)
    wide = np.minimum(land.left(order, u, v), 9.0)
    return Panel(
        _T,
        _HEIGHT,
        [
            band(_SHARES, polynomial - wide, polynomial + wide, Accuracy.PROVED),
            line(_SHARES, land.value(center[0] + u, center[1] + v), "truth", "landscape"),
            line(_SHARES, polynomial, "approx", f"order {order}"),
            rule(1.0, "y", "muted"),
        ],
        name="cut",
        height=0.5,
        still=[rule(0.0, "y", "muted")],
        title="along the step",
    )


def _line_of(s: Settings, center: tuple[float, ...], d: tuple[float, float]) -> Statement:
    """The library on the landscape along the step, a function of one variable t."""
    if s.moving:
        return later()
    x, y = (f"({c!r}+({e!r})*x)" for c, e in zip(center, d, strict=True))
    formula = f"sin({x})*cos({y})" if s.f == "waves" else f"exp(-({x}^2+{y}^2)/2)"
    said = library_line(formula, 0.0, s.order, 0.5)
    text = said.text.replace(formula, "the height")
    return Statement(said.kind, f"With x for the share t of the step: {text}")
