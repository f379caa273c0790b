"""The verb `descend`."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.optimize.certify import certificate
from taylored.optimize.descent.diagnosis import convergence, findings, sentence
from taylored.optimize.descent.family import Plan, Trace, run
from taylored.optimize.descent.rates import extreme_curvatures
from taylored.optimize.descent.result import Descent
from taylored.optimize.functions.choose import prepared
from taylored.optimize.functions.ends import read_bounds
from taylored.optimize.nlp import NonlinearProgram
from taylored.optimize.options import is_number, read_callback, read_limits
from taylored.optimize.result import Cost
from taylored.optimize.watch import Answer, Iterate, Watch
from taylored.results import Accuracy

__all__ = ["descend"]


def descend(
    f: Any,
    start: Any,
    rate: float | Callable[[int], float] | None = None,
    *,
    momentum: float = 0.0,
    nesterov: bool = False,
    line_search: bool = False,
    bounds: Any = None,
    steps: int = 1000,
    tolerance: float = 1e-8,
    callback: Callable[[Iterate], Any] | None = None,
    max_seconds: float | None = None,
    executor: str = "auto",
) -> Descent:
    """Gradient descent with its whole path: x - rate*gradient, again and again.

    Without a rate each step takes one that is proved safe, 1/L with L >= |Hessian| around the step:
    then f falls by at least rate/2*|gradient|^2.

    Args:
        f: a formula ("x^2 + 10*y^2"), or a function that returns one number, as for `minimize`.
        start: where to begin: what f takes.
        rate: of all steps, or a function of the step's number; None for a proved one. Where
            nothing can be proved a line search is used, and `findings` says why.
        momentum: the share of the last step that is added to the next, in [0, 1).
        nesterov: take the gradient ahead of the step; without momentum by Nesterov's sequence.
        line_search: try rates until f falls enough.
        bounds: as for `minimize`; points are put back onto them.
        steps: how many at most.
        tolerance: the gradient at which to stop.
        callback: called with every point; returning True stops.
        max_seconds: a limit on the time.
        executor: "auto", "numpy" or "xla", as for `minimize`.

    Returns:
        A `Descent`: `x`, `value`, `kind`, `path`, `rates`, `safe`, `factor` and `predicted`
        (how fast it converged and should have), `status`, `findings`.

    Numerical error:
        `errors` estimates the error of x from gradient and curvature. `safe` is proved for the
        exact function, up to the rounding of one step.

    Raises:
        ArgumentError, BoundsError: for arguments that do not fit.
        FormulaError, FunctionError: where f cannot be read.

    Example:
        >>> import taylored as ty
        >>> d = ty.descend("x^2 + 5*y^2", {"x": 3.0, "y": 1.0})
        >>> d.safe, d.kind, round(d.rate, 6)
        (True, 'minimum', 0.1)

    Source: Nesterov, Lectures on Convex Optimization (2018); Polyak (1964).
    """
    plan = _plan(rate, momentum, nesterov, line_search, tolerance)
    limits = read_limits(("steps", steps), None, max_seconds)
    statement, point, functions, setup = prepared(f, [], start, executor)
    lower, upper = read_bounds(bounds, statement)
    program = NonlinearProgram(
        functions, lower, upper, statement.equality, statement.names, statement.constraint_names
    )
    watch = Watch(program.work, limits, read_callback(callback))
    began = time.perf_counter()
    answer, trace = _descended(program, point, watch, plan)
    seconds = (time.perf_counter() - began, setup)
    return _assembled(answer, trace, plan, (program, statement, watch), seconds)


def _descended(
    program: NonlinearProgram, point: np.ndarray, watch: Watch, plan: Plan
) -> tuple[Answer, Trace]:
    try:
        return run(program, point, watch, plan)
    except KeyboardInterrupt:
        best = watch.best
        return Answer(point if best is None else best.x, None, "interrupted"), Trace()


def _plan(rate: Any, momentum: Any, nesterov: bool, line_search: bool, tolerance: Any) -> Plan:
    if not is_number(momentum) or not 0.0 <= momentum < 1.0:
        raise ArgumentError(f"momentum is {momentum!r}.", next_step="give a number from 0 to 0.99.")
    if not is_number(tolerance) or not tolerance >= 0.0:
        raise ArgumentError(f"tolerance is {tolerance!r}.", next_step="give a number such as 1e-8.")
    if line_search and (rate is not None or momentum or nesterov):
        raise ArgumentError(
            "A line search chooses the rate and takes no momentum.",
            next_step="leave rate, momentum and nesterov out, or line_search.",
        )
    if rate is not None and not callable(rate):
        if not is_number(rate) or not 0.0 < rate < np.inf:
            raise ArgumentError(
                f"rate is {rate!r}.",
                next_step="give a positive number, or leave it out for one proved safe.",
            )
        return Plan(
            partial(_fixed, float(rate)), float(momentum), bool(nesterov), False, float(tolerance)
        )
    chosen = None if rate is None else partial(_called, rate)
    return Plan(chosen, float(momentum), bool(nesterov), bool(line_search), float(tolerance))


def _fixed(rate: float, number: int) -> float:
    return rate


def _called(rate: Callable[[int], Any], number: int) -> float:
    """The rate of a step by the user's function."""
    found = rate(number)
    if not is_number(found) or not 0.0 < found < np.inf:
        raise ArgumentError(
            f"rate({number}) is {found!r}.", next_step="let it return a positive number."
        )
    return float(found)


def _assembled(
    answer: Answer, trace: Trace, plan: Plan, parts: tuple, seconds: tuple[float, float]
) -> Descent:
    program, statement, watch = parts
    work = program.work
    cost = Cost(work.values, work.firsts, work.seconds, work.products, work.iterations, *seconds)
    with np.errstate(all="ignore"):
        known = certificate(program.quietly(), answer.x)
        # Where the path ran away its last point says little: the best one shows the curvature.
        best = watch.best if answer.end in ("diverged", "unbounded") else None
        curvatures = extreme_curvatures(program, answer.x if best is None else best.x)
    last = watch.path.iterates[-1]
    rates = np.array(trace.rates)
    found = convergence(watch.path, curvatures, plan, trace.rates[-1] if trace.rates else np.nan)
    kind = answer.end if answer.end in ("diverged", "unbounded", "undefined") else known.kind
    usable = last.stationarity <= plan.tolerance and kind not in ("diverged", "undefined")
    return Descent(
        statement.unflatten(answer.x), last.value, kind,
        sentence(
            answer.end, kind, last.value, last.stationarity,
            steps=work.iterations, safe=trace.proved,
        ),
        bool(usable), watch.path, rates, trace.proved, _earned(trace),
        trace.curvature if trace.proved else max(map(abs, curvatures)),
        found.condition, found.factor, found.predicted, cost,
        tuple(findings(answer.end, plan, trace, found, last.stationarity)), answer.end,
        _method(plan, trace), known, answer.x, program, statement,
    )  # fmt: skip


def _earned(trace: Trace) -> Accuracy:
    """How the rates were earned."""
    if not trace.proved:
        return Accuracy.UNKNOWN
    from taylored.series.enclosed import Settings

    return Settings().kind


def _method(plan: Plan, trace: Trace) -> str:
    """The method in words."""
    if plan.line_search or (plan.rate is None and trace.searched):
        return "gradient descent with a line search"
    rate = "a proved rate" if plan.rate is None else "a given rate"
    if plan.nesterov:
        return f"Nesterov's accelerated gradient descent with {rate}"
    return f"gradient descent with {rate}" + (" and momentum" if plan.momentum else "")
