"""The certificate of a point: what kind of point it is, whoever found it.

It uses nothing but the program and the point: multipliers are recovered, the curvature along the
active constraints is computed, and the surroundings are looked at. "minimum" is said only where
the sufficient conditions hold beyond rounding (Nocedal and Wright, Numerical Optimization, 12.5).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from taylored.optimize.certificate.face import Face, face
from taylored.optimize.certificate.findings import found, sentence
from taylored.optimize.certificate.independence import Independence, independence
from taylored.optimize.certificate.local import Local, at
from taylored.optimize.certificate.multipliers import Multipliers, recovered
from taylored.optimize.certificate.polish import polish
from taylored.optimize.certificate.verdict import FIRST_ORDER, Verdict, judged
from taylored.optimize.nlp import NonlinearProgram
from taylored.results import Finding

__all__ = ["FIRST_ORDER", "Certificate", "certificate", "polish"]

_ENORMOUS = 1e5  # multipliers, relative to the gradient


@dataclass(frozen=True, eq=False, repr=False)
class Certificate:
    """What is known about a point x, in the user's units.

    `violation` is the largest of a constraint or bound; `stationarity` the largest entry of the
    gradient of f + y.c - z_lower.x + z_upper.x; `complementarity` the largest |y.c| or |z.gap|.
    `kkt` is the largest of the violation, and of the other two over max(1, |gradient of f|).

    `inertia` counts positive, zero and negative curvatures along the strictly active constraints.
    `errors`, `multiplier_errors` are estimates, infinite where there is none. `escape` is a
    feasible step to a lower value.
    """

    kind: str
    sentence: str
    value: float
    violation: float
    stationarity: float
    complementarity: float
    kkt: float
    y: np.ndarray
    z_lower: np.ndarray
    z_upper: np.ndarray
    active: np.ndarray
    at_lower: np.ndarray
    at_upper: np.ndarray
    inertia: tuple[int, int, int] | None
    independent: bool | None
    dependent: tuple[str, ...]
    strict: bool
    weak: tuple[str, ...]
    condition: float
    errors: np.ndarray
    multiplier_errors: np.ndarray
    escape: np.ndarray | None
    findings: tuple[Finding, ...]

    @property
    def first_order(self) -> bool:
        """Whether the first-order conditions hold to 1e-6."""
        return self.kkt <= FIRST_ORDER

    def __repr__(self) -> str:
        return f"<Certificate {self.kind}: f = {self.value:.10g}, KKT residual {self.kkt:.1e}>"


def certificate(
    program: NonlinearProgram, x: np.ndarray, hint: np.ndarray | None = None
) -> Certificate:
    """What kind of point x is. `hint` are multipliers, used where they fit no worse."""
    program = program.quietly()
    with np.errstate(all="ignore"):
        local = at(program, np.asarray(x, float))
        if not local.defined or not np.isfinite(local.x).all():
            return _undefined(local)
        multipliers = recovered(local, hint)
        held = face(local, multipliers)
        verdict, relation = judged(local, multipliers, held), independence(local, held)
        if verdict.kind == "minimum" and _runs_away(local, multipliers, relation):
            verdict = replace(verdict, kind="flat", reasons=("multipliers",))
        return _made(local, multipliers, held, (verdict, relation))


def _runs_away(local: Local, m: Multipliers, relation: Independence) -> bool:
    """Whether multipliers grow without bound near x: then none exist at the solution itself."""
    if relation.independent is not False:
        return False
    largest = max(float(np.abs(v).max(initial=0.0)) for v in (m.y, m.z_lower, m.z_upper))
    return largest > _ENORMOUS * max(1.0, float(np.abs(local.gradient).max(initial=0.0)))


def _undefined(local: Local) -> Certificate:
    n, m = local.x.size, local.c.size
    verdict = Verdict("undefined")
    none, nans, off = (), np.full(n, np.nan), np.zeros(n, bool)
    return Certificate(
        "undefined", sentence(local, None, verdict), local.value, np.nan, np.nan, np.nan, np.inf,
        np.full(m, np.nan), nans, nans, np.zeros(m, bool), off, off, None, None, none, True, none,
        np.inf, np.full(n, np.inf), np.full(m, np.inf), None, found(local, None, verdict, None),
    )  # fmt: skip


def _made(
    local: Local, m: Multipliers, held: Face, judgment: tuple[Verdict, Independence]
) -> Certificate:
    verdict, relation = judgment
    program, names = local.program, local.program.names
    dependent = (
        *(program.constraint_names[k] for k in relation.rows),
        *(f"the bound of {names[k]}" for k in relation.variables),
    )
    # What is violated is not merely reached.
    met = program.violations(local.x, local.c) <= FIRST_ORDER
    inside = np.minimum(*local.gaps) >= -FIRST_ORDER
    weak_bounds = np.flatnonzero((held.weak_lower | held.weak_upper) & inside)
    weak = (
        *(program.constraint_names[int(k)] for k in np.flatnonzero(held.weak & met)),
        *(f"the bound of {names[int(k)]}" for k in weak_bounds),
    )
    far = verdict.distance
    # Where the curvature does not decide, it does not say how far the solution is either.
    errors = np.full(local.x.size, np.inf)
    if far is not None and verdict.kind != "flat":
        errors = far.x
    of_y = np.full(local.c.size, np.inf) if far is None else far.y
    if relation.independent is False:
        of_y = of_y.copy()
        of_y[list(relation.rows)] = np.inf
    return Certificate(
        verdict.kind, sentence(local, m, verdict), local.value, local.violation, m.stationarity,
        m.complementarity, max(m.kkt, local.violation), m.y, m.z_lower, m.z_upper, held.active,
        held.at_lower, held.at_upper, verdict.inertia, relation.independent, dependent, held.strict,
        weak, np.inf if far is None else far.condition, errors, of_y, verdict.escape,
        found(local, m, verdict, (held, relation, dependent, weak)),
    )  # fmt: skip
