"""Two parameters together: the region that holds both, by the profile and by Wald."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.optimize.least_squares import refine
from taylored.optimize.problem import Problem
from taylored.plot.labels import Label, place_labels
from taylored.plot.style import BAND, INK, headline, name_axes, new_figure, state, styled
from taylored.regression.interval_choice import known_parameter
from taylored.report.numbers import percent, share, value_error
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.regression.result import Fit

__all__ = ["LEVELS", "draw_contours", "joint_rise", "plot_contours"]

LEVELS = (0.683, 0.95)
_GRID = 25  # points along each side where the other parameters are re-optimized
_FINE = 61  # and where there are none
_GROWTH = 4  # times that a side is moved out when the region reaches it


def plot_contours(fit: Fit, first: str, second: str, ax: Any = None) -> Any:
    """Draw the joint 68.3 % and 95 % regions of two parameters, the others re-optimized.

    Args:
        fit: a fit that determines both.
        first: the parameter along x, a free one.
        second: the parameter along y, another free one.
        ax: axes to draw in (default: a new figure).

    Returns:
        The axes.
    """
    with styled():
        if ax is None:
            return draw_contours(fit, first, second, new_figure().subplots(), whole=True)
        return draw_contours(fit, first, second, ax, whole=False)


def draw_contours(fit: Fit, first: str, second: str, ax: Any, *, whole: bool) -> Any:
    """Draw the contours into axes, within a style."""
    pair = _pair(fit, first, second)
    names = tuple(fit.setup.free_names[i] for i in pair)
    heights = [_threshold(fit, level) for level in LEVELS]
    x, y, rise = joint_rise(fit, pair, heights[-1])
    color = BAND[Accuracy.CALIBRATED]
    ax.contourf(x, y, rise, [0.0, *heights], colors=[color, color], alpha=0.13, zorder=1)
    ax.contourf(x, y, rise, [0.0, heights[0]], colors=[color], alpha=0.22, zorder=1)
    drawn = ax.contour(x, y, rise, heights, colors=[color], linewidths=1.4, zorder=3)
    ellipse = _ellipse(fit, pair, heights[-1])
    ax.plot(*ellipse, color=INK, lw=1.0, ls=(0, (6, 3)), zorder=2)
    values = [fit.params[n] for n in names]
    ax.plot(*values, "o", ms=5, color=INK, mec="white", mew=0.5, zorder=5)
    _set_range(ax, drawn, ellipse)
    headline(ax, _finding(fit, names, pair), whole=whole)
    name_axes(ax, *names)
    state(ax, _statement(fit, names), whole=whole)
    ax.figure.canvas.figure.draw_without_rendering()
    labels = [
        Label(f"{percent(level)} of both", color, *_longest(segments))
        for level, segments in zip(LEVELS, drawn.allsegs, strict=True)
        if any(len(s) for s in segments)
    ]
    wald = Label(f"{percent(LEVELS[-1])} by Wald", INK, *ellipse)
    place_labels(ax, [*labels, wald], np.array([values]))
    return ax


def _pair(fit: Fit, first: str, second: str) -> tuple[int, int]:
    """The positions of the two among the free parameters.

    Raises:
        ArgumentError: where one of them has no region.
    """
    names = [known_parameter(fit, name) for name in (first, second)]
    if names[0] == names[1]:
        raise ArgumentError("The two parameters are the same.", next_step="give two of them.")
    for name in names:
        if not (name in fit.setup.free_names and 0 < fit.stderr[name] < np.inf):
            why = "fixed" if name not in fit.setup.free_names else "at a bound or not determined"
            raise ArgumentError(
                f"{name} has no joint region.", why=f"it is {why}",
                next_step="choose among the free, determined parameters.",
            )  # fmt: skip
    first_at, second_at = (fit.setup.free_names.index(name) for name in names)
    return first_at, second_at


def _threshold(fit: Fit, level: float) -> float:
    """How far chi-squared over s**2 may rise for two parameters together.

    The quantile of chi-squared with 2 degrees of freedom, or twice that of F with (2, dof); both
    have closed forms.
    """
    outside = 1.0 - level
    if fit.absolute_sigma:
        return float(-2.0 * np.log(outside))
    return float(fit.dof * (outside ** (-2.0 / fit.dof) - 1.0))


def joint_rise(fit: Fit, pair: tuple[int, int], height: float) -> tuple[np.ndarray, ...]:
    """The rise of chi-squared over s**2 on a grid around the estimate: x, y, rise, each 2-d.

    The grid follows the Wald ellipse, so that a thin region is as well resolved as a round one,
    and grows where the region reaches its edge.
    """
    axes = _axes(fit, pair)
    reach = 1.3 * np.sqrt(height)
    sides = np.array([-reach, reach, -reach, reach])
    count = _FINE if len(fit.setup.free_names) == 2 else _GRID
    for _ in range(_GROWTH):
        x, y, rise = _on_grid(fit, pair, axes, sides, count)
        edges = (rise[:, 0], rise[:, -1], rise[0], rise[-1])
        reached = np.array([bool((edge < height).any()) for edge in edges])
        if not reached.any():
            break
        sides = np.where(reached, 1.6 * sides, sides)
    return _smooth(x, y, rise)


def _axes(fit: Fit, pair: tuple[int, int]) -> np.ndarray:
    """A root of the covariance of the two: it turns the unit circle into the Wald ellipse."""
    rows = [fit.setup.names.index(fit.setup.free_names[i]) for i in pair]
    return np.linalg.cholesky(fit.covariance[np.ix_(rows, rows)])


def _on_grid(
    fit: Fit, pair: tuple[int, int], axes: np.ndarray, sides: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    u, v = np.linspace(sides[0], sides[1], count), np.linspace(sides[2], sides[3], count)
    whitened = np.stack(np.meshgrid(u, v))
    center = fit.solution.point.theta[list(pair)]
    x, y = center[:, None, None] + np.einsum("ij,jkl->ikl", axes, whitened)
    rise = np.full(x.shape, np.nan)
    scale2, least = fit.scale**2, fit.solution.point.cost
    with np.errstate(all="ignore"):
        for row in range(count):
            theta = None
            # Each row starts in the middle, nearest to the estimate, and goes out both ways.
            for column in [*range(count // 2, count), *range(count // 2 - 1, -1, -1)]:
                if column == count // 2 - 1:
                    theta = None
                held = {pair[0]: float(x[row, column]), pair[1]: float(y[row, column])}
                cost, theta = _least(fit, held, theta)
                rise[row, column] = max(cost - least, 0.0) / scale2
    return x, y, np.where(np.isfinite(rise), rise, 1e6)


def _least(
    fit: Fit, held: dict[int, float], near: np.ndarray | None
) -> tuple[float, np.ndarray | None]:
    """The least cost with parameters held, and where; infinite outside the bounds."""
    problem = fit.setup.problem
    where, values = list(held), np.array(list(held.values()))
    if (values < problem.lower[where]).any() or (values > problem.upper[where]).any():
        return np.inf, near
    start = _start(fit, where, values) if near is None else near.copy()
    start[where] = values
    if len(start) == len(where):
        r = problem.residuals(start)
        return float(r.dot(r)), None
    solution = refine(_holding(problem, where, values), start)
    return solution.point.cost, solution.point.theta if solution.point.finite else None


def _start(fit: Fit, where: list[int], values: np.ndarray) -> np.ndarray:
    """How the others move along with those held, to first order."""
    free = [fit.setup.names.index(n) for n in fit.setup.free_names]
    covariance = fit.covariance[np.ix_(free, free)]
    theta = fit.solution.point.theta
    moved = np.linalg.solve(covariance[np.ix_(where, where)], values - theta[where])
    problem = fit.setup.problem
    return np.clip(theta + covariance[:, where] @ moved, problem.lower, problem.upper)


def _holding(problem: Problem, where: list[int], values: np.ndarray) -> Problem:
    lower, upper, linear = problem.lower.copy(), problem.upper.copy(), problem.linear.copy()
    lower[where] = upper[where] = values
    linear[where] = False
    return replace(problem, lower=lower, upper=upper, linear=linear)


def _smooth(x: np.ndarray, y: np.ndarray, rise: np.ndarray) -> tuple[np.ndarray, ...]:
    """The same on a grid five times as fine: roots are nearly straight and interpolated."""
    from scipy.interpolate import RectBivariateSpline

    count = len(x)
    old, new = np.arange(count), np.linspace(0, count - 1, 5 * (count - 1) + 1)
    root = np.sqrt(np.minimum(rise, 4.0 * np.median(rise)))
    fine = [RectBivariateSpline(old, old, values, kx=k, ky=k)(new, new)
            for values, k in ((x, 1), (y, 1), (root, 3))]  # fmt: skip
    return fine[0], fine[1], fine[2] ** 2


def _ellipse(fit: Fit, pair: tuple[int, int], height: float) -> np.ndarray:
    angle = np.linspace(0.0, 2.0 * np.pi, 361)
    circle = np.sqrt(height) * np.stack([np.cos(angle), np.sin(angle)])
    return fit.solution.point.theta[list(pair)][:, None] + _axes(fit, pair) @ circle


def _longest(segments: list[np.ndarray]) -> np.ndarray:
    return max(segments, key=len).T


def _set_range(ax: Any, drawn: Any, ellipse: np.ndarray) -> None:
    """Around the outer region and the ellipse."""
    shown = np.concatenate([*(s for segments in drawn.allsegs for s in segments), ellipse.T])
    low, high = shown.min(axis=0), shown.max(axis=0)
    margin = 0.06 * (high - low)
    ax.set_xlim(low[0] - margin[0], high[0] + margin[0])
    ax.set_ylim(low[1] - margin[1], high[1] + margin[1])


def _finding(fit: Fit, names: tuple[str, ...], pair: tuple[int, int]) -> str:
    i, j = (fit.setup.names.index(n) for n in names)
    correlation = float(fit.correlation[i, j])
    text = f"{names[0]} and {names[1]} are correlated by {share(correlation)}"
    bent = max(fit.bend[n] for n in names) * fit.quantile(LEVELS[-1])
    return text + (", and the region is bent" if bent > 0.3 else "")


def _statement(fit: Fit, names: tuple[str, ...]) -> list[str]:
    values = ",  ".join(f"{n} = {value_error(fit.params[n], fit.stderr[n])}" for n in names)
    return [
        values,
        f"Regions that hold both parameters together in about {percent(LEVELS[0])} and "
        f"{percent(LEVELS[1])} of cases; dashed: what value ± error assumes.",
    ]
