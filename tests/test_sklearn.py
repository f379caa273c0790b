"""Estimators of scikit-learn: its own checks, closed forms, and what reaches the user."""

from __future__ import annotations

import pickle
import subprocess
import sys
import warnings
from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from estimator_checks import failures
from taylored.errors import (
    ArgumentError,
    ColumnError,
    ModelValueError,
    ParameterNameError,
    TayloredError,
)
from taylored.sklearn import CurveFitRegressor, FitWarning
from taylored.sklearn.rows import gathered, mixed, seed_of

DECAY = "a*exp(-x0/tau) + c"
RNG = np.random.default_rng(7)
T = np.linspace(0.1, 5.0, 40)[:, None]
Y = 2.5 * np.exp(-T[:, 0] / 1.3) + 0.4 + 0.02 * RNG.normal(size=40)
X3 = RNG.normal(size=(60, 3)) * [1.0, 50.0, 0.01] + [0.0, 7.0, 3.0]
Y3 = X3 @ [1.0, -0.1, 20.0] + 4.0 + RNG.normal(size=60)


def decay(x, a, tau, c):
    return a * np.exp(-x / tau) + c


def by_name(x1, x0, p, q):
    return p * x0 + q * x1


def stacked(x, p, q):
    return p * x[0] + q * x[1]


def stacked_wave(x, a, w, p):
    return a * np.sin(w * x[0] + p * x[1])


# ---- curves -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model", [None, "a + b*x0", "p*x0 + q*x1", pytest.param(DECAY, marks=pytest.mark.slow)]
)
def test_curve_fit_passes_the_checks_of_scikit_learn(model):
    assert failures(CurveFitRegressor(model)) == []


def test_plane_is_the_least_squares_one():
    plane = CurveFitRegressor().fit(X3, Y3)
    design = np.c_[np.ones(60), X3]
    exact = np.linalg.lstsq(design, Y3, rcond=None)[0]
    np.testing.assert_allclose([plane.intercept_, *plane.coef_], exact, rtol=1e-9)
    np.testing.assert_allclose(plane.predict(X3), design @ exact, rtol=1e-10)


@pytest.mark.parametrize("kind", ["prediction", "confidence"])
def test_intervals_of_a_plane_are_the_textbook_ones(kind):
    """Draper and Smith: y ± t s sqrt(1 + x' (X'X)^-1 x), without the 1 for the plane itself."""
    plane = CurveFitRegressor().fit(X3, Y3)
    design = np.c_[np.ones(60), X3]
    residuals = Y3 - design @ np.linalg.lstsq(design, Y3, rcond=None)[0]
    s = np.sqrt(residuals @ residuals / 56)
    new = np.c_[np.ones(5), X3[:5] * 1.5]
    spread = np.einsum("ij,jk,ik->i", new, np.linalg.inv(design.T @ design), new)
    half = stats.t.ppf(0.9, 56) * s * np.sqrt(spread + (kind == "prediction"))
    found = plane.predict_interval(new[:, 1:], level=0.8, kind=kind)
    np.testing.assert_allclose(found[:, 1] - found[:, 0], 2 * half, rtol=1e-8)
    np.testing.assert_allclose(found.mean(axis=1), plane.predict(new[:, 1:]), rtol=1e-12)
    _, std = plane.predict(new[:, 1:], return_std=True)
    np.testing.assert_allclose(std, s * np.sqrt(spread + 1), rtol=1e-8)


def test_absolute_weights_are_inverse_variances():
    """y = p x: the variance of p is 1 / sum(w x^2), whatever the residuals."""
    w = np.linspace(1.0, 9.0, 40)
    curve = CurveFitRegressor("p*x0", absolute_sigma=True).fit(T, Y, w)
    square = w @ T[:, 0] ** 2
    assert curve.fit_.params["p"] == pytest.approx(w @ (T[:, 0] * Y) / square, rel=1e-12)
    assert curve.fit_.stderr["p"] == pytest.approx(square**-0.5, rel=1e-12)
    plain = CurveFitRegressor("p*x0", absolute_sigma=True).fit(T, Y)
    assert plain.fit_.stderr["p"] == pytest.approx((T[:, 0] @ T[:, 0]) ** -0.5, rel=1e-12)


@pytest.mark.parametrize("model", [DECAY, decay, None])
def test_counts_as_weights_are_repeated_rows(model):
    counts = np.arange(40) % 4
    weighted = CurveFitRegressor(model).fit(T, Y, counts)
    repeated = CurveFitRegressor(model).fit(T.repeat(counts, 0), Y.repeat(counts))
    np.testing.assert_allclose(weighted.predict(T), repeated.predict(T), rtol=1e-8)
    assert weighted.fit_.points == 30


def test_searched_fits_depend_neither_on_order_nor_on_copies():
    """Pure noise has many minima: which is found must follow from the rows alone."""
    rng = np.random.RandomState(42)  # the rows of scikit-learn's own check
    X, y, counts = rng.rand(15, 30), rng.randint(0, 3, 15), rng.randint(0, 5, 15)
    for model in (DECAY, stacked_wave):
        order = np.random.default_rng(0).permutation(15)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FitWarning)
            first = CurveFitRegressor(model).fit(X, y, counts)
            shuffled = CurveFitRegressor(model).fit(X[order], y[order], counts[order])
            repeated = CurveFitRegressor(model).fit(X.repeat(counts, 0), y.repeat(counts))
        for other in (shuffled, repeated):
            np.testing.assert_allclose(other.fit_.chi2, first.fit_.chi2, rtol=1e-9)
            np.testing.assert_allclose(other.predict(X), first.predict(X), rtol=1e-7, atol=1e-9)
        assert repeated.fit_.points == counts.sum()
        # As many rows as were given: what a weight means for the scatter is another question.
        np.testing.assert_allclose(repeated.fit_.residuals, y.repeat(counts) - repeated.predict(
            X.repeat(counts, 0)), atol=1e-9)  # fmt: skip


def test_undetermined_slopes_are_the_smallest_and_said():
    X = np.c_[X3, np.full(60, 5.0), X3[:, 0] + X3[:, 1]]
    with pytest.warns(FitWarning, match="3 of the 5 slopes"):
        plane = CurveFitRegressor().fit(X, Y3)
    scale = np.array([*X.std(axis=0)[:3], 1.0, X[:, 4].std()])
    centered = (X - X.mean(axis=0)) / scale
    exact = np.linalg.pinv(centered, rcond=1e-12) @ (Y3 - Y3.mean()) / scale
    np.testing.assert_allclose(plane.coef_, exact, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(plane.predict(X), CurveFitRegressor().fit(X3, Y3).predict(X3))


def test_rows_away_from_the_data_have_no_interval():
    X = np.c_[X3, np.full(60, 5.0)]
    with pytest.warns(FitWarning):
        plane = CurveFitRegressor().fit(X, Y3)
    new = X[:2].copy()
    new[1, 3] = 6.0
    interval = plane.predict_interval(new)
    assert np.isfinite(interval[0]).all()
    assert interval[1].tolist() == [-np.inf, np.inf]
    assert np.isnan(plane.predict(new, return_std=True)[1]).tolist() == [False, True]


def test_more_slopes_than_rows_give_no_interval():
    X = np.random.default_rng(8).normal(size=(8, 12))
    with pytest.warns(FitWarning):
        plane = CurveFitRegressor().fit(X, X[:, 0])
    np.testing.assert_allclose(plane.predict(X), X[:, 0], atol=1e-9)
    assert np.isinf(plane.predict_interval(X)).all()


def test_constant_columns_alone_leave_the_mean():
    X = np.full((5, 2), 3.0)
    with pytest.warns(FitWarning):
        plane = CurveFitRegressor().fit(X, [1.0, 2.0, 3.0, 4.0, 5.0])
    np.testing.assert_allclose(plane.predict(X[:3]), [3.0, 3.0, 3.0], rtol=1e-12)
    assert plane.coef_.tolist() == [0.0, 0.0]
    assert plane.predict_interval(X[:3]).shape == (3, 2)


def test_too_many_slopes_are_refused():
    X = np.random.default_rng(0).normal(size=(300, 250))
    with pytest.raises(ArgumentError, match="at most 200"):
        CurveFitRegressor().fit(X, X[:, 0])


@pytest.mark.parametrize(
    ("model", "names"),
    [
        ("p*x0 + q*x1", None),
        (stacked, None),
        (by_name, None),
        ("p*`U (V)` + q*`I (mA)`", ["U (V)", "I (mA)"]),
        (stacked, ["U (V)", "I (mA)"]),
        ("p*y + q*target", ["y", "target"]),
    ],
)
def test_models_see_the_columns_by_their_names(model, names):
    X, y = X3[:, :2], X3[:, :2] @ [3.0, -2.0]
    if names is not None:
        X = pd.DataFrame(X, columns=names)
    curve = CurveFitRegressor(model).fit(X, y)
    found = curve.fit_.params
    np.testing.assert_allclose([found["p"], found["q"]], [3.0, -2.0], rtol=1e-9)
    np.testing.assert_allclose(curve.predict(X), y, rtol=1e-9)
    again = pickle.loads(pickle.dumps(curve))
    assert again.predict(X).tolist() == curve.predict(X).tolist()


@pytest.mark.parametrize("names", [["age", "y", "slope age"], ["exp", "pi", "lambda"]])
def test_planes_in_columns_of_any_name(names):
    plane = CurveFitRegressor().fit(pd.DataFrame(X3, columns=names), Y3)
    np.testing.assert_allclose(plane.coef_, CurveFitRegressor().fit(X3, Y3).coef_, rtol=1e-9)


def test_one_column_may_be_called_x():
    found = CurveFitRegressor("a*exp(-x/tau) + c").fit(T, Y).fit_.params
    assert found == CurveFitRegressor(DECAY).fit(T, Y).fit_.params


@pytest.mark.parametrize("model", ["a + b*z", "a*x0 + x2", "a + b"])
def test_formulas_of_absent_columns_are_refused(model):
    with pytest.raises(ColumnError, match="x0, x1"):
        CurveFitRegressor(model).fit(X3[:, :2], Y3)


def test_columns_in_another_order_are_refused():
    table = pd.DataFrame(X3, columns=["a", "b", "d"])
    plane = CurveFitRegressor().fit(table, Y3)
    with pytest.raises(ValueError, match="same order"):
        plane.predict(table[["b", "a", "d"]])


def test_options_reach_the_fit():
    options = {"start": {"a": 2.0}, "bounds": {"tau": (0, 10)}, "fixed": {"c": 0.4}}
    curve = CurveFitRegressor(DECAY, **options).fit(T, Y)
    assert curve.fit_.params["c"] == 0.4
    assert curve.fit_.stderr["c"] == 0.0
    again = pickle.loads(pickle.dumps(curve))
    assert again.fit_.to_dict() == curve.fit_.to_dict()
    assert clone(curve).get_params() == curve.get_params()
    with pytest.raises(ParameterNameError):
        CurveFitRegressor(DECAY, start={"b": 1.0}).fit(T, Y)


@pytest.mark.parametrize("weights", [None, np.linspace(1.0, 2.0, 40)])
@pytest.mark.parametrize("model", [DECAY, decay, None])
def test_pickles_are_the_same_fit(model, weights):
    curve = CurveFitRegressor(model).fit(T, Y, weights)
    again = pickle.loads(pickle.dumps(curve))
    assert again.predict(T).tolist() == curve.predict(T).tolist()
    with pytest.warns(FitWarning, match="pattern") if model is None else nullcontext():
        # a line through a decay: its intervals are estimates
        assert again.predict_interval(T).tolist() == curve.predict_interval(T).tolist()
    assert again.fit_.report() == curve.fit_.report()


def test_unusable_fits_are_said():
    with pytest.warns(FitWarning, match="determined"):
        curve = CurveFitRegressor("a*b*x0").fit(T, Y)
    assert np.isinf(curve.predict_interval(T)).all()
    assert np.isnan(curve.predict(T, return_std=True)[1]).all()


def test_intervals_that_are_estimates_are_said():
    curve = CurveFitRegressor(DECAY, bounds={"c": (0.45, None)}).fit(T, Y)
    with pytest.warns(FitWarning, match="bound"):
        curve.predict_interval(T)


def test_values_that_are_no_numbers_are_refused():
    curve = CurveFitRegressor("a*log(x0)").fit(T, np.log(T[:, 0]))
    with pytest.raises(ModelValueError, match="row 2"):
        curve.predict([[1.0], [-1.0]])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.zeros(40), "zero"),
        (np.r_[-1.0, np.ones(39)], "row 1"),
        (np.r_[np.nan, np.ones(39)], "row 1"),
        (np.ones(39), "shape"),
        (["a"] * 40, "not a number"),
        (np.r_[1.0, np.zeros(39)], "1 sample"),
    ],
)
def test_weights_without_meaning_are_refused(given, message):
    with pytest.raises(TayloredError, match=message):
        CurveFitRegressor().fit(T, Y, given)


@pytest.mark.parametrize("options", [{"level": 95}, {"kind": "both"}])
def test_intervals_without_meaning_are_refused(options):
    with pytest.raises(ArgumentError):
        CurveFitRegressor().fit(T, Y).predict_interval(T, **options)


def test_model_that_is_none_is_refused():
    with pytest.raises(ArgumentError, match="formula"):
        CurveFitRegressor(3).fit(T, Y)


def test_curves_work_inside_the_tools_of_scikit_learn():
    order = np.random.default_rng(0).permutation(40)
    X, y = T[order], Y[order]
    pipe = make_pipeline(StandardScaler(), CurveFitRegressor("a + b*exp(-k*x0)"))
    assert cross_val_score(pipe, X, y, cv=4).min() > 0.98
    grid = {"model": ["a + b*x0", DECAY]}
    best = GridSearchCV(CurveFitRegressor(), grid, cv=4).fit(X, y)
    assert best.best_params_["model"] == DECAY
    assert cross_val_predict(CurveFitRegressor(DECAY), X, y, cv=4).shape == (40,)


# ---- rows -------------------------------------------------------------------------------------


def same(a, b):
    assert a.X.tolist() == b.X.tolist()
    assert a.y.tolist() == b.y.tolist()
    assert (None if a.weights is None else a.weights.tolist()) == (
        None if b.weights is None else b.weights.tolist()
    )


@pytest.mark.parametrize("y", [Y3, np.c_[Y3, X3[:, 0]]])
def test_the_order_of_the_rows_does_not_matter(y):
    order = np.random.default_rng(1).permutation(60)
    same(gathered(X3, y, None), gathered(X3[order], y[order], None))
    weights = np.arange(60.0) + 1.0
    found = mixed(gathered(X3[order], y[order], weights[order]))
    same(mixed(gathered(X3, y, weights)), found)
    for row, value, weight in zip(found.X, found.y, found.weights, strict=True):
        i = int(weight) - 1
        assert row.tolist() == X3[i].tolist()
        assert value.tolist() == y[i].tolist()


@pytest.mark.parametrize("y", [Y3, np.c_[Y3, X3[:, 0]]])
def test_copies_of_rows_become_weights(y):
    counts = np.r_[np.arange(59) % 3 + 1, 4]
    repeated = gathered(X3.repeat(counts, 0), y.repeat(counts, 0), None)
    same(repeated, gathered(X3, y, counts.astype(float)))
    assert sorted(repeated.weights) == sorted(counts)


def test_repeated_measurements_stay_rows():
    X, y = np.zeros((8, 1)), np.array([1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 4.0, 5.0])
    found = gathered(X, y, None)
    assert found.y.tolist() == y.tolist()
    assert found.weights is None
    assert not found.few


def test_copies_of_few_rows_stay_rows():
    found = gathered(X3[:4].repeat(3, 0), Y3[:4].repeat(3), None)
    assert found.few
    assert len(found.y) == 12
    assert not gathered(X3[:5].repeat(3, 0), Y3[:5].repeat(3), None).few


def test_seeds():
    assert seed_of(5) == 5
    assert seed_of(np.int64(5)) == 5
    assert seed_of(np.random.RandomState(3)) == seed_of(np.random.RandomState(3))


def test_absence_of_scikit_learn_is_named():
    program = (
        "import sys; sys.modules['sklearn'] = None\n"
        "from taylored.errors import MissingExtraError\n"
        "try: import taylored.sklearn\n"
        "except MissingExtraError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "pip install" in done.stdout
