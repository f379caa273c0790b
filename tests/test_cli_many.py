"""`taylored fit-many`: cubes, arrays and tables in; a report, maps, pictures and exit codes out."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
import zarr

from taylored.cli.main import main
from taylored.many import run as running
from taylored.many import work
from taylored.many.status import Status
from test_many_run import fake

T = np.arange(10.0, 90.0, 10.0)
SHAPE = (4, 5)
MODEL = "a*exp(-t/tau)"
_RNG = np.random.default_rng(0)
TAU = _RNG.uniform(30, 60, SHAPE)
A = _RNG.uniform(1, 3, SHAPE)
CUBE = A * np.exp(-T[:, None, None] / TAU) + 0.01 * _RNG.standard_normal((8, *SHAPE))
CUBE[:, 0, 0] = 0.0
CUBE[:, 3, 4] = np.nan
ROWS = np.moveaxis(CUBE, 0, -1)


def dataset():
    return xr.Dataset(
        {
            "signal": (("t", "y", "x"), CUBE, {"units": "V"}),
            "noise": (("y", "x"), np.full(SHAPE, 0.01), {"units": "V"}),
            "brain": (("y", "x"), np.arange(20).reshape(SHAPE) % 5 < 3),
        },
        {"t": ("t", T, {"units": "ms"}), "y": 0.5 * np.arange(4), "x": 0.5 * np.arange(5)},
    )  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The same curves in every format."""
    folder = tmp_path_factory.mktemp("cubes")
    ds = dataset()
    chunks = {"signal": {"chunks": (8, 2, 5)}}
    ds.to_zarr(folder / "cube.zarr", consolidated=False, encoding=chunks)
    ds.to_netcdf(folder / "cube.nc", engine="scipy")
    np.save(folder / "curves.npy", ROWS)
    np.save(folder / "t.npy", T)
    np.savez(folder / "curves.npz", signal=ROWS, t=T, good=dataset()["brain"].values)
    bare = zarr.create_array(str(folder / "bare.zarr"), shape=ROWS.shape, dtype="f8")
    bare[...] = ROWS
    lines = [f"p{i},{t},{v}" for i in range(1, 4) for t, v in zip(T, ROWS[1, i], strict=True)]
    (folder / "long.csv").write_text("\n".join(["pixel,t,y", *lines]) + "\n")
    return folder


@pytest.fixture
def run(files, tmp_path, monkeypatch, capsys):
    """Run a command line in this process: its code, and what it wrote. `*` stands for files."""
    monkeypatch.chdir(tmp_path)

    def run(source, *arguments):
        code = main(["fit-many", str(files / source), *map(str, arguments)])
        out, err = capsys.readouterr()
        return SimpleNamespace(code=code, out=out, err=err)

    return run


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(running, "solve", fake)


def document(done):
    assert done.code == 0, done.err
    return json.loads(done.out)


# ---- what goes in ---------------------------------------------------------------------------

WAYS = {
    "zarr": ("cube.zarr", MODEL, "--dim", "t"),
    "zarr, dimension by name": ("cube.zarr", MODEL),
    "netcdf": ("cube.nc", f"signal ~ {MODEL}"),
    "npy": ("curves.npy", MODEL, "--coord", "t=10:80:10"),
    "npy from low to high": ("curves.npy", MODEL, "--coord", "t=10:80"),
    "zarr from low to high": ("cube.zarr", MODEL, "--dim", "t", "--coord", "t=10:80"),
    "npy with a name of its points": ("curves.npy", MODEL, "--coord", "t=10:80", "--dim", "t"),
    "npy with a file": ("curves.npy", MODEL, "--coord", "t={files}/t.npy"),
    "npz": ("curves.npz", MODEL, "--var", "signal"),
    "zarr array": ("bare.zarr", MODEL, "--coord", "t=10,20,30,40,50,60,70,80"),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_format_gives_the_same(way, run, files, quick):
    given = [text.format(files=files) for text in WAYS[way]]
    found = document(run(*given, "--json"))
    assert found["shape"] == [4, 5] and found["counts"] == {"ok": 19, "masked": 1}
    sums = np.where(np.isnan(ROWS), 0, ROWS).cumsum(-1)[..., -1]
    assert np.allclose(found["each"]["a"], sums.ravel(), rtol=1e-14)


def test_real_fits_of_a_cube(run):
    done = run("cube.zarr", MODEL, "--dim", "t", "--sigma", "noise", "--out", "maps.zarr")
    assert done.code == 0 and done.err == ""
    assert done.out.startswith("1") and "of 20 fits usable" in done.out.splitlines()[0]
    assert "1 zero" in done.out and "1 missing" in done.out and "maps.zarr" in done.out
    with xr.open_zarr("maps.zarr", consolidated=False, chunks=None) as maps:
        usable = maps["usable"].values
        assert usable.sum() >= 16 and not usable[0, 0] and not usable[3, 4]
        off = abs(maps["tau"] - TAU) / maps["tau_stderr"]
        assert float(off.values[usable].max()) < 4.5
        assert maps["tau"].attrs["units"] == "ms" and maps["a"].attrs["units"] == "V"
        assert maps["y"].values.tolist() == [0.0, 0.5, 1.0, 1.5] and maps["tau"].dims == ("y", "x")
        assert int(maps["status"][0, 0]) == Status.ZERO


def test_sigma_mask_and_model_options(run, quick):
    options = ("--sigma", "0.5", "--mask", "brain", "--fixed", "tau=40", "--start", "a=2")
    found = document(run("cube.zarr", MODEL, *options, "--bounds", "a=0:9", "--json"))
    assert found["absolute_sigma"] and found["counts"]["masked"] == 8
    assert found["params"]["tau"]["fixed"]
    named = document(run("curves.npz", MODEL, "--var", "signal", "--mask", "good", "--json"))
    assert named["counts"]["masked"] == 8


def test_axes_are_read_as_they_are_stored(run, quick, monkeypatch):
    """Turned axes of a file are not gathered point by point: xarray would."""
    from xarray.backends import zarr as backend

    def refuse(*_):
        raise AssertionError("read point by point")

    monkeypatch.setattr(backend.ZarrArrayWrapper, "_vindex", refuse)
    assert run("cube.zarr", MODEL, "--sigma", "noise").code == 0


def test_several_dimensions_are_one_set_of_points(run, tmp_path):
    y, x = np.meshgrid(np.arange(6.0), np.arange(7.0), indexing="ij")
    peaks = [3.0, 4.0] * np.exp(-((y - 2) ** 2 + (x - 3) ** 2) / 4)[..., None]
    peaks += 0.01 * np.random.default_rng(2).standard_normal(peaks.shape)
    ds = xr.Dataset({"peak": (("y", "x", "cell"), peaks)}, {"y": y[:, 0], "x": x[0]})
    ds.to_zarr(tmp_path / "p.zarr", consolidated=False)
    model = "h*exp(-((y-y0)^2 + (x-x0)^2)/w)"
    starts = "h=3,x0=3,y0=2,w=4"
    found = document(run(tmp_path / "p.zarr", model, "--dim", "y,x", "--start", starts, "--json"))
    assert found["shape"] == [2] and np.allclose(found["each"]["h"], [3, 4], atol=0.05)


def test_long_table(run):
    done = run("long.csv", f"y ~ {MODEL}", "--by", "pixel", "--csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [r["pixel"] for r in rows] == ["p1", "p2", "p3"] and done.code == 0
    assert np.allclose([float(r["tau"]) for r in rows], TAU[1, 1:4], rtol=0.1)
    some = run("long.csv", f"y ~ {MODEL}", "--by", "pixel", "--where", "t < 70", "--json")
    assert document(some)["each"]["points"] == [6, 6, 6]


# ---- what comes out -------------------------------------------------------------------------


def test_table_of_all_fits(run, quick):
    done = run("curves.npy", MODEL, "--coord", "t=10:80:10", "--csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert len(rows) == 20 and rows[6]["dim_0"] == "1" and rows[6]["dim_1"] == "1"
    assert rows[19]["status"] == "masked" and rows[19]["usable"] == "False"


def test_quiet(run, quick):
    done = run("cube.zarr", MODEL, "-q")
    assert (done.code, done.out, done.err) == (0, "", "")


@pytest.mark.slow
def test_picture(run, tmp_path, quick):
    assert run("cube.zarr", MODEL, "-q", "--plot", "q.png").code == 0
    assert (tmp_path / "q.png").read_bytes()[:4] == b"\x89PNG"


def test_exit_codes(run, quick, monkeypatch):
    assert run("cube.zarr", MODEL, "-q", "--fail-on", "warn").code == 0  # masked: as wanted

    def judged(status):
        def solve(plan, batch):
            block = fake(plan, batch)
            block.status[: len(batch) if status == Status.FLAT else 1] = status
            return block

        monkeypatch.setattr(running, "solve", solve)

    judged(Status.MISFIT)
    assert run("cube.zarr", MODEL, "-q").code == 0
    assert run("cube.zarr", MODEL, "-q", "--fail-on", "warn").code == 5
    judged(Status.FLAT)
    assert run("cube.zarr", MODEL, "-q").code == 5


def test_ledger_and_what_has_changed(run, files, tmp_path, quick):
    np.save(tmp_path / "y.npy", ROWS)
    given = (tmp_path / "y.npy", MODEL, "--coord", "t=10:80:10", "--ledger", "done", "--json")
    first = document(run(*given))
    again = run(*given)
    assert again.err == "" and document(again)["each"] == first["each"]
    np.save(tmp_path / "y.npy", 2 * ROWS)
    changed = run(*given)
    assert "changed-data" in changed.err and document(changed)["each"] != first["each"]
    other = run(tmp_path / "y.npy", f"{MODEL} + c", "--coord", "t=10:80:10", "--ledger", "done")
    assert other.code == 3 and "another job" in other.err and "--ledger" in other.err


def test_maps_are_overwritten_when_asked_only(run, quick):
    assert run("cube.zarr", MODEL, "-q", "--out", "m.zarr").code == 0
    refused = run("cube.zarr", f"{MODEL} + c", "-q", "--out", "m.zarr")
    assert refused.code == 2 and "another job" in refused.err
    assert run("cube.zarr", f"{MODEL} + c", "-q", "--out", "m.zarr", "--overwrite").code == 0


def test_stop_keeps_maps(run, monkeypatch, quick):
    monkeypatch.setattr(work, "_MOST", 4)
    monkeypatch.setattr(work, "_LEAST", 4)
    seen = []

    def stopping(plan, batch):
        seen.append(len(batch))
        if len(seen) == 2:
            os.kill(os.getpid(), signal.SIGINT)  # to the process: its main thread waits
            time.sleep(1.0)
        return fake(plan, batch)

    monkeypatch.setattr(running, "solve", stopping)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & ignores it
    try:
        done = run("cube.zarr", MODEL, "--out", "m.zarr", "--threads", "1")
    finally:
        signal.signal(signal.SIGINT, before)
    assert done.code == 130 and done.out == ""
    assert "of 20 fits are finished; maps so far in m.zarr; with --ledger DIR" in done.err
    with xr.open_zarr("m.zarr", consolidated=False, chunks=None) as maps:
        assert 0 < (maps["status"] != Status.NOT_RUN).sum() < 20


@pytest.mark.parametrize(
    ("out", "ledger", "words"),
    [
        ("m.zarr", "led", "kept in led; maps so far in m.zarr. Run the same command to go on."),
        (None, "led", "are finished and kept in led. Run the same command to go on."),
        (None, None, "3 of 5 fits are finished; with --ledger DIR they would be kept"),
    ],
)
def test_what_is_kept_is_told(out, ledger, words):
    from many_made import made
    from taylored.cli.fit_many import _finished

    many = made((5,), ["ok", "ok", "flat", "not-run", "not-run"])
    told = _finished(many, SimpleNamespace(out=out, ledger=ledger))
    assert told.startswith("3 of 5 fits are finished") and words in told


REFUSED = {
    "nothing": ((), 2, "DATA and FORMULA"),
    "no file": (("nope.zarr", "a*t"), 3, "no file"),
    "no group": (("", "a*t"), 3, "cannot be read"),
    "no npy": (("nope.npy", "a*t"), 3, "no file"),
    "not a dimension": (("cube.zarr", MODEL, "--dim", "z"), 2, "VARIABLE"),
    "no dimension named": (("cube.zarr", "a*exp(-q/tau)"), 2, "signal (t, y, x)"),
    "mask": (("cube.zarr", MODEL, "--mask", "bra"), 3, "did you mean 'brain'"),
    "sigma": (("cube.zarr", MODEL, "--sigma", "nois"), 3, "did you mean 'noise'"),
    "negative sigma": (("cube.zarr", MODEL, "--sigma", "-1"), 2, "positive"),
    "table": (("long.csv", "y ~ a*t"), 2, "--by KEY"),
    "key of a cube": (("cube.zarr", MODEL, "--by", "k"), 2, "--dim"),
    "cube's option": (("long.csv", "y ~ a*t", "--by", "pixel", "--out", "m.zarr"), 2, "--out"),
    "table's option": (("cube.zarr", MODEL, "--where", "t > 1"), 2, "--where"),
    "no such key": (("long.csv", f"y ~ {MODEL}", "--by", "cell"), 3, "cell"),
    "no points": (("curves.npy", MODEL), 3, "--coord t=LOW:HIGH:STEP"),
    "too few points": (("curves.npy", MODEL, "--coord", "t=1,2,3"), 3, "3 points"),
    "coordinate": (("curves.npy", MODEL, "--coord", "t"), 2, "NAME=VALUES"),
    "not a grid": (("curves.npy", MODEL, "--coord", "t=1:2:3:4"), 2, "--coord: '1:2:3:4' is not"),
    "a step too far": (("curves.npy", MODEL, "--coord", "t=9:1:1"), 2, "--coord: the step 1"),
    "no such file": (("curves.npy", MODEL, "--coord", "t=no.npy"), 2, "neither a grid nor a file"),
    "names of x": (("curves.npy", "x*b + q"), 3, "--coord x=LOW:HIGH:STEP"),
    "no such dimension": (
        ("curves.npy", MODEL, "--coord", "t=10:80", "--dim", "wave"),
        2,
        "no dimension 'wave'",
    ),
    "coordinate's length": (("cube.zarr", MODEL, "--coord", "t=1,2,3"), 3, "t: 8, y: 4, x: 5"),
    "array": (("curves.npz", MODEL, "--var", "sig"), 3, "signal"),
    "two names": (("curves.npz", f"signal ~ {MODEL}", "--var", "t"), 2, "not the same"),
    "plot": (("cube.zarr", MODEL, "--plot"), 2, "quality.png"),
    "folder": (("cube.zarr", MODEL, "--out", "no/m.zarr"), 2, "no directory"),
    "threads": (("cube.zarr", MODEL, "--threads", "0"), 2, "--threads"),
    "overwrite": (("cube.zarr", MODEL, "--overwrite"), 2, "--out"),
    "both": (("cube.zarr", MODEL, "--json", "--csv"), 2, "exclude"),
    "parameter": (("cube.zarr", MODEL, "--start", "q=1"), 2, "q"),
    "option": (("cube.zarr", MODEL, "--dimm", "t"), 2, "--dim"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals_say_what_and_what_next(case, run, files, capsys):
    arguments, code, words = REFUSED[case]
    if arguments:
        done = run(*arguments)
    else:
        done = SimpleNamespace(code=main(["fit-many"]), err=capsys.readouterr().err)
    assert done.code == code, done.err
    assert words in done.err and "Next: " in done.err and "internal" not in done.err
    assert "--predict" not in done.err


def test_missing_extra(run, monkeypatch):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda n: None if n == "xarray" else find(n))
    done = run("cube.zarr", MODEL)
    assert done.code == 2 and 'pip install "taylored[cluster]"' in done.err


def test_help_and_completion(capsys):
    assert main(["fit-many", "--help"]) == 0
    text = capsys.readouterr().out
    for flag in ("--dim", "--out", "--ledger", "--by", "--coord", "--start", "--where"):
        assert flag in text
    assert max(map(len, text.splitlines())) <= 100
    for shell in ("bash", "zsh", "fish"):
        assert main(["completion", shell]) == 0
        assert "fit-many" in capsys.readouterr().out
    assert main(["--help"]) == 0 and "fit-many" in capsys.readouterr().out


@pytest.mark.slow
def test_ctrl_c_of_the_real_command(files, tmp_path):
    """SIGINT while the files are still read, or later: 130, and no traceback."""
    code = (
        "import sys, time, threading, os, signal\n"
        "from taylored.many import run\n"
        "from test_many_run import fake\n"
        "def slow(plan, batch):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    time.sleep(0.2)\n"
        "    return fake(plan, batch)\n"
        "run.solve = slow\n"
        "from taylored.cli.main import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "fit-many", str(files / "curves.npy"), MODEL, "--coord",
         "t=10:80:10", "--ledger", "done"],
        cwd=tmp_path, text=True, capture_output=True, timeout=60,
        env={**os.environ, "PYTHONPATH": os.path.dirname(__file__)},
    )  # fmt: skip
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1] == "Interrupted."
    assert "and kept in done. Run the same command to go on." in done.stderr
