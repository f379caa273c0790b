"""Adam for networks too large for second-order steps: all epochs on the device, stopped early.

Each member holds a share of its own training rows back, goes on while their loss improves, and
keeps the parameters at which it was least. The rate rises, then falls along a half cosine (source:
I. Loshchilov and F. Hutter, SGDR, ICLR 2017); where the loss improves no more, training goes back
to the best parameters with a lower rate, a few times, before it ends.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from taylored.networks.losses import Loss
from taylored.networks.model import Model
from taylored.networks.solvers.fused import Carry, Data, fused_epochs, pieces_of, step_sizes
from taylored.networks.solvers.levenberg import Batch
from taylored.trace.jaxpr import float64

__all__ = ["ENDS", "FirstOrderState", "Options", "split_rows", "train_first_order"]

ENDS = ("going on", "epochs", "validation", "not finite")

_FEW_STEPS, _MOST_STEPS = 3000, 20000  # of one member, where the epochs are not given
_MOST_EPOCHS = 400
_BATCHES = 50  # of an epoch, about
_LEAST_HELD = 10  # rows: fewer say nothing of when to stop
_AT_ONCE = 500  # steps between two looks from outside
_SLOWER = 0.25  # the factor by which rates are lowered


@dataclass(frozen=True, slots=True)
class Options:
    """How to train; zeros stand for what suits the number of rows.

    `rate` is the largest, after a share `warm` of all steps; `decay` that of the weights, for a
    rate of one; `held` the share of rows for validation. After `patience` epochs without progress
    on them the rate is lowered, and after so many `drops` training ends; `again` is how often
    members whose loss is not finite start anew. `optimizer` is one of optax with a rate of its own,
    in the place of Adam.
    """

    epochs: int = 0
    batch: int = 0
    rate: float = 3e-3
    decay: float = 5e-2
    warm: float = 0.05
    held: float = 0.1
    patience: int = 0
    drops: int = 3
    again: int = 3
    optimizer: Any = None

    def for_rows(self, rows: int) -> Options:
        """The same with numbers in place of the zeros."""
        rows -= self.count_held(rows)
        batch = min(self.batch or int(np.clip(rows // _BATCHES, 16, 256)), rows)
        batches = max(1, rows // batch)
        few = -(-_FEW_STEPS // batches)
        epochs = self.epochs or int(np.clip(_MOST_EPOCHS, few, -(-_MOST_STEPS // batches)))
        patience = self.patience or max(10, epochs // 20)
        return replace(self, epochs=epochs, batch=rows // batches, patience=patience)

    def count_held(self, rows: int) -> int:
        """How many of a member's rows are for validation: none where they would say nothing."""
        count = round(self.held * rows)
        return count if count >= _LEAST_HELD else 0

    def rates(self, batches: int) -> np.ndarray:
        """(epochs, batches) the rate of each step."""
        place = (np.arange(self.epochs * batches) + 0.5) / (self.epochs * batches)
        rise = np.minimum(place / self.warm, 1.0) if self.warm > 0 else np.ones_like(place)
        fall = 0.5 + 0.5 * np.cos(np.pi * np.clip((place - self.warm) / (1 - self.warm), 0, 1))
        return (self.rate * rise * fall).reshape(self.epochs, batches)


@dataclass(eq=False)
class FirstOrderState:
    """All that a run goes on from: with it and the rows, the run continues as if never stopped."""

    theta: np.ndarray  # (members, size) the best so far
    last: np.ndarray  # (members, size)
    start: np.ndarray  # (members, size)
    least: np.ndarray  # (members,) the validation loss at theta
    since: np.ndarray  # (members,) epochs since it was found
    epochs: np.ndarray  # (members,)
    factor: np.ndarray  # (members,) of the rate
    drops: np.ndarray  # (members,) how often it was lowered for want of progress
    again: np.ndarray  # (members,) how often the member started anew
    done: np.ndarray  # (members,) 0 going on, else a number of `ENDS`
    seed: np.ndarray  # () that of the order of the rows
    losses: np.ndarray  # (epochs, members) on the training rows; not a number where not run
    validation: np.ndarray  # (epochs, members)
    memory: list[np.ndarray] = field(default_factory=list)  # of the optimizer, (members, ...) each

    @property
    def trace(self) -> list[float]:
        """The mean loss of the members on their training rows, epoch by epoch."""
        return _mean_over_members(self.losses)

    @property
    def held_out_trace(self) -> list[float]:
        """The mean loss of the members on their validation rows, epoch by epoch."""
        return _mean_over_members(self.validation)

    def reason(self, i: int) -> str:
        """Why member i stopped, in words."""
        ran = f"{int(self.epochs[i])} epochs"
        return {
            "going on": f"stopped from outside after {ran}",
            "epochs": f"all {ran} were run",
            "validation": f"the validation loss has not improved for {int(self.since[i])} epochs, "
            f"at 1/{round(1 / self.factor[i])} of the rate",
            "not finite": "the loss is not finite at any rate that was tried",
        }[ENDS[int(self.done[i])]]

    def arrays(self) -> dict[str, np.ndarray]:
        """The state as arrays, to be saved."""
        found = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "memory"}
        return {**found, **{f"memory_{k}": a for k, a in enumerate(self.memory)}}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> FirstOrderState:
        """The state that `arrays` gave."""
        held = {f.name: np.array(arrays[f.name]) for f in fields(cls) if f.name != "memory"}
        count = sum(name.startswith("memory_") for name in arrays)
        return cls(**held, memory=[np.array(arrays[f"memory_{k}"]) for k in range(count)])


def _mean_over_members(losses: np.ndarray) -> list[float]:
    there = np.isfinite(losses)
    sums, counts = np.where(there, losses, 0.0).sum(1), there.sum(1)
    return [float(s / c) if c else float("nan") for s, c in zip(sums, counts, strict=True)]


def train_first_order(
    model: Model, loss: Loss, batch: Batch, rng: np.random.Generator, options: Options, *,
    watch: Callable[[FirstOrderState], None] | None = None, state: FirstOrderState | None = None,
) -> FirstOrderState:  # fmt: skip
    """Train all members to their ends; `watch` sees the state every few epochs.

    With the `state` of an earlier run of the same arguments, that run is taken up again.
    """
    worker = _Run(model, loss, batch, options)
    starts, seed = model.draw(rng, len(batch.z), batch.z.dtype), int(rng.integers(2**31))
    with float64() if batch.z.dtype == np.float64 else nullcontext():
        state = worker.begin(starts, seed) if state is None else state
        while (going := np.flatnonzero(state.done == 0)).size:
            for i in going:
                worker.advance(state, int(i))
            if watch is not None:
                watch(state)
    return state


def split_rows(seed: int, i: int, rows: int, held: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows of member i that it is trained on, and those held back for validation."""
    order = np.random.default_rng([seed, i]).permutation(rows)
    return np.sort(order[held:]), np.sort(order[:held])


class _Run:
    """One run: the rows, and the compiled epochs."""

    def __init__(self, model: Model, loss: Loss, batch: Batch, options: Options):
        self.batch, rows = batch, batch.z.shape[1]
        self.options = options.for_rows(rows)
        self.count_held = self.options.count_held(rows)
        self.rows = rows - self.count_held
        self.batches = self.rows // self.options.batch
        self.rates = self.options.rates(self.batches)
        self.at_once = max(1, min(self.options.epochs, round(_AT_ONCE / self.batches)))
        self.slices = pieces_of(model)
        self.run = fused_epochs(model, loss, self.options.optimizer)

    def begin(self, theta: np.ndarray, seed: int) -> FirstOrderState:
        """The state before the first epoch."""
        count = len(theta)
        whole, none = np.zeros(count, int), np.full((0, count), np.nan)
        each = [self._fresh(own) for own in theta]
        memory = [np.stack(column) for column in zip(*each, strict=True)]
        return FirstOrderState(
            theta=theta.copy(), last=theta.copy(), start=theta.copy(),
            least=np.full(count, np.inf), since=whole.copy(), epochs=whole.copy(),
            factor=np.ones(count), drops=whole.copy(), again=whole.copy(), done=whole.copy(),
            seed=np.array(seed), losses=none, validation=none.copy(), memory=memory,
        )  # fmt: skip

    def _memory(self, theta: np.ndarray) -> Any:
        """The optimizer's memory before the first step, as a tree."""
        parts = self._parts(theta)
        if self.options.optimizer is not None:
            return self.options.optimizer.init(parts)
        zeros = tuple(np.zeros_like(p) for p in parts)
        return zeros, zeros

    def _fresh(self, theta: np.ndarray) -> list[np.ndarray]:
        import jax

        return [np.asarray(a) for a in jax.tree_util.tree_leaves(self._memory(theta))]

    def _parts(self, theta: np.ndarray) -> tuple[np.ndarray, ...]:
        return tuple(theta[s] for s in self.slices)

    def advance(self, state: FirstOrderState, i: int) -> None:
        """A few epochs of member i, and whether it goes on after them."""
        first = int(state.epochs[i])
        count = min(self.at_once, self.options.epochs - first)
        carry, losses = self._epochs(state, i, range(first, first + count))
        if not np.isfinite(losses).all():
            self._begin_again(state, i)
            return
        self._keep(state, i, carry)
        more = first + count - len(state.losses)
        if more > 0:
            empty = np.full((more, len(state.done)), np.nan)
            state.losses = np.concatenate([state.losses, empty])
            state.validation = np.concatenate([state.validation, empty])
        state.losses[first : first + count, i] = losses[0]
        if self.count_held:
            state.validation[first : first + count, i] = losses[1]
        state.epochs[i] += count
        self._judge(state, i)

    def _judge(self, state: FirstOrderState, i: int) -> None:
        """Whether a member is at its end, or goes on from its best parameters at a lower rate."""
        if state.epochs[i] >= self.options.epochs:
            state.done[i] = ENDS.index("epochs")
        elif self.count_held and state.since[i] >= self.options.patience:
            if state.drops[i] >= self.options.drops or self.options.optimizer is not None:
                state.done[i] = ENDS.index("validation")
                return
            state.drops[i] += 1
            state.since[i] = 0
            state.factor[i] *= _SLOWER
            state.last[i] = state.theta[i]

    def _epochs(self, state: FirstOrderState, i: int, epochs: range) -> tuple[Carry, Any]:
        import jax

        training, held = self._data(state, i)
        orders = np.stack([self._order(state, i, e) for e in epochs])
        rates = self.rates[epochs.start : epochs.stop].ravel() * state.factor[i]
        sizes = step_sizes(rates, epochs.start * self.batches, self.options.decay)
        plan = sizes.astype(state.theta.dtype).reshape(len(epochs), self.batches, 2)
        structure = jax.tree_util.tree_structure(self._memory(state.theta[i]))
        memory = jax.tree_util.tree_unflatten(structure, [m[i] for m in state.memory])
        carry = Carry(
            self._parts(state.last[i]), memory, self._parts(state.theta[i]),
            state.theta.dtype.type(state.least[i]), np.int32(state.since[i]),
        )  # fmt: skip
        carry, losses = self.run(carry, training, held, orders, plan)
        return carry, [np.asarray(each, float) for each in losses]

    def _data(self, state: FirstOrderState, i: int) -> tuple[Data, Data | None]:
        """The rows of member i to train on, and those held back; weights with a mean of one."""
        parts = []
        for rows in split_rows(int(state.seed), i, self.batch.z.shape[1], self.count_held):
            weights = None if self.batch.weights is None else self.batch.weights[i, rows]
            if weights is not None and len(rows):
                weights = (weights / max(weights.mean(), 1e-300)).astype(state.theta.dtype)
            parts.append(Data(self.batch.z[i, rows], self.batch.t[i, rows], weights))
        return parts[0], parts[1] if self.count_held else None

    def _order(self, state: FirstOrderState, i: int, epoch: int) -> np.ndarray:
        """The rows of each batch of an epoch; a few rows of each order are left out."""
        drawn = np.random.default_rng([int(state.seed), i, epoch]).permutation(self.rows)
        used = self.batches * self.options.batch
        return drawn[:used].reshape(self.batches, -1).astype(np.int32)

    def _keep(self, state: FirstOrderState, i: int, carry: Carry) -> None:
        import jax

        for place, part, best in zip(self.slices, carry.parts, carry.best, strict=True):
            state.last[i, place], state.theta[i, place] = part, best
        state.least[i], state.since[i] = float(carry.least), int(carry.since)
        leaves = jax.tree_util.tree_leaves(carry.memory)
        for whole, leaf in zip(state.memory, leaves, strict=True):
            whole[i] = leaf

    def _begin_again(self, state: FirstOrderState, i: int) -> None:
        """From the start at a lower rate; the end of the member where that was tried often."""
        if state.again[i] >= self.options.again or self.options.optimizer is not None:
            state.done[i] = ENDS.index("not finite")
            return
        state.again[i] += 1
        state.factor[i] = _SLOWER ** state.again[i]
        state.epochs[i] = state.since[i] = state.drops[i] = 0
        state.losses[:, i] = state.validation[:, i] = np.nan
        state.last[i] = state.theta[i] = state.start[i]
        state.least[i] = np.inf
        for whole, leaf in zip(state.memory, self._fresh(state.start[i]), strict=True):
            whole[i] = leaf
