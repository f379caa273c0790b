"""L-BFGS: quasi-Newton steps for many variables, from gradients only.

The inverse Hessian is known by the last changes of x and of the gradient (J. Nocedal, Math. Comp.
35, 1980); bounds are met by projection, the changes taken on the variables that are free.
"""

from __future__ import annotations

from math import inf, isfinite

import numpy as np

from taylored.optimize.descent.bounded import released
from taylored.optimize.descent.face import lanczos_lowest
from taylored.optimize.descent.line import Trial, wolfe
from taylored.optimize.descent.ray import Runaway, rays
from taylored.optimize.nlp import NonlinearProgram
from taylored.optimize.watch import Answer, Watch

__all__ = ["lbfgs"]

_FAR = 1e20
_NOTHING = np.zeros(0)


def lbfgs(
    program: NonlinearProgram, start: np.ndarray, watch: Watch, *, memory: int = 10,
    tolerance: float = 1e-8,
) -> Answer:  # fmt: skip
    """A local minimum of a function without constraints, in its bounds, by gradients.

    Converged where the projected gradient is at most `tolerance`, or where neither the function
    nor its slope can be improved in float64.

    Sources: Nocedal (1980); Q. Ni and Y. Yuan, Math. Comp. 66 (1997) for the bounds.
    """
    with np.errstate(all="ignore"):
        return _Search(program, watch, memory, tolerance).run(np.asarray(start, float))


class _Search:
    def __init__(self, program: NonlinearProgram, watch: Watch, memory: int, tolerance: float):
        self.program, self.watch, self.tolerance = program, watch, tolerance
        self.lower, self.upper, self.memory = program.lower, program.upper, memory
        self.pairs: list[tuple[np.ndarray, np.ndarray]] = []

    def run(self, start: np.ndarray) -> Answer:
        x = np.clip(start, self.lower, self.upper)
        now = self.trial(x, 0.0, np.zeros_like(x))
        if not isfinite(now.f) or not np.isfinite(now.g).all():
            self.watch.iterate(x, np.nan)
            return Answer(x, None, "undefined", "f or its gradient is not finite at the start.")
        moved, start, runaway = np.nan, x, Runaway(x, now.f, _FAR)
        while True:
            free = self.free(now)
            rest = now.g if free is None else np.where(free, now.g, 0.0)
            size = float(np.abs(rest).max(initial=0.0))
            end = self.watch.iterate(now.x, now.f, 0.0, size, step=moved)
            if end:
                return Answer(now.x, None, end)
            end = runaway.end(now.x, now.f, lambda x=now.x: rays(self.program, start, x))
            if end:
                return Answer(now.x, None, end, f"at |x| = {np.abs(now.x).max():.3g}.")
            following = None
            if size > self.tolerance:
                following = self.advance(now, rest, free)
            elif not self.watch.work.iterations:
                following = self.leave(now)
            if following is None:
                return self.ended(now, size)
            moved = float(np.linalg.norm(following.x - now.x))
            now = following

    def trial(self, x: np.ndarray, far: float, d: np.ndarray) -> Trial:
        f, _ = self.program.values(x)
        if not isfinite(f):
            return Trial(far, f, np.nan, x, x)
        g, _ = self.program.first(x)
        return Trial(far, f, float(g.dot(d)), x, g)

    def free(self, now: Trial) -> np.ndarray | None:
        return released(now.x, now.g, self.lower, self.upper) if self.program.bounded else None

    def ended(self, now: Trial, size: float) -> Answer:
        if size <= 1e4 * self.tolerance:
            return Answer(now.x, None, "converged")
        return Answer(now.x, None, "stalled", "no step along the gradient lowers f.")

    def advance(self, now: Trial, rest: np.ndarray, free: np.ndarray | None) -> Trial | None:
        """The next point: by the changes so far, else down the gradient; None where f rests."""
        for _ in range(2):
            d = self.direction(rest, free)
            slope = float(rest.dot(d))
            if not slope < 0.0 or not isfinite(slope):
                self.pairs.clear()
                d, slope = -rest, -float(rest.dot(rest))
            first = 1.0 if self.pairs else min(1.0, 1.0 / float(np.abs(rest).sum()))
            found = self.searched(now, d, slope, first)
            if found is not None:
                self.remember(found.x - now.x, found.g - now.g)
                return found
            if not self.pairs:
                return None
            self.pairs.clear()
        return None

    def searched(self, now: Trial, d: np.ndarray, slope: float, first: float) -> Trial | None:
        """The line search: up to the first bound, and bent along the bounds where that is short."""
        start = Trial(0.0, now.f, slope, now.x, now.g)
        longest = self.room(now.x, d)
        if longest > first:
            return wolfe(lambda far: self.trial(self.placed(now.x, d, far), far, d), start, first,
                         longest)  # fmt: skip
        far, noise = first, 1e-15 * abs(now.f)
        for _ in range(40):
            x = self.placed(now.x, d, far)
            found = self.trial(x, far, d)
            if isfinite(found.f) and np.isfinite(found.g).all():
                gain = float(now.g.dot(x - now.x))
                lower = found.f <= now.f + 1e-4 * gain or found.f < now.f - noise
                if gain < 0.0 and lower:
                    return found
            far *= 0.3
        return None

    def placed(self, x: np.ndarray, d: np.ndarray, far: float) -> np.ndarray:
        moved = x + far * d
        return np.clip(moved, self.lower, self.upper) if self.program.bounded else moved

    def room(self, x: np.ndarray, d: np.ndarray) -> float:
        """How far along d the first bound is."""
        if not self.program.bounded:
            return inf
        gap = np.where(d > 0, self.upper - x, np.where(d < 0, self.lower - x, inf))
        return float(np.min(np.where(d != 0, gap / np.where(d != 0, d, 1.0), inf), initial=inf))

    def remember(self, s: np.ndarray, y: np.ndarray) -> None:
        product = float(s.dot(y))
        if product > 1e-10 * float(np.linalg.norm(s) * np.linalg.norm(y)):
            self.pairs.append((s, y))
            del self.pairs[: -self.memory]

    def direction(self, rest: np.ndarray, free: np.ndarray | None) -> np.ndarray:
        """The two loops over the last changes, in the free variables."""
        q, seen = -rest, []
        for s, y in reversed(self.pairs):
            if free is not None:
                s, y = np.where(free, s, 0.0), np.where(free, y, 0.0)
            product, square = float(s.dot(y)), float(y.dot(y))
            if product > 1e-10 * square**0.5 * float(s.dot(s)) ** 0.5:
                share = float(s.dot(q)) / product
                q = q - share * y
                seen.append((s, y, product, square, share))
        if not seen:
            self.pairs.clear()
            return q
        q = q * (seen[0][2] / seen[0][3])
        for s, y, product, _, share in reversed(seen):
            q = q + (share - float(y.dot(q)) / product) * s
        return q

    def leave(self, start: Trial) -> Trial | None:
        """A way down from a start that is a saddle or a maximum."""
        x = start.x
        curvature, v = lanczos_lowest(
            lambda p: self.program.product(x, 1.0, _NOTHING, p), x.size, 30
        )
        if not curvature < 0.0:
            return None
        size = max(1.0, float(np.linalg.norm(x)))
        for far in (1.0, -1.0, 1e-2, -1e-2, 1e-4, -1e-4):
            found = self.trial(self.placed(x, v, far * size), far, v)
            if isfinite(found.f) and found.f < start.f and np.isfinite(found.g).all():
                return found
        return None
