"""Small networks trained by full-batch descent: in machine code, else in NumPy with fewer steps."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

__all__ = ["Run", "Task", "activate", "cost_gradient", "evaluate", "slope", "starts", "train"]
__all__ += ["unpack"]

_MOST_PLAIN = 1_500  # steps without machine code
_lock = threading.Lock()  # a network is compiled once, however many ask


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be learned: x (inputs, points), y (outputs, points), by a network of `layers`.

    `weights` (members, points) say how much a point counts for a member; each row sums to 1.
    """

    layers: tuple[int, ...]
    activation: str  # of the hidden layers: "tanh" or "logistic"
    x: np.ndarray
    y: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True, eq=False)
class Run:
    """Where training is: parameters and velocity (members, count), the cost before each step."""

    parameters: np.ndarray
    velocity: np.ndarray
    costs: np.ndarray  # (members, steps)
    plain: bool = False  # trained by NumPy, with fewer steps than asked for

    @classmethod
    def at(cls, parameters: np.ndarray) -> Run:
        """At rest."""
        held = np.atleast_2d(np.asarray(parameters, float))
        return cls(held.copy(), np.zeros_like(held), np.zeros((len(held), 0)))


def starts(layers: Sequence[int], seeds: Sequence[int], gain: float = 1.0) -> np.ndarray:
    """Random parameters, one row for each seed: weights of spread gain/sqrt(inputs)."""
    rows = []
    for seed in seeds:
        rng, parts = np.random.default_rng(seed), []
        for before, after in pairwise(layers):
            parts.append(rng.normal(size=before * after) * gain / np.sqrt(before))
            parts.append(rng.normal(size=after) * 0.5)
        rows.append(np.concatenate(parts))
    return np.array(rows)


def unpack(layers: Sequence[int], parameters: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """The matrices and biases of each layer, of one row of parameters."""
    found, at = [], 0
    for before, after in pairwise(layers):
        middle, end = at + before * after, at + before * after + after
        found.append((parameters[at:middle].reshape(after, before), parameters[middle:end]))
        at = end
    return found


def activate(activation: str, z: Any) -> Any:
    """The activation; the logistic function by way of tanh, which cannot overflow."""
    return np.tanh(z) if activation == "tanh" else 0.5 * (1.0 + np.tanh(0.5 * np.asarray(z)))


def slope(activation: str, a: Any) -> Any:
    """The activation's derivative, from its value."""
    return 1.0 - a * a if activation == "tanh" else a * (1.0 - a)


def evaluate(task: Task, parameters: np.ndarray, x: np.ndarray | None = None) -> list[np.ndarray]:
    """The values of all layers, (width, points) each, the input first."""
    values = [task.x if x is None else x]
    layers = unpack(task.layers, parameters)
    for level, (weight, bias) in enumerate(layers):
        z = weight @ values[-1] + bias[:, None]
        values.append(z if level == len(layers) - 1 else activate(task.activation, z))
    return values


def train(task: Task, run: Run, steps: int, rate: float, momentum: float = 0.0) -> Run:
    """Go on for so many steps: v <- momentum v - rate gradient, parameters <- parameters + v."""
    from taylored.native.llvm import available

    if available():
        return _native(task, run, steps, (rate, momentum))
    return _plain(task, run, min(steps, _MOST_PLAIN), (rate, momentum))


def _native(task: Task, run: Run, steps: int, rule: tuple[float, float]) -> Run:
    from taylored.course.figures.training_code import compiled, lanes

    with _lock:
        code = compiled(task.layers, task.activation)
    x, y, weights = (_padded(a, lanes()) for a in (task.x, task.y, task.weights))
    done = Run(run.parameters.copy(), run.velocity.copy(), np.zeros((len(run.parameters), steps)))
    arrays = [x, y, weights, done.parameters, done.velocity, done.costs, np.array(rule, float)]
    vectors = x.shape[1] * 2 // lanes()
    counts = [vectors, len(done.parameters), steps]
    words = np.array(counts + [a.ctypes.data for a in arrays], np.int64)
    code.call(words.ctypes.data)
    return done


def _padded(rows: np.ndarray, multiple: int) -> np.ndarray:
    """Rows with zeros up to a multiple: points that count nothing."""
    found = np.zeros((len(rows), -(-rows.shape[1] // multiple) * multiple))
    found[:, : rows.shape[1]] = rows
    return found


def _plain(task: Task, run: Run, steps: int, rule: tuple[float, float]) -> Run:
    done = [_one(task, k, run, (steps, *rule)) for k in range(len(run.parameters))]
    p, v, costs = (np.array(part) for part in zip(*done, strict=True))
    return Run(p, v, costs, plain=True)


def _one(task: Task, k: int, run: Run, rule: tuple[int, float, float]) -> tuple[Any, Any, Any]:
    """One member in NumPy."""
    (steps, rate, momentum), weights = rule, task.weights[k]
    p, v, costs = run.parameters[k].copy(), run.velocity[k].copy(), np.zeros(steps)
    for step in range(steps):
        costs[step], gradient = cost_gradient(task, p, weights)
        v = momentum * v - rate * gradient
        p = p + v
    return p, v, costs


def cost_gradient(
    task: Task, parameters: np.ndarray, weights: np.ndarray
) -> tuple[float, np.ndarray]:
    """The weighted mean square and its gradient, by backpropagation."""
    values, layers = evaluate(task, parameters), unpack(task.layers, parameters)
    misses = values[-1] - task.y
    blame, parts = 2.0 * weights * misses, []
    for level in reversed(range(len(layers))):
        parts[:0] = [(blame @ values[level].T).ravel(), blame.sum(1)]
        if level:
            blame = (layers[level][0].T @ blame) * slope(task.activation, values[level])
    return float(np.sum(weights * misses**2)), np.concatenate(parts)
