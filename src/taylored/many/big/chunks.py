"""Data in chunks without Dask: tables, files, or functions that make them, opened in turn."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from taylored.errors import EmptyDataError

__all__ = ["Chunks"]


class Chunks:
    """A table in chunks, of which one is in memory at a time: `ty.fit(formula, Chunks(...))`.

    Args:
        pieces: one per chunk: a table, the path of a Parquet or CSV file, a fragment of a
            pyarrow data set, or a function without arguments that returns a table. Only the
            columns of the model need to be there.

    Example:
        >>> import numpy as np
        >>> import taylored as ty
        >>> from taylored.many.big import Chunks
        >>> def chunk(i):
        ...     x = np.linspace(i, i + 1, 1000)
        ...     return {"x": x, "y": 2.0 + 3.0 * x}
        >>> fit = ty.fit("y ~ a + b*x", Chunks([lambda i=i: chunk(i) for i in range(5)]))
        >>> round(fit.params["b"], 9), fit.points
        (3.0, 5000)
    """

    __slots__ = ("pieces",)

    in_chunks = True  # how `fit` knows them

    def __init__(self, pieces: Iterable[Any]):
        self.pieces = tuple(pieces)
        if not self.pieces:
            raise EmptyDataError("There are no chunks.", next_step="give one piece per chunk.")

    def __len__(self) -> int:
        return len(self.pieces)

    def __repr__(self) -> str:
        return f"Chunks({len(self.pieces)})"
