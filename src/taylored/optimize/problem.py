"""The least-squares problem that solvers see: residuals, Jacobian, curvature, bounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

__all__ = ["Counts", "Functions", "Problem"]


class Functions(Protocol):
    """A model on its data, with exact derivatives in the free parameters."""

    def value(self, theta: np.ndarray) -> np.ndarray: ...

    def value_and_jacobian(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]: ...

    def second(self, theta: np.ndarray) -> list[tuple[int, int, np.ndarray]]: ...

    def batch(self, thetas: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None: ...

    def stacked(
        self,
        theta: list[float],
        y: np.ndarray,
        weights: np.ndarray | None,
        second: bool,
    ) -> tuple[np.ndarray, list[list[float]]]: ...

    def holding(self, values: dict[int, float]) -> Functions: ...

    def extended(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None: ...


@dataclass(slots=True)
class Counts:
    """What a solution cost."""

    evaluations: int = 0
    iterations: int = 0


@dataclass(frozen=True, eq=False)
class Problem:
    """Minimize `sum(r**2)`, `r = weights * (y - f(theta))`, with `lower <= theta <= upper`.

    `y` and `weights` are (points,); `weights` is None for weights of one. `linear` marks the
    parameters in which f is jointly affine, (params,) bool.
    """

    functions: Functions
    y: np.ndarray
    weights: np.ndarray | None
    lower: np.ndarray
    upper: np.ndarray
    linear: np.ndarray
    counts: Counts = field(default_factory=Counts)

    @cached_property
    def bounded(self) -> bool:
        """Whether any parameter has a bound."""
        return bool(self.lower.max() > -np.inf or self.upper.min() < np.inf)

    @cached_property
    def squares(self) -> float:
        """The sum of the squared weighted data: the scale of rounding in the cost."""
        y = self.y if self.weights is None else self.y * self.weights
        return float(y.dot(y))

    def residuals(self, theta: np.ndarray) -> np.ndarray:
        """Weighted residuals, (points,)."""
        self.counts.evaluations += 1
        r = self.y - self.functions.value(theta)
        return r if self.weights is None else r * self.weights

    def residuals_and_jacobian(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weighted residuals (points,) and derivatives of the model (params, points)."""
        self.counts.evaluations += 1
        value, rows = self.functions.value_and_jacobian(theta)
        if self.weights is None:
            return self.y - value, rows
        rows *= self.weights
        return (self.y - value) * self.weights, rows

    def curvature(self, theta: np.ndarray, r: np.ndarray) -> np.ndarray:
        """`sum_i r_i w_i d2f_i`, (params, params): what Gauss-Newton leaves out."""
        count = len(theta)
        total = np.zeros((count, count))
        scaled = r if self.weights is None else r * self.weights
        for j, k, values in self.functions.second(theta):
            total[j, k] = total[k, j] = _dot(scaled, values)
        return total

    def second_along(self, theta: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """`w d2f[v, v]` for each row v of `directions`: (directions, points)."""
        result = np.zeros((len(directions), len(self.y)))
        for j, k, values in self.functions.second(theta):
            factor = directions[:, j] * directions[:, k] * (1.0 if j == k else 2.0)
            result += factor[:, None] * values
        return result if self.weights is None else result * self.weights


def _dot(scaled: np.ndarray, values: np.ndarray) -> float:
    return scaled.dot(values) if np.ndim(values) else float(scaled.sum() * values)
