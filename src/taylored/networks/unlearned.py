"""Whether residuals of neighboring rows are alike: structure that a network has not learned.

The products of residuals of a row and its nearest others have the mean 0 where the residuals are
noise of its own for each row; else their mean is what neighbors have in common. Source: P. A. P.
Moran, Notes on continuous stochastic phenomena, Biometrika 37 (1950) 17.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taylored.networks.classes import ClassesOutOfBag
from taylored.networks.folds import Folds
from taylored.networks.outofbag import OutOfBag

__all__ = ["Unlearned", "left_residuals", "unlearned"]

_NEAREST = 2
_WORK = 1e8  # squared differences between rows
_SURE = 3.0  # standard errors by which neighbors are alike: no chance


@dataclass(frozen=True, slots=True)
class Unlearned:
    """What left-out residuals of neighbors have in common, as a share of the variance of y, and of
    that of the residuals: 0 where it may be chance; of several outputs, or classes, the largest."""

    of_y: float
    of_residuals: float


def unlearned(found: OutOfBag | ClassesOutOfBag, z: np.ndarray) -> Unlearned:
    """Of all rows z (rows, features), or of some for all.

    Rows that were left out together (copies, groups) are no pairs.
    """
    residual, most = left_residuals(found), int((_WORK / max(z.shape[1], 1)) ** 0.5)
    some = np.sort(np.random.default_rng(0).permutation(len(z))[:most])
    pairs = _pairs(found.folds, z[some].astype(float), some)
    if len(pairs) < _NEAREST:
        return Unlearned(0.0, 0.0)
    products = residual[pairs[:, 0]] * residual[pairs[:, 1]]
    # As many terms as are not 0 on average make a normal sum, whatever the sizes of the noise.
    sure = products.sum(0) > _SURE * np.sqrt((products**2).sum(0))
    common = np.where(sure, products.mean(0), 0.0)
    of_y, of_residuals = (
        float((common / np.maximum(v.var(0), 1e-300)).max()) for v in (_response(found), residual)
    )
    return Unlearned(of_y, of_residuals)


def _response(found: OutOfBag | ClassesOutOfBag) -> np.ndarray:
    """(rows, outputs) the response; of classes whether a row is of each."""
    if isinstance(found, ClassesOutOfBag):
        return np.eye(found.raw.shape[1])[found.t]
    return found.t


def left_residuals(found: OutOfBag | ClassesOutOfBag) -> np.ndarray:
    """(rows, outputs) of rows left out, of classes those of their probabilities; mean 0."""
    if isinstance(found, ClassesOutOfBag):
        left = _response(found) - found.probability
    else:
        left = found.residual
    return left - left.mean(0)


def _pairs(folds: Folds, z: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(pairs, 2) each of the rows with its nearest ones, every pair once."""
    from scipy.spatial import KDTree

    if len(rows) <= _NEAREST:
        return np.empty((0, 2), int)
    near = np.asarray(KDTree(z).query(z, _NEAREST + 1)[1])
    others = [np.column_stack([np.arange(len(rows)), n]) for n in near.T]
    pairs = np.unique(np.sort(np.concatenate(others), axis=1), axis=0)
    a, b = rows[pairs.T]
    apart = (folds.number[:, a] != folds.number[:, b]).any(0)
    return np.column_stack([a, b])[apart & (a != b)]
