"""The result of `root`: the point, what kind of point it is, and how well it is known."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from taylored.optimize.roots.proof import Knowledge, know, know_least
from taylored.optimize.roots.system import System
from taylored.optimize.watch import Path
from taylored.results import Accuracy, Finding, Interval

__all__ = ["Cost", "Root", "intervals_like"]

_MOST_DIGITS = 15.95


@dataclass(frozen=True, slots=True)
class Cost:
    """What it took: evaluations of F, of its Jacobian, and steps.

    `seconds` are those of solving and proving, `setup_seconds` those of reading the functions.
    """

    evaluations: int
    jacobians: int
    iterations: int
    seconds: float
    setup_seconds: float = 0.0


def intervals_like(low: Any, high: Any, make: Any) -> Any:
    """Intervals from two values of the same form: of numbers, arrays, or trees of them."""
    if isinstance(low, Mapping):
        return {k: intervals_like(low[k], high[k], make) for k in low}
    if isinstance(low, list | tuple):
        made = [intervals_like(a, b, make) for a, b in zip(low, high, strict=True)]
        return made if isinstance(low, list) else tuple(made)
    return make(low, high)


@dataclass(frozen=True, eq=False, repr=False)
class Root:
    """A root of an equation or a system. See `taylored.root`, which makes it.

    Attributes:
        point: (unknowns,) the root as a vector; `x` has the form of the start.
        kind: "root"; "least-squares" (more equations than can hold at once); "pole", "jump",
            "undefined" (what a bracket held instead); or "none".
        order: the measured order of convergence; None where the steps were too few.
        multiplicity: of a multiple root, about; None for a simple one.
    """

    system: System
    point: np.ndarray
    kind: str
    path: Path
    cost: Cost
    said: str = ""
    notes: tuple[Finding, ...] = ()
    order: float | None = None
    multiplicity: int | None = None
    reach: np.ndarray | None = None
    given: Knowledge | None = None

    # ---- the point ----

    @cached_property
    def x(self) -> Any:
        """The point, in the form of the start: a float for one number."""
        return self.system.unflatten(self.point)

    @cached_property
    def residual(self) -> np.ndarray:
        """(equations,) F at the point."""
        with np.errstate(all="ignore"):
            return self.system.evaluate(self.point)

    @property
    def value(self) -> Any:
        """What is left at the point: f(x), a float for one equation."""
        return float(self.residual[0]) if self.system.equations == 1 else self.residual

    @property
    def names(self) -> Sequence[str]:
        """The unknowns."""
        return self.system.names

    @property
    def usable(self) -> bool:
        """Whether the point answers the question that was asked."""
        return self.kind in ("root", "least-squares")

    # ---- how well it is known ----

    @cached_property
    def known(self) -> Knowledge:
        """The proved box or the estimated error, as vectors."""
        if self.given is not None:
            return self.given
        if not self.usable:
            unknown = np.full_like(self.point, np.inf)
            return Knowledge(Accuracy.UNKNOWN, -unknown, unknown, "there is no root")
        reach = np.zeros_like(self.point) if self.reach is None else self.reach
        if self.kind == "least-squares":
            return know_least(self.system, self.point, reach)
        slow = self.order is not None and self.order < 1.2
        return know(self.system, self.point, reach, self.multiplicity or (2 if slow else 1))

    @property
    def accuracy(self) -> Accuracy:
        """The kind of the statement about the error of x."""
        return self.known.kind

    @cached_property
    def errors(self) -> Any:
        """Absolute errors of x, proved or estimated, in the form of x; inf where nothing is known.

        Proved ones are bounds.
        """
        return self.system.unflatten(self.point_errors)

    @property
    def point_errors(self) -> np.ndarray:
        """(unknowns,) those errors as a vector."""
        known = self.known
        with np.errstate(invalid="ignore"):
            off = np.maximum(known.high - self.point, self.point - known.low)
            return np.where(off > 0, np.nextafter(off, np.inf), off)

    @cached_property
    def enclosure(self) -> Any:
        """Interval(s), in the form of x, that hold the root for certain; None without a proof."""
        if self.accuracy is not Accuracy.PROVED:
            return None
        return self._intervals(self.known.low, self.known.high)

    @cached_property
    def unique(self) -> Any:
        """Interval(s) in which it is proved that there is no other root; None without a proof."""
        if self.accuracy is not Accuracy.PROVED or self.known.unique is None:
            return None
        return self._intervals(*self.known.unique)

    def _intervals(self, low: np.ndarray, high: np.ndarray) -> Any:
        def make(a: Any, b: Any) -> Interval:
            return Interval(a, b, None, "Krawczyk", Accuracy.PROVED, self.known.reason)

        return intervals_like(self.system.unflatten(low), self.system.unflatten(high), make)

    @cached_property
    def digits(self) -> Any:
        """Right decimal digits of x by those errors, in the form of x; None if nothing is known."""
        found = self.point_digits
        return None if found is None else self.system.unflatten(found)

    @cached_property
    def point_digits(self) -> np.ndarray | None:
        """(unknowns,) those digits as a vector, at most 15.95; None if nothing is known."""
        if self.accuracy is Accuracy.UNKNOWN:
            return None
        reach = np.zeros_like(self.point) if self.reach is None else self.reach
        off, size = self.point_errors, np.abs(self.point)
        # Beside a root at 0 the way to it is the measure.
        scale = np.where(off < 0.5 * size, size, np.maximum(size, reach))
        scale = np.where(scale > 0, scale, max(float(scale.max(initial=0.0)), 1.0))
        with np.errstate(divide="ignore"):
            return np.clip(-np.log10(off / scale), 0.0, _MOST_DIGITS) + 0.0

    # ---- in words ----

    @cached_property
    def status(self) -> str:
        """What was found, in one sentence."""
        if self.said:
            return self.said
        point = _shown(self.system, self.point)
        if self.kind == "least-squares":
            text = f"|F| = {float(np.linalg.norm(self.residual)):.3g}"
            known = self._to_digits("; x is estimated")
            return f"No root: the sum of squares is least near {point}, where {text}{known}."
        if self.accuracy is Accuracy.PROVED:
            if not np.any(self.point_errors):
                return f"A root at {point}, proved to be exact."
            return f"A root at {point}{self._to_digits(', proved')}."
        if self.accuracy is Accuracy.ESTIMATED:
            return f"A root near {point}{self._to_digits(', estimated')}."
        return f"A point that looks like a root, {point}; how far off it is is not known."

    def _to_digits(self, kind: str) -> str:
        """Such as `, proved to 15 digits`, of the unknown that is known least."""
        if self.point_digits is None:
            return "; how well x is known cannot be told"
        count = int(self.point_digits.min(initial=_MOST_DIGITS))
        if count == 0:
            return f"{kind} to less than a digit"
        return f"{kind} to {count} digit{'s' * (count > 1)}"

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What the reader must know."""
        found = list(self.notes)
        if self.kind == "root" and self.accuracy is not Accuracy.PROVED and self.known.reason:
            found.append(
                Finding("not-proved", f"The root is not proved: {self.known.reason}.", "", "note")
            )
        if self.kind == "least-squares" and self.accuracy is Accuracy.UNKNOWN:
            text = f"How well x is known cannot be told: {self.known.reason}."
            step = "Fix an unknown, or add an equation that tells such points apart."
            found.append(Finding("flat", text, step))
        if self.usable and self.known.fixed:
            held = ", ".join(str(self.names[k]) for k in self.known.fixed[:6])
            text = f"There are more unknowns than equations: proved with {held} held as shown."
            found.append(Finding("free", text, "", "note"))
        return tuple(found)

    def __repr__(self) -> str:
        return f"Root({self.status})"

    # ---- delegated upwards ----

    def report(self, **look: Any) -> Any:
        """A report: verdict, value, proof, convergence, findings."""
        return importlib.import_module("taylored.report.root").root_report(self, **look)

    def to_dict(self) -> dict[str, Any]:
        """The result as plain data for JSON."""
        return importlib.import_module("taylored.report.root").root_document(self)

    def plot(self, *args: Any, **look: Any) -> Any:
        """A picture: the function with its tangents, or the convergence."""
        return importlib.import_module("taylored.plot.root").draw_root(self, *args, **look)

    def _repr_html_(self) -> str:
        return importlib.import_module("taylored.report.root").root_html(self)


def _shown(system: System, x: np.ndarray) -> str:
    pairs = [f"{n} = {v:.10g}" for n, v in zip(system.names[:4], x[:4].tolist(), strict=True)]
    return ", ".join(pairs) + (", ..." if len(x) > 4 else "")
