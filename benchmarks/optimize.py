"""Optimisation beside SciPy and Ipopt, with the same derivatives and an independent judge.

python benchmarks/optimize.py [--only TABLE] [--rounds 3] [--no-write]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from common import section, single_thread, table

if __name__ == "__main__":
    single_thread()

import numpy as np
from judge import Point, Verdict, judge
from optimize_multipliers import multipliers
from optimize_peers import MINIMIZERS, ROOTS, Outcome, Shared, has_ipopt, of_problem, of_system
from optimize_scale import large
from rich.console import Console
from rich.progress import track as _track

import problem_sets as sets
from problem_sets import Problem

__all__ = ["main"]

SLOW = 1.0  # seconds: what takes longer is timed once
KINDS = ("unconstrained", "bounds", "equalities", "inequalities")
OURS, REFERENCE = "taylored", "Ipopt"


@dataclass(frozen=True)
class Settings:
    rounds: int = 3
    verbose: bool = False
    sizes: tuple[int, ...] = (10_000, 100_000)


@dataclass
class Run:
    """One solver on one problem: where it ended, and the median CPU seconds of a call."""

    problem: Any
    outcome: Outcome
    verdict: Verdict
    cpu: float
    best: float = np.nan

    @property
    def solved(self) -> bool:
        return self.verdict.solved(self.best)


def track(work: Iterable, title: str) -> Iterable:
    """A progress bar on standard error."""
    items = list(work)
    return _track(items, title, len(items), console=Console(stderr=True))


def point_of(s: Shared, x: np.ndarray) -> Point:
    f, c = s.values_at(x)
    gradient, jacobian = s.first_at(x)
    return Point(x, f, c, gradient, jacobian, s.equality, s.lower, s.upper)


def attempt(run: Callable, p: Any, s: Shared) -> Outcome:
    """What a solver that raises found is nothing."""
    try:
        return run(p, s.fresh())
    except Exception as error:
        return Outcome(np.full(s.n, np.nan), f"{type(error).__name__}: {error}"[:90])


def runs_of(p: Any, solvers: dict[str, Callable], settings: Settings) -> dict[str, Run]:
    """All solvers on one problem, interleaved; the first round warms up."""
    s = of_problem(p) if isinstance(p, Problem) else of_system(p)
    found = {name: attempt(run, p, s) for name, run in solvers.items()}
    times = {name: [o.cpu] if o.cpu > SLOW else [] for name, o in found.items()}
    for _ in range(settings.rounds):
        for name, run in solvers.items():
            if found[name].cpu <= SLOW:
                times[name].append(attempt(run, p, s).cpu)
    made = {}
    for name, outcome in found.items():
        with np.errstate(all="ignore"):
            at = point_of(s, outcome.x)
            verdict = judge(at, lambda x, y: s.second_at(x, 1.0, y))
        made[name] = Run(p, outcome, verdict, statistics.median(times[name]))
    best = best_of(p, made)
    for run in made.values():
        run.best = best
    return made


def best_of(p: Any, found: dict[str, Run]) -> float:
    """The published minimum; where there is none, the lowest feasible value found."""
    published = getattr(p, "best", None)
    if published is not None:
        return float(published)
    return min((r.verdict.f for r in found.values() if r.verdict.feasible), default=np.nan)


# ---- tables ----


def percent(part: Sequence[bool]) -> str:
    return f"{100 * sum(part) / len(part):.0f}" if part else "-"


def middle(values: Iterable[float]) -> str:
    kept = [v for v in values if np.isfinite(v)]
    return f"{statistics.median(kept):.3g}" if kept else "-"


def ratio(runs: list[dict[str, Run]], name: str, of: Callable[[Run], float], both: Any) -> str:
    """The median of a solver's figure over the reference's, where both solved."""
    pairs = [(of(r[name]), of(r[REFERENCE])) for r in runs if REFERENCE in r and both(r, name)]
    return middle(a / b for a, b in pairs if b > 0)


def false_minimum(r: Run) -> bool:
    """It says solved, and the judge says it is no first-order point, infeasible, or no minimum."""
    said = r.outcome.said == "minimum" if r.outcome.answer is not None else r.outcome.success
    wrong = not r.verdict.feasible or r.verdict.kkt > 1e-4
    return said and (wrong or r.verdict.curvature == "not a minimum")


HEADS = ("solver", "solved %", "first-order % of solved", "false minimum", "med f", "med g",
         "med H", "f / Ipopt", "H / Ipopt", "CPU / Ipopt")  # fmt: skip


def rows_of(runs: list[dict[str, Run]], solvers: Iterable[str]) -> list[list[str]]:
    def both(found: dict[str, Run], name: str) -> bool:
        return found[name].solved and found[REFERENCE].solved

    rows = []
    for name in solvers:
        mine = [r[name] for r in runs]
        done = [r for r in mine if r.solved]
        rows.append([
            name, percent([r.solved for r in mine]),
            percent([r.verdict.first_order for r in done]),
            str(sum(map(false_minimum, mine))),
            *(middle(getattr(r.outcome, k) for r in done) for k in ("f", "first", "second")),
            ratio(runs, name, lambda r: r.outcome.f, both),
            ratio(runs, name, lambda r: r.outcome.second, both),
            ratio(runs, name, lambda r: r.cpu, both),
        ])  # fmt: skip
    return rows


def misses(runs: list[dict[str, Run]], name: str) -> str:
    """Which problems a solver did not solve, or solved to less than first order."""
    said = []
    for found in runs:
        r = found[name]
        if not r.solved:
            said.append(f"{r.problem.name} ({r.outcome.said[:60]}; f {r.verdict.f:.8g}, best "
                        f"{r.best:.8g}, violation {r.verdict.violation:.0e})")  # fmt: skip
        elif not r.verdict.first_order:
            said.append(f"{r.problem.name} (KKT {r.verdict.kkt:.0e})")
        if false_minimum(r):
            said.append(f"**{r.problem.name} is no minimum: KKT {r.verdict.kkt:.0e}, "
                        f"{r.verdict.curvature}**")  # fmt: skip
    return "; ".join(said) or "none"


_RUNS: dict[str, list[dict[str, Run]]] = {}


def summary() -> str:
    """One table of all classes with bounds or constraints that have been run."""
    runs = [found for kind in KINDS[1:] for found in _RUNS.get(kind, [])]
    shared = [name for name in runs[0] if all(name in found for found in runs)]
    return f"{len(runs)} problems\n\n" + table(HEADS, rows_of(runs, shared))


def one_class(problems: Sequence[Problem], kind: str, settings: Settings) -> str:
    solvers = available(MINIMIZERS[kind])
    runs = [runs_of(p, solvers, settings) for p in track(problems, kind)]
    _RUNS.setdefault(kind, []).extend(runs)
    text = f"{kind}, {len(problems)} problems\n\n" + table(HEADS, rows_of(runs, solvers))
    text += f"\n\n{OURS}, not solved or not first-order: {misses(runs, OURS)}."
    if REFERENCE in solvers:
        text += f"\n\n{REFERENCE}: {misses(runs, REFERENCE)}."
    return text


def available(solvers: dict[str, Callable]) -> dict[str, Callable]:
    return {k: v for k, v in solvers.items() if k != REFERENCE or has_ipopt()}


def classes(settings: Settings, only: Sequence[str] = KINDS) -> str:
    """All problems with a solution that are not degenerate on purpose, by class; after the last
    class also those with bounds or constraints together."""
    problems = [*sets.HOCK_SCHITTKOWSKI, *sets.MORE_GARBOW_HILLSTROM, *sets.BOUNDED]
    texts = [one_class([p for p in problems if p.kind == kind], kind, settings) for kind in only]
    if all(kind in _RUNS for kind in KINDS[1:]):
        texts.append(f"Bounds, equalities and inequalities together: {summary()}")
    return "\n\n".join(texts)


def degenerate(settings: Settings) -> str:
    """Programs whose multipliers are not unique or do not exist, or whose curvature vanishes."""
    texts = []
    _RUNS.clear()
    for kind in KINDS:
        problems = [p for p in sets.DEGENERATE if p.kind == kind]
        if problems:
            texts.append(one_class(problems, kind, settings))
    return "\n\n".join(texts)


def outcomes(settings: Settings) -> str:
    """Programs without a solution: what is said of them."""
    rows = []
    for p in track([*sets.INFEASIBLE, *sets.UNBOUNDED], "no solution"):
        found = runs_of(p, available(MINIMIZERS[p.kind]), Settings(1))
        said = [found[k].outcome.said[:40] if k in found else "-" for k in (OURS, REFERENCE)]
        slsqp = found.get("SLSQP")
        rows.append([p.name, p.outcome, *said, slsqp.outcome.said[:40] if slsqp else "-"])
    right = sum(row[2] == row[1] for row in rows)
    heads = ["problem", "is", OURS, REFERENCE, "SLSQP"]
    return table(heads, rows) + f"\n\n{OURS} says so for {right} of {len(rows)}."


# ---- roots ----


def systems(settings: Settings) -> str:
    """Square systems: a root to 1e-6 in every equation."""
    problems = [s for s in sets.SYSTEMS if s.count != 0]
    solvers = available(ROOTS)
    runs = [runs_of(s, solvers, settings) for s in track(problems, "systems")]

    def solved(r: Run) -> bool:
        return r.verdict.violation <= 1e-6

    rows = []
    for name in solvers:
        mine = [r[name] for r in runs]
        done = [r for r in mine if solved(r)]
        rows.append([
            name, percent([solved(r) for r in mine]),
            str(sum(r.outcome.success and not solved(r) for r in mine)),
            *(middle(getattr(r.outcome, k) for r in done) for k in ("f", "first")),
            ratio(runs, name, lambda r: r.cpu,
                  lambda found, k: solved(found[k]) and solved(found[REFERENCE])),
        ])  # fmt: skip
    heads = ["solver", "solved %", "false root", "med f", "med J", "CPU of the call / Ipopt"]
    ours = [r[OURS] for r in runs]
    elementary = [r for r in ours if solved(r) and r.problem.elementary]
    proved = [proof(r) for r in elementary]
    open_ = [r.problem.name for r, kind in zip(elementary, proved, strict=True) if kind != "proved"]
    missed = [f"{r.problem.name} ({r.outcome.said[:60]})" for r in ours if not solved(r)]
    return (
        f"{len(problems)} systems\n\n" + table(heads, rows)
        + f"\n\nProved: {proved.count('proved')} of {len(proved)} solved systems of elementary "
        f"functions; not: {', '.join(open_) or 'none'}. Not solved: {'; '.join(missed) or 'none'}."
    )  # fmt: skip


def proof(r: Run) -> str:
    """The kind of the accuracy of a root."""
    return str(getattr(getattr(r.outcome.answer, "accuracy", None), "value", "unknown"))


def all_roots(settings: Settings) -> str:
    """All roots in a box, against known counts."""
    import taylored as ty

    rows = []
    for s in track(sets.COUNTED, "all roots"):
        try:
            low, high = (float(v[0]) if s.n == 1 and v is not None else v
                         for v in (s.lower, s.upper))  # fmt: skip
            found = ty.roots(s.f, low, high)
            proved, complete = len(found), bool(found.complete)
        except Exception as error:
            rows.append([s.name, s.count, type(error).__name__, "-", ""])
            continue
        wrong = complete and proved != s.count
        rows.append([s.name, s.count, proved, complete, "**false**" if wrong else ""])
    right = sum(row[1] == row[2] and row[3] is True for row in rows)
    heads = ["system", "roots", "found", "said complete", ""]
    return table(heads, rows) + f"\n\nAll found and said so: {right} of {len(rows)}."


# ---- the first answer ----

_FIRST = {
    "formula": 'ty.minimize("+".join(f"100*(x{k+1}-x{k}^2)^2+(1-x{k})^2" for k in range(9)),'
    ' {f"x{k}": -1.0 for k in range(10)})',
    "operators": "ty.minimize(lambda x: sum(100*(x[k+1]-x[k]**2)**2+(1-x[k])**2 "
    "for k in range(9)), [-1.0]*10)",
    "jax.numpy": "ty.minimize(lambda x: jnp.sum(100*(x[1:]-x[:-1]**2)**2+(1-x[:-1])**2), "
    "-np.ones(10))",
    "with constraints": "ty.minimize(lambda x: jnp.sum((x-2)**4), np.zeros(10), bounds=(0, 3), "
    "equal=lambda x: jnp.sum(x)-5, at_most=lambda x: x[1:]**2+x[:-1]-2)",
}
_CHILD = """
import json, time
import numpy as np, jax.numpy as jnp, taylored as ty
import taylored.optimize.minimize
ty.minimize
if {warm}:
    ty.minimize(lambda x: (x[0]-1)**2*(x[1]-2)**4, [3.0, 4.0])
began = time.process_time()
m = {call}
print(json.dumps([time.process_time() - began, m.kind, m.value]))
"""


def first_answer(settings: Settings) -> str:
    """CPU seconds of the first call on a new problem of ten variables, each in a new process."""
    rows = []
    for name, call in track(_FIRST.items(), "first answer"):
        took = {}
        for warm in (False, True):
            made = [_child(_CHILD.format(call=call, warm=warm)) for _ in range(settings.rounds)]
            took[warm] = statistics.median(m[0] for m in made)
            kind, value = made[0][1:]
        rows.append([name, f"{took[False]:.2f}", f"{took[True]:.3f}", kind, f"{value:.9g}"])
    heads = ["problem", "first call of a process, s", "after another problem, s", "kind", "value"]
    return table(heads, rows)


def _child(code: str) -> list:
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(out.stdout.splitlines()[-1])


TABLES: dict[str, tuple[str, Callable[[Settings], str]]] = {
    **{kind: (f"Optimisation: {kind}", lambda s, k=kind: classes(s, (k,))) for kind in KINDS},
    "degenerate": ("Optimisation: degenerate programs", degenerate),
    "outcomes": ("Optimisation: programs without a solution", outcomes),
    "systems": ("Optimisation: square systems", systems),
    "roots": ("Optimisation: all roots in a box", all_roots),
    "multipliers": ("Optimisation: multipliers against solving again", multipliers),
    "large": ("Optimisation: many variables", large),
    "first": ("Optimisation: the first answer", first_answer),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", choices=list(TABLES), action="append", help="these tables")
    parser.add_argument("--rounds", type=int, default=3, help="timed rounds")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--sif", nargs=3, metavar=("SIF2JAX", "S2MPJ", "DRAW"),
                        help="unseen problems instead: the folders that hold sif2jax and S2MPJ, "
                        "and how many of each class, or names with commas")  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument("--no-write", action="store_true", help="leave RESULTS.md as it is")
    args = parser.parse_args()
    settings = Settings(args.rounds, sizes=tuple(args.sizes))
    if args.sif:
        from optimize_unseen import unseen

        groups = unseen(*args.sif, args.seed)
        for kind in KINDS:
            if groups[kind]:
                print(one_class(groups[kind], kind, settings))
        print(f"Bounds, equalities and inequalities together: {summary()}")
        return
    for name in args.only or TABLES:
        title, run = TABLES[name]
        section(f"optimize-{name}", title, run(settings), not args.no_write, ["casadi"])


if __name__ == "__main__":
    main()
