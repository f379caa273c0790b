"""Derivatives beside the peers: detection, first answer, passes, evaluation, memory, products.

Everything of a table runs in one process, the contenders in turn within each round; a contender
that has used its time sits the later rounds out. Values are compared before they are timed.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from common import section, single_thread, table
from derivative_problems import (
    DENSE,
    IN_JIT,
    MISSING,
    OURS,
    PEERS,
    PROBLEMS,
    SERIAL_MOST,
    Prepared,
    Problem,
    gradient_of,
    imported,
    network,
    ours,
    ours_in_jit,
    sparsity,
    three,
    two_stages,
)

import taylored as ty
from taylored.calculus.check import check
from taylored.calculus.influence import influence
from taylored.calculus.plan import _plans

jax.config.update("jax_enable_x64", True)

FIRST = ("Rosenbrock Hessian", "Brusselator 1-D", "Gray-Scott 2-D", "Broyden banded",
         "arrow-head", "Powell singular")  # fmt: skip
PASSES = [("BDQRTIC Hessian", 5000), ("arrow-head", 100_000), ("Laplacian 2-D", 10_000),
          ("Laplacian 3-D", 10_000), ("random sparse", 10_000), ("trigonometric", 300),
          ("block diagonal", 10_000), ("KKT Hessian", 9999)]  # fmt: skip
ALSO = ("Laplacian 3-D", "random sparse", "block diagonal", "KKT Hessian")  # evaluated at 10^4
SHORT = {"asdex": "asdex", "sparsejac": "sparsejac", "casadi": "CasADi"}
MIB = 2**20


@dataclass(frozen=True)
class Settings:
    """How much is measured: sizes, rounds, and seconds for each contender."""

    sizes: tuple[int, ...] = (1000, 10_000, 100_000)
    rounds: int = 25
    limit: float = 12.0


QUICK = Settings((1000, 10_000), 7, 2.0)


# ---- timing ----


def track(items: Sequence, title: str) -> Iterable:
    from rich.console import Console
    from rich.progress import track as shown

    return shown(items, title, len(items), console=Console(stderr=True))


def seconds(run: Callable[[], Any]) -> tuple[float, Any]:
    """Wall time and result."""
    begun = time.perf_counter()
    found = run()
    return time.perf_counter() - begun, found


def interleaved(tasks: dict[str, Callable[[], Any]], settings: Settings) -> dict[str, list[float]]:
    """Seconds per run of each task, all tasks in each round, in an order that changes.

    A task shorter than 2 ms is run several times in a row. One that has used its time after five
    rounds sits the rest out.
    """
    repeats, found = {}, {name: [] for name in tasks}
    for name, task in tasks.items():
        task()
        repeats[name] = int(np.clip(2e-3 / max(seconds(task)[0], 1e-6), 1, 50))
    rng = np.random.default_rng(0)
    for turn in range(settings.rounds):
        for name in rng.permutation(list(tasks)):
            if turn >= 5 and sum(found[name]) * repeats[name] > settings.limit:
                continue
            begun = time.perf_counter()
            for _ in range(repeats[name]):
                tasks[name]()
            found[name].append((time.perf_counter() - begun) / repeats[name])
    return found


def number(value: float | None, digits: int = 2) -> str:
    """With two digits, or a dash."""
    if value is None or not np.isfinite(value):
        return "-"
    return f"{value:.{digits}g}" if value < 100 else f"{value:,.0f}"


def cycled(points: Sequence[Any]) -> Callable[[], Any]:
    """The next point at each call, so that none is the one just seen."""
    state = [0]

    def following() -> Any:
        state[0] += 1
        return points[state[0] % len(points)]

    return following


# ---- the contenders ----

_kept: dict[tuple[str, str, int], Prepared | None] = {}


def first(name: str, problem: Problem, n: int) -> tuple[float, Prepared | None]:
    """Seconds from nothing to the first answer; the derivative is kept for later tables."""
    maker = {OURS: ours, IN_JIT: ours_in_jit, **PEERS}[name]
    if name in SHORT:
        imported(name)
    if name in ("sparsejac", "scipy differences"):
        sparsity(problem, n)  # is given
    x = problem.point(n)

    def run() -> Prepared | None:
        made = maker(problem, n)
        if made is not None:
            made.call(x)
        return made

    gc.collect()
    took, _kept[name, problem.name, n] = seconds(run)
    return took, _kept[name, problem.name, n]


def prepared(name: str, problem: Problem, n: int) -> Prepared | None:
    key = (name, problem.name, n)
    return _kept[key] if key in _kept else first(name, problem, n)[1]


def deviation(made: Prepared, reference: Any, x: Any) -> float:
    """The largest difference from a matrix, relative to its largest entry."""
    gap = made.matrix(made.call(x)) - reference
    return float(abs(gap).max() / abs(reference).max())


def require_equal(made: dict[str, Prepared], x: Any) -> None:
    """Before anything is timed, all must give the same matrix."""
    reference = made[OURS].matrix(made[OURS].call(x))
    for name, other in made.items():
        limit = 1e-4 if name == "scipy differences" else 1e-12
        gap = deviation(other, reference, x)
        assert gap < limit, f"{name} differs by {gap:.1e}"


# ---- 1, 2, 3: what is found out before the first number ----


def detection(settings: Settings) -> str:
    """Seconds until the pattern is known, ours and asdex's."""
    rows, title = [], "detection"
    work = [(PROBLEMS[name], n) for name in FIRST for n in settings.sizes]
    for problem, asked in track(work, title):
        n, sides = problem.size(asked), {}
        x, kind = problem.point(n), "jacobian" if problem.order == 1 else "hessian"

        def own(problem: Problem = problem, n: int = n, x: Any = x, kind: str = kind) -> int:
            f = problem.make(n)
            _plans.clear()
            return getattr(ty, kind)(f)(x).pattern.nnz

        sides[OURS] = own
        if "asdex" not in MISSING:
            find = getattr(imported("asdex"), f"{kind}_sparsity")
            sides["asdex"] = lambda p=problem, n=n, x=x, find=find: find(p.make(n), x).nnz
        found = {name: [seconds(run)] for name, run in sides.items()}
        for _ in range(2 if found.get("asdex", [(0, 0)])[0][0] < 3 else 0):
            for name, run in sides.items():
                found[name].append(seconds(run))
        found[OURS] += [seconds(own) for _ in range(2)]
        took = {name: statistics.median(t for t, _ in runs) for name, runs in found.items()}
        peer = took.get("asdex")
        rows.append([
            problem.name, f"{n:,}", number(took[OURS]), number(peer),
            number(peer and peer / took[OURS]), f"{found[OURS][0][1]:,}",
            f"{found['asdex'][0][1]:,}" if peer else "-",
        ])  # fmt: skip
    heads = ["problem", "n", "taylored, s", "asdex, s", "ratio", "entries", "entries, asdex"]
    return table(heads, rows)


def first_answer(settings: Settings) -> str:
    """Detection, coloring, trace, compilation and the first values: in one process, then anew."""
    names = [OURS, *(p for p in SHORT if p in PEERS)]
    rows, fresh = [], []
    sizes = (settings.sizes[0], settings.sizes[-1])
    work = [(PROBLEMS[name], n) for name in FIRST for n in sizes]
    for problem, asked in track(work, "first answer"):
        n = problem.size(asked)
        took = {name: [first(name, problem, n)[0]] for name in names}
        for _ in range(2 if asked <= 1000 else 0):
            for name in names:
                took[name].append(first(name, problem, n)[0])
        done = {k: statistics.median(v) if _kept[k, problem.name, n] else None
                for k, v in took.items()}  # fmt: skip
        peer = done.get("asdex")
        rows.append([problem.name, f"{n:,}", *(number(done[k]) for k in names),
                     number(peer and done[OURS] / peer)])  # fmt: skip
        if problem.name in FIRST[:3]:
            fresh.append(_fresh_row(problem, n))
    heads = ["problem", "n", *(f"{SHORT.get(k, k)}, s" for k in names), "ratio to asdex"]
    text = "Imports and, for sparsejac, the pattern are given for nothing.\n\n"
    text += table(heads, rows)
    heads = ["in a fresh process", "n", "taylored, s", "asdex, s", "asdex, Numba's cache filled, s"]
    return f"{text}\n\n{table(heads, fresh)}"


def _fresh_row(problem: Problem, n: int) -> list[str]:
    runs = [child(OURS, problem, n)["seconds"]]
    if "asdex" not in MISSING:
        with tempfile.TemporaryDirectory() as folder:
            runs += [child("asdex", problem, n, folder)["seconds"] for _ in range(2)]
    return [problem.name, f"{n:,}", *(number(t) for t in runs)]


def child(name: str, problem: Problem, n: int, numba: str = "") -> dict[str, float]:
    """Seconds and growth of memory of a first answer in a process of its own."""
    environment = {**os.environ, **({"NUMBA_CACHE_DIR": numba} if numba else {})}
    command = [sys.executable, __file__, "--child", name, problem.name, str(n)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _peak() -> float:
    """MiB: the most this process has held. (`ru_maxrss` would begin with the parent's.)"""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


def as_child(name: str, problem: str, n: str) -> None:
    jnp.zeros(3).block_until_ready()  # JAX itself is up
    if name in SHORT:
        imported(name)
    before = _peak()
    took, _ = first(name, PROBLEMS[problem], int(n))
    print(json.dumps({"seconds": took, "mib": _peak() - before}))


def passes(settings: Settings) -> str:
    """How many products give every entry."""
    rows = []
    most = settings.sizes[-1]
    work = [*((name, 10_000) for name in FIRST), *((k, min(n, most)) for k, n in PASSES)]
    for name, asked in track(work, "passes"):
        problem = PROBLEMS[name]
        n = problem.size(asked)
        at = (ty.jacobian if problem.order == 1 else ty.hessian)(problem.make(n))(problem.point(n))
        coloring, peer = at.coloring, None
        if "asdex" in PEERS:
            peer = PEERS["asdex"](problem, n)
        other = "-" if peer is None else f"{peer.passes:,}"
        if peer is None and problem.dense and n > SERIAL_MOST:
            given = sparsity(problem, n)  # one direction only: rows or columns
            least = min(np.diff(given.indptr).max(), np.diff(given.tocsc().indptr).max())
            other = f"at least {least:,}"
        split = f"{coloring.passes} ({coloring.kind}: {coloring.forward} + {coloring.reverse})"
        split += f", {coloring.depth} deep" if coloring.depth else ""
        rows.append([name, f"{n:,}", f"{at.nnz:,}", split, coloring.lower_bound, other])
    heads = [
        "problem",
        "n",
        "entries",
        "taylored (kind: forward + reverse)",
        "lower bound",
        "asdex",
    ]
    return table(heads, rows)


# ---- 4: evaluation ----


def evaluation(settings: Settings) -> str:
    """Warm: in multiples of the function, and of ours in brackets."""
    work = [(PROBLEMS[name], n) for name in FIRST for n in settings.sizes]
    work += [(PROBLEMS[name], 10_000) for name in ALSO]
    medians, fastest = [], []
    for problem, asked in track(work, "evaluation"):
        n = problem.size(asked)
        found = evaluated(problem, n, settings)
        medians.append([problem.name, f"{n:,}", *cells(problem, n, found, statistics.median)])
        fastest.append([problem.name, f"{n:,}", *cells(problem, n, found, min)])
        for key in [k for k in _kept if k[1:] == (problem.name, n)]:
            del _kept[key]  # compiled code and constants: up to 100 MB each
    heads = ["problem", "n", "f, µs", "pass / f", "passes", "ours / f", "ours / (passes x pass)",
             "in jit / f", *(f"{SHORT.get(k, k)} / f (/ ours)" for k in PEERS)]  # fmt: skip
    return (
        "Medians of the rounds:\n\n" + table(heads, medians)
        + "\n\nFastest rounds:\n\n" + table(heads, fastest)
    )  # fmt: skip


def evaluated(problem: Problem, n: int, settings: Settings) -> dict[str, list[float]]:
    """Seconds of the function, a forward and a reverse pass, and every contender."""
    points = [problem.point(n, k) for k in range(1, 5)]
    made = {k: prepared(k, problem, n) for k in (OURS, IN_JIT, *PEERS)}
    made = {k: v for k, v in made.items() if v is not None}
    require_equal(made, points[0])
    base, f = gradient_of(problem, n), jax.jit(problem.make(n))
    seed = jnp.asarray(np.random.default_rng(9).normal(size=n))
    push = jax.jit(lambda x, t: jax.jvp(base, (x,), (t,))[1])
    pull = jax.jit(lambda x, t: jax.vjp(base, x)[1](t)[0])
    wait, following = jax.block_until_ready, cycled(points)
    tasks: dict[str, Callable[[], Any]] = {
        "f": lambda: wait(f(following())),
        "pass": lambda: wait(push(following(), seed)),
        "reverse": lambda: wait(pull(following(), seed)),
    }
    tasks |= {k: lambda call=v.call: call(following()) for k, v in made.items()}
    return interleaved(tasks, settings)


def cells(problem: Problem, n: int, found: dict[str, list[float]], middle: Callable) -> list[str]:
    took = {k: middle(v) for k, v in found.items()}
    at = (ty.jacobian if problem.order == 1 else ty.hessian)(problem.make(n))(problem.point(n))
    limit = at.coloring.forward * took["pass"] + at.coloring.reverse * took["reverse"]
    unit, own = took["f"], took[OURS]
    peers = [f"{number(took[k] / unit)} ({number(took[k] / own)})" if k in took else "-"
             for k in PEERS]  # fmt: skip
    return [number(1e6 * unit, 3), number(took["pass"] / unit), str(at.passes), number(own / unit),
            number(own / limit), number(took[IN_JIT] / unit), *peers]  # fmt: skip


# ---- 5: memory ----


def memory(settings: Settings) -> str:
    """What was foretold, what XLA takes, and how much a process grows."""
    rows = []
    for name in track(FIRST, "memory"):
        problem = PROBLEMS[name]
        n = problem.size(settings.sizes[-1])
        at = (ty.jacobian if problem.order == 1 else ty.hessian)(problem.make(n))(problem.point(n))
        size, arguments = two_stages(at._plan.passes, problem.point(n))
        bar = at.cost.bytes + 2 * 8 * at.shape[0]
        grown = [child(OURS, problem, n)["mib"]]
        if "asdex" in PEERS and not problem.dense:
            grown.append(child("asdex", problem, n)["mib"])
        rows.append([
            name, f"{n:,}", number(8 * at.nnz / MIB), number(bar / MIB), number(size / MIB),
            number(size / bar), number(arguments / MIB),
            *(number(g) for g in grown), *(["-"] * (2 - len(grown))),
        ])  # fmt: skip
    heads = ["problem", "n", "entries", "compressed + entries + 2 f", "XLA, both stages",
             "ratio", "XLA: arguments", "process grows, taylored", "asdex"]  # fmt: skip
    return "In MiB.\n\n" + table(heads, rows)


# ---- 6: products, accuracy ----


def products(settings: Settings) -> str:
    """Products with the Hessian of a network's loss, in multiples of the loss."""
    loss, params = network()
    transform, wait = ty.hessian(loss), jax.block_until_ready
    v = jax.tree.map(jnp.ones_like, params)
    f, gradient = jax.jit(loss), jax.jit(jax.grad(loss))
    push = jax.jit(lambda p, t: jax.jvp(jax.grad(loss), (p,), (t,))[1])
    kept = transform(params)
    expected, _ = wait(push(params, v)), (kept @ v, kept @ v)
    for found in (transform(params) @ v, kept @ v):
        gaps = jax.tree.map(lambda a, b: float(jnp.max(jnp.abs(a - b))), found, expected)
        assert max(jax.tree.leaves(gaps)) < 1e-12, gaps

    def twice() -> None:
        at = transform(params)
        wait((at @ v, at @ v))

    took = interleaved({
        "f": lambda: wait(f(params)),
        "gradient": lambda: wait(gradient(params)),
        "jax.jvp of jax.grad, jitted": lambda: wait(push(params, v)),
        "H @ v, the first at a point": lambda: wait(transform(params) @ v),
        "first and second together": twice,
        "H @ v, each later one": lambda: wait(kept @ v),
    }, settings)  # fmt: skip
    rows = [
        [name, number(1e3 * statistics.median(t), 3),
         number(statistics.median(t) / statistics.median(took["f"]), 3),
         number(min(t) / min(took["f"]), 3)]
        for name, t in took.items()
    ]  # fmt: skip
    return table(["9,629 parameters, 1024 rows", "ms", "/ f, median", "/ f, fastest"], rows)


def accuracy(settings: Settings) -> str:
    """The largest difference from dense JAX, relative to its largest entry."""
    names = [OURS, *(p for p in PEERS if p != DENSE)]
    rows = []
    for problem in track(list(PROBLEMS.values()), "accuracy"):
        n = problem.size(300 if problem.name == "trigonometric" else 1000)
        x, reference = problem.point(n, 1), prepared(DENSE, problem, n)
        exact = reference.matrix(reference.call(x))
        made = [prepared(name, problem, n) for name in names]
        gaps = ["-" if m is None else f"{deviation(m, exact, x):.1e}" for m in made]
        rows.append([problem.name, n, *gaps])
    return table(["problem", "n", *(SHORT.get(k, k) for k in names)], rows)


# ---- 7: influence and check ----


def verbs(settings: Settings) -> str:
    """`influence` and `check`, warm and first, in multiples of one jitted gradient."""
    rows = []
    sizes = {"influence": settings.sizes[-1], "check": 1000, "check ": settings.sizes[-1]}
    work = [(verb, n, k) for verb, n in sizes.items() for k in range(3)]
    for verb, n, k in track(work, "influence, check"):
        name, make, x = three(n)[k]
        f, run = make(), influence if verb == "influence" else check
        gradient = jax.jit(jax.grad(f))
        once, _ = seconds(lambda run=run, f=f, x=x: run(f, x))
        tasks = {"gradient": lambda g=gradient, x=x: jax.block_until_ready(g(x)),
                 verb: lambda run=run, f=f, x=x: run(f, x)}  # fmt: skip
        if verb == "influence":
            tasks["plain"] = lambda f=f, x=x: influence(f, x, curvature=False)
        took = {k: statistics.median(v) for k, v in interleaved(tasks, settings).items()}
        base = took["gradient"]
        plain = number(took["plain"] / base) if "plain" in took else "-"
        rows.append([verb.strip(), name, f"{n:,}", number(1e3 * base, 3),
                     number(1e3 * took[verb], 3), number(took[verb] / base), plain,
                     number(once)])  # fmt: skip
    heads = ["verb", "function", "n", "gradient, ms", "warm, ms", "warm / gradient",
             "without curvature", "first call, s"]  # fmt: skip
    return table(heads, rows)


TABLES: dict[str, tuple[str, Callable[[Settings], str]]] = {
    "detection": ("Derivatives: the pattern", detection),
    "first": ("Derivatives: the first answer", first_answer),
    "passes": ("Derivatives: passes", passes),
    "evaluation": ("Derivatives: evaluation", evaluation),
    "memory": ("Derivatives: memory", memory),
    "products": ("Derivatives: products with a Hessian", products),
    "accuracy": ("Derivatives: accuracy", accuracy),
    "verbs": ("Derivatives: influence and check", verbs),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="n up to 10,000, few rounds")
    parser.add_argument("--only", choices=list(TABLES), action="append", help="these tables")
    parser.add_argument("--no-write", action="store_true", help="leave RESULTS.md as it is")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    single_thread()
    if args.child:
        as_child(*args.child)
        return
    for name in args.only or TABLES:
        title, run = TABLES[name]
        text = run(QUICK if args.quick else Settings())
        if MISSING:
            text += f"\n\nNot installed, left out: {', '.join(MISSING)}."
        section(f"derivatives-{name}", title, text, not args.no_write,
                [p for p in SHORT if p not in MISSING])  # fmt: skip


if __name__ == "__main__":
    main()
