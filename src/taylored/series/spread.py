"""The spread of the inputs: standard deviations or a covariance, as a factor of normals."""

from __future__ import annotations

import numbers
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.series.function import Target

__all__ = ["Spread", "correlations", "read_spread"]

_TINY = 1e-10  # of the largest eigenvalue: what rounding alone may make negative or not symmetric
_SHOWN = 3


@dataclass(frozen=True, eq=False)
class Spread:
    """x = mean + factor z with independent standard normal z.

    `factor` is (variables, directions): a diagonal one is kept as its `diagonal` alone, with the
    numbers `moving` of the inputs that have a spread. `std` (variables,) are those of the inputs.
    """

    std: np.ndarray
    moving: np.ndarray
    dense: np.ndarray | None = None

    @property
    def directions(self) -> int:
        return len(self.moving) if self.dense is None else self.dense.shape[1]

    @property
    def correlated(self) -> bool:
        return self.dense is not None

    def steps(self, z: np.ndarray) -> np.ndarray:
        """(..., directions) standard normals as steps (..., variables) of the inputs."""
        if self.dense is not None:
            return z @ self.dense.T
        made = np.zeros((*z.shape[:-1], len(self.std)))
        made[..., self.moving] = z * self.std[self.moving]
        return made

    def pulled(self, gradient: np.ndarray) -> np.ndarray:
        """(outputs, variables) derivatives by the inputs as derivatives by the standard normals."""
        if self.dense is not None:
            return gradient @ self.dense
        return gradient[:, self.moving] * self.std[self.moving]

    def covered(self, gradient: np.ndarray) -> np.ndarray:
        """(outputs, variables) gradient times covariance."""
        if self.dense is not None:
            return (gradient @ self.dense) @ self.dense.T
        return gradient * self.std**2


def read_spread(target: Target, std: Any, cov: Any) -> Spread:
    """The spread from exactly one of the two.

    Raises:
        ArgumentError: where it is none: wrong form, negative, nan, or no covariance matrix.
    """
    if (std is None) == (cov is None):
        what = "std and cov are both given." if std is not None else "The spread is missing."
        raise ArgumentError(
            what,
            next_step="give std=0.1, std in the form of mean, or cov=... for correlated inputs.",
        )
    return _of_std(target, std) if cov is None else _of_cov(target, cov)


def _of_std(target: Target, std: Any) -> Spread:
    plain = isinstance(std, numbers.Real) or (np.ndim(std) == 0 and hasattr(std, "dtype"))
    sizes = np.full(target.variables, float(std)) if plain else target.flatten(std, "std")
    for name, size in zip(target.names, sizes, strict=True):
        if not np.isfinite(size) or size < 0:
            raise ArgumentError(
                f"std: that of {name} is {size:g}.", next_step="give numbers >= 0, not infinite."
            )
    return Spread(sizes, np.flatnonzero(sizes > 0))


def _of_cov(target: Target, cov: Any) -> Spread:
    matrix, count = _matrix(cov), target.variables
    if matrix.shape != (count, count):
        raise ArgumentError(
            f"cov has the shape {matrix.shape}; the inputs are {count}.",
            next_step=f"give a {count} x {count} matrix in the order {', '.join(target.names[:6])}"
            + (", ..." if count > 6 else "."),
        )
    if not np.all(np.isfinite(matrix)):
        raise ArgumentError("cov has entries that are not finite.", next_step="give numbers.")
    _require_symmetric(matrix, target)
    variances = np.diag(matrix)
    if np.any(variances < 0):
        worst = int(np.argmin(variances))
        raise ArgumentError(
            f"cov: the variance of {target.names[worst]} is {variances[worst]:g}.",
            next_step="give a covariance matrix, not standard deviations with signs.",
        )
    std = np.sqrt(variances)
    # Correlations: inputs in different units must not decide which eigenvalue counts as zero.
    unit = np.where(std > 0, std, 1.0)
    with np.errstate(all="ignore"):
        correlation = matrix / unit / unit[:, None]
    values, vectors = np.linalg.eigh(0.5 * (correlation + correlation.T))
    _require_semidefinite(values, vectors, target)
    kept = values > 1e-14 * count * max(values[-1], 0.0)
    factor = unit[:, None] * vectors[:, kept] * np.sqrt(values[kept])
    return Spread(std, np.flatnonzero(std > 0), factor[:, ::-1])


def _matrix(cov: Any) -> np.ndarray:
    try:
        matrix = np.asarray(cov, float)
    except (TypeError, ValueError):
        raise ArgumentError("cov is no matrix of numbers.", next_step="give an array.") from None
    return matrix.reshape(1, 1) if matrix.ndim == 0 else matrix


def _require_symmetric(matrix: np.ndarray, target: Target) -> None:
    diagonal = np.sqrt(np.abs(np.diag(matrix)))
    slack = _TINY * (np.outer(diagonal, diagonal) + np.abs(matrix))
    bad = np.argwhere(np.abs(matrix - matrix.T) > slack)
    if len(bad):
        i, j = bad[0]
        raise ArgumentError(
            f"cov is not symmetric: {target.names[i]} with {target.names[j]} is {matrix[i, j]:g}, "
            f"the other way round {matrix[j, i]:g}.",
            next_step="give 0.5 * (cov + cov.T), if that is what is meant.",
        )


def _require_semidefinite(values: np.ndarray, vectors: np.ndarray, target: Target) -> None:
    """A covariance matrix has no negative eigenvalue; name the combination that has one."""
    if values[0] >= -_TINY * max(values[-1], 1.0):
        return
    vector = vectors[:, 0]
    largest = np.argsort(-np.abs(vector), kind="stable")[:_SHOWN]
    parts = " ".join(f"{vector[k]:+.2f} {target.names[k]}" for k in largest)
    raise ArgumentError(
        f"cov is no covariance matrix: its correlation matrix has the eigenvalue {values[0]:.3g}.",
        why=f"the variance of {parts} (in units of their standard deviations) would be negative.",
        next_step="check the correlations; all of them together must be possible.",
    )


def correlations(cov: np.ndarray) -> np.ndarray:
    """The correlations of a covariance matrix; 1 on the diagonal, also where nothing moves."""
    std = np.sqrt(np.maximum(np.diag(cov), 0.0))
    unit = np.where(std > 0, std, 1.0)
    found = cov / unit / unit[:, None]
    np.fill_diagonal(found, 1.0)
    return found
