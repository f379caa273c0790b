"""Intermediate results that may be any number, as the maximum in logsumexp: found with a proof.

If adding d to a variable changes no output, whatever d is, then any number in its place gives the
same function, and it does not matter how smooth the variable is. The proof follows what depends on
it: each such variable is v + k*d or v*exp(k*d), with a whole k, elementwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from taylored.readings.numpy import RULES as NUMPY
from taylored.trace.program import Atom, Constant, Equation, Program

__all__ = ["without_shifts"]

# What people subtract before they exponentiate; the proof itself holds for any variable.
_CANDIDATES = frozenset(["stop_gradient", "reduce_max", "reduce_min", "max", "min"])


def without_shifts(program: Program) -> Program:
    """The program with the variables that the outputs do not depend on as `free_shift`.

    The equations that only these need are the program in its parameters.
    """
    if not program.shapes:
        return program  # nothing is reduced there
    for equation in reversed(program.equations):
        if equation.primitive not in _CANDIDATES or len(equation.outputs) != 1:
            continue
        # A shift found after it may have taken the equation away.
        if any(e is equation for e in program.equations) and _is_free(program, equation.outputs[0]):
            program = _freed(program, equation)
    return program


def _freed(program: Program, shift: Equation) -> Program:
    """The program with this equation as a free shift of what is needed for other things too."""
    cut = Program(program.names, tuple(e for e in program.equations if e is not shift),
                  program.outputs, program.size, program.shapes)  # fmt: skip
    kept = cut.keep(program.outputs).equations
    others = {id(e) for e in kept}
    needed = program.keep(shift.outputs).equations
    quiet = [e for e in needed if id(e) not in others]
    made = {o for e in quiet for o in e.outputs}
    inputs = list(dict.fromkeys(
        a for e in quiet for a in e.inputs if isinstance(a, int) and a not in made
    ))  # fmt: skip
    inner = _extracted(program, quiet, inputs, shift.outputs[0])
    free = Equation("free_shift", tuple(inputs), shift.outputs, {"program": inner}, shift.source)
    equations = [free if e is shift else e for e in program.equations]
    return replace(program, equations=tuple(e for e in equations if e is free or id(e) in others))


def _extracted(
    program: Program, equations: Sequence[Equation], inputs: Sequence[int], output: int
) -> Program:
    """These equations as a program of their own."""
    numbers = {old: new for new, old in enumerate(inputs)}
    for equation in equations:
        for old in equation.outputs:
            numbers[old] = len(numbers)

    def atom(old: Atom) -> Atom:
        return old if isinstance(old, Constant) else numbers[old]

    rows = tuple(
        replace(e, inputs=tuple(map(atom, e.inputs)), outputs=tuple(numbers[o] for o in e.outputs))
        for e in equations
    )
    shapes = {new: program.shapes[old] for old, new in numbers.items() if old in program.shapes}
    names = tuple(f"in{k}" for k in range(len(inputs)))
    return Program(names, rows, (atom(output),), len(numbers), shapes)


# ---- the proof ----


@dataclass(frozen=True, slots=True)
class _Shifted:
    """How a variable changes: v + k*d or, as a `factor`, v*exp(k*d); k is not zero.

    `labels` says for each element which element of d it is.
    """

    k: int
    factor: bool
    labels: np.ndarray


class _NotProved(Exception):
    """The variable may matter."""


def _is_free(program: Program, start: int) -> bool:
    """Whether no output depends on this variable."""
    shape = program.shapes.get(start)
    if shape is None or start in program.outputs:
        return False
    size = int(np.prod(shape, dtype=np.int64))
    found: dict[int, _Shifted] = {start: _Shifted(1, False, np.arange(size).reshape(shape))}
    for equation in program.equations:
        if not any(isinstance(a, int) and a in found for a in equation.inputs):
            continue
        try:
            result = _followed(program, equation, found)
        except _NotProved:
            return False
        if result is not None:
            found[equation.outputs[0]] = result
    return not any(isinstance(a, int) and a in found for a in program.outputs)


def _followed(program: Program, equation: Equation, found: dict[int, _Shifted]) -> _Shifted | None:
    """How the result of an equation changes; None where it does not."""
    rule = _RULES.get(equation.primitive)
    if rule is None or len(equation.outputs) != 1:
        raise _NotProved
    shape = program.shapes.get(equation.outputs[0])
    if shape is None:
        raise _NotProved
    inputs = [found.get(a) if isinstance(a, int) else None for a in equation.inputs]
    return rule(_Step(program, equation, inputs, shape))


@dataclass(frozen=True, slots=True)
class _Step:
    """An equation, how its inputs change, and the shape of its result."""

    program: Program
    equation: Equation
    inputs: list[_Shifted | None]
    shape: tuple[int, ...]

    def made(self, k: int, factor: bool) -> _Shifted | None:
        """The result of an elementwise operation, if its inputs go with the same element of d."""
        if k == 0:
            # The labels have to be equal also where d cancels.
            self._labels()
            return None
        return _Shifted(k, factor, self._labels())

    def _labels(self) -> np.ndarray:
        labels = [np.broadcast_to(v.labels, self.shape) for v in self.inputs if v is not None]
        if not all(np.array_equal(v, labels[0]) for v in labels[1:]):
            raise _NotProved
        return labels[0]

    def only(self, factor: bool) -> _Shifted:
        """How the first input changes, which has to be of this kind."""
        first = self.inputs[0]
        if first is None or first.factor != factor:
            raise _NotProved
        return first

    def is_zero(self, number: int) -> bool:
        """Whether an input is the constant zero."""
        atom = self.equation.inputs[number]
        while isinstance(atom, int):
            made = next((e for e in self.program.equations if atom in e.outputs), None)
            if made is None or made.primitive not in _SPREADING or len(made.inputs) != 1:
                return False
            atom = made.inputs[0]
        value = np.asarray(atom.value)
        return value.dtype.kind in "fiu" and bool((value == 0).all())


_SPREADING = ("broadcast_in_dim", "convert_element_type", "reshape", "copy")


def _sum(step: _Step) -> _Shifted | None:
    """(v + k*d) + (w + l*d), and v*exp(k*d) + w*exp(k*d)."""
    x, y = step.inputs
    sign = -1 if step.equation.primitive == "sub" else 1
    factors = {v.factor for v in step.inputs if v is not None}
    if factors == {False}:
        return step.made((x.k if x else 0) + sign * (y.k if y else 0), False)
    if factors == {True} and x is not None and y is not None and x.k == y.k:
        return step.made(x.k, True)
    raise _NotProved


def _product(step: _Step) -> _Shifted | None:
    """Products and quotients of factors."""
    x, y = step.inputs
    if not all(v.factor for v in step.inputs if v is not None):
        raise _NotProved
    sign = -1 if step.equation.primitive == "div" else 1
    return step.made((x.k if x else 0) + sign * (y.k if y else 0), True)


def _negated(step: _Step) -> _Shifted | None:
    (x,) = step.inputs
    return step.made((x.k if x.factor else -x.k), x.factor) if x is not None else None


def _power(step: _Step) -> _Shifted | None:
    exponent = 2 if step.equation.primitive == "square" else int(step.equation.params["y"])
    return step.made(step.only(True).k * exponent, True)


def _exp(step: _Step) -> _Shifted | None:
    return step.made(step.only(False).k, True)


def _log(step: _Step) -> _Shifted | None:
    return step.made(step.only(True).k, False)


def _abs(step: _Step) -> _Shifted | None:
    return step.made(step.only(True).k, True)


def _sign(step: _Step) -> None:
    """The sign of v*exp(k*d) is that of v."""
    step.only(True)


def _compared(step: _Step) -> None:
    """Comparing v*exp(k*d) with zero is comparing v with it."""
    x, y = step.inputs
    for one, number in ((x, 1), (y, 0)):
        if one is not None and one.factor and step.is_zero(number):
            return
    raise _NotProved


def _chosen(step: _Step) -> _Shifted | None:
    """A choice that does not depend on d, among what changes in the same way."""
    condition, *cases = step.inputs
    first = next((c for c in cases if c is not None), None)
    if condition is not None or first is None:
        raise _NotProved
    for number, case in enumerate(cases, start=1):
        if case is None:
            # Zero times exp(k*d) is zero.
            same = first.factor and step.is_zero(number)
        else:
            same = case.factor == first.factor and case.k == first.k
        if not same:
            raise _NotProved
    return step.made(first.k, first.factor)


def _total(step: _Step) -> _Shifted | None:
    """A sum of factors with the same element of d."""
    x, axes = step.only(True), tuple(step.equation.params["axes"])
    low, high = x.labels, x.labels
    if not x.labels.size:
        raise _NotProved
    low, high = x.labels.min(axis=axes), x.labels.max(axis=axes)
    if not np.array_equal(low, high):
        raise _NotProved
    return _Shifted(x.k, True, low)


def _moved(step: _Step) -> _Shifted | None:
    """What moves elements around moves their labels."""
    (x,) = step.inputs
    if x is None:
        raise _NotProved
    return replace(x, labels=np.asarray(NUMPY[step.equation.primitive](step.equation)(x.labels)))


def _same(step: _Step) -> _Shifted | None:
    (x,) = step.inputs
    dtype = step.equation.params.get("new_dtype")
    if dtype is not None and np.dtype(dtype).kind != "f":
        raise _NotProved
    return x


_RULES: dict[str, Callable[[_Step], _Shifted | None]] = {
    "add": _sum, "add_any": _sum, "sub": _sum, "neg": _negated, "mul": _product, "div": _product,
    "integer_pow": _power, "square": _power, "exp": _exp, "log": _log, "abs": _abs, "sign": _sign,
    "select_n": _chosen, "reduce_sum": _total,
    **dict.fromkeys(["lt", "le", "gt", "ge", "eq", "ne"], _compared),
    **dict.fromkeys("""broadcast_in_dim broadcast_to reshape squeeze expand_dims transpose rev
                    slice tile""".split(), _moved),
    **dict.fromkeys("copy copy_p stop_gradient convert_element_type reduce_precision".split(),
                    _same),
}  # fmt: skip
