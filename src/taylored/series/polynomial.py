"""A polynomial in steps from a center, evaluated in float64 with a bound on what that rounds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from taylored.readings.jet.space import Space

__all__ = ["Polynomial", "weighted"]

_UNIT = 2.0**-53


def weighted(sizes: np.ndarray, powers: np.ndarray) -> np.ndarray:
    """Sizes (coefficients, outputs) times powers (coefficients,); none of nothing is nothing."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(sizes == 0.0, 0.0, sizes * powers[:, None])


@dataclass(frozen=True, eq=False)
class Polynomial:
    """sum of c_a (x - center)**a, with coefficients (coefficients, outputs) in graded order."""

    space: Space
    center: np.ndarray
    coefficients: np.ndarray

    @cached_property
    def _parents(self) -> list[tuple[slice, np.ndarray, np.ndarray]]:
        """For each degree >= 1: its rows, and of which monomial and variable each is a product."""
        space, blocks = self.space, []
        for degree in range(1, space.degree + 1):
            rows = slice(space.count(degree - 1), space.count(degree))
            exponents = space.exponents[rows].copy()
            variable = np.argmax(exponents > 0, axis=1)
            exponents[np.arange(len(exponents)), variable] -= 1
            parent = np.array([space.place(e) for e in exponents])
            blocks.append((rows, parent, variable))
        return blocks

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Values (points, outputs) at points (points, variables), the highest degrees first."""
        step = np.asarray(x, float) - self.center
        if self.space.variables == 1:
            return self._horner(step)
        powers = np.ones((self.space.size, len(step)))
        for rows, parent, variable in self._parents:
            powers[rows] = powers[parent] * step.T[variable]
        total = np.zeros((len(step), self.coefficients.shape[1]))
        for rows, _, _ in reversed(self._parents):
            total = total + powers[rows].T @ self.coefficients[rows]
        return total + self.coefficients[0]

    def _horner(self, step: np.ndarray) -> np.ndarray:
        total = np.broadcast_to(self.coefficients[-1], (len(step), self.coefficients.shape[1]))
        for coefficient in self.coefficients[-2::-1]:
            total = total * step + coefficient
        return np.array(total)

    def rounding(self, radius: np.ndarray) -> np.ndarray:
        """A bound (outputs,) on the rounding error of a value within `radius` of the center.

        Each coefficient counts with the operations that it goes through: the steps of its power
        (rounded themselves), the product, and the sums (Higham, section 5.1).
        """
        space = self.space
        sizes = weighted(np.abs(self.coefficients), self.powers(radius))
        degrees = space.degrees.astype(float)
        if space.variables == 1:
            operations = 3.0 * degrees + 1.0
        else:
            block = np.array([space.count(d) - space.count(d - 1) for d in range(space.degree + 1)])
            operations = 3.0 * degrees + 1.0 + np.where(degrees > 0, block[space.degrees], 0)
        with np.errstate(over="ignore"):
            bound = ((_UNIT * operations)[:, None] * sizes).sum(axis=0)
            # What underflows in a product may still be multiplied by the steps that follow.
            lost = 5e-324 * 4 * (1.0 + self.powers(radius).sum())
            # Sums of absolute values are rounded as well.
            return (bound + lost) * (1.0 + 2e-14 * space.size)

    def powers(self, radius: np.ndarray) -> np.ndarray:
        """(coefficients,) the largest absolute value of each monomial within `radius`."""
        with np.errstate(over="ignore", under="ignore"):
            found = np.prod(radius ** self.space.exponents.astype(float), axis=1)
        return found * (1.0 + 1e-13)
