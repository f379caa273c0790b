"""The exponential function, written out: a call inside a loop would empty all vector registers.

exp(x) = 2**n * exp(r) with n = round(x/log 2), r = x - n*log 2 in two parts; exp(r) by its Taylor
polynomial, whose remainder for |r| <= log(2)/2 is below half a unit in the last place.
"""

from __future__ import annotations

from math import factorial, log
from typing import Any

from taylored.native.vectors import Vectors

__all__ = ["exponential"]

# log 2 in two parts, the first short enough for n*high to be exact; the degree of the polynomial;
# the bits of the fraction and of the exponent's bias; the range of x.
_LOG2_HIGH = {64: float.fromhex("0x1.62e42fee00000p-1"), 32: float.fromhex("0x1.62e400p-1")}
_LOG2_LOW = {64: float.fromhex("0x1.a39ef35793c76p-33"), 32: float.fromhex("0x1.7f7d1cp-20")}
_DEGREE = {64: 13, 32: 7}
_FRACTION = {64: 52, 32: 23}
_BIAS = {64: 1023, 32: 127}
_ONE_OVER_LOG2 = 1.0 / log(2.0)


def exponential(v: Vectors, x: Any) -> Any:
    """exp(x) to about one unit in the last place; below the normal numbers zero."""
    b, bias = v.builder, _BIAS[v.bits]
    n = v.intrinsic("rint", v.mul(x, v.constant(_ONE_OVER_LOG2)))
    minus = b.fneg(n)
    r = v.fma(minus, v.constant(_LOG2_HIGH[v.bits]), x)
    r = v.fma(minus, v.constant(_LOG2_LOW[v.bits]), r)
    value = _polynomial(v, r, _DEGREE[v.bits])
    whole = b.fptosi(_within(v, n, bias), v.wholes)
    power = b.shl(b.add(whole, v.integer(bias - 1)), v.integer(_FRACTION[v.bits]))
    # 2**(n - 1), doubled afterwards: so that n = bias + 1 is not infinite too early.
    value = v.mul(v.mul(value, b.bitcast(power, v.type)), v.constant(2.0))
    largest, smallest = (bias + 1) * log(2.0), (1.0 - bias) * log(2.0)
    value = v.select(v.compare(">", x, v.constant(largest)), v.constant(float("inf")), value)
    value = v.select(v.compare("<", x, v.constant(smallest)), v.constant(0.0), value)
    return v.select(b.fcmp_unordered("!=", x, x), x, value)


def _within(v: Vectors, n: Any, bias: int) -> Any:
    """n where 2**(n - 1) is a normal number; else a neighbor of its, for another branch."""
    b = v.builder
    low, high = v.constant(2.0 - bias), v.constant(bias + 1.0)
    n = b.select(b.fcmp_ordered(">", n, low), n, low)
    return b.select(b.fcmp_ordered("<", n, high), n, high)


def _polynomial(v: Vectors, r: Any, degree: int) -> Any:
    """1 + r + r**2/2 + ...: pairs of terms side by side, for less waiting."""
    square = v.mul(r, r)
    pairs = [
        v.fma(v.constant(1.0 / factorial(k + 1)), r, v.constant(1.0 / factorial(k)))
        for k in range(2, degree, 2)
    ]
    tail = pairs[-1]
    for pair in reversed(pairs[:-1]):
        tail = v.fma(tail, square, pair)
    # The large terms come last, so that little is rounded.
    return v.add(v.constant(1.0), v.fma(tail, square, r))
