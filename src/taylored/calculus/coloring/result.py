"""The result of a coloring: the seeds of the passes, and the way back to the entries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from taylored.calculus.coloring.substitution import Plan

__all__ = ["Coloring"]


@dataclass(frozen=True, eq=False)
class Coloring:
    """Groups of columns and rows whose products give every entry of a sparse matrix.

    `kind` is "column", "row", "star", "acyclic", "bidirectional" or "empty". Forward pass c is
    `J @ (columns == c)`, reverse pass c is `(rows == c) @ J`; -1 is in no pass. No method of
    the family allowed can do with fewer than `lower_bound` passes; `bound` says why.
    """

    kind: str
    columns: np.ndarray | None
    rows: np.ndarray | None
    forward: int
    reverse: int
    lower_bound: int
    bound: str
    source: np.ndarray | None = field(default=None, repr=False)
    plan: Plan | None = field(default=None, repr=False)

    @property
    def passes(self) -> int:
        """The number of products, forward and reverse."""
        return self.forward + self.reverse

    @property
    def depth(self) -> int:
        """The longest chain of substitutions, 0 where every entry is read off."""
        return 0 if self.plan is None else self.plan.depth

    def recover(self, forward_values: Any = None, reverse_values: Any = None, xp: Any = np) -> Any:
        """The entries in CSR order, (nnz,), from the products.

        `forward_values` (forward, m), `reverse_values` (reverse, n); `xp` is the module of the
        arrays, `numpy` or `jax.numpy`. Direct kinds copy, so they add no rounding.
        """
        parts = [
            xp.ravel(v)
            for v, count in ((forward_values, self.forward), (reverse_values, self.reverse))
            if count
        ]
        if not parts:
            return xp.zeros(0)
        flat = parts[0] if len(parts) == 1 else xp.concatenate(parts)
        if self.plan is not None:
            return self.plan.solve(flat, xp)
        return xp.take(flat, self.source, axis=0)
