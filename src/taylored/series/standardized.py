"""A function of inputs with a spread as a function of independent standard normal numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from taylored.errors import MissingRule
from taylored.readings.enclosure.boxes import BoxFunction
from taylored.readings.jet.run import enclose, expand
from taylored.readings.jet.space import space
from taylored.series.function import Target
from taylored.series.spread import Spread
from taylored.trace.program import Program

__all__ = ["Standardized"]

_CHUNK = 2**20  # numbers of the inputs that are evaluated at once
_MOST_PASSES = 1500  # inputs beyond which derivatives go backwards through the function
_MOST_ERRORS = 2**14  # derivatives of inputs, beyond which rounding is bounded along one line
_BRANCHES = ("cond", "while")


@dataclass(frozen=True, eq=False)
class Standardized:
    """f(mean + factor z), less f(mean), each output in units of its own `scale`."""

    target: Target
    mean: np.ndarray
    spread: Spread

    @cached_property
    def function(self) -> BoxFunction:
        return BoxFunction(self.target.program, self.target.shapes)

    @property
    def directions(self) -> int:
        return self.spread.directions

    # ---- values ----

    @cached_property
    def value(self) -> np.ndarray:
        """(outputs,) f(mean)."""
        return self.at(self.mean[None])[0]

    def at(self, x: np.ndarray, dtype: Any = np.float64) -> np.ndarray:
        """f at inputs (points, variables) as (points, outputs)."""
        size = max(1, _CHUNK // max(x.shape[1], self.target.outputs, 1))
        pieces = [self._piece(x[k : k + size], dtype) for k in range(0, len(x), size)]
        return np.concatenate(pieces)

    def _piece(self, x: np.ndarray, dtype: Any) -> np.ndarray:
        inputs = self.function.split(x)
        if self._compiled is not None:
            outputs = self._compiled(*inputs)
        else:
            constant = space(self.target.variables, 0)
            found = expand(self.target.program, constant, [v[None] for v in inputs], dtype)
            outputs = [o[0] for o in found.outputs]
        flat = np.concatenate([np.reshape(o, (len(x), -1)) for o in outputs], axis=1)
        with np.errstate(all="ignore"):
            return flat.astype(np.float64) if dtype == np.float64 else flat

    @cached_property
    def _compiled(self) -> Callable | None:
        """Through XLA where points go different ways through the program, or rules are missing."""
        if self.target.program.elementwise:
            return None
        if not _branching(self.target.program):
            try:
                constant = space(self.target.variables, 0)
                inputs = [v[None] for v in self.function.split(self.mean[None])]
                expand(self.target.program, constant, inputs, np.float64)
                return None
            except MissingRule:
                pass
        return _vectorized(self.target.program)

    @cached_property
    def scale(self) -> np.ndarray:
        """(outputs,) about how far the spread moves each output; 1 where it does not."""
        z = np.random.default_rng(0).standard_normal((64, self.directions))
        moved = np.abs(self.at(self.mean + self.spread.steps(z)) - self.value)
        largest = np.max(np.where(np.isfinite(moved), moved, 0.0), axis=0)
        return np.where(largest > 0, largest, 1.0)

    def differences(self, z: np.ndarray) -> np.ndarray:
        """(f - f(mean)) / scale at standard normals (points, directions): (points, outputs)."""
        with np.errstate(all="ignore"):
            return (self.at(self.mean + self.spread.steps(z)) - self.value) / self.scale

    @cached_property
    def noise(self) -> np.ndarray:
        """(outputs,) what rounding may add to one difference: of f, and of its inputs."""
        z = np.random.default_rng(1).standard_normal((32, self.directions))
        x = self.mean + self.spread.steps(z)
        plain = self.at(x)
        with np.errstate(all="ignore"):
            size = np.max(np.abs(plain), axis=0) * 2.0**-52
            if self._compiled is None:
                fine = self.at(x, np.longdouble)
                size = size + 2 * np.max(np.abs(fine - plain), axis=0).astype(float)
            else:
                size = 8 * size
            if self.gradient is not None:
                size = size + 2.0**-52 * np.abs(self.gradient) @ np.abs(self.mean)
            return 2 * size / self.scale

    # ---- derivatives ----

    @cached_property
    def gradient(self) -> np.ndarray | None:
        """(outputs, variables) derivatives at the mean; None where there are none."""
        if self.target.variables <= _MOST_PASSES and self._compiled is None:
            seeds = self._seeds(np.eye(self.target.variables))
            found = self._expanded(seeds, self.target.variables, 1)
            return None if found is None else found[1:].T
        return self._backward()

    def _backward(self) -> np.ndarray | None:
        """The gradient by going backwards, in JAX."""
        import jax

        from taylored.readings.xla import run_jax
        from taylored.trace.jaxpr import float64

        program, inputs = self.target.program, self.function.split(self.mean)
        every = tuple(range(len(inputs)))
        try:
            with float64():
                rows = jax.jacrev(lambda *a: run_jax(program, a), argnums=every)(*inputs)
        except Exception:  # a loop that cannot be gone backwards: then there is no gradient
            return None
        blocks = [
            np.concatenate([np.reshape(b, (np.size(b) // max(np.size(v), 1), -1))
                            for b, v in zip(row, inputs, strict=True)], axis=1)
            for row in rows
        ]  # fmt: skip
        found = np.concatenate(blocks)
        return found if np.all(np.isfinite(found)) else None

    @cached_property
    def slopes(self) -> np.ndarray | None:
        """(outputs, directions) derivatives by the standard normals, in units of the scale."""
        if self.gradient is None:
            return None
        return self.spread.pulled(self.gradient) / self.scale[:, None]

    def coefficients(self, order: int) -> np.ndarray | None:
        """(coefficients, outputs) of the Taylor polynomial in the standard normals, in scale."""
        if self._compiled is not None:
            return None
        seeds = self._seeds(self.spread.steps(np.eye(self.directions)))
        found = self._expanded(seeds, self.directions, order)
        return None if found is None else found / self.scale

    def along(self, z: np.ndarray, order: int) -> np.ndarray | None:
        """(order + 1, points, outputs) coefficients in t of f(mean + t factor z), in scale."""
        if self._compiled is not None:
            return None
        steps = self.function.split(self.spread.steps(z))
        means = self.function.split(self.mean[None])
        seeds = [
            np.stack([np.broadcast_to(m, s.shape), s]) for m, s in zip(means, steps, strict=True)
        ]
        found = expand(self.target.program, space(1, order), seeds, np.float64)
        flat = [np.reshape(o, (order + 1, len(z), -1)) for o in found.outputs]
        rows = np.concatenate(flat, axis=2) / self.scale
        return None if found.troubles or not np.all(np.isfinite(rows)) else rows

    def coefficient_errors(self, order: int) -> np.ndarray | None:
        """(coefficients, outputs) proved bounds on the rounding of `coefficients`, in scale.

        Of very many directions those along the steepest; None where they are not known.
        """
        lines = np.eye(self.directions)
        if self.directions * self.target.variables > _MOST_ERRORS:
            if self.slopes is None:
                return None
            steepest = self.slopes[int(np.argmax(np.linalg.norm(self.slopes, axis=1)))]
            lines = steepest[None] / max(float(np.linalg.norm(steepest)), 1e-300)
        polynomials = space(len(lines), order)
        point = [(v, v) for v in self.function.split(self.mean[None])]
        slopes = self.function.split(self.spread.steps(lines)[:, None])
        try:
            found = enclose(self.target.program, polynomials, point, slopes)
        except MissingRule:
            return None
        if not found.low:
            return None
        low, high = (
            np.concatenate(
                [np.reshape(np.asarray(p, float), (polynomials.size, -1)) for p in side], 1
            )
            for side in (found.low, found.high)
        )
        with np.errstate(invalid="ignore"):
            errors = (high - low) / self.scale
        return np.where(np.isnan(errors), np.inf, errors)

    def _seeds(self, steps: np.ndarray) -> list[np.ndarray]:
        pairs = zip(self.function.split(self.mean), self.function.split(steps), strict=True)
        return [np.concatenate([value[None, None], slope[:, None]]) for value, slope in pairs]

    def _expanded(self, seeds: list[np.ndarray], variables: int, order: int) -> np.ndarray | None:
        polynomials = space(variables, order)
        try:
            found = expand(self.target.program, polynomials, seeds)
        except MissingRule:
            return None
        if found.troubles:
            return None
        flat = [np.reshape(o, (polynomials.size, -1)) for o in found.outputs]
        with np.errstate(over="ignore"):
            rows = np.concatenate(flat, axis=1).astype(np.float64)
        return rows if np.all(np.isfinite(rows)) else None


def _branching(program: Program) -> bool:
    """Whether the way through a program may depend on the inputs."""
    for equation in program.equations:
        if equation.primitive in _BRANCHES:
            return True
        for value in equation.params.values():
            inner = value if isinstance(value, list | tuple) else [value]
            if any(_branching(p) for p in inner if isinstance(p, Program)):
                return True
    return False


def _vectorized(program: Program) -> Callable:
    """The program at many points at once, compiled."""
    import jax

    from taylored.readings.xla import run_jax
    from taylored.trace.jaxpr import float64

    compiled = jax.jit(jax.vmap(lambda *inputs: run_jax(program, inputs)))

    def run(*inputs: np.ndarray) -> list[np.ndarray]:
        with float64():
            return [np.asarray(value) for value in compiled(*inputs)]

    return run
