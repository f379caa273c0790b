"""Whether a function is smooth as far as its inputs reach: proved, or what is in the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taylored.errors import MissingRule
from taylored.readings.jet.run import Enclosed, enclose
from taylored.readings.jet.space import space
from taylored.readings.jet.value import Trouble
from taylored.series.standardized import Standardized

__all__ = ["REACH", "Smoothness", "smoothness"]

REACH = 6.0  # standard deviations; a normal number lies beyond with probability 2e-9
_PARTS = {1: 64, 2: 16, 3: 8}  # boxes along each input
_OVERLAP = 0.02  # of the width of a part
_MOST_SUSPECTS = 12


@dataclass(frozen=True, eq=False)
class Smoothness:
    """`proved`: with two derivatives within 6 standard deviations of each input.

    Else the `troubles` met, and `suspects` (places, directions): standard normals of the places
    nearest to the mean where f is perhaps not defined.
    """

    proved: bool
    troubles: tuple[Trouble, ...]
    suspects: np.ndarray

    def of_kind(self, *kinds: str) -> tuple[Trouble, ...]:
        return tuple(t for t in self.troubles if t.kind in kinds)

    @property
    def broken(self) -> bool:
        """Whether there is, perhaps, a kink or a jump."""
        return bool(self.of_kind("kink", "jump", "branch"))


def smoothness(of: Standardized) -> Smoothness:
    """Enclose f and two derivatives over the box of 6 standard deviations, in parts where few."""
    nothing = np.zeros((0, of.directions))
    low, high = _boxes(of)
    try:
        found = _enclosed(of, low, high)
    except MissingRule:
        return Smoothness(False, (), nothing)
    near = _distance(of, low, high) <= REACH
    troubles = tuple(t for t in found.troubles if np.any(t.boxes & near))
    finite = bool(found.low) and all(
        np.all(np.isfinite(np.asarray(p, float)[:, near])) for p in (*found.low, *found.high)
    )
    suspects = np.zeros(len(low), bool)
    for trouble in troubles:
        if trouble.kind == "domain":
            suspects |= trouble.boxes
    places = _standard(of, 0.5 * (low + high)[suspects & near]) if len(low) > 1 else nothing
    order = np.argsort(np.linalg.norm(places, axis=1), kind="stable")
    return Smoothness(finite and not troubles, troubles, places[order][:_MOST_SUSPECTS])


def _boxes(of: Standardized) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper ends (boxes, variables), in the inputs."""
    reach = REACH * of.spread.std
    moving = of.spread.moving
    parts = _PARTS.get(len(moving), 1)
    edges = np.linspace(-1.0, 1.0, parts + 1)
    if parts == 1:
        return (of.mean - reach)[None], (of.mean + reach)[None]
    grid = np.meshgrid(*[np.arange(parts)] * len(moving), indexing="ij")
    index = np.stack([g.reshape(-1) for g in grid], axis=1)
    low = np.repeat(of.mean[None], len(index), axis=0)
    high = low.copy()
    # They overlap: a kink on the common end of two would be in the inside of neither.
    slack = _OVERLAP / parts
    low[:, moving] += (edges[index] - slack) * reach[moving]
    high[:, moving] += (edges[index + 1] + slack) * reach[moving]
    return low, high


def _enclosed(of: Standardized, low: np.ndarray, high: np.ndarray) -> Enclosed:
    function = of.function
    sides = np.broadcast_to(of.spread.std, low.shape)
    boxes = list(zip(function.split(low), function.split(high), strict=True))
    ends = (function.split(-sides[None]), function.split(sides[None]))
    return enclose(function.program, space(1, 2), boxes, list(zip(*ends, strict=True)))


def _standard(of: Standardized, x: np.ndarray) -> np.ndarray:
    """The standard normals of inputs (points, variables)."""
    spread, step = of.spread, x - of.mean
    if spread.dense is None:
        return step[:, spread.moving] / spread.std[spread.moving]
    return step @ np.linalg.pinv(spread.dense).T


def _distance(of: Standardized, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """(boxes,) how far they are from the mean at least, in standard deviations."""
    if len(low) == 1:
        return np.zeros(1)
    spread = of.spread
    if spread.dense is None:
        step = np.maximum(np.maximum(low - of.mean, of.mean - high), 0.0)
        return np.linalg.norm(step[:, spread.moving] / spread.std[spread.moving], axis=1)
    half = 0.5 * (high - low)
    size = np.linalg.norm(np.linalg.pinv(spread.dense), 2) * np.linalg.norm(half, axis=1)
    return np.maximum(np.linalg.norm(_standard(of, low + half), axis=1) - size, 0.0)
