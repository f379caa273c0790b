"""Ranges of elementwise functions and their Taylor coefficients, judged by python-flint."""

from __future__ import annotations

import math
from fractions import Fraction

import flint
import numpy as np
import pytest

from interval_oracle import (
    SERIES,
    boxes,
    params_of,
    sampled,
    true_coefficients,
    violations,
    working,
)
from taylored.readings.interval import angles, errorfunctions, gammas, sigmoids
from taylored.readings.interval.coefficients import NAMES, coefficients
from taylored.readings.interval.executor import NUMPY, flint_executor

ALL = sorted(NAMES)
UNIT = 2.0**-52


def seed(name: str, more: int = 0) -> np.random.Generator:
    return np.random.default_rng([more, *name.encode()])


def inside(lo: float, hi: float, rng: np.random.Generator) -> np.ndarray:
    return np.concatenate([[lo, hi], lo + (hi - lo) * np.concatenate([rng.random(5), (0.25, 0.5)])])


def test_every_function_has_an_oracle():
    assert set(SERIES) == NAMES


# --- containment ---


def contained(executor, name: str, degree: int, count: int, more: int) -> int:
    """Check `count` random intervals; returns how many numbers were compared."""
    rng, compared = seed(name, more), 0
    for _ in range(3):
        params = params_of(name, rng)
        lo, hi = boxes(name, rng, count // 3)
        c = coefficients(
            executor, name, executor.array(lo), executor.array(hi), degree, params=params
        )
        assert c.lo.shape == c.hi.shape == (degree + 1, len(lo))
        assert (c.lo <= c.hi).all()
        for i, box in enumerate(zip(lo, hi, strict=True)):
            if c.bad is not None and c.bad[i]:
                continue
            outside, counted = violations(
                name, (c.lo[:, i], c.hi[:, i]), box, inside(*box, rng), params
            )
            assert outside == 0, (name, params, box)
            compared += counted
    return compared


@pytest.mark.every(4)
@pytest.mark.parametrize("name", ALL)
def test_true_coefficients_are_contained(name):
    with working(400):
        assert contained(NUMPY, name, 8, 90, 1) > 2000


@pytest.mark.every(4)
@pytest.mark.parametrize("name", ALL)
def test_true_coefficients_of_high_order_are_contained(name):
    with working(500, 22):
        assert contained(NUMPY, name, 16, 24, 2) > 1000


@pytest.mark.parametrize("name", ALL)
def test_exact_end_points_contain_too(name):
    with working(128):
        assert contained(flint_executor(), name, 6, 18, 3) > 200


SPECIAL = np.array(
    [0.0, 5e-324, 1e-310, 2.3e-308, 1e-200, 1e-160, 1e-100, 1e-16, 0.1, 0.5, 1 - 2.0**-53, 1.0,
     1 + 2.0**-52, 1.4616321449683623, np.pi / 2, 3.0, 5.9, 26.0, 26.6, 27.3, 36.8, 64.0, 64.5,
     170.6, 171.7, 354.9, 709.78, 709.79, 745.2, 1023.9, 2.0**26, 2.0**26 + 1, 1e9, 1e16, 1e54,
     1.4e154, 1e200, 1.7976931348623157e308, np.inf]
)  # fmt: skip
SPECIAL = np.array(sorted({*SPECIAL, *-SPECIAL}))


@pytest.mark.parametrize("name", ALL)
def test_huge_tiny_and_infinite_ends(name):
    rng, degree, compared = seed(name, 4), 5, 0
    first = rng.integers(0, len(SPECIAL), 60)
    last = np.minimum(first + rng.integers(0, 5, 60), len(SPECIAL) - 1)
    lo, hi = SPECIAL[first], SPECIAL[last]
    params = params_of(name, rng)
    c = coefficients(NUMPY, name, lo, hi, degree, params=params)
    assert not np.isnan(c.lo).any() and not np.isnan(c.hi).any()
    with working(1300):
        for i, box in enumerate(zip(lo, hi, strict=True)):
            orders = slice(0, 1 if c.bad is not None and c.bad[i] else None)
            between = [*SPECIAL[first[i] : last[i] + 1], box[0] / 2 + box[1] / 2]
            outside, counted = violations(
                name, (c.lo[orders, i], c.hi[orders, i]), box, between, params
            )
            assert outside == 0, (name, params, box)
            compared += counted
    assert compared > 20


TURNS = {
    "logistic": sigmoids._turns,
    "atan": angles._atan_turns,
    "asinh": angles._asinh_turns,
    "erf": errorfunctions._turns,
    "gamma": gammas._gamma_turns,
}


@pytest.mark.parametrize("name", sorted(TURNS))
def test_narrow_intervals_about_turning_points(name):
    """The table only says where to look; the oracle judges."""
    for order in range(8):
        for place in (0.5 * (t.left + t.right) for t in TURNS[name](order)):
            for reach in (1e-2, 1e-4, 1e-7, 1e-11):
                lo, hi = (np.array([place + s * reach * max(1, abs(place))]) for s in (-0.7, 1))
                c = coefficients(NUMPY, name, lo, hi, order)
                around = [lo[0], place, hi[0]]
                with working(200):
                    found = violations(name, (c.lo[:, 0], c.hi[:, 0]), (lo[0], hi[0]), around, {})
                assert found == (0, 3 * (order + 1)), (order, place, reach)


@pytest.mark.parametrize("name", ["sin", "cos"])
def test_quadrants_of_large_numbers(name):
    """An interval that has a multiple of pi/2 in it by less than the rounding of its ends."""
    e, top = flint_executor(), 1 if name == "sin" else 0
    whole = seed(name).integers(-(10**9), 10**9, 300) // 10 ** seed(name, 1).integers(0, 9, 300)
    with working(128):
        places = [flint.arb.pi() * (4 * int(n) + top) / 2 for n in whole]
        near = np.array([float(p) for p in places])
        lo = np.where([flint.arb(x) <= p for x, p in zip(near, places, strict=True)], near, 0)
        lo = np.where(lo == 0, np.nextafter(near, -np.inf), near)  # the float64 below the maximum
        hi = np.nextafter(lo, np.inf)
        c = coefficients(e, name, e.array(lo), e.array(hi), 0)
        assert (c.hi[0] >= 1).all()


def test_the_judge_finds_an_enclosure_that_is_a_little_too_narrow():
    c = coefficients(NUMPY, "tanh", np.array([0.3]), np.array([0.4]), 4)
    low, high = c.lo[:, 0], c.hi[:, 0]
    shrunk = low + 400 * UNIT * abs(low), high - 400 * UNIT * abs(high)
    with working(200):
        assert violations("tanh", (low, high), (0.3, 0.4), [0.3, 0.4], {}) == (0, 10)
        assert violations("tanh", shrunk, (0.3, 0.4), [0.3, 0.4], {})[0] >= 8


# --- tightness ---

# How much wider than the true range, beside rounding; all other functions are exact.
SLACK = {"sinc0": 1.03}


@pytest.mark.every(3)
@pytest.mark.parametrize("name", ALL)
def test_ranges_are_exact_up_to_rounding(name):
    rng, degree, count = seed(name, 5), 6, 12
    params = params_of(name, rng)
    lo, hi = moderate(name, rng, count)
    c = coefficients(NUMPY, name, lo, hi, degree, params=params)
    with working(200):
        for i, box in enumerate(zip(lo, hi, strict=True)):
            if c.bad is not None and c.bad[i]:
                continue
            least, most = sampled(name, box, degree, params)
            room = 64 * UNIT * np.maximum(abs(least), abs(most)) + 1e-300
            wide = SLACK.get(name, 1.001) * (most - least) + room
            assert (c.hi[:, i] - c.lo[:, i] <= wide).all(), (name, params, box)


def moderate(name: str, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    width = 10.0 ** rng.uniform(-6, 0.5, count)
    if name in ("asin", "acos", "atanh", "erf_inv"):
        lo = rng.uniform(-0.999, 0.99, count)
        return lo, np.minimum(lo + width, 0.9999)
    start = {"acosh": 1.0, "log1p": -1.0}.get(name, 0.0)
    if name in ("sqrt", "rsqrt", "pow", "log", "log2", "log10", "acosh", "log1p"):
        lo = start + 10.0 ** rng.uniform(-2, 1, count)
    elif "gamma" in name:
        lo = 10.0 ** rng.uniform(-2, 1, count)
    else:
        lo = rng.uniform(-8, 8, count)
    return lo, lo + width


@pytest.mark.parametrize("name", ALL)
def test_values_at_points_have_nearly_all_digits(name):
    """At a point the width is rounding alone: a few units in the last place times the order."""
    rng, degree = seed(name, 6), 3
    params = {"y": 5} if name == "integer_pow" else {"p": 1.7} if name == "pow" else {}
    x = 2.5 + rng.random(8) if name in ("acosh", "gamma", "lgamma") else 0.2 + 0.2 * rng.random(8)
    c = coefficients(NUMPY, name, x, x, degree, params=params)
    with working(200):
        for i, point in enumerate(x):
            true = np.array([abs(float(v)) for v in true_coefficients(name, point, degree, params)])
            assert (c.hi[:, i] - c.lo[:, i] <= 3000 * UNIT * true.max()).all()


def test_tails_keep_their_relative_accuracy():
    x = np.array([-40.0, -300.0, 40.0, 300.0])
    for name in ("logistic", "tanh", "softplus"):
        c = coefficients(NUMPY, name, x, x, 4)
        later = slice(2, None)
        widths = c.hi[later] - c.lo[later]
        assert (widths <= 500 * UNIT * np.abs(c.lo[later])).all(), name
    x = np.array([10.0, 20.0])
    c = coefficients(NUMPY, "erfc", x, x, 4)
    assert (c.hi[1:] - c.lo[1:] <= 500 * UNIT * np.abs(c.lo[1:])).all()


def close(pair, low: float, high: float, digits: float = 1e-14) -> bool:
    """Whether a range is this one, nowhere narrower than the rounding of its closed form."""
    reach = digits * max(abs(low), abs(high))
    below, above = low - pair[0], pair[1] - high
    return bool(-4 * UNIT <= below <= reach and -4 * UNIT <= above <= reach)


@pytest.mark.parametrize(
    ("name", "order", "low", "high"),
    [
        ("logistic", 1, 0.0, 0.25),
        ("logistic", 2, -math.sqrt(3) / 36, math.sqrt(3) / 36),
        ("tanh", 1, 0.0, 1.0),
        ("tanh", 2, -2 / math.sqrt(27), 2 / math.sqrt(27)),
        ("atan", 1, 0.0, 1.0),
        ("atan", 2, -math.sqrt(27) / 16, math.sqrt(27) / 16),
        ("asinh", 1, 0.0, 1.0),
        ("asinh", 2, -1 / math.sqrt(27), 1 / math.sqrt(27)),
        ("erf", 1, 0.0, 2 / math.sqrt(math.pi)),
        ("erf", 2, -math.sqrt(2 / (math.e * math.pi)), math.sqrt(2 / (math.e * math.pi))),
        ("erfc", 0, 0.0, 2.0),
        ("sin", 3, -1 / 6, 1 / 6),
        ("softplus", 2, 0.0, 0.125),
        ("sinc0", 2, -1 / 6, 1 / 6),
    ],
)
def test_ranges_over_the_whole_line_in_closed_form(name, order, low, high):
    c = coefficients(NUMPY, name, np.array([-np.inf]), np.array([np.inf]), order)
    assert c.bad is None
    assert close((c.lo[order, 0], c.hi[order, 0]), low, high)


def test_minima_of_the_gamma_function():
    c = coefficients(NUMPY, "gamma", np.array([1.0]), np.array([3.0]), 0)
    assert close((c.lo[0, 0], c.hi[0, 0]), 0.8856031944108887, 2.0, 1e-12)
    c = coefficients(NUMPY, "lgamma", np.array([1.0]), np.array([3.0]), 0)
    assert close((c.lo[0, 0], c.hi[0, 0]), -0.12148629053584961, math.log(2), 1e-12)


# --- where functions are not analytic ---


@pytest.mark.parametrize(
    ("name", "lo", "hi", "low", "high", "params"),
    [
        ("sqrt", -1.0, 4.0, 0.0, 2.0, {}),
        ("sqrt", 0.0, 4.0, 0.0, 2.0, {}),
        ("sqrt", -2.0, -1.0, -np.inf, np.inf, {}),
        ("rsqrt", 0.0, 4.0, 0.5, np.inf, {}),
        ("cbrt", -8.0, 27.0, -2.0, 3.0, {}),
        ("log", 0.0, 1.0, -np.inf, 0.0, {}),
        ("log", -1.0, math.e, -np.inf, 1.0, {}),
        ("log", -2.0, -1.0, -np.inf, np.inf, {}),
        ("log1p", -1.0, 0.0, -np.inf, 0.0, {}),
        ("recip", 0.0, 2.0, 0.5, np.inf, {}),
        ("recip", -4.0, 0.0, -np.inf, -0.25, {}),
        ("recip", -4.0, 2.0, -np.inf, np.inf, {}),
        ("integer_pow", -4.0, 2.0, 1 / 16, np.inf, {"y": -2}),
        ("integer_pow", -4.0, 2.0, -np.inf, np.inf, {"y": -3}),
        ("pow", 0.0, 4.0, 0.0, 32.0, {"p": 2.5}),
        ("pow", -1.0, 4.0, 1 / 32, np.inf, {"p": -2.5}),
        ("asin", -2.0, 1.0, -math.pi / 2, math.pi / 2, {}),
        ("acos", 0.0, 1.0, 0.0, math.pi / 2, {}),
        ("asin", 2.0, 3.0, -np.inf, np.inf, {}),
        ("acosh", 0.0, math.cosh(2.0), 0.0, 2.0, {}),
        ("atanh", -1.0, math.tanh(0.5), -np.inf, 0.5, {}),
        ("erf_inv", 0.0, 1.0, 0.0, np.inf, {}),
        ("tan", 1.0, 2.0, -np.inf, np.inf, {}),
        ("gamma", 0.0, 2.0, -np.inf, np.inf, {}),
        ("lgamma", -0.5, 2.0, -np.inf, np.inf, {}),
        ("digamma", -0.5, -0.25, -np.inf, np.inf, {}),
        ("trigamma", -0.5, 1.0, -np.inf, np.inf, {}),
    ],
)
@pytest.mark.parametrize("executor", ["numpy", "flint"])
def test_outside_the_domain(name, lo, hi, low, high, params, executor):
    e = NUMPY if executor == "numpy" else flint_executor()
    ends = [e.array(np.array([0.25 if name != "acosh" else 1.5, v])) for v in (lo, hi)]
    ends[1] = e.xp.maximum(*ends)
    with working(128):
        c = coefficients(e, name, ends[0], ends[1], 3, params=params)
        value = float(c.lo[0, 1]), float(c.hi[0, 1])
        assert (np.array(c.lo[1:, 1], float) == -np.inf).all()
        assert (np.array(c.hi[1:, 1], float) == np.inf).all()
    assert c.bad is not None and c.bad[1] and c.reason
    assert np.allclose(value, (low, high), rtol=1e-12, atol=1e-15)


def test_inside_the_domain_nothing_is_bad():
    for name in ALL:
        x = np.array([0.5]) if name != "acosh" else np.array([1.5])
        params = {"y": -3} if name == "integer_pow" else {"p": 0.5} if name == "pow" else {}
        c = coefficients(NUMPY, name, x, x + 0.25, 4, params=params)
        assert c.bad is None and c.reason == "", name
        assert np.isfinite(c.lo).all() and np.isfinite(c.hi).all(), name


def test_ends_of_domains_are_told_from_their_neighbors():
    tiny = np.array([5e-324, 1e-12])
    for name in ("log", "sqrt", "recip", "lgamma"):
        assert coefficients(NUMPY, name, tiny, tiny, 1).bad is None
    below = np.nextafter(np.array([1.0]), 0)
    for name in ("asin", "atanh", "erf_inv"):
        c = coefficients(NUMPY, name, below, below, 2)
        assert c.bad is None and np.isfinite(c.hi).all()
    half = np.array([np.pi / 2])  # the float64 is below the pole
    assert coefficients(NUMPY, "tan", half, half, 1).bad is not None  # too near to tell
    near = half - 1e-10
    assert coefficients(NUMPY, "tan", near, near, 1).bad is None


# --- form ---


@pytest.mark.parametrize("name", ["exp", "sin", "tanh", "integer_pow", "gamma", "sinc0"])
def test_shapes_follow_the_intervals(name):
    params = {"y": 3} if name == "integer_pow" else {}
    lo = np.linspace(0.1, 2, 6)
    flat = coefficients(NUMPY, name, lo, lo + 0.5, 3, params=params)
    grid = coefficients(NUMPY, name, lo.reshape(2, 3), lo.reshape(2, 3) + 0.5, 3, params=params)
    assert grid.lo.shape == (4, 2, 3)
    assert np.array_equal(grid.lo.reshape(4, 6), flat.lo)
    one = coefficients(NUMPY, name, lo[2], lo[2] + 0.5, 3, params=params)
    assert one.hi.shape == (4,) and np.allclose(one.hi, flat.hi[:, 2], rtol=1e-15)
    none = coefficients(NUMPY, name, lo[:0], lo[:0], 3, params=params)
    assert none.lo.shape == (4, 0)


def test_lower_degrees_are_the_first_rows():
    lo, hi = np.array([0.3, 0.6]), np.array([0.4, 0.9])
    for name in ALL:
        if name in ("integer_pow", "pow"):
            continue
        shift = 1.0 if name == "acosh" else 0.0
        few, many = (coefficients(NUMPY, name, lo + shift, hi + shift, d) for d in (0, 4))
        assert few.lo.shape == (1, 2)
        assert np.allclose(few.lo[0], many.lo[0], rtol=1e-12), name
        assert np.allclose(few.hi[0], many.hi[0], rtol=1e-12), name


def test_missing_ends_are_infinite():
    nan, left, right = (np.array([v, 0.5]) for v in (np.nan, -np.inf, np.inf))
    for name in ALL:
        params = {"y": 2} if name == "integer_pow" else {"p": 0.5} if name == "pow" else {}
        c = coefficients(NUMPY, name, nan, nan, 2, params=params)
        same = coefficients(NUMPY, name, left, right, 2, params=params)
        assert np.array_equal(c.lo[:, 0], same.lo[:, 0]), name
        assert np.array_equal(c.hi[:, 0], same.hi[:, 0]), name
        assert (c.lo[:, 0] <= c.hi[:, 0]).all(), name
        assert not np.isnan(c.lo).any() and not np.isnan(c.hi).any(), name


def test_unknown_functions_are_refused():
    assert "bessel_j0" not in NAMES
    with pytest.raises(KeyError):
        coefficients(NUMPY, "bessel_j0", np.array([0.0]), np.array([1.0]), 2)


# --- turning points ---


def test_roots_of_legendre_and_hermite_polynomials():
    with working(160):
        for order in (2, 3, 7, 12):
            found = [float(a) for a, _ in angles._roots(order)]
            true = [float(flint.arb.legendre_p_root(order, i)) for i in range(order // 2)]
            assert np.allclose(sorted(found), sorted(true), rtol=1e-14)
    for order in (2, 5, 9):
        found = [float(a) for a, _ in errorfunctions._roots(order)]
        true = np.polynomial.hermite.hermgauss(order)[0]
        assert np.allclose(found, true[true > 1e-9], rtol=1e-12)


def test_a_root_that_is_not_there_is_not_taken_for_one():
    from taylored.readings.interval.turning import isolate

    with pytest.raises(ArithmeticError):
        isolate([1, 0, 1], [Fraction(0), Fraction(2)])
    ((a, b),) = isolate([-2, 0, 1], [Fraction(0), Fraction(2)])
    assert a * a < 2 < b * b and b - a == Fraction(1, 2**200)
