"""Elementary functions of truncated Taylor series, by recurrences that go degree by degree.

With the Euler operator E, which multiplies a coefficient by its degree, y = f(u) has
E y = f'(u) E u in any number of variables. Series are arrays (coefficients, *rest).
Source: Griewank and Walther, Evaluating Derivatives (2nd edition, 2008), chapter 13.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from taylored.readings.jet.space import Space

__all__ = ["FUNCTIONS", "Algebra", "atan2", "exp", "integral", "power", "quotient", "whole_power"]

# Products that are held at a time: as many as stay in the cache.
_BLOCK = 1 << 15
# Elements from which sums over slices of one variable's series beat sums over gathered pairs.
_WIDE = 64


class Algebra:
    """Products of series in a space up to a degree, with numbers of one type.

    In one variable `rest` may be () (one function of one variable, where every call counts), else
    it is one axis.
    """

    def __init__(self, space: Space, degree: int, dtype: Any):
        self.space, self.dtype = space, np.dtype(dtype)
        self.degree = degree if space.variables else 0
        counts = [space.count(d) for d in range(-1, self.degree + 1)]
        self.size = counts[-1]
        self.blocks = [slice(a, b) for a, b in pairwise(counts)]
        self.orders = {n: d for d, n in reversed(list(enumerate(counts[1:])))}
        self.steps = range(1, self.degree + 1)
        self._line = space.degrees[: self.size].astype(self.dtype)
        self._plain = space.variables == 1

    @cached_property
    def _column(self) -> np.ndarray:
        return self._line[:, None]

    def degrees(self, a: np.ndarray) -> np.ndarray:
        """The degree of each coefficient, to be multiplied with `a`."""
        return (self._line if a.ndim == 1 else self._column)[: len(a)]

    def number(self, value: Any) -> Any:
        """A number of this type."""
        return self.dtype.type(value)

    def euler(self, a: np.ndarray) -> np.ndarray:
        """Each coefficient times its degree."""
        return a * self.degrees(a)

    def empty(self, like: np.ndarray) -> np.ndarray:
        """Room for a series up to the degree."""
        return np.empty((self.size, *like.shape[1:]), self.dtype)

    def terms(self, a: np.ndarray, b: np.ndarray, d: int, first: int, least: int) -> Any:
        """Degree d of a*b, without the degrees of a below `first` and those of b below `least`."""
        low = max(first, d - self.orders[len(b)])
        high = min(self.orders[len(a)], d - least)
        if high < low:
            return 0.0
        if self._plain:
            x, y = a[low : high + 1], b[d - high : d - low + 1][::-1]
            return x.dot(y) if a.ndim == 1 else np.add.reduce(x * y, axis=0)
        return self._summed(a, b, ((low, high), (d - high, d - low), (d, d)))

    def product(self, a: np.ndarray, b: np.ndarray, top: int | None = None) -> np.ndarray:
        """a*b, up to a degree."""
        first, second = self.orders[len(a)], self.orders[len(b)]
        degree = min(first + second, self.degree if top is None else top)
        if not first or not second:
            size = self.space.count(degree)
            return a[:1] * b[:size] if not first else a[:size] * b[:1]
        if self._plain and a.ndim > 1 and a.shape[1] >= _WIDE:
            return np.stack([self.terms(a, b, d, 0, 0) for d in range(degree + 1)])
        return self._summed(a, b, ((0, first), (0, second), (0, degree)))

    def _summed(self, a: np.ndarray, b: np.ndarray, ranges: tuple) -> np.ndarray:
        pairs = self.space.pairs(*ranges)
        left, right, starts = pairs.left, pairs.right, pairs.starts
        width = a.shape[1] if a.ndim > 1 else 1
        if a.ndim == 1 or len(left) * width <= _BLOCK:
            return np.add.reduceat(a.take(left, 0) * b.take(right, 0), starts, axis=0)
        out = np.empty((len(starts), *a.shape[1:]), self.dtype)
        step = max(1, _BLOCK // len(left))
        for k in range(0, width, step):
            x, y = a[:, k : k + step].take(left, 0), b[:, k : k + step].take(right, 0)
            np.add.reduceat(x * y, starts, axis=0, out=out[:, k : k + step])
        return out

    def with_value(self, a: np.ndarray, value: Any) -> np.ndarray:
        """The same with another constant term."""
        a = a.copy()
        a[0] = value
        return a


def integral(w: Algebra, z: np.ndarray, value: Any) -> np.ndarray:
    """The series y with E y = z and this value."""
    y = w.empty(z)
    y[1 : len(z)] = z[1:] / w.degrees(z)[1:]
    y[len(z) :] = 0
    y[0] = value
    return y


def quotient(w: Algebra, x: np.ndarray, u: np.ndarray) -> np.ndarray:
    """x/u, which spares a product with the reciprocal, and its errors."""
    y = w.empty(u)
    y[0] = x[0] / u[0]
    known = w.orders[len(x)]
    for d in w.steps:
        block = w.blocks[d]
        rest = w.terms(u, y, d, 1, 0)
        y[block] = ((x[block] - rest) if d <= known else -rest) / u[0]
    return y


def _recip(w: Algebra, u: np.ndarray) -> np.ndarray:
    return quotient(w, np.ones((1, *u.shape[1:]), w.dtype), u)


# ---- powers ----


def power(w: Algebra, u: np.ndarray, p: Any, value: Any) -> np.ndarray:
    """u**p with this value: u E y = p y E u."""
    y = w.empty(u)
    y[0] = value
    degrees = w.degrees(u)
    weights = p * degrees
    for d in w.steps:
        left = u * (weights - (d - degrees))
        y[w.blocks[d]] = w.terms(left, y, d, 1, 0) / (d * u[0])
    return y


def whole_power(w: Algebra, u: np.ndarray, n: int) -> np.ndarray:
    """u**n by repeated squaring, which is right where u is 0 too."""
    if n < 0:
        return whole_power(w, _recip(w, u), -n)
    result, square = None, u
    while n:
        if n & 1:
            result = square if result is None else w.product(result, square)
        n >>= 1
        square = w.product(square, square) if n else square
    return np.ones((1, *u.shape[1:]), w.dtype) if result is None else result


def _sqrt(w: Algebra, u: np.ndarray) -> np.ndarray:
    return power(w, u, w.number(0.5), np.sqrt(u[0]))


def _rsqrt(w: Algebra, u: np.ndarray) -> np.ndarray:
    return power(w, u, w.number(-0.5), 1 / np.sqrt(u[0]))


def _cbrt(w: Algebra, u: np.ndarray) -> np.ndarray:
    return power(w, u, w.number(1) / w.number(3), np.cbrt(u[0]))


# ---- exponentials and logarithms ----


def exp(w: Algebra, u: np.ndarray, value: Any = None) -> np.ndarray:
    """exp(u), or a multiple of it that has this value: E y = y E u."""
    y, slope = w.empty(u), w.euler(u)
    y[0] = np.exp(u[0]) if value is None else value
    for d in w.steps:
        y[w.blocks[d]] = w.terms(slope, y, d, 1, 0) / d
    return y


def _exp2(w: Algebra, u: np.ndarray) -> np.ndarray:
    return exp(w, u * np.log(w.number(2)), np.exp2(u[0]))


def _expm1(w: Algebra, u: np.ndarray) -> np.ndarray:
    return w.with_value(exp(w, u), np.expm1(u[0]))


def _log(w: Algebra, u: np.ndarray, value: Any = None) -> np.ndarray:
    return integral(w, quotient(w, w.euler(u), u), np.log(u[0]) if value is None else value)


def _log2(w: Algebra, u: np.ndarray) -> np.ndarray:
    return w.with_value(_log(w, u) / np.log(w.number(2)), np.log2(u[0]))


def _log10(w: Algebra, u: np.ndarray) -> np.ndarray:
    return w.with_value(_log(w, u) / np.log(w.number(10)), np.log10(u[0]))


def _log1p(w: Algebra, u: np.ndarray) -> np.ndarray:
    return _log(w, w.with_value(u, 1 + u[0]), np.log1p(u[0]))


def _logistic(w: Algebra, u: np.ndarray) -> np.ndarray:
    """E p = p (1 - p) E u, where the coefficients of p (1 - p) are sums of small numbers only."""
    p, slope, r = w.empty(u), w.euler(u), w.empty(u)
    small = np.exp(-abs(u[0]))
    p[0] = np.where(u[0] < 0, small, 1) / (1 + small)
    r[0] = small / (1 + small) ** 2
    difference = np.tanh(u[0] / 2)
    for d in w.steps:
        block = w.blocks[d]
        p[block] = w.terms(slope, r, d, 1, 0) / d
        r[block] = -difference * p[block] - w.terms(p, p, d, 1, 1)
    return p


def _softplus(w: Algebra, u: np.ndarray) -> np.ndarray:
    value = np.maximum(u[0], 0) + np.log1p(np.exp(-abs(u[0])))
    return integral(w, w.product(w.euler(u), _logistic(w, u)), value)


# ---- trigonometric and hyperbolic ----


def _pair(w: Algebra, u: np.ndarray, functions: tuple, sign: int) -> tuple[Any, Any]:
    """sine and cosine, or the hyperbolic ones: E s = c E u, E c = sign s E u."""
    s, c, slope = w.empty(u), w.empty(u), w.euler(u)
    s[0], c[0] = (function(u[0]) for function in functions)
    for d in w.steps:
        block = w.blocks[d]
        s[block] = w.terms(slope, c, d, 1, 0) / d
        c[block] = w.terms(slope, s, d, 1, 0) / (sign * d)
    return s, c


def _sin(w: Algebra, u: np.ndarray) -> np.ndarray:
    return _pair(w, u, (np.sin, np.cos), -1)[0]


def _cos(w: Algebra, u: np.ndarray) -> np.ndarray:
    return _pair(w, u, (np.sin, np.cos), -1)[1]


def _sinh(w: Algebra, u: np.ndarray) -> np.ndarray:
    return _pair(w, u, (np.sinh, np.cosh), 1)[0]


def _cosh(w: Algebra, u: np.ndarray) -> np.ndarray:
    return _pair(w, u, (np.sinh, np.cosh), 1)[1]


def _riccati(w: Algebra, u: np.ndarray, starts: tuple[Any, Any], sign: int) -> np.ndarray:
    """y with E y = r E u and r = 1 + sign y**2; the values of y and r are given."""
    y, r, slope = w.empty(u), w.empty(u), w.euler(u)
    y[0], r[0] = starts
    for d in w.steps:
        block = w.blocks[d]
        y[block] = w.terms(slope, r, d, 1, 0) / d
        r[block] = sign * w.terms(y, y, d, 0, 0)
    return y


def _tan(w: Algebra, u: np.ndarray) -> np.ndarray:
    value = np.tan(u[0])
    return _riccati(w, u, (value, 1 + value * value), 1)


def _tanh(w: Algebra, u: np.ndarray) -> np.ndarray:
    small = np.exp(-2 * abs(u[0]))  # 1 - tanh**2 would cancel
    return _riccati(w, u, (np.tanh(u[0]), 4 * small / (1 + small) ** 2), -1)


# ---- inverse functions ----


def _square_and(w: Algebra, u: np.ndarray, sign: int, value: Any) -> np.ndarray:
    """A constant plus sign*u**2, of which the value is known more exactly."""
    square = w.product(u, u) if sign > 0 else -w.product(u, u)
    square[0] = value
    return square


def _asin(w: Algebra, u: np.ndarray) -> np.ndarray:
    root = _sqrt(w, _square_and(w, u, -1, (1 - u[0]) * (1 + u[0])))
    return integral(w, quotient(w, w.euler(u), root), np.arcsin(u[0]))


def _acos(w: Algebra, u: np.ndarray) -> np.ndarray:
    return w.with_value(-_asin(w, u), np.arccos(u[0]))


def _atan(w: Algebra, u: np.ndarray) -> np.ndarray:
    slope = quotient(w, w.euler(u), _square_and(w, u, 1, 1 + u[0] * u[0]))
    return integral(w, slope, np.arctan(u[0]))


def _asinh(w: Algebra, u: np.ndarray) -> np.ndarray:
    root = _sqrt(w, _square_and(w, u, 1, 1 + u[0] * u[0]))
    return integral(w, quotient(w, w.euler(u), root), np.arcsinh(u[0]))


def _acosh(w: Algebra, u: np.ndarray) -> np.ndarray:
    root = _sqrt(w, _square_and(w, u, 1, (u[0] - 1) * (u[0] + 1)))
    return integral(w, quotient(w, w.euler(u), root), np.arccosh(u[0]))


def _atanh(w: Algebra, u: np.ndarray) -> np.ndarray:
    slope = quotient(w, w.euler(u), _square_and(w, u, -1, (1 - u[0]) * (1 + u[0])))
    return integral(w, slope, np.arctanh(u[0]))


def atan2(w: Algebra, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The angle z of (x, y): E z = (x E y - y E x)/(x**2 + y**2)."""
    above = _sum(w.product(x, w.euler(y)), -w.product(y, w.euler(x)))
    below = _sum(w.product(x, x), w.product(y, y))
    return integral(w, quotient(w, above, below), np.arctan2(y[0], x[0]))


def _sum(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    long, short = (a, b) if len(a) >= len(b) else (b, a)
    long[: len(short)] += short
    return long


FUNCTIONS: dict[str, Callable[[Algebra, np.ndarray], np.ndarray]] = {
    "recip": _recip, "sqrt": _sqrt, "rsqrt": _rsqrt, "cbrt": _cbrt, "exp": exp, "exp2": _exp2,
    "expm1": _expm1, "log": _log, "log2": _log2, "log10": _log10, "log1p": _log1p,
    "logistic": _logistic, "softplus": _softplus, "sin": _sin, "cos": _cos, "sinh": _sinh,
    "cosh": _cosh, "tan": _tan, "tanh": _tanh, "asin": _asin, "acos": _acos, "atan": _atan,
    "asinh": _asinh, "acosh": _acosh, "atanh": _atanh,
}  # fmt: skip
