"""Optimization along a constraint: gradients that become parallel, and the price of a limit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

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
    arrows,
    contours,
    curve,
    figure,
    line,
    points,
    rule,
)
from taylored.course.kit.scene import Layer
from taylored.report.series_terms import up
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.optimize.result import Minimum
    from taylored.results import Interval

__all__ = ["price", "touch"]

# The road is an ellipse, the land a saddle with a slope.
_A, _B = 2.0, 1.2
_LAND = "0.5*x*y + 0.4*y - 0.15*x"
_ROAD = "x^2/4 + y^2/1.44 = 1"
_X, _Y = Axis("x in km", -2.8, 2.8), Axis("y in km", -2.0, 2.0)
_TURN = Axis("place on the road, in degrees", -180.0, 180.0)


def _height(x, y):
    return 0.5 * x * y + 0.4 * y - 0.15 * x


def _slopes(x: float, y: float) -> tuple[np.ndarray, np.ndarray]:
    """The gradients of the land and of the road's function."""
    return np.array([0.5 * y - 0.15, 0.5 * x + 0.4]), np.array([x / 2, y / 0.72])


def _on_road(turn):
    return _A * np.cos(turn), _B * np.sin(turn)


@dataclass(frozen=True)
class _Level:
    """A place where the road is level: its angle, kind, proved height, and multiplier."""

    turn: float
    kind: str
    height: tuple[float, float]
    multiplier: float
    accuracy: Accuracy


@lru_cache(maxsize=1)
def _levels() -> list[_Level]:
    """The lowest and highest places of the road, by the library."""
    import taylored as ty

    found: list[_Level] = []
    for sign, kind in ((1, "lowest"), (-1, "highest")):
        for begin in (-2.2, -0.7, 0.7, 2.4):
            x, y = _on_road(begin)
            land = _LAND if sign > 0 else f"-({_LAND})"
            m = ty.minimize(land, {"x": x, "y": y}, equal={"road": _ROAD}, starts=1)
            turn = math.atan2(m.x["y"] / _B, m.x["x"] / _A)
            if m.usable and all(abs(turn - other.turn) > 1e-3 for other in found):
                found.append(_Level(turn, kind, _proved(m), sign * m.multipliers["road"],
                                    m.accuracy))  # fmt: skip
    return found


def _proved(m: Minimum) -> tuple[float, float]:
    """The height at a minimum along the road, over the box that is proved to hold it."""
    import taylored as ty

    box = m.enclosure
    ends = ty.bounds(_LAND, {k: v.lo for k, v in box.items()}, {k: v.hi for k, v in box.items()})
    return ends.lo, ends.hi


@lru_cache(maxsize=1)
def _map() -> list[Layer]:
    turns = np.linspace(-math.pi, math.pi, 121)
    x, y = _on_road(turns)
    levels = [v / 2 for v in range(-5, 6)]
    return [contours(_height, _X, _Y, levels, n=61), line(x, y, "truth", "road")]


@lru_cache(maxsize=1)
def _profile() -> list[Layer]:
    return [curve(lambda d: _height(*_on_road(np.radians(d))), _TURN, "truth", "height")]


@figure(
    "Where the road is level",
    Handle(name="at", label="you, on the road", at=(-1.3, -0.92), x=(-2.7, 2.7), y=(-1.8, 1.8)),
    about="Level lines of a landscape crossed by an oval road, with a place on it to drag. Two "
    "arrows show the gradient of the land and that of the road's equation. Where the road is "
    "lowest or highest the two lie along one line, and the level line touches the road.",
)
def touch(s: Settings) -> Scene:
    turn = math.atan2(s.at[1] / _B, s.at[0] / _A)
    x, y = _on_road(turn)
    land, road = _slopes(x, y)
    along = np.array([-_A * math.sin(turn), _B * math.cos(turn)])
    slope = float(land @ along / np.hypot(*along))
    angle = math.degrees(abs(math.atan2(land[0] * road[1] - land[1] * road[0], land @ road)))
    near = min(_levels(), key=lambda v: abs(math.remainder(v.turn - turn, 2 * math.pi)))
    layers = [
        *([] if s.moving else [_level_line(x, y)]),
        _arrow(x, y, road, ("b", "∇g of the road")),
        _arrow(x, y, land, ("a", "∇f of the land")),
    ]
    where = Panel(_X, _Y, layers, title="the map", equal=True, height=0.68, still=_map(),
                  handles={"at": (x, y)})  # fmt: skip
    here = math.degrees(turn)
    profile = Panel(
        _TURN, Axis("height", -1.5, 1.5), [points([here], [_height(x, y)], "approx", size=6),
                                           rule(here, "y", "approx")],
        name="profile", title="along the road", still=_profile(), height=0.3,
    )  # fmt: skip
    return Scene([where, profile], _touch_story(slope, near, turn),
                 _touch_readings((x, y), slope, angle, near), _touch_trust(near))  # fmt: skip


def _arrow(x: float, y: float, way: np.ndarray, look: tuple[str, str]) -> Layer:
    return arrows([x], [y], [x + 0.6 * way[0]], [y + 0.6 * way[1]], look[0], label=look[1])


def _level_line(x: float, y: float) -> Layer:
    """The level line of the land through a place, as a hyperbola: y (x/2 + 0.4) = c + 0.15 x."""
    c = _height(x, y)
    across = np.linspace(_X.lo, _X.hi, 161)
    with np.errstate(all="ignore"):
        up = (c + 0.15 * across) / (0.5 * across + 0.4)
    up[np.abs(up) > 2.2] = np.nan
    return line(across, up, "approx", dash=True)


def _touch_readings(
    at: tuple[float, float], slope: float, angle: float, near: _Level
) -> list[Reading]:
    return [
        digits("height", "height here", float(_height(*at)), 1e-15),
        digits("slope", "slope along the road", slope, 1e-15),
        digits("angle", "angle between the gradients, in degrees", angle, 1e-12),
        within("level", f"the {near.kind} height nearby", near.height, "interval"),
        digits("multiplier", "multiplier there", near.multiplier, 1e-10),
    ]


def _touch_story(slope: float, near: _Level, turn: float) -> str:
    off = abs(math.remainder(near.turn - turn, 2 * math.pi))
    if off < 0.02:
        return (
            f"Here the road is level: its {near.kind} place for some way around. The gradients lie "
            f"along one line, [[angle]] degrees apart, and *f* [[level]]."
        )
    way = "rises" if slope > 0 else "falls"
    return (
        f"The gradients are [[angle]] degrees apart, so the road still {way} (counterclockwise), "
        f"with a slope of [[slope]]: this is no optimum. The {near.kind} place nearby has "
        "*f* [[level]]."
    )


def _touch_trust(near: _Level) -> list[Statement]:
    return [
        Statement(
            near.accuracy,
            f"Near the {near.kind} place a tiny box is proved to hold exactly one point at which "
            "the gradients are parallel on the road; its height is enclosed with intervals.",
        ),
        Statement(
            Accuracy.ESTIMATED,
            f"The library found {len(_levels())} such optima from eight starts.",
        ),
        _all_levels(),
    ]


@lru_cache(maxsize=1)
def _all_levels() -> Statement:
    """Whether these are all: every solution of Lagrange's equations in a box."""
    import taylored as ty

    system = ["0.5*y - 0.15 + l*x/2", "0.5*x + 0.4 + l*y/0.72", _ROAD]
    found = ty.roots(system, {"x": -2.1, "y": -1.3, "l": -4.0}, {"x": 2.1, "y": 1.3, "l": 4.0})
    kind = Accuracy.PROVED if found.complete else Accuracy.UNKNOWN
    return Statement(kind, f"All places with parallel gradients, searched with intervals: "
                     f"{found.status}")  # fmt: skip


# ---- the price of a limit ----

_SIDES = "x + y + z"


@lru_cache(maxsize=256)
def _packed(limit: int) -> Minimum:
    """The largest box whose three sides sum up to a limit."""
    import taylored as ty

    third = limit / 3
    begin = {"x": 0.9 * third, "y": third, "z": 1.1 * third}
    return ty.minimize("-x*y*z/1000", begin, equal={"airline": f"{_SIDES} = {limit}"}, starts=1)


@lru_cache(maxsize=256)
def _off(limit: int, change: int) -> Interval:
    """The error of the tangent over a change of the limit."""
    import taylored as ty

    return ty.taylor("(l/3)^3/1000", at=float(limit), order=1, radius=float(abs(change))).remainder


@figure(
    "What is one more centimeter worth?",
    Slider(name="limit", label="allowed sum of the sides, in cm", lo=90, hi=210, at=158, step=1),
    Slider(name="change", label="change of the limit, in cm", lo=-40, hi=40, at=12, step=1),
    about="The largest volume of a suitcase against the sum of its sides that is allowed: a curve "
    "that bends upwards, and its tangent at the present limit. The slope of the tangent is the "
    "multiplier; for small changes it foretells the volume well.",
)
def price(s: Settings) -> Scene:
    limit, change = int(s.limit), int(s.change)
    m = _packed(limit)
    best, worth = -m.value, m.multipliers["airline"]
    x, y = Axis("allowed sum of the sides, in cm", 50.0, 250.0), Axis("liters", 0.0, 600.0)
    ends = np.array([x.lo, x.hi])
    moved = (limit + change) ** 3 / 27e3
    panel = Panel(
        x,
        y,
        [
            line(ends, best + worth * (ends - limit), "approx", "by the price"),
            points([limit], [best], "approx"),
            points([limit + change], [best + worth * change], "approx", size=6, hollow=True),
            points([limit + change], [moved], "data", size=6),
        ],
        still=[curve(lambda v: v**3 / 27e3, x, "truth", "largest volume")],
    )
    readings = [
        digits("best", "largest volume now, in liters", best, 1e-9 * best),
        digits("worth", "multiplier, in liters per cm", worth, 1e-9 * worth),
        digits("told", "foretold by the multiplier, in liters", best + worth * change, 1e-8 * best),
        digits("moved", "in truth, in liters", moved),
    ]
    more = f"{abs(change)} cm {'more' if change >= 0 else 'less'}"
    return Scene(
        [panel],
        f"With {limit} cm the best suitcase holds [[best]] liters, and one centimeter is worth "
        f"[[worth]] liters. For {more} that foretells [[told]]; in truth it is [[moved]].",
        readings,
        _price_trust((limit, change), m, s.moving),
    )


def _price_trust(at: tuple[int, int], m: Minimum, moving: bool) -> list[Statement]:
    """Proofs take a moment: they are made when the sliders rest."""
    if moving:
        return [
            Statement(Accuracy.ESTIMATED, f"The best suitcase: {m.status}"),
            Statement(Accuracy.UNKNOWN, "Let go, and the library solves again to test the price."),
            Statement(Accuracy.UNKNOWN, "Let go, and it bounds how far off the price is."),
        ]
    cost = m.prices[0]
    agrees = "It agrees." if cost.agrees else "It does not agree."
    off = _off(at[0], at[1] or 1)
    return [
        Statement(m.accuracy, f"The best suitcase: {m.status}"),
        Statement(
            Accuracy.ESTIMATED,
            "Solved again with the limit moved a little, the price comes out as "
            f"{cost.verified:.4g} liters per cm. {agrees}",
        ),
        Statement(
            Accuracy.PROVED,
            f"For a change of {at[1] or 1:+d} cm the price is off by at most {up(off.largest)} "
            "liters: the remainder of first order, enclosed.",
        ),
    ]
