"""Many fits: where their data come from, how they run, how they stop, and what is kept."""

from __future__ import annotations

import itertools
import math
import os
import threading
import time
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from taylored.errors import (
    ArgumentError,
    BoundsError,
    ColumnError,
    EmptyDataError,
    NotNumericError,
    ParameterNameError,
    SigmaError,
)  # fmt: skip
from taylored.many import progress, run, source, work
from taylored.many.block import Block
from taylored.many.source import boxes_of, open_rows, places
from taylored.many.status import Status
from taylored.many.verb import fit_many

X = np.linspace(0.0, 4.0, 8)
FITS, POINTS = 300, len(X)
# Of float32 accuracy, so that every kind of source can hold exactly these numbers.
Y = np.random.default_rng(7).normal(5.0, 1.0, (FITS, POINTS)).astype(np.float32).astype(float)
MODEL = "a*exp(-x/tau)"


def fake(plan, batch):
    """Not a fit, but what it says depends on all data of a fit and on nothing else."""
    block = Block.empty(len(plan.names), len(batch))
    used = np.isfinite(batch.y) if batch.used is None else batch.used & np.isfinite(batch.y)
    sigma = 1.0 if batch.sigma is None else batch.sigma
    y = np.where(used, batch.y, 0.0) / sigma
    weights = np.arange(1.0, y.shape[1] + 1)
    sums = [(y * weights**p).cumsum(1)[:, -1] for p in range(len(plan.names))]
    block.theta[:] = sums
    block.stderr[:] = 0.0 if batch.start is None else batch.start
    block.chi2[:] = sum(c.cumsum(1)[:, -1] for c in batch.columns.values()) if batch.columns else 0
    block.points[:] = used.sum(1)
    block.dof[:] = used.sum(1) - len(plan.names)
    block.status[:] = np.where(used.any(1), Status.OK, Status.MASKED)
    return block


@pytest.fixture
def quick(monkeypatch):
    """Fits take no time, and every part and box has few of them."""
    monkeypatch.setattr(source, "_LEAST", 256)
    monkeypatch.setattr(run, "solve", fake)
    monkeypatch.setattr(work, "_MOST", 40)


@pytest.fixture
def slow(monkeypatch):
    """As `quick`, but a part takes a moment: there is time to stop."""
    monkeypatch.setattr(run, "solve", lambda p, b: (time.sleep(0.005), fake(p, b))[1])
    monkeypatch.setattr(work, "_MOST", 20)
    monkeypatch.setattr(source, "_LEAST", 256)


def same(first, second):
    """Whether two results are equal to the bit."""
    names = Block.__slots__
    return first.shape == second.shape and all(
        np.array_equal(getattr(first.block, n), getattr(second.block, n), equal_nan=True)
        for n in names
    )


# ---- sources --------------------------------------------------------------------------------


class Chunked:
    """A file of chunks as far as fits see it: boxes can be read, and it counts who reads what."""

    def __init__(self, array, chunks):
        self.array, self.chunks, self.shape, self.dtype = array, chunks, array.shape, array.dtype
        self.reads = np.zeros([math.ceil(n / c) for n, c in zip(self.shape, chunks, strict=True)])
        self.lock = threading.Lock()

    def __getitem__(self, index):
        sides = [s.indices(n) for s, n in zip(index, self.shape, strict=True)]
        touched = tuple(
            slice(low // c, -(-high // c))
            for (low, high, _), c in zip(sides, self.chunks, strict=True)
        )
        with self.lock:
            self.reads[touched] += 1
        return self.array[index]


def zarr_of(tmp_path):
    import zarr

    stored = zarr.create_array(str(tmp_path / "y.zarr"), shape=Y.shape, chunks=(37, 3), dtype="f8")
    stored[:] = Y
    return stored


def memory_map(tmp_path):
    np.save(tmp_path / "y.npy", Y)
    return np.load(tmp_path / "y.npy", mmap_mode="r")


def jax_array(_):
    import jax.numpy as jnp

    return jnp.asarray(Y.astype(np.float32))


def pandas_table(_):
    import pandas as pd

    return pd.DataFrame(Y)


def polars_table(_):
    import polars as pl

    return pl.DataFrame(Y, schema=[f"c{i}" for i in range(POINTS)])


def data_array(_):
    import xarray as xr

    return xr.DataArray(Y, dims=("pixel", "t"))


def lists():
    return pa.FixedSizeListArray.from_arrays(pa.array(Y.ravel()), POINTS)


SOURCES = {
    "list": lambda _: Y.tolist(),
    "tuple of arrays": lambda _: tuple(Y),
    "float32": lambda _: Y.astype(np.float32),
    "big-endian": lambda _: Y.astype(">f8"),
    "columns first": lambda _: np.asfortranarray(Y),
    "reversed": lambda _: Y[::-1].copy()[::-1],
    "masked, nothing hidden": lambda _: np.ma.array(Y),
    "memory map": memory_map,
    "zarr": zarr_of,
    "hdf5-like": lambda _: Chunked(Y, (50, 8)),
    "jax": jax_array,
    "arrow lists": lambda _: lists(),
    "arrow lists, sliced": lambda _: pa.concat_arrays([lists()[:3], lists()]).slice(3),
    "arrow chunks": lambda _: pa.chunked_array([lists()[:101], lists()[101:]]),
    "arrow lists of any length": lambda _: pa.array(Y.tolist()),
    "arrow table": lambda _: pa.table({f"c{i}": Y[:, i] for i in range(POINTS)}),
    "arrow batch": lambda _: pa.record_batch({f"c{i}": Y[:, i] for i in range(POINTS)}),
    "pandas": pandas_table,
    "polars": polars_table,
    "xarray": data_array,
}


@pytest.mark.parametrize(
    "kind", [pytest.param(k, marks=[pytest.mark.slow] if k == "jax" else []) for k in SOURCES]
)
def test_every_source_gives_the_same(kind, quick, tmp_path):
    expected = fit_many(MODEL, X, Y)
    assert expected.params["a"][3] == Y[3].cumsum()[-1] and expected.shape == (FITS,)
    assert same(fit_many(MODEL, X, SOURCES[kind](tmp_path)), expected)


@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "u8", "f2", "f4", "f8", "?"])
def test_every_type_of_numbers(dtype, quick):
    values = np.arange(40).reshape(5, POINTS).astype(dtype)
    found = fit_many(MODEL, X, values)
    assert found.params["a"].tolist() == values.astype(float).sum(1).tolist()


def test_missing_in_arrow_and_masked(quick):
    rows = pa.array([[1.0] * POINTS, None, [2.0, None] + [0.0] * 6], pa.list_(pa.float64(), POINTS))
    assert fit_many(MODEL, X, rows).points.tolist() == [8, 0, 7]
    masked = np.ma.array(np.ones((2, POINTS)), mask=np.arange(16).reshape(2, POINTS) < 9)
    assert fit_many(MODEL, X, masked).points.tolist() == [0, 7]
    both = fit_many(MODEL, X, masked, mask=np.arange(POINTS) < 6)
    assert both.points.tolist() == [0, 5]


def test_shapes_of_the_fits(quick):
    expected = fit_many(MODEL, X, Y)
    cube = fit_many(MODEL, X, Y.reshape(3, 10, 10, POINTS))
    assert cube.shape == (3, 10, 10) and cube.params["tau"].shape == (3, 10, 10)
    assert np.array_equal(cube.block.theta, expected.block.theta)
    one = fit_many(MODEL, X, Y[4])
    assert one.shape == () and one.params["a"] == expected.params["a"][4]


def test_chunks_are_read_once_and_nothing_else_is(quick):
    cube = Chunked(np.ones((50, 70, POINTS)), (16, 16, 4))
    found = fit_many(MODEL, X, cube, threads=3)
    assert (cube.reads == 1).all() and found.usable.all()


@pytest.mark.parametrize("shape, chunks, points", [
    ((), (), 5), ((7,), (1,), 10), ((100000,), (1,), 100), ((1000003,), (1,), 3),
    ((300, 300), (1, 1), 100), ((5, 4000, 4000), (1, 1, 1), 50), ((512, 512), (64, 64), 30),
    ((10, 10), (100, 100), 20), ((3, 2), (1, 1), 10**8), ((999, 1001), (256, 10), 1000),
])  # fmt: skip
def test_boxes_are_all_fits_in_pieces_that_memory_holds(shape, chunks, points):
    boxes = boxes_of(shape, chunks, points)
    sizes = [math.prod(s.stop - s.start for s in box) for box in boxes]
    assert sum(sizes) == math.prod(shape)
    assert all(n == 1 or 8 * points * n <= 1 << 27 for n in sizes)
    for first, second in itertools.pairwise(boxes):
        assert first != second
    if math.prod(shape) <= 300 * 300:
        seen = np.zeros(math.prod(shape), int)
        for box in boxes:
            seen[places(box, shape)] += 1
        assert (seen == 1).all()
    for box in boxes[:50]:
        if 8 * points * math.prod(chunks) < 1 << 27:
            assert all(s.start % c == 0 for s, c in zip(box, chunks, strict=True))


def test_axes_of_the_points_may_be_anywhere(quick):
    cube = np.ascontiguousarray(np.moveaxis(Y.reshape(30, 10, POINTS), -1, 0))
    rows = open_rows(cube, (0,))
    assert rows.shape == (30, 10) and rows.points == POINTS
    box = (slice(2, 5), slice(0, 10))
    assert np.array_equal(rows.numbers(box)[0], Y[20:50])
    patches = open_rows(cube, (2, 0))  # two axes of points, flattened in this order
    wanted = cube.transpose(1, 2, 0).reshape(30, -1)
    assert np.array_equal(patches.numbers((slice(0, 30),))[0], wanted)


# ---- what goes with Y -----------------------------------------------------------------------


def test_masks(quick):
    some = np.arange(FITS) % 3 > 0
    points = np.arange(POINTS) > 1
    expected = np.outer(some, points).sum(1)
    whole = fit_many(MODEL, X, Y, mask=some[:, None] & points)
    assert whole.points.tolist() == expected.tolist()
    assert fit_many(MODEL, X, Y, mask=points).points.tolist() == [6] * FITS
    by_fit = fit_many(MODEL, X, Y, mask=some)
    assert by_fit.points.tolist() == (8 * some).tolist() and by_fit.counts["masked"] == 100
    image = fit_many(MODEL, X, Y.reshape(20, 15, POINTS), mask=255 * some.reshape(20, 15))
    assert image.points.ravel().tolist() == (8 * some).tolist()
    square = Y[:8]
    choose = np.arange(8) < 3
    assert fit_many(MODEL, X, square, mask=choose[None, :]).points.tolist() == [3] * 8
    assert fit_many(MODEL, X, square, mask=choose[:, None]).points.tolist() == [8] * 3 + [0] * 5


def test_sigma_of_each_fit_is_read_with_it(quick, tmp_path):
    sigma = np.random.default_rng(1).uniform(1, 2, Y.shape)
    expected = fit_many(MODEL, X, Y, sigma=sigma)
    assert expected.plan.absolute and not same(expected, fit_many(MODEL, X, Y))
    stored = Chunked(sigma, (37, 3))
    assert same(fit_many(MODEL, X, Y, sigma=stored), expected)
    each = fit_many(MODEL, X, Y, sigma=sigma[:, :1])
    assert same(each, fit_many(MODEL, X, Y, sigma=np.repeat(sigma[:, :1], POINTS, 1)))
    assert fit_many(MODEL, X, Y, sigma=sigma[0]).plan.sigma.tolist() == sigma[0].tolist()
    assert fit_many(MODEL, X, Y, sigma=2.0).plan.sigma.tolist() == [2.0] * POINTS


def test_starts_of_each_fit(quick):
    starts = np.linspace(1, 2, FITS)
    starts[5] = np.nan
    found = fit_many(MODEL, X, Y, start={"tau": starts, "a": 3}, bounds={"tau": (0.5, None)})
    assert np.array_equal(found.stderr["tau"], starts, equal_nan=True)
    assert (found.stderr["a"] == 3).all()
    assert fit_many(MODEL, X, Y, start={"a": 3}).plan.params.start[0] == 3


def test_columns_of_each_fit(quick):
    times = X + np.arange(FITS)[:, None]
    times[4, 2] = np.nan
    found = fit_many(MODEL, {"x": times}, Y)
    assert found.points[4] == 7 and found.points[5] == 8
    times[4, 2] = times[4, 0]  # what is not used repeats a number
    assert np.array_equal(found.chi2, times.cumsum(1)[:, -1])
    offset = np.arange(FITS).reshape(20, 15)
    by_fit = fit_many("a*exp(-(x - s)/tau)", {"x": X, "s": offset}, Y.reshape(20, 15, POINTS))
    assert np.array_equal(by_fit.chi2, offset * 8)


def test_real_fits_with_own_columns_and_starts():
    rng = np.random.default_rng(3)
    times = X + rng.uniform(0, 0.3, (6, 1))
    y = 2 * np.exp(-times / 1.5) + 0.01 * rng.standard_normal((6, POINTS))
    found = fit_many(MODEL, {"x": times}, y, start={"tau": np.full(6, 1.0)})
    assert found.usable.all() and abs(found.params["tau"] - 1.5).max() < 0.1


BAD = {
    "no numbers": ({"Y": np.array([["a", "b"]])}, NotNumericError, "type"),
    "complex": ({"Y": Y + 1j}, NotNumericError, "Y.real"),
    "times": ({"Y": Y.astype("M8[s]")}, NotNumericError, "since"),
    "ragged": ({"Y": [[1, 2, 3], [1, 2]]}, ColumnError, "by="),
    "ragged arrow": ({"Y": pa.array([[1.0, 2.0], [1.0]])}, ColumnError, "by="),
    "texts in a list": ({"Y": [["a", "b"]]}, NotNumericError, "numbers"),
    "a number": ({"Y": 3.0}, ColumnError, "points"),
    "no fits": ({"Y": np.zeros((0, 8))}, EmptyDataError, "no fits"),
    "no points": ({"Y": np.zeros((4, 0))}, EmptyDataError, "no points"),
    "text in a table": ({"Y": pa.table({"a": ["x"]})}, NotNumericError, "by="),
    "other length": ({"Y": Y[:, :7]}, ColumnError, "7"),
    "points first": ({"Y": Y.T}, ColumnError, "last axis"),
    "Y missing": ({"Y": None}, ArgumentError, "Y is missing"),
    "x like Y": ({"x": np.ones(Y.shape)}, ColumnError, 'x={"t": x}'),
    "column of a strange shape": ({"x": {"x": np.ones((2, 8))}}, ColumnError, "(2, 8)"),
    "sigma by fit": ({"sigma": np.ones(FITS)}, SigmaError, "sigma[..., None]"),
    "sigma strange": ({"sigma": np.ones((3, 3))}, SigmaError, "(3, 3)"),
    "mask strange": ({"mask": np.ones(5, bool)}, ArgumentError, "(5,)"),
    "mask of floats": ({"mask": np.ones(8)}, ArgumentError, "isfinite"),
    "mask of one": ({"mask": True}, ArgumentError, "leave it out"),
    "mask ambiguous": ({"Y": Y[:8], "mask": np.ones(8, bool)}, ArgumentError, "mask[:, None]"),
    "start elsewhere": ({"start": {"q": np.ones(FITS)}}, ParameterNameError, "q"),
    "start strange": ({"start": {"a": np.ones(7)}}, ArgumentError, "(7,)"),
    "start infinite": ({"start": {"a": np.full(FITS, np.inf)}}, ArgumentError, "fit 0"),
    "start outside": (
        {"start": {"a": np.linspace(1, 9, FITS)}, "bounds": {"a": (0, 5)}}, BoundsError, "fit 150"),
    "start of a fixed one": (
        {"start": {"a": np.ones(FITS)}, "fixed": {"a": 2}}, ArgumentError, "fixed"),
    "absolute without sigma": ({"absolute_sigma": True}, ArgumentError, "sigma"),
    "threads": ({"threads": 0}, ArgumentError, "threads"),
    "progress": ({"progress": "loud"}, ArgumentError, "progress"),
    "callback": ({"callback": 3}, ArgumentError, "callback"),
    "misnamed": ({"p0": [1, 2]}, ArgumentError, "start="),
    "weights": ({"weights": 1}, ArgumentError, "1/sigma"),
    "unknown": ({"zzz": 1}, ArgumentError, "zzz"),
    "name of a column": ({"Y": "y"}, ArgumentError, "by="),
    "mask and by": ({"Y": "y", "by": "k", "mask": [1]}, ArgumentError, "mask"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_by_name(case, quick):
    given, error, words = BAD[case]
    with pytest.raises(error) as caught:
        fit_many(MODEL, **{"x": X, "Y": Y, **given})
    assert words in str(caught.value) and caught.value.next_step


# ---- how they run ---------------------------------------------------------------------------


def test_neither_threads_nor_pieces_matter(monkeypatch):
    rng = np.random.default_rng(5)
    y = np.outer(rng.uniform(1, 3, 24), np.exp(-X / 1.3)) + 0.02 * rng.standard_normal((24, 8))
    y[3] = np.nan
    y[7] = 4.0
    expected = fit_many(MODEL, X, y, threads=1)
    assert expected.counts["ok"] >= 20 and len(expected.counts) >= 3
    monkeypatch.setattr(work, "_MOST", 5)
    assert same(fit_many(MODEL, X, y, threads=3), expected)
    assert same(fit_many(MODEL, X, Chunked(y, (7, 8)), threads=2), expected)


def test_all_threads_work_also_on_a_single_chunk(monkeypatch, slow):
    names = set()

    def seen(plan, batch):
        names.add(threading.current_thread().name)
        time.sleep(0.01)
        return fake(plan, batch)

    monkeypatch.setattr(run, "solve", seen)
    fit_many(MODEL, X, Chunked(Y, (FITS, POINTS)), threads=3)
    assert len(names) == 3


def test_memory_holds_few_boxes_at_a_time(monkeypatch, quick):
    class Watched(Chunked):
        held = most = 0

        def __getitem__(self, index):
            with self.lock:
                self.held += index[0].stop - index[0].start
                self.most = max(self.most, self.held)
            return super().__getitem__(index)

    y = Watched(np.tile(Y, (10, 1)), (100, 8))
    release = run.Data.release

    def released(data, box):
        with y.lock:
            y.held -= box[0].stop - box[0].start
        release(data, box)

    monkeypatch.setattr(run.Data, "release", released)
    monkeypatch.setattr(run, "_MEMORY", 2 * 8 * 200 * POINTS)
    assert fit_many(MODEL, X, y, threads=8).usable.all()
    assert 0 < y.most <= 2 * 200 and y.held == 0


def test_pace_follows_the_clock():
    pace = work.Pace(10**6)
    sizes = [pace.size]
    for _ in range(6):
        pace.learn(pace.size, 1e-6 * pace.size)
        sizes.append(pace.size)
    assert sizes == [256, 1024, 4096, 4096, 4096, 4096, 4096]
    pace.learn(4096, 40.0)
    assert pace.size == 16
    assert work.Pace(100).size == 25


def test_one_fit_again(quick):
    found = fit_many(MODEL, X, Y.reshape(20, 15, POINTS), mask=np.arange(POINTS) < 7)
    batch = found.batch(17)
    assert np.array_equal(batch.y, Y[17:18]) and batch.used.tolist() == [[True] * 7 + [False]]


def test_cores_are_those_of_this_process():
    assert 1 <= run.usable_cores() <= os.cpu_count()


# ---- progress -------------------------------------------------------------------------------


def test_steps_count_everything(quick):
    steps = []
    fit_many(MODEL, X, Y, callback=steps.append, mask=np.arange(FITS) > 2)
    done = [s.done for s in steps]
    assert done == sorted(set(done)) and done[-1] == FITS == steps[-1].total
    assert steps[-1].not_usable == 3 and steps[-1].left == 0


def test_rate_and_time_left():
    now = [0.0]
    meter = progress.Meter(1000, lambda: now[0])
    assert math.isnan(meter.step().rate)
    meter.add(np.zeros(200, np.int8), reused=True)
    meter.add(np.full(100, 8, np.int8))
    now[0] = 2.0
    step = meter.step()
    assert (step.done, step.not_usable, step.rate, step.left) == (300, 100, 50.0, 14.0)
    assert progress.told(step) == "300 of 1,000 fits, 50.0/s, 14 s left, 33.3 % not usable"
    assert progress.told(meter.step()).startswith("300")
    fast = progress.Step(10**6, 10**7, 0, 1.0, 1234567.0, 7350.0)
    assert "1,230,000/s, 2 h 2 min left" in progress.told(fast)


def test_bar_is_shown_late_and_on_terminals_only(monkeypatch, capsys):
    watch = progress.Watch("auto", None)
    step = progress.Step(1, 10, 0, 0.4, 2.0, 4.0)
    drawn = []
    bar = SimpleNamespace(
        add_task=lambda *a, **k: 0, start=lambda: drawn.append("start"),
        stop=lambda: drawn.append("stop"), update=lambda *a, **k: drawn.append(k["told"]),
    )  # fmt: skip
    with monkeypatch.context() as patch:
        patch.setattr(progress, "_new_bar", lambda: bar)
        watch.show(step)
        assert drawn == []
        watch.show(progress.Step(2, 10, 0, 0.6, 2.0, 4.0))
        watch.stop()
    assert drawn == ["start", "2 of 10 fits, 2.00/s, 4 s left, 0.0 % not usable", "stop"]
    progress.Watch("auto", None).show(progress.Step(2, 10, 0, 9.0, 2.0, 4.0))
    silent = progress.Watch(False, None)
    silent.show(progress.Step(2, 10, 0, 9.0, 2.0, 4.0))
    assert capsys.readouterr().err == ""  # no terminal here
