"""Models of 5C: the errors of slope and intercept from the places, and mistakes in them."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np

from taylored.course.checking import Parameters, Wrong

__all__ = ["FURTHER", "errors", "of_sums", "sums"]


def sums(x: Any) -> tuple[int, float, float]:
    """Points, mean, and the sum of squares about the mean."""
    x = np.asarray(x)
    return len(x), float(x.mean()), float(((x - x.mean()) ** 2).sum())


def errors(p: Parameters, x: Any, sigma: float) -> list[float]:
    n, mean, s = sums(x)
    return [sigma / sqrt(s), sigma * sqrt(1 / n + mean**2 / s)]


def of_sums(
    slope: Callable[[int, float, float], float] | None = None,
    start: Callable[[int, float, float], float] | None = None,
) -> Callable[..., list[float]]:
    """A model made of n, mean and S, in units of sigma; what is not given is right."""

    def model(p: Parameters, x: Any, sigma: float) -> list[float]:
        known = sums(x)
        found = errors(p, x, sigma)
        if slope:
            found[0] = sigma * slope(*known)
        if start:
            found[1] = sigma * start(*known)
        return found

    return model


def _carried(x: Any, sigma: float, arm: float) -> list[float]:
    """The error of the intercept with another lever arm."""
    n, _, s = sums(x)
    return [sigma / sqrt(s), sigma * sqrt(1 / n + arm**2 / s)]


FURTHER = [
    Wrong(
        name="The number of points stands in the wrong place",
        model=of_sums(start=lambda n, b, s: sqrt(n * b**2 / s + 1)),
        others=[
            of_sums(start=lambda n, b, s: sqrt(n * b**2 / s + 1) / n),
            of_sums(start=lambda n, b, s: sqrt(1 / (n - 2) + b**2 / s)),
            of_sums(start=lambda n, b, s: sqrt(1 / (n - 1) + b**2 / s)),
            of_sums(start=lambda n, b, s: sqrt(1 / sqrt(n) + b**2 / s)),
            of_sums(start=lambda n, b, s: sqrt(1 / n**2 + b**2 / s)),
            of_sums(start=lambda n, b, s: sqrt(n + b**2 / s)),
            of_sums(start=lambda n, b, s: sqrt(1 + b**2 / s)),
            of_sums(start=lambda n, b, s: sqrt(1 + 1 / n + b**2 / s)),
            of_sums(start=lambda n, b, s: sqrt((1 + b**2 / s) / n)),
            of_sums(start=lambda n, b, s: sqrt(1 / n + b**2 / s / n)),
        ],
        hint="The error of the slope is right. In that of the intercept the number of points "
        "does not come in as it should. The first term under the root is the squared error "
        "of a mean: n independent errors, added and divided by n, leave sigma over the "
        "root of n, and squared that is sigma squared over n. So it is one over n, not one, "
        "not one over the root of n, and not one over n minus two, which belongs to an "
        "unknown sigma. The second term has no n of its own. If you use the sum of the "
        "squares of x instead, remember to divide it by n once. For the candle the two "
        "terms are 0.25 and 1.25.",
    ),
    Wrong(
        name="The line is carried over another distance than the mean",
        model=lambda p, x, sigma: _carried(x, sigma, x[-1]),
        others=[
            lambda p, x, sigma: _carried(x, sigma, x[0]),
            lambda p, x, sigma: _carried(x, sigma, x[-1] - x[0]),
            lambda p, x, sigma: _carried(x, sigma, x[-1] - np.mean(x)),
            lambda p, x, sigma: _carried(x, sigma, x[0] - np.mean(x)),
            lambda p, x, sigma: _carried(x, sigma, np.median(x)),
            lambda p, x, sigma: _carried(x, sigma, float(np.std(x))),
        ],
        hint="The error of the slope is right, and your formula for the intercept has the "
        "right form, but the distance in it is another one. The line is known best at the "
        "mean of x. The intercept is its height at zero, so it has to be carried from the "
        "mean to zero, and an error of the slope is multiplied by this distance: by the "
        "mean of x. The first or the last point, the middle one or the length of the range "
        "are not asked. Imagine that all measurements were made near x = 10: then the lever "
        "arm is 10, however short the range is. For places 1, 2, 3 and 10 it is 4.",
    ),
    Wrong(
        name="The fraction stands on its head",
        model=of_sums(slope=lambda n, b, s: sqrt(s)),
        others=[
            of_sums(slope=lambda n, b, s: s),
            lambda p, x, sigma: [sqrt(sums(x)[2]) / sigma, errors(p, x, sigma)[1]],
            lambda p, x, sigma: [1 / v for v in errors(p, x, sigma)],
            lambda p, x, sigma: [sqrt(sums(x)[2]) * sigma, sigma * sqrt(sums(x)[0])],
        ],
        hint="Something stands above a fraction line that belongs below it. Think of what "
        "must happen when the places are pulled apart. A short stick is hard to aim, a "
        "long one is easy: the farther the points are from their mean, the better the "
        "slope is known, so its error must become smaller. In your formula it becomes "
        "larger. When sigma is doubled, on the other hand, both errors must double. So "
        "sigma stands above the line and the spread of the places below it. The unit shows "
        "it too: a slope of centimeters per hour needs an error in centimeters per hour, "
        "that is sigma divided by a time.",
    ),
]
