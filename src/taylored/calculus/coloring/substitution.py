"""Which products give which entries of a symmetric matrix, directly or by substitution.

The product of row i with the seed of color c is the sum of the row's entries in columns of that
color: an equation. Where one unknown is left in an equation, it is known; symmetry removes it
from a second equation. Rounds of this are levels: one level is a star coloring (or any other
direct method), more are an acyclic coloring, whose two-colored trees are solved from the leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.calculus.coloring.pattern import Pattern

__all__ = ["Plan", "direct", "prune", "substitute"]


@dataclass(frozen=True, eq=False)
class Plan:
    """Steps `value = compressed[source] - sum(earlier values)`, and the order of the entries.

    `steps` holds, for each batch of entries, the source and a table of earlier values, (entries,
    width), padded with 0: value 0 is the number zero, those of the first batch come after it.
    """

    steps: tuple[tuple[np.ndarray, np.ndarray | None], ...]
    place: np.ndarray  # the value of each entry in CSR order
    depth: int

    def solve(self, compressed: Any, xp: Any = np) -> Any:
        """The entries in CSR order, (nnz,)."""
        known = xp.zeros(1, dtype=compressed.dtype)
        for source, earlier in self.steps:
            value = xp.take(compressed, source, axis=0)
            if earlier is not None:
                value = value - xp.sum(xp.take(known, earlier, axis=0), axis=1)
            known = xp.concatenate([known, value])
        return xp.take(known, self.place, axis=0)


class _Equations:
    """The equation that each entry (i, j) is part of: row i, color of column j."""

    def __init__(self, pattern: Pattern, colors: np.ndarray):
        n = pattern.shape[1]
        k = int(colors.max(initial=-1)) + 1
        self.seen = colors[pattern.indices].astype(np.int64)
        keys = np.where(self.seen >= 0, pattern.rows * k + self.seen, n * k)
        self.size = n * k + 1
        if self.size > 8 * pattern.nnz + 100_000:
            values, keys = np.unique(keys, return_inverse=True)
            self.size = len(values)
        self.of = keys
        self.count = np.bincount(keys, minlength=self.size)
        if np.any(self.seen < 0):
            # Entries in columns without a color are in no equation; theirs is never usable.
            self.count[keys[np.argmin(self.seen)]] = pattern.nnz + 2
        self.source = self.seen * n + pattern.rows


def direct(pattern: Pattern, colors: np.ndarray) -> np.ndarray | None:
    """The source of each entry where every one can be read off, (nnz,), else None."""
    equations = _Equations(pattern, colors)
    alone = equations.count[equations.of] == 1
    mirror = pattern.by_column
    if not np.all(alone | alone[mirror]):
        return None
    return np.where(alone, equations.source, equations.source[mirror])


def substitute(pattern: Pattern, colors: np.ndarray, deepest: int) -> Plan | None:
    """The plan of at most `deepest` levels after the first, or None where there is none."""
    equations = _Equations(pattern, colors)
    mirror, of, count = pattern.by_column, equations.of, equations.count.copy()
    # The sum of the unknowns' numbers names the last one left.
    total = np.bincount(of, np.arange(pattern.nnz, dtype=float), equations.size).astype(np.int64)
    level = np.full(pattern.nnz, -1)
    chosen = np.full(pattern.nnz, -1)
    ready = np.flatnonzero(count == 1)
    for depth in range(deepest + 1):
        entry = total[ready]
        name, first = np.unique(np.minimum(entry, mirror[entry]), return_index=True)
        entry = entry[first]
        level[name] = depth
        chosen[name] = entry
        both = np.concatenate([name, mirror[name][mirror[name] != name]])
        np.subtract.at(count, of[both], 1)
        np.subtract.at(total, of[both], both)
        ready = np.unique(of[both])
        ready = ready[count[ready] == 1]
        if len(ready) == 0:
            break
    upper = np.minimum(np.arange(pattern.nnz), mirror)
    if np.any(level[upper] < 0):
        return None
    return _plan(equations, upper, level, chosen)


def _plan(equations: _Equations, upper: np.ndarray, level: np.ndarray, chosen: np.ndarray) -> Plan:
    names = np.flatnonzero(level >= 0)
    others = equations.count[equations.of[chosen[names]]] - 1
    # Tables of one batch are padded to its widest row: widths within a factor of two together.
    width = np.where(level[names] == 0, 0, np.frexp(others.astype(float))[1])
    order = np.lexsort((names, width, level[names]))
    names, others, width = names[order], others[order], width[order]
    place = np.zeros(len(level), dtype=np.int64)
    place[names] = 1 + np.arange(len(names))
    members = np.argsort(equations.of, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(equations.of, minlength=equations.size))])
    cuts = np.flatnonzero(np.diff(level[names]) | np.diff(width)) + 1
    steps: list[tuple[np.ndarray, np.ndarray | None]] = []
    for at in np.split(np.arange(len(names)), cuts):
        picked = chosen[names[at]]
        table = None
        if width[at[0]] > 0:
            table = _earlier(equations.of[picked], picked, upper, (members, starts, place))
        steps.append((equations.source[picked], table))
    return Plan(tuple(steps), place[upper], int(level.max()))


def _earlier(
    groups: np.ndarray, picked: np.ndarray, upper: np.ndarray, index: tuple[np.ndarray, ...]
) -> np.ndarray:
    """Places of the other entries in the equations `groups`, (entries, width)."""
    members, starts, place = index
    sizes = starts[groups + 1] - starts[groups]
    column = np.arange(int(sizes.max()))
    inside = column < sizes[:, None]
    table = members[np.where(inside, starts[groups][:, None] + column, 0)]
    # A double listing cannot occur: (i, j) and (j, i) share an equation only if i = j.
    return np.where(inside & (table != picked[:, None]), place[upper[table]], 0)


def prune(pattern: Pattern, colors: np.ndarray) -> np.ndarray:
    """Take from a direct coloring the colors that no entry needs, (n,) int32.

    An entry may have one way out or two, of colors a and b: then one of them must stay. Few
    colors that touch every such pair are found exactly where the pairs are few.
    """
    equations = _Equations(pattern, colors)
    k = int(colors.max(initial=-1)) + 1
    mirror = pattern.by_column
    alone = equations.count[equations.of] == 1
    a = np.where(alone, equations.seen, -1)
    b = a[mirror]
    low, high = np.minimum(a, b), np.maximum(a, b)
    single = (low < 0) | (low == high)
    kept = np.zeros(k, dtype=bool)
    kept[high[single]] = True
    open_ = ~single & ~kept[low] & ~kept[high]
    pairs = np.unique(low[open_] * k + high[open_])
    for c in cover([(int(p // k), int(p % k)) for p in pairs]):
        kept[c] = True
    table = np.append(np.where(kept, np.cumsum(kept) - 1, -1), -1).astype(np.int32)
    return table[colors]


def cover(pairs: list[tuple[int, int]], limit: int = 16) -> set[int]:
    """Few vertices that touch all pairs: by branching among few vertices, else the busiest."""
    if not pairs:
        return set()
    counts: dict[int, int] = {}
    for pair in pairs:
        for v in pair:
            counts[v] = counts.get(v, 0) + 1
    busiest = max(counts, key=lambda v: (counts[v], -v))
    taken = {busiest} | cover([p for p in pairs if busiest not in p], limit)
    if counts[busiest] == 1 or len(counts) > limit:
        return taken
    around = {v for p in pairs if busiest in p for v in p if v != busiest}
    other = around | cover([p for p in pairs if not around.intersection(p)], limit)
    return other if len(other) < len(taken) else taken
