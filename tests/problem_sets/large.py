"""Large sparse programs, for any number of variables; written for this library.

Where a minimum is not known in closed form it is that of a smaller size, which is given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from problem_sets.problem import INF, Problem, program

__all__ = ["LARGE"]


def engval(n: int) -> Problem:
    """A quartic chain (ENGVAL1)."""

    def f(x: Any) -> Any:
        return jnp.sum((x[:-1] ** 2 + x[1:] ** 2) ** 2 - 4 * x[:-1] + 3)

    return program("engval", f, 2 * np.ones(n), None, large=True)  # fmt: skip


def luksan_vlcek_1(n: int) -> Problem:
    """Chained Rosenbrock with trigonometric and exponential equations."""

    def f(x: Any) -> Any:
        return jnp.sum(100 * (x[:-1] ** 2 - x[1:]) ** 2 + (x[:-1] - 1) ** 2)

    def equal(x: Any) -> Any:
        a, b, c = x[:-2], x[1:-1], x[2:]
        return (3 * b**3 + 2 * c - 5 + jnp.sin(b - c) * jnp.sin(b + c) + 4 * b
                - a * jnp.exp(a - b) - 3)  # fmt: skip

    return program("luksan-vlcek-1", f, np.tile((-1.2, 1), n // 2), 6.232458632, equal=equal,
                   large=True)  # fmt: skip


def wood_in_disks(n: int) -> Problem:
    """Wood's function, chained, with overlapping disks that shut out its minimum at ones."""

    def f(x: Any) -> Any:
        a, b, c, d = x[:-2:2], x[1:-2:2], x[2::2], x[3::2]
        return jnp.sum(100 * (a**2 - b) ** 2 + (a - 1) ** 2 + 90 * (c**2 - d) ** 2 + (c - 1) ** 2
                       + 10 * (b + d - 2) ** 2 + (b - d) ** 2 / 10)  # fmt: skip

    return program("wood-in-disks", f, np.tile((-2.0, 0.0), n // 2), None, large=True,
                   at_most=lambda x: x[:-1] ** 2 + x[1:] ** 2 - 1.5)  # fmt: skip


def luksan_vlcek_5(n: int) -> Problem:
    """Generalized Broyden tridiagonal function with five diagonals in its equations."""

    def f(x: Any) -> Any:
        inner = (3 - 2 * x[1:-1]) * x[1:-1] - x[:-2] - x[2:] + 1
        return jnp.sum(jnp.abs(inner) ** (7 / 3))

    def equal(x: Any) -> Any:
        m = x[2:-2]
        return (8 * m * (m**2 - x[1:-3]) - 2 * (1 - m) + 4 * (m - x[3:-1] ** 2) + x[1:-3] ** 2
                - x[:-4] + x[3:-1] - x[4:] ** 2)  # fmt: skip

    start = np.r_[0, -np.ones(n), 0]
    return program("luksan-vlcek-5", f, start, None, equal=equal, large=True)


def degenerate_chain(n: int) -> Problem:
    """A tridiagonal quadratic least at ones, which are also its lower bounds: multipliers 0."""
    pull = np.full(n, 2.0)
    pull[[0, -1]] = 1.5

    def f(x: Any) -> Any:
        return (jnp.sum(x**2) + jnp.sum(x[:-1] * x[1:])) / 2 - pull @ x

    return program("degenerate-chain", f, 2 * np.ones(n), -(n + (n - 1)) / 2, np.ones(n), low=1,
                   large=True)  # fmt: skip


def banded_quadratic(n: int) -> Problem:
    """A strictly convex quadratic program, tridiagonal, with n/2 limits that bind.

    Limits x_i + x_{i+m} >= b_i with the multipliers 1 chosen beforehand: the optimum is exact.
    """
    m = n // 2
    exact = 1 + np.sin(np.arange(n)) / 2
    across = np.pad(exact, 1)
    force = 4 * exact - across[:-2] - across[2:]
    pull = force - 1  # the gradient at the optimum is one, which the limits hold up

    def f(x: Any) -> Any:
        return 2 * jnp.sum(x**2) - jnp.sum(x[:-1] * x[1:]) - pull @ x

    return program("banded-quadratic", f, np.zeros(n), exact @ force / 2 - pull @ exact, exact,
                   at_most=lambda x: exact[:m] + exact[m:] - x[:m] - x[m:], low=-10, high=10,
                   large=True)  # fmt: skip


def arrow(n: int) -> Problem:
    """BDQRTIC's arrow: every term holds the last variable."""

    def f(x: Any) -> Any:
        tail = x[:-4] ** 2 + 2 * x[1:-3] ** 2 + 3 * x[2:-2] ** 2 + 4 * x[3:-1] ** 2 + 5 * x[-1] ** 2
        return jnp.sum((3 - 4 * x[:-4]) ** 2 + tail**2)

    best = 20006.25688 if n == 5000 else None
    return program("bdqrtic", f, np.ones(n), best, large=True)


def control(n: int) -> Problem:
    """A linear oscillator steered to rest: a convex optimal control problem, three blocks."""
    steps = n // 3
    h = 4 / steps

    def split(z: Any) -> tuple[Any, Any, Any]:
        return z[:steps], z[steps : 2 * steps], z[2 * steps :]

    def f(z: Any) -> Any:
        x, v, u = split(z)
        return h * (jnp.sum(x**2) + jnp.sum(v**2) + 0.1 * jnp.sum(u**2)) / 2

    def equal(z: Any) -> Any:
        x, v, u = split(z)
        first = jnp.stack([x[0] - 1, v[0]])
        return jnp.concatenate([x[1:] - x[:-1] - h * v[:-1],
                                v[1:] - v[:-1] + h * (x[:-1] - u[:-1]), first])  # fmt: skip

    return program("oscillator-control", f, np.zeros(3 * steps), None, equal=equal,
                   low=np.repeat((-INF, -INF, -1.0), steps),
                   high=np.repeat((INF, INF, 1.0), steps), large=True)  # fmt: skip


def pendulum(n: int) -> Problem:
    """A pendulum swung up with least effort: nonlinear dynamics, bounded torque."""
    steps = n // 3
    h = 6 / steps

    def f(z: Any) -> Any:
        return h * jnp.sum(z[2 * steps :] ** 2)

    def equal(z: Any) -> Any:
        x, v, u = z[:steps], z[steps : 2 * steps], z[2 * steps :]
        ends = jnp.stack([x[0], v[0], x[-1] - np.pi, v[-1]])
        return jnp.concatenate([x[1:] - x[:-1] - h * (v[1:] + v[:-1]) / 2,
                                v[1:] - v[:-1] - h * (u[1:] - jnp.sin(x[1:])), ends])  # fmt: skip

    return program("pendulum", f, np.r_[np.linspace(0, np.pi, steps), np.zeros(2 * steps)], None,
                   equal=equal, low=np.repeat((-INF, -INF, -2.0), steps),
                   high=np.repeat((INF, INF, 2.0), steps), large=True)  # fmt: skip


def obstacle(n: int) -> Problem:
    """A loaded membrane above an obstacle, on a square grid: bounds, two-dimensional pattern."""
    side = int(np.sqrt(n))
    grid = np.linspace(0, 1, side + 2)[1:-1]
    floor = -0.05 + 0.1 * np.sin(3 * np.pi * grid)[:, None] * np.sin(3 * np.pi * grid)
    h = 1 / (side + 1)

    def f(x: Any) -> Any:
        z = jnp.pad(x.reshape(side, side), 1)
        slopes = jnp.sum((z[1:] - z[:-1]) ** 2) + jnp.sum((z[:, 1:] - z[:, :-1]) ** 2)
        return slopes / 2 + h**2 * jnp.sum(x)

    return program("obstacle", f, np.maximum(floor, 0).ravel(), None, low=floor.ravel(),
                   large=True)  # fmt: skip


LARGE: dict[str, Callable[[int], Problem]] = {
    "engval": engval,
    "degenerate-chain": degenerate_chain,
    "luksan-vlcek-1": luksan_vlcek_1,
    "wood-in-disks": wood_in_disks,
    "luksan-vlcek-5": luksan_vlcek_5,
    "banded-quadratic": banded_quadratic,
    "bdqrtic": arrow,
    "oscillator-control": control,
    "pendulum": pendulum,
    "obstacle": obstacle,
}
