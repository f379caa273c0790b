"""How far a network as a computer evaluates it may be from the exact one, over a box.

Running error analysis: the error of each layer's input passes through its weights, and each
operation adds units of rounding, whatever the order of the sums (Higham, Accuracy and Stability
of Numerical Algorithms, chapter 3).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from taylored.networks.bound.evaluate import Members, forward
from taylored.networks.bound.form import Form, Layer
from taylored.networks.bound.ranges import ranges
from taylored.readings.interval.margins import UNIT

__all__ = ["evaluation_errors"]

_ACTIVATION = 16.0  # units that a computed activation may be off
_SOFTPLUS = 256.0  # the logarithm in it, as XLA computes it


def evaluation_errors(
    members: Members, low: np.ndarray, high: np.ndarray, unit: float = UNIT
) -> tuple[np.ndarray, np.ndarray]:
    """Errors (outputs,) of the mean and (outputs, inputs) of its derivatives, for any x in the box.

    `unit` is that of the arithmetic: 2**-52 for float64, 2**-23 for float32.
    """
    sums = forward(members, low[None], high[None], True)
    ends = members.standardized(low[None], high[None])
    size = _size(*ends)
    error = 4 * unit * size
    if unit > UNIT:  # the inputs are rounded too
        error = error + unit * (_size(low, high) / members.scale)
    shape = (members.count, *size.shape)
    size, error = np.broadcast_to(size, shape), np.broadcast_to(error, shape)
    found: list[tuple[Any, Any]] = []  # of the slopes: sizes and errors
    for k, layer in enumerate(members.forwards):
        error = _sum_error(layer, size, error, unit)
        if k < len(members.hidden):
            size, error, slope = _activated(members.activation, sums[k], error, unit)
            found.append(slope)
        else:
            size = _size(sums[k].low, sums[k].high)
    value = _of_outputs(members, size, error, unit)
    return value, _of_slopes(members, found, (error, unit))


def _size(low: Any, high: Any) -> Any:
    """The largest absolute value of a range."""
    return np.maximum(np.abs(low), np.abs(high))


def _sum_error(layer: Layer, size: Any, error: Any, unit: float) -> Any:
    rounding = (layer.weight.shape[1] + 8) * unit
    return (error + rounding * size) @ layer.size + rounding * np.abs(layer.bias)


def _activated(name: str, sums: Form, error: Any, unit: float) -> tuple[Any, Any, Any]:
    """Size and error of the activation, and of its slope."""
    degree = 1 if name == "relu" else 2
    low, high = ranges(name, sums.low - error, sums.high + error, degree)
    size, steep = _size(low[0], high[0]), _size(low[1], high[1])
    if name in ("relu", "identity"):
        slope_error = np.zeros_like(error)
        if name == "relu":  # near the kink a computed sum may lie on its other side
            near = ((sums.low > 0.0) & (sums.low <= error)) | (
                (sums.high < 0.0) & (sums.high >= -error)
            )
            slope_error = near.astype(float)
        return size, steep * error, (steep, slope_error)
    own = _ACTIVATION * (1.0 + size) + 4 * _size(sums.low, sums.high)
    own = own + (_SOFTPLUS * size if name == "softplus" else 0.0)
    slope_error = _size(low[2], high[2]) * error + 2 * _ACTIVATION * unit * (1.0 + steep)
    return size, steep * error + own * unit, (steep, slope_error)


def _of_outputs(members: Members, size: Any, error: Any, unit: float) -> np.ndarray:
    rounding = (members.count + 8) * unit
    if members.softmax:
        bent = np.minimum(4.0 * error.max(axis=2, keepdims=True) + 64 * unit, 1.0)
        return np.broadcast_to(bent, size.shape).mean(axis=0)[0] + rounding
    total = (error + rounding * size).mean(axis=0)[0] * (1.0 + rounding)
    scale, size = np.abs(members.out_scale), size.mean(axis=0)[0]
    return (scale * total + 4 * unit * (scale * size + np.abs(members.out_center))) * (1 + 8 * unit)


def _of_slopes(
    members: Members, found: list[tuple[Any, Any]], last: tuple[Any, float]
) -> np.ndarray:
    """Backwards: sizes and errors of the derivatives of the outputs."""
    logits, unit = last
    shape = (members.count, members.outputs, members.outputs)
    size, error = np.broadcast_to(np.eye(members.outputs), shape), np.zeros(shape)
    if members.softmax:
        size = np.ones(shape) * 0.25
        error = np.broadcast_to(8.0 * logits.max(axis=2, keepdims=True) + 64 * unit, shape)
    layers = list(members.backwards)
    slopes: list[Any] = [None] * (len(layers) - len(found)) + found[::-1]
    for layer, slope in zip(layers, slopes, strict=True):
        if slope is not None:
            steep, slope_error = slope
            error = error * steep + size * slope_error + 4 * unit * size * steep
            size = size * steep
        error = _sum_error(layer, size, error, unit)
        size = size @ layer.size
    ratio = np.abs(np.ones(members.outputs) if members.softmax else members.out_scale)
    ratio = ratio[:, None] / np.abs(members.scale)
    rounding = (members.count + 8) * unit
    return (error + rounding * size).mean(axis=0) * ratio * (1.0 + 2 * rounding)
