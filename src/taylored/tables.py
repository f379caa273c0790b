"""Names of the columns of any table, and words about rows: shared by all that read tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from taylored.errors import ColumnError
from taylored.formula import normalize_name, suggest

__all__ = ["column_names", "counted", "find_column", "row_numbers"]

_SHOWN = 5


def column_names(table: Any) -> tuple[str, ...]:
    """The column names of a table, as given.

    Raises:
        TypeError: where `table` is not a table.
    """
    if isinstance(table, Mapping):
        return tuple(table)
    if isinstance(table, np.ndarray) and table.dtype.names:
        return table.dtype.names
    import narwhals.stable.v2 as nw

    native: Any = table
    try:
        return tuple(nw.from_native(native, eager_only=True).columns)
    except nw.exceptions.DuplicateError as error:
        listed = [str(c) for c in native.columns]
        doubled = sorted({c for c in listed if listed.count(c) > 1})
        raise ColumnError(
            f"The table has several columns named {', '.join(map(repr, doubled))}.",
            next_step="rename them, so that each name stands for one column.",
        ) from error


def find_column(name: str, names: Sequence[str]) -> str:
    """The column that is meant; names are compared as formulas see them.

    Raises:
        ColumnError: where there is none, or more than one, with the nearest name.
    """
    if name in names:
        return name
    found = [n for n in names if isinstance(n, str) and normalize_name(n) == normalize_name(name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise ColumnError(
            f"The name {name!r} fits {len(found)} columns: {', '.join(map(repr, found))}.",
            next_step="rename one of them.",
        )
    near = suggest(name, [str(n) for n in names])
    raise ColumnError(
        f"There is no column {name!r}.",
        why=f"the columns are {', '.join(map(str, names))}",
        next_step=f"did you mean {near!r}?" if near else "use one of these.",
    )


def counted(number: int, noun: str) -> str:
    """A number and its noun: "1 row", "3 rows"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def row_numbers(positions: Sequence[int] | np.ndarray) -> str:
    """The first rows at positions from 0, counted from 1: "2, 7, 9"."""
    shown = ", ".join(str(int(p) + 1) for p in positions[:_SHOWN])
    return shown + (", ..." if len(positions) > _SHOWN else "")
