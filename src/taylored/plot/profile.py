"""The profile of a parameter as a picture: how the fit worsens away from the estimate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.plot.labels import Label, place_labels
from taylored.plot.style import (
    BAND,
    CURVE,
    INK,
    UNKNOWN,
    headline,
    name_axes,
    new_figure,
    state,
    styled,
)
from taylored.regression.interval_choice import known_parameter
from taylored.regression.intervals import Profile
from taylored.report.numbers import asymmetric, bounds, percent, place_of, value_error
from taylored.results import Accuracy, Interval

if TYPE_CHECKING:
    from taylored.regression.result import Fit

__all__ = ["draw_profile", "plot_profile"]

_POINTS = 24  # of the profile on each side
_BEYOND = 1.25  # how far past the ends of the interval it is drawn
_OPEN = 6.0  # standard errors that stand for a side without end
_SYMMETRIC = 0.1  # relative difference of the two sides from which they are called unequal


def plot_profile(fit: Fit, name: str, ax: Any = None, level: float = 0.95) -> Any:
    """Draw the rise of chi-squared along one parameter, the others re-optimized.

    `(chi2(value) - chi2) / s**2` against the parabola that value -+ error assumes; where it
    crosses the squared quantile are the ends of the interval.

    Args:
        fit: any fit.
        name: a free parameter.
        ax: axes to draw in (default: a new figure).
        level: of the interval, 0 < level < 1.

    Returns:
        The axes.
    """
    with styled():
        if ax is None:
            return draw_profile(fit, name, new_figure().subplots(), level, whole=True)
        return draw_profile(fit, name, ax, level, whole=False)


def draw_profile(fit: Fit, name: str, ax: Any, level: float, *, whole: bool) -> Any:
    """Draw the profile into axes, within a style."""
    name = known_parameter(fit, name)
    profile = fit.profile(name)
    interval = fit.interval(name, level)
    if interval.kind is not Accuracy.UNKNOWN:
        interval = fit.interval(name, level, "profile-t")
    height = fit.quantile(level) ** 2
    limit = height if np.isfinite(height) else 4.0
    x, rise = _rise(profile, interval, np.sqrt(limit))
    known = interval.kind is not Accuracy.UNKNOWN
    top = 1.7 * limit
    ax.set_ylim(-0.03 * top, top)
    ax.set_xlim(float(x[0]), float(x[-1]))
    labels = []
    if known:
        _draw_ends(ax, interval, height)
        labels.append(_level_label(fit, name, interval, x, height))
    else:
        ax.fill_between(x, 0.0, limit, facecolor="none", edgecolor=UNKNOWN, hatch="////",
                        alpha=0.35, lw=0, zorder=1)  # fmt: skip
    wald = fit.params[name], fit.stderr[name]
    if known and np.isfinite(wald[1]) and wald[1] > 0:
        parabola = ((x - wald[0]) / wald[1]) ** 2
        ax.plot(x, parabola, color=INK, lw=1.0, ls=(0, (6, 3)), zorder=4.5)
        labels.append(Label("parabola of value ± error", INK, x, parabola))
    style = {"color": CURVE, "lw": 1.8} if known else {"color": UNKNOWN, "lw": 1.2, "ls": ":"}
    ax.plot(x, rise, zorder=4, label="profile", **style)
    labels.insert(0, Label("profile", style["color"], x, rise))
    ax.plot(*wald[:1], 0.0, "o", ms=5, color=INK, mec="white", mew=0.5, zorder=5)
    headline(ax, _finding(fit, name, interval), whole=whole)
    name_axes(ax, name, "rise of chi-squared" if fit.absolute_sigma else "rise of chi-squared / s²")
    state(ax, _statement(fit, name, interval, level), whole=whole)
    ax.figure.canvas.figure.draw_without_rendering()
    place_labels(ax, labels, np.array([[wald[0], 0.0]]))
    return ax


def _rise(profile: Profile, interval: Interval, t: float) -> tuple[np.ndarray, np.ndarray]:
    """The squared tau along the parameter, each point started from its neighbor."""
    center = float(profile.point.theta[profile.index])
    problem, index = profile.problem, profile.index
    sides = []
    for end, bound, sign in (
        (interval.lo, problem.lower[index], -1.0),
        (interval.hi, problem.upper[index], +1.0),
    ):
        finite = np.isfinite(end) and end != center
        far = center + _BEYOND * (end - center) if finite else center + sign * (
            _OPEN * t * profile.stderr)  # fmt: skip
        far = max(far, bound) if sign < 0 else min(far, bound)
        near, points = None, []
        for value in np.linspace(center, far, _POINTS + 1)[1:] if far != center else ():
            with np.errstate(all="ignore"):
                near = profile.at(float(value), near)
            points.append((near.value, near.tau**2))
            near = near if np.isfinite(near.cost) else None
        sides.append(points)
    x, rise = np.array([*reversed(sides[0]), (center, 0.0), *sides[1]]).T
    return _smooth(x, np.where(np.isfinite(rise), rise, np.nan))


def _smooth(x: np.ndarray, rise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ten points for each of the profile, by a monotone curve through the signed roots."""
    from scipy.interpolate import PchipInterpolator

    center = int(np.nanargmin(rise))
    tau = np.sqrt(rise) * np.where(np.arange(len(x)) < center, -1.0, 1.0)
    good = np.isfinite(tau)
    if good.sum() < 3:
        return x, rise
    dense = np.linspace(x[good][0], x[good][-1], 10 * len(x))
    return dense, PchipInterpolator(x[good], tau[good])(dense) ** 2


def _draw_ends(ax: Any, interval: Interval, height: float) -> None:
    color = BAND[interval.kind]
    low, high = ax.get_xlim()
    left, right = max(interval.lo, low), min(interval.hi, high)
    ax.hlines(height, left, right, color=color, lw=1.2, zorder=2)
    ax.fill_between([left, right], 0.0, height, color=color, alpha=0.10, lw=0, zorder=1)
    for end in (interval.lo, interval.hi):
        if np.isfinite(end):
            ax.plot([end, end], [0.0, height], color=color, lw=0.9, zorder=2)


def _level_label(fit: Fit, name: str, interval: Interval, x: np.ndarray, height: float) -> Label:
    inside = x[(x >= interval.lo) & (x <= interval.hi)]
    assert interval.level is not None
    text = f"{percent(interval.level)}: {_bounds(fit, name, interval.lo, interval.hi)}"
    return Label(text, BAND[interval.kind], inside, np.full(len(inside), height))


def _bounds(fit: Fit, name: str, lo: float, hi: float) -> str:
    """To the place of the error, as in the table."""
    stderr = fit.stderr[name]
    known = np.isfinite(stderr) and stderr > 0
    return bounds(lo, hi, place_of(fit.params[name], stderr) if known else None)


def _finding(fit: Fit, name: str, interval: Interval) -> str:
    if interval.kind is Accuracy.UNKNOWN:
        return f"{name} is not determined: {interval.note}"
    value = fit.params[name]
    down, up = value - interval.lo, interval.hi - value
    if not (np.isfinite(down) and np.isfinite(up)):
        return (
            f"{name}: {_bounds(fit, name, interval.lo, interval.hi)}, the data set no other limit"
        )
    if min(down, up) <= 0:
        return f"{name} is at its bound"
    unequal = max(down, up) / min(down, up) - 1.0
    if unequal <= _SYMMETRIC:
        return f"{name}: value ± error describes it well"
    side, other = ("above", "below") if up > down else ("below", "above")
    more = f"{max(down, up) / min(down, up):.2g} times as far {side} as {other}"
    return f"{name}: the interval reaches {more}"


def _statement(fit: Fit, name: str, interval: Interval, level: float) -> list[str]:
    if interval.kind is Accuracy.UNKNOWN:
        return ["No honest statement on accuracy can be made."]
    value, stderr = fit.params[name], fit.stderr[name]
    profile = f"{name} = {asymmetric(value, interval.lo, interval.hi)}"
    first = f"{profile} at {percent(level)} by the profile ({interval.kind})"
    if np.isfinite(stderr):
        half = fit.quantile(level) * stderr
        wald = _bounds(fit, name, value - half, value + half)
        first += f";  {value_error(value, stderr)}, Wald {wald}"
    return [
        first,
        "Solid: the least chi-squared with the parameter held there, the others free.",
    ]
