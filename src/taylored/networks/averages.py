"""Averages over rows with their standard errors; rows of one group count together, as one."""

from __future__ import annotations

import numpy as np

__all__ = ["effective_units", "mean_and_stderr", "unit_weights"]


def unit_weights(weights: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    """(units,) the weights of what was drawn independently: of groups, without them of rows."""
    return weights if groups is None else np.bincount(groups, weights)


def effective_units(weights: np.ndarray, groups: np.ndarray | None = None) -> float:
    """How many rows, or groups, of equal weight would tell as much (L. Kish, 1965)."""
    units = unit_weights(weights, groups)
    return float(units.sum() ** 2 / (units**2).sum())


def mean_and_stderr(
    values: np.ndarray, weights: np.ndarray, groups: np.ndarray | None = None
) -> tuple[float, float]:
    """The weighted mean of the rows' values and its standard error.

    The error is that of rows, or groups, drawn at random (the infinitesimal jackknife), times
    n/(n - 1) for n effective ones: infinite where one carries all the weight.
    """
    share = weights / weights.sum()
    mean = float(share @ values)
    moved = unit_weights(share * (values - mean), groups)
    units = effective_units(weights, groups)
    if units <= 1.0 + 1e-9:
        return mean, float("inf")
    return mean, float(np.sqrt(moved @ moved * units / (units - 1.0)))
