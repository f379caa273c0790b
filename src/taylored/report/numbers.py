"""Numbers as text: no digit that is not claimed, no bound rounded inward.

An error is written to two significant digits and its value to the same place:
`2.497 ± 0.011`, `(6.02 ± 0.13)e-5`, asymmetric `1.30 (+0.21, -0.08)`. All functions are pure
and work on the shortest decimal text of a float, so that what is read back is what was meant.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal

__all__ = [
    "NOT_DETERMINED",
    "NOT_KNOWN",
    "Place",
    "asymmetric",
    "bounds",
    "count",
    "error_at",
    "exactly",
    "number",
    "p_value",
    "percent",
    "place_of",
    "rounded",
    "share",
    "unclaimed",
    "value_error",
    "with_unit",
]

NOT_DETERMINED = "not determined"
NOT_KNOWN = "not known"

_WIDE = Context(prec=1500)  # holds every digit of any float64
_MOST_DIGITS = 15  # significant digits that a float64 always keeps
_SMALLEST_PLAIN = -3  # 0.001 is written out, 0.0001 as 1e-4
_LARGEST_PLAIN = 15


@dataclass(frozen=True, slots=True)
class Place:
    """Where a number stops: its last digit is worth `10**last`; `10**exponent` is factored out."""

    last: int
    exponent: int = 0

    @property
    def suffix(self) -> str:
        """The factored power of ten, as it is written after the number."""
        return f"e{self.exponent}" if self.exponent else ""


def place_of(value: float, error: float, digits: float = _MOST_DIGITS) -> Place:
    """Where `value` stops: at the second significant digit of `error`.

    Earlier where the value has fewer correct `digits` than that. An error of 0, nan or infinity
    says nothing: then `digits` alone decides.
    """
    stated = math.isfinite(error) and error > 0
    right = 1 if math.isnan(digits) else max(1, math.floor(min(digits, _MOST_DIGITS)))
    places = [_two_digits(error)] if stated else []
    if value or not stated:
        places.append(_lead(value) + 1 - right)
    last = max(places)
    lead = max(_lead(value, last), _lead(error, last) if stated else last)
    plain = last <= 0 and _SMALLEST_PLAIN <= lead <= _LARGEST_PLAIN
    return Place(last, 0 if plain else lead)


def _decimal(value: float) -> Decimal:
    return Decimal(repr(float(value)))


def _lead(value: float, last: int | None = None) -> int:
    """The power of ten of the first digit, after rounding to the place `last`."""
    exact = abs(_decimal(value)) if math.isfinite(value) else Decimal(0)
    if last is not None:
        exact = exact.quantize(Decimal(1).scaleb(last), ROUND_HALF_EVEN, _WIDE)
    return exact.adjusted() if exact else (0 if last is None else last)


def _two_digits(error: float) -> int:
    """The power of ten of the second significant digit (0.0996 is 0.10: the hundredths)."""
    return Context(prec=2, rounding=ROUND_HALF_EVEN).create_decimal(_decimal(error)).adjusted() - 1


def rounded(value: float, place: Place, rounding: str = ROUND_HALF_EVEN) -> str:
    """A finite number at a place, the factored power of ten not written."""
    return _write(_at(_decimal(value), place.last, rounding), place)


def _at(exact: Decimal, last: int, rounding: str) -> Decimal:
    return exact.quantize(Decimal(1).scaleb(last), rounding, _WIDE)


def _write(exact: Decimal, place: Place) -> str:
    """With the power of ten factored out; a zero has no sign."""
    shown = format(exact.scaleb(-place.exponent, _WIDE), "f")
    return shown.lstrip("-") if exact == 0 else shown


def value_error(value: float, error: float, digits: float = _MOST_DIGITS) -> str:
    """`value ± error`, the error to two digits and the value to the same place.

    Where fewer `digits` of the value are right than the error would show, both stop there and
    the error is rounded up. Without an error no more than three digits are shown.
    """
    if not math.isfinite(value):
        return NOT_KNOWN
    if not math.isfinite(error):
        word = NOT_DETERMINED if math.isinf(error) else f"error {NOT_KNOWN}"
        return f"{unclaimed(value)} ({word})"
    if error == 0:
        return f"{exactly(value)} ± 0"
    place = place_of(value, error, digits)
    text = f"{rounded(value, place)} ± {error_at(error, place)}"
    return f"({text}){place.suffix}" if place.suffix else text


def exactly(value: float) -> str:
    """A number that is exact, such as a fixed one: all the digits that it was given with."""
    return number(value, _MOST_DIGITS)


def unclaimed(value: float) -> str:
    """A number of which nothing is claimed: three digits, to give an idea of its size."""
    return number(value, 3)


def error_at(error: float, place: Place) -> str:
    """An error at the place of its value: rounded up where that is coarser than its own."""
    if error == 0:
        return "0"
    coarse = place.last > _two_digits(error)
    return rounded(error, place, ROUND_CEILING if coarse else ROUND_HALF_EVEN)


def asymmetric(value: float, lo: float, hi: float) -> str:
    """`value (+up, -down)`: never a smaller interval than `[lo, hi]`."""
    if not math.isfinite(value):
        return NOT_KNOWN
    spans = [s for s in (hi - value, value - lo) if math.isfinite(s)]
    if not spans:
        return f"{value_error(value, math.inf)}"
    place = place_of(value, max(spans))
    center = _at(_decimal(value), place.last, ROUND_HALF_EVEN)
    up = _distance(hi, center, place, "+") if math.isfinite(hi) else "no upper limit"
    down = _distance(lo, center, place, "-") if math.isfinite(lo) else "no lower limit"
    return f"{_write(center, place)} ({up}, {down}){place.suffix}"


def _distance(end: float, center: Decimal, place: Place, sign: str) -> str:
    distance = _WIDE.subtract(_decimal(end), center)
    distance = distance if sign == "+" else _WIDE.minus(distance)
    return sign + _write(_at(max(distance, Decimal(0)), place.last, ROUND_CEILING), place)


def bounds(lo: float, hi: float, place: Place | None = None) -> str:
    """`[lo, hi]` rounded outward, at a given place or at two digits of the half width.

    An open side in words: `at least 3.2`, `at most 7.1`, `not determined`.
    """
    if math.isnan(lo) or math.isnan(hi):
        return NOT_KNOWN
    if math.isinf(lo) and math.isinf(hi):
        return NOT_DETERMINED
    if lo == hi and float(exactly(lo)) == lo:
        return f"[{exactly(lo)}, {exactly(hi)}]"
    place = place or _place_of_ends(lo, hi)
    low = rounded(lo, place, ROUND_FLOOR) if math.isfinite(lo) else ""
    high = rounded(hi, place, ROUND_CEILING) if math.isfinite(hi) else ""
    if low and high:
        return f"[{low}, {high}]{place.suffix}"
    return (f"at least {low}" if low else f"at most {high}") + place.suffix


def _place_of_ends(lo: float, hi: float) -> Place:
    finite = [v for v in (lo, hi) if math.isfinite(v)]
    largest = max(finite, key=abs)
    half = 0.5 * hi - 0.5 * lo
    return place_of(largest, half) if math.isfinite(half) else place_of(largest, math.nan, 4)


def number(value: float, digits: int = 5) -> str:
    """A number to so many significant digits, `5642.7` or `1.2457e6`; nan in words."""
    if not math.isfinite(value):
        return NOT_KNOWN if math.isnan(value) else f"{'-' if value < 0 else ''}infinite"
    mantissa, _, exponent = f"{value:.{digits}g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def p_value(p: float) -> str:
    """`p = 0.43`, `p = 3.2e-7`, `p > 0.9999`: two digits, and never 0 or 1."""
    if math.isnan(p):
        return f"p {NOT_KNOWN}"
    if p < 1e-300:
        return "p < 1e-300"
    if p > 0.9999:
        return "p > 0.9999"
    if p > 0.99:
        return f"p = {p:.4f}"
    mantissa, _, exponent = f"{p:#.2g}".partition("e")
    return f"p = {mantissa}e{int(exponent)}" if exponent else f"p = {mantissa}"


def share(value: float) -> str:
    """A share such as R2 or a correlation, to two digits of what is missing to 1.

    So that it is never rounded up to 1: `0.99951`, `0.999982`.
    """
    if not math.isfinite(value):
        return NOT_KNOWN
    missing = 1.0 - abs(value)
    if missing == 0.0:
        return "1" if value > 0 else "-1"
    last = min(_two_digits(abs(missing)), -2)
    text = format(_at(abs(_decimal(value)), last, ROUND_HALF_EVEN), "f")
    return f"-{text}" if value < 0 and float(text) else text


def percent(level: float) -> str:
    """A level of confidence: `95 %`, `68.3 %`."""
    return f"{100 * Decimal(repr(float(level))):f}".rstrip("0").rstrip(".") + " %"


def count(quantity: int, noun: str) -> str:
    """`1 point`, `2 points`."""
    return f"{quantity} {noun}" if quantity == 1 else f"{quantity} {noun}s"


def with_unit(text: str, unit: str) -> str:
    """The unit after the number."""
    return f"{text} {unit}" if unit else text
