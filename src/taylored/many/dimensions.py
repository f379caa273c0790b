"""Which dimensions are fitted over, which coordinates are data, and what does not go together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from taylored.errors import AlignmentError, ArgumentError, ColumnError, NotNumericError
from taylored.formula import normalize_name, suggest

__all__ = ["aligned", "coordinates", "fitted_dimensions", "quoted",
           "refuse_clashes", "spread"]  # fmt: skip

_RESULTS = ("chi2", "dof", "points", "p_value", "status", "usable")


def quoted(names: Iterable[Any]) -> str:
    """Names in a sentence: 'y', 'x'."""
    return ", ".join(repr(n) for n in names) or "none"


# ---- dimensions -----------------------------------------------------------------------------


def fitted_dimensions(y: Any, names: Sequence[str], dim: Any) -> tuple[Any, ...]:
    """The dimensions to fit over: as given, else the one that the formula names.

    Raises:
        ArgumentError: where there is no such dimension, or it is not clear which one.
    """
    if dim is None:
        return (_only_dimension(y, names),)
    dims = (dim,) if isinstance(dim, str) or not isinstance(dim, Iterable) else tuple(dim)
    for name in dims:
        if name not in y.dims:
            raise _no_dimension(y, name)
    if not dims or len(set(dims)) < len(dims):
        raise ArgumentError(f"dim is {dim!r}.",
                            next_step="name each dimension to fit over once.")  # fmt: skip
    return dims


def _only_dimension(y: Any, names: Sequence[str]) -> Any:
    named = [n for n in names if n in y.dims]
    # A coordinate along a dimension stands for it where no dimension is named itself.
    along = [y.coords[n].dims[0] for n in names if n in y.coords and y.coords[n].ndim == 1]
    found = list(dict.fromkeys(named or along))
    if len(found) == 1:
        return found[0]
    if not found and y.ndim == 1:
        return y.dims[0]
    what = f"the model names {quoted(found)}" if found else "the model names none of them"
    raise ArgumentError(
        "It is not clear which dimension is fitted over.",
        why=f"the dimensions are {quoted(y.dims)}; {what}",
        next_step=f"say which: dim={y.dims[-1]!r}." if y.dims else "give an array of data.",
    )


def _no_dimension(y: Any, name: Any) -> ArgumentError:
    if name in y.coords and y.coords[name].ndim:
        step = f"write dim={y.coords[name].dims[-1]!r}: {name!r} is a coordinate along it."
    else:
        near = suggest(str(name), [str(d) for d in y.dims])
        step = f"did you mean {near!r}?" if near else "use one of these."
    return ArgumentError(
        f"There is no dimension {name!r}.", why=f"the dimensions are {quoted(y.dims)}",
        next_step=step,
    )  # fmt: skip


def refuse_clashes(y: Any, lead: Sequence[Any], params: Sequence[str]) -> None:
    """Refuse parameters whose results would have the name of something else.

    Raises:
        ArgumentError, AlignmentError: naming both.
    """
    errors = [f"{p}_stderr" for p in params]
    for name in params:
        if name in _RESULTS or name in errors:
            raise ArgumentError(
                f"A parameter is called {name!r}, as one of the results is.",
                next_step="call it otherwise in the formula.",
            )
    kept = {*lead, *(n for n, c in y.coords.items() if set(c.dims) <= set(lead))}
    for name in (*params, *errors, *_RESULTS):
        if name in kept:
            what = "dimension" if name in lead else "coordinate"
            raise AlignmentError(
                f"The data have a {what} {name!r}, which is also the name of a result.",
                next_step=f"rename it: da.rename({{{name!r}: 'other'}}).",
            )


# ---- coordinates ----------------------------------------------------------------------------


def coordinates(
    y: Any, model: str | Callable, names: Sequence[str], dims: Sequence[Any]
) -> dict[str, Any]:
    """The coordinates that the model takes, by its names for them.

    Raises:
        ColumnError, AlignmentError, NotNumericError: naming the coordinate, and what to do.
    """
    known = {normalize_name(str(name)): coordinate for name, coordinate in y.coords.items()}
    by_name = isinstance(model, str) or names[0] in known or names[0] in y.dims
    wanted = [n for n in names if n in known or n in y.dims] if by_name else list(dims)
    for name in wanted:
        if name in y.dims and name not in dims:
            raise _not_fitted(y, name)
        if name not in known:
            raise _no_coordinate(y, name)
        _no_scalar(known[name], name)
        _check_coordinate(known[name], name)
    found = {name: known[name] for name in wanted}
    if not any(set(c.dims) & set(dims) for c in found.values()):
        along = [n for n, c in known.items() if set(c.dims) & set(dims)]
        if not along:
            raise _no_coordinate(y, dims[0])
        raise ColumnError(
            f"The model does not depend on {quoted(dims)}.",
            why=f"it names {', '.join(names)}; the coordinates along it are {quoted(along)}",
            next_step=f"use {along[0]!r} in the model, or choose another dim.",
        )
    return found


def _not_fitted(y: Any, name: str) -> AlignmentError:
    return AlignmentError(
        f"{name!r} is a name of the model and a dimension of the data, but not fitted over.",
        why=f"the dimensions are {quoted(y.dims)}",
        next_step="rename the parameter; or, to fit over it as well, name it in dim; or, where it "
        f"is a known number of each fit, add it: da.assign_coords({name}_=da.{name}).",
    )


def _no_coordinate(y: Any, name: Any) -> ColumnError:
    return ColumnError(
        f"The dimension {name!r} has no coordinate: its values are not known.",
        why="the positions 0, 1, 2, ... are taken only where you say so",
        next_step=f"give them: da.assign_coords({name}=values), of {y.sizes[name]} numbers "
        f"(numpy.arange({y.sizes[name]}) for positions).",
    )


def _check_coordinate(coordinate: Any, name: str) -> None:
    kind = coordinate.dtype.kind
    if kind in "biuf":
        return
    if kind in "mM" or (kind == "O" and _has_dates(coordinate)):
        first = f" - da[{name!r}][0]" if kind != "m" else ""
        raise NotNumericError(
            f"The coordinate {name!r} holds dates or times, not numbers.",
            next_step=f"say in which unit: da.assign_coords({name}=(da[{name!r}]{first}) / "
            "numpy.timedelta64(1, 's')).",
        )
    raise NotNumericError(
        f"The coordinate {name!r} is of the type {coordinate.dtype}, not real numbers.",
        next_step=f"give numbers: da.assign_coords({name}=values).",
    )


def _has_dates(coordinate: Any) -> bool:
    values = np.ravel(coordinate.values)
    return len(values) > 0 and hasattr(values[0], "timetuple")


def _no_scalar(coordinate: Any, name: str) -> None:
    """Refuse a coordinate without dimensions: it may be left from a selection."""
    if coordinate.ndim == 0:
        raise AlignmentError(
            f"{name!r} is a name of the model, and a coordinate of a single value, "
            f"{coordinate.values}.",
            next_step=f"da.drop_vars({name!r}) to fit it; with fixed={{{name!r}: ...}} as well to "
            "take it as known.",
        )


def spread(array: Any, dims: Sequence[Any], sizes: Mapping[Any, int]) -> np.ndarray:
    """An array with some of these dimensions, in their order, repeated along the others."""
    missing = tuple(slice(None) if d in array.dims else None for d in dims)
    return np.broadcast_to(np.asarray(array.values)[missing], [sizes[d] for d in dims])


# ---- what must go together ------------------------------------------------------------------


def aligned(y: Any, other: Any, what: str) -> Any:
    """An array of some of the dimensions of the data, in their order.

    Raises:
        AlignmentError: where a dimension or coordinate differs, and where.
    """
    if not hasattr(other, "dims"):
        raise AlignmentError(f"{what} has no names: it is not a DataArray.",
                             next_step="give xarray.DataArray(values, dims=...).")  # fmt: skip
    extra = [d for d in other.dims if d not in y.dims]
    if extra:
        raise AlignmentError(
            f"{what} has the dimension {extra[0]!r}, which the data do not have.",
            why=f"the dimensions of the data are {quoted(y.dims)}",
            next_step=f"select along it, such as isel({extra[0]}=0), or rename it.",
        )
    for dim in other.dims:
        _same_size(y, other, dim, what)
        _same_coordinate(y, other, dim, what)
    return other.transpose(*[d for d in y.dims if d in other.dims])


def _same_size(y: Any, other: Any, dim: Any, what: str) -> None:
    if y.sizes[dim] != other.sizes[dim]:
        raise AlignmentError(
            f"{what} has {other.sizes[dim]} along {dim!r}, but the data have {y.sizes[dim]}.",
            next_step=f"give one for each {dim}, in the order of the data.",
        )


def _same_coordinate(y: Any, other: Any, dim: Any, what: str) -> None:
    if dim not in y.coords or dim not in other.coords:
        return  # as xarray has it: without labels, positions must do
    ours, theirs = y.coords[dim].values, other.coords[dim].values
    differ = np.flatnonzero(~_equal(ours, theirs))
    if len(differ):
        at = int(differ[0])
        raise AlignmentError(
            f"{what} has other coordinates than the data along {dim!r}.",
            where=f"position {at}: {theirs[at]} in place of {ours[at]}",
            next_step=f"take the same points: .reindex_like(da), or .assign_coords({dim}=da.{dim}) "
            "where only the labels differ.",
        )


def _equal(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    same = np.asarray(left == right)
    if left.dtype.kind == right.dtype.kind == "f":
        same = same | (np.isnan(left) & np.isnan(right))
    return same
