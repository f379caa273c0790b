"""Looking around a point: lower values along a direction, and gradients that jump."""

from __future__ import annotations

from typing import Any

import numpy as np

from taylored.optimize.certificate.face import Face
from taylored.optimize.certificate.local import Local
from taylored.optimize.certificate.multipliers import Multipliers
from taylored.optimize.certificate.rounding import Rounding, scatter
from taylored.optimize.certificate.system import Factor

__all__ = ["descent", "gaps", "jump"]

_LARGEST = 0.1
_POINTS = 8
_SIZES = 14
_CORRECTIONS = 3
_ENORMOUS = 1e5  # multipliers, relative to the gradient


def descent(
    local: Local, known: tuple[Face, np.ndarray, Rounding], direction: np.ndarray,
    expected: tuple[float, float],
) -> np.ndarray | None:  # fmt: skip
    """A feasible step along +-direction to a lower value, with nothing higher on the way.

    `expected` is by how much the value may be lower although the point is near a minimum, and the
    curvature v'Hv along the direction, 0 where unknown: where it lifts values, shorter steps than
    those at which that is seen beyond rounding are left out.
    """
    held, y, noise = known
    size = float(np.abs(direction / np.maximum(1.0, np.abs(local.x))).max(initial=0.0))
    if not np.isfinite(size) or size == 0.0:
        return None
    back = _Back(local, held)
    for side in (1.0, -1.0):
        shortest = 0.0
        if expected[1] > 0.0:
            shortest = size * float(np.sqrt(8.0 * noise.value / expected[1]))
        unit = direction * (side / size)
        found = _downhill(local, (back, y, noise), unit, (expected[0], shortest))
        if found is not None:
            return found
    return None


def gaps(local: Local, m: Multipliers, noise: Rounding) -> float:
    """By how much f falls if constraints and bounds with a force are met exactly."""
    gap = np.where(_enormous(local, m.y), 0.0, np.abs(local.c))
    found = float(np.abs(m.y) @ (gap + noise.c))
    for z, gap in zip((m.z_lower, m.z_upper), local.gaps, strict=True):
        found += float(np.where(z > 0.0, z * np.abs(gap), 0.0).sum())
    return found


def _enormous(local: Local, y: np.ndarray) -> np.ndarray:
    """(constraints,) whose multipliers grow without bound near x: they say nothing about f."""
    return np.abs(y) * local.norms > _ENORMOUS * local.scale


def _downhill(
    local: Local, known: Any, unit: np.ndarray, limits: tuple[float, float]
) -> np.ndarray | None:  # fmt: skip
    """The longest step in this direction up to which values fall, seen at two lengths at least."""
    back, y, noise = known
    expected, shortest = limits
    best, lowest, seen = None, 0.0, 0
    for k in reversed(range(_SIZES)):
        if k and _LARGEST * 4.0**-k < shortest:
            continue
        step = back.step(unit * (_LARGEST * 4.0**-k))
        if step is None:
            break
        change, doubt = _change(local, (back, y), step, noise)
        if not np.isfinite(change) or change > lowest + doubt:
            break
        if change < lowest and change < -10.0 * doubt - 2.0 * expected:
            best, lowest, seen = step, change, seen + 1
    return best if seen > 1 else None


def _change(
    local: Local, known: Any, step: np.ndarray, noise: Rounding
) -> tuple[float, float]:  # fmt: skip
    """f there less f here, with what is violated charged for, and what rounding may do to it."""
    program = local.program
    back, y = known
    f, c = program.values(local.x + step)
    before = program.violations(local.x, local.c)
    after = program.violations(local.x + step, c)
    if (after - before > back.slack(noise, y)).any():
        return np.inf, 0.0
    more = np.maximum(after, before)
    charge = float((2.0 * np.abs(y) * more).sum())
    if not np.isfinite(f) or not np.isfinite(charge):
        return np.inf, 0.0
    return f - local.value + charge, 4.0 * max(noise.value, 2.0**-52 * abs(f)) + charge


class _Back:
    """Brings steps back to the active constraints and into the bounds."""

    def __init__(self, local: Local, held: Face):
        self.local, self.rows = local, held.rows
        self.free = np.flatnonzero(held.free)
        self._solve: Any = None

    def slack(self, noise: Rounding, y: np.ndarray) -> np.ndarray:
        """(constraints,) by how much more each may be violated.

        Those with a force are charged for; the others would let x go for nothing.
        """
        local = self.local
        charged = self.rows[~_enormous(local, y)[self.rows]]
        least = 2.0 * noise.c + 2.0**-50 * (abs(local.jacobian) @ np.abs(local.x))
        least[charged] = max(1e-9, 2.0 * local.violation)
        return least

    def step(self, step: np.ndarray) -> np.ndarray | None:
        """The step corrected; None where that fails."""
        program, x = self.local.program, self.local.x
        step = np.clip(x + step, program.lower, program.upper) - x
        for _ in range(_CORRECTIONS if program.constraints else 0):
            _, c = program.values(x + step)
            wrong = np.where(program.equality, c, np.maximum(c, 0.0))
            wrong[self.rows] = c[self.rows]
            if not np.isfinite(c).all():
                return None
            if np.abs(wrong).max(initial=0.0) <= 1e-12:
                break
            if not self.rows.size:
                return None
            full = np.zeros(x.size)
            full[self.free] = self._correct(-wrong[self.rows])
            step = np.clip(x + step + full, program.lower, program.upper) - x
        return step if np.abs(step).max(initial=0.0) > 0.0 else None

    def _correct(self, wanted: np.ndarray) -> np.ndarray:
        """The least change of the free variables that changes the active rows by this."""
        if self._solve is None:
            part = self.local.jacobian[self.rows][:, self.free]
            if isinstance(part, np.ndarray):
                inverse = np.linalg.pinv(part, rcond=1e-10)
                self._solve = lambda w: inverse @ w
            else:
                n = self.free.size
                factor = Factor.augmented(np.ones(n), part, np.full(self.rows.size, 1e-14))
                self._solve = lambda w: factor.solve(np.concatenate([np.zeros(n), w]))[:n]
        return self._solve(wanted)


def jump(local: Local, y: np.ndarray, hessian: Any, noise: Rounding) -> float:
    """How much the gradient of the Lagrangian jumps at x, relative to its size; 0 where smooth.

    Of a smooth function the departure from the tangent shrinks with the square of the step; a
    kink keeps its size, a jump of the second derivative its share of the slope. What is a jump
    only at the larger steps is a strong but smooth curvature.
    """
    found = _jump(local, y, (hessian, noise), (1e-5, 1e-7))
    return min(found, _jump(local, y, (hessian, noise), (1e-7, 1e-9))) if found else 0.0


def _jump(
    local: Local, y: np.ndarray, known: tuple[Any, Rounding], reaches: tuple[float, float]
) -> float:
    program, x = local.program, local.x
    hessian, noise = known
    base = local.slope(y)
    # A kink is itself taken for rounding: then what is less decides, but no less than rounding.
    rounded = 20.0 * float(noise.slope.max(initial=0.0))
    floor = rounded if rounded <= 1e-6 * local.scale else _floor(local, y, reaches[1])
    rng = np.random.default_rng(4)
    worst = 0.0
    for _ in range(2):
        direction = rng.choice([-1.0, 1.0], x.size) * rng.uniform(0.5, 1.0, x.size)
        direction *= np.maximum(np.abs(x), 1e-3)
        curve = float(np.abs(hessian @ direction).max(initial=0.0)) if hessian is not None else 0.0
        for side in (1.0, -1.0):
            steps = [
                np.clip(x + side * r * direction, program.lower, program.upper) - x for r in reaches
            ]
            far, near = (_departure(local, y, (base, hessian), d) for d in steps)
            kinked = near > max(floor, 0.3 * far, 1e-6 * local.scale)
            bent = far > max(10.0 * floor, 0.3 * reaches[0] * curve) and near > max(
                floor, 0.003 * far
            )
            if kinked or bent:
                worst = max(worst, far / local.scale)
    return worst


def _floor(local: Local, y: np.ndarray, reach: float) -> float:
    """The rounding of the gradient on both sides of x, the less of them, in the same multiple."""
    program, x = local.program, local.x
    direction = reach * np.maximum(np.abs(x), 1e-3)
    found = []
    for side in (1.0, -1.0):
        places = (x + side * (1.0 + 0.1 * k) * direction for k in range(_POINTS))
        slopes = []
        for place in places:
            gradient, jacobian = program.first(np.clip(place, program.lower, program.upper))
            slopes.append(gradient + jacobian.T @ y if y.size else gradient)
        spread = scatter(np.array(slopes))
        found.append(float(np.where(np.isfinite(spread), spread, 0.0).max(initial=0.0)))
    return max(20.0 * min(found), 1e-6 * local.scale)


def _departure(local: Local, y: np.ndarray, tangent: Any, d: np.ndarray) -> float:
    """The largest difference between the gradient at x + d and its tangent."""
    base, hessian = tangent
    gradient, jacobian = local.program.first(local.x + d)
    there = gradient + jacobian.T @ y if y.size else gradient
    left = there - base - (hessian @ d if hessian is not None else 0.0)
    size = float(np.abs(left).max(initial=0.0))
    return size if np.isfinite(size) else 0.0
