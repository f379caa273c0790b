"""Which combinations of the parameters the data determine, and which they do not."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from taylored.optimize.point import Point
from taylored.regression.setup import Setup

__all__ = ["Undetermined", "pseudo_covariance", "undetermined"]

_DEPENDENT = 1e-9  # singular values of the scaled Jacobian below this, relative, are zero


@dataclass(frozen=True, eq=False, slots=True)
class Undetermined:
    """Directions in which the model does not change, and the parameters that they involve.

    `params` are positions among the free ones; `statement` says what is determined instead.
    """

    directions: np.ndarray  # (directions, free)
    params: tuple[int, ...]
    statement: str


def _decomposed(point: Point) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    norms = np.sqrt(np.einsum("ij,ij->i", point.rows, point.rows))
    safe = np.where(norms > 0, norms, 1.0)
    u, s, vt = np.linalg.svd((point.rows / safe[:, None]).T, full_matrices=False)
    if len(s) < len(norms):
        s = np.concatenate([s, np.zeros(len(norms) - len(s))])
        vt = np.linalg.svd((point.rows / safe[:, None]).T)[2]
    return safe, s, vt, u


def pseudo_covariance(point: Point) -> np.ndarray:
    """Unscaled covariance (free, free) of what is determined; infinite variances elsewhere."""
    if not point.finite:
        return np.full((len(point.theta),) * 2, np.nan)
    norms, s, vt, _ = _decomposed(point)
    keep = s > _DEPENDENT * max(s[0], 1e-300)
    part = vt[keep] / s[keep][:, None]
    covariance = part.T.dot(part) / np.outer(norms, norms)
    lost = np.abs(vt[~keep]).max(axis=0, initial=0.0) > 1e-4
    covariance[lost, :] = np.nan
    covariance[:, lost] = np.nan
    covariance[lost, lost] = np.inf
    return covariance


def undetermined(setup: Setup, point: Point) -> Undetermined | None:
    """What the data leave open at a point; None where every parameter is determined."""
    norms, s, vt, _ = _decomposed(point)
    lost = s <= _DEPENDENT * max(s[0], 1e-300)
    if not lost.any():
        return None
    directions = vt[lost] / norms
    involved = np.flatnonzero((np.abs(vt[lost]) > 1e-4).any(axis=0))
    return Undetermined(
        directions, tuple(int(i) for i in involved), _statement(setup, point, directions, involved)
    )


def _statement(setup: Setup, point: Point, directions: np.ndarray, involved: np.ndarray) -> str:
    names = [setup.free_names[i] for i in involved]
    if len(involved) == 1:
        i = int(involved[0])
        if not point.rows[i].any() and _jumps(setup, point, i):
            return f"the model changes in jumps with {names[0]}, so that derivatives cannot find it"
        return f"the data say nothing about {names[0]}"
    if len(directions) == 1 and len(involved) == 2:
        i, j = (int(k) for k in involved)
        found = _combination(setup, point, i, j)
        if found:
            return f"only {found} is determined"
    # Several parameters as one product or one sum: then every pair of them can trade.
    if len(directions) == len(involved) - 1:
        pairs = combinations((int(k) for k in involved), 2)
        signs = {_operator(_combination(setup, point, i, j)) for i, j in pairs}
        if signs in ({"*"}, {" + "}):
            return f"only {signs.pop().join(names)} is determined"
    count = len(involved) - len(directions)
    return f"only {count} combination{'s' if count != 1 else ''} of {', '.join(names)} " + (
        "is determined" if count == 1 else "are determined"
    )


def _operator(combination: str) -> str:
    return next((s for s in (" + ", " - ", "*", "/") if s in combination), "")


def _jumps(setup: Setup, point: Point, i: int) -> bool:
    """Whether a parameter without slope or curvature has an effect all the same."""
    second = setup.functions.second(point.theta)
    if any(i in (j, k) and np.any(values) for j, k, values in second):
        return False
    reference = setup.functions.value(point.theta)
    spread = max([float(np.ptp(d)) for d in setup.data if len(d)], default=1.0)
    for change in (-0.5, -0.1, 0.1, 0.5):
        moved = point.theta.copy()
        moved[i] += change * max(abs(moved[i]), spread)
        if not np.array_equal(setup.functions.value(moved), reference, equal_nan=True):
            return True
    return False


def _combination(setup: Setup, point: Point, i: int, j: int) -> str:
    """The combination of two parameters that the model depends on, found by trying."""
    theta = point.theta
    if theta[i] == 0.0 or theta[j] == 0.0:
        theta = np.where(theta == 0.0, 1.0, theta)
    a, b = setup.free_names[i], setup.free_names[j]
    reference = setup.functions.value(theta)
    size = max(abs(theta[i]), abs(theta[j]))
    trials = {
        f"{a}*{b}": (theta[i] * 1.25, theta[j] / 1.25),
        f"{a}/{b}": (theta[i] * 1.25, theta[j] * 1.25),
        f"{a} + {b}": (theta[i] + 0.25 * size, theta[j] - 0.25 * size),
        f"{a} - {b}": (theta[i] + 0.25 * size, theta[j] + 0.25 * size),
    }
    for text, (x, y) in trials.items():
        moved = theta.copy()
        moved[i], moved[j] = x, y
        scale = np.max(np.abs(reference), initial=1e-300)
        if np.allclose(setup.functions.value(moved), reference, rtol=1e-9, atol=1e-9 * scale):
            return text
    return ""
