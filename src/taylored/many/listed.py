"""Many fits as a table: one row per fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from taylored.many.result import ManyFits

__all__ = ["listed"]


def listed(many: ManyFits) -> dict[str, np.ndarray]:
    """Columns of equal length: keys or positions, estimates, standard errors, verdicts.

    A column whose name is taken, by a key for instance, is called `fit_...`.
    """
    columns = dict(many.keys) or _positions(many.shape)
    for name, values in _found(many):
        while name in columns:
            name = f"fit_{name}"
        columns[name] = values.reshape(-1)
    return columns


def _found(many: ManyFits) -> Iterator[tuple[str, np.ndarray]]:
    for name in many.names:
        yield name, many.params[name]
        yield f"{name}_stderr", many.stderr[name]
    for name in ("chi2", "dof", "points", "p_value", "status", "usable"):
        yield name, getattr(many, name)


def _positions(shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    return {f"dim_{k}": places.reshape(-1) for k, places in enumerate(np.indices(shape))}
