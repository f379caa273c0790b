"""Which interval a parameter gets: by the curvature of the model, bounds and dependence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from taylored.errors import ArgumentError, ParameterNameError
from taylored.formula import normalize_name, suggest
from taylored.regression.intervals import BENT, Profile, profile_interval, wald_interval
from taylored.results import Accuracy, Interval

if TYPE_CHECKING:
    from taylored.regression.result import Fit

__all__ = ["choose_interval", "profile_of"]

_METHODS = ("auto", "wald-t", "profile-t")


def choose_interval(fit: Fit, name: str, level: float, method: str) -> Interval:
    """The interval of `Fit.interval`."""
    if method not in _METHODS:
        raise ArgumentError(f"method is {method!r}.", next_step=f"choose one of {_METHODS}.")
    name = known_parameter(fit, name)
    value, stderr = fit.params[name], fit.stderr[name]
    if name not in fit.setup.free_names:
        return Interval(value, value, level, "fixed", Accuracy.PROVED, "fixed, not estimated")
    reason = _unknown(fit, name)
    if reason:
        return Interval(-np.inf, np.inf, level, "none", Accuracy.UNKNOWN, reason)
    t = fit.quantile(level)
    at_bound = np.isnan(stderr)
    if method == "wald-t" and at_bound:
        raise ArgumentError(
            f"{name} is at its bound, where it has no Wald interval.",
            next_step="take method='profile-t', which is one-sided there.",
        )
    error = fit.numerical_error[name]
    if not t * stderr > error and not at_bound:
        # The residuals are zero but for rounding: what is left is the numerical error.
        return Interval(value - error, value + error, level, "rounding", Accuracy.ESTIMATED)
    if method == "wald-t" or (method == "auto" and not at_bound and _straight(fit, name, t)):
        found = wald_interval(value, stderr, t, level)
    else:
        found = profile_interval(profile_of(fit, name), t, level)
    # The statistical argument needs a smooth model that is not contradicted by the data.
    if (fit.jumps or fit.contradicted) and found.kind is Accuracy.CALIBRATED:
        return replace(found, kind=Accuracy.ESTIMATED)
    return found


def _straight(fit: Fit, name: str, t: float) -> bool:
    """Whether the Wald interval is as good as the profile: little bend, no bound within reach."""
    index = fit.setup.names.index(name)
    low, high = fit.setup.params.lower[index], fit.setup.params.upper[index]
    value, reach = fit.params[name], t * fit.stderr[name]
    bounded = np.isfinite(fit.setup.params.lower).any() or np.isfinite(fit.setup.params.upper).any()
    if bounded and (
        not low <= value - reach or not value + reach <= high or fit.solution.held.any()
    ):
        return False
    return fit.bend[name] * t <= BENT


def _unknown(fit: Fit, name: str) -> str:
    if not fit.solution.converged and fit.undetermined is None:
        return "the fit did not converge"
    if np.isinf(fit.stderr[name]):
        assert fit.undetermined is not None
        return fit.undetermined.statement
    if fit.dof <= 0 and not fit.absolute_sigma:
        return "as many parameters as points: give sigma"
    if fit.undetermined is not None:
        return ""
    return "" if fit.solution.minimum or fit.solution.held.any() else "not at a minimum"


def known_parameter(fit: Fit, name: str) -> str:
    """The parameter of that name.

    Raises:
        ParameterNameError: with the nearest name.
    """
    normal = normalize_name(name)
    if normal in fit.setup.names:
        return normal
    near = suggest(normal, list(fit.setup.names))
    raise ParameterNameError(
        f"There is no parameter {name!r}.",
        why=f"the parameters are {', '.join(fit.setup.names)}",
        next_step=f"did you mean {near!r}?" if near else "use one of these.",
    )


def profile_of(fit: Fit, name: str) -> Profile:
    """The profile of a free parameter of a fit."""
    name = known_parameter(fit, name)
    if name not in fit.setup.free_names:
        raise ArgumentError(f"{name} is fixed, so that it has no profile.",
                            next_step="leave it free in the fit.")  # fmt: skip
    index = fit.setup.free_names.index(name)
    problem, point = fit.setup.problem, fit.solution.point
    curvature = fit.solution.curvature
    if curvature is not None and curvature.moving[index]:
        unscaled = fit._unscaled
        direction = unscaled[:, index] / unscaled[index, index]
        stderr = fit.stderr[name]
    else:
        # At a bound, or dependent: a first guess from this parameter alone.
        direction = np.zeros(len(point.theta))
        direction[index] = 1.0
        influence = float(np.linalg.norm(point.rows[index]))
        stderr = fit.scale / influence if influence > 0 else max(abs(point.theta[index]), 1.0)
    return Profile(problem, point, index, fit.scale, stderr, direction)
