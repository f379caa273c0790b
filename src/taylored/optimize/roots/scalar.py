"""One equation in one unknown: Newton's method kept inside a bracket, which cannot diverge.

Newton's step is taken while it shrinks |f|; else the bracket is halved (Press et al., Numerical
Recipes, 3rd ed., section 9.4). The answer is the last bit: no float64 lies between the ends.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from taylored.errors import MissingRule
from taylored.optimize.roots.order import multiplicity
from taylored.optimize.roots.system import System
from taylored.optimize.watch import Watch
from taylored.readings.jet.space import space

__all__ = ["Line", "Outcome", "between", "bracketed", "crossing"]

_NEWTONS = 6  # steps in a row that need not halve the bracket


@dataclass(eq=False)
class Line:
    """f and f' of one number; what was computed is kept."""

    system: System
    watch: Watch
    known: dict[float, float] = field(default_factory=dict)

    def value(self, x: float) -> float:
        found = self.known.get(x)
        if found is None:
            found = self.known[x] = float(self.system.values(np.array([x])).reshape(-1)[0])
        return found

    def slope(self, x: float) -> float:
        found = self.system.jacobian(np.array([x]))
        return float(
            np.asarray(found if isinstance(found, np.ndarray) else found.toarray()).flat[0]
        )

    def note(self, x: float, step: float = math.nan) -> str:
        """Tell the watch; why to stop, or nothing."""
        value = self.value(x)
        return self.watch.iterate(np.array([x]), value, abs(value), step=step)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a method ended. `end`: "converged", "pole", "jump", "undefined", or why it stopped.

    For Newton's method alone also "cycle", "flat slope", "divergence", "domain", "slow".
    """

    x: float
    end: str
    low: float = math.nan
    high: float = math.nan
    multiplicity: int | None = None
    points: tuple[float, ...] = ()  # that explain it


def between(a: float, b: float) -> float:
    """A float64 between two: the middle, or the geometric mean where they are far apart."""
    if a * b > 0 and not 1e-3 < abs(a / b) < 1e3:
        return math.copysign(math.sqrt(abs(a)) * math.sqrt(abs(b)), a)
    return 0.5 * a + 0.5 * b


def bracketed(line: Line, a: float, b: float, tol: float = 0.0) -> Outcome:
    """The root, pole or jump between two points where f has different signs."""
    first = min(a, b), max(a, b)
    bracket = _Bracket(line, *first)
    while True:
        a, b, x = bracket.low, bracket.high, bracket.x
        if line.value(x) == 0.0:
            line.note(x)
            return Outcome(x, "converged", x, x, bracket.multiplicity)
        stop = line.note(x, bracket.step)
        if b - a <= tol or math.nextafter(a, b) >= b:
            return Outcome(x, crossing(line, (a, b), first), a, b, bracket.multiplicity)
        if stop:
            return Outcome(x, stop, a, b)
        new = bracket.proposed()
        if math.isnan(line.value(new)):
            return Outcome(new, "undefined", a, b)
        bracket.take(new)


@dataclass(eq=False)
class _Bracket:
    """Two points with different signs of f; x is the one where |f| is smaller."""

    line: Line
    low: float
    high: float
    step: float = math.inf
    steps: list[float] = field(default_factory=list)  # of Newton, in a row
    multiplicity: int | None = None
    _pushes: int = 0
    _kind: str = ""

    def __post_init__(self) -> None:
        self.x = self._better()
        self._refuse_newton = not math.isfinite(self.line.value(self.x))
        self._slow, self._width = 0, self.high - self.low

    def _better(self) -> float:
        low, high = (abs(self.line.value(p)) for p in (self.low, self.high))
        return self.low if low <= high else self.high

    def proposed(self) -> float:
        """Newton's point, one a little beyond it where it is next to x, or the middle."""
        a, b, x = self.low, self.high, self.x
        self._kind = "halved"
        if not self._refuse_newton and self._slow <= _NEWTONS:
            step = _newton_step(self.line, x)
            found = multiplicity(self.steps)
            if found is not None and a < x + found * step < b:
                self.multiplicity, step = found, found * step
                self.steps.clear()
            new = x + step
            if abs(step) <= 4 * math.ulp(x):
                # The root is next to x: the other end is brought near.
                new = x + math.copysign(math.ldexp(math.ulp(x), self._pushes), a - x + b - x)
                self._pushes += 1
                self._kind = "pushed"
            elif a < new < b:
                self._kind = "newton"
            if a < new < b:
                return new
        self._kind = "halved"
        middle = between(a, b)
        return middle if a < middle < b else math.nextafter(a, b)

    def take(self, new: float) -> None:
        """Keep the part of the bracket with the change of sign."""
        value, before, last = self.line.value(new), abs(self.line.value(self.x)), self.step
        self.step = abs(new - self.x)
        flipped = (value > 0) != (self.line.value(self.low) > 0)
        if self._kind == "pushed" and flipped == (self.x == self.low):
            self._pushes = 0
        self.low, self.high = (self.low, new) if flipped else (new, self.high)
        by_newton = self._kind == "newton"
        self._refuse_newton = by_newton and not abs(value) <= 0.5 * before
        self.steps = [*self.steps[-6:], new - self.x] if by_newton else []
        shorter = self.high - self.low <= 0.5 * self._width
        self._slow = 0 if not by_newton or shorter or self.step <= 0.1 * last else self._slow + 1
        self._width = min(self._width, self.high - self.low)
        self.x = self._better()


def _newton_step(line: Line, x: float) -> float:
    slope = line.slope(x)
    return -line.value(x) / slope if slope != 0.0 and math.isfinite(slope) else math.nan


def _steady(line: Line, ends: tuple[float, float], reach: float) -> bool:
    """Whether f hardly changes on each side: then it does not go through zero between."""
    for x, side in zip(ends, (-reach, reach), strict=True):
        value = line.value(x)
        off = max(abs(line.value(x + math.ldexp(side, power)) - value) for power in (4, 8))
        if not off <= 1e-3 * abs(value):
            return False
    return True


def _nonzero(line: Line, ends: tuple[float, float], reach: float) -> bool:
    """Whether rounding does not explain the values on both sides, which then are not zero."""
    off = math.ldexp(reach, 8)
    points = np.array([[ends[0] - off], [ends[1] + off]])
    try:
        found = line.system.box.over(points, points, space(1, 0))
    except MissingRule:
        return False
    return bool(np.all((found.low[0] > 0) | (found.high[0] < 0)))


def crossing(line: Line, ends: tuple[float, float], first: tuple[float, float]) -> str:
    """What lies between neighboring points of different signs: a root, a pole or a jump.

    Toward a root |f| becomes smaller, toward a pole larger, toward a jump neither.
    """
    a, b = ends
    near = min(abs(line.value(a)), abs(line.value(b)))
    if near == 0.0 or math.isinf(near):
        return "pole" if near else "converged"
    reach = max(b - a, math.ulp(a), math.ulp(b))
    if _steady(line, ends, reach) and _nonzero(line, ends, reach):
        return "jump"
    for power in range(4, 52, 4):
        h = math.ldexp(reach, power)
        if a - h < first[0] and b + h > first[1]:
            break
        sides = [p for p in (a - h, b + h) if first[0] <= p <= first[1]]
        far = min(abs(line.value(p)) for p in sides)
        if math.isnan(far):
            break
        if near <= far / 6:
            return "converged"
        if near >= 6 * far:
            return "pole"
    far = min(abs(line.value(p)) for p in first)
    return "converged" if near < 1e-6 * far else "jump"
