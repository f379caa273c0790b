"""Coefficients with their errors, and remainders with what rounding adds to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.errors import ArgumentError, CenterError, MissingRule
from taylored.readings.enclosure.boxes import BoxFunction
from taylored.readings.enclosure.remainder import Remainder, remainder
from taylored.readings.interval.executor import NUMPY, Executor, flint_executor
from taylored.readings.interval.margins import trusted
from taylored.readings.jet.space import space
from taylored.readings.jet.value import Trouble
from taylored.results import Accuracy
from taylored.series.coefficients import as_intervals, as_numbers
from taylored.series.function import Target
from taylored.series.polynomial import Polynomial, weighted

__all__ = ["Enclosed", "Expansion", "Settings", "expansion", "proved_remainder", "reaching"]

_MOST_COEFFICIENTS = 20_000


@dataclass(frozen=True, slots=True)
class Settings:
    """How remainders are computed."""

    thorough: bool = False
    exact: bool = False

    @property
    def executor(self) -> Executor:
        return flint_executor() if self.exact else NUMPY

    @property
    def kind(self) -> Accuracy:
        """`proved`, unless this machine's functions are not within their measured margins."""
        return Accuracy.PROVED if self.exact or trusted("numpy")[0] else Accuracy.ESTIMATED

    @property
    def caveat(self) -> str:
        """Why a bound is not called proved, or nothing."""
        return "" if self.exact else trusted("numpy")[1]


@dataclass(frozen=True, eq=False)
class Expansion:
    """A polynomial at a center, and the errors (coefficients, outputs) of its coefficients.

    `kind` is that of the errors; `center` encloses the exact coefficients where it is known.
    """

    target: Target
    function: BoxFunction
    polynomial: Polynomial
    errors: np.ndarray
    kind: Accuracy

    @property
    def order(self) -> int:
        return self.polynomial.space.degree

    @property
    def point(self) -> np.ndarray:
        return self.polynomial.center


@dataclass(frozen=True, eq=False)
class Enclosed:
    """A remainder over a box: of the exact polynomial, and of the one that is evaluated.

    `low`, `high` (outputs,) hold f(x) - T(x) with T as computed in float64.
    """

    of: Remainder
    low: np.ndarray
    high: np.ndarray
    rounding: np.ndarray

    @property
    def proved(self) -> bool:
        finite = np.all(np.isfinite(self.low)) and np.all(np.isfinite(self.high))
        return bool(finite) and self.of.proved

    @property
    def largest(self) -> float:
        """The largest absolute value that f - T may have."""
        if not self.proved:
            return np.inf
        return float(np.max(np.abs([self.low, self.high]), initial=0.0))

    @property
    def rounding_level(self) -> float:
        """What rounding alone contributes."""
        return float(np.max(self.rounding, initial=0.0))


def expansion(target: Target, point: np.ndarray, order: int, settings: Settings) -> Expansion:
    """The Taylor polynomial at a point.

    Raises:
        ArgumentError: if it has too many coefficients.
        CenterError: if there is none.
        MissingRule: for operations that cannot be expanded.
    """
    polynomials = space(target.variables, order)
    if polynomials.size > _MOST_COEFFICIENTS:
        best = _highest_order(target.variables)
        raise ArgumentError(
            f"A polynomial of order {order} in {target.variables} variables has "
            f"{polynomials.size} coefficients.",
            why=f"{_MOST_COEFFICIENTS} is the most.",
            next_step=f"give order={best}"
            + (", or fix some of the inputs." if best else ": the inputs are too many."),
        )
    function = BoxFunction(target.program, target.shapes, settings.executor)
    (coefficients,), troubles = as_numbers(function, point, polynomials)
    if troubles:
        raise _no_center(target, point, troubles[0])
    if not np.all(np.isfinite(coefficients)):
        raise _not_finite(target, polynomials, coefficients)
    errors, kind = _errors(function, point, polynomials, coefficients, settings)
    made = Polynomial(polynomials, point, coefficients)
    return Expansion(target, function, made, errors, kind)


def _highest_order(variables: int) -> int:
    order = 0
    while space(variables, order + 1).size <= _MOST_COEFFICIENTS:
        order += 1
    return order


def _no_center(target: Target, point: np.ndarray, trouble: Trouble) -> CenterError:
    return CenterError(
        f"{target.describe} has no Taylor polynomial at {_shown(target, point)}.",
        where=trouble.source,
        why=f"{trouble.primitive}: {trouble.reason}." if trouble.primitive else trouble.reason,
        next_step="take a center away from that place.",
    )


def _not_finite(target: Target, polynomials: Any, coefficients: np.ndarray) -> CenterError:
    bad = np.flatnonzero(~np.isfinite(coefficients).all(axis=1))
    degree = int(polynomials.degrees[bad[0]])
    return CenterError(
        f"{target.describe} has a coefficient of order {degree} that float64 cannot hold.",
        next_step=f"give order={degree - 1}, or scale the inputs." if degree else
        "take another center, or scale the function.",
    )  # fmt: skip


def _shown(target: Target, point: np.ndarray) -> str:
    pairs = [f"{n} = {v:.6g}" for n, v in zip(target.names, point, strict=True)]
    return ", ".join(pairs[:6]) + (", ..." if len(pairs) > 6 else "")


def _errors(
    function: BoxFunction, point: np.ndarray, polynomials: Any, coefficients: Any, settings: Any
) -> tuple[np.ndarray, Accuracy]:
    """Bounds on the errors of the coefficients, proved where the interval reading can."""
    try:
        (low, high), troubles = as_intervals(function, point, polynomials)
    except MissingRule:
        return np.full(coefficients.shape, np.nan), Accuracy.UNKNOWN
    with np.errstate(invalid="ignore"):
        errors = np.maximum(np.abs(high - coefficients), np.abs(coefficients - low))
    # The subtraction is rounded.
    errors = np.where(errors > 0, np.nextafter(errors * (1 + 2.0**-52), np.inf), 0.0)
    if troubles or not np.all(np.isfinite(errors)):
        return np.where(np.isfinite(errors), errors, np.nan), Accuracy.UNKNOWN
    return errors, settings.kind


def reaching(point: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """The sides with a little more: the float64 at the end of a box may lie past it."""
    spacing = np.spacing(np.abs(point) + sides)
    return np.where(sides > 0, np.nextafter(sides + spacing, np.inf), 0.0)


def proved_remainder(
    made: Expansion, sides: np.ndarray, settings: Settings, target: float | None = None
) -> Enclosed:
    """What f leaves of the polynomial on a box, `sides` (2, variables) below and above its center.

    With `target` the search ends as soon as it is sure whether the remainder is that small.
    """
    # What overflows is infinite, and then nothing is claimed.
    with np.errstate(all="ignore"), made.function.executor.precision():
        sides = reaching(made.point, sides)
        reach = sides.max(axis=0)
        errors = weighted(made.errors, made.polynomial.powers(reach)).sum(axis=0)
        rounding = made.polynomial.rounding(reach) + errors * (1.0 + 1e-12)
        goal = None if target is None else target - float(np.max(rounding, initial=0.0))
        found = remainder(
            made.function, made.point, made.order, sides, settings.thorough, goal=goal
        )
        low = np.nextafter(found.low - rounding, -np.inf)
        high = np.nextafter(found.high + rounding, np.inf)
    return Enclosed(found, low, high, rounding)
