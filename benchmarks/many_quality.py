"""Are many fits right: minima beside SciPy's, standard errors beside the scatter of estimates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from many_data import Drawn, Scenario
from many_peers import chi2_of, tight
from scipy.optimize import curve_fit

__all__ = ["Agreement", "Calibration", "agreement", "calibration", "errors_beside"]

NEAR = 1e-6  # relative, of chi-squared


@dataclass(frozen=True)
class Agreement:
    """Shares of fits: chi-squared not above the reference, below it, usable; and how many claim
    to be usable though their chi-squared is above; `told` is the largest relative difference
    between the chi-squared that is told of a usable fit and NumPy's."""

    near: float
    better: float
    usable: float
    silent: int
    told: float


def estimates(scenario: Scenario, fits: Any) -> np.ndarray:
    """(params, fits) in the scenario's order."""
    return np.stack([fits.params[name] for name in scenario.names])


def reference(scenario: Scenario, drawn: Drawn) -> np.ndarray:
    """The chi-squared that is to be reached."""
    return tight(scenario, drawn)


def agreement(scenario: Scenario, drawn: Drawn, fits: Any, best: np.ndarray) -> Agreement:
    """Fits beside the reference `best`."""
    found = chi2_of(scenario, drawn, estimates(scenario, fits))
    near, usable = found <= best * (1.0 + NEAR), fits.usable
    told = np.abs(fits.chi2 / found - 1.0)[usable]
    return Agreement(float(near.mean()), float((found < best * (1.0 - NEAR)).mean()),
                     float(usable.mean()), int((usable & ~near).sum()),
                     float(told.max(initial=0.0)))  # fmt: skip


@dataclass(frozen=True)
class Calibration:
    """Over usable fits, of the parameters the least and the most: the standard deviation of
    (estimate - truth)/stderr (for d degrees of freedom sqrt(d/(d - 2)) is right), and the coverage
    of 95 % intervals."""

    spread: tuple[float, float]
    coverage: tuple[float, float]


def calibration(scenario: Scenario, drawn: Drawn, fits: Any) -> Calibration:
    """Simulated truth beside the intervals."""
    errors = np.stack([fits.stderr[name] for name in scenario.names])
    between = [fits.interval(name) for name in scenario.names]
    half = np.stack([0.5 * (b.hi - b.lo) for b in between]) / errors
    theta, errors = scenario.like(estimates(scenario, fits), errors, drawn.truth)
    usable = fits.usable
    score = ((theta - drawn.truth) / errors)[:, usable]
    spreads = np.std(score, axis=1)
    shares = np.mean(np.abs(score) <= half[:, usable], axis=1)
    return Calibration((spreads.min(), spreads.max()), (shares.min(), shares.max()))


def errors_beside(scenario: Scenario, drawn: Drawn, fits: Any, count: int) -> float:
    """The largest relative difference to SciPy's standard errors at the same minimum."""
    worst = 0.0
    theta = estimates(scenario, fits)
    for k in np.flatnonzero(fits.usable)[:count]:
        known = np.isfinite(drawn.Y[k])
        sigma = None if drawn.sigma is None else drawn.sigma[k][known]
        _, covariance = curve_fit(
            scenario.make(np), scenario.x[..., known], drawn.Y[k][known], theta[:, k], sigma,
            sigma is not None, jac=scenario.jac, ftol=1e-15, xtol=1e-15, gtol=1e-15,
        )  # fmt: skip
        theirs = np.sqrt(np.diag(covariance))
        mine = np.array([fits.stderr[name][k] for name in scenario.names])
        worst = max(worst, float(np.max(np.abs(mine / theirs - 1.0))))
    return worst
