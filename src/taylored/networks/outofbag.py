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

from taylored.networks.averages import (
    alike_in_groups,
    effective_units,
    mean_and_stderr,
    unit_weights,
)
from taylored.networks.folds import Folds

__all__ = ["Coverage", "LeftOut", "OutOfBag", "conformal_quantile", "new_weight"]

_LEAST_UNITS = 10.0  # rows or groups of equal weight


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often intervals at `level` hold rows not used for them: `value` ± `stderr`.

    Both are NaN where no row could be used: intervals from so few rows have no ends.
    """

    level: float
    value: float
    stderr: float
    rows: int

    @property
    def known(self) -> bool:
        """Whether there were rows to measure it on."""
        return self.rows > 0

    @property
    def holds(self) -> bool:
        """Whether the level is not above what was measured by three standard errors."""
        return not self.known or self.value >= self.level - 3 * self.stderr

    def __str__(self) -> str:
        if not self.known:
            return "unknown"
        return f"{100 * self.value:.1f} ± {100 * self.stderr:.1f} %"


class LeftOut:
    """Rows with weights and folds, of which each is judged by members that have not seen it."""

    t: np.ndarray
    folds: Folds
    weights: np.ndarray | None
    effective: float

    @cached_property
    def _weights(self) -> np.ndarray:
        return np.ones(len(self.t)) if self.weights is None else self.weights

    @cached_property
    def units(self) -> float:
        """How many rows, or groups, of equal weight would tell as much."""
        return effective_units(self._weights, self.folds.groups)

    @property
    def too_few(self) -> str:
        """Why nothing is known of new rows, where the rows are too few; else nothing."""
        if self.units >= _LEAST_UNITS:
            return ""
        what = "rows" if self.folds.groups is None else "groups"
        return f"{self.units:.1f} effective {what} are too few"

    def _measured(
        self, scores: np.ndarray, inside: np.ndarray, judged: np.ndarray, level: float
    ) -> Coverage:
        """The share of the judged rows (rows,) that are inside, with its standard error.

        The level of a quantile varies as a share of so many rows does; residuals of one fit are not
        independent, and each parameter that the rows determine counts as one row less. Rows of one
        group are inside together: there are as many fewer as their `scores` are alike.
        """
        rows, weights = int(judged.sum()), self._weights[judged]
        if not weights.any():
            return Coverage(level, float("nan"), float("nan"), 0)
        groups = None if self.folds.groups is None else self.folds.groups[judged]
        value, stderr = mean_and_stderr(inside[judged].astype(float), weights, groups)
        count = effective_units(weights)
        count = max(count - self.effective, 0.25 * count)
        if groups is not None:
            rank = np.argsort(np.argsort(scores[judged])).astype(float)
            count = min(count / alike_in_groups(rank, groups), count)
        share = min(max(value, level), 1 - 1 / (count + 2))
        stderr = max((share * (1 - share) / count) ** 0.5, 0.0 if groups is None else stderr)
        return Coverage(level, value, stderr, rows)


@dataclass(frozen=True, eq=False)
class OutOfBag(LeftOut):
    """What the members say of the training rows that they have not seen.

    `mean`, `spread` (variance between members), `deviation` (of the noise model) are (rows,
    outputs) in standardized units, as the targets `t`.
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
        """(outputs,) the standard error of `error` over the rows, or their groups."""
        squares = self.residual**2
        found = [mean_and_stderr(each, self._weights, self.folds.groups) for each in squares.T]
        mean, stderr = np.array(found).T
        return 0.5 * stderr / np.sqrt(np.maximum(mean, 1e-300)) * self.ratio

    @cached_property
    def scores(self) -> np.ndarray:
        """(rows, outputs)."""
        return np.abs(self.residual) * self.ratio / self.deviation

    def average(self, values: np.ndarray) -> np.ndarray:
        """The weighted mean over the rows."""
        return np.average(values, axis=0, weights=self.weights)

    def quantile(self, level: float) -> np.ndarray:
        """(outputs,) the width of intervals in deviations; infinite where the rows are too few."""
        return self._quantile(level, np.ones(len(self.t), bool))

    def _quantile(self, level: float, used: np.ndarray) -> np.ndarray:
        weights, more = self._weights[used], new_weight(self._weights, self.folds.groups, used)
        return np.array([conformal_quantile(s, weights, level, more) for s in self.scores[used].T])

    def coverage(self, level: float) -> tuple[Coverage, ...]:
        """For each output: how often intervals hold the rows of a fold left out for them too.

        Folds without which the rows are too few for intervals with ends are passed over.
        """
        number = self.folds.number[0]
        width = np.empty(self.t.shape)
        for fold in range(self.folds.count):
            width[number == fold] = self._quantile(level, number != fold)
        return tuple(
            self._measured(scores, scores <= most, np.isfinite(most), level)
            for scores, most in zip(self.scores.T, width.T, strict=True)
        )


def new_weight(weights: np.ndarray, groups: np.ndarray | None, used: np.ndarray) -> float:
    """What one more row counts, or one more group."""
    units = unit_weights(weights[used], None if groups is None else groups[used])
    return float(units[units > 0].mean()) if units.any() else 1.0


def conformal_quantile(scores: np.ndarray, weights: np.ndarray, level: float, more: float) -> float:
    """The quantile of the scores and of one more row, or group, whose scores may be anything.

    Of groups: Y. Lee, R. F. Barber and R. Willett, Distribution-free inference with hierarchical
    data, arXiv:2306.06342.
    """
    order = np.argsort(scores)
    reached = np.cumsum(weights[order])
    total = reached[-1] + more
    place = int(np.searchsorted(reached, level * total * (1 - 1e-12)))
    return float(scores[order[place]]) if place < len(scores) else float("inf")
