"""Functions run by plain NumPy calls, with dense derivatives: nothing is compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.errors import MissingRule
from taylored.optimize.functions.scalars import written_out
from taylored.optimize.functions.statement import Statement
from taylored.readings.derivative import derivative
from taylored.readings.enclosure.boxes import BoxFunction
from taylored.readings.numpy import compile_numpy
from taylored.trace.program import Atom, Builder, Constant, Program
from taylored.trace.tracer import ProgramRecorder, Traced, apply

__all__ = ["NumpyFunctions", "Programs", "programs"]


@dataclass(frozen=True, eq=False)
class Programs:
    """Programs for (f, c), for (gradient, Jacobian) and for the Hessian of weight*f + y.c.

    `flat` says whether they take one vector x (and weight, y), as those read by JAX do; else they
    take one number for each variable, and their outputs are numbers.
    """

    values: Program
    first: Program
    second: Program
    flat: bool


def programs(statement: Statement) -> Programs:
    """The programs of a statement's functions and their derivatives.

    Raises:
        MissingRule: for operations without a derivative.
    """
    if statement.flat is None:
        return _by_rules(statement.numbers, statement.variables)
    if statement.variables <= _MOST_WRITTEN_OUT:
        numbers = written_out(statement.numbers, statement.shapes, list(statement.names))
        try:
            if numbers is not None:
                found = _by_rules(numbers, statement.variables)
                if _worthwhile(found, len(statement.numbers.equations)):
                    return found
        except MissingRule:
            pass  # JAX has the derivative
    return _by_jax(statement)


_MOST_WRITTEN_OUT = 30  # variables
_FEW, _MOST = 500, 6000  # equations of a Hessian


def _worthwhile(found: Programs, equations: int) -> bool:
    """Whether single numbers cost less than arrays: not where a few operations meet much data."""
    count = len(found.second.equations)
    return count <= _FEW or (count <= _MOST and len(found.values.equations) <= 4 * equations)


def _by_rules(program: Program, count: int) -> Programs:
    made, table = derivative(program, range(count))
    first = made.keep([_zero(a) for row in table for a in row])
    weights = [f"\0{k}" for k in range(len(program.outputs))]
    whole, atom = _lagrangian(program, weights)
    slopes, table = derivative(whole.keep([atom]), range(count))
    slopes = slopes.keep([_zero(a) for a in table[0]])
    curved, table = derivative(slopes, range(count))
    rows = [_zero(table[max(i, j)][min(i, j)]) for i in range(count) for j in range(count)]
    return Programs(program, first, curved.keep(rows), False)


def _zero(atom: Atom | None) -> Atom:
    return Constant(0.0) if atom is None else atom


def _lagrangian(program: Program, weights: list[str]) -> tuple[Program, Atom]:
    """The program with weights as further inputs, and the weighted sum of its outputs."""
    first, extra = len(program.names), len(weights)

    def moved(atom: Atom) -> Atom:
        return atom + extra if isinstance(atom, int) and atom >= first else atom

    builder = Builder([*program.names, *weights])
    numbers: dict[Atom, Atom] = {k: k for k in range(first)}
    for e in program.equations:
        inputs = [numbers.get(a, a) if isinstance(a, int) else a for a in e.inputs]
        made = builder.emit(
            e.primitive, inputs, e.params, outputs=len(e.outputs), source=e.source, bind=e.bind
        )
        numbers.update(zip(e.outputs, made, strict=True))
    recorder = ProgramRecorder(builder)
    total: Any = None
    for k, output in enumerate(program.outputs):
        if isinstance(output, Constant):
            continue
        term = apply("mul", Traced(recorder, first + k), Traced(recorder, numbers[output]))
        total = term if total is None else total + term
    atom = Constant(0.0) if total is None else recorder.atom(total)
    return builder.finish([atom]), atom


def _by_jax(statement: Statement) -> Programs:
    import jax
    import jax.numpy as jnp

    from taylored.trace.jaxpr import float64, from_jaxpr

    flat, n, m = statement.flat, statement.variables, statement.constraints
    assert flat is not None

    def lagrangian(x: Any, weight: Any, y: Any) -> Any:
        f, c = flat(x)
        return weight * f + (y @ c if m else 0.0)

    def programs_by(forward: Any, reverse: Any, twice: Any) -> tuple[Any, Any]:
        """The first and second derivatives by these ways."""
        way = reverse if m <= n else forward

        def first(x: Any) -> Any:
            rows = way(lambda v: flat(v)[1])(x) if m else jnp.zeros((0, n))
            return reverse(lambda v: flat(v)[0])(x), rows

        slopes = jax.make_jaxpr(first)(vector)
        return slopes, jax.make_jaxpr(twice(reverse(lagrangian)))(vector, number, multipliers)

    with float64():
        vector = jax.ShapeDtypeStruct((n,), np.float64)
        number, multipliers = (jax.ShapeDtypeStruct(s, np.float64) for s in ((), (m,)))
        closed = jax.make_jaxpr(flat)(vector)
        try:
            slopes, curves = programs_by(jax.jacfwd, jax.jacrev, jax.jacfwd)
        except (TypeError, ValueError) as error:
            if "everse-mode" in str(error):  # a while loop has no reverse derivative
                slopes, curves = programs_by(jax.jacfwd, jax.jacfwd, jax.jacfwd)
            elif "custom_vjp" in str(error):  # and a rule of the user's may have no forward one
                slopes, curves = programs_by(jax.jacrev, jax.jacrev, jax.jacrev)
            else:
                raise
    return Programs(from_jaxpr(closed), from_jaxpr(slopes), from_jaxpr(curves), True)


class NumpyFunctions:
    """`Functions` by NumPy calls, with dense matrices."""

    form = "dense"
    cheap = True  # an evaluation costs no more than a solver's own work

    def __init__(self, statement: Statement, made: Programs | None = None):
        self.statement = statement
        self.variables, self.constraints = statement.variables, statement.constraints
        self._made = made or programs(statement)
        self._run: tuple[Callable, ...] = tuple(
            compile_numpy(p) for p in (self._made.values, self._made.first, self._made.second)
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.statement,)

    def values(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        with np.errstate(all="ignore"):
            if self._made.flat:
                f, c = self._run[0](x)
                return float(f), np.asarray(c, float)
            found = self._run[0](*x)
            return float(found[0]), np.array(found[1:], float)

    def first(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with np.errstate(all="ignore"):
            if self._made.flat:
                g, rows = self._run[1](x)
                return np.array(g, float), np.array(rows, float)
            found = np.array(self._run[1](*x), float).reshape(-1, self.variables)
            return found[0], found[1:]

    def second(self, x: np.ndarray, weight: float, y: np.ndarray) -> np.ndarray:
        n = self.variables
        with np.errstate(all="ignore"):
            if self._made.flat:
                return np.array(self._run[2](x, np.float64(weight), y)[0], float)
            return np.array(self._run[2](*x, np.float64(weight), *y), float).reshape(n, n)

    def product(self, x: np.ndarray, weight: float, y: np.ndarray, v: np.ndarray) -> np.ndarray:
        return self.second(x, weight, y) @ v

    def batch(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """f (points,) and c (points, constraints) at many points at once."""
        if self._made.flat:
            pairs = [self.values(x) for x in points]
            return np.array([f for f, _ in pairs]), np.array([c for _, c in pairs])
        with np.errstate(all="ignore"):
            found = self._run[0](*points.T)
        rows = [np.broadcast_to(np.asarray(v, float), len(points)) for v in found]
        return rows[0], np.array(rows[1:]).reshape(-1, len(points)).T

    def box(self) -> BoxFunction | None:
        """(f, c) for enclosures."""
        return BoxFunction(self.statement.program, self.statement.shapes)
