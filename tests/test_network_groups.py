"""Labels of groups and weights as users have them: of any kind, missing, and too few to divide."""

from __future__ import annotations

import datetime

import numpy as np
import pandas
import polars
import pytest

from taylored.errors import ColumnError, DataError, NotNumericError
from taylored.networks.tables import read_training

N = 40
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 2))
Y = X[:, 0] + RNG.normal(size=N)
K = np.arange(N) % 4
DAYS = np.datetime64("2024-01-01") + K


def groups_of(labels, **options):
    return read_training(X, Y, groups=labels, **options)[2].groups


LABELS = {
    "whole": K,
    "floats": K + 0.5,
    "texts": [f"id {k}" for k in K],
    "days": DAYS,
    "nanoseconds": DAYS.astype("datetime64[ns]"),
    "pandas days": pandas.Series(DAYS.astype("datetime64[ns]")),
    "pandas categories": pandas.Categorical(K),
    "polars": polars.Series(K),
    "dates": [datetime.date(2024, 1, 1 + k) for k in K.tolist()],
    "tuples": [("a", k) for k in K.tolist()],
    "whole and texts": [k if k % 2 else str(k) for k in K.tolist()],
    "infinite": np.where(K == 3, np.inf, K),
    "a column": K[:, None],
    "cells in lists": [[k] for k in K.tolist()],
}


@pytest.mark.parametrize("kind", LABELS)
def test_any_label_makes_groups(kind):
    np.testing.assert_array_equal(groups_of(LABELS[kind]), K)


def test_a_number_and_its_text_are_one_label():
    mixed = [k if i < 20 else str(k) for i, k in enumerate(K.tolist())]
    np.testing.assert_array_equal(groups_of(mixed), K)
    np.testing.assert_array_equal(groups_of([float(k) if k % 2 else k for k in K.tolist()]), K)


MISSING = {
    "nan": np.where(K == 3, np.nan, K),
    "None": [None if k == 3 else "a" * (k + 1) for k in K],
    "blank": [" " if k == 3 else str(k) for k in K],
    "days": np.where(K == 3, np.datetime64("NaT"), DAYS),
    "pandas days": pandas.Series(np.where(K == 3, np.datetime64("NaT"), DAYS)),
    "masked": np.ma.masked_equal(K, 3),
}


@pytest.mark.parametrize("kind", MISSING)
def test_a_missing_label_is_refused_with_its_row(kind):
    with pytest.raises(DataError, match="no group") as caught:
        groups_of(MISSING[kind])
    assert "row 4, 8, 12" in str(caught.value)


@pytest.mark.parametrize("labels", [K[:5], np.c_[K, K], 3, [{}] * N])
def test_what_is_no_label_per_row_is_refused(labels):
    with pytest.raises(ColumnError, match="label"):
        groups_of(labels)


def test_groups_count_where_their_rows_do():
    with pytest.raises(DataError, match="All rows with a weight and no missing cells"):
        groups_of(K % 2, weights=K % 2.0)
    holed = X.copy()
    holed[K % 2 == 0, 0] = np.nan
    with pytest.raises(DataError, match="no missing cells are of one group"):
        read_training(holed, Y, groups=K % 2)
    np.testing.assert_array_equal(groups_of(K, weights=(K > 0) * 1.0), K[K > 0] - 1)


def test_a_weight_beside_which_no_other_counts_is_refused():
    weights = np.ones(N)
    weights[3] = 1e300
    with pytest.raises(DataError, match=r"count like 1\.0") as caught:
        read_training(X, Y, weights=weights)
    assert "row 4" in str(caught.value)
    weights[3] = 100.0
    assert "uneven-weights" in [f.name for f in read_training(X, Y, weights=weights)[3]]


WRITTEN = {
    "days": [f"2024-01-{k % 28 + 1:02d}" for k in range(N)],
    "with gaps": [None if k % 9 == 0 else f"2024-02-{k % 28 + 1:02d}" for k in range(N)],
    "with time": ["2024-01-05 12:00:00", "2024-01-06T11:30Z"] * 20,
    "nearly all": ["unknown", *[f"2024-01-{k % 28 + 1:02d}" for k in range(N - 1)]],
}


@pytest.mark.parametrize("kind", WRITTEN)
def test_dates_written_as_texts_are_dates(kind):
    with pytest.raises(NotNumericError, match="d holds dates or times"):
        read_training({"d": WRITTEN[kind], "x": X[:, 0]}, Y)


def test_other_texts_with_dashes_are_categories():
    for texts in (["2024-13-01", "a-b"], ["2024-01", "2024-02"], ["1234-56-78", "1234-56-79"]):
        encoder = read_training({"d": texts * 20, "x": X[:, 0]}, Y)[0]
        assert encoder.columns[0].categories == tuple(sorted(texts))
    declared = pandas.Categorical(["2024-01-05", "2024-01-06"] * 20)
    assert len(read_training({"d": declared, "x": X[:, 0]}, Y)[0].features) == 3
