"""The filter: pairs of violation and barrier value that new points must not be dominated by."""

from __future__ import annotations

import math

__all__ = ["Filter"]

_LESS_VIOLATION = 1e-5
_LESS_VALUE = 1e-8


class Filter:
    """Pairs (violation, value); a point is refused where a pair is no worse in both."""

    def __init__(self, most: float):
        self.most = most
        self._pairs: list[tuple[float, float]] = []

    def accepts(self, violation: float, value: float) -> bool:
        """Whether no pair dominates the point."""
        if not (violation <= self.most and value < math.inf):
            return False
        slack = 1e-15 * abs(value)
        return all(violation < v or value - slack < p for v, p in self._pairs)

    def add(self, violation: float, value: float) -> None:
        """Refuse from now on what does not improve on this point by a margin."""
        v = (1.0 - _LESS_VIOLATION) * violation
        p = value - _LESS_VALUE * violation
        self._pairs = [(a, b) for a, b in self._pairs if a < v or b < p]
        self._pairs.append((v, p))

    def clear(self) -> None:
        """Forget all pairs, for a new barrier parameter."""
        self._pairs.clear()
