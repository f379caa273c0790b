"""Newton's method in a trust region, with bounds by projection.

The step is the exact one of a quadratic in a ball; bounds are handled face by face (C.-J. Lin and
J. J. More, SIAM J. Optim. 9, 1999). Trial points cost a value only: a good step is lengthened with
the same second derivatives before new ones are computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, sqrt

import numpy as np

from taylored.optimize.descent.bounded import Quadratic, minimize_model, quadratic, released
from taylored.optimize.descent.face import Step
from taylored.optimize.descent.kink import Kink
from taylored.optimize.descent.ray import Runaway, rays
from taylored.optimize.nlp import NonlinearProgram
from taylored.optimize.watch import Answer, Watch

__all__ = ["trust_region"]

_NOISE = 2e-15  # relative rounding error of f that differences are not trusted below
_ENOUGH = 1e-4  # share of the predicted decrease that a step must reach
_FAR = 1e20
_MANY, _LITTLE = 200, 1e-3  # steps, and the least progress in them, relative
_NOTHING = np.zeros(0)
_MESSAGES = {
    "unbounded": "f still falls at |x| = {:.3g}.",
    "stalled": "f falls ever more slowly up to |x| = {:.3g}: perhaps it has no minimum.",
}


@dataclass(slots=True)
class _Point:
    x: np.ndarray
    f: float
    g: np.ndarray


def trust_region(
    program: NonlinearProgram, start: np.ndarray, watch: Watch, *, tolerance: float = 1e-10
) -> Answer:
    """A local minimum of a function without constraints, in its bounds.

    Converged where the projected gradient is below `tolerance` and the curvature is not negative,
    or where neither the function nor its gradient can be improved in float64.

    Sources: More and Sorensen (1983); Lin and More (1999); Conn, Gould and Toint, Trust-Region
    Methods (2000), chapters 6, 7, 12 and 17.
    """
    with np.errstate(all="ignore"):
        return _Search(program, watch, tolerance).run(np.asarray(start, float))


class _Search:
    """The state of one search."""

    def __init__(self, program: NonlinearProgram, watch: Watch, tolerance: float):
        self.program, self.watch, self.tolerance = program, watch, tolerance
        self.lower, self.upper = program.lower, program.upper
        self.radius = inf
        self.moved = np.nan
        self.gaps = False  # whether places were met where f is not defined
        self.settled = False  # the last step was Newton's, short, with positive curvature
        self.kink = Kink()
        self.checked = 0, inf, inf  # when, and what f and its slope were
        self.patience = 100  # steps allowed beyond the tolerance, where convergence is slow

    # ---- evaluations ----

    def value(self, x: np.ndarray) -> float:
        f = self.program.values(x)[0]
        self.gaps = self.gaps or not isfinite(f)
        return f

    def gradient(self, x: np.ndarray) -> np.ndarray:
        return self.program.first(x)[0]

    def slope(self, point: _Point, sizes: np.ndarray | float = 1.0) -> float:
        """The size of the projected gradient, each entry relative to `sizes`."""
        return float((np.abs(self.free_gradient(point)) / sizes).max(initial=0.0))

    def free_gradient(self, point: _Point) -> np.ndarray:
        """The gradient, without what presses against bounds."""
        if not self.program.bounded:
            return point.g
        return np.where(released(point.x, point.g, self.lower, self.upper), point.g, 0.0)

    # ---- the search ----

    def run(self, start: np.ndarray) -> Answer:
        point = self.begin(start)
        if point is None:
            x = np.clip(start, self.lower, self.upper)
            self.watch.iterate(x, np.nan)
            return _answer(x, "undefined", "f or its gradient is not finite at the start.")
        runaway, start = Runaway(point.x, point.f, _FAR), point.x
        while True:
            slope = self.slope(point)
            end = self.watch.iterate(point.x, point.f, 0.0, slope, step=self.moved)
            if end:
                return _answer(point.x, end)
            if slope <= self.tolerance and self.settled:
                return _answer(point.x, "converged")
            end = runaway.end(point.x, point.f, lambda x=point.x: rays(self.program, start, x))
            if end:
                return _answer(point.x, end, _MESSAGES[end].format(np.abs(point.x).max()))
            if not self.progresses(point, slope):
                return _answer(point.x, "stalled", "f and its slope hardly change any more.")
            g = self.free_gradient(point)
            if slope > 1e3 * self.tolerance and self.kink.holds(self.moved, point.x, g):
                following = self.along_kink(point)
            else:
                following = self.advance(point, slope)
            if isinstance(following, Answer):
                return following
            self.moved = float(np.linalg.norm(following.x - point.x))
            point = following

    def begin(self, start: np.ndarray) -> _Point | None:
        """The start, put into the bounds; moved inside them where f is not finite on them."""
        low, high = self.lower, self.upper
        first = np.clip(start, low, high)
        for share in (0.0, 1e-8, 1e-4, 1e-2, 0.1):
            x = first
            if share:
                side = np.minimum(np.maximum(1.0, np.abs(first)), 0.5 * (high - low))
                x = np.clip(first, low + share * side, high - share * side)
                if np.array_equal(x, first):
                    continue
            f = self.value(x)
            if isfinite(f):
                g = self.gradient(x)
                if np.isfinite(g).all():
                    return _Point(x, f, g)
        return None

    def progresses(self, point: _Point, slope: float) -> bool:
        """Whether the last many steps changed anything."""
        when, f, steepness = self.checked
        now = self.watch.work.iterations
        if now < when + _MANY and now >= when:
            return True
        self.checked = now, point.f, slope
        return now < when or f - point.f > _LITTLE * abs(point.f) or slope < 0.5 * steepness

    def along_kink(self, point: _Point) -> _Point | Answer:
        """A step down for the gradients on all sides."""
        d = self.kink.along()
        if d is None:
            return _answer(point.x, "stalled", "f has a kink there: its slope jumps.")
        far = max(1.0, float(np.abs(point.x).max(initial=0.0))) / float(np.abs(d).max())
        for _ in range(50):
            x = np.clip(point.x + far * d, self.lower, self.upper)
            f = self.value(x)
            if f < point.f - _ENOUGH * abs(float(point.g.dot(x - point.x))):
                g = self.gradient(x)
                if np.isfinite(g).all():
                    self.radius = max(self.radius, float(np.linalg.norm(x - point.x)))
                    return _Point(x, f, g)
            far *= 0.5
        return _answer(point.x, "stalled", "no shorter step lowers f: its slope may have a jump.")

    def advance(self, point: _Point, slope: float) -> _Point | Answer:
        """The next point, or the end."""
        h = self.program.second(point.x, 1.0, _NOTHING) if self.program.form != "products" else None
        model = quadratic(self.program, point.x, point.g, h)
        if slope <= self.tolerance:
            ended = self.at_rest(point, model)
            if ended is not None:
                return ended
        if not isfinite(self.radius):
            self.radius = _first_radius(model, point.x)
        return self.try_steps(point, model, slope)

    def at_rest(self, point: _Point, model: Quadratic) -> Answer | None:
        """The end, where nothing is left to gain; None where the curvature leads on."""
        self.patience -= 1
        done = _answer(point.x, "converged")
        definite = model.definite()
        if not definite:
            curvature, direction = model.downward()
            if curvature < -1e-10 * model.size() and direction.any():
                scale = max(1.0, float(np.abs(point.x).max(initial=0.0)))
                self.radius = scale if not isfinite(self.radius) else max(self.radius, 1e-3 * scale)
                return None
        if self.patience <= 0 or not point.g.any():
            return done
        step = minimize_model(model, inf if definite else _first_radius(model, point.x))
        small = np.abs(step.s) <= 1e-7 * np.maximum(np.abs(point.x), 1e-3)
        return done if small.all() or step.decrease <= _NOISE * abs(point.f) else None

    def try_steps(self, point: _Point, model: Quadratic, slope: float) -> _Point | Answer:
        """Shorten the step until one is good enough."""
        noise = _NOISE * abs(point.f)
        for _ in range(80):
            step = minimize_model(model, self.radius)
            if not step.decrease > noise:
                return self.by_gradient(point, model)
            x = self.placed(point.x, step.s, model)
            f = self.value(x)
            gained = point.f - f
            ratio = (gained + noise) / (step.decrease + noise) if isfinite(f) else -inf
            if (self.gaps or ratio > 2.0) and isfinite(f) and self.leapt(point.x, x):
                f = ratio = -inf  # the step leapt over a place where f is not defined
            elif f < -_FAR:
                ratio = max(ratio, 1.0)
            g = self.gradient(x) if ratio >= _ENOUGH else None
            if g is not None and np.isfinite(g).all():
                return self.accepted(point, model, step, _Point(x, f, g), ratio)
            self.radius = _shortened(point, model, step, f)
            if self.radius <= 1e-16 * max(1e-30, float(np.linalg.norm(point.x))):
                break
        return self.stuck(point, slope)

    def leapt(self, x: np.ndarray, onto: np.ndarray) -> bool:
        """Whether f is not defined somewhere on a long way, as far as three points tell."""
        if np.abs(onto - x).max(initial=0.0) <= 0.5 * np.abs(x).max(initial=0.0):
            return False
        return not all(isfinite(self.value(x + t * (onto - x))) for t in (0.25, 0.5, 0.75))

    def accepted(
        self, point: _Point, model: Quadratic, step: Step, found: _Point, ratio: float
    ) -> _Point:
        """The new radius; and a longer step where the quadratic was too cautious."""
        length = sqrt(float(step.s.dot(step.s)))
        if ratio < 0.25:
            self.radius = 0.5 * length
        elif ratio > 0.75 and (step.limited or ratio > 1.1):
            found, length = self.lengthened(point, model, step, found)
            self.radius = max(self.radius, 2.0 * length)
        elif ratio > 0.75:
            self.radius = max(self.radius, 2.0 * length)
        scale = sqrt(float(found.x.dot(found.x)))
        self.settled = not step.limited and model.definite() and length <= 1e-4 * max(scale, 1e-8)
        return found

    def lengthened(
        self, point: _Point, model: Quadratic, step: Step, found: _Point
    ) -> tuple[_Point, float]:
        """Go on with the same quadratic while f falls as foretold."""
        best, length = found, sqrt(float(step.s.dot(step.s)))
        x, f = found.x, found.f
        for _ in range(12):
            if step.limited:
                longer = minimize_model(model, 2.5 * length)
                s, expected = longer.s, longer.decrease
            else:
                longer, s, expected = step, step.s * (2.0 * length / sqrt(step.s.dot(step.s))), 0.0
            if sqrt(s.dot(s)) <= 1.1 * length:
                break
            trial = self.placed(point.x, s, model)
            value = self.value(trial)
            if not value < f or point.f - value < 0.75 * expected:
                break
            surprising = point.f - value > 4.0 * (point.f - f)
            if (self.gaps or surprising) and self.leapt(x, trial):
                break
            x, f, length = trial, value, sqrt(s.dot(s))
            if f < -_FAR or (not longer.limited and step.limited):
                break
        if x is not found.x:
            g = self.gradient(x)
            if np.isfinite(g).all():
                best = _Point(x, f, g)
        return best, length

    def by_gradient(self, point: _Point, model: Quadratic) -> _Point | Answer:
        """Newton's step, its gain below the rounding error of f, if the gradient comes down."""
        step = model.settling()
        x = point.x if step is None else self.placed(point.x, step, model)
        if np.array_equal(x, point.x):
            return _answer(point.x, "converged")
        f = self.value(x)
        if f <= point.f + 10.0 * _NOISE * abs(point.f):
            g = self.gradient(x)
            found = _Point(x, f, g)
            if np.isfinite(g).all():
                sizes = model.sizes()
                if self.slope(found, sizes) <= 0.5 * self.slope(point, sizes):
                    self.settled = True
                    return found
                if self.slope(found) < self.slope(point):
                    return _answer(x, "converged")
        return _answer(point.x, "converged")

    def stuck(self, point: _Point, slope: float) -> _Point | Answer:
        if slope <= 1e3 * self.tolerance:
            return _answer(point.x, "converged")
        return self.along_kink(point)

    def placed(self, x: np.ndarray, s: np.ndarray, model: Quadratic) -> np.ndarray:
        """x after the step; exactly on the bounds that the model has reached."""
        moved = x + s
        if model.box is None:
            return moved
        moved = np.where(s <= model.box[0], self.lower, moved)
        moved = np.where(s >= model.box[1], self.upper, moved)
        return np.clip(moved, self.lower, self.upper)


def _first_radius(model: Quadratic, x: np.ndarray) -> float:
    """Newton's step, but not much further than the start is from zero."""
    far = 10.0 * max(1.0, sqrt(float(x.dot(x))))
    reach = model.reach()
    return min(reach, far) if reach > 0 else far


def _shortened(point: _Point, model: Quadratic, step: Step, f: float) -> float:
    """The radius after a failure: where a parabola through the values has its minimum."""
    length = sqrt(float(step.s.dot(step.s)))
    if not isfinite(f):
        return 0.25 * length
    slope = float(model.g.dot(step.s))
    bend = f - point.f - slope
    share = -0.5 * slope / bend if bend > 0 and slope < 0 else 0.25
    return min(max(share, 0.1), 0.5) * length


def _answer(x: np.ndarray, end: str, message: str = "") -> Answer:
    return Answer(x, None, end, message)
