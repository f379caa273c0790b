"""Which inputs stand inside a sine: for those a function has many minima, evenly spaced."""

from __future__ import annotations

from typing import Any

from taylored.trace.program import Equation, Program
from taylored.trace.walk import walk

__all__ = ["oscillating"]

_PERIODIC = frozenset(["sin", "cos", "tan"])


def oscillating(program: Program) -> frozenset[int]:
    """The inputs that the argument of a sine, cosine or tangent depends on."""
    found: set[int] = set()

    def rule(equation: Equation, inputs: list[frozenset[int]]) -> Any:
        joined: frozenset[int] = frozenset().union(*inputs)
        if equation.primitive in _PERIODIC:
            found.update(joined)
        return joined if len(equation.outputs) == 1 else [joined] * len(equation.outputs)

    inputs = [frozenset([n]) for n in range(len(program.names))]
    walk(program, inputs, rule, lambda value: frozenset())
    return frozenset(found)
