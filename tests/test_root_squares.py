"""`root` for more equations than can hold: least squares, and an error that covers the truth."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from taylored.optimize.roots.root import root
from taylored.results import Accuracy

FUNCTIONS = {"sin": mpmath.sin, "exp": mpmath.exp, "atan": mpmath.atan, "": lambda x: 0}


def _short(values):
    """Of few bits, so that the text, float64 and mpmath mean the same numbers."""
    return np.round(64 * values) / 64


def _random_system(rng, n):
    """Quadratics with one more function, as texts and as functions of n numbers for mpmath."""
    names, texts, functions = [f"x{j}" for j in range(n)], [], []
    for _ in range(n + int(rng.integers(1, 4))):
        a, q = _short(2 * rng.normal(size=n)).tolist(), _short(rng.normal(size=(n, n)) / 2).tolist()
        c, e = _short(2 * rng.normal(size=2)).tolist()
        name = list(FUNCTIONS)[int(rng.integers(4))]
        terms = [f"({a[j]})*{names[j]}" for j in range(n)]
        terms += [f"({q[j][k]})*{names[j]}*{names[k]}" for j in range(n) for k in range(n)]
        texts.append(" + ".join(terms) + f" - ({c})" + (f" + ({e})*{name}(x0)" if name else ""))

        def f(*x, a=a, q=q, c=c, e=e, name=name):
            square = sum(q[j][k] * x[j] * x[k] for j in range(n) for k in range(n))
            return sum(a[j] * x[j] for j in range(n)) + square - c + e * FUNCTIONS[name](x[0])

        functions.append(f)
    return names, texts, functions


def _exact(functions, point):
    """The stationary point of the sum of squares next to a point, to 30 digits."""
    n = len(point)

    def gradient(*x):
        total = [0] * n
        for f in functions:
            for j in range(n):
                slope = mpmath.diff(f, x, tuple(int(j == k) for k in range(n)))
                total[j] += f(*x) * slope
        return total if n > 1 else total[0]

    found = mpmath.findroot(gradient, point if n > 1 else point[0], tol=1e-50)
    return list(found) if n > 1 else [found]


def test_errors_cover_the_truth_and_are_not_absurd():
    rng = np.random.default_rng(11)
    ratios = []
    for trial in range(12):
        names, texts, functions = _random_system(rng, 1 + trial % 3)
        start = dict(zip(names, _short(rng.normal(size=len(names))).tolist(), strict=True))
        found = root(texts, start)
        assert found.kind == "least-squares" and found.accuracy is Accuracy.ESTIMATED
        with mpmath.workdps(40):
            exact = _exact(functions, [mpmath.mpf(found.x[name]) for name in names])
            for name, value in zip(names, exact, strict=True):
                off = abs(value - found.x[name])
                assert off <= found.errors[name]
                assert off < 1e-6 * (1 + abs(value))  # it is that point
                ratios.append(found.errors[name] / max(float(off), math.ulp(found.x[name])))
    assert np.median(ratios) < 1000


CLOSED = [
    (["x^2 + y^2 = 4", "x*y = 1", "x = y"], {"x": 2.0, "y": 0.5}, mpmath.sqrt(mpmath.mpf(9) / 5)),
    (["x = 1", "x^2 = 3"], 1.0, mpmath.findroot(lambda x: 2 * x**3 - 5 * x - 1, 1.67)),
    (["x^2 = 2", "x^2 = 3"], 0.0, mpmath.sqrt(mpmath.mpf(5) / 2)),  # the start is a maximum
]


@pytest.mark.parametrize("texts, start, exact", CLOSED)
def test_closed_forms(texts, start, exact):
    found = root(texts, start)
    x, errors = (v if isinstance(v, dict) else {"x": v} for v in (found.x, found.errors))
    with mpmath.workdps(30):
        exact = mpmath.mpf(exact)
    for name, value in x.items():
        assert abs(abs(value) - exact) <= errors[name] < 1e-12
    assert found.kind == "least-squares" and "estimated to 1" in found.status


@pytest.mark.parametrize("n", [6, 20])
def test_functions_of_arrays(n):
    """Also where second derivatives are differences: Newton in 40 digits from the answer."""
    import jax.numpy as jnp

    rng = np.random.default_rng(n)
    a, b = _short(rng.normal(size=(n + 5, n))), _short(2 * rng.normal(size=n + 5))
    found = root(lambda x: a @ x + jnp.exp(x[0]) / 8 + x[1] * x[2] / 4 - b, np.zeros(n))
    assert found.kind == "least-squares" and found.accuracy is Accuracy.ESTIMATED
    with mpmath.workdps(40):
        x, m = mpmath.matrix(found.point.tolist()), mpmath.matrix(a.tolist())
        for _ in range(4):
            wave = mpmath.exp(x[0]) / 8
            f = m * x - mpmath.matrix(b.tolist())
            slopes = m.copy()
            for i in range(n + 5):
                f[i] += wave + x[1] * x[2] / 4
                slopes[i, 0] += wave
                slopes[i, 1] += x[2] / 4
                slopes[i, 2] += x[1] / 4
            total = sum(f)
            h = slopes.T * slopes
            h[0, 0] += total * wave
            h[1, 2] += total / 4
            h[2, 1] += total / 4
            x -= mpmath.lu_solve(h, slopes.T * f)
        off = np.array([float(abs(v - p)) for v, p in zip(x, found.point.tolist(), strict=True)])
    assert np.all(off <= found.errors) and np.all(found.errors < 1e-9)


FLAT = [
    (["a + b = 1", "a + b = 2", "2*a + 2*b = 3"], [0.0, 0.0]),  # a whole line is as good
    (["x^2 = 1", "x^2 = -1"], 0.5),  # 2*x^4 + 2: x is known to a quarter of the digits
]


@pytest.mark.parametrize("texts, start", FLAT)
def test_no_error_is_claimed_where_squares_are_flat(texts, start):
    found = root(texts, start)
    assert found.kind == "least-squares" and found.accuracy is Accuracy.UNKNOWN
    assert np.all(np.isinf(found.errors)) and found.digits is None and found.enclosure is None
    assert "cannot be told" in found.status
    (note,) = [f for f in found.findings if f.name == "flat"]
    assert note.next_step[0].isupper()


def test_linear_least_squares_are_exact():
    """A line through points, by hand; and in the form of the start."""
    found = root(["a + b - 1", "a + 2*b - 3", "a + 3*b - 2"], {"a": 0, "b": 0})
    assert found.x == pytest.approx({"a": 1.0, "b": 0.5}, abs=1e-14)
    assert set(found.errors) == set(found.digits) == {"a", "b"}
    assert abs(found.x["b"] - 0.5) <= found.errors["b"] < 1e-13
