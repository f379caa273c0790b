"""L-BFGS for a smooth function given with its gradient, no bounds: the engine of two baselines."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from taylored.optimize.descent.line import Trial, wolfe

__all__ = ["descend_to"]

Function = Callable[[np.ndarray], tuple[float, np.ndarray]]
_MEMORY = 12


def descend_to(
    f: Function, start: np.ndarray, tolerance: float, fall: float = 0.0, steps: int = 200
) -> Trial:
    """The point reached: no slope above `tolerance`, no step that lowers f by more than `fall`.

    Source: J. Nocedal, Math. Comp. 35 (1980).
    """
    value, slopes = f(start)
    now = Trial(0.0, value, 0.0, start, slopes)
    pairs: list[tuple[np.ndarray, np.ndarray]] = []
    for _ in range(steps):
        if not np.abs(now.g).max(initial=0.0) > tolerance:
            break
        following = _step(f, now, pairs)
        if following is None and pairs:
            pairs.clear()
            following = _step(f, now, pairs)
        if following is None:
            break
        fallen = now.f - following.f
        s, y = following.x - now.x, following.g - now.g
        if s.dot(y) > 1e-10 * np.sqrt(s.dot(s) * y.dot(y)):
            pairs.append((s, y))
            del pairs[:-_MEMORY]
        now = following
        if fallen <= fall:
            break
    return now


def _step(f: Function, now: Trial, pairs: list[tuple[np.ndarray, np.ndarray]]) -> Trial | None:
    direction = _direction(now.g, pairs)
    slope = float(now.g.dot(direction))
    if not slope < 0.0:
        return None

    def at(far: float) -> Trial:
        x = now.x + far * direction
        value, slopes = f(x)
        return Trial(far, value, float(slopes.dot(direction)), x, slopes)

    # Without curvature the first step is at most of length one.
    first = 1.0 if pairs else min(1.0, 1.0 / float(np.sqrt(now.g.dot(now.g))))
    return wolfe(at, Trial(0.0, now.f, slope, now.x, now.g), first)


def _direction(g: np.ndarray, pairs: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """The two loops over the last changes of x and of the gradient."""
    q, shares = -g, []
    for s, y in reversed(pairs):
        shares.append(s.dot(q) / s.dot(y))
        q = q - shares[-1] * y
    if pairs:
        s, y = pairs[-1]
        q = q * (s.dot(y) / y.dot(y))
    for (s, y), share in zip(pairs, reversed(shares), strict=True):
        q = q + (share - y.dot(q) / s.dot(y)) * s
    return q
