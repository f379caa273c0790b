"""Members trained together, each without a part of the rows, and what they say of all rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.networks.folds import Folds
from taylored.networks.losses import Loss
from taylored.networks.model import Model
from taylored.networks.solvers.levenberg import Batch, Limits, State, run

__all__ = ["Rows", "held_out", "member_batch", "merit", "outputs_at", "train_members"]

_AGAIN = 2  # times that members which ended badly are started anew
_BAD = 1.5  # times what the best quarter of the members leave: a poor minimum
_WIDEST = 1 << 27  # bytes of values computed at once


@dataclass(frozen=True, eq=False, slots=True)
class Rows:
    """Inputs (rows, features), targets (rows, outputs) or classes (rows,), weights or None."""

    z: np.ndarray
    t: np.ndarray
    weights: np.ndarray | None = None


def member_batch(
    rows: Rows, seen: np.ndarray, dtype: Any, counts: np.ndarray | None = None
) -> Batch:
    """The rows (members, kept) of each member; `counts` says which of them count."""
    t = rows.t if rows.t.ndim == 1 else rows.t.astype(dtype)
    weights = None if rows.weights is None else rows.weights.astype(dtype)[seen]
    if counts is not None and not counts.all():
        weights = counts.astype(dtype) if weights is None else np.where(counts, weights, 0)
    return Batch(rows.z.astype(dtype)[seen], t[seen], weights)


def train_members(
    model: Model, loss: Loss, batch: Batch, rng: np.random.Generator, limits: Limits, *,
    run: Callable[..., State] = run,
) -> State:  # fmt: skip
    """Levenberg-Marquardt from a random start each; members in poor minima are started again.

    Poor is judged by what the members were trained on, never by the rows that they left out. All
    starts are drawn first, so that the draws do not depend on how training goes; `run` is what
    takes a state to its end.
    """
    dtype, count = batch.z.dtype, len(batch.z)
    starts = [model.draw(rng, count, dtype) for _ in range(_AGAIN + 1)]
    state = run(model, loss, batch, State.at(starts[0], limits), limits)
    for start in starts[1:]:
        poor = np.flatnonzero(_poor(state, loss))
        if not poor.size:
            break
        again = run(model, loss, batch[poor], State.at(start[poor], limits), limits)
        for k, i in enumerate(poor.tolist()):
            if merit(again, loss)[k] < merit(state, loss)[i]:
                state.put(i, again, k)
    return state


def merit(state: State, loss: Loss) -> np.ndarray:
    """(members,) what a member leaves: the variance of the noise, or the loss without a scale."""
    with np.errstate(all="ignore"):
        found = 1 / state.noise if loss.free_scale else state.loss
    return np.where(np.isfinite(state.loss), found, np.inf)


def _poor(state: State, loss: Loss) -> np.ndarray:
    left = merit(state, loss)
    finite = left[np.isfinite(left)]
    good = float(np.quantile(finite, 0.25)) if finite.size else np.inf
    return ~np.isfinite(left) | (left > _BAD * max(good, 0.0) + 1e-12)


def outputs_at(model: Model, theta: np.ndarray, z: np.ndarray) -> np.ndarray:
    """f (members, rows, outputs) in float64, a few rows at a time."""
    theta, z = theta.astype(float), np.asarray(z, float)
    wide = max([model.features, *getattr(model, "hidden", ()), model.outputs])
    each = max(1, _WIDEST // (8 * len(theta) * wide))
    parts = [
        model.values(theta, np.broadcast_to(part, (len(theta), *part.shape)))
        for part in np.array_split(z, max(1, -(-len(z) // each)))
    ]
    return np.concatenate(parts, axis=1)


def held_out(values: np.ndarray, folds: Folds) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance (rows, outputs) of the members' values that have not seen the row."""
    out = folds.held_out()[:, :, None]
    count = folds.repeats
    mean = np.where(out, values, 0.0).sum(0) / count
    spread = np.where(out, (values - mean) ** 2, 0.0).sum(0) / (count - 1)
    return mean, spread
