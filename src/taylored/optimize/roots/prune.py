"""Branch and prune: every root in a box, each proved, and whatever stays undecided.

Cells that cannot hold a root are dropped, the others cut down and halved; where one may hold a
root it is proved by Krawczyk's operator together with a region that holds no other, and cells in
such regions need no further look (Hansen and Walster, Global Optimization Using Interval
Analysis, 2nd ed., 2004, chapter 11).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from taylored.optimize.roots.cells import Cells, CellTests, Look
from taylored.optimize.roots.krawczyk import Enclosure, NoProof, enclosed_system, krawczyk, middle
from taylored.optimize.roots.system import System
from taylored.readings.jet.space import space

__all__ = ["Found", "Limits", "Piece", "prune"]

_AT_ONCE = 1024  # cells
_NEAR = 2.0**-8  # of the box: smaller regular cells are tried whether or not they are cut inside
_UNDEFINED = 2.0**-12  # of the box: smaller cells where F is not defined are left alone
_DOUBTFUL = 64  # cells that are not regular in which a proof is tried all the same
_OFF = 0.48  # where a cell is halved: roots like to lie in the middle of what people choose


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop: cells looked at, seconds, and the width of cells that are not halved."""

    boxes: int
    seconds: float
    width: np.ndarray


@dataclass(frozen=True, eq=False)
class Piece:
    """A part of the box that is not decided: "touching", "undefined", "limit"."""

    low: np.ndarray
    high: np.ndarray
    why: str


@dataclass(eq=False)
class Found:
    """What came of it."""

    roots: list[Enclosure] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    boxes: int = 0
    stopped: str = ""


def prune(
    system: System, low: np.ndarray, high: np.ndarray, limits: Limits,
    *, watch: Callable[[Found, int], bool] | None = None, found: Found | None = None,
) -> Found:  # fmt: skip
    """All roots in the box, as far as the limits allow; `watch(found, left)` stops by True."""
    found = Found() if found is None else found
    run = _Run(system, low, high, limits, found)
    while len(run.queue):
        if watch is not None and watch(found, len(run.queue)) is True:
            found.stopped = "callback"
        elif found.boxes >= limits.boxes:
            found.stopped = "boxes"
        elif run.late:
            found.stopped = "time"
        if found.stopped:
            break
        run.turn()
    for a, b in zip(run.queue.low, run.queue.high, strict=True):
        found.pieces.append(Piece(a, b, "limit"))
    return found


@dataclass(eq=False)
class _Run:
    system: System
    low: np.ndarray
    high: np.ndarray
    limits: Limits
    found: Found

    def __post_init__(self) -> None:
        self.end = time.perf_counter() + self.limits.seconds
        self.tests = CellTests(self.system)
        self.evaluate = enclosed_system(self.system.box)
        self.doubtful = 0
        self.size = np.minimum(self.high - self.low, np.finfo(float).max)
        self.queue = Cells(self.low[None], self.high[None])

    @property
    def late(self) -> bool:
        return time.perf_counter() >= self.end

    def turn(self) -> None:
        """One round: the cells that were made last."""
        count = min(len(self.queue), _AT_ONCE)
        cells = self.queue.where(np.arange(len(self.queue) - count, len(self.queue)))
        self.queue = self.queue.where(np.arange(len(self.queue) - count))
        self.found.boxes += count
        look = self.tests.look(cells)
        left = np.flatnonzero(look.possible)
        left = left[~self._known(look.cut.where(left))]
        with np.errstate(all="ignore"):
            left = self._proved(look, left)
        self._split(cells, look, left)

    def _known(self, cells: Cells) -> np.ndarray:
        """Which cells lie where a root is known and no other can be."""
        if not self.found.roots or len(cells) == 0:
            return np.zeros(len(cells), bool)
        low = np.array([r.unique_low for r in self.found.roots])
        high = np.array([r.unique_high for r in self.found.roots])
        inside = np.ones((len(cells), len(low)), bool)
        for k in range(low.shape[1]):
            inside &= cells.low[:, k, None] >= low[:, k]
            inside &= cells.high[:, k, None] <= high[:, k]
        return np.asarray(inside.any(axis=1))

    def _proved(self, look: Look, left: np.ndarray) -> np.ndarray:
        """Try to prove roots in cells that may hold one; what is left of the cells."""
        width = look.cut.high - look.cut.low
        small = np.all(width <= _NEAR * self.size, axis=1)
        likely = look.regular & (look.inside | small)
        tiny = np.all(width <= 64 * self.limits.width, axis=1)
        for k in [k for k in left if likely[k] or tiny[k]]:
            if not likely[k]:
                if self.doubtful >= _DOUBTFUL:
                    continue
                self.doubtful += 1
            cell = look.cut.where(np.array([k]))
            if self.late:
                break
            if not self._known(cell)[0]:
                self._prove(cell, bool(look.regular[k]))
        return left[~self._known(look.cut.where(left))]

    def _prove(self, cell: Cells, regular: bool) -> None:
        """Prove the root near the middle of a cell, if there is one that is new."""
        root = krawczyk(self.evaluate, cell.middle[0], unique=not regular)
        if regular and isinstance(root, Enclosure):
            if _holds(cell, root):
                root = Enclosure(root.low, root.high, cell.low[0], cell.high[0])
            elif not self._again(root):
                root = krawczyk(self.evaluate, middle(root.low, root.high))
        if not isinstance(root, NoProof) and not self._again(root):
            self.found.roots.append(root)

    def _again(self, root: Enclosure) -> bool:
        """Whether the root is one that is known."""
        return bool(self._known(Cells(root.low[None], root.high[None]))[0])

    def _split(self, cells: Cells, look: Look, left: np.ndarray) -> None:
        """Halve what is left; put aside what is too small to be halved."""
        if left.size == 0:
            return
        cut = look.cut.where(left)
        width = cut.high - cut.low
        least = np.maximum(self.limits.width, 8 * np.spacing(np.abs(cut.middle)))
        stuck = look.undefined[left] & np.all(width <= _UNDEFINED * self.size, axis=1)
        final = np.all(width <= least, axis=1) | (stuck & self._lost(cut))
        for k in np.flatnonzero(final):
            why = "undefined" if look.undefined[left[k]] else "touching"
            self.found.pieces.append(Piece(cut.low[k], cut.high[k], why))
        going = np.flatnonzero(~final)
        if going.size == 0:
            return
        cut, width, least = cut.where(going), width[going], least[going]
        # Cells that were cut by much are looked at again before they are halved.
        before = (cells.high - cells.low)[left[going]]
        shrunk = np.prod(np.where(before > 0, width / before, 1.0), axis=1) < 0.3
        again = cut.where(shrunk)
        weights = np.where(width > least, width * look.weights[left[going]], -1.0)
        halves = _halved(cut.where(~shrunk), weights[~shrunk])
        self.queue = self.queue.joined(halves).joined(again)

    def _lost(self, cells: Cells) -> np.ndarray:
        """Where not even the value at the middle is known: outside the domain, as it seems."""
        point = self.system.box.over(cells.middle, cells.middle, space(self.system.variables, 0))
        known = np.isfinite(point.low[0]) & np.isfinite(point.high[0])
        return ~np.all(known, axis=1)


def _holds(cell: Cells, root: Enclosure) -> bool:
    return bool(np.all((root.low >= cell.low[0]) & (root.high <= cell.high[0])))


def _halved(cells: Cells, weights: np.ndarray) -> Cells:
    """Each cell cut in two across the direction that matters most."""
    if len(cells) == 0:
        return cells
    rows, axis = np.arange(len(cells)), np.argmax(weights, axis=1)
    ends = cells.low[rows, axis], cells.high[rows, axis]
    at = np.clip((1.0 - _OFF) * ends[0] + _OFF * ends[1], *ends)
    left_high, right_low = cells.high.copy(), cells.low.copy()
    left_high[rows, axis], right_low[rows, axis] = at, at
    return Cells(np.concatenate([cells.low, right_low]), np.concatenate([left_high, cells.high]))
