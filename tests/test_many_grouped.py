"""Fits by group of a long table: each is the fit of its own rows, whatever the others are."""

from __future__ import annotations

import datetime

import numpy as np
import pandas
import polars
import pyarrow
import pytest

import taylored as ty
from taylored.errors import (
    ArgumentError,
    ColumnError,
    EmptyDataError,
    FormulaError,
    NotNumericError,
    TayloredError,
)
from taylored.many import fit_many, grouped
from taylored.many.failures import Interrupted
from taylored.many.grouped import fit_groups
from taylored.many.keys import find_groups
from taylored.many.run import run
from taylored.many.stacked import _padded_length

MODEL = "y ~ a*exp(-t/tau) + c"
X = np.linspace(0.0, 4.0, 12)


def long_table(lengths=(12, 9, 12, 7, 30), own_x=True, seed=0):
    """Groups of so many rows, each with a decay of its own."""
    rng = np.random.default_rng(seed)
    parts = []
    for k, n in enumerate(lengths):
        t = np.linspace(0.0, 4.0 + (0.3 * k if own_x else 0.0), n) if own_x else X[:n]
        y = (2 + k) * np.exp(-t / (1 + 0.1 * k)) + 0.5 + rng.normal(0, 0.02, n)
        parts.append({"key": np.full(n, k), "t": t, "y": y, "s": np.full(n, 0.02)})
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def shuffled(table, seed=1):
    order = np.random.default_rng(seed).permutation(len(table["y"]))
    return {name: values[order] for name, values in table.items()}


def same(one, other):
    """Whether two blocks agree to the bit."""
    return all(
        np.array_equal(getattr(one, n), getattr(other, n), equal_nan=True) for n in one.__slots__
    )


def agrees(many, k, fit):
    """Whether a fit among many is as good as one by itself, and the same."""
    assert many.chi2[k] <= fit.chi2 * (1 + 1e-6)
    for name in many.names:
        assert many.params[name][k] == pytest.approx(fit.params[name], rel=1e-4)
        assert many.stderr[name][k] == pytest.approx(fit.stderr[name], rel=1e-4)
    assert many.points[k] == fit.points and many.dof[k] == fit.dof


# ---- the numbers ----


@pytest.mark.parametrize(("own_x", "sigma"), [(True, None), (True, 0.02), (False, "s")])
def test_each_is_the_fit_of_its_rows(own_x, sigma):
    table = long_table((12, 9, 12, 11) if not own_x else (12, 9, 12, 7, 30), own_x)
    many = fit_many(MODEL, table, by="key", sigma=sigma)
    assert many.shape == (len(many.keys["key"]),)
    for k, key in enumerate(many.keys["key"]):
        rows = {name: values[table["key"] == key] for name, values in table.items()}
        agrees(many, k, ty.fit(MODEL, rows, sigma=sigma))
        agrees(many, k, many.fit(k))


def tables(table):
    fields = [(n, v.dtype) for n, v in table.items()]
    records = np.zeros(len(table["y"]), fields)
    for name, values in table.items():
        records[name] = values
    return {
        "dict": table, "pandas": pandas.DataFrame(table), "polars": polars.DataFrame(table),
        "arrow": pyarrow.table(table), "records": records,
        "lists": {n: v.tolist() for n, v in table.items()},
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["dict", "pandas", "polars", "arrow", "records", "lists"])
def test_every_kind_of_table(kind):
    table = long_table()
    expected = fit_groups(MODEL, table, by="key")
    found = fit_groups(MODEL, tables(table)[kind], by="key")
    assert same(found.block, expected.block)
    assert found.keys["key"].tolist() == [0, 1, 2, 3, 4]


def test_equal_x_is_the_fit_of_an_array():
    table = long_table((12, 12, 12), own_x=False)
    Y = table["y"].reshape(3, 12)
    many = fit_groups(MODEL, table, by="key", sigma=0.02)
    assert same(many.block, fit_many(MODEL, {"t": X}, Y, sigma=0.02).block)


@pytest.mark.parametrize("turned", [False, True])
def test_rows_that_lack_are_missing_values(turned):
    table = long_table((12, 12, 12, 12), own_x=False)
    Y = table["y"].reshape(4, 12).copy()
    Y[1, 4] = Y[2, [0, 7]] = Y[3, 11] = np.nan
    there = np.isfinite(Y.ravel())
    if turned:
        table, there = {n: v[::-1] for n, v in table.items()}, there[::-1]
    few = {name: values[there] for name, values in table.items()}
    many = fit_groups(MODEL, few, by="key", sigma=0.02)
    expected = fit_many(MODEL, {"t": X}, Y, sigma=0.02).block
    order = many.keys["key"]
    if not turned:
        assert same(many.block, expected.take(order))
    np.testing.assert_allclose(many.block.theta, expected.theta[:, order], rtol=1e-6)
    assert many.points.tolist() == expected.points[order].tolist()


def test_other_groups_do_not_matter():
    table = long_table()
    whole = fit_groups(MODEL, table, by="key")
    for k in range(5):
        rows = {name: values[table["key"] == k] for name, values in table.items()}
        alone = fit_groups(MODEL, rows, by="key")
        assert alone.chi2[0] == pytest.approx(whole.chi2[k], rel=1e-6)
        assert alone.params["tau"][0] == pytest.approx(whole.params["tau"][k], rel=1e-5)


def test_rows_of_groups_may_be_mixed_up():
    table = long_table((12, 12, 12), own_x=False)
    order = np.argsort(np.tile(np.arange(12), 3), kind="stable")  # first rows first
    woven = {name: values[order] for name, values in table.items()}
    assert same(fit_groups(MODEL, woven, by="key").block, fit_groups(MODEL, table, by="key").block)
    many, mixed = fit_groups(MODEL, table, by="key"), fit_groups(MODEL, shuffled(table), by="key")
    assert sorted(mixed.keys["key"]) == [0, 1, 2]
    for k, key in enumerate(mixed.keys["key"]):
        assert mixed.params["tau"][k] == pytest.approx(many.params["tau"][key], rel=1e-6)


def test_padded_lengths():
    length = np.arange(1, 5000)
    padded = _padded_length(length)
    assert (padded >= length).all() and (padded <= 1.25 * length).all()
    assert (np.diff(padded) >= 0).all() and padded[:9].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 10]


def test_functions_and_several_inputs():
    table = long_table()
    expected = fit_groups(MODEL, table, by="key")
    found = fit_groups(lambda t, a, tau, c: a * np.exp(-t / tau) + c, table, by="key", y="y")
    np.testing.assert_allclose(found.params["tau"], expected.params["tau"], rtol=1e-6)
    bare = {n: v for n, v in table.items() if n != "s"}
    found = fit_groups(lambda x, a, tau, c: a * np.exp(-x / tau) + c, bare, by="key", y="y")
    np.testing.assert_allclose(found.params["tau"], expected.params["tau"], rtol=1e-6)
    rng = np.random.default_rng(2)
    plane = {"g": np.repeat([7, 3], 10), "u": rng.normal(size=20), "v": rng.normal(size=20)}
    plane["z"] = 1 + 2 * plane["u"] - 3 * plane["v"] + plane["g"]
    many = fit_groups("z ~ p*u + q*v + r", plane, by="g")
    np.testing.assert_allclose(many.params["p"], [2, 2])
    np.testing.assert_allclose(many.params["r"], [8, 4])


def test_a_key_may_be_an_input():
    table = long_table((12, 12), own_x=False)
    table["heat"] = 300.0 + 10.0 * table["key"]
    many = fit_groups("y ~ heat*a*exp(-t/tau) + c", table, by="heat")
    plain = fit_groups(MODEL, table, by="key")
    np.testing.assert_allclose(many.params["a"] * [300, 310], plain.params["a"], rtol=1e-5)


# ---- keys ----


def test_groups_are_in_order_of_appearance():
    keys, t = [5, 1, 5, 1, 9, 5, 1, 9, 9], [0, 0, 1, 1, 0, 2, 2, 1, 2]
    y = [0, 1, 1.1, 2, 2, 2, 3.3, 3, 4]
    many = fit_groups("y ~ a + b*t", {"key": keys, "t": t, "y": y}, by="key")
    assert many.keys["key"].tolist() == [5, 1, 9]
    assert many.params["b"].round(2).tolist() == [1.0, 1.15, 1.0]


@pytest.mark.parametrize(
    "labels",
    [["b", "a", "c"], [3, -1, 2], [2.5, 0.0, -1.0], [True, False, True], [b"x", b"y", b"z"],
     [(1, 2), "a", 3], np.array(["2020-02-01", "2020-01-01", "2020-03-01"], "M8[D]"),
     [datetime.date(2020, 2, 1), datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)]],
)  # fmt: skip
def test_keys_of_every_type(labels):
    values = np.empty(3, object) if isinstance(labels, list) else labels
    if isinstance(labels, list):
        values[:] = labels
        if len({type(v) for v in labels}) == 1 and not isinstance(labels[0], datetime.date):
            values = np.array(labels)
    found = find_groups({"k": np.repeat(values, 2)}, "k")
    unique = list(dict.fromkeys(values.tolist()))
    assert found.keys["k"].tolist() == unique
    assert found.length.tolist() == [2 * values.tolist().count(u) for u in unique]


def test_several_keys():
    table = long_table((12, 12, 12, 12), own_x=False)
    table["slide"] = np.where(table["key"] < 2, "left", "right")
    table["cell"] = table["key"] % 2
    many = fit_groups(MODEL, polars.DataFrame(table), by=["slide", "cell"])
    assert many.keys["slide"].tolist() == ["left", "left", "right", "right"]
    assert many.keys["cell"].tolist() == [0, 1, 0, 1]
    assert same(many.block, fit_groups(MODEL, table, by="key").block)


def missing_keys():
    return {
        "dict of objects": {"k": np.array(["a", None, "b", float("nan")], object)},
        "floats": {"k": np.array([1.0, np.nan, 2.0, np.nan])},
        "masked": {"k": np.ma.masked_array([1, 9, 2, 9], [0, 1, 0, 1])},
        "dates": {"k": np.array(["2020-01-01", "NaT", "2020-01-02", "NaT"], "M8[D]")},
        "polars": polars.DataFrame({"k": ["a", None, "b", None]}),
        "polars nan": polars.DataFrame({"k": [1.0, None, 2.0, float("nan")]}),
        "pandas": pandas.DataFrame({"k": pandas.array([1, None, 2, None], dtype="Int64")}),
        "objects of pandas": {"k": np.array([1, pandas.NA, 2, pandas.NaT], object)},
        "category": pandas.DataFrame({"k": pandas.Categorical(["a", None, "b", None])}),
        "arrow": pyarrow.table({"k": [1, None, 2, None]}),
    }


@pytest.mark.parametrize("kind", missing_keys())
def test_rows_without_a_key_are_in_no_group(kind):
    found = find_groups(missing_keys()[kind], "k")
    assert found.lacking.tolist() == [1, 3] and found.rows.tolist() == [0, 2]
    assert len(found) == 2


def test_rows_without_a_key_are_counted():
    table = long_table((12, 12), own_x=False)
    table["key"] = table["key"].astype(float)
    table["key"][[3, 15]] = np.nan
    many = fit_groups(MODEL, table, by="key")
    assert [f.name for f in many.warnings] == ["dropped"] and many.points.tolist() == [11, 11]
    assert "2 rows without key left out (row 4, 16)" in str(many.report())


# ---- what is wrong with some ----


def test_each_defect_has_its_verdict():
    table = long_table((12, 12, 12, 12, 12, 2, 12), own_x=False)
    table = {n: v.astype(float) for n, v in table.items()}
    table["t"][3] = np.nan  # left out
    table["t"][15] = np.inf
    table["s"][27] = 0.0
    table["y"][36:48] = np.nan
    table["s"][50] = np.nan  # left out
    table["y"][62:] = 7.0
    many = fit_groups(MODEL, table, by="key", sigma="s")
    assert many.status.tolist() == ["ok", "infinite", "bad-sigma", "missing", "ok",
                                    "too-few-points", "flat"]  # fmt: skip
    assert many.points.tolist()[::4] == [11, 11]
    sound = fit_groups(MODEL, long_table((12,) * 5, own_x=False), by="key", sigma="s")
    for k in (0, 4):
        rows = {n: v[table["key"] == k] for n, v in table.items()}
        agrees(many, k, ty.fit(MODEL, rows, sigma="s"))
        assert abs(many.params["tau"][k] / sound.params["tau"][k] - 1) < 0.1


@pytest.mark.parametrize(
    ("error", "changed", "options", "words"),
    [
        (ColumnError, {}, {"by": "kay"}, "did you mean 'key'"),
        (ArgumentError, {}, {"by": 3}, "name of the key column"),
        (ArgumentError, {}, {"by": []}, "name of the key column"),
        (ArgumentError, {}, {"by": ["key", "key"]}, "twice"),
        (ArgumentError, {"model": "a*exp(-t/tau)"}, {}, "column ~ model"),
        (ColumnError, {"model": "z ~ a*exp(-t/tau)"}, {}, "no column 'z'"),
        (ArgumentError, {}, {"y": "s"}, "given twice"),
        (FormulaError, {"model": "y ~ a*y + t"}, {}, "both sides"),
        (FormulaError, {"model": "log(y) ~ a + b*t"}, {}, "computed"),
        (ArgumentError, {"model": "y ~ a + b"}, {}, "does not depend on the data"),
        (ArgumentError, {"table": np.zeros((3, 4))}, {}, "need a table"),
        (ArgumentError, {"table": polars.LazyFrame({"key": [1]})}, {}, "collect"),
        (ColumnError, {"t": np.zeros(3)}, {}, "t has 3 rows"),
        (ColumnError, {}, {"sigma": np.ones(3)}, "sigma has 3 rows"),
        (ColumnError, {"key": np.zeros((48, 2))}, {}, "one key per row"),
        (ColumnError, {"more": np.zeros(3)}, {"by": ["key", "more"]}, "different lengths"),
        (EmptyDataError, {"key": np.full(48, np.nan)}, {}, "Every row lacks a key"),
        (NotNumericError, {"t": np.array(["x"] * 48)}, {}, "row 1"),
        (ArgumentError, {}, {"absolute_sigma": True}, "needs a sigma"),
        (TayloredError, {}, {"start": {"nu": 1}}, "nu"),
        (TayloredError, {}, {"sigma": -1.0}, "sigma is -1"),
    ],
)
def test_refusals(error, changed, options, words):
    changed = dict(changed)
    model = changed.pop("model", MODEL)
    table = changed.pop("table", {**long_table((12,) * 4, own_x=False), **changed})
    with pytest.raises(error) as caught:
        fit_groups(model, table, **{"by": "key", **options})
    assert words in str(caught.value) and caught.value.next_step


def test_no_rows():
    with pytest.raises(EmptyDataError, match="no rows"):
        fit_groups(MODEL, {"key": [], "t": [], "y": []}, by="key")


def test_groups_of_one_row_and_one_group():
    many = fit_groups(MODEL, {"key": [1, 2], "t": [0, 1], "y": [3, 4]}, by=("key",))
    assert many.status.tolist() == ["too-few-points"] * 2
    table = long_table((12,), own_x=False)
    agrees(fit_groups(MODEL, table, by="key"), 0, ty.fit(MODEL, table))


def test_keys_that_cannot_be_compared():
    lists = np.empty(2, object)
    lists[:] = [[1], [2]]
    with pytest.raises(ColumnError, match="cannot be compared"):
        find_groups({"k": lists}, "k")


def test_what_is_finished_is_kept(monkeypatch):
    table = long_table((12, 12, 30, 30, 60))
    jobs = []

    def stopping(job):
        jobs.append(job)
        if len(jobs) == 3:
            raise Interrupted("Stopped", None)
        return run(job)

    monkeypatch.setattr(grouped, "run", stopping)
    with pytest.raises(Interrupted) as caught:
        fit_groups(MODEL, table, by="key")
    kept = caught.value.result
    assert kept.interrupted and kept.status.tolist() == ["ok"] * 4 + ["not-run"]
    assert kept.keys["key"].tolist() == [0, 1, 2, 3, 4] and np.isnan(kept.params["tau"][4])


# ---- as a table ----


def test_to_table():
    many = fit_groups(MODEL, long_table(), by="key")
    table = many.to_table()
    assert list(table) == ["key", "a", "a_stderr", "tau", "tau_stderr", "c", "c_stderr", "chi2",
                           "dof", "points", "p_value", "status", "usable"]  # fmt: skip
    for frame in (pandas.DataFrame(table), polars.DataFrame(table)):
        assert frame.shape == (5, 13)
        assert list(frame["tau"]) == many.params["tau"].tolist()
        assert list(frame["status"]) == ["ok"] * 5


def test_to_table_of_an_image():
    Y = long_table((12,) * 6, own_x=False)["y"].reshape(2, 3, 12)
    table = fit_many(MODEL, {"t": X}, Y).to_table()
    assert table["dim_0"].tolist() == [0, 0, 0, 1, 1, 1]
    assert table["dim_1"].tolist() == [0, 1, 2, 0, 1, 2]
    one = fit_many(MODEL, {"t": X}, Y[0, 0]).to_table()
    assert len(one["tau"]) == 1 and "dim_0" not in one


def test_names_that_are_taken():
    table = long_table((12, 12), own_x=False)
    table["status"] = np.where(table["key"] == 0, "first", "second")
    found = fit_groups(MODEL, table, by="status").to_table()
    assert found["status"].tolist() == ["first", "second"]
    assert found["fit_status"].tolist() == ["ok", "ok"]
