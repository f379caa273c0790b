"""Large sparse systems: Newton's steps by a sparse factorization, shortened where they must be.

Where the Jacobian is singular, or no shorter step helps, a Levenberg-Marquardt step is taken
(Dennis and Schnabel, Numerical Methods for Unconstrained Optimization, 1983, chapter 6).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from taylored.optimize.roots.local import Local
from taylored.optimize.roots.search import Search, better, stops_search
from taylored.optimize.roots.system import System
from taylored.optimize.watch import Watch

__all__ = ["large_root", "search_large", "solve_large", "sparse_step"]

_UNIT = 2.0**-52
_HALVINGS = 12
_PLAIN = 15  # Newton steps that may lead up
_SPREADS = (0.1, 1.0, 0.5, 5.0)
_STARTS = ((2_000, 12), (20_000, 4))  # unknowns, and how many more starts they may cost


def sparse_step(jacobian: Any, f: np.ndarray) -> np.ndarray | None:
    """The solution of J s = -F; None where J is singular."""
    from scipy.sparse.linalg import splu

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            factor = splu(jacobian.tocsc())
            step = factor.solve(-f)
            step = step + factor.solve(-f - jacobian @ step)
    except RuntimeError:  # SuperLU's word for a pivot that is exactly zero
        return None
    return step if np.all(np.isfinite(step)) else None


def search_large(system: System, start: np.ndarray, watch: Watch) -> Search:
    """A root near the start if one can be found, else the point with the least |F|."""
    best: Search | None = None
    for number, (way, point) in enumerate(_starts(system, start)):
        found = solve_large(system, point, watch, 3000 if number == 0 else 200)
        made = Search(found, large_root(system, found), number + 1, way)
        chosen = made if best is None else better(best, made)
        if stops_search(found):
            chosen.local.end = found.end
            return chosen
        if made.root or system.equations != system.variables:
            return made
        best = replace(chosen, tries=number + 1)
    assert best is not None
    return best


def _starts(system: System, start: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """The start, what plain Newton steps make of it, and others around it, always the same."""
    yield "Newton", start
    yield "plain Newton", _undamped(system, start)
    count = next((more for most, more in _STARTS if system.variables <= most), 1)
    rng = np.random.default_rng(7)
    size = np.maximum(np.abs(start), np.median(np.abs(start)))
    size = np.where(size > 0, size, 1.0)
    for number in range(count):
        spread = _SPREADS[number % len(_SPREADS)]
        yield "another start", start + spread * size * rng.standard_normal(len(start))


def _undamped(system: System, start: np.ndarray) -> np.ndarray:
    """Newton's own steps: |F| may grow on the way out of a valley."""
    x = start
    for _ in range(_PLAIN):
        jacobian = system.jacobian(x)
        if not np.all(np.isfinite(jacobian.data)):
            break
        step = sparse_step(jacobian, system.values(x))
        if step is None or not np.all(np.isfinite(system.values(x + step))):
            break
        x = x + step
        if np.all(np.abs(step) <= 1e-10 * np.abs(x)):
            break
    return x


def solve_large(system: System, start: np.ndarray, watch: Watch, most: int = 3000) -> Local:
    """Make |F| as small as it becomes, in at most so many steps."""
    found = Local(start, system.values(start), "slow", np.zeros_like(start), points=[start])
    if not np.all(np.isfinite(found.f)):
        found.end = "undefined"
        return found
    run = _Run(system, watch, found)
    stop = watch.iterate(start, found.size, float(np.abs(found.f).max(initial=0.0)))
    for _ in range(most):
        if stop:
            break
        stop = run.step()
    found.end = stop or "slow"
    return found


@dataclass(eq=False)
class _Run:
    system: System
    watch: Watch
    found: Local
    damping: float = 1e-3

    def step(self) -> str:
        """One step that makes |F| smaller; why to stop, or nothing."""
        found = self.found
        jacobian = self.system.jacobian(found.x)
        if not np.all(np.isfinite(jacobian.data)):
            return "undefined"
        if not np.any(found.f):
            return "converged"
        taken = self._newton(jacobian) or self._damped(jacobian)
        if taken is None:
            return "converged"
        x, f = taken
        step = x - found.x
        found.x, found.f = x, f
        found.reach = np.maximum(found.reach, np.abs(x - found.points[0]))
        found.points = [found.points[0], *found.points[1:][-5:], x]
        stop = self.watch.iterate(
            x, found.size, float(np.abs(f).max(initial=0.0)), step=float(np.linalg.norm(step))
        )
        small = np.abs(step) <= 4 * _UNIT * np.maximum(np.abs(x), found.reach)
        return stop or ("converged" if np.all(small) else "")

    def _newton(self, jacobian: Any) -> tuple[np.ndarray, np.ndarray] | None:
        if jacobian.shape[0] != jacobian.shape[1]:
            return None
        found = self.found
        step = sparse_step(jacobian, found.f)
        if step is None:
            return None
        length = 1.0
        for _ in range(_HALVINGS):
            x = found.x + length * step
            f = self.system.values(x)
            if np.linalg.norm(f) <= (1.0 - 1e-4 * length) * found.size:
                return x, f
            length *= 0.5 if length > 0.1 else 0.2
        return None

    def _damped(self, jacobian: Any) -> tuple[np.ndarray, np.ndarray] | None:
        """Steps of (J'J + damping D) s = -J'F, D the diagonal of J'J."""
        from scipy.sparse import diags_array

        found = self.found
        normal = (jacobian.T @ jacobian).tocsc()
        diagonal = normal.diagonal()
        scale = np.where(diagonal > 0, diagonal, 1.0)
        gradient = jacobian.T @ found.f
        for _ in range(30):
            step = sparse_step(normal + diags_array(self.damping * scale), gradient)
            if step is not None:
                x = found.x + step
                f = self.system.values(x)
                if np.linalg.norm(f) < (1.0 - 1e-10) * found.size:
                    self.damping = max(0.1 * self.damping, 1e-14)
                    return x, f
            self.damping *= 4.0
        return None


def large_root(system: System, found: Local) -> bool:
    """Whether Newton's correction at the point is so small that it makes no difference."""
    if not np.all(np.isfinite(found.f)):
        return False
    if not np.any(found.f):
        return True
    jacobian = system.jacobian(found.x)
    if jacobian.shape[0] != jacobian.shape[1] or not np.all(np.isfinite(jacobian.data)):
        return bool(np.all(np.abs(found.f) <= 64 * _UNIT * (abs(jacobian) @ np.abs(found.x))))
    step = sparse_step(jacobian, found.f)
    size = np.maximum(np.abs(found.x), found.reach)
    return step is not None and bool(np.all(np.abs(step) <= 1e-7 * size.max(initial=0.0)))
