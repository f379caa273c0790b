"""One step of Levenberg and Marquardt's method, written for traced values and for arrays alike.

It is recorded as a program and runs on vectors of lanes (`taylored.native`) or with XLA: choices
instead of branches. All lanes are independent of each other.

The method: More (1978) for the damping, Golub and Pereyra (1973) and Kaufman (1975) for the
elimination of linear parameters; the products of columns come from one pass over the points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from taylored.many.columns import Columns
from taylored.trace.program import Builder, Program
from taylored.trace.tracer import ProgramRecorder, Traced, apply

__all__ = ["Layout", "Limits", "layout", "record_step"]

_SHRINK, _GROW, _REJECT = 0.1, 4.0, 8.0


def _where(condition: Any, yes: Any, no: Any) -> Any:
    return apply("where", condition, yes, no)


@dataclass(frozen=True, slots=True)
class Layout:
    """Which rows the state of a lane has, by name: (first, count)."""

    rows: dict[str, tuple[int, int]]
    size: int
    columns: int
    bent: int
    linear: int

    def of(self, name: str) -> range:
        """The rows of one part of the state."""
        first, count = self.rows[name]
        return range(first, first + count)


def layout(columns: Columns) -> Layout:
    """The state of a lane.

    `trial` is the point of the next pass, `best` the best one so far with its `cost`, reduced
    normal matrix `normal`, `gradient`, linear parameters `linear` and their `response` to a move.
    `left` counts the starts still to be tried, this pass included. `decrement` (the decrease that
    an undamped step promises), `pivot` (the least, relative) and `held` (1 at a bound) are for the
    verdict; so are, where nothing is eliminated, the `variance` of each parameter, and of the
    residuals the sum of products of neighbors (`lag`) and the `largest`.
    """
    q, p = len(columns.bent), columns.linear
    half = q * (q + 1) // 2
    parts = [
        ("trial", q),
        ("best", q),
        ("cost", 1),
        ("normal", half),
        ("gradient", q),
        ("linear", p),
        ("response", p * q),
        ("damping", 1),
        ("predicted", 1),
        ("count", 1),
        ("left", 1),
        ("decrement", 1),
        ("pivot", 1),
        ("converged", 1),
        ("held", q),
    ]
    if not p:
        parts += [("variance", q), ("lag", 1), ("largest", 1)]
    rows, first = {}, 0
    for name, count in parts:
        rows[name] = (first, count)
        first += count
    return Layout(rows, first, columns.count, q, p)


def _packed(i: int, j: int, size: int) -> int:
    """The place of (i, j) in the upper triangle, row by row."""
    i, j = min(i, j), max(i, j)
    return i * size - i * (i - 1) // 2 + j - i


class _Matrix:
    """A symmetric matrix of traced numbers, upper triangle row by row."""

    def __init__(self, size: int, values: Sequence[Any]):
        self.size, self.values = size, list(values)

    def __getitem__(self, place: tuple[int, int]) -> Any:
        return self.values[_packed(*place, self.size)]


def _cholesky(a: _Matrix, damping: Any, floor: float) -> tuple[list[list[Any]], list[Any], Any]:
    """The factor of a + damping*diag(a), reciprocal pivots' roots, and the least relative pivot."""
    n = a.size
    rows: list[list[Any]] = [[None] * n for _ in range(n)]
    inverse: list[Any] = []
    least: Any = 1.0
    for j in range(n):
        diagonal = a[j, j]
        pivot = diagonal + damping * diagonal if damping is not None else diagonal
        for k in range(j):
            pivot = pivot - rows[j][k] * rows[j][k]
        size = _where(diagonal > 0.0, diagonal, 1.0)
        relative = pivot / size
        least = apply("min", least, relative)
        safe = _where(relative > floor, pivot, floor * size)
        inverse.append(apply("rsqrt", safe))
        for i in range(j + 1, n):
            value = a[i, j]
            for k in range(j):
                value = value - rows[i][k] * rows[j][k]
            rows[i][j] = value * inverse[j]
    return rows, inverse, least


def _forward(rows: list[list[Any]], inverse: list[Any], right: Sequence[Any]) -> list[Any]:
    found: list[Any] = []
    for i, value in enumerate(right):
        for k in range(i):
            value = value - rows[i][k] * found[k]
        found.append(value * inverse[i])
    return found


def _backward(rows: list[list[Any]], inverse: list[Any], right: Sequence[Any]) -> list[Any]:
    n = len(right)
    found: list[Any] = [None] * n
    for i in reversed(range(n)):
        value = right[i]
        for k in range(i + 1, n):
            value = value - rows[k][i] * found[k]
        found[i] = value * inverse[i]
    return found


def _solve(rows: list[list[Any]], inverse: list[Any], right: Sequence[Any]) -> list[Any]:
    return _backward(rows, inverse, _forward(rows, inverse, right))


def _total(values: Sequence[Any]) -> Any:
    result: Any = 0.0
    for k, value in enumerate(values):
        result = value if k == 0 else result + value
    return result


@dataclass(slots=True)
class _Reduced:
    """Cost, normal matrix and gradient in the non-linear parameters, the others at their best."""

    cost: Any
    normal: _Matrix
    gradient: list[Any]
    linear: list[Any]
    response: list[Any]  # (linear, bent) row by row
    pivot: Any


def _reduce(columns: Columns, gram: _Matrix, floor: float) -> _Reduced:
    """Eliminate the linear parameters from the products of the columns."""
    p, q, z = columns.linear, len(columns.bent), columns.count
    linear: list[Any] = []
    pivot: Any = 1.0
    rows: list[list[Any]] = []
    inverse: list[Any] = []
    cost = gram[z, z]
    if p:
        phi = _Matrix(p, [gram[i, j] for i in range(p) for j in range(i, p)])
        rows, inverse, pivot = _cholesky(phi, None, floor)
        half = _forward(rows, inverse, [gram[k, z] for k in range(p)])
        linear = _backward(rows, inverse, half)
        cost = cost - _total([h * h for h in half])

    def times(j: int, other: int) -> Any:
        """The slope along the non-linear parameter j times a column."""
        return _total([_scaled(gram[c, other], k, linear) for c, k in columns.slopes[j]])

    def slopes(i: int, j: int) -> Any:
        return _total([
            _scaled(_scaled(gram[c, d], k, linear), m, linear)
            for c, k in columns.slopes[i] for d, m in columns.slopes[j]
        ])  # fmt: skip

    halves = [_forward(rows, inverse, [times(j, k) for k in range(p)]) for j in range(q)]
    normal = _Matrix(q, [
        slopes(i, j) - _total([a * b for a, b in zip(halves[i], halves[j], strict=True)])
        if p else slopes(i, j) for i in range(q) for j in range(i, q)
    ])  # fmt: skip
    gradient = [
        times(j, z) - _total([times(j, k) * linear[k] for k in range(p)]) if p else times(j, z)
        for j in range(q)
    ]
    solved = [_backward(rows, inverse, h) for h in halves]
    response = [solved[j][k] for k in range(p) for j in range(q)]
    return _Reduced(cost, normal, gradient, linear, response, pivot)


def _scaled(value: Any, k: int, linear: list[Any]) -> Any:
    return value if k < 0 else value * linear[k]


@dataclass(frozen=True, slots=True)
class Limits:
    """When a lane is done: relative decrease still promised, floor of rounding, most passes."""

    tolerance: float
    floor: float
    most: int
    epsilon: float  # of the arithmetic
    last_step: bool  # whether a last step is taken without another pass


def record_step(columns: Columns, limits: Limits) -> tuple[Program, Layout]:
    """The program of a step, and the layout of its state.

    Inputs: the products of the columns and y - c (upper triangle; where nothing is eliminated also
    `lag`, `largest` and the squares of y), the state, the lower and upper bounds of the non-linear
    parameters. Outputs: the new state, then whether the lane is done.
    """
    where = layout(columns)
    q = where.bent
    products = (columns.count + 1) * (columns.count + 2) // 2 + (0 if columns.linear else 3)
    names = [f"g{i}" for i in range(products)] + [f"s{i}" for i in range(where.size)]
    names += [f"{side}{j}" for side in ("lo", "hi") for j in range(q)]
    builder = Builder(names)
    recorder = ProgramRecorder(builder)
    inputs = [Traced(recorder, n) for n in range(len(names))]
    sums = inputs[:products]
    state = inputs[products : products + where.size]
    low, high = inputs[-2 * q :][:q] if q else [], inputs[-q:] if q else []
    new, done = _step(columns, limits, sums, state, (low, high))
    return builder.finish([recorder.atom(v) for v in (*new, done)]), where


def _step(
    columns: Columns, limits: Limits, sums: Sequence[Any], state: Sequence[Any],
    bounds: tuple[Sequence[Any], Sequence[Any]],
) -> tuple[list[Any], Any]:  # fmt: skip
    where = layout(columns)
    old = {name: [state[i] for i in where.of(name)] for name in where.rows}
    floor = 4.0 * limits.epsilon
    gram = _Matrix(columns.count + 1, sums)
    new = _accepted(_reduce(columns, gram, floor), old, sums[-3:])
    best, cost, q = new["best"], new["cost"][0], where.bent
    free = _free(best, new["gradient"], bounds)
    matrix = _Matrix(q, [
        new["normal"][_packed(i, j, q)] * (free[i] * free[j] if i != j else 1.0)
        for i in range(q) for j in range(i, q)
    ])  # fmt: skip
    slope = [g * f for g, f in zip(new["gradient"], free, strict=True)]
    rows, inverse, least = _cholesky(matrix, None, floor)
    straight = _solve(rows, inverse, slope)
    damped = _cholesky(matrix, new["damping"][0], floor)
    move = _solve(damped[0], damped[1], slope)
    decrement = _total([s * g for s, g in zip(straight, slope, strict=True)])
    count, left = old["count"][0] + 1.0, old["left"][0]
    squares = gram[columns.count, columns.count] if where.linear else sums[-1]
    small = decrement <= limits.tolerance * cost + limits.floor * squares
    converged = apply("and", small, cost < 1e300)
    hopeless = apply("or", new["damping"][0] > 1e12, cost >= 1e300)
    stopped = apply("or", count >= float(limits.most), hopeless)
    done = apply("and", left <= 1.0, apply("or", converged, stopped))
    new |= {
        "trial": _clipped(best, move, bounds), "predicted": [_predicted(move, slope, matrix)],
        "count": [count], "left": [apply("max", left - 1.0, 0.0)], "decrement": [decrement],
        "converged": [_where(converged, 1.0, 0.0)], "held": [1.0 - f for f in free],
    }  # fmt: skip
    ended = apply("and", done, converged)
    if limits.last_step:
        _take_last_step(new, ended, straight, bounds, where)
    if not where.linear:
        diagonal = _inverse_diagonal(rows, inverse)
        new["variance"] = [d * f for d, f in zip(diagonal, free, strict=True)]
    new["pivot"] = [_where(done, apply("min", new["pivot"][0], least), new["pivot"][0])]
    return [value for name in where.rows for value in new[name]], done


def _accepted(
    found: _Reduced, old: dict[str, list[Any]], extras: Sequence[Any]
) -> dict[str, list[Any]]:
    """The state after a pass: the point just tried where it is better, else the one before."""
    total = _total([*found.normal.values, *found.gradient])
    finite = apply("and", found.cost < 1e300, total - total == 0.0)
    better = apply("and", finite, found.cost < old["cost"][0])

    def chosen(new: Sequence[Any], name: str) -> list[Any]:
        return [_where(better, n, b) for n, b in zip(new, old[name], strict=True)]

    new = {
        "best": chosen(old["trial"], "best"), "cost": chosen([found.cost], "cost"),
        "normal": chosen(found.normal.values, "normal"),
        "gradient": chosen(found.gradient, "gradient"), "linear": chosen(found.linear, "linear"),
        "response": chosen(found.response, "response"), "pivot": chosen([found.pivot], "pivot"),
        "damping": [_new_damping(better, old, found.cost)],
    }  # fmt: skip
    if "lag" in old:
        new |= {"lag": chosen(extras[:1], "lag"), "largest": chosen(extras[1:2], "largest")}
    return new


def _new_damping(better: Any, old: dict[str, list[Any]], cost: Any) -> Any:
    before, predicted = old["damping"][0], old["predicted"][0]
    gained = old["cost"][0] - cost
    good, poor = gained > 0.75 * predicted, gained < 0.25 * predicted
    after = _where(good, before * _SHRINK, _where(poor, before * _GROW, before))
    raised = apply("max", before, 1e-4) * _REJECT
    return _where(old["left"][0] > 0.5, before, _where(better, after, raised))


def _free(
    best: Sequence[Any], gradient: Sequence[Any], bounds: tuple[Sequence[Any], Sequence[Any]]
) -> list[Any]:
    """1 for parameters that may move, 0 at a bound that the cost pushes them against."""
    free = []
    for value, slope, low, high in zip(best, gradient, *bounds, strict=True):
        down = apply("and", value <= low, slope <= 0.0)
        up = apply("and", value >= high, slope >= 0.0)
        free.append(_where(apply("or", down, up), 0.0, 1.0))
    return free


def _predicted(move: Sequence[Any], slope: Sequence[Any], matrix: _Matrix) -> Any:
    """The decrease of the cost that the quadratic model promises for a move."""
    if not move:
        return 0.0
    first = _total([m * g for m, g in zip(move, slope, strict=True)])
    curved = _total([
        (2.0 if i != j else 1.0) * (move[i] * move[j] * matrix[i, j])
        for i in range(len(move)) for j in range(i, len(move))
    ])  # fmt: skip
    return 2.0 * first - curved


def _clipped(
    best: Sequence[Any], move: Sequence[Any], bounds: tuple[Sequence[Any], Sequence[Any]]
) -> list[Any]:
    moved = [b + m for b, m in zip(best, move, strict=True)]
    return [
        apply("max", apply("min", value, high), low)
        for value, low, high in zip(moved, *bounds, strict=True)
    ]


def _take_last_step(
    new: dict[str, list[Any]], ended: Any, straight: list[Any],
    bounds: tuple[Sequence[Any], Sequence[Any]], where: Layout,
) -> None:  # fmt: skip
    """Where a lane has converged the undamped step is taken without another pass."""
    best = new["best"]
    last = _clipped(best, straight, bounds)
    moves = [e - b for e, b in zip(last, best, strict=True)]
    response = new["response"]
    linear = [
        a - _total([response[k * where.bent + j] * moves[j] for j in range(where.bent)])
        for k, a in enumerate(new["linear"])
    ]
    new["best"] = [_where(ended, e, b) for e, b in zip(last, best, strict=True)]
    new["linear"] = [_where(ended, a, b) for a, b in zip(linear, new["linear"], strict=True)]


def _inverse_diagonal(rows: list[list[Any]], inverse: list[Any]) -> list[Any]:
    """The diagonal of the inverse, from the Cholesky factor."""
    n = len(inverse)
    found = []
    for j in range(n):
        column: list[Any] = [None] * n
        column[j] = inverse[j]
        for i in range(j + 1, n):
            total = _total([rows[i][k] * column[k] for k in range(j, i)])
            column[i] = -(total * inverse[i])
        found.append(_total([column[i] * column[i] for i in range(j, n)]))
    return found
