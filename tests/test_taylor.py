# ruff: noqa: E501 - tables, one row a line
"""`taylor` and `linearize`: coefficients, remainders, orders and radii, arguments, refusals."""

import math
import subprocess
import sys
import time
from fractions import Fraction
from typing import Any

import flint
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

import taylored as ty
from series_zoo import FORMULAS
from taylored.errors import (
    ArgumentError,
    CenterError,
    EnclosureError,
    FormulaError,
    FunctionError,
    MissingRule,
)
from taylored.results import Accuracy
from taylored.series.comparison import values
from taylored.series.taylor import linearize, taylor

# ---- coefficients ----


def _true(case, center, order):
    with flint.ctx.workprec(300):
        cap, flint.ctx.cap = flint.ctx.cap, order + 1
        series = case.true(flint.arb_series([flint.arb(center), flint.arb(1)]))
        found = [series[k] for k in range(order + 1)]
        flint.ctx.cap = cap
        return found


@pytest.mark.parametrize("case", FORMULAS, ids=repr)
def test_coefficients_and_their_errors(case):
    rng = np.random.default_rng(0)
    for center in rng.uniform(case.lo, case.hi, 3):
        T = taylor(case.formula, center, 10)
        truth = _true(case, float(center), 10)
        with flint.ctx.workprec(300):
            errors = [abs(t - flint.arb(c)) for t, c in zip(truth, T.coefficients, strict=True)]
            assert all(e <= flint.arb(b) for e, b in zip(errors, T.coefficient_errors, strict=True))
        scale = np.abs(T.coefficients) + 1e-3 * np.abs(T.coefficients).max()
        assert np.all(np.array([float(e.upper()) for e in errors]) <= 1e-14 * scale)


def test_short_coefficients_are_exact():
    assert taylor("x^3 - 2*x + 1", 2, 5).coefficients.tolist() == [5.0, 10.0, 6.0, 1.0, 0.0, 0.0]
    T = taylor("x^3 - 2*x + 1", 2, 5)
    assert np.all(T.coefficient_errors <= 1e-13)
    assert taylor("1/(1-x)", 0.0, 20).coefficients.tolist() == [1.0] * 21


def test_zero_derivatives_of_even_functions():
    assert np.all(taylor("cos(x)*exp(-x^2)", 0.0, 9).coefficients[1::2] == 0.0)


@pytest.mark.parametrize("order", [0, 30, 60, 128])
def test_low_and_high_orders(order):
    T = taylor("exp(x)", 0.0, order, radius=1.0)
    exact = [float(Fraction(1, math.factorial(k))) for k in range(order + 1)]
    np.testing.assert_allclose(T.coefficients, exact, rtol=1e-15)
    remainder = np.e - float(sum(Fraction(c) for c in exact))
    assert T.remainder.lo <= remainder <= T.remainder.hi


def test_two_variables_against_closed_forms():
    T = taylor("exp(x)*sin(y)", {"x": 0.5, "y": -0.25}, 4, radius=0.25)
    sines = [np.sin(-0.25), np.cos(-0.25), -np.sin(-0.25), -np.cos(-0.25)]
    for (i, j), c in zip(T.exponents.tolist(), T.coefficients, strict=True):
        truth = math.exp(0.5) / math.factorial(i) * sines[j % 4] / math.factorial(j)
        assert abs(c - truth) <= 4e-16 * max(abs(truth), 1e-3)
    grid = np.stack(np.meshgrid(*[np.linspace(-0.25, 0.25, 21)] * 2), axis=-1).reshape(-1, 2)
    for dx, dy in grid:
        off = math.exp(0.5 + dx) * math.sin(-0.25 + dy) - T({"x": 0.5 + dx, "y": -0.25 + dy})
        assert T.remainder.lo - 1e-15 <= off <= T.remainder.hi + 1e-15
    assert T.excess < 0.3


def test_hessian_of_rosenbrock():
    def rosenbrock(x):
        return jnp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    T = taylor(rosenbrock, np.ones(3), 4, radius=0.5)
    for e, c in zip(T.exponents.tolist(), T.coefficients, strict=True):
        # With u = x - 1: 100 (u1 - 2 u0 - u0^2)^2 + u0^2 and the same for u1, u2.
        truth = 0.0
        for i in (0, 1):
            a, b = e[i], e[i + 1]
            if sum(e) == a + b:
                truth += {(0, 2): 100, (1, 1): -400, (2, 0): 401, (2, 1): -200, (3, 0): 400,
                          (4, 0): 100}.get((a, b), 0)  # fmt: skip
        assert c == pytest.approx(truth, abs=1e-10), e
    assert T.largest_remainder < 1e-9


# ---- remainders ----


def test_polynomials_leave_rounding_only():
    T = taylor("x^3 - 2*x", 0.3, 3, radius=1.0)
    assert T.largest_remainder < 2e-14 and T.truncation.largest < 1e-300
    assert any(f.name == "rounding-dominates" for f in T.findings)


def test_a_function_constant_in_one_variable():
    T = taylor("sin(x) + 0*y", {"x": 0.3, "y": 2.0}, 3, radius={"x": 0.1, "y": 5.0})
    alone = taylor("sin(x)", 0.3, 3, radius=0.1)
    assert T.largest_remainder == pytest.approx(alone.largest_remainder, rel=0.05)
    assert T.largest_remainder < 1e-4


@pytest.mark.every(2)
@pytest.mark.parametrize("case", FORMULAS[::3], ids=repr)
def test_remainders_are_narrow(case):
    center = 0.6 * case.lo + 0.4 * case.hi
    for order in (0, 1, 3, 6):
        for radius in (0.01, 0.1):
            try:
                T = taylor(case.formula, center, order, radius=radius)
            except EnclosureError as refused:
                assert refused.radius > 0
                continue
            assert np.isnan(T.excess) or T.excess < 0.6


def test_thorough_is_narrower():
    formula = "exp(x)*tanh(x)/(1+x^2) + log(5+x)*sqrt(6+x)"
    quick = taylor(formula, 1.64, 8, radius=0.3)
    slow = taylor(formula, 1.64, 8, radius=0.3, thorough=True)
    assert quick.remainder.lo <= slow.remainder.lo and slow.remainder.hi <= quick.remainder.hi
    assert slow.excess < 0.05


def test_exact_lies_within_the_float64_remainder():
    for formula, center in (("exp(sin(2*x))", 0.3), ("x/(1+x^2)", -0.5), ("log(1+x)*cos(x)", 1.0)):
        for order in (1, 4):
            wide = taylor(formula, center, order, radius=0.2)
            balls = taylor(formula, center, order, radius=0.2, exact=True)
            assert wide.coefficients.tolist() == balls.coefficients.tolist()
            assert balls.accuracy is Accuracy.PROVED
            # The search may take another way: as narrow up to what it allows.
            width = wide.truncation.hi - wide.truncation.lo
            assert abs(wide.truncation.lo - balls.truncation.lo) <= 0.03 * width
            assert abs(wide.truncation.hi - balls.truncation.hi) <= 0.03 * width
            assert balls.truncation.lo <= wide.truncation.hi
            assert np.all(balls.coefficient_errors <= wide.coefficient_errors)


def test_within_and_enclose():
    T = taylor("exp(x)", 0.0, 3)
    assert T.radius is None and not T.usable and T.accuracy is Accuracy.UNKNOWN
    assert T.largest_remainder == np.inf and np.isnan(T.excess)
    with pytest.raises(ArgumentError, match="Without a radius"):
        T.enclose(0.1)
    near = T.within(0.5)
    assert near.radius == 0.5 and near.usable
    enclosed = near.enclose(np.linspace(-0.5, 0.5, 11))
    truth = [mpmath.exp(mpmath.mpf(float(x))) for x in np.linspace(-0.5, 0.5, 11)]
    for lo, hi, t in zip(enclosed.lo, enclosed.hi, truth, strict=True):
        assert lo <= t <= hi
    middle = near.enclose(0.001)
    assert middle.hi - middle.lo < 1e-12  # the remainder there, not that of the box
    with pytest.raises(ArgumentError, match="outside of the box"):
        near.enclose(0.6)
    with pytest.raises(ArgumentError, match="outside of the box"):
        near.enclose(np.nan)
    one_sided = T.within(on=(0.0, 0.5))
    assert one_sided.remainder.lo >= -1e-14 and one_sided.largest_remainder < 0.0029


def test_radius_per_input():
    T = taylor("x^2*y", {"x": 1.0, "y": 2.0}, 2, radius={"x": 0.1, "y": 0.2})
    assert T.remainder.hi == pytest.approx(0.1**2 * 0.2, rel=0.02)
    T = taylor("x^2*y", {"x": 1.0, "y": 2.0}, 2, radius={"x": 0.1, "y": 0.0})
    assert T.largest_remainder < 1e-13


# ---- orders and radii for a tolerance ----

TOLERANCES = [
    ("exp(sin(2*x))", 0.3, 0.5, 1e-6), ("1/(1+25*x^2)", 0.0, 0.1, 1e-4), ("exp(x)", 0.0, 1.0, 1e-13),
    ("x^5", 1.0, 1.0, 1e-9), ("sqrt(x)", 4.0, 1.0, 1e-10), ("sin(x)*exp(x)", 1.0, 0.01, 1e-3),
]  # fmt: skip


@pytest.mark.every(2)
@pytest.mark.parametrize("formula, center, radius, tol", TOLERANCES)
def test_least_order_for_a_tolerance(formula, center, radius, tol):
    T = taylor(formula, center, tol=tol, radius=radius)
    assert T.largest_remainder <= tol
    if T.order:
        assert taylor(formula, center, T.order - 1, radius=radius).largest_remainder > tol


def test_a_radius_is_one_whatever_the_rounding_of_the_ends():
    """0.3 - -0.2 and 0.8 - 0.3 differ by a rounding."""
    T = taylor("exp(sin(2*x))", 0.3, 6, on=(-0.2, 0.8))
    found = T.radius_for(1e-6)
    assert T.within(found).largest_remainder <= 1e-6 < T.within(1.03 * found).largest_remainder


@pytest.mark.parametrize("formula, center, order, tol", [
    ("exp(sin(2*x))", 0.3, 6, 1e-6), ("sin(x)", 0.0, 3, 1e-9), ("1/(1+x)", 0.0, 5, 1e-3),
    ("sqrt(x)", 2.0, 2, 1e-4), ("exp(x)", 0.0, 1, 1e-3), ("x/(1+x^2)", 0.5, 4, 1e-5),
])  # fmt: skip
@pytest.mark.every(2)
def test_radius_for_is_the_largest(formula, center, order, tol):
    T = taylor(formula, center, order)
    found = T.radius_for(tol)
    assert T.within(found).largest_remainder <= tol

    def holds(radius):
        try:
            return T.within(radius).largest_remainder <= tol
        except EnclosureError:
            return False

    low, high = 1e-9, 1e3
    for _ in range(34):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if holds(middle) else (low, middle)
    assert 0.95 * low <= found <= 1.05 * low


def test_no_order_and_no_radius():
    with pytest.raises(EnclosureError, match="No order") as caught:
        taylor("1/(1+25*x^2)", 0.0, tol=1e-6, radius=0.5)
    assert "smaller radius" in str(caught.value)
    with pytest.raises(EnclosureError, match="rounding"):
        taylor("exp(x)", 0.0, tol=1e-18, radius=0.5)
    with pytest.raises(EnclosureError, match="rounding"):
        taylor("exp(x)", 0.0, 3).radius_for(1e-18)
    assert taylor("x^2", 0.0, 2).radius_for(1e-3) > 1e5


def test_smoothness_ends_the_radius():
    T = taylor("sqrt(x)", 1.0, 4)
    assert 0.9 < T.radius_for(10.0) <= 1.0
    with pytest.raises(EnclosureError) as caught:
        T.within(1.5)
    assert 0.9 < caught.value.radius < 1.0
    assert np.isfinite(T.within(caught.value.radius).largest_remainder)


def test_convergence_radius():
    assert taylor("1/(1+25*x^2)", 0.0, 3).convergence_radius == pytest.approx(0.2, rel=0.02)
    assert taylor("log(x)", 3.0, 3).convergence_radius == pytest.approx(3.0, rel=0.05)
    assert np.isnan(taylor("x*y", {"x": 1.0, "y": 1.0}, 2).convergence_radius)


def test_linearize():
    L = linearize("sqrt(x)", at=4.0, radius=0.1)
    assert L(4.1) == 2.025 and L.order == 1
    assert abs(L.remainder.lo) == pytest.approx(2.025 - math.sqrt(4.1), rel=0.05)
    assert ty.linearize is linearize and ty.taylor is taylor


# ---- functions and their arguments ----


def test_arguments_of_every_form():
    assert taylor(lambda a, b: a * jnp.sin(b), (1.0, 2.0), 1).coefficients.shape == (3,)
    T = taylor(lambda a, b: a * jnp.sum(b), {"a": 2.0, "b": np.array([1, 2])}, 2)
    assert T.coefficients[0] == 6.0 and T({"a": 2.0, "b": np.array([2.0, 2.0])}) == 8.0
    T = taylor(lambda p: p["w"] @ p["x"] + p["b"],
               {"w": np.ones(3), "x": np.arange(3.0), "b": 1}, 2, radius=0.5)  # fmt: skip
    assert T.coefficients[0] == 4.0 and T.largest_remainder < 1e-13
    point = {"w": np.full(3, 1.5), "x": np.arange(3.0) - 0.5, "b": 0.5}
    assert T(point) == pytest.approx(1.5 * 1.5 + 0.5, abs=1e-13)
    assert taylor(lambda x, n=3: x**n, 2, 3).coefficients.tolist() == [8.0, 12.0, 6.0, 1.0]
    assert taylor(lambda x: x * x, 2, 2).coefficients.tolist() == [4.0, 4.0, 1.0]
    assert taylor(lambda x: jnp.sum(x * x), np.array([1, 2]), 2).coefficients[0] == 5.0
    assert taylor(lambda x: x[0] * x[1], [1, 2.0], 2).coefficients[0] == 2.0


def test_outputs_of_every_form():
    T = taylor(lambda x: {"a": x, "b": [jnp.sin(x), jnp.stack([x, x * x])]}, 0.3, 2, radius=0.1)
    assert T.coefficients["b"][1].shape == (3, 2) and T.remainder["b"][1].lo.shape == (2,)
    assert T(0.3)["a"] == 0.3 and T(np.array([0.3, 0.4]))["b"][1].shape == (2, 2)
    first, second = taylor(lambda x: (x * x, x * x), 0.3, 2, radius=0.1).coefficients
    assert first.tolist() == second.tolist()
    T = taylor(lambda x: x, 0.3, 0, radius=0.1)
    assert 0.1 <= T.remainder.hi < 0.1 + 1e-15
    T = taylor(lambda x: 2.0, 0.3, 3, radius=0.1)
    assert T.coefficients.tolist() == [2.0, 0.0, 0.0, 0.0] and T.largest_remainder < 1e-15


def test_many_points_at_once():
    T = taylor(lambda x: jnp.sum(jnp.sin(x)), np.zeros(2), 3, radius=0.5)
    points = np.random.default_rng(0).uniform(-0.5, 0.5, (4, 5, 2))
    off = np.sin(points).sum(-1) - T(points)
    assert off.shape == (4, 5) and np.all(np.abs(off) <= T.largest_remainder + 1e-15)
    enclosed = T.enclose(points)
    assert np.all((enclosed.lo <= np.sin(points).sum(-1)) & (np.sin(points).sum(-1) <= enclosed.hi))


def test_the_function_is_the_one_that_is_handed_in():
    """Not what its derivative rule says, and not in the precision of its data."""

    @jax.custom_jvp
    def sine(x):
        return jnp.sin(x)

    sine.defjvp(lambda p, t: (jnp.sin(p[0]), 5 * t[0]))
    assert taylor(sine, 0.0, 1).coefficients[1] == 1.0
    data = jnp.arange(3, dtype=jnp.float32) / 3
    T = taylor(lambda x: jnp.sum(data * x), 1.0, 1)
    exact = float(sum(Fraction(float(v)) for v in np.asarray(data)))
    assert T.coefficients[1] == exact


def test_centers_of_every_size():
    for center in (0.0, -0.0, 5e-324, 1e-310, 1e-5, 1e5, 1e300):
        T = taylor("x^2/1e300", center, 2)
        assert np.all(np.isfinite(T.coefficients))
        assert T.coefficients[0] == pytest.approx(center * (center / 1e300), rel=1e-14)
    with pytest.raises(CenterError, match="float64 cannot hold"):
        taylor("x^2", 1e200, 2)


def test_a_large_sum_is_quick():
    weights = np.random.default_rng(1).normal(size=4000)
    start = time.perf_counter()
    T = taylor(lambda x: jnp.sum(jnp.sin(weights * x)), 0.3, 2, radius=0.01)
    assert time.perf_counter() - start < 60  # hangs, not speed
    off = np.sin(weights * 0.31).sum() - T(0.31)
    assert T.remainder.lo <= off <= T.remainder.hi


# ---- refusals ----

SILLY = [
    ("exp(x)", 0.0, {}), ("exp(x)", 0.0, {"order": 3, "tol": 1e-3}), ("exp(x)", 0.0, {"order": -1}),
    ("exp(x)", 0.0, {"order": 2.5}), ("exp(x)", 0.0, {"order": True}), ("exp(x)", 0.0, {"order": 129}),
    ("exp(x)", 0.0, {"tol": 1e-3}), ("exp(x)", 0.0, {"tol": -1, "radius": 1.0}),
    ("exp(x)", 0.0, {"tol": np.nan, "radius": 1.0}), ("exp(x)", 0.0, {"tol": "a", "radius": 1.0}),
    ("exp(x)", 0.0, {"order": 1, "radius": 0}), ("exp(x)", 0.0, {"order": 1, "radius": -1.0}),
    ("exp(x)", 0.0, {"order": 1, "radius": np.nan}), ("exp(x)", 0.0, {"order": 1, "radius": np.inf}),
    ("exp(x)", 0.0, {"order": 1, "radius": "wide"}), ("exp(x)", 0.0, {"order": 1, "radius": [1.0, 2.0]}),
    ("exp(x)", 0.0, {"order": 1, "radius": {"y": 1.0}}), ("exp(x)", 0.0, {"order": 1, "on": (1.0, 2.0)}),
    ("exp(x)", 0.0, {"order": 1, "on": (1.0, -1.0)}), ("exp(x)", 0.0, {"order": 1, "on": 1.0}),
    ("exp(x)", 0.0, {"order": 1, "on": (0.0, 0.0)}), ("exp(x)", 0.0, {"order": 1, "on": (-1, 1), "radius": 1.0}),
    ("exp(x)", np.nan, {"order": 1}), ("exp(x)", np.inf, {"order": 1}), ("exp(x)", None, {"order": 1}),
    ("exp(x)", "a", {"order": 1}), ("exp(x)", [1.0, 2.0], {"order": 1}), ("exp(x)", {"y": 1.0}, {"order": 1}),
    ("x*y", 1.0, {"order": 1}), ("x*y", {"x": 1.0}, {"order": 1}), ("x*y", {"x": 1.0, "y": [1.0]}, {"order": 1}),
    ("x*y", {"x": 1.0, "y": 2.0, "z": 3.0}, {"order": 1}), ("3", 0.0, {"order": 1}), ("exp(", 0.0, {"order": 1}),
    ("import os", 0.0, {"order": 1}), (3.0, 0.0, {"order": 1}), (None, 0.0, {"order": 1}),
    (lambda x: jnp.sum(x), np.array([np.nan, 1.0]), {"order": 1}), (lambda x: jnp.sum(x), np.zeros(0), {"order": 1}),
    (lambda x: jnp.sum(x), np.array(["a"]), {"order": 1}), (lambda a, b: a * b, 1.0, {"order": 1}),
    (lambda a, b: a * b, {"a": 1.0, "c": 1.0}, {"order": 1}), (lambda a, b: a * b, (1.0, 2.0, 3.0), {"order": 1}),
    (lambda x: jnp.sum(x), np.zeros(300), {"order": 4}), (lambda x: x.nothing, 1.0, {"order": 1}),
    (lambda x: jnp.sum(x), np.zeros(3), {"order": 1, "radius": np.ones(2)}),
]  # fmt: skip


@pytest.mark.parametrize("row", range(len(SILLY)))
def test_silly_arguments(row):
    function, at, options = SILLY[row]
    with pytest.raises((ArgumentError, FormulaError, FunctionError)) as caught:
        taylor(function, at, **options)
    assert "Next:" in str(caught.value) or isinstance(caught.value, FormulaError)


def test_bad_points_and_tolerances_later():
    T = taylor(lambda p: p["a"] * p["b"], {"a": 1.0, "b": 2.0}, 2, radius=0.1)
    for point in ({"a": 1.0}, 3.0, {"a": 1.0, "c": np.ones(2)}):
        with pytest.raises(ArgumentError):
            T(point)
    wrong: list[Any] = [0.0, -1.0, np.nan, np.inf, "a", None]
    for tol in wrong:
        with pytest.raises(ArgumentError):
            T.radius_for(tol)
    for radius in (0.0, np.nan, -1.0):
        with pytest.raises(ArgumentError):
            T.within(radius)


def test_missing_rules_are_all_named_at_once():
    def f(x):
        return jnp.linalg.eigh(x * jnp.eye(2))[0][0] + jax.scipy.special.zeta(x, 2.0)

    with pytest.raises(MissingRule) as caught:
        taylor(f, 2.0, 2)
    message = str(caught.value)
    assert "eigh" in message and "zeta" in message and "test_taylor.py:" in message


def test_overflow_is_refused_with_a_radius_that_works():
    for formula, order, radius in (("x^2", 5, 1e200), ("exp(x)", 3, 1e3)):
        with pytest.raises(EnclosureError) as caught:
            taylor(formula, 0.0, order, radius=radius)
        assert 0 < caught.value.radius < radius
        assert np.isfinite(taylor(formula, 0.0, order, radius=caught.value.radius).remainder.hi)


def test_formulas_need_no_jax():
    code = (
        "import sys, taylored as ty\n"
        "T = ty.taylor('exp(sin(2*x))', 0.3, 6, radius=0.5)\n"
        "T = ty.taylor(lambda x: x**2 / (1 + x), 0.3, 3, radius=0.1)\n"
        "assert T.largest_remainder < 1\n"
        "assert 'jax' not in sys.modules and 'flint' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    ("formula", "center", "order", "radius"),
    [("exp(sin(2*x))", 0.3, 6, 0.5), ("tanh(x)", 0.3, 4, 1.0), ("x/(1+x^2)", 0.3, 4, 1.0),
     ("log(1+exp(3*x))/3", 2.9, 7, 0.74), ("sqrt(1+x)", 0.3, 1, 1.0)],
)  # fmt: skip
def test_the_remainder_is_no_wider_than_its_excess_says(formula, center, order, radius):
    T = taylor(formula, center, order, radius=radius)
    x = center + np.linspace(-radius, radius, 20_001)
    apart = values(T, x[:, None])[:, 0] - T(x)
    sampled = np.ptp(apart)
    assert T.truncation.width <= (1 + T.excess) * sampled * (1 + 1e-4)


def test_functions_that_are_not_the_same_each_time():
    random = np.random.default_rng(3)
    with pytest.raises(FunctionError, match="not the same each time"):
        taylor(lambda x: x + random.uniform(), 1.0, 2)
