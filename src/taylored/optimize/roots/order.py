"""How fast a sequence of points came to its limit: the order, and the multiplicity of a root.

Errors with e[k+1] about C e[k]**p: p is read off three of them in a row. At a root of multiplicity
m Newton's steps shrink by (m - 1)/m (Traub, Iterative Methods for the Solution of Equations, 1964).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["multiplicity", "order_of"]

_CLOSE = 0.04  # by how much two ratios of steps may differ
_HIGHEST = 12
_MOST = 3.3  # what Newton's method and its kin never exceed but by chance


def order_of(points: np.ndarray, root: np.ndarray) -> float | None:
    """The order that the last points (points, variables) show; None where they are too few.

    Errors near rounding, and those before the sequence began to converge, say nothing.
    """
    if len(points) < 3:
        return None
    scale = max(float(np.abs(root).max(initial=0.0)), float(np.ptp(points, axis=0).max()), 1e-300)
    errors = np.abs(points - root).max(axis=1) / scale
    usable = np.flatnonzero((errors > 1e-14) & (errors < 0.2) & np.isfinite(errors))
    if usable.size == 0:
        return None
    last = usable[-1]
    if last < 2 or not (errors[last] < errors[last - 1] < errors[last - 2]):
        return None
    with np.errstate(all="ignore"):
        found = np.log(errors[last] / errors[last - 1]) / np.log(
            errors[last - 1] / errors[last - 2]
        )
    return float(found) if np.isfinite(found) and found < _MOST else None


def multiplicity(steps: Sequence[float]) -> int | None:
    """The multiplicity that the last Newton steps show: 1 - 1/m is the ratio of two in a row."""
    if len(steps) < 4 or not all(steps[-4:]):
        return None
    a, b, c, d = (abs(s) for s in steps[-4:])
    ratios = [b / a, c / b, d / c]
    if max(ratios) - min(ratios) > _CLOSE or not 0.4 < ratios[-1] < 0.95:
        return None
    found = round(1.0 / (1.0 - ratios[-1]))
    near = abs(1.0 - 1.0 / found - ratios[-1]) <= _CLOSE / found
    return found if 2 <= found <= _HIGHEST and near else None
