"""What goes into the fits of one block, and what comes out: arrays over the fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

import numpy as np

from taylored.many.status import Status

__all__ = ["Batch", "Block"]


@dataclass(frozen=True, eq=False, slots=True)
class Batch:
    """The data of some fits.

    `y` is (fits, points), float64 or float32. `sigma` (standard errors) and `used` (False: left
    out) are (fits, points) where they differ between fits. `columns` has the data columns that
    differ between fits, by position, (fits, points). `start` is (params, fits), nan where none.
    """

    y: np.ndarray
    sigma: np.ndarray | None = None
    used: np.ndarray | None = None
    columns: Mapping[int, np.ndarray] = field(default_factory=dict)
    start: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.y)

    @staticmethod
    def join(batches: Sequence[Batch]) -> Batch:
        """Batches of one job, one after the other; their starts are left out."""

        def of(name: str) -> np.ndarray | None:
            parts = [getattr(b, name) for b in batches]
            return None if parts[0] is None else np.concatenate(parts)

        y = of("y")
        assert y is not None
        first = batches[0].columns
        columns = {k: np.concatenate([b.columns[k] for b in batches]) for k in first}
        return Batch(y, of("sigma"), of("used"), columns)

    def take(self, which: np.ndarray | slice) -> Batch:
        """The same of some of the fits."""

        def of(array: np.ndarray | None) -> np.ndarray | None:
            return None if array is None else array[which]

        columns = {place: values[which] for place, values in self.columns.items()}
        start = None if self.start is None else self.start[:, which]
        return Batch(self.y[which], of(self.sigma), of(self.used), columns, start)


@dataclass(frozen=True, eq=False, slots=True)
class Block:
    """What was found: the fits are the last axis.

    `theta` and `stderr` are (params, fits), fixed parameters included (standard error 0);
    `chi2`, `dof`, `points` (used), `status` (codes of `Status`) and `evaluations` are (fits,).
    """

    theta: np.ndarray
    stderr: np.ndarray
    chi2: np.ndarray
    dof: np.ndarray
    points: np.ndarray
    status: np.ndarray
    evaluations: np.ndarray

    @classmethod
    def empty(cls, params: int, fits: int) -> Block:
        """Nothing found yet: all values nan, no fit run."""
        return cls(
            np.full((params, fits), np.nan), np.full((params, fits), np.nan),
            np.full(fits, np.nan), np.zeros(fits, np.int32), np.zeros(fits, np.int32),
            np.full(fits, Status.NOT_RUN, np.int8), np.zeros(fits, np.int32),
        )  # fmt: skip

    def put(self, where: np.ndarray | slice, other: Block) -> None:
        """Write what was found for some of the fits."""
        for f in fields(self):
            getattr(self, f.name)[..., where] = getattr(other, f.name)

    def take(self, which: np.ndarray | slice) -> Block:
        """The same of some of the fits."""
        return Block(*(getattr(self, f.name)[..., which] for f in fields(self)))

    def __len__(self) -> int:
        return len(self.chi2)

    @staticmethod
    def join(blocks: Sequence[Block]) -> Block:
        """Blocks one after the other."""
        names = [f.name for f in fields(Block)]
        return Block(*(np.concatenate([getattr(b, n) for b in blocks], -1) for n in names))
