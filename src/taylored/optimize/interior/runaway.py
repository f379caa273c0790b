"""Whether the objective falls without end along a ray, or a curve, of feasible points."""

from __future__ import annotations

from typing import Any

import numpy as np

from taylored.optimize.descent.ray import fate, main_part
from taylored.optimize.interior.scaling import Scaled

__all__ = ["fates"]

_FEASIBLE = 1e-8
_ROUNDING = 1e-11  # of the terms that a constraint adds up, relative
_PROJECTIONS, _MOST, _FEW = 80, 200, 10


def fates(scaled: Scaled, past: tuple[np.ndarray, np.ndarray], x: np.ndarray) -> set[str]:
    """What becomes of f along rays and along a curve of powers through x, a far point.

    `past` is the start, and a point on the way. Points are brought back onto the constraints.
    """
    found = set()
    start, before = past
    straight = x != 0.0
    curves = [(x, (main_part(x) != 0.0) & straight), (main_part(x - start), None)]
    curves.append((x, _powers(before, x)))
    for ray, powers in curves:
        size = float(np.abs(ray).max(initial=0.0))
        along = _Along(scaled, x, ray, powers)
        found.add(fate(along, size))
        if not along.bent or "falls" in found or scaled.n > _FEW or before is start:
            continue
        # On a curve variables grow at different rates: let one after the other give way.
        for k in range(scaled.n):
            found.add(fate(_Along(scaled, x, ray, powers, k), size))
    return found


def _powers(before: np.ndarray, x: np.ndarray) -> np.ndarray:
    """By which power of the fastest each variable has grown, in twelfths."""
    grown = np.log(np.maximum(np.abs(x), 1e-300) / np.maximum(np.abs(before), 1e-300))
    most = grown[np.abs(x).argmax()]
    powers = np.where((np.sign(x) == np.sign(before)) & (most > 0.0), grown / most, 0.0)
    return np.clip(np.round(12.0 * powers) / 12.0, 0.0, 1.0)


class _Along:
    """f at s times the ray, or at each variable times a power of s; nan where not feasible."""

    def __init__(
        self, scaled: Scaled, x: np.ndarray, ray: np.ndarray, powers: np.ndarray | None,
        yielding: int = -1,
    ):  # fmt: skip
        self.scaled, self.x, self.ray, self.powers = scaled, x, ray, powers
        self.weight = np.ones(x.size)
        if yielding >= 0:
            self.weight[yielding] = 1e3
        self.bent = False
        self.terms = _ROUNDING * (abs(scaled.first(x)[1]) @ np.abs(x))
        self.last, self.by = x, 1.0

    def at(self, s: float) -> np.ndarray:
        """The place, before constraints are looked at."""
        if self.powers is None:
            return self.x + (s - 1.0) * self.ray
        return self.x * s**self.powers

    def __call__(self, s: float) -> float:
        scaled = self.scaled
        far = np.clip(self.at(s), scaled.lower, scaled.upper)
        f, c = scaled.values(far)
        if (self.broken(c) <= _FEASIBLE + s * self.terms).all():
            return f
        if scaled.sparse or scaled.n > _MOST:
            return np.nan
        return self.curved(s)

    def broken(self, c: np.ndarray) -> np.ndarray:
        return np.where(self.scaled.equality, np.abs(c), np.maximum(c, 0.0))

    def curved(self, s: float) -> float:
        """f where Newton's method, in the units of the point, meets the constraints."""
        scaled, self.bent = self.scaled, True
        # From the last point before: what the constraints did to it they are likely to do again.
        known, by = (self.last, self.by) if s >= self.by else (self.x, 1.0)
        here, there = self.at(by), self.at(s)
        x = known * np.where(here != 0.0, there / here, 1.0)
        x = np.clip(x, scaled.lower, scaled.upper)
        for _ in range(_PROJECTIONS):
            f, c = scaled.values(x)
            jacobian: Any = scaled.first(x)[1]
            if not (np.isfinite(c).all() and np.isfinite(jacobian).all()):
                return np.nan
            broken = self.broken(c)
            if (broken <= _FEASIBLE + _ROUNDING * (np.abs(jacobian) @ np.abs(x))).all():
                self.last, self.by = x, s
                return f
            rows, units = broken > 0.0, (np.abs(x) + 1.0) * self.weight
            scaled_rows = jacobian[rows] * units
            sizes = np.abs(scaled_rows).max(axis=1, initial=0.0) + 1e-300
            step = np.linalg.lstsq(scaled_rows / sizes[:, None], -c[rows] / sizes, rcond=1e-12)[0]
            x = np.clip(x + units * step, scaled.lower, scaled.upper)
        return np.nan
