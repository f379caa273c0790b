"""Names in fits: no column ever stands for another, whatever it is called.

The oracle is the same fit under other names, solved by `numpy.linalg.lstsq`.
"""

from __future__ import annotations

import json
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest

import taylored as ty
from taylored.errors import ColumnError, SavedFitError
from taylored.regression.store import load

X = np.linspace(1.0, 3.0, 20)
U = np.cos(3.0 * X)
Z = 2.0 * X + 1.0 + 0.01 * np.sin(9.0 * X)
TWO = 2.0 * X - 3.0 * U + 0.01 * np.sin(9.0 * X)
SIGMA = np.linspace(0.1, 0.5, 20)


def least_squares(y, *columns, sigma=None):
    """The coefficients of the columns, by NumPy."""
    weights = np.ones(len(y)) if sigma is None else 1.0 / sigma
    rows = np.stack([np.broadcast_to(c, len(y)) for c in columns], axis=1)
    return np.linalg.lstsq(rows * weights[:, None], y * weights, rcond=None)[0]


LINE = least_squares(Z, X, 1.0)
PLANE = least_squares(TWO, X, U)
LOG_LINE = least_squares(np.log(Z), X, 1.0)
WEIGHTED = least_squares(Z, X, 1.0, sigma=SIGMA)


def of_y(y, p, q):
    return p * y + q


def of_t_and_x(t, p, x):
    """A parameter that is called as arrays are."""
    return p * t + x


def swapped(x0, x1, a, b):
    return a * x0 + b * x1


def parameters_first(a, b, x0, x1):
    return a * x0 + b * x1


def by_place(u, v, a, b):
    return a * u + b * v


def stacked(x, x1, b):
    """All inputs in one argument, and a parameter called as one of them would be."""
    return x1 * x[0] + b * x[1]


def line(x, p, q):
    return p * x + q


# what is fitted: (model, data, y, options), the estimates that are right, and new data with the
# curve there
NEW = np.array([0.5, 4.0])
AT_NEW = LINE[0] * NEW + LINE[1]
PAIR = (np.array([0.5, 4.0]), np.array([-1.0, 2.0]))
AT_PAIR = PLANE[0] * PAIR[0] + PLANE[1] * PAIR[1]
CASES = {
    "an input called y": (("p*y + q", {"y": X}, Z), LINE, {"y": NEW}, AT_NEW),
    "an input called response too": (
        ("p*y + q + 0*response", {"y": X, "response": U}, Z),
        LINE, {"y": NEW, "response": NEW}, AT_NEW,
    ),
    "an input called y, in pandas": (
        ("p*y + q", pd.DataFrame({"y": X}), Z), LINE, pd.DataFrame({"y": NEW}), AT_NEW,
    ),
    "an input called y, in polars": (
        ("p*y + q", pl.DataFrame({"y": X}), Z), LINE, pl.DataFrame({"y": NEW}), AT_NEW,
    ),
    "y is the array": (("z ~ p*y + q", {"y": X}, Z), LINE, NEW, AT_NEW),
    "y is a column, z the response": (
        ("z ~ p*y + q", {"y": X, "z": Z}, None), LINE, {"y": NEW}, AT_NEW,
    ),
    "the response given twice, the same": (
        ("z ~ p*y + q", {"y": X, "z": Z}, Z), LINE, {"y": NEW}, AT_NEW,
    ),
    "a column called as the response is written": (
        ("log(z) ~ p*`log(z)` + q", {"z": Z, "log(z)": X}, None),
        LOG_LINE, {"log(z)": NEW}, LOG_LINE[0] * NEW + LOG_LINE[1],
    ),
    "the same with y apart": (
        ("log(z) ~ p*`log(z)` + q", {"log(z)": X}, Z),
        LOG_LINE, NEW, LOG_LINE[0] * NEW + LOG_LINE[1],
    ),
    "a quoted response": (("`z` ~ p*x + q", {"x": X, "z": Z}, None), LINE, NEW, AT_NEW),
    "a response in parentheses": (("(z) ~ p*x + q", {"x": X, "z": Z}, None), LINE, NEW, AT_NEW),
    "inputs called y and sigma": (
        ("p*y + q*sigma", {"y": X, "sigma": U}, TWO), PLANE,
        {"y": PAIR[0], "sigma": PAIR[1]}, AT_PAIR,
    ),
    "blanks in front": (
        ("p*` y` + q*` sigma`", {" y": X, " sigma": U}, TWO),
        PLANE, {" y": PAIR[0], " sigma": PAIR[1]}, AT_PAIR,
    ),
    "a column of text beside": (
        ("p*x + q", {"x": X, "name": ["a"] * 20}, Z), LINE, {"x": NEW}, AT_NEW,
    ),
    "a structured array": (
        ("p*y + q", np.array(list(zip(X, U, strict=True)), [("y", float), ("v", float)]), Z),
        LINE, {"y": NEW}, AT_NEW,
    ),
    "arrays in another order than in the formula": (
        ("q*x2 + p*x1", (X, U), TWO), PLANE[::-1], PAIR, AT_PAIR,
    ),
    "points by inputs": (
        ("q*x2 + p*x1", np.stack([X, U], axis=1), TWO),
        PLANE[::-1], np.stack(PAIR, axis=1), AT_PAIR,
    ),
    "a function of y": ((of_y, {"y": X}, Z), LINE, {"y": NEW}, AT_NEW),
    "a parameter called x": ((of_t_and_x, X, Z), LINE, NEW, AT_NEW),
    "a parameter called x, a column t": ((of_t_and_x, {"t": X}, Z), LINE, {"t": NEW}, AT_NEW),
    "a function by names": (
        (swapped, {"x1": U, "x0": X}, TWO), PLANE, {"x1": PAIR[1], "x0": PAIR[0]}, AT_PAIR,
    ),
    "a function by names, with other columns": (
        (swapped, {"x1": U, "text": ["a"] * 20, "y": TWO, "x0": X}, TWO),
        PLANE, {"x1": PAIR[1], "x0": PAIR[0]}, AT_PAIR,
    ),
    "a function by names, parameters first": (
        (parameters_first, {"x1": U, "x0": X}, TWO), PLANE,
        {"x1": PAIR[1], "x0": PAIR[0]}, AT_PAIR,
    ),
    "a function by place": ((by_place, {"m": X, "n": U}, TWO), PLANE, PAIR, AT_PAIR),
    "a function by place, of one column": ((line, {"time": X}, Z), LINE, {"time": NEW}, AT_NEW),
    "a function of rows": ((stacked, (X, U), TWO), PLANE, PAIR, AT_PAIR),
    "a function of points by inputs": (
        (stacked, np.stack([X, U], axis=1), TWO), PLANE, np.stack(PAIR, axis=1), AT_PAIR,
    ),
    "a function of one row": (
        (lambda x, p, q: p * x[0] + q, [X], Z), LINE, [NEW], AT_NEW,
    ),
}  # fmt: skip
FORMULAS = [name for name, ((model, *_), *_) in CASES.items() if isinstance(model, str)]


def fitted(name):
    (model, data, y), *_ = CASES[name]
    return ty.fit(model, data, y)


@pytest.mark.parametrize("name", list(CASES))
def test_estimates_and_predictions(name):
    _, expected, new, curve = CASES[name]
    fit = fitted(name)
    assert list(fit.params.values()) == pytest.approx(list(expected), rel=1e-10)
    np.testing.assert_allclose(fit.predict(new).value, curve, rtol=1e-10)
    assert fit.usable


@pytest.mark.parametrize("name", list(CASES))
@pytest.mark.every(4)
def test_a_saved_fit_comes_back_and_predicts(name, tmp_path):
    (model, *_), _, new, curve = CASES[name]
    fit = fitted(name)
    fit.save(tmp_path / "f.json")
    back = load(tmp_path / "f.json", *([] if isinstance(model, str) else [model]))
    assert back.params == pytest.approx(fit.params, rel=1e-12)
    assert back.stderr == pytest.approx(fit.stderr, rel=1e-10)
    assert back.setup.response == fit.setup.response
    np.testing.assert_allclose(back.predict(new).value, curve, rtol=1e-10)
    back.save(tmp_path / "g.json")
    first, second = (json.loads((tmp_path / f"{n}.json").read_text()) for n in "fg")
    for field in ("formula", "columns", "inputs", "stacked", "turned", "response", "y", "params"):
        assert first[field] == second[field]


@pytest.mark.parametrize("name", FORMULAS)
def test_a_pickled_fit_comes_back_and_predicts(name):
    *_, new, curve = CASES[name]
    fit = fitted(name)
    back = pickle.loads(pickle.dumps(fit))
    assert (back.params, back.report()) == (fit.params, fit.report())
    np.testing.assert_allclose(back.predict(new).value, curve, rtol=1e-10)


# ---- standard errors ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["e", "y", "sigma", " sigma", "time (s)"])
@pytest.mark.parametrize("model", ["p*x + q", line])
def test_sigma_by_the_name_of_a_column(model, name, tmp_path):
    """A column of any name may hold the standard errors."""
    fit = ty.fit(model, {"x": X, name: SIGMA, "left": U}, Z, sigma=name)
    assert list(fit.params.values()) == pytest.approx(list(WEIGHTED), rel=1e-10)
    fit.save(tmp_path / "f.json")
    back = load(tmp_path / "f.json", *([] if isinstance(model, str) else [model]))
    assert back.params == pytest.approx(fit.params, rel=1e-12)


def test_sigma_may_be_an_input_too():
    fit = ty.fit("p*x + q*e", {"x": X, "e": SIGMA}, TWO, sigma="e")
    expected = least_squares(TWO, X, SIGMA, sigma=SIGMA)
    assert list(fit.params.values()) == pytest.approx(list(expected), rel=1e-10)


def test_sigma_beside_a_column_of_its_inner_name():
    columns = {" sigma": X, "y": U}
    fit = ty.fit("p*` sigma` + q", columns, Z, sigma=SIGMA)
    assert list(fit.params.values()) == pytest.approx(list(WEIGHTED), rel=1e-10)


@pytest.mark.parametrize("name", ["slope", "intercept"])
def test_a_straight_line_takes_its_own_columns(name):
    table = {"x": X, "y": Z, name: U, "e": SIGMA, "text": ["a"] * 20}
    weighted = ty.line(table, sigma="e")
    assert [weighted.slope, weighted.intercept] == pytest.approx(list(WEIGHTED), rel=1e-10)
    for fit in (ty.line(table), ty.line(pd.DataFrame(table)), ty.line({"x": X, name: U}, Z)):
        assert [fit.slope, fit.intercept] == pytest.approx(list(LINE), rel=1e-10)
    with pytest.raises(ColumnError, match="no column 'x'"):
        ty.line({"t": X, "y": Z})


# ---- what is called what --------------------------------------------------------------------


def test_the_response_is_not_called_as_an_input():
    assert ty.fit("p*x + q", X, Z).setup.response == "y"
    assert ty.fit("p*y + q", {"y": X}, Z).setup.response == "response"
    assert ty.fit(of_y, {"y": X}, Z).setup.response == "response"
    assert "response ~ p*y + q" in ty.fit("p*y + q", {"y": X}, Z).report()


def test_missing_rows_are_counted_by_their_own_names():
    hole, gap = np.where(X > 2.9, np.nan, X), np.where(X < 1.1, np.nan, Z)
    fit = ty.fit("p*y + q", {"y": hole}, gap)
    kept = ~(np.isnan(hole) | np.isnan(gap))
    expected = least_squares(Z[kept], X[kept], 1.0)
    assert list(fit.params.values()) == pytest.approx(list(expected), rel=1e-10)
    assert fit.points == kept.sum() < 20


# ---- what is refused ------------------------------------------------------------------------

REFUSED = {
    "two responses": (("z ~ p*x + q", {"x": X, "z": U}, Z), "given twice"),
    "the response transformed twice": (("log(z) ~ p*x", {"x": X, "z": Z}, np.log(Z)), "twice"),
    "names that formulas see as one": (("p*x1 + q", {"x₁": X, "x1": U}, Z), "fits 2 columns"),
    "names that functions see as one": (
        (lambda x1, p, q: p * x1 + q, {"x₁": X, "x1": U}, Z), "fits 2 columns",
    ),
    "a parameter's name in the table": (
        (lambda x, a, b: a * x + b, {"time": X, "a": U}, Z), "not clear which columns",
    ),
    "a whole table by place": (
        (lambda u, v, a, b: a * u + b * v, {"m": X, "n": U, "z": TWO}, TWO), "is the response",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(REFUSED))
def test_doubtful_names_are_refused(name):
    (model, data, y), said = REFUSED[name]
    with pytest.raises(ColumnError, match=said) as caught:
        ty.fit(model, data, y)
    assert caught.value.next_step


def test_new_columns_that_formulas_see_as_one_are_refused():
    fit = ty.fit("p*x1 + q", {"x1": X}, Z)
    with pytest.raises(ColumnError, match="fits 2 columns"):
        fit.predict({"x₁": NEW, "x1": NEW + 1})


def test_points_by_inputs_stay_so():
    fit = ty.fit(stacked, np.stack([X, U], axis=1), TWO)
    with pytest.raises(ColumnError, match="2 inputs"):
        fit.predict(np.ones((2, 5)))


# ---- saved fits -----------------------------------------------------------------------------


def test_files_of_the_first_format_are_still_read(tmp_path):
    """They kept a response that was given apart among the columns."""
    for model, data in [("p*x + q", X), (line, X), (lambda x, a, b: a * x[0] + b * x[1], (X, U))]:
        fit = ty.fit(model, data, Z)
        fit.save(tmp_path / "f.json")
        document = json.loads((tmp_path / "f.json").read_text())
        document["columns"]["y"] = document.pop("y")
        for key in ("stacked", "turned"):
            del document[key]
        (tmp_path / "f.json").write_text(json.dumps(document))
        back = load(tmp_path / "f.json", *([] if isinstance(model, str) else [model]))
        assert back.params == pytest.approx(fit.params, rel=1e-12)


@pytest.mark.parametrize("field", ["y", "stacked", "turned", "inputs"])
@pytest.mark.parametrize("value", [None, 7, "x", [], {}, [1.0], ["x", "y"], [[1.0]]])
def test_hostile_fields_are_refused(field, value, tmp_path):
    """A damaged field is refused, or the fit is the same as before."""
    fit = ty.fit("p*x + q", X, Z)
    fit.save(tmp_path / "f.json")
    document = json.loads((tmp_path / "f.json").read_text())
    document[field] = value
    (tmp_path / "f.json").write_text(json.dumps(document))
    try:
        assert load(tmp_path / "f.json").params == pytest.approx(fit.params, rel=1e-12)
    except SavedFitError as error:
        assert error.next_step
