"""A formula as a program for the Taylor readings.

Functions that are smooth stay one primitive, and constants stay as they were written: one third
is the quotient of 1 and 3, not the float64 next to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from taylored.trace.program import Builder, Constant, Program
from taylored.trace.tracer import Operations, ProgramRecorder, Traced, apply

__all__ = ["formula_program", "formulas_program"]

_EXACT: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
}


class _Ops(Operations):
    """The operations of formulas for the recorder."""

    def __init__(self, recorder: ProgramRecorder):
        self.recorder = recorder

    def apply(self, name: str, inputs: Sequence[Any]) -> Any:
        if name != "neg" and not any(isinstance(v, Traced) for v in inputs):
            exact = _exactly(name, inputs)
            if exact is not None:
                return exact
            inputs = [self._held(v) for v in inputs]
        if name in ("sinc", "softplus"):
            argument: Any = self._held(inputs[0])
            if name == "softplus":
                return self.recorder.apply("softplus", [argument], {})
            return self.recorder.apply("sinc0", [argument * math.pi], {})
        return apply(name, *inputs)

    def _held(self, value: Any) -> Any:
        """A number as a value of the program, so that what is made of it is not rounded."""
        if isinstance(value, bool | Traced):
            return value
        return Traced(self.recorder, Constant(float(value)))


def _exactly(name: str, inputs: Sequence[Any]) -> float | None:
    """The result where float64 holds it exactly: 4/2 and 2*3, but not 1/3."""
    run = _EXACT.get(name)
    if run is None or not all(isinstance(v, int | float) and math.isfinite(v) for v in inputs):
        return None
    x, y = (Fraction(v) for v in inputs)
    if name == "div" and y == 0:
        return None
    exact = run(x, y)
    short = all((v * 2**20).denominator == 1 for v in (x, y, exact))
    return float(exact) if short and abs(exact) < 2**32 else None


def formula_program(expression: Any, names: Sequence[str]) -> Program:
    """The program of a formula's expression with these inputs."""
    return formulas_program([expression], names)


def formulas_program(expressions: Sequence[Any], names: Sequence[str]) -> Program:
    """One program of these inputs with several expressions as outputs."""
    builder = Builder(names)
    recorder = ProgramRecorder(builder)
    values = {name: Traced(recorder, number) for number, name in enumerate(names)}
    ops = _Ops(recorder)
    return builder.finish([recorder.atom(e.evaluate(values, ops)) for e in expressions])
