"""Best polynomials: closed forms, an independent exchange in mpmath, the claims, refusals."""

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from taylored.errors import ArgumentError
from taylored.results import Accuracy
from taylored.series.minimax import best

TOLERANCE = 1e-6


def holds(found, least):
    """lower <= E_n(f) <= error (1 + tolerance) + rounding, and close."""
    assert found.lower <= least * (1 + 1e-13)
    assert least <= found.error * (1 + TOLERANCE) + found.rounding
    assert found.error <= least * (1 + 2 * TOLERANCE) + 2 * found.rounding
    assert found.lower >= least * (1 - 2 * TOLERANCE) - 2 * found.rounding
    assert found.rounding < 1e-11 and found.usable


def _reciprocal(n, a):
    return (a - math.sqrt(a * a - 1)) ** n / (a * a - 1)


CLOSED = {
    **{f"x^{n + 1}": (lambda x, n=n: x ** (n + 1), n, 2.0**-n) for n in (0, 1, 2, 5, 10, 20, 30)},
    **{f"1/(x-2),{n}": (lambda x: 1 / (x - 2), n, _reciprocal(n, 2.0)) for n in (0, 1, 4, 9, 20)},
    **{
        f"1/(x-1.05),{n}": (lambda x: 1 / (x - 1.05), n, _reciprocal(n, 1.05))
        for n in (0, 3, 12, 30)
    },
    "abs,0": (np.abs, 0, 0.5),
    "abs,1": (np.abs, 1, 0.5),
    "abs,2": (np.abs, 2, 1 / 8),
    "abs,3": (np.abs, 3, 1 / 8),
    "exp,0": (np.exp, 0, math.sinh(1)),
    "T40,30": (lambda x: np.cos(40 * np.arccos(x)), 30, 1.0),
    "T9 + T3,8": (lambda x: np.cos(9 * np.arccos(x)) + 4 * x**3 - 3 * x, 8, 1.0),
    "jump,4": (lambda x: np.where(x > 0.3, 1.0, 0.0), 4, 0.5),
    "odd jump,5": (np.sign, 5, 1.0),
}


@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms(name):
    f, degree, least = CLOSED[name]
    holds(best(f, -1.0, 1.0, degree), least)


def remez(f, lo, hi, degree):
    """An exchange with 40 digits: level of the last reference, which is E_n to many digits."""
    with mpmath.workdps(40):
        middle, half = mpmath.mpf(lo + hi) / 2, mpmath.mpf(hi - lo) / 2
        g = lambda t: f(middle + half * t)  # noqa: E731
        count = degree + 2
        points = [-mpmath.cos(mpmath.pi * k / (count - 1)) for k in range(count)]
        grid = [-mpmath.cos(mpmath.pi * k / (30 * count)) for k in range(30 * count + 1)]
        values = [g(t) for t in grid]
        for _ in range(6):
            rows = [[t**j for j in range(degree + 1)] + [(-1) ** k] for k, t in enumerate(points)]
            *p, level = mpmath.lu_solve(mpmath.matrix(rows), mpmath.matrix([g(t) for t in points]))
            e = lambda t: g(t) - value(p, t)  # noqa: E731, B023
            left = [v - value(p, t) for v, t in zip(values, grid, strict=True)]
            runs = [[0]]
            for k in range(1, len(grid)):
                same = (left[k] > 0) == (left[runs[-1][-1]] > 0)
                runs[-1].append(k) if same else runs.append([k])
            tops = [max(run, key=lambda k: abs(left[k])) for run in runs]
            while len(tops) > count:
                tops.pop(0 if abs(left[tops[0]]) < abs(left[tops[-1]]) else -1)
            points = [_parabola(e, grid, k) for k in tops]
        return float(abs(level))


def value(p, t):
    total = mpmath.mpf(0)
    for c in reversed(p):
        total = total * t + c
    return total


def _parabola(e, grid, k):
    """The top of the parabola through three neighbors, twice."""
    if k in (0, len(grid) - 1):
        return grid[k]
    t, h = grid[k], (grid[k + 1] - grid[k - 1]) / 2
    for _ in range(2):
        a, b, c = e(t - h), e(t), e(t + h)
        t, h = t + h * (a - c) / (2 * (a - 2 * b + c)), h / 50
    return t


SMOOTH = {
    "exp": (np.exp, mpmath.exp, -1.0, 1.0, (1, 2, 4, 7)),
    "log": (np.log, mpmath.log, 0.5, 3.0, (2, 5)),
    "sin": (np.sin, mpmath.sin, 0.2, 2.0, (3, 6)),
    "atan": (np.arctan, mpmath.atan, 0.7, 4.7, (5,)),
    "short": (np.exp, mpmath.exp, 5.0, 5.125, (1, 2, 3)),
}


@pytest.mark.parametrize(
    "name", [n if k == 0 else pytest.param(n, marks=pytest.mark.slow) for k, n in enumerate(SMOOTH)]
)
def test_against_an_exchange_in_high_precision(name):
    f, precise, lo, hi, degrees = SMOOTH[name]
    for degree in degrees:
        found = best(f, lo, hi, degree)
        holds(found, remez(precise, lo, hi, degree))


@pytest.mark.parametrize("degree", [2, 4, 6, 10, 20])
def test_the_lower_bound_is_proved_by_exact_arithmetic(degree):
    """|x|: the largest of many exact divided differences never exceeds E_n <= error."""
    found = best(np.abs, -1.0, 1.0, degree)
    points = [Fraction(k, 500) for k in range(-500, 501, 1000 // (degree + 1))][: degree + 2]
    weights = []
    for k, t in enumerate(points):
        product = math.prod((t - s for j, s in enumerate(points) if j != k), start=Fraction(1))
        weights.append(1 / product)
    bound = abs(sum(w * abs(t) for w, t in zip(weights, points, strict=True)))
    bound /= sum(abs(w) for w in weights)
    assert float(bound) <= found.error + found.rounding
    # Bernstein: 2 m E_{2m} tends to 0.2801694990...; from below it is reached slowly.
    assert degree < 10 or degree * found.error == pytest.approx(0.28016949902, rel=0.01)


@pytest.mark.parametrize("degree", [0, 1, 2, 3, 7, 8, 11, 12])
@pytest.mark.parametrize("f", [np.cos, lambda x: np.sin(3 * x), lambda x: np.exp(-4 * x * x)])
def test_even_and_odd_functions(f, degree):
    """Neighboring degrees of the wrong parity bring nothing: E_n is the same."""
    even = f(0.7) == f(-0.7)
    paired = degree + 1 if (degree % 2 == 0) == even else degree - 1
    if paired < 0:
        return
    one, other = best(f, -1.0, 1.0, degree), best(f, -1.0, 1.0, paired)
    assert one.usable and other.usable
    gap = TOLERANCE * one.error + one.rounding + other.rounding
    assert one.error == pytest.approx(other.error, abs=2 * gap)


@pytest.mark.parametrize("degree", range(0, 31, 3))
def test_polynomials_of_the_degree_are_found(degree):
    rng = np.random.default_rng(degree)
    c = rng.normal(size=degree + 1)
    found = best(lambda x: np.polynomial.chebyshev.chebval(x / 3 - 1, c), 0.0, 6.0, degree)
    assert found.usable and found.error <= found.rounding and found.lower == 0.0
    assert found.rounding < 1e-10
    assert "up to rounding" in found.status
    assert found.coefficients == pytest.approx(c, abs=1e-13)


def test_the_polynomial_itself_has_the_error():
    rng = np.random.default_rng(3)
    f = lambda x: np.sqrt(x + 0.01)  # noqa: E731
    found = best(f, 0.0, 2.0, 6)
    x = rng.uniform(0.0, 2.0, 20_000)
    away = np.max(np.abs(f(x) - found(x)))
    assert 0.9 * found.error < away <= found.error * (1 + TOLERANCE)
    assert abs(f(found.at) - found(found.at)) == pytest.approx(found.error)
    assert isinstance(found(0.5), float) and found.degree == 6
    assert found.kind is Accuracy.ESTIMATED


@pytest.mark.parametrize("degree", [1, 4, 9])
def test_no_better_than_best_and_chebyshev_is_worse(degree):
    found = best(np.exp, -1.0, 1.0, degree)
    count = degree + 1
    nodes = np.cos(np.pi * (np.arange(count) + 0.5) / count)
    plain = np.polynomial.chebyshev.Chebyshev.fit(nodes, np.exp(nodes), degree, domain=[-1, 1])
    x = np.linspace(-1, 1, 100_001)
    error = np.max(np.abs(np.exp(x) - plain(x)))
    assert found.chebyshev == pytest.approx(error, rel=1e-6)
    assert found.error < found.chebyshev


@pytest.mark.parametrize("scale", [1e-300, 1e-100, 1e100, 1e300, -7.0])
def test_scale_free(scale):
    one, other = best(np.exp, -1.0, 1.0, 5), best(lambda x: scale * np.exp(x), -1.0, 1.0, 5)
    assert other.usable
    assert other.error == pytest.approx(abs(scale) * one.error)
    assert other.lower == pytest.approx(abs(scale) * one.lower)


def test_noise_is_seen_and_taken_off():
    """float32 inside: below 1e-7 nothing can be said, and nothing is."""
    rough = best(lambda x: np.exp(x.astype(np.float32)).astype(float), -1.0, 1.0, 8)
    clean = best(np.exp, -1.0, 1.0, 8)
    assert 1e-8 < rough.rounding < 1e-5
    assert rough.lower <= clean.error <= rough.error + rough.rounding


def test_random_kinks_hold_their_claim():
    """The bound of one function and the error of another: E_n(f) <= E_n(g) + |f - g|."""
    rng = np.random.default_rng(5)
    for _ in range(8):
        kinks, sizes = rng.uniform(-1, 1, 3), rng.normal(size=3)
        f = lambda x, k=kinks, s=sizes: np.abs(x[..., None] - k) @ s  # noqa: E731
        found = best(f, -1.0, 1.0, 9)
        assert found.usable, found.status
        x = np.linspace(-1, 1, 20_011)
        assert np.max(np.abs(f(x) - found(x))) <= found.error * (1 + TOLERANCE)
        assert found.lower >= found.error * 0.99


def test_constants_need_no_array():
    found = best(lambda x: 3.0, -1.0, 2.0, 4)
    assert found.usable and found(0.3) == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("f", "lo", "hi", "point"),
    [
        (lambda x: np.where(x == 0.5, np.nan, x), 0.5, 1.0, "0.5"),
        (lambda x: np.where(x >= 2.0, np.inf, x), 0.0, 2.0, "2.0"),
        (lambda x: np.where(x <= -1.0, -np.inf, x), -1.0, 2.0, "-1.0"),
    ],
)
def test_values_that_are_no_numbers_are_named(f, lo, hi, point):
    with pytest.raises(ArgumentError, match=f"x = {point}"):
        best(f, lo, hi, 3)


@pytest.mark.parametrize(
    "arguments",
    [(1.0, 0.0, 2), (0.0, 0.0, 2), (0.0, math.inf, 2), (math.nan, 1.0, 2), (0.0, 1.0, -1),
     (0.0, 1.0, 61), (0.0, 1.0, 2.5), ("a", 1.0, 2), (1.0, 1.0 + 2.0**-50, 2)],
)  # fmt: skip
def test_refusals(arguments):
    with pytest.raises(ArgumentError):
        best(np.exp, *arguments)


@pytest.mark.parametrize("f", [lambda x: x[:3], lambda x: x + 1j, lambda x: x.astype(str)])
def test_functions_that_are_not_of_one_number_per_point(f):
    with pytest.raises(ArgumentError, match="one real number per point"):
        best(f, 0.0, 1.0, 2)
