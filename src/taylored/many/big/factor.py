"""The triangular factor of the Jacobian and the residuals of many rows, by a fixed tree.

All that least squares needs of the data at a point is the factor R of the QR factorization of
[J, r], (params + 1, params + 1). Factors of blocks stacked on top of each other have the factor
of the whole (TSQR): so blocks, chunks and machines need not meet. Sums of J'J would do as well
in exact arithmetic, but square the condition number: half of the digits would be lost. The tree
depends on the order of the rows alone. Source: J. Demmel, L. Grigori, M. Hoemmen and J. Langou,
SIAM J. Sci. Comput. 34 (2012).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from taylored.errors import MissingRule
from taylored.evaluate import ModelFunctions
from taylored.many.big.pieces import Ready, Recipe, traces_of
from taylored.trace.cache import LeastRecentlyUsed

__all__ = ["BINS", "BLOCK", "Factor", "Question", "factor_of_chunk", "joined"]

BLOCK = 8192  # rows evaluated at a time: they stay in cache
BINS = 64
_MOST_BINNED = 8  # columns
# Below this many numbers BLAS uses one thread, so that its sums do not depend on their number.
_ONE_THREAD = 9000


@dataclass(frozen=True, eq=False, slots=True)
class Question:
    """What is asked of every chunk: the factor at `theta`.

    `full` and `free` are as in `ModelFunctions`. `second`: also sums of second derivatives.
    `sharp`: residuals in doubled precision. `ranges` are (columns, 2): where residuals are
    summed up in bins of each input.
    """

    theta: np.ndarray
    full: tuple[float, ...]
    free: tuple[int, ...]
    second: bool
    sharp: bool
    ranges: np.ndarray


class Factor(NamedTuple):
    """R of [J, r]; `sum_i r_i w_i d2f_i`; residuals summed in bins: (columns, 2, bins).

    The bins hold the sums of the weighted residuals and how many there are.
    """

    triangle: np.ndarray
    second: np.ndarray
    bins: np.ndarray


def factor_of_chunk(recipe: Recipe, ready: Ready, question: Question) -> Factor:
    """The factor of one chunk, block by block."""
    count = len(question.theta)
    points = len(ready.y)
    with np.errstate(all="ignore"):
        parts = [
            _of_block(recipe, ready, question, slice(i, min(i + BLOCK, points)))
            for i in range(0, points, BLOCK)
        ]
    if not parts:
        return _nothing(count, len(question.ranges))
    return joined(parts)


def _nothing(count: int, columns: int) -> Factor:
    return Factor(
        np.zeros((count + 1, count + 1)), np.zeros((count, count)), np.zeros((columns, 2, BINS))
    )


def joined(parts: Iterable[Factor]) -> Factor:
    """The factor of rows that lie in several parts, in their order."""
    parts = list(parts)
    if len(parts) == 1:
        return parts[0]
    return Factor(
        _reduced(np.stack([p.triangle for p in parts])),
        np.sum([p.second for p in parts], axis=0),
        np.sum([p.bins for p in parts], axis=0),
    )


def _of_block(recipe: Recipe, ready: Ready, question: Question, rows: slice) -> Factor:
    data = tuple(d[rows] for d in ready.data)
    y = ready.y[rows]
    weights = None if ready.sigma is None else 1.0 / ready.sigma[rows]
    traces = traces_of(recipe, data)
    functions = ModelFunctions(traces, data, question.full, question.free, len(y), "numpy")
    theta = question.theta.tolist()
    buffer, bent = functions.stacked(theta, y, weights, question.second)
    if question.sharp and traces.program is not None:
        buffer[-1] = _sharp(functions, theta, y, weights, buffer[-1])
    if not np.isfinite(buffer.sum()):
        empty = _nothing(len(theta), len(question.ranges))
        return empty._replace(triangle=np.full_like(empty.triangle, np.nan))
    second = np.array(bent) if question.second else np.zeros((len(theta),) * 2)
    return Factor(_triangle(buffer), second, _binned(data, buffer[-1], question.ranges))


# ---- the factor ----


def _triangle(buffer: np.ndarray) -> np.ndarray:
    """R of the transpose of `buffer`, (params + 1, points): small leaves first."""
    width, points = buffer.shape
    leaf = max(2 * width, min(128, _ONE_THREAD // width))
    leaves = -(-points // leaf)
    if leaves * leaf > points:
        padded = np.zeros((width, leaves * leaf))
        padded[:, :points] = buffer
        buffer = padded
    return _reduced(buffer.reshape(width, leaves, leaf).transpose(1, 2, 0))


def _reduced(stack: np.ndarray) -> np.ndarray:
    """One factor of a stack of (rows, params + 1): groups of neighbors, level by level."""
    width = stack.shape[2]
    group = max(2, min(16, _ONE_THREAD // width**2))
    stack = _factors(stack) if stack.shape[1] != width or len(stack) == 1 else stack
    while len(stack) > 1:
        missing = -len(stack) % group
        if missing:
            stack = np.concatenate([stack, np.zeros((missing, width, width))])
        stack = _factors(stack.reshape(-1, group * width, width))
    return stack[0]


def _factors(stack: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.qr(stack, mode="r"))


# ---- residuals ----


_doubled = LeastRecentlyUsed(64)


def _sharp(
    functions: ModelFunctions, theta: Sequence[float], y: np.ndarray, weights: Any, r: np.ndarray
) -> np.ndarray:
    """Residuals in doubled precision; `r`, those in float64, where that cannot be."""
    run = _run_doubled(functions)
    if run is None:
        return r
    high, low = run(*functions.data, *functions.params(list(theta)))[0]
    found = (y - high) - np.where(np.isfinite(low), low, 0.0)
    if not np.isfinite(found.sum()):
        return r
    return found if weights is None else found * weights


def _run_doubled(functions: ModelFunctions) -> Any:
    from taylored.readings.doubled import compile_doubled

    program = functions.traces.program
    assert program is not None

    def make() -> Any:
        try:
            return compile_doubled(program), program
        except MissingRule:
            return None, program

    return _doubled.find(id(program), make)[0]


def _binned(data: Sequence[np.ndarray], r: np.ndarray, ranges: np.ndarray) -> np.ndarray:
    """Sums of residuals, and how many, over equal parts of the range of each input."""
    found = np.zeros((len(ranges), 2, BINS))
    for column, (low, high), sums in zip(data[:_MOST_BINNED], ranges, found, strict=False):
        if not high > low:
            continue
        place = np.clip((column - low) * (BINS / (high - low)), 0, BINS - 1).astype(np.intp)
        sums[0] = np.bincount(place, r, BINS)
        sums[1] = np.bincount(place, None, BINS)
    return found
