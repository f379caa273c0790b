"""A program of arrays as one of numbers, where each point's value depends on that point alone.

What JAX traces has fixed shapes; where it only repeats numbers over the points and computes
element by element, it is the same function point by point. Arrays that a function holds, one
number per point, become further data columns.
"""

from __future__ import annotations

import numpy as np

from taylored.readings.facts import ELEMENTWISE
from taylored.trace.program import Atom, Builder, Constant, Equation, Program

__all__ = ["pointwise"]

_SAME = frozenset(["broadcast_in_dim", "broadcast_to", "reshape", "squeeze", "expand_dims", "copy",
                   "copy_p", "stop_gradient"])  # fmt: skip


class _NotPointwise(Exception):
    """The program mixes points, or has arrays of another shape."""


def pointwise(
    program: Program, columns: int, points: int
) -> tuple[Program, tuple[np.ndarray, ...]] | None:
    """The program on numbers, and the further columns that follow its data; None if it has none.

    Args:
        program: its first `columns` inputs are data, the others parameters.
        columns: how many data columns there are.
        points: values per column.
    """
    reader = _Reader(program, columns, points)
    try:
        return reader.read()
    except _NotPointwise:
        return None


class _Reader:
    def __init__(self, program: Program, columns: int, points: int):
        self.program, self.columns, self.points = program, columns, points
        self.held = self._arrays()
        extra = [f"held{k}" for k in range(len(self.held))]
        names = [*program.names[:columns], *extra, *program.names[columns:]]
        self.builder = Builder(names)
        shift = len(extra)
        self.atoms: dict[int, Atom] = {
            n: n if n < columns else n + shift for n in range(len(program.names))
        }

    def _arrays(self) -> list[Constant]:
        """Arrays among the constants, one number per point."""
        atoms = [a for e in self.program.equations for a in e.inputs]
        found: dict[Constant, None] = {}
        for atom in [*atoms, *self.program.outputs]:
            if isinstance(atom, Constant) and np.size(atom.value) > 1:
                found[atom] = None
        return list(found)

    def read(self) -> tuple[Program, tuple[np.ndarray, ...]]:
        if any(np.shape(a.value) != (self.points,) for a in self.held):
            raise _NotPointwise
        for shape in self.program.shapes.values():
            if int(np.prod(shape)) not in (1, self.points) or len(shape) > 1:
                raise _NotPointwise
        for equation in self.program.equations:
            self._equation(equation)
        outputs = [self._atom(a) for a in self.program.outputs]
        columns = tuple(np.asarray(a.value, float) for a in self.held)
        return self.builder.finish(outputs), columns

    def _atom(self, atom: Atom) -> Atom:
        if not isinstance(atom, Constant):
            return self.atoms[atom]
        if atom in self.held:
            return self.columns + self.held.index(atom)
        return Constant(np.asarray(atom.value).reshape(()).item())

    def _equation(self, equation: Equation) -> None:
        inputs = [self._atom(a) for a in equation.inputs]
        name, params = equation.primitive, equation.params
        if name in _SAME or (name == "convert_element_type" and _real(params)):
            self.atoms[equation.outputs[0]] = inputs[0]
            return
        if name == "square":
            name, params = "integer_pow", {"y": 2}
        if name not in ELEMENTWISE or len(equation.outputs) != 1:
            raise _NotPointwise
        kept = {"y": params["y"]} if name == "integer_pow" else {}
        made = self.builder.emit(name, inputs, kept, source=equation.source)
        self.atoms[equation.outputs[0]] = made[0]


def _real(params: object) -> bool:
    """Whether a conversion keeps numbers as they are: to float64."""
    kind = params.get("new_dtype") if isinstance(params, dict) else None
    return kind is not None and np.dtype(kind) == np.float64
