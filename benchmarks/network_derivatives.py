"""Intervals of a network's derivatives: how often they hold the true one, and what is claimed.

python benchmarks/network_derivatives.py [--only WORD ...] [--rounds 10] [--unseen] [--no-write]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from common import section, single_thread, table

if __name__ == "__main__":
    single_thread()

import numpy as np

import taylored as ty

__all__ = ["main"]

LEVEL = 0.9
NEW = 300  # places at which derivatives are judged
EDGE = 0.2  # of the range of one input: a tenth at either end
PACKAGES = ("numpy", "scipy", "taylored")
Function = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Cell:
    """One way to draw data: the law (rows, inputs) -> (rows,), or logits (rows, classes)."""

    name: str
    law: Function
    inputs: int
    rows: int
    noise: float = 0.2  # in standard deviations of the law; of classes none is added
    classes: bool = False
    heavy: bool = False
    varying: bool = False
    settings: tuple[tuple[str, Any], ...] = ()

    def draw(self, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """X, y, new rows, and the true derivatives there."""
        rng = np.random.default_rng([seed, 31, self.rows, self.inputs])
        X = rng.uniform(-2, 2, (self.rows, self.inputs))
        new = rng.uniform(-2, 2, (NEW, self.inputs))
        if self.inputs == 1:
            new = np.linspace(-2, 2, NEW)[:, None]
        if self.classes:
            y = (self.law(X) + rng.gumbel(size=(len(X), 2))).argmax(1)
            return X, np.array(["a", "b"])[y], new, slopes(lambda z: softmax(self.law(z)), new)
        noise = rng.standard_t(3, len(X)) / 3**0.5 if self.heavy else rng.normal(size=len(X))
        noise *= 0.3 + 0.7 * np.abs(X[:, 0]) if self.varying else 1.0
        y = self.law(X) + self.noise * self.law(new).std() * noise
        return X, y, new, slopes(lambda z: self.law(z)[:, None], new)


def softmax(f: np.ndarray) -> np.ndarray:
    e = np.exp(f - f.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def slopes(law: Function, x: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """(rows, outputs, inputs) by central differences."""
    steps = h * np.eye(x.shape[1])
    return np.stack([(law(x + d) - law(x - d)) / (2 * h) for d in steps], -1)


# ---- the laws ----


def sine(k: float) -> Function:
    return lambda x: np.sin(k * x[:, 0])


SHAPES: dict[str, Function] = {
    "line": lambda x: 1.5 * x[:, 0],
    "cubic": lambda x: 0.5 * x[:, 0] ** 3,
    "bell": lambda x: np.exp(-(x[:, 0] ** 2)),
    "kink": lambda x: np.abs(x[:, 0] - 0.3),
    "steep": lambda x: np.tanh(5 * x[:, 0]),
    "step": lambda x: 1 / (1 + np.exp(-15 * x[:, 0])),
    "chirp": lambda x: np.sin((x[:, 0] + 2) ** 2),
}
TABLES: dict[str, tuple[int, Function]] = {
    "product": (2, lambda x: x[:, 0] * x[:, 1]),
    "two waves": (2, lambda x: np.sin(3 * x[:, 0]) + np.cos(x[:, 0] * x[:, 1])),
    "bump of 3": (3, lambda x: np.exp(-0.5 * (x**2).sum(1))),
    "plane of 4": (4, lambda x: x @ [1.0, -2.0, 0.5, 0.0]),
}
UNSEEN: dict[str, tuple[int, Function]] = {
    "damped": (1, lambda x: np.exp(-0.7 * x[:, 0]) * np.sin(3 * x[:, 0])),
    "quartic": (1, lambda x: x[:, 0] ** 4 - 2 * x[:, 0] ** 2),
    "log": (1, lambda x: np.log(2.2 + x[:, 0])),
    "two bells": (1, lambda x: np.exp(-4 * (x[:, 0] - 1) ** 2) - np.exp(-2 * (x[:, 0] + 1) ** 2)),
    "saw": (1, lambda x: np.abs(np.mod(x[:, 0], 2) - 1)),
    "ratio of 2": (2, lambda x: x[:, 0] / (1 + x[:, 1] ** 2)),
    "valley": (2, lambda x: np.log(0.5 + (x[:, 1] - x[:, 0] ** 2) ** 2 + x[:, 0] ** 2)),
    "distance of 3": (3, lambda x: np.sqrt(0.1 + (x**2).sum(1))),
    "sum of 5": (5, lambda x: np.sin(x).sum(1)),
}


def two(law: Function) -> Function:
    """Logits of two classes."""
    return lambda x: np.stack([0 * x[:, 0], law(x)], 1)


def cells() -> Iterator[Cell]:
    for k in range(1, 9):
        for rows in (50, 100, 200, 400):
            for noise in (0.05, 0.2, 0.5):
                yield Cell(f"sin {k}x", sine(k), 1, rows, noise)
    for name, law in SHAPES.items():
        for rows in (60, 300):
            yield Cell(name, law, 1, rows)
    for name, (inputs, law) in TABLES.items():
        for rows in (100, 300):
            yield Cell(name, law, inputs, rows)
    for rows in (100, 300):
        yield Cell("sin 2x, varying noise", sine(2), 1, rows, varying=True)
        yield Cell("sin 2x, heavy tails", sine(2), 1, rows, heavy=True)
        for choice in ("relu", "sin"):
            name = f"sin 2x, {choice} units"
            yield Cell(name, sine(2), 1, rows, settings=(("activation", choice),))
        yield Cell("sin 2x, Adam", sine(2), 1, rows, settings=(("solver", "adam"),))
        yield Cell("classes by sin 2x", two(lambda x: 2 * np.sin(2 * x[:, 0])), 1, 2 * rows,
                   classes=True)  # fmt: skip
        yield Cell("classes by a parabola", two(lambda x: x[:, 0] ** 2 - 1 + x[:, 1]), 2, 2 * rows,
                   classes=True)  # fmt: skip


def unseen() -> Iterator[Cell]:
    """Laws that nothing was tuned on."""
    for name, (inputs, law) in UNSEEN.items():
        for rows in (60 * inputs, 300):
            for noise in (0.1, 0.3):
                yield Cell(name, law, inputs, rows, noise)
    for rows in (200, 600):
        yield Cell("classes by a product", two(lambda x: 2 * x[:, 0] * x[:, 1]), 2, rows,
                   classes=True)  # fmt: skip


# ---- what came of them ----


@dataclass(frozen=True)
class Held:
    """Of one data set: the share held inside and at the edges (nan of several inputs), and the
    mean standard error over the root mean square error."""

    all: float
    inside: float
    edges: float
    ratio: float


def held(cell: Cell, seed: int) -> Held | None:
    """None where no interval was given."""
    X, y, new, truth = cell.draw(seed)
    found = ty.train(X, y, seed=seed, **dict(cell.settings)).derivative(new, level=LEVEL)
    if found.lo is None or found.hi is None or found.stderr is None:
        return None
    lo, hi, value, stderr = (
        v.reshape(truth.shape) for v in (found.lo, found.hi, found.value, found.stderr)
    )
    right = ((lo <= truth) & (truth <= hi)).reshape(NEW, -1).mean(1)
    inside = edges = np.nan
    if cell.inputs == 1:
        outer = np.abs(new[:, 0]) > 2 * (1 - EDGE)
        inside, edges = right[~outer].mean(), right[outer].mean()
    error = float(np.sqrt(((value - truth) ** 2).mean()))
    return Held(float(right.mean()), inside, edges, float(stderr.mean()) / max(error, 1e-12))


def row(cell: Cell, rounds: int) -> list[Any]:
    found = [h for h in (held(cell, seed) for seed in range(rounds)) if h is not None]
    noise = "-" if cell.classes else f"{cell.noise:g}"
    start = [cell.name, cell.rows, noise, f"{100 * len(found) / rounds:.0f}"]
    if not found:
        return [*start, "-", "-", "-", "-", "-"]
    shares = [100 * np.mean([getattr(h, n) for h in found]) for n in ("all", "inside", "edges")]
    texts = ["-" if np.isnan(s) else f"{s:.1f}" for s in shares]
    least = 100 * min(h.all for h in found)
    return [*start, *texts, f"{least:.0f}", f"{np.mean([h.ratio for h in found]):.2f}"]


def summary(rows: list[list[Any]]) -> str:
    """Over the cells in which most data sets got intervals."""
    shares = np.array([float(r[4]) for r in rows if r[4] != "-" and float(r[3]) > 50])
    if not len(shares):
        return "No cell got intervals from most of its data sets."
    return (
        f"{len(shares)} of {len(rows)} cells got intervals from most of their data sets: mean "
        f"coverage {shares.mean():.1f} %, least {shares.min():.1f} %, at least 85 % in "
        f"{100 * np.mean(shares >= 85):.0f} % of them."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[], help="only cells with these words")
    parser.add_argument("--rounds", type=int, default=10, help="data sets of each cell")
    parser.add_argument("--unseen", action="store_true", help="laws that nothing was tuned on")
    parser.add_argument("--no-write", action="store_true", help="leave RESULTS.md as it is")
    args = parser.parse_args()
    wanted = [
        c
        for c in (unseen() if args.unseen else cells())
        if not args.only or any(w in c.name for w in args.only)
    ]
    rows = [row(cell, args.rounds) for cell in wanted]
    heads = ["law", "rows", "noise", "given %", "hold %", "inside", "at the ends", "least",
             "stderr / error"]  # fmt: skip
    intro = (
        f"90 % intervals, {args.rounds} data sets of each cell. Given: how many data sets got "
        "intervals at all; the ends are the outer tenths of the range of one input; least: of "
        f"one data set.\n\n{summary(rows)}\n\n"
    )
    mark = "networks-derivatives" + ("-unseen" if args.unseen else "")
    title = "Networks: intervals of derivatives" + (" (unseen laws)" if args.unseen else "")
    section(mark, title, intro + table(heads, rows), not (args.no_write or args.only), PACKAGES)


if __name__ == "__main__":
    main()
