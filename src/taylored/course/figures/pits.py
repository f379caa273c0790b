"""Curvature put to use: the quadratic model at a point, paths of step rules, and their race."""

from __future__ import annotations

import math
import re
from functools import lru_cache

import numpy as np

from taylored.course.figures.landscapes import KINDS, RULES, Pit, arrived, many, stacked, walk
from taylored.course.figures.said import digits
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
    Table,
    arrows,
    contours,
    figure,
    line,
    mark,
    points,
    polygon,
)
from taylored.course.kit.scene import Layer
from taylored.optimize.result import Minimum
from taylored.report.series_terms import up
from taylored.results import Accuracy, Interval

__all__ = ["model", "paths", "race"]

_PITS = {
    "valley": Pit(p=0.6, q=6.0, r=0.45),
    "pits": Pit(p=-1.2, q=2.0, t=0.8),
    "ripples": Pit(p=0.6, q=2.0, s=0.3, k=3.0),
    "bowl": Pit(p=0.6, q=5.0),
}
_NAMES = (("pits", "two pits"), ("valley", "curved valley"), ("ripples", "ripples"),
          ("bowl", "bowl"))  # fmt: skip
_X, _Y = Axis("x", -2.4, 2.4), Axis("y", -1.8, 1.8)


@lru_cache(maxsize=8)
def _ground(kind: str) -> list[Layer]:
    """Where f is bent downwards in some direction (shaded), and its level lines."""
    of = _PITS[kind]
    x, y = np.meshgrid(np.linspace(_X.lo, _X.hi, 96), np.linspace(_Y.lo, _Y.hi, 72))
    levels = np.quantile(of.value(x, y), [0.02, 0.06, 0.12, 0.2, 0.3, 0.42, 0.56, 0.7, 0.84])
    return [*_hollow(of), contours(of.value, _X, _Y, levels.tolist(), n=71)]


def _hollow(of: Pit) -> list[Layer]:
    """The ground on which the least curvature is negative, as closed outlines."""
    import contourpy

    x, y = np.linspace(_X.lo, _X.hi, 130), np.linspace(_Y.lo, _Y.hi, 100)
    a, b, d = of.hessian(*np.meshgrid(x, y))
    least = np.broadcast_to(0.5 * (a + d) - np.hypot(0.5 * (a - d), b), (100, 130)).copy()
    least[[0, -1], :] = least[:, [0, -1]] = 1.0  # so that outlines end at the border
    outlines = contourpy.contour_generator(x, y, least).lines(0.0)
    areas = [polygon(p[:, 0], p[:, 1], "muted") for p in map(np.asarray, outlines)]
    if not areas:
        return []
    row, column = np.unravel_index(int(np.argmin(least[20:-20, 20:-20])), (60, 90))
    return [*areas, mark(x[column + 20], y[row + 20], "bent downwards", "muted", "middle")]


# ---- the model at a point ----


def _bent(of: Pit, x: float, y: float) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and Hessian as arrays."""
    a, b, d = (float(v) for v in of.hessian(x, y))
    return np.array(of.gradient(x, y), dtype=float), np.array([[a, b], [b, d]])


def _ellipse(h: np.ndarray, middle: np.ndarray, at: np.ndarray) -> Layer:
    """The level line of the model through the point: an ellipse around the model's bottom."""
    low = np.linalg.cholesky(h)
    size = np.linalg.norm(low.T @ (at - middle))
    turn = np.linspace(0.0, 2 * np.pi, 73)
    ring = np.linalg.solve(low.T, size * np.array([np.cos(turn), np.sin(turn)]))
    return polygon(middle[0] + ring[0], middle[1] + ring[1], "approx", "model")


@figure(
    "The model at your feet",
    Choice(name="kind", label="landscape", options=_NAMES, at="valley"),
    Handle(name="at", label="point", at=(1.6, 0.1), x=(-2.3, 2.3), y=(-1.7, 1.7)),
    about="Level lines of a landscape and a point to drag. An ellipse shows the quadratic model at "
    "the point, an arrow the Newton step to its middle, another the direction of steepest "
    "descent. Shaded ground is bent downwards in some direction; there the model has no bottom.",
)
def model(s: Settings) -> Scene:
    of = _PITS[s.kind]
    at = np.array(s.at)
    g, h = _bent(of, *s.at)
    bends = np.linalg.eigvalsh(h)
    step = -np.linalg.solve(h, g) if abs(np.prod(bends)) > 1e-9 else np.zeros(2)
    downhill = -0.5 * g / (np.linalg.norm(g) + 1e-12)
    layers = [
        arrows(
            [at[0]], [at[1]], [at[0] + downhill[0]], [at[1] + downhill[1]], "a", label="downhill"
        ),
        arrows([at[0]], [at[1]], [at[0] + step[0]], [at[1] + step[1]], "approx", label="Newton"),
    ]
    if bends[0] > 1e-3:
        layers.insert(0, _ellipse(h, at + step, at))
    panel = Panel(_X, _Y, layers, equal=True, height=0.75, still=_ground(s.kind),
                  handles={"at": s.at})  # fmt: skip
    there = at + step
    foretold = 0.5 * float(g @ step)
    real = float(of.value(*there) - of.value(*at))
    readings = [
        digits("low", "least curvature", bends[0], plain="eigenvalue of the Hessian"),
        digits("high", "largest curvature", bends[1], plain="eigenvalue of the Hessian"),
        digits("foretold", "change of f by the model", foretold, 1e-13),
        digits("real", "real change of f", real, 1e-13),
    ]
    return Scene([panel], _model_story(bends, foretold, real), readings,
                 _model_trust(of, at, step, s.moving))  # fmt: skip


def _model_story(bends: np.ndarray, foretold: float, real: float) -> str:
    told = "Newton's step would change *f* by [[foretold]] if the model were right; it does change "
    told += "it by [[real]]. "
    if bends[0] <= 0:
        where = "a saddle" if bends[1] > 0 else "a summit"
        way = "uphill" if foretold > 0 else "not to a bottom"
        return told + (
            f"The least curvature is [[low]], negative: the model has no bottom, the step leads to "
            f"its level point, {where}, and {way}."
        )
    if real > 0:
        return told + "Both curvatures are positive, but the step is too long: it ends higher up."
    return told + "The curvatures [[low]] and [[high]] are positive: the model has a bottom."


def _model_trust(of: Pit, at: np.ndarray, step: np.ndarray, moving: bool) -> list[Statement]:
    """A proved bound on the error of the model along the step; not while the point moves."""
    if moving or not 0 < np.linalg.norm(step) < 5:
        why = "let go, and the library bounds it" if moving else "the step is too long to be of use"
        return [Statement(Accuracy.UNKNOWN, f"How far off the model is: {why}.")]
    off = _model_error(of.formula(), (*at.tolist(), *step.tolist()))
    return [
        Statement(
            Accuracy.PROVED,
            f"Along this step the model is off by at most {up(off.largest)}: the remainder of "
            "second order of the Taylor series, enclosed by the library.",
        )
    ]


@lru_cache(maxsize=128)
def _model_error(formula: str, line: tuple[float, ...]) -> Interval:
    """The remainder of second order along a step, as a function of the share t of it."""
    import taylored as ty

    x, y, dx, dy = line
    along = re.sub(r"\bx\b", f"({x!r} + ({dx!r})*t)", formula)
    along = re.sub(r"\by\b", f"({y!r} + ({dy!r})*t)", along)
    return ty.taylor(along, at=0.0, order=2, radius=1.0).remainder


# ---- paths of rules ----

_ROLES = {"gradient": "a", "Newton": "b", "guarded": "approx"}
_SAYS = {"gradient": "steepest descent", "Newton": "plain Newton", "guarded": "guarded Newton"}


@lru_cache(maxsize=256)
def _lowest(formula: str, x: float, y: float) -> Minimum:
    import taylored as ty

    return ty.minimize(formula, {"x": x, "y": y}, starts=1)


@figure(
    "Three rules, one hillside",
    Choice(name="kind", label="landscape", options=_NAMES, at="pits"),
    Handle(name="at", label="start", at=(-0.35, 1.3), x=(-2.3, 2.3), y=(-1.7, 1.7)),
    Slider(name="rate", label="rate of steepest descent", lo=0.02, hi=0.5, at=0.15, log=True),
    about="Level lines of a landscape with three paths from one start: steepest descent creeps or "
    "zigzags, plain Newton may end on a saddle, and guarded Newton goes to the bottom.",
)
def paths(s: Settings) -> Scene:
    of = _PITS[s.kind]
    x, y = (round(v, 3) for v in s.at)
    layers, rows, steps = [], [], {}
    for rule in RULES:
        path = walk(of, x, y, rule, rate=s.rate, steps=60)
        last = int(np.argmax(arrived(of, path[:, 0], path[:, 1])))
        resting = _rests(of, path)
        seen = path[: (last or resting or 60) + 1]
        seen = seen[np.cumsum(np.abs(seen).max(axis=1) > 30) <= 1]
        layers.append(line(seen[:, 0], seen[:, 1], _ROLES[rule], _SAYS[rule]))
        layers.append(points(seen[1:, 0], seen[1:, 1], _ROLES[rule], size=3))
        steps[rule] = last
        rows.append([_SAYS[rule], *_ending(of, path, last or resting)])
    panel = Panel(_X, _Y, layers, equal=True, height=0.75, still=_ground(s.kind),
                  handles={"at": s.at})  # fmt: skip
    found = _lowest(of.formula(), x, y)
    rows.append(["the library", f"{found.cost.iterations} steps", found.kind])
    table = Table("Where each rule ends", ["rule", "steps", "ends at"], rows)
    return Scene([panel], _paths_story(steps, rows), _paths_readings(steps, found),
                 _paths_trust(found, s.moving), table)  # fmt: skip


def _rests(of: Pit, path: np.ndarray) -> int:
    """The first point at which a path has come to rest on level ground; 0 for none."""
    with np.errstate(all="ignore"):
        slope = np.hypot(*of.gradient(path[:, 0], path[:, 1]))
    return int(np.argmax(slope < 1e-6))


def _ending(of: Pit, path: np.ndarray, at: int) -> tuple[str, str]:
    if not at:
        return "over 60", "not at rest"
    a, b, d = (float(v) for v in of.hessian(*path[at]))
    if a * d - b * b < 0:
        return f"{at} steps", "saddle"
    return f"{at} steps", "minimum" if a > 0 else "maximum"


def _paths_story(steps: dict[str, int], rows: list[list[str]]) -> str:
    newton = rows[1]
    said = (
        "Guarded Newton is at the bottom after [[guarded]] steps, "
        if steps["guarded"]
        else "Guarded Newton is not at the bottom after 60 steps, "
    )
    said += (
        "steepest descent after [[gradient]]."
        if steps["gradient"]
        else "steepest descent not after 60."
    )
    if newton[2] == "minimum":
        return said + " Plain Newton gets there too, from here."
    if newton[2] == "not at rest":
        return said + " Plain Newton never comes to rest."
    return said + f" Plain Newton comes to rest, but on a {newton[2]}."


def _paths_readings(steps: dict[str, int], found: Minimum) -> list[Reading]:
    counts = [
        Reading.exact(rule, f"steps, {_SAYS[rule]}", count)
        for rule, count in steps.items()
        if count
    ]
    if found.kind != "minimum":
        return [*counts, Reading.unknown("lowest", "f at the bottom", found.kind)]
    return [*counts, digits("lowest", "f at the bottom", found.value, 1e-12)]


def _paths_trust(found: Minimum, moving: bool) -> list[Statement]:
    kind = Accuracy.ESTIMATED if moving else found.accuracy
    how = "proved" if kind is Accuracy.PROVED else "judged by slope and curvature"
    return [
        Statement(kind, f"The library, from the same start: {found.status} That is {how}."),
        Statement(
            Accuracy.UNKNOWN,
            "That the lowest point of all was found cannot be told from one start.",
        ),
    ]


# ---- the race ----

_FIELDS = (("all", "all kinds"), ("bowl", "bowls"), ("curved valley", "curved valleys"),
           ("two pits", "two pits"), ("ripples", "ripples"))  # fmt: skip
_STEPS = 50


@lru_cache(maxsize=8)
def _hundred(seed: int, field: str) -> tuple[Pit, np.ndarray, np.ndarray]:
    return stacked(many(seed, 100, KINDS if field == "all" else (field,)))


@lru_cache(maxsize=64)
def _solved(seed: int, field: str, rule: str, rate: float) -> np.ndarray:
    """How many of the 100 pits a rule has solved after each number of steps."""
    of, x, y = _hundred(seed, field)
    path = walk(of, x, y, rule, rate=rate, steps=_STEPS)
    there = arrived(of, path[:, 0], path[:, 1])
    return np.maximum.accumulate(there, axis=0).sum(axis=1)


@figure(
    "The race over a hundred pits",
    Choice(name="field", label="pits", options=_FIELDS),
    Slider(name="rate", label="rate of steepest descent", lo=0.02, hi=0.6, at=0.15, log=True),
    Button(name="again", label="a hundred new pits"),
    kind="plot",
    about="How many of a hundred random pits each rule has solved, against the number of steps. "
    "Newton shoots up and stays below a hundred; guarded Newton reaches all; steepest descent "
    "climbs slowly and depends on its rate.",
)
def race(s: Settings) -> Scene:
    rate = float(f"{s.rate:.2g}")
    counts = {r: _solved(s.again, s.field, r, rate if r == "gradient" else 0.0) for r in RULES}
    steps = np.arange(_STEPS + 1)
    panel = Panel(
        Axis("steps", 0.0, float(_STEPS)),
        Axis("pits solved, of 100", 0.0, 104.0),
        [line(steps, counts[r], _ROLES[r], _SAYS[r]) for r in RULES],
    )
    readings = [Reading.exact(r, f"solved by {_SAYS[r]}", int(counts[r][-1])) for r in RULES]
    ten = Reading.exact("ten", "solved by guarded Newton in 10 steps", int(counts["guarded"][10]))
    return Scene(
        [panel],
        f"After {_STEPS} steps guarded Newton has solved [[guarded]] of the hundred pits, plain "
        f"Newton [[Newton]], and steepest descent, with a rate of {rate:g}, [[gradient]]. "
        "After ten steps guarded Newton had [[ten]].",
        [*readings, ten],
        _race_trust(counts),
    )


def _race_trust(counts: dict[str, np.ndarray]) -> list[Statement]:
    """What a hundred pits say of all pits of the kind: an exact binomial interval."""
    said = [Statement(Accuracy.ESTIMATED, "A pit counts as solved where the slope is below 1e-6 "
                      "and both curvatures are positive.")]  # fmt: skip
    for rule in ("Newton", "guarded"):
        lo, hi = _share(int(counts[rule][-1]), 100)
        said.append(Statement(
            Accuracy.CALIBRATED,
            f"Of all pits of this kind, {_SAYS[rule]} solves between {100 * lo:.0f} and "
            f"{100 * hi:.0f} % (95 %, from the hundred drawn here).",
        ))  # fmt: skip
    return said


def _share(solved: int, of: int) -> tuple[float, float]:
    """The exact (Clopper-Pearson) 95 % interval of a share, rounded outward to a percent."""
    from scipy.special import betaincinv

    lo = 0.0 if solved == 0 else float(betaincinv(solved, of - solved + 1, 0.025))
    hi = 1.0 if solved == of else float(betaincinv(solved + 1, of - solved, 0.975))
    return math.floor(100 * lo) / 100, math.ceil(100 * hi) / 100
