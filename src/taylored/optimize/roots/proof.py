"""How well a root is known: a proved box around it, or an estimate of its error and why no proof.

The estimate: how far the point can move before |F| leaves the level of its own rounding, and the
Newton correction of what is left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taylored.errors import MissingRule
from taylored.optimize.roots.exact import exact_values
from taylored.optimize.roots.krawczyk import (
    Enclosure,
    Evaluate,
    NoProof,
    enclosed_system,
    krawczyk,
)
from taylored.optimize.roots.squares import squares_at, squares_error
from taylored.optimize.roots.system import System
from taylored.readings.enclosure.boxes import BoxFunction
from taylored.readings.interval.arithmetic import Bounds
from taylored.readings.interval.margins import trusted
from taylored.readings.jet.space import space
from taylored.results import Accuracy

__all__ = ["Knowledge", "exactly_zero", "kind_here", "know", "know_least"]

_UNIT = 2.0**-52
_MOST = 160  # unknowns for which a proof is tried


@dataclass(frozen=True, eq=False)
class Knowledge:
    """What is known about the root near a point.

    `low`, `high` enclose it where `kind` is proved, else they are the point with its estimated
    error. `fixed` are unknowns held at their values; `absent` is True where it is proved that
    there is no root so near.
    """

    kind: Accuracy
    low: np.ndarray
    high: np.ndarray
    reason: str = ""
    unique: tuple[np.ndarray, np.ndarray] | None = None
    fixed: tuple[int, ...] = ()
    absent: bool = False

    @property
    def radius(self) -> np.ndarray:
        return 0.5 * (self.high - self.low)


def kind_here() -> tuple[Accuracy, str]:
    """What enclosures by this machine's functions are worth, and why if they prove nothing."""
    good, reason = trusted("numpy")
    return (Accuracy.PROVED if good else Accuracy.ESTIMATED), reason


def know(system: System, x: np.ndarray, reach: np.ndarray, order: int = 1) -> Knowledge:
    """Prove the root next to x, or estimate how far off it is; `order` is its multiplicity."""
    with np.errstate(all="ignore"):
        reason = _unproved(system)
        if not reason:
            try:
                found = _proved(system, x)
            except MissingRule as error:
                found = f"there is no enclosure of it: {error.what}"
            if isinstance(found, Knowledge):
                return found
            reason = found
        return _estimated(system, x, reach, (order, reason))


def _unproved(system: System) -> str:
    if system.variables > _MOST:
        return f"proofs are tried up to {_MOST} unknowns"
    return ""


def _proved(system: System, x: np.ndarray) -> Knowledge | str:
    kind, caveat = kind_here()
    found = _by_krawczyk(system, x, (kind, caveat))
    if not np.any(system.evaluate(x)) and exactly_zero(system.box, x):
        unique = found.unique if isinstance(found, Knowledge) else None
        return Knowledge(kind, x, x, caveat or "F is exactly zero at the point", unique)
    if isinstance(found, Knowledge):
        return found
    if system.variables == 1 and system.equations == 1:
        ends = _sign_change(system, float(x[0]))
        if ends is not None:
            return Knowledge(kind, *ends, caveat or "the sign of f changes: others may be as near")
    return found


def exactly_zero(function: BoxFunction, x: np.ndarray) -> bool:
    """Whether it is certain that F is 0 at this very point."""
    point = function.over(x[None], x[None], space(function.variables, 0))
    if point.troubled.any() or np.any(point.low > 0) or np.any(point.high < 0):
        return False
    if not (np.any(point.low != 0) or np.any(point.high != 0)):
        return True
    values = exact_values(function.program, function.shapes, x)
    return values is not None and not any(values)


def know_least(system: System, x: np.ndarray, reach: np.ndarray) -> Knowledge:
    """How well the point where |F| is least is known, where F is not zero."""
    with np.errstate(all="ignore"):
        squares = squares_at(system, x, reach)
        if squares is not None and squares.shape == "bowl":
            error = squares_error(system, x, reach, squares)
            if error is not None and np.all(np.isfinite(error)):
                return Knowledge(Accuracy.ESTIMATED, x - error, x + error, "|F| is not zero")
    whole = np.full_like(x, np.inf)
    reason = "its second derivatives are not computed for so many unknowns"
    if squares is not None:
        reason = "other points may be as good: the sum of squares is flat in some direction"
    return Knowledge(Accuracy.UNKNOWN, -whole, whole, reason)


def _by_krawczyk(system: System, x: np.ndarray, worth: tuple[Accuracy, str]) -> Knowledge | str:
    if system.equations > system.variables:
        return "there are more equations than unknowns"
    free = _free(system, x)
    if free is None:
        return "the Jacobian is singular"
    evaluate = enclosed_system(system.box)
    fixed = tuple(np.setdiff1d(np.arange(system.variables), free).tolist())
    if fixed:
        evaluate = _reduced(evaluate, x, free)
    found = krawczyk(evaluate, x[free])
    if isinstance(found, NoProof):
        return found.reason
    return _whole(found, x, free, fixed, worth)


def _sign_change(system: System, x: float) -> tuple[np.ndarray, np.ndarray] | None:
    """Points around x where f has different signs for certain, f being continuous between them."""
    order = space(1, 0)
    h = np.ldexp(max(np.spacing(abs(x)), 1e-300), np.arange(0, 50, 2))
    low, high = (x - h)[:, None], (x + h)[:, None]
    points = system.box.over(np.concatenate([low, high]), np.concatenate([low, high]), order)
    below = np.stack([points.low[0, :, 0], -points.high[0, :, 0]]) > 0  # positive, negative
    left, right = below[:, : len(h)], below[:, len(h) :]
    good = np.flatnonzero((left[0] & right[1]) | (left[1] & right[0]))
    for k in good[:1]:
        whole = system.box.over(low[k][None], high[k][None], order)
        finite = np.all(np.isfinite(whole.low)) and np.all(np.isfinite(whole.high))
        if finite and not any(t.kind not in ("kink",) for t in whole.troubles):
            return low[k], high[k]
    return None


def _free(system: System, x: np.ndarray) -> np.ndarray | None:
    """The unknowns to solve for: all, or of more than there are equations the most telling."""
    if system.equations >= system.variables:
        return np.arange(system.variables)
    from scipy.linalg import qr

    jacobian = system.jacobian(x)
    if not np.all(np.isfinite(jacobian)):
        return None
    order = qr(jacobian, mode="r", pivoting=True)[-1]
    return np.sort(order[: system.equations])


def _reduced(evaluate: Evaluate, x: np.ndarray, free: np.ndarray) -> Evaluate:
    def reduced(low: np.ndarray, high: np.ndarray) -> tuple[Bounds, Bounds]:
        ends = x.copy(), x.copy()
        ends[0][free], ends[1][free] = low, high
        value, jacobian = evaluate(*ends)
        return value, (jacobian[0][:, free], jacobian[1][:, free])

    return reduced


def _whole(
    found: Enclosure, x: np.ndarray, free: np.ndarray, fixed: tuple[int, ...],
    worth: tuple[Accuracy, str],
) -> Knowledge:  # fmt: skip
    ends = [x.copy() for _ in range(4)]
    parts = (found.low, found.high, found.unique_low, found.unique_high)
    for end, part in zip(ends, parts, strict=True):
        end[free] = part
    return Knowledge(worth[0], ends[0], ends[1], worth[1], (ends[2], ends[3]), fixed)


def _estimated(
    system: System, x: np.ndarray, reach: np.ndarray, case: tuple[int, str]
) -> Knowledge:
    """The point with its estimated error; or that there is no root within it after all."""
    order, reason = case
    error = _error(system, x, reach, order)
    if error is None:
        whole = np.full_like(x, np.inf)
        return Knowledge(Accuracy.UNKNOWN, -whole, whole, reason)
    low, high = x - error, x + error
    absent = system.equations == system.variables and _excluded(system, x, 4 * error)
    return Knowledge(Accuracy.ESTIMATED, low, high, reason, absent=absent)


def _noise(system: System, x: np.ndarray) -> np.ndarray:
    """How far the computed F may be from zero and yet be zero: rounding, by enclosure if it can."""
    f = np.abs(system.values(x))
    try:
        point = system.box.over(x[None], x[None], space(system.variables, 0))
    except MissingRule:
        return f + 4 * _UNIT * (abs(system.jacobian(x)) @ np.abs(x))
    width = point.high[0, 0] - point.low[0, 0]
    return np.where(np.isfinite(width), width, 0.0) + f


def _error(system: System, x: np.ndarray, reach: np.ndarray, order: int) -> np.ndarray | None:
    """Estimated errors (variables,); None where nothing can be said."""
    if system.form == "sparse":
        return _sparse_error(system, x)
    jacobian, noise = system.jacobian(x), _noise(system, x)
    if not (np.all(np.isfinite(jacobian)) and np.all(np.isfinite(noise))):
        return None
    scale = np.maximum(np.abs(x), reach)
    scale = np.where(scale > 0, scale, max(float(scale.max(initial=0.0)), 1.0))
    rows = np.linalg.norm(jacobian * scale, axis=1)
    weights = 1.0 / np.where(rows > 0, rows, 1.0)
    u, s, vt = np.linalg.svd(jacobian * scale * weights[:, None], full_matrices=False)
    kept = s > 1e-14 * max(s[0], 1e-300)
    push = np.abs((vt.T * np.where(kept, 1.0 / np.where(kept, s, 1.0), 0.0)) @ u.T)
    error = push @ (weights * noise)
    singular = order > 1 or s[-1] < 1e-5 * s[0]
    if singular:
        error = (order + 3) * error  # of a multiple root the Newton correction is only a part
    if system.variables == 1 or (singular and system.equations >= system.variables):
        weakest = np.linalg.svd(jacobian * scale)[-1][-1]
        error = np.maximum(error, np.abs(weakest) * _flat(system, x, scale * weakest, noise))
    return error * scale + 2 * _UNIT * np.abs(x)


def _flat(system: System, x: np.ndarray, along: np.ndarray, noise: np.ndarray) -> float:
    """How far x can go along a direction with |F| still within its rounding."""
    for power in range(0, 104, 2):
        t = 2.0 ** (-2 - 0.5 * power)
        for side in (t, -t):
            moved = system.values(x + side * along)
            if np.all(np.abs(moved) <= 2 * noise):
                return 2 * t
    return 0.0


def _sparse_error(system: System, x: np.ndarray) -> np.ndarray | None:
    """The Newton correction and what the rounding of F may do, by two solves."""
    from taylored.optimize.roots.large import sparse_step

    jacobian = system.jacobian(x)
    f = system.values(x)
    noise = 2 * _UNIT * (abs(jacobian) @ np.abs(x)) + np.abs(f)
    if jacobian.shape[0] != jacobian.shape[1] or not np.all(np.isfinite(jacobian.data)):
        return None
    rng = np.random.default_rng(3)
    found = np.zeros_like(x)
    for _ in range(4):  # random signs: a sample of what |J^-1| noise may be
        step = sparse_step(jacobian, noise * rng.choice([-1.0, 1.0], len(x)))
        if step is None:
            return None
        found = np.maximum(found, np.abs(step))
    return 4 * np.maximum(found, found.mean()) + 2 * _UNIT * np.abs(x)


def _excluded(system: System, x: np.ndarray, error: np.ndarray) -> bool:
    """Whether it is proved that F is not zero within this distance."""
    if system.variables > _MOST:
        return False
    low, high = np.nextafter(x - error, -np.inf), np.nextafter(x + error, np.inf)
    try:
        found = system.box.over(low[None], high[None], space(system.variables, 0))
    except MissingRule:
        return False
    return bool(np.any((found.low[0, 0] > 0) | (found.high[0, 0] < 0)))
