"""Models of 5A: what is made of the residuals of a line, and mistakes in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import gammainc, gammaincc

from taylored.course.checking import Case, Parameters, Wrong

__all__ = ["FURTHER", "anew", "last_divided", "of_line", "of_pulls", "of_values", "parentheses"]
__all__ += ["squares_apart"]


def misses(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """The residuals, and the sigmas."""
    x, y, sigma, m, c = case
    return np.asarray(y) - m * np.asarray(x) - c, np.asarray(sigma)


def of_pulls(change: Callable[[np.ndarray, np.ndarray], Any]) -> Callable[..., Any]:
    """A model made of the residuals and the sigmas."""
    return lambda p, *case: change(*misses(case))


def parentheses(p: Parameters, *case: Any) -> float:
    r, sigma = misses(case)
    return float((((r + 2 * case[4]) / sigma) ** 2).sum())


def of_line(line: Callable[..., np.ndarray]) -> Callable[..., float]:
    """A model whose residuals are made of x, y, m and c."""

    def model(p: Parameters, *case: Any) -> float:
        x, y, sigma, m, c = case
        r = line(np.asarray(x), np.asarray(y), m, c)
        return float(((r / np.asarray(sigma)) ** 2).sum())

    return model


def of_values(form: Callable[..., np.ndarray]) -> Callable[..., float]:
    """A model that adds up terms made of y, the heights of the line, and sigma."""

    def model(p: Parameters, *case: Any) -> float:
        x, y, sigma, m, c = case
        return float(form(np.asarray(y), m * np.asarray(x) + c, np.asarray(sigma)).sum())

    return model


squares_apart = of_values(lambda y, line, s: (y**2 - line**2) / s**2)


def last_divided(p: Parameters, *case: Any) -> float:
    """Sigma divides the intercept only."""
    x, y, sigma, m, c = case
    return float(((np.asarray(y) - m * np.asarray(x) - c / np.asarray(sigma)) ** 2).sum())


def anew(x: np.ndarray, y: np.ndarray, m: float, c: float) -> np.ndarray:
    """The residuals of the best line, whatever line was given."""
    u = x - x.mean()
    return y - y.mean() - (u @ y) / (u @ u) * u


def _sideways(form: Callable[..., np.ndarray]) -> Callable[..., float]:
    """A model that adds up terms made of the pulls, of m and c."""
    return lambda p, x, y, sigma, m, c: float(
        form((np.asarray(y) - m * np.asarray(x) - c) / np.asarray(sigma), m, np.asarray(x)).sum()
    )


def _not_zero(r: np.ndarray) -> np.ndarray:
    """The residuals, to divide by: drawn ones may be zero."""
    return np.where(r == 0, 1e-9, r)


def _of_spread(form: Callable[[float, float], float]) -> Callable[..., float]:
    """A model made of the sums of squares about the line and about the mean."""

    def model(p: Parameters, *case: Any) -> float:
        y = np.asarray(case[1])
        return form(float((misses(case)[0] ** 2).sum()), float(((y - y.mean()) ** 2).sum()))

    return model


def _times_a_number(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Chi-squared times a number that the number of points alone decides."""
    factors: dict[int, float] = {}
    for case, got in zip(cases, outputs, strict=True):
        if np.size(got) != 1 or not np.isfinite(got).all():
            return False
        r, sigma = misses(case)
        ratio = float(np.ravel(got)[0] / ((r / sigma) ** 2).sum())
        if ratio <= 0 or not np.isclose(factors.setdefault(len(r), ratio), ratio, rtol=1e-5):
            return False
    return len(factors) < len(cases)


FURTHER = [
    Wrong(
        name="The scatter of the misses instead of their squares",
        model=of_pulls(lambda r, s: np.var(r / s)),
        others=[
            of_pulls(lambda r, s: np.std(r / s)),
            of_pulls(lambda r, s: np.var(r / s, ddof=1)),
            of_pulls(lambda r, s: np.std(r / s, ddof=1)),
            of_pulls(lambda r, s: ((r / s - (r / s).mean()) ** 2).sum()),
            of_pulls(lambda r, s: (((r - r.mean()) / s) ** 2).sum()),
            of_pulls(lambda r, s: np.var(r)),
            of_pulls(lambda r, s: np.std(r)),
        ],
        hint="You measure how much the misses scatter about their own mean, with a variance or a "
        "standard deviation. These take the mean away first. But a mean of the misses that is "
        "not zero says that the line as a whole lies too high or too low, and this is a part of "
        "the misfit. A line that runs exactly two sigmas above every point would get 0 from "
        "you, as if it were perfect. In chi-squared every miss is counted from the line itself, "
        "in sigmas of its own point, and squared as it is. A variance divides by the number of "
        "points besides. Use the plain sum of squares, without taking anything away.",
    ),
    Wrong(
        name="The fraction stands on its head",
        model=of_pulls(lambda r, s: ((s / _not_zero(r)) ** 2).sum()),
        others=[
            of_pulls(lambda r, s: (s / _not_zero(r)).sum()),
            of_pulls(lambda r, s: np.abs(s / _not_zero(r)).sum()),
            of_pulls(lambda r, s: 1 / ((r / s) ** 2).sum()),
        ],
        hint="You divide by the misses, so a point that the line hits nearly exactly adds an "
        "enormous number, and one far away adds next to nothing. A measure of misfit has to do "
        "the opposite: it is zero where the line passes through a point and grows with the "
        "distance. The question to each point is, how many sigmas long is the miss? A miss of "
        "6 cm with a sigma of 2 cm is three sigmas long: the miss stands above the fraction "
        "line and sigma below it. Try a point on the line, with the residual zero: it must "
        "add 0, while your fraction cannot even be computed there.",
    ),
    Wrong(
        name="Sigma is added or subtracted",
        model=of_pulls(lambda r, s: (r**2 + s**2).sum()),
        others=[
            of_pulls(lambda r, s: (r**2 - s**2).sum()),
            of_pulls(lambda r, s: ((r - s) ** 2).sum()),
            of_pulls(lambda r, s: ((r + s) ** 2).sum()),
            of_pulls(lambda r, s: ((np.abs(r) - s) ** 2).sum()),
            of_pulls(lambda r, s: (np.maximum(np.abs(r) - s, 0) ** 2).sum()),
            of_pulls(lambda r, s: (r**2 / (1 + s**2)).sum()),
        ],
        hint="You put the miss and sigma together with a plus or a minus. Sigma is not a part of "
        "the miss that could be taken off or added. It is the measure with which the miss is "
        "compared, as a length is compared with a meter stick: the result says how many times "
        "sigma fits into the miss. That is a division, done for each point, before the square. "
        "A miss of 3 cm is large if sigma is 1 cm and harmless if sigma is 6 cm. Check the "
        "unit as well: what you return is in square centimeters, and chi-squared has to be a "
        "plain number.",
    ),
    Wrong(
        name="The distance is not the vertical one",
        model=_sideways(lambda v, m, x: v**2 / (1 + m**2)),
        others=[
            _sideways(lambda v, m, x: (v / m) ** 2),
            _sideways(lambda v, m, x: v**2 / m),
            _sideways(lambda v, m, x: v**2 / np.sqrt(1 + m**2)),
        ],
        hint="You have taken the shortest distance from the point to the line, or the one "
        "sideways, and the slope m comes into your result a second time. Here only y is "
        "uncertain: the time x is read from a clock and taken as exact, so a measurement can "
        "have slipped up or down but not sideways. The residual is therefore the vertical "
        "distance: measured value minus the height of the line at the same x. A distance at "
        "right angles would also mix centimeters and hours, and would change if you "
        "drew the same data in another scale. Leave the slope out of everything but "
        "the height of the line.",
    ),
    Wrong(
        name="The derivative instead of chi-squared",
        model=_sideways(lambda v, m, x: -2 * v),
        others=[
            lambda p, *case: (-2 * misses(case)[0] / misses(case)[1] ** 2).sum(),
            lambda p, *case: (-2 * misses(case)[0] / misses(case)[1] ** 2 * case[0]).sum(),
            lambda p, *case: (misses(case)[0] / misses(case)[1] ** 2 * case[0]).sum(),
            _sideways(lambda v, m, x: (v * x) ** 2),
            _sideways(lambda v, m, x: v**2 * x),
        ],
        hint="You have multiplied the misses by x or by minus two, as in the derivative of "
        "chi-squared by m or by c. The derivative says how chi-squared changes when the line is "
        "turned or lifted, and it is zero for the best line. That comes in the next lesson. "
        "Here the height of the paraboloid is asked for and not its slope: how badly does this "
        "one line fit? So the place x has only one task, to give the height of the line there; "
        "after the residual is made it is not needed any more. Each point adds the square of "
        "its miss, counted in its own sigma, whatever its place is.",
    ),
    Wrong(
        name="The probability of chi-squared instead of its value",
        model=of_pulls(lambda r, s: gammaincc((len(r) - 2) / 2, ((r / s) ** 2).sum() / 2)),
        others=[
            of_pulls(lambda r, s: gammaincc((len(r)) / 2, ((r / s) ** 2).sum() / 2)),
            of_pulls(lambda r, s: gammaincc((len(r) - 1) / 2, ((r / s) ** 2).sum() / 2)),
            of_pulls(lambda r, s: gammainc((len(r) - 2) / 2, ((r / s) ** 2).sum() / 2)),
        ],
        hint="You return a probability: how often chance alone would give a chi-squared as large "
        "as this one, or as small. To find it you had to compute chi-squared first, and that is "
        "what the question asks for. The probability belongs to the judgment that comes later, "
        "and it needs the degrees of freedom, about which nothing is said here: the line may "
        "have been fitted, or it may have been guessed by a friend. A probability lies between "
        "0 and 1, while chi-squared is about as large as the number of points for a good line. "
        "Return the number that you handed to the distribution.",
    ),
    Wrong(
        name="The coefficient of determination instead",
        model=_of_spread(lambda left, total: 1 - left / total),
        others=[_of_spread(lambda left, total: left / total)],
        hint="You compare the misses with the scatter of the measured values about their mean. "
        "That is the coefficient of determination, often written as R squared: it says what "
        "part of the ups and downs the line explains. Spreadsheets print it beside every line. "
        "But it knows nothing of the sigmas, so it cannot say whether the misses are larger "
        "than the measurements allow: a poor model may reach 0.99 and a perfect one 0.3. "
        "Chi-squared compares each miss with the sigma of its own point. The values of y come "
        "in only through the residuals, and the mean of y does not come in at all.",
    ),
    Wrong(
        name="The sum is multiplied or divided by something",
        when=_times_a_number,
        last=True,
        hint="Your result is chi-squared times a number that is the same for all data with the "
        "same number of points. So the residuals are right, sigma divides them, the squares are "
        "taken and added up, and only a factor is too much. It may stand in front of the sum, "
        "or it came in with sigma: a sigma that was doubled to cover 95 %, or turned into "
        "percent, changes every term by the square of that number. It may also be the number of "
        "points. Sigma is used as it is given, and nothing is in front of the sum. With one "
        "point that misses by one sigma, the answer is 1.",
    ),
]
