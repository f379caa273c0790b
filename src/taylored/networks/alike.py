"""Rows that belong together: entered twice, nearly copies, or measurements of the same things.

What is stated of left-out rows holds for new ones only where the rows kept say no more about them
than about new ones.
"""

from __future__ import annotations

import numpy as np

__all__ = ["copies", "near_copies", "shared_columns"]

_COPIED = 0.9  # of the rows with equal inputs: those whose targets are equal too
_EQUAL = 1e-9  # standard deviations: closer, inputs differ by rounding
_GAP = 10.0  # times as far from one cluster to another as between rows of one
_BETWEEN = 0.03  # of the edges may have a length within the gap
_SHARE = 0.1  # of the rows at least lie close to others, and at most this share in one cluster
_CLUSTERS = 10  # at least: fewer are levels of a design, or classes
_WORK = 1.6e8  # squared differences in a tree
_REPEATED = 3  # rows for each value of columns that name things
_SAME = 1.2  # times as many pairs of values as values: the columns tell the same things apart
_ROUGH = 0.5  # of what the order by another column leaves of a column: no smooth function of it


def copies(z: np.ndarray, t: np.ndarray) -> np.ndarray | None:
    """A number for each row, the same for rows entered more than once; None where there are none.

    Rows with equal inputs are copies of one another where nearly all of them have equal targets
    too. Where inputs have few values, targets agree by chance, and rows are no copies.
    """
    _, place, counts = np.unique(z, axis=0, return_inverse=True, return_counts=True)
    alike = counts[place.ravel()] > 1
    if not alike.any():
        return None
    whole = np.column_stack([place.ravel(), t])
    _, number, counts = np.unique(whole, axis=0, return_inverse=True, return_counts=True)
    same = counts[number.ravel()] > 1
    return number.ravel() if same[alike].mean() > _COPIED else None


# ---- near copies ------------------------------------------------------------------------------


def near_copies(z: np.ndarray) -> np.ndarray | None:
    """A number for each row, the same for rows whose inputs nearly agree; None if there are none.

    The edges of the minimum spanning tree are short between near copies and long between others,
    with a gap between; without copies their lengths have none. Of many rows the tree is made in
    slabs across a direction drawn at random, between whose rows lie few others.
    """
    scale = z.std(0)
    scaled = z[:, scale > 0] / scale[scale > 0]
    _, first, place = np.unique(
        np.round(scaled / _EQUAL), axis=0, return_index=True, return_inverse=True
    )
    distinct = scaled[first]
    order = np.argsort(distinct @ np.random.default_rng(0).normal(size=distinct.shape[1]))
    most = max(200, int((_WORK / max(distinct.shape[1], 1)) ** 0.5))
    slabs = np.array_split(order, -(-len(order) // most))
    middle = len(slabs) // 2
    limit = _gap(_spanning_tree(distinct[slabs[middle]])[1])  # one is enough to see that none are
    if limit is None:
        return None
    number, count = np.empty(len(distinct), int), 0
    for slab in slabs:
        parent, length = _spanning_tree(distinct[slab])
        number[slab] = count + _parts(parent, length < limit)
        count = int(number[slab].max()) + 1
    found = np.unique(number[place.ravel()], return_inverse=True)[1]
    sizes = np.bincount(found)
    several = sizes[sizes > 1]
    clustered = several.sum() >= _SHARE * len(z) and len(several) >= _CLUSTERS
    return found if clustered and sizes.max() <= 2 * _SHARE * len(z) else None


def _spanning_tree(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each row the row before it in the tree and the distance from it (R. C. Prim, 1957).

    Rows are numbered as given; the first has itself before it, at an infinite distance.
    """
    nearest, parent = np.full(len(z), np.inf), np.zeros(len(z), int)
    length, outside = np.full(len(z), np.inf), np.ones(len(z), bool)
    now = 0
    for _ in range(len(z) - 1):
        outside[now] = False
        square = ((z - z[now]) ** 2).sum(1)
        closer = outside & (square < nearest)
        nearest[closer], parent[closer] = square[closer], now
        now = int(np.where(outside, nearest, np.inf).argmin())
        length[now] = nearest[now] ** 0.5
    return parent, length


def _gap(length: np.ndarray) -> float | None:
    """A length between those of edges within clusters and those between them."""
    edges = np.sort(length[np.isfinite(length)])
    few = max(2, int(0.5 * _SHARE * len(edges)))
    inner = edges[few - 1 : len(edges) - _CLUSTERS + 2]
    across = 1 + int(_BETWEEN * len(edges))
    if len(inner) <= across:
        return None
    ratio = inner[across:] / np.maximum(inner[:-across], _EQUAL)
    widest = int(ratio.argmax())
    if ratio[widest] < _GAP:
        return None
    return float((inner[widest] * inner[widest + across]) ** 0.5)


def _parts(parent: np.ndarray, joined: np.ndarray) -> np.ndarray:
    """The number of the part of each row when only the joined edges are left."""
    root = np.where(joined, parent, np.arange(len(parent)))
    while (root != root[root]).any():
        root = root[root]
    return np.unique(root, return_inverse=True)[1]


# ---- measurements of the same things -------------------------------------------------------------


def shared_columns(z: np.ndarray) -> tuple[list[int], int]:
    """Columns of numbers that tell the same few things apart, and how many: none, and 0, if none.

    Two measured columns never take the same values in the same rows by chance: rows that agree in
    both are of one patient, place or day. Columns that are functions of one another are left out.
    """
    columns = [np.unique(c, return_inverse=True)[1] for c in z.T]
    counts = [int(c.max()) + 1 for c in columns]
    few = [k for k, n in enumerate(counts) if _CLUSTERS <= n <= len(z) / _REPEATED]
    best: tuple[list[int], int] = [], 0
    for i in few:
        alike = [j for j in few if j != i and _same_things((columns[i], columns[j]), z[:, [i, j]])]
        if len(alike) > len(best[0]) - 1 and alike:
            together = sorted([i, *alike])
            pairs = np.unique(np.column_stack([columns[k] for k in together]), axis=0)
            best = together, len(pairs)
    return best


def _same_things(columns: tuple[np.ndarray, np.ndarray], values: np.ndarray) -> bool:
    a, b = columns
    most = max(int(a.max()), int(b.max())) + 1
    least = min(int(a.max()), int(b.max())) + 1
    pairs, first = np.unique(a.astype(np.int64) * (int(b.max()) + 1) + b, return_index=True)
    if least < 0.5 * most or len(pairs) > _SAME * most:
        return False
    x, y = values[first].T
    return all(_rough(u, v) for u, v in ((x, y), (y, x)))


def _rough(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether y jumps about in the order of x (J. von Neumann, 1941)."""
    y = y[np.argsort(x, kind="stable")]
    return bool(np.mean(np.diff(y) ** 2) > 2 * _ROUGH * np.var(y))
