"""Units of the parameters, from those of the columns and the dimensions of the formula.

In `V ~ a*exp(-t/tau)` with V in V and t in s, a is in V and tau in s. A unit is text: a product of
symbols with powers (`V/s`, `kg*m/s^2`); what cannot be read so counts as one symbol.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from taylored.errors import ArgumentError
from taylored.formula import normalize_name, suggest

if TYPE_CHECKING:
    from taylored.regression.result import Fit

__all__ = ["parameter_units", "read_unit", "unit_text"]

Powers = dict[str, Fraction]
_SYMBOL = r"[^\W\d_]+|%|°[^\W\d_]*"
_FACTOR = re.compile(rf"(\s*[*·⋅/]\s*|\s+|)({_SYMBOL}|1)(?:(?:\^|\*\*)?(-?\d+))?")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def parameter_units(fit: Fit, units: Mapping[str, str]) -> dict[str, str]:
    """The unit of each parameter; "1" for a pure number, "" where it is not known.

    Raises:
        ArgumentError: where `units` names something that is no column of the fit.
    """
    from taylored.regression.search import dimensions

    setup = fit.setup
    given = _known({normalize_name(k): v for k, v in units.items()}, fit)
    sources = [given.get(name) for name in setup.model.columns]
    sources.append(_response_unit(fit, given))
    found = dimensions(setup)
    return {
        name: "" if powers is None else _combined(sources, powers)
        for name, powers in zip(setup.names, found, strict=True)
    }


def _known(given: dict[str, str], fit: Fit) -> dict[str, Powers]:
    formula = fit.setup.formula
    response = (fit.setup.response,)
    if formula is not None and formula.response is not None:
        response = formula.response.names
    names = (*fit.setup.model.columns, *response)
    for name in given:
        if name not in names:
            near = suggest(name, names)
            raise ArgumentError(
                f"--units: {name!r} is not a column of the formula.",
                why=f"its columns are {', '.join(dict.fromkeys(names))}",
                next_step=f"did you mean {near}?" if near else "name one of these",
            )
    return {name: read_unit(text) for name, text in given.items()}


def _combined(sources: Sequence[Powers | None], powers: Sequence[float]) -> str:
    total: Powers = {}
    pairs = list(zip(sources, powers, strict=True))
    for unit, power in [pairs[-1], *pairs[:-1]]:  # the response's symbols come first
        exponent = Fraction(power).limit_denominator(12)
        if exponent and unit is None:
            return ""
        total = _times(total, unit or {}, exponent)
    return unit_text(total)


def _times(left: Powers, right: Powers, power: Fraction = Fraction(1)) -> Powers:
    result = dict(left)
    for symbol, exponent in right.items():
        result[symbol] = result.get(symbol, Fraction(0)) + power * exponent
    return {symbol: exponent for symbol, exponent in result.items() if exponent}


# ---- the response, which may be an expression of columns ----


def _response_unit(fit: Fit, given: Mapping[str, Powers]) -> Powers | None:
    formula = fit.setup.formula
    if formula is None or formula.response is None:
        return given.get(fit.setup.response)
    values = {name: given.get(name) for name in formula.response.names}
    unit = formula.response.evaluate(values, _Algebra())
    return {} if isinstance(unit, int | float) else unit


class _Algebra(dict):
    """The operations of a formula on units instead of numbers; None is an unknown unit."""

    def __missing__(self, name: str) -> Any:
        def apply(*given: Any) -> Powers | None:
            if name in ("exp", "log", "log10", "log2", "sin", "cos", "tan"):
                return {}  # a pure number, whatever is inside
            if None in given:
                return None
            left, *rest = [{} if isinstance(g, int | float) else g for g in given]
            if name == "mul":
                return _times(left, rest[0])
            if name == "div":
                return _times(left, rest[0], Fraction(-1))
            if name == "sqrt":
                return _times({}, left, Fraction(1, 2))
            if name == "pow" and isinstance(given[1], int):
                return _times({}, left, Fraction(given[1]))
            return left if name in ("add", "sub", "neg", "abs", "min", "max") else None

        return apply


# ---- text ----


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
            result = _times(result, {factor[2]: power})
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
