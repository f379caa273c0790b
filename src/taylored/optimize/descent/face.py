"""The least value of a quadratic in a ball: one face of the bounds, one radius after the other.

All methods return the step of J. J. More and D. C. Sorensen, SIAM J. Sci. Stat. Comput. 4 (1983),
but the one that knows the matrix by its products only (T. Steihaug, SIAM J. Numer. Anal. 20, 1983).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite, sqrt
from typing import Any, Protocol

import numpy as np

__all__ = ["DenseFace", "Face", "ProductFace", "Step"]

_CLOSE = 1e-4  # how well the radius is met, relative


@dataclass(frozen=True, slots=True)
class Step:
    """A step, by how much the quadratic falls, and whether the ball ended it."""

    s: np.ndarray
    decrease: float
    limited: bool


class Face(Protocol):
    """g.s + s.H.s/2 of some variables."""

    def definite(self) -> bool:
        """Whether H is positive definite."""
        ...

    def reach(self) -> float:
        """A first radius: the length of Newton's step, or of the step by the sizes of curvature."""
        ...

    def step(self, radius: float) -> Step:
        """The least value in a ball."""
        ...

    def settling(self) -> np.ndarray | None:
        """Newton's step, left out where the curvature is zero within rounding; None if negative."""
        ...

    def downward(self) -> tuple[float, np.ndarray]:
        """The least curvature (or an estimate from above) and its direction, of length 1."""
        ...


class DenseFace:
    """By Cholesky factors where Newton's step is short enough, else by the eigenvalues."""

    def __init__(self, h: np.ndarray, g: np.ndarray):
        from scipy.linalg.lapack import dposv  # pyright: ignore[reportAttributeAccessIssue]

        self.h, self.g = h, g
        _, newton, info = dposv(h, -g)
        self.newton: np.ndarray | None = None
        self.length = inf
        if info == 0:
            length = sqrt(newton.dot(newton))
            if isfinite(length):
                self.newton, self.length = newton, length
        self._spectrum: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

    def definite(self) -> bool:
        return self.newton is not None

    def reach(self) -> float:
        if self.newton is not None:
            return self.length
        w, _, along = self._eigen()
        sizes = np.abs(w)
        top = float(sizes.max(initial=0.0))
        if top == 0.0:
            return inf
        return float(np.linalg.norm(along / np.maximum(sizes, 1e-3 * top)))

    def step(self, radius: float) -> Step:
        if self.newton is not None and self.length <= radius:
            return Step(self.newton, -0.5 * float(self.g.dot(self.newton)), False)
        w, v, along = self._eigen()
        parts = _secular(w, along, radius)
        decrease = -float(along.dot(parts) + 0.5 * w.dot(parts * parts))
        return Step(v.dot(parts), decrease, True)

    def settling(self) -> np.ndarray | None:
        if self.newton is not None:
            return self.newton
        sizes = np.sqrt(np.abs(np.diagonal(self.h)))
        sizes = np.where(sizes > 0.0, sizes, 1.0)
        w, v = np.linalg.eigh(self.h / (sizes * sizes[:, None]))
        if w[0] < -1e-8:
            return None
        kept = w > 1e-13 * max(1.0, float(w[-1]))
        along = v.T.dot(self.g / sizes)
        return -v.dot(np.where(kept, along / np.where(kept, w, 1.0), 0.0)) / sizes

    def downward(self) -> tuple[float, np.ndarray]:
        w, v, _ = self._eigen()
        return float(w[0]), v[:, 0]

    def _eigen(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Eigenvalues, eigenvectors, and the gradient in their frame."""
        if self._spectrum is None:
            w, v = np.linalg.eigh(self.h)
            self._spectrum = w, v, v.T.dot(self.g)
        return self._spectrum


def _secular(w: np.ndarray, along: np.ndarray, radius: float) -> np.ndarray:
    """The step in the frame of the eigenvectors, of length `radius` unless Newton's is shorter."""
    sizes = np.abs(along)
    shift = max(0.0, float((sizes / radius - w).max()))  # here the step is not too short
    tiny = 4e-16 * max(abs(float(w[0])), abs(float(w[-1])), 1e-300)
    parts = along
    for _ in range(50):
        lifted = w + shift
        usable = lifted > tiny
        parts = np.where(usable, -along / np.where(usable, lifted, 1.0), 0.0)
        length = sqrt(parts.dot(parts))
        if length <= radius * (1.0 + _CLOSE):
            break
        slope = float((parts * parts / np.where(usable, lifted, 1.0)).sum())
        shift += length * length / slope * (length - radius) / radius
    rest = radius * radius - float(parts.dot(parts))
    if shift > 0.0 and w[0] + shift <= tiny and rest > 0.0:
        # The hard case: nothing pulls along the least curvature, so either sign will do.
        parts[0] += sqrt(rest) if along[0] <= 0.0 else -sqrt(rest)
    return parts


class ProductFace:
    """By conjugate gradients, up to the ball or a direction of negative curvature."""

    def __init__(self, product: Callable[[np.ndarray], np.ndarray], g: np.ndarray):
        self.product, self.g = product, g
        self._negative: tuple[float, np.ndarray] | None = None
        self._whole: Step | None = None

    def definite(self) -> bool:
        self.reach()
        return self._negative is None

    def reach(self) -> float:
        if self._whole is None:
            self._whole = self.step(inf)
        return float(np.linalg.norm(self._whole.s)) or inf

    def step(self, radius: float) -> Step:
        whole = self._whole
        if whole is not None and self._negative is None and np.linalg.norm(whole.s) <= radius:
            return whole
        g = self.g
        s, r = np.zeros_like(g), g.copy()
        p, square, decrease = -r, float(r.dot(r)), 0.0
        goal = min(0.1, square**0.25) ** 2 * square  # superlinear: |r| <= |g|**1.5
        for _ in range(max(50, min(2 * g.size, 2000))):
            if square <= goal or square == 0.0:
                break
            hp = self.product(p)
            bend = float(p.dot(hp))
            length = float(p.dot(p))
            if not isfinite(bend):
                break
            if bend <= 1e-15 * length * sqrt(square):
                if self._negative is None and bend < 0:
                    self._negative = bend / length, p / sqrt(length)
                if not isfinite(radius):
                    return Step(s if s.any() else p, decrease, False)
            move = square / bend if bend > 0 else inf
            onto = s + move * p if isfinite(move) else s
            if bend <= 0 or onto.dot(onto) >= radius * radius:
                move = _to_sphere(s, p, radius)
                decrease += move * square - 0.5 * move * move * bend
                return Step(s + move * p, decrease, True)
            decrease += 0.5 * move * square
            s, r = onto, r + move * hp
            before, square = square, float(r.dot(r))
            p = -r + (square / before) * p
        return Step(s, decrease, False)

    def settling(self) -> np.ndarray | None:
        return self.step(inf).s if self.definite() else None

    def downward(self) -> tuple[float, np.ndarray]:
        """By Lanczos steps from a fixed random vector."""
        return lanczos_lowest(self.product, self.g.size)


def _to_sphere(s: np.ndarray, p: np.ndarray, radius: float) -> float:
    """The length along p at which s + length*p has the length `radius`."""
    a, b, c = float(p.dot(p)), float(s.dot(p)), float(s.dot(s)) - radius * radius
    root = sqrt(max(b * b - a * c, 0.0))
    return (root - b) / a if b <= 0 else -c / (root + b)


def lanczos_lowest(product: Any, size: int, most: int = 60) -> tuple[float, np.ndarray]:
    """The least eigenvalue (from above) of a symmetric matrix, and its vector."""
    rng = np.random.default_rng(1)
    q = rng.standard_normal(size)
    basis = [q / np.linalg.norm(q)]
    diagonal: list[float] = []
    beside: list[float] = []
    for _ in range(min(most, size)):
        r = product(basis[-1])
        diagonal.append(float(r.dot(basis[-1])))
        for _ in range(2):
            for v in basis:
                r = r - v.dot(r) * v
        length = float(np.linalg.norm(r))
        if not isfinite(length) or length <= 1e-12 * max(map(abs, diagonal)) or length == 0.0:
            break
        beside.append(length)
        basis.append(r / length)
    count = len(diagonal)
    t = np.diag(diagonal) + np.diag(beside[: count - 1], 1) + np.diag(beside[: count - 1], -1)
    if not np.all(np.isfinite(t)):
        return 0.0, basis[0]
    w, v = np.linalg.eigh(t)
    return float(w[0]), np.array(basis[:count]).T.dot(v[:, 0])
