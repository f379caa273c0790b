"""Taylor polynomials about a place of one's own choice, and a function tabulated in patches."""

from __future__ import annotations

import math

import numpy as np

from taylored.course.figures.knownseries import KNOWN, evaluate, library_line
from taylored.course.figures.said import later, within
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
    polygon,
    rule,
)
from taylored.report.series_terms import up
from taylored.results import Accuracy

__all__ = ["moving", "patches"]

_TONE = KNOWN["tone"]
_TIME = Axis("time x", 0.0, 12.0)
_SWING = Axis("swing of the bell", -0.95, 1.05)
_CLOSE = 0.05  # the error that is allowed


@figure(
    "The center is yours",
    Handle(name="center", label="center", at=(4.0, 0.0), x=(0.5, 11.5), y=(-1.0, 1.0), along="x",
           step=0.1),
    Slider(name="order", label="order", lo=0, hi=10, at=2, step=1),
    about="The fading swing of a bell that was struck. A polynomial copies it around a place that "
    "can be dragged along the curve; a bar shows where it is right to 0.05.",
)  # fmt: skip
def moving(s: Settings) -> Scene:
    center = round(s.center[0], 2)
    c = _TONE.coefficients(center, s.order)
    x = np.linspace(_TIME.lo, _TIME.hi, 361)
    polynomial = evaluate(c, x - center)
    left, right = _TONE.remainder(center, s.order, x)
    reach = _reach(center, s.order)
    stretch = _X01 * 2 * reach + center - reach
    worst = np.abs(evaluate(c, stretch - center) - _TONE.value(stretch)).max()
    panel = Panel(
        _TIME,
        _SWING,
        [
            band(x, polynomial + left, polynomial + right, Accuracy.PROVED),
            line([center - reach, center + reach], [-0.85, -0.85], "proved", "right to 0.05"),
            line(x, polynomial, "approx", f"order {s.order}"),
        ],
        still=[rule(0.0, "x"), curve(_TONE.value, _TIME, "truth", "the bell")],
        handles={"center": (center, float(_TONE.value(center)))},
    )
    seen = within("worst", "largest error there", (max(worst - 1e-12, 0.0), _CLOSE),
                  "seen, and remainder")  # fmt: skip
    return Scene(
        [panel],
        f"Copied at *x* = {center:g} to order {s.order}, the swing is right to 0.05 for all times "
        f"within {reach:g} of that moment; the largest error in that stretch is [[worst]].",
        [seen, Reading.exact("reach", "reach on both sides", reach)],
        _trust(s, center),
    )


_X01 = np.linspace(0.0, 1.0, 65)


def _reach(center: float, order: int) -> float:
    """A distance to both sides within which the remainder is at most 0.05, in hundredths.

    Both ends are tried: the bound grows with the distance.
    """
    low, high = 0.0, 8.0
    for _ in range(20):
        middle = 0.5 * (low + high)
        ends = _TONE.remainder(center, order, np.array([center - middle, center + middle]))
        fits = max(-ends[0].min(), ends[1].max()) <= _CLOSE
        low, high = (middle, high) if fits else (low, middle)
    return max(math.floor(low * 100 - 1) / 100, 0.0)


def _trust(s: Settings, center: float) -> list[Statement]:
    if s.moving:
        return [later()]
    return [
        library_line(_TONE.formula, center, s.order, 0.4),
        Statement(
            Accuracy.PROVED,
            "The bar is drawn as far as a bound on the next derivative keeps the error below "
            "0.05; the true stretch is a little longer.",
        ),
    ]


_ANGLE = Axis("angle x", 0.0, 0.5 * math.pi)
_ERROR = Axis("size of the error", 1e-12, 1.0, log=True)


@figure(
    "Patches",
    Slider(name="count", label="patches", lo=1, hi=16, at=4, step=1),
    Slider(name="order", label="order in each", lo=0, hi=6, at=2, step=1),
    about="The error of a table of sines between 0 and a right angle. The stretch is cut into "
    "patches; in each a Taylor polynomial about its middle is used. The error is zero in the "
    "middles and largest where two patches meet.",
)
def patches(s: Settings) -> Scene:
    half = 0.5 * _ANGLE.hi / s.count
    centers = half * (2 * np.arange(s.count) + 1)
    grid = np.linspace(-1.0, 1.0, 41) * half
    x = (centers[:, None] + grid).ravel()
    gap, bound = _errors(centers, grid, s.order)
    highest = max(float(bound.max()), 1e-15)
    panel = Panel(
        _ANGLE,
        _ERROR,
        [
            *_tiles(centers, half, bound),
            line(x, np.maximum(gap.ravel(), 1e-13), "approx", "error"),
            points(centers, np.full(s.count, 2e-12), "approx", size=3),
            rule(highest, "x", "proved", f"at most {up(highest)}"),
        ],
    )
    worst = within(
        "worst", "largest error", (max(gap.max() - 1e-15, 0.0), highest), "seen, and remainder"
    )
    numbers = s.count * (s.order + 1)
    return Scene(
        [panel],
        f"{_many(s.count, 'patch', 'patches')} of order {s.order} need a table of {numbers} "
        "numbers and give every sine with a largest error of [[worst]].",
        [worst, Reading.exact("stored", "numbers stored", numbers)],
        _promise(s, centers, half, highest),
    )


def _promise(s: Settings, centers: np.ndarray, half: float, highest: float) -> list[Statement]:
    return [
        Statement(
            Accuracy.PROVED,
            f"Every sine from the table is within {up(highest)}: the next derivative of the "
            "sine is bounded on each patch. Twice as many patches divide the error by about "
            f"{2 ** (s.order + 1)}.",
        ),
        later() if s.moving else library_line("sin(x)", float(centers[0]), s.order, half),
    ]


def _errors(centers: np.ndarray, grid: np.ndarray, order: int) -> tuple[np.ndarray, np.ndarray]:
    """(patches, places) of what was seen, and the bound (patches,) at the ends of each."""
    sine = KNOWN["sin"]
    gap = np.empty((len(centers), len(grid)))
    bound = np.empty(len(centers))
    for k, center in enumerate(centers.tolist()):
        c = sine.coefficients(center, order)
        gap[k] = np.abs(np.sin(center + grid) - evaluate(c, grid))
        low, high = sine.remainder(center, order, center + grid[[0, -1]])
        bound[k] = max(-low.min(), high.max())
    return gap, bound


def _tiles(centers: np.ndarray, half: float, bound: np.ndarray) -> list:
    """A box for each patch, as high as its bound."""
    tiles = []
    for center, top in zip(centers.tolist(), np.maximum(bound, 1e-12).tolist(), strict=True):
        left, right = center - half, center + half
        tiles.append(polygon([left, left, right, right], [1e-12, top, top, 1e-12], "proved"))
    return tiles


def _many(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"
