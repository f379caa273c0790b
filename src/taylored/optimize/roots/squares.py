"""Least squares of equations that cannot all hold: the point to its last digits, and its error.

Where |F| is least its gradient g = J'F is zero, and Newton's step for that takes the whole second
derivative H = J'J + sum F_i F_i'' (Nocedal and Wright, Numerical Optimization, 2nd ed. 2006,
section 10.3). A point is off by about H^-1 g, with g as far from 0 as its enclosure reaches.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from taylored.errors import MissingRule
from taylored.optimize.roots.local import Local, local_solve
from taylored.optimize.roots.system import System
from taylored.optimize.watch import Watch
from taylored.readings.interval import arithmetic as ia
from taylored.readings.interval.executor import NUMPY
from taylored.readings.jet.space import space

__all__ = ["Squares", "least", "squares_at", "squares_error"]

_UNIT = 2.0**-52
_FLAT = 1e-7  # of the least eigenvalue, in variables in which the diagonal of H is about 1
_BY_JETS = 12  # unknowns up to which second derivatives are exact
_STEPS, _ESCAPES = 12, 4


@dataclass(frozen=True, eq=False)
class Squares:
    """|F|**2/2 at a point: its gradient (n,), second derivatives (n, n), and what they show.

    `shape`: "bowl", "flat" (in some direction nothing can be told) or "saddle". `least` is the
    least curvature in scaled variables, `weakest` (n,) its direction.
    """

    f: np.ndarray
    jacobian: np.ndarray
    hessian: np.ndarray
    scale: np.ndarray
    least: float
    weakest: np.ndarray

    @property
    def shape(self) -> str:
        return "bowl" if self.least > _FLAT else "saddle" if self.least < -_FLAT else "flat"

    @property
    def gradient(self) -> np.ndarray:
        return self.jacobian.T @ self.f

    def solved(self, right: np.ndarray) -> np.ndarray:
        """H^-1 times columns."""
        scale = self.scale[:, None] if right.ndim == 2 else self.scale
        scaled = self.scale[:, None] * self.hessian * self.scale
        return scale * np.linalg.solve(scaled, scale * right)


def squares_at(system: System, x: np.ndarray, reach: np.ndarray) -> Squares | None:
    """The second-order model; None where something is not defined, or the system is sparse."""
    if system.form == "sparse":
        return None
    f, jacobian = system.values(x), np.asarray(system.jacobian(x))
    if not (np.all(np.isfinite(f)) and np.all(np.isfinite(jacobian))):
        return None
    bent, most = _bent(system, x, f, reach)
    hessian = jacobian.T @ jacobian + bent
    if not np.all(np.isfinite(hessian)):
        return None
    # Curvature that cancels between the equations is as good as none: it counts in full here.
    size = np.sum(jacobian**2, axis=0) + most
    scale = 1.0 / np.sqrt(np.where(size > 0, size, 1.0))
    values, vectors = np.linalg.eigh(scale[:, None] * hessian * scale)
    return Squares(f, jacobian, hessian, scale, float(values[0]), scale * vectors[:, 0])


def _bent(
    system: System, x: np.ndarray, f: np.ndarray, reach: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The sum of F_i F_i'', and of the sizes of its terms on the diagonal."""
    found = _by_jets(system, x, f) if len(x) <= _BY_JETS else None
    return _by_differences(system, x, f, reach) if found is None else found


def _by_jets(system: System, x: np.ndarray, f: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Second derivatives as Taylor coefficients; None for operations that have none."""
    n, second = len(x), space(len(x), 2)
    try:
        found = system.box.over(x[None], x[None], second)
    except MissingRule:
        return None
    chosen = second.degrees == 2
    middle = 0.5 * (found.low[chosen, 0] + found.high[chosen, 0])
    if found.troubled.any() or not np.all(np.isfinite(middle)):
        return None
    bent, most = np.zeros((n, n)), np.zeros(n)
    for exponents, value in zip(second.exponents[chosen], middle, strict=True):
        a, b = np.repeat(np.arange(n), exponents)
        bent[a, b] += value @ f
        bent[b, a] += value @ f
        if a == b:
            most[a] = 2.0 * np.abs(value) @ np.abs(f)
    return bent, most


def _by_differences(
    system: System, x: np.ndarray, f: np.ndarray, reach: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Central differences of the Jacobian."""
    size = np.maximum(np.abs(x), reach)
    steps = _UNIT ** (1 / 3) * np.where(size > 0, size, 1.0)
    columns, most = [], np.zeros(len(x))
    for j, step in enumerate(steps):
        ends = x.copy(), x.copy()
        ends[0][j] -= step
        ends[1][j] += step
        turned = (system.jacobian(ends[1]) - system.jacobian(ends[0])) / (ends[1][j] - ends[0][j])
        columns.append(turned.T @ f)
        most[j] = np.abs(turned[:, j]) @ np.abs(f)
    bent = np.array(columns)
    return 0.5 * (bent + bent.T), most


def least(system: System, found: Local, watch: Watch) -> tuple[Local, str]:
    """Where |F| is least near the end of a local method, and the shape there ("" if not known)."""
    for _ in range(_ESCAPES):
        found, squares = _polished(system, found)
        if squares is None:
            return found, ""
        if squares.shape != "saddle":
            return found, squares.shape
        lower = _escaped(system, found, squares)
        if lower is None:
            return found, "saddle"
        found = local_solve(system, lower, watch)
        if found.end not in ("converged", "slow"):
            return found, ""
    return found, "saddle"


def _polished(system: System, found: Local) -> tuple[Local, Squares | None]:
    """Newton steps on the gradient, as long as they become shorter."""
    x, last = found.x, np.inf
    squares = squares_at(system, x, found.reach)
    for _ in range(_STEPS):
        if squares is None or squares.shape != "bowl":
            break
        step = -squares.solved(squares.gradient)
        size = float(np.linalg.norm(step / squares.scale))
        if size >= 0.5 * last or np.all(np.abs(step) <= 0.5 * _UNIT * np.abs(x)):
            break
        new = squares_at(system, x + step, found.reach)
        # A longer step than rounding explains must not lead up.
        if new is None or np.linalg.norm(new.f) > (1.0 + 1e-10) * np.linalg.norm(squares.f):
            break
        x, squares, last = x + step, new, size
    moved = replace(found, x=x, f=system.values(x))
    return moved, squares


def _escaped(system: System, found: Local, squares: Squares) -> np.ndarray | None:
    """A point with a smaller |F| along the direction in which it curves downward."""
    size = np.linalg.norm(squares.f)
    along = squares.weakest * size
    for power in range(0, 40, 2):
        for side in (2.0**-power, -(2.0**-power)):
            x = found.x + side * along
            if np.linalg.norm(system.values(x)) < size * (1.0 - 1e-14):
                return x
    return None


def squares_error(
    system: System, x: np.ndarray, reach: np.ndarray, squares: Squares
) -> np.ndarray | None:
    """(n,) how far the point where |F| is least may be from x; None where H changes that near."""
    worst = _gradient_reach(system, x, squares)
    inverse = np.abs(squares.solved(np.eye(len(x))))
    error = 2.0 * (inverse @ worst) + _UNIT * np.abs(x)
    along = squares.weakest / np.maximum(np.abs(squares.weakest).max(), 1e-300)
    for side in (error, -error, 2 * error * along, -2 * error * along):
        near = squares_at(system, x + side, reach)
        if near is None:
            return None
        turned = squares.scale[:, None] * (near.hessian - squares.hessian) * squares.scale
        if np.abs(turned).sum(axis=1).max() > 0.25 * squares.least:
            return None
    return error


def _gradient_reach(system: System, x: np.ndarray, squares: Squares) -> np.ndarray:
    """(n,) the largest that each part of J'F may be, rounding included."""
    try:
        found = system.box.over(x[None], x[None], space(len(x), 1))
    except MissingRule:
        found = None
    if found is not None and not found.troubled.any():
        values = found.low[0, 0][None], found.high[0, 0][None]
        slopes = found.low[1:, 0], found.high[1:, 0]
        low, high = ia.sum_over(NUMPY, ia.multiply(NUMPY, slopes, values), 1, 1)
        worst = np.maximum(np.abs(low), np.abs(high))
        if np.all(np.isfinite(worst)):
            return worst
    size, f = np.abs(squares.jacobian), np.abs(squares.f)
    rounding = 8 * _UNIT * (size @ np.abs(x) + f)
    return np.abs(squares.gradient) + size.T @ rounding + 8 * _UNIT * (size.T @ f)
