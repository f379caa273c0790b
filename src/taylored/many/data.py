"""The data of all fits: Y, and what goes with it, checked against each other before any work."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from taylored.errors import ArgumentError, BoundsError, ColumnError, SigmaError
from taylored.formula import normalize_name
from taylored.many.block import Batch
from taylored.many.plan import Plan
from taylored.many.source import Box, Rows, boxes_of, open_rows
from taylored.regression.options import parameter_options

__all__ = ["Data", "mask_rows", "own_columns", "own_starts", "sigma_rows", "split_start"]


@dataclass(frozen=True, eq=False)
class Data:
    """All fits of a job: their values, and what differs between them.

    `sigma`, `mask` (true: the point is used) and `columns` (by position in the model) are read
    with `y`, box by box; `start` is (params, fits) or None.
    """

    y: Rows
    sigma: Rows | None = None
    mask: Rows | None = None
    columns: Mapping[int, Rows] = field(default_factory=dict)
    start: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the fits."""
        return self.y.shape

    @property
    def fits(self) -> int:
        """How many there are."""
        return math.prod(self.shape)

    @property
    def boxes(self) -> list[Box]:
        """What is read at a time."""
        return boxes_of(self.shape, self.y.chunks, self.y.points)

    def read(self, box: Box, where: slice | np.ndarray) -> Batch:
        """The data of a box of fits; `where` they are among all."""
        y, hidden = self.y.numbers(box)
        used = None if hidden is None else ~hidden
        sigma, columns = None, {}
        if self.sigma is not None:
            sigma, hidden = self.sigma.numbers(box)
            used = _both(used, None if hidden is None else ~hidden)
        for place, rows in self.columns.items():
            columns[place], finite = _finite(rows, box)
            used = _both(used, finite)
        if self.mask is not None:
            values, hidden = self.mask.read(box)
            used = _both(used, values != 0)
            used = _both(used, None if hidden is None else ~hidden)
        start = None if self.start is None else self.start[:, where]
        return Batch(y, sigma, used, columns, start)

    def release(self, box: Box) -> None:
        """Let memory go that files are mapped to."""
        for rows in (self.y, self.sigma, self.mask, *self.columns.values()):
            if rows is not None:
                rows.release(box)

    def one(self, index: int) -> Batch:
        """The data of a single fit, by its place among all."""
        which = np.unravel_index(index, self.shape) if self.shape else ()
        box = tuple(slice(int(i), int(i) + 1) for i in which)
        return self.read(box, slice(index, index + 1))


def _both(first: np.ndarray | None, second: np.ndarray | None) -> np.ndarray | None:
    if first is None or second is None:
        return first if second is None else second
    return first & second


def _finite(rows: Rows, box: Box) -> tuple[np.ndarray, np.ndarray | None]:
    """A column of each fit, and where it is a number; elsewhere it repeats one, and is not used."""
    values, hidden = rows.numbers(box)
    finite = np.isfinite(values)
    finite = finite if hidden is None else finite & ~hidden
    if finite.all():
        return values, None
    first = np.take_along_axis(values, finite.argmax(1)[:, None], 1)
    first = np.where(np.isfinite(first), first, 1.0)
    return np.where(finite, values, first), finite


# ---- what goes with Y -----------------------------------------------------------------------


def sigma_rows(sigma: Any, y: Rows) -> Rows | None:
    """Standard errors that differ between the fits; None where all fits share them.

    Raises:
        SigmaError: where they have another shape.
    """
    shape = _shape(sigma)
    if sigma is None or shape in ((), (y.points,)):
        return None
    rows = _beside(sigma, y, "sigma")
    if rows is None:
        own = shape == y.shape
        step = "one for each fit is sigma[..., None]." if own else ""
        raise SigmaError(
            f"sigma has the shape {shape}, and Y has {_whole(y)}.",
            next_step=step or f"give one number, the shape ({y.points},), or that of Y.",
        )
    return rows


def mask_rows(mask: Any, y: Rows) -> Rows | None:
    """Which points are used: of Y's shape, of that of the fits, or the same in all fits.

    Raises:
        ArgumentError: where it has another shape, or could mean both.
    """
    if mask is None:
        return None
    shape, whole = _shape(mask), _whole(y)
    if not shape:
        raise ArgumentError("mask is a single value.", next_step="leave it out to use all points.")
    if y.shape and shape == y.shape == (y.points,):
        raise ArgumentError(
            f"mask has the shape {shape}, which is that of the fits and that of the points.",
            next_step="give mask[:, None] to choose fits, or mask[None, :] to choose points.",
        )
    rows = _beside(mask, y, "mask")
    if rows is None and shape == y.shape:
        rows = replace(open_rows(mask, (), "mask"), shape=y.shape, lengths=y.lengths)
    elif rows is None and shape == (y.points,):
        rows = replace(open_rows(mask, (-1,), "mask"), shape=y.shape)
    if rows is None:
        raise ArgumentError(
            f"mask has the shape {shape}, and Y has {whole}.",
            next_step=f"give the shape of the fits {y.shape}, of the points ({y.points},), "
            "or of Y; true where a point is used.",
        )
    if np.dtype(rows.array.dtype).kind not in "biu":
        raise ArgumentError(
            f"mask holds values of the type {rows.array.dtype}.",
            next_step="give true (or 1) where a point is used, such as np.isfinite(Y).",
        )
    return rows


def own_columns(x: Any, y: Rows) -> tuple[Any, dict[str, Rows]]:
    """A table x with the first fit's values for the columns that differ between fits; and those.

    Raises:
        ColumnError: for a column of another shape, or an x that could mean two things.
    """
    if not isinstance(x, Mapping):
        if len(_whole(y)) > 1 and _shape(x) == _whole(y):
            raise ColumnError(
                f"x has the shape of Y, {_whole(y)}.",
                why="it could be an x of its own for each fit, or several inputs",
                next_step='name it as in the formula: x={"t": x}; or give x as (points,).',
            )
        return x, {}
    shared, own = dict(x), {}
    for name, values in x.items():
        shape = _shape(values)
        if len(shape) < 2:
            continue
        rows = _beside(values, y, str(name))
        if rows is None and shape == y.shape:
            rows = replace(open_rows(values, (), str(name)), shape=y.shape, lengths=y.lengths)
        if rows is None:
            raise ColumnError(
                f"{name} has the shape {shape}, and Y has {_whole(y)}.",
                next_step=f"give the shape ({y.points},), or that of Y.",
            )
        own[str(name)] = rows
        first = tuple(slice(0, 1) for _ in y.shape)
        shared[name] = _finite(rows, first)[0][0].astype(float)
    return shared, own


def _beside(given: Any, y: Rows, name: str) -> Rows | None:
    """What has as many axes as Y, each as long or of length 1; None for other shapes."""
    shape, whole = _shape(given), _whole(y)
    fits = len(shape) == len(whole) and all(m in (1, n) for m, n in zip(shape, whole, strict=True))
    return (
        replace(open_rows(given, (-1,), name), shape=y.shape, lengths=y.lengths) if fits else None
    )


def _shape(given: Any) -> tuple[int, ...]:
    if hasattr(given, "shape"):
        return tuple(int(n) for n in given.shape)
    try:
        return np.shape(given)
    except ValueError:  # rows of different lengths
        return (-1,)


def _whole(y: Rows) -> tuple[int, ...]:
    return (*y.shape, *y.lengths)


# ---- starts ---------------------------------------------------------------------------------


def split_start(start: Any) -> tuple[Any, dict[str, Any]]:
    """The starts that all fits share, and those that are arrays over the fits."""
    if not isinstance(start, Mapping):
        return start, {}
    own = {str(n): v for n, v in start.items() if not isinstance(v, str) and _shape(v)}
    return {n: v for n, v in start.items() if str(n) not in own} or None, own


def own_starts(plan: Plan, own: Mapping[str, Any], shape: tuple[int, ...]) -> np.ndarray | None:
    """All starts, (params, fits), nan where none is given; None where all fits share them.

    Raises:
        ParameterNameError, ArgumentError, BoundsError: naming parameter and fit.
    """
    if not own:
        return None
    params = plan.params
    parameter_options(plan.model, dict.fromkeys(own, 0.0), None, None)  # knows the names
    found = np.repeat(params.start[:, None], math.prod(shape), axis=1)
    for name, values in own.items():
        place = plan.names.index(normalize_name(name))
        found[place] = _start_of(name, values, shape)
        if place not in params.free:
            raise ArgumentError(f"{name} is fixed, but has starts as well.",
                                next_step="leave out one of the two.")  # fmt: skip
        _check_within(name, found[place], (params.lower[place], params.upper[place]), shape)
    return found


def _start_of(name: str, values: Any, shape: tuple[int, ...]) -> np.ndarray:
    if _shape(values) != shape:
        raise ArgumentError(
            f"start of {name} has the shape {_shape(values)}, and the fits have {shape}.",
            next_step="give one number, or one for each fit (nan: it is found from the data).",
        )
    masked = np.ma.isMaskedArray(values)
    array = np.ma.filled(values.astype(float), np.nan) if masked else np.asarray(values, float)
    if np.isinf(array).any():
        raise ArgumentError(
            f"start of {name} is infinite.", where=_fit(np.isinf(array)),
            next_step="give nan where it is to be found from the data.",
        )  # fmt: skip
    return array.reshape(-1)


def _check_within(
    name: str, values: np.ndarray, bounds: tuple[float, float], shape: tuple[int, ...]
) -> None:
    out = (values < bounds[0]) | (values > bounds[1])
    if out.any():
        raise BoundsError(
            f"The start of {name} is outside its bounds [{bounds[0]:g}, {bounds[1]:g}].",
            where=f"{_fit(out.reshape(shape))}: {values[out][0]:g}",
            next_step="move the start inside, or widen the bounds.",
        )


def _fit(wrong: np.ndarray) -> str:
    place = [int(i[0]) for i in np.nonzero(wrong)]
    return f"fit {place[0] if len(place) == 1 else tuple(place)}"
