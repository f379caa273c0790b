"""Arithmetic on pairs (lower, upper) of arrays of end points, each operation rounded outward.

A pair encloses an exact number (or a range) for each entry. Rows of coefficients have the order
as their first axis.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from taylored.readings.interval.executor import Executor

__all__ = [
    "Numbers",
    "Pair",
    "add",
    "call",
    "clip",
    "column",
    "constant",
    "floats",
    "hull",
    "magnitude",
    "minus",
    "ones",
    "outward",
    "positive_minus",
    "powers",
    "product",
    "ratio",
    "scale",
    "sub",
    "times",
    "total",
    "where",
    "zeros",
]

Pair = tuple[Any, Any]

_HUGE = 1e308  # a lower bound of what overflows, past the rounding of a chain of products

_PI = Fraction("3.14159265358979323846264338327950288419716939937510582097494")
_LN2 = Fraction("0.69314718055994530941723212145817656807550013436025525412068")
_LN10 = Fraction("2.30258509299404568401799145468436420760110148862877297603333")
_ROOT_PI = Fraction("1.77245385090551602729816748334114518279754945612238712821381")
_HALF_LOG_TAU = Fraction("0.91893853320467274178032973640561763986139747363778341281715")

# Each constant, and how it comes about from a function where numbers are not float64.
_CONSTANTS = {
    "pi": (_PI, "acos", -1.0),
    "ln2": (_LN2, "log", 2.0),
    "ln10": (_LN10, "log", 10.0),
    "root_pi": (_ROOT_PI, "gamma", 0.5),
    "half_log_tau": (_HALF_LOG_TAU, "half_log_tau", 1.0),
}


class Numbers:
    """Exact rational numbers, a row of them for each order, as an executor needs them.

    In float64 they are rounded to nearest; whoever multiplies by them counts half a unit for it.
    """

    def __init__(self, rows: Sequence[Sequence[Fraction | int]]):
        self.exact = np.array([[abs(Fraction(v)) for v in row] for row in rows], object)
        self.negative = np.array([[v < 0 for v in row] for row in rows], bool)
        self.signed = bool(self.negative.any())
        above = np.array([[_float(abs(v)) for v in row] for row in rows], float)
        # What overflows is taken for a number below it in products that are rounded down.
        self._floats = np.minimum(above, _HUGE), above
        self._split = [np.where(s, v, 0.0) for s in (~self.negative, self.negative)
                       for v in self._floats]  # fmt: skip

    def of(self, e: Executor) -> Pair:
        """Their magnitudes, for products that are rounded down and up."""
        if e.name != "flint":
            return self._floats
        ratio = _parts(self.exact, "numerator", e) / _parts(self.exact, "denominator", e)
        return ratio, ratio

    def split(self, e: Executor) -> Sequence[Any]:
        """The magnitudes of the positive ones (below, above), and of the negative ones."""
        if e.name != "flint":
            return self._split
        ratio, zero = self.of(e)[0], e.array(0.0)
        first, second = (np.where(s, ratio, zero) for s in (~self.negative, self.negative))
        return first, first, second, second

    def on(self, e: Executor, x: Pair) -> Pair:
        """The sums over j of number[k, j] * x[j], for nonnegative x of any shape."""
        terms = self.negative.shape[1]
        shape = (self.negative.shape[0], *x[0].shape[1:])
        low, high = (v.reshape(terms, -1) for v in x)
        below, above, less_below, less_above = self.split(e)
        first = (
            _positive(e, _sum_down(e, below @ low, terms)).reshape(shape),
            _sum_up(e, above @ high, terms).reshape(shape),
        )
        if not self.signed:
            return first
        second = (
            _sum_down(e, less_below @ low, terms).reshape(shape),
            _sum_up(e, less_above @ high, terms).reshape(shape),
        )
        return sub(e, first, second)


def _float(value: Fraction | int) -> float:
    try:
        return float(value)
    except OverflowError:
        return np.inf


def _parts(values: Any, part: str, e: Executor) -> Any:
    return e.array(np.frompyfunc(lambda v: getattr(v, part), 1, 1)(values))


def _sum_down(e: Executor, v: Any, terms: int) -> Any:
    """A sum of products, each of which may have lost what underflows."""
    return e.down(v - terms * e.up(e.array(0.0)), terms + 3)


def _sum_up(e: Executor, v: Any, terms: int) -> Any:
    return e.up(v + terms * e.up(e.array(0.0)), terms + 3)


def _positive(e: Executor, v: Any) -> Any:
    return e.xp.maximum(v, e.array(0.0))


def column(values: Iterable[float], e: Executor | None = None, axes: int = 2) -> Any:
    """One number for each order, as an array that broadcasts against rows of coefficients."""
    array = np.asarray(list(values), float)
    array = array.reshape(-1, *(1,) * axes)
    return array if e is None else e.array(array)


def call(e: Executor, name: str, *x: Any) -> Pair:
    """A function of exact numbers."""
    return e.below(name, *x), e.above(name, *x)


def add(e: Executor, a: Pair, b: Pair) -> Pair:
    return e.down(a[0] + b[0]), e.up(a[1] + b[1])


def sub(e: Executor, a: Pair, b: Pair) -> Pair:
    return e.down(a[0] - b[1]), e.up(a[1] - b[0])


def positive_minus(e: Executor, a: Pair, b: Pair) -> Pair:
    """a - b where it is known to be nonnegative."""
    low, high = sub(e, a, b)
    return _positive(e, low), _positive(e, high)


def minus(a: Pair) -> Pair:
    return -a[1], -a[0]


def hull(e: Executor, *pairs: Pair) -> Pair:
    low, high = pairs[0]
    for a, b in pairs[1:]:
        low, high = e.xp.minimum(low, a), e.xp.maximum(high, b)
    return low, high


def where(e: Executor, condition: Any, a: Pair, b: Pair) -> Pair:
    return e.xp.where(condition, a[0], b[0]), e.xp.where(condition, a[1], b[1])


def clip(e: Executor, a: Pair, low: float, high: float) -> Pair:
    """The part of a pair that lies between two exact numbers."""
    one, other = e.array(low), e.array(high)
    return (
        e.xp.minimum(e.xp.maximum(a[0], one), other),
        e.xp.maximum(e.xp.minimum(a[1], other), one),
    )


def magnitude(e: Executor, lo: Any, hi: Any) -> tuple[Any, Any, Any]:
    """|lo|, |hi|, and the least magnitude of a number between them."""
    a, b = abs(lo), abs(hi)
    across = (lo <= 0) & (hi >= 0)
    return a, b, e.xp.where(across, e.array(0.0), e.xp.minimum(a, b))


def times(e: Executor, a: Pair, b: Pair) -> Pair:
    """a * b for nonnegative b."""
    low = a[0] * e.xp.where(a[0] < 0, b[1], b[0])
    high = a[1] * e.xp.where(a[1] < 0, b[0], b[1])
    return e.down(low), e.up(high)


def product(e: Executor, a: Pair, b: Pair) -> Pair:
    """a * b for any signs."""
    products = [x * y for x in a for y in b]
    below, above = [e.down(p) for p in products], [e.up(p) for p in products]
    lowest, highest = e.xp.minimum, e.xp.maximum
    return (
        lowest(lowest(below[0], below[1]), lowest(below[2], below[3])),
        highest(highest(above[0], above[1]), highest(above[2], above[3])),
    )


def total(e: Executor, terms: Pair, axis: int) -> Pair:
    """Sums of any signs along an axis."""
    count = np.shape(terms[0])[axis]
    sizes = [abs(v).sum(axis=axis) for v in terms]
    low, high = (v.sum(axis=axis) for v in terms)
    # Rounding is relative to the sum of the magnitudes: half a unit for each term, in any order.
    reach = [e.up(e.up(size, count / 2 + 3) - size) for size in sizes]
    return e.down(low - reach[0], 2), e.up(high + reach[1], 2)


def ratio(e: Executor, a: Pair, b: Pair) -> Pair:
    """a / b for nonnegative a and positive b (unbounded where b may be 0)."""
    safe = e.xp.where(b[0] > 0, b[0], e.array(1.0))
    high = e.xp.where(b[0] > 0, e.up(a[1] / safe), e.array(np.inf))
    return _positive(e, e.down(a[0] / b[1])), high


def powers(e: Executor, x: Pair, degree: int) -> Pair:
    """1, x, ..., x**degree for nonnegative x, as rows."""
    low, high = x
    one, huge = ones(e, low), e.array(_HUGE)
    below, above = [one, e.xp.minimum(low, huge)], [one, high]
    for _ in range(degree - 1):
        below.append(below[-1] * low)
        above.append(above[-1] * high)
    if degree < 2:
        return e.xp.stack(below[: degree + 1]), e.xp.stack(above[: degree + 1])
    lows = e.xp.minimum(e.down(e.xp.stack(below[2:]), degree), huge)
    highs = e.up(e.xp.stack(above[2:]), degree)
    join = e.xp.concatenate
    return (
        join([e.xp.stack(below[:2]), _positive(e, lows)]),
        join([e.xp.stack(above[:2]), highs]),
    )


def scale(e: Executor, x: Pair, numbers: Numbers) -> Pair:
    """Rows times one exact number each."""
    below, above = (v.reshape(-1, *(1,) * (np.ndim(x[0]) - 1)) for v in numbers.of(e))
    low = x[0] * e.xp.where(x[0] < 0, above, below)
    high = x[1] * e.xp.where(x[1] < 0, below, above)
    low, high = e.down(low, 2), e.up(high, 2)
    if not numbers.signed:
        return low, high
    negative = numbers.negative.reshape(-1, *(1,) * (np.ndim(x[0]) - 1))
    return where(e, negative, (-high, -low), (low, high))


def zeros(e: Executor, like: Any) -> Any:
    return e.array(np.zeros(np.shape(like)))


def ones(e: Executor, like: Any) -> Any:
    return e.array(np.ones(np.shape(like)))


def floats(e: Executor, x: Any, up: bool) -> Any:
    """End points as float64, for comparisons with tables."""
    return e.floats(x, up) if e.name == "flint" else x


@lru_cache(maxsize=64)
def outward(value: Fraction, error: Fraction = Fraction(0)) -> tuple[float, float]:
    """The float64 interval around `value` +- `error`."""
    low, high = float(value - error), float(value + error)
    low = low if Fraction(low) <= value - error else float(np.nextafter(low, -np.inf))
    high = high if Fraction(high) >= value + error else float(np.nextafter(high, np.inf))
    return low, high


def constant(e: Executor, name: str) -> Pair:
    """pi, log 2, log 10, the square root of pi, or log(2*pi)/2."""
    value, function, argument = _CONSTANTS[name]
    if e.name == "flint":
        return call(e, function, e.array(argument))
    low, high = outward(value, value / 10**50)
    return e.array(low), e.array(high)
