"""The largest entries of a derivative matrix, as they are or on a scale to compare them by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.calculus.arguments import scope
from taylored.calculus.spreads import default_spread, flat_point, read_spread
from taylored.errors import ArgumentError

if TYPE_CHECKING:
    from taylored.calculus.matrix import DerivativeMatrix, Entry

__all__ = ["SCALES", "top_entries"]

SCALES = ("absolute", "std", "elasticity")


def top_entries(
    matrix: DerivativeMatrix, k: int = 10, scale: str = "absolute", spread: Any = None
) -> list[Entry]:
    """The k entries of largest size on a scale, largest first.

    Args:
        matrix: any Jacobian or Hessian at a point.
        k: how many.
        scale: "absolute": J_ij; "std": J_ij s_j (Hessian: s_i H_ij s_j); "elasticity":
            x_j J_ij / f_i.
        spread: as for `influence`, for "std".

    Returns:
        Entries whose value is the number ranked. Entries that are not finite come first, for they
        must be seen; elasticities where f_i or x_j is zero do not exist and are left out. Of a
        symmetric pair one stands for both.

    Raises:
        ArgumentError: for a scale, a number or a spread that has no meaning.
        PatternError: if the matrix is dense and too large to be written out.
    """
    from taylored.calculus.matrix import Entry

    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise ArgumentError(f"k is {k!r}.", next_step="say how many entries: 1 or more.")
    if scale not in SCALES:
        known = ", ".join(f'"{name}"' for name in SCALES)
        raise ArgumentError(f"scale={scale!r} is not known.", next_step=f"use one of {known}.")
    if spread is not None and scale != "std":
        raise ArgumentError(f"A spread means nothing with scale={scale!r}.",
                            next_step='use scale="std", or leave the spread out.')  # fmt: skip
    matrix.pattern.require_listed()
    values, kept = _ranked(matrix, scale, spread)
    rows, columns = matrix.pattern.rows, matrix.pattern.indices
    return [
        Entry(matrix.outputs.name(int(rows[e])), matrix.inputs.name(int(columns[e])),
              float(values[e])) for e in _largest(values, kept, int(k))
    ]  # fmt: skip


def _ranked(matrix: DerivativeMatrix, scale: str, spread: Any) -> tuple[np.ndarray, np.ndarray]:
    """(entries,) the numbers to rank, and which of them take part."""
    values = np.asarray(matrix.values, np.float64)
    rows, columns = matrix.pattern.rows, matrix.pattern.indices
    kept = np.ones(len(values), bool)
    if matrix.symmetric and scale != "elasticity":
        kept &= rows <= columns
    if scale == "absolute":
        return values, kept
    point = flat_point(matrix._arguments.leaves)
    if scale == "std":
        given = default_spread(point) if spread is None else read_spread(spread, matrix.inputs)
        spreads = np.nan_to_num(given)
        scaled = values * spreads[columns]
        return (scaled * spreads[rows] if matrix.symmetric else scaled), kept
    outputs = _outputs(matrix)
    with np.errstate(all="ignore"):
        found = values * point[columns] / outputs[rows]
    return found, kept & (point[columns] != 0.0) & (outputs[rows] != 0.0)


def _outputs(matrix: DerivativeMatrix) -> np.ndarray:
    """(outputs,) what is differentiated, at the point."""
    arguments = matrix._arguments
    with scope(matrix._traced.wide):
        return flat_point(matrix._plan(list(arguments.leaves), list(arguments.others)))


def _largest(values: np.ndarray, kept: np.ndarray, k: int) -> np.ndarray:
    where = np.flatnonzero(kept)
    size = np.abs(values[where])
    size[np.isnan(size)] = np.inf
    if k < len(where):
        least = np.partition(size, len(size) - k)[len(size) - k]
        above, equal = np.flatnonzero(size > least), np.flatnonzero(size == least)
        chosen = np.sort(np.concatenate([above, equal[: k - len(above)]]))
        where, size = where[chosen], size[chosen]
    return where[np.argsort(-size, kind="stable")]
