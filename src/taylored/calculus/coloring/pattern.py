"""The sparsity pattern in the forms that the colorings need, each made once and when needed."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise

import numpy as np

__all__ = ["Pattern"]


class Pattern:
    """Where a matrix may be nonzero, by rows (CSR): sorted, without repetitions."""

    def __init__(self, indptr: np.ndarray, indices: np.ndarray, shape: tuple[int, int]):
        self.indptr = np.asarray(indptr, dtype=np.int64)
        self.indices = np.asarray(indices, dtype=np.int64)
        self.shape = (int(shape[0]), int(shape[1]))

    @property
    def nnz(self) -> int:
        """The number of entries."""
        return len(self.indices)

    @cached_property
    def degrees(self) -> np.ndarray:
        """Entries in each row, (m,)."""
        return np.diff(self.indptr)

    @cached_property
    def rows(self) -> np.ndarray:
        """The row of each entry, (nnz,)."""
        return np.repeat(np.arange(self.shape[0], dtype=np.int64), self.degrees)

    @cached_property
    def by_column(self) -> np.ndarray:
        """The entries in order of their columns, (nnz,): the transpose as a permutation."""
        # The keys are distinct, so the fast unstable sort gives the stable order.
        return np.argsort(self.indices * self.shape[0] + self.rows)

    @cached_property
    def transpose(self) -> Pattern:
        """The pattern of the transpose."""
        m, n = self.shape
        counts = np.bincount(self.indices, minlength=n)
        indptr = np.concatenate([[0], np.cumsum(counts)])
        other = Pattern(indptr, self.rows[self.by_column], (n, m))
        other.__dict__["transpose"] = self
        return other

    @cached_property
    def lists(self) -> list[list[int]]:
        """The columns of each row as Python lists: what a loop over vertices reads fastest."""
        ends = self.indptr.tolist()
        flat = self.indices.tolist()
        return [flat[a:b] for a, b in pairwise(ends)]

    @cached_property
    def neighbors(self) -> list[list[int]]:
        """The columns of each row of a symmetric pattern but the row itself."""
        off = self.indices != self.rows
        counts = np.bincount(self.rows[off], minlength=self.shape[0])
        indptr = np.concatenate([[0], np.cumsum(counts)])
        return Pattern(indptr, self.indices[off], self.shape).lists

    @cached_property
    def filled(self) -> np.ndarray:
        """Rows that are not empty: `reduceat` cannot express empty segments."""
        return np.flatnonzero(self.degrees)

    @cached_property
    def conflicts(self) -> np.ndarray | None:
        """How many columns share a row with each column, (n,); None where that is expensive."""
        products = 5.0 * float((self.degrees.astype(float) ** 2).sum())
        unions = (60.0 + self.shape[1] / 80.0) * self.nnz  # both in nanoseconds
        if min(products, unions) > 3e8 + 1300.0 * self.nnz:
            return None
        sizes = self._products() if products <= unions else self._unions()
        return np.maximum(sizes - 1, 0)

    def _products(self) -> np.ndarray:
        """Entries in the columns of A' A, computed in blocks that need little memory."""
        from scipy.sparse import csr_matrix

        ones = np.ones(self.nnz, dtype=np.float32)
        matrix = csr_matrix((ones, self.indices, self.indptr), shape=self.shape)
        flipped = matrix.T.tocsr()
        weight = np.bincount(self.indices, self.degrees[self.rows], self.shape[1]).cumsum()
        blocks = np.arange(1, int(weight[-1] // 5_000_000) + 1) * 5_000_000
        cuts = [0, *np.searchsorted(weight, blocks).tolist(), self.shape[1]]
        sizes = [np.zeros(0, dtype=np.int64)]
        for start, stop in pairwise(cuts):
            ends = np.asarray((flipped[start:stop] @ matrix).indptr, dtype=np.int64)
            sizes.append(ends[1:] - ends[:-1])
        return np.concatenate(sizes)

    def _unions(self) -> np.ndarray:
        """The same with the rows as sets of bits: better where they are long."""
        masks: list[int] = []
        row = np.zeros(self.shape[1], dtype=bool)
        for start, stop in pairwise(self.indptr.tolist()):
            row[self.indices[start:stop]] = True
            masks.append(int.from_bytes(np.packbits(row).tobytes(), "little"))
            row[self.indices[start:stop]] = False
        sizes = np.zeros(self.shape[1], dtype=np.int64)
        for v, rows in enumerate(self.transpose.lists):
            mask = 0
            for r in rows:
                mask |= masks[r]
            sizes[v] = mask.bit_count()
        return sizes

    def is_symmetric(self) -> bool:
        """Whether (j, i) is an entry wherever (i, j) is."""
        other = self.transpose
        return (
            self.shape[0] == self.shape[1]
            and np.array_equal(self.indptr, other.indptr)
            and np.array_equal(self.indices, other.indices)
        )
