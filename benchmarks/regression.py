"""Regression beside SciPy, lmfit, iminuit, odrpack and optimistix: digits, honesty, time.

Accuracy: NIST's 27 nonlinear problems from both of NIST's starts (54 fits) and without a start (the
peers from ones), and the 11 linear ones; scored by the worst parameter against the solution in
50-digit arithmetic. A fit is honest if it raises, reports failure or has errors that are not
finite; silent if it claims success with finite errors and has less than 4 digits.

Time: each peer interleaved with curve_fit's default (A B, B A, ...) in one process, in CPU seconds;
a ratio is the median over the rounds of one time by the other. Ours includes the verdict and the
standard errors, and small fits get a new data set every round ("ratio of means" counts the rare
slow ones). "New lambda" makes the same lambda anew in every turn. First calls run in fresh
processes, the median of several.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
from common import digits, nist_problems, section, single_thread, table
from peers import MISSING, OURS, PEERS, Answer, Case, answer
from scipy.optimize import curve_fit
from small_models import MODELS, SmallModel

import taylored as ty

BASE = "curve_fit (default)"
PACKAGES = ("lmfit", "iminuit", "odrpack", "optimistix")


@cache
def cases() -> list[tuple[Case, list, np.ndarray, np.ndarray]]:
    """NIST's problems: the case, its starts, the right parameters and standard errors."""
    found = []
    for p in nist_problems("nonlinear"):
        case = Case(p.formula, p.names, p.columns, p.exact.residual_sd)
        starts = [np.array(list(start.values())) for start in p.starts]
        found.append((case, starts, p.exact.params, p.exact.stderr))
    return found


def worst(value: np.ndarray, truth: np.ndarray) -> float:
    """Correct digits of the worst element."""
    return float(np.min(digits(value, truth)))


def counts(found: list[tuple[Answer, float, float]]) -> list[str]:
    """The cells of one peer: digits of parameters, of standard errors, honesty."""
    params = np.array([p for _, p, _ in found])
    errors = np.array([e for *_, e in found])
    wrong = params < 4
    claimed = np.array([a.claimed for a, *_ in found])
    cells = [*((params >= d).sum() for d in (4, 6, 9)), *((errors >= d).sum() for d in (4, 6))]
    medians = f"{np.median(params):.1f} / {np.median(errors):.1f}"
    careful = (~wrong & ~claimed).sum()
    return [*map(str, cells), medians, *map(str, ((wrong & ~claimed).sum(), (wrong & claimed).sum(),
                                                 careful))]  # fmt: skip


HEADS = ["", "par >= 4", ">= 6", ">= 9", "SE >= 4", ">= 6", "median par / SE"]
HEADS += ["honest", "silent", "right but not claimed"]


def nonlinear(given: bool) -> str:
    """The table over the nonlinear problems."""
    rows = []
    for name in PEERS:
        found = []
        for case, starts, params, stderr in cases():
            for start in starts if given else [None]:
                a = answer(name, case, start)
                found.append((a, worst(a.params, params), worst(a.stderr, stderr)))
        rows.append([name, *counts(found)])
    return table(HEADS, rows)


# ---- linear ---------------------------------------------------------------------------------


def _by_lstsq(design: np.ndarray, y: np.ndarray) -> Answer:
    params = np.linalg.lstsq(design, y, rcond=None)[0]
    residuals = y - design @ params
    inverse = np.linalg.pinv(design)
    variance = residuals.dot(residuals) / (len(y) - len(params))
    return Answer(params, np.sqrt(np.diag(inverse @ inverse.T) * variance), True)


def linear() -> str:
    """Digits of parameters / standard errors of the linear problems."""
    rows = []
    for p in nist_problems("linear"):
        case = Case(p.formula, p.names, p.columns, p.exact.residual_sd)
        ours = answer(OURS, case, None)
        setup = ty.fit(p.formula, p.columns).setup
        design = setup.functions.value_and_jacobian(np.zeros(len(p.names)))[1].T
        columns = [list(setup.names).index(n) for n in p.names]
        found = [ours, _by_lstsq(design[:, columns], case.y), answer(BASE, case, None)]
        scores = [(worst(a.params, p.exact.params), worst(a.stderr, p.exact.stderr)) for a in found]
        rows.append([p.name, *(f"{a:.1f} / {b:.1f}" for a, b in scores)])
    return table(["parameters / SE", OURS, "numpy lstsq", "curve_fit from ones"], rows)


# ---- time -----------------------------------------------------------------------------------


DATA_SETS = 200
Run = Callable[[int], object]  # of the number of the round


def ratio(run: Run, base: Run, seconds: float, least: int = 5) -> tuple[float, float, float]:
    """Two interleaved runs (A B, B A, ...): median ratio, ratio of the sums, median base time."""
    runs, times = (run, base), []
    run(0)
    base(0)
    begun = time.perf_counter()
    while len(times) < least or time.perf_counter() - begun < seconds:
        spent = [0.0, 0.0]
        for which in (0, 1) if len(times) % 2 else (1, 0):
            start = time.process_time()
            runs[which](len(times))
            spent[which] = time.process_time() - start
        times.append(spent)
    array = np.array(times)
    sums = array.sum(axis=0)
    medians = np.median(array, axis=0)
    return float(np.median(array[:, 0] / array[:, 1])), sums[0] / sums[1], medians[1]


def nist_time(seconds: float) -> str:
    """Time per fit over NIST from start 2, where both solve the problem to 4 digits."""
    ratios: dict[str, dict[str, float]] = {name: {} for name in PEERS if name != BASE}
    for p, (case, starts, params, _) in zip(nist_problems("nonlinear"), cases(), strict=True):
        good = [n for n in PEERS if worst(answer(n, case, starts[1]).params, params) >= 4]
        for name in set(good) - {BASE} if BASE in good else ():
            run, base = (partial(_again, n, case, starts[1]) for n in (name, BASE))
            ratios[name][p.name] = ratio(run, base, seconds)[0]
    rows = []
    for name, found in ratios.items():
        slowest = max(found, key=found.__getitem__)
        row = [f"{np.median([*found.values()]):.2f}", f"{found[slowest]:.1f} ({slowest})"]
        rows.append([name, *row, len(found)])
    return table(["time / curve_fit (default)", "median", "max", "problems"], rows)


def _again(name: str, case: Case, start: np.ndarray, _round: int) -> Answer:
    return answer(name, case, start)


def _runs(small: SmallModel, points: int, repeats: int) -> dict[str, tuple[Run, Run, int]]:
    """What is timed, with the base: ours on a new data set every round, peers on the first."""
    x, many = small.data(points, DATA_SETS)
    kept, truth = small.make(), small.truth
    start = np.array([*truth.values()])
    case = Case(small.formula, tuple(truth), {"x": x, "y": many[0]}, small.sd)

    def ours(make: Callable[[], Any], number: int) -> tuple:
        fit = ty.fit(make(), x, many[number % DATA_SETS], start=truth)
        return fit.params, fit.stderr, fit.usable

    def base(number: int) -> tuple:
        return curve_fit(kept, x, many[number % DATA_SETS], p0=start)

    kinds = {"same function": lambda: kept, "new lambda": small.make,
             "formula": lambda: small.formula}  # fmt: skip
    runs: dict[str, tuple[Run, Run, int]]
    runs = {name: (partial(ours, make), base, repeats) for name, make in kinds.items()}
    others = [n for n in PEERS if n not in (OURS, BASE) and "tol 1e-15" not in n]
    fixed = partial(_again, BASE, case, start)
    return runs | {n: (partial(_again, n, case, start), fixed, 5) for n in others}


def small_time(seconds: float, points: tuple[int, ...], repeats: int) -> str:
    """Warm time of small fits, the start given."""
    rows, values, heads = [], [], []
    for small in MODELS:
        for count in points:
            found = {
                name: ratio(run, base, seconds, least)
                for name, (run, base, least) in _runs(small, count, repeats).items()
            }
            values.append([*(r[0] for r in found.values()), found["new lambda"][1]])
            time_us = f"{1e6 * found['new lambda'][2]:.0f}"
            rows.append([small.name, count, time_us, *(f"{v:.2f}" for v in values[-1])])
            heads = ["model", "points", "curve_fit, us", *found, "new lambda: ratio of means"]
    for label, summary in (("median", np.median(values, 0)), ("worst", np.max(values, 0))):
        rows.append([f"**{label}**", "", "", *(f"{v:.2f}" for v in summary)])
    return table(heads, rows)


# ---- first calls ----------------------------------------------------------------------------

_FIRST = """
import time
begun = time.process_time()
import numpy as np
numpy = time.process_time()
{imports}
imported = time.process_time()
x = np.linspace(0.0, 10.0, 20)
y = 3 * np.exp(-x / 2) + 0.1 * np.cos(37 * x)
{fit}
print(numpy - begun, imported - numpy, time.process_time() - imported)
"""
_MODEL = "lambda x, a, tau: a*np.exp(-x/tau)"
FIRST = {
    OURS: ("import taylored as ty",
           f"f = ty.fit({_MODEL}, x, y, start=dict(a=1, tau=1)); f.stderr; f.usable"),
    "taylored, no start": ("import taylored as ty",
                           "f = ty.fit('a*exp(-x/tau)', x, y); f.stderr; f.usable"),
    BASE: ("from scipy.optimize import curve_fit", f"curve_fit({_MODEL}, x, y, p0=[1, 1])"),
    "lmfit (default)": ("import lmfit", f"lmfit.Model({_MODEL}).fit(y, x=x, a=1, tau=1)"),
    "iminuit (default, sigma known)": (
        "from iminuit import Minuit; from iminuit.cost import LeastSquares",
        f"m = Minuit(LeastSquares(x, y, 0.07, {_MODEL}), 1, 1); m.migrad(); m.hesse()"),
    "odrpack OLS (default)": (
        "from odrpack import odr_fit",
        "odr_fit(lambda x, b: b[0]*np.exp(-x/b[1]), x, y, [1.0, 1.0], task='OLS')"),
    "optimistix LM 1e-10": (
        "import jax, jax.numpy as jnp, optimistix as optx\n"
        "jax.config.update('jax_enable_x64', True)",
        "s = optx.LevenbergMarquardt(rtol=1e-10, atol=1e-10)\n"
        "optx.least_squares(lambda t, _: t[0]*jnp.exp(-x/t[1]) - y, s, jnp.ones(2)).value"),
}  # fmt: skip


def first_calls(repeats: int) -> str:
    """Import and first fit of fresh processes."""
    found: dict[str, list[list[float]]] = {n: [] for n in FIRST if n in PEERS or OURS in n}
    for _ in range(repeats):
        for name in found:
            imports, fit = FIRST[name]
            command = [sys.executable, "-c", _FIRST.format(imports=imports, fit=fit)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found[name].append([float(v) for v in done.stdout.split()])
    rows = [[n, *(f"{v:.3f}" for v in np.median(t, 0))] for n, t in found.items()]
    return table(["CPU seconds, fresh process", "numpy", "import after it", "first fit"], rows)


def main() -> None:
    single_thread()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="short timings, nothing written")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    import jax

    jax.config.update("jax_enable_x64", True)
    slot, points, repeats = (0.02, (50,), 1) if args.quick else (0.2, (20, 50, 200), 5)
    parts = [
        "### NIST nonlinear, 27 problems x 2 starts", nonlinear(given=True),
        "### NIST nonlinear, no start given (peers from ones)", nonlinear(given=False),
        "### NIST linear: correct digits", linear(),
        "### Time per fit, NIST from start 2", nist_time(slot),
        "### Warm time per small fit, start given: ratio to curve_fit (default)",
        small_time(slot, points, DATA_SETS),
        "### First call in a fresh process", first_calls(repeats),
    ]  # fmt: skip
    parts += [f"Not installed, left out: {', '.join(MISSING)}."] if MISSING else []
    section("regression", "Regression beside its peers", "\n\n".join(parts),
            not args.quick, PACKAGES)  # fmt: skip


if __name__ == "__main__":
    main()
