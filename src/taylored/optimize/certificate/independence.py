"""Whether the gradients of the active constraints are independent, and which ones are not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.optimize.certificate.face import Face
from taylored.optimize.certificate.local import Local

__all__ = ["Independence", "independence"]

_DEPENDENT = 1e-8
_PART = 1e-6
_MOST_DENSE = 500


@dataclass(frozen=True, eq=False)
class Independence:
    """`rows` of constraints and `variables` at bounds that depend on each other; None: unknown."""

    independent: bool | None
    rows: tuple[int, ...] = ()
    variables: tuple[int, ...] = ()


def independence(local: Local, held: Face) -> Independence:
    """Of all active constraints and bounds, with or without a force."""
    rows = np.flatnonzero(held.active)
    free = np.flatnonzero(~held.held)
    if not rows.size:
        return Independence(True)
    if local.dense:
        return _dense(local.jacobian[rows], free, rows)
    return _sparse(local.jacobian[rows], free, rows)


def _dense(matrix: np.ndarray, free: np.ndarray, rows: np.ndarray) -> Independence:
    """A row that the others span, by a factorization that takes the most independent first."""
    from scipy.linalg import qr

    norms = np.sqrt((matrix**2).sum(axis=1))
    scaled = matrix / np.where(norms > 0.0, norms, 1.0)[:, None]
    part = scaled[:, free]
    if part.size:
        factors: Any = qr(part.T, mode="economic", pivoting=True)
        _, r, order = factors
        pivots = np.abs(np.diag(r))
        rank = int((pivots > _DEPENDENT).sum())
    else:
        rank, order = 0, np.arange(rows.size)
    if rank == rows.size:
        return Independence(True)
    basis, extra = order[:rank], order[rank]
    weights = np.zeros(rows.size)
    weights[extra] = 1.0
    if rank:
        weights[basis] = -np.linalg.lstsq(part[basis].T, part[extra], rcond=None)[0]
    return _named(scaled, weights, rows, free)


def _named(scaled: Any, weights: np.ndarray, rows: np.ndarray, free: np.ndarray) -> Independence:
    largest = np.abs(weights).max()
    taking = np.abs(weights) > _PART * largest
    rest = np.abs(weights[taking] @ scaled[taking])
    rest[free] = 0.0
    bounds = np.flatnonzero(rest > _PART * largest)
    return Independence(False, tuple(rows[taking].tolist()), tuple(bounds.tolist()))


def _sparse(matrix: Any, free: np.ndarray, rows: np.ndarray) -> Independence:
    """Inverse iteration for a combination of rows that vanishes."""
    from scipy.sparse import diags_array

    from taylored.optimize.certificate.system import Factor

    norms = np.sqrt(np.asarray(matrix.power(2).sum(axis=1)).reshape(-1))
    scaled = (diags_array(1.0 / np.where(norms > 0.0, norms, 1.0)) @ matrix).tocsr()
    part = scaled[:, free]
    damping = _DEPENDENT**2
    factor = Factor.augmented(np.ones(free.size), part, np.full(rows.size, damping))
    w = np.random.default_rng(3).standard_normal(rows.size)
    gain = 0.0
    for _ in range(3):
        w /= np.sqrt(w @ w)
        w = -factor.solve(np.concatenate([np.zeros(free.size), w]))[free.size :]
        gain = float(np.sqrt(w @ w))
    if not np.isfinite(gain):
        return Independence(None)
    if gain < 0.1 / damping:  # the squares of the singular values are larger
        return Independence(True)
    found = _named(scaled, w, rows, free)
    if len(found.rows) > _MOST_DENSE:
        return found
    kept = np.array(found.rows)
    return _dense(matrix[np.isin(rows, kept)].toarray(), free, kept)
