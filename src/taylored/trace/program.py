"""Programs: a pure function as a list of equations, the one form that all readings read.

A program is what a jaxpr is, without the types: primitives by name, variables by number,
NumPy's broadcasting for elementwise primitives. It is made from a jaxpr (`trace.jaxpr`) or,
without importing JAX, from a formula or a function written with NumPy (`trace.tracer`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["Atom", "Builder", "Constant", "Equation", "Program"]


class Constant:
    """A value known when the program is made; equal if bits, shape and type are equal."""

    __slots__ = ("key", "value")

    def __init__(self, value: Any):
        if isinstance(value, bool | int | float):
            # The sign of zero is part of the value: 1/0.0 and 1/-0.0 differ.
            self.value: Any = value
            self.key: tuple = (type(value), value, str(value) if value == 0 else "")
        else:
            self.value = np.asarray(value)
            self.key = (self.value.dtype.str, self.value.shape, self.value.tobytes())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"Constant({self.value!r})"


Atom = int | Constant  # a variable's number, or a constant


@dataclass(frozen=True, slots=True)
class Equation:
    """`outputs = primitive(inputs; params)`, and the user's line that it came from.

    `bind` runs a primitive of JAX that has no row in the table of elementwise facts.
    """

    primitive: str
    inputs: tuple[Atom, ...]
    outputs: tuple[int, ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    bind: Callable | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """A pure function of named inputs: equations in an order in which they can be run.

    Variables are numbered 0, 1, ...; the first `len(names)` are the inputs. `shapes` gives
    the shapes of variables where they are fixed (programs made from a jaxpr), else it is empty.
    """

    names: tuple[str, ...]
    equations: tuple[Equation, ...]
    outputs: tuple[Atom, ...]
    size: int
    shapes: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    @property
    def elementwise(self) -> bool:
        """Whether every value broadcasts freely, so that inputs may get more axes."""
        return not self.shapes

    @property
    def holds_arrays(self) -> bool:
        """Whether arrays were captured when the program was made."""
        atoms = [a for e in self.equations for a in e.inputs] + list(self.outputs)
        return any(isinstance(a, Constant) and np.ndim(a.value) > 0 for a in atoms)

    def key(self, rules: bool = True) -> tuple:
        """A hashable description: programs with equal keys compute the same function.

        Without `rules` the values are the same, but derivative rules written by hand may differ.
        """
        rows = tuple(
            (e.primitive, e.inputs, e.outputs, _freeze(e.params, rules)) for e in self.equations
        )
        return (self.names, rows, self.outputs, tuple(sorted(self.shapes.items())))

    def keep(self, outputs: Sequence[Atom]) -> Program:
        """The same program with other outputs, and without the equations they do not need."""
        needed = {a for a in outputs if isinstance(a, int)}
        kept: list[Equation] = []
        for equation in reversed(self.equations):
            if needed.intersection(equation.outputs):
                kept.append(equation)
                needed.update(a for a in equation.inputs if isinstance(a, int))
        return Program(self.names, tuple(reversed(kept)), tuple(outputs), self.size, self.shapes)


def _freeze(value: Any, rules: bool = True) -> Any:
    if isinstance(value, Mapping):
        kept = (k for k in sorted(value) if rules or k != "rules")
        return tuple((k, _freeze(value[k], rules)) for k in kept)
    if isinstance(value, Program):
        return value.key(rules)
    if isinstance(value, list | tuple):
        return tuple(_freeze(v, rules) for v in value)
    if isinstance(value, np.ndarray):
        return (value.dtype.str, value.shape, value.tobytes())
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value


class Builder:
    """Makes a program equation by equation; equal equations are made once."""

    def __init__(self, names: Iterable[str]):
        self.names = tuple(names)
        self.equations: list[Equation] = []
        self.size = len(self.names)
        self.shapes: dict[int, tuple[int, ...]] = {}
        self._seen: dict[tuple, tuple[int, ...]] = {}
        self.folders: Mapping[str, Callable] = {}

    @classmethod
    def extending(cls, program: Program) -> Builder:
        """A builder that starts with the equations of `program`."""
        builder = cls(program.names)
        builder.size = program.size
        builder.shapes = dict(program.shapes)
        for equation in program.equations:
            builder.equations.append(equation)
            builder._seen[_signature(equation.primitive, equation.inputs, equation.params)] = (
                equation.outputs
            )
        return builder

    def emit(
        self,
        primitive: str,
        inputs: Sequence[Atom],
        params: Mapping[str, Any] | None = None,
        *,
        outputs: int = 1,
        source: str = "",
        bind: Callable | None = None,
    ) -> tuple[int, ...]:
        """Append an equation, or find the equal one that is there already."""
        params = params or {}
        signature = _signature(primitive, inputs, params)
        found = self._seen.get(signature)
        if found is not None:
            return found
        numbers = tuple(range(self.size, self.size + outputs))
        self.size += outputs
        self.equations.append(Equation(primitive, tuple(inputs), numbers, params, source, bind))
        self._seen[signature] = numbers
        return numbers

    def finish(self, outputs: Sequence[Atom]) -> Program:
        """The program with these outputs, without unused equations."""
        whole = Program(self.names, tuple(self.equations), (), self.size, self.shapes)
        return whole.keep(outputs)


def _signature(primitive: str, inputs: Sequence[Atom], params: Mapping[str, Any]) -> tuple:
    return (primitive, tuple(inputs), _freeze(params) if params else ())
