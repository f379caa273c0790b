"""The primal-dual interior point method with a filter line search.

A. Waechter and L. T. Biegler, Mathematical Programming 106 (2006) 25-57.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from taylored.optimize.descent.ray import Runaway
from taylored.optimize.interior.barrier import Barrier, Point
from taylored.optimize.interior.direction import Direction, Directions
from taylored.optimize.interior.linear import System
from taylored.optimize.interior.search import LineSearch, Trial, longest

__all__ = ["Method"]

_KEEP_ERROR, _LINEAR, _SUPERLINEAR, _BOUNDARY = 10.0, 0.2, 1.5, 0.99
_SCALE = 100.0
_CENTRAL = 1e10
_TINY_STEP = 10 * np.finfo(float).eps
_FAR = 1e3
_SOFT_GAIN = 0.9999
_NOISE = 1e-15
_ESCAPES, _ESCAPE_STEP = 3, 1e-2
_EXTRA = 10
_CRAWL, _CRAWLS, _CLOSER = 1e-4, 10, 1e-3
_LARGE_MULTIPLIER = 1000.0
_ACCEPTABLE, _ACCEPTABLE_TIMES = 1e-6, 15
_STILL, _STILL_TIMES = 1e-13, 30


class Method:
    """Newton on the barrier problem for ever smaller mu, from one point on.

    `note(point, dual, step)` is told every point and says why to stop; `restore(method, thorough)`
    replaces the point when the line search fails, and says how it ended if it could not;
    `finished(point)` stops early with "restored".
    """

    def __init__(self, barrier: Barrier, system: System, point: Point, mu: float, tolerance: float):
        self.barrier, self.point, self.mu = barrier, point, mu
        self.directions = Directions(barrier, system)
        self.search = LineSearch(barrier, self.directions, float(np.abs(point.rows).sum()))
        self.tolerance, self.least_mu = tolerance, tolerance / (_KEEP_ERROR + 1.0)
        self.note: Callable[[Point, float, float], str] = lambda point, dual, step: ""
        self.restore: Callable[[Method, bool], str] | None = None
        self.finished: Callable[[Point], bool] | None = None
        self.user_error: Callable[[Method], float] | None = None
        self.fates: Callable[[np.ndarray], set[str]] | None = None
        self.step = np.nan
        self._tiny = self._escapes = self._extra = self._acceptable = self._forced = 0
        self._crawl = self._still = 0
        self._factored = False
        self.runaway = Runaway(point.v[: barrier.n], point.f, _FAR)
        self._user = np.inf
        self.dual = self.primal = np.inf

    def run(self) -> str:
        """Iterate to an end; `point` is then the last one."""
        while True:
            self._measure()
            end = self.note(self.point, self.dual, self.step) or self._ended()
            if end:
                if end != "converged" or not self._escape():
                    return end
                continue
            self._lower_barrier()
            direction = self.directions.at(self.point, self.mu)
            self._factored = True
            if direction is None and self.directions.expired():
                return "time"
            end = self._advance(direction)
            if end == "stalled" and self.error(0.0) <= self.tolerance:
                end = "converged"  # only what the user's units ask for was out of reach
            if end:
                if end != "converged" or not self._escape():
                    return end
                continue
            if self.finished is not None and self.finished(self.point):
                return "restored"

    # ---- how good the point is

    def _measure(self) -> None:
        barrier, point = self.barrier, self.point
        along = barrier.stationarity(point) - barrier.onto_variables(barrier.side * point.z)
        self.dual = float(np.abs(along).max(initial=0.0))
        self.primal = float(np.abs(point.rows).max(initial=0.0))
        self.products = point.distance * point.z
        of_bounds = float(point.z.sum())
        count = point.y.size + point.z.size
        size = of_bounds + float(np.abs(point.y).sum())
        self.dual_scale = max(_SCALE, size / max(count, 1)) / _SCALE
        self.product_scale = max(_SCALE, of_bounds / max(point.z.size, 1)) / _SCALE

    def error(self, mu: float) -> float:
        """The scaled error of the optimality conditions of the barrier problem."""
        worst = max(self.dual / self.dual_scale, self.primal)
        if self.products.size:
            apart = max(float(self.products.max()) - mu, mu - float(self.products.min()))
            worst = max(worst, apart / self.product_scale)
        return worst

    def _ended(self) -> str:
        """Why to stop at the point, "" to go on."""
        point = self.point
        error = self.error(0.0)
        # Far out rows are as inexact as the slacks in them are large.
        large = float(np.abs(point.v).max(initial=0.0))
        feasible = self.primal <= 1e-6 * max(1.0, large)
        if (feasible or self.runaway.suspected) and self.fates is not None:
            fates, x = self.fates, point.v[: self.barrier.n]
            end = self.runaway.end(x, point.f, lambda: fates(x))
            if end:
                return end
        if error <= self.tolerance:
            return self._exact_enough()
        if not np.isfinite(error):
            return "stalled"
        still = self.step <= _STILL * (1.0 + float(np.abs(point.v).max(initial=0.0)))
        self._still = self._still + 1 if still else 0
        if self._still >= _STILL_TIMES:
            return "stalled"
        near = error <= _ACCEPTABLE and self.mu <= 10 * self.least_mu
        self._acceptable = self._acceptable + 1 if near else 0
        return "stalled" if self._acceptable >= _ACCEPTABLE_TIMES else ""

    def _exact_enough(self) -> str:
        """Converged; some more steps where the user's units want them and they help."""
        if self.user_error is None:
            return "converged"
        now, before = self.user_error(self), self._user
        self._user = min(now, before)
        if now <= 1.0 or self._extra >= _EXTRA or (self._extra >= 3 and now > 0.5 * before):
            return "converged"
        self._extra += 1
        self.least_mu = max(0.1 * self.least_mu, 1e-15)
        return ""

    def _escape(self) -> bool:
        """Leave a stationary point that curves down; False where it does not."""
        if self._escapes >= _ESCAPES or self.barrier.n == 0:
            return False
        if not self._factored:
            self.directions.at(self.point, self.mu)
            self._factored = True
        if self.directions.shift == 0.0:
            return False
        u = self.directions.negative_curvature()
        if u is None:
            return False
        self._escapes += 1
        barrier, point = self.barrier, self.point
        v = np.zeros(barrier.size)
        v[: barrier.n] = u * np.sign(-(point.gradient @ u) or 1.0)
        zero = np.zeros_like(point.z)
        step = Direction(v, np.zeros_like(point.y), zero, barrier.side * v[barrier.index])
        length = _ESCAPE_STEP * (1.0 + float(np.abs(point.v).max()))
        alpha = length * longest(point.distance, length * step.distance, 0.5)
        trial = Trial(barrier, point, step, alpha, self.mu)
        if not trial.finite:
            return False
        self.search.filter.clear()
        self._move(trial, step)
        return True

    # ---- one iteration

    def _lower_barrier(self) -> None:
        """Lower mu while its problem is solved well enough, or the last step was nothing."""
        while self.mu > self.least_mu:
            if self.error(self.mu) > _KEEP_ERROR * self.mu and not self._tiny:
                return
            self._tiny = 0
            self._lower()

    def _lower(self) -> None:
        before = self.mu
        self.mu = max(self.least_mu, min(_LINEAR * before, before**_SUPERLINEAR))
        barrier, point = self.barrier, self.point
        if barrier.pull is not None and barrier.center is not None:
            x, w = point.v[: barrier.n], point.v[barrier.n :]
            away = x - barrier.center
            barrier.pull = barrier.pull * np.sqrt(self.mu / before)
            point.gradient = barrier.pull * away
            point.goal = float(0.5 * (point.gradient @ away) + barrier.cost @ w)
            self._measure()
        self.search.filter.clear()

    def _advance(self, direction: Direction | None) -> str:
        """Move on, by restoration if need be; why to stop, or ""."""
        if direction is not None:
            point = self.point
            tau = max(_BOUNDARY, 1.0 - self.mu)
            relative = np.abs(direction.v) / (1.0 + np.abs(point.v))
            if relative.max(initial=0.0) <= _TINY_STEP and self.primal <= 1e-4:
                return self._tiny_step(direction, tau)
            self._tiny = 0
            if self._promises_nothing(direction):
                return "" if self._soft(direction, tau) else self._failed()
            trial = self.search.find(point, direction, self.mu, tau)
            if trial is not None and not self._crawls(trial, relative):
                self._forced = 0
                self._move(trial, direction)
                return ""
            if trial is None and self._soft(direction, tau):
                return ""
        return self._failed()

    def _crawls(self, trial: Trial, relative: np.ndarray) -> bool:
        """Whether steps have long been next to nothing, far from feasible: as where an objective
        that falls ever more steeply presses against the most violation that the filter allows."""
        if trial.alpha * relative.max(initial=0.0) > _CRAWL or self.primal <= 1e-4:
            self._crawl = 0
        else:
            self._crawl += 1
        return self._crawl >= _CRAWLS and self.restore is not None

    def _promises_nothing(self, direction: Direction) -> bool:
        """Whether the expected decrease is below the rounding of the value."""
        point, n = self.point, self.barrier.n
        if self.barrier.index.size or self.primal > 1e-2 * self.tolerance:
            return False
        slope = float(point.gradient @ direction.v[:n])
        return abs(slope) <= _NOISE * abs(point.goal)

    def _tiny_step(self, direction: Direction, tau: float) -> str:
        """A step at the level of rounding is taken as it is."""
        if self.mu <= self.least_mu and self._forced >= 2:
            return "stalled"
        self._forced += 1
        self._tiny = 1
        alpha = longest(self.point.distance, direction.distance, tau)
        trial = Trial(self.barrier, self.point, direction, alpha, self.mu)
        if trial.finite:
            self._move(trial, direction)
        return ""

    def _move(self, trial: Trial, direction: Direction) -> None:
        """Take a trial as the new point, with multipliers along the direction."""
        point, mu = self.point, self.mu
        tau = max(_BOUNDARY, 1.0 - mu)
        alpha = longest(point.z, direction.z, tau)
        center = mu / trial.distance
        z = np.minimum(np.maximum(point.z + alpha * direction.z, center / _CENTRAL),
                       center * _CENTRAL)  # fmt: skip
        dependent = self.directions.dependent and not self.barrier.elastic
        y = point.y if dependent else point.y + min(trial.alpha, 1.0) * direction.y
        self.point = Point(trial.v, trial.distance, y, z, trial.f, trial.goal, trial.rows)
        self.barrier.differentiate(self.point)
        if dependent:
            most = max(_LARGE_MULTIPLIER, 10.0 * float(np.abs(y).max()))
            better = self.directions.least_squares(self.point, most)
            self.point.y = y if better is None else better
        self.step = trial.alpha * float(np.abs(direction.v).max(initial=0.0))

    def _soft(self, direction: Direction, tau: float) -> bool:
        """Take the whole step where it reduces the error of the optimality conditions."""
        point, mu = self.point, self.mu
        alpha = min(
            longest(point.distance, direction.distance, tau), longest(point.z, direction.z, tau)
        )
        trial = Trial(self.barrier, point, direction, alpha, mu)
        if not trial.finite or not self.search.filter.accepts(trial.violation, -np.inf):
            return False
        before = self.error(mu)
        self._move(trial, direction)
        self._measure()
        if self.error(mu) <= _SOFT_GAIN * before:
            return True
        self.point = point
        self._measure()
        return False

    def _failed(self) -> str:
        """No step: restore, or lower mu where the rows are met already."""
        if self.primal > 1e-2 * self.tolerance and self.restore is not None:
            thorough, self._crawl = self._crawl >= _CRAWLS, 0
            if thorough:  # stay closer to the constraints from now on
                self.search.filter.most = max(1.0, _CLOSER * self.search.filter.most)
                self.runaway.suspected = True
            return self.restore(self, thorough)
        if self.mu > self.least_mu and self._forced < 5:
            self._forced += 1
            self._lower()
            return ""
        return "stalled"
