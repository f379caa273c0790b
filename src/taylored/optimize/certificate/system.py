"""Symmetric systems [[H, A'], [A, -D]]: scales, factors, solutions and signs of pivots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.optimize.factorize import pivoting_lu, symmetric_lu

__all__ = ["Factor", "assembled", "equilibrated", "pivots", "sparse_matrix"]

_RIDGE = 1e-8


def assembled(hessian: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """[[H, A'], [A, 0]], dense."""
    n, k = hessian.shape[0], rows.shape[0]
    matrix = np.zeros((n + k, n + k))
    matrix[:n, :n] = hessian
    matrix[n:, :n] = rows
    matrix[:n, n:] = rows.T
    return matrix


def equilibrated(matrix: Any, rounds: int = 6) -> np.ndarray:
    """Factors d that make the largest entry of each row of diag(d) matrix diag(d) about 1 (Ruiz).

    A row of zeros keeps the factor 1.
    """
    size = abs(matrix)
    scale = np.ones(size.shape[0])
    for _ in range(rounds):
        if isinstance(size, np.ndarray):
            largest = (size * scale).max(axis=1, initial=0.0) * scale
        else:
            from scipy.sparse import diags_array

            largest = (size @ diags_array(scale)).max(axis=1).toarray().reshape(-1) * scale
        scale = np.where(largest > 0.0, scale / np.sqrt(np.where(largest > 0, largest, 1)), scale)
    return scale


def sparse_matrix(hessian: Any, rows: Any, damping: np.ndarray) -> Any:
    """[[H, A'], [A, -diag(damping)]] as CSC."""
    from scipy.sparse import block_array, diags_array

    if not rows.shape[0]:
        return hessian.tocsc()
    return block_array([[hessian, rows.T], [rows, diags_array(-damping)]], format="csc")


@dataclass(frozen=True, eq=False)
class Factor:
    """A sparse matrix and its factors; solutions are refined."""

    matrix: Any
    scale: np.ndarray
    factors: Any
    steps: int = 2  # of refinement, at most

    @classmethod
    def of(cls, matrix: Any, threshold: float = 0.1) -> Factor | None:
        """None where the matrix is singular."""
        from scipy.sparse import diags_array

        scale = equilibrated(matrix, 3)
        d = diags_array(scale)
        scaled = (d @ matrix @ d).tocsc()
        if threshold > 0.0:
            found = cls._in_order(matrix, scale, scaled)
            if found is not None:
                return found
        factors = (
            pivoting_lu(scaled, threshold) if threshold > 0.0 else symmetric_lu(scaled, once=True)
        )
        return None if factors is None else cls(matrix, scale, factors)

    @classmethod
    def _in_order(cls, matrix: Any, scale: np.ndarray, scaled: Any) -> Factor | None:
        """Without pivoting, which fills in least; None where refinement does not make up for it.

        Zeros on the diagonal are replaced by small numbers, which refinement takes back: where the
        matrix is singular it cannot.
        """
        from scipy.sparse import diags_array

        ridge = np.where(scaled.diagonal() == 0.0, -_RIDGE, 0.0)
        factors = symmetric_lu((scaled + diags_array(ridge)).tocsc(), once=True)
        if factors is None:
            return None
        found = cls(matrix, scale, factors, 6)
        right = np.random.default_rng(1).standard_normal(scale.size) / scale
        x = found.solve(right)
        left = np.abs(scale * (right - matrix @ x)).max(initial=0.0)
        size = np.abs(scale * right).max(initial=0.0) + np.abs(x / scale).max(initial=0.0)
        return found if left <= 1e-13 * size else None

    @classmethod
    def augmented(cls, diagonal: np.ndarray, rows: Any, damping: np.ndarray) -> Factor:
        """Of [[diag, A'], [A, -damping]], which is never singular."""
        from scipy.sparse import diags_array

        matrix = sparse_matrix(diags_array(diagonal).tocsr(), rows, damping)
        made = cls.of(matrix, 0.0)
        if made is None:
            made = cls.of(sparse_matrix(diags_array(diagonal).tocsr(), rows, damping + 1e-8), 0.0)
        assert made is not None
        return made

    def solve(self, right: np.ndarray, steps: int | None = None) -> np.ndarray:
        """The solution, refined while that makes the residual smaller."""
        x = self.scale * self.factors.solve(self.scale * right)
        residual = right - self.matrix @ x
        size = np.abs(residual).max(initial=0.0)
        for _ in range(self.steps if steps is None else max(steps, self.steps - 2)):
            better = x + self.scale * self.factors.solve(self.scale * residual)
            left = right - self.matrix @ better
            if not np.abs(left).max(initial=0.0) < size:
                break
            x, residual, size = better, left, np.abs(left).max(initial=0.0)
        return x


def pivots(matrix: Any) -> tuple[int, int] | None:
    """How many pivots of L D L' are positive and negative; None where one is zero.

    Without pivoting off the diagonal the pivots of L U are those of L D L'.
    """
    factors = symmetric_lu(matrix.tocsc())
    if factors is None or not factors.on_diagonal:
        return None
    diagonal = factors.pivots
    if not np.isfinite(diagonal).all() or not diagonal.all():
        return None
    return int((diagonal > 0).sum()), int((diagonal < 0).sum())
