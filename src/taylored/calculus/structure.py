"""What a sparsity pattern is: diagonal, banded, block diagonal, arrow, low rank, dense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.calculus.pattern import Pattern

__all__ = ["Structure", "structure_of"]

# A row or column with more than this share of the entries possible is a rim of an arrow.
_RIM = 0.5


@dataclass(frozen=True)
class Structure:
    """A structure by name, its sizes, and which solver makes use of it.

    `kind`: "empty", "diagonal", "banded", "block diagonal", "arrow", "triangular", "low rank",
    "sparse" or "dense". `details` holds its sizes: `lower` and `upper` bandwidth, `blocks`,
    `largest_block`, `rim`, `rank`.
    """

    kind: str
    details: dict[str, Any]
    solver: str

    def __str__(self) -> str:
        about = ", ".join(f"{k.replace('_', ' ')} {v}" for k, v in self.details.items())
        return f"{self.kind} ({about})" if about else self.kind


def structure_of(
    pattern: Pattern, symmetric: bool = False, bottleneck: int | None = None
) -> Structure:
    """The simplest structure that holds the pattern.

    `bottleneck`: a bound of the rank that is known from the function.
    """
    if pattern.nnz == 0:
        return Structure("empty", {}, "nothing to solve: every derivative is zero")
    narrow = bottleneck is not None and bottleneck <= 0.2 * min(pattern.shape)
    if narrow and pattern.density > 0.5:
        return Structure("low rank", {"rank": bottleneck}, "products of thin matrices")
    if not pattern.listed:
        return Structure("dense", {}, "iterative solvers on products J @ v")
    rows, columns = pattern.rows, pattern.indices
    offsets = columns.astype(np.int64) - rows
    lower, upper = int(max(-offsets.min(), 0)), int(max(offsets.max(), 0))
    square = pattern.shape[0] == pattern.shape[1]
    if lower == upper == 0:
        return Structure("diagonal", {}, "division")
    if pattern.is_full and min(pattern.shape) > 1:
        return Structure("dense", {}, "numpy.linalg.solve or lstsq")
    found = _banded(pattern, lower, upper)
    found = found or _blocks(pattern) or (_arrow(pattern) if square else None)
    if found:
        return found
    rank = _rank_bound(pattern)
    if rank < 0.2 * min(pattern.shape):
        return Structure("low rank", {"rank": rank}, "products of thin matrices")
    if square and min(lower, upper) == 0:
        side = "lower" if upper == 0 else "upper"
        return Structure("triangular", {"side": side}, "scipy.sparse.linalg.spsolve_triangular")
    if pattern.density > 0.5:
        return Structure("dense", {}, "numpy.linalg.solve or lstsq")
    solver = "scipy.sparse.linalg.splu" if square else "scipy.sparse.linalg.lsqr"
    return Structure("sparse", {}, solver)


def _banded(pattern: Pattern, lower: int, upper: int) -> Structure | None:
    rows, columns = pattern.shape
    size, width = min(rows, columns), lower + upper + 1
    if size < 4:
        return None
    # A band that holds the pattern closely; a few far entries make another structure.
    if width > max(3, size // 4) or pattern.nnz < 0.25 * width * size:
        return None
    solver = "scipy.linalg.solve_banded" if rows == columns else "scipy.sparse.linalg.lsqr"
    return Structure("banded", {"lower": lower, "upper": upper}, solver)


def _components(pattern: Pattern) -> tuple[int, np.ndarray]:
    """Connected parts of the graph between rows and columns."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows, columns = pattern.shape
    where = (pattern.rows, pattern.indices + rows)
    size = rows + columns
    graph = coo_array((np.ones(pattern.nnz, bool), where), shape=(size, size))
    return connected_components(graph, directed=False)


def _blocks(pattern: Pattern) -> Structure | None:
    _, labels = _components(pattern)
    used = np.bincount(labels[pattern.rows], minlength=labels.max() + 1)
    count = int(np.count_nonzero(used))
    if count < 2:
        return None
    tall = np.bincount(labels[: pattern.shape[0]], minlength=len(used))
    wide = np.bincount(labels[pattern.shape[0] :], minlength=len(used))
    full = int((tall * wide)[used > 0].sum())
    if pattern.nnz < 0.5 * full:
        return None
    biggest = int(np.argmax(np.where(used > 0, tall * wide, -1)))
    size = f"{int(tall[biggest])} x {int(wide[biggest])}"
    return Structure("block diagonal", {"blocks": count, "largest_block": size}, "block by block")


def _arrow(pattern: Pattern) -> Structure | None:
    """Few dense rows and columns around a diagonal or a narrow band."""
    size = pattern.shape[0]
    in_rows = np.diff(pattern.indptr)
    in_columns = np.bincount(pattern.indices, minlength=size)
    rim_rows, rim_columns = in_rows > _RIM * size, in_columns > _RIM * size
    rim = int(max(rim_rows.sum(), rim_columns.sum()))
    if not rim or rim > size // 4 or size < 4:
        return None
    inner = ~rim_rows[pattern.rows] & ~rim_columns[pattern.indices]
    offsets = pattern.indices[inner].astype(np.int64) - pattern.rows[inner]
    band = int(np.abs(offsets).max(initial=0))
    if band > size // 8:
        return None
    details = {"rim": rim, "band": band}
    return Structure("arrow", details, "block elimination (Schur complement of the rim)")


def _rank_bound(pattern: Pattern) -> int:
    """The structural rank: no matrix of this pattern has a higher one."""
    from scipy.sparse.csgraph import structural_rank

    return int(structural_rank(pattern.sparse().astype(np.int8)))
