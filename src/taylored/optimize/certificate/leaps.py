"""Values that jump beside a point: then derivatives there say nothing about what is lower."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taylored.optimize.certificate.local import Local
from taylored.optimize.certificate.rounding import scatter

__all__ = ["Leap", "leap"]

_REACHES = tuple(2.0**-k for k in (40, 34, 28, 22, 16))
_BEYOND = 20.0  # times rounding
_POINTS = 8
_HALVINGS = 60


@dataclass(frozen=True, eq=False)
class Leap:
    """By how much the value jumps within a short step; below 0 it is lower there."""

    change: float
    step: np.ndarray


def leap(local: Local, natural: np.ndarray) -> Leap | None:
    """A jump of f beside x, the lowest of those met; None where f is continuous.

    What a smooth function, or one with a kink, departs from its tangent by shrinks with the step;
    a jump does not. It is then followed by bisection down to neighboring numbers.
    """
    rng = np.random.default_rng(8)
    signs = rng.choice([-1.0, 1.0], local.x.size)
    other = signs * np.where(np.arange(local.x.size) % 2, 1.0, -1.0)
    found: list[Leap] = []
    for direction in (signs, other) if local.x.size > 1 else (signs,):
        direction = direction * natural * rng.uniform(0.5, 1.0, local.x.size)
        for line in (_Line(local, direction), _Line(local, -direction)):
            made = line.leap()
            if made is not None:
                found.append(made)
    return min(found, key=lambda m: m.change, default=None)


class _Line:
    """f along a line from x, less its tangent."""

    def __init__(self, local: Local, direction: np.ndarray):
        self.local, self.direction = local, direction
        self.least = _BEYOND * 2.0**-52 * max(abs(local.value), 1e-300)

    def step(self, t: float) -> np.ndarray:
        program, x = self.local.program, self.local.x
        return np.clip(x + t * self.direction, program.lower, program.upper) - x

    def departure(self, t: float) -> float:
        step = self.step(t)
        value = self.local.program.values(self.local.x + step)[0]
        found = float(value - self.local.value - self.local.gradient @ step)
        return found if np.isfinite(found) else 0.0

    def leap(self) -> Leap | None:
        found = [self.departure(t) for t in _REACHES]
        for k in range(len(found) - 1):
            near, far = found[k], found[k + 1]
            alike = abs(near) > self.least and 0.5 <= far / near <= 2.0
            if alike and abs(near) > _BEYOND * self._rounding():
                return self._followed(_REACHES[k], near)
        return None

    def _rounding(self) -> float:
        """That of f, the less of two places, as one may have a jump of its own."""
        made = []
        for start in (_REACHES[-1], 2.0 * _REACHES[-1]):
            places = start * (1.0 + 0.01 * np.arange(_POINTS))
            made.append(float(scatter(np.array([self.departure(t) for t in places]))))
        return min(made)

    def _followed(self, far: float, change: float) -> Leap | None:
        """Where it jumps; None where the values in between are taken as well."""
        near, before, after = 0.0, 0.0, change
        for _ in range(_HALVINGS):
            middle = 0.5 * (near + far)
            if np.array_equal(self.step(middle), self.step(near)):
                break
            if np.array_equal(self.step(middle), self.step(far)):
                break
            there = self.departure(middle)
            if abs(there) > 0.5 * abs(change):
                far, after = middle, there
            else:
                near, before = middle, there
        sudden = abs(after - before) > max(0.05 * abs(change), self.least)
        return Leap(after, self.step(far)) if sudden else None
