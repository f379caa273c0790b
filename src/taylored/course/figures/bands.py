"""Bands: where the line is, where a new point falls, and what lies beyond the data."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from taylored.course.figures.leastsquares import about, fitted_line
from taylored.course.kit import (
    Axis,
    Button,
    Choice,
    Handle,
    Panel,
    Reading,
    Scene,
    Settings,
    Slider,
    Statement,
    Toggle,
    band,
    curve,
    figure,
    line,
    points,
    rule,
)
from taylored.course.kit.scene import Layer
from taylored.regression import Fit
from taylored.regression.statistics import two_sided_quantile
from taylored.results import Accuracy, Interval

__all__ = ["cover", "reach"]

_TIME = Axis("time in hours", 0.0, 11.0)
_LENGTH = Axis("length of the candle in cm", -4.0, 22.0)
_FIRST, _LAST = 0.5, 5.5
_SIGMA = 0.8
_FOOT = 6.0  # hours: from here on the candle is thicker


def _truth(t: np.ndarray) -> np.ndarray:
    """The true length: even burning, then slower at the thick foot."""
    return np.where(t < _FOOT, 18.0 - 1.9 * t, np.maximum(6.6 - 0.8 * (t - _FOOT), 0.0))


@figure(
    "Two bands, and what lies beyond",
    Handle(name="at", label="time of the prediction", at=(3.0, 0.0), x=(0.0, 11.0), y=(-4.0, 22.0),
           along="x", step=0.1),
    Slider(name="count", label="measurements", lo=4, hi=16, at=6, step=1),
    Button(name="again", label="measure again"),
    Toggle(name="truth", label="show what the candle really did", at=True),
    about="Measurements of a candle within six hours and their best line. A narrow band says "
    "where the line is, a wide one where a new measurement falls; both open up away from the "
    "middle of the data. Beyond the last measurement they are drawn as a dashed guess: the real "
    "candle has a thick foot and leaves them.",
)  # fmt: skip
def reach(s: Settings) -> Scene:
    fit = _fitted(s.count, s.again)
    at = s.at[0]
    now, new = _at(fit, at, "confidence"), _at(fit, at, "prediction")
    inside = _FIRST <= at <= _LAST
    layers = [*_bands(fit), line([at, at], new[1:], "a", "new point"),
              line([at, at], now[1:], "approx")]  # fmt: skip
    still: list[Layer] = [rule(_LAST, "y", "muted", "last measurement")]
    if s.truth:
        layers.append(curve(_truth, _TIME, "truth", "the candle"))
    panel = Panel(_TIME, _LENGTH, layers, still=still, handles={"at": (at, now[0])})
    readings = [
        *_heights(now, new, inside),
        about(
            "away",
            "distance from the mean time, in h",
            abs(at - 0.5 * (_FIRST + _LAST)),
            3,
            "a difference",
        ),
    ]
    return Scene([panel], _reach_words(at, inside), readings, _reach_trust(fit, inside))


@lru_cache(maxsize=64)
def _fitted(count: int, press: int) -> Fit:
    rng = np.random.default_rng([31, press, count])
    hours = np.linspace(_FIRST, _LAST, count)
    fit = fitted_line(hours, _truth(hours) + rng.normal(0.0, _SIGMA, count), _SIGMA)
    assert fit is not None
    return fit


def _at(fit: Fit, x: float, kind: str) -> tuple[float, float, float]:
    found = fit.predict(np.array([x]), kind=kind)
    return float(found.value[0]), float(found.lo[0]), float(found.hi[0])


def _bands(fit: Fit) -> list[Layer]:
    """Both bands where there are data, and as a guess beyond."""
    layers: list[Layer] = []
    for lo, hi, kind in ((0.0, _FIRST, "estimated"), (_FIRST, _LAST, "calibrated"),
                         (_LAST, _TIME.hi, "estimated")):  # fmt: skip
        grid = np.linspace(lo, hi, 31)
        new, now = fit.predict(grid, kind="prediction"), fit.predict(grid)
        layers.append(band(grid, now.lo, now.hi, kind))
        for edge in (new.lo, new.hi):
            layers.append(line(grid, edge, "a", dash=True))
        layers.append(line(grid, now.value, "approx", dash=kind == "estimated"))
    hours = np.linspace(_FIRST, _LAST, fit.points)
    layers.append(points(hours, fit.setup.y, "data", error=np.full(fit.points, _SIGMA)))
    return layers


def _heights(
    now: tuple[float, float, float], new: tuple[float, float, float], inside: bool
) -> list[Reading]:
    """The two intervals: calibrated among the data, a guess beyond them."""
    texts = ("line", "height of the line, in cm"), ("new", "a new measurement, in cm")
    found = []
    for (name, label), (value, lo, hi) in zip(texts, (now, new), strict=True):
        if inside:
            interval = Interval(lo, hi, 0.95, f"band of the {name}", Accuracy.CALIBRATED)
            found.append(Reading.calibrated(name, label, value, interval))
        else:
            half, whole = 0.5 * (hi - lo), f"{label}, if the line goes on"
            found.append(Reading.unknown(name, label, "nobody measured here"))
            found.append(Reading.estimated(f"{name}_if", whole, value, half, "95 % of such lines"))
    return found


def _reach_words(at: float, inside: bool) -> str:
    if inside:
        return (
            f"At {at:.3g} h, [[away]] h from the middle of the data, the line is at [[line]] cm. A "
            "new measurement there would fall in [[new]] cm: the error of the eye comes on top."
        )
    return (
        f"At {at:.3g} h nobody measured. If the line goes on as before, it is at [[line_if]] cm "
        "there; whether it does, the data cannot say."
    )


def _reach_trust(fit: Fit, inside: bool) -> list[Statement]:
    digits = int(min(fit.digits.values()))
    found = [
        Statement(Accuracy.CALIBRATED, f"Between {_FIRST} and {_LAST} h the bands hold at 95 %, if "
                  "the candle burns evenly there and σ is right."),
        Statement(Accuracy.ESTIMATED, f"The arithmetic is right to {digits} digits."),
    ]  # fmt: skip
    beyond = "Beyond the data a band knows only the error of m and c, not whether the line goes on."
    found.append(Statement(Accuracy.UNKNOWN, beyond))
    return found if inside else found[::-1]


_COUNT, _DRAWN, _POINTS = 1000, 60, 5
_RUNS = Axis("experiment", 0.0, _DRAWN + 1.0)
_MISS = Axis("interval minus truth, in σ", -4.0, 4.0)


@figure(
    "What 95 % means",
    Slider(name="level", label="level in %", lo=50.0, hi=99.0, at=95.0, step=1.0, unit="%"),
    Choice(name="how", label="width of the interval", at="known", options=(
        ("known", "σ known"), ("naive", "σ from the scatter, factor as if known"),
        ("student", "σ from the scatter, Student's t"))),
    about="Sixty simulated experiments of five points each, with the interval that each gives for "
    "the height of the line in the middle, relative to the truth. Intervals that miss the truth "
    "are drawn hollow. Of 1000 experiments it is counted how many hold the truth: too few where "
    "sigma is taken from the scatter and the factor is not corrected for it.",
)  # fmt: skip
def cover(s: Settings) -> Scene:
    center, half = _intervals(s.level, s.how)
    held = np.abs(center) <= half
    count = int(held.sum())
    shown = np.arange(_DRAWN)
    layers: list[Layer] = [rule(0.0, "x", "truth", "truth", dash=False)]
    for mask, role, hollow in ((held, "a", False), (~held, "approx", True)):
        at = shown[mask[:_DRAWN]]
        layers.append(points(at + 1.0, center[at], role, error=half[at], size=3, hollow=hollow))
    promised = round(_COUNT * s.level / 100)
    factor = _factor(s.level, s.how)
    return Scene(
        [Panel(_RUNS, _MISS, layers)],
        f"At {s.level:g} % the factor is [[factor]]. Of {_COUNT} intervals [[held]] hold the "
        f"truth; {promised} are promised. {_judged(count, promised)}",
        [
            about("factor", "standard errors to each side", factor, 4, "the quantile"),
            Reading.exact("held", f"of {_COUNT} intervals, those that hold the truth", count),
            Reading.exact("promised", "promised", promised),
        ],
        _cover_trust(s.level, count, promised),
    )


def _factor(level: float, how: str) -> float:
    return two_sided_quantile(level / 100, _POINTS - 2 if how == "student" else math.inf)


@lru_cache(maxsize=1)
def _experiments() -> tuple[np.ndarray, np.ndarray]:
    """Heights in the middle and scatters s of many experiments, in units of sigma."""
    x = np.arange(_POINTS) - 0.5 * (_POINTS - 1)
    y = np.random.default_rng(46).normal(0.0, 1.0, (_COUNT, _POINTS))
    slope = y @ x / (x @ x)
    residuals = y - y.mean(1)[:, None] - slope[:, None] * x
    return y.mean(1), np.sqrt((residuals**2).sum(1) / (_POINTS - 2))


def _intervals(level: float, how: str) -> tuple[np.ndarray, np.ndarray]:
    """Middle and half width of the interval of every experiment."""
    center, scatter = _experiments()
    sigma = np.ones(_COUNT) if how == "known" else scatter
    return center, _factor(level, how) * sigma / math.sqrt(_POINTS)


def _slack(promised: int) -> float:
    """Three standard deviations of the count, if the promise is kept."""
    return 3.0 * math.sqrt(promised * (1.0 - promised / _COUNT))


def _judged(count: int, promised: int) -> str:
    if count < promised - _slack(promised):
        return "That is too few: these intervals say more than they know."
    return "The promise is kept."


def _cover_trust(level: float, count: int, promised: int) -> list[Statement]:
    if count < promised - _slack(promised):
        return [Statement(Accuracy.UNKNOWN, f"An interval called {level:g} % that holds in {count} "
                          f"of {_COUNT} cases is not calibrated: five points do not know their own "
                          "sigma well.")]  # fmt: skip
    return [
        Statement(Accuracy.CALIBRATED, f"{count} of {_COUNT} simulated intervals hold the truth, "
                  f"within chance of the {promised} promised."),
        Statement(Accuracy.CALIBRATED, "The library takes Student's t by itself where no sigma is "
                  "given; its own tests count like this."),
    ]  # fmt: skip
