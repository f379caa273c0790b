"""The verb `certify`: what kind of point a point from anywhere is."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np

from taylored.optimize.certify import certificate
from taylored.optimize.functions.choose import prepared
from taylored.optimize.functions.ends import read_bounds
from taylored.optimize.functions.read import read_constraints
from taylored.optimize.functions.units import units_of
from taylored.optimize.minimize import assembled
from taylored.optimize.nlp import NonlinearProgram
from taylored.optimize.result import Minimum
from taylored.optimize.solve import Solution, in_user_units
from taylored.optimize.watch import Answer, Watch

__all__ = ["certify"]


def certify(
    f: Any,
    x: Any,
    *,
    bounds: Any = None,
    equal: Any = None,
    at_most: Any = None,
    subject_to: Any = None,
    executor: str = "auto",
) -> Minimum:
    """What kind of point x is for a minimization: the certificate of an answer from any solver.

    The point is taken as it is: residuals, multipliers, curvature and conditioning are those at x,
    in the user's units.

    Args:
        f: the objective, as for `minimize`.
        x: the point to judge: what f takes.
        bounds, equal, at_most, subject_to: as for `minimize`.
        executor: as for `minimize`.

    Returns:
        A `Minimum` whose `kind` says what the point is; its path is empty.

    Numerical error:
        as for `minimize`.

    Raises:
        ArgumentError, BoundsError, FormulaError, FunctionError, MissingRule: as for `minimize`.

    Example:
        >>> import taylored as ty
        >>> ty.certify("x^2 - y^2", {"x": 0.0, "y": 0.0}).kind
        'saddle'
        >>> ty.certify("x^2 + y^2", {"x": 1e-3, "y": 0.0}).usable
        False

    Source: Nocedal and Wright, Numerical Optimization (2nd ed. 2006), chapter 12.
    """
    constraints = read_constraints(equal, at_most, subject_to)
    statement, point, functions, setup = prepared(f, constraints, x, executor)
    lower, upper = read_bounds(bounds, statement)
    program = NonlinearProgram(
        functions, lower, upper, statement.equality, statement.names, statement.constraint_names
    )
    began = time.perf_counter()
    with np.errstate(all="ignore"):
        units = units_of(program, point)
        inner = program if units is None else units.program(program)
        at = point if units is None else point / units.size
        solution = Solution(
            Answer(at, None, "given", ""), certificate(inner, at), "given", program.work
        )
        if units is not None:
            solution = in_user_units(program, solution, units)
            solution = replace(solution, answer=replace(solution.answer, x=point))
    seconds = (time.perf_counter() - began, setup)
    return assembled(solution, (program, statement, Watch(program.work)), seconds)
