"""Which inputs reach the argument of a kind of function: inside a sine, or into a comparison."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from taylored.trace.program import Equation, Program
from taylored.trace.walk import walk

__all__ = ["JUMPS", "OSCILLATIONS", "reaching"]

# Inside these a function has many minima, evenly spaced.
OSCILLATIONS = frozenset(["sin", "cos", "tan"])
# What goes into these moves a jump of the function, or a kink written with a condition.
JUMPS = frozenset(["lt", "le", "gt", "ge", "eq", "ne", "sign", "floor", "ceil", "round"])


def reaching(program: Program, primitives: Collection[str]) -> dict[int, int]:
    """For each input that an argument of one of these primitives depends on, such an argument."""
    found: dict[int, int] = {}

    def rule(equation: Equation, inputs: list[frozenset[int]]) -> Any:
        joined: frozenset[int] = frozenset().union(*inputs)
        if joined and equation.primitive in primitives:
            argument = next(a for a in equation.inputs if isinstance(a, int))
            found.update(dict.fromkeys(joined, argument))
        return joined if len(equation.outputs) == 1 else [joined] * len(equation.outputs)

    inputs = [frozenset([n]) for n in range(len(program.names))]
    walk(program, inputs, rule, lambda value: frozenset())
    return found
