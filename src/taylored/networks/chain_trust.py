"""How far a chain-rule table can be trusted: rounding, and the Taylor test."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from taylored.networks.chain_program import LOOPS
from taylored.readings.chain import Tape, backward, forward, is_float

__all__ = [
    "Rounding",
    "Shake",
    "TaylorTest",
    "flat_gradient",
    "rounding",
    "slope_past",
    "taylor_test",
]

_RUNS = 5
_SAFETY = 3.0
_HALVINGS = 45
_SLOPE, _TOLERANCE = 2.0, 0.05
_STEADY = 0.02  # slopes of neighboring steps differ by less where neither rounding nor h^3 shows
_LONG = 8  # steps in a row
_FIRST = 1.01  # a remainder that falls faster than h leaves the derivative right
_DIRECTIONS = 3
_NOISY, _USUAL = 1e-6, 1e-13  # of the value: rounding that a jump may hide in, and what is usual
_RESOLVED = 1e-4  # of the change: a remainder below it leaves no room for another slope


@dataclass(frozen=True, eq=False)
class Rounding:
    """Estimated absolute errors by rounding: of the value, and of each derivative (flat).

    nan where something is not followed; `reason` says what.
    """

    value: float
    gradient: np.ndarray
    reason: str = ""


def rounding(
    tape: Tape, wrt: int, seed: tuple[int, Any], value: float, gradient: np.ndarray
) -> Rounding:
    """Walk again with every result moved by up to two roundings, and see how far it gets.

    Args:
        tape: of the walk forwards.
        wrt: how many of the inputs the derivative is by.
        seed: the output's variable, and its adjoint.
        value, gradient: without moving.

    Source:
        Vignes, Math. Comput. Simul. 35 (1993) 233.
    """
    inside = {e.primitive for e in tape.program.equations} & LOOPS - {"cond"}
    if inside:
        name = " and ".join(sorted(inside))
        reason = f"rounding inside the {name} is not followed"
        return Rounding(math.nan, np.full(len(gradient), math.nan), reason)
    inputs = [tape.values[k] for k in range(len(tape.program.names))]
    values, found = [], []
    for run in range(_RUNS):
        shake = Shake(run)
        moved = forward(tape.program, inputs, range(wrt), shake)
        adjoints, _ = backward(moved, {seed[0]: seed[1]}, shake)
        values.append(_picked(moved.values[seed[0]], seed[1]))
        found.append(flat_gradient(adjoints, inputs[:wrt]))
    with np.errstate(all="ignore"):
        spread = np.max(np.abs(np.array(found) - gradient), axis=0, initial=0.0)
        error = _SAFETY * spread + 2.0**-53 * np.abs(gradient)
    own = _SAFETY * max(abs(v - value) for v in values) + 2.0**-53 * abs(value)
    return Rounding(own, error)


class Shake:
    """Moves numbers at random, by up to two units of rounding of their type.

    With `units` by so many, up or down.
    """

    def __init__(self, seed: int, units: float | None = None):
        self.random, self.units = np.random.default_rng(seed), units

    def __call__(self, value: Any) -> Any:
        if not is_float(value) or np.asarray(value).dtype.kind == "V":
            return value
        array = np.asarray(value)
        unit = 2.0**-52 if array.dtype.itemsize >= 8 else float(np.finfo(array.dtype).eps)
        if self.units is None:
            noise = self.random.uniform(-unit, unit, array.shape)
        else:
            noise = self.units * unit * self.random.choice([-1.0, 1.0], array.shape)
        return np.asarray(array * (1.0 + noise), array.dtype)


def flat_gradient(adjoints: Any, inputs: Sequence[Any]) -> np.ndarray:
    """The adjoints of the inputs as one vector; zeros where nothing arrived."""
    parts = [
        np.asarray(adjoints[k], float).reshape(-1) if k in adjoints else np.zeros(np.size(v))
        for k, v in enumerate(inputs)
    ]
    return np.concatenate(parts) if parts else np.empty(0)


def _picked(output: Any, seed: Any) -> float:
    """The number of the output that is differentiated: where its adjoint is 1."""
    return float(np.asarray(output)[seed != 0.0].sum())


# ---- the Taylor test ----


@dataclass(frozen=True, eq=False)
class TaylorTest:
    """Whether |f(x + h d) - f(x) - h ∇f·d| falls like h².

    Attributes:
        steps: the h.
        remainders: what is left at each.
        slope: of log remainder over log h, where it is steady; nan where there is none.
        kind: "quadratic" (2.0 ± 0.05), "flatter" (the second derivative vanishes along d: more
            than 2), "rough" (steadily between 1 and 2: the derivative is right, and the second one
            infinite), "linear" (nothing is left but rounding), "unclear", "failed", or "none" (not
            finite).
    """

    steps: np.ndarray
    remainders: np.ndarray
    slope: float
    kind: str

    @property
    def ok(self) -> bool:
        return self.kind not in ("failed", "none")

    def __str__(self) -> str:
        if self.kind == "none":
            return "Taylor test: not made, for there are numbers that are not finite"
        if self.kind == "linear":
            return "Taylor test: f is linear here, nothing is left but rounding"
        if self.kind == "unclear":
            return "Taylor test: not decided, for rounding hides the remainder"
        said = {"quadratic": "as it must be: 2.0 ± 0.05",
                "flatter": "at least 2: the second derivative vanishes",
                "rough": "more than 1: the second derivative is infinite",
                "failed": "not 2.0 ± 0.05: this is not the derivative"}[self.kind]  # fmt: skip
        return f"Taylor test: slope {self.slope:.2f}, {said}"


def taylor_test(
    tape: Tape, wrt: int, seed: tuple[int, Any], gradient: np.ndarray, noise: Rounding
) -> TaylorTest:
    """The Taylor test along up to three random directions, until the remainder is seen to fall.

    Args:
        tape, wrt, seed: as in `rounding`.
        gradient: what is tested, flat.
        noise: the errors of value and gradient by rounding; nan where they are not known.
    """
    result = TaylorTest(np.empty(0), np.empty(0), math.nan, "none")
    value = _picked(tape.values[seed[0]], seed[1])
    if not (np.isfinite(gradient).all() and math.isfinite(value)):
        return result
    for k in range(_DIRECTIONS):
        result = _along(tape, wrt, seed, gradient, (value, noise, _direction(tape, wrt, k)))
        if result.kind in ("quadratic", "rough", "failed"):
            return result
    return result


def slope_past(
    tape: Tape, wrt: int, seed: tuple[int, Any], gradient: np.ndarray, noise: Rounding
) -> float:
    """What a kink or jump does to the value, by Taylor tests to both sides of the point.

    Returns:
        The smallest slope of a failed test: 0 where the value jumps, 1 where its derivative does;
        2 where every test is passed, so that the value is smooth there all the same; nan where
        they cannot tell.
    """
    value = _picked(tape.values[seed[0]], seed[1])
    if not (np.isfinite(gradient).all() and math.isfinite(value)):
        return math.nan
    steady = noise.value <= _NOISY * abs(value) and (
        np.max(noise.gradient, initial=0.0) <= _NOISY * np.max(np.abs(gradient), initial=0.0)
    )
    if not steady:  # the walks of `rounding` fell on both sides
        noise = Rounding(_USUAL * abs(value), np.zeros(len(gradient)))
    slopes, clear, constant = [], True, True
    for k, sign in product(range(_DIRECTIONS - 1), (1.0, -1.0)):
        direction = sign * _direction(tape, wrt, k)
        found = _along(tape, wrt, seed, gradient, (value, noise, direction))
        if found.kind == "failed":
            slopes.append(found.slope)
        size = math.fsum(np.abs(gradient * direction))
        tested = found.kind in ("quadratic", "flatter", "rough")
        clear = clear and (tested or _nothing_left(found, size))
        constant = constant and not tested and size == 0.0
    if slopes:
        return float(np.fmin.reduce(slopes))
    return 2.0 if clear and not constant else math.nan  # constant: or hidden by a large value


def _nothing_left(found: TaylorTest, size: float) -> bool:
    """Whether a linear function was resolved well enough to have shown another slope."""
    first = slice(0, 10)
    seen = found.remainders[first] <= _RESOLVED * found.steps[first] * size
    return found.kind == "linear" and bool(seen.all())


def _direction(tape: Tape, wrt: int, k: int) -> np.ndarray:
    """A random direction in units of the inputs."""
    point = _point(tape, wrt)
    sizes = np.where(point == 0.0, 1.0, np.abs(point))
    direction = np.random.default_rng(k).normal(size=point.size)
    return direction * (sizes / max(np.linalg.norm(direction), 1e-300))


def _point(tape: Tape, wrt: int) -> np.ndarray:
    return np.concatenate([np.asarray(tape.values[n], float).reshape(-1) for n in range(wrt)])


def _along(
    tape: Tape, wrt: int, seed: tuple[int, Any], gradient: np.ndarray, known: tuple
) -> TaylorTest:
    value, noise, direction = known
    inputs = [tape.values[n] for n in range(len(tape.program.names))]
    point = _point(tape, wrt)
    slope = math.fsum(gradient * direction)
    own = math.fsum(np.nan_to_num(noise.gradient) * np.abs(direction))
    steps, left, floors = [], [], []
    for halving in range(1, _HALVINGS):
        h = 2.0**-halving
        found = _picked(_at(tape, inputs, point + h * direction, wrt), seed[1])
        steps.append(h)
        left.append(abs(found - value - h * slope))
        size = max(abs(value), abs(found), abs(h * slope))
        floors.append(4.0 * (np.fmax(noise.value, 2.0**-52 * size) + h * own))
    return _judged(np.array(steps), np.array(left), np.array(floors))


def _at(tape: Tape, inputs: Sequence[Any], point: np.ndarray, wrt: int) -> Any:
    """The output's array at another point."""
    ends = np.cumsum([np.size(v) for v in inputs[:wrt]])[:-1]
    parts = np.split(point, ends)
    own = [p.reshape(np.shape(v)) for p, v in zip(parts, inputs[:wrt], strict=True)]
    output = tape.program.outputs[0]
    return np.asarray(forward(tape.program, [*own, *inputs[wrt:]], ()).values[output])  # type: ignore[index]


def _judged(steps: np.ndarray, left: np.ndarray, floors: np.ndarray) -> TaylorTest:
    with np.errstate(all="ignore"):
        slopes = np.log2(left[:-1] / left[1:])
    clear = (left[1:] > 30.0 * floors[1:]) & np.isfinite(slopes)
    if not (left > 4.0 * floors).any() and np.isfinite(left).all():
        return TaylorTest(steps, left, math.nan, "linear")
    best, spread = math.nan, math.inf
    for k in range(len(slopes) - 2):
        window = slopes[k : k + 3]
        if not clear[k : k + 3].all():
            continue
        width = float(np.ptp(window))
        if width < max(_STEADY, spread):  # the last steady one: the smallest steps
            best, spread = float(np.median(window)), width
    # Large steps may look steady by chance: only a long row of small ones speaks against it.
    ends = np.flatnonzero(clear)[-_LONG:]
    long = len(ends) == _LONG and int(np.ptp(ends)) == _LONG - 1
    kind = "failed" if long and float(np.ptp(slopes[ends])) <= 10 * _STEADY else "unclear"
    if long and float(np.ptp(slopes[ends])) <= _STEADY and slopes[ends].min() > _FIRST:
        kind = "rough" if slopes[ends].max() < _SLOPE - _TOLERANCE else kind
    if abs(best - _SLOPE) <= _TOLERANCE:
        kind = "quadratic"
    elif best > _SLOPE and spread <= 10 * _STEADY:
        kind = "flatter"
    return TaylorTest(steps, left, best, kind)
