"""A start for rational models, N/D with both affine in the parameters.

`N - y D = 0` is linear in all parameters at once. Weighting its rows by the last 1/D makes it the
fit itself in the limit: the iteration of Sanathanan and Koerner, IEEE Trans. Automat. Contr. 8
(1963).
"""

from __future__ import annotations

import numpy as np

__all__ = ["rational_starts"]


def rational_starts(
    numerator: tuple[np.ndarray, np.ndarray],
    denominator: tuple[np.ndarray, np.ndarray],
    y: np.ndarray,
    weights: np.ndarray | None,
) -> list[np.ndarray]:
    """Starts from the linear problem; each part is (value at zero, rows (params, points))."""
    (n0, n_rows), (d0, d_rows) = numerator, denominator
    rows, target = n_rows - y * d_rows, y * d0 - n0
    scale = np.ones(len(y)) if weights is None else weights
    weight, found = scale, []
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    norms[norms == 0.0] = 1.0
    with np.errstate(all="ignore"):
        for _ in range(8):
            matrix = (rows / norms[:, None] * weight).T
            if not np.isfinite(matrix).all():
                break
            solution, _, rank, _ = np.linalg.lstsq(matrix, target * weight, rcond=1e-13)
            if rank == 0:
                break
            theta = solution / norms
            found.append(theta)
            bottom = d0 + theta.dot(d_rows)
            weight = scale / np.maximum(np.abs(bottom), 1e-3 * np.max(np.abs(bottom)))
    return found[::-1]
