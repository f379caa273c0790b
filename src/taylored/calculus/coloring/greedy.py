"""Greedy colors of columns: one mask of used colors per row, as a Python integer.

Columns of one color share no row. A column's forbidden colors are the union of its rows' masks,
its color is the lowest free bit: O(entries) for one order of the columns, without a graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from taylored.calculus.coloring.effort import Effort
from taylored.calculus.coloring.pattern import Pattern

__all__ = ["clashes", "compress", "first_fit", "iterate", "orders", "repair"]


def first_fit(pattern: Pattern, order: Iterable[int]) -> np.ndarray:
    """Give each column of `order` in turn the lowest color free in its rows, (n,) int32."""
    masks = [0] * pattern.shape[0]
    bits = [0] * pattern.shape[1]
    _fill(pattern, order, masks, bits)
    return np.array([b.bit_length() - 1 for b in bits], dtype=np.int32)


def _fill(pattern: Pattern, order: Iterable[int], masks: list[int], bits: list[int]) -> None:
    columns = pattern.transpose.lists
    for v in order:
        rows = columns[v]
        if not rows:
            continue
        mask = 0
        for r in rows:
            mask |= masks[r]
        bit = ~mask & (mask + 1)
        for r in rows:
            masks[r] |= bit
        bits[v] = bit


def orders(pattern: Pattern) -> Iterator[Iterable[int]]:
    """Orders of the columns without end, the most promising first."""
    n = pattern.shape[1]
    weight = pattern.conflicts
    if weight is None:
        weight = np.bincount(pattern.indices, pattern.degrees[pattern.rows].astype(float), n)
    largest = np.argsort(-weight, kind="stable")
    yield largest.tolist()
    yield range(n)
    if (pattern.degrees.astype(float) ** 2).sum() < 10 * (pattern.nnz + 1000):
        yield smallest_last(pattern)
    yield largest[::-1].tolist()
    rng = np.random.default_rng(0)
    while True:
        yield rng.permutation(n).tolist()


def smallest_last(pattern: Pattern) -> list[int]:
    """Columns so that each has few conflicts with those before it (Matula and Beck)."""
    columns, rows = pattern.transpose.lists, pattern.lists
    left = [sum(len(rows[r]) for r in column) for column in columns]
    buckets: dict[int, list[int]] = {}
    for v, degree in enumerate(left):
        buckets.setdefault(degree, []).append(v)
    done = [False] * len(columns)
    order: list[int] = []
    lowest = 0
    while len(order) < len(columns):
        while not buckets.get(lowest):
            lowest += 1
        v = buckets[lowest].pop()
        if done[v] or left[v] != lowest:
            continue
        done[v] = True
        order.append(v)
        for r in columns[v]:
            for w in rows[r]:
                if not done[w]:
                    left[w] -= 1
                    buckets.setdefault(left[w], []).append(w)
                    lowest = min(lowest, left[w])
    return order[::-1]


def compress(colors: np.ndarray) -> tuple[np.ndarray, int]:
    """The same classes numbered 0, 1, ... without gaps (-1 stays), and how many there are."""
    used = np.unique(colors[colors >= 0])
    if len(used) == 0:
        return np.full(len(colors), -1, dtype=np.int32), 0
    table = np.full(int(used[-1]) + 2, -1, dtype=np.int32)
    table[used] = np.arange(len(used), dtype=np.int32)
    return table[colors], len(used)


def clashes(pattern: Pattern, colors: np.ndarray) -> np.ndarray:
    """Columns to uncolor so that no row sees a color twice: all but the first of each clash."""
    k = int(colors.max(initial=-1)) + 1
    seen = colors[pattern.indices].astype(np.int64)
    rows = pattern.rows
    if k <= 62:
        # A sum of distinct powers of two is their union, so only suspicious rows get sorted.
        bits = np.where(seen >= 0, np.int64(1) << np.maximum(seen, 0), 0)
        starts = pattern.indptr[pattern.filled]
        with np.errstate(over="ignore"):
            total = np.add.reduceat(bits, starts)
        bad = np.zeros(pattern.shape[0], dtype=bool)
        bad[pattern.filled] = total != np.bitwise_or.reduceat(bits, starts)
        if not bad.any():
            return np.zeros(0, dtype=np.int64)
        at = np.flatnonzero(bad[rows] & (seen >= 0))
    else:
        at = np.flatnonzero(seen >= 0)
    keys = rows[at] * k + seen[at]
    order = np.argsort(keys, kind="stable")
    again = np.zeros(len(at), dtype=bool)
    again[order[1:]] = keys[order[1:]] == keys[order[:-1]]
    return np.unique(pattern.indices[at[again]])


def repair(pattern: Pattern, colors: np.ndarray, loose: np.ndarray) -> np.ndarray:
    """Color the columns `loose` again, greedily, the others staying as they are."""
    kept = colors.copy()
    kept[loose] = -1
    bits = [(1 << c) if c >= 0 else 0 for c in kept.tolist()]
    masks = [0] * pattern.shape[0]
    other = pattern.transpose
    near = np.unique(other.indices[segments(other.indptr, loose)])
    rows = pattern.lists
    for r in near.tolist():
        for v in rows[r]:
            masks[r] |= bits[v]
    _fill(pattern, loose.tolist(), masks, bits)
    return np.array([b.bit_length() - 1 for b in bits], dtype=np.int32)


def segments(indptr: np.ndarray, picked: np.ndarray) -> np.ndarray:
    """The entry numbers of the picked rows, one row after the other."""
    lengths = indptr[picked + 1] - indptr[picked]
    total = int(lengths.sum())
    shift = np.repeat(indptr[picked] - (np.cumsum(lengths) - lengths), lengths)
    return np.arange(total) + shift


def iterate(pattern: Pattern, colors: np.ndarray, effort: Effort, lower: int) -> np.ndarray:
    """Color again class by class, in other orders of the classes: never more colors.

    Columns of one class do not conflict, so a class is colored at once. The colors in use
    cannot grow (Culberson, 1992), and often fall.
    """
    colors, k = compress(colors)
    rng = np.random.default_rng(0)
    for turn in range(60):
        if k <= lower or k > 62 or not effort.take(12 * k + 0.025 * pattern.nnz):
            break
        sizes = np.bincount(colors[colors >= 0], minlength=k)
        ranks = [
            np.arange(k)[::-1],
            np.argsort(-sizes, kind="stable"),
            rng.permutation(k),
        ][turn % 3]
        colors, k = compress(_again(pattern.transpose, colors, ranks))
    return colors


def _again(columns: Pattern, colors: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """First fit of whole classes, in the order `ranks`."""
    masks = np.zeros(columns.shape[1], dtype=np.int64)
    members = np.argsort(colors, kind="stable")
    bounds = np.searchsorted(colors[members], np.arange(len(ranks) + 1))
    result = np.full(len(colors), -1, dtype=np.int32)
    for c in ranks.tolist():
        picked = members[bounds[c] : bounds[c + 1]]
        lengths = columns.degrees[picked]
        rows = columns.indices[segments(columns.indptr, picked)]
        used = np.bitwise_or.reduceat(masks[rows], np.cumsum(lengths) - lengths)
        bit = ~used & (used + 1)
        masks[rows] |= np.repeat(bit, lengths)
        result[picked] = np.frexp(bit.astype(float))[1] - 1
    return result
