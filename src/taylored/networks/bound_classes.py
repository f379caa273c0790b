"""Ranges of calibrated probabilities, q proportional to p^(1/T), and of their derivatives."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from taylored.readings.interval import arithmetic as ia
from taylored.readings.interval.arithmetic import Bounds
from taylored.readings.interval.executor import NUMPY

__all__ = ["tempered_ranges", "tempered_slopes"]

_LEAST = 1e-12  # probabilities below it are taken as it
_ROUNDING = 2.0**-40  # of q as it is computed: some hundred roundings of its logarithm
_OFF = 2.0**-48  # by which the sum of probabilities as they are computed may miss 1
_PRODUCTS = 1e-14  # more than the roundings of five products
_SLICES = 32


def tempered_ranges(p: Bounds, temperature: float) -> Bounds:
    """Ranges (classes,) of q for ranges of p (classes,), which add up to 1."""
    p = _coupled(p)
    low, high = (np.clip(end, _LEAST, 1.0) for end in p)
    rest = np.minimum(high, (1.0 - p[0] + _OFF)[:, None])  # of the others, where p_k is least
    least = _share(low, np.maximum(rest, _LEAST), temperature, up=False)
    most = _share(high, np.broadcast_to(low, rest.shape), temperature, up=True)
    return np.maximum(least * (1 - _ROUNDING), 0.0), np.minimum(most * (1 + _ROUNDING), 1.0)


def _coupled(p: Bounds) -> Bounds:
    """Of two classes one is 1 less the other."""
    if len(p[0]) != 2:
        return p
    low, high = 1.0 - p[1][::-1] - _OFF, 1.0 - p[0][::-1] + _OFF
    return np.maximum(p[0], low), np.minimum(p[1], high)


def _share(own: np.ndarray, others: np.ndarray, temperature: float, *, up: bool) -> np.ndarray:
    """1/(1 + sum of (p_j/p_k)^(1/T)) rounded up or down; `others` (classes, classes)."""
    if up:
        ratio = NUMPY.down(NUMPY.below("log", others) - NUMPY.above("log", own)[:, None])
        power = NUMPY.below("exp", NUMPY.down(ratio / temperature))
    else:
        ratio = NUMPY.up(NUMPY.above("log", others) - NUMPY.below("log", own)[:, None])
        power = NUMPY.above("exp", NUMPY.up(ratio / temperature))
    power = np.where(np.eye(len(own), dtype=bool), 0.0, np.maximum(power, 0.0))
    sums = ia.sum_over(NUMPY, (power, power), 1)
    if up:
        return NUMPY.up(1.0 / NUMPY.down(1.0 + np.maximum(sums[0], 0.0)))
    return NUMPY.down(1.0 / NUMPY.up(1.0 + sums[1]))


def tempered_slopes(p: Bounds, slopes: Bounds, temperature: float) -> Bounds:
    """Ranges (classes, inputs) of the derivatives of q, `slopes` those of p."""
    if len(p[0]) == 2:
        return _of_two(_coupled(p), slopes, temperature)
    q = tempered_ranges(p, temperature)
    found = _by_logarithms(p, q, slopes, temperature)
    if p[0].min() > _LEAST:
        found = ia.meet(NUMPY, found, _by_ratios(p, q, slopes, temperature))
    return _rounded(found)


def _by_logarithms(p: Bounds, q: Bounds, slopes: Bounds, temperature: float) -> Bounds:
    """dq_k = q_k/T (dp_k/p_k - sum of q_j dp_j/p_j), whatever the probabilities are."""
    relative = ia.multiply(NUMPY, slopes, _inverse(p, temperature))
    own = np.eye(len(q[0]), dtype=bool)
    weights = (
        NUMPY.down(np.where(own, 1.0 - q[1], -q[1])), NUMPY.up(np.where(own, 1.0 - q[0], -q[0]))
    )  # fmt: skip
    return _times(_summed(weights, relative), q)


def _by_ratios(p: Bounds, q: Bounds, slopes: Bounds, temperature: float) -> Bounds:
    """dq_k = (r_k dp_k - q_k sum of (r_j - r) dp_j)/T, r_j = q_j/p_j and r any number.

    The dp add up to 0; for T near 1 the r_j are near 1, and hardly anything is lost.
    """
    ratio = _ratios(p, temperature)
    middle = 0.5 * (ratio[0].min() + ratio[1].max())
    off = NUMPY.down(ratio[0] - middle), NUMPY.up(ratio[1] - middle)
    everyone = tuple(np.broadcast_to(end, (len(end), len(end))) for end in off)
    rest = _times(_summed(everyone, slopes), q)  # type: ignore[arg-type]
    total = ia.add(NUMPY, _times(slopes, ratio), (-rest[1], -rest[0]))
    by = NUMPY.down(1.0 / temperature), NUMPY.up(1.0 / temperature)
    return ia.multiply(NUMPY, total, tuple(np.array(end) for end in by))  # type: ignore[arg-type]


def _ratios(p: Bounds, temperature: float) -> Bounds:
    """q_j/p_j = p_j^(1/T - 1) / sum of p_i^(1/T)."""
    power = 1.0 / temperature
    each = _power(p, power)
    low, high = ia.sum_over(NUMPY, each, 0)
    ends = sorted([1.0, float(len(p[0])) ** (1.0 - power)])  # the p add up to 1
    low = max(float(low), ends[0] * (1 - _ROUNDING))
    high = min(float(high), ends[1] * (1 + _ROUNDING))
    over = _power(p, power - 1.0)
    return over[0] / high * (1 - _ROUNDING), over[1] / low * (1 + _ROUNDING)


def _power(p: Bounds, exponent: float) -> Bounds:
    """p^exponent, widened by what the exponent may be rounded."""
    logs = NUMPY.below("log", p[0]), np.minimum(NUMPY.above("log", p[1]), 0.0)
    ends = [exponent * end for end in (logs if exponent >= 0 else logs[::-1])]
    low, high = NUMPY.below("exp", ends[0]), NUMPY.above("exp", ends[1])
    return np.maximum(low * (1 - _ROUNDING), 0.0), high * (1 + _ROUNDING)


def _summed(weights: Bounds, slopes: Bounds) -> Bounds:
    """Sum over j of weights (k, j) and slopes (j, inputs)."""
    each = tuple(w[:, :, None] for w in weights), tuple(s[None] for s in slopes)
    return ia.sum_over(NUMPY, ia.multiply(NUMPY, *each), 1)  # type: ignore[arg-type]


def _times(values: Bounds, factor: Bounds) -> Bounds:
    """(classes, inputs) times (classes,)."""
    return ia.multiply(NUMPY, values, tuple(end[:, None] for end in factor))  # type: ignore[arg-type]


def _inverse(p: Bounds, temperature: float) -> Bounds:
    """1/(T p), and 0 where p is held at its least."""
    low, high = (np.clip(end, _LEAST, 1.0) for end in p)
    least = NUMPY.down(1.0 / NUMPY.up(high * temperature))
    most = NUMPY.up(1.0 / NUMPY.down(low * temperature))
    return np.where(p[0] <= _LEAST, 0.0, least)[:, None], most[:, None]


def _of_two(p: Bounds, slopes: Bounds, temperature: float) -> Bounds:
    """dq/dp = q (1 - q)/(T p (1 - p)), over slices of the range of p."""
    ends = np.linspace(p[0][1], p[1][1], _SLICES + 1)
    ends[0], ends[-1] = p[0][1], p[1][1]
    found = [_steepness((a, b), temperature) for a, b in pairwise(ends)]
    steep = np.array(min(f[0] for f in found)), np.array(max(f[1] for f in found))
    return _rounded(ia.multiply(NUMPY, slopes, steep))


def _steepness(p: tuple[float, float], temperature: float) -> tuple[float, float]:
    """The range of dq/dp of two classes over a slice of p."""
    pair = np.array([1.0 - p[1], p[0]]), np.array([1.0 - p[0], p[1]])
    pair = np.maximum(NUMPY.down(pair[0]), 0.0), np.minimum(NUMPY.up(pair[1]), 1.0)
    q = tempered_ranges(pair, temperature)
    inverse = _inverse(pair, temperature)
    held = pair[0].min() <= _LEAST  # one of them is held at its least on a part of the slice
    least, most = 1.0, 1.0
    for k in range(2):
        least, most = least * q[0][k], most * q[1][k]
        least, most = least * inverse[0][k, 0], most * inverse[1][k, 0]
    low = 0.0 if held else least * temperature * (1 - _PRODUCTS)
    return low, most * temperature * (1 + _PRODUCTS)


def _rounded(ends: Bounds) -> Bounds:
    """What is computed is off by a few roundings of q, T and p."""
    size = _ROUNDING * np.maximum(np.abs(ends[0]), np.abs(ends[1]))
    return NUMPY.down(ends[0] - size), NUMPY.up(ends[1] + size)
