"""Units of the parameters, from those of the columns and the dimensions of the formula.

In `V ~ a*exp(-t/tau)` with V in V and t in s, a is in V and tau in s.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from taylored.errors import ArgumentError
from taylored.formula import normalize_name, suggest
from taylored.readings.units import Powers, combined_unit, multiplied, read_unit

if TYPE_CHECKING:
    from taylored.regression.result import Fit

__all__ = ["parameter_units"]


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
        name: "" if powers is None else combined_unit(sources, powers)
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
                return multiplied(left, rest[0])
            if name == "div":
                return multiplied(left, rest[0], Fraction(-1))
            if name == "sqrt":
                return multiplied({}, left, Fraction(1, 2))
            if name == "pow" and isinstance(given[1], int):
                return multiplied({}, left, Fraction(given[1]))
            return left if name in ("add", "sub", "neg", "abs", "min", "max") else None

        return apply
