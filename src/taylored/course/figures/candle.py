"""Chi-squared: a candle measured by eye, and one length measured with three rulers."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np

from taylored.course.figures.leastsquares import (
    about,
    between,
    chi_squared_exactly,
    exactly_known,
    parameter,
)
from taylored.course.kit import (
    Axis,
    Handle,
    Handles,
    Panel,
    Scene,
    Settings,
    Slider,
    Statement,
    curve,
    figure,
    line,
    mark,
    points,
    polygon,
    rule,
)
from taylored.course.kit.scene import Layer
from taylored.regression import Fit, fit
from taylored.regression import line as fit_line
from taylored.report import numbers
from taylored.results import Accuracy

__all__ = ["HOURS", "LENGTHS", "SIGMA", "by_eye", "rulers"]

HOURS = (0.5, 1.5, 2.5, 3.5, 4.5, 5.5)
LENGTHS = (17.6, 14.2, 13.6, 12.4, 8.8, 7.4)
SIGMA = 0.8

_TIME = Axis("time in hours", 0.0, 6.0)
_LENGTH = Axis("length of the candle in cm", 0.0, 22.0)


@lru_cache(maxsize=1)
def _best() -> Fit:
    return fit_line(np.array(HOURS), np.array(LENGTHS), sigma=SIGMA)


@figure(
    "Fit the candle by eye",
    Handle(
        name="left",
        label="left end of the line, length at 0 h",
        at=(0.0, 20.0),
        x=(0.0, 0.0),
        y=(0.0, 22.0),
        along="y",
        step=0.1,
    ),
    Handle(
        name="right",
        label="right end of the line, length at 6 h",
        at=(6.0, 8.5),
        x=(6.0, 6.0),
        y=(0.0, 22.0),
        along="y",
        step=0.1,
    ),
    about="Six measured lengths of a burning candle with bars of one sigma, and a straight line "
    "whose two ends can be moved. Beside it every miss is drawn as a square whose side is the "
    "miss in units of sigma: the area of all squares together is chi-squared.",
)
def by_eye(s: Settings) -> Scene:
    top, bottom = s.left[1], s.right[1]
    slope = (bottom - top) / 6.0
    x, y = np.array(HOURS), np.array(LENGTHS)
    pulls = (y - top - slope * x) / SIGMA
    steep = (Fraction(bottom) - Fraction(top)) / 6
    exact = chi_squared_exactly((HOURS, LENGTHS, [SIGMA] * len(x)), steep, Fraction(top))
    best = _best()
    readings = [
        exactly_known("chi2", "chi-squared of your line", exact, "a sum of exact fractions"),
        about("least", "the least that a straight line can reach", best.chi2),
        about("share", "share of the largest square, in %",
              100.0 * float((pulls**2).max() / max((pulls**2).sum(), 1e-300)), 3),
    ]  # fmt: skip
    worst = int(np.argmax(np.abs(pulls)))
    sides = "above" if pulls[worst] > 0 else "below"
    return Scene(
        [_candle(x, y, top, slope), _squares(pulls)],
        f"The area of the squares is χ² = [[chi2]]; no straight line gets below [[least]]. The "
        f"largest square belongs to the measurement at {HOURS[worst]} h, which lies {sides} "
        "your line, and makes up [[share]] % of the area.",
        readings,
        _trust(best),
    )


def _candle(x: np.ndarray, y: np.ndarray, top: float, slope: float) -> Panel:
    """The measurements, the line, and a stick from each to the line."""
    ends = np.array([0.0, 6.0])
    sticks = [line([a, a], [b, top + slope * a], "a") for a, b in zip(x, y, strict=True)]
    return Panel(
        _TIME,
        _LENGTH,
        [*sticks, line(ends, top + slope * ends, "approx", "your line")],
        still=[points(x, y, "data", error=np.full(len(x), SIGMA))],
        handles={"left": (0.0, top), "right": (6.0, top + 6.0 * slope)},
    )


def _squares(pulls: np.ndarray) -> Panel:
    """The misses in units of sigma as squares, side by side."""
    sides, at = np.abs(pulls), 0.0
    layers: list[Layer] = []
    for hour, side in zip(HOURS, sides, strict=True):
        layers.append(polygon([at, at + side, at + side, at], [0, 0, side, side], "a"))
        if side > 0.9:
            layers.append(mark(at + side / 2, side / 2, f"{hour:g} h", "a", "middle"))
        at += side + 0.25
    wide = max(12.0, float(np.ceil(at)))
    layers.append(polygon([wide - 1.2, wide - 0.2, wide - 0.2, wide - 1.2],
                          [0.62 * wide - 1.4] * 2 + [0.62 * wide - 0.4] * 2, "muted"))  # fmt: skip
    layers.append(mark(wide - 1.4, 0.62 * wide - 1.1, "one σ", "muted", "end"))
    return Panel(Axis("misses in units of σ, side by side", 0.0, wide),
                 Axis("miss in σ", 0.0, 0.62 * wide), layers, name="squares", equal=True,
                 title="every miss, squared")  # fmt: skip


def _trust(best: Fit) -> list[Statement]:
    return [
        Statement(Accuracy.PROVED, "χ² of your line is a finite sum of fractions: the interval "
                  "holds, rounding included."),
        Statement(Accuracy.ESTIMATED, f"The least χ² comes from the library's fit, right to "
                  f"{int(min(best.digits.values()))} digits in its parameters."),
        Statement(Accuracy.CALIBRATED, f"If σ = {SIGMA} cm is right and the candle burns evenly, "
                  f"its slope is in {between(best, 'slope')} cm/h (95 %)."),
        Statement(Accuracy.UNKNOWN, "Whether σ is right: χ² takes it on trust."),
    ]  # fmt: skip


_RULER = Axis("length c in cm", 10.0, 14.0)
_HEIGHT = Axis("chi-squared", 0.0, 16.0)


@figure(
    "One length, three rulers",
    Handles(
        name="read",
        label="a reading, in cm",
        at=((12.0, 0.0), (12.7, 0.0), (12.4, 0.0)),
        x=(10.2, 13.8),
        y=(0.0, 0.0),
        along="x",
        step=0.02,
    ),
    Slider(name="sigma", label="σ of the third ruler", lo=0.1, hi=2.0, at=0.3, log=True, unit="cm"),
    about="Three readings of one length on a line. Each has a parabola, its part of chi-squared; "
    "steep for a small sigma, flat for a large one. Their sum is again a parabola. Its lowest "
    "point is the weighted mean, and where it has risen by one lie the ends of its error bar.",
)
def rulers(s: Settings) -> Scene:
    values = np.array([p[0] for p in s.read])
    sigma = np.array([0.3, 0.6, s.sigma])
    found = fit("y ~ c", {"y": values}, sigma=sigma)
    middle, error = found.params["c"], found.stderr["c"]
    weights = sigma**-2 / (sigma**-2).sum()
    panel = Panel(
        _RULER, _HEIGHT,
        [
            *(
                curve(lambda c, v=v, e=e: _cut(((v - c) / e) ** 2), _RULER, "muted")
                for v, e in zip(values, sigma, strict=True)
            ),
            curve(lambda c: _cut((((values[:, None] - c) / sigma[:, None]) ** 2).sum(0)),
                  _RULER, "approx", "sum"),
            rule(found.chi2 + 1.0, "x", "muted", "least + 1"),
            line([middle - error, middle + error], [found.chi2 + 1.0] * 2, "calibrated"),
            points([middle], [found.chi2], "approx"),
        ],
        handles={"read": [(float(v), 0.0) for v in values]},
    )  # fmt: skip
    readings = [
        parameter("mean", "best length, in cm", found, "c"),
        about("least", "least chi-squared, for 2 degrees of freedom", found.chi2, 3),
        about("error", "standard error, in cm", error, 3),
        about("weight", "weight of the third ruler, in %", 100.0 * float(weights[2]), 3),
    ]
    return Scene(
        [panel],
        f"With σ = {s.sigma:.2g} cm the third ruler has [[weight]] % of the say. The sum is "
        "lowest at [[mean]] cm; one standard error to either side, [[error]] cm away, it has "
        "risen by exactly 1.",
        readings,
        _agreement(found),
    )


def _cut(heights: np.ndarray) -> np.ndarray:
    """Nothing is drawn above the panel."""
    return np.where(heights > 1.3 * _HEIGHT.hi, np.nan, heights)


def _agreement(found: Fit) -> list[Statement]:
    said = [
        Statement(
            Accuracy.CALIBRATED,
            f"The length is in {between(found, 'c')} cm (95 %), if the three σ are right and the "
            "rulers share no error.",
        )
    ]
    if found.p_value < 0.01:
        said.append(Statement(
            Accuracy.UNKNOWN,
            f"The readings are farther apart than their σ allow, {numbers.p_value(found.p_value)}: "
            "at least one σ is too small, and then the interval is too short."))  # fmt: skip
    return said
