"""How long until the first answer: imports, the command line, and first fits, all cold.

Every measurement is a fresh process; CPU seconds (user and system) of that process and its
children. The kinds are interleaved and the median is given. First fits are timed inside the
process, after the import, as CPU seconds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from common import section, single_thread, table

ROOT = Path(__file__).parents[1]
DATA = ROOT / "examples" / "thurber.csv"
FORMULA = "y ~ (b1+b2*x+b3*x^2+b4*x^3)/(1+b5*x+b6*x^2+b7*x^3)"

_README = """
import numpy as np
import taylored as ty
x, y = np.loadtxt({data!r}, delimiter=",", skiprows=1, unpack=True)
print(ty.fit({formula!r}, {{"x": x, "y": y}}).report())
"""
COMMANDS: dict[str, list[str]] = {
    "python (bare)": ["-c", "pass"],
    "import numpy": ["-c", "import numpy"],
    "import taylored": ["-c", "import taylored"],
    "taylored --help": ["-m", "taylored", "--help"],
    "taylored --version": ["-m", "taylored", "--version"],
    "taylored fit (the README's command)": ["-m", "taylored", "fit", str(DATA), FORMULA],
    "the same in Python, with the report": ["-c", _README.format(data=str(DATA), formula=FORMULA)],
}

_FIRST = """
import time, numpy as np
import taylored as ty
{imports}
x = np.linspace(0.0, 10.0, 20)
y = 3 * np.exp(-x / 2) + 0.1 * np.random.default_rng(0).normal(size=20)
begun = time.process_time()
f = ty.fit({model}, x, y{start})
f.params, f.stderr, f.usable
first = time.process_time() - begun
begun = time.process_time()
f = ty.fit({model}, x, 1.01 * y + 0.01{start})
f.params, f.stderr, f.usable
print(first, time.process_time() - begun)
"""
_START = ", start={'a': 1.0, 'tau': 1.0}"
_JNP = "import jax.numpy as jnp"
FIRST = {
    "formula, start given": ("", "'a*exp(-x/tau)'", _START),
    "formula, no start": ("", "'a*exp(-x/tau)'", ""),
    "NumPy lambda, start given": ("", "lambda x, a, tau: a*np.exp(-x/tau)", _START),
    "NumPy lambda, no start": ("", "lambda x, a, tau: a*np.exp(-x/tau)", ""),
    "jnp lambda, start given": (_JNP, "lambda x, a, tau: a*jnp.exp(-x/tau)", _START),
    "jnp lambda, no start": (_JNP, "lambda x, a, tau: a*jnp.exp(-x/tau)", ""),
}


def cost(arguments: Sequence[str]) -> float:
    """CPU seconds of one process, from the system's own account of it."""
    quiet = subprocess.DEVNULL
    child = subprocess.Popen([sys.executable, *arguments], stdout=quiet, stderr=quiet, cwd=ROOT)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"exit code {child.returncode}: {arguments}")
    return usage.ru_utime + usage.ru_stime


def processes(repeats: int) -> str:
    """The table of whole processes."""
    found: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(repeats):
        for name, arguments in COMMANDS.items():
            found[name].append(cost(arguments))
    times = {name: statistics.median(values) for name, values in found.items()}
    bare = times["python (bare)"]
    rows = [[name, f"{t:.3f}", f"{t - bare:.3f}"] for name, t in times.items()]
    return table(["process", "CPU s", "over bare Python"], rows)


def first_fits(repeats: int) -> str:
    """The table of first and second fits in fresh processes."""
    found: dict[str, list[list[float]]] = {name: [] for name in FIRST}
    for _ in range(repeats):
        for name, (imports, model, start) in FIRST.items():
            script = _FIRST.format(imports=imports, model=model, start=start)
            done = subprocess.run(
                [sys.executable, "-c", script], capture_output=True, text=True, check=True
            )
            found[name].append([float(v) for v in done.stdout.split()])
    rows = []
    for name, runs in found.items():
        first, second = (statistics.median(column) for column in zip(*runs, strict=True))
        rows.append([name, f"{first:.3f}", f"{1e3 * second:.2f}"])
    return table(["first fit after import, 20 points", "CPU s", "second fit, CPU ms"], rows)


def main() -> None:
    single_thread()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one repeat, nothing written")
    args = parser.parse_args()
    repeats = 1 if args.quick else 9
    text = f"{processes(repeats)}\n\n{first_fits(repeats)}"
    section("latency", "Time to the first answer", text, not args.quick)


if __name__ == "__main__":
    main()
