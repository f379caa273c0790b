"""An allowance of work, in microseconds by estimate: searches end alike on every machine."""

from __future__ import annotations

from taylored.calculus.coloring.pattern import Pattern

__all__ = ["Effort"]


class Effort:
    """What a search may still cost: some milliseconds, and about a second for 600,000 entries.

    Estimates instead of a clock, so that equal patterns get equal colors.
    """

    def __init__(self, pattern: Pattern, share: float = 1.0):
        self.left = share * (9_000 + 1.3 * (pattern.nnz + sum(pattern.shape)))

    def take(self, cost: float) -> bool:
        """Pay `cost` if it can be afforded."""
        if cost > self.left:
            return False
        self.left -= cost
        return True

    def part(self, share: float) -> Effort:
        """A share of what is left, taken out of it at once."""
        other = object.__new__(Effort)
        other.left = self.left * share
        self.left -= other.left
        return other
