"""`bounds`: ranges that contain every value, refusals, kinks and jumps, sums against fractions."""

import time
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from taylored.errors import ArgumentError, EnclosureError, FunctionError, MissingRule
from taylored.readings.interval import arithmetic as ia
from taylored.readings.interval.executor import NUMPY, flint_executor
from taylored.results import Accuracy, Interval
from taylored.series.bounds import bounds
from taylored.series.comparison import values
from taylored.series.taylor import taylor

CAMEL = "(4-2.1*x^2+x^4/3)*x^2+x*y+(-4+4*y^2)*y^2"


def _box(**ends):
    return {n: float(a) for n, (a, _) in ends.items()}, {n: float(b) for n, (_, b) in ends.items()}


# formula, lower ends, upper ends, least and largest value (closed forms and published optima).
KNOWN = [
    ("(1-x)^2+100*(y-x^2)^2", *_box(x=(-2, 2), y=(-1, 3)), 0.0, 2509.0),
    (CAMEL, *_box(x=(-2, 2), y=(-1, 1)), -1.031628453489877, 5.733333333333333),
    ("sin(x)*sin(y)*sin(z)", *_box(x=(-2, 2), y=(-2, 2), z=(-2, 2)), -1.0, 1.0),
    ("x*(1-x)", 0.0, 1.0, 0.0, 0.25),
    ("x*exp(-x)", 0.0, 2.0, 0.0, np.exp(-1)),
    ("sin(x^2)", 0.0, 10.0, -1.0, 1.0),
    ("x^x", 0.1, 2.0, np.exp(-1 / np.e), 4.0),
    ("x-x", 0.0, 1.0, 0.0, 0.0),
    ("(x+1)-x", 0.0, 1.0, 1.0, 1.0),
    ("x^3-3*x", -2.0, 2.0, -2.0, 2.0),
    ("abs(x)", -1.0, 2.0, 0.0, 2.0),
    ("sqrt(abs(x))", -1.0, 1.0, 0.0, 1.0),
    ("sqrt(x)", 0.0, 4.0, 0.0, 2.0),
    ("x^0.5", 0.0, 4.0, 0.0, 2.0),
    ("x^1.5", 0.0, 4.0, 0.0, 8.0),
    ("acos(x)", -1.0, 1.0, 0.0, np.pi),
    ("tan(x)", 0.0, 1.5, 0.0, np.tan(1.5)),
    ("x*y", *_box(x=(1, 1), y=(0, 1)), 0.0, 1.0),
    ("x*y", *_box(x=(-1e154, 1e154), y=(-1e154, 1e154)), -1e308, 1e308),
    ("x", -1.7e308, 1.7e308, -1.7e308, 1.7e308),
    ("1/(1+x^2)", -3.0, 1.0, 0.1, 1.0),
    ("sinc(x)", -1.0, 2.0, -0.21723362821122166, 1.0),
    ("log(x)", 5e-324, 1.0, float(mpmath.log(mpmath.mpf(2)) * -1074), 0.0),
    ("exp(x)", 1.0, 1.0, np.e, np.e),
]  # fmt: skip


@pytest.mark.parametrize("formula, low, high, least, largest", KNOWN)
def test_known_ranges(formula, low, high, least, largest):
    found = bounds(formula, low, high)
    room = 4e-15 * max(abs(least), abs(largest))
    assert found.kind is Accuracy.PROVED
    assert found.lo <= least + room and largest - room <= found.hi
    width = max(largest - least, 1e-14 * max(abs(largest), 1e-300))
    if width > 1e300:
        return
    assert found.hi - found.lo <= 1.03 * width + 2e-14 * max(abs(largest), abs(least))


def test_thorough_is_tight():
    found = bounds(CAMEL, *_box(x=(-2, 2), y=(-1, 1)), thorough=True)
    assert -1.031628453489877 - 5e-6 <= found.lo <= -1.031628453489877
    assert "6 digits" in found.note


# Functions of JAX with kinks, jumps and branches: (function, lower, upper, least, largest).
ROUGH = [
    (lambda x: jnp.maximum(x, 1 - x), 0.0, 1.0, 0.5, 1.0),
    (lambda x: jnp.floor(x), 0.3, 2.6, 0.0, 2.0),
    (lambda x: jnp.floor(x), 1.0, 2.0, 1.0, 2.0),
    (lambda x: jnp.ceil(x), 1.0, 2.0, 1.0, 2.0),
    (lambda x: jnp.round(x), 0.4, 1.6, 0.0, 2.0),
    (lambda x: jax.lax.round(x, jax.lax.RoundingMethod.AWAY_FROM_ZERO), 0.4, 0.49999999999999994,
     0.0, 0.0),
    (lambda x: jnp.sign(x), 0.0, 1.0, 0.0, 1.0),
    (lambda x: jnp.where(x > 0.5, x + 10, -x), 0.0, 1.0, -0.5, 11.0),
    (lambda x: jax.lax.cond(x > 0.7, lambda v: v + 10, lambda v: v, x), 0.0, 1.0, 0.0, 11.0),
    (lambda x: jnp.where(x > 0.5, jnp.log(x), 0.0), -1.0, 2.0, -np.log(2), np.log(2)),
    (lambda x: jnp.clip(x, -0.5, 0.5) ** 2, -1.0, 2.0, 0.0, 0.25),
    (lambda x: jnp.arctan2(x, -1.0), -1.0, 1.0, -np.pi, np.pi),
    (lambda x: jnp.cbrt(x), -8.0, 8.0, -2.0, 2.0),
    (lambda x: x > 0, -1.0, 1.0, 0.0, 1.0),
    (lambda x: jax.nn.relu(x) - jax.nn.relu(-x), -1.0, 1.0, -1.0, 1.0),
]  # fmt: skip


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("row", range(len(ROUGH)))
def test_kinks_jumps_and_branches(row, exact):
    function, low, high, least, largest = ROUGH[row]
    found = bounds(function, low, high, exact=exact)
    assert found.lo <= least + 1e-15 and largest - 1e-15 <= found.hi
    assert found.hi - found.lo <= 1.02 * (largest - least) + 1e-14


def test_steps_in_balls_just_above_a_whole_number():
    """2 + 1e-25 is no float64: its ceiling is 3 all the same, and the sign of 1e-400 is 1."""
    found = bounds(lambda x: jnp.ceil(x + 1e-25), 2.0, 2.0, exact=True)
    assert found.hi >= 3.0
    found = bounds(lambda x: jnp.sign(x * 1e-200 * 1e-200), 1.0, 1.0, exact=True)
    assert found.hi >= 1.0


# Ways through the program that differ from point to point: never the value at the middle.
BRANCHES = [
    lambda x: jax.lax.while_loop(
        lambda s: s[0] < 10 * x, lambda s: (s[0] + 1, s[1] + 1.0), (0.0, x)
    )[1],
    lambda x: jnp.array([0.0, 10.0])[(x > 0.7).astype(int)] + x,
    lambda x: jnp.array([0.0, 10.0])[(x > 0.7).astype(int)],
    lambda x: jax.lax.switch((3 * x).astype(int), [lambda v: v, lambda v: 5 - v, lambda v: 9.0], x),
    lambda x: jnp.stack([x, 10 * x])[jnp.argmax(jnp.stack([x, 0.5 + 0 * x]))],
]


@pytest.mark.every(2)
@pytest.mark.parametrize("row", range(len(BRANCHES)))
def test_ways_that_are_not_certain(row):
    points = np.linspace(0.0, 1.0, 41)
    with jax.enable_x64(True):
        value = jax.jit(BRANCHES[row])
        values = [float(value(jnp.float64(x))) for x in points]
    try:
        found = bounds(BRANCHES[row], 0.0, 1.0)
    except EnclosureError as refused:
        assert "not the same for all of the box" in str(refused)
        return
    assert found.lo <= min(values) and max(values) <= found.hi


REFUSED = [
    ("1/x", -1.0, 1.0, "division"), ("1/x", 0.0, 1.0, "division"), ("1/x", -0.0, 1.0, "division"),
    ("sqrt(x)", -1e-300, 4.0, "root"), ("log(x)", 0.0, 1.0, "logarithm"),
    ("acos(x)", -1.0, 1.0000001, "domain"), ("x^(-0.5)", 0.0, 4.0, "power"),
    ("tan(x)", 0.0, 2.0, "pole"), ("exp(x)", 0.0, 710.0, "not bounded"),
    ("x^2", -1e200, 1e200, "not bounded"),
]  # fmt: skip


@pytest.mark.parametrize("formula, low, high, word", REFUSED)
def test_refused(formula, low, high, word):
    start = time.perf_counter()
    with pytest.raises(EnclosureError, match=word):
        bounds(formula, low, high)
    assert time.perf_counter() - start < 60  # hangs, not speed


def test_refusal_names_the_place():
    with pytest.raises(EnclosureError, match=r"near x = 1\.571"):
        bounds("tan(x)", 0.0, 2.0)
    with pytest.raises(EnclosureError, match=r"test_bounds\.py:\d+"):
        bounds(lambda x: jnp.log(x), -1.0, 2.0)


BAD = [
    ("exp(x)", 1.0, 0.0), ("exp(x)", 0.0, np.inf), ("exp(x)", -np.inf, 0.0),
    ("exp(x)", np.nan, 1.0), ("exp(x)", 0.0, [1.0, 2.0]), ("x*y", {"x": 0.0}, {"x": 1.0}),
    (lambda x: x.sum(), np.array([np.nan, 0.0]), np.ones(2)),
    (lambda x: x.sum(), np.zeros(2), np.array([np.inf, 1.0])),
    (lambda x: x.sum(), np.zeros(2), np.zeros(3)), (lambda x: x.sum(), np.zeros(2), 1.0),
    (lambda x: jnp.zeros(0) * x, 0.0, 1.0), (lambda x: None, 0.0, 1.0), (3.0, 0.0, 1.0),
]  # fmt: skip


@pytest.mark.parametrize("row", range(len(BAD)))
def test_bad_arguments(row):
    with pytest.raises((ArgumentError, FunctionError)):
        bounds(*BAD[row])


def test_missing_rules_name_the_line():
    with pytest.raises(MissingRule, match=r"test_bounds\.py:\d+"):
        bounds(lambda x: jnp.linalg.eigh(x.reshape(2, 2))[0], np.zeros(4), np.ones(4))


def test_trees_and_arrays():
    found: Any = bounds(
        lambda p: {"s": p["a"] * 2, "v": p["w"] ** 2},
        {"a": 0.0, "w": np.array([-1.0, 2.0])}, {"a": 1.0, "w": np.array([1.0, 3.0])},
    )  # fmt: skip
    assert 2.0 <= found["s"].hi <= 2.0 + 1e-12 and -1e-300 <= found["s"].lo <= 0.0
    np.testing.assert_allclose(found["v"].lo, [0.0, 4.0], atol=1e-14)
    np.testing.assert_allclose(found["v"].hi, [1.0, 9.0], rtol=1e-14)
    assert bounds(lambda a, b: a * b, (0.0, 1.0), (1.0, 2.0)).hi >= 2.0


def test_five_hundred_inputs():
    weights = np.random.default_rng(0).normal(size=500)
    found = bounds(lambda x: jnp.sum(x * weights), -np.ones(500), np.ones(500))
    exact = float(sum(Fraction(abs(w)) for w in weights))
    assert found.hi >= exact >= found.hi * (1 - 1e-12)
    found = bounds(lambda x: jnp.sum(jnp.tanh(x * weights)), -np.ones(500), np.ones(500))
    largest = float(np.sum(np.tanh(np.abs(weights))))
    assert largest <= found.hi <= 3 * largest


def test_random_functions_at_random_points():
    """Values in float64 at many points, allowing for their own rounding."""
    rng = np.random.default_rng(5)
    for _ in range(12):
        a, b = rng.normal(size=(4, 3)), rng.normal(size=4)

        def f(x, a=a, b=b):
            return jnp.sum(jnp.sin(a @ x + b)) / (1 + jnp.sum(x * x)) + jnp.abs(x[0])

        low = rng.uniform(-1, 0, 3)
        high = low + rng.uniform(0, 1.5, 3)
        found = bounds(f, low, high)
        x = rng.uniform(low, high, (4000, 3))
        values = np.sin(x @ a.T + b).sum(1) / (1 + (x * x).sum(1)) + np.abs(x[:, 0])
        assert found.lo - 1e-14 <= values.min() and values.max() <= found.hi + 1e-14
        assert found.hi - found.lo <= 1.6 * (values.max() - values.min())


# ---- the arithmetic underneath, against fractions ----


def _hard_numbers(rng, *shape):
    """Numbers of very different size whose sums cancel."""
    values = rng.normal(size=shape) * 10.0 ** rng.integers(-12, 13, shape)
    flat = values.reshape(-1)
    flat[1::3] = -flat[0::3][: flat[1::3].size]
    return values


def test_sums_with_cancellation():
    rng = np.random.default_rng(0)
    for count in (1, 2, 3, 17, 400):
        x = _hard_numbers(rng, 30, count)
        exact = [sum(map(Fraction, row)) for row in x.tolist()]
        low, high = ia.sum_over(NUMPY, (x, x), 1)
        assert all(
            Fraction(a) <= s <= Fraction(b) for a, s, b in zip(low, exact, high, strict=True)
        )
        running = ia.cumulative(NUMPY, (x, x), 1)
        assert all(
            Fraction(a) <= s <= Fraction(b)
            for a, s, b in zip(running[0][:, -1], exact, running[1][:, -1], strict=True)
        )


@pytest.mark.parametrize("scale", [1.0, 1e-160, 1e-320, 1e150])
def test_products_and_dots(scale):
    rng = np.random.default_rng(1)
    matrix, x = _hard_numbers(rng, 6, 40), _hard_numbers(rng, 40, 2) * scale
    wide = np.abs(x) * rng.choice([0.0, 1e-16, 0.1], x.shape)
    low, high = ia.linear_map(NUMPY, matrix, (x - wide, x + wide))
    for i in range(6):
        for j in range(2):
            for corner in (x - wide, x, x + wide):
                dot = sum(
                    Fraction(a) * Fraction(b)
                    for a, b in zip(matrix[i].tolist(), corner[:, j].tolist(), strict=True)
                )
                assert Fraction(float(low[i, j])) <= dot <= Fraction(float(high[i, j]))
    a, b = x[:, 0], x[::-1, 1]
    with np.errstate(all="ignore"):  # as in the ring
        low, high = ia.multiply(NUMPY, (a, a), (b, b))
    for p, q, s, t in zip(a.tolist(), b.tolist(), low.tolist(), high.tolist(), strict=True):
        product = Fraction(p) * Fraction(q)
        assert s == -np.inf or Fraction(s) <= product
        assert t == np.inf or product <= Fraction(t)


@pytest.mark.parametrize("scale", [1.0, 1e-160, 1e-320])
def test_products_of_matrices(scale):
    rng = np.random.default_rng(2)
    x, y = _hard_numbers(rng, 2, 5, 9), _hard_numbers(rng, 3, 9, 4) * scale
    r, s = (np.abs(v) * rng.choice([0.0, 1e-16, 0.1, 3.0], v.shape) for v in (x, y))
    pairs = np.array([0, 1, 1]), np.array([2, 0, 1])
    ends = ((x - r, x + r), (y - s, y + s))
    low, high = ia.matrix_products(NUMPY, *ends, pairs)
    for p, (i, j) in enumerate(zip(*pairs, strict=True)):
        for _ in range(6):
            a, b = (
                np.choose(rng.integers(0, 2, v[0][k].shape), [v[0][k], v[1][k]])
                for v, k in zip(ends, (i, j), strict=True)
            )
            for row in range(5):
                for column in range(4):
                    dot = sum(
                        Fraction(u) * Fraction(v)
                        for u, v in zip(a[row].tolist(), b[:, column].tolist(), strict=True)
                    )
                    assert Fraction(float(low[p, row, column])) <= dot
                    assert dot <= Fraction(float(high[p, row, column]))


def test_a_large_product_of_matrices_is_quick_and_right():
    """100 by 100: the enclosure by middles and radii, judged by values at corners."""
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(2, 100, 100))
    start = time.perf_counter()
    found = bounds(lambda x: jnp.sum((a * x) @ (b * jnp.sin(x))), 0.2, 0.4)
    assert time.perf_counter() - start < 60  # hangs, not speed
    total = float((a @ b).sum())
    ends = sorted(total * x * np.sin(x) for x in (0.2, 0.4))
    assert found.lo - 1e-9 <= ends[0] and ends[1] <= found.hi + 1e-9
    assert found.hi - found.lo <= 1.1 * (ends[1] - ends[0])


@pytest.mark.parametrize("e", [NUMPY, flint_executor()], ids=["float64", "balls"])
def test_infinite_ends_say_nothing(e):
    with e.precision(), np.errstate(all="ignore"):
        inf, zero, one = (e.array(np.array([v])) for v in (np.inf, 0.0, 1.0))
        for x, y in (
            ((-inf, inf), (zero, zero)),
            ((one, inf), (-one, inf)),
            ((-inf, one), (zero, one)),
        ):
            low, high = ia.multiply(e, x, y)
            assert not low[0] > 0 and not high[0] < 0
            if x[1] is inf or y[1] is inf:
                assert e.floats(high, True)[0] == np.inf or e.floats(low, False)[0] == -np.inf
        low, high = ia.add(e, (-inf, inf), (inf, inf))
        assert e.floats(low, False)[0] == -np.inf


def test_an_interval_reads_outward():
    random = np.random.default_rng(11)
    for _ in range(300):
        low = random.normal() * 10.0 ** random.integers(-300, 300)
        high = low + abs(random.normal()) * 10.0 ** random.integers(-300, 300)
        text = str(Interval(low, high, None, "", Accuracy.PROVED))
        ends = text.removesuffix(", proved").strip("[]").split(", ")
        assert float(ends[0]) <= low and high <= float(ends[1]), (text, low, high)
    assert str(Interval(-9.0, 0.0, None, "", Accuracy.PROVED)) == "[-9, 0], proved"
    assert (
        str(Interval(1.5, np.inf, 0.95, "", Accuracy.CALIBRATED))
        == "[1.5, inf], calibrated at 95 %"
    )
    several = Interval(np.zeros(2), np.ones(2), None, "", Accuracy.PROVED)
    assert str(several) == "intervals of shape (2,), proved"


@pytest.mark.parametrize("formula", ["x*exp(-x)", "sin(10*x)/(2+cos(x))", "x^2-2*x", "abs(x-0.3)"])
@pytest.mark.parametrize("thorough", [False, True])
def test_as_much_is_attained_as_is_said(formula, thorough):
    found = bounds(formula, -1.0, 2.0, thorough=thorough)
    share = 0.999999 if "6 digits" in found.note else float(found.note.split()[2]) / 100
    T = taylor(formula, 0.5, 0)  # values of f, on a grid that holds the ends
    sampled = np.ptp(values(T, np.linspace(-1.0, 2.0, 30_001)[:, None])[:, 0])
    assert share > 0.9 and share * found.width <= sampled * (1 + 1e-6)
