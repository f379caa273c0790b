"""The result of a fit to data in chunks: a `Fit` without what has one number per row."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.many.big.problem import ChunkedProblem
from taylored.many.big.survey import Survey
from taylored.many.big.verdict import big_contradiction, big_findings, claimed, representative
from taylored.optimize.least_squares import Solution
from taylored.optimize.newton import curvature_at
from taylored.optimize.point import evaluate
from taylored.regression.data import Columns
from taylored.regression.intervals import BENT, bends
from taylored.regression.options import check_level
from taylored.regression.precision import Precision
from taylored.regression.predict import Prediction, near_bound, predict
from taylored.regression.result import Fit
from taylored.regression.setup import Setup, traced_setup
from taylored.results import Accuracy, Finding, Interval

__all__ = ["BigFit", "BigSetup"]


@dataclass(frozen=True, eq=False)
class BigSetup(Setup):
    """The setup of the sample, with the problem of all rows."""

    chunked: ChunkedProblem = None  # type: ignore[assignment]
    survey: Survey = None  # type: ignore[assignment]
    chunks: int = 0

    @classmethod
    def of(
        cls, sample: Setup, columns: Columns, problem: ChunkedProblem, survey: Survey, chunks: int
    ) -> BigSetup:
        """That of a sample; its data stand for all."""
        kept = {f.name: getattr(sample, f.name) for f in fields(Setup)}
        nothing = np.zeros(0)
        facts = survey._replace(keys=nothing, rows=nothing)  # the rows are in the sample
        return cls(**{**kept, "columns": columns}, chunked=problem, survey=facts, chunks=chunks)

    def __reduce__(self) -> tuple[Any, ...]:
        kept = {f.name: getattr(self, f.name) for f in fields(Setup) if f.name != "traces"}
        return _again, (kept, self.chunked, self.survey, self.chunks)

    @cached_property
    def problem(self) -> ChunkedProblem:
        return self.chunked


def _again(kept: dict[str, Any], problem: ChunkedProblem, survey: Survey, chunks: int) -> BigSetup:
    sample = traced_setup(kept)
    return BigSetup.of(sample, sample.columns, problem, survey, chunks)


@dataclass(frozen=True, eq=False, repr=False)
class BigFit(Fit):
    """A model fitted to data in chunks; see `taylored.fit`.

    `setup.data` and `setup.y` are those of a sample of the rows, `sample` is its own fit;
    `bins` are residuals of all rows summed over parts of the range of each input.
    `cost.evaluations` counts passes over the data.
    """

    sample: Fit
    bins: np.ndarray

    setup: BigSetup

    # ---- the sample at the parameters of all rows ----

    @cached_property
    def _view(self) -> tuple[Solution, float] | None:
        """The sample's solution there, and the share of the rows in it; None where singular."""
        problem, theta = self.sample.setup.problem, self.solution.point.theta
        with np.errstate(all="ignore"):
            point = evaluate(problem, theta)
            try:
                curvature = curvature_at(problem, point, ~self.solution.held)
            except np.linalg.LinAlgError:
                return None
        share = len(self.sample.setup.y) / self.points
        found = Solution(point, curvature, 0.0, self.solution.held, True, "sample")
        return (found, share) if point.finite else None

    @cached_property
    def representative(self) -> bool:
        """Whether the sample determines every parameter about as well as its size lets expect."""
        return representative(self.solution.curvature, self._view)

    @cached_property
    def _bends(self) -> tuple[np.ndarray, np.ndarray]:
        """By the sample: the curvature in standard errors shrinks with the root of the points."""
        count = len(self.setup.params.free)
        if self.solution.curvature is None or not np.isfinite(self.scale):
            return np.zeros(count), np.zeros(count)
        if self._view is None:
            return np.full(count, np.inf), np.full(count, np.inf)
        found, share = self._view
        assert found.curvature is not None
        with np.errstate(all="ignore"):
            pair = bends(self.sample.setup.problem, found.point, found.curvature.inverse,
                         found.curvature.moving, self.scale)  # fmt: skip
        return np.sqrt(share) * pair[0], np.sqrt(share) * pair[1]

    @cached_property
    def _precision(self) -> Precision:
        with np.errstate(all="ignore"):
            found = claimed(self.setup, self.solution, self.sample, self._view)
        theta = self.sample.solution.point.theta
        if len(self.setup.y) < self.points or not np.array_equal(theta, self.solution.point.theta):
            return found
        own = self.sample._precision  # the sample holds every row, and its estimates are these
        return Precision(own.errors, own.digits, found.stderr_digits)

    # ---- goodness of fit ----

    @property
    def points(self) -> int:
        """Points used."""
        return self.setup.survey.points

    @property
    def chunks(self) -> int:
        """How many chunks the data came in."""
        return self.setup.chunks

    @property
    def passes(self) -> int:
        """How often all rows were looked at to find the parameters."""
        return self.cost.evaluations

    @cached_property
    def r_squared(self) -> float:
        """The share of the (weighted) scatter of y that the model explains."""
        spread = self.setup.survey.spread
        return 1.0 - self.chi2 / spread if spread > 0 else np.nan

    @property
    def residuals(self) -> np.ndarray:
        """Refused: one number per row."""
        raise _per_row("residuals")

    @property
    def leverage(self) -> np.ndarray:
        """Refused: one number per row."""
        raise _per_row("leverages")

    @property
    def standardized_residuals(self) -> np.ndarray:
        """Refused: one number per row."""
        raise _per_row("standardized residuals")

    # ---- intervals ----

    def interval(self, name: str, level: float = 0.95, method: str = "auto") -> Interval:
        """A confidence interval of one parameter.

        Args:
            name: a free parameter.
            level: the probability that the interval covers the truth, 0 < level < 1.
            method: "auto" and "wald-t": from the standard error, and estimated where the model
                bends within it; "profile-t": some fifty passes over the data.
        """
        check_level(level)
        if method == "profile-t":
            return super().interval(name, level, method)
        free = self.setup.free_names
        if name in free and self.solution.held[free.index(name)]:
            note = "at its bound; method='profile-t' has a one-sided one, from passes over the data"
            return Interval(-np.inf, np.inf, level, "none", Accuracy.UNKNOWN, note)
        found = super().interval(name, level, "wald-t" if method == "auto" else method)
        doubt = self._doubt(name, level) if found.method == "wald-t" else ""
        return replace(found, kind=Accuracy.ESTIMATED, note=doubt) if doubt else found

    def _doubt(self, name: str, level: float) -> str:
        """Why the Wald interval is an estimate; empty where it is as good as the profile."""
        t = self.quantile(level)
        if not self.representative:
            return "the sample says too little about the model's curvature"
        if self.bend[name] * t > BENT:
            return "the model bends within it; method='profile-t' follows, by passes over the data"
        if self.setup.problem.bounded and near_bound(self, t):
            return "a bound lies within the interval of a parameter"
        return ""

    def predict(self, x: Any = None, level: float = 0.95, kind: str = "confidence") -> Prediction:
        """The fitted curve with its band at new data `x`; see `Fit.predict`."""
        check_level(level)
        if x is None:
            raise ArgumentError("A fit to data in chunks keeps no rows to predict at.",
                                next_step="give new data: predict(x).")  # fmt: skip
        found = predict(self, x, level, kind)
        if found.kind is Accuracy.CALIBRATED and not self.representative:
            note = "the sample says too little about the model's curvature"
            return replace(found, kind=Accuracy.ESTIMATED, note=note)
        return found

    # ---- verdict ----

    @cached_property
    def _decisive(self) -> tuple[Finding, ...]:
        return big_findings(self, decisive=True)

    @cached_property
    def contradicted(self) -> str:
        """What in the data speaks against the model, in one sentence; empty where nothing does."""
        return big_contradiction(self)

    @cached_property
    def warnings(self) -> tuple[Finding, ...]:
        """All findings, the most important first."""
        return big_findings(self, decisive=False)

    def examine(self) -> Any:
        """Look at the residuals of all rows, in one more pass: the largest, runs, neighbors."""
        from taylored.many.big.residuals import examine

        return examine(self)

    # ---- elsewhere ----

    @property
    def sources(self) -> tuple[str, ...]:
        """The papers behind the methods of this fit."""
        tsqr = "J. Demmel et al., Communication-optimal QR, SIAM J. Sci. Comput. 34 (2012)"
        return (tsqr, *super().sources)

    def to_dict(self, level: float = 0.95) -> dict[str, Any]:
        """All results as plain numbers, strings and lists (JSON)."""
        return {**super().to_dict(level), "chunks": self.chunks, "passes": self.passes}

    def save(self, path: Any) -> None:
        """Refused: the rows are not at hand."""
        raise ArgumentError("A fit to data in chunks has no rows to save.",
                            next_step="keep to_dict(), or pickle the fit.")  # fmt: skip

    def plot(self, ax: Any = None, level: float = 0.95) -> Any:
        """Draw the curve, and the rows of the sample about it; returns the main axes."""
        drawn = _Drawn(**{f.name: getattr(self, f.name) for f in fields(self)})
        return super(BigFit, drawn).plot(ax, level)


class _Drawn(BigFit):
    """The fit as pictures take it: the rows are those of the sample."""

    @property
    def shown(self) -> str:
        """How many rows there are in a picture, in words."""
        rows = len(self.setup.y)
        return "" if rows == self.points else f"{rows:,} of {self.points:,} rows are shown."

    @cached_property
    def residuals(self) -> np.ndarray:
        """Those of the sample, at the parameters of all rows."""
        with np.errstate(all="ignore"):
            return self.setup.y - self.setup.functions.value(self.solution.point.theta)

    def predict(self, x: Any = None, level: float = 0.95, kind: str = "confidence") -> Prediction:
        return predict(self, x, level, kind) if x is None else super().predict(x, level, kind)


def _per_row(what: str) -> ArgumentError:
    return ArgumentError(
        f"A fit to data in chunks keeps no {what}: they are as many as the rows.",
        next_step="take examine() for the largest, and predict(x) for the curve.",
    )
