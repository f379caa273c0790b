"""The verb `minimize`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from taylored.optimize.functions.choose import prepared
from taylored.optimize.functions.ends import read_bounds
from taylored.optimize.functions.read import read_constraints
from taylored.optimize.functions.statement import Statement
from taylored.optimize.functions.units import units_of
from taylored.optimize.nlp import Functions, NonlinearProgram
from taylored.optimize.options import read_callback, read_limits, whole
from taylored.optimize.result import Cost, Minimum
from taylored.optimize.solve import (
    LOOKS,
    Solution,
    choose,
    in_user_units,
    solve,
    worth_another_look,
)
from taylored.optimize.verdict import findings, kind_of, sentence
from taylored.optimize.watch import Iterate, Watch
from taylored.results import Finding

__all__ = ["assembled", "minimize", "shown", "stated"]


def minimize(
    f: Any,
    start: Any,
    *,
    bounds: Any = None,
    equal: Any = None,
    at_most: Any = None,
    subject_to: Any = None,
    method: str = "auto",
    starts: int | None = None,
    seed: int = 0,
    callback: Callable[[Iterate], Any] | None = None,
    progress: bool = False,
    max_seconds: float | None = None,
    max_evaluations: int | None = None,
    max_iterations: int = 3000,
    executor: str = "auto",
) -> Minimum:
    """A local minimum of a function, with constraints and bounds, and its certificate.

    Minimize f(x) subject to g(x) = 0, h(x) <= 0 and lower <= x <= upper.

    Args:
        f: a formula ("(x - 1)^2 + y^2"), or a function of numbers, arrays or trees of them that
            returns one number, written with operators or jax.numpy (of single numbers also with
            NumPy).
        start: where to begin: what f takes. For a formula a dictionary of numbers by name.
        bounds: (lower, upper), each None, a number, or in the form of the start; a dictionary of
            pairs by name; a list of pairs; or SciPy's `Bounds`.
        equal: g, whose values are to be zero: a function with the arguments of f, a formula
            ("x + y = 1", or "x + y - 1"), a list of them, or a dictionary of them by name. The
            names are used in every message.
        at_most: h, whose values are to be at most zero: in the same forms.
        subject_to: formulas with =, <= or >=, where f is a formula.
        method: "auto", "trust-region" (bounds only), "lbfgs" (bounds only, many variables),
            "interior", or "ipopt" (where casadi or cyipopt is installed).
        starts: how many starts to solve from; all but the first are spread over the bounds, and the
            lowest result is returned, the others in `others`. None: one, and a few more where the
            problem is small and the Lagrangian is not convex at the solution.
        seed: of the spread of starts.
        callback: called with every iterate; returning True stops.
        progress: whether to show progress on standard error.
        max_seconds, max_evaluations, max_iterations: limits; the best point so far is returned.
        executor: "auto", "numpy" (nothing is compiled), or "xla".

    Returns:
        A `Minimum`: `x`, `value`, `kind`, `multipliers`, `kkt`, `status`, `usable`, `path`, `cost`,
        `accuracy`, `enclosure` (proved where possible), `prices`.

    Numerical error:
        `kkt` is the first-order residual in the user's units, computed without the solver;
        `errors` estimates the error of x from it and the conditioning. `enclosure` is proved.

    Raises:
        ArgumentError, BoundsError: for arguments that do not fit; with the variable's name.
        FormulaError, FunctionError: where something cannot be read.
        MissingRule: for operations without derivatives.

    Example:
        >>> import taylored as ty
        >>> m = ty.minimize("x*y", {"x": 1.0, "y": -0.5}, equal={"circle": "x^2 + y^2 = 1"})
        >>> m.kind, round(m.value, 12), round(m.multipliers["circle"], 12)
        ('minimum', -0.5, 0.5)

    Source: Nocedal and Wright, Numerical Optimization (2nd ed. 2006), chapters 4, 12 and 19;
    Waechter and Biegler, On the implementation of an interior-point filter line-search algorithm,
    Mathematical Programming 106 (2006) 25.
    """
    constraints = read_constraints(equal, at_most, subject_to)
    limits = read_limits(("max_iterations", max_iterations), max_evaluations, max_seconds)
    if starts is not None:
        whole("starts", starts, 1)
    whole("seed", seed, 0)
    statement, point, functions, setup = prepared(f, constraints, start, executor)
    program, point, notes = stated(statement, functions, bounds, point)
    chosen = choose(program, method)
    watch = Watch(program.work, limits, read_callback(callback))
    began = time.perf_counter()
    with shown(watch, progress), np.errstate(all="ignore"):
        watch.units = units = units_of(program, point)
        if units is None:
            solution, others, first = _searched(program, point, watch, chosen, (starts, seed))
        else:
            inner, u = units.program(program), point / units.size
            solution, others, first = _searched(inner, u, watch, chosen, (starts, seed))
            solution = in_user_units(program, solution, units)
            first = None if first is None else in_user_units(program, first, units)
            others = [(value / units.factor, units.size * x) for value, x in others]
    if first is not None and first.answer.x is not solution.answer.x:
        notes.append(_lower_elsewhere(first))
    seconds = (time.perf_counter() - began, setup)
    return assembled(solution, (program, statement, watch), seconds, (tuple(others), notes))


def _searched(
    program: NonlinearProgram, point: np.ndarray, watch: Watch, method: str,
    spread: tuple[int | None, int],
) -> tuple[Solution, list[Any], Solution | None]:  # fmt: skip
    """The solution from one start or several, the other minima found, and the solution from the
    start given where others were tried unasked."""
    starts, seed = spread
    first = None
    if starts is None or starts == 1:
        first = solve(program, point, watch, method)
        if starts == 1 or not worth_another_look(program, first):
            return first, [], None
    from taylored.optimize.multistart import Many, best_of

    many = Many(starts or LOOKS, seed, first)
    return *best_of(program, point, watch, method, many), first


def _lower_elsewhere(first: Solution) -> Finding:
    return Finding(
        "lower-elsewhere",
        f"The start given leads to {first.certificate.value:.6g}; {LOOKS - 1} more starts were "
        "tried, because the problem is not convex, and one leads lower.",
        "Give starts=1 for the minimum near the start, or more starts to look further.", "note",
    )  # fmt: skip


def stated(
    statement: Statement, functions: Functions, bounds: Any, point: np.ndarray
) -> tuple[NonlinearProgram, np.ndarray, list[Finding]]:
    """The nonlinear program, and the start moved inside the bounds."""
    lower, upper = read_bounds(bounds, statement)
    program = NonlinearProgram(
        functions, lower, upper, statement.equality, statement.names, statement.constraint_names
    )
    outside = np.flatnonzero((point < lower) | (point > upper))
    notes = []
    if outside.size:
        listed = ", ".join(statement.names[int(k)] for k in outside[:4])
        more = f" and {outside.size - 4} more" if outside.size > 4 else ""
        notes.append(Finding(
            "start-moved", f"The start was outside of the bounds of {listed}{more}; it was moved "
            "onto them.", "", "note", tuple(statement.names[int(k)] for k in outside[:4]),
        ))  # fmt: skip
        point = np.clip(point, lower, upper)
    return program, point, notes


def assembled(
    solution: Solution, run: tuple[NonlinearProgram, Statement, Watch],
    seconds: tuple[float, float], extra: tuple[tuple, list[Finding]] = ((), []),
) -> Minimum:  # fmt: skip
    """The result, from a solution and the seconds of solving and of reading."""
    program, statement, watch = run
    work = solution.work
    cost = Cost(
        work.values, work.firsts, work.seconds, work.products, work.iterations, *seconds,
        program.work.values - work.values,
    )  # fmt: skip
    answer, known = solution.answer, solution.certificate
    kind = kind_of(solution)
    multipliers = dict(statement.by_block(known.y))
    multipliers["lower"] = statement.unflatten(known.z_lower)
    multipliers["upper"] = statement.unflatten(known.z_upper)
    return Minimum(
        statement.unflatten(answer.x), known.value, kind, multipliers,
        sentence(program, solution, kind), kind in ("minimum", "flat"), known,
        watch.path, cost, (*findings(program, solution, kind), *extra[1]), answer.end,
        solution.method, answer.x, program, statement,
        tuple((value, statement.unflatten(x)) for value, x in extra[0]),
    )  # fmt: skip


def shown(watch: Watch, progress: bool) -> Any:
    """A scope in which the iterates are shown, if they are to be."""
    from taylored.optimize.progress import showing

    return showing(watch, progress)
