"""The logistic function, tanh and softplus: derivatives are polynomials in p and q.

With p = logistic(x) and q = logistic(-x), the k-th derivative of the logistic function is the sum
over j of (-1)**j A(k, j) p**(j + 1) q**(k - j), with Eulerian numbers A: terms of the tails keep
their relative accuracy. Its turning points are the roots of the next Eulerian polynomial.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import comb, factorial, log
from typing import Any

from taylored.readings.interval.answer import Answer, Query, family, joined
from taylored.readings.interval.executor import Executor
from taylored.readings.interval.pairs import Numbers, Pair, add, call, clip, powers, scale, where
from taylored.readings.interval.turning import Turn, interlaced, over, turn

__all__ = ["eulerian"]


@lru_cache(maxsize=128)
def eulerian(order: int) -> tuple[int, ...]:
    """The Eulerian numbers A(order, j), j = 0, ..., order - 1, with alternating signs."""
    row = [1]
    for n in range(2, order + 1):
        row = [
            (j + 1) * (row[j] if j < n - 1 else 0) + (n - j) * (row[j - 1] if j else 0)
            for j in range(n)
        ]
    return tuple((-1) ** j * a for j, a in enumerate(row))


# In r = exp(x) the roots of these polynomials come in pairs r, 1/r.
_roots = interlaced(lambda k: eulerian(k + 1), (Fraction(0), Fraction(1)), 1)


@lru_cache(maxsize=128)
def _turns(order: int) -> tuple[Turn, ...]:
    """Turning points of the coefficient of the logistic function of this order."""
    if order == 0:
        return ()
    found = []
    for a, b in _roots(order):
        p, q = a / (1 + a), 1 / (1 + a)
        terms = enumerate(eulerian(order))
        value = sum((c * p ** (j + 1) * q ** (order - j) for j, c in terms), Fraction(0))
        value, error = value / factorial(order), (order + 1) * (b - a)
        place = log(a)
        found.append(turn(place, value, error))
        found.append(turn(-place, value if order % 2 else -value, error))
    if order % 2:
        middle = Fraction(sum(eulerian(order)), factorial(order) << (order + 1))
        found.append(turn(0.0, middle))
    return tuple(found)


@lru_cache(maxsize=64)
def _matrix(degree: int) -> Numbers:
    """Orders 1, ..., degree as polynomials in p**(i + 1) q**(degree - i), i = 0, ..., degree - 1.

    Lower orders are raised by powers of p + q = 1, which only lessens cancellation.
    """
    rows = []
    for k in range(1, degree + 1):
        row = [Fraction(0)] * degree
        for j, a in enumerate(eulerian(k)):
            for i in range(degree - k + 1):
                row[j + i] += Fraction(a * comb(degree - k, i), factorial(k))
        rows.append(row)
    return Numbers(rows)


def _both(e: Executor, x: Any) -> tuple[Pair, Pair]:
    """logistic(x) and logistic(-x) at exact points."""
    t = clip(e, call(e, "exp", -abs(x)), 0.0, 1.0)
    small = e.down(t[0] / (1 + t[0]), 2), e.up(t[1] / (1 + t[1]), 2)
    large = e.down(1 / (1 + t[1]), 2), e.up(1 / (1 + t[0]), 2)
    small, large = clip(e, small, 0.0, 0.5), clip(e, large, 0.5, 1.0)
    return where(e, x < 0, small, large), where(e, x < 0, large, small)


def _rows(e: Executor, ends: Any, degree: int) -> Pair:
    """Coefficients of orders 0, ..., degree at exact points."""
    p, q = _both(e, ends)
    if degree == 0:
        return p[0][None], p[1][None]
    first, second = powers(e, p, degree), powers(e, q, degree)
    terms = (
        e.down(first[0][1:] * second[0][:0:-1]),
        e.up(first[1][1:] * second[1][:0:-1]),
    )
    terms = e.xp.maximum(terms[0], e.array(0.0)), terms[1]
    return joined(e, p, _matrix(degree).on(e, terms))


def _ranges(e: Executor, box: Pair, degree: int) -> Pair:
    return over(e, _rows(e, e.xp.stack([box[0], box[1]]), degree), box, _turns)


@family("logistic")
def _logistic(q: Query) -> Answer:
    return Answer(*_ranges(q.e, q.box, q.degree))


@family("tanh")
def _tanh(q: Query) -> Answer:
    e = q.e
    value = clip(e, (e.below("tanh", q.lo), e.above("tanh", q.hi)), -1.0, 1.0)
    if q.degree == 0:
        return Answer(value[0][None], value[1][None])
    low, high = _ranges(e, (2 * q.lo, 2 * q.hi), q.degree)
    rows = scale(e, (low[1:], high[1:]), _doublings(q.degree))
    return Answer(*joined(e, value, rows))


@lru_cache(maxsize=64)
def _doublings(degree: int) -> Numbers:
    return Numbers([[2 ** (k + 1)] for k in range(1, degree + 1)])


@lru_cache(maxsize=64)
def _integrals(degree: int) -> Numbers:
    return Numbers([[Fraction(1, k)] for k in range(1, degree + 1)])


@family("softplus")
def _softplus(q: Query) -> Answer:
    """log(1 + exp(x)), whose derivative is the logistic function."""
    e = q.e
    low, high = _softplus_value(e, q.ends)
    value = low[0], high[1]
    if q.degree == 0:
        return Answer(value[0][None], value[1][None])
    rows = scale(e, _ranges(e, q.box, q.degree - 1), _integrals(q.degree))
    return Answer(*joined(e, value, rows))


def _softplus_value(e: Executor, x: Any) -> Pair:
    t = clip(e, call(e, "exp", -abs(x)), 0.0, 1.0)
    rest = e.below("log1p", t[0]), e.above("log1p", t[1])
    whole = e.xp.maximum(x, e.array(0.0))
    return clip(e, add(e, (whole, whole), rest), 0.0, float("inf"))
