"""What goes on while a solver runs: its path, limits, the callback, the best point so far."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.optimize.nlp import Work

if TYPE_CHECKING:
    from taylored.optimize.functions.units import Units

__all__ = ["Answer", "Iterate", "Limits", "Path", "Watch"]

_KEPT_POINTS = 400
_KEPT_NUMBERS = 4_000_000  # of all points together


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop: `seconds` and `evaluations` are None where there is no limit."""

    iterations: int = 3000
    evaluations: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Iterate:
    """One point of a path. What a solver does not know is nan."""

    number: int
    x: np.ndarray
    value: float
    violation: float
    stationarity: float
    step: float


@dataclass(frozen=True, eq=False)
class Path:
    """The points a solver went through, thinned where there are too many to keep."""

    iterates: tuple[Iterate, ...] = ()

    def __len__(self) -> int:
        return len(self.iterates)

    @property
    def x(self) -> np.ndarray:
        """(points, variables)."""
        return np.array([i.x for i in self.iterates])

    @property
    def numbers(self) -> np.ndarray:
        """(points,) which iteration each point belongs to."""
        return np.array([i.number for i in self.iterates], int)

    def column(self, name: str) -> np.ndarray:
        """(points,) of "value", "violation", "stationarity" or "step"."""
        return np.array([getattr(i, name) for i in self.iterates], float)

    @property
    def values(self) -> np.ndarray:
        """(points,) the objective."""
        return self.column("value")

    @property
    def violations(self) -> np.ndarray:
        """(points,) the largest violation of a constraint or bound."""
        return self.column("violation")


@dataclass(frozen=True, eq=False)
class Answer:
    """What a solver ends with; whether it is any good is for the certificate to say.

    `end`: "converged", "infeasible" (a point of locally least violation), "unbounded", "stalled",
    "undefined" (no step into the domain), or what `Watch.iterate` returned. `conflict` lists
    constraints, `bounds` variables whose bounds cannot be met together with them.
    """

    x: np.ndarray
    multipliers: np.ndarray | None
    end: str
    message: str = ""
    conflict: tuple[int, ...] = ()
    bounds: tuple[int, ...] = ()


@dataclass(eq=False)
class Watch:
    """Is told every iterate; keeps the path and says when to stop.

    `callback(iterate)` stops the solver by returning True. `show(iterate)` displays progress.
    """

    work: Work
    limits: Limits = field(default_factory=Limits)
    callback: Callable[[Iterate], Any] | None = None
    show: Callable[[Iterate], None] | None = None
    units: Units | None = None
    best: Iterate | None = None
    started: float = field(default_factory=time.perf_counter)
    _kept: list[Iterate] = field(default_factory=list)
    _every: int = 1
    _last: Iterate | None = None

    def iterate(
        self, x: np.ndarray, value: float, violation: float = 0.0,
        stationarity: float = np.nan, *, step: float = np.nan,
    ) -> str:  # fmt: skip
        """Note an iterate; "" to go on, else why to stop: "callback", "time", "evaluations",
        "iterations"."""
        number = 0 if self._last is None else self._last.number + 1
        self.work.iterations = number
        now = Iterate(
            number, x.copy(), float(value), float(violation), float(stationarity), float(step)
        )
        self._keep(now)
        if self._better(now):
            self.best = now
        if self.show is not None:
            self.show(self._told(now))
        if self.callback is not None and self.callback(self._told(now)) is True:
            return "callback"
        limits = self.limits
        if limits.seconds is not None and time.perf_counter() - self.started >= limits.seconds:
            return "time"
        if limits.evaluations is not None and self.work.values >= limits.evaluations:
            return "evaluations"
        return "iterations" if number >= limits.iterations else ""

    def _told(self, now: Iterate) -> Iterate:
        """An iterate in the user's units."""
        if self.units is None:
            return now
        size, factor = self.units.size, self.units.factor
        return replace(
            now, x=size * now.x, value=now.value / factor,
            stationarity=now.stationarity / (factor * float(size.max(initial=0.0))),
        )  # fmt: skip

    def _better(self, now: Iterate) -> bool:
        """Whether it is the best so far: less violated first, then lower."""
        best = self.best
        if best is None or not np.isfinite(best.value):
            return True
        if not np.isfinite(now.value):
            return False
        feasible, before = now.violation <= 1e-8, best.violation <= 1e-8
        if feasible and before:
            return now.value <= best.value
        return now.violation < best.violation if feasible == before else feasible

    def _keep(self, now: Iterate) -> None:
        self._last = now
        if now.number % self._every == 0:
            self._kept.append(now)
        most = max(2, min(_KEPT_POINTS, _KEPT_NUMBERS // max(1, now.x.size)))
        if len(self._kept) > most:
            self._every *= 2
            self._kept = [i for i in self._kept if i.number % self._every == 0]

    @property
    def path(self) -> Path:
        """All kept points, and the last one."""
        last = self._last
        extra = () if last is None or (self._kept and self._kept[-1] is last) else (last,)
        return Path(tuple(self._told(i) for i in (*self._kept, *extra)))
