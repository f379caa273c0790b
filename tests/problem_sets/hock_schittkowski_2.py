"""Problems 41 to 84 of Hock and Schittkowski (1981), with their published optima."""

from __future__ import annotations

from math import asin, exp, pi, sqrt
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import erf

from problem_sets.problem import INF, Problem, Text, program, vector

__all__ = ["PROBLEMS"]

_ROOT2 = sqrt(2)


def _linear(x: Any) -> Any:
    return vector(x[0] + 3 * x[1], x[2] + x[3] - 2 * x[4], x[1] - x[4])


def _four_and_five() -> list[Problem]:
    return [
        program("HS41", lambda x: 2 - x[0] * x[1] * x[2], (2, 2, 2, 2), 52 / 27,
                (2 / 3, 1 / 3, 1 / 3, 2), low=0, high=(1, 1, 1, 2), at_start=-6,
                equal=lambda x: x[0] + 2 * x[1] + 2 * x[2] - x[3]),
        program("HS42", lambda x: jnp.sum((x - jnp.arange(1, 5)) ** 2), (1, 1, 1, 1),
                28 - 10 * _ROOT2, (2, 2, 0.6 * _ROOT2, 0.8 * _ROOT2), at_start=14,
                equal=lambda x: vector(x[0] - 2, x[2] ** 2 + x[3] ** 2 - 2)),
        program("HS43", lambda x: (x[0] ** 2 + x[1] ** 2 + 2 * x[2] ** 2 + x[3] ** 2 - 5 * x[0]
                                   - 5 * x[1] - 21 * x[2] + 7 * x[3]),
                (0, 0, 0, 0), -44, (0, 1, 2, -1), at_start=0,
                at_most=lambda x: vector(
                    x @ x + x[0] - x[1] + x[2] - x[3] - 8,
                    x[0] ** 2 + 2 * x[1] ** 2 + x[2] ** 2 + 2 * x[3] ** 2 - x[0] - x[3] - 10,
                    2 * x[0] ** 2 + x[1] ** 2 + x[2] ** 2 + 2 * x[0] - x[1] - x[3] - 5),
                text=Text("x1 x2 x3 x4",
                          "x1^2 + x2^2 + 2*x3^2 + x4^2 - 5*x1 - 5*x2 - 21*x3 + 7*x4", (),
                          ("x1^2 + x2^2 + x3^2 + x4^2 + x1 - x2 + x3 - x4 - 8",
                           "x1^2 + 2*x2^2 + x3^2 + 2*x4^2 - x1 - x4 - 10",
                           "2*x1^2 + x2^2 + x3^2 + 2*x1 - x2 - x4 - 5"))),
        program("HS44", lambda x: (x[0] - x[1] - x[2] - x[0] * x[2] + x[0] * x[3] + x[1] * x[2]
                                   - x[1] * x[3]),
                (0, 0, 0, 0), -15, (0, 3, 0, 4), low=0, at_start=0,
                at_most=lambda x: vector(
                    x[0] + 2 * x[1] - 8, 4 * x[0] + x[1] - 12, 3 * x[0] + 4 * x[1] - 12,
                    2 * x[2] + x[3] - 8, x[2] + 2 * x[3] - 8, x[2] + x[3] - 5),
                notes="not convex: other minima at -13"),
        program("HS45", lambda x: 2 - jnp.prod(x) / 120, (2,) * 5, 1, (1, 2, 3, 4, 5), low=0,
                high=(1, 2, 3, 4, 5)),
        program("HS46", lambda x: ((x[0] - x[1]) ** 2 + (x[2] - 1) ** 2 + (x[3] - 1) ** 4
                                   + (x[4] - 1) ** 6),
                (_ROOT2 / 2, 1.75, 0.5, 2, 2), 0, (1,) * 5, at_start=3.3376263,
                equal=lambda x: vector(x[0] ** 2 * x[3] + jnp.sin(x[3] - x[4]) - 1,
                                       x[1] + x[2] ** 4 * x[3] ** 2 - 2),
                notes="the Hessian is singular at the solution"),
        program("HS48", lambda x: (x[0] - 1) ** 2 + (x[1] - x[2]) ** 2 + (x[3] - x[4]) ** 2,
                (3, 5, -3, 2, -2), 0, (1,) * 5, at_start=84,
                equal=lambda x: vector(jnp.sum(x) - 5, x[2] - 2 * (x[3] + x[4]) + 3)),
        program("HS49", lambda x: ((x[0] - x[1]) ** 2 + (x[2] - 1) ** 2 + (x[3] - 1) ** 4
                                   + (x[4] - 1) ** 6),
                (10, 7, 2, -3, 0.8), 0, (1,) * 5, at_start=266,
                equal=lambda x: vector(x[0] + x[1] + x[2] + 4 * x[3] - 7, x[2] + 5 * x[4] - 6),
                notes="the Hessian is singular at the solution"),
        program("HS50", lambda x: ((x[0] - x[1]) ** 2 + (x[1] - x[2]) ** 2 + (x[2] - x[3]) ** 4
                                   + (x[3] - x[4]) ** 2),
                (35, -31, 11, 5, -5), 0, (1,) * 5, at_start=7516,
                equal=lambda x: x[:3] + 2 * x[1:4] + 3 * x[2:] - 6),
        program("HS51", lambda x: ((x[0] - x[1]) ** 2 + (x[1] + x[2] - 2) ** 2 + (x[3] - 1) ** 2
                                   + (x[4] - 1) ** 2),
                (2.5, 0.5, 2, -1, 0.5), 0, (1,) * 5, at_start=8.5,
                equal=lambda x: _linear(x) - jnp.array([4.0, 0.0, 0.0])),
        program("HS52", lambda x: ((4 * x[0] - x[1]) ** 2 + (x[1] + x[2] - 2) ** 2
                                   + (x[3] - 1) ** 2 + (x[4] - 1) ** 2),
                (2,) * 5, 1859 / 349, np.array((-33, 11, 180, -158, 11)) / 349, at_start=42,
                equal=_linear),
    ]  # fmt: skip


def _normal_density(x: Any) -> Any:
    a, b = x[0] - 1e4, x[1] - 1
    h = (
        (a**2 / 6.4e7 + a * b / 2e4 + b**2) / 0.96
        + (x[2] - 2e6) ** 2 / 4.9e13
        + (x[3] - 10) ** 2 / 2.5e3
        + (x[4] - 1e-3) ** 2 / 2.5e-3
        + (x[5] - 1e8) ** 2 / 2.5e17
    )
    return -jnp.exp(-h / 2)


_AGES = np.repeat(np.arange(8, 44, 2), (2, 4, 4, 3, 3, 2, 3, 3, 3, 3, 2, 3, 2, 1, 2, 2, 1, 1)) * 1.0
_ANSWERS = (
    49, 49, 48, 47, 48, 47, 46, 46, 45, 43, 45, 43, 43, 44, 43, 43, 46, 45, 42, 42, 43, 41, 41, 40,
    42, 40, 40, 41, 40, 41, 41, 40, 40, 40, 38, 41, 40, 40, 41, 38, 40, 40, 39, 39,
)  # fmt: skip


def _chlorine(x: Any) -> Any:
    gap = np.array(_ANSWERS) / 100 - x[0] - (0.49 - x[0]) * jnp.exp(-x[1] * (_AGES - 8))
    return jnp.sum(gap**2)


def _five_to_seven() -> list[Problem]:
    a, b = asin(sqrt(1 / 4.2)), asin(sqrt(5 / 7.2))
    p, q = asin(sqrt(4 / 7)), asin(sqrt(2 / 7))
    return [
        program("HS53", lambda x: ((x[0] - x[1]) ** 2 + (x[1] + x[2] - 2) ** 2 + (x[3] - 1) ** 2
                                   + (x[4] - 1) ** 2),
                (2,) * 5, 176 / 43, np.array((-33, 11, 27, -5, 11)) / 43, low=-10, high=10,
                at_start=6, equal=_linear),
        program("HS54", _normal_density, (6e3, 1.5, 4e6, 2, 3e-3, 5e7), -exp(-27 / 280),
                (91600 / 7, 79 / 70, 2e6, 10, 1e-3, 1e8), low=(0, -10, 0, 0, -1, 0),
                high=(2e4, 10, 1e7, 20, 1, 2e8),
                equal=lambda x: x[0] + 4e3 * x[1] - 1.76e4,
                notes="scaled badly on purpose: variables from 1e-3 to 1e8"),
        program("HS55", lambda x: x[0] + 2 * x[1] + 4 * x[4] + jnp.exp(x[0] * x[3]),
                (1, 2, 0, 0, 0, 2), 19 / 3, (0, 4 / 3, 5 / 3, 1, 2 / 3, 1 / 3), low=0,
                high=(1, INF, INF, 1, INF, INF), at_start=6, degenerate=True,
                equal=lambda x: vector(
                    x[0] + 2 * x[1] + 5 * x[4] - 6, x[0] + x[1] + x[2] - 3,
                    x[3] + x[4] + x[5] - 2, x[0] + x[3] - 1, x[1] + x[4] - 2, x[2] + x[5] - 2),
                notes="the equations are dependent"),
        program("HS56", lambda x: -x[0] * x[1] * x[2], (1, 1, 1, a, a, a, b), -3.456,
                (2.4, 1.2, 1.2, p, q, q, pi / 2), at_start=-1,
                equal=lambda x: jnp.append(
                    x[:3] - 4.2 * jnp.sin(x[3:6]) ** 2,
                    x[0] + 2 * x[1] + 2 * x[2] - 7.2 * jnp.sin(x[6]) ** 2)),
        program("HS57", _chlorine, (0.42, 5), 0.02845966972, (0.419952675, 1.284845629),
                low=(0.4, -4), rounded=1e-8, at_start=0.03079860,
                at_most=lambda x: 0.09 - 0.49 * x[1] + x[0] * x[1]),
        program("HS60", lambda x: (x[0] - 1) ** 2 + (x[0] - x[1]) ** 2 + (x[1] - x[2]) ** 4,
                (2, 2, 2), 0.03256820025, (1.104859024, 1.196674194, 1.535262257), low=-10,
                high=10, rounded=1e-8, at_start=1,
                equal=lambda x: x[0] * (1 + x[1] ** 2) + x[2] ** 4 - 4 - 3 * _ROOT2),
        program("HS61", lambda x: (4 * x[0] ** 2 + 2 * x[1] ** 2 + 2 * x[2] ** 2 - 33 * x[0]
                                   + 16 * x[1] - 24 * x[2]),
                (0, 0, 0), -143.6461422, (5.326770157, -2.118998639, 3.210464239), rounded=1e-8,
                equal=lambda x: vector(3 * x[0] - 2 * x[1] ** 2 - 7,
                                       4 * x[0] - x[2] ** 2 - 11)),
        program("HS62", lambda x: -32.174 * (
                    255 * jnp.log((x[0] + x[1] + x[2] + 0.03)
                                  / (0.09 * x[0] + x[1] + x[2] + 0.03))
                    + 280 * jnp.log((x[1] + x[2] + 0.03) / (0.07 * x[1] + x[2] + 0.03))
                    + 290 * jnp.log((x[2] + 0.03) / (0.13 * x[2] + 0.03))),
                (0.7, 0.2, 0.1), -26272.51448, (0.6178126908, 0.328202223, 0.05398508606), low=0,
                high=1, rounded=1e-8, at_start=-25698.3,
                equal=lambda x: jnp.sum(x) - 1),
    ]  # fmt: skip


def _with_three_variables() -> list[Problem]:
    return [
        program("HS63", lambda x: (1000 - x[0] ** 2 - 2 * x[1] ** 2 - x[2] ** 2 - x[0] * x[1]
                                   - x[0] * x[2]),
                (2, 2, 2), 961.7151721, (3.512118414, 0.2169881741, 3.552174034), low=0,
                rounded=1e-8, at_start=976,
                equal=lambda x: vector(8 * x[0] + 14 * x[1] + 7 * x[2] - 56, x @ x - 25)),
        program("HS64", lambda x: (5 * x[0] + 50000 / x[0] + 20 * x[1] + 72000 / x[1] + 10 * x[2]
                                   + 144000 / x[2]),
                (1, 1, 1), 6299.842428, (108.7347175, 85.12613942, 204.3247078), low=1e-5,
                rounded=1e-8, at_start=266035,
                at_most=lambda x: 4 / x[0] + 32 / x[1] + 120 / x[2] - 1),
        program("HS65", lambda x: ((x[0] - x[1]) ** 2 + (x[0] + x[1] - 10) ** 2 / 9
                                   + (x[2] - 5) ** 2),
                (-5, 5, 0), 0.9535288567, (3.650461821, 3.65046168, 4.6204170507),
                low=(-4.5, -4.5, -5), high=(4.5, 4.5, 5), rounded=1e-6, at_start=1225 / 9,
                at_most=lambda x: x @ x - 48),
        program("HS66", lambda x: 0.2 * x[2] - 0.8 * x[0], (0, 1.05, 2.9), 0.5181632741,
                (0.1841264879, 1.202167873, 3.327322322), low=0, high=(100, 100, 10),
                rounded=1e-8, at_start=0.58,
                at_most=lambda x: vector(jnp.exp(x[0]) - x[1], jnp.exp(x[1]) - x[2]),
                text=Text("x1 x2 x3", "0.2*x3 - 0.8*x1", (), ("exp(x1) - x2", "exp(x2) - x3"))),
    ]  # fmt: skip


def _chart(a: float, b: float, d: float, n: float) -> tuple[Any, Any]:
    """The cost of a control chart, and its constraints."""

    def below(t: Any) -> Any:
        return (1 + erf(t / _ROOT2)) / 2

    def cost(x: Any) -> Any:
        grown = jnp.exp(x[0]) - 1
        return (a * n - (b * grown - x[2]) * x[3] / (grown + x[3])) / x[0]

    def equal(x: Any) -> Any:
        shift = d * sqrt(n)
        return vector(x[2] - 2 * below(-x[1]), x[3] - below(-x[1] + shift) - below(-x[1] - shift))

    return cost, equal


def _power_flow(number: int, a: float, best: float, at: tuple) -> Problem:
    sin = jnp.sin
    return program(
        f"HS{number}",
        lambda x: 3 * x[0] + 1e-6 * x[0] ** 3 + 2 * x[1] + 2e-6 / 3 * x[1] ** 3, (0, 0, 0, 0),
        best, at, low=(0, 0, -a, -a), high=(1200, 1200, a, a), rounded=3e-7, at_start=0,
        equal=lambda x: vector(
            1000 * (sin(-x[2] - 0.25) + sin(-x[3] - 0.25)) + 894.8 - x[0],
            1000 * (sin(x[2] - 0.25) + sin(x[2] - x[3] - 0.25)) + 894.8 - x[1],
            1000 * (sin(x[3] - 0.25) + sin(x[3] - x[2] - 0.25)) + 1294.8),
        at_most=lambda x: vector(x[2] - x[3] - a, x[3] - x[2] - a),
    )  # fmt: skip


def _product(x: Any) -> Any:
    return vector(x @ x - 10, x[1] * x[2] - 5 * x[3] * x[4], x[0] ** 3 + x[1] ** 3 + 1)


def _four_again() -> list[Problem]:
    start, wide = (1, 1, 1, 1), np.array((2.3, 2.3, 3.2, 3.2, 3.2))
    root = (-1.717143570, 1.595709690, 1.827245753, -0.763643078, -0.763643078)
    cost68, equal68 = _chart(1e-4, 1, 1, 24)
    cost69, equal69 = _chart(0.1, 1000, 1, 4)
    return [
        program("HS68", cost68, start, -0.920425026, (0.06785874, 3.6461717, 2.6617e-4, 0.8948622),
                low=(1e-4, 0, 0, 0), high=(100, 100, 2, 2), equal=equal68, rounded=3e-5),
        program("HS69", cost69, start, -956.71288, (0.02937141, 1.1902534, 0.23394676, 0.7916678),
                low=(1e-4, 0, 0, 0), high=(100, 100, 2, 2), equal=equal69, rounded=1e-6),
        program("HS71", lambda x: x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2], (1, 5, 5, 1),
                17.0140173, (1, 4.7429994, 3.8211503, 1.3794082), low=1, high=5, at_start=16,
                rounded=1e-7, equal=lambda x: x @ x - 40, at_most=lambda x: 25 - jnp.prod(x),
                text=Text("x1 x2 x3 x4", "x1*x4*(x1 + x2 + x3) + x3",
                          ("x1^2 + x2^2 + x3^2 + x4^2 - 40",), ("25 - x1*x2*x3*x4",))),
        program("HS72", lambda x: 1 + jnp.sum(x), start, 727.67937,
                (193.4071, 179.5475, 185.0186, 168.7062), low=1e-3, at_start=5, rounded=1e-6,
                high=(4e5, 3e5, 2e5, 1e5),
                at_most=lambda x: vector(
                    4 / x[0] + 2.25 / x[1] + 1 / x[2] + 0.25 / x[3] - 0.0401,
                    0.16 / x[0] + 0.36 / x[1] + 0.64 / x[2] + 0.64 / x[3] - 0.010085)),
        program("HS73", lambda x: 24.55 * x[0] + 26.75 * x[1] + 39 * x[2] + 40.5 * x[3], start,
                29.8943782, (0.6355216, 0, 0.3127019, 0.05177655), low=0, at_start=130.8,
                rounded=1e-6, equal=lambda x: jnp.sum(x) - 1,
                at_most=lambda x: vector(
                    5 - 2.3 * x[0] - 5.6 * x[1] - 11.1 * x[2] - 1.3 * x[3],
                    21 - 12 * x[0] - 11.9 * x[1] - 41.8 * x[2] - 52.1 * x[3]
                    + 1.645 * jnp.sqrt(0.28 * x[0] ** 2 + 0.19 * x[1] ** 2 + 20.5 * x[2] ** 2
                                       + 0.62 * x[3] ** 2))),
        _power_flow(74, 0.55, 5126.4981, (679.9453, 1026.067, 0.1188764, -0.3962336)),
        _power_flow(75, 0.48, 5174.4129, (776.1592, 925.1949, 0.05110879, -0.4288911)),
        program("HS76", lambda x: (x[0] ** 2 + x[1] ** 2 / 2 + x[2] ** 2 + x[3] ** 2 / 2
                                   - x[0] * x[2] + x[2] * x[3] - x[0] - 3 * x[1] + x[2] - x[3]),
                (0.5,) * 4, -103 / 22, (3 / 11, 23 / 11, 0, 6 / 11), low=0, at_start=-1.25,
                at_most=lambda x: vector(x[0] + 2 * x[1] + x[2] + x[3] - 5,
                                         3 * x[0] + x[1] + 2 * x[2] - x[3] - 4,
                                         1.5 - x[1] - 4 * x[2])),
        program("HS77", lambda x: ((x[0] - 1) ** 2 + (x[0] - x[1]) ** 2 + (x[2] - 1) ** 2
                                   + (x[3] - 1) ** 4 + (x[4] - 1) ** 6),
                (2,) * 5, 0.24150513, (1.166172, 1.182111, 1.380257, 1.506036, 0.6109203),
                at_start=4, rounded=1e-6,
                equal=lambda x: vector(
                    x[0] ** 2 * x[3] + jnp.sin(x[3] - x[4]) - 2 * _ROOT2,
                    x[1] + x[2] ** 4 * x[3] ** 2 - 8 - _ROOT2)),
        program("HS78", jnp.prod, (-2, 1.5, 2, -1, -1), -2.91970041, root, equal=_product,
                at_start=-6, rounded=1e-6),
        program("HS79", lambda x: ((x[0] - 1) ** 2 + (x[0] - x[1]) ** 2 + (x[1] - x[2]) ** 2
                                   + (x[2] - x[3]) ** 4 + (x[3] - x[4]) ** 4),
                (2,) * 5, 0.0787768209, (1.191127, 1.362603, 1.472818, 1.635017, 1.679081),
                at_start=1, rounded=1e-6,
                equal=lambda x: vector(x[0] + x[1] ** 2 + x[2] ** 3 - 2 - 3 * _ROOT2,
                                       x[1] - x[2] ** 2 + x[3] + 2 - 2 * _ROOT2,
                                       x[0] * x[4] - 2)),
        program("HS80", lambda x: jnp.exp(jnp.prod(x)), (-2, 2, 2, -1, -1), 0.0539498478, root,
                low=-wide, high=wide, equal=_product, rounded=1e-6),
        program("HS81", lambda x: jnp.exp(jnp.prod(x)) - (x[0] ** 3 + x[1] ** 3 + 1) ** 2 / 2,
                (-2, 2, 2, -1, -1), 0.0539498478, root, low=-wide, high=wide, equal=_product,
                rounded=1e-6),
    ]  # fmt: skip


def _colville3(x: Any) -> Any:
    a = 85.334407 + 0.0056858 * x[1] * x[4] + 0.0006262 * x[0] * x[3] - 0.0022053 * x[2] * x[4]
    b = 80.51249 + 0.0071317 * x[1] * x[4] + 0.0029955 * x[0] * x[1] + 0.0021813 * x[2] ** 2
    c = 9.300961 + 0.0047026 * x[2] * x[4] + 0.0012547 * x[0] * x[2] + 0.0019085 * x[2] * x[3]
    return vector(-a, a - 92, 90 - b, b - 110, 20 - c, c - 25)


_SUGAR = np.array((
    (24345, 8720288.849, -150512.5253, 156.6950325, -476470.3222, -729482.8271),
    (0, -145421.402, 2931.1506, -40.427932, 5106.192, 15711.36),
    (0, -155011.1084, 4360.53352, 12.9492344, 10236.884, 13176.786),
    (0, -326669.5104, 7390.68412, -27.8986976, 16643.076, 30988.146),
))  # fmt: skip


def _sugar(x: Any) -> Any:
    g = _SUGAR[1:, 1] * x[0] + _SUGAR[1:, 2:] @ (x[0] * x[1:])
    return jnp.concatenate([-g, g - jnp.array([294000.0, 294000.0, 277200.0])])


def _large_numbers() -> list[Problem]:
    return [
        program("HS83", lambda x: (5.3578547 * x[2] ** 2 + 0.8356891 * x[0] * x[4]
                                   + 37.293239 * x[0] - 40792.141),
                (78, 33, 27, 27, 27), -30665.53867, (78, 33, 29.99526, 45, 36.77581),
                low=(78, 33, 27, 27, 27), high=(102, 45, 45, 45, 45), at_most=_colville3,
                rounded=1e-6, at_start=-32217.43),
        program("HS84", lambda x: (_SUGAR[0, 0] + _SUGAR[0, 1] * x[0]
                                   + _SUGAR[0, 2:] @ (x[0] * x[1:])),
                (2.52, 2, 37.5, 9.25, 6.8), -5280335.133, (4.53743097, 2.4, 60, 9.3, 7),
                low=(0, 1.2, 20, 9, 6.5), high=(1000, 2.4, 60, 9.3, 7), at_most=_sugar,
                rounded=1e-8, at_start=-2351243.5),
    ]  # fmt: skip


PROBLEMS = [
    *_four_and_five(), *_five_to_seven(), *_with_three_variables(), *_four_again(),
    *_large_numbers(),
]  # fmt: skip
