"""Numerators: around a pole f = N/D has no enclosure, and N has; where it is not 0, f is not."""

from __future__ import annotations

from dataclasses import dataclass, field

from taylored.trace.program import Atom, Builder, Constant, Equation, Program

__all__ = ["numerators"]

_Parts = tuple[Atom, Atom | None]  # N and D; None for a D of 1


def numerators(program: Program) -> Program | None:
    """A program for N in f = N/D; None where nothing is divided, or arrays are involved.

    Where f is defined no divisor is 0, and neither is D, a product of them: f = 0 needs N = 0.
    """
    # Of integers a quotient may be 0 where the numerator is not.
    if any(program.shapes.values()) or any(
        e.primitive == "convert_element_type" for e in program.equations
    ):
        return None
    work = _Work(Builder.extending(program))
    for equation in program.equations:
        parts = work.parts(equation)
        if parts is not None:
            work.known[equation.outputs[0]] = parts
    outputs = [work.of(atom) for atom in program.outputs]
    if all(bottom is None for _, bottom in outputs):
        return None
    return work.builder.finish([top for top, _ in outputs])


@dataclass(eq=False)
class _Work:
    builder: Builder
    known: dict[int, _Parts] = field(default_factory=dict)

    def of(self, atom: Atom) -> _Parts:
        return (atom, None) if isinstance(atom, Constant) else self.known.get(atom, (atom, None))

    def parts(self, equation: Equation) -> _Parts | None:
        """N and D of what an equation computes; None where it is as good as it stands."""
        name, inputs = equation.primitive, equation.inputs
        if name == "tan":
            return self._emit("sin", inputs[0]), self._emit("cos", inputs[0])
        if name == "integer_pow":
            return self._power(self.of(inputs[0]), int(equation.params["y"]))
        pairs = [self.of(atom) for atom in inputs]
        if name == "div":
            (a, b), (c, d) = pairs
            return self._one(self._times(a, d)), self._times(c, b)
        if all(bottom is None for _, bottom in pairs):
            return None
        if name == "neg":
            return self._emit("neg", pairs[0][0]), pairs[0][1]
        if name == "mul":
            (a, b), (c, d) = pairs
            return self._one(self._times(a, c)), self._times(b, d)
        return self._sum(name, *pairs) if name in ("add", "sub") else None

    def _sum(self, name: str, first: _Parts, second: _Parts) -> _Parts:
        (a, b), (c, d) = first, second
        if b == d:
            return self._emit(name, a, c), b
        left, right = self._one(self._times(a, d)), self._one(self._times(c, b))
        return self._emit(name, left, right), self._times(b, d)

    def _power(self, pair: _Parts, power: int) -> _Parts | None:
        top, bottom = pair
        if power >= 0 and bottom is None:
            return None
        if power < 0:
            top, bottom, power = self._one(bottom), top, -power
        params = {"y": power}
        raised = self.builder.emit("integer_pow", [top], params)[0]
        return raised, None if bottom is None else self.builder.emit(
            "integer_pow", [bottom], params
        )[0]

    def _times(self, a: Atom | None, b: Atom | None) -> Atom | None:
        if a is None or b is None:
            return b if a is None else a
        return self._emit("mul", a, b)

    def _one(self, atom: Atom | None) -> Atom:
        return Constant(1.0) if atom is None else atom

    def _emit(self, name: str, *inputs: Atom) -> int:
        return self.builder.emit(name, inputs)[0]
