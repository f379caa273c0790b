"""The slope as a Gaussian process has it: a second opinion, biased in another way than a network.

What all members get wrong alike shows in how far another kind of model is from them. Its slope is
normal around that of its mean, with the variance k'' - k' C⁻¹ k' (k' and k'' derivatives of the
kernel). Source: C. E. Rasmussen and C. K. I. Williams, Gaussian Processes (2006), section 9.4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular

from taylored.networks.baselines.compare import CHOICE_ROWS
from taylored.networks.baselines.gaussian_process import Hyperparameters, choose
from taylored.networks.ensemble import Rows

__all__ = ["SlopeProcess", "fit_slope_process"]

_MOST_ROWS = 1000  # that it is conditioned on
_WIDE, _FEW_ROWS = 50, 300  # of more features than the first, so many rows
_AT_ONCE = 500
_LEAST_NOISE = 1e-10  # relative to the variance: the kernel stays definite


@dataclass(frozen=True, eq=False)
class SlopeProcess:
    """A process given `rows` (divided by the lengthscales); `size` (outputs,) its variances."""

    rows: np.ndarray
    chosen: Hyperparameters
    factor: np.ndarray
    alpha: np.ndarray
    size: np.ndarray

    def slopes(self, z: np.ndarray, features: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance (rows, outputs, features) of the slopes at z, standardized."""
        parts = [self._at(p, features) for p in np.array_split(z, -(-len(z) // _AT_ONCE) or 1)]
        mean, variance = (np.concatenate([p[k] for p in parts]) for k in range(2))
        return mean, variance

    def _at(self, z: np.ndarray, features: list[int]) -> tuple[np.ndarray, np.ndarray]:
        scales = self.chosen.lengthscales
        z = z / scales
        kernel = _kernel(z, self.rows)
        mean = np.empty((len(z), len(self.size), len(features)))
        variance = np.empty_like(mean)
        for k, j in enumerate(features):
            slope = (self.rows[:, j] - z[:, j, None]) * kernel / scales[j]
            half = solve_triangular(self.factor, slope.T, lower=True, check_finite=False)
            left = np.maximum(scales[j] ** -2 - (half * half).sum(0), 0.0)
            mean[..., k] = slope @ self.alpha
            variance[..., k] = left[:, None] * self.size
        return mean, variance


def fit_slope_process(
    rows: Rows, t: np.ndarray, seed: int, groups: np.ndarray | None = None
) -> SlopeProcess:
    """The process of targets t (rows, outputs); of many rows some stand for all.

    Of each of the `groups` (rows,) one row does: it would take errors that they share for values.

    Raises:
        numpy.linalg.LinAlgError: where its kernel matrix is not positive definite.
    """
    weights = np.ones(len(t)) if rows.weights is None else rows.weights / rows.weights.mean()
    drawn = np.random.default_rng(seed).permutation(np.flatnonzero(weights > 0))
    if groups is not None:
        drawn = drawn[np.unique(groups[drawn], return_index=True)[1]]
        drawn = np.random.default_rng(seed).permutation(drawn)
    most = _MOST_ROWS if rows.z.shape[1] <= _WIDE else _FEW_ROWS
    few, used = np.sort(drawn[:CHOICE_ROWS]), np.sort(drawn[:most])
    z, t = rows.z.astype(float), np.asarray(t, float)
    chosen = choose(z[few], t[few], weights[few])
    own = z[used] / chosen.lengthscales
    kernel = _kernel(own, own)
    np.einsum("ii->i", kernel)[...] += (chosen.noise**2 + _LEAST_NOISE) / weights[used]
    factor, _ = cho_factor(kernel, lower=True)
    y = t[used] - np.average(t[used], axis=0, weights=weights[used])
    alpha = cho_solve((factor, True), y)
    return SlopeProcess(own, chosen, factor, alpha, np.maximum((y * alpha).sum(0), 0) / len(y))


def _kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """exp(-|a_i - b_j|² / 2)."""
    square = (a * a).sum(1)[:, None] + (b * b).sum(1) - 2 * a @ b.T
    return np.exp(-0.5 * np.maximum(square, 0.0))
