"""Numbers as figures say them: proved ones rounded outward, others to the digits that hold."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

from taylored.course.kit import Reading, Statement
from taylored.report import numbers
from taylored.report.series_terms import up
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.networks.chain import Chain

__all__ = ["chain_statements", "digits", "later", "widened", "within"]

_WORTH = 20  # units of the last digit: an interval that is wider has digits of its own


def within(
    name: str, label: str, ends: Iterable[float], plain: str = "", *, digits: int = 4
) -> Reading:
    """A proved reading, its ends moved out to so many digits: a reader takes in no more."""
    lo, hi = (float(end) for end in ends)
    if not (math.isfinite(lo) and math.isfinite(hi)):
        return Reading.unknown(name, label, "it has no bound here")
    largest = max(abs(lo), abs(hi))
    last = math.floor(math.log10(largest)) - digits + 1 if largest else 0
    if not largest or hi - lo > _WORTH * 10.0**last:
        return Reading.proved(name, label, (lo, hi), plain)
    middle = 0.5 * lo + 0.5 * hi
    lo, hi = widened(lo, hi, last)
    place = numbers.place_of(largest, 10.0 ** (last + 1))
    text = f"∈ {numbers.bounds(lo, hi, place)}"
    return Reading(name, label, middle, Accuracy.PROVED, text, lo, hi, None, plain)


def widened(lo: float, hi: float, last: int) -> tuple[float, float]:
    """Both ends moved out to multiples of `10**last`."""
    unit = Decimal(1).scaleb(last)
    low = Decimal(repr(lo)).quantize(unit, ROUND_FLOOR)
    high = Decimal(repr(hi)).quantize(unit, ROUND_CEILING)
    return min(lo, float(low)), max(hi, float(high))


def digits(
    name: str, label: str, value: float, error: float = 0.0, *, plain: str = "", places: int = 4
) -> Reading:
    """A number whose error, mostly rounding, is far below the last digit shown.

    Shown to so many significant digits, each of them right; with its error where that is larger.
    """
    value = float(value)
    if not math.isfinite(value):
        return Reading.unknown(name, label, "the number grew beyond all bounds")
    if value == 0.0:
        error = max(abs(error), 1e-15)
        return Reading(name, label, 0.0, Accuracy.ESTIMATED, "≈ 0", -error, error, None,
                       plain or "zero but for rounding")  # fmt: skip
    place = numbers.place_of(value, math.nan, places)
    half = 0.5 * 10.0**place.last
    error = abs(error) + 4e-16 * abs(value)
    if error > 0.1 * half:
        return Reading.estimated(name, label, value, error, plain)
    text = f"{numbers.rounded(value, place)}{place.suffix}"
    shown, slack = float(text), half + error
    return Reading(name, label, shown, Accuracy.ESTIMATED, f"≈ {text}", shown - slack,
                   shown + slack, None, plain or "rounding only")  # fmt: skip


def later() -> Statement:
    """In the place of what is left out while something is dragged."""
    return Statement(Accuracy.UNKNOWN, "The library's bound follows when you let go.")


def chain_statements(c: Chain) -> list[Statement]:
    """What the library says of its own chain rule: the rounding, and an independent test."""
    errors = [e for e in c.error.values() if math.isfinite(e)]
    if c.accuracy == Accuracy.UNKNOWN or not errors:
        return [Statement(Accuracy.UNKNOWN, f"Nothing is known of the error here: {c.status}")]
    rounding = (
        f"Rounding moves these derivatives by about {up(max(errors))} at most: the spread of "
        f"five walks in which every result is shaken by its own rounding, times 3."
    )
    return [Statement(c.accuracy, rounding), Statement(Accuracy.ESTIMATED, _tested(c))]


def _tested(c: Chain) -> str:
    kind, slope = c.check.kind, c.check.slope
    if kind == "linear":
        return "Test without the chain rule: the function is straight here, as its slope says."
    if not c.check.ok or not math.isfinite(slope):
        return f"Test without the chain rule: {c.check}."
    return (
        "Test without the chain rule: take a step and subtract what the slope foretells; what is "
        f"left shrinks like the step to the power {slope:.2f}. A wrong slope would give 1."
    )
