"""Gradient descent: a rate against two curvatures, and where the descent from each start ends."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from taylored.course.figures.said import digits, within
from taylored.course.kit import (
    Axis,
    Handle,
    Panel,
    Reading,
    Scene,
    Settings,
    Slider,
    Statement,
    contours,
    figure,
    image,
    line,
    mark,
    points,
    rule,
)
from taylored.course.kit.scene import Layer
from taylored.optimize.descent.result import Descent
from taylored.results import Accuracy

__all__ = ["pits", "rate"]

_X, _Y = Axis("x", -3.0, 3.0), Axis("y", -2.0, 2.0)
_SEEN = 40.0  # a path is drawn until it is so far out


def _valley(bend: float) -> str:
    return f"0.5*x^2 + {0.5 * bend:g}*y^2"


@lru_cache(maxsize=64)
def _descended(bend: float, rate: float, start: tuple[float, float]) -> Descent:
    import taylored as ty

    return ty.descend(_valley(bend), {"x": start[0], "y": start[1]}, rate=rate, steps=60)


@lru_cache(maxsize=64)
def _level_lines(bend: float) -> Layer:
    heights = [0.5 * c * c for c in (0.4, 0.9, 1.5, 2.2, 3.0, 4.0, 5.5)]
    return contours(lambda x, y: 0.5 * x * x + 0.5 * bend * y * y, _X, _Y, heights)


def _factors(bend: float, rate: float) -> list[Layer]:
    """What a step leaves of the distance along x and along y, against the rate."""
    rates = np.geomspace(0.02, 2.4, 241)
    along_x, along_y = np.abs(1 - rates), np.abs(1 - bend * rates)
    worst = np.maximum(along_x, along_y)
    here = max(abs(1 - rate), abs(1 - bend * rate))
    return [
        rule(1.0, "x", "muted", "above: farther away"),
        line(rates, along_x, "a", "along the valley"),
        line(rates, np.where(along_y <= 1.7, along_y, np.nan), "b", "across"),
        rule(rate, "y", "approx"),
        points([rate], [min(here, 1.6)], "approx"),
        mark(rates[int(np.argmin(worst))], 0.04, "best rate", "muted", "middle"),
    ]


@figure(
    "One rate, two curvatures",
    Handle(name="at", label="start", at=(-2.6, 1.2), x=(-2.9, 2.9), y=(-1.9, 1.9)),
    Slider(name="rate", label="rate", lo=0.02, hi=2.2, at=0.17, log=True),
    Slider(name="bend", label="curvature across the valley", lo=1.0, hi=30.0, at=10.0, step=1.0),
    about="Level lines of a long valley with the path of gradient descent. Below, what a "
    "step leaves of the distance along and across the valley, against the rate: two lines that "
    "fall to zero and rise again. Above 1 the path runs away.",
)
def rate(s: Settings) -> Scene:
    bend, rate = float(s.bend), float(f"{s.rate:.3g}")
    run = _descended(bend, rate, (round(s.at[0], 4), round(s.at[1], 4)))
    path = run.path.x
    path = path[np.cumsum(np.abs(path).max(axis=1) > _SEEN) <= 1]
    layers = [
        line(path[:, 0], path[:, 1], "approx"),
        points(path[1:, 0], path[1:, 1], "approx", size=3),
    ]
    where = Panel(_X, _Y, layers, title="the path", equal=True, still=[_level_lines(bend)],
                  handles={"at": s.at})  # fmt: skip
    left = Panel(
        Axis("rate", 0.02, 2.4, log=True), Axis("left after one step", 0.0, 1.6),
        _factors(bend, rate), name="factors", title="what a step leaves", height=0.36,
    )  # fmt: skip
    factor = max(abs(1 - rate), abs(1 - bend * rate))
    return Scene([where, left], _regime(bend, rate, factor), _rate_readings(bend, rate),
                 _rate_trust(bend, rate, run))  # fmt: skip


def _regime(bend: float, rate: float, factor: float) -> str:
    said = f"With a rate of {rate:g} a step leaves [[factor]] of the distance in the slower one of "
    said += "the two directions. "
    if factor > 1:
        return said + "That is more than 1: the path runs away. Rates must stay below [[limit]]."
    if factor == 1:
        return said + "That is just 1: the path goes to and fro for ever."
    if bend * rate > 1:
        return said + "It jumps from wall to wall. Rates must stay below [[limit]]."
    return said + "It creeps down without jumping. Rates must stay below [[limit]]."


def _rate_readings(bend: float, rate: float) -> list[Reading]:
    limit = 2.0 / bend
    factor = max(abs(1 - rate), abs(1 - bend * rate))
    found = [
        digits("factor", "left after one step", factor, plain="from the curvatures"),
        digits("limit", "largest stable rate", limit, plain="2 / largest curvature"),
        digits("best", "best rate", 2.0 / (1.0 + bend), plain="from the curvatures"),
    ]  # fmt: skip
    if factor < 1:
        count = math.ceil(math.log(1e-6) / math.log(factor)) if factor > 0 else 1
        found.append(Reading.exact("count", "steps for a millionth of the distance", count))
    return found


def _rate_trust(bend: float, rate: float, run: Descent) -> list[Statement]:
    said = [Statement(run.accuracy, run.status)]
    if math.isfinite(run.factor):
        said.append(Statement(
            Accuracy.ESTIMATED,
            f"The library measures on the path that a step leaves {run.factor:.3g} of the slope; "
            f"from the curvatures it predicts {run.predicted:.3g}.",
        ))  # fmt: skip
    safe = 1.0 / bend
    if rate <= safe * (1 + 1e-12):
        text = (
            f"The rate is at most 1/{bend:g}: without rounding every step lowers f, wherever it "
            "starts, until the slope is zero."
        )
        return [*said, Statement(Accuracy.PROVED, text)]
    return [*said, *(Statement(Accuracy.ESTIMATED, f.message) for f in run.findings[:1])]


# ---- four pits ----

_SIDE = 1.9
_PLANE = Axis("x", -_SIDE, _SIDE), Axis("y", -_SIDE, _SIDE)
_PITS = "(x^2 - 1)^2 + 0.7*(y^2 - 1)^2 + 0.35*x*y + 0.25*x - 0.15*y"


def _height(x, y):
    return (x * x - 1) ** 2 + 0.7 * (y * y - 1) ** 2 + 0.35 * x * y + 0.25 * x - 0.15 * y


def _uphill(x, y):
    return 4 * x * (x * x - 1) + 0.35 * y + 0.25, 2.8 * y * (y * y - 1) + 0.35 * x - 0.15


@lru_cache(maxsize=1)
def _bottoms() -> list[tuple[float, float, tuple[float, float], Accuracy]]:
    """The four pits, lowest first: place, proved depth, and how the place was earned."""
    import taylored as ty

    found = []
    for x in (-1.0, 1.0):
        for y in (-1.0, 1.0):
            m = ty.minimize(_PITS, {"x": x, "y": y}, starts=1)
            ends = m.enclosure
            low = {k: v.lo for k, v in ends.items()}
            high = {k: v.hi for k, v in ends.items()}
            depth = ty.bounds(_PITS, low, high)
            found.append((m.x["x"], m.x["y"], (depth.lo, depth.hi), m.accuracy))
    return sorted(found, key=lambda row: row[2])


@lru_cache(maxsize=32)
def _ends(rate: float, n: int) -> np.ndarray:
    """The pit that each point of a grid descends to, by number; 6 where there is none."""
    half = _SIDE * (1 - 1 / n)
    axis = np.linspace(-half, half, n, dtype=np.float32)
    x, y = (a.copy() for a in np.meshgrid(axis, axis))
    x, y, grid = x.ravel(), y.ravel(), np.full(n * n, 6)
    open_ = np.arange(n * n)  # those that are not in a pit yet
    for count in (50, 100, 250):
        x, y = _down(x, y, np.float32(rate), count)
        for number, (px, py, _, _) in enumerate(_bottoms()):
            grid[open_[(np.abs(x - px) < 0.15) & (np.abs(y - py) < 0.15)]] = number
        left = (grid[open_] == 6) & (np.abs(x) < 9)
        x, y, open_ = x[left], y[left], open_[left]
    return grid.reshape(n, n)


def _down(x: np.ndarray, y: np.ndarray, rate: np.float32, steps: int) -> tuple[Any, Any]:
    with np.errstate(all="ignore"):
        for _ in range(steps):
            gx, gy = _uphill(x, y)
            x, y = x - rate * gx, y - rate * gy
    return x, y


def _roll(x: float, y: float, rate: float) -> tuple[np.ndarray, str]:
    """The path of descent, and how it ended: "rest", "away" or "restless"."""
    path = [(x, y)]
    for _ in range(400):
        gx, gy = _uphill(x, y)
        if math.hypot(gx, gy) < 1e-7:
            return np.array(path), "rest"
        x, y = x - rate * gx, y - rate * gy
        if max(abs(x), abs(y)) > 50:
            return np.array(path), "away"
        path.append((x, y))
    return np.array(path), "restless"


@figure(
    "Which pit does it roll into?",
    Handle(name="at", label="start", at=(0.25, 1.6), x=(-1.8, 1.8), y=(-1.8, 1.8)),
    Slider(name="rate", label="rate", lo=0.01, hi=0.34, at=0.03, step=0.005),
    about="A landscape with four pits. Every start has the color of the pit to which gradient "
    "descent leads it: four smooth regions at a small rate, and torn ones at a large rate.",
)
def pits(s: Settings) -> Scene:
    rate = round(s.rate, 4)
    grid = _ends(rate, 96 if s.moving else 150)
    path, end = _roll(s.at[0], s.at[1], rate)
    bottoms = _bottoms()
    panel = Panel(
        *_PLANE,
        [
            line(path[:120, 0], path[:120, 1], "approx"),
            points([b[0] for b in bottoms], [b[1] for b in bottoms], "data",
                   texts=["1", "2", "3", "4"]),
        ],
        equal=True,
        height=0.9,
        still=[image(grid, *_PLANE, "classes", ("pit 1", "pit 2", "pit 3", "pit 4")), _heights()],
        handles={"at": s.at},
    )  # fmt: skip
    readings, number = _pit_readings(path, end)
    return Scene([panel], _pit_story(end, number), readings, _pit_trust(number))


@lru_cache(maxsize=1)
def _heights() -> Layer:
    levels = [-1.0, -0.6, -0.2, 0.2, 0.6, 1.0, 1.6, 2.4, 4.0, 7.0]
    return contours(_height, *_PLANE, levels, n=61)


def _pit_readings(path: np.ndarray, end: str) -> tuple[list[Reading], int]:
    bottoms = _bottoms()
    lowest = within("lowest", "f in the lowest pit", bottoms[0][2],
                    "interval over the proved place", digits=5)  # fmt: skip
    if end != "rest":
        return [lowest], -1
    off = [abs(path[-1, 0] - b[0]) + abs(path[-1, 1] - b[1]) for b in bottoms]
    number = int(np.argmin(off))
    if off[number] > 1e-5:
        return [lowest], -1
    return [
        Reading.exact("which", "pit reached", number + 1),
        Reading.exact("steps", "steps", len(path) - 1),
        within("depth", "f at its bottom", bottoms[number][2], "interval arithmetic", digits=5),
        lowest,
    ], number


def _pit_story(end: str, number: int) -> str:
    if end == "away":
        return "At this rate the very first steps are too long here: the path runs away."
    if end == "restless" or number < 0:
        return "At this rate the path never comes to rest in a pit: it jumps to and fro for ever."
    said = "Downhill from this start lies pit [[which]], reached in [[steps]] steps. "
    if number == 0:
        return said + "It is the lowest of the four, with *f* [[depth]]."
    return said + "Its bottom has *f* [[depth]], but the lowest of the four has *f* [[lowest]]."


@lru_cache(maxsize=1)
def _level_places() -> tuple[Accuracy, str, int]:
    """All places in the picture where the slope vanishes: kind, status, and how many are pits."""
    import taylored as ty

    slopes = ["4*x*(x^2 - 1) + 0.35*y + 0.25", "2.8*y*(y^2 - 1) + 0.35*x - 0.15"]
    found = ty.roots(slopes, -_SIDE, _SIDE)
    pits = sum(ty.certify(_PITS, r.x).kind == "minimum" for r in found)
    return (Accuracy.PROVED if found.complete else Accuracy.UNKNOWN), found.status, pits


def _pit_trust(number: int) -> list[Statement]:
    kind, status, count = _level_places()
    other = Statement(
        kind,
        "Is there a deeper pit? The library searched all of the picture for roots of the slope. "
        f"{status} {count} of them are pits.",
    )
    if number < 0:
        return [Statement(Accuracy.UNKNOWN, "This path says nothing about a minimum."), other]
    here = Statement(
        _bottoms()[number][3],
        "A strict local minimum lies at the end of this path: in a tiny box the slope vanishes "
        "just once, and the curvature is positive.",
    )
    return [here, other]
