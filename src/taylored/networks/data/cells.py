"""One column of any table as floats or as texts, with what is missing marked."""

from __future__ import annotations

import datetime
import math
import numbers
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.errors import ColumnError, NotNumericError

__all__ = ["Cells", "as_floats", "read_cells", "series_of", "text_of"]

_MISSING = frozenset(["", "na", "n/a", "nan", "null", "none", "<na>"])
_DATE = re.compile(r"\s*\d{4}-(0[1-9]|1[0-2])-([0-2]\d|3[01])([T ]\d{2}:\d{2}\S*)?\s*$")
_NEARLY_ALL = 0.9
_TIMES = (datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64)


@dataclass(frozen=True, eq=False, slots=True)
class Cells:
    """The cells of a column.

    `kind` is "number" or "truth" (then `values` are floats, NaN where missing) or "text" (objects,
    None where missing). `raw` holds the cells as they came, for labels; `whole` says that they
    are integers by type; `parsed` that they are numbers written as text; `odd` is the first text
    (row from 0, text) in a column of text that is mostly numbers.
    """

    name: str
    kind: str
    values: np.ndarray
    raw: np.ndarray
    whole: bool = False
    parsed: bool = False
    odd: tuple[int, str] | None = None

    @property
    def missing(self) -> np.ndarray:
        """Which cells are missing, (rows,) bool."""
        if self.kind == "text":
            return np.array([cell is None for cell in self.values], bool)
        return np.isnan(self.values)


def read_cells(values: Any, name: str, *, parse: bool = True) -> Cells:
    """The cells of a column given as an array, a list or a series of any library.

    Texts that are all numbers become numbers where `parse` says so.

    Raises:
        ColumnError: not one-dimensional; NotNumericError: dates, complex or other things, with row.
    """
    array, declared, whole = _as_array(values, name)
    array = _one_dimensional(array, name)
    kind = array.dtype.kind
    if declared:
        return _texts(array, name, parse=False)
    if kind in "fiu":
        return Cells(name, "number", as_floats(array), array, whole or kind in "iu")
    if kind == "b":
        return Cells(name, "truth", array.astype(float), array)
    if kind == "c":
        raise NotNumericError(
            f"{name} is complex.",
            next_step="give its real and imaginary parts as two columns.",
        )
    if kind in "mM":
        raise _dates(name)
    if kind in "SUTO":
        return _objects(array.astype(object), name, whole, parse)
    raise ColumnError(
        f"{name} has the type {array.dtype}.", next_step="give one number or text per row."
    )


def as_floats(array: np.ndarray) -> np.ndarray:
    """A copy in float64; what is too large for it is infinite."""
    with np.errstate(over="ignore"):
        return array.astype(float)


def _as_array(values: Any, name: str) -> tuple[np.ndarray, bool, bool]:
    """The cells as an array, whether they were declared categories, and whether integers."""
    if isinstance(values, np.ma.MaskedArray):
        whole = values.dtype.kind in "iu"
        if values.dtype.kind in "iuf":
            return np.ma.filled(as_floats(values), np.nan), False, whole
        cells = values.data.astype(object)
        cells[np.ma.getmaskarray(values)] = None
        return cells, False, whole
    if isinstance(values, np.ndarray):
        return values, False, False
    if isinstance(values, list | tuple | range):
        return _of_sequence(values, name), False, False
    if hasattr(values, "categories") and hasattr(values, "codes"):  # a bare pandas Categorical
        return np.asarray(values, dtype=object), True, False
    series = series_of(values)
    if series is not None:
        return _of_series(series, name)
    return np.asarray(values), False, False


def series_of(values: Any) -> Any:
    """The series of a data-frame library as narwhals sees it, or None."""
    if isinstance(values, np.ndarray | list | tuple | dict | range | str | numbers.Number):
        return None
    import narwhals.stable.v2 as nw

    native: Any = values
    series = nw.from_native(native, series_only=True, pass_through=True)
    return series if isinstance(series, nw.Series) else None


def _of_series(series: Any, name: str) -> tuple[np.ndarray, bool, bool]:
    import narwhals.stable.v2 as nw

    kind = series.dtype
    if kind.is_temporal():
        raise _dates(name)
    if kind.is_nested():
        raise ColumnError(
            f"Each cell of {name} holds several values ({kind}).",
            next_step="give each of them a column of its own.",
        )
    declared = isinstance(kind, nw.Categorical | nw.Enum)
    return np.asarray(series.to_numpy()), declared, kind.is_integer()


def _of_sequence(values: Any, name: str) -> np.ndarray:
    try:
        array = np.asarray(values)
    except ValueError:  # cells of different lengths
        return _object_array(values)
    except (TypeError, OverflowError) as error:
        raise ColumnError(
            f"{name} cannot be read.",
            why=str(error)[:80],
            next_step="give one number or text per row.",
        ) from None
    # NumPy turns [1, "a"] into two texts; what is a number stays one here.
    if array.dtype.kind in "SU" and not all(isinstance(v, str | bytes) for v in values):
        return _object_array(values)
    return array


def _object_array(values: Any) -> np.ndarray:
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _one_dimensional(array: np.ndarray, name: str) -> np.ndarray:
    if array.ndim == 2 and array.shape[1] == 1:
        return array.reshape(-1)
    if array.ndim != 1:
        raise ColumnError(
            f"{name} must have one cell per row, but has the shape {array.shape}.",
            next_step="give it as several columns.",
        )
    return array


def _dates(name: str) -> NotNumericError:
    return NotNumericError(
        f"{name} holds dates or times, not numbers.",
        next_step="make numbers of them, such as days since the first one, or the hour of the day.",
    )


# ---- cells that are Python objects ------------------------------------------------------------


def _absent(cell: Any) -> bool:
    if cell is None or type(cell).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(cell, float | np.floating) and math.isnan(cell)


def _objects(array: np.ndarray, name: str, whole: bool, parse: bool) -> Cells:
    """Cells of mixed Python types: truths, numbers or texts, but not a mixture of these."""
    present = [cell for cell in array if not _absent(cell)]
    if present and all(isinstance(cell, bool | np.bool_) for cell in present):
        values = [math.nan if _absent(cell) else float(cell) for cell in array]
        return Cells(name, "truth", np.array(values), array)
    if present and all(isinstance(cell, str | bytes) for cell in present):
        cells = [None if _absent(c) else _unbyte(c) for c in array]
        return _texts(_object_array(cells), name, parse=parse)
    integers = all(isinstance(c, int | np.integer) for c in present) and bool(present)
    values = np.array([_number(cell, row, name) for row, cell in enumerate(array)], float)
    return Cells(name, "number", values, array, whole or integers)


def _unbyte(cell: str | bytes) -> str:
    return cell.decode(errors="backslashreplace") if isinstance(cell, bytes) else cell


def _number(cell: Any, row: int, name: str) -> float:
    if _absent(cell):
        return math.nan
    if isinstance(cell, str) and cell.strip().lower() in _MISSING:
        return math.nan
    if isinstance(cell, _TIMES):
        raise _dates(name)
    try:
        return float(cell)
    except (TypeError, ValueError, OverflowError):
        raise NotNumericError(
            f"{name} has something that is not a number: {str(cell)[:40]!r}.",
            where=f"row {row + 1}",
            next_step="correct it, or leave the row out; for categories make every cell a text.",
        ) from None


def _texts(array: np.ndarray, name: str, *, parse: bool) -> Cells:
    """Texts as numbers where every one of them is a number, else as they are."""
    if parse:
        _refuse_written_dates(array, name)
        numbers_ = [_parsed(cell) for cell in array]
        strange = [i for i, number in enumerate(numbers_) if number is None]
        given = sum(number is not None and number == number for number in numbers_)
        if not strange and given:
            return Cells(name, "number", np.array(numbers_, float), array, parsed=True)
        odd = (strange[0], array[strange[0]]) if strange and given > len(strange) else None
    else:
        odd = None
    cells = [None if _absent(c) or not str(c).strip() else text_of(c) for c in array]
    return Cells(name, "text", _object_array(cells), array, odd=odd)


def _refuse_written_dates(array: np.ndarray, name: str) -> None:
    """Dates that a file holds as texts are dates: as categories each would be one of its own."""
    texts = [cell for cell in array if not _absent(cell) and cell.strip().lower() not in _MISSING]
    if texts and sum(bool(_DATE.match(text)) for text in texts) >= _NEARLY_ALL * len(texts):
        raise _dates(name)


def _parsed(cell: Any) -> float | None:
    """The number that a text stands for, NaN where it says "missing", None where it is a text."""
    if _absent(cell) or cell.strip().lower() in _MISSING:
        return math.nan
    try:
        return float(cell)
    except ValueError:
        return None


def text_of(cell: Any) -> str:
    """The name of a category: 4 and 4.0 are "4", texts are themselves."""
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    return str(cell)
