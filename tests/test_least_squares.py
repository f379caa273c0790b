"""Fits against closed forms; starts, bounds and fixed values; what is undetermined."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

import taylored as ty
from taylored.results import Accuracy

RNG = np.random.default_rng(7)
X = np.linspace(0.0, 4.0, 21)
Y = 2.0 * np.exp(-X / 1.3) + 0.3 + 0.02 * RNG.normal(size=21)
LINE_X = np.array([1.0, 2.0, 3.5, 4.0, 5.5, 7.0])
LINE_Y = np.array([1.1, 1.9, 3.7, 4.2, 5.3, 7.4])
SIGMA = np.array([0.1, 0.2, 0.1, 0.3, 0.2, 0.1])
DECAY = "y ~ a*exp(-x/tau) + c"
START = {"a": 1.0, "tau": 1.0, "c": 0.0}


def decay(**options):
    return ty.fit(DECAY, {"x": X, "y": Y}, **options)


def names_of(fit):
    return [f.name for f in fit.warnings]


# ---- the straight line, by the textbook's sums in 40 digits -----------------------------------


def textbook_line(x, y, sigma=None):
    """Slope, intercept, their unscaled covariance, chi-squared: Press et al., section 15.2."""
    with mp.workdps(40):
        w = [1 / mpf(s) ** 2 for s in (sigma if sigma is not None else np.ones(len(x)))]
        x, y = [mpf(v) for v in x], [mpf(v) for v in y]
        rows = list(zip(w, x, y, strict=True))
        s, sx, sy = sum(w), sum(a * b for a, b, _ in rows), sum(a * c for a, _, c in rows)
        sxx, sxy = sum(a * b * b for a, b, _ in rows), sum(a * b * c for a, b, c in rows)
        delta = s * sxx - sx**2
        slope, intercept = (s * sxy - sx * sy) / delta, (sxx * sy - sx * sxy) / delta
        chi2 = sum(a * (c - intercept - slope * b) ** 2 for a, b, c in rows)
        found = [slope, intercept, s / delta, sxx / delta, -sx / delta, chi2]
        return tuple(float(v) for v in found)


@pytest.mark.parametrize("sigma", [None, SIGMA, 10 * SIGMA, 0.25])
@pytest.mark.parametrize("absolute", [None, True, False])
def test_the_straight_line(sigma, absolute):
    if absolute and sigma is None:
        with pytest.raises(ty.errors.ArgumentError, match="needs a sigma"):
            ty.line(LINE_X, LINE_Y, absolute_sigma=True)
        return
    each = np.full(6, sigma) if isinstance(sigma, float) else sigma
    slope, intercept, var_b, var_a, cov, chi2 = textbook_line(LINE_X, LINE_Y, each)
    fit = ty.line(LINE_X, LINE_Y, sigma, absolute_sigma=absolute)
    assert (fit.slope, fit.intercept) == pytest.approx((slope, intercept), rel=1e-14)
    assert (fit.chi2, fit.dof) == (pytest.approx(chi2, rel=1e-13), 4)
    is_absolute = absolute if absolute is not None else sigma is not None
    factor = 1.0 if is_absolute else chi2 / 4
    assert fit.absolute_sigma is is_absolute
    assert fit.stderr["slope"] == pytest.approx(np.sqrt(var_b * factor), rel=1e-13)
    assert fit.stderr["intercept"] == pytest.approx(np.sqrt(var_a * factor), rel=1e-13)
    order = [list(fit.params).index(n) for n in ("intercept", "slope")]
    expected = factor * np.array([[var_a, cov], [cov, var_b]])
    np.testing.assert_allclose(fit.covariance[np.ix_(order, order)], expected, rtol=1e-12)
    if is_absolute:
        assert fit.p_value == pytest.approx(scipy.stats.chi2.sf(chi2, 4), rel=1e-12)
    else:
        assert np.isnan(fit.p_value)


def test_scaling_sigma():
    """Absolute standard errors grow with sigma; those from the scatter do not see its size."""
    one, ten = (ty.line(LINE_X, LINE_Y, k * SIGMA) for k in (1, 10))
    free = [ty.line(LINE_X, LINE_Y, k * SIGMA, absolute_sigma=False) for k in (1, 10)]
    assert ten.stderr["slope"] == pytest.approx(10 * one.stderr["slope"], rel=1e-14)
    assert free[1].stderr["slope"] == pytest.approx(free[0].stderr["slope"], rel=1e-14)
    assert ten.chi2 == pytest.approx(one.chi2 / 100, rel=1e-13)
    assert one.params == pytest.approx(ten.params, rel=1e-14)


def test_goodness_of_fit_by_its_definitions():
    fit = ty.line(LINE_X, LINE_Y)
    slope, intercept, _, _, _, chi2 = textbook_line(LINE_X, LINE_Y)
    np.testing.assert_allclose(fit.residuals, LINE_Y - intercept - slope * LINE_X, atol=1e-14)
    total = ((LINE_Y - LINE_Y.mean()) ** 2).sum()
    assert fit.r_squared == pytest.approx(1 - chi2 / total, rel=1e-12)
    assert fit.reduced_chi2 == pytest.approx(chi2 / 4, rel=1e-13)
    n, k = 6, 3  # slope, intercept, and the scatter
    aic = n * np.log(chi2 / n) + 2 * k
    assert fit.aicc == pytest.approx(aic + 2 * k * (k + 1) / (n - k - 1), rel=1e-12)
    assert fit.bic == pytest.approx(n * np.log(chi2 / n) + k * np.log(n), rel=1e-12)
    spread = ((LINE_X - LINE_X.mean()) ** 2).sum()
    leverage = 1 / 6 + (LINE_X - LINE_X.mean()) ** 2 / spread
    np.testing.assert_allclose(fit.leverage, leverage, rtol=1e-12)
    standardized = fit.residuals / np.sqrt(chi2 / 4 * (1 - leverage))
    np.testing.assert_allclose(fit.standardized_residuals, standardized, rtol=1e-11)


def test_aicc_with_absolute_sigma_counts_no_scatter():
    fit = ty.line(LINE_X, LINE_Y, SIGMA)
    chi2 = textbook_line(LINE_X, LINE_Y, SIGMA)[-1]
    assert fit.aicc == pytest.approx(chi2 + 2 * 2 + 2 * 2 * 3 / (6 - 2 - 1), rel=1e-12)
    assert fit.bic == pytest.approx(chi2 + 2 * np.log(6), rel=1e-12)


# ---- linear models against exact rationals, non-linear ones against another solver -------------


@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
@settings(max_examples=30)
def test_polynomials_against_rationals(seed, degree):
    import flint

    rng = np.random.default_rng(seed)
    x, y = rng.integers(-64, 64, 12) / 8, rng.integers(-512, 512, 12) / 16
    if len(set(x)) < degree + 2:
        return
    rows = flint.fmpq_mat([[flint.fmpq(int(v * 8), 8) ** p for p in range(degree + 1)] for v in x])
    right = flint.fmpq_mat([[flint.fmpq(int(v * 16), 16)] for v in y])
    truth = (rows.transpose() * rows).solve(rows.transpose() * right)
    text = "y ~ " + " + ".join(f"p{k}*x^{k}" for k in range(degree + 1))
    fit = ty.fit(text, {"x": x, "y": y})
    for k in range(degree + 1):
        expected = int(truth[k, 0].p) / int(truth[k, 0].q)
        assert fit.params[f"p{k}"] == pytest.approx(expected, rel=1e-13, abs=1e-13)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_decays_against_scipy(seed):
    rng = np.random.default_rng(seed)
    x = np.sort(rng.uniform(0, 4, 15))
    a, tau, c = rng.uniform(1, 5), rng.uniform(0.5, 2), rng.uniform(-1, 1)
    y = a * np.exp(-x / tau) + c + 0.01 * rng.normal(size=15)
    fit = ty.fit(DECAY, {"x": x, "y": y})
    expected, covariance = scipy.optimize.curve_fit(
        lambda x, a, tau, c: a * np.exp(-x / tau) + c, x, y, (a, tau, c), xtol=1e-14, ftol=1e-14
    )
    assert list(fit.params.values()) == pytest.approx(expected, rel=1e-5)
    assert list(fit.stderr.values()) == pytest.approx(np.sqrt(np.diag(covariance)), rel=1e-3)
    # At a minimum: no small step lowers the cost.
    run = lambda t: ((y - t[0] * np.exp(-x / t[1]) - t[2]) ** 2).sum()  # noqa: E731
    best = np.array(list(fit.params.values()))
    for _ in range(20):
        step = rng.normal(size=3) * list(fit.stderr.values()) * 10 ** rng.uniform(-5, 0)
        assert run(best + step) >= fit.chi2 * (1 - 1e-12)


def test_least_squares_with_correlated_weights_of_all_sizes():
    sigma = 10.0 ** np.linspace(-3, 3, 6)
    slope, intercept, *_ = textbook_line(LINE_X, LINE_Y, sigma)
    fit = ty.line(LINE_X, LINE_Y, sigma)
    assert (fit.slope, fit.intercept) == pytest.approx((slope, intercept), rel=1e-12)


# ---- starts ---------------------------------------------------------------------------------


def test_a_given_start_is_honored():
    """Two minima: the one near the start is kept where search is "never"."""
    y = X + 0.3 + 0.01 * np.sin(40 * X)  # p = 1 is the best, p = -1 the other
    text = "y ~ p^2*x + 0.3*p"
    other = scipy.optimize.brentq(lambda p: _slope_of_cost(p, y), -1.3, -0.7, xtol=1e-14)
    for start in (-0.8, -1.2):
        stays = ty.fit(text, {"x": X, "y": y}, start={"p": start}, search="never")
        assert stays.params["p"] == pytest.approx(other, abs=1e-11)
    leaves = ty.fit(text, {"x": X, "y": y}, start={"p": -0.8})
    assert leaves.params["p"] == pytest.approx(1.0, abs=0.01)
    assert "better-elsewhere" in names_of(leaves)
    for search in ("auto", "never", "always"):
        fit = ty.fit(text, {"x": X, "y": y}, start={"p": 0.8}, search=search)
        assert fit.params["p"] == pytest.approx(1.0, abs=0.01)
        assert "better-elsewhere" not in names_of(fit)


def _slope_of_cost(p, y):
    return float(((p**2 * X + 0.3 * p - y) * (2 * p * X + 0.3)).sum())


def test_starts_of_some_parameters():
    fit = decay(start={"tau": 1.0})
    assert fit.params == pytest.approx(decay(start=START).params, rel=1e-12)
    sequence = decay(start=[1.0, 1.0, 0.0])
    assert sequence.params == decay(start=START).params


def test_defaults_of_a_function_are_its_start():
    def model(x, a=1.0, tau=1.0, c=0.0):
        return a * np.exp(-x / tau) + c

    fit = ty.fit(model, X, Y)
    assert fit.params == pytest.approx(decay(start=START).params, rel=1e-12)
    assert fit.setup.params.start.tolist() == [1.0, 1.0, 0.0]


def test_interchangeable_parts_keep_the_order_of_the_start():
    y = 3.0 * np.exp(-X / 0.4) + 1.0 * np.exp(-X / 3.0)
    text = "y ~ a1*exp(-x/t1) + a2*exp(-x/t2)"
    for t1, t2 in ((0.5, 2.0), (2.0, 0.5)):
        fit = ty.fit(text, {"x": X, "y": y}, start={"a1": 1, "a2": 1, "t1": t1, "t2": t2})
        expected = (0.4, 3.0) if t1 < t2 else (3.0, 0.4)
        assert (fit.params["t1"], fit.params["t2"]) == pytest.approx(expected, rel=1e-8)
    found = ty.fit(text, {"x": X, "y": y}).params
    assert (found["t1"], found["t2"]) == pytest.approx((3.0, 0.4), rel=1e-8)  # slowest first


def test_the_callback_sees_the_steps_and_may_stop():
    seen = []
    decay(start=START, callback=lambda p: seen.append(p.cost))
    assert len(seen) >= 2
    assert seen[-1] < seen[0]

    def stop(point):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        decay(start=START, callback=stop)


# ---- bounds and fixed values ----------------------------------------------------------------


def test_bounds_that_do_not_bind_change_nothing():
    free, bounded = decay(), decay(bounds={"tau": (0.1, 100), "c": (None, 5)})
    assert bounded.params == pytest.approx(free.params, rel=1e-11)
    assert bounded.stderr == pytest.approx(free.stderr, rel=1e-9)
    assert "at-bound" not in names_of(bounded)


@pytest.mark.parametrize("start", [None, {"a": 2.0, "tau": 1.0, "c": 0.7}])
def test_a_bound_that_binds(start):
    fit = decay(bounds={"c": (0.6, None)}, start=start)
    at = decay(fixed={"c": 0.6})  # the other parameters are those of the problem with c there
    assert fit.params["c"] == 0.6
    assert np.isnan(fit.stderr["c"])
    for name in ("a", "tau"):
        assert fit.params[name] == pytest.approx(at.params[name], rel=1e-9)
        assert fit.stderr[name] == pytest.approx(at.stderr[name], rel=1e-6)
    (finding,) = [f for f in fit.warnings if f.name == "at-bound"]
    assert finding.params == ("c",)
    assert "one-sided" in finding.message
    assert fit.dof == at.dof == 19
    interval = fit.interval("c")
    assert interval.lo == 0.6
    assert interval.hi > 0.6
    assert interval.method == "profile-t"
    assert "bound" in interval.note
    assert "pattern" in fit.contradicted, "the bound keeps the curve from the data"
    assert fit.interval("tau").kind is Accuracy.ESTIMATED


def test_bounds_hold_for_linear_parameters_too():
    fit = ty.fit("y ~ a + b*x + c*x^2", {"x": X, "y": Y}, bounds={"b": (-0.5, None), "c": (0, 0.1)})
    rows = np.stack([np.ones(21), X, X**2], axis=1)
    expected = scipy.optimize.lsq_linear(rows, Y, ([-np.inf, -0.5, 0], [np.inf, np.inf, 0.1]),
                                         tol=1e-14).x  # fmt: skip
    assert list(fit.params.values()) == pytest.approx(expected, abs=1e-7)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_bounded_linear_fits_against_scipy(seed):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=21)
    low, high = -rng.uniform(0, 0.3, 3), rng.uniform(0, 0.3, 3)
    bounds = dict(zip("abc", zip(low, high, strict=True), strict=True))
    fit = ty.fit("y ~ a + b*cos(x) + c*sin(2*x)", {"x": X, "y": y}, bounds=bounds)
    rows = np.stack([np.ones(21), np.cos(X), np.sin(2 * X)], axis=1)
    best = scipy.optimize.lsq_linear(rows, y, (low, high), method="bvls", tol=1e-15)
    assert list(fit.params.values()) == pytest.approx(best.x, abs=1e-7)
    assert fit.chi2 == pytest.approx(2 * best.cost, rel=1e-9)


def test_all_parameters_at_bounds():
    y = 10.0 - 5.0 * X
    fit = ty.fit("y ~ a + b*x", {"x": X, "y": y}, bounds={"a": (0, 1), "b": (-1, 0)})
    assert fit.params == {"a": 1.0, "b": -1.0}
    assert fit.interval("a").hi == 1.0


def test_branches_that_exist_on_one_side_only():
    """No NaN comes from a root or a logarithm where its branch is not taken."""
    y = 2.0 * np.sqrt(np.maximum(X - 1.05, 0.0)) + 1.0
    step = ty.fit("y ~ where(x > 1.05, a*sqrt(x - 1.05), 0) + c", {"x": X, "y": y})
    assert step.params == pytest.approx({"a": 2.0, "c": 1.0}, rel=1e-12)
    log = ty.fit("y ~ where(x > 0, a*log(x), b) + x", {"x": X, "y": np.log(X + (X == 0)) + X})
    assert log.params == pytest.approx({"a": 1.0, "b": 0.0}, abs=1e-12)
    text = "y ~ where(x > t, a*sqrt(x - t), 0) + c"
    near = ty.fit(text, {"x": X, "y": y}, start={"a": 1.0, "t": 1.1, "c": 0.5})
    assert near.params == pytest.approx({"a": 2.0, "t": 1.05, "c": 1.0}, rel=1e-8)


def test_a_threshold_without_a_start_is_right_or_not_usable():
    y = 2.0 * np.sqrt(np.maximum(X - 1.05, 0.0)) + 1.0  # no noise: a right fit leaves nothing
    fit = ty.fit("y ~ where(x > t, a*sqrt(x - t), 0) + c", {"x": X, "y": y})
    assert fit.chi2 < 1e-12 or not fit.usable


def test_fixed_parameters_stay():
    fit = decay(fixed={"tau": 1.3}, start={"a": 1.0, "c": 0.0})
    rows = np.stack([np.exp(-X / 1.3), np.ones(21)], axis=1)
    expected = np.linalg.lstsq(rows, Y)[0]
    assert [fit.params[n] for n in ("a", "c")] == pytest.approx(expected, rel=1e-12)
    assert (fit.params["tau"], fit.stderr["tau"], fit.digits["tau"]) == (1.3, 0.0, 15.95)
    assert tuple(fit.interval("tau")) == (1.3, 1.3)
    assert fit.covariance.shape == (3, 3)
    assert (fit.covariance[list(fit.params).index("tau")] == 0).all()


# ---- what the data do not determine -----------------------------------------------------------

# formula, what the statement must name, the parameters that are determined nevertheless
UNDETERMINED = [
    ("y ~ a*k*exp(-x/tau) + c", "only a*k is determined", {"tau": 1.3, "c": 0.3}),
    ("y ~ (a + b)*exp(-x/tau) + c", "only a + b is determined", {"tau": 1.3, "c": 0.3}),
    ("y ~ (a - b)*exp(-x/tau) + c", "only a - b is determined", {"tau": 1.3, "c": 0.3}),
    ("y ~ a/k*exp(-x/tau) + c", "only a/k is determined", {"tau": 1.3, "c": 0.3}),
    ("y ~ a*exp(-x/tau) + c + 0*d", "the data say nothing about d", {"tau": 1.3, "a": 2.0}),
    ("y ~ a*exp(-(x - x0)/tau) + c", "", {"tau": 1.3, "c": 0.3}),
    ("y ~ p + q", "only p + q is determined", {}),
]  # fmt: skip


@pytest.mark.every(3)
@pytest.mark.parametrize(("text", "statement", "determined"), UNDETERMINED)
def test_what_is_undetermined_is_named(text, statement, determined):
    fit = ty.fit(text, {"x": X, "y": 2.0 * np.exp(-X / 1.3) + 0.3 + 1e-6 * np.cos(30 * X)})
    assert not fit.usable
    assert statement in fit.status
    (finding,) = [f for f in fit.warnings if f.name == "undetermined"]
    assert finding.severity == "error"
    assert finding.next_step
    for name in finding.params:
        assert name not in determined
        assert np.isinf(fit.stderr[name])
        interval = fit.interval(name)
        assert interval.kind is Accuracy.UNKNOWN
        assert (interval.lo, interval.hi) == (-np.inf, np.inf)
    for name, value in determined.items():
        assert fit.params[name] == pytest.approx(value, rel=1e-5)
        assert np.isfinite(fit.stderr[name])


def test_what_is_undetermined_stays_so_where_the_fit_is_perfect():
    fit = ty.fit("y ~ (a + b)*x + c", {"x": np.arange(5.0), "y": np.arange(5.0)})
    assert fit.chi2 == 0.0
    assert not fit.usable
    assert np.isinf(fit.stderr["a"])
    assert fit.interval("a").kind is Accuracy.UNKNOWN


def test_fixing_one_of_them_determines_the_other():
    text = "y ~ a*k*exp(-x/tau) + c"
    fit = ty.fit(text, {"x": X, "y": Y}, fixed={"k": 4.0})
    assert fit.usable
    assert fit.params["a"] == pytest.approx(decay().params["a"] / 4, rel=1e-10)


def test_doubled_columns_are_undetermined():
    fit = ty.fit("y ~ a*u + b*v + c", {"u": X, "v": 3.0 * X, "y": Y})
    assert not fit.usable
    assert next(f.name for f in fit.warnings) == "undetermined"


# ---- degrees of freedom, and what is said about them --------------------------------------------


def test_as_many_points_as_parameters():
    fit = ty.line([1.0, 2.0], [3.0, 5.0])
    assert fit.dof == 0
    assert (fit.slope, fit.intercept) == pytest.approx((2.0, 1.0), rel=1e-14)
    assert not np.isfinite(fit.stderr["slope"])
    assert np.isnan(fit.reduced_chi2)
    assert "no-freedom" in names_of(fit)
    assert fit.interval("slope").kind is Accuracy.UNKNOWN
    assert not np.isfinite(fit.predict([1.5]).hi[0])


def test_as_many_points_as_parameters_with_sigma():
    fit = ty.line([1.0, 2.0], [3.0, 5.0], sigma=0.1)
    # slope = (y2 - y1)/1 and each y has the standard error 0.1
    assert fit.stderr["slope"] == pytest.approx(0.1 * np.sqrt(2.0), rel=1e-13)
    half = scipy.stats.norm.ppf(0.975) * 0.1 * np.sqrt(2.0)
    assert tuple(fit.interval("slope")) == pytest.approx((2.0 - half, 2.0 + half), rel=1e-12)
    assert fit.usable


def test_a_perfect_fit():
    fit = ty.fit(DECAY, {"x": X, "y": 2.0 * np.exp(-X / 1.25) + 0.25})
    assert fit.params == pytest.approx({"a": 2.0, "tau": 1.25, "c": 0.25}, rel=1e-14)
    assert fit.usable
    line = ty.line(np.arange(9.0), 2.0 * np.arange(9.0) + 1.0)
    assert (line.slope, line.intercept) == pytest.approx((2.0, 1.0), rel=1e-15)
    assert line.chi2 < 1e-29
    assert line.usable


FINDINGS = [
    ("poor-fit", lambda: ty.line(LINE_X, LINE_Y, 0.001)),
    ("too-good", lambda: ty.line(LINE_X, LINE_Y, 100.0)),
    ("pattern", lambda: ty.line(X, np.exp(X))),
    ("outliers", lambda: ty.line(X, X + 0.01 * np.cos(9 * X) + 5.0 * (np.arange(21) == 8))),
    ("explains-little", lambda: ty.line(X, np.cos(40 * X + X**2))),
    ("leverage", lambda: ty.line([0, 0, 0, 0, 0, 1], [1, 2, 3, 4, 5, 6])),
    ("correlated", lambda: ty.line(X + 1e4, Y)),
]


@pytest.mark.parametrize(("name", "make"), FINDINGS)
def test_findings_are_named(name, make):
    found = {f.name: f for f in make().warnings}
    assert name in found
    assert found[name].message.endswith(".")


def test_a_good_fit_has_no_warning():
    fit = decay(sigma=0.02)
    assert [f for f in fit.warnings if f.severity != "note"] == []
    assert fit.status.startswith("Good fit: 21 points, 3 parameters")


def test_points_beyond_the_search_are_all_fitted():
    x = np.linspace(0, 4, 3000)
    y = 2.0 * np.exp(-x / 1.3) + 0.3 + 0.02 * np.random.default_rng(3).normal(size=3000)
    fit = ty.fit(DECAY, {"x": x, "y": y})
    assert fit.points == 3000
    assert fit.dof == 2997
    for name, truth in (("a", 2.0), ("tau", 1.3), ("c", 0.3)):
        assert abs(fit.params[name] - truth) < 4 * fit.stderr[name]
