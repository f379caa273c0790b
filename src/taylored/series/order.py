"""The least order whose proved remainder on a box is as small as wanted."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from taylored.errors import ArgumentError, EnclosureError
from taylored.readings.jet.space import space
from taylored.series.enclosed import (
    Enclosed,
    Expansion,
    Settings,
    expansion,
    proved_remainder,
    reaching,
)
from taylored.series.function import Target
from taylored.series.refusals import box_text, refuse, up_to_two_digits

__all__ = ["HIGHEST", "least_order"]

HIGHEST = 128  # order of a polynomial in one variable
_MOST_CORNERS = 6  # variables
_PATIENCE = 12  # orders without progress
_MOST_COEFFICIENTS = 500  # of the polynomials that are tried


@dataclass(frozen=True, slots=True)
class _Tried:
    """An order that is not enough: how large f - T is at least known to be, and its rounding."""

    made: Expansion
    size: float
    rounding: float


def least_order(
    target: Target,
    point: np.ndarray,
    sides: np.ndarray,
    tol: float,
    settings: Settings,
) -> tuple[Expansion, Enclosed]:
    """The polynomial of the least order that is proved to be within `tol`, and its remainder.

    An order is passed over without a search where f - T is larger than `tol` at a corner of the
    box for certain. Of several variables only polynomials that are not too long are tried.

    Raises:
        EnclosureError: where there is none.
    """
    tried: list[_Tried] = []
    corners: _Corners | None = None
    for order in range(HIGHEST + 1):
        if tried and space(target.variables, order).size > _MOST_COEFFICIENTS:
            raise _no_order(tried, tol, sides, settings)
        try:
            made = expansion(target, point, order, settings)
        except ArgumentError as error:
            if not tried:
                raise
            raise _no_order(tried, tol, sides, settings) from error
        corners = corners or _Corners(made, sides)
        gap, rounding = corners.gap(made)
        if gap <= tol:
            found = proved_remainder(made, sides, settings, tol)
            if not found.proved:
                raise refuse(made, sides, settings, found)
            if found.largest <= tol:
                return made, proved_remainder(made, sides, settings)
            gap, rounding = found.largest, found.rounding_level
        tried.append(_Tried(made, gap, rounding))
        if _hopeless(tried, tol):
            raise _no_order(tried, tol, sides, settings)
    raise _no_order(tried, tol, sides, settings)


class _Corners:
    """f enclosed at the corners of the box, where remainders tend to be largest."""

    def __init__(self, made: Expansion, sides: np.ndarray):
        variables = made.target.variables
        chosen = list(itertools.product((0, 1), repeat=variables))
        if variables > _MOST_CORNERS:
            chosen = [(0,) * variables, (1,) * variables]
        which = np.array(chosen)
        ends = np.stack([made.point - sides[0], made.point + sides[1]])
        self.points = np.take_along_axis(ends, which, axis=0)
        self.reach = reaching(made.point, sides).max(axis=0)
        e = made.function.executor
        with e.precision(), np.errstate(all="ignore"):
            found = made.function.over(self.points, self.points, space(variables, 0))
            self.low, self.high = e.floats(found.low[0], False), e.floats(found.high[0], True)

    def gap(self, made: Expansion) -> tuple[float, float]:
        """How large f - T is at least, and the rounding of T that is taken off."""
        with np.errstate(all="ignore"):
            values = made.polynomial(self.points)
            rounding = made.polynomial.rounding(self.reach)
            apart = np.fmax(self.low - values, values - self.high) - rounding
        apart = np.where(np.isfinite(apart), apart * (1.0 - 1e-12), 0.0)
        return float(np.max(apart, initial=0.0)), float(np.max(rounding, initial=0.0))


def _hopeless(tried: Sequence[_Tried], tol: float) -> bool:
    """Whether more terms will not help: rounding is above tol, or the remainder grows for long."""
    if tried[-1].rounding > tol:
        return True
    sizes = [t.size for t in tried]
    late, early = sizes[-_PATIENCE:], sizes[:-_PATIENCE]
    return len(early) >= _PATIENCE and min(late) > 0.9 * min(early)


def _no_order(
    tried: Sequence[_Tried], tol: float, sides: np.ndarray, settings: Settings
) -> EnclosureError:
    """The error where no order has a remainder as small as wanted."""
    best = min(tried, key=lambda t: t.size)
    said = f" up to {len(tried) - 1}" if len(tried) > 1 else ""
    what = (
        f"No order{said} has a remainder of at most {tol:g} for {box_text(best.made.point, sides)}."
    )
    found = proved_remainder(best.made, sides, settings)
    if not found.proved:
        return refuse(best.made, sides, settings, found)
    if 2 * found.rounding_level > min(tol, found.largest):
        why = f"rounding in float64 alone contributes up to {found.rounding_level:.2g}."
        return EnclosureError(what, why=why, next_step=_possible(best.made, sides, settings))
    why = "more terms do not make it smaller: the box may reach past the radius of convergence."
    variables, last = best.made.target.variables, len(tried) - 1
    if space(variables, last + 1).size > _MOST_COEFFICIENTS:
        why = (
            f"polynomials of higher order in {variables} variables have more than "
            f"{_MOST_COEFFICIENTS} coefficients, and are made where order= asks for them."
        )
    step = f"take a smaller radius, or tol={up_to_two_digits(found.largest):.2g}, which order="
    return EnclosureError(what, why=why, next_step=f"{step}{best.made.order} meets.")


def _possible(made: Expansion, sides: np.ndarray, settings: Settings) -> str:
    """A tolerance that rounding leaves room for, and the order that meets it."""
    tol = up_to_two_digits(
        10 * proved_remainder(made, sides, settings).rounding_level
    )  # more terms round more
    order = made.order
    while space(made.target.variables, order).size <= _MOST_COEFFICIENTS and order <= HIGHEST:
        try:
            longer = expansion(made.target, made.point, order, settings)
        except ArgumentError:
            break
        found = proved_remainder(longer, sides, settings, tol)
        tol = max(tol, up_to_two_digits(3 * found.rounding_level)) if found.proved else tol
        if found.proved and found.largest <= tol:
            return f"tol={tol:.2g} is met with order={order}."
        order += 1 + order // 4  # it need not be the least one
    return "take a smaller radius, or a larger tol."
