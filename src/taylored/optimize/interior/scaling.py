"""The program as the interior method sees it: without fixed variables, gradients at most 100."""

from __future__ import annotations

from typing import Any

import numpy as np

from taylored.optimize.nlp import NonlinearProgram

__all__ = ["Scaled"]

_STEEPEST = 100.0
_LEAST_FACTOR = 1e-8  # where that leaves gradients below 1e12
_HOPELESS = 1e12


class Scaled:
    """f and c times constant factors, as functions of the variables that are not fixed.

    `objective_factor` and `factors` (constraints,) turn the user's units into scaled ones.
    """

    def __init__(self, program: NonlinearProgram):
        self.program = program
        self.free = program.upper > program.lower
        self.all_free = bool(self.free.all())
        self.fixed = np.where(self.free, 0.0, program.lower)
        self.lower, self.upper = program.lower[self.free], program.upper[self.free]
        self.equality = np.asarray(program.equality, bool)
        self.n, self.m = self.lower.size, program.constraints
        self.sparse = program.form != "dense"
        self.objective_factor, self.factors = 1.0, np.ones(self.m)
        self._jacobian_part: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
        self._hessian_part: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
        self._row_of: np.ndarray | None = None

    def full(self, x: np.ndarray) -> np.ndarray:
        """All variables in the user's order."""
        if self.all_free:
            return x
        whole = self.fixed.copy()
        whole[self.free] = x
        return whole

    def rescale(self, gradient: np.ndarray, jacobian: Any) -> None:
        """Choose the factors by unscaled derivatives at the start."""
        self.objective_factor = float(_factor(np.abs(gradient).max(initial=0.0)))
        if self.m and self.sparse:
            largest = np.zeros(self.m)
            np.maximum.at(largest, self._rows(jacobian), np.abs(jacobian.data))
            self.factors = _factor(largest)
        elif self.m:
            self.factors = _factor(np.abs(jacobian).max(axis=1, initial=0.0))

    def values(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """f and c."""
        f, c = self.program.values(self.full(x))
        return f * self.objective_factor, c * self.factors

    def first(self, x: np.ndarray) -> tuple[np.ndarray, Any]:
        """The gradient of f and the Jacobian of c."""
        gradient, jacobian = self.program.first(self.full(x))
        if self.sparse:
            jacobian = self._sparse_jacobian(jacobian)
        elif self.m:
            if not self.all_free:
                jacobian = jacobian[:, self.free]
            jacobian = jacobian * self.factors[:, None]
        else:
            jacobian = np.zeros((0, self.n))
        if not self.all_free:
            gradient = gradient[self.free]
        return gradient * self.objective_factor, jacobian

    def second(self, x: np.ndarray, weight: float, y: np.ndarray) -> Any:
        """The Hessian of weight*f + y.c."""
        hessian = self.program.second(
            self.full(x), weight * self.objective_factor, y * self.factors
        )
        if self.all_free:
            return hessian
        if not self.sparse:
            return hessian[np.ix_(self.free, self.free)]
        if self._hessian_part is None:
            self._hessian_part = _part(hessian, self.free, self.free)
        return _taken(hessian, self._hessian_part, self.n, self.n)

    def _rows(self, jacobian: Any) -> np.ndarray:
        if self._row_of is None:
            self._row_of = np.repeat(np.arange(jacobian.shape[0]), np.diff(jacobian.indptr))
        return self._row_of

    def _sparse_jacobian(self, jacobian: Any) -> Any:
        from scipy.sparse import csr_array

        data = jacobian.data * self.factors[self._rows(jacobian)]
        scaled = csr_array((data, jacobian.indices, jacobian.indptr), shape=jacobian.shape)
        if self.all_free:
            return scaled
        if self._jacobian_part is None:
            self._jacobian_part = _part(scaled, np.ones(self.m, bool), self.free)
        return _taken(scaled, self._jacobian_part, self.m, self.n)


def _factor(largest: Any) -> Any:
    largest = np.maximum(np.where(np.isfinite(largest), largest, 0.0), _STEEPEST)
    least = np.minimum(_LEAST_FACTOR, _HOPELESS / largest)
    return np.maximum(_STEEPEST / largest, least)


def _part(
    matrix: Any, rows: np.ndarray, columns: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which stored entries belong to a block, their new columns, and its row pointers."""
    row_of = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    kept = np.flatnonzero(rows[row_of] & columns[matrix.indices])
    new = np.cumsum(columns) - 1
    counts = np.bincount(row_of[kept], minlength=matrix.shape[0])[rows]
    return kept, new[matrix.indices[kept]], np.concatenate([[0], np.cumsum(counts)])


def _taken(matrix: Any, part: tuple[np.ndarray, np.ndarray, np.ndarray], m: int, n: int) -> Any:
    from scipy.sparse import csr_array

    kept, indices, pointers = part
    return csr_array((matrix.data[kept], indices, pointers), shape=(m, n))
