"""What all benchmarks share: tables, sections of RESULTS.md, interleaved timing, processes."""

from __future__ import annotations

import multiprocessing
import os
import platform
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

__all__ = ["curve", "digits", "jobs_map", "nist_problems", "section", "single_thread", "table"]

# The certified problems and the count of digits are those of the tests.
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import numpy as np

from nist import digits, problems

RESULTS = Path(__file__).parent / "RESULTS.md"
_T = TypeVar("_T")
_R = TypeVar("_R")

_HEAD = """# Benchmark results

Written by the scripts of this folder, each its own section; run them again rather than edit this
file. Times are ratios of interleaved runs in one process, or medians of CPU seconds.
"""


def nist_problems(kind: str, only: str | None = None) -> list:
    """NIST's problems, "linear" or "nonlinear"; `only` one name."""
    return [p for p in problems(kind) if only in (None, p.name)]


def curve(formula: str, params: dict[str, float], x: np.ndarray) -> np.ndarray:
    """The right-hand side of a formula at given parameters."""
    names = ("x", *params)
    with np.errstate(all="ignore"):
        value = _compiled(formula, names)(x, *params.values())[0]
    return np.broadcast_to(np.asarray(value, float), x.shape)


@cache
def _compiled(formula: str, names: tuple[str, ...]) -> Callable[..., list]:
    from taylored.formula import parse
    from taylored.readings.numpy import compile_numpy
    from taylored.trace.tracer import OPS, record

    right = parse(formula).model
    return compile_numpy(
        record(lambda *v: right.evaluate(dict(zip(names, v, strict=True)), OPS), names)
    )


def jobs_map(function: Callable[[_T], _R], work: Sequence[_T], jobs: int, title: str) -> list[_R]:
    """`[function(w) for w in work]`, in `jobs` processes, with a progress bar on stderr."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)

    def shown(results: Iterable[_R]) -> list[_R]:
        return list(track(results, title, len(work), console=console))

    if jobs < 2:
        return shown(map(function, work))
    # spawn: a fork of a process that has run JAX may hang.
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        return shown(pool.imap(function, work))


def single_thread() -> None:
    """Start this script anew with one thread for BLAS and XLA, unless it has one already.

    The machine is small, and threads would blur every ratio. They are counted when NumPy is
    imported, so that only a new process helps.
    """
    if os.environ.get("OMP_NUM_THREADS") == "1":
        return
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    environment = {**os.environ, **dict.fromkeys(names, "1"), "XLA_FLAGS": flags}
    os.execve(sys.executable, sys.orig_argv, environment)


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table; numbers to the right."""
    lines = [list(map(str, row)) for row in rows]
    mark = ["---", *(["---:"] * (len(heads) - 1))]
    return "\n".join("| " + " | ".join(line) + " |" for line in [heads, mark, *lines])


def machine(packages: Sequence[str] = ("numpy", "scipy", "jax")) -> str:
    """The machine in words: no names, no paths."""
    python = ".".join(map(str, sys.version_info[:3]))
    parts = [
        f"{os.cpu_count()} cores",
        f"{platform.system()} {platform.machine()}".replace("_", "-"),
    ]
    return ", ".join([*parts, f"Python {python}", *filter(None, map(_versioned, packages))])


def _versioned(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return ""


def section(name: str, title: str, text: str, write: bool = True, packages: Sequence[str] = ()):
    """Print the section, and put it into RESULTS.md in place of its older self."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    where = machine(("numpy", "scipy", "jax", *packages))
    body = f"{begin}\n## {title}\n\n{text.strip()}\n\n{where}.\n{end}\n"
    print(body)
    if not write:
        return
    old = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else _HEAD
    if begin in old:
        before, _, rest = old.partition(begin)
        new = before + body + rest.partition(end)[2].lstrip("\n").join(["\n", ""])
    else:
        new = old.rstrip("\n") + "\n\n" + body
    RESULTS.write_text(new.rstrip("\n") + "\n", encoding="utf-8")
