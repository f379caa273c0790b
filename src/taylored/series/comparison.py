"""The Taylor polynomial beside the best polynomial of its degree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from taylored.errors import ArgumentError
from taylored.readings.jet.run import expand
from taylored.readings.jet.space import space
from taylored.series.minimax import Best, best

if TYPE_CHECKING:
    from taylored.series.result import Taylor

__all__ = ["best_polynomial", "values"]


def best_polynomial(result: Taylor) -> Best:
    """See `Taylor.best`."""
    if result.box is None:
        raise ArgumentError(
            "Without a radius there is no box to be best on.", next_step="use T.within(0.1).best."
        )
    if result.target.variables != 1 or result.target.outputs != 1:
        raise ArgumentError(
            "The best polynomial is found for one input and one output.",
            next_step="fix the other inputs, or take one output.",
        )
    low, high = (float(end[0]) for end in result.box)
    return best(lambda x: values(result, x[:, None])[:, 0], low, high, result.order)


def values(result: Taylor, points: np.ndarray) -> np.ndarray:
    """f in float64 at points (points, variables), as (points, outputs)."""
    target, constant = result.target, space(result.target.variables, 0)
    seeds = [v[None] for v in result.expansion.function.split(np.asarray(points, float))]
    found = expand(target.program, constant, seeds, np.float64)
    return np.concatenate([o[0].reshape((len(points), -1)) for o in found.outputs], axis=1)
