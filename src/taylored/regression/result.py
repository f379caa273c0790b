"""The result of a fit: estimates, how far to trust each, and what the reader must know."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from taylored.optimize.least_squares import Arithmetic, Solution
from taylored.readings.reach import JUMPS, reaching
from taylored.regression import identify
from taylored.regression.findings import contradiction_of, findings_of, status_of
from taylored.regression.intervals import Profile, bends
from taylored.regression.options import check_level
from taylored.regression.precision import Precision, precision_of
from taylored.regression.predict import Prediction, predict
from taylored.regression.setup import Setup
from taylored.regression.statistics import chi2_p_value, two_sided_quantile
from taylored.results import Accuracy, Finding, Interval

__all__ = ["Cost", "Fit"]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a fit cost: model evaluations, iterations, starts that were refined."""

    evaluations: int
    iterations: int
    starts: int


@dataclass(frozen=True, eq=False, repr=False)
class Fit:
    """A fitted model. See `taylored.fit`, which makes it.

    Dictionaries are by parameter name, in the order of the model; fixed parameters have a
    standard error of 0. Values that need work (digits, intervals, findings) are computed when
    they are asked for, and kept.
    """

    setup: Setup
    solution: Solution
    automatic: bool
    cost: Cost

    def __getstate__(self) -> dict[str, Any]:
        """For pickle: what cannot be computed again."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    # ---- estimates ----

    @cached_property
    def params(self) -> dict[str, float]:
        """The estimates."""
        values = list(self.setup.params.values)
        for i, value in zip(
            self.setup.params.free, self.solution.point.theta.tolist(), strict=True
        ):
            values[i] = value
        return dict(zip(self.setup.names, values, strict=True))

    @cached_property
    def stderr(self) -> dict[str, float]:
        """Standard errors: 0 where fixed, nan at a bound, inf where not determined."""
        curvature = self.solution.curvature
        if curvature is not None and len(curvature.inverse) == len(self.setup.names):
            # All parameters free: the roots of the covariance's diagonal, without the rest of it.
            rows = curvature.inverse
            deviations = self.scale * np.sqrt(np.einsum("ij,ij->i", rows, rows))
            return dict(zip(self.setup.names, deviations.tolist(), strict=True))
        deviations = np.sqrt(np.diag(self.covariance))
        found = dict(zip(self.setup.names, deviations.tolist(), strict=True))
        for i in np.flatnonzero(self.solution.held):
            found[self.setup.free_names[i]] = np.nan
        return found

    @cached_property
    def covariance(self) -> np.ndarray:
        """The covariance of all estimates, (params, params); zero rows for fixed ones.

        Given the others where a parameter is at its bound; nan and inf where not determined.
        """
        count, free = len(self.setup.names), list(self.setup.params.free)
        whole = np.zeros((count, count))
        unscaled = self._unscaled
        with np.errstate(all="ignore"):
            scaled = np.where(np.isinf(unscaled), np.inf, unscaled * self.scale**2)
        whole[np.ix_(free, free)] = scaled
        return whole

    @cached_property
    def _unscaled(self) -> np.ndarray:
        curvature = self.solution.curvature
        if curvature is None:
            return identify.pseudo_covariance(self.solution.point)
        inverse = curvature.inverse
        with np.errstate(all="ignore"):
            product = inverse.dot(inverse.T)
        moving = curvature.moving
        if moving.all():
            return product
        whole = np.zeros((len(moving), len(moving)))
        whole[np.ix_(moving, moving)] = product
        return whole

    @cached_property
    def correlation(self) -> np.ndarray:
        """The correlation of all estimates, (params, params); nan for fixed ones."""
        with np.errstate(all="ignore"):
            deviations = np.sqrt(np.diag(self.covariance))
            return self.covariance / np.outer(deviations, deviations)

    # ---- numerical accuracy ----

    @cached_property
    def _precision(self) -> Precision:
        with np.errstate(all="ignore"):
            return precision_of(self.setup, self.solution)

    @cached_property
    def digits(self) -> dict[str, float]:
        """Correct decimal digits of each estimate of the minimum (not of the truth behind it)."""
        return self._by_name(self._precision.digits, 15.95)

    @cached_property
    def stderr_digits(self) -> dict[str, float]:
        """Correct decimal digits of each standard error."""
        return self._by_name(self._precision.stderr_digits, 15.95)

    @cached_property
    def numerical_error(self) -> dict[str, float]:
        """The numerical error of each estimate, in its own unit."""
        return self._by_name(self._precision.errors, 0.0)

    def _by_name(self, free: np.ndarray, fixed: float) -> dict[str, float]:
        values = dict.fromkeys(self.setup.names, fixed)
        values.update(zip(self.setup.free_names, free.tolist(), strict=True))
        return values

    # ---- goodness of fit ----

    @property
    def points(self) -> int:
        """Points used."""
        return len(self.setup.y)

    @property
    def dof(self) -> int:
        """Degrees of freedom: points less free parameters (those at a bound are not counted)."""
        return self.points - len(self.setup.params.free) + int(self.solution.held.sum())

    @property
    def chi2(self) -> float:
        """The sum of squared residuals, each divided by its sigma where that is given."""
        return self.solution.point.cost

    @property
    def reduced_chi2(self) -> float:
        """chi2 / dof; nan without degrees of freedom."""
        return self.chi2 / self.dof if self.dof > 0 else np.nan

    @property
    def absolute_sigma(self) -> bool:
        """Whether sigma is taken as it is; else standard errors are scaled by the scatter."""
        chosen = self.setup.options.absolute_sigma
        return self.setup.sigma is not None if chosen is None else chosen

    @cached_property
    def scale(self) -> float:
        """What standard errors are scaled by: 1, or sqrt(chi2/dof) without absolute sigma."""
        return 1.0 if self.absolute_sigma else float(np.sqrt(self.reduced_chi2))

    @cached_property
    def p_value(self) -> float:
        """The probability of a larger chi2 by chance; nan where sigma is not absolute."""
        return chi2_p_value(self.chi2, self.dof) if self.absolute_sigma else np.nan

    @cached_property
    def r_squared(self) -> float:
        """The share of the (weighted) scatter of y that the model explains."""
        weights = self.setup.problem.weights
        w = np.ones(self.points) if weights is None else weights / weights.max()
        y, scale = self.setup.y, 1.0 if weights is None else float(weights.max())
        center = float((w * w * y).sum() / (w * w).sum())
        spread = float(((w * (y - center)) ** 2).sum()) * scale**2
        return 1.0 - self.chi2 / spread if spread > 0 else np.nan

    @cached_property
    def aicc(self) -> float:
        """Akaike's criterion with its small-sample correction."""
        k = len(self.setup.params.free) + (0 if self.absolute_sigma else 1)
        rest = self.points - k - 1
        return self._deviance + 2.0 * k * self.points / rest if rest > 0 else np.nan

    @cached_property
    def bic(self) -> float:
        """The Bayesian information criterion (Schwarz)."""
        k = len(self.setup.params.free) + (0 if self.absolute_sigma else 1)
        return self._deviance + k * float(np.log(self.points))

    @property
    def _deviance(self) -> float:
        if self.absolute_sigma:
            return self.chi2
        return self.points * float(np.log(self.chi2 / self.points)) if self.chi2 > 0 else -np.inf

    @property
    def residuals(self) -> np.ndarray:
        """y - f(x), (points,), in the unit of y."""
        weights = self.setup.problem.weights
        r = self.solution.point.r
        return r.copy() if weights is None else r / weights

    @cached_property
    def leverage(self) -> np.ndarray:
        """How much of each fitted value is decided by its own point, (points,), 0 to 1."""
        curvature = self.solution.curvature
        if curvature is None:
            return np.full(self.points, np.nan)
        image = curvature.inverse.T.dot(self.solution.point.rows[curvature.moving])
        return np.einsum("ij,ij->j", image, image)

    @cached_property
    def standardized_residuals(self) -> np.ndarray:
        """Residuals over their own standard error, (points,)."""
        with np.errstate(all="ignore"):
            return self.solution.point.r / (self.scale * np.sqrt(1.0 - self.leverage))

    # ---- intervals ----

    def interval(self, name: str, level: float = 0.95, method: str = "auto") -> Interval:
        """A confidence interval of one parameter.

        Args:
            name: a free parameter.
            level: the probability that the interval covers the truth, 0 < level < 1.
            method: "wald-t", "profile-t", or "auto": Wald where the model is nearly straight
                along this parameter, the profile where it bends.
        """
        from taylored.regression.interval_choice import choose_interval

        check_level(level)
        key = (name, float(level), method)
        if key not in self._intervals:
            self._intervals[key] = choose_interval(self, name, level, method)
        return self._intervals[key]

    @cached_property
    def _intervals(self) -> dict[tuple[str, float, str], Interval]:
        return {}

    @cached_property
    def bend(self) -> dict[str, float]:
        """The curvature of the model along each parameter, per standard error (0: straight)."""
        return self._by_name(self._bends[0], 0.0)

    @cached_property
    def jumps(self) -> tuple[str, ...]:
        """The free parameters that move a jump, or a kink written with a condition."""
        program = self.setup.traces.program
        if program is None:
            return ()
        first = len(self.setup.model.columns)
        moved = {self.setup.names[n - first] for n in reaching(program, JUMPS) if n >= first}
        return tuple(n for n in self.setup.free_names if n in moved)

    @cached_property
    def contradicted(self) -> str:
        """What in the data speaks against the model, in one sentence; empty where nothing does."""
        return contradiction_of(self)

    @cached_property
    def intrinsic_bend(self) -> float:
        """The largest curvature that no change of parameters removes: what limits the bands."""
        return float(self._bends[1].max(initial=0.0))

    @cached_property
    def _bends(self) -> tuple[np.ndarray, np.ndarray]:
        curvature = self.solution.curvature
        if curvature is None or not np.isfinite(self.scale):
            nothing = np.zeros(len(self.setup.params.free))
            return nothing, nothing
        with np.errstate(all="ignore"):
            return bends(
                self.setup.problem, self.solution.point, curvature.inverse, curvature.moving,
                self.scale,
            )  # fmt: skip

    def quantile(self, level: float) -> float:
        """Student's t (or the normal law, sigma being absolute) for a two-sided level."""
        return two_sided_quantile(level, np.inf if self.absolute_sigma else self.dof)

    def predict(self, x: Any = None, level: float = 0.95, kind: str = "confidence") -> Prediction:
        """The fitted curve with its band.

        Args:
            x: new data, like those of the fit (default: those of the fit).
            level: of the band, 0 < level < 1.
            kind: "confidence" (where the curve is) or "prediction" (where a new point falls).
        """
        check_level(level)
        return predict(self, x, level, kind)

    # ---- verdict ----

    @cached_property
    def usable(self) -> bool:
        """Whether the estimates may be used: a determined, strict minimum of the cost."""
        return not any(f.severity == "error" for f in self._decisive)

    @cached_property
    def _decisive(self) -> tuple[Finding, ...]:
        return findings_of(self, decisive=True)

    @cached_property
    def warnings(self) -> tuple[Finding, ...]:
        """All findings, the most important first."""
        return findings_of(self, decisive=False)

    @cached_property
    def status(self) -> str:
        """The verdict in one sentence."""
        return status_of(self)

    @property
    def accuracy(self) -> Accuracy:
        """The kind of the statement about the estimates."""
        if not self.usable or (self.dof <= 0 and not self.absolute_sigma):
            return Accuracy.UNKNOWN
        doubtful = self.jumps or self.contradicted
        return Accuracy.ESTIMATED if doubtful else Accuracy.CALIBRATED

    @cached_property
    def undetermined(self) -> identify.Undetermined | None:
        """What the data leave open; None where every parameter is determined."""
        if self.solution.curvature is not None or not self.solution.point.finite:
            return None
        with np.errstate(all="ignore"):
            return identify.undetermined(self.setup, self.solution.point)

    # ---- elsewhere ----

    @property
    def sources(self) -> tuple[str, ...]:
        """The papers behind the methods of this fit."""
        found = ["J. J. More, The Levenberg-Marquardt algorithm (1978)"]
        if self.setup.linear.any():
            found.append("L. Kaufman, A variable projection method, BIT 15 (1975)")
        if self.solution.arithmetic is Arithmetic.DOUBLED:
            found = ["A. Bjorck, Solving linear least squares by Gram-Schmidt, BIT 7 (1967)"]
        return (*found, "D. Bates and D. Watts, Nonlinear Regression Analysis (1988)")

    def report(self, level: float = 0.95) -> str:
        """The table of results with the verdict, as text for a terminal or a page."""
        return _above("taylored.report.text").fit_report(self, level)

    def to_dict(self, level: float = 0.95) -> dict[str, Any]:
        """All results as plain numbers, strings and lists (JSON)."""
        return _above("taylored.report.document").fit_document(self, level)

    def save(self, path: str | Path) -> None:
        """Write the fit to a JSON file that `taylored.load` reads back."""
        from taylored.regression.store import save

        save(self, path)

    def plot(self, ax: Any = None, level: float = 0.95) -> Any:
        """Draw data, curve, bands and residuals; returns the axes."""
        return _above("taylored.plot.fit").plot_fit(self, ax, level)

    def plot_profile(self, name: str, ax: Any = None, level: float = 0.95) -> Any:
        """Draw the profile of one parameter; returns the axes."""
        return _above("taylored.plot.profile").plot_profile(self, name, ax, level)

    def plot_contours(self, first: str, second: str, ax: Any = None) -> Any:
        """Draw the joint confidence regions of two parameters; returns the axes."""
        return _above("taylored.plot.contours").plot_contours(self, first, second, ax)

    def profile(self, name: str) -> Profile:
        """The profile of one free parameter, for intervals and pictures."""
        from taylored.regression.interval_choice import profile_of

        return profile_of(self, name)

    def __repr__(self) -> str:
        return _above("taylored.report.text").fit_line(self)

    def _repr_html_(self) -> str:
        return _above("taylored.report.html").fit_html(self)


def _above(module: str) -> Any:
    """A module of a higher layer, looked up when called: results render themselves there."""
    return importlib.import_module(module)
