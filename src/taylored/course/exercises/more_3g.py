"""More wrong answers to 3G: other quotients, mixed logarithms, other quantities."""

from __future__ import annotations

import math
from collections.abc import Callable
from math import log, log2, log10

from taylored.course.checking import Wrong
from taylored.course.checking.terms import shows

__all__ = ["WRONG"]

Model = Callable[[float, float, float, float], float]


def _one_of(*models: Model) -> Callable[..., bool]:
    return shows(*(lambda p, *case, m=m: m(*case) for m in models))


def _p(h1: float, e1: float, h2: float, e2: float) -> float:
    return log(e1 / e2) / log(h1 / h2)


WRONG = [
    Wrong(
        name="Relative changes stand where logarithms belong",
        when=_one_of(
            lambda h1, e1, h2, e2: (e1 - e2) / e1 / ((h1 - h2) / h1),
            lambda h1, e1, h2, e2: (e1 - e2) / e2 / ((h1 - h2) / h2),
            lambda h1, e1, h2, e2: (e1 - e2) / (e1 + e2) / ((h1 - h2) / (h1 + h2)),
            lambda h1, e1, h2, e2: (e1 - e2) / e1 / ((h1 - h2) / h2),
            lambda h1, e1, h2, e2: (e1 - e2) / e2 / ((h1 - h2) / h1),
            lambda h1, e1, h2, e2: (e1 - e2) / e1,
            lambda h1, e1, h2, e2: (e1 - e2) / e2,
        ),
        hint="You compare the relative change of the error with the relative change of the step. "
        "For tiny changes of the step that is nearly the order, since the derivative of the "
        "logarithm is one over its argument. But the steps here differ by a factor of several, "
        "and then a relative change depends on which of the two values it is referred to. The "
        "logarithm does not have this problem: the logarithm of a quotient is the same in size "
        "in both directions. Try steps 1 and one half with errors 1 and one quarter. The order "
        "is 2, and your function says something else.",
    ),
    Wrong(
        name="A quotient of logarithms is taken for the logarithm of a quotient",
        when=_one_of(
            lambda h1, e1, h2, e2: log(e1 / e2) / (log(h1) / log(h2)),
            lambda h1, e1, h2, e2: (log(e1) / log(e2)) / log(h1 / h2),
            lambda h1, e1, h2, e2: (log(e2) / log(e1)) / (log(h2) / log(h1)),
            lambda h1, e1, h2, e2: (log(e2) / log(e1)) / log(h2 / h1),
            lambda h1, e1, h2, e2: log(e2 / e1) / (log(h2) / log(h1)),
            lambda h1, e1, h2, e2: log(e1) / log(e2) * log(h1 / h2),
        ),
        hint="In one of the two places you have divided one logarithm by another, where the "
        "logarithm of a quotient is meant. These are different things: the logarithm of a "
        "quotient is the difference of two logarithms. With 100 and 10, in base ten, the "
        "quotient of the logarithms is 2, while the logarithm of the quotient is 1. Only the "
        "difference is free of units: if both errors are measured in another unit, it stays. "
        "So form the quotient of the errors first and then its logarithm, do the same with the "
        "steps, and divide the one result by the other.",
    ),
    Wrong(
        name="Not the order but another number of the law is returned",
        when=_one_of(
            lambda h1, e1, h2, e2: e1 / h1 ** _p(h1, e1, h2, e2),
            lambda h1, e1, h2, e2: log(e1) - _p(h1, e1, h2, e2) * log(h1),
            lambda h1, e1, h2, e2: (h1 / h2) ** _p(h1, e1, h2, e2),
            lambda h1, e1, h2, e2: 2 ** _p(h1, e1, h2, e2),
            lambda h1, e1, h2, e2: 2 ** -_p(h1, e1, h2, e2),
            lambda h1, e1, h2, e2: math.exp(_p(h1, e1, h2, e2)),
        ),
        hint="You have found the order on the way, and then gone on with it: to the constant in "
        "front of the power, or to the factor by which the error shrinks. Both are useful, but "
        "the question is for the exponent alone. In the law, the error is a constant times the "
        "step to the power p; the function is to return p. It is a pure number, mostly between "
        "1 and 4, and does not change if both errors are measured in another unit, whereas the "
        "constant does. Look at the last line: return the quotient of the two logarithms "
        "itself, and leave out what comes after it.",
    ),
    Wrong(
        name="Errors and steps are mixed crosswise",
        when=_one_of(
            lambda h1, e1, h2, e2: log(e1 / h2) / log(e2 / h1),
            lambda h1, e1, h2, e2: log(e2 / h1) / log(e1 / h2),
            lambda h1, e1, h2, e2: log(e1 / h2) / log(h1 / e2),
            lambda h1, e1, h2, e2: log(e2 / h2) / log(e1 / h1),
            lambda h1, e1, h2, e2: log(e1 / h1) / log(h2 / e2),
            lambda h1, e1, h2, e2: log(h1 / e1) / log(e2 / h2),
            lambda h1, e1, h2, e2: log(e1 / h1) / log(h1 / h2),
            lambda h1, e1, h2, e2: log(e2 / h2) / log(h1 / h2),
            lambda h1, e1, h2, e2: log(h1 / e2) / log(h2 / e1),
            lambda h1, e1, h2, e2: log(h1 / e1) / log(h2 / e2),
            lambda h1, e1, h2, e2: log(e1 / e2) / log(e1 / h1),
            lambda h1, e1, h2, e2: log(h1 / e1) / log(h1 / h2),
        ),
        hint="In a quotient of yours an error is divided by a step. Only like and like may be "
        "divided here: the first error by the second, and the first step by the second. Then "
        "units cancel and so does the unknown constant of the law. Look at the order of the "
        "four inputs: h1, e1, h2, e2. They come in pairs, each step followed by its error, so "
        "the two errors are the second and the fourth. If the names were mixed up in typing, "
        "this is the place to look. A test: multiply both errors by 1000. The order must not "
        "change.",
    ),
    Wrong(
        name="Products or sums stand where quotients belong",
        when=_one_of(
            lambda h1, e1, h2, e2: log(e1 / e2) / log(h1 * h2),
            lambda h1, e1, h2, e2: log(e1 * e2) / log(h1 * h2),
            lambda h1, e1, h2, e2: log(e1 * e2) / log(h1 / h2),
            lambda h1, e1, h2, e2: log(e1 + e2) / log(h1 + h2),
            lambda h1, e1, h2, e2: log(e1 / e2) / log(h1 + h2),
            lambda h1, e1, h2, e2: (e1 + e2) / (h1 + h2),
            lambda h1, e1, h2, e2: e1 * e2 / (h1 * h2),
        ),
        hint="Two numbers are multiplied or added where one should be divided by the other. The "
        "sum of two logarithms is the logarithm of the product, their difference is that of "
        "the quotient. The law has an unknown constant in front of the power. In a product of "
        "two errors it occurs twice; in their quotient it cancels. That is why a second "
        "measurement was made. With a slope it is the same: rise is a difference in height, "
        "not a sum. Write the law once for each measurement, divide the first by the second on "
        "both sides, and then take logarithms.",
    ),
    Wrong(
        name="Two different logarithms are mixed",
        when=_one_of(
            *(
                lambda h1, e1, h2, e2, f=f, g=g: f(e1 / e2) / g(h1 / h2)
                for f in (log, log2, log10)
                for g in (log, log2, log10)
                if f is not g
            ),
        ),
        hint="The two quotients are right, and so is the division, but the logarithms above and "
        "below have different bases. In a quotient of two logarithms the base cancels, so any "
        "base will do, as long as it is the same in both. In Python log is the natural one, "
        "log2 has the base 2 and log10 the base 10; they differ by constant factors of 1.44 "
        "and 2.3. A test shows it: with steps 1 and one tenth and errors 1 and one hundredth "
        "the order is 2. Use one and the same function in both places.",
    ),
    Wrong(
        name="A power or a root stands where logarithms belong",
        when=_one_of(
            lambda h1, e1, h2, e2: (e1 / e2) ** (h2 / h1),
            lambda h1, e1, h2, e2: (e1 / e2) ** (h1 / h2),
            lambda h1, e1, h2, e2: (e1 / e2) ** (1 / h1),
            lambda h1, e1, h2, e2: (h1 / h2) ** (e1 / e2),
            lambda h1, e1, h2, e2: (h1 / h2) ** (e2 / e1),
            lambda h1, e1, h2, e2: math.exp(e1 / e2) / math.exp(h1 / h2),
            lambda h1, e1, h2, e2: math.sqrt(e1 / e2) / (h1 / h2),
            lambda h1, e1, h2, e2: math.sqrt(e1 / e2),
        ),
        hint="You know that the quotient of the errors is the quotient of the steps to the power "
        "p. The unknown stands in the exponent. A root undoes a power if the exponent is known "
        "and the base is asked for. Here the base is known, and the exponent is asked for, and "
        "that is what logarithms are for. Take the logarithm of both sides: on the right the "
        "exponent comes down as a factor in front of the logarithm of the quotient of the "
        "steps. Divide by that. In a test with a step that is halved and an error that becomes "
        "one eighth, the result has to be 3.",
    ),
    Wrong(
        name="A difference stands where a quotient belongs",
        when=_one_of(
            lambda h1, e1, h2, e2: log(e1 / e2) / log(abs(h1 - h2)),
            lambda h1, e1, h2, e2: log(abs(e1 - e2)) / log(h1 / h2),
            lambda h1, e1, h2, e2: (e1 - e2) / log(h1 / h2),
            lambda h1, e1, h2, e2: log(abs(e1 - e2) / abs(h1 - h2)),
            lambda h1, e1, h2, e2: abs(e1 - e2),
            lambda h1, e1, h2, e2: (e1 / e2) / (h1 - h2),
            lambda h1, e1, h2, e2: (e1 - e2) / (h1 / h2),
        ),
        hint="In one place you take a plain difference of two numbers, where their quotient is "
        "needed. A power law is about factors: when the step is divided by some factor, the "
        "error is divided by that factor to the power p. So both pairs have to be compared by "
        "their quotients, and then the logarithms of the quotients are divided. A difference "
        "of logarithms is fine too, since it is the logarithm of a quotient; but the logarithm "
        "of a difference is something else, and it changes with the unit in which the errors "
        "are measured.",
    ),
    Wrong(
        name="The slope is upside down and negative",
        when=_one_of(
            lambda h1, e1, h2, e2: log(h2 / h1) / log(e1 / e2),
            lambda h1, e1, h2, e2: (h1 - h2) / (e1 - e2),
            lambda h1, e1, h2, e2: (h1 / h2) / (e1 / e2),
        ),
        hint="The slope is turned over: what belongs above the line stands below it. The law says "
        "that the logarithm of the quotient of the errors is p times that of the quotient of "
        "the steps, so the errors are above and the steps below. If the numbers are taken in "
        "another order above than below, there is a minus on top of it. If you have no "
        "logarithms at all, they are missing too. Take a case that you know: steps 1 and one "
        "tenth, errors 1 and one hundredth. The order is 2, neither one half nor -2. Try your "
        "function with it.",
    ),
    Wrong(
        name="The steps are taken for halves, with a further slip",
        when=_one_of(
            lambda h1, e1, h2, e2: float(round(log2(e1 / e2))),
            lambda h1, e1, h2, e2: log2(e2 / e1),
            lambda h1, e1, h2, e2: log(e1 / e2) / log(0.5),
            lambda h1, e1, h2, e2: log(e1 / e2) / 2,
            lambda h1, e1, h2, e2: e1 / e2 / 2,
            lambda h1, e1, h2, e2: log2(e1) / log2(e2) / 2,
        ),
        hint="Your function works as if the second step were one half of the first, and there is "
        "a further slip beside it: a sign, a rounding, or a plain 2 in the place of its "
        "logarithm. The steps are inputs and may have any quotient. The law tells what to do "
        "with them: the quotient of the errors is the quotient of the steps to the power p. "
        "Take the logarithm of both sides and divide. Then 2 does not appear anywhere in your "
        "function. Return what comes out as it is. A test: steps 1 and one third, errors 1 "
        "and one ninth; the order is 2.",
    ),
]
