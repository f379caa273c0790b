"""Ridge regression, its strength chosen by the exact leave-one-out error of the training rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taylored.networks.baselines.spectrum import spectrum

__all__ = ["Ridge", "fit_ridge", "leave_one_out"]

_STRENGTHS = np.logspace(2.0, -10.0, 37)  # relative to the largest squared singular value


@dataclass(frozen=True, eq=False)
class Ridge:
    """A linear model: `(z - center) @ coefficients + offset`.

    `strengths`: the penalty on the squared coefficients of each output; the offset has none.
    """

    center: np.ndarray
    offset: np.ndarray
    coefficients: np.ndarray
    strengths: np.ndarray

    def predict(self, z: np.ndarray) -> np.ndarray:
        """(rows, outputs) for z: (rows, features)."""
        return (z - self.center) @ self.coefficients + self.offset


def fit_ridge(z: np.ndarray, t: np.ndarray, weights: np.ndarray) -> Ridge:
    """Weighted ridge regression of t (rows, outputs) on z (rows, features).

    Minimizes `sum_i w_i (t_i - b - z_i a)^2 + strength |a|^2` for each output, the strength by the
    least weighted leave-one-out error among 37, three to a decade.

    Source: G. H. Golub, M. Heath and G. Wahba, Technometrics 21 (1979), for the closed form.
    """
    problem = _Problem(z, t, weights)
    strengths = (problem.rows.largest or 1.0) * _STRENGTHS
    errors = np.array([_total_squares(problem.leave_one_out(s)) for s in strengths])
    # Ties (a target that is constant) go to the strongest, which comes first.
    best = strengths[np.argmin(errors, axis=0)]
    return Ridge(problem.center, problem.offset, problem.coefficients(best), best)


def leave_one_out(z: np.ndarray, t: np.ndarray, weights: np.ndarray, strength: float) -> np.ndarray:
    """(rows, outputs): each row's error by the ridge regression of all other rows."""
    errors = _Problem(z, t, weights).leave_one_out(strength)
    return errors / np.sqrt(weights)[:, None]


def _total_squares(errors: np.ndarray) -> np.ndarray:
    total = np.einsum("ij,ij->j", errors, errors)
    return np.where(np.isfinite(total), total, np.inf)


class _Problem:
    """The weighted, centered rows in the basis of their singular vectors."""

    def __init__(self, z: np.ndarray, t: np.ndarray, weights: np.ndarray):
        self.share = weights / weights.sum()
        self.center, self.offset = self.share @ z, self.share @ t
        root = np.sqrt(weights)[:, None]
        self.rows = spectrum(root * (z - self.center))
        self.y = root * (t - self.offset)
        self.projected, self.leverage = self.rows.scores.T @ self.y, self.rows.scores**2

    def coefficients(self, strengths: np.ndarray) -> np.ndarray:
        """(features, outputs), one strength to an output."""
        return self.rows.directions @ (self.projected / (self.rows.squares[:, None] + strengths))

    def leave_one_out(self, strength: float) -> np.ndarray:
        """Errors times the root of the weight: residuals over one minus the leverage."""
        damped = 1.0 / (self.rows.squares + strength)
        left = 1.0 - self.share - self.leverage @ damped
        residuals = self.y - self.rows.scores @ (damped[:, None] * self.projected)
        return residuals / np.maximum(left, 1e-14)[:, None]
