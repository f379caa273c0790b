"""The network beside simpler models, on the same rows, which none of them has seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from taylored.networks.averages import mean_and_stderr
from taylored.networks.baselines import (
    Baseline,
    classification_baselines,
    paired_difference,
    regression_baselines,
    root_mean_square,
)
from taylored.networks.classes import ClassesOutOfBag
from taylored.networks.ensemble import Rows
from taylored.networks.folds import Folds
from taylored.networks.outofbag import OutOfBag
from taylored.networks.result import Score
from taylored.results import Finding

__all__ = ["score_beside_baselines"]

_LESS = 0.99  # of the network's score: what is not lower by a hundredth is as good
_MORE = "There is more in the rows than it, or a simpler model, has learned: see below."
_SIMPLE = ("ridge regression", "multinomial logistic regression")
_NAIVE = {"mean": "no-better-than-the-mean", "most frequent class": "no-better-than-guessing"}


def score_beside_baselines(
    found: OutOfBag | ClassesOutOfBag, rows: Rows, folds: Folds, seed: int, *, more: bool = False
) -> tuple[tuple[Score, ...], list[Finding]]:
    """The scores, best first, and what follows from them; `more`: there is more to learn."""
    weights = np.ones(len(rows.z)) if rows.weights is None else rows.weights
    number, summary = folds.number[0], mean_and_stderr
    if isinstance(found, ClassesOutOfBag):
        losses = found.losses
        baselines, notes = classification_baselines(
            rows.z, rows.t, found.raw.shape[1], weights, number, seed=seed
        )
    else:
        center = np.average(rows.t, axis=0, weights=weights)
        scale = np.sqrt(np.average((rows.t - center) ** 2, axis=0, weights=weights))
        losses = ((found.residual * found.ratio / scale) ** 2).mean(1)
        summary = root_mean_square
        baselines, notes = regression_baselines(
            _scaled(rows.z, weights), (rows.t - center) / scale, weights, number, seed
        )
    own = Score("network", *summary(losses, weights, folds.groups))
    others = [_beside(each, losses, weights, folds) for each in baselines]
    if folds.groups is not None:
        errors = [summary(each.losses, weights, folds.groups)[1] for each in baselines]
        others = [replace(s, stderr=e) for s, e in zip(others, errors, strict=True)]
    ranked = tuple(sorted([own, *others], key=lambda s: s.value))
    return ranked, [*notes, *_comparison(own, others, more)]


def _scaled(z: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Columns with mean 0 and deviation 1, as the baselines expect."""
    center = np.average(z, axis=0, weights=weights)
    scale = np.sqrt(np.average((z - center) ** 2, axis=0, weights=weights))
    return (z - center) / np.where(scale > 0, scale, 1.0)


def _beside(baseline: Baseline, losses: np.ndarray, weights: np.ndarray, folds: Folds) -> Score:
    by, error = paired_difference(losses, baseline.losses, weights, folds.groups)
    error = max(error, _over_folds(losses - baseline.losses, weights, folds.number[0]))
    worse = by / error if error else 0.0
    return Score(baseline.name, baseline.score, baseline.stderr, worse)


def _over_folds(difference: np.ndarray, weights: np.ndarray, number: np.ndarray) -> float:
    """The standard error of the mean difference from its means over folds.

    The rows of a fold are predicted by one fit of the baseline, whose luck they share.
    """
    total = np.bincount(number, weights)
    means = np.bincount(number, weights * difference)[total > 0] / total[total > 0]
    return float(means.std(ddof=1)) / len(means) ** 0.5 if len(means) > 1 else 0.0


def _comparison(own: Score, others: Sequence[Score], more: bool) -> list[Finding]:
    """Where a simpler model is as good or better, by name."""
    naive = next((s for s in others if s.name in _NAIVE), None)
    simpler = [s for s in others if s is not naive]
    better = [s for s in simpler if s.worse > 2 and s.value < _LESS * own.value]
    best = min(better or simpler, key=lambda s: s.value, default=None)
    found = []
    if naive is not None and naive.worse > -2:
        found.append(_little_learned(naive, more))
    least = own.value if naive is None else min(own.value, _LESS * naive.value)
    if best is not None and best.value < least and (better or best.name in _SIMPLE):
        what = "log loss" if naive is not None and naive.name != "mean" else "error"
        less = 100 * (1 - best.value / own.value)
        said = f"better: its {what} is {less:.2g} % lower" if better else "as well as the network"
        found.append(
            Finding(
                "baseline-wins" if better else "baseline-as-good",
                f"{best.name} predicts rows that were left out {said}.",
                f"Use {best.name}: it is simpler." if better else "The simpler model may do.",
                severity="warning" if better else "note",
            )
        )
    return found


def _little_learned(naive: Score, more: bool) -> Finding:
    if naive.worse > -1:
        return Finding(
            _NAIVE[naive.name],
            f"rows that were left out are predicted no better than by the {naive.name} of y.",
            "Do not use it. "
            + (_MORE if more else "The inputs say nothing about y that so many rows can show."),
            severity="error",
        )
    return Finding(
        "little-better-than-the-mean" if naive.name == "mean" else "little-better-than-guessing",
        f"rows that were left out are predicted better than by the {naive.name} of y by "
        f"{-naive.worse:.1f} standard errors only.",
        "More rows would show whether the inputs say anything about y.",
    )
