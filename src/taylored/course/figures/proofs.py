"""Numbers of figures with proved bounds: values, slopes and curvatures enclosed by the library."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from taylored.course.figures import said
from taylored.course.formulas import function_of
from taylored.course.kit import Reading
from taylored.formula import parse
from taylored.readings.enclosure.boxes import BoxFunction
from taylored.readings.interval.margins import trusted
from taylored.readings.jet.formula import formula_program
from taylored.readings.jet.space import space
from taylored.report.series_terms import up
from taylored.results import Accuracy

__all__ = ["at_most", "enclosed", "known", "minus", "moments", "outward", "product", "proved"]
__all__ += ["total", "values"]

_WIDEN = 4 * np.finfo(float).eps  # more than two roundings of one operation
_NOTHING = 1e-12  # below this a number has no digits worth reading beside its roundings
_LAST = -15  # the place to which it is rounded outward then


@lru_cache(maxsize=128)
def _function(formula: str, names: tuple[str, ...]) -> BoxFunction:
    return BoxFunction(formula_program(parse(formula).model, names), ((),) * len(names))


def values(formula: str, **columns: Any) -> np.ndarray:
    """A formula on arrays of its inputs, in plain float64."""
    call, names = function_of(formula)
    with np.errstate(all="ignore"):
        found = call(*(np.asarray(columns[n], dtype=float) for n in names))
    return np.broadcast_to(found, np.broadcast_shapes(*(np.shape(c) for c in columns.values())))


def enclosed(
    formula: str, names: tuple[str, ...], low: Any, high: Any = None, *, degree: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Taylor coefficients of a formula at every point of boxes: lower and upper ends, proved.

    `low`, `high`: (boxes, inputs) or (inputs,). Returned: (coefficients, boxes), in graded order:
    the value, the first derivatives, half of the second ones and the mixed ones.
    """
    low = np.atleast_2d(np.asarray(low, dtype=float))
    high = low if high is None else np.atleast_2d(np.asarray(high, dtype=float))
    with np.errstate(all="ignore"):
        found = _function(formula, names).over(low, high, space(len(names), degree))
    lo, hi = np.array(found.low[:, :, 0]), np.array(found.high[:, :, 0])
    lo[:, found.troubled], hi[:, found.troubled] = -np.inf, np.inf
    return lo, hi


def moments(t: float, h: float) -> tuple[list[list[float]], list[list[float]]]:
    """Boxes of one input around t, and around t + h as it is without rounding."""
    end = t + h
    return [[t], [np.nextafter(end, -np.inf)]], [[t], [np.nextafter(end, np.inf)]]


def known() -> Accuracy:
    """The kind of what is enclosed: proved, where this machine's functions are as measured."""
    return Accuracy.PROVED if trusted("numpy")[0] else Accuracy.ESTIMATED


# ---- interval arithmetic on a few numbers, rounded outward ----


def outward(lo: Any, hi: Any) -> tuple[Any, Any]:
    """Ends moved out by more than the rounding of the operation that made them."""
    return lo - _WIDEN * np.abs(lo) - 1e-300, hi + _WIDEN * np.abs(hi) + 1e-300


def minus(a: tuple[Any, Any]) -> tuple[Any, Any]:
    """An interval with the other sign."""
    return -a[1], -a[0]


def product(a: tuple[Any, Any], b: tuple[Any, Any]) -> tuple[Any, Any]:
    """The product of two intervals."""
    ends = [x * y for x in a for y in b]
    return outward(np.minimum.reduce(ends), np.maximum.reduce(ends))


def total(*terms: tuple[Any, Any]) -> tuple[Any, Any]:
    """The sum of intervals."""
    lo, hi = terms[0]
    for a, b in terms[1:]:
        lo, hi = outward(lo + a, hi + b)
    return lo, hi


# ---- as a reader sees them ----


def proved(
    name: str, label: str, lo: float, hi: float, plain: str = "", *, digits: int = 4
) -> Reading:
    """A number in an interval, widened to so many digits of it that are worth reading."""
    lo, hi = float(lo), float(hi)
    if known() is not Accuracy.PROVED and math.isfinite(hi - lo):
        return Reading.estimated(name, label, 0.5 * (lo + hi), 0.5 * (hi - lo), plain)
    if max(abs(lo), abs(hi)) < _NOTHING:
        lo, hi = said.widened(lo, hi, _LAST)
    return said.within(name, label, (lo, hi), plain, digits=digits)


def at_most(name: str, label: str, bound: float, plain: str = "") -> Reading:
    """A size of which only the most that it can be is of interest: an error, a gap."""
    if not math.isfinite(bound):
        return Reading.unknown(name, label, "it has no bound here")
    hi = max(float(up(bound)), bound)
    return Reading(name, label, 0.5 * hi, known(), f"≤ {up(bound)}", 0.0, hi, None, plain)
