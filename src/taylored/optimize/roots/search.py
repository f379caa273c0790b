"""Which of several local methods finds a root: scaled, plain and perturbed starts in turn.

Where |F| has a local minimum that is no root, another start or another way is taken; all are
deterministic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from taylored.optimize.roots.local import Local, local_solve
from taylored.optimize.roots.system import System
from taylored.optimize.watch import Watch

__all__ = ["Search", "better", "is_root", "nearest", "search_root", "stops_search"]

_UNIT = 2.0**-52
_SMALL = 1e-7  # a Newton correction, beside the variable and the way it came
_RESTARTS = 24
_STOPS = frozenset(["callback", "time", "evaluations", "iterations"])


@dataclass(frozen=True, eq=False)
class Search:
    """The best point, whether it is a root as far as numbers tell, and how it was found."""

    local: Local
    root: bool
    tries: int
    way: str

    @property
    def x(self) -> np.ndarray:
        return self.local.x


def is_root(system: System, found: Local) -> bool:
    """Whether the linear model at the point has its root so near that it makes no difference."""
    f = found.f
    if not np.all(np.isfinite(f)):
        return False
    if not np.any(f):
        return True
    jacobian = system.jacobian(found.x)
    jacobian = jacobian if isinstance(jacobian, np.ndarray) else jacobian.toarray()
    if not np.all(np.isfinite(jacobian)):
        return False
    rows = np.abs(jacobian).max(axis=1)
    weights = 1.0 / np.where(rows > 0, rows, 1.0)
    columns = np.maximum(np.abs(found.x), found.reach)
    columns = np.where(columns > 0, columns, 1.0)
    scaled = jacobian * weights[:, None] * columns
    step = np.linalg.lstsq(scaled, -f * weights, rcond=None)[0]
    if np.any(np.abs(step) > _SMALL):
        return False
    noise = 64 * _UNIT * (np.abs(jacobian) @ np.abs(found.x))
    left = np.abs(f * weights + scaled @ step)
    return bool(np.all((np.abs(f) <= noise) | (left <= 1e-2 * np.abs(f * weights).max())))


def search_root(system: System, start: np.ndarray, watch: Watch) -> Search:
    """A root near the start if one can be found, else the point with the least |F|."""
    best: Search | None = None
    for number, (way, run) in enumerate(_ways(system, start, watch)):
        found = run(None if best is None else best.local)
        made = Search(found, is_root(system, found), number + 1, way)
        if made.root or (best is None and system.equations != system.variables):
            return made
        if stops_search(found):
            chosen = made if best is None else better(best, made)
            chosen.local.end = found.end
            return chosen
        best = made if best is None else better(best, made)
        if not np.all(np.isfinite(best.local.f)) and number >= 4:
            break
    assert best is not None
    return replace(best, tries=number + 1)


def stops_search(found: Local) -> bool:
    """Whether the user's limits or callback ended it."""
    return found.end in _STOPS


def better(first: Search, second: Search) -> Search:
    if not np.isfinite(first.local.size):
        return second
    return second if second.local.size < first.local.size else first


_Way = tuple[str, Callable[[Local | None], Local]]


def _ways(system: System, start: np.ndarray, watch: Watch) -> Iterator[_Way]:
    yield "trust region", lambda _: local_solve(system, start, watch, most=400)
    yield "rows scaled", lambda _: local_solve(system, start, watch, _weights(system, start))
    yield "plain Newton", lambda _: _undamped(system, start, watch)
    rng = np.random.default_rng(7)
    size = np.maximum(np.abs(start), np.median(np.abs(start)))
    size = np.where(size > 0, size, 1.0)
    for number in range(_RESTARTS):
        spread = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)[number % 6]
        noise = spread * size * rng.standard_normal(len(start))

        def again(best: Local | None, noise: np.ndarray = noise, odd: int = number % 2) -> Local:
            center = best.x if best is not None and odd and np.all(np.isfinite(best.f)) else start
            return local_solve(system, center + noise, watch, most=200)

        yield "another start", again


def _weights(system: System, start: np.ndarray) -> np.ndarray:
    """What makes the rows of the Jacobian at the start equally large."""
    rows = np.linalg.norm(system.jacobian(start), axis=1)
    return 1.0 / np.where((rows > 0) & np.isfinite(rows), rows, 1.0)


def _undamped(system: System, start: np.ndarray, watch: Watch) -> Local:
    """Newton's own steps, shortened only to stay in the domain; |F| may grow on the way."""
    x = start
    for _ in range(40):
        f, jacobian = system.values(x), system.jacobian(x)
        if not (np.all(np.isfinite(f)) and np.all(np.isfinite(jacobian))):
            break
        step = np.linalg.lstsq(jacobian, -f, rcond=None)[0]
        for _ in range(20):
            if np.all(np.isfinite(system.values(x + step))):
                break
            step = 0.25 * step
        x = x + step
        if np.all(np.abs(step) <= 1e-10 * np.abs(x)) or np.linalg.norm(x) > 1e12:
            break
    return local_solve(system, x, watch, most=200)


def nearest(system: System, found: Local, start: np.ndarray) -> Local:
    """Of fewer equations than unknowns: the solution that is nearest to the start.

    Along the tangent toward the start and back onto the solutions, with steps of the length that
    the last two gradients suggest (Barzilai and Borwein 1988), as long as that comes nearer.
    """
    x, length = found.x, 1.0
    before: tuple[np.ndarray, np.ndarray] | None = None
    for _ in range(200):
        jacobian, away = system.jacobian(x), x - start
        if not np.all(np.isfinite(jacobian)):
            break
        tangent = away - np.linalg.lstsq(jacobian, jacobian @ away, rcond=None)[0]
        size = float(np.linalg.norm(away))
        if np.linalg.norm(tangent) <= 1e-12 * size:
            break
        if before is not None:
            moved, turned = x - before[0], tangent - before[1]
            curved = float(moved @ turned)
            length = float(moved @ moved) / curved if curved > 0 else 1.0
        before, new = (x, tangent), None
        for _ in range(12):
            new = _onto(system, x - length * tangent, found.size)
            if new is not None and np.linalg.norm(new - start) < size:
                break
            length, new = 0.25 * length, None
        if new is None:
            break
        x = new
    return replace(found, x=x, f=system.values(x), reach=np.maximum(found.reach, np.abs(x - start)))


def _onto(system: System, x: np.ndarray, level: float) -> np.ndarray | None:
    """The solution next to a point, by shortest Newton steps; None where there is none near."""
    last = np.inf
    for _ in range(8):
        f = system.values(x)
        size = float(np.linalg.norm(f))
        if not np.isfinite(size) or size > 2.0 * last:
            return None
        if size <= level or size >= 0.5 * last:
            break
        last, jacobian = size, system.jacobian(x)
        if not np.all(np.isfinite(jacobian)):
            return None
        x = x - np.linalg.lstsq(jacobian, f, rcond=None)[0]
    return x if is_root(system, Local(x, system.values(x), "", np.abs(x))) else None
