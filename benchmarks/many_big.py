"""One fit to data in chunks: cost beside the fit in memory, memory, and the price of a cluster.

`plain` is `ty.fit` of the same columns in memory, timed in turns with the fit in chunks (tables
that are in memory already, so that no reading counts). The streamed run reads a file of 2 GB
written for it, in a process of its own; its peak is that process's. On the cluster the workers
are processes of this machine, so that only the cost of sending tasks is of interest.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from common import section, single_thread, table

import taylored as ty
from taylored.many.big import BigFit, Chunks

FORMULA = "y ~ a*exp(-x/tau) + c"
TURNS = 3

_STREAMED = """
import sys, time
from pathlib import Path
import numpy as np
import taylored as ty
from taylored.many.big import Chunks

path, rows, step = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

def chunk(i):
    m = np.memmap(path, np.float64, "r", shape=(2, rows))
    return {"x": np.array(m[0, i : i + step]), "y": np.array(m[1, i : i + step])}

began = time.process_time()
fit = ty.fit("y ~ a*exp(-x/tau) + c", Chunks([lambda i=i: chunk(i) for i in range(0, rows, step)]))
spent = time.process_time() - began
lines = Path("/proc/self/status").read_text().splitlines()
peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
print(fit.usable, fit.chunks, fit.passes, spent, peak / 1024)
"""


def decay(rows: int, seed: int) -> dict[str, np.ndarray]:
    """A noisy decay at random times."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0.0, 10.0, rows)
    return {"x": x, "y": 2.5 * np.exp(-x / 1.7) + 0.3 + rng.normal(0.0, 0.05, rows)}


def in_chunks(columns: dict[str, np.ndarray], size: int) -> Chunks:
    """The same rows in chunks."""
    rows = len(columns["x"])
    return Chunks([{k: v[i : i + size] for k, v in columns.items()} for i in range(0, rows, size)])


def beside_plain(rows: int) -> list[str]:
    """CPU seconds of both, in turns, and how far the answers differ."""
    columns, spent = decay(rows, rows), {"plain": [], "chunks": []}
    small = big = None
    for _ in range(TURNS):
        began = time.process_time()
        small = ty.fit(FORMULA, columns)
        spent["plain"].append(time.process_time() - began)
        began = time.process_time()
        big = ty.fit(FORMULA, in_chunks(columns, 250_000))
        spent["chunks"].append(time.process_time() - began)
    assert small is not None and isinstance(big, BigFit)
    pairs = [(big.params, small.params), (big.stderr, small.stderr)]
    apart = max(abs(a[n] / b[n] - 1.0) for a, b in pairs for n in a)
    plain, chunks = (float(np.median(spent[k])) for k in ("plain", "chunks"))
    each = 1e9 * chunks / rows / big.passes
    return [f"{rows:.0e}", f"{plain:.3f}", f"{chunks:.3f}", f"{chunks / plain:.2f}",
            str(big.passes), f"{each:.0f}", f"{apart:.0e}"]  # fmt: skip


def streamed(rows: int, step: int) -> list[str]:
    """A file larger than what the process may keep."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.bin"
        file = np.memmap(path, np.float64, "w+", shape=(2, rows))
        for i in range(0, rows, step):
            part = decay(min(step, rows - i), i)
            file[0, i : i + step], file[1, i : i + step] = part["x"], part["y"]
        file.flush()
        size = path.stat().st_size
        del file
        given = [sys.executable, "-c", _STREAMED, str(path), str(rows), str(step)]
        found = subprocess.run(given, capture_output=True, text=True, check=True).stdout.split()
    _, chunks, passes, spent, peak = found
    return [f"{size / 2**20:.0f}", chunks, passes, f"{float(spent):.1f}", f"{float(peak):.0f}"]


def on_cluster(rows: int, chunks: int) -> list[list[str]]:
    """Wall time with workers of Dask, and whether every bit is that of this process."""
    import dask.array as da
    from distributed import Client, LocalCluster

    columns = decay(rows, 1)
    x, y = (da.from_array(columns[n], chunks=rows // chunks) for n in "xy")
    began = time.perf_counter()
    alone = ty.fit("a*exp(-x/tau) + c", x, y)
    lines = [["this process", f"{time.perf_counter() - began:.2f}", "", ""]]
    for workers in (1, 2, 4):
        options = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": ":0"}
        with LocalCluster(**options) as cluster, Client(cluster):
            ty.fit("a*exp(-x/tau) + c", x, y)  # workers import what they need
            began = time.perf_counter()
            there = ty.fit("a*exp(-x/tau) + c", x, y)
            wall = time.perf_counter() - began
        same = (there.params, there.stderr, there.chi2) == (alone.params, alone.stderr, alone.chi2)
        tasks = chunks * (there.cost.evaluations + 2)
        lines.append([f"{workers} workers", f"{wall:.2f}", f"{1e3 * wall / tasks:.1f}",
                      "yes" if same else "NO"])  # fmt: skip
    return lines


def main() -> None:
    """Run everything and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rows, nothing written")
    quick = parser.parse_args().quick
    single_thread()
    sizes = [10_000, 100_000] if quick else [10_000, 100_000, 1_000_000, 4_000_000]
    heads = ["rows", "plain CPU s", "chunks CPU s", "ratio", "passes", "ns per row and pass",
             "largest relative difference"]  # fmt: skip
    text = [table(heads, [beside_plain(n) for n in sizes])]
    rows = 2**22 if quick else 2**27
    heads = ["file MB", "chunks", "passes", "CPU s", "peak MB"]
    text.append("Read from disk in every pass, 256 MB of it kept:\n\n"
                + table(heads, [streamed(rows, 2**21)]))  # fmt: skip
    rows = 100_000 if quick else 2_000_000
    heads = ["who", "wall s", "ms per task", "equal bits"]
    text.append(f"{rows} rows in 40 chunks, on {os.cpu_count()} cores:\n\n"
                + table(heads, on_cluster(rows, 40)))  # fmt: skip
    section("many-big", "One fit to data in chunks", "\n\n".join(text), not quick,
            ["dask", "distributed"])  # fmt: skip


if __name__ == "__main__":
    main()
