"""Does a fit that calls itself usable have the global minimum? Classical models outside NIST.

Every model of `classics.py` is fitted to simulated noisy data, without a start and from starts
that are the truth times random factors between 0.2 and 5 (log-uniform, one per parameter). The
global minimum of a data set is the lowest cost that any fit found: SciPy's least_squares (exact
Jacobian, tolerances 1e-15) and ours from the truth, and all fits of the run. Counted are:

- reached: usable, and the cost within 1e-6 (relative) of the global minimum;
- too careful: not usable, though the cost is that of the global minimum;
- flagged: not usable, and the cost is higher (or the fit raised an error);
- silent: usable, yet the cost is higher;
- crash: an exception that is none of ours.

`--list` prints every case that is not reached with its seed and start; `--model` takes one model
by name.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from classics import CLASSICS, Classic
from common import jobs_map, section, single_thread, table
from scipy.optimize import least_squares

import taylored as ty
from taylored.errors import TayloredError

TOLERANCE = 1e-6
KINDS = ("reached", "too careful", "flagged", "silent", "crash")


@dataclass(frozen=True)
class Outcome:
    """One fit: of which data, from where, and what came out."""

    model: str
    seed: int
    start: dict[str, float] | None
    cost: float
    usable: bool
    seconds: float
    dof: int
    status: str = ""
    best: float = np.inf

    @property
    def clear(self) -> bool:
        """Whether the data tell the two minima apart: by more than 4 residual variances."""
        return self.cost - self.best > 4 * self.best / self.dof

    @property
    def kind(self) -> str:
        if self.status.startswith("crash"):
            return "crash"
        near = self.cost <= self.best * (1 + TOLERANCE)
        return KINDS[(0 if near else 3) if self.usable else (1 if near else 2)]


def random_start(model: Classic, seed: int, number: int) -> dict[str, float]:
    """The truth times a factor between 0.2 and 5, one per parameter."""
    rng = np.random.default_rng([seed, number])
    factors = 5.0 ** rng.uniform(-1, 1, len(model.truth))
    return {n: v * f for (n, v), f in zip(model.truth.items(), factors.tolist(), strict=True)}


def attempt(model: Classic, seed: int, start: dict[str, float] | None) -> Outcome:
    """One fit of ours, timed in CPU seconds."""
    begun = time.process_time()
    try:
        fit = ty.fit(model.formula, model.data(seed), start=start)
        usable, cost, status = fit.usable, fit.chi2, fit.status
    except TayloredError as error:
        usable, cost, status = False, np.inf, f"{type(error).__name__}: {error.what}"
    except Exception as error:
        usable, cost, status = False, np.inf, f"crash: {type(error).__name__}: {error}"
    seconds = time.process_time() - begun
    dof = len(model.x) - len(model.truth)
    return Outcome(model.name, seed, start, cost, usable, seconds, dof, status)


def reference(model: Classic, seed: int) -> float:
    """The lowest cost that is found from the truth."""
    fit = ty.fit(model.formula, model.data(seed), start=model.truth, search="never")
    functions, y = fit.setup.functions, fit.setup.y

    def residuals(theta: np.ndarray) -> np.ndarray:
        return np.nan_to_num(functions.value(theta) - y, nan=1e150, posinf=1e150, neginf=-1e150)

    def jacobian(theta: np.ndarray) -> np.ndarray:
        return np.nan_to_num(functions.value_and_jacobian(theta)[1].T)

    start = np.array([model.truth[n] for n in fit.setup.names])
    tight: dict[str, Any] = {
        "jac": jacobian,
        "xtol": 1e-15,
        "ftol": 1e-15,
        "gtol": 1e-15,
        "x_scale": "jac",
        "max_nfev": 20000,
    }
    with np.errstate(all="ignore"):
        found = least_squares(residuals, start, method="trf", **tight)
    return min(fit.chi2, 2 * found.cost)


def outcomes(work: tuple[Classic, int, int]) -> list[Outcome]:
    """All fits of one data set, each with the lowest cost that is known."""
    model, seed, starts = work
    begins = [None, *(random_start(model, seed, n) for n in range(starts))]
    found = [attempt(model, seed, start) for start in begins]
    best = min(reference(model, seed), *(o.cost for o in found))
    return [replace(o, best=best) for o in found]


def counts(found: list[Outcome]) -> list[int]:
    kinds = Counter(o.kind for o in found)
    return [kinds[k] for k in KINDS]


def summary(found: list[Outcome]) -> str:
    """The table by model, models with anything but reached first, and the totals."""
    rows = []
    for name in dict.fromkeys(o.model for o in found):
        mine = [o for o in found if o.model == name]
        row = [name]
        for part in ([o for o in mine if o.start is None], [o for o in mine if o.start]):
            row += [*map(str, counts(part)), f"{1e3 * np.median([o.seconds for o in part]):.0f}"]
        rows.append(row)
    rows.sort(
        key=lambda r: (
            -sum(map(int, (*r[4:6], *r[10:12]))),
            -int(r[2]) - int(r[3]) - int(r[8]),
            r[0],
        )
    )
    totals = ["all"]
    for part in ([o for o in found if o.start is None], [o for o in found if o.start]):
        totals += [*map(str, counts(part)), f"{1e3 * np.median([o.seconds for o in part]):.0f}"]
    heads = [f"{kind} ({where})" for where in ("none", "given") for kind in (*KINDS, "ms")]
    return table(["model", *heads], [totals, *rows])


def main() -> None:
    single_thread()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one data set, one start per model")
    parser.add_argument("--seeds", type=int, default=8, help="data sets per model")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--starts", type=int, default=8, help="random starts per data set")
    parser.add_argument("--noise", type=float, default=1.0, help="times the usual noise")
    parser.add_argument("--model", help="this model alone")
    parser.add_argument("--list", action="store_true", help="print each case that is not reached")
    parser.add_argument("--jobs", type=int, default=1)
    args = parser.parse_args()
    seeds, starts = (1, 1) if args.quick else (args.seeds, args.starts)
    models = [replace(m, noise=m.noise * args.noise) for m in CLASSICS]
    models = [m for m in models if args.model in (None, m.name)]
    seeds = range(args.first, args.first + seeds)
    work = [(m, seed, starts) for m in models for seed in seeds]
    found = [o for part in jobs_map(outcomes, work, args.jobs, "honesty") for o in part]
    shown = [o for o in found if o.kind != "reached"] if args.list else []
    for o in sorted(shown, key=lambda o: -KINDS.index(o.kind)):
        start = "no start" if o.start is None else f"start={o.start}"
        excess = o.cost / o.best - 1 if o.best > 0 else np.inf
        clear = " (clearly worse)" if o.clear else ""
        print(f"{o.kind}: {o.model}, seed {o.seed}, cost +{excess:.2e}{clear}, {start}: {o.status}")
    text = (
        f"{len(models)} models, {len(seeds)} simulated data sets each; per data set one fit "
        f"without a start and {starts} from the truth times random factors 0.2 to 5. "
        "ms: median CPU time of one fit, the verdict included. Of the silent cases "
        f"{sum(o.clear for o in found if o.kind == 'silent')} are worse by more than four residual "
        "variances, which the data can tell apart; in the others both minima fit the data.\n\n"
        + summary(found)
    )
    usual = not (args.quick or args.model or args.first or args.noise != 1)
    section("honesty", "Is a usable fit the best one?", text, write=usual)


if __name__ == "__main__":
    main()
