"""Run a program in doubled precision: each value is an unevaluated sum of two float64.

Sums, products, quotients, powers and roots carry about 31 digits. Other functions are computed
in NumPy's long double where the machine has one (about 19 digits), else in float64. Sources:
T. J. Dekker, Numer. Math. 18 (1971); Y. Hida, X. Li, D. Bailey, ARITH-15 (2001).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from taylored.readings.facts import ELEMENTWISE, resolve
from taylored.trace.program import Equation, Program
from taylored.trace.rules import RuleTable
from taylored.trace.walk import walk

__all__ = ["RULES", "Pair", "add", "compile_doubled", "divide", "multiply", "subtract", "total"]

Pair = tuple[Any, Any]  # (high, low): the value is high + low, |low| <= ulp(high)/2

RULES = RuleTable("doubled-precision", "the fit is then given in float64 only.")

_SPLITTER = 134217729.0  # 2**27 + 1


def two_sum(a: Any, b: Any) -> Pair:
    """a + b exactly, as a rounded sum and its error (Knuth)."""
    s = a + b
    shadow = s - a
    return s, (a - (s - shadow)) + (b - shadow)


def _quick_sum(a: Any, b: Any) -> Pair:
    s = a + b
    return s, b - (s - a)


def two_product(a: Any, b: Any) -> Pair:
    """a * b exactly, as a rounded product and its error (Dekker; Veltkamp's splitting)."""
    p = a * b
    wide_a, wide_b = _SPLITTER * a, _SPLITTER * b
    a_high, b_high = wide_a - (wide_a - a), wide_b - (wide_b - b)
    a_low, b_low = a - a_high, b - b_high
    return p, ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low


def add(x: Pair, y: Pair) -> Pair:
    """The sum of two pairs."""
    s, e = two_sum(x[0], y[0])
    t, f = two_sum(x[1], y[1])
    s, e = _quick_sum(s, e + t)
    return _quick_sum(s, e + f)


def subtract(x: Pair, y: Pair) -> Pair:
    """The difference of two pairs."""
    return add(x, (-y[0], -y[1]))


def multiply(x: Pair, y: Pair) -> Pair:
    """The product of two pairs."""
    p, e = two_product(x[0], y[0])
    return _quick_sum(p, e + (x[0] * y[1] + x[1] * y[0]))


def divide(x: Pair, y: Pair) -> Pair:
    """The quotient of two pairs, by two steps of long division."""
    first = x[0] / y[0]
    rest = subtract(x, multiply(y, (first, np.zeros_like(first))))
    second = rest[0] / y[0]
    rest = subtract(rest, multiply(y, (second, np.zeros_like(second))))
    q, e = _quick_sum(first, second)
    return add((q, e), (rest[0] / y[0], np.zeros_like(first)))


def square_root(x: Pair) -> Pair:
    """The square root of a pair: one Newton step from float64 doubles the digits."""
    root = np.sqrt(x[0])
    rest = subtract(x, two_product(root, root))
    safe = np.where(root == 0.0, 1.0, root)
    return _quick_sum(root, np.where(root == 0.0, 0.0, rest[0] / (2.0 * safe)))


def total(x: Pair) -> Pair:
    """The sum over the first axis, pairwise."""
    high, low = x
    while len(high) > 1:
        half = (len(high) + 1) // 2
        rest = (high[half:], low[half:])
        top = (high[: len(high) - half], low[: len(low) - half])
        summed = add(top, rest)
        middle = slice(len(high) - half, half)
        high = np.concatenate([summed[0], high[middle]])
        low = np.concatenate([summed[1], low[middle]])
    return high[0], low[0]


@cache
def _has_long_double() -> bool:
    return np.finfo(np.longdouble).nmant > 52


def _through_long_double(equation: Equation) -> Callable[..., Pair]:
    function = resolve(ELEMENTWISE[equation.primitive].numpy)

    def run(*pairs: Pair) -> Pair:
        if _has_long_double():
            wide = [np.asarray(h, np.longdouble) + np.asarray(lo, np.longdouble) for h, lo in pairs]
            try:
                value = function(*wide, **equation.params)
                high = np.asarray(value, float)
                return high, np.asarray(value - high, float)
            except TypeError:
                pass  # SciPy's special functions take float64 only
        value = np.asarray(function(*(h for h, _ in pairs), **equation.params))
        return value, np.zeros(value.shape)

    return run


_EXACT: dict[str, Callable[..., Pair]] = {
    "add": add,
    "sub": subtract,
    "mul": multiply,
    "div": divide,
    "neg": lambda x: (-x[0], -x[1]),
    "sqrt": square_root,
    "abs": lambda x: (np.abs(x[0]), np.where(x[0] < 0, -x[1], x[1])),
}
RULES.family(_EXACT, lambda equation: _EXACT[equation.primitive])


def power(x: Pair, exponent: int) -> Pair:
    """A whole power of a pair, by repeated squaring."""
    one: Pair = (np.ones_like(x[0]), np.zeros_like(x[0]))
    if exponent < 0:
        return divide(one, power(x, -exponent))
    result, square = one, x
    while exponent:
        if exponent & 1:
            result = multiply(result, square)
        exponent >>= 1
        square = multiply(square, square) if exponent else square
    return result


@RULES.register("integer_pow")
def _integer_pow(equation: Equation) -> Callable[..., Pair]:
    return lambda x: power(x, equation.params["y"])


@RULES.register("select_n")
def _select(equation: Equation) -> Callable[..., Pair]:
    def run(condition: Pair, if_false: Pair, if_true: Pair) -> Pair:
        chosen = np.asarray(condition[0], bool)
        return (
            np.where(chosen, if_true[0], if_false[0]),
            np.where(chosen, if_true[1], if_false[1]),
        )

    return run


@RULES.register("max", "min")
def _extremum(equation: Equation) -> Callable[..., Pair]:
    sign = 1.0 if equation.primitive == "max" else -1.0

    def run(x: Pair, y: Pair) -> Pair:
        first = sign * (x[0] - y[0]) >= 0
        return np.where(first, x[0], y[0]), np.where(first, x[1], y[1])

    return run


RULES.family([n for n in ELEMENTWISE if n not in RULES], _through_long_double)


@RULES.register("broadcast_to", "broadcast_in_dim", "reshape", "squeeze", "expand_dims", "slice",
                "transpose", "copy", "copy_p", "rev", "convert_element_type")  # fmt: skip
def _structural(equation: Equation) -> Callable[..., Pair]:
    from taylored.readings.numpy import RULES as plain

    run = plain[equation.primitive](equation)
    return lambda x, *_: (run(np.asarray(x[0], float)), run(np.asarray(x[1], float)))


def compile_doubled(program: Program) -> Callable[..., list[Pair]]:
    """A function of the program's inputs (float64) that returns its outputs as pairs.

    Raises:
        MissingRule: for all equations without a rule at once.
    """
    RULES.require(program)
    functions = {e.outputs: RULES[e.primitive](e) for e in program.equations}

    def rule(equation: Equation, pairs: list[Pair]) -> Pair:
        return functions[equation.outputs](*pairs)

    return lambda *inputs: walk(program, [_exact(v) for v in inputs], rule, _exact)


def _exact(value: Any) -> Pair:
    high = np.asarray(value)
    high = high if high.dtype == bool else high.astype(float)
    return high, np.zeros(high.shape)
