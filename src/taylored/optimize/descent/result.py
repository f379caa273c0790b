"""What `descend` returns: the path, where it led, and whether its steps were safe."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.optimize.certify import Certificate
from taylored.optimize.functions.statement import Statement
from taylored.optimize.nlp import NonlinearProgram
from taylored.optimize.result import Cost
from taylored.optimize.watch import Path
from taylored.results import Accuracy, Finding

__all__ = ["Descent"]

_SOURCES = (
    "Y. Nesterov, Lectures on Convex Optimization, 2nd ed. (2018), section 1.2.3 and chapter 2",
    "B. T. Polyak, USSR Comput. Math. Math. Phys. 4 (1964) 1",
)


@dataclass(frozen=True, eq=False, repr=False)
class Descent:
    """The path of gradient descent. See `taylored.descend`, which makes it.

    Attributes:
        x: the last point, in the form of the start.
        value: f there.
        kind: what point it is: "minimum", "flat", "saddle", "maximum", "not-stationary",
            "diverged", "unbounded" or "undefined".
        status: the verdict in one sentence.
        usable: whether the gradient is zero within the tolerance.
        path: the points on the way, thinned where they are many.
        rates: (steps,) the rate of each step.
        safe: whether every step is proved to have lowered f (up to rounding).
        rate_accuracy: how the rates were earned: proved, or unknown where they were given or
            searched for.
        curvature: a bound on the curvature along the path, proved where `safe`; else the largest
            curvature at the end.
        condition: largest over least curvature at the end; nan where there is none.
        factor: by how much the gradient shrank per step at the end, measured.
        predicted: the same from the curvatures at the end.
        end: why it stopped: "converged", "iterations", "diverged", "unbounded", "stalled",
            "callback", "time", "evaluations", "interrupted", "undefined".
    """

    x: Any
    value: float
    kind: str
    status: str
    usable: bool
    path: Path
    rates: np.ndarray
    safe: bool
    rate_accuracy: Accuracy
    curvature: float
    condition: float
    factor: float
    predicted: float
    cost: Cost
    findings: tuple[Finding, ...]
    end: str
    method: str
    certificate: Certificate
    point: np.ndarray
    program: NonlinearProgram
    statement: Statement

    @property
    def rate(self) -> float:
        """The rate of the last step; nan where there was none."""
        return float(self.rates[-1]) if self.rates.size else np.nan

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return self.cost.iterations

    @property
    def names(self) -> Sequence[str]:
        """The names of the variables."""
        return self.statement.names

    @property
    def slope(self) -> float:
        """The largest entry of the gradient at the end, bounds taken into account."""
        return float(self.path.iterates[-1].stationarity) if len(self.path) else np.nan

    @property
    def accuracy(self) -> Accuracy:
        """The kind of the statement about x: estimated, or unknown."""
        known = self._decided and bool(np.all(np.isfinite(self.certificate.errors)))
        return Accuracy.ESTIMATED if known else Accuracy.UNKNOWN

    @property
    def _decided(self) -> bool:
        """Whether the curvature says how far x may be off."""
        return self.usable and self.kind == "minimum"

    @property
    def errors(self) -> Any:
        """Estimated absolute errors of x, in the form of x; nan where nothing can be said."""
        found = np.asarray(self.certificate.errors, float)
        return self.statement.unflatten(found if self._decided else np.full(found.shape, np.nan))

    @property
    def sources(self) -> tuple[str, ...]:
        """The literature behind the method."""
        return _SOURCES

    # ---- elsewhere ----

    def report(self, **look: Any) -> str:
        """The verdict and tables as text."""
        return importlib.import_module("taylored.report.descend").descend_report(self, **look)

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the path on contours (2 variables), and the value at each step."""
        return importlib.import_module("taylored.plot.descend").draw_descend(self, ax, **options)

    def to_dict(self) -> dict[str, Any]:
        """All results as plain numbers, strings and lists (JSON)."""
        return importlib.import_module("taylored.report.descend").descend_document(self)

    def __repr__(self) -> str:
        return f"Descent({self.kind}, value={self.value:.6g}: {self.status})"

    def _repr_html_(self) -> str:
        return importlib.import_module("taylored.report.descend").descend_html(self)
