"""Mean and variance of f at normal inputs, by points: a grid for one input, nets for more.

Several independent sets of points give an estimate each; how far these lie apart is the error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from taylored.series.moments import Estimate, Quadratic, estimate, settling, weighted_moments
from taylored.series.standardized import Standardized

__all__ = ["Sample", "directional", "grid", "nets"]

_SETS = 16
_MOST_POINTS, _FEWEST_POINTS = 4096, 32  # of one set
_MOST_NUMBERS = 2**23
_MOST_NET = 1000  # directions beyond which nets are no better than random numbers
_ERRORS = 4.0  # standard errors of the mean of the sets that an error is made of
_DIRECTIONS = 32  # of one set, of directional polynomials
_ORDER = 6
_MOST_OUTPUTS = 256  # beyond, only variances
_REACH, _STEP, _GRIDS = 8.5, 1.0 / 256, 8


@dataclass(frozen=True, eq=False)
class Sample:
    """An estimate; `lost` points of `points` where f is not finite; and how few points matter.

    `dominance` (outputs,): the share of the sum of squares that is due to the largest square.
    """

    found: Estimate | None
    points: int
    lost: int
    dominance: np.ndarray


# ---- one direction ----


def grid(of: Standardized) -> Estimate | None:
    """Eight shifted grids over 8.5 standard deviations (the trapezoidal rule).

    None where f is not finite at a point within reach.
    """
    # Off round numbers, at which functions may be undefined in a single point.
    every = np.arange(-_REACH, _REACH + _STEP / 2, _STEP) + _STEP / np.pi
    firsts, seconds = [], []
    for k in range(_GRIDS):
        t = every[k::_GRIDS]
        try:
            bias, moments = weighted_moments(of, t[:, None], np.exp(-0.5 * t * t))
        except FloatingPointError:
            return None
        firsts.append(bias)
        seconds.append(moments)
    biases, within = np.stack(firsts), np.stack(seconds)
    # How far the grids' means differ belongs to the variance, and says that all of them are coarse.
    between = biases.var(axis=0)
    variances = np.stack([_diagonal(c) for c in within])
    errors = (_spread(biases), _spread(variances) + between)
    return estimate(
        f"a grid of {len(every)} points", biases.mean(axis=0), within.mean(axis=0), errors, of.noise
    )


def _diagonal(moments: np.ndarray) -> np.ndarray:
    return np.diag(moments) if moments.ndim == 2 else moments


def _spread(sets: np.ndarray) -> np.ndarray:
    """The error of the mean of sets (sets, outputs)."""
    return _ERRORS * sets.std(axis=0, ddof=1) / np.sqrt(len(sets))


# ---- many directions ----


def nets(of: Standardized, control: Quadratic | None, seed: int) -> Sample:
    """Scrambled Sobol points; what is known of f to second order is not sampled.

    Of each moment both the plain estimate and that of the rest are made, and the one with less
    spread is taken.
    """
    numbers = of.target.variables + of.target.outputs
    points = int(np.clip(_MOST_NUMBERS // (_SETS * numbers), _FEWEST_POINTS, _MOST_POINTS))
    points = 2 ** int(np.log2(points))
    rows, lost, largest, total, center = [], 0, 0.0, 0.0, None
    for z in _normals(of, points, _SETS, seed):
        found = of.differences(z)
        bad = ~np.isfinite(found).all(axis=1)
        lost += int(bad.sum())
        if lost:
            continue
        center = found.mean(axis=0) if center is None else center
        known = None if control is None else control(z) - center
        rows.append(_set_moments(found - center, known))
        largest = np.maximum(largest, np.max(found**2, axis=0))
        total = total + (found**2).sum(axis=0)
    if lost:
        return Sample(None, points * _SETS, lost, np.zeros(of.target.outputs))
    with np.errstate(invalid="ignore", divide="ignore"):
        dominance = np.where(total > 0, largest / total, 0.0)
    assert center is not None
    known = None if control is None else (control.bias - center, _second_moment(control, center))
    shift, error = _better([r[0] for r in rows], [r[2] for r in rows], known and known[0])
    square, more = _better([r[1] for r in rows], [r[3] for r in rows], known and known[1])
    moments = square - (np.outer(shift, shift) if square.ndim == 2 else shift**2)
    errors = (error, _diagonal(more) + 2 * np.abs(shift) * error + error**2)
    kind = (
        "stratified"
        if of.directions == 1
        else "scrambled Sobol"
        if of.directions <= _MOST_NET
        else "random"
    )
    made = estimate(
        f"{_SETS} sets of {points} {kind} points", center + shift, moments, errors, of.noise
    )
    return Sample(made, points * _SETS, 0, dominance)


def _second_moment(control: Quadratic, center: np.ndarray) -> np.ndarray:
    """Exactly, about `center`."""
    shift = control.bias - center
    found = control.covariance + np.outer(shift, shift)
    return found if len(found) <= _MOST_OUTPUTS else np.diag(found)


def _set_moments(found: np.ndarray, known: np.ndarray | None) -> tuple:
    """Mean and second moment of f, and what of either is not known exactly, over one set."""
    rest = found if known is None else found - known
    square = _square(found)
    less = square if known is None else square - _square(known)
    return found.mean(axis=0), square, rest.mean(axis=0), less


def _square(found: np.ndarray) -> np.ndarray:
    if found.shape[1] > _MOST_OUTPUTS:
        return (found**2).mean(axis=0)
    return found.T @ found / len(found)


def _better(
    plain: list[np.ndarray], rest: list[np.ndarray], exact: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """The mean of the sets with its error, by whichever of two has less spread."""
    first = np.stack(plain)
    mean, error = first.mean(axis=0), _spread(first)
    if exact is None:
        return mean, error
    second = np.stack(rest)
    other = _spread(second)
    used = other < error
    return np.where(used, exact + second.mean(axis=0), mean), np.where(used, other, error)


def _normals(of: Standardized, points: int, sets: int, seed: int) -> Iterator[np.ndarray]:
    """Standard normals (points, directions), the first direction that of steepest change."""
    from scipy.special import ndtri

    count = of.directions
    seeds = np.random.SeedSequence(seed).spawn(sets)
    axis = _steepest(of)
    for child in seeds:
        rng = np.random.default_rng(child)
        if count == 1:
            uniform = (np.arange(points) + rng.random(points)) / points
            yield ndtri(uniform)[:, None]
            continue
        if count > _MOST_NET:
            half = rng.standard_normal((points // 2, count))
            yield np.concatenate([half, -half])
            continue
        from scipy.stats import qmc

        uniform = qmc.Sobol(count, scramble=True, rng=rng).random(points)
        z = ndtri(np.clip(uniform, 1e-17, 1 - 1e-16))
        yield z if axis is None else z - 2.0 * np.outer(z @ axis, axis)


def _steepest(of: Standardized) -> np.ndarray | None:
    """The mirror that takes the first axis, along which nets are evenest, to the gradient."""
    if of.slopes is None or of.directions < 2:
        return None
    slope = of.slopes[int(np.argmax(np.linalg.norm(of.slopes, axis=1)))]
    size = np.linalg.norm(slope)
    if not size > 0:
        return None
    mirror = -slope / size
    mirror[0] += 1.0
    length = np.linalg.norm(mirror)
    return mirror / length if length > 1e-8 else None


# ---- Taylor polynomials along directions ----


def directional(of: Standardized, control: Quadratic | None, seed: int) -> Estimate | None:
    """The moments of the Taylor polynomial of order 6 from polynomials along random directions.

    A direction counts with its opposite, so that odd and even orders do not mix.
    """
    if control is None:
        return None
    rows = [of.along(z, _ORDER) for z in _normals(of, _DIRECTIONS, _SETS, seed + 1)]
    rows = [r for r in rows if r is not None]
    if len(rows) < _SETS:
        return None
    second = control.hessian is not None
    center = control.bias if second else np.mean([r[2].mean(axis=0) for r in rows], axis=0)
    values = np.stack([_orders(r, second, center) for r in rows])
    # (sets, orders 2 4 6, bias or variance, outputs), from here on about the center.
    values[:, :, 1] += np.diag(control.covariance)
    means = values.mean(axis=0)
    shift, square = means[:, 0], means[:, 1]
    bias = shift + center
    spread = _spread(values[:, -1].reshape(len(values), -1)).reshape(2, -1)
    variances = square - shift**2
    bias_error = settling(*bias) + spread[0]
    errors = settling(*variances) + spread[1] + 2 * np.abs(shift[-1]) * spread[0]
    return estimate(
        "Taylor polynomials of order 6 along directions", bias[-1], variances[-1],
        (bias_error, errors), None,
    )  # fmt: skip


def _orders(rows: np.ndarray, second: bool, center: np.ndarray) -> np.ndarray:
    """What orders 2, 4 and 6 add to mean and second moment about the center.

    Of the first order, and the second if its Hessian is known, the exact moments are added later.
    """
    made = []
    for order in (2, 4, 6):
        used = rows[: order + 1]
        odd, even = used[1::2].sum(axis=0), used[2::2].sum(axis=0) - center
        known = rows[2] - center if second else np.zeros_like(even)
        square = odd**2 - rows[1] ** 2 + even**2 - known**2
        made.append([(even - known).mean(axis=0), square.mean(axis=0)])
    return np.array(made)
