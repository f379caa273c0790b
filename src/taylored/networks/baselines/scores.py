"""Scores of predictions for rows that the model has not seen, each with its standard error."""

from __future__ import annotations

from math import sqrt

import numpy as np

from taylored.networks.averages import mean_and_stderr

__all__ = ["log_losses", "paired_difference", "root_mean_square", "squared_losses"]

_LEAST = float(np.finfo(float).eps)  # a probability below this counts as this


def squared_losses(predicted: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The squared error of each row, the mean over the outputs."""
    return np.mean((predicted - t) ** 2, axis=1)


def log_losses(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Minus the logarithm of the probability that each row's own class was given."""
    own = probabilities[np.arange(len(labels)), labels]
    return -np.log(np.clip(own, _LEAST, 1.0))


def root_mean_square(
    losses: np.ndarray, weights: np.ndarray, groups: np.ndarray | None = None
) -> tuple[float, float]:
    """The weighted root mean square error and its standard error (delta method)."""
    mean, stderr = mean_and_stderr(losses, weights, groups)
    root = sqrt(mean)
    return root, stderr / (2.0 * root) if root > 0.0 else 0.0


def paired_difference(
    losses: np.ndarray, others: np.ndarray, weights: np.ndarray, groups: np.ndarray | None = None
) -> tuple[float, float]:
    """By how much the first loss exceeds the second on the same rows, and its standard error.

    Rows that are hard for one model are hard for the other: the error of the difference is far
    below that of either score, and it is the one to judge by which model wins.
    """
    return mean_and_stderr(losses - others, weights, groups)
