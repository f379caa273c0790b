"""Which inputs move a jump of the function, or a kink written with a condition."""

from __future__ import annotations

from typing import Any

from taylored.trace.program import Equation, Program
from taylored.trace.walk import walk

__all__ = ["jumping"]

_STEPS = frozenset(["lt", "le", "gt", "ge", "eq", "ne", "sign", "floor", "ceil", "round"])


def jumping(program: Program) -> frozenset[int]:
    """The inputs that a comparison, a sign or a rounding in the program depends on."""
    found: set[int] = set()

    def rule(equation: Equation, inputs: list[frozenset[int]]) -> Any:
        joined: frozenset[int] = frozenset().union(*inputs)
        if equation.primitive in _STEPS:
            found.update(joined)
        return joined if len(equation.outputs) == 1 else [joined] * len(equation.outputs)

    inputs = [frozenset([n]) for n in range(len(program.names))]
    walk(program, inputs, rule, lambda value: frozenset())
    return frozenset(found)
