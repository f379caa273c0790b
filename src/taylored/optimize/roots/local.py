"""Systems of equations: steps of least squares in a trust region, Newton's where they fit.

Minimizes |F|**2 by Levenberg-Marquardt steps of a length that is allowed, in variables scaled by
the columns of the Jacobian (More, The Levenberg-Marquardt algorithm, 1978). Near a root these are
Newton's steps; for more equations than unknowns Gauss-Newton's, for fewer the shortest ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from taylored.optimize.roots.order import multiplicity
from taylored.optimize.roots.system import System
from taylored.optimize.watch import Watch

__all__ = ["Local", "local_solve"]

_UNIT = 2.0**-52
_FACTOR = 100.0
_ACCEPT = 1e-4


@dataclass(eq=False)
class Local:
    """Where a local method ended.

    `end`: "converged" (no step makes |F| smaller), "undefined", "slow", or what the watch said.
    `reach` is how far each variable moved: what is small is small beside it.
    """

    x: np.ndarray
    f: np.ndarray
    end: str
    reach: np.ndarray
    multiplicity: int | None = None
    points: list[np.ndarray] = field(default_factory=list)

    @property
    def size(self) -> float:
        return float(np.linalg.norm(self.f))


@dataclass(eq=False)
class _Model:
    """The linear model of F at a point in scaled variables, decomposed."""

    u: np.ndarray
    s: np.ndarray
    vt: np.ndarray
    g: np.ndarray
    scale: np.ndarray

    @classmethod
    def at(cls, f: np.ndarray, jacobian: np.ndarray, scale: np.ndarray) -> _Model | None:
        try:
            u, s, vt = np.linalg.svd(jacobian / scale, full_matrices=False)
        except np.linalg.LinAlgError:
            return None
        return cls(u, s, vt, u.T @ f, scale)

    def step(self, radius: float) -> tuple[np.ndarray, float]:
        """The step (scaled variables) of at most this length, and the |F|**2 it should take off."""
        s, g = self.s, self.g
        kept = s > _UNIT * max(len(s), 4) * s[0]
        inverse = np.where(kept, 1.0 / np.where(kept, s, 1.0), 0.0)
        p = inverse * g
        damping = 0.0
        if np.linalg.norm(p) > radius:
            damping = self._damping(radius)
            p = s * g / (s * s + damping)
        left = g - s * p
        gain = float(g @ g - left @ left)
        return -(self.vt.T @ p), gain

    def _damping(self, radius: float) -> float:
        """The damping at which the step has this length, to a tenth (Hebden's iteration)."""
        s, g = self.s, self.g
        low, high = 0.0, float(np.linalg.norm(s * g)) / radius
        damping = max(1e-3 * high, _UNIT * s[0] ** 2)
        for _ in range(20):
            d = s * s + damping
            p = s * g / d
            length = float(np.linalg.norm(p))
            if abs(length - radius) <= 0.1 * radius:
                break
            low, high = (damping, high) if length > radius else (low, damping)
            slope = -float(np.sum(p * p / d)) / length
            damping += (1.0 - length / radius) * length / slope
            if not low < damping < high:
                damping = np.sqrt(low * high) if low > 0 else 0.1 * high
        return damping


def local_solve(
    system: System, start: np.ndarray, watch: Watch, weights: np.ndarray | None = None,
    most: int = 300,
) -> Local:  # fmt: skip
    """Make |F| as small as it becomes near a start. `weights` (equations,) multiply F."""
    w = 1.0 if weights is None else weights
    x, f = start, w * system.values(start)
    found = Local(x, f, "slow", np.zeros_like(x), points=[x])
    if not np.all(np.isfinite(f)):
        found.end = "undefined"
        return found
    run = _Run(system, watch, w, found)
    stop = watch.iterate(x, float(np.linalg.norm(f)), float(np.abs(f).max(initial=0.0)))
    for _ in range(most):
        if stop:
            found.end = stop
            break
        stop = run.step()
    else:
        found.end = "slow"
    if len(found.points) > run.seen + 6:
        found.multiplicity = None  # of a valley passed on the way
    found.f = found.f / w
    return found


@dataclass(eq=False)
class _Run:
    system: System
    watch: Watch
    weights: np.ndarray | float
    found: Local
    scale: np.ndarray | None = None
    radius: float = 0.0
    lengths: list[float] = field(default_factory=list)
    seen: int = 0  # when the multiplicity was

    def step(self) -> str:
        """One accepted step; why to stop, or nothing."""
        found = self.found
        jacobian = self._jacobian(found.x)
        if jacobian is None:
            return "undefined"
        self._rescale(jacobian)
        assert self.scale is not None
        model = _Model.at(found.f, jacobian, self.scale)
        if model is None:
            return "undefined"
        if not np.any(found.f) or model.s[0] == 0.0:
            return "converged"
        taken = self._taken(model)
        if taken is None:
            return "converged"
        x, f, p = taken
        last, size = found.size, float(np.linalg.norm(p / self.scale))
        step = x - found.x
        found.x, found.f = x, f
        found.reach = np.maximum(found.reach, np.abs(x - found.points[0]))
        found.points.append(x)
        self.lengths.append(size)
        stop = self.watch.iterate(
            x, found.size, float(np.abs(f).max(initial=0.0)), step=float(np.linalg.norm(step))
        )
        rest = np.maximum(np.abs(x), found.reach)
        if np.all(np.abs(step) <= 4 * _UNIT * rest) or found.size == 0.0:
            return stop or "converged"
        return stop or self._lengthened(step, last)

    def _jacobian(self, x: np.ndarray) -> np.ndarray | None:
        found = np.atleast_1d(self.weights)[:, None] * self.system.jacobian(x)
        return found if np.all(np.isfinite(found)) else None

    def _rescale(self, jacobian: np.ndarray) -> None:
        norms = np.linalg.norm(jacobian, axis=0)
        if self.scale is None:
            self.scale = np.where(norms > 0, norms, 1.0)
            self.radius = _FACTOR * float(np.linalg.norm(self.scale * self.found.x)) or _FACTOR
        else:
            self.scale = np.maximum(self.scale, norms)

    def _taken(self, model: _Model) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """A step that makes |F| smaller; None where none is long enough to be seen."""
        found = self.found
        before = found.size
        for _ in range(60):
            p, gain = model.step(self.radius)
            length = float(np.linalg.norm(p))
            x = found.x + p / model.scale
            if np.all(x == found.x) or gain <= 0.0:
                return None
            f = self.weights * self.system.values(x)
            after = float(np.linalg.norm(f))
            if not np.isfinite(after):
                self.radius = 0.25 * min(self.radius, length)
                continue
            ratio = (before - after) * (before + after) / gain
            if ratio < 0.25:
                self.radius = min(self.radius, length) * (0.1 if after > 10 * before else 0.4)
            elif ratio > 0.75 or length < self.radius:
                self.radius = max(self.radius, 2.0 * length)
            if ratio >= _ACCEPT and after < before:
                return x, f, p
        return None

    def _lengthened(self, step: np.ndarray, last: float) -> str:
        """Near a multiple root the steps shrink by a constant factor: go the whole way at once."""
        found = self.found
        m = multiplicity(self.lengths)
        if m is None:
            return ""
        found.multiplicity, self.seen = m, len(found.points)
        x = found.x + (m - 1) * step
        f = self.weights * self.system.values(x)
        if float(np.linalg.norm(f)) < 0.5 * found.size:
            found.x, found.f = x, f
            found.points.append(x)
            self.lengths.clear()
        return ""
