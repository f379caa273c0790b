"""Acyclic colors of symmetric patterns: entries follow from others by short substitutions.

Neighbors differ, and every two colors induce a forest (Coleman and Cai, 1986; Gebremedhin,
Tarafdar, Manne and Pothen, 2007). A tree is solved from its leaves inwards, so trees are also
kept short: rounding errors add up along them. A star coloring is the case of shortest trees.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from taylored.calculus.coloring.effort import Effort
from taylored.calculus.coloring.greedy import compress
from taylored.calculus.coloring.pattern import Pattern
from taylored.calculus.coloring.star import star_orders

__all__ = ["acyclic"]

_LONGEST = (32, 12)  # edges on a path of a tree: half as many substitutions, and one less


def acyclic(pattern: Pattern, effort: Effort, best: int) -> Iterator[np.ndarray]:
    """Acyclic colorings with short trees: of a band, and greedy ones in several orders.

    Of at most `best - 1` colors: where more are needed, a greedy one is given up.
    """
    n = pattern.shape[0]
    near = pattern.neighbors
    degrees = np.array([len(a) for a in near])
    # A dense row gets a color of its own: its trees with the others are stars around it.
    heads = np.flatnonzero(degrees > 10 * max(1.0, float(np.median(degrees))))
    if len(heads) > n // 10:
        heads = heads[:0]
    if len(heads):
        alone = set(heads.tolist())
        near = [[] if v in alone else [w for w in a if w not in alone] for v, a in enumerate(near)]
    band = _band(near, alone=heads)
    if band is not None:
        yield band
        best = min(best, int(band.max()) + 1)
    for longest in _LONGEST:
        for order in star_orders(near, 3):
            if effort.left < 0.5 * pattern.nnz:
                return
            colors = acyclic_fit(near, order, (longest, best - 1 - len(heads)), effort)
            if colors is None:
                continue
            colors[heads] = colors.max(initial=-1) + 1 + np.arange(len(heads))
            yield compress(colors)[0]


def _band(near: list[list[int]], alone: np.ndarray) -> np.ndarray | None:
    """Colors i mod (b + 1) of a band of half width b, with a further color that cuts the chains.

    In period q of each b + 1 periods, color q is replaced; so each chain of two colors ends
    after about 2 b vertices, and b + 2 colors do instead of 2 b + 1.
    """
    n = len(near)
    place = np.zeros(n, dtype=np.int64)
    rest = np.setdiff1d(np.arange(n), alone)
    place[rest] = np.arange(len(rest))
    where = place.tolist()
    b = max((abs(where[v] - where[w]) for v, a in enumerate(near) for w in a), default=0)
    if b < 2 or b > 14:
        return None
    color = place % (b + 1)
    period = place // (b + 1) % (b + 1)
    color[(color == period) & (period < b)] = b + 1
    color[alone] = b + 2 + np.arange(len(alone))
    return color.astype(np.int32)


class _Trees:
    """The two-colored trees, merged as they meet; `size` bounds the longest path in each."""

    def __init__(self, longest: int):
        self.parent: list[int] = []
        self.size: list[int] = []
        self.longest = longest

    def find(self, t: int) -> int:
        parent = self.parent
        while parent[t] != t:
            parent[t] = parent[parent[t]]
            t = parent[t]
        return t

    def merge(self, trees: list[int], fresh: int) -> int:
        """One tree of a new vertex, `fresh` single vertices, and `trees`, all joined by it."""
        paths = sorted((self.size[t] for t in trees), reverse=True)[:2]
        ends = [p + 1 for p in paths] + [1] * min(fresh, 2)
        ends = sorted(ends, reverse=True)[:2]
        if not trees:
            trees = [len(self.parent)]
            self.parent.append(trees[0])
            self.size.append(0)
        root = trees[0]
        for t in trees[1:]:
            self.parent[t] = root
        self.size[root] = max(paths[0] if paths else 0, sum(ends))
        return root


def acyclic_fit(
    near: list[list[int]], order: Iterable[int], limits: tuple[int, int], effort: Effort
) -> np.ndarray | None:
    """Give each vertex of `order` in turn the lowest color that keeps trees short trees.

    `limits`: edges of the longest path in a two-colored tree, and colors, at most. None where
    that is not enough, or where it takes several times the effort that is left.
    """
    n = len(near)
    longest, limit = limits
    least = -4.0 * effort.left
    colors = [-1] * n
    # The tree of vertex w with its neighbors of color c, where there are any.
    member: list[dict[int, int]] = [{} for _ in range(n)]
    trees = _Trees(longest)
    for v in order:
        around = [w for w in near[v] if colors[w] >= 0]
        taken = {colors[w] for w in around}
        c = 0
        while c in taken or not _fits(trees, member, colors, around, c):
            c += 1
            effort.left -= 0.1 if c in taken else 0.2 + 0.2 * len(around)
        effort.left -= 1.0 + 2.4 * len(around)
        if c >= limit or effort.left < least:
            return None
        colors[v] = c
        _join(trees, member, colors, v, around)
    return np.array(colors, dtype=np.int32)


def _fits(
    trees: _Trees,
    member: list[dict[int, int]],
    colors: list[int],
    around: list[int],
    c: int,
) -> bool:
    """Whether a vertex of color c among `around` closes no cycle and makes no long path."""
    met: set[int] = set()
    ends: dict[int, tuple[int, int]] = {}
    for w in around:
        t = member[w].get(c)
        length = 1
        if t is not None:
            t = trees.find(t)
            if t in met:
                return False
            met.add(t)
            length += trees.size[t]
        d = colors[w]
        first, second = ends.get(d, (0, 0))
        if length > first:
            first, second = length, first
        elif length > second:
            second = length
        if first + second > trees.longest:
            return False
        ends[d] = (first, second)
    return True


def _join(
    trees: _Trees,
    member: list[dict[int, int]],
    colors: list[int],
    v: int,
    around: list[int],
) -> None:
    c = colors[v]
    groups: dict[int, list[int]] = {}
    for w in around:
        groups.setdefault(colors[w], []).append(w)
    for d, group in groups.items():
        old = [trees.find(member[w][c]) for w in group if c in member[w]]
        root = trees.merge(old, len(group) - len(old))
        member[v][d] = root
        for w in group:
            member[w].setdefault(c, root)
