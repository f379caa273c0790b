"""The model of a curve fit that was given none: a plane in all columns.

Columns that the rows cannot tell apart are replaced by the directions that they do determine:
the plane is then the least-squares one of smallest slopes, in units of the columns' scatter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from taylored.errors import ArgumentError
from taylored.formula import MAX_LENGTH, normalize_name
from taylored.sklearn.inputs import with_response

__all__ = ["Plane", "plane_of"]

_OFF = 1e-8  # of the size of a standardized row: what counts as leaving the determined directions
_MOST = 200  # slopes of a plane, each with its standard error


@dataclass(frozen=True, eq=False, slots=True)
class Plane:
    """A plane: its formula, and how X becomes the columns of the formula.

    `directions` is (features, kept), None where the columns are used as they are.
    """

    model: str
    names: tuple[str, ...]
    center: np.ndarray
    spread: np.ndarray
    directions: np.ndarray | None

    def __call__(self, X: np.ndarray) -> dict[str, np.ndarray]:
        """X (rows, features) as the data of `taylored.fit`."""
        values = X if self.directions is None else self._standardized(X) @ self.directions
        return dict(zip(self.names, values.T, strict=True))

    def undetermined(self, X: np.ndarray) -> np.ndarray:
        """Which rows of X leave the directions in which the training rows differ, (rows,) bool."""
        if self.directions is None:
            return np.zeros(len(X), bool)
        rows = self._standardized(X)
        off = rows - (rows @ self.directions) @ self.directions.T
        return np.linalg.norm(off, axis=1) > _OFF * (1.0 + np.linalg.norm(rows, axis=1))

    def slopes(self, params: Sequence[float]) -> tuple[float, np.ndarray]:
        """Intercept and slopes (features,) in the columns of X, from the fitted parameters."""
        intercept, slopes = params[0], np.array(params[1:])
        if self.directions is None:
            return intercept, slopes
        slopes = self.directions @ slopes / self.spread
        return float(intercept - slopes @ self.center), slopes

    def _standardized(self, X: np.ndarray) -> np.ndarray:
        return (X - self.center) / self.spread


def plane_of(X: np.ndarray, weights: np.ndarray | None, features: Sequence[str] | None) -> Plane:
    """The plane in the columns of X (rows, features), named `features` or else x0, x1, ...

    Raises:
        ArgumentError: where there are too many columns.
    """
    share = np.full(len(X), 1.0 / len(X)) if weights is None else weights / weights.sum()
    center = share @ X
    spread = np.sqrt(share @ (X - center) ** 2)
    # A constant column has a scatter of rounding only.
    constant = spread <= 8 * np.finfo(float).eps * (np.abs(X).max(axis=0) + np.abs(center))
    spread = np.where(constant, 1.0, spread)
    rows = np.sqrt(share)[:, None] * np.where(constant, 0.0, (X - center) / spread)
    _, sizes, directions = np.linalg.svd(rows, full_matrices=False)
    kept = int((sizes > sizes[0] * max(X.shape) * np.finfo(float).eps).sum()) if len(sizes) else 0
    if kept > _MOST:
        raise ArgumentError(
            f"A plane in {kept} columns is more than a curve fit takes.",
            why=f"at most {_MOST}",
            next_step="choose columns first, or take NetworkRegressor.",
        )
    directions = directions[:kept].T
    if kept == X.shape[1]:
        names = _column_names(X.shape[1], features)
        return Plane(_formula(names), names, center, spread, None)
    names = tuple(f"direction {i + 1}" for i in range(kept))
    return Plane(_formula(names), names, center, spread, directions)


def _column_names(count: int, features: Sequence[str] | None) -> tuple[str, ...]:
    """Names that can stand in a formula, each as itself; numbers where one of them cannot."""
    numbered = tuple(f"x{i}" for i in range(count))
    if features is None:
        return numbered
    names = tuple(map(str, features))
    parameters = {"intercept", *(f"slope {n}" for n in names)}
    plain = all(n.isprintable() and "`" not in n and normalize_name(n) == n for n in names)
    plain = plain and parameters.isdisjoint(names) and len(_formula(names)) < MAX_LENGTH
    return names if plain else numbered


def _formula(names: Sequence[str]) -> str:
    terms = ["intercept", *(f"`slope {n}`*`{n}`" for n in names)]
    return with_response(" + ".join(terms), names)
