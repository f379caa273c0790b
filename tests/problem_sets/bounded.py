"""Programs with bounds only: published ones, and some whose optimum follows by hand."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from problem_sets.hock_schittkowski_1 import banana
from problem_sets.more_garbow_hillstrom import powell_singular
from problem_sets.problem import INF, Problem, program

__all__ = ["PROBLEMS"]

_HARTMAN = np.array((
    (10, 3, 17, 3.5, 1.7, 8), (0.05, 10, 17, 0.1, 8, 14), (3, 3.5, 1.7, 10, 17, 8),
    (17, 8, 0.05, 10, 0.1, 14),
))  # fmt: skip
_CENTERS = np.array((
    (1312, 1696, 5569, 124, 8283, 5886), (2329, 4135, 8307, 3736, 1004, 9991),
    (2348, 1451, 3522, 2883, 3047, 6650), (4047, 8828, 8732, 5743, 1091, 381),
)) / 1e4  # fmt: skip


def _hartman(x: Any) -> Any:
    return -np.array((1, 1.2, 3, 3.2)) @ jnp.exp(-jnp.sum(_HARTMAN * (x - _CENTERS) ** 2, axis=1))


def _camel(x: Any) -> Any:
    a, b = x
    return (4 - 2.1 * a**2 + a**4 / 3) * a**2 + a * b + 4 * (b**2 - 1) * b**2


def _hatfield(x: Any) -> Any:
    return (x[0] - 1) ** 2 + jnp.sum((x[:-1] - jnp.sqrt(x[1:])) ** 2)


def _hatfield_powers(x: Any) -> Any:
    return (x[0] - 1) ** 2 + jnp.sum((x[1:-1] - x[:-2] ** 2) ** 2) + (x[-1] - 1) ** 2


def _chain(n: int) -> Problem:
    """A convex tridiagonal quadratic whose solution and bounds were chosen beforehand."""
    exact = np.cos(2.0 * np.arange(n))
    across = np.pad(exact, 1)
    kind = np.arange(n) % 3  # at the lower bound, at the upper, or free
    push = np.choose(kind, (1.0, -0.5, 0.0)) * (1 + np.arange(n) / n)
    pull = 4 * exact - across[:-2] - across[2:] - push

    def f(x: Any) -> Any:
        return 2 * x @ x - x[1:] @ x[:-1] - pull @ x

    low, high = np.where(kind == 0, exact, -3.0), np.where(kind == 1, exact, 3.0)
    best = 2 * exact @ exact - exact[1:] @ exact[:-1] - pull @ exact
    return program(f"chain-in-box-{n}", f, np.zeros(n), best, exact, low=low, high=high)


def _separable(n: int) -> Problem:
    """Sum of exp(x_i) - a_i x_i: log a_i, cut at the bounds."""
    a = np.exp(np.linspace(-3, 3, n))
    at = np.clip(np.linspace(-3, 3, n), -1.05, 1.95)
    return program(f"exponentials-in-box-{n}", lambda x: jnp.sum(jnp.exp(x) - a * x), np.zeros(n),
                   np.sum(np.exp(at) - a * at), at, low=-1.05, high=1.95)  # fmt: skip


def _entropy(n: int) -> Problem:
    """Sum of x log(x/a): a/e, cut at the bounds."""
    a = np.linspace(0.1, 6, n)
    at = np.maximum(a / np.e, 0.5)
    return program(f"entropy-in-box-{n}", lambda x: jnp.sum(x * jnp.log(x / a)), np.ones(n),
                   np.sum(at * np.log(at / a)), at, low=0.5)  # fmt: skip


def _published() -> list[Problem]:
    return [
        program("hartman-6", _hartman, (0.2,) * 6, -3.322368011,
                (0.20168951, 0.15001069, 0.47687398, 0.27533243, 0.31165162, 0.65730053), low=0,
                high=1, rounded=1e-7),
        program("camel-6", _camel, (1.1, 1.1), -1.0316284535, [(0.0898420131, -0.7126564030),
                                                              (-0.0898420131, 0.7126564030)],
                low=(-3, -1.5), high=(3, 1.5), rounded=1e-8, notes="six minima"),
        program("hatfield-a", _hatfield, (0.1,) * 4, 0, np.ones(4), low=1e-7),
        program("hatfield-b", _hatfield, (0.1,) * 4, 0.005572809, (0.9472136, 0.8, 0.64, 0.4096),
                low=1e-7, high=(INF, 0.8, INF, INF), rounded=1e-7),
        program("hatfield-c", _hatfield_powers, (0.9,) * 25, 0, np.ones(25), low=0, high=10),
        program("log-rosenbrock",
                lambda x: jnp.log(1 + 1e4 * (x[1] - x[0] ** 2) ** 2 + (x[0] - 1) ** 2), (-1.2, 1),
                0, (1, 1), low=0, notes="the start is out of the bounds"),
        program("banana-in-box", banana, (-1.2, 1), 0.04, (0.8, 0.64), high=(0.8, INF)),
        program("banana-below", banana, (-1.2, 1), 0, (1, 1), low=-2, high=(1, 2),
                notes="the bound is active with multiplier zero"),
        program("powell-singular-in-box", lambda x: jnp.sum(powell_singular(x) ** 2),
                (3, 0, 0, 1), 0, np.zeros(4), low=0, notes="all bounds active, multipliers zero"),
        program("bowl-in-corner", lambda x: jnp.sum((x + 1) ** 2), (2, 3, 4), 3, (0, 0, 0), low=0),
        program("concave-corner", lambda x: -jnp.sum((x - 0.1) ** 2), (-0.2, -0.3), -2.42, (-1, -1),
                low=-1, high=1, notes="other local minima in the other corners"),
        program("fixed-variable", lambda x: banana(x) + (x[2] - 2) ** 2, (-1.2, 1, 0), 4,
                (1, 1, 0), low=(-INF, -INF, 0), high=(INF, INF, 0), notes="x[2] is fixed"),
    ]  # fmt: skip


PROBLEMS: list[Problem] = [*_published(), _chain(30), _separable(20), _entropy(12), _chain(100)]
