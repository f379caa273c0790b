"""The first look at all chunks: how many rows, what is missing, the scatter, and a sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from taylored.many.big.pieces import Ready
from taylored.regression.data import Dropped

__all__ = ["SAMPLE", "Survey", "surveyed", "together"]

SAMPLE = 4000  # rows that starts are found from
_SHOWN = 5


class Survey(NamedTuple):
    """Sums over rows, and rows drawn at random with the keys that drew them.

    `mean` and `spread` are those of y, weighted by 1/sigma**2; `weight` is the sum of the
    weights, `squares` that of the squared weighted y. `rows` is (columns + y + sigma, drawn).
    """

    points: int
    total: int
    nbytes: int
    weight: float
    mean: float
    spread: float
    squares: float
    keys: np.ndarray
    rows: np.ndarray
    dropped: tuple[Dropped, ...]


def surveyed(ready: Ready, index: int, seed: int, most: int) -> Survey:
    """The survey of one chunk; what is drawn depends on the seed and its place alone."""
    y, points = ready.y, len(ready.y)
    w = np.ones(points) if ready.sigma is None else 1.0 / ready.sigma**2
    weight = float(w.sum())
    mean = float((w * y).sum() / weight) if points else 0.0
    spread = float((w * (y - mean) ** 2).sum())
    squares = float((w * y * y).sum())
    keys = np.random.default_rng([seed, index]).random(points)
    drawn = np.argpartition(keys, most)[:most] if points > most else np.arange(points)
    drawn.sort()
    columns = [*ready.data, y, *([] if ready.sigma is None else [ready.sigma])]
    rows = np.array([c[drawn] for c in columns])
    return Survey(points, ready.total, ready.nbytes, weight, mean, spread, squares, keys[drawn],
                  rows, ready.dropped)  # fmt: skip


def together(parts: Sequence[Survey]) -> Survey:
    """The survey of all chunks; the rows kept are those with the smallest keys, in their order."""
    weight = sum(p.weight for p in parts)
    mean = sum(p.weight * p.mean for p in parts) / weight if weight else 0.0
    spread = sum(p.spread + p.weight * (p.mean - mean) ** 2 for p in parts)
    keys = np.concatenate([p.keys for p in parts])
    rows = np.concatenate([p.rows for p in parts], axis=1)
    if len(keys) > SAMPLE:
        drawn = np.sort(np.argpartition(keys, SAMPLE)[:SAMPLE])
        keys, rows = keys[drawn], rows[:, drawn]
    return Survey(
        sum(p.points for p in parts), sum(p.total for p in parts), sum(p.nbytes for p in parts),
        weight, mean, spread, sum(p.squares for p in parts), keys, rows, _dropped(parts),
    )  # fmt: skip


def _dropped(parts: Sequence[Survey]) -> tuple[Dropped, ...]:
    """Rows left out of all chunks by reason, numbered through."""
    found: dict[str, Dropped] = {}
    offset = 0
    for part in parts:
        for d in part.dropped:
            so_far = found.get(d.reason, Dropped(0, d.reason, ()))
            rows = (*so_far.rows, *(r + offset for r in d.rows))[:_SHOWN]
            found[d.reason] = Dropped(so_far.count + d.count, d.reason, rows)
        offset += part.total
    return tuple(found.values())
