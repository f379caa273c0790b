"""Many fits beside SciPy, xarray and batches in JAX: time, minima, standard errors, memory.

Time: CPU seconds per fit of calls that are interleaved in one process, one thread, the same data;
peers on samples, the sample another one every round, JAX compiled before. A ratio is the median
over the rounds of a peer's time by ours, with the least and the most. Ours counts everything:
starts, fits, verdicts, standard errors; "start given" has the peers' starts. The peers stop at
relative changes of 1e-8.

Minima: chi-squared by NumPy from the parameters, within 1e-6 of SciPy's or lower; SciPy's is the
lower one of fits to rounding from the peers' start and from the truth. "Silent": usable, and
higher than that. "chi2 told": the largest relative error of the chi-squared that usable fits tell.
The score is (estimate - truth)/stderr, which is right where its standard deviation (SD) is
sqrt(d/(d - 2)) with d degrees of freedom; least and most of the parameters.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import many_parts as parts
import many_quality as quality
import many_scale as scale
import numpy as np
from common import section, single_thread, table
from many_data import SCENARIOS, Drawn, Scenario
from many_peers import PEERS
from rich.console import Console
from rich.progress import track

PACKAGES = ("xarray", "optimistix", "llvmlite")
OURS = {"no start": {}, "start given": {}, "float32": {"dtype": "float32"}}
SEED = 8


@dataclass
class Settings:
    """How much is measured."""

    fits: int = 20_000
    compared: int = 4_000  # with SciPy's minima
    rounds: int = 5
    share: float = 0.4  # of the samples of the peers
    streamed: int = 10_000_000
    few: int = 10_000
    factor: int = 100
    shown: Callable[[Iterable, str], Iterable] = field(default=lambda work, _: work)

    @classmethod
    def quick(cls) -> Settings:
        """A few minutes."""
        return cls(20_000, 2_000, 5, 0.4, 1_000_000, 10_000, 20)


Bars = list[tuple[str, str, float, bool]]  # what, the bar in words, the figure, whether it is met


# ---- time -----------------------------------------------------------------------------------


def _runs(scenario: Scenario, drawn: Drawn, share: float) -> dict[str, Callable[[int], float]]:
    """Of each way its CPU seconds per fit in a round."""

    def mine(options: dict) -> Callable[[int], float]:
        return lambda _: _cpu(lambda: parts.ours(scenario, drawn, **options)) / len(drawn.Y)

    def theirs(peer: Any, count: int) -> Callable[[int], float]:
        def run(number: int) -> float:
            first = number * count % (len(drawn.Y) - count + 1)
            few = drawn.take(slice(first, first + count))
            return _cpu(lambda: peer(scenario, few)) / count

        return run

    start = dict(zip(scenario.names, drawn.begin, strict=True))
    given = {name: mine({**options, **({"start": start} if name == "start given" else {})})
             for name, options in OURS.items()}  # fmt: skip
    skipped = {"xarray curvefit"} if scenario.sigma else set()
    return given | {name: theirs(peer, _sample(name, count, share, len(drawn.Y)))
                    for name, (peer, count) in PEERS.items() if name not in skipped}  # fmt: skip


def _sample(name: str, count: int, share: float, fits: int) -> int:
    """Batches stay whole."""
    return min(int(count * share) if "SciPy" in name or "xarray" in name else count, fits)


def _cpu(run: Callable[[], object]) -> float:
    begun = time.process_time()
    run()
    return time.process_time() - begun


def timed(scenario: Scenario, drawn: Drawn, settings: Settings) -> dict[str, np.ndarray]:
    """CPU seconds per fit, by way and round."""
    runs = _runs(scenario, drawn, settings.share)
    for run in runs.values():
        run(0)
    found: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(settings.rounds):
        for name in runs if number % 2 else reversed(runs):
            found[name].append(runs[name](number))
    return {name: np.array(times) for name, times in found.items()}


def times(chosen: list[Scenario], settings: Settings) -> tuple[str, Bars]:
    """The table of all ways, and the bars of the listed scenarios."""
    rows, bars = [], []
    for scenario in settings.shown(chosen, "time"):
        drawn = scenario.data(settings.fits, SEED)
        found = timed(scenario, drawn, settings)
        base = found["no start"]
        row = [scenario.name, *(f"{1e6 * np.median(found[name]):.1f}" for name in OURS)]
        row += [_spread(found[name] / base) if name in found else "-" for name in PEERS]
        rows.append(row)
        if scenario.bars:
            wanted = ("SciPy loop", "xarray curvefit", "naive vmap")
            for name, bar in zip(wanted, scenario.bars, strict=True):
                ratio = float(np.median(found[name] / base))
                what = f"{scenario.name}: times faster than {name}"
                bars.append((what, f">= {bar:g}", ratio, ratio >= bar))
    heads = ["", *(f"us, {name}" for name in OURS), *PEERS]
    return table(heads, rows), bars


def _spread(ratios: np.ndarray) -> str:
    return f"{_short(np.median(ratios))} ({_short(ratios.min())} - {_short(ratios.max())})"


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


# ---- minima and standard errors -------------------------------------------------------------


def minima(chosen: list[Scenario], settings: Settings) -> tuple[str, Bars]:
    """Agreement of every scenario in both precisions, and calibration."""
    rows, bars = [], []
    for scenario in settings.shown(chosen, "minima"):
        drawn = scenario.data(settings.compared, SEED)
        best = quality.reference(scenario, drawn)
        fits = {dtype: parts.ours(scenario, drawn, dtype=dtype) for dtype in ("float64", "float32")}
        double, single = (quality.agreement(scenario, drawn, f, best) for f in fits.values())
        c = quality.calibration(scenario, drawn, fits["float64"])
        beside = quality.errors_beside(scenario, drawn, fits["float64"], 200)
        rows.append([
            scenario.name, _percent(double.near), _percent(single.near), _percent(double.better),
            _percent(double.usable), double.silent, single.silent,
            f"{max(double.told, single.told):.0e}", f"{beside:.0e}",
            " - ".join(f"{v:.3f}" for v in c.spread),
            " - ".join(f"{100 * v:.1f}" for v in c.coverage),
        ])  # fmt: skip
        for name, a, bar in (("float64", double, 0.999), ("float32", single, 0.995)):
            what = f"{scenario.name}: chi2 as low as SciPy's, {name}, %"
            bars.append((what, f">= {100 * bar:g}", 100 * a.near, a.near >= bar))
    heads = ["", "as low, %", "float32, %", "lower, %", "usable, %", "silent", "silent, float32",
             "chi2 told", "SE to SciPy's", "SD of score", "coverage of 95 %"]  # fmt: skip
    return table(heads, rows), bars


def _percent(share: float) -> str:
    return f"{100 * share:.3f}"


# ---- where the time goes --------------------------------------------------------------------


def inside(chosen: list[Scenario], settings: Settings) -> tuple[str, Bars]:
    """Passes over the points, the limit, and the cost of standard errors."""
    rows, bars = [], []
    for scenario in settings.shown(chosen, "passes"):
        drawn = scenario.data(settings.fits, SEED)
        row = [scenario.name]
        for options in ({}, {"dtype": "float32"}):
            p = parts.passes(scenario, drawn, settings.rounds, **options)
            row += [" + ".join(f"{v:.1f}" for v in p.evaluations),
                    " / ".join(f"{v:.1f}" for v in p.nanoseconds), f"{p.whole:.1f}",
                    f"{100 * p.share:.0f}"]  # fmt: skip
        errors = 100 * (parts.cost_of_errors(scenario, drawn, 2 * settings.rounds) - 1.0)
        low, middle, high = np.percentile(errors, (25, 50, 75))
        rows.append([*row, f"{middle:.1f} ({low:.1f} - {high:.1f})"])
        if scenario.bars:
            what = f"{scenario.name}: cost of standard errors, %"
            bars.append((what, "<= 10", float(middle), bool(middle <= 10)))
    group = ["evaluations", "ns, search / final", "ns, whole", "in passes, %"]
    heads = ["", *group, *(f"float32: {name}" for name in group), "standard errors, %"]
    least = parts.limit(SCENARIOS[1], 20)
    text = table(heads, rows)
    if least is not None:
        text += f"\n\nThe sums of the Gaussian's four columns in C: {least:.1f} ns."
    return text, bars


# ---- in the large ---------------------------------------------------------------------------


def large(chosen: list[Scenario], settings: Settings) -> tuple[str, Bars]:
    """Fresh processes, growth, threads, memory; of the first chosen scenario but for the first."""
    rows: list[list] = []
    bars: Bars = []
    for scenario in chosen:
        if scenario.bars:
            whole, own = scale.cold(scenario, min(settings.rounds, 3))
            what = f"{scenario.name}: first 1000 fits, fresh process, CPU s"
            rows.append([what, f"{whole:.2f} ({own:.2f} without Python and NumPy)"])
            bars.append((what, "<= 6", whole, whole <= 6))
    first = chosen[0]
    middle, low, high = scale.growth(first, settings.few, settings.factor, 3)
    most = 1.05 * settings.factor
    what = f"CPU of {settings.few * settings.factor:.0e} fits by that of {settings.few:.0e}"
    rows.append([what, f"{middle:.0f} ({low:.0f} - {high:.0f})"])
    bars.append((what, f"<= {most:g}", middle, middle <= most))
    middle, low, high = scale.threads(first, 5 * settings.fits, settings.rounds)
    rows.append(["wall time, one thread by two", f"{middle:.2f} ({low:.2f} - {high:.2f})"])
    told = scale.streamed(first, settings.streamed, 2) if first.name == "exponential" else None
    if told is not None:
        above = told["peak"] - told["output"]
        what = f"{settings.streamed:.0e} fits from a float32 file: peak memory less output, GiB"
        rows.append([what, f"{above:.2f} (output {told['output']:.2f}; without the file's pages "
                     f"{told['anonymous'] - told['output']:.2f}; CPU {told['seconds']:.0f} s; "
                     f"usable {told['usable']:,})"])  # fmt: skip
        bars.append((what, "<= 0.93", above, above <= 1e9 / 2**30))
    return table(["", first.name], rows), bars


# ---- all of it ------------------------------------------------------------------------------

PARTS = {
    "time": ("### Times faster than the peers", times),
    "minima": ("### Minima and standard errors", minima),
    "passes": ("### Evaluations per fit, ns per point and evaluation", inside),
    "large": ("### In the large", large),
}


def _judged(bars: Bars) -> str:
    rows = [
        [what, bar, f"{value:.4g}", "yes" if met else "**no**"] for what, bar, value, met in bars
    ]
    rows.sort(key=lambda row: row[-1] == "yes")
    return table(["", "bar", "measured", "met"], rows)


def _chosen(only: list[str]) -> tuple[list[Scenario], list[str]]:
    """Which scenarios and which parts."""
    scenarios = [s for s in SCENARIOS if s.name in only]
    named = [p for p in PARTS if p in only]
    unknown = set(only) - {s.name for s in scenarios} - set(named)
    if unknown:
        known = ", ".join([*PARTS, *(s.name for s in SCENARIOS)])
        raise SystemExit(f"There is no {', '.join(unknown)}. Known: {known}")
    return scenarios or [*SCENARIOS], named or [*PARTS]


def main() -> None:
    single_thread()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few fits, nothing written")
    parser.add_argument("--only", action="append", default=[], metavar="NAME",
                        help="a part or a scenario, several times; nothing written")  # fmt: skip
    args = parser.parse_args()
    scenarios, named = _chosen(args.only)
    warnings.simplefilter("ignore")
    import jax

    jax.config.update("jax_enable_x64", True)
    settings = Settings.quick() if args.quick else Settings()
    console = Console(stderr=True)
    settings.shown = lambda work, title: track([*work], title, console=console)
    texts, bars = [], []
    for name in named:
        title, part = PARTS[name]
        text, judged = part(scenarios, settings)
        texts += [title, text]
        bars += judged
    about = (__doc__ or "").partition("\n\n")[2].strip()
    texts = [
        f"{settings.fits:,} fits of each scenario ({settings.compared:,} beside SciPy's minima).",
        about,
        "### Bars",
        _judged(bars),
        *texts,
    ]
    section("many", "Many fits beside their peers", "\n\n".join(texts),
            not (args.quick or args.only), PACKAGES)  # fmt: skip


if __name__ == "__main__":
    main()
