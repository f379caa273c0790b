"""Uncertainty through functions: closed forms, a million samples, refusals, and what is claimed."""

import dataclasses
import json
import math
from functools import cache

import numpy as np
import pytest

from taylored.errors import ArgumentError, FormulaError
from taylored.results import Accuracy
from taylored.series.propagate import propagate

SAMPLES = 1_000_000


@cache
def _normals(count):
    return np.random.default_rng(20).standard_normal((count, SAMPLES))


def _names(result):
    return [f.name for f in result.findings]


# ---- closed forms ----

_E = math.exp


def _lognormal(mu, s):
    """Mean and standard deviation of exp(x)."""
    mean = _E(mu + s * s / 2)
    return mean, mean * math.sqrt(math.expm1(s * s))


def _sine(mu, s):
    """Mean and standard deviation of sin(x)."""
    mean = math.sin(mu) * _E(-s * s / 2)
    square = 0.5 * (1 - math.cos(2 * mu) * _E(-2 * s * s))
    return mean, math.sqrt(square - mean**2)


def _product(a, b, s, t, rho):
    """Mean and standard deviation of x*y, jointly normal."""
    mean = a * b + rho * s * t
    variance = (a * t) ** 2 + (b * s) ** 2 + 2 * a * b * rho * s * t + (s * t) ** 2 * (1 + rho**2)
    return mean, math.sqrt(variance)


def _folded(mu, s):
    """Mean and standard deviation of |x|."""
    mean = s * math.sqrt(2 / math.pi) * _E(-mu * mu / (2 * s * s)) + mu * math.erf(
        mu / (s * math.sqrt(2))
    )
    return mean, math.sqrt(mu * mu + s * s - mean**2)


_PI = math.sqrt(1 / math.pi)
_CLOSED = [
    ("3*x - 2*y + 1", (1.0, 2.0), {"std": (0.3, 0.4)}, (0.0, math.sqrt(0.81 + 0.64))),
    ("x^2", (3.0,), {"std": (0.5,)}, (9.25, math.sqrt(4 * 9 * 0.25 + 2 * 0.0625))),
    ("x^2", (0.0,), {"std": (2.0,)}, (4.0, math.sqrt(32))),
    ("x^3", (1.0,), {"std": (0.5,)}, (1.75, math.sqrt(9 * 0.25 + 36 * 0.0625 + 15 * 0.015625))),
    ("x*y", (1.0, 2.0), {"std": (0.3, 0.7)}, _product(1, 2, 0.3, 0.7, 0)),
    ("x*y", (1.0, 2.0), {"cov": [[0.09, 0.105], [0.105, 0.49]]}, _product(1, 2, 0.3, 0.7, 0.5)),
    ("x*y", (0.0, 0.0), {"cov": [[1.0, -0.9], [-0.9, 1.0]]}, _product(0, 0, 1, 1, -0.9)),
    ("x - y", (2.0, 2.0), {"cov": [[1.0, 1.0], [1.0, 1.0]]}, (0.0, 0.0)),
    ("exp(x)", (0.5,), {"std": (0.01,)}, _lognormal(0.5, 0.01)),
    ("exp(x)", (0.5,), {"std": (0.3,)}, _lognormal(0.5, 0.3)),
    ("exp(x)", (0.0,), {"std": (1.0,)}, _lognormal(0.0, 1.0)),
    ("exp(x)", (0.0,), {"std": (1.4,)}, _lognormal(0.0, 1.4)),
    ("exp(x + 2*y)", (0.1, 0.2), {"std": (0.3, 0.2)}, _lognormal(0.5, 0.5)),
    ("sin(x)", (0.7,), {"std": (0.4,)}, _sine(0.7, 0.4)),
    ("sin(x)", (math.pi / 2,), {"std": (0.1,)}, _sine(math.pi / 2, 0.1)),
    ("cos(x)", (0.7,), {"std": (1.5,)}, _sine(0.7 + math.pi / 2, 1.5)),
    ("sin(100*x)", (0.3,), {"std": (1.0,)}, _sine(30.0, 100.0)),
    ("abs(x)", (0.0,), {"std": (1.0,)}, _folded(0.0, 1.0)),
    ("abs(x)", (1.0,), {"std": (1.0,)}, _folded(1.0, 1.0)),
    ("max(x, y)", (0.0, 0.0), {"std": (1.0, 1.0)}, (_PI, math.sqrt(1 - _PI**2))),
    ("sign(x)", (0.5,), {"std": (1.0,)}, (math.erf(0.5 / math.sqrt(2)),
                                            math.sqrt(1 - math.erf(0.5 / math.sqrt(2)) ** 2))),
]  # fmt: skip


@pytest.mark.parametrize("text, mean, spread, truth", _CLOSED, ids=[c[0] for c in _CLOSED])
@pytest.mark.every(2)
def test_closed_forms(text, mean, spread, truth):
    found = propagate(text, mean, **spread)
    assert found.usable and found.accuracy is Accuracy.ESTIMATED
    rounding = 4e-15 * (abs(found.value) + abs(truth[1]))
    assert abs(found.mean - truth[0]) <= found.bias_error + rounding
    assert abs(found.std - truth[1]) <= found.std_error + rounding
    assert found.std_error <= 0.05 * found.std


def test_the_smallest_spreads_keep_their_digits():
    # sin'' = -sin: bias = -sin(1) s^2 / 2, far below the rounding of sin(1) itself.
    found = propagate("sin(x)", 1.0, std=1e-13)
    assert found.std == pytest.approx(math.cos(1.0) * 1e-13, rel=1e-12)
    assert found.bias == pytest.approx(-math.sin(1.0) * 0.5e-26, rel=1e-10)
    assert abs(found.bias + math.sin(1.0) * 0.5e-26) <= found.bias_error
    assert found.std_error < 1e-11 * found.std


def test_cancellation_is_not_taken_for_a_spread():
    # (1 - cos x)/x^2 = 1/2 - x^2/24 + ...: its rounding is far more than its standard deviation.
    found = propagate("(1 - cos(x))/x^2", 1e-5, std=1e-7)
    assert not found.usable or abs(found.std - 1e-12 / 12) <= found.std_error
    assert "below-rounding" in _names(found)
    better = propagate("(1 - cos(x))/x^2", 0.01, std=1e-3)
    variance = (0.02 * 1e-3) ** 2 / 24**2 + 2 * 1e-12 / 24**2  # of x^2/24
    assert abs(better.std - math.sqrt(variance)) <= better.std_error + 2e-5 * better.std


def test_many_inputs_with_exact_moments():
    jnp = pytest.importorskip("jax.numpy")
    point = np.linspace(-1, 1, 20)
    found = propagate(lambda v: jnp.sum(v**2), point, std=0.5)
    assert abs(found.bias - 5.0) <= found.bias_error < 1e-6
    variance = 4 * 0.25 * np.sum(point**2) + 2 * 20 * 0.0625
    assert abs(found.std - math.sqrt(variance)) <= found.std_error < 1e-6


def test_a_thousand_inputs():
    jnp = pytest.importorskip("jax.numpy")
    point = np.sin(np.arange(1000.0))
    found = propagate(lambda v: jnp.sum(jnp.sin(v)), point, std=0.3)
    mean = np.sum(np.sin(point)) * math.exp(-0.045)
    each = 0.5 * (1 - np.cos(2 * point) * math.exp(-0.18)) - (np.sin(point) * math.exp(-0.045)) ** 2
    assert abs(found.mean - mean) <= found.bias_error
    assert abs(found.std - math.sqrt(each.sum())) <= found.std_error <= 0.02 * found.std


# ---- a million samples ----

_SAMPLED = [
    ("x/y", lambda x, y: x / y, (3.0, 2.0), (0.1, 0.1)),
    ("1/(1 + x^2)", lambda x: 1 / (1 + x * x), (0.0,), (1.0,)),
    ("1/(1 + 100*x^2)", lambda x: 1 / (1 + 100 * x * x), (0.1,), (1.0,)),
    ("(1 - x)^2 + 100*(y - x^2)^2", lambda x, y: (1 - x) ** 2 + 100 * (y - x * x) ** 2,
     (1.0, 1.0), (0.1, 0.1)),
    ("4*pi^2*L/T^2", lambda L, T: 4 * np.pi**2 * L / T**2, (1.0, 2.0), (0.003, 0.02)),
    ("1/(1/f - 1/g)", lambda f, g: 1 / (1 / f - 1 / g), (0.1, 0.5), (0.003, 0.02)),
    ("U*R/(R + S)", lambda U, R, S: U * R / (R + S), (5.0, 1e3, 2e3), (0.05, 50.0, 100.0)),
    ("5.67e-8*A*(T^4 - S^4)", lambda A, T, S: 5.67e-8 * A * (T**4 - S**4),
     (2.0, 400.0, 300.0), (0.05, 20.0, 10.0)),
    ("sqrt(x)", np.sqrt, (4.0,), (0.5,)),
    ("log(x)", np.log, (5.0,), (0.7,)),
    ("sqrt(x^2 + y^2 + z^2)", lambda x, y, z: np.sqrt(x * x + y * y + z * z),
     (0.5, 0.5, 0.5), (1.0, 1.0, 1.0)),
    ("atan(x/y)", lambda x, y: np.arctan(x / y), (1.0, 3.0), (1.0, 0.4)),
    ("exp(sin(2*x))*y", lambda x, y: np.exp(np.sin(2 * x)) * y, (0.3, 1.0), (0.4, 0.3)),
    ("tanh(3*x)", lambda x: np.tanh(3 * x), (0.2,), (1.0,)),
    ("min(x, 2*y) + abs(z)", lambda x, y, z: np.minimum(x, 2 * y) + np.abs(z),
     (1.0, 0.5, 0.0), (0.3, 0.3, 0.3)),
    ("floor(x) + y", lambda x, y: np.floor(x) + y, (1.3, 0.0), (0.6, 0.2)),
    ("max(x - 3, 0)", lambda x: np.maximum(x - 3, 0), (0.0,), (1.0,)),
    ("exp(x*y)", lambda x, y: np.exp(x * y), (1.0, 0.5), (0.3, 0.3)),
    ("cos(exp(3*x))", lambda x: np.cos(np.exp(3 * x)), (1.0,), (0.3,)),
    ("a*exp(-t/c) + b", lambda a, t, c, b: a * np.exp(-t / c) + b,
     (2.0, 1.0, 1.5, 0.1), (0.2, 0.1, 0.15, 0.05)),
    ("u + v*w - x*y*z", lambda u, v, w, x, y, z: u + v * w - x * y * z,
     (1.0,) * 6, (0.5, 0.4, 0.3, 0.4, 0.5, 0.6)),
]  # fmt: skip


def _compare(found, values):
    """Standard deviation and bias beside those of samples, with the samples' standard errors."""
    values = values - found.value
    bias, std = float(values.mean()), float(values.std())
    fourth = float(np.mean((values - bias) ** 4))
    of_std = 0.5 * std * math.sqrt((fourth / std**4 - 1) / len(values))
    assert abs(found.bias - bias) <= found.bias_error + 4 * std / math.sqrt(len(values))
    assert abs(found.std - std) <= found.std_error + 4 * of_std


@pytest.mark.parametrize("text, f, mean, std", _SAMPLED, ids=[c[0] for c in _SAMPLED])
@pytest.mark.every(3)
def test_a_million_samples(text, f, mean, std):
    names = f.__code__.co_varnames if hasattr(f, "__code__") else ("x",)
    found = propagate(
        text, dict(zip(names, mean, strict=True)), std=dict(zip(names, std, strict=True))
    )
    assert found.usable, found.status
    draws = [m + s * z for m, s, z in zip(mean, std, _normals(6), strict=False)]
    _compare(found, f(*draws))
    assert found.std_error <= 0.05 * found.std


def test_samples_of_correlated_inputs():
    cov = np.array([[0.04, 0.03, 0.0], [0.03, 0.09, -0.02], [0.0, -0.02, 0.01]])
    found = propagate("x*exp(y)/z", (1.0, 0.2, 2.0), cov=cov)
    x, y, z = np.array([[1.0], [0.2], [2.0]]) + np.linalg.cholesky(cov) @ _normals(6)[:3]
    _compare(found, x * np.exp(y) / z)
    assert sum(found.contributions.values()) == pytest.approx(1.0)


def test_samples_of_functions_with_branches():
    jax = pytest.importorskip("jax")

    def f(v):
        return jax.lax.cond(v[0] > 0, lambda: 2 * v[0], lambda: jax.numpy.sin(v[1]))

    found = propagate(f, np.array([0.1, 2.0]), std=0.5)
    a, b = 0.1 + 0.5 * _normals(6)[0], 2.0 + 0.5 * _normals(6)[1]
    _compare(found, np.where(a > 0, 2 * a, np.sin(b)))
    assert "not-smooth" in _names(found)


# ---- what may not be answered ----

_REFUSED = [
    ("1/x", 1.0, 0.3, "pole-within-reach"),
    ("1/x", 1.0, 0.18, "pole-within-reach"),
    ("1/(x - 2)^2", 1.0, 0.25, "pole-within-reach"),
    ("tan(x)", 1.0, 0.3, "pole-within-reach"),
    ("log(x)", 1.0, 0.3, "undefined-within-reach"),
    ("sqrt(x)", 1.0, 0.2, "undefined-within-reach"),
    ("log(x)", -1.0, 0.1, "undefined-at-mean"),
    ("exp(x^2)", 0.0, 0.8, "no-moments"),
    ("exp(x)", 0.0, 2.5, "far-tails"),
]


@pytest.mark.parametrize("text, mean, std, name", _REFUSED, ids=[c[0] for c in _REFUSED])
def test_refusals_say_why(text, mean, std, name):
    found = propagate(text, mean, std=std)
    assert not found.usable and found.accuracy is Accuracy.UNKNOWN
    assert found.findings[0].severity == "error" and found.findings[0].next_step
    assert _names(found) == [name]
    assert math.isinf(found.std_error) and math.isinf(found.bias_error)
    assert math.isnan(found.std) and math.isnan(found.mean) and np.isnan(found.cov).all()
    assert name == "undefined-at-mean" or math.isfinite(found.first_order_std)
    assert found.findings[0].message in found.status
    assert "NOT USABLE" in repr(found) and found.report()


def _density(x):
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


@pytest.mark.parametrize("half, height", [(1e-3, 100.0), (1e-4, 100.0), (1e-5, 1000.0)])
def test_spikes_too_narrow_for_points_are_met(half, height):
    # x + height on an interval about 0.5: var = 1 + h^2 p (1 - p) + 2 h E[x; interval].
    found = propagate(f"x + where(abs(x - 0.5) < {half!r}, {height}, 0)", 0.0, std=1.0)
    p = 0.5 * (math.erf((0.5 + half) / math.sqrt(2)) - math.erf((0.5 - half) / math.sqrt(2)))
    both = _density(0.5 - half) - _density(0.5 + half)
    truth = math.sqrt(1 + height**2 * p * (1 - p) + 2 * height * both)
    assert not found.usable or abs(found.std - truth) <= found.std_error
    smooth = propagate(f"x + {height}*exp(-((x - 0.5)/{half!r})^2)", 0.0, std=1.0)
    p, q = (half * math.sqrt(math.pi / k) * _density(0.5) for k in (1, 2))
    truth = math.sqrt(1 + height**2 * q + height * p - (height * p) ** 2)
    assert not smooth.usable or abs(smooth.std - truth) <= smooth.std_error


def test_oscillations_that_keep_step_with_a_grid():
    # cos(64 pi x) has the same phase at all multiples of 1/32; E cos^2 = 1/2.
    found = propagate("cos(64*pi*x) + x", 0.0, std=1.0)
    assert abs(found.std - math.sqrt(1.5)) <= found.std_error <= 0.05 * found.std


def test_a_refusal_names_place_and_probability():
    assert "x = 0" in propagate("1/x", 1.0, std=0.3).status
    message = propagate("log(x)", 1.0, std=0.3).status
    assert "0.0004" in message  # the normal distribution function at -10/3 is 4.3e-4


def test_poles_across_many_inputs():
    jnp = pytest.importorskip("jax.numpy")
    found = propagate(lambda v: 1 / jnp.sum(v), np.ones(10), std=0.9)  # 3.5 standard deviations
    assert _names(found) == ["pole-within-reach"]
    assert propagate(lambda v: 1 / jnp.sum(v), np.ones(10), std=0.2).usable


_BAD = [
    ({}, "missing"),
    ({"std": 0.1, "cov": [[1.0, 0.0], [0.0, 1.0]]}, "both"),
    ({"std": -0.1}, "is -0.1"),
    ({"std": math.nan}, "is nan"),
    ({"std": {"x": 0.1}}, "y has no number"),
    ({"std": (0.1, 0.2, 0.3)}, "one number for each"),
    ({"cov": [[1.0, 0.0, 0.0]] * 3}, "shape"),
    ({"cov": [[1.0, 2.0], [2.0, 1.0]]}, "eigenvalue -1"),
    ({"cov": [[1.0, 0.5], [0.4, 1.0]]}, "not symmetric"),
    ({"cov": [[1.0, math.nan], [math.nan, 1.0]]}, "not finite"),
    ({"cov": [[-1.0, 0.0], [0.0, 1.0]]}, "variance of x"),
    ({"cov": "no"}, "no matrix"),
    ({"std": 0.1, "seed": -1}, "seed"),
]


@pytest.mark.parametrize("options, words", _BAD, ids=[c[1] for c in _BAD])
def test_bad_arguments(options, words):
    with pytest.raises(ArgumentError, match=words):
        propagate("x*y", {"x": 1.0, "y": 2.0}, **options)


def test_bad_formulas_and_means():
    with pytest.raises(FormulaError):
        propagate("x +* y", {"x": 1.0}, std=0.1)
    with pytest.raises(ArgumentError):
        propagate("x", {"x": math.inf}, std=0.1)


# ---- the rest of the result ----


def test_shares_and_what_linearization_neglects():
    found = propagate("4*pi^2*L/T^2", {"L": 1.0, "T": 2.0}, std={"L": 0.001, "T": 0.02})
    # First order: (dL/L)^2 and (2 dT/T)^2.
    assert found.contributions == pytest.approx({"L": 1e-6 / 4.01e-4, "T": 4e-4 / 4.01e-4})
    value = math.pi**2
    assert found.first_order_std == pytest.approx(value * math.sqrt(1e-6 + 4e-4), rel=1e-12)
    assert found.neglected.mean == found.bias
    assert found.mean == pytest.approx(found.value + found.bias, rel=1e-15)
    assert found.neglected.std == found.std - found.first_order_std
    # tr(H S)/2 = 3 g/T^2 s^2, and the next term is 5 (3/2) (2 s/T)^2 of it.
    assert found.bias == pytest.approx(3 * value * 1e-4, rel=2e-3)


def test_the_bound_on_the_linearization():
    found = propagate("exp(x)", 0.0, std=0.1).linearization
    assert found.kind is Accuracy.PROVED
    exact = math.exp(0.3) - 1.3  # within 3 standard deviations
    assert found.hi >= exact and found.hi <= 1.02 * exact and found.lo <= 0 <= found.hi
    unknown = propagate("abs(x)", 0.1, std=0.1).linearization
    assert unknown.kind is Accuracy.UNKNOWN and "abs" in unknown.note


def test_arrays_and_trees_of_outputs():
    jnp = pytest.importorskip("jax.numpy")

    def f(d):
        return {"a": d["x"] * d["y"][0], "b": jnp.stack([d["x"] + d["y"][1], d["x"]])}

    found = propagate(
        f, {"x": 1.0, "y": np.array([2.0, 3.0])}, std={"x": 0.1, "y": np.array([0.2, 0.3])}
    )
    assert found.value["a"] == 2.0 and found.std["b"].shape == (2,)
    # cov(x y, x + z) = y s_x^2, cov(x + z, x) = s_x^2, var(x y) with no correlation.
    truth = [
        [_product(1, 2, 0.1, 0.2, 0)[1] ** 2, 0.02, 0.02],
        [0.02, 0.1, 0.01],
        [0.02, 0.01, 0.01],
    ]
    assert found.cov == pytest.approx(np.array(truth), rel=1e-9)
    assert found.first_order_cov[1, 2] == pytest.approx(0.01)
    assert len(found.contributions) == 3 and found.contributions["x"].shape == (3,)
    assert found.linearization.lo.shape == (3,)
    assert found.report() and json.dumps(found.to_dict(), allow_nan=False)


def test_inputs_without_a_spread():
    found = propagate("x*y", {"x": 1.0, "y": 2.0}, std={"x": 0.0, "y": 0.1})
    assert found.std == pytest.approx(0.1, rel=1e-12) and found.contributions["x"] == 0.0
    still = propagate("x*y", {"x": 1.0, "y": 2.0}, std=0.0)
    assert still.std == still.bias == still.std_error == 0.0 and _names(still) == ["no-spread"]


def test_the_same_seed_gives_the_same_answer():
    def run(seed):
        found = propagate("abs(x - y*z)", {"x": 1.0, "y": 1.0, "z": 1.0}, std=0.5, seed=seed)
        return found.std, found.bias, found.std_error

    assert run(3) == run(3) != run(4)


def test_reports():
    found = propagate("x/y", {"x": 3.0, "y": 2.0}, std=0.1)
    text = found.report(width=80)
    for words in ("f(mean)", "bias", "first-order std", "share of variance", "estimated"):
        assert words in text
    assert all(len(line) <= 80 for line in text.splitlines())
    assert found.report(unicode=False).isascii()
    document = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert document["std"] == [found.std] and document["accuracy"] == "estimated"
    assert document["usable"] and repr(found).startswith("Propagation(x/y): mean 1.50")
    refused = propagate("1/x", 1.0, std=0.3).to_dict()
    assert json.dumps(refused, allow_nan=False) and refused["std"] == [None]


def test_covariance_of_outputs_without_sampled_correlations():
    matrix = np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.0]])
    cov = np.array([[0.04, 0.01], [0.01, 0.09]])
    p = propagate(lambda x: matrix @ x, np.ones(2), cov=cov)
    first_order = dataclasses.replace(p, correlation=None)
    assert np.allclose(first_order.cov, matrix @ cov @ matrix.T, rtol=1e-12)
    assert np.allclose(p.cov, first_order.cov, rtol=1e-6)
