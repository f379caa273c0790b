"""Several estimates of the same moments: the best of them, with an error that covers the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from taylored.series.moments import Estimate
from taylored.series.spread import correlations

__all__ = ["CONFLICT", "Agreed", "agree"]

CONFLICT = 0.01  # of a standard deviation, by which estimates may contradict without being torn


@dataclass(frozen=True, eq=False)
class Agreed:
    """Bias and standard deviation (outputs,) with errors; how far the estimates are in conflict."""

    bias: np.ndarray
    std: np.ndarray
    bias_error: np.ndarray
    std_error: np.ndarray
    correlation: np.ndarray | None = None
    methods: tuple[str, ...] = ()
    conflict: float = 0.0

    @classmethod
    def nothing(cls, outputs: int) -> Agreed:
        """No numbers."""
        none, endless = np.full(outputs, np.nan), np.full(outputs, np.inf)
        return cls(none, none, endless, endless)

    @classmethod
    def zero(cls, outputs: int) -> Agreed:
        """Of inputs without a spread."""
        zero = np.zeros(outputs)
        return cls(zero, zero, zero, zero, np.eye(outputs), ("inputs without a spread",))


def agree(series: Estimate | None, others: Sequence[Estimate]) -> Agreed:
    """The estimate with the least error of each number; where another contradicts, more error.

    A series that contradicts two others which agree is left out: it may settle on a wrong limit.
    """
    bias = _best(
        None if series is None else (series.bias, series.bias_error),
        [(e.bias, e.bias_error) for e in others],
    )
    std = _best(
        None if series is None else (series.std, series.std_error),
        [(e.std, e.std_error) for e in others],
    )
    all_of_them = [*others, *([] if series is None else [series])]
    used = sorted({*bias.source.tolist(), *std.source.tolist()},
                  key=lambda k: -np.sum(std.source == k))  # fmt: skip
    # A covariance comes from one estimate: the one that most standard deviations come from.
    order = [*used, *(k for k in range(len(all_of_them)) if k not in used)]
    known = [m for k in order if (m := all_of_them[k].covariance) is not None]
    with np.errstate(divide="ignore", invalid="ignore"):
        conflict = np.where(std.value > 0, np.maximum(std.gap, bias.gap) / std.value, 0.0)
    # Where one is wrong for certain, so may be the one that claims most: then cover all.
    torn = conflict > CONFLICT
    first, second = (np.where(torn, np.maximum(b.error, b.wide), b.error) for b in (bias, std))
    methods = tuple(all_of_them[k].method for k in order)
    correlation = correlations(known[0]) if known else None
    worst = float(np.max(conflict, initial=0.0))
    return Agreed(bias.value, std.value, first, second, correlation, methods, worst)


@dataclass(frozen=True, eq=False)
class _Best:
    """Value, error, by how much another contradicts, an error that covers all; from which it is."""

    value: np.ndarray
    error: np.ndarray
    gap: np.ndarray
    wide: np.ndarray
    source: np.ndarray


Pair = tuple[np.ndarray, np.ndarray]


def _best(series: Pair | None, others: Sequence[Pair]) -> _Best:
    """The estimates of one quantity."""
    values = np.stack([v for v, _ in others])
    errors = np.stack([e for _, e in others])
    if series is not None:
        value, error = series
        outvoted = _contradicts(value, error, values, errors)
        values = np.concatenate([values, value[None]])
        errors = np.concatenate([errors, np.where(outvoted, np.inf, error)[None]])
    errors = np.where(np.isfinite(values) & ~np.isnan(errors), errors, np.inf)
    best = errors.argmin(axis=0)
    columns = np.arange(values.shape[1])
    value, error = values[best, columns], errors[best, columns]
    with np.errstate(invalid="ignore"):
        distance = np.abs(values - value)
        gap = np.where(distance > errors + error, distance, 0.0).max(axis=0)
        wide = np.where(np.isfinite(errors), distance + errors, 0.0).max(axis=0)
    return _Best(value, error + gap, gap, wide, best)


def _contradicts(
    value: np.ndarray, error: np.ndarray, values: np.ndarray, errors: np.ndarray
) -> np.ndarray:
    """Where a series is farther from at least two others, which agree, than all errors allow."""
    with np.errstate(invalid="ignore"):
        away = np.abs(values - value) > errors + error
        center = values[errors.argmin(axis=0), np.arange(values.shape[1])]
        same = np.abs(values - center) <= errors + errors.min(axis=0)
    return (away.sum(axis=0) >= 2) & same.all(axis=0)
