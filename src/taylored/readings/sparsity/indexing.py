"""Sparsity rules of structure: what moves elements, reads and writes at indices, and windows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np

from taylored.readings.numpy import RULES as NUMPY
from taylored.readings.positions import (
    gather_positions,
    scatter_positions,
    window_positions,
)
from taylored.readings.sparsity.dependence import Dependence, Sets, Term, union
from taylored.readings.sparsity.known import Value
from taylored.readings.sparsity.walk import RULES, everything
from taylored.trace.program import Equation

__all__ = ["concatenated"]


@RULES.register(
    "broadcast_in_dim",
    "broadcast_to",
    "squeeze",
    "expand_dims",
    "transpose",
    "rev",
    "slice",
    "tile",
)
def _move(equation: Equation, given: list[Value], context: Any) -> list[Dependence]:
    dep: Any = given[0].dep
    return [dep.moved(NUMPY[equation.primitive](equation))]


@RULES.register("reshape")
def _reshape(equation: Equation, given: list[Value], context: Any) -> list[Dependence]:
    dep: Any = given[0].dep
    order = equation.params.get("dimensions")
    if order is not None:
        dep = dep.moved(lambda a: a.transpose(order))
    return [dep.reshaped(context.shapes[0])]


@RULES.register("concatenate")
def _concatenate(equation: Equation, given: list[Value], context: Any) -> list[Dependence]:
    return [concatenated(given, equation.params["dimension"], context.inputs)]


@RULES.register("stack")
def _stack(equation: Equation, given: list[Value], context: Any) -> list[Dependence]:
    axis = equation.params.get("axis", 0)
    raised = []
    for value in given:
        shape = _raised(value.shape, axis)
        raised.append(Value(shape, None if value.dep is None else value.dep.reshaped(shape)))
    return [concatenated(raised, axis, context.inputs)]


def _raised(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return (*shape[:axis], 1, *shape[axis:])


def concatenated(parts: Sequence[Value], axis: int, inputs: int) -> Dependence:
    """Parts side by side: their k-th terms become one term, so that many parts stay few terms."""
    singles = [_slots(v, False) for v in parts]
    tabled = [_slots(v, True) for v in parts]
    terms = [Term(index) for index in _joined(singles, parts, axis)]
    tables: dict[int, Sets] = {id(t.sets): t.sets for row in tabled for t in row if t.sets}  # type: ignore[misc]
    if tables:
        merged, offsets = _merged(tables)
        shifted = [
            [Term(np.where(t.index < 0, -1, t.index + offsets[id(t.sets)])) for t in row]
            for row in tabled
        ]
        terms += [Term(index, merged) for index in _joined(shifted, parts, axis)]
    shape = list(parts[0].shape)
    shape[axis] = sum(v.shape[axis] for v in parts)
    return union([Dependence(tuple(shape), (t,), inputs) for t in terms], shape, inputs)


def _slots(value: Value, tabled: bool) -> list[Term]:
    terms = value.dep.terms if value.dep is not None else ()
    return [t for t in terms if (t.sets is not None) == tabled]


def _joined(rows: Sequence[list[Term]], parts: Sequence[Value], axis: int) -> list[np.ndarray]:
    count = max(map(len, rows), default=0)
    joined = []
    for k in range(count):
        pieces = [
            row[k].index.reshape(v.shape) if k < len(row) else np.full(v.shape, -1, np.int32)
            for row, v in zip(rows, parts, strict=True)
        ]
        joined.append(np.concatenate(pieces, axis=axis).reshape(-1))
    return joined


def _merged(tables: dict[int, Sets]) -> tuple[Sets, dict[int, int]]:
    if len(tables) == 1:
        return next(iter(tables.values())), dict.fromkeys(tables, 0)
    offsets, rows = {}, 0
    for key, sets in tables.items():
        offsets[key] = rows
        rows += len(sets)
    sizes = np.concatenate([s.sizes for s in tables.values()])
    starts = np.concatenate([[0], np.cumsum(sizes)])
    return Sets(starts, np.concatenate([s.members for s in tables.values()])), offsets


@RULES.register("pad")
def _pad(equation: Equation, given: list[Value], context: Any) -> list[Dependence]:
    array, filler = given
    config = equation.params["padding_config"]
    parts = []
    if array.dep is not None:
        parts.append(array.dep.moved(lambda a: _padded(a, config)))
    if filler.dep is not None:
        inside = _padded(np.zeros(array.shape, np.int32), config) >= 0
        parts.append(filler.dep.broadcast(context.shapes[0]).kept(~inside))
    return [union(parts, context.shapes[0], context.inputs)]


def _padded(index: np.ndarray, config: Sequence[tuple[int, int, int]]) -> np.ndarray:
    for axis, (low, high, interior) in enumerate(config):
        length = index.shape[axis]
        stretched = length + max(length - 1, 0) * interior
        result = np.full(
            [max(low, 0) + stretched + max(high, 0) if a == axis else n
             for a, n in enumerate(index.shape)], -1, np.int32,
        )  # fmt: skip
        begin = max(low, 0)
        place = [slice(None)] * index.ndim
        place[axis] = slice(begin, begin + stretched, interior + 1)
        result[tuple(place)] = index
        place[axis] = slice(max(-low, 0), result.shape[axis] - max(-high, 0))
        index = result[tuple(place)]
    return index


@RULES.register("gather")
def _gather(equation: Equation, given: list[Value], context: Any) -> list[Dependence]:
    operand, indices = given
    dep: Any = operand.dep
    known, unknown = indices.places()
    positions, free = gather_positions(operand.shape, known, unknown, equation.params)
    if free:
        dep = dep.reduced(free, keepdims=True)
    return [dep.taken(positions).reshaped(context.shapes[0])]


@RULES.register("scatter", "scatter-add", "scatter_add", "scatter-mul", "scatter_mul",
                "scatter-min", "scatter_min", "scatter-max", "scatter_max", "scatter-sub",
                "scatter_sub", "scatter-apply")  # fmt: skip
def _scatter(equation: Equation, given: list[Value], context: Any) -> list[Dependence]:
    operand, indices, *rest = given
    if not rest:
        return everything(equation, given, context)
    updates = rest[0]
    shape = operand.shape
    known, unknown = indices.places()
    positions, free = scatter_positions(
        shape, known, unknown, equation.params, updates.shape
    )  # fmt: skip
    parts = []
    if operand.dep is not None:
        kept = operand.dep
        # A window whose place is not known may be dropped as out of range.
        if equation.primitive == "scatter" and not unknown.any():
            untouched = np.ones(operand.dep.size, bool)
            untouched[positions[positions >= 0]] = False
            kept = kept.kept(untouched.reshape(shape))
        parts.append(kept)
    if updates.dep is not None:
        reduced = [1 if a in free else n for a, n in enumerate(shape)]
        parts.append(_collected(updates.dep, positions, reduced).broadcast(shape))
    return [union(parts, shape, context.inputs)]


def _collected(dep: Dependence, positions: np.ndarray, shape: Sequence[int]) -> Dependence:
    """Element k of the result is the union of all elements whose position is k."""
    flat = positions.reshape(-1)
    sources = np.flatnonzero(flat >= 0)
    targets = flat[sources]
    order = np.argsort(targets, kind="stable")
    sources, targets = sources[order], targets[order]
    size = int(np.prod(shape, dtype=np.int64))
    counts = np.bincount(targets, minlength=size)
    width = int(counts.max(initial=0))
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    if width * size <= 4 * len(sources) + 4096:
        groups = np.full((size, max(width, 1)), -1, np.int64)
        groups[targets, np.arange(len(targets)) - starts[targets]] = sources
        return dep.grouped(groups, shape)
    return _collected_unevenly(dep, (sources, targets, counts), shape)


def _collected_unevenly(dep: Dependence, plan: tuple, shape: Sequence[int]) -> Dependence:
    """Few targets get many elements: those apart, so that the others stay narrow."""
    sources, targets, counts = plan
    usual = max(4, int(np.quantile(counts[counts > 0], 0.95)))
    narrow = counts[targets] <= usual
    size = len(counts)
    parts = [_collected(dep, _inverse(dep.size, sources[narrow], targets[narrow]), shape)]
    for target in np.flatnonzero(counts > usual):
        members = dep.taken(sources[targets == target]).total()
        index = np.full(size, -1, np.int32)
        index[target] = 0
        sets = Sets(np.array([0, len(members)]), members.astype(np.int32))
        parts.append(Dependence(tuple(shape), (Term(index, sets),), dep.inputs))
    return union(parts, shape, dep.inputs)


def _inverse(size: int, sources: np.ndarray, targets: np.ndarray) -> np.ndarray:
    positions = np.full(size, -1, np.int64)
    positions[sources] = targets
    return positions


# Starts within bounds are tried one by one, up to so many together.
_MOST_STARTS = 64


def _starts(
    places: Sequence[Value], shape: Sequence[int], sizes: Sequence[int]
) -> list[range | None]:
    """By axis where a window may start; None if that may be anywhere."""
    found: list[range | None] = []
    tried = 1
    for value, length, size in zip(places, shape, sizes, strict=True):
        bounds = (0, 0) if size == length else value.bounds()
        if bounds is None:
            found.append(None)
            continue
        low, high = (min(max(b, 0), length - size) for b in bounds)
        tried *= high - low + 1
        found.append(range(low, high + 1) if tried <= _MOST_STARTS else None)
    return found


def _window_choices(starts: Sequence[range | None], sizes: Sequence[int]) -> list[tuple]:
    """The windows that may be meant; whole along axes where the start may be anywhere."""
    options = [[slice(None)] if r is None else [slice(s, s + n) for s in r]
               for r, n in zip(starts, sizes, strict=True)]  # fmt: skip
    return list(product(*options))


@RULES.register("dynamic_slice")
def _dynamic_slice(equation: Equation, given: list[Value], context: Any) -> list[Dependence]:
    dep: Any = given[0].dep
    (shape,) = context.shapes
    starts = _starts(given[1:], dep.shape, shape)
    free = [a for a, s in enumerate(starts) if s is None]
    if free:
        dep = dep.reduced(free, keepdims=True)
    windows = _window_choices(starts, shape)
    parts = [dep.moved(lambda a, w=w: a[w]) for w in windows]
    return [union(parts, shape, context.inputs)]


@RULES.register("dynamic_update_slice")
def _dynamic_update_slice(equation: Equation, given: list[Value], context: Any) -> list[Dependence]:
    operand, update, *places = given
    shape = operand.shape
    starts = _starts(places, shape, update.shape)
    free = [a for a, s in enumerate(starts) if s is None]
    windows = _window_choices(starts, update.shape)
    parts = []
    if operand.dep is not None:
        untouched = np.ones(shape, bool)
        if len(windows) == 1 and not free:
            untouched[windows[0]] = False
        parts.append(operand.dep.kept(untouched))
    if update.dep is not None:
        dep = update.dep.reduced(free, keepdims=True) if free else update.dep
        parts += [dep.moved(_placer(shape, window)) for window in windows]
    return [union(parts, shape, context.inputs)]


def _placer(shape: Sequence[int], window: tuple) -> Callable[[np.ndarray], np.ndarray]:
    def place(index: np.ndarray) -> np.ndarray:
        result = np.full(shape, -1, np.int32)
        result[window] = index
        return result

    return place


def _windows(equation: Equation, shape: Sequence[int]) -> np.ndarray:
    p = equation.params
    window = p["window_dimensions"]
    ones = (1,) * len(window)
    dilations = (p.get("base_dilation") or ones, p.get("window_dilation") or ones)
    strides = p.get("window_strides") or ones
    return window_positions(shape, window, strides, p["padding"], dilations)


@RULES.register("reduce_window_sum", "reduce_window_max", "reduce_window_min", "reduce_window",
                "select_and_gather_add")  # fmt: skip
def _reduce_window(equation: Equation, given: list[Value], context: Any) -> list[Dependence]:
    if given[0].dep is None or any(v.dep is not None for v in given[1:]):
        return everything(equation, given, context)
    positions = _windows(equation, given[0].shape)
    return [given[0].dep.grouped(positions, context.shapes[0])]


@RULES.register("select_and_scatter_add")
def _select_and_scatter(equation: Equation, given: list[Value], context: Any) -> list[Dependence]:
    """Each element of the source goes to one of the elements of its window."""
    source, operand = given
    if source.dep is None or operand.dep is not None:
        return everything(equation, given, context)
    positions = _windows(equation, operand.shape)
    wide = source.dep.taken(np.repeat(np.arange(source.dep.size), positions.shape[1]))
    return [_collected(wide, positions, context.shapes[0])]


@RULES.register("conv_general_dilated")
def _conv(equation: Equation, given: list[Value], context: Any) -> list[Dependence]:
    array, kernel = given
    p = equation.params
    if p["batch_group_count"] != 1:
        return everything(equation, given, context)
    spec = p["dimension_numbers"]
    groups = p["feature_group_count"]
    lengths = [array.shape[a] for a in spec.lhs_spec[2:]]
    window = [kernel.shape[a] for a in spec.rhs_spec[2:]]
    positions = window_positions(
        lengths, window, p["window_strides"], p["padding"], (p["lhs_dilation"], p["rhs_dilation"])
    )
    out = [context.shapes[0][a] for a in spec.out_spec]
    parts = []
    if array.dep is not None:
        parts.append(_conv_array(array.dep, kernel, (spec, groups, positions), out))
    if kernel.dep is not None:
        parts.append(_conv_kernel(kernel.dep, spec, positions, out))
    back = np.argsort(spec.out_spec)
    found = union(parts, out, context.inputs)
    return [found.moved(lambda a: a.transpose(back))]


def _conv_array(dep: Dependence, kernel: Value, plan: tuple, out: Sequence[int]) -> Dependence:
    spec, groups, positions = plan
    batch, features, *places = out
    arranged = dep.moved(lambda a: a.transpose(spec.lhs_spec))
    channels = arranged.shape[1]
    length = int(np.prod(arranged.shape[2:], dtype=np.int64))
    weights = kernel.fixed
    zeros = weights is not None and not weights.all()
    size = batch * features * positions.size * (channels // groups)
    if zeros and groups == 1 and size <= 20_000_000:
        used = weights.transpose(spec.rhs_spec).reshape(features, channels, 1, -1) != 0  # type: ignore[union-attr]
        base = (np.arange(batch * channels) * length).reshape(batch, 1, channels, 1, 1)
        chosen = np.where(used[None] & (positions >= 0), base + positions, -1)
        lanes = chosen.transpose(0, 1, 3, 2, 4).reshape(-1, channels * positions.shape[1])
        return arranged.grouped(lanes, out)
    if zeros:
        flags = (weights != 0).transpose(spec.rhs_spec)  # type: ignore[union-attr]
        used = flags.reshape(features, channels // groups, -1)
        positions = positions[:, used.any(axis=(0, 1))]
    lanes = arranged.reshaped((batch * groups, channels // groups, length)).reduced([1])
    base = (np.arange(batch * groups) * length)[:, None, None]
    windows = np.where(positions < 0, -1, base + positions)
    found = lanes.grouped(
        windows.reshape(-1, positions.shape[1]), (batch, groups, 1, len(positions))
    )
    wide = found.broadcast((batch, groups, features // groups, len(positions)))
    return wide.reshaped((batch, features, *places))


def _conv_kernel(
    dep: Dependence, spec: Any, positions: np.ndarray, out: Sequence[int]
) -> Dependence:
    batch, features, *places = out
    arranged = dep.moved(lambda a: a.transpose(spec.rhs_spec))
    width = positions.shape[1]
    lanes = arranged.reshaped((features, arranged.shape[1], width)).reduced([1])
    base = (np.arange(features) * width)[:, None, None]
    windows = np.where(positions < 0, -1, base + np.arange(width))
    found = lanes.grouped(windows.reshape(-1, width), (1, features, *places))
    return found.broadcast((batch, features, *places))
