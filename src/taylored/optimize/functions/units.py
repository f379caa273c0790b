"""Units in which a problem is about 1: for objectives and variables that are tiny.

Tolerances compare with 1. Where the start says that a variable is 1e-10, or the objective 1e-20,
the problem is solved and judged in units of its own, and reported in those of the user. Never the
other way round: what is huge at the start may be small at the solution.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from taylored.optimize.nlp import Functions, NonlinearProgram

__all__ = ["Units", "units_of"]

_SMALL = 1e-5


@dataclass(frozen=True, eq=False)
class Units:
    """x = size * u, and the objective is multiplied by `factor`."""

    size: np.ndarray
    factor: float

    def program(self, program: NonlinearProgram) -> NonlinearProgram:
        """The problem in these units; it counts in the same place."""
        with np.errstate(all="ignore"):
            return replace(
                program,
                functions=_InUnits(program.functions, self),
                lower=program.lower / self.size,
                upper=program.upper / self.size,
            )


def units_of(program: NonlinearProgram, start: np.ndarray) -> Units | None:
    """The units of a problem, by its start; None where everything is of ordinary size."""
    spans = program.upper - program.lower
    narrow = np.isfinite(spans) & (spans > 0.0) & (spans < _SMALL)
    size = np.where(narrow, spans, 1.0)
    tiny = (start != 0.0) & (np.abs(start) < _SMALL) & (~np.isfinite(spans) | narrow)
    size = np.where(tiny & ~narrow, np.abs(start), size)
    f, c = program.values(start)
    gradient = program.first(start)[0] * size
    if not (np.isfinite(f) and np.isfinite(c).all() and np.isfinite(gradient).all()):
        return None
    largest = max(abs(f), float(np.abs(gradient).max(initial=0.0)))
    if largest >= _SMALL or program.form == "products":
        return None if (size == 1.0).all() else Units(size, 1.0)
    hessian = program.second(start, 1.0, np.zeros(program.constraints))
    if isinstance(hessian, np.ndarray):
        curved = np.abs(hessian * size * size[:, None])
    else:
        curved = np.abs(hessian.diagonal()) * size**2
    largest = max(largest, float(curved.max(initial=0.0)))
    # A constant, and what is of ordinary size after all, stay as they are.
    if not 0.0 < largest < _SMALL:
        return None if (size == 1.0).all() else Units(size, 1.0)
    return Units(size, 1.0 / largest)


class _InUnits:
    """`Functions` of u."""

    def __init__(self, functions: Functions, units: Units):
        self.functions, self.units = functions, units
        self.variables, self.constraints = functions.variables, functions.constraints
        self.cheap = getattr(functions, "cheap", False)

    @property
    def form(self) -> str:
        return self.functions.form

    def values(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        f, c = self.functions.values(self.units.size * x)
        return self.units.factor * f, c

    def first(self, x: np.ndarray) -> tuple[np.ndarray, Any]:
        size = self.units.size
        gradient, jacobian = self.functions.first(size * x)
        return self.units.factor * size * gradient, _columns(jacobian, size)

    def second(self, x: np.ndarray, weight: float, y: np.ndarray) -> Any:
        size = self.units.size
        found = self.functions.second(size * x, self.units.factor * weight, y)
        return _columns(_columns(found, size).T, size)

    def product(self, x: np.ndarray, weight: float, y: np.ndarray, v: np.ndarray) -> np.ndarray:
        size = self.units.size
        return size * self.functions.product(size * x, self.units.factor * weight, y, size * v)

    def batch(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        many: Any = getattr(self.functions, "batch", None)
        if many is None:
            raise NotImplementedError
        f, c = many(self.units.size * points)
        return self.units.factor * f, c

    def box(self) -> None:
        """Nothing: what is proved is proved in the user's units."""


def _columns(matrix: Any, size: np.ndarray) -> Any:
    """Each column times its size, with the same pattern."""
    if isinstance(matrix, np.ndarray):
        return matrix * size
    found = matrix.tocsr().copy()
    found.data = found.data * size[found.indices]
    return found
