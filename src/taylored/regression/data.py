"""Any table, or plain arrays, as float64 columns; missing rows left out and counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from taylored.errors import ColumnError, EmptyDataError, NotNumericError, ScaleError
from taylored.formula import normalize_name
from taylored.tables import column_names, counted, find_column, row_numbers

__all__ = [
    "Apart", "Columns", "Dropped", "as_column", "clean", "column_names", "is_table",
    "table_columns",
]  # fmt: skip

_SHOWN = 5
_LARGEST = 1e75


class Apart(Enum):
    """What may be handed over apart from a table: keys that no column can have."""

    RESPONSE = "y"
    SIGMA = "sigma"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Dropped:
    """Rows left out: how many, why, and the first of them (counted from 1)."""

    count: int
    reason: str
    rows: tuple[int, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Columns:
    """The rows that are used, as float64; `kept` marks them among all `total` rows."""

    values: dict[str | Apart, np.ndarray]
    total: int
    kept: np.ndarray | None
    dropped: tuple[Dropped, ...]

    def row(self, position: int) -> int:
        """The row (from 1) in the user's data of a row that is used (from 0)."""
        if self.kept is None:
            return position + 1
        return int(np.flatnonzero(self.kept)[position]) + 1


def is_table(data: Any) -> bool:
    """Whether `data` have columns with names."""
    if isinstance(data, Mapping) or hasattr(data, "columns"):
        return True
    return isinstance(data, np.ndarray) and data.dtype.names is not None


def table_columns(table: Any, wanted: Sequence[str]) -> dict[str, np.ndarray]:
    """The wanted columns of a table as float64; names are compared as formulas see them.

    Raises:
        ColumnError: for a missing or doubled name; NotNumericError: with row and column.
    """
    names = column_names(table)
    return {name: as_column(_get(table, _find(name, names)), name) for name in wanted}


def _find(name: str, names: Sequence[Any]) -> Any:
    """The one column of a name; two that formulas cannot tell apart are refused."""
    found = [n for n in names if normalize_name(str(n)) == normalize_name(name)]
    if len(found) > 1:
        raise ColumnError(
            f"The name {name!r} fits {len(found)} columns: {', '.join(map(repr, found))}.",
            next_step="rename one of them.",
        )
    return found[0] if found else find_column(name, names)


def _get(table: Any, name: Any) -> Any:
    if isinstance(table, Mapping | np.ndarray):
        return table[name]
    import narwhals.stable.v2 as nw

    return nw.from_native(table, eager_only=True).get_column(name).to_numpy()


def as_column(values: Any, name: str) -> np.ndarray:
    """One-dimensional float64 values.

    Raises:
        NotNumericError, ColumnError: with the row.
    """
    array = np.ma.filled(values.astype(float), np.nan) if np.ma.isMaskedArray(values) else values
    if not hasattr(array, "dtype"):
        try:
            array = np.asarray(array)
        except ValueError:  # rows of different lengths
            array = np.asarray(array, dtype=object)
    array = np.asarray(array)
    if array.dtype == np.float64 and array.ndim == 1:
        return array.copy()  # results are computed when asked for: later than the user's next write
    if array.ndim == 2 and 1 in array.shape:
        array = array.reshape(-1)
    if array.ndim != 1:
        raise ColumnError(
            f"{name} must be a row of numbers, but has the shape {array.shape}.",
            next_step="give one number per point.",
        )
    if array.dtype.kind in "biuf":
        return array.astype(float)
    if array.dtype.kind == "c":
        raise NotNumericError(
            f"{name} is complex; a least-squares fit needs real numbers.",
            next_step="fit the real and the imaginary part as two sets of rows.",
        )
    if array.dtype.kind in "mM":
        raise NotNumericError(
            f"{name} holds dates or times, not numbers.",
            next_step="subtract the first one and divide by a unit, such as one second.",
        )
    return _parsed(array, name)


def _parsed(array: np.ndarray, name: str) -> np.ndarray:
    """Objects and text as numbers, where every one of them is a number or missing."""
    result = np.empty(len(array))
    for i, cell in enumerate(array):
        if cell is None or (isinstance(cell, str) and cell.strip().lower() in _MISSING):
            result[i] = np.nan
            continue
        try:
            result[i] = float(cell)
        except (TypeError, ValueError, OverflowError):
            raise NotNumericError(
                f"{name} has something that is not a number: {str(cell)[:40]!r}.",
                where=f"row {i + 1}",
                next_step="correct it, or leave the row out.",
            ) from None
    return result


_MISSING = frozenset(["", "na", "n/a", "nan", "null", "none"])


def clean(columns: Mapping[str | Apart, np.ndarray], policy: str) -> Columns:
    """Leave out rows with missing values (`policy` "drop"), or refuse them ("fail").

    Raises:
        ColumnError: columns of different lengths; NotNumericError: infinite values, or missing
        ones where the policy is "fail"; EmptyDataError: nothing left.
    """
    total = _common_length(columns)
    # Most data are clean: the extremes tell, since a NaN becomes both.
    if total and all(_ordinary(values) for values in columns.values()):
        return Columns(dict(columns), total, None, ())
    for name, values in columns.items():
        _check_scale(str(name), values)
    missing = np.zeros(total, bool)
    dropped = []
    for name, values in columns.items():
        infinite = np.flatnonzero(np.isinf(values))
        if len(infinite):
            raise NotNumericError(
                f"{name} is infinite in {counted(len(infinite), 'row')}.",
                where=f"row {row_numbers(infinite)}",
                next_step="correct the values, or leave the rows out.",
            )
        absent = np.isnan(values)
        if absent.any():
            rows = np.flatnonzero(absent)
            shown = tuple((rows[:_SHOWN] + 1).tolist())
            dropped.append(Dropped(len(rows), f"{name} is missing", shown))
            missing |= absent
    _check_policy(dropped, policy)
    if missing.all():
        raise EmptyDataError(
            "There are no rows to fit." if not total else "Every row has a missing value.",
            why="; ".join(f"{d.reason} in {counted(d.count, 'row')}" for d in dropped),
            next_step="check that the columns are the right ones.",
        )
    if not missing.any():
        return Columns(dict(columns), total, None, ())
    kept = ~missing
    return Columns({n: v[kept] for n, v in columns.items()}, total, kept, tuple(dropped))


def _ordinary(values: np.ndarray) -> bool:
    """Whether all values are finite and of an ordinary size."""
    return 1.0 / _LARGEST <= max(float(values.max()), -float(values.min())) <= _LARGEST


def _check_scale(name: str, values: np.ndarray) -> None:
    """Refuse values whose squares, or those of slopes made of them, leave float64's range."""
    size = float(np.nanmax(np.abs(values[np.isfinite(values)]), initial=0.0))
    if size > _LARGEST or 0.0 < size < 1.0 / _LARGEST:
        raise ScaleError(
            f"The values of {name} go up to {size:.1g}: their squares leave the range of float64.",
            next_step="take another unit, so that they are nearer to 1.",
        )


def _check_policy(dropped: list[Dropped], policy: str) -> None:
    if dropped and policy == "fail":
        first = dropped[0]
        raise NotNumericError(
            f"{first.reason} in {counted(first.count, 'row')}.",
            where=f"row {', '.join(map(str, first.rows))}",
            next_step="fill them in, or leave such rows out with na='drop'.",
        )


def _common_length(columns: Mapping[str | Apart, np.ndarray]) -> int:
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{n}: {k}" for n, k in lengths.items())
        raise ColumnError(
            "The columns have different lengths.",
            why=listed,
            next_step="give one number per point in each.",
        )
    return next(iter(lengths.values()), 0)
