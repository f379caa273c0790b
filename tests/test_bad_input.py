"""Bad input: the right class of error, the place, and what to do next; never a traceback inside."""

from __future__ import annotations

import datetime
import warnings

import numpy as np
import pandas
import polars
import pytest

import taylored as ty
from taylored.errors import (
    ArgumentError,
    BoundsError,
    ColumnError,
    DataError,
    EmptyDataError,
    FormulaError,
    ModelError,
    ModelShapeError,
    ModelValueError,
    NotNumericError,
    ParameterNameError,
    SigmaError,
    TayloredError,
    TooFewPointsError,
)

X = np.linspace(0.5, 4.0, 8)
Y = 2.0 * np.exp(-X / 1.3) + 0.3
TABLE = {"x": X, "y": Y}
LINE, DECAY = "y ~ a + b*x", "y ~ a*exp(-x/tau) + c"
NAN, INF = np.nan, np.inf


def put(values, row, value):
    changed = np.array(values, dtype=object if isinstance(value, str) else float)
    changed[row] = value
    return changed


def raising(x, a):
    raise RuntimeError("it broke")


def straight(x, a, b):
    return a + b * x


def doubled_table():
    return pandas.DataFrame(np.stack([X, Y, Y], axis=1), columns=["x", "y", "y"])


# what is wrong; the call; the exact class; words that the message must have
ROWS = [
    # columns
    ("missing response", lambda: ty.fit("z ~ a + b*x", TABLE), ColumnError, ["'z'", "x, y"]),
    ("near column", lambda: ty.fit("Y ~ a + b*x", TABLE), ColumnError, ["'Y'", "did you mean 'y'"]),
    ("doubled column", lambda: ty.fit(LINE, doubled_table()), ColumnError, ["y"]),
    ("one name, two columns", lambda: ty.fit("y ~ a + b*x1", {"x₁": X, "x¹": X, "y": Y}),
     ColumnError, ["x1", "2 columns"]),
    ("only columns", lambda: ty.fit("y ~ x", TABLE), FormulaError, ["no parameters", "x, y"]),
    ("no response", lambda: ty.fit("a + b*x", TABLE), FormulaError, ["response ~ a + b*x"]),
    ("lengths", lambda: ty.fit(LINE, {"x": X, "y": Y[:5]}), ColumnError, ["x: 8", "y: 5"]),
    ("lengths of x and y", lambda: ty.fit(straight, X, Y[:5]), ColumnError, ["x: 8", "y: 5"]),
    ("no table", lambda: ty.fit(LINE, X), ArgumentError, ["not a table", "ndarray"]),
    ("a file name", lambda: ty.fit(LINE, "data.csv"), ArgumentError, ["not a table", "str"]),
    ("nothing", lambda: ty.fit(LINE, None), ArgumentError, ["not a table"]),
    ("two-dimensional", lambda: ty.fit(LINE, {"x": np.ones((4, 2)), "y": Y}), ColumnError,
     ["(4, 2)"]),
    ("a number", lambda: ty.fit(LINE, {"x": 3.0, "y": Y}), ColumnError, ["x must be a row"]),
    ("x is text", lambda: ty.fit(straight, "abc", Y), ColumnError, ["x"]),
    # cells
    ("text in a column", lambda: ty.fit(LINE, {"x": put(X, 3, "four"), "y": Y}), NotNumericError,
     ["x", "'four'", "row 4"]),
    ("text only", lambda: ty.fit(LINE, {"x": list("abcdefgh"), "y": Y}), NotNumericError,
     ["x", "'a'", "row 1"]),
    ("text in polars", lambda: ty.fit(LINE, polars.DataFrame({"x": ["1", "b"], "y": [1.0, 2.0]})),
     NotNumericError, ["x", "'b'", "row 2"]),
    ("infinite", lambda: ty.fit(LINE, {"x": X, "y": put(Y, 5, INF)}), NotNumericError,
     ["y is infinite", "row 6"]),
    ("minus infinity", lambda: ty.fit(LINE, {"x": put(X, 0, -INF), "y": Y}), NotNumericError,
     ["x is infinite", "row 1"]),
    ("missing, refused", lambda: ty.fit(LINE, {"x": X, "y": put(Y, 2, NAN)}, na="fail"),
     NotNumericError, ["y is missing", "row 3"]),
    ("all missing", lambda: ty.fit(LINE, {"x": X, "y": NAN * Y}), EmptyDataError,
     ["Every row", "y is missing in 8 rows"]),
    ("no rows", lambda: ty.fit(LINE, {"x": [], "y": []}), EmptyDataError, ["no rows"]),
    ("no rows of x and y", lambda: ty.line([], []), EmptyDataError, ["no rows"]),
    ("complex", lambda: ty.fit(LINE, {"x": X, "y": Y * 1j}), NotNumericError, ["y is complex"]),
    ("dates", lambda: ty.fit(LINE, {"x": np.arange("2024-01-01", "2024-01-09", dtype="M8[D]"),
                                    "y": Y}), NotNumericError, ["x", "dates"]),
    ("dates of Python", lambda: ty.fit(LINE, {"x": [datetime.date(2024, 1, d + 1)
                                                    for d in range(8)], "y": Y}),
     NotNumericError, ["x", "row 1"]),
    ("ragged", lambda: ty.fit(LINE, {"x": [[1.0], [1.0, 2.0]], "y": [1.0, 2.0]}),
     NotNumericError, ["x", "row 1"]),
    ("objects", lambda: ty.fit(LINE, {"x": [object()] * 8, "y": Y}), NotNumericError, ["row 1"]),
    ("log of a negative", lambda: ty.fit("log(y) ~ a + b*x", {"x": X, "y": put(Y, 4, -1.0)}),
     NotNumericError, ["log(y)", "row 5", "y = -1"]),
    # too little
    ("too few", lambda: ty.fit(DECAY, {"x": X[:2], "y": Y[:2]}), TooFewPointsError,
     ["2 points", "3 parameters", "a, tau, c"]),
    ("too few after dropping", lambda: ty.fit(DECAY, {"x": X, "y": np.where(X < 3.2, NAN, Y)}),
     TooFewPointsError, ["2 points", "3 parameters"]),
    # sigma
    ("zero sigma", lambda: ty.fit(LINE, TABLE, sigma=put(np.ones(8), 3, 0.0)), SigmaError,
     ["zero", "row 4"]),
    ("negative sigma", lambda: ty.fit(LINE, TABLE, sigma=put(np.ones(8), 3, -1.0)), SigmaError,
     ["negative", "row 4", "-1"]),
    ("sigma 0", lambda: ty.fit(LINE, TABLE, sigma=0.0), SigmaError, ["zero"]),
    ("sigma is NaN", lambda: ty.fit(LINE, TABLE, sigma=NAN), SigmaError, ["sigma", "nan"]),
    ("sigma is infinite", lambda: ty.fit(LINE, TABLE, sigma=INF), SigmaError, ["sigma", "inf"]),
    ("sigma infinite in a row", lambda: ty.fit(LINE, TABLE, sigma=put(np.ones(8), 3, INF)),
     (SigmaError, NotNumericError), ["sigma is infinite", "row 4"]),
    ("length of sigma", lambda: ty.fit(LINE, TABLE, sigma=np.ones(5)), ColumnError,
     ["sigma: 5", "x: 8"]),
    ("column of sigma", lambda: ty.fit(LINE, TABLE, sigma="err"), ColumnError, ["'err'"]),
    ("name of sigma without a table", lambda: ty.fit(straight, X, Y, sigma="err"), TayloredError,
     ["err"]),
    ("text in sigma", lambda: ty.fit(LINE, TABLE, sigma=["a"] * 8), NotNumericError, ["sigma"]),
    # start, bounds, fixed
    ("start of no parameter", lambda: ty.fit(DECAY, TABLE, start={"tua": 1.0}), ParameterNameError,
     ["'tua'", "did you mean 'tau'"]),
    ("start of a column", lambda: ty.fit(DECAY, TABLE, start={"x": 1.0}), ParameterNameError,
     ["'x'"]),
    ("start is NaN", lambda: ty.fit(DECAY, TABLE, start={"tau": NAN}), ArgumentError, ["tau"]),
    ("start is text", lambda: ty.fit(DECAY, TABLE, start={"tau": "one"}), ArgumentError,
     ["tau", "'one'"]),
    ("start too short", lambda: ty.fit(DECAY, TABLE, start=[1.0]), ArgumentError,
     ["1 values", "3 parameters"]),
    ("crossed bounds", lambda: ty.fit(DECAY, TABLE, bounds={"tau": (2, 1)}), BoundsError, ["tau"]),
    ("bounds that are one value", lambda: ty.fit(DECAY, TABLE, bounds={"tau": (2, 2)}),
     BoundsError, ["tau"]),
    ("bounds of no parameter", lambda: ty.fit(DECAY, TABLE, bounds={"t": (0, 1)}),
     ParameterNameError, ["'t'"]),
    ("bounds are NaN", lambda: ty.fit(DECAY, TABLE, bounds={"tau": (NAN, 1)}), BoundsError,
     ["tau"]),
    ("bounds are no pair", lambda: ty.fit(DECAY, TABLE, bounds={"tau": 1.0}), BoundsError,
     ["tau"]),
    ("bounds are text", lambda: ty.fit(DECAY, TABLE, bounds={"tau": ("0", "x")}), BoundsError,
     ["tau"]),
    ("bounds without names", lambda: ty.fit(DECAY, TABLE, bounds=([0] * 2, [1] * 2)), BoundsError,
     ["told apart", "a, tau, c"]),
    ("start outside bounds", lambda: ty.fit(DECAY, TABLE, start={"tau": 5.0},
                                            bounds={"tau": (0, 2)}), BoundsError,
     ["tau", "5", "[0, 2]"]),
    ("all fixed", lambda: ty.fit(LINE, TABLE, fixed={"a": 1, "b": 2}), ArgumentError, ["fixed"]),
    ("fixed of no parameter", lambda: ty.fit(LINE, TABLE, fixed={"q": 1}), ParameterNameError,
     ["'q'"]),
    ("options", lambda: ty.fit(LINE, TABLE, na="ignore"), ArgumentError, ["na", "drop, fail"]),
    ("search", lambda: ty.fit(LINE, TABLE, search="yes"), ArgumentError, ["search"]),
    ("executor", lambda: ty.fit(LINE, TABLE, executor="gpu"), ArgumentError, ["executor"]),
    # models
    ("model is a number", lambda: ty.fit(3, X, Y), ArgumentError, ["int"]),
    ("function without y", lambda: ty.fit(straight, X), ArgumentError, ["x and y"]),
    ("no parameters", lambda: ty.fit(lambda x: x, X, Y), ModelError, ["no parameters"]),
    ("*args", lambda: ty.fit(lambda x, *p: x, X, Y), ModelError, ["*args"]),
    ("a method of C", lambda: ty.fit(min, X, Y), ModelError, ["signature"]),
    ("raises", lambda: ty.fit(raising, X, Y), ModelError, ["raising", "RuntimeError: it broke"]),
    ("shape", lambda: ty.fit(lambda x, a: a * x[:3], X, Y), ModelShapeError, ["(3,)", "8 points"]),
    ("matrix", lambda: ty.fit(lambda x, a: a * np.ones((8, 2)), X, Y), ModelShapeError,
     ["(8, 2)"]),
    ("None", lambda: ty.fit(lambda x, a: None, X, Y), ModelError, ["object"]),
    ("text of a model", lambda: ty.fit(lambda x, a: "abc", X, Y), ModelError, ["not numbers"]),
    ("complex model", lambda: ty.fit(lambda x, a: a * x * 1j, X, Y), ModelValueError, ["complex"]),
    ("NaN at the start", lambda: ty.fit("y ~ log(a*x) + b*x", TABLE, start={"a": -1, "b": 0}),
     ModelValueError, ["8 of 8 points", "row 1", "x = 0.5", "a=-1"]),
    ("NaN everywhere", lambda: ty.fit("y ~ sqrt(-1 - a^2) + b*x", TABLE), ModelValueError,
     ["not a finite number anywhere"]),
    ("formula of a response only", lambda: ty.fit("y ~", TABLE), FormulaError, ["^"]),
    ("several columns of y", lambda: ty.fit("y*z ~ a + b*x", X, Y), ColumnError, ["y*z", "table"]),
    ("no x in the formula", lambda: ty.fit("a + b*w", X, Y), ColumnError, ["a, b, w"]),
    # new data
    ("inputs of predict", lambda: ty.fit("y ~ a*u + b*v", {"u": X, "v": Y, "y": X + Y})
     .predict([1.0]), ColumnError, ["2 inputs", "u, v"]),
    ("column of predict", lambda: ty.fit(LINE, TABLE).predict({"z": [1.0]}), ColumnError, ["'x'"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [r[1:] for r in ROWS],
    ids=[r[0] for r in ROWS],
)
def test_bad_input(call, kind, words):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what NumPy says about a user's complex model
        with pytest.raises(TayloredError) as caught:
            call()
    error = caught.value
    kinds = kind if isinstance(kind, tuple) else (kind,)
    assert type(error) in kinds or TayloredError in kinds
    for word in words:
        assert word in str(error)
    assert error.next_step
    assert str(error) == str(error).strip()
    assert error.exit_code == (3 if isinstance(error, DataError) else 2)


def test_a_constant_x_is_named():
    fit = ty.line(np.full(8, 3.0), Y)
    assert not fit.usable
    (finding,) = [f for f in fit.warnings if f.name == "undetermined"]
    assert set(finding.params) == {"slope", "intercept"}
    zero = ty.line(np.zeros(8), Y)
    assert "the data say nothing about slope" in zero.status
    assert zero.params["intercept"] == pytest.approx(Y.mean())


def test_a_constant_y_is_fitted():
    fit = ty.line(X, np.full(8, 3.0))
    assert fit.params == pytest.approx({"slope": 0.0, "intercept": 3.0}, abs=1e-14)
    zero = ty.fit(DECAY, {"x": X, "y": np.zeros(8)})
    assert not zero.usable or zero.chi2 == 0.0


def test_nothing_of_the_input_is_changed():
    x, y, start = X.copy(), put(Y, 3, NAN), {"tau": 1.0}
    ty.fit(DECAY, {"x": x, "y": y}, start=start, bounds={"tau": (0, None)})
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, put(Y, 3, NAN))
    assert start == {"tau": 1.0}


def test_extreme_values_end_in_an_answer_or_an_error():
    step = np.sign(X - 2) * 1e308
    rows = [(X * 1e300, Y), (X * 1e-300, Y), (X, Y * 1e300), (X, Y * 1e-300), (X, step)]
    for x, y in rows:
        try:
            fit = ty.fit(LINE, {"x": x, "y": y})
        except TayloredError:
            continue
        slope, intercept = np.polyfit(x / np.abs(x).max(), y / np.abs(y).max(), 1)
        right = fit.params["a"] == pytest.approx(intercept * np.abs(y).max(), rel=1e-6)
        assert right or not fit.usable
        assert np.isfinite(slope)


def test_unused_columns_are_not_looked_at():
    table = {"x": X, "y": Y, "name": list("abcdefgh"), "when": [None] * 8}
    assert ty.fit(LINE, table).usable
    assert ty.fit("a + b*x", {"x": X}, Y).usable
