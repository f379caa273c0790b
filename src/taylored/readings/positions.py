"""Where gather, scatter and window operations read and write: positions in the flat array.

The semantics are those of XLA: starts out of range are clamped or dropped, as the mode says. An
axis whose index is not known is given as unknown; the caller takes the union along it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["gather_positions", "scatter_positions", "window_positions"]


@dataclass(frozen=True, slots=True)
class _Layout:
    """The parts of gather's and scatter's dimension numbers in one vocabulary."""

    window_axes: tuple[int, ...]  # of the output (gather) or of the updates (scatter)
    dropped: tuple[int, ...]  # operand axes of length 1 in the window, not in the output
    indexed: tuple[int, ...]  # operand axis of each entry of an index vector
    operand_batch: tuple[int, ...]
    index_batch: tuple[int, ...]


def gather_positions(
    shape: Sequence[int], indices: np.ndarray, unknown: np.ndarray, params: Any
) -> tuple[np.ndarray, tuple[int, ...]]:
    """For each element of the result the flat position that is read; -1 where it is filled.

    Args:
        shape: of the operand.
        indices: (..., k) index vectors.
        unknown: of the same shape, True where an index is not known.
        params: of the gather equation.

    Returns:
        The positions, for an operand with axes of length 1 where an index is not known, and these
        axes: the operand must be united along them.
    """
    d = params["dimension_numbers"]
    layout = _Layout(
        tuple(d.offset_dims), tuple(d.collapsed_slice_dims), tuple(d.start_index_map),
        tuple(d.operand_batching_dims), tuple(d.start_indices_batching_dims),
    )  # fmt: skip
    fills = "FILL" in str(params["mode"]).upper()
    return _positions(shape, indices, unknown, layout, (params["slice_sizes"], fills))


def scatter_positions(
    shape: Sequence[int],
    indices: np.ndarray,
    unknown: np.ndarray,
    params: Any,
    updates: Sequence[int],
) -> tuple[np.ndarray, tuple[int, ...]]:
    """For each element of the updates the flat position that is written; -1 where it is dropped.

    `updates` is their shape. As for `gather_positions`, axes with unknown indices have length 1.
    """
    d = params["dimension_numbers"]
    window = list(d.update_window_dims)
    dropped, batch = tuple(d.inserted_window_dims), tuple(d.operand_batching_dims)
    sizes = iter(updates[a] for a in window)
    slice_sizes = [1 if a in (*dropped, *batch) else next(sizes) for a in range(len(shape))]
    layout = _Layout(
        tuple(window), dropped, tuple(d.scatter_dims_to_operand_dims), batch,
        tuple(d.scatter_indices_batching_dims),
    )  # fmt: skip
    drops = "CLIP" not in str(params["mode"]).upper()
    return _positions(shape, indices, unknown, layout, (slice_sizes, drops))


def _positions(
    shape: Sequence[int],
    indices: np.ndarray,
    unknown: np.ndarray,
    layout: _Layout,
    rules: tuple[Sequence[int], bool],
) -> tuple[np.ndarray, tuple[int, ...]]:
    slice_sizes, drop = rules
    batch_shape = indices.shape[:-1]
    free = _unknown_axes(shape, unknown, layout, slice_sizes)
    reduced = [1 if a in free else n for a, n in enumerate(shape)]
    sizes = [1 if a in free else n for a, n in enumerate(slice_sizes)]
    strides = np.append(np.cumprod(reduced[::-1])[::-1][1:], 1).astype(np.int64)
    start, valid = _starts(reduced, indices, layout, (sizes, drop, free))
    flat_start = np.zeros(batch_shape, np.int64)
    for axis, value in start.items():
        flat_start += value * strides[axis]
    for axis, index_axis in zip(layout.operand_batch, layout.index_batch, strict=True):
        line = np.arange(batch_shape[index_axis]) * strides[axis]
        flat_start += line.reshape([-1 if a == index_axis else 1 for a in range(len(batch_shape))])
    hidden = (*layout.dropped, *layout.operand_batch)
    kept = [a for a in range(len(shape)) if a not in hidden]
    # The window keeps its full size: along an unknown axis all its elements are the united one.
    window = np.zeros([slice_sizes[a] for a in kept], np.int64)
    for k, axis in enumerate(kept):
        line = np.arange(slice_sizes[axis]) * (0 if axis in free else strides[axis])
        window += line.reshape([-1 if j == k else 1 for j in range(len(kept))])
    extended = (*batch_shape, *[1] * window.ndim)
    result = flat_start.reshape(extended) + window
    result = np.where(valid.reshape(extended), result, -1)
    return _placed(result, len(batch_shape), layout.window_axes), free


def _unknown_axes(
    shape: Sequence[int], unknown: np.ndarray, layout: _Layout, slice_sizes: Sequence[int]
) -> tuple[int, ...]:
    lost = np.any(unknown.reshape(-1, unknown.shape[-1]), axis=0).tolist()
    # A window as long as its axis starts at 0, whatever the index.
    return tuple(
        axis
        for axis, missing in zip(layout.indexed, lost, strict=True)
        if missing and slice_sizes[axis] < shape[axis]
    )


def _starts(
    shape: Sequence[int], indices: np.ndarray, layout: _Layout, rules: tuple
) -> tuple[dict[int, np.ndarray], np.ndarray]:
    """Starts by operand axis, moved inside, and where the window was inside to begin with."""
    sizes, drop, free = rules
    start: dict[int, np.ndarray] = {}
    valid = np.ones(indices.shape[:-1], bool)
    for k, axis in enumerate(layout.indexed):
        if axis in free:
            continue
        wanted = indices[..., k].astype(np.int64)
        start[axis] = np.clip(wanted, 0, shape[axis] - sizes[axis])
        if drop:
            valid &= wanted == start[axis]
    return start, valid


def _placed(result: np.ndarray, batch: int, window_axes: Sequence[int]) -> np.ndarray:
    """Batch axes first, window axes after, into the order of the output."""
    order, batches, windows = [], iter(range(batch)), iter(range(batch, result.ndim))
    for axis in range(result.ndim):
        order.append(next(windows) if axis in window_axes else next(batches))
    return result.transpose(order)


def window_positions(
    lengths: Sequence[int],
    window: Sequence[int],
    strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    dilations: tuple[Sequence[int], Sequence[int]],
) -> np.ndarray:
    """(outputs, window size) flat positions over axes of these lengths; -1 in padding and gaps.

    `dilations` are of the base (the array) and of the window. Outputs and window are flattened.
    """
    base, spread = dilations
    per_axis = []
    for k, length in enumerate(lengths):
        low, high = padding[k]
        stretched = (length - 1) * base[k] + 1 if length else 0
        reach = (window[k] - 1) * spread[k] + 1
        count = max(0, (low + stretched + high - reach) // strides[k] + 1)
        place = np.arange(count)[:, None] * strides[k] + np.arange(window[k]) * spread[k] - low
        inside = (place >= 0) & (place < stretched) & (place % base[k] == 0)
        per_axis.append(np.where(inside, place // base[k], -1))
    positions = np.zeros((1, 1), np.int64)
    for place, length in zip(per_axis, lengths, strict=True):
        outer = positions[:, None, :, None] * length + place[None, :, None, :]
        absent = (positions[:, None, :, None] < 0) | (place[None, :, None, :] < 0)
        outer = np.where(absent, -1, outer)
        positions = outer.reshape(positions.shape[0] * place.shape[0], -1)
    return positions
