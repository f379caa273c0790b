"""Newton's method with exact second derivatives: for the last digits, and for hard landscapes.

In the coordinates of the triangular factor R of the Jacobian the Hessian of half the cost is
`I - K`, `K = R^-T (sum_i r_i d2f_i) R^-1`: no normal equations are formed, and the eigenvalues of
`I - K` tell whether the point is a minimum. (K is the residual curvature of Bates and Watts.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taylored.optimize.point import Point, evaluate, held, triangle
from taylored.optimize.problem import Problem

__all__ = ["Curvature", "curvature_at", "newton_polish", "trust_region_newton"]


@dataclass(frozen=True, eq=False, slots=True)
class Curvature:
    """The second-order picture at a point, in the free directions `moving`.

    `inverse` is R^-1 with the columns' norms taken out and put back: the covariance is
    `inverse @ inverse.T`. `bend` is the smallest eigenvalue of I - K: positive at a minimum.
    `step` is Newton's step (Gauss-Newton's where the Hessian is not positive definite); `along`
    is Q'r; `condition` is that of the scaled Jacobian.
    """

    moving: np.ndarray
    inverse: np.ndarray
    k: np.ndarray
    bend: float
    step: np.ndarray
    along: np.ndarray
    condition: float


def curvature_at(problem: Problem, point: Point, moving: np.ndarray | None = None) -> Curvature:
    """Factor the Jacobian and the Hessian at a point.

    Raises:
        numpy.linalg.LinAlgError: where the Jacobian is singular to working precision.
    """
    count = len(point.theta)
    if moving is None:
        moving = ~held(problem, point)
    full = moving.all()
    rows = point.rows if full else point.rows[moving]
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    if not norms.all():
        raise np.linalg.LinAlgError("a parameter has no influence")
    r, q = triangle(rows / norms[:, None], point.r)
    scaled_inverse = np.linalg.inv(r)
    condition = float(np.linalg.norm(r) * np.linalg.norm(scaled_inverse))
    if not condition < 1e15:
        raise np.linalg.LinAlgError("parameters cannot be told apart")
    inverse = scaled_inverse / norms[:, None]
    s = problem.curvature(point.theta, point.r)
    s = s if full else s[np.ix_(moving, moving)]
    k = inverse.T.dot(s).dot(inverse)
    hessian = np.eye(len(k)) - 0.5 * (k + k.T)
    bend = float(np.linalg.eigvalsh(hessian)[0]) if len(k) else 1.0
    step = np.zeros(count)
    step[moving] = inverse.dot(np.linalg.solve(hessian, q) if bend > 0 else q)
    return Curvature(moving, inverse, k, bend, step, q, condition)


def newton_polish(
    problem: Problem, point: Point, limit: int = 12
) -> tuple[Point, Curvature | None, float]:
    """Bring the gradient to its rounding floor: (point, curvature there, last step taken).

    The last step is measured in the norm of the residual space, relative to |r|. The curvature
    is None where the Jacobian is singular.
    """
    last = np.inf
    curvature = None
    for _ in range(limit):
        try:
            curvature = curvature_at(problem, point)
        except np.linalg.LinAlgError:
            return point, None, last
        size = _relative_size(point, curvature)
        if curvature.bend <= 0 or not size < 0.5 * last or size == 0.0:
            break
        if _tiny(point.theta, curvature.step):
            last = size
            break
        theta = point.theta + curvature.step
        if problem.bounded:
            theta = np.clip(theta, problem.lower, problem.upper)
        trial = evaluate(problem, theta)
        problem.counts.iterations += 1
        if not trial.finite or trial.cost > point.cost * (1 + 1e-8) + _noise(problem):
            break
        point, last = trial, size
    return point, curvature, last


def _noise(problem: Problem) -> float:
    y = problem.y if problem.weights is None else problem.y * problem.weights
    return float(1e-31 * y.dot(y))


def _relative_size(point: Point, curvature: Curvature) -> float:
    """|Q'r| / |r|: the cosine between the residuals and the tangent plane."""
    if point.cost == 0.0:
        return 0.0
    return float(np.sqrt(curvature.along.dot(curvature.along) / point.cost))


def _tiny(theta: np.ndarray, step: np.ndarray) -> bool:
    return bool((np.abs(step) <= 4e-16 * np.abs(theta)).all())


def trust_region_newton(
    problem: Problem, start: np.ndarray, *, limit: int = 300
) -> tuple[Point, bool]:
    """Minimize with the exact Hessian in a scaled trust region, all parameters at once.

    Unlike Gauss-Newton it sees negative curvature and leaves saddles and flat valleys. Source:
    J. More and D. Sorensen, SIAM J. Sci. Stat. Comput. 4 (1983).
    """
    point = evaluate(problem, start)
    if not point.finite:
        return point, False
    scale = np.zeros(len(start))
    radius = 0.0
    for _ in range(limit):
        problem.counts.iterations += 1
        moving = ~held(problem, point)
        if not moving.any():
            return point, True
        norms = np.sqrt(np.einsum("ij,ij->i", point.rows, point.rows))
        scale = np.maximum(scale, norms)
        d = np.where(scale > 0, scale, 1.0)[moving]
        if radius == 0.0:
            radius = max(float(np.linalg.norm(scale * point.theta)), 1e-3)
        gradient = point.rows[moving].dot(point.r) / d
        hessian = point.rows[moving].dot(point.rows[moving].T)
        hessian -= problem.curvature(point.theta, point.r)[np.ix_(moving, moving)]
        scaled = hessian / np.outer(d, d)
        if not np.isfinite(scaled).all():
            return point, False
        values, vectors = np.linalg.eigh(scaled)
        point, radius, state = _newton_step(
            problem, point, (moving, d, gradient, values, vectors), radius
        )
        if state != "moved":
            return point, state == "done"
    return point, False


def _newton_step(
    problem: Problem, point: Point, model: tuple, radius: float
) -> tuple[Point, float, str]:
    moving, d, gradient, values, vectors = model
    along = gradient.dot(vectors)
    for _ in range(40):
        coefficients = _trust_region(values, along, radius)
        predicted = 2.0 * float(along.dot(coefficients)) - float(values.dot(coefficients**2))
        length = float(np.linalg.norm(coefficients))
        if predicted <= 1e-14 * point.cost or length == 0.0:
            return point, radius, "done"
        theta = point.theta.copy()
        theta[moving] += vectors.dot(coefficients) / d
        if problem.bounded:
            theta = np.clip(theta, problem.lower, problem.upper)
        trial = evaluate(problem, theta)
        ratio = (point.cost - trial.cost) / predicted if trial.finite else -1.0
        if ratio < 0.25:
            radius = 0.25 * length
        elif ratio > 0.75 and length > 0.9 * radius:
            radius *= 2.0
        if ratio > 1e-4:
            return trial, radius, "moved"
    return point, radius, "stuck"


def _trust_region(values: np.ndarray, along: np.ndarray, radius: float) -> np.ndarray:
    """Minimize the model within the radius, in the eigenbasis: by bisection on the shift."""
    lowest = float(values[0])
    if lowest > 0:
        step = along / values
        if np.linalg.norm(step) <= radius:
            return step
    along = np.where(along == 0.0, 1e-300, along)
    low = max(0.0, -lowest)
    high = low + float(np.linalg.norm(along)) / radius + 1e-300
    for _ in range(60):
        shift = 0.5 * (low + high)
        with np.errstate(all="ignore"):
            length = float(np.linalg.norm(along / (values + shift)))
        low, high = (shift, high) if length > radius else (low, shift)
        if high - low <= 1e-3 * high:
            break
    return along / (values + high)
