"""What one training step costs: our fused loop beside a hand-written scan and the peers' loops.

Everything runs in float32 with Adam and batches drawn from rows in memory; each contestant is a
function that makes a number of steps, and only its CPU time counts. All run on one core: with more
XLA splits some of the loops and not others, and CPU time then says nothing.
"""

from __future__ import annotations

import multiprocessing
import os
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

__all__ = ["CONTESTANTS", "HAND", "LISTED", "SHAPES", "Shape", "step_times"]

RATE, B1, B2, EPS = 1e-3, 0.9, 0.999, 1e-8
OURS = "taylored"
HAND, LISTED = "JAX, hand-written scan, flat", "JAX, hand-written scan, list"


@dataclass(frozen=True)
class Shape:
    """A network, its batch and how many steps are timed at once."""

    sizes: tuple[int, ...]
    batch: int
    steps: int

    @property
    def name(self) -> str:
        return "-".join(map(str, self.sizes)) + f", batch {self.batch}"

    @property
    def classes(self) -> bool:
        return self.sizes[-1] > 1

    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(0)
        X = rng.standard_normal((self.batch * min(self.steps, 50), self.sizes[0]), np.float32)
        if self.classes:
            return X, rng.integers(0, self.sizes[-1], len(X))
        return X, np.sin(X.sum(1)).astype(np.float32)

    def batches(self, count: int) -> np.ndarray:
        """Row numbers (steps, batch), epoch after epoch, each in an order of its own."""
        rng = np.random.default_rng(1)
        orders = [rng.permutation(count) for _ in range(-(-self.steps * self.batch // count))]
        return np.concatenate(orders)[: self.steps * self.batch].reshape(-1, self.batch)


SHAPES = tuple(
    Shape(sizes, batch, steps)
    for sizes, fewer in (((1, 50, 50, 1), 1), ((8, 64, 64, 1), 1), ((784, 128, 10), 10))
    for batch, steps in ((32, 2000 // fewer), (1000, 200 // fewer))
)

# Makes ready, and gives the function that is timed.
Contestant = Callable[[Shape], Callable[[], Any]]


def _start(sizes: Sequence[int]) -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(2)
    return [
        (rng.standard_normal((a, b), np.float32) / np.float32(a) ** 0.5, np.zeros(b, np.float32))
        for a, b in pairwise(sizes)
    ]


# ---- JAX ----


def _hand(shape: Shape, flat: bool) -> Callable[[], Any]:
    """What an expert writes: Adam on one flat vector, or on a list of arrays, all in one scan."""
    import jax
    import jax.numpy as jnp
    from jax.flatten_util import ravel_pytree
    from jax.tree import map as each

    X, y = map(jnp.asarray, shape.rows())
    rows = jnp.asarray(shape.batches(len(X)))
    start, unravel = ravel_pytree(_start(shape.sizes))
    if not flat:
        start, unravel = unravel(start), lambda listed: listed

    def loss(theta: Any, x: Any, t: Any) -> Any:
        *inner, (w, b) = unravel(theta)
        for v, c in inner:
            x = jnp.tanh(x @ v + c)
        return _jax_loss(x @ w + b, t, shape.classes)

    @jax.jit
    def run(theta: Any, rows: Any) -> Any:
        def step(state: Any, now: Any) -> Any:
            theta, m, v, k = state
            value, g = jax.value_and_grad(loss)(theta, X[now], y[now])
            m = each(lambda m, g: B1 * m + (1 - B1) * g, m, g)
            v = each(lambda v, g: B2 * v + (1 - B2) * g * g, v, g)
            k = k + 1
            size = RATE * jnp.sqrt(1 - B2**k) / (1 - B1**k)
            theta = each(lambda x, m, v: x - size * m / (jnp.sqrt(v) + EPS), theta, m, v)
            return (theta, m, v, k), value

        zeros = each(jnp.zeros_like, theta)
        return jax.lax.scan(step, (theta, zeros, zeros, jnp.float32(0)), rows)

    return lambda: jax.block_until_ready(run(start, rows))


def _jax_loss(out: Any, t: Any, classes: bool) -> Any:
    import jax
    import jax.numpy as jnp

    if classes:
        return -jnp.take_along_axis(jax.nn.log_softmax(out), t[:, None], 1).mean()
    return ((out[:, 0] - t) ** 2).mean() / 2


def _equinox(shape: Shape) -> tuple[Any, Any, Callable]:
    import equinox as eqx
    import jax
    import optax

    width, depth = shape.sizes[1], len(shape.sizes) - 2
    key = jax.random.key(0)
    net = eqx.nn.MLP(shape.sizes[0], shape.sizes[-1], width, depth, jax.numpy.tanh, key=key)
    optimizer = optax.adam(RATE)
    state = optimizer.init(eqx.filter(net, eqx.is_array))

    def step(net: Any, state: Any, x: Any, t: Any) -> Any:
        def loss(net: Any) -> Any:
            return _jax_loss(jax.vmap(net)(x), t, shape.classes)

        value, g = eqx.filter_value_and_grad(loss)(net)
        updates, state = optimizer.update(g, state)
        return eqx.apply_updates(net, updates), state, value

    return net, state, step


def _equinox_scan(shape: Shape) -> Callable[[], Any]:
    import equinox as eqx
    import jax
    import jax.numpy as jnp

    X, y = map(jnp.asarray, shape.rows())
    rows = jnp.asarray(shape.batches(len(X)))
    net, state, step = _equinox(shape)
    arrays, static = eqx.partition(net, eqx.is_array)

    @jax.jit
    def run(arrays: Any, state: Any, rows: Any) -> Any:
        def one(carry: Any, now: Any) -> Any:
            net, state, value = step(eqx.combine(carry[0], static), carry[1], X[now], y[now])
            return (eqx.filter(net, eqx.is_array), state), value

        return jax.lax.scan(one, (arrays, state), rows)

    return lambda: jax.block_until_ready(run(arrays, state, rows))


def _equinox_step(shape: Shape) -> Callable[[], Any]:
    import equinox as eqx
    import jax
    import jax.numpy as jnp

    X, y = map(jnp.asarray, shape.rows())
    rows = shape.batches(len(X))[: max(20, shape.steps // 10)]
    net, state, step = _equinox(shape)
    compiled = eqx.filter_jit(step)

    def run() -> Any:
        model, s, value = net, state, None
        for now in rows:
            model, s, value = compiled(model, s, X[now], y[now])
        jax.block_until_ready(value)
        return len(rows)

    return run


# ---- PyTorch and scikit-learn ----


def _torch(fused: bool) -> Contestant:
    def build(shape: Shape) -> Callable[[], Any]:
        import torch
        from torch import nn

        torch.set_num_threads(1)
        X, y = map(torch.as_tensor, shape.rows())
        rows = torch.as_tensor(shape.batches(len(X)))[: max(20, shape.steps // 5)]
        layers: list[nn.Module] = []
        for a, b in pairwise(shape.sizes):
            layers += [nn.Linear(a, b), nn.Tanh()]
        net = nn.Sequential(*layers[:-1])
        loss = nn.CrossEntropyLoss() if shape.classes else nn.MSELoss()
        target = y if shape.classes else y[:, None]
        optimizer = torch.optim.Adam(net.parameters(), lr=RATE, fused=fused)

        def run() -> int:
            for now in rows:
                optimizer.zero_grad()
                loss(net(X[now]), target[now]).backward()
                optimizer.step()
            return len(rows)

        return run

    return build


def _sklearn(shape: Shape) -> Callable[[], Any]:
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    X, y = shape.rows()
    per = len(X) // shape.batch
    epochs = max(1, shape.steps // 5 // per)
    make: Any = MLPClassifier if shape.classes else MLPRegressor

    def run() -> int:
        net = make(
            hidden_layer_sizes=shape.sizes[1:-1], activation="tanh", batch_size=shape.batch,
            max_iter=epochs, n_iter_no_change=epochs + 1, alpha=0.0,
        )  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            net.fit(X, y)
        return epochs * per

    return run


# ---- ours ----


def _ours(shape: Shape) -> Callable[[], Any]:
    """The loop that `train` runs for first-order methods."""
    from taylored.networks.solvers.fused import fused_steps

    X, y = shape.rows()
    return fused_steps(shape.sizes, X, y, shape.batches(len(X)), RATE)


CONTESTANTS: dict[str, Contestant] = {
    HAND: lambda shape: _hand(shape, flat=True),
    LISTED: lambda shape: _hand(shape, flat=False),
    OURS: _ours,
    "equinox + optax in a scan": _equinox_scan,
    "equinox + optax, filter_jit": _equinox_step,
    "PyTorch eager, Adam": _torch(False),
    "PyTorch eager, fused Adam": _torch(True),
    "scikit-learn fit": _sklearn,
}


def step_times(shape: Shape, rounds: int, ours: bool = True) -> dict[str, np.ndarray]:
    """CPU microseconds of a step (rounds,), interleaved, in a process of one core."""
    with multiprocessing.get_context("spawn").Pool(1, initializer=_one_core) as pool:
        return pool.apply(_times, (shape, rounds, ours))


def _one_core() -> None:
    """Where the system can: before XLA counts the cores."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def _times(shape: Shape, rounds: int, ours: bool) -> dict[str, np.ndarray]:
    """The first run of each, which compiles, is not counted."""
    runs = {n: build(shape) for n, build in CONTESTANTS.items() if ours or n != OURS}
    for run in runs.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            began = time.process_time()
            made = run()
            spent = time.process_time() - began
            times[name].append(1e6 * spent / (made if isinstance(made, int) else shape.steps))
    return {name: np.array(t) for name, t in times.items()}
