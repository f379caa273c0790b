"""What to do where steps shrink to nothing at a kink: go along it, by gradients from both sides.

J. Burke, A. Lewis and M. Overton, SIAM J. Optim. 15 (2005) 751-779.
"""

from __future__ import annotations

from collections import deque

import numpy as np

__all__ = ["Kink"]

_SHORT = 1e-9  # steps, relative to the point
_TIMES = 6
_GRADIENTS = 12
_NOTHING = 1e-7


class Kink:
    """The gradients of the last points while steps are next to nothing."""

    def __init__(self) -> None:
        self._gradients: deque[np.ndarray] = deque(maxlen=_GRADIENTS)

    def holds(self, moved: float, x: np.ndarray, g: np.ndarray) -> bool:
        """Note a point; whether steps have long been too short to get anywhere."""
        if moved > _SHORT * max(1e-3, float(np.abs(x).max(initial=0.0))):
            self._gradients.clear()
        self._gradients.append(g)
        return len(self._gradients) > _TIMES

    def along(self) -> np.ndarray | None:
        """The direction that goes down for all those gradients; None where there is none."""
        from scipy.optimize import nnls

        rows = np.array(self._gradients)
        size = float(np.abs(rows).max(initial=0.0))
        self._gradients.clear()
        if not size > 0.0:
            return None
        # The shortest convex combination: weights >= 0 whose sum is held near 1.
        heavy = 1e4 * np.sqrt(rows.shape[1])
        matrix = np.vstack([rows.T / size, np.full(len(rows), heavy)])
        weights, _ = nnls(matrix, np.append(np.zeros(rows.shape[1]), heavy))
        shortest = rows.T @ (weights / max(float(weights.sum()), 1e-300))
        return -shortest if np.abs(shortest).max() > _NOTHING * size else None
