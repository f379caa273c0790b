"""What a reader of a fit must know: named findings, each with what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from taylored.optimize.least_squares import suspicious
from taylored.regression.intervals import BENT
from taylored.regression.precision import quick_digits
from taylored.regression.search import typical_size
from taylored.regression.statistics import normality_p_value, runs_p_value
from taylored.results import Accuracy, Finding
from taylored.tables import counted

if TYPE_CHECKING:
    from taylored.regression.result import Fit

__all__ = [
    "contradiction_among",
    "contradiction_of",
    "data_findings",
    "findings_of",
    "goodness_findings",
]
__all__ += ["numerics_findings", "outlier_limit", "parameter_findings", "solution_findings"]
__all__ += ["status_of"]

_ORDER = {"error": 0, "warning": 1, "note": 2}
_RARE = 1e-3  # a p-value below this is reported


def findings_of(fit: Fit, decisive: bool) -> tuple[Finding, ...]:
    """The findings, most important first; `decisive`: only those that decide `usable`."""
    with np.errstate(all="ignore"):
        found = [*solution_findings(fit), *numerics_findings(fit)]
        if not decisive:
            found += [*parameter_findings(fit), *goodness_findings(fit)]
            found += [*_residuals(fit), *data_findings(fit)]
    return tuple(sorted(found, key=lambda f: _ORDER[f.severity]))


_CONTRADICTIONS = ("pattern", "poor-fit")  # then no interval keeps what it promises


def contradiction_of(fit: Fit) -> str:
    """What in the data speaks against the model; empty where nothing does."""
    with np.errstate(all="ignore"):
        return contradiction_among([*goodness_findings(fit), *_residuals(fit)])


def contradiction_among(found: Iterable[Finding]) -> str:
    """The first finding that speaks against the model, as a clause."""
    return next((f.message.rstrip(".") for f in found if f.name in _CONTRADICTIONS), "")


def status_of(fit: Fit) -> str:
    """The verdict in one sentence."""
    count = len(fit.setup.params.free)
    size = f"{counted(fit.points, 'point')}, {counted(count, 'parameter')}"
    errors = [f for f in fit._decisive if f.severity == "error"]
    if errors:
        return f"Not usable ({size}): {errors[0].message}"
    warned = [f for f in fit.warnings if f.severity == "warning"]
    spread = f"chi-squared {fit.chi2:.5g} for {_freedom(fit.dof)}"
    claimed = [d for d in (fit.digits[n] for n in fit.setup.free_names) if d >= 1.0]
    digits = int(min(claimed, default=0))
    known = f"numerically right to {digits} digits or more" if digits else "zero to rounding"
    if warned:
        return f"Usable with care ({size}; {spread}; {known}): {warned[0].message}"
    verdict = "Good fit" if fit.dof > 0 else "Exact through the points"
    return f"{verdict}: {size}; {spread}; {known}."


def _freedom(dof: int) -> str:
    return f"{counted(dof, 'degree')} of freedom"


def solution_findings(fit: Fit) -> Iterator[Finding]:
    """Whether a minimum was found, and one only."""
    solution = fit.solution
    if not solution.point.finite:
        yield Finding("not-finite", "the model is not a finite number at any point tried.",
                      "Give another start, or bounds that keep it finite.", "error")  # fmt: skip
        return
    lost = fit.undetermined
    if lost is not None:
        names = tuple(fit.setup.free_names[i] for i in lost.params)
        yield Finding("undetermined", f"{lost.statement}.",
                      f"Fix {'one of ' if len(names) > 1 else ''}{', '.join(names)}, or measure "
                      "where they act apart.", "error", names)  # fmt: skip
        return
    if solution.curvature is None or not solution.converged:
        yield Finding("not-converged", "no point where the cost is stationary was reached.",
                      "Give another start, or bounds; check the model.", "error")  # fmt: skip
    elif solution.curvature.bend <= 1e-10:
        yield Finding("not-a-minimum", "the point found is a saddle or a flat place of the cost, "
                      "not a minimum.", "Give another start, or bounds.", "error")  # fmt: skip
    if fit.automatic and solution.tried > 3 and _poor(fit):
        yield Finding(
            "perhaps-not-the-best", f"{solution.hits} of {solution.tried} starts led here, and "
            "the model explains little or leaves a pattern: a better fit may exist.",
            "Give a start near the expected values, or bounds.", "error",
        )  # fmt: skip


def _poor(fit: Fit) -> bool:
    """Whether the best of the automatic starts is doubtful: rarely reached, and fitting badly."""
    hits, tried = fit.solution.hits, fit.solution.tried
    if hits == 1 and suspicious(fit.solution.point.r) and fit.r_squared < 0.999:
        return True
    return hits < 0.5 * tried and fit.r_squared < 0.5


def numerics_findings(fit: Fit) -> Iterator[Finding]:
    """Parameters that rounding leaves few digits of."""
    solution = fit.solution
    if solution.curvature is None or not solution.converged:
        return
    # The quick bound first: the exact one costs an evaluation in doubled precision. Parameters
    # with six digits have an effect, too.
    if fit.setup.functions.exact and quick_digits(fit.setup, solution) > 6:
        return
    yield from _without_effect(fit)
    for i, name in enumerate(fit.setup.free_names):
        error, stderr = fit.numerical_error[name], fit.stderr[name]
        # A linear parameter may be zero to rounding: then its error moves the curve by nothing.
        moved = error * float(np.linalg.norm(solution.point.rows[i]))
        zero = fit.setup.linear[i] and moved <= 1e-10 * np.sqrt(fit.setup.problem.squares)
        if fit.digits[name] < 4 and not error < 0.1 * stderr and not zero:
            yield Finding(
                "few-digits", f"{name} has only {fit.digits[name]:.0f} correct digits: the "
                "parameters can hardly be told apart.",
                "Scale or center the data, or take a simpler model.", "error", (name,),
            )  # fmt: skip


def _without_effect(fit: Fit) -> Iterator[Finding]:
    """Non-linear parameters of a part of the model that is zero to rounding."""
    point = fit.solution.point
    rounding = 1e-12 * np.sqrt(fit.setup.problem.squares)
    influences = np.sqrt(np.einsum("ij,ij->i", point.rows, point.rows))
    doubtful = ~fit.setup.problem.linear & (influences * np.abs(point.theta) <= rounding)
    lost = [
        fit.setup.free_names[i]
        for i in np.flatnonzero(doubtful).tolist()
        if influences[i] * typical_size(fit.setup, i) <= rounding
    ]
    if lost:
        have, stand = ("has", "it stands") if len(lost) == 1 else ("have", "they stand")
        yield Finding("no-effect", f"{_list(lost)} {have} no effect above rounding: the part of "
                      f"the model {stand} in vanishes.", "Leave that part out.", "error",
                      tuple(lost))  # fmt: skip


def parameter_findings(fit: Fit) -> Iterator[Finding]:
    """What limits the estimates and their errors: bounds, dependence, bends."""
    if fit.jumps:
        yield Finding("jumps", f"the model jumps, or has a kink, where {_list(list(fit.jumps))} "
                      "says: intervals are estimates there.",
                      "Check them by fitting simulated data.", "note", fit.jumps)  # fmt: skip
    at_bound = [fit.setup.free_names[i] for i in np.flatnonzero(fit.solution.held)]
    if at_bound:
        yield Finding(
            "at-bound", f"{_list(at_bound)} {'is' if len(at_bound) == 1 else 'are'} at a bound: "
            "the interval is one-sided, and the other standard errors hold given that value.",
            "Check whether the bound is meant.", "warning", tuple(at_bound),
        )  # fmt: skip
    yield from _dependence(fit)
    if fit.dof <= 0 and not fit.absolute_sigma:
        yield Finding("no-freedom", "as many parameters as points: the scatter, and so every "
                      "standard error, is unknown.", "Measure more points, or give sigma.",
                      "warning")  # fmt: skip
    t = fit.quantile(0.95)
    bent = [n for n in fit.setup.free_names if fit.bend[n] * t > BENT]
    if bent and np.isfinite(t):
        yield Finding(
            "curved", f"the model bends within the intervals of {_list(bent)}: value -+ error "
            "misleads there, and the profile is used.",
            "Quote the interval instead.", "note", tuple(bent),
        )  # fmt: skip
    yield from _limits(fit, bent)
    others = fit.solution.others
    if others and fit.automatic and others[0] < 2.0 * fit.chi2:
        yield Finding("other-minima", f"starts also led to worse minima, the next with "
                      f"chi-squared {fit.solution.others[0]:.4g}.", "", "note")  # fmt: skip
    if fit.solution.elsewhere:
        yield Finding("better-elsewhere", "a better minimum was found away from the start given.",
                      "Compare with search='never' if the one near the start is meant.",
                      "warning")  # fmt: skip
    if not fit.setup.functions.exact:
        yield Finding("differences", "the model cannot be traced "
                      f"({fit.setup.traces.why}), so derivatives are finite differences.",
                      "Write it with numpy or jax.numpy functions for exact ones.",
                      "note")  # fmt: skip


def _limits(fit: Fit, bent: list[str]) -> Iterator[Finding]:
    """Parameters that the data do not bound, and better fits met while looking for bounds."""
    intervals = {n: fit.interval(n) for n in bent if np.isfinite(fit.stderr[n])}
    lost = [n for n, i in intervals.items() if i.kind is Accuracy.UNKNOWN]
    if lost:
        yield Finding("better-nearby", f"{_list(lost)}: {intervals[lost[0]].note}.",
                      "The estimates are not those of the best fit.", "warning",
                      tuple(lost))  # fmt: skip
    open_ended = [n for n, i in intervals.items() if n not in lost and np.isinf([i.lo, i.hi]).any()]
    if open_ended:
        yield Finding("no-limit", f"the data set no limit to {_list(open_ended)} on one side or "
                      "both.", "Fix parameters, or measure over a wider range.", "warning",
                      tuple(open_ended))  # fmt: skip


def _dependence(fit: Fit) -> Iterator[Finding]:
    correlation = fit.correlation
    strong = []
    for i, a in enumerate(fit.setup.names):
        for j in range(i):
            if abs(correlation[i, j]) > 0.99:
                strong.append((abs(correlation[i, j]), correlation[i, j], fit.setup.names[j], a))
    if strong:
        _, size, a, b = max(strong)
        more = f" ({len(strong)} such pairs)" if len(strong) > 1 else ""
        yield Finding("correlated", f"{a} and {b} are correlated by {size:.4f}{more}: each is "
                      "much less certain than a combination of them.",
                      "Use the covariance when combining them.", "note", (a, b))  # fmt: skip


def goodness_findings(fit: Fit) -> Iterator[Finding]:
    """Whether the model explains the data."""
    p = fit.p_value
    if p < _RARE:
        yield Finding("poor-fit", f"chi-squared {fit.chi2:.5g} for {_freedom(fit.dof)} "
                      f"is too large for the sigma given (p = {p:.1g}).",
                      "Check sigma, outliers, and the model.", "warning")  # fmt: skip
    elif p > 1 - _RARE:
        yield Finding("too-good", f"chi-squared {fit.chi2:.5g} for {_freedom(fit.dof)} "
                      f"is too small for the sigma given (p = {p:.4f}).",
                      "Sigma is probably too large.", "warning")  # fmt: skip
    if fit.dof > 0 and len(fit.setup.data) and fit.r_squared < 0.1 and not fit.absolute_sigma:
        yield Finding("explains-little", f"the model explains {max(fit.r_squared, 0):.0%} of the "
                      "scatter of y.", "Compare with a constant.", "warning")  # fmt: skip


def _residuals(fit: Fit) -> Iterator[Finding]:
    if fit.solution.curvature is None or fit.dof < 3:
        return
    r = fit.solution.point.r
    if np.abs(fit.residuals).max() <= 1e-11 * np.abs(fit.setup.y).max():
        return  # what is left is rounding
    order = np.argsort(fit.setup.data[0], kind="stable") if len(fit.setup.data) == 1 else None
    runs = runs_p_value((r if order is None else r[order]) > 0)
    if runs < _RARE:
        yield Finding("pattern", f"the signs of the residuals follow a pattern (p = {runs:.1g}): "
                      "the model misses something, and intervals are too narrow or too wide.",
                      "Plot the residuals; extend the model.", "warning")  # fmt: skip
    standardized = fit.standardized_residuals
    far = np.flatnonzero(np.abs(standardized) > outlier_limit(fit.points))
    if len(far):
        rows = ", ".join(str(fit.setup.columns.row(int(i))) for i in far[:5])
        yield Finding("outliers", f"{len(far)} point{'s' if len(far) > 1 else ''} "
                      f"(row {rows}) {'lie' if len(far) > 1 else 'lies'} farther from the curve "
                      "than chance allows.", "Look at them; do not drop them unseen.",
                      "warning")  # fmt: skip
    else:
        normal = normality_p_value(r)
        if normal < _RARE:
            yield Finding("not-normal", f"the residuals are not normally distributed (p = "
                          f"{normal:.1g}).", "Intervals at high levels may be off.",
                          "note")  # fmt: skip
    heavy = np.flatnonzero(fit.leverage > 1 - 1e-6)
    if len(heavy) and fit.dof > 0:
        rows = ", ".join(str(fit.setup.columns.row(int(i))) for i in heavy[:5])
        yield Finding("leverage", f"row {rows} alone decides part of the fit: the curve must pass "
                      "through it.", "Measure again near it.", "note")  # fmt: skip


def outlier_limit(points: int) -> float:
    """The distance that the largest of so many normal residuals exceeds once in a hundred fits."""
    from scipy.special import ndtri

    return float(-ndtri(0.5 * 0.01 / max(points, 1)))


def data_findings(fit: Fit) -> Iterator[Finding]:
    """What happened to the data before the fit."""
    columns = fit.setup.columns
    if columns.dropped:
        total = columns.total - fit.points
        reasons = "; ".join(f"{d.reason} in {d.count}" for d in columns.dropped)
        yield Finding("dropped", f"{fit.points} of {columns.total} rows used, {total} left out: "
                      f"{reasons}.", "", "note")  # fmt: skip


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
