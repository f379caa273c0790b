"""Gauss-Newton steps for many parameters: conjugate gradients on products with the curvature.

Minimized is E(θ) + ½ Σ λ θ² over all rows. A step solves (J' H J + λ + μ) s = slope by at most so
many conjugate gradients, without ever forming J: H is the curvature of the loss by the values.
Sources: J. Martens, Deep learning via Hessian-free optimization, ICML 2010; N. N. Schraudolph, Fast
curvature matrix-vector products, Neural Computation 14 (2002) 1723; H. B. Nielsen, Damping
parameter in Marquardt's method, IMM report 1999 (the rule for the damping).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from taylored.networks.losses import Loss
from taylored.networks.model import Model
from taylored.networks.solvers.first_order import FirstOrderState, Options, split_rows
from taylored.networks.solvers.fused import Data, shared_model
from taylored.networks.solvers.levenberg import Batch
from taylored.trace.jaxpr import float64

__all__ = ["PolishLimits", "Polished", "polish", "polish_quiet"]

_QUIET = 5e-4  # of half the squared error in standardized units: 3 % of the targets' deviation
_LITTLE = 1e-3  # precision that keeps systems definite in float32
_HOPELESS = 1e3  # growth of the damping at which no step is going to help
_RESIDUAL = 1e-2  # relative, at which a step is good enough


@dataclass(frozen=True, slots=True)
class PolishLimits:
    """Steps, conjugate gradients in each, and the relative decrease of a step that is the last."""

    steps: int = 50
    inner: int = 60
    small: float = 1e-3


@dataclass(frozen=True, eq=False, slots=True)
class Polished:
    """Parameters (members, size), what was minimized (members,) before and after, and steps."""

    theta: np.ndarray
    before: np.ndarray
    after: np.ndarray
    steps: np.ndarray


def polish(
    model: Model, loss: Loss, batch: Batch, theta: np.ndarray, precision: np.ndarray, *,
    limits: PolishLimits = PolishLimits(), watch: Callable[[int], None] | None = None,
) -> Polished:  # fmt: skip
    """Damped Gauss-Newton steps of each member from `theta`, with these precisions (size,).

    `watch` is told the number of each member that is finished. Members never get worse.
    """
    run = _compiled(shared_model(model), type(loss), limits.inner)
    found, sums = theta.copy(), np.empty((2, len(theta)))
    steps, weight = np.zeros(len(theta), int), precision.astype(theta.dtype)
    with float64() if theta.dtype == np.float64 else nullcontext():
        for i in range(len(theta)):
            weights = None if batch.weights is None else batch.weights[i]
            data = Data(batch.z[i], batch.t[i], weights)
            found[i], sums[:, i], steps[i] = _one(run, theta[i], weight, data, limits)
            if watch is not None:
                watch(i)
    return Polished(found, sums[0], sums[1], steps)


def polish_quiet(
    model: Model, loss: Loss, batch: Batch, state: FirstOrderState, options: Options, *,
    watch: Callable[[int], None] | None = None,
) -> np.ndarray:  # fmt: skip
    """Polish the members that Adam left with hardly any error; which became better (members,).

    Where the targets are noisy it fits the noise, and would only take time. Better is judged by
    the member's validation rows, which no step sees; `state.theta` and `.least` are changed.
    """
    rows = batch.z.shape[1]
    held = options.count_held(rows)
    quiet = loss.free_scale & np.isfinite(state.least) & (state.least < _QUIET) & (held > 0)
    better = np.zeros(len(state.theta), bool)
    precision = np.where(model.groups == model.groups.max(), 0.0, _LITTLE)
    for i in np.flatnonzero(quiet).tolist():
        seen, left = split_rows(int(state.seed), i, rows, held)
        own, other = _rows_of(batch, i, seen), _rows_of(batch, i, left)
        found = polish(model, loss, own, state.theta[i : i + 1], precision).theta
        each = loss.rows(model.values(found, other.z), other.t)[0]
        after = float(np.average(each, weights=None if other.weights is None else other.weights[0]))
        if after < state.least[i]:
            better[i], state.theta[i], state.least[i] = True, found[0], after
        if watch is not None:
            watch(i)
    return better


def _rows_of(batch: Batch, i: int, rows: np.ndarray) -> Batch:
    weights = None if batch.weights is None else batch.weights[i : i + 1, rows]
    return Batch(batch.z[i : i + 1, rows], batch.t[i : i + 1, rows], weights)


def _one(
    run: Callable, theta: np.ndarray, precision: np.ndarray, data: Data, limits: PolishLimits
) -> tuple[np.ndarray, tuple[float, float], int]:
    """The steps of one member."""
    damping, growth = 1e-3 * len(data.z), 2.0
    kind, first, now = theta.dtype.type, None, np.inf
    for number in range(limits.steps):
        before, after, predicted, new = run(theta, precision, kind(damping), data)
        before, after = float(before), float(after)
        first = before if first is None else first
        if not np.isfinite(before):
            return theta, (before, before), number
        gain = (before - after) / max(float(predicted), 1e-300)
        now = before
        if np.isfinite(after) and after < before:
            theta, now = np.asarray(new), after
            damping *= max(0.2, 1 - (2 * min(gain, 2.0) - 1) ** 3)
            growth = 2.0
            if before - after < limits.small * before:
                return theta, (first, now), number + 1
        else:
            damping, growth = damping * growth, growth * 2
            if growth > _HOPELESS:
                return theta, (first, now), number + 1
    return theta, (np.inf if first is None else first, now), limits.steps


@lru_cache(maxsize=32)
def _compiled(model: Model, kind: type[Loss], inner: int) -> Callable:
    """`(theta, precision, damping, data) -> (before, after, predicted decrease, new theta)`."""
    import jax
    import jax.numpy as jnp

    loss = kind()

    def total(f: Any, data: Data) -> Any:
        each = loss.rows(f, data.t, jnp)
        return (each if data.weights is None else each * data.weights).sum()

    def step(theta: Any, precision: Any, damping: Any, data: Data) -> Any:
        f, forward = jax.linearize(lambda theta: model.apply(theta, data.z), theta)
        backward = jax.linear_transpose(forward, theta)
        bend = jax.grad(lambda f: total(f, data))

        def curvature(v: Any) -> Any:
            return backward(jax.jvp(bend, (f,), (forward(v),))[1])[0] + precision * v

        slope = backward(bend(f))[0] + precision * theta
        s = _conjugate(lambda v: curvature(v) + damping * v, slope, inner)
        new = theta - s
        predicted = (s * slope).sum() - 0.5 * (s * curvature(s)).sum()
        before = total(f, data) + 0.5 * (precision * theta * theta).sum()
        after = total(model.apply(new, data.z), data) + 0.5 * (precision * new * new).sum()
        return before, after, predicted, new

    return jax.jit(step)


def _conjugate(product: Callable, right: Any, most: int) -> Any:
    """Conjugate gradients from zero, until the residual is small or `most` steps are made."""
    import jax

    enough = _RESIDUAL**2 * (right * right).sum()

    def going(state: tuple) -> Any:
        k, _, _, _, square = state
        return (k < most) & (square > enough)

    def step(state: tuple) -> tuple:
        k, x, r, d, square = state
        turned = product(d)
        length = square / (d * turned).sum()
        r = r - length * turned
        after = (r * r).sum()
        return k + 1, x + length * d, r, r + after / square * d, after

    start = (0, 0 * right, right, right, (right * right).sum())
    return jax.lax.while_loop(going, step, start)[1]
