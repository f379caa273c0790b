"""Units as text: products of symbols with powers (`V/s`, `kg*m/s^2`), read, combined, written.

What cannot be read so counts as one symbol.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction

__all__ = ["Powers", "combined_unit", "multiplied", "read_unit", "unit_text"]

Powers = dict[str, Fraction]
_SYMBOL = r"[^\W\d_]+|%|°[^\W\d_]*"
_FACTOR = re.compile(rf"(\s*[*·⋅/]\s*|\s+|)({_SYMBOL}|1)(?:(?:\^|\*\*)?(-?\d+))?")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def combined_unit(sources: Sequence[Powers | None], powers: Sequence[float]) -> str:
    """The product of units with powers, the last one's symbols first; "" where one is unknown."""
    total: Powers = {}
    pairs = list(zip(sources, powers, strict=True))
    for unit, power in [pairs[-1], *pairs[:-1]]:
        exponent = Fraction(power).limit_denominator(12)
        if exponent and unit is None:
            return ""
        total = multiplied(total, unit or {}, exponent)
    return unit_text(total)


def multiplied(left: Mapping[str, Fraction], right: Mapping[str, Fraction],
               power: Fraction = Fraction(1)) -> Powers:  # fmt: skip
    """One unit times a power of another."""
    result = dict(left)
    for symbol, exponent in right.items():
        result[symbol] = result.get(symbol, Fraction(0)) + power * exponent
    return {symbol: exponent for symbol, exponent in result.items() if exponent}


def read_unit(text: str) -> Powers:
    """The powers of the symbols of a unit: `V/s^2` is V and s to the power -2."""
    plain, at = re.sub("[⁻⁰-⁹¹²³]+", lambda m: "^" + m[0].translate(_RAISED), text.strip()), 0
    result: Powers = {}
    while at < len(plain):
        factor = _FACTOR.match(plain, at)
        if factor is None or (bool(factor[1]) == (at == 0)):
            return {text.strip(): Fraction(1)}
        power = Fraction(int(factor[3] or 1) * (-1 if "/" in factor[1] else 1))
        if factor[2] != "1":
            result = multiplied(result, {factor[2]: power})
        at = factor.end()
    return result


def unit_text(powers: Powers) -> str:
    """Powers of symbols as text: `V*s^2`, `1/s`, `V/(m*s)`; "1" for a pure number."""
    above = [_power(symbol, power) for symbol, power in powers.items() if power > 0]
    below = [_power(symbol, -power) for symbol, power in powers.items() if power < 0]
    head = "*".join(above) or "1"
    if not below:
        return head
    return f"{head}/{below[0]}" if len(below) == 1 else f"{head}/({'*'.join(below)})"


def _power(symbol: str, power: Fraction) -> str:
    if power == 1:
        return symbol
    plain = symbol if re.fullmatch(_SYMBOL, symbol) else f"({symbol})"
    return f"{plain}^{power}" if power.denominator == 1 else f"{plain}^({power})"
