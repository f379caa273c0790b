"""What is given beside named data, put along their dimensions: by its names, never by position."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from taylored.errors import AlignmentError
from taylored.many.dimensions import aligned, quoted, spread

__all__ = ["by_name", "is_named"]


def is_named(given: Any) -> bool:
    """Whether it is an array of xarray, with dimensions and coordinates."""
    return hasattr(given, "dims") and hasattr(given, "coords")


def by_name(y: Any, x: Any, sigma: Any, mask: Any, start: Any) -> tuple[Any, Any, Any, Any]:
    """The columns, standard errors, mask and starts of `y`, whose last dimension is the points.

    What has dimensions is turned as y is, with the length 1 where it lacks one; the rest stays.

    Raises:
        AlignmentError: where a dimension or coordinate differs, and where.
    """
    if isinstance(x, Mapping):
        x = {name: _column(y, values, str(name)) for name, values in x.items()}
    else:
        x = _points(y, x)
    if isinstance(start, Mapping):
        start = {name: _start(y, values, str(name)) for name, values in start.items()}
    return x, _beside(y, sigma, "sigma"), _beside(y, mask, "mask"), start


def _points(y: Any, x: Any) -> Any:
    """An x that all fits share."""
    if not is_named(x) or x.ndim != 1 or x.dims[0] not in y.dims:
        return x
    if x.dims != y.dims[-1:]:
        raise AlignmentError(
            f"x lies along {x.dims[0]!r}, and the points of a fit along {y.dims[-1]!r}.",
            next_step=f"turn the data: Y.transpose(..., {x.dims[0]!r}); or give another x.",
        )
    return aligned(y, x, "x").data


def _column(y: Any, values: Any, name: str) -> Any:
    """A column of a table; one along a dimension that y lacks has only its length to go by."""
    if not is_named(values) or (values.ndim == 1 and values.dims[0] not in y.dims):
        return values
    return _beside(y, values, name)


def _beside(y: Any, given: Any, what: str) -> Any:
    if not is_named(given) or not given.dims:
        return given
    given = aligned(y, given, what)
    if given.dims == y.dims:
        return given
    if given.dims == y.dims[-1:] and what != "mask":
        return given.data
    # With the length 1 along the others, a shape can mean one thing only.
    return given.data[tuple(slice(None) if d in given.dims else None for d in y.dims)]


def _start(y: Any, values: Any, name: str) -> Any:
    if not is_named(values) or not values.dims:
        return values
    values = aligned(y, values, f"The start of {name}")
    if y.dims[-1] in values.dims:
        raise AlignmentError(
            f"The start of {name} has the dimension that is fitted over: {quoted(y.dims[-1:])}.",
            next_step="give one start per fit.",
        )
    return spread(values, y.dims[:-1], y.sizes)
