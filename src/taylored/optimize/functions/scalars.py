"""A small program of arrays as one of plain numbers, which NumPy runs many times faster.

A call of NumPy on an array of three numbers costs as much as one on a number, and derivatives of
array programs are made of many such calls. Written out number by number, each result is computed
once, and what does not depend on the inputs is computed when the program is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from taylored.readings.facts import ELEMENTWISE
from taylored.readings.numpy import RULES
from taylored.trace.constants import evaluate
from taylored.trace.program import Builder, Constant, Equation, Program
from taylored.trace.tracer import ProgramRecorder, Traced, apply

__all__ = ["written_out"]

_MOST_EQUATIONS = 2000

# What moves numbers about and computes nothing: NumPy does it with arrays of any objects.
_MOVES = frozenset(
    "broadcast_in_dim broadcast_to reshape squeeze expand_dims transpose rev concatenate stack "
    "tile slice dynamic_slice dynamic_update_slice gather pad copy copy_p "
    "optimization_barrier".split()
)


_CONDITIONS = frozenset("eq ne lt le gt ge and or xor not is_finite".split())


class _TooMuch(Exception):
    """The program is too large, or holds what is not made of single numbers."""


class _Writer(ProgramRecorder):
    """A recorder that remembers which of its values are conditions."""

    __slots__ = ("conditions",)

    def __init__(self, builder: Builder):
        super().__init__(builder)
        self.conditions: set[int] = set()

    def apply(self, primitive: str, inputs: Sequence[Any], params: Mapping[str, Any]) -> Traced:
        found = super().apply(primitive, inputs, params)
        if primitive in _CONDITIONS:
            self.conditions.add(found.held)
        return found


def written_out(
    program: Program, shapes: Sequence[tuple[int, ...]], names: Sequence[str]
) -> Program | None:
    """The same function of single numbers; its outputs are the elements of the program's.

    None where it is too large, or where an operation has no form for single numbers.
    """
    builder = Builder(names)
    recorder = _Writer(builder)
    numbers = iter(range(len(names)))
    given = [_filled(shape, lambda: Traced(recorder, next(numbers))) for shape in shapes]
    try:
        found = _walk(program, given, recorder)
        flat = [v for a in found for v in np.asarray(a, object).reshape(-1)]
        return builder.finish([recorder.atom(_plain(v)) for v in flat])
    except _TooMuch:
        return None


def _walk(program: Program, given: Sequence[Any], recorder: _Writer) -> list[Any]:
    """The outputs of a program on arrays of numbers, traced ones among them."""
    env: dict[int, Any] = dict(enumerate(given))

    def value(atom: Any) -> Any:
        return np.asarray(atom.value) if isinstance(atom, Constant) else env[atom]

    for equation in program.equations:
        values = [value(a) for a in equation.inputs]
        if equation.primitive == "scan":
            env.update(zip(equation.outputs, _scan(equation, values, recorder), strict=True))
        elif len(equation.outputs) == 1:
            env[equation.outputs[0]] = _run(equation, values, recorder)
        else:
            raise _TooMuch
        if len(recorder.builder.equations) > _MOST_EQUATIONS:
            raise _TooMuch
    return [value(a) for a in program.outputs]


def _scan(equation: Equation, values: list[Any], recorder: _Writer) -> list[Any]:
    """A loop of known length, written out."""
    p = equation.params
    body, constants, carried = p["jaxpr"], p["num_consts"], p["num_carry"]
    carry = list(values[constants : constants + carried])
    columns: list[list[Any]] = []
    for k in reversed(range(p["length"])) if p["reverse"] else range(p["length"]):
        rows = [np.asarray(s[k], s.dtype) for s in values[constants + carried :]]
        outputs = _walk(body, [*values[:constants], *carry, *rows], recorder)
        carry = outputs[:carried]
        columns.append(outputs[carried:])
    if p["reverse"]:
        columns.reverse()
    return [*carry, *(_stacked(column) for column in zip(*columns, strict=True))]


def _stacked(rows: Sequence[Any]) -> np.ndarray:
    found = np.empty((len(rows), *np.shape(rows[0])), object)
    for k, row in enumerate(rows):
        found[k] = row if np.ndim(row) else np.asarray(row, object).item()
    return found


def _filled(shape: tuple[int, ...], make: Callable[[], Any]) -> np.ndarray:
    found = np.empty(shape, object)
    for place in np.ndindex(*shape):
        found[place] = make()
    return found


def _run(equation: Equation, values: list[Any], recorder: _Writer) -> Any:
    name = equation.primitive
    if not any(v.dtype == object for v in values):
        if name not in RULES:
            raise _TooMuch
        return np.asarray(RULES[name](equation)(*values))
    if name in _MOVES:
        # Indices are known: only the numbers moved may be traced.
        if name in ("gather", "dynamic_slice") and any(v.dtype == object for v in values[1:]):
            raise _TooMuch
        return np.asarray(RULES[name](equation)(*values), object)
    if name == "convert_element_type":
        return _convert(equation, values[0], recorder)
    if name in _OWN:
        return _OWN[name](equation, values)
    if name in ELEMENTWISE:
        return _elementwise(equation, values, recorder)
    raise _TooMuch


def _elementwise(equation: Equation, values: list[Any], recorder: _Writer) -> np.ndarray:
    shape = np.broadcast_shapes(*(np.shape(v) for v in values))
    columns = [np.broadcast_to(v, shape).reshape(-1) for v in values]
    found = np.empty(int(np.prod(shape, dtype=np.int64)), object)
    for k, numbers in enumerate(zip(*columns, strict=True)):
        found[k] = _applied(equation, [_plain(v) for v in numbers], recorder)
    return found.reshape(shape)


def _applied(equation: Equation, numbers: list[Any], recorder: _Writer) -> Any:
    name, params = equation.primitive, equation.params
    if not any(isinstance(v, Traced) for v in numbers):
        return evaluate(name, numbers, params)
    if name in ("add", "mul", "sub"):
        short = _shortened(name, *numbers)
        if short is not None:
            return short
    if name == "square":
        return recorder.apply("integer_pow", numbers, {"y": 2})
    return recorder.apply(name, numbers, params)


def _shortened(name: str, x: Any, y: Any) -> Any:
    """x + 0 and 1*x, which are x."""
    nothing = 1.0 if name == "mul" else 0.0
    if isinstance(y, float | int) and y == nothing:
        return x
    if name != "sub" and isinstance(x, float | int) and x == nothing:
        return y
    return None


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


# ---- what has a form of its own ----


def _sum(equation: Equation, values: list[Any]) -> np.ndarray:
    return _folded(values[0], equation.params["axes"], lambda x, y: _added(x, y))


def _product(equation: Equation, values: list[Any]) -> np.ndarray:
    return _folded(values[0], equation.params["axes"], _times)


def _added(x: Any, y: Any) -> Any:
    short = _shortened("add", _plain(x), _plain(y))
    return x + y if short is None else short


def _folded(value: np.ndarray, axes: Sequence[int], fold: Callable) -> np.ndarray:
    kept = [k for k in range(value.ndim) if k not in axes]
    rows = np.transpose(value, [*kept, *axes]).reshape(
        *(value.shape[k] for k in kept), int(np.prod([value.shape[k] for k in axes]))
    )
    if rows.shape[-1] == 0:
        raise _TooMuch
    found = np.empty(rows.shape[:-1], object)
    for place in np.ndindex(*found.shape):
        total = rows[place][0]
        for v in rows[place][1:]:
            total = fold(total, v)
        found[place] = total
    return found


def _extreme(name: str) -> Callable[[Equation, list[Any]], np.ndarray]:
    def run(equation: Equation, values: list[Any]) -> np.ndarray:
        return _folded(values[0], equation.params["axes"], lambda x, y: apply(name, x, y))

    return run


def _dot_general(equation: Equation, values: list[Any]) -> np.ndarray:
    (left, right), (batch_left, batch_right) = equation.params["dimension_numbers"]
    x, y = values
    if batch_left or batch_right:
        raise _TooMuch
    rest_x = [k for k in range(x.ndim) if k not in left]
    rest_y = [k for k in range(y.ndim) if k not in right]
    inner = int(np.prod([x.shape[k] for k in left], dtype=np.int64))
    rows = np.transpose(x, [*rest_x, *left]).reshape(-1, inner)
    columns = np.transpose(y, [*rest_y, *right]).reshape(-1, inner)
    if len(rows) * len(columns) * inner > _MOST_EQUATIONS or inner == 0:
        raise _TooMuch
    found = np.empty((len(rows), len(columns)), object)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            terms = (_times(a, b) for a, b in zip(row, column, strict=True))
            total: Any = next(terms)
            for term in terms:
                total = _added(total, term)
            found[i, j] = total
    return found.reshape([x.shape[k] for k in rest_x] + [y.shape[k] for k in rest_y])


def _times(x: Any, y: Any) -> Any:
    x, y = _plain(x), _plain(y)
    if any(isinstance(v, float | int) and v == 0 for v in (x, y)):
        return 0.0
    short = _shortened("mul", x, y)
    if short is not None:
        return short
    # x*x as a square is never negative, and its derivative is one term.
    if isinstance(x, Traced) and isinstance(y, Traced) and x.held == y.held:
        return apply("square", x)
    return apply("mul", x, y)


def _convert(equation: Equation, value: np.ndarray, recorder: _Writer) -> np.ndarray:
    """Numbers stay as they are, and a condition becomes 1 or 0."""
    if np.dtype(equation.params["new_dtype"]).kind != "f":
        raise _TooMuch
    found = np.empty(value.size, object)
    for k, v in enumerate(value.reshape(-1)):
        condition = isinstance(v, Traced) and v.held in recorder.conditions
        found[k] = apply("where", v, 1.0, 0.0) if condition else v
    return found.reshape(value.shape)


def _cumulative(fold: Callable) -> Callable[[Equation, list[Any]], np.ndarray]:
    def run(equation: Equation, values: list[Any]) -> np.ndarray:
        axis = equation.params["axis"]
        moved = np.moveaxis(values[0], axis, 0)
        rows = moved.reshape(len(moved), -1).copy()
        order = range(len(rows) - 1, -1, -1) if equation.params.get("reverse") else range(len(rows))
        for before, now in pairwise(order):
            for k in range(rows.shape[1]):
                rows[now, k] = fold(rows[before, k], rows[now, k])
        return np.moveaxis(rows.reshape(moved.shape), 0, axis)

    return run


_OWN: dict[str, Callable[[Equation, list[Any]], np.ndarray]] = {
    "cumprod": _cumulative(lambda x, y: x * y),
    "cumsum": _cumulative(_added),
    "dot_general": _dot_general,
    "reduce_max": _extreme("max"),
    "reduce_min": _extreme("min"),
    "reduce_prod": _product,
    "reduce_sum": _sum,
}
