"""What the user handed in as chunks, and which model and columns it stands for."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.errors import ArgumentError, ColumnError, MissingExtraError
from taylored.formula import Formula, normalize_name, parse
from taylored.many.big.chunks import Chunks
from taylored.many.big.pieces import Piece, Recipe, open_table
from taylored.regression.data import Apart, column_names
from taylored.regression.given import Given, of_formula, of_function
from taylored.regression.options import ParameterOptions, parameter_options

__all__ = ["Source", "open_source"]

_PROBE = np.array([2.0, 3.0, 5.0, 7.0])


@dataclass(frozen=True, eq=False)
class Source:
    """The chunks (`lazy`: Dask makes them) and what a task must know about them.

    `nbytes` is what they take when opened, 0 where that is not known yet.
    """

    recipe: Recipe
    params: ParameterOptions
    pieces: tuple[Piece, ...]
    lazy: bool
    given: Given
    formula: Formula | None
    nbytes: int = 0


@dataclass(frozen=True, eq=False)
class _Parts:
    """Chunks and the names of their columns (None where inputs are arrays: so many).

    `pieces` makes the chunks, with no more columns than those it is given.
    """

    pieces: Callable[[set[str]], tuple[Piece, ...]]
    names: tuple[str, ...] | None
    inputs: int = 0
    lazy: bool = True
    turned: bool = False
    rows: int = 0


def open_source(
    model: Any, data: Any, y: Any, sigma: Any, *, parameters: tuple[Any, Any, Any], na: str
) -> Source:
    """Chunks, model and columns, checked against each other; no data are read but names.

    Raises:
        FormulaError, ColumnError, ArgumentError: as for `fit`.
    """
    formula = parse(model) if isinstance(model, str) else None
    if formula is None and not callable(model):
        raise ArgumentError(
            f"The model is of the type {type(model).__name__}.",
            next_step='give a formula such as "y ~ a*exp(-x/tau)", or a function f(x, a, tau).',
        )
    column, y = (y, None) if isinstance(y, str) else ("", y)
    parts = _parts_of(data, y, None if isinstance(sigma, str) else sigma)
    _check_columns(parts, column, sigma)
    has_y = y is not None or bool(column)
    given = _given(model, formula, parts, (has_y, column, sigma))
    params = parameter_options(given.model, *parameters)
    recipe = _recipe(formula, given, parts, (y, column, sigma), (na, params))
    needed = {*recipe.wanted, column, sigma if isinstance(sigma, str) else ""}
    pieces = parts.pieces({normalize_name(n) for n in needed})
    nbytes = 8 * parts.rows * (len(recipe.model.columns) + 2)
    return Source(recipe, params, pieces, parts.lazy, given, formula, nbytes)


def _recipe(
    formula: Formula | None, given: Given, parts: _Parts, others: tuple[Any, str, Any],
    options: tuple[str, ParameterOptions],
) -> Recipe:  # fmt: skip
    y, column, sigma = others
    na, params = options
    key = Apart.RESPONSE
    if y is not None and formula is not None and formula.response is not None:
        key = formula.response.names[0]
    named = [k for k in given.columns if isinstance(k, str)]
    wanted = tuple(k for k in named if k != key) if parts.names is not None else ()
    inputs: tuple[str, ...] = ()
    if parts.names is None:
        inputs = tuple(k for k in named if k != key)
        if parts.inputs > 1 and formula is not None:
            inputs = tuple(f"x{i + 1}" for i in range(parts.inputs))
        if not inputs:
            inputs = ("x",)
    number = float(sigma) if _is_number(sigma) else sigma if isinstance(sigma, str) else None
    sample = np.where(np.isnan(params.start), params.values, params.start)
    sample = np.clip(np.where(np.isnan(sample), 1.0, sample), params.lower, params.upper)
    return Recipe(given.model, formula, wanted, inputs, key, column, number, na,
                  tuple(sample.tolist()), uuid.uuid4().hex)  # fmt: skip


def _is_number(sigma: Any) -> bool:
    return isinstance(sigma, int | float | np.number) and not isinstance(sigma, bool)


# ---- names ----------------------------------------------------------------------------------


def _given(
    model: str | Callable, formula: Formula | None, parts: _Parts, others: tuple[bool, str, Any]
) -> Given:
    """What `fit` would make of a few rows of these data."""
    has_y, column, sigma = others
    y = _PROBE[::-1].copy() if has_y else None
    probe: Any
    if parts.names is not None:
        left_out = {normalize_name(column)} if column else set()
        probe = {n: _PROBE.copy() for n in parts.names if normalize_name(n) not in left_out}
        if column and formula is not None:
            raise ArgumentError("The response is given twice: in the formula, and as y.",
                                next_step="leave one of them out.")  # fmt: skip
    else:
        rows = [_PROBE + i for i in range(max(parts.inputs, 1))]
        probe = rows[0] if parts.inputs == 1 else tuple(rows)
    if formula is None:
        given = of_function(model, probe, y, sigma)  # type: ignore[arg-type]
    else:
        if y is not None and formula.response is not None and parts.names is not None:
            _check_once(formula, parts.names)
        given = of_formula(formula, probe, y)
    return Given(given.model, given.columns, given.response, parts.turned)


def _check_once(formula: Formula, names: Sequence[str]) -> None:
    assert formula.response is not None
    known = {normalize_name(n) for n in names}
    for name in formula.response.names:
        if name in known:
            raise ColumnError(
                f"The response {name!r} is given twice: as y, and as a column of the table.",
                where=formula.text,
                next_step="leave out one of them.",
            )


def _check_columns(parts: _Parts, column: str, sigma: Any) -> None:
    """Names given instead of values must be columns of a table."""
    for what, name in (("y", column), ("sigma", sigma)):
        if not isinstance(name, str) or not name:
            continue
        known = {normalize_name(n) for n in parts.names or ()}
        if normalize_name(name) not in known:
            raise ColumnError(
                f"{what} is {name!r}, but there is no such column.",
                why=f"the columns are {', '.join(parts.names)}" if parts.names else
                "the data are arrays without names",
                next_step=f"give one of the columns, or {what} itself as an array in chunks.",
            )  # fmt: skip


# ---- chunks ---------------------------------------------------------------------------------


def _parts_of(data: Any, y: Any, sigma: Any) -> _Parts:
    sigma = None if _is_number(sigma) else sigma
    if isinstance(data, Chunks):
        if y is not None or sigma is not None:
            raise ArgumentError(
                "Chunks hold every column, y and sigma as well.",
                next_step="name the columns: a formula with a response, y='name', sigma='name'.",
            )
        names = column_names(open_table(data.pieces[0], 0))
        pieces = tuple(Piece(table=p) for p in data.pieces)
        return _Parts(lambda needed: pieces, names, lazy=False)
    try:
        import dask.array  # noqa: F401
    except ImportError:
        raise MissingExtraError(
            "Data in chunks of Dask need the package dask.",
            next_step='pip install "taylored[cluster]"',
        ) from None
    if isinstance(data, Mapping) and not hasattr(data, "data_vars"):
        return _of_mapping(data, y, sigma)
    if hasattr(data, "data_vars") or hasattr(data, "to_dataset"):
        return _of_xarray(data, y, sigma)
    if hasattr(data, "to_delayed") and hasattr(data, "npartitions") and hasattr(data, "columns"):
        return _of_dataframe(data, y, sigma)
    return _of_arrays(data, y, sigma)


def _of_dataframe(data: Any, y: Any, sigma: Any) -> _Parts:
    def pieces(needed: set[str]) -> tuple[Piece, ...]:
        kept = [c for c in data.columns if normalize_name(str(c)) in needed]
        tables = data[kept].to_delayed()
        others = [_series(v, len(tables), n) for v, n in ((y, "y"), (sigma, "sigma"))]
        return tuple(Piece(t, (), a, b) for t, a, b in zip(tables, *others, strict=True))

    return _Parts(pieces, tuple(map(str, data.columns)))


def _series(values: Any, count: int, name: str) -> list[Any]:
    """A column apart from its table, in as many partitions."""
    if values is None:
        return [None] * count
    parts = list(np.ravel(values.to_delayed())) if hasattr(values, "to_delayed") else []
    if len(parts) != count:
        raise ColumnError(
            f"{name} is not in the same chunks as the table.",
            why=f"{len(parts)} and {count}" if parts else f"it is a {type(values).__name__}",
            next_step=f"make it a column of the table, and name it: {name}='name'.",
        )
    return parts


def _of_arrays(data: Any, y: Any, sigma: Any) -> _Parts:
    import dask.array as da

    if y is None:
        raise ArgumentError("The data are arrays, and no y was given.",
                            next_step="give x and y, or a Dask dataframe.")  # fmt: skip
    y = da.asarray(_plain(y)).reshape(-1)
    turned = False
    if isinstance(data, tuple | list):
        rows = [da.asarray(_plain(d)).reshape(-1) for d in data]
    else:
        x = da.asarray(_plain(data))
        turned = x.ndim == 2 and x.shape[0] == y.shape[0] != x.shape[1]
        x = x.T if turned else x
        rows = [x[i] for i in range(len(x))] if x.ndim == 2 else [x.reshape(-1)]
    arrays = [*rows, y]
    if sigma is not None:
        arrays.append(da.asarray(_plain(sigma)).reshape(-1))
    pieces = _pieces(arrays, len(rows), sigma is not None)
    return _Parts(
        lambda needed: pieces, None, len(rows), turned=turned and len(rows) > 1,
        rows=int(np.nan_to_num(y.shape[0])),
    )  # fmt: skip


def _plain(values: Any) -> Any:
    """The array of a labelled array or of a column of a dataframe."""
    if hasattr(values, "to_dask_array"):
        return values.to_dask_array(lengths=True)
    return values.data if hasattr(values, "dims") else values


def _pieces(arrays: list[Any], inputs: int, has_sigma: bool) -> tuple[Piece, ...]:
    """Arrays of one length, cut at the same places."""
    return tuple(
        Piece(None, tuple(c[:inputs]), c[inputs], c[inputs + 1] if has_sigma else None)
        for c in _cut(arrays)
    )


def _cut(arrays: list[Any]) -> list[tuple[Any, ...]]:
    """The chunks of arrays of one length, those of all arrays together."""
    from dask.array.core import unify_chunks

    lengths = [a.shape[0] for a in arrays]
    if len(set(lengths)) > 1:
        raise ColumnError("The arrays have different lengths.", why=", ".join(map(str, lengths)),
                          next_step="give one number per point in each.")  # fmt: skip
    _, same = unify_chunks(*(v for a in arrays for v in (a, "i")))
    return list(zip(*(a.to_delayed().ravel().tolist() for a in same), strict=True))


def _of_mapping(data: Mapping[Any, Any], y: Any, sigma: Any) -> _Parts:
    """A dictionary of arrays, by name."""
    import dask.array as da

    if y is not None or sigma is not None:
        raise ArgumentError("A table in chunks holds y and sigma as columns.",
                            next_step="name them: y='name', sigma='name'.")  # fmt: skip

    def pieces(needed: set[str]) -> tuple[Piece, ...]:
        kept = [n for n in data if normalize_name(str(n)) in needed]
        arrays = [da.asarray(_plain(data[n])).reshape(-1) for n in kept]
        return tuple(Piece(dict(zip(kept, c, strict=True))) for c in _cut(arrays))

    return _Parts(pieces, tuple(map(str, data)))


def _of_xarray(data: Any, y: Any, sigma: Any) -> _Parts:
    """A Dataset as a table of its variables and coordinates; a DataArray with y as an array."""
    if y is not None and not hasattr(data, "data_vars"):
        import xarray as xr

        others = [v for v in (y, sigma) if v is not None]
        if all(hasattr(v, "dims") for v in others):
            data, *others = xr.broadcast(data, *others)
        return _of_arrays((data,), others[0], others[1] if len(others) > 1 else None)
    if y is not None or sigma is not None:
        raise ArgumentError("A Dataset holds y and sigma as variables.",
                            next_step="name them: y='name', sigma='name'.")  # fmt: skip
    table = data if hasattr(data, "data_vars") else data.to_dataset(name=data.name or "y")
    return _of_dataset(table)


def _of_dataset(table: Any) -> _Parts:
    """Every variable over all dimensions, cut at the same places, by name."""
    import dask.array as da
    import xarray as xr

    names = tuple(str(n) for n, v in table.variables.items() if v.dtype.kind in "biuf")

    def pieces(needed: set[str]) -> tuple[Piece, ...]:
        kept = [n for n in names if normalize_name(n) in needed]
        variables = xr.broadcast(*(table[n] for n in kept))
        # Coordinates are in memory, and take the chunks of the data.
        chunks = next((v.chunks for v in variables if v.chunks is not None), "auto")
        arrays = [da.asarray(v.data).rechunk(chunks) for v in variables]
        columns = [a.to_delayed().ravel().tolist() for a in arrays]
        return tuple(Piece(dict(zip(kept, c, strict=True))) for c in zip(*columns, strict=True))

    return _Parts(pieces, names, rows=int(np.prod(list(table.sizes.values()))))
