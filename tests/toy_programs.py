"""Nonlinear programs from plain JAX functions, without the library's own reading of functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.sparse import csr_array

from taylored.optimize.nlp import NonlinearProgram

__all__ = ["JaxFunctions", "toy"]


class JaxFunctions:
    """`Functions` by `jax.jit`; `sparse` hands out CSR arrays with a constant pattern."""

    def __init__(self, f: Callable, c: Callable | None, variables: int, sparse: bool = False):
        self.variables, self.form = variables, "sparse" if sparse else "dense"
        c = c or (lambda x: jnp.zeros(0))
        with jax.enable_x64(True):
            self.constraints = int(np.size(c(jnp.zeros(variables))))

        def both(x: Any) -> Any:
            return f(x), jnp.atleast_1d(c(x))

        def lagrangian(x: Any, weight: Any, y: Any) -> Any:
            return weight * f(x) + y @ jnp.atleast_1d(c(x))

        self._both, self._f = jax.jit(both), jax.jit(jax.grad(f))
        self._jacobian = jax.jit(jax.jacrev(lambda x: jnp.atleast_1d(c(x))))
        self._hessian = jax.jit(jax.hessian(lagrangian))
        self._patterns: dict[str, np.ndarray] = {}

    def values(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        with jax.enable_x64(True):
            f, c = self._both(x)
            return float(f), np.asarray(c)

    def first(self, x: np.ndarray) -> tuple[np.ndarray, Any]:
        with jax.enable_x64(True):
            gradient, jacobian = np.asarray(self._f(x)), np.asarray(self._jacobian(x))
        return gradient, self._given("jacobian", jacobian)

    def second(self, x: np.ndarray, weight: float, y: np.ndarray) -> Any:
        with jax.enable_x64(True):
            return self._given("hessian", np.asarray(self._hessian(x, float(weight), y)))

    def product(self, x: np.ndarray, weight: float, y: np.ndarray, v: np.ndarray) -> np.ndarray:
        return self.second(x, weight, y) @ v

    def box(self) -> None:
        return None

    def _given(self, kind: str, matrix: np.ndarray) -> Any:
        if self.form == "dense":
            return matrix
        with jax.enable_x64(True):
            rng = np.random.default_rng(0)
            if kind not in self._patterns:
                found = np.zeros(matrix.shape, bool)
                for _ in range(3):
                    x = rng.uniform(0.5, 1.5, self.variables)
                    y = rng.uniform(0.5, 1.5, self.constraints)
                    made = self._jacobian(x) if kind == "jacobian" else self._hessian(x, 1.0, y)
                    found |= np.asarray(made) != 0
                self._patterns[kind] = np.argwhere(found)
        rows, columns = self._patterns[kind].T
        return csr_array((matrix[rows, columns], (rows, columns)), shape=matrix.shape)


def toy(
    f: Callable, n: int, *, equal: Callable | None = None, at_most: Callable | None = None,
    bounds: tuple[Sequence[float] | float, Sequence[float] | float] = (-np.inf, np.inf),
    sparse: bool = False,
) -> NonlinearProgram:  # fmt: skip
    """min f(x) with equal(x) = 0, at_most(x) <= 0 and bounds."""
    parts = [p for p in (equal, at_most) if p is not None]
    c = (lambda x: jnp.concatenate([jnp.atleast_1d(p(x)) for p in parts])) if parts else None
    functions = JaxFunctions(f, c, n, sparse)
    with jax.enable_x64(True):
        equations = int(np.size(equal(jnp.zeros(n)))) if equal is not None else 0
    lower, upper = (np.broadcast_to(np.asarray(b, float), (n,)).copy() for b in bounds)
    count = functions.constraints
    names = [f"x[{k}]" for k in range(n)]
    return NonlinearProgram(
        functions, lower, upper, np.arange(count) < equations, names,
        [f"equal[{k}]" if k < equations else f"at_most[{k - equations}]" for k in range(count)],
    )  # fmt: skip
