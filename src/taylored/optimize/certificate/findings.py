"""The verdict in words, and what the reader must know, with the names of what is concerned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from taylored.optimize.certificate.local import Local
from taylored.optimize.certificate.multipliers import Multipliers
from taylored.optimize.certificate.verdict import Verdict
from taylored.results import Finding

__all__ = ["found", "sentence"]

_SHOWN = 6
_ALONG = "Start `ty.minimize` again, a little way along that direction."

_FLAT = {
    "no second derivative": "the second derivatives are not finite here",
    "jump": "the value jumps here, so that derivatives decide nothing",
    "kink": "a derivative jumps here, so that curvature decides nothing",
    "unknown curvature": "the curvature along the constraints could not be computed",
    "no curvature": "in some direction the curvature is zero within rounding",
    "multipliers": "gradients of constraints depend on each other and no multipliers exist",
    "far": "the curvature is so weak that the solution may be far away",
    "changing curvature": "the curvature changes within the distance that the solution may have",
    "negative curvature only past constraints without a force": (
        "the curvature is negative in directions that only constraints without a force close off"
    ),
}


def sentence(local: Local, m: Multipliers | None, verdict: Verdict) -> str:
    """The verdict in one sentence."""
    kind = verdict.kind
    if kind == "undefined" or m is None:
        return f"{_undefined(local)} is not a finite number here."
    if kind == "infeasible":
        return f"The constraints are not met: {_worst(local)}."
    if kind == "not-stationary":
        size = m.kkt
        where = _steepest(local, m)
        return f"The first-order conditions do not hold: a residual of {size:.1e} is left{where}."
    if kind == "minimum":
        free = verdict.inertia is not None and sum(verdict.inertia) == 0
        why = "constraints and bounds hold every variable" if free else "the curvature is positive"
        return f"A strict local minimum: the first-order conditions hold to {m.kkt:.0e}, and {why}."
    if kind == "maximum":
        return "A local maximum: the curvature is negative in every direction."
    if kind == "saddle":
        return "No minimum: the first-order conditions hold, but a direction leads to lower values."
    reason = _FLAT.get(verdict.reasons[0], verdict.reasons[0]) if verdict.reasons else ""
    return f"The first-order conditions hold, but whether this is a minimum is open: {reason}."


def found(
    local: Local, m: Multipliers | None, verdict: Verdict, held: Any
) -> tuple[Finding, ...]:  # fmt: skip
    """Findings, the most severe first."""
    if m is None:
        bad = _undefined(local)
        step = "Start where everything is defined, or give bounds that keep x there."
        return (Finding("undefined", f"{bad} is not a finite number here.", step, "error"),)
    return (*_residuals(local, m, verdict), *_second(verdict), *_constraints(held))


def _residuals(local: Local, m: Multipliers, verdict: Verdict) -> list[Finding]:
    if verdict.kind == "infeasible":
        names = _names(local, np.flatnonzero(_violated(local)))
        step = "Start `ty.minimize` from here, or relax what is violated."
        return [Finding("infeasible", f"{_worst(local)}.", step, "error", names)]
    if verdict.kind != "not-stationary":
        return []
    largest = int(np.argmax(np.abs(m.residual))) if m.residual.size else 0
    names = (str(local.program.names[largest]),)
    message = sentence(local, m, verdict)
    step = "Continue from here, or loosen what stops it."
    if "rounding" in verdict.reasons:
        message += " Rounding of the functions alone leaves as much."
        step = "Divide the objective by its size, or take units in which variables are about 1."
    made = [Finding("not-stationary", message, step, "error", names)]
    if "kink" in verdict.reasons:
        made.append(_kink())
    return made


def _jump(verdict: Verdict) -> Finding:
    lower = ", to lower values" if verdict.kind == "saddle" else ""
    return Finding(
        "jump", f"The value of the objective jumps at this point{lower}.",
        "Minimize each piece by itself, with bounds, and compare.",
    )  # fmt: skip


def _kink() -> Finding:
    return Finding(
        "kink", "A derivative jumps at this point.",
        "Write abs and max with an extra variable and constraints.",
    )  # fmt: skip


def _second(verdict: Verdict) -> list[Finding]:
    if "jump" in verdict.reasons:
        return [_jump(verdict)]
    if verdict.kind == "saddle":
        return [Finding("saddle", "A direction leads to lower values.", _ALONG)]
    if verdict.kind == "maximum":
        step = "If a minimum is wanted, start elsewhere; to maximize f, minimize -f."
        return [Finding("maximum", "This is a maximum, not a minimum.", step)]
    if verdict.kind != "flat":
        return []
    if "kink" in verdict.reasons:
        return [_kink()]
    reason = _FLAT.get(verdict.reasons[0], "") if verdict.reasons else ""
    return [
        Finding(
            "flat", f"{reason[:1].upper()}{reason[1:]}.", "Compare with values around the point."
        )
    ]


def _constraints(known: Any) -> list[Finding]:
    _, relation, dependent, weak = known
    made = []
    if relation.independent is False:
        alone = len(dependent) == 1
        message = (
            f"The gradient of {dependent[0]} is zero here"
            if alone
            else f"The gradients of {_listed(dependent)} depend on each other here"
        )
        step = (
            "Multipliers may not exist: write the constraint so that it has a slope."
            if alone
            else "Remove what says the same twice: multipliers are not unique."
        )
        made.append(Finding("dependent-constraints", f"{message}.", step, "warning", dependent))
    if weak:
        message = f"{_listed(weak)} {'is' if len(weak) == 1 else 'are'} reached without a force."
        made.append(Finding("weakly-active", message, "", "note", weak))
    return made


# ---- names ----


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:_SHOWN])
    if len(names) > _SHOWN:
        return ", ".join(shown) + f" and {len(names) - _SHOWN} more"
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + f" and {shown[-1]}"


def _names(local: Local, rows: np.ndarray) -> tuple[str, ...]:
    return tuple(str(local.program.constraint_names[k]) for k in rows[:_SHOWN])


def _violated(local: Local) -> np.ndarray:
    return local.program.violations(local.x, local.c) > 1e-6


def _worst(local: Local) -> str:
    """The most violated constraint or bound, by name."""
    program = local.program
    violations = program.violations(local.x, local.c)
    outside = np.maximum(-local.gaps[0], -local.gaps[1])
    if violations.max(initial=0.0) >= outside.max(initial=0.0):
        k = int(np.argmax(violations))
        return f"{program.constraint_names[k]} is violated by {violations[k]:.2g}"
    k = int(np.argmax(outside))
    return f"{program.names[k]} is outside its bounds by {outside[k]:.2g}"


def _undefined(local: Local) -> str:
    program = local.program
    if not np.isfinite(local.x).all():
        return str(program.names[int(np.flatnonzero(~np.isfinite(local.x))[0])])
    if not np.isfinite(local.value):
        return "The objective"
    bad = np.flatnonzero(~np.isfinite(local.c))
    if bad.size:
        return str(program.constraint_names[bad[0]])
    steep = np.flatnonzero(~np.isfinite(local.gradient))
    if steep.size:
        return f"The derivative of the objective by {program.names[steep[0]]}"
    entries = local.jacobian if local.dense else local.jacobian.tocoo()
    bad = ~np.isfinite(entries) if local.dense else ~np.isfinite(entries.data)
    row = int(np.argwhere(bad)[0][0]) if local.dense else int(entries.row[np.argmax(bad)])
    return f"A derivative of {program.constraint_names[row]}"


def _steepest(local: Local, m: Multipliers) -> str:
    if m.stationarity < m.complementarity:
        return " in the products of multipliers and slacks"
    k = int(np.argmax(np.abs(m.residual)))
    return f", most by {local.program.names[k]}"
