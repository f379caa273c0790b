"""A quadratic model of a function, and its least value within bounds and a ball."""

from __future__ import annotations

from math import inf, sqrt
from typing import Any

import numpy as np

from taylored.optimize.descent.face import DenseFace, Face, ProductFace, Step
from taylored.optimize.nlp import NonlinearProgram

__all__ = ["Quadratic", "minimize_model", "quadratic", "released"]

_NOTHING = np.zeros(0)
_MOST = 30  # faces visited for one step
_GOOD = 1e-2  # a face is good enough when the rest of the gradient is this small, relative


def released(
    x: np.ndarray, g: np.ndarray, lower: np.ndarray, upper: np.ndarray, slack: float = 0.0
) -> np.ndarray:
    """The variables that may move: not those at a bound that the gradient presses them against.

    Those whose gradient is within `slack` are free: curvature may lead them away.
    """
    low, high = x <= lower, x >= upper
    return ~((low & (g > slack)) | (high & (g < -slack)) | (low & high))


class Quadratic:
    """g.s + s.H.s/2 in all variables, low <= s <= high; its faces are made when needed."""

    def __init__(self, h: Any, g: np.ndarray, box: tuple[np.ndarray, np.ndarray] | None):
        self.h, self.g, self.box = h, g, box
        self._whole: Face | None = None
        self._free: np.ndarray | None = None
        self._kept: dict[bytes, Face] = {}

    def apply(self, s: np.ndarray) -> np.ndarray:
        """H s."""
        return self.h.dot(s)

    def face(self, free: np.ndarray | None, r: np.ndarray) -> Face:
        """The quadratic of the free variables from where its gradient is r."""
        h = self.h
        if free is None:
            return DenseFace(h, r)
        return DenseFace(h[np.ix_(free, free)], r[free])

    @property
    def free(self) -> np.ndarray | None:
        """The variables that may move at first; None for all."""
        if self.box is None:
            return None
        if self._free is None:
            zero = np.zeros_like(self.g)
            self._free = released(zero, self.g, *self.box)
        return self._free

    def whole(self) -> Face:
        """The first face."""
        if self._whole is None:
            self._whole = self.face(self.free, self.g)
        return self._whole

    def definite(self) -> bool:
        return bool(self.free is not None and not self.free.any()) or self.whole().definite()

    def reach(self) -> float:
        return inf if self.free is not None and not self.free.any() else self.whole().reach()

    def size(self) -> float:
        """The size of the curvature."""
        return float(np.abs(self.h).max(initial=0.0))

    def sizes(self) -> np.ndarray | float:
        """The units of the gradient's entries, as the curvature has them."""
        sizes = np.sqrt(np.abs(self.h.diagonal()))
        return np.where(sizes > 0, sizes, 1.0)

    def settling(self) -> np.ndarray | None:
        """Newton's step where the curvature is not negative, cut at the bounds; else None."""
        free = self.free
        if free is not None and not free.any():
            return None
        part = self.whole().settling()
        if part is None or free is None or self.box is None:
            return part
        full = np.zeros_like(self.g)
        full[free] = part
        return np.clip(full, *self.box)

    def downward(self) -> tuple[float, np.ndarray]:
        """The least curvature among the free variables and its direction in all."""
        return self.expanded(self.free, *self.whole().downward())

    def expanded(
        self, free: np.ndarray | None, value: float, part: np.ndarray
    ) -> tuple[float, np.ndarray]:
        if free is None:
            return value, part
        full = np.zeros_like(self.g)
        full[free] = part
        return value, full


class ProductQuadratic(Quadratic):
    """The same, H known by its products."""

    def apply(self, s: np.ndarray) -> np.ndarray:
        return self.h(s)

    def face(self, free: np.ndarray | None, r: np.ndarray) -> Face:
        if free is None:
            return ProductFace(self.h, r)

        def product(v: np.ndarray) -> np.ndarray:
            full = np.zeros_like(self.g)
            full[free] = v
            return self.h(full)[free]

        return ProductFace(product, r[free])

    def sizes(self) -> np.ndarray | float:
        return 1.0

    def size(self) -> float:
        return 1.0


class SparseQuadratic(Quadratic):
    """The same, H sparse."""

    def apply(self, s: np.ndarray) -> np.ndarray:
        return self.h @ s

    def face(self, free: np.ndarray | None, r: np.ndarray) -> Face:
        from taylored.optimize.descent.sparse_face import SparseFace

        if free is None:
            return SparseFace(self.h, r)
        return SparseFace(self.h[free][:, free], r[free])

    def size(self) -> float:
        return float(np.abs(self.h.data).max(initial=0.0))


def quadratic(program: NonlinearProgram, x: np.ndarray, g: np.ndarray, h: Any) -> Quadratic:
    """The model at x; `h` is None where there are only products."""
    box = (program.lower - x, program.upper - x) if program.bounded else None
    if program.form == "products":
        return ProductQuadratic(lambda v: program.product(x, 1.0, _NOTHING, v), g, box)
    return (SparseQuadratic if program.form == "sparse" else Quadratic)(h, g, box)


def minimize_model(model: Quadratic, radius: float) -> Step:
    """A step within the bounds, about as long as the radius at most."""
    if model.box is None:
        return model.whole().step(radius)
    return _faces(model, radius)


def _faces(model: Quadratic, radius: float) -> Step:
    """Newton steps on one face after the other, each bent along the bounds."""
    low, high = model.box  # type: ignore[misc]
    g = model.g
    s, r, free = np.zeros_like(g), g, model.free
    assert free is not None
    first = float(np.abs(g[free]).max(initial=0.0))
    total, limited = 0.0, False
    for number in range(_MOST):
        if not free.any():
            break
        if number > 0 and float(np.abs(r[free]).max()) <= _GOOD * first:
            break
        left = max(radius * radius - float(s.dot(s)), 0.01 * radius * radius)
        first_face = model.whole() if number == 0 else None
        part, w, free = _unblocked(model, first_face, (s, r, free), sqrt(left))
        moved, hm, decrease, bent = _bent(model, s, r, w, free)
        if not decrease > 0.0:
            # Along a direction of negative curvature either sign may lead out of the bounds.
            moved, hm, decrease, bent = _bent(model, s, r, -w, free)
        if not decrease > 0.0:
            break
        s, r, total = s + moved, r + hm, total + decrease
        s = np.clip(s, low, high)
        limited = part.limited
        before, free = free, released(s, r, low, high)
        if s.dot(s) >= 0.7 * radius * radius:
            limited = True
            break
        if not bent and (limited or not (free & ~before).any()):
            break
    return Step(s, total, limited)


def _unblocked(
    model: Quadratic, face: Face | None, place: tuple[np.ndarray, np.ndarray, np.ndarray],
    radius: float,
) -> tuple[Step, np.ndarray, np.ndarray]:  # fmt: skip
    """The step on a face, without the variables that it would push out of bounds they are at."""
    low, high = model.box  # type: ignore[misc]
    s, r, free = place
    while True:
        part = (face or model.face(free, r)).step(radius)
        w = np.zeros_like(r)
        w[free] = part.s
        kept = free & ~(((s <= low) & (w < 0.0)) | ((s >= high) & (w > 0.0)))
        if not kept.any() or np.array_equal(kept, free):
            return part, w, free
        face, free = None, kept


def _bent(
    model: Quadratic, s: np.ndarray, r: np.ndarray, w: np.ndarray, free: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float, bool]:
    """A step from s along w, projected onto the bounds; H times it, the decrease, whether bent."""
    low, high = model.box  # type: ignore[misc]
    onto = s + w
    inside = bool(((onto >= low) & (onto <= high)).all())
    best = _gain(model, r, w if inside else np.clip(onto, low, high) - s)
    if inside:
        return (*best, False)
    goal = -0.1 * float(r.dot(w))
    if best[2] >= goal:
        return (*best, True)
    for share in (0.5, 0.1, _first_stop(s, w, low, high)):
        found = _gain(model, r, np.clip(s + share * w, low, high) - s)
        best = found if found[2] > best[2] else best
    slide = np.where(free, -r, 0.0)
    bend = float(slide.dot(model.apply(slide)))
    length = (
        float(slide.dot(slide)) / bend
        if bend > 0
        else sqrt(float(w.dot(w)) / max(float(slide.dot(slide)), 1e-300))
    )
    for share in (1.0, 0.3, 0.1):
        found = _gain(model, r, np.clip(s + share * length * slide, low, high) - s)
        if found[2] > best[2]:
            best = found
    return (*best, True)


def _first_stop(s: np.ndarray, w: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """How much of w the bounds allow."""
    room = np.where(w > 0, high - s, np.where(w < 0, low - s, inf))
    return float(np.min(np.where(w != 0, room / np.where(w != 0, w, 1.0), 1.0), initial=1.0))


def _gain(model: Quadratic, r: np.ndarray, d: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    hd = model.apply(d)
    return d, hd, -float(r.dot(d) + 0.5 * d.dot(hd))
