"""Intervals of a single network by Laplace's approximation: cheap, and often too narrow.

f(x) varies by σ² j' (J'J + Λ)⁻¹ j around its value, j its derivatives by the parameters at x. That
is right while the rows determine few of the parameters: where these come near the number of rows,
the residuals are far smaller than errors on new rows, and no such formula knows. Source: D. J. C.
MacKay, The evidence framework applied to classification networks, Neural Computation 4 (1992) 720.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taylored.networks.averages import effective_units, student_quantile
from taylored.networks.ensemble import Rows
from taylored.networks.model import Model
from taylored.networks.solvers.curvature import curvature_of
from taylored.networks.solvers.levenberg import State

__all__ = ["Laplace", "fit_laplace"]

_SAFE_SHARE = 0.1  # effective parameters per row, above which intervals were seen to fail


@dataclass(frozen=True, eq=False)
class Laplace:
    """The posterior around one network: `precision` (size,), noise variance, degrees of freedom."""

    model: Model
    theta: np.ndarray
    precision: np.ndarray
    variance: float
    effective: float
    rows: float
    curvature: object

    @property
    def trusted(self) -> bool:
        """Whether so few parameters are determined by so many rows that the formula holds."""
        return self.effective <= _SAFE_SHARE * self.rows

    @property
    def why(self) -> str:
        """Why the intervals are not trusted."""
        return (
            f"{self.effective:.0f} effective parameters for {self.rows:.0f} rows: the intervals of "
            'one network are then too narrow; train with intervals="out-of-bag"'
        )

    def deviation(self, z: np.ndarray) -> np.ndarray:
        """(rows, outputs) standard deviation of new observations, standardized."""
        _, jacobian = self.model.jacobian(self.theta[None], np.asarray(z, float)[None])
        flat = jacobian[0].reshape(-1, self.model.size)
        known = self.curvature.leverage(self.precision, flat)  # type: ignore[attr-defined]
        return np.sqrt(self.variance * (1 + known)).reshape(len(z), self.model.outputs)

    def width(self, level: float) -> float:
        """Deviations on each side of an interval at `level`: Student's t."""
        return student_quantile(self.rows - self.effective, level)


def fit_laplace(model: Model, rows: Rows, state: State) -> Laplace:
    """The posterior of a network that ended in `state` (one member, float64)."""
    f, jacobian = model.jacobian(state.theta, np.asarray(rows.z, float)[None])
    weights = np.ones(len(rows.z)) if rows.weights is None else rows.weights
    half = np.sqrt(weights)[:, None, None]
    (curvature,) = curvature_of((jacobian[0] * half).reshape(1, -1, model.size))
    squares = float((weights[:, None] * (f[0] - rows.t) ** 2).sum())
    effective = float(state.effective[0])
    count = effective_units(weights) * model.outputs
    variance = squares / max(count - effective, 1.0)
    return Laplace(model, state.theta[0], state.precision[0], variance, effective, count, curvature)
