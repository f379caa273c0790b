"""The functions that remainders are measured on, and AutoBound's figures for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

__all__ = ["AUTOBOUND", "FUNCTIONS", "RADII", "Function"]

RADII = (0.01, 0.1, 0.5, 1.0)


@dataclass(frozen=True)
class Function:
    """A formula or JAX function, and the center that it is expanded at."""

    name: str
    f: Any
    at: Any


def _mlp(inputs: int, hidden: int) -> Callable:
    rng = np.random.default_rng(7)
    w1, b1 = rng.normal(size=(hidden, inputs)), rng.normal(size=hidden)
    w2, b2 = rng.normal(size=(hidden, hidden)) / np.sqrt(hidden), rng.normal(size=hidden)
    w3 = rng.normal(size=hidden)
    return lambda x: w3 @ jnp.tanh(w2 @ jnp.tanh(w1 @ jnp.atleast_1d(x) + b1) + b2)


_PAIR, _TRIPLE = np.array([0.3, -0.2]), np.array([0.3, -0.2, 0.5])
FUNCTIONS = [
    *(
        Function(text, text, 0.3)
        for text in (
            "exp(x)", "sin(x)", "tanh(x)", "sigmoid(x)", "softplus(x)", "x/(1+x^2)",
            "sin(x)*exp(x)", "sqrt(1+x)", "exp(-x^2)", "log(1+x)*cos(x)",
        )
    ),
    Function("mlp 1-6-6-1", _mlp(1, 6), np.array([0.3])),
    Function("mlp 2-6-6-1", _mlp(2, 6), _PAIR),
    Function("rosenbrock", lambda x: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2, _PAIR),
    Function("sin(x)sin(2y)", lambda x: jnp.sin(x[0]) * jnp.sin(2 * x[1]), _PAIR),
    Function("logsumexp3", lambda x: jnp.log(jnp.sum(jnp.exp(x))), _TRIPLE),
]  # fmt: skip

# Width over true range of a patched AutoBound at RADII, for orders 1 and 4: our own measurements of
# 2026, None where it does not support the function. Its multilayer perceptrons had other weights.
AUTOBOUND: dict[str, dict[int, tuple[float, ...] | None]] = {
    "exp(x)": {1: (1.00, 1.03, 1.14, 1.24), 4: (1.00, 1.02, 1.08, 1.17)},
    "tanh(x)": {1: (1.01, 1.08, 1.98, 2.11), 4: None},
    "sigmoid(x)": {1: (1.01, 1.09, 1.35, 1.45), 4: None},
    "softplus(x)": {1: (1.00, 1.00, 1.02, 1.05), 4: (1.01, 1.05, 1.24, 1.99)},
    "x/(1+x^2)": {1: (1.02, 1.25, 3.17, 16.0), 4: (1.11, 2.44, 15.0, 103.0)},
    "sqrt(1+x)": {1: (1.00, 1.04, 1.16, 1.30), 4: (1.01, 1.06, 1.29, 1.60)},
    "exp(-x^2)": {1: (1.01, 1.09, 1.50, 2.48), 4: (1.01, 1.10, 1.68, 3.28)},
    "mlp 1-6-6-1": {1: (4.48, 16.0, 31.0, 36.0), 4: None},
    "mlp 2-6-6-1": {1: (1.09, 1.69, 5.92, 18.0), 4: None},
    "rosenbrock": {1: (1.39, 1.44, 1.59, 1.67), 4: None},
}
