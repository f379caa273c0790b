"""What must not change a fit, or must change it in a known way: units, order, precision, sigma."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import taylored as ty
from nist import digits, problem

RNG = np.random.default_rng(20240917)
X = np.linspace(0.1, 6.0, 25)
NOISE = RNG.normal(size=25)
DECAY = "y ~ a*exp(-x/tau) + c"
Y = 2.5 * np.exp(-X / 1.3) + 0.4 + 0.02 * NOISE
START = {"a": 2.0, "tau": 1.0, "c": 0.5}


def decay(x=X, y=Y, **options):
    return ty.fit(DECAY, {"x": x, "y": y}, **options)


def scaled(values, **factors):
    return {n: v * factors.get(n, 1.0) for n, v in values.items()}


def close(found, expected, rel=1e-9):
    assert found == pytest.approx(expected, rel=rel)


# ---- scale and offset -----------------------------------------------------------------------


@pytest.mark.parametrize("start", [None, START])
@pytest.mark.parametrize("factor", [1e-6, 1e-3, 1e6])
def test_the_unit_of_x_changes_only_the_unit(factor, start):
    base = decay(start=START)
    given = None if start is None else scaled(start, tau=factor)
    fit = decay(X * factor, start=given)
    close(fit.params, scaled(base.params, tau=factor))
    close(fit.stderr, scaled(base.stderr, tau=factor))
    assert fit.usable
    lo, hi = base.interval("tau")
    assert tuple(fit.interval("tau")) == pytest.approx((lo * factor, hi * factor), rel=1e-5)


@pytest.mark.parametrize("start", [None, START])
@pytest.mark.parametrize("factor", [1e-8, 1e8, -1e3])
def test_the_unit_of_y_changes_only_the_unit(factor, start):
    base = decay(start=START)
    given = None if start is None else scaled(start, a=factor, c=factor)
    fit = decay(y=Y * factor, start=given)
    close(fit.params, scaled(base.params, a=factor, c=factor))
    close(fit.stderr, scaled(base.stderr, a=abs(factor), c=abs(factor)))
    assert fit.chi2 == pytest.approx(base.chi2 * factor**2, rel=1e-9)
    assert fit.usable


@pytest.mark.parametrize("offset", [1e3, -1e6, 1e8])
def test_an_offset_of_y_goes_into_the_constant(offset):
    y = np.round(Y * 2**20) / 2**20 + offset  # exact sums, so that the data are the same
    base = decay(y=y - offset)
    fit = decay(y=y)
    assert fit.params["c"] - offset == pytest.approx(base.params["c"], rel=1e-6)
    assert fit.params["tau"] == pytest.approx(base.params["tau"], rel=1e-6)
    # at 1e8 the residuals of 0.02 are rounded to 7e-7 of themselves
    assert fit.stderr["tau"] == pytest.approx(base.stderr["tau"], rel=1e-5)


@pytest.mark.parametrize("offset", [1e2, -1e5, 1e7])
def test_an_offset_of_x_moves_a_peak(offset):
    x = np.round(X * 2**10) / 2**10
    y = 3.0 * np.exp(-0.5 * ((x - 2.5) / 0.8) ** 2) + 0.01 * NOISE
    model = "y ~ h*exp(-(x - m)^2/(2*s^2))"
    base = ty.fit(model, {"x": x, "y": y})
    fit = ty.fit(model, {"x": x + offset, "y": y})
    close(fit.params["m"] - offset, base.params["m"], 1e-7)
    close(fit.params["s"], base.params["s"], 1e-7)
    close(fit.stderr, base.stderr, 1e-6)


@pytest.mark.parametrize("offset", [0.0, 1e4, -1e7, 1e9])
def test_a_line_far_from_the_origin(offset):
    x = np.arange(20.0)
    y = np.round(1e3 * (0.5 * x + NOISE[:20])) / 1024
    fit = ty.line(x + offset, y)
    base = ty.line(x, y)
    assert digits(fit.slope, base.slope) >= 13
    assert digits(fit.intercept, base.intercept - base.slope * offset) >= 12
    assert digits(fit.stderr["slope"], base.stderr["slope"]) >= 12


@given(st.floats(-12, 12), st.floats(-12, 12))
@settings(max_examples=40)
def test_units_of_a_line(p, q):
    base = ty.line(X, Y)
    fit = ty.line(X * 2.0 ** round(3 * p), Y * 2.0 ** round(3 * q))  # exact factors
    factor = 2.0 ** (round(3 * q) - round(3 * p))
    assert fit.slope == pytest.approx(base.slope * factor, rel=1e-13)
    assert fit.stderr["slope"] == pytest.approx(base.stderr["slope"] * factor, rel=1e-12)
    assert fit.digits["slope"] == pytest.approx(base.digits["slope"], abs=1e-6)


# ---- order, precision, containers -----------------------------------------------------------


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_the_order_of_the_rows_does_not_matter(seed):
    order = np.random.default_rng(seed).permutation(len(X))
    base, fit = decay(start=START), decay(X[order], Y[order], start=START)
    close(fit.params, base.params, 1e-12)
    close(fit.stderr, base.stderr, 1e-11)
    np.testing.assert_allclose(fit.residuals, base.residuals[order], atol=1e-13)


def test_the_order_does_not_matter_without_a_start():
    order = np.random.default_rng(5).permutation(len(X))
    close(decay(X[order], Y[order]).params, decay().params, 1e-11)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.longdouble])
def test_other_floats_are_fitted_in_float64(dtype):
    x, y = X.astype(dtype), Y.astype(dtype)
    fit, base = decay(x, y), decay(x.astype(float), y.astype(float))
    close(fit.params, base.params, 1e-14)
    assert fit.residuals.dtype == np.float64


def test_a_jax_model_on_float32_data():
    import jax.numpy as jnp

    x, y = X.astype(np.float32), Y.astype(np.float32)
    fit = ty.fit(lambda x, a, tau, c: a * jnp.exp(-x / tau) + c, x, y, start=START)
    close(fit.params, decay(x.astype(float), y.astype(float), start=START).params, 1e-12)


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint8, bool])
def test_whole_numbers(dtype):
    x = np.arange(2 if dtype is bool else 12).repeat(1 if dtype is not bool else 6).astype(dtype)
    y = (3 * x.astype(int) + np.arange(12) % 2).astype(np.int16)
    fit = ty.line(x, y)
    slope, intercept = np.polyfit(x.astype(float), y.astype(float), 1)
    assert (fit.slope, fit.intercept) == pytest.approx((slope, intercept), rel=1e-12)
    squared = ty.fit("y ~ a*x^2 + b", {"x": x, "y": y})  # int8 would overflow at 12**2
    expected = np.polyfit(x.astype(float) ** 2, y.astype(float), 1)
    assert tuple(squared.params.values()) == pytest.approx(tuple(expected), rel=1e-12)


def test_any_table_gives_the_same_fit():
    import pandas
    import polars
    import pyarrow

    base = decay(start=START).params
    columns = {"x": X, "y": Y}
    structured = np.rec.fromarrays([X, Y], names="x,y")
    tables = [pandas.DataFrame(columns), polars.DataFrame(columns), pyarrow.table(columns),
              {"x": X.tolist(), "y": tuple(Y)}, structured,
              {"x": pandas.Series(X), "y": polars.Series(Y)}]  # fmt: skip
    for table in tables:
        assert ty.fit(DECAY, table, start=START).params == base
    assert ty.fit("a*exp(-x/tau) + c", X, Y, start=START).params == base


def test_masked_and_two_dimensional_columns():
    masked = np.ma.masked_array(Y, mask=np.arange(25) == 3)
    fit = ty.fit(DECAY, {"x": X[:, None], "y": masked}, start=START)
    keep = np.arange(25) != 3
    close(fit.params, decay(X[keep], Y[keep], start=START).params, 1e-14)


# ---- missing values -------------------------------------------------------------------------


def test_dropped_rows_are_reported():
    x, y = X.copy(), Y.copy()
    x[[2, 7]], y[[7, 11]] = np.nan, np.nan
    fit = decay(x, y, start=START)
    keep = ~np.isin(np.arange(25), [2, 7, 11])
    assert fit.params == decay(X[keep], Y[keep], start=START).params
    assert fit.points == 22
    (finding,) = [f for f in fit.warnings if f.name == "dropped"]
    assert "22 of 25" in finding.message
    assert "3 left out" in finding.message
    reasons = {d.reason: (d.count, d.rows) for d in fit.setup.columns.dropped}
    assert reasons == {"x is missing": (2, (3, 8)), "y is missing": (2, (8, 12))}
    assert fit.setup.columns.row(2) == 4  # rows are counted in the user's data


def test_sigma_is_dropped_with_its_row():
    y, sigma = Y.copy(), np.linspace(0.01, 0.05, 25)
    y[4] = np.nan
    fit = decay(y=y, sigma=sigma, start=START)
    keep = np.arange(25) != 4
    assert fit.params == decay(X[keep], Y[keep], sigma=sigma[keep], start=START).params


def test_missing_values_may_be_refused():
    y = Y.copy()
    y[4] = np.nan
    with pytest.raises(ty.errors.NotNumericError, match="row 5"):
        decay(y=y, na="fail")


# ---- weights --------------------------------------------------------------------------------


def test_a_point_given_twice_weighs_double():
    sigma = np.full(25, 0.02)
    sigma[6] /= np.sqrt(2.0)
    once = decay(sigma=sigma, start=START)
    twice = decay(np.append(X, X[6]), np.append(Y, Y[6]), sigma=np.full(26, 0.02), start=START)
    close(once.params, twice.params, 1e-12)
    close(once.stderr, twice.stderr, 1e-11)


def test_a_point_of_huge_sigma_does_not_count():
    sigma = np.full(25, 0.02)
    sigma[3] = 1e9
    y = Y.copy()
    y[3] = 50.0
    keep = np.arange(25) != 3
    fit, base = decay(y=y, sigma=sigma), decay(X[keep], Y[keep], sigma=sigma[keep])
    close(fit.params, base.params, 1e-9)
    close(fit.stderr, base.stderr, 1e-9)


# ---- reproducible ---------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bits():
    p = problem("Gauss2")
    first, second = (ty.fit(p.formula, p.columns, seed=3) for _ in range(2))
    assert first.params == second.params
    assert first.stderr == second.stderr
    assert first.cost == second.cost


@pytest.mark.parametrize("seed", [1, 7, 123456])
def test_the_seed_does_not_change_the_answer(seed):
    p = problem("Thurber")
    found = ty.fit(p.formula, p.columns, seed=seed).params
    assert digits([found[n] for n in p.names], p.exact.params).min() >= 9


def test_fitting_leaves_the_data_and_the_global_random_state_alone():
    x, y = X.copy(), Y.copy()
    np.random.seed(11)
    expected = np.random.random(3)
    np.random.seed(11)
    ty.fit(DECAY, {"x": x, "y": y}, sigma=0.02).residuals[:] = 0.0
    assert (np.random.random(3) == expected).all()
    assert (x == X).all()
    assert (y == Y).all()


def test_numpy_and_xla_give_the_same_fit():
    numpy, xla = decay(start=START, executor="numpy"), decay(start=START, executor="xla")
    close(numpy.params, xla.params, 1e-12)
    close(numpy.stderr, xla.stderr, 1e-10)


# ---- one model written in several ways ------------------------------------------------------


def test_parameters_may_be_fixed_by_hand_or_written_as_numbers():
    fixed = decay(fixed={"c": 0.4}, start={"a": 2.0, "tau": 1.0})
    written = ty.fit("y ~ a*exp(-x/tau) + 0.4", {"x": X, "y": Y}, start={"a": 2.0, "tau": 1.0})
    assert fixed.params["c"] == 0.4
    assert fixed.stderr["c"] == 0.0
    assert fixed.dof == written.dof == 23
    for name in ("a", "tau"):
        assert fixed.params[name] == pytest.approx(written.params[name], rel=1e-12)
        assert fixed.stderr[name] == pytest.approx(written.stderr[name], rel=1e-10)
        assert tuple(fixed.interval(name)) == pytest.approx(tuple(written.interval(name)), rel=1e-6)


def test_another_parametrization_gives_the_same_curve():
    rate = ty.fit("y ~ a*exp(-k*x) + c", {"x": X, "y": Y})
    time = decay()
    assert rate.params["k"] == pytest.approx(1 / time.params["tau"], rel=1e-10)
    assert rate.chi2 == pytest.approx(time.chi2, rel=1e-12)
    # the profile does not depend on the parametrization; Wald's interval does
    lo, hi = time.interval("tau", method="profile-t")
    assert tuple(rate.interval("k", method="profile-t")) == pytest.approx(
        (1 / hi, 1 / lo), rel=1e-5
    )
    np.testing.assert_allclose(rate.predict(X).lo, time.predict(X).lo, rtol=1e-7)


def test_a_transformed_response_is_fitted_as_it_is_written():
    y = np.exp(0.3 - 0.5 * X + 0.01 * NOISE)
    b, a = np.polyfit(X, np.log(y), 1)
    fit = ty.fit("log(y) ~ a + b*x", {"x": X, "y": y})
    assert fit.params == pytest.approx({"a": a, "b": b}, rel=1e-11)
    from_arrays = ty.fit("log(y) ~ a + b*x", X, y)
    assert from_arrays.params == pytest.approx({"a": a, "b": b}, rel=1e-11)


# ---- data that speak against the model ------------------------------------------------------


def test_intervals_of_a_contradicted_model_are_estimates():
    """A line through a peak leaves a pattern: nothing about it is calibrated."""
    y = np.exp(-((X - 3.0) ** 2)) + 0.02 * NOISE
    line, peak = (ty.fit(model, {"x": X, "y": y}) for model in ("y ~ a + b*x", "y ~ exp(-(x-m)^2)"))
    assert "pattern" in line.contradicted and not peak.contradicted
    assert line.accuracy is line.interval("b").kind is ty.Accuracy.ESTIMATED
    band = line.predict([1.0])
    assert band.kind is ty.Accuracy.ESTIMATED and "pattern" in band.note
    assert peak.accuracy is peak.interval("m").kind is ty.Accuracy.CALIBRATED
    assert peak.predict([1.0]).kind is ty.Accuracy.CALIBRATED


def test_intervals_of_a_fit_that_is_poor_for_its_sigma_are_estimates():
    poor = ty.fit("y ~ a + b*x", {"x": X, "y": 1 + X + 0.1 * NOISE}, sigma=0.01)
    fair = ty.fit("y ~ a + b*x", {"x": X, "y": 1 + X + 0.1 * NOISE}, sigma=0.1)
    assert poor.interval("a").kind is ty.Accuracy.ESTIMATED and "sigma" in poor.contradicted
    assert fair.interval("a").kind is ty.Accuracy.CALIBRATED and not fair.contradicted
