"""Whatever a user calls a table, as named columns of equal length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.errors import ArgumentError, ColumnError, EmptyDataError
from taylored.networks.data.cells import series_of
from taylored.tables import column_names

__all__ = ["Frame", "read_frame"]

_KINDS = "a 2-D array, a dict of columns, or a table of pandas, polars or pyarrow"


@dataclass(frozen=True, eq=False, slots=True)
class Frame:
    """Columns as they came; `named` where the user named them, `flat` where there was no table.

    `labels` are the labels of the rows where the table has such (pandas' index), else None.
    """

    names: tuple[str, ...]
    columns: tuple[Any, ...]
    named: bool
    rows: int
    flat: bool = False
    labels: Any = None

    def select(self, names: Sequence[str]) -> Frame:
        """Some of the columns, in the order given."""
        columns = tuple(self.columns[self.names.index(n)] for n in names)
        return Frame(tuple(names), columns, self.named, self.rows, self.flat, self.labels)


def read_frame(table: Any, what: str = "X", stem: str = "x") -> Frame:
    """The columns of a table; without names they are `stem` and their number.

    Raises:
        ArgumentError: not a table; ColumnError: doubled names, or columns of different lengths;
        EmptyDataError: no columns, or no rows.
    """
    frame = _read(table, what, stem)
    if not frame.columns:
        raise EmptyDataError(f"{what} has no columns.", next_step="give one column at least.")
    if not frame.rows:
        raise EmptyDataError(f"{what} has no rows.", next_step="give one row at least.")
    return frame


def _read(table: Any, what: str, stem: str) -> Frame:
    if table is None or isinstance(table, str | bytes):
        raise ArgumentError(f"{what} is {table!r:.60}, not a table.", next_step=f"give {_KINDS}.")
    if isinstance(table, Mapping):
        return _of_mapping(table, what)
    if isinstance(table, np.ndarray) and table.dtype.names:
        return _of_mapping({n: table[n] for n in table.dtype.names}, what)
    if isinstance(table, np.ndarray):
        return _of_array(table, what, stem)
    if isinstance(table, Sequence):
        return _of_array(_rows_of(table, what), what, stem)
    if hasattr(table, "toarray"):
        raise ArgumentError(
            f"{what} is a sparse matrix.", next_step=f"give {what}.toarray() if it fits in memory."
        )
    return _of_library(table, what, stem)


def _of_mapping(table: Mapping, what: str) -> Frame:
    names = _unique([str(name) for name in table], what)
    columns = list(table.values())
    if columns and all(_is_cell(c) for c in columns):
        columns = [[c] for c in columns]  # one row, written as {"age": 30, "town": "Bern"}
    for name, column in zip(names, columns, strict=True):
        if isinstance(column, str | bytes | Mapping) or not hasattr(column, "__len__"):
            raise ColumnError(
                f"The column {name!r} of {what} is of the type {type(column).__name__}.",
                next_step="give one cell per row, as a list or an array.",
            )
    lengths = {name: len(c) for name, c in zip(names, columns, strict=True)}
    if len(set(lengths.values())) > 1:
        raise ColumnError(
            f"The columns of {what} have different lengths.",
            why=", ".join(f"{n}: {k}" for n, k in lengths.items()),
            next_step="give one cell per row in each.",
        )
    return Frame(names, tuple(columns), True, next(iter(lengths.values()), 0))


def _is_cell(value: Any) -> bool:
    return isinstance(value, str) or (not hasattr(value, "__len__") and np.ndim(value) == 0)


def _unique(names: list[str], what: str) -> tuple[str, ...]:
    doubled = (
        sorted({n for n in names if names.count(n) > 1}) if len(set(names)) < len(names) else []
    )
    if doubled:
        raise ColumnError(
            f"{what} has several columns named {', '.join(map(repr, doubled))}.",
            next_step="rename them, so that each name stands for one column.",
        )
    return tuple(names)


def _rows_of(rows: Sequence, what: str) -> np.ndarray:
    """A list of rows as an array in which numbers stay numbers where others are texts."""
    if any(isinstance(row, Mapping) for row in rows):
        raise ArgumentError(
            f"{what} is a list of dicts.", next_step="give a dict of columns, or a data frame."
        )
    try:
        array = np.asarray(rows)
        return array if array.dtype.kind not in "SU" else np.array(rows, dtype=object)
    except (ValueError, OverflowError):
        pass
    sizes = [len(row) if hasattr(row, "__len__") else 1 for row in rows]
    other = next((i for i, size in enumerate(sizes) if size != sizes[0]), None)
    if other is None:
        return np.array(rows, dtype=object)
    raise ColumnError(
        f"The rows of {what} have different lengths: {sizes[0]} and {sizes[other]}.",
        where=f"row {other + 1}",
        next_step="give one cell per column in each row.",
    )


def _of_array(array: np.ndarray, what: str, stem: str) -> Frame:
    if array.ndim == 0:
        array = array.reshape(1)
    if array.ndim == 1:
        return Frame((stem,), (array,), False, len(array), flat=True)
    if array.ndim > 2:
        raise ColumnError(
            f"{what} has {array.ndim} dimensions, the shape {array.shape}.",
            next_step=f"give a row per example: {what}.reshape(len({what}), -1).",
        )
    width = array.shape[1]
    names = (stem,) if width == 1 else tuple(f"{stem}{j}" for j in range(width))
    return Frame(names, tuple(array[:, j] for j in range(width)), False, len(array))


def _of_library(table: Any, what: str, stem: str) -> Frame:
    """A table or series of a data-frame library, or anything that NumPy makes an array of."""
    import narwhals.stable.v2 as nw

    series = series_of(table)
    if series is not None:
        named = isinstance(series.name, str) and bool(series.name)
        name = series.name if named else stem
        return Frame((name,), (table,), named, len(series), True, _labels(table))
    try:
        names = column_names(table)
    except TypeError:
        return _of_array(_array_of(table, what), what, stem)
    frame = nw.from_native(table, eager_only=True)
    columns = tuple(nw.to_native(column) for column in frame.iter_columns())
    named = all(isinstance(n, str) for n in names)
    shown = _unique([str(n) for n in names], what) if named else _numbered(names, what, stem)
    return Frame(shown, columns, named, len(frame), labels=_labels(table))


def _numbered(names: Sequence[Any], what: str, stem: str) -> tuple[str, ...]:
    """Names of columns that pandas numbered itself; other names that are no text are refused."""
    if list(names) == list(range(len(names))):
        return (stem,) if len(names) == 1 else tuple(f"{stem}{j}" for j in range(len(names)))
    raise ColumnError(
        f"The columns of {what} have names that are not text: {', '.join(map(str, names))[:60]}.",
        next_step=f"rename them: {what}.columns = {what}.columns.astype(str).",
    )


def _labels(table: Any) -> Any:
    index = getattr(table, "index", None)
    return index if hasattr(index, "equals") else None


def _array_of(table: Any, what: str) -> np.ndarray:
    if hasattr(table, "collect"):
        raise ArgumentError(f"{what} is a lazy table.", next_step=f"give {what}.collect().")
    array = np.asarray(table)
    if array.dtype.kind == "O" and array.ndim == 0:
        raise ArgumentError(
            f"{what} is of the type {type(table).__name__}.", next_step=f"give {_KINDS}."
        )
    return array
