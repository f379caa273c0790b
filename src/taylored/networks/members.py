"""The members of a network trained by either solver, and what is recorded of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from taylored.errors import NotConvergedError
from taylored.networks.baselines import squared_losses
from taylored.networks.classes import ClassesOutOfBag, probabilities
from taylored.networks.ensemble import Rows, member_batch, merit, outputs_at, train_members
from taylored.networks.folds import Folds
from taylored.networks.losses import Loss
from taylored.networks.model import Model
from taylored.networks.plan import Candidate
from taylored.networks.result import Training
from taylored.networks.session import Session
from taylored.networks.solvers.choose import Choice
from taylored.networks.solvers.levenberg import ENDS, Batch, State

__all__ = ["AFTER", "Task", "Trained", "adam_members", "levenberg_members", "levenberg_single"]

AFTER = ("the noise", "baselines")  # phases that follow the members
_BEST = "the best start"


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be trained, in which ways it may be regularized, and who watches."""

    model: Model
    loss: Loss
    rows: Rows
    classes: bool
    tried: tuple[Candidate, ...]
    choice: Choice
    dtype: Any
    rng: np.random.Generator
    session: Session


@dataclass(frozen=True, eq=False)
class Trained:
    """The parameters (members, size) and how they came about."""

    theta: np.ndarray
    training: Training

    @property
    def effective(self) -> float:
        """The mean number of parameters that the rows determine; 0 where it is not known."""
        found = self.training.effective
        return float(np.mean(found)) if found.size else 0.0


def levenberg_members(task: Task, batch: Batch, folds: Folds) -> Trained:
    """All members of an ensemble; the first repeat also decides how they are regularized."""
    pilot, found = batch[slice(0, folds.count)], []
    rest = f"{folds.members - folds.count} more networks"
    names = {each: f"{folds.count} networks, {each.name}" for each in task.tried}
    work = [(name, folds.count) for name in names.values()]
    task.session.plan([*work, (rest, folds.members - folds.count), *_after(folds.members)])
    for each in task.tried:
        run = task.session.runner(names[each])
        state = train_members(task.model, task.loss, pilot, task.rng, each.limits, run=run)
        found.append((_unseen_loss(task, state, folds), len(found), each, state))
    _, _, chosen, first = min(found, key=lambda f: f[:2])
    others = train_members(
        task.model, task.loss, batch[slice(folds.count, None)], task.rng, chosen.limits,
        run=task.session.runner(rest),
    )  # fmt: skip
    return _of_levenberg(task, State.join([first, others]), chosen)


def _after(members: int) -> list[tuple[str, float]]:
    return [(name, 0.1 * members) for name in AFTER]


def _unseen_loss(task: Task, state: State, folds: Folds) -> float:
    """The loss of each row by the one member of the first repeat that has not seen it."""
    rows = task.rows
    f = outputs_at(task.model, state.theta, rows.z)
    own = f[folds.number[0], np.arange(len(rows.z))]
    if task.classes:
        losses = ClassesOutOfBag(rows.t, probabilities(own), folds, rows.weights).losses
    else:
        losses = squared_losses(own, rows.t)
    loss = float(np.average(losses, weights=rows.weights))
    return loss if np.isfinite(loss) else np.inf


def levenberg_single(task: Task, starts: int) -> tuple[Trained, State]:
    """One network of all rows: the best of a few starts, taken to its end in float64."""
    chosen = task.tried[0]
    everything = np.tile(np.arange(len(task.rows.z)), (starts, 1))
    batch = member_batch(task.rows, everything, task.dtype)
    theta = task.model.draw(task.rng, starts, task.dtype)
    task.session.plan([(f"{starts} starts", starts), (_BEST, 1)])
    run = task.session.runner(f"{starts} starts")
    state = run(task.model, task.loss, batch, State.at(theta, chosen.limits), chosen.limits)
    best = int(np.argmin(merit(state, task.loss)))
    end = State.at(state.theta[best : best + 1].astype(float), chosen.limits)
    end.precision[:] = state.precision[best]
    fine = member_batch(task.rows, everything[:1], np.float64)
    limits = replace(chosen.limits, steps=30, updates=3, small=1e-6)
    end = task.session.runner(_BEST)(task.model, task.loss, fine, end, limits)
    return _of_levenberg(task, end, chosen), end


def _of_levenberg(task: Task, state: State, chosen: Candidate) -> Trained:
    _require_finite(np.isfinite(state.theta).all(1) & np.isfinite(state.loss))
    _, first = np.unique(task.model.groups, return_index=True)
    training = Training(
        solver="levenberg",
        reason=task.choice.reason,
        regularization=chosen.name,
        ends=_counted(state.done, ENDS),
        steps=int(state.steps.max()),
        trace=np.array(state.trace),
        effective=state.effective,
        noise=1 / state.noise,
        precision=state.precision[:, first],  # the parameters of a group share one
    )
    return Trained(state.theta, training)


def adam_members(task: Task, batch: Batch) -> Trained:
    """Members trained by Adam, each until the loss of rows it holds back improves no more."""
    from taylored.networks.solvers.conjugate import polish_quiet
    from taylored.networks.solvers.first_order import ENDS as ENDED
    from taylored.networks.solvers.first_order import Options

    count, options = len(batch.z), Options()
    name = f"{count} network{'s' if count > 1 else ''}"
    task.session.plan([(name, count), *(_after(count) if count > 1 else [])])
    run = task.session.first_order(name)
    state = run(task.model, task.loss, batch, task.rng, options)
    polish_quiet(task.model, task.loss, batch, state, options)
    _require_finite(np.isfinite(state.theta).all(1))
    validation = np.array(state.held_out_trace)
    training = Training(
        solver="adam",
        reason=task.choice.reason,
        regularization=f"weight decay {options.decay:g} and early stopping",
        ends=_counted(state.done, ENDED),
        steps=int(state.epochs.max()),
        trace=np.array(state.trace),
        effective=np.empty(0),
        noise=np.empty(0),
        validation=validation if np.isfinite(validation).any() else np.empty(0),
    )
    return Trained(state.theta, training)


def _counted(done: np.ndarray, names: tuple[str, ...]) -> dict[str, int]:
    counts = np.bincount(done, minlength=len(names))
    return {names[k]: int(c) for k, c in enumerate(counts) if c}


def _require_finite(finite: np.ndarray) -> None:
    if finite.all():
        return
    raise NotConvergedError(
        "Training did not end in finite parameters.",
        why="the loss overflows, from every start that was tried.",
        next_step='try another activation, such as "tanh", or fewer layers.',
    )
