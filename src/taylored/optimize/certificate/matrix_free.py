"""Curvature and distance where only products with the Hessian are known: by Lanczos' method."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from taylored.optimize.certificate.conditioning import Distance
from taylored.optimize.certificate.face import Face
from taylored.optimize.certificate.leaps import leap
from taylored.optimize.certificate.local import Local
from taylored.optimize.certificate.multipliers import Multipliers
from taylored.optimize.certificate.probe import descent, gaps, jump
from taylored.optimize.certificate.rounding import natural_steps, rounding
from taylored.optimize.certificate.system import Factor

__all__ = ["hessian_by_products", "seen_by_products"]

_MOST_PRODUCTS = 300
_BEYOND = 1e-10
_CLOSE = 1e-3

Operator = Callable[[np.ndarray], np.ndarray]


def hessian_by_products(local: Local, y: np.ndarray) -> Any:
    """The Hessian of f + y.c, column by column, sparse; None where there are too many columns."""
    from scipy.sparse import csr_array

    n = local.x.size
    if n > _MOST_PRODUCTS:
        return None
    columns = [local.program.product(local.x, 1.0, y, e) for e in np.eye(n)]
    return csr_array(np.array(columns).reshape(n, n).T)


class _Along:
    """Products with the Hessian along the strictly active constraints and bounds."""

    def __init__(self, local: Local, m: Multipliers, held: Face, x: np.ndarray):
        self.local, self.y, self.x = local, m.y, x
        self.free = np.flatnonzero(held.free)
        part = local.jacobian[held.rows][:, self.free]
        self.factor = None
        if part.shape[0]:
            damping = np.full(part.shape[0], 1e-14)
            self.factor = Factor.augmented(np.ones(self.free.size), part, damping)

    def project(self, v: np.ndarray) -> np.ndarray:
        if self.factor is None:
            return v
        zeros = np.zeros(self.factor.matrix.shape[0] - v.size)
        return self.factor.solve(np.concatenate([v, zeros]), 1)[: v.size]

    def full(self, v: np.ndarray) -> np.ndarray:
        whole = np.zeros(self.local.x.size)
        whole[self.free] = v
        return whole

    def plain(self, v: np.ndarray) -> np.ndarray:
        product = self.local.program.product(self.x, 1.0, self.y, self.full(self.project(v)))
        return self.project(np.asarray(product)[self.free])

    def ends(self) -> tuple[float, float, np.ndarray] | None:
        """The least and the largest curvature, and the least curved direction."""
        from scipy.sparse.linalg import ArpackError

        n = self.free.size
        start = self.project(np.random.default_rng(6).standard_normal(n))
        try:
            largest = _extreme(self.plain, start, {"which": "LA", "tol": 1e-2, "maxiter": 50})[0]
            size = max(abs(largest), 1e-300)

            # What the constraints forbid is given a large curvature, so that it is never least.
            def lifted(v: np.ndarray) -> np.ndarray:
                return self.plain(v) + 2.0 * size * (v - self.project(v))

            least, v = _extreme(lifted, start, {"which": "SA", "tol": 1e-3, "maxiter": 200})
        except (ArpackError, ValueError, TypeError):
            return None
        return least, size, self.project(v)


def _extreme(product: Operator, start: np.ndarray, options: Any) -> tuple[float, np.ndarray]:
    """An eigenvalue at one end of the spectrum, and its vector."""
    from scipy.sparse.linalg import eigsh

    values, vectors = eigsh(_operator(product, start.size), 1, v0=start, **options)
    return float(values[0]), vectors[:, 0]


def _operator(product: Operator, n: int) -> Any:
    from scipy.sparse.linalg import LinearOperator

    make: Any = LinearOperator
    return make((n, n), matvec=product, dtype=float)


def seen_by_products(local: Local, m: Multipliers, held: Face) -> Any:
    """The kind, the reason, the distance of the solution, and a step to a lower value."""
    noise = rounding(local, m.y, None)
    along = _Along(local, m, held, local.x)
    nothing = Distance(
        np.full(local.x.size, np.inf), np.full(local.c.size, np.inf), np.zeros(local.x.size), np.inf
    )
    if along.free.size <= held.rows.size + 2:
        return "flat", "unknown curvature", nothing, None
    ends = along.ends()
    if ends is None or not np.isfinite(ends[0]):
        return "flat", "unknown curvature", nothing, None
    least, size, direction = ends
    if leap(local, natural_steps(None, local.x)) is not None:
        return "flat", "jump", nothing, None
    kinked = jump(local, m.y, None, noise) > 1e-3
    far = _distance(along, m, noise.slope, (least, size)) if least > _BEYOND * size else nothing
    gain = float(np.abs(m.residual) @ far.x) if np.isfinite(far.x).all() else 0.0
    gain += gaps(local, m, noise)
    step = descent(local, (held, m.y, noise), along.full(direction), (gain, 0.0))
    if step is not None:
        return "saddle", "lower", nothing, step
    if kinked:
        return "flat", "kink", far, None
    if least <= _BEYOND * size:
        return "flat", "no curvature", nothing, None
    if (far.x > _CLOSE * max(1.0, float(np.abs(local.x).max()))).any():
        return "flat", "far", far, None
    there = _Along(local, m, held, local.x + 4.0 * far.step).ends()
    if there is None or there[0] < 0.25 * least:
        return "flat", "changing curvature", far, None
    return "minimum", "", far, None


def _distance(
    along: _Along, m: Multipliers, hidden: np.ndarray, ends: tuple[float, float]
) -> Distance:  # fmt: skip
    """Conjugate gradients for the Newton step; rounding by the least curvature."""
    from scipy.sparse.linalg import cg

    local, free = along.local, along.free
    right = -along.project(m.residual[free])
    operator = _operator(along.plain, free.size)
    step, failed = cg(operator, right, rtol=1e-3, maxiter=300)
    if failed:
        step = np.full(free.size, float(np.sqrt(right @ right)) / ends[0])
    rounded = float(np.sqrt(hidden[free] @ hidden[free])) / ends[0]
    error = np.zeros(local.x.size)
    error[free] = 2.0 * np.abs(step) + 2.0 * rounded
    y = np.full(local.c.size, np.inf) if local.c.size else np.zeros(0)
    return Distance(error, y, along.full(step), ends[1] / ends[0])
