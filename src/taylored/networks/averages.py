"""Averages over rows with their standard errors; rows of one group count together, as one."""

from __future__ import annotations

import numpy as np

__all__ = [
    "alike_in_groups",
    "correlation_within",
    "effective_units",
    "mean_and_stderr",
    "student_quantile",
    "unit_weights",
]

_NORMAL = 1.959964  # deviations on each side that hold 95 %


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
    n/(n - 1) for n effective ones: infinite where one carries all the weight. That of groups, which
    are often few, is Student's in units of a normal one: twice it holds 95 %.
    """
    share = weights / weights.sum()
    mean = float(share @ values)
    moved = unit_weights(share * (values - mean), groups)
    units = effective_units(weights, groups)
    if units <= 1.0 + 1e-9:
        return mean, float("inf")
    stderr = float(np.sqrt(moved @ moved * units / (units - 1.0)))
    if groups is not None:
        stderr *= student_quantile(units - 1.0, 0.95) / _NORMAL
    return mean, stderr


def student_quantile(degrees: float, level: float) -> float:
    """Standard errors on each side of an interval at `level`, of Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(max(degrees, 1.0), 0.5 + 0.5 * level))


def correlation_within(values: np.ndarray, groups: np.ndarray) -> float:
    """That of two rows of a group, over all such pairs; `values` (rows,) have the mean 0."""
    size, sums = np.bincount(groups).astype(float), np.bincount(groups, values)
    square = float(values @ values) / len(values)
    pairs = float((size * (size - 1.0)).sum())
    return (float(sums @ sums) - len(values) * square) / pairs / max(square, 1e-300)


def alike_in_groups(values: np.ndarray, groups: np.ndarray) -> float:
    """How many times as far the mean of rows in groups varies as that of as many single rows.

    The design effect 1 + (m - 1) ρ, m the size of groups and ρ the correlation within them, two of
    its standard errors above the estimate: few groups cannot show that rows are independent.
    Source: L. Kish, Survey Sampling (1965); R. A. Fisher, Statistical Methods for Research Workers
    (1925), section 40, for the error of ρ.
    """
    size = np.bincount(groups).astype(float)
    size, units, rows = size[size > 0], int((size > 0).sum()), float(len(values))
    usual = float((size**2).sum() / rows)
    if usual <= 1.0 + 1e-9 or units < 2:
        return 1.0 if units > 1 else float("inf")
    rho = min(max(correlation_within(values - values.mean(), groups), 0.0), 1.0)
    error = (1 - rho) * (1 + (usual - 1) * rho) * (2 / (usual * (usual - 1) * (units - 1))) ** 0.5
    return 1.0 + (usual - 1.0) * min(rho + 2 * error, 1.0)
