"""The gamma function, its logarithm and the derivatives of that, for positive arguments.

Arguments are moved up by a recurrence to where an asymptotic series is short. Its terms alternate
and envelop the function, so the truth lies between two successive sums. Derivatives of the
logarithm are Hurwitz zeta functions, monotone in x.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import comb, factorial
from typing import Any

import numpy as np

from taylored.readings.interval.answer import Answer, Query, family, unbounded
from taylored.readings.interval.executor import NUMPY, Executor
from taylored.readings.interval.pairs import (
    Numbers,
    Pair,
    add,
    call,
    column,
    constant,
    hull,
    powers,
    product,
    ratio,
    scale,
    sub,
    total,
    where,
)
from taylored.readings.interval.turning import Turn, over, turn

__all__ = ["bernoulli"]

_STEPS = 12  # how far up arguments are moved
_TERMS = 10  # of an asymptotic series
_POLE = "a gamma function of a number that may be zero or negative"

_MINIMUM = 1.4616321449683623  # of the gamma function
_LEAST_LOGARITHM = Fraction("-0.1214862905358496080955145571776915820")
_LEAST_GAMMA = Fraction("0.8856031944108887002788159005825887332")


@lru_cache(maxsize=128)
def bernoulli(n: int) -> Fraction:
    """The Bernoulli number B(n)."""
    if n == 0:
        return Fraction(1)
    return -sum((comb(n + 1, j) * bernoulli(j) for j in range(n)), Fraction(0)) / (n + 1)


@lru_cache(maxsize=64)
def _zeta_matrix(last: int, terms: int) -> Numbers:
    """Hurwitz zeta functions of orders 2, ..., last by Euler and Maclaurin, in powers of 1/y."""
    rows = []
    for s in range(2, last + 1):
        row = [Fraction(0)] * (last + 2 * _TERMS + 2)
        row[s - 1], row[s] = Fraction(1, s - 1), Fraction(1, 2)
        for i in range(1, terms + 1):
            rising = Fraction(factorial(s + 2 * i - 2), factorial(s - 1))
            row[s + 2 * i - 1] = bernoulli(2 * i) / factorial(2 * i) * rising
        rows.append(row)
    return Numbers(rows)


@lru_cache(maxsize=64)
def _stirling(terms: int) -> Numbers:
    """What is left of log gamma and of digamma beside logarithms, in powers of 1/y."""
    first, second = ([Fraction(0)] * (2 * _TERMS + 3) for _ in range(2))
    second[1] = Fraction(-1, 2)
    for i in range(1, terms + 1):
        first[2 * i - 1] = bernoulli(2 * i) / (2 * i * (2 * i - 1))
        second[2 * i] = -bernoulli(2 * i) / (2 * i)
    return Numbers([first, second])


def _moved(e: Executor, x: Any) -> tuple[Pair, Pair]:
    """x, x + 1, ..., x + 11 as rows, and x + 12."""
    steps = column(range(_STEPS), e, np.ndim(x))
    rows = e.down(x + steps), e.up(x + steps)
    rows = e.xp.maximum(rows[0], x), rows[1]
    end = x + _STEPS
    return rows, (e.down(end), e.up(end))


def _zetas(e: Executor, x: Any, last: int) -> Pair:
    """Hurwitz zeta functions of orders 2, ..., last at exact x > 0, as rows."""
    if e.name == "flint":
        return call(e, "hurwitz", column(range(2, last + 1), e, np.ndim(x)), x)
    one = e.array(1.0)
    rows, end = _moved(e, x)
    low, high = powers(e, ratio(e, (one, one), rows), last)
    head = total(e, (low[2:], high[2:]), 1)
    inverse = powers(e, ratio(e, (one, one), end), last + 2 * _TERMS + 1)
    tails = [_zeta_matrix(last, terms).on(e, inverse) for terms in (_TERMS, _TERMS + 1)]
    return add(e, head, hull(e, *tails))


def _logarithm(e: Executor, x: Any) -> tuple[Pair, Pair]:
    """log gamma and digamma at exact x > 0."""
    if e.name == "flint":
        return call(e, "lgamma", x), call(e, "digamma", x)
    one, half = e.array(1.0), e.array(0.5)
    rows, end = _moved(e, x)
    inverse = powers(e, ratio(e, (one, one), end), 2 * _TERMS + 2)
    low, high = hull(e, *(_stirling(terms).on(e, inverse) for terms in (_TERMS, _TERMS + 1)))
    log_end = e.below("log", end[0]), e.above("log", end[1])
    factor = sub(e, end, (half, half))
    main = e.down(factor[0] * log_end[0]), e.up(factor[1] * log_end[1])
    main = sub(e, main, end)
    logs = total(e, (e.below("log", rows[0]), e.above("log", rows[1])), 0)
    rest = add(e, (low[0], high[0]), constant(e, "half_log_tau"))
    value = sub(e, add(e, main, rest), logs)
    slopes = total(e, ratio(e, (one, one), rows), 0)
    return value, sub(e, add(e, log_end, (low[1], high[1])), slopes)


def _guarded(q: Query) -> tuple[Any, Any]:
    """Both ends, 1 where the interval has numbers that are not positive; where that is."""
    bad = ~(q.lo > 0)
    one = q.e.array(1.0)
    return q.e.xp.stack([q.e.xp.where(bad, one, q.lo), q.e.xp.where(bad, one, q.hi)]), bad


def _decreasing(rows: Pair) -> Pair:
    return rows[0][:, 1], rows[1][:, 0]


@lru_cache(maxsize=64)
def _signs(name: str, degree: int) -> Numbers:
    """The factors of Hurwitz zeta functions, from the first order that is one."""
    if name == "lgamma":
        return Numbers([[Fraction((-1) ** k, k)] for k in range(2, degree + 1)])
    if name == "digamma":
        return Numbers([[(-1) ** (k + 1)] for k in range(1, degree + 1)])
    return Numbers([[(-1) ** k * (k + 1)] for k in range(degree + 1)])


def _least(order: int) -> tuple[Turn, ...]:
    return (turn(_MINIMUM, _LEAST_LOGARITHM, Fraction(1, 10**35)),) if order == 0 else ()


@family("lgamma", "digamma", "trigamma")
def _logarithmic(q: Query) -> Answer:
    e = q.e
    x, bad = _guarded(q)
    first = {"lgamma": 2, "digamma": 1, "trigamma": 0}[q.name]
    known: list[Pair] = []
    if first:
        value, slope = _logarithm(e, x)
        if q.name == "lgamma":
            low, high = over(e, (value[0][None], value[1][None]), (x[0], x[1]), _least)
            known.append((low[0], high[0]))
        known.append((slope[0][0], slope[1][1]))
    parts = [_stacked(e, known[: q.degree + 1])] if known else []
    if q.degree >= first:
        zetas = _decreasing(_zetas(e, x, q.degree - first + 2))
        parts.append(scale(e, zetas, _signs(q.name, q.degree)))
    rows = e.xp.concatenate([p[0] for p in parts]), e.xp.concatenate([p[1] for p in parts])
    return Answer(*where(e, bad, unbounded(e, rows[0]), rows), bad, _POLE)


def _stacked(e: Executor, rows: list[Pair]) -> Pair:
    return e.xp.stack([row[0] for row in rows]), e.xp.stack([row[1] for row in rows])


@lru_cache(maxsize=64)
def _alternating(degree: int) -> Numbers:
    return Numbers([[(-1) ** k] for k in range(2, degree + 1)])


def _gamma_rows(e: Executor, x: Any, degree: int) -> Pair:
    """Coefficients of the gamma function at exact x > 0: exp of the series of its logarithm."""
    value, slope = _logarithm(e, x)
    if e.name == "flint":
        rows = [call(e, "gamma", x)]
    else:
        rows = [(e.xp.maximum(e.below("exp", value[0]), e.array(0.0)), e.above("exp", value[1]))]
    if degree == 0:
        return rows[0][0][None], rows[0][1][None]
    low, high = slope[0][None], slope[1][None]
    if degree > 1:  # k times the coefficients of the logarithm
        zetas = scale(e, _zetas(e, x, degree), _alternating(degree))
        low, high = e.xp.concatenate([low, zetas[0]]), e.xp.concatenate([high, zetas[1]])
    for n in range(1, degree + 1):
        terms = product(e, (low[:n], high[:n]), _stacked(e, rows[::-1]))
        below, above = total(e, terms, 0)
        rows.append((e.down(below / n, 2), e.up(above / n, 2)))
    return _stacked(e, rows)


@lru_cache(maxsize=64)
def _gamma_turns(order: int) -> tuple[Turn, ...]:
    """Even orders are convex with one minimum; odd orders increase."""
    if order == 0:
        return (turn(_MINIMUM, _LEAST_GAMMA, Fraction(1, 10**35)),)
    if order % 2:
        return ()
    a, b = 1.0, 4.0 + order / 8
    while b - a > 1e-7:  # nearer than this the sign of the slope is no longer known
        middle = (a + b) / 2
        below, above = (v[order + 1] for v in _gamma_rows(NUMPY, np.array([middle]), order + 1))
        if above[0] < 0:
            a = middle
        elif below[0] > 0:
            b = middle
        else:
            break
    low, high = _gamma_rows(NUMPY, np.array([a, b]), order + 1)
    if not (high[order + 1, 0] < 0 < low[order + 1, 1]):
        raise ArithmeticError(f"no minimum of order {order} of the gamma function was found")
    # A convex function lies above its tangents: that at a, as far as b.
    least = NUMPY.down(low[order, 0] + NUMPY.down((order + 1) * low[order + 1, 0] * (b - a), 3))
    return (Turn(a, b, float(least), float(high[order].min())),)


@family("gamma")
def _gamma(q: Query) -> Answer:
    e = q.e
    x, bad = _guarded(q)
    rows = over(e, _gamma_rows(e, x, q.degree), (x[0], x[1]), _gamma_turns)
    return Answer(*where(e, bad, unbounded(e, rows[0]), rows), bad, _POLE)
