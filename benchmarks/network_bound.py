"""Proved ranges of networks: samples that lie outside, and widths beside plain interval arithmetic.

The samples are judged by the predictions of the fit and by derivatives in NumPy, the widths by
intervals carried through layer by layer: nothing here is taken from the code that is measured.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from network_data import Split, Task, coverage_tasks, formulas

__all__ = ["RADIUS", "Bounded", "bounded"]

RADIUS = 0.1  # of a box, in standard deviations of each input
PART = 10_000  # samples at a time
TANH, RELU = "tanh", "relu"


@dataclass(frozen=True)
class Bounded:
    """Of one trained network: samples and how many lay outside, its widths over those of plain
    intervals and over what the samples reach, of derivatives the widest input, and the CPU seconds
    of one box."""

    name: str
    samples: int
    outside: int
    value: tuple[float, float]  # median and largest over the boxes
    derivative: tuple[float, float]
    reached: tuple[float, float]  # medians: of values, of derivatives
    seconds: float


def bounded(samples: int, boxes: int) -> Iterator[Bounded]:
    """`samples` of each network, in boxes around rows that it was not trained on."""
    for task, activation in _tasks():
        yield _one(task, activation, samples, boxes)


def _tasks() -> list[tuple[Task, str]]:
    laws = [_formula(name, hidden) for name, hidden in (("ratio", (20, 20)), ("wave", (32, 32)))]
    tables = list(coverage_tasks())
    return [*((t, TANH) for t in (*tables, *laws)), (tables[2], RELU), (laws[0], RELU)]


def _formula(name: str, hidden: tuple[int, ...]) -> Task:
    def draw(seed: int) -> Split:
        rng = np.random.default_rng([seed, 5])
        X, X_new = rng.uniform(-1, 1, (500, 4)), rng.uniform(-1, 1, (500, 4))
        law = formulas()[name]
        return Split(X, law(X), X_new, law(X_new))

    return Task(name, draw, hidden, drawn=True)


def _one(task: Task, activation: str, samples: int, boxes: int) -> Bounded:
    import taylored as ty

    split = task.draw(0)
    net = ty.train(split.X, split.y, hidden=task.hidden, activation=activation, seed=0)
    mine = _Layers(net, activation)
    rng = np.random.default_rng(len(task.name))
    radius = RADIUS * split.X.std(0)
    counts, rows = np.zeros(2, int), []
    for k in range(boxes):
        center = split.X_new[k % len(split.X_new)]
        low, high = center - radius, center + radius
        began = time.process_time()
        found = net.bound(low, high)
        spent = time.process_time() - began
        plain = mine.plain(low, high)
        seen, outside, reached = _sampled(net, mine, found, rng, -(-samples // boxes))
        counts += seen, outside
        widths = np.append(_wide(found.value), _wide(found.derivative))
        over = widths / plain, widths / reached
        rows.append([v for o in over for v in (o[0], o[1:].max())] + [spent])
    value, derivative, *reach, spent = np.array(rows).T
    name = f"{task.name}, {'-'.join(map(str, task.hidden))} {activation}"
    return Bounded(
        name, int(counts[0]), int(counts[1]),
        (float(np.median(value)), float(value.max())),
        (float(np.median(derivative)), float(derivative.max())),
        (float(np.median(reach[0])), float(np.median(reach[1]))), float(np.median(spent)),
    )  # fmt: skip


def _wide(found: Any) -> np.ndarray:
    return np.asarray(found.hi) - np.asarray(found.lo)


def _sampled(
    net: Any, mine: _Layers, found: Any, rng: np.random.Generator, count: int
) -> tuple[int, int, np.ndarray]:
    """How many samples, how many outside in value or a derivative, and the widths they reach."""
    outside, least, most = 0, np.inf, -np.inf
    for start in range(0, count, PART):
        x = _points(rng, found.lo, found.hi, min(PART, count - start))
        rows = np.column_stack([net.predict(x).value, mine.slopes(x)])
        low = np.append(found.value.lo, found.derivative.lo)
        high = np.append(found.value.hi, found.derivative.hi)
        outside += int(np.any((rows < low) | (rows > high), axis=1).sum())
        least, most = np.minimum(least, rows.min(0)), np.maximum(most, rows.max(0))
    return count, outside, np.asarray(most - least)


def _points(rng: np.random.Generator, low: np.ndarray, high: np.ndarray, count: int) -> np.ndarray:
    """Inside, on faces, edges and corners: extremes of derivatives and values are often there."""
    x = rng.uniform(low, high, (count, len(low)))
    share = rng.choice([0.0, 0.3, 0.7, 1.0], (count, 1))
    ends = np.where(rng.random(x.shape) < 0.5, low, high)
    return np.where(rng.random(x.shape) < share, ends, x)


class _Layers:
    """The members of a fit in the user's units, as arrays."""

    def __init__(self, net: Any, activation: str):
        self.layers = net.model.weights(np.asarray(net.theta, float))
        self.center = np.array([c.center for c in net.encoder.columns])
        self.scale = np.array([c.scale for c in net.encoder.columns])
        self.unit = float(net.response.scale[0])
        self.activation = activation

    def _activations(self, x: np.ndarray) -> list[np.ndarray]:
        """The slopes (members, rows, units) of the activations of each layer."""
        h, slopes = ((x - self.center) / self.scale)[None], []
        for weight, bias in self.layers[:-1]:
            z = h @ weight + bias
            h = np.tanh(z) if self.activation == TANH else np.maximum(z, 0)
            slopes.append(1 - h * h if self.activation == TANH else (z > 0) * 1.0)
        return slopes

    def slopes(self, x: np.ndarray) -> np.ndarray:
        """(rows, inputs) derivatives of the mean, backwards."""
        found = self._activations(x)
        back = self.layers[-1][0].transpose(0, 2, 1)
        for (weight, _), slope in zip(self.layers[-2::-1], found[::-1], strict=True):
            back = (back * slope) @ weight.transpose(0, 2, 1)
        return back.mean(0) * self.unit / self.scale

    def plain(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Widths of the value and the derivatives by interval arithmetic, layer by layer."""
        a, b = (((e - self.center) / self.scale)[None, None] for e in (low, high))
        slopes = []
        for weight, bias in self.layers[:-1]:
            a, b = (e + bias for e in _times(a, b, weight))
            slopes.append(self._slope_ends(a, b))
            a, b = (np.tanh(e) if self.activation == TANH else np.maximum(e, 0) for e in (a, b))
        weight, bias = self.layers[-1]
        a, b = _times(a, b, weight)
        value = float((b - a).mean() * self.unit)
        a = b = weight.transpose(0, 2, 1)
        for (weight, _), ends in zip(self.layers[-2::-1], slopes[::-1], strict=True):
            products = [e * s for e in (a, b) for s in ends]
            least, most = np.min(products, axis=0), np.max(products, axis=0)
            a, b = _times(least, most, weight.transpose(0, 2, 1))
        return np.append(value, (b - a).mean((0, 1)) * self.unit / self.scale)

    def _slope_ends(self, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The range of the slope of the activation between a and b."""
        if self.activation == RELU:
            return (a > 0) * 1.0, (b > 0) * 1.0
        near = np.where((a <= 0) & (b >= 0), 0.0, np.minimum(np.abs(a), np.abs(b)))
        far = np.maximum(np.abs(a), np.abs(b))
        return 1 - np.tanh(far) ** 2, 1 - np.tanh(near) ** 2


def _times(a: np.ndarray, b: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """[a, b] @ weight, of intervals (members, rows, inputs)."""
    plus, minus = np.maximum(weight, 0), np.minimum(weight, 0)
    return a @ plus + b @ minus, b @ plus + a @ minus
