"""A line search for the strong Wolfe conditions, which also works at the rounding level of f."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite, sqrt

import numpy as np

__all__ = ["Trial", "wolfe"]

_FALL, _BEND = 1e-4, 0.9  # shares of the first slope: in the value, and left in the slope
_NOISE = 1e-15


@dataclass(frozen=True, eq=False, slots=True)
class Trial:
    """A point of the line: how far, the value, the slope along the line, x and the gradient."""

    far: float
    f: float
    slope: float
    x: np.ndarray
    g: np.ndarray


def wolfe(
    at: Callable[[float], Trial], start: Trial, first: float, longest: float = inf
) -> Trial | None:
    """A point with strong Wolfe conditions (J. Nocedal and S. J. Wright, algorithms 3.5 and 3.6).

    Where differences of f are lost in rounding, the slopes decide (W. W. Hager and H. Zhang, SIAM
    J. Optim. 16, 2005). None where no point is lower; the best one met where the search is long.
    """
    noise = _NOISE * abs(start.f)
    last, far = start, min(first, longest)
    for number in range(40):
        now = at(far)
        if not isfinite(now.f) or not isfinite(now.slope):
            return _between(at, start, last, now, noise)
        if not _low(start, now, noise) or (now.f >= last.f + noise and number > 0):
            return _between(at, start, last, now, noise)
        if abs(now.slope) <= -_BEND * start.slope or far >= longest or now.f < -1e20:
            return now
        if now.slope >= 0:
            return _between(at, start, now, last, noise)
        last, far = now, min(longest, 4.0 * far)
    return last if last is not start else None


def _low(start: Trial, now: Trial, noise: float) -> bool:
    """Whether the value is low enough."""
    if now.f <= start.f + _FALL * now.far * start.slope:
        return True
    return now.f <= start.f + noise and now.slope <= (2.0 * _FALL - 1.0) * start.slope


def _between(
    at: Callable[[float], Trial], start: Trial, low: Trial, high: Trial, noise: float
) -> Trial | None:
    """Narrow the interval: `low` is the lower end, its slope points to `high`."""
    for _ in range(40):
        far = _minimum(low, high)
        now = at(far)
        if not isfinite(now.f) or not _low(start, now, noise) or now.f > low.f + noise:
            high = now
        else:
            if abs(now.slope) <= -_BEND * start.slope:
                return now
            if now.slope * (high.far - low.far) >= 0:
                high = low
            low = now
        if abs(high.far - low.far) <= 1e-14 * max(high.far, low.far):
            break
    return low if low is not start else None


def _minimum(low: Trial, high: Trial) -> float:
    """Of the cubic through both ends; inside, away from the ends."""
    a, b = low.far, high.far
    width = b - a
    if not isfinite(high.f) or not isfinite(high.slope):
        return a + 0.25 * width
    first = low.slope + high.slope - 3.0 * (low.f - high.f) / (a - b)
    square = first * first - low.slope * high.slope
    far = a + 0.5 * width
    if square >= 0.0:
        root = sqrt(square) if width > 0 else -sqrt(square)
        below = high.slope - low.slope + 2.0 * root
        if below != 0.0:
            far = b - width * (high.slope + root - first) / below
    if not isfinite(far):
        return a + 0.5 * width
    edge = 0.1 * abs(width)
    return min(max(far, min(a, b) + edge), max(a, b) - edge)
