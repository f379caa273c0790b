"""Whether residuals of neighboring rows are alike: structure that a network has not learned.

The products of residuals of a row and its nearest others have the mean 0 where the residuals are
noise of its own for each row; else their mean is what neighbors have in common. Source: P. A. P.
Moran, Notes on continuous stochastic phenomena, Biometrika 37 (1950) 17.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from taylored.networks.classes import ClassesOutOfBag
from taylored.networks.outofbag import OutOfBag

if TYPE_CHECKING:
    from taylored.networks.result import Network

__all__ = ["unlearned_share"]

_NEAREST = 2
_MOST_ROWS = 20_000
_SURE = 3.0  # standard errors by which neighbors are alike: no chance


def unlearned_share(net: Network) -> float:
    """The share of the variance of y that left-out residuals of neighbors have in common.

    0 where it may be chance; of several outputs, or classes, the largest. Rows that were left out
    together (copies, groups) are no pairs.
    """
    residual = _residuals(net)[:_MOST_ROWS]
    pairs = _pairs(net, len(residual))
    if len(pairs) < _NEAREST:
        return 0.0
    products = residual[pairs[:, 0]] * residual[pairs[:, 1]]
    # As many terms as are not 0 on average make a normal sum, whatever the sizes of the noise.
    sure = products.sum(0) > _SURE * np.sqrt((products**2).sum(0))
    return float(np.where(sure, products.mean(0) / _variance(net), 0.0).max())


def _variance(net: Network) -> np.ndarray:
    """(outputs,) of the response, of classes of whether a row is of each."""
    t = net.rows.t
    if net.task == "classification":
        t = np.eye(len(net.response.classes))[t]
    return np.maximum(np.var(t, axis=0), 1e-300)


def _residuals(net: Network) -> np.ndarray:
    """(rows, outputs) of rows left out, of classes those of their probabilities."""
    found = net.out_of_bag
    if isinstance(found, ClassesOutOfBag):
        p = found.probability
        left = np.eye(p.shape[1])[found.t] - p
    else:
        assert isinstance(found, OutOfBag)
        left = found.residual
    return left - left.mean(0)


def _pairs(net: Network, rows: int) -> np.ndarray:
    """(pairs, 2) each row with its nearest ones, every pair once."""
    from scipy.spatial import KDTree

    assert net.folds is not None
    z, number = net.rows.z[:rows].astype(float), net.folds.number[:, :rows]
    if rows <= _NEAREST:
        return np.empty((0, 2), int)
    near = np.asarray(KDTree(z).query(z, _NEAREST + 1)[1])
    others = [np.column_stack([np.arange(rows), n]) for n in near.T]
    pairs = np.unique(np.sort(np.concatenate(others), axis=1), axis=0)
    a, b = pairs.T
    apart = (number[:, a] != number[:, b]).any(0)
    return pairs[apart & (a != b)]
