"""Mistakes in one field of an answer that has several: seen whatever the other fields hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from taylored.course.checking import Case, Parameters

__all__ = ["fields", "in_field"]

_TOLERANCE = 1e-6


def fields(output: Any) -> np.ndarray:
    """An output as a flat array."""
    return np.asarray(output, dtype=float).ravel()


def in_field(
    at: int, model: Callable[..., float], tolerance: float = _TOLERANCE
) -> Callable[..., bool]:
    """A judge that sees a wrong model in one field: for `Wrong(when=...)`."""

    def when(p: Parameters, cases: Sequence[Case], outputs: Sequence[Any]) -> bool:
        found = [fields(o) for o in outputs]
        if any(len(row) <= at for row in found):
            return False
        wanted = np.array([model(p, *case) for case in cases])
        got = np.array([row[at] for row in found])
        return bool(np.all(np.abs(got - wanted) <= tolerance * np.maximum(np.abs(wanted), 1e-3)))

    return when
