"""Networks beside scikit-learn, PyTorch, laplace-torch, MAPIE and bde: intervals, errors, cost.

python benchmarks/networks.py [--only PART] [--rounds 20] [--quick] [--unseen] [--cache FOLDER]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import section, single_thread, table

if __name__ == "__main__":
    single_thread()

import numpy as np
from network_bound import RADIUS, bounded
from network_cost import first_answers, interval_cost
from network_data import Split, Task, coverage_tasks, formulas, real_tasks, unseen_tasks
from network_peers import INTERVALS, NO_NETWORK, OURS, POINTS, SLOW
from network_steps import CONTESTANTS, HAND, LISTED, SHAPES, step_times
from network_targets import METHODS, TARGET, Ended, problem
from rich.console import Console
from rich.progress import track as _track

__all__ = ["main"]

LEVEL = 0.9
BINS = 10
BUDGET = 20.0  # CPU seconds to a target
SAMPLES = 1_000_000  # of each network, in its boxes


@dataclass(frozen=True)
class Settings:
    rounds: int = 20
    unseen: bool = False
    cache: Path | None = None
    peers: tuple[str, ...] = ()
    ours: bool = True
    cached: bool = False
    tables: tuple[str, ...] = ()

    def tasks(self, seen: Sequence[Task], regression: bool) -> list[Task]:
        """Those tables, or those that nothing was tuned on, with these words in their names."""
        found = [t for t in (unseen_tasks() if self.unseen else seen) if t.regression == regression]
        return [t for t in found if not self.tables or any(w in t.name for w in self.tables)]

    def chosen(self, peers: dict[str, Callable]) -> dict[str, Callable]:
        def wanted(name: str) -> bool:
            if name == OURS:
                return self.ours
            return not self.peers or any(p in name for p in self.peers)

        return {k: v for k, v in peers.items() if wanted(k)}


Row = dict[str, Any]


class Store:
    """What was measured, kept between runs where a folder is given; our own figures never are."""

    def __init__(self, settings: Settings, part: str):
        self.folder = settings.cache and settings.cache / part
        self.only = settings.cached
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)

    def row(self, peer: str, task: str, seed: int, run: Callable[[], Row]) -> Row:
        if not self.folder or peer == OURS:
            return attempt(run)
        name = "".join(c if c.isalnum() else "-" for c in f"{peer} {task} {seed}")
        path = self.folder / f"{name}.json"
        if not path.exists():
            if self.only:
                return {}
            path.write_text(json.dumps(attempt(run)), encoding="utf-8")
        return json.loads(path.read_text(encoding="utf-8"))


def attempt(run: Callable[[], Row]) -> Row:
    """What a peer that raises found is its error."""
    try:
        with silence():
            return run()
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:200]}


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Progress bars of peers are no matter of ours."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
        yield


def track(work: Iterable, title: str) -> Iterable:
    items = list(work)
    return _track(items, title, len(items), console=Console(stderr=True))


def measured(
    tasks: Sequence[Task], peers: dict[str, Callable], part: str, settings: Settings, run: Callable
) -> dict[str, dict[str, list[Row]]]:
    """Rows by task and peer; seed by seed, so that a run that is broken off has all of some."""
    store = Store(settings, part)
    found: dict[str, dict[str, list[Row]]] = {t.name: {p: [] for p in peers} for t in tasks}
    for seed in track(range(settings.rounds), part):
        for task in tasks:
            split = task.draw(seed)
            for name, peer in peers.items():
                if seed < SLOW.get(name, settings.rounds):
                    row = store.row(name, task.name, seed, lambda: run(peer, task, split, seed))  # noqa: B023
                    found[task.name][name].append(row)
                else:
                    found[task.name][name].append({})
    return found


# ---- intervals ----


def interval_score(lo: np.ndarray, hi: np.ndarray, y: np.ndarray, level: float) -> float:
    """Gneiting and Raftery (2007): the width and, for a miss, 2/(1 - level) times its size."""
    misses = np.maximum(lo - y, 0) + np.maximum(y - hi, 0)
    return float(np.mean(hi - lo + 2 / (1 - level) * misses))


def one_interval(peer: Callable, task: Task, s: Split, seed: int) -> Row:
    began = time.process_time()
    f = peer(s, task.hidden, seed)
    cpu = time.process_time() - began
    inside = (f.lo <= s.y_new) & (s.y_new <= f.hi)
    return {
        "coverage": float(inside.mean()),
        "score": interval_score(f.lo, f.hi, s.y_new, LEVEL) / task.scale,
        "rmse": float(np.sqrt(np.mean((f.value - s.y_new) ** 2))) / task.scale,
        "cpu": cpu,
        "said": float(f.said),
        "stderr": float(f.stderr),
        "rows": len(s.y_new),
    }


def aligned(rows: Sequence[Row], key: str) -> np.ndarray:
    """A figure of each round; nan where there is none."""
    return np.array([r.get(key, np.nan) for r in rows], float)


def column(rows: Sequence[Row], key: str) -> np.ndarray:
    values = aligned(rows, key)
    return values[np.isfinite(values)]


def failures(found: dict[str, dict[str, list[Row]]]) -> str:
    said = [
        f"{peer} on {task}: {sum('error' in r for r in rows)} of {len(rows)} failed "
        f"({next(r['error'] for r in rows if 'error' in r)})"
        for task, peers in found.items()
        for peer, rows in peers.items()
        if any("error" in r for r in rows)
    ]
    return "\n\n" + "; ".join(said) + "." if said else ""


def ratios(
    peers: dict[str, list[Row]], key: str, name: str = OURS
) -> dict[str, tuple[float, float]]:
    """The mean of `name` over that of each network peer, on the rounds that both have, and the
    standard error of the difference; peers of fewer than half the rounds of others do not count."""
    mine, found = aligned(peers.get(name, []), key), {}
    counts = {p: len(column(rows, key)) for p, rows in peers.items() if p != OURS}
    for other, rows in peers.items():
        if other in (OURS, name, *NO_NETWORK) or not len(mine):
            continue
        values = aligned(rows, key)
        both = np.isfinite(values) & np.isfinite(mine)
        enough = 2 * counts[other] >= max(counts.values())
        if enough and both.any():
            gap, unit = mine[both] - values[both], values[both].mean()
            if gap.any():  # where neither errs, they are equal
                gap = gap / unit if unit else np.full(len(gap), np.inf)
            error = float(np.std(gap)) if np.isfinite(gap).all() else np.inf
            found[other] = 1 + float(gap.mean()), error / both.sum() ** 0.5
    return found


def against_best(
    peers: dict[str, list[Row]], key: str, name: str = OURS
) -> tuple[str, float, float]:
    """The best network peer, `name` over it, and the standard error."""
    found = ratios(peers, key, name)
    best = max(found, key=lambda other: found[other][0], default="-")
    return best, *found.get(best, (np.nan, np.nan))


def interval_rows(peers: dict[str, list[Row]]) -> list[list[str]]:
    rows = []
    for name, found in peers.items():
        c, score, rmse, cpu = (column(found, k) for k in ("coverage", "score", "rmse", "cpu"))
        if not len(c):
            continue
        ratio = against_best(peers, "score", name)[1]
        rows.append([
            name, f"{100 * c.mean():.1f}", f"{100 * c.std():.1f}", f"{100 * c.min():.1f}",
            f"{score.mean():.3f}", f"{ratio:.2f}", f"{rmse.mean():.3f}",
            f"{np.median(cpu):.1f}", len(c),
        ])  # fmt: skip
    return rows


def agreement(rows: Sequence[Row]) -> tuple[str, str]:
    """How often the coverage that is printed is within 2 of its standard errors of the measured
    one, whose own error, of a finite number of new rows, is added in quadrature; mean of both."""
    said, stderr, true, n = (column(rows, k) for k in ("said", "stderr", "coverage", "rows"))
    spread = np.sqrt(stderr**2 + true * (1 - true) / n)
    share = np.mean(np.abs(said - true) <= 2 * spread)
    return f"{100 * share:.0f}", f"{100 * said.mean():.1f} ± {100 * stderr.mean():.1f}"


def coverage(settings: Settings) -> str:
    """Coverage and interval score of 90 % intervals for new observations."""
    tasks = settings.tasks(coverage_tasks(), True)
    peers = settings.chosen(INTERVALS)
    found = measured(tasks, peers, "coverage", settings, one_interval)
    heads = ["method", "coverage %", "sd", "least", "interval score", "/ best network peer",
             "RMSE", "CPU s", "data sets"]  # fmt: skip
    texts = [f"### {t.name}\n\n" + table(heads, interval_rows(found[t.name])) for t in tasks]
    intro = (
        f"{settings.rounds} data sets of each for ours, of slow peers the first ones; the ratios "
        "are of those that both have. Scores and errors in standard deviations of the "
        "target. A Gaussian process is no network and does not count as the best peer."
    )
    return "\n\n".join([intro, *texts]) + failures(found) + bars_of_coverage(found)


def bars_of_coverage(found: dict[str, dict[str, list[Row]]]) -> str:
    if not all(len(column(peers.get(OURS, []), "coverage")) for peers in found.values()):
        return ""
    rows = []
    for task, peers in found.items():
        mine = peers[OURS]
        name, ratio, error = against_best(peers, "score")
        share, said = agreement(mine)
        mean = 100 * column(mine, "coverage").mean()
        rows.append([task, f"{mean:.1f}", said, share, f"{ratio:.3f} ± {error:.3f}", name])
    heads = ["ours", "coverage %", "printed", "within 2 stderr %", "score / best", "best"]
    overall = np.mean([column(p[OURS], "coverage").mean() for p in found.values()])
    return f"\n\n{table(heads, rows)}\n\nMean coverage of all: {100 * overall:.1f} %."


# ---- values and classes ----


def one_value(peer: Callable, task: Task, s: Split, seed: int) -> Row:
    began = time.process_time()
    value = peer(s, task.hidden, task.classes, seed)
    cpu = time.process_time() - began
    if task.regression:
        return {"rmse": float(np.sqrt(np.mean((value - s.y_new) ** 2))) / task.scale, "cpu": cpu}
    return {**class_errors(value, s.y_new), "cpu": cpu}


def class_errors(p: np.ndarray, y: np.ndarray) -> Row:
    """Error, log loss, and by bins of the largest probability: how many, their sum, how right."""
    top, right = p.max(1), p.argmax(1) == y
    bins = np.minimum((top * BINS).astype(int), BINS - 1)
    sums = [np.bincount(bins, w, BINS).tolist() for w in (np.ones(len(y)), top, right)]
    loss = -np.log(np.clip(p[np.arange(len(y)), y], 1e-15, None)).mean()
    return {"wrong": float(1 - right.mean()), "loss": float(loss), "bins": sums}


def calibration(rows: Sequence[Row]) -> float:
    """Expected calibration error of all splits together (Naeini et al. 2015)."""
    n, said, right = np.sum([r["bins"] for r in rows], axis=0)
    return float(np.abs(said - right).sum() / n.sum())


def accuracy(settings: Settings) -> str:
    """Test error of regression."""
    tasks = settings.tasks(real_tasks(), True)
    found = measured(tasks, settings.chosen(POINTS), "accuracy", settings, one_value)
    return compared(found, "rmse", "RMSE in standard deviations of the target") + failures(found)


def classification(settings: Settings) -> str:
    """Test error, log loss and calibration of classes."""
    tasks = settings.tasks(real_tasks(), False)
    found = measured(tasks, settings.chosen(POINTS), "accuracy", settings, one_value)
    texts = [
        compared(found, "wrong", "Share of wrong labels"),
        compared(found, "loss", "Log loss"),
        "Expected calibration error, %:\n\n" + calibrations(found),
    ]
    return "\n\n".join(texts) + failures(found)


def calibrations(found: dict[str, dict[str, list[Row]]]) -> str:
    names = list(next(iter(found.values())))
    rows = [
        [
            task,
            *(f"{100 * calibration(good(peers[n])):.1f}" if good(peers[n]) else "-" for n in names),
        ]
        for task, peers in found.items()
    ]
    return table(["table", *names], rows)


def good(rows: Sequence[Row]) -> list[Row]:
    return [r for r in rows if r and "error" not in r]


def compared(found: dict[str, dict[str, list[Row]]], key: str, title: str) -> str:
    """Means by table and peer; ours over the best network peer, with the standard error of the
    difference over the splits."""
    names = list(next(iter(found.values())))
    rows = []
    for task, peers in found.items():
        cells = [column(peers[n], key) for n in names]
        shown = [f"{c.mean():.4f}" if len(c) else "-" for c in cells]
        _, ratio, error = against_best(peers, key)
        cell = f"{ratio:.3f} ± {error:.3f}" if np.isfinite(ratio) else "-"
        rows.append([task, *shown, cell])
    return f"{title}:\n\n" + table(["table", *names, "ours / best network peer"], rows)


# ---- time ----


def step(settings: Settings) -> str:
    """One step of training, CPU."""
    rows = []
    names = [name for name in CONTESTANTS if settings.ours or name != OURS]
    for shape in track(SHAPES, "step"):
        with silence():
            times = step_times(shape, settings.rounds, settings.ours)
        best = min((times[n] for n in (HAND, LISTED)), key=np.median)
        cells = [
            f"{np.median(times[n]):.0f} ({np.median(times[n] / best):.2f})" if n in times else "-"
            for n in names
        ]
        rows.append([shape.name, *cells])
    text = (
        "Microseconds of CPU for a step, on one core; in brackets the median ratio to the faster "
        "of the two hand-written scans.\n\n"
    )
    return text + table(["network", *names], rows)


def target(settings: Settings) -> str:
    """CPU to a relative error of 0.003."""
    rows = []
    for name, dtype in [(n, d) for d in (np.float64, np.float32) for n in formulas()]:
        found = {method: [] for method in METHODS}
        for seed in track(range(settings.rounds), name):
            for method, run in METHODS.items():
                found[method].append(run(problem(name, seed, BUDGET), dtype))
        ours, *peers = (
            np.array([e.seconds if e.hit else np.inf for e in f]) for f in found.values()
        )
        best = np.min(peers, axis=0)
        both = np.isfinite(ours) & np.isfinite(best)
        ratio = np.median((ours / best)[both]) if both.any() else np.nan
        cells = [ended(f) for f in found.values()]
        rows.append([f"{name}, {np.dtype(dtype).name}", *cells, f"{ratio:.2f}"])
    text = (
        f"A network 4-20-20-1 on 1000 rows without noise, to an error of {TARGET} standard "
        f"deviations on fresh rows; median CPU seconds (how many of {settings.rounds} starts got "
        f"there within {BUDGET:.0f} s).\n\n"
    )
    return text + table(["formula", *METHODS, "ours / best L-BFGS, same start"], rows)


def ended(found: Sequence[Ended]) -> str:
    hits = [e.hit for e in found]
    return f"{np.median([e.seconds for e in found]):.3f} ({sum(hits)})"


def cost(settings: Settings) -> str:
    """Intervals and the first answer."""
    texts = []
    if settings.ours:
        rows = [
            [n, f"{a:.2f}", f"{b:.2f}", f"{r:.1f}"] for n, a, b, r in interval_cost(settings.rounds)
        ]
        heads = ["table", "one network (best of 4 starts), CPU s", "30 members, CPU s", "ratio"]
        texts.append(table(heads, rows))
    first = first_answers(settings.rounds, settings.ours)
    heads = ["first fit of 500 x 10", "CPU s of the process", "import and fit"]
    texts.append(table(heads, [[n, f"{a:.2f}", f"{b:.2f}"] for n, a, b in first]))
    return "\n\n".join(texts)


def bound(settings: Settings) -> str:
    """Proved ranges: samples outside, widths."""
    rows = []
    for b in track(bounded(SAMPLES, 2 * settings.rounds), "bound"):
        widths = [f"{middle:.3f} ({most:.3f})" for middle, most in (b.value, b.derivative)]
        reached = [f"{r:.2f}" for r in b.reached]
        rows.append([
            b.name, f"{b.samples:,}", b.outside, *widths, *reached, f"{b.seconds:.2f}"
        ])  # fmt: skip
    heads = ["network of 30 members", "samples", "outside", "width / plain intervals",
             "of derivatives", "width / range of samples", "of derivatives",
             "CPU s of a box"]  # fmt: skip
    text = (
        f"Boxes of radius {RADIUS} (standard deviations of the inputs) around rows not trained "
        f"on, {2 * settings.rounds} of each trained network; a sample lies outside if its "
        "prediction or one of its derivatives does. Widths: median over the boxes, in brackets "
        "the largest; of derivatives the widest input.\n\n"
    )
    return text + table(heads, rows)


# ---- command line ----

PARTS: dict[str, tuple[str, Callable[[Settings], str], int]] = {
    "coverage": ("Networks: 90 % intervals", coverage, 20),
    "accuracy": ("Networks: test error of regression", accuracy, 10),
    "classification": ("Networks: classes and their probabilities", classification, 10),
    "step": ("Networks: one training step", step, 7),
    "target": ("Networks: time to a tight target", target, 5),
    "bound": ("Networks: proved ranges", bound, 5),
    "cost": ("Networks: what intervals and the first answer cost", cost, 5),
}
PACKAGES = ("scikit-learn", "torch", "optax", "equinox", "laplace-torch", "mapie",
            "sklearn-contrib-bde")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", choices=list(PARTS), action="append", help="these parts")
    parser.add_argument("--rounds", type=int, help="data sets, splits or timed rounds")
    parser.add_argument("--quick", action="store_true", help="two rounds, nothing written")
    parser.add_argument("--unseen", action="store_true", help="tables that nothing was tuned on")
    parser.add_argument("--cache", type=Path, help="a folder for the figures of the peers")
    parser.add_argument("--cached", action="store_true", help="peers only as far as in the cache")
    parser.add_argument("--peers", nargs="+", default=[], help="only peers with these words")
    parser.add_argument("--tables", nargs="+", default=[], help="only tables with these words")
    parser.add_argument("--no-ours", action="store_true", help="peers only")
    parser.add_argument("--no-write", action="store_true", help="leave RESULTS.md as it is")
    args = parser.parse_args()
    for name in args.only or PARTS:
        title, run, rounds = PARTS[name]
        rounds = args.rounds or (2 if args.quick else rounds)
        settings = Settings(
            rounds, args.unseen, args.cache, tuple(args.peers), not args.no_ours, args.cached,
            tuple(args.tables),
        )  # fmt: skip
        mark = f"networks-{name}" + ("-unseen" if args.unseen else "")
        title += " (tables not tuned on)" if args.unseen else ""
        write = not (args.no_write or args.quick or args.no_ours or args.peers or args.tables)
        section(mark, title, run(settings), write, PACKAGES)


if __name__ == "__main__":
    main()
