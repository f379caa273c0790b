"""Any model in a few lines: a formula typed by the reader, and intervals that bend."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from taylored.course.figures.leastsquares import (
    NORMAL_95,
    PAIR_95,
    about,
    believable,
    chance,
    columns,
    ellipse,
    parameter,
    verdict,
)
from taylored.course.kit import (
    Axis,
    Button,
    Formula,
    Handles,
    Panel,
    Reading,
    Scene,
    Settings,
    Slider,
    Statement,
    band,
    contours,
    figure,
    line,
    points,
)
from taylored.errors import ArgumentError
from taylored.regression import Fit, fit
from taylored.regression.findings import solution_findings
from taylored.results import Accuracy

__all__ = ["any_model", "banana"]

_X = Axis("x", 0.0, 10.0)
_Y = Axis("y", -1.0, 10.0)
_SIGMA = 0.3
_DATA = ((0.0, 7.9), (1.0, 6.2), (2.0, 4.7), (3.0, 3.9), (4.0, 3.1), (5.0, 2.9), (6.0, 2.3),
         (7.0, 2.5), (8.0, 2.1), (9.0, 2.3))  # fmt: skip
_PATIENCE = 0.25  # seconds for one fit
_START = {"a": 6.0, "b": -0.4, "c": 1.0, "d": 0.1, "k": 0.3}


@figure(
    "Type a model",
    Formula(name="model", label="y =", at="a*exp(-k*x)", variables=("x", *_START),
            examples=("a + b*x", "a + b*x + c*x^2", "a*exp(-k*x)", "a*exp(-k*x) + c",
                      "a/(1 + k*x)", "a*b*exp(-k*x)")),
    Handles(name="data", label="measurement", at=_DATA, x=(0.0, 10.0), y=(-1.0, 10.0), step=0.1),
    about="Ten measurements that fall and level off, all to be dragged, and a field for a formula "
    "of x with the parameters a, b, c, d, k. The library fits it at once: curve, 95 % band, every "
    "parameter with its interval, chi-squared and p. A model whose parameters the data cannot "
    "tell apart is refused, and the reason is given.",
)  # fmt: skip
def any_model(s: Settings) -> Scene:
    x, y = columns(s.data)
    found = _fitted(s.model, x, y, s.moving)
    data = points(x, y, "data", error=np.full(len(x), _SIGMA))
    handles = {"data": list(s.data)}
    if not found.usable:
        return _refused(found, Panel(_X, _Y, [data], handles=handles), s.model)
    grid = np.linspace(_X.lo, _X.hi, 41 if s.moving else 81)
    with np.errstate(all="ignore"):
        predicted = found.predict(grid)
    kind = predicted.kind if believable(found) else Accuracy.ESTIMATED
    panel = Panel(
        _X, _Y,
        [band(grid, predicted.lo, predicted.hi, kind),
         line(grid, predicted.value, "approx", "best fit"), data],
        handles=handles,
    )  # fmt: skip
    labels = {name: name for name in found.setup.free_names}
    readings = [_one(found, name, s.moving) for name in labels]
    readings += [about("chi2", f"chi-squared, for {found.dof} degrees of freedom", found.chi2),
                 chance("p", "p, the chance of a larger one", found.p_value)]  # fmt: skip
    return Scene([panel], _judgment(found, s.model), readings,
                 [] if s.moving else verdict(found, labels))  # fmt: skip


def _one(found: Fit, name: str, moving: bool) -> Reading:
    """A parameter; during a drag its standard error, which costs no profile."""
    if moving:
        return Reading.estimated(name, name, found.params[name], found.stderr[name],
                                 "one standard error")  # fmt: skip
    return parameter(name, name, found, name)


def _fitted(model: str, x: np.ndarray, y: np.ndarray, moving: bool) -> Fit:
    """The fit of a typed model; refused where it takes too long for a figure."""
    until = time.perf_counter() + _PATIENCE

    def hurry(_: object) -> None:
        if time.perf_counter() > until:
            raise ArgumentError(
                f"y = {model} takes long to fit here.",
                why="many starts were tried and none has led to a clear minimum",
                next_step="try a model with fewer parameters, or ty.fit with start=...",
            )

    text = f"y ~ {model}"
    names = [n for n in _START if n in _names(model)]
    if not names:
        raise ArgumentError("There is nothing to fit.", why="the formula has no parameter",
                            next_step="use some of a, b, c, d, k")  # fmt: skip
    return fit(text, {"x": x, "y": y}, sigma=_SIGMA, start={n: _START[n] for n in names},
               search="never" if moving else "auto", callback=hurry)  # fmt: skip


@lru_cache(maxsize=256)
def _names(model: str) -> tuple[str, ...]:
    from taylored.formula import parse

    return tuple(parse(model).model.names)


def _judgment(found: Fit, model: str) -> str:
    start = f"*y* = {model}: χ² is [[chi2]] for {found.dof} degrees of freedom. "
    if found.p_value < 0.001:
        return start + "So much is not chance: the model misses something that the data know."
    if found.p_value < 0.05:
        return start + "That is rather much; look at where the points leave the band."
    return start + "That is what chance allows: the data have nothing against this model."


def _refused(found: Fit, panel: Panel, model: str) -> Scene:
    said = next((f.message for f in solution_findings(found)), "no minimum was found.")
    names = found.setup.free_names
    return Scene(
        [panel],
        f"*y* = {model}: the library gives no numbers, because {said}",
        [Reading.unknown(name, name, "the fit is not usable") for name in names],
        [Statement(Accuracy.UNKNOWN, f"{f.message[:1].upper()}{f.message[1:]} {f.next_step}")
         for f in solution_findings(found)],
    )  # fmt: skip


_DAYS = np.array([1.0, 2.0, 3.0, 5.0, 7.0])
_TOP, _RATE = 20.0, 0.35
_DAY = Axis("days", 0.0, 10.0)
_OXYGEN = Axis("oxygen used", 0.0, 40.0)
_AMOUNT = Axis("a, what it levels off at", 5.0, 45.0)
_SPEED = Axis("k, the rate per day", 0.0, 1.0)
_MODEL = "y ~ a*(1 - exp(-k*x))"
_MANY = 400


@figure(
    "The valley bends",
    Button(name="again", label="measure again"),
    Slider(name="sigma", label="σ of a measurement", lo=0.3, hi=3.0, at=1.6, step=0.1),
    about="Five measurements of a quantity that levels off. In the plane of final value and rate "
    "the region that the data allow is bent like a banana, while plus or minus an error stands "
    "for an ellipse. Of 400 simulated experiments it is counted how many intervals miss the "
    "true rate on either side: those of the profile, and those of plus or minus.",
)
def banana(s: Settings) -> Scene:
    y = _measured(s.sigma, s.again)
    found = fit(_MODEL, {"x": _DAYS, "y": y}, sigma=s.sigma, start={"a": _TOP, "k": _RATE})
    if not found.usable or found.params["k"] <= 0.0:
        return _no_bend(found, y, s.sigma)
    bent, straight = _missed(round(s.sigma, 1))
    readings = [
        parameter("k", "rate k by the profile, per day", found, "k", simulated=True),
        Reading.estimated("wald", "rate k, plus or minus 1.96 standard errors, per day",
                          found.params["k"], NORMAL_95 * found.stderr["k"], "as if straight"),
        Reading.exact("bent", f"of {_MANY} profile intervals, too low and too high", _two(bent)),
        Reading.exact("straight", f"of {_MANY} plus-or-minus intervals, too low and too high",
                      _two(straight)),
    ]  # fmt: skip
    return Scene(
        [_levelling(found, y, s.sigma), _bent(found, y, s.sigma)],
        "Plus or minus says [[wald]], the profile says [[k]]. In 400 simulated experiments 10 "
        "intervals on each side should miss the true 0.35. By the profile [[bent]] lie too low "
        "and too high; by plus or minus, [[straight]].",
        readings,
        _bent_trust(found, bent, straight),
    )


def _measured(sigma: float, press: int) -> np.ndarray:
    rng = np.random.default_rng([13, press, round(10 * sigma)])
    return np.round(_TOP * (1 - np.exp(-_RATE * _DAYS)) + rng.normal(0.0, sigma, len(_DAYS)), 2)


def _levelling(found: Fit, y: np.ndarray, sigma: float) -> Panel:
    grid = np.linspace(_DAY.lo, _DAY.hi, 61)
    predicted = found.predict(grid)
    return Panel(
        _DAY, _OXYGEN,
        [band(grid, predicted.lo, predicted.hi, predicted.kind),
         line(grid, _TOP * (1 - np.exp(-_RATE * grid)), "truth", "truth"),
         line(grid, predicted.value, "approx", "best fit"),
         points(_DAYS, y, "data", error=np.full(len(y), sigma))],
    )  # fmt: skip


def _chi2(y: np.ndarray, sigma: float) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    def heights(a: np.ndarray, k: np.ndarray) -> np.ndarray:
        model = a[None] * (1 - np.exp(-k[None] * _DAYS[:, None, None]))
        return (((y[:, None, None] - model) / sigma) ** 2).sum(0)

    return heights


def _bent(found: Fit, y: np.ndarray, sigma: float) -> Panel:
    """The region of both parameters, the ellipse that stands for it, and the two intervals."""
    a, k = found.params["a"], found.params["k"]
    interval, error = found.interval("k"), NORMAL_95 * found.stderr["k"]
    region = contours(_chi2(y, sigma), _AMOUNT, _SPEED, [found.chi2 + PAIR_95], 81)["lines"]
    around = ellipse((a, k), found.covariance, PAIR_95)
    lo, hi = max(interval.lo, _SPEED.lo), min(interval.hi, _SPEED.hi)
    layers = [
        *(line(part["x"], part["y"], "a", "allowed, 95 %") for part in region[:1]),
        *(line(part["x"], part["y"], "a") for part in region[1:]),
        line(around[0], around[1], "muted", "ellipse", dash=True),
        line([7.0, 7.0], [lo, hi], "calibrated", "profile"),
        line([9.0, 9.0], [max(k - error, 0.0), min(k + error, _SPEED.hi)], "estimated", "±"),
        points([a], [k], "approx"),
        points([_TOP], [_RATE], "truth", "truth", hollow=True),
    ]
    return Panel(_AMOUNT, _SPEED, layers, name="plane", title="what the data allow")


def _two(missed: tuple[int, int]) -> str:
    return f"{missed[0]} and {missed[1]}"


def _bent_trust(found: Fit, bent: tuple[int, int], straight: tuple[int, int]) -> list[Statement]:
    return [
        Statement(Accuracy.CALIBRATED, f"The profile follows the bend: {sum(bent)} of {_MANY} "
                  f"simulated intervals miss ({_two(bent)}); 20 are allowed."),
        Statement(Accuracy.ESTIMATED, "Plus or minus treats the valley as straight: "
                  f"{sum(straight)} of {_MANY} miss ({_two(straight)}), and its upper end is too "
                  "low."),
        Statement(Accuracy.CALIBRATED, "The library measures the bend: along k it is "
                  f"{found.bend['k']:.2g} per standard error, and from 0.05 on it takes the "
                  "profile by itself."),
    ]  # fmt: skip


def _no_bend(found: Fit, y: np.ndarray, sigma: float) -> Scene:
    panel = Panel(_DAY, _OXYGEN, [points(_DAYS, y, "data", error=np.full(len(y), sigma))])
    why = "these data do not level off"
    return Scene(
        [panel],
        "With errors this large the measurements may not level off at all: neither the rate nor "
        "the final value has an upper limit.",
        [Reading.unknown("k", "rate k by the profile, per day", why),
         Reading.unknown("wald", "rate k, plus or minus 1.96 standard errors, per day", why)],
        [Statement(Accuracy.UNKNOWN, f"{found.status}")],
    )  # fmt: skip


@lru_cache(maxsize=64)
def _missed(sigma: float) -> tuple[tuple[int, int], tuple[int, int]]:
    """Of many simulated experiments: profile and Wald intervals that lie too low, too high."""
    rng = np.random.default_rng([17, round(10 * sigma)])
    truth = _TOP * (1 - np.exp(-_RATE * _DAYS))
    y = truth + rng.normal(0.0, sigma, (_MANY, len(_DAYS)))
    rates = np.geomspace(1e-3, 20.0, 900)
    shapes = 1 - np.exp(-rates[:, None] * _DAYS)  # (rates, points)
    gain = (y @ shapes.T) ** 2 / (shapes**2).sum(1)  # what the best a takes off the squares
    best = rates[gain.argmax(1)]
    own = 1 - np.exp(-_RATE * _DAYS)
    profile = (gain.max(1) - (y @ own) ** 2 / (own @ own)) / sigma**2 > NORMAL_95**2
    wald = np.abs(best - _RATE) > NORMAL_95 * _wald_errors(y, best, sigma)
    low = best < _RATE
    return _sides(profile, low), _sides(wald, low)


def _sides(missed: np.ndarray, low: np.ndarray) -> tuple[int, int]:
    return int((missed & low).sum()), int((missed & ~low).sum())


def _wald_errors(y: np.ndarray, k: np.ndarray, sigma: float) -> np.ndarray:
    """The standard error of k from the Jacobian at each best fit."""
    shape = 1 - np.exp(-k[:, None] * _DAYS)
    a = (y * shape).sum(1) / (shape**2).sum(1)
    slope = a[:, None] * _DAYS * np.exp(-k[:, None] * _DAYS)
    aa, ab, bb = (shape**2).sum(1), (shape * slope).sum(1), (slope**2).sum(1)
    with np.errstate(all="ignore"):
        return sigma * np.sqrt(aa / (aa * bb - ab * ab))
