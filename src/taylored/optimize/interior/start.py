"""From a program and a start to the answer of the interior point method."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from taylored.optimize.interior.barrier import Point, inside, original
from taylored.optimize.interior.condensed import system_for
from taylored.optimize.interior.conflict import conflict, smallest
from taylored.optimize.interior.feasibility import Restoration
from taylored.optimize.interior.method import Method
from taylored.optimize.interior.runaway import fates
from taylored.optimize.interior.scaling import Scaled
from taylored.optimize.nlp import NonlinearProgram
from taylored.optimize.watch import Answer, Limits, Watch

__all__ = ["solve"]

_FIRST_BARRIER = 0.1
_PUSHES = (1e-2, 0.1, 0.3, 1.0)
_LARGE_MULTIPLIER = 1000.0
_RESTARTS, _POOR_FACTOR = 3, 1e-3
_NOT_CONVERGED = 1e4  # times what the user's units ask for
_FEASIBILITY_ITERATIONS = 100
_NO_MATRIX = "the interior point method needs the Hessian as a matrix, of which only products exist"
_USER_FEASIBLE, _USER_OPTIMAL = 1e-8, 1e-7


def solve(
    program: NonlinearProgram, start: np.ndarray, watch: Watch, *, tolerance: float = 1e-8,
    barrier: float | None = None, multipliers: np.ndarray | None = None,
) -> Answer:  # fmt: skip
    """Minimize from a start; `barrier` and `multipliers` tell that it is close to the minimum."""
    with np.errstate(all="ignore"):
        answer = _attempt(
            program, start, watch, tolerance, barrier=barrier, multipliers=multipliers
        )
        if answer.end == "infeasible" and answer.conflict:
            answer = smallest(program, answer, _meets)
        return answer


def _attempt(
    program: NonlinearProgram, start: np.ndarray, watch: Watch, tolerance: float, *,
    barrier: float | None = None, multipliers: np.ndarray | None = None, restarts: int = _RESTARTS,
) -> Answer:  # fmt: skip
    scaled = Scaled(program)
    x = np.asarray(start, float)[scaled.free]
    if program.form == "products":
        return Answer(program_point(scaled, x), None, "stalled", _NO_MATRIX)
    if not scaled.n:
        return _nothing_free(scaled, watch)
    push = None if barrier is None else min(1e-2, max(barrier, 1e-10))
    found = _first_point(scaled, x, push)
    if isinstance(found, str):
        return Answer(program_point(scaled, x), None, "undefined", found)
    mu = _FIRST_BARRIER if barrier is None else barrier
    method = _method(scaled, found, mu, tolerance, multipliers)
    method.note = _noting(scaled, watch)
    if watch.limits.seconds is not None:
        last = watch.started + watch.limits.seconds
        method.directions.expired = lambda: time.perf_counter() >= last
    end = method.run()
    if restarts and _wants_restart(method, end):
        x = program_point(scaled, method.point.v[: scaled.n])
        again = _attempt(program, x, watch, tolerance, restarts=restarts - 1)
        if again.end in ("converged", "unbounded") or end == "stalled":
            return again
    if end == "converged" and _user_error(method) > _NOT_CONVERGED:
        end = "stalled"
    return _answer(scaled, method, end)


def _wants_restart(method: Method, end: str) -> bool:
    """Whether scaling anew may get farther than where the method ended."""
    if end not in ("stalled", "converged") or not method.user_error:
        return False
    if not method.user_error(method) > 1.0:
        return False
    return end == "stalled" or method.barrier.scaled.objective_factor < _POOR_FACTOR


def _meets(program: NonlinearProgram, start: np.ndarray) -> bool | None:
    """Whether a point near the start meets all constraints; None where that is not clear."""
    watch = Watch(program.work, Limits(iterations=_FEASIBILITY_ITERATIONS))
    end = _attempt(program, start, watch, 1e-8).end
    return True if end == "converged" else False if end == "infeasible" else None


def program_point(scaled: Scaled, x: np.ndarray) -> np.ndarray:
    """A point for the user: every bound is met exactly."""
    return np.clip(scaled.full(x), scaled.program.lower, scaled.program.upper)


def _nothing_free(scaled: Scaled, watch: Watch) -> Answer:
    """All variables are fixed: the point is the answer if it meets the constraints."""
    program = scaled.program
    x = program.lower.copy()
    f, c = program.values(x)
    watch.iterate(x, f, program.violation(x, c), 0.0)
    broken = tuple(int(k) for k in np.flatnonzero(~(program.violations(x, c) <= _USER_FEASIBLE)))
    end = "infeasible" if broken else "converged"
    everything = tuple(range(x.size)) if broken else ()
    return Answer(x, np.zeros(scaled.m), end, conflict=broken, bounds=everything)


def _first_point(scaled: Scaled, start: np.ndarray, push: float | None) -> Point | str:
    """A point inside the bounds where all is defined, or what is not."""
    complaint = ""
    for x in _candidates(scaled, start, push):
        f, c = scaled.values(x)
        undefined = _undefined(scaled, f, c)
        if not undefined:
            gradient, jacobian = scaled.first(x)
            entries = jacobian.data if scaled.sparse else jacobian
            if np.isfinite(gradient).all() and np.isfinite(entries).all():
                return _centered(scaled, x, (f, c), (gradient, jacobian), push)
            undefined = "a derivative is not finite at the start"
        complaint = complaint or undefined
    return complaint


def _candidates(scaled: Scaled, start: np.ndarray, push: float | None) -> Iterator[np.ndarray]:
    """The start, then points farther and farther inside the bounds, and a little beside it.

    A start that is farther outside of the domain is not moved: that is for the user to know.
    """
    x = np.where(np.isfinite(start), start, 0.0)
    for p in (push or _PUSHES[0], *_PUSHES[1:]):
        yield inside(scaled, x, p)
    for p in (0.1, -0.1):
        yield inside(scaled, x + p * (1.0 + np.abs(x)), _PUSHES[0])


def _undefined(scaled: Scaled, f: float, c: np.ndarray) -> str:
    """Which function is not finite, "" where all are."""
    if not np.isfinite(f):
        return "the objective is not finite at the start"
    bad = np.flatnonzero(~np.isfinite(c))
    if not bad.size:
        return ""
    name = scaled.program.constraint_names[int(bad[0])]
    return f"constraint {name} is not finite at the start"


def _centered(
    scaled: Scaled, x: np.ndarray, values: tuple[float, np.ndarray],
    first: tuple[np.ndarray, Any], push: float | None,
) -> Point:  # fmt: skip
    """Slacks and multipliers for x, in scaled units; the factors are set here."""
    scaled.rescale(*first)
    f, c = values[0] * scaled.objective_factor, values[1] * scaled.factors
    problem = original(scaled)
    slack = np.maximum(-c[problem.row], push or _PUSHES[0])
    v = np.concatenate([x, slack])
    distance = problem.distances(v)
    point = Point(v, distance, np.zeros(scaled.m), np.ones(distance.size), f, f)
    point.rows = c + problem.onto_rows(slack) if slack.size else c
    point.gradient = first[0] * scaled.objective_factor
    jacobian = first[1]
    if scaled.sparse:
        jacobian = jacobian.copy()
        jacobian.data *= np.repeat(scaled.factors, np.diff(jacobian.indptr))
        point.jacobian = jacobian
    else:
        point.jacobian = jacobian * scaled.factors[:, None]
    return point


def _method(
    scaled: Scaled, point: Point, mu: float, tolerance: float, multipliers: np.ndarray | None
) -> Method:
    """The method at its first point, with multipliers given or by least squares."""
    problem = original(scaled)
    method = Method(problem, system_for(scaled.sparse, scaled.n, scaled.m), point, mu, tolerance)
    if multipliers is None:
        y = method.directions.least_squares(point, _LARGE_MULTIPLIER)
        point.y = point.y if y is None else y
    else:
        point.y = multipliers * scaled.objective_factor / scaled.factors
        point.z = mu / point.distance
    equations = int(np.count_nonzero(scaled.equality))
    if scaled.m:
        method.restore = Restoration(thorough=equations > scaled.n)
    method.user_error = _user_error
    first = before = point.v[: scaled.n].copy()

    def asked(x: np.ndarray) -> set[str]:
        nonlocal before
        past, before = (first, before), x.copy()
        return fates(scaled, past, x)

    method.fates = asked
    return method


def _user_error(method: Method) -> float:
    """The error in the user's units, relative to what is asked for."""
    point, scaled = method.point, method.barrier.scaled
    factor = scaled.objective_factor
    violation = float((np.abs(point.rows) / scaled.factors).max(initial=0.0))
    steepest = float(np.abs(point.gradient).max(initial=0.0)) / factor
    products = float(method.products.max(initial=0.0)) / factor
    value = max(1.0, abs(point.f) / factor)
    return max(
        violation / _USER_FEASIBLE,
        method.dual / factor / (_USER_OPTIMAL * max(1.0, steepest)),
        products / (_USER_OPTIMAL * value),
    )


def _noting(scaled: Scaled, watch: Watch) -> Callable[[Point, float, float], str]:
    """Tell the watch of points in the user's units."""
    program, n, equality = scaled.program, scaled.n, scaled.equality
    inequality = np.flatnonzero(~equality)

    def note(point: Point, dual: float, step: float) -> str:
        x = point.v[:n]
        violation = 0.0
        if scaled.m:
            c = point.rows.copy()
            c[inequality] -= point.v[n : n + inequality.size]
            elastic = point.v[n + inequality.size :]
            if elastic.size:
                c += elastic[: scaled.m] - elastic[scaled.m :]
            violation = float(program.violations(x, c / scaled.factors).max())
        f = point.f / scaled.objective_factor
        return watch.iterate(
            scaled.full(x), f, violation, dual / scaled.objective_factor, step=step
        )

    return note


def _answer(scaled: Scaled, method: Method, end: str) -> Answer:
    """The last point in the user's units, and what is in conflict where it is infeasible."""
    point = method.point
    x = program_point(scaled, point.v[: scaled.n])
    if end == "infeasible" and isinstance(method.restore, Restoration):
        return conflict(scaled, method.restore.last, x)
    y = point.y * scaled.factors / scaled.objective_factor
    y = np.where(scaled.equality, y, np.maximum(y, 0.0))
    return Answer(x, y, end)
