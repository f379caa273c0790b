"""The curvature of the Lagrangian along the active constraints: its signs, beyond rounding."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from taylored.optimize.certificate.system import (
    Factor,
    assembled,
    equilibrated,
    pivots,
    sparse_matrix,
)

__all__ = ["Curvature", "DenseCurvature", "SparseCurvature", "curvature"]

_UNIT = 2.0**-52
_DEPENDENT = 1e-8
_SHIFT = 1e-11
_CLEAR = 1e-6
_SMALL = 300  # sparse matrices up to this size are treated as dense ones
_FILL = 30


@dataclass(frozen=True, eq=False)
class Curvature:
    """Signs of the reduced Hessian; `inertia` (positive, zero, negative), None where unknown.

    `direction` is the least curved one, in the free variables; None where there is none.
    """

    dimension: int
    inertia: tuple[int, int, int] | None
    direction: np.ndarray | None

    @property
    def definite(self) -> bool:
        return self.inertia is not None and self.inertia[0] == self.dimension

    @property
    def falling(self) -> bool:
        return self.inertia is not None and self.inertia[2] > 0

    @property
    def all_falling(self) -> bool:
        return self.inertia is not None and self.inertia[2] == self.dimension > 0

    def holds(self, hessian: Any) -> bool:
        """Whether a Hessian nearby has more than a quarter of this curvature in all directions."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class DenseCurvature(Curvature):
    """With a basis (free, dimension) of the directions along the constraints."""

    basis: np.ndarray
    reduced: np.ndarray
    sparse: bool = False

    def holds(self, hessian: Any) -> bool:
        if not self.dimension:
            return True
        hessian = hessian.toarray() if self.sparse else hessian
        if not np.isfinite(hessian).all():
            return False
        other = self.basis.T @ hessian @ self.basis
        try:
            np.linalg.cholesky(other - 0.25 * self.reduced)
        except np.linalg.LinAlgError:
            return False
        return True


@dataclass(frozen=True, eq=False)
class SparseCurvature(Curvature):
    """By the signs of pivots."""

    hessian: Any
    rows: Any

    def holds(self, hessian: Any) -> bool:
        if not np.isfinite(hessian.data).all():
            return False
        return _definite(hessian - 0.25 * self.hessian, self.rows)


def curvature(hessian: Any, rows: Any) -> Curvature:
    """Of a Hessian on the null space of rows, dense or sparse."""
    if isinstance(hessian, np.ndarray):
        return _dense(hessian, rows)
    if sum(rows.shape) <= _SMALL:
        found = _dense(hessian.toarray(), rows.toarray())
        return replace(found, sparse=True)
    return _sparse(hessian, rows)


def _null_space(rows: np.ndarray) -> tuple[np.ndarray, float]:
    """An orthonormal basis, and the smallest singular value that was counted."""
    n = rows.shape[1]
    if not rows.shape[0] or not n:
        return np.eye(n), 1.0
    _, values, right = np.linalg.svd(rows)
    rank = int((values > _DEPENDENT * values[0]).sum()) if values[0] > 0.0 else 0
    return right[rank:].T, float(values[rank - 1]) if rank else 1.0


def _dense(hessian: np.ndarray, rows: np.ndarray) -> DenseCurvature:
    n = hessian.shape[0]
    scale = equilibrated(assembled(hessian, rows))
    x = scale[:n]
    scaled = x[:, None] * hessian * x
    null, least = _null_space(scale[n:, None] * rows * x)
    dimension = null.shape[1]
    if not dimension:
        empty = np.zeros((n, 0))
        return DenseCurvature(0, (0, 0, 0), None, empty, np.zeros((0, 0)))
    reduced = null.T @ scaled @ null
    reduced = 0.5 * (reduced + reduced.T)
    noise = _UNIT * (np.abs(null).T @ np.abs(scaled) @ np.abs(null))
    if rows.shape[0]:
        noise = noise + _UNIT / least * np.abs(scaled).max(initial=0.0)
    diagonal = np.diag(reduced)
    if (diagonal > 1e3 * np.diag(noise)).all():
        own = 1.0 / np.sqrt(diagonal)
        null, reduced, noise = null * own, own[:, None] * reduced * own, own[:, None] * noise * own
    values, vectors = np.linalg.eigh(reduced)
    doubt = 20.0 * float(noise.sum(axis=1).max()) + 1e-13 * float(np.abs(values).max())
    positive, negative = int((values > doubt).sum()), int((values < -doubt).sum())
    basis = x[:, None] * null
    return DenseCurvature(
        dimension, (positive, dimension - positive - negative, negative),
        basis @ vectors[:, 0], basis, reduced,
    )  # fmt: skip


def _signs(hessian: Any, rows: Any, shift: float) -> tuple[int, int] | None:
    """Pivots of the KKT matrix with the Hessian's diagonal shifted, after equilibration."""
    from scipy.sparse import diags_array

    n, k = hessian.shape[0], rows.shape[0]
    matrix = sparse_matrix(hessian, rows, np.zeros(k))
    scale = equilibrated(matrix, 3)
    d = diags_array(scale)
    added = np.concatenate([np.full(n, shift), np.full(k, -1e-10)])
    return pivots(d @ matrix @ d + diags_array(added))


def _convex(hessian: Any, rows: Any) -> bool:
    """Whether H + r A'A is positive definite beyond rounding for an r: then H is where Av = 0."""
    from scipy.sparse import diags_array

    n = hessian.shape[0]
    entries = np.diff(rows.tocsr().indptr).astype(float)
    if entries @ entries > _FILL * (hessian.nnz + rows.nnz + n):
        return False
    scale = equilibrated(sparse_matrix(hessian, rows, np.zeros(rows.shape[0])), 3)
    x, y = diags_array(scale[:n]), diags_array(scale[n:])
    scaled, part = x @ hessian @ x, y @ rows @ x
    squares = part.T @ part
    for weight in (1.0, 1e3) if rows.shape[0] else (0.0,):
        shift = _SHIFT * (1.0 + weight)
        found = pivots(scaled + weight * squares - diags_array(np.full(n, shift)))
        if found == (n, 0):
            return True
    return False


def _definite(hessian: Any, rows: Any) -> bool:
    """By the sum with r A'A; by the KKT matrix, whose factors round much more, if clearly so."""
    return _convex(hessian, rows) or _signs(hessian, rows, -_CLEAR) == (
        hessian.shape[0], rows.shape[0],
    )  # fmt: skip


def _sparse(hessian: Any, rows: Any) -> SparseCurvature:
    n, k = hessian.shape[0], rows.shape[0]
    dimension = max(0, n - k)
    if not n:
        return SparseCurvature(0, (0, 0, 0), None, hessian, rows)
    if _definite(hessian, rows):
        direction = _least_curved(hessian, rows, 0.0) if dimension else None
        return SparseCurvature(dimension, (dimension, 0, 0), direction, hessian, rows)
    below, above = _signs(hessian, rows, -_SHIFT), _signs(hessian, rows, _SHIFT)
    inertia = None
    if below is not None and above is not None and k < n:
        # Dependent rows count as negative pivots, so that neither number can be too large.
        positive, negative = max(0, below[0] - k), max(0, above[1] - k)
        zero = max(1 - negative, dimension - positive - negative, 0)
        inertia = (dimension - zero - negative, zero, negative)
    falling = inertia is not None and inertia[2] > 0
    shift = _enough(hessian, rows) if falling else 0.0
    direction = _least_curved(hessian, rows, shift) if dimension else None
    if falling and not _falls(hessian, rows, direction):
        inertia = None
    return SparseCurvature(dimension, inertia, direction, hessian, rows)


def _falls(hessian: Any, rows: Any, direction: np.ndarray | None) -> bool:
    """Whether a direction along the constraints is curved downward beyond rounding."""
    if direction is None:
        return False
    size = np.abs(direction)
    off = np.abs(rows @ direction)
    along = bool((off <= 1e-6 * (abs(rows) @ size) + 1e-300).all())
    return along and direction @ (hessian @ direction) < -1e-9 * (size @ (abs(hessian) @ size))


def _enough(hessian: Any, rows: Any) -> float:
    """A shift of the scaled Hessian a little larger than its most negative curvature."""
    n, k = hessian.shape[0], rows.shape[0]
    low, high = 0.0, 1e-4
    while high < 1e6 and _signs(hessian, rows, high) != (n, k):
        low, high = high, 8.0 * high
    for _ in range(4):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if _signs(hessian, rows, middle) == (n, k) else (middle, high)
    return high


def _least_curved(hessian: Any, rows: Any, shift: float) -> np.ndarray | None:
    """A few steps of inverse iteration along the constraints."""
    from scipy.sparse import diags_array

    n, k = hessian.shape[0], rows.shape[0]
    scale = equilibrated(sparse_matrix(hessian, rows, np.zeros(k)), 3)[:n]
    weight = scale**-2.0
    made = None
    for extra in (shift, shift + 1e-10):
        shifted = hessian + diags_array(extra * weight) if extra else hessian
        made = made or Factor.of(sparse_matrix(shifted, rows, np.zeros(k)))
    if made is None:
        return None
    v = np.random.default_rng(0).standard_normal(n) * scale
    for _ in range(4):
        w = made.solve(np.concatenate([weight * v, np.zeros(k)]), 1)[:n]
        size = float(np.abs(w / scale).max(initial=0.0))
        if not np.isfinite(size) or size == 0.0:
            return None
        v = w / size
    return v
