"""Proved ranges of a network, and of its derivatives, over a box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.errors import ArgumentError, EnclosureError
from taylored.networks.activations import activation_named
from taylored.networks.bound.evaluate import Members
from taylored.networks.bound.pieces import enclose, limits_for
from taylored.networks.bound.rounding import evaluation_errors
from taylored.readings.enclosure.search import Found
from taylored.readings.interval.executor import NUMPY
from taylored.readings.interval.margins import trusted
from taylored.results import Accuracy, Interval

if TYPE_CHECKING:
    from taylored.networks.model import Perceptron

__all__ = ["Affine", "NetworkBound", "Scales", "attained_note", "bound_network", "layers_of"]

_METHOD = "affine forms, branch and bound"


@dataclass(frozen=True, eq=False, slots=True)
class Affine:
    """One layer of all members: weight (members, outputs, inputs), bias (members, outputs)."""

    weight: np.ndarray
    bias: np.ndarray


@dataclass(frozen=True, eq=False, slots=True)
class Scales:
    """The affine maps around a network: z = (x - center)/scale, y = t out_scale + out_center.

    Numbers, or one for each input and output. With softmax the second acts on the logits.
    """

    center: Any = 0.0
    scale: Any = 1.0
    out_center: Any = 0.0
    out_scale: Any = 1.0


@dataclass(frozen=True, eq=False, slots=True)
class NetworkBound:
    """What the mean of the members, and its derivatives, are bounded by over a box.

    `value` has ends (outputs,), `derivative` (outputs, inputs). `value_attained` and
    `derivative_attained` are ranges (low, high) that certainly are attained, nan where unknown.
    """

    value: Interval
    derivative: Interval
    lo: np.ndarray
    hi: np.ndarray
    value_attained: tuple[np.ndarray, np.ndarray]
    derivative_attained: tuple[np.ndarray, np.ndarray]
    boxes: int


def bound_network(
    layers: Sequence[Affine | tuple[Any, Any]],
    activation: str,
    box: tuple[Any, Any],
    *,
    scales: Scales | None = None,
    final: str = "identity",
    thorough: bool = False,
    unit: float = 2.0**-52,
) -> NetworkBound:
    """Ranges of the mean over members of a network, and of its derivatives, over a box.

    For all lo <= x <= hi. The ranges hold for the exact function of the given parameters, and for
    the same function evaluated in floating-point numbers with this unit of rounding.

    Args:
        layers: of each its weights (members, outputs, inputs) and biases (members, outputs); those
            of a single network may lack the first axis.
        activation: between the layers.
        box: lower and upper ends (inputs,).
        scales: the affine maps before and after the network.
        final: "identity", or "softmax" for the mean of the members' probabilities.
        thorough: spend more time on narrower ranges.
        unit: 2**-52 for evaluation in float64, 2**-23 in float32.

    Returns:
        A `NetworkBound`; where an activation has a kink its derivative is any number between.

    Raises:
        ArgumentError: for ends that are no box, or arrays that are no network.
        EnclosureError: where values are too large to be bounded.

    Source: Zhang, Weng, Chen, Hsieh and Daniel, Efficient Neural Network Robustness Certification
    (CROWN, 2018); de Figueiredo and Stolfi, Affine Arithmetic (2004); Rump, Fast and Parallel
    Interval Arithmetic (1999).
    """
    members = _members(layers, activation, scales or Scales(), final)
    low, high = _box(box, members.inputs)
    with np.errstate(all="ignore"):
        errors = evaluation_errors(members, low, high, unit)
        noise = np.concatenate([e.reshape(-1) for e in errors])
        found = enclose(members, (low, high), limits_for(members, thorough), noise)
    return _result(members, (low, high), found, noise)


def _result(
    members: Members, box: tuple[np.ndarray, np.ndarray], found: Found, errors: np.ndarray
) -> NetworkBound:
    low, high = NUMPY.down(found.low - errors), NUMPY.up(found.high + errors)
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise EnclosureError(
            "The network cannot be bounded on the box.",
            why="its values there, or the products on the way to them, are beyond all float64.",
            next_step="take a smaller box, or look for weights that exploded in training.",
        )
    count, shape = members.outputs, (members.outputs, members.inputs)
    if members.softmax:
        low[:count], high[:count] = np.maximum(low[:count], 0.0), np.minimum(high[:count], 1.0)
    good, reason = trusted("numpy")
    kind = Accuracy.PROVED if good else Accuracy.ESTIMATED
    inner = [np.where(np.isfinite(v), v, np.nan) for v in (found.inner_low, found.inner_high)]

    def interval(part: slice, form: tuple[int, ...]) -> tuple[Interval, tuple[Any, Any]]:
        a, b, c, d = (v[part].reshape(form) for v in (low, high, *inner))
        note = reason or attained_note(a, b, c, d)
        return Interval(a, b, None, _METHOD, kind, note), (c, d)

    value, values = interval(slice(0, count), (count,))
    derivative, slopes = interval(slice(count, None), shape)
    return NetworkBound(value, derivative, box[0], box[1], values, slopes, found.boxes)


def attained_note(low: Any, high: Any, inner_low: Any, inner_high: Any) -> str:
    """How much of the intervals is certainly attained."""
    with np.errstate(all="ignore"):
        width, reached = high - low, np.maximum(inner_high - inner_low, 0.0)
        level = 1e-12 * np.maximum(np.abs(low), np.abs(high))
        share = np.min(np.where(width > level, reached / width, 1.0), initial=1.0)
    if not np.isfinite(share) or share <= 0:
        return "how much of it is attained is not known"
    if share > 0.999999:
        return "attained to 6 digits"
    return f"at least {100 * np.floor(share * 1000) / 1000:.4g} % of its width are attained"


def layers_of(model: Perceptron, theta: Any) -> list[Affine]:
    """The layers of a perceptron with parameters (members, size)."""
    theta = np.atleast_2d(np.asarray(theta, float))
    return [Affine(w.transpose(0, 2, 1), b[:, 0]) for w, b in model.weights(theta)]


# ---- what was handed in -----------------------------------------------------------------------


def _members(layers: Sequence[Any], activation: str, scales: Scales, final: str) -> Members:
    if final not in ("identity", "softmax"):
        raise ArgumentError(
            f"The outputs cannot be bounded through {final!r}.",
            next_step='give final="identity" or final="softmax".',
        )
    pairs = tuple(_layer(layer, k) for k, layer in enumerate(layers))
    if not pairs:
        raise ArgumentError(
            "A network needs at least one layer.", next_step="give (weight, bias) of each."
        )
    for k, (one, other) in enumerate(pairwise(pairs)):
        if len(one[0]) != len(other[0]) or one[0].shape[1] != other[0].shape[2]:
            raise ArgumentError(
                f"Layer {k + 1} gives {one[0].shape[1]} numbers for {len(one[0])} members; "
                f"layer {k + 2} takes {other[0].shape[2]} for {len(other[0])}.",
                next_step="weights are (members, outputs, inputs).",
            )
    inputs, outputs = pairs[0][0].shape[2], pairs[-1][0].shape[1]
    around = {
        "center": (scales.center, inputs), "scale": (scales.scale, inputs),
        "out_center": (scales.out_center, outputs), "out_scale": (scales.out_scale, outputs),
    }  # fmt: skip
    maps = {name: _vector(value, size, name) for name, (value, size) in around.items()}
    if np.any(maps["scale"] <= 0):
        raise ArgumentError(
            "scale must be positive.",
            why="inputs are divided by it.",
            next_step="give the standard deviation of each input, or leave scale out.",
        )
    return Members(pairs, activation_named(activation).name, **maps, softmax=final == "softmax")


def _layer(layer: Any, k: int) -> tuple[np.ndarray, np.ndarray]:
    weight, bias = (layer.weight, layer.bias) if isinstance(layer, Affine) else layer
    weight, bias = np.asarray(weight, float), np.asarray(bias, float)
    if weight.ndim == 2:
        weight, bias = weight[None], bias[None]
    if weight.ndim != 3 or bias.shape != weight.shape[:2] or 0 in weight.shape:
        raise ArgumentError(
            f"Layer {k + 1} has weights of shape {weight.shape} and biases of shape {bias.shape}.",
            next_step="weights are (members, outputs, inputs), biases (members, outputs).",
        )
    if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
        raise EnclosureError(
            f"Layer {k + 1} has weights that are not finite.",
            why="nothing can be said about the values of such a network.",
            next_step="train again with a smaller learning rate, or standardize the data.",
        )
    return weight, bias


def _vector(value: Any, size: int, name: str) -> np.ndarray:
    try:
        made = np.broadcast_to(np.asarray(value, float), (size,)).copy()
    except (ValueError, TypeError):
        raise ArgumentError(
            f"{name} has shape {np.shape(value)}, and {size} numbers are needed.",
            next_step=f"give one number, or {size} of them.",
        ) from None
    if not np.isfinite(made).all():
        place = int(np.flatnonzero(~np.isfinite(made))[0])
        raise ArgumentError(f"{name} is {made[place]} at place {place}.", next_step="give numbers.")
    return made


def _box(box: tuple[Any, Any], inputs: int) -> tuple[np.ndarray, np.ndarray]:
    low, high = (_vector(end, inputs, name) for end, name in zip(box, ("lo", "hi"), strict=True))
    bad = np.flatnonzero(low > high)
    if bad.size:
        k = int(bad[0])
        raise ArgumentError(
            f"lo is above hi for input {k}: {low[k]:g} > {high[k]:g}.", next_step="give lo <= hi."
        )
    return low, high
