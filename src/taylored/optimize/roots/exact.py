"""Rational formulas at a float64, without any rounding: whether F is exactly 0 there."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from taylored.trace.program import Atom, Constant, Equation, Program

__all__ = ["exact_values"]

_MOST_EQUATIONS = 2000
_MOST_BITS = 200_000
_MOST_POWER = 64

_RULES: dict[str, Callable[..., Fraction]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "neg": lambda x: -x,
    "square": lambda x: x * x,
}


def exact_values(
    program: Program, shapes: tuple[tuple[int, ...], ...], x: np.ndarray
) -> list[Fraction] | None:
    """The values of a program of plain numbers; None where it is not made of + - * / and powers."""
    if any(shapes) or len(program.equations) > _MOST_EQUATIONS:
        return None
    known: dict[int, Fraction] = {k: Fraction(float(v)) for k, v in enumerate(x)}
    try:
        for equation in program.equations:
            value = _value(equation, [_read(a, known) for a in equation.inputs])
            if value.numerator.bit_length() + value.denominator.bit_length() > _MOST_BITS:
                return None
            known[equation.outputs[0]] = value
        return [_read(atom, known) for atom in program.outputs]
    except (LookupError, TypeError, ValueError, OverflowError, ZeroDivisionError):
        return None


def _read(atom: Atom, known: dict[int, Fraction]) -> Fraction:
    if isinstance(atom, int):
        return known[atom]
    value: Any = atom.value
    if np.ndim(value) or (isinstance(value, np.ndarray) and value.dtype != np.float64):
        raise TypeError("no plain float64")
    return Fraction(float(value))


def _value(equation: Equation, inputs: list[Fraction]) -> Fraction:
    name = equation.primitive
    if name == "integer_pow":
        return _power(inputs[0], int(equation.params["y"]))
    if name == "pow" and isinstance(equation.inputs[1], Constant):
        if inputs[1].denominator != 1:
            raise ValueError("a root, not a power")
        return _power(inputs[0], int(inputs[1]))
    return _RULES[name](*inputs)


def _power(x: Fraction, power: int) -> Fraction:
    if abs(power) > _MOST_POWER:
        raise ValueError("too high a power")
    return x**power
