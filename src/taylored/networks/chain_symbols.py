"""Local factors as formulas: what ∂v/∂u is, in the names of the values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from taylored.networks.chain_names import called_name, constant_text
from taylored.readings.chain import Link
from taylored.readings.expression import Node
from taylored.readings.facts import ELEMENTWISE
from taylored.trace.program import Builder, Constant, Program
from taylored.trace.tracer import ProgramRecorder, Traced, apply

__all__ = ["local_symbol", "local_tree"]


def local_symbol(program: Program, link: Link, place: int, names: Mapping[int, str]) -> str:
    """∂v/∂u as text, such as `1 - a^2`; empty where it is no formula of the values."""
    name, inputs = link.equation.primitive, link.equation.inputs
    if name == "dot_general":
        return _label(inputs[1 - place], names)
    if name in ("reduce_sum", "slice", "transpose", "concatenate", "pad", "rev"):
        return "1"
    if name == "select_n":
        return "1 where chosen, else 0"
    if name.startswith("custom"):
        return f"{called_name(link.equation) or 'f'}'"
    tied = _tied(link)
    if tied and not np.ndim(link.outputs[0]):
        return "1/2 at a tie"
    node = local_tree(link, place, names)
    if node is None:
        return ""
    from taylored.readings.plain import written

    text = written([node]).outputs[0]
    return f"{text}; 1/2 at ties" if tied else text


def local_tree(link: Link, place: int, names: Mapping[int, str]) -> Node | None:
    """∂v/∂u as a simplified expression of the names; None where the table has none."""
    equation = link.equation
    if equation.primitive not in _KNOWN or link.factors is None:
        return None
    if _tied(link) and not np.ndim(link.outputs[0]):
        return None
    labels = [_label(a, names) for a in equation.inputs]
    builder = Builder(tuple(dict.fromkeys([*labels, names[equation.outputs[0]]])))
    recorder = ProgramRecorder(builder)
    places = {label: k for k, label in enumerate(builder.names)}

    def value(atom: Any, label: str) -> Any:
        if isinstance(atom, Constant) and np.ndim(atom.value) == 0:
            return Traced(recorder, Constant(float(atom.value)))
        return Traced(recorder, places[label])

    given = [value(a, label) for a, label in zip(equation.inputs, labels, strict=True)]
    result = Traced(recorder, places[names[equation.outputs[0]]])
    factor = _rule(equation)(*given, result)[place]
    from taylored.readings.trees import trees

    return trees(builder.finish([recorder.atom(factor)]))[0]


def _tied(link: Link) -> bool:
    """Whether the larger or smaller of two numbers is asked for that are equal: each gets 1/2."""
    if link.equation.primitive not in ("max", "min"):
        return False
    return bool(np.any(np.equal(*link.inputs)))


def _rule(equation: Any) -> Any:
    if equation.primitive == "integer_pow":
        power = equation.params["y"]
        return lambda x, z: (power * (1.0 if power == 1 else apply("pow", x, power - 1)),)
    if equation.primitive == "square":
        return lambda x, z: (2.0 * x,)
    return ELEMENTWISE[equation.primitive].derivatives


_KNOWN = frozenset(
    [n for n, row in ELEMENTWISE.items() if row.derivatives] + ["integer_pow", "square"]
)


def _label(atom: Any, names: Mapping[int, str]) -> str:
    if isinstance(atom, Constant):
        return constant_text(atom.value)
    return names[atom]
