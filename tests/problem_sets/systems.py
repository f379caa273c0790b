"""Square systems with their roots: published ones, and some whose roots all follow by hand."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import acos, asin, cos, pi, sqrt
from typing import Any

import jax.numpy as jnp
import numpy as np

from problem_sets import more_garbow_hillstrom as mgh
from problem_sets.problem import System, vector

__all__ = ["COUNTED", "SYSTEMS", "large_system"]


def _system(
    name: str, f: Callable, start: Any, roots: Any = (), low: Any = None, high: Any = None,
    **more: Any,
) -> System:  # fmt: skip
    x = np.atleast_1d(np.asarray(start, float))
    found = tuple(np.atleast_1d(np.asarray(r, float)) for r in roots)
    box = [
        None if b is None else np.broadcast_to(np.asarray(b, float), x.shape).copy()
        for b in (low, high)
    ]
    return System(name, f, x, found, box[0], box[1], **more)


def _wood_gradient(x: Any) -> Any:
    a, b, c, d = x
    return vector(-200 * a * (b - a**2) - (1 - a),
                  100 * (b - a**2) + 10.1 * (b - 1) + 9.9 * (d - 1),
                  -180 * c * (d - c**2) - (1 - c),
                  90 * (d - c**2) + 9.9 * (b - 1) + 10.1 * (d - 1))  # fmt: skip


def _chandrasekhar(x: Any) -> Any:
    """The H-equation with albedo 0.9, by the midpoint rule."""
    n = x.size
    mu = (np.arange(1, n + 1) - 0.5) / n
    kernel = 0.9 / (2 * n) * mu[:, None] / (mu[:, None] + mu)
    return x - 1 / (1 - kernel @ x)


def _bratu(x: Any) -> Any:
    padded = jnp.pad(x, 1)
    return 2 * x - padded[:-2] - padded[2:] - jnp.exp(x) / (x.size + 1) ** 2


def _robot(x: Any) -> Any:
    """Two arms of lengths 2 and 1 that reach for (2, 1.5)."""
    return vector(2 * jnp.cos(x[0]) + jnp.cos(x[0] + x[1]) - 2,
                  2 * jnp.sin(x[0]) + jnp.sin(x[0] + x[1]) - 1.5)  # fmt: skip


def _kepler(x: Any) -> Any:
    return x - 0.9 * jnp.sin(x) - 1


_CHEBY7 = (0.0580691496, 0.2351716123, 0.3380440947, 0.5, 0.6619559053, 0.7648283877,
           0.9419308504)  # fmt: skip
_CHEBY9 = (0.0442053461, 0.1994906723, 0.2356191084, 0.4160469079, 0.5, 0.5839530921,
           0.7643808916, 0.8005093277, 0.9557946539)  # fmt: skip


def _published() -> list[System]:
    ten = np.arange(1.0, 11) / 11
    return [
        _system("rosenbrock", mgh.rosenbrock, (-1.2, 1), [(1, 1)],
                text=("a b", ("10*(b - a^2)", "1 - a"))),
        _system("freudenstein-roth", mgh.freudenstein_roth, (0.5, -2), [(5, 4)],
                text=("a b", ("a - 13 + ((5 - b)*b - 2)*b", "a - 29 + ((b + 1)*b - 14)*b"))),
        _system("powell-badly-scaled", mgh.powell_badly, (0, 1), [(1.098159330e-5, 9.106146740)],
                rounded=1e-9),
        _system("helical-valley", mgh.helical, (-1, 0, 0), [(1, 0, 0)], elementary=False,
                notes="in two pieces"),
        _system("powell-singular", mgh.powell_singular, (3, -1, 0, 1), [np.zeros(4)],
                singular=True),
        _system("wood-gradient", _wood_gradient, (-3, -1, -3, -1), [np.ones(4)]),
        _system("chebyquad-7", mgh.chebyquad, np.arange(1, 8) / 8, [_CHEBY7], rounded=1e-9),
        _system("chebyquad-9", mgh.chebyquad, np.arange(1, 10) / 10, [_CHEBY9], rounded=1e-9),
        _system("brown-almost-linear-5", mgh.brown_almost_linear, (0.5,) * 5, [np.ones(5)]),
        _system("brown-almost-linear-10", mgh.brown_almost_linear, (0.5,) * 10, [np.ones(10)]),
        _system("discrete-boundary-10", mgh.discrete_boundary, ten * (ten - 1)),
        _system("discrete-integral-10", mgh.discrete_integral, ten * (ten - 1)),
        _system("trigonometric-10", mgh.trigonometric, (0.1,) * 10, [np.zeros(10)],
                notes="other stationary points of the sum of squares attract"),
        _system("broyden-tridiagonal-10", mgh.broyden_tridiagonal, -np.ones(10)),
        _system("broyden-banded-10", mgh.broyden_banded, -np.ones(10)),
        _system("extended-rosenbrock-10", mgh.rosenbrock, np.tile((-1.2, 1), 5), [np.ones(10)]),
        _system("chandrasekhar-20", _chandrasekhar, np.ones(20)),
        _system("bratu-20", _bratu, np.zeros(20)),
        _system("robot", _robot, (0.3, 0.5), _robot_roots()),
    ]  # fmt: skip


def _robot_roots() -> list[tuple[float, float]]:
    far = sqrt(2**2 + 1.5**2)
    bend = acos((far**2 - 5) / 4)
    lean = asin(1.5 / far)
    inner = acos((far**2 + 3) / (4 * far))
    return [(lean - inner, bend), (lean + inner, -bend)]


def _polynomials() -> list[System]:
    third, golden = cos(pi / 9), (1 + sqrt(5)) / 2
    six = sqrt((7 + sqrt(45)) / 2), sqrt((7 - sqrt(45)) / 2)
    return [
        _system("cubic", lambda x: x**3 - x, 2, [(-1,), (0,), (1,)], -3, 3, count=3,
                text=("x", ("x^3 - x",))),
        _system("three-by-angle", lambda x: 8 * x**3 - 6 * x - 1, 2,
                [(third,), (cos(7 * pi / 9),), (cos(5 * pi / 9),)], -2, 2, count=3,
                text=("x", ("8*x^3 - 6*x - 1",))),
        _system("wilkinson-6", lambda x: jnp.prod(x - np.arange(1.0, 7), keepdims=True), 0,
                [(k,) for k in range(1, 7)], 0, 7.5, count=6,
                text=("x", ("(x - 1)*(x - 2)*(x - 3)*(x - 4)*(x - 5)*(x - 6)",))),
        _system("circle-and-line", lambda x: vector(x @ x - 1, x[0] - x[1]), (2, 1),
                [(s, s) for s in (-sqrt(0.5), sqrt(0.5))], -2, 2, count=2,
                text=("x y", ("x^2 + y^2 - 1", "x - y"))),
        _system("circle-and-hyperbola", lambda x: vector(x @ x - 7, x[0] * x[1] - 1), (2, 1),
                [(s * a, s * b) for s in (1, -1) for a, b in (six, six[::-1])], -4, 4, count=4,
                text=("x y", ("x^2 + y^2 - 7", "x*y - 1"))),
        _system("golden", lambda x: vector(x[0] ** 2 - x[1] - 1, x[0] - x[1]), (3, 1),
                [(golden, golden), (1 - golden, 1 - golden)], -3, 3, count=2,
                text=("x y", ("x^2 - y - 1", "x - y"))),
        _system("three-spheres", lambda x: vector(x @ x - 3, x[0] ** 2 - x[1] ** 2,
                                                  x[1] ** 2 - x[2] ** 2),
                (2, 3, 1), [*product((-1, 1), repeat=3)], -2.5, 2.5, count=8,
                text=("x y z", ("x^2 + y^2 + z^2 - 3", "x^2 - y^2", "y^2 - z^2"))),
        _system("himmelblau-gradient", lambda x: vector(
                    4 * x[0] * (x[0] ** 2 + x[1] - 11) + 2 * (x[0] + x[1] ** 2 - 7),
                    2 * (x[0] ** 2 + x[1] - 11) + 4 * x[1] * (x[0] + x[1] ** 2 - 7)),
                (1, 1), [(3, 2)], -6, 6, count=9,
                text=("x y", ("4*x*(x^2 + y - 11) + 2*(x + y^2 - 7)",
                              "2*(x^2 + y - 11) + 4*y*(x + y^2 - 7)"))),
        _system("no-common-point", lambda x: vector(x @ x - 1, x[0] + x[1] - 3), (1, 1), [], -4, 4,
                count=0, text=("x y", ("x^2 + y^2 - 1", "x + y - 3"))),
        _system("katsura-2", lambda x: vector(x[0] + 2 * x[1] - 1,
                                              x[0] ** 2 + 2 * x[1] ** 2 - x[0]),
                (1, 1), [(1, 0), (1 / 3, 1 / 3)], -2, 2, count=2,
                text=("x y", ("x + 2*y - 1", "x^2 + 2*y^2 - x"))),
        _system("double-root", lambda x: (x - 1) ** 2 * (x + 2), 3, [(-2,)], -4, 4, singular=True,
                notes="the root at 1 is double: it cannot be proved unique",
                text=("x", ("(x - 1)^2*(x + 2)",))),
    ]  # fmt: skip


def _transcendental() -> list[System]:
    dottie, kepler = 0.7390851332151607, 1.8620866868
    return [
        _system("dottie", lambda x: jnp.cos(x) - x, 0, [(dottie,)], -10, 10, count=1,
                text=("x", ("cos(x) - x",))),
        _system("sine", jnp.sin, 2, [(k * pi,) for k in range(-3, 4)], -10, 10, count=7,
                text=("x", ("sin(x)",))),
        _system("lambert", lambda x: x * jnp.exp(x) - 1, 3, [(0.5671432904097838,)], -5, 5,
                count=1, text=("x", ("x*exp(x) - 1",))),
        _system("exponential-and-line", lambda x: jnp.exp(x) - 3 * x, 3,
                [(0.6190612867359451,), (1.5121345516578424,)], -5, 5, count=2,
                text=("x", ("exp(x) - 3*x",))),
        _system("log-sine", lambda x: jnp.log(x) - jnp.sin(x), 1, [(2.219107148913746,)], 0.1, 20,
                count=1, text=("x", ("log(x) - sin(x)",))),
        _system("kepler", _kepler, 0, [(kepler,)], -10, 10, count=1, rounded=1e-9,
                text=("x", ("x - 0.9*sin(x) - 1",))),
        _system("sines-crossed", lambda x: vector(jnp.sin(x[0]), jnp.cos(x[1])), (1, 1),
                [*product((-pi, 0, pi), (-1.5 * pi, -pi / 2, pi / 2, 1.5 * pi))], -5, 5, count=12,
                text=("x y", ("sin(x)", "cos(y)"))),
        _system("exponential-circle", lambda x: vector(jnp.exp(x[0]) - x[1], x @ x - 2), (1, 2),
                [], -3, 3, count=2, text=("x y", ("exp(x) - y", "x^2 + y^2 - 2"))),
        _system("never-zero", lambda x: jnp.exp(x) + 1, 0, [], -20, 20, count=0,
                text=("x", ("exp(x) + 1",))),
        _system("arctangent", jnp.arctan, 3, [(0,)], -50, 50, count=1, text=("x", ("atan(x)",))),
        _system("cycle", lambda x: x**3 - 2 * x + 2, 0, [(-1.7692923542386314,)], -4, 4, count=1,
                notes="Newton's method cycles between 0 and 1", text=("x", ("x^3 - 2*x + 2",))),
    ]  # fmt: skip


def large_system(name: str, n: int) -> System:
    """A system of any size: "broyden-tridiagonal", "broyden-banded", "bratu" or
    "discrete-boundary"."""
    t = np.arange(1, n + 1) / (n + 1)
    made: dict[str, tuple[Callable, Any]] = {
        "broyden-tridiagonal": (mgh.broyden_tridiagonal, -np.ones(n)),
        "broyden-banded": (mgh.broyden_banded, -np.ones(n)),
        "bratu": (_bratu, np.zeros(n)),
        "discrete-boundary": (mgh.discrete_boundary, t * (t - 1)),
    }
    f, start = made[name]
    return _system(name, f, start, large=True)


SYSTEMS: list[System] = [*_published(), *_polynomials(), *_transcendental()]
COUNTED: list[System] = [s for s in SYSTEMS if s.count is not None]
