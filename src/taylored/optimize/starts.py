"""Starts for the non-linear parameters: scale-aware, reproducible, cheap.

The dimension of each parameter says on which scale of the data to look for it: a rate between
one over the range and one over the spacing, a position within the range. Points are spread by an
additive recurrence (a low-discrepancy sequence), and the linear parameters are eliminated, so
that a thousand starts cost about as much as a few iterations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from taylored.optimize.point import Point, evaluate_settled
from taylored.optimize.problem import Problem

__all__ = [
    "ParameterScale",
    "neighbours",
    "parameter_scales",
    "ranked_starts",
    "sample",
    "spread",
    "thinned",
]

_SINGLE = 64  # starts tried one by one where the model cannot be evaluated in a batch
_BATCH = 128  # starts per batch
_HOPELESS = 1e3  # a pattern of signs is left out when its best cost is this much above the best
_LINES, _CHILDREN, _GENERATIONS = 24, 6, 3  # of the search that improves the best starts
_NEIGHBOURS = 512  # variations of a solution among which a better one is looked for


@dataclass(frozen=True, slots=True)
class ParameterScale:
    """Where to look for a parameter: magnitudes 10**[low, high], and a range of positions.

    `rate` is the largest value of a parameter that is a frequency, or with a minus sign of 1 over
    one that is a period: frequencies are spread evenly, because their minima are.
    """

    low: float
    high: float
    position: tuple[float, float] | None = None
    rate: float | None = None


def parameter_scales(
    dimensions: Sequence[tuple[float, ...] | None],
    columns: Sequence[np.ndarray],
    y: np.ndarray,
    rates: Mapping[int, float] | None = None,
) -> list[ParameterScale]:
    """The scales of parameters with these dimensions: exponents of (each column, response).

    `rates` gives, for those that stand inside a sine, the largest that the spacing of the data
    can tell from a smaller one (see `ParameterScale.rate`).
    """
    rates = rates or {}
    scales = [_decades(c) for c in (*columns, y)]
    found = []
    for place, exponents in enumerate(dimensions):
        if exponents is None or not any(exponents):
            # A pure number is near one; of an unknown dimension, as k in k*x^d, it may be any.
            wide = 1.0 if exponents is not None else 5.0
            found.append(ParameterScale(-wide, wide))
            continue
        low = sum(e * (a if e > 0 else b) for e, (a, b) in zip(exponents, scales, strict=True))
        high = sum(e * (b if e > 0 else a) for e, (a, b) in zip(exponents, scales, strict=True))
        position = _position(exponents, columns)
        found.append(ParameterScale(low, high, position, rates.get(place)))
    return found


def _decades(values: np.ndarray) -> tuple[float, float]:
    """The magnitudes that a scale of these values may have, as powers of ten."""
    finite = values[np.isfinite(values)]
    spread = float(np.ptp(finite)) if len(finite) else 1.0
    largest = float(np.max(np.abs(finite), initial=0.0))
    whole = max(spread, 1e-3 * largest) or 1.0
    top = np.log10(max(whole, largest) or 1.0)
    return float(np.log10(whole) - np.log10(max(len(finite), 10))), float(top + 1.0)


def _position(exponents: Sequence[float], columns: Sequence[np.ndarray]) -> tuple | None:
    if sum(map(abs, exponents)) != 1.0 or 1.0 not in exponents[: len(columns)]:
        return None
    column = columns[list(exponents).index(1.0)]
    low, high = float(np.min(column)), float(np.max(column))
    return low - 0.05 * (high - low), high + 0.05 * (high - low)


def spread(count: int, dimensions: int, seed: int) -> np.ndarray:
    """Points spread evenly over the unit cube: (count, dimensions).

    Multiples of the powers of the generalized golden ratio, modulo one (M. Roberts, 2018); the
    seed moves the origin.
    """
    ratio = 2.0
    for _ in range(40):
        ratio = (1.0 + ratio) ** (1.0 / (dimensions + 1.0))
    alpha = ratio ** -np.arange(1.0, dimensions + 1.0)
    origin = 0.5 + seed * 0.7548776662466927
    return (origin + np.arange(1, count + 1)[:, None] * alpha) % 1.0


def sample(problem: Problem, scales: Sequence[ParameterScale], count: int, seed: int) -> np.ndarray:
    """Starts within the bounds: (count, params); linear parameters are set to zero."""
    thetas = np.zeros((count, len(scales)))
    bent: np.ndarray = np.flatnonzero(~problem.linear)
    cube = spread(count, 2 * len(bent), seed)
    for i, parameter in enumerate(bent.tolist()):
        u, kind = cube[:, 2 * i], cube[:, 2 * i + 1]
        thetas[:, parameter] = _draw(scales[parameter], u, kind)
    for parameter in range(len(scales)):
        low, high = problem.lower[parameter], problem.upper[parameter]
        thetas[:, parameter] = _into(thetas[:, parameter], low, high)
    return thetas


def _draw(scale: ParameterScale, u: np.ndarray, kind: np.ndarray) -> np.ndarray:
    magnitude = 10.0 ** (scale.low + (scale.high - scale.low) * u)
    if scale.rate is not None:
        rate = abs(scale.rate) * u
        if scale.rate < 0:
            rate = 1.0 / np.maximum(rate, 1e-6 * abs(scale.rate))
        return np.where(kind < 0.75, rate, magnitude)
    sign = np.where(kind * 4.0 % 1.0 < 0.75, 1.0, -1.0)
    drawn = sign * magnitude
    if scale.position is not None:
        low, high = scale.position
        drawn = np.where(kind < 0.5, low + (high - low) * u, drawn)
    return drawn


def _into(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Reflect a value into its bounds; far outside, spread it over a closed interval."""
    outside = (values < low) | (values > high)
    if not outside.any():
        return values
    if np.isfinite(low) and np.isfinite(high):
        fraction = np.abs(values) / (np.abs(values) + max(abs(low), abs(high), 1e-300))
        return np.where(outside, low + (high - low) * fraction, values)
    edge = low if np.isfinite(low) else high
    mirrored = 2.0 * edge - values
    inside = (mirrored >= low) & (mirrored <= high)
    return np.where(outside, np.where(inside, mirrored, edge), values)


def ranked_starts(
    problem: Problem, scales: Sequence[ParameterScale], *, count: int, seed: int
) -> Iterator[np.ndarray]:
    """Starts in the order of their cost with the linear parameters eliminated, best first."""
    thetas = sample(problem, scales, count, seed)
    pool = _batch_costs(problem, thetas)
    if pool is None:
        pool = _single_costs(problem, thetas[:_SINGLE])
    elif (~problem.linear).sum() > 1:
        pool = _evolve(problem, scales, pool, seed)
    costs, settled = pool
    for i in _by_cost_and_signs(problem, costs, settled):
        yield settled[i]


def _by_cost_and_signs(problem: Problem, costs: np.ndarray, thetas: np.ndarray) -> np.ndarray:
    """Positions by cost, taking turns between the patterns of signs of non-linear parameters.

    Minima often differ by a sign; the cheapest starts alone may all lie in one basin. A pattern
    takes part while its best cost is not hopeless.
    """
    order = np.argsort(costs, kind="stable")
    order = order[np.isfinite(costs[order])]
    signs = thetas[:, ~problem.linear] < 0
    seen: dict[bytes, int] = {}
    turns = np.zeros(len(order), int)
    for place, i in enumerate(order.tolist()):
        pattern = signs[i].tobytes()
        turns[place] = seen.get(pattern, 0)
        if turns[place] == 0 and costs[i] > _HOPELESS * costs[order[0]]:
            turns[place] = len(order)
        seen[pattern] = int(turns[place]) + 1
    return order[np.argsort(turns, kind="stable")]


def _evolve(
    problem: Problem,
    scales: Sequence[ParameterScale],
    pool: tuple[np.ndarray, np.ndarray],
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Improve the best starts by drawing a few of their parameters anew, each line by itself.

    A model with several peaks or rates is found part by part: a good peak is kept while another
    one is still looked for. Lines never mix, so that different minima stay in the pool.
    """
    random = np.random.default_rng(seed)
    bent = np.flatnonzero(~problem.linear)
    best = _by_cost_and_signs(problem, *pool)[:_LINES]
    if not len(best):
        return pool
    costs, thetas = pool[0][best], pool[1][best]
    for _ in range(min(_GENERATIONS * len(bent), 40)):
        children = _redrawn(problem, scales, np.repeat(thetas, _CHILDREN, axis=0), random)
        found = _batch_costs(problem, children)
        assert found is not None
        child_costs, settled = found
        grouped = child_costs.reshape(len(thetas), _CHILDREN)
        winner = grouped.argmin(axis=1) + _CHILDREN * np.arange(len(thetas))
        better = child_costs[winner] < costs
        costs = np.where(better, child_costs[winner], costs)
        thetas = np.where(better[:, None], settled[winner], thetas)
    return costs, thetas


def _redrawn(
    problem: Problem,
    scales: Sequence[ParameterScale],
    parents: np.ndarray,
    random: np.random.Generator,
    near: float = 0.5,
) -> np.ndarray:
    """Each parent with some of its non-linear parameters drawn anew, or (`near`) moved a little."""
    bent = np.flatnonzero(~problem.linear)
    children = parents.copy()
    drawn = sample(problem, scales, len(children), int(random.integers(1 << 30)))
    moved = children * 10.0 ** random.normal(0.0, 0.1, children.shape)
    drawn = np.where(random.random(children.shape) < near, moved, drawn)
    chosen = random.random((len(children), len(bent))) < max(0.3, 1.0 / len(bent))
    chosen[np.arange(len(children)), random.integers(len(bent), size=len(children))] = True
    children[:, bent] = np.where(chosen, drawn[:, bent], children[:, bent])
    for parameter in bent:
        low, high = problem.lower[parameter], problem.upper[parameter]
        children[:, parameter] = _into(children[:, parameter], low, high)
    return children


def neighbours(
    problem: Problem, scales: Sequence[ParameterScale], theta: np.ndarray, *, seed: int
) -> list[np.ndarray]:
    """Starts that share part of a solution, best first: the rest of it drawn anew."""
    random = np.random.default_rng(seed)
    children = _redrawn(problem, scales, np.repeat(theta[None], _NEIGHBOURS, axis=0), random, 0.0)
    found = _batch_costs(problem, children)
    if found is None:
        return []
    costs, settled = found
    order = np.argsort(costs, kind="stable")
    return [settled[i] for i in order if np.isfinite(costs[i])]


def _single_costs(problem: Problem, thetas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    points: list[Point] = [evaluate_settled(problem, theta) for theta in thetas]
    return np.array([p.cost for p in points]), np.array([p.theta for p in points])


def _batch_costs(problem: Problem, thetas: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Costs and settled parameters; None where the model cannot be evaluated in a batch."""
    costs, settled = np.full(len(thetas), np.inf), thetas.copy()
    for first in range(0, len(thetas), _BATCH):
        part = slice(first, first + _BATCH)
        found = problem.functions.batch(thetas[part])
        if found is None:
            return None
        problem.counts.evaluations += len(thetas[part])
        costs[part], settled[part] = _project(problem, thetas[part], *found)
    return costs, settled


def _project(
    problem: Problem, thetas: np.ndarray, value: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Costs with the linear parameters at their optimum (held within their bounds)."""
    weights = 1.0 if problem.weights is None else problem.weights
    r = (problem.y - value) * weights
    columns = np.moveaxis(rows[problem.linear] * weights, 0, -1)
    finite = np.isfinite(r).all(axis=1), np.isfinite(columns).all(axis=(1, 2))
    usable = np.logical_and(*finite)
    r, columns = np.where(usable[:, None], r, 0.0), np.where(usable[:, None, None], columns, 0.0)
    thetas = thetas.copy()
    if columns.shape[-1]:
        norms = np.sqrt(np.einsum("bpk,bpk->bk", columns, columns))
        norms[norms == 0.0] = 1.0
        scaled = columns / norms[:, None, :]
        gram = np.einsum("bpk,bpl->bkl", scaled, scaled) + 1e-13 * np.eye(columns.shape[-1])
        right = np.einsum("bpk,bp->bk", scaled, r)
        move = np.linalg.solve(gram, right[..., None])[..., 0] / norms
        before = thetas[:, problem.linear]
        moved = np.clip(before + move, problem.lower[problem.linear], problem.upper[problem.linear])
        thetas[:, problem.linear] = moved
        r = r - np.einsum("bpk,bk->bp", columns, moved - before)
    costs = np.einsum("bp,bp->b", r, r)
    return np.where(usable & np.isfinite(costs), costs, np.inf), thetas


def thinned(problem: Problem, points: int) -> np.ndarray | None:
    """Which points to search on where there are very many: evenly spaced ones."""
    total = len(problem.y)
    if total <= points:
        return None
    return np.unique(np.linspace(0, total - 1, points).round().astype(int))
