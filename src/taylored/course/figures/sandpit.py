"""The sandpit: a telephone lies at its deepest place; find it with few probes.

The pit is a formula, drawn from a seed. The library's own search goes by the same slopes, and its
score stands beside the reader's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from random import Random

import numpy as np

from taylored.course.figures.plane import landscape
from taylored.course.figures.proofs import enclosed, known, proved
from taylored.course.kit import (
    Axis,
    Button,
    Choice,
    Clicks,
    Panel,
    Reading,
    Scene,
    Settings,
    Statement,
    Toggle,
    arrows,
    figure,
    mark,
    points,
)
from taylored.report.series_terms import up

__all__ = ["Search", "hunt", "pit", "search", "warm"]

_X, _Y = Axis("x in meters", 0.0, 4.0), Axis("y in meters", 0.0, 3.0)
_PROBES = 12
_FOUND = 0.03  # meters above the deepest place: the telephone is dug out


def pit(seed: int) -> str:
    """The height of the sand as a formula: one wide bowl, four hollows, one of them the deepest."""
    rng = Random(f"pit {seed}")
    places = [(0.0, 0.0)] * 4
    while min(math.dist(a, b) for a, b in combinations(places, 2)) < 0.9:
        places = [(round(rng.uniform(0.5, 3.5), 2), round(rng.uniform(0.5, 2.5), 2))
                  for _ in range(4)]  # fmt: skip
    depths = [0.95, *(round(rng.uniform(0.35, 0.7), 2) for _ in range(3))]
    terms = ["0.04*((x-2)^2 + (y-1.5)^2)"]
    for (x, y), depth in zip(places, depths, strict=True):
        terms.append(f"{depth}*exp(-((x-{x})^2 + (y-{y})^2)/{round(rng.uniform(0.3, 0.6), 2)})")
    return " - ".join(terms)


@dataclass(frozen=True)
class Search:
    """What the library found in a pit: the deepest place it knows, how, and a proved floor."""

    x: float
    y: float
    height: float
    error: float
    floor: float
    probes: int


@lru_cache(maxsize=64)
def search(seed: int) -> Search:
    """The deepest place that the library finds from a few starts, and a proved floor."""
    import taylored as ty

    formula = pit(seed)
    starts = [(1.0, 0.8), (3.0, 0.8), (1.0, 2.2), (3.0, 2.2), (2.0, 1.5)]
    found = [ty.minimize(formula, {"x": x, "y": y}) for x, y in starts]
    best = min(found, key=lambda m: m.value)
    probes = sum(m.cost.evaluations for m in found)
    x, y = (float(best.x[n]) for n in ("x", "y"))
    lo, hi = enclosed(formula, ("x", "y"), [x, y], degree=0)
    return Search(
        x,
        y,
        float(best.value),
        float(hi[0, 0] - lo[0, 0]),
        _floor(formula, float(best.value)),
        probes,
    )


def _floor(formula: str, known_height: float) -> float:
    """A proved lower bound of the whole pit: cells that may lie lower are cut into smaller ones."""
    size = np.array([4.0, 3.0]) / 32
    low = np.array([(i, j) for i in range(32) for j in range(32)]) * size
    for _ in range(8):
        bound = enclosed(formula, ("x", "y"), low, low + size, degree=0)[0][0]
        least = float(bound.min())
        if least > known_height - 2e-3 or len(low) > 20_000:
            break
        size = size / 2
        corners = np.array([(0, 0), (0, 1), (1, 0), (1, 1)]) * size
        low = (low[bound < known_height, None] + corners).reshape(-1, 2)
    return least


@figure(
    "Find the telephone",
    Choice(name="tool", label="what a probe tells",
           options=(("both", "depth and slope"), ("slope", "slope only"), ("depth", "depth only"))),
    Clicks(name="probes", label="probe the sand", x=(0.0, 4.0), y=(0.0, 3.0), most=_PROBES),
    Button(name="new", label="another pit", most=999),
    Toggle(name="reveal", label="show the pit"),
    kind="game",
    about="A sandpit seen from above; its shape is hidden. A telephone lies at the deepest place. "
    "Each probe tells how deep the sand is there, or which way it slopes, or both. Twelve probes "
    "are allowed; the score compares the deepest probe with the deepest place.",
)  # fmt: skip
def hunt(s: Settings) -> Scene:
    formula, library = pit(s.new), search(s.new)
    lo, hi = _probe(formula, s.probes)
    layers = _probes(s, 0.5 * (lo + hi))
    if s.reveal:
        layers.append(points([library.x], [library.y], "b", "telephone", size=6))
    panel = Panel(
        _X, _Y, layers, still=[landscape(formula, _X, _Y, 14).contours] if s.reveal else [],
        equal=True, height=0.77,
    )  # fmt: skip
    gap, readings = _score(lo, hi, library, s)
    return Scene(
        [panel], _said(s, gap),
        [*readings,
         Reading.exact("left", "probes left", _PROBES - len(s.probes)),
         Reading.exact("library", "probes of the library, from five starts", library.probes)],
        [Statement(known(), "No place in this pit is more than "
                   f"{up(max(library.height - library.floor, 1e-6))} m deeper than the one the "
                   "library found. Its descents cannot know that, since each of them sees only its "
                   "own hollow; a bound on the whole pit, cell by cell, can.")],
    )  # fmt: skip


def warm() -> None:
    """Solve the first pit ahead: the solver's imports take longer than the search."""
    search(0)


def _probe(formula: str, probes: list) -> tuple[np.ndarray, np.ndarray]:
    """Height and slopes at the probes, enclosed: (3, probes)."""
    if not probes:
        return np.zeros((3, 0)), np.zeros((3, 0))
    return enclosed(formula, ("x", "y"), probes)


def _probes(s: Settings, found: np.ndarray) -> list:
    """The probes on the map: an arrow downhill, the depth as a text, or both."""
    if not s.probes:
        return [mark(2.0, 1.5, "click anywhere", "muted", "middle")]
    x, y = np.array(s.probes).T
    layers = [points(x, y, "data", size=4)]
    if s.tool != "depth":
        steep = np.hypot(found[1], found[2])
        length = 0.12 + 0.4 * np.tanh(steep) + 1e-12
        across, along = -found[1] / (steep + 1e-12), -found[2] / (steep + 1e-12)
        layers.append(arrows(x, y, x + length * across, y + length * along, "approx"))
    if s.tool != "slope":
        layers += [mark(a, b, f"{-100 * d:.0f} cm", "truth")
                   for a, b, d in zip(x + 0.05, y + 0.06, found[0], strict=True)]  # fmt: skip
    return layers


def _score(lo: np.ndarray, hi: np.ndarray, library: Search, s: Settings) -> tuple:
    """How far above the deepest place the best probe lies; hidden where depths are hidden."""
    if not s.probes:
        return None, [Reading.unknown("gap", "above the telephone, in m", "no probe yet")]
    best = int(np.argmin(hi[0]))
    gap = (lo[0, best] - library.height - library.error, hi[0, best] - library.height
           + library.error)  # fmt: skip
    if s.tool == "slope" and gap[1] > _FOUND and len(s.probes) < _PROBES and not s.reveal:
        return gap[1], [Reading.unknown("gap", "above the telephone, in m",
                                        "this tool does not tell depths")]  # fmt: skip
    return gap[1], [
        proved("gap", "best probe above the telephone, in m", max(gap[0], 0.0), gap[1],
               "height there minus the library's lowest", digits=2),
    ]  # fmt: skip


def _said(s: Settings, gap: float | None) -> str:
    if gap is None:
        return (
            "The telephone lies at the deepest place of a pit of 4 by 3 meters. Click to probe; "
            f"there are {_PROBES} probes. Slopes are drawn as arrows that point downhill."
        )
    used = len(s.probes)
    if gap <= _FOUND:
        return f"Found after {used} probes: the best of them is [[gap]] m above the telephone."
    if used == _PROBES:
        return "The probes are used up. The best one is [[gap]] m above the telephone. " + (
            "" if s.reveal else "Show the pit, and look where the others led."
        )
    return f"{_PROBES - used} probes left. Best probe above the telephone: [[gap]]."
