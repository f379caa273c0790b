"""How far a polynomial reaches: the box that is given, and the largest one for a tolerance."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np

from taylored.errors import ArgumentError, EnclosureError
from taylored.readings.doubled import two_sum
from taylored.series.enclosed import Expansion, Settings, proved_remainder
from taylored.series.function import Target, not_traced

__all__ = ["box_sides", "radius_for", "radius_sides"]

_NEAR = 1.01
_ALIKE = 1e-14  # sides that differ by the rounding of their ends only
_MOST_STEPS = 200


def box_sides(target: Target, point: np.ndarray, on: Any) -> np.ndarray:
    """How far the box [lo, hi] = `on` reaches down and up from the center, (2, variables).

    Raises:
        ArgumentError: where it is no box, or the center lies outside of it.
    """
    try:
        if isinstance(on, Mapping):  # of pairs: its keys are no ends
            raise TypeError
        lo, hi = on
    except (TypeError, ValueError):
        raise ArgumentError(
            f"on={on!r} is no pair of ends.", next_step=f"give {_form(target)}."
        ) from None
    low, high = target.flatten(lo, "on[0]"), target.flatten(hi, "on[1]")
    turned = np.flatnonzero(low > high)
    if turned.size:
        k = turned[0]
        raise ArgumentError(
            f"on: {target.names[k]} goes from {low[k]:g} to {high[k]:g}.",
            next_step="give the lower end first.",
        )
    outside = np.flatnonzero(~((low <= point) & (point <= high)))
    if outside.size:
        k = outside[0]
        raise ArgumentError(
            f"{target.names[k]} = {point[k]:g} lies outside of [{low[k]:g}, {high[k]:g}].",
            next_step="give ends with the center between them.",
        )
    with np.errstate(over="ignore"):
        sides = np.stack([point - low, high - point])
    if not np.all(np.isfinite(sides)) or not np.any(sides > 0):
        raise ArgumentError(f"on={on!r} is no box.", next_step="give on=(lo, hi), lo < hi.")
    # Rounded up where the differences are not exact.
    short = np.stack([two_sum(point, -low)[1], two_sum(high, -point)[1]]) > 0.0
    return np.where(short, np.nextafter(sides, np.inf), sides)


def _form(target: Target) -> str:
    """How a box is given by its ends."""
    if target.names and target.variables <= 3 and not any(target.shapes) and not target.is_scalar:
        low, high = ("{" + ", ".join(f"{n!r}: {e}" for n in target.names) + "}" for e in (-1, 1))
        return f"the lower ends and the upper ends, each as `at`: on=({low}, {high})"
    return "on=(lo, hi), each as `at`"


def radius_sides(target: Target, radius: Any) -> np.ndarray:
    """How far the box reaches down and up from the center, (2, variables): the same both ways.

    Raises:
        ArgumentError: where they are no positive numbers, or not one for each input.
    """
    not_traced(radius, "radius")
    if isinstance(radius, numbers.Real) or (np.ndim(radius) == 0 and hasattr(radius, "dtype")):
        reach = np.full(target.variables, float(radius))
    else:
        reach = target.flatten(radius, "radius")
    if not np.all(np.isfinite(reach)) or np.any(reach < 0) or not np.any(reach > 0):
        raise ArgumentError(
            f"radius={radius!r} is no positive length.", next_step="give radius=0.1."
        )
    return np.stack([reach, reach])


def radius_for(made: Expansion, settings: Settings, sides: np.ndarray | None, tol: float) -> float:
    """See `Taylor.radius_for`."""
    if not (isinstance(tol, numbers.Real) and float(tol) > 0 and np.isfinite(float(tol))):
        raise ArgumentError(f"tol={tol!r} is no positive number.", next_step="give tol=1e-8.")
    tol = float(tol)
    shape = np.ones((2, made.target.variables)) if sides is None else sides
    if np.max(shape) - np.min(shape) <= _ALIKE * np.max(shape):
        shape = np.ones_like(shape)  # then the factor is a radius, proved as one

    def holds(factor: float) -> bool:
        found = proved_remainder(made, shape * factor, settings, tol)
        return found.proved and found.largest <= tol

    low, high = _bracket(holds, _first_guess(made, shape, tol))
    if low == 0.0:
        raise _too_small(made, shape, settings, tol)
    if np.isinf(high):
        return low
    while high / low > _NEAR:
        middle = (low * high) ** 0.5
        if holds(middle):
            low = middle
        else:
            high = middle
    return low


def _first_guess(made: Expansion, shape: np.ndarray, tol: float) -> float:
    """Where the last terms are as large as `tol`: the order of magnitude."""
    polynomial = made.polynomial
    top = polynomial.space.degrees == made.order
    size = np.max(np.abs(polynomial.coefficients[top]), initial=0.0)
    scale = float(np.max(shape))
    if size <= 0 or not np.isfinite(size):
        return 0.1 / scale
    with np.errstate(over="ignore", under="ignore"):
        guess = (tol / size) ** (1.0 / max(made.order + 1, 1))
    return float(np.clip(guess, 1e-12, 1e6)) / scale


def _bracket(holds: Any, start: float) -> tuple[float, float]:
    """A factor that holds and one that does not; 0 or infinity where there is none."""
    if holds(start):
        low = start
        for k in range(_MOST_STEPS):
            high = low * (2.0 if k < 8 else 16.0)
            if high > 1e150:
                return low, np.inf
            if not holds(high):
                return low, high
            low = high
        return low, np.inf
    high = start
    for k in range(_MOST_STEPS):
        low = high / (2.0 if k < 8 else 16.0)
        if low < 1e-300:
            return 0.0, high
        if holds(low):
            return low, high
        high = low
    return 0.0, high


def _too_small(
    made: Expansion, shape: np.ndarray, settings: Settings, tol: float
) -> EnclosureError:
    smallest = proved_remainder(made, shape * 1e-30, settings)
    level = smallest.rounding_level
    if smallest.proved and level >= tol:
        why = f"rounding in float64 alone contributes up to {level:.2g}, however near the center."
        step = f"ask for tol={2 * level:.1g} or more."
    else:
        why = "the function is not smooth near the center, as far as intervals can tell."
        step = "move the center."
    return EnclosureError(f"No radius has a remainder of at most {tol:g}.", why=why, next_step=step)
