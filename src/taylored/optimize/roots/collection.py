"""The result of `roots`: every root that was proved, what is undecided, and whether that is all."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from taylored.optimize.roots.result import Cost, Root, intervals_like
from taylored.optimize.roots.system import System
from taylored.results import Accuracy, Finding, Interval

__all__ = ["Roots", "Undecided"]

_SHOWN = 5


@dataclass(frozen=True, eq=False)
class Undecided:
    """A part of the box of which it is not known whether it holds roots.

    `why`: "touching" (a multiple root, or none by a hair), "undefined" (the function is not
    defined in all of it), or "limit" (the search ended first). `near`: a point in it where F is
    about 0, None where none was found.
    """

    low: np.ndarray
    high: np.ndarray
    why: str
    near: np.ndarray | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Roots:
    """The roots in a box; a sequence of `Root`. See `taylored.roots`, which makes it.

    Attributes:
        low, high: (unknowns,) the box.
        complete: True only if it is proved that there are no other roots in the box.
        border: which of the roots may lie just outside: their enclosures straddle the border.
        undecided: parts of the box that may hold more.
    """

    system: System
    low: np.ndarray
    high: np.ndarray
    items: tuple[Root, ...]
    border: tuple[int, ...]
    undecided: tuple[Undecided, ...]
    stopped: str
    accuracy: Accuracy
    boxes: int
    cost: Cost
    caveat: str = ""

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Root]:
        return iter(self.items)

    def __getitem__(self, place: Any) -> Any:
        return self.items[place]

    @property
    def x(self) -> list[Any]:
        """The roots, in the form of the box's ends."""
        return [r.x for r in self.items]

    @property
    def enclosures(self) -> list[Any]:
        """The interval(s) that hold each root."""
        return [r.enclosure for r in self.items]

    @property
    def complete(self) -> bool:
        """Whether it is proved that these are all roots in the box, and that all lie in it."""
        proved = self.accuracy is Accuracy.PROVED
        return proved and not (self.undecided or self.border or self.stopped)

    @property
    def usable(self) -> bool:
        """Whether there is an answer: a root, or the proof that there is none."""
        return bool(self.items) or self.complete

    @property
    def names(self) -> Any:
        """The unknowns."""
        return self.system.names

    @cached_property
    def undecided_boxes(self) -> list[Any]:
        """The undecided parts as interval(s), in the form of the box's ends."""

        def make(a: Any, b: Any) -> Interval:
            return Interval(a, b, None, "branch and prune", Accuracy.UNKNOWN)

        form = self.system.unflatten
        return [intervals_like(form(u.low), form(u.high), make) for u in self.undecided]

    @cached_property
    def status(self) -> str:
        """What was found, in one sentence."""
        count = len(self.items)
        what = "no root" if count == 0 else f"{count} root{'s' * (count > 1)}"
        if self.complete:
            if count == 0:
                return "No root in the box: proved."
            if count == 1:
                return "The box holds exactly one root, proved, and no other."
            return f"The box holds exactly {count} roots, each proved, and no other."
        proved = (
            "" if not (count and self._proved) else ", proved" if count == 1 else ", each proved"
        )
        found = f"Found {what}{proved}"
        gaps = []
        if self.border:
            gaps.append(f"{len(self.border)} on the border of the box")
        if self.stopped:
            gaps.append(_STOPPED[self.stopped])
        elif self.undecided:
            places = "place is" if len(self.undecided) == 1 else "places are"
            gaps.append(f"{len(self.undecided)} {places} undecided")
        if not gaps:
            gaps.append("this machine's functions are outside of their margins")
        return f"{found}; not known to be complete: {', '.join(gaps)}."

    @property
    def _proved(self) -> bool:
        return self.accuracy is Accuracy.PROVED

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What the reader must know."""
        found = [self._of(u) for u in self.undecided[:_SHOWN]]
        rest = len(self.undecided) - _SHOWN
        if rest > 0:
            found.append(Finding("undecided", f"{rest} more places are undecided."))
        for k in self.border:
            found.append(
                Finding(
                    "border",
                    f"Root {k + 1} lies within rounding of the border of the box: inside or not "
                    "cannot be told.",
                    "Take a box that is a little larger or smaller.",
                )
            )
        if self.stopped:
            step = "Give max_seconds= or max_boxes= more, or a smaller box."
            found.append(Finding("stopped", f"{_STOPPED[self.stopped].capitalize()}.", step))
        if self.caveat:
            found.append(Finding("not-proved", self.caveat, "Run `taylored doctor`."))
        return tuple(found)

    def _of(self, part: Undecided) -> Finding:
        names = self.system.names
        ends = zip(names[:3], part.low[:3].tolist(), part.high[:3].tolist(), strict=True)
        where = ", ".join(_place(n, a, b) for n, a, b in ends)
        where += ", ..." if len(part.low) > 3 else ""
        if part.why == "undefined":
            text = (
                f"F is not defined everywhere near {where}: roots there are neither found nor "
                "excluded."
            )
            return Finding("undefined", text, "Leave that part out of the box.")
        if part.why == "limit":
            return Finding("undecided", f"Not searched to the end: {where}.")
        if part.near is None:
            return Finding("undecided", f"Neither a root nor its absence is proved near {where}.")
        text = f"Near {where} F is 0 to rounding: a multiple root or a near miss, not decided."
        return Finding("multiple-or-none", text, "Start ty.root there; it estimates what it is.")

    def __repr__(self) -> str:
        return f"Roots({self.status})"

    # ---- delegated upwards ----

    def report(self, **look: Any) -> Any:
        """A report: verdict, roots with their enclosures, what is undecided."""
        return importlib.import_module("taylored.report.root").roots_report(self, **look)

    def to_dict(self) -> dict[str, Any]:
        """The result as plain data for JSON."""
        return importlib.import_module("taylored.report.root").roots_document(self)

    def plot(self, *args: Any, **look: Any) -> Any:
        """A picture of the roots in the box."""
        return importlib.import_module("taylored.plot.root").draw_roots(self, *args, **look)

    def _repr_html_(self) -> str:
        return importlib.import_module("taylored.report.root").roots_html(self)


def _place(name: str, low: float, high: float) -> str:
    """`x in [0, 1]`, or `x = 1` where both ends are written alike."""
    low, high = low + 0.0, high + 0.0
    ends = f"{low:.7g}", f"{high:.7g}"
    return f"{name} = {ends[0]}" if ends[0] == ends[1] else f"{name} in [{ends[0]}, {ends[1]}]"


_STOPPED = {
    "time": "the time was over",
    "boxes": "the number of boxes was used up",
    "callback": "the callback stopped it",
    "interrupted": "it was interrupted",
}
