"""`propagate`: uncertainty through a function, with the bias and an error of each number."""

from __future__ import annotations

import numbers
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.results import Finding
from taylored.series.agreement import Agreed, agree
from taylored.series.cells import cells
from taylored.series.function import read_target
from taylored.series.moments import (
    MOST_TAYLOR,
    Estimate,
    Quadratic,
    gauss_hermite,
    quadratic,
    taylor,
    with_rounding,
)
from taylored.series.propagation import Propagation
from taylored.series.propagation_findings import (
    lost,
    no_spread,
    not_settled,
    not_within_reach,
    notes,
    tail_refusal,
    undefined_at_mean,
)
from taylored.series.sampling import directional, grid, nets
from taylored.series.smoothness import Smoothness, smoothness
from taylored.series.spread import read_spread
from taylored.series.standardized import Standardized
from taylored.series.tails import Tails, tails

__all__ = ["propagate"]

_COUNTS = 1e-3  # of a variance: a share in far tails worth an error


def propagate(f: Any, mean: Any, *, std: Any = None, cov: Any = None, seed: int = 0) -> Propagation:
    """Mean and standard deviation of a function of uncertain inputs, and how far to trust them.

    The inputs are jointly normal with this mean and the covariance S. First order: the variance
    is g^T S g with the gradient g, and the mean is f(mean). Second order adds tr(H S)/2 to the mean
    and tr((H S)^2)/2 to the variance, with the Hessian H. The numbers given are of all orders: by
    Taylor polynomials up to order 8 where f is proved smooth within 6 standard deviations, by
    Gauss-Hermite rules for up to four inputs, and by points (a grid for one input, scrambled
    Sobol nets for more). The best of them is given; its error covers what the others say.
    Inputs are taken not to lie more than 6 standard deviations out where f is not defined there.

    Args:
        f: a formula such as "4*pi^2*L/T^2", or a function of numbers, arrays or trees of them.
        mean: the inputs' means: what f takes.
        std: their standard deviations if they are independent: one number, or in the form of
            `mean`.
        cov: their covariance matrix (inputs, inputs), in the order of the flattened inputs.
        seed: of the scrambling; the same seed gives the same answer.

    Returns:
        A `Propagation`: `.mean`, `.std`, `.bias` with `.std_error`, `.bias_error`,
        `.first_order_std`, `.neglected`, `.contributions`, and more.

    Numerical error: |std - true std| <= std_error and |bias - true bias| <= bias_error, estimated
    from independent methods, the spread of sets of points, and what lies where a sample of a
    million would not reach. Both are infinite where f is not defined within reach of the inputs,
    has a pole there, or where far tails decide.

    Raises:
        ArgumentError: for a spread that is none.
        FormulaError, FunctionError: where f cannot be read.

    Example:
        >>> import taylored as ty
        >>> g = ty.propagate("4*pi^2*L/T^2", {"L": 1.0, "T": 2.0}, std={"L": 0.001, "T": 0.01})
        >>> round(g.std, 3)
        0.099

    Source: JCGM 100:2008 and 101:2008 (GUM); Owen, Monte Carlo theory, methods and examples (2013).
    """
    target, point = read_target(f, mean, "mean")
    if not np.all(np.isfinite(point)):
        raise ArgumentError("mean has entries that are not finite.", next_step="give numbers.")
    if isinstance(seed, bool) or not isinstance(seed, numbers.Integral) or seed < 0:
        raise ArgumentError(f"seed={seed!r} is no whole number >= 0.", next_step="give seed=0.")
    spread = read_spread(target, std, cov)
    of = Standardized(target, point, spread)
    answer = _answer(of, int(seed))
    scale = of.scale if spread.directions and answer.defined else np.ones(target.outputs)
    found = answer.found
    value = of.value if answer.defined else np.full(target.outputs, np.nan)
    gradient = of.gradient if answer.defined else None
    return Propagation(
        target, f, mean, point, spread, value,
        found.bias * scale, found.std * scale, found.bias_error * scale, found.std_error * scale,
        gradient, found.correlation, found.methods, tuple(answer.findings),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Answer:
    found: Agreed
    findings: list[Finding]
    defined: bool = True


def _answer(of: Standardized, seed: int) -> _Answer:
    outputs = of.target.outputs
    with np.errstate(all="ignore"):
        if not np.all(np.isfinite(of.value)):
            return _Answer(Agreed.nothing(outputs), [undefined_at_mean(of)], False)
        if of.directions == 0 or outputs == 0:
            return _Answer(Agreed.zero(outputs), [no_spread()])
        return _spread_out(of, seed)


def _spread_out(of: Standardized, seed: int) -> _Answer:
    """The moments of a function that is defined at the mean, of inputs with a spread."""
    nothing = Agreed.nothing(of.target.outputs)
    smooth = smoothness(of)
    control = quadratic(of)
    far = tails(of, control, smooth.suspects, seed)
    refusal = not_within_reach(of, far)
    if refusal is not None:
        return _Answer(nothing, [refusal])
    sample = nets(of, control, seed)
    if sample.found is None:
        return _Answer(nothing, [lost(of, sample)])
    points = [_with_unseen(sample.found, far), *_rules(of, smooth)]
    found = agree(_series(of, smooth, control, seed), points)
    refusal = tail_refusal(of, far, sample, found) or not_settled(of, found)
    if refusal is not None:
        return _Answer(nothing, [refusal])
    found, tail = _with_tails(found, far)
    return _Answer(found, notes(of, smooth, found, far, tail))


def _series(
    of: Standardized, smooth: Smoothness, control: Quadratic | None, seed: int
) -> Estimate | None:
    """By Taylor polynomials; None unless f is proved smooth within reach."""
    if not smooth.proved:
        return None
    few = of.directions <= MOST_TAYLOR
    found = taylor(of) if few else directional(of, control, seed)
    return None if found is None else with_rounding(found, of, 2 if few else 1)


def _rules(of: Standardized, smooth: Smoothness) -> list[Estimate]:
    """By rules for few inputs."""
    made = [cells(of)]
    if of.directions == 1:
        made.append(grid(of))
    if not smooth.broken:
        with suppress(FloatingPointError):
            made.append(gauss_hermite(of, smooth.proved))
    return [m for m in made if m is not None]


def _with_unseen(found: Estimate, far: Tails) -> Estimate:
    """Points say nothing about where none of them lies."""
    return replace(
        found, bias_error=found.bias_error + far.shift,
        variance_error=found.variance_error + far.unseen,
    )  # fmt: skip


def _with_tails(found: Agreed, far: Tails) -> tuple[Agreed, float]:
    """With what lies where a sample of a million hardly reaches in the error, if it counts.

    And the largest share of a variance that does, or 0.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(found.std > 0, far.unseen / found.std**2, 0.0)
    counts = share > _COUNTS
    more = np.where(counts, 0.5 * share * found.std, 0.0)
    made = replace(
        found, std_error=found.std_error + more,
        bias_error=found.bias_error + np.where(counts, far.shift, 0.0),
    )  # fmt: skip
    return made, float(np.max(np.where(counts, share, 0.0), initial=0.0))
