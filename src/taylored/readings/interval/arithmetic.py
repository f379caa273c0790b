"""Outward-rounded arithmetic on arrays of intervals, given by their lower and upper ends.

Sums are bounded a priori: the error of a sum of n terms, in any order and with any fused
operations, is at most n units of rounding of the sum of their absolute values (Higham, Accuracy
and Stability of Numerical Algorithms, section 4.2).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from taylored.readings.interval.executor import Executor

__all__ = [
    "Bounds",
    "add",
    "cumulative",
    "hull",
    "linear_map",
    "matrix_products",
    "meet",
    "multiply",
    "products",
    "segment_sums",
    "square",
    "sum_over",
]

Bounds = tuple[Any, Any]  # lower and upper ends, arrays of one shape

_UNIT = 2.0**-52
_SHORT = np.uint64(2**27 - 1)  # low bits that are zero in a number of 26 bits


def add(e: Executor, x: Bounds, y: Bounds) -> Bounds:
    """x + y; exact where the sums are exact."""
    low, high = x[0] + y[0], x[1] + y[1]
    if e.name != "numpy":
        return e.down(low), e.up(high)
    return _exactly(e, low, x[0], y[0], True), _exactly(e, high, x[1], y[1], False)


def _exactly(e: Executor, total: Any, x: Any, y: Any, down: bool) -> Any:
    """A sum moved outward where it was rounded inward (Knuth's TwoSum gives the rounding error)."""
    with np.errstate(all="ignore"):
        other = total - x
        error = (x - (total - other)) + (y - other)
        moved = e.down(total) if down else e.up(total)
        kept = error >= 0.0 if down else error <= 0.0
    return np.where(kept, total, moved)  # nan, from infinite sums, is moved


def multiply(e: Executor, x: Bounds, y: Bounds) -> Bounds:
    """x * y."""
    with np.errstate(all="ignore"):
        low, high = products(e, x, y)
    if e.name == "numpy" and _short(x, y):
        return _kept(e, low, high)
    least = e.down(low)
    if e.name == "numpy" and np.any(low == 0.0):
        # Products of what is not negative are not either: a root of them has a value.
        least = np.where((x[0] >= 0.0) & (y[0] >= 0.0), np.maximum(least, 0.0), least)
    return least, e.up(high)


def products(e: Executor, x: Bounds, y: Bounds) -> Bounds:
    """The least and the largest of the four products of ends, not yet widened."""
    if x[0] is x[1]:
        x, y = y, x
    if y[0] is y[1]:  # one factor is a number
        a, b = x[0] * y[0], x[1] * y[0]
        return e.xp.minimum(a, b), e.xp.maximum(a, b)
    if e.name == "numpy" and x[0].size < y[0].size:
        x, y = y, x
    if e.name == "numpy" and 8 * y[0].size <= x[0].size and np.all(y[0] >= 0.0):
        # The sign of one factor is known: two products less.
        low, high = x
        return np.minimum(low * y[0], low * y[1]), np.maximum(high * y[0], high * y[1])
    a, b, c, d = x[0] * y[0], x[0] * y[1], x[1] * y[0], x[1] * y[1]
    least = e.xp.minimum(e.xp.minimum(a, b), e.xp.minimum(c, d))
    return least, e.xp.maximum(e.xp.maximum(a, b), e.xp.maximum(c, d))


def _short(x: Bounds, y: Bounds) -> bool:
    """Whether all ends have 26 bits or fewer, so that their products are exact."""
    ends = [*x, *y]
    if sum(end.size for end in ends) > 4096:
        return False  # the test would cost as much as it saves
    return not any(np.any(np.ascontiguousarray(end).view(np.uint64) & _SHORT) for end in ends)


def _kept(e: Executor, low: Any, high: Any) -> Bounds:
    """Exact products as they are, but for those that left the range of normal numbers."""
    safe_low = (np.abs(low) > 1e-290) & (np.abs(low) < 1e300)
    safe_high = (np.abs(high) > 1e-290) & (np.abs(high) < 1e300)
    return np.where(safe_low, low, e.down(low)), np.where(safe_high, high, e.up(high))


def square(e: Executor, x: Bounds) -> Bounds:
    """x**2, never negative."""
    with np.errstate(all="ignore"):
        a, b = x[0] * x[0], x[1] * x[1]
        inside = (x[0] <= 0.0) & (x[1] >= 0.0)
        low, high = e.xp.where(inside, 0.0 * a, e.xp.minimum(a, b)), e.xp.maximum(a, b)
        if e.name == "numpy" and _short(x, x):
            least, most = _kept(e, low, high)
        else:
            least, most = e.down(low), e.up(high)
        # nan, the square of what is not known, stays -inf below.
        least = e.xp.where(inside, low, e.xp.where(least < 0.0, 0.0 * a, least))
    return least, most


def _size(e: Executor, x: Bounds) -> Any:
    return e.xp.maximum(abs(x[0]), abs(x[1]))


def segment_sums(e: Executor, terms: Bounds, starts: np.ndarray, most: int) -> Bounds:
    """Sums of products over segments along the first axis, at most `most` in each.

    The products themselves may be rounded as well: their errors are covered.
    """
    with np.errstate(all="ignore"):
        low = np.add.reduceat(terms[0], starts, axis=0)
        high = np.add.reduceat(terms[1], starts, axis=0)
        if e.name == "flint":
            return e.down(low), e.up(high)
        sizes = np.add.reduceat(_size(e, terms), starts, axis=0)
        return _widened(e, low, high, sizes, most + 1)


def _widened(e: Executor, low: Any, high: Any, sizes: Any, terms: int) -> Bounds:
    """Ends moved outward by the error of a sum of so many terms."""
    # The last subtraction is rounded too: one more unit of what comes out.
    slack = (terms + 1.0) * _UNIT * sizes + (terms + 2.0) * e.tiny
    low, high = low - slack, high + slack
    if np.isfinite(np.sum(low)) and np.isfinite(np.sum(high)):
        return low, high
    return (np.where(np.isfinite(low), low, -np.inf), np.where(np.isfinite(high), high, np.inf))


def sum_over(e: Executor, x: Bounds, axis: int, products: int = 0) -> Bounds:
    """The sum along an axis; `products` more roundings of each term are covered."""
    count = x[0].shape[axis]
    with np.errstate(all="ignore"):
        low, high = np.sum(x[0], axis=axis), np.sum(x[1], axis=axis)
        if e.name == "flint":
            return e.down(low), e.up(high)
        if count == 1 and not products:
            return low, high
        sums = _widened(e, low, high, np.sum(_size(e, x), axis=axis), count + products)
        # Of terms that are not negative the sum is not either: a root of it has a value.
        if products or not np.any(x[0] == 0.0):
            return sums
        return np.where(np.all(x[0] >= 0.0, axis=axis), np.maximum(sums[0], 0.0), sums[0]), sums[1]


def cumulative(e: Executor, x: Bounds, axis: int) -> Bounds:
    """The cumulative sum along an axis."""
    with np.errstate(all="ignore"):
        low, high = np.cumsum(x[0], axis=axis), np.cumsum(x[1], axis=axis)
        if e.name == "flint":
            return e.down(low), e.up(high)
        sizes = np.cumsum(_size(e, x), axis=axis)
        return _widened(e, low, high, sizes, x[0].shape[axis])


def linear_map(e: Executor, matrix: Any, x: Bounds) -> Bounds:
    """`matrix @ x` for an exact matrix (..., m, k) and intervals (..., k, n).

    By midpoint and radius, which for exact matrices is as narrow as can be; the radius takes the
    rounding errors in with it.
    """
    if e.name == "flint":
        return _linear_map_exactly(e, matrix, x)
    with np.errstate(all="ignore"):
        middle = 0.5 * x[0] + 0.5 * x[1]
        radius = np.maximum(middle - x[0], x[1] - middle)
        radius = radius + (2 * _UNIT * np.abs(middle) + 4 * e.tiny)
        terms = matrix.shape[-1] + 3
        size = radius + terms * _UNIT * (np.abs(middle) + radius)
        center, spread = matrix @ middle, np.abs(matrix) @ size
        spread = spread * (1.0 + 4 * _UNIT * terms) + 4 * terms * e.tiny
        return e.down(center - spread), e.up(center + spread)


def _linear_map_exactly(e: Executor, matrix: Any, x: Bounds) -> Bounds:
    positive, negative = np.maximum(matrix, 0), np.minimum(matrix, 0)
    return (e.down(positive @ x[0] + negative @ x[1]), e.up(positive @ x[1] + negative @ x[0]))


def matrix_products(e: Executor, x: Bounds, y: Bounds, pairs: tuple[Any, Any]) -> Bounds:
    """`x[i] @ y[j]` for pairs (i, j) of matrices of intervals in float64, by middles and radii.

    Wider than need be by the product of the radii, and as quick as products of matrices are.
    """
    (a, r), (b, s) = _balls(e, x), _balls(e, y)
    left, right = pairs
    terms = a.shape[-1] + 4
    with np.errstate(all="ignore"):
        center = a[left] @ b[right]
        rounded = s + terms * _UNIT * np.abs(b)  # the rounding of the product of middles with it
        spread = np.abs(a)[left] @ rounded[right] + r[left] @ (np.abs(b) + s)[right]
        spread = spread * (1.0 + 4 * _UNIT * terms) + 8 * terms * e.tiny
        return e.down(center - spread), e.up(center + spread)


def _balls(e: Executor, x: Bounds) -> tuple[Any, Any]:
    """Middles, and radii that cover the rounding of both."""
    with np.errstate(all="ignore"):
        middle = 0.5 * x[0] + 0.5 * x[1]
        radius = np.maximum(middle - x[0], x[1] - middle)
        return middle, radius * (1.0 + 4 * _UNIT) + (2 * _UNIT * np.abs(middle) + 4 * e.tiny)


def hull(e: Executor, x: Bounds, y: Bounds) -> Bounds:
    """The smallest interval that holds both."""
    return e.xp.minimum(x[0], y[0]), e.xp.maximum(x[1], y[1])


def meet(e: Executor, x: Bounds, y: Bounds) -> Bounds:
    """What two enclosures of the same number have in common."""
    return e.xp.maximum(x[0], y[0]), e.xp.minimum(x[1], y[1])
