"""Sparse symmetric factorization L D L' by SuperLU, kept to pivots on the diagonal.

Dense rows and columns go last: minimum degree takes time quadratic in their length, and eliminated
early they fill in everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np

__all__ = ["SymmetricFactors", "elimination_order", "pivoting_lu", "placed", "symmetric_lu"]

_DENSE, _LEAST_DENSE = 10.0, 40.0
_KEPT = 6


@dataclass(frozen=True, eq=False)
class SymmetricFactors:
    """L U of matrix[order][:, order]."""

    factors: Any
    order: np.ndarray | None

    def solve(self, right: np.ndarray, kind: str = "N") -> np.ndarray:
        """The u with matrix u = right; of kind "T" with the transpose."""
        if self.order is None:
            return self.factors.solve(right, kind)
        u = np.empty(right.shape)
        u[self.order] = self.factors.solve(right[self.order], kind)
        return u

    @property
    def on_diagonal(self) -> bool:
        """Whether all pivots were taken from the diagonal: U then has those of L D L'."""
        return np.array_equal(self.factors.perm_r, self.factors.perm_c)

    @property
    def pivots(self) -> np.ndarray:
        """The diagonal of U."""
        return self.factors.U.diagonal()


@dataclass(frozen=True, eq=False)
class _Layout:
    """A pattern in its order of elimination; `place` says where the entries come from."""

    order: np.ndarray
    indices: np.ndarray
    pointers: np.ndarray
    place: np.ndarray


_layouts: dict[bytes, _Layout] = {}


def symmetric_lu(
    matrix: Any, *, ordered: bool = False, once: bool = False
) -> SymmetricFactors | None:
    """The factors of a sparse symmetric matrix (CSC); None where it is exactly singular.

    `ordered` says that the rows are in a good order already. Orders are remembered by pattern,
    since finding one takes longer than factoring, but where the pattern comes `once`.
    """
    from scipy.sparse import csc_array

    if ordered:
        return _factored(matrix, None, "NATURAL")
    if once and not _dense(np.diff(matrix.indptr)).any():
        return _factored(matrix, None, "MMD_AT_PLUS_A")
    if not matrix.has_canonical_format:
        matrix = matrix.copy()
        matrix.sum_duplicates()
    layout = _layout(matrix)
    parts = (matrix.data[layout.place], layout.indices, layout.pointers)
    return _factored(csc_array(parts, shape=matrix.shape), layout.order, "NATURAL")


def _layout(matrix: Any) -> _Layout:
    from scipy.sparse import csc_array

    key = blake2b(matrix.indptr.tobytes())
    key.update(matrix.indices.tobytes())
    known = _layouts.get(key.digest())
    if known is not None:
        return known
    order = elimination_order(matrix)
    numbers = np.arange(matrix.nnz, dtype=float)
    whole = csc_array((numbers, matrix.indices, matrix.indptr), shape=matrix.shape)
    laid = whole[order][:, order].tocsc()
    laid.sort_indices()  # else SuperLU's wrapper does, in the arrays that are kept
    made = _Layout(order, laid.indices, laid.indptr, laid.data.astype(np.int64))
    while len(_layouts) >= _KEPT:
        _layouts.pop(next(iter(_layouts)), None)
    _layouts[key.digest()] = made
    return made


def pivoting_lu(matrix: Any, threshold: float) -> Any:
    """The factors of a sparse matrix (CSC) with rows interchanged where a pivot is smaller than
    `threshold` times what is below it; None where it is exactly singular.

    Columns are ordered for any choice of rows: in an order that counts on diagonal pivots each
    interchange fills in.
    """
    from scipy.sparse.linalg import splu

    try:
        return splu(matrix, permc_spec="COLAMD", diag_pivot_thresh=threshold)
    except RuntimeError:
        return None


def _factored(matrix: Any, order: np.ndarray | None, kind: str) -> SymmetricFactors | None:
    from scipy.sparse.linalg import splu

    try:
        factors = splu(
            matrix, permc_spec=kind, diag_pivot_thresh=0.0, options={"SymmetricMode": True}
        )
    except RuntimeError:
        return None
    return SymmetricFactors(factors, order)


def elimination_order(matrix: Any) -> np.ndarray:
    """Minimum degree for the pattern of a symmetric matrix, dense rows last."""
    from scipy.sparse import diags_array

    counts = np.diff(matrix.indptr)
    late = _dense(counts)
    sparse, dense = np.flatnonzero(~late), np.flatnonzero(late)
    rest = (matrix[sparse][:, sparse] if dense.size else matrix).copy()
    # Only the pattern matters: values for which every pivot is good.
    rest.data = np.ones(rest.data.size)
    heavy = diags_array(2.0 + np.diff(rest.indptr))
    found = _factored((rest + heavy).tocsc(), None, "MMD_AT_PLUS_A")
    inner = np.arange(sparse.size) if found is None else np.argsort(found.factors.perm_c)
    return np.concatenate([sparse[inner], dense[np.argsort(counts[dense], kind="stable")]])


def placed(rows: np.ndarray, columns: np.ndarray, size: int) -> tuple[Any, np.ndarray]:
    """A square matrix (CSC) with entries at these places, which may come twice; and where in its
    data each of them lies."""
    from scipy.sparse import csc_array

    keys, place = np.unique(columns.astype(np.int64) * size + rows, return_inverse=True)
    pointers = np.concatenate([[0], np.cumsum(np.bincount(keys // size, minlength=size))])
    parts = (np.zeros(keys.size), (keys % size).astype(np.int32), pointers.astype(np.int32))
    return csc_array(parts, shape=(size, size)), place


def _dense(counts: np.ndarray) -> np.ndarray:
    return counts > max(_LEAST_DENSE, _DENSE * np.sqrt(counts.size))
