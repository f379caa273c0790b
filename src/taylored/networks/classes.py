"""Probabilities of classes: the mean of the members, calibrated on rows that they have not seen.

One temperature T is fitted to the out-of-bag rows: p ~ (mean of the members)^(1/T).
Sets of classes hold the true class at the level asked for. Sources: C. Guo, G. Pleiss, Y. Sun and
K. Q. Weinberger, On calibration of modern neural networks, ICML 2017; M. Sadinle, J. Lei and
L. Wasserman, Least ambiguous set-valued classifiers, JASA 114 (2019) 223.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from taylored.networks.activations import logistic, softmax
from taylored.networks.averages import effective_units, mean_and_stderr
from taylored.networks.folds import Folds
from taylored.networks.outofbag import Coverage, LeftOut, conformal_quantile, new_weight

__all__ = ["LEAST_PROBABILITY", "ClassesOutOfBag", "Reliability", "probabilities", "tempered"]

LEAST_PROBABILITY = 1e-12  # less counts as this: logarithms stay finite
_BINS = 10


def probabilities(f: np.ndarray) -> np.ndarray:
    """(..., classes) of the outputs (..., outputs): one output is the logit of the second class."""
    if f.shape[-1] == 1:
        p = logistic(f)
        return np.concatenate([1 - p, p], axis=-1)
    return softmax(f)


def tempered(p: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities (rows, classes) made less sure by T > 1, surer by T < 1."""
    return softmax(np.log(np.clip(p, LEAST_PROBABILITY, 1.0)) / temperature)


@dataclass(frozen=True, eq=False)
class Reliability:
    """Of rows in bins of their largest probability: what was said, and how often it was right.

    All are (bins,); `stderr` is the standard error of `right`.
    """

    said: np.ndarray
    right: np.ndarray
    stderr: np.ndarray
    rows: np.ndarray

    @property
    def error(self) -> float:
        """The mean distance between the two (expected calibration error)."""
        return float(np.average(np.abs(self.said - self.right), weights=self.rows))


@dataclass(frozen=True, eq=False)
class ClassesOutOfBag(LeftOut):
    """What the members say of unseen rows: `raw` (rows, classes); their classes are `t` (rows,)."""

    t: np.ndarray
    raw: np.ndarray
    folds: Folds
    weights: np.ndarray | None
    effective: float = 0.0

    @cached_property
    def temperature(self) -> float:
        """The temperature fitted to all rows: that of new predictions."""
        return self._temperature(np.ones(len(self.t), bool))

    def _temperature(self, used: np.ndarray) -> float:
        p, t, w = self.raw[used], self.t[used], self._weights[used]

        def loss(log: float) -> float:
            own = tempered(p, float(np.exp(log)))[np.arange(len(t)), t]
            return float(-(w @ np.log(np.clip(own, LEAST_PROBABILITY, 1.0)))) + 0.5 * log * log

        # The prior term, a tenth of a row or so, keeps rows that are all right from T = 0.
        found = minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded")
        return float(np.exp(found.x))  # type: ignore[union-attr]

    @cached_property
    def probability(self) -> np.ndarray:
        """(rows, classes) calibrated, the temperature of each fold being that of the others."""
        found, number = np.empty_like(self.raw), self.folds.number[0]
        for fold in range(self.folds.count):
            out = number == fold
            found[out] = tempered(self.raw[out], self._temperature(~out))
        return found

    @cached_property
    def losses(self) -> np.ndarray:
        """(rows,) -log of the probability given to the true class."""
        own = self.probability[np.arange(len(self.t)), self.t]
        return -np.log(np.clip(own, LEAST_PROBABILITY, 1.0))

    @cached_property
    def right(self) -> np.ndarray:
        """(rows,) whether the most probable class is the true one."""
        return self.probability.argmax(1) == self.t

    @cached_property
    def correct(self) -> tuple[float, float]:
        """The share of rows whose class is right, and its standard error."""
        weights, groups = self._weights, self.folds.groups
        share, stderr = mean_and_stderr(self.right.astype(float), weights, groups)
        least = _of_share(np.array(share), effective_units(weights))
        return share, float(least if groups is None else max(least, stderr))

    @cached_property
    def scores(self) -> np.ndarray:
        """(rows,) one minus the probability of the true class."""
        return 1 - self.probability[np.arange(len(self.t)), self.t]

    def threshold(self, level: float) -> float:
        """Classes with at least this probability make up a set that holds the true one."""
        return self._threshold(level, np.ones(len(self.t), bool))

    def _threshold(self, level: float, used: np.ndarray) -> float:
        weights, more = self._weights[used], new_weight(self._weights, self.folds.groups, used)
        return 1 - min(conformal_quantile(self.scores[used], weights, level, more), 1.0)

    def coverage(self, level: float) -> Coverage:
        """How often sets hold the class of rows of a fold left out for them too."""
        number, inside = self.folds.number[0], np.zeros(len(self.t), bool)
        for fold in range(self.folds.count):
            out = number == fold
            best = self.probability[out].argmax(1) == self.t[out]
            inside[out] = (1 - self.scores[out] >= self._threshold(level, ~out)) | best
        return self._measured(self.scores, inside, np.ones(len(inside), bool), level)

    def reliability(self, bins: int = _BINS) -> Reliability:
        """Calibration of the largest probability, in bins with equally many rows."""
        largest = self.probability.max(1)
        parts = [p for p in np.array_split(np.argsort(largest, kind="stable"), bins) if p.size]
        count = np.array([len(p) for p in parts])
        said = np.array([largest[p].mean() for p in parts])
        right = np.array([self.right[p].mean() for p in parts])
        return Reliability(said, right, _of_share(right, count), count)


def _of_share(share: np.ndarray, rows: Any) -> np.ndarray:
    """The standard error of a share of so many rows; not zero where all or none are counted."""
    return np.sqrt((share * (1 - share) + 0.25 / rows) / rows)
