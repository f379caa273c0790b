"""What to think of a fit to data in chunks: findings, and digits, by the sample's rows.

What a sum over all rows would tell is estimated from the sample, `share` of them: the influence
of a row on the parameters is `share` times what it is in the sample.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from taylored.optimize.least_squares import Solution
from taylored.optimize.newton import Curvature
from taylored.regression import findings as single
from taylored.regression import precision as rounding
from taylored.regression.precision import Precision
from taylored.regression.statistics import normality_p_value
from taylored.results import Finding

if TYPE_CHECKING:
    from taylored.many.big.result import BigFit, BigSetup
    from taylored.regression.result import Fit

__all__ = ["big_contradiction", "big_findings", "claimed", "representative"]

_RARE = 1e-3  # a p-value below this is reported
_FEWEST = 25  # residuals in a bin whose mean is taken as normal
_ORDER = {"error": 0, "warning": 1, "note": 2}
_UNIT = 2.0**-53


def representative(curvature: Curvature | None, view: tuple[Solution, float] | None) -> bool:
    """Whether standard errors from the sample are those of all rows, within a factor of two."""
    if curvature is None or view is None or view[0].curvature is None:
        return False
    own = view[0].curvature.inverse
    if own.shape != curvature.inverse.shape:
        return False
    with np.errstate(all="ignore"):
        ratio = np.linalg.norm(own, axis=1) / np.linalg.norm(curvature.inverse, axis=1)
        ratio *= np.sqrt(view[1])
    return bool(((ratio > 0.5) & (ratio < 2.0)).all())


# ---- digits ---------------------------------------------------------------------------------


def claimed(
    setup: BigSetup, solution: Solution, sample: Fit, view: tuple[Solution, float] | None
) -> Precision:
    """Numerical errors of the estimates: those of the sample, as they are with all rows."""
    count = len(solution.point.theta)
    curvature = solution.curvature
    if curvature is None or not solution.converged:
        return Precision(np.full(count, np.inf), np.zeros(count), np.zeros(count))
    theta, moving = solution.point.theta, curvature.moving
    errors = 0.6 * _UNIT * np.abs(theta)
    squared = _squared(setup, curvature, sample, view) + _factor_noise(solution, curvature)
    errors[moving] = 2.0 * np.sqrt(errors[moving] ** 2 + squared + curvature.step[moving] ** 2)
    if not setup.functions.exact:
        errors[moving] += np.abs(curvature.step[moving]) + 1e-9 * np.abs(theta[moving])
    errors[~moving] = 0.0
    digits = rounding.digits_of(errors, np.abs(theta))
    return Precision(errors, digits, _stderr_digits(setup, solution, digits))


def _squared(
    setup: BigSetup, curvature: Curvature, sample: Fit, view: tuple[Solution, float] | None
) -> np.ndarray:
    """The squared effect of rounding of data and model on each moving parameter."""
    if view is None or not representative(curvature, view):
        # However the rounding of y and of the model is spread over the rows.
        rows = np.einsum("ij,ij->i", curvature.inverse, curvature.inverse)
        return rows * (8.0 * _UNIT) ** 2 * setup.chunked.squares
    found, share = view
    own = found.curvature
    assert own is not None
    noise, left = rounding.residual_noise(sample.setup, found)
    if _sharp(setup):
        left = np.zeros(len(noise))
    image = own.inverse.T.dot(found.point.rows[own.moving])
    if own.bend > 0 and len(image):
        image = np.linalg.solve(np.eye(len(image)) - 0.5 * (own.k + own.k.T), image)
    influence = own.inverse.dot(image)
    spread = (influence * influence).dot(noise * noise) + rounding.gradient_noise(found.point, own)
    # What the model's rounding has in common adds up; the sample tells it to its own scatter.
    common = influence.dot(left) ** 2 + (influence * influence).dot(left * left)
    return share * spread + common


def _factor_noise(solution: Solution, curvature: Curvature) -> np.ndarray:
    """The squared effect of rounding in the tree: its top has the norms of whole columns."""
    point = solution.point
    covariance = curvature.inverse.dot(curvature.inverse.T)
    norms = np.einsum("ij,ij->i", point.rows, point.rows)[curvature.moving]
    return (covariance * covariance).dot(norms) * point.cost * _UNIT**2


def _sharp(setup: BigSetup) -> bool:
    return setup.chunked.functions.passes.sharp  # type: ignore[attr-defined]


def _stderr_digits(setup: BigSetup, solution: Solution, digits: np.ndarray) -> np.ndarray:
    """As for small data: the factor, and the rounding of the sum of squares."""
    assert solution.curvature is not None
    factor = 0.3 * solution.curvature.condition * _UNIT
    cost = solution.point.cost
    residual = 4.0 * _UNIT * np.sqrt(setup.chunked.squares / cost) if cost > 0 else 1.0
    moved = 10.0 ** -np.minimum(digits, 15.95)
    relative = np.sqrt(factor**2 + residual**2 + (10.0 * moved.max(initial=0.0)) ** 2)
    return np.full(len(digits), float(np.clip(-np.log10(relative), 0.0, 15.95)))


# ---- findings -------------------------------------------------------------------------------


def big_findings(fit: BigFit, decisive: bool) -> tuple[Finding, ...]:
    """The findings, most important first; `decisive`: only those that decide `usable`."""
    with np.errstate(all="ignore"):
        found = [*single.solution_findings(fit), *_doubtful(fit), *single.numerics_findings(fit)]
        if not decisive:
            found += [*_parameters(fit), *single.goodness_findings(fit), *_residuals(fit)]
            found += single.data_findings(fit)
    return tuple(sorted(found, key=lambda f: _ORDER[f.severity]))


def big_contradiction(fit: BigFit) -> str:
    """What in the data speaks against the model; empty where nothing does."""
    with np.errstate(all="ignore"):
        return single.contradiction_among([*single.goodness_findings(fit), *_residuals(fit)])


def _doubtful(fit: BigFit) -> Iterator[Finding]:
    """Where the starts, found from the sample, may not lead to the best fit."""
    for finding in fit.sample._decisive:
        if finding.name == "perhaps-not-the-best":
            message = f"in a sample of {len(fit.setup.y)} rows, {finding.message}"
            yield Finding(finding.name, message, finding.next_step, finding.severity)


def _parameters(fit: BigFit) -> Iterator[Finding]:
    for finding in single.parameter_findings(fit):
        if finding.name == "curved":  # the profile is not used unasked: it takes many passes
            message = finding.message.partition(":")[0]
            yield replace(finding, message=f"{message}: value -+ error misleads there.",
                          next_step="Take interval(..., method='profile-t').")  # fmt: skip
        else:
            yield finding


def _residuals(fit: BigFit) -> Iterator[Finding]:
    if fit.solution.curvature is None or fit.dof < 3:
        return
    if fit.chi2 <= 1e-22 * fit.setup.chunked.squares:
        return  # what is left is rounding
    yield from _pattern(fit)
    normal = normality_p_value(fit._view[0].point.r) if fit._view else np.nan
    if normal < _RARE:
        yield Finding("not-normal", f"in a sample of {len(fit.setup.y)} rows, the residuals are "
                      f"not normally distributed (p = {normal:.1g}).",
                      "Intervals at high levels may be off.", "note")  # fmt: skip


def _pattern(fit: BigFit) -> Iterator[Finding]:
    """Means of the residuals in parts of the range of an input that chance does not explain."""
    from scipy.special import gammaincc

    scatter = np.sqrt(fit.chi2 / fit.points)
    for name, (sums, counts) in zip(fit.setup.model.columns, fit.bins, strict=False):
        sums, counts = _merged(sums, counts)
        if len(counts) < 2:
            continue
        z = sums / (scatter * np.sqrt(counts))
        p = float(gammaincc(0.5 * len(z), 0.5 * float(z.dot(z))))
        if p < _RARE / len(fit.bins):
            size = float(np.abs(sums / counts).max() / scatter)
            shown = f"p = {p:.1g}" if p > 0 else "p < 1e-300"
            yield Finding("pattern", f"the residuals follow a pattern along {name}: their means "
                          f"over parts of its range reach {size:.2g} of their scatter ({shown}). "
                          "The model misses something, and intervals are too narrow or too wide.",
                          "Extend the model.", "warning")  # fmt: skip
            return


def _merged(sums: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Neighboring bins together, until each holds enough residuals."""
    place = ((np.cumsum(counts) - counts) // _FEWEST).astype(int)
    found = np.zeros((2, int(place.max(initial=0)) + 1))
    np.add.at(found[0], place, sums)
    np.add.at(found[1], place, counts)
    enough = found[1] >= _FEWEST // 2
    return found[0][enough], found[1][enough]
