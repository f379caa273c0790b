"""The equality-constrained form with simple bounds, whose logarithms make the barrier problem.

Minimize F(x) + cost.w subject to c(x) + A w = 0 and bounds on v = (x, w), where each w (a slack
or an elastic variable) enters one row with coefficient +1 or -1. F is the objective, or, in the
feasibility phase, a small pull toward the point that the phase started from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.optimize.interior.scaling import Scaled

__all__ = ["Barrier", "Point", "elastic", "inside", "original"]

_DAMPING = 1e-5


@dataclass(eq=False, slots=True)
class Point:
    """v, distances d to the bounds, multipliers y of rows and z of bounds, and what follows.

    `distance` is kept beside v since it is known to more digits than v - bound. `f` is the
    objective whatever is minimized.
    """

    v: np.ndarray
    distance: np.ndarray
    y: np.ndarray
    z: np.ndarray
    f: float = np.nan
    goal: float = np.nan
    rows: np.ndarray = None  # type: ignore[assignment]
    gradient: np.ndarray = None  # type: ignore[assignment]
    jacobian: Any = None


@dataclass(eq=False)
class Barrier:
    """The problem in v; bound k is side[k]*v[index[k]] >= offset[k]."""

    scaled: Scaled
    row: np.ndarray
    sign: np.ndarray
    cost: np.ndarray
    index: np.ndarray
    side: np.ndarray
    offset: np.ndarray
    center: np.ndarray | None = None
    pull: np.ndarray | None = None

    def __post_init__(self) -> None:
        self.n, self.m = self.scaled.n, self.scaled.m
        self.size = self.n + self.row.size
        self.elastic = self.center is not None
        # One-to-one slacks, the common case, need no adding up.
        self.simple = np.unique(self.row).size == self.row.size
        self.slackless = np.ones(self.m)
        self.slackless[self.row] = 0.0
        # Without it the logarithm of a one-sided bound draws flat variables to infinity.
        self.damping = np.where(np.bincount(self.index, minlength=self.size)[self.index] > 1,
                                0.0, _DAMPING)  # fmt: skip

    def distances(self, v: np.ndarray) -> np.ndarray:
        """How far v is inside each bound."""
        return self.side * v[self.index] - self.offset

    def logarithms(self, distance: np.ndarray) -> float:
        """What the barrier adds for mu = 1."""
        return float(self.damping @ distance) - float(np.log(distance).sum())

    def pushes(self, distance: np.ndarray) -> np.ndarray:
        """Minus the derivative of that by each distance."""
        return 1.0 / distance - self.damping

    def onto_rows(self, w: np.ndarray) -> np.ndarray:
        """Add up what belongs to one row."""
        if self.simple:
            out = np.zeros(self.m)
            out[self.row] = w
            return out
        return np.bincount(self.row, w, self.m)

    def onto_variables(self, b: np.ndarray) -> np.ndarray:
        """Add up what belongs to one variable, over its bounds."""
        if not b.size:
            return np.zeros(self.size)
        return np.bincount(self.index, b, self.size)

    def evaluate(self, v: np.ndarray) -> tuple[float, float, np.ndarray]:
        """The objective, what is minimized, and the rows."""
        x, w = v[: self.n], v[self.n :]
        f, c = self.scaled.values(x)
        goal = f if self.center is None else self._pulled(x)
        if not w.size:
            return f, goal, c
        return f, goal + float(self.cost @ w), c + self.onto_rows(self.sign * w)

    def differentiate(self, point: Point) -> None:
        """Set the gradient of what is minimized, in x only, and the Jacobian."""
        x = point.v[: self.n]
        gradient, point.jacobian = self.scaled.first(x)
        if self.center is not None and self.pull is not None:
            gradient = self.pull * (x - self.center)
        point.gradient = gradient

    def hessian(self, point: Point) -> Any:
        """Of the Lagrangian, without the pull."""
        x = point.v[: self.n]
        return self.scaled.second(x, 0.0 if self.elastic else 1.0, point.y)

    def stationarity(self, point: Point) -> np.ndarray:
        """The gradient in v of goal + y.rows, without the bounds."""
        along_x = point.gradient
        if self.m:
            along_x = along_x + point.jacobian.T @ point.y
        if not self.row.size:
            return along_x
        return np.concatenate([along_x, self.cost + self.sign * point.y[self.row]])

    def _pulled(self, x: np.ndarray) -> float:
        assert self.center is not None and self.pull is not None
        away = x - self.center
        return 0.5 * float(self.pull @ (away * away))


def _bounds(scaled: Scaled, extra: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Index, side and offset of the finite bounds of x, then of `extra` variables >= 0."""
    low, high = np.flatnonzero(np.isfinite(scaled.lower)), np.flatnonzero(np.isfinite(scaled.upper))
    index = np.concatenate([low, high, scaled.n + np.arange(extra)])
    side = np.concatenate([np.ones(low.size), -np.ones(high.size), np.ones(extra)])
    offset = np.concatenate([scaled.lower[low], -scaled.upper[high], np.zeros(extra)])
    return index, side, offset


def original(scaled: Scaled) -> Barrier:
    """The program itself: one slack for each inequality."""
    row = np.flatnonzero(~scaled.equality)
    return Barrier(scaled, row, np.ones(row.size), np.zeros(row.size), *_bounds(scaled, row.size))


def elastic(scaled: Scaled, center: np.ndarray, pull: np.ndarray, price: float) -> Barrier:
    """Least violation: every row may be broken by either of two variables at a price."""
    slacks, m = np.flatnonzero(~scaled.equality), scaled.m
    row = np.concatenate([slacks, np.arange(m), np.arange(m)])
    sign = np.concatenate([np.ones(slacks.size), -np.ones(m), np.ones(m)])
    cost = np.concatenate([np.zeros(slacks.size), np.full(2 * m, price)])
    bounds = _bounds(scaled, row.size)
    return Barrier(scaled, row, sign, cost, *bounds, center=center, pull=pull)


def inside(scaled: Scaled, x: np.ndarray, push: float) -> np.ndarray:
    """x moved inside its bounds, by `push` relative to bound and width."""
    lower, upper = scaled.lower, scaled.upper
    has_low, has_high = np.isfinite(lower), np.isfinite(upper)
    low, high = np.where(has_low, lower, 0.0), np.where(has_high, upper, 0.0)
    width = np.where(has_low & has_high, min(push, 0.49) * (high - low), np.inf)
    low = low + np.minimum(push * np.maximum(1.0, np.abs(low)), width)
    high = high - np.minimum(push * np.maximum(1.0, np.abs(high)), width)
    x = np.where(has_low, np.maximum(x, low), x)
    return np.where(has_high, np.minimum(x, high), x)
