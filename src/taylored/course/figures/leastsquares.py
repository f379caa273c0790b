"""What the figures on regression share: fits of dragged points, ellipses, numbers with digits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from statistics import NormalDist

import numpy as np

from taylored.course.figures import said
from taylored.course.kit import Reading, Statement
from taylored.course.kit.scene import Layer
from taylored.regression import Fit, line
from taylored.regression.findings import goodness_findings, parameter_findings
from taylored.report import numbers
from taylored.results import Accuracy, Interval

__all__ = [
    "NORMAL_95",
    "PAIR_95",
    "about",
    "believable",
    "between",
    "chance",
    "chi_squared_exactly",
    "columns",
    "ellipse",
    "exactly_known",
    "fitted_line",
    "level_lines",
    "lost",
    "parameter",
    "verdict",
]

Point = tuple[float, float]
NORMAL_95 = NormalDist().inv_cdf(0.975)  # standard errors to each side of 95 % of a bell curve
PAIR_95 = -2.0 * math.log(0.05)  # rise of chi-squared around 95 % of two parameters at once
_RARE = 1e-3  # chance of a chi-squared below which model and sigma are not believed
_EARNED = {"wald-t": "standard error times the quantile", "profile-t": "profile of chi-squared"}


def columns(places: Sequence[Point]) -> tuple[np.ndarray, np.ndarray]:
    """The points of a control as two arrays."""
    both = np.asarray(places, dtype=float).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def fitted_line(x: np.ndarray, y: np.ndarray, sigma: np.ndarray | float | None) -> Fit | None:
    """The line of least chi-squared by the library; None where the points do not determine it."""
    found = line(x, y, sigma=sigma)
    return found if found.usable else None


def about(
    name: str, label: str, value: float, digits: int = 4, plain: str = "float64 arithmetic"
) -> Reading:
    """A number that arithmetic gave, to the digits shown; all of them are right."""
    return said.digits(name, label, value, 1e-9 * abs(value), plain=plain, places=digits)


def chance(name: str, label: str, p: float) -> Reading:
    """A probability to two digits, never written as 0 or 1."""
    if not math.isfinite(p):
        return Reading.unknown(name, label, "too few points to tell")
    text = numbers.p_value(p).removeprefix("p ").replace("= ", "≈ ")
    slack = 0.01 * min(p, 1.0 - p) + 1e-12
    return Reading(name, label, p, Accuracy.ESTIMATED, text, p - slack, p + slack, None,
                   "the distribution of chi-squared")  # fmt: skip


def exactly_known(name: str, label: str, value: Fraction, plain: str) -> Reading:
    """A rational number computed without rounding; its ends are rounded outward."""
    near = float(value)
    lo = near if Fraction(near) <= value else float(np.nextafter(near, -math.inf))
    hi = near if Fraction(near) >= value else float(np.nextafter(near, math.inf))
    return said.within(name, label, (lo, hi), plain)


def chi_squared_exactly(
    data: tuple[Sequence[float], Sequence[float], Sequence[float]],
    slope: Fraction,
    intercept: Fraction,
) -> Fraction:
    """Chi-squared of a line, as a fraction: the data (x, y, sigma) as the floats they are."""
    return sum(
        (
            ((Fraction(y) - slope * Fraction(x) - intercept) / Fraction(s)) ** 2
            for x, y, s in zip(*data, strict=True)
        ),
        Fraction(0),
    )


def believable(fit: Fit) -> bool:
    """Whether chi-squared allows to take model and sigma, and so the intervals, at their word."""
    return not fit.p_value < _RARE


def parameter(name: str, label: str, fit: Fit, of: str, *, simulated: bool = False) -> Reading:
    """A fitted parameter with its 95 % interval, as the library states it.

    It is a mere estimate where chi-squared is too large for chance, unless the data are
    `simulated` with this model and sigma.
    """
    interval, value = fit.interval(of), fit.params[of]
    if interval.kind is not Accuracy.CALIBRATED:
        return Reading.unknown(name, label, interval.note or "the data set no limit")
    if math.isinf(interval.lo) and math.isinf(interval.hi):
        return Reading.unknown(name, label, "the data set no limit on either side")
    if not (simulated or believable(fit)) and math.isfinite(interval.width):
        half = max(interval.hi - value, value - interval.lo)
        return Reading.estimated(name, label, value, half, "chi-squared speaks against it")
    if math.isfinite(interval.width):
        return Reading.calibrated(name, label, value, interval, plain=_earned(interval))
    text = f"{numbers.bounds(interval.lo, interval.hi)} (95 %)"
    return Reading(name, label, value, Accuracy.CALIBRATED, text, interval.lo, interval.hi, 0.95,
                   _earned(interval))  # fmt: skip


def _earned(interval: Interval) -> str:
    return _EARNED.get(interval.method, interval.method)


def verdict(fit: Fit, names: dict[str, str]) -> list[Statement]:
    """What the library says of a fit: intervals, digits, and whether chi-squared is believable."""
    spreads = ", ".join(f"{label} {_spread(fit, name)}" for name, label in names.items())
    if believable(fit):
        found = [Statement(Accuracy.CALIBRATED, f"If model and sigma are right: {spreads} (95 %).")]
    else:
        found = [Statement(Accuracy.ESTIMATED, f"At best, if sigma is right after all: {spreads}.")]
    digits = min(int(fit.digits[name]) for name in names)
    found.append(Statement(Accuracy.ESTIMATED,
                           f"The arithmetic is right to {digits} digits: it is not what limits "
                           "the answer."))  # fmt: skip
    for finding in (*goodness_findings(fit), *parameter_findings(fit)):
        kind = Accuracy.CALIBRATED if finding.severity == "note" else Accuracy.UNKNOWN
        found.append(Statement(kind, f"{finding.message[:1].upper()}"
                               f"{finding.message[1:]} {finding.next_step}".strip()))  # fmt: skip
    return found


def between(fit: Fit, name: str) -> str:
    """The 95 % interval of a parameter, its ends rounded outward."""
    return numbers.bounds(*fit.interval(name))


def _spread(fit: Fit, name: str) -> str:
    lo, hi = fit.interval(name)
    value = fit.params[name]
    if not math.isfinite(hi - lo):
        return numbers.bounds(lo, hi)
    if math.isclose(hi - value, value - lo, rel_tol=0.02):
        return numbers.value_error(value, 0.5 * (hi - lo))
    return numbers.asymmetric(value, lo, hi)


def lost(name_labels: dict[str, str], why: str) -> list[Reading]:
    """Readings for what cannot be determined."""
    return [Reading.unknown(name, label, why) for name, label in name_labels.items()]


def ellipse(center: Point, covariance: np.ndarray, rise: float, count: int = 73) -> np.ndarray:
    """Where chi-squared has risen by `rise`, (2, count): for a line this is an exact ellipse."""
    turn = np.linspace(0.0, 2.0 * math.pi, count)
    root = np.linalg.cholesky(covariance)
    around = math.sqrt(rise) * root @ np.array([np.cos(turn), np.sin(turn)])
    return around + np.asarray(center, dtype=float)[:, None]


def level_lines(center: Point, covariance: np.ndarray, rises: Sequence[float]) -> Layer:
    """The contour lines of chi-squared of a straight line: ellipses, drawn without a grid."""
    lines = []
    for rank, rise in enumerate(rises):
        x, y = ellipse(center, covariance, rise)
        lines.append({"rank": rank, "level": rise, "x": [float(f"{v:.5g}") for v in x],
                      "y": [float(f"{v:.5g}") for v in y]})  # fmt: skip
    return {"type": "contours", "lines": lines, "count": len(lines)}
