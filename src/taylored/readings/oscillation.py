"""Which inputs stand inside a sine: for those a function has many minima, evenly spaced."""

from __future__ import annotations

from taylored.trace.program import Program

__all__ = ["oscillating"]

_PERIODIC = frozenset(["sin", "cos", "tan"])


def oscillating(program: Program) -> frozenset[int]:
    """The inputs that the argument of a sine, cosine or tangent depends on."""
    depends: dict[int, frozenset[int]] = {n: frozenset([n]) for n in range(len(program.names))}
    found: frozenset[int] = frozenset()
    for equation in program.equations:
        inputs = [depends.get(a, frozenset()) for a in equation.inputs if isinstance(a, int)]
        joined = frozenset().union(*inputs)
        depends.update((output, joined) for output in equation.outputs)
        if equation.primitive in _PERIODIC:
            found |= joined
    return found
