"""The remainder for many variables: along x0 + s*d, for all directions d of the box at once.

The Taylor coefficient of s**(K+1), with the interval vector d in place of a direction, encloses
the sum over all multi-indices: its cost does not grow with the number of variables.
"""

from __future__ import annotations

import numpy as np

from taylored.readings.enclosure.boxes import BoxFunction
from taylored.readings.enclosure.peano import averaged, rounded_box, slice_reach
from taylored.readings.jet.space import space
from taylored.readings.jet.value import Trouble

__all__ = ["directional"]


def directional(
    function: BoxFunction, at: np.ndarray, order: int, sides: np.ndarray
) -> tuple[np.ndarray, np.ndarray, tuple[Trouble, ...], int]:
    """Ends (outputs,) of f - T over the box, the troubles met, and how many boxes it took."""
    line = space(1, order + 1)
    reach = slice_reach(sides)
    low, high = rounded_box(at, reach[:, 0], reach[:, 1])
    down, up = (np.broadcast_to(np.nextafter(side, np.inf), low.shape) for side in sides)
    found = function.over(low, high, line, along=(-down, up))
    bounds = averaged(function.executor, found, (line, order, 1))
    ends = (function.executor.floats(bounds[0], False), function.executor.floats(bounds[1], True))
    return ends[0][0, 0], ends[1][0, 0], found.troubles, len(low)
