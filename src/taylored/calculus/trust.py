"""Where a derivative does not exist or is infinite, and which part of the formula is the cause."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.readings import plain
from taylored.readings.expression import Node, reachable
from taylored.readings.facts import ELEMENTWISE
from taylored.readings.numpy import RULES
from taylored.readings.shaken import Given, shaken
from taylored.readings.simplify import Algebra
from taylored.readings.trees import variables
from taylored.trace.program import Atom, Builder, Constant, Equation, Program
from taylored.trace.tracer import ProgramRecorder, Traced, apply

__all__ = ["Side", "Switch", "cause", "sides", "switches"]

_STEP = 1e-7  # of the inputs, to look at both sides of a point
_AGREE = 1e-4  # relative difference of slopes that are the same

Slopes = Callable[[np.ndarray], np.ndarray]  # point -> values, then derivatives, as one array


# ---- points where a formula changes its branch ----


@dataclass(frozen=True, slots=True)
class Switch:
    """A part of the formula that is exactly where it changes: its text, and its inputs."""

    text: str
    names: frozenset[str]


_KINKED = frozenset(["abs", "sign", "floor", "ceil", "round", "max", "min"])
_COMPARED = frozenset(["lt", "le", "gt", "ge", "eq", "ne"])


def switches(program: Program, at: Sequence[Given], quote: Callable[[str], str]) -> list[Switch]:
    """The parts of a formula that change at this point, within the error of computing them."""
    builder = Builder.extending(program)
    recorder = ProgramRecorder(builder)
    found: list[tuple[Equation, Atom]] = []
    for equation in program.equations:
        if equation.primitive in _KINKED | _COMPARED:
            inputs = [_operand(recorder, a) for a in equation.inputs]
            distance = recorder.atom(_distance(equation.primitive, inputs))
            if isinstance(distance, int):
                found.append((equation, distance))
    if not found:
        return []
    distances = shaken(builder.finish([d for _, d in found]), at)
    hit = [e for (e, _), d in zip(found, distances, strict=True) if abs(d.value) <= 2.0 * d.error]
    if not hit:
        return []
    nodes = variables(program, Algebra())
    found_nodes = [nodes[e.outputs[0]] for e in hit]
    return [Switch(_text(node, quote), _names(node)) for node in found_nodes]


def _operand(recorder: ProgramRecorder, atom: Atom) -> Any:
    return atom.value if isinstance(atom, Constant) else Traced(recorder, atom)


def _distance(primitive: str, inputs: Sequence[Any]) -> Any:
    """What is zero where the primitive changes."""
    first = inputs[0]
    if primitive in ("abs", "sign"):
        return first
    if primitive in ("floor", "ceil"):
        return first - apply("round", first)
    if primitive == "round":
        return first - apply("floor", first) - 0.5
    return first - inputs[1]


def _text(node: Node, quote: Callable[[str], str]) -> str:
    (text,) = plain.written([node], 200, quote).outputs
    return text if len(text) <= 60 else f"{text[:57]}..."


# ---- slopes on both sides ----


@dataclass(frozen=True, slots=True)
class Side:
    """Limits of values and slopes when one input comes from one side; nan where there is none."""

    limit: np.ndarray
    jumps: np.ndarray  # of each, whether it jumps there


def sides(slopes: Slopes, point: np.ndarray, axis: int) -> tuple[Side, Side]:
    """What all values and slopes do on the left and on the right of a point, along one input.

    Extrapolated from two distances, so that smooth changes do not count.
    """
    here = slopes(point)
    step = _STEP * (abs(point[axis]) or 1.0)
    found = []
    for sign in (-1.0, 1.0):
        far, near = (_moved(slopes, point, axis, sign * step * k) for k in (1.0, 0.5))
        limit = 2.0 * near - far
        scale = np.maximum(np.maximum(np.abs(here), np.abs(limit)), np.abs(far - near))
        found.append(Side(limit, ~(np.abs(limit - here) <= _AGREE * scale + step * 1e-3)))
    return found[0], found[1]


def _moved(slopes: Slopes, point: np.ndarray, axis: int, by: float) -> np.ndarray:
    moved = point.copy()
    moved[axis] += by
    return slopes(moved)


# ---- what is not finite ----


def cause(program: Program, at: Sequence[float], quote: Callable[[str], str]) -> str:
    """The first part of a formula that is not finite at a point, or whose slope is not."""
    values: dict[int, Any] = {n: np.float64(v) for n, v in enumerate(at)}
    first = ""
    with np.errstate(all="ignore"):
        for equation in program.equations:
            inputs = [
                np.float64(a.value) if isinstance(a, Constant) and _is_number(a.value)
                else a.value if isinstance(a, Constant) else values[a]
                for a in equation.inputs
            ]  # fmt: skip
            result = RULES[equation.primitive](equation)(*inputs)
            values[equation.outputs[0]] = result
            known = np.all([np.isfinite(float(v)) for v in inputs])
            what = _reason(equation, inputs, result) if known else ""
            if what and not (first and what == _STEEP):
                nodes = variables(program, Algebra())
                text = _text(nodes[equation.outputs[0]], quote)
                where = ", ".join(
                    f"{quote(name)} = {float(value):.6g}"
                    for name, value in zip(program.names, at, strict=True)
                    if name in _names(nodes[equation.outputs[0]])
                )
                described = f"{text} at {where}: {what}" if where else f"{text}: {what}"
                if what != _STEEP:
                    return described
                first = described
    return first


_STEEP = "infinite slope"
_GROWING = frozenset(["div", "mul", "pow", "sqrt", "rsqrt", "cbrt", "log"])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _reason(equation: Equation, inputs: Sequence[Any], result: Any) -> str:
    value = float(result)
    if math.isnan(value):
        return "not a real number"
    if math.isinf(value):
        divided = equation.primitive in ("div", "integer_pow", "pow", "log", "log2", "log10")
        endless = divided and any(float(v) == 0 for v in inputs)
        return "infinite" if endless else "too large for float64"
    row = ELEMENTWISE.get(equation.primitive)
    if equation.primitive == "integer_pow" or row is None or row.derivatives is None:
        return ""
    try:
        local = row.derivatives(*inputs, result)
    except (ValueError, ZeroDivisionError, OverflowError):
        return _STEEP
    if all(v is None or np.isfinite(float(v)) for v in local):
        return ""
    overflow = equation.primitive in _GROWING and all(float(v) != 0 for v in inputs)
    return "slope too large for float64" if overflow else _STEEP


def _names(node: Node) -> frozenset[str]:
    return frozenset(n.value for n in reachable([node]) if n.op == "name")
