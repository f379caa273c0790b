"""Ranges of elementwise functions and of their Taylor coefficients over intervals.

Each family of functions has a rule that is exact up to rounding wherever its derivatives are
monotone between known turning points; how is told where the family is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from taylored.readings.interval import (
    angles,
    errorfunctions,
    exponentials,
    gammas,
    inverse_error,
    inverses,
    rationals,
    sigmoids,
    sincs,
    trigonometry,
)
from taylored.readings.interval.answer import FAMILIES, Answer, Query
from taylored.readings.interval.executor import Executor

__all__ = ["NAMES", "Coefficients", "coefficients"]

_FILES = (
    angles, errorfunctions, exponentials, gammas, inverse_error, inverses, rationals, sigmoids,
    sincs, trigonometry,
)  # fmt: skip
NAMES = frozenset(FAMILIES)


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Ranges of f^(k)(x)/k! for x in [lo, hi], k = 0, ..., degree, as the first axis.

    `bad` says where f is not analytic, or not defined, on all of [lo, hi]; None is nowhere.
    There the orders k >= 1 are unbounded, and order 0 is the range where f is defined.
    """

    lo: Any
    hi: Any
    bad: Any
    reason: str


def coefficients(
    e: Executor,
    name: str,
    lo: Any,
    hi: Any,
    degree: int,
    *,
    params: Mapping[str, Any] = MappingProxyType({}),
) -> Coefficients:
    """Ranges of the Taylor coefficients of `name` over the intervals [lo, hi].

    `params` are those of the primitive: y of integer_pow, p of pow.

    Raises:
        KeyError: for a name that is not in NAMES.
    """
    shape = np.shape(lo)
    lo, hi = (e.xp.reshape(e.xp.asarray(v), (-1,)) for v in (lo, hi))
    with np.errstate(all="ignore"):
        infinity = e.array(np.inf)  # where an end is missing (nan)
        lo, hi = e.xp.where(lo == lo, lo, -infinity), e.xp.where(hi == hi, hi, infinity)
        query = Query(e, name, lo, hi, degree, params)
        answer = FAMILIES[name](query)
        return _finished(query, answer, shape)


def _finished(q: Query, answer: Answer, shape: tuple[int, ...]) -> Coefficients:
    """The answer in the caller's shape: no nan, nothing claimed where f is not analytic."""
    e = q.e
    infinity = e.array(np.inf)
    low = e.xp.where(answer.lo == answer.lo, answer.lo, -infinity)
    high = e.xp.where(answer.hi == answer.hi, answer.hi, infinity)
    bad, reason = answer.bad, answer.reason
    if bad is not None and e.xp is np and not bad.any():
        bad = None
    if bad is not None:
        lost = bad & (np.arange(q.degree + 1) > 0)[:, None]
        low, high = e.xp.where(lost, -infinity, low), e.xp.where(lost, infinity, high)
        bad = e.xp.reshape(bad, shape)
    whole = (q.degree + 1, *shape)
    return Coefficients(
        e.xp.reshape(low, whole), e.xp.reshape(high, whole), bad, "" if bad is None else reason
    )
