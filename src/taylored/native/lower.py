"""Write a program's equations as vector instructions, each at the place where it is needed once.

A value is `UNIFORM` where it is the same at all points of a fit (it depends on parameters alone),
and `VARYING` where it depends on the point. Uniform ones are written before the loop over points.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from taylored.native.functions import FUNCTIONS, apply_equation
from taylored.native.vectors import Vectors
from taylored.trace.program import Constant, Program

__all__ = ["can_lower", "read", "uniform_numbers", "write", "write_reciprocals"]


def can_lower(program: Program) -> bool:
    """Whether every equation has a row in the table, on numbers and inputs alone."""
    if not program.elementwise or program.holds_arrays:
        return False
    return all(e.primitive in FUNCTIONS or e.primitive == "integer_pow" for e in program.equations)


def uniform_numbers(program: Program, uniform: Sequence[int]) -> set[int]:
    """The variables that depend on the `uniform` inputs alone."""
    found = set(uniform)
    for equation in program.equations:
        if all(isinstance(a, Constant) or a in found for a in equation.inputs):
            found.update(equation.outputs)
    return found


def write(
    v: Vectors,
    program: Program,
    values: dict[int, Any],
    wanted: Callable[[int], bool] = lambda number: True,
) -> None:
    """Write the equations whose result is `wanted`; `values` has the variables known so far.

    Quotients by a uniform value become products where its reciprocal was written before: a
    rounding more, and many cycles fewer.
    """
    reciprocals: dict[int, Any] = values.setdefault(-1, {})
    for equation in program.equations:
        number = equation.outputs[0]
        if number in values or not wanted(number):
            continue
        if equation.primitive == "div":
            numerator, denominator = equation.inputs
            if isinstance(denominator, Constant) and 1e-30 < abs(denominator.value) < 1e30:
                inverse = v.constant(1.0 / float(denominator.value))
                values[number] = v.mul(read(v, values, numerator), inverse)
                continue
            if isinstance(denominator, int) and denominator in reciprocals:
                values[number] = v.mul(read(v, values, numerator), reciprocals[denominator])
                continue
        values[number] = apply_equation(v, equation, [read(v, values, a) for a in equation.inputs])


def read(v: Vectors, values: Mapping[int, Any], atom: Any) -> Any:
    """The vector that stands for an atom."""
    return v.constant(float(atom.value)) if isinstance(atom, Constant) else values[atom]


def write_reciprocals(
    v: Vectors, program: Program, values: dict[int, Any], uniform: set[int]
) -> None:
    """Before the loop: one over each uniform denominator of a quotient that varies."""
    reciprocals = values.setdefault(-1, {})
    for equation in program.equations:
        if equation.primitive != "div" or equation.outputs[0] in uniform:
            continue
        denominator = equation.inputs[1]
        if (
            isinstance(denominator, int)
            and denominator in uniform
            and denominator not in reciprocals
        ):
            reciprocals[denominator] = v.div(v.constant(1.0), values[denominator])
