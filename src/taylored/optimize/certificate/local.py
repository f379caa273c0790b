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

    @cached_property
    def reach(self) -> np.ndarray:
        """(variables,) the changes that matter: |x|, or 1 unless bounds or curvature say less.

        Where f is curved, what is near is so only if the slope is about the same there.
        """
        size, range_ = np.abs(self.x), self.program.upper - self.program.lower
        most = np.minimum(1.0, range_)
        if self.program.form == "products" or not self._doubtful(size):
            return np.maximum(size, most)
        hessian = self.program.second(self.x, 1.0, np.zeros(self.c.size))
        curved = np.abs(hessian.diagonal())
        curved = np.where(np.isfinite(curved), curved, 0.0)
        return np.maximum(size, np.minimum(most, self.scale / np.maximum(curved, 1e-300)))

    def _doubtful(self, size: np.ndarray) -> bool:
        """Whether something is near compared with 1, but neither reached nor near for its size."""
        for gap in self.gaps:
            if ((gap > NEAR * size) & (gap <= NEAR)).any():
                return True
        slack, own = -self.c, abs(self.jacobian) @ size
        return bool(((slack > NEAR * own) & (slack <= NEAR * self.sizes)).any())

    def near(self, tolerance: float = NEAR) -> np.ndarray:
        """(constraints,) equations, and inequalities that are as good as reached."""
        wide = tolerance > NEAR  # a first guess only
        sizes = self.sizes if wide else abs(self.jacobian) @ self.reach
        return self.program.equality | (self.c >= -tolerance * sizes)

    def near_bounds(self, tolerance: float = NEAR) -> tuple[np.ndarray, np.ndarray]:
        """(variables,) which are as good as at their lower, their upper bound."""
        wide = tolerance > NEAR
        reach = tolerance * (np.maximum(1.0, np.abs(self.x)) if wide else self.reach)
        return self.gaps[0] <= reach, self.gaps[1] <= reach

    def slope(self, y: np.ndarray) -> np.ndarray:
        """The gradient of f + y.c."""
        return self.gradient + self.jacobian.T @ y if y.size else self.gradient


def at(program: NonlinearProgram, x: np.ndarray) -> Local:
    """What the program is at x."""
    value, c = program.values(x)
    return Local(program, x, float(value), np.asarray(c), *program.first(x))
