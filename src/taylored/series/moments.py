"""Mean and variance of f at normal inputs, by its Taylor polynomial and by Gauss-Hermite rules."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from taylored.readings.jet.space import Space, space
from taylored.series.standardized import Standardized

__all__ = ["FLOOR", "MOST_TAYLOR", "Estimate", "Quadratic", "estimate", "gauss_hermite"]
__all__ += ["quadratic", "settling", "taylor", "weighted_moments", "with_rounding"]

FLOOR = 1e-12  # of a standard deviation: what no claim goes below
_ORDERS = {1: 8, 2: 8, 3: 6, 4: 6, 5: 6, 6: 4, 7: 4, 8: 4}
MOST_TAYLOR = max(_ORDERS)
_NODES = {
    1: (12, 24, 48, 96), 2: (8, 16, 32, 64), 3: (6, 10, 16, 28), 4: (5, 7, 10, 15),
}  # fmt: skip
_FAR = 6.1  # beyond, a node may lie where f is not defined
_SETTLED = 0.3  # a series whose last change is at most this share of the one before is settling
_SETTLED_RULE = 2e-3  # of the variance
_SLOW = 0.8  # a ratio of changes from which a limit cannot be told
_MOST_QUADRATIC = 64
_MOST_COVARIANCES = 512


@dataclass(frozen=True, eq=False)
class Estimate:
    """Bias and variance (outputs,) in units of the scale, with errors; covariance if known."""

    method: str
    bias: np.ndarray
    variance: np.ndarray
    bias_error: np.ndarray
    variance_error: np.ndarray
    covariance: np.ndarray | None = None

    @property
    def std(self) -> np.ndarray:
        return np.sqrt(np.maximum(self.variance, 0.0))

    @property
    def std_error(self) -> np.ndarray:
        """The error of the variance as one of its square root."""
        with np.errstate(invalid="ignore", over="ignore"):
            below = self.std - np.sqrt(np.maximum(self.variance - self.variance_error, 0.0))
            above = np.sqrt(np.maximum(self.variance + self.variance_error, 0.0)) - self.std
        found = np.maximum(below, above)
        return np.where(np.isfinite(self.variance_error), found, np.inf)


@dataclass(frozen=True, eq=False)
class Quadratic:
    """z . slopes + z . H z / 2 for each output: f to second order, with its exact moments."""

    slopes: np.ndarray
    hessian: np.ndarray | None

    def __call__(self, z: np.ndarray) -> np.ndarray:
        linear = z @ self.slopes.T
        if self.hessian is None:
            return linear
        return linear + 0.5 * np.stack([((z @ h) * z).sum(axis=1) for h in self.hessian], axis=1)

    @property
    def bias(self) -> np.ndarray:
        if self.hessian is None:
            return np.zeros(len(self.slopes))
        return 0.5 * np.trace(self.hessian, axis1=1, axis2=2)

    @property
    def covariance(self) -> np.ndarray:
        linear = self.slopes @ self.slopes.T
        if self.hessian is None:
            return linear
        flat = self.hessian.reshape(len(self.slopes), -1)
        return linear + 0.5 * flat @ flat.T


def quadratic(of: Standardized) -> Quadratic | None:
    """f to second order where the inputs are few, else to first; None where it has no gradient."""
    slopes, count = of.slopes, of.directions
    if slopes is None:
        return None
    work = len(slopes) * count**2
    found = of.coefficients(2) if count <= _MOST_QUADRATIC and work <= 2**18 else None
    if found is None:
        return Quadratic(slopes, None)
    rows = space(count, 2).exponents[1 + count :]
    hessian = np.zeros((len(slopes), count, count))
    for row, values in zip(rows, found[1 + count :], strict=True):
        at = np.flatnonzero(row)
        i, j = at[0], at[-1]
        hessian[:, i, j] = hessian[:, j, i] = values * (2.0 if i == j else 1.0)
    return Quadratic(slopes, hessian)


def estimate(
    method: str, bias: np.ndarray, moments: np.ndarray, errors: tuple[np.ndarray, np.ndarray],
    noise: np.ndarray | None,
) -> Estimate:  # fmt: skip
    """From the covariance matrix or the variances, with what rounding adds to the errors.

    `noise` is that of differences of f; None for sums of derivatives, whose rounding is relative.
    """
    full = moments.ndim == 2
    variance = np.diag(moments).copy() if full else moments
    std = np.sqrt(np.maximum(variance, 0.0))
    rounding = FLOOR * std + (0.0 if noise is None else noise)
    lost = FLOOR * np.abs(bias) if noise is None else rounding
    return Estimate(
        method, bias, variance, errors[0] + lost,
        errors[1] + 2 * std * rounding + rounding**2, moments if full else None,
    )  # fmt: skip


# ---- Taylor polynomial ----


def taylor(of: Standardized) -> Estimate | None:
    """The exact moments of the Taylor polynomial; errors from what its last orders change.

    None where there are too many directions for it, or no polynomial.
    """
    count = of.directions
    order = _ORDERS.get(count)
    found = None if order is None else of.coefficients(order)
    if order is None or found is None:
        return None
    polynomials = space(count, order)
    mean, product = _normal_moments(polynomials)
    steps = [_polynomial_moments(found, polynomials.count(k), mean, product)
             for k in (order - 4, order - 2, order)]  # fmt: skip
    bias, covariance = steps[-1]
    errors = (
        settling(*[s[0] for s in steps]),
        settling(*[np.diag(s[1]) for s in steps]),
    )
    # Terms of the bias may cancel; their sum is rounded relative to the largest.
    terms = FLOOR * np.abs(mean[1:]) @ np.abs(found[1:])
    errors = (errors[0] + terms, errors[1])
    return estimate(f"Taylor polynomial of order {order}", bias, covariance, errors, None)


def with_rounding(found: Estimate, of: Standardized, order: int) -> Estimate:
    """With what rounding may have done to the coefficients up to this order, where it is proved.

    Cancellation in f spoils its derivatives as well: then the series is no better than points.
    """
    errors = of.coefficient_errors(order)
    if errors is None:
        return found
    count = of.directions if order > 1 else len(errors) - 1
    size = np.linalg.norm(errors[1 : 1 + count], axis=0)
    bias = found.bias_error
    if order > 1:
        squares = (space(count, 2).exponents == 2).any(axis=1)
        bias = bias + errors[squares].sum(axis=0)
    variance = found.variance_error + 2 * found.std * size + size**2
    return replace(found, bias_error=bias, variance_error=variance)


def _polynomial_moments(
    rows: np.ndarray, size: int, mean: np.ndarray, product: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    used = rows[1:size]
    centered = product[1:size, 1:size] - np.outer(mean[1:size], mean[1:size])
    return mean[1:size] @ used, used.T @ centered @ used


def _normal_moments(polynomials: Space) -> tuple[np.ndarray, np.ndarray]:
    """E z**a, and E z**(a + b) for each pair of monomials."""
    odd = np.cumprod(np.concatenate([[1.0], np.arange(1.0, 2 * polynomials.degree + 1, 2)]))
    table = np.zeros(2 * polynomials.degree + 1)
    table[::2] = odd[: len(table[::2])]
    exponents = polynomials.exponents
    mean = np.prod(table[exponents], axis=1)
    product = np.ones((polynomials.size, polynomials.size))
    for column in exponents.T:
        product *= table[column[:, None] + column]
    return mean, product


def settling(first: np.ndarray, second: np.ndarray, last: np.ndarray) -> np.ndarray:
    """The change by the last orders where the series is settling, else infinity."""
    before, after = np.abs(second - first), np.abs(last - second)
    tiny = 1e-13 * np.abs(last)
    return np.where((after <= _SETTLED * before) | (after <= tiny), after, np.inf)


# ---- Gauss-Hermite rules ----


def gauss_hermite(of: Standardized, smooth: bool) -> Estimate | None:
    """Tensor rules of more and more nodes until two agree; None for too many directions.

    Raises:
        FloatingPointError: where f is not finite within reach.
    """
    rules = _NODES.get(of.directions, ())
    found: list[tuple[np.ndarray, np.ndarray]] = []
    for nodes in rules:
        found.append(_rule(of, nodes))
        if len(found) > 1 and smooth and _agree(*found[-2:]):
            break
    if not found:
        return None
    bias, covariance = found[-1]
    spreads = [_spreads(f) for f in found]
    limit = _limit if smooth else _largest_change
    first, second = limit([f[0] for f in spreads]), limit([f[1] for f in spreads])
    # Of rules that are not settling to three digits, as of oscillations, no change says anything.
    settled = second <= _SETTLED_RULE * spreads[-1][1]
    errors = (np.where(settled, first, np.inf), np.where(settled, second, np.inf))
    return estimate(f"Gauss-Hermite rules of {rules[len(found) - 1]} nodes", bias, covariance,
                    errors, of.noise)  # fmt: skip


def _limit(found: list[np.ndarray]) -> np.ndarray:
    """How far the last of a sequence may be from its limit, from the ratio of its last changes."""
    changes = np.abs(np.diff(np.stack(found), axis=0))
    last = changes[-1]
    if len(changes) == 1:
        return last
    ratio = last / np.maximum(changes[-2], np.maximum(last, 1e-300))
    ratio = np.where(last <= 1e-13, 0.0, ratio)
    return np.where(ratio < _SLOW, last * np.maximum(1.0, ratio / (1.0 - ratio)), np.inf)


def _largest_change(found: list[np.ndarray]) -> np.ndarray:
    return np.abs(np.diff(np.stack(found), axis=0))[-3:].max(axis=0)


def _spreads(moments: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    bias, covariance = moments
    return bias, np.diag(covariance) if covariance.ndim == 2 else covariance


def _agree(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]) -> bool:
    (bias, variance), (more, variances) = _spreads(one), _spreads(other)
    std = np.sqrt(np.maximum(variances, 0.0))
    close = (np.abs(variance - variances) <= 1e-12 * variances) & (
        np.abs(bias - more) <= FLOOR * std
    )
    return bool(np.all(close))


def _rule(of: Standardized, nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Bias and covariance by one tensor rule."""
    points, weights = np.polynomial.hermite_e.hermegauss(nodes)
    weights = weights / weights.sum()
    count = of.directions
    z = np.stack([g.reshape(-1) for g in np.meshgrid(*[points] * count, indexing="ij")], axis=1)
    grid = np.meshgrid(*[weights] * count, indexing="ij")
    weight = np.prod([g.reshape(-1) for g in grid], axis=0)
    kept = weight > 1e-40
    return weighted_moments(of, z[kept], weight[kept])


def weighted_moments(
    of: Standardized, z: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Bias and covariance (variances alone of very many outputs) of weighted points.

    Points far out where f is not finite do not count.

    Raises:
        FloatingPointError: where f is not finite within reach.
    """
    found = of.differences(z)
    lost = ~np.isfinite(found).all(axis=1)
    if lost.any():
        if np.any(np.linalg.norm(z[lost], axis=1) < _FAR):
            raise FloatingPointError
        found, weight = found[~lost], weight[~lost]
    bias = weight @ found / weight.sum()
    centered = found - bias
    scaled = centered * weight[:, None] / weight.sum()
    if found.shape[1] > _MOST_COVARIANCES:
        return bias, (scaled * centered).sum(axis=0)
    return bias, scaled.T @ centered
