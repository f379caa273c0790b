"""The model as columns: what one pass over the points has to sum products of.

A model that is affine in some of its parameters is `f = c(x; t) + sum_k a_k phi_k(x; t)`, and the
products of the columns phi, d phi/dt and dc/dt with each other and with y - c say everything that
a step in t needs, with the best a for that t: the linear parameters are eliminated (variable
projection). With no parameter taken as linear the columns are the Jacobian, and y - c the residual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from taylored.readings.derivative import derivative
from taylored.readings.linearity import affine_set, dependence
from taylored.trace.constants import evaluate
from taylored.trace.program import Atom, Builder, Constant, Program

__all__ = ["Columns", "columns_of", "linear_inputs"]


@dataclass(frozen=True, eq=False)
class Columns:
    """Columns of a separable model, as outputs of one program of data and parameters.

    `program` has the model's inputs; its outputs are the columns, then the part c (the constant 0
    where there is none). The first `linear` columns are phi. `slopes[j]` says what the derivative
    along the non-linear parameter j is made of: (column, k), a column times a_k, or times 1 where
    k is -1. `bent` and `straight` are the inputs of non-linear and linear parameters.
    """

    program: Program
    linear: int
    slopes: tuple[tuple[tuple[int, int], ...], ...]
    bent: tuple[int, ...]
    straight: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many columns there are."""
        return len(self.program.outputs) - 1

    @property
    def rest(self) -> Atom:
        """The part without linear parameters."""
        return self.program.outputs[-1]


def linear_inputs(program: Program, free: Sequence[int]) -> tuple[int, ...]:
    """The free inputs in which the program is jointly affine."""
    pairs = dependence(program).pairs[np.ix_(free, free)]
    return tuple(f for f, chosen in zip(free, affine_set(pairs), strict=True) if chosen)


def columns_of(
    program: Program, free: Sequence[int], straight: Sequence[int], held: Sequence[int] = ()
) -> Columns:
    """The columns of a program whose `free` inputs are fitted, those in `straight` eliminated.

    Those in `held` are among the non-linear ones, but have no slope: they stay where they start.

    Raises:
        MissingRule: where an equation has no derivative.
    """
    bent = tuple(f for f in free if f not in straight)
    extended, (slopes,) = derivative(program, straight)
    phi = [Constant(0.0) if s is None else s for s in slopes]
    zeros = {number: Constant(0.0) for number in straight}
    parts = _substituted(extended.keep([*phi, program.outputs[0]]), zeros)
    made, table = derivative(parts, bent)
    outputs: list[Atom] = list(parts.outputs[:-1])
    found: list[list[tuple[int, int]]] = [[] for _ in bent]
    for k, row in enumerate(table):
        for j, atom in enumerate(row):
            if atom is None or atom == Constant(0.0) or bent[j] in held:
                continue
            found[j].append((len(outputs), k if k < len(straight) else -1))
            outputs.append(atom)
    whole = made.keep([*outputs, parts.outputs[-1]])
    return Columns(whole, len(straight), tuple(map(tuple, found)), bent, tuple(straight))


# ---- constants put in, and what becomes of them ---------------------------------------------


def _substituted(program: Program, known: dict[int, Constant]) -> Program:
    """The program with some inputs replaced by numbers, and what that makes trivial folded."""
    builder = Builder(program.names)
    atoms: dict[int, Atom] = {n: n for n in range(len(program.names))}
    atoms.update(known)

    def of(atom: Atom) -> Atom:
        return atom if isinstance(atom, Constant) else atoms[atom]

    for equation in program.equations:
        inputs = [of(a) for a in equation.inputs]
        result = _folded(equation.primitive, inputs, dict(equation.params))
        if result is None:
            (result,) = builder.emit(equation.primitive, inputs, equation.params,
                                     source=equation.source, bind=equation.bind)  # fmt: skip
        atoms[equation.outputs[0]] = result
    return builder.finish([of(a) for a in program.outputs])


def _folded(primitive: str, inputs: list[Atom], params: dict) -> Atom | None:
    """What an equation is without being written; None where it must be."""
    if all(isinstance(a, Constant) for a in inputs):
        return Constant(evaluate(primitive, [a.value for a in inputs if isinstance(a, Constant)],
                                 params))  # fmt: skip
    zero = [isinstance(a, Constant) and a.value == 0.0 for a in inputs]
    one = [isinstance(a, Constant) and a.value == 1.0 for a in inputs]
    if primitive == "mul":
        if any(zero):
            return Constant(0.0)
        return inputs[1] if one[0] else inputs[0] if one[1] else None
    if primitive == "add":
        return inputs[1] if zero[0] else inputs[0] if zero[1] else None
    if primitive == "sub" and zero[1]:
        return inputs[0]
    if primitive == "div":
        return Constant(0.0) if zero[0] else inputs[0] if one[1] else None
    return None
