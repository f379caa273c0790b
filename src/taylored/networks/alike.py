"""Rows that belong together: entered twice, nearly copies, or measurements of the same things.

What is stated of left-out rows holds for new ones only where the rows kept say no more about them
than about new ones.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

__all__ = ["copies", "near_copies", "shared_columns"]

_COPIED = 0.9  # of the rows with equal inputs: those whose targets are equal too
_EQUAL = 1e-9  # standard deviations: closer, inputs differ by rounding
_GAP = 10.0  # times as far from one cluster to another as between rows of one
_BETWEEN = 0.03  # of the edges may have a length within the gap
_SHARE = 0.1  # of the rows at least lie close to others
_CLUSTERS = 10  # at least: fewer are levels of a design, or classes
_LARGEST = 0.2  # of the rows in one cluster, at most
_NEIGHBORS = 20  # of a row, by whose distances clusters are seen
_JUMP, _CLEAR = 2.5, 1.5  # times what rows without clusters have; and the median of that jump
_LATTICE = 0.2  # of the distances from a row that are equal: rows on a grid
_FEW_COLUMNS = 20  # of which pairs are looked at
_QUERIES = 2000  # rows whose neighbors are looked at
_WORK = 1.6e8  # squared differences in a tree
_REPEATED = 1.5  # rows for each value of columns that name things
_THINGS = 8  # at least: fewer may be classes
_RARE = 0.2  # of the pairs of values that independent columns would have
_CURVED = 0.02  # of the largest singular value: points on a curve of second degree
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

    They are the parts of the minimum spanning tree without its edges between clusters. Those are
    set apart from the edges within clusters by a gap in the lengths, or by a jump in the distances
    from rows to their neighbors. Of many rows the tree is made in slabs across a direction drawn
    at random, between whose rows lie few others.
    """
    scale = z.std(0)
    scaled = z[:, scale > 0] / scale[scale > 0]
    rounded = np.round(scaled / _EQUAL)
    _, first, place = np.unique(rounded, axis=0, return_index=True, return_inverse=True)
    distinct, place = scaled[first], place.ravel()
    limit, slabs = 0.0, _slabs(distinct)
    if len(distinct) > 2 * _CLUSTERS:
        middle = distinct[slabs[len(slabs) // 2]]  # one is enough to see that none are
        limit = _gap(_spanning_tree(middle)[1]) or _jump(middle) or 0.0
    if not limit and not (len(distinct) < len(z) and _measured_again(distinct)):
        return None
    number, count = np.empty(len(distinct), int), 0
    for slab in slabs:
        number[slab] = count
        if limit:
            parent, length = _spanning_tree(distinct[slab])
            number[slab] += _parts(parent, length < limit)
        else:
            number[slab] += np.arange(len(slab))
        count = int(number[slab].max()) + 1
    found = np.unique(number[place], return_inverse=True)[1]
    sizes = np.bincount(found)
    several = sizes[sizes > 1]
    clustered = several.sum() >= _SHARE * len(z) and len(several) >= _CLUSTERS
    return found if clustered and sizes.max() <= _LARGEST * len(z) else None


def _slabs(z: np.ndarray) -> list[np.ndarray]:
    """The rows in the order of a direction drawn at random, in parts of which a tree is cheap."""
    order = np.argsort(z @ np.random.default_rng(0).normal(size=z.shape[1]))
    most = max(200, int((_WORK / max(z.shape[1], 1)) ** 0.5))
    return np.array_split(order, -(-len(order) // most))


def _measured_again(distinct: np.ndarray) -> bool:
    """Whether equal rows are no chance: of two columns, no functions of one another, each has half
    as many values as there are rows that differ."""
    if len(distinct) < _CLUSTERS:
        return False
    fine = [c for c in distinct.T if len(np.unique(c)) >= 0.5 * len(distinct)]
    return any(_unrelated(a, b) for a, b in combinations(fine[:_FEW_COLUMNS], 2))


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


def _jump(z: np.ndarray) -> float | None:
    """A distance between those to the last neighbor within a cluster and to the first beyond.

    m log(d_{m+1} / d_m), d_m the distance to the m-th neighbor, has the same mean for all m, the
    reciprocal of the dimension, where rows are drawn from a density. Source: E. Levina and P. J.
    Bickel, Maximum likelihood estimation of intrinsic dimension, NeurIPS 2004.
    """
    from scipy.spatial import KDTree

    few = min(_NEIGHBORS, len(z) // 3)
    drawn = np.random.default_rng(0).permutation(len(z))[:_QUERIES]
    distance = np.maximum(np.asarray(KDTree(z).query(z[drawn], few + 1)[0])[:, 1:], _EQUAL)
    steps = np.log(distance[:, 1:] / distance[:, :-1])
    rate = np.arange(1, few) * steps.mean(0)
    last = int(rate.argmax())
    clear = np.median(steps[:, last]) > np.log(_CLEAR) and (steps < 1e-9).mean() < _LATTICE
    if not clear or rate[last] < _JUMP * np.median(rate):
        return None
    return float(np.exp(0.5 * np.log(distance[:, last : last + 2]).mean(0).sum()))


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
    both are of one patient, place or day. Columns that are functions of one another are left out,
    and so are points of a curve such as the circle of the hours.
    """
    columns = [np.unique(c, return_inverse=True)[1] for c in z.T]
    counts = [int(c.max()) + 1 for c in columns]
    few = [k for k, n in enumerate(counts) if _THINGS <= n <= len(z) / _REPEATED]
    best: tuple[list[int], int] = [], 0
    for i in few:
        alike = [j for j in few if j != i and _same_things((columns[i], columns[j]), z[:, [i, j]])]
        if alike and len(alike) >= len(best[0]):
            together = sorted([i, *alike])
            pairs = np.unique(np.column_stack([columns[k] for k in together]), axis=0)
            best = together, len(pairs)
    return best if best[1] <= len(z) / _REPEATED else ([], 0)


def _same_things(columns: tuple[np.ndarray, np.ndarray], values: np.ndarray) -> bool:
    a, b = columns
    most = max(int(a.max()), int(b.max())) + 1
    least = min(int(a.max()), int(b.max())) + 1
    key = a.astype(np.int64) * (int(b.max()) + 1) + b
    pairs, first = np.unique(key, return_index=True)
    if least < 0.5 * most or (len(pairs) > _SAME * most and not _rarely(a, b, len(pairs))):
        return False
    x, y = values[first].T
    return _unrelated(x, y)


def _rarely(a: np.ndarray, b: np.ndarray, pairs: int) -> bool:
    """Whether so few pairs of values are a small part of what independent columns have."""
    shuffled = np.random.default_rng(0).permutation(b)
    independent = len(np.unique(a.astype(np.int64) * (int(b.max()) + 1) + shuffled))
    return pairs <= _RARE * independent


def _unrelated(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether neither is a function of the other, nor both of a third such as an hour."""
    return _rough(x, y) and _rough(y, x) and not _on_conic(x, y)


def _rough(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether y jumps about in the order of x (J. von Neumann, 1941)."""
    y = y[np.argsort(x, kind="stable")]
    return bool(np.mean(np.diff(y) ** 2) > 2 * _ROUGH * np.var(y))


def _on_conic(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether the points lie on a circle, an ellipse or the like."""
    x, y = (v - v.mean() for v in (x, y))
    x, y = x / x.std(), y / y.std()
    terms = np.column_stack([x * x, x * y, y * y, x, y, np.ones_like(x)])
    size = np.linalg.svd(terms, compute_uv=False)
    return bool(size[-1] < _CURVED * size[0])
