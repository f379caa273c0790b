"""Data with named dimensions, and what goes with them: everything aligned by name, or refused.

Names of the formula that are coordinates are data; the others are parameters. Nothing is joined,
filled or counted silently: sigma, mask and starts must have the coordinates of the data.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.errors import ArgumentError, ColumnError, EmptyDataError, NotNumericError
from taylored.formula import normalize_name, parse
from taylored.many.data import own_starts, split_start
from taylored.many.dimensions import (
    AlignmentError,
    aligned,
    coordinates,
    fitted_dimensions,
    quoted,
    refuse_clashes,
    spread,
)  # fmt: skip
from taylored.many.plan import Plan, make_plan
from taylored.many.tasks import Job, Part
from taylored.model import argument_names
from taylored.readings.units import read_unit
from taylored.regression.options import parameter_options

__all__ = ["Choices", "Named", "read_named", "unit_of"]


@dataclass(frozen=True, slots=True)
class Choices:
    """What may be chosen besides model and dimensions: see `ArrayAccessor.fit`."""

    sigma: Any = None
    start: Any = None
    bounds: Any = None
    fixed: Any = None
    mask: Any = None
    dtype: str = "float64"
    absolute_sigma: bool | None = None
    engine: str = "auto"


@dataclass(frozen=True, eq=False, slots=True)
class Named:
    """Fits of named data, ready to run: one job, and its arrays.

    `y` has the dimensions of the fits (`lead`) first, then those fitted over (`dims`).
    """

    job: Job
    variables: tuple[Any, ...]  # of the job's parts; y may be in a file, or chunked
    y: Any
    lead: tuple[Any, ...]
    dims: tuple[Any, ...]
    coordinates: tuple[Any, ...]  # of the model's columns

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the fits."""
        return self.y.shape[: len(self.lead)]

    @property
    def lazy(self) -> bool:
        """Whether any of it is chunked: nothing is computed before it is asked for."""
        return any(v.chunks is not None for v in self.variables)


def read_named(y: Any, model: str | Callable, dim: Any, choices: Choices) -> Named:
    """A data array and a model as one job.

    Raises:
        AlignmentError, ArgumentError, ColumnError, FormulaError: naming dimension or coordinate.
    """
    _check_numbers(y)
    if not y.size:
        raise EmptyDataError(
            f"There are no data: {quoted(d for d in y.dims if not y.sizes[d])} has the size 0.",
            next_step="check what was selected.",
        )
    names = _names(model)
    dims = fitted_dimensions(y, names, dim)
    lead = tuple(d for d in y.dims if d not in dims)
    y = y.transpose(*lead, *dims)
    data = coordinates(y, model, names, dims)
    plan, starts = _plan(y, model, data, dims, choices)
    refuse_clashes(y, lead, plan.names)
    order = tuple(
        data.values() if _in_order(model, data) else (data[n] for n in plan.model.columns)
    )
    own = [("column", c, i) for i, c in enumerate(order) if not set(c.dims) <= set(dims)]
    parts = [("y", y, 0), *own, *starts]
    sigma = _per_fit(y, choices.sigma, "sigma")
    if sigma is not None and not set(sigma.dims) <= set(dims):
        parts.append(("sigma", sigma, 0))
    if choices.mask is not None:
        parts.append(("used", _mask(y, choices.mask), 0))
    described = tuple(Part(kind, _axes(y, array), place) for kind, array, place in parts)
    job = Job(plan, described, len(lead))
    return Named(job, tuple(array.variable for _, array, _ in parts), y, lead, dims, order)


def _check_numbers(y: Any) -> None:
    # One value tells: y may be in a file that is larger than memory.
    if "pint" in sys.modules and hasattr(y.isel({d: slice(1) for d in y.dims}).data, "magnitude"):
        raise NotNumericError(
            "The data are quantities of pint.",
            next_step="write da.pint.dequantify().taylored.fit(...): the unit goes to its attrs.",
        )
    if y.dtype.kind not in "biuf":
        raise NotNumericError(
            f"The data are of the type {y.dtype}, not real numbers.",
            next_step="fit real and imaginary part, or magnitude, by themselves."
            if y.dtype.kind == "c" else "convert them: da.astype(float).",
        )  # fmt: skip


def _names(model: str | Callable) -> tuple[str, ...]:
    if isinstance(model, str):
        return parse(model).model.names
    if callable(model):
        return tuple(argument_names(model))
    raise ArgumentError(
        f"The model is of the type {type(model).__name__}.",
        next_step='give a formula such as "a*exp(-t/tau) + c", or a function f(t, a, tau).',
    )


def _axes(y: Any, array: Any) -> tuple[int, ...]:
    return tuple(y.dims.index(d) for d in array.dims)


# ---- the plan -------------------------------------------------------------------------------

Placed = list[tuple[str, Any, int]]  # kind, array, place


def _plan(
    y: Any, model: Any, data: dict[str, Any], dims: Sequence[Any], choices: Choices
) -> tuple[Plan, Placed]:
    """The plan, and the starts that differ between fits."""
    x: Any = {name: _shared(y, array, dims) for name, array in data.items()}
    if _in_order(model, data):
        x = list(x.values()) if len(x) > 1 else next(iter(x.values()))
    _refuse_known(data, choices)
    sigma = _per_fit(y, choices.sigma, "sigma")
    own = sigma is not None and not set(sigma.dims) <= set(dims)
    numbers, arrays = split_start(choices.start)
    points = int(np.prod([y.sizes[d] for d in dims], dtype=int))
    plan = make_plan(
        model, x, points, parameters=(numbers, choices.bounds, choices.fixed),
        sigma=None if sigma is None or own else _shared(y, sigma, dims),
        absolute_sigma=choices.absolute_sigma, has_sigma=own, dtype=choices.dtype,
        engine=choices.engine,
    )  # fmt: skip
    return plan, _starts(y, plan, arrays, dims)


def _refuse_known(data: Mapping[str, Any], choices: Choices) -> None:
    """Refuse to choose anything for a name that is a coordinate."""
    for what in ("start", "bounds", "fixed"):
        given = getattr(choices, what)
        for name in given if isinstance(given, Mapping) else ():
            if normalize_name(str(name)) in data:
                raise AlignmentError(
                    f"{what} names {name!r}, which is a coordinate of the data, not a parameter.",
                    next_step=f"leave the coordinate out: da.drop_vars({name!r}); or rename one.",
                )


def _in_order(model: Any, data: Mapping[str, Any]) -> bool:
    """Whether a function calls its inputs otherwise, and takes them in order."""
    return not isinstance(model, str) and argument_names(model)[0] not in data


def _shared(y: Any, array: Any, dims: Sequence[Any]) -> np.ndarray:
    """An array over the points of a fit: of one fit, where it differs between fits."""
    others = [d for d in array.dims if d not in dims]
    if others:
        array = _complete(array.transpose(*others, ...), len(others))
    array = array.transpose(*[d for d in dims if d in array.dims])
    return np.ravel(spread(array, dims, y.sizes)).astype(float)


def _complete(array: Any, others: int) -> Any:
    """The first of several that is finite everywhere: it stands for all where one is needed."""
    values = np.asarray(array.data, float)
    flat = values.reshape(int(np.prod(values.shape[:others], dtype=int)), -1)
    whole = np.flatnonzero(np.isfinite(flat).all(1))
    if not len(whole):
        raise NotNumericError(
            f"The coordinate {array.name!r} is nowhere complete.",
            next_step="leave out what is missing, such as with da.dropna(...).",
        )
    at = np.unravel_index(whole[0], values.shape[:others])
    return array.isel(dict(zip(array.dims[:others], map(int, at), strict=True)), drop=True)


# ---- starts, sigma, mask --------------------------------------------------------------------


def _starts(y: Any, plan: Plan, own: Mapping[str, Any], dims: Sequence[Any]) -> Placed:
    """Starts that differ between fits; those in memory are checked."""
    lead = [d for d in y.dims if d not in dims]
    found = []
    for given, array in own.items():
        name = normalize_name(given)
        array = aligned(y, array, f"The start of {name}")
        if not set(dims).isdisjoint(array.dims):
            raise AlignmentError(
                f"The start of {name} has the dimension that is fitted over: {quoted(dims)}.",
                next_step="give one start per fit.",
            )
        if array.chunks is None:
            whole = spread(array, lead, y.sizes)
            own_starts(plan, {name: whole}, whole.shape)
        else:
            parameter_options(plan.model, {name: 0.0}, None, None)  # knows the names
        found.append(("start", array, plan.names.index(name)))
    return found


def _per_fit(y: Any, sigma: Any, what: str) -> Any:
    """sigma as an array with dimensions of the data, whichever way it was given."""
    if sigma is None or hasattr(sigma, "dims"):
        found = None if sigma is None else aligned(y, sigma, what)
        _same_unit(y, found)
        return found
    if isinstance(sigma, str):
        if sigma not in y.coords:
            raise ColumnError(f"{what} is {sigma!r}, which is no coordinate of the data.",
                              next_step=f"give {what} as an array, or a coordinate.")  # fmt: skip
        return _per_fit(y, y.coords[sigma], what)
    values = np.asarray(sigma)
    if values.ndim == 0:
        return _like(values.astype(float), ())
    raise AlignmentError(
        f"{what} has no names: it is an array of the shape {values.shape}.",
        why=f"the data have the dimensions {quoted(y.dims)}",
        next_step=f"give it as xarray.DataArray(values, dims=...), or with da.copy(data={what}).",
    )


def _like(values: np.ndarray, dims: tuple) -> Any:
    from xarray import DataArray

    return DataArray(values, dims=dims)


def _same_unit(y: Any, sigma: Any) -> None:
    ours, theirs = unit_of(y), unit_of(sigma)
    if ours and theirs and read_unit(ours) != read_unit(theirs):
        raise AlignmentError(
            f"sigma is in {theirs!r}, but the data are in {ours!r}.",
            next_step="convert one of them, and set its attrs['units'].",
        )


def unit_of(array: Any) -> str:
    """The unit that an array says it has; "" where none. Of "days since 2000-01-01", days."""
    text = None if array is None else array.attrs.get("units")
    return text.split(" since ")[0].strip() if isinstance(text, str) else ""


def _mask(y: Any, mask: Any) -> Any:
    if not hasattr(mask, "dims"):
        raise AlignmentError(
            "mask has no names: it is not a DataArray.",
            next_step="give a DataArray of booleans, True where a point is used: da > 0.",
        )
    if mask.dtype.kind not in "biu":
        raise NotNumericError(
            f"mask is of the type {mask.dtype}.",
            next_step="give booleans, True where a point is used: mask > 0.",
        )
    return aligned(y, mask, "mask")
