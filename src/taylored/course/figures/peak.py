"""A bell-shaped model: one Gauss-Newton step as a sum of two shapes, and the paths of methods."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from taylored.course.figures.leastsquares import about, lost, parameter, verdict
from taylored.course.kit import (
    Axis,
    Handle,
    Panel,
    Reading,
    Scene,
    Settings,
    Statement,
    Table,
    contours,
    curve,
    figure,
    line,
    points,
    rule,
)
from taylored.course.kit.scene import Layer
from taylored.regression import Fit, fit
from taylored.regression.findings import goodness_findings
from taylored.results import Accuracy

__all__ = ["shapes", "walk"]

# A light sensor pushed across a laser beam: place in mm, brightness, each known to 0.6.
_X = np.array([0.5, 1.25, 2.0, 2.75, 3.5, 4.25, 5.0, 5.75, 6.5, 7.25, 8.0, 8.75, 9.5])
_Y = np.array([0.0, 0.8, 0.9, 0.5, 2.9, 6.6, 10.2, 8.8, 5.4, 0.7, 1.3, 0.0, 0.4])
_SIGMA, _TOP = 0.6, 10.0
_MODEL = "y ~ 10*exp(-(x-mu)^2/(2*s^2))"
_HALF = math.sqrt(2.0 * math.log(2.0))  # half the width at half height, in units of s
_PLACE = Axis("place in mm", 0.0, 10.0)
_BRIGHT = Axis("brightness", -2.0, 12.0)


def _beam(x: np.ndarray, mu: Any, s: Any) -> np.ndarray:
    return _TOP * np.exp(-0.5 * ((x - mu) / s) ** 2)


def _columns(x: np.ndarray, mu: float, s: float) -> np.ndarray:
    """The Jacobian: how the curve changes with mu and with s, (points, 2)."""
    height, u = _beam(x, mu, s), (x - mu) / s
    return np.stack([height * u / s, height * u * u / s], axis=1)


def _fitted(start: tuple[float, float], callback: Any = None) -> Fit:
    return fit(_MODEL, {"x": _X, "y": _Y}, sigma=_SIGMA, search="never", callback=callback,
               start={"mu": start[0], "s": start[1]})  # fmt: skip


@lru_cache(maxsize=1)
def _best() -> Fit:
    return _fitted((5.0, 1.0))


def _chi2(mu: np.ndarray, s: np.ndarray) -> np.ndarray:
    model = _beam(_X[:, None, None], mu[None], s[None])
    return (((_Y[:, None, None] - model) / _SIGMA) ** 2).sum(0)


@figure(
    "What a step wants",
    Handle(name="left", label="left flank, at half height", at=(5.2, 5.0), x=(0.2, 9.0),
           y=(5.0, 5.0), along="x", step=0.05),
    Handle(name="right", label="right flank, at half height", at=(6.8, 5.0), x=(0.8, 9.8),
           y=(5.0, 5.0), along="x", step=0.05),
    about="A bell curve over the measured brightness of a laser beam, with two flanks to drag. "
    "Below, the residuals and the best mixture of two shapes: what the curve gains when its "
    "middle moves, and what it gains when its width grows. The mixture is the Gauss-Newton step.",
)  # fmt: skip
def shapes(s: Settings) -> Scene:
    left, right = sorted((s.left[0], s.right[0]))
    mu, width = 0.5 * (left + right), max(0.25, 0.5 * (right - left) / _HALF)
    jacobian, residual = _columns(_X, mu, width), _Y - _beam(_X, mu, width)
    step = np.linalg.lstsq(jacobian, residual, rcond=None)[0]
    before = float(((residual / _SIGMA) ** 2).sum())
    after = float(_chi2(np.array([[mu + step[0]]]), np.array([[width + step[1]]]))[0, 0])
    flanks = {"left": (mu - _HALF * width, 5.0), "right": (mu + _HALF * width, 5.0)}
    data = Panel(
        _PLACE, _BRIGHT,
        [curve(lambda x: _beam(x, mu, width), _PLACE, "approx", "now"),
         curve(lambda x: _beam(x, mu + step[0], width + step[1]), _PLACE, "a", "next", dash=True)],
        still=[points(_X, _Y, "data", error=np.full(len(_X), _SIGMA))], handles=flanks,
    )  # fmt: skip
    readings = [
        about("dmu", "step of the middle, in mm", float(step[0]), 3),
        about("ds", "step of the width s, in mm", float(step[1]), 3),
        about("before", "chi-squared now", before, 4),
        about("after", "chi-squared after the step", after, 4),
    ]
    return Scene([data, _wanted(mu, width, residual, step)], _step_words(before, after), readings,
                 _step_trust(before, after))  # fmt: skip


def _wanted(mu: float, width: float, residual: np.ndarray, step: np.ndarray) -> Panel:
    """The residuals, and the two shapes as far as the step takes them."""
    grid = np.linspace(_PLACE.lo, _PLACE.hi, 121)
    parts = _columns(grid, mu, width) * step
    reach = 1.15 * max(4.0, float(np.abs(residual).max()))
    clip = np.where(np.abs(parts) < 3.0 * reach, parts, np.nan)
    layers: list[Layer] = [
        rule(0.0, "x", "muted", dash=False),
        line(grid, clip[:, 0], "a", "middle moves"),
        line(grid, clip[:, 1], "b", "width grows", dash=True),
        line(grid, clip.sum(1), "approx", "both"),
        points(_X, residual, "data", error=np.full(len(_X), _SIGMA)),
    ]
    title = "the residuals, and two shapes mixed"
    axis = Axis("residual", -reach, reach)
    return Panel(_PLACE, axis, layers, name="residuals", title=title, height=0.42)


def _step_words(before: float, after: float) -> str:
    said = (
        "The residuals ask the middle to move by [[dmu]] mm and the width by [[ds]] mm. The step "
        "takes chi-squared from [[before]] to [[after]]"
    )
    if after > before * (1.0 + 1e-9):
        return said + ": it overshoots, because the shapes change on the way. A shorter step helps."
    if before - after < 0.01:
        return said + ": nothing is left to ask for, this is the minimum."
    return said + "."


def _step_trust(before: float, after: float) -> list[Statement]:
    best = _best()
    found = [Statement(Accuracy.ESTIMATED, f"The library's minimum is χ² = {best.chi2:.2f}, right "
                       f"to {int(min(best.digits.values()))} digits in the middle and the "
                       "width.")]  # fmt: skip
    if after > before:
        found.append(Statement(Accuracy.UNKNOWN, "From here the linear picture says nothing "
                               "about where a full step ends."))  # fmt: skip
    return found + verdict(best, {"mu": "middle", "s": "width"})[:1]


_MIDDLE = Axis("middle μ in mm", 0.0, 10.0)
_WIDTH = Axis("width s in mm", 0.2, 4.2)
_LEVELS = (12.6, 20.0, 50.0, 120.0, 250.0, 400.0, 550.0, 700.0, 900.0)
_STEPS = 150
_ENDS = "chi-squared where the library ends, for 11 degrees of freedom"


@lru_cache(maxsize=1)
def _map() -> Layer:
    return contours(_chi2, _MIDDLE, _WIDTH, _LEVELS, n=71)


@figure(
    "Three ways down",
    Handle(name="start", label="start", at=(7.4, 3.2), x=(0.3, 9.7), y=(0.3, 4.0), panel="map"),
    about="The map of chi-squared over middle and width of a bell curve, with a start to drag and "
    "three paths: steepest descent, full Gauss-Newton steps, and the library's steps. From far "
    "away the Gauss-Newton steps leave the map, or a path ends in a false valley.",
)
def walk(s: Settings) -> Scene:
    start = s.start
    found, seen = _followed(start)
    library = np.array(seen)
    library[:, 1] = np.abs(library[:, 1])
    newton, downhill = _gauss_newton(start), _steepest(start)
    paths = {"steepest descent": downhill, "Gauss-Newton": newton, "the library": library}
    plane = Panel(
        _MIDDLE, _WIDTH,
        [line(downhill[:, 0], downhill[:, 1], "b", "descent", dash=True),
         line(*_inside(newton), "a", "Gauss-Newton"),
         line(*_inside(library), "approx", "library"),
         points(*_inside(library), "approx", size=3)],
        name="map", title="chi-squared of every bell curve", still=[_map()],
        handles={"start": start},
    )  # fmt: skip
    data = Panel(
        _PLACE, _BRIGHT,
        [curve(lambda x: _beam(x, *start), _PLACE, "muted", "start", dash=True),
         curve(lambda x: _beam(x, *library[-1]), _PLACE, "approx", "library")],
        still=[points(_X, _Y, "data", error=np.full(len(_X), _SIGMA))],
    )  # fmt: skip
    words, readings, trust = _verdict(found)
    return Scene([plane, data], words, readings, trust, _arrivals(paths))


class _OffTheMap(Exception):
    """Stops a fit whose steps have left everything that is drawn."""


def _followed(start: tuple[float, float]) -> tuple[Fit | None, list[np.ndarray]]:
    """The library's fit from a start and its accepted steps; no fit where they leave the map."""
    seen = [np.array(start)]

    def note(point: Any) -> None:
        seen.append(np.array(point.theta))
        if abs(seen[-1][0] - 5.0) > 9.0 or abs(seen[-1][1]) > 9.0 or len(seen) > 40:
            raise _OffTheMap

    try:
        return _fitted(start, note), seen
    except _OffTheMap:
        return None, seen


def _inside(path: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The part of a path that is on or near the map."""
    near = (np.abs(path[:, 0] - 5.0) < 9.0) & (path[:, 1] > -1.0) & (path[:, 1] < 9.0)
    shown = path[: int(np.argmin(near))] if not near.all() else path
    return shown[:, 0], shown[:, 1]


def _gauss_newton(start: tuple[float, float]) -> np.ndarray:
    """Full Gauss-Newton steps, until they stand still or leave the map."""
    here, path = np.array(start), [np.array(start)]
    for _ in range(25):
        jacobian = _columns(_X, *here)
        normal = jacobian.T @ jacobian
        if not np.isfinite(normal).all() or np.linalg.det(normal) < 1e-12:
            break
        step = np.linalg.solve(normal, jacobian.T @ (_Y - _beam(_X, *here)))
        here = here + step
        path.append(here)
        if np.abs(step).max() < 1e-7 or here[1] <= 0.02 or np.abs(here).max() > 40.0:
            break
    return np.array(path)


def _steepest(start: tuple[float, float]) -> np.ndarray:
    """Steps along the steepest descent, each as long as is safe at the minimum."""
    best = _columns(_X, *_best().params.values())
    rate = 1.0 / float(np.linalg.eigvalsh(best.T @ best)[-1])
    here, path = np.array(start), [np.array(start)]
    for _ in range(_STEPS):
        step = rate * (_columns(_X, *here).T @ (_Y - _beam(_X, *here)))
        here = np.clip(here + step, (-5.0, 0.1), (15.0, 9.0))
        path.append(here)
        if np.abs(step).max() < 1e-6:
            break
    return np.array(path)


def _arrivals(paths: dict[str, np.ndarray]) -> Table:
    best = np.array(list(_best().params.values()))
    rows = []
    for name, path in paths.items():
        gap = float(np.abs(path[-1] - best).max())
        end = "arrives" if gap < 1e-3 else ("is on its way" if _falling(path) else "ends elsewhere")
        rows.append((name, str(len(path) - 1), end))
    return Table("Where the three methods come to from this start", ("method", "steps", "it"), rows)


def _falling(path: np.ndarray) -> bool:
    """Whether steepest descent has used all its steps and still moves."""
    return len(path) == _STEPS + 1 and bool(np.abs(path[-1] - path[-2]).max() > 1e-5)


def _verdict(found: Fit | None) -> tuple[str, list[Reading], list[Statement]]:
    best = _best()
    if found is None or found.chi2 > 1.01 * best.chi2:
        return _elsewhere(found)
    return (
        "The library's steps end at the middle [[mu]] mm and the width [[s]] mm, where χ² is "
        "[[chi2]]. Near the minimum Gauss-Newton is as good; far from it, it may leave the map.",
        [parameter("mu", "middle, in mm", best, "mu"), parameter("s", "width, in mm", best, "s"),
         about("chi2", _ENDS, best.chi2)],
        verdict(best, {"mu": "middle", "s": "width"}),
    )  # fmt: skip


def _elsewhere(found: Fit | None) -> tuple[str, list[Reading], list[Statement]]:
    why = "this is not the deepest valley" if found else "the steps leave the map"
    gone = lost({"mu": "middle, in mm", "s": "width, in mm"}, why)
    if found is None:
        return (
            "From here even the library's careful steps leave the map: so far from the peak the "
            "curve feels no slope. Without a start it tries several by itself.",
            gone,
            [Statement(Accuracy.UNKNOWN, "The fit was stopped off the map: no minimum found.")],
        )
    said = [f"The library's verdict: {f.message}" for f in goodness_findings(found)]
    return (
        "From here the library's steps end in a false valley: χ² is still [[left]]. Without a "
        "start it tries several by itself.",
        [*gone, about("left", _ENDS, found.chi2)],
        [Statement(Accuracy.UNKNOWN, text) for text in said],
    )
