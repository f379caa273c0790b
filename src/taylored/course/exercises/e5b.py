"""5B: the best line through five points, by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy as np

from taylored.course.checking import Case, Exercise, Numbers, Parameters, Wrong
from taylored.course.checking.terms import any_of
from taylored.course.exercises.parts import entry_is

__all__ = ["EXERCISE"]

_WEIGHTS = ((1, 2, 3, 5, 9), (1, 3, 4, 6, 11), (2, 3, 5, 6, 9), (2, 4, 5, 8, 11), (1, 2, 4, 7, 11))

_CUT = (round, math.floor, math.ceil)


def _parameters(rng: Random) -> dict[str, Any]:
    x = rng.choice(_WEIGHTS)
    slope, start = rng.choice([0.4, 0.5, 0.6, 0.7]), rng.choice([4.0, 5.5, 6.5, 7.0])
    misses = [rng.choice([-0.9, -0.6, 0.5, 0.8]) for _ in x]
    y = [round(slope * a + start + b, 1) for a, b in zip(x, misses, strict=True)]
    named = {f"x{i + 1}": a for i, a in enumerate(x)} | {f"y{i + 1}": b for i, b in enumerate(y)}
    u, v = np.array(x) - np.mean(x), np.array(y) - np.mean(y)
    sums = {"mx": np.mean(x), "my": np.mean(y), "sxx": u @ u, "sxy": u @ v}
    sums |= {"m": sums["sxy"] / sums["sxx"]}
    sums |= {"c": sums["my"] - sums["m"] * sums["mx"]}
    return named | {name: round(float(value), 4) for name, value in sums.items()}


def _columns(p: Parameters) -> tuple[np.ndarray, np.ndarray]:
    known = vars(p)
    names = range(1, 6)
    return (np.array([known[f"x{i}"] for i in names], float),
            np.array([known[f"y{i}"] for i in names], float))  # fmt: skip


def _sums(p: Parameters) -> tuple[np.ndarray, np.ndarray, float, float, float]:
    """x, y and the centered sums Sxx, Sxy, Syy."""
    x, y = _columns(p)
    u, v = x - x.mean(), y - y.mean()
    return x, y, float(u @ u), float(u @ v), float(v @ v)


def _right(p: Parameters) -> list[float]:
    x, y, sxx, sxy, _ = _sums(p)
    m = sxy / sxx
    return [m, y.mean() - m * x.mean()]


def _ends(p: Parameters) -> list[float]:
    x, y = _columns(p)
    m = (y[-1] - y[0]) / (x[-1] - x[0])
    return [m, y[0] - m * x[0]]


def _through_zero(p: Parameters) -> list[float]:
    x, y = _columns(p)
    return [float(x @ y) / float(x @ x), 0.0]


def _no_means(p: Parameters) -> list[float]:
    x, y = _columns(p)
    m = float(x @ y) / float(x @ x)
    return [m, y.mean() - m * x.mean()]


def _sideways(p: Parameters) -> list[float]:
    x, y, _, sxy, syy = _sums(p)
    m = syy / sxy
    return [m, y.mean() - m * x.mean()]


def _roles(p: Parameters) -> list[float]:
    x, y, _, sxy, syy = _sums(p)
    m = sxy / syy
    return [m, x.mean() - m * y.mean()]


def _roles_center(p: Parameters) -> list[float]:
    x, y, _, sxy, syy = _sums(p)
    m = sxy / syy
    return [m, y.mean() - m * x.mean()]


def _start(form: Any) -> Any:
    """A wrong intercept beside the right slope."""

    def model(p: Parameters) -> list[float]:
        x, y = _columns(p)
        m = _right(p)[0]
        return [m, form(m, float(x.mean()), float(y.mean()), x, y)]

    return model


def _swapped(p: Parameters) -> Sequence[float]:
    return _right(p)[::-1]


def _slope(form: Callable[..., float]) -> Callable[..., bool]:
    """For `Wrong.when`: the slope is this form of x, y, Sxx, Sxy, Syy, whatever the intercept."""
    return entry_is(0, lambda p: float(form(*_sums(p))))


def _slopes(*forms: Callable[..., float]) -> Callable[..., bool]:
    seen = [_slope(form) for form in forms]
    return any_of(*seen)


def _near(a: float, b: float, tolerance: float = 5e-3) -> bool:
    return abs(a - b) <= tolerance * abs(b)


def _mean_slope(x: np.ndarray, y: np.ndarray, *sums: float) -> float:
    """The mean of the slopes from point to point."""
    return float(np.mean(np.diff(y) / np.diff(x)))


def _given(outputs: list[Any]) -> tuple[float, float] | None:
    """The two numbers of an answer."""
    return (float(outputs[0][0]), float(outputs[0][1])) if np.shape(outputs[0]) == (2,) else None


def _slope_cut(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """The slope was rounded, and the intercept found from the rounded one."""
    given, (m, _) = _given(outputs), _right(p)
    if given is None or _near(given[0], m) or abs(given[0] - _mean_slope(*_columns(p))) < 1e-6:
        return False
    cuts = [step(m * unit) / unit for unit in (1, 10, 100) for step in _CUT]
    return any(abs(given[0] - cut) < 1e-9 for cut in cuts)


def _two_points(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """The line passes through two of the points."""
    given, (x, y) = _given(outputs), _columns(p)
    if given is None:
        return False
    return int(sum(abs(given[0] * x + given[1] - y) < 2e-3 * np.abs(y))) >= 2


def _neither(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Slope and center are both missed, and by more than a rounding."""
    given, (m, _), (x, y) = _given(outputs), _right(p), _columns(p)
    if given is None or _near(given[0], m, 0.05):
        return False
    return not _near(given[0] * x.mean() + given[1], y.mean())


def _misses_center(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """The slope is right, the intercept is not."""
    given, (m, c) = _given(outputs), _right(p)
    return given is not None and _near(given[0], m) and not _near(given[1], c)


def _through_center(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """The line goes through the center of the points with a wrong slope."""
    given, (x, y) = _given(outputs), _columns(p)
    if given is None or _near(given[0], _right(p)[0]):
        return False
    return _near(given[0] * x.mean() + given[1], y.mean())


EXERCISE = Exercise(
    id="5B",
    title="The best line by hand",
    answer=Numbers(names=("m", "c"), units=("cm/N", "cm")),
    parameters=_parameters,
    right=_right,
    tolerance=3e-3,  # three digits: m is below 1, c below 10
    wrong=[
        Wrong(
            name="m and c are exchanged",
            model=_swapped,
            hint="Both of your numbers are right, but each stands in the other's field. The slope "
            "m is what the spring gains in length for every newton more; the intercept c is "
            "its length without any weight. Read your numbers back into the line and try the "
            "first weight of the table: does m times the weight plus c come near the "
            "measured length? With the numbers exchanged it does not. A rough look helps as "
            "well: take the last length minus the first, divided by the last weight minus "
            "the first. The slope has to be near that, and the other number has to be near "
            "the length that the table would have for no weight.",
        ),
        Wrong(
            name="The line through the first and the last point",
            model=_ends,
            hint="You have used two of the five measurements: the line through the first and the "
            "last one. It passes exactly through these two, errors included, and the three "
            "in between have no say at all. The best line listens to all five and usually "
            "passes through none of them. Draw the table on paper and put your line in: are "
            "the points in the middle scattered on both sides of it? On the spring picture, "
            "your rod is nailed to the two outer points while the inner springs still pull. "
            "Begin with the center of all points, then the two sums of the lesson.",
        ),
        Wrong(
            name="The line is forced through zero",
            model=_through_zero,
            hint="Your line goes through the point (0, 0): you have divided the sum of x times y "
            "by the sum of x squared and left out the intercept. That is the best line among "
            "those with c = 0, a different question. A spring without a weight has a length "
            "of its own, so zero weight does not mean zero length. Check the residuals of "
            "your line: are they as often above as below, and do they add up to zero? For "
            "the best line they must, because that is what the derivative with respect to c "
            "says. Count x and y from their means before you multiply.",
        ),
        Wrong(
            name="The means are not subtracted",
            model=_no_means,
            hint="You compute the slope as the sum of x times y over the sum of x squared, and "
            "only then use the center for c. The slope formula needs the distances from the "
            "means, in both sums. Without them the slope mixes in how far away from zero all "
            "the numbers are: add 100 cm to every length, and your slope changes, although "
            "the spring became no stiffer. The true slope does not change then. Make a small "
            "table with three rows: x minus its mean, y minus its mean, and their product. "
            "The entries of each of the first two rows must add up to zero.",
        ),
        Wrong(
            name="x and y play each other's part in the sum below",
            model=_sideways,
            hint="In your slope the sum of squares is that of y and it stands on top, or, which "
            "is the same, you fitted x as a function of y and turned the line around. That "
            "makes the sideways misses small. But it is the lengths that were measured with "
            "an error, so the misses to be squared are the upright ones. Your slope is "
            "always steeper than the right one, a little if the points lie close to a line "
            "and a lot if they do not. Look again at which of the two derivatives gives the "
            "slope, and at which variable stands in front of the residual there.",
        ),
        Wrong(
            name="x as a function of y",
            model=_roles,
            others=[_roles_center],
            hint="You have fitted a line that gives the weight for a length: the roles of x and y "
            "are exchanged from the start. The question is how the length y depends on the "
            "weight x, so the slope must be in centimeters per newton; yours is in newtons "
            "per centimeter. The sum below the fraction line is made of that variable which "
            "you set yourself and which has no error, here the weight. As a test, take your "
            "line at the first weight of the table: it should give about the length below "
            "it. Then do the same two sums again with the other variable squared.",
        ),
        Wrong(
            name="The intercept is the mean of y",
            model=_start(lambda m, a, b, x, y: b),
            hint="Your slope is right. As c you have given the mean of the lengths, but that is "
            "the height of the line at the mean weight, not at zero weight. The best line "
            "goes through the center of the points; from there to the axis, where the weight "
            "is zero, it still has to go down by the slope times the distance. How far is "
            "the center from zero weight? Draw the center, draw a short piece of line with "
            "your slope through it, and lengthen it to the left until it meets the upright "
            "axis. The height where it arrives is c.",
        ),
        Wrong(
            name="The intercept goes the wrong way",
            model=_start(lambda m, a, b, x, y: b + m * a),
            hint="Your slope is right, and for c you have used the center of the points, which is "
            "the right idea, but with the wrong sign: you added the slope times the mean "
            "weight to the mean length. The center lies on the line, so the mean length "
            "equals the slope times the mean weight plus c. Solve that for c step by step: "
            "which term moves to the other side, and what happens to its sign? A picture "
            "tells the same: going from the center to the left, to zero weight, a rising "
            "line goes down. So c has to be smaller than the mean length.",
        ),
        Wrong(
            name="The intercept is taken from the first point",
            model=_start(lambda m, a, b, x, y: float(y[0] - m * x[0])),
            hint="Your slope is right. For c you have made the line go through the first point of "
            "the table. But the first point has an error like every other one, and a line "
            "that must pass through it takes over that error in full. Add up the residuals "
            "of your line: they do not add up to zero, so the springs still pull the whole "
            "rod up or down. There is one point through which the best line does go, "
            "whatever the data are; the first of the two equations in the lesson says which "
            "one. Use that point in the place of the first measurement.",
        ),
        Wrong(
            name="The line passes through two of the points",
            when=_two_points,
            hint="Your line passes exactly through two of the five points. Two points are enough "
            "to draw a line, and so the errors of these two go into it in full, while the "
            "other three have no say. The best line takes all five into account: it is the "
            "rod on its five springs, and it is at rest where the pulls cancel and do not "
            "turn it. Usually it touches none of the points. Begin with the center, the "
            "mean of the weights and the mean of the lengths. Then make the table with the "
            "distances from the center, their products and the squares, and divide the one "
            "sum by the other.",
        ),
        Wrong(
            name="The slope was rounded before it was used",
            when=_slope_cut,
            hint="Your method is right, but the slope was rounded too early, to one or two "
            "digits, and the intercept was found with the rounded slope or is rounded as "
            "well. Three digits are asked for. Watch how the error travels: an error of "
            "0.02 in the slope is multiplied by the mean weight on the way to the "
            "intercept, and becomes 0.1 there. So keep all the digits that the calculator "
            "shows while you compute, better still the fraction itself, and round only when "
            "you write the answer down. Then check it with the rule of the lesson: the "
            "residuals of your line must add up to zero, but for the rounding.",
        ),
        Wrong(
            name="The fraction of the slope stands on its head",
            when=_slopes(lambda x, y, sxx, sxy, syy: sxx / sxy),
            hint="Your slope is one divided by the right one. In the fraction the products of x "
            "and y stand on top and the squares of x below; you have them the other way "
            "round. The unit tells which is which: the products are in newtons times "
            "centimeters and the squares in newtons squared, so products over squares leave "
            "centimeters per newton, how much longer the spring gets for each newton. Yours "
            "are newtons per centimeter, the stiffness of the spring, which is another "
            "useful number. A glance at the table decides as well: how much does the length "
            "grow from the first row to the last, and by how much the weight?",
        ),
        Wrong(
            name="The mean of the slopes from point to point",
            when=_slopes(_mean_slope, lambda x, y, *s: float(np.median(np.diff(y) / np.diff(x)))),
            hint="You have computed the slope from each point to the next one and averaged "
            "these. It looks fair, but two neighbors that stand close together give a slope "
            "that is nearly all error, and it counts as much as the slope between two "
            "points far apart. Worse, in the sum of equal steps all the points in the "
            "middle drop out, and only the two ends are left. The best line weighs each "
            "point by its distance from the middle: a point far out turns the rod much, one "
            "in the middle hardly at all. That is what the sum of the products of the "
            "distances does. Make the table of the lesson, with one row for each of the "
            "distances.",
        ),
        Wrong(
            name="One sum is divided by n, the other by n - 1",
            when=_slopes(
                lambda x, y, sxx, sxy, syy: 0.8 * sxy / sxx,
                lambda x, y, sxx, sxy, syy: 1.25 * sxy / sxx,
            ),
            hint="Your slope is four fifths, or five fourths, of the right one. The slope is the "
            "covariance of x and y divided by the variance of x, and both can be written as sums "
            "divided by n, or both as sums divided by n - 1: the divisor cancels, and it can just "
            "as well be left out. But it must be the same above and below the line. With five "
            "points one divisor is 5 and the other 4, and this is your factor. Tools do not agree "
            "on it: np.cov divides by n - 1, while np.var and np.std divide by n unless ddof=1 is "
            "given. Divide the plain sums by each other, and nothing of this can happen.",
        ),
        Wrong(
            name="The slope is not divided by the sum of squares",
            when=_slopes(
                lambda x, y, sxx, sxy, syy: sxy,
                lambda x, y, sxx, sxy, syy: sxy / 5,
                lambda x, y, sxx, sxy, syy: sxy / 4,
                lambda x, y, sxx, sxy, syy: sxy / np.abs(x - x.mean()).sum(),
                lambda x, y, sxx, sxy, syy: sxy / math.sqrt(sxx * syy),
                lambda x, y, sxx, sxy, syy: sxy / math.sqrt(sxx),
            ),
            last=True,
            hint="The products that you add up for the slope are right, but what you divide them "
            "by is not the sum of the squared distances of x. Perhaps it is the number of "
            "points, the sum of the plain distances, or a root; or the number of points was "
            "used above the line and one less below it. Then the slope has the wrong unit, "
            "or the wrong size. Where does the division come from? The second equation of "
            "the lesson says: sum of the products minus m times sum of the squares is zero. "
            "Solved for m, all that is left below the line is that sum of squares, with "
            "nothing else beside it. Square each distance first, then add.",
        ),
        Wrong(
            name="The line joins zero with the center",
            when=_slopes(
                lambda x, y, *s: float(y.mean() / x.mean()), lambda x, y, *s: float(np.mean(y / x))
            ),
            hint="Your slope is the mean length divided by the mean weight, or the mean of these "
            "ratios. That is the slope from the point (0, 0) to the center of the points. "
            "The best line does go through the center, but it need not go through zero: a "
            "spring without any weight has a length of its own. A slope is a difference "
            "divided by a difference, how much the length changes for how much the weight "
            "changes, and not a length divided by a weight. Count both from their means "
            "first. Then the length that the spring has by itself drops out, and only the "
            "change is left.",
        ),
        Wrong(
            name="The slope is right, and the line misses the center",
            when=_misses_center,
            last=True,
            hint="Your slope is right, and the intercept does not fit it. A line has two "
            "numbers: with the slope you know its direction, and one point that lies on it "
            "settles the rest. There is one point that the best line always passes through, "
            "the center, with the mean of the weights and the mean of the lengths as its "
            "coordinates. Put the mean weight into your line: do you get the mean length? "
            "If not, the difference is exactly what c is wrong by. Start from the center, "
            "go back to weight zero, and take off the slope for every newton on the way. "
            "Take the means, not the sums, and the signs one by one.",
        ),
        Wrong(
            name="The line goes through the center with a wrong slope",
            when=_through_center,
            last=True,
            hint="Your line goes through the center of the points, so the intercept follows from "
            "the slope as it should, and the mistake is in the slope alone. It is a "
            "fraction of two sums. Above the line stand the products of the two distances "
            "from the means, with their signs: a point to the left of the middle and below "
            "it gives minus times minus, a plus. Below the line stand the squares of the "
            "distances of x, which are never negative. Write them in a table with five "
            "columns and check each row: the distances in x must add up to zero, and those "
            "in y as well. Then add up, and divide once at the very end.",
        ),
        Wrong(
            name="Begin with the center",
            when=_neither,
            last=True,
            hint="Neither the slope nor the height of your line is that of the best line yet, so "
            "it is easiest to begin anew, with the center. Take the mean of the five "
            "weights and the mean of the five lengths. Write a table: each weight minus its "
            "mean, each length minus its mean. Both rows must add up to zero; if not, look "
            "for the slip there. In the third row multiply the two, with their signs, and "
            "in the fourth square the first. Now the slope is the sum of the third row over "
            "the sum of the fourth. At last c: the mean length minus the slope times the "
            "mean weight. The candle of the lesson is done in just these steps.",
        ),
    ],
    again="Find the means of x and y first. The slope is the sum of the products of the distances "
    "from them, over the sum of the squared distances of x. The line goes through the means.",
    worked="The means are $\\bar x = <<mx>>$ and $\\bar y = <<my>>$. Counted from them, the "
    "products add up to $\\sum (x_i - \\bar x)(y_i - \\bar y) = <<sxy>>$ and the squares "
    "to $\\sum (x_i - \\bar x)^2 = <<sxx>>$. So\n\n"
    "$$m = \\frac{<<sxy>>}{<<sxx>>} = <<m>>$$\n\n"
    "$$c = <<my>> - <<m>> \\cdot <<mx>> = <<c>>$$",
)
