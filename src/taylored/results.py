"""What all results share: the kind of an accuracy statement, intervals, findings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Accuracy", "Finding", "Interval"]


class Accuracy(StrEnum):
    """The kind of a statement about accuracy: how it was earned, not how small it is."""

    PROVED = "proved"  # an interval that contains the truth, rounding included
    CALIBRATED = "calibrated"  # a statistical interval whose coverage is measured in the tests
    ESTIMATED = "estimated"  # a numerical estimate of the error, checked in the tests
    UNKNOWN = "unknown"  # no honest statement can be made


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval `[lo, hi]`: at which level, by which method, and of which kind.

    `lo` may be -inf and `hi` +inf: then the data do not bound the quantity on that side.
    `level` is None where the kind is `proved` (it holds always, not in 95 % of cases). Of a
    function with many outputs `lo` and `hi` are arrays of their shape.
    """

    lo: Any
    hi: Any
    level: float | None
    method: str
    kind: Accuracy
    note: str = ""

    def __contains__(self, value: Any) -> bool:
        if hasattr(self.lo, "shape"):
            return bool(((self.lo <= value) & (value <= self.hi)).all())
        return bool(self.lo <= value <= self.hi)

    @property
    def width(self) -> Any:
        """`hi - lo`."""
        return self.hi - self.lo

    @property
    def largest(self) -> float:
        """The largest absolute value in it."""
        low, high = abs(self.lo), abs(self.hi)
        if hasattr(low, "shape"):
            return float(max(low.max(initial=0.0), high.max(initial=0.0)))
        return float(max(low, high))

    def __iter__(self):
        return iter((self.lo, self.hi))


@dataclass(frozen=True, slots=True)
class Finding:
    """Something the reader of a result must know: name, what it means, what to do next.

    `severity`: "error" (the result is not usable), "warning" (usable with care), "note".
    `params` names the parameters concerned.
    """

    name: str
    message: str
    next_step: str = ""
    severity: str = "warning"
    params: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}: {self.message}" + (f" {self.next_step}" if self.next_step else "")
