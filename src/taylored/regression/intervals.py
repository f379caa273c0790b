"""Confidence intervals: Wald-t where the model is nearly straight, profile-t where it bends.

The profile of a parameter is the least cost with that parameter held at a value; the interval
holds the values with `(cost - minimum) / s**2 <= t**2`. It follows the model's curvature where
the symmetric Wald interval does not. Source: D. Bates and D. Watts, Nonlinear Regression
Analysis and Its Applications (1988), section 6.1.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from taylored.optimize.compact import compact_minimum
from taylored.optimize.least_squares import refine
from taylored.optimize.point import Point
from taylored.optimize.problem import Problem
from taylored.results import Accuracy, Interval

__all__ = ["BENT", "Profile", "ProfilePoint", "bends", "hold", "profile_interval", "wald_interval"]

# Half widths of an interval by which the second-order term may bend it before the profile is
# used: at 0.1 each end moves by at most 5 % of the half width.
BENT = 0.1
_FARTHEST = 1e5  # standard errors from the estimate at which a side counts as open
_CLOSE = 1e-5  # relative accuracy of an interval's end


@dataclass(frozen=True, slots=True)
class ProfilePoint:
    """A parameter held at `value`: the other parameters' optimum, cost, signed root tau."""

    value: float
    theta: np.ndarray
    cost: float
    tau: float


@dataclass(frozen=True, eq=False)
class Profile:
    """What the profile of one free parameter starts from.

    `scale` is s (residual standard error, or 1 where sigma is absolute), `stderr` that of the
    parameter, `direction` how the others move along with it, to first order. `better` collects
    points with a lower cost than the fit's own: there should be none.
    """

    problem: Problem
    point: Point
    index: int
    scale: float
    stderr: float
    direction: np.ndarray
    better: list[ProfilePoint] = field(default_factory=list)

    def at(self, value: float, near: ProfilePoint | None = None) -> ProfilePoint:
        """The constrained optimum at a value, started from a near one where given."""
        center = self.point.theta[self.index]
        origin, base = (near.theta, near.value) if near else (self.point.theta, center)
        theta = origin + self.direction * (value - base)
        theta[self.index] = value
        others = np.arange(len(theta)) != self.index
        cost = self._optimum(value, theta, others)
        if not np.isfinite(cost):
            return ProfilePoint(value, theta, np.inf, float(np.copysign(np.inf, value - center)))
        rise = cost - self.point.cost
        found = ProfilePoint(
            value,
            theta,
            cost,
            float(np.sign(value - center) * np.sqrt(max(rise, 0.0)) / self.scale),
        )
        if rise < -1e-6 * self.point.cost:
            self.better.append(found)
        return found

    def _optimum(self, value: float, theta: np.ndarray, others: np.ndarray) -> float:
        """Optimize the others, in place; the cost."""
        held = hold(self.problem, {self.index: value})
        if held is None:
            r = self.problem.residuals(theta)
            return float(r.dot(r))
        start = np.clip(theta[others], held.lower, held.upper)
        quick = None if held.bounded else compact_minimum(held, start)
        if quick is not None and quick[1].bend > 1e-3:
            theta[others] = quick[0].theta
            return quick[0].cost
        found = refine(held, start).point
        theta[others] = found.theta
        return found.cost

    def slope(self, p: ProfilePoint) -> float:
        """The derivative of tau: by the envelope theorem only the held parameter counts."""
        r, rows = self.problem.residuals_and_jacobian(p.theta)
        downhill = -2.0 * rows[self.index].dot(r)
        return float(downhill / (2.0 * self.scale**2 * p.tau)) if p.tau else 1.0 / self.stderr

    def end(self, t: float, side: int) -> float:
        """Where tau reaches t in size on one side; infinite where it never does."""
        center = self.point.theta[self.index]
        bound = self.problem.upper[self.index] if side > 0 else self.problem.lower[self.index]
        inner, outer = ProfilePoint(center, self.point.theta, self.point.cost, 0.0), None
        value = center + side * t * self.stderr
        for _ in range(60):
            if side * (value - bound) >= 0:
                edge = self.at(bound, inner)
                if side * edge.tau <= t:
                    return float(bound)
                outer = edge if outer is None else outer
                value = 0.5 * (inner.value + bound)
            now = self.at(value, inner)
            if self.better:
                return np.nan  # the fit is not the minimum: there is nothing to measure from
            if abs(side * now.tau - t) <= _CLOSE * t:
                return float(now.value)
            inner, outer = (now, outer) if side * now.tau < t else (inner, now)
            if outer is not None and abs(outer.value - inner.value) <= 1e-12 * abs(value - center):
                return float(value)
            value = self._next(now, inner, outer, t * side)
            if abs(value - center) > _FARTHEST * self.stderr:
                return side * np.inf
        return float(value)

    def _next(
        self, now: ProfilePoint, inner: ProfilePoint, outer: ProfilePoint | None, target: float
    ) -> float:
        """Newton's step on tau, kept within the bracket or from running away."""
        center = self.point.theta[self.index]
        slope = self.slope(now) if np.isfinite(now.tau) else 0.0
        step = (target - now.tau) / slope if slope > 0 else np.nan
        value = now.value + step
        if outer is None:
            reach = 3.0 * (inner.value - center) or np.copysign(self.stderr, target)
            limit = inner.value + reach
            ahead = np.copysign(1.0, target) * (value - inner.value) > 0
            if not ahead or abs(value - center) > abs(limit - center):
                return limit
            return value
        low, high = sorted((inner.value, outer.value))
        return value if low < value < high else 0.5 * (low + high)


def hold(problem: Problem, values: dict[int, float]) -> Problem | None:
    """The problem in the other free parameters, some being held; None where none are left."""
    functions = problem.functions
    others = [i for i in range(len(problem.linear)) if i not in values]
    if not others:
        return None
    return replace(
        problem,
        functions=functions.holding(values),
        lower=problem.lower[others],
        upper=problem.upper[others],
        linear=problem.linear[others],
    )


def bends(
    problem: Problem, point: Point, inverse: np.ndarray, moving: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """The curvature of the model along each parameter's profile, in 1/standard error.

    `|f''[v, v]| / s`, v the change of all parameters that goes with one standard error of this
    one: multiplied by t it is the relative size of the second-order term at the interval's ends.
    Returns that in all, and the part that no change of parameters could remove (the intrinsic
    curvature of Bates and Watts: normal to the tangent plane), each (free,).
    """
    theta = point.theta
    covariance = inverse.dot(inverse.T)
    deviations = np.sqrt(np.diag(covariance))
    directions = np.zeros((len(deviations), len(theta)))
    directions[:, moving] = scale * covariance / deviations[:, None]
    second = problem.second_along(theta, directions)
    tangent = inverse.T.dot(point.rows[moving])
    normal = second - second.dot(tangent.T).dot(tangent)
    found = []
    for vectors in (second, normal):
        result = np.zeros(len(theta))
        sizes = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
        result[moving] = sizes / scale if scale > 0 else 0.0
        found.append(result)
    return found[0], found[1]


def wald_interval(value: float, stderr: float, t: float, level: float) -> Interval:
    """value -+ t stderr."""
    half = t * stderr
    return Interval(value - half, value + half, level, "wald-t", Accuracy.CALIBRATED)


def profile_interval(profile: Profile, t: float, level: float) -> Interval:
    """The interval by the profile; a side that the data leave open is infinite."""
    with np.errstate(all="ignore"):
        lo = profile.end(t, -1)
        hi = np.nan if profile.better else profile.end(t, +1)
    if profile.better:
        best = min(profile.better, key=lambda p: p.cost)
        note = f"a better fit was found at {best.value:.6g}: fit again with that start"
        return Interval(-np.inf, np.inf, level, "profile-t", Accuracy.UNKNOWN, note)
    notes = []
    index, problem = profile.index, profile.problem
    if np.isinf(lo) or np.isinf(hi):
        side = "either side" if np.isinf(lo) and np.isinf(hi) else (
            "below" if np.isinf(lo) else "above")  # fmt: skip
        notes.append(f"the data set no limit {side}")
    bounded = np.isfinite(lo) and lo == problem.lower[index]
    if bounded or (np.isfinite(hi) and hi == problem.upper[index]):
        notes.append("ends at a bound")
    return Interval(lo, hi, level, "profile-t", Accuracy.CALIBRATED, "; ".join(notes))
