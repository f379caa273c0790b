"""Activation functions: value and slope in NumPy, and the name of the same function in JAX."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from taylored.errors import ArgumentError
from taylored.formula import suggest

__all__ = ["ACTIVATIONS", "Activation", "activation_named", "logistic", "softmax"]


@dataclass(frozen=True, slots=True)
class Activation:
    """One activation function a = g(u), elementwise.

    `slope(u, a)` gives g'(u); `jax` is "module:name" of the same function. `gain` is the factor of
    random weights that keeps the spread of the values from layer to layer; `kinked` says that
    g' jumps; `flat` that units may be saturated (g' near 0 at both ends).
    """

    name: str
    jax: str
    value: Callable[[np.ndarray], np.ndarray]
    slope: Callable[[np.ndarray, np.ndarray], np.ndarray]
    gain: float = 1.0
    kinked: bool = False
    flat: bool = False


def logistic(u: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-u)), without overflow."""
    return 0.5 * np.tanh(0.5 * u) + 0.5


def softmax(u: np.ndarray) -> np.ndarray:
    """exp(u) over its sum along the last axis, without overflow."""
    e = np.exp(u - u.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _softplus(u: np.ndarray) -> np.ndarray:
    return np.logaddexp(u, u.dtype.type(0))


def _normal_cdf(u: np.ndarray) -> np.ndarray:
    from scipy.special import ndtr

    return ndtr(u)


def _normal_density(u: np.ndarray) -> np.ndarray:
    return np.exp(-0.5 * u * u) * u.dtype.type(0.3989422804014327)


def _silu_slope(u: np.ndarray, a: np.ndarray) -> np.ndarray:
    s = logistic(u)
    return s + a * (1 - s)


_ROWS = (
    Activation("tanh", "jax.numpy:tanh", np.tanh, lambda u, a: 1 - a * a, flat=True),
    Activation(
        "relu", "jax.nn:relu", lambda u: np.maximum(u, 0), lambda u, a: (u > 0).astype(u.dtype),
        gain=2.0**0.5, kinked=True,
    ),
    Activation(
        "logistic", "jax.nn:sigmoid", logistic, lambda u, a: a * (1 - a), gain=4.0, flat=True
    ),
    Activation("softplus", "jax.nn:softplus", _softplus, lambda u, a: logistic(u), gain=2.0),
    Activation("sin", "jax.numpy:sin", np.sin, lambda u, a: np.cos(u)),
    Activation(
        "gelu", "taylored.networks.activations:exact_gelu", lambda u: u * _normal_cdf(u),
        lambda u, a: _normal_cdf(u) + u * _normal_density(u), gain=1.5,
    ),
    Activation("silu", "jax.nn:silu", lambda u: u * logistic(u), _silu_slope, gain=1.7),
    Activation("identity", "taylored.networks.activations:identity", lambda u: u,
               lambda u, a: np.ones_like(u)),
)  # fmt: skip

ACTIVATIONS = {row.name: row for row in _ROWS}
_OTHER_NAMES = {"sigmoid": "logistic", "swish": "silu", "linear": "identity", "none": "identity"}


def identity(u):
    """a = u: layers without an activation."""
    return u


def exact_gelu(u):
    """u Phi(u), Phi the normal distribution function: not the approximation by tanh."""
    import jax

    return jax.nn.gelu(u, approximate=False)


def activation_named(name: str) -> Activation:
    """The activation of that name.

    Raises:
        ArgumentError: with the nearest name.
    """
    found = ACTIVATIONS.get(_OTHER_NAMES.get(str(name).lower(), str(name).lower()))
    if found is not None:
        return found
    near = suggest(str(name), [*ACTIVATIONS, *_OTHER_NAMES])
    raise ArgumentError(
        f"There is no activation {name!r}.",
        why=f"the activations are {', '.join(ACTIVATIONS)}",
        next_step=f"did you mean {near!r}?" if near else "use one of these.",
    )
