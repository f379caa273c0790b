"""Data in chunks as a least-squares problem that the solvers of `taylored.optimize` see.

With R the factor of [J, r], the columns of R are a Jacobian and residuals of params + 1 "points"
that have the same cost, gradient and Gauss-Newton matrix as all rows together. So the solvers,
and the judgement of the minimum, are those of small data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from taylored.many.big.factor import Factor, Question, factor_of_chunk, joined
from taylored.many.big.pieces import Ready, Recipe
from taylored.many.big.runner import Runner
from taylored.optimize.point import Point
from taylored.optimize.problem import Problem

__all__ = ["ChunkedFunctions", "ChunkedProblem", "Passes"]

_REMEMBERED = 4


def factor_task(recipe: Recipe, ready: Ready, index: int, question: Question) -> Factor:
    """What a worker is asked for in every pass."""
    return factor_of_chunk(recipe, ready, question)


@dataclass(eq=False)
class Passes:
    """Passes over all chunks, and the answers of the last few.

    `second`: sums of second derivatives come with every pass. `sharp`: residuals in doubled
    precision. `last` is the last point at which the cost was a finite number.
    """

    runner: Runner
    ranges: np.ndarray
    second: bool = False
    sharp: bool = False
    count: int = 0
    last: Point | None = None
    callback: Callable[[Point], None] | None = None
    _known: dict[Any, tuple[Factor, bool]] = field(default_factory=dict)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "callback": None}

    def factor(self, asked: ChunkedFunctions, theta: np.ndarray, second: bool = False) -> Factor:
        """The factor of all rows at `theta`, from one pass or from memory."""
        self.second = self.second or second
        key = (asked.full, asked.free, theta.tobytes(), self.sharp)
        known = self._known.get(key)
        if known is None or (second and not known[1]):
            known = self._known[key] = self._pass(asked, theta), self.second
            while len(self._known) > _REMEMBERED:
                del self._known[next(iter(self._known))]
        return known[0]

    def _pass(self, asked: ChunkedFunctions, theta: np.ndarray) -> Factor:
        question = Question(
            theta.copy(), asked.full, asked.free, self.second, self.sharp, self.ranges
        )
        found = joined(self.runner.each(factor_task, question))
        self.count += 1
        point = _point(theta, found)
        if point.finite:
            self.last = point
            if self.callback is not None:
                self.callback(point)
        return found


def _point(theta: np.ndarray, factor: Factor) -> Point:
    r = factor.triangle[:, -1]
    cost = float(r.dot(r))
    rows = factor.triangle[:, :-1].T
    return Point(theta.copy(), r, rows, cost if np.isfinite(cost) else np.inf)


@dataclass(frozen=True, eq=False)
class ChunkedFunctions:
    """The `Functions` of a problem in chunks; `full` and `free` as in `ModelFunctions`."""

    passes: Passes
    full: tuple[float, ...]
    free: tuple[int, ...]

    def value(self, theta: np.ndarray) -> np.ndarray:
        return -self.passes.factor(self, theta).triangle[:, -1]

    def value_and_jacobian(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        triangle = self.passes.factor(self, theta).triangle
        return -triangle[:, -1], triangle[:, :-1].T.copy()

    def stacked(
        self, theta: list[float], y: np.ndarray, weights: np.ndarray | None, second: bool
    ) -> tuple[np.ndarray, list[list[float]]]:
        found = self.passes.factor(self, np.array(theta), second)
        return found.triangle.T.copy(), found.second.tolist() if second else []

    def second(self, theta: np.ndarray) -> list[tuple[int, int, np.ndarray]]:
        raise NotImplementedError("only sums over all rows are known")

    def batch(self, thetas: np.ndarray) -> None:
        return None

    def extended(self, theta: np.ndarray) -> None:
        return None

    def holding(self, values: dict[int, float]) -> ChunkedFunctions:
        full = list(self.full)
        for position, value in values.items():
            full[self.free[position]] = value
        free = tuple(p for i, p in enumerate(self.free) if i not in values)
        return replace(self, full=tuple(full), free=free)


@dataclass(frozen=True, eq=False)
class ChunkedProblem(Problem):
    """The problem; `total` is the sum of the squared weighted responses.

    `y` is a zero: the functions give the residuals themselves, as many as there are parameters
    and one more.
    """

    total: float = 0.0

    @cached_property
    def squares(self) -> float:
        return self.total

    def curvature(self, theta: np.ndarray, r: np.ndarray) -> np.ndarray:
        assert isinstance(self.functions, ChunkedFunctions)
        return self.functions.passes.factor(self.functions, theta, second=True).second.copy()
