"""Elementwise functions of python-flint's balls, by the names of the primitives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["BALLS"]


def _method(name: str) -> Callable[[Any], Any]:
    return lambda x: getattr(x, name)()


def _integer_pow(x: Any, y: int = 1) -> Any:
    return x ** int(y)


def _pow(x: Any, y: Any) -> Any:
    if x == 0 and y.is_exact() and y != 0:
        return type(x)(0) if y > 0 else type(x)("inf")
    return x**y


def _cbrt(x: Any) -> Any:
    if x == 0:
        return x
    return -(-x).root(3) if x < 0 else x.root(3)


def _logistic(x: Any) -> Any:
    if x == type(x)("-inf"):
        return type(x)(0)
    return 1 / (1 + (-x).exp())


def _logaddexp(x: Any, y: Any) -> Any:
    return x.max(y) + (-abs(x - y)).exp().log1p()


def _xlogy(x: Any, y: Any) -> Any:
    return type(x)(0) if x == 0 else x * y.log()


def _log_base(base: int) -> Callable[[Any], Any]:
    return lambda x: x.log() / type(x)(base).log()


def _trigamma(x: Any) -> Any:
    return type(x)(2).zeta(x)


def _atan2(y: Any, x: Any) -> Any:
    if x == type(x)("inf") and y.is_finite():
        return type(x)(0)
    return type(x).atan2(y, x)


def _with_limits(name: str, left: str, right: str) -> Callable[[Any], Any]:
    """A method that python-flint answers with nan at -inf and inf, with the limits there."""

    def function(x: Any) -> Any:
        if x.is_exact() and not x.is_finite() and not x.is_nan():
            return type(x)(right if x > 0 else left)
        return getattr(x, name)()

    return function


BALLS: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "neg": lambda x: -x,
    "abs": abs,
    "max": lambda x, y: x.max(y),
    "min": lambda x, y: x.min(y),
    "pow": _pow,
    "integer_pow": _integer_pow,
    "cbrt": _cbrt,
    "exp2": lambda x: type(x)(2) ** x,
    "log2": _log_base(2),
    "log10": _log_base(10),
    "logistic": _logistic,
    "logaddexp": _logaddexp,
    "xlogy": _xlogy,
    "atan2": _atan2,
    "erf_inv": _method("erfinv"),
    "trigamma": _trigamma,
    "bessel_j0": lambda x: x.bessel_j(0),
    "bessel_j1": lambda x: x.bessel_j(1),
    "sinc0": _method("sinc"),
    "erf": _with_limits("erf", "-1", "1"),
    "erfc": _with_limits("erfc", "2", "0"),
    "lgamma": _with_limits("lgamma", "nan", "inf"),
    "digamma": _with_limits("digamma", "nan", "inf"),
    "hurwitz": lambda s, x: s.zeta(x),
    "half_log_tau": lambda x: (2 * type(x).pi()).log() / 2,
    **{
        name: _method(name)
        for name in (
            "sqrt", "rsqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "asin", "acos",
            "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "gamma",
        )
    },
}  # fmt: skip
