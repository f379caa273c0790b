"""Many boxes at once: which cannot hold a root, and how far the others can be cut down.

A box is dropped where an enclosure of F does not hold 0, or where some part is nowhere defined.
The others are cut by the mean-value form of each equation, and by that of the preconditioned
system, solved for one unknown after another (Neumaier, Interval Methods for Systems of Equations,
1990, chapter 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from taylored.errors import MissingRule
from taylored.optimize.roots.poles import numerators
from taylored.optimize.roots.system import System
from taylored.readings.enclosure.boxes import BoxFunction
from taylored.readings.interval import arithmetic as ia
from taylored.readings.interval.arithmetic import Bounds
from taylored.readings.interval.executor import NUMPY
from taylored.readings.jet.space import space
from taylored.trace.program import Constant, Equation, Program

__all__ = ["CellTests", "Cells", "Look"]


@dataclass(frozen=True, eq=False)
class Cells:
    """Boxes by their ends (boxes, unknowns)."""

    low: np.ndarray
    high: np.ndarray

    def __len__(self) -> int:
        return len(self.low)

    def where(self, chosen: np.ndarray) -> Cells:
        return Cells(self.low[chosen], self.high[chosen])

    @cached_property
    def middle(self) -> np.ndarray:
        return np.clip(0.5 * self.low + 0.5 * self.high, self.low, self.high)

    def joined(self, other: Cells) -> Cells:
        return Cells(np.concatenate([self.low, other.low]), np.concatenate([self.high, other.high]))


@dataclass(frozen=True, eq=False)
class Look:
    """What was found over cells.

    `possible`: may hold a root. `cut`: the part of each that may. `regular`: holds one root at
    most. `inside`: the cut lies inside of the cell, so that it is likely to hold one.
    `undefined`: F may not be defined somewhere in it. `weights`: how much each unknown matters.
    """

    possible: np.ndarray
    cut: Cells
    regular: np.ndarray
    inside: np.ndarray
    undefined: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True, eq=False)
class CellTests:
    """The tests for a system."""

    system: System

    def look(self, cells: Cells) -> Look:
        """Test all cells, and cut them down."""
        with np.errstate(all="ignore"):
            return self._look(cells)

    def _look(self, cells: Cells) -> Look:
        count, middle = len(cells), cells.middle
        local = space(self.system.variables, 1)
        both = np.concatenate([cells.low, middle]), np.concatenate([cells.high, middle])
        found = self.system.box.over(*both, local)
        natural: Bounds = (found.low[0, :count], found.high[0, :count])
        value: Bounds = (found.low[0, count:], found.high[0, count:])
        slopes: Bounds = tuple(  # type: ignore[assignment]
            np.ascontiguousarray(p[1:, :count].transpose(1, 2, 0)) for p in (found.low, found.high)
        )
        rough, undefined = np.zeros(count, bool), np.zeros(count, bool)
        for trouble in found.troubles:
            if trouble.kind != "kink":
                rough |= trouble.boxes[:count]
            if trouble.kind == "domain":
                undefined |= trouble.boxes[:count]
        slopes[0][rough], slopes[1][rough] = -np.inf, np.inf
        possible = ~np.any((natural[0] > 0) | (natural[1] < 0), axis=1)
        if undefined.any() and self._arguments is not None:
            possible &= ~self._nowhere(cells)
        at_poles = np.flatnonzero(possible & undefined)
        if at_poles.size and self._numerators is not None:
            possible[at_poles] = ~self._no_zero(cells.where(at_poles))
        usable = possible & np.all(np.isfinite(value[0]) & np.isfinite(value[1]), axis=1)
        return self._reduced(cells, (value, slopes), possible, usable, undefined)

    # ---- where F is not defined ----

    @cached_property
    def _arguments(self) -> tuple[BoxFunction, np.ndarray, np.ndarray] | None:
        """What is under roots and logarithms, with the range that it must lie in."""
        found = list(_limited(self.system.program))
        if not found:
            return None
        program = self.system.program.keep([atom for atom, *_ in found])
        sizes = [int(np.prod(program.shapes.get(a, ()), dtype=np.int64)) for a, *_ in found]
        least = np.concatenate(
            [np.full(s, low) for s, (_, low, _) in zip(sizes, found, strict=True)]
        )
        most = np.concatenate(
            [np.full(s, high) for s, (*_, high) in zip(sizes, found, strict=True)]
        )
        return BoxFunction(program, self.system.shapes), least, most

    def _nowhere(self, cells: Cells) -> np.ndarray:
        """(cells,) where F has no value at any point."""
        assert self._arguments is not None
        function, least, most = self._arguments
        found = function.over(cells.low, cells.high, space(self.system.variables, 0))
        return np.any((found.high[0] < least) | (found.low[0] > most), axis=1)

    @cached_property
    def _numerators(self) -> BoxFunction | None:
        """What is over the divisors, where something is divided."""
        program = numerators(self.system.program) if not any(self.system.shapes) else None
        return None if program is None else BoxFunction(program, self.system.shapes)

    def _no_zero(self, cells: Cells) -> np.ndarray:
        """(cells,) where a numerator is defined everywhere, and nowhere zero."""
        assert self._numerators is not None
        try:
            found = self._numerators.over(cells.low, cells.high, space(self.system.variables, 0))
        except MissingRule:
            return np.zeros(len(cells), bool)
        apart = np.any((found.low[0] > 0) | (found.high[0] < 0), axis=1)
        for trouble in found.troubles:
            if trouble.kind != "kink":
                apart &= ~trouble.boxes
        return apart

    # ---- cutting ----

    def _reduced(
        self, cells: Cells, model: tuple[Bounds, Bounds], possible: np.ndarray,
        usable: np.ndarray, undefined: np.ndarray,
    ) -> Look:  # fmt: skip
        count, n = cells.low.shape
        low, high = cells.low.copy(), cells.high.copy()
        regular, inside = np.zeros(count, bool), np.zeros(count, bool)
        value, slopes = model
        size = np.maximum(np.abs(slopes[0]), np.abs(slopes[1])).max(axis=1)
        weights = np.where(np.isfinite(size).all(axis=1, keepdims=True), size, 1.0)
        weights = np.where(weights.max(axis=1, keepdims=True) > 0, weights, 1.0)
        chosen = np.flatnonzero(usable)
        if chosen.size:
            part = cells.where(chosen)
            value, slopes = ((b[0][chosen], b[1][chosen]) for b in (value, slopes))
            if self.system.equations == n:
                more, regular[chosen] = _preconditioned(part, value, slopes)
                value = _stacked(value, more[0])
                slopes = _stacked(slopes, more[1])
            left, kept = _cut(part, value, slopes)
            possible = possible.copy()
            possible[chosen] &= kept
            low[chosen], high[chosen] = left.low, left.high
            inside[chosen] = np.all((left.low > part.low) & (left.high < part.high), axis=1)
        return Look(possible, Cells(low, high), regular, inside, undefined, weights)


def _limited(program: Program) -> list[tuple[int, float, float]]:
    """Arguments that must lie in a range for the program to have a value."""
    found = []
    for e in program.equations:
        atom, limits = e.inputs[0] if e.inputs else None, _limits(e)
        if limits is not None and isinstance(atom, int):
            found.append((atom, *limits))
    return found


_RANGES = {
    "log": (0.0, np.inf), "log2": (0.0, np.inf), "log10": (0.0, np.inf), "sqrt": (0.0, np.inf),
    "rsqrt": (0.0, np.inf), "log1p": (-1.0, np.inf), "asin": (-1.0, 1.0), "acos": (-1.0, 1.0),
    "acosh": (1.0, np.inf), "atanh": (-1.0, 1.0),
}  # fmt: skip


def _limits(equation: Equation) -> tuple[float, float] | None:
    if equation.primitive == "pow":
        power = equation.inputs[1]
        if isinstance(power, Constant) and np.ndim(power.value) == 0:
            return None if float(power.value).is_integer() else (0.0, np.inf)
        return None
    return _RANGES.get(equation.primitive)


def _stacked(x: Bounds, y: Bounds) -> Bounds:
    return np.concatenate([x[0], y[0]], axis=1), np.concatenate([x[1], y[1]], axis=1)


def _preconditioned(
    cells: Cells, value: Bounds, slopes: Bounds
) -> tuple[tuple[Bounds, Bounds], np.ndarray]:
    """The system times the inverse of its middle Jacobian, and where that is surely regular."""
    n = cells.low.shape[1]
    center = 0.5 * slopes[0] + 0.5 * slopes[1]
    good = np.all(np.isfinite(center), axis=(1, 2))
    center[~good] = np.eye(n)
    scale = np.abs(center).max(axis=2, keepdims=True)
    good &= np.all(scale[:, :, 0] > 0, axis=1)
    center[~good] = np.eye(n)
    good &= np.abs(np.linalg.det(center / np.where(scale > 0, scale, 1.0))) > 1e-13
    center[~good] = np.eye(n)
    inverse = np.linalg.inv(center)
    made = ia.linear_map(NUMPY, inverse, slopes)
    moved = ia.linear_map(NUMPY, inverse, (value[0][:, :, None], value[1][:, :, None]))
    eye = np.eye(n)
    off = np.maximum(np.abs(made[0] - eye), np.abs(made[1] - eye))
    radius = np.maximum(cells.high - cells.low, 1e-300)
    reach = (off @ radius[:, :, None])[:, :, 0] * (1 + 1e-12)
    regular = good & np.all(reach < radius, axis=1)
    return ((moved[0][:, :, 0], moved[1][:, :, 0]), made), regular


def _cut(cells: Cells, value: Bounds, slopes: Bounds) -> tuple[Cells, np.ndarray]:
    """The part of each cell where value + slopes*(x - middle) may be 0, and where there is one."""
    middle = cells.middle
    step = NUMPY.down(cells.low - middle), NUMPY.up(cells.high - middle)
    kept = np.ones(len(cells), bool)
    for j in range(middle.shape[1]):
        terms = ia.multiply(NUMPY, slopes, (step[0][:, None], step[1][:, None]))
        whole = _sum(value, terms)
        kept &= ~np.any((whole[0] > 0) | (whole[1] < 0), axis=1)
        terms[0][:, :, j], terms[1][:, :, j] = 0.0, 0.0
        rest = _sum(value, terms)
        low, high = _solved(
            rest, (slopes[0][:, :, j], slopes[1][:, :, j]), (step[0][:, j], step[1][:, j])
        )
        step[0][:, j] = np.maximum(step[0][:, j], low)
        step[1][:, j] = np.minimum(step[1][:, j], high)
        empty = step[0][:, j] > step[1][:, j]
        kept &= ~empty
        step[0][empty, j], step[1][empty, j] = 0.0, 0.0
    low = np.maximum(cells.low, np.nextafter(middle + step[0], -np.inf))
    high = np.minimum(cells.high, np.nextafter(middle + step[1], np.inf))
    return Cells(np.minimum(low, high), np.maximum(low, high)), kept


def _sum(value: Bounds, terms: Bounds) -> Bounds:
    low = np.concatenate([value[0][:, :, None], terms[0]], axis=2)
    high = np.concatenate([value[1][:, :, None], terms[1]], axis=2)
    return ia.sum_over(NUMPY, (low, high), 2, 1)


def _solved(rest: Bounds, slope: Bounds, step: Bounds) -> Bounds:
    """The hull of the d in `step` (cells,) with 0 in rest + slope*d, for every equation."""
    a, b = slope
    number = -rest[1], -rest[0]
    single = (a > 0) | (b < 0)
    ratios = np.stack([n / s for n in number for s in slope])
    low = np.where(single, NUMPY.down(ratios.min(axis=0)), -np.inf)
    high = np.where(single, NUMPY.up(ratios.max(axis=0)), np.inf)
    # Where the slope may be 0 and the number is not, the values between two ends are left out.
    positive, negative = number[0] > 0, number[1] < 0
    edge = np.where(positive, number[0], number[1])
    outer = np.where(positive, a, b), np.where(positive, b, a)
    left = np.where(outer[0] != 0, NUMPY.up(edge / outer[0]), -np.inf)
    right = np.where(outer[1] != 0, NUMPY.down(edge / outer[1]), np.inf)
    split = ~single & (positive | negative)
    none_left, none_right = step[0][:, None] > left, step[1][:, None] < right
    low = np.where(split & none_left, right, low)
    high = np.where(split & none_right, left, high)
    low, high = np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)
    return low.max(axis=1), high.min(axis=1)
