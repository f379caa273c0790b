"""What families of functions are asked for, and what they answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from taylored.readings.interval.executor import Executor
from taylored.readings.interval.pairs import Pair, column, magnitude, where

__all__ = ["FAMILIES", "Answer", "Query", "by_parity", "family", "flip_odd", "joined", "unbounded"]


@dataclass(frozen=True, slots=True)
class Query:
    """Which coefficients of which function over which intervals; `lo` and `hi` have one axis."""

    e: Executor
    name: str
    lo: Any
    hi: Any
    degree: int
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def box(self) -> Pair:
        return self.lo, self.hi

    @property
    def ends(self) -> Any:
        """Both ends: (2, points)."""
        return self.e.xp.stack([self.lo, self.hi])

    def at(self, lo: Any, hi: Any) -> Query:
        """The same question over other intervals."""
        return Query(self.e, self.name, lo, hi, self.degree, self.params)


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows of ranges, (degree + 1, points), and where the function is not analytic and why."""

    lo: Any
    hi: Any
    bad: Any = None
    reason: str = ""


Family = Callable[[Query], Answer]
FAMILIES: dict[str, Family] = {}


def family(*names: str) -> Callable[[Family], Family]:
    """Register a rule for these functions."""

    def register(rule: Family) -> Family:
        for name in names:
            if name in FAMILIES:
                raise ValueError(f"{name} has a rule already.")
            FAMILIES[name] = rule
        return rule

    return register


def unbounded(e: Executor, like: Any) -> Pair:
    """No knowledge at all, for each entry of `like`."""
    infinity = e.array(np.full(np.shape(like), np.inf))
    return -infinity, infinity


def joined(e: Executor, value: Pair, rows: Pair) -> Pair:
    """The range of the function itself, and those of the coefficients of order 1 and above."""
    return tuple(  # type: ignore[return-value]
        e.xp.concatenate([e.xp.stack([first]), rest])
        for first, rest in zip(value, rows, strict=True)
    )


def flip_odd(e: Executor, negative: Any, rows: Pair, even: Sequence[bool]) -> Pair:
    """Rows at |x| as rows at x: those that are odd in x change sign where x is negative."""
    odd = ~column(even, axes=rows[0].ndim - 1).astype(bool)
    return where(e, odd & negative, (-rows[1], -rows[0]), rows)


def by_parity(q: Query, at: Callable[[Any], Pair], even: Sequence[bool]) -> Pair:
    """Ranges of rows that are even or odd in x, nonnegative and increasing for x >= 0.

    `at(x)` gives the rows at exact nonnegative points of any shape.
    """
    e = q.e
    low, high = at(e.xp.stack(magnitude(e, q.lo, q.hi)))
    low = e.xp.maximum(low, e.array(0.0))
    is_even = column(even, axes=1).astype(bool)
    below = e.xp.where(q.lo < 0, -high[:, 0], low[:, 0])
    above = e.xp.where(q.hi < 0, -low[:, 1], high[:, 1])
    return (
        e.xp.where(is_even, low[:, 2], below),
        e.xp.where(is_even, e.xp.maximum(high[:, 0], high[:, 1]), above),
    )
