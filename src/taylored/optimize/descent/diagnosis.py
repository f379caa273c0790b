"""What a path of gradient descent says about its rate: too large, too small, or just right."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, log

import numpy as np

from taylored.optimize.descent.family import Plan, Trace
from taylored.optimize.watch import Path
from taylored.results import Finding

__all__ = ["Convergence", "convergence", "findings", "sentence"]

_STOPPED = {
    "callback": "stopped by the callback",
    "time": "stopped at the time limit",
    "evaluations": "stopped at the limit of evaluations",
    "interrupted": "interrupted",
}


@dataclass(frozen=True, slots=True)
class Convergence:
    """Curvatures at the end and the factor by which the gradient shrinks in a step.

    `limit` is the rate above which steps grow.
    """

    least: float
    largest: float
    factor: float
    predicted: float
    limit: float

    @property
    def condition(self) -> float:
        if not self.least > 1e-14 * self.largest:
            return np.nan
        return self.largest / self.least


def convergence(
    path: Path, curvatures: tuple[float, float], plan: Plan, rate: float
) -> Convergence:
    """Measured from the path, and predicted from the curvatures for the last rate."""
    least, largest = curvatures
    momentum = plan.momentum
    scale = (1.0 + momentum) / (1.0 + 2.0 * momentum) if plan.nesterov else 1.0 + momentum
    limit = 2.0 * scale / largest if largest > 0 else np.inf
    predicted = np.nan
    steady = not (plan.nesterov and momentum == 0.0)  # Nesterov's sequence has no constant factor
    if steady and isfinite(least) and isfinite(rate):
        predicted = max(_factor(plan, rate * w) for w in np.linspace(least, largest, 65))
    return Convergence(least, largest, _measured(path), predicted, limit)


def _factor(plan: Plan, step: float) -> float:
    """The largest root of the recurrence along one eigenvector, `step` = rate*curvature."""
    momentum = plan.momentum
    if plan.nesterov:
        roots = np.roots([1.0, -(1.0 + momentum) * (1.0 - step), momentum * (1.0 - step)])
    else:
        roots = np.roots([1.0, step - 1.0 - momentum, momentum])
    return float(np.abs(roots).max())


def _measured(path: Path) -> float:
    """The geometric mean over the second half of the path."""
    sizes, numbers = path.column("stationarity"), path.numbers
    usable = np.flatnonzero((sizes > 0) & np.isfinite(sizes))
    if usable.size < 3:
        return np.nan
    last = usable[-1]
    first = usable[np.searchsorted(numbers[usable], 0.5 * numbers[last])]
    steps = numbers[last] - numbers[first]
    return float((sizes[last] / sizes[first]) ** (1.0 / steps)) if steps > 0 else np.nan


def findings(end: str, plan: Plan, trace: Trace, known: Convergence, slope: float) -> list[Finding]:
    """What the reader must know about the rate and the path."""
    found = [*_of_rate(plan, trace, known)]
    rate = trace.rates[-1] if trace.rates else np.nan
    if end == "diverged":
        found.insert(0, _diverged(plan, known, rate))
    elif end == "unbounded":
        found.insert(0, Finding(
            "unbounded", "The function falls without end along the path.",
            "Add bounds; to maximize, descend on -f.", "error",
        ))  # fmt: skip
    elif end == "iterations":
        found.insert(0, _slow(plan, known, rate, slope))
    elif end == "stalled":
        found.insert(0, Finding(
            "stalled", f"No step lowers f, yet the gradient is {slope:.2g}: f has a kink there, or "
            "rounding hides its slope.", "Look at f near the last point.", "warning",
        ))  # fmt: skip
    elif end in _STOPPED:
        found.insert(
            0,
            Finding(
                "stopped",
                f"The descent was {_STOPPED[end]}.",
                "Start from the last point.",
                "warning",
            ),
        )
    steps = max(1, len(trace.rates))
    if steps >= 6 and trace.zigzags > 0.6 * steps and end != "diverged":
        found.append(_zigzag(plan, known, rate, trace.zigzags / steps))
    return found


def _of_rate(plan: Plan, trace: Trace, known: Convergence) -> list[Finding]:
    if not trace.rates:
        return []
    if trace.proved:
        low, high = min(trace.rates), max(trace.rates)
        shown = f"{low:.4g}" if high <= 1.0005 * low else f"{low:.4g} to {high:.4g}"
        return [Finding(
            "rate-proved", f"Every step is proved to lower f by at least rate/2*|gradient|^2, up "
            f"to rounding: rates {shown}, from bounds on the second derivatives.", "", "note",
        )]  # fmt: skip
    if plan.rate is None and not plan.line_search and trace.why:
        return [Finding(
            "rate-not-proved", f"No safe rate could be proved: {trace.why}. A line search chose "
            "the rates.", "Nothing is claimed of them but that f fell.", "warning",
        )]  # fmt: skip
    if plan.rate is None and not plan.line_search:
        return [Finding(
            "momentum-not-monotone", "The rates are 1/L with L proved, but with momentum f may "
            "rise in between.", "", "note",
        )]  # fmt: skip
    return []


def _diverged(plan: Plan, known: Convergence, rate: float) -> Finding:
    if isfinite(known.limit) and rate > known.limit:
        return Finding(
            "diverged", f"The rate {rate:.4g} is above {known.limit:.4g}, where steps begin to "
            f"grow (2/L with the largest curvature L = {known.largest:.4g}"
            + (", with momentum)." if plan.momentum else ")."),
            f"Leave rate out for one proved safe, or take at most {0.5 * known.limit:.3g}.",
            "error",
        )  # fmt: skip
    return Finding(
        "diverged", f"The path ran away with rate {rate:.4g}: the curvature grows away from the "
        "best point.", "Leave rate out for one proved safe, or take a smaller one.", "error",
    )  # fmt: skip


def _slow(plan: Plan, known: Convergence, rate: float, slope: float) -> Finding:
    factor = known.factor if 0 < known.factor < 1 else known.predicted
    if isfinite(factor) and 0 < factor < 1 and slope > plan.tolerance:
        more = int(np.ceil(log(plan.tolerance / slope) / log(factor)))
        about = f"about {more:,} more steps are needed"
    else:
        about = "how many more steps are needed cannot be told"
    if not isfinite(known.condition):
        why = "The curvature vanishes or is negative in some direction, and progress is slow"
    else:
        why = f"The curvature differs by a factor {known.condition:.3g} between directions"
        if rate < 0.5 / known.largest:
            why += f", and the rate {rate:.3g} is below 1/L = {1.0 / known.largest:.3g}"
    return Finding(
        "not-converged", f"{why}: {about}.",
        "Raise steps, add momentum, or use minimize, which uses the curvature.", "warning",
    )  # fmt: skip


def _zigzag(plan: Plan, known: Convergence, rate: float, share: float) -> Finding:
    over = f"the rate {rate:.4g} is above 1/L = {1.0 / known.largest:.4g}" if (
        known.largest > 0 and rate * known.largest > 1.0) else "the valley is narrow"  # fmt: skip
    return Finding(
        "oscillates", f"The path overshoots: {100 * share:.0f} % of the steps turned back, because "
        f"{over}.", "A smaller rate or momentum makes the path smoother.", "note",
    )  # fmt: skip


def sentence(end: str, kind: str, value: float, slope: float, *, steps: int, safe: bool) -> str:
    """The verdict."""
    after = f"after {steps:,} step{'s' if steps != 1 else ''}"
    proved = "; every step is proved to go down" if safe else ""
    if end == "undefined":
        return "No path: f or its gradient is not a finite number at the start."
    if end == "diverged":
        return f"Diverges: f is {value:.3g} {after}."
    if end == "unbounded":
        return f"Falls without end: f is {value:.3g} {after}."
    if end == "converged" or kind == "minimum":
        names = {"minimum": "a local minimum", "flat": "a point where second derivatives do not "
                 "decide", "saddle": "a saddle, not a minimum", "maximum": "a maximum"}  # fmt: skip
        return (
            f"Reached {names.get(kind, 'a stationary point')}, f = {value:.10g}, {after}: gradient "
            f"{slope:.1e}{proved}."
        )
    return f"Not there yet: gradient {slope:.2g}, f = {value:.8g} {after}{proved}."
