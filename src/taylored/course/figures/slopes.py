"""Slopes of functions of one variable: the secant that becomes the tangent, the slope as a curve.

The tide is a formula; its slope and its curvature are enclosed by the library. The bent curve is a
cubic spline through five knots that the reader moves.
"""

from __future__ import annotations

import numpy as np

from taylored.course.figures.proofs import (
    at_most,
    enclosed,
    known,
    moments,
    outward,
    proved,
    values,
)
from taylored.course.kit import (
    Axis,
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

__all__ = ["drawn", "secant"]

_TIDE = "2.2 + 1.6*sin(0.9*t - 0.6)"

_X = Axis("time t in hours", 0.0, 6.0)
_Y = Axis("height of the water in meters", 0.0, 4.4)


def tide(t):
    """The height of the water, in meters, after t hours."""
    return values(_TIDE, t=t)


@figure(
    "From the secant to the tangent",
    Handle(name="at", label="the moment", at=(1.4, 0.0), x=(0.2, 4.0), y=(0.0, 4.4), along="x"),
    Slider(name="h", label="step h", lo=0.01, hi=2.0, at=0.5, log=True, unit="hours"),
    about="The height of a tide over six hours. A straight line cuts the curve at two moments; "
    "as the second moment moves to the first, the line turns into the tangent. A wedge around "
    "the line shows where the tangent can be.",
)
def secant(s: Settings) -> Scene:
    t, h = s.at[0], s.h
    height, later = float(tide(t)), float(tide(t + h))
    quotient = (later - height) / h
    lo, hi = enclosed(_TIDE, ("t",), [[t], [t]], [[t], [t + h]], degree=2)
    bound = _gap_bound(lo[2, 1], hi[2, 1], h)
    x = np.array([_X.lo, _X.hi])
    wedge = height + (quotient - bound) * (x - t), height + (quotient + bound) * (x - t)
    panel = Panel(
        _X,
        _Y,
        [
            band(x, np.minimum(*wedge), np.maximum(*wedge), known(), "the tangent is in here"),
            line(x, height + quotient * (x - t), "approx", "secant"),
            line([t, t + h, t + h], [height, height, later], "muted", dash=True),
            points([t + h], [later], "approx"),
        ],
        still=[curve(tide, _X, "truth", "tide")],
        handles={"at": (t, height)},
    )
    average = proved("average", "slope of the secant, in m/h",
                     *_quotient(t, h), "rise over run")  # fmt: skip
    steep = proved("slope", "slope at the moment, in m/h", lo[1, 0], hi[1, 0], "the derivative")
    gap = at_most("gap", "the secant is off by, in m/h", bound, "h/2 times the largest curvature")
    return Scene(
        [panel],
        f"The secant over {number(h, 3)} h climbs [[average]] meters per hour on average. The "
        f"tangent at *t* = {number(t, 3)} h climbs [[slope]]. They differ by [[gap]].",
        [average, steep, gap],
        [Statement(known(), "The slope of the secant differs from that of the tangent by at most "
                   "h/2 times the largest curvature between the two moments, here "
                   f"{up(bound)} m/h. Half the step leaves about half of it.")],
    )  # fmt: skip


def _gap_bound(lo: float, hi: float, h: float) -> float:
    """The most that a secant can differ from the tangent, from half the curvature in between."""
    return float(outward(0.0, h * max(abs(lo), abs(hi)))[1])


def _quotient(t: float, h: float) -> tuple[float, float]:
    """The exact difference quotient, as an interval."""
    lo, hi = enclosed(_TIDE, ("t",), *moments(t, h), degree=0)
    return outward((lo[0, 1] - hi[0, 0]) / h, (hi[0, 1] - lo[0, 0]) / h)


# ---- a curve that the reader bends, and its slope below ----

_KNOTS = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
_HEIGHTS = (0.2, 1.4, 0.9, -0.8, 0.4)
_BX = Axis("x", 0.0, 4.0)
_BF = Axis("height f(x)", -2.2, 2.2)
_BD = Axis("slope f'(x)", -4.5, 4.5)


def _knot(k: int) -> Handle:
    return Handle(name=f"k{k}", label=f"height at x = {k}", at=(float(k), _HEIGHTS[k]),
                  x=(float(k), float(k)), y=(-2.0, 2.0), along="y")  # fmt: skip


def _pieces(heights: np.ndarray) -> np.ndarray:
    """(4, pieces) cubic coefficients of the natural spline, from the constant up."""
    n = len(heights)
    matrix = 4 * np.eye(n) + np.eye(n, k=1) + np.eye(n, k=-1)
    matrix[[0, -1]] = np.eye(n)[[0, -1]]
    bend = np.zeros(n)
    bend[1:-1] = 6 * (heights[2:] - 2 * heights[1:-1] + heights[:-2])
    second = np.linalg.solve(matrix, bend)
    slope = np.diff(heights) - second[:-1] / 3 - second[1:] / 6
    return np.array([heights[:-1], slope, second[:-1] / 2, np.diff(second) / 6])


def _spline(c: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values and slopes of the pieces at x."""
    at = np.minimum(x.astype(int), c.shape[1] - 1)
    u, (a, b, d, e) = x - at, c[:, at]
    return a + u * (b + u * (d + u * e)), b + u * (2 * d + 3 * u * e)


@figure(
    "A curve, and its slope as a curve",
    *(_knot(k) for k in range(5)),
    Handle(name="at", label="where to look", at=(0.55, 0.0), x=(0.0, 4.0), y=(-4.5, 4.5),
           along="x", panel="slope"),
    about="A curve through five points that can be moved up and down, and a second one, the curve "
    "of its slopes. Where the first curve has a top or a valley, the second one crosses zero.",
)  # fmt: skip
def drawn(s: Settings) -> Scene:
    heights = np.array([s[f"k{k}"][1] for k in range(5)])
    c, x = _pieces(heights), np.linspace(0.0, 4.0, 241)
    f, slope = _spline(c, x)
    at = s.at[0]
    here, steep = (float(v[0]) for v in _spline(c, np.array([at])))
    flat = _level(c)
    level = _spline(c, flat)[0] if len(flat) else flat
    near = np.array([max(at - 0.35, 0.0), min(at + 0.35, 4.0)])
    above = Panel(
        _BX, _BF,
        [line(x, f, "truth", "f"), line(near, here + steep * (near - at), "approx", "tangent"),
         points(flat, level, "a", hollow=True)],
        handles={f"k{k}": (float(k), float(h)) for k, h in enumerate(heights)}, height=0.45,
    )  # fmt: skip
    below = Panel(
        _BX, _BD,
        [line(x, slope, "approx", "f'"), points(flat, 0 * flat, "a", hollow=True)],
        name="slope", still=[rule(0.0, "x")], handles={"at": (at, steep)}, height=0.45,
    )  # fmt: skip
    reading = _slope_reading(c, at)
    return Scene(
        [above, below],
        f"At *x* = {number(at, 3)} the curve has the slope [[slope]]: {_word(steep)}. It is level "
        f"at {_times(len(flat))}, and there the second curve crosses zero.",
        [reading, Reading.exact("level", "level places", len(flat))],
        [Statement(known(), "Between two knots the curve is a cubic polynomial; the library "
                   f"encloses its slope at the place you look at in an interval of width "
                   f"{up(reading.hi - reading.lo)}, rounding included.")],
    )  # fmt: skip


def _slope_reading(c: np.ndarray, at: float) -> Reading:
    piece = min(int(at), c.shape[1] - 1)
    b, d, e = (float(v) for v in c[1:, piece])
    low, high = enclosed(f"({b!r})*u + ({d!r})*u^2 + ({e!r})*u^3", ("u",), [at - piece])
    return proved("slope", "slope at the place", low[1, 0], high[1, 0], "derivative of the cubic")


def _level(c: np.ndarray) -> np.ndarray:
    """Where the curve is level: the zeros of the slopes of its pieces."""
    found = []
    for piece, (_, b, d, e) in enumerate(c.T):
        roots = np.roots([3 * e, 2 * d, b])
        real = roots[np.isreal(roots)].real
        found += [piece + u for u in real if 0 <= u < 1]
    return np.sort(np.array(found))


def _word(slope: float) -> str:
    if abs(slope) < 0.05:
        return "almost level"
    return "uphill to the right" if slope > 0 else "downhill to the right"


def _times(count: int) -> str:
    names = ("no place", "one place", "two places", "three places", "four places")
    return names[count] if count < len(names) else f"{count} places"
