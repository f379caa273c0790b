"""Taylor rules of sums, products, order and linear algebra."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from taylored.readings.jet.elementwise import as_truth
from taylored.readings.jet.ring import Ring
from taylored.readings.jet.structure import joined
from taylored.readings.jet.table import Walker, as_series, known, rule, unsupported
from taylored.readings.jet.value import Series, Truth, moved
from taylored.readings.positions import window_positions
from taylored.trace.program import Equation

__all__: list[str] = []


# ---- reductions ----


@rule("reduce_sum")
def _reduce_sum(equation: Equation, values: list[Any], walker: Walker) -> Series:
    value = as_series(values[0], walker.ring)
    for axis in sorted(equation.params["axes"], reverse=True):
        value = walker.ring.total(value, axis)
    return value


def _folded(value: Series, axis: int, combine: Callable[[Series, Series], Series]) -> Series:
    """One number from all along an axis, by halves: few steps, and errors grow slowly."""
    value = _axis_last(value, axis)
    while (n := value.shape[-1]) > 1:
        half = n // 2
        pair = combine(
            value.map(lambda p, h=half: p[..., :h]), value.map(lambda p, h=half: p[..., h : 2 * h])
        )
        if n % 2:
            rest = value.map(lambda p, h=half: p[..., 2 * h :])
            value = _beside(pair, rest)
        else:
            value = pair
    return value.map(lambda p: p[..., 0])


def _axis_last(value: Series, axis: int) -> Series:
    return value.map(lambda p: np.moveaxis(p, axis + 2, -1))


def _beside(left: Series, right: Series) -> Series:
    """Two series side by side along the last axis."""
    both = joined([left, right])
    a, b = left.shape, right.shape
    first = int(np.prod(a, dtype=np.int64))
    index = np.concatenate(
        [np.arange(first).reshape(a), first + np.arange(int(np.prod(b))).reshape(b)], axis=-1
    )
    return moved(both, index)


@rule("reduce_max", "reduce_min")
def _reduce_extreme(equation: Equation, values: list[Any], walker: Walker) -> Series:
    value, ring = as_series(values[0], walker.ring), walker.ring
    largest = equation.primitive == "reduce_max"
    for axis in sorted(equation.params["axes"], reverse=True):
        value = _folded(value, axis, lambda a, b: ring.extreme(a, b, largest))
    return value


@rule("reduce_prod")
def _reduce_prod(equation: Equation, values: list[Any], walker: Walker) -> Series:
    value = as_series(values[0], walker.ring)
    for axis in sorted(equation.params["axes"], reverse=True):
        if value.shape[axis] == 0:
            shape = (*value.shape[:axis], *value.shape[axis + 1 :])
            value = walker.ring.constant(np.ones(shape))
        else:
            value = _folded(value, axis, walker.ring.multiply)
    return value


@rule("reduce_and", "reduce_or")
def _reduce_truth(equation: Equation, values: list[Any], walker: Walker) -> Truth:
    truth = as_truth(values[0])
    axes = tuple(a + 1 for a in equation.params["axes"])
    function = np.all if equation.primitive == "reduce_and" else np.any
    return truth.map(lambda p: function(p, axis=axes))


@rule("argmax", "argmin")
def _arg_extreme(equation: Equation, values: list[Any], walker: Walker) -> Any:
    ring, (axis,) = walker.ring, equation.params["axes"]
    value = as_series(values[0], ring)
    if equation.primitive == "argmin":
        value = ring.negative(value)
    return np.asarray(ring.largest(value, axis), np.dtype(equation.params["index_dtype"]))


@rule("cumsum")
def _cumsum(equation: Equation, values: list[Any], walker: Walker) -> Series:
    return _along(equation, as_series(values[0], walker.ring), walker.ring.cumulative)


def _along(equation: Equation, value: Series, run: Callable[[Series, int], Series]) -> Series:
    """A cumulative operation, from the end where the equation says so."""
    axis = equation.params["axis"]
    if not equation.params["reverse"]:
        return run(value, axis)
    found = run(value.map(lambda p: np.flip(p, axis + 2)), axis)
    return found.map(lambda p: np.flip(p, axis + 2))


@rule("cumprod", "cummax", "cummin")
def _cumulative(equation: Equation, values: list[Any], walker: Walker) -> Series:
    ring = walker.ring
    combine = {
        "cumprod": ring.multiply,
        "cummax": lambda a, b: ring.extreme(a, b, True),
        "cummin": lambda a, b: ring.extreme(a, b, False),
    }[equation.primitive]

    def run(value: Series, axis: int) -> Series:
        columns = _axis_last(value, axis)
        found = [columns.map(lambda p: p[..., :1])]
        for k in range(1, columns.shape[-1]):
            found.append(combine(found[-1], columns.map(lambda p, k=k: p[..., k : k + 1])))
        whole = found[0]
        for one in found[1:]:
            whole = _beside(whole, one)
        return whole.map(lambda p: np.moveaxis(p, -1, axis + 2))

    return _along(equation, as_series(values[0], ring), run)


@rule("cumlogsumexp")
def _cumlogsumexp(equation: Equation, values: list[Any], walker: Walker) -> Series:
    ring = walker.ring

    def run(value: Series, axis: int) -> Series:
        return ring.unary("log", ring.cumulative(ring.unary("exp", value, {}), axis), {})

    return _along(equation, as_series(values[0], ring), run)


# ---- windows ----


def _windows(equation: Equation, value: Series) -> tuple[np.ndarray, tuple[int, ...]]:
    """(outputs, window) positions, -1 where the window reaches outside; and the output's shape."""
    p = equation.params
    lengths, rank = value.shape, len(value.shape)
    base = tuple(p.get("base_dilation") or (1,) * rank)
    spread = tuple(p.get("window_dilation") or (1,) * rank)
    window, strides, padding = p["window_dimensions"], p["window_strides"], p["padding"]
    positions = window_positions(lengths, window, strides, padding, (base, spread))
    shape = []
    for k, n in enumerate(lengths):
        stretched = (n - 1) * base[k] + 1 if n else 0
        reach = (window[k] - 1) * spread[k] + 1
        shape.append(max(0, (padding[k][0] + stretched + padding[k][1] - reach) // strides[k] + 1))
    return positions, tuple(shape)


def _filled(value: Series, positions: np.ndarray, fill: Series) -> Series:
    """Elements by position, with a filler where the position is -1."""
    size = int(np.prod(value.shape, dtype=np.int64))
    return moved(joined([value, fill]), np.where(positions < 0, size, positions))


@rule("reduce_window_sum")
def _window_sum(equation: Equation, values: list[Any], walker: Walker) -> Series:
    value = as_series(values[0], walker.ring)
    positions, shape = _windows(equation, value)
    parts = _filled(value, positions, walker.ring.constant(0.0))
    return walker.ring.total(parts, 1).reshaped(shape)


@rule("reduce_window_max", "reduce_window_min")
def _window_extreme(equation: Equation, values: list[Any], walker: Walker) -> Series:
    ring, largest = walker.ring, equation.primitive == "reduce_window_max"
    value = as_series(values[0], ring)
    positions, shape = _windows(equation, value)
    # What lies outside is replaced by an element that lies inside: it changes no extreme.
    inside = positions.max(axis=1, keepdims=True)
    whole = moved(value, np.where(positions < 0, np.maximum(inside, 0), positions))
    return _folded(whole, 1, lambda a, b: ring.extreme(a, b, largest)).reshaped(shape)


# ---- products of matrices ----


@rule("dot_general")
def _dot_general(equation: Equation, values: list[Any], walker: Walker) -> Series:
    (left, right), (left_batch, right_batch) = equation.params["dimension_numbers"]
    x, y = (as_series(v, walker.ring) for v in values)
    return dot(walker.ring, x, y, ((tuple(left), tuple(right)),
                                   (tuple(left_batch), tuple(right_batch))))  # fmt: skip


def dot(ring: Ring, x: Series, y: Series, axes: tuple) -> Series:
    """A product summed over the contracted axes, those of the batch in front, as JAX orders it."""
    (left, right), (left_batch, right_batch) = axes
    rest_x = [a for a in range(len(x.shape)) if a not in (*left, *left_batch)]
    rest_y = [a for a in range(len(y.shape)) if a not in (*right, *right_batch)]
    batch = [x.shape[a] for a in left_batch]
    m = [x.shape[a] for a in rest_x]
    n = [y.shape[a] for a in rest_y]
    k = int(np.prod([x.shape[a] for a in left], dtype=np.int64))
    a = _permuted(x, [*left_batch, *rest_x, *left], (*batch, int(np.prod(m, dtype=np.int64)), k))
    b = _permuted(y, [*right_batch, *right, *rest_y], (*batch, k, int(np.prod(n, dtype=np.int64))))
    return ring.matmul(a, b).reshaped((*batch, *m, *n))


def _permuted(value: Series, order: list[int], shape: tuple[int, ...]) -> Series:
    axes = (0, 1, *(a + 2 for a in order))
    return value.map(lambda p: np.transpose(p, axes)).reshaped(shape)


@rule("conv_general_dilated")
def _conv(equation: Equation, values: list[Any], walker: Walker) -> Series:
    """As a product of matrices: the windows of the image times the kernel."""
    p, ring = equation.params, walker.ring
    numbers = p["dimension_numbers"]
    image = _permuted_only(as_series(values[0], ring), numbers.lhs_spec)
    kernel = _permuted_only(as_series(values[1], ring), numbers.rhs_spec)
    (count, channels, *lengths), (filters, per_group, *window) = image.shape, kernel.shape
    rank = len(lengths)
    dilations = (p["lhs_dilation"] or (1,) * rank, p["rhs_dilation"] or (1,) * rank)
    places = window_positions(lengths, window, p["window_strides"], p["padding"], dilations)
    shape = _conv_shape(lengths, window, p, dilations)
    groups = p["feature_group_count"]
    if p["batch_group_count"] != 1:
        raise unsupported(walker, equation, "convolutions with batch_group_count")
    # (groups, images*outputs, channels of the group*window) times (groups, ..., filters of it)
    size = int(np.prod(lengths, dtype=np.int64))
    plane = (np.arange(count)[:, None] * channels + np.arange(channels)) * size
    index = np.where(places < 0, -1, plane[:, :, None, None] + places)
    index = index.reshape(count, groups, per_group, *places.shape).transpose(1, 0, 3, 2, 4)
    outputs, taps = places.shape
    patches = _filled(image, index.reshape(groups, count * outputs, per_group * taps),
                      ring.constant(0.0))  # fmt: skip
    weights = kernel.reshaped((groups, filters // groups, per_group * taps))
    product = ring.matmul(patches, weights.map(lambda q: np.swapaxes(q, -1, -2)))
    found = product.reshaped((groups, count, outputs, filters // groups))
    found = found.map(lambda q: q.transpose(0, 1, 3, 2, 5, 4))
    found = found.reshaped((count, filters, *shape))
    return _permuted_only(found, tuple(np.argsort(numbers.out_spec)))


def _permuted_only(value: Series, order: tuple[int, ...]) -> Series:
    return value.map(lambda p: np.transpose(p, (0, 1, *(a + 2 for a in order))))


def _conv_shape(lengths: Any, window: Any, params: Any, dilations: Any) -> list[int]:
    shape = []
    for k, n in enumerate(lengths):
        low, high = params["padding"][k]
        reach = (window[k] - 1) * dilations[1][k] + 1
        stretched = (n - 1) * dilations[0][k] + 1 if n else 0
        shape.append(max(0, (low + stretched + high - reach) // params["window_strides"][k] + 1))
    return shape


# ---- order ----


@rule("sort")
def _sort(equation: Equation, values: list[Any], walker: Walker) -> Any:
    ring = walker.ring
    if equation.params.get("num_keys", 1) > 1:
        raise unsupported(walker, equation, "sorting by more than one key")
    found = ring.sort([as_series(v, ring) for v in values], equation.params["dimension"])
    return found[0] if len(found) == 1 else found


# ---- linear algebra ----


def _by_matrix(run: Callable, values: list[Series]) -> Any:
    """A rule for one matrix on each of a batch of them."""
    batch = values[0].shape[:-2]
    made = [
        run(*(v.map(lambda p, k=k: p[(slice(None), slice(None), *k)]) for v in values))
        for k in np.ndindex(*batch)
    ]
    if not isinstance(made[0], tuple):
        return _of_batch(made, batch)
    return tuple(_of_batch(list(column), batch) for column in zip(*made, strict=True))


def _of_batch(results: list[Any], batch: tuple[int, ...]) -> Any:
    """The results for the matrices of a batch as one array."""
    shape = (*batch, *results[0].shape)
    if known(results[0]):
        return np.stack(results).reshape(shape)
    size = int(np.prod(shape, dtype=np.int64))
    return moved(joined(results), np.arange(size).reshape(shape))


@rule("lu")
def _lu(equation: Equation, values: list[Any], walker: Walker) -> Any:
    """Elimination; the order of the rows is that of the middle of all boxes.

    With any order of the rows the solution of a linear system is the same, so that the order
    need not be right everywhere.
    """
    ring, matrix = walker.ring, as_series(values[0], walker.ring)
    *batch, rows, columns = matrix.shape
    if batch:
        return _by_matrix(lambda one: _lu(equation, [one], walker), [matrix])
    middle = ring.middle(matrix)[0].astype(float)
    order = np.arange(rows)
    pivots = np.zeros(min(rows, columns), np.int32)
    for k in range(min(rows, columns)):
        best = k + int(np.argmax(np.abs(middle[k:, k])))
        pivots[k] = best
        if best != k:
            middle[[k, best]], order[[k, best]] = middle[[best, k]], order[[best, k]]
            matrix = _rows_swapped(matrix, k, best)
        if middle[k, k] != 0:
            middle[k + 1 :, k] /= middle[k, k]
            middle[k + 1 :, k + 1 :] -= np.outer(middle[k + 1 :, k], middle[k, k + 1 :])
        if k + 1 < rows:
            matrix = _eliminated(ring, matrix, k)
    return matrix, pivots, order.astype(np.int32)


def _rows_swapped(matrix: Series, i: int, j: int) -> Series:
    order = np.arange(matrix.shape[0])
    order[[i, j]] = j, i
    return matrix.map(lambda p: p[:, :, order])


def _eliminated(ring: Ring, matrix: Series, k: int) -> Series:
    """One step: factors below the diagonal, and the rest of the matrix less their products."""
    rows, columns = matrix.shape

    def part(i: slice, j: slice) -> Series:
        return matrix.map(lambda p: p[:, :, i, j])

    below = slice(k + 1, rows)
    factors = ring.divide(part(below, slice(k, k + 1)), part(slice(k, k + 1), slice(k, k + 1)))
    rest = factors
    if k + 1 < columns:
        right = slice(k + 1, columns)
        product = ring.multiply(factors, part(slice(k, k + 1), right))
        rest = _beside(factors, ring.subtract(part(below, right), product))
    index = np.arange(rows * columns).reshape(rows, columns)
    width = columns - k
    index[k + 1 :, k:] = rows * columns + np.arange((rows - k - 1) * width).reshape(-1, width)
    return moved(joined([matrix, rest]), index)


@rule("triangular_solve")
def _triangular_solve(equation: Equation, values: list[Any], walker: Walker) -> Series:
    ring, p = walker.ring, equation.params
    a, b = (as_series(v, ring) for v in values)
    if len(a.shape) != 2:
        return _by_matrix(lambda *one: _triangular_solve(equation, list(one), walker), [a, b])

    def turned(value: Series) -> Series:
        return value.map(lambda q: np.swapaxes(q, -1, -2))

    if p["transpose_a"]:
        a = turned(a)
    lower = p["lower"] != p["transpose_a"]
    if not p["left_side"]:
        a, b, lower = turned(a), turned(b), not lower
    found = _substituted(ring, a, b, lower, p["unit_diagonal"])
    return found if p["left_side"] else turned(found)


def _substituted(ring: Ring, a: Series, b: Series, lower: bool, unit: bool) -> Series:
    """The solution of a triangular system, row by row."""
    count = a.shape[-1]
    rows: dict[int, Series] = {}
    for i in range(count) if lower else range(count - 1, -1, -1):
        rest = b.map(lambda q, i=i: q[:, :, i : i + 1])
        done = sorted(rows)
        if done:
            known_rows = rows[done[0]]
            for j in done[1:]:
                known_rows = _below(known_rows, rows[j])
            left = a.map(lambda q, i=i, done=done: q[:, :, i : i + 1][..., done])
            rest = ring.subtract(rest, ring.matmul(left, known_rows))
        if not unit:
            rest = ring.divide(rest, a.map(lambda q, i=i: q[:, :, i : i + 1, i : i + 1]))
        rows[i] = rest
    whole = rows[0]
    for i in range(1, count):
        whole = _below(whole, rows[i])
    return whole


def _below(upper: Series, lower: Series) -> Series:
    """Two series one above the other, as rows."""
    both = joined([upper, lower])
    rows, columns = upper.shape[0] + lower.shape[0], upper.shape[1]
    return both.reshaped((rows, columns))


@rule("cholesky")
def _cholesky(equation: Equation, values: list[Any], walker: Walker) -> Series:
    ring, matrix = walker.ring, as_series(values[0], walker.ring)
    if len(matrix.shape) != 2:
        return _by_matrix(lambda one: _cholesky(equation, [one], walker), [matrix])
    count = matrix.shape[0]
    columns: list[Series] = []  # column j, from row j on
    for j in range(count):
        column = matrix.map(lambda q, j=j: q[:, :, j:, j])
        for i, earlier in enumerate(columns):
            own = earlier.map(lambda q, i=i, j=j: q[:, :, j - i :])
            first = earlier.map(lambda q, i=i, j=j: q[:, :, j - i : j - i + 1])
            column = ring.subtract(column, ring.multiply(own, first))
        root = ring.unary("sqrt", column.map(lambda q: q[:, :, :1]), {})
        rest = ring.divide(column.map(lambda q: q[:, :, 1:]), root)
        columns.append(_beside(root, rest))
    whole = joined([*columns, ring.constant(0.0)])
    size = count * (count + 1) // 2
    index = np.full((count, count), size)
    start = 0
    for j in range(count):
        index[j:, j] = start + np.arange(count - j)
        start += count - j
    return moved(whole, index)


@rule("lu_pivots_to_permutation")
def _pivots(equation: Equation, values: list[Any], walker: Walker) -> np.ndarray:
    (pivots,) = values
    if not known(pivots):
        raise unsupported(walker, equation, "pivots that depend on the inputs")
    if pivots.ndim > 1:
        return np.stack([_pivots(equation, [one], walker) for one in pivots])
    order = np.arange(equation.params["permutation_size"], dtype=np.int32)
    for i, j in enumerate(pivots):
        order[[i, j]] = order[[j, i]]
    return order
