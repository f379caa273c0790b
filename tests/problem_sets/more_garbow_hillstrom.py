"""The 35 problems of Moré, Garbow and Hillstrom (1981): sums of squares, at their usual sizes."""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sqrt
from typing import Any

import jax.numpy as jnp
import numpy as np

from problem_sets.problem import Problem, Text, program, vector

__all__ = [
    "PROBLEMS",
    "brown_almost_linear",
    "broyden_banded",
    "broyden_tridiagonal",
    "chebyquad",
    "discrete_boundary",
    "discrete_integral",
    "freudenstein_roth",
    "helical",
    "powell_badly",
    "powell_singular",
    "rosenbrock",
    "trigonometric",
    "watson",
]  # fmt: skip


def rosenbrock(x: Any) -> Any:
    return jnp.concatenate([10 * (x[1::2] - x[::2] ** 2), 1 - x[::2]])


def freudenstein_roth(x: Any) -> Any:
    a, b = x
    return vector(-13 + a + ((5 - b) * b - 2) * b, -29 + a + ((b + 1) * b - 14) * b)


def powell_badly(x: Any) -> Any:
    return vector(1e4 * x[0] * x[1] - 1, jnp.exp(-x[0]) + jnp.exp(-x[1]) - 1.0001)


def _brown_badly(x: Any) -> Any:
    return vector(x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2)


def _beale(x: Any) -> Any:
    return np.array((1.5, 2.25, 2.625)) - x[0] * (1 - vector(x[1], x[1] ** 2, x[1] ** 3))


def _jennrich_sampson(x: Any) -> Any:
    i = np.arange(1.0, 11)
    return 2 + 2 * i - jnp.exp(i * x[0]) - jnp.exp(i * x[1])


def helical(x: Any) -> Any:
    turn = jnp.arctan(x[1] / x[0]) / (2 * pi) + jnp.where(x[0] > 0, 0, 0.5)
    return vector(10 * (x[2] - 10 * turn), 10 * (jnp.hypot(x[0], x[1]) - 1), x[2])


_BARD = np.array((14, 18, 22, 25, 29, 32, 35, 39, 37, 58, 73, 96, 134, 210, 439)) / 100


def _bard(x: Any) -> Any:
    u = np.arange(1.0, 16)
    v = 16 - u
    return _BARD - x[0] - u / (v * x[1] + np.minimum(u, v) * x[2])


_BELL = np.array((9, 44, 175, 540, 1295, 2420, 3521, 3989, 3521, 2420, 1295, 540, 175, 44, 9)) / 1e4


def _gaussian(x: Any) -> Any:
    t = (8 - np.arange(1, 16)) / 2
    return x[0] * jnp.exp(-x[1] * (t - x[2]) ** 2 / 2) - _BELL


_MEYER = np.array((34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030, 6005, 5147,
                   4427, 3820, 3307, 2872)) * 1.0  # fmt: skip


def _meyer(x: Any) -> Any:
    return x[0] * jnp.exp(x[1] / (45 + 5 * np.arange(1.0, 17) + x[2])) - _MEYER


def _gulf(x: Any) -> Any:
    t = np.arange(1, 100) / 100
    y = 25 + (-50 * np.log(t)) ** (2 / 3)
    return jnp.exp(-(jnp.abs(y - x[1]) ** x[2]) / x[0]) - t


def _box(x: Any) -> Any:
    t = np.arange(1, 11) / 10
    return jnp.exp(-t * x[0]) - jnp.exp(-t * x[1]) - x[2] * (np.exp(-t) - np.exp(-10 * t))


def powell_singular(x: Any) -> Any:
    a, b, c, d = x.reshape(-1, 4).T
    return jnp.concatenate([a + 10 * b, sqrt(5) * (c - d), (b - 2 * c) ** 2,
                            sqrt(10) * (a - d) ** 2])  # fmt: skip


def _wood(x: Any) -> Any:
    return vector(10 * (x[1] - x[0] ** 2), 1 - x[0], sqrt(90) * (x[3] - x[2] ** 2), 1 - x[2],
                  sqrt(10) * (x[1] + x[3] - 2), (x[1] - x[3]) / sqrt(10))  # fmt: skip


_KOWALIK = np.array((1957, 1947, 1735, 1600, 844, 627, 456, 342, 323, 235, 246)) / 1e4
_RATES = np.array((4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625))


def _kowalik(x: Any) -> Any:
    u = _RATES
    return _KOWALIK - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3])


def _brown_dennis(x: Any) -> Any:
    t = np.arange(1, 21) / 5
    return (x[0] + t * x[1] - np.exp(t)) ** 2 + (x[2] + x[3] * np.sin(t) - np.cos(t)) ** 2


_OSBORNE1 = np.array((
    844, 908, 932, 936, 925, 908, 881, 850, 818, 784, 751, 718, 685, 658, 628, 603, 580, 558, 538,
    522, 506, 490, 478, 467, 457, 448, 438, 431, 424, 420, 414, 411, 406,
)) / 1e3  # fmt: skip


def _osborne1(x: Any) -> Any:
    t = 10 * np.arange(33.0)
    return _OSBORNE1 - x[0] - x[1] * jnp.exp(-t * x[3]) - x[2] * jnp.exp(-t * x[4])


def _biggs(x: Any) -> Any:
    t = np.arange(1, 14) / 10
    y = np.exp(-t) - 5 * np.exp(-10 * t) + 3 * np.exp(-4 * t)
    return x[2] * jnp.exp(-t * x[0]) - x[3] * jnp.exp(-t * x[1]) + x[5] * jnp.exp(-t * x[4]) - y


_OSBORNE2 = np.array((
    1366, 1191, 1112, 1013, 991, 885, 831, 847, 786, 725, 746, 679, 608, 655, 616, 606, 602, 626,
    651, 724, 649, 649, 694, 644, 624, 661, 612, 558, 533, 495, 500, 423, 395, 375, 372, 391, 396,
    405, 428, 429, 523, 562, 607, 653, 672, 708, 633, 668, 645, 632, 591, 559, 597, 625, 739, 710,
    729, 720, 636, 581, 428, 292, 162, 98, 54,
)) / 1e3  # fmt: skip


def _osborne2(x: Any) -> Any:
    t = np.arange(65) / 10
    bumps = jnp.exp(-((t[:, None] - x[8:11]) ** 2) * x[5:8]) @ x[1:4]
    return _OSBORNE2 - x[0] * jnp.exp(-t * x[4]) - bumps


def watson(x: Any) -> Any:
    t, k = np.arange(1, 30)[:, None] / 29, np.arange(x.size)
    slope = (k[1:] * t ** (k[1:] - 1)) @ x[1:]
    return jnp.append(slope - ((t**k) @ x) ** 2 - 1, vector(x[0], x[1] - x[0] ** 2 - 1))


def _penalty1(x: Any) -> Any:
    return jnp.append(sqrt(1e-5) * (x - 1), x @ x - 0.25)


def _penalty2(x: Any) -> Any:
    n = x.size
    i, e = np.arange(2, n + 1), jnp.exp(x / 10)
    pairs = e[1:] + e[:-1] - np.exp(i / 10) - np.exp((i - 1) / 10)
    last = np.arange(n, 0, -1) @ x**2 - 1
    return jnp.concatenate([x[:1] - 0.2, sqrt(1e-5) * pairs, sqrt(1e-5) * (e[1:] - np.exp(-0.1)),
                            last[None]])  # fmt: skip


def _variable(x: Any) -> Any:
    moment = np.arange(1.0, x.size + 1) @ (x - 1)
    return jnp.append(x - 1, vector(moment, moment**2))


def trigonometric(x: Any) -> Any:
    i = np.arange(1, x.size + 1)
    return x.size - jnp.sum(jnp.cos(x)) + i * (1 - jnp.cos(x)) - jnp.sin(x)


def brown_almost_linear(x: Any) -> Any:
    return jnp.append(x[:-1] + jnp.sum(x) - (x.size + 1), jnp.prod(x) - 1)


def discrete_boundary(x: Any) -> Any:
    h = 1 / (x.size + 1)
    t = h * np.arange(1, x.size + 1)
    padded = jnp.pad(x, 1)
    return 2 * x - padded[:-2] - padded[2:] + h**2 * (x + t + 1) ** 3 / 2


def discrete_integral(x: Any) -> Any:
    h = 1 / (x.size + 1)
    t = h * np.arange(1, x.size + 1)
    kernel = np.minimum(t[:, None], t) * (1 - np.maximum(t[:, None], t))
    return x + h * (kernel @ (x + t + 1) ** 3) / 2


def broyden_tridiagonal(x: Any) -> Any:
    padded = jnp.pad(x, 1)
    return (3 - 2 * x) * x - padded[:-2] - 2 * padded[2:] + 1


def broyden_banded(x: Any) -> Any:
    term = jnp.pad(x * (1 + x), (5, 1))
    near = sum(term[k : k + x.size] for k in (0, 1, 2, 3, 4, 6))
    return x * (2 + 5 * x**2) + 1 - near


def chebyquad(x: Any) -> Any:
    u = 2 * x - 1
    before, now, found = 1 + 0 * u, u, []
    for k in range(1, x.size + 1):
        found.append(jnp.mean(now) + (1 / (k**2 - 1) if k % 2 == 0 else 0))
        before, now = now, 2 * u * now - before
    return vector(*found)


def _linear(kind: int) -> Callable:
    """Full rank, rank one, and rank one with zero rows and columns; 20 equations."""

    def residual(x: Any) -> Any:
        n = x.size
        if kind == 0:
            return jnp.append(x, np.zeros(20 - n)) - jnp.sum(x) / 10 - 1
        i, j = np.arange(1.0, 21), np.arange(1.0, n + 1)
        if kind == 1:
            return i * (j @ x) - 1
        inner = (j[1:-1] @ x[1:-1]) * (i - 1) * ((i > 1) & (i < 20))
        return inner - 1

    return residual


def _squares(residual: Callable) -> Callable:
    return lambda x: jnp.sum(residual(x) ** 2)


def _table() -> list[tuple]:
    """Name, residual, start, least sum of squares, solution, to what that was rounded."""
    ten, t = np.arange(1.0, 11), np.arange(1, 11) / 11
    singular = np.tile((3.0, -1, 0, 1), 3)
    return [
        ("rosenbrock", rosenbrock, (-1.2, 1), 0, (1, 1), 0),
        ("freudenstein-roth", freudenstein_roth, (0.5, -2), 0, (5, 4), 0),
        ("powell-badly-scaled", powell_badly, (0, 1), 0, (1.098159e-5, 9.106146), 1e-6),
        ("brown-badly-scaled", _brown_badly, (1, 1), 0, (1e6, 2e-6), 0),
        ("beale", _beale, (1, 1), 0, (3, 0.5), 0),
        ("jennrich-sampson", _jennrich_sampson, (0.3, 0.4), 124.36218236, (0.25782521,) * 2, 1e-7),
        ("helical-valley", helical, (-1, 0, 0), 0, (1, 0, 0), 0),
        ("bard", _bard, (1, 1, 1), 8.21487e-3, (0.08241056, 1.133036, 2.343695), 1e-6),
        ("gaussian", _gaussian, (0.4, 1, 0), 1.12793e-8, (0.3989561, 1.0000191, 0), 1e-6),
        ("meyer", _meyer, (0.02, 4000, 250), 87.945855, (0.005609636, 6181.346346, 345.2236346),
         1e-8),
        ("gulf", _gulf, (5, 2.5, 0.15), 0, (50, 25, 1.5), 0),
        ("box", _box, (0, 10, 20), 0, (1, 10, 1), 0),
        ("powell-singular", powell_singular, singular[:4], 0, np.zeros(4), 0),
        ("wood", _wood, (-3, -1, -3, -1), 0, np.ones(4), 0),
        ("kowalik-osborne", _kowalik, (0.25, 0.39, 0.415, 0.39), 3.07505e-4,
         (0.192807, 0.191282, 0.123057, 0.136062), 3e-6),
        ("brown-dennis", _brown_dennis, (25, 5, -5, -1), 85822.201626,
         (-11.594440, 13.203630, -0.40343949, 0.23677877), 1e-6),
        ("osborne-1", _osborne1, (0.5, 1.5, -1, 0.01, 0.02), 5.46489e-5,
         (0.3754101, 1.9358469, -1.4646871, 0.01286753, 0.02212270), 1e-6),
        ("biggs-exp6", _biggs, (1, 2, 1, 1, 1, 1), 0, (1, 10, 1, 5, 4, 3), 0),
        ("osborne-2", _osborne2, (1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5), 4.01377e-2,
         (1.309977, 0.4315538, 0.6336617, 0.5994305, 0.7541832, 0.9042886, 1.365812, 4.823699,
          2.398685, 4.568875, 5.675341), 1e-6),
        ("watson-6", watson, np.zeros(6), 2.28767e-3,
         (-0.015725, 1.012435, -0.232992, 1.260430, -1.513729, 0.992996), 1e-6),
        ("watson-9", watson, np.zeros(9), 1.39976e-6, (), 0),
        ("extended-rosenbrock", rosenbrock, np.tile((-1.2, 1), 5), 0, np.ones(10), 0),
        ("extended-powell-singular", powell_singular, singular, 0, np.zeros(12), 0),
        ("penalty-1-4", _penalty1, np.arange(1, 5), 2.24997e-5, (0.25000759,) * 4, 1e-7),
        ("penalty-1-10", _penalty1, ten, 7.08765e-5, (0.15812266,) * 10, 1e-7),
        ("penalty-2-4", _penalty2, (0.5,) * 4, 9.37629e-6, (), 0),
        ("penalty-2-10", _penalty2, (0.5,) * 10, 2.93660e-4, (), 0),
        ("variably-dimensioned", _variable, 1 - ten / 10, 0, np.ones(10), 0),
        ("trigonometric", trigonometric, (0.1,) * 10, 0, np.zeros(10), 0),
        ("brown-almost-linear", brown_almost_linear, (0.5,) * 10, 0, np.ones(10), 0),
        ("discrete-boundary", discrete_boundary, t * (t - 1), 0, (), 0),
        ("discrete-integral", discrete_integral, t * (t - 1), 0, (), 0),
        ("broyden-tridiagonal", broyden_tridiagonal, -np.ones(10), 0, (), 0),
        ("broyden-banded", broyden_banded, -np.ones(10), 0, (), 0),
        ("linear-full-rank", _linear(0), np.ones(10), 10, -np.ones(10), 0),
        ("linear-rank-1", _linear(1), np.ones(10), 190 / 41, (), 0),
        ("linear-rank-1-zero", _linear(2), np.ones(10), 454 / 74, (), 0),
        ("chebyquad-8", chebyquad, np.arange(1, 9) / 9, 3.51687e-3,
         (0.043153, 0.193091, 0.266329, 0.5, 0.5, 0.733671, 0.806909, 0.956847), 1e-5),
        ("chebyquad-10", chebyquad, ten / 11, 6.50395e-3, (), 0),
    ]  # fmt: skip


_TEXTS = {
    "rosenbrock": Text("a b", "100*(b - a^2)^2 + (1 - a)^2"),
    "beale": Text("a b", "(1.5 - a*(1 - b))^2 + (2.25 - a*(1 - b^2))^2 + (2.625 - a*(1 - b^3))^2"),
    "freudenstein-roth": Text(
        "a b", "(a - 13 + ((5 - b)*b - 2)*b)^2 + (a - 29 + ((b + 1)*b - 14)*b)^2"
    ),
    "wood": Text("a b c d", "100*(b - a^2)^2 + (1 - a)^2 + 90*(d - c^2)^2 + (1 - c)^2"
                 " + 10*(b + d - 2)^2 + (b - d)^2/10"),
    "powell-singular": Text("a b c d", "(a + 10*b)^2 + 5*(c - d)^2 + (b - 2*c)^4 + 10*(a - d)^4"),
}  # fmt: skip
_FLAT = ("powell-singular", "extended-powell-singular")
_MANY = ("linear-rank-1", "linear-rank-1-zero")
_NOTES = (
    {"chebyquad-10": "lower minima exist, the least known is 4.77271e-3"}
    | dict.fromkeys(_FLAT, "the Hessian is singular at the solution")
    | dict.fromkeys(_MANY, "a plane of solutions")
)

PROBLEMS: list[Problem] = [
    program(name, _squares(residual), start, best, at, rounded=rounded or 1e-14,
            notes=_NOTES.get(name, ""), text=_TEXTS.get(name))
    for name, residual, start, best, at, rounded in _table()
]  # fmt: skip
