"""Ranges of polynomials with intervals for coefficients, over boxes of steps."""

from __future__ import annotations

import numpy as np

from taylored.readings.interval import arithmetic as ia
from taylored.readings.interval.arithmetic import Bounds
from taylored.readings.interval.executor import Executor
from taylored.readings.jet.space import Space

__all__ = ["monomials", "polynomial_range"]


def _powers(e: Executor, h: Bounds, highest: int) -> list[Bounds]:
    """h**0, h**1, ... of intervals: monotone where they do not have zero inside."""
    one = e.array(np.ones(h[0].shape))
    size = (e.xp.minimum(abs(h[0]), abs(h[1])), e.xp.maximum(abs(h[0]), abs(h[1])))
    negative = np.asarray(h[1] <= 0.0, bool) & np.asarray(h[0] < 0.0, bool)
    inside = np.asarray(h[0] < 0.0, bool) & np.asarray(h[1] > 0.0, bool)
    if inside.any():
        return _powers_around_zero(e, h, (highest, inside))
    found = [(one, one)]
    low, high = one, one
    for k in range(1, highest + 1):
        zero = np.asarray(size[0] == 0.0, bool)
        low = np.where(zero, size[0], e.down(low * size[0])) if k > 1 else size[0]
        high = e.up(high * size[1]) if k > 1 else size[1]
        odd = negative & bool(k % 2)
        found.append((np.where(odd, -high, low), np.where(odd, -low, high)))
    return found


def _powers_around_zero(e: Executor, h: Bounds, which: tuple[int, np.ndarray]) -> list[Bounds]:
    """The same for intervals of which some have zero inside: those from the halves' powers."""
    highest, inside = which
    zero = 0.0 * h[0]
    below = _powers(e, (h[0], np.where(inside, zero, h[1])), highest)
    above = _powers(e, (np.where(inside, zero, h[0]), h[1]), highest)
    return [ia.hull(e, x, y) for x, y in zip(below, above, strict=True)]


def monomials(e: Executor, space: Space, degrees: tuple[int, int], h: Bounds) -> Bounds:
    """Ranges (monomials, boxes) of the monomials of degrees first..last over boxes.

    `h` are ends (boxes, variables) of the boxes.
    """
    first, last = degrees
    rows = slice(space.count(first - 1), space.count(last))
    exponents = space.exponents[rows]
    by_variable = [
        _powers(e, (h[0][:, v], h[1][:, v]), int(exponents.max(initial=0)))
        for v in range(space.variables)
    ]
    # (variables, powers, boxes) lower and upper ends.
    low, high = (np.stack([np.stack([p[end] for p in powers]) for powers in by_variable])
                 for end in (0, 1))  # fmt: skip
    result: Bounds | None = None
    for variable, power in _factors(exponents):
        factor = (low[variable, power], high[variable, power])
        result = factor if result is None else ia.multiply(e, result, factor)
    assert result is not None
    return result


def _factors(exponents: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each monomial its variables with their powers, one after another; powers of 0 fill up."""
    order = np.argsort(exponents == 0, axis=1, kind="stable")
    most = max(int((exponents > 0).sum(axis=1).max(initial=0)), 1)
    rows = np.arange(len(exponents))
    return [(order[:, k], exponents[rows, order[:, k]]) for k in range(most)]


def polynomial_range(
    e: Executor, space: Space, terms: list[tuple[int, Bounds]], h: Bounds
) -> Bounds:
    """The range (boxes, outputs) of a polynomial over boxes of one orthant.

    `terms` holds for each degree, ascending and without gaps, the coefficients (monomials, boxes
    or 1, outputs) of that degree.
    """
    if space.variables == 1:
        return _horner(e, terms, h)
    total: list[Bounds] = []
    for degree, (low, high) in terms:
        ranges = monomials(e, space, (degree, degree), h)
        shape = (*ranges[0].shape, 1)
        factor = (ranges[0].reshape(shape), ranges[1].reshape(shape))
        with np.errstate(all="ignore"):
            total.append(ia.products(e, (low, high), factor))
    low = np.concatenate([t[0] for t in total])
    high = np.concatenate([t[1] for t in total])
    return ia.sum_over(e, (low, high), 0, 1)


def _horner(e: Executor, terms: list[tuple[int, Bounds]], h: Bounds) -> Bounds:
    """In one variable: h**first times the rest by Horner's scheme."""
    step = (h[0], h[1])  # (boxes, 1)
    rest: Bounds | None = None
    for _, (low, high) in reversed(terms):
        here = (low[0], high[0])
        if rest is not None:
            here = ia.add(e, ia.multiply(e, rest, step), here)
        rest = here
    assert rest is not None
    leading = _powers(e, (h[0], h[1]), terms[0][0])[terms[0][0]]
    return ia.multiply(e, rest, leading)
