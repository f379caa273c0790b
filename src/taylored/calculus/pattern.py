"""Sparsity patterns: which entries of a Jacobian or Hessian may differ from zero, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from taylored.errors import FileReadError, PatternError

__all__ = ["Pattern"]

_FORMAT = "taylored-pattern-1"


@dataclass(frozen=True, eq=False)
class Pattern:
    """Where a matrix may have entries that differ from zero, in compressed rows.

    Attributes:
        shape: (outputs, inputs).
        indptr: (outputs + 1,) where each row starts in `indices`.
        indices: (entries,) the columns, sorted and each once in a row.
        scope: "global" if it holds at every point, "local" if at one only.
        dense_by: operations that a rule is missing for, with their line; they made whole blocks
            dense, so that the pattern has more entries than it need have.
        listed: False where it has so many entries that they are not written out: then every entry
            counts as one that may differ from zero, and `indices` is empty.
    """

    shape: tuple[int, int]
    indptr: np.ndarray
    indices: np.ndarray
    scope: str = "global"
    dense_by: tuple[str, ...] = ()
    listed: bool = True
    origin: str = field(default="detected", compare=False)

    @classmethod
    def full(cls, shape: tuple[int, int], **about: Any) -> Pattern:
        """Every entry, without listing them."""
        return cls(shape, np.zeros(shape[0] + 1, np.int64), np.zeros(0, np.int32),
                   listed=False, **about)  # fmt: skip

    @classmethod
    def of(cls, matrix: Any) -> Pattern:
        """The pattern of a SciPy sparse matrix, or of a dense array of flags or numbers.

        Explicit zeros of a sparse matrix count as entries.
        """
        from scipy.sparse import csr_array, issparse

        axes = 2 if issparse(matrix) else _axes(matrix)
        if axes != 2:
            raise PatternError(
                f"A pattern has rows and columns; this has {axes} axes.",
                next_step="give a 2-D array of booleans or a SciPy sparse matrix.",
            )
        try:
            found = csr_array(matrix).copy()
            found.sum_duplicates()
        except (TypeError, ValueError) as error:
            raise PatternError(
                "This is no matrix of flags or numbers.",
                why=str(error),
                next_step="give a 2-D array of booleans or a SciPy sparse matrix.",
            ) from error
        return cls(tuple(found.shape), found.indptr.astype(np.int64),
                   found.indices.astype(np.int32), origin="given")  # fmt: skip

    @property
    def nnz(self) -> int:
        """How many entries may differ from zero."""
        return len(self.indices) if self.listed else self.shape[0] * self.shape[1]

    @property
    def density(self) -> float:
        """The share of such entries."""
        return self.nnz / max(self.shape[0] * self.shape[1], 1)

    @property
    def is_full(self) -> bool:
        """Whether every entry may differ from zero."""
        return self.nnz == self.shape[0] * self.shape[1]

    @cached_property
    def rows(self) -> np.ndarray:
        """(entries,) the row of each entry."""
        return np.repeat(np.arange(self.shape[0], dtype=np.int32), np.diff(self.indptr))

    @cached_property
    def transpose(self) -> Pattern:
        """The pattern of the transposed matrix."""
        if not self.listed:
            return Pattern.full(
                (self.shape[1], self.shape[0]), scope=self.scope, dense_by=self.dense_by
            )
        order = np.argsort(self.indices, kind="stable")
        counts = np.bincount(self.indices, minlength=self.shape[1])
        starts = np.concatenate([[0], np.cumsum(counts)])
        return Pattern(
            (self.shape[1], self.shape[0]),
            starts,
            self.rows[order],
            self.scope,
            self.dense_by,
            origin=self.origin,
        )

    def without_one_sided(self) -> Pattern:
        """For a symmetric matrix: without entries (i, j) whose mirror (j, i) is zero."""
        if not self.listed:
            return self
        size = self.shape[0]
        here = self.rows.astype(np.int64) * size + self.indices
        mirror = self.transpose
        there = mirror.rows.astype(np.int64) * size + mirror.indices
        if np.array_equal(here, there):
            return self
        both = np.isin(here, there, assume_unique=True)
        return self.selected(both)

    def selected(self, keep: np.ndarray) -> Pattern:
        """The entries where `keep` is True."""
        counts = np.bincount(self.rows[keep], minlength=self.shape[0])
        starts = np.concatenate([[0], np.cumsum(counts)])
        return Pattern(
            self.shape, starts, self.indices[keep], self.scope, self.dense_by, origin=self.origin
        )

    def with_mirror(self) -> Pattern:
        """With (j, i) for every entry (i, j)."""
        if not self.listed:
            return self
        size = self.shape[0]
        mirror = self.transpose
        here = self.rows.astype(np.int64) * size + self.indices
        keys = np.union1d(here, mirror.rows.astype(np.int64) * size + mirror.indices)
        starts = np.concatenate([[0], np.cumsum(np.bincount(keys // size, minlength=size))])
        return Pattern(
            self.shape, starts, (keys % size).astype(np.int32), self.scope, self.dense_by,
            origin=self.origin,
        )  # fmt: skip

    def sparse(self) -> Any:
        """The pattern as a SciPy CSR array of booleans."""
        from scipy.sparse import csr_array

        self.require_listed()
        parts = (np.ones(self.nnz, bool), self.indices, self.indptr)
        return csr_array(parts, shape=self.shape, copy=True)

    def dense(self) -> np.ndarray:
        """(outputs, inputs) booleans."""
        if not self.listed:
            return np.ones(self.shape, bool)
        found = np.zeros(self.shape, bool)
        found[self.rows, self.indices] = True
        return found

    def require_listed(self) -> None:
        """Raise where the entries are too many to be written out.

        Raises:
            PatternError: says how many there are, and what can still be computed.
        """
        if not self.listed:
            rows, columns = self.shape
            why = "; ".join(self.dense_by) or "every output depends on nearly every input"
            size = 8 * rows * columns / 2**30
            raise PatternError(
                f"The matrix is {rows} x {columns} and dense: {size:.1f} GiB.",
                why=why,
                next_step="use products, which need one pass each: J @ v, v @ J; or name a block.",
            )

    def save(self, path: str | Path) -> None:
        """Write the pattern to a file (NumPy's npz, no code in it)."""
        with open(path, "wb") as file:
            np.savez_compressed(
                file, format=_FORMAT, shape=self.shape, indptr=self.indptr, indices=self.indices,
                scope=self.scope, listed=self.listed, dense_by=np.array(self.dense_by, dtype=str),
            )  # fmt: skip

    @classmethod
    def load(cls, path: str | Path) -> Pattern:
        """Read a pattern that was saved.

        Raises:
            FileReadError: if the file cannot be read.
            PatternError: if what it holds is not a pattern.
        """
        try:
            with open(path, "rb") as file, np.load(file) as archive:
                held = {name: archive[name] for name in archive.files}
        except OSError as error:
            raise FileReadError(f"The file {path} cannot be read.", why=str(error)) from error
        except Exception as error:
            raise PatternError(f"The file {path} holds no pattern.", why=str(error)) from error
        try:
            return cls._checked(held)
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise PatternError(
                f"The file {path} holds a damaged pattern.", why=str(error),
                next_step="save it anew with J.pattern.save(path).",
            ) from error  # fmt: skip

    @classmethod
    def _checked(cls, held: dict[str, np.ndarray]) -> Pattern:
        if str(held["format"]) != _FORMAT:
            raise ValueError(f"the format is {held['format']}, not {_FORMAT}")
        rows, columns = (int(n) for n in held["shape"])
        listed = bool(held["listed"])
        indptr, indices = held["indptr"].astype(np.int64), held["indices"].astype(np.int64)
        sizes = np.diff(indptr)
        ordered = np.diff(indices) > 0
        ordered[indptr[1:-1][(indptr[1:-1] > 0) & (indptr[1:-1] < len(indices))] - 1] = True
        inside = not len(indices) or (indices.min() >= 0 and indices.max() < columns)
        whole = len(indptr) == rows + 1 and indptr[0] == 0 and indptr[-1] == len(indices)
        if not (whole and (sizes >= 0).all() and inside and ordered.all()):
            raise ValueError("rows and columns do not fit together")
        return cls(
            (rows, columns), indptr, indices.astype(np.int32), str(held["scope"]),
            tuple(map(str, held["dense_by"])), listed, "given",
        )  # fmt: skip

    def __repr__(self) -> str:
        rows, columns = self.shape
        return f"Pattern({rows} x {columns}, {self.nnz} entries, {self.scope})"


def _axes(value: Any) -> int:
    try:
        return np.ndim(value)
    except ValueError:  # rows of different lengths
        return 1


def stacked(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Compressed rows of several outputs, one below the other."""
    sizes = np.concatenate([np.diff(starts) for starts, _ in parts]) if parts else np.zeros(0, int)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    members = [m for _, m in parts]
    return starts, np.concatenate(members) if members else np.zeros(0, np.int32)
