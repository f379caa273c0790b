"""Elementwise functions that NumPy, SciPy or JAX have only in another form."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = [
    "jax_j0",
    "jax_j1",
    "jax_select",
    "jax_trigamma",
    "numpy_power",
    "numpy_select",
    "rsqrt",
    "trigamma",
]


def numpy_power(x: Any, y: int) -> Any:
    """x**y for a whole y by repeated squaring: faster and more exact than a general power."""
    if y == 2:
        return np.multiply(x, x)
    if y < 0:
        return np.divide(1.0, numpy_power(x, -y))
    result, square = None, x
    while y:
        if y & 1:
            result = square if result is None else result * square
        y >>= 1
        square = square * square if y else square
    return result


def numpy_select(condition: Any, if_false: Any, if_true: Any) -> Any:
    """`if_true` where the condition holds, else `if_false`."""
    return np.where(condition, if_true, if_false)


def jax_select(condition: Any, if_false: Any, if_true: Any) -> Any:
    """`numpy_select` on JAX arrays, with broadcasting."""
    import jax.numpy as jnp

    return jnp.where(condition, if_true, if_false)


def rsqrt(x: Any) -> Any:
    """1/sqrt(x)."""
    return 1.0 / np.sqrt(x)


def trigamma(x: Any) -> Any:
    """The second derivative of log gamma."""
    from scipy.special import polygamma

    return polygamma(1, x)


def jax_trigamma(x: Any) -> Any:
    """The second derivative of log gamma, on JAX arrays."""
    from jax.scipy.special import polygamma

    return polygamma(1, x)


def jax_j0(x: Any) -> Any:
    """The Bessel function of the first kind of order 0, on JAX arrays."""
    from jax.scipy.special import bessel_jn

    return bessel_jn(x, v=0)[0]


def jax_j1(x: Any) -> Any:
    """The Bessel function of the first kind of order 1, on JAX arrays."""
    from jax.scipy.special import bessel_jn

    return bessel_jn(x, v=1)[1]
