"""The singular value decomposition of a table of rows, from the smaller of its Gram matrices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Spectrum", "spectrum"]


@dataclass(frozen=True, eq=False)
class Spectrum:
    """x = scores @ directions.T, the columns of directions orthonormal, those of scores orthogonal.

    `squares`: the squared lengths of the columns of scores, ascending; directions in which x does
    not vary are left out.
    """

    scores: np.ndarray
    squares: np.ndarray
    directions: np.ndarray

    @property
    def largest(self) -> float:
        """The largest squared singular value; 0 where x is 0."""
        return float(self.squares[-1]) if self.squares.size else 0.0


def spectrum(x: np.ndarray) -> Spectrum:
    """Of x: (rows, columns).

    The squares are wrong by about 1e-16 of the largest: small singular values lose their digits,
    which does not matter under a penalty above 1e-10 of it.
    """
    tall = x.shape[0] >= x.shape[1]
    squares, vectors = np.linalg.eigh(x.T @ x if tall else x @ x.T)
    kept = squares > 1e-14 * squares.max(initial=0.0)
    squares, vectors = squares[kept], vectors[:, kept]
    size = np.sqrt(squares)
    if tall:
        return Spectrum(x @ vectors, squares, vectors)
    return Spectrum(vectors * size, squares, (x.T @ vectors) / size)
