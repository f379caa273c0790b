"""What a method hands to the verb: a point, what kind it is, and what is to be said of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taylored.results import Finding

__all__ = ["STOPS", "Draft", "stopped"]

STOPS = {
    "callback": "the callback stopped it",
    "time": "the time is over",
    "evaluations": "the evaluations are used up",
    "iterations": "the iterations are used up",
    "interrupted": "it was interrupted",
}


@dataclass(frozen=True, eq=False)
class Draft:
    """A result in the making; `root` in vectors. See `result.Root` for the fields."""

    x: np.ndarray
    kind: str
    said: str = ""
    notes: tuple[Finding, ...] = ()
    multiplicity: int | None = None
    reach: np.ndarray | None = None


def stopped(x: np.ndarray, why: str, shown: str) -> Draft:
    """The best point of a run that did not come to its end."""
    text = f"Not finished: {STOPS[why]}. The best point so far is {shown}."
    note = Finding("stopped", text, "Start again from there, or give it longer.", "error")
    return Draft(x, "none", text, (note,))
