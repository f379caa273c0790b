"""Newton directions of the barrier problem, with the curvature corrected to that of a minimum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.optimize.interior.barrier import Barrier, Point
from taylored.optimize.interior.condensed import system_for
from taylored.optimize.interior.linear import System

__all__ = ["Direction", "Directions"]

_FIRST_SHIFT = 1e-4
_LEAST_SHIFT, _MOST_SHIFT = 1e-20, 1e40
_GROW_FIRST, _GROW, _SHRINK = 100.0, 8.0, 1.0 / 3.0
_RIDGE_DENSE, _RIDGE_SPARSE, _RIDGE_DEPENDENT = 1e-10, 1e-8, 1e-8
_POOR_RESIDUAL = 1e-5
_TOO_LONG = 1e12


@dataclass(eq=False, slots=True)
class Direction:
    """Steps of v, of the multipliers y and z, and of the distances to bounds."""

    v: np.ndarray
    y: np.ndarray
    z: np.ndarray
    distance: np.ndarray


class Directions:
    """Directions at one point after another; remembers how much curvature had to be added.

    `shift` is what the last factorization added to the Hessian, 0 where nothing was needed.
    `expired` says that no time is left for another factorization.
    `dependent`: the rows could only be met in least squares; the step of y means nothing then.
    """

    def __init__(self, barrier: Barrier, system: System):
        self.barrier, self.system = barrier, system
        self.shift = self._last = 0.0
        self.dependent = False
        self.expired: Callable[[], bool] = lambda: False
        strength = _RIDGE_SPARSE if barrier.scaled.sparse else _RIDGE_DENSE
        self.ridge = strength * barrier.slackless
        self._curvature = np.zeros(0)
        self._slack_curvature = np.zeros(0)
        self._no_hessian: Any = None
        self._multiplier_system = system

    def at(self, point: Point, mu: float) -> Direction | None:
        """The direction at a point; None where no shift gives one, or none in time."""
        barrier = self.barrier
        self.system.load(barrier.hessian(point), point.jacobian)
        self._curvature = barrier.onto_variables(point.z / point.distance)
        if barrier.pull is not None:
            self._curvature[: barrier.n] += barrier.pull
        residual = self.residual(point, mu)
        shift = 0.0
        while shift <= _MOST_SHIFT and not (shift > 0.0 and self.expired()):
            direction = None
            self.dependent = False
            if self._factor(shift, self.ridge):
                direction = self.toward(point, mu, residual, point.rows)
                if direction is None and self.barrier.m:
                    direction = self._despite_dependence(point, mu, residual, shift)
            if direction is not None:
                self.shift = shift
                if shift > 0.0:
                    self._last = shift
                return direction
            shift = self._next(shift)
        return None

    def _despite_dependence(
        self, point: Point, mu: float, residual: np.ndarray, shift: float
    ) -> Direction | None:
        """Where the rows depend on each other: the direction that meets them in least squares."""
        ridge = _RIDGE_DEPENDENT * max(mu, 1e-12) ** 0.25
        if not self._factor(shift, np.maximum(self.ridge, ridge)):
            return None
        self.dependent = True
        direction = self.toward(point, mu, residual, point.rows)
        self.dependent = direction is not None
        return direction

    def _next(self, shift: float) -> float:
        if shift == 0.0:
            known = self._last > 0.0
            return max(_LEAST_SHIFT, self._last * _SHRINK) if known else _FIRST_SHIFT
        return shift * (_GROW if self._last > 0.0 else _GROW_FIRST)

    def _factor(self, shift: float, ridge: np.ndarray) -> bool:
        """Whether the factors have the inertia of a minimum."""
        barrier = self.barrier
        n = barrier.n
        self._slack_curvature = self._curvature[n:] + shift
        if barrier.row.size:
            q = barrier.onto_rows(1.0 / self._slack_curvature)
        else:
            q = np.zeros(barrier.m)
        negative = self.system.factor(self._curvature[:n] + shift, q, ridge)
        return negative == barrier.m

    def residual(self, point: Point, mu: float) -> np.ndarray:
        """The gradient in v of the Lagrangian of the barrier problem."""
        barrier = self.barrier
        along = barrier.stationarity(point)
        return along - barrier.onto_variables(barrier.side * (mu * barrier.pushes(point.distance)))

    def toward(
        self, point: Point, mu: float, residual: np.ndarray, rows: np.ndarray
    ) -> Direction | None:
        """The direction that brings `rows` to 0 to first order, with the last factors."""
        barrier, n = self.barrier, self.barrier.n
        along_w = residual[n:]
        down = rows
        if along_w.size:
            down = rows - barrier.onto_rows(barrier.sign * along_w / self._slack_curvature)
        solution, poor = self.system.solve(
            np.concatenate([-residual[:n], -down]), ridged=self.dependent
        )
        if not (poor <= _POOR_RESIDUAL and np.isfinite(solution).all()):
            return None
        dv, dy = solution[:n], solution[n:]
        if along_w.size:
            dw = -(along_w + barrier.sign * dy[barrier.row]) / self._slack_curvature
            dv = np.concatenate([dv, dw])
        if np.abs(dv).max(initial=0.0) > _TOO_LONG * (1.0 + np.abs(point.v).max(initial=0.0)):
            return None
        distance = barrier.side * dv[barrier.index]
        z = (mu - point.z * distance) / point.distance - point.z
        return Direction(dv, dy, z, distance)

    def least_squares(self, point: Point, most: float) -> np.ndarray | None:
        """Multipliers y that make the Lagrangian as stationary as can be; None where too large."""
        barrier, n = self.barrier, self.barrier.n
        if not barrier.m:
            return np.zeros(0)
        system = self._least_squares_system()
        system.load(self._no_hessian, point.jacobian)
        pulled = -barrier.onto_variables(barrier.side * point.z)
        pulled[:n] += point.gradient
        pulled[n:] += barrier.cost
        rows = np.zeros(barrier.m)
        q = rows
        if barrier.row.size:
            q = barrier.onto_rows(np.ones(barrier.row.size))
            rows = barrier.onto_rows(barrier.sign * pulled[n:])
        if system.factor(np.ones(n), q, self.ridge) is None:
            return None
        solution, poor = system.solve(np.concatenate([-pulled[:n], rows]))
        y = solution[n:]
        return y if poor <= _POOR_RESIDUAL and np.abs(y).max() <= most else None

    def _least_squares_system(self) -> System:
        """One of its own where H has a pattern, which is not known before the first Hessian."""
        if self._no_hessian is None:
            self._no_hessian = 0.0
            self._multiplier_system = self.system
            if self.barrier.scaled.sparse:
                from scipy.sparse import csr_array

                self._no_hessian = csr_array((self.barrier.n, self.barrier.n))
                self._multiplier_system = system_for(True, self.barrier.n, self.barrier.m)
        return self._multiplier_system

    def negative_curvature(self) -> np.ndarray | None:
        """A direction of x along the rows in which the Hessian curves down, or None.

        Inverse iteration with the shifted factors, which favor the lowest curvature.
        """
        barrier, n = self.barrier, self.barrier.n
        u = np.random.default_rng(0).standard_normal(n)
        zero = np.zeros(barrier.m)
        for _ in range(8):
            u = self.system.solve(np.concatenate([u, zero]))[0][:n]
            size = float(np.linalg.norm(u))
            if not (np.isfinite(size) and size > 0.0):
                return None
            u /= size
        return u if self.system.curvature(u) < -1e-10 else None
