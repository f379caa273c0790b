"""Rows that belong together: labels of any kind as numbers of groups."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from taylored.errors import ColumnError, DataError
from taylored.networks.data.cells import series_of, text_of
from taylored.tables import counted, row_numbers

__all__ = ["group_numbers"]


def group_numbers(groups: Any, rows: int, kept: np.ndarray) -> np.ndarray | None:
    """(kept,) the number of each row's group, from 0; None where there are no groups.

    Args:
        groups: a label for each row: a text, a number, a date, a tuple, anything that is hashable.
            4, 4.0 and "4" are one label.
        rows: of the table.
        kept: the positions of those that are used.

    Raises:
        ColumnError: not one label per row; DataError: a label is missing, or one group is left.
    """
    if groups is None:
        return None
    labels = [_label(v) for v in _listed(groups)]
    if len(labels) != rows:
        raise ColumnError(
            f"There are {counted(len(labels), 'group label')} for {counted(rows, 'row')}.",
            next_step="give the label of its group for each row.",
        )
    missing = [i for i, label in enumerate(labels) if label is None]
    if missing:
        raise DataError(
            "Some rows have no group.",
            where=f"row {row_numbers(missing)}",
            next_step="give the label of its group for each row.",
        )
    used = [labels[i] for i in kept]
    number = {label: k for k, label in enumerate(sorted(set(used), key=_order))}
    if len(number) < 2:
        some = "All rows" if len(kept) == rows else "All rows with a weight and no missing cells"
        raise DataError(
            f"{some} are of one group, so that none can be left out.",
            next_step="leave groups out, or add rows of other groups.",
        )
    return np.array([number[label] for label in used], int)


def _order(label: Any) -> tuple[str, str]:
    return type(label).__name__, str(label)


def _listed(groups: Any) -> list[Any]:
    """The labels as they came: NumPy would make a table of tuples, and texts of numbers."""
    if isinstance(groups, list | tuple):
        single = groups and all(isinstance(v, list | np.ndarray) and len(v) == 1 for v in groups)
        return [v[0] for v in groups] if single else list(groups)
    series = series_of(groups)
    if series is not None:
        return series.to_list()
    array = groups if isinstance(groups, np.ma.MaskedArray) else np.asarray(groups)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array.reshape(-1)
    if array.ndim != 1:
        raise ColumnError(
            f"groups must have one label per row, but has the shape {array.shape}.",
            next_step="give one column of labels; several may be joined into tuples.",
        )
    # Of dates in nanoseconds tolist() makes whole numbers, also of those that are missing.
    return list(array) if array.dtype.kind in "mM" else array.tolist()


def _label(cell: Any) -> Any:
    """What is equal within a group; None where there is no label."""
    if cell is None or type(cell).__name__ in ("NAType", "NaTType", "MaskedConstant"):
        return None
    if isinstance(cell, np.datetime64 | np.timedelta64):
        return None if np.isnat(cell) else cell
    if isinstance(cell, bytes):
        cell = cell.decode(errors="backslashreplace")
    if isinstance(cell, str):
        return cell if cell.strip() else None
    if isinstance(cell, float | np.floating) and math.isnan(cell):
        return None
    if isinstance(cell, int | float | np.number | np.bool_):
        return text_of(cell)
    try:
        hash(cell)
    except TypeError:
        raise ColumnError(
            f"A label of groups is of the type {type(cell).__name__}: {str(cell)[:40]}.",
            next_step="give a text, a number, a date or a tuple of these for each row.",
        ) from None
    return cell
