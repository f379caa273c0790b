"""One fit to data in chunks: the numbers of a fit in memory, whoever looked at the chunks."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

import taylored as ty
from chunked import FORMULA, assert_same, decay, in_chunks, model
from taylored.errors import (
    ArgumentError,
    ColumnError,
    DataError,
    EmptyDataError,
    FileReadError,
    ModelError,
    NotNumericError,
    SigmaError,
    TooFewPointsError,
)
from taylored.many.big import Chunks, runner
from taylored.results import Accuracy


@pytest.fixture(scope="module")
def table() -> dict[str, np.ndarray]:
    return decay(30_000)


@pytest.fixture(scope="module")
def small(table):
    return ty.fit(FORMULA, table)


@pytest.fixture(scope="module")
def big(table):
    return ty.fit(FORMULA, in_chunks(table, 7_001))


# ---- the same numbers as in memory ----------------------------------------------------------


def test_chunks_of_tables(big, small):
    assert_same(big, small)
    assert big.covariance == pytest.approx(small.covariance, rel=1e-9)
    assert big.r_squared == pytest.approx(small.r_squared, rel=1e-9)
    assert big.aicc == pytest.approx(small.aicc, rel=1e-9)
    assert big.usable and big.status.startswith("Good fit: 30000 points")
    assert (big.chunks, big.accuracy) == (5, Accuracy.CALIBRATED)


@pytest.mark.parametrize("absolute", [True, False])
def test_sigma_of_each_point(table, absolute):
    sigma = 0.03 + 0.004 * table["x"]
    given = {**table, "s": sigma}
    small = ty.fit(FORMULA, given, sigma="s", absolute_sigma=absolute)
    big = ty.fit(FORMULA, in_chunks(given, 8_000), sigma="s", absolute_sigma=absolute)
    assert_same(big, small)
    assert big.p_value == pytest.approx(small.p_value, rel=1e-9, nan_ok=True)


def test_dask_arrays_cut_at_different_places(table, small):
    da = pytest.importorskip("dask.array")
    x = da.from_array(table["x"], chunks=9_000)
    y = da.from_array(table["y"], chunks=10_000)
    assert_same(ty.fit(model, x, y), small)
    assert_same(ty.fit("a*exp(-x/tau) + c", x, y), small)
    assert_same(ty.fit(FORMULA, {"x": x, "y": y}), small)
    weighted = ty.fit(model, x, y, sigma=da.full(30_000, 0.05, chunks=4_000))
    assert_same(weighted, ty.fit(model, table["x"], table["y"], sigma=0.05))


@pytest.mark.parametrize("turned", [False, True])
def test_several_inputs_as_one_array(turned):
    da = pytest.importorskip("dask.array")
    rng = np.random.default_rng(4)
    x = rng.normal(size=(2, 6_000))
    y = 3.0 * x[0] - 2.0 * x[1] ** 2 + 0.1 * rng.normal(size=6_000)
    small = ty.fit("a*x1 + b*x2**2", x, y)
    given = da.from_array(x.T if turned else x, chunks=1_000)
    assert_same(ty.fit("a*x1 + b*x2**2", given, da.from_array(y, chunks=2_500)), small)


def test_dask_dataframe_reads_the_columns_it_needs(table, small):
    dd, pd = pytest.importorskip("dask.dataframe"), pytest.importorskip("pandas")
    frame = dd.from_pandas(pd.DataFrame({**table, "note": ["text"] * 30_000}), npartitions=4)
    assert_same(ty.fit(FORMULA, frame), small)
    assert_same(ty.fit(model, frame[["x"]], frame["y"]), small)
    assert_same(ty.fit(model, frame[["x", "y"]], "y"), small)


def test_cube_of_xarray():
    xr = pytest.importorskip("xarray")
    t, p = np.linspace(0.0, 10.0, 400), np.arange(12.0)
    noise = np.random.default_rng(2).normal(0.0, 0.02, (400, 12))
    values = 2.0 * np.exp(-t[:, None] / 2.0) + 0.01 * p + noise
    cube = xr.DataArray(values, dims=("t", "p"), coords={"t": t, "p": p}, name="s")
    flat = {"t": np.repeat(t, 12), "p": np.tile(p, 400), "s": values.ravel()}
    small = ty.fit("s ~ a*exp(-t/tau) + d*p", flat)
    chunked = cube.chunk({"t": 150, "p": 5})
    for given in (chunked, chunked.to_dataset()):
        assert_same(ty.fit("s ~ a*exp(-t/tau) + d*p", given), small)
    short = ty.fit("a*exp(-t/tau) + c", chunked["t"], chunked.isel(p=0))
    assert_same(short, ty.fit("a*exp(-t/tau) + c", t, values[:, 0]))


def test_files_and_functions(table, small, tmp_path):
    pl = pytest.importorskip("polars")
    pl.DataFrame({k: v[:10_000] for k, v in table.items()}).write_parquet(tmp_path / "a.parquet")
    pl.DataFrame({k: v[10_000:20_000] for k, v in table.items()}).write_csv(tmp_path / "b.csv")
    rest = {k: v[20_000:] for k, v in table.items()}
    pieces = [tmp_path / "a.parquet", str(tmp_path / "b.csv"), lambda: rest]
    assert_same(ty.fit(FORMULA, Chunks(pieces)), small)


def test_computed_response_fixed_and_bounded():
    table = decay(5_000)
    for options in ({"fixed": {"c": 0.3}}, {"bounds": {"c": (0.4, None)}}):
        assert_same(ty.fit(FORMULA, in_chunks(table, 900), **options),
                    ty.fit(FORMULA, table, **options), 1e-8)  # fmt: skip
    text = "log(y + 1) ~ a + b*x"
    assert_same(ty.fit(text, in_chunks(table, 900)), ty.fit(text, table))


def test_predict(big, small):
    found, expected = big.predict([0.5, 3.0, 20.0]), small.predict([0.5, 3.0, 20.0])
    assert found.value == pytest.approx(expected.value, rel=1e-9)
    assert found.lo == pytest.approx(expected.lo, rel=1e-9)
    assert found.kind is expected.kind is Accuracy.CALIBRATED


# ---- rows that are missing or wrong ---------------------------------------------------------


def test_missing_rows_are_dropped_and_counted(table):
    y = table["y"].copy()
    y[[3, 12_345]] = np.nan
    y[20_000:21_000] = np.nan  # the whole of a chunk
    given = {"x": table["x"], "y": y}
    big, small = ty.fit(FORMULA, in_chunks(given, 1_000)), ty.fit(FORMULA, given)
    assert_same(big, small)
    assert big.setup.columns.dropped == small.setup.columns.dropped
    assert [f.message for f in big.warnings] == [f.message for f in small.warnings]


def rows_of(table, *cuts):
    return Chunks([{k: v[c] for k, v in table.items()} for c in cuts])


def _with(column: str, row: int, value: float):
    table = decay(1_000)
    table[column][row] = value
    return table


@pytest.mark.parametrize(
    ("chunks", "options", "error", "said"),
    [
        (in_chunks(_with("y", 617, np.inf), 400), {}, NotNumericError, "chunk 2: row 218"),
        (in_chunks(_with("x", 3, np.nan), 400), {"na": "fail"}, NotNumericError, "chunk 1: row 4"),
        (in_chunks({"x": np.ones(9), "y": np.full(9, np.nan)}, 4), {}, EmptyDataError, "Every row"),
        (in_chunks(decay(2), 1), {}, TooFewPointsError, "2 points cannot determine 3"),
        (in_chunks({"x": np.ones(9)}, 4), {}, ColumnError, "no column 'y'"),
        (in_chunks(decay(9), 4), {"sigma": "s"}, ColumnError, "no such column"),
        (in_chunks(_with("x", 5, 0.0), 4), {"sigma": "x"}, SigmaError, "chunk 2: row 2"),
        (in_chunks(decay(9), 4), {"sigma": np.ones(9)}, ArgumentError, "hold every column"),
        (in_chunks(decay(9), 4), {"p0": [1]}, ArgumentError, "write start="),
        (Chunks(["missing.parquet"]), {}, FileReadError, "missing.parquet"),
        (Chunks([lambda: (np.ones(3), np.ones(3))]), {}, ArgumentError, "not a table"),
        (Chunks([decay(9), lambda: 7]), {}, ArgumentError, "not a table"),
        (rows_of({"x": np.ones(9), "y": np.ones(8)}, slice(0, 9)), {}, ColumnError, "lengths"),
    ],
)  # fmt: skip
def test_refused(chunks, options, error, said):
    with pytest.raises(error, match=said):
        ty.fit(FORMULA, chunks, **options)


def test_no_chunks():
    with pytest.raises(EmptyDataError, match="no chunks"):
        Chunks([])


def test_empty_and_tiny_chunks():
    table = decay(60)
    cuts = [slice(i, i + 1) for i in range(40)] + [slice(40, 40), slice(40, 60)]
    assert_same(ty.fit(FORMULA, rows_of(table, *cuts)), ty.fit(FORMULA, table))


def test_arrays_that_do_not_go_together():
    da = pytest.importorskip("dask.array")
    x, y = da.ones(10, chunks=5), da.ones(9, chunks=5)
    with pytest.raises(ColumnError, match="different lengths"):
        ty.fit("a*x + b", x, y)
    with pytest.raises(ArgumentError, match="no y"):
        ty.fit("a*x + b", x)


def test_models_that_mix_rows_are_refused():
    with pytest.raises(ModelError, match="more than one row"):
        ty.fit(lambda x, a, b: a * (x - x.mean()) + b, in_chunks(decay(100), 50), "y")


def test_a_model_that_cannot_be_traced():
    def steps(x, a, b):
        return np.array([a * float(v) + b if v > 5 else b for v in x])

    table = decay(500)
    big = ty.fit(steps, in_chunks(table, 200), "y")
    assert_same(big, ty.fit(steps, table["x"], table["y"]), 1e-6)
    assert "differences" in [f.name for f in big.warnings]


# ---- the verdict ----------------------------------------------------------------------------


def test_undetermined(table):
    big = ty.fit("y ~ a*b*exp(-x) + c", in_chunks(table, 9_000))
    assert not big.usable
    assert big.warnings[0].name == "undetermined"
    assert np.isinf(big.stderr["a"]) and big.interval("a").kind is Accuracy.UNKNOWN


def test_a_peak_that_the_sample_misses_is_a_pattern():
    """Two rows in a thousand are in the peak: the sample's few cannot speak for it."""
    rng = np.random.default_rng(8)
    x = rng.uniform(0.0, 1000.0, 100_000)
    y = 1.0 + 0.5 * np.exp(-((x - 300.0) ** 2) / 2.0) + rng.normal(0.0, 0.2, 100_000)
    big = ty.fit("y ~ c + s*x", in_chunks({"x": x, "y": y}, 30_000))
    assert "pattern" in [f.name for f in big.warnings]
    assert "pattern" not in [f.name for f in big.sample.warnings]
    right = ty.fit("y ~ c + s*x", in_chunks({"x": x, "y": rng.normal(size=100_000)}, 30_000))
    assert "pattern" not in [f.name for f in right.warnings]


def test_too_large_for_sigma(table):
    big = ty.fit(FORMULA, in_chunks(table, 9_000), sigma=0.04)
    assert "poor-fit" in [f.name for f in big.warnings]


def test_intervals(big, small):
    for name in big.params:
        wald, profile = big.interval(name), big.interval(name, method="profile-t")
        assert tuple(wald) == pytest.approx(tuple(small.interval(name)), rel=1e-9)
        assert wald.kind is Accuracy.CALIBRATED
        assert tuple(profile) == pytest.approx(
            tuple(small.interval(name, method="profile-t")), rel=1e-9
        )
    with pytest.raises(ArgumentError):
        big.interval("b")


def test_bent_and_bounded_intervals_are_estimates():
    few = decay(25, seed=3)
    few["y"] += np.random.default_rng(1).normal(0.0, 0.5, 25)
    big = ty.fit(FORMULA, in_chunks(few, 10))
    assert big.interval("tau").kind is Accuracy.ESTIMATED
    held = ty.fit(FORMULA, in_chunks(decay(600), 100), bounds={"c": (0.4, None)})
    assert held.interval("c").kind is Accuracy.UNKNOWN
    assert held.interval("tau").kind is Accuracy.ESTIMATED
    assert "at-bound" in [f.name for f in held.warnings]


def test_examine_agrees_with_all_residuals(table, big, small):
    found = big.examine()
    r = small.residuals
    signs = r > 0
    far = np.argsort(-np.abs(r))[:10]
    assert found.rows == pytest.approx(far + 1)
    assert found.largest == pytest.approx(r[far] / small.scale, rel=1e-6)
    assert found.runs == 1 + np.count_nonzero(signs[1:] != signs[:-1])
    assert found.neighbors == pytest.approx(r[1:].dot(r[:-1]) / r.dot(r), abs=1e-9)
    centered = r - r.mean()
    variance = np.mean(centered**2)
    assert found.skewness == pytest.approx(np.mean(centered**3) / variance**1.5, abs=1e-6)
    assert found.kurtosis == pytest.approx(np.mean(centered**4) / variance**2 - 3.0, abs=1e-6)
    assert not found.findings


def test_examine_finds_an_outlier_and_waves(table):
    y = table["y"].copy()
    y[12_345] += 1.0
    found = ty.fit(FORMULA, in_chunks({"x": table["x"], "y": y}, 8_000)).examine()
    assert [f.name for f in found.findings] == ["outliers"] and found.rows[0] == 12_346
    waves = table["y"] + 0.05 * np.sin(np.arange(30_000) / 500.0)
    found = ty.fit(FORMULA, in_chunks({"x": table["x"], "y": waves}, 8_000)).examine()
    assert "pattern" in [f.name for f in found.findings]


def test_report_document_and_pickle(big):
    assert "30000 used, none dropped" in big.report()
    document = json.loads(json.dumps(big.to_dict()))
    assert (document["chunks"], document["passes"]) == (5, big.passes)
    again = pickle.loads(pickle.dumps(big))
    assert again.params == big.params and again.digits == big.digits
    assert again.examine().largest == pytest.approx(big.examine().largest)


@pytest.mark.parametrize("name", ["residuals", "leverage", "standardized_residuals"])
def test_what_has_one_number_per_row_is_refused(big, name):
    with pytest.raises(ArgumentError, match="as many as the rows"):
        getattr(big, name)
    with pytest.raises(ArgumentError):
        big.save("fit.json")
    with pytest.raises(ArgumentError):
        big.predict()


# ---- chunks that are none, or change --------------------------------------------------------


@pytest.mark.parametrize(
    "pieces, error, said",
    [
        (5, ArgumentError, "list of pieces.*type int"),
        ({"x": [1.0], "y": [2.0]}, ArgumentError, "one table"),
        (lambda: {"x": [1.0]}, ArgumentError, "type function"),
        ("nowhere/*.parquet", FileReadError, "No file has a name like"),
        ("nowhere.parquet", FileReadError, "Chunk 1, nowhere.parquet"),
        ([lambda: 1 / 0], FileReadError, "Chunk 1 cannot be opened.*\n.*\n.*ZeroDivision"),
        ([lambda: decay(9), lambda: [1, 2]], ArgumentError, "Chunk 2"),
    ],
)
def test_what_is_no_chunk_is_named(pieces, error, said):
    with pytest.raises(error, match=said):
        ty.fit(FORMULA, Chunks(pieces))


def test_a_pattern_of_files(tmp_path, table, small):
    pl = pytest.importorskip("polars")
    for i in range(3):
        part = {k: v[i * 10_000 : (i + 1) * 10_000] for k, v in table.items()}
        pl.DataFrame(part).write_parquet(tmp_path / f"part{i}.parquet")
    assert_same(ty.fit(FORMULA, Chunks(str(tmp_path / "*.parquet"))), small)
    assert len(Chunks(tmp_path / "part0.parquet")) == 1


def test_chunks_that_change_are_refused(monkeypatch):
    monkeypatch.setattr(runner, "KEPT", 0)
    random = np.random.default_rng(1)
    still, moving = decay(3_000), [lambda: decay(3_000, int(random.integers(1e9)))]
    with pytest.raises(DataError, match="other values than when it was read first") as caught:
        ty.fit(FORMULA, Chunks([still, *moving]))
    assert caught.value.where == "chunk 2"
    order = [{k: np.roll(v, i * (k == "y")) for k, v in still.items()} for i in range(30)]
    with pytest.raises(DataError, match="other values"):  # the same numbers, in other rows
        ty.fit(FORMULA, Chunks([lambda: order.pop()]))


def test_the_picture_shows_the_fit_of_all_rows(big):
    ax = big.plot()
    curve = next(line for line in ax.lines if line.get_label() == "fit")
    x, y = curve.get_data()
    assert np.array_equal(y, big.predict(x).value)
    assert np.abs(y - big.sample.predict(x).value).max() > 1e-5
    said = ax.figure.get_supxlabel()
    assert "4,000 of 30,000 rows are shown." in said and "a = 2.5" in said
    shown = ax.figure.axes[1].lines[0].get_ydata()
    data = big.setup.y - big.predict(big.setup.data[0]).value
    assert np.allclose(shown, data, atol=1e-12)


def test_what_was_examined_is_told(big):
    text = str(big.examine())
    assert text.startswith("Residuals of 30000 points, scatter 0.0")
    assert "runs of signs" in text and max(map(len, text.splitlines())) <= 80
