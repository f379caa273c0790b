"""Taylor rules of what moves elements around: each is a gather by positions, found with NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from taylored.readings.jet.table import Walker, as_series, known, rule, unsupported
from taylored.readings.jet.value import Series, Truth, Undecided, moved, zeros
from taylored.readings.numpy import RULES as NUMPY
from taylored.readings.positions import scatter_positions
from taylored.trace.program import Equation

__all__ = ["joined", "picked", "positions_of"]

_MOVING = """broadcast_in_dim broadcast_to reshape squeeze expand_dims transpose rev slice tile
    """.split()


def positions_of(equation: Equation, shapes: Sequence[tuple[int, ...]], *more: Any) -> np.ndarray:
    """Where each element of the result comes from, in the concatenated flat inputs.

    `more` are further inputs that are known, such as starts.
    """
    sizes = [int(np.prod(s, dtype=np.int64)) for s in shapes]
    firsts = np.concatenate([[0], np.cumsum(sizes)])
    numbers = [
        np.arange(first, first + size).reshape(shape)
        for first, size, shape in zip(firsts, sizes, shapes, strict=False)
    ]
    return np.asarray(NUMPY[equation.primitive](equation)(*numbers, *more))


def joined(values: Sequence[Series]) -> Series:
    """The elements of several series in one flat array."""
    degree = max(v.degree for v in values)
    count = max(v.parts[0].shape[0] for v in values)
    boxes = max(v.parts[0].shape[1] for v in values)
    return Series(
        tuple(
            np.concatenate([_flat(part, count, boxes) for part in parts], axis=2)
            for parts in zip(*(v.parts for v in values), strict=True)
        ),
        degree,
    )


def _flat(part: Any, count: int, boxes: int) -> Any:
    """(coefficients, boxes, elements) with zeros for the missing coefficients."""
    flat = part.reshape((*part.shape[:2], -1))
    if part.shape[1] != boxes:
        flat = np.broadcast_to(flat, (flat.shape[0], boxes, flat.shape[2]))
    if part.shape[0] == count:
        return flat
    return np.concatenate([flat, zeros((count - part.shape[0], *flat.shape[1:]), flat)])


def picked(value: Series | Truth, index: np.ndarray) -> Any:
    """Elements by position, of a series or of a condition."""
    if isinstance(value, Truth):
        return value.map(lambda p: p.reshape((p.shape[0], -1))[:, index])
    return moved(value, index)


@rule(*_MOVING)
def _moving(equation: Equation, values: list[Any], walker: Walker) -> Any:
    first, rest = values[0], values[1:]  # dynamic shapes have their sizes as further inputs
    return picked(first, positions_of(equation, [first.shape], *rest))


@rule("copy", "copy_p", "stop_gradient", "optimization_barrier")
def _same(equation: Equation, values: list[Any], walker: Walker) -> Any:
    return values[0] if len(values) == 1 else values


@rule("concatenate", "stack")
def _concatenate(equation: Equation, values: list[Any], walker: Walker) -> Any:
    index = positions_of(equation, [v.shape for v in values])
    if any(isinstance(v, Truth) for v in values):
        return _concatenated_truths(values, index)
    return moved(joined([as_series(v, walker.ring) for v in values]), index)


def _concatenated_truths(values: list[Any], index: np.ndarray) -> Truth:
    truths = [v if isinstance(v, Truth) else Truth(v[None], v[None]) for v in values]
    boxes = max(t.sure.shape[0] for t in truths)

    def flat(part: np.ndarray) -> np.ndarray:
        rows = part.reshape((part.shape[0], -1))
        return np.broadcast_to(rows, (boxes, rows.shape[1]))

    sure = np.concatenate([flat(t.sure) for t in truths], axis=1)
    maybe = np.concatenate([flat(t.maybe) for t in truths], axis=1)
    return Truth(sure[:, index], maybe[:, index])


def _indices(walker: Walker, values: Sequence[Any]) -> list[np.ndarray]:
    """Indices as known numbers; which element is meant must not depend on the inputs."""
    from taylored.readings.jet.control import decided

    return [v if known(v) else decided(v, walker) for v in values]


@rule("dynamic_slice")
def _dynamic_slice(equation: Equation, values: list[Any], walker: Walker) -> Any:
    return picked(
        values[0], positions_of(equation, [values[0].shape], *_indices(walker, values[1:]))
    )


@rule("dynamic_update_slice")
def _dynamic_update_slice(equation: Equation, values: list[Any], walker: Walker) -> Any:
    arrays = [as_series(v, walker.ring) for v in values[:2]]
    index = positions_of(equation, [a.shape for a in arrays], *_indices(walker, values[2:]))
    return moved(joined(arrays), index)


@rule("pad")
def _pad(equation: Equation, values: list[Any], walker: Walker) -> Any:
    arrays = [as_series(v, walker.ring) for v in values]
    return moved(joined(arrays), positions_of(equation, [a.shape for a in arrays]))


def _replaced_fill(equation: Equation) -> Equation:
    return replace(equation, params={**equation.params, "fill_value": -1})


@rule("gather")
def _gather(equation: Equation, values: list[Any], walker: Walker) -> Any:
    value = values[0]
    (starts,) = _indices(walker, values[1:])
    # Positions that are filled become -1, whatever the fill is.
    index = positions_of(_replaced_fill(equation), [value.shape], starts)
    outside = (index < 0) | (index >= np.prod(value.shape, dtype=np.int64))
    if not outside.any():
        return picked(value, index)
    filler = equation.params.get("fill_value")
    if filler is None or not np.isfinite(float(filler)):
        raise unsupported(
            walker, equation, "an index out of range, which gives nan", "keep indices inside."
        )
    fill = walker.ring.constant(float(filler))
    both = joined([as_series(value, walker.ring), fill])
    return moved(both, np.where(outside, np.prod(value.shape, dtype=np.int64), index).astype(int))


@rule("scatter", "scatter-add", "scatter_add")
def _scatter(equation: Equation, values: list[Any], walker: Walker) -> Any:
    base, updates = as_series(values[0], walker.ring), as_series(values[2], walker.ring)
    (starts,) = _indices(walker, values[1:2])
    places, _ = scatter_positions(
        base.shape, starts, np.zeros(starts.shape, bool), equation.params, updates.shape
    )
    places = places.reshape(-1)
    size = int(np.prod(base.shape, dtype=np.int64))
    both = joined([base, updates, walker.ring.constant(0.0)])
    if equation.primitive == "scatter":
        index = np.arange(size)
        kept = np.flatnonzero(places >= 0)
        index[places[kept]] = size + kept
        return moved(both, index.reshape(base.shape))
    table = _grouped(places, size)
    index = np.where(table < 0, len(places) + size, table + size)
    index = np.concatenate([np.arange(size)[:, None], index], axis=1)
    return walker.ring.total(moved(both, index), 1).reshaped(base.shape)


def _grouped(places: np.ndarray, size: int) -> np.ndarray:
    """(size, most) numbers of the updates that go to each place; -1 where there is none."""
    kept = np.flatnonzero(places >= 0)
    order = kept[np.argsort(places[kept], kind="stable")]
    targets = places[order]
    counts = np.bincount(targets, minlength=size)
    firsts = np.concatenate([[0], np.cumsum(counts)])[:-1]
    table = np.full((size, max(int(counts.max(initial=0)), 1)), -1)
    table[targets, np.arange(len(order)) - firsts[targets]] = order
    return table


@rule("convert_element_type")
def _convert(equation: Equation, values: list[Any], walker: Walker) -> Any:
    (value,), dtype = values, np.dtype(equation.params["new_dtype"])
    if dtype.kind == "c":
        raise unsupported(walker, equation, "complex numbers")
    if dtype.kind not in "biu":
        if dtype != np.float64 and not isinstance(value, Truth):
            return _narrowed(equation, value, dtype, walker)
        if isinstance(value, Truth):
            one, zero = walker.ring.constant(1.0), walker.ring.constant(0.0)
            return walker.ring.choose(value, *_wide(zero, one, value.shape))
        return as_series(value, walker.ring)
    if known(value):
        return value.astype(dtype)
    if dtype.kind == "b":
        if isinstance(value, Truth):
            return value
        return walker.ring.compare("ne", value, _wide_zero(value, walker))
    from taylored.readings.jet.control import decided

    try:
        return decided(value, walker).astype(dtype)
    except Undecided:
        if isinstance(value, Truth):
            return value  # `cond` takes it as it is
        raise


def _narrowed(equation: Equation, value: Any, dtype: np.dtype, walker: Walker) -> Series:
    """Constants rounded to a shorter type; of what depends on the inputs this makes stairs."""
    ring = walker.ring
    if known(value):
        return ring.constant(value.astype(dtype).astype(float))
    if value.degree or not exact(value):
        what = f"numbers rounded to {dtype.name}, which makes a smooth function one of small steps"
        raise unsupported(walker, equation, what, "compute in float64, without the conversion.")
    return value.map(lambda p: p.astype(float).astype(dtype).astype(p.dtype))


def exact(value: Series) -> bool:
    """Whether it is a number, or an interval of no width that is known to be one."""
    return value.degree == 0 and all(p is value.parts[0] for p in value.parts)


def _wide_zero(value: Series, walker: Walker) -> Series:
    return walker.ring.constant(0.0).reshaped((1,) * len(value.shape))


def _wide(*values: Any) -> tuple[Series, Series]:
    zero, one, shape = values
    index = np.zeros(shape, int)
    return moved(zero, index), moved(one, index)


@rule("iota")
def _iota(equation: Equation, values: list[Any], walker: Walker) -> Any:
    found = np.asarray(NUMPY["iota"](equation)())
    return found if found.dtype.kind in "iub" else walker.ring.constant(found)
