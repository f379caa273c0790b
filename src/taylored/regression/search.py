"""Find the least-squares solution of a set-up problem: direct, from a start, or by search."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from taylored.errors import ModelValueError
from taylored.evaluate import ModelFunctions
from taylored.optimize.least_squares import (
    Solution,
    finish,
    hop,
    lower,
    quick,
    search,
    solve,
    starts_for,
    suspicious,
)
from taylored.optimize.point import Point, evaluate
from taylored.optimize.problem import Problem
from taylored.optimize.rational import rational_starts
from taylored.optimize.starts import ParameterScale, parameter_scales, thinned
from taylored.readings.dimensions import infer_dimensions
from taylored.readings.linearity import dependence, quotient
from taylored.readings.reach import OSCILLATIONS, reaching
from taylored.readings.symmetry import interchangeable
from taylored.regression.setup import Setup, check_start
from taylored.trace.cache import LeastRecentlyUsed
from taylored.trace.program import Program

__all__ = ["Callback", "dimensions", "find", "groups", "leading", "scales", "typical_size"]

Callback = Callable[[Point], None]

_SEARCH_POINTS = 400  # more points than this are thinned while starts are ranked
_ATTEMPTS = 3
# A fit from a given start is compared with others only where noise is quite unlikely, since that
# costs a hundred times the fit: about one good fit in fifty.
_SURE = 1.25


def dimensions(setup: Setup) -> list[tuple[float, ...] | None]:
    """The dimension of each parameter as powers of those of the columns and the response."""
    program = setup.traces.program
    if program is None:
        return [None] * len(setup.names)
    return infer_dimensions(program, len(setup.model.columns))


def find(setup: Setup, callback: Callback | None = None) -> tuple[Solution, bool]:
    """The best solution found, and whether it came from starts of ours.

    Raises:
        ModelValueError: if the model is a finite number nowhere that was tried.
    """
    problem, params = setup.problem, setup.params
    start = params.free_start
    if problem.linear.all():
        start = np.where(np.isnan(start), np.clip(0.0, problem.lower, problem.upper), start)
        return quick(problem, start) or solve(problem, start, callback=callback), False
    if params.complete and setup.options.search != "always":
        more = partial(_elsewhere, setup) if setup.options.search == "auto" else None
        found = quick(problem, start) if callback is None else None
        if found is None:
            check_start(setup)
            found = solve(problem, start, more=more, callback=callback)
        if more is not None and found.hits == 1 and suspicious(found.point.r, _SURE):
            found = _compared(setup, found)
        return _in_start_order(setup, found, start), False
    return _automatic(setup, callback), True


def _compared(setup: Setup, found: Solution) -> Solution:
    """Where the residuals do not look like noise: is there a better minimum elsewhere?"""
    other = _best_of_starts(setup, None, attempts=1)
    if other is None or not lower(other, found):
        return found
    return replace(other, elsewhere=True)


def _automatic(setup: Setup, callback: Callback | None) -> Solution:
    best = _best_of_starts(setup, callback, _ATTEMPTS)
    if best is None:
        raise ModelValueError(
            f"The model {setup.model.describe} is not a finite number anywhere that was tried.",
            next_step="give a start=..., or bounds that keep it finite.",
        )
    return _canonical(setup, best)


def _best_of_starts(setup: Setup, callback: Callback | None, attempts: int) -> Solution | None:
    """The best of many starts; very many points are thinned until the last step."""
    best: Solution | None = None
    problem = _search_problem(setup)
    for attempt in range(attempts):
        seed = setup.options.seed + 7919 * attempt
        found = search(problem, _starts(setup, problem, seed), callback=callback)
        if found is None:
            continue
        found = hop(problem, found, scales(setup), seed=seed)
        best = found if best is None or lower(found, best) else best
        if best.minimum and not suspicious(best.point.r):
            break
    if best is None or problem is setup.problem:
        return best
    start = best.point.theta
    whole = quick(setup.problem, start) or solve(setup.problem, start, callback=callback)
    return replace(whole, hits=best.hits, tried=best.tried)


# ---- starts ---------------------------------------------------------------------------------


def scales(setup: Setup) -> list[ParameterScale]:
    sizes = dimensions(setup)
    found = parameter_scales(sizes, setup.data, setup.y, _largest_rates(setup, sizes))
    return [found[i] for i in setup.params.free]


def typical_size(setup: Setup, place: int) -> float:
    """A small part of the largest size that a free parameter may have, by its dimension."""
    return 1e-6 * 10.0 ** scales(setup)[place].high


_MOST_WAVES = 400  # half waves within the data that are looked for


def _largest_rates(setup: Setup, sizes: Sequence[tuple[float, ...] | None]) -> dict[int, float]:
    """For each parameter that is a frequency (a period: with a minus sign) the largest rate.

    Over the data the argument of the sine may change by half a turn per spacing: faster
    oscillations look the same as slower ones on evenly spaced points.
    """
    program, first = setup.traces.program, len(setup.model.columns)
    if program is None or not setup.functions.separable:
        return {}
    ones = np.array([1.0] * len(setup.names))
    found = {}
    for number, argument in reaching(program, OSCILLATIONS).items():
        place = number - first
        if place < 0 or place not in setup.params.free:
            continue
        inside = replace(setup.traces, program=program.keep((argument,)))
        slope = ModelFunctions(
            inside, setup.data, tuple(ones), (place,), len(setup.y), "numpy"
        ).value_and_jacobian(ones[:1])[1][0]
        turn = float(np.ptp(slope)) if np.isfinite(slope).all() else 0.0
        size = sizes[place]
        if turn > 0.0:
            waves = min(len(np.unique(slope)), _MOST_WAVES)
            period = size is not None and sum(size[:first]) > 0
            found[place] = (-1.0 if period else 1.0) * np.pi * waves / turn
    return found


def _starts(setup: Setup, problem: Problem, seed: int) -> Iterable[np.ndarray]:
    """Starts of the free parameters, best first; values that the user gave are kept."""
    given = setup.params.start[list(setup.params.free)]
    known = np.flatnonzero(~np.isnan(given))
    found = scales(setup)
    for i in known:
        if not setup.params.complete:
            found[i] = _around(given[i])
    for theta in _rational(setup):
        yield np.clip(theta, problem.lower, problem.upper)
    yield from starts_for(problem, found, seed)


def _elsewhere(setup: Setup) -> Iterable[np.ndarray]:
    """Starts other than the one that was given."""
    return _starts(setup, _search_problem(setup), setup.options.seed)


def _around(value: float) -> ParameterScale:
    """A value given by the user: only its immediate neighbourhood is looked at."""
    if value > 0:
        return ParameterScale(float(np.log10(value)) - 0.02, float(np.log10(value)) + 0.02)
    width = 0.05 * abs(value) or 0.1
    return ParameterScale(-1.0, 1.0, (value - width, value + width))


def _search_problem(setup: Setup) -> Problem:
    problem, functions = setup.problem, setup.functions
    chosen = thinned(problem, _SEARCH_POINTS)
    if chosen is None or not functions.separable:
        return problem
    few = ModelFunctions(
        functions.traces, tuple(d[chosen] for d in functions.data), functions.full,
        functions.free, len(chosen), "numpy",
    )  # fmt: skip
    weights = None if problem.weights is None else problem.weights[chosen]
    return replace(problem, functions=few, y=problem.y[chosen], weights=weights)


def _rational(setup: Setup) -> list[np.ndarray]:
    """Starts of a quotient of two functions affine in the parameters, from a linear problem."""
    program = setup.traces.program
    parts = None if program is None else quotient(program)
    if program is None or parts is None or len(setup.params.free) < len(setup.names):
        return []
    values = []
    for atom in parts:
        part = Program(program.names, program.equations, (atom,), program.size, program.shapes)
        half = ModelFunctions(
            replace(setup.traces, program=part.keep((atom,))), setup.data, setup.params.values,
            setup.params.free, len(setup.y), "numpy",
        )  # fmt: skip
        if not _affine(part, setup):
            return []
        values.append(half.value_and_jacobian(np.zeros(len(setup.names))))
    return rational_starts(values[0], values[1], setup.y, setup.problem.weights)[:4]


def _affine(part: Program, setup: Setup) -> bool:
    first = len(setup.model.columns)
    return not dependence(part).pairs[first:, first:].any()


# ---- one answer of several equal ones -------------------------------------------------------


_known_groups = LeastRecentlyUsed(512)


def groups(setup: Setup) -> list[list[tuple[int, ...]]]:
    """Interchangeable parts as positions among the free parameters, bounds being equal."""
    program = setup.traces.program
    if program is None:
        return []
    columns = len(setup.model.columns)
    key = (id(program), columns)
    found_groups, _ = _known_groups.find(key, lambda: (interchangeable(program, columns), program))
    if not found_groups:
        return []
    place = {p: i for i, p in enumerate(setup.params.free)}
    low, high = setup.params.lower, setup.params.upper
    found = []
    for group in found_groups:
        whole = all(p in place for part in group for p in part)
        same = all(
            low[p] == low[q] and high[p] == high[q]
            for part in group
            for p, q in zip(part, group[0], strict=True)
        )
        if whole and same:
            found.append([tuple(place[p] for p in part) for part in group])
    return found


def _in_start_order(setup: Setup, found: Solution, start: np.ndarray) -> Solution:
    """Interchangeable parts in the order that the start gave them."""
    theta = found.point.theta.copy()
    bent = ~setup.problem.linear
    for group in groups(setup):
        lead = next((i for i in range(len(group[0])) if bent[group[0][i]]), 0)
        wanted = np.argsort(np.argsort([start[part[lead]] for part in group], kind="stable"))
        have = np.argsort([theta[part[lead]] for part in group], kind="stable")
        values = [theta[list(group[have[rank]])] for rank in wanted]
        for part, value in zip(group, values, strict=True):
            theta[list(part)] = value
    return _moved(setup, found, theta)


def _canonical(setup: Setup, found: Solution) -> Solution:
    """Without a start: widths and the like positive, interchangeable parts from left to right.

    Parts are put in ascending order of their first non-linear parameter; where that is a time or
    a length that divides the data, in descending order: the slowest part comes first either way.
    """
    found = _positive(setup, found)
    theta = found.point.theta.copy()
    for group in groups(setup):
        lead, descending = leading(setup, group)
        order = sorted(group, key=lambda part: theta[part[lead]], reverse=descending)
        values = [theta[list(part)] for part in order]
        for part, value in zip(group, values, strict=True):
            theta[list(part)] = value
    return _moved(setup, found, theta)


def leading(setup: Setup, group: list[tuple[int, ...]]) -> tuple[int, bool]:
    """By which of its parameters interchangeable parts are put in order, and whether descending."""
    bent = ~setup.problem.linear
    lead = next((i for i in range(len(group[0])) if bent[group[0][i]]), 0)
    size = dimensions(setup)[setup.params.free[group[0][lead]]]
    slow_is_large = size is not None and sum(size) == 1.0
    return lead, slow_is_large and not _is_position(setup, group, lead)


def _is_position(setup: Setup, group: list[tuple[int, ...]], lead: int) -> bool:
    """Whether a parameter is added to or subtracted from data (a position), not divided into it."""
    program = setup.traces.program
    assert program is not None
    columns = len(setup.model.columns)
    number = columns + setup.params.free[group[0][lead]]
    return any(
        e.primitive in ("add", "sub")
        and number in e.inputs
        and any(isinstance(a, int) and a < columns for a in e.inputs)
        for e in program.equations
    )


def _positive(setup: Setup, found: Solution) -> Solution:
    """Turn negative non-linear parameters positive where that changes nothing."""
    problem = setup.problem
    sizes = dimensions(setup)
    bent = np.flatnonzero(~problem.linear).tolist()
    # Pure numbers last: sin(w x + p) is odd in w and p together, and w is to be positive.
    bent.sort(key=lambda i: not any(sizes[setup.params.free[i]] or (1.0,)))
    for rank, i in enumerate(bent):
        for partner in (None, *bent[rank + 1 :]):
            theta = found.point.theta.copy()
            if theta[i] >= 0:
                continue
            theta[[i] if partner is None else [i, partner]] *= -1.0
            if (theta >= problem.lower).all() and (theta <= problem.upper).all():
                found = _moved(setup, found, theta)
    return found


def _moved(setup: Setup, found: Solution, theta: np.ndarray) -> Solution:
    """The solution at an equivalent point; the same one if that is not equivalent after all."""
    from taylored.optimize.point import evaluate_settled

    if np.array_equal(theta, found.point.theta):
        return found
    point = evaluate(setup.problem, theta)
    if not _equal(setup, point, found.point):
        point = evaluate_settled(setup.problem, theta)
    if not _equal(setup, point, found.point):
        return found
    again = finish(setup.problem, point, found.algorithm)
    return replace(again, hits=found.hits, tried=found.tried, others=found.others)


def _equal(setup: Setup, a: Point, b: Point) -> bool:
    noise = 1e-28 * float(setup.y.dot(setup.y))
    if setup.problem.weights is not None:
        noise *= float(np.max(setup.problem.weights)) ** 2
    return a.finite and abs(a.cost - b.cost) <= 1e-9 * b.cost + noise
