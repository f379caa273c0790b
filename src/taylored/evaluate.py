"""Evaluate a model and its exact derivatives on given data.

Small work runs through the NumPy reading and is never compiled; large work is compiled by XLA.
The crossover is measured by `benchmarks/crossover.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from taylored.errors import MissingRule, ModelError
from taylored.model import Traces
from taylored.readings.derivative import derivative
from taylored.readings.numpy import stage_numpy
from taylored.trace.cache import LeastRecentlyUsed
from taylored.trace.program import Atom, Constant, Program

__all__ = ["XLA_AFTER", "XLA_AT_ONCE", "XLA_FASTER", "ModelFunctions"]

# Work is counted in points x equations x (1 + parameters). Measured by benchmarks/crossover.py:
# above the first number a compiled evaluation is faster; above the second it pays for its
# compilation within one fit; otherwise it does when so much has been spent on equal fits before.
XLA_FASTER = 5_000_000
XLA_AT_ONCE = 50_000_000
XLA_AFTER = 100_000_000

_spent = LeastRecentlyUsed(256)

_compiled = LeastRecentlyUsed(512)


@dataclass(frozen=True, eq=False)
class ModelFunctions:
    """A model on its data: value, Jacobian and second derivatives in the free parameters.

    `full` holds the values of all parameters (those of the fixed ones count); `free` the
    positions of the free ones. `executor` is "auto", "numpy" or "xla".
    """

    traces: Traces
    data: tuple[np.ndarray, ...]
    full: tuple[float, ...]
    free: tuple[int, ...]
    points: int
    executor: str = "auto"

    @cached_property
    def _all_free(self) -> bool:
        return self.free == tuple(range(len(self.full)))

    def params(self, free: list[float]) -> list[float]:
        """All parameters, the free ones having these values."""
        if self._all_free:
            return free
        full = list(self.full)
        for position, value in zip(self.free, free, strict=True):
            full[position] = value
        return full

    def holding(self, values: dict[int, float]) -> ModelFunctions:
        """The same model with some of the free parameters (by position) held at values."""
        full = list(self.full)
        for position, value in values.items():
            full[self.free[position]] = value
        free = tuple(p for i, p in enumerate(self.free) if i not in values)
        return replace(self, full=tuple(full), free=free)

    @property
    def exact(self) -> bool:
        """Whether derivatives are exact (else they are central differences)."""
        return self.traces.program is not None

    @cached_property
    def _wrt(self) -> tuple[int, ...]:
        first = len(self.traces.model.columns)
        return tuple(first + position for position in self.free)

    @cached_property
    def runs_in_xla(self) -> bool:
        """Whether evaluations are compiled."""
        program = self.traces.program
        if program is None or self.executor != "auto":
            return program is not None and self.executor == "xla"
        work = self.points * max(len(program.equations), 1) * (1 + len(self.free))
        if work <= XLA_FASTER or work > XLA_AT_ONCE:
            return work > XLA_FASTER
        spent = _spent.find((id(program), self.points), lambda: [0, program])
        spent[0] += work
        return spent[0] > XLA_AFTER

    def _compile(self, kind: str) -> Compiled:
        program = self.traces.program
        assert program is not None
        key = (id(program), kind, self._wrt, self.runs_in_xla)
        # The program is kept in the value, so that its id cannot be given to another one.
        return _compiled.find(key, lambda: (self._make(program, kind), program))[0]

    def _make(self, program: Program, kind: str) -> Compiled:
        made, pairs = _with_derivatives(self.traces, self._wrt, kind)
        if not (self.runs_in_xla or _has_loops(made)):
            try:
                return stage_numpy(made, len(self.data)), pairs
            except MissingRule:
                pass  # XLA has all of JAX's primitives
        from taylored.readings.xla import compile_xla

        compiled = compile_xla(made)
        return lambda *data: lambda *params: compiled(*data, *params), pairs

    def _staged(self, kind: str) -> tuple[Callable[..., list[Any]], Pairs]:
        """A function of the parameters alone: what depends on the data alone is computed now."""
        prepare, pairs = self._compile(kind)
        return prepare(*self.data), pairs

    @cached_property
    def _value(self) -> Callable[..., list[Any]]:
        return self._staged("value")[0]

    @cached_property
    def _first(self) -> Callable[..., list[Any]]:
        return self._staged("first")[0]

    @cached_property
    def _second(self) -> tuple[Callable[..., list[Any]], Pairs]:
        return self._staged("second")

    @cached_property
    def _both(self) -> tuple[Callable[..., list[Any]], Pairs]:
        return self._staged("both")

    def value(self, theta: np.ndarray) -> np.ndarray:
        """The model at `theta`, as the model gave it (a number for a constant model)."""
        if not self.exact:
            return self._called(theta)
        return self._value(*self.params(theta.tolist()))[0]

    def value_and_jacobian(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The model and its derivatives: (points,) and (params, points)."""
        rows = np.empty((len(self.free), self.points))
        if not self.exact:
            value = self._differences(theta, rows)
        else:
            value, *slopes = self._first(*self.params(theta.tolist()))
            for row, slope in zip(rows, slopes, strict=True):
                row[...] = slope
        if np.ndim(value) == 0:
            value = np.full(self.points, value)
        return value, rows

    def second(self, theta: np.ndarray) -> list[tuple[int, int, Any]]:
        """The second derivatives that are not zero: (j, k, values), j >= k."""
        if not self.exact:
            return self._second_differences(theta)
        run, pairs = self._second
        values = run(*self.params(theta.tolist()))
        return [(j, k, v) for (j, k), v in zip(pairs, values, strict=True)]

    def stacked(
        self, theta: list[float], y: np.ndarray, weights: np.ndarray | None, second: bool
    ) -> tuple[np.ndarray, list[list[float]]]:
        """Jacobian rows and residuals in one array, (params + 1, points), weighted.

        With `second` also `sum_i r_i w_i d2f_i` as nested lists, (params, params).
        """
        count = len(theta)
        rows = np.empty((count + 1, self.points))
        if not self.exact:
            value, found = self._differences(np.array(theta), rows[:count]), []
        elif second:
            run, pairs = self._both
            value, *found = run(*self.params(theta))
        else:
            value, *found = self._first(*self.params(theta))
        for row, slope in zip(rows, found, strict=False):
            row[...] = slope
        np.subtract(y, value, out=rows[count])
        if weights is not None:
            rows *= weights
        if not second:
            return rows, []
        if not self.exact:
            differences = self._second_differences(np.array(theta))
            return rows, _contracted(rows[count], weights, differences, count)
        bent = [(j, k, v) for (j, k), v in zip(pairs, found[count:], strict=True)]
        return rows, _contracted(rows[count], weights, bent, count)

    def batch(self, thetas: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """Value and Jacobian at many points: (batch, points), (params, batch, points).

        None where the program's shapes are fixed, so that inputs cannot get another axis.
        """
        program = self.traces.program
        if program is None or not program.elementwise or self.traces.uses_data:
            return None
        full = [np.full((len(thetas), 1), value) for value in self.full]
        for position, column in zip(self.free, thetas.T, strict=True):
            full[position] = column[:, None]
        shape = (len(thetas), self.points)
        value, *slopes = self._first(*full)
        rows = np.empty((len(self.free), *shape))
        for row, slope in zip(rows, slopes, strict=True):
            row[...] = slope
        return np.broadcast_to(value, shape), rows

    @property
    def separable(self) -> bool:
        """Whether each point's value depends on its own data alone, so that rows may go."""
        program = self.traces.program
        return program is not None and program.elementwise and not self.traces.uses_data

    @cached_property
    def _doubled(self) -> Callable[..., list[Any]] | None:
        from taylored.readings.doubled import compile_doubled

        assert self.traces.program is not None
        try:
            return compile_doubled(self.traces.program)
        except MissingRule:
            return None

    def extended(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """The model in doubled precision, as high and low parts; None where that cannot be."""
        if not self.exact or self._doubled is None:
            return None
        high, low = self._doubled(*self.data, *self.params(theta.tolist()))[0]
        if not np.isfinite(np.sum(high)):
            return None
        return high, np.where(np.isfinite(low), low, 0.0)

    def data_slopes(self, theta: np.ndarray) -> list[Any]:
        """The derivatives of the model with respect to each column; zeros where not to be had."""
        program, columns = self.traces.program, len(self.data)
        if program is None or not program.elementwise:
            return [0.0] * columns
        key = (id(program), "columns")
        run = _compiled.find(key, lambda: (_data_derivatives(program, columns), program))[0]
        found = run(*self.data)(*self.params(theta.tolist())) if run else [0.0] * columns
        return [np.where(np.isfinite(v), v, 0.0) for v in found]

    def extended_columns(self) -> tuple[Any, list[Any]] | None:
        """Value at zero and Jacobian of a linear model, in doubled precision."""
        from taylored.readings.doubled import compile_doubled

        program = self.traces.program
        if program is None:
            return None
        try:
            made, _ = _with_derivatives(self.traces, self._wrt, "first")
            run = compile_doubled(made)
        except MissingRule:
            return None
        value, *slopes = run(*self.data, *self.params([0.0] * len(self.free)))
        shape = (self.points,)
        wide = [tuple(np.broadcast_to(part, shape) for part in pair) for pair in (value, *slopes)]
        return wide[0], wide[1:]

    # ---- models that cannot be traced ----

    def _called(self, theta: np.ndarray) -> np.ndarray:
        """The user's function itself; where it raises away from its start, not a number."""
        try:
            return self.traces.model.value(*self.data, *self.params(theta.tolist()))
        except Exception:  # whatever a user's function raises outside its domain
            return np.full(self.points, np.nan)

    def _differences(self, theta: np.ndarray, rows: np.ndarray) -> np.ndarray:
        # Central differences: error h**2 from truncation, eps/h from rounding.
        for k, row in enumerate(rows):
            h = np.cbrt(np.finfo(float).eps) * max(abs(theta[k]), 1e-3)
            up, down = theta.copy(), theta.copy()
            up[k] += h
            down[k] -= h
            row[...] = (self.value(up) - self.value(down)) / (up[k] - down[k])
        return np.asarray(self.value(theta), float)

    def _second_differences(self, theta: np.ndarray) -> list[tuple[int, int, Any]]:
        found = []
        base = np.empty((2, len(theta), self.points))
        for k in range(len(theta)):
            h = np.finfo(float).eps ** 0.25 * max(abs(theta[k]), 1e-3)
            for side, sign in enumerate((1.0, -1.0)):
                moved = theta.copy()
                moved[k] += sign * h
                self._differences(moved, base[side])
            for j in range(k, len(theta)):
                found.append((j, k, (base[0, j] - base[1, j]) / (2 * h)))
        return found


def _contracted(
    r: np.ndarray, weights: np.ndarray | None, bent: list[tuple[int, int, Any]], count: int
) -> list[list[float]]:
    """`sum_i r_i w_i d2f_i` from the second derivatives that are not zero."""
    total = [[0.0] * count for _ in range(count)]
    scaled = r if weights is None or not bent else r * weights
    for j, k, values in bent:
        dot = scaled.dot(values) if np.ndim(values) else scaled.sum() * values
        total[j][k] = total[k][j] = float(dot)
    return total


Pairs = list[tuple[int, int]]
Compiled = tuple[Callable[..., Callable[..., list[Any]]], Pairs]


def _pairs(count: int) -> Pairs:
    return [(j, k) for j in range(count) for k in range(j + 1)]


def _with_derivatives(traces: Traces, wrt: Sequence[int], kind: str) -> tuple[Program, Pairs]:
    """The program of the value, the first, or the second derivatives (of these pairs)."""
    program = traces.program
    assert program is not None
    if kind == "value":
        return program, []
    try:
        first, (slopes,) = derivative(program, wrt)
        if kind == "first":
            return first.keep([program.outputs[0], *map(_or_zero, slopes)]), []
        outputs = tuple(map(_or_zero, slopes))
        both = Program(first.names, first.equations, outputs, first.size, first.shapes)
        second, table = derivative(both, wrt)
        pairs = [(j, k) for j, k in _pairs(len(wrt)) if table[j][k] is not None]
        wanted = [_or_zero(table[j][k]) for j, k in pairs]
        if kind == "both":
            wanted = [program.outputs[0], *outputs, *wanted]
        return second.keep(wanted), pairs
    except MissingRule:
        return _by_jax(traces, wrt, kind)


def _data_derivatives(program: Program, columns: int) -> Callable | None:
    try:
        made, (slopes,) = derivative(program, range(columns))
        return stage_numpy(made.keep([_or_zero(s) for s in slopes]), columns)
    except MissingRule:
        return None


def _or_zero(atom: Atom | None) -> Atom:
    return Constant(0.0) if atom is None else atom


def _by_jax(traces: Traces, wrt: Sequence[int], kind: str) -> tuple[Program, Pairs]:
    """Derivatives by JAX's own rules, for programs with loops and custom derivatives."""
    program = traces.program
    assert program is not None
    from taylored.trace.jaxpr import trace_jax

    shapes = [program.shapes.get(n, ()) for n in range(len(program.names))]
    made = _jax_derivatives(traces, wrt, kind)
    try:
        return trace_jax(made, shapes, program.names), _pairs(len(wrt))
    except (TypeError, ValueError, NotImplementedError) as error:
        raise ModelError(
            f"JAX cannot differentiate the model {traces.model.describe}.",
            why=f"{type(error).__name__}: {str(error).splitlines()[0][:120]}",
            next_step="write it with other functions; or wrap the part in numpy.asarray, and it "
            "is fitted by finite differences.",
        ) from error


def _jax_derivatives(traces: Traces, wrt: Sequence[int], kind: str) -> Callable[..., list[Any]]:
    import jax

    from taylored.readings.xla import run_jax

    program, function = traces.program, traces.function
    assert program is not None

    def along(function: Callable, number: int) -> Callable:
        def slope(*inputs: Any) -> Any:
            def moved(value: Any) -> Any:
                return function(*inputs[:number], value, *inputs[number + 1 :])

            return jax.jvp(moved, (inputs[number],), (1.0,))[1]

        return slope

    def value(*inputs: Any) -> Any:
        return function(*inputs) if function else run_jax(program, inputs)[0]

    def first(*inputs: Any) -> list[Any]:
        return [value(*inputs), *(along(value, n)(*inputs) for n in wrt)]

    def second(*inputs: Any) -> list[Any]:
        pairs = _pairs(len(wrt))
        return [along(along(value, wrt[k]), wrt[j])(*inputs) for j, k in pairs]

    def both(*inputs: Any) -> list[Any]:
        return [*first(*inputs), *second(*inputs)]

    return {"first": first, "second": second, "both": both}[kind]


def _has_loops(program: Program) -> bool:
    return any(e.primitive in ("scan", "while") for e in program.equations)
