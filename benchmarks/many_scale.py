"""Many fits in the large: fresh processes, growth, threads, a file larger than what may be used."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from many_data import Scenario
from many_parts import ours

__all__ = ["cold", "growth", "streamed", "threads"]

_COLD = """
import json, sys, time
import numpy as np
with np.load({path!r}) as given:
    Y, *x = (given[name] for name in given.files)
x = dict(zip({names!r}, x))
begun = time.process_time()
from taylored.many import fit_many
fit_many({formula!r}, x, Y, progress=False)
print(json.dumps([time.process_time(), time.process_time() - begun]))
"""


def cold(scenario: Scenario, rounds: int) -> tuple[float, float]:
    """CPU seconds of a fresh process with its first 1000 fits, and without Python and NumPy."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "data.npz"))
        np.savez(path, scenario.data(1000).Y, *scenario.columns.values())
        names = [*scenario.columns]
        code = _COLD.format(path=path, formula=scenario.formula, names=names)
        made = [_said(code) for _ in range(rounds)]
    return statistics.median(m[0] for m in made), statistics.median(m[1] for m in made)


def _said(code: str) -> Any:
    out = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True,
                         text=True, check=True)  # fmt: skip
    return json.loads(out.stdout.splitlines()[-1])


def growth(scenario: Scenario, few: int, factor: int, rounds: int) -> tuple[float, float, float]:
    """CPU of `factor` times as many fits over that of `few`: median, least and most."""
    small = scenario.data(few)
    large = np.tile(small.Y, (factor, 1))
    drawn = type(small)(large, None, small.begin, small.truth)
    ours(scenario, small)
    found = []
    for _ in range(rounds):
        several = [_cpu(lambda: ours(scenario, small)) for _ in range(5)]
        found.append(_cpu(lambda: ours(scenario, drawn)) / statistics.median(several))
    return statistics.median(found), min(found), max(found)


def _cpu(run: Any) -> float:
    begun = time.process_time()
    run()
    return time.process_time() - begun


def threads(scenario: Scenario, fits: int, rounds: int) -> tuple[float, float, float]:
    """Wall time of one thread over that of two: median, least and most."""
    drawn = scenario.data(fits)
    ours(scenario, drawn, threads=2)
    found = []
    for turn in range(rounds):
        spent = {}
        for count in (1, 2) if turn % 2 else (2, 1):
            begun = time.perf_counter()
            ours(scenario, drawn, threads=count)
            spent[count] = time.perf_counter() - begun
        found.append(spent[1] / spent[2])
    return statistics.median(found), min(found), max(found)


# ---- from a file ----------------------------------------------------------------------------

_STREAMED = """
import json, threading, time
import numpy as np
from taylored.many import fit_many

def told(name):
    with open("/proc/self/status") as lines:
        return next(int(w.split()[1]) / 2**20 for w in lines if w.startswith(name))

most, over = [0.0], threading.Event()

def watch():
    while not over.wait(0.02):
        most[0] = max(most[0], told("RssAnon"))

x = np.linspace(0.0, 10.0, 100)
threading.Thread(target=watch, daemon=True).start()
began = time.process_time()
found = fit_many({formula!r}, x, np.load({path!r}, mmap_mode="r"), threads={threads},
                 progress=False)
spent = time.process_time() - began
over.set()
b = found.block
output = sum(a.nbytes for a in (b.theta, b.stderr, b.chi2, b.dof, b.points, b.status,
                                b.evaluations)) / 2**30
usable = int((b.status == 0).sum())
print(json.dumps(dict(peak=told("VmHWM"), anonymous=most[0], output=output, usable=usable,
                      seconds=spent)))
"""


def streamed(scenario: Scenario, fits: int, count: int) -> dict[str, float] | None:
    """Peak memory in GiB of a fresh process that fits a memory-mapped float32 file on `count`
    threads: with the file's pages and without; None where there is no place for the file."""
    size = 4 * fits * scenario.points
    if shutil.disk_usage(tempfile.gettempdir()).free < 2 * size or sys.platform != "linux":
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "Y.npy"))
        _write(path, scenario, fits)
        return _said(_STREAMED.format(path=path, formula=scenario.formula, threads=count))


def _write(path: str, scenario: Scenario, fits: int) -> None:
    part = scenario.data(min(fits, 100_000)).Y.astype(np.float32)
    whole = np.lib.format.open_memmap(path, "w+", np.float32, (fits, scenario.points))
    for first in range(0, fits, len(part)):
        whole[first : first + len(part)] = part[: fits - first]
    whole.flush()
