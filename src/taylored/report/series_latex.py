"""A Taylor polynomial in LaTeX: few digits, and a remainder widened by what they leave off.

So the equation is true as it is printed, and not only for the polynomial in the machine.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from taylored.readings.latex import latex_name
from taylored.readings.naming import plain_number
from taylored.report.series_box import box_ends, box_sides, symmetric_reach
from taylored.report.series_terms import Term, ends, given, output_names, short, terms
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.series.result import Taylor

__all__ = ["taylor_latex"]

_MOST_TERMS = 24
_MOST_OUTPUTS = 12
_MOST_INPUTS = 6
_SHARE = 0.01  # of the remainder that the digits left off may add
_DIGITS = 6  # where no remainder says how many
_UNCLAIMED = 3  # where nothing is known of a coefficient: to give an idea of its size
_EXACT = 6  # a coefficient of no more digits is written with all of them
_ALL = 17  # digits that tell every float64 from its neighbors


def taylor_latex(result: Taylor) -> str:
    r"""The polynomial with its remainder in LaTeX; several outputs one below the other.

    The remainder's interval holds for the polynomial as it is written here: what the digits
    that are left off amount to on the box is added to it.
    """
    count = result.target.outputs
    if count == 1:
        left, right = _equation(result, 0, "f", "R")
        return f"{left} = {right}{_box(result)}"
    names = output_names(result)
    lines = [_equation(result, k, _function(names[k]), _function(names[k]).replace("f", "R"))
             for k in range(min(count, _MOST_OUTPUTS))]  # fmt: skip
    rows = [f"{left} &= {right}" for left, right in lines]
    rows += [r"&\;\;\vdots"] if count > len(lines) else []
    box = _box(result)
    rows += [f"&{box.removeprefix(',')}"] if box else []
    inside = " \\\\\n".join(rows)
    return f"\\begin{{aligned}}\n{inside}\n\\end{{aligned}}"


def _function(name: str) -> str:
    """`f[2]` as f_{2}, `f1[0, 1]` as f_{1;0,1}."""
    head, _, index = name.partition("[")
    parts = [head.removeprefix("f"), index.rstrip("]").replace(" ", "")]
    return f"f_{{{';'.join(p for p in parts if p)}}}" if any(parts) else "f"


def _equation(result: Taylor, output: int, function: str, rest: str) -> tuple[str, str]:
    """The two sides: f(x), and terms + R with the interval of R."""
    names = [_name(n) for n in result.target.names]
    arguments = ", ".join(names[:_MOST_INPUTS]) + (r", \ldots" if len(names) > _MOST_INPUTS else "")
    chosen, hidden = _chosen(result, output)
    digits, widening = _written(result, output, chosen)
    bases = _bases(result, names)
    text = _sum([_term(d, t.exponents, bases) for d, t in zip(digits, chosen, strict=True)])
    if hidden:
        text += rf" + \cdots (\text{{{hidden} smaller terms}})"
    shown_rest = f"{rest}({arguments})"
    text = shown_rest if text == "0" else f"{text} + {shown_rest}"
    return f"{function}({arguments})", f"{text}, \\quad {_bounded(result, output, rest, widening)}"


def _chosen(result: Taylor, output: int) -> tuple[list[Term], int]:
    """The terms to write, and how many smaller ones are left out."""
    every = terms(result, output)
    if len(every) <= _MOST_TERMS:
        return every, 0
    order = sorted(range(len(every)), key=lambda k: (-every[k].size, k))[:_MOST_TERMS]
    return [every[k] for k in sorted(order)], len(every) - _MOST_TERMS


# ---- how many digits, and what they leave off ----


def _written(result: Taylor, output: int, chosen: list[Term]) -> tuple[list[Decimal], float]:
    """The coefficients as decimals, and a bound on what that changes on the box."""
    if result.enclosed is None or result.reach is None:
        known = result.expansion.kind is not Accuracy.UNKNOWN
        return [_six(t) if known else _to_digits(t.value, _UNCLAIMED) for t in chosen], 0.0
    low, high = float(result.enclosed.low[output]), float(result.enclosed.high[output])
    allowed = _SHARE * max(abs(low), abs(high)) / max(len(chosen), 1)
    digits = [_short_enough(t, allowed) for t in chosen]
    changed = sum(
        float(abs(Fraction(d) - Fraction(t.value))) * (t.size / abs(t.value))
        for d, t in zip(digits, chosen, strict=True)
    )
    return digits, (changed + _moved(result, output)) * (1.0 + 1e-9)


def _six(term: Term) -> Decimal:
    """At most six digits, and none beyond the error of the coefficient."""
    known = _DIGITS if not math.isfinite(term.error) else _ALL
    if 0 < term.error < abs(term.value):
        known = math.floor(math.log10(abs(term.value)) - math.log10(term.error))
    return _to_digits(term.value, max(min(known, _DIGITS), 1))


def _to_digits(value: float, digits: int) -> Decimal:
    shortest = Decimal(repr(value))
    return Context(prec=digits, rounding=ROUND_HALF_EVEN).plus(shortest).normalize()


def _short_enough(term: Term, allowed: float) -> Decimal:
    """The fewest digits whose rounding is small enough on the box; an exact one stays exact."""
    if len(Decimal(repr(term.value)).normalize().as_tuple().digits) <= _EXACT:
        return Decimal(repr(term.value)).normalize()
    reach = term.size / abs(term.value)
    for digits in range(2, _ALL):
        found = _to_digits(term.value, digits)
        if float(abs(Fraction(found) - Fraction(term.value))) * reach <= allowed:
            return found
    return _to_digits(term.value, _ALL)


def _moved(result: Taylor, output: int) -> float:
    """What it changes on the box that the center is written in decimals."""
    polynomial, reach = result.expansion.polynomial, result.reach
    assert reach is not None
    off = np.array([float(abs(Fraction(given(c)) - Fraction(float(c)))) for c in polynomial.center])
    total, sizes = 0.0, np.abs(polynomial.coefficients[:, output])
    exponents = polynomial.space.exponents.astype(float)
    # Of no use near the largest numbers: then the interval is not finite, and that is said.
    with np.errstate(over="ignore", invalid="ignore"):
        for k in np.flatnonzero(off):
            lowered = exponents.copy()
            lowered[:, k] = np.maximum(lowered[:, k] - 1.0, 0.0)
            slope = exponents[:, k] * np.prod((reach + off) ** lowered, axis=1)
            total += off[k] * float(np.sum(slope * sizes))
    return total


# ---- text ----


def _name(name: str) -> str:
    """An input in LaTeX; the element of an array, `x[0, 1]`, is x_{0,1}."""
    found = re.fullmatch(r"([A-Za-z]+)\[(\d+(?:, ?\d+)*)\]", name)
    return f"{latex_name(found[1])}_{{{found[2].replace(' ', '')}}}" if found else latex_name(name)


def _bases(result: Taylor, names: list[str]) -> list[str]:
    """What the terms are powers of: x, (x - 0.3), or h for the distance from a long center."""
    point = [float(c) for c in result.expansion.point]
    if _is_long(result):
        return ["h"]
    return [_base(n, c) for n, c in zip(names, point, strict=True)]


def _is_long(result: Taylor) -> bool:
    point = result.expansion.point
    return len(point) == 1 and result.target.names[0] != "h" and not short(float(point[0]))


def _base(name: str, center: float) -> str:
    return f"({_step(name, center)})" if center else name


def _step(name: str, center: float) -> str:
    if not center:
        return name
    return f"{name} {'-' if center > 0 else '+'} {_number(Decimal(given(abs(center))))}"


def _number(value: Decimal) -> str:
    digits, exponent = plain_number(Fraction(value))
    if not exponent:
        return digits
    power = f"10^{{{exponent}}}"
    return power if digits == "1" else rf"{digits} \times {power}"


def _term(value: Decimal, exponents: tuple[int, ...], bases: list[str]) -> tuple[bool, str]:
    """Whether it is negative, and its text without the sign."""
    powers = r" \, ".join(
        base if e == 1 else f"{base}^{{{e}}}" for base, e in zip(bases, exponents, strict=True) if e
    )
    size = abs(value)
    if not powers:
        return value < 0, _number(size)
    return value < 0, powers if size == 1 else rf"{_number(size)} \, {powers}"


def _sum(pieces: list[tuple[bool, str]]) -> str:
    if not pieces:
        return "0"
    text = ("-" if pieces[0][0] else "") + pieces[0][1]
    return text + "".join(f" {'-' if negative else '+'} {piece}" for negative, piece in pieces[1:])


def _bounded(result: Taylor, output: int, rest: str, widening: float) -> str:
    if result.enclosed is None:
        return rf"{rest}\ \text{{unknown}}"
    low = float(np.nextafter(result.enclosed.low[output] - widening, -np.inf))
    high = float(np.nextafter(result.enclosed.high[output] + widening, np.inf))
    if not (math.isfinite(low) and math.isfinite(high)):
        return rf"{rest}\ \text{{not bounded}}"
    first, last = ends(low, high)[1:-1].split(", ")
    return rf"{rest} \in [{_number(Decimal(first))},\ {_number(Decimal(last))}]"


def _box(result: Taylor) -> str:
    """The box after the equation: how far from the center, or its ends where that differs."""
    names = [_name(n) for n in result.target.names]
    if _is_long(result):
        step = _step(names[0], float(result.expansion.point[0]))
        bound = "" if result.sides is None else rf"{_long_box(result)},\ "
        return rf", \quad {bound}h = {step}"
    if result.sides is None:
        return ""
    found = list(_bounds(result, names[:_MOST_INPUTS]))
    found += [r"\ldots"] if len(names) > _MOST_INPUTS else []
    return r", \quad " + r",\ ".join(found)


def _bounds(result: Taylor, names: list[str]) -> Iterator[str]:
    """|x - 0.3| <= 0.5, or x in [-1, 1], for each input."""
    reach, (low, high) = symmetric_reach(result), box_ends(result)
    for k, (name, center) in enumerate(zip(names, result.expansion.point, strict=False)):
        if low[k] == high[k]:
            yield rf"{name} = {_number(Decimal(given(center)))}"
        elif reach is None:
            yield rf"{name} \in {_pair(low[k], high[k])}"
        else:
            yield _within(_step(name, float(center)), reach[k])


def _long_box(result: Taylor) -> str:
    """The same for the step h from a long center."""
    reach = symmetric_reach(result)
    if reach is not None:
        return _within("h", reach[0])
    (below,), (above,) = box_sides(result)
    return rf"h \in {_pair(-below, above)}"


def _within(step: str, reach: float) -> str:
    return rf"\left|{step}\right| \le {_number(Decimal(given(reach)))}"


def _pair(low: float, high: float) -> str:
    return rf"[{_number(Decimal(given(low)))},\ {_number(Decimal(given(high)))}]"
