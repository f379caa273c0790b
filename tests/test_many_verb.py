"""What `fit_many` hands on: a client, Dask's arrays, what has names, the options of groups."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import dask.array
import numpy as np
import pandas
import pytest
import xarray as xr

from taylored.errors import AlignmentError, ArgumentError
from taylored.many import fit_many, grouped
from taylored.many.failures import Interrupted
from taylored.many.run import run

MODEL = "a*exp(-t/tau) + c"
T = np.linspace(0.0, 5.0, 12)
QUIET = {"progress": False}


def decays(shape=(4, 3), seed=0):
    rng = np.random.default_rng(seed)
    tau = rng.uniform(0.8, 1.6, (*shape, 1))
    return 2.0 * np.exp(-T / tau) + 0.3 + 0.02 * rng.standard_normal((*shape, len(T)))


Y = decays()
SIGMA = np.random.default_rng(1).uniform(0.01, 0.03, Y.shape)


def same(first, second):
    """Whether two results are equal to the bit."""
    return first.shape == second.shape and all(
        getattr(first.block, f.name).tobytes() == getattr(second.block, f.name).tobytes()
        for f in fields(first.block)
    )


class Client:
    """A cluster of threads as far as fits see it."""

    asynchronous, status = False, "running"

    def __init__(self):
        self.calls = 0
        self.pool = ThreadPoolExecutor(1)

    def nthreads(self):
        return {"worker": 1}

    def submit(self, function, *args, key, pure):
        self.calls += 1
        return self.pool.submit(function, *args)

    def get(self, tasks, key, sync):
        from dask.local import get_sync

        return self.submit(get_sync, tasks, key, key=key, pure=False)


@pytest.fixture
def client():
    found = Client()
    yield found
    found.pool.shutdown()


# ---- a client, and Dask ---------------------------------------------------------------------


def on_disk(tmp_path):
    np.save(tmp_path / "y.npy", Y)
    return np.load(tmp_path / "y.npy", mmap_mode="r")


@pytest.mark.parametrize("kind", ["array", "file", "lists", "masked", "table", "named"])
def test_a_client_takes_what_a_process_takes(kind, client, tmp_path):
    given = {
        "array": lambda: Y, "file": lambda: on_disk(tmp_path), "lists": Y.tolist,
        "masked": lambda: np.ma.masked_array(Y, Y > 2.2),
        "table": lambda: pandas.DataFrame(Y[0]), "named": lambda: xr.DataArray(Y),
    }[kind]()  # fmt: skip
    steps = []
    found = fit_many(MODEL, T, given, client=client, callback=steps.append, **QUIET)
    assert client.calls and steps[-1].done == found.fits
    assert same(found, fit_many(MODEL, T, given, **QUIET))


def test_a_client_gets_all_that_goes_with_the_data(client):
    times = np.multiply.outer(np.linspace(0.9, 1.1, 12).reshape(4, 3), T)
    options = {"sigma": SIGMA, "mask": (np.arange(12) > 1).reshape(4, 3),
               "start": {"tau": np.full((4, 3), 1.2)}}  # fmt: skip
    expected = fit_many(MODEL, {"t": times}, Y, **options, **QUIET)
    assert expected.counts == {"ok": 10, "masked": 2}
    assert same(fit_many(MODEL, {"t": times}, Y, client=client, **options, **QUIET), expected)
    lazy = dask.array.from_array(Y, chunks=(2, 2, 5))
    assert same(fit_many(MODEL, {"t": times}, lazy, **options, **QUIET), expected)
    both = {"t": dask.array.from_array(times, chunks=(4, 1, 12))}
    assert same(fit_many(MODEL, both, lazy, threads=1, **options, **QUIET), expected)
    assert same(fit_many(MODEL, both, Y, **options, **QUIET), expected)


def test_what_does_not_go_with_chunks_is_refused(client, tmp_path):
    lazy = dask.array.from_array(Y, chunks=2)
    for options, words in (
        ({"threads": 0}, "threads is 0"), ({"out": tmp_path / "maps.zarr"}, "ledger="),
        ({"client": 5}, "distributed.Client"), ({"callback": 5}, "callback"),
    ):  # fmt: skip
        with pytest.raises(ArgumentError) as caught:
            fit_many(MODEL, T, lazy, **options, **QUIET)
        assert words in str(caught.value) and caught.value.next_step


# ---- names ----------------------------------------------------------------------------------


def named(values, *dims, **coordinates):
    return xr.DataArray(values, dims=dims, coords=coordinates)


@pytest.mark.parametrize("chunks", [None, {"y": 2}])
def test_names_decide_not_positions(chunks):
    cube = decays((12, 12))
    sigma = np.random.default_rng(2).uniform(0.01, 0.03, cube.shape)
    mask = np.random.default_rng(3).random((12, 12)) > 0.3
    points = np.arange(12) < 10
    start = np.linspace(0.9, 1.5, 12)
    y = named(cube, "y", "x", "t", t=T)
    y = y if chunks is None else y.chunk(chunks)
    expected = fit_many(
        MODEL, T, cube, sigma=sigma, mask=mask[..., None] & points,
        start={"tau": np.broadcast_to(start, (12, 12))}, **QUIET,
    )  # fmt: skip
    both = named(mask, "y", "x") & named(points, "t")
    found = fit_many(
        MODEL, {"t": y.t}, y, sigma=named(sigma.transpose(1, 2, 0), "x", "t", "y", t=T),
        mask=both.transpose("t", "x", "y"), start={"tau": named(start, "x")}, **QUIET,
    )  # fmt: skip
    assert same(found, expected)
    by_place = fit_many(MODEL, T, y, mask=named(mask.T, "x", "y"), **QUIET)
    assert same(by_place, fit_many(MODEL, T, cube, mask=mask[..., None], **QUIET))
    by_point = fit_many(MODEL, y.t, y, sigma=named(sigma[0, 0], "t"), **QUIET)
    assert same(by_point, fit_many(MODEL, T, cube, sigma=sigma[0, 0], **QUIET))


def test_a_square_has_no_two_meanings():
    cube = decays((12,))  # as many fits as points
    used = np.arange(12) > 3
    y = named(cube, "fit", "t", t=T)
    for mask, expected in ((named(used, "fit"), used[:, None]), (named(used, "t"), used[None])):
        found = fit_many(MODEL, T, y, mask=mask, **QUIET)
        assert same(found, fit_many(MODEL, T, cube, mask=expected, **QUIET))


@pytest.mark.parametrize("options, words", [
    ({"sigma": named(np.ones(3), "z")}, "'z', which the data do not have"),
    ({"mask": named(np.ones(4, bool), "x")}, "4 along 'x', but the data have 3"),
    ({"sigma": named(np.ones(12), "t", t=T + 1)}, "other coordinates"),
    ({"start": {"tau": named(np.ones(12), "t")}}, "one start per fit"),
    ({"x": named(np.ones(3), "x")}, "x lies along 'x'"),
    ({"x": {"t": named(np.ones((3, 2)), "x", "k")}}, "'k', which the data do not have"),
])  # fmt: skip
def test_names_that_do_not_go_together(options, words):
    y = named(Y, "y", "x", "t", t=T)
    with pytest.raises(AlignmentError) as caught:
        fit_many(MODEL, **{"x": T, "Y": y, **options}, **QUIET)
    assert words in str(caught.value) + caught.value.next_step and caught.value.next_step


# ---- groups of a table ----------------------------------------------------------------------


def table(groups=6):
    rows = decays((groups,))
    lengths = [12 if k % 2 else 9 for k in range(groups)]  # of two lengths: two stacks
    parts = [(np.full(n, f"g{k}"), T[:n] * (1 + 0.1 * k), rows[k, :n])
             for k, n in enumerate(lengths)]  # fmt: skip
    return {n: np.concatenate([p[i] for p in parts]) for i, n in enumerate(("key", "t", "y"))}


def test_groups_count_all_groups():
    steps = []
    found = fit_many(MODEL, table(), "y", by="key", threads=1, callback=steps.append)
    assert [s.done for s in steps] == sorted({s.done for s in steps}) and len(steps) > 1
    assert {s.total for s in steps} == {6} and steps[-1].done == 6
    assert same(found, fit_many(MODEL, table(), "y", by="key", **QUIET))


def test_stopped_groups_say_how_many_are_finished():
    def stop(step):
        if step.done > 3:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match=r"Stopped: [456] of 6") as caught:
        fit_many(MODEL, table(), "y", by="key", callback=stop, **QUIET)
    assert "ledger" not in str(caught.value)
    done = int((caught.value.result.code != 16).sum())
    assert f"{done} of 6 fits" in str(caught.value)


def test_starts_by_group(monkeypatch):
    begun = {}

    def seen(job):
        batch = job.data.read(job.data.boxes[0], slice(None))
        begun.update(zip(job.data.which.tolist(), batch.start[1].tolist(), strict=True))
        return run(job)

    monkeypatch.setattr(grouped, "run", seen)
    wanted = {f"g{k}": 1.0 + 0.1 * k for k in (4, 1, 0)}
    by_place = np.array([1.0, 1.1, np.nan, np.nan, 1.4, np.nan])
    for tau in (wanted, by_place):
        found = fit_many(MODEL, table(), "y", by="key", start={"tau": tau, "c": 0.3}, **QUIET)
        assert np.array_equal([begun.pop(k) for k in range(6)], by_place, equal_nan=True)
        assert found.usable.all() and found.batch(4).start[:, 0].tolist()[1:] == [1.4, 0.3]
    both = {**table(), "half": np.repeat([1, 2], len(table()["y"]) // 2 + 1)[: len(table()["y"])]}
    keys = ["half", "key"]
    fit_many(MODEL, both, "y", by=keys, start={"tau": {(1, "g0"): 1.5}}, **QUIET)
    assert begun[0] == 1.5 and np.isnan(begun[1])


@pytest.mark.parametrize("options, words", [
    ({"start": {"tau": {"g9": 1.0}}}, "no group has this key"),
    ({"start": {"tau": np.ones(4)}}, "has the shape (4,)"),
    ({"client": 5}, "client does not go with by="),
    ({"threads": -1}, "threads is -1"),
    ({"progress": "loud"}, "progress"),
])  # fmt: skip
def test_options_of_groups_are_checked(options, words):
    with pytest.raises(ArgumentError) as caught:
        fit_many(MODEL, table(), "y", by="key", **options)
    assert words in str(caught.value) and caught.value.next_step


def test_a_client_for_data_in_memory_is_refused_by_fit():
    import taylored as ty

    with pytest.raises(ArgumentError, match="client goes with data in chunks") as caught:
        ty.fit("y ~ " + MODEL, {"t": T, "y": Y[0, 0]}, client=5)
    assert "ty.Chunks" in caught.value.next_step
    with pytest.raises(ArgumentError, match="callback, client"):
        ty.fit("y ~ " + MODEL, {"t": T, "y": Y[0, 0]}, zzz=5)
