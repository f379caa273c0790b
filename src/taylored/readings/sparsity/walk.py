"""The loop of the sparsity reading: dependences through a program, beside what is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from taylored.readings.sparsity.dependence import Dependence, union
from taylored.readings.sparsity.known import Value, evaluate, partly_known, plain
from taylored.trace.program import Constant, Equation, Program
from taylored.trace.rules import RuleTable

__all__ = ["RULES", "Value", "Walk", "everything", "plain", "united"]

RULES = RuleTable("sparsity")

# Constants beyond this size are not folded: nothing that matters to a pattern is that long.
_FOLD_ELEMENTS = 4_000_000
# Not folded in a global reading: they may take long, and indices do not come from them.
_COSTLY = frozenset(["scan", "while", "dot_general", "cond", "call", "cumsum", "cumprod"])


@dataclass
class Walk:
    """One reading: how many inputs there are, what was made dense and by whom.

    Args:
        inputs: how many inputs the dependences are about.
        local: whether the values of the function's own inputs are known.
        steps: how many equations the unrolling of loops may still cost.
        record: called with each equation of the outermost program, what it got and gave.
    """

    inputs: int
    local: bool = False
    steps: int = 20_000
    record: Callable[[Equation, list[Value], list[Value]], None] | None = None
    dense: dict[tuple[str, str], None] = field(default_factory=dict)
    source: str = ""

    def run(self, program: Program, inputs: Sequence[Value]) -> list[Value]:
        """What the program's outputs depend on."""
        env: dict[int, Value] = dict(enumerate(inputs))
        constants: dict[int, Value] = {}
        record, self.record = self.record, None  # of this program only, not of those within

        def read(atom: Any) -> Value:
            if not isinstance(atom, Constant):
                return env[atom]
            found = constants.get(id(atom))
            if found is None:
                found = constants[id(atom)] = plain(atom.value)
            return found

        outer = self.source
        for equation in program.equations:
            given = [read(a) for a in equation.inputs]
            self.source = equation.source or outer
            results = self.apply(equation, given, program)
            env.update(zip(equation.outputs, results, strict=True))
            if record is not None:
                record(equation, given, results)
        self.source = outer
        return [read(a) for a in program.outputs]

    def apply(self, equation: Equation, given: list[Value], program: Program) -> list[Value]:
        """What the results of one equation of the program depend on."""
        shapes = [program.shapes[n] for n in equation.outputs]
        if all(v.dep is None for v in given):
            return self._fold(equation, given, shapes)
        known = equation.primitive in RULES
        rule = RULES[equation.primitive] if known else _everything
        found = rule(equation, given, _Context(self, shapes))
        if len(found) != len(shapes):
            found = [found[0]] * len(shapes)
        return [
            f if isinstance(f, Value) else Value(s, f) for f, s in zip(found, shapes, strict=True)
        ]

    def _fold(
        self, equation: Equation, given: list[Value], shapes: list[tuple[int, ...]]
    ) -> list[Value]:
        """The results where no input depends on anything: known, partly known, or not."""
        unknown = [Value(s) for s in shapes]
        size = max((int(np.prod(s, dtype=np.int64)) for s in shapes), default=0)
        if not self.local and (size > _FOLD_ELEMENTS or equation.primitive in _COSTLY):
            return unknown
        if any(v.fixed is None for v in given):
            return partly_known(equation, given, shapes) or unknown
        values = evaluate(equation, [v.known for v in given], self.local)
        if values is None:
            return unknown
        return [
            Value(s, None, v) if np.shape(v) == s else Value(s)
            for s, v in zip(shapes, values, strict=True)
        ]

    def made_dense(self, equation: Equation) -> None:
        """Remember which operation, on which line, made entries that may not be there."""
        self.dense[equation.primitive, equation.source or self.source] = None


@dataclass(frozen=True, slots=True)
class _Context:
    """What a rule may use beside the equation: the walk, and the shapes of the results."""

    walk: Walk
    shapes: list[tuple[int, ...]]

    @property
    def inputs(self) -> int:
        return self.walk.inputs


def _everything(equation: Equation, given: list[Value], context: Any) -> list[Dependence]:
    """A primitive without a rule: every result may depend on all that any operand depends on."""
    return everything(equation, given, context)


def everything(
    equation: Equation, given: Sequence[Value], context: Any, shapes: Any = None
) -> list[Dependence]:
    """Every result on all that any operand depends on: sound, and remembered as not exact."""
    context.walk.made_dense(equation)
    found = np.zeros(context.inputs, bool)
    for value in given:
        if value.dep is not None:
            found[value.dep.total()] = True
    members = np.flatnonzero(found)
    shapes = context.shapes if shapes is None else shapes
    return [Dependence.of_set(s, members, context.inputs) for s in shapes]


def united(given: Sequence[Value], shape: Sequence[int], inputs: int) -> Dependence:
    """The union, element by element, of those operands that depend on something."""
    return union([v.dep for v in given if v.dep is not None], shape, inputs)
