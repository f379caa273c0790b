"""A network as a pure function of one flat vector of parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Protocol

import numpy as np

from taylored.networks.activations import Activation, activation_named
from taylored.readings.facts import resolve

__all__ = ["Layer", "Model", "Perceptron", "perceptron"]


class Model(Protocol):
    """What training needs of a network: values and derivatives of many members at once.

    Parameters are (members, size), inputs (members, rows, features). `groups` (size,) numbers the
    parameters that share a prior precision; the last group is left free.
    """

    @property
    def size(self) -> int: ...
    @property
    def features(self) -> int: ...
    @property
    def outputs(self) -> int: ...
    @property
    def groups(self) -> np.ndarray: ...

    def draw(self, rng: np.random.Generator, count: int, dtype: Any) -> np.ndarray:
        """Starting values (count, size)."""
        ...

    def values(self, theta: np.ndarray, z: np.ndarray) -> np.ndarray:
        """f (members, rows, outputs)."""
        ...

    def jacobian(self, theta: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """f, and its derivatives (members, rows, outputs, size) by the parameters."""
        ...

    def apply(self, theta: Any, z: Any) -> Any:
        """The same function for JAX: (size,), (rows, features) -> (rows, outputs)."""
        ...


@dataclass(frozen=True, slots=True)
class Layer:
    """z W + b: where W (inputs, outputs) and b (outputs,) lie in the vector of parameters."""

    inputs: int
    outputs: int
    weight: slice
    bias: slice


@dataclass(frozen=True, eq=False)
class Perceptron:
    """A multilayer perceptron: affine layers with an activation between them.

    Values and derivatives by the parameters are computed in NumPy, for all members at once: small
    networks are trained without compiling anything.
    """

    features: int
    hidden: tuple[int, ...]
    outputs: int
    activation: Activation

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The affine layers, from the inputs to the outputs."""
        widths, place, made = (self.features, *self.hidden, self.outputs), 0, []
        for a, b in pairwise(widths):
            weight, bias = slice(place, place + a * b), slice(place + a * b, place + a * b + b)
            made.append(Layer(a, b, weight, bias))
            place = bias.stop
        return tuple(made)

    @property
    def size(self) -> int:
        """The number of parameters."""
        return self.layers[-1].bias.stop

    @property
    def groups(self) -> np.ndarray:
        """Which parameters share a prior precision, (size,)."""
        return self._groups

    @cached_property
    def _groups(self) -> np.ndarray:
        """The weights of each input, the weights and the biases of each layer; output biases last.

        Weights of one input share a precision, so that inputs without influence are switched off
        (automatic relevance determination).
        """
        found, group = np.empty(self.size, int), 0
        for layer in self.layers:
            if layer is self.layers[0] and self.features <= _MOST_RELEVANCES:
                found[layer.weight] = np.repeat(np.arange(layer.inputs), layer.outputs)
                group = layer.inputs
            else:
                found[layer.weight] = group
                group += 1
            found[layer.bias] = group
            group += 1
        return found

    def weights(self, theta: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """W (members, inputs, outputs) and b (members, 1, outputs) of each layer."""
        return [
            (theta[:, x.weight].reshape(-1, x.inputs, x.outputs), theta[:, None, x.bias])
            for x in self.layers
        ]

    def draw(self, rng: np.random.Generator, count: int, dtype: Any) -> np.ndarray:
        """Random weights that keep the spread of the values; biases that spread the units."""
        theta = np.empty((count, self.size), dtype)
        for layer in self.layers:
            last = layer is self.layers[-1]
            gain = 0.5 if last else self.activation.gain
            shape = (count, layer.inputs * layer.outputs)
            theta[:, layer.weight] = rng.normal(size=shape) * gain / layer.inputs**0.5
            spread = 0.0 if last else 1.0
            theta[:, layer.bias] = rng.uniform(-spread, spread, (count, layer.outputs))
        return theta

    def forward(self, theta: np.ndarray, z: np.ndarray, slopes: bool = False) -> Forward:
        """The values of all layers, and with `slopes` the slopes of their activations."""
        values, found, weights = [z], [], self.weights(theta)
        for k, (weight, bias) in enumerate(weights):
            u = values[-1] @ weight
            u += bias
            if k == len(weights) - 1:
                values.append(u)
                break
            values.append(self.activation.value(u))
            if slopes:
                found.append(self.activation.slope(u, values[-1]))
        return Forward(weights, values, found)

    def values(self, theta: np.ndarray, z: np.ndarray) -> np.ndarray:
        """f (members, rows, outputs)."""
        return self.forward(theta, z).values[-1]

    def jacobian(self, theta: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """f, and its derivatives (members, rows, outputs, size) by the parameters."""
        passed = self.forward(theta, z, slopes=True)
        members, rows = z.shape[:2]
        found = np.empty((members, rows, self.outputs, self.size), theta.dtype)
        # Backwards: by each layer's sums (members, rows, outputs, units), then by its parameters.
        back = np.broadcast_to(
            np.eye(self.outputs, dtype=theta.dtype), (members, rows, self.outputs, self.outputs)
        )
        for k in range(len(self.layers) - 1, -1, -1):
            layer, before = self.layers[k], passed.values[k]
            block = found[..., layer.weight]
            shaped = np.lib.stride_tricks.as_strided(
                block, (*block.shape[:3], layer.inputs, layer.outputs),
                (*block.strides[:3], layer.outputs * block.itemsize, block.itemsize),
            )  # fmt: skip
            np.multiply(before[:, :, None, :, None], back[..., None, :], out=shaped)
            found[..., layer.bias] = back
            if k:
                weight = passed.weights[k][0].transpose(0, 2, 1)
                flat = back.reshape(members, rows * self.outputs, layer.outputs) @ weight
                back = flat.reshape(members, rows, self.outputs, layer.inputs)
                back = back * passed.slopes[k - 1][:, :, None, :]
        return passed.values[-1], found

    def slopes(self, theta: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """f, and its derivatives (members, rows, outputs, features) by the inputs."""
        passed = self.forward(theta, z, slopes=True)
        back = passed.weights[-1][0].transpose(0, 2, 1)[:, None]  # (members, 1, outputs, units)
        for k in range(len(self.layers) - 2, -1, -1):
            weight = passed.weights[k][0].transpose(0, 2, 1)[:, None]
            back = (back * passed.slopes[k][:, :, None, :]) @ weight
        return passed.values[-1], np.broadcast_to(back, (*z.shape[:2], self.outputs, self.features))

    def apply(self, theta: Any, z: Any) -> Any:
        """The same function for JAX: (size,), (rows, features) -> (rows, outputs)."""
        bend = resolve(self.activation.jax)
        for layer in self.layers:
            weight = theta[layer.weight].reshape(layer.inputs, layer.outputs)
            z = z @ weight + theta[layer.bias][None]
            if layer is not self.layers[-1]:
                z = bend(z)
        return z

    def parameters(self, theta: np.ndarray) -> list[dict[str, np.ndarray]]:
        """The pytree of one member: a list of layers with "weight" and "bias"."""
        return [
            {"weight": theta[x.weight].reshape(x.inputs, x.outputs), "bias": theta[x.bias]}
            for x in self.layers
        ]


_MOST_RELEVANCES = 200  # inputs up to which each has a precision of its own


@dataclass(frozen=True, eq=False, slots=True)
class Forward:
    """What a forward pass computed: W and b, the values of all layers, the activations' slopes."""

    weights: list[tuple[np.ndarray, np.ndarray]]
    values: list[np.ndarray]
    slopes: list[np.ndarray]


def perceptron(
    features: int, hidden: Sequence[int], outputs: int, activation: str | Callable = "tanh"
) -> Perceptron:
    """A multilayer perceptron with these widths."""
    found = activation_named(activation)  # type: ignore[arg-type]
    return Perceptron(features, tuple(int(h) for h in hidden), outputs, found)
