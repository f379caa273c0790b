"""Where the time of many fits goes: the passes over the points, the rest, the standard errors."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from many_data import Drawn, Scenario

from taylored.many import fit_many, native, solve, step
from taylored.trace.cache import LeastRecentlyUsed

__all__ = ["Passes", "cost_of_errors", "limit", "ours", "passes"]


def ours(scenario: Scenario, drawn: Drawn, **options: Any) -> Any:
    """What is measured, on one thread."""
    options = {"threads": 1, "progress": False, **options}
    return fit_many(scenario.formula, scenario.columns, drawn.Y, sigma=drawn.sigma, **options)


# ---- passes over the points -----------------------------------------------------------------


@dataclass(frozen=True)
class Passes:
    """Evaluations per fit and ns per point and evaluation, of the search and of the final stage;
    `whole` and `share`: of everything, and how much of the time is passes."""

    evaluations: tuple[float, float]
    nanoseconds: tuple[float, float]
    whole: float
    share: float


def passes(scenario: Scenario, drawn: Drawn, rounds: int, **options: Any) -> Passes:
    """Both stages of fits, timed inside their thread: the median over rounds."""
    ours(scenario, drawn, **options)
    found = []
    for _ in range(rounds):
        with _watched() as spent:
            begun = time.process_time()
            ours(scenario, drawn, **options)
            whole = time.process_time() - begun
        (seconds, counts) = np.array([spent[True], spent[False]]).T
        points = scenario.points * counts
        found.append([*(counts / len(drawn.Y)), *(1e9 * seconds / points),
                      1e9 * whole / points.sum(), seconds.sum() / whole])  # fmt: skip
    a, b, c, d, whole, share = np.median(found, axis=0).tolist()
    return Passes((a, b), (c, d), whole, share)


@contextmanager
def _watched() -> Iterator[dict[bool, list[float]]]:
    """Seconds and evaluations by whether it is the search."""
    spent = {True: [0.0, 0.0], False: [0.0, 0.0]}
    run, final = solve.run_stage, solve._FINAL

    def timed(*given: Any) -> Any:
        begun = time.thread_time()
        out = run(*given)
        stage = next(g for g in given if hasattr(g, "limits"))
        place = spent[stage.limits != final]
        place[0] += time.thread_time() - begun
        place[1] += float(out["count"].sum())
        return out

    solve.run_stage = timed
    try:
        yield spent
    finally:
        solve.run_stage = run


# ---- standard errors ------------------------------------------------------------------------


def cost_of_errors(scenario: Scenario, drawn: Drawn, rounds: int) -> np.ndarray:
    """CPU seconds with the variances over those with their part of the step left out, by round.

    The final pass is not counted: it is needed for chi-squared and the verdict.
    """
    machines = {True: native._machines, False: LeastRecentlyUsed(8)}
    inverse = step._inverse_diagonal
    written = {True: inverse, False: lambda rows, roots: [0.0] * len(roots)}
    found = []
    try:
        for turn in range(rounds + 1):
            spent = {}
            for kind in (True, False) if turn % 2 else (False, True):
                native._machines, step._inverse_diagonal = machines[kind], written[kind]
                begun = time.process_time()
                fits = ours(scenario, drawn)
                spent[kind] = time.process_time() - begun
                _check_errors(fits, kind)
            found.append(spent[True] / spent[False])
    finally:
        native._machines, step._inverse_diagonal = machines[True], inverse
    return np.array(found[1:])


def _check_errors(fits: Any, kind: bool) -> None:
    errors = fits.block.stderr[:, fits.usable]
    if (kind and not (errors > 0).all()) or (not kind and errors.any()):
        raise RuntimeError("the standard errors are not what this benchmark takes them for")


# ---- the limit ------------------------------------------------------------------------------

_KERNEL = """
#ifdef __AVX512F__
#define LANES 8
#define EXP _ZGVeN8v_exp
#else
#define LANES 4
#define EXP _ZGVdN4v_exp
#endif
typedef double V __attribute__((vector_size(8 * LANES), aligned(8)));
extern V EXP(V);
long lanes(void) { return LANES; }
void kernel(long points, long fits, const double *x, const double *y, const double *p, double *out)
{
    for (long g = 0; g < fits; g += LANES) {
        V q[4], s[15];
        for (int k = 0; k < 4; k++) q[k] = *(const V *)(p + k * fits + g);
        for (int k = 0; k < 15; k++) s[k] = q[0] - q[0];
        V inverse = 1.0 / q[2];
        for (long i = 0; i < points; i++) {
            V u = (x[i] - q[1]) * inverse, e = EXP(-0.5 * u * u), slope = q[0] * e * u * inverse;
            V r = *(const V *)(y + i * fits + g) - q[0] * e - q[3];
            s[0] += e * e; s[1] += e * slope; s[2] += e * slope * u; s[3] += e; s[4] += e * r;
            s[5] += slope * slope; s[6] += slope * slope * u; s[7] += slope; s[8] += slope * r;
            s[9] += slope * u * slope * u; s[10] += slope * u; s[11] += slope * u * r;
            s[12] += 1.0 + (q[0] - q[0]); s[13] += r; s[14] += r * r;
        }
        for (int k = 0; k < 15; k++) *(V *)(out + k * fits + g) = s[k];
    }
}
"""


def limit(scenario: Scenario, rounds: int) -> float | None:
    """ns per point and evaluation of the Gaussian's sums in C, data in cache; None without gcc."""
    library = _built()
    if library is None:
        return None
    fits = 512
    drawn = scenario.data(fits)
    x, y = scenario.x, np.ascontiguousarray(drawn.Y.T)
    p, out = np.ascontiguousarray(drawn.truth), np.zeros((15, fits))
    given = [ctypes.c_long(len(x)), ctypes.c_long(fits)]
    given += [ctypes.c_void_p(a.ctypes.data) for a in (x, y, p, out)]
    found = []
    for _ in range(rounds):
        begun = time.process_time()
        for _ in range(40):
            library.kernel(*given)
        found.append((time.process_time() - begun) / 40 / fits / len(x))
    residual = drawn.Y - scenario.make(np)(x, *drawn.truth[..., None])
    np.testing.assert_allclose(out[14], np.square(residual).sum(axis=1), rtol=1e-9)
    return 1e9 * float(np.median(found))


def _built() -> Any:
    if shutil.which("gcc") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder, "kernel.c"), Path(folder, "kernel.so")
        source.write_text(_KERNEL, encoding="utf-8")
        command = ["gcc", "-O3", "-march=native", "-ffast-math", "-mprefer-vector-width=512",
                   "-shared", "-fPIC", str(source), "-o", str(made), "-lmvec", "-lm"]  # fmt: skip
        if subprocess.run(command, capture_output=True, check=False).returncode:
            return None
        return ctypes.CDLL(str(made))
