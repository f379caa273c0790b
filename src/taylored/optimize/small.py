"""Dense linear algebra for a handful of unknowns, on lists of Python floats.

For matrices up to about 8 x 8 the overhead of one LAPACK call through NumPy (5 to 15
microseconds) is more than the whole computation here.
"""

from __future__ import annotations

from math import sqrt

__all__ = ["Matrix", "cholesky", "inverse_factor", "solve_factored"]

Matrix = list[list[float]]


def cholesky(a: Matrix, floor: float) -> Matrix | None:
    """The lower factor L of `a = L L'`; None where a pivot falls below `floor` times its diagonal.

    The ratio of pivot to diagonal is how independent a column is of those before it, squared.
    """
    factor: Matrix = []
    for i, row in enumerate(a):
        new: list[float] = []
        for j in range(i):
            other = factor[j]
            total = row[j]
            for k in range(j):
                total -= new[k] * other[k]
            new.append(total / other[j])
        pivot = row[i]
        for value in new:
            pivot -= value * value
        if not pivot > floor * row[i]:
            return None
        new.append(sqrt(pivot))
        factor.append(new)
    return factor


def solve_factored(factor: Matrix, right: list[float]) -> list[float]:
    """The x with `L L' x = right`."""
    count = len(right)
    forward: list[float] = []
    for i, row in enumerate(factor):
        total = right[i]
        for k in range(i):
            total -= row[k] * forward[k]
        forward.append(total / row[i])
    for i in range(count - 1, -1, -1):
        total = forward[i]
        for k in range(i + 1, count):
            total -= factor[k][i] * forward[k]
        forward[i] = total / factor[i][i]
    return forward


def inverse_factor(factor: Matrix) -> Matrix:
    """The inverse of L', upper triangular: `inverse @ inverse.T` is the inverse of `L L'`."""
    count = len(factor)
    inverse = [[0.0] * count for _ in range(count)]
    for j in range(count):
        inverse[j][j] = 1.0 / factor[j][j]
        for i in range(j - 1, -1, -1):
            total = 0.0
            for k in range(i + 1, j + 1):
                total += factor[k][i] * inverse[k][j]
            inverse[i][j] = -total / factor[i][i]
    return inverse
