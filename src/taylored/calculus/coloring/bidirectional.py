"""Colors of columns and of rows together: dense rows go to reverse passes, the rest forward.

Each entry is given to one side (`bounds.split`). A column's color must be the only one of its
kind in the rows of its forward entries; the same, mirrored, for rows. An arrow head with a dense
row, a dense column and a diagonal needs 3 passes this way instead of n.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from taylored.calculus.coloring.bounds import split
from taylored.calculus.coloring.effort import Effort
from taylored.calculus.coloring.greedy import compress
from taylored.calculus.coloring.pattern import Pattern

__all__ = ["bicolor", "sources"]


def bicolor(
    pattern: Pattern, best: int, lower: int, effort: Effort
) -> tuple[np.ndarray, np.ndarray] | None:
    """Colors of columns and rows with fewer than `best` passes in all, or None."""
    found = None
    for columns, rows in _limits(pattern, best, effort, 1 if pattern.nnz > 200_000 else 4):
        if columns + rows >= best:
            continue
        side, _ = split(pattern, columns, rows)
        forward, c = _one_side(pattern, side == 1)
        reverse, r = _one_side(pattern.transpose, (side == 2)[pattern.by_column])
        if c and r:
            forward, reverse = _without_idle(pattern, forward, reverse)
            c, r = int(forward.max()) + 1, int(reverse.max()) + 1
        if c + r < best:
            found, best = (forward, reverse), c + r
            if best <= lower:
                break
    return found


def _limits(pattern: Pattern, best: int, effort: Effort, tries: int) -> list[tuple[int, int]]:
    """The most promising (forward entries a row, reverse entries a column), fewest first."""
    price = 30 + 0.08 * pattern.nnz
    found: list[tuple[int, int]] = []
    tried: set[int] = set()

    def works(c: int, r: int) -> bool:
        return effort.take(price) and split(pattern, c, r)[1]

    ceiling = best - 1
    coarse = sorted({c for k in range(20) for c in (2**k, 3 * 2**k)}, reverse=True)
    # The scale of the sum first, so that no long search for one side is in vain.
    for total in (2**k for k in range(2, 40)):
        if total >= ceiling or effort.left < price:
            break
        if any(works(c, total - c) for c in coarse if c < total):
            ceiling = total + 1
            break
    while effort.left > price:
        c = coarse.pop() if coarse else _next(found, tried, ceiling)
        if c == 0:
            break
        if c in tried or c >= ceiling:
            continue
        tried.add(c)
        r = _least(c, ceiling - c, works)
        if r:
            found.append((c, r))
            ceiling = min(ceiling, c + r + 1)  # a little worse may still color better
    return sorted(found, key=lambda pair: (sum(pair), pair[1]))[:tries]


def _next(found: list[tuple[int, int]], tried: set[int], ceiling: int) -> int:
    """The untried number nearest to the best one so far, or 0."""
    if not found:
        return 0
    center = min(found, key=sum)[0]
    near = (center + sign * d for d in range(1, ceiling) for sign in (-1, 1))
    return next((c for c in near if 0 < c < ceiling and c not in tried), 0)


def _least(c: int, most: int, works: Callable[[int, int], bool]) -> int:
    """The least r up to `most` such that c and r work, or 0."""
    if not works(c, most):
        return 0
    low = high = 1
    while high < most and not works(c, high):
        low, high = high + 1, min(2 * high, most)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if works(c, middle) else (middle + 1, high)
    return high


def _one_side(pattern: Pattern, mine: np.ndarray) -> tuple[np.ndarray, int]:
    """Colors of the columns such that entries `mine` are alone of their color in their row."""
    m, n = pattern.shape
    needed = np.bincount(pattern.indices[mine], minlength=n)
    # What matters to a column: how many others its own entries must avoid.
    weight = np.bincount(pattern.indices[mine], pattern.degrees[pattern.rows[mine]], n)
    flags = mine[pattern.by_column].tolist()
    columns, starts = pattern.transpose.lists, pattern.transpose.indptr.tolist()
    all_, own = [0] * m, [0] * m
    bits = [0] * n
    for v in np.argsort(-weight, kind="stable").tolist():
        if needed[v] == 0:
            continue
        rows = columns[v]
        flag = flags[starts[v] : starts[v + 1]]
        mask = 0
        for r, f in zip(rows, flag, strict=True):
            mask |= all_[r] if f else own[r]
        bit = ~mask & (mask + 1)
        for r, f in zip(rows, flag, strict=True):
            all_[r] |= bit
            if f:
                own[r] |= bit
        bits[v] = bit
    return compress(np.array([b.bit_length() - 1 for b in bits], dtype=np.int32))


def _alone(pattern: Pattern, colors: np.ndarray) -> np.ndarray:
    """Whether the color of each entry's column is the only one of its kind in the row."""
    k = int(colors.max(initial=-1)) + 1
    seen = colors[pattern.indices].astype(np.int64)
    keys = np.where(seen >= 0, pattern.rows * k + seen, pattern.shape[0] * k)
    if pattern.shape[0] * k > 8 * pattern.nnz + 100_000:
        _, keys = np.unique(keys, return_inverse=True)
    return (np.bincount(keys)[keys] == 1) & (seen >= 0)


def _ways(pattern: Pattern, columns: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether each entry can be read off a forward pass, and whether off a reverse pass."""
    back = np.empty(pattern.nnz, dtype=bool)
    back[pattern.by_column] = _alone(pattern.transpose, rows)
    return _alone(pattern, columns), back


def sources(pattern: Pattern, columns: np.ndarray, rows: np.ndarray) -> np.ndarray | None:
    """The source of each entry, (nnz,), or None where some entry has none."""
    forward, back = _ways(pattern, columns, rows)
    if not np.all(forward | back):
        return None
    m, n = pattern.shape
    passes = int(columns.max(initial=-1)) + 1
    of_column = columns[pattern.indices].astype(np.int64) * m + pattern.rows
    of_row = passes * m + rows[pattern.rows].astype(np.int64) * n + pattern.indices
    return np.where(forward, of_column, of_row)


def _without_idle(
    pattern: Pattern, columns: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Drop colors that no entry needs: a least cover of the entries' two ways (König)."""
    forward, back = _ways(pattern, columns, rows)
    c, r = int(columns.max()) + 1, int(rows.max()) + 1
    of_column, of_row = columns[pattern.indices], rows[pattern.rows]
    keep_c, keep_r = np.zeros(c, dtype=bool), np.zeros(r, dtype=bool)
    keep_c[of_column[forward & ~back]] = True
    keep_r[of_row[back & ~forward]] = True
    open_ = forward & back
    open_[open_] = ~keep_c[of_column[open_]] & ~keep_r[of_row[open_]]
    pairs = np.unique(of_column[open_].astype(np.int64) * r + of_row[open_])
    cover_c, cover_r = _least_cover(pairs // r, pairs % r, c, r)
    return (
        compress(np.where(np.append(keep_c | cover_c, False)[columns], columns, -1))[0],
        compress(np.where(np.append(keep_r | cover_r, False)[rows], rows, -1))[0],
    )


def _least_cover(
    left: np.ndarray, right: np.ndarray, c: int, r: int
) -> tuple[np.ndarray, np.ndarray]:
    """The fewest vertices that touch all edges of a bipartite graph, by matching."""
    near: list[list[int]] = [[] for _ in range(c)]
    for a, b in zip(left.tolist(), right.tolist(), strict=True):
        near[a].append(b)
    mate = [-1] * r

    def augment(a: int, seen: set[int]) -> bool:
        for b in near[a]:
            if b not in seen:
                seen.add(b)
                if mate[b] < 0 or augment(mate[b], seen):
                    mate[b] = a
                    return True
        return False

    for a in range(c):
        augment(a, set())
    matched = set(mate)
    reached, stack, met = set(), [a for a in range(c) if a not in matched], set()
    while stack:
        a = stack.pop()
        reached.add(a)
        for b in near[a]:
            if b not in met:
                met.add(b)
                if mate[b] not in reached:
                    stack.append(mate[b])
    cover_c = np.array([bool(near[a]) and a not in reached for a in range(c)], dtype=bool)
    return cover_c, np.array([b in met for b in range(r)], dtype=bool)
