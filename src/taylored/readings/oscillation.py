"""Which inputs stand inside a sine, and inside which: there a function has many minima."""

from __future__ import annotations

from typing import Any

from taylored.trace.program import Equation, Program
from taylored.trace.walk import walk

__all__ = ["oscillating"]

_PERIODIC = frozenset(["sin", "cos", "tan"])


def oscillating(program: Program) -> dict[int, int]:
    """For each input inside a sine, cosine or tangent, the argument that it stands in."""
    found: dict[int, int] = {}

    def rule(equation: Equation, inputs: list[frozenset[int]]) -> Any:
        joined: frozenset[int] = frozenset().union(*inputs)
        argument = equation.inputs[0] if equation.inputs else None
        if equation.primitive in _PERIODIC and isinstance(argument, int):
            found.update(dict.fromkeys(joined, argument))
        return joined if len(equation.outputs) == 1 else [joined] * len(equation.outputs)

    inputs = [frozenset([n]) for n in range(len(program.names))]
    walk(program, inputs, rule, lambda value: frozenset())
    return found
