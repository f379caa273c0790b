"""Points where a formula changes its branch, and what its slopes are on both sides of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.readings import plain
from taylored.readings.expression import Node, reachable
from taylored.readings.shaken import Given, moved, shaken
from taylored.readings.simplify import Algebra
from taylored.readings.trees import variables
from taylored.trace.program import Atom, Builder, Constant, Equation, Program
from taylored.trace.tracer import ProgramRecorder, Traced, apply

__all__ = ["Side", "Switch", "names_in", "sides", "switches", "text_of"]

_STEP = 2.0**-28  # of the input, to look at both sides of a point; halved _HALVED times, twice
_FINE = 2.0**-150  # at zero, which has no size of its own
_HALVED = 5
_AGREE = 1e-12  # relative difference of slopes that are the same


# ---- points where a formula changes its branch ----


@dataclass(frozen=True, slots=True)
class Switch:
    """A part of the formula that is exactly where it changes: its text, and its inputs.

    `soft` where it may as well be smooth: a root of zero.
    """

    text: str
    names: frozenset[str]
    soft: bool = False


_KINKED = frozenset(["abs", "sign", "floor", "ceil", "round", "max", "min"])
_COMPARED = frozenset(["lt", "le", "gt", "ge", "eq", "ne"])
_ROOTS = frozenset(["sqrt", "cbrt", "pow"])


def switches(program: Program, at: Sequence[Given], quote: Callable[[str], str]) -> list[Switch]:
    """The parts of a formula that change at this point, within the error of computing them."""
    builder = Builder.extending(program)
    recorder = ProgramRecorder(builder)
    found: list[tuple[Equation, Atom, bool]] = []
    for equation in program.equations:
        inputs = [_operand(recorder, a) for a in equation.inputs]
        for soft, value in _distances(equation.primitive, inputs):
            distance = recorder.atom(value)
            if isinstance(distance, int):
                found.append((equation, distance, soft))
    if not found:
        return []
    distances = shaken(builder.finish([d for _, d, _ in found]), at)
    pairs = zip(found, distances, strict=True)
    hit = [(e, soft) for (e, _, soft), d in pairs if abs(d.value) <= 2.0 * d.error]
    if not hit:
        return []
    nodes = variables(program, Algebra())
    named = [(nodes[e.outputs[0]], soft) for e, soft in hit]
    return [Switch(text_of(node, quote), names_in(node), soft) for node, soft in named]


def _operand(recorder: ProgramRecorder, atom: Atom) -> Any:
    return atom.value if isinstance(atom, Constant) else Traced(recorder, atom)


def _distances(primitive: str, inputs: Sequence[Any]) -> list[tuple[bool, Any]]:
    """What is zero where the primitive changes, and whether softly."""
    found: list[tuple[bool, Any]] = []
    if primitive in _KINKED | _COMPARED:
        found.append((False, _distance(primitive, inputs)))
    if primitive in _ROOTS:
        found.append((True, inputs[0]))
    if primitive == "pow":  # 0^0 is 1, and 0^y is 0
        found.append((False, apply("max", abs(inputs[0]), abs(inputs[1]))))
    if primitive == "atan2":  # from -pi to pi on the negative side of the second
        found.append((False, apply("where", apply("lt", inputs[1], 0.0), inputs[0], 1.0)))
    return found


def _distance(primitive: str, inputs: Sequence[Any]) -> Any:
    first = inputs[0]
    if primitive in ("abs", "sign"):
        return first
    if primitive in ("floor", "ceil"):
        return first - apply("round", first)
    if primitive == "round":
        return first - apply("floor", first) - 0.5
    return first - inputs[1]


def text_of(node: Node, quote: Callable[[str], str]) -> str:
    """A part of a formula as text, not too long."""
    (text,) = plain.written([node], 200, quote).outputs
    return text if len(text) <= 60 else f"{text[:57]}..."


def names_in(node: Node) -> frozenset[str]:
    """The inputs that an expression depends on."""
    return frozenset(n.value for n in reachable([node]) if n.op == "name")


# ---- slopes on both sides ----


@dataclass(frozen=True, slots=True)
class Side:
    """Limits of values and slopes when one input comes from one side; nan where there is none."""

    limit: np.ndarray
    jumps: np.ndarray  # of each, whether it jumps there


def sides(program: Program, point: Sequence[Given], axis: int) -> tuple[Side, Side]:
    """What all outputs do on the left and on the right of a point, along one input.

    Extrapolated from three distances, so that smooth changes do not count, nor does rounding.
    """
    here = _numbers(program, point)
    size = abs(point[axis].value)
    found = []
    for sign in (-1.0, 1.0):
        look = _look(program, point, axis, sign * _STEP * (size or 1.0), here)
        if size == 0.0:
            look = _finer(look, _look(program, point, axis, sign * _FINE, here))
        found.append(look)
    left, right = found
    with np.errstate(all="ignore"):
        # Rounding may decide what is computed at the point itself, but not that both sides differ.
        differ = ~(np.abs(left.limit - right.limit) <= left.blur + right.blur)
        return (Side(left.limit, left.off & (left.beyond | differ)),
                Side(right.limit, right.off & (right.beyond | differ)))  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Look:
    """One side from so near: limits known to `blur`.

    `off` where they are not what is computed at the point, `beyond` where not even within the
    error of that; `clear` where rounding leaves something to see.
    """

    limit: np.ndarray
    blur: np.ndarray
    off: np.ndarray
    beyond: np.ndarray
    clear: np.ndarray


def _finer(far: _Look, near: _Look) -> _Look:
    """The closer look, except where rounding blurs it."""
    clear = near.clear
    return _Look(
        np.where(clear, near.limit, far.limit), np.where(clear, near.blur, far.blur),
        np.where(clear, near.off, far.off), np.where(clear, near.beyond, far.beyond), clear,
    )  # fmt: skip


def _look(
    program: Program, point: Sequence[Given], axis: int, step: float, here: np.ndarray
) -> _Look:
    found = []
    for k in range(3):
        at = list(point)
        at[axis] = moved(point[axis], step * 2.0 ** (-_HALVED * k))
        found.append(_numbers(program, at))
    (far, far_error), (middle, middle_error), (near, near_error) = found
    with np.errstate(all="ignore"):
        last = near - (middle - near) / (2.0**_HALVED - 1.0)
        first = middle - (far - middle) / (2.0**_HALVED - 1.0)
        noise = 2.0 * (far_error + middle_error + near_error)
        size = np.fmax(np.abs(here[0]), np.fmax(np.abs(last), np.abs(near)))
        blur = 2.0 * np.abs(last - first) + noise + _AGREE * size
        off = ~(np.abs(last - here[0]) <= blur)
        beyond = ~(np.abs(last - here[0]) <= blur + 2.0 * here[1])
        last = np.where(np.abs(last) <= blur + 1e-9 * np.abs(here[0]), 0.0, last)
        growing = (np.abs(near) > 1.1 * np.abs(middle) + noise) & (
            np.abs(middle) > 1.1 * np.abs(far) + noise
        )
        growing &= ~(np.abs(near) <= 1.1 * np.abs(here[0])) | np.isinf(here[0])
        last = np.where(growing, np.copysign(np.inf, near), last)
        clear = (noise <= 1e-3 * size) | (noise == 0.0)
    return _Look(last, blur, off | growing, beyond | growing, clear)


def _numbers(program: Program, point: Sequence[Given]) -> np.ndarray:
    """(2, outputs) numbers and their errors."""
    return np.array([(e.value, e.error) for e in shaken(program, point)]).T
