"""The truth about elementwise functions, from mpmath: any number of digits, none of our code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from taylored.errors import MissingExtraError

__all__ = ["ORACLES", "Oracle", "mpmath", "oracle"]


def mpmath() -> Any:
    """The module mpmath.

    Raises:
        MissingExtraError: where it is not installed.
    """
    try:
        import mpmath as module
    except ImportError:
        raise MissingExtraError(
            "taylored.testing needs mpmath, which is not installed.",
            next_step="pip install 'taylored[test]'",
        ) from None
    return module


@dataclass(frozen=True, slots=True)
class Oracle:
    """A function of mpmath's numbers, and how many of them it takes."""

    value: Callable[..., Any]
    inputs: int = 1


def _mp(name: str) -> Oracle:
    return Oracle(lambda x: getattr(mpmath(), name)(x))


def _of(value: Callable[..., Any], inputs: int = 1) -> Oracle:
    return Oracle(value, inputs)


def _sign(x: Any) -> Any:
    return mpmath().sign(x)


def _xlogy(x: Any, y: Any) -> Any:
    return x * mpmath().log(y) if x else mpmath().mpf(0)


# Names are those of primitives; "erfinv" and the like are their names in formulas.
ORACLES: Mapping[str, Oracle] = MappingProxyType({
    "add": _of(lambda x, y: x + y, 2), "sub": _of(lambda x, y: x - y, 2),
    "mul": _of(lambda x, y: x * y, 2), "div": _of(lambda x, y: x / y, 2),
    "pow": _of(lambda x, y: mpmath().power(x, y), 2),
    "atan2": _of(lambda y, x: mpmath().atan2(y, x), 2),
    "max": _of(lambda x, y: x if x >= y else y, 2), "min": _of(lambda x, y: x if x <= y else y, 2),
    "logaddexp": _of(lambda x, y: mpmath().log(mpmath().exp(x) + mpmath().exp(y)), 2),
    "xlogy": _of(_xlogy, 2), "neg": _of(lambda x: -x), "abs": _of(abs), "sign": _of(_sign),
    "sqrt": _mp("sqrt"), "cbrt": _of(lambda x: _sign(x) * mpmath().cbrt(abs(x))),
    "rsqrt": _of(lambda x: 1 / mpmath().sqrt(x)),
    "exp": _mp("exp"), "exp2": _of(lambda x: mpmath().power(2, x)), "expm1": _mp("expm1"),
    "log": _mp("log"), "log2": _of(lambda x: mpmath().log(x, 2)), "log10": _mp("log10"),
    "log1p": _mp("log1p"), "logistic": _of(lambda x: 1 / (1 + mpmath().exp(-x))),
    "sin": _mp("sin"), "cos": _mp("cos"), "tan": _mp("tan"), "asin": _mp("asin"),
    "acos": _mp("acos"), "atan": _mp("atan"), "sinh": _mp("sinh"), "cosh": _mp("cosh"),
    "tanh": _mp("tanh"), "asinh": _mp("asinh"), "acosh": _mp("acosh"), "atanh": _mp("atanh"),
    "erf": _mp("erf"), "erfc": _mp("erfc"), "erf_inv": _mp("erfinv"), "gamma": _mp("gamma"),
    "lgamma": _of(lambda x: mpmath().log(abs(mpmath().gamma(x)))), "digamma": _mp("digamma"),
    "trigamma": _of(lambda x: mpmath().polygamma(1, x)),
    "bessel_j0": _of(lambda x: mpmath().besselj(0, x)),
    "bessel_j1": _of(lambda x: mpmath().besselj(1, x)),
    "floor": _mp("floor"), "ceil": _mp("ceil"),
    "round": _of(lambda x: mpmath().nint(x)),  # halves go to the even neighbor, as in NumPy
})  # fmt: skip


def oracle(primitive: str) -> Oracle:
    """The truth about a primitive.

    Raises:
        KeyError: for a primitive that is not elementwise, or has no numbers as its value.
    """
    return ORACLES[primitive]
