"""How the slope by an input depends on each parameter: the mixed second derivatives of a network.

For layers they are the tangent, along the input, of the walk backwards that gives the derivatives
by the parameters. Source: B. A. Pearlmutter, Fast exact multiplication by the Hessian, Neural
Computation 6 (1994) 147.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from taylored.networks.activations import Activation
from taylored.networks.model import Model, Perceptron
from taylored.trace.jaxpr import float64

__all__ = ["slope_gradients"]

_STEP = 1e-5  # of the difference quotient that bends an activation


def slope_gradients(model: Model, theta: np.ndarray, z: np.ndarray, feature: int) -> np.ndarray:
    """(rows, outputs, size) ∂²f/∂z_feature ∂θ of one member (size,) at rows z, in float64."""
    if isinstance(model, Perceptron):
        return _of_layers(model, theta, z, feature)
    return _of_function(model, theta, z, feature)


def _of_layers(model: Perceptron, theta: np.ndarray, z: np.ndarray, feature: int) -> np.ndarray:
    weights = [w[0] for w, _ in model.weights(theta[None])]
    values, slopes, (along, bends) = _forward(model, theta, z, feature)
    rows, outputs = len(z), model.outputs
    back = np.broadcast_to(np.eye(outputs), (rows, outputs, outputs))
    turn = np.zeros((rows, outputs, outputs))  # the tangent of `back`
    found = np.empty((rows, outputs, model.size))
    for k in range(len(weights) - 1, -1, -1):
        layer = model.layers[k]
        block = along[k][:, None, :, None] * back[:, :, None, :]
        block += values[k][:, None, :, None] * turn[:, :, None, :]
        found[..., layer.weight] = block.reshape(rows, outputs, -1)
        found[..., layer.bias] = turn
        if k:
            before, bent = back @ weights[k].T, turn @ weights[k].T
            turn = bent * slopes[k - 1][:, None] + before * bends[k - 1][:, None]
            back = before * slopes[k - 1][:, None]
    return found


def _forward(
    model: Perceptron, theta: np.ndarray, z: np.ndarray, feature: int
) -> tuple[list[np.ndarray], list[np.ndarray], tuple[list[np.ndarray], list[np.ndarray]]]:
    """What enters each layer, the slopes of the activations, and the tangents of both."""
    start = np.zeros_like(z)
    start[:, feature] = 1.0
    values, along, slopes, bends = [z], [start], [], []
    for weight, bias in model.weights(theta[None])[:-1]:
        u, move = values[-1] @ weight[0] + bias[0], along[-1] @ weight[0]
        value = model.activation.value(u)
        slope = model.activation.slope(u, value)
        values.append(value)
        slopes.append(slope)
        along.append(slope * move)
        bends.append(_bend(model.activation, u) * move)
    return values, slopes, (along, bends)


def _bend(activation: Activation, u: np.ndarray) -> np.ndarray:
    """The second derivative of an activation, 0 where it is made of lines."""
    if activation.kinked:
        return np.zeros_like(u)
    high, low = (activation.slope(v, activation.value(v)) for v in (u + _STEP, u - _STEP))
    return (high - low) / (2 * _STEP)


def _of_function(model: Any, theta: np.ndarray, z: np.ndarray, feature: int) -> np.ndarray:
    """A model of the user's own, through JAX."""
    with float64():
        along = np.zeros_like(z)
        along[:, feature] = 1.0
        return np.asarray(_compiled(model)(theta, z, along))


@lru_cache(maxsize=1)
def _compiled(model: Any) -> Callable:
    """(size,), (rows, features), directions of the same shape -> (rows, outputs, size)."""
    import jax

    by = jax.jacrev if getattr(model, "reversible", True) else jax.jacfwd

    def gradient(theta: Any, row: Any, along: Any) -> Any:
        def slope(theta: Any) -> Any:
            return jax.jvp(lambda r: model.apply(theta, r[None])[0], (row,), (along,))[1]

        return by(slope)(theta)

    return jax.jit(jax.vmap(gradient, (None, 0, 0)))
