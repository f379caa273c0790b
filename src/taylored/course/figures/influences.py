"""A thousand inputs: which of them matter, from one pass backward through the model.

A river's level depends on the rain at 1,000 places. The model is a chain: rain to runoff at each
place, runoff to three tributaries (a matrix), tributaries to the level (a formula). Going backward
through the chain gives all 1,000 derivatives at once, here as intervals.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from taylored.course.figures.proofs import enclosed, known, outward, product, proved
from taylored.course.kit import (
    Axis,
    Handle,
    Panel,
    Reading,
    Scene,
    Settings,
    Slider,
    Statement,
    bars,
    figure,
    line,
    points,
)
from taylored.report.numbers import number

__all__ = ["rain"]

_COUNT, _SHOWN = 1000, 10
_X, _Y = Axis("east in km", 0.0, 10.0), Axis("north in km", 0.0, 8.0)
_RUNOFF = "x^2/(x + 12)"  # from millimeters of rain to millimeters that run off
_LEVEL = "1.2*log(1 + a + 0.6*b) + 0.5*c/(1 + 0.2*c)"  # meters, from the three tributaries
_MOUTHS = ((2.0, 6.2), (7.6, 6.0), (5.6, 1.8))
_GAUGE = (5.0, 0.4)

Ends = tuple[Any, Any]


@lru_cache(maxsize=1)
def _land() -> tuple[np.ndarray, np.ndarray]:
    """The places (1000, 2), and what each gives to each tributary (3, 1000)."""
    rng = np.random.default_rng(8)
    places = rng.uniform((0.2, 0.2), (9.8, 7.8), (_COUNT, 2))
    far = np.linalg.norm(places[None] - np.array(_MOUTHS)[:, None], axis=2)
    soil = rng.lognormal(0.0, 0.5, _COUNT)
    return places, soil * np.exp(-((far / 1.7) ** 2)) / 180


def _rain(center: tuple[float, float], heavy: float) -> np.ndarray:
    """Millimeters of rain at each place: a storm around a center."""
    places, _ = _land()
    near = np.sum((places - np.array(center)) ** 2, axis=1)
    return 4.0 + heavy * np.exp(-near / 5.0)


def _backward(low: np.ndarray, high: np.ndarray) -> tuple[Ends, Ends]:
    """The level and all derivatives, for any rain between two: the chain rule from the end."""
    weights = _land()[1]
    lo, hi = enclosed(_RUNOFF, ("x",), low[:, None], high[:, None])
    slack = 1e-12 * (weights @ hi[0])  # more than the rounding of 1,000 products
    ends = weights @ lo[0] - slack, weights @ hi[0] + slack
    bottom, top = enclosed(_LEVEL, ("a", "b", "c"), *ends)
    through = [product((bottom[k, 0], top[k, 0]), (w, w))
               for k, w in zip((1, 2, 3), weights, strict=True)]  # fmt: skip
    each = through[0]
    for more in through[1:]:
        each = outward(each[0] + more[0], each[1] + more[1])
    return (bottom[0, 0], top[0, 0]), product(each, (lo[1], hi[1]))


@figure(
    "A thousand places, one river",
    Handle(name="storm", label="center of the storm", at=(4.2, 4.6), x=(0.5, 9.5), y=(0.5, 7.5)),
    Slider(name="heavy", label="rain in its middle", lo=5.0, hi=80.0, at=35.0, unit="mm"),
    Slider(name="spread", label="rain uncertain by", lo=1.0, hi=30.0, at=10.0, unit="%"),
    about="A map of 1,000 places where it rains, larger where the rain there matters more for the "
    "river's level downstream. The storm can be dragged. Bars show the ten places that matter "
    "most, with whiskers for how much that can change when the rain is uncertain.",
)  # fmt: skip
def rain(s: Settings) -> Scene:
    places = _land()[0]
    fall = _rain(s.storm, s.heavy)
    level, (lo, hi) = _backward(fall, fall)
    slope = 0.5 * (lo + hi)
    share = s.spread / 100
    effect = slope * fall * share
    order = np.argsort(-effect, kind="stable")
    top = order[:_SHOWN]
    amount = fall * share
    low, high = _backward(fall - amount, fall + amount)[1]
    first = int(top[0])
    readings = [
        proved("first", "the strongest place, mm of level for each mm of rain", 1e3 * lo[first],
               1e3 * hi[first], "one pass backward"),
        proved("range", "the same, for any rain within its uncertainty", 1e3 * low[first],
               1e3 * high[first], "one pass backward with intervals"),
        proved("level", "level of the river, in m", *level, "the model, forward"),
        Reading.exact("half", "places that make up half of the total effect",
                      int(np.searchsorted(np.cumsum(effect[order]), effect.sum() / 2)) + 1),
        Reading.exact("runs", "runs of the model by differences", _COUNT + 1),
        Reading.exact("passes", "by the chain rule: forward, backward", 2),
    ]  # fmt: skip
    return Scene(
        [_map(places, effect), _ranking(top, effect, low * amount, high * amount)],
        "The river stands at [[level]] m. Of 1,000 places the strongest gives [[first]] "
        "mm of level for each mm of rain, and [[half]] places make up half of the whole effect. "
        "By differences this takes [[runs]] runs of the model; backward it takes one pass.",
        readings,
        [Statement(known(), f"With the rain uncertain by {number(s.spread, 2)} % everywhere at "
                   "once, each effect lies within its whisker, for every combination of the "
                   f"1,000 inputs. {_order(low * fall, high * fall, first)}")],
    )  # fmt: skip


def _order(low: np.ndarray, high: np.ndarray, first: int) -> str:
    """How many places could be the strongest one after all."""
    rivals = int(np.sum(high >= low[first])) - 1
    if rivals == 0:
        return "The first place has certainly the largest effect."
    return (f"That leaves {rivals} other place{'s' if rivals > 1 else ''} that could have the "
            "largest effect instead.")  # fmt: skip


def _map(places: np.ndarray, effect: np.ndarray) -> Panel:
    """The places in five sizes, by their effect."""
    rank = np.minimum((5 * effect / effect.max()).astype(int), 4)
    rank = np.where(effect < 0.02 * effect.max(), -1, rank)
    layers = [_dots(places[rank == -1], "muted", 1.5)]
    for step in range(5):
        layers.append(_dots(places[rank == step], "a", 2.5 + 1.6 * step))
    river = [line([x, 5.0, 5.0], [y, 3.2, 0.4], "b") for x, y in _MOUTHS[:2]]
    river.append(line([_MOUTHS[2][0], 5.0], [_MOUTHS[2][1], 1.2], "b"))
    return Panel(_X, _Y, layers, still=[*river, points([_GAUGE[0]], [_GAUGE[1]], "truth", "gauge")],
                 equal=True, height=0.82)  # fmt: skip


def _dots(places: np.ndarray, role: str, size: float) -> dict:
    return points(places[:, 0], places[:, 1], role, size=size)


def _ranking(top: np.ndarray, effect: np.ndarray, low: np.ndarray, high: np.ndarray) -> Panel:
    most = 1.1e3 * float(high[top].max())
    axis = Axis("mm of level for the uncertain rain", 0.0, float(f"{most:.2g}"))
    names = [f"place {k}" for k in top]
    return Panel(axis, Axis("", 0.0, float(_SHOWN)),
                 [bars(names, 1e3 * effect[top], 1e3 * low[top], 1e3 * high[top], kind=known())],
                 name="ranking", title="The ten that matter most", height=0.75)  # fmt: skip
