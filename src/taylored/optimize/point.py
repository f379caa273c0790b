"""A point of a least-squares problem with everything known there, and its QR factor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taylored.optimize.problem import Problem

__all__ = ["Point", "evaluate", "evaluate_settled", "held", "triangle"]

# Where the columns of the linear parameters are closer to dependent than this (scaled), the
# smallest solution is taken instead of the exact one.
_DEPENDENT = 1e-11


@dataclass(frozen=True, eq=False, slots=True)
class Point:
    """Parameters, weighted residuals, model derivatives (params, points), cost = sum(r**2)."""

    theta: np.ndarray
    r: np.ndarray
    rows: np.ndarray
    cost: float

    @property
    def finite(self) -> bool:
        return self.cost < np.inf


def evaluate(problem: Problem, theta: np.ndarray) -> Point:
    """The problem at `theta`; the cost is infinite where anything is not finite."""
    r, rows = problem.residuals_and_jacobian(theta)
    cost = r.dot(r)
    # A NaN or an infinity anywhere makes the sum one.
    if not np.isfinite(cost + rows.sum()):
        cost = np.inf
    return Point(theta, r, rows, float(cost))


def evaluate_settled(problem: Problem, theta: np.ndarray) -> Point:
    """The problem at `theta` with the linear parameters moved to their optimum.

    Variable projection: f is affine in them, so one linear least-squares solve finds them.
    """
    point = evaluate(problem, theta)
    linear = problem.linear
    if not point.finite or not linear.any():
        return point
    move = _linear_move(point.rows[linear], point.r)
    change = move.dot(point.rows[linear])
    if change.dot(change) <= 1e-20 * point.cost:
        return point
    theta = theta.copy()
    theta[linear] += move
    moved = evaluate(problem, theta)
    return moved if moved.cost <= point.cost else point


def _linear_move(rows: np.ndarray, r: np.ndarray) -> np.ndarray:
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    norms[norms == 0.0] = 1.0
    move, _, _, _ = np.linalg.lstsq((rows / norms[:, None]).T, r, rcond=_DEPENDENT)
    return move / norms


def held(problem: Problem, point: Point) -> np.ndarray:
    """Parameters at a bound that the cost would push further out, (params,) bool."""
    if not problem.bounded:
        return np.zeros(len(point.theta), bool)
    downhill = point.rows.dot(point.r)
    low = (point.theta <= problem.lower) & (downhill <= 0)
    high = (point.theta >= problem.upper) & (downhill >= 0)
    return low | high | (problem.lower == problem.upper)


def triangle(rows: np.ndarray, r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """R and Q'r of the QR factorization of the Jacobian `rows.T`.

    With the residuals as a last column R alone holds both, and Q is never formed.
    """
    count, points = rows.shape
    columns = np.empty((max(points, count + 1), count + 1))
    columns[:points, :count] = rows.T
    columns[:points, count] = r
    columns[points:] = 0.0
    whole: np.ndarray = np.asarray(np.linalg.qr(columns, mode="r"))
    return whole[:count, :count], whole[:count, count]
