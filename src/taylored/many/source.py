"""The values of many fits, wherever they are: in memory, in a file, in a table, in chunks.

The leading axes are the fits and the others the points of each. Only boxes of fits are read, so
that what is larger than memory can be fitted.
"""

from __future__ import annotations

import math
import mmap
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.errors import ColumnError, DataError, EmptyDataError, NotNumericError
from taylored.regression.data import is_table

__all__ = ["Box", "Rows", "boxes_of", "open_rows", "places"]

Box = tuple[slice, ...]  # of the axes of the fits

_TARGET = 8 << 20  # bytes of float64 that one box has about
_LIMIT = 128 << 20  # and at most, unless one fit alone has more
_FITS = 1 << 16  # in a box
_PARTS = 64  # boxes that a small job is cut into, so that little is lost when it is killed
_LEAST = 2048  # fits that are worth a box


@dataclass(frozen=True, eq=False)
class Rows:
    """An array of which boxes are read: anything with `shape`, `dtype` and slices.

    `axes` are those of the points, in the order in which they are flattened (none: one value
    for all points). What has only those axes, or the length 1 along others, is repeated up to
    `shape` (of the fits) and `lengths` (of the points).
    """

    array: Any
    axes: tuple[int, ...]
    shape: tuple[int, ...]
    lengths: tuple[int, ...]
    name: str = "Y"

    @property
    def points(self) -> int:
        """Values of each fit."""
        return math.prod(self.lengths)

    @property
    def chunks(self) -> tuple[int, ...]:
        """How many fits are stored together, along each of their axes."""
        stored = getattr(self.array, "chunks", None)
        if stored is None:
            stored = (getattr(self.array, "encoding", None) or {}).get("chunks")
        stored = tuple(stored) if isinstance(stored, tuple | list) else ()
        plain = all(isinstance(c, int) and c > 0 for c in stored)
        if not plain or len(stored) != len(self.array.shape):
            return (1,) * len(self.shape)
        return tuple(c for axis, c in enumerate(stored) if axis not in self.axes)

    def read(self, box: Box) -> tuple[np.ndarray, np.ndarray | None]:
        """The values of some fits, (fits, points), and which of them are masked (None: none)."""
        index = self._index(box)
        part = self.array[index]
        mask = np.ma.getmask(part) if np.ma.isMaskedArray(part) else np.ma.nomask
        whole = (*(s.stop - s.start for s in box), *self.lengths)
        hidden = None if mask is np.ma.nomask else self._flat(np.asarray(mask), whole)
        values = part.data if np.ma.isMaskedArray(part) else np.asarray(part)
        return self._flat(values, whole), hidden

    def whole(self) -> np.ndarray:
        """All values, nan where one is masked: of what has rows only, such as a table."""
        values, hidden = self.numbers(tuple(slice(0, n) for n in self.shape))
        values = values if hidden is None else np.where(hidden, np.nan, values)
        return values.reshape(*self.shape, *self.lengths)

    def numbers(self, box: Box) -> tuple[np.ndarray, np.ndarray | None]:
        """The same as float64, or as float32 where no digit is lost by it."""
        values, hidden = self.read(box)
        small = values.dtype.kind == "f" and values.dtype.itemsize <= 4
        return values.astype(np.float32 if small else np.float64, copy=False), hidden

    def release(self, box: Box) -> None:
        """Let memory go that a file is mapped to: these fits have been read for good."""
        part = self.array
        if isinstance(part, np.memmap) and part.mode in ("r", "r+"):
            _forget(part, part[self._index(box)])

    def _index(self, box: Box) -> tuple[slice, ...]:
        sides = iter(box)
        return tuple(
            slice(None) if axis in self.axes else _within(next(sides), length)
            for axis, length in enumerate(self.array.shape)
        )

    def _flat(self, part: np.ndarray, whole: tuple[int, ...]) -> np.ndarray:
        axes = self.axes
        if not axes:  # one value for all points of a fit
            part, axes = part[..., None], (part.ndim,)
        fits = [axis for axis in range(part.ndim) if axis not in axes]
        turned = np.broadcast_to(part.transpose(*fits, *axes), whole)
        return turned.reshape(math.prod(whole[: len(self.shape)]), self.points)


def _within(side: slice, length: int) -> slice:
    return slice(0, 1) if length == 1 else side


def _forget(whole: np.memmap, part: np.ndarray) -> None:
    """Drop the pages of a part; they are read again should anyone look at them."""
    mapped: Any = getattr(whole, "_mmap", None)
    if mapped is None or not hasattr(mapped, "madvise"):
        return
    begin = np.frombuffer(mapped, np.uint8).ctypes.data
    low, high = np.lib.array_utils.byte_bounds(part)
    page = mmap.PAGESIZE
    start, stop = -(-(low - begin) // page) * page, (high - begin) // page * page
    if stop > start:
        mapped.madvise(mmap.MADV_DONTNEED, start, stop - start)


# ---- what may be given ----------------------------------------------------------------------


def open_rows(given: Any, axes: Sequence[int] = (-1,), name: str = "Y") -> Rows:
    """The fits of an array, list or table, nothing of it read yet where it is a file.

    Args:
        given: NumPy (masked, memory-mapped), Zarr, HDF5, Arrow lists, a table whose rows are the
            fits, nested lists, or whatever NumPy can read.
        axes: of the points.
        name: what to call it in messages.

    Raises:
        NotNumericError, ColumnError, EmptyDataError: naming what is wrong, and the next step.
    """
    array = _array(given, name)
    _check_numeric(array, name)
    if any(n != n for n in array.shape):
        raise ColumnError(f"{name} has chunks of unknown sizes.",
                          next_step=f"find them first: {name}.compute_chunk_sizes().")  # fmt: skip
    shape = tuple(int(n) for n in array.shape)
    if not shape:
        raise ColumnError(
            f"{name} is a single number.",
            next_step="give (points,) for one fit, or (fits, points) for many.",
        )
    points = tuple(axis % len(shape) for axis in axes)
    leading = tuple(n for axis, n in enumerate(shape) if axis not in points)
    rows = Rows(array, points, leading, tuple(shape[axis] for axis in points), name)
    if not rows.points or not math.prod(leading):
        raise EmptyDataError(
            f"{name} has the shape {shape}: there are no {'fits' if rows.points else 'points'}.",
            next_step=f"{name} is (fits, points), the points being its last axis.",
        )
    return rows


def _array(given: Any, name: str) -> Any:
    module = type(given).__module__.partition(".")[0]
    if module == "pyarrow":
        return _arrow(given, name)
    if isinstance(given, np.ndarray):
        return given
    if module == "xarray":
        return given.variable if hasattr(given, "variable") else given
    if is_table(given) and not isinstance(given, dict):
        return _Table(given, name)
    if _plain(given):
        return given
    return _in_memory(given, name)


def _plain(given: Any) -> bool:
    """Whether it can be read by boxes, as a file of arrays can."""
    if "jax" in sys.modules and isinstance(given, sys.modules["jax"].Array):
        return False
    try:
        np.dtype(given.dtype)
        return len(given.shape) > 1 and hasattr(given, "__getitem__")
    except (AttributeError, TypeError):
        return False


def _in_memory(given: Any, name: str) -> np.ndarray:
    try:
        array = np.asarray(given)
    except ValueError:
        raise _ragged(given, name) from None
    if array.dtype == object:
        try:
            array = array.astype(float)  # None is nan
        except (TypeError, ValueError):
            raise _ragged(given, name) from None
    return array


def _ragged(given: Any, name: str) -> DataError:
    try:
        lengths = sorted({len(row) for row in given})
    except TypeError:
        lengths = []
    if len(lengths) > 1 and not any(isinstance(row, str) for row in given):
        return ColumnError(
            f"The rows of {name} have different lengths, {lengths[0]} to {lengths[-1]}.",
            why="fits in one array have equally many points",
            next_step="fill them up with nan, or give a long table and by=: "
            'fit_many("y ~ ...", table, by="key").',
        )
    return NotNumericError(f"{name} does not hold numbers only.",
                           next_step="give numbers, with nan for missing ones.")  # fmt: skip


def _check_numeric(array: Any, name: str) -> None:
    dtype = np.dtype(array.dtype)
    if dtype.kind in "biuf":
        return
    step = {
        "c": f"fit {name}.real and {name}.imag, or abs({name}).",
        "M": "turn times into numbers first, such as seconds since the first one.",
        "m": f"turn durations into numbers first: {name} / np.timedelta64(1, 's').",
    }.get(dtype.kind, "give numbers, with nan for missing ones.")
    raise NotNumericError(f"{name} holds values of the type {dtype}.", next_step=step)


class _Table:
    """The rows of a table of numbers as fits, its columns as points."""

    def __init__(self, table: Any, name: str):
        import narwhals.stable.v2 as nw

        self.frame = nw.from_native(table, eager_only=True)
        kinds = {c: t for c, t in self.frame.schema.items() if not t.is_numeric()}
        if kinds:
            first = next(iter(kinds))
            raise NotNumericError(
                f"The column {first!r} of {name} does not hold numbers.",
                why="each row of a table is one fit here, and each column a point",
                next_step="select the columns of the points, or give by= for a long table.",
            )
        self.shape, self.dtype = self.frame.shape, np.dtype(float)

    def __getitem__(self, index: tuple[slice, ...]) -> np.ndarray:
        part = self.frame[index[0]]
        columns = [part.get_column(c).to_numpy() for c in part.columns]
        return np.stack([np.asarray(c, float) for c in columns], axis=1)


# ---- Arrow ----------------------------------------------------------------------------------


def _arrow(given: Any, name: str) -> Any:
    import pyarrow as pa

    if isinstance(given, pa.RecordBatch):
        given = pa.Table.from_batches([given])
    if isinstance(given, pa.Table):
        return _Table(given, name)
    chunks = given.chunks if isinstance(given, pa.ChunkedArray) else [given]
    if pa.types.is_fixed_size_list(given.type):
        return _Lists(chunks, given.type.list_size)
    if pa.types.is_list(given.type) or pa.types.is_large_list(given.type):
        return _in_memory(_nan_rows(given.to_pylist()), name)
    return _in_memory(given.to_numpy(), name)


def _nan_rows(rows: list[Any]) -> list[Any]:
    """Rows that are missing as rows of missing values."""
    width = next((len(r) for r in rows if r is not None), 1)
    return [[math.nan] * width if r is None else r for r in rows]


class _Lists:
    """Arrow's lists of one length, in pieces, without a copy of them all."""

    def __init__(self, pieces: Sequence[Any], width: int):
        self.pieces, self.width = pieces, width
        self.ends = np.cumsum([len(p) for p in pieces])
        self.shape = (int(self.ends[-1]) if len(self.ends) else 0, width)
        self.dtype = np.dtype(pieces[0].type.value_type.to_pandas_dtype() if pieces else float)

    def __getitem__(self, index: tuple[slice, ...]) -> np.ndarray:
        start, stop, _ = index[0].indices(self.shape[0])
        parts = []
        for piece, end in zip(self.pieces, self.ends, strict=True):
            first = end - len(piece)
            low, high = max(start, first), min(stop, end)
            if low < high:
                parts.append(self._values(piece.slice(low - first, high - low)))
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _values(self, part: Any) -> np.ndarray:
        # `values` has those before the slice too, and, unlike flatten(), those of missing rows.
        values = part.values.slice(part.offset * self.width, len(part) * self.width)
        found = values.to_numpy(zero_copy_only=False).reshape(len(part), self.width)
        if part.null_count:
            found = found.astype(float)
            found[part.is_null().to_numpy(zero_copy_only=False)] = math.nan
        return found


# ---- boxes ----------------------------------------------------------------------------------


def boxes_of(shape: tuple[int, ...], chunks: tuple[int, ...], points: int) -> list[Box]:
    """All fits in boxes of whole chunks, none too large for memory; in the order of storage.

    It depends on nothing else (such as the number of threads), so that a ledger fits again.
    """
    steps = _steps(shape, chunks, points)
    counts = [math.ceil(n / step) for n, step in zip(shape, steps, strict=True)]
    return [
        tuple(
            slice(i * step, min((i + 1) * step, n))
            for i, step, n in zip(which, steps, shape, strict=True)
        )
        for which in np.ndindex(*counts)
    ]


def _steps(shape: tuple[int, ...], chunks: tuple[int, ...], points: int) -> list[int]:
    steps = [min(c, n) for c, n in zip(chunks, shape, strict=True)]
    wished = max(math.prod(shape) // _PARTS, _LEAST)
    target = max(1, min(wished, _FITS, _TARGET // (8 * points)))
    for axis in reversed(range(len(shape))):
        more = target // math.prod(steps)
        if more > 1:
            steps[axis] = min(steps[axis] * more, shape[axis])
        if steps[axis] < shape[axis]:
            break  # what follows would no longer lie together
    limit = max(1, _LIMIT // (8 * points))
    for axis in range(len(shape)):
        over = math.prod(steps) / limit
        if over > 1:
            steps[axis] = max(1, math.floor(steps[axis] / over))
    return steps


def places(box: Box, shape: tuple[int, ...]) -> slice | np.ndarray:
    """Where the fits of a box are among all: a slice where they lie together."""
    found = np.zeros((), np.int64)
    for side, length in zip(box, shape, strict=True):
        found = found[..., None] * length + np.arange(side.start, side.stop)
    first, last = int(found.flat[0]), int(found.flat[-1])
    together = last - first + 1 == found.size
    return slice(first, last + 1) if together else found.ravel()
