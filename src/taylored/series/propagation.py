"""The result of `propagate`: mean and standard deviation of f with their errors."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from taylored.results import Accuracy, Finding, Interval
from taylored.series.function import Target
from taylored.series.spread import Spread, correlations

__all__ = ["Neglected", "Propagation"]

_SIGMAS = 3.0
_SOURCES = (
    "BIPM, Guide to the expression of uncertainty in measurement, JCGM 100:2008 and 101:2008",
    "A. B. Owen, Monte Carlo theory, methods and examples (2013), ch. 15 to 17",
)


@dataclass(frozen=True, slots=True)
class Neglected:
    """What linearization leaves out: of the mean (f(mean) is taken for it), and of the std."""

    mean: Any
    std: Any


@dataclass(frozen=True, eq=False, repr=False)
class Propagation:
    """Uncertainty through a function. See `taylored.propagate`, which makes it.

    Attributes ending in `_flat` are arrays (outputs,); those without have the form of the output.
    """

    target: Target
    f: Any
    at: Any
    point: np.ndarray
    spread: Spread
    value_flat: np.ndarray
    bias_flat: np.ndarray
    std_flat: np.ndarray
    bias_error_flat: np.ndarray
    std_error_flat: np.ndarray
    gradient: np.ndarray | None
    correlation: np.ndarray | None
    methods: tuple[str, ...]
    findings: tuple[Finding, ...]

    def _shaped(self, flat: np.ndarray) -> Any:
        return self.target.output(flat)

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs in the order of `cov`."""
        return self.target.names

    # ---- moments ----

    @property
    def value(self) -> Any:
        """f(mean)."""
        return self._shaped(self.value_flat)

    @property
    def bias(self) -> Any:
        """E f - f(mean): what f's curvature adds to its mean."""
        return self._shaped(self.bias_flat)

    @property
    def mean(self) -> Any:
        """E f = value + bias."""
        return self._shaped(self.value_flat + self.bias_flat)

    @property
    def std(self) -> Any:
        """The standard deviation of f."""
        return self._shaped(self.std_flat)

    @property
    def bias_error(self) -> Any:
        """How far `bias` (and `mean`) may be off."""
        return self._shaped(self.bias_error_flat)

    @property
    def std_error(self) -> Any:
        """How far `std` may be off."""
        return self._shaped(self.std_error_flat)

    @cached_property
    def cov(self) -> np.ndarray:
        """(outputs, outputs) covariance matrix of the outputs.

        Its diagonal is `std` squared; of very many outputs correlations are of first order.
        """
        if not self.usable:
            return np.full((len(self.std_flat),) * 2, np.nan)
        if self.correlation is not None:
            correlation = self.correlation
        else:
            correlation = correlations(self.first_order_cov)
        return correlation * np.outer(self.std_flat, self.std_flat)

    # ---- first order ----

    @cached_property
    def first_order_cov(self) -> np.ndarray:
        """(outputs, outputs) J S J^T; nan where f has no derivative at the mean."""
        if self.gradient is None:
            return np.full((len(self.value_flat),) * 2, np.nan)
        pulled = self.spread.pulled(self.gradient)
        return pulled @ pulled.T

    @cached_property
    def first_order_flat(self) -> np.ndarray:
        """(outputs,) `first_order_std`."""
        if self.gradient is None:
            return np.full(len(self.value_flat), np.nan)
        return np.linalg.norm(self.spread.pulled(self.gradient), axis=1)

    @property
    def first_order_std(self) -> Any:
        """(g^T S g)**0.5, what linearization gives; nan where f has no derivative at the mean."""
        return self._shaped(self.first_order_flat)

    @property
    def neglected(self) -> Neglected:
        """What linearization leaves out: `.mean` = bias, `.std` = std - first_order_std."""
        return Neglected(self.bias, self._shaped(self.std_flat - self.first_order_flat))

    @cached_property
    def contributions(self) -> dict[str, Any]:
        """The share of each input in the first-order variance, by name; they sum to 1.

        With correlated inputs it is g_i (S g)_i / (g^T S g), which may be negative. nan where the
        first-order variance is zero or f has no derivative. Arrays (outputs,) for several outputs.
        """
        shares = self.shares_flat
        single = shares.shape[0] == 1
        return {
            name: float(shares[0, k]) if single else shares[:, k]
            for k, name in enumerate(self.names)
        }

    @cached_property
    def shares_flat(self) -> np.ndarray:
        """(outputs, inputs) `contributions`."""
        if self.gradient is None:
            return np.full((len(self.value_flat), len(self.names)), np.nan)
        scale = np.where(self.first_order_flat > 0, self.first_order_flat, np.nan)[:, None]
        unit = self.gradient / scale
        return unit * self.spread.covered(unit)

    @cached_property
    def linearization(self) -> Interval:
        """An interval that holds f(x) - f(mean) - g^T (x - mean) within 3 std of each input.

        Proved; where it cannot be, infinite and of unknown accuracy, with the reason in `note`.
        With several outputs its ends are arrays (outputs,).
        """
        from taylored.errors import TayloredError
        from taylored.series.enclosed import Settings, expansion, proved_remainder
        from taylored.series.refusals import refuse

        settings = Settings()
        sides = np.stack([_SIGMAS * self.spread.std] * 2)
        note = "within 3 standard deviations of each input"
        try:
            made = expansion(self.target, self.point, 1, settings)
            enclosed = proved_remainder(made, sides, settings)
            if not enclosed.proved:
                raise refuse(made, sides, settings, enclosed)
        except TayloredError as error:
            why = error.why or error.what
            return Interval(-np.inf, np.inf, None, "none", Accuracy.UNKNOWN, f"{note}: {why}")
        low, high = enclosed.low, enclosed.high
        one = len(low) == 1
        ends = (float(low[0]), float(high[0])) if one else (low, high)
        return Interval(*ends, None, "Taylor-Peano, intervals", settings.kind, note)

    # ---- accuracy ----

    @property
    def accuracy(self) -> Accuracy:
        """Of mean and standard deviation: estimated, or unknown with a finding that says why."""
        finite = np.all(np.isfinite(self.std_error_flat)) and np.all(
            np.isfinite(self.bias_error_flat)
        )
        return Accuracy.ESTIMATED if finite else Accuracy.UNKNOWN

    @property
    def usable(self) -> bool:
        """Whether mean and standard deviation are given."""
        return self.accuracy is not Accuracy.UNKNOWN

    @property
    def status(self) -> str:
        """The verdict in one sentence."""
        return importlib.import_module("taylored.report.propagate").verdict(self)

    @property
    def sources(self) -> tuple[str, ...]:
        """The literature behind the method."""
        return _SOURCES

    # ---- elsewhere ----

    def report(self, **options: Any) -> str:
        """Mean, standard deviation, what linearization neglects and who contributes, as text.

        Options: `width` in characters, `color`, `unicode`.
        """
        module = importlib.import_module("taylored.report.propagate")
        return module.propagation_report(self, **options)

    def to_dict(self) -> dict[str, Any]:
        """All results as plain numbers, strings and lists (JSON)."""
        return importlib.import_module("taylored.report.propagate").propagation_document(self)

    def __repr__(self) -> str:
        return importlib.import_module("taylored.report.propagate").propagation_line(self)
