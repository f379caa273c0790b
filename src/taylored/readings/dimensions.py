"""Infer the physical dimension of each parameter from the formula, as powers of the data's.

In `a*exp(-x/tau) + c` the argument of exp must be a pure number, so tau has the dimension of x;
the sum must have that of y, so a and c have it too. Each value carries a vector of exponents;
sums and exponentials give linear equations for those of the parameters. Where a formula is not
homogeneous (x + 273.15, exp(-x/5)) the equations that contradict the others are left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from taylored.readings.facts import ELEMENTWISE
from taylored.trace.program import Atom, Constant, Equation, Program

__all__ = ["infer_dimensions"]

_SAME = frozenset(["add", "sub", "max", "min", "select_n", "lt", "le", "gt", "ge", "eq", "ne"])
_KEPT = frozenset(
    "neg abs broadcast_in_dim broadcast_to reshape squeeze expand_dims convert_element_type slice "
    "reduce_sum reduce_max reduce_min copy copy_p rev transpose cumsum".split()
)
_POWERS = {"sqrt": 0.5, "cbrt": 1 / 3, "rsqrt": -0.5}
_STEPS = frozenset(["sign", "floor", "ceil", "round"])


@dataclass
class _System:
    """Linear equations `coefficients . dimensions = 0`, kept in reduced form."""

    width: int
    unknowns: int  # the first so many may be solved for
    rows: list[np.ndarray] = field(default_factory=list)

    def reduce(self, row: np.ndarray) -> np.ndarray:
        for kept in self.rows:
            pivot = int(np.flatnonzero(kept)[0])
            row = row - row[pivot] * kept
        row[np.abs(row) < 1e-9] = 0.0
        return row

    def add(self, row: np.ndarray) -> None:
        row = self.reduce(row)
        pivots = np.flatnonzero(row[: self.unknowns])
        if not len(pivots):
            return  # nothing to solve for: satisfied, or a formula that is not homogeneous
        row = row / row[pivots[0]]
        row[np.abs(row) < 1e-9] = 0.0
        for i, kept in enumerate(self.rows):
            self.rows[i] = kept - kept[pivots[0]] * row
        self.rows.append(row)


def infer_dimensions(program: Program, columns: int) -> list[tuple[float, ...] | None]:
    """The dimension of each parameter as exponents of (each column, the response).

    None where the formula does not determine it. The first `columns` inputs are the data.
    """
    inputs = len(program.names)
    params = inputs - columns
    fresh = sum(e.primitive == "pow" for e in program.equations)
    # Order of coordinates: parameters, fresh unknowns, columns, response.
    width = params + fresh + columns + 1
    system = _System(width, params + fresh)
    walk = _Walk(width, params, columns, system)
    for equation in program.equations:
        walk.visit(equation)
    output = program.outputs[0]
    hard = walk.of(output)
    if hard is not None:
        response = np.zeros(width)
        response[-1] = 1.0
        walk.hard.append(hard - response)
    for row in [*walk.hard, *walk.soft]:
        system.add(row)
    return [_solution(system, p, params + fresh) for p in range(params)]


def _solution(system: _System, param: int, unknowns: int) -> tuple[float, ...] | None:
    for row in system.rows:
        pivot = int(np.flatnonzero(row)[0])
        if pivot == param and not row[param + 1 : unknowns].any() and not row[:param].any():
            return tuple(float(v) + 0.0 for v in -row[unknowns:])
    return None


class _Walk:
    """Exponent vectors of all values; equations between them, certain (hard) or likely (soft)."""

    def __init__(self, width: int, params: int, columns: int, system: _System):
        self.zero = np.zeros(width)
        self.known: dict[int, np.ndarray] = {}
        for n in range(columns + params):
            vector = self.zero.copy()
            vector[(width - 1 - columns + n) if n < columns else n - columns] = 1.0
            self.known[n] = vector
        self.next_fresh = params
        self.hard: list[np.ndarray] = []
        self.soft: list[np.ndarray] = []

    def of(self, atom: Atom) -> np.ndarray | None:
        """The exponents of a value; None for a constant, which may have any dimension."""
        return None if isinstance(atom, Constant) else self.known.get(atom, self.zero)

    def visit(self, equation: Equation) -> None:
        result = self._result(equation, [self.of(a) for a in equation.inputs])
        for output in equation.outputs:
            if result is not None:
                self.known[output] = result

    def _result(self, equation: Equation, given: list[Any]) -> np.ndarray | None:
        name = equation.primitive
        if name in _SAME or name in ("concatenate", "stack"):
            return self._same(given[1:] if name == "select_n" else given)
        if name in _KEPT:
            return given[0]
        vectors = [self.zero if g is None else g for g in given]
        if name in ("mul", "dot_general"):
            return vectors[0] + vectors[1]
        if name == "div":
            return vectors[0] - vectors[1]
        if name == "integer_pow":
            return equation.params["y"] * vectors[0]
        if name in _POWERS:
            return _POWERS[name] * vectors[0]
        if name == "pow":
            return self._power(equation, vectors)
        if name == "atan2":
            self._same(given)
            return self.zero
        if name in ELEMENTWISE and name not in _STEPS:
            self.hard.extend(g for g in given if g is not None)  # the argument is a pure number
        return self.zero

    def _same(self, given: list[Any]) -> np.ndarray | None:
        vectors = [g for g in given if g is not None]
        for other in vectors[1:]:
            self.hard.append(vectors[0] - other)
        if vectors and len(vectors) < len(given):
            self.soft.append(vectors[0])  # next to a plain number, most likely a pure number
        return vectors[0] if vectors else None

    def _power(self, equation: Equation, vectors: list[np.ndarray]) -> np.ndarray:
        exponent = equation.inputs[1]
        if isinstance(exponent, Constant) and np.ndim(exponent.value) == 0:
            return float(exponent.value) * vectors[0]
        self.hard.append(vectors[1])
        fresh = self.zero.copy()
        fresh[self.next_fresh] = 1.0
        self.next_fresh += 1
        return fresh
