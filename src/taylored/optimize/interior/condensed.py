"""The system of the interior method where few variables meet many inequalities.

A row with q > 0 is eliminated: it adds J_i J_i'/q_i to the Hessian, and one negative eigenvalue.
What is factored is then as small as the variables and the equations.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from taylored.optimize.interior.linear import DenseSystem, SparseSystem, System, refined

__all__ = ["CondensedSystem", "system_for"]

_MANY = 20  # more rows than twice the variables


def system_for(sparse: bool, n: int, m: int) -> System:
    """The kind of system for matrices as the functions hand them out."""
    if sparse:
        return SparseSystem(n, m)
    return CondensedSystem(n, m) if m > 2 * n + _MANY else DenseSystem(n, m)


class CondensedSystem:
    """A `System` for dense matrices with many more rows than columns."""

    def __init__(self, n: int, m: int):
        self.n, self.m = n, m
        self._hessian = np.zeros((n, n))
        self._jacobian = np.zeros((m, n))
        self._p, self._q, self._ridge = np.zeros(n), np.zeros(m), np.zeros(m)
        self._out = np.zeros(m, bool)  # the rows that are eliminated
        self._inner = DenseSystem(n, 0)

    def load(self, hessian: Any, jacobian: Any) -> None:
        self._hessian = np.zeros((self.n, self.n))
        self._hessian[...] = np.where(np.isfinite(hessian), hessian, 0.0)
        self._jacobian = np.asarray(jacobian)

    def factor(self, p: np.ndarray, q: np.ndarray, ridge: np.ndarray) -> int | None:
        self._p, self._q, self._ridge = p, q, ridge
        self._out = q > 0.0
        out, n = self._out, self.n
        rows, kept = self._jacobian[out], self._jacobian[~out]
        if self._inner.size != n + len(kept):
            self._inner = DenseSystem(n, len(kept))
        weighted = rows / (q + ridge)[out][:, None]
        self._inner.load(self._hessian + rows.T @ weighted, kept)
        negative = self._inner.factor(p, q[~out], ridge[~out])
        return None if negative is None else negative + int(np.count_nonzero(out))

    def solve(self, r: np.ndarray, ridged: bool = False) -> tuple[np.ndarray, float]:
        n, out, jacobian = self.n, self._out, self._jacobian
        q, p, hessian = self._q, self._p, self._hessian
        below = (q + self._ridge)[out]
        held = q + self._ridge if ridged else q

        def apply(u: np.ndarray) -> np.ndarray:
            v, y = u[:n], u[n:]
            return np.concatenate([hessian @ v + p * v + jacobian.T @ y, jacobian @ v - held * y])

        def once(r: np.ndarray) -> np.ndarray:
            right = r[:n] + jacobian[out].T @ (r[n:][out] / below)
            inner = self._inner.back(np.concatenate([right, r[n:][~out]]))
            y = np.empty(self.m)
            y[~out] = inner[n:]
            y[out] = (jacobian[out] @ inner[:n] - r[n:][out]) / below
            return np.concatenate([inner[:n], y])

        return refined(r, once, apply)

    def curvature(self, u: np.ndarray) -> float:
        return float(u @ (self._hessian @ u))
