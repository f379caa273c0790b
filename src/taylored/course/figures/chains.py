"""The chain rule: a walk over a hill as a dot product, and two maps in a row as a product."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from taylored.course.figures.said import chain_statements, digits
from taylored.course.kit import (
    Axis,
    Choice,
    Handle,
    Panel,
    Scene,
    Settings,
    Slider,
    Statement,
    Table,
    Toggle,
    arrows,
    contours,
    figure,
    line,
    points,
    polygon,
)
from taylored.report import numbers
from taylored.results import Accuracy

__all__ = ["order", "walk"]

# ---- a walk over a hill -----------------------------------------------------------------------

_EAST, _NORTH = Axis("x in km", -2.6, 2.6), Axis("y in km", -1.9, 1.9)
_TIME, _HEIGHT = Axis("time t in hours", 0.0, 6.25), Axis("height in hundreds of meters", 0.0, 2.6)
_HILL = "2*exp(-(({x}-0.9)^2+({y})^2)/2)+1.4*exp(-(({x}+1.3)^2+({y}-0.6)^2))"
_PATHS = {  # x and y as formulas of t, and as functions with their velocities
    "loop": ("1.7*cos(t)", "1.2*sin(t)"),
    "eight": ("1.9*sin(t)", "1.1*sin(2*t)"),
}


def hill(x: Any, y: Any) -> Any:
    """The height, in hundreds of meters."""
    return 2.0 * np.exp(-((x - 0.9) ** 2 + y**2) / 2) + 1.4 * np.exp(
        -((x + 1.3) ** 2 + (y - 0.6) ** 2)
    )


def uphill(x: float, y: float) -> np.ndarray:
    """The gradient of the height."""
    first = 2.0 * math.exp(-((x - 0.9) ** 2 + y**2) / 2)
    second = 1.4 * math.exp(-((x + 1.3) ** 2 + (y - 0.6) ** 2))
    return np.array([-(x - 0.9) * first - 2 * (x + 1.3) * second,
                     -y * first - 2 * (y - 0.6) * second])  # fmt: skip


def path(name: str, t: Any) -> Any:
    """Where the walker is at time t."""
    if name == "loop":
        return 1.7 * np.cos(t), 1.2 * np.sin(t)
    return 1.9 * np.sin(t), 1.1 * np.sin(2 * t)


def velocity(name: str, t: float) -> np.ndarray:
    """How fast, and where to."""
    if name == "loop":
        return np.array([-1.7 * math.sin(t), 1.2 * math.cos(t)])
    return np.array([1.9 * math.cos(t), 2.2 * math.cos(2 * t)])


@lru_cache(4)
def _map(name: str) -> tuple[list[Any], list[Any]]:
    """The layers that stay: contour lines with the path, and the height along it."""
    t = np.linspace(_TIME.lo, _TIME.hi, 240)
    x, y = path(name, t)
    return (
        [contours(hill, _EAST, _NORTH, 9), line(x, y, "truth")],
        [line(t, hill(x, y), "truth", "height")],
    )


@figure(
    "A walk over a hill",
    Handle(
        name="at",
        label="the moment",
        at=(1.0, 0.0),
        x=(0.0, 6.25),
        y=(0.0, 2.6),
        along="x",
        panel="height",
    ),
    Choice(name="path", label="path", options=(("loop", "a loop"), ("eight", "a figure of eight"))),
    about="Left: contour lines of two hills with a closed path, the walker's velocity as one arrow "
    "and the gradient as another. Right: the height against time, with a tangent. The tangent's "
    "slope is always the dot product of the two arrows; it is zero where the arrows are at right "
    "angles, that is where the path runs along a contour line.",
)
def walk(s: Settings) -> Scene:
    t = s.at[0]
    x, y = (float(v) for v in path(s.path, t))
    v, g, height = velocity(s.path, t), uphill(x, y), float(hill(x, y))
    slope = float(g @ v)
    still, risen = _map(s.path)
    top = Panel(_EAST, _NORTH, [
        arrows([x], [y], [x + 0.5 * g[0]], [y + 0.5 * g[1]], "a", label="gradient"),
        arrows([x], [y], [x + 0.5 * v[0]], [y + 0.5 * v[1]], "approx", label="velocity"),
        points([x], [y], "approx"),
    ], title="From above", equal=True, still=still, height=0.75)  # fmt: skip
    near = np.array([t - 0.7, t + 0.7])
    side = Panel(_TIME, _HEIGHT, [line(near, height + slope * (near - t), "approx", "slope")],
                 name="height", title="Along the way", still=risen,
                 handles={"at": (t, height)}, height=0.75)  # fmt: skip
    readings = [
        digits("hx", "∂h/∂x: climb per km to the east", g[0]),
        digits("hy", "∂h/∂y: climb per km to the north", g[1]),
        digits("vx", "dx/dt: speed to the east", v[0]),
        digits("vy", "dy/dt: speed to the north", v[1]),
        digits("slope", "dh/dt: climb per hour", slope, 4e-15),
    ]
    return Scene([top, side], _walked(g, v, slope), readings, [] if s.moving else _trust(s, t))


def _walked(g: np.ndarray, v: np.ndarray, slope: float) -> str:
    cosine = slope / max(float(np.linalg.norm(g) * np.linalg.norm(v)), 1e-12)
    where = (
        "The arrows point the same way, more or less: the walker climbs."
        if cosine > 0.15
        else "The arrows point against each other, more or less: the walker descends."
        if cosine < -0.15
        else "The arrows are nearly at right angles: the path runs along a contour line."
    )
    return (
        f"[[hx]] times [[vx]], plus [[hy]] times [[vy]], is [[slope]]: so many hundred meters "
        f"per hour. {where}"
    )


def _trust(s: Settings, t: float) -> list[Statement]:
    """The library's chain rule for the whole formula of t."""
    import taylored as ty

    x, y = _PATHS[s.path]
    c = ty.chain(_HILL.format(x=f"({x})", y=f"({y})"), {"t": t})
    return chain_statements(c)


# ---- two maps in a row ------------------------------------------------------------------------

_U, _W = Axis("x", 0.0, 3.0), Axis("y", 0.0, 1.8)
_P, _Q = Axis("p", 0.0, 3.0), Axis("q", 0.0, 1.8)
_R, _S = Axis("r", 0.0, 3.0), Axis("s", -0.4, 4.6)


def first(x: Any, y: Any) -> Any:
    """The first map, f."""
    return x + 0.5 * y**2, y + 0.0 * x


def second(p: Any, q: Any) -> Any:
    """The second map, g."""
    return p, p * q


def jacobians(x: float, y: float) -> tuple[np.ndarray, np.ndarray]:
    """Those of f at (x, y), and of g at f(x, y)."""
    p, q = first(x, y)
    return np.array([[1.0, y], [0.0, 1.0]]), np.array([[1.0, 0.0], [q, p]])


@figure(
    "Two maps, one product",
    Handle(name="at", label="the middle of the square", at=(1.0, 1.0), x=(0.5, 1.3), y=(0.5, 1.3)),
    Slider(name="side", label="side of the square", lo=0.05, hi=0.6, at=0.4),
    Toggle(name="wrong", label="multiply in the wrong order"),
    about="Three planes side by side. A small square lies in the first; the map f bends it in the "
    "second, and g bends the result in the third. The product of the two Jacobians draws a "
    "parallelogram that fits the bent square the better the smaller it is. Multiplied in the wrong "
    "order, the parallelogram has the same area and leans the wrong way.",
)
def order(s: Settings) -> Scene:
    (x, y), half = s.at, 0.5 * s.side
    first_jacobian, second_jacobian = jacobians(x, y)
    right = second_jacobian @ first_jacobian
    used = first_jacobian @ second_jacobian if s.wrong else right
    edge = _outline(half)
    middle, last = first(x, y), second(*first(x, y))
    bent = first(x + edge[0], y + edge[1])
    twice = second(*bent)
    straight, end = first_jacobian @ edge, used @ edge
    panels = [
        Panel(_U, _W, [polygon(x + edge[0], y + edge[1], "approx")], title="A square",
              equal=True, height=0.42),
        Panel(_P, _Q, [
            polygon(bent[0], bent[1], "truth"),
            line(middle[0] + straight[0], middle[1] + straight[1], "approx", dash=True),
        ], name="middle", title="after f", height=0.8),
        Panel(_R, _S, [
            polygon(twice[0], twice[1], "truth"),
            line(last[0] + end[0], last[1] + end[1], "approx", dash=True),
        ], name="last", title="then after g", height=0.8),
    ]  # fmt: skip
    miss = float(np.max(np.hypot(last[0] + end[0] - twice[0], last[1] + end[1] - twice[1])))
    readings = [
        digits("factor", "area factor det(J_g) det(J_f)", float(np.linalg.det(used)), 1e-14),
        digits("miss", "farthest distance from the true edge", miss, 1e-14),
    ]
    return Scene(panels, _ordered(s.wrong), readings, [] if s.moving else _bounded(x, y, half),
                 _matrices(first_jacobian, second_jacobian, used, s.wrong))  # fmt: skip


def _outline(half: float) -> np.ndarray:
    """The edge of a square about the origin, corners included."""
    along = np.linspace(-half, half, 13)
    sides = [(along, -half + 0 * along), (half + 0 * along, along),
             (along[::-1], half + 0 * along), (-half + 0 * along, along[::-1])]  # fmt: skip
    return np.hstack([np.array(side) for side in sides])


def _ordered(wrong: bool) -> str:
    if wrong:
        return (
            "In the wrong order the product has the same area factor, [[factor]], and yet it draws "
            "another shape: it misses the edge by up to [[miss]], and a smaller square would not "
            "help."
        )
    return (
        "The dashed parallelogram is the product of the two Jacobians. Its area is the square's "
        "times [[factor]], and it misses the bent edge by up to [[miss]]; half the side, a quarter "
        "of the miss."
    )


def _matrices(a: np.ndarray, b: np.ndarray, used: np.ndarray, wrong: bool) -> Table:
    said = "J_f J_g (wrong order)" if wrong else "J_g J_f"
    rows = [("J_f", a), ("J_g", b), (said, used)]
    return Table(
        "The Jacobians, to four digits",
        ("matrix", "first row", "second row"),
        [(name, *("  ".join(f"{v:.4g}" for v in row) for row in m)) for name, m in rows],
    )


def _bounded(x: float, y: float, half: float) -> list[Statement]:
    """How far the linear map can be from the true one, proved for the whole square."""
    import taylored as ty

    L = ty.linearize("(x+0.5*y^2)*y", at={"x": x, "y": y}, radius=half)
    ends = numbers.bounds(L.remainder.lo, L.remainder.hi)
    return [
        Statement(
            Accuracy.PROVED,
            f"Anywhere in the square the coordinate s of the true image, minus that of the "
            f"product in the right order, lies in {ends}.",
        )
    ]
