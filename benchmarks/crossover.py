"""Where compiling pays: the NumPy reading against XLA, per points x equations x (1 + parameters).

Each model is fitted from a start near the truth with executor="numpy" and executor="xla",
interleaved: the first XLA fit of a shape compiles (cold), later ones do not (warm). Work is what
`taylored.evaluate` counts: points x equations x (1 + parameters). From each model's rows follow

- the work from which a warm XLA fit is faster: `XLA_FASTER`;
- the work from which even a cold one is: `XLA_AT_ONCE`;
- between the two, the work to be spent on equal fits until the compilation would have been paid:
  cold cost / saving per fit x work: `XLA_AFTER`.

Times are CPU seconds, so that XLA's threads are counted.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np
from common import curve, section, single_thread, table

import taylored as ty
from taylored.evaluate import XLA_AFTER, XLA_AT_ONCE, XLA_FASTER

MODELS = {
    "decay + offset": ("y ~ a*exp(-x/t)+c", {"a": 5.0, "t": 3.0, "c": 1.0}),
    "damped sine": ("y ~ a*exp(-x/t)*sin(w*x+p)+c",
                    {"a": 5.0, "t": 4.0, "w": 1.5, "p": 0.4, "c": 1.0}),
    "two Gaussians": ("y ~ a*exp(-((x-m)/s)^2/2)+b*exp(-((x-n)/r)^2/2)+c",
                      {"a": 5.0, "m": 3.0, "s": 0.8, "b": 4.0, "n": 7.0, "r": 0.9, "c": 1.0}),
    "rational 3/3": ("y ~ (a+b*x+c*x^2+d*x^3)/(1+e*x+f*x^2+g*x^3)",
                     {"a": 5.0, "b": 1.0, "c": 2.0, "d": 0.1, "e": 0.2, "f": 0.3, "g": 0.02}),
}  # fmt: skip


def seconds(run) -> float:
    """CPU seconds of one call."""
    begun = time.process_time()
    run()
    return time.process_time() - begun


def measure(name: str, points: int, repeats: int) -> dict[str, float]:
    """Work and the times of one model at one size."""
    formula, truth = MODELS[name]
    x = np.linspace(0.0, 10.0, points)
    y = curve(formula, truth, x) + 0.05 * np.random.default_rng(0).normal(size=points)
    start = {n: 1.03 * v for n, v in truth.items()}

    def fit(executor: str) -> ty.Fit:
        return ty.fit(formula, {"x": x, "y": y}, start=start, executor=executor)

    setup = fit("numpy").setup
    assert setup.traces.program is not None
    equations = len(setup.traces.program.equations)
    cold = seconds(lambda: fit("xla"))
    times: dict[str, list[float]] = {"numpy": [], "xla": []}
    for _ in range(repeats):
        for executor, found in times.items():
            found.append(seconds(lambda e=executor: fit(e)))
    work = points * equations * (1 + len(truth))
    medians = {executor: statistics.median(found) for executor, found in times.items()}
    return {"work": work, "equations": equations, "points": points, "cold": cold, **medians}


def crossing(rows: list[dict[str, float]], by: str) -> float:
    """The work at which XLA's time `by` equals NumPy's, interpolated in logarithms."""
    work = np.log([r["work"] for r in rows])
    gain = np.log([r["numpy"] / r[by] for r in rows])
    for i in range(len(rows) - 1):
        if gain[i] < 0 <= gain[i + 1]:
            share = -gain[i] / (gain[i + 1] - gain[i])
            return float(np.exp(work[i] + share * (work[i + 1] - work[i])))
    return float(np.exp(work[0])) if gain[0] >= 0 else np.inf


def paid_after(rows: list[dict[str, float]]) -> list[float]:
    """The work spent on equal fits when a compilation would have been paid, between the limits."""
    found = []
    for r in rows:
        saved = r["numpy"] - r["xla"]
        if saved > 0 and XLA_FASTER < r["work"] <= XLA_AT_ONCE:
            found.append(r["work"] * (r["cold"] - r["xla"]) / saved)
    return found


def main() -> None:
    single_thread()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="smaller sizes, nothing written")
    args = parser.parse_args()
    sizes = (
        (300, 3000, 30_000)
        if args.quick
        else (300, 1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
    )
    fit_rows, limits, paid = [], [], []
    for name in MODELS:
        rows = [measure(name, n, 3 if args.quick or n > 100_000 else 7) for n in sizes]
        for r in rows:
            times = [f"{1e3 * r[k]:.2f}" for k in ("numpy", "xla", "cold")]
            ratio = f"{r['numpy'] / r['xla']:.2f}"
            fit_rows.append([name, r["points"], r["equations"], f"{r['work']:.1e}", *times, ratio])
        limits.append((crossing(rows, "xla"), crossing(rows, "cold")))
        paid += paid_after(rows)
    heads = ["model", "points", "equations", "work", "NumPy, ms", "XLA warm, ms", "XLA cold, ms"]
    faster, at_once = ([pair[i] for pair in limits] for i in (0, 1))
    summary = [
        ["XLA_FASTER", f"{XLA_FASTER:.1e}", *spread(faster)],
        ["XLA_AT_ONCE", f"{XLA_AT_ONCE:.1e}", *spread(at_once)],
        ["XLA_AFTER", f"{XLA_AFTER:.1e}", *spread(paid)],
    ]
    text = (
        table(["constant", "in use", "measured: least", "median", "most"], summary)
        + "\n\nTime of one fit, verdict not included:\n\n"
        + table([*heads, "NumPy / XLA warm"], fit_rows)
    )
    section("crossover", "When compiling pays", text, not args.quick)


def spread(values: list[float]) -> list[str]:
    """Least, median and most."""
    if not values:
        return ["-"] * 3
    return [f"{v:.1e}" for v in (min(values), statistics.median(values), max(values))]


if __name__ == "__main__":
    main()
