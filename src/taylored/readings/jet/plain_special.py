"""Special functions of truncated Taylor series: by their equations, or coefficients at the center.

What has no equation of first order is composed: sum_k c_k (u - u_0)**k with c_k at the value u_0.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from math import comb, factorial
from typing import Any

import numpy as np
from scipy import special

from taylored.readings.jet.recurrences import Algebra, exp, integral
from taylored.readings.jet.space import space

__all__ = ["SPECIAL"]

_COLUMNS = 256  # elements at a time where nodes or shifts make an axis of their own
_MOST_SHIFTS = 2000
_MOST_NODES = 4000


def _compose(w: Algebra, coefficients: np.ndarray, u: np.ndarray) -> np.ndarray:
    """sum_k c_k (u - u_0)**k by Horner's rule; u - u_0 has no constant term."""
    step = w.with_value(u, 0)
    y = coefficients[-1:]
    for k in range(len(coefficients) - 2, -1, -1):
        y = w.product(step, y, w.degree - k)
        y[0] = coefficients[k]
    return y


def _in_columns(function: Callable[[np.ndarray], np.ndarray], x: Any) -> np.ndarray:
    """`function`, which makes (coefficients, elements) of elements, on a few at a time."""
    flat = np.reshape(x, -1)
    found = [function(flat[k : k + _COLUMNS]) for k in range(0, max(flat.size, 1), _COLUMNS)]
    joined = found[0] if len(found) == 1 else np.concatenate(found, axis=1)
    return joined.reshape(len(joined), *np.shape(x))


def _of_double(function: Callable, x: Any, slope: Any) -> Any:
    """A function that SciPy has in float64 only, and how it changes up to the exact argument."""
    double = np.asarray(x, float)
    return function(double) + (x - double) * slope


# ---- error functions ----


def _bell(w: Algebra, u: np.ndarray) -> np.ndarray:
    """2/sqrt(pi) exp(-u**2), the derivative of erf."""
    return exp(w, -w.product(u, u)) * (2 / np.sqrt(w.number(1) * _pi(w)))


def _pi(w: Algebra) -> Any:
    return 4 * np.arctan(w.number(1))


def _erf(w: Algebra, u: np.ndarray) -> np.ndarray:
    bell = _bell(w, u)
    return integral(w, w.product(w.euler(u), bell), _of_double(special.erf, u[0], bell[0]))


def _erfc(w: Algebra, u: np.ndarray) -> np.ndarray:
    bell = _bell(w, u)
    # The scaled function loses no digits of exp(-u**2) where u**2 is large.
    scaled = special.erfcx(np.asarray(abs(u[0]), float)) * np.exp(-u[0] * u[0])
    double = np.asarray(abs(u[0]), float)
    scaled = scaled + (abs(u[0]) - double) * (2 * abs(u[0]) * scaled - bell[0])
    value = np.where(u[0] < 0.5, _of_double(special.erfc, u[0], -bell[0]), scaled)
    return integral(w, -w.product(w.euler(u), bell), value)


def _erf_defect(w: Algebra, u: Any, y: Any) -> Any:
    """u - erf(y), which may be far smaller than what SciPy's erf is off."""
    near = np.where(abs(y) < 1.5, y, 0)
    bell = np.exp(-y * y) / np.sqrt(_pi(w))
    counts = np.arange(1, 60, dtype=w.dtype).reshape(-1, *(1,) * np.ndim(y))
    series = 2 * near * (1 + np.cumprod(2 * near * near / (2 * counts + 1), axis=0).sum(axis=0))
    far = np.where(abs(y) < 1.5, 1.5, abs(y))
    fraction = far
    for k in range(150, 0, -1):
        fraction = far + w.number(0.5) * k / fraction
    tail = np.sign(y) * (bell / fraction - (1 - abs(u)))  # 1 - u is exact near u = 1
    return np.where(abs(y) < 1.5, u - bell * series, tail)


def _erf_inv(w: Algebra, u: np.ndarray) -> np.ndarray:
    """E y = sqrt(pi)/2 exp(y**2) E u, where exp(y**2) and y**2 grow along with y."""
    y, square, e = w.empty(u), w.empty(u), w.empty(u)
    half = np.sqrt(_pi(w)) / 2
    start = np.asarray(special.erfinv(np.asarray(u[0], float)), w.dtype)
    # A step of Newton's, as a small error of y is a larger one of the exponential.
    step = _erf_defect(w, u[0], start) * half * np.exp(start * start)
    y[0] = np.where(np.isfinite(start), start + step, start)
    square[0] = y[0] * y[0]
    e[0] = np.exp(square[0])
    slope, rate = w.euler(u) * half, w.empty(u)
    rate[0] = 0
    for d in w.steps:
        block = w.blocks[d]
        y[block] = w.terms(slope, e, d, 1, 0) / d
        square[block] = w.terms(y, y, d, 0, 0)
        rate[block] = d * square[block]
        e[block] = w.terms(rate, e, d, 1, 0) / d
    return y


# ---- gamma functions ----


@cache
def _bernoulli(count: int) -> tuple[Fraction, ...]:
    """B_2, B_4, ..., as many as asked for."""
    numbers = [Fraction(1)]
    for m in range(1, 2 * count + 1):
        numbers.append(-sum((comb(m + 1, k) * b for k, b in enumerate(numbers)), Fraction(0))
                       / (m + 1))  # fmt: skip
    return tuple(numbers[2::2])


_TERMS = 15  # of the asymptotic series, which at 20 + order leave out less than 1e-24


@cache
def _asymptotic(last: int, dtype: Any) -> np.ndarray:
    """Coefficients of z**-2j in the series of log gamma, digamma and zeta(2), ..., zeta(last)."""
    numbers = list(enumerate(_bernoulli(_TERMS), 1))
    rows = [[b / (2 * j * (2 * j - 1)) for j, b in numbers], [b / (2 * j) for j, b in numbers]]
    for s in range(2, last + 1):
        rows.append([b * Fraction(factorial(s + 2 * j - 2), factorial(s - 1) * factorial(2 * j))
                     for j, b in numbers])  # fmt: skip
    exact = [[dtype.type(f.numerator) / dtype.type(f.denominator) for f in row] for row in rows]
    return np.array(exact, dtype)


def _lgamma_coefficients(w: Algebra, x: np.ndarray, last: int) -> np.ndarray:
    """Taylor coefficients of log |gamma| at x up to degree `last` (1 or more).

    By Stirling's series, and by Euler and Maclaurin for zeta(s, x), at x + n, from which the
    numbers x, ..., x + n - 1 lead down.
    """
    lowest = np.min(x[np.isfinite(x)], initial=0.0)
    count = int(min(max(np.ceil(20 + last - lowest), 0), _MOST_SHIFTS))
    below = x + np.arange(count, dtype=w.dtype)[:, None]
    z = np.where(x + count >= 20 + last, x + count, np.nan)  # too far down: refused
    rows = _asymptotic(last, w.dtype) @ z ** (-2 * np.arange(1, _TERMS + 1, dtype=w.dtype)[:, None])
    logarithm, inverse = np.log(z), 1 / below
    found = np.empty((last + 1, x.size), w.dtype)
    half = np.log(2 * _pi(w)) / 2
    found[0] = (z - w.number(0.5)) * logarithm - z + half + rows[0] * z - np.log(abs(below)).sum(0)
    found[1] = logarithm - w.number(0.5) / z - rows[1] - inverse.sum(0)
    power, large = inverse.copy(), np.ones_like(z)
    for s in range(2, last + 1):
        power, large = power * inverse, large / z
        tail = w.number(1) / (s - 1) + w.number(0.5) / z + rows[s]
        found[s] = (-1) ** s * (power.sum(0) + large * tail) / s
    return found


@cache
def _at_root(root: int, dtype: Any) -> np.ndarray:
    """Coefficients of log gamma at 1 or 2, where it is zero."""
    w = Algebra(space(1, 1), 1, dtype)
    rows = _lgamma_coefficients(w, np.full(1, root, dtype), 16)[:, 0]
    rows[0] = 0
    return rows


def _small_values(w: Algebra, x: np.ndarray, rows: np.ndarray) -> None:
    """Values near roots, which sums of large numbers leave with a large relative error."""
    for root in (1, 2):
        near = abs(x - root) < 0.06
        if near.any():
            rows[0, near] = np.polynomial.polynomial.polyval(
                x[near] - root, _at_root(root, w.dtype), tensor=False
            )
    coarse = np.finfo(w.dtype).eps > 1e-17  # no more than float64: SciPy's is better everywhere
    near = (abs(rows[1]) < 0.03) | coarse
    if near.any():
        rows[1, near] = _of_double(special.digamma, x[near], 2 * rows[2, near])


def _lgamma_series(w: Algebra, u: np.ndarray, derivative: int) -> np.ndarray:
    """A derivative of log |gamma|, composed with u."""
    last = max(2, w.degree + derivative)

    def coefficients(x: np.ndarray) -> np.ndarray:
        rows = _lgamma_coefficients(w, x, last)
        _small_values(w, x, rows)
        return rows[derivative : w.degree + derivative + 1]

    rows = _in_columns(coefficients, u[0])
    for k in range(len(rows)):
        rows[k] *= factorial(k + derivative) // factorial(k)
    return _compose(w, rows, u)


def _lgamma(w: Algebra, u: np.ndarray) -> np.ndarray:
    return _lgamma_series(w, u, 0)


def _digamma(w: Algebra, u: np.ndarray) -> np.ndarray:
    return _lgamma_series(w, u, 1)


def _trigamma(w: Algebra, u: np.ndarray) -> np.ndarray:
    return _lgamma_series(w, u, 2)


def _gamma(w: Algebra, u: np.ndarray) -> np.ndarray:
    logarithm = _lgamma_series(w, u, 0)
    negative = (u[0] < 0) & (np.floor(u[0]) % 2 != 0)
    value = np.exp(logarithm[0])
    if np.finfo(w.dtype).eps > 1e-17:
        value = abs(special.gamma(np.asarray(u[0], float)))
    return exp(w, logarithm, np.where(negative, -value, value))


# ---- transforms of Fourier: Bessel functions and sin(x)/x ----


def _fourier(x: np.ndarray, last: int, nodes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Taylor coefficients at x of the sum of weights * cos(nodes * x)."""
    angle = nodes[:, None] * x
    cos, sin = np.cos(angle), np.sin(angle)
    found = np.empty((last + 1, x.size), x.dtype)
    for k in range(last + 1):
        sign = -1 if k % 4 in (1, 2) else 1
        found[k] = sign * (weights @ (sin if k % 2 else cos))
        weights = weights * nodes / (k + 1)
    return found


def _bessel_coefficients(w: Algebra, x: np.ndarray, last: int) -> np.ndarray:
    """J_0 is the mean of cos(x sin t); the trapezoidal rule in t is exact but for J_2n(x)."""
    reach = float(np.max(abs(x[np.isfinite(x)]), initial=0.0))
    count = int(min((reach + last) / 2 + 40 + 7 * np.cbrt(reach), _MOST_NODES))
    nodes = np.sin(np.arange(count, dtype=w.dtype) * (_pi(w) / count))
    weights = np.full(count, w.number(1) / count)
    exact = (abs(x) + last) / 2 + 40 + 7 * np.cbrt(abs(x)) <= _MOST_NODES
    return np.where(exact, _fourier(x, last, nodes, weights), np.nan)


def _bessel_j0(w: Algebra, u: np.ndarray) -> np.ndarray:
    rows = _in_columns(lambda x: _bessel_coefficients(w, x, w.degree), u[0])
    return _compose(w, rows, u)


def _bessel_j1(w: Algebra, u: np.ndarray) -> np.ndarray:
    """J_1 is minus the derivative of J_0."""
    rows = -_in_columns(lambda x: _bessel_coefficients(w, x, w.degree + 1), u[0])[1:]
    for k in range(len(rows)):
        rows[k] *= k + 1
    return _compose(w, rows, u)


@cache
def _gauss(count: int, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of Gauss and Legendre on [0, 1], refined by Newton's rule."""
    x = np.polynomial.legendre.leggauss(count)[0].astype(dtype)
    slope = x
    for _ in range(3):
        before, value = np.ones_like(x), x
        for k in range(1, count):
            before, value = value, ((2 * k + 1) * x * value - k * before) / (k + 1)
        slope = count * (before - x * value) / (1 - x * x)
        x = x - value / slope
    return (1 + x) / 2, 1 / ((1 - x * x) * slope * slope)


_FAR = 40.0  # from here on sin(x)/x is divided out: rounding errors shrink with 1/x**k


def _sinc_coefficients(w: Algebra, x: np.ndarray) -> np.ndarray:
    near = _fourier(np.where(abs(x) < _FAR, x, 0), w.degree, *_gauss(64 + w.degree // 2, w.dtype))
    if (abs(x) < _FAR).all():
        return near
    far, before = np.empty_like(near), w.number(0)
    for k in range(w.degree + 1):
        turned = (np.sin(x), np.cos(x), -np.sin(x), -np.cos(x))[k % 4]
        far[k] = before = (turned / w.number(factorial(k)) - before) / x
    return np.where(abs(x) < _FAR, near, far)


def _sinc0(w: Algebra, u: np.ndarray) -> np.ndarray:
    return _compose(w, _in_columns(lambda x: _sinc_coefficients(w, x), u[0]), u)


SPECIAL: dict[str, Callable[[Algebra, np.ndarray], np.ndarray]] = {
    "erf": _erf, "erfc": _erfc, "erf_inv": _erf_inv, "gamma": _gamma, "lgamma": _lgamma,
    "digamma": _digamma, "trigamma": _trigamma, "bessel_j0": _bessel_j0, "bessel_j1": _bessel_j1,
    "sinc0": _sinc0,
}  # fmt: skip
