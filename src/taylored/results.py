"""What all results share: the kind of an accuracy statement, intervals, findings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
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

    def __str__(self) -> str:
        if getattr(self.lo, "shape", ()):
            return f"intervals of shape {tuple(self.lo.shape)}, {self.kind}"
        level = "" if self.level is None else f" at {100 * self.level:g} %"
        return f"[{_outward(self.lo, up=False)}, {_outward(self.hi, up=True)}], {self.kind}{level}"


def _outward(end: Any, *, up: bool) -> str:
    """An end to five digits, rounded so that the interval still holds."""
    value = float(end)
    if not math.isfinite(value) or value == 0.0:
        return f"{value + 0.0:g}"
    exact = Decimal(value)
    rounding = ROUND_CEILING if up else ROUND_FLOOR
    place = Decimal(1).scaleb(exact.adjusted() - 4)
    return f"{float(exact.quantize(place, rounding, context=Context(prec=800))):.5g}"


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
