"""Epochs of first-order training as one compiled program: batches, gradient, Adam, validation.

The parameters are carried as the arrays of the layers, which XLA computes with as they are; slices
of one vector are copied in every step. Members are trained one after another: one program for all
of them under vmap saves a tenth of the time of very small networks and costs large ones a third.
Source of Adam: D. P. Kingma and J. Ba, ICLR 2015; of the decay apart from the gradient:
I. Loshchilov and F. Hutter, Decoupled weight decay regularization, ICLR 2019.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from taylored.networks.losses import Logistic, Loss, Softmax, Squared
from taylored.networks.model import Model, Perceptron, perceptron
from taylored.networks.user_model import UserModel

__all__ = [
    "Carry",
    "Data",
    "fused_epochs",
    "fused_steps",
    "pieces_of",
    "shared_model",
    "step_sizes",
]

B1, B2, EPS = 0.9, 0.999, 1e-8

Pieces = tuple[Any, ...]


class Data(NamedTuple):
    """The rows of one member: inputs (rows, features), targets, weights (rows,) or None."""

    z: Any
    t: Any
    weights: Any = None


class Carry(NamedTuple):
    """What goes on from epoch to epoch: parameters, the optimizer's memory, the best so far."""

    parts: Pieces
    memory: Any
    best: Pieces
    least: Any  # the smallest validation loss
    since: Any  # epochs since then


class _Joined:
    """The vector of parameters of which only the slices are ever asked for."""

    def __init__(self, slices: Sequence[slice], parts: Pieces):
        self._parts = {(s.start, s.stop): p for s, p in zip(slices, parts, strict=True)}

    def __getitem__(self, place: slice) -> Any:
        return self._parts[place.start, place.stop]


def pieces_of(model: Model) -> tuple[slice, ...]:
    """How the vector of parameters is cut: at the arrays that the model is made of."""
    if isinstance(model, Perceptron):
        return tuple(s for x in model.layers for s in (x.weight, x.bias))
    if isinstance(model, UserModel) and (model.tree.scale == 1).all():
        return tuple(slice(leaf.start, leaf.stop) for leaf in model.tree.leaves)
    return (slice(0, model.size),)


def fused_epochs(model: Model, loss: Loss, optimizer: Any = None) -> Callable:
    """The program `(carry, data, held, orders, sizes) -> (carry, (loss, held loss))`.

    `orders` (epochs, batches, rows) numbers the rows of each batch, `sizes` (epochs, batches, 2)
    holds Adam's step and the share by which weights shrink; `held` are rows for validation or
    None. Losses are means over the rows, one for each epoch. `optimizer` is one of optax.
    """
    return _compiled(shared_model(model), type(loss), optimizer)


def shared_model(model: Model) -> Model:
    """The same object for equal networks: they share what is compiled."""
    if not isinstance(model, Perceptron):
        return model
    return _same(model.features, model.hidden, model.outputs, model.activation.name)


@lru_cache(maxsize=64)
def _same(features: int, hidden: tuple[int, ...], outputs: int, activation: str) -> Perceptron:
    return perceptron(features, hidden, outputs, activation)


@lru_cache(maxsize=64)
def _compiled(model: Model, kind: type[Loss], optimizer: Any) -> Callable:
    import jax
    import jax.numpy as jnp

    loss, slices = kind(), pieces_of(model)
    decayed = [bool((model.groups[s] != model.groups.max()).all()) for s in slices]

    def mean(parts: Pieces, data: Data) -> Any:
        theta = parts[0] if len(slices) == 1 else _Joined(slices, parts)
        each = loss.rows(model.apply(theta, data.z), data.t, jnp)
        return each.mean() if data.weights is None else (each * data.weights).mean()

    def move(parts: Pieces, memory: Any, slopes: Pieces, size: Any) -> Any:
        if optimizer is not None:
            found, memory = optimizer.update(slopes, memory, parts)
            return tuple(p + u for p, u in zip(parts, found, strict=True)), memory
        return _adam(parts, memory, slopes, size, decayed)

    def epoch(data: Data, held: Data | None, carry: Carry, plan: Any) -> tuple[Carry, Any]:
        def step(state: tuple, batch: Any) -> tuple[tuple, Any]:
            rows, size = batch
            drawn = Data(*(None if a is None else a[rows] for a in data))
            parts, memory = state
            value, slopes = jax.value_and_grad(mean)(parts, drawn)
            return move(parts, memory, slopes, size), value

        (parts, memory), values = jax.lax.scan(step, (carry.parts, carry.memory), plan)
        if held is None:
            return Carry(parts, memory, parts, values.mean(), carry.since), (values.mean(),) * 2
        found = mean(parts, held)
        better = found < carry.least
        best = tuple(jnp.where(better, p, b) for p, b in zip(parts, carry.best, strict=True))
        since = jnp.where(better, 0, carry.since + 1)
        least = jnp.where(better, found, carry.least)
        return Carry(parts, memory, best, least, since), (values.mean(), found)

    def run(carry: Carry, data: Data, held: Data | None, orders: Any, sizes: Any) -> Any:
        return jax.lax.scan(lambda c, plan: epoch(data, held, c, plan), carry, (orders, sizes))

    return jax.jit(run)


def _adam(
    parts: Pieces, memory: Any, slopes: Pieces, size: Any, decayed: Sequence[bool]
) -> tuple[Pieces, Any]:
    """One step of Adam; `size` holds the step with its corrections, and the decay."""
    import jax.numpy as jnp

    made = []
    first, second = memory
    for x, m, v, g, shrinks in zip(parts, first, second, slopes, decayed, strict=True):
        m = B1 * m + (1 - B1) * g
        v = B2 * v + (1 - B2) * g * g
        x = x * (1 - size[1]) if shrinks else x
        made.append((x - size[0] * m / (jnp.sqrt(v) + EPS), m, v))
    x, m, v = (tuple(column) for column in zip(*made, strict=True))
    return x, (m, v)


def step_sizes(rates: np.ndarray, first: int, decay: float) -> np.ndarray:
    """(steps, 2) Adam's steps from number `first` (0, 1, ...) on, and the decay of the weights."""
    k = first + 1.0 + np.arange(len(rates))
    return np.stack([rates * np.sqrt(1 - B2**k) / (1 - B1**k), rates * decay], 1)


def fused_steps(
    widths: Sequence[int], X: np.ndarray, y: np.ndarray, batches: np.ndarray, rate: float
) -> Callable[[], Any]:
    """A run of the fused loop, as `train` does it, over these batches (steps, rows): to be timed.

    Whole numbers y are classes.
    """
    import jax

    model = perceptron(widths[0], widths[1:-1], widths[-1])
    classes = y.dtype.kind in "iu"
    loss = (Softmax() if widths[-1] > 1 else Logistic()) if classes else Squared()
    theta = model.draw(np.random.default_rng(0), 1, np.float32)[0]
    parts = tuple(jax.numpy.asarray(theta[s]) for s in pieces_of(model))
    zeros = tuple(jax.numpy.zeros_like(p) for p in parts)
    data = Data(jax.numpy.asarray(X), jax.numpy.asarray(y if classes else y.reshape(len(y), -1)))
    sizes = step_sizes(np.full(len(batches), rate), 0, 0.0).astype(np.float32)
    plan = (jax.numpy.asarray(batches, np.int32)[None], jax.numpy.asarray(sizes)[None])
    start = Carry(parts, (zeros, zeros), parts, np.float32(np.inf), np.int32(0))
    run = fused_epochs(model, loss)
    return lambda: jax.block_until_ready(run(start, data, None, *plan))
