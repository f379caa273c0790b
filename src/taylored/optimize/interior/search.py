"""The filter line search: how far along a direction to go."""

from __future__ import annotations

import math

import numpy as np

from taylored.optimize.interior.barrier import Barrier, Point
from taylored.optimize.interior.direction import Direction, Directions
from taylored.optimize.interior.filter import Filter

__all__ = ["LineSearch", "Trial", "longest"]

_ARMIJO = 1e-8
_SWITCH_VIOLATION, _SWITCH_VALUE = 1.1, 2.3
_LESS_VIOLATION, _LESS_VALUE = 1e-5, 1e-8
_CORRECTIONS, _CORRECTION_GAIN = 4, 0.99
_SHORTEST = 0.05
_ROUNDING = 2e-15
_NEARLY = 0.5
_STEEPEST = 1e130  # larger numbers overflow


class Trial:
    """A point along a direction, not yet accepted."""

    __slots__ = ("alpha", "distance", "f", "goal", "rows", "v", "value", "violation")

    def __init__(self, barrier: Barrier, point: Point, step: Direction, alpha: float, mu: float):
        self.alpha = alpha
        self.v = point.v + alpha * step.v
        self.distance = point.distance + alpha * step.distance
        self.f, self.goal, self.rows = barrier.evaluate(self.v)
        self.violation = float(np.abs(self.rows).sum())
        self.value = self.goal + mu * barrier.logarithms(self.distance)

    def meet(self, barrier: Barrier, mu: float) -> None:
        """Set slacks that are nearly right to what their rows say."""
        n, bounds = barrier.n, self.distance.size - barrier.row.size
        slack = self.v[n:]
        right = slack - self.rows[barrier.row]
        slack = np.where(np.abs(right - slack) <= _NEARLY * slack, right, slack)
        self.rows = self.rows + barrier.onto_rows(slack - self.v[n:])
        self.v = np.concatenate([self.v[:n], slack])
        self.distance = np.concatenate([self.distance[:bounds], slack])
        self.violation = float(np.abs(self.rows).sum())
        self.value = self.goal + mu * barrier.logarithms(self.distance)

    @property
    def finite(self) -> bool:
        return math.isfinite(self.value) and math.isfinite(self.violation)


def longest(values: np.ndarray, steps: np.ndarray, tau: float) -> float:
    """The largest alpha <= 1 with values + alpha*steps >= (1 - tau)*values."""
    if not values.size:
        return 1.0
    fastest = float((steps / values).min())
    return 1.0 if fastest >= -tau else -tau / fastest


class LineSearch:
    """Backtracking with a filter and second-order corrections."""

    def __init__(self, barrier: Barrier, directions: Directions, violation: float):
        self.barrier, self.directions = barrier, directions
        self.filter = Filter(1e4 * max(1.0, violation))
        self.small = 1e-4 * max(1.0, violation)
        self.violation = self.value = self.slope = 0.0

    def find(self, point: Point, step: Direction, mu: float, tau: float) -> Trial | None:
        """An acceptable trial, or None where only restoration helps."""
        self._prepare(point, step, mu)
        alpha = longest(point.distance, step.distance, tau)
        shortest = _SHORTEST * self._least(alpha)
        first = True
        while alpha >= shortest or first:
            trial = Trial(self.barrier, point, step, alpha, mu)
            if trial.violation > self.filter.most and trial.finite and not self.barrier.elastic:
                trial.meet(self.barrier, mu)
            if trial.finite and self._accepts(trial):
                return self._taken(trial)
            if first and trial.finite and trial.violation >= self.violation and self.barrier.m:
                corrected = self._corrected(point, trial, mu, tau)
                if corrected is not None:
                    return self._taken(corrected)
            first = False
            alpha *= 0.5
        return None

    def _prepare(self, point: Point, step: Direction, mu: float) -> None:
        n = self.barrier.n
        self.violation = float(np.abs(point.rows).sum())
        self.value = point.goal + mu * self.barrier.logarithms(point.distance)
        pushes = self.barrier.pushes(point.distance)
        slope = float(point.gradient @ step.v[:n]) - mu * float(pushes @ step.distance)
        if step.v.size > n:
            slope += float(self.barrier.cost @ step.v[n:])
        self.slope = slope

    def _least(self, alpha: float) -> float:
        """Below this length no progress can be expected."""
        bound = _LESS_VIOLATION
        if self.slope < 0.0:
            bound = min(bound, _LESS_VALUE * self.violation / -self.slope)
            if self.violation <= self.small:
                switch = self.violation**_SWITCH_VIOLATION / self._promise()
                bound = min(bound, switch)
        return max(bound, 1e-14) if self.violation > 0.0 else 1e-14

    def _promise(self) -> float:
        return min(-self.slope, _STEEPEST) ** _SWITCH_VALUE

    def _switched(self, alpha: float) -> bool:
        """Whether the value must decrease as the slope promises."""
        if not (self.slope < 0.0 and self.violation <= self.small):
            return False
        return alpha * self._promise() > self.violation**_SWITCH_VIOLATION

    def _accepts(self, trial: Trial) -> bool:
        if not self.filter.accepts(trial.violation, trial.value):
            return False
        rounding = _ROUNDING * abs(self.value)
        if self._switched(trial.alpha):
            promised = _ARMIJO * trial.alpha * self.slope
            return trial.value - self.value <= promised + rounding
        return (
            trial.violation <= (1.0 - _LESS_VIOLATION) * self.violation
            or trial.value - self.value <= rounding - _LESS_VALUE * self.violation
        )

    def _taken(self, trial: Trial) -> Trial:
        """Accepted; the old point enters the filter unless the value decreased as promised."""
        promised = self.value + _ARMIJO * trial.alpha * self.slope
        rounding = _ROUNDING * abs(self.value)
        if not (self._switched(trial.alpha) and trial.value <= promised + rounding):
            self.filter.add(self.violation, self.value)
        return trial

    def _corrected(self, point: Point, trial: Trial, mu: float, tau: float) -> Trial | None:
        """Second-order corrections: directions that meet the rows as they are at the trial."""
        residual = self.directions.residual(point, mu)
        rows, before = trial.alpha * point.rows + trial.rows, trial.violation
        for _ in range(_CORRECTIONS):
            step = self.directions.toward(point, mu, residual, rows)
            if step is None:
                return None
            alpha = longest(point.distance, step.distance, tau)
            trial = Trial(self.barrier, point, step, alpha, mu)
            if not trial.finite:
                return None
            if self._accepts(trial):
                return trial
            if trial.violation > _CORRECTION_GAIN * before:
                return None
            rows, before = alpha * rows + trial.rows, trial.violation
        return None
