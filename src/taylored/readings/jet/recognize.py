"""Smooth functions whose code has a kink or a branch, found in a program and written as one.

Every rewritten program is equal to the original as a function of real numbers wherever that one is
defined. What is not exactly one of the known forms stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from taylored.readings.jet.shifts import without_shifts
from taylored.trace.program import Atom, Builder, Constant, Equation, Program
from taylored.trace.tracer import ProgramRecorder, Traced, apply

__all__ = ["recognized"]


def recognized(program: Program) -> Program:
    """The program with the smooth functions in it as one equation each.

    logaddexp, softplus, the logistic function and sin(x)/x become primitives; what only shifts an
    intermediate result, as the maximum in logsumexp does, becomes a constant (`free_shift`).
    """
    return _recognized(_Same(program))


class _Same:
    """A program by its identity: comparing two of them would take as long as rewriting one."""

    __slots__ = ("program",)

    def __init__(self, program: Program):
        self.program = program

    def __hash__(self) -> int:
        return id(self.program)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.program is self.program


@lru_cache(maxsize=256)
def _recognized(same: _Same) -> Program:
    return without_shifts(_rewritten(same.program))


@dataclass(frozen=True, slots=True)
class _Found:
    """What an equation is: a primitive of these inputs, perhaps of minus the last one."""

    primitive: str
    inputs: tuple[Atom, ...]
    negated: bool = False


def _rewritten(program: Program) -> Program:
    reader = _Reader(program)
    shapes, size = dict(program.shapes), program.size
    equations: list[Equation] = []
    for equation in program.equations:
        found = next((f for f in (p(reader, equation) for p in _PATTERNS) if f), None)
        if found is None:
            equations.append(replace(equation, params=_inside(equation.params)))
            continue
        inputs = found.inputs
        if found.negated:
            *others, last = inputs
            equations.append(Equation("neg", (last,), (size,), source=equation.source))
            if isinstance(last, int) and last in shapes:
                shapes[size] = shapes[last]
            inputs, size = (*others, size), size + 1
        equations.append(
            Equation(found.primitive, inputs, equation.outputs, source=equation.source)
        )
    made = Program(program.names, tuple(equations), program.outputs, size, shapes)
    return made.keep(program.outputs)


def _inside(value: Any) -> Any:
    """The parameters of an equation, with the programs in them rewritten."""
    if isinstance(value, Program):
        return recognized(value)
    if isinstance(value, dict):
        return {k: _inside(v) for k, v in value.items()}
    if isinstance(value, tuple | list) and any(isinstance(v, Program) for v in value):
        made = [_inside(v) for v in value]
        return type(value)(*made) if hasattr(value, "_fields") else type(value)(made)
    return value


@dataclass(eq=False)
class _Reader:
    """Looks up where the variables of a program come from."""

    program: Program
    definitions: dict[int, Equation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for equation in self.program.equations:
            for output in equation.outputs:
                self.definitions[output] = equation

    def of(self, atom: Atom, *primitives: str) -> Equation | None:
        """The equation that this variable comes from, if it is one of these primitives."""
        found = self.definitions.get(atom) if isinstance(atom, int) else None
        return found if found is not None and found.primitive in primitives else None

    def argument(self, atom: Atom, *primitives: str) -> Atom | None:
        """The argument of the function of one argument that this variable comes from."""
        found = self.of(atom, *primitives)
        return found.inputs[0] if found is not None else None

    def number(self, atom: Atom | None) -> float | None:
        """The one number that all elements of a constant have."""
        if isinstance(atom, Constant):
            value = np.asarray(atom.value)
            # Without shapes an array of equal numbers would still give its shape to the result.
            if value.dtype.kind not in "fiu" or (value.ndim and not self.program.shapes):
                return None
            first = value.reshape(-1)[:1]
            return float(first[0]) if value.size and (value == first).all() else None
        moved = None if atom is None else self.of(atom, *_SPREADING)
        if moved is None or len(moved.inputs) != 1:
            return None
        dtype = moved.params.get("new_dtype")
        same = dtype is None or np.dtype(dtype).kind == "f"
        return self.number(moved.inputs[0]) if same else None

    def alike(self, *atoms: Atom) -> bool:
        """Whether these have the same shape, or broadcast freely."""
        shapes = self.program.shapes
        if not shapes:
            return True
        found = {shapes.get(a) if isinstance(a, int) else () for a in atoms}
        return len(found) == 1 and None not in found

    def other(self, equation: Equation | None, number: float) -> Atom | None:
        """The input beside a constant one of this value."""
        if equation is None or len(equation.inputs) != 2:
            return None
        first, second = equation.inputs
        if self.number(first) == number:
            return second
        return first if self.number(second) == number else None


_SPREADING = (
    "broadcast_in_dim broadcast_to reshape expand_dims squeeze convert_element_type copy".split()
)


# ---- log(exp(x) + exp(y)) ----


def _logaddexp(reader: _Reader, equation: Equation) -> _Found | None:
    if len(equation.outputs) != 1:
        return None
    pair = _added(reader, equation)
    if pair is None and equation.primitive == "call":
        inner: Program = equation.params["program"]
        (output,) = inner.outputs
        within = _Reader(inner)
        last = within.definitions.get(output) if isinstance(output, int) else None
        pair = None if last is None else _added(within, last)
        if pair is not None and all(_is_input(a, inner) for a in pair):
            pair = tuple(a if isinstance(a, Constant) else equation.inputs[a] for a in pair)
        else:
            pair = None
    if pair is None:
        return None
    x, y = pair
    for one, rest in ((y, x), (x, y)):
        alike = isinstance(rest, int) and reader.alike(rest, equation.outputs[0])
        if alike and reader.number(one) == 0:
            return _Found("softplus", (rest,))
    return _Found("logaddexp", (x, y))


def _is_input(atom: Atom, program: Program) -> bool:
    return isinstance(atom, Constant) or atom < len(program.names)


def _added(reader: _Reader, equation: Equation) -> tuple[Atom, ...] | None:
    """x and y of max(x, y) + log1p(exp(-abs(x - y))), also where that is guarded against nan."""
    if equation.primitive == "select_n" and len(equation.inputs) == 3:
        condition, usual, _ = equation.inputs
        test = reader.of(condition, "ne")
        if test is None or test.inputs[0] != test.inputs[1]:
            return None  # a number is never different from itself
        made = reader.of(usual, "add")
        pair = None if made is None else _added(reader, made)
        tested = reader.of(test.inputs[0], "sub")
        return pair if tested is not None and pair in (tested.inputs, tested.inputs[::-1]) else None
    if equation.primitive != "add":
        return None
    for largest, rest in (equation.inputs, equation.inputs[::-1]):
        extreme, size = reader.of(largest, "max"), _decay(reader, rest)
        if extreme is not None and size is not None and _apart(reader, extreme.inputs, size):
            return extreme.inputs
    return None


def _decay(reader: _Reader, atom: Atom) -> Atom | None:
    """d of log1p(exp(-abs(d)))."""
    for primitive in ("log1p", "exp", "neg", "abs"):
        found = reader.argument(atom, primitive)
        if found is None:
            return None
        atom = found
    return atom


def _apart(reader: _Reader, pair: tuple[Atom, ...], size: Atom) -> bool:
    """Whether `size` is the difference of the two, up to its sign."""
    difference = reader.of(size, "sub")
    if difference is not None and pair in (difference.inputs, difference.inputs[::-1]):
        return True
    for x, y in (pair, pair[::-1]):
        if reader.number(y) == 0 and (size == x or reader.argument(size, "neg") == x):
            return reader.alike(*(a for a in (x, size) if isinstance(a, int)))
    return False


# ---- log(1 + exp(u)), 1/(1 + exp(-u)) ----


def _softplus(reader: _Reader, equation: Equation) -> _Found | None:
    if equation.primitive == "log1p":
        argument = reader.argument(equation.inputs[0], "exp")
    elif equation.primitive == "log":
        argument = _one_plus_exp(reader, equation.inputs[0])
    else:
        return None
    if isinstance(argument, int) and reader.alike(argument, equation.outputs[0]):
        return _Found("softplus", (argument,))
    return None


def _one_plus_exp(reader: _Reader, atom: Atom) -> Atom | None:
    """u of 1 + exp(u), in either order."""
    power = reader.other(reader.of(atom, "add"), 1.0)
    return None if power is None else reader.argument(power, "exp")


def _logistic(reader: _Reader, equation: Equation) -> _Found | None:
    if equation.primitive == "div":
        over, under = equation.inputs
    elif equation.primitive == "integer_pow" and equation.params["y"] == -1:
        over, under = Constant(1.0), equation.inputs[0]
    else:
        return None
    argument = _one_plus_exp(reader, under)
    if not isinstance(argument, int) or not reader.alike(argument, equation.outputs[0]):
        return None
    if reader.argument(over, "exp") == argument:
        return _Found("logistic", (argument,))
    if reader.number(over) != 1:
        return None
    opposite = reader.argument(argument, "neg")
    if isinstance(opposite, int):
        return _Found("logistic", (opposite,))
    return _Found("logistic", (argument,), negated=True)


# ---- sin(x)/x ----


def _sinc(reader: _Reader, equation: Equation) -> _Found | None:
    split = _at_zero(reader, equation)
    if split is None:
        return None
    x, one, elsewhere = split
    quotient = reader.of(elsewhere, "div")
    if quotient is None:
        return None
    sine = reader.argument(quotient.inputs[0], "sin")
    below = _unguarded(reader, quotient.inputs[1], x)
    if sine is None or not isinstance(below, int) or _unguarded(reader, sine, x) != below:
        return None
    if not _is_multiple(reader, below, x) or not reader.alike(below, x, equation.outputs[0]):
        return None
    return _Found("sinc0", (below,)) if _is_one(reader, one, (x, below)) else None


def _at_zero(reader: _Reader, equation: Equation | None) -> tuple[Atom, Atom, Atom] | None:
    """x, what is chosen where x = 0, and what is chosen elsewhere."""
    if equation is None or equation.primitive != "select_n" or len(equation.inputs) != 3:
        return None
    condition, no, yes = equation.inputs
    test = reader.of(condition, "eq", "ne")
    x = reader.other(test, 0.0)
    if test is None or not isinstance(x, int):
        return None
    return (x, yes, no) if test.primitive == "eq" else (x, no, yes)


def _unguarded(reader: _Reader, atom: Atom, x: Atom) -> Atom:
    """What this variable is where x is not zero."""
    split = _at_zero(reader, reader.of(atom, "select_n"))
    if split is None or split[0] != x or reader.number(split[1]) in (None, 0.0):
        return atom
    return split[2]


def _is_multiple(reader: _Reader, atom: Atom, x: Atom) -> bool:
    """Whether it is x, or x times a constant that is not zero."""
    if atom == x:
        return True
    product = reader.of(atom, "mul")
    if product is None:
        return False
    factors = [a for a in product.inputs if a != x]
    factor = reader.number(factors[0]) if len(factors) == 1 else None
    return factor is not None and factor != 0 and np.isfinite(factor)


def _is_one(reader: _Reader, atom: Atom, zeros: Sequence[Atom]) -> bool:
    """Whether it is 1 where all of `zeros` are zero."""
    call = reader.of(atom, "call")
    if call is None:
        return reader.number(atom) == 1
    if any(a not in zeros for a in call.inputs):
        return False
    return _exact_at_zero(call.params["program"]) == 1


def _exact_at_zero(program: Program) -> Fraction | None:
    """The value of an elementwise program where all its inputs are zero, without rounding."""
    reader = _Reader(program)
    values: dict[Atom, Fraction | None] = dict.fromkeys(range(len(program.names)), Fraction(0))

    def read(atom: Atom) -> Fraction | None:
        if atom in values:
            return values[atom]
        number = reader.number(atom)
        return Fraction(number) if number is not None and np.isfinite(number) else None

    for equation in program.equations:
        run, inputs = _EXACT.get(equation.primitive), [read(a) for a in equation.inputs]
        if run is None or None in inputs:
            continue
        values[equation.outputs[0]] = run(*inputs)
    return read(program.outputs[0]) if len(program.outputs) == 1 else None


_EXACT: dict[str, Callable[..., Fraction]] = {
    "add": lambda x, y: x + y, "sub": lambda x, y: x - y, "mul": lambda x, y: x * y,
    "neg": lambda x: -x, "copy": lambda x: x, "square": lambda x: x * x,
}  # fmt: skip


def _recorded_sinc(reader: _Reader, equation: Equation) -> _Found | None:
    """NumPy's sinc, which the tracer writes with a series near zero for the sake of derivatives."""
    if equation.primitive != "select_n" or reader.program.shapes:
        return None
    near = reader.of(equation.inputs[0], "lt")
    size = None if near is None else reader.argument(near.inputs[0], "abs")
    if not isinstance(size, int):
        return None
    builder = Builder.extending(reader.program)
    value = apply("sinc", Traced(ProgramRecorder(builder), size)).held
    if builder.size != reader.program.size or (value,) != equation.outputs:
        return None  # something was new: it is not written with just these equations
    quotient = reader.of(equation.inputs[1], "div")
    safe = None if quotient is None else reader.of(quotient.inputs[1], "select_n")
    return None if safe is None else _Found("sinc0", (safe.inputs[1],))


# ---- zero without its sign ----


def _unsigned_zero(reader: _Reader, equation: Equation) -> _Found | None:
    """x, where only the sign of zero is taken off, as searches do before they compare."""
    split = _at_zero(reader, equation)
    if split is None or split[2] != split[0] or reader.number(split[1]) != 0:
        return None
    return _Found("copy", (split[0],)) if reader.alike(split[0], *equation.outputs) else None


_PATTERNS: tuple[Callable[[_Reader, Equation], _Found | None], ...] = (
    _logaddexp, _softplus, _logistic, _sinc, _recorded_sinc, _unsigned_zero,
)  # fmt: skip
