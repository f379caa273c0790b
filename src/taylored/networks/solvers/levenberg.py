"""Levenberg-Marquardt with evidence: many networks at once, each with its own damping and priors.

Minimized is E(θ) + ½ Σ λ_g |θ_g|², E the loss over the rows and g the groups of parameters. The
precisions λ_g (relative to that of the noise) maximize the evidence of the data in the Gauss-Newton
approximation; they are brought up to date between steps. Sources: D. J. C. MacKay, A practical
Bayesian framework for backpropagation networks, Neural Computation 4 (1992) 448; F. D. Foresee and
M. T. Hagan, Gauss-Newton approximation to Bayesian learning, ICNN 1997; H. B. Nielsen, Damping
parameter in Marquardt's method, IMM report 1999 (the rule for the damping).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from taylored.networks.losses import Loss
from taylored.networks.model import Model
from taylored.networks.solvers.curvature import Curvature, curvature_of

__all__ = ["Batch", "Limits", "State", "run"]

_LEAST, _MOST = 1e-8, 1e4  # precisions, relative to that of the noise
# Of the group that is hardly regularized: systems stay definite.
_FREE = {"float32": 1e-3, "float64": 1e-8}
_WIDEST = 1 << 28  # bytes of derivatives held at once


@dataclass(frozen=True, eq=False, slots=True)
class Batch:
    """The rows of each member: inputs (members, rows, features), targets and weights or None."""

    z: np.ndarray
    t: np.ndarray
    weights: np.ndarray | None = None

    def __getitem__(self, members: Any) -> Batch:
        weights = None if self.weights is None else self.weights[members]
        return Batch(self.z[members], self.t[members], weights)


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop: steps, updates of the precisions, and the relative decrease that is small.

    `between` steps are taken from one update of the precisions to the next; with `evidence` off
    they stay at `precision`.
    """

    steps: int = 60
    updates: int = 8
    between: int = 3
    small: float = 1e-3
    evidence: bool = True
    precision: float = 0.1


@dataclass(eq=False)
class State:
    """All that a run goes on from: with it and the rows, the run continues as if never stopped."""

    theta: np.ndarray  # (members, size)
    precision: np.ndarray  # (members, size) λ of each parameter
    damping: np.ndarray  # (members,), negative before the first step
    growth: np.ndarray  # (members,) the factor of the next increase
    taken: np.ndarray  # (members,) steps since the last update of the precisions
    updates: np.ndarray  # (members,)
    effective: np.ndarray  # (members,) effective parameters
    noise: np.ndarray  # (members,) precision of the noise
    steps: np.ndarray  # (members,)
    done: np.ndarray  # (members,) 0 going on, else a number of `ENDS`
    loss: np.ndarray  # (members,) E at theta
    trace: list[float] = field(default_factory=list)  # mean E per row, step by step

    @classmethod
    def at(cls, theta: np.ndarray, limits: Limits) -> State:
        """The state before the first step."""
        count = len(theta)
        zeros, whole = np.zeros(count), np.zeros(count, int)
        precision = np.full_like(theta, limits.precision)
        return cls(
            theta.copy(), precision, zeros - 1, zeros + 2, whole.copy(), whole.copy(),
            zeros.copy(), zeros + 1, whole.copy(), whole.copy(), zeros + np.inf,
        )  # fmt: skip

    @classmethod
    def join(cls, parts: Sequence[State]) -> State:
        """The members of several states, one after the other; the trace is that of the last."""
        kept = {
            f.name: np.concatenate([getattr(p, f.name) for p in parts])
            for f in fields(cls)
            if f.name != "trace"
        }
        return cls(**kept, trace=list(parts[-1].trace))

    def put(self, i: int, other: State, k: int) -> None:
        """Take member k of another state in the place of member i."""
        for each in fields(self):
            if each.name != "trace":
                getattr(self, each.name)[i] = getattr(other, each.name)[k]

    def arrays(self) -> dict[str, np.ndarray]:
        """The state as arrays, to be saved."""
        return {f.name: np.asarray(getattr(self, f.name)) for f in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> State:
        """The state that `arrays` gave."""
        held = {f.name: np.array(arrays[f.name]) for f in fields(cls)}
        return cls(**{**held, "trace": held["trace"].tolist()})


ENDS = ("going on", "converged", "steps", "stuck", "not finite")


def run(
    model: Model, loss: Loss, batch: Batch, state: State, limits: Limits, *,
    watch: Callable[[State], None] | None = None,
) -> State:  # fmt: skip
    """Train all members to their ends; `watch` sees the state after each step."""
    worker = _Run(model, loss, batch, limits, state)
    while (going := np.flatnonzero(state.done == 0)).size:
        worker.step(going)
        if watch is not None:
            watch(state)
    return state


class _Run:
    """One run: what is computed at the present parameters, for each member."""

    def __init__(self, model: Model, loss: Loss, batch: Batch, limits: Limits, state: State):
        self.model, self.loss, self.batch = model, loss, batch
        self.limits, self.state = limits, state
        count, self.rows = batch.z.shape[:2]
        self.curvature: list[Any] = [None] * count
        self.slope = np.zeros_like(state.theta)
        self.weight = np.full(count, float(self.rows))
        if batch.weights is not None:
            self.weight = batch.weights.sum(1).astype(float)
        self.group = np.asarray(model.groups)
        self.groups = int(self.group.max()) + 1
        self.free = _FREE[state.theta.dtype.name]
        fresh = state.damping < 0
        state.precision[np.ix_(fresh, self.group == self.groups - 1)] = self.free

    def step(self, going: np.ndarray) -> None:
        """One step of each member that goes on."""
        state = self.state
        stale = [i for i in going if self.curvature[i] is None]
        self._linearize(np.array(stale, int))
        for i in going:
            if state.done[i] == 0 and self._due(i):
                self._update_precision(i)
        going = going[state.done[going] == 0]
        if going.size:
            self._try(going)
        finite = state.loss[np.isfinite(state.loss)]
        state.trace.append(float(finite.mean()) / self.rows if finite.size else float("nan"))

    def _linearize(self, members: np.ndarray) -> None:
        """Loss, gradient and curvature of these members, a few at a time."""
        state, model = self.state, self.model
        each = self.rows * model.outputs * model.size * state.theta.itemsize
        for part in np.array_split(members, -(-len(members) * each // _WIDEST) or 1):
            if not part.size:
                continue
            batch = self.batch[part]
            f, jacobian = model.jacobian(state.theta[part], batch.z)
            state.loss[part] = self._sum(self.loss.rows(f, batch.t), batch)
            slope = self.loss.slope(f, batch.t)
            whitened = self.loss.whiten(f, jacobian)
            if batch.weights is not None:
                slope = slope * batch.weights[:, :, None]
                whitened = whitened * np.sqrt(batch.weights)[:, :, None, None]
            flat = (len(part), -1, model.size)
            across = jacobian.reshape(flat).transpose(0, 2, 1)
            self.slope[part] = (across @ slope.reshape(len(part), -1, 1))[..., 0]
            for i, made in zip(part, curvature_of(whitened.reshape(flat)), strict=True):
                self.curvature[i] = made
                if state.damping[i] < 0:
                    state.damping[i] = 1e-2 * made.scale()
            bad = ~np.isfinite(state.loss[part]) | ~np.isfinite(self.slope[part]).all(1)
            state.done[part[bad]] = ENDS.index("not finite")

    def _sum(self, rows: np.ndarray, batch: Batch) -> np.ndarray:
        return (rows if batch.weights is None else rows * batch.weights).sum(1)

    # ---- the precisions ----

    def _due(self, i: int) -> bool:
        limits, state = self.limits, self.state
        return (
            limits.evidence
            and state.taken[i] >= limits.between
            and state.updates[i] < limits.updates
        )

    def _update_precision(self, i: int) -> None:
        """MacKay's fixed point: λ_g = γ_g / (β |θ_g|²), γ_g the well-determined parameters of g."""
        state, precision = self.state, self.state.precision[i]
        curvature: Curvature = self.curvature[i]
        state.updates[i] += 1
        state.taken[i] = 0
        inverse = curvature.inverse_diagonal(precision)
        if inverse is None:
            return
        determined = np.clip(1 - precision * inverse, 0, 1)
        effective = float(determined.sum())
        beta = 1.0
        if self.loss.free_scale:
            spare = max(self.weight[i] * self.model.outputs - effective, 0.1 * self.weight[i])
            beta = spare / (2 * state.loss[i] + 1e-30)
        gamma = np.bincount(self.group, determined, self.groups)
        size = np.bincount(self.group, state.theta[i].astype(float) ** 2, self.groups)
        found = np.clip(gamma / (beta * size + 1e-30), _LEAST, _MOST)
        found[-1] = self.free
        if abs(effective - state.effective[i]) < 0.01 * effective + 0.05:
            state.updates[i] += 1  # settled: fewer are needed
        state.precision[i] = found[self.group]
        state.effective[i], state.noise[i] = effective, beta

    # ---- the steps ----

    def _try(self, going: np.ndarray) -> None:
        """Solve for a step of each member, and take those that decrease what is minimized."""
        state = self.state
        theta, precision = state.theta[going], state.precision[going]
        slope = self.slope[going] + precision * theta
        steps = np.zeros_like(theta)
        for k, i in enumerate(going):
            diagonal = precision[k] + theta.dtype.type(state.damping[i])
            found = self.curvature[i].solve(diagonal, slope[k])
            if found is not None:
                steps[k] = found
        new, batch = theta - steps, self.batch[going]
        damped = state.damping[going].astype(theta.dtype)[:, None] * steps
        predicted = 0.5 * (steps * (damped + slope)).sum(1).astype(float)
        before = state.loss[going] + 0.5 * (precision * theta * theta).sum(1)
        loss = self._sum(self.loss.rows(self.model.values(new, batch.z), batch.t), batch)
        after = loss + 0.5 * (precision * new * new).sum(1)
        better = np.isfinite(after) & (after < before)
        gain = (before - after) / np.maximum(predicted, 1e-300)
        state.steps[going] += 1
        for k, i in enumerate(going):
            if better[k]:
                state.theta[i], state.loss[i], self.curvature[i] = new[k], loss[k], None
                state.taken[i] += 1
                state.damping[i] *= max(0.2, 1 - (2 * min(gain[k], 2.0) - 1) ** 3)
                state.growth[i] = 2.0
            else:
                state.damping[i] *= state.growth[i]
                state.growth[i] *= 2
            small = better[k] and before[k] - after[k] < self.limits.small * before[k]
            self._judge(i, bool(small))

    def _judge(self, i: int, small: bool) -> None:
        """Whether a member is at its end, or its precisions are to be updated early."""
        state, limits = self.state, self.limits
        stuck = state.damping[i] > 1e12 * (1 + abs(state.loss[i]))
        settled = not limits.evidence or state.updates[i] >= limits.updates
        if settled and (small or stuck):
            state.done[i] = ENDS.index("converged" if small else "stuck")
        elif state.steps[i] >= limits.steps:
            state.done[i] = ENDS.index("steps")
        elif small or stuck:
            state.taken[i] = limits.between
            if stuck:
                state.damping[i], state.growth[i] = 1.0, 2.0
