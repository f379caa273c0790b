"""Influence as a sum over paths: each path a product of local factors, number by number.

From one number of an input a path leads over numbers of the values in between to the output. The
sum of the products over all paths is the derivative. Paths are counted, and the largest product
that still lies ahead of each number is found, by one walk back; with it as the estimate of what is
to come, a best-first search meets the paths in the order of the size of their products.

Source: Bauer, SIAM J. Numer. Anal. 11 (1974) 87 (the sum over paths); Hart, Nilsson and Raphael,
IEEE Trans. Syst. Sci. Cybern. 4 (1968) 100 (the search).
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.readings.chain import Link, Tape, is_float

__all__ = ["Hop", "Route", "Routes", "TooManyPaths", "find_routes"]

_MOST_EDGES = 3_000_000  # between single numbers
_AT_ONCE = 4_000_000  # numbers that JAX pushes together
_MOST_PUSHED = 200_000_000


class TooManyPaths(ArgumentError):
    """More edges between single numbers than can be walked."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One edge between two numbers: which equation, from which entry to which, and its factor."""

    link: int
    place: int
    source: tuple[int, int]  # variable and flat entry
    target: tuple[int, int]
    factor: float


@dataclass(frozen=True, slots=True)
class Route:
    """A path from the input to the output."""

    hops: tuple[Hop, ...]

    @property
    def product(self) -> float:
        return math.prod((hop.factor for hop in self.hops), start=1.0)


@dataclass(frozen=True, eq=False)
class Routes:
    """The paths from one number: how many, the strongest first, and the sum over all of them.

    `count` is exact below 2**53, and rounded above.
    """

    count: float
    total: float
    strongest: tuple[Route, ...]


@dataclass(frozen=True, eq=False)
class _Block:
    """The edges of one equation from one of its inputs to one of its outputs, by source."""

    link: int
    place: int
    source: int
    target: int
    src: np.ndarray
    dst: np.ndarray
    factor: np.ndarray

    def of(self, entry: int) -> Iterator[tuple[int, float]]:
        low, high = np.searchsorted(self.src, [entry, entry + 1])
        for k in range(int(low), int(high)):
            yield int(self.dst[k]), float(self.factor[k])


def find_routes(
    tape: Tape, live: Mapping[int, Any], start: tuple[int, int], end: tuple[int, int], most: int
) -> Routes:
    """The paths from one number to another.

    Args:
        tape: of the walk forwards.
        live: the variables that the output depends on.
        start, end: variable and flat entry.
        most: how many paths to list, those of the largest products.

    Raises:
        TooManyPaths: where more numbers lie between than can be walked.
    """
    blocks = _blocks(tape, live, start)
    count, ahead, total = _walked_back(tape, blocks, start, end)
    found = itertools.islice(_by_size(blocks, count, ahead, (start, end)), most)
    return Routes(count.get(start, 0.0), total, tuple(found))


# ---- edges between numbers ----


def _blocks(tape: Tape, live: Mapping[int, Any], start: tuple[int, int]) -> list[_Block]:
    reached: dict[int, np.ndarray] = {start[0]: np.array([start[1]])}
    blocks, edges = [], 0
    for k, link in enumerate(tape.links):
        for place in link.active:
            source = link.equation.inputs[place]
            assert isinstance(source, int)
            if source not in reached:
                continue
            for block in _columns(k, link, place, reached[source]):
                if block.target not in live:
                    continue
                edges += len(block.src)
                if edges > _MOST_EDGES:
                    raise _too_many()
                blocks.append(block)
                known = reached.get(block.target, np.empty(0, int))
                reached[block.target] = np.union1d(known, block.dst)
    return blocks


def _columns(k: int, link: Link, place: int, entries: np.ndarray) -> list[_Block]:
    """The edges of one equation that leave these entries of the input at a place."""
    source = link.equation.inputs[place]
    assert isinstance(source, int)
    value = np.asarray(link.inputs[place])
    if link.factors is not None:
        factor = np.asarray(link.factors[link.active.index(place)])
        shape = np.shape(link.outputs[0])
        numbers = np.arange(value.size).reshape(value.shape)
        origin = np.broadcast_to(numbers, shape).reshape(-1)
        dst = np.flatnonzero(np.isin(origin, entries))
        pieces = [(origin[dst], dst, np.broadcast_to(factor, shape).reshape(-1)[dst])]
        outputs = [link.equation.outputs[0]]
    else:
        pieces = _pushed(link, place, value, entries)
        outputs = [link.equation.outputs[n] for n in link.moving]
    blocks = []
    for target, (src, dst, factor) in zip(outputs, pieces, strict=True):
        order = np.argsort(src, kind="stable")
        blocks.append(_Block(k, place, source, target, src[order], dst[order], factor[order]))
    return blocks


def _pushed(
    link: Link, place: int, value: np.ndarray, entries: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Nonzero factors from each entry, by pushing a change of it through the equation."""
    if any(np.asarray(link.outputs[n]).dtype.kind == "c" for n in link.moving) or (
        value.dtype.kind == "c"
    ):
        raise TooManyPaths(
            "Paths through complex numbers are not listed.",
            next_step="the gradient is there: c.gradient.",
        )
    size = sum(np.size(link.outputs[n]) for n in link.moving) + value.size
    if size * len(entries) > _MOST_PUSHED:
        raise _too_many()
    width = max(1, _AT_ONCE // size)
    parts: list[list[tuple]] = [[] for _ in link.moving]
    for low in range(0, len(entries), width):
        chosen = entries[low : low + width]
        for n, moved in enumerate(_moved(link, place, value, chosen)):
            row, dst = np.nonzero(moved)  # a NaN is not zero
            parts[n].append((chosen[row], dst, np.asarray(moved[row, dst], float)))
    return [_joined(p) for p in parts]


def _joined(parts: list[tuple]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if not parts:
        return np.empty(0, int), np.empty(0, int), np.empty(0)
    src, dst, factor = (np.concatenate(column) for column in zip(*parts, strict=True))
    return src, dst, factor


def _moved(link: Link, place: int, value: np.ndarray, entries: np.ndarray) -> list[np.ndarray]:
    """(entries, outputs) factors, one array for each moving output."""
    changes = np.zeros((len(entries), value.size), value.dtype)
    changes[np.arange(len(entries)), entries] = 1.0
    try:
        moved = link.push(place, changes.reshape(-1, *value.shape))
        return [m.reshape(len(entries), -1) for m in moved]
    except TypeError:  # a rule for the way back only: custom_vjp
        return _by_rows(link, place, entries)


def _by_rows(link: Link, place: int, entries: np.ndarray) -> list[np.ndarray]:
    n = link.active.index(place)
    found = []
    for moving in link.moving:
        rows = []
        for k in range(np.size(link.outputs[moving])):
            seeds = [np.zeros(np.shape(v)) if is_float(v) else None for v in link.outputs]
            seeds[moving].reshape(-1)[k] = 1.0  # type: ignore[union-attr]
            rows.append(np.asarray(link.pull(seeds)[n]).reshape(-1)[entries])
        found.append(np.stack(rows, axis=1))
    return found


def _too_many() -> TooManyPaths:
    return TooManyPaths(
        "There are too many numbers on the way to list paths one by one.",
        next_step="ask for the whole array, or for a smaller input (fewer rows of data).",
    )


# ---- counting, and the largest product ahead ----

_Place = tuple[int, int]


def _walked_back(
    tape: Tape, blocks: list[_Block], start: _Place, end: _Place
) -> tuple[dict[_Place, float], dict[int, np.ndarray], float]:
    """Paths from each number on, the log of the largest product ahead, and the sum for `start`."""
    size = {v: int(np.size(tape.values[v])) for b in blocks for v in (b.source, b.target)}
    size |= {v: int(np.size(tape.values[v])) for v in (start[0], end[0])}
    count = {v: np.zeros(n) for v, n in size.items()}
    ahead = {v: np.full(n, -np.inf) for v, n in size.items()}
    total = {v: np.zeros(n) for v, n in size.items()}
    count[end[0]][end[1]], ahead[end[0]][end[1]], total[end[0]][end[1]] = 1.0, 0.0, 1.0
    with np.errstate(all="ignore"):
        for b in reversed(blocks):
            np.add.at(count[b.source], b.src, count[b.target][b.dst])
            goes_on = count[b.target][b.dst] > 0  # what leads nowhere has no share, not 0*inf
            src, dst, factor = b.src[goes_on], b.dst[goes_on], b.factor[goes_on]
            np.add.at(total[b.source], src, factor * total[b.target][dst])
            np.maximum.at(ahead[b.source], src, _log(factor) + ahead[b.target][dst])
    numbers = {(v, int(k)): float(c[k]) for v, c in count.items() for k in np.flatnonzero(c)}
    return numbers, ahead, float(total[start[0]][start[1]])


def _log(factor: Any) -> Any:
    """The log of the size; what is not a number counts as infinite, so that it is seen first."""
    with np.errstate(all="ignore"):
        return np.nan_to_num(np.log(np.abs(factor)), nan=1e300, posinf=1e300, neginf=-1e300)


def _by_size(
    blocks: list[_Block], count: Mapping[_Place, float], ahead: Mapping[int, np.ndarray],
    ends: tuple[_Place, _Place],
) -> Iterator[Route]:  # fmt: skip
    """Paths by the size of their products, the largest first."""
    start, end = ends
    if start not in count:
        return
    leaving: dict[int, list[_Block]] = {}
    for block in blocks:
        leaving.setdefault(block.source, []).append(block)
    number = itertools.count()
    heap: list[tuple] = [(-ahead[start[0]][start[1]], next(number), 0.0, start, ())]
    while heap:
        _, _, behind, here, hops = heapq.heappop(heap)
        if here == end:
            yield Route(hops)
            continue
        for block in leaving.get(here[0], ()):
            for entry, factor in block.of(here[1]):
                there = (block.target, entry)
                if there not in count:
                    continue
                size = behind + float(_log(factor))
                hop = Hop(block.link, block.place, here, there, factor)
                rank = -(size + ahead[there[0]][entry])
                heapq.heappush(heap, (rank, next(number), size, there, (*hops, hop)))
