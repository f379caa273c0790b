"""How large a curvature may be: rates of gradient descent that are proved safe.

A step of rate r lowers f by r/2*|gradient|^2 at least where r <= 1/L, with L >= |Hessian| on the
way (Y. Nesterov, Lectures on Convex Optimization, 2nd ed. 2018, lemma 1.2.3). L is proved by
interval Hessians over a box around the point, and proved anew when the path leaves the box.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from taylored.errors import MissingRule
from taylored.optimize.nlp import NonlinearProgram
from taylored.readings.enclosure.boxes import BoxFunction
from taylored.trace.program import Program

__all__ = [
    "MOST_VARIABLES",
    "CurvatureBound",
    "Proved",
    "extreme_curvatures",
    "largest_curvature",
]

MOST_VARIABLES = 30
_NARROWEST = 0.1  # of a step: nearer to a kink a line search does better
_ROUNDED = 1e-9
_NOTHING = np.zeros(0)


def largest_curvature(function: BoxFunction, low: np.ndarray, high: np.ndarray) -> float:
    """A bound on the spectral norm of the Hessian of the first output over a box, proved.

    Infinite where none can be proved: a kink, a place outside of the domain.

    Source: S. M. Rump, Acta Numerica 19 (2010), section 10.
    """
    from taylored.readings.jet.space import space

    count = function.variables
    local = space(count, 2)
    with np.errstate(all="ignore"):
        found = function.over(low[None], high[None], local)
        if found.troubles:
            return np.inf
        ends = np.asarray(found.low[:, 0, 0], float), np.asarray(found.high[:, 0, 0], float)
        bounds = []
        square = np.flatnonzero(local.degrees == 2)
        rows, columns = _places(local.exponents[square])
        twice = np.where(rows == columns, 2.0, 1.0)
        for end in ends:
            matrix = np.zeros((count, count))
            matrix[rows, columns] = matrix[columns, rows] = twice * end[square]
            bounds.append(matrix)
        center = 0.5 * bounds[0] + 0.5 * bounds[1]
        width = np.maximum(np.abs(bounds[1] - center), np.abs(center - bounds[0]))
        if not (np.isfinite(center).all() and np.isfinite(width).all()):
            return np.inf
        # |H| <= |center| + |width|; both are bounded with what rounding may have taken away.
        of_center = min(
            float(np.abs(np.linalg.eigvalsh(center)).max()) + 1e-13 * count * _norm(center),
            _norm(center),
        )
        return (of_center + _norm(width)) * (1.0 + 1e-12 * count)


def _rewritten(program: Program) -> bool:
    """Whether a derivative may be other than that of the values: by a rule of its own, or cut."""
    for equation in program.equations:
        if equation.primitive in ("stop_gradient", "call"):
            return True
        for value in equation.params.values():
            parts = value if isinstance(value, tuple | list) else (value,)
            if any(_rewritten(p) for p in parts if isinstance(p, Program)):
                return True
    return False


def _norm(matrix: np.ndarray) -> float:
    """The largest row sum of sizes, not below the spectral norm of a symmetric matrix."""
    return float(np.abs(matrix).sum(axis=1).max())


def _places(exponents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which second derivative each monomial of degree 2 stands for."""
    rows = (exponents > 0).argmax(axis=1)
    columns = exponents.shape[1] - 1 - (exponents[:, ::-1] > 0).argmax(axis=1)
    return rows, columns


@dataclass(frozen=True, eq=False, slots=True)
class Proved:
    """A box and the bound on the curvature in it."""

    low: np.ndarray
    high: np.ndarray
    curvature: float

    def holds(self, x: np.ndarray) -> bool:
        return bool(((x >= self.low) & (x <= self.high)).all())


class CurvatureBound:
    """The bound around a moving point; `why` says what is in the way where there is none."""

    def __init__(self, program: NonlinearProgram):
        self.program, self.why, self.boxes = program, "", 0
        self.largest = 0.0
        self._proved: Proved | None = None
        self._wide = 8.0  # how many steps the box reaches
        self._age, self._patience = 0, 4  # steps in one box, and after how many to prove anew
        self._function = self._boxes()
        self._doubtful = self._function is not None and _rewritten(self._function.program)

    def _boxes(self) -> BoxFunction | None:
        if self.program.variables > MOST_VARIABLES:
            self.why = f"bounds are proved for up to {MOST_VARIABLES} variables"
            return None
        function = self.program.functions.box()
        if function is None:
            self.why = "the function cannot be enclosed"
        return function

    def rate(self, x: np.ndarray, g: np.ndarray) -> float | None:
        """1/L on a box that holds x and the step; None where it cannot be proved."""
        if self._function is None:
            return None
        if self._doubtful and not self._is_gradient(self._function, x, g):
            return None
        known = self._proved
        self._age += 1
        if known is not None and self._age <= self._patience and known.holds(x):
            rate = _inverse(known.curvature)
            if known.holds(self._after(x, g, rate)):
                return rate
        try:
            self._proved = self._prove(self._function, x, g)
        except MissingRule as error:
            self.why, self._function = error.what.rstrip("."), None
            return None
        if self._proved is None:
            return None
        # Where the path comes to rest the curvature no longer changes.
        before = np.inf if known is None else known.curvature
        steady = 0.8 * before <= self._proved.curvature <= 1.25 * before
        self._patience = min(128, 2 * self._patience) if steady else 4
        self._age = 0
        self.largest = max(self.largest, self._proved.curvature)
        return _inverse(self._proved.curvature)

    def _is_gradient(self, function: BoxFunction, x: np.ndarray, g: np.ndarray) -> bool:
        """Whether g is the gradient of the function itself, not only what its rules make of it."""
        from taylored.readings.jet.space import space

        try:
            found = function.over(x[None], x[None], space(function.variables, 1))
        except MissingRule as error:
            self.why, self._function = error.what.rstrip("."), None
            return False
        low, high = (np.asarray(end[1:, 0, 0], float) for end in (found.low, found.high))
        size = np.maximum(np.abs(low), np.abs(high)).max(initial=0.0)
        slack = _ROUNDED * max(size, float(np.abs(g).max(initial=0.0)))
        if found.troubles or not ((low - slack <= g) & (g <= high + slack)).all():
            self.why = "the derivatives given to JAX are not shown to be those of the function"
            return False
        return True

    def _after(self, x: np.ndarray, g: np.ndarray, rate: float) -> np.ndarray:
        return np.clip(x - rate * g, self.program.lower, self.program.upper)

    def _prove(self, function: BoxFunction, x: np.ndarray, g: np.ndarray) -> Proved | None:
        """A box around x, as wide as the bound on it allows."""
        here = self._bound(function, x, x)
        if not isfinite(here):
            self.why = "the function is not smooth, or not defined, at a point of the path"
            return None
        size = float(np.abs(g).max(initial=0.0))
        step = size * _inverse(here) if here > 0 else max(1.0, float(np.abs(x).max(initial=0.0)))
        wide = self._wide
        while wide >= _NARROWEST:
            # Wide in the direction of the step, and a little in all others.
            reach = wide * step * np.maximum(np.abs(g) / max(size, 1e-300), 0.1)
            low = np.maximum(np.nextafter(x - reach, -np.inf), self.program.lower)
            high = np.minimum(np.nextafter(x + reach, np.inf), self.program.upper)
            proved = self._bound(function, low, high)
            shorter = here / min(wide, 1.0)  # the step must end in the box
            if proved <= 2.0 * shorter or (here == 0.0 and isfinite(proved)):
                found = Proved(low, high, max(proved, shorter, 1e-300))
                if found.holds(self._after(x, g, _inverse(found.curvature))):
                    self._wide = min(64.0, 2.0 * wide) if proved <= 1.2 * here else max(wide, 1.0)
                    return found
            wide *= 0.5
        self.why = "no bound on the second derivatives could be proved along a step"
        return None

    def _bound(self, function: BoxFunction, low: np.ndarray, high: np.ndarray) -> float:
        self.boxes += 1
        return largest_curvature(function, low, high)


def _inverse(curvature: float) -> float:
    """1/L, rounded down; not more than float64 can use."""
    return min(float(np.nextafter(1.0 / curvature, 0.0)), 1e150) if curvature > 0 else 1e150


def extreme_curvatures(program: NonlinearProgram, x: np.ndarray) -> tuple[float, float]:
    """The least and largest eigenvalue of the Hessian at a point; nan where they are unknown."""
    from taylored.optimize.descent.face import lanczos_lowest

    quiet = program.quietly()
    with np.errstate(all="ignore"):
        if program.form == "dense":
            h: Any = quiet.second(x, 1.0, _NOTHING)
            if not np.isfinite(h).all():
                return np.nan, np.nan
            w = np.linalg.eigvalsh(h)
            return float(w[0]), float(w[-1])
        low, _ = lanczos_lowest(lambda v: quiet.product(x, 1.0, _NOTHING, v), x.size)
        high, _ = lanczos_lowest(lambda v: -quiet.product(x, 1.0, _NOTHING, v), x.size)
        return low, -high
