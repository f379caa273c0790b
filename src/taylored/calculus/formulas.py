"""Formulas as programs whose constants stay as they were written, and points given as text."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from taylored.errors import ArgumentError, FormulaError
from taylored.formula import FUNCTIONS, Expression, parse
from taylored.readings.shaken import Given, computed, given, shaken
from taylored.readings.sinc import sinc
from taylored.trace.program import Atom, Builder, Constant, Equation, Program
from taylored.trace.tracer import Operations, ProgramRecorder, Traced, apply

__all__ = ["formula_name", "grounded", "lifted", "point_of", "vector_program"]

_STEP = "write a plain number, or one made with pi and functions, as in x=pi/4"
_SMALLEST, _UNDERFLOWN = 2.3e-308, 1e-300  # an error so small is not that of a cancellation


class _Number(Traced):
    """A constant of the formula that is not folded: pi stays pi, beyond float64."""

    __slots__ = ("value",)

    def __init__(self, recorder: ProgramRecorder, held: Any, value: Any):
        super().__init__(recorder, held)
        self.value = value


class _Ops(Operations):
    """The operations of formulas, numbers among their arguments becoming constants."""

    def __init__(self, recorder: ProgramRecorder):
        self.recorder = recorder

    def apply(self, name: str, inputs: Sequence[Any]) -> Any:
        values = [v.value if isinstance(v, _Number) else v for v in inputs]
        constant = all(isinstance(v, bool | int | float) for v in values)
        if name == "pow" and _is_half(values[1]):
            inputs = (inputs[0], values[1])  # x^(1/2) is a root, x^(4/2) a square
        lifted = [
            _Number(self.recorder, Constant(v), v) if isinstance(v, float) and not whole else v
            for v, whole in zip(inputs, _exponents(name, inputs), strict=True)
        ]
        result = sinc(*lifted) if name == "sinc" else apply(name, *lifted)
        if constant and isinstance(result, Traced):
            return _Number(self.recorder, result.held, apply(name, *values))
        return result


def _is_half(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) <= 64 and float(2 * value).is_integer()


def _exponents(name: str, inputs: Sequence[Any]) -> list[bool]:
    return [name == "pow" and k == 1 and _is_half(v) for k, v in enumerate(inputs)]


def vector_program(expressions: Sequence[Expression], names: Sequence[str]) -> Program:
    """One program of these inputs with the expressions as outputs."""
    builder = Builder(names)
    recorder = ProgramRecorder(builder)
    values = {name: Traced(recorder, number) for number, name in enumerate(names)}
    ops = _Ops(recorder)
    return builder.finish([recorder.atom(e.evaluate(values, ops)) for e in expressions])


# ---- constants that derivative rules must not fold: their product may underflow ----


def lifted(program: Program) -> tuple[Program, list[Constant]]:
    """The program with its constants as further inputs, but for 0, 1, -1 and exponents."""
    first = len(program.names)
    constants: dict[Constant, int] = {}
    for equation in program.equations:
        for place, atom in enumerate(equation.inputs):
            if isinstance(atom, Constant) and _is_lifted(equation, place, atom):
                constants.setdefault(atom, first + len(constants))
    count = len(constants)

    def shift(atom: Atom) -> Atom:
        return atom + count if isinstance(atom, int) and atom >= first else atom

    equations = [
        Equation(
            e.primitive,
            tuple(
                constants[a] if _is_lifted(e, place, a) else shift(a)  # type: ignore[index]
                for place, a in enumerate(e.inputs)
            ),
            tuple(o + count for o in e.outputs),
            e.params,
        )
        for e in program.equations
    ]
    names = (*program.names, *(f"\0{k}" for k in range(count)))
    outputs = tuple(map(shift, program.outputs))
    return Program(names, tuple(equations), outputs, program.size + count), list(constants)


def _is_lifted(equation: Equation, place: int, atom: Atom) -> bool:
    if not isinstance(atom, Constant) or isinstance(atom.value, bool):
        return False
    exponent = equation.primitive == "pow" and place == 1
    return isinstance(atom.value, int | float) and abs(atom.value) not in (0, 1) and not exponent


def grounded(program: Program, names: Sequence[str], constants: Sequence[Constant]) -> Program:
    """A program made from a lifted one, with the constants at their places again."""
    first, count = len(names), len(constants)

    def back(atom: Atom) -> Atom:
        if not isinstance(atom, int) or atom < first:
            return atom
        return constants[atom - first] if atom < first + count else atom - count

    equations = tuple(
        Equation(e.primitive, tuple(map(back, e.inputs)), tuple(o - count for o in e.outputs),
                 e.params) for e in program.equations
    )  # fmt: skip
    outputs = tuple(map(back, program.outputs))
    return Program(tuple(names), equations, outputs, program.size - count)


# ---- names and points ----


def formula_name(name: str) -> str:
    """A name as formulas write it, in backquotes where it needs them."""
    if name.isidentifier() and name not in FUNCTIONS:
        try:
            if parse(name).model.names == (name,):
                return name
        except FormulaError:
            pass
    return f"`{name}`"


def point_of(name: str, value: Any) -> Given:
    """The number that an input is to have, from a number or from a text such as `pi/4`.

    Raises:
        ArgumentError: where it is not a finite real number.
    """
    if isinstance(value, str):
        return _from_text(name, value)
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        what = f"{str(value)[:40]!r} for {name} is not a number."
        raise ArgumentError(what, next_step="give a real number") from None
    if not math.isfinite(number):
        raise ArgumentError(f"{number} for {name} is not finite.", next_step=_STEP)
    return given(number)


def _from_text(name: str, text: str) -> Given:
    try:
        formula = parse(text)
    except FormulaError as error:
        what = f"{text.strip()[:40]!r} for {name} is not a number."
        raise ArgumentError(what, why=error.what, next_step=_STEP) from None
    if formula.response is not None or formula.model.names:
        what = f"{text.strip()[:40]!r} for {name} is not a number."
        names = ", ".join(formula.model.names[:3])
        why = f"{names} is a name" if names else "it has a ~"
        raise ArgumentError(what, why=why, next_step=_STEP)
    plain = text.strip().replace("\u2212", "-")
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", plain, re.ASCII):
        return given(Fraction(plain))  # all of its digits, however many
    (found,) = shaken(vector_program([formula.model], ()), ())
    if abs(found.value) < _SMALLEST and 0.0 < found.error < _UNDERFLOWN:
        what = f"{text.strip()[:40]!r} for {name} is too small for float64."
        raise ArgumentError(what, next_step="use another unit")
    if not math.isfinite(found.value):
        what = f"{text.strip()[:40]!r} for {name} is not a finite real number."
        raise ArgumentError(what, next_step=_STEP)
    return computed(found)
