"""How far the solution may be from a point: the residual and the rounding of the functions,
through the inverse of the KKT matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.optimize.certificate.face import Face
from taylored.optimize.certificate.local import Local
from taylored.optimize.certificate.multipliers import Multipliers
from taylored.optimize.certificate.rounding import Rounding
from taylored.optimize.certificate.system import Factor, assembled, equilibrated, sparse_matrix

__all__ = ["Distance", "distance"]

_UNIT = 2.0**-52
_SINGULAR = 1e-14


@dataclass(frozen=True, eq=False)
class Distance:
    """Estimated errors of x (variables,) and y (constraints,), and the way to the solution.

    `condition` is that of the equilibrated KKT matrix; all are infinite where it is singular.
    """

    x: np.ndarray
    y: np.ndarray
    step: np.ndarray
    condition: float


def distance(
    local: Local, m: Multipliers, held: Face, hessian: Any, noise: Rounding
) -> Distance:  # fmt: skip
    """Twice the Newton step, and what rounding may hide."""
    free = np.flatnonzero(held.free)
    reduced, rows = held.system(local, hessian)
    # A variable at a distance from its bound will be moved there, which moves the others.
    to_bound = _to_bound(local, held)
    moved = hessian @ to_bound
    shift = (local.jacobian @ to_bound)[held.rows]
    right = -np.concatenate([(m.residual + moved)[free], local.c[held.rows] + shift])
    hidden = np.concatenate([noise.slope[free], noise.c[held.rows]])
    solve = _dense if isinstance(hessian, np.ndarray) else _sparse
    step, error, condition = solve(reduced, rows, right, hidden)
    errors, steps = np.abs(to_bound), to_bound.copy()
    # What is rounded alike in neighbors is not measured: two units in the last place at least.
    last = 2.0 * _UNIT * np.abs(local.x[free])
    errors[free], steps[free] = np.maximum(error[: free.size], last), step[: free.size]
    y = np.zeros(local.c.size)
    y[held.rows] = error[free.size :]
    return Distance(errors, y, steps, condition)


def _to_bound(local: Local, held: Face) -> np.ndarray:
    lower, upper = local.gaps
    nearer_lower = np.abs(lower) <= np.abs(upper)
    step = np.where(nearer_lower, -lower, upper)
    return np.where(held.free, 0.0, step)


def _dense(
    hessian: np.ndarray, rows: np.ndarray, right: np.ndarray, hidden: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    matrix = assembled(hessian, rows)
    if not matrix.size:
        return right, np.abs(right), 1.0
    scale = equilibrated(matrix)
    left, values, turned = np.linalg.svd(scale[:, None] * matrix * scale)
    kept = values > _SINGULAR * values[0]
    inverse = (turned.T[:, kept] / values[kept]) @ left[:, kept].T
    inverse = scale[:, None] * inverse * scale
    step = inverse @ right
    error = 2.0 * np.abs(step) + 2.0 * np.abs(inverse) @ hidden
    if not kept.all():
        # Along the null space nothing holds the solution.
        loose = np.abs(turned[~kept]).max(axis=0) > 1e-6
        error = np.where(loose, np.inf, error)
        return step, error, np.inf
    return step, error, float(values[0] / values[-1])


def _sparse(
    hessian: Any, rows: Any, right: np.ndarray, hidden: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    n, k = hessian.shape[0], rows.shape[0]
    if not n + k:
        return right, np.abs(right), 1.0
    factor = Factor.of(sparse_matrix(hessian, rows, np.zeros(k)))
    condition = np.inf if factor is None else _condition(factor)
    if factor is None or condition > 1.0 / _SINGULAR:
        # Dependent rows leave x as it is: with a little damping the rest can be solved.
        condition = np.inf
        factor = Factor.of(sparse_matrix(hessian, rows, np.full(k, 1e-9)))
    if factor is None:
        return np.zeros_like(right), np.full(right.size, np.inf), np.inf
    step = factor.solve(right)
    rng = np.random.default_rng(2)
    # The largest of a few random sums is seldom less than a third of the sum of sizes.
    answers = [np.abs(factor.solve(hidden * rng.choice([-1.0, 1.0], hidden.size))) for _ in "123"]
    error = 2.0 * np.abs(step) + 6.0 * np.max(answers, axis=0)
    if not np.isfinite(condition):
        error[n:] = np.inf
        if _condition(factor) > 1.0 / _SINGULAR:
            error[:] = np.inf
    return step, np.where(np.isfinite(error), error, np.inf), condition


def _condition(factor: Factor) -> float:
    """An estimate for the equilibrated matrix, in the 1-norm."""
    from scipy.sparse import diags_array
    from scipy.sparse.linalg import LinearOperator, norm, onenormest

    d = diags_array(factor.scale)
    solve, make = factor.factors.solve, _plainly(LinearOperator)
    inverse = make(
        factor.matrix.shape, matvec=solve, rmatvec=lambda v: solve(v, "T"), dtype=float
    )  # fmt: skip
    size = _plainly(norm)(d @ factor.matrix @ d, 1) * _plainly(onenormest)(inverse, t=2, itmax=3)
    return float(size) if np.isfinite(size) else np.inf


def _plainly(function: Any) -> Any:
    """A function whose annotations say less than what it takes."""
    return function
