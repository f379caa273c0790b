"""Gradient descent: with a fixed or proved rate, momentum, Nesterov's steps, or a line search.

Nesterov's sequence is begun anew where a step goes uphill (B. O'Donoghue and E. Candes, Found.
Comput. Math. 15, 2015): else it circles around the minimum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite, sqrt

import numpy as np

from taylored.optimize.descent.bounded import released
from taylored.optimize.descent.rates import CurvatureBound
from taylored.optimize.nlp import NonlinearProgram
from taylored.optimize.watch import Answer, Watch

__all__ = ["Plan", "Trace", "run"]

_FAR = 1e8  # a path this much larger than its start, and higher, diverges


@dataclass(frozen=True, slots=True)
class Plan:
    """What kind of descent: `rate` of the step's number; None for a proved one or a search."""

    rate: Callable[[int], float] | None
    momentum: float
    nesterov: bool
    line_search: bool
    tolerance: float


@dataclass(eq=False)
class Trace:
    """What happened beside the path: the rates, and whether all of them were proved safe."""

    rates: list[float] = field(default_factory=list)
    proved: bool = False
    why: str = ""
    searched: bool = False
    zigzags: int = 0
    curvature: float = np.nan
    boxes: int = 0


def run(
    program: NonlinearProgram, start: np.ndarray, watch: Watch, plan: Plan
) -> tuple[Answer, Trace]:
    """Descend from the start until the gradient is small, or the watch says stop."""
    with np.errstate(all="ignore"):
        return _Run(program, watch, plan).go(start)


class _Run:
    def __init__(self, program: NonlinearProgram, watch: Watch, plan: Plan):
        self.program, self.watch, self.plan = program, watch, plan
        self.trace = Trace()
        self.bound: CurvatureBound | None = None
        if plan.rate is None and not plan.line_search:
            self.bound = CurvatureBound(program)
            self.trace.proved = plan.momentum == 0.0 and not plan.nesterov
        self.last_rate = np.nan
        self.weight = 1.0  # of Nesterov's sequence

    def go(self, start: np.ndarray) -> tuple[Answer, Trace]:
        x = np.clip(start, self.program.lower, self.program.upper)
        first, far = self.value(x), _FAR * (1.0 + float(np.abs(x).max(initial=0.0)))
        f, g, speed, moved = first, self.gradient(x), np.zeros_like(x), np.nan
        if not (isfinite(f) and np.isfinite(g).all()):
            self.watch.iterate(x, f)
            return self.ended(x, "undefined", "f or its slope is not finite at the start")
        while True:
            size = self.slope(x, g)
            end = self.watch.iterate(x, f, 0.0, size, step=moved)
            end = "converged" if size <= self.plan.tolerance else end
            if not end and (f < -1e20 or (f <= first and float(np.abs(x).max()) > far * 1e12)):
                end = "unbounded"
            if not end and f > first and float(np.abs(x).max()) > far:
                end = "diverged"
            if end:
                return self.ended(x, end)
            found = self.step(x, f, g, speed)
            if found is None:
                return self.ended(x, "stalled")
            after, value = found
            if not isfinite(value):
                return self.ended(x, "diverged")
            slope = self.gradient(after)
            if not np.isfinite(slope).all():
                return self.ended(x, "diverged")
            self.trace.zigzags += bool(slope.dot(g) < 0.0)
            if self.plan.nesterov and not self.plan.momentum and slope.dot(after - x) > 0.0:
                self.weight = 1.0  # uphill: begin the sequence anew
            speed, moved = after - x, float(np.linalg.norm(after - x))
            x, f, g = after, value, slope

    def ended(self, x: np.ndarray, end: str, message: str = "") -> tuple[Answer, Trace]:
        if self.bound is not None:
            self.trace.curvature, self.trace.boxes = self.bound.largest, self.bound.boxes
        if not self.trace.rates:
            self.trace.proved = False
        return Answer(x, None, end, message), self.trace

    # ---- one step ----

    def step(
        self, x: np.ndarray, f: float, g: np.ndarray, speed: np.ndarray
    ) -> tuple[np.ndarray, float] | None:
        """The next point and its value; None where no step goes down."""
        if self.plan.line_search:
            return self.searched(x, f, g)
        push = self.push() * speed
        base, slope = x, g
        if self.plan.nesterov and push.any():
            base = self.placed(x + push)
            slope = self.gradient(base)
        rate = self.rate(base, slope)
        if rate is None:
            return self.searched(x, f, g)
        self.trace.rates.append(rate)
        after = self.placed(base - rate * slope + (0.0 if self.plan.nesterov else push))
        if np.array_equal(after, x):
            return None
        return after, self.value(after)

    def push(self) -> float:
        """The share of the last step that is kept."""
        if not self.plan.nesterov or self.plan.momentum:
            return self.plan.momentum
        before, self.weight = self.weight, 0.5 + sqrt(0.25 + self.weight * self.weight)
        return (before - 1.0) / self.weight

    def rate(self, x: np.ndarray, g: np.ndarray) -> float | None:
        if self.plan.rate is not None:
            return self.plan.rate(len(self.trace.rates))
        assert self.bound is not None
        found = self.bound.rate(x, g)
        if found is None:
            self.trace.proved, self.trace.why = False, self.bound.why
        return found

    def searched(self, x: np.ndarray, f: float, g: np.ndarray) -> tuple[np.ndarray, float] | None:
        """Halve the rate until f falls enough; begin with twice the last one."""
        self.trace.searched = True
        size = float(np.abs(g).max(initial=0.0))
        if not isfinite(self.last_rate):
            self.last_rate = 0.5 * max(1.0, float(np.abs(x).max(initial=0.0))) / size
        rate, noise = 2.0 * self.last_rate, 1e-15 * abs(f)
        for _ in range(100):
            after = self.placed(x - rate * g)
            gain = float(g.dot(x - after))
            value = self.value(after)
            if value <= f - 1e-4 * gain and gain > 0.0 and gain > noise:
                self.last_rate = rate
                self.trace.rates.append(rate)
                return after, value
            rate *= 0.5
        return None

    # ---- the function ----

    def value(self, x: np.ndarray) -> float:
        return self.program.values(x)[0]

    def gradient(self, x: np.ndarray) -> np.ndarray:
        return self.program.first(x)[0]

    def placed(self, x: np.ndarray) -> np.ndarray:
        return np.clip(x, self.program.lower, self.program.upper) if self.program.bounded else x

    def slope(self, x: np.ndarray, g: np.ndarray) -> float:
        """The size of the projected gradient."""
        if self.program.bounded:
            g = np.where(released(x, g, self.program.lower, self.program.upper), g, 0.0)
        return float(np.abs(g).max(initial=0.0))
