"""Networks as estimators of scikit-learn: its checks, its tools, and intervals that hold."""

from __future__ import annotations

import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from estimator_checks import failures
from taylored.errors import ArgumentError, DataError, TooFewPointsError
from taylored.results import Accuracy
from taylored.sklearn import FitWarning, NetworkClassifier, NetworkRegressor

SMALL = {"hidden": (3,), "members": 2, "regularization": 1.0}
TINY = {**SMALL, "hidden": (2,)}
RNG = np.random.default_rng(5)
T = RNG.uniform(-2.0, 2.0, (150, 1))
Y = np.sin(2.0 * T[:, 0]) + RNG.normal(0.0, 0.1, 150)
NEW = np.linspace(-1.9, 1.9, 50)[:, None]
X2 = RNG.normal(size=(80, 2))
Y2 = X2[:, 0] - 0.5 * X2[:, 1] + RNG.normal(0.0, 0.3, 80)
BOTH = np.c_[Y2, -1000.0 * Y2 + RNG.normal(size=80)]
SIDE = (Y2 > 0).astype(int)


@pytest.fixture(scope="module")
def sine():
    return NetworkRegressor(members=10).fit(T, Y)


@pytest.fixture(scope="module")
def sides():
    return NetworkClassifier(**SMALL).fit(X2, SIDE)


# ---- the checks of scikit-learn ---------------------------------------------------------------


def test_regressor_passes_the_checks_of_scikit_learn():
    assert failures(NetworkRegressor(**TINY)) == []


@pytest.mark.slow
@pytest.mark.parametrize("options", [TINY, {"members": 10}, {}])
@pytest.mark.parametrize("kind", [NetworkRegressor, NetworkClassifier])
def test_networks_pass_the_checks_of_scikit_learn(kind, options):
    assert failures(kind(**options)) == []


# ---- predictions ------------------------------------------------------------------------------


def test_regression_finds_the_function(sine):
    """Noise of 0.1 on 150 rows: the mean is known to much less than the noise."""
    found = sine.predict(NEW)
    assert found.shape == (50,)
    assert found.dtype == np.float64
    error = found - np.sin(2.0 * NEW[:, 0])
    assert np.sqrt(np.mean(error**2)) < 0.05
    assert sine.network_.accuracy is Accuracy.CALIBRATED


def test_intervals_hold_new_observations(sine):
    """2000 new rows of known noise: their share is binomial about 0.9 and what 150 rows allow."""
    rng = np.random.default_rng(6)
    x = rng.uniform(-1.9, 1.9, (2000, 1))
    y = np.sin(2.0 * x[:, 0]) + rng.normal(0.0, 0.1, 2000)
    lo, hi = sine.predict_interval(x, level=0.9).T
    share = ((lo <= y) & (y <= hi)).mean()
    (measured,) = sine.network_.coverage(0.9)
    assert abs(share - measured.value) < 3 * measured.stderr
    wide = sine.predict_interval(x, level=0.99)
    assert (wide[:, 0] < lo).all()
    assert (hi < wide[:, 1]).all()


def test_predictions_depend_on_no_other_row(sine, sides):
    order = np.random.default_rng(2).permutation(50)
    for predict, rows in (
        (sine.predict, NEW),
        (sine.predict_interval, NEW),
        (sides.predict_proba, X2[:50]),
    ):
        whole = predict(rows)
        np.testing.assert_allclose(predict(rows[order]), whole[order], rtol=1e-12)
        single = np.concatenate([predict(rows[i : i + 1]) for i in range(50)])
        np.testing.assert_allclose(single, whole, rtol=1e-12)


def test_probabilities_and_sets(sides):
    p, sets = sides.predict_proba(X2), sides.predict_set(X2, level=0.95)
    np.testing.assert_allclose(p.sum(axis=1), 1.0, rtol=1e-12)
    assert (sides.predict(X2) == p.argmax(axis=1)).all()
    assert sets.shape == p.shape == (80, 2)
    assert sets[np.arange(80), p.argmax(axis=1)].all()
    assert (sides.predict_set(X2, level=0.5) <= sets).all()
    assert sides.score(X2, SIDE) > 0.8


@pytest.mark.parametrize("outputs", [BOTH, BOTH[:, :1]])
def test_several_outputs(outputs):
    net = NetworkRegressor(**SMALL).fit(X2, outputs)
    found, interval = net.predict(X2), net.predict_interval(X2)
    assert found.shape == outputs.shape
    assert interval.shape == (*outputs.shape, 2)
    assert ((interval[..., 0] < found) & (found < interval[..., 1])).all()
    assert net.score(X2, outputs) > 0.75


# ---- rows and weights -------------------------------------------------------------------------


@pytest.mark.parametrize("y", [Y2, BOTH, SIDE])
def test_counts_as_weights_are_repeated_rows(y):
    kind = NetworkClassifier if y is SIDE else NetworkRegressor
    counts = np.arange(80) % 4
    order = np.random.default_rng(3).permutation(counts.sum())
    repeated = kind(**TINY).fit(X2.repeat(counts, 0)[order], y.repeat(counts, 0)[order])
    weighted = kind(**TINY).fit(X2, y, counts)
    assert len(weighted.network_.rows.z) == 60
    assert weighted.network_.to_bytes() == repeated.network_.to_bytes()
    other = kind(**TINY).fit(X2, y)
    assert not np.allclose(other.predict(X2), weighted.predict(X2), rtol=1e-4)


def test_fewer_different_rows_than_can_be_left_out_give_no_interval():
    X, y = np.array([[1.0, 3.0], [2.0, 1.0], [3.0, 3.0], [4.0, 1.0]]), np.array([1, 2, 1, 2])
    net = NetworkRegressor(**TINY).fit(X.repeat(4, 0), y.repeat(4))
    assert net.network_.accuracy is Accuracy.UNKNOWN
    with pytest.warns(FitWarning, match="fewer than 5 different rows"):
        interval = net.predict_interval(X)
    assert interval.tolist() == [[-np.inf, np.inf]] * 4
    classes = NetworkClassifier(**TINY).fit(X.repeat(4, 0), y.repeat(4))
    assert np.isfinite(classes.predict_proba(X)).all()
    with pytest.warns(FitWarning, match="more rows"):
        assert classes.predict_set(X).all()
    for kind in (NetworkRegressor, NetworkClassifier):
        with pytest.raises(TooFewPointsError, match="4 rows"):
            kind(**TINY).fit(X, y)


@pytest.mark.parametrize(
    ("y", "message"), [(np.ones(80), "1 in every row"), (np.r_[np.nan, Y2[1:]], "NaN")]
)
def test_responses_without_meaning_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        NetworkRegressor(**TINY).fit(X2, y)


@pytest.mark.parametrize(("y", "message"), [(Y2, "continuous"), (np.arange(80) // 80, "one class")])
def test_labels_without_meaning_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        NetworkClassifier(**TINY).fit(X2, y)


def test_classes_in_rows_of_no_weight_are_none():
    with pytest.raises(DataError, match="one class"):
        NetworkClassifier(**TINY).fit(X2, SIDE, SIDE)


# ---- labels and names -------------------------------------------------------------------------


@pytest.mark.every(3)
@pytest.mark.parametrize(
    ("labels", "kept"),
    [
        (["no", "yes"], True),
        (["10", "9"], True),
        (["NA", "yes"], True),
        ([" ", "yes"], False),  # a blank cell is a missing one in a table
        (["", "nan"], False),
        ([-1, 1], True),
        ([1.0, 2.0], True),
        ([False, True], True),
    ],
)
def test_labels_of_any_type(labels, kept, sides):
    given = [np.array(labels)]
    if isinstance(labels[0], str):  # of other objects scikit-learn makes no classes
        given.append(np.array(labels, object))
    for labels in given:
        net = NetworkClassifier(**SMALL).fit(X2, labels[SIDE])
        assert net.classes_.tolist() == labels.tolist()
        assert net.predict(X2).dtype == labels.dtype
        assert (net.predict(X2) == labels[sides.predict(X2)]).all()
        assert net.predict_proba(X2).tolist() == sides.predict_proba(X2).tolist()
        assert list(net.network_.response.classes) == (labels.tolist() if kept else [0, 1])


def test_labels_as_a_column_of_pandas():
    y = pd.Series(np.array(["no", "yes"])[SIDE], dtype="category")
    net = NetworkClassifier(**TINY).fit(X2, y)
    assert net.score(X2, y) > 0.8


def test_names_of_columns():
    table = pd.DataFrame(X2, columns=["width", "depth (mm)"])
    net = NetworkRegressor(**TINY).fit(table, Y2)
    assert net.feature_names_in_.tolist() == ["width", "depth (mm)"]
    assert net.network_.encoder.features == ("width", "depth (mm)")
    found = net.predict(table)
    assert found.tolist() == net.network_.predict(table).value.tolist()
    assert found.tolist() == NetworkRegressor(**TINY).fit(X2, Y2).predict(X2).tolist()
    assert net.predict(pl.DataFrame(table.to_dict("list"))).tolist() == found.tolist()
    with pytest.raises(ValueError, match="same order"):
        net.predict(table[["depth (mm)", "width"]])
    with pytest.raises(ValueError, match="age"):
        net.predict(table.assign(age=1.0))
    with pytest.warns(UserWarning, match="feature names"):
        net.predict(X2)


def test_names_of_columns_in_polars():
    table = pl.DataFrame({"width": X2[:, 0], "depth": X2[:, 1], "side": SIDE})
    net = NetworkClassifier(**TINY).fit(table[["width", "depth"]], table["side"])
    assert net.feature_names_in_.tolist() == ["width", "depth"]
    assert net.score(table[["width", "depth"]], table["side"]) > 0.8


# ---- what is said -----------------------------------------------------------------------------


def test_networks_that_are_no_use_are_said():
    y = np.random.default_rng(11).normal(size=80)
    with pytest.warns(FitWarning, match="no better than by the mean"):
        net = NetworkRegressor(**TINY).fit(X2, y)
    assert not net.network_.usable


def test_levels_beyond_so_few_rows_are_said():
    """Of 8 rows and a new one none is the 1 in 20 that lies outside."""
    net = NetworkRegressor(**TINY).fit(X2[:8], X2[:8, 0])
    with pytest.warns(FitWarning, match="8 rows are too few"):
        assert np.isinf(net.predict_interval(X2[:8], level=0.95)).all()


def test_intervals_far_from_the_rows_are_said(sine):
    with pytest.warns(FitWarning, match="extrapolation"):
        assert np.isfinite(sine.predict_interval([[30.0]])).all()
    assert np.isfinite(sine.predict([[30.0]])).all()


@pytest.mark.parametrize("level", [0.0, 95, "high"])
def test_levels_without_meaning_are_refused(level, sine, sides):
    with pytest.raises(ArgumentError):
        sine.predict_interval(NEW, level=level)
    with pytest.raises(ArgumentError):
        sides.predict_set(X2, level=level)


@pytest.mark.parametrize(
    "options",
    [{"members": 1}, {"hidden": "wide"}, {"solver": "best"}, {"regularization": -1.0}],
)
def test_options_without_meaning_are_refused(options):
    with pytest.raises(ArgumentError, match=next(iter(options))):
        NetworkRegressor(**options).fit(X2, Y2)


def test_networks_that_are_not_fitted_say_so():
    for ask in (NetworkRegressor().predict_interval, NetworkClassifier().predict_set):
        with pytest.raises(NotFittedError):
            ask(X2)


# ---- the tools of scikit-learn ----------------------------------------------------------------


def test_pickles_are_the_same_network(sine, sides, tmp_path):
    for net, rows in ((sine, NEW), (sides, X2)):
        joblib.dump(net, tmp_path / "net")
        for again in (pickle.loads(pickle.dumps(net)), joblib.load(tmp_path / "net")):
            assert again.predict(rows).tolist() == net.predict(rows).tolist()
            assert again.network_.to_bytes() == net.network_.to_bytes()
            assert again.get_params() == net.get_params()
    assert pickle.loads(pickle.dumps(NetworkRegressor(5))).hidden == 5


def test_clones_are_the_options_alone(sides):
    copy = clone(sides)
    assert copy.get_params() == sides.get_params()
    assert not hasattr(copy, "network_")
    again = copy.fit(X2, SIDE)
    assert again.network_.to_bytes() == sides.network_.to_bytes()
    other = clone(sides).set_params(random_state=1).fit(X2, SIDE)
    assert other.network_.to_bytes() != again.network_.to_bytes()


def test_random_states_of_numpy():
    fits = [NetworkRegressor(**TINY, random_state=np.random.RandomState(s)) for s in (4, 4, 5)]
    a, b, c = (net.fit(X2, Y2).predict(X2).tolist() for net in fits)
    assert a == b != c


def test_searches_over_options_and_cross_validation():
    """A logistic rule of a sum is linear; that of a product takes a hidden layer."""
    product = (X2[:, 0] * X2[:, 1] > 0).astype(int)
    options = {"members": 2, "regularization": 0.05}
    grid = {"activation": ["identity", "tanh"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)  # the linear one is no use
        best = GridSearchCV(NetworkClassifier(6, **options), grid, cv=3).fit(X2, product)
    assert best.best_params_ == {"activation": "tanh"}
    scores = cross_val_score(NetworkRegressor(**TINY), X2, Y2, cv=3)
    assert scores.min() > 0.7
    p = cross_val_predict(NetworkClassifier(**TINY), X2, SIDE, cv=3, method="predict_proba")
    assert p.shape == (80, 2)


def test_pipelines_with_columns_of_several_kinds():
    kind = np.array(["oak", "fir", "elm"])[np.arange(80) % 3]
    table = pd.DataFrame({"size": 100.0 * X2[:, 0], "kind": kind, "age": X2[:, 1]})
    y = X2[:, 0] + 2.0 * (kind == "oak") + 0.1 * Y2
    columns = make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["kind"]), (StandardScaler(), ["size", "age"])
    )
    pipe = make_pipeline(columns, NetworkRegressor(**TINY)).set_output(transform="pandas")
    pipe.fit(table, y)
    net = pipe[-1]
    assert net.feature_names_in_[-1] == "standardscaler__age"
    assert net.network_.encoder.features == tuple(net.feature_names_in_)
    assert pipe.score(table, y) > 0.9
    assert cross_val_score(pipe, table, y, cv=3).min() > 0.8
    search = GridSearchCV(pipe, {"networkregressor__hidden": [(2,), (3,)]}, cv=2).fit(table, y)
    assert search.best_score_ > 0.8
    again = pickle.loads(pickle.dumps(pipe))
    assert again.predict(table).tolist() == pipe.predict(table).tolist()


def test_weights_in_a_pipeline():
    pipe = make_pipeline(StandardScaler(), NetworkRegressor(**TINY))
    weights = np.r_[np.zeros(20), np.ones(60)]
    pipe.fit(X2, Y2, networkregressor__sample_weight=weights)
    assert len(pipe[-1].network_.rows.z) == 60


@pytest.mark.parametrize("kind", [NetworkRegressor, NetworkClassifier])
def test_an_unknown_option_is_said_of_the_class_itself(kind):
    with pytest.raises(TypeError, match=f"^{kind.__name__}.__init__.. got .* 'depth'"):
        kind(depth=3)
    with pytest.raises(ValueError, match=f"'depth' for estimator {kind.__name__}"):
        kind().set_params(depth=3)
    assert clone(kind(hidden=(3,), members=10)).get_params()["members"] == 10


# ---- groups, noise, missing values ----


@pytest.fixture(scope="module")
def patients():
    """Six rows of each of 30 patients, who differ by much more than the noise."""
    rng = np.random.default_rng(0)
    own, group = 0.4 * rng.normal(size=30), np.repeat(np.arange(30), 6)
    X = rng.uniform(-2, 2, (180, 1))
    return X, X[:, 0] + own[group] + 0.05 * rng.normal(size=180), group


def test_groups_are_left_out_together(patients):
    X, y, group = patients
    model = NetworkRegressor(members=10, hidden=3)
    net = model.fit(X, y, groups=[f"patient {k}" for k in group]).network_
    number = net.folds.number[0]
    order = np.lexsort((y, X[:, 0]))  # as the estimator has sorted and mixed them
    label = group[order][np.random.default_rng(0).permutation(len(y))]
    assert all(len(set(number[label == k])) == 1 for k in range(30))
    alone = model.fit(X, y).network_
    assert net.error_stderr > alone.error_stderr  # 30 patients, not 180 rows
    classes = NetworkClassifier(members=10, hidden=2).fit(X, y > 0, groups=group).network_
    assert all(len(set(classes.folds.number[0][label == k])) == 1 for k in range(30))


def test_groups_are_routed(patients):
    X, y, group = patients
    with config_context(enable_metadata_routing=True):
        model = NetworkRegressor(members=10, hidden=2).set_fit_request(groups=True)
        options = {"cv": GroupKFold(2), "params": {"groups": group}}
        assert cross_val_score(model, X, y, **options).shape == (2,)


def test_groups_without_a_label_for_each_row_are_refused(patients):
    X, y, group = patients
    with pytest.raises(ArgumentError, match="shape"):
        NetworkRegressor().fit(X, y, groups=group[:5])
    for label in (np.nan, None, pd.NA):
        with pytest.raises(ArgumentError, match="no label in 1 row") as refused:
            NetworkRegressor().fit(X, y, groups=[*group[:3], label, *group[4:]])
        assert refused.value.where == "row 4"


def test_noise_is_as_asked_for():
    made = [NetworkRegressor(members=10, hidden=3, noise=n).fit(T, Y) for n in
            ("constant", "varying")]  # fmt: skip
    assert [m.network_.noise.varies for m in made] == [False, True]
    assert "noise" not in NetworkClassifier().get_params()


def test_rows_with_missing_values_are_left_out_if_asked_for():
    X, y = T.copy(), Y
    X[[3, 7], 0] = np.nan
    model = NetworkRegressor(members=10, hidden=3)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(X, y)
    with pytest.warns(FitWarning, match=f"2 rows of {len(X)} with missing") as told:
        model.set_params(missing="drop").fit(X, y)
    assert told[0].filename == __file__
    kept = np.isfinite(X[:, 0])
    whole = NetworkRegressor(members=10, hidden=3).fit(X[kept], y[kept])
    np.testing.assert_array_equal(model.predict(X[kept]), whole.predict(X[kept]))
    with pytest.raises(ValueError, match="NaN"):
        model.predict(X)
    with pytest.raises(ArgumentError, match="missing is 'mean'"):
        model.set_params(missing="mean").fit(X, y)
