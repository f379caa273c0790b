"""What a solution is called, in one word and in one sentence, and what the reader must know."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from taylored.optimize.nlp import NonlinearProgram
from taylored.optimize.solve import Solution
from taylored.results import Finding

__all__ = ["findings", "kind_of", "sentence"]

_LIMITS = {
    "callback": "stopped by the callback",
    "time": "stopped at the time limit",
    "evaluations": "stopped at the limit of evaluations",
    "iterations": "stopped at the limit of iterations",
    "interrupted": "interrupted",
}


_WHY = {"given": "it is the point given", "converged": "rounding allows no further progress"}


def kind_of(solution: Solution) -> str:
    """What the point is; the solver's own word counts only where there is no such point."""
    known, end = solution.certificate, solution.answer.end
    if end == "unbounded":
        return "unbounded"
    if end == "undefined" or not np.isfinite(known.value):
        return "undefined"
    return known.kind


def sentence(program: NonlinearProgram, solution: Solution, kind: str) -> str:
    """The verdict."""
    known, answer = solution.certificate, solution.answer
    stopped = _LIMITS.get(answer.end, "")
    first = "exactly first-order"
    if known.kkt > 0.0:
        where = "relative to its own size" if solution.own_units else "in the units given"
        first = f"first-order to {known.kkt:.1e} {where}"
    if kind == "minimum":
        vertex = known.inertia is not None and sum(known.inertia) == 0
        why = "constraints hold every variable" if vertex else "the curvature is positive"
        return f"Local minimum {known.value:.10g}: {first}, and {why}."
    if kind == "flat":
        return f"First-order point {known.value:.10g}. {known.sentence}"
    if kind in ("saddle", "maximum"):
        return f"A {kind}, not a minimum: {first}, but the objective falls from there."
    if kind == "unbounded":
        return f"Unbounded: the objective falls below {known.value:.3g} and goes on falling."
    if kind == "undefined":
        why = answer.message.rstrip(".") or "the functions are not defined at the start"
        return f"No solution: {why}."
    if kind == "infeasible":
        names = _listed([program.constraint_names[k] for k in answer.conflict])
        if answer.end == "infeasible" and names:
            several = len(answer.conflict) + len(answer.bounds) > 1
            return (
                f"Infeasible near here: {names} cannot hold{' together' if several else ''}; the "
                f"point reached violates {'them' if several else 'it'} by {known.violation:.3g}."
            )
        why = stopped or "the solver found no point that satisfies them"
        return f"Constraints not satisfied: violated by {known.violation:.3g}; {why}."
    why = stopped or _WHY.get(answer.end, "no further progress was possible")
    return f"Not a minimum: the first-order residual is {known.kkt:.1e}; {why}."


def _listed(names: Sequence[str], most: int = 5) -> str:
    names = list(names)
    shown = names[:most]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    if len(shown) > 1 and not more:
        return f"{', '.join(shown[:-1])} and {shown[-1]}"
    return ", ".join(shown) + more


def findings(program: NonlinearProgram, solution: Solution, kind: str) -> list[Finding]:
    """What the reader must know beside the verdict."""
    answer, known = solution.answer, solution.certificate
    found: list[Finding] = []
    if kind == "unbounded":
        found.append(Finding(
            "unbounded", f"f = {known.value:.3g} at a feasible point, and still falling.",
            "Add bounds or constraints; to maximize, minimize -f.", "error",
        ))  # fmt: skip
    if answer.end == "infeasible":
        names = tuple(program.constraint_names[k] for k in answer.conflict)
        variables = tuple(program.names[int(k)] for k in answer.bounds)
        parts = [p for p in (_listed(names), _of_bounds(variables)) if p]
        found.append(Finding(
            "infeasible", f"In conflict: {' with '.join(parts) or 'the constraints'}.",
            "Relax one of them, or try another start: other points may be feasible.", "error",
            (*names, *variables),
        ))  # fmt: skip
    if answer.end == "undefined":
        found.append(Finding(
            "undefined", answer.message or "The functions are not defined at the start.",
            "Give a start, or bounds, where every function has a finite value.", "error",
        ))  # fmt: skip
    if answer.end in _LIMITS:
        found.append(Finding(
            "stopped", f"The solver was {_LIMITS[answer.end]}; this is the best point so far."
            if answer.end != "interrupted" else "Interrupted; this is the best point so far.",
            "Raise the limit, or start from here.", "warning",
        ))  # fmt: skip
    told = {f.name for f in found}
    if kind in ("unbounded", "undefined"):
        told.add("not-stationary")
    return [*found, *(f for f in known.findings if f.name not in told)]


def _of_bounds(names: Sequence[str]) -> str:
    return f"the bounds of {_listed(names)}" if names else ""
