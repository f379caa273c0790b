"""Where the nodes of a graph stand: layers from left to right, few crossings, even distances.

Source: Sugiyama, Tagawa and Toda, IEEE Trans. Syst. Man Cybern. 11 (1981) 109.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Layout", "layered", "levels"]

_SWEEPS = 12


@dataclass(frozen=True, eq=False)
class Layout:
    """The place (layer, height) of each node, and the bends of the edges that pass layers."""

    places: Mapping[str, tuple[float, float]]
    bends: Mapping[tuple[str, str], Sequence[tuple[float, float]]]
    layers: int


def levels(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The layer of each node: behind all it is made of, inputs as near to their use as can be."""
    level = dict.fromkeys(nodes, 0)
    into: dict[str, list[str]] = {n: [] for n in nodes}
    out: dict[str, list[str]] = {n: [] for n in nodes}
    for source, target in edges:
        into[target].append(source)
        out[source].append(target)
    for node in nodes:  # in the order of the computation
        level[node] = max((level[s] + 1 for s in into[node]), default=0)
    for node in nodes:
        if not into[node] and out[node]:
            level[node] = min(level[t] for t in out[node]) - 1
    low = min(level.values(), default=0)
    return {n: k - low for n, k in level.items()}


def layered(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> Layout:
    """Lay out a graph whose nodes come in the order of the computation."""
    level = levels(nodes, edges)
    count = max(level.values(), default=0) + 1
    rows: list[list[str]] = [[] for _ in range(count)]
    for node in nodes:
        rows[level[node]].append(node)
    links: list[tuple[str, str]] = []
    dummies: dict[tuple[str, str], list[str]] = {}
    for source, target in edges:
        chain = [source]
        for k in range(level[source] + 1, level[target]):
            name = f"\0{source}\0{target}\0{k}"
            rows[k].append(name)
            chain.append(name)
        dummies[source, target] = chain[1:]
        chain.append(target)
        links += itertools.pairwise(chain)
    near: dict[str, list[str]] = {}
    for a, b in links:
        near.setdefault(a, []).append(b)
        near.setdefault(b, []).append(a)
    height = _heights(rows, near)
    where = {n: float(k) for k, row in enumerate(rows) for n in row}
    places = {n: (where[n], height[n]) for n in nodes}
    bends = {e: [(where[d], height[d]) for d in names] for e, names in dummies.items()}
    return Layout(places, bends, count)


def _heights(rows: list[list[str]], near: Mapping[str, list[str]]) -> dict[str, float]:
    """Heights by repeated averages over neighbors, kept one apart within a layer."""
    height = {n: 0.5 * (len(row) - 1) - k for row in rows for k, n in enumerate(row)}
    for sweep in range(_SWEEPS):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            wanted = {n: _mean([height[m] for m in near.get(n, ())], height[n]) for n in row}
            row.sort(key=lambda n: (-wanted[n], -height[n]))
            for n, y in zip(row, _apart([wanted[n] for n in row]), strict=True):
                height[n] = y
    return height


def _mean(values: list[float], otherwise: float) -> float:
    return float(np.mean(values)) if values else otherwise


def _apart(wanted: list[float]) -> list[float]:
    """Falling heights near those wanted, each at least one below the one before."""
    groups: list[tuple[float, int]] = []  # (height of the first, how many)
    for y in wanted:
        groups.append((y, 1))
        while len(groups) > 1 and groups[-2][0] - groups[-2][1] < groups[-1][0]:
            (a, n), (b, m) = groups[-2:]
            groups[-2:] = [((a * n + (b + n) * m) / (n + m), n + m)]
    return [first - k for first, n in groups for k in range(n)]
