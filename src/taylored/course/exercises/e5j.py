"""5J: the error of the line at a place, and that of a new measurement."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from random import Random
from typing import Any

import numpy as np

from taylored.course.checking import Case, Code, Exercise, Parameters, Wrong
from taylored.course.exercises.bands import (
    FURTHER,
    both,
    near,
    of_line,
    of_new,
    right,
    seen,
    sums,
    two,
    with_sums,
)

__all__ = ["EXERCISE"]


def _inputs(rng: Random, p: Parameters) -> Case:
    count, first = rng.randint(5, 9), rng.uniform(0.7, 2.5)
    x = [round(first + 0.9 * i + rng.uniform(0.0, 0.5), 2) for i in range(count)]
    x0 = round(x[-1] + rng.uniform(0.4, 3.0), 2)
    return x, round(rng.uniform(0.3, 0.9), 2), x0


def _careless(n: int, mean: float, s: float, x0: float) -> float:
    return sqrt(1 / n + mean**2 / s + x0**2 / s)


def _about(middle: float, x: np.ndarray) -> tuple[float, float]:
    return middle, float(((x - middle) ** 2).sum())


def _product(times: float) -> Callable[..., list[float]]:
    """The covariance counted so many times; 2 is right."""

    def form(n: int, mean: float, s: float, x0: float) -> float:
        return sqrt(abs(1 / n + (mean**2 + x0**2 - times * x0 * mean) / s))

    return of_line(form)


def _raw(form: Callable[[int, float, float, float, float], float]) -> Callable[..., list[float]]:
    """A wrong error of the line that is no multiple of sigma."""

    def model(p: Parameters, x: Any, sigma: float, x0: float) -> list[float]:
        return both(form(*sums(x), x0, sigma), sigma)

    return model


def _quadratic(order: int, inverse: bool) -> Callable[[int, float, float, float, float], float]:
    """g C g with the entries of g exchanged, or with a matrix that was not inverted."""

    def form(n: int, mean: float, s: float, x0: float, sigma: float) -> float:
        matrix = np.array([[n, n * mean], [n * mean, s + n * mean**2]]) / sigma**2
        g = np.array([1.0, x0][::order])
        return sqrt(float(g @ (np.linalg.inv(matrix) if inverse else matrix) @ g))

    return form


EXERCISE = Exercise(
    id="5J",
    title="A band around the line",
    answer=Code(
        name="band",
        starter="import numpy as np\n\n\ndef band(x, sigma, x0):\n    return ..., ...\n",
        returns="two numbers: the standard error of the line at x0, and the standard deviation of "
        "a new measurement there",
    ),
    inputs=_inputs,
    right=right,
    tolerance=1e-5,
    wrong=[
        Wrong(
            name="The two are exchanged",
            model=lambda p, x, sigma, x0: right(p, x, sigma, x0)[::-1],
            hint="Both of your numbers are right, but they stand in the wrong order: asked was "
            "the error of the line first, then that of a new measurement. The two can "
            "always be told apart by their size. A new measurement misses the fitted line "
            "by the line's error and by its own, so its number is the larger one, and never "
            "smaller than sigma. The error of the line may be much smaller than sigma: with "
            "many points, in the middle of the data, it goes to zero. Exchange the two in "
            "the return, and if you keep them in variables, give them names that say which "
            "is which.",
        ),
        Wrong(
            name="m and c are treated as independent",
            model=of_line(_careless),
            others=[
                of_line(lambda n, mean, s, x0: sqrt(1 / n + mean**2 / s) + abs(x0) / sqrt(s)),
                of_line(lambda n, mean, s, x0: sqrt(1 / n + mean**2 / s + abs(x0) / s)),
            ],
            hint="You have added the squared error of the intercept and x0 squared times the "
            "squared error of the slope. That would be right if the two errors had nothing "
            "to do with each other. But they hang together closely: when the line starts too "
            "high, it also falls too steeply, and in the middle of the data the two nearly "
            "cancel. Your band is too wide, even in the middle of the data, where the line "
            "is known best. Either add the third term with the covariance, twice x0 times "
            "the covariance of m and c, which is negative, or count from the mean of x, "
            "where there is no such term.",
        ),
        Wrong(
            name="The distance is counted from zero",
            model=of_line(lambda n, mean, s, x0: sqrt(1 / n + x0**2 / s)),
            others=[of_line(lambda n, mean, s, x0: abs(x0) / sqrt(s))],
            hint="The form of your error is right, but the distance in it is x0 itself, counted "
            "from zero. Zero is just where somebody put the beginning of the axis. What "
            "matters is how far the place is from the middle of the data, because that is "
            "where the seesaw is held. Move all places and x0 by ten: nothing about the "
            "situation has changed, and the band must be the same, but yours becomes much "
            "wider. In the middle of the data the error should be smallest, sigma over the "
            "root of the number of points. Where is the smallest error of yours?",
        ),
        Wrong(
            name="The same error everywhere",
            model=of_line(lambda n, mean, s, x0: sqrt(1 / n)),
            others=[
                of_line(lambda n, mean, s, x0: sqrt(1 / n + mean**2 / s)),
                of_line(lambda n, mean, s, x0: sqrt(1 / s)),
            ],
            hint="Your error of the line is sigma over the root of the number of points, whatever "
            "x0 is. That is its error in the middle of the data, and there it is right. But "
            "the slope is uncertain as well, and at some distance from the middle an error "
            "of the slope lifts or lowers the line: the farther out, the more. So a second "
            "term is needed under the root, made of the distance from the mean and the error "
            "of the slope. Look at the band in the figure: it is narrow in the middle and "
            "opens up to both sides like a bow tie, while yours is a stripe.",
        ),
        Wrong(
            name="Only the slope is uncertain",
            model=of_line(lambda n, mean, s, x0: abs(x0 - mean) / sqrt(s)),
            hint="You have taken the error of the slope times the distance from the mean. That is "
            "one of two parts, and far out it is the larger one. But at the mean itself your "
            "formula says that the line is known without any error, as if it were nailed to "
            "that point. The height there is the mean of the measured values, and each of "
            "them has an error, so their mean has one too. It is independent of the error of "
            "the slope, and so the squares of the two parts are to be added under one root. "
            "Which term is missing?",
        ),
        Wrong(
            name="The mean square instead of the sum of squares",
            model=of_line(lambda n, mean, s, x0: sqrt(1 / n + (x0 - mean) ** 2 * n / s)),
            others=[
                of_line(lambda n, mean, s, x0: sqrt(1 / n + (x0 - mean) ** 2 * (n - 1) / s)),
                of_line(lambda n, mean, s, x0: sqrt(1 / n + (x0 - mean) ** 2 / sqrt(s / n))),
            ],
            hint="In the second term under the root you divide by the mean of the squared "
            "distances, as np.var gives it, and not by their sum. Then additional points "
            "would not make the slope any surer, as long as they have the same spread; in "
            "truth each one adds its own squared distance. Take every point of the data "
            "twice: both terms under the root must become half as large. Your first term "
            "does, the second one does not. Multiply np.var by the number of points, or put "
            "a factor of one over n in front of the whole root, which is a common way to "
            "write the formula.",
        ),
        Wrong(
            name="A new point gets the error of the line",
            model=of_new(lambda line, sigma: line),
            hint="You return the same number twice. The first one is right: it says how well the "
            "line itself is known. A new measurement at x0 does not fall on the line, not "
            "even on the true one; it has its own error, with the same sigma as all others. "
            "This comes on top of the error of the line, and since the two are independent, "
            "their squares are added. A test: imagine a million data points. The line is "
            "then known perfectly, so the first number goes to zero. What must the second "
            "number be in that case, for a measurement that is not better than the others?",
        ),
        Wrong(
            name="Errors are added instead of their squares",
            model=of_new(lambda line, sigma: line + sigma),
            hint="You add sigma to the error of the line. Both parts are needed, but two "
            "independent errors are seldom at their worst in the same direction: now and "
            "then they even cancel. Their squares add up, like the two short sides of a "
            "right triangle, and the root is taken at the end. With the sides 3 and 4 the "
            "long side is 5, not 7. Your first number is right, and for the second one you "
            "have the right ingredients; only the way of putting them together has to "
            "change. The result must be larger than each of the two, but smaller than their "
            "sum.",
        ),
        Wrong(
            name="A new point gets its own error only",
            model=of_new(lambda line, sigma: sigma),
            hint="Your second number is sigma, the error of the new measurement. It would be "
            "right if the true line were known, but the prediction is counted from the "
            "fitted line, and that has an error of its own, which is your first number. Both "
            "make the new point miss the prediction, and they are independent. Far from the "
            "data the error of the line can be much larger than sigma; your second number "
            "would be smaller than the first then, as if a new measurement were better known "
            "than the line that predicts it. How are two independent errors put together?",
        ),
        Wrong(
            name="The roots are missing",
            model=lambda p, x, sigma, x0: [v**2 for v in right(p, x, sigma, x0)],
            others=[
                of_line(lambda n, mean, s, x0: 1 / n + (x0 - mean) ** 2 / s),
                two(lambda v, sigma: [v[0], v[0] + sigma**2]),
            ],
            hint="You return the squares of what was asked: variances instead of standard errors. "
            "They come up naturally on the way, because squares are what can be added, and "
            "it is easy to stop one step too early. Check the unit: for the candle a "
            "standard error must be in centimeters, so that it can stand behind a length "
            "with a plus-or-minus sign, and yours would be in square centimeters. Or double "
            "sigma: all errors should then double, while your numbers become four times as "
            "large. The last step is the same for both numbers.",
        ),
        Wrong(
            name="The sum of squares is not counted from the mean",
            model=with_sums(lambda x, x0: (float(x.mean()), float(x @ x))),
            others=[
                with_sums(lambda x, x0: (float(x.mean()), float(((x - x0) ** 2).sum()))),
                with_sums(lambda x, x0: (float(x.mean()), float(x.sum() - x.mean()) ** 2)),
                with_sums(lambda x, x0: (float(x.mean()), float(x.sum()) ** 2)),
                with_sums(lambda x, x0: (float(x.mean()), float(np.abs(x - x.mean()).sum()))),
                with_sums(lambda x, x0: (0.0, float(x @ x))),
                with_sums(lambda x, x0: (float(x.mean()), 1.0)),
            ],
            hint="The sum below the second term is another one than it should be. It holds the "
            "squared distances of the measured places from their own mean: how far the "
            "points are spread, and with this how well the slope is known. The new place x0 "
            "has no part in it, since nothing was measured there. Nor has zero: where the "
            "axis begins says nothing about the spread. Each distance is taken first, then "
            "squared, then they are added. For x = 1, 2, 3, 4 the mean is 2.5, the "
            "distances are -1.5, -0.5, 0.5 and 1.5, and the sum of their squares is 5. Let "
            "your function print this number for the candle.",
        ),
        Wrong(
            name="Another place than the mean is taken for the middle",
            model=with_sums(lambda x, x0: _about(float(np.median(x)), x)),
            others=[
                with_sums(lambda x, x0: (float(x[-1]), _about(float(x.mean()), x)[1])),
                with_sums(lambda x, x0: (float(x[0]), _about(float(x.mean()), x)[1])),
                with_sums(lambda x, x0: (float(np.median(x)), _about(float(x.mean()), x)[1])),
                with_sums(lambda x, x0: (0.5 * float(x[0] + x[-1]), _about(float(x.mean()), x)[1])),
                with_sums(lambda x, x0: _about(0.5 * float(x[0] + x[-1]), x)),
                with_sums(lambda x, x0: _about(float(x[0]), x)),
                with_sums(lambda x, x0: _about(float(x[-1]), x)),
            ],
            hint="Your formula has the right form, but its middle is not the mean of the places. "
            "You may have taken the median, the middle of the range, or the first or last "
            "point. For evenly spaced places all of these but the ends agree, so the "
            "mistake does not show in the example. The mean is special: counted from it, "
            "the distances add up to zero, and only then are the error of the height in the "
            "middle and the error of the slope independent, so that their squares can be "
            "added without a third term. Try uneven places, such as 1, 2, 3 and 10, where "
            "the mean is 4.",
        ),
        Wrong(
            name="Sigma is missing, or comes in otherwise",
            model=two(lambda v, sigma: [v[0] / sigma, sqrt((v[0] / sigma) ** 2 + sigma**2)]),
            others=[
                of_new(lambda line, sigma: sqrt(line**2 + 1)),
                two(lambda v, sigma: [v[0] / sigma, v[1] / sigma]),
                two(lambda v, sigma: both(v[0] / sqrt(sigma), sigma)),
                two(lambda v, sigma: both(v[0] * sigma, sigma)),
            ],
            hint="The part of your formula that is made of places is right, but sigma does not "
            "come in as it should. All errors here are made of the errors of the "
            "measurements, so if sigma is doubled, both numbers must double. Sigma stands "
            "in front of the root as a plain factor, or, which is the same, inside the root "
            "as sigma squared, in front of both terms. With matrices it is in the "
            "covariance: the inverse of the matrix of places, times sigma squared. Without "
            "it you have the error for measurements with sigma = 1. Call your function "
            "twice, with sigma 0.2 and with 0.4, and compare the answers.",
        ),
        Wrong(
            name="The interval instead of the standard error",
            model=two(lambda v, sigma: [1.96 * v[0], v[1]]),
            others=[
                two(lambda v, sigma: [2 * v[0], sqrt((2 * v[0]) ** 2 + sigma**2)]),
                two(lambda v, sigma: [v[0], 2 * v[1]]),
                two(lambda v, sigma: [1.96 * v[0], 1.96 * v[1]]),
                two(lambda v, sigma: [v[0], 1.96 * v[1]]),
                two(lambda v, sigma: [1.96 * v[0], sqrt((1.96 * v[0]) ** 2 + sigma**2)]),
                two(lambda v, sigma: [-1.96 * v[0], 1.96 * v[0]]),
            ],
            hint="There is a factor 1.96, or 2, in your answer: you return how far a 95 % band "
            "reaches. "
            "It is what one draws, but it was not asked for. The standard error is one "
            "sigma of the line's height at this place; a band of 95 % reaches 1.96 of them "
            "up and as many down. Mind the order, too: the factor belongs to the very end, "
            "after the squares have been added, because sigma is one sigma as well, and two "
            "different kinds of widths cannot be added. Leave the factor out, return the "
            "two plain numbers, and let the one who draws the band multiply them.",
        ),
        Wrong(
            name="The gradient and the covariance matrix are in different orders",
            model=_raw(_quadratic(-1, True)),
            hint="The formula, gradient times covariance times gradient, is the right one, but its "
            "pieces do not fit together. The line's height is c + m x0, so its derivative by c is "
            "1 and by m it is x0. The gradient is (1, x0) where the matrix has c first, and "
            "(x0, 1) where it has m first. You have one order in the gradient and the other in "
            "the matrix. Look up what your matrix has first: np.polyfit gives the highest power "
            "first, so m comes before c; a matrix made of the sums usually has n in its first "
            "corner, and then c comes first. At the mean of x the result must be sigma over the "
            "root of n.",
        ),
        Wrong(
            name="The term with the covariance is not right",
            model=_product(-2.0),
            others=[_product(1.0), _product(-1.0), _product(4.0)],
            hint="You take m and c with their errors and their covariance, which is a good way, "
            "but the third term is not right. Written out, the square of the error of m x + "
            "c is the squared error of c, plus x0 squared times the squared error of m, "
            "plus twice x0 times the covariance. The covariance is negative as long as the "
            "data lie to the right of zero, so the term makes the sum smaller. Two things "
            "go wrong easily: the 2 or the sign gets lost, or the gradient (1, x0) does not "
            "stand in the same order as the rows of the matrix. At the mean of x the result "
            "must be sigma over the root of n.",
        ),
        Wrong(
            name="The matrix was not inverted",
            model=_raw(_quadratic(1, False)),
            others=[_raw(_quadratic(-1, False))],
            hint="You multiply the gradient with the matrix of the normal equations itself. That "
            "matrix is large where the data say much, so your band would become wider with "
            "every point that is added, and it should become narrower. What is needed in "
            "the middle is the covariance, and this is the inverse: what the data feel "
            "strongly, they determine well. Invert the matrix first, with np.linalg.inv, "
            "then multiply with the gradient from both sides, then take the root. A quick "
            "test: take every point of the data twice. The error of the line must shrink by "
            "the root of two.",
        ),
        Wrong(
            name="The number of points minus two",
            model=of_line(lambda n, mean, s, x0: sqrt(1 / (n - 2) + (x0 - mean) ** 2 / s)),
            others=[of_line(lambda n, mean, s, x0: sqrt(1 / (n - 1) + (x0 - mean) ** 2 / s))],
            hint="You have put the number of points minus one or two where the number of points "
            "belongs. This subtraction has its place elsewhere: if sigma is not known, it "
            "is estimated from the residuals, and because the line was fitted to the same "
            "points they come out a little too small. Here sigma is known. The first term "
            "under the root is the error of the mean of all measured values, and n "
            "independent errors, added and divided by n, leave sigma over the root of n. "
            "With two points, n - 2 would be zero, and yet the line through two points has "
            "a perfectly good error in the middle between them.",
        ),
        Wrong(
            name="The squares of the distances are missing",
            model=of_line(lambda n, mean, s, x0: sqrt(1 / n + abs(x0 - mean) / s)),
            others=[
                of_line(lambda n, mean, s, x0: 1 / n + abs(x0 - mean) / sqrt(s)),
                of_line(lambda n, mean, s, x0: sqrt(1 / n + ((x0 - mean) / s) ** 2)),
                of_line(lambda n, mean, s, x0: sqrt(1 / n + (x0**2 - mean**2) / s)),
                of_line(lambda n, mean, s, x0: sqrt(1 / n) + abs(x0 - mean) / sqrt(s)),
                of_line(lambda n, mean, s, x0: sqrt(1 / n) + (x0 - mean) ** 2 / s),
            ],
            hint="Your formula has the two parts, the height in the middle and the distance from "
            "it, but they are not put together as squares. An error of the slope is "
            "multiplied by the distance, so the error it makes at x0 is sigma times the "
            "distance over the root of the sum of squares. The height in the middle has its "
            "own error, sigma over the root of n. The two are independent: their squares "
            "are added, and one root is taken at the end. So the distance is squared under "
            "the root, and the root covers both terms. In the lesson's example 0.25 and "
            "2.45 are added before the root is taken.",
        ),
        *FURTHER,
        Wrong(
            name="The second number follows, the first is wrong",
            when=seen(
                lambda got, wanted, s: (
                    not near(got[0], wanted[0]) and near(got[1], sqrt(got[0] ** 2 + s**2))
                )
            ),
            last=True,
            hint="Your second number follows from the first as it should: the square of sigma "
            "was added under the root. So only the error of the line is left to mend, and "
            "the second number will then be right by itself. It has two parts. In the "
            "middle of the data the line is as high as the mean of the measurements, with "
            "the error sigma over the root of n. Away from it an error of the slope, sigma "
            "over the root of the sum of squares, is multiplied by the distance from the "
            "mean. Add the squares of the two parts and take the root. For the candle after "
            "six hours the lesson finds 0.25 + 2.45 under the root.",
        ),
        Wrong(
            name="The first number is right, the second is not",
            when=seen(lambda got, wanted, s: near(got[0], wanted[0])),
            last=True,
            hint="The error of the line is right, and that is the harder part. A new measurement "
            "at x0 is counted from the fitted line. It misses it for two reasons: the line "
            "is not where the truth is, with the error that you have just computed, and the "
            "measurement has an error of its own, sigma, like all others. The two are "
            "independent, so the squares are added, and a root is taken: the first number "
            "squared, plus sigma squared, under one root. Nothing else comes in, neither "
            "the number of points once more nor a factor. The result is larger than each of "
            "the two and smaller than their sum.",
        ),
    ],
    again="The line counted from the mean: its height in the middle and its slope have "
    "independent errors. Add the squares. For a new measurement add the square of sigma as "
    "well.",
    worked="With $S = \\sum_i (x_i - \\bar x)^2$ the line has the error $\\sigma\\sqrt{1/n + (x_0 "
    "- \\bar x)^2/S}$, and a new measurement adds its own $\\sigma^2$:\n\n"
    "```python\n"
    "import numpy as np\n\n\n"
    "def band(x, sigma, x0):\n    "
    "mean = np.mean(x)\n    "
    "s = np.sum((x - mean) ** 2)\n    "
    "line = sigma * np.sqrt(1 / len(x) + (x0 - mean) ** 2 / s)\n    "
    "return line, np.sqrt(line**2 + sigma**2)\n"
    "```",
)
