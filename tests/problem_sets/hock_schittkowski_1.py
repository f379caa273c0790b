"""Problems 1 to 40 of Hock and Schittkowski (1981), with their published optima."""

from __future__ import annotations

from math import acos, cos, log, pi, sqrt
from typing import Any

import jax.numpy as jnp
import numpy as np

from problem_sets.problem import INF, Problem, Text, program, vector

__all__ = ["PROBLEMS"]

_ROOT2, _ROOT3, _ROOT7 = sqrt(2), sqrt(3), sqrt(7)
_BANANA = "100*(x2 - x1^2)^2 + (1 - x1)^2"


def banana(x: Any) -> Any:
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def _wood(x: Any) -> Any:
    return (
        banana(x)
        + 90 * (x[3] - x[2] ** 2) ** 2
        + (1 - x[2]) ** 2
        + 10.1 * ((x[1] - 1) ** 2 + (x[3] - 1) ** 2)
        + 19.8 * (x[1] - 1) * (x[3] - 1)
    )


def _percentiles(x: Any) -> Any:
    share = 0.01 * np.arange(1, 100)
    u = 25 + (-50 * np.log(share)) ** (2 / 3)
    return jnp.sum((jnp.exp(-((u - x[1]) ** x[2]) / x[0]) - share) ** 2)


def _two_variables() -> list[Problem]:
    start = (-2, 1)
    a = sqrt(598 / 1200)
    edge = 2 * a * cos(acos(1 / (400 * a**3)) / 3)
    x8 = sqrt((25 + sqrt(301)) / 2)
    return [
        program("HS1", banana, start, 0, (1, 1), low=(-INF, -1.5), at_start=909,
                text=Text("x1 x2", _BANANA)),
        program("HS2", banana, start, 0.0504261879, (edge, 1.5), low=(-INF, 1.5)),
        program("HS3", lambda x: x[1] + 1e-5 * (x[1] - x[0]) ** 2, (10, 1), 0, (0, 0),
                low=(-INF, 0), at_start=1.00081),
        program("HS4", lambda x: (x[0] + 1) ** 3 / 3 + x[1], (1.125, 0.125), 8 / 3, (1, 0),
                low=(1, 0), at_start=3.323568),
        program("HS5", lambda x: (jnp.sin(x[0] + x[1]) + (x[0] - x[1]) ** 2
                                  - 1.5 * x[0] + 2.5 * x[1] + 1),
                (0, 0), -_ROOT3 / 2 - pi / 3, (0.5 - pi / 3, -0.5 - pi / 3),
                low=(-1.5, -3), high=(4, 3), at_start=1,
                text=Text("x1 x2", "sin(x1 + x2) + (x1 - x2)^2 - 1.5*x1 + 2.5*x2 + 1")),
        program("HS6", lambda x: (1 - x[0]) ** 2, (-1.2, 1), 0, (1, 1),
                equal=lambda x: 10 * (x[1] - x[0] ** 2), at_start=4.84,
                text=Text("x1 x2", "(1 - x1)^2", ("10*(x2 - x1^2)",))),
        program("HS7", lambda x: jnp.log(1 + x[0] ** 2) - x[1], (2, 2), -_ROOT3, (0, _ROOT3),
                equal=lambda x: (1 + x[0] ** 2) ** 2 + x[1] ** 2 - 4, at_start=log(5) - 2,
                text=Text("x1 x2", "log(1 + x1^2) - x2", ("(1 + x1^2)^2 + x2^2 - 4",))),
        program("HS8", lambda x: -1.0 + 0 * x[0], (2, 1), -1,
                [(x8, 9 / x8), (-x8, -9 / x8), (9 / x8, x8), (-9 / x8, -x8)],
                equal=lambda x: vector(x[0] ** 2 + x[1] ** 2 - 25, x[0] * x[1] - 9),
                notes="feasible points only"),
        program("HS9", lambda x: jnp.sin(pi * x[0] / 12) * jnp.cos(pi * x[1] / 16), (0, 0), -0.5,
                [(-3, -4), (9, 12)], equal=lambda x: 4 * x[0] - 3 * x[1], at_start=0),
        program("HS10", lambda x: x[0] - x[1], (-10, 10), -1, (0, 1),
                at_most=lambda x: 3 * x[0] ** 2 - 2 * x[0] * x[1] + x[1] ** 2 - 1,
                text=Text("x1 x2", "x1 - x2", (), ("3*x1^2 - 2*x1*x2 + x2^2 - 1",))),
        program("HS11", lambda x: (x[0] - 5) ** 2 + x[1] ** 2 - 25, (4.9, 0.1), -8.498464223,
                (1.234772, 1.524661), at_most=lambda x: x[0] ** 2 - x[1], at_start=-24.98,
                rounded=1e-6),
        program("HS12", lambda x: (x[0] ** 2 / 2 + x[1] ** 2 - x[0] * x[1] - 7 * x[0] - 7 * x[1]),
                (0, 0), -30, (2, 3), at_most=lambda x: 4 * x[0] ** 2 + x[1] ** 2 - 25),
    ]  # fmt: skip


def _two_variables_and_limits() -> list[Problem]:
    start, y19 = (-2, 1), 5 - sqrt(100 - 9.095**2)
    return [
        program("HS13", lambda x: (x[0] - 2) ** 2 + x[1] ** 2, (-2, -2), 1, (1, 0), low=0,
                at_most=lambda x: x[1] - (1 - x[0]) ** 3, at_start=20, degenerate=True,
                notes="no constraint qualification holds: there are no multipliers"),
        program("HS14", lambda x: (x[0] - 2) ** 2 + (x[1] - 1) ** 2, (2, 2), 9 - 2.875 * _ROOT7,
                ((_ROOT7 - 1) / 2, (_ROOT7 + 1) / 4), equal=lambda x: x[0] - 2 * x[1] + 1,
                at_most=lambda x: x[0] ** 2 / 4 + x[1] ** 2 - 1, at_start=1,
                text=Text("x1 x2", "(x1 - 2)^2 + (x2 - 1)^2", ("x1 - 2*x2 + 1",),
                          ("x1^2/4 + x2^2 - 1",))),
        program("HS15", banana, start, 306.5, (0.5, 2), high=(0.5, INF), at_start=909,
                at_most=lambda x: vector(1 - x[0] * x[1], -x[0] - x[1] ** 2)),
        program("HS16", banana, start, 0.25, (0.5, 0.25), low=(-0.5, -INF), high=(0.5, 1),
                at_most=lambda x: vector(-x[0] - x[1] ** 2, -(x[0] ** 2) - x[1])),
        program("HS17", banana, start, 1, (0, 0), low=(-0.5, -INF), high=(0.5, 1),
                at_most=lambda x: vector(x[0] - x[1] ** 2, x[1] - x[0] ** 2), degenerate=True),
        program("HS18", lambda x: x[0] ** 2 / 100 + x[1] ** 2, (2, 2), 5, (sqrt(250), sqrt(2.5)),
                low=(2, 0), high=50, at_start=4.04,
                at_most=lambda x: vector(25 - x[0] * x[1], 25 - x[0] ** 2 - x[1] ** 2)),
        program("HS19", lambda x: (x[0] - 10) ** 3 + (x[1] - 20) ** 3, (20.1, 5.84),
                4.095**3 + (y19 - 20) ** 3, (14.095, y19), low=(13, 0), high=100,
                at_most=lambda x: vector(100 - (x[0] - 5) ** 2 - (x[1] - 5) ** 2,
                                         (x[0] - 6) ** 2 + (x[1] - 5) ** 2 - 82.81)),
        program("HS20", banana, start, 81.5 - 25 * _ROOT3, (0.5, _ROOT3 / 2), low=(-0.5, -INF),
                high=(0.5, INF), at_start=909,
                at_most=lambda x: vector(-x[0] - x[1] ** 2, -(x[0] ** 2) - x[1],
                                         1 - x[0] ** 2 - x[1] ** 2)),
        program("HS21", lambda x: x[0] ** 2 / 100 + x[1] ** 2 - 100, (-1, -1), -99.96, (2, 0),
                low=(2, -50), high=50, at_most=lambda x: 10 - 10 * x[0] + x[1], at_start=-98.99),
        program("HS22", lambda x: (x[0] - 2) ** 2 + (x[1] - 1) ** 2, (2, 2), 1, (1, 1),
                at_most=lambda x: vector(x[0] + x[1] - 2, x[0] ** 2 - x[1]), at_start=1,
                text=Text("x1 x2", "(x1 - 2)^2 + (x2 - 1)^2", (), ("x1 + x2 - 2", "x1^2 - x2"))),
        program("HS23", lambda x: x[0] ** 2 + x[1] ** 2, (3, 1), 2, (1, 1), low=-50, high=50,
                at_most=lambda x: vector(
                    1 - x[0] - x[1], 1 - x[0] ** 2 - x[1] ** 2, 9 - 9 * x[0] ** 2 - x[1] ** 2,
                    x[1] - x[0] ** 2, x[0] - x[1] ** 2), at_start=10),
        program("HS24", lambda x: ((x[0] - 3) ** 2 - 9) * x[1] ** 3 / (27 * _ROOT3), (1, 0.5), -1,
                (3, _ROOT3), low=0, at_start=-0.01336459,
                at_most=lambda x: vector(x[1] - x[0] / _ROOT3, -x[0] - _ROOT3 * x[1],
                                         x[0] + _ROOT3 * x[1] - 6)),
    ]  # fmt: skip


def _three_variables() -> list[Problem]:
    return [
        program("HS25", _percentiles, (100, 12.5, 3), 0, (50, 25, 1.5), low=(0.1, 0, 0),
                high=(100, 25.6, 5), at_start=32.835, notes="flat at the start"),
        program("HS26", lambda x: (x[0] - x[1]) ** 2 + (x[1] - x[2]) ** 4, (-2.6, 2, 2), 0,
                (1, 1, 1), equal=lambda x: (1 + x[1] ** 2) * x[0] + x[2] ** 4 - 3,
                at_start=21.16, notes="the Hessian is singular at the solution"),
        program("HS27", lambda x: (x[0] - 1) ** 2 / 100 + (x[1] - x[0] ** 2) ** 2, (2, 2, 2), 0.04,
                (-1, 1, 0), equal=lambda x: x[0] + x[2] ** 2 + 1, at_start=4.01),
        program("HS28", lambda x: (x[0] + x[1]) ** 2 + (x[1] + x[2]) ** 2, (-4, 1, 1), 0,
                (0.5, -0.5, 0.5), equal=lambda x: x[0] + 2 * x[1] + 3 * x[2] - 1, at_start=13,
                text=Text("x1 x2 x3", "(x1 + x2)^2 + (x2 + x3)^2", ("x1 + 2*x2 + 3*x3 - 1",))),
        program("HS29", lambda x: -x[0] * x[1] * x[2], (1, 1, 1), -16 * _ROOT2,
                (4, 2 * _ROOT2, 2),
                at_most=lambda x: x[0] ** 2 + 2 * x[1] ** 2 + 4 * x[2] ** 2 - 48,
                text=Text("x1 x2 x3", "-x1*x2*x3", (), ("x1^2 + 2*x2^2 + 4*x3^2 - 48",))),
        program("HS30", lambda x: x @ x, (1, 1, 1), 1, (1, 0, 0), low=(1, -10, -10), high=10,
                at_most=lambda x: 1 - x[0] ** 2 - x[1] ** 2, degenerate=True,
                notes="a bound and a constraint with parallel gradients"),
        program("HS31", lambda x: 9 * x[0] ** 2 + x[1] ** 2 + 9 * x[2] ** 2, (1, 1, 1), 6,
                (1 / _ROOT3, _ROOT3, 0), low=(-10, 1, -10), high=(10, 10, 1),
                at_most=lambda x: 1 - x[0] * x[1], at_start=19),
        program("HS32", lambda x: (x[0] + 3 * x[1] + x[2]) ** 2 + 4 * (x[0] - x[1]) ** 2,
                (0.1, 0.7, 0.2), 1, (0, 0, 1), low=0, at_start=7.2,
                equal=lambda x: 1 - x[0] - x[1] - x[2],
                at_most=lambda x: 3 + x[0] ** 3 - 6 * x[1] - 4 * x[2]),
        program("HS33", lambda x: (x[0] - 1) * (x[0] - 2) * (x[0] - 3) + x[2], (0, 0, 3),
                _ROOT2 - 6, (0, _ROOT2, _ROOT2), low=0, high=(INF, INF, 5), at_start=-3,
                at_most=lambda x: vector(x[0] ** 2 + x[1] ** 2 - x[2] ** 2,
                                         4 - x[0] ** 2 - x[1] ** 2 - x[2] ** 2)),
        program("HS34", lambda x: -x[0], (0, 1.05, 2.9), -log(log(10)),
                (log(log(10)), log(10), 10), low=0, high=(100, 100, 10),
                at_most=lambda x: vector(jnp.exp(x[0]) - x[1], jnp.exp(x[1]) - x[2])),
        program("HS35", lambda x: (9 - 8 * x[0] - 6 * x[1] - 4 * x[2] + 2 * x[0] ** 2
                                   + 2 * x[1] ** 2 + x[2] ** 2 + 2 * x[0] * x[1]
                                   + 2 * x[0] * x[2]),
                (0.5, 0.5, 0.5), 1 / 9, (4 / 3, 7 / 9, 4 / 9), low=0, at_start=2.25,
                at_most=lambda x: x[0] + x[1] + 2 * x[2] - 3),
        program("HS36", lambda x: -x[0] * x[1] * x[2], (10, 10, 10), -3300, (20, 11, 15), low=0,
                high=(20, 11, 42), at_most=lambda x: x[0] + 2 * x[1] + 2 * x[2] - 72),
        program("HS37", lambda x: -x[0] * x[1] * x[2], (10, 10, 10), -3456, (24, 12, 12), low=0,
                high=42, at_most=lambda x: vector(x[0] + 2 * x[1] + 2 * x[2] - 72,
                                                  -x[0] - 2 * x[1] - 2 * x[2])),
    ]  # fmt: skip


def _four_variables() -> list[Problem]:
    c, d = 2 ** (-11 / 12), 2**-0.25
    return [
        program("HS38", _wood, (-3, -1, -3, -1), 0, (1, 1, 1, 1), low=-10, high=10,
                at_start=19192),
        program("HS39", lambda x: -x[0], (2, 2, 2, 2), -1, (1, 1, 0, 0),
                equal=lambda x: vector(x[1] - x[0] ** 3 - x[2] ** 2,
                                       x[0] ** 2 - x[1] - x[3] ** 2)),
        program("HS40", lambda x: -x[0] * x[1] * x[2] * x[3], (0.8, 0.8, 0.8, 0.8), -0.25,
                [(2 ** (-1 / 3), sqrt(0.5), s * c, s * d) for s in (1, -1)], at_start=-0.4096,
                equal=lambda x: vector(x[0] ** 3 + x[1] ** 2 - 1, x[0] ** 2 * x[3] - x[2],
                                       x[3] ** 2 - x[1])),
    ]  # fmt: skip


PROBLEMS = [
    *_two_variables(), *_two_variables_and_limits(), *_three_variables(), *_four_variables(),
]  # fmt: skip
