"""What scikit-learn hands over, rows and weights, checked and put into one order."""

from __future__ import annotations

import numbers
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data

from taylored.errors import ArgumentError, TooFewPointsError
from taylored.networks.data.cells import read_cells
from taylored.tables import counted

__all__ = [
    "LEAST",
    "FitWarning",
    "Gathered",
    "Rows",
    "gathered",
    "mixed",
    "new_rows",
    "seed_of",
    "training_rows",
    "whole_rows",
]


LEAST = 5  # different rows, each of which is left out once to measure the error


class FitWarning(UserWarning):
    """A fit or an interval that is not to be trusted as it is; the message says why."""


def training_rows(
    estimator: Any, X: Any, y: Any, sample_weight: Any, **checks: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """X (rows, features), y (rows,) or as `checks` allow, and the weights (rows,) or None.

    Rows of weight zero are left out.

    Raises:
        ValueError: by scikit-learn's own checks; ArgumentError: for the weights.
    """
    rows = whole_rows(estimator, X, y, sample_weight, **checks)
    return rows.X, rows.y, rows.weights


def whole_rows(
    estimator: Any, X: Any, y: Any, sample_weight: Any, *, groups: Any = None,
    missing: str = "fail", **checks: Any,
) -> Rows:  # fmt: skip
    """The same with groups; rows in which X misses a number are left out where that is asked for.

    Warns:
        FitWarning: of rows that were left out.

    Raises:
        As `training_rows`; ArgumentError: for the groups, or for `missing`.
    """
    if missing not in ("fail", "drop"):
        raise ArgumentError(f"missing is {missing!r:.40}.", next_step="choose 'fail' or 'drop'.")
    if missing == "drop":
        checks["ensure_all_finite"] = "allow-nan"
    X, y = validate_data(estimator, X, y, dtype=np.float64, ensure_min_samples=2, **checks)
    weights, labels = _weights(sample_weight, len(X)), _labels(groups, len(X))
    used = _whole(X) if missing == "drop" else np.ones(len(X), bool)
    if weights is not None:
        used &= weights > 0
    if used.sum() < 2:
        raise TooFewPointsError(
            f"Only {used.sum()} sample{' has' if used.sum() == 1 else 's have'} "
            f"{'all values and ' if missing == 'drop' else ''}a weight above zero.",
            next_step="give at least two such rows.",
        )
    taken = (None if v is None else v[used] for v in (weights, labels))
    return Rows(X[used], y[used], *taken)


@dataclass(frozen=True, eq=False, slots=True)
class Rows:
    """Checked rows X (rows, features), y, their weights and labels of groups, or None."""

    X: np.ndarray
    y: np.ndarray
    weights: np.ndarray | None
    groups: np.ndarray | None


def _whole(X: np.ndarray) -> np.ndarray:
    """(rows,) whether X has a number in every column; others are told of."""
    used = np.asarray(~np.isnan(X).any(axis=1))
    if not used.all():
        columns = int(np.isnan(X).any(axis=0).sum())
        warnings.warn(
            f"{counted(int((~used).sum()), 'row')} of {len(X)} with missing values (in "
            f"{columns} of {X.shape[1]} columns) were left out. Where values are missing for a "
            "reason, the rest does not stand for all rows. Next: fill them in, or leave such "
            "columns out.",
            FitWarning,
            stacklevel=4,
        )
    return used


def _labels(groups: Any, rows: int) -> np.ndarray | None:
    if groups is None:
        return None
    found = np.asarray(groups)
    if found.shape != (rows,):
        raise ArgumentError(
            f"groups has the shape {found.shape} for {rows} rows.",
            next_step="give one label per row.",
        )
    absent = np.flatnonzero(read_cells(found, "groups").missing)
    if len(absent):
        raise ArgumentError(
            f"groups has no label in {counted(len(absent), 'row')}.",
            where=f"row {absent[0] + 1}",
            next_step="give each row the label of its group.",
        )
    return found


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


@dataclass(frozen=True, eq=False, slots=True)
class Gathered:
    """Rows X (rows, features), y (rows,) or (rows, outputs), their weights or None.

    `few`: fewer than `LEAST` of the rows differ. `groups`: their labels, or None.
    """

    X: np.ndarray
    y: np.ndarray
    weights: np.ndarray | None
    few: bool = False
    groups: np.ndarray | None = None


def gathered(
    X: np.ndarray, y: np.ndarray, weights: np.ndarray | None, groups: np.ndarray | None = None
) -> Gathered:
    """The same rows sorted, so that the order given does not matter, and copies as weights.

    Where equal inputs always have equal outputs, equal rows are copies (or free of noise): one
    of them left out of training would be known from the others, and the held-out error would
    look too small. They become one row of their summed weight, unless too few rows would be
    left. Where equal inputs have different outputs the rows are repeated measurements, and all
    of them stay; so they do in groups, which are left out as a whole.
    """
    order = np.lexsort((*y.reshape(len(y), -1).T, *X.T))
    X, y = X[order], y[order]
    mass = np.ones(len(y)) if weights is None else weights[order]
    same_input = (X[1:] == X[:-1]).all(axis=1)
    same_output = (y[1:] == y[:-1]).reshape(len(y) - 1, -1).all(axis=1)
    different = 1 + int((~(same_input & same_output)).sum())
    if groups is not None:
        groups = groups[order]
    elif different >= LEAST and same_input.any() and (same_output | ~same_input).all():
        first = np.flatnonzero(np.r_[True, ~same_input])
        X, y, mass = X[first], y[first], np.add.reduceat(mass, first)
    return Gathered(X, y, None if (mass == 1.0).all() else mass, different < LEAST, groups)


def mixed(rows: Gathered) -> Gathered:
    """Sorted rows in an order in which neighbors are not alike, so that no split takes them."""
    order = np.random.default_rng(0).permutation(len(rows.y))
    weights, groups = (None if v is None else v[order] for v in (rows.weights, rows.groups))
    return Gathered(rows.X[order], rows.y[order], weights, rows.few, groups)


def seed_of(random_state: Any) -> int:
    """The whole number that a random_state stands for."""
    if isinstance(random_state, numbers.Integral) and not isinstance(random_state, bool):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))
