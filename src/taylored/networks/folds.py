"""Who is trained on which rows: folds of all rows, drawn anew for each repeat.

Each member of the ensemble leaves one fold of one repeat out, so that every row is out of the bag
of exactly as many members as there are repeats. Rows that belong together are left out together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Folds", "fold_count", "make_folds"]

_FEW_ROWS = 100  # below, ten folds: the members see nine tenths of the rows


@dataclass(frozen=True, eq=False)
class Folds:
    """The fold of each row in each repeat: `number` (repeats, rows), from 0 to `count` - 1.

    `groups` (rows,) numbers the rows that are left out together, or is None.
    """

    number: np.ndarray
    count: int
    groups: np.ndarray | None = None

    @property
    def repeats(self) -> int:
        """How many members have not seen a row."""
        return len(self.number)

    @property
    def members(self) -> int:
        """One member for each fold of each repeat."""
        return self.repeats * self.count

    @property
    def drawn(self) -> str:
        """What was drawn one by one, with its count: `80 rows`, or `8 groups`."""
        return f"{self.units} {'rows' if self.groups is None else 'groups'}"

    @property
    def units(self) -> int:
        """How many rows, or groups, were drawn one by one."""
        return self.number.shape[1] if self.groups is None else int(self.groups.max()) + 1

    def held_out(self) -> np.ndarray:
        """(members, rows) whether the member has not seen the row."""
        return (self.number[:, None, :] == np.arange(self.count)[:, None]).reshape(self.members, -1)

    def seen(self, member: int) -> np.ndarray:
        """(rows,) whether one member was trained on the row."""
        repeat, fold = divmod(member, self.count)
        return self.number[repeat] != fold

    def training(self) -> tuple[np.ndarray, np.ndarray]:
        """(members, kept) the rows of each member, and whether they count.

        All members have as many, so that they train together: those with fewer rows of their own
        are filled up with rows that do not count.
        """
        seen = ~self.held_out()
        most = int(seen.sum(1).max())
        order = np.argsort(~seen, axis=1, kind="stable")[:, :most]
        return order, np.take_along_axis(seen, order, axis=1)

    def first(self, repeats: int) -> Folds:
        """The first of the repeats only."""
        return Folds(self.number[:repeats], self.count, self.groups)


def fold_count(units: int) -> int:
    """How many folds so many rows, or groups of rows, make."""
    return min(units, 10 if units < _FEW_ROWS else 5)


def make_folds(
    rows: int, members: int, rng: np.random.Generator, *, labels: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> Folds:  # fmt: skip
    """At least so many members; with `labels` (rows,) each fold has its share of every class.

    Rows with the same number in `groups` (rows,) are in the same fold.
    """
    units = rows if groups is None else int(groups.max()) + 1
    count = fold_count(units)
    repeats = max(2, -(-members // count))
    number = np.empty((repeats, rows), int)
    for repeat in range(repeats):
        order = rng.permutation(units)
        if groups is not None:
            number[repeat] = _of_groups(groups, order, count)[groups]
            continue
        if labels is not None:
            order = order[np.argsort(labels[order], kind="stable")]
        number[repeat, order] = np.arange(units) % count
    return Folds(number, count, groups)


def _of_groups(groups: np.ndarray, order: np.ndarray, count: int) -> np.ndarray:
    """The fold of each group: the largest first, always into the fold with the fewest rows."""
    size = np.bincount(groups)
    fold, rows = np.empty(len(size), int), np.zeros(count, int)
    for group in order[np.argsort(-size[order], kind="stable")]:
        fold[group] = int(rows.argmin())
        rows[fold[group]] += size[group]
    return fold
