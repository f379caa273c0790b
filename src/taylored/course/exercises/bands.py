"""Models of 5J: the error of the line and of a new measurement, and mistakes in them."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np

from taylored.course.checking import Case, Parameters, Wrong

__all__ = ["FURTHER", "both", "near", "of_line", "of_new", "right", "seen", "sums"]
__all__ += ["two", "with_sums"]


def sums(x: Any) -> tuple[int, float, float]:
    x = np.asarray(x)
    return len(x), float(x.mean()), float(((x - x.mean()) ** 2).sum())


def right(p: Parameters, x: Any, sigma: float, x0: float) -> list[float]:
    n, mean, s = sums(x)
    return both(sigma * sqrt(1 / n + (x0 - mean) ** 2 / s), sigma)


def both(line: float, sigma: float) -> list[float]:
    return [line, sqrt(line**2 + sigma**2)]


def of_line(form: Callable[[int, float, float, float], float]) -> Callable[..., list[float]]:
    """A wrong error of the line, in units of sigma, from n, mean, S and x0; the new point right."""

    def model(p: Parameters, x: Any, sigma: float, x0: float) -> list[float]:
        return both(sigma * form(*sums(x), x0), sigma)

    return model


def of_new(form: Callable[[float, float], float]) -> Callable[..., list[float]]:
    """The right error of the line, and a wrong one of the new point."""

    def model(p: Parameters, x: Any, sigma: float, x0: float) -> list[float]:
        line = right(p, x, sigma, x0)[0]
        return [line, form(line, sigma)]

    return model


def two(form: Callable[[list[float], float], list[float]]) -> Callable[..., list[float]]:
    """A model from the two right numbers and sigma."""
    return lambda p, x, sigma, x0: form(right(p, x, sigma, x0), sigma)


def with_sums(
    change: Callable[[np.ndarray, float], tuple[float, float]],
) -> Callable[..., list[float]]:
    """The formulas with another middle and another sum of squares."""

    def model(p: Parameters, x: Any, sigma: float, x0: float) -> list[float]:
        middle, s = change(np.asarray(x), x0)
        return both(sigma * sqrt(1 / len(x) + (x0 - middle) ** 2 / s), sigma)

    return model


def seen(form: Callable[[np.ndarray, list[float], float], bool]) -> Callable[..., bool]:
    """For `Wrong.when`: a property of the two numbers, the right ones and sigma, in every case."""

    def when(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
        if any(np.size(o) != 2 or not np.isfinite(o).all() for o in outputs):
            return False
        return all(
            form(np.ravel(o), right(p, *case), case[1])
            for o, case in zip(outputs, cases, strict=True)
        )

    return when


def near(a: float, b: float) -> bool:
    return bool(np.isclose(a, b, rtol=1e-5, atol=0))


def _counted_in(p: Parameters, x: Any, sigma: float, x0: float) -> list[float]:
    """x0 taken for a further point of the fit."""
    n, mean, s = sums([*x, x0])
    return both(sigma * sqrt(1 / n + (x0 - mean) ** 2 / s), sigma)


def _same_excess(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """The first is right; the squares of the second and first differ by another share of sigma²."""
    shares: dict[int, float] = {}
    for case, got in zip(cases, outputs, strict=True):
        if np.size(got) != 2 or not np.isfinite(got).all():
            return False
        first, second = np.ravel(got)
        share = float(second**2 - first**2) / case[1] ** 2
        if not near(first, right(p, *case)[0]) or share <= 1e-6:
            return False
        if not np.isclose(shares.setdefault(len(case[0]), share), share, rtol=1e-4):
            return False
    return len(shares) < len(cases)


FURTHER = [
    Wrong(
        name="A fraction is turned, or a product stands for a sum",
        model=of_line(lambda n, mean, s, x0: sqrt(1 / n + s / (x0 - mean) ** 2)),
        others=[
            of_line(lambda n, mean, s, x0: sqrt((x0 - mean) ** 2 / s / n)),
            of_line(lambda n, mean, s, x0: sqrt(1 / n + (x0 - mean) ** 2 * s)),
            of_line(lambda n, mean, s, x0: sqrt(n + s / (x0 - mean) ** 2)),
        ],
        hint="The two parts are there, but the second one does not grow as it should. Ask what "
        "must happen: farther from the middle of the data the line is known less well, so the "
        "distance stands above the fraction line. Places that are spread more widely make the "
        "slope surer, so their sum of squares stands below it. And the two parts are added, not "
        "multiplied: at the mean the second one is zero, and the error of the height has to be "
        "left over there, while a product would say that nothing is uncertain. Let your "
        "function run for x0 at the mean and for x0 far away, and look at the two numbers.",
    ),
    Wrong(
        name="The new measurement is already in the first number",
        model=two(lambda v, sigma: both(v[1], sigma)),
        others=[two(lambda v, sigma: [v[1], v[1]]), two(lambda v, sigma: [v[1], sigma])],
        hint="Your first number contains the 1 under the root, that is, the error of a new "
        "measurement. But the first question is about the line alone: how far may the fitted "
        "line be from the true one at x0? Nobody measures anything there. With more and more "
        "points this error goes to zero, and yours never gets smaller than sigma. In many books "
        "the formula with 1 + 1/n under the root stands beside the one with 1/n: the one is for "
        "a prediction, the other for the line. Both are wanted here, in two numbers: first "
        "without the 1, then with it, and the error of the measurement comes in only once.",
    ),
    Wrong(
        name="The first term is not one over n",
        model=of_line(lambda n, mean, s, x0: sqrt(1 / sqrt(n) + (x0 - mean) ** 2 / s)),
        others=[
            of_line(lambda n, mean, s, x0: sqrt(1 / n**2 + (x0 - mean) ** 2 / s)),
            of_line(lambda n, mean, s, x0: sqrt(n + (x0 - mean) ** 2 / s)),
            of_line(lambda n, mean, s, x0: sqrt(1 + (x0 - mean) ** 2 / s) / n),
            of_line(lambda n, mean, s, x0: sqrt((1 + (x0 - mean) ** 2 / s) / n)),
            of_line(lambda n, mean, s, x0: sqrt((1 / n + (x0 - mean) ** 2 / s) / n)),
            of_line(lambda n, mean, s, x0: sqrt(1 + n * (x0 - mean) ** 2 / s)),
            of_line(lambda n, mean, s, x0: sqrt(1 / n + (x0 - mean) ** 2 / s / n)),
        ],
        hint="The number of points does not come in as it should. In the middle of the data the "
        "line is as high as the mean of the n measurements, and the error of a mean is sigma "
        "over the root of n. Under the common root stands its square, so sigma squared over n: "
        "not over the root of n, and not over n squared. The second term, with the distance, "
        "has no n of its own, because the sum below it grows by itself with every point. So "
        "nothing is divided by n in front of the root either. Put x0 at the mean of x and test "
        "it: with four points, the first number must be half of sigma.",
    ),
    Wrong(
        name="The squared errors are subtracted",
        model=of_line(lambda n, mean, s, x0: sqrt(abs(1 / n - (x0 - mean) ** 2 / s))),
        others=[
            of_new(lambda line, sigma: sqrt(abs(line**2 - sigma**2))),
            of_new(lambda line, sigma: abs(line - sigma)),
        ],
        hint="You subtract where a plus belongs. It is true that something is subtracted here: "
        "x0 and the mean, or the new measurement and the fitted line. But errors are as often "
        "up as down, and a minus in front of an error that may have either sign changes "
        "nothing. Two independent errors therefore never cancel on average: their squares are "
        "added, whether the quantities are added or subtracted. Each result is larger than each "
        "of its two parts. Yours can be smaller, and at one place it is even zero, as if "
        "something were known there without any error. Look for the minus between the two "
        "squares.",
    ),
    Wrong(
        name="The new place is counted as a measured point",
        model=_counted_in,
        hint="You have put x0 among the measured places, so that the number of points, their "
        "mean and their sum of squares all contain it. But nothing has been measured at x0 when "
        "the line is fitted, and it cannot make the line any surer. Otherwise one could "
        "improve every fit by only thinking of further places. Fit first: n, the mean and the "
        "sum of squares are made of x alone. Then ask about x0: it comes in once, as the "
        "distance from that mean. A test: far away from the data your first number hardly grows "
        "any more, while the right one grows in proportion to the distance.",
    ),
    Wrong(
        name="The two errors are not put together by their squares",
        model=of_new(lambda line, sigma: sqrt(line + sigma)),
        others=[
            of_new(lambda line, sigma: 2 * line),
            of_new(lambda line, sigma: sigma * sqrt(2)),
            of_new(lambda line, sigma: max(line, sigma)),
            of_new(lambda line, sigma: (line + sigma) / 2),
            of_new(lambda line, sigma: line * sigma),
            of_new(lambda line, sigma: sqrt(line * sigma)),
            of_new(lambda line, sigma: line * sqrt(2)),
            of_new(lambda line, sigma: line * sqrt(1 + sigma**2)),
            of_new(lambda line, sigma: sqrt((line**2 + sigma**2) / 2)),
            of_new(lambda line, sigma: sqrt(line**2 + sigma)),
            of_new(lambda line, sigma: sqrt(line + sigma**2)),
        ],
        hint="Your first number is right. For the second one you have both errors, that of the "
        "line and that of the measurement, but you put them together in another way: their "
        "mean, their product, the larger of the two, or a root of what was not squared. Two "
        "independent errors are like the two short sides of a right triangle, and the total "
        "is the long side: square each, add, take one root. With 3 and 4 it is 5. The unit is "
        "a good check: in a sum under a root all terms must be squares of a length. And "
        "if one of the two errors is zero, the other must be left over.",
    ),
    Wrong(
        name="The new measurement brings sigma squared, once",
        when=_same_excess,
        hint="Your first number is right, and you add a variance to its square, as you should, "
        "but not the right one. A single new measurement has the standard deviation sigma, so "
        "it brings sigma squared: once, not twice, and not divided by the number of points. "
        "Dividing by n is for a mean of n measurements, and here there is only one. Adding one "
        "over n again is wrong too, since the error of the height in the middle is part of your "
        "first number already. A test: with a million points the line is known exactly, the "
        "first number is zero, and the second must then be sigma itself.",
    ),
]
