"""Clipped signals: an extreme value that is repeated more often than chance repeats it."""

from __future__ import annotations

import numpy as np

__all__ = ["is_clipped"]

_CHANCE = 1e-3  # of a run of equal extremes in rounded data
_NOISY = 0.75  # quanta
_LEAST, _MOST = 3, 16  # lengths of runs that are looked at in rounded data
_EQUAL = 0.2820947917738781  # 1/(2 sqrt(pi)): two normal numbers agree to q with q/sd of this


def is_clipped(y: np.ndarray, used: np.ndarray | None, extreme: np.ndarray) -> np.ndarray:
    """Which rows of y, (fits, points), are clipped at their `extreme` value (fits,).

    It must occur at least twice.

    In data that are not rounded two equal extremes are no chance. Rounded ones (counts, digitized
    signals) repeat values, the more the coarser they are against the noise: there a run of equal
    extremes must be longer than noise would make it.
    """
    y = y.astype(float)
    if used is not None:
        y[~used] = np.nan
    equal = y == extreme[:, None]
    others = np.sort(np.where(equal, np.nan, y), axis=1)  # nan last
    gaps = np.diff(others, axis=1)
    counts = ((y == np.rint(y)) | np.isnan(y)).all(axis=1)
    rounded = counts | (gaps == 0.0).any(axis=1)
    clipped = ~rounded
    if rounded.any():
        quantum = np.where(gaps > 0.0, gaps, np.inf).min(axis=1, initial=np.inf)
        quantum = np.where(counts, 1.0, quantum)
        clipped |= rounded & _long_run(y, equal, quantum)
    return clipped


def _long_run(y: np.ndarray, equal: np.ndarray, quantum: np.ndarray) -> np.ndarray:
    """Whether a run of equal extremes is longer than noise on these quanta makes it."""
    run, longest = equal, np.ones(len(y))
    for length in range(2, min(_MOST, y.shape[1]) + 1):
        run = run[:, :-1] & equal[:, length - 1 :]
        some = run.any(axis=1)
        if not some.any():
            break
        longest[some] = length
    bent = np.abs(y[:, 2:] - 2.0 * y[:, 1:-1] + y[:, :-2])
    deviation = _median(bent) * 1.4826 / np.sqrt(6.0)
    # With less noise than that a smooth maximum is as flat as a clipped one.
    noisy = deviation > _NOISY * quantum
    chance = (_EQUAL * quantum / np.where(noisy, deviation, np.inf)) ** (longest - 1.0)
    return noisy & (longest >= _LEAST) & (chance < _CHANCE)


def _median(values: np.ndarray) -> np.ndarray:
    """The median of each row without nan; 0 where nothing is left."""
    ordered = np.sort(values, axis=1)
    count = np.isfinite(ordered).sum(axis=1)
    found = np.take_along_axis(ordered, np.maximum(count // 2, 0)[:, None] % values.shape[1], 1)
    return np.where(count > 0, found[:, 0], 0.0)
