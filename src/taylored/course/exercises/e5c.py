"""5C: the standard errors of slope and intercept."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from random import Random
from typing import Any

import numpy as np

from taylored.course.checking import Case, Code, Exercise, Parameters, Wrong
from taylored.course.exercises.places import FURTHER, errors, of_sums, sums

__all__ = ["EXERCISE"]


def _inputs(rng: Random, p: Parameters) -> Case:
    count = rng.randint(5, 10)
    first = rng.uniform(0.8, 3.0)
    x = [round(first + 0.8 * i + rng.uniform(0.0, 0.6), 2) for i in range(count)]
    return x, round(rng.uniform(0.15, 0.7), 2)


def _variances(p: Parameters, x: Any, sigma: float) -> list[float]:
    return [v**2 for v in errors(p, x, sigma)]


def _from_zero(p: Parameters, x: Any, sigma: float) -> list[float]:
    n, mean, _ = sums(x)
    raw = float(np.asarray(x) @ np.asarray(x))
    return [sigma / sqrt(raw), sigma * sqrt(1 / n + mean**2 / raw)]


def _of_center(p: Parameters, x: Any, sigma: float) -> list[float]:
    n, _, s = sums(x)
    return [sigma / sqrt(s), sigma / sqrt(n)]


def _lever_only(p: Parameters, x: Any, sigma: float) -> list[float]:
    _, mean, s = sums(x)
    return [sigma / sqrt(s), sigma * abs(mean) / sqrt(s)]


def _linear_sum(p: Parameters, x: Any, sigma: float) -> list[float]:
    n, mean, s = sums(x)
    return [sigma / sqrt(s), sigma / sqrt(n) + sigma * abs(mean) / sqrt(s)]


def _mean_square(p: Parameters, x: Any, sigma: float) -> list[float]:
    n, mean, s = sums(x)
    return [sigma / sqrt(s / n), sigma * sqrt(1 / n + mean**2 * n / s)]


def _no_root_in_sum(p: Parameters, x: Any, sigma: float) -> list[float]:
    n, mean, s = sums(x)
    return [sigma / s, sigma * (1 / n + mean**2 / s)]


def _with(change: Callable[[np.ndarray], tuple[float, float]]) -> Callable[..., list[float]]:
    """The formulas with another middle and another sum of squares."""

    def model(p: Parameters, x: Any, sigma: float) -> list[float]:
        middle, s = change(np.asarray(x))
        return [sigma / sqrt(s), sigma * sqrt(1 / len(x) + middle**2 / s)]

    return model


def _about(middle: float, x: np.ndarray) -> tuple[float, float]:
    return middle, float(((x - middle) ** 2).sum())


def _no_sigma(p: Parameters, x: Any, sigma: float) -> list[float]:
    return [v / sigma for v in errors(p, x, sigma)]


def _matrix(p: Parameters, x: Any, sigma: float) -> np.ndarray:
    """The covariance of slope and intercept."""
    n, mean, s = sums(x)
    return sigma**2 * np.array([[1, -mean], [-mean, mean**2 + s / n]]) / s


def _second_first(p: Parameters, x: Any, sigma: float) -> list[float]:
    return [errors(p, x, sigma)[0], errors(p, x, sigma)[1] ** 2 / sigma]


def _seen(form: Callable[[np.ndarray, np.ndarray, Any, float], bool]) -> Callable[..., bool]:
    """For `Wrong.when`: whether a property of the two numbers holds in every case."""

    def when(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
        if any(np.size(o) != 2 or not np.isfinite(o).all() for o in outputs):
            return False
        return all(
            form(np.ravel(o), np.array(errors(p, *case)), *case)
            for o, case in zip(outputs, cases, strict=True)
        )

    return when


def _near(a: Any, b: Any) -> bool:
    return bool(np.isclose(a, b, rtol=1e-5, atol=0))


def _another_sum(got: np.ndarray, right: np.ndarray, x: Any, sigma: float) -> bool:
    """The two numbers fit each other, with another sum of squares than the right one."""
    n, mean, _ = sums(x)
    if not got[0] or _near(got[0], right[0]):
        return False
    return _near(got[1], sqrt(sigma**2 / n + mean**2 * got[0] ** 2))


EXERCISE = Exercise(
    id="5C",
    title="The errors of slope and intercept",
    answer=Code(
        name="standard_errors",
        starter="import numpy as np\n\n\ndef standard_errors(x, sigma):\n    return ..., ...\n",
        returns="two numbers: the standard error of the slope, then that of the intercept",
    ),
    inputs=_inputs,
    right=errors,
    tolerance=1e-5,
    wrong=[
        Wrong(
            name="The variances instead of their roots",
            model=_variances,
            others=[lambda p, x, sigma: [errors(p, x, sigma)[0], errors(p, x, sigma)[1] ** 2]],
            hint="You return the squares of the standard errors, the variances. They are what the "
            "derivation finds first, because squared errors can be added, and they stand on "
            "the diagonal of the covariance matrix. But a standard error is a typical size "
            "of an error, so it must have the unit of the thing itself: centimeters per hour "
            "for the slope of the candle, not their square. Look at what happens when sigma "
            "is doubled: the errors of the results should double, while your numbers become "
            "four times as large. One step at the very end is missing, and it is the same "
            "for both numbers.",
        ),
        Wrong(
            name="The two are exchanged",
            model=lambda p, x, sigma: errors(p, x, sigma)[::-1],
            hint="Both of your numbers are right, but they stand in the wrong order: the error of "
            "the slope was asked first, then that of the intercept. The library lists the "
            "intercept first, so this is easily mixed up when the numbers are copied from a "
            "table or a covariance matrix. A way to tell the two apart in every case: move "
            "all places x far to the right by the same amount, as if the clock had been "
            "started much earlier. The line does not become steeper or flatter, so the error "
            "of the slope stays the same, while the intercept is now far from the data and "
            "becomes quite unsure. Only one of your numbers behaves in each way.",
        ),
        Wrong(
            name="Places are squared without taking away their mean",
            model=_from_zero,
            others=[
                _with(lambda x: (float(x.mean()), float(x @ x))),
                _with(lambda x: (float(x.mean()), float(x.sum()) ** 2)),
            ],
            hint="In your sum of squares the places x themselves are squared, not their distances "
            "from the mean. Then the error of the slope depends on where the zero of the "
            "axis happens to be: if the clock is started an hour earlier, all x grow by one, "
            "your sum becomes larger and the slope seems surer, though nothing about the "
            "measurement has changed. What makes a slope sure is how far the points are from "
            "each other, and that is measured from their own middle. Take the mean of x away "
            "first, then square, then add. The mean itself comes back only in the formula of "
            "the intercept.",
        ),
        Wrong(
            name="The intercept gets the error of the mean",
            model=_of_center,
            others=[of_sums(lambda n, b, s: 1 / sqrt(n), lambda n, b, s: 1 / sqrt(n))],
            hint="The error of the slope is right. For the intercept you have given sigma over "
            "the root of the number of points, which is the error of the height of the line "
            "in the middle of the data. The intercept is the height at x = 0, and to get "
            "there the line has to be carried from the middle over the distance of the mean. "
            "On this way the error of the slope acts like a lever: the farther away, the "
            "more it adds. So a second term is needed under the root, which grows with the "
            "mean of x and vanishes when the data are centered. In the figure the toggle "
            "shows the difference.",
        ),
        Wrong(
            name="Only the lever arm counts for the intercept",
            model=_lever_only,
            hint="The error of the slope is right. For the intercept you multiply it by the mean "
            "of x, which is the lever arm from the middle of the data to zero. That is one "
            "of two parts. Even if the slope were known without any error, the line could "
            "still be too high or too low as a whole, because its height in the middle comes "
            "from the mean of measurements that each have an error. This part is there even "
            "when the mean of x is zero, where your formula would claim that the intercept "
            "is known perfectly. The two parts are independent, so add their squares under "
            "one root.",
        ),
        Wrong(
            name="Errors are added instead of their squares",
            model=_linear_sum,
            others=[of_sums(start=lambda n, b, s: 1 / n + abs(b) / sqrt(s))],
            hint="You have found both parts of the error of the intercept: that of the height in "
            "the middle, and that of the slope times the distance to zero. But you add them "
            "as they are. Two independent errors are not both at their worst in the same "
            "direction all the time; often they go against each other in part. What adds up "
            "for independent errors are the squares, as with the two short sides of a right "
            "triangle, and the root is taken at the end. With sides 3 and 4 the result is 5 "
            "and not 7. Your number for the slope is right; change only how the parts are "
            "put together.",
        ),
        Wrong(
            name="The mean square instead of the sum of squares",
            model=_mean_square,
            others=[
                _with(lambda x: (float(x.mean()), float(x.var(ddof=1)))),
                _with(lambda x: (float(x.mean()), float(x.std()))),
                of_sums(lambda n, b, s: sqrt((n - 1) / s)),
                of_sums(lambda n, b, s: sqrt((n - 2) / s)),
            ],
            hint="You divide by the spread of the places, as np.std or np.var give it, and these "
            "take a mean over the points. Then the number of points no longer matters for "
            "the slope: a hundred measurements would give it no better than five at the same "
            "places. In truth each additional point helps, because it adds its own squared "
            "distance from the middle to the sum. So the sum of the squared distances is "
            "needed, not their mean. If you want to keep np.var, multiply it by the number "
            "of points before it is used; and use the same sum in both formulas.",
        ),
        Wrong(
            name="The roots are missing",
            model=_no_root_in_sum,
            others=[of_sums(slope=lambda n, b, s: 1 / s), _second_first],
            hint="You have the right sums, but no root is taken of them. Check the units for the "
            "slope of the candle: sigma is in centimeters and the sum of squared distances "
            "in hours squared. Dividing one by the other gives centimeters per hour squared, "
            "but a slope is in centimeters per hour. Only the root of the sum has the unit "
            "of an hour. A second test: use every point four times. Then the sum becomes "
            "four times as large, and the errors should become half as large, as they always "
            "do with four times the data; yours drop to a quarter. The same holds for what "
            "stands in parentheses in the intercept.",
        ),
        Wrong(
            name="The mean is not squared, or its place is taken",
            model=of_sums(start=lambda n, b, s: sqrt(1 / n + b / s)),
            others=[
                of_sums(start=lambda n, b, s: (b * b + s / n) / sqrt(s)),
                of_sums(start=lambda n, b, s: sqrt(1 / n + b * b) / sqrt(s)),
                of_sums(start=lambda n, b, s: sqrt(1 / n + b**2)),
                of_sums(start=lambda n, b, s: sqrt(1 / n + (n * b) ** 2 / s)),
                of_sums(start=lambda n, b, s: sqrt((b * b + s / n) / s / s)),
                of_sums(start=lambda n, b, s: sqrt(1 / n + s / b**2)),
                of_sums(start=lambda n, b, s: sqrt(1 / n + s * b**2)),
                of_sums(start=lambda n, b, s: sqrt(1 / n + (b * b + s / n) / s)),
                of_sums(start=lambda n, b, s: sqrt(1 / n + 1 / s)),
                of_sums(start=lambda n, b, s: sqrt(1 / n + b**2 / s**2)),
                of_sums(start=lambda n, b, s: sqrt(1 / n) + b**2 / s),
            ],
            hint="The error of the slope is right. In that of the intercept the second term "
            "under the root is not what it should be: it is the square of the mean of x, "
            "divided by the sum of squares. Where does it come from? The line is known at "
            "the mean of x, and it has to be carried from there to zero, a distance of the "
            "mean; an error of the slope is multiplied by this distance on the way. Errors "
            "are squared before they are added, so the distance is squared too. Mind two "
            "things that look alike: the square of the mean, and the mean of the squares, "
            "which is larger. Both terms stand under one root.",
        ),
        Wrong(
            name="The squared errors are subtracted",
            model=of_sums(start=lambda n, b, s: sqrt(abs(1 / n - b**2 / s))),
            others=[
                lambda p, x, sigma: [errors(p, x, sigma)[0], float(_matrix(p, x, sigma)[0, 1])]
            ],
            hint="For the intercept you have a difference where a sum belongs, or the "
            "covariance, which is negative. It is true that the intercept is itself a "
            "difference, the mean of y minus the slope times the mean of x. But errors are "
            "random: as often up as down. That one of two things is subtracted does not "
            "make their errors cancel, since a minus in front of an error that may have "
            "either sign changes nothing. So the squares of the two errors are added, "
            "whatever the sign between the quantities is. The result is larger than each of "
            "the two. Put a plus between the terms, under one root.",
        ),
        Wrong(
            name="Sigma is missing",
            model=_no_sigma,
            others=[
                lambda p, x, sigma: [errors(p, x, sigma)[0], _no_sigma(p, x, sigma)[1]],
                lambda p, x, sigma: [_no_sigma(p, x, sigma)[0], errors(p, x, sigma)[1]],
                lambda p, x, sigma: [v / sqrt(sigma) for v in errors(p, x, sigma)],
                lambda p, x, sigma: [v * sigma for v in errors(p, x, sigma)],
            ],
            hint="The part of your formulas that is made of the places x is right, but sigma "
            "does not come in as it should: it is missing, or it stands under the root as "
            "it is, or it was multiplied twice. The errors of the results are made of the "
            "errors of the measurements, so they grow in step with them: with a ruler that "
            "is twice as bad, both standard errors must be twice as large. Try your "
            "function with sigma and then with twice the sigma, and compare. From a matrix, "
            "the covariance has sigma squared in front, and the root of it brings sigma out "
            "once. Outside of the root, sigma stands as a plain factor.",
        ),
        Wrong(
            name="The interval instead of the standard error",
            model=lambda p, x, sigma: [1.96 * v for v in errors(p, x, sigma)],
            others=[lambda p, x, sigma: [1.959964 * v for v in errors(p, x, sigma)]],
            hint="Both numbers are 1.96 times what was asked for: you return half the width of a "
            "95 % interval. It is an honest way to say how sure a result is, but it is "
            "another one. A standard error is one sigma of the result, the typical size of "
            "its error, and about 68 of 100 results fall within it; 1.96 of them on each "
            "side hold 95. Which of the two a number after a plus-or-minus sign is, has to "
            "be said each time, and mixing them up is a frequent cause of trouble. Here the "
            "plain standard errors are wanted, so leave the factor out; whoever needs an "
            "interval can multiply.",
        ),
        Wrong(
            name="Another place than the mean is taken for the middle",
            model=_with(lambda x: _about(float(np.median(x)), x)),
            others=[
                _with(lambda x: _about(float(x[-1]), x)),
                _with(lambda x: _about(0.5 * float(x[0] + x[-1]), x)),
                _with(lambda x: _about(float(x[0]), x)),
                _with(lambda x: _about(float(x[len(x) // 2]), x)),
            ],
            hint="Your formulas have the right form, but the place in their middle is not the "
            "mean of x. You may have taken the median, the middle of the range, or the "
            "first point. The mean is special here: counted from it, the distances add up "
            "to zero, and only then are the errors of the height in the middle and of the "
            "slope independent, so that their squares can be added. For places that are "
            "evenly spaced all these middles are the same, and that is why the mistake does "
            "not show in the example of the lesson. Test your function with uneven places, "
            "such as 1, 2, 3, 10.",
        ),
        Wrong(
            name="The factor 2 of the Hessian is lost or stands on the wrong side",
            model=lambda p, x, sigma: [v / sqrt(2) for v in errors(p, x, sigma)],
            others=[lambda p, x, sigma: [v * sqrt(2) for v in errors(p, x, sigma)]],
            hint="Both of your errors are off by the root of two, so both variances are off by a "
            "factor 2. Chi-squared is a sum of squares, and a square brings a 2 down when it is "
            "differentiated: its Hessian is twice the matrix of the normal equations, which has "
            "the sums of 1, x and x squared over sigma squared in it. The covariance is the "
            "inverse of the matrix of the normal equations, and so it is twice the inverse of the "
            "Hessian. Use one of the two ways throughout: either the matrix without any 2, and "
            "its plain inverse; or the full Hessian with its 2, and twice its inverse.",
        ),
        Wrong(
            name="Each error is found as if the other parameter were known",
            model=of_sums(lambda n, b, s: 1 / sqrt(b * b * n + s), lambda n, b, s: 1 / sqrt(n)),
            others=[of_sums(lambda n, b, s: sqrt(b * b * n + s), lambda n, b, s: sqrt(n))],
            hint="Your errors treat slope and intercept one at a time: one from the sum of x "
            "squared, the other from the number of points. In terms of the matrix you have used "
            "its diagonal without inverting it, or one over it. That would be right if the other "
            "parameter were known exactly. But both are fitted, and they can go wrong together: a "
            "line that is too steep and begins too low fits almost as well. So the errors are "
            "larger. Invert the whole matrix of two rows and two columns first, then take its "
            "diagonal, then the root. Or count x from its mean: then the two do not mix.",
        ),
        Wrong(
            name="The whole matrix instead of two numbers",
            model=_matrix,
            others=[
                lambda p, x, sigma: _matrix(p, x, sigma)[::-1, ::-1],
                lambda p, x, sigma: _matrix(p, x, sigma) / sigma**2,
            ],
            hint="You return the covariance matrix, with two rows and two columns. All that is "
            "asked for is in it, but two numbers were wanted: the standard errors. On the "
            "diagonal of the matrix stand the variances of the parameters, which are the "
            "squares of their standard errors, in the order of the columns of your matrix "
            "of places. Beside the diagonal stands the covariance, which tells how the two "
            "go together. So take the diagonal, np.diag does it, and then the root of each "
            "entry. Then look whether the slope comes first: that depends on which column "
            "you wrote first, the x or the ones.",
        ),
        *FURTHER,
        Wrong(
            name="The sum of squares is another one",
            when=_seen(_another_sum),
            last=True,
            hint="Your two numbers fit each other: the intercept follows from the slope as it "
            "should. So the formulas are right, and what differs is the one quantity that "
            "both of them use, the sum of the squared distances from the mean. Work it out "
            "for three places by hand: for x = 1, 2 and 6 the mean is 3, the distances are "
            "-2, -1 and 3, their squares 4, 1 and 9, and the sum is 14. What does your code "
            "give? Usual causes are distances that are added without squaring, or squared "
            "after adding, a division by the number of points, and parentheses that close "
            "too late.",
        ),
        Wrong(
            name="The two are off by the same factor",
            when=_seen(lambda got, right, x, s: _near(got[0] / right[0], got[1] / right[1])),
            last=True,
            hint="Both of your numbers are wrong by the same factor, so the part that is made of "
            "the places x is right, and what stands in front of it is not. It should be "
            "sigma as it is handed over: the known uncertainty of each measurement, once. "
            "Perhaps a tool took the size of the errors from the scatter of the data "
            "instead, as many do unless they are told otherwise; np.polyfit with cov=True "
            "is one of these. Or the number of points, or that number minus two, came in "
            "once more: it belongs to the case in which sigma is not known. Compare your "
            "numbers with the example of the lesson, where sigma is 0.2.",
        ),
        Wrong(
            name="The slope is right, the intercept is not",
            when=_seen(lambda got, right, x, s: _near(got[0], right[0])),
            last=True,
            hint="The error of the slope is right, so the sum of squares and sigma are in order, "
            "and only the intercept is left. Its error has two parts. The height of the "
            "line in the middle of the data is a mean of n measurements, with the error "
            "sigma over the root of n. And the line has to be carried from the middle to "
            "zero, over a distance that is the mean of x, where an error of the slope lifts "
            "or lowers it. The two parts are independent, so their squares are added and "
            "one root is taken over all. Compute the two parts on two lines of their own, "
            "and print them for the candle: 0.1 and 0.2236.",
        ),
        Wrong(
            name="The intercept is right, the slope is not",
            when=_seen(lambda got, right, x, s: _near(got[1], right[1])),
            last=True,
            hint="The error of the intercept is right, and that is the harder one. That of the "
            "slope is simpler: it is sigma over the root of the sum of the squared "
            "distances from the mean, and nothing else. The number of points does not "
            "appear in it: more points make the slope surer because each of them adds its "
            "squared distance to the sum, and that has been counted already. You have that "
            "sum in your formula for the intercept, below the square of the mean, so use "
            "the same name for it. For the candle of the lesson it is 5, and the error 0.2 "
            "over the root of 5, which is 0.0894.",
        ),
    ],
    again="Compute S, the sum of the squared distances from the mean of x. The slope needs only "
    "S; the intercept needs the number of points and the mean of x as well.",
    worked="With $S = \\sum_i (x_i - \\bar x)^2$ the two are $\\sigma/\\sqrt{S}$ and "
    "$\\sigma\\sqrt{1/n + \\bar x^2/S}$:\n\n"
    "```python\n"
    "import numpy as np\n\n\n"
    "def standard_errors(x, sigma):\n    "
    "mean = np.mean(x)\n    "
    "s = np.sum((x - mean) ** 2)\n    "
    "return sigma / np.sqrt(s), sigma * np.sqrt(1 / len(x) + mean**2 / s)\n"
    "```",
)
