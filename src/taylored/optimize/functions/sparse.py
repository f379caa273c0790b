"""Functions of many variables: compiled, with sparse derivatives by coloring, or by products."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from taylored.calculus.arguments import read_arguments
from taylored.calculus.function import TracedFunction, trace
from taylored.calculus.pattern import Pattern
from taylored.calculus.plan import Plan, make_plan
from taylored.optimize.functions.statement import Statement
from taylored.readings.enclosure.boxes import BoxFunction
from taylored.trace.jaxpr import float64

__all__ = ["SparseFunctions"]

# A Hessian with more entries or passes than these is known by its products only.
_MOST_PASSES = 400
_MOST_PER_VARIABLE = 300
_MOST_DENSE = 2000  # variables


class SparseFunctions:
    """`Functions` of a vector of many variables."""

    def __init__(self, statement: Statement):
        self.statement = statement
        self.variables, self.constraints = statement.variables, statement.constraints
        flat = statement.flat
        assert flat is not None
        self._flat = flat

    @property
    def form(self) -> str:
        """What the matrices are: "sparse" where the Hessian of the Lagrangian is, or "products"."""
        return self._form

    @cached_property
    def _form(self) -> str:
        pattern = self._hessian.pattern
        if self.constraints and pattern.listed and self.variables <= _MOST_DENSE:
            return "sparse"  # constraints need the matrix, full as it may be
        if not pattern.listed or pattern.nnz > _MOST_PER_VARIABLE * self.variables:
            return "products"
        return "products" if self._hessian.coloring.passes > _MOST_PASSES else "sparse"

    # ---- traced and compiled ----

    @cached_property
    def _values(self) -> Callable:
        import jax

        return jax.jit(self._flat)

    @cached_property
    def _gradient(self) -> Callable:
        import jax

        return jax.jit(jax.grad(lambda x: self._flat(x)[0]))

    def _read(self, function: Callable, *others: Any) -> tuple[TracedFunction, list[Any]]:
        with float64():
            arguments = read_arguments(function, 0, (np.zeros(self.variables), *others), {})
        return trace(function, arguments), arguments.others

    @cached_property
    def _jacobian(self) -> Plan:
        def constraints(x: Any) -> Any:
            return self._flat(x)[1]

        return make_plan(self._read(constraints)[0], 1)

    @cached_property
    def _hessian(self) -> Plan:
        def lagrangian(x: Any, weight: Any, y: Any) -> Any:
            f, c = self._flat(x)
            return weight * f + (y @ c if self.constraints else 0.0)

        traced, _ = self._read(lagrangian, np.float64(1.0), np.ones(self.constraints))
        return make_plan(traced, 2)

    # ---- what solvers call ----

    def values(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        with float64():
            f, c = self._values(x)
            return float(f), np.asarray(c)

    def first(self, x: np.ndarray) -> tuple[np.ndarray, Any]:
        with float64():
            gradient = np.asarray(self._gradient(x))
        if not self.constraints:
            return gradient, _matrix(np.zeros(0), np.zeros(0, int), np.zeros(1, int),
                                     (0, self.variables))  # fmt: skip
        plan = self._jacobian
        values = np.asarray(plan.passes.values([x], [], True))
        return gradient, _of_pattern(plan.pattern, values)

    def second(self, x: np.ndarray, weight: float, y: np.ndarray) -> Any:
        plan = self._hessian
        others = [np.float64(weight), np.asarray(y, float)]
        values = np.asarray(plan.passes.values([x], others, True))
        return _of_pattern(plan.pattern, values)

    def product(self, x: np.ndarray, weight: float, y: np.ndarray, v: np.ndarray) -> np.ndarray:
        others = [np.float64(weight), np.asarray(y, float)]
        with float64():
            return np.asarray(self._hessian.product([x], others, [np.asarray(v, float)])[0])

    def box(self) -> BoxFunction | None:
        """(f, c) for enclosures."""
        return BoxFunction(self.statement.program, self.statement.shapes)


def _of_pattern(pattern: Pattern, values: np.ndarray) -> Any:
    return _matrix(values, pattern.indices, pattern.indptr, pattern.shape)


def _matrix(values: Any, indices: Any, indptr: Any, shape: tuple[int, int]) -> Any:
    from scipy.sparse import csr_array

    found = csr_array((values, indices, indptr), shape=shape)
    found.has_sorted_indices = True
    return found
