"""Facts about elementwise functions: one row per function, used by several readings.

A row says how NumPy and JAX compute the function, and its local derivatives as a function of
the inputs and the result, written with traced values so that they become equations.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import log, pi, sqrt
from typing import Any

from taylored.trace.tracer import apply

__all__ = ["ELEMENTWISE", "Row", "resolve"]


@dataclass(frozen=True, slots=True)
class Row:
    """One elementwise function.

    `numpy` and `jax` are "module:attribute". `derivatives(*inputs, result)` gives the local
    derivative with respect to each input; None there means that it is zero almost everywhere.
    `smooth` is false where the function has kinks or jumps.
    """

    numpy: str
    jax: str
    derivatives: Callable[..., tuple[Any, ...]] | None
    smooth: bool = True


@cache
def resolve(path: str) -> Callable:
    """The function behind "module:attribute"; imported on first use."""
    module, _, attribute = path.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _row(name: str, derivatives: Callable | None, *, smooth: bool = True) -> Row:
    return Row(f"numpy:{name}", f"jax.numpy:{name}", derivatives, smooth)


def _special(name: str, derivatives: Callable | None) -> Row:
    return Row(f"scipy.special:{name}", f"jax.scipy.special:{name}", derivatives)


def _step(name: str, inputs: int) -> Row:
    return _row(name, lambda *_: (None,) * inputs, smooth=False)


def _where(condition: Any, if_true: Any, if_false: Any) -> Any:
    return apply("where", condition, if_true, if_false)


def _pow_derivatives(x: Any, n: Any, y: Any) -> tuple[Any, Any]:
    # d/dn x**n = x**n log x, which is 0 at x = 0 for n > 0 where log x alone is -inf.
    safe = _where(apply("eq", x, 0.0), 1.0, x)
    return n * apply("pow", x, n - 1.0), y * apply("log", safe)


ELEMENTWISE: dict[str, Row] = {
    # arithmetic
    "add": _row("add", lambda x, y, z: (1.0, 1.0)),
    "sub": _row("subtract", lambda x, y, z: (1.0, -1.0)),
    "mul": _row("multiply", lambda x, y, z: (y, x)),
    "div": _row("divide", lambda x, y, z: (1.0 / y, -(z / y))),
    "neg": _row("negative", lambda x, y: (-1.0,)),
    "pow": Row("numpy:power", "jax.numpy:power", _pow_derivatives),
    "integer_pow": Row("taylored.readings.kernels:numpy_power", "jax.lax:integer_pow", None),
    "sqrt": _row("sqrt", lambda x, y: (0.5 / y,)),
    "rsqrt": Row("taylored.readings.kernels:rsqrt", "jax.lax:rsqrt", lambda x, y: (-0.5 * y / x,)),
    "cbrt": _row("cbrt", lambda x, y: (y / (3.0 * x),)),
    "abs": _row("abs", lambda x, y: (apply("sign", x),), smooth=False),
    "max": _row("maximum", lambda x, y, z: (_where(x >= y, 1.0, 0.0), _where(x >= y, 0.0, 1.0)),
                smooth=False),
    "min": _row("minimum", lambda x, y, z: (_where(x <= y, 1.0, 0.0), _where(x <= y, 0.0, 1.0)),
                smooth=False),
    # exponentials and logarithms
    "exp": _row("exp", lambda x, y: (y,)),
    "exp2": _row("exp2", lambda x, y: (y * log(2.0),)),
    "expm1": _row("expm1", lambda x, y: (y + 1.0,)),
    "log": _row("log", lambda x, y: (1.0 / x,)),
    "log2": _row("log2", lambda x, y: (1.0 / (x * log(2.0)),)),
    "log10": _row("log10", lambda x, y: (1.0 / (x * log(10.0)),)),
    "log1p": _row("log1p", lambda x, y: (1.0 / (1.0 + x),)),
    "logaddexp": _row("logaddexp", lambda x, y, z: (apply("logistic", x - y),
                                                    apply("logistic", y - x))),
    "logistic": _special("expit", lambda x, y: (y * (1.0 - y),)),
    "xlogy": _special("xlogy", lambda x, y, z: (apply("log", y), x / y)),
    # trigonometry
    "sin": _row("sin", lambda x, y: (apply("cos", x),)),
    "cos": _row("cos", lambda x, y: (-apply("sin", x),)),
    "tan": _row("tan", lambda x, y: (1.0 + y * y,)),
    "asin": _row("arcsin", lambda x, y: (1.0 / apply("sqrt", 1.0 - x * x),)),
    "acos": _row("arccos", lambda x, y: (-1.0 / apply("sqrt", 1.0 - x * x),)),
    "atan": _row("arctan", lambda x, y: (1.0 / (1.0 + x * x),)),
    "atan2": _row("arctan2", lambda y, x, z: (x / (x * x + y * y), -y / (x * x + y * y))),
    "sinh": _row("sinh", lambda x, y: (apply("cosh", x),)),
    "cosh": _row("cosh", lambda x, y: (apply("sinh", x),)),
    "tanh": _row("tanh", lambda x, y: (1.0 - y * y,)),
    "asinh": _row("arcsinh", lambda x, y: (1.0 / apply("sqrt", x * x + 1.0),)),
    "acosh": _row("arccosh", lambda x, y: (1.0 / apply("sqrt", (x - 1.0) * (x + 1.0)),)),
    "atanh": _row("arctanh", lambda x, y: (1.0 / ((1.0 - x) * (1.0 + x)),)),
    # functions of statistics and physics
    "erf": _special("erf", lambda x, y: (2.0 / sqrt(pi) * apply("exp", -(x * x)),)),
    "erfc": _special("erfc", lambda x, y: (-2.0 / sqrt(pi) * apply("exp", -(x * x)),)),
    "erf_inv": _special("erfinv", lambda x, y: (0.5 * sqrt(pi) * apply("exp", y * y),)),
    "gamma": _special("gamma", lambda x, y: (y * apply("digamma", x),)),
    "lgamma": _special("gammaln", lambda x, y: (apply("digamma", x),)),
    "digamma": _special("digamma", lambda x, y: (apply("trigamma", x),)),
    "trigamma": Row("taylored.readings.kernels:trigamma", "taylored.readings.kernels:jax_trigamma",
                    None),
    "bessel_j0": Row("scipy.special:j0", "taylored.readings.kernels:jax_j0",
                     lambda x, y: (-apply("bessel_j1", x),)),
    "bessel_j1": Row("scipy.special:j1", "taylored.readings.kernels:jax_j1",
                     lambda x, y: (apply("bessel_j0", x)
                                   - apply("where", apply("eq", x, 0.0), 0.5, y / x),)),
    # steps and comparisons
    "sign": _step("sign", 1), "floor": _step("floor", 1), "ceil": _step("ceil", 1),
    "round": _step("rint", 1), "lt": _step("less", 2), "le": _step("less_equal", 2),
    "gt": _step("greater", 2), "ge": _step("greater_equal", 2), "eq": _step("equal", 2),
    "ne": _step("not_equal", 2), "and": _step("logical_and", 2), "or": _step("logical_or", 2),
    "not": _step("logical_not", 1),
    "select_n": Row("taylored.readings.kernels:numpy_select",
                    "taylored.readings.kernels:jax_select",
                    None, smooth=False),
}  # fmt: skip
