"""5D: how slope and intercept hang together, and how centering unties them."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from random import Random
from typing import Any

import numpy as np

from taylored.course.checking import Exercise, Numbers, Parameters, Wrong
from taylored.course.checking.terms import any_of
from taylored.course.exercises.parts import entry_is

__all__ = ["EXERCISE"]

# Mean, median and middle of the range are all different, and the mean is not a whole number.
_DAYS = ((2, 3, 4, 7, 12), (1, 2, 4, 6, 10), (3, 4, 5, 9, 13), (2, 3, 7, 8, 11), (4, 5, 6, 9, 14))


def _parameters(rng: Random) -> dict[str, Any]:
    x = rng.choice(_DAYS)
    given: dict[str, Any] = {f"x{i + 1}": a for i, a in enumerate(x)}
    given["sigma"] = rng.choice([0.3, 0.4, 0.8, 0.9])
    rho, mean, error = _answer(np.array(x, float), given["sigma"])
    square = float(np.mean(np.square(x)))
    shown = {"mean": mean, "square": square, "rho": rho, "error": error}
    return given | {name: round(value, 4) for name, value in shown.items()}


def _answer(x: np.ndarray, sigma: float) -> tuple[float, float, float]:
    mean = float(x.mean())
    return -mean / sqrt(float((x * x).mean())), mean, sigma / sqrt(len(x))


def _days(p: Parameters) -> np.ndarray:
    return np.array([vars(p)[f"x{i}"] for i in range(1, 6)], float)


def _spread(p: Parameters) -> float:
    x = _days(p)
    return float(((x - x.mean()) ** 2).sum())


def _mean(p: Parameters) -> float:
    return float(_days(p).mean())


def _right(p: Parameters) -> list[float]:
    return list(_answer(_days(p), p.sigma))


def _shared(p: Parameters) -> float:
    """The squared correlation, with its sign."""
    return -(_right(p)[0] ** 2)


def _any(index: int, *forms: Callable[[Parameters], float]) -> Callable[..., bool]:
    """For `Wrong.when`: this entry is one of these, whatever the others are."""
    seen = [entry_is(index, form) for form in forms]
    return any_of(*seen)


def _sized(form: Callable[[Parameters], float]) -> Callable[..., bool]:
    """The correlation is of this size, with or without its minus."""
    return _any(0, form, lambda p: -form(p))


def _square(p: Parameters) -> float:
    """The mean of the squared days."""
    return float(np.mean(_days(p) ** 2))


def _below(*forms: Callable[[Parameters], float]) -> Callable[..., bool]:
    """The mean over one of these, as the correlation."""
    seen = [_sized(lambda p, form=form: _mean(p) / form(p)) for form in forms]
    return any_of(*seen)


def _off(index: int) -> Callable[..., bool]:
    """This entry is wrong in whatever way, and not only rounded."""
    right = entry_is(index, lambda p: _right(p)[index], 0.05)
    return lambda p, cases, outputs: np.shape(outputs[0]) == (3,) and not right(p, cases, outputs)


EXERCISE = Exercise(
    id="5D",
    title="Untie slope and intercept",
    answer=Numbers(
        names=("correlation", "x₀", "standard error of the new intercept"),
        units=("", "days day d", "cm"),
    ),
    parameters=_parameters,
    right=_right,
    tolerance=3e-3,
    wrong=[
        Wrong(
            name="The correlation lost its minus",
            when=entry_is(0, lambda p: -_right(p)[0]),
            hint="The size of your correlation is right, its sign is not. Think of the line as a "
            "seesaw that is held in the middle of the data, at the mean day. If it tips so "
            "that it climbs more steeply, which way does its left end move, where the axis "
            "is crossed? Since all days lie to the right of zero, a steeper line starts "
            "lower, so the two errors go against each other, and the correlation must be "
            "below zero. It would be positive only if all measurements had been taken before "
            "day zero. In the figure the ellipse shows the same: it leans to the side where "
            "high starts meet low slopes.",
        ),
        Wrong(
            name="The covariance instead of the correlation",
            when=entry_is(0, lambda p: -_mean(p) * p.sigma**2 / _spread(p)),
            hint="What you give first is the covariance of slope and intercept. It tells the same "
            "story, but in units: centimeters times centimeters per day, so it changes when "
            "lengths are written in millimeters or when sigma is better. The correlation has "
            "no unit and lies between -1 and 1; it comes from the covariance by dividing by "
            "both standard errors, that of m and that of c. A quick test: the correlation "
            "depends only on the days, not on sigma. Does your number change when you put in "
            "twice the sigma? If so, something remains to be divided out.",
        ),
        Wrong(
            name="The correlation is squared",
            when=_sized(_shared),
            hint="Your first number is the square of the correlation, with a minus in front: "
            "below the fraction line stands the mean of the squared days without its root, "
            "and the mean is squared on top. Check the formula by its units: the mean of the "
            "days is in days, and the mean of the squared days is in days squared. To divide "
            "one by the other and get a pure number, the lower one needs a root, and then "
            "the upper one is not to be squared. Squares of correlations are used elsewhere, "
            "as the share of the scatter that is explained, and that may be where this form "
            "comes from.",
        ),
        Wrong(
            name="The middle of the range instead of the mean",
            when=entry_is(1, lambda p: 0.5 * (p.x1 + p.x5)),
            hint="For x₀ you have taken the point halfway between the first day and the last. The "
            "seesaw does not balance there. The two errors are untied where the distances of "
            "all days, with their signs, add up to zero; days that lie close together on one "
            "side pull this point towards them. Write down the five distances from your x₀ "
            "and add them: the sum is not zero. Which single number has the property that "
            "the distances from it always add up to zero? With measurements at equal steps "
            "it would be the same as the middle of the range, and that is where the two are "
            "easily mistaken for each other.",
        ),
        Wrong(
            name="The median instead of the mean",
            when=entry_is(1, lambda p: float(p.x3)),
            hint="For x₀ you have taken the day in the middle of the list, the median, which has "
            "two days on each side. But the balance point of the seesaw depends on how far "
            "away the other days are, not only on how many there are on each side: a day far "
            "out has a long lever arm. The condition is that the distances from x₀, with "
            "their signs, add up to zero, because only then does the term in the Hessian "
            "that ties m and c together vanish. Add up the five distances from the day that "
            "you chose and see in which direction x₀ has to move.",
        ),
        Wrong(
            name="The error of the old intercept",
            when=entry_is(2, lambda p: p.sigma * sqrt(1 / 5 + _mean(p) ** 2 / _spread(p))),
            hint="Your third number is the standard error of the length at day zero. After "
            "counting from x₀, the intercept is another thing: the height of the line in the "
            "middle of the data. It is known much better, since the line no longer has to be "
            "carried back to day zero, where nobody measured. Put the new days, counted from "
            "x₀, into the formula for the error of the intercept: what is their mean now, "
            "and which of the two terms under the root is left? The toggle in the figure "
            "makes just this step, and the bar for c becomes shorter.",
        ),
        Wrong(
            name="The error of one measurement",
            when=entry_is(2, lambda p: p.sigma),
            hint="Your third number is the sigma of a single measurement. In the middle of the "
            "data the height of the line is the mean of all five lengths, and a mean is "
            "better known than each of its parts: errors up and errors down cancel in part. "
            "How much better? The squares of the five errors add up, the sum is divided by "
            "five, and so the error of the mean is smaller than that of a single one by the "
            "root of the number of measurements. Only if there were one measurement would "
            "your answer be right. Leave out the term with the lever arm, but keep the one "
            "with the number of points.",
        ),
        Wrong(
            name="Divided by the number of points, not by its root",
            when=entry_is(2, lambda p: p.sigma / 5),
            hint="You have seen that the height in the middle is a mean of five lengths and that "
            "its error is smaller than sigma, but you divide by five. That would be right if "
            "all five errors always had the same sign and the same size, and then nothing "
            "would cancel either. Errors that are independent add up by their squares: the "
            "squared error of the sum is five times sigma squared, so the error of the sum "
            "is sigma times the root of five. Dividing this sum by five gives the error of "
            "the mean. Work this last fraction out: how does the root of five over five "
            "simplify?",
        ),
        Wrong(
            name="The root of the sum of squares, not of their mean",
            when=_below(lambda p: sqrt(5 * _square(p))),
            hint="Below the line of the correlation you have the root of the sum of the squared "
            "days. What belongs there is the root of their mean, so the sum has to be divided by "
            "the number of days, five, before the root is taken. Above the line stands a mean, "
            "too: a mean and a sum do not go together, for the sum grows with every further day "
            "and the mean does not, and your correlation would shrink to nothing for many days. "
            "With sums in both places it is the sum of the days over the root of five times "
            "the sum of their squares, which is the same number.",
        ),
        Wrong(
            name="The root of the mean square is another number",
            when=_below(
                _square,
                lambda p: sqrt(1.25 * _square(p)),
                lambda p: sqrt(_spread(p) / 5),
                lambda p: sqrt(_spread(p) / 4),
                lambda p: _spread(p),
                lambda p: _mean(p) ** 2 / sqrt(_square(p)),
                _mean,
                lambda p: sqrt(_spread(p)),
            ),
            hint="In the correlation the mean of the days stands on top, and below it the root "
            "of the mean of their squares. What you have below is another number. Three "
            "steps are needed, in this order: square each day as it stands, take the mean "
            "of the five squares, then the root. The standard deviation is not the same: it "
            "counts the days from their mean before it squares. Nor is the mean, squared "
            "and rooted again. A check that always works: a correlation lies between -1 and "
            "1, because the root of the mean square is never smaller than the mean. The "
            "lesson does it for the days 1, 2, 3 and 4: squares 1, 4, 9, 16, mean 7.5, root "
            "2.739.",
        ),
        Wrong(
            name="The correlation after the shift",
            when=_any(0, lambda p: 0.0),
            hint="You gave zero as the correlation. That is what it becomes once the days are "
            "counted from the new beginning, and finding this place is the second part of "
            "the question. The first part asks for the correlation as things stand, with "
            "the days counted from day 0, where no measurement was made at all. The data "
            "lie on one side of it, far away, so a line that starts too high there must "
            "fall too steeply, or rise too slowly, to pass through them: the two errors go "
            "together closely, with a minus. Put the five days into the formula of the "
            "lesson, with the mean on top and the root of the mean of the squares below.",
        ),
        Wrong(
            name="The mean is rounded to a whole day",
            when=lambda p, cases, outputs: (
                np.shape(outputs[0]) == (3,) and float(outputs[0][1]) == round(_mean(p))
            ),
            hint="You rounded the mean to a whole day. A day without a fraction would be "
            "convenient in a notebook, but counting may begin anywhere, also in the middle "
            "of a day, and the correlation vanishes at one place only. The distances of the "
            "five days from it must add up to zero: then a line that turns about this place "
            "turns about the middle of the data, and its height there stays as it is. Try "
            "it with your day: add up the five distances, with their signs. What is left "
            "over, divided by five, is how far your day is from the right one. Give the "
            "mean itself, with its decimals.",
        ),
        Wrong(
            name="The scatter of the days instead of sigma",
            when=_any(
                2,
                lambda p: sqrt(_spread(p) / 5),
                lambda p: sqrt(_spread(p) / 4),
                lambda p: sqrt(_spread(p) / 20),
                lambda p: sqrt(_spread(p)) / 5,
                lambda p: _mean(p) / sqrt(5),
                lambda p: sqrt(_spread(p) / 5) / sqrt(20),
            ),
            hint="Your third number is made of the days themselves: how far they scatter, or "
            "their mean, divided by something. But the days are exact; nobody was in doubt "
            "what day it was. What is uncertain is the height of the plant, with a sigma "
            "that is given in centimeters. The intercept is a height too, so its error is "
            "in centimeters, and it is made of sigma and of the number of measurements. In "
            "the middle of the data the line is as high as the mean of the five measured "
            "heights. Now ask only this: how sure is a mean of five, if each of them is "
            "uncertain by sigma?",
        ),
        Wrong(
            name="The error of the slope",
            when=_any(2, lambda p: p.sigma / sqrt(_spread(p))),
            hint="Your third number is the standard error of the slope: sigma over the root of "
            "the sum of the squared distances. It is in centimeters a day and stays as it "
            "is wherever one begins to count. Asked was the error of the intercept, a "
            "height in centimeters. Counted from the mean day, the intercept is the height "
            "of the line in the middle of the data, which is simply the mean of the "
            "measured heights. An error of the slope does not touch it, because the line "
            "turns about this very point. So only the number of measurements and sigma come "
            "in: how sure is the mean of five?",
        ),
        Wrong(
            name="The number of points minus one or two",
            when=_any(2, lambda p: p.sigma / 2, lambda p: p.sigma / sqrt(3)),
            hint="You divide sigma by the root of the number of points minus one, or minus two. "
            "This subtraction belongs to another task: if no sigma is known, it has to be "
            "guessed from the residuals, and since the line was fitted to the same points "
            "they come out a little too small; dividing by less repairs that. Here sigma is "
            "known from the beginning, and nothing has to be repaired. The mean of five "
            "independent measurements, each with the error sigma, has the error sigma over "
            "the root of five: the squares of the five errors add up, the sum is divided by "
            "five squared, and the root is taken.",
        ),
        Wrong(
            name="The variance instead of its root",
            when=_any(
                2, lambda p: p.sigma**2 / 5, lambda p: p.sigma**2, lambda p: p.sigma**2 / sqrt(5)
            ),
            hint="Your third number is a variance, or holds sigma squared: the squares of the "
            "errors were added, as they should be, but the root at the end was not taken, "
            "or not of everything. A standard error has the unit of the quantity itself, so "
            "that it can stand behind it with a plus-or-minus sign: a height in "
            "centimeters, give or take so many centimeters. Yours would be in square "
            "centimeters. Do it in three lines: the five squared errors add up to five "
            "sigma squared; dividing by five squared leaves sigma squared over five; and "
            "now the root of this, of sigma as well as of the five.",
        ),
        Wrong(
            name="The interval instead of the standard error",
            when=_any(2, lambda p: 1.96 * p.sigma / sqrt(5), lambda p: 3.92 * p.sigma / sqrt(5)),
            hint="Your third number is 1.96 times what was asked for, or the full width of an "
            "interval: you give how far a 95 % interval reaches. That is an honest way to "
            "say how sure the height is, but it is not the standard error. The standard "
            "error is one sigma of the result, its typical error: about 68 of 100 results "
            "fall within it, and within 1.96 of them about 95. Both kinds of numbers appear "
            "behind plus-or-minus signs, so always say which one it is, and look closely "
            "which one is asked for. Leave out the factor and give sigma over the root of "
            "the number of measurements.",
        ),
        Wrong(
            name="The new beginning is not the mean day",
            when=_off(1),
            last=True,
            hint="The day from which you want to count does not make the correlation vanish. "
            "Look at the formula: the correlation is minus the mean of the days over a root "
            "that is never zero. It vanishes only where the mean is zero. So the question "
            "is which day to subtract from all five so that what remains has the mean zero: "
            "the distances must add up to nothing, those before it and those after it. On a "
            "seesaw with five equal children it is the place of the support. It is neither "
            "the first day nor the one in the middle of the list. Subtract your day from "
            "each of the five and add up: what is left?",
        ),
        Wrong(
            name="The correlation is not that of the lesson",
            when=_off(0),
            last=True,
            hint="Your other numbers are right or come later; look at the correlation first. For "
            "a line with equal sigmas it depends on the days alone, and not on sigma. On "
            "top stands the mean of the days, below it the root of the mean of their "
            "squares, and in front a minus, since all days lie after day 0: a line that "
            "starts too high there must rise too slowly to meet the same data. Write the "
            "five squares down, add them, divide by five, take the root. The result must be "
            "a little larger than the mean, so the correlation lies between -1 and 0, and "
            "here nearer to -1. Keep four digits until the end.",
        ),
        Wrong(
            name="The intercept in the middle is a mean",
            when=_off(2),
            last=True,
            hint="The first two numbers are right; the third is not yet. Counted from the mean "
            "day, the intercept is the height of the line in the middle of the data, and "
            "that is just the mean of the measured heights. So forget the line for a "
            "moment. Five heights were measured, each with the same sigma, independent of "
            "each other. What is the error of their mean? The squares of the five errors "
            "add up, the sum is divided by five, so its error is divided by five as well. "
            "The squares give a root of five on top, a five stands below, and together one "
            "root of five is left below sigma.",
        ),
    ],
    again="The correlation is minus the mean of x over the root of the mean of x squared. It "
    "vanishes where the mean vanishes: count from there. The intercept is then the mean of "
    "the five lengths.",
    worked="The mean of the days is <<mean>>, and the mean of their squares is <<square>>. So "
    "$\\rho = -<<mean>>/\\sqrt{<<square>>} = <<rho>>$. Counted from $x_0 = <<mean>>$ the "
    "mean is zero, and so is the correlation. The new intercept is the mean of five "
    "lengths: its standard error is $<<sigma>>/\\sqrt{5} = <<error>>$.",
)
