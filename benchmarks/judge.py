"""An independent judge of a point: it knows the problem and its derivatives, but no solver.

Multipliers are recovered by sign-constrained least squares with complementarity among the
equations, so that no active set has to be guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import nnls
from scipy.sparse import csr_array, issparse
from scipy.sparse.linalg import lsqr

__all__ = ["Point", "Verdict", "judge", "judge_large"]

FEASIBLE = 1e-6
NEAR = 1e-6  # what counts as active, relatively


@dataclass(frozen=True)
class Point:
    """Everything about a point: c <= 0 where not `equality`, gradients, the bounds."""

    x: np.ndarray
    f: float
    c: np.ndarray
    gradient: np.ndarray
    jacobian: Any
    equality: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    @property
    def violation(self) -> float:
        """The largest, in the user's units."""
        over = np.where(self.equality, np.abs(self.c), self.c)
        outside = np.maximum(self.lower - self.x, self.x - self.upper)
        worst = max(float(np.max(over, initial=0.0)), float(np.max(outside, initial=0.0)))
        finite = np.isfinite(self.f) and np.all(np.isfinite(self.c)) and np.all(np.isfinite(self.x))
        return worst if finite else np.inf


@dataclass(frozen=True)
class Verdict:
    """`kkt` is relative to the gradient of f; `curvature`: "minimum", "not a minimum", "flat"."""

    f: float
    violation: float
    kkt: float
    multipliers: np.ndarray
    curvature: str = ""

    @property
    def feasible(self) -> bool:
        return self.violation <= FEASIBLE

    @property
    def first_order(self) -> bool:
        return self.feasible and self.kkt <= 1e-6

    def solved(self, best: float) -> bool:
        """Whether the value is within 1e-6 of the best known, or lower."""
        return self.feasible and self.f <= best + 1e-6 * max(1.0, abs(best))


def judge(p: Point, hessian: Any = None) -> Verdict:
    """The verdict on a point of a small problem; `hessian(x, y)` is that of f + y.c."""
    n, m = p.x.size, p.c.size
    known = np.isfinite(p.violation) and np.all(np.isfinite(p.gradient))
    if not known or not np.all(np.isfinite(p.jacobian)):
        return Verdict(p.f, np.inf, np.inf, np.full(m, np.nan))
    columns, slack, free = _columns(p)
    rows = np.vstack([columns, np.diag(slack)])
    y = _signed(rows, -np.append(p.gradient, np.zeros(slack.size)), free)
    scale = max(1.0, float(np.max(np.abs(p.gradient), initial=0.0)))
    left = np.abs(p.gradient + columns @ y).max(initial=0.0)
    kkt = max(float(left), float(np.abs(slack * y).max(initial=0.0))) / scale
    kind = ""
    if hessian is not None:
        kind = _curvature(p, hessian(p.x, y[:m]), columns, slack, y)
    return Verdict(p.f, p.violation, kkt, y[:m], kind) if n else Verdict(p.f, 0.0, 0.0, y)


def _columns(p: Point) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of the constraints and bounds (variables, all), their slacks, which are free."""
    n = p.x.size
    low, high = np.isfinite(p.lower), np.isfinite(p.upper)
    columns = np.hstack([np.reshape(p.jacobian, (-1, n)).T, -np.eye(n)[:, low], np.eye(n)[:, high]])
    slack = np.concatenate([
        np.where(p.equality, 0.0, p.c), (p.lower - p.x)[low], (p.x - p.upper)[high],
    ])  # fmt: skip
    free = np.append(p.equality, np.zeros(slack.size - p.c.size, bool))
    return columns, slack, free


def _signed(a: np.ndarray, b: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Least squares with y >= 0 except where free; columns are scaled to unit length."""
    if not a.shape[1]:
        return np.zeros(0)
    size = np.linalg.norm(a, axis=0)
    unit = a / np.where(size > 0, size, 1.0)
    both = np.hstack([unit, -unit[:, free]])
    found = nnls(both, b, maxiter=50 * both.shape[1])[0]
    y = found[: a.shape[1]].copy()
    y[free] -= found[a.shape[1] :]
    return _refined(unit, b, y, free) / np.where(size > 0, size, 1.0)


def _refined(a: np.ndarray, b: np.ndarray, y: np.ndarray, free: np.ndarray) -> np.ndarray:
    """One plain least-squares solution on the support: what nnls loses to its tolerance."""
    support = free | (y > 0)
    better = y.copy()
    better[support] = np.linalg.lstsq(a[:, support], b, rcond=None)[0]
    if np.any(better[~free] < 0):
        return y
    return better if np.linalg.norm(a @ better - b) <= np.linalg.norm(a @ y - b) else y


def _curvature(p: Point, hessian: np.ndarray, columns: np.ndarray, slack: np.ndarray,
               y: np.ndarray) -> str:  # fmt: skip
    """By the eigenvalues of the Hessian of the Lagrangian along the active constraints."""
    if not np.all(np.isfinite(hessian)):
        return ""
    equality = np.append(p.equality, np.zeros(slack.size - p.c.size, bool))
    active = equality | (np.abs(slack) <= NEAR * max(1.0, float(np.abs(p.x).max())))
    held = equality | (y > 1e-6 * max(1.0, float(np.abs(p.gradient).max(initial=0.0))))
    size = max(1.0, float(np.abs(hessian).max()))
    if _least(hessian, columns[:, active]) < -1e-5 * size:
        return "not a minimum"
    return "minimum" if _least(hessian, columns[:, held]) > 1e-9 * size else "flat"


def _least(hessian: np.ndarray, gradients: np.ndarray) -> float:
    """The least eigenvalue where all the gradients vanish; inf where nothing is left."""
    if gradients.shape[1]:
        unit = gradients / np.maximum(np.linalg.norm(gradients, axis=0), 1e-300)
        u, s, _ = np.linalg.svd(unit)
        rank = int(np.sum(s > 1e-8 * s[0])) if s.size and s[0] > 0 else 0
        basis = u[:, rank:]
    else:
        basis = np.eye(hessian.shape[0])
    if not basis.shape[1]:
        return np.inf
    return float(np.linalg.eigvalsh(basis.T @ (hessian + hessian.T) @ basis / 2)[0])


def judge_large(p: Point) -> Verdict:
    """The same for many variables: an active set by nearness, then sparse least squares."""
    room = NEAR * np.maximum(1.0, np.abs(p.x))
    at_low, at_high = p.x - p.lower <= room, p.upper - p.x <= room
    inner = ~(at_low | at_high)
    active = p.equality | (p.c >= -NEAR)
    y = np.zeros(p.c.size)
    if active.any():
        jacobian = p.jacobian if issparse(p.jacobian) else csr_array(p.jacobian)
        rows = csr_array(jacobian)[np.flatnonzero(active)]
        y[active] = _sparse_solution(csr_array(rows.T)[np.flatnonzero(inner)], -p.gradient[inner])
        y = np.where(p.equality, y, np.maximum(y, 0.0))
        left = p.gradient + jacobian.T @ y
    else:
        left = p.gradient.copy()
    left = np.where(at_low & ~at_high, np.minimum(left, 0), left)
    left = np.where(at_high & ~at_low, np.maximum(left, 0), left)
    left = np.where(at_low & at_high, 0, left)
    scale = max(1.0, float(np.abs(p.gradient).max(initial=0.0)))
    return Verdict(p.f, p.violation, float(np.abs(left).max(initial=0.0)) / scale, y)


def _sparse_solution(a: csr_array, b: np.ndarray) -> np.ndarray:
    """Least squares, refined once: lsqr stops at a relative residual."""
    y = np.zeros(a.shape[1])
    for _ in range(3):
        y = y + lsqr(a, b - a @ y, atol=1e-15, btol=1e-15, iter_lim=20_000)[0]
    return y
