"""What scikit-learn hands over, rows and weights, checked and put into one order."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data

from taylored.errors import ArgumentError, TooFewPointsError

__all__ = ["FitWarning", "gathered", "new_rows", "seed_of", "training_rows"]


class FitWarning(UserWarning):
    """A fit or an interval that is not to be trusted as it is; the message says why."""


def training_rows(
    estimator: Any, X: Any, y: Any, sample_weight: Any, **checks: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """X (rows, features), y (rows,) and the weights (rows,), None where all are 1.

    Rows of weight zero are left out.

    Raises:
        ValueError: by scikit-learn's own checks; ArgumentError: for the weights.
    """
    X, y = validate_data(estimator, X, y, dtype=np.float64, ensure_min_samples=2, **checks)
    weights = _weights(sample_weight, len(X))
    if weights is None:
        return X, y, None
    used = weights > 0
    if used.sum() < 2:
        raise TooFewPointsError(
            "Only 1 sample has a weight above zero.", next_step="give at least two rows a weight."
        )
    return X[used], y[used], weights[used]


def new_rows(estimator: Any, X: Any) -> np.ndarray:
    """New X (rows, features) for a fitted estimator, with the same columns in the same order."""
    checked: Any = validate_data(estimator, X, dtype=np.float64, reset=False)
    return checked


def _weights(given: Any, rows: int) -> np.ndarray | None:
    if given is None:
        return None
    try:
        weights = np.asarray(given, float)
    except (TypeError, ValueError):
        raise ArgumentError(
            "sample_weight holds something that is not a number.",
            next_step="give one number per row.",
        ) from None
    if weights.ndim == 0:
        weights = np.full(rows, weights)
    if weights.shape != (rows,):
        raise ArgumentError(
            f"sample_weight has the shape {weights.shape} for {rows} rows.",
            next_step="give one number per row.",
        )
    bad = np.flatnonzero(~((weights >= 0) & (weights < np.inf)))
    if len(bad):
        raise ArgumentError(
            f"sample_weight is {weights[bad[0]]:g} in row {bad[0] + 1}.",
            next_step="give numbers from 0; a weight of 0 leaves the row out.",
        )
    if not weights.any():
        raise ArgumentError(
            "All sample weights are zero.", next_step="give at least two rows a weight above zero."
        )
    return None if (weights == 1.0).all() else weights


def gathered(
    X: np.ndarray, y: np.ndarray, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """The same rows in an order that does not depend on the one given, copies as weights.

    Where equal inputs always have equal outputs, equal rows are copies (or free of noise): one
    of them left out of training would be known from the others, and the held-out error would
    look too small. They become one row of their summed weight. Where equal inputs have
    different outputs the rows are repeated measurements, and all of them stay.
    """
    order = np.lexsort((y, *X.T))
    X, y = X[order], y[order]
    mass = np.ones(len(y)) if weights is None else weights[order]
    same_input = (X[1:] == X[:-1]).all(axis=1)
    same_output = y[1:] == y[:-1]
    if same_input.any() and (same_output | ~same_input).all():
        first = np.flatnonzero(np.r_[True, ~same_input])
        X, y, mass = X[first], y[first], np.add.reduceat(mass, first)
    # Neighbors of the sorted order are alike: no later split may take them together.
    mixed = np.random.default_rng(0).permutation(len(y))
    return X[mixed], y[mixed], None if (mass == 1.0).all() else mass[mixed]


def seed_of(random_state: Any) -> int:
    """The whole number that a random_state stands for."""
    if isinstance(random_state, numbers.Integral) and not isinstance(random_state, bool):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))
