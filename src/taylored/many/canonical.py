"""One answer of several equal ones: positive widths, interchangeable parts in a fixed order."""

from __future__ import annotations

import numpy as np

from taylored.many.prepare import Prepared

__all__ = ["canonical"]


def canonical(prepared: Prepared, theta: np.ndarray) -> np.ndarray:
    """Turn signs and change places where that changes nothing, alike in all fits.

    `theta` is (free, fits), and is changed in place. Where the user gave every start, the answer
    near it is the one that is meant.
    """
    params = prepared.plan.params
    if params.complete:
        return theta
    free = list(params.free)
    low, high = params.lower[free, None], params.upper[free, None]
    straight = prepared.free(prepared.search.straight)
    for turned, linear in prepared.flips:
        other = theta.copy()
        other[list(turned)] *= -1.0
        other[straight] = linear @ theta[straight]
        allowed = ((other >= low) & (other <= high)).all(axis=0)
        negative = (theta[turned[0]] < 0.0) & allowed
        theta[:, negative] = other[:, negative]
    for group, lead, descending in prepared.interchangeable:
        places = np.array(group)
        key = theta[places[:, lead]]
        order = np.argsort(-key if descending else key, axis=0, kind="stable")
        for column in places.T:
            theta[column] = np.take_along_axis(theta[column], order, axis=0)
    return theta
