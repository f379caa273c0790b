"""Tables for networks: exact features by hand, every bad input by its error or finding."""

from __future__ import annotations

import datetime
import json
import math
from fractions import Fraction

import numpy as np
import pandas
import polars
import pyarrow
import pytest

from taylored.errors import (
    ArgumentError,
    ColumnError,
    DataError,
    EmptyDataError,
    FormulaError,
    NotNumericError,
    ScaleError,
    TooFewPointsError,
)
from taylored.networks.tables import Response, read_training

NAN, INF = math.nan, math.inf
N = 40
AGE = np.arange(N) * 1.5 + 20.0
SIZE = np.cos(np.arange(N)) * 3.0
TOWN = [["Bern", "Aarau", "Chur", "Bern"][i % 4] for i in range(N)]
PRICE = AGE * 0.5 + SIZE**2
TABLE = {"age": AGE, "town": TOWN, "size": SIZE, "price": PRICE}
X = np.stack([AGE, SIZE], axis=1)
ROOT = math.sqrt(2.0)


def put(values, row, value):
    changed = np.array(values, dtype=object if isinstance(value, str) else float)
    changed[row] = value
    return changed


def changed(name, row, value):
    cells = list(TABLE[name])
    cells[row] = value
    return {**TABLE, name: cells}


def names_of(findings):
    return [f.name for f in findings]


def learned(table=TABLE, y="price ~ .", **options):
    return read_training(table, y, **options)


# ---- what it should be ------------------------------------------------------------------------


def test_features_by_hand():
    encoder, response, rows, found = learned()
    assert encoder.features == ("age", "town=Aarau", "town=Bern", "town=Chur", "size")
    assert [c.kind for c in encoder.columns] == ["number", "category", "number"]
    assert found == () and rows.kept is None and rows.weights is None
    ages = [Fraction(a) for a in AGE.tolist()]
    mean = sum(ages) / N
    variance = sum((a - mean) ** 2 for a in ages) / N
    by_hand = [float(a - mean) / math.sqrt(variance) for a in ages]
    np.testing.assert_allclose(rows.z[:, 0], by_hand, rtol=0, atol=4e-15)
    for j, town in enumerate(["Aarau", "Bern", "Chur"]):
        expected = [ROOT if t == town else 0.0 for t in TOWN]
        np.testing.assert_allclose(rows.z[:, 1 + j], expected, rtol=1e-15)
    np.testing.assert_allclose(rows.z[:, [0, 4]].mean(axis=0), 0.0, atol=1e-15)
    np.testing.assert_allclose(rows.t.std(axis=0), 1.0, rtol=1e-14)
    np.testing.assert_allclose(response.decode(rows.t), PRICE, rtol=1e-14)
    np.testing.assert_array_equal(encoder.encode(TABLE), rows.z)
    np.testing.assert_array_equal(response.encode("price", TABLE), rows.t)
    np.testing.assert_array_equal(encoder.column_of, [0, 1, 1, 1, 2])


def test_categories_are_two_standard_deviations_apart():
    _, _, rows, _ = learned()
    z = rows.z[:, 1:4]
    assert np.linalg.norm(z[0] - z[1]) == pytest.approx(2.0)


TABLES = {
    "dict": TABLE,
    "pandas": pandas.DataFrame(TABLE),
    "pandas categorical": pandas.DataFrame(TABLE).astype({"town": "category"}),
    "pandas nullable": pandas.DataFrame(TABLE).convert_dtypes(),
    "pandas objects": pandas.DataFrame(TABLE).astype(object),
    "polars": polars.DataFrame(TABLE),
    "polars categorical": polars.DataFrame(TABLE).cast({"town": polars.Categorical}),
    "polars enum": polars.DataFrame(TABLE).cast({"town": polars.Enum(["Chur", "Bern", "Aarau"])}),
    "pyarrow": pyarrow.table(TABLE),
    "dict of series": {k: polars.Series(v) for k, v in TABLE.items()},
    "dict of objects": {k: np.array(v, dtype=object) for k, v in TABLE.items()},
    "dict of lists": {k: list(v) for k, v in TABLE.items()},
    "structured": np.array(
        list(zip(*TABLE.values(), strict=True)),
        dtype=[("age", float), ("town", "U9"), ("size", float), ("price", float)],
    ),
}


@pytest.mark.parametrize("kind", TABLES)
def test_every_table_gives_the_same_numbers(kind):
    encoder, _, rows, found = learned(TABLES[kind])
    reference, _, expected, _ = learned()
    assert encoder.features == reference.features
    np.testing.assert_array_equal(rows.z, expected.z)
    np.testing.assert_array_equal(rows.t, expected.t)
    np.testing.assert_array_equal(reference.encode(TABLES[kind]), expected.z)
    assert found == ()


ARRAYS = {
    "list of lists": X.tolist(),
    "tuples": [tuple(row) for row in X.tolist()],
    "objects": X.astype(object),
    "masked": np.ma.masked_array(X, False),
    "pandas without names": pandas.DataFrame(X),
    "fortran": np.asfortranarray(X),
    "longdouble": X.astype(np.longdouble),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_every_array_gives_the_same_numbers(kind):
    encoder, _, rows, _ = read_training(ARRAYS[kind], PRICE)
    _, _, expected, _ = read_training(X, PRICE)
    assert encoder.features == ("x0", "x1") and not encoder.named
    np.testing.assert_array_equal(rows.z, expected.z)
    np.testing.assert_array_equal(encoder.encode(ARRAYS[kind]), expected.z)


@pytest.mark.parametrize("kind", ["float32", "float16", "int64", "uint8", "bool"])
def test_small_types_are_their_float64_values(kind):
    block = (np.arange(2 * N) % 7 % 2 if kind == "bool" else np.arange(2 * N)).reshape(N, 2)
    _, _, rows, _ = read_training(block.astype(kind), PRICE)
    _, _, expected, _ = read_training(block.astype(float), PRICE)
    np.testing.assert_array_equal(rows.z, expected.z)


def test_jax_array():
    jnp = pytest.importorskip("jax.numpy")
    encoder, _, rows, _ = read_training(jnp.asarray(X, "float32"), jnp.asarray(PRICE, "float32"))
    np.testing.assert_array_equal(rows.z, encoder.encode(X.astype("float32")))


# y, as given; names of outputs; features
RESPONSES = [
    ("price", ("price",), ("age", "size", "w")),
    ("price ~ .", ("price",), ("age", "size", "w")),
    ("price ~ . - w", ("price",), ("age", "size")),
    ("price ~ size + age", ("price",), ("age", "size")),
    ("`price` ~ `age`", ("price",), ("age",)),
    ("price~.-w-size", ("price",), ("age",)),
    (["price", "w"], ("price", "w"), ("age", "size")),
]


@pytest.mark.parametrize("y, outputs, features", RESPONSES)
def test_columns_by_name(y, outputs, features):
    table = {"age": AGE, "price": PRICE, "size": SIZE, "w": np.arange(N) % 13 + 1.5}
    encoder, response, rows, _ = read_training(table, y)
    assert (encoder.features, response.names) == (features, outputs)
    assert rows.t.shape == (N, len(outputs))
    assert response.decode(rows.t).shape == ((N,) if len(outputs) == 1 else (N, 2))


def test_weight_column_is_no_input():
    table = {"age": AGE, "price": PRICE, "w": np.arange(N) % 3 + 1.0}
    encoder, _, rows, _ = read_training(table, "price ~ .", weights="w")
    assert encoder.features == ("age",)
    assert rows.weights.mean() == pytest.approx(1.0)
    assert rows.weights[1] / rows.weights[0] == pytest.approx(2.0)


def test_whole_weights_count_rows():
    weights = np.arange(N) % 3 + 1
    encoder, response, _, _ = read_training(X, PRICE, weights=weights)
    repeated = np.repeat(np.arange(N), weights)
    same, also, _, _ = read_training(X[repeated], PRICE[repeated])
    np.testing.assert_allclose(encoder.center, same.center, rtol=1e-13)
    np.testing.assert_allclose(encoder.scale, same.scale, rtol=1e-13)
    np.testing.assert_allclose(response.scale, also.scale, rtol=1e-13)


def test_zero_weights_are_rows_left_out():
    weights = np.where(np.arange(N) < 10, 0.0, 2.0)
    encoder, _, rows, found = read_training(X, PRICE, weights=weights)
    same, _, expected, _ = read_training(X[10:], PRICE[10:])
    assert names_of(found) == ["zero-weights"] and found[0].severity == "note"
    np.testing.assert_array_equal(rows.kept, np.arange(10, N))
    np.testing.assert_array_equal(rows.weights, 1.0)
    np.testing.assert_allclose(rows.z, expected.z, atol=1e-14)
    assert encoder.columns[0].lo == same.columns[0].lo == AGE[10]


def test_several_outputs_keep_their_shape():
    y = np.stack([PRICE, SIZE], axis=1)
    _, response, rows, _ = read_training(AGE, y)
    np.testing.assert_allclose(response.decode(rows.t), y, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(response.decode_width(np.ones(2)), y.std(axis=0), rtol=1e-13)
    _, one, rows, _ = read_training(AGE, PRICE[:, None])
    assert one.decode(rows.t).shape == (N, 1)


def test_without_standardizing_the_users_numbers():
    encoder, _, rows, found = read_training(np.c_[X, np.ones(N)], PRICE, standardize=False)
    np.testing.assert_array_equal(rows.z, np.c_[X, np.ones(N)])
    np.testing.assert_array_equal(rows.t[:, 0], PRICE)
    assert len(encoder.features) == 3 and found == ()


LABELS = {
    "text": ["b", "a", "c", "b"],
    "truth": [True, False, False, True],
    "numpy truth": np.array([True, False, False, True]),
    "whole": [3, 1, 2, 1],
    "negative": [-1, 1, 1, -1],
    "large": [2**60 + 1, 2**60, 2**60 + 3, 2**60],
    "float": [0.0, 1.0, 1.0, 0.0],
    "digits with signs": ["+1", "-1", "-1", "+1"],
    "digits": ["10", "9", "9", "10"],
    "bytes": np.array([b"u", b"v", b"u", b"v"]),
}


TOLD = {"text": [], "truth": [], "numpy truth": [], "bytes": []}  # they can be nothing else


@pytest.mark.parametrize("kind", LABELS)
def test_labels_come_back_as_they_were(kind):
    labels = list(LABELS[kind]) * 10
    y = np.array(labels) if kind == "numpy truth" else labels
    _, response, rows, found = read_training(X, y)
    assert response.kind == "classification" and names_of(found) == TOLD.get(kind, ["task-chosen"])
    back = response.decode(rows.t).tolist()
    wanted = [v.decode() if isinstance(v, bytes) else v for v in np.array(labels).tolist()]
    assert back == wanted and {type(v) for v in back} == {type(v) for v in wanted}
    assert list(response.classes) == sorted(set(wanted))
    again = Response.from_dict(json.loads(json.dumps(response.to_dict())))
    np.testing.assert_array_equal(again.encode(y), rows.t)


@pytest.mark.parametrize("library", [pandas.Series, polars.Series, pyarrow.array])
def test_labels_of_a_series(library):
    _, response, rows, _ = read_training(X, library(TOWN))
    assert response.classes == ("Aarau", "Bern", "Chur")
    assert response.decode(rows.t).tolist() == TOWN


def test_declared_whole_categories():
    y = pandas.Series(pandas.Categorical([4, 8, 6, 10] * 10))
    _, response, rows, _ = read_training(X, y)
    assert response.classes == (4, 6, 8, 10)
    assert response.decode(rows.t).tolist() == y.tolist()
    table = pandas.DataFrame({"cylinders": y, "age": AGE})
    encoder, _, rows, _ = read_training(table, PRICE)
    wanted = ("cylinders=4", "cylinders=6", "cylinders=8", "cylinders=10", "age")
    assert encoder.features == wanted
    plain = {"cylinders": y.astype(float).to_numpy(), "age": AGE}
    np.testing.assert_array_equal(encoder.encode(plain), rows.z)


# values; the task that "auto" chooses; whether it says so
TASKS = [
    ("many numbers", PRICE, "regression", False),
    ("many whole numbers", np.arange(N), "regression", False),
    ("two whole numbers", np.arange(N) % 2, "classification", True),
    ("floats 0 and 1", np.arange(N) % 2 * 1.0, "classification", True),
    ("other two floats", np.arange(N) % 2 + 1.0, "regression", True),
    ("three whole floats", np.arange(N) % 3 * 1.0, "regression", True),
    ("three whole numbers", np.arange(N) % 3, "classification", True),
    ("whole numbers as text", [str(i % 3) for i in range(N)], "classification", True),
    ("whole floats as text", [f"{i % 3}.0" for i in range(N)], "regression", True),
    ("few fractions", np.arange(N) % 3 + 0.5, "regression", False),
    ("eleven whole numbers", np.arange(N) % 11, "regression", False),
    ("few rows of each", np.arange(N) % 9, "regression", False),
    ("numbers as text", [str(p) for p in PRICE], "regression", True),
    (
        "several outputs",
        np.stack([np.arange(N) % 2, np.arange(N) % 3], axis=1),
        "regression",
        False,
    ),
]


@pytest.mark.parametrize("what, y, task, said", TASKS, ids=[t[0] for t in TASKS])
def test_task(what, y, task, said):
    _, response, _, found = read_training(X, y)
    assert response.kind == task
    assert ("task-chosen" in names_of(found)) == said
    if said:
        assert f"task={task!r}" in str(found[0])


def test_task_is_as_asked():
    _, response, rows, found = read_training(X, np.arange(N) % 2, task="regression")
    assert response.kind == "regression" and rows.t.shape == (N, 1) and found == ()
    _, response, _, found = read_training(X, np.arange(N) % 9, task="classification")
    assert response.kind == "classification" and "task-chosen" not in names_of(found)
    _, response, rows, _ = read_training(X, np.arange(N) % 2 == 0, task="regression")
    np.testing.assert_allclose(rows.t[:2, 0], [1.0, -1.0])


# ---- errors ------------------------------------------------------------------------------------


def doubled():
    return pandas.DataFrame(np.c_[X, AGE], columns=["a", "b", "a"])


def ids(count=N):
    return [f"id{i}" for i in range(count)]


DAYS = [datetime.date(2020, 1, 1) + datetime.timedelta(i) for i in range(N)]
# what is wrong; the call; the exact class; words that the message must have
ERRORS = [
    ("nothing", lambda: read_training(None, PRICE), ArgumentError, ["X is None"]),
    ("a file name", lambda: read_training("a.csv", "p ~ ."), ArgumentError, ["'a.csv'", "table"]),
    ("an object", lambda: read_training(object(), PRICE), ArgumentError, ["type object"]),
    ("list of dicts", lambda: read_training([{"a": 1}] * 9, PRICE), ArgumentError, ["dicts"]),
    ("lazy", lambda: read_training(polars.LazyFrame(TABLE), "price"), ArgumentError, ["collect"]),
    ("no y", lambda: read_training(X, None), ArgumentError, ["y is missing", "price ~ ."]),
    ("names without names", lambda: read_training(X, "price"), ArgumentError, ["no names"]),
    ("task", lambda: learned(task="rank"), ArgumentError, ["'rank'", "'classification'"]),
    ("missing", lambda: learned(missing="mean"), ArgumentError, ["'mean'", "'drop'"]),
    # shapes
    ("no columns", lambda: read_training({}, PRICE), EmptyDataError, ["no columns"]),
    ("no rows", lambda: read_training(X[:0], PRICE[:0]), EmptyDataError, ["no rows"]),
    ("empty list", lambda: read_training([], []), EmptyDataError, ["X has no rows"]),
    ("few rows", lambda: read_training(X[:4], PRICE[:4]), TooFewPointsError, ["4 rows", "5"]),
    ("lengths", lambda: read_training(X, PRICE[:-1]), ColumnError, ["40 rows", "y has 39"]),
    ("columns", lambda: learned({**TABLE, "age": AGE[:-1]}), ColumnError, ["age: 39", "size: 40"]),
    ("images", lambda: read_training(np.zeros((9, 2, 2)), PRICE), ColumnError, ["(9, 2, 2)"]),
    ("ragged", lambda: read_training([[1, 2], [1], [2, 3]], PRICE), ColumnError, ["row 2"]),
    ("doubled", lambda: read_training(doubled(), PRICE), ColumnError, ["'a'", "rename"]),
    ("doubled keys", lambda: read_training({1: AGE, "1": SIZE}, PRICE), ColumnError, ["'1'"]),
    ("two-dimensional", lambda: learned({**TABLE, "age": X}), ColumnError, ["age", "(40, 2)"]),
    ("lists in cells", lambda: read_training(polars.DataFrame({"a": [[1, 2]] * N}), PRICE),
     ColumnError, ["a holds several", "column of its own"]),
    # names
    ("no such column", lambda: learned(y="prise"), ColumnError, ["'prise'", "mean 'price'"]),
    ("no such input", lambda: learned(y="price ~ aeg"), ColumnError, ["did you mean 'age'"]),
    ("no such weights", lambda: learned(weights="w"), ColumnError, ["'w'"]),
    ("no inputs left", lambda: read_training({"y": PRICE}, "y ~ ."), ColumnError, ["No column"]),
    ("twice", lambda: learned(y=["price", "price"]), ColumnError, ["twice"]),
    ("logarithm", lambda: learned(y="log(price) ~ ."), FormulaError, ["log(price)", "column"]),
    ("product", lambda: learned(y="price ~ age*size"), FormulaError, ["age*size", "by itself"]),
    ("two tildes", lambda: learned(y="price ~ age ~ size"), FormulaError, ["one ~"]),
    ("open end", lambda: learned(y="price ~ age +"), FormulaError, ["belongs here"]),
    ("no right side", lambda: learned(y="price ~ "), FormulaError, ["belongs here"]),
    ("no left side", lambda: learned(y=" ~ age"), FormulaError, ["belongs here"]),
    # cells of the inputs
    ("infinite", lambda: learned(changed("age", 3, INF)), NotNumericError, ["age", "row 4"]),
    ("all missing", lambda: learned({**TABLE, "age": [NAN] * N}), EmptyDataError, ["age", "leave"]),
    ("every row", lambda: read_training({"a": put(AGE[:6], 0, NAN), "b": [1] + [None] * 5},
     PRICE[:6]), TooFewPointsError, ["0 rows", "6 of 6"]),
    ("fail", lambda: learned(changed("age", 6, NAN), missing="fail"), NotNumericError,
     ["age in 1", "row 7", "missing='drop'"]),
    ("typing error", lambda: learned(changed("age", 3, "four")), NotNumericError,
     ["'four'", "row 4"]),
    ("identifiers", lambda: learned({**TABLE, "id": ids()}), ColumnError, ["id", "40 different"]),
    ("dates", lambda: learned({**TABLE, "day": DAYS}), NotNumericError, ["day", "dates"]),
    ("times", lambda: learned({**TABLE, "day": np.array(DAYS, "M8[s]")}), NotNumericError, ["day"]),
    ("polars dates", lambda: read_training(polars.DataFrame({"day": DAYS}), PRICE),
     NotNumericError, ["day", "days since"]),
    ("complex", lambda: read_training(X * 1j, PRICE), NotNumericError, ["complex", "imaginary"]),
    ("objects", lambda: read_training({"a": [object()] * N}, PRICE), NotNumericError, ["row 1"]),
    ("huge", lambda: read_training(X * 1e300, PRICE), ScaleError, ["x0", "unit"]),
    ("tiny", lambda: read_training(X * 1e-300, PRICE), ScaleError, ["x0", "unit"]),
    ("nothing varies", lambda: read_training(np.ones((N, 2)), PRICE), DataError, ["No column"]),
    ("one feature name", lambda: learned({**TABLE, "town=Bern": AGE}), ColumnError, ["town=Bern"]),
    # the response
    ("constant y", lambda: read_training(X, np.full(N, 3.2)), DataError, ["constant: 3.2", "row"]),
    ("y of ones", lambda: read_training(X, np.ones(N)), DataError, ["y is constant: 1"]),
    ("y of integers 1", lambda: read_training(X, [1] * N), DataError, ["y is constant: 1"]),
    ("one class of numbers", lambda: read_training(X, [1] * N, task="classification"), DataError,
     ["one class only: 1"]),
    ("missing y", lambda: read_training(X, [NAN] * N), EmptyDataError, ["y has no value"]),
    ("infinite y", lambda: read_training(X, put(PRICE, 2, INF)), NotNumericError, ["row 3"]),
    ("huge y", lambda: read_training(X, PRICE * 1e300), ScaleError, ["y go up to"]),
    ("complex y", lambda: read_training(X, PRICE * 1j), NotNumericError, ["complex"]),
    ("dates as y", lambda: read_training(X, DAYS), NotNumericError, ["y holds dates"]),
    ("one class", lambda: read_training(X, ["a"] * N), DataError, ["one class only: 'a'"]),
    ("text regression", lambda: read_training(X, TOWN, task="regression"), NotNumericError,
     ["'Bern'", "row 1", "classification"]),
    ("classes of numbers", lambda: read_training(X, PRICE, task="classification"), DataError,
     ["not classes", "regression"]),
    ("a class per row", lambda: read_training(X, ids()), DataError, ["40 classes", "too many"]),
    ("two columns of classes", lambda: read_training(X, X.astype(int), task="classification"),
     ColumnError, ["2 columns"]),
    ("mixed labels", lambda: read_training(X, [1, "a"] * (N // 2)), NotNumericError, ["'a'"]),
    # weights
    ("negative", lambda: learned(weights=put(AGE, 4, -1)), DataError, ["negative", "row 5"]),
    ("all zero", lambda: learned(weights=np.zeros(N)), DataError, ["zero"]),
    ("not a number", lambda: learned(weights=put(AGE, 4, NAN)), NotNumericError, ["row 5"]),
    ("text weights", lambda: learned(weights=TOWN), NotNumericError, ["weights"]),
    ("other length", lambda: learned(weights=AGE[:9]), ColumnError, ["9 weights", "40 rows"]),
]  # fmt: skip


@pytest.mark.parametrize("what, call, kind, words", ERRORS, ids=[e[0] for e in ERRORS])
def test_bad_training_data(what, call, kind, words):
    with pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind
    message = str(caught.value)
    assert "Next: " in message
    assert [word for word in words if word not in message] == [], message


# what; the new table; the exact class; words
PREDICTIONS = [
    ("missing column", {"age": AGE, "size": SIZE}, ColumnError, ["'town'", "age, size"]),
    (
        "other case",
        {"Age": AGE, "size": SIZE, "town": TOWN},
        ColumnError,
        ["mean 'Age' for 'age'?"],
    ),
    ("missing columns", {"Age": AGE}, ColumnError, ["3 columns", "'Age' for 'age'"]),
    (
        "columns in use",
        {"age": AGE, "towns": TOWN},
        ColumnError,
        ["2 columns", "trained on age", "add 'town', 'size'; did you mean 'towns' for 'town'?"],
    ),
    (
        "near, but in use",
        {"age": AGE, "size": SIZE, "aged": AGE, "siz": SIZE},
        ColumnError,
        ["Next: add 'town'."],
    ),
    ("too narrow", X, ColumnError, ["2 columns", "trained with 3"]),
    ("text", changed("age", 4, "old"), NotNumericError, ["age", "'old'", "row 5"]),
    ("only text", {**TABLE, "age": TOWN}, NotNumericError, ["age is a number", "'Bern'", "row 1"]),
    ("missing number", changed("age", 4, NAN), NotNumericError, ["age is missing", "row 5"]),
    ("infinite", changed("age", 4, INF), NotNumericError, ["age is not finite", "row 5"]),
    ("missing category", changed("town", 4, None), NotNumericError, ["town", "row 5"]),
    ("dates", {**TABLE, "age": DAYS}, NotNumericError, ["dates"]),
    ("too far", changed("age", 4, 1.7e308), ScaleError, ["too far", "row 5"]),
    ("lengths", {**TABLE, "age": AGE[:3]}, ColumnError, ["age: 3"]),
    ("no rows", {k: [] for k in TABLE}, EmptyDataError, ["no rows"]),
    ("nothing", None, ArgumentError, ["X is None"]),
]


@pytest.mark.parametrize("what, table, kind, words", PREDICTIONS, ids=[p[0] for p in PREDICTIONS])
def test_bad_new_rows(what, table, kind, words):
    # so small a scale that the farthest number overflows
    encoder = learned({**TABLE, "age": AGE * 1e-3})[0] if what == "too far" else learned()[0]
    with pytest.raises(kind) as caught:
        encoder.encode(table)
    message = str(caught.value)
    assert type(caught.value) is kind and "Next: " in message
    assert [word for word in words if word not in message] == [], message


def test_one_row_is_a_table():
    encoder = read_training(X, PRICE)[0]
    with pytest.raises(ColumnError, match=r"reshape\(1, -1\)"):
        encoder.encode(X[0])
    assert encoder.encode([X[0]]).shape == encoder.encode(X[:1]).shape == (1, 2)
    one = learned()[0].encode({"age": 30, "town": "Bern", "size": 1.0})
    np.testing.assert_allclose(one[0, 1:4], [0.0, ROOT, 0.0])
    assert read_training(AGE, PRICE)[0].encode(30.0).shape == (1, 1)


def test_bad_new_response():
    response = learned(y="town ~ age + size")[1]
    with pytest.raises(DataError, match="'Basel', which is no class") as caught:
        response.encode([*TOWN[:3], "Basel"])
    assert "row 4" in str(caught.value)
    numbers = learned()[1]
    with pytest.raises(NotNumericError, match="row 3"):
        numbers.encode(put(PRICE, 2, NAN))
    with pytest.raises(ColumnError, match="2 columns"):
        numbers.encode(X)
