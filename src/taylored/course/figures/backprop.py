"""Backpropagation: any formula as a graph, a network's blame, and the price of both directions."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.course.figures.said import chain_statements, digits
from taylored.course.figures.training_runs import Run, Task, evaluate, starts, train, unpack
from taylored.course.kit import (
    Axis,
    Formula,
    Handle,
    Panel,
    Reading,
    Scene,
    Settings,
    Slider,
    Statement,
    edges,
    figure,
    line,
    mark,
    nodes,
    points,
)
from taylored.errors import ArgumentError
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.networks.chain import Chain

__all__ = ["after", "blame", "graph", "heart", "price", "warm", "work"]

# ---- any formula as a graph -------------------------------------------------------------------

_MOST_NODES = 30
_NAMES = ("x", "y", "w", "b")


@figure(
    "Values forwards, blame backwards",
    Formula(name="formula", label="a formula of x, y, w, b", at="(tanh(w*x+b)-y)^2",
            variables=_NAMES, examples=("(sigmoid(w*x+b)-y)^2", "x*sin(x*y)", "exp(-x^2)*(x+w)",
                                        "(w*tanh(w*x+b)-y)^2")),
    Slider(name="walk", label="how far the walk has come", lo=0.0, hi=1.0, at=1.0, step=0.01),
    *(Slider(name=n, label=n, lo=-2.0, hi=2.0, at=at, step=0.01)
      for n, at in zip(_NAMES, (0.7, 0.9, 1.2, -0.3), strict=True)),
    kind="graph",
    about="A formula drawn as a graph: one node for each operation, from the inputs on the left to "
    "the result on the right. On the first half of the walk the values are filled in from left to "
    "right; on the second half the adjoints, that is the derivatives of the result by each node, "
    "from right to left.",
)  # fmt: skip
def graph(s: Settings) -> Scene:
    import taylored as ty

    used = _used(s.formula)
    c = ty.chain(s.formula, {n: s[n] for n in used})
    if len(c.nodes) > _MOST_NODES:
        raise ArgumentError(
            f"The graph has {len(c.nodes)} nodes.",
            why=f"at most {_MOST_NODES} can be drawn",
            next_step="shorten the formula",
        )
    count = len(c.nodes)
    steps = round(s.walk * 2 * count)
    seen, blamed = min(steps, count), max(steps - count, 0)
    places = _places(c)
    panel = Panel(*_frame(places), [edges(_arrows(c, seen, blamed)),
                                    nodes(_boxes(c, places, seen, blamed))],
                  bare=True, height=0.45)  # fmt: skip
    readings = [_derivative(c, name) for name in used]
    trust = [] if s.moving else chain_statements(c)
    return Scene([panel], _walked(c, seen, blamed), readings, trust)


def _used(formula: str) -> list[str]:
    from taylored.formula import parse

    used = list(parse(formula).model.names)
    if not used:
        raise ArgumentError("The formula has no variable.", why="there is no input to vary",
                            next_step=f"use one of {', '.join(_NAMES)}")  # fmt: skip
    return used


def _derivative(c: Chain, name: str) -> Reading:
    error, said = float(c.error[name]), f"∂f/∂{name}"
    if not math.isfinite(error):
        return Reading.unknown(name, said, "not finite here")
    return digits(name, said, float(c.gradient[name]), error)


def _places(c: Chain) -> dict[str, tuple[float, float]]:
    """Where the nodes are: across by how many operations lie before, inputs next to their use."""
    depth: dict[str, int] = {}
    before: dict[str, list[str]] = {}
    for edge in c.edges:
        before.setdefault(edge.target, []).append(edge.source)
    for node in c.nodes:
        depth[node.name] = 1 + max((depth[b] for b in before.get(node.name, [])), default=-1)
    for node in c.nodes:
        if not before.get(node.name):
            uses = [depth[e.target] for e in c.edges if e.source == node.name]
            depth[node.name] = min(uses, default=1) - 1
    rows: dict[str, float] = {}
    columns: dict[int, list[str]] = {}
    for name, level in depth.items():
        columns.setdefault(level, []).append(name)
    for level in sorted(columns):
        names = sorted(columns[level], key=lambda n: _wish(n, before, rows))
        for k, name in enumerate(names):
            rows[name] = k - 0.5 * (len(names) - 1)
    return {name: (float(depth[name]), -rows[name]) for name in depth}


def _wish(name: str, before: dict[str, list[str]], rows: dict[str, float]) -> float:
    """The mean row of what a node is made of; inputs come last."""
    known = [rows[b] for b in before.get(name, []) if b in rows]
    return float(np.mean(known)) if known else 50.0


def _frame(places: dict[str, tuple[float, float]]) -> tuple[Axis, Axis]:
    x, y = zip(*places.values(), strict=True)
    return (Axis("", min(x) - 0.5, max(x) + 0.5),
            Axis("", min(y) - 0.8, max(max(y) + 0.8, min(y) + 1.7)))  # fmt: skip


def _boxes(
    c: Chain, places: dict[str, tuple[float, float]], seen: int, blamed: int
) -> list[dict[str, Any]]:
    found, count = [], len(c.nodes)
    for k, node in enumerate(c.nodes):
        x, y = places[node.name]
        done, back = k < seen, k >= count - blamed
        row = {"id": node.name, "x": x, "y": y, "label": _label(node),
               "shape": "box" if node.operation else "circle",
               "role": "approx" if _current(k, seen, blamed, count) else
               "truth" if done else "muted"}  # fmt: skip
        if done:
            row["value"] = _short(node.value)
        if back:
            row["adjoint"] = _short(node.adjoint)
        found.append(row)
    return found


def _current(k: int, seen: int, blamed: int, count: int) -> bool:
    """Whether this node was filled in last."""
    return k == count - blamed if 0 < blamed < count else not blamed and k == seen - 1


def _label(node: Any) -> str:
    """The operation, with a dot for what comes in over an edge; or the input's name."""
    return re.sub(r"\bv\d+\b", "·", node.operation) if node.operation else node.name


def _short(value: Any) -> str:
    return f"{float(np.asarray(value)):.4g}"


def _arrows(c: Chain, seen: int, blamed: int) -> list[dict[str, Any]]:
    """The edges; from where the walk has come back, with their factors."""
    order = {node.name: k for k, node in enumerate(c.nodes)}
    count = len(c.nodes)
    found = []
    for edge in c.edges:
        back = order[edge.target] >= count - blamed
        row = {"from": edge.source, "to": edge.target, "weight": 0.15, "role": "muted"}
        if back:
            row |= {"label": f"{float(edge.factor):.3g}", "role": "a"}
        elif order[edge.target] < seen:
            row["role"] = "truth"
        found.append(row)
    return found


def _walked(c: Chain, seen: int, blamed: int) -> str:
    count = len(c.nodes)
    if not seen:
        return "Nothing is filled in yet: move the walk on."
    if not blamed:
        node = c.nodes[seen - 1]
        made = f"the node {_label(node)}" if node.operation else f"the input {node.name}"
        return (
            f"Forwards: {made} is {_short(node.value)}, rounded. Each node needs only those "
            "before it."
        )
    if blamed < count:
        node = c.nodes[count - blamed]
        return (
            f"Backwards: if the node {_label(node)} grew by a little, f would grow "
            f"{_short(node.adjoint)} times as much, rounded. Each node adds up, over the arrows "
            "that leave it, the number on the arrow times the adjoint at its end."
        )
    said = ", ".join(f"by {n} it is [[{n}]]" for n in c.gradient)
    return f"One walk forwards, one backwards, and all derivatives of f are there: {said}."


# ---- blame in the network ---------------------------------------------------------------------

_LAYERS = (1, 6, 7, 2)
_RATE = 0.2


def heart(t: Any) -> np.ndarray:
    """A closed curve, t from -1 to 1, as rows x and y."""
    a = np.pi * np.asarray(t)
    y = 13 * np.cos(a) - 5 * np.cos(2 * a) - 2 * np.cos(3 * a) - np.cos(4 * a)
    return np.array([0.8 * np.sin(a) ** 3, 0.1 + 0.05 * y])


@lru_cache(1)
def _task() -> Task:
    t = np.linspace(-1.0, 1.0, 100)
    return Task(_LAYERS, "tanh", t[None], heart(t), np.full((1, 100), 0.01))


@lru_cache(128)
def after(steps: int) -> tuple[np.ndarray, int]:
    """The parameters after so many steps from one start, and how many they were."""
    run = train(_task(), Run.at(starts(_LAYERS, [3])), steps, _RATE)
    return run.parameters[0], run.costs.shape[1]


def warm() -> None:
    """Compile the training."""
    after(10)


@figure(
    "Who is to blame?",
    Slider(name="steps", label="training steps before", lo=1, hi=10_000, at=20, log=True),
    Slider(name="t", label="the point, t", lo=-1.0, hi=1.0, at=0.35, step=0.01),
    kind="graph",
    about="The network 1-6-7-2 with its 16 circles and 62 connections. The width of a connection "
    "says how much the cost of one point would change if its weight were changed a little. The "
    "blame starts at the two outputs and is passed back layer by layer; early in training it is "
    "large everywhere, later small.",
)
def blame(s: Settings) -> Scene:
    parameters, steps = after(_round(s.steps))
    layers = unpack(_LAYERS, parameters)
    x, wanted = np.array([[s.t]]), heart(s.t)[:, None]
    values = evaluate(_task(), parameters, x)
    blames, slopes = _blamed(layers, values, wanted)
    cost = float(np.sum((values[-1] - wanted) ** 2))
    sizes = [float(np.sqrt(np.sum(g**2))) for g in slopes]
    panel = Panel(Axis("", -0.4, 3.4), Axis("", -3.6, 3.6),
                  [edges(_wires(slopes)), nodes(_cells(values, blames))],
                  bare=True, height=0.9)  # fmt: skip
    readings = [
        digits("cost", "cost of this point, (a − y)² summed", cost, 1e-12 * (1 + cost)),
        *(_size(k + 1, v) for k, v in enumerate(sizes)),
    ]  # fmt: skip
    return Scene([panel], _told(steps, sizes), readings)


def _size(layer: int, value: float) -> Reading:
    return digits(f"g{layer}", f"length of ∂C/∂W{layer}", value, 1e-12 * (1 + value))


def _round(steps: float) -> int:
    """Two digits, so that few different networks are trained."""
    return int(float(f"{steps:.2g}"))


def _blamed(
    layers: list[tuple[np.ndarray, np.ndarray]], values: list[np.ndarray], wanted: np.ndarray
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """∂C/∂z of each layer, and ∂C/∂W of each matrix."""
    blame = 2.0 * (values[-1] - wanted)
    blames, slopes = [blame], [blame @ values[-2].T]
    for level in (2, 1):
        blame = (layers[level][0].T @ blame) * (1.0 - values[level] ** 2)
        blames.insert(0, blame)
        slopes.insert(0, blame @ values[level - 1].T)
    return blames, slopes


def _cells(values: list[np.ndarray], blames: list[np.ndarray]) -> list[dict[str, Any]]:
    found = []
    for level, column in enumerate(values):
        for k, value in enumerate(column[:, 0]):
            row = {"id": f"{level}-{k}", "x": float(level), "y": _height(level, k), "label": "",
                   "value": f"{value:.2f}", "shape": "circle", "role": "truth"}  # fmt: skip
            if level:
                row["adjoint"] = f"{blames[level - 1][k, 0]:.2g}"
            found.append(row)
    return found


def _height(level: int, k: int) -> float:
    return 1.0 * (0.5 * (_LAYERS[level] - 1) - k)


def _wires(slopes: list[np.ndarray]) -> list[dict[str, Any]]:
    """The connections; the widest belongs to the largest derivative of all."""
    largest = max(float(np.max(np.abs(g))) for g in slopes) or 1.0
    return [
        {"from": f"{level}-{i}", "to": f"{level + 1}-{j}", "weight": float(g[j, i]) / largest,
         "role": "a" if g[j, i] >= 0 else "b"}
        for level, g in enumerate(slopes) for j in range(g.shape[0]) for i in range(g.shape[1])
    ]  # fmt: skip


def _told(steps: int, sizes: list[float]) -> str:
    if not all(math.isfinite(v) for v in sizes):
        return f"After {steps:,} steps the numbers have grown beyond all bounds."
    most = int(np.argmax(sizes)) + 1
    return (
        f"After {steps:,} training steps this point costs [[cost]]. The blame of the matrices has "
        f"the lengths [[g1]], [[g2]] and [[g3]]: a step downhill changes W{most} most."
    )


# ---- what it costs ----------------------------------------------------------------------------

_MANY = Axis("inputs n", 1.0, 10_000.0, log=True)
_WORK = Axis("multiplications", 100.0, 1e9, log=True)


@figure(
    "Forwards or backwards: the price",
    Handle(name="at", label="number of inputs", at=(1000.0, 0.0), x=(1.0, 10_000.0), y=(0.0, 0.0),
           along="x"),
    Slider(name="m", label="number of outputs m", lo=1, hi=1000, at=1, log=True),
    Slider(name="k", label="width of the layers between", lo=5, hi=100, at=30, step=1),
    about="How many multiplications the product of three Jacobians takes, against the number of "
    "inputs, on logarithmic scales: one line for the product formed from the input side, one from "
    "the output side. They cross where there are as many inputs as outputs. With one output, the "
    "way from the output side is cheaper for any number of inputs above one.",
)  # fmt: skip
def price(s: Settings) -> Scene:
    n, m, k = max(1, round(s.at[0])), max(1, round(s.m)), s.k
    forward, reverse = work(n, m, k)
    many = np.unique(np.round(np.geomspace(1, 10_000, 60)))
    up, down = work(many, m, k)
    panel = Panel(_MANY, _WORK, [
        line(many, up, "a", "forwards"), line(many, down, "b", "backwards"),
        points([n, n], [forward, reverse], "approx"),
        mark(m, 200.0, f"n = m = {m}", "muted", "middle"),
    ], handles={"at": (float(n), float(min(forward, reverse)))})  # fmt: skip
    readings = [
        Reading.exact("n", "inputs", n),
        Reading.exact("m", "outputs", m),
        Reading.exact("forward", "multiplications forwards", forward),
        Reading.exact("reverse", "multiplications backwards", reverse),
        digits("ratio", "forwards / backwards", forward / reverse),
    ]
    return Scene([panel], _priced(forward, reverse, m), readings, [] if s.moving else [_counted()])


def work(n: Any, m: int, k: int) -> tuple[Any, Any]:
    """Multiplications of J3 (J2 J1), and of (J3 J2) J1, for the shapes m×k, k×k, k×n."""
    return k * k * n + m * k * n, m * k * k + m * k * n


def _priced(forward: int, reverse: int, m: int) -> str:
    if forward == reverse:
        return "As many inputs as outputs: both ways take [[forward]] multiplications."
    better = "backwards" if reverse < forward else "forwards"
    return (
        f"With [[n]] inputs and [[m]] {'output' if m == 1 else 'outputs'}, [[forward]] "
        f"multiplications forwards and [[reverse]] backwards: {better} is cheaper; the first is "
        "[[ratio]] times the second."
    )


@lru_cache(1)
def _counted() -> Statement:
    """The library's own count on a small network's cost."""
    import taylored as ty

    values = {"w1": 0.5, "w2": -0.4, "w3": 0.3, "w4": 0.8, "b": 0.1}
    c = ty.chain("(tanh(w1*0.3+w2*0.7+w3*0.2+w4*0.9+b)-0.6)^2", values)
    return Statement(
        Accuracy.PROVED,
        f"Counted by the library on a neuron with 5 parameters, edge by edge: {c.cost.forward} "
        f"multiplications forwards, {c.cost.reverse} backwards. Counts are exact.",
    )
