"""Problems 86 to 119 of Hock and Schittkowski (1981), with their published optima."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import sqrt
from typing import Any

import jax.numpy as jnp
import numpy as np

from problem_sets.problem import INF, Problem, program, vector

__all__ = ["PROBLEMS"]

# Colville's first problem and its dual share these.
_C = np.array(((30, -20, -10, 32, -10), (-20, 39, -6, -31, 32), (-10, -6, 10, -6, -10),
               (32, -31, -6, 39, -20), (-10, 32, -10, -20, 30))) * 1.0  # fmt: skip
_D, _E = np.array((4.0, 8, 10, 6, 2)), np.array((-15.0, -27, -36, -18, -12))
_A = np.array(((-16, 2, 0, 1, 0), (0, -2, 0, 4, 2), (-3.5, 0, 2, 0, 0), (0, -2, 0, -4, -1),
               (0, -9, -2, 1, -2.8), (2, 0, -4, 0, 0), (-1, -1, -1, -1, -1), (-1, -2, -3, -2, -1),
               (1, 2, 3, 4, 5), (1, 1, 1, 1, 1)))  # fmt: skip
_B = np.array((-40, -2, -0.25, -4, -4, -1, -40, -60, 5, 1))


def _colville1() -> list[Problem]:
    def dual(x: Any) -> Any:
        y = x[10:]
        return -_B @ x[:10] + y @ _C @ y + 2 * _D @ y**3

    return [
        program("HS86", lambda x: _E @ x + x @ _C @ x + _D @ x**3, (0, 0, 0, 0, 1), -32.34867897,
                (0.3, 0.33346761, 0.4, 0.42831010, 0.22396487), low=0, at_start=20, rounded=1e-7,
                at_most=lambda x: _B - _A @ x),
        program("HS117", dual, np.where(np.arange(15) == 6, 60, 0.001), 32.34867897,
                (0, 0, 5.174136, 0, 3.061093, 11.83968, 0, 0, 0.1039071, 0, 0.2999929, 0.3334709,
                 0.3999910, 0.4283145, 0.2239607), low=0, at_start=2400.1053, rounded=3e-5,
                at_most=lambda x: _A.T @ x[:10] - 2 * _C @ x[10:] - 3 * _D * x[10:] ** 2 - _E),
    ]  # fmt: skip


def _transformer(x: Any) -> tuple[Any, ...]:
    a, b, c, d, e, f = x
    first, second = a * d * (a + b + c), b * c * (a + 1.57 * b + d)
    return first, second, first * e**2, second * f**2


_ACID = np.array((
    (17.1, 38.2, 204.2, 212.3, 623.4, 1495.5), (17.9, 36.8, 113.9, 169.7, 337.8, 1385.2),
    (0, -273, 0, -70, -819, 0), (159.9, -311, 0, 587, 391, 2198),
))  # fmt: skip


def _acid(limits: tuple, x: Any) -> Any:
    a, _, c, d, e, f = x
    products = vector(
        -169 * a * c - 3580 * c * e - 3810 * d * e - 18500 * d * f - 24300 * e * f,
        -139 * a * c - 2450 * d * e - 16600 * d * f - 17200 * e * f,
        26000 * d * e,
        -14000 * a * f,
    )
    return np.array(limits) - _ACID @ x - products


def _blending() -> list[Problem]:
    limits = {
        95: (4.97, -1.88, -29.08, -78.02), 96: (4.97, -1.88, -69.08, -118.02),
        97: (32.97, 25.12, -29.08, -78.02), 98: (32.97, 25.12, -124.08, -173.02),
    }  # fmt: skip
    first = (0, 0, 0, 0, 0, 0.003323303243)
    second = (0.2685649, 0, 0, 0, 0.028, 0.0134)
    return [
        program(f"HS{k}", lambda x: np.array((4.3, 31.8, 63.3, 15.8, 68.5, 4.7)) @ x, np.zeros(6),
                0.01561952524 if k < 97 else 3.135809, first if k < 97 else second, low=0,
                high=(0.31, 0.046, 0.068, 0.042, 0.028, 0.0134), at_start=0,
                rounded=1e-9 if k < 97 else 1e-6, at_most=partial(_acid, limits[k]))
        for k in limits
    ]  # fmt: skip


def _rocket(x: Any) -> tuple[Any, Any, Any]:
    """The last range, height and speed."""
    times, thrusts = (0, 25, 50, 100, 150, 200, 290, 380), (50, 50, 75, 75, 75, 100, 100)
    r = q = s = 0
    for k, a in enumerate(thrusts):
        step, lift = times[k + 1] - times[k], a * jnp.sin(x[k]) - 32
        r += a * step * jnp.cos(x[k])
        q += step**2 / 2 * lift + step * s
        s += step * lift
    return r, q, s


def _geometric(a: float, x: Any) -> Any:
    p, q, r, s, t, u, v = x
    return (10 * p * s**2 * v**a / (q * u**3) + 15 * r * s / (p * q**2 * t * v**0.5)
            + 20 * q * u / (p**2 * s * t**2)
            + 25 * p**2 * q**2 * t**0.5 * v / (r * u**2))  # fmt: skip


def _geometric_limits(a: float, x: Any) -> Any:
    p, q, r, s, t, u, v = x
    f = _geometric(a, x)
    return vector(
        0.5 * p**0.5 * v / (r * u**2) + 0.7 * p**3 * q * u * v**0.5 / r**2
        + 0.2 * r * u ** (2 / 3) * v**0.25 / (q * s**0.5) - 1,
        1.3 * q * u / (p**0.5 * r * t) + 0.8 * r * u**2 / (s * t)
        + 3.1 * q**0.5 * u ** (1 / 3) / (p * s**2 * t) - 1,
        2 * p * t * v ** (1 / 3) / (r**1.5 * u) + 0.1 * q * t / (r**0.5 * u * v**0.5)
        + q * r**0.5 * t / p + 0.65 * r * t * v / (q**2 * u) - 1,
        0.2 * q * t**0.5 * v ** (1 / 3) / (p**2 * s)
        + 0.3 * p**0.5 * q**2 * r * s ** (1 / 3) * v**0.25 / t ** (2 / 3)
        + 0.4 * r * t * v**0.75 / (p**3 * q**2) + 0.5 * s * v**0.5 / r**2 - 1,
        100 - f, f - 3000,
    )  # fmt: skip


def _reactor(x: Any) -> Any:
    return 0.4 * (x[0] / x[6]) ** 0.67 + 0.4 * (x[1] / x[7]) ** 0.67 + 10 - x[0] - x[1]


def _reactor_limits(x: Any) -> Any:
    a, b, c, d, e, f, g, h = x
    cost = _reactor(x)
    return vector(
        0.0588 * e * g + 0.1 * a - 1, 0.0588 * f * h + 0.1 * a + 0.1 * b - 1,
        4 * c / e + 2 * c**-0.71 / e + 0.0588 * c**-1.3 * g - 1,
        4 * d / f + 2 * d**-0.71 / f + 0.0588 * d**-1.3 * h - 1,
        0.1 - cost, cost - 4.2,
    )  # fmt: skip


def _seven_and_eight() -> list[Problem]:
    geometric = {
        101: (-0.25, 1809.76476, (2.856159, 0.6108230, 2.150813, 4.712874, 0.9994875, 1.347508,
                                  0.03165277)),
        102: (0.125, 911.880571, (3.896253, 0.8093588, 2.664386, 4.300913, 0.8535549, 1.095287,
                                  0.02731046)),
        103: (0.5, 543.667958, (4.394105, 0.8544687, 2.843230, 3.399979, 0.7229261, 0.8704064,
                                0.02463883)),
    }  # fmt: skip
    return [
        program("HS93", lambda x: np.array((0.0204, 0.0187, 0.0607, 0.0437)) @ vector(
                    *_transformer(x)),
                (5.54, 4.4, 12.02, 11.82, 0.702, 0.852), 135.075961,
                (5.332666, 4.656744, 10.43299, 12.08230, 0.7526074, 0.87865084), low=0,
                rounded=1e-6, at_start=137.066,
                at_most=lambda x: vector(2.07 - 1e-3 * jnp.prod(x),
                                         6.2e-4 * _transformer(x)[2] + 5.8e-4 * _transformer(x)[3]
                                         - 1)),
        *_blending(),
        program("HS99", lambda x: -_rocket(x)[0] ** 2, (0.5,) * 7, -0.831079892e9,
                (0.5424603, 0.5290159, 0.5084506, 0.4802693, 0.4512352, 0.4091878, 0.3527847),
                low=0, high=1.58, rounded=1e-6, at_start=-0.7763605756e9,
                equal=lambda x: vector(_rocket(x)[1] - 1e5, _rocket(x)[2] - 1e3)),
        program("HS100", lambda x: ((x[0] - 10) ** 2 + 5 * (x[1] - 12) ** 2 + x[2] ** 4
                                    + 3 * (x[3] - 11) ** 2 + 10 * x[4] ** 6 + 7 * x[5] ** 2
                                    + x[6] ** 4 - 4 * x[5] * x[6] - 10 * x[5] - 8 * x[6]),
                (1, 2, 0, 4, 0, 1, 1), 680.6300573,
                (2.330499, 1.951372, -0.4775414, 4.365726, -0.6244870, 1.038131, 1.594227),
                at_start=714, rounded=1e-6,
                at_most=lambda x: vector(
                    2 * x[0] ** 2 + 3 * x[1] ** 4 + x[2] + 4 * x[3] ** 2 + 5 * x[4] - 127,
                    7 * x[0] + 3 * x[1] + 10 * x[2] ** 2 + x[3] - x[4] - 282,
                    23 * x[0] + x[1] ** 2 + 6 * x[5] ** 2 - 8 * x[6] - 196,
                    4 * x[0] ** 2 + x[1] ** 2 - 3 * x[0] * x[1] + 2 * x[2] ** 2 + 5 * x[5]
                    - 11 * x[6])),
        *(program(f"HS{k}", partial(_geometric, a), (6,) * 7, best, at,
                  low=(0.1,) * 6 + (0.01,), high=10, rounded=1e-6, at_start=start,
                  at_most=partial(_geometric_limits, a))
          for (k, (a, best, at)), start in zip(geometric.items(),
                                               (2205.868, 2206.889, 2208.886), strict=True)),
        program("HS104", _reactor, (6, 3, 0.4, 0.2, 6, 6, 1, 0.5), 3.9511634396,
                (6.465114, 2.232709, 0.6673975, 0.5957564, 5.932676, 5.527235, 1.013322,
                 0.4006682), low=0.1, high=10, at_most=_reactor_limits, rounded=1e-6,
                at_start=3.6573657),
        program("HS106", lambda x: x[0] + x[1] + x[2],
                (5000, 5000, 5000, 200, 350, 150, 225, 425), 7049.248021,
                (579.30668, 1359.97066, 5109.97066, 182.01770, 295.60118, 217.98230, 286.41653,
                 395.60118),
                low=(100, 1000, 1000, 10, 10, 10, 10, 10), high=(10000,) * 3 + (1000,) * 5,
                at_most=_exchanger, rounded=1e-7, at_start=15000,
                notes="the first printed figure, 7049.330923, is 1e-5 too high"),
    ]  # fmt: skip


def _exchanger(x: Any) -> Any:
    a, b, c, d, e, f, g, h = x
    return vector(
        0.0025 * (d + f) - 1, 0.0025 * (e + g - d) - 1, 0.01 * (h - e) - 1,
        833.33252 * d + 100 * a - a * f - 83333.333, 1250 * e + b * d - b * g - 1250 * d,
        1250000 + c * e - c * h - 2500 * e,
    )  # fmt: skip


def _grid(x: Any) -> Any:
    """The balance of active and reactive power in a network of three nodes."""
    p, q, r, s, u, v, w, g, h = x
    c, d = 48.4 / 50.176 * np.sin(0.25), 48.4 / 50.176 * np.cos(0.25)
    (y1, y3, y5), (y2, y4, y6) = ([t(g), t(h), t(g - h)] for t in (jnp.sin, jnp.cos))
    return vector(
        0.4 - p + 2 * c * u**2 - u * v * (d * y1 + c * y2) - u * w * (d * y3 + c * y4),
        0.4 - q + 2 * c * v**2 + u * v * (d * y1 - c * y2) + v * w * (d * y5 - c * y6),
        0.8 + 2 * c * w**2 + u * w * (d * y3 - c * y4) - v * w * (d * y5 + c * y6),
        0.2 - r + 2 * d * u**2 + u * v * (c * y1 - d * y2) + u * w * (c * y3 - d * y4),
        0.2 - s + 2 * d * v**2 - u * v * (c * y1 + d * y2) - v * w * (c * y5 + d * y6),
        -0.337 + 2 * d * w**2 - u * w * (c * y3 + d * y4) + v * w * (c * y5 - d * y6),
    )


def _hexagon(x: Any) -> Any:
    a, b, c, d, e, f, g, h, i = x
    return vector(
        c**2 + d**2 - 1, i**2 - 1, e**2 + f**2 - 1, a**2 + (b - i) ** 2 - 1,
        (a - e) ** 2 + (b - f) ** 2 - 1, (a - g) ** 2 + (b - h) ** 2 - 1,
        (c - e) ** 2 + (d - f) ** 2 - 1, (c - g) ** 2 + (d - h) ** 2 - 1,
        g**2 + (h - i) ** 2 - 1, b * c - a * d, -c * i, e * i, f * g - e * h,
    )  # fmt: skip


_ENERGIES = -np.array(
    (6.089, 17.164, 34.054, 5.914, 24.721, 14.986, 24.100, 10.708, 26.662, 22.179)
)


def _gibbs(x: Any) -> Any:
    return x @ (_ENERGIES + jnp.log(x / jnp.sum(x)))


def _atoms(x: Any) -> Any:
    return vector(
        x[0] + 2 * x[1] + 2 * x[2] + x[5] + x[9] - 2,
        x[3] + 2 * x[4] + x[5] + x[6] - 1,
        x[2] + x[6] + x[7] + 2 * x[8] + x[9] - 1,
    )


def _wong(x: Any) -> Any:
    a, b, c, d, e, f, g, h, i, j = x
    return (a**2 + b**2 + a * b - 14 * a - 16 * b + (c - 10) ** 2 + 4 * (d - 5) ** 2
            + (e - 3) ** 2 + 2 * (f - 1) ** 2 + 5 * g**2 + 7 * (h - 11) ** 2 + 2 * (i - 10) ** 2
            + (j - 7) ** 2 + 45)  # fmt: skip


def _wong_limits(x: Any) -> Any:
    a, b, c, d, e, f, g, h, i, j = x
    return vector(
        4 * a + 5 * b - 3 * g + 9 * h - 105, 10 * a - 8 * b - 17 * g + 2 * h,
        -8 * a + 2 * b + 5 * i - 2 * j - 12,
        3 * (a - 2) ** 2 + 4 * (b - 3) ** 2 + 2 * c**2 - 7 * d - 120,
        5 * a**2 + 8 * b + (c - 6) ** 2 - 2 * d - 40,
        (a - 8) ** 2 / 2 + 2 * (b - 4) ** 2 + 3 * e**2 - f - 30,
        a**2 + 2 * (b - 2) ** 2 - 2 * a * b + 14 * e - 6 * f,
        -3 * a + 6 * b + 12 * (i - 8) ** 2 - 7 * j,
    )  # fmt: skip


def _alkylation(x: Any) -> Any:
    """Four relations that hold to within 1 and 10 percent, from both sides."""
    rates = np.array((0.9, 0.99, 0.99, 0.99))
    given = vector(35.82 - 0.222 * x[9], 3 * x[6] - 133,
                   x[0] * (1.12 + 0.13167 * x[7] - 0.00667 * x[7] ** 2),
                   57.425 + 1.098 * x[7] - 0.038 * x[7] ** 2 + 0.325 * x[5])  # fmt: skip
    found = vector(x[8], x[9], x[3], x[6])
    return jnp.append(rates * found - given, given - found / rates)


def _membrane(x: Any) -> Any:
    a, b, c, d, e, f, g, h, i, j, k, p, q = x
    cost = k + p + q

    def kept(u: Any, v: Any) -> Any:
        return 0.03475 * u + 0.975 * u * v - 0.00975 * u**2 - v

    return vector(
        b - c, a - b, 0.002 * (g - h) - 1, 50 - cost, cost - 250,
        1.262626 * j - 1.231059 * c * j - q, kept(b, e), kept(c, f), kept(a, d),
        a * h + d * g - d * h - e * g,
        0.002 * (b * i + e * h - a * h - f * i) + e + f - 1,
        c * j + f * i + 500 * b - 500 * f - b * i - b * j,
        0.9 + 0.002 * (b * j - c * j) - b,
        1.262626 * h - 1.231059 * a * h - k, 1.262626 * i - 1.231059 * b * i - p,
    )  # fmt: skip


def _nine_and_ten() -> list[Problem]:
    edge = sqrt(3) / 2
    logs = (-3.201212, -1.912060, -0.2444413, -6.537489, -0.7231524, -7.267738, -3.596711,
            -4.017769, -3.287462, -2.335582)  # fmt: skip
    return [
        program("HS107", lambda x: 3e3 * x[0] + 1e3 * x[0] ** 3 + 2e3 * x[1] + 666.667 * x[1] ** 3,
                (0.8, 0.8, 0.2, 0.2, 1.0454, 1.0454, 1.0454, 0, 0), 5055.011803,
                (0.6670095, 1.022388, 0.2282879, 0.1848217, 1.090900, 1.090900, 1.069036,
                 0.1066126, -0.3387867), rounded=1e-6, equal=_grid,
                low=(0, 0, -INF, -INF, 0.90909, 0.90909, 0.90909, -INF, -INF),
                high=(INF,) * 4 + (1.0909,) * 3 + (INF,) * 2, at_start=4853.3335),
        program("HS108", lambda x: (x[1] * x[2] - x[0] * x[3] - x[2] * x[8] + x[4] * x[8]
                                    - x[4] * x[7] + x[5] * x[6]) / 2,
                (1,) * 9, -edge,
                [(0.8841292, 0.4672425, 0.03742076, 0.9992996, 0.8841292, 0.4672424, 0.03742076,
                  0.9992996, 0)], low=(-INF,) * 8 + (0,), at_most=_hexagon, rounded=1e-6,
                at_start=0, degenerate=True, notes="a continuum of solutions"),
        program("HS110", lambda x: (jnp.sum(jnp.log(x - 2) ** 2 + jnp.log(10 - x) ** 2)
                                    - jnp.prod(x) ** 0.2),
                (9,) * 10, -45.77846971, (9.35025655,) * 10, low=2.001, high=9.999, rounded=1e-8,
                at_start=-43.134337),
        program("HS111", lambda x: jnp.exp(x) @ (_ENERGIES + x - jnp.log(jnp.sum(jnp.exp(x)))),
                (-2.3,) * 10, -47.76109026, logs, low=-100, high=100, rounded=1e-6,
                equal=lambda x: _atoms(jnp.exp(x)), at_start=-21.0145),
        program("HS112", _gibbs, (0.1,) * 10, -47.76109026, np.exp(logs), low=1e-6,
                rounded=1e-5, equal=_atoms, at_start=-20.9603,
                notes="printed as -47.707579; HS111 in other variables has the same minimum"),
        program("HS113", _wong, (2, 3, 5, 5, 1, 2, 7, 3, 6, 10), 24.3062091,
                (2.171996, 2.363683, 8.773926, 5.095984, 0.9906548, 1.430574, 1.321644, 9.828726,
                 8.280092, 8.375927), at_most=_wong_limits, rounded=1e-6, at_start=753),
        program("HS114", lambda x: (5.04 * x[0] + 0.035 * x[1] + 10 * x[2] + 3.36 * x[4]
                                    - 0.063 * x[3] * x[6]),
                (1745, 12000, 110, 3048, 1974, 89.2, 92.8, 8, 3.6, 145), -1768.80696,
                (1698.096, 15818.73, 54.10228, 3031.226, 2000, 90.11537, 95, 10.49336, 1.561636,
                 153.53535), low=(1e-5,) * 5 + (85, 90, 3, 1.2, 145),
                high=(2000, 16000, 120, 5000, 2000, 93, 95, 12, 4, 162), rounded=1e-6,
                equal=lambda x: vector(
                    1.22 * x[3] - x[0] - x[4],
                    98000 * x[2] / (x[3] * x[8] + 1000 * x[2]) - x[5],
                    (x[1] + x[4]) / x[0] - x[7]),
                at_most=_alkylation, at_start=-872.3872),
        program("HS116", lambda x: x[10] + x[11] + x[12],
                (0.5, 0.8, 0.9, 0.1, 0.14, 0.5, 489, 80, 650, 450, 150, 150, 150), 97.587510,
                (0.8037703, 0.8999860, 0.9709724, 0.09999952, 0.1908154, 0.4605717, 574.0803,
                 74.08043, 500.0162, 0.1, 20.23413, 77.34755, 0.00673039),
                low=(0.1, 0.1, 0.1, 1e-4, 0.1, 0.1, 0.1, 0.1, 500, 0.1, 1, 1e-4, 1e-4),
                high=(1, 1, 1, 0.1, 0.9, 0.9, 1000, 1000, 1000, 500, 150, 150, 150),
                at_most=_membrane, rounded=1e-5, at_start=450,
                notes="first printed as 97.588409"),
    ]  # fmt: skip


def _plan(lows: np.ndarray, x: Any) -> Any:
    change = x[3:] - x[:-3]
    high = np.tile((6.0, 7.0, 6.0), 4)
    sums = jnp.sum(x.reshape(5, 3), axis=1)
    return jnp.concatenate([-7 - change, change - high, lows - sums])


# Colville's seventh problem: which pairs are coupled, and its linear equations.
_PAIRS = (
    np.array(
        """0,0 0,3 0,6 0,7 0,15 1,1 1,2 1,6 1,9 2,2 2,6 2,8 2,9 2,13 3,3 3,6 3,10 3,14
4,4 4,5 4,9 4,11 4,15 5,5 5,7 5,14 6,6 6,10 6,12 7,7 7,9 7,14 8,8 8,11 8,15 9,9 9,13 10,10 10,12
11,11 11,13 12,12 12,13 13,13 14,14 15,15""".replace(",", " ").split(),
        int,
    )
    .reshape(-1, 2)
    .T
)
_EQUATIONS = np.hstack((np.array((
    (0.22, 0.20, 0.19, 0.25, 0.15, 0.11, 0.12, 0.13),
    (-1.46, 0, -1.30, 1.82, -1.15, 0, 0.80, 0),
    (1.29, -0.89, 0, 0, -1.16, -0.96, 0, -0.49),
    (-1.10, -1.06, 0.95, -0.54, 0, -1.78, -0.41, 0),
    (0, 0, 0, -1.43, 1.51, 0.59, -0.33, -0.43),
    (0, -1.72, -0.33, 0, 1.62, 1.24, 0.21, -0.26),
    (1.12, 0, 0, 0.31, 0, 0, 1.12, 0),
    (0, 0.45, 0.26, -1.10, 0.58, 0, -1.03, 0.10),
)), np.eye(8)))  # fmt: skip
_EQUATIONS[6, 8:10] = -0.36, 0
_RIGHT = np.array((2.5, 1.1, -3.1, -3.5, 1.3, 2.1, 2.3, -1.5))


def _colville7(x: Any) -> Any:
    t = x**2 + x + 1
    return jnp.sum(t[_PAIRS[0]] * t[_PAIRS[1]])


def _fifteen_and_more() -> list[Problem]:
    costs, squares = np.tile((2.3, 1.7, 2.2), 5), np.tile((1e-4, 1e-4, 1.5e-4), 5)
    plan: Callable = partial(_plan, np.array((60.0, 50, 70, 85, 100)))
    return [
        program("HS118", lambda x: costs @ x + squares @ x**2,
                (20, 55, 15) + (20, 60, 20) * 4, 664.82045,
                (8, 49, 3, 1, 56, 0, 1, 63, 6, 3, 70, 12, 5, 77, 18),
                low=(8, 43, 3) + (0,) * 12, high=(21, 57, 16) + (90, 120, 60) * 4, at_most=plan,
                at_start=942.7162, degenerate=True),
        program("HS119", _colville7, (10,) * 16, 244.899698,
                (0.03984735, 0.7919832, 0.2028703, 0.8443579, 1.269909, 0.9347387, 1.681962,
                 0.1553009, 1.567870, 0, 0, 0, 0.6602041, 0, 0.6742559, 0), low=0, high=5,
                equal=lambda x: _EQUATIONS @ x - _RIGHT, rounded=1e-6, at_start=566766),
    ]  # fmt: skip


PROBLEMS = [*_colville1(), *_seven_and_eight(), *_nine_and_ten(), *_fifteen_and_more()]
