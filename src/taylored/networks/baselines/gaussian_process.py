"""A Gaussian process with one lengthscale to each feature and noise, shared by all outputs.

The amplitude is eliminated: the kernel of an output is `a^2 C`, `C_ij = exp(-|(x_i - x_j)/l|^2/2) +
[i = j] r^2/w_i`, and the best a^2 of each output is `y' C^-1 y / n`; predictions do not need it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, log, pi
from typing import Any

import numpy as np

from taylored.networks.baselines.quasi_newton import descend_to
from taylored.networks.baselines.spectrum import spectrum

__all__ = ["GaussianProcess", "Hyperparameters", "choose", "condition", "log_likelihood"]

_LEAST_NOISE = 1e-5  # of the amplitude; bounds the condition number by rows * 1e10
_FEW = 4  # steps from each start before the better one is carried on
_FEW_FEATURES = 3  # rows are close enough to one another to show short lengthscales
_TIED = 0.5  # features per row above which all features have the same lengthscale
_TINY = 1e-10  # squared, standardized: keeps the logarithm finite where the target is constant


@dataclass(frozen=True, eq=False)
class Hyperparameters:
    """`lengthscales` (features,) in standardized units; `noise`: relative to the amplitude."""

    lengthscales: np.ndarray
    noise: float


@dataclass(frozen=True, eq=False)
class GaussianProcess:
    """The posterior mean: `offset + k(z, rows) alpha`, rows divided by the lengthscales."""

    rows: np.ndarray
    lengthscales: np.ndarray
    offset: np.ndarray
    alpha: np.ndarray

    def predict(self, z: np.ndarray) -> np.ndarray:
        """(rows, outputs) for z: (rows, features), in blocks of rows to bound the memory."""
        z = z / self.lengthscales
        means = np.tile(self.offset, (len(z), 1))
        for k in range(0, len(z), 1000):
            means[k : k + 1000] += _correlation(z[k : k + 1000], self.rows) @ self.alpha
        return means


def condition(
    z: np.ndarray, t: np.ndarray, weights: np.ndarray, chosen: Hyperparameters
) -> GaussianProcess:
    """The exact posterior mean given all rows; the constant mean is the weighted mean of t.

    Raises: numpy.linalg.LinAlgError where no jitter up to 1e-2 makes the kernel positive definite.
    Source: C. E. Rasmussen and C. K. I. Williams, Gaussian Processes (2006), algorithm 2.1.
    """
    offset = (weights / weights.sum()) @ t
    rows = z / chosen.lengthscales
    kernel = _correlation(rows, rows)
    for jitter in (0.0, 1e-8, 1e-6, 1e-4, 1e-2):
        factor = _cholesky(kernel, _noise(chosen.noise, weights) + jitter)
        if factor is not None:
            alpha = _solve(factor, t - offset)
            return GaussianProcess(rows, chosen.lengthscales, offset, alpha)
    raise np.linalg.LinAlgError("the kernel matrix is not positive definite")


def choose(z: np.ndarray, t: np.ndarray, weights: np.ndarray) -> Hyperparameters:
    """The hyperparameters of largest marginal likelihood times a wide prior.

    From a few starts, the best after some steps carried on. With more than one feature to two
    rows all features have the same lengthscale. The prior matters where the rows say little: it is
    log-normal, a factor of e^3 for a lengthscale about a median that grows with the root of the
    number of features, as distances do.

    Source: C. Hvarfner, E. O. Hellsten and L. Nardi, Vanilla Bayesian optimization performs great
    in high dimensions, ICML 2024, for that growth (their prior is narrower).
    """
    y = t - (weights / weights.sum()) @ t
    features = z.shape[1]
    tied = features > _TIED * len(z)
    if tied and features > len(z):
        z = spectrum(z).scores  # the same distances by fewer columns
    objective = _objective(z, y, weights, features, tied)
    lengths = np.full(1 if tied else features, 0.5 * log(max(features, 1)))
    wanted = [(1.0, 0.3), (4.0, 0.03)]
    if features <= _FEW_FEATURES:  # many waves within the range
        wanted.append((0.1, 0.3))
    starts = [np.append(lengths + log(c), log(r)) for c, r in wanted]
    # In units of log likelihood, for a factor of e: below what the rows can tell.
    enough = {"tolerance": 0.3, "fall": 0.01}
    tried = [descend_to(objective, start, **enough, steps=_FEW) for start in starts]
    best = min(tried, key=lambda end: end.f)
    return _hyperparameters(descend_to(objective, best.x, **enough, steps=60).x, features)


def log_likelihood(
    z: np.ndarray, y: np.ndarray, weights: np.ndarray, chosen: Hyperparameters
) -> tuple[float, np.ndarray]:
    """The log marginal likelihood of y (rows, outputs), mean zero, at the best amplitudes.

    Returns it and its gradient by the logarithms of the lengthscales and of the noise; minus
    infinity where the kernel matrix is not positive definite.
    """
    n, outputs = y.shape
    x = z / chosen.lengthscales
    kernel = _correlation(x, x)
    factor = _cholesky(kernel, _noise(chosen.noise, weights))
    if factor is None:
        return -inf, np.full(z.shape[1] + 1, np.nan)
    alpha, inverse = _solve(factor, y), _inverse(factor)
    amplitudes = np.einsum("ij,ij->j", y, alpha) / n + _TINY
    value = -0.5 * n * np.log(amplitudes).sum() - outputs * np.log(np.diag(factor)).sum()
    # The derivative by C, twice: sum over outputs of alpha alpha' / a^2, less C^-1 for each.
    inverse *= -outputs
    inverse += (alpha / amplitudes) @ alpha.T
    by_noise = chosen.noise**2 * float((np.diag(inverse) / weights).sum())
    inverse *= kernel
    by_lengths = np.einsum("ij,ij->j", x, inverse.sum(axis=1)[:, None] * x - inverse @ x)
    value -= 0.5 * n * outputs * (log(2.0 * pi) + 1.0)
    return float(value), np.append(by_lengths, by_noise)


def _objective(
    z: np.ndarray, y: np.ndarray, weights: np.ndarray, features: int, tied: bool
) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    """Minus the log posterior of the logarithms, and its gradient."""
    center = np.append(np.full(features, log(10.0) + 0.5 * log(max(features, 1))), log(0.1))
    precision = np.append(np.full(features, 1.0 / 9.0), 1.0 / 16.0)
    if tied:
        center, precision = center[-2:], precision[-2:]

    def objective(at: np.ndarray) -> tuple[float, np.ndarray]:
        if np.abs(at).max() > 40.0:
            return inf, np.full_like(at, np.nan)
        value, slopes = log_likelihood(z, y, weights, _hyperparameters(at, z.shape[1]))
        if tied:
            slopes = np.array([slopes[:-1].sum(), slopes[-1]])
        off = at - center
        return 0.5 * float(precision @ off**2) - value, precision * off - slopes

    return objective


def _hyperparameters(logarithms: np.ndarray, features: int) -> Hyperparameters:
    """From the logarithms of the lengthscales, or of the one of all features, and of the noise."""
    lengths = np.broadcast_to(np.exp(logarithms[:-1]), features)
    return Hyperparameters(lengths, float(np.exp(logarithms[-1])))


def _noise(noise: float, weights: np.ndarray) -> np.ndarray:
    return (noise**2 + _LEAST_NOISE**2) / weights


def _correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """exp(-|a_i - b_j|^2 / 2)."""
    k = a @ b.T
    k -= 0.5 * np.einsum("ij,ij->i", a, a)[:, None]
    k -= 0.5 * np.einsum("ij,ij->i", b, b)
    np.minimum(k, 0.0, out=k)
    return np.exp(k, out=k)


def _cholesky(kernel: np.ndarray, noise: np.ndarray) -> np.ndarray | None:
    """The factor in the upper triangle, for LAPACK's column order; None if there is none."""
    potrf = _lapack("potrf")
    matrix = np.array(kernel, order="F")
    np.fill_diagonal(matrix, 1.0 + noise)
    factor, failed = potrf(matrix, lower=0, clean=0, overwrite_a=1)
    return None if failed or not np.isfinite(np.diag(factor)).all() else factor


def _solve(factor: np.ndarray, y: np.ndarray) -> np.ndarray:
    potrs = _lapack("potrs")
    return potrs(factor, y, lower=0)[0]


def _inverse(factor: np.ndarray) -> np.ndarray:
    potri = _lapack("potri")
    half = np.triu(potri(factor, lower=0)[0])
    half += np.triu(half, 1).T
    return half


def _lapack(name: str) -> Callable[..., Any]:
    from scipy.linalg import get_lapack_funcs

    return get_lapack_funcs((name,), dtype=float)[0]
