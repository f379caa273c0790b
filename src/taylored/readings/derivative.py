"""Forward derivatives of a program, as a program: one tangent per input that matters.

Each equation is differentiated once; its local derivatives are shared by all tangents that
pass through it, and a tangent that is zero everywhere is never written. The result holds the
function and its derivatives, so that a reading computes common parts once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from taylored.readings.facts import ELEMENTWISE
from taylored.trace.program import Atom, Builder, Constant, Equation, Program
from taylored.trace.rules import RuleTable
from taylored.trace.tracer import ProgramRecorder, Traced, apply

__all__ = ["RULES", "derivative"]

# A rule gets the walk, the equation and the tangents of its inputs for one direction (None
# where zero), and returns the tangents of its outputs.
RULES = RuleTable("derivative", "leave the derivative to JAX: write the model with jax.numpy.")

Tangent = Atom | None


class _Walk:
    """What a rule may use: the program being made, and shared local derivatives."""

    def __init__(self, program: Program):
        self.builder = Builder.extending(program)
        self.recorder = ProgramRecorder(self.builder)
        self._local: dict[tuple[int, ...], tuple[Any, ...]] = {}

    def value(self, atom: Atom) -> Any:
        """An atom as a traced value, a plain number or an array, to compute with."""
        if isinstance(atom, Constant):
            # NumPy's numbers, whose quotients by zero are infinite and not an error.
            number = isinstance(atom.value, int | float) and not isinstance(atom.value, bool)
            return np.float64(atom.value) if number else atom.value
        return Traced(self.recorder, atom)

    def local(self, equation: Equation) -> tuple[Any, ...]:
        """The local derivatives of an elementwise equation, written once."""
        if equation.outputs not in self._local:
            inputs = [self.value(a) for a in equation.inputs]
            result = self.value(equation.outputs[0])
            with np.errstate(all="ignore"):
                self._local[equation.outputs] = _local_derivatives(equation, inputs, result)
        return self._local[equation.outputs]

    def full(self, tangent: Atom, like: Atom) -> Atom:
        """A tangent with the whole shape of the value that it belongs to."""
        shape = self.builder.shapes.get(like) if isinstance(like, int) else None
        if shape is None or self.shape(tangent) == shape:
            return tangent
        (number,) = self.builder.emit("broadcast_to", [tangent], {"shape": shape})
        self.builder.shapes[number] = shape
        return number

    def shape(self, atom: Atom) -> tuple[int, ...] | None:
        """The shape of a value, where it is fixed."""
        if isinstance(atom, int):
            return self.builder.shapes.get(atom)
        return getattr(atom.value, "shape", ())


def _local_derivatives(equation: Equation, inputs: list[Any], result: Any) -> tuple[Any, ...]:
    if equation.primitive == "integer_pow":
        power = equation.params["y"]
        lower = 1.0 if power == 1 else apply("pow", inputs[0], power - 1)
        return (power * lower,)
    rule = ELEMENTWISE[equation.primitive].derivatives
    assert rule is not None
    found = rule(*inputs, result)
    if equation.primitive == "pow" and isinstance(inputs[1], Traced):
        # x**0 is 1 for every x, where n*x**(n - 1) is 0*inf at x = 0.
        flat = apply("and", *(apply("eq", value, 0.0) for value in inputs))
        return apply("where", flat, 0.0, found[0]), found[1]
    return found


@RULES.register("select_n")
def _select(walk: _Walk, equation: Equation, tangents: Sequence[Tangent]) -> list[Tangent]:
    # A choice, not a product: the branch not taken may have no derivative there, and 0*nan is nan.
    if tangents[1] is None and tangents[2] is None:
        return [None]
    low, high = (0.0 if t is None else walk.value(t) for t in tangents[1:])
    return [walk.recorder.atom(apply("where", walk.value(equation.inputs[0]), high, low))]


@RULES.register(*(n for n, r in ELEMENTWISE.items() if r.derivatives or n == "integer_pow"))
def _elementwise(walk: _Walk, equation: Equation, tangents: Sequence[Tangent]) -> list[Tangent]:
    total: Any = None
    singular = equation.primitive in _SINGULAR or equation.params.get("y", 1) < 0
    for tangent, local in zip(tangents, walk.local(equation), strict=True):
        if tangent is None or local is None:
            continue
        term = _times(local, walk.value(tangent), singular)
        total = term if total is None else total + term
    return [None if total is None else walk.recorder.atom(total)]


# Their slopes are infinite where the function itself is finite: (x/e)**0.7 at x = 0.
_SINGULAR = frozenset(["pow", "sqrt", "rsqrt", "cbrt", "log", "asin", "acos", "acosh", "xlogy"])


def _times(local: Any, tangent: Any, singular: bool) -> Any:
    if _is_number(local, 1.0):
        return tangent
    if _is_number(tangent, 1.0):
        return local
    if _is_number(local, -1.0):
        return -tangent
    product = local * tangent
    if singular and isinstance(tangent, Traced):
        # Nothing moves there, so the change is zero, though the slope is infinite: not nan.
        lost = apply("and", apply("eq", tangent, 0.0), apply("gt", apply("abs", local), 1e300))
        return apply("where", lost, 0.0, product)
    return product


def _is_number(value: Any, number: float) -> bool:
    return isinstance(value, int | float) and value == number


def _linear(walk: _Walk, equation: Equation, tangents: Sequence[Tangent]) -> list[Tangent]:
    """Primitives linear in their first input, the others being indices or shapes."""
    if tangents[0] is None:
        return [None]
    first = walk.full(tangents[0], equation.inputs[0])
    return [_again(walk, equation, [first, *equation.inputs[1:]])]


RULES.family(
    ["broadcast_in_dim", "broadcast_to", "reshape", "squeeze", "expand_dims", "transpose", "rev",
     "slice", "dynamic_slice", "reduce_sum", "cumsum", "copy", "copy_p", "convert_element_type"],
    _linear,
)  # fmt: skip


def _again(walk: _Walk, equation: Equation, inputs: list[Atom]) -> int:
    """The same equation on other inputs."""
    (number,) = walk.builder.emit(
        equation.primitive, inputs, equation.params, source=equation.source, bind=equation.bind
    )
    shape = walk.builder.shapes.get(equation.outputs[0])
    if shape is not None:
        walk.builder.shapes[number] = shape
    return number


@RULES.register("concatenate")
def _concatenate(walk: _Walk, equation: Equation, tangents: Sequence[Tangent]) -> list[Tangent]:
    zero = Constant(0.0)
    pieces = [
        walk.full(zero if tangent is None else tangent, atom)
        for tangent, atom in zip(tangents, equation.inputs, strict=True)
    ]
    return [_again(walk, equation, pieces)]


@RULES.register("dot_general")
def _dot_general(walk: _Walk, equation: Equation, tangents: Sequence[Tangent]) -> list[Tangent]:
    left, right = equation.inputs
    terms = []
    if tangents[0] is not None:
        terms.append(_again(walk, equation, [walk.full(tangents[0], left), right]))
    if tangents[1] is not None:
        terms.append(_again(walk, equation, [left, walk.full(tangents[1], right)]))
    total = walk.value(terms[0])
    for term in terms[1:]:
        total = total + walk.value(term)
    return [walk.recorder.atom(total)]


@RULES.register("stop_gradient", "iota", "is_finite")
def _zero(walk: _Walk, equation: Equation, tangents: Sequence[Tangent]) -> list[Tangent]:
    return [None] * len(equation.outputs)


@RULES.register("square")
def _square(walk: _Walk, equation: Equation, tangents: Sequence[Tangent]) -> list[Tangent]:
    x, tangent = (walk.value(a) for a in (equation.inputs[0], tangents[0] or 0))
    return [walk.recorder.atom(2.0 * x * tangent)]


def derivative(program: Program, wrt: Sequence[int]) -> tuple[Program, list[list[Tangent]]]:
    """The program extended by the derivatives of its outputs with respect to some inputs.

    Returns the extended program (its outputs are still the function's) and, for each output,
    the atom of its derivative with respect to each input in `wrt`; None where it is zero.

    Raises:
        MissingRule: where an equation between these inputs and the outputs has no rule.
    """
    active = _active(program, wrt)
    RULES.require(Program(program.names, tuple(active), program.outputs, program.size))
    walk = _Walk(program)
    tangents: dict[int, dict[int, Atom]] = {number: {number: Constant(1.0)} for number in wrt}
    for equation in active:
        inputs = [tangents.get(a, {}) if isinstance(a, int) else {} for a in equation.inputs]
        for direction in sorted({d for t in inputs for d in t}):
            given = [t.get(direction) for t in inputs]
            results = RULES[equation.primitive](walk, equation, given)
            for output, tangent in zip(equation.outputs, results, strict=True):
                if tangent is not None:
                    tangents.setdefault(output, {})[direction] = tangent
    table = [
        [tangents.get(a, {}).get(n) if isinstance(a, int) else None for n in wrt]
        for a in program.outputs
    ]
    full = [[None if t is None else walk.full(t, a) for t in row]
            for a, row in zip(program.outputs, table, strict=True)]  # fmt: skip
    made = walk.builder
    extended = Program(
        program.names, tuple(made.equations), program.outputs, made.size, made.shapes
    )
    return extended, full


def _active(program: Program, wrt: Sequence[int]) -> list[Equation]:
    """The equations that some of these inputs pass through."""
    touched = set(wrt)
    found = []
    for equation in program.equations:
        if touched.intersection(a for a in equation.inputs if isinstance(a, int)):
            found.append(equation)
            touched.update(equation.outputs)
    return found
