"""Singularities of a power series from its coefficients, by differential approximants.

A sum of `p_k(x) (x d/dx)^k f`, k = 0..K (K = 0: Pade), with polynomials `p_k` of one degree is made
to vanish up to a polynomial of low degree; the zeros of the leading one approximate singularities
of f. Ratios extrapolated in 1/n (Domb and Sykes: K = 1, degree 1) and the test of three terms for
conjugate pairs (Mercer and Roberts: degree 2) are the smallest cases.
Source: A. J. Guttmann, "Asymptotic analysis of power-series expansions", in Phase Transitions and
Critical Phenomena 13 (1989), section IV.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

__all__ = ["Approximant", "approximants", "exact", "refit"]

_LONGEST = 8  # degree of the polynomials
_SURPLUS = 3  # equations more than unknowns before a relation counts as exact
_DROP = 10.0  # of the singular values, beyond their steady fall, where a relation is exact
_APART = 1e7  # times the rounding level: the next relation is no relation at all
_REDUNDANT = 1e3  # times the rounding level: a second relation hides below


@dataclass(frozen=True, slots=True, eq=False)
class Approximant:
    """One relation: its zeros, and the exponents with which f would behave there."""

    order: int
    degree: int
    equations: int
    zeros: np.ndarray
    exponents: np.ndarray
    residual: float  # smallest singular value
    second: float  # the one above it: near zero, there are many such relations
    third: float
    noise: float  # singular values below it are rounding

    @property
    def unknowns(self) -> int:
        return (self.order + 1) * (self.degree + 1)

    @property
    def unique(self) -> bool:
        return self.second > _REDUNDANT * self.noise

    @property
    def abrupt(self) -> bool:
        """Whether it holds to rounding all at once: better and better ones are approximations."""
        if self.residual > self.noise or self.second < _APART * self.noise:
            return False
        drop = self.second / max(self.residual, 0.1 * self.noise)
        return drop > _DROP * (self.third / self.second) ** 1.5


def _matrix(a: np.ndarray, order: int, degree: int) -> np.ndarray:
    """One row per coefficient of the relation; columns (leading polynomial first) in its terms."""
    size = len(a)
    terms = np.arange(size)[:, None] - np.arange(degree + 1)
    shifted = np.where(terms >= 0, a[np.maximum(terms, 0)], 0.0)
    return np.hstack([shifted * (terms / size) ** k for k in range(order, -1, -1)])


def _solve(a: np.ndarray, error: np.ndarray, shape: tuple[int, int, int]) -> Approximant | None:
    """The relation of (order, degree) that holds best in the last so many equations."""
    order, degree, equations = shape
    rows = _matrix(a, order, degree)[-equations:]
    doubt = _matrix(error, order, degree)[-equations:]
    norms = np.linalg.norm(rows, axis=1)
    if not np.all(norms > 0.0):
        return None
    _, values, vectors = np.linalg.svd(rows / norms[:, None])
    noise = float(np.sqrt(np.sum((doubt / norms[:, None]) ** 2))) + 4 * 2.0**-52
    values = np.append(values, [0.0] * (rows.shape[1] - len(values)))
    residual, second, third = (float(v) for v in [values[0], *values][:-4:-1])
    # The vector is known to about noise / gap: leading terms below that are zero.
    level = min(4.0 * noise / max(second, noise), 1.0)
    zeros, exponents = _zeros(vectors[-1], order, degree, (level, len(a)))
    return Approximant(order, degree, equations, zeros, exponents, residual, second, third, noise)


def _zeros(
    vector: np.ndarray, order: int, degree: int, scale: tuple[float, int]
) -> tuple[np.ndarray, np.ndarray]:
    level, size = scale
    leading, lower = vector[: degree + 1], vector[degree + 1 : 2 * degree + 2]
    present = np.flatnonzero(np.abs(leading) > level)
    if len(present) == 0 or present[-1] == 0:
        return np.zeros(0, complex), np.zeros(0, complex)
    leading = leading[: present[-1] + 1]
    zeros = np.roots(leading[::-1]).astype(complex)
    zeros = zeros[zeros != 0.0]
    slopes = zeros * np.polyval(np.polyder(leading[::-1]), zeros)
    with np.errstate(all="ignore"):
        ratio = size * np.polyval(lower[::-1], zeros) / slopes if order else np.ones_like(zeros)
    return zeros, max(order - 1, 0) - ratio


def _shapes(size: int, lowest: int) -> Iterator[tuple[int, int, int]]:
    for degree in range(1, _LONGEST + 1):
        for order in range(lowest, 3):
            unknowns = (order + 1) * (degree + 1)
            if unknowns - 1 <= size - degree:
                yield order, degree, unknowns


def exact(a: np.ndarray, error: np.ndarray) -> Approximant | None:
    """The smallest relation that all coefficients satisfy within their errors, if there is one."""
    for order, degree, unknowns in sorted(_shapes(len(a), 0), key=lambda s: s[2]):
        equations = len(a) - degree
        if equations < unknowns + _SURPLUS:
            continue
        found = _solve(a, error, (order, degree, equations))
        if found is not None and found.abrupt:
            return found
    return None


def approximants(a: np.ndarray, error: np.ndarray) -> list[Approximant]:
    """Those that the coefficients determine, from short to long."""
    found = []
    for order, degree, unknowns in _shapes(len(a), 1):
        most = len(a) - degree
        for equations in sorted({unknowns - 1, unknowns + 1, most - 2, most}):
            if unknowns - 1 <= equations <= most:
                one = _solve(a, error, (order, degree, equations))
                found += [one] if one is not None and one.unique else []
    return sorted(found, key=lambda one: one.unknowns)


def refit(
    one: Approximant, a: np.ndarray, error: np.ndarray, equations: int | None = None
) -> Approximant | None:
    """The relation of the same shape from other coefficients, or fewer equations."""
    equations = min(equations or one.equations, len(a) - one.degree)
    return _solve(a, error, (one.order, one.degree, equations))
