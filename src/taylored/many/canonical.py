"""One answer of several equal ones: positive widths, small angles, parts in a fixed order."""

from __future__ import annotations

from math import pi

import numpy as np

from taylored.many.prepare import Prepared

__all__ = ["canonical"]


def canonical(prepared: Prepared, theta: np.ndarray) -> np.ndarray:
    """Turn signs and change places where that changes nothing, alike in all fits.

    `theta` is (free, fits), and is changed in place. Where the user gave every start, the answer
    near it is the one that is meant.
    """
    if prepared.plan.params.complete:
        return theta
    bent, straight = prepared.free(prepared.search.bent), prepared.free(prepared.search.straight)
    for turned, linear in prepared.flips:
        other = theta.copy()
        other[[bent[i] for i in turned]] *= -1.0
        other[straight] = linear @ theta[straight]
        _take(prepared, theta, other, theta[bent[turned[0]]] < 0.0)
    for place, half in prepared.phases:
        _turn(prepared, theta, (bent[place], straight), half)
    for _ in bent:  # as often as it takes to sort them
        for (i, j), linear, descending in prepared.swaps:
            first, second = theta[bent[i]], theta[bent[j]]
            other = theta.copy()
            other[[bent[i], bent[j]]] = second, first
            other[straight] = linear @ theta[straight]
            _take(prepared, theta, other, (first < second) if descending else (first > second))
    for group, lead, descending in prepared.interchangeable:
        places = np.array(group)
        key = theta[places[:, lead]]
        order = np.argsort(-key if descending else key, axis=0, kind="stable")
        for column in places.T:
            theta[column] = np.take_along_axis(theta[column], order, axis=0)
    return theta


def _turn(
    prepared: Prepared, theta: np.ndarray, places: tuple[int, list[int]], half: np.ndarray | None
) -> None:
    """An angle between -pi and pi, and the amplitude positive that half a turn changes."""
    angle, straight = places
    if half is not None:
        turned = np.flatnonzero(np.diag(half) == -1.0)
        if len(turned):
            other = theta.copy()
            other[angle] += pi
            other[straight] = half @ theta[straight]
            _take(prepared, theta, other, theta[straight[turned[0]]] < 0.0)
    other = theta.copy()
    other[angle] -= 2.0 * pi * np.round(theta[angle] / (2.0 * pi))
    _take(prepared, theta, other, np.abs(theta[angle]) > pi)


def _take(prepared: Prepared, theta: np.ndarray, other: np.ndarray, wanted: np.ndarray) -> None:
    """Take the other form of the fits that are wanted, where it keeps the bounds."""
    params = prepared.plan.params
    free = list(params.free)
    low, high = params.lower[free, None], params.upper[free, None]
    chosen = wanted & ((other >= low) & (other <= high)).all(axis=0)
    theta[:, chosen] = other[:, chosen]
