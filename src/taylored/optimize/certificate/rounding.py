"""How much rounding changes the functions near a point, measured by moving x a little."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.errors import TayloredError
from taylored.optimize.certificate.local import Local
from taylored.optimize.nlp import NonlinearProgram
from taylored.trace.program import Program

__all__ = ["Rounding", "natural_steps", "rounding", "scatter"]

_UNIT = 2.0**-52
_SAMPLES = 4
_REACH = 2.0**-36
_ORDER = 3  # of differences that leave nothing of a smooth function
_THIRD = 20.0**0.5  # how much the third difference enlarges independent errors


@dataclass(frozen=True, eq=False)
class Rounding:
    """How much rounding changes f, c and the gradient of the Lagrangian."""

    value: float
    c: np.ndarray
    slope: np.ndarray


def rounding(local: Local, y: np.ndarray, hessian: Any) -> Rounding:
    """Measured by moving x a little; at least the rounding of the sums.

    Steps are of a size at which the functions are straight lines but for rounding, and much larger
    than a unit in the last place: errors of neighbors are alike.
    """
    program, x = local.program, local.x
    rng = np.random.default_rng(1)
    reach = _REACH * natural_steps(hessian, x)
    absolute = abs(local.jacobian)
    slope = _UNIT * (np.abs(local.gradient) + absolute.T @ np.abs(y))
    value, c = 2 * _UNIT * abs(local.value), 2 * _UNIT * np.abs(local.c)
    base = local.slope(y)
    for _ in range(_SAMPLES):
        side = rng.choice([-1.0, 1.0], x.size) * rng.uniform(0.1, 1.0, x.size)
        moved = np.clip(x + reach * side, program.lower, program.upper)
        d = moved - x
        f, g = program.values(moved)
        gradient, jacobian = program.first(moved)
        there = gradient + jacobian.T @ y if y.size else gradient
        value = max(value, float(_known(abs(float(f - local.value - local.gradient @ d)))))
        c = np.maximum(c, _known(np.abs(g - local.c - local.jacobian @ d)))
        curved = hessian @ d if hessian is not None else 0.0
        slope = np.maximum(slope, _known(np.abs(there - base - curved)))
    unit = _coarsest(program)
    if unit > _UNIT:
        natural = natural_steps(hessian, x)
        # Derivatives may be smooth, and constants rounded: as if x itself were rounded.
        curved = abs(hessian) @ natural if hessian is not None else 0.0
        slope = np.maximum(slope, unit * (np.abs(local.gradient) + curved))
        return _coarse(local, y, natural, Rounding(value, c, slope), unit)
    return Rounding(value, c, slope)


def natural_steps(hessian: Any, x: np.ndarray) -> np.ndarray:
    """Changes of the variables that matter: by the size of x, or by the curvature at most 1."""
    if hessian is None:
        return np.maximum(np.abs(x), 1e-3)
    return np.maximum(np.abs(x), 1.0 / np.sqrt(np.maximum(np.abs(hessian.diagonal()), 1.0)))


def scatter(samples: np.ndarray) -> np.ndarray:
    """The errors of values (points, ...) of a smooth function at equal distances."""
    differences = np.diff(samples, n=_ORDER, axis=0)
    return np.abs(differences).max(axis=0) / _THIRD


def _known(values: Any) -> Any:
    return np.where(np.isfinite(values), values, 0.0)


# ---- numbers that are narrower than float64 ----


def _coarse(
    local: Local, y: np.ndarray, reach: np.ndarray, fine: Rounding, unit: float
) -> Rounding:
    """The same where steps must cross several numbers of a narrow type to show its rounding."""
    program, x = local.program, local.x
    inward = np.where(program.upper - x < x - program.lower, -1.0, 1.0)
    side = inward * np.random.default_rng(7).uniform(0.5, 1.0, x.size)
    values, constraints, slopes = [], [], []
    for k in range(12):
        moved = np.clip(x + 4.0 * k * unit * reach * side, program.lower, program.upper)
        f, g = program.values(moved)
        gradient, jacobian = program.first(moved)
        values.append(f)
        constraints.append(g)
        slopes.append(gradient + jacobian.T @ y if y.size else gradient)
    # Few samples seldom show the largest error.
    f, c, slope = (3.0 * _known(scatter(np.array(v))) for v in (values, constraints, slopes))
    return Rounding(max(fine.value, float(f)), np.maximum(fine.c, c), np.maximum(fine.slope, slope))


def _coarsest(program: NonlinearProgram) -> float:
    """The unit of rounding of the narrowest type in the program, that of float64 if unknown."""
    try:
        box = program.functions.box()
    except TayloredError:
        return _UNIT
    return _UNIT if box is None else max((_unit(p) for p in _within(box.program)), default=_UNIT)


def _within(program: Program) -> list[dict[str, Any]]:
    """The parameters of all equations, those of programs in parameters included."""
    found = []
    for equation in program.equations:
        if not equation.params:
            continue
        found.append(dict(equation.params))
        for value in equation.params.values():
            if isinstance(value, Program):
                found += _within(value)
    return found


def _unit(params: dict[str, Any]) -> float:
    if "mantissa_bits" in params:
        return max(_UNIT, 2.0 ** -float(params["mantissa_bits"]))
    made = params.get("new_dtype")
    name = str(made)
    if made is None or "float" not in name:
        return _UNIT
    if name == "bfloat16":
        return 2.0**-7
    return float(np.finfo(name).eps) if name in ("float16", "float32") else _UNIT
