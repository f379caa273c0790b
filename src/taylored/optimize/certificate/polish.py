"""Newton's method for the active constraints, in the user's units, to the last digits."""

from __future__ import annotations

from typing import Any

import numpy as np

from taylored.optimize.certificate.face import Face, face
from taylored.optimize.certificate.local import NEAR, Local, at
from taylored.optimize.certificate.multipliers import Multipliers, recovered
from taylored.optimize.certificate.system import Factor, assembled, equilibrated, sparse_matrix
from taylored.optimize.nlp import NonlinearProgram

__all__ = ["polish"]

_GOAL, _GOAL_LARGE = 1e-13, 1e-10
_HUGE = 1e10  # relative to the right side: the answer of a singular system
_LARGE = 2000
_CHANGES = 6
_WIDE = (1e-6, 1e-3)
_DETOURS = 2
_FORCE = 1e-8  # of multipliers that count, relative to the gradient
_CLOSED = 2.0**-46


def polish(
    program: NonlinearProgram, x: np.ndarray, hint: np.ndarray | None = None, *, steps: int = 8
) -> tuple[np.ndarray, np.ndarray]:
    """A point with a smaller KKT residual nearby, and its multipliers y; x itself where none is.

    A step is kept only if the residual shrinks and no constraint is violated more than before; it
    may be several Newton steps.
    """
    with np.errstate(all="ignore"):
        local = at(program, np.clip(np.asarray(x, float), program.lower, program.upper))
        if not local.defined:
            return local.x, np.zeros(local.c.size) if hint is None else hint
        best = now = (local, recovered(local, hint))
        detours = 0
        goal = _GOAL if local.x.size <= _LARGE else _GOAL_LARGE
        for _ in range(0 if program.form == "products" else steps):
            if detours > _DETOURS or (_residual(best) <= goal and not _open(*best)):
                break
            found = _step(*now, hint)
            if found is None:
                break
            detours = 0 if _residual(found) < 0.9 * _residual(now) else detours + 1
            now = found
            closed = _residual(now) <= goal and _open(*now) < _open(*best)
            if (closed or _residual(now) < _residual(best)) and _allowed(now, best):
                best = now
    return best[0].x, best[1].y


_Reached = tuple[Local, Multipliers]


def _residual(reached: _Reached) -> float:
    local, m = reached
    return max(m.kkt, local.violation)


def _open(local: Local, m: Multipliers) -> float:
    """How far x is from what holds it with a force, beyond rounding, compared with x."""
    own = abs(local.jacobian) @ np.abs(local.x)
    forced = (m.y * local.norms > _FORCE * local.scale) & (local.c < 0.0)
    gap = np.where(forced & (-local.c > _CLOSED * own), -local.c, 0.0)
    if gap.any():
        gap = gap / np.maximum(abs(local.jacobian) @ local.reach, 1e-300)
    found = float(gap.max(initial=0.0))
    for z, distance in zip((m.z_lower, m.z_upper), local.gaps, strict=True):
        held = z > _FORCE * local.scale
        found = max(found, float(np.where(held, distance, 0.0).max(initial=0.0)))
    return found


def _allowed(now: _Reached, before: _Reached) -> bool:
    """Whether no constraint is violated more, and none with a force is left farther away."""
    rounding = 2.0**-50 * float(now[0].sizes.max(initial=0.0))
    met = now[0].violation <= max(before[0].violation, 1e-12, rounding)
    return met and _open(*now) <= max(_open(*before), _WIDE[-1])


def _step(local: Local, m: Multipliers, hint: np.ndarray | None) -> _Reached | None:
    """The better of the steps for two guesses of what is active."""
    program = local.program
    hessian = program.second(local.x, 1.0, m.y)
    if not np.isfinite(hessian if isinstance(hessian, np.ndarray) else hessian.data).all():
        return None
    best: _Reached | None = None
    for width in _WIDE if local.x.size <= _LARGE else _WIDE[:1]:
        guess = m if width <= NEAR else recovered(local, hint, width)
        found = _solved(local, guess, hessian, width)
        if found is None:
            continue
        step, y = found
        there = at(program, np.clip(local.x + step, program.lower, program.upper))
        if not there.defined:
            continue
        reached = there, recovered(there, y)
        if best is None or _residual(reached) < _residual(best):
            best = reached
        if _residual(best) < 0.1 * max(m.kkt, local.violation):
            break
    return best


def _solved(
    local: Local, m: Multipliers, hessian: Any, width: float
) -> tuple[np.ndarray, np.ndarray] | None:
    """The Newton step with active sets changed until the signs agree."""
    rows, lower, upper = _guess(local, m, face(local, m), width)
    program = local.program
    seen: set[bytes] = set()
    for _ in range(_CHANGES):
        found = _newton(local, (hessian, m.y), rows, (lower, upper))
        if found is None:
            return None
        step, y = found
        slope = local.slope(y) + hessian @ step
        rows, lower, upper, changed = _changed(local, (rows, lower, upper), (step, y, slope))
        key = rows.tobytes() + lower.tobytes() + upper.tobytes()
        if not changed or key in seen:
            return step, np.where(program.equality, y, np.maximum(y, 0.0))
        seen.add(key)
    return None


def _guess(
    local: Local, m: Multipliers, held: Face, width: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    forced = np.zeros(local.c.size, bool)
    forced[held.rows] = True
    near_lower, near_upper = local.near_bounds(width)
    rows = forced | (local.near(width) & (m.y > 0.0)) | local.program.equality
    lower = (near_lower & (m.z_lower > 0.0)) | (local.program.lower == local.program.upper)
    upper = near_upper & (m.z_upper > 0.0) & ~lower
    return rows, lower | (held.at_lower & ~held.free), upper


def _changed(
    local: Local, sets: tuple[np.ndarray, np.ndarray, np.ndarray], found: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool]:
    """Wrong signs dropped, and what the step would violate taken in."""
    rows, lower, upper = sets
    step, y, slope = found
    program = local.program
    slack = 1e-12 * local.scale
    fixed = program.lower == program.upper
    x = local.x + step
    reach = 1e-12 * np.maximum(1.0, np.abs(x))
    linear = local.c + local.jacobian @ step
    new_rows = program.equality | (rows & (y * local.norms >= -slack))
    new_rows |= ~rows & (linear > 1e-12 * local.sizes)
    new_lower = fixed | (lower & (slope >= -slack)) | (~lower & (x < program.lower - reach))
    new_upper = (upper & (slope <= slack)) | (~upper & (x > program.upper + reach))
    new_upper &= ~new_lower
    same = (
        np.array_equal(rows, new_rows)
        and np.array_equal(lower, new_lower)
        and np.array_equal(upper, new_upper)
    )
    return new_rows, new_lower, new_upper, not same


def _newton(
    local: Local,
    known: tuple[Any, np.ndarray],
    rows: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray],
) -> tuple[np.ndarray, np.ndarray] | None:
    """The step to where the linear KKT conditions hold with these active, and its multipliers."""
    hessian, before = known
    lower, upper = bounds
    n, program = local.x.size, local.program
    step = np.zeros(n)
    step[lower] = (program.lower - local.x)[lower]
    step[upper] = (program.upper - local.x)[upper]
    free = np.flatnonzero(~(lower | upper))
    # What bounds hold alone has no say in the step, and its multiplier stays.
    sizes = abs(local.jacobian) @ (~(lower | upper)).astype(float)
    held = np.flatnonzero(rows & (sizes > 0.0))
    slope = local.gradient + hessian @ step
    c = local.c + local.jacobian @ step
    right = -np.concatenate([slope[free], c[held]])
    answer = _solve(hessian[free][:, free], local.jacobian[held][:, free], right)
    if answer is None or not np.isfinite(answer).all():
        return None
    step[free] = answer[: free.size]
    y = np.where(rows, before, 0.0)
    y[held] = answer[free.size :]
    return step, y


def _solve(hessian: Any, rows: Any, right: np.ndarray) -> np.ndarray | None:
    """Least squares where the system is singular and dense; None where sparse."""
    if not right.size:
        return right
    if not isinstance(hessian, np.ndarray):
        factor = Factor.of(sparse_matrix(hessian, rows, np.zeros(rows.shape[0])))
        if factor is None:
            damped = sparse_matrix(hessian, rows, np.full(rows.shape[0], 1e-10))
            factor = Factor.of(damped)
        return None if factor is None else factor.solve(right)
    matrix = assembled(hessian, rows)
    scale = equilibrated(matrix, 3)
    scaled, right = scale[:, None] * matrix * scale, scale * right
    try:
        found = np.linalg.solve(scaled, right)
    except np.linalg.LinAlgError:
        found = np.full(right.size, np.inf)
    # Where the system is singular the answer is huge: then the shortest that does best.
    if not np.abs(found).max() <= _HUGE * max(np.abs(right).max(), 1e-300):
        found = np.linalg.lstsq(scaled, right, rcond=1e-13)[0]
    return scale * found
