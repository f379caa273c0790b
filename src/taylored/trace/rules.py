"""Tables of rules: one table per reading, one rule per primitive, found before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from taylored.errors import MissingRule
from taylored.trace.program import Equation, Program

__all__ = ["RuleTable", "nested_programs"]


class RuleTable:
    """The rules of one reading, by primitive; registering a primitive twice is an error."""

    def __init__(self, reading: str, advice: str = ""):
        self.reading, self.advice = reading, advice
        self._rules: dict[str, Callable] = {}

    def register(self, *primitives: str) -> Callable[[Callable], Callable]:
        """Decorator: the function below is the rule of these primitives."""

        def add(rule: Callable) -> Callable:
            self.family(primitives, rule)
            return rule

        return add

    def family(self, primitives: Iterable[str], rule: Callable) -> None:
        """One rule for a family of primitives."""
        for primitive in primitives:
            if primitive in self._rules:
                raise ValueError(f"{self.reading}: {primitive} has a rule already")
            self._rules[primitive] = rule

    def drop(self, primitive: str) -> None:
        """Take a rule out: a reading built from shared rules may lack what one of them needs."""
        del self._rules[primitive]

    def __getitem__(self, primitive: str) -> Callable:
        return self._rules[primitive]

    def __contains__(self, primitive: str) -> bool:
        return primitive in self._rules

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._rules))

    def missing(self, program: Program) -> list[Equation]:
        """The equations that this reading has no rule for, one per primitive and line."""
        found: dict[tuple[str, str], Equation] = {}
        for equation in program.equations:
            if equation.primitive not in self._rules:
                found.setdefault((equation.primitive, equation.source), equation)
                continue
            for inner in nested_programs(equation.params):
                for deep in self.missing(inner):
                    found.setdefault((deep.primitive, deep.source), deep)
        return list(found.values())

    def require(self, program: Program) -> None:
        """Raise one `MissingRule` that names every equation without a rule.

        Raises:
            MissingRule: with reading, primitive, the user's line and the shapes.
        """
        missing = self.missing(program)
        if not missing:
            return
        lines = [_describe(program, equation) for equation in missing]
        raise MissingRule(
            f"The {self.reading} reading has no rule for {_names(missing)}.",
            where="\n".join(lines),
            next_step=self.advice or "write the function with the operations that have one.",
        )


def _names(equations: list[Equation]) -> str:
    return ", ".join(dict.fromkeys(repr(e.primitive) for e in equations))


def _describe(program: Program, equation: Equation) -> str:
    shapes = [
        str(program.shapes[a])
        for a in equation.inputs
        if isinstance(a, int) and a in program.shapes
    ]
    of = f" of shapes {', '.join(shapes)}" if shapes else ""
    return f"{equation.primitive}{of} at {equation.source or 'an unknown line'}"


def nested_programs(params: Any) -> Iterator[Program]:
    """The programs inside the parameters of an equation (branches, loop bodies)."""
    for value in params.values():
        if isinstance(value, Program):
            yield value
        elif isinstance(value, tuple | list):
            yield from (v for v in value if isinstance(v, Program))
