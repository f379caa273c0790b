"""What `minimize` returns: a point, what kind of point it is, and how far to trust both."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from taylored.optimize.certificate.prices import Price
from taylored.optimize.certificate.prove import Proof
from taylored.optimize.certify import Certificate
from taylored.optimize.functions.statement import Statement
from taylored.optimize.nlp import NonlinearProgram
from taylored.optimize.watch import Path
from taylored.results import Accuracy, Finding, Interval

__all__ = ["Cost", "Minimum"]


def _leafwise(low: Any, high: Any, join: Callable[[Any, Any], Any]) -> Any:
    """What `join` makes of each pair of leaves, in the form of both."""
    if isinstance(low, Mapping):
        return {k: _leafwise(v, high[k], join) for k, v in low.items()}
    if isinstance(low, list | tuple):
        return type(low)(_leafwise(a, b, join) for a, b in zip(low, high, strict=True))
    return join(low, high)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a solution took: how often f and the constraints, first and second derivatives were
    computed, Hessian-vector products and iterations, from the start that led to x to x itself.

    `elsewhere` counts evaluations of f and the constraints for other starts and the choice among
    them. `seconds` of solving hold everything; `setup_seconds` are those of reading the functions.
    """

    evaluations: int
    gradients: int
    hessians: int
    products: int
    iterations: int
    seconds: float
    setup_seconds: float
    elsewhere: int = 0


@dataclass(frozen=True, eq=False, repr=False)
class Minimum:
    """A point found by `minimize`, certified without the solver.

    Attributes:
        x: the point, in the form of the start.
        value: the objective there.
        kind: "minimum" (first-order, with positive curvature beyond rounding), "flat" (first-order,
            but second derivatives do not decide), "saddle", "maximum", "not-stationary",
            "infeasible", "unbounded" or "undefined".
        multipliers: by the name of the constraint, and "lower", "upper" for bounds (in the form of
            x). The Lagrangian is f + sum(y*c) - lower*(x - lo) + upper*(x - hi).
        status: the verdict in one sentence.
        usable: whether it is a "minimum" or "flat".
        certificate: residuals, activity, inertia, conditioning, in the user's units.
        path: the points on the way; `path.x` (points, variables).
        cost: evaluations, iterations and seconds.
        end: why the solver stopped.
        others: other minima found from other starts, (value, x), lowest first.
    """

    x: Any
    value: float
    kind: str
    multipliers: Mapping[str, Any]
    status: str
    usable: bool
    certificate: Certificate
    path: Path
    cost: Cost
    findings: tuple[Finding, ...]
    end: str
    method: str
    point: np.ndarray
    program: NonlinearProgram
    statement: Statement
    others: tuple[tuple[float, Any], ...] = ()

    @property
    def kkt(self) -> float:
        """The largest of relative stationarity, violation and relative complementarity."""
        return self.certificate.kkt

    @property
    def names(self) -> Sequence[str]:
        """The names of the variables."""
        return self.statement.names

    # ---- how far to trust it ----

    @cached_property
    def proof(self) -> Proof:
        """Whether a strict local minimum is proved to lie nearby, and where; made when asked."""
        from taylored.optimize.certificate.prove import prove

        return prove(self.program.quietly(), self.point, self.certificate)

    @property
    def accuracy(self) -> Accuracy:
        """The kind of the statement about x: proved, estimated or unknown."""
        if self.proof.accuracy is Accuracy.PROVED:
            return Accuracy.PROVED
        known = self.usable and bool(np.all(np.isfinite(self.certificate.errors)))
        return Accuracy.ESTIMATED if known else Accuracy.UNKNOWN

    @property
    def errors(self) -> Any:
        """Estimated absolute errors of x, in the form of x; nan where nothing can be said."""
        return self.statement.unflatten(np.asarray(self.certificate.errors, float))

    @property
    def digits(self) -> Any:
        """Right decimal digits of x by those errors, in the form of x, at most 15.95."""
        with np.errstate(all="ignore"):
            found = np.log10(np.maximum(np.abs(self.point), 1e-300) / self.certificate.errors)
        found = np.where(self.certificate.errors == 0, 15.95, found)
        return self.statement.unflatten(np.clip(np.nan_to_num(found, nan=0.0), 0.0, 15.95))

    @property
    def enclosure(self) -> Any:
        """Intervals proved to hold a strict local minimum, in the form of x; None without proof.

        Of an array there is one `Interval`, whose ends are arrays.
        """
        proof = self.proof
        if proof.low is None or proof.high is None:
            return None
        low, high = (self.statement.unflatten(v) for v in (proof.low, proof.high))
        about = (None, proof.method, proof.accuracy, proof.note)
        return _leafwise(low, high, lambda a, b: Interval(a, b, *about))

    @cached_property
    def prices(self) -> tuple[Price, ...]:
        """What each active constraint and bound costs, verified by solving again; when asked."""
        from taylored.optimize.certificate.prices import prices
        from taylored.optimize.solve import resolver

        return prices(self.program.quietly(), self.point, self.certificate, resolver)

    # ---- elsewhere ----

    def report(self, **look: Any) -> str:
        """The verdict and tables as text."""
        return importlib.import_module("taylored.report.minimum").minimum_report(self, **look)

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the path on contours of the objective (2 variables), and its convergence."""
        return importlib.import_module("taylored.plot.minimum").plot_minimum(self, ax, **options)

    def to_dict(self) -> dict[str, Any]:
        """All results as plain numbers, strings and lists (JSON)."""
        return importlib.import_module("taylored.report.minimum").minimum_document(self)

    def __repr__(self) -> str:
        return f"Minimum({self.kind}, value={self.value:.6g}: {self.status})"

    def _repr_html_(self) -> str:
        return importlib.import_module("taylored.report.minimum").minimum_html(self)
