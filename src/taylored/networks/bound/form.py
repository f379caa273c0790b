"""Affine forms: numbers that depend on symbols in [-1, 1], with what rounding adds.

    x = center + parts . symbols + fresh . (symbols of their own) +- rest,   low <= x <= high

Axes are (members, rows, units), for `parts` (members, rows, symbols, units). The rounding of all
products is covered by the bound of a sum of n terms in any order (Higham, Accuracy and Stability
of Numerical Algorithms, chapter 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.networks.bound.ranges import Line
from taylored.readings.interval.executor import NUMPY
from taylored.readings.interval.margins import UNIT

__all__ = ["Form", "Layer", "follow", "interval_form", "linear", "product", "rounded_sum"]

_TINY = 1e-300  # more than what underflows in sums of products


@dataclass(frozen=True, eq=False, slots=True)
class Form:
    """Affine forms and the intervals that their values lie in."""

    center: Any
    parts: Any
    fresh: Any
    rest: Any
    low: Any
    high: Any

    @property
    def symbols(self) -> int:
        return self.parts.shape[2]

    @property
    def shared(self) -> Any:
        """How far the parts reach, rounded up."""
        return rounded_sum(np.abs(self.parts), 2)


@dataclass(frozen=True, eq=False, slots=True)
class Layer:
    """x @ weight + bias of every member: weight (members, in, out), bias (members, 1, out)."""

    weight: Any
    size: Any  # |weight|
    bias: Any

    @classmethod
    def of(cls, weight: Any, bias: Any = None) -> Layer:
        weight = np.ascontiguousarray(weight)
        zero = np.zeros((weight.shape[0], 1, weight.shape[2]))
        return cls(weight, np.abs(weight), zero if bias is None else bias)


def rounded_sum(sizes: Any, axis: int) -> Any:
    """A sum of what is not negative, rounded up."""
    return sizes.sum(axis=axis) * (1.0 + (sizes.shape[axis] + 2) * UNIT)


def interval_form(low: Any, high: Any, symbols: bool) -> Form:
    """Intervals (members, rows, units) as forms: with a symbol each, or with none."""
    middle = np.where(low == high, low, 0.5 * low + 0.5 * high)
    reach = np.maximum(high - middle, middle - low) * (1.0 + 4 * UNIT)
    reach = np.where(low == high, 0.0, reach + 2 * UNIT * np.abs(middle) + _TINY)
    none = np.zeros((*low.shape[:2], 0, low.shape[2]))
    zero = np.zeros_like(reach)
    return Form(middle, none, reach if symbols else zero, zero if symbols else reach, low, high)


def linear(x: Form, layer: Layer, expand: bool) -> Form:
    """The forms of a layer's sums.

    With `expand` each unit's own symbol becomes one of all; without, it is bounded away.
    """
    error = (layer.weight.shape[1] + 8) * UNIT
    rows = x.center.shape[1]
    size = np.abs(x.center) + x.shared + x.fresh
    rest = (x.rest if expand else x.rest + x.fresh) + error * size
    middle = 0.5 * x.low + 0.5 * x.high
    reach = np.maximum(x.high - middle, middle - x.low) * (1.0 + 4 * UNIT)
    reach = reach + error * (np.abs(middle) + reach)
    sums = np.concatenate([x.center, middle], axis=1) @ layer.weight + layer.bias
    sizes = np.concatenate([rest, reach], axis=1) @ layer.size
    sizes = sizes * (1.0 + 2 * error) + 4 * UNIT * np.abs(layer.bias) + _TINY
    parts = _moved(x, layer, expand)
    center, rest = sums[:, :rows], sizes[:, :rows]
    reach = (rounded_sum(np.abs(parts), 2) + rest) * (1.0 + 4 * UNIT)
    low = np.maximum(NUMPY.down(center - reach), NUMPY.down(sums[:, rows:] - sizes[:, rows:]))
    high = np.minimum(NUMPY.up(center + reach), NUMPY.up(sums[:, rows:] + sizes[:, rows:]))
    return Form(center, parts, np.zeros_like(center), rest, low, high)


def _moved(x: Form, layer: Layer, expand: bool) -> Any:
    """The parts after a layer, those of the units' own symbols last."""
    members, rows, symbols, units = x.parts.shape
    moved = x.parts.reshape(members, rows * symbols, units) @ layer.weight
    moved = moved.reshape(members, rows, symbols, layer.weight.shape[2])
    if not expand:
        return moved
    own = x.fresh[..., None] * layer.weight[:, None]
    return np.concatenate([moved, own], axis=2) if symbols else own


def follow(x: Form, line: Line) -> Form:
    """f(x) for a function with this line near it; what is not shared becomes a symbol's."""
    slope = np.abs(line.slope)
    shared = x.shared
    rounding = 4 * UNIT * (slope * (np.abs(x.center) + shared) + np.abs(line.offset)) + _TINY
    own = (line.reach + slope * (x.rest + x.fresh) + rounding) * (1.0 + 8 * UNIT)
    center = line.slope * x.center + line.offset
    parts = line.slope[:, :, None] * x.parts
    return Form(center, parts, own, np.zeros_like(own), line.low, line.high)


def product(x: Form, y: Form) -> Form:
    """x y where the symbols of y are the first ones of x or x has none; y may have fewer rows.

    The product of the deviations is bounded away, and is what makes this second order.
    """
    repeat = x.center.shape[1] // y.center.shape[1]
    if repeat > 1:
        fields = (y.center, y.parts, y.fresh, y.rest, y.low, y.high)
        y = Form(*(np.repeat(f, repeat, axis=1) for f in fields))
    x_shared, y_shared = x.shared, y.shared
    x_loose, y_loose = x.fresh + x.rest, y.fresh + y.rest
    x_size, y_size = np.abs(x.center), np.abs(y.center)
    own = x_size * y_loose + y_size * x_loose + (x_shared + x_loose) * (y_shared + y_loose)
    whole = (x_size + x_shared + x_loose) * (y_size + y_shared + y_loose)
    own = (own + 8 * UNIT * whole) * (1.0 + 8 * UNIT) + _TINY
    parts = _crossed(x, y)
    center = x.center * y.center
    reach = (rounded_sum(np.abs(parts), 2) + own) * (1.0 + 4 * UNIT)
    ends = np.stack([a * b for a in (x.low, x.high) for b in (y.low, y.high)])
    low = np.maximum(NUMPY.down(ends.min(axis=0)), NUMPY.down(center - reach))
    high = np.minimum(NUMPY.up(ends.max(axis=0)), NUMPY.up(center + reach))
    return Form(center, parts, own, np.zeros_like(own), low, high)


def _crossed(x: Form, y: Form) -> Any:
    """x's parts times y's center, and y's times x's."""
    parts = y.center[:, :, None] * x.parts
    other = x.center[:, :, None] * y.parts
    if y.symbols == 0:
        return parts
    if x.symbols == 0:
        return other
    parts[:, :, : y.symbols] += other
    return parts
