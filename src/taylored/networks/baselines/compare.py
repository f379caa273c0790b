"""The baselines of a regression or a classification, scored on the folds of the network."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from taylored.networks.averages import mean_and_stderr
from taylored.networks.baselines.baseline import Baseline, Predictor, splits
from taylored.networks.baselines.gaussian_process import choose, condition
from taylored.networks.baselines.logistic import Logistic, fit_logistic
from taylored.networks.baselines.ridge import fit_ridge
from taylored.networks.baselines.scores import (
    log_losses,
    root_mean_square,
    squared_losses,
)
from taylored.results import Finding

__all__ = ["classification_baselines", "regression_baselines"]

Found = tuple[tuple[Baseline, ...], tuple[Finding, ...]]
# Of the rows outside a fold, and that fold (None: all rows): the model and its settings.
Fit = Callable[[np.ndarray, Any], tuple[Predictor, dict[str, Any]]]

GP_ROWS = 2000  # above, no Gaussian process: its time grows with the cube
CHOICE_ROWS = 250  # rows by which a Gaussian process chooses its hyperparameters
RIDGE_COLUMNS, RIDGE_ROWS = 1500, 1000  # with more features than the first, so many rows
# Rows x features x classes of a logistic regression, and of the choice of its strength.
LOGISTIC_SIZE, STRENGTH_SIZE, STRENGTH_ROWS = 20_000_000, 2_000_000, 2000
_STRENGTHS = np.logspace(3.0, -3.0, 13)


def regression_baselines(
    z: np.ndarray, t: np.ndarray, weights: np.ndarray, folds: np.ndarray, seed: int = 0
) -> Found:
    """Ridge regression, a Gaussian process up to 2000 rows, and the mean.

    Args:
        z: (rows, features), standardized.
        t: (rows, outputs), standardized.
        weights: (rows,), none negative; a row of weight 0 is predicted but neither used nor scored.
        folds: (rows,) whole numbers: each row is predicted by a model fitted without its fold, all
            choices (strength, lengthscales) included.
        seed: of the rows drawn where a method cannot take all.

    Returns the baselines that could be fitted, best score first, and a finding for each that could
    not or that did not take all rows.
    """
    trial = _Trial(z, folds, weights, seed)
    t = np.asarray(t, dtype=float).reshape(len(trial.z), -1)

    def score(held_out: np.ndarray) -> tuple[np.ndarray, float, float]:
        losses = squared_losses(held_out, t)
        return losses, *root_mean_square(losses, trial.weights)

    trial.score, trial.shape = score, t.shape
    if trial.possible(t):
        trial.attempt("ridge regression", lambda: _ridge(trial, t))
        trial.attempt("Gaussian process", lambda: _gaussian_process(trial, t))
        trial.attempt("mean", lambda: _mean(trial, t))
    return trial.found()


def classification_baselines(
    z: np.ndarray,
    labels: np.ndarray,
    classes: int,
    weights: np.ndarray,
    folds: np.ndarray,
    *,
    seed: int = 0,
) -> Found:
    """Multinomial logistic regression, and the frequencies of the classes.

    `labels`: (rows,) whole numbers from 0 to classes - 1. The rest as in `regression_baselines`;
    the score is the weighted mean log loss, the natural logarithm.
    """
    trial = _Trial(z, folds, weights, seed)
    labels = np.asarray(labels).astype(int)
    targets = np.zeros((len(labels), classes))
    targets[np.arange(len(labels)), labels] = trial.weights

    def score(held_out: np.ndarray) -> tuple[np.ndarray, float, float]:
        losses = log_losses(held_out, labels)
        return losses, *mean_and_stderr(losses, trial.weights)

    trial.score, trial.shape = score, targets.shape
    if trial.possible(targets):
        trial.attempt("multinomial logistic regression", lambda: _logistic(trial, targets, labels))
        trial.attempt("most frequent class", lambda: _frequencies(targets))
    return trial.found()


class _Trial:
    """The rows and folds, and what came of each baseline tried on them."""

    score: Callable[[np.ndarray], tuple[np.ndarray, float, float]]
    shape: tuple[int, ...]

    def __init__(self, z: np.ndarray, folds: np.ndarray, weights: np.ndarray, seed: int):
        self.z = np.asarray(z, dtype=float)
        self.folds = np.asarray(folds)
        weights = np.asarray(weights, dtype=float)
        used = weights > 0
        # Scaled so that "noise" and "strength" mean the same whatever the unit of the weights.
        self.weights = weights / weights[used].mean() if used.any() else weights
        self.rng = np.random.default_rng(seed)
        self.baselines: list[Baseline] = []
        self.findings: list[Finding] = []

    def possible(self, t: np.ndarray) -> bool:
        """Whether there is anything to fit outside each fold."""
        if not all(np.isfinite(a).all() for a in (self.z, t, self.weights)):
            self.leave_out("no baseline", "the rows hold numbers that are not finite.")
        elif not all((self.weights[train] > 0).any() for train, _ in self.splits()):
            self.leave_out("no baseline", "outside a fold there is no row of positive weight.")
        return not self.findings

    def splits(self) -> list[tuple[np.ndarray, np.ndarray]]:
        return list(splits(self.folds))

    def used(self, rows: np.ndarray) -> np.ndarray:
        """Those of the rows that have weight."""
        return rows[self.weights[rows] > 0]

    def drawn(self, rows: np.ndarray, most: int) -> np.ndarray:
        """At most so many of the rows, at random, in their order."""
        if len(rows) <= most:
            return rows
        return np.sort(self.rng.choice(rows, most, replace=False))

    def attempt(self, name: str, prepare: Callable[[], Fit | None]) -> None:
        """One baseline: its predictions fold by fold, its score, and its model of all rows."""
        start = time.process_time()
        try:
            with np.errstate(all="ignore"):
                fit = prepare()
                if fit is None:
                    return
                held_out = np.full(self.shape, np.nan)
                for train, test in self.splits():
                    predictor, _ = fit(self.used(train), self.folds[test[0]].item())
                    held_out[test] = predictor(self.z[test])
                model, settings = fit(self.used(np.arange(len(self.z))), None)
                losses, score, stderr = self.score(held_out)
        except np.linalg.LinAlgError as error:
            return self.leave_out(name, f"its linear algebra failed ({error}).")
        if not np.isfinite(held_out).all() or not np.isfinite(losses).all():
            return self.leave_out(name, "its predictions are not finite.")
        seconds = time.process_time() - start
        baseline = Baseline(name, held_out, losses, score, stderr, settings, seconds, model)
        self.baselines.append(baseline)

    def leave_out(self, name: str, why: str) -> None:
        self.findings.append(Finding("baseline-left-out", f"{name}: {why}", severity="note"))

    def note_if_fewer(self, name: str, most: int) -> None:
        if most < len(self.z):
            message = f"{name}: fitted to {most} of {len(self.z)} rows, which bounds its time."
            self.findings.append(Finding("baseline-of-fewer-rows", message, severity="note"))

    def found(self) -> Found:
        return tuple(sorted(self.baselines, key=lambda b: b.score)), tuple(self.findings)


def _mean(trial: _Trial, t: np.ndarray) -> Fit:
    def fit(rows: np.ndarray, fold: Any) -> tuple[Predictor, dict[str, Any]]:
        weights = trial.weights[rows]
        mean = (weights / weights.sum()) @ t[rows]
        return lambda z: np.tile(mean, (len(z), 1)), {}

    return fit


def _ridge(trial: _Trial, t: np.ndarray) -> Fit:
    most = len(t) if trial.z.shape[1] <= RIDGE_COLUMNS else RIDGE_ROWS
    trial.note_if_fewer("ridge regression", most)

    def fit(rows: np.ndarray, fold: Any) -> tuple[Predictor, dict[str, Any]]:
        rows = trial.drawn(rows, most)
        ridge = fit_ridge(trial.z[rows], t[rows], trial.weights[rows])
        return ridge.predict, {"strength": ridge.strengths}

    return fit


def _gaussian_process(trial: _Trial, t: np.ndarray) -> Fit | None:
    if len(t) > GP_ROWS:
        trial.leave_out("Gaussian process", f"more than {GP_ROWS} rows.")
        return None
    drawn = trial.drawn(trial.used(np.arange(len(t))), CHOICE_ROWS)

    def fit(rows: np.ndarray, fold: Any) -> tuple[Predictor, dict[str, Any]]:
        # Each time from the same starts: near the choice of another fold is sooner done, but it
        # lets a row into its own prediction (measured: 8 % off the squared error of 50 rows).
        seen = drawn[np.isin(drawn, rows)]
        seen = seen if len(seen) else rows[:CHOICE_ROWS]
        chosen = choose(trial.z[seen], t[seen], trial.weights[seen])
        process = condition(trial.z[rows], t[rows], trial.weights[rows], chosen)
        return process.predict, {"lengthscales": chosen.lengthscales, "noise": chosen.noise}

    return fit


def _frequencies(targets: np.ndarray) -> Fit:
    """Counts plus one half each (Krichevsky and Trofimov): no class has probability zero."""

    def fit(rows: np.ndarray, fold: Any) -> tuple[Predictor, dict[str, Any]]:
        counts = targets[rows].sum(axis=0) + 0.5
        return lambda z: np.tile(counts / counts.sum(), (len(z), 1)), {}

    return fit


def _logistic(trial: _Trial, targets: np.ndarray, labels: np.ndarray) -> Fit:
    columns = (trial.z.shape[1] + 1) * targets.shape[1]
    most = max(LOGISTIC_SIZE // columns, 100)
    trial.note_if_fewer("multinomial logistic regression", most)
    best = _strengths(trial, targets, labels)

    def fit(rows: np.ndarray, fold: Any) -> tuple[Predictor, dict[str, Any]]:
        strength = best[fold]
        rows = trial.drawn(rows, most)
        (model,) = fit_logistic(trial.z[rows], targets[rows], np.array([strength]))
        return model.predict, {"strength": strength}

    return fit


def _strengths(trial: _Trial, targets: np.ndarray, labels: np.ndarray) -> dict[Any, float]:
    """The strength for each fold left out, and (None) for the model of all rows.

    A path of models without two folds judges the strengths for each of the two on the other one,
    so that a fold has no part in the choice it is judged by.
    """
    names = np.unique(trial.folds).tolist()
    losses = {name: np.zeros(len(_STRENGTHS)) for name in [*names, None]}
    most = STRENGTH_SIZE // ((trial.z.shape[1] + 1) * targets.shape[1])
    most = min(max(most, 100), STRENGTH_ROWS)
    for a, b in _pairs(names):
        rows = trial.used(np.flatnonzero((trial.folds != a) & (trial.folds != b)))
        if not len(rows):
            continue
        rows = trial.drawn(rows, most)
        path = fit_logistic(trial.z[rows], targets[rows], _STRENGTHS, 1e-3)
        for left, judge in ((a, b), (b, a)):
            judges = trial.drawn(trial.used(np.flatnonzero(trial.folds == judge)), most)
            loss = [_loss_on(model, trial, labels, judges) for model in path]
            losses[left] += loss
            losses[None] += loss
    # Where no pair of folds leaves rows, strength one.
    return {
        name: float(_STRENGTHS[np.argmin(loss)]) if loss.any() else 1.0
        for name, loss in losses.items()
    }


def _pairs(names: list[Any]) -> list[tuple[Any, Any]]:
    """Each fold with the next two around the circle: of five folds all ten pairs."""
    count = len(names)
    around = {frozenset((i, (i + step) % count)) for i in range(count) for step in (1, 2)}
    pairs = sorted(sorted(pair) for pair in around if len(pair) == 2)
    return [(names[i], names[j]) for i, j in pairs]


def _loss_on(model: Logistic, trial: _Trial, labels: np.ndarray, rows: np.ndarray) -> float:
    return float(trial.weights[rows] @ log_losses(model.predict(trial.z[rows]), labels[rows]))
