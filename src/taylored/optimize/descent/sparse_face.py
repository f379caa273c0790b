"""The least value of a quadratic with a sparse matrix in a ball, by shifted factors."""

from __future__ import annotations

from math import inf, isfinite, sqrt
from typing import Any

import numpy as np

from taylored.optimize.descent.face import ProductFace, Step, lanczos_lowest
from taylored.optimize.factorize import symmetric_lu

__all__ = ["SparseFace", "factor_definite"]

_MANY = 500
_CLOSE = 0.1  # how well the radius is met, relative


def factor_definite(matrix: Any) -> Any:
    """A factor of a symmetric CSC matrix if it is positive definite, else None.

    Without pivoting the signs of U's diagonal are those of the eigenvalues.
    """
    found = symmetric_lu(matrix)
    if found is None or not found.on_diagonal:
        return None
    return found if bool((found.pivots > 0).all()) else None


class SparseFace:
    """By the factors of H + shift*I, the shift found by Newton's method."""

    def __init__(self, h: Any, g: np.ndarray):
        from scipy.sparse import csc_array, eye_array

        self.h, self.g = csc_array(h), g
        self.one = eye_array(g.size, format="csc")
        self.diagonal = self.h.diagonal()
        sums = np.bincount(
            self.h.indices, weights=np.abs(self.h.data), minlength=g.size
        ) if g.size else np.zeros(0)  # fmt: skip
        self.lowest = float((self.diagonal + np.abs(self.diagonal) - sums).min(initial=0.0))
        self.size = float(sums.max(initial=0.0))
        self.newton: np.ndarray | None = None
        self.length = inf
        self._factored = False
        self._shift = 0.0

    def definite(self) -> bool:
        if not self._factored:
            self._factored = True
            found = factor_definite(self.h) if (self.diagonal > 0).all() else None
            if found is not None:
                step = found.solve(-self.g)
                rest = -self.g - self.h @ step
                step = step + found.solve(rest)
                if np.isfinite(step).all():
                    self.newton, self.length = step, float(np.linalg.norm(step))
        return self.newton is not None

    def reach(self) -> float:
        if self.definite():
            return self.length
        sizes = np.maximum(np.abs(self.diagonal), 1e-3 * self.size)
        return float(np.linalg.norm(self.g / sizes)) if self.size > 0 else inf

    def step(self, radius: float) -> Step:
        if self.definite() and self.length <= radius:
            assert self.newton is not None
            return Step(self.newton, -0.5 * float(self.g.dot(self.newton)), False)
        if self.g.size > _MANY and not self.definite():
            # The least curvature of very many variables is in few of them, and the exact step
            # would mend one place at a time; conjugate gradients mend all.
            found = ProductFace(lambda v: self.h @ v, self.g).step(radius)
            if found.decrease > 0.0:
                return found
        s = self._shifted(radius)
        return Step(s, -float(self.g.dot(s) + 0.5 * s.dot(self.h @ s)), True)

    def settling(self) -> np.ndarray | None:
        if self.definite():
            return self.newton
        found = factor_definite(self.h + 1e-12 * self.size * self.one)
        return None if found is None else found.solve(-self.g)

    def downward(self) -> tuple[float, np.ndarray]:
        return lanczos_lowest(lambda v: self.h @ v, self.g.size)

    def _shifted(self, radius: float) -> np.ndarray:
        """More and Sorensen's iteration; the best step met where it does not end."""
        pull = float(np.linalg.norm(self.g)) / radius
        low = max(0.0, -float(self.diagonal.min(initial=0.0)), pull - self.size)
        high = max(pull - self.lowest, low)
        shift = min(max(self._shift, low), high)
        if shift == 0.0 and not self.definite():
            shift = max(1e-3 * high, low)
        best: np.ndarray | None = None
        for _ in range(30):
            found = factor_definite(self.h + shift * self.one)
            if found is None:
                low = max(low, shift)
                shift = max(sqrt(low * high), low + 0.01 * (high - low), 1e-12 * self.size)
                if high - low <= 1e-12 * high:
                    high = 2.0 * high + 1e-300
                continue
            s = found.solve(-self.g)
            length = float(np.linalg.norm(s))
            if not isfinite(length):
                low = max(low, shift)
                shift = max(2.0 * shift, 1e-300)
                continue
            if length <= (1.0 + _CLOSE) * radius:
                best = s
                self._shift = shift
            if abs(length - radius) <= _CLOSE * radius:
                break
            if length < radius:
                high = min(high, shift)
                if shift == 0.0:
                    break
                whole, floor = self._completed(found, s, radius, shift)
                if whole is not None:
                    best = whole
                    break
                low = max(low, floor)
            else:
                low = max(low, shift)
            slope = float(s.dot(found.solve(s)))
            following = inf
            if slope > 0.0:
                following = shift + length * length / slope * (length - radius) / radius
            if not low <= following <= high:
                following = max(sqrt(low * high), low + 0.01 * (high - low))
            shift = following
        if best is None:
            pull = float(np.linalg.norm(self.g))
            return self.g * (-radius / pull) if pull > 0 else self.downward()[1] * radius
        length = float(np.linalg.norm(best))
        return best * min(1.0, radius / length) if length > 0 else best

    def _completed(
        self, found: Any, s: np.ndarray, radius: float, shift: float
    ) -> tuple[np.ndarray | None, float]:
        """The step with a part along the least curvature, where that part costs little enough.

        Else None, and a lower end for the shift.
        """
        v = np.random.default_rng(1).standard_normal(s.size)
        for _ in range(3):
            v = found.solve(v)
            v /= np.linalg.norm(v)
        bend = float(v.dot(self.h @ v)) + shift
        along, rest = float(s.dot(v)), radius * radius - float(s.dot(s))
        root = sqrt(along * along + rest)
        part = rest / (along + root) if along >= 0 else rest / (along - root)
        lifted = float(s.dot(self.h @ s)) + shift * float(s.dot(s))
        if part * part * bend <= 0.2 * (lifted + shift * radius * radius):
            return s + part * v, 0.0
        return None, shift - bend
