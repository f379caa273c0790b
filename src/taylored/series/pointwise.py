"""Where f lies at single points of the box: the remainder step by step."""

from __future__ import annotations

import numpy as np

from taylored.errors import ArgumentError
from taylored.readings.enclosure.remainder import orthant_of
from taylored.series.enclosed import Enclosed, Expansion, reaching

__all__ = ["step_bounds"]


def step_bounds(
    made: Expansion, enclosed: Enclosed, sides: np.ndarray, points: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Ends (points, outputs) of f at points (points, variables) of the box.

    Raises:
        ArgumentError: for points outside of the box, or that are not finite.
    """
    step = points - made.point
    slack = reaching(made.point, sides)
    outside = ~((-slack[0] <= step) & (step <= slack[1])).all(axis=1)
    if outside.any():
        first = points[np.flatnonzero(outside)[0]]
        shown = ", ".join(f"{n} = {v:.6g}" for n, v in zip(made.target.names, first, strict=True))
        raise ArgumentError(
            f"{shown} lies outside of the box that the remainder holds for.",
            next_step="take a larger radius: T.within(radius).",
        )
    values = made.polynomial(points)
    low, high = (np.broadcast_to(v, values.shape) for v in (enclosed.low, enclosed.high))
    form = enclosed.of.peano
    if form is not None and form.smooth:
        rounding = enclosed.rounding
        e = form.executor
        ends = _steps(points, made.point, slack)
        with e.precision():
            found = form.over((e.array(ends[0]), e.array(ends[1])), orthant_of(form, *ends))
            near = e.floats(found[0], False), e.floats(found[1], True)
        low = np.maximum(low, np.nextafter(near[0] - rounding, -np.inf))
        high = np.minimum(high, np.nextafter(near[1] + rounding, np.inf))
    return np.nextafter(values + low, -np.inf), np.nextafter(values + high, np.inf)


def _steps(
    points: np.ndarray, center: np.ndarray, slack: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Intervals of the exact steps x - center, each within one orthant and the box."""
    step = points - center
    low = np.where(
        step > 0, np.maximum(np.nextafter(step, -np.inf), 0.0), np.nextafter(step, -np.inf)
    )
    high = np.where(
        step < 0, np.minimum(np.nextafter(step, np.inf), 0.0), np.nextafter(step, np.inf)
    )
    low, high = np.where(step == 0, 0.0, low), np.where(step == 0, 0.0, high)
    return np.maximum(low, -slack[0]), np.minimum(high, slack[1])
