"""Which inputs each element of an array may depend on: the values of the sparsity reading.

A `Dependence` is a union of terms. A term sends each element to a set of inputs: to one input, by
its number, or to one of a table of sets. Most operations only move terms around, which is one
gather per term, and elements that share a set (a broadcast sum, say) share it here too: a dense
matrix of a hundred thousand columns costs one row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

__all__ = ["Dependence", "Sets", "compressed", "union"]

# Beyond this many terms a union is written out as a table of sets.
_MOST_TERMS = 24
# Groups and table rows up to this width stay terms: a few gathers are cheaper than a sort.
_NARROW = 8
# Beyond this many entries a table is not written out: every element may depend on every input.
MOST_ENTRIES = 40_000_000


@dataclass(frozen=True, eq=False)
class Sets:
    """A table of sets of inputs, in compressed rows."""

    starts: np.ndarray
    members: np.ndarray

    @cached_property
    def sizes(self) -> np.ndarray:
        return np.diff(self.starts)

    def __len__(self) -> int:
        return len(self.starts) - 1


@dataclass(frozen=True, eq=False)
class Term:
    """For each element (flat, in C order) a row of `sets`, or an input's number; -1 for none."""

    index: np.ndarray
    sets: Sets | None = None

    @cached_property
    def fingerprint(self) -> tuple[int, int]:
        return (id(self.sets), hash(self.index.tobytes()))

    def same(self, other: Term) -> bool:
        return self is other or (
            self.sets is other.sets
            and (self.index is other.index or self.fingerprint == other.fingerprint)
        )


@dataclass(frozen=True, eq=False)
class Dependence:
    """A union of terms over an array of this shape; `inputs` is how many inputs there are."""

    shape: tuple[int, ...]
    terms: tuple[Term, ...]
    inputs: int

    @classmethod
    def identity(cls, shape: Sequence[int], first: int, inputs: int) -> Dependence:
        """Element k depends on input `first + k` alone."""
        size = int(np.prod(shape, dtype=np.int64))
        index = np.arange(first, first + size, dtype=np.int32)
        return cls(tuple(shape), (Term(index),), inputs)

    @classmethod
    def of_set(cls, shape: Sequence[int], members: np.ndarray, inputs: int) -> Dependence:
        """Every element depends on the same inputs."""
        sets = Sets(np.array([0, len(members)]), np.asarray(members, np.int32))
        size = int(np.prod(shape, dtype=np.int64))
        return cls(tuple(shape), (Term(np.zeros(size, np.int32), sets),), inputs)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))

    def moved(self, move: Callable[[np.ndarray], np.ndarray]) -> Dependence:
        """The same where `move` rearranges arrays of this shape (slices, transposes, pads)."""
        results = [np.asarray(move(t.index.reshape(self.shape))) for t in self.terms]
        shape = results[0].shape if results else self.shape
        terms = [
            Term(np.ascontiguousarray(r).reshape(-1), t.sets)
            for r, t in zip(results, self.terms, strict=True)
        ]
        return Dependence(tuple(shape), tuple(terms), self.inputs)

    def reshaped(self, shape: Sequence[int]) -> Dependence:
        return Dependence(tuple(shape), self.terms, self.inputs)

    def broadcast(self, shape: Sequence[int]) -> Dependence:
        """Elementwise primitives stretch axes of length 1."""
        if tuple(shape) == self.shape:
            return self
        return self.moved(lambda a: np.broadcast_to(a, shape))

    def taken(self, positions: np.ndarray) -> Dependence:
        """Element k is element `positions[k]` of this one; where that is -1 it has no inputs."""
        flat = positions.reshape(-1)
        absent = flat < 0
        holes = bool(absent.any())

        def take(index: np.ndarray) -> np.ndarray:
            if not holes:
                return index[flat]
            return np.where(absent, np.int32(-1), index[np.where(absent, 0, flat)])

        terms = tuple(Term(take(t.index), t.sets) for t in self.terms) if self.size else ()
        return Dependence(positions.shape, terms, self.inputs)

    def kept(self, where: np.ndarray) -> Dependence:
        """Without the elements at which `where` (which broadcasts) is False."""
        keep = np.broadcast_to(where, self.shape).reshape(-1)
        if keep.all():
            return self
        terms = tuple(Term(np.where(keep, t.index, np.int32(-1)), t.sets) for t in self.terms)
        return Dependence(self.shape, terms, self.inputs)

    def grouped(self, groups: np.ndarray, shape: Sequence[int]) -> Dependence:
        """Element k is the union over the elements `groups[k]` (rows of a matrix; -1 for none)."""
        groups = groups.reshape(int(np.prod(shape, dtype=np.int64)), -1)
        if groups.shape[1] <= _NARROW:
            columns = [self.taken(np.ascontiguousarray(c)).reshaped(shape) for c in groups.T]
            return union(columns, shape, self.inputs)
        gathered = self.taken(groups)
        tables = [(t.index.reshape(groups.shape), t.sets) for t in gathered.terms]
        return _tabled(tables, shape, self.inputs)

    def reduced(self, axes: Iterable[int], keepdims: bool = False) -> Dependence:
        """The union over axes."""
        axes = tuple(a % len(self.shape) for a in axes)
        kept = [a for a in range(len(self.shape)) if a not in axes]
        shape = tuple(self.shape[a] for a in kept)
        order = (*kept, *axes)
        count = int(np.prod([self.shape[a] for a in axes], dtype=np.int64))
        final = [1 if a in axes else n for a, n in enumerate(self.shape)] if keepdims else shape
        if count == 1:
            return self.reshaped(final)
        lanes = self.moved(lambda a: a.transpose(order))
        rows = int(np.prod(shape, dtype=np.int64))
        if count <= _NARROW:
            groups = np.arange(rows * count).reshape(rows, count)
            return lanes.grouped(groups, shape).reshaped(final)
        tables = [(t.index.reshape(rows, count), t.sets) for t in lanes.terms]
        return _tabled(tables, shape, self.inputs).reshaped(final)

    def over(self, axes: Iterable[int]) -> Dependence:
        """Dense along axes: every element gets the union over them."""
        return self.reduced(axes, keepdims=True).broadcast(self.shape)

    def total(self) -> np.ndarray:
        """The inputs that any element depends on."""
        found = np.zeros(self.inputs, bool)
        for term in self.terms:
            used = np.unique(term.index)
            used = used[used >= 0]
            if term.sets is None:
                found[used] = True
            elif len(used) == len(term.sets):
                found[term.sets.members] = True
            else:
                found[_members(term.sets, used)[0]] = True
        return np.flatnonzero(found)

    def entries_at_most(self) -> int:
        """How many entries the rows have, counting what several terms share more than once."""
        return sum(_count(t.index, t.sets) for t in self.terms)

    def contained_in(self, other: Dependence) -> bool:
        """Whether every term of this one is a term of the other."""
        return all(any(t.same(o) for o in other.terms) for t in self.terms)


def union(parts: Sequence[Dependence], shape: Sequence[int], inputs: int) -> Dependence:
    """The union, element by element; parts of other shapes are broadcast."""
    terms: list[Term] = []
    for part in parts:
        for term in part.broadcast(shape).terms:
            if not any(term.same(t) for t in terms):
                terms.append(term)
    if len(terms) <= _MOST_TERMS:
        return Dependence(tuple(shape), tuple(terms), inputs)
    rows = int(np.prod(shape, dtype=np.int64))
    return _tabled([(t.index.reshape(rows, 1), t.sets) for t in terms], shape, inputs)


def compressed(dependence: Dependence) -> tuple[np.ndarray, np.ndarray]:
    """Row starts and sorted column numbers, each once: the pattern as a compressed matrix."""
    rows = dependence.size
    tables = [(t.index.reshape(rows, 1), t.sets) for t in dependence.terms]
    return _compress(tables, rows, dependence.inputs)


def _tabled(
    tables: Sequence[tuple[np.ndarray, Sets | None]], shape: Sequence[int], inputs: int
) -> Dependence:
    """Each row of the index matrices as one set."""
    rows = int(np.prod(shape, dtype=np.int64))
    if sum(_count(index, sets) for index, sets in tables) > MOST_ENTRIES:
        tables = [(_distinct(index), sets) for index, sets in tables]
        if sum(_count(index, sets) for index, sets in tables) > MOST_ENTRIES:
            return Dependence.of_set(shape, np.arange(inputs), inputs)
    starts, members = _compress(tables, rows, inputs)
    sizes = np.diff(starts)
    widest = int(sizes.max(initial=0))
    if widest <= _NARROW and widest * rows <= 2 * len(members) + _NARROW:
        return Dependence(tuple(shape), _as_terms(starts, members, widest), inputs)
    index = np.where(sizes > 0, np.arange(rows, dtype=np.int32), np.int32(-1))
    return Dependence(tuple(shape), (Term(index, Sets(starts, members)),), inputs)


def _as_terms(starts: np.ndarray, members: np.ndarray, widest: int) -> tuple[Term, ...]:
    padded = np.append(members, np.int32(-1))
    sizes = np.diff(starts)
    terms = []
    for k in range(widest):
        terms.append(Term(padded[np.where(sizes > k, starts[:-1] + k, len(members))]))
    return tuple(terms)


def _count(index: np.ndarray, sets: Sets | None) -> int:
    if sets is None:
        return index.size
    return int(np.append(sets.sizes, 0)[index].sum())


def _distinct(index: np.ndarray) -> np.ndarray:
    """Rows sorted, and what is there twice replaced by -1."""
    index = np.sort(index, axis=1)
    index[:, 1:][index[:, 1:] == index[:, :-1]] = -1
    return index


def _members(sets: Sets, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The members of the rows, one after another, and how many there are of each row."""
    sizes = sets.sizes[rows]
    ends = np.cumsum(sizes)
    within = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - sizes, sizes)
    return sets.members[np.repeat(sets.starts[rows], sizes) + within], sizes


def _compress(
    tables: Sequence[tuple[np.ndarray, Sets | None]], rows: int, inputs: int
) -> tuple[np.ndarray, np.ndarray]:
    """Index matrices (rows, width) into tables, as compressed rows of sorted distinct inputs."""
    tables = [t for t in tables if t[0].size]
    if not tables:
        return np.zeros(rows + 1, np.int64), np.zeros(0, np.int32)
    if all(sets is None for _, sets in tables):
        return _compress_narrow(np.concatenate([index for index, _ in tables], axis=1), rows)
    keys = []
    for index, sets in tables:
        row, column = np.nonzero(index >= 0)
        chosen = index[row, column]
        if sets is not None:
            chosen, sizes = _members(sets, chosen)
            row = np.repeat(row, sizes)
        keys.append((row, chosen))
    from scipy.sparse import coo_array

    row = np.concatenate([r for r, _ in keys])
    column = np.concatenate([c for _, c in keys])
    matrix = coo_array((np.ones(len(row), bool), (row, column)), shape=(rows, inputs)).tocsr()
    matrix.sum_duplicates()
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32)


def _compress_narrow(index: np.ndarray, rows: int) -> tuple[np.ndarray, np.ndarray]:
    index = np.sort(index, axis=1)
    fresh = index >= 0
    fresh[:, 1:] &= index[:, 1:] != index[:, :-1]
    starts = np.zeros(rows + 1, np.int64)
    np.cumsum(np.count_nonzero(fresh, axis=1), out=starts[1:])
    return starts, index[fresh]
