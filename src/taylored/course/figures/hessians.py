"""The Hessian: the curvature in every direction, and what it says about level places."""

from __future__ import annotations

import math

import numpy as np

from taylored.course.figures.plane import landscape
from taylored.course.figures.proofs import enclosed, known, minus, outward, product, proved, total
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
    contours,
    figure,
    line,
    mark,
    points,
    rule,
)
from taylored.report.numbers import number

__all__ = ["bowls", "signs"]

_LANDS = {
    "hills": ("two hills and a hollow",
              "1.4*exp(-(x-1)^2-(y-0.8)^2) + exp(-(x+1.2)^2-(y-0.6)^2) - exp(-x^2-(y+1.1)^2)"),
    "saddle": ("a mountain pass", "0.5*x*y + 0.1*x^3 - 0.15*y^2"),
    "valley": ("a curved valley", "0.35*(y - 0.5*x^2)^2 + 0.1*(1 - x)^2"),
}  # fmt: skip
_X, _Y = Axis("x", -2.5, 2.5), Axis("y", -2.2, 2.2)
_NAMES = ("x", "y")

Ends = tuple[float, float]


def eigenvalues(a: Ends, b: Ends, c: Ends) -> tuple[Ends, Ends]:
    """The smaller and the larger eigenvalue of [[a, b], [b, c]] with entries in intervals."""
    middle = product((0.5, 0.5), total(a, c))
    half = product((0.5, 0.5), total(a, minus(c)))
    square = total(_squared(half), _squared(b))
    root = outward(math.sqrt(max(float(square[0]), 0.0)), math.sqrt(float(square[1])))
    root = max(float(root[0]), 0.0), float(root[1])
    lower, upper = total(middle, minus(root)), total(middle, root)
    return (float(lower[0]), float(lower[1])), (float(upper[0]), float(upper[1]))


def _squared(a: Ends) -> Ends:
    lo, hi = sorted((abs(a[0]), abs(a[1])))
    return outward(0.0 if a[0] <= 0 <= a[1] else lo * lo, hi * hi)


@figure(
    "The curvature around a point",
    Choice(name="land", label="the landscape", options=tuple((k, v[0]) for k, v in _LANDS.items())),
    Handle(name="at", label="the point", at=(0.05, -1.05), x=(-2.3, 2.3), y=(-2.0, 2.0)),
    about="A landscape as contour lines with a point. Around it the contour lines of the quadratic "
    "function that bends as the landscape does there: an ellipse where it bends one way in all "
    "directions, a cross of hyperbolas at a pass. Two arrows show the two main directions.",
)  # fmt: skip
def bowls(s: Settings) -> Scene:
    x, y = s.at
    formula = _LANDS[s.land][1]
    lo, hi = enclosed(formula, _NAMES, [x, y], degree=2)
    a, b, c = ((f * float(lo[k, 0]), f * float(hi[k, 0])) for k, f in ((3, 2), (4, 1), (5, 2)))
    small, large = eigenvalues(a, b, c)
    matrix = np.array([[_mid(a), _mid(b)], [_mid(b), _mid(c)]])
    vectors = np.linalg.eigh(matrix)[1]
    readings = [
        proved("low", "smaller curvature", *small, "eigenvalue of the Hessian"),
        proved("high", "larger curvature", *large, "eigenvalue of the Hessian"),
        proved("fxx", "∂²f/∂x²", *a), proved("fxy", "∂²f/∂x∂y", *b), proved("fyy", "∂²f/∂y²", *c),
        proved("fx", "∂f/∂x", float(lo[1, 0]), float(hi[1, 0])),
        proved("fy", "∂f/∂y", float(lo[2, 0]), float(hi[2, 0])),
    ]  # fmt: skip
    layers = _conic(matrix, x, y)
    for vector, ends in zip(vectors.T, (small, large), strict=True):
        length = 0.35 + 0.5 * math.tanh(abs(_mid(ends)))
        role = "a" if _mid(ends) > 0 else "b"
        for way in (1, -1):
            layers.append(arrows([x], [y], [x + way * length * vector[0]],
                                 [y + way * length * vector[1]], role))  # fmt: skip
    return Scene(
        [Panel(_X, _Y, layers, still=[landscape(formula, _X, _Y, 14).contours], equal=True,
               height=0.9)],
        f"{_shape(small, large)} Curvature [[low]] along one main direction and [[high]] along the "
        f"other. {_level(lo, hi)}",
        readings,
        [Statement(known(), _verdict(small, large))],
    )  # fmt: skip


def _mid(ends: Ends) -> float:
    return 0.5 * (ends[0] + ends[1])


def _conic(matrix: np.ndarray, x: float, y: float) -> list:
    """Three level lines of the quadratic form around a point."""
    reach = 0.9
    turn = np.linspace(0, 2 * math.pi, 181)
    way = np.array([np.cos(turn), np.sin(turn)])
    bend = np.einsum("ik,ij,jk->k", way, matrix, way)
    layers = []
    for level in (0.02, 0.08, 0.18):
        with np.errstate(all="ignore"):
            radius = np.sqrt(2 * level / np.abs(bend))
        radius = np.where(radius <= reach, radius, np.nan)
        layers.append(line(x + radius * way[0], y + radius * way[1], "approx"))
    return layers


def _shape(small: Ends, large: Ends) -> str:
    if small[0] > 0:
        return "It bends up in all directions: a bowl."
    if large[1] < 0:
        return "It bends down in all directions: a dome."
    if small[1] < 0 < large[0]:
        return "It bends up one way and down the other: a saddle."
    return "In one direction the curvature cannot be told from zero."


def _level(lo: np.ndarray, hi: np.ndarray) -> str:
    slope = math.hypot(*(max(abs(lo[k, 0]), abs(hi[k, 0])) for k in (1, 2)))
    if slope < 0.05:
        return "The place is almost level, so this decides what it is."
    return "The place is not level, though: the slope decides where to go from here."


def _verdict(small: Ends, large: Ends) -> str:
    word = {
        "bowl": "Both eigenvalues are certainly positive: a level place with this Hessian is a "
        "minimum.",
        "dome": "Both eigenvalues are certainly negative: a level place with this Hessian is a "
        "maximum.",
        "saddle": "One eigenvalue is certainly positive and one certainly negative: a level place "
        "with this Hessian is a saddle, neither minimum nor maximum.",
    }
    if small[0] > 0:
        return word["bowl"]
    if large[1] < 0:
        return word["dome"]
    if small[1] < 0 < large[0]:
        return word["saddle"]
    return "An eigenvalue's enclosure holds zero: the second derivatives alone decide nothing."


# ---- trace and determinant ----

_TRACE, _DET = Axis("trace, a + c", -4.2, 4.2), Axis("determinant, ac - b²", -5.0, 4.2)


@figure(
    "Two numbers decide",
    Slider(name="a", label="a, curvature along x", lo=-2.0, hi=2.0, at=1.2, step=0.1),
    Slider(name="b", label="b, the twist", lo=-2.0, hi=2.0, at=0.5, step=0.1),
    Slider(name="c", label="c, curvature along y", lo=-2.0, hi=2.0, at=0.8, step=0.1),
    about="Left: the contour lines of a quadratic function with the Hessian a, b, b, c. Right: a "
    "map of trace and determinant with three countries: minimum, maximum and saddle. The "
    "function's place on the map says what its level point is.",
)
def signs(s: Settings) -> Scene:
    a, b, c = ((v, v) for v in (s.a, s.b, s.c))
    det = total(product(a, c), minus(_squared(b)))
    trace = total(a, c)
    small, large = eigenvalues(a, b, c)
    land = contours(lambda x, y: 0.5 * (s.a * x * x + 2 * s.b * x * y + s.c * y * y), _X, _Y,
                    [-2.5, -1.5, -0.75, -0.25, -0.05, 0.05, 0.25, 0.75, 1.5, 2.5], 41)  # fmt: skip
    t = np.linspace(-4.2, 4.2, 81)
    return Scene(
        [Panel(_X, _Y, [land, points([0], [0], "approx")], equal=True, height=0.88),
         Panel(_TRACE, _DET, [points([_mid(trace)], [_mid(det)], "approx", size=7)], name="map",
               still=[rule(0.0, "x", dash=False), line(t, t * t / 4, "muted", dash=True),
                      line([0, 0], [0, 4.2], "muted"), mark(3.0, 0.9, "minimum", "a", "middle"),
                      mark(-3.0, 0.9, "maximum", "b", "middle"),
                      mark(0, -2.6, "saddle", "truth", "middle")], height=0.88)],
        f"{_shape(small, large)} Trace [[trace]], determinant [[det]]; the curvatures are [[low]] "
        "and [[high]].",
        [proved("trace", "trace, the sum of the curvatures", *trace),
         proved("det", "determinant, their product", *det),
         proved("low", "smaller curvature", *small), proved("high", "larger curvature", *large),
         Reading.exact("matrix", "Hessian",
                       f"{number(s.a)}, {number(s.b)}; {number(s.b)}, {number(s.c)}")],
        [Statement(known(), _verdict(small, large))],
    )  # fmt: skip
