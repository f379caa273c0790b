"""Where Newton's method leads: failures in one variable, and the basins of three roots."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from taylored.course.figures.newton import plain_path
from taylored.course.figures.proofs import proved
from taylored.course.figures.said import later
from taylored.course.kit import (
    Axis,
    Choice,
    Handle,
    Handles,
    Panel,
    Reading,
    Scene,
    Settings,
    Statement,
    curve,
    figure,
    image,
    line,
    points,
    rule,
)
from taylored.course.kit.scene import Layer
from taylored.optimize.roots.result import Root
from taylored.results import Accuracy

__all__ = ["starts", "three"]

Function = Callable[..., float]


@dataclass(frozen=True)
class _Case:
    """An equation f = 0: its formula, f, its slope, the window, and its roots there."""

    formula: str
    f: Function
    slope: Function
    x: tuple[float, float]
    y: tuple[float, float]
    roots: tuple[float, ...]
    log: bool = False


_CASES = {
    "cycle": _Case(
        "x^3 - 2*x + 2", lambda x: x**3 - 2 * x + 2, lambda x: 3 * x**2 - 2,
        (-2.4, 1.8), (-5.0, 5.0), (-1.7692923542386314,),
    ),
    "runaway": _Case(
        "atan(x)", math.atan, lambda x: 1 / (1 + x * x), (-4.0, 4.0), (-2.0, 2.0), (0.0,)
    ),
    "edge": _Case(
        "log(x) - 1", lambda x: math.log(x) - 1, lambda x: 1 / x, (0.1, 12.0), (-3.0, 2.0),
        (math.e,), log=True,
    ),
    "wrong": _Case(
        "sin(x)", math.sin, math.cos, (-0.8, 7.1), (-1.5, 1.5),
        tuple(k * math.pi for k in (0, 1, 2)),
    ),
    "none": _Case(
        "x^2 + 1", lambda x: x * x + 1, lambda x: 2 * x, (-3.0, 3.0), (-2.0, 8.0), ()
    ),
}  # fmt: skip
_TOLERANCE = 1e-6


def _vectorized(case: _Case) -> Function:
    return np.vectorize(case.f, otypes=[float])


def _end(case: _Case, path: list[float]) -> str:
    """What became of a path: "root:k", "root" (outside the window), or how it failed."""
    last = path[-1]
    if math.isnan(last):
        return "left"
    if not math.isfinite(last) or abs(last) > 1e7:
        return "flat" if len(path) < 4 and not math.isfinite(last) else "away"
    if abs(path[-1] - path[-2]) <= _TOLERANCE * (1 + abs(last)):
        near = [abs(last - r) for r in case.roots]
        return f"root:{near.index(min(near))}" if near and min(near) < 1e-4 else "root"
    if abs(path[-1] - path[-3]) <= 1e-3 * (1 + abs(last)):
        return "cycle"
    return "wanders"


_COLORS = {"root:0": 0, "root:1": 1, "root:2": 2, "root": 3, "cycle": 4, "away": 5, "left": 5,
           "flat": 5, "wanders": 6}  # fmt: skip


def _trace(case: _Case, start: float) -> list[float]:
    return plain_path(case.f, case.slope, start, 60)


@lru_cache(maxsize=8)
def _strip(name: str) -> Layer:
    """The foot of the figure: each start in the color of what becomes of it."""
    case = _CASES[name]
    lo, hi = case.x
    width = (hi - lo) / 480
    ends = [_end(case, _trace(case, lo + (k + 0.5) * width)) for k in range(480)]
    row = np.array([[_COLORS[e] for e in ends]])
    foot, height = case.y[0], 0.07 * (case.y[1] - case.y[0])
    x, y = Axis("x", lo, hi), Axis("", foot, foot + height)
    return image(row, x, y, "classes", _TEXTS)


_TEXTS = ("first root", "second root", "third root", "a root far away", "cycle", "runs away",
          "wanders")  # fmt: skip


def _steps(case: _Case, path: list[float]) -> Layer:
    x, y = [path[0]], [0.0]
    for here, there in pairwise(path[:9]):
        if not math.isfinite(there):
            break
        x += [here, there]
        y += [case.f(here), 0.0]
    return line(x, y, "approx")


_SAID = {
    "root": "the steps end at a root far outside of the picture",
    "cycle": "the steps go round in a circle and never settle",
    "away": "each step is longer than the one before: the method runs away",
    "left": "a step leads to where the function has no value",
    "flat": "the tangent is level and meets the axis nowhere",
    "wanders": "the steps wander for ever, because there is nothing to find",
}


@figure(
    "Where does this start lead?",
    Choice(name="case", label="function", options=tuple((k, c.formula) for k, c in _CASES.items())),
    Handle(name="at", label="start x", at=(0.1, 0.0), x=(-4, 12), y=(-5, 8), along="x"),
    about="A curve with a start to drag and the tangents that Newton's method draws from it. The "
    "strip at the foot colors every start by what becomes of it: a root, a cycle, or nothing.",
)
def starts(s: Settings) -> Scene:
    case = _CASES[s.case]
    lo, hi = case.x
    at = min(max(s.at[0], lo + 1e-3), hi)
    path = _trace(case, at)
    end = _end(case, path)
    x = Axis("x", lo, hi)
    panel = Panel(
        x,
        Axis("f(x)", *case.y),
        [_steps(case, path), rule(at, "y", "approx")],
        still=[
            _strip(s.case),
            rule(0.0, "x", "muted", dash=False),
            curve(_vectorized(case), x, "truth", "f"),
        ],
        handles={"at": (at, case.f(at))},
    )
    found, trust = _library(case.formula, at, s.moving)
    return Scene([panel], _story(case, at, path, end), [*_counted(path, end), *found], trust)


def _counted(path: list[float], end: str) -> list[Reading]:
    said = end.split(":")[0]
    shown = {"left": "left the domain", "away": "ran away", "flat": "level tangent"}.get(said, said)
    return [
        Reading.exact("end", "plain Newton", shown),
        Reading.exact("steps", "steps looked at", len(path) - 1),
    ]


def _story(case: _Case, at: float, path: list[float], end: str) -> str:
    start = f"From *x* = {at:.3g}"
    if end.startswith("root:"):
        near = min(case.roots, key=lambda r: abs(r - at))
        other = abs(path[-1] - near) > 1e-3
        which = "but not the nearest" if other else "and it is the nearest"
        return f"{start} plain Newton comes to a root in [[steps]] steps, {which}."
    return f"{start} plain Newton fails: {_SAID[end]}."


@lru_cache(maxsize=256)
def _solved(formula: str, start: float) -> Root:
    import taylored as ty

    return ty.root(formula, start)


def _library(formula: str, at: float, moving: bool) -> tuple[list[Reading], list[Statement]]:
    """What the library makes of the same start; a proof takes longer than a hand may wait."""
    label = "root found by the library"
    if moving:
        return [Reading.unknown("root", label, "it is looked for when you let go")], [later()]
    root = _solved(formula, at)
    trust = [Statement(root.accuracy, root.status)]
    trust += [
        Statement(Accuracy.ESTIMATED, f.message) for f in root.findings if f.name != "no-root"
    ]
    if root.accuracy is Accuracy.PROVED:
        lo, hi = root.enclosure
        return [proved("root", label, lo, hi, "Krawczyk's test", digits=7)], trust
    why = "no root near" if not root.usable else "not proved"
    return [Reading.unknown("root", label, why)], trust


# ---- three roots in the plane ----

_PLANE = 1.8
_STEPS = 22
_PLAIN = Axis("real part", -_PLANE, _PLANE), Axis("imaginary part", -_PLANE, _PLANE)


def _newton_field(z: np.ndarray, roots: np.ndarray, steps: int) -> np.ndarray:
    """Where Newton steps take every point: for p = (z-a)(z-b)(z-c), p/p' = 1/sum(1/(z-r))."""
    a, b, c = roots
    for _ in range(steps):
        da, db, dc = z - a, z - b, z - c
        ab = da * db
        z = z - ab * dc / (ab + dc * (da + db))
    return z


def _classes(roots: np.ndarray, n: int) -> np.ndarray:
    """The number of the root that each point of a grid leads to; 6 for none."""
    half = _PLANE * (1 - 1 / n)
    axis = np.linspace(-half, half, n).astype(np.float32)
    z = (axis[None, :] + 1j * axis[:, None]).astype(np.complex64)
    with np.errstate(all="ignore"):
        end = _newton_field(z, roots.astype(np.complex64), _STEPS)
        off = np.abs(end[None] - roots.astype(np.complex64)[:, None, None])
        nearest = np.argmin(np.nan_to_num(off, nan=np.inf), axis=0)
        return np.where(np.min(off, axis=0) < 1e-2, nearest, 6)


@lru_cache(maxsize=32)
def _map(roots: tuple[complex, ...], n: int) -> np.ndarray:
    return _classes(np.array(roots), n)


def _walk(roots: np.ndarray, start: complex) -> list[complex]:
    path = [start]
    for _ in range(60):
        with np.errstate(all="ignore"):
            z = complex(_newton_field(np.array([path[-1]]), roots, 1)[0])
        if not (math.isfinite(z.real) and math.isfinite(z.imag)):
            break
        path.append(z)
        if abs(z - path[-2]) < 1e-13:
            break
    return path


@figure(
    "Three roots, and no simple border",
    Handles(
        name="roots", label="root",
        at=((1.0, 0.0), (-0.5, 0.866), (-0.5, -0.866)), x=(-1.6, 1.6), y=(-1.6, 1.6),
    ),
    Handle(name="at", label="start", at=(1.0, 1.32), x=(-1.7, 1.7), y=(-1.7, 1.7)),
    about="The complex plane in three colors, one for each root: every start has the color of the "
    "root to which Newton's method leads it. The borders are chains of ever smaller islands. "
    "Roots and start can be dragged.",
)  # fmt: skip
def three(s: Settings) -> Scene:
    roots = np.array([complex(*r) for r in s.roots], dtype=complex)
    start = complex(*s.at)
    n = 112 if s.moving else 220
    grid = _map(tuple(roots.tolist()), n)
    path = _walk(roots, start)
    panel = Panel(
        *_PLAIN,
        [
            image(grid, *_PLAIN, "classes", ("root 1", "root 2", "root 3")),
            line([z.real for z in path], [z.imag for z in path], "approx"),
            points([z.real for z in path[1:]], [z.imag for z in path[1:]], "approx", size=3),
            points(np.real(roots), np.imag(roots), "data", texts=["1", "2", "3"]),
        ],
        equal=True,
        height=1.0,
    )
    off = np.abs(roots - path[-1])
    which = int(np.argmin(off))
    arrived = bool(off[which] < 1e-6) and _apart(roots)
    return Scene(
        [panel],
        _basin_story(arrived),
        _basin_readings(grid, start, (which, path, arrived)),
        _basin_trust(roots, which, (arrived, s.moving)),
    )


def _apart(roots: np.ndarray) -> bool:
    a, b, c = roots
    return min(abs(a - b), abs(b - c), abs(a - c)) > 0.02


def _basin_story(arrived: bool) -> str:
    if not arrived:
        return "From here Newton's method does not come to rest at one of the three roots."
    return (
        "From this start Newton's method goes to root [[which]] in [[steps]] steps. On the map, "
        "the nearest start that ends elsewhere lies at a distance of [[border]]."
    )


def _basin_readings(
    grid: np.ndarray, start: complex, end: tuple[int, list[complex], bool]
) -> list[Reading]:
    which, path, arrived = end
    if not arrived:
        return [Reading.unknown("which", "root reached", "none was reached")]
    return [
        Reading.exact("which", "root reached", which + 1),
        Reading.exact("steps", "steps", len(path) - 1),
        _border(grid, start, which),
    ]


def _border(grid: np.ndarray, start: complex, which: int) -> Reading:
    """The distance to the nearest point of the map that another root draws; known to a cell."""
    n = len(grid)
    cell = 2 * _PLANE / n
    axis = (np.arange(n) + 0.5) * cell - _PLANE
    distance = np.hypot(axis[None, :] - start.real, axis[:, None] - start.imag)
    other = distance[grid != which]
    label = "distance to the nearest start on the map that ends elsewhere"
    if not other.size:
        return Reading.unknown("border", label, "all of the picture leads to one root")
    return Reading.estimated("border", label, float(other.min()), 0.71 * cell,
                             "half a cell's diagonal; thinner islands may be nearer")  # fmt: skip


def _system(roots: np.ndarray) -> list[str]:
    """(z - a)(z - b)(z - c) = 0 as two real equations."""
    u = [f"(x - ({float(r.real)!r}))" for r in roots]
    v = [f"(y - ({float(r.imag)!r}))" for r in roots]
    real = f"({u[0]}*{u[1]} - {v[0]}*{v[1]})"
    imag = f"({u[0]}*{v[1]} + {v[0]}*{u[1]})"
    return [f"{real}*{u[2]} - {imag}*{v[2]}", f"{real}*{v[2]} + {imag}*{u[2]}"]


@lru_cache(maxsize=256)
def _proved(equations: tuple[str, ...], x: float, y: float) -> Root:
    import taylored as ty

    return ty.root(list(equations), {"x": x, "y": y})


def _basin_trust(roots: np.ndarray, which: int, now: tuple[bool, bool]) -> list[Statement]:
    """The library's proof of the root that was reached; not while something is dragged."""
    arrived, moving = now
    said = Statement(
        Accuracy.ESTIMATED,
        f"The colors are computed with {_STEPS} steps for the middle of each cell. Between two "
        "cells there may be thinner islands: near a border no start is safe.",
    )
    if not arrived or moving:
        why = "no root was reached" if not arrived else "let go, and the library looks for a proof"
        return [Statement(Accuracy.UNKNOWN, f"About the root: {why}."), said]
    root = _proved(tuple(_system(roots)), float(roots[which].real), float(roots[which].imag))
    return [Statement(root.accuracy, f"Solved once more by the library: {root.status}"), said]
