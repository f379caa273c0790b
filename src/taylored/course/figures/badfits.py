"""Bad fits: a gallery of what can be wrong, and data that share every number and no shape."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from taylored.course.figures.leastsquares import about, chance, fitted_line, parameter
from taylored.course.kit import (
    Axis,
    Button,
    Choice,
    Panel,
    Reading,
    Scene,
    Settings,
    Slider,
    Statement,
    band,
    figure,
    line,
    points,
    rule,
)
from taylored.course.kit.scene import Layer
from taylored.regression import Fit
from taylored.regression.statistics import runs_p_value
from taylored.results import Accuracy

__all__ = ["gallery", "twins", "warm"]

_TIME = Axis("time in hours", 0.0, 6.0)
_LENGTH = Axis("length in cm", 0.0, 22.0)
_HOURS = np.linspace(0.3, 5.7, 16)
_SIGMA = 0.8
_CASES = (
    ("good", "all is well"),
    ("bent", "the truth is bent"),
    ("outlier", "one wild point"),
    ("small", "σ stated too small"),
    ("large", "σ stated too large"),
    ("growing", "scatter grows"),
    ("drift", "errors hang together"),
)


def warm() -> None:
    """Import what the library's test of normality needs: the slowest part of the first scene."""
    import scipy.stats  # noqa: F401


def _noise(case: str, rng: np.random.Generator) -> np.ndarray:
    """The errors of a case, in units of sigma."""
    plain = rng.normal(0.0, 1.0, len(_HOURS))
    if case == "bent":
        return plain + 0.62 * ((_HOURS - 3.0) ** 2 - 2.9)
    if case == "outlier":
        plain[rng.integers(4, 12)] += 5.5 * rng.choice([-1.0, 1.0])
    if case == "growing":
        shape = 0.15 + _HOURS**1.5
        return plain * shape / math.sqrt(float((shape**2).mean()))
    if case == "drift":
        for i in range(1, len(plain)):
            plain[i] = 0.85 * plain[i - 1] + math.sqrt(1 - 0.85**2) * plain[i]
        return 1.8 * plain
    return plain


_STATED = {"small": 0.45, "large": 2.3}


@figure(
    "What can be wrong with a fit",
    Choice(name="case", label="what happens", options=_CASES, at="bent"),
    Button(name="again", label="measure again"),
    about="Sixteen simulated measurements of a candle with a line through them, the residuals in "
    "units of sigma, and the distribution that chi-squared has when all is well, with the value "
    "found and the tail beyond it. Seven cases: all is well, a bent truth, a wild point, sigma "
    "too small or too large, scatter that grows, errors that hang together.",
)
def gallery(s: Settings) -> Scene:
    stated = _SIGMA * _STATED.get(s.case, 1.0)
    y = _measured(s.case, s.again)
    fit = fitted_line(_HOURS, y, stated)
    assert fit is not None
    ends = np.array([_TIME.lo, _TIME.hi])
    data = Panel(
        _TIME, _LENGTH,
        [line(ends, fit.params["intercept"] + fit.params["slope"] * ends, "approx", "best line"),
         points(_HOURS, y, "data", error=np.full(len(y), stated))],
        height=0.42,
    )  # fmt: skip
    readings = [
        about("chi2", "least chi-squared, for 14 degrees of freedom", fit.chi2),
        about("reduced", "reduced chi-squared", fit.reduced_chi2, 3),
        chance("p", "p, the chance of a larger one", fit.p_value),
        chance("runs", "p of so few or so many changes of sign", _runs(fit)),
    ]
    return Scene(
        [data, _residuals(fit, _TIME, _HOURS, stated), _tail(fit)],
        f"{_said(fit.p_value)} {_LOOK[s.case]}",
        readings,
        _findings(fit),
    )


_LOOK = {
    "good": "The residuals scatter evenly about zero: nothing to see.",
    "bent": "The residuals form an arch: the line cannot follow the truth.",
    "outlier": "One residual stands alone, far from all others.",
    "small": "All residuals are too large alike: the error bars do not reach the line.",
    "large": "All residuals are too small alike: the line passes through every error bar.",
    "growing": "On the left the points hug the line, on the right they do not: one sigma for all "
    "is wrong, though chi-squared may not notice.",
    "drift": "Neighbors err alike: the points wander about the line in long waves.",
}


def _said(p: float) -> str:
    start = "χ² is [[chi2]], reduced [[reduced]], *p* = [[p]]: "
    if p < 0.01:
        return start + "too large for chance."
    if p > 0.99:
        return start + "suspiciously small."
    return start + "what chance allows."


@lru_cache(maxsize=512)
def _measured(case: str, press: int) -> np.ndarray:
    rng = np.random.default_rng([23, press, [c for c, _ in _CASES].index(case)])
    return 18.0 - 1.9 * _HOURS + _SIGMA * _noise(case, rng)


def _runs(fit: Fit) -> float:
    return runs_p_value(fit.residuals > 0)


def _residuals(fit: Fit, axis: Axis, x: np.ndarray, sigma: float) -> Panel:
    """Residuals in units of sigma, with the stripe in which two of three should lie."""
    pulls = fit.residuals / sigma
    reach = max(3.5, 1.15 * float(np.abs(pulls).max()))
    ends = np.array([axis.lo, axis.hi])
    layers: list[Layer] = [
        band(ends, [-1.0, -1.0], [1.0, 1.0], "calibrated", "± 1 σ"),
        rule(0.0, "x", "approx", dash=False),
        *(line([a, a], [0.0, b], "muted") for a, b in zip(x, pulls, strict=True)),
        points(x, pulls, "data"),
    ]
    return Panel(axis, Axis("residual in σ", -reach, reach), layers, name="residuals",
                 title="residuals", height=0.35)  # fmt: skip


def _density(chi2: np.ndarray, dof: int) -> np.ndarray:
    half = 0.5 * dof
    with np.errstate(all="ignore"):
        return np.exp((half - 1) * np.log(chi2) - 0.5 * chi2 - half * math.log(2)
                      - math.lgamma(half))  # fmt: skip


def _tail(fit: Fit) -> Panel:
    """The distribution of chi-squared when all is well, and what lies beyond the value found."""
    wide = max(45.0, 1.15 * fit.chi2)
    grid = np.linspace(1e-3, wide, 161)
    beyond = np.linspace(fit.chi2, wide, 61)
    top = _density(grid, fit.dof)
    layers = [
        line(grid, top, "truth", "when all is well"),
        band(beyond, np.zeros(61), _density(beyond, fit.dof), "estimated", "p"),
        line([fit.chi2, fit.chi2], [0.0, 0.9 * float(top.max())], "approx", "found"),
    ]
    return Panel(Axis("chi-squared", 0.0, wide), Axis("density", 0.0, 1.15 * float(top.max())),
                 layers, name="tail", title="how often chance gives more", height=0.35)  # fmt: skip


_KINDS = {"error": Accuracy.UNKNOWN, "warning": Accuracy.UNKNOWN, "note": Accuracy.ESTIMATED}


def _findings(fit: Fit) -> list[Statement]:
    """What the library says of the fit by itself."""
    found = [
        Statement(_KINDS[f.severity], f"{f.name}: {f.message} {f.next_step}".strip())
        for f in fit.warnings
    ]
    if not found:
        found = [Statement(Accuracy.ESTIMATED, "The library's tests of chi-squared, of signs, of "
                           "single points and of the bell shape find nothing.")]  # fmt: skip
    found.append(Statement(Accuracy.UNKNOWN, "Tests cannot see everything. The intervals hold if "
                           "the model and sigma are right: look at the residuals."))  # fmt: skip
    return found


_PLACES = np.linspace(0.5, 12.5, 25)
_X = Axis("x", 0.0, 13.0)
_Y = Axis("y", -1.0, 14.0)
_NAMES = ("noise", "an arch", "one wild point", "growing scatter")
_LONG = math.sqrt(23.0)  # of the residuals: chi-squared equals its 23 degrees of freedom


@lru_cache(maxsize=1)
def _shapes() -> np.ndarray:
    """Four patterns of residuals, at right angles to 1 and to x, all of one length."""
    rng = np.random.default_rng(4)
    noise = rng.normal(0.0, 1.0, len(_PLACES))
    arch = 20.0 - (_PLACES - 6.5) ** 2
    wild = np.where(np.arange(len(_PLACES)) == 17, 1.0, 0.06 * noise)
    growing = _PLACES**1.6 * np.clip(rng.normal(0.0, 1.0, len(_PLACES)), -1.4, 1.4)
    plane = np.linalg.qr(np.stack([np.ones(len(_PLACES)), _PLACES], axis=1))[0]
    rows = np.array([v - plane @ (plane.T @ v) for v in (noise, arch, wild, growing)])
    return rows / np.linalg.norm(rows, axis=1)[:, None]


@figure(
    "Same numbers, different data",
    Slider(name="blend", label="from noise through an arch and a wild point to growing scatter",
           lo=0.0, hi=3.0, at=1.0, step=0.05),
    about="Twenty-five points that change their pattern while slope, intercept, both errors, "
    "chi-squared and p stay exactly the same. Only the picture, and what the library says of "
    "the residuals, tells noise, an arch, a wild point and growing scatter apart.",
)  # fmt: skip
def twins(s: Settings) -> Scene:
    low = min(int(s.blend), 2)
    part = s.blend - low
    mixed = (1 - part) * _shapes()[low] + part * _shapes()[low + 1]
    y = 2.0 + 0.6 * _PLACES + _LONG * mixed / np.linalg.norm(mixed)
    fit = fitted_line(_PLACES, y, 1.0)
    assert fit is not None
    ends = np.array([_X.lo, _X.hi])
    data = Panel(
        _X, _Y,
        [line(ends, fit.params["intercept"] + fit.params["slope"] * ends, "approx", "best line"),
         points(_PLACES, y, "data", error=np.ones(len(y)))],
        height=0.45,
    )  # fmt: skip
    readings = [
        parameter("m", "slope m", fit, "slope"),
        parameter("c", "intercept c", fit, "intercept"),
        about("chi2", "least chi-squared, for 23 degrees of freedom", fit.chi2),
        chance("p", "p, the chance of a larger one", fit.p_value),
        Reading.exact("turns", "changes of sign along the residuals", _turns(fit)),
    ]
    return Scene(
        [data, _residuals(fit, _X, _PLACES, 1.0)],
        f"Now: {_now(low, part)}. The numbers do not move: *m* = [[m]], *c* = [[c]], χ² = "
        "[[chi2]], *p* = [[p]]. The residuals change their sign [[turns]] times.",
        readings,
        _findings(fit),
    )


def _now(low: int, part: float) -> str:
    if part < 0.15:
        return _NAMES[low]
    if part > 0.85:
        return _NAMES[low + 1]
    return f"between {_NAMES[low]} and {_NAMES[low + 1]}"


def _turns(fit: Fit) -> int:
    above = fit.residuals > 0
    return int((above[1:] != above[:-1]).sum())
