"""Which entries of a Jacobian may differ from zero, read off the program of its JVP.

Only tangents are followed. A derivative reaches a result through linear operations alone, so that
some sixty rules cover everything: a nonlinear function needs none, a user's own derivative rule is
read as it was written, and an operation without a rule makes a dense block, which is named.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from taylored.readings.sparsity import control, indexing, linear
from taylored.readings.sparsity.dependence import Dependence, compressed
from taylored.readings.sparsity.known import Value, plain
from taylored.readings.sparsity.walk import RULES, Walk
from taylored.trace.program import Program
from taylored.trace.rules import nested_programs

__all__ = ["RULES", "Dependence", "Value", "Walk", "compressed", "narrowest", "tangent_walk"]

_RULE_FILES = (control, indexing, linear)


def tangent_walk(
    program: Program,
    shapes: Sequence[tuple[int, ...]],
    tangents: Sequence[int],
    point: Sequence[Any] | None = None,
    record: Callable | None = None,
) -> tuple[list[Value], Walk]:
    """What each output of a JVP program depends on, among all elements of the tangents.

    Args:
        program: with inputs of these `shapes`.
        tangents: which of the inputs are tangents, in the order in which their elements count.
        point: the values of the other inputs; the dependences then hold at this point only.
        record: called with each equation, what it got and what it gave.
    """
    sizes = [_size(shapes[k]) for k in tangents]
    firsts = dict(zip(tangents, np.concatenate([[0], np.cumsum(sizes)])[:-1], strict=True))
    walk = Walk(int(sum(sizes)), local=point is not None, record=record)
    given = []
    others = iter(point or ())
    for number, shape in enumerate(shapes):
        if number in firsts:
            dep = Dependence.identity(shape, int(firsts[number]), walk.inputs)
            given.append(Value(tuple(shape), dep))
        else:
            given.append(Value(tuple(shape)) if point is None else plain(next(others)))
    return walk.run(program, given), walk


def narrowest(program: Program, shapes: Sequence[tuple[int, ...]], tangents: Sequence[int]) -> int:
    """The fewest numbers that carry all tangents at one place of the program: a bound of the rank.

    What lies behind the place is computed from these numbers alone, so that the map from tangents
    to outputs is a product of two matrices that meet in them.
    """
    sizes: dict[int, int] = {k: _size(shapes[k]) for k in tangents}
    parts = 2 if _has_complex(program) else 1  # a complex number carries two

    def record(equation: Any, given: list[Value], results: list[Value]) -> None:
        for number, value in zip(equation.outputs, results, strict=True):
            if value.dep is not None:
                sizes[number] = parts * _size(value.shape)

    tangent_walk(program, shapes, tangents, record=record)
    last: dict[int, int] = {}
    for place, equation in enumerate(program.equations):
        last.update((a, place) for a in equation.inputs if isinstance(a, int))
    last.update((a, len(program.equations)) for a in program.outputs if isinstance(a, int))
    alive = {k for k in tangents if k in last}
    least = width = sum(sizes[k] for k in alive)
    ends: dict[int, list[int]] = {}
    for number, place in last.items():
        ends.setdefault(place, []).append(number)
    for place, equation in enumerate(program.equations):
        made = {n for n in equation.outputs if n in sizes and n in last}
        gone = {n for n in ends.get(place, ()) if n in alive}
        width += sum(sizes[n] for n in made) - sum(sizes[n] for n in gone)
        alive = (alive | made) - gone
        least = min(least, width)
    return least


def _has_complex(program: Program) -> bool:
    for equation in program.equations:
        if equation.primitive in ("complex", "fft", "real", "imag", "conj"):
            return True
        if np.dtype(equation.params.get("new_dtype") or float).kind == "c":
            return True
        if any(map(_has_complex, nested_programs(equation.params))):
            return True
    return False


def _size(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=np.int64))
