"""Symmetric indefinite systems of the interior method, with the number of negative eigenvalues.

Both solve [[H + diag(p), J'], [J, -diag(q)]] u = r after factoring the same with q + ridge, and
refine against the matrix without the ridge.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from taylored.optimize.factorize import (
    SymmetricFactors,
    elimination_order,
    placed,
    symmetric_lu,
)

__all__ = ["DenseSystem", "SparseSystem", "System", "refined"]

_RESIDUAL = 1e-13  # relative, what a refined solution is left with
_REFINEMENTS = 4


class System(Protocol):
    """What the method needs of a factorization."""

    def load(self, hessian: Any, jacobian: Any) -> None:
        """Take new blocks H and J; what is not finite in H is taken as 0."""
        ...

    def factor(self, p: np.ndarray, q: np.ndarray, ridge: np.ndarray) -> int | None:
        """The number of negative eigenvalues; None where it cannot be told or is singular."""
        ...

    def solve(self, r: np.ndarray, ridged: bool = False) -> tuple[np.ndarray, float]:
        """u, and the largest residual relative to r; `ridged` keeps the ridge in the matrix."""
        ...

    def curvature(self, u: np.ndarray) -> float:
        """u' H u."""
        ...


def refined(r: np.ndarray, solve: Any, apply: Any) -> tuple[np.ndarray, float]:
    """Solve, then refine while the residual shrinks."""
    size = float(np.abs(r).max(initial=0.0))
    u = solve(r)
    if size == 0.0:
        return u, 0.0
    left = r - apply(u)
    before = float(np.abs(left).max())
    for _ in range(_REFINEMENTS):
        if not before > _RESIDUAL * size:
            break
        better = u + solve(left)
        left = r - apply(better)
        now = float(np.abs(left).max())
        if not now < before:
            break
        u, halved, before = better, now < 0.5 * before, now
        if not halved:
            break
    return u, before / size


class DenseSystem:
    """Bunch-Kaufman by LAPACK; the blocks of D tell the inertia."""

    def __init__(self, n: int, m: int):
        from scipy.linalg import get_lapack_funcs

        self._factor, self._back = get_lapack_funcs(("sytrf", "sytrs"), dtype=np.float64)
        self.n, self.size = n, n + m
        self._matrix = np.zeros((self.size, self.size), order="F")
        self._diagonal = self._matrix.T.reshape(-1)[:: self.size + 1]
        self._plain = np.zeros(n)
        self._ridge = np.zeros(m)
        self._work = max(1, self.size) if self.size < 48 else 64 * self.size
        self._factors: tuple[np.ndarray, np.ndarray] = (self._matrix, np.zeros(0, int))

    def load(self, hessian: Any, jacobian: Any) -> None:
        n = self.n
        block = self._matrix[:n, :n]
        block[...] = hessian
        if not np.isfinite(block).all():
            block[~np.isfinite(block)] = 0.0
        if self.size > n:
            self._matrix[n:, :n] = jacobian
            self._matrix[:n, n:] = jacobian.T
        self._plain = self._diagonal[:n].copy()

    def factor(self, p: np.ndarray, q: np.ndarray, ridge: np.ndarray) -> int | None:
        n, diagonal, self._ridge = self.n, self._diagonal, ridge
        diagonal[:n] = self._plain + p
        diagonal[n:] = -q
        matrix = self._matrix.copy(order="F")
        matrix.T.reshape(-1)[n * (self.size + 1) :: self.size + 1] -= ridge
        factors, pivots, info = self._factor(matrix, lower=1, lwork=self._work, overwrite_a=1)
        self._factors = factors, pivots
        if info != 0:
            return None
        single = pivots > 0
        negative = np.count_nonzero((factors.T.reshape(-1)[:: self.size + 1] < 0.0) & single)
        return int(negative + (self.size - np.count_nonzero(single)) // 2)

    def solve(self, r: np.ndarray, ridged: bool = False) -> tuple[np.ndarray, float]:
        factors, pivots = self._factors
        back, matrix, n, ridge = self._back, self._matrix, self.n, self._ridge

        def apply(u: np.ndarray) -> np.ndarray:
            image = matrix @ u
            if ridged:
                image[n:] -= ridge * u[n:]
            return image

        return refined(r, lambda b: back(factors, pivots, b, lower=1)[0], apply)

    def back(self, r: np.ndarray) -> np.ndarray:
        """u by the factors as they are."""
        return self._back(*self._factors, r, lower=1)[0]

    def curvature(self, u: np.ndarray) -> float:
        n = self.n
        hessian = self._matrix[:n, :n]
        product = hessian @ u + (self._plain - self._diagonal[:n]) * u
        return float(u @ product)


class SparseSystem:
    """SuperLU kept to diagonal pivots, whose signs are then those of LDL'.

    The matrix is kept in the order of elimination, which depends on the pattern only.
    """

    def __init__(self, n: int, m: int):
        self.n, self.m, self.size = n, m, n + m
        self._order = np.zeros(0, np.int64)
        self._where: tuple[np.ndarray, ...] | None = None
        self._matrix: Any = None
        self._hessian: Any = None
        self._shift = np.zeros(0)
        self._plain = np.zeros(0)
        self._lu: SymmetricFactors | None = None

    def load(self, hessian: Any, jacobian: Any) -> None:
        self._hessian = hessian
        if self._where is None:
            self._where = self._laid_out(hessian, jacobian)
        h, down, right, diagonal = self._where
        data = self._matrix.data
        data[:] = 0.0
        data[h] = np.where(np.isfinite(hessian.data), hessian.data, 0.0)
        if self.m:
            data[down] = jacobian.data
            data[right] = jacobian.data
        self._plain = data[diagonal]

    def _laid_out(self, hessian: Any, jacobian: Any) -> tuple[np.ndarray, ...]:
        """Where the blocks and the diagonal lie in the data of the whole matrix, which is made."""
        n, size = self.n, self.size
        h_rows = np.repeat(np.arange(n), np.diff(hessian.indptr))
        j_rows = np.repeat(np.arange(self.m), np.diff(jacobian.indptr)) + n
        rows = np.concatenate([h_rows, j_rows, jacobian.indices, np.arange(size)])
        columns = np.concatenate([hessian.indices, jacobian.indices, j_rows, np.arange(size)])
        self._matrix, _ = placed(rows, columns, size)
        self._order = elimination_order(self._matrix)
        rank = np.empty(size, np.int64)
        rank[self._order] = np.arange(size)
        self._matrix, place = placed(rank[rows], rank[columns], size)
        ends = np.cumsum([h_rows.size, j_rows.size, j_rows.size])
        return tuple(np.split(place, ends))

    def factor(self, p: np.ndarray, q: np.ndarray, ridge: np.ndarray) -> int | None:
        assert self._where is not None
        self._shift = np.concatenate([np.zeros(self.n), ridge])[self._order]
        self._matrix.data[self._where[3]] = self._plain + np.concatenate([p, -q - ridge])
        self._lu = symmetric_lu(self._matrix, ordered=True)
        if self._lu is None or not self._lu.on_diagonal:
            return None
        pivots = self._lu.pivots
        return int(np.count_nonzero(pivots < 0.0)) if np.isfinite(pivots).all() else None

    def solve(self, r: np.ndarray, ridged: bool = False) -> tuple[np.ndarray, float]:
        matrix, shift, lu = self._matrix, self._shift, self._lu
        assert lu is not None
        apply = matrix.__matmul__ if ridged else lambda u: matrix @ u + shift * u
        u, left = refined(r[self._order], lu.solve, apply)
        out = np.empty_like(u)
        out[self._order] = u
        return out, left

    def curvature(self, u: np.ndarray) -> float:
        return float(u @ (self._hessian @ u))
