"""Networks over boxes: the mean of the members and its derivatives, by affine forms.

Forwards, each activation is replaced by a line with a band; backwards, so is its derivative. The
symbols of the inputs are common to all members, so that their mean is bounded as one function.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from taylored.networks.bound import form as forms
from taylored.networks.bound.form import Form, Layer
from taylored.networks.bound.probabilities import softmax_form, softmax_seed
from taylored.networks.bound.ranges import flat, line, ranges
from taylored.readings.interval import arithmetic as ia
from taylored.readings.interval.arithmetic import Bounds
from taylored.readings.interval.executor import NUMPY
from taylored.readings.interval.margins import UNIT

__all__ = ["Members", "Outcome", "evaluate", "forward"]

_MOST_NUMBERS = 4e6  # of a layer's parts, for one box
_CHUNK = 5e5  # of a layer's parts at a time


@dataclass(frozen=True, eq=False)
class Members:
    """The networks whose mean is bounded, and the affine maps before and after them."""

    layers: tuple[tuple[np.ndarray, np.ndarray], ...]  # (members, out, in), (members, out)
    activation: str
    center: np.ndarray  # of the inputs
    scale: np.ndarray
    out_center: np.ndarray
    out_scale: np.ndarray
    softmax: bool = False

    @cached_property
    def forwards(self) -> tuple[Layer, ...]:
        made = [Layer.of(w.transpose(0, 2, 1), b[:, None, :]) for w, b in self.layers]
        if self.softmax:  # logits as they are
            eye = np.eye(self.outputs) * self.out_scale
            shape = (self.count, self.outputs, self.outputs)
            bias = np.broadcast_to(self.out_center, (self.count, 1, self.outputs))
            made.append(Layer.of(np.broadcast_to(eye, shape), bias))
        return tuple(made)

    @cached_property
    def backwards(self) -> tuple[Layer, ...]:
        """From the outputs to the inputs."""
        return tuple(Layer.of(x.weight.transpose(0, 2, 1)) for x in self.forwards[::-1])

    @property
    def count(self) -> int:
        return len(self.layers[0][0])

    @property
    def inputs(self) -> int:
        return self.layers[0][0].shape[2]

    @property
    def outputs(self) -> int:
        return self.layers[-1][0].shape[1]

    @property
    def hidden(self) -> list[int]:
        """Units with an activation, by layer."""
        return [w.shape[1] for w, _ in self.layers[:-1]]

    @property
    def values_size(self) -> float:
        """How many numbers the largest parts have on the way forwards, for one box."""
        units = [*self.hidden, self.outputs]
        symbols = self.inputs + np.cumsum([0, *self.hidden])
        return float(self.count * np.max(symbols * units))

    @property
    def slopes_size(self) -> float:
        """The same on the way backwards."""
        widest, symbols = max([self.inputs, *self.hidden]), self.inputs + 2 * sum(self.hidden)
        return float(self.count * self.outputs * widest * symbols)

    def standardized(self, low: np.ndarray, high: np.ndarray) -> Bounds:
        """(x - center)/scale over boxes (boxes, inputs)."""
        less = ia.add(NUMPY, (low, high), (-self.center, -self.center))
        return NUMPY.down(less[0] / self.scale), NUMPY.up(less[1] / self.scale)


@dataclass(frozen=True, eq=False, slots=True)
class Outcome:
    """Over each box: ranges of the mean (boxes, outputs), `slopes` (boxes, outputs, inputs) of it.

    `bends` (boxes, outputs, inputs, inputs) say how the derivatives change, by the linear parts of
    their forms, from the center to the side of the box in each input.
    """

    value: Bounds
    slopes: Bounds | None = None
    bends: np.ndarray | None = None

    @staticmethod
    def joined(parts: Sequence[Outcome]) -> Outcome:
        def both(name: str) -> Any:
            found = [getattr(p, name) for p in parts]
            if found[0] is None:
                return None
            if isinstance(found[0], tuple):
                return tuple(np.concatenate(ends) for ends in zip(*found, strict=True))
            return np.concatenate(found)

        return Outcome(both("value"), both("slopes"), both("bends"))


def evaluate(
    members: Members, low: np.ndarray, high: np.ndarray, *, slopes: bool, symbols: bool = True
) -> Outcome:
    """Enclose the mean over boxes with ends (boxes, inputs).

    Without `symbols` by plain intervals, which is quick, and enough for single points.
    """
    size = members.values_size + (members.slopes_size if slopes else 0.0)
    if not symbols:
        size = float(members.count * (1 + members.outputs) * max([members.inputs, *members.hidden]))
    step = max(1, int(_CHUNK / max(size, 1.0)))
    return Outcome.joined([
        _evaluate(members, low[k : k + step], high[k : k + step], slopes, symbols)
        for k in range(0, len(low), step)
    ])  # fmt: skip


def _evaluate(
    members: Members, low: np.ndarray, high: np.ndarray, slopes: bool, symbols: bool
) -> Outcome:
    symbols = symbols and members.values_size <= _MOST_NUMBERS
    sums = forward(members, low, high, symbols)
    shared = members.inputs if symbols else 0
    last = softmax_form(sums[-1]) if members.softmax else sums[-1]
    found, _ = _mean(last, shared)
    if not members.softmax:
        found = _scaled(found, members.out_scale, members.out_center)
    if not slopes:
        return Outcome(found)
    tied = symbols and members.slopes_size <= _MOST_NUMBERS
    seed = None
    if members.softmax:
        seed = softmax_seed(last if tied else _loose(last))
    derivatives, bends = _slopes(members, sums, seed, tied)
    return Outcome(found, derivatives, bends)


def forward(members: Members, low: np.ndarray, high: np.ndarray, symbols: bool) -> list[Form]:
    """The sums of every layer over boxes."""
    ends = members.standardized(low, high)
    shape = (members.count, *ends[0].shape)
    low_ends, high_ends = (np.broadcast_to(e, shape) for e in ends)
    x = forms.interval_form(low_ends, high_ends, symbols)
    found = []
    for k, layer in enumerate(members.forwards):
        sums = forms.linear(x, layer, symbols and k <= len(members.hidden))
        found.append(sums)
        if k < len(members.hidden):
            x = forms.follow(sums, _line(members.activation, 0, sums, symbols))
        else:
            x = sums
    return found


def _line(name: str, order: int, sums: Form, symbols: bool) -> Any:
    if symbols:
        return line(name, order, sums.low, sums.high)
    low, high = ranges(name, sums.low, sums.high, order)
    return flat(low[order], high[order])


def _slopes(
    members: Members, sums: list[Form], seed: Form | None, symbols: bool
) -> tuple[Bounds, np.ndarray | None]:
    """Backwards from the outputs: the derivatives of the mean by the inputs, and their trends."""
    count, boxes, outputs = members.count, sums[0].center.shape[1], members.outputs
    if seed is None:
        one = np.tile(np.eye(outputs), (count, boxes, 1))
        seed = forms.interval_form(one, one, False)
    g = forms.linear(seed, members.backwards[0], symbols and members.softmax)
    layers = members.backwards[1:]
    if members.softmax:
        g, layers = forms.linear(g, layers[0], False), layers[1:]
    for k, layer in zip(range(len(members.hidden) - 1, -1, -1), layers, strict=True):
        at = sums[k]
        slope = forms.follow(at, _line(members.activation, 1, at, symbols))
        if not symbols:  # what is bounded away belongs to no symbol
            g, slope = _loose(g), _loose(slope)
        g = forms.linear(forms.product(g, slope), layer, symbols)
    found, trend = _mean(g, members.inputs if symbols else 0)
    shape = (boxes, outputs, members.inputs)
    bounds = tuple(e.reshape(shape) for e in found)
    ratio = _ratio(members)
    bends = None
    if trend.shape[1]:
        square = trend.reshape(*shape, members.inputs).swapaxes(2, 3)
        bends = square * ratio[0][:, :, None]
    return ia.multiply(NUMPY, bounds, ratio), bends  # type: ignore[arg-type]


def _loose(x: Form) -> Form:
    none = np.zeros((*x.center.shape[:2], 0, x.center.shape[2]))
    return Form(x.center, none, x.fresh + x.shared, x.rest, x.low, x.high)


def _ratio(members: Members) -> Bounds:
    """The scale of the outputs over that of the inputs, (outputs, inputs)."""
    above = np.ones(members.outputs) if members.softmax else members.out_scale
    ratio = above[:, None] / members.scale
    return NUMPY.down(ratio), NUMPY.up(ratio)


def _mean(x: Form, shared: int) -> tuple[Bounds, np.ndarray]:
    """The mean over members: the first symbols are common to all of them."""
    count = len(x.center)
    error = (count + 6) * UNIT
    center, size = x.center.mean(axis=0), np.abs(x.center).mean(axis=0)
    common = x.parts[:, :, :shared]
    trend = common.mean(axis=0)
    own = forms.rounded_sum(np.abs(x.parts[:, :, shared:]), 2) + x.fresh + x.rest
    slack = error * (np.abs(common).mean(axis=0).sum(axis=1) + size)
    reach = forms.rounded_sum(np.abs(trend), 1) + own.mean(axis=0) * (1.0 + error) + slack
    reach = reach * (1.0 + (shared + 8) * UNIT)
    bounds = NUMPY.down(center - reach), NUMPY.up(center + reach)
    return ia.meet(NUMPY, bounds, _mean_of_ranges((x.low, x.high))), trend


def _mean_of_ranges(x: Bounds) -> Bounds:
    low, high = ia.sum_over(NUMPY, x, 0)
    count = float(len(x[0]))
    return NUMPY.down(low / count), NUMPY.up(high / count)


def _scaled(x: Bounds, scale: np.ndarray, center: np.ndarray) -> Bounds:
    return ia.add(NUMPY, ia.multiply(NUMPY, x, (scale, scale)), (center, center))
