"""Tables for networks: what is said of doubtful data, what does not depend on order, saving."""

from __future__ import annotations

import copy
import json
import math
import random

import numpy as np
import pandas
import polars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taylored.errors import SavedFitError
from taylored.networks.tables import Encoder, Response, read_training

NAN = math.nan
N = 40
AGE = np.arange(N) * 1.5 + 20.0
SIZE = np.cos(np.arange(N)) * 3.0
TOWN = [["Bern", "Aarau", "Chur", "Bern"][i % 4] for i in range(N)]
PRICE = AGE * 0.5 + SIZE**2
TABLE = {"age": AGE, "town": TOWN, "size": SIZE, "price": PRICE}


def put(values, *pairs):
    cells = list(values)
    for row, value in pairs:
        cells[row] = value
    return cells


def with_column(**columns):
    return {**TABLE, **columns}


def found_in(table, y="price ~ .", **options):
    return read_training(table, y, **options)[3]


LABELS = put(["a", "b"] * (N // 2), (7, "c"))
HEAVY = np.ones(N) * 1e-6
HEAVY[:3] = 1.0
# what; the call; name, severity and parameters of the one finding; words
FINDINGS = [
    ("constant", lambda: found_in(with_column(k=[7.0] * N)),
     "constant-column", "warning", ["k"], ["k is 7", "left out"]),
    ("constant to rounding", lambda: found_in(with_column(k=put([0.3] * N, (1, 0.1 + 0.2)))),
     "constant-column", "warning", ["k"], ["0.3"]),
    ("constant text", lambda: found_in(with_column(k=["red"] * N)),
     "constant-column", "warning", ["k"], ["'red'"]),
    ("constant truth", lambda: found_in(with_column(k=[True] * N)),
     "constant-column", "warning", ["k"], ["k is 1"]),
    ("nearly constant", lambda: found_in(with_column(k=1e6 + SIZE * 1e-6)),
     "nearly-constant-column", "warning", ["k"], ["11th digit"]),
    ("left out", lambda: found_in(with_column(age=put(AGE, (3, NAN), (5, NAN)),
                                              town=put(TOWN, (5, None), (9, None)))),
     "rows-left-out", "warning", ["age", "town"], ["3 rows of 40", "age in 2", "town in 2"]),
    ("left out for y", lambda: found_in(with_column(price=put(PRICE, (3, NAN)))),
     "rows-left-out", "warning", ["price"], ["1 row of 40", "price in 1"]),
    ("masked", lambda: found_in(with_column(age=np.ma.masked_array(AGE, np.arange(N) == 4))),
     "rows-left-out", "warning", ["age"], ["1 row of 40"]),
    ("nullable", lambda: found_in(pandas.DataFrame(TABLE).assign(
        n=pandas.array(put(range(N), (2, None)), "Int64"))),
     "rows-left-out", "warning", ["n"], ["n in 1"]),
    ("missing truth", lambda: found_in(polars.DataFrame(with_column(
        k=put([True, False] * 20, (4, None))))), "rows-left-out", "warning", ["k"], ["k in 1"]),
    ("outlier", lambda: found_in(with_column(age=put(AGE, (11, 1e5)))),
     "outlying-values", "warning", ["age"], ["1e+05", "row 12"]),
    ("outlier behind a gap", lambda: found_in(with_column(age=put(AGE, (2, NAN), (11, 1e5))))[1:],
     "outlying-values", "warning", ["age"], ["row 12"]),
    ("outlier of y", lambda: found_in(with_column(price=put(PRICE, (11, 1e5)))),
     "outlying-values", "warning", ["price"], ["row 12"]),
    ("many categories", lambda: found_in(with_column(k=[f"c{i % 10}" for i in range(N)])),
     "many-categories", "warning", ["k"], ["10 categories", "in 4"]),
    ("numbers as text", lambda: found_in(with_column(k=[f"{v:.3f}" for v in SIZE**2])),
     "numbers-as-text", "note", ["k"], ["numbers written as text"]),
    ("a text among numbers", lambda: found_in(with_column(k=put(["4", "6", "8", "4"] * 10,
                                                                (6, "six")))),
     "numbers-as-categories", "warning", ["k"], ["'six'", "row 7"]),
    ("similar", lambda: found_in(with_column(k=["red", "Red ", "blue", "red"] * 10)),
     "similar-categories", "warning", ["k"], ["'Red '", "'red'"]),
    ("leak", lambda: found_in(with_column(cents=PRICE * 100.0 + 5.0)),
     "response-among-inputs", "warning", ["cents"], ["cents is price"]),
    ("a line", lambda: found_in(AGE, 2.0 * AGE + 1.0),
     "response-among-inputs", "note", ["x"], ["x is y"]),
    ("rare class", lambda: found_in(TABLE | {"l": LABELS}, "l ~ age", task="classification"),
     "rare-class", "warning", ["l"], ["'c' in 1 row"]),
    ("uneven weights", lambda: found_in(TABLE, weights=HEAVY),
     "uneven-weights", "warning", [], ["40 rows", "3 equal"]),
    ("other labels", lambda: found_in(pandas.DataFrame({"age": AGE, "size": SIZE}),
                                      pandas.Series(PRICE).sample(frac=1.0, random_state=1)),
     "row-labels-differ", "warning", [], ["by position", "X.index"]),
]  # fmt: skip


@pytest.mark.parametrize("what, call, name, severity, params, words", FINDINGS,
                         ids=[f[0] for f in FINDINGS])  # fmt: skip
def test_doubtful_training_data(what, call, name, severity, params, words):
    (finding,) = call()
    assert (finding.name, finding.severity, list(finding.params)) == (name, severity, params)
    assert [word for word in words if word not in str(finding)] == [], str(finding)
    assert finding.next_step


def test_ordinary_data_have_no_findings():
    rng = np.random.default_rng(0)
    table = {"n": rng.normal(size=500), "u": rng.uniform(size=500), "k": rng.random(500) < 0.1}
    table |= {"e": rng.exponential(size=500), "l": np.exp(1.5 * rng.normal(size=500))}
    assert found_in(table, rng.normal(size=500)) == ()


def test_rows_left_out_are_those_with_gaps():
    table = with_column(age=put(AGE, (3, NAN)), town=put(TOWN, (8, None)))
    encoder, _, rows, _ = read_training(table, "price ~ .")
    kept = [i for i in range(N) if i not in (3, 8)]
    assert rows.kept.tolist() == kept
    whole = {name: [cells[i] for i in kept] for name, cells in table.items()}
    np.testing.assert_array_equal(encoder.encode(whole), rows.z)


def test_constant_columns_have_no_feature():
    encoder, _, rows, _ = read_training(with_column(k=[7.0] * N), "price ~ .")
    assert "k" in [c.name for c in encoder.columns] and "k" not in encoder.features
    z, found = encoder.encode_with_findings(with_column(k=put([7.0] * N, (2, 8.0))))
    np.testing.assert_array_equal(z, rows.z)
    assert [f.name for f in found] == ["outside-of-training-range"] and "7 alone" in str(found[0])
    encoder, _, _, _ = read_training(with_column(k=["red"] * N), "price ~ .")
    (finding,) = encoder.examine(with_column(k=put(["red"] * N, (2, "blue")))).findings
    assert finding.name == "unseen-category" and "'blue'" in str(finding)


# ---- new rows ----------------------------------------------------------------------------------


def test_unseen_category_is_all_zero_and_marked():
    encoder, _, rows, _ = read_training(TABLE, "price ~ .")
    seen = encoder.examine(with_column(town=put(TOWN, (4, "Basel"), (6, "Genf"), (9, "Basel"))))
    (finding,) = seen.findings
    assert finding.name == "unseen-category" and finding.params == ("town",)
    assert "'Basel', 'Genf' in 3 rows (row 5, 7, 10)" in finding.message
    assert np.flatnonzero(seen.unseen).tolist() == [4, 6, 9]
    np.testing.assert_array_equal(seen.z[seen.unseen][:, 1:4], 0.0)
    np.testing.assert_array_equal(seen.z[~seen.unseen], rows.z[~seen.unseen])
    assert not seen.outside.any()


def test_far_outside_is_marked_and_the_edge_is_not():
    encoder, _, _, _ = read_training(np.c_[AGE, SIZE], PRICE)
    lo, hi = AGE.min(), AGE.max()
    near = 2.9 / len(AGE) * (hi - lo)  # a few spacings
    edge = [lo - near, hi + near]
    assert encoder.examine([[edge[0], 0.0], [edge[1], 0.0]]).findings == ()
    beyond = [[lo - 0.11 * (hi - lo), 0.0], [30.0, 0.0], [90.0, 9.0], [91.0, 0.0]]
    seen = encoder.examine(beyond)
    assert seen.outside.tolist() == [True, False, True, True]
    (finding,) = seen.findings
    assert finding.name == "outside-of-training-range" and finding.params == ("x0", "x1")
    assert "3 rows of 4" in finding.message and "x0 in 3 (91, trained on 20 to 78.5)" in str(
        finding
    )
    same = encoder.examine(np.array(beyond))
    np.testing.assert_array_equal(same.z, seen.z)
    assert same.findings == seen.findings


def test_position_is_said_where_names_are_lost():
    encoder, _, rows, _ = read_training({"age": AGE, "size": SIZE}, PRICE)
    z, found = encoder.encode_with_findings(np.c_[AGE, SIZE])
    np.testing.assert_array_equal(z, rows.z)
    assert [f.name for f in found] == ["columns-by-position"] and "age, size" in str(found[0])
    unnamed, _, _, _ = read_training(np.c_[AGE, SIZE], PRICE)
    z, found = unnamed.encode_with_findings({"age": AGE, "size": SIZE})
    np.testing.assert_array_equal(z, rows.z)
    assert [f.name for f in found] == ["columns-by-position"]


CELLS = st.one_of(
    st.lists(st.floats(-1e6, 1e6), min_size=24, max_size=24),
    st.lists(st.sampled_from(["a", "b", "c"]), min_size=24, max_size=24),
    st.lists(st.booleans(), min_size=24, max_size=24),
    st.lists(st.integers(-9, 9), min_size=24, max_size=24),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_order_of_named_columns_does_not_count(columns, rng: random.Random):
    table = {f"c{i}": column for i, column in enumerate(columns)}
    table["steady"] = list(np.arange(24.0))
    encoder, _, rows, _ = read_training(table, np.arange(24) ** 1.5)
    names = list(table)
    rng.shuffle(names)
    seen = encoder.examine({"more": [None] * 24} | {name: table[name] for name in names})
    np.testing.assert_array_equal(seen.z, rows.z)
    assert seen.findings == ()
    assert np.isfinite(rows.z).all()
    one = encoder.examine(polars.DataFrame({name: table[name] for name in names})[3:5])
    np.testing.assert_array_equal(one.z, rows.z[3:5])
    again = Encoder.from_dict(json.loads(json.dumps(encoder.to_dict(), allow_nan=False)))
    assert again.columns == encoder.columns and again.features == encoder.features
    np.testing.assert_array_equal(again.encode(table), rows.z)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-1.0, 1.0).map(lambda v: round(v, 9)), min_size=6, max_size=30),
    st.floats(-60.0, 60.0),
    st.floats(-1e9, 1e9).map(lambda v: round(v, 9)),  # smaller ones are refused
)
def test_numbers_of_any_size_are_finite_with_mean_zero(values, power, shift):
    column = np.array(values) * 10.0**power + shift
    steady = np.arange(float(len(column)))
    encoder, _, rows, _ = read_training({"a": column, "s": steady}, steady**2)
    assert np.isfinite(rows.z).all()
    if "a" in encoder.features:
        # Rounding of the center leaves a mean of some ulps of the numbers over their spread.
        ulps = 4.0 * np.finfo(float).eps * np.abs(column).max() / encoder.scale[0]
        assert abs(rows.z[:, 0].mean()) <= ulps + 1e-14
        assert abs(rows.z[:, 0].std() - 1.0) <= ulps + 1e-14


# ---- saving ------------------------------------------------------------------------------------


def test_response_round_trip():
    for y in (PRICE, np.c_[PRICE, SIZE], TOWN, np.arange(N) % 2 == 0):
        response, rows = read_training(np.c_[AGE, SIZE], y)[1:3]
        again = Response.from_dict(json.loads(json.dumps(response.to_dict(), allow_nan=False)))
        np.testing.assert_array_equal(again.decode(rows.t), response.decode(rows.t))
        assert (again.names, again.classes, again.flat) == (
            response.names, response.classes, response.flat)  # fmt: skip


# path to what is changed; the value it gets
DAMAGE = [
    ([], None), ([], []), ([], "x"), (["columns"], None), (["columns"], []), (["columns"], [1]),
    (["named"], 1), (["columns", 0, "name"], 3), (["columns", 0, "name"], "town"),
    (["columns", 0, "kind"], "date"), (["columns", 0, "kind"], "category"),
    (["columns", 0, "center"], "1"), (["columns", 0, "center"], NAN),
    (["columns", 0, "center"], None), (["columns", 0, "center"], True),
    (["columns", 0, "scale"], 0.0), (["columns", 0, "scale"], -1.0),
    (["columns", 0, "scale"], math.inf), (["columns", 0, "scale"], 10**400),
    (["columns", 0, "range"], [1.0]), (["columns", 0, "range"], [2.0, 1.0]),
    (["columns", 0, "range"], None), (["columns", 0, "constant"], 0),
    (["columns", 1, "categories"], []), (["columns", 1, "categories"], ["a", "a"]),
    (["columns", 1, "categories"], [1, 2]), (["columns", 1, "categories"], "abc"),
    (["columns", 1, "kind"], "number"),
]  # fmt: skip
RESPONSE_DAMAGE = [
    ([], None), (["kind"], "ranking"), (["kind"], "regression"), (["names"], []), (["names"], "a"),
    (["names"], [1]), (["names"], ["a", "b"]), (["classes"], []), (["classes"], ["a"]),
    (["classes"], ["b", "a"]), (["classes"], ["a", "a"]), (["classes"], ["a", 1]),
    (["classes"], [None, None]), (["classes"], [[1], [2]]), (["center"], [NAN]), (["center"], 1.0),
    (["center"], [[1.0]]), (["scale"], [0.0]), (["scale"], ["x"]), (["scale"], [1.0, 1.0]),
    (["flat"], 1),
]  # fmt: skip


def damaged(document, path, value):
    if not path:
        return value
    document = copy.deepcopy(document)
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return document


@pytest.mark.parametrize("path, value", DAMAGE)
def test_damaged_encoder_is_refused(path, value):
    document = read_training(TABLE, "price ~ .")[0].to_dict()
    assert Encoder.from_dict(document).to_dict() == document
    with pytest.raises(SavedFitError, match="damaged"):
        Encoder.from_dict(damaged(document, path, value))


@pytest.mark.parametrize("path, value", RESPONSE_DAMAGE)
def test_damaged_response_is_refused(path, value):
    document = read_training(TABLE, "town ~ .")[1].to_dict()
    assert Response.from_dict(document).to_dict() == document
    with pytest.raises(SavedFitError, match="damaged"):
        Response.from_dict(damaged(document, path, value))


def test_every_missing_key_is_refused():
    encoder, response, _, _ = read_training(TABLE, "price ~ .")
    for whole, read in ((encoder.to_dict(), Encoder), (response.to_dict(), Response)):
        for key in whole:
            with pytest.raises(SavedFitError, match="damaged"):
                read.from_dict({k: v for k, v in whole.items() if k != key})
