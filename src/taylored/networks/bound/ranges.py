"""Ranges of activation functions and their derivatives over intervals, and lines near them.

A line encloses a function: |f(z) - slope z - offset| <= reach for all z of the interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.networks.bound.points import AT_POINTS, TURNS
from taylored.readings.interval.arithmetic import Bounds
from taylored.readings.interval.coefficients import coefficients
from taylored.readings.interval.executor import NUMPY
from taylored.readings.interval.margins import UNIT

__all__ = ["Line", "flat", "line", "ranges"]

_SLICES = 4  # of an interval, over which the deviation from a line is bounded


@dataclass(frozen=True, eq=False, slots=True)
class Line:
    """slope z + offset +- reach, and the range [low, high] of the function itself."""

    slope: Any
    offset: Any
    reach: Any
    low: Any
    high: Any


def ranges(name: str, low: Any, high: Any, degree: int) -> Bounds:
    """Ranges (degree + 1, *shape) of a function and its derivatives up to degree 2.

    The derivative of relu at 0 is anything from 0 to 1.
    """
    if name == "identity":
        one, zero = np.ones_like(low), np.zeros_like(low)
        return np.stack([low, one, zero][: degree + 1]), np.stack([high, one, zero][: degree + 1])
    if name == "relu":
        least = [np.maximum(low, 0.0), (low > 0.0).astype(float)]
        most = [np.maximum(high, 0.0), (high >= 0.0).astype(float)]
        return np.stack(least[: degree + 1]), np.stack(most[: degree + 1])
    if name in AT_POINTS:
        found = _at(name, np.stack([low, high]), degree)
        return _between(name, found, (low, high))
    return _coefficients(name, low, high, degree)


def _coefficients(name: str, low: Any, high: Any, degree: int) -> Bounds:
    found = coefficients(NUMPY, name, low, high, degree)
    factors = np.array([1.0, 1.0, 2.0])[: degree + 1]  # of a Taylor coefficient, the derivative
    factors = factors.reshape(-1, *(1,) * np.ndim(low))
    return found.lo * factors, found.hi * factors


def _at(name: str, x: Any, degree: int) -> Bounds:
    """Enclosed values (degree + 1, ends, ...) at exact points."""
    rows, errors = (np.stack(r) for r in AT_POINTS[name](x, degree))
    return NUMPY.down(rows - errors), NUMPY.up(rows + errors)


def _between(name: str, at: Bounds, box: Bounds) -> Bounds:
    """Ranges (degree + 1, ...) from values at both ends and at the turning points between."""
    low, high = np.minimum(*at[0].swapaxes(0, 1)), np.maximum(*at[1].swapaxes(0, 1))
    for order in range(len(low)):
        for turn in TURNS[name][order]:
            inside = (box[0] <= turn.right) & (box[1] >= turn.left)
            low[order] = np.where(inside, np.minimum(low[order], turn.low), low[order])
            high[order] = np.where(inside, np.maximum(high[order], turn.high), high[order])
    return low, high


def flat(low: Any, high: Any) -> Line:
    """The line of slope 0 in the middle of a range."""
    middle = 0.5 * low + 0.5 * high
    reach = np.maximum(high - middle, middle - low) * (1.0 + 4 * UNIT)
    return Line(np.zeros_like(middle), middle, reach, low, high)


def line(name: str, order: int, low: Any, high: Any) -> Line:
    """A line near the derivative of this order (0 or 1) over [low, high].

    Source: Zhang, Weng, Chen, Hsieh and Daniel, CROWN (NeurIPS 2018), which bounds networks by
    such lines; here the deviation is bounded over slices, by values at their ends and slopes
    between.
    """
    if name == "identity":
        nothing = np.zeros_like(low)
        if order:
            return Line(nothing, nothing + 1.0, nothing, nothing + 1.0, nothing + 1.0)
        return Line(nothing + 1.0, nothing, nothing, low, high)
    if name == "relu":
        if order:
            return flat(*(r[1] for r in ranges(name, low, high, 1)))
        return _kinked(low, high)
    return _smooth(name, order, low, high)


def _kinked(low: Any, high: Any) -> Line:
    """relu - slope z has its extremes at the ends and at 0."""
    across = (low < 0.0) & (high > 0.0)
    with np.errstate(all="ignore"):
        slope = np.where(across, high / (high - low), (low >= 0.0).astype(float))
    slope = np.clip(np.nan_to_num(slope), 0.0, 1.0)
    ends = np.stack([np.maximum(low, 0.0) - slope * low, np.maximum(high, 0.0) - slope * high])
    low_end, high_end = ends.min(axis=0), ends.max(axis=0)
    low_end = np.where(across, np.minimum(low_end, 0.0), low_end)
    slack = 4 * UNIT * np.maximum(np.abs(low), np.abs(high)) + 4 * NUMPY.tiny
    exact = (slope == 0.0) | (slope == 1.0)
    middle = 0.5 * (low_end + high_end)
    reach = 0.5 * (high_end - low_end) * (1.0 + 4 * UNIT) + np.where(exact & ~across, 0.0, slack)
    return Line(slope, middle, reach, np.maximum(low, 0.0), np.maximum(high, 0.0))


@dataclass(frozen=True, eq=False, slots=True)
class _Slices:
    """Ends (slices + 1, ...) with enclosed values, and slopes (slices, ...) between them."""

    ends: Any
    values: Bounds
    slopes: Bounds

    @property
    def width(self) -> Any:
        return np.diff(self.ends, axis=0)


def _smooth(name: str, order: int, low: Any, high: Any) -> Line:
    parts = np.arange(_SLICES + 1).reshape(-1, *(1,) * np.ndim(low)) / _SLICES
    ends = np.clip(low + parts * (high - low), low, high)
    ends[0], ends[-1] = low, high
    values, slopes = _over_slices(name, ends, order)
    whole = slopes[0][order].min(axis=0), slopes[1][order].max(axis=0)
    steep = slopes[0][order + 1], slopes[1][order + 1]
    slices = _Slices(ends, (values[0][order], values[1][order]), steep)
    lines = [_along(slices, slope) for slope in _candidates(slices)]
    best = np.argmin(np.stack([reach for _, _, reach in lines]), axis=0)
    slope, offset, reach = (np.choose(best, kind) for kind in zip(*lines, strict=True))
    return _unless_endless(Line(slope, offset, reach, *whole))


def _over_slices(name: str, ends: Any, order: int) -> tuple[Bounds, Bounds]:
    """Values at the ends of slices, and ranges between them, up to the derivative after `order`."""
    if name not in AT_POINTS:
        return ranges(name, ends, ends, order), ranges(name, ends[:-1], ends[1:], order + 1)
    at = _at(name, ends, order + 1)
    both = tuple(np.stack([v[:, :-1], v[:, 1:]], axis=1) for v in at)
    return at, _between(name, both, (ends[:-1], ends[1:]))  # type: ignore[arg-type]


def _candidates(slices: _Slices) -> list[Any]:
    """The slope between the ends, best for what is convex, and one nearer to the mean slope."""
    values = 0.5 * (slices.values[0] + slices.values[1])
    with np.errstate(all="ignore"):
        secant = (values[-1] - values[0]) / (slices.ends[-1] - slices.ends[0])
    least, most = slices.slopes[0].min(axis=0), slices.slopes[1].max(axis=0)
    secant = np.clip(np.where(np.isfinite(secant), secant, 0.0), least, most)
    return [secant, 0.5 * secant + 0.25 * (least + most)]


def _along(slices: _Slices, slope: Any) -> tuple[Any, Any, Any]:
    """The slope, the offset, and how far the function is from that line.

    From the left end of a slice the deviation rises by its largest slope at most, from the right
    end too: it is not above the two lines at the place where they meet.
    """
    with np.errstate(all="ignore"):
        above = _peak(slices, slices.values[1] - slope * slices.ends, (
            slices.slopes[0] - slope, slices.slopes[1] - slope))  # fmt: skip
        below = -_peak(slices, slope * slices.ends - slices.values[0], (
            slope - slices.slopes[1], slope - slices.slopes[0]))  # fmt: skip
        size = np.maximum(np.abs(slices.ends[0]), np.abs(slices.ends[-1]))
        most = np.maximum(np.abs(slices.slopes[0]), np.abs(slices.slopes[1])).max(axis=0)
        most = most + np.abs(slope)
        values = np.maximum(np.abs(slices.values[0]), np.abs(slices.values[1])).max(axis=0)
        slack = 16 * UNIT * (values + most * size) + 16 * NUMPY.tiny
        offset = 0.5 * (above + below)
        reach = np.maximum(above - offset, offset - below) * (1.0 + 4 * UNIT) + slack
    return slope, offset, reach


def _peak(slices: _Slices, values: Any, slopes: Bounds) -> Any:
    """Not below any value between the ends, up to rounding."""
    fall, rise = np.minimum(slopes[0], 0.0), np.maximum(slopes[1], 0.0)
    left, right, width = values[:-1], values[1:], slices.width
    meeting = (right - left - fall * width) / (rise - fall)
    meeting = np.clip(np.where(np.isfinite(meeting), meeting, 0.0), 0.0, width)
    peaks = np.maximum(left + rise * meeting, right - fall * (width - meeting))
    return np.maximum(peaks.max(axis=0), values.max(axis=0))


def _unless_endless(found: Line) -> Line:
    """The middle of the range where an end is missing or too far for a line."""
    good = np.isfinite(found.slope) & np.isfinite(found.offset) & np.isfinite(found.reach)
    if good.all():
        return found
    other = flat(found.low, found.high)
    slope, offset, reach = (
        np.where(good, a, b)
        for a, b in (
            (found.slope, other.slope), (found.offset, other.offset), (found.reach, other.reach),
        )
    )  # fmt: skip
    return Line(slope, offset, reach, found.low, found.high)
