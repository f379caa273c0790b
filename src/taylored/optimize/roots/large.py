"""Large sparse systems: Newton's steps by a sparse factorization, shortened where they must be.

Where the Jacobian is singular, or no shorter step helps, a Levenberg-Marquardt step is taken
(Dennis and Schnabel, Numerical Methods for Unconstrained Optimization, 1983, chapter 6).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.optimize.roots.local import Local
from taylored.optimize.roots.system import System
from taylored.optimize.watch import Watch

__all__ = ["large_root", "solve_large", "sparse_step"]

_UNIT = 2.0**-52
_HALVINGS = 12


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


def solve_large(system: System, start: np.ndarray, watch: Watch) -> Local:
    """Make |F| as small as it becomes."""
    found = Local(start, system.values(start), "slow", np.zeros_like(start), points=[start])
    if not np.all(np.isfinite(found.f)):
        found.end = "undefined"
        return found
    run = _Run(system, watch, found)
    stop = watch.iterate(start, found.size, float(np.abs(found.f).max(initial=0.0)))
    while not stop:
        stop = run.step()
    found.end = stop
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
