"""Lower bounds: how many products no method can do without.

A product gives one number per row (or per column), so p products give row i at most
min(p, entries of row i) independent numbers. Counting them against the unknown entries bounds p
from below, for direct methods and for substitution alike; the densest core bounds it best.
"""

from __future__ import annotations

import numpy as np

from taylored.calculus.coloring.pattern import Pattern

__all__ = ["both_ways", "has_path", "split", "symmetric"]


def split(pattern: Pattern, columns: int, rows: int) -> tuple[np.ndarray, bool]:
    """Give entries to forward or to reverse passes, at most `columns` a row, `rows` a column.

    Rows with at most `columns` entries left are given away whole to the forward passes, columns
    with at most `rows` left to the reverse passes, in turn. Returns for each entry 1 (forward),
    2 (reverse) or 0 (in the core that resists), and whether the core is empty.
    """
    side = np.zeros(pattern.nnz, dtype=np.int8)
    alive = np.arange(pattern.nnz)
    of_row, of_column = pattern.rows, pattern.indices
    m, n = pattern.shape
    idle = 0
    for turn in range(200):
        if len(alive) == 0 or idle == 2:
            break
        lines, size, limit = (of_row, m, columns) if turn % 2 == 0 else (of_column, n, rows)
        at = lines[alive]
        taken = np.bincount(at, minlength=size)[at] <= limit
        side[alive[taken]] = 1 + turn % 2
        idle = 0 if taken.any() else idle + 1
        alive = alive[~taken]
    return side, len(alive) == 0


def both_ways(pattern: Pattern, stop: int) -> int:
    """The least r + c, at most `stop`, that r reverse and c forward passes can be enough for.

    With c numbers a row and r numbers a column at most, the entries must satisfy
    sum(min(row, c)) + sum(min(column, r)) >= entries, in the whole and in every core.
    """
    forward = _capacity(pattern.degrees, stop)
    reverse = _capacity(pattern.transpose.degrees, stop)
    budget = 60_000_000
    for total in range(1, stop):
        for c in range(total + 1):
            if forward[c] + reverse[total - c] < pattern.nnz:
                continue
            if budget < 0 or _core_allows(pattern, c, total - c):
                return total
            budget -= 20 * pattern.nnz
    return stop


def _capacity(degrees: np.ndarray, stop: int) -> np.ndarray:
    """The sum of min(degree, p) for p = 0..stop."""
    counts = np.bincount(np.minimum(degrees, stop), minlength=stop + 1)
    at_least = counts[::-1].cumsum()[::-1][1:]
    return np.concatenate([[0], at_least.cumsum()])


def _core_allows(pattern: Pattern, columns: int, rows: int) -> bool:
    side, empty = split(pattern, columns, rows)
    if empty:
        return True
    core = side == 0
    of_row = np.bincount(pattern.rows[core], minlength=1)
    of_column = np.bincount(pattern.indices[core], minlength=1)
    numbers = np.minimum(of_row, columns).sum() + np.minimum(of_column, rows).sum()
    return bool(numbers >= core.sum())


def symmetric(pattern: Pattern, stop: int) -> int:
    """The least p, at most `stop`, that p products with a symmetric matrix can be enough for.

    p products with k vertices give p k - p (p - 1)/2 independent numbers at most, as the
    products of the seeds with each other are symmetric. Entries count once.
    """
    low, high = 1, stop
    while low < high:  # what holds for p holds for p + 1: its core is smaller, its numbers more
        p = (low + high) // 2
        if _symmetric_core_allows(pattern, p):
            high = p
        else:
            low = p + 1
    return low


def _symmetric_core_allows(pattern: Pattern, p: int) -> bool:
    rows, columns = pattern.rows, pattern.indices
    for _ in range(200):
        if len(rows) == 0:
            return True
        degrees = np.bincount(rows, minlength=pattern.shape[0])
        keep = (degrees[rows] > p) & (degrees[columns] > p)
        unknown = (len(rows) + int((rows == columns).sum())) // 2
        k = int((degrees > 0).sum())
        width = min(p, k)
        if unknown > width * k - width * (width - 1) // 2:
            return False
        if keep.all():
            return True
        rows, columns = rows[keep], columns[keep]
    return True


def has_path(pattern: Pattern) -> bool:
    """Whether a direct method needs 3 products for a symmetric pattern: a full diagonal and a path.

    With all diagonal entries neighbors differ in color. With two colors, edge (b, c) can be read
    off only where b or c has no other neighbor.
    """
    diagonal = pattern.indices == pattern.rows
    if int(diagonal.sum()) < pattern.shape[0]:
        return False
    inner = (pattern.degrees > 2)[pattern.rows] & (pattern.degrees > 2)[pattern.indices]
    return bool(np.any(inner & ~diagonal))
