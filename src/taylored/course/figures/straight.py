"""The straight line: springs on a rod, the valley of chi-squared, and how sure m and c are."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from taylored.course.figures.candle import HOURS, LENGTHS, SIGMA
from taylored.course.figures.leastsquares import (
    NORMAL_95,
    PAIR_95,
    about,
    believable,
    between,
    columns,
    ellipse,
    fitted_line,
    level_lines,
    lost,
    parameter,
    verdict,
)
from taylored.course.figures.said import digits
from taylored.course.kit import (
    Axis,
    Button,
    Handle,
    Handles,
    Panel,
    Reading,
    Scene,
    Settings,
    Slider,
    Statement,
    Toggle,
    arrows,
    band,
    bars,
    figure,
    line,
    mark,
    points,
    polygon,
)
from taylored.course.kit.scene import Layer
from taylored.regression import Fit
from taylored.results import Accuracy

__all__ = ["balance", "drag", "repeat", "sure"]

_TIME = Axis("time in hours", 0.0, 6.0)
_LENGTH = Axis("length of the candle in cm", 0.0, 22.0)
_DATA = tuple(zip(HOURS, LENGTHS, strict=True))
_SAME_TIME = "all points stand at one time"
_ENDS = np.array([_TIME.lo, _TIME.hi])


@figure(
    "A rod on springs",
    Handle(name="left", label="left end of the rod", at=(0.0, 14.0), x=(0.0, 0.0),
           y=(0.0, 22.0), along="y", step=0.1),
    Handle(name="right", label="right end of the rod", at=(6.0, 11.0), x=(6.0, 6.0),
           y=(0.0, 22.0), along="y", step=0.1),
    about="A rod, the line, hangs on upright springs from six measured points. Each spring pulls "
    "as strongly as it is long. Two bars show the net pull up or down and the net turn. At the "
    "line of least chi-squared both are zero: the rod is at rest.",
)  # fmt: skip
def balance(s: Settings) -> Scene:
    x, y = np.array(HOURS), np.array(LENGTHS)
    low, high = s.left[1], s.right[1]
    on_rod = low + (high - low) * x / 6.0
    force = (y - on_rod) / SIGMA**2
    pull, turn = float(force.sum()), float(((x - x.mean()) * force).sum())
    rod = Panel(
        _TIME, _LENGTH,
        [line(_ENDS, [low, high], "approx", "rod"), arrows(x, on_rod, x, y, "a"),
         points([x.mean()], [0.5 * (low + high)], "muted", hollow=True)],
        still=[points(x, y, "data")],
        handles={"left": (0.0, low), "right": (6.0, high)},
    )  # fmt: skip
    reach = max(25.0, 1.1 * abs(pull), 1.1 * abs(turn))
    scale = Panel(Axis("sum over the springs", -reach, reach), Axis("", 0.0, 2.0),
                  [bars(["pull", "turn"], [pull, turn])], name="sums", height=0.25)  # fmt: skip
    return Scene(
        [rod, scale],
        f"The net pull is [[pull]] ({_way(pull, 'up', 'down')}), the net turn about the mean time "
        f"is [[turn]] ({_way(turn, 'counterclockwise', 'clockwise')}). {_advice(pull, turn)}",
        [
            about("pull", "net pull, Σ r/σ², in 1/cm", pull, 3, "sum over the points"),
            about("turn", "net turn, Σ (x - mean) r/σ², in h/cm", turn, 3, "sum over the points"),
        ],
        _rest(),
    )


def _way(value: float, more: str, less: str) -> str:
    return more if value > 0 else less


def _advice(pull: float, turn: float) -> str:
    if max(abs(pull), abs(turn)) < 1.0:
        return "It is all but at rest: this is the line of least chi-squared."
    if abs(pull) > abs(turn):
        return "Move the whole rod along the pull."
    return "Turn the rod along the turn."


@lru_cache(maxsize=1)
def _rest() -> list[Statement]:
    """Where the rod comes to rest, by the library."""
    best = fitted_line(np.array(HOURS), np.array(LENGTHS), SIGMA)
    assert best is not None
    residuals = best.residuals / SIGMA**2
    left = max(abs(residuals.sum()), abs((residuals * np.array(HOURS)).sum()))
    return [
        Statement(Accuracy.ESTIMATED, f"At the library's line the pull and the turn left over are "
                  f"below {max(left, 1e-15):.0e}: zero but for rounding."),
        Statement(Accuracy.CALIBRATED, f"The slope at rest is in {between(best, 'slope')} cm/h "
                  "(95 %), if each length is known to ± 0.8 cm."),
    ]  # fmt: skip


_START = Axis("c, the length at 0 h, in cm", 10.0, 26.0)
_SLOPE = Axis("m, the slope in cm/h", -4.5, 0.7)
_RISES = (1.0, 4.0, 16.0, 64.0, 150.0, 300.0, 600.0, 1200.0)
_STEPS = 300


@figure(
    "The valley of chi-squared",
    Handles(name="data", label="measurement", at=_DATA, x=(0.0, 6.0), y=(0.0, 22.0), step=0.1),
    Handle(name="start", label="where the descent starts", at=(15.0, -3.3), x=(10.0, 26.0),
           y=(-4.5, 0.7), panel="valley"),
    Slider(name="rate", label="step size, in units of the largest that converges", lo=0.05, hi=1.1,
           at=0.9),
    about="On the left six measurements to drag and their best line. On the right every point is "
    "a line: across its start c, upwards its slope m. The contours of chi-squared are ellipses "
    "about the best line. Gradient descent zigzags down the narrow valley; Newton's step from "
    "the same start hits the bottom at once.",
)  # fmt: skip
def drag(s: Settings) -> Scene:
    x, y = columns(s.data)
    fit = fitted_line(x, y, SIGMA)
    bars_of = points(x, y, "data", error=np.full(len(x), SIGMA))
    data = Panel(_TIME, _LENGTH, [bars_of], handles={"data": list(s.data)})
    if fit is None:
        return _undetermined(data)
    best = (fit.params["intercept"], fit.params["slope"])
    data = Panel(
        _TIME, _LENGTH,
        [bars_of, line(_ENDS, s.start[0] + s.start[1] * _ENDS, "muted", "start", dash=True),
         line(_ENDS, best[0] + best[1] * _ENDS, "approx", "best")],
        handles={"data": list(s.data)},
    )  # fmt: skip
    path, steps = _descent(x, best, s.start, s.rate)
    valley = Panel(
        _START, _SLOPE,
        [level_lines(best, fit.covariance, _RISES),
         line(path[:, 0], path[:, 1], "b", "descent"),
         arrows([s.start[0]], [s.start[1]], [best[0]], [best[1]], "a", label="Newton"),
         points([best[0]], [best[1]], "approx")],
        name="valley", title="every point is a line", handles={"start": s.start},
    )  # fmt: skip
    readings = [
        parameter("m", "slope m, in cm/h", fit, "slope"),
        parameter("c", "length at 0 h, c, in cm", fit, "intercept"),
        about("chi2", "least chi-squared", fit.chi2),
        Reading.exact("steps", "steps of the descent", steps),
    ]
    return Scene(
        [data, valley],
        f"The best line has *m* = [[m]] and *c* = [[c]]. Newton's method is there in one step, "
        f"because chi-squared of a line is a paraboloid. {_walk(steps)}",
        readings,
        verdict(fit, {"slope": "m", "intercept": "c"}),
    )


def _walk(steps: str) -> str:
    if steps == "never":
        return "Gradient descent with so large a step runs away."
    return "Gradient descent from the same start needs [[steps]] steps to come as near as 0.01."


def _undetermined(data: Panel) -> Scene:
    """All points above one another: no line is determined, and that is said."""
    return Scene(
        [data],
        "All points stand at one time: every slope fits equally well, so there is no best line.",
        lost({"m": "slope m, in cm/h", "c": "length at 0 h, c, in cm"}, _SAME_TIME),
        [Statement(Accuracy.UNKNOWN, "The library refuses: only the length at that one time is "
                   "determined. Move a point to another time.")],
    )  # fmt: skip


def _descent(
    x: np.ndarray, best: tuple[float, float], start: tuple[float, float], rate: float
) -> tuple[np.ndarray, str]:
    """The path of gradient descent in (c, m), and how many steps it takes."""
    weight = 2.0 / SIGMA**2
    bend = weight * np.array([[len(x), x.sum()], [x.sum(), (x * x).sum()]])
    step = rate * 2.0 / float(np.linalg.eigvalsh(bend)[-1])
    off = np.asarray(start) - np.asarray(best)
    path = [off]
    for count in range(_STEPS):
        if 0.5 * off @ bend @ off <= 0.01:
            return np.array(path) + best, str(count)
        off = off - step * (bend @ off)
        if np.abs(off).max() > 60.0:
            return np.array(path) + best, "never"
        path.append(off)
    return np.array(path) + best, f"more than {_STEPS}" if rate < 1.0 else "never"


_NEAR_START = Axis(_START.label, 12.5, 23.5)
_NEAR_SLOPE = Axis(_SLOPE.label, -3.6, -0.4)
_MEAN_LENGTH = Axis("length at the mean time, in cm", 7.0, 18.0)
_ASSUMED = "Whether the errors of the six points are independent, six points cannot tell."
_SIGMAS = Axis("σ in cm", 0.0, 3.0)


@figure(
    "How sure are m and c?",
    Handles(name="data", label="measurement", at=_DATA, x=(0.0, 6.0), y=(0.0, 22.0), step=0.1),
    Handles(name="sigmas", label="sigma of a measurement", panel="sigmas", along="y", step=0.05,
            at=tuple((h, SIGMA) for h in HOURS), x=(0.0, 6.0), y=(0.2, 3.0)),
    Toggle(name="centered", label="count time from the mean time"),
    about="Six measurements and, below, the sigma of each, all to be dragged. The best line and "
    "its 95 % band follow, and so does the ellipse of the lines that the data allow, in the plane "
    "of start and slope. Counting time from the mean time turns the ellipse upright.",
)  # fmt: skip
def sure(s: Settings) -> Scene:
    x, y = columns(s.data)
    sigma = columns(s.sigmas)[1]
    weights = sigma**-2
    zero = float((weights * x).sum() / weights.sum()) if s.centered else 0.0
    fit = fitted_line(x - zero, y, sigma)
    bars_of = points(x, y, "data", error=sigma)
    if fit is None:
        return _undetermined(Panel(_TIME, _LENGTH, [bars_of], handles={"data": list(s.data)}))
    labels = {"slope": "slope m", "intercept": "length at the mean time" if s.centered else "c"}
    return Scene(
        [_with_band(fit, zero, bars_of, s), _sigma_panel(x, sigma), _allowed(fit, s.centered)],
        _sure_words(fit, s.centered),
        _sure_readings(fit, zero, s.centered),
        [*verdict(fit, labels), Statement(Accuracy.UNKNOWN, _ASSUMED)],
    )


def _with_band(fit: Fit, zero: float, bars_of: Layer, s: Settings) -> Panel:
    grid = np.linspace(_TIME.lo, _TIME.hi, 25 if s.moving else 61)
    predicted = fit.predict(grid - zero)
    kind = predicted.kind if believable(fit) else Accuracy.ESTIMATED
    return Panel(
        _TIME, _LENGTH,
        [band(grid, predicted.lo, predicted.hi, kind),
         line(grid, predicted.value, "approx", "best line"), bars_of],
        handles={"data": list(s.data)},
    )  # fmt: skip


def _sigma_panel(x: np.ndarray, sigma: np.ndarray) -> Panel:
    sticks = [line([a, a], [0.0, b], "data") for a, b in zip(x, sigma, strict=True)]
    tops = list(zip(x.tolist(), sigma.tolist(), strict=True))
    return Panel(_TIME, _SIGMAS, sticks, name="sigmas", height=0.22, handles={"sigmas": tops})


def _allowed(fit: Fit, centered: bool) -> Panel:
    """The ellipses of chi-squared + 1 and of 95 %, with the standard errors as their shadows."""
    c, m = fit.params["intercept"], fit.params["slope"]
    dc, dm = fit.stderr["intercept"], fit.stderr["slope"]
    wide = _around(_MEAN_LENGTH if centered else _NEAR_START, c)
    tall = _around(_NEAR_SLOPE, m)
    inner = ellipse((c, m), fit.covariance, 1.0)
    outer = ellipse((c, m), fit.covariance, PAIR_95)
    kind = "calibrated" if believable(fit) else "estimated"
    layers: list[Layer] = [
        polygon(outer[0], outer[1], kind, "95 % of both"),
        line(inner[0], inner[1], "approx", "χ² + 1"),
        points([c], [m], "approx"),
        line([c - dc, c + dc], [tall.lo + 0.15] * 2, kind, "± σ of c"),
    ]
    layers.append(line([wide.lo + 0.4] * 2, [m - dm, m + dm], kind, "± σ of m"))
    for at in (c - dc, c + dc):
        layers.append(line([at, at], [tall.lo + 0.15, m], "muted", dash=True))
    for at in (m - dm, m + dm):
        layers.append(line([wide.lo + 0.4, c], [at, at], "muted", dash=True))
    return Panel(wide, tall, layers, name="surface", title="the lines that the data allow")


def _around(axis: Axis, value: float) -> Axis:
    """The axis, moved by halves of its length so that a value stays well inside."""
    half = 0.5 * (axis.hi - axis.lo)
    moves = round((value - axis.lo - half) / half)
    return Axis(axis.label, axis.lo + moves * half, axis.hi + moves * half)


def _sure_readings(fit: Fit, zero: float, centered: bool) -> list[Reading]:
    at = "length at the mean time, in cm" if centered else "length at 0 h, c, in cm"
    correlation = float(fit.correlation[0, 1])
    if abs(correlation) < 1e-9:
        tied = digits("tie", "correlation of m and c", 0.0, 1e-9)
    else:
        tied = about("tie", "correlation of m and c", correlation, 3)
    mean = [about("zero", "mean time, in h", zero, 3)] if centered else []
    return [
        *mean,
        parameter("m", "slope m, in cm/h", fit, "slope"),
        parameter("c", at, fit, "intercept"),
        tied,
        about("chi2", "least chi-squared, for 4 degrees of freedom", fit.chi2),
    ]


def _sure_words(fit: Fit, centered: bool) -> str:
    if centered:
        return (
            "Counted from the mean time, [[zero]] h, the line has the length [[c]] cm there "
            "and the slope [[m]] cm/h. The ellipse stands upright: the two errors have nothing to "
            "do with each other."
        )
    lean = "high starts go with steep falls" if fit.correlation[0, 1] < 0 else "they rise together"
    return (
        f"The slope is [[m]] cm/h and the start [[c]] cm. Their correlation is [[tie]]: {lean}, "
        "so neither can be off alone."
    )


_TRUE_START, _TRUE_SLOPE = 18.0, -1.9
_MANY = 200


@figure(
    "Measure again, and again",
    Button(name="again", label="measure again"),
    Slider(name="count", label="measurements", lo=4, hi=24, at=6, step=1),
    Slider(name="span", label="from first to last, in h", lo=1.5, hi=5.5, at=5.0, step=0.5),
    about="A simulated candle whose true line is known. Every press measures it anew. The plane "
    "of start and slope shows the results of 200 such days as a cloud, with the ellipse that the "
    "formulas predict, and how many of 200 intervals for the slope hold the true one.",
)
def repeat(s: Settings) -> Scene:
    x = 3.0 + s.span * (np.linspace(0.0, 1.0, s.count) - 0.5)
    cloud, covariance, held = _days(s.count, s.span)
    rng = np.random.default_rng([5, s.again, s.count, round(10 * s.span)])
    y = _TRUE_START + _TRUE_SLOPE * x + rng.normal(0.0, SIGMA, s.count)
    fit = fitted_line(x, y, SIGMA)
    assert fit is not None
    c, m = fit.params["intercept"], fit.params["slope"]
    data = Panel(
        _TIME, _LENGTH,
        [line(_ENDS, _TRUE_START + _TRUE_SLOPE * _ENDS, "truth", "true line"),
         line(_ENDS, c + m * _ENDS, "approx", "today"),
         points(x, y, "data", error=np.full(s.count, SIGMA))],
    )  # fmt: skip
    promised = ellipse((_TRUE_START, _TRUE_SLOPE), covariance, PAIR_95)
    plane = Panel(
        Axis("c, the length at 0 h, in cm", 12.0, 24.0), Axis("m, the slope in cm/h", -3.9, 0.1),
        [points(cloud[:, 0], cloud[:, 1], "muted", size=2),
         line(promised[0], promised[1], "calibrated",
              "95 %, predicted"),
         points([c], [m], "approx", "today"),
         mark(_TRUE_START, _TRUE_SLOPE, "+", "truth", "middle")],
        name="plane", title="200 days",
    )  # fmt: skip
    return Scene([data, plane], *_today(fit, covariance, held))


def _today(
    fit: Fit, covariance: np.ndarray, held: int
) -> tuple[str, list[Reading], list[Statement]]:
    lo, hi = fit.interval("slope")
    hit = "holds" if lo <= _TRUE_SLOPE <= hi else "misses"
    readings = [
        parameter("m", "today's slope m, in cm/h", fit, "slope", simulated=True),
        parameter("c", "today's length at 0 h, c, in cm", fit, "intercept", simulated=True),
        about("error", "standard error of m, in cm/h", math.sqrt(covariance[1, 1]), 3),
        Reading.exact("held", f"of {_MANY} intervals for m, those that hold the truth", held),
    ]
    words = (
        f"Today's interval for the slope, [[m]], {hit} the true -1.9. Over {_MANY} simulated days "
        "[[held]] intervals do; about 190 are promised."
    )
    trust = [
        *verdict(fit, {"slope": "m", "intercept": "c"})[:2],
        Statement(Accuracy.CALIBRATED, f"Counted here: {held} of {_MANY} intervals hold the true "
                  f"slope."),
    ]  # fmt: skip
    return words, readings, trust


@lru_cache(maxsize=256)
def _days(count: int, span: float) -> tuple[np.ndarray, np.ndarray, int]:
    """Estimates (c, m) of many simulated days, their covariance, and how many intervals hold."""
    x = 3.0 + span * (np.linspace(0.0, 1.0, count) - 0.5)
    rng = np.random.default_rng([7, count, round(10 * span)])
    y = _TRUE_START + _TRUE_SLOPE * x + rng.normal(0.0, SIGMA, (_MANY, count))
    spread = ((x - x.mean()) ** 2).sum()
    m = y @ (x - x.mean()) / spread
    c = y.mean(1) - m * x.mean()
    variance = SIGMA**2 / spread
    tie = -x.mean() * variance
    covariance = np.array([[SIGMA**2 / count + x.mean() ** 2 * variance, tie], [tie, variance]])
    held = int((np.abs(m - _TRUE_SLOPE) <= NORMAL_95 * math.sqrt(variance)).sum())
    return np.stack([c, m], axis=1), covariance, held
