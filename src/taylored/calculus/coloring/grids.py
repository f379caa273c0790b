"""Closed forms: colors `(a . cell + shift of the field) mod p` for patterns of grids.

A stencil repeats: which columns share a row depends on the difference of their places in the
grid alone. So the colors can be a linear form modulo p, and a search over few small integers
finds the least p, where a greedy order finds a few colors more. The grid is guessed from the
differences within a sample of rows; every guess is checked on all rows, and columns that clash
(seams of periodic grids, boundary rows) are colored again one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from taylored.calculus.coloring.effort import Effort
from taylored.calculus.coloring.greedy import clashes, compress, iterate, repair
from taylored.calculus.coloring.pattern import Pattern

__all__ = ["linear"]

_SAMPLE = 400  # rows looked at to guess the grid, at most
_PAIRS = 6000  # pairs of their entries, at most
_LONGEST = 40  # entries in a row of a stencil, at most
_FIELDS = 8  # fields per cell, at most


@dataclass(frozen=True)
class _Grid:
    """A way to number cells: strides of the axes, and fields interleaved or one after another."""

    strides: tuple[int, ...]
    fields: int
    interleaved: bool
    size: int  # cells

    def place(self, j: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The field of each column, (columns,), and its cell, (axes, columns)."""
        if self.interleaved:
            field, cell = j % self.fields, j // self.fields
        else:
            field, cell = j // self.size, j % self.size
        cells = np.empty((len(self.strides), len(j)), dtype=np.int64)
        for axis, stride in enumerate(self.strides):
            cells[axis] = cell // stride
            if axis + 1 < len(self.strides):
                cells[axis] %= self.strides[axis + 1] // stride
        return field, cells

    @property
    def sizes(self) -> np.ndarray:
        """Cells along each axis."""
        ends = (*self.strides[1:], self.size)
        return np.array([b // a for a, b in zip(self.strides, ends, strict=True)])


@dataclass(frozen=True)
class _Form:
    """Colors `(a . cell + shifts[field]) mod p`; `seams` axes do not close if periodic."""

    grid: _Grid
    p: int
    a: np.ndarray
    shifts: np.ndarray
    seams: int

    def colors(self, n: int) -> np.ndarray:
        field, cells = self.grid.place(np.arange(n))
        return ((self.a @ cells + self.shifts[field]) % self.p).astype(np.int32)


def linear(pattern: Pattern, best: int, lower: int, effort: Effort) -> np.ndarray | None:
    """Colors of the columns with fewer than `best` colors by a linear form, or None."""
    if not effort.take(500):
        return None
    pairs = _pairs(pattern)
    if pairs is None:
        return None
    known = _known(pattern.shape[1], pairs, effort)
    found: np.ndarray | None = None
    empty = pattern.transpose.degrees == 0
    price = 60 + 0.03 * pattern.nnz
    for p in range(lower, best):
        if p >= best or effort.left < price:
            break
        forms = [f for grid, steps in known for f in _forms(grid, steps, p, effort)]
        forms.sort(key=lambda f: (f.seams, len(f.a), f.grid.fields))
        trials = []
        for form in forms[:3]:
            if effort.take(price):
                colors = form.colors(pattern.shape[1])
                colors[empty] = -1
                trials.append((clashes(pattern, colors), colors))
        trials.sort(key=lambda t: len(t[0]))
        for loose, colors in trials:
            trial = _repaired(pattern, colors, loose, (lower, effort))
            if trial is not None and int(trial.max()) + 1 < best:
                found, best = trial, int(trial.max()) + 1
    return found


def _known(
    n: int, pairs: tuple[np.ndarray, np.ndarray, int], effort: Effort
) -> list[tuple[_Grid, np.ndarray]]:
    """The grids that explain the sample best, with their usual steps; at most four."""
    known: dict[tuple[int, bool], tuple[_Grid, np.ndarray]] = {}
    line: list[tuple[_Grid, np.ndarray]] = []
    strange: set[tuple[int, bool]] = set()
    for grid in _grids(n, pairs[1] - pairs[0]):
        key = grid.fields, grid.interleaved
        if key in strange or not effort.take(60 + 0.03 * len(pairs[0])):
            continue
        steps = _steps(grid, pairs)
        if steps is None:
            continue
        if grid.fields == 1 and grid.strides == (1,):
            line.append((grid, steps))  # a line of cells: bands, whatever their differences
        if key not in known:
            # Fields that repeat the steps of fewer fields are not fields.
            fewer = [d for d in range(1, grid.fields) if (d, True) in known and key[0] % d == 0]
            ratio = [len(steps) * d / len(known[d, True][1]) for d in fewer]
            if any(r >= 0.97 * grid.fields for r in ratio):
                strange.add(key)
                continue
        # Forms on fewer axes are forms on more of them too, as long as no step is split.
        more = key in known and len(grid.strides) > len(known[key][0].strides)
        if key not in known or len(steps) < (1.12 if more else 0.95) * len(known[key][1]):
            known[key] = (grid, steps)
    # Shifts of fields are freer than a form over all columns, which comes last.
    order = sorted(known, key=lambda key: (key[0] == 1, key[1], key[0]))
    chosen = [known[key] for key in order[:3]]
    return chosen + [g for g in line if all(g[0] is not other for other, _ in chosen)]


def _pairs(pattern: Pattern) -> tuple[np.ndarray, np.ndarray, int] | None:
    """Pairs of columns that share a row, from a sample of the rows, and how many rows."""
    degrees = pattern.degrees
    usable = np.flatnonzero((degrees >= 2) & (degrees <= _LONGEST))
    if len(usable) == 0 or 2 * len(usable) < len(pattern.filled):
        return None
    wanted = min(_SAMPLE, int(_PAIRS / max(1.0, float((degrees[usable] ** 2).mean()) / 2)))
    if len(usable) > wanted:
        usable = np.random.default_rng(0).choice(usable, wanted, replace=False)
    first, second = [], []
    for length in np.unique(degrees[usable]).tolist():
        rows = usable[degrees[usable] == length]
        table = pattern.indices[pattern.indptr[rows][:, None] + np.arange(length)]
        i, j = np.triu_indices(length, 1)
        first.append(table[:, i].ravel())
        second.append(table[:, j].ravel())
    return np.concatenate(first), np.concatenate(second), len(usable)


def _grids(n: int, steps: np.ndarray) -> Iterator[_Grid]:
    """Guesses of the storage, from the frequent differences between columns of a row."""
    values, counts = np.unique(steps, return_counts=True)
    common = counts >= 0.02 * counts.max()
    if common.sum() > 400:
        return
    # The strides themselves are frequent: a cell and the next along an axis are in many rows.
    wide = values[common][np.argsort(-counts[common], kind="stable")].tolist()
    for fields in range(1, _FIELDS + 1):
        if n % fields:
            continue
        size = n // fields
        for interleaved in (True, False):
            if not interleaved and (fields == 1 or size not in wide):
                continue
            unit = fields if interleaved else 1
            widths = [s // unit for s in wide if s % unit == 0 and 2 * s < size * unit]
            widths = [s for s in widths if s >= 3 and size % s == 0][:5]
            yield _Grid((1,), fields, interleaved, size)
            for s in widths:
                yield _Grid((1, s), fields, interleaved, size)
                for t in widths:
                    if t > 2 * s and t % s == 0:
                        yield _Grid((1, s, t), fields, interleaved, size)


def _steps(grid: _Grid, pairs: tuple[np.ndarray, np.ndarray, int]) -> np.ndarray | None:
    """The usual differences (field, field, cell), (kinds, 2 + axes); None where few are usual."""
    first, second, rows = pairs
    f, here = grid.place(first)
    g, there = grid.place(second)
    keys = f * grid.fields + g
    for axis, size in enumerate(grid.sizes.tolist()):
        keys = keys * (2 * size) + (there[axis] - here[axis] + size)
    _, at, counts = np.unique(keys, return_index=True, return_counts=True)
    # What is in most rows of a field; seams and boundaries are a line of cells in a plane.
    usual = counts >= 0.3 * rows / grid.fields
    if counts[usual].sum() < 0.6 * counts.sum() or usual.sum() > 600:
        return None
    at = at[usual]
    return np.vstack([f[at], g[at], there[:, at] - here[:, at]]).T


def _forms(grid: _Grid, steps: np.ndarray, p: int, effort: Effort) -> list[_Form]:
    """A few forms modulo p under which no step is zero, those without a periodic seam first."""
    axes = len(grid.strides)
    if not effort.take(50 + 0.04 * p ** (axes - 1)):
        return []
    # A form times a unit modulo p is the same coloring: the first factor divides p.
    heads = np.array([d for d in range(p) if d == 0 or p % d == 0])
    a = np.indices((len(heads), *(p,) * (axes - 1))).reshape(axes, -1).T
    a[:, 0] = heads[a[:, 0]]
    same = steps[:, 0] == steps[:, 1]
    for step in steps[same][:, 2:]:
        if len(a) == 0 or not effort.take(6 + 0.01 * len(a)):
            return []
        a = a[(a @ step) % p != 0]
    seams = ((a * grid.sizes) % p != 0).sum(axis=1)
    order = np.argsort(seams, kind="stable")
    mixed = steps[~same]
    forms: list[_Form] = []
    for at in order[:20].tolist():
        if not effort.take(10 + 0.7 * len(mixed)):
            break
        values = (mixed[:, 2:] @ a[at]) % p
        barred: dict[tuple[int, int], set[int]] = {}
        for (f, g), v in zip(mixed[:, :2].tolist(), values.tolist(), strict=True):
            # Equal colors: shift[f] = shift[g] + v.
            barred.setdefault((f, g), set()).add(v)
            barred.setdefault((g, f), set()).add(-v % p)
        shifts = _shifts(barred, grid.fields, p)
        if shifts is not None:
            forms.append(_Form(grid, p, a[at], np.array(shifts), int(seams[at])))
            if len(forms) == 2:
                break
    return forms


def _shifts(barred: dict[tuple[int, int], set[int]], fields: int, p: int) -> list[int] | None:
    """Shifts of the fields with no barred difference, by backtracking; the first one is 0."""
    shifts: list[int] = []
    start = 0
    steps = 2000
    while len(shifts) < fields and steps > 0:
        steps -= 1
        f = len(shifts)
        for s in range(start, p if f else 1):
            if all((s - t) % p not in barred.get((f, g), ()) for g, t in enumerate(shifts)):
                shifts.append(s)
                start = 0
                break
        else:
            if not shifts:
                return None
            start = shifts.pop() + 1
    return shifts if len(shifts) == fields else None


def _repaired(
    pattern: Pattern, colors: np.ndarray, loose: np.ndarray, limits: tuple[int, Effort]
) -> np.ndarray | None:
    """The colors with the columns `loose` colored again; None if they are too many."""
    lower, effort = limits
    if len(loose):
        if len(loose) > 0.2 * len(colors) or not effort.take(0.3 * pattern.nnz):
            return None
        colors = iterate(pattern, repair(pattern, colors, loose), effort.part(0.3), lower)
    return compress(colors)[0]
