"""Levenberg-Marquardt in a trust region (More 1978), linear parameters projected out.

The step minimizes `|r - J d|**2` over `|D d| <= radius`, D the largest column norms seen, so
that the iterates do not depend on the units of the parameters. One QR factorization with the
columns of the linear parameters first gives the step of Kaufman's variable projection: only the
non-linear parameters are damped. Source: J. J. More, "The Levenberg-Marquardt algorithm:
implementation and theory", 1978; L. Kaufman, BIT 15 (1975).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from taylored.optimize.point import Point, evaluate_settled, held, triangle
from taylored.optimize.problem import Problem

__all__ = ["levenberg_marquardt"]

_LARGEST_START = 100.0  # the first radius in units of |D theta|, as in MINPACK


@dataclass(frozen=True, eq=False, slots=True)
class _Model:
    """The quadratic model at a point, factored: everything a step of any radius needs."""

    order: np.ndarray  # the parameters that may move, linear ones first
    linear: int  # how many of them are linear
    r_linear: np.ndarray  # R of the linear block
    r_mixed: np.ndarray
    u: np.ndarray  # singular value decomposition of R22 / D
    s: np.ndarray
    vt: np.ndarray
    along: np.ndarray  # U'q of the non-linear block
    q_linear: np.ndarray
    scale: np.ndarray  # D of the non-linear block


def levenberg_marquardt(
    problem: Problem,
    start: np.ndarray,
    *,
    limit: int = 200,
    tolerance: float = 1e-9,
    callback: Callable[[Point], None] | None = None,
) -> tuple[Point, bool]:
    """Minimize from `start`; the best point, and whether the steps became negligible.

    `tolerance` bounds the relative decrease of the cost that still counts as progress: the last
    digits are left to Newton's method.
    """
    point = evaluate_settled(problem, start)
    if not point.finite:
        return point, False
    scale = np.zeros(len(start))
    radius = 0.0
    for _ in range(limit):
        problem.counts.iterations += 1
        moving = ~held(problem, point)
        if not moving.any():
            return point, True
        model = _factor(problem, point, moving, scale)
        if radius == 0.0:
            size = float(np.linalg.norm(scale * point.theta))
            radius = _LARGEST_START * (size if size > 0 else 1.0)
        trial, radius, done = _try_steps(problem, point, model, radius, tolerance)
        if trial is None:
            return point, done
        point = trial
        if callback is not None:
            callback(point)
        if done:
            return point, True
    return point, False


def _factor(problem: Problem, point: Point, moving: np.ndarray, scale: np.ndarray) -> _Model:
    if moving.all():
        linear_mask = problem.linear
        order = np.argsort(~linear_mask, kind="stable")
    else:
        linear_mask = problem.linear & moving
        order = np.concatenate([np.flatnonzero(linear_mask), np.flatnonzero(moving & ~linear_mask)])
    k = int(linear_mask.sum())
    rows = point.rows[order]
    r, q = triangle(rows, point.r)
    block = r[k:, k:]
    norms = np.sqrt(np.einsum("ij,ij->j", r[:, k:], r[:, k:]))
    bent = order[k:]
    scale[bent] = np.maximum(scale[bent], norms)
    d = np.where(scale[bent] > 0, scale[bent], 1.0)
    if len(block):
        u, s, vt = np.linalg.svd(block / d)
    else:
        u, s, vt = np.eye(0), np.zeros(0), np.eye(0)
    return _Model(order, k, r[:k, :k], r[:k, k:], u, s, vt, q[k:].dot(u), q[:k], d)


def _step(model: _Model, radius: float) -> tuple[np.ndarray, float, float, float]:
    """The step of this radius: (delta, |D delta|, predicted decrease, damping)."""
    s, along = model.s, model.along
    damping = 0.0
    smallest = s[0] * 1e-14 if len(s) else 0.0
    with np.errstate(all="ignore"):
        coefficients = np.where(s > smallest, along / s, 0.0)
    length = float(np.sqrt(coefficients.dot(coefficients)))
    if length > 1.1 * radius:
        damping = _damping(s, along, radius)
        coefficients = s * along / (s * s + damping)
        length = float(np.sqrt(coefficients.dot(coefficients)))
    bent = coefficients.dot(model.vt) / model.scale
    image = s * coefficients
    predicted = float(image.dot(image)) + 2.0 * damping * length * length
    if model.linear == 0:
        return bent, length, predicted, damping
    straight = _solve(model.r_linear, model.q_linear - model.r_mixed.dot(bent))
    predicted += float(model.q_linear.dot(model.q_linear))
    return np.concatenate([straight, bent]), length, predicted, damping


def _solve(r: np.ndarray, q: np.ndarray) -> np.ndarray:
    diagonal = np.abs(np.diag(r))
    if diagonal.min() > 1e-11 * diagonal.max():
        return np.linalg.solve(r, q)
    return np.linalg.lstsq(r, q, rcond=1e-11)[0]


def _damping(s: np.ndarray, along: np.ndarray, radius: float) -> float:
    """The damping that makes the step as long as the radius, to 10 %, by Newton's method.

    On 1/length the secular equation is almost linear (Hebden 1973), and the iteration started
    from below cannot overshoot.
    """
    gradient = s * along
    low, high = 0.0, float(np.sqrt(gradient.dot(gradient))) / radius
    damping = 1e-3 * high
    for _ in range(20):
        weight = 1.0 / (s * s + damping)
        c = gradient * weight
        length = float(np.sqrt(c.dot(c)))
        excess = length - radius
        if abs(excess) <= 0.1 * radius:
            break
        low, high = (damping, high) if excess > 0 else (low, damping)
        slope = float((c * c).dot(weight)) / length if length > 0.0 else 0.0
        damping += (length / radius) * excess / slope if slope > 0.0 else np.inf
        if not low < damping < high:
            damping = float(np.sqrt(max(low, 1e-3 * high) * high))
    return damping


def _try_steps(
    problem: Problem,
    point: Point,
    model: _Model,
    radius: float,
    tolerance: float,
) -> tuple[Point | None, float, bool]:
    """Shrink the region until a step is accepted: (point or None, radius, negligible)."""
    for _ in range(60):
        delta, length, predicted, damping = _step(model, radius)
        if predicted <= tolerance * tolerance * point.cost:
            return None, radius, True
        theta = point.theta.copy()
        theta[model.order] += delta
        if problem.bounded:
            theta = np.clip(theta, problem.lower, problem.upper)
        trial = evaluate_settled(problem, theta)
        actual = point.cost - trial.cost
        ratio = actual / predicted if trial.finite else -1.0
        if ratio <= 0.25:
            radius = min(radius, length) * (0.1 if ratio < 0.0 else 0.4)
        elif ratio >= 0.75 or damping == 0.0:
            radius = 2.0 * length
        if ratio > 1e-4:
            negligible = actual <= tolerance * point.cost and predicted <= tolerance * point.cost
            return trial, radius, negligible
        if predicted <= 1e-15 * point.cost:
            return None, radius, True  # rounding hides any further decrease
        if length <= 1e-14 * np.linalg.norm(model.scale * point.theta[model.order[model.linear :]]):
            return None, radius, False
    return None, radius, False
