"""Truncated polynomials in n variables: which coefficient stands where, and how products add up.

Coefficients are in graded order: all of degree 0, then of degree 1, and so on; a polynomial of
lower degree is a beginning of the array.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import comb

import numpy as np

__all__ = ["Pairs", "Space", "space"]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Which coefficients a product multiplies: `left[p] * right[p]` summed from `starts[k]` on.

    `targets[k]` is the coefficient that segment k adds up to; `most` is the longest segment.
    """

    left: np.ndarray
    right: np.ndarray
    starts: np.ndarray
    targets: np.ndarray
    most: int


class Space:
    """Polynomials in `variables` variables up to `degree`."""

    def __init__(self, variables: int, degree: int):
        self.variables, self.degree = variables, degree
        self._tables: dict[tuple, Pairs] = {}

    def count(self, degree: int) -> int:
        """How many coefficients a polynomial of this degree has."""
        return comb(self.variables + degree, degree) if degree >= 0 else 0

    @property
    def size(self) -> int:
        return self.count(self.degree)

    @cached_property
    def exponents(self) -> np.ndarray:
        """(size, variables) exponents of each coefficient's monomial."""
        return _exponents(self.variables, self.degree)

    @cached_property
    def degrees(self) -> np.ndarray:
        """(size,) total degree of each monomial."""
        return self.exponents.sum(axis=1)

    @cached_property
    def _places(self) -> dict[bytes, int]:
        return {row.tobytes(): k for k, row in enumerate(self.exponents)}

    def place(self, exponents: np.ndarray) -> int:
        """The place of a monomial."""
        return self._places[np.asarray(exponents, np.int16).tobytes()]

    def pairs(self, left: tuple[int, int], right: tuple[int, int], out: tuple[int, int]) -> Pairs:
        """The pairs of a product; each argument is a range (first, last) of degrees, inclusive."""
        key = (left, right, out)
        found = self._tables.get(key)
        if found is None:
            found = self._tables[key] = self._made(left, right, out)
        return found

    def _made(self, left: tuple[int, int], right: tuple[int, int], out: tuple[int, int]) -> Pairs:
        lefts, rights, sums = [], [], []
        for da in range(left[0], left[1] + 1):
            for db in range(max(right[0], out[0] - da), min(right[1], out[1] - da) + 1):
                a = np.arange(self.count(da - 1), self.count(da))
                b = np.arange(self.count(db - 1), self.count(db))
                ia, ib = (m.ravel() for m in np.meshgrid(a, b, indexing="ij"))
                lefts.append(ia)
                rights.append(ib)
                sums.append(self.exponents[ia] + self.exponents[ib])
        if not lefts:
            empty = np.zeros(0, np.int64)
            return Pairs(empty, empty, empty, empty, 0)
        ia, ib, total = np.concatenate(lefts), np.concatenate(rights), np.concatenate(sums)
        target = self._found(total)
        order = np.argsort(target, kind="stable")
        targets, starts, counts = np.unique(target[order], return_index=True, return_counts=True)
        return Pairs(ia[order], ib[order], starts, targets, int(counts.max()))

    def _found(self, exponents: np.ndarray) -> np.ndarray:
        """The places of many monomials."""
        if self.variables == 1:
            return exponents[:, 0].astype(np.int64)
        order, keys = self._sorted_keys
        return order[np.searchsorted(keys, _keys(exponents, self.degree))]

    @cached_property
    def _sorted_keys(self) -> tuple[np.ndarray, np.ndarray]:
        keys = _keys(self.exponents, self.degree)
        order = np.argsort(keys)
        return order, keys[order]


def _keys(exponents: np.ndarray, degree: int) -> np.ndarray:
    """One number (of object type where int64 is too small) for each row of exponents."""
    variables = exponents.shape[1]
    base = degree + 1
    if variables * np.log2(base + 1) < 62:
        powers = np.array([base**k for k in range(variables)], np.int64)
        return exponents.astype(np.int64) @ powers
    # Random odd weights modulo 2**64, checked for being different: exact, as all are compared once.
    weights = np.random.default_rng(0).integers(0, 2**62, variables, dtype=np.int64) | 1
    with np.errstate(over="ignore"):
        return exponents.astype(np.int64) @ weights


def _exponents(variables: int, degree: int) -> np.ndarray:
    """All exponents up to a degree, graded, within a degree the first variables first."""
    rows = [np.zeros((1, variables), np.int16)]
    last = [()]  # monomials as non-decreasing tuples of variables
    for _ in range(degree):
        last = [(*m, v) for m in last for v in range(m[-1] if m else 0, variables)]
        block = np.zeros((len(last), variables), np.int16)
        for k, monomial in enumerate(last):
            for v in monomial:
                block[k, v] += 1
        rows.append(block)
    return np.concatenate(rows)


@lru_cache(maxsize=64)
def space(variables: int, degree: int) -> Space:
    """The space of these polynomials; the same object for equal arguments."""
    return Space(variables, degree)
