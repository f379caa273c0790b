"""Taylor coefficients in numbers against python-flint's balls, mpmath and exact arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from flint import arb, arb_series, ctx, fmpq_mpoly_ctx

from taylored.readings.jet.plain import PlainRing
from taylored.readings.jet.space import space
from taylored.readings.jet.value import Series

ORDER = 16
extended = np.finfo(np.longdouble).eps < 1e-18
needs_extended = pytest.mark.skipif(not extended, reason="long double is float64 here")


@pytest.fixture(autouse=True)
def _many_bits():
    before = ctx.prec, ctx.cap
    ctx.prec, ctx.cap = 500, 24
    with mp.workprec(500):
        yield
    ctx.prec, ctx.cap = before


# ---- the truth: coefficients of f(x + h) as balls ----


def _at(x: float) -> arb_series:
    return arb_series([arb(x), 1])


def _ball(x: mp.mpf) -> arb:
    return arb(mp.nstr(x, 120))


def _list(series: arb_series, order: int = ORDER) -> list[arb]:
    return [series[k] for k in range(order + 1)]


def _lgamma(x: float) -> arb_series:
    gamma = _at(x).gamma()
    return (gamma if x > 0 or math.floor(x) % 2 == 0 else -gamma).log()


def _erf_inv(x: float) -> list[arb]:
    root = _ball(mp.erfinv(mp.mpf(x)))
    erf = arb_series([root, 1]).erf()
    rest = arb_series([0, *(erf[k] for k in range(1, ORDER + 1))]).reversion()
    return [root, *_list(rest)[1:]]


def _bessel(order: int) -> Callable:
    return lambda x: [
        _ball(mp.besselj(order, mp.mpf(x), derivative=k) / mp.factorial(k))
        for k in range(ORDER + 1)
    ]


def _sinc0(x: float) -> list[arb]:
    if x == 0:
        return [arb((-1) ** (k // 2) * (k % 2 == 0)) / math.factorial(k + 1) for k in range(17)]
    return _list(_at(x).sin() / _at(x))


def _of(function: Callable[[arb_series], arb_series]) -> Callable[[float], list[arb]]:
    return lambda x: _list(function(_at(x)))


def _exp(u: arb_series) -> arb_series:
    return u.exp()


def _cbrt(x: float) -> list[arb]:
    sign = math.copysign(1, x)
    return _list(sign * ((_at(x) * sign).log() / 3).exp())


TRUTH: dict[str, tuple[Callable[[float], list[arb]], tuple[float, ...]]] = {
    "recip": (_of(lambda u: 1 / u), (0.3, -2.0, 1e-5)),
    "sqrt": (_of(lambda u: u.sqrt()), (0.3, 2.0, 1e-5, 1e8)),
    "rsqrt": (_of(lambda u: u.rsqrt()), (0.3, 2.0, 1e-5)),
    "cbrt": (_cbrt, (0.3, -2.0, 1e-5)),
    "exp": (_of(_exp), (0.0, 0.3, -30.0, 700.0)),
    "exp2": (_of(lambda u: (u * arb(2).log()).exp()), (0.0, 0.3, -30.0)),
    "expm1": (_of(lambda u: u.exp() - 1), (0.0, 1e-9, -3.0, 30.0)),
    "log": (_of(lambda u: u.log()), (0.3, 1.0001, 50.0)),
    "log2": (_of(lambda u: u.log() / arb(2).log()), (0.3, 1.0001, 50.0)),
    "log10": (_of(lambda u: u.log() / arb(10).log()), (0.3, 1.0001, 50.0)),
    "log1p": (_of(lambda u: (1 + u).log()), (1e-9, -0.999, 3.0)),
    "logistic": (_of(lambda u: 1 / (1 + (-u).exp())), (0.0, 0.3, -40.0, 40.0)),
    "softplus": (_of(lambda u: (1 + u.exp()).log()), (0.0, 0.3, -40.0, 40.0)),
    "sin": (_of(lambda u: u.sin()), (0.3, 3.0, 1e4)),
    "cos": (_of(lambda u: u.cos()), (0.3, 1.57, 1e4)),
    "tan": (_of(lambda u: u.tan()), (0.3, 1.57, -20.0)),
    "asin": (_of(lambda u: u.asin()), (0.3, -0.999, 1e-3)),
    "acos": (_of(lambda u: u.acos()), (0.3, -0.999, 1e-3)),
    "atan": (_of(lambda u: u.atan()), (0.3, -3.0, 20.0)),
    "sinh": (_of(lambda u: (u.exp() - (-u).exp()) / 2), (0.3, -2.0, 300.0)),
    "cosh": (_of(lambda u: (u.exp() + (-u).exp()) / 2), (0.3, -2.0, 300.0)),
    "tanh": (_of(lambda u: 1 - 2 / (1 + (2 * u).exp())), (0.3, -2.0, 30.0)),
    "asinh": (_of(lambda u: (u + (1 + u * u).sqrt()).log()), (0.3, -2.0, 50.0)),
    "acosh": (_of(lambda u: (u + (u * u - 1).sqrt()).log()), (1.001, 2.0, 50.0)),
    "atanh": (_of(lambda u: ((1 + u) / (1 - u)).log() / 2), (0.3, -0.999, 1e-3)),
    "erf": (_of(lambda u: u.erf()), (0.3, -2.0, 4.0)),
    "erfc": (_of(lambda u: u.erfc()), (0.3, -2.0, 5.0, 20.0)),
    "erf_inv": (_erf_inv, (0.3, -0.7, 0.97, 1 - 1e-12)),
    "gamma": (_of(lambda u: u.gamma()), (0.3, 1.0, 30.0, -1.5, -20.3)),
    "lgamma": (lambda x: _list(_lgamma(x)), (0.3, 1.0001, 2.0, 30.0, -1.3)),
    "digamma": (lambda x: _list(_lgamma(x).derivative()), (0.3, 1.46, 30.0, -1.3)),
    "trigamma": (lambda x: _list(_lgamma(x).derivative().derivative()), (0.3, 1.0, 30.0, -1.3)),
    "bessel_j0": (_bessel(0), (0.3, 2.4, 30.0)),
    "bessel_j1": (_bessel(1), (1e-3, 3.83, 30.0)),
    "sinc0": (_sinc0, (0.0, 0.01, 3.1, 39.0, 60.0)),
}  # fmt: skip
CASES = [(name, x) for name, (_, points) in TRUTH.items() for x in points]


# ---- help ----


def _ring(variables: int = 1, degree: int = ORDER, boxes: int = 1, dtype: Any = np.longdouble):
    return PlainRing(space(variables, degree), boxes, dtype)


def _series(coefficients, degree: int | None = None) -> Series:
    """(coefficients, *shape) numbers in one box."""
    part = np.asarray(coefficients, np.longdouble)[:, None]
    return Series((part,), len(part) - 1 if degree is None else degree)


def _variables(point, degree: int = 1) -> list[Series]:
    n = len(point)
    return [
        _series([x, *(float(k == i) for i in range(n))][: space(n, 1).count(degree)], degree)
        for k, x in enumerate(point)
    ]


def _column(found: Series) -> np.ndarray:
    return found.parts[0].reshape(-1).astype(float)


def _errors(found: Series, truth: list[arb]) -> np.ndarray:
    numbers = _column(found)
    assert len(numbers) <= len(truth)
    return np.array([float(abs(arb(float(g)) - t)) for g, t in zip(numbers, truth, strict=False)])


def _assert_digits(found: Series, truth: list[arb], bar: float = 1e-15, sizes=None) -> None:
    """Each coefficient, rounded to float64, within bar times its size, or times `sizes`."""
    sizes = truth if sizes is None else sizes
    scale = np.array([float(abs(s)) for s in sizes])[: len(found.parts[0])]
    error = _errors(found, truth)
    assert np.isfinite(error).all()
    error[error < 1e-120] = 0  # what the balls themselves are off where the truth is 0
    assert (error <= bar * scale).all(), (error / np.maximum(scale, 1e-300)).max()


def _composed(outer: list[arb], inner: list[arb]) -> list[arb]:
    """sum_j outer_j (sum_k inner_k h**k)**j, where inner_0 is 0."""
    h = arb_series([0, *inner[1:]])
    result = arb_series([outer[-1]])
    for c in reversed(outer[:-1]):
        result = result * h + c
    return _list(result)


# ---- functions of one variable ----


@needs_extended
@pytest.mark.parametrize(("name", "x"), CASES)
def test_every_coefficient_has_15_digits(name, x):
    truth = TRUTH[name][0](x)
    ring = _ring()
    _assert_digits(ring.unary(name, _series([x, 1.0]), {}), truth)
    assert not ring.troubles


@needs_extended
@pytest.mark.parametrize(("name", "x"), CASES)
def test_orders_and_constants(name, x):
    truth = TRUTH[name][0](x)
    for order in (0, 1, 2, 5):
        found = _ring(degree=order).unary(name, _series([x, 1.0][: order + 1]), {})
        assert len(found.parts[0]) == order + 1
        _assert_digits(found, truth)
    constant = _ring().unary(name, _ring().constant(x), {})
    assert constant.degree == 0
    _assert_digits(constant, truth)


# Where the terms are so large that they say nothing of the sum.
_STEEP = "acos acosh asin atanh erfc gamma tan".split()


@needs_extended
@pytest.mark.parametrize(
    ("name", "x"), [(name, x) for name, x in CASES if name not in _STEEP or abs(x) < 0.9]
)
def test_functions_of_functions(name, x):
    """Errors within 1e-15 of what the terms would add up to without cancellation."""
    truth = TRUTH[name][0](x)
    inner = [x] + [0.7 * (-0.8) ** k / (1 + k % 3) for k in range(1, ORDER + 1)]
    wanted = _composed(truth, [arb(c) for c in inner])
    sizes = _composed([abs(c) for c in truth], [arb(abs(c)) for c in inner])
    _assert_digits(_ring().unary(name, _series(inner), {}), wanted, sizes=sizes)


@needs_extended
@pytest.mark.parametrize("p", [2.5, -0.5, 1 / 3, math.pi, 1e-8, -40.25])
@pytest.mark.parametrize("x", [0.3, 2.0, 1e-4])
def test_powers(p, x):
    _assert_digits(
        _ring().unary("pow", _series([x, 1.0]), {"p": p}), _list((_at(x).log() * arb(p)).exp())
    )


@needs_extended
@pytest.mark.parametrize(
    ("n", "x"),
    [(n, x) for n in (-7, -1, 0, 1, 2, 7, 40) for x in (0.0, 0.3, -2.0, 1e-4) if x or n >= 0],
)
def test_whole_powers(n, x):
    one = Fraction(x)
    truth = []
    for k in range(ORDER + 1):
        count = Fraction(1)
        for j in range(k):
            count *= Fraction(n - j, j + 1)
        value = count * one ** (n - k) if count else Fraction(0)
        truth.append(arb(value.numerator) / value.denominator)
    for name, params in (("integer_pow", {"y": n}), ("pow", {"p": float(n)})):
        _assert_digits(_ring().unary(name, _series([x, 1.0]), params), truth)


@needs_extended
@pytest.mark.parametrize("name", ["lgamma", "digamma", "trigamma"])
def test_between_poles_that_cancel(name):
    """At -1.5 every other coefficient is what two poles leave over: as exact as its neighbors."""
    truth = TRUTH[name][0](-1.5)
    sizes = [max(abs(a), abs(b)) for a, b in zip(truth, [*truth[1:], truth[-2]], strict=True)]
    _assert_digits(_ring().unary(name, _series([-1.5, 1.0]), {}), truth, sizes=sizes)


def _mixed(ring: PlainRing, x: Series) -> Series:
    def f(name: str, u: Series) -> Series:
        return ring.unary(name, u, {})

    above = ring.multiply(f("exp", f("sin", x)), f("tanh", x))
    below = ring.add(ring.constant(1.0), ring.unary("integer_pow", x, {"y": 2}))
    second = ring.multiply(
        f("log", ring.add(ring.constant(2.0), x)), f("sqrt", ring.add(x, ring.constant(3.0)))
    )
    return ring.add(ring.divide(above, below), second)


@needs_extended
def test_mixed_has_15_digits_in_each_coefficient():
    x = _at(0.3)
    tanh = 1 - 2 / (1 + (2 * x).exp())
    truth = x.sin().exp() * tanh / (1 + x * x) + (2 + x).log() * (3 + x).sqrt()
    _assert_digits(_mixed(_ring(), _series([0.3, 1.0])), _list(truth))


def test_float64_where_nothing_cancels():
    for name in ("exp", "log", "sin", "tanh", "logistic", "sqrt", "atan", "asinh", "erf", "gamma"):
        part = np.array([[0.3], [1.0]])
        found = _ring(dtype=float).unary(name, Series((part,), 1), {})
        assert found.parts[0].dtype == float
        _assert_digits(found, TRUTH[name][0](0.3), 1e-13)


@needs_extended
@pytest.mark.parametrize("at", [(0.5, 2.0), (0.5, -2.0), (-0.5, -2.0), (-1.0, 0.0), (1e-9, 3.0)])
def test_angles(at):
    y = [at[0], 1.0, 0.25, -0.5]
    x = [at[1], -0.5, 0.125]
    above, below = arb_series([arb(c) for c in y]), arb_series([arb(c) for c in x])
    turned = (above * at[1] - below * at[0]) / (below * at[1] + above * at[0])
    start = arb.atan2(arb(at[0]), arb(at[1]))
    truth = [start, *_list(turned.atan())[1:]]
    size = [max(abs(t), abs(truth[1])) for t in truth]
    _assert_digits(_ring().atan2(_series(y), _series(x)), truth, sizes=size)


# ---- several variables ----


def _closed_form(point: np.ndarray, weights: np.ndarray, degree: int) -> list[arb]:
    """Coefficients of exp(sin(w.x))/(1 + x.x), by the multinomial theorem and q r = 1."""
    n, s = len(point), space(len(point), degree)
    rows = [tuple(int(e) for e in row) for row in s.exponents]
    inner = sum(
        (arb(float(w)) * arb(float(x)) for w, x in zip(weights, point, strict=True)), arb(0)
    )
    line = arb_series([inner, 1]).sin().exp()
    outer = {}
    for row in rows:
        value = line[sum(row)] * math.factorial(sum(row))
        for e, w in zip(row, weights, strict=True):
            value = value * arb(float(w)) ** e / math.factorial(e)
        outer[row] = value
    first = 1 + sum((arb(float(x)) ** 2 for x in point), arb(0))
    recip: dict[tuple, arb] = {}
    for row in rows:
        rest = arb(sum(row) == 0)
        for k in range(n):
            for down, factor in ((1, 2 * arb(float(point[k]))), (2, arb(1))):
                lower = (*row[:k], row[k] - down, *row[k + 1 :])
                rest = rest - factor * recip.get(lower, arb(0))
        recip[row] = rest / first
    result = dict.fromkeys(rows, arb(0))
    for a in rows:
        for b in rows[: s.count(degree - sum(a))]:
            total = tuple(i + j for i, j in zip(a, b, strict=True))
            result[total] = result[total] + outer[a] * recip[b]
    return [result[row] for row in rows]


def _bump(ring: PlainRing, xs: list[Series], weights: np.ndarray) -> Series:
    inner, below = ring.constant(0.0), ring.constant(1.0)
    for x, w in zip(xs, weights, strict=True):
        inner = ring.add(inner, ring.multiply(ring.constant(w), x))
        below = ring.add(below, ring.unary("integer_pow", x, {"y": 2}))
    return ring.divide(ring.unary("exp", ring.unary("sin", inner, {}), {}), below)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6])
def test_many_variables(n):
    ctx.prec = 150
    rng = np.random.default_rng(n)
    point, weights = rng.uniform(-0.5, 0.5, n), rng.uniform(-1, 1, n)
    found = _bump(_ring(n, 6), _variables(point), weights)
    truth = _closed_form(point, weights, 6)
    assert _errors(found, truth).max() <= 2e-15 * max(float(abs(t)) for t in truth)


@needs_extended
@pytest.mark.parametrize("name", sorted(set(TRUTH) - {"acosh"}))
def test_along_directions(name):
    """The coefficients of f(u(x + s d)) in s are those of u's polynomial in d."""
    rng = np.random.default_rng(1)
    ring, degree, n = _ring(3, 5), 5, 3
    s = space(n, degree)
    inner = np.zeros(s.size)
    inner[0], inner[1 : s.count(2)] = 0.3, rng.uniform(-0.5, 0.5, s.count(2) - 1)
    found = _column(ring.unary(name, _series(inner[: s.count(2)], 2), {}))
    for direction in rng.integers(-3, 4, (4, n)):
        powers = np.prod(np.array(direction, object) ** s.exponents.astype(object), axis=1)
        line = [arb(0)] * (degree + 1)
        for c, p, k in zip(inner, powers, s.degrees, strict=True):
            line[k] = line[k] + arb(float(c)) * int(p)
        truth = _composed(TRUTH[name][0](0.3), line)
        for k in range(degree + 1):
            here = s.degrees == k
            terms = [arb(float(c)) * int(p) for c, p in zip(found[here], powers[here], strict=True)]
            size = sum((abs(t) for t in terms), abs(truth[k]))
            assert abs(sum(terms, arb(0)) - truth[k]) <= 1e-15 * size


@pytest.mark.parametrize(
    ("n", "orders"), [(1, (6, 6)), (2, (4, 6)), (3, (1, 5)), (3, (4, 4)), (4, (2, 2))]
)
def test_products_are_exact_polynomials(n, orders):
    rng = np.random.default_rng(n)
    ring, s = _ring(n, 6), space(n, 6)
    polynomials = fmpq_mpoly_ctx.get([f"x{k}" for k in range(n)])
    factors = [rng.integers(-99, 100, s.count(order)) for order in orders]
    exact = [
        polynomials.from_dict({tuple(map(int, s.exponents[k])): int(c) for k, c in enumerate(f)})
        for f in factors
    ]
    truth = (exact[0] * exact[1]).to_dict()
    for width in (1, 5, 500):  # each of the ways in which products are added up
        wide = [
            _series(np.repeat(f[:, None], width, 1), o)
            for f, o in zip(factors, orders, strict=True)
        ]
        found = ring.multiply(*wide)
        assert found.degree == min(sum(orders), 6)
        for k, row in enumerate(s.exponents[: len(found.parts[0])]):
            wanted = truth.get(tuple(map(int, row)), 0)
            assert (found.parts[0][k, 0].astype(float) == float(int(wanted))).all()


def test_high_orders():
    ring = _ring(degree=400)
    geometric = ring.unary("recip", _series([1.0, -1.0]), {})
    assert (_column(geometric) == 1).all()
    assert (_column(ring.multiply(geometric, geometric)) == np.arange(1, 402)).all()


@pytest.mark.parametrize("variables", [1, 2])
@pytest.mark.parametrize("name", sorted(TRUTH))
def test_arrays_are_many_numbers(name, variables):
    """Elements of arrays in boxes have the coefficients that each has on its own."""
    rng = np.random.default_rng(2)
    degree, shape = 4, (3, 2, 50)
    s = space(variables, degree)
    part = rng.uniform(-0.1, 0.1, (s.count(2), *shape)).astype(np.longdouble)
    part[0] += 1.6 if name == "acosh" else 0.5
    found = _ring(variables, degree, 3).unary(name, Series((part,), 2), {})
    assert found.parts[0].shape == (s.size, *shape)
    for where in ((0, 0, 0), (1, 1, 17), (2, 0, 49)):
        one = Series((part[(slice(None), *where)][:, None],), 2)
        alone = _ring(variables, degree).unary(name, one, {}).parts[0][:, 0]
        largest = np.abs(alone).max()
        here = found.parts[0][(slice(None), *where)]
        # Not to the last bit: numbers far from a gamma function's other arguments shift more.
        assert np.abs(here - alone).max() <= 1e-16 * largest


def test_shapes_and_boxes_broadcast():
    ring = _ring(2, 3, boxes=4)
    x = Series((np.ones((3, 4, 1, 5), np.longdouble),), 1)
    y = Series((np.full((6, 1, 2, 1), 2, np.longdouble),), 2)
    for found in (ring.multiply(x, y), ring.divide(x, y), ring.atan2(x, y), ring.add(x, y),
                  ring.subtract(y, x), ring.extreme(x, y, True)):  # fmt: skip
        assert found.shape == (2, 5)
        assert found.parts[0].shape[1] == 4
    assert (ring.add(x, y).parts[0][:, 0, 0, 0] == [3, 3, 3, 2, 2, 2]).all()
    assert (ring.subtract(y, x).parts[0][:, 0, 0, 0] == [1, 1, 1, 2, 2, 2]).all()
    assert ring.add(x, ring.constant(1.0)).parts[0].shape == (3, 4, 1, 5)
