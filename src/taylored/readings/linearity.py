"""Which inputs does a function depend on linearly, jointly and by structure?

For each value the reading keeps the inputs that it depends on and the pairs (i, j) whose mixed
second difference may be non-zero. The function is affine in a set S of inputs, all others held
fixed, if no pair lies within S. Comparisons and steps count as non-linear: a derivative that is
zero almost everywhere does not make a function affine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.trace.program import Atom, Equation, Program
from taylored.trace.walk import walk

__all__ = ["Dependence", "affine_set", "dependence", "quotient"]

# Affine in all inputs together.
_AFFINE = frozenset(
    "add sub neg broadcast_in_dim broadcast_to reshape squeeze expand_dims transpose rev slice "
    "reduce_sum cumsum copy copy_p convert_element_type concatenate stack".split()
)
_BILINEAR = frozenset(["mul", "dot_general"])


@dataclass(frozen=True, slots=True)
class Dependence:
    """On which inputs a value depends, and which pairs of them interact (non-linearly)."""

    inputs: np.ndarray  # (inputs,) bool
    pairs: np.ndarray  # (inputs, inputs) bool, symmetric


def dependence(program: Program) -> Dependence:
    """The dependence of the program's first output on its inputs."""
    count = len(program.names)
    none = Dependence(np.zeros(count, bool), np.zeros((count, count), bool))
    inputs = [Dependence(np.arange(count) == n, none.pairs) for n in range(count)]

    def rule(equation: Equation, given: list[Dependence]) -> Any:
        found = _rule(equation, given, none)
        return found if len(equation.outputs) == 1 else [found] * len(equation.outputs)

    return walk(program, inputs, rule, lambda value: none)[0]


def quotient(program: Program) -> tuple[Atom, Atom] | None:
    """Numerator and denominator of the output, where it is a quotient at its outermost."""
    for equation in program.equations:
        if equation.outputs[0] == program.outputs[0] and equation.primitive == "div":
            return equation.inputs[0], equation.inputs[1]
    return None


def _rule(equation: Equation, given: Sequence[Dependence], none: Dependence) -> Dependence:
    if not any(d.inputs.any() for d in given):
        return none
    inputs = np.logical_or.reduce([d.inputs for d in given])
    pairs = np.logical_or.reduce([d.pairs for d in given])
    name = equation.primitive
    if name in _AFFINE:
        return Dependence(inputs, pairs)
    if name in _BILINEAR:
        return Dependence(inputs, pairs | _cross(given[0].inputs, given[1].inputs))
    if name == "div":
        return Dependence(inputs, pairs | _cross(given[1].inputs, inputs))
    if name == "select_n":
        return Dependence(inputs, pairs | _cross(given[0].inputs, inputs))
    return Dependence(inputs, _cross(inputs, inputs))


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    product = np.outer(a, b)
    return product | product.T


def affine_set(pairs: np.ndarray) -> np.ndarray:
    """A largest set of inputs without a pair inside: greedy, fewest interactions first.

    Takes the (params, params) pairs; returns (params,) bool.
    """
    count = len(pairs)
    chosen = np.zeros(count, bool)
    possible = ~np.diag(pairs)
    while possible.any():
        # Among those still possible, the one that excludes the fewest others.
        costs = np.where(possible, (pairs & possible).sum(axis=1), count + 1)
        best = int(np.argmin(costs))
        chosen[best] = True
        possible = possible & ~pairs[best]
        possible[best] = False
    return chosen
