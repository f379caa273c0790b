"""Many fits that are stopped, killed or fail: what was finished is kept, and taken again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest

import taylored
from taylored.errors import ArgumentError, LedgerError, UnfinishedError
from taylored.many import run
from taylored.many.block import Block
from taylored.many.failures import Interrupted
from taylored.many.ledger import Ledger
from taylored.many.output import Output
from taylored.many.status import NAMES, Status
from taylored.many.verb import fit_many
from test_many_run import FITS, MODEL, POINTS, Chunked, X, Y, fake, quick, same, slow

__all__ = ["quick", "slow"]  # fixtures


def stop_after(fits):
    """A callback as if Ctrl-C were pressed when so many fits are done."""

    def callback(step):
        if step.done >= fits:
            raise KeyboardInterrupt

    return callback


# ---- stops ----------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 3])
def test_what_was_finished_is_kept(threads, slow):
    expected = fit_many(MODEL, X, Y)
    before = threading.active_count()
    with pytest.raises(Interrupted) as caught:
        fit_many(MODEL, X, Y, threads=threads, callback=stop_after(60))
    assert threading.active_count() == before
    found = caught.value.result
    ran = found.code != Status.NOT_RUN
    assert found.interrupted and 60 <= ran.sum() < FITS
    assert np.array_equal(found.block.theta[:, ran], expected.block.theta[:, ran])
    assert np.isnan(found.block.theta[:, ~ran]).all()
    assert f"{ran.sum()} of {FITS} fits are finished" in str(caught.value)
    assert "ledger=" in str(caught.value)
    assert isinstance(caught.value, KeyboardInterrupt)


def test_errors_of_the_callback_stop_and_propagate(slow):
    before = threading.active_count()

    def callback(step):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        fit_many(MODEL, X, Y, callback=callback)
    assert threading.active_count() == before


class Failing(Chunked):
    """A file whose end cannot be read."""

    def __getitem__(self, index):
        if index[0].stop > 200:
            raise OSError(5, "Input/output error")
        return super().__getitem__(index)


def test_what_cannot_be_read_loses_nothing(quick):
    with pytest.raises(UnfinishedError) as caught:
        fit_many(MODEL, X, Failing(Y, (100, 8)), threads=1)
    found = caught.value.result
    assert (found.code[:200] == Status.OK).all() and (found.code[200:] == Status.NOT_RUN).all()
    text = str(caught.value)
    assert "fits [200:300]" in text and "Input/output error" in text and "200 of 300" in text


def test_errors_of_a_fit_lose_nothing(monkeypatch, quick):
    def failing(plan, batch):
        if batch.y[0, 0] == Y[0, 0]:
            return fake(plan, batch)
        raise MemoryError("no more")

    monkeypatch.setattr(run, "solve", failing)
    with pytest.raises(UnfinishedError, match="MemoryError: no more") as caught:
        fit_many(MODEL, X, Y, threads=1)
    assert 0 < (caught.value.result.code == Status.OK).sum() < FITS
    with pytest.raises(MemoryError):  # nothing was finished: the error itself
        fit_many(MODEL, X, Y[5:], threads=1)


SCRIPT = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & ignores it
import numpy as np
from taylored.many import run, source, work
from taylored.many.verb import fit_many
from test_many_run import MODEL, X, Y, fake

def slow(plan, batch):
    time.sleep(float(sys.argv[2]))
    return fake(plan, batch)

run.solve, work._MOST, source._LEAST = slow, 20, 256

def callback(step):
    print(step.done, flush=True)

try:
    found = fit_many(MODEL, X, np.tile(Y, (10, 1)), threads=2, ledger=sys.argv[1] or None,
                     callback=callback)
except KeyboardInterrupt as stop:
    done = int((stop.result.code != 16).sum())
    print("kept", done, str(stop).startswith("Stopped"), flush=True)
    raise SystemExit(130)
"""


def started(folder, seconds="0.02", ledger=""):
    """The script in a process of its own, when its first fits are done."""
    (folder / "script.py").write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, "script.py", str(ledger), seconds], cwd=folder, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.path.dirname(__file__)},
    )  # fmt: skip
    return process


def test_ctrl_c_in_a_process_of_its_own(tmp_path):
    process = started(tmp_path)
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    kept, whole = out.splitlines()[-1].split()[1:]
    assert 20 <= int(kept) < 3000 and whole == "True"


# ---- ledger ---------------------------------------------------------------------------------


def test_killed_process_goes_on_where_it_was(tmp_path, quick, monkeypatch):
    process = started(tmp_path, "0.005", tmp_path / "ledger")
    while int(process.stdout.readline() or "9999") < 1500:
        pass
    process.kill()
    process.communicate(timeout=30)
    ledger = tmp_path / "ledger"
    finished = len(list(ledger.glob("block-*.npz")))
    y, ran = np.tile(Y, (10, 1)), []
    fits_each = 256
    assert finished * fits_each >= 768
    monkeypatch.setattr(run, "solve", lambda p, b: (ran.append(len(b)), fake(p, b))[1])
    again = fit_many(MODEL, X, y, ledger=ledger)
    assert sum(ran) <= len(y) - fits_each * (finished - 1) - len(y) % fits_each
    assert same(again, fit_many(MODEL, X, y))
    rerun = Ledger.open(ledger, json.loads((ledger / "meta.json").read_text())["job"])
    assert len(rerun) == -(-len(y) // fits_each)


def test_finished_blocks_are_taken_again(tmp_path, slow, monkeypatch):
    y = np.tile(Y, (10, 1))
    with pytest.raises(Interrupted, match="goes on from the ledger"):
        fit_many(MODEL, X, y, ledger=tmp_path / "l", callback=stop_after(1500), threads=2)
    finished = len([*(tmp_path / "l").glob("block-*.npz")])
    assert finished >= 4
    ran = []
    monkeypatch.setattr(run, "solve", lambda p, b: (ran.append(len(b)), fake(p, b))[1])
    found = fit_many(MODEL, X, y, ledger=tmp_path / "l")
    assert sum(ran) == 3000 - 256 * finished
    assert same(found, fit_many(MODEL, X, y))
    ran.clear()
    steps = []
    assert same(fit_many(MODEL, X, y, ledger=tmp_path / "l", callback=steps.append), found)
    assert ran == [] and steps[-1].done == 3000 and np.isnan(steps[-1].rate)


@pytest.mark.parametrize("what", ["y", "sigma", "mask", "start", "column"])
def test_changed_data_are_noticed(what, tmp_path, quick, monkeypatch):
    arrays = {
        "y": np.tile(Y, (3, 1)), "sigma": np.full((900, POINTS), 2.0),
        "mask": np.ones((900, POINTS), bool), "start": np.ones(900),
        "column": np.tile(X, (900, 1)),
    }  # fmt: skip

    def fitted(ledger=None):
        return fit_many(
            MODEL, {"x": arrays["column"]}, arrays["y"], sigma=arrays["sigma"],
            mask=arrays["mask"], start={"tau": arrays["start"]}, ledger=ledger,
        )  # fmt: skip

    before = fitted(tmp_path / "l")
    arrays[what][600] = arrays[what][600] * 3 if what != "mask" else False
    ran = []
    monkeypatch.setattr(run, "solve", lambda p, b: (ran.append(len(b)), fake(p, b))[1])
    again = fitted(tmp_path / "l")
    assert [f.name for f in again.warnings] == ["changed-data"]
    assert "a block of fits ran again" in again.warnings[0].message
    assert sum(ran) == 256 and not same(again, before) and same(again, fitted())


@pytest.mark.parametrize("change", [
    {"model": "a*exp(-x/tau) + c"}, {"x": X + 1}, {"Y": Y[:299]}, {"fixed": {"a": 1}},
    {"bounds": {"a": (0, None)}}, {"start": {"a": 2}}, {"sigma": 0.5}, {"dtype": "float32"},
    {"model": lambda x, a, tau: a * np.exp(-x / tau) + 0},
])  # fmt: skip
def test_ledger_of_another_job_is_refused(change, tmp_path, quick):
    fit_many(MODEL, X, Y, ledger=tmp_path / "l")
    files = sorted(os.listdir(tmp_path / "l"))
    with pytest.raises(LedgerError, match="another job"):
        fit_many(**{"model": MODEL, "x": X, "Y": Y, **change}, ledger=tmp_path / "l")
    assert sorted(os.listdir(tmp_path / "l")) == files


def test_functions_are_told_apart_by_what_they_compute(tmp_path, quick):
    rate = [1.0]
    fit_many(lambda x, a, tau: a * np.exp(-rate[0] * x / tau), X, Y, ledger=tmp_path / "l")
    rate[0] = 2.0
    with pytest.raises(LedgerError, match="model"):
        fit_many(lambda x, a, tau: a * np.exp(-rate[0] * x / tau), X, Y, ledger=tmp_path / "l")


def test_damaged_ledger_is_refused_and_kept(tmp_path, quick):
    fit_many(MODEL, X, Y, ledger=tmp_path / "l")
    block = tmp_path / "l" / "block-000000.npz"
    whole = block.read_bytes()
    for damaged in (whole[:-40], b"", whole[:200] + b"\1" * 50 + whole[250:]):
        block.write_bytes(damaged)
        with pytest.raises(LedgerError, match="damaged") as caught:
            fit_many(MODEL, X, Y, ledger=tmp_path / "l")
        assert str(block) in str(caught.value) and block.read_bytes() == damaged
        assert caught.value.result.shape == (FITS,)
    block.unlink()  # as the next step says
    assert same(fit_many(MODEL, X, Y, ledger=tmp_path / "l"), fit_many(MODEL, X, Y))
    (tmp_path / "l" / "meta.json").write_text("{")
    with pytest.raises(LedgerError, match="cannot be read"):
        fit_many(MODEL, X, Y, ledger=tmp_path / "l")


def test_folders_that_are_no_ledger(tmp_path, quick):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    (tmp_path / "file").write_text("")
    for folder, words in (("mine", "thesis.txt"), ("file", "cannot be written")):
        with pytest.raises(LedgerError, match=words):
            fit_many(MODEL, X, Y, ledger=tmp_path / folder)
    with pytest.raises(ArgumentError, match="path"):
        fit_many(MODEL, X, Y, ledger=3)
    assert os.listdir(tmp_path / "mine") == ["thesis.txt"]


def test_full_disk_of_a_ledger(tmp_path, quick, monkeypatch):
    from taylored.many import ledger

    def full(path, data, what):
        if path.name.startswith("block"):
            raise OSError(28, "No space left on device")
        path.write_bytes(data)

    monkeypatch.setattr(ledger, "write_whole", full)
    with pytest.raises(LedgerError, match="No space left") as caught:
        fit_many(MODEL, X, Y, ledger=tmp_path / "l", threads=1)
    assert (caught.value.result.code == Status.OK).sum() >= 256


def test_blocks_survive_the_way_to_disk_to_the_bit(tmp_path):
    rng = np.random.default_rng(0)
    block = fake_block = Block.empty(3, 17)
    block.theta[:] = rng.standard_normal((3, 17)) * 1e-300
    block.stderr[1] = np.inf
    ledger = Ledger.open(tmp_path / "l", {"job": 1})
    ledger.put("3.1", "abc", fake_block)
    again = ledger.get("3.1", "abc")
    assert all(getattr(again, n).tobytes() == getattr(block, n).tobytes() for n in Block.__slots__)
    assert ledger.get("3.1", "abd") is None and ledger.get("4", "abc") is None
    assert ledger.digest("3.1") == "abc" and ledger.digest("4") is None
    assert (ledger.reused, ledger.changed, ledger.written) == (1, 1, 1)


# ---- maps -----------------------------------------------------------------------------------


def opened(path):
    import xarray as xr

    with xr.open_zarr(path, consolidated=False, chunks=None) as maps:
        return maps.load()


def test_maps_are_written_as_xarray_reads_them(tmp_path, quick):
    cube = Y.reshape(20, 15, POINTS)
    mask = np.arange(FITS).reshape(20, 15) > 20
    out = Output(
        tmp_path / "maps.zarr", ("y", "x"), {"y": (("y",), np.arange(20.0), {"units": "mm"})},
        {"tau": {"units": "s"}, "": {"title": "maps"}},
    )  # fmt: skip
    found = fit_many(MODEL, X, Chunked(cube, (8, 8, 8)), mask=mask, sigma=1.0, out=out)
    maps = opened(tmp_path / "maps.zarr")
    for name in ("a", "tau"):
        assert maps[name].dims == ("y", "x")
        assert np.array_equal(maps[name], found.params[name], equal_nan=True)
        assert np.array_equal(maps[f"{name}_stderr"], found.stderr[name], equal_nan=True)
    for name in ("chi2", "dof", "points", "p_value", "usable"):
        assert np.array_equal(maps[name], getattr(found, name), equal_nan=True)
    assert np.array_equal(maps["status"], found.code) and maps["status"].dtype == np.int8
    meanings = maps["status"].attrs["flag_meanings"].split()
    assert meanings == list(NAMES) and maps["status"].attrs["flag_values"] == [*range(len(NAMES))]
    assert maps["y"].attrs["units"] == "mm" and maps["tau"].attrs["units"] == "s"
    assert maps.attrs["title"] == "maps"


def test_maps_of_a_stopped_job_have_what_was_finished(tmp_path, slow):
    with pytest.raises(Interrupted) as caught:
        fit_many(MODEL, X, Y, out=tmp_path / "maps.zarr", threads=1, callback=stop_after(60))
    maps = opened(tmp_path / "maps.zarr")
    assert np.array_equal(maps["status"], caught.value.result.code)
    assert np.array_equal(maps["a"], caught.value.result.params["a"], equal_nan=True)
    again = fit_many(MODEL, X, Y, out=tmp_path / "maps.zarr")  # the same job may go over it
    assert np.array_equal(opened(tmp_path / "maps.zarr")["a"], again.params["a"])


def test_results_that_memory_does_not_hold_are_beside_the_output(tmp_path, slow, monkeypatch):
    monkeypatch.setattr("taylored.many.source._LEAST", 20)
    expected = fit_many(MODEL, X, Y)
    monkeypatch.setattr("taylored.many.output._free_memory", lambda: 1000.0)
    found = fit_many(MODEL, X, Y, out=tmp_path / "maps.zarr")
    assert isinstance(found.block.theta, np.memmap) and same(found, expected)
    with pytest.raises(Interrupted) as caught:
        fit_many(MODEL, X, Y, out=tmp_path / "other.zarr", callback=stop_after(60))
    left = caught.value.result.code == Status.NOT_RUN
    assert left.any() and np.isnan(caught.value.result.params["a"][left]).all()
    assert sorted(os.listdir(tmp_path)) == ["maps.zarr", "other.zarr"]


def test_one_fit_has_maps_too(tmp_path, quick):
    found = fit_many(MODEL, X, Y[0], out=tmp_path / "one.zarr")
    assert opened(tmp_path / "one.zarr")["a"] == found.params["a"]


def test_outputs_that_cannot_be_written_are_refused_before_any_work(tmp_path, monkeypatch):
    ran = []
    monkeypatch.setattr(run, "solve", lambda p, b: (ran.append(1), fake(p, b))[1])
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    fit_many("a*exp(-x/tau) + 1", X, Y, out=tmp_path / "other.zarr")
    ran.clear()
    cases = {"mine": "no fit_many wrote it", "no/maps.zarr": "no directory",
             "mine/thesis.txt": "no fit_many wrote it", "other.zarr": "another job"}  # fmt: skip
    for name, words in cases.items():
        with pytest.raises(ArgumentError, match=words):
            fit_many(MODEL, X, Y, out=tmp_path / name)
    with pytest.raises(ArgumentError, match="two things"):
        fit_many("chi2*exp(-x/tau)", X, Y, out=tmp_path / "new.zarr")
    monkeypatch.setattr("shutil.disk_usage", lambda path: os.times_result([0] * 5) and Usage())
    with pytest.raises(ArgumentError, match="GB are free"):
        fit_many(MODEL, X, Y, out=tmp_path / "new.zarr")
    assert ran == [] and os.listdir(tmp_path / "mine") == ["thesis.txt"]
    assert not (tmp_path / "new.zarr").exists()


class Usage:
    free = 1000


def test_overwriting_is_for_groups_of_ours_only(tmp_path, quick):
    fit_many("a*exp(-x/tau) + 1", X, Y, out=tmp_path / "maps.zarr")
    found = fit_many(MODEL, X, Y, out=Output(tmp_path / "maps.zarr", overwrite=True))
    assert np.array_equal(opened(tmp_path / "maps.zarr")["a"], found.params["a"])
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(ArgumentError, match="no fit_many wrote it"):
        fit_many(MODEL, X, Y, out=Output(tmp_path / "mine", overwrite=True))


# ---- memory ---------------------------------------------------------------------------------

MEMORY = """
import resource, sys
import numpy as np
from taylored.many import run
from taylored.many.verb import fit_many
from test_many_run import MODEL, fake

y = np.load(sys.argv[1], mmap_mode="r")
x = np.linspace(0, 1, y.shape[1])
run.solve = fake
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = fit_many(MODEL, x, y, threads=2)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
output = sum(getattr(found.block, n).nbytes for n in found.block.__slots__)
print((after - before) / 1024, output / 2**20)
"""


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["f8", "i2"])
def test_files_larger_than_memory_is(dtype, tmp_path):
    fits = 2_000_000 if dtype == "i2" else 500_000
    stored = np.lib.format.open_memmap(tmp_path / "y.npy", "w+", dtype, (fits, 100))
    stored[::4096] = 1
    del stored
    (tmp_path / "script.py").write_text(MEMORY)
    done = subprocess.run(
        [sys.executable, "script.py", "y.npy"], cwd=tmp_path, text=True, capture_output=True,
        env={**os.environ, "PYTHONPATH": os.path.dirname(__file__)}, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    grown, output = map(float, done.stdout.split())
    assert grown < output + 150  # of 400 MB of data


def test_a_block_of_other_arrays_is_damaged(tmp_path, quick):
    fit_many(MODEL, X, Y, ledger=tmp_path / "l")
    block = tmp_path / "l" / "block-000000.npz"
    with np.load(block) as stored:
        arrays = dict(stored)
    for change in (
        {"theta": np.full(arrays["theta"].shape, "1.5", "U5")},
        {"theta": arrays["theta"][:1]},
        {"stderr": arrays["stderr"].astype(np.float32)},
        {"dof": arrays["dof"][:-1]},
        {"status": np.full_like(arrays["status"], 99)},
        {n: a[..., :-1] for n, a in arrays.items() if n != "digest"},
    ):
        np.savez(block, **{**arrays, **change})
        with pytest.raises(LedgerError, match="damaged"):
            fit_many(MODEL, X, Y, ledger=tmp_path / "l")


def test_maps_say_how_they_were_found_and_open_without_a_warning(tmp_path):
    xr = pytest.importorskip("xarray")
    fit_many(MODEL, X, Y, out=tmp_path / "m.zarr", sigma=0.1, bounds={"tau": (0.0, None)})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        maps = xr.open_zarr(tmp_path / "m.zarr")
    assert (maps.fit_sigma, maps.fit_bounds) == ("absolute", '{"tau": [0.0, null]}')
    assert maps.fit_fixed == "{}" and maps.taylored_version == taylored.__version__
