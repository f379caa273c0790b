"""Star colors of symmetric patterns: every entry is read off one product (no substitution).

Neighbors differ, and no path of four vertices has two colors (Gebremedhin, Manne and Pothen,
SIAM Review 47, 2005, algorithm 4.1). Here the stars are kept as masks, one integer per vertex.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

__all__ = ["star_fit", "star_orders"]


def star_fit(near: list[list[int]], order: Iterable[int], limit: int) -> np.ndarray | None:
    """Give each vertex of `order` in turn the lowest color that closes no two-colored path.

    None where more than `limit` colors are needed.
    """
    end = 1 << limit
    n = len(near)
    bits, once, twice, hubs = [0] * n, [0] * n, [0] * n, [0] * n
    for v in order:
        around = near[v]
        double = twice[v]
        mask = 0
        for w in around:
            bit = bits[w]
            if bit:
                # v - w - x - y with x in hubs[w]; q - v - w - x where q and w share a color.
                mask |= bit | hubs[w]
                if bit & double:
                    mask |= once[w]
        bit = ~mask & (mask + 1)
        if bit >= end:
            return None
        bits[v] = bit
        hub = 0
        for x in around:
            if not once[x] & bit:
                once[x] |= bit
                continue
            hub |= bits[x]
            if not twice[x] & bit:
                twice[x] |= bit
                if bits[x]:
                    _mark_first(near[x], v, bits, hubs, bits[x])
        hubs[v] = hub
        if double:
            for w in around:
                if bits[w] & double:
                    hubs[w] |= bit
    return np.array([b.bit_length() - 1 for b in bits], dtype=np.int32)


def _mark_first(around: list[int], v: int, bits: list[int], hubs: list[int], hub_bit: int) -> None:
    """Tell the first neighbor of v's color that its hub got a second one, v."""
    bit = bits[v]
    for w in around:
        if bits[w] == bit and w != v:
            hubs[w] |= hub_bit
            return


def star_orders(near: list[list[int]], count: int) -> Iterator[Iterable[int]]:
    """Up to `count` orders of the vertices, the most promising first."""
    n = len(near)
    degrees = np.array([len(a) for a in near], dtype=np.int64)
    largest = np.argsort(-degrees, kind="stable")
    rng = np.random.default_rng(0)
    # Arrow heads first, the rest as it stands: good for bands with a few dense rows.
    heads = degrees > 4 * max(1.0, float(np.median(degrees)))
    natural = np.argsort(~heads, kind="stable")
    for turn in range(count):
        if turn == 0:
            yield largest.tolist()
        elif turn == 1:
            yield natural.tolist()
        elif turn == 2:
            yield smallest_last(near)
        else:
            noise = rng.random(n) * (1 + turn % 3)
            yield np.argsort(-degrees + noise, kind="stable").tolist()


def smallest_last(near: list[list[int]]) -> list[int]:
    """Vertices so that each has few neighbors before it (Matula and Beck, 1983)."""
    left = [len(a) for a in near]
    buckets: list[list[int]] = [[] for _ in range(max(left, default=0) + 1)]
    for v, degree in enumerate(left):
        buckets[degree].append(v)
    done = [False] * len(near)
    order: list[int] = []
    lowest = 0
    while len(order) < len(near):
        while not buckets[lowest]:
            lowest += 1
        v = buckets[lowest].pop()
        if done[v] or left[v] != lowest:
            continue
        done[v] = True
        order.append(v)
        for w in near[v]:
            if not done[w]:
                left[w] -= 1
                buckets[left[w]].append(w)
                lowest = min(lowest, left[w])
    return order[::-1]
