"""The chain rule of operations that are linear in each input, with NumPy: nothing is compiled.

Where every number of the output is one number of the input (a slice, a broadcast, a transpose),
the places of the numbers say all: the operation itself is run on the places. A product of matrices
is an einsum, backwards with the letters exchanged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from taylored.readings.facts import ELEMENTWISE
from taylored.readings.numpy import RULES
from taylored.trace.program import Equation

__all__ = ["is_linear", "plain", "pull_linear", "push_linear", "run_plain"]

_PLACED = frozenset("broadcast_in_dim reshape squeeze expand_dims transpose slice rev copy".split())
_LINEAR = _PLACED | {"reduce_sum", "dot_general"}
_PLAIN = _LINEAR | (frozenset(ELEMENTWISE) - {"round"}) | {"square", "reduce_max", "reduce_min"}


def plain(equation: Equation, inputs: Sequence[Any]) -> bool:
    """Whether NumPy runs it as JAX would: numbers in float64, and conditions."""
    kinds = {str(getattr(v, "dtype", "")) for v in inputs}
    if equation.primitive not in _PLAIN or "float64" not in kinds or kinds - {"float64", "bool"}:
        return False
    return equation.primitive != "select_n" or len(inputs) == 3


def run_plain(equation: Equation, inputs: Sequence[Any]) -> Any:
    """The result by NumPy."""
    if equation.primitive == "dot_general":
        a, b, out = _letters(equation, inputs)
        return np.einsum(f"{a},{b}->{out}", *inputs, optimize=True)
    return RULES[equation.primitive](equation)(*inputs)


def is_linear(equation: Equation, inputs: Sequence[Any]) -> bool:
    """Whether the rules below hold for it."""
    return equation.primitive in _LINEAR and plain(equation, inputs)


def pull_linear(equation: Equation, inputs: Sequence[Any], place: int, adjoint: Any) -> Any:
    """What the input there gets from the adjoint of the output."""
    shape = np.shape(inputs[place])
    if equation.primitive == "reduce_sum":
        return np.broadcast_to(np.expand_dims(adjoint, tuple(equation.params["axes"])), shape)
    if equation.primitive == "dot_general":
        a, b, out = _letters(equation, inputs)
        own, other = (a, b) if place == 0 else (b, a)
        return np.einsum(f"{out},{other}->{own}", adjoint, inputs[1 - place], optimize=True)
    origin = _origin(equation, shape)
    size = int(np.prod(shape))
    found = np.bincount(origin.reshape(-1), weights=np.reshape(adjoint, -1), minlength=size)
    return found.reshape(shape)


def push_linear(equation: Equation, inputs: Sequence[Any], place: int, tangents: Any) -> Any:
    """How the output changes, for a stack of changes of the input there."""
    shape = np.shape(inputs[place])
    if equation.primitive == "reduce_sum":
        return np.sum(tangents, axis=tuple(k + 1 for k in equation.params["axes"]))
    if equation.primitive == "dot_general":
        a, b, out = _letters(equation, inputs)
        own, other = (a, b) if place == 0 else (b, a)
        spec = f"Z{own},{other}->Z{out}"
        return np.einsum(spec, tangents, inputs[1 - place], optimize=True)
    return tangents.reshape(len(tangents), -1)[:, _origin(equation, shape)]


def _origin(equation: Equation, shape: tuple[int, ...]) -> Any:
    """For each number of the output, which number of the input it is."""
    return RULES[equation.primitive](equation)(np.arange(int(np.prod(shape))).reshape(shape))


def _letters(equation: Equation, inputs: Sequence[Any]) -> tuple[str, str, str]:
    """The axes of both inputs and of the output as letters."""
    (left, right), (left_batch, right_batch) = equation.params["dimension_numbers"]
    rank = np.ndim(inputs[0])
    of_a = [chr(97 + k) for k in range(rank)]
    of_b = [chr(97 + rank + k) for k in range(np.ndim(inputs[1]))]
    for i, j in zip([*left, *left_batch], [*right, *right_batch], strict=True):
        of_b[j] = of_a[i]
    batch = [of_a[i] for i in left_batch]
    free_a = [c for i, c in enumerate(of_a) if i not in (*left, *left_batch)]
    free_b = [c for j, c in enumerate(of_b) if j not in (*right, *right_batch)]
    return "".join(of_a), "".join(of_b), "".join(batch + free_a + free_b)
