"""When to stop: how far the last step is from the error, and where values run out of digits."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from taylored.course.figures.said import digits, within
from taylored.course.kit import (
    Axis,
    Panel,
    Reading,
    Scene,
    Settings,
    Slider,
    Statement,
    figure,
    line,
    points,
    rule,
)
from taylored.course.kit.scene import Layer
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.optimize.result import Minimum
    from taylored.optimize.roots.result import Root

__all__ = ["floor", "gap"]

_START = 2.0


@lru_cache(maxsize=128)
def _judged(condition: float, x: float) -> Minimum:
    """What the library says of a point of the valley at which somebody stopped."""
    import taylored as ty

    return ty.certify(f"0.5*x^2 + {0.5 * condition:g}*y^2", {"x": x, "y": 0.0})


def _stops(condition: float, tol: float) -> tuple[int, int]:
    """The number of steps after which the last step, and the error itself, are within `tol`."""
    left = 1 - 1 / condition
    # The error after k steps is 2*left^k, the last step that divided by (condition - 1).
    by_error = math.ceil(math.log(tol / _START) / math.log(left) - 1e-9)
    by_step = math.ceil(math.log(tol * (condition - 1) / _START) / math.log(left) - 1e-9)
    return max(1, by_step), max(1, by_error)


@figure(
    "The last step is not the error",
    Slider(name="condition", label="condition of the valley", lo=2, hi=200, at=40, step=1),
    Slider(name="tol", label="tolerance", lo=1e-8, hi=1e-2, at=1e-4, log=True),
    about="Two falling straight lines on a logarithmic scale against the number of steps: the "
    "length of the last step, and above it the distance to the minimum. The rule that looks at the "
    "step stops where its line crosses the tolerance; the distance is then still many times that.",
)
def gap(s: Settings) -> Scene:
    condition, tol = float(s.condition), float(f"{s.tol:.1e}")
    by_step, by_error = _stops(condition, tol)
    left = 1 - 1 / condition
    most = max(12, int(1.15 * by_error))
    k = np.unique(np.linspace(1, most, 160).astype(int))
    error = _START * left**k
    stopped = _START * left**by_step
    panel = Panel(
        Axis("step", 0.0, float(most)),
        Axis("length", tol / 300, 4.0, log=True),
        [
            rule(tol, "x", "muted", "tolerance"),
            line(k, error, "truth", "distance to the minimum"),
            line(k, error / (condition - 1), "a", "last step"),
            points([by_step], [stopped / (condition - 1)], "a", size=6),
            points([by_step], [stopped], "approx", size=6),
            rule(by_step, "y", "approx"),
        ],
    )
    readings = [
        Reading.exact("bystep", "the rule of the step stops after", by_step),
        digits("error", "distance to the minimum then", stopped),
        digits("times", "in tolerances", stopped / tol),
        Reading.exact("byerror", "steps that are really needed", by_error),
    ]
    return Scene(
        [panel],
        f"The last step falls below {tol:g} after [[bystep]] steps. The distance to the minimum "
        "is then [[error]], which is [[times]] times the tolerance. To come as near as was asked "
        "takes [[byerror]] steps.",
        readings,
        _gap_trust(condition, stopped, tol),
    )


def _gap_trust(condition: float, stopped: float, tol: float) -> list[Statement]:
    judged = _judged(condition, float(f"{stopped:.6g}"))
    error = judged.certificate.errors[0]
    said = [
        Statement(
            Accuracy.ESTIMATED,
            f"Asked about the point where the rule stopped, the library says: {judged.kind}, off "
            f"by up to about {error:.2g}. It takes that from slope and curvature, not from steps.",
        )
    ]
    kind = "within" if stopped <= tol else "not within"
    return [
        *said,
        Statement(Accuracy.UNKNOWN, "A short step alone says nothing about the error: here the "
                  f"point is {kind} the tolerance."),
    ]  # fmt: skip


# ---- the floor of rounding ----

_F = "x^4 - 3*x + 5"


def _f(x):
    return x**4 - 3 * x + 5


@lru_cache(maxsize=1)
def _bottom() -> Root:
    """Where the slope of f is zero."""
    import taylored as ty

    return ty.root("4*x^3 - 3", bracket=(0.5, 1.5))


def _exactly(x: float, off: np.ndarray) -> np.ndarray:
    """f(x + off) - f(x) at the bottom, without cancellation."""
    return off * off * (6 * x * x + 4 * x * off + off * off)


def _values(width: float) -> tuple[list[Layer], float, tuple[int, int]]:
    """The values that the computer has in a window, their unit, how many differ and are lowest."""
    x = _bottom().x
    off = np.linspace(-width, width, 401)
    value = _f(x + off)
    unit = 10.0 ** math.floor(math.log10(max(_exactly(x, np.array(width)), 1e-16)))
    low = value.min()
    layers = [
        line(off / width, _exactly(x, off) / unit, "truth", "exact"),
        line(off / width, (value - low) / unit, "approx", "computed"),
    ]
    return layers, unit, (len(np.unique(value)), int(np.sum(value == low)))


@figure(
    "The floor of a parabola",
    Slider(name="width", label="half the width of the window", lo=1e-9, hi=1e-1, at=2e-8, log=True),
    about="A parabola near its bottom under a magnifying glass. At a window of a hundred-millionth "
    "the computed values form a staircase with a flat floor; the slope is still a straight line "
    "that crosses zero cleanly.",
)
def floor(s: Settings) -> Scene:
    width = float(f"{s.width:.2g}")
    layers, unit, (distinct, lowest) = _values(width)
    x = _bottom().x
    off = np.linspace(-1.0, 1.0, 61)
    top = max(float(np.nanmax([v for v in layers[1]["y"] if v is not None])), 1.0) * 1.1
    height = Axis(f"f above its least value, in {unit:.0e}", -0.1 * top, top)
    across = Axis("off the bottom, in half widths", -1.0, 1.0)
    values = Panel(across, height, layers, title="values")
    slope = 4 * (x + width * off) ** 3 - 3
    steep = Panel(
        across, Axis("slope, largest = 1", -1.2, 1.2),
        [rule(0.0, "x", "muted", dash=False),
         points(off, slope / np.abs(slope).max(), "approx", size=3)],
        name="slope", title="slopes",
    )  # fmt: skip
    return Scene([values, steep], _floor_story(width, lowest),
                 _floor_readings(distinct, lowest), _floor_trust())  # fmt: skip


def _floor_story(width: float, lowest: int) -> str:
    said = (
        f"Among 401 places within {width:g} of the bottom *f* takes [[distinct]] different values"
    )
    if lowest > 3:
        said += ", and [[lowest]] of the places share the lowest one: from values alone nobody can "
        said += "tell them apart. "
    else:
        said += ". "
    return said + "Values give [[few]] digits of *x*, slopes give [[many]]."


def _floor_readings(distinct: int, lowest: int) -> list[Reading]:
    root = _bottom()
    ends = root.enclosure
    x = root.x
    # f rises by its rounding, half a unit in the last place, at this distance from the bottom.
    reach = math.sqrt(0.5 * float(np.spacing(_f(x))) / (6 * x * x))
    return [
        Reading.exact("distinct", "different values", distinct),
        Reading.exact("lowest", "places with the lowest value", lowest),
        Reading.estimated("floor", "from values: the bottom is at", x, 2 * reach,
                          "rounding of f"),
        within("root", "from slopes", ends, "Krawczyk's test", digits=10),
        Reading.exact("few", "right digits from values", int(-math.log10(2 * reach / x))),
        Reading.exact("many", "right digits from slopes", int(-math.log10(ends.width / x))),
    ]  # fmt: skip


def _floor_trust() -> list[Statement]:
    root = _bottom()
    return [
        Statement(root.accuracy, f"The root of the slope: {root.status}"),
        Statement(
            Accuracy.ESTIMATED,
            "The computer keeps 16 digits of f. Near the bottom f differs from its least value by "
            "the square of the distance, so half of the digits of x are lost: a distance of 1e-8 "
            "changes f by 1e-16.",
        ),
    ]
