"""A nonlinear program at one point: values and first derivatives, and what is near to active."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from taylored.optimize.nlp import NonlinearProgram

__all__ = ["NEAR", "Local", "at"]

NEAR = 1e-6


@dataclass(frozen=True, eq=False)
class Local:
    """f, c, the gradient of f and the Jacobian of c at x."""

    program: NonlinearProgram
    x: np.ndarray
    value: float
    c: np.ndarray
    gradient: np.ndarray
    jacobian: Any

    @property
    def dense(self) -> bool:
        return isinstance(self.jacobian, np.ndarray)

    @cached_property
    def defined(self) -> bool:
        entries = self.jacobian if self.dense else self.jacobian.data
        known = np.isfinite(self.value) and np.isfinite(self.c).all()
        return bool(known and np.isfinite(self.gradient).all() and np.isfinite(entries).all())

    @cached_property
    def violation(self) -> float:
        return self.program.violation(self.x, self.c)

    @cached_property
    def scale(self) -> float:
        """The size of the gradient, at least 1: what residuals are compared with."""
        return max(1.0, float(np.abs(self.gradient).max(initial=0.0)))

    @cached_property
    def norms(self) -> np.ndarray:
        """(constraints,) the norms of the constraints' gradients."""
        squares = self.jacobian**2 if self.dense else self.jacobian.power(2)
        return np.sqrt(np.asarray(squares.sum(axis=1)).reshape(-1))

    @cached_property
    def sizes(self) -> np.ndarray:
        """(constraints,) by how much a constraint changes with relative changes of x."""
        return self.norms + abs(self.jacobian) @ np.abs(self.x)

    @cached_property
    def gaps(self) -> tuple[np.ndarray, np.ndarray]:
        """The distances of the variables from their lower and upper bounds."""
        return self.x - self.program.lower, self.program.upper - self.x

    def near(self, tolerance: float = NEAR) -> np.ndarray:
        """(constraints,) equations, and inequalities that are as good as reached."""
        return self.program.equality | (self.c >= -tolerance * self.sizes)

    def near_bounds(self, tolerance: float = NEAR) -> tuple[np.ndarray, np.ndarray]:
        """(variables,) which are as good as at their lower, their upper bound."""
        reach = tolerance * np.maximum(1.0, np.abs(self.x))
        return self.gaps[0] <= reach, self.gaps[1] <= reach

    def slope(self, y: np.ndarray) -> np.ndarray:
        """The gradient of f + y.c."""
        return self.gradient + self.jacobian.T @ y if y.size else self.gradient


def at(program: NonlinearProgram, x: np.ndarray) -> Local:
    """What the program is at x."""
    value, c = program.values(x)
    return Local(program, x, float(value), np.asarray(c), *program.first(x))
