"""The common loop of the readings: go through the equations in order, values in, values out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from taylored.trace.program import Constant, Equation, Program

__all__ = ["walk"]


def walk(
    program: Program,
    inputs: Sequence[Any],
    rule: Callable[[Equation, list[Any]], Any],
    constant: Callable[[Any], Any] = lambda value: value,
) -> list[Any]:
    """What the program's outputs are in a reading.

    Args:
        program: the equations, in order.
        inputs: what stands for each input in this reading.
        rule: gives what stands for the result of an equation, from what stands for its inputs; a
            sequence where the equation has several outputs.
        constant: gives what stands for a constant of this value.
    """
    env: dict[int, Any] = dict(enumerate(inputs))

    def read(atom: Any) -> Any:
        return constant(atom.value) if isinstance(atom, Constant) else env[atom]

    for equation in program.equations:
        result = rule(equation, [read(a) for a in equation.inputs])
        if len(equation.outputs) == 1:
            env[equation.outputs[0]] = result
        else:
            env.update(zip(equation.outputs, result, strict=True))
    return [read(a) for a in program.outputs]
