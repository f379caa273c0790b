"""Partial and total derivatives: slices through a landscape, and a walk over a changing one."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from taylored.course.figures.plane import Landscape, landscape
from taylored.course.figures.proofs import enclosed, known, product, proved, total, values
from taylored.course.kit import (
    Axis,
    Formula,
    Handle,
    Panel,
    Reading,
    Scene,
    Settings,
    Statement,
    arrows,
    bars,
    contours,
    figure,
    line,
    points,
)
from taylored.report.numbers import number

__all__ = ["slices", "walk"]

# ---- slices ----

_X, _Y = Axis("x", -2.5, 2.5), Axis("y", -2.5, 2.5)
_HILL = "2*exp(-(x-0.8)^2 - (y-0.4)^2) - 1.5*exp(-(x+1)^2 - (y+0.6)^2) + 0.15*x"


@figure(
    "Two slices through a landscape",
    Handle(name="at", label="the point", at=(0.1, 0.5), x=(-2.4, 2.4), y=(-2.4, 2.4)),
    Formula(name="f", label="your own landscape f(x, y)", at=_HILL, variables=("x", "y"),
            examples=("x^2*sin(2*y)", "x*y", "cos(x) + cos(2*y)", "abs(x) + y/2")),
    about="A landscape seen from above as contour lines, with a point. Through the point runs one "
    "slice along x and one along y. Beside the map each slice is drawn as a curve with its "
    "tangent: the slopes of the two tangents are the partial derivatives.",
)  # fmt: skip
def slices(s: Settings) -> Scene:
    land = landscape(s.f, _X, _Y)
    x, y = s.at
    lo, hi = enclosed(s.f, ("x", "y"), [x, y])
    along_x = _read("fx", "∂f/∂x, y held still", lo[1, 0], hi[1, 0])
    along_y = _read("fy", "∂f/∂y, x held still", lo[2, 0], hi[2, 0])
    run = np.linspace(-2.5, 2.5, 161)
    across = line(run, np.full_like(run, y), "a", dash=True)
    upward = line(np.full_like(run, x), run, "b", dash=True)
    top = Panel(_X, _Y, [across, upward], still=[land.contours], equal=True, height=1.0)
    return Scene(
        [top, _slice(land, s.at, 0, along_x), _slice(land, s.at, 1, along_y)],
        f"At *x* = {number(x, 3)}, *y* = {number(y, 3)}: one step along x changes the height at "
        "the rate [[fx]], one step along y at the rate [[fy]].",
        [_read("height", "height f", lo[0, 0], hi[0, 0]), along_x, along_y],
        [_smooth(along_x, along_y)],
    )  # fmt: skip


def _read(name: str, label: str, lo: float, hi: float) -> Reading:
    if np.isfinite([lo, hi]).all():
        return proved(name, label, lo, hi, "the rules, every rounding enclosed")
    return Reading.unknown(name, label, "the formula has no single slope here")


def _slice(land: Landscape, point: tuple[float, float], which: int, slope: Reading) -> Panel:
    """The slice through a point along x (0) or y (1), with its tangent."""
    name, other = ("x", "y") if which == 0 else ("y", "x")
    run = np.linspace(-2.5, 2.5, 161)
    place = [np.full_like(run, v) for v in point]
    place[which] = run
    layers = [line(run, land.at(*place), "ab"[which], "slice")]
    at = point[which]
    here = float(land.at(*(np.array([v]) for v in point))[0])
    if slope.value is not None and np.isfinite(here):
        near = np.array([at - 0.9, at + 0.9])
        layers += [line(near, here + slope.value * (near - at), "approx", "tangent"),
                   points([at], [here], "approx")]  # fmt: skip
    return Panel(Axis(name, -2.5, 2.5), land.height, layers, name=f"along_{name}",
                 title=f"Slice along {name}, with {other} held still", height=0.5)  # fmt: skip


def _smooth(*readings: Reading) -> Statement:
    if any(r.value is None for r in readings):
        text = ("At this very point the library refuses a slope: the formula has a kink, a jump or "
                "no value here. Move the point a little.")  # fmt: skip
        return Statement("unknown", text)
    return Statement(known(), "Both slopes are enclosed in intervals by the rules of "
                     "differentiation, not by small steps; whatever was rounded on the way is "
                     "inside.")  # fmt: skip


# ---- a walk over a field that changes ----

FIELD = "16 + 6*exp(-((x - 2 + 0.5*t)^2 + (y - 1)^2)/1.5) + 0.5*y + 0.4*t"
_WALK = ("2.1*cos(0.8*t + 2.4)", "1.4*sin(1.1*t + 0.3)")
_PX, _PY = Axis("east x in km", -2.6, 2.6), Axis("north y in km", -2.0, 2.0)
_TIME = Axis("time t in hours", 0.0, 5.0)
_T = Axis("temperature met, in degrees", 15.0, 20.0)


@lru_cache(maxsize=1)
def _met() -> tuple[np.ndarray, ...]:
    t = np.linspace(0.0, 5.0, 161)
    x, y = (values(f, t=t) for f in _WALK)
    return t, x, y, values(FIELD, x=x, y=y, t=t)


@figure(
    "What a walker feels",
    Handle(name="at", label="time", at=(2.4, 0.0), x=(0.0, 5.0), y=(15.0, 20.0), along="x",
           panel="time"),
    about="A map of temperatures on which a warm spot drifts, with a walker's path. Below, the "
    "temperature the walker meets against time with its tangent, and three bars: what walking "
    "east, walking north and the changing weather each contribute to the slope.",
)  # fmt: skip
def walk(s: Settings) -> Scene:
    t = s.at[0]
    t_all, x_all, y_all, met = _met()
    place = [enclosed(f, ("t",), [t]) for f in _WALK]
    (x, dx), (y, dy) = (((lo[0, 0], hi[0, 0]), (lo[1, 0], hi[1, 0])) for lo, hi in place)
    lo, hi = enclosed(FIELD, ("x", "y", "t"), [x[0], y[0], t], [x[1], y[1], t])
    slopes = [(lo[k, 0], hi[k, 0]) for k in (1, 2, 3)]
    terms = [product(slopes[0], dx), product(slopes[1], dy), slopes[2]]
    whole = total(*terms)
    here, middle = float(lo[0, 0]), [float(0.5 * (a + b)) for a, b in (*terms, whole)]
    ends = [float(v) for v in (x[0], y[0], dx[0], dy[0])]
    field = contours(lambda a, b: values(FIELD, x=a, y=b, t=np.full_like(a, t)), _PX, _PY,
                     [16.0 + k for k in range(9)], 33 if s.moving else 65)  # fmt: skip
    above = Panel(
        _PX, _PY,
        [field, line(x_all, y_all, "muted"), points([ends[0]], [ends[1]], "approx"),
         arrows([ends[0]], [ends[1]], [ends[0] + 0.5 * ends[2]], [ends[1] + 0.5 * ends[3]],
                "approx", label="velocity")],
        equal=True, height=0.77,
    )  # fmt: skip
    near = np.array([t - 0.5, t + 0.5])
    below = Panel(
        _TIME, _T, [line(near, here + middle[3] * (near - t), "approx", "tangent")],
        name="time", still=[line(t_all, met, "truth")], handles={"at": (t, here)}, height=0.5,
    )  # fmt: skip
    labels = ["walking east", "walking north", "the weather", "together"]
    parts = Panel(Axis("degrees per hour", -4.5, 4.5), Axis("", 0.0, 4.0),
                  [bars(labels, middle)], name="parts", height=0.4)  # fmt: skip
    readings = [
        proved("east", "∂T/∂x times dx/dt", *terms[0], "slope of the map times speed"),
        proved("north", "∂T/∂y times dy/dt", *terms[1], "slope of the map times speed"),
        proved("weather", "∂T/∂t, standing still", *terms[2], "the partial derivative"),
        proved("whole", "dT/dt, as felt", *whole, "the sum"),
    ]
    return Scene(
        [above, below, parts],
        f"At *t* = {number(t, 3)} h the walker feels the temperature change by [[whole]] degrees "
        "per hour: [[east]] from walking east, [[north]] from walking north, [[weather]] from the "
        "weather.",
        readings,
        [Statement(known(), "All three terms and their sum are enclosed. Each partial derivative "
                   "is taken at the walker's place, which is itself known only as an interval.")],
    )  # fmt: skip
