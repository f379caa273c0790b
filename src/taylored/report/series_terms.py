"""The parts of a Taylor polynomial as text: its terms, and bounds rounded outward."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from taylored.report.letters import visible
from taylored.report.numbers import number, place_of, rounded

if TYPE_CHECKING:
    from taylored.series.result import Taylor

__all__ = ["Term", "about", "decimal_text", "down", "ends", "given", "left_off", "minus"]
__all__ += ["monomial", "output_names", "short", "shown", "sizes", "steps", "terms", "up"]

_FULL = 15  # digits of a coefficient
_SHORT = 6  # characters of a center that is written into every term


@dataclass(frozen=True, slots=True)
class Term:
    """A term c * monomial of one output; `size` is the most that it reaches on the box."""

    exponents: tuple[int, ...]
    value: float
    error: float
    size: float


def terms(result: Taylor, output: int = 0) -> list[Term]:
    """The terms of one output whose coefficient is not 0, in the order of their degrees."""
    polynomial, errors = result.expansion.polynomial, result.expansion.errors[:, output]
    values = polynomial.coefficients[:, output]
    largest = sizes(result)[:, output]
    return [
        Term(tuple(map(int, e)), float(values[k]), float(errors[k]), float(largest[k]))
        for k, e in enumerate(result.exponents)
        if values[k]
    ]


def sizes(result: Taylor) -> np.ndarray:
    """(coefficients, outputs) how large each term becomes on the box, or for a step of 1."""
    polynomial = result.expansion.polynomial
    reach = np.ones(result.target.variables) if result.reach is None else result.reach
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        powers = polynomial.powers(reach)  # rounded up, but that of the constant term is 1
        powers = np.where(np.any(result.exponents, axis=1), powers, 1.0)
        return np.abs(polynomial.coefficients) * powers[:, None]


# ---- numbers ----


def _rounded(value: float, digits: int, rounding: str) -> str:
    if not value or not np.isfinite(value):
        return "0" if not value else number(value)
    return decimal_text(Context(prec=digits, rounding=rounding).create_decimal(Decimal(value)))


def decimal_text(exact: Decimal) -> str:
    """A decimal as `0.0166`, `4.01`, `1.2e-15`, with the digits that it has."""
    exponent = exact.adjusted()
    if -4 <= exponent < max(5, len(exact.as_tuple().digits)):
        return format(exact, "f")
    return f"{exact.scaleb(-exponent):f}e{exponent}"


def up(value: float, digits: int = 2) -> str:
    """A number rounded up: `0.017`, `2.0e-17`."""
    return _rounded(value, digits, ROUND_CEILING)


def about(value: float, digits: int = 2) -> str:
    """A number of which nothing is claimed but its size."""
    return _rounded(value, digits, ROUND_HALF_EVEN)


def down(value: float, digits: int = 2) -> str:
    """A number rounded down."""
    return _rounded(value, digits, ROUND_FLOOR)


def ends(low: float, high: float, digits: int = 3) -> str:
    """`[lo, hi]`, each end rounded outward to so many digits of its own."""
    return f"[{down(low, digits)}, {up(high, digits)}]"


def shown(value: float, error: float) -> str:
    """A number with no digit beyond its error; `0` where the error is larger than it."""
    if error > abs(value):
        return "0"
    if error <= abs(value) * 10.0 ** (0.5 - _FULL):
        return number(value, _FULL)
    place = place_of(value, error, _FULL)
    return rounded(value, place) + place.suffix


def left_off(text: str, value: float, error: float) -> float:
    """A bound on how far the number as it is shown is from the true one."""
    exact = abs(Fraction(text) - Fraction(value)) + Fraction(error)
    return float(np.nextafter(float(exact), np.inf)) if exact else 0.0


def given(value: float) -> str:
    """A number that was given: all its digits."""
    digits, _, exponent = repr(float(value)).partition("e")
    return digits.removesuffix(".0") + (f"e{int(exponent)}" if exponent else "")


# ---- monomials ----


def steps(result: Taylor) -> tuple[tuple[str, ...], str]:
    """What the terms are powers of, and its definition where it has a name of its own."""
    names = [visible(n) for n in result.target.names]
    point = [float(v) for v in result.expansion.point]
    if not any(point):
        return tuple(names), ""
    if len(names) == 1:
        if short(point[0]):
            return (minus(names[0], point[0]),), ""
        step = "h" if names[0] != "h" else "dh"
        return (step,), f"{step} = {minus(names[0], point[0])}"
    changed = [f"d{n}" if c else n for n, c in zip(names, point, strict=True)]
    pairs = [(f"d{n}", minus(n, c)) for n, c in zip(names, point, strict=True) if c]
    said = ", ".join(f"{d} = {text}" for d, text in pairs[:6])
    return tuple(changed), said + (", ..." if len(pairs) > 6 else "")


def short(center: float) -> bool:
    """Whether a center is short enough to be written into every term."""
    return len(given(center)) <= _SHORT


def minus(name: str, center: float) -> str:
    """`x - 0.3`, `x + 2`, `x`."""
    if not center:
        return name
    return f"{name} {'-' if center > 0 else '+'} {given(abs(center))}"


def monomial(powers: tuple[str, ...], exponents: tuple[int, ...]) -> str:
    """`1`, `x`, `(x - 0.3)^2`, `dx dy^2`."""
    pieces = []
    for base, exponent in zip(powers, exponents, strict=True):
        if exponent:
            base = f"({base})" if " " in base and (exponent > 1 or sum(exponents) > 1) else base
            pieces.append(f"{base}^{exponent}" if exponent > 1 else base)
    return " ".join(pieces) or "1"


# ---- outputs ----


def output_names(result: Taylor) -> list[str]:
    """A name for each number that the function returns: `f`, `f[2]`, `f1[0, 1]`."""
    shapes = result.target.output_shapes
    found = []
    for leaf, shape in enumerate(shapes, 1):
        name = "f" if len(shapes) == 1 else f"f{leaf}"
        for index in np.ndindex(shape):
            found.append(f"{name}[{', '.join(map(str, index))}]" if index else name)
    return found
