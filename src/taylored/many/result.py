"""The result of many fits: maps of parameters, their errors and one verdict per fit."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.many.block import Batch, Block
from taylored.many.plan import Plan
from taylored.many.status import MEANINGS, NAMES, Status
from taylored.regression.options import check_level
from taylored.results import Accuracy, Finding

__all__ = ["Intervals", "ManyFits"]


@dataclass(frozen=True, eq=False, slots=True)
class Intervals:
    """Intervals of one parameter, one per fit: `lo` and `hi` have the shape of the fits."""

    lo: np.ndarray
    hi: np.ndarray
    level: float
    method: str
    kind: Accuracy


@dataclass(frozen=True, eq=False)
class ManyFits:
    """What `fit_many` found: arrays over the fits, in the shape that Y had without its points.

    `batch(index)` gives the data of one fit again (None where they are not at hand), for
    `fit(index)`. `units` maps names to units where the data had them; `keys` has the labels of
    each fit where they were made by group, and `warnings` what was noticed about the whole job.
    """

    plan: Plan
    block: Block
    shape: tuple[int, ...]
    batch: Callable[[int], Batch] | None = None
    seconds: float = 0.0
    interrupted: bool = False
    keys: Mapping[str, np.ndarray] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[Finding, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters, in the model's order."""
        return self.plan.names

    @property
    def fits(self) -> int:
        """How many fits there are."""
        return len(self.block)

    def _by_name(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        return {n: row.reshape(self.shape) for n, row in zip(self.names, rows, strict=True)}

    @cached_property
    def params(self) -> dict[str, np.ndarray]:
        """The estimates by name; nan where nothing was found."""
        return self._by_name(self.block.theta)

    @cached_property
    def stderr(self) -> dict[str, np.ndarray]:
        """Standard errors by name: 0 where fixed, nan at a bound, inf where not determined."""
        return self._by_name(self.block.stderr)

    @property
    def chi2(self) -> np.ndarray:
        """The sum of squared residuals, each divided by its sigma where that is given."""
        return self.block.chi2.reshape(self.shape)

    @property
    def dof(self) -> np.ndarray:
        """Degrees of freedom: points used less free parameters (not those at a bound)."""
        return self.block.dof.reshape(self.shape)

    @property
    def points(self) -> np.ndarray:
        """Points used."""
        return self.block.points.reshape(self.shape)

    @property
    def evaluations(self) -> np.ndarray:
        """Evaluations of the model and its derivatives."""
        return self.block.evaluations.reshape(self.shape)

    @cached_property
    def reduced_chi2(self) -> np.ndarray:
        """chi2 / dof; nan without degrees of freedom."""
        with np.errstate(all="ignore"):
            return np.where(self.dof > 0, self.chi2 / self.dof, np.nan)

    @cached_property
    def p_value(self) -> np.ndarray:
        """The probability of a larger chi2 by chance; nan where sigma is not absolute."""
        from scipy.special import gammaincc

        if not self.plan.absolute:
            return np.full(self.shape, np.nan)
        with np.errstate(all="ignore"):
            found = gammaincc(0.5 * self.dof, 0.5 * self.chi2)
        return np.where(self.dof > 0, found, np.nan)

    @property
    def code(self) -> np.ndarray:
        """The verdicts as small integers (int8): positions in `taylored.many.status.NAMES`."""
        return self.block.status.reshape(self.shape)

    @property
    def status(self) -> np.ndarray:
        """The verdicts by name: "ok", "flat", "not-converged", ..."""
        return np.array(NAMES)[self.code]

    @property
    def usable(self) -> np.ndarray:
        """Which fits may be trusted: those whose verdict is "ok"."""
        return self.code == Status.OK

    @property
    def accuracy(self) -> Accuracy:
        """The kind of the standard errors: estimated from the curvature of chi2."""
        return Accuracy.ESTIMATED

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many fits there are of each verdict that occurs, most frequent first."""
        numbers = np.bincount(self.block.status, minlength=len(NAMES))
        order = np.argsort(-numbers, kind="stable")
        return {NAMES[i]: int(numbers[i]) for i in order if numbers[i]}

    def meaning(self, name: str) -> str:
        """What a verdict means, in words."""
        return MEANINGS[Status(NAMES.index(name))]

    def interval(self, name: str, level: float = 0.95, method: str = "wald-t") -> Intervals:
        """Intervals of one parameter, one per fit.

        Args:
            name: a free parameter.
            level: the probability that an interval covers the truth, 0 < level < 1.
            method: "wald-t", from the standard errors, which is at hand; or "profile-t", which
                finds for each fit where chi-squared has grown enough with all else at its best. It
                reads the data again, takes several times as long as the fits did, and holds its
                level where the model bends within the interval; infinite where the data set
                no limit, nan where no fit was found.

        Source: Bates and Watts (1988), section 6.1.
        """
        check_level(level)
        if name not in self.names:
            raise ArgumentError(f"There is no parameter {name!r}.",
                                why=f"the parameters are {', '.join(self.names)}",
                                next_step="use one of these.")  # fmt: skip
        if method == "profile-t":
            from taylored.many.profile import profile_intervals

            lo, hi = profile_intervals(self, name, level)
            return Intervals(lo, hi, level, method, Accuracy.CALIBRATED)
        if method != "wald-t":
            raise ArgumentError(f"The method is {method!r}.",
                                next_step='choose "wald-t" or "profile-t".')  # fmt: skip
        with np.errstate(all="ignore"):
            half = self.quantile(level) * self.stderr[name]
        value = self.params[name]
        return Intervals(value - half, value + half, level, method, Accuracy.ESTIMATED)

    def quantile(self, level: float) -> np.ndarray:
        """By how many standard errors an interval of this level reaches out, per fit."""
        from scipy.special import ndtri, stdtrit

        upper = 0.5 + 0.5 * level
        if self.plan.absolute:
            return np.full(self.shape, ndtri(upper))
        with np.errstate(all="ignore"):
            return np.where(self.dof > 0, stdtrit(self.dof, upper), np.nan)

    def fit(self, index: Any) -> Any:
        """The whole `Fit` of one of them: profile intervals, findings, report, picture.

        Args:
            index: its position; or its key where fits have keys, several of them as a tuple. A
                whole number is always a position.
        """
        from taylored.many.loop import single_fit

        if self.batch is None:
            raise ArgumentError(
                "The data of these fits are not at hand.",
                next_step="fit the row by itself: ty.fit(model, x, Y[index]).",
            )
        flat = self._place(index)
        return single_fit(self.plan, self.batch(flat), 0)

    def _place(self, index: Any) -> int:
        """Where a fit is among all of them, by its position or its key.

        Raises:
            ArgumentError: where there is none.
        """
        if self.keys and not isinstance(index, int | np.integer):
            from taylored.many.keys import place_of

            return place_of(self.keys, index)
        places = np.atleast_1d(index)
        if not self.shape:
            return 0
        if places.dtype.kind not in "iu" or places.shape != (len(self.shape),):
            raise ArgumentError(f"The fit {index!r:.60} is no position.",
                                next_step=f"give whole numbers within {self.shape}.")  # fmt: skip
        last = np.array(self.shape)
        if ((places < -last) | (places >= last)).any():
            raise ArgumentError(f"There is no fit {index!r:.60}.",
                                why=f"the fits have the shape {self.shape}",
                                next_step="count from 0.")  # fmt: skip
        return int(np.ravel_multi_index(tuple(places % last), self.shape))

    def to_table(self) -> dict[str, np.ndarray]:
        """One row per fit, as columns that pandas.DataFrame and polars.DataFrame take.

        The keys of the groups, or the positions `dim_0`, `dim_1`, ...; estimates, standard errors
        (`tau_stderr`), chi2, dof, points, p_value, status, usable.
        """
        from taylored.many.listed import listed

        return listed(self)

    def report(self) -> Any:
        """How many fits are usable, why the others are not, and the spread of each parameter."""
        return _above("taylored.report.many").many_report(self)

    def plot(self, name: str | None = None, ax: Any = None) -> Any:
        """Draw the map of a parameter (of the first one, without a name); returns the axes."""
        return _above("taylored.plot.many").plot_map(self, name, ax)

    def plot_quality(self, ax: Any = None) -> Any:
        """Draw which fits are usable, and why the others are not; returns the axes."""
        return _above("taylored.plot.many").plot_quality(self, ax)

    def to_dict(self) -> Mapping[str, Any]:
        """Everything as one document of plain numbers and lists."""
        return _above("taylored.report.many").many_document(self)

    def __repr__(self) -> str:
        return _above("taylored.report.many").many_line(self)

    def _repr_html_(self) -> str:
        return _above("taylored.report.many").many_html(self)


def _above(module: str) -> Any:
    """A module of a higher layer, looked up when called: results render themselves there."""
    return importlib.import_module(module)
