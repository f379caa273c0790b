"""Models that are linear in all their parameters: one orthogonal factorization for all fits.

Normal equations square the condition of the columns: powers of a year, say, would be lost. With
`columns = Q R` the estimates are `R^-1 Q^T y`, refined once by the residuals.
"""

from __future__ import annotations

import numpy as np

from taylored.many.prepare import Prepared
from taylored.many.sorting import Part
from taylored.many.starts import columns_at
from taylored.many.verdict import Found

__all__ = ["is_straight", "solve_straight"]

_DEPENDENT = 1e-13  # of the diagonal of R, relative: below it columns depend on each other


def is_straight(prepared: Prepared, part: Part) -> bool:
    """Whether one factorization serves all fits: shared columns and weights, no bounds."""
    params = prepared.plan.params
    free = list(params.free)
    unbounded = np.isinf(params.lower[free]).all() and np.isinf(params.upper[free]).all()
    whole = not part.own and part.weighted != "own"
    return bool(whole and unbounded and not prepared.search.bent and prepared.program is not None)


def solve_straight(prepared: Prepared, part: Part, points: np.ndarray) -> Found:
    """What was found for every fit, from one factorization.

    Sums are taken row by row, so that no fit depends on its neighbors.
    """
    columns = prepared.search
    phi, rest = columns_at(columns, prepared.inner, np.zeros((1, 0)))
    norms = np.sqrt(np.square(phi[0]).sum(axis=0))
    safe = np.where(norms > 0, norms, 1.0)
    q, r = np.linalg.qr(phi[0] / safe)
    diagonal = np.abs(np.diag(r))
    determined = bool(diagonal.min(initial=1.0) > _DEPENDENT) and bool((norms > 0).all())
    back = np.linalg.inv(r) / safe[:, None] if determined else np.full_like(r, np.nan)
    y = np.asarray(part.weighted_y, float) - rest[0]
    inside = _rows(y, q)
    residual = y - _rows(inside, q.T)
    more = _rows(residual, q)  # what rounding left
    inside, residual = inside + more, residual - _rows(more, q.T)
    order = np.argsort(prepared.free(columns.straight))
    theta = _rows(inside, back.T).T[order]
    variance = np.square(back).sum(axis=1)[order]
    fits, none = len(y), np.zeros(len(y))
    cost = np.square(residual).sum(axis=1)
    return Found(
        theta, np.repeat(variance[:, None], fits, axis=1), np.zeros_like(theta), cost,
        np.ones(fits), np.full(fits, float(determined)),
        (residual[:, 1:] * residual[:, :-1]).sum(axis=1), np.abs(residual).max(axis=1), points,
        part.squares(), none + 1.0,
    )  # fmt: skip


def _rows(values: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """values @ matrix, every row by itself: (fits, a) and (a, b) give (fits, b)."""
    return np.stack([(values * column).sum(axis=1) for column in matrix.T], axis=1)
