"""The Gauss-Newton matrix J' J + diag(d) of one network, dense or in its dual form."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from scipy.linalg import get_blas_funcs, get_lapack_funcs, solve_triangular

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
    """J' J itself (size, size), factorized by Cholesky; only its lower triangle is read."""

    def __init__(self, gram: np.ndarray):
        self.gram = gram
        self._factorize, self._solve, self._invert = get_lapack_funcs(
            ("potrf", "posv", "trtri"), (gram,)
        )

    @classmethod
    def of(cls, jacobian: np.ndarray) -> Dense:
        """Of J (rows, size): half the products, since the matrix is symmetric."""
        (multiply,) = get_blas_funcs(("syrk",), (jacobian,))
        return cls(multiply(1.0, jacobian.T, lower=1))

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
        half, failed = self._invert(factor, lower=1, overwrite_c=1)
        return None if failed else np.einsum("ki,ki->i", half, half)

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

    def _kernel(self, diagonal: np.ndarray) -> np.ndarray:
        """I + J D⁻¹ J', its lower triangle."""
        half = self.jacobian / np.sqrt(diagonal)
        (multiply,) = get_blas_funcs(("syrk",), (half,))
        kernel = multiply(1.0, half.T, trans=1, lower=1)
        np.einsum("ii->i", kernel)[...] += 1
        return kernel

    def _half(self, diagonal: np.ndarray, right: np.ndarray) -> np.ndarray | None:
        """L⁻¹ right, L L' = I + J D⁻¹ J'."""
        (factorize,) = get_lapack_funcs(("potrf",), (self.jacobian,))
        factor, failed = factorize(self._kernel(diagonal), lower=1, overwrite_a=1)
        return None if failed else solve_triangular(factor, right, lower=True, check_finite=False)

    def solve(self, diagonal: np.ndarray, right: np.ndarray) -> np.ndarray | None:
        (solve,) = get_lapack_funcs(("posv",), (self.jacobian,))
        scaled = self.jacobian / diagonal
        _, along, failed = solve(self._kernel(diagonal), scaled @ right, lower=1, overwrite_a=1)
        return None if failed else right / diagonal - scaled.T @ along

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
    return [Dense.of(j) for j in jacobian]
