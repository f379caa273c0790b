"""Taylor coefficients at one point, as numbers and as intervals.

Of order 1 in many variables they are computed for some variables at a time: all at once would
hold every intermediate value as often as there are inputs.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from taylored.readings.enclosure.boxes import BoxFunction
from taylored.readings.interval.arithmetic import Bounds
from taylored.readings.jet.run import enclose, expand
from taylored.readings.jet.space import Space, space
from taylored.readings.jet.value import Trouble

__all__ = ["as_intervals", "as_numbers"]

_AT_ONCE = 64  # variables
_LONG_MOST = 1_000_000  # numbers that are computed in long double; more of them in float64

Part = tuple[np.ndarray, ...]  # arrays (coefficients, outputs)
Found = tuple[Part, tuple[Trouble, ...]]


def as_numbers(function: BoxFunction, point: np.ndarray, polynomials: Space) -> Found:
    """The coefficients (coefficients, outputs) as float64, and what is in the way of them."""
    largest = max((int(np.prod(s)) for s in function.program.shapes.values()), default=1)
    dtype = np.longdouble if polynomials.size * largest <= _LONG_MOST else np.float64

    def run(part: Space, directions: np.ndarray) -> Found:
        seeds = [
            np.concatenate([value[None, None], slope[:, None]])
            for value, slope in zip(function.split(point), function.split(directions), strict=True)
        ]
        found = expand(function.program, part, seeds, dtype)
        flat = np.concatenate([o.reshape((part.size, -1)) for o in found.outputs], axis=1)
        with np.errstate(over="ignore", under="ignore"):
            return (flat.astype(np.float64),), found.troubles

    return _in_parts(run, polynomials)


def as_intervals(
    function: BoxFunction, point: np.ndarray, polynomials: Space
) -> tuple[Bounds, tuple[Trouble, ...]]:
    """Ends (coefficients, outputs) of enclosures in float64."""
    e = function.executor
    boxes = [(v[None], v[None]) for v in function.split(point)]

    def run(part: Space, directions: np.ndarray) -> Found:
        slopes = function.split(directions[:, None])
        found = enclose(function.program, part, boxes, slopes, e)
        ends = [
            np.concatenate([e.floats(p, up).reshape((part.size, -1)) for p in parts], axis=1)
            for parts, up in ((found.low, False), (found.high, True))
        ]
        return tuple(ends), found.troubles

    with e.precision():
        (low, high), troubles = _in_parts(run, polynomials)
    return (low, high), troubles


def _in_parts(run: Callable[[Space, np.ndarray], Found], polynomials: Space) -> Found:
    """All coefficients, of order 1 in many variables from parts."""
    variables = polynomials.variables
    directions = np.eye(variables)
    if polynomials.degree != 1 or variables <= 2 * _AT_ONCE:
        return run(polynomials, directions)
    pieces: list[Part] = []
    troubles: tuple[Trouble, ...] = ()
    for first in range(0, variables, _AT_ONCE):
        rows = directions[first : first + _AT_ONCE]
        found, noted = run(space(len(rows), 1), rows)
        pieces.append(tuple(p if not first else p[1:] for p in found))
        troubles = (*troubles, *noted)
    return tuple(np.concatenate(ends) for ends in zip(*pieces, strict=True)), troubles
