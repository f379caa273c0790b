"""Outputs side by side: equal in every form that means the same, to a stated tolerance."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["alike", "as_array", "close", "furthest", "same", "shape_of", "shown"]

_SMALL = 1e-3  # of the largest entry: below it the tolerance no longer shrinks with the entry


def as_array(value: Any) -> Any:
    """Numbers as a float array; texts and lists of texts (ids of choices) as a tuple of them."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list | tuple) and value and all(isinstance(v, str) for v in value):
        return tuple(value)
    return np.asarray(value, dtype=float)


def alike(got: np.ndarray, right: np.ndarray) -> np.ndarray | None:
    """`got` in the shape of `right` where they mean the same: `[2.0]` for 2, a column for a vector.

    None where the shapes differ in earnest: a transposed matrix is not the matrix.
    """
    if got.shape == right.shape:
        return got
    if got.size == right.size and max(got.ndim, right.ndim) <= 2:
        long = [n for n in got.shape if n != 1]
        wanted = [n for n in right.shape if n != 1]
        if long == wanted and len(long) <= 1:
            return got.reshape(right.shape)
    return None


def same(got: Any, right: Any, tolerance: float) -> bool:
    """Whether two outputs agree: equal ids, or numbers to the tolerance in every entry."""
    if isinstance(right, tuple) or isinstance(got, tuple):
        return got == right
    fitted = alike(got, right)
    if fitted is None or not np.isfinite(fitted).all() or not np.isfinite(right).all():
        return False
    return bool(np.all(close(fitted, right, tolerance)))


def close(got: np.ndarray, right: np.ndarray, tolerance: float) -> np.ndarray:
    """For each entry of two arrays of one shape whether they agree to the tolerance."""
    with np.errstate(invalid="ignore"):
        return np.abs(got - right) <= tolerance * _scale(right)


def _scale(right: np.ndarray) -> np.ndarray:
    """What the tolerance is relative to: the entry, and never less than 1e-3 of the largest."""
    size = np.abs(right)
    floor = _SMALL * size.max(initial=0.0)
    return np.maximum(size, floor if floor > 0 else 1e-9)


def furthest(got: np.ndarray, right: np.ndarray) -> tuple[tuple[int, ...], float]:
    """Where two arrays of one shape differ most, against the scale of the tolerance; how much."""
    gap = np.abs(got - right)
    gap = np.where(np.isfinite(gap), gap / _scale(right), np.inf)
    at = np.unravel_index(int(np.argmax(gap)), gap.shape) if gap.shape else ()
    return tuple(int(i) for i in at), float(abs(got[at] - right[at]))


def shape_of(right: Any) -> str:
    """The expected shape in words."""
    if isinstance(right, tuple):
        return "one of the answers offered" if len(right) == 1 else f"{len(right)} choices"
    if right.ndim == 0:
        return "a number"
    if right.ndim == 1:
        return f"{len(right)} numbers"
    return f"an array of shape {right.shape}".replace(",)", ")")


def shown(value: Any, digits: int = 6) -> str:
    """An output as text: short, digits enough to see the difference."""
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, np.ndarray) and value.ndim:
        if value.size > 24:
            return f"an array of shape {value.shape}"
        return "[" + ", ".join(shown(v, digits) for v in value) + "]"
    return f"{float(value):.{digits}g}"
