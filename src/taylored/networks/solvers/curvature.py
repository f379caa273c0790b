"""The Gauss-Newton matrix J' J + diag(d) of one network, dense or in its dual form."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from scipy.linalg import get_lapack_funcs, solve_triangular

__all__ = ["Curvature", "Dense", "Dual", "curvature_of"]


class Curvature(Protocol):
    """J' J of one network, with which systems with a diagonal added are solved."""

    def solve(self, diagonal: np.ndarray, right: np.ndarray) -> np.ndarray | None:
        """(J' J + diag(d))⁻¹ right; None where it is not positive definite in this precision."""
        ...

    def inverse_diagonal(self, diagonal: np.ndarray) -> np.ndarray | None:
        """The diagonal of (J' J + diag(d))⁻¹."""
        ...

    def scale(self) -> float:
        """The mean of the diagonal of J' J."""
        ...

    def leverage(self, diagonal: np.ndarray, jacobian: np.ndarray) -> np.ndarray:
        """j' (J' J + diag(d))⁻¹ j for each row j (rows, size)."""
        ...


class Dense:
    """J' J itself (size, size), factorized by Cholesky."""

    def __init__(self, gram: np.ndarray):
        self.gram = gram
        self._factorize, self._solve, self._invert = get_lapack_funcs(
            ("potrf", "posv", "potri"), (gram,)
        )

    def _with(self, diagonal: np.ndarray) -> np.ndarray:
        whole = self.gram.copy(order="F")
        np.einsum("ii->i", whole)[...] += diagonal
        return whole

    def solve(self, diagonal: np.ndarray, right: np.ndarray) -> np.ndarray | None:
        _, x, failed = self._solve(self._with(diagonal), right, lower=1, overwrite_a=1)
        return None if failed else x

    def inverse_diagonal(self, diagonal: np.ndarray) -> np.ndarray | None:
        factor, failed = self._factorize(self._with(diagonal), lower=1, overwrite_a=1)
        if failed:
            return None
        inverse, failed = self._invert(factor, lower=1, overwrite_c=1)
        return None if failed else np.diagonal(inverse).copy()

    def scale(self) -> float:
        return float(np.diagonal(self.gram).mean())

    def leverage(self, diagonal: np.ndarray, jacobian: np.ndarray) -> np.ndarray:
        factor, failed = self._factorize(self._with(diagonal), lower=1, overwrite_a=1)
        if failed:
            return np.full(len(jacobian), np.nan)
        half = solve_triangular(factor, jacobian.T, lower=True, check_finite=False)
        return (half * half).sum(0)


class Dual:
    """J (rows, size) with fewer rows than columns: systems of the size of the rows.

    (J'J + D)⁻¹ = D⁻¹ - D⁻¹J'(I + J D⁻¹ J')⁻¹ J D⁻¹ (Woodbury).
    """

    def __init__(self, jacobian: np.ndarray):
        self.jacobian = jacobian

    def _half(self, diagonal: np.ndarray, right: np.ndarray) -> np.ndarray | None:
        """L⁻¹ right, L L' = I + J D⁻¹ J'."""
        (factorize,) = get_lapack_funcs(("potrf",), (self.jacobian,))
        kernel = (self.jacobian / diagonal) @ self.jacobian.T
        np.einsum("ii->i", kernel)[...] += 1
        factor, failed = factorize(kernel, lower=1, overwrite_a=1)
        return None if failed else solve_triangular(factor, right, lower=True, check_finite=False)

    def solve(self, diagonal: np.ndarray, right: np.ndarray) -> np.ndarray | None:
        scaled = self.jacobian / diagonal
        half = self._half(diagonal, np.column_stack([scaled @ right, scaled]))
        if half is None:
            return None
        return right / diagonal - half[:, 1:].T @ half[:, 0]

    def inverse_diagonal(self, diagonal: np.ndarray) -> np.ndarray | None:
        half = self._half(diagonal, self.jacobian / diagonal)
        return None if half is None else 1 / diagonal - (half * half).sum(0)

    def scale(self) -> float:
        return float((self.jacobian * self.jacobian).sum(0).mean())

    def leverage(self, diagonal: np.ndarray, jacobian: np.ndarray) -> np.ndarray:
        half = self._half(diagonal, (self.jacobian / diagonal) @ jacobian.T)
        if half is None:
            return np.full(len(jacobian), np.nan)
        return (jacobian * jacobian / diagonal).sum(1) - (half * half).sum(0)


def curvature_of(jacobian: np.ndarray) -> list[Any]:
    """The curvature of each member, from whitened derivatives (members, rows, size)."""
    rows, size = jacobian.shape[1:]
    if rows < size:
        return [Dual(j) for j in jacobian]
    return [Dense(gram) for gram in jacobian.transpose(0, 2, 1) @ jacobian]
