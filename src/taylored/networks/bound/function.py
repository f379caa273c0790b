"""Proved ranges of any function, and of its derivatives, over a box: models of the user's own.

Derivatives are enclosed by Taylor coefficients over pieces of the box, in the centered form
    df/dx_i in df/dx_i(c) + sum over j of d2f/dx_i dx_j (piece) (x_j - c_j).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.errors import ArgumentError, TayloredError
from taylored.networks.bound.network import NetworkBound, attained_note
from taylored.readings.enclosure.boxes import BoxFunction, Coefficients
from taylored.readings.enclosure.search import Found, Limits, Pieces, search
from taylored.readings.interval import arithmetic as ia
from taylored.readings.interval.arithmetic import Bounds
from taylored.readings.interval.executor import NUMPY
from taylored.readings.jet.space import Space, space
from taylored.results import Accuracy, Interval
from taylored.series.bounds import bounds
from taylored.series.enclosed import Settings
from taylored.series.function import Target, read_target

__all__ = ["bound_function"]

_SECOND_ORDER = 10  # inputs up to which second derivatives are worth their cost
_MOST_PROBES = 16  # derivatives up to which points are tried for the extremes of each
_LIMITS = {False: Limits(512, 0.01, 0), True: Limits(16384, 1e-4, 0)}
_METHOD = "Taylor coefficients, branch and bound"


def bound_function(f: Callable | str, lo: Any, hi: Any, *, thorough: bool = False) -> NetworkBound:
    """Ranges of a function of one array (or of numbers), and of its derivatives, over a box.

    The derivative is that of f as a function, whatever rules JAX was given for it. Where f has
    kinks it is any number between the derivatives on both sides. Where f may jump nothing is known:
    then the range of what `jax.grad` answers is given, as an estimate, or the reason why not.

    Args:
        f: a formula, or a function that returns a number or an array.
        lo: the lower ends of the box: what f takes.
        hi: the upper ends, in the same form.
        thorough: spend more time on narrower ranges.

    Raises:
        ArgumentError: where the ends are no box, or f returns something else.
        EnclosureError: where f is not defined, or not bounded, on a part of the box.
        FormulaError, FunctionError, MissingRule: where f cannot be read.

    Source: Moore, Kearfott and Cloud, Introduction to Interval Analysis (2009), chapter 6.
    """
    value = bounds(f, lo, hi, thorough=thorough)
    if not isinstance(value, Interval):
        raise ArgumentError(
            "The function returns several arrays.", next_step="bound each of them on its own."
        )
    target, low = read_target(f, lo, "lo")
    high = target.flatten(hi, "hi")
    ends = (np.reshape(value.lo, -1), np.reshape(value.hi, -1))
    value = Interval(*ends, None, value.method, value.kind, value.note)
    derivative, attained = _derivative(target, (low, high), thorough)
    if derivative.kind is Accuracy.UNKNOWN:
        derivative = _by_jax(f, (lo, hi), derivative)
    nothing = (np.full(len(ends[0]), np.nan), np.full(len(ends[0]), np.nan))
    return NetworkBound(value, derivative, low, high, nothing, attained, 0)


@dataclass(frozen=True, eq=False)
class _Slopes:
    """The derivatives (outputs * inputs) of a function as those of which the range is wanted."""

    function: BoxFunction
    degree: int

    @property
    def space(self) -> Space:
        return space(self.function.variables, self.degree)

    def pieces(self, low: np.ndarray, high: np.ndarray, parents: Pieces | None) -> Pieces:
        """What is known over boxes (boxes, inputs)."""
        center = np.clip(0.5 * low + 0.5 * high, low, high)
        wide = self.function.over(low, high, self.space)
        thin = self.function.over(center, center, space(self.function.variables, 1))
        found, at = self._first(wide), self._first(thin)
        attained, weights = at, None
        if self.degree == 2:
            bends = self._second(wide)
            steps = NUMPY.down(low - center), NUMPY.up(high - center)
            found = ia.meet(NUMPY, found, _centered(at, bends, steps))
            attained, weights = self._probed((low, high), at, bends)
        if parents is not None:
            inherited = tuple(np.repeat(b, 2, axis=0) for b in parents.bounds)
            found = ia.meet(NUMPY, found, inherited)  # type: ignore[arg-type]
        return Pieces(low, high, found, attained, np.zeros(len(low), bool), weights=weights)

    def _first(self, found: Coefficients) -> Bounds:
        """Coefficients of order 1, (boxes, outputs * inputs)."""
        rows = slice(1, 1 + self.function.variables)
        return tuple(c[rows].transpose(1, 2, 0).reshape(c.shape[1], -1) for c in found.bounds)  # type: ignore[return-value]

    def _second(self, wide: Coefficients) -> Bounds:
        """Second derivatives, (boxes, outputs * inputs, inputs)."""
        inputs, boxes, outputs = self.function.variables, *wide.low.shape[1:]
        found = [np.zeros((boxes, outputs, inputs, inputs)) for _ in range(2)]
        first = self.space.count(1)
        for k, exponents in enumerate(self.space.exponents[first:], start=first):
            (i, *rest) = np.flatnonzero(exponents)
            j = rest[0] if rest else i
            factor = 1.0 if rest else 2.0
            for side, full in enumerate(found):
                full[:, :, i, j] = full[:, :, j, i] = factor * wide.bounds[side][k]
        return tuple(full.reshape(boxes, -1, inputs) for full in found)  # type: ignore[return-value]

    def _probed(
        self, box: tuple[np.ndarray, np.ndarray], at: Bounds, bends: Bounds
    ) -> tuple[Bounds, np.ndarray | None]:
        """What is attained at the center and where the trends lead, and which inputs matter."""
        low, high = box
        trends = np.nan_to_num(0.5 * bends[0] + 0.5 * bends[1], posinf=0.0, neginf=0.0)
        points, count = [], trends.shape[1]
        if count <= _MOST_PROBES:
            for k in range(count):
                rising = trends[:, k] >= 0.0
                points += [np.where(rising, low, high), np.where(rising, high, low)]
        values = [at]
        if points:
            places = np.concatenate(points)
            thin = self.function.over(places, places, space(self.function.variables, 1))
            ends = [v.reshape(len(points), len(low), -1) for v in self._first(thin)]
            values += list(zip(*ends, strict=True))
        attained = np.max([v[0] for v in values], axis=0), np.min([v[1] for v in values], axis=0)
        sizes = np.maximum(np.abs(bends[0]), np.abs(bends[1])).max(axis=1)
        return attained, sizes if np.isfinite(sizes).all() else None


def _centered(at: Bounds, bends: Bounds, steps: Bounds) -> Bounds:
    """The derivatives at the center, plus second derivatives times the steps from it."""
    moves = tuple(s[:, None, :] for s in steps)
    terms = ia.multiply(NUMPY, bends, moves)  # type: ignore[arg-type]
    both = tuple(np.concatenate([a[..., None], t], axis=2) for a, t in zip(at, terms, strict=True))
    return ia.sum_over(NUMPY, both, 2)  # type: ignore[arg-type]


def _derivative(
    target: Target, box: tuple[np.ndarray, np.ndarray], thorough: bool
) -> tuple[Interval, tuple[np.ndarray, np.ndarray]]:
    function = BoxFunction(target.program, target.shapes)
    slopes = _Slopes(function, 2 if function.variables <= _SECOND_ORDER else 1)
    shape = (target.outputs, function.variables)
    with np.errstate(all="ignore"):
        start = slopes.pieces(box[0][None], box[1][None], None)
        found = search(slopes.pieces, start, _LIMITS[thorough], NUMPY.floats)
    inner = [
        np.where(np.isfinite(v), v, np.nan).reshape(shape)
        for v in (found.inner_low, found.inner_high)
    ]
    return _interval(found, shape, inner), (inner[0], inner[1])


def _interval(found: Found, shape: tuple[int, ...], inner: list[np.ndarray]) -> Interval:
    ends = found.low.reshape(shape), found.high.reshape(shape)
    if not found.finite:
        endless = np.full(shape, np.inf)
        note = "the function may jump, or is infinitely steep, on a part of the box"
        return Interval(-endless, endless, None, _METHOD, Accuracy.UNKNOWN, note)
    settings = Settings()
    note = settings.caveat or attained_note(*ends, *inner)
    return Interval(*ends, None, _METHOD, settings.kind, note)


def _by_jax(f: Any, box: tuple[Any, Any], unknown: Interval) -> Interval:
    """The range of what jax.grad answers: right only where f is as smooth as its rules say."""
    if isinstance(f, str):
        return unknown
    try:
        import jax

        ends = [np.asarray(end, float) for end in box]
        found = bounds(jax.jacrev(f), *ends)
    except (TayloredError, TypeError, ValueError):
        return unknown
    shape = unknown.lo.shape
    if not isinstance(found, Interval) or np.size(found.lo) != np.prod(shape):
        return unknown
    note = "of what jax.grad answers: " + unknown.note
    ends = (np.reshape(found.lo, shape), np.reshape(found.hi, shape))
    return Interval(*ends, None, found.method, Accuracy.ESTIMATED, note)
