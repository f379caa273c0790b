"""Multipliers recovered from a point: least squares with the signs that a minimum needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.optimize.certificate.local import NEAR, Local

__all__ = ["Multipliers", "measured", "recovered"]

_ROUNDS = 12
_GOOD = 1e-8


@dataclass(frozen=True, eq=False)
class Multipliers:
    """y for the constraints, z for the bounds, and what they leave of the first-order conditions.

    `residual` (variables,) is the gradient of the Lagrangian; `kkt` the largest of its entries and
    of the products y.c and z.gap, relative to the gradient of f where that is larger than 1.
    """

    y: np.ndarray
    z_lower: np.ndarray
    z_upper: np.ndarray
    residual: np.ndarray
    complementarity: float
    kkt: float

    @property
    def stationarity(self) -> float:
        return float(np.abs(self.residual).max(initial=0.0))


def measured(local: Local, y: np.ndarray, near: float = NEAR) -> Multipliers:
    """These y, made non-negative for inequalities, with the best z for bounds that are near."""
    y = np.where(local.program.equality, y, np.maximum(y, 0.0))
    slope = local.slope(y)
    at_lower, at_upper = local.near_bounds(near)
    z_lower = np.where(at_lower & (slope > 0.0), slope, 0.0)
    z_upper = np.where(at_upper & (slope < 0.0), -slope, 0.0)
    residual = slope - z_lower + z_upper
    with np.errstate(invalid="ignore"):
        products = (
            np.where(y != 0.0, y * local.c, 0.0),
            np.where(z_lower > 0.0, z_lower * local.gaps[0], 0.0),
            np.where(z_upper > 0.0, z_upper * local.gaps[1], 0.0),
        )
    complementarity = max(float(np.abs(p).max(initial=0.0)) for p in products)
    stationarity = float(np.abs(residual).max(initial=0.0))
    kkt = max(stationarity, complementarity) / local.scale
    return Multipliers(y, z_lower, z_upper, residual, complementarity, kkt)


def recovered(
    local: Local, hint: np.ndarray | None = None, near: float = NEAR
) -> Multipliers:  # fmt: skip
    """The multipliers that fit best; `hint` where it is no worse than what is found here.

    `near` is the relative distance up to which constraints and bounds may have multipliers.
    """
    given = None
    if hint is not None and hint.shape == local.c.shape and np.isfinite(hint).all():
        hints = (hint, np.where(local.near(near), hint, 0.0))
        given = min((measured(local, h, near) for h in hints), key=lambda m: m.kkt)
        if not local.dense and given.kkt <= _GOOD:
            return given  # a fit would take as long as a step of a solver
    best = measured(local, _fitted(local, near), near)
    return given if given is not None and given.kkt <= best.kkt < np.inf else best


def _fitted(local: Local, near: float) -> np.ndarray:
    y = np.zeros(local.c.size)
    rows = np.flatnonzero(local.near(near) & (local.norms > 0.0))
    if not rows.size:
        return y
    if local.dense:
        y[rows] = _dense(local, rows, near)
    else:
        y[rows] = _sparse(local, rows, near)
    return y


def _dense(local: Local, rows: np.ndarray, near: float) -> np.ndarray:
    """Least squares; with an active-set method only where signs come out wrong."""
    norms = local.norms[rows]
    columns = (local.jacobian[rows] / norms[:, None]).T
    products = np.where(local.program.equality[rows], 0.0, local.c[rows] / norms)
    at_lower, at_upper = local.near_bounds(near)
    free = ~(at_lower | at_upper)
    matrix = np.concatenate([columns[free], np.diag(products)])
    right = np.concatenate([-local.gradient[free], np.zeros(rows.size)])
    w = np.linalg.lstsq(matrix, right, rcond=1e-13)[0]
    slope = local.gradient + columns @ w
    slack = 1e-12 * local.scale
    signs = (local.program.equality[rows] | (w >= -slack)).all()
    bounds = ~free & ~(at_lower & (slope >= -slack)) & ~(at_upper & (slope <= slack))
    if signs and not bounds.any():
        return w / norms
    return _signed(local, (columns, products), rows, near) / norms


def _signed(
    local: Local, system: tuple[np.ndarray, np.ndarray], rows: np.ndarray, near: float
) -> np.ndarray:
    """Non-negative least squares in the multipliers of constraints and bounds."""
    from scipy.optimize import nnls

    columns, products = system
    equal = local.program.equality[rows]
    at_lower, at_upper = local.near_bounds(near)
    n, k = local.x.size, rows.size
    identity = np.eye(n)
    blocks = [columns, -columns[:, equal], -identity[:, at_lower], identity[:, at_upper]]
    matrix = np.concatenate(blocks, axis=1)
    below = np.zeros((k, matrix.shape[1]))
    below[:, :k] = np.diag(products)
    stacked = np.concatenate([matrix, below])
    right = np.concatenate([-local.gradient, np.zeros(k)])
    try:
        w = nnls(stacked, right, maxiter=20 * stacked.shape[1] + 100)[0]
    except RuntimeError:
        w = np.zeros(stacked.shape[1])
    found = w[:k].copy()
    found[equal] -= w[k : k + int(equal.sum())]
    again = _sharpened(local, found, (columns, products), (rows, near))
    both = []
    for w in (found, again):
        y = np.zeros(local.c.size)
        y[rows] = w / local.norms[rows]
        both.append(measured(local, y, near).kkt)
    return again if both[1] <= both[0] else found


def _sharpened(
    local: Local, w: np.ndarray, system: tuple[np.ndarray, np.ndarray],
    which: tuple[np.ndarray, float],
) -> np.ndarray:  # fmt: skip
    """The same support once more by plain least squares, which is more accurate."""
    columns, products = system
    rows, near = which
    at_lower, at_upper = local.near_bounds(near)
    slope = local.gradient + columns @ w
    tied = (at_lower & (slope > 0.0)) | (at_upper & (slope < 0.0))
    kept = local.program.equality[rows] | (w > 0.0)
    matrix = np.concatenate([columns[~tied][:, kept], np.diag(products[kept])])
    right = np.concatenate([-local.gradient[~tied], np.zeros(int(kept.sum()))])
    again = np.zeros_like(w)
    again[kept] = np.linalg.lstsq(matrix, right, rcond=1e-13)[0]
    return again


def _sparse(local: Local, rows: np.ndarray, near: float) -> np.ndarray:
    """The same by sparse factors: wrong signs are dropped, bounds that pull wrongly let go."""
    norms = local.norms[rows]
    equal = local.program.equality[rows]
    scaled = _scaled_rows(local.jacobian[rows], 1.0 / norms)
    products = np.where(equal, 0.0, local.c[rows] / norms)
    at_lower, at_upper = local.near_bounds(near)
    free, kept = ~(at_lower | at_upper), np.ones(rows.size, bool)
    w = np.zeros(rows.size)
    slack = 1e-9 * local.scale
    for _ in range(_ROUNDS):
        w = np.zeros(rows.size)
        w[kept] = _fit(scaled[kept], local.gradient, free, products[kept])
        slope = local.gradient + scaled.T @ w
        wrong = kept & ~equal & (w < -slack)
        loose = ~free & ~(at_lower & (slope >= -slack)) & ~(at_upper & (slope <= slack))
        if not wrong.any() and not loose.any():
            break
        if wrong.any():  # only the worse half: dropping all at once drops too many
            kept &= ~(wrong & (w <= 0.5 * w[wrong].min()))
        free |= loose
    return w / norms


def _scaled_rows(matrix: Any, factors: np.ndarray) -> Any:
    from scipy.sparse import diags_array

    return (diags_array(factors) @ matrix).tocsr()


def _fit(a: Any, gradient: np.ndarray, free: np.ndarray, products: np.ndarray) -> np.ndarray:
    """min |gradient + a'w|^2 over the free entries, + |products w|^2, by an augmented system."""
    from taylored.optimize.certificate.system import Factor

    part = a[:, np.flatnonzero(free)]
    damping = products**2 + 1e-14
    factor = Factor.augmented(np.ones(int(free.sum())), part, damping)
    right = np.concatenate([-gradient[free], np.zeros(a.shape[0])])
    return factor.solve(right)[part.shape[1] :]
