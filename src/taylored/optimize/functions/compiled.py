"""Functions compiled by XLA, with dense derivatives."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from taylored.optimize.functions.numeric import Programs, programs
from taylored.optimize.functions.statement import Statement
from taylored.readings.enclosure.boxes import BoxFunction
from taylored.readings.xla import compile_xla
from taylored.trace.jaxpr import float64

__all__ = ["CompiledFunctions"]


class CompiledFunctions:
    """`Functions` by XLA, with dense matrices; programs that are equal are compiled once."""

    form = "dense"

    def __init__(self, statement: Statement, made: Programs | None = None):
        self.statement = statement
        made = made or programs(statement)
        self.variables, self.constraints = statement.variables, statement.constraints
        self._run: tuple[Callable, ...] = tuple(
            compile_xla(p) for p in (made.values, made.first, made.second)
        )
        self._flat = made.flat

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.statement,)

    def values(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        if self._flat:
            f, c = self._run[0](x)
            return float(f), c
        found = self._run[0](*x)
        return float(found[0]), np.array(found[1:], float)

    def first(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self._flat:
            g, rows = self._run[1](x)
            return g, rows
        found = np.array(self._run[1](*x), float).reshape(-1, self.variables)
        return found[0], found[1:]

    def second(self, x: np.ndarray, weight: float, y: np.ndarray) -> np.ndarray:
        if self._flat:
            return self._run[2](x, np.float64(weight), y)[0]
        n = self.variables
        return np.array(self._run[2](*x, np.float64(weight), *y), float).reshape(n, n)

    def product(self, x: np.ndarray, weight: float, y: np.ndarray, v: np.ndarray) -> np.ndarray:
        return self.second(x, weight, y) @ v

    def box(self) -> BoxFunction | None:
        """(f, c) for enclosures."""
        return BoxFunction(self.statement.program, self.statement.shapes)

    def batch(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """f (points,) and c (points, constraints) at many points at once."""
        if self.statement.flat is None:
            pairs = [self.values(x) for x in points]
            return np.array([f for f, _ in pairs]), np.array([c for _, c in pairs])
        with float64():
            f, c = self._many(points)
            return np.asarray(f), np.asarray(c)

    @cached_property
    def _many(self) -> Callable:
        import jax

        assert self.statement.flat is not None
        return jax.jit(jax.vmap(self.statement.flat))
