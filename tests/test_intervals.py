"""Intervals and bands against closed forms, brute force, and simulation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import scipy.optimize
import scipy.stats

import taylored as ty
from taylored.errors import ArgumentError, ParameterNameError
from taylored.results import Accuracy

LINE_X = np.array([1.0, 2.0, 3.5, 4.0, 5.5, 7.0])
LINE_Y = np.array([1.1, 1.9, 3.7, 4.2, 5.3, 7.4])
SIGMA = np.array([0.1, 0.2, 0.1, 0.3, 0.2, 0.1])
RNG = np.random.default_rng(42)
X = np.linspace(0.2, 4.0, 12)
Y = 2.0 * np.exp(-X / 1.3) + 0.3 + 0.05 * RNG.normal(size=12)
DECAY = "y ~ a*exp(-x/tau) + c"
LEVELS = [0.5, 0.683, 0.95, 0.99]


def decay(**options):
    return ty.fit(DECAY, {"x": X, "y": Y}, **options)


# ---- closed forms ---------------------------------------------------------------------------


def quantile(level, dof=None):
    upper = 0.5 + level / 2
    return scipy.stats.norm.ppf(upper) if dof is None else scipy.stats.t.ppf(upper, dof)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("sigma", [None, SIGMA])
def test_wald_by_its_formula(level, sigma):
    fit = ty.line(LINE_X, LINE_Y, sigma)
    for name in ("slope", "intercept"):
        half = quantile(level, 4 if sigma is None else None) * fit.stderr[name]
        for method in ("auto", "wald-t"):  # a straight line needs no profile
            interval = fit.interval(name, level, method)
            assert (interval.method, interval.kind) == ("wald-t", Accuracy.CALIBRATED)
            assert interval.level == level
            expected = (fit.params[name] - half, fit.params[name] + half)
            assert tuple(interval) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("level", LEVELS)
def test_the_profile_of_a_straight_line_is_walds_interval(level):
    fit = ty.line(LINE_X, LINE_Y)
    wald = fit.interval("slope", level, "wald-t")
    profile = fit.interval("slope", level, "profile-t")
    assert tuple(profile) == pytest.approx(tuple(wald), rel=1e-6)
    assert profile.method == "profile-t"


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("sigma", [None, SIGMA, 0.15])
def test_bands_of_a_straight_line(level, sigma):
    """Draper and Smith, Applied Regression Analysis, section 1.4 (weighted where sigma is)."""
    fit = ty.line(LINE_X, LINE_Y, sigma)
    w = np.ones(6) if sigma is None else np.broadcast_to(1.0 / np.square(sigma), 6)
    center = np.average(LINE_X, weights=w)
    spread = (w * (LINE_X - center) ** 2).sum()
    scatter = fit.chi2 / 4 if sigma is None else 1.0
    t = quantile(level, 4 if sigma is None else None)
    x = np.array([0.0, 2.2, 11.0])
    of_curve = scatter * (1 / w.sum() + (x - center) ** 2 / spread)
    found = fit.predict(x, level)
    value = fit.intercept + fit.slope * x
    np.testing.assert_allclose(found.value, value, rtol=1e-14)
    np.testing.assert_allclose(found.lo, value - t * np.sqrt(of_curve), rtol=1e-11)
    np.testing.assert_allclose(found.hi, value + t * np.sqrt(of_curve), rtol=1e-11)
    if np.ndim(sigma):
        with pytest.raises(ArgumentError, match="one sigma"):
            fit.predict(x, level, kind="prediction")
        band = fit.predict(None, level, kind="prediction")
        x, new, value = LINE_X, np.square(sigma), fit.intercept + fit.slope * LINE_X
        of_curve = 1 / w.sum() + (x - center) ** 2 / spread
    else:
        band = fit.predict(x, level, kind="prediction")
        new = scatter if sigma is None else 0.15**2
    np.testing.assert_allclose(band.hi, value + t * np.sqrt(of_curve + new), rtol=1e-11)
    np.testing.assert_allclose(band.lo, value - t * np.sqrt(of_curve + new), rtol=1e-11)
    assert found.kind is Accuracy.CALIBRATED


def test_bands_of_a_curve_by_propagation():
    fit = decay()
    x = np.array([0.5, 2.0, 9.0])
    a, tau = fit.params["a"], fit.params["tau"]
    e = np.exp(-x / tau)
    rows = {"a": e, "tau": a * x / tau**2 * e, "c": np.ones(3)}
    jacobian = np.stack([rows[n] for n in fit.params], axis=1)
    variance = np.einsum("ij,jk,ik->i", jacobian, fit.covariance, jacobian)
    half = quantile(0.9, 9) * np.sqrt(variance)
    found = fit.predict(x, 0.9)
    np.testing.assert_allclose(found.hi - found.value, half, rtol=1e-9)
    np.testing.assert_allclose(found.stderr, np.sqrt(variance), rtol=1e-9)
    for data in ({"x": x}, x, x.tolist()):
        np.testing.assert_array_equal(fit.predict(data).value, fit.predict(x).value)
    assert fit.predict(2.0).value.shape == (1,)


def test_the_confidence_band_does_not_depend_on_the_order_of_fixed_parameters():
    fit = decay(fixed={"tau": 1.3})
    rows = np.stack([np.exp(-X / 1.3), np.ones(12)], axis=1)
    scatter = fit.chi2 / 10
    variance = scatter * np.einsum("ij,jk,ik->i", rows, np.linalg.inv(rows.T @ rows), rows)
    np.testing.assert_allclose(fit.predict().stderr, np.sqrt(variance), rtol=1e-10)


# ---- the profile by brute force ---------------------------------------------------------------


@dataclass
class Case:
    formula: str
    basis: object  # (x, value of the nonlinear parameter) -> columns of the linear ones
    name: str
    y: np.ndarray
    bracket: tuple[float, float]


CASES = [
    Case(DECAY, lambda x, p: np.stack([np.exp(-x / p), np.ones(len(x))], 1), "tau", Y, (0.1, 40.0)),
    Case("y ~ v*x/(k + x)", lambda x, p: (x / (p + x))[:, None], "k",
         3.0 * X / (0.8 + X) + 0.1 * RNG.normal(size=12), (1e-3, 30.0)),
    Case("y ~ a*exp(-b*x)", lambda x, p: np.exp(-p * x)[:, None], "b",
         2.0 * np.exp(-0.6 * X) + 0.1 * RNG.normal(size=12), (0.0, 8.0)),
]  # fmt: skip


def profiled_cost(case, p, sigma=None):
    """The least cost at a value of the nonlinear parameter: a linear problem, solved by LAPACK."""
    basis, y = case.basis(X, p), case.y
    rest = y - basis @ np.linalg.lstsq(basis, y)[0]
    return float(rest @ rest) / (1.0 if sigma is None else sigma**2)


@pytest.mark.parametrize("level", [0.683, 0.95])
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
@pytest.mark.parametrize("sigma", [None, 0.08])
def test_profile_intervals_by_brute_force(case, level, sigma):
    fit = ty.fit(case.formula, {"x": X, "y": case.y}, sigma=sigma)
    best = scipy.optimize.minimize_scalar(
        lambda p: profiled_cost(case, p, sigma), bounds=case.bracket, method="bounded",
        options={"xatol": 1e-10},
    )  # fmt: skip
    scale = best.fun / fit.dof if sigma is None else 1.0
    t = quantile(level, fit.dof if sigma is None else None)

    def excess(p):
        return (profiled_cost(case, p, sigma) - best.fun) / scale - t**2

    low = scipy.optimize.brentq(excess, case.bracket[0], best.x)
    high = scipy.optimize.brentq(excess, best.x, case.bracket[1])
    found = fit.interval(case.name, level, "profile-t")
    assert tuple(found) == pytest.approx((low, high), rel=1e-5)
    grid = np.linspace(*case.bracket, 400)  # and no other piece of it farther away
    inside = [p for p in grid[1:] if excess(p) <= 0]
    assert low - 1e-9 <= min(inside, default=best.x)
    assert max(inside, default=best.x) <= high + 1e-9


def test_a_side_that_the_data_leave_open_is_infinite():
    x = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    y = 2.0 * x + np.array([0.3, -0.2, 0.1, -0.3, 0.2, -0.1])  # straight: k may be any large one
    fit = ty.fit("y ~ v*x/(1 + x/k)", {"x": x, "y": y}, start={"v": 2.0, "k": 300.0},
                 bounds={"k": (0.0, None)})  # fmt: skip
    if fit.usable:
        found = fit.interval("k")
        assert found.hi == np.inf
        assert "no limit above" in found.note
        assert 0.0 < found.lo < fit.params["k"]


def test_the_method_follows_the_curvature():
    straight = ty.line(LINE_X, LINE_Y)
    assert straight.bend == pytest.approx({"intercept": 0.0, "slope": 0.0}, abs=1e-12)
    assert straight.interval("slope").method == "wald-t"
    fit = decay()
    assert fit.bend["tau"] > fit.bend["c"] >= 0
    assert fit.interval("tau").method == "profile-t"
    assert "curved" in [f.name for f in fit.warnings]
    precise = ty.fit(DECAY, {"x": X, "y": 2.0 * np.exp(-X / 1.3) + 0.3 + 1e-5 * np.cos(99 * X)})
    assert precise.interval("tau").method == "wald-t"


def test_intervals_end_at_bounds():
    fit = decay(bounds={"tau": (1.0, None)})
    wide = decay().interval("tau")
    found = fit.interval("tau")
    if wide.lo < 1.0:
        assert found.lo == 1.0
        assert "bound" in found.note
    assert found.hi == pytest.approx(wide.hi, rel=1e-5)


def test_what_is_asked_for_must_exist():
    fit = decay()
    with pytest.raises(ParameterNameError, match="tua"):
        fit.interval("tua")
    for level in (0.0, 1.0, 95, -0.5, "0.95", float("nan")):
        with pytest.raises(ArgumentError, match="level"):
            fit.interval("tau", level)
        with pytest.raises(ArgumentError, match="level"):
            fit.predict(X, level)
    with pytest.raises(ArgumentError, match="method"):
        fit.interval("tau", method="bootstrap")
    with pytest.raises(ArgumentError, match="kind"):
        fit.predict(X, kind="both")


# ---- coverage -------------------------------------------------------------------------------

SIMULATED = [
    # the model, its function, the truth, points and noise: dof 4 to 17
    ("y ~ a*exp(-x/tau)", lambda x, a, tau: a * np.exp(-x / tau), {"a": 2.0, "tau": 1.2}, 8, 0.12),
    ("y ~ a*x^b", lambda x, a, b: a * x**b, {"a": 1.5, "b": 0.7}, 6, 0.1),
    ("y ~ v*x/(k + x) + c", lambda x, v, k, c: v * x / (k + x) + c,
     {"v": 3.0, "k": 0.7, "c": 0.2}, 20, 0.08),
    ("y ~ h*exp(-(x - m)^2/(2*s^2))", lambda x, h, m, s: h * np.exp(-((x - m) ** 2) / (2 * s**2)),
     {"h": 2.0, "m": 2.1, "s": 0.6}, 12, 0.15),
]  # fmt: skip


def covered(case, count, levels, seed):
    """How often each interval held the truth: {(parameter, level): share}."""
    text, function, truth, points, noise = case
    rng = np.random.default_rng(seed)
    x = np.linspace(0.1, 4.0, points)
    hits = dict.fromkeys(((n, level) for n in truth for level in levels), 0)
    for _ in range(count):
        y = function(x, **truth) + noise * rng.normal(size=points)
        fit = ty.fit(text, {"x": x, "y": y}, start=truth)
        for name, level in hits:
            hits[name, level] += truth[name] in fit.interval(name, level)
    return {key: number / count for key, number in hits.items()}


def tolerance(level, count, systematic):
    """Four binomial standard errors, and what the method itself may be off by."""
    return 4 * np.sqrt(level * (1 - level) / count) + systematic


@pytest.mark.parametrize("case", SIMULATED[:2], ids=lambda c: c[0])
def test_coverage_quickly(case):
    for (name, level), share in covered(case, 200, [0.95], seed=1).items():
        assert abs(share - level) <= tolerance(level, 200, 0.005), (name, share)


@pytest.mark.slow
@pytest.mark.parametrize("case", SIMULATED, ids=lambda c: c[0])
def test_coverage(case):
    for (name, level), share in covered(case, 4000, [0.683, 0.95, 0.99], seed=2).items():
        assert abs(share - level) <= tolerance(level, 4000, 0.005), (name, level, share)


def test_coverage_of_bands():
    """Confidence bands hold the curve, prediction bands a new point, at each x by itself."""
    rng, count, level = np.random.default_rng(3), 400, 0.9
    x, new_x = np.linspace(0.0, 4.0, 10), np.array([0.5, 5.0])
    curve, point = np.zeros(2), np.zeros(2)
    for _ in range(count):
        y = 1.0 + 0.5 * x + 0.2 * rng.normal(size=10)
        fit = ty.line(x, y)
        truth = 1.0 + 0.5 * new_x
        band = fit.predict(new_x, level)
        curve += (band.lo <= truth) & (truth <= band.hi)
        seen = truth + 0.2 * rng.normal(size=2)
        band = fit.predict(new_x, level, kind="prediction")
        point += (band.lo <= seen) & (seen <= band.hi)
    assert (np.abs(curve / count - level) <= tolerance(level, count, 0.0)).all()
    assert (np.abs(point / count - level) <= tolerance(level, count, 0.0)).all()


def test_coverage_with_absolute_sigma():
    rng, count, level = np.random.default_rng(4), 400, 0.683
    x, hits, p_values = np.linspace(0.0, 4.0, 8), 0, []
    sigma = np.linspace(0.1, 0.4, 8)
    for _ in range(count):
        fit = ty.line(x, 1.0 + 0.5 * x + sigma * rng.normal(size=8), sigma)
        hits += 0.5 in fit.interval("slope", level)
        p_values.append(fit.p_value)
    assert abs(hits / count - level) <= tolerance(level, count, 0.0)
    assert scipy.stats.kstest(p_values, "uniform").pvalue > 1e-4
