"""Training live: a network that draws the reader's curve, and the test of its gradient."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.course.figures.said import chain_statements, digits
from taylored.course.figures.training_runs import Run, Task, cost_gradient, evaluate, starts, train
from taylored.course.kit import (
    Axis,
    Button,
    Choice,
    Handle,
    Handles,
    Panel,
    Reading,
    Scene,
    Settings,
    Slider,
    Statement,
    figure,
    line,
    points,
)
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.networks.chain import Chain

__all__ = ["LAYERS", "POINTS", "STEPS", "backpropagate", "central", "closed_curve", "cost"]
__all__ += ["drawing", "gradcheck", "learn", "task", "warm"]

# ---- the drawing ------------------------------------------------------------------------------

LAYERS = (1, 6, 7, 2)
POINTS = 100
STEPS = 10_000
_SIDE = Axis("x", -1.25, 1.25)
_UP = Axis("y", -1.25, 1.25)
_STEP = Axis("training step", 1.0, float(STEPS), log=True)
_COST = Axis("mean square of the miss", 1e-5, 3.0, log=True)
_FISH = ((-0.95, 0.5), (-0.6, 0.12), (-0.1, 0.5), (0.5, 0.5), (0.98, 0.05), (0.5, -0.42),
         (-0.1, -0.42), (-0.6, -0.02), (-0.95, -0.45))  # fmt: skip
_STOPS = (30, 300)  # steps after which the drawing is kept as a ghost
_RULES = {"plain": 0.0, "momentum": 0.9}
_WHERE = np.linspace(-1.0, 1.0, POINTS)
_FINE = np.linspace(-1.0, 1.0, 301)


def closed_curve(knots: Any, count: int = POINTS) -> np.ndarray:
    """Points along a smooth closed curve through the knots, as rows x and y; the last is the first.

    Between two knots a cubic, whose slope at each knot is that between its neighbors.
    """
    p = np.asarray(knots, dtype=float)
    place = np.linspace(0.0, len(p), count)
    k = np.minimum(place.astype(int), len(p) - 1)
    u = (place - k)[:, None]
    a, b, c, d = (p[(k + j) % len(p)] for j in (-1, 0, 1, 2))
    m, n = 0.5 * (c - a), 0.5 * (d - b)
    found = (
        b * (2 * u**3 - 3 * u**2 + 1) + m * (u**3 - 2 * u**2 + u)
        + c * (3 * u**2 - 2 * u**3) + n * (u**3 - u**2)
    )  # fmt: skip
    return found.T


def task(knots: Any, activation: str) -> Task:
    """What the network is to learn: where the pen is, for 100 moments from -1 to 1."""
    weights = np.full((1, POINTS), 1.0 / POINTS)
    return Task(LAYERS, activation, _WHERE[None], closed_curve(knots), weights)


@figure(
    "A network learns your drawing",
    Handles(name="knots", label="the drawing", at=_FISH, x=(-1.2, 1.2), y=(-1.2, 1.2), least=4,
            most=14),
    Choice(name="rule", label="step rule",
           options=(("momentum", "with momentum"), ("plain", "plain descent"))),
    Choice(name="kind", label="activation", options=(("tanh", "tanh"), ("logistic", "logistic"))),
    Slider(name="rate", label="step size", lo=0.003, hi=0.5, at=0.2, log=True),
    Button(name="start", label="another random start"),
    about="Left: a closed curve that the reader draws by dragging its points, and the curve that a "
    "network with 77 parameters has learned after 10,000 steps of training; thin gray curves show "
    "what it drew earlier on. Right: the mean square of the miss against the step, on logarithmic "
    "scales. Every move of a point trains the network anew.",
)  # fmt: skip
def drawing(s: Settings) -> Scene:
    job, stops = task(s.knots, s.kind), () if s.moving else _STOPS
    run, ghosts, costs = learn(job, s, stops)
    drawn = evaluate(job, run.parameters[0], _FINE[None])[-1]
    missed = np.hypot(*(evaluate(job, run.parameters[0])[-1] - job.y))
    steps = len(costs)
    left = Panel(_SIDE, _UP, [
        *(_drawn(g, "muted", f"step {k}") for g, k in zip(ghosts, stops, strict=True)),
        points(job.y[0], job.y[1], "data", size=1.5),
        _drawn(drawn, "approx"),
    ], title="The drawing", equal=True, height=1.0)  # fmt: skip
    shown = np.unique(np.round(np.geomspace(1, steps, 160)).astype(int))
    fall = line(shown, _clip(costs[shown - 1]), "approx")
    right = Panel(_STEP, _COST, [fall], name="cost", title="How it learned", height=1.0)
    now = cost_gradient(job, run.parameters[0], job.weights[0])[0]
    readings = [
        digits("rms", "root of the mean square of the miss", math.sqrt(now), 1e-13 * (1 + now)),
        digits("worst", "largest miss", float(missed.max()), 1e-13 * (1 + missed.max())),
        Reading.exact("steps", "full passes over 100 points", steps),
    ]
    trust = [] if s.moving else _luck(job, s, math.sqrt(now)) if math.isfinite(now) else [_LOST]
    return Scene([left, right], _learned(now, costs, run.plain), readings, trust)


def learn(job: Task, s: Settings, stops: tuple[int, ...]) -> tuple[Run, list[np.ndarray], Any]:
    """The trained network, what it drew at some stops on the way, and all costs."""
    run, ghosts, costs, done = _start(s), [], [], 0
    for stop in (*stops, STEPS):
        run = train(job, run, stop - done, s.rate, _RULES[s.rule])
        costs.append(run.costs[0])
        done = stop
        if stop != STEPS:
            ghosts.append(evaluate(job, run.parameters[0], _FINE[None])[-1])
    return run, ghosts, np.concatenate(costs)


def _start(s: Settings, further: int = 0) -> Run:
    gain = 2.0 if s.kind == "logistic" else 1.0
    return Run.at(starts(LAYERS, [1 + 3 * s.start + further], gain))


def _drawn(rows: np.ndarray, role: str, label: str = "") -> dict[str, Any]:
    x, y = _clip(rows)
    return line(x, y, role, label)


def _clip(values: np.ndarray) -> np.ndarray:
    """Values that a screen can hold; lines break where there is none."""
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(values) < 1e6, values, np.nan)


_LOST = Statement(Accuracy.UNKNOWN, "The training ran away: nothing it says is worth anything.")


def _luck(job: Task, s: Settings, rms: float) -> list[Statement]:
    """Two more starts: how much of the result is luck."""
    others = []
    for k in (1, 2):
        run = train(job, _start(s, k), STEPS, s.rate, _RULES[s.rule])
        cost = cost_gradient(job, run.parameters[0], job.weights[0])[0]
        others.append(math.sqrt(cost) if math.isfinite(cost) else math.inf)
    ends = sorted([rms, *others])
    said = ", ".join(f"{e:.2g}" if math.isfinite(e) else "beyond all bounds" for e in ends)
    return [
        Statement(
            Accuracy.ESTIMATED,
            f"From three random starts the same training ends at {said}, rounded: so much is luck "
            "of the start. None of them need be the best that 77 numbers can do.",
        ),
        Statement(
            Accuracy.UNKNOWN,
            "How the curve runs outside of the moments it was trained on. Nothing in the cost "
            "speaks of them.",
        ),
    ]


def _learned(cost: float, costs: np.ndarray, plain: bool) -> str:
    if not math.isfinite(cost) or cost > 10 * costs[0]:
        return (
            "The steps were too long: each overshot the last, and the parameters grew beyond all "
            "bounds. Choose a smaller step size."
        )
    slower = " (fewer than 10,000: machine code is not at hand here)" if plain else ""
    tail = costs[-max(len(costs) // 2, 1)]
    still = (
        "It is still learning: the second half of the training lowered the cost by more than a "
        "quarter."
        if costs[-1] < 0.75 * tail
        else "The second half of the training brought little more."
    )
    return (
        f"After [[steps]] steps{slower} the drawing is off by [[rms]] in the root mean square, and "
        f"by [[worst]] at most. {still}"
    )


def warm() -> None:
    """Compile the training of both kinds of network: about half a second."""
    for kind in ("tanh", "logistic"):
        train(task(_FISH, kind), Run.at(starts(LAYERS, [1])), 1, 0.1)


# ---- the gradient check -----------------------------------------------------------------------

_FORMULA = "(w2*tanh(w1*x+b1)+b2-y)^2"
_VALUES = {"x": 1.1, "y": 0.4, "w1": 0.8, "b1": -0.2, "w2": 1.3, "b2": 0.3}
_FIRST = ("w1", "b1", "w2", "b2")
_BUGS = {
    "none": "no mistake",
    "slope": "the slope of tanh is forgotten",
    "two": "the 2 of the square is forgotten",
    "weight": "the weight w₂ is forgotten",
    "sign": "the sign of the miss is wrong",
}
_TRIED = Axis("step h", 1e-12, 1.0, log=True)
_GAP = Axis("relative difference", 1e-13, 10.0, log=True)
_LADDER = np.geomspace(1e-12, 1.0, 97)


@figure(
    "Is the gradient right?",
    Choice(name="bug", label="mistake in the code", options=tuple(_BUGS.items())),
    Choice(name="by", label="derivative by", options=tuple((n, n) for n in _FIRST)),
    Handle(name="at", label="step h", at=(1e-5, 0.0), x=(1e-12, 1.0), y=(0.0, 0.0), along="x"),
    about="The relative difference between the derivative from backpropagation and a central "
    "difference, against the step, on logarithmic scales. If the code is right the difference "
    "falls like the square of the step, until rounding makes it rise again: a V. If the code has "
    "a mistake there is no V but a floor as high as the mistake is large.",
)
def gradcheck(s: Settings) -> Scene:
    c, h = _chain(), float(s.at[0])
    code = backpropagate(s.bug)[s.by]
    gaps = np.array([_gap(s.by, step, code) for step in _LADDER])
    difference = central(s.by, h)
    gap = abs(difference - code) / max(abs(difference), abs(code))
    panel = Panel(_TRIED, _GAP, [line(_LADDER, np.maximum(gaps, 1e-16), "truth")],
                  handles={"at": (h, float(np.clip(gap, 1e-13, 10.0)))})  # fmt: skip
    true = float(c.gradient[s.by])
    noise = 3e-16 * (2.0 + abs(float(c.value))) / h
    readings = [
        digits("code", f"what the code returns for ∂C/∂{s.by}", code, plain="right or not"),
        Reading.estimated("difference", f"∂C/∂{s.by} from a central difference", difference,
                          _truncation(h) + noise + abs(difference - true), "step and rounding"),
        digits("true", f"∂C/∂{s.by} from the library", true, float(c.error[s.by])),
    ]  # fmt: skip
    return Scene([panel], _checked(s, float(gaps.min())), readings, chain_statements(c))


@lru_cache(1)
def _chain() -> Chain:
    """The library's chain rule for the same cost."""
    import taylored as ty

    return ty.chain(_FORMULA, _VALUES)


def cost(values: dict[str, float]) -> float:
    """The cost itself."""
    a = math.tanh(values["w1"] * values["x"] + values["b1"])
    return (values["w2"] * a + values["b2"] - values["y"]) ** 2


def backpropagate(bug: str) -> dict[str, float]:
    """The gradient by hand, with a mistake put in."""
    v = _VALUES
    a = math.tanh(v["w1"] * v["x"] + v["b1"])
    miss = v["w2"] * a + v["b2"] - v["y"]
    last = (1.0 if bug == "two" else 2.0) * (-miss if bug == "sign" else miss)
    slope = 1.0 if bug == "slope" else 1.0 - a * a
    inner = last * (1.0 if bug == "weight" else v["w2"]) * slope
    return {"w1": inner * v["x"], "b1": inner, "w2": last * a, "b2": last}


def central(name: str, h: float) -> float:
    """The difference of the cost to both sides, over 2h."""
    value = _VALUES[name]
    up, down = ({**_VALUES, name: value + step} for step in (h, -h))
    return (cost(up) - cost(down)) / (2.0 * h)


def _gap(name: str, h: float, code: float) -> float:
    found = central(name, h)
    return abs(found - code) / max(abs(found), abs(code))


def _truncation(h: float) -> float:
    """A generous size of h² times the third derivative over 6, for this cost."""
    return 5.0 * h * h


def _checked(s: Settings, least: float) -> str:
    if least < 1e-7:
        verdict = (
            "The differences come as near as rounding lets them: this derivative is right."
            if s.bug == "none"
            else "This derivative is right: the mistake does not touch it. Look at the others."
        )
    else:
        verdict = (
            f"No step brings the two together: they stay apart by a share of about {least:.1g} at "
            "best. The code has a mistake."
        )
    return (
        "The code says [[code]]; the cost itself, asked with the step h, says [[difference]]. "
        + verdict
    )
