"""One chunk of the data: how it is opened, and its rows as clean columns of float64."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from taylored.errors import ArgumentError, DataError, FileReadError, TayloredError
from taylored.formula import Formula
from taylored.model import Model, Traces, trace_model
from taylored.regression.data import (
    Apart,
    Columns,
    Dropped,
    as_column,
    clean,
    is_table,
    table_columns,
)
from taylored.regression.setup import response_values, sigma_values
from taylored.trace.cache import LeastRecentlyUsed

__all__ = ["Piece", "Ready", "Recipe", "check_same", "open_table", "prepare", "traces_of"]


class Piece(NamedTuple):
    """One chunk, not yet opened: a table, or inputs as arrays; y and sigma where given apart."""

    table: Any = None
    inputs: tuple[Any, ...] = ()
    y: Any = None
    sigma: Any = None


class Ready(NamedTuple):
    """One chunk, opened: inputs of the model, response and sigma, each (points,).

    `sums` tell whether a chunk that was opened again has the values it had.
    """

    data: tuple[np.ndarray, ...]
    y: np.ndarray
    sigma: np.ndarray | None
    total: int
    dropped: tuple[Dropped, ...]
    sums: tuple[float, ...] = ()

    @property
    def nbytes(self) -> int:
        """Bytes that it takes in memory."""
        arrays = (*self.data, self.y, *([] if self.sigma is None else [self.sigma]))
        return sum(a.nbytes for a in arrays)


@dataclass(frozen=True, eq=False)
class Recipe:
    """What a task must know about the fit; small, and it can be pickled.

    `wanted` are columns of the table, `inputs` names of what is given as arrays; `y` is what to
    call the response where it is given apart, `y_column` its name in the table where the model
    is a function. `sigma` is a column's name, a number, or None. `key` names the fit in the
    caches of every process.
    """

    model: Model
    formula: Formula | None
    wanted: tuple[str, ...]
    inputs: tuple[str, ...]
    y: str | Apart
    y_column: str
    sigma: str | float | None
    na: str
    sample: tuple[float, ...]
    key: str


_SAME = 1e-9  # relative; sums are rounded otherwise on other machines
_traces = LeastRecentlyUsed(64)


def traces_of(recipe: Recipe, data: tuple[np.ndarray, ...]) -> Traces:
    """The model's program, made once per process and fit, however often the recipe arrives."""
    made = _traces.find(recipe.key, lambda: trace_model(recipe.model, data, lambda: recipe.sample))
    return made if not made.uses_data else trace_model(recipe.model, data, lambda: recipe.sample)


def open_table(source: Any, index: int) -> Any:
    """The table that a chunk stands for: itself, a file, a fragment, or what a function returns.

    Raises:
        FileReadError: for what cannot be read; ArgumentError: where there is no table.
    """
    if isinstance(source, str | Path):
        return _read_file(Path(source), index)
    is_fragment = callable(getattr(source, "to_table", None))  # of a pyarrow data set
    make = source.to_table if is_fragment else source
    try:
        table = make() if is_fragment or callable(make) else make
    except TayloredError:
        raise
    except Exception as error:
        raise FileReadError(
            f"Chunk {index + 1} cannot be opened.", where=_name(source),
            why=f"{type(error).__name__}: {error}"[:300],
            next_step="give functions without arguments that return a table.",
        ) from error  # fmt: skip
    if isinstance(table, tuple | list) or not is_table(table):
        raise ArgumentError(f"Chunk {index + 1} is a {type(table).__name__}, not a table.",
                            next_step="give tables, such as {'x': x, 'y': y}.")  # fmt: skip
    return table


def _name(source: Any) -> str:
    return str(getattr(source, "path", "") or getattr(source, "__qualname__", ""))


def _read_file(path: Path, index: int) -> Any:
    import polars as pl

    try:
        return pl.read_csv(path) if path.suffix == ".csv" else pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise FileReadError(
            f"Chunk {index + 1}, {path.name}, cannot be read.",
            where=str(path),
            why=str(error).splitlines()[0][:200],
            next_step="give files in Parquet or CSV; others as functions that return a table.",
        ) from None


def prepare(recipe: Recipe, piece: Piece, index: int) -> Ready:
    """Open a chunk and leave out rows with missing values.

    Raises:
        DataError: as for `fit`, with the chunk.
    """
    try:
        ready = _cleaned(recipe, _columns(recipe, Piece(*piece), index))
        return ready._replace(sums=_sums(ready))
    except DataError as error:
        if isinstance(error, FileReadError):
            raise  # it names the chunk
        place = f"chunk {index + 1}" + (f": {error.where}" if error.where else "")
        raise type(error)(
            error.what, where=place, why=error.why, next_step=error.next_step
        ) from None


def _sums(ready: Ready) -> tuple[float, ...]:
    """Rows, squares of every column, and of every product with y: rows that moved change them."""
    with np.errstate(all="ignore"):
        y = np.square(ready.y)
        others = (*ready.data, *([] if ready.sigma is None else [ready.sigma]))
        pairs = [(np.sum(s), np.dot(s, y)) for s in map(np.square, others)]
    return (float(ready.total), float(y.sum()), *(float(v) for pair in pairs for v in pair))


def check_same(index: int, known: tuple[float, ...], sums: tuple[float, ...]) -> None:
    """Refuse a chunk whose values are not those that were read first.

    Raises:
        DataError: naming the chunk.
    """
    if not np.allclose(known, sums, rtol=_SAME, atol=0.0, equal_nan=True):
        raise DataError(
            "A chunk has other values than when it was read first.", where=f"chunk {index + 1}",
            why="every look at the data opens it again, and the results would be of no data at all",
            next_step="let it be the same each time: seed what is random, and do not write to its "
            "file meanwhile.",
        )  # fmt: skip


def _columns(recipe: Recipe, piece: Piece, index: int) -> dict[str | Apart, np.ndarray]:
    found: dict[str | Apart, np.ndarray] = {}
    if piece.table is not None:
        table = open_table(piece.table, index)
        if isinstance(table, Mapping):  # cells of a cube
            table = {name: _flat(values) for name, values in table.items()}
        found.update(_of_table(recipe, table))
    for name, values in zip(recipe.inputs, piece.inputs, strict=True):
        found[name] = as_column(_flat(values), name)
    if piece.y is not None:
        found[recipe.y] = as_column(_flat(piece.y), str(recipe.y))
    if piece.sigma is not None:
        found[Apart.SIGMA] = as_column(_flat(piece.sigma), "sigma")
    return found


def _of_table(recipe: Recipe, table: Any) -> Mapping[str | Apart, np.ndarray]:
    named = [recipe.sigma] if isinstance(recipe.sigma, str) else []
    apart = [recipe.y_column] if recipe.y_column else []
    columns = table_columns(table, list(dict.fromkeys([*recipe.wanted, *named, *apart])))
    found: dict[str | Apart, np.ndarray] = {n: columns[n] for n in recipe.wanted}
    if named:
        found[Apart.SIGMA] = columns[named[0]]
    if apart:
        found[Apart.RESPONSE] = columns[apart[0]]
    return found


def _flat(values: Any) -> Any:
    """Arrays of more than one axis (a chunk of a cube) as one row."""
    values = values if hasattr(values, "dtype") else np.asarray(values)
    return np.reshape(values, -1) if getattr(values, "ndim", 1) > 1 else values


def _cleaned(recipe: Recipe, raw: dict[str | Apart, np.ndarray]) -> Ready:
    columns = _without_rows(raw, recipe.na) or clean(raw, recipe.na)
    if columns.values and not len(next(iter(columns.values.values()))):
        nothing = np.zeros(0)
        data = (nothing,) * len(recipe.model.columns)
        sigma = None if recipe.sigma is None and Apart.SIGMA not in raw else nothing
        return Ready(data, nothing, sigma, columns.total, columns.dropped)
    given = Apart.SIGMA if Apart.SIGMA in raw else recipe.sigma
    label = recipe.sigma if isinstance(recipe.sigma, str) else "sigma"
    return Ready(
        tuple(columns.values[c] for c in recipe.model.columns),
        response_values(recipe.formula, columns), sigma_values(columns, given, label),
        columns.total, columns.dropped,
    )  # fmt: skip


def _without_rows(raw: Mapping[str | Apart, np.ndarray], policy: str) -> Columns | None:
    """A chunk that is empty, or of which no row is left: nothing wrong with that."""
    lengths = {len(v) for v in raw.values()}
    absent = {name: np.isnan(v) for name, v in raw.items()}
    if len(lengths) != 1:
        return None  # what is wrong will be said
    missing = np.logical_or.reduce(list(absent.values()))
    if len(missing) and (policy == "fail" or not missing.all()):
        return None
    if any(np.isinf(v).any() for v in raw.values()):
        return None
    dropped = tuple(
        Dropped(int(a.sum()), f"{n} is missing", tuple((np.flatnonzero(a)[:5] + 1).tolist()))
        for n, a in absent.items() if a.any()
    )  # fmt: skip
    return Columns({n: v[:0] for n, v in raw.items()}, len(missing), None, dropped)
