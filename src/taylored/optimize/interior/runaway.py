"""Whether the objective falls without end along a ray of feasible points."""

from __future__ import annotations

import numpy as np

from taylored.optimize.interior.scaling import Scaled

__all__ = ["runs_away"]

_DECADES = 6
_FEASIBLE = 1e-8
_LEAST_FALL = 1e-8
_NOT_SLOWER = 0.5
_NOT_FAR = 1e-3


def runs_away(scaled: Scaled, start: np.ndarray, x: np.ndarray) -> bool:
    """Try the rays from the start and from 0 through x, a far point.

    Variables that have not gone far stay where they are.
    """
    return any(_falls(scaled, origin, x) for origin in (np.zeros_like(x), start))


def _falls(scaled: Scaled, origin: np.ndarray, x: np.ndarray) -> bool:
    """Whether each decade farther out is feasible and the fall of f is no slower than before."""
    before, fall = np.inf, 0.0
    ray = x - origin
    ray[np.abs(ray) < _NOT_FAR * np.abs(ray).max()] = 0.0
    for k in range(_DECADES + 1):
        far = np.clip(x + (10.0**k - 1.0) * ray, scaled.lower, scaled.upper)
        f, c = scaled.values(far)
        broken = np.where(scaled.equality, np.abs(c), np.maximum(c, 0.0)).max(initial=0.0)
        if not (np.isfinite(f) and broken <= _FEASIBLE):
            # Overflow downwards, after some decades, is a fall too.
            return k >= 2 and f == -np.inf and bool(broken <= _FEASIBLE)
        now = before - f
        if k and not now > _LEAST_FALL * max(1.0, min(abs(f), abs(before))):
            return False
        if k > 1 and not now >= _NOT_SLOWER * fall:
            return False
        before, fall = f, now
    return True
