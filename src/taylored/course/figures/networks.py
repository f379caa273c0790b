"""Trust in a network: what many networks agree on, and what the library's own one knows."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.course.figures.said import digits
from taylored.course.figures.training_runs import Run, Task, evaluate, starts, train
from taylored.course.kit import (
    Axis,
    Choice,
    Handle,
    Handles,
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
from taylored.report import numbers
from taylored.results import Accuracy, Interval

if TYPE_CHECKING:
    from taylored.networks.result import Network

__all__ = ["answer", "spread", "trained", "truth", "warm"]

# ---- many networks ----------------------------------------------------------------------------

_X, _Y = Axis("x", -1.0, 2.0), Axis("y", -2.2, 2.2)
_LAYERS = (1, 8, 1)
_SEEN = ((-0.45, -0.5), (-0.3, -0.85), (-0.12, -0.4), (0.02, 0.1), (0.15, 0.65), (0.3, 0.9),
         (0.42, 0.75), (0.9, -0.6), (1.05, -0.35), (1.2, 0.2))  # fmt: skip
_GRID = np.linspace(-1.0, 2.0, 121)
_GAIN, _RULE = 4.0, (0.06, 0.9)  # of the random starts; step size and momentum


@figure(
    "Where many networks agree",
    Handles(name="data", label="the data", at=_SEEN, x=(-1.0, 2.0), y=(-2.0, 2.0), least=4,
            most=20),
    Handle(name="at", label="the question x", at=(1.8, 0.0), x=(-1.0, 2.0), y=(0.0, 0.0),
           along="x"),
    Slider(name="members", label="networks", lo=2, hi=16, at=10, step=1),
    Slider(name="steps", label="training steps", lo=100, hi=6000, at=4000, log=True),
    about="Points that can be dragged, and the curves of up to sixteen networks that were trained "
    "on them from different random starts. Where there are points the curves run together; "
    "between distant points and beyond the last one they part. The spread at the question is "
    "shown.",
)  # fmt: skip
def spread(s: Settings) -> Scene:
    data = np.array(s.data)
    x = s.at[0]
    steps = round(min(s.steps, 800) if s.moving else s.steps)
    job, run = trained(data, s.members, steps)
    at = np.append(_GRID, x)
    all_curves = np.array([evaluate(job, p, 1.5 * (at[None] - 0.5))[-1][0] for p in run.parameters])
    said = all_curves[:, -1]
    middle, width = float(np.mean(said)), float(np.std(said, ddof=1))
    ways = all_curves[:, :-1]
    mean, off = ways.mean(0), 2 * ways.std(0, ddof=1)
    gap = float(np.min(np.abs(data[:, 0] - x)))
    layers = [
        band(_GRID, mean - off, mean + off, Accuracy.ESTIMATED),
        *(line(_GRID, way, "muted") for way in ways),
        line(_GRID, mean, "approx", "mean"),
        rule(x, "y", "muted"),
    ]
    panel = Panel(_X, _Y, layers, handles={"at": (x, middle)})
    readings = [
        _mean(middle, width),
        digits("spread", "spread of the answers (standard deviation)", width, 1e-10),
        digits("gap", "distance of x to the nearest point", gap, 1e-15),
    ]
    trust = [] if s.moving else [_counted(data, job, steps), *_beyond(data, x)]
    hasty = f" While you drag, {steps} steps only." if s.moving else ""
    return Scene([panel], _agreed(width, gap) + hasty, readings, trust)


def _mean(middle: float, width: float) -> Reading:
    if not math.isfinite(width):
        return Reading.unknown("mean", "mean answer at x", "the training ran away")
    return Reading.estimated("mean", "mean answer at x", middle, 2 * width + 1e-10,
                             "twice the spread; not calibrated")  # fmt: skip


def _beyond(data: np.ndarray, x: float) -> list[Statement]:
    """What is to be said where the question lies outside of the data."""
    off = max(float(data[:, 0].min()) - x, x - float(data[:, 0].max()))
    if off <= 0:
        return []
    return [Statement(Accuracy.UNKNOWN, f"The question lies {off:.2g} beyond the last point, "
                      "rounded: nothing in the data speaks of it.")]  # fmt: skip


def _task(data: np.ndarray, weights: np.ndarray) -> Task:
    """Learn y from 1.5 (x - 0.5), which is about of size 1."""
    return Task(_LAYERS, "tanh", 1.5 * (data[None, :, 0] - 0.5), data[None, :, 1], weights)


def trained(data: np.ndarray, members: int, steps: int) -> tuple[Task, Run]:
    """Networks that learned the data, from as many random starts."""
    job = _task(data, np.full((members, len(data)), 1.0 / len(data)))
    return job, train(job, Run.at(starts(_LAYERS, range(members), _GAIN)), steps, *_RULE)


def _counted(data: np.ndarray, job: Task, steps: int) -> Statement:
    """Leave each point out in turn, and count how often it lies where the others' networks say."""
    n, each = len(data), 3
    out = np.repeat(np.arange(n), each)
    weights = np.full((n * each, n), 1.0 / (n - 1))
    weights[np.arange(n * each), out] = 0.0
    seeds = [k % each for k in range(n * each)]
    run = train(_task(data, weights), Run.at(starts(_LAYERS, seeds, _GAIN)), min(steps, 1500),
                *_RULE)  # fmt: skip
    said = np.array([evaluate(job, p)[-1][0, k] for p, k in zip(run.parameters, out, strict=True)])
    said = said.reshape(n, each)
    inside = np.abs(said.mean(1) - data[:, 1]) <= 2 * said.std(1, ddof=1)
    return Statement(
        Accuracy.ESTIMATED,
        f"Each point was left out once, and three networks were trained without it: {inside.sum()} "
        f"of {n} lay within twice the spread of their answers. So the spread alone is no promise: "
        "networks can agree and be wrong together.",
    )


def _agreed(width: float, gap: float) -> str:
    if not math.isfinite(width):
        return "The training ran away on these data; move the points closer together."
    where = (
        "There are points nearby, and they hold the curves together."
        if gap < 0.1
        else "There is no point nearby: each network goes its own way, and each is quite sure."
        if width > 0.2
        else "There is no point nearby, and yet they agree: that may be luck, not knowledge."
    )
    return f"Asked at *x*, the networks answer [[mean]] with a spread of [[spread]]. {where}"


# ---- the library's network --------------------------------------------------------------------

_ASKED, _SAID = Axis("x", -0.6, 1.6), Axis("y", -2.6, 2.6)
_LEVEL = 0.9
_SETS = {"full": "40 points", "gap": "a gap in the middle", "few": "14 points"}
_ALONG = np.linspace(-0.6, 1.6, 111)


def truth(x: Any) -> Any:
    """What the data are made from."""
    return np.sin(6.0 * x)


@lru_cache(4)
def _data(name: str) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    x = np.sort(rng.uniform(0.0, 1.0, 14 if name == "few" else 40))
    if name == "gap":
        x = np.sort(np.concatenate([rng.uniform(0.0, 0.3, 20), rng.uniform(0.7, 1.0, 20)]))
    return x, truth(x) + 0.12 * rng.normal(size=len(x))


@lru_cache(4)
def _network(name: str) -> Network:
    """The library's network for these data: an ensemble with measured intervals."""
    import taylored as ty

    x, y = _data(name)
    return ty.train(x[:, None], y, hidden=(6,), members=20, seed=0)


@lru_cache(4)
def _curves(name: str) -> tuple[Any, list[dict[str, Any]]]:
    net, (x, y) = _network(name), _data(name)
    said = net.predict(_ALONG[:, None], level=_LEVEL)
    known = np.asarray(said.trusted, dtype=bool)
    still = [
        band(_ALONG, *_where(said, known), Accuracy.CALIBRATED, "90 %"),
        *_outside(said, known),
        line(_ALONG, truth(_ALONG), "truth", "truth"),
        points(x, y, "data", size=2.5),
    ]
    return said, still


def _where(said: Any, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.where(known, said.lo, np.nan), np.where(known, said.hi, np.nan)


def _outside(said: Any, known: np.ndarray) -> list[dict[str, Any]]:
    """Hatched where nothing is claimed: one piece to each side."""
    found, edge = [], np.flatnonzero(np.diff(known.astype(int)))
    for piece in np.split(np.arange(len(known)), edge + 1):
        if not known[piece[0]]:
            found.append(band(_ALONG[piece], said.lo[piece], said.hi[piece], Accuracy.UNKNOWN))
    return found


@figure(
    "What the library's network knows",
    Handle(name="at", label="the question x", at=(0.5, 0.0), x=(-0.6, 1.6), y=(0.0, 0.0),
           along="x"),
    Slider(name="off", label="x may be off by", lo=0.01, hi=0.2, at=0.05, log=True),
    Choice(name="set", label="data", options=tuple(_SETS.items())),
    about="Data along part of the axis, the curve they come from, and the answer of an ensemble of "
    "networks with a 90 percent band. Within the data the band is calibrated: its coverage was "
    "measured on left-out points. Outside, the same band is hatched, for there nothing is known, "
    "and the true curve runs out of it.",
)  # fmt: skip
def answer(s: Settings) -> Scene:
    x, net = float(s.at[0]), _network(s.set)
    curves, still = _curves(s.set)
    said = net.predict([[x]], level=_LEVEL)
    value, known = float(said.value[0]), bool(said.trusted[0])
    ends = float(np.ravel(said.lo)[0]), float(np.ravel(said.hi)[0])  # type: ignore[arg-type]
    span = [line([x, x], ends, "approx")]
    panel = Panel(_ASKED, _SAID, [line(_ALONG, curves.value, "approx", "network"), *span],
                  still=still, handles={"at": (x, value)})  # fmt: skip
    readings = [_told(ends, value, known), digits("truth", "the truth", float(truth(x)), 1e-15)]
    return Scene([panel], _known(known), readings, _trust(s, net, said, known))


def _told(span: tuple[float, float], value: float, known: bool) -> Reading:
    if not known:
        return Reading.unknown("y", "y at x", "x lies outside of the training data")
    ends = Interval(*span, kind=Accuracy.CALIBRATED, method="measured", level=_LEVEL)
    return Reading.calibrated("y", "y at x", value, ends,
                              plain="coverage measured on left-out rows")  # fmt: skip


def _known(known: bool) -> str:
    if known:
        return (
            "Here there are data around. The network answers [[y]]; the truth, which it never saw, "
            "is [[truth]]."
        )
    return (
        "Here the network has seen nothing. It still draws a curve, as smooth and as sure as "
        "anywhere, but the library's answer is [[y]]; the truth is [[truth]]."
    )


def _trust(s: Settings, net: Network, said: Any, known: bool) -> list[Statement]:
    held, error = 100 * said.coverage, 100 * said.coverage_stderr
    rows = _data(s.set)[0].size
    found = [
        Statement(
            Accuracy.CALIBRATED if known else Accuracy.UNKNOWN,
            f"On rows left out of training the 90 % intervals held {held:.0f} ± {error:.0f} % "
            f"of {rows}. "
            + ("This x lies within their range." if known else "This x lies outside."),
        )
    ]
    if not s.moving:
        found.append(_proof(net, float(s.at[0]), s.off))
    return found


def _proof(net: Network, x: float, off: float) -> Statement:
    """What the network says when x is a little off: about the network, not about the world."""
    ends = net.bound([x - off], [x + off]).value
    said = numbers.bounds(float(ends.lo), float(ends.hi))
    return Statement(
        Accuracy.PROVED,
        f"If x is off by up to {off:.2g}, the network's own answer lies in {said}. That is a fact "
        "about the network, and none about the world.",
    )


def warm() -> None:
    """Train the networks of the three data sets (half a second), and compile the small one."""
    for name in _SETS:
        _curves(name)
    trained(np.array(_SEEN), 2, 1)
