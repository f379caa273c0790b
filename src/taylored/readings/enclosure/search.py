"""Branch and bound: which boxes decide the range of a function, split until it is tight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from taylored.readings.interval.arithmetic import Bounds
from taylored.readings.jet.value import Trouble

__all__ = ["Answer", "Found", "Limits", "Pieces", "search"]

_SMALLEST = 2.0**-45  # of the whole box: smaller pieces are not split


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop: boxes to be enclosed at most, and the excess that is good enough.

    The excess is that of the width over the width of what is certainly attained. `repair` boxes
    more may be spent on making troubled boxes smaller.
    """

    boxes: int
    excess: float
    repair: int = 256
    goal: float | None = None  # end as soon as it is certain whether all is at most this large


@dataclass(frozen=True, eq=False)
class Pieces:
    """Boxes with what is known of the function over each.

    `bounds` enclose the values over the boxes (boxes, outputs); `attained` enclose values at
    points in them; `troubled` says where the function may not be smooth.
    """

    low: np.ndarray
    high: np.ndarray
    bounds: Bounds
    attained: Bounds
    troubled: np.ndarray
    troubles: tuple[Trouble, ...] = ()
    weights: np.ndarray | None = None  # (boxes, variables): how much each direction matters

    def where(self, chosen: np.ndarray) -> Pieces:
        """Some of them."""
        return Pieces(
            self.low[chosen], self.high[chosen],
            (self.bounds[0][chosen], self.bounds[1][chosen]),
            (self.attained[0][chosen], self.attained[1][chosen]),
            self.troubled[chosen], self.troubles,
            None if self.weights is None else self.weights[chosen],
        )  # fmt: skip


@dataclass(eq=False)
class Found:
    """The range (outputs,): `low`, `high` enclose it, `inner_low`, `inner_high` are attained."""

    low: np.ndarray
    high: np.ndarray
    inner_low: np.ndarray
    inner_high: np.ndarray
    boxes: int = 0
    troubles: tuple[Trouble, ...] = field(default_factory=tuple)
    place: tuple[np.ndarray, np.ndarray] | None = None  # the smallest box with a trouble in it

    @property
    def finite(self) -> bool:
        return bool(np.all(np.isfinite(self.low)) and np.all(np.isfinite(self.high)))

    def settles(self, goal: float | None) -> bool:
        """Whether it is certain that the absolute values are all at most `goal`, or are not."""
        if goal is None:
            return False
        outer = np.maximum(np.abs(self.low), np.abs(self.high))
        inner = np.fmax(-self.inner_low, self.inner_high)
        return bool(np.all(outer <= goal) or np.any(inner > goal))

    def tight(self, excess: float) -> bool:
        """Whether the enclosure is hardly wider than what is attained."""
        with np.errstate(all="ignore"):
            width, inner = self.high - self.low, self.inner_high - self.inner_low
            good = width <= (1.0 + excess) * inner
        # A constant has no width; nor has a range known to the last digits.
        level = 8 * 2.0**-52 * np.maximum(np.abs(self.low), np.abs(self.high)) + 1e-300
        return bool(np.all(good | (width <= level)))


Answer = Callable[[np.ndarray, np.ndarray, "Pieces | None"], Pieces]


def search(answer: Answer, start: Pieces, limits: Limits, floats: Callable) -> Found:
    """Split the pieces that decide the range until it is tight or the boxes are spent.

    Args:
        answer: what is known over new boxes; it gets the pieces they were cut from.
        start: pieces that cover the domain.
        limits: when to stop.
        floats: the executor's conversion of end points to float64.
    """
    best_low = np.full(start.bounds[0].shape[1], np.inf)
    best_high = -best_low
    pieces, spent = start, 0
    smallest = _SMALLEST * np.max(start.high - start.low, axis=0)
    while True:
        best_low, best_high = _attained(pieces, best_low, best_high, floats)
        found = _result(pieces, (best_low, best_high), spent, floats)
        matter = _matters(pieces, found, limits.excess, floats)
        matter &= np.any(pieces.high - pieces.low > smallest, axis=1)
        room = limits.boxes - spent
        if pieces.troubled.any():
            room = limits.boxes + limits.repair - spent
            matter &= pieces.troubled
        settled = not pieces.troubled.any() and found.settles(limits.goal)
        if not matter.any() or room < 2 or settled:
            return found
        chosen = _most_important(pieces, matter, room // 2, found, floats)
        keep = np.ones(len(pieces.low), bool)
        keep[chosen] = False
        parents = pieces.where(chosen)
        low, high = _halves(parents)
        made = answer(low, high, parents)
        spent += len(low)
        pieces = _joined([pieces.where(keep), made])


def _attained(
    pieces: Pieces, low: np.ndarray, high: np.ndarray, floats: Callable
) -> tuple[np.ndarray, np.ndarray]:
    """The least number that the minimum is not above, and the largest below the maximum."""
    ends = floats(pieces.attained[0], False), floats(pieces.attained[1], True)
    with np.errstate(all="ignore"):
        above = np.min(np.where(np.isfinite(ends[1]), ends[1], np.inf), axis=0)
        below = np.max(np.where(np.isfinite(ends[0]), ends[0], -np.inf), axis=0)
    return np.minimum(low, above), np.maximum(high, below)


def _result(
    pieces: Pieces, inner: tuple[np.ndarray, np.ndarray], spent: int, floats: Callable
) -> Found:
    low = floats(pieces.bounds[0], False).min(axis=0)
    high = floats(pieces.bounds[1], True).max(axis=0)
    if not pieces.troubled.any():
        return Found(low, high, *inner, spent)
    different = {(t.kind, t.primitive, t.source, t.reason): t for t in pieces.troubles}
    bad = np.flatnonzero(pieces.troubled)
    smallest = bad[np.argmin((pieces.high - pieces.low)[bad].max(axis=1))]
    place = (pieces.low[smallest], pieces.high[smallest])
    return Found(low, high, *inner, spent, tuple(different.values()), place)


def _matters(pieces: Pieces, found: Found, excess: float, floats: Callable) -> np.ndarray:
    """Which pieces reach beyond what is attained by more than the excess allowed."""
    low, high = floats(pieces.bounds[0], False), floats(pieces.bounds[1], True)
    with np.errstate(all="ignore"):
        slack = 0.5 * excess * np.maximum(found.inner_high - found.inner_low, 0.0)
        level = 4 * 2.0**-52 * np.maximum(np.abs(found.low), np.abs(found.high)) + 1e-300
        slack = np.where(np.isfinite(slack), np.maximum(slack, level), 0.0)
        beyond = (low < found.inner_low - slack) | (high > found.inner_high + slack)
    return beyond.any(axis=1) | pieces.troubled


def _most_important(
    pieces: Pieces, matter: np.ndarray, most: int, found: Found, floats: Callable
) -> np.ndarray:
    """At most so many of the pieces that matter, those reaching out the farthest."""
    chosen = np.flatnonzero(matter)
    if len(chosen) <= most:
        return chosen
    low, high = floats(pieces.bounds[0], False)[chosen], floats(pieces.bounds[1], True)[chosen]
    with np.errstate(all="ignore"):
        reach = np.fmax(found.inner_low - low, high - found.inner_high).max(axis=1)
    reach = np.where(np.isnan(reach), np.inf, reach)
    return chosen[np.argsort(-reach, kind="stable")[:most]]


def _halves(parents: Pieces) -> tuple[np.ndarray, np.ndarray]:
    """Each box cut in two across the direction that matters most."""
    width = parents.high - parents.low
    if parents.weights is not None:
        with np.errstate(invalid="ignore", over="ignore"):
            weighted = width * parents.weights
        finite = np.all(np.isfinite(weighted), axis=1, keepdims=True)
        width = np.where(finite & np.any(weighted > 0, axis=1, keepdims=True), weighted, width)
    axis = np.argmax(width, axis=1)
    rows = np.arange(len(axis))
    middle = 0.5 * parents.low[rows, axis] + 0.5 * parents.high[rows, axis]
    left_high, right_low = parents.high.copy(), parents.low.copy()
    left_high[rows, axis] = middle
    right_low[rows, axis] = middle
    low = np.stack([parents.low, right_low], axis=1).reshape(-1, width.shape[1])
    high = np.stack([left_high, parents.high], axis=1).reshape(-1, width.shape[1])
    return low, high


def _joined(parts: list[Pieces]) -> Pieces:
    def both(values: list[Any]) -> Any:
        return np.concatenate(values)

    weights = [p.weights for p in parts]
    return Pieces(
        both([p.low for p in parts]), both([p.high for p in parts]),
        (both([p.bounds[0] for p in parts]), both([p.bounds[1] for p in parts])),
        (both([p.attained[0] for p in parts]), both([p.attained[1] for p in parts])),
        both([p.troubled for p in parts]),
        tuple(t for p in parts for t in p.troubles),
        None if any(w is None for w in weights) else both(weights),
    )  # fmt: skip
