"""Elementwise primitives as operations on vectors: one row per function."""

from __future__ import annotations

from collections.abc import Callable
from math import log, pi
from typing import Any

from taylored.native.exponential import exponential
from taylored.native.special import special_function
from taylored.native.vectors import Vectors
from taylored.trace.program import Equation

__all__ = ["FUNCTIONS", "apply_equation"]


def _library(name: str) -> Callable:
    return lambda v, *values: v.call(name, *values)


def _intrinsic(name: str) -> Callable:
    return lambda v, x: v.intrinsic(name, v.number(x))


def _special(name: str) -> Callable:
    return lambda v, x: special_function(v, name, v.number(x))


def _compare(operator: str) -> Callable:
    return lambda v, a, b: v.compare(operator, a, b)


def _sign(v: Vectors, x: Any) -> Any:
    zero = v.constant(0.0)
    above = v.select(v.compare(">", x, zero), v.constant(1.0), v.number(x))
    return v.select(v.compare("<", x, zero), v.constant(-1.0), above)


def _logistic(v: Vectors, x: Any) -> Any:
    one = v.constant(1.0)
    return v.div(one, v.add(one, exponential(v, v.sub(v.constant(0.0), x))))


def _logaddexp(v: Vectors, a: Any, b: Any) -> Any:
    larger = v.maximum(a, b)
    apart = v.sub(v.minimum(a, b), larger)
    safe = v.select(v.compare("==", a, b), v.constant(0.0), apart)  # inf - inf
    return v.add(larger, v.call("log1p", exponential(v, safe)))


def _xlogy(v: Vectors, x: Any, y: Any) -> Any:
    nothing = v.builder.and_(v.compare("==", x, v.constant(0.0)), v.compare("==", y, y))
    return v.select(nothing, v.constant(0.0), v.mul(x, v.call("log", y)))


def _mod(v: Vectors, a: Any, b: Any) -> Any:
    whole = v.intrinsic("floor", v.div(a, b))
    return v.sub(a, v.mul(whole, b))


def _not(v: Vectors, x: Any) -> Any:
    return v.builder.not_(v.condition(x))


def _log(factor: float) -> Callable:
    return lambda v, x: v.mul(v.call("log", x), v.constant(factor))


FUNCTIONS: dict[str, Callable] = {
    "add": Vectors.add, "sub": Vectors.sub, "mul": Vectors.mul, "div": Vectors.div,
    "neg": lambda v, x: v.builder.fneg(v.number(x)),
    "max": Vectors.maximum, "min": Vectors.minimum,
    "abs": _intrinsic("fabs"), "sqrt": _intrinsic("sqrt"),
    "rsqrt": lambda v, x: v.div(v.constant(1.0), v.intrinsic("sqrt", v.number(x))),
    "floor": _intrinsic("floor"), "ceil": _intrinsic("ceil"), "round": _intrinsic("rint"),
    "sign": _sign, "mod": _mod, "pow": _library("pow"), "cbrt": _library("cbrt"),
    "exp": lambda v, x: exponential(v, v.number(x)),
    "exp2": lambda v, x: exponential(v, v.mul(x, v.constant(log(2.0)))),
    "expm1": _library("expm1"), "log": _library("log"), "log1p": _library("log1p"),
    "log2": _log(1.0 / log(2.0)), "log10": _log(1.0 / log(10.0)),
    "logistic": _logistic, "logaddexp": _logaddexp, "xlogy": _xlogy,
    "sin": _library("sin"), "cos": _library("cos"), "tan": _library("tan"),
    "asin": _library("asin"), "acos": _library("acos"), "atan": _library("atan"),
    "atan2": _library("atan2"), "sinh": _library("sinh"), "cosh": _library("cosh"),
    "tanh": _library("tanh"), "asinh": _library("asinh"), "acosh": _library("acosh"),
    "atanh": _library("atanh"), "erf": _library("erf"), "erfc": _library("erfc"),
    "radians": lambda v, x: v.mul(x, v.constant(pi / 180.0)),
    "erf_inv": _special("erfinv"), "gamma": _special("gamma"), "lgamma": _special("gammaln"),
    "digamma": _special("psi"), "bessel_j0": _special("j0"), "bessel_j1": _special("j1"),
    "lt": _compare("<"), "le": _compare("<="), "gt": _compare(">"), "ge": _compare(">="),
    "eq": _compare("=="), "ne": _compare("!="),
    "and": lambda v, a, b: v.builder.and_(v.condition(a), v.condition(b)),
    "or": lambda v, a, b: v.builder.or_(v.condition(a), v.condition(b)),
    "not": _not,
    "select_n": lambda v, condition, no, yes: v.select(condition, yes, no),
}  # fmt: skip


def _integer_power(v: Vectors, x: Any, power: int) -> Any:
    """x**power by repeated squaring."""
    if power < 0:
        return v.div(v.constant(1.0), _integer_power(v, x, -power))
    result, square = None, v.number(x)
    while power:
        if power & 1:
            result = square if result is None else v.mul(result, square)
        power >>= 1
        square = v.mul(square, square) if power else square
    return v.constant(1.0) if result is None else result


def apply_equation(v: Vectors, equation: Equation, values: list[Any]) -> Any:
    """The result of an elementwise equation."""
    if equation.primitive == "integer_pow":
        return _integer_power(v, values[0], equation.params["y"])
    return FUNCTIONS[equation.primitive](v, *values)
