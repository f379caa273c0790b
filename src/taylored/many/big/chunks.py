"""Data in chunks without Dask: tables, files, or functions that make them, opened in turn."""

from __future__ import annotations

from collections.abc import Iterable
from glob import glob, has_magic
from pathlib import Path
from typing import Any

import numpy as np

from taylored.errors import ArgumentError, EmptyDataError, FileReadError
from taylored.regression.data import is_table

__all__ = ["Chunks"]


class Chunks:
    """A table in chunks, of which one is in memory at a time: `ty.fit(formula, Chunks(...))`.

    Args:
        pieces: one per chunk: a table, the path of a Parquet or CSV file, a fragment of a
            pyarrow data set, or a function without arguments that returns a table, the same at
            every call. Only the columns of the model need to be there. A text instead of a list
            is one path, or a pattern such as "runs/*.parquet" (in the order of the names).

    Raises:
        ArgumentError, EmptyDataError, FileReadError: where these are no pieces.

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
        self.pieces = _files(pieces) if isinstance(pieces, str | Path) else _listed(pieces)
        if not self.pieces:
            raise EmptyDataError("There are no chunks.", next_step="give one piece per chunk.")

    def __len__(self) -> int:
        return len(self.pieces)

    def __repr__(self) -> str:
        return f"Chunks({len(self.pieces)})"


def _files(path: str | Path) -> tuple[str | Path, ...]:
    if not has_magic(str(path)):
        return (path,)
    found = sorted(glob(str(path), recursive=True))
    if not found:
        raise FileReadError(f"No file has a name like {str(path)[:200]!r}.",
                            next_step="check the folder, or give a list of paths.")  # fmt: skip
    return tuple(found)


def _listed(pieces: Any) -> tuple[Any, ...]:
    if callable(getattr(pieces, "get_fragments", None)):  # a data set of pyarrow
        return tuple(pieces.get_fragments())
    whole = is_table(pieces) or callable(pieces) or isinstance(pieces, np.ndarray)
    if whole or not isinstance(pieces, Iterable):
        what = "one table" if is_table(pieces) else f"of the type {type(pieces).__name__}"
        raise ArgumentError(
            f"Chunks are a list of pieces, and this is {what}.",
            next_step="write Chunks([piece, piece, ...]): tables, paths of files, or functions "
            'that return a table; or Chunks("runs/*.parquet").',
        )
    return tuple(pieces)
