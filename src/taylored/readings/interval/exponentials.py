"""Exponentials and logarithms: monotone in every order, with signs that are known."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import factorial
from typing import Any

from taylored.readings.interval.answer import Answer, Query, family, joined
from taylored.readings.interval.executor import Executor
from taylored.readings.interval.pairs import (
    Numbers,
    Pair,
    add,
    constant,
    powers,
    ratio,
    scale,
    times,
)

__all__ = ["alternating", "inverse_factorials", "reciprocal_rows"]


@lru_cache(maxsize=64)
def inverse_factorials(degree: int) -> Numbers:
    return Numbers([[Fraction(1, factorial(k))] for k in range(degree + 1)])


@family("exp", "exp2", "expm1")
def _exponential(q: Query) -> Answer:
    e = q.e
    name = "exp2" if q.name == "exp2" else "exp"
    zero = e.array(0.0)
    value = e.xp.maximum(e.below(name, q.lo), zero), e.above(name, q.hi)
    rows = _copies(e, value, q.degree)
    if q.name == "exp2":
        low, high = (v[..., None] for v in powers(e, constant(e, "ln2"), q.degree))
        rows = times(e, rows, (low, high))
    rows = scale(e, rows, inverse_factorials(q.degree))
    if q.name == "expm1":
        value = e.below("expm1", q.lo), e.above("expm1", q.hi)
    return Answer(*joined(e, value, (rows[0][1:], rows[1][1:])))


def _copies(e: Executor, value: Pair, degree: int) -> Pair:
    low, high = (e.xp.stack([v] * (degree + 1)) for v in value)
    return low, high


@lru_cache(maxsize=64)
def alternating(degree: int) -> Numbers:
    """(-1)**(k - 1) / k for k = 1, ..., degree."""
    return Numbers([[Fraction((-1) ** (k - 1), k)] for k in range(1, degree + 1)])


def reciprocal_rows(e: Executor, x: Pair, degree: int) -> Pair:
    """x**-k over positive ranges, k = 0, ..., degree."""
    one = e.array(1.0)
    return powers(e, ratio(e, (one, one), x), degree)


_UNITS = {"log2": "ln2", "log10": "ln10"}
_LOGARITHM = "the logarithm of a number that may be zero or negative"


@family("log", "log2", "log10", "log1p")
def _logarithm(q: Query) -> Answer:
    e = q.e
    one = e.array(1.0)
    start = e.array(-1.0 if q.name == "log1p" else 0.0)
    bad = ~(q.lo > start)
    inner = e.xp.where(bad, one, q.lo), e.xp.where(q.hi > start, q.hi, one)
    value = _log_range(e, q.name, inner, (bad, ~(q.hi > start)))
    if q.degree == 0:
        return Answer(value[0][None], value[1][None], bad, _LOGARITHM)
    base = inner if q.name != "log1p" else add(e, (one, one), inner)
    low, high = reciprocal_rows(e, base, q.degree)
    rows = low[1:], high[1:]
    if q.name in _UNITS:
        unit = ratio(e, (one, one), constant(e, _UNITS[q.name]))
        rows = times(e, rows, unit)
    rows = scale(e, rows, alternating(q.degree))
    return Answer(*joined(e, value, rows), bad, _LOGARITHM)


def _log_range(e: Executor, name: str, inner: Pair, outside: tuple[Any, Any]) -> Pair:
    infinity = e.array(float("inf"))
    low, high = e.below(name, inner[0]), e.above(name, inner[1])
    return (
        e.xp.where(outside[0], -infinity, low),
        e.xp.where(outside[1], infinity, high),
    )
