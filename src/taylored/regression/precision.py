"""How many digits of an estimate are right, and the last ones of them.

The minimum is that of the data as decimals; float64 rounds data, model and parameters. A
perturbation e of the residuals moves the estimate by J+ e, which gives the error of each
parameter. Where few digits are left, residuals in doubled precision recover what float64 lost
in evaluating the model, and a linear model is solved in doubled precision throughout.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log10

import numpy as np

from taylored.optimize.least_squares import Arithmetic, Solution
from taylored.optimize.linear import solve_doubled
from taylored.optimize.newton import Curvature
from taylored.optimize.point import Point, evaluate
from taylored.readings.doubled import multiply
from taylored.regression.setup import Setup

__all__ = ["Precision", "digits_of", "gradient_noise", "precision_of", "quick_digits",
           "residual_noise", "sharpen"]  # fmt: skip

_UNIT = 2.0**-53
_DOUBLED_UNIT = 2.0**-100
_MOST = 15.95  # digits of float64: -log10 of half an ulp
_ENOUGH = 13.0  # digits by the quick estimate that are not worth improving on
_DOUBLED_WORK = 3_000_000  # points x params**2 up to which a linear model is solved doubled
_ROOT_MEAN_SQUARE = 0.3  # of a rounding error, in units in the last place
_MARGIN = 2.0  # root mean squares that an error claimed stands for


@dataclass(frozen=True, eq=False, slots=True)
class Precision:
    """Numerical errors (not statistical ones) of estimates and of standard errors.

    All are (free,); relative errors of the standard errors; digits = -log10 of relative errors.
    """

    errors: np.ndarray
    digits: np.ndarray
    stderr_digits: np.ndarray


def sharpen(setup: Setup, solution: Solution) -> Solution:
    """The same minimum with as many digits as float64 can hold, where they are missing."""
    if not setup.functions.exact:
        return solution
    if setup.problem.linear.all() and not solution.held.any():
        return _sharpen_linear(setup, solution)
    if solution.curvature is None or not solution.minimum:
        return solution
    if quick_digits(setup, solution) >= _ENOUGH:
        return solution
    for _ in range(2):
        solution = _corrected(setup, solution)
    return solution


def quick_digits(setup: Setup, solution: Solution) -> float:
    """The fewest digits of any parameter, by a quick bound on the effect of rounding y."""
    curvature = solution.curvature
    assert curvature is not None
    inverse = curvature.inverse
    theta = solution.point.theta[curvature.moving]
    if not len(theta):
        return _MOST
    # |J+ e|_k <= |row k of R^-1| |e|
    squared = theta * theta / np.einsum("ij,ij->i", inverse, inverse)
    smallest = float(squared.min()) / max(setup.problem.squares, 1e-300)
    return 0.5 * log10(max(smallest, 1e-300)) - log10(_UNIT)


def _sharpen_linear(setup: Setup, solution: Solution) -> Solution:
    curvature = solution.curvature
    if (
        curvature is not None
        and curvature.condition < 30
        and quick_digits(setup, solution) >= _ENOUGH
    ):
        return solution
    if curvature is not None and curvature.condition < 3:
        return _corrected(setup, _corrected(setup, solution))
    if len(setup.y) * len(solution.point.theta) ** 2 > _DOUBLED_WORK:
        return solution if curvature is None else _corrected(setup, solution)
    return _doubled(setup, solution)


def _corrected(setup: Setup, solution: Solution) -> Solution:
    """One Newton step with residuals in doubled precision."""
    curvature, point = solution.curvature, solution.point
    assert curvature is not None
    extended = setup.functions.extended(point.theta)
    if extended is None:
        return solution
    r = (setup.y - extended[0]) - extended[1]
    r = r if setup.problem.weights is None else r * setup.problem.weights
    moving = curvature.moving
    along = curvature.inverse.T.dot(point.rows[moving].dot(r))
    hessian = np.eye(len(along)) - 0.5 * (curvature.k + curvature.k.T)
    theta = point.theta.copy()
    theta[moving] += curvature.inverse.dot(np.linalg.solve(hessian, along))
    if setup.problem.bounded:
        theta = np.clip(theta, setup.problem.lower, setup.problem.upper)
    moved = evaluate(setup.problem, theta)
    if not moved.finite or moved.cost > point.cost * (1 + 1e-6) + 1e-29 * _square(setup):
        return solution
    sharp = setup.functions.extended(theta)
    if sharp is not None:
        r = (setup.y - sharp[0]) - sharp[1]
        r = r if setup.problem.weights is None else r * setup.problem.weights
        moved = Point(theta, r, moved.rows, float(r.dot(r)))
    still = replace(curvature, step=np.zeros(len(theta)))
    return replace(solution, point=moved, curvature=still)


def _square(setup: Setup) -> float:
    y = setup.y if setup.problem.weights is None else setup.y * setup.problem.weights
    return float(y.dot(y))


def _doubled(setup: Setup, solution: Solution) -> Solution:
    wide = setup.functions.extended_columns()
    if wide is None:
        return solution if solution.curvature is None else _corrected(setup, solution)
    (zero, zero_low), columns = wide
    target_high = setup.y - zero
    target_low = (setup.y - target_high) - zero - zero_low
    weights = setup.problem.weights
    if weights is not None:
        pair = (weights, np.zeros(len(weights)))
        columns = [multiply(c, pair) for c in columns]
        target_high, target_low = multiply((target_high, target_low), pair)
    found = solve_doubled(columns, (target_high, target_low))
    # Columns as dependent as the rounding of the data would make them are dependent.
    if not found.independent > 1e-13 or not np.isfinite(found.theta).all():
        return solution
    size = float(np.linalg.norm(target_high))
    floor = _DOUBLED_UNIT * size * np.linalg.norm(found.inverse, axis=1)
    theta = np.where(np.abs(found.theta) <= floor, 0.0, found.theta)
    rows = np.stack([c[0] + c[1] for c in columns])
    point = Point(theta, found.residuals, rows, float(found.residuals.dot(found.residuals)))
    count = len(theta)
    nothing = np.zeros(count)
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    condition = float(np.sqrt(count) * np.linalg.norm(found.inverse * norms[:, None]))
    curvature = Curvature(
        moving=np.ones(count, bool), inverse=found.inverse, k=np.zeros((count, count)), bend=1.0,
        step=nothing, along=nothing, condition=condition,
    )  # fmt: skip
    return replace(
        solution, point=point, curvature=curvature, converged=True, last_step=0.0,
        algorithm="linear least squares in doubled precision", arithmetic=Arithmetic.DOUBLED,
    )  # fmt: skip


# ---- the claim ------------------------------------------------------------------------------


def precision_of(setup: Setup, solution: Solution) -> Precision:
    """Errors and digits of the estimates at a solution; infinite errors where it is singular."""
    count = len(solution.point.theta)
    nothing = Precision(np.full(count, np.inf), np.zeros(count), np.zeros(count))
    curvature, point = solution.curvature, solution.point
    if curvature is None or not solution.converged:
        return nothing
    moving = curvature.moving
    noise, left = residual_noise(setup, solution)
    image = curvature.inverse.T.dot(point.rows[moving])
    if curvature.bend > 0 and len(image):
        hessian = np.eye(len(image)) - 0.5 * (curvature.k + curvature.k.T)
        image = np.linalg.solve(hessian, image)
    influence = curvature.inverse.dot(image)
    theta = point.theta
    errors = _ROOT_MEAN_SQUARE * 2.0 * _UNIT * np.abs(theta)
    squared = (influence * influence).dot(noise * noise) + influence.dot(left) ** 2
    if solution.arithmetic is not Arithmetic.DOUBLED:
        squared = squared + gradient_noise(point, curvature)
    # The last Newton step measures the rounding of the gradient itself.
    errors[moving] = _MARGIN * np.sqrt(errors[moving] ** 2 + squared + curvature.step[moving] ** 2)
    if not setup.functions.exact:
        errors[moving] += np.abs(curvature.step[moving]) + 1e-9 * np.abs(theta[moving])
    held = ~moving
    errors[held] = 0.0
    digits = digits_of(errors, np.abs(theta))
    return Precision(errors, digits, _stderr_digits(solution, noise, digits))


def gradient_noise(point: Point, curvature: Curvature) -> np.ndarray:
    """The squared effect of rounding in the Jacobian: (J'J)^-1 dJ' r, (moving,)."""
    products = point.rows[curvature.moving] * point.r
    slope = (4.0 * _UNIT) ** 2 * np.einsum("ij,ij->i", products, products)
    covariance = curvature.inverse.dot(curvature.inverse.T)
    return (covariance * covariance).dot(slope)


def digits_of(errors: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Correct decimal digits of numbers of these sizes with these errors."""
    with np.errstate(all="ignore"):
        relative = np.where(sizes > 0, errors / sizes, np.where(errors > 0, 1.0, 0.0))
        return np.clip(-np.log10(np.maximum(relative, 1e-300)), 0.0, _MOST)


def residual_noise(setup: Setup, solution: Solution) -> tuple[np.ndarray, np.ndarray]:
    """Rounding in each weighted residual: (root mean square of the data's, the model's as it is).

    The second is known where the model can be evaluated in doubled precision; a model that was
    solved in doubled precision has none.
    """
    point, weights = solution.point, setup.problem.weights
    residuals = point.r if weights is None else point.r / weights
    model = np.abs(setup.y - residuals)
    ulp = _ROOT_MEAN_SQUARE * 2.0 * _UNIT
    spread = (ulp * setup.y * _rounded(setup.y)) ** 2
    slopes = setup.functions.data_slopes(point.theta)
    for column, slope in zip(setup.data, slopes, strict=True):
        if column.shape == setup.y.shape:
            spread = spread + (ulp * column * slope * _rounded(column)) ** 2
    left = np.zeros(len(setup.y))
    # What doubled precision itself leaves; transcendental functions have about 19 digits.
    spread = spread + (_DOUBLED_UNIT * np.abs(setup.y).max(initial=0.0)) ** 2
    if solution.arithmetic is not Arithmetic.DOUBLED:
        spread = spread + (_UNIT * 2.0**-10 * model) ** 2
        extended = setup.functions.extended(point.theta)
        if extended is None:
            spread = spread + (4.0 * _UNIT * model) ** 2
        else:
            left = (setup.y - extended[0]) - extended[1] - residuals
    noise = np.sqrt(spread)
    return (noise, left) if weights is None else (noise * weights, left * weights)


def _rounded(values: np.ndarray) -> np.ndarray:
    """1 where a decimal had to be rounded; 0 for whole numbers and short binary fractions."""
    mantissa, _ = np.frexp(values)
    wide = mantissa * 2.0**40
    return (wide != np.floor(wide)).astype(float)


def _stderr_digits(solution: Solution, noise: np.ndarray, digits: np.ndarray) -> np.ndarray:
    curvature, point = solution.curvature, solution.point
    assert curvature is not None
    # The factor of the Jacobian in float64, and the cross term of noise and residuals.
    condition = curvature.condition
    if solution.arithmetic is Arithmetic.DOUBLED:
        condition = 1.0
    elif solution.arithmetic is Arithmetic.GRAM:
        condition = condition**2
    factor = 0.3 * condition * _UNIT
    spread = float(np.sqrt((noise * point.r).dot(noise * point.r)))
    residual = spread / point.cost if point.cost > 0 else 1.0
    moved = 10.0 ** -np.minimum(digits, _MOST)
    # A relative error of the parameters moves the Jacobian by several times as much, since
    # exponents and powers amplify it.
    relative = np.sqrt(factor**2 + residual**2 + (10.0 * moved.max(initial=0.0)) ** 2)
    return np.full(len(digits), float(np.clip(-np.log10(relative), 0.0, _MOST)))
