"""One training: from the table to the network and what is known of its errors."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.networks.checkpoint import Checkpoint, identity_of
from taylored.networks.classes import ClassesOutOfBag, probabilities
from taylored.networks.doubts import (
    alike_in_column,
    doubts_of,
    left_to_learn,
    rows_together,
)
from taylored.networks.ensemble import Rows, held_out, member_batch, outputs_at
from taylored.networks.findings import merged
from taylored.networks.folds import Folds, fold_count, make_folds
from taylored.networks.laplace import Laplace, fit_laplace
from taylored.networks.losses import Logistic, Loss, Softmax, Squared
from taylored.networks.members import (
    AFTER,
    Task,
    Trained,
    adam_members,
    levenberg_members,
    levenberg_single,
)
from taylored.networks.model import Model, perceptron
from taylored.networks.noise import fit_noise
from taylored.networks.outofbag import Coverage, OutOfBag
from taylored.networks.plan import NOT_REGULARIZED, Settings, candidates, default_hidden
from taylored.networks.result import Network
from taylored.networks.scoring import score_beside_baselines
from taylored.networks.session import Session
from taylored.networks.solvers.choose import Choice, Shape, choose_solver
from taylored.networks.tables import Encoder, Response
from taylored.networks.user_model import UserModel
from taylored.results import Finding

__all__ = ["Job"]

_MEMBERS, _COSTLY_MEMBERS = 30, 10
_LEAST_COSTLY = 20.0  # seconds: from here fewer members are trained where none were asked for


class Job:
    """The settings, the table as numbers, and the network that comes of them."""

    def __init__(
        self, settings: Settings, encoder: Encoder, response: Response, rows: Any,
        findings: tuple[Finding, ...], *, model: UserModel | None = None,
    ):  # fmt: skip
        self.started = time.process_time()
        self.settings, self.encoder, self.response = settings, encoder, response
        self.rows = Rows(rows.z, rows.t, rows.weights)
        self.kept, self.groups = rows.kept, rows.groups
        self.findings = list(findings)
        self.rng = np.random.default_rng(settings.seed)
        self.classes = response.kind == "classification"
        self.loss = self._loss(model)
        # What a user has written may need all digits; networks do not.
        self.regularized = model is None or model.regularized
        self.dtype = np.float32 if self.regularized else np.float64
        self.model: Model = model if model is not None else self._perceptron()
        self.watched = Session()

    def _perceptron(self) -> Model:
        rows, settings = self.rows, self.settings
        targets = len(self.response.classes) if self.classes else rows.t.shape[1]
        features, outputs = rows.z.shape[1], self.loss.outputs(targets)

        def made(hidden: tuple[int, ...]) -> Model:
            return perceptron(features, hidden, outputs, settings.activation)

        if settings.hidden is not None:
            return made(settings.hidden)
        narrow, wide = default_hidden(*rows.z.shape)
        small = made(narrow)
        members = settings.members or _MEMBERS
        return small if self._choice(small, members).name == "levenberg" else made(wide)

    def _loss(self, model: UserModel | None) -> Loss:
        if not self.classes:
            return Squared()
        two = len(self.response.classes) == 2 and (model is None or model.outputs == 1)
        return Logistic() if two else Softmax()

    def watched_by(self, progress: bool, callback: Callable | None, checkpoint: Any) -> Session:
        """What watches the training, and keeps its state in a file where one is given."""
        kept = None
        if checkpoint is not None:
            described = self.encoder.to_dict(), self.response.to_dict(), self.groups
            identity = identity_of(self.settings, self.model, self.rows, *described)
            kept = Checkpoint(checkpoint, identity)
        self.watched = Session(progress=progress, callback=callback, checkpoint=kept)
        return self.watched

    def network(self) -> Network:
        """The network and what is known about it."""
        if self.settings.intervals == "out-of-bag":
            return self._ensemble()
        return self._single()

    # ---- an ensemble ----

    def _ensemble(self) -> Network:
        rows, together = self.rows, self._together()
        asked = self.settings.members or _MEMBERS
        choice = self._choice(self.model, asked)
        if self.settings.members is None and choice.seconds > _LEAST_COSTLY:
            asked = _COSTLY_MEMBERS
        labels = rows.t if self.classes else None
        folds = make_folds(len(rows.z), asked, self.rng, labels=labels, groups=together)
        seen, counts = folds.training()
        batch, task = member_batch(rows, seen, self.dtype, counts), self._task(choice)
        if choice.name == "adam":
            trained = adam_members(task, batch)
        else:
            trained = levenberg_members(task, batch, folds)
        return self._judged(trained, folds)

    def _choice(self, model: Model, members: int) -> Choice:
        """The solver for so many members, each with the rows that it would see."""
        rows = len(self.rows.z)
        if members > 1:  # each is trained without a fold
            units = rows if self.groups is None else int(self.groups.max()) + 1
            rows -= -(-rows // fold_count(units))
        back = getattr(model, "reversible", True)
        shape = Shape(rows, model.outputs, model.size, members, reversible=back)
        return choose_solver(shape, self.settings.solver)

    def _task(self, choice: Choice) -> Task:
        tried = (NOT_REGULARIZED,)
        if self.regularized:
            tried = candidates(self.settings.regularization, self.classes)
        return Task(
            self.model, self.loss, self.rows, self.classes, tried, choice, self.dtype, self.rng,
            self.watched,
        )  # fmt: skip

    def _together(self) -> np.ndarray | None:
        """Which rows are left out together: the user's groups, exact copies, and near ones."""
        if self.groups is not None:
            return self.groups if self.groups.max() + 1 < len(self.groups) else None
        together, found = rows_together(self.rows, self._names_of_numbers())
        self.findings += found
        return together

    def _judged(self, trained: Trained, folds: Folds) -> Network:
        """What the members say of rows that they have not seen, and what follows."""
        rows, noise = self.rows, None
        f = outputs_at(self.model, trained.theta, rows.z)
        effective = trained.effective / self.model.outputs
        if self.classes:
            raw, _ = held_out(probabilities(f), folds)
            found = ClassesOutOfBag(rows.t, raw, folds, rows.weights, effective)
        else:
            middle = held_out(f, folds)
            noise, deviation = fit_noise(
                rows, folds, middle, self.rng, varies=self.settings.varies,
                run=self.watched.runner(AFTER[0]),
            )  # fmt: skip
            found = OutOfBag(rows.t, *middle, deviation, folds, rows.weights, effective)
        self.watched.phase(AFTER[1])
        more = left_to_learn(found, rows.z)
        scores, findings = score_beside_baselines(
            found, rows, folds, self.settings.seed, more=more is not None
        )
        doubts = [f for f in self.findings if f.name == "rows-belong-together"]
        if self.groups is None and folds.groups is None and not doubts:
            doubts += alike_in_column(found, rows.z, self._names_of_numbers())
            self.findings += doubts
        self.findings += [*findings, *([] if more is None else [more])]
        # What has a reason needs no other one: errors in the order of the rows.
        known, others = more is not None or doubts, doubts_of(found, self.response.classes)
        self.findings += [f for f in others if not known or f.name != "errors-depend-on-order"]
        net = self._finish(trained, folds=folds, noise=noise, out_of_bag=found, scores=scores)
        short = [_does_not_hold(c) for c in net.coverage() if not c.holds]
        return replace(net, findings=merged([*net.findings, *short]))

    def _names_of_numbers(self) -> dict[int, str]:
        """The columns of the features that are measured numbers."""
        columns = [self.encoder.columns[c] for c in self.encoder.column_of]
        return {k: c.name for k, c in enumerate(columns) if c.kind == "number"}

    # ---- a single network ----

    def _single(self) -> Network:
        wanted = self.settings.intervals
        if self.classes and wanted == "laplace":
            raise ArgumentError(
                "Laplace intervals are of numbers, and these are classes.",
                next_step='leave intervals out: "out-of-bag" calibrates probabilities.',
            )
        choice = self._choice(self.model, 1)
        if choice.name == "adam" and wanted == "laplace":
            raise ArgumentError(
                "Laplace intervals need Levenberg-Marquardt, and this task is too large for it.",
                why=choice.reason,
                next_step='use intervals="out-of-bag", or fewer units.',
            )
        laplace = None
        if choice.name == "adam":
            everything = np.arange(len(self.rows.z))[None]
            batch = member_batch(self.rows, everything, self.dtype)
            trained = adam_members(self._task(choice), batch)
        else:
            trained, state = levenberg_single(self._task(choice), self.settings.starts)
            if wanted == "laplace":
                laplace = fit_laplace(self.model, self.rows, state)
                self.findings += _doubt(laplace)
        known = {"folds": None, "noise": None, "out_of_bag": None}
        return self._finish(trained, laplace=laplace, **known)

    # ---- both ----

    def _finish(self, trained: Trained, laplace: Laplace | None = None, **known: Any) -> Network:
        seconds = time.process_time() - self.started
        return Network(
            encoder=self.encoder, response=self.response, model=self.model, theta=trained.theta,
            rows=self.rows, settings=self.settings, laplace=laplace,
            training=replace(trained.training, seconds=seconds),
            findings=merged(self.findings), kept=self.kept, **{"scores": (), **known},
        )  # fmt: skip


def _does_not_hold(coverage: Coverage) -> Finding:
    return Finding(
        "coverage-off",
        f"what is to hold {100 * coverage.level:g} % of new rows held only {coverage} of those not "
        "used for it.",
        "Are the rows in an order, or in groups? Give groups=, or more rows.",
    )


def _doubt(laplace: Laplace) -> list[Finding]:
    if laplace.trusted:
        return []
    return [Finding("laplace-not-trusted", f"{laplace.why}.", severity="warning")]
