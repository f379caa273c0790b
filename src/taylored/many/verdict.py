"""The verdict on each fit: what can be told before fitting, and what after."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taylored.many.clipped import is_clipped
from taylored.many.status import Status
from taylored.native.survey import Survey

__all__ = ["Found", "before", "doubtful", "judge"]

# A verdict is wrong by chance in one of a million fits, since there may be millions.
_RARE = 1e-6
_USUAL = 1.8  # deviations; correlations below it are not asked about
_DOUBT = 0.01  # below this it is worth while to look for a better minimum
# Counts and the like have longer tails than the normal distribution: an outlier lies far out.
_FAR = 7.0
_DEPENDENT = 1e-11  # least pivot of the normal matrix, relative: below it columns depend
_LARGEST = 1e75  # beyond it, or below its reciprocal, squares leave the range of float64


def before(y: np.ndarray, used: np.ndarray | None, seen: Survey, needed: int) -> np.ndarray:
    """The verdicts that need no fit, (fits,); `OK` where it must be fitted.

    `y` is (fits, points); `used` marks finite points that are not masked, None for all of them;
    `seen` says what these are like; `needed` is how many points there must be.
    """
    code = np.full(len(y), Status.OK, np.int8)
    count = y.shape[1] if used is None else used.sum(axis=1)
    largest, smallest = seen.high, seen.low
    flat = largest == smallest
    size = np.maximum(np.abs(largest), np.abs(smallest))
    for extreme, times in (
        (largest, seen.highs),
        (np.where(smallest, smallest, np.nan), seen.lows),
    ):
        rows = np.flatnonzero((times >= 2) & np.isfinite(extreme))
        if len(rows):
            part = None if used is None else used[rows]
            clipped = rows[is_clipped(y[rows], part, extreme[rows])]
            code[clipped] = Status.SATURATED
    code[~flat & ((size > _LARGEST) | (size < 1.0 / _LARGEST))] = Status.OUT_OF_RANGE
    code[flat] = Status.FLAT
    code[flat & (largest == 0.0)] = Status.ZERO
    code[count < needed] = Status.TOO_FEW_POINTS
    return code


@dataclass(frozen=True, eq=False, slots=True)
class Found:
    """What the last passes found, over the fits.

    `theta`, `variance` (times sigma squared) and `held` (1 at a bound) are (free, fits); the others
    (fits,): least `pivot` of the normal matrix, `lag` products of neighboring residuals, `largest`
    residual, `points` used, `squares` of weighted y about its mean, `passes` over the data.
    """

    theta: np.ndarray
    variance: np.ndarray
    held: np.ndarray
    cost: np.ndarray
    converged: np.ndarray
    pivot: np.ndarray
    lag: np.ndarray
    largest: np.ndarray
    points: np.ndarray
    squares: np.ndarray
    passes: np.ndarray

    @property
    def dof(self) -> np.ndarray:
        """Points used less free parameters that are not at a bound."""
        return self.points - len(self.theta) + self.held.sum(axis=0)


def judge(found: Found, *, absolute: bool, bent: bool) -> np.ndarray:
    """The verdicts after fitting, (fits,).

    `bent`: whether there are non-linear parameters, which noise alone does not determine.
    """
    code = np.full(len(found.cost), Status.OK, np.int8)
    dof, held = found.dof, found.held.sum(axis=0)
    with np.errstate(all="ignore"):
        by_chance, far = _alike(found, dof), _outlier(found, dof, absolute)
        code[far] = Status.OUTLIER
        code[(by_chance < _RARE) | _too_large(found, dof, far, absolute)] = Status.MISFIT
        code[~(found.pivot > _DEPENDENT)] = Status.RANK_DEFICIENT
        code[found.converged < 0.5] = Status.NOT_CONVERGED
        if bent:  # noise alone often leaves parameters undetermined, too
            weak = _no_signal(found, dof, absolute)
            # Where no minimum was reached, a lost signal looks as weak, but not like noise.
            noise = by_chance >= np.where(found.converged < 0.5, _DOUBT, _RARE)
            code[weak & noise] = Status.NO_SIGNAL
    # A constant need not keep the bounds.
    code[(held > 0) & (found.converged > 0.5)] = Status.AT_BOUND
    code[~np.isfinite(found.cost)] = Status.NOT_FINITE
    return code


def doubtful(found: Found, absolute: bool) -> np.ndarray:
    """Fits that chance explains, but not well: a better minimum may lie elsewhere, (fits,)."""
    from scipy.special import gammaincc

    with np.errstate(all="ignore"):
        doubt = _alike(found, found.dof) < _DOUBT
        if absolute:
            doubt |= gammaincc(0.5 * found.dof, 0.5 * found.cost) < _DOUBT
    return doubt


def _exact(found: Found) -> np.ndarray:
    """Where what is left is rounding."""
    return found.cost <= 1e-24 * found.squares


def _outlier(found: Found, dof: np.ndarray, absolute: bool) -> np.ndarray:
    """Whether the largest residual, against the scatter of the others, is beyond chance."""
    from scipy.special import stdtr

    square = found.largest**2
    if absolute:
        return (found.largest > _FAR) & ~_exact(found)
    others = found.cost - square
    t = np.sqrt(square * (dof - 1) / np.where(others > 0, others, np.inf))
    t = np.where(others > 1e-12 * found.cost, t, np.where(found.cost > 0, np.inf, 0.0))
    far = (t > _FAR) & (dof > 2) & ~_exact(found)
    far[far] = 2.0 * stdtr(dof[far] - 1, -t[far]) * found.points[far] < _RARE
    return far


def _too_large(found: Found, dof: np.ndarray, far: np.ndarray, absolute: bool) -> np.ndarray:
    """Whether chi-squared is too large for sigma, an outlier not counted."""
    from scipy.special import gammaincc

    if not absolute:
        return np.zeros(len(far), bool)
    cost = np.where(far, found.cost - found.largest**2, found.cost)
    left = np.where(far, dof - 1, dof)
    return (gammaincc(0.5 * left, 0.5 * cost) < _RARE) & (left > 0)


def _alike(found: Found, dof: np.ndarray) -> np.ndarray:
    """The probability that neighboring residuals are so alike by chance, (fits,).

    Their correlation has about the variance 1/(dof + 1) and lies between -1 and 1: twice a beta
    variable less one, which is nearly normal where there are many points. 1 where that is usual.
    """
    from scipy.special import betainc

    correlation = np.clip(found.lag / found.cost, -1.0, 1.0)
    likely = correlation * np.sqrt(dof + 1.0) > _USUAL
    rows = np.flatnonzero(likely & (dof >= 4) & ~_exact(found))
    p = np.ones(len(correlation))
    half = 0.5 * dof[rows]
    p[rows] = betainc(half, half, 0.5 * (1.0 - correlation[rows]))
    return p


def _no_signal(found: Found, dof: np.ndarray, absolute: bool) -> np.ndarray:
    """Whether a constant explains the data as well, by an F test."""
    from scipy.special import fdtrc, gammaincc

    gained = found.squares - found.cost
    more = max(len(found.theta) - 1, 1)
    # With few degrees of freedom no signal can be so sure.
    limit = 10.0 ** -np.clip(0.25 * dof, 2.0, -np.log10(_RARE))
    if absolute:
        weak = gammaincc(0.5 * more, 0.5 * np.maximum(gained, 0.0)) > limit
    else:
        f = (gained / more) / (found.cost / np.maximum(dof, 1))
        # Beyond 1000 the limit is exceeded with any number of degrees of freedom from 3 on.
        weak = (f < 1000.0) | ((dof > 0) & (dof < 3))
        weak[weak] = fdtrc(more, np.maximum(dof[weak], 1), np.maximum(f[weak], 0.0)) > limit[weak]
    return weak | (gained <= 0.0)
