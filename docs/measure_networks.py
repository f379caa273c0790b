"""Measure what docs/internals/networks.md says of networks: `python docs/measure_networks.py`.

Each line is the mean over data sets that are drawn anew; errors are standard errors of that mean.
"""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np

import taylored as ty
from taylored.networks import folds, job
from taylored.networks.alike import near_copies
from taylored.networks.outofbag import OutOfBag
from taylored.networks.plan import Candidate
from taylored.networks.solvers.levenberg import Limits

LEVEL = 0.9
NEW = 2000  # new rows that each network is tried on
Drawn = tuple[np.ndarray, np.ndarray]


def sine(rng: np.random.Generator, rows: int = 200) -> Drawn:
    """sin(x) with noise of one size."""
    x = rng.uniform(-3, 3, rows)
    return x[:, None], np.sin(x) + rng.normal(0, 0.2, rows)


def varying(rng: np.random.Generator, rows: int = 200) -> Drawn:
    """sin(x) with noise that grows from left to right by a factor of 10."""
    x = rng.uniform(-3, 3, rows)
    return x[:, None], np.sin(x) + rng.normal(0, 1, rows) * 0.05 * 10 ** ((x + 3) / 6)


def friedman(rng: np.random.Generator, rows: int = 300, noise: float = 1.0) -> Drawn:
    """Friedman's first function: 10 inputs, 5 of which matter."""
    x = rng.uniform(0, 1, (rows, 10))
    y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2
    return x, y + 10 * x[:, 3] + 5 * x[:, 4] + rng.normal(0, noise, rows)


def quiet(rng: np.random.Generator, rows: int = 300) -> Drawn:
    """The same with hardly any noise: each further row still helps."""
    return friedman(rng, rows, 0.1)


TASKS = {"sine": sine, "varying noise": varying, "Friedman": friedman}


def tried(
    draw: Callable[..., Drawn], seed: int, rows: int | None = None, new: int = NEW, **options: Any
) -> dict:
    """One network on one data set: what it promises, and what holds on new rows."""
    rng = np.random.default_rng(seed)
    x, y = draw(rng) if rows is None else draw(rng, rows)
    x_new, y_new = draw(rng, new)
    net = ty.train(x, y, task="regression", seed=seed, **options)
    p = net.predict(x_new, LEVEL)
    found = {"said": net.error, "error": np.sqrt(np.mean((p.value - y_new) ** 2))}
    found["effective"] = net.training.effective.mean() / len(y)
    if p.lo is not None and p.hi is not None:
        outside = np.maximum(p.lo - y_new, 0) + np.maximum(y_new - p.hi, 0)
        found["holds"] = np.mean(outside == 0)
        found["score"] = np.mean(p.hi - p.lo + 2 / (1 - LEVEL) * outside)
        found["measured"] = p.coverage
        found["stderr"] = p.coverage_stderr
    return found


def line(name: str, runs: list[dict]) -> None:
    """Print the means of what was found."""
    words = [f"{name:44}"]
    for key, form in (("holds", ".3f"), ("measured", ".3f"), ("score", ".3f"), ("said", ".3f"),
                      ("error", ".3f"), ("effective", ".2f")):  # fmt: skip
        values = [r[key] for r in runs if r.get(key) is not None]
        if values:
            error = np.std(values, ddof=1) / len(values) ** 0.5
            words.append(f"{key} {np.mean(values):{form}} ({error:{form}})")
    print("  ".join(words), flush=True)


# ---- what is varied ----


@contextmanager
def start(precision: float) -> Iterator[None]:
    """Evidence from one starting precision only."""
    only = (Candidate("one", Limits(precision=precision)),)
    with patch.object(job, "candidates", lambda *_: only):
        yield


@contextmanager
def uncorrected() -> Iterator[None]:
    """No correction for the members that a row is out of the bag of being few."""
    with patch.object(OutOfBag, "ratio", property(lambda self: np.ones(self.t.shape[1]))):
        yield


def coverage(sets: int) -> None:
    """Intervals of an ensemble and of one network."""
    for task, draw in TASKS.items():
        for name in ("out-of-bag", "laplace"):
            runs = [tried(draw, seed, intervals=name) for seed in range(sets)]
            line(f"{task}: {name}", runs)


def starts(sets: int) -> None:
    """Which precision the evidence starts from."""
    for task, draw in TASKS.items():
        for precision in (0.01, 0.3, 3.0, 30.0):
            with start(precision):
                line(f"{task}: from {precision}", [tried(draw, s, members=10) for s in range(sets)])
        line(f"{task}: auto", [tried(draw, s, members=10) for s in range(sets)])


def corrections(sets: int) -> None:
    """With and without the correction for few members."""
    for task, draw in TASKS.items():
        for members in (10, 30):
            runs = [tried(draw, s, members=members) for s in range(sets)]
            line(f"{task}: {members} members", runs)
            with uncorrected():
                runs = [tried(draw, s, members=members) for s in range(sets)]
            line(f"{task}: {members} members, uncorrected", runs)


def noises(sets: int) -> None:
    """The model of the noise."""
    for task, draw in TASKS.items():
        for noise in ("constant", "varying", "auto"):
            runs = [tried(draw, s, members=10, noise=noise) for s in range(sets)]
            line(f"{task}: noise {noise}", runs)


def cuts(sets: int) -> None:
    """Five folds or ten: how far the error of members is from that of their mean."""
    for draw in (friedman, quiet):
        for rows in (60, 100, 200):
            for count, few in ((5, 0), (10, 10**9)):
                with patch.object(folds, "_FEW_ROWS", few):
                    runs = [tried(draw, s, rows, members=20) for s in range(sets)]
                line(f"{draw.__name__}, {rows} rows: {count} folds", runs)


def threshold(sets: int) -> None:
    """How intervals of one network fail as rows become few."""
    for rows in (100, 200, 400, 800, 1600, 3200):
        runs = [tried(friedman, s, rows, intervals="laplace") for s in range(sets)]
        line(f"Friedman, {rows} rows: laplace", runs)


def people(rng: np.random.Generator, number: int, times: int, kind: str) -> Drawn:
    """Rows of people, who have 0.7 of the variance of the noise for themselves.

    Their inputs are "others" in each row; the first two are "shared" by their rows; all are "near".
    """
    person = np.repeat(np.arange(number), times)
    x = rng.uniform(-2, 2, (len(person), 3))
    own = rng.uniform(-2, 2, (number, 3))[person]
    x = {"others": x, "shared": np.column_stack([own[:, :2], x[:, 2]]), "near": own + 1e-6 * x}[
        kind
    ]
    noise = np.sqrt(0.7) * rng.normal(size=number)[person] + np.sqrt(0.3) * rng.normal(size=len(x))
    return x, np.sin(x[:, 0]) + 0.5 * x[:, 1] + 0.3 * x[:, 2] ** 2 + 0.5 * noise


def together(sets: int) -> None:
    """What is said of new people, where rows of the same person are left out together or not."""
    for number, times, kind, grouped in (
        (60, 5, "others", True), (60, 5, "shared", True), (60, 5, "shared", False),
        (60, 3, "near", False), (20, 10, "others", True), (20, 10, "shared", True),
    ):  # fmt: skip
        made = functools.partial(people, times=times, kind=kind)
        groups = np.repeat(np.arange(number), times) if grouped else None
        runs = [tried(made, s, number, NEW // times, groups=groups) for s in range(sets)]
        line(f"{number} people, {times} rows, {kind}: groups {grouped}", runs)


def alike(sets: int) -> None:
    """How often rows drawn one by one are taken for near copies, and copies are found."""
    rng = np.random.default_rng(0)
    wrong: dict[str, int] = {}
    for _ in range(3 * sets):
        for name, z in independent(rng).items():
            wrong[name] = wrong.get(name, 0) + (near_copies(z) is not None)
    total = sum(n for name, n in wrong.items() if name != "clusters")
    print(f"independent rows: {total} of {3 * sets * (len(wrong) - 1)} tables taken for copies")
    print(f"tight clusters: {wrong['clusters']} of {3 * sets}")
    for inputs in (1, 2, 3, 8):
        for jitter in (1e-6, 1e-2, 1e-1):
            found = [
                near_copies(
                    np.repeat(z, times, axis=0) + jitter * rng.normal(size=(n * times, inputs))
                )
                for n, times in ((50, 4), (12, 10), (100, 2), (200, 3))
                for z in rng.normal(size=(sets // 4, n, inputs))
            ]
            share = np.mean([f is not None for f in found])
            print(f"{inputs} inputs, jitter {jitter:g}: found {share:.2f}", flush=True)


def independent(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Tables of rows without copies; the clusters are a hundred times narrower than apart."""
    shape = int(rng.integers(40, 600)), int(rng.integers(1, 9))
    z = rng.normal(size=shape)
    return {
        "normal": z, "uniform": rng.uniform(size=shape), "Cauchy": rng.standard_cauchy(size=shape),
        "lognormal": np.exp(3 * z), "rounded": np.round(3 * z), "walk": np.cumsum(z, axis=0),
        "ends": rng.beta(0.3, 0.3, size=shape), "zeros": z * (rng.uniform(size=shape) < 0.5),
        "line": np.linspace(0, 1, len(z))[:, None],
        "clusters": 0.05 * z + rng.normal(size=(12, shape[1]))[rng.integers(0, 12, len(z))],
    }  # fmt: skip


PARTS = {
    f.__name__: f for f in (coverage, threshold, cuts, starts, corrections, noises, together, alike)
}


def main() -> None:
    """Measure all parts, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="*", choices=[[], *PARTS])
    parser.add_argument("--sets", type=int, default=20, help="data sets of each kind")
    given = parser.parse_args()
    with patch.object(job, "score_beside_baselines", lambda *_: ((), [])):
        for name in given.part or PARTS:
            print(f"-- {name}", flush=True)
            PARTS[name](given.sets)


if __name__ == "__main__":
    main()
