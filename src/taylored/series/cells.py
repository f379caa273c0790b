"""Mean and variance by cells that intervals refine: what is too narrow for points to hit is met.

A cell is halved while the enclosure of f over it reaches far beyond the values at its points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taylored.errors import MissingRule
from taylored.readings.jet.run import enclose
from taylored.readings.jet.space import space
from taylored.series.moments import Estimate, estimate
from taylored.series.smoothness import REACH
from taylored.series.standardized import Standardized

__all__ = ["cells"]

_PARTS = {1: 64, 2: 16}
_POINTS = 5  # of the Gauss-Legendre rule along each side
_ROUNDS, _AT_ONCE, _MOST = 24, 128, 3000
_COARSE = 1e-3  # of the standard deviation, or variance: what is not claimed
_ENOUGH = 1e-3  # of the mean square that may remain unexplained


@dataclass(frozen=True, eq=False)
class _Cells:
    """Boxes (cells, directions) in standard normals, and sums over the points of each.

    `weight` (cells,) is the probability, `first`, `second` (cells, outputs) the integrals of the
    differences and their squares, `excess` of what the enclosure may add to the latter, and
    `rough` (cells, 2, outputs) how far a coarser rule differs in the two integrals.
    """

    low: np.ndarray
    high: np.ndarray
    weight: np.ndarray
    first: np.ndarray
    second: np.ndarray
    excess: np.ndarray
    rough: np.ndarray

    def joined(self, other: _Cells, kept: np.ndarray) -> _Cells:
        names = ("low", "high", "weight", "first", "second", "excess", "rough")
        return _Cells(*(np.concatenate([getattr(self, n)[kept], getattr(other, n)]) for n in names))


def cells(of: Standardized) -> Estimate | None:
    """None for more than two directions, correlated inputs, and where f cannot be enclosed."""
    count = of.directions
    parts = _PARTS.get(count)
    if parts is None or of.spread.correlated:
        return None
    edges = np.linspace(-REACH, REACH, parts + 1)
    index = np.stack(np.meshgrid(*[np.arange(parts)] * count, indexing="ij"), -1).reshape(-1, count)
    try:
        found = _measured(of, edges[index], edges[index + 1])
        for _ in range(_ROUNDS):
            worst = _worst(found)
            if not len(worst) or len(found.weight) > _MOST:
                break
            kept = np.ones(len(found.weight), bool)
            kept[worst] = False
            found = found.joined(_measured(of, *_halves(found, worst)), kept)
    except MissingRule:
        return None
    return _summed(of, found)


def _worst(found: _Cells) -> np.ndarray:
    """The cells that leave most unexplained; none if little is."""
    size = found.second.sum(axis=0)
    open_ = found.excess + found.rough[:, 1]
    share = (open_ / np.where(size > 0, size, 1.0)).max(axis=1)
    if share.sum() <= _ENOUGH:
        return np.zeros(0, int)
    order = np.argsort(-share, kind="stable")[:_AT_ONCE]
    return order[share[order] > _ENOUGH / (4 * len(share))]


def _halves(found: _Cells, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each of the cells halved along every side."""
    low, high = found.low[chosen], found.high[chosen]
    middle = 0.5 * (low + high)
    lows, highs = [], []
    for corner in np.ndindex(*[2] * low.shape[1]):
        upper = np.array(corner, bool)
        lows.append(np.where(upper, middle, low))
        highs.append(np.where(upper, high, middle))
    return np.concatenate(lows), np.concatenate(highs)


def _measured(of: Standardized, low: np.ndarray, high: np.ndarray) -> _Cells:
    """The sums over cells, and how far enclosures reach beyond the values at their points."""
    number, count = low.shape
    grid, fine, coarse = _rules(count)
    half = 0.5 * (high - low)
    z = (0.5 * (low + high))[:, None, :] + half[:, None, :] * grid
    density = np.exp(-0.5 * (z**2).sum(axis=2)) * (2 * np.pi) ** (-count / 2)
    density = density * np.prod(2 * half, axis=1)[:, None]
    values = of.differences(z.reshape(-1, count)).reshape(number, len(grid), -1)
    values = np.where(np.isfinite(values), values, 0.0)
    ends = _enclosed(of, low, high)
    weight, other = density * fine, density * coarse
    probability = weight.sum(axis=1)
    rough = [np.einsum("cp,cpo->co", weight - other, v) for v in (values, values**2)]
    excess = np.zeros((number, values.shape[2]))
    for end, seen in ((ends[0], values.min(axis=1)), (ends[1], values.max(axis=1))):
        beyond = np.where(np.isfinite(end), np.abs(end - seen), 0.0)
        excess = np.maximum(excess, beyond * (beyond + 2 * np.abs(values).max(axis=1)))
    return _Cells(
        low, high, probability, np.einsum("cp,cpo->co", weight, values),
        np.einsum("cp,cpo->co", weight, values**2), excess * probability[:, None],
        np.abs(np.stack(rough, axis=1)),
    )  # fmt: skip


def _rules(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points (points, directions) in [-1, 1], weights of mean 1, and those of a coarser rule."""
    nodes, weights = np.polynomial.legendre.leggauss(_POINTS)
    few = np.zeros(_POINTS)
    few[::2] = np.linalg.solve(np.vander(nodes[::2], increasing=True).T, [1.0, 0.0, 1.0 / 3.0])

    def product(values: np.ndarray) -> np.ndarray:
        return np.stack(np.meshgrid(*[values] * count, indexing="ij"), -1).reshape(-1, count)

    return product(nodes), product(weights / 2).prod(axis=1), product(few).prod(axis=1)


def _enclosed(of: Standardized, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ends (cells, outputs) of the differences over cells; not finite where there are none."""
    function, outputs = of.function, of.target.outputs
    ends = [function.split(of.mean + of.spread.steps(end)) for end in (low, high)]
    slopes = [(s, s) for s in function.split(np.zeros((1, 1, of.target.variables)))]
    found = enclose(function.program, space(1, 0), list(zip(*ends, strict=True)), slopes)
    if not found.low:
        endless = np.full((len(low), outputs), np.inf)
        return -endless, endless
    bounds = [
        np.concatenate([np.asarray(p, float).reshape((len(low), -1)) for p in side], axis=1)
        for side in (found.low, found.high)
    ]
    return (bounds[0] - of.value) / of.scale, (bounds[1] - of.value) / of.scale


def _summed(of: Standardized, found: _Cells) -> Estimate:
    """The moments; errors from what is unexplained."""
    total = found.weight.sum()
    bias = found.first.sum(axis=0) / total
    variance = np.maximum(found.second.sum(axis=0) / total - bias**2, 0.0)
    open_ = found.excess.sum(axis=0)
    # Of a spike of height h and probability p, h**2 p is the excess and h p at most its root.
    errors = (np.sqrt(open_), open_ + 2 * np.abs(bias) * np.sqrt(open_))
    first, second = found.rough.sum(axis=0) + _COARSE * np.stack([np.sqrt(variance), variance])
    errors = (errors[0] + first, errors[1] + second + 2 * np.abs(bias) * first)
    return estimate(f"{len(found.weight)} cells", bias, variance, errors, of.noise)
