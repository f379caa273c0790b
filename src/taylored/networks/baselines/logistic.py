"""Multinomial logistic regression with a ridge penalty: one weight for each feature and class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from taylored.networks.activations import softmax
from taylored.networks.baselines.quasi_newton import descend_to
from taylored.networks.baselines.spectrum import spectrum

__all__ = ["Logistic", "fit_logistic", "penalized_loss"]

_OFFSET_STRENGTH = 1e-2  # keeps the offset of a class without rows, and their common shift, finite


@dataclass(frozen=True, eq=False)
class Logistic:
    """`coefficients`: (features + 1, classes), the offsets in the last row."""

    coefficients: np.ndarray

    def predict(self, z: np.ndarray) -> np.ndarray:
        """Probabilities (rows, classes) for z: (rows, features)."""
        return softmax(z @ self.coefficients[:-1] + self.coefficients[-1])


def penalized_loss(
    z: np.ndarray, targets: np.ndarray, coefficients: np.ndarray, strength: float
) -> tuple[float, np.ndarray]:
    """The weighted log loss plus `strength/2` times the squared coefficients, and its gradient.

    `targets`: (rows, classes), the weight of the row in the column of its class.
    """
    scores = z @ coefficients[:-1] + coefficients[-1]
    scores -= scores.max(axis=1, keepdims=True)
    powers = np.exp(scores)
    sums = powers.sum(axis=1)
    weights = targets.sum(axis=1)
    penalty = np.full((len(coefficients), 1), strength)
    penalty[-1] = _OFFSET_STRENGTH
    loss = weights @ np.log(sums) - np.einsum("ij,ij->", targets, scores)
    loss += 0.5 * np.einsum("ij,ij,ik->", coefficients, coefficients, penalty)
    powers *= (weights / sums)[:, None]
    powers -= targets
    slopes = np.concatenate([z.T @ powers, powers.sum(axis=0, keepdims=True)])
    return float(loss), slopes + penalty * coefficients


def fit_logistic(
    z: np.ndarray, targets: np.ndarray, strengths: np.ndarray, tolerance: float = 1e-6
) -> list[Logistic]:
    """The model at each strength, in the order given, each started from the one before.

    Until no slope of the loss exceeds `tolerance` times the root of the total weight, in the basis
    where the curvature is about one: that of the singular vectors of z, each scaled by the
    Hessian's diagonal at equal probabilities.
    """
    weights = targets.sum(axis=1)
    # A penalized coefficient is zero where the rows do not vary, so the spectrum loses nothing.
    rows = spectrum(z)
    squares = rows.squares * weights.mean()
    classes = targets.shape[1]
    current = np.zeros((len(squares) + 1, classes))  # by direction, and the offsets
    models = []
    for strength in strengths:
        curvature = np.append(squares, weights.sum()) / classes
        curvature += np.append(np.full(len(squares), strength), _OFFSET_STRENGTH)
        scale = 1.0 / np.sqrt(curvature)[:, None]
        loss = _scaled_loss(rows.scores, targets, float(strength), scale)
        limit = tolerance * np.sqrt(weights.sum())
        end = descend_to(loss, (current / scale).ravel(), limit)
        current = end.x.reshape(current.shape) * scale
        models.append(Logistic(np.vstack([rows.directions @ current[:-1], current[-1:]])))
    return models


def _scaled_loss(
    scores: np.ndarray, targets: np.ndarray, strength: float, scale: np.ndarray
) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    """The loss as a function of one vector, the coefficients divided by `scale`."""
    shape = (len(scale), targets.shape[1])

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        value, slopes = penalized_loss(scores, targets, flat.reshape(shape) * scale, strength)
        return value, (slopes * scale).ravel()

    return loss
