"""Shared by the exercises on polynomials: what has become of the first rung that is off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from taylored.course.checking import Case, Parameters
from taylored.course.checking.terms import Terms

__all__ = ["first_as"]

Value = Callable[[Parameters], float]


def first_as(terms: Terms, at: int, *values: Value) -> Callable[..., bool]:
    """For `Wrong.when`: whether coefficient `at` is the first that is off, with such a value."""
    off, is_one = terms.first_off(at), terms.is_at(at, *values)

    def when(p: Parameters, cases: Sequence[Case], outputs: Sequence[Any]) -> bool:
        return off(p, cases, outputs) and is_one(p, cases, outputs)

    return when
