"""Intervals from rows that the members have not seen: their width, and how often they hold.

A row's score is |y - m| / s: m the mean of the members that have not seen it, s the deviation that
the model of the noise gives there. The interval of a new row is m ± q s, q the quantile of the
scores, as in the jackknife+-after-bootstrap, with one correction: m is there the mean of all
members, which varies less than that of a few. Sources: R. F. Barber, E. J. Candes, A. Ramdas and
R. J. Tibshirani, Predictive inference with the jackknife+, Annals of Statistics 49 (2021) 486;
B. Kim, C. Xu and R. F. Barber, Predictive inference is free with the jackknife+-after-bootstrap,
NeurIPS 2020.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from taylored.networks.folds import Folds

__all__ = ["Coverage", "OutOfBag", "conformal_quantile", "share_error"]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often intervals at `level` hold rows not used for them: `value` ± `stderr`."""

    level: float
    value: float
    stderr: float
    rows: int

    @property
    def holds(self) -> bool:
        """Whether the level is not above what was measured by three standard errors."""
        return self.value >= self.level - 3 * self.stderr

    def __str__(self) -> str:
        return f"{100 * self.value:.1f} ± {100 * self.stderr:.1f} %"


@dataclass(frozen=True, eq=False)
class OutOfBag:
    """What the members say of the training rows that they have not seen.

    `mean`, `spread` (variance between members), `deviation` (of the noise model) are (rows,
    outputs) in standardized units, as the targets `t`; `members` trained in all.
    """

    t: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    deviation: np.ndarray
    folds: Folds
    weights: np.ndarray | None
    effective: float = 0.0  # parameters that the rows determine, per output

    @cached_property
    def residual(self) -> np.ndarray:
        """t - mean (rows, outputs)."""
        return self.t - self.mean

    @cached_property
    def ratio(self) -> np.ndarray:
        """(outputs,) by which residuals of the mean of all members are smaller than these.

        The mean of k members varies by spread/k more than that of infinitely many.
        """
        square = self.average(self.residual**2)
        few, all_of_them = 1 / self.folds.repeats, 1 / self.folds.members
        excess = self.average(self.spread) * (few - all_of_them)
        return np.sqrt(np.clip(1 - excess / np.maximum(square, 1e-300), 0.25, 1.0))

    @cached_property
    def error(self) -> np.ndarray:
        """(outputs,) root mean square error that the mean of all members has on new rows."""
        return np.sqrt(self.average(self.residual**2)) * self.ratio

    @cached_property
    def error_stderr(self) -> np.ndarray:
        """(outputs,) the standard error of `error` over the rows."""
        squares = self.residual**2
        mean = self.average(squares)
        weights = self._weights / self._weights.sum()
        variance = ((weights[:, None] * (squares - mean)) ** 2).sum(0)
        return 0.5 * np.sqrt(variance) / np.sqrt(np.maximum(mean, 1e-300)) * self.ratio

    @cached_property
    def scores(self) -> np.ndarray:
        """(rows, outputs)."""
        return np.abs(self.residual) * self.ratio / self.deviation

    @cached_property
    def _weights(self) -> np.ndarray:
        return np.ones(len(self.t)) if self.weights is None else self.weights

    def average(self, values: np.ndarray) -> np.ndarray:
        """The weighted mean over the rows."""
        return np.average(values, axis=0, weights=self.weights)

    def quantile(self, level: float) -> np.ndarray:
        """(outputs,) the width of intervals in deviations; infinite where the rows are too few."""
        return self._quantile(level, np.ones(len(self.t), bool))

    def _quantile(self, level: float, used: np.ndarray) -> np.ndarray:
        weights = self._weights[used]
        return np.array([conformal_quantile(s, weights, level) for s in self.scores[used].T])

    def coverage(self, level: float) -> tuple[Coverage, ...]:
        """For each output: how often intervals hold the rows of a fold left out for them too."""
        number, weights = self.folds.number[0], self._weights
        inside = np.zeros(self.t.shape, bool)
        for fold in range(self.folds.count):
            out = number == fold
            inside[out] = self.scores[out] <= self._quantile(level, ~out)
        found = np.average(inside, axis=0, weights=weights)
        errors = share_error(found, weights, level, self.effective)
        return tuple(
            Coverage(level, float(v), float(e), len(self.t))
            for v, e in zip(found, errors, strict=True)
        )


def share_error(
    found: np.ndarray, weights: np.ndarray, level: float, parameters: float
) -> np.ndarray:
    """The standard error of a coverage measured on the rows that the quantile comes from.

    The level of such a quantile varies as a share of so many rows does; residuals of one fit are
    not independent, and each parameter that the rows determine counts as one row less.
    """
    rows = weights.sum() ** 2 / (weights**2).sum()
    rows = max(rows - parameters, 0.25 * rows)
    share = np.clip(found, min(level, 1.0), 1 - 1 / (rows + 2))
    return np.sqrt(share * (1 - share) / rows)


def conformal_quantile(scores: np.ndarray, weights: np.ndarray, level: float) -> float:
    """The quantile of the scores and one more row, whose score may be anything."""
    order = np.argsort(scores)
    reached = np.cumsum(weights[order])
    total = reached[-1] + weights.mean()
    place = int(np.searchsorted(reached, level * total * (1 - 1e-12)))
    return float(scores[order[place]]) if place < len(scores) else float("inf")
