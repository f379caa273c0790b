"""Losses: what training minimizes, with the curvature that Gauss-Newton methods use.

All are sums over rows, of values f (members, rows, outputs). `whiten` turns the derivatives of f
into those of residuals: J' J is then the Gauss-Newton matrix (the Fisher information).
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from taylored.networks.activations import logistic, softmax

__all__ = ["Deviation", "Logistic", "Loss", "Softmax", "Squared"]

_STEEPEST = 12.0  # of the logarithm of a deviation: no overflow


class Loss(Protocol):
    """One loss. `free_scale`: whether the noise of the rows is estimated beside it."""

    free_scale: bool

    def outputs(self, targets: int) -> int:
        """How many outputs the network needs for so many targets (or classes)."""
        ...

    def rows(self, f: Any, t: Any, xp: Any = np) -> Any:
        """The loss (members, rows) of each row; `xp` is NumPy or jax.numpy."""
        ...

    def slope(self, f: np.ndarray, t: np.ndarray) -> np.ndarray:
        """The derivative (members, rows, outputs) of each row's loss by f."""
        ...

    def whiten(self, f: np.ndarray, jacobian: np.ndarray) -> np.ndarray:
        """Derivatives (members, rows, outputs, size) whose squares add up to the curvature."""
        ...


class Squared:
    """½ Σ (f - t)²: normal noise of one unknown size."""

    free_scale = True

    def outputs(self, targets: int) -> int:
        return targets

    def rows(self, f: Any, t: Any, xp: Any = np) -> Any:
        r = f - t
        return 0.5 * (r * r).sum(-1)

    def slope(self, f: np.ndarray, t: np.ndarray) -> np.ndarray:
        return f - t

    def whiten(self, f: np.ndarray, jacobian: np.ndarray) -> np.ndarray:
        return jacobian


class Deviation:
    """½ t² exp(-2f) + f: f is the logarithm of the standard deviation of residuals t."""

    free_scale = False

    def outputs(self, targets: int) -> int:
        return targets

    def rows(self, f: Any, t: Any, xp: Any = np) -> Any:
        return (0.5 * t * t * xp.exp(-2 * xp.clip(f, -_STEEPEST, _STEEPEST)) + f).sum(-1)

    def slope(self, f: np.ndarray, t: np.ndarray) -> np.ndarray:
        return 1 - t * t * np.exp(-2 * np.clip(f, -_STEEPEST, _STEEPEST))

    def whiten(self, f: np.ndarray, jacobian: np.ndarray) -> np.ndarray:
        return jacobian * jacobian.dtype.type(2.0**0.5)


class Logistic:
    """-log p of two classes, p = 1 / (1 + exp(-f)) that of class 1; t (rows,) is 0 or 1."""

    free_scale = False

    def outputs(self, targets: int) -> int:
        return 1

    def rows(self, f: Any, t: Any, xp: Any = np) -> Any:
        u = f[..., 0]
        return xp.logaddexp(u, xp.zeros_like(u)) - t * u

    def slope(self, f: np.ndarray, t: np.ndarray) -> np.ndarray:
        return logistic(f) - t[..., None]

    def whiten(self, f: np.ndarray, jacobian: np.ndarray) -> np.ndarray:
        p = logistic(f)
        return jacobian * np.sqrt(p * (1 - p))[..., None]


class Softmax:
    """-log p of several classes, p proportional to exp(f); t (rows,) numbers the class."""

    free_scale = False

    def outputs(self, targets: int) -> int:
        return targets

    def rows(self, f: Any, t: Any, xp: Any = np) -> Any:
        shifted = f - f.max(-1, keepdims=True)
        own = xp.take_along_axis(shifted, t[..., None], -1)[..., 0]
        return xp.log(xp.exp(shifted).sum(-1)) - own

    def slope(self, f: np.ndarray, t: np.ndarray) -> np.ndarray:
        return softmax(f) - (np.arange(f.shape[-1]) == t[..., None])

    def whiten(self, f: np.ndarray, jacobian: np.ndarray) -> np.ndarray:
        p = softmax(f)[..., None]
        return np.sqrt(p) * (jacobian - (p * jacobian).sum(-2, keepdims=True))
