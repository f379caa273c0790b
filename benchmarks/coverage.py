"""Do intervals cover the truth as often as they say? Simulated data, true parameters known.

Every scenario simulates N data sets (fixed seeds), fits each, asks `fit.interval(name, level)`
(method "auto") of every parameter for 68.3, 95 and 99 %, and counts how often the truth is inside;
in some scenarios also how often the confidence band covers the true curve and the prediction band
a new point, in the middle and beyond the end of the data. A cell is the difference between
coverage and level in percentage points; `*` marks more than 1.5 points, `**` marks those of them
that are also more than twice the binomial standard error. Simulations without a calibrated interval
(fit not usable, kind unknown, or only estimated) are counted as refused and left out.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from common import curve, jobs_map, nist_problems, section, single_thread, table

import taylored as ty

LEVELS = (0.683, 0.95, 0.99)
LIMIT = 0.015
CHUNK = 50


@dataclass(frozen=True)
class Scenario:
    """A model with its truth, inputs and noise, and the options of the fit."""

    name: str
    formula: str
    truth: dict[str, float]
    x: np.ndarray
    sd: np.ndarray | float
    options: dict = field(default_factory=dict)
    sigma: bool = False
    start: bool = True
    at: tuple[float, ...] = ()  # where bands are checked


def _nist(name: str, factor: float) -> Scenario:
    p = nist_problems("nonlinear", name)[0]
    truth = dict(zip(p.names, p.exact.params.tolist(), strict=True))
    label = name if factor == 1 else f"{name}, noise x{factor:g}"
    return Scenario(label, p.formula, truth, p.columns["x"], factor * p.exact.residual_sd)


def scenarios() -> list[Scenario]:
    """All scenarios."""
    decay, line = "y ~ a*exp(-x/t)+c", np.linspace
    truth = {"a": 5.0, "t": 3.0, "c": 1.0}
    doses = np.repeat([0.02, 0.06, 0.11, 0.22, 0.56, 1.1], 2)
    peak = {"a": 10.0, "m": 5.0, "s": 1.2, "c": 2.0}
    sigma = 0.1 + 0.2 * np.exp(-line(0.5, 8, 10) / 3)
    logistic = {"k": 9.0, "m": 6.0, "s": 1.5}
    low = {"a": 5.0, "t": 3.0, "c": 0.25}
    return [
        _nist("BoxBOD", 1),
        _nist("MGH09", 1),
        _nist("Rat42", 3),
        _nist("Misra1a", 30),
        Scenario("decay + offset", decay, truth, line(0, 12, 12), 0.3, at=(6.0, 14.0)),
        Scenario("Michaelis-Menten", "y ~ v*x/(k+x)", {"v": 212.0, "k": 0.064}, doses, 11.0,
                 at=(0.4, 2.0)),
        Scenario("Gaussian + offset", "y ~ a*exp(-((x-m)/s)^2/2)+c", peak, line(0, 10, 24), 1.0,
                 at=(5.0, 11.0)),
        Scenario("logistic", "y ~ k/(1+exp((m-x)/s))", logistic, line(0, 12, 10), 0.4),
        Scenario("power law", "y ~ a*x^b", {"a": 2.0, "b": 1.6}, line(1, 8, 8), 4.0),
        Scenario("decay, sigma given", "y ~ a*exp(-x/t)", {"a": 5.0, "t": 3.0},
                 line(0.5, 8, 10), 3 * sigma, sigma=True),
        Scenario("decay + offset, no start", decay, truth, line(0, 12, 33), 0.5, start=False),
        Scenario("logistic, no start", "y ~ k/(1+exp((m-x)/s))", logistic, line(0, 14, 15), 0.6,
                 start=False),
        Scenario("near a bound (c > 0, truth one error above)", decay, low, line(0, 12, 15), 0.3,
                 {"bounds": {"c": (0.0, None)}}),
        Scenario("at a bound (c > 0, truth c = 0)", decay, {**low, "c": 0.0}, line(0, 12, 15), 0.3,
                 {"bounds": {"c": (0.0, None)}}),
    ]  # fmt: skip


def simulate(work: tuple[int, int, int]) -> Counter:
    """Counts of one chunk of simulations of one scenario."""
    index, first, last = work
    case = scenarios()[index]
    at = np.array(case.at)
    center, beyond = curve(case.formula, case.truth, case.x), curve(case.formula, case.truth, at)
    counts: Counter = Counter()
    for number in range(first, last):
        rng = np.random.default_rng([index, number])
        y = center + case.sd * rng.normal(size=len(center))
        new = beyond + np.mean(case.sd) * rng.normal(size=len(beyond))
        start = case.truth if case.start else None
        sigma = np.broadcast_to(case.sd, y.shape) if case.sigma else None
        fit = ty.fit(case.formula, {"x": case.x, "y": y}, start=start, sigma=sigma, **case.options)
        if not fit.usable:
            counts["unusable"] += 1
            continue
        _parameters(case, fit, counts)
        if case.at:
            _bands(fit, at, (beyond, new), counts)
    return counts


def _parameters(case: Scenario, fit: ty.Fit, counts: Counter) -> None:
    for name, value in case.truth.items():
        for level in LEVELS:
            found = fit.interval(name, level)
            if found.kind != "calibrated":
                counts[name, level, "refused"] += 1
                continue
            counts[name, level, "given"] += 1
            counts[name, level, "inside"] += value in found
            counts[name, level, found.method] += 1
            counts[name, level, "below"] += value < found.lo


def _bands(fit: ty.Fit, at: np.ndarray, wanted: tuple, counts: Counter) -> None:
    for kind, values in zip(("confidence", "prediction"), wanted, strict=True):
        for level in LEVELS:
            band = fit.predict({"x": at}, level=level, kind=kind)
            if band.kind != "calibrated":
                for x in at.tolist():
                    counts[_band_name(kind, x), level, "refused"] += 1
                continue
            for x, lo, hi, value in zip(at.tolist(), band.lo, band.hi, values, strict=True):
                name = _band_name(kind, x)
                counts[name, level, "given"] += 1
                counts[name, level, "inside"] += bool(lo <= value <= hi)
                counts[name, level, "band"] += 1
                counts[name, level, "below"] += bool(value < lo)


def _band_name(kind: str, x: float) -> str:
    return f"{kind} band at x = {x:g}"


def cell(counts: Counter, name: str, level: float) -> tuple[str, int]:
    """Coverage less level in points with its standard error, and 0, 1 or 2 stars."""
    given = counts[name, level, "given"]
    if not given:
        return "-", 0
    share = counts[name, level, "inside"] / given
    error = math.sqrt(level * (1 - level) / given)
    stars = (abs(share - level) > LIMIT) * (1 + (abs(share - level) > 2 * error))
    return f"{100 * (share - level):+.1f} ± {100 * error:.1f}{'*' * stars}", stars


def rows_of(case: Scenario, counts: Counter) -> tuple[list[list[str]], list[int]]:
    """The rows of one scenario, and the stars of all its cells."""
    names = dict.fromkeys(key[0] for key in counts if isinstance(key, tuple))
    rows, stars = [], []
    for name in names:
        cells = [cell(counts, name, level) for level in LEVELS]
        given = max(counts[name, 0.95, "given"], 1)
        profiled = f"{100 * counts[name, 0.95, 'profile-t'] / given:.0f} %"
        missed = max(given - counts[name, 0.95, "inside"], 1)
        below = f"{100 * counts[name, 0.95, 'below'] / missed:.0f} %"
        refused = counts["unusable"] + counts[name, 0.95, "refused"]
        band = "band" in name
        rows.append([case.name, str(len(case.x) - len(case.truth)), name, *(c[0] for c in cells),
                     "-" if band else profiled, below, str(refused)])  # fmt: skip
        stars += [c[1] for c in cells]
    return rows, stars


def main() -> None:
    single_thread()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="200 simulations, nothing written")
    parser.add_argument("--simulations", type=int, default=4000)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", help="scenarios whose name contains this, nothing written")
    args = parser.parse_args()
    total = 200 if args.quick else args.simulations
    chosen = [(i, s) for i, s in enumerate(scenarios()) if (args.only or "") in s.name]
    work = [(i, n, min(n + CHUNK, total)) for i, _ in chosen for n in range(0, total, CHUNK)]
    parts = jobs_map(simulate, work, args.jobs, "coverage")
    rows, stars = [], []
    for index, case in chosen:
        mine = [c for (i, *_), c in zip(work, parts, strict=True) if i == index]
        some, more = rows_of(case, sum(mine, Counter()))
        rows, stars = rows + some, stars + more
    heads = ["scenario", "dof", "of", *(f"{100 * v:g} %" for v in LEVELS)]
    heads += ["by profile", "misses below", "refused"]
    text = (
        f"{total} simulations per scenario. Coverage less level, in points, with its binomial "
        f"standard error. {len(stars)} cells; {sum(s > 0 for s in stars)} differ by more than 1.5 "
        f"points (`*`), {sum(s > 1 for s in stars)} of them by more than two standard errors "
        '(`**`). "By profile" and "misses below" (the truth is below the interval; 50 % is even) '
        "are those of the 95 % intervals.\n\n" + table(heads, rows)
    )
    section("coverage", "Coverage of intervals", text, write=not (args.quick or args.only))


if __name__ == "__main__":
    main()
