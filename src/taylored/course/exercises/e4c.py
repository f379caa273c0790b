"""4C: the order of convergence, measured on errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np

from taylored.course.checking import Case, Code, Exercise, Parameters, Wrong
from taylored.course.checking.terms import scalars, shows

__all__ = ["EXERCISE"]

_STARTER = '''from math import log


def order(e):
    """The order of convergence; e holds the errors of the last points, e[-1] the newest."""
    return ...
'''


def _inputs(rng: Random, p: Parameters) -> Case:
    """Errors that settle to an order on the last three, after a start that follows no law."""
    power, factor = rng.uniform(1.2, 2.7), rng.uniform(0.25, 0.9)
    errors = [rng.uniform(0.5, 0.9), rng.uniform(0.25, 0.45), rng.uniform(0.1, 0.2)]
    for _ in range(2):
        errors.append(factor * errors[-1] ** power)
    return (errors,)


def _slope(e: Sequence[float]) -> float:
    """The order from three errors."""
    return math.log(e[2] / e[1]) / math.log(e[1] / e[0])


def _right(p: Parameters, e: Sequence[float]) -> float:
    return _slope(e[-3:])


def _fitted(e: Sequence[float]) -> float:
    """The slope of a line through all logarithms."""
    logs = np.log(np.asarray(e, dtype=float))
    return float(np.polyfit(logs[:-1], logs[1:], 1)[0])


def _constant(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Whether the result is the same number for all inputs."""
    return float(np.ptp(scalars(outputs))) < 1e-9


def _mean(e: Sequence[float]) -> float:
    """The mean of the orders from all neighbors."""
    steps = np.diff(np.log(np.asarray(e, dtype=float)))
    return float(np.mean(steps[1:] / steps[:-1]))


def _middle(e: Sequence[float]) -> float:
    """The median of the orders from all neighbors."""
    steps = np.diff(np.log(np.asarray(e, dtype=float)))
    return float(np.median(steps[1:] / steps[:-1]))


def _listed(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Whether it is a list of numbers, with the right one at an end, for all inputs."""
    ends = [(np.ravel(o)[[0, -1]], _right(p, *case)) for case, o in zip(cases, outputs, strict=True)
            if np.size(o) > 1]  # fmt: skip
    return len(ends) == len(cases) and all(np.isclose(e, r, rtol=1e-4).any() for e, r in ends)


def _is_number(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Whether it is a number everywhere, and not nearly the right one."""
    got, right = scalars(outputs), np.array([_right(p, *case) for case in cases])
    return bool(np.isfinite(got).all() and np.any(np.abs(got - right) > 0.05 * np.abs(right)))


EXERCISE = Exercise(
    id="4C",
    title="Measure an order",
    answer=Code(name="order", starter=_STARTER, returns="a number"),
    inputs=_inputs,
    right=_right,
    tolerance=1e-4,  # logarithms in single precision are welcome
    wrong=[
        Wrong(
            name="The unknown factor has not been removed",
            model=lambda p, e: math.log(e[-1]) / math.log(e[-2]),
            hint="You compare the logarithms of the last two errors. That would give the order if "
            "each new error were exactly a power of the old one. But there is a factor in front "
            "of the power, and nobody knows it. Taking logarithms turns the law into a straight "
            "line: the new logarithm is the order times the old one, plus a constant. One point "
            "on a line does not tell its slope, two do. So take two pairs of neighbors, three "
            "errors in all, and form differences: the constant drops out. A difference of two "
            "logarithms is the logarithm of a quotient. Try your function on errors that are all "
            "measured in millimeters instead of meters: the order must not change, yours does.",
        ),
        Wrong(
            name="The first three errors are used, not the last",
            model=lambda p, e: _slope(e[:3]),
            hint="The formula is right, and it looks at the wrong end of the list. At the start "
            "the points are still far from the root, and their errors follow no law: a Newton "
            "step from far away may gain nothing, or even lose. The power law holds only close "
            "to the root, so the newest errors tell the order best. In Python the last three "
            "entries of a list are reached from behind, with the numbers -3, -2 and -1, however "
            "long the list is. Print what your function gives for each three neighbors of a long "
            "list in turn: you will see it wander at first and settle later. What you want is the "
            "value where it has settled.",
        ),
        Wrong(
            name="Numerator and denominator are exchanged",
            model=lambda p, e: 1 / _slope(e[-3:]),
            hint="Your two logarithms are the right ones, and the quotient is upside down. Think "
            "of a method whose right digits double: the errors go from a hundredth to a "
            "ten-thousandth to a hundred-millionth. The first gain is two digits, the second is "
            "four. The order is to come out as two, so the newer gain belongs on top and the "
            "older one below. You would have got one half, and an order below one would mean "
            "that the gains shrink: such a method comes to a halt. So put the quotient of the "
            "newest two errors into the numerator, that of the older two into the denominator, "
            "and test it on these three numbers by hand.",
        ),
        Wrong(
            name="That is the factor of the last step, not the order",
            model=lambda p, e: e[-1] / e[-2],
            others=[lambda p, e: e[-2] / e[-3], lambda p, e: e[1] / e[0]],
            hint="You have computed by which factor the error shrank in the last step. For a "
            "method of order one this factor stays the same from step to step, and then it is "
            "the number to know. For a faster method it becomes smaller with every step, so it "
            "describes one step and not the method. The order says how this factor itself "
            "changes: it is the power to which the old error is raised. Powers are read off with "
            "logarithms. Compare two neighboring factors: take the logarithm of the newer one and "
            "divide it by the logarithm of the older one. Errors of a hundredth, a "
            "ten-thousandth and a hundred-millionth must give exactly two.",
        ),
        Wrong(
            name="The quotients are compared without logarithms",
            model=lambda p, e: (e[-1] / e[-2]) / (e[-2] / e[-3]),
            hint="You divide one shrinking factor by the one before it. The thought of comparing "
            "two neighboring factors is right, but the order is an exponent, and an exponent is "
            "not found by dividing. If an error is squared in each step, the factors are a tenth, "
            "a hundredth, a ten-thousandth: each is the square of the one before. Dividing them "
            "gives a tenth, then a hundredth, numbers that keep changing, while the exponent is "
            "two all the time. The logarithm is what turns powers into products: the logarithm "
            "of a square is twice the logarithm. So take the logarithm of each factor first, and "
            "divide only then.",
        ),
        Wrong(
            name="The logarithms are subtracted where they should be divided",
            model=lambda p, e: math.log(e[-1] / e[-2]) - math.log(e[-2] / e[-3]),
            hint="You have the two right logarithms and take their difference. A difference of "
            "logarithms belongs to a quotient of numbers; it tells how many times smaller the "
            "newer factor is, and that depends on how far one has come. The order is the slope "
            "of a straight line: draw the logarithm of each new error against that of the old "
            "one. Slope is rise over run. The rise between two points of this line is the "
            "logarithm of the newest quotient, the run that of the older quotient. So divide one "
            "by the other. Test it on errors of 1e-1, 1e-2, 1e-4: the gains are one digit and "
            "two digits, and the order is two.",
        ),
        Wrong(
            name="All errors are used, the early ones too",
            model=lambda p, e: _fitted(e),
            hint="You have fitted a straight line to the logarithms of all errors, each against "
            "the one before. The slope of that line is the order, so the thought is right. But "
            "the first points of an iteration do not lie on the line: far from the root the "
            "errors follow no law, and they pull the fit away. The law holds near the root only, "
            "and the nearer the better. So leave the early errors out. The newest three make two "
            "pairs, that is two points on the line, and two points are enough for a slope. If "
            "you have many good points, look where the slope between neighbors has settled.",
        ),
        Wrong(
            name="The step before the last is not used",
            when=shows(
                lambda p, e: math.log(e[-1] / e[-2]),
                lambda p, e: math.log2(e[-1] / e[-2]),
                lambda p, e: math.log10(e[-1] / e[-2]),
                lambda p, e: math.log(e[-2] / e[-1]),
                lambda p, e: math.log2(e[-2] / e[-1]),
            ),
            hint="You take the logarithm of the last quotient: by how many powers the newest "
            "error is smaller than the one before. That is the speed of one step, and it is "
            "not yet the order. The order says how the speed changes from step to step: "
            "with order 1 each step gains as many digits as the last, with order 2 twice as "
            "many. So two steps have to be compared, the last and the one before it, and "
            "for two steps you need three errors. Form the same logarithm for the step "
            "before. Then divide the newer by the older; the unknown factor of the law "
            "cancels in each of the quotients.",
        ),
        Wrong(
            name="The newest error is not used",
            when=shows(lambda p, e: _slope(e[-4:-1]), lambda p, e: _slope(e[1:4])),
            hint="Your formula is right, but it stops one error too early: the newest of them "
            "does not enter. The law with the order p holds better the smaller the errors "
            "are, so the three newest are to be used. Look at how the places are counted. "
            "From the front the first is e[0], so that of five errors the last is e[4] and "
            "not e[5] or e[3]. It is safer to count from the end: e[-1] is the newest, "
            "whatever the length of the list, e[-2] the one before, e[-3] the one before "
            "that. The list may have another length the next time.",
        ),
        Wrong(
            name="The first three errors are used, and upside down",
            when=shows(
                lambda p, e: math.log(e[0] / e[1]) / math.log(e[1] / e[2]),
            ),
            hint="There are two slips at once. The errors are the first three of the list, where "
            "the method has not yet settled, and not the last three. Counted from the end "
            "the newest error is e[-1]. And the fraction is upside down: the logarithm of "
            "the newer quotient belongs above the line and that of the older one below, "
            "since the order says how many times as much the newer step gains as the one "
            "before. If a step gains two digits and the next one gains four, the order is "
            "2, four over two. Write down the three newest errors with their places, form "
            "the two quotients, and divide the newer logarithm by the older.",
        ),
        Wrong(
            name="It is rounded to a whole number",
            when=shows(
                lambda p, e: float(round(_slope(e[-3:]))),
                lambda p, e: float(math.floor(_slope(e[-3:]))),
                lambda p, e: float(math.ceil(_slope(e[-3:]))),
            ),
            hint="Your formula is right, but then the result is made a whole number. Orders need "
            "not be whole: the secant method has 1.618, and that this is so was found by "
            "looking at such numbers. And for a method of order 2 it matters whether 1.98 "
            "comes out or 1.6, which both would be rounded to 2: the first says that all is "
            "well, the second that something is not, a root that is nearly double or an "
            "error in the derivative. Return the quotient as it is. Whoever reads it can "
            "round it, and nobody can get the lost digits back.",
        ),
        Wrong(
            name="Differences of errors in the place of quotients",
            when=shows(
                lambda p, e: math.log(e[-3] - e[-1]) / math.log(e[-3] - e[-2]),
                lambda p, e: math.log(e[-2] - e[-1]) - math.log(e[-3] - e[-2]),
                lambda p, e: (e[-1] - e[-2]) / (e[-2] - e[-3]),
                lambda p, e: math.log(abs(e[-1] - e[-2])) / math.log(abs(e[-2] - e[-3])),
                lambda p, e: math.log(abs((e[-1] - e[-2]) / (e[-2] - e[-3]))),
            ),
            hint="You form differences of errors. When errors fall quickly, a difference of two "
            "of them is hardly more than the larger one: from 0.01 to 0.0001 the difference "
            "is 0.0099, and what the newest error is has disappeared in it. The law of the "
            "order is a law of powers, so it speaks of quotients: how many times smaller "
            "has the error become? If each error is a factor times the power p of the one "
            "before, dividing two neighbors removes the factor. Take the logarithm of each "
            "quotient, and then the quotient of the two logarithms. A difference comes in "
            "only as a difference of logarithms, which is the same thing.",
        ),
        Wrong(
            name="The mean over all steps is taken",
            when=shows(
                lambda p, e: _mean(e),
                lambda p, e: _mean(e) * (len(e) - 2) / len(e),
                lambda p, e: _mean(e) * (len(e) - 2) / (len(e) - 1),
                lambda p, e: _mean(e) * (len(e) - 2),
                lambda p, e: _middle(e),
                lambda p, e: _mean(e[-4:]),
            ),
            hint="You measure the order at every step and take the mean. For numbers that "
            "scatter around a true value a mean is a good thing. But these do not scatter, "
            "they approach: the law holds in the limit of small errors, and the first steps "
            "of a method, far from the root, follow no law at all. The mean drags their "
            "nonsense into the result. Only the newest step tells what the order is, "
            "because its errors are the smallest. So compute it from the last three errors "
            "alone, e[-3], e[-2] and e[-1], and leave the others out. If two measurements "
            "at the end agree, that is a good sign.",
        ),
        Wrong(
            name="The two steps are not neighbors",
            when=shows(
                lambda p, e: math.log(e[-1] / e[-2]) / math.log(e[1] / e[0]),
                lambda p, e: math.log(e[-1] / e[-2]) / math.log(e[0] / e[1]),
                lambda p, e: math.log(e[-1] / e[-3]) / math.log(e[-2] / e[-3]),
                lambda p, e: math.log(e[-1] / e[-2]) / math.log(e[-1] / e[-3]),
                lambda p, e: math.log(e[-1] / e[-3]) / math.log(e[-2] / e[-1]),
                lambda p, e: math.log(e[-2] / e[-3]) / math.log(e[-1] / e[-3]),
                lambda p, e: math.log(e[-1] / e[0]) / math.log(e[1] / e[0]),
                lambda p, e: math.log(e[-1] / e[0]) / math.log(e[-2] / e[0]),
            ),
            hint="You have two logarithms of quotients, but one of the quotients jumps over an "
            "error: it leads from e[-3] to e[-1] at once. The order compares one step with "
            "the next. A step leads from an error to its neighbor, from e[-3] to e[-2], and "
            "then from e[-2] to e[-1]. The law says that each error is the power p of the "
            "one before, times a factor. Write it down for both steps and divide: the "
            "factor cancels only if both quotients are of neighbors, newer over older. Then "
            "p is the logarithm of the newer quotient over that of the older one.",
        ),
        Wrong(
            name="The parentheses around the differences are missing",
            when=shows(
                lambda p, e: math.log(e[-1]) - math.log(e[-2]) / math.log(e[-2]) - math.log(e[-3]),
            ),
            hint="The idea is right: a difference of logarithms over a difference of logarithms. "
            "But there are no parentheses, and division binds more strongly than "
            "subtraction, so that only the two logarithms next to the stroke are divided, "
            "here one by itself. On paper the long fraction line holds both parts together; "
            "in a program parentheses have to do it, one pair around the whole numerator "
            "and one around the whole denominator. Or write each difference as the "
            "logarithm of a quotient, and nothing needs to be held together. A test: errors "
            "of 0.1, 0.01 and 0.0001 must give 2.",
        ),
        Wrong(
            name="That is the factor of the law, for an order taken as known",
            when=shows(
                lambda p, e: math.log(e[-1] ** 2 / e[-2]) / math.log(e[-2] ** 2 / e[-3]),
                lambda p, e: math.log(e[-1] / e[-2] ** 2) / math.log(e[-2] / e[-3] ** 2),
                lambda p, e: (e[-1] / e[-2] ** 2) / (e[-2] / e[-3] ** 2),
                lambda p, e: e[-2] ** 2 / e[-1],
                lambda p, e: e[-1] / e[-2] ** _slope(e[-3:]),
                lambda p, e: math.log(e[-1]) - _slope(e[-3:]) * math.log(e[-2]),
                lambda p, e: e[-1] / e[-2] ** 2,
                lambda p, e: math.log(e[-1] / e[-2] ** 2),
                lambda p, e: e[-1] / (e[-2] * e[-3]),
            ),
            hint="You divide the newest error by the square of the one before. That is the "
            "factor C of the law, if the order is known to be 2. Here the order is what has "
            "to be found, and it may be something else: 1 for bisection, 1.618 for the "
            "secant method, 3 for some others. Both are unknown, the factor and the order, "
            "and two unknowns need two equations, so three errors. Write the law for the "
            "last two steps with the same C and the same p, and divide one by the other. C "
            "is gone, and the logarithm of both sides brings p down as a factor.",
        ),
        Wrong(
            name="Not both parts are logarithms of quotients",
            when=shows(
                lambda p, e: math.log(e[-2]) / math.log(e[-1]),
                lambda p, e: math.log(e[0]) / math.log(e[1]),
                lambda p, e: math.log(e[-1]) / math.log(e[-2]) / math.log(e[-3]),
                lambda p, e: (
                    math.log(e[-1]) / math.log(e[-2]) / (math.log(e[-2]) / math.log(e[-3]))
                ),
                lambda p, e: math.log(e[-1]) / e[-2],
                lambda p, e: math.log(e[-1]) / math.log(e[0]),
                lambda p, e: math.log(e[2]) / math.log(e[1]),
                lambda p, e: math.log(e[1]) / math.log(e[0]),
                lambda p, e: (e[-1] / e[-2]) / math.log(e[-2] / e[-3]),
                lambda p, e: math.log(math.log(e[-1]) / math.log(e[-2])),
                lambda p, e: -math.log(e[-1]),
                lambda p, e: -math.log10(e[-1]),
                lambda p, e: math.log(e[-1]) / math.log(e[-2] / e[-3]),
                lambda p, e: math.log(e[-1] / e[-2]) / math.log(e[-2]),
                lambda p, e: math.log(e[-1] / e[-2]) / math.log(e[-3]),
                lambda p, e: math.log(e[-1] / e[-2]) / (e[-2] / e[-3]),
                lambda p, e: math.log(e[-1]) / math.log(e[-3]),
                lambda p, e: math.log(e[-2]) / math.log(e[-3]),
                lambda p, e: math.log(e[-1]),
                lambda p, e: math.log10(e[-1]),
                lambda p, e: e[-2] / e[-1],
            ),
            hint="One of your two parts is the logarithm of a quotient of errors, as it should "
            "be, and the other is something else: the logarithm of one error alone, or a "
            "quotient without a logarithm. Both have to be alike. The law has an unknown "
            "factor in front, and only in a quotient of two neighbors does it cancel. And "
            "the exponent comes down only if the logarithm is taken on both sides. So above "
            "the line stands the logarithm of newest over second newest, below it the "
            "logarithm of second newest over third newest. As a test take the errors 0.1, "
            "0.01 and 0.0001, and see that 2 comes out.",
        ),
        Wrong(
            name="The errors are multiplied in the logarithm, not divided",
            when=shows(
                lambda p, e: math.log(e[-1] * e[-2]) / math.log(e[-2] * e[-3]),
                lambda p, e: (e[-1] * e[-3]) / e[-2] ** 2,
                lambda p, e: e[-2] ** 2 / (e[-1] * e[-3]),
                lambda p, e: (e[-1] * e[-2]) / (e[-2] * e[-3]),
            ),
            hint="You have combined the right three errors, but by products in place of quotients, "
            "or as a quotient of quotients without the logarithms. The law says that each "
            "error is a factor times a power of the one before. The factor is unknown, and to "
            "get rid of it one law is divided by the other: in a quotient of neighboring "
            "errors it cancels, in a product it stays and comes in twice. What is left is an "
            "equation between two quotients, with the order in the exponent. An exponent is "
            "brought down by a logarithm. So there are two steps, first divide neighbors, "
            "then take logarithms, and at last one logarithm is divided by the other. Test it "
            "with errors that are squared each time.",
        ),
        Wrong(
            name="The two logarithms have different bases",
            when=shows(
                lambda p, e: _slope(e[-3:]) / math.log(10),
                lambda p, e: _slope(e[-3:]) * math.log(10),
                lambda p, e: _slope(e[-3:]) / math.log(2),
                lambda p, e: _slope(e[-3:]) * math.log(2),
            ),
            hint="The quotients are right, and so is their order, but the two logarithms do not "
            "have the same base. In the quotient of two logarithms the base drops out, since "
            "another base multiplies both by the same number. That works only if both are of "
            "one kind. In your answer one of them is natural and the other is to base ten or "
            "two, so a fixed factor is left over: about 2.3 between ten and the natural one, "
            "0.69 for two. Look which function each name stands for: in Python log is the "
            "natural one, and log10 and log2 say their base. Take the same function above and "
            "below the line, whichever you like.",
        ),
        Wrong(
            name="The right number stands at the end of a list",
            when=_listed,
            hint="The order from the last three errors is there, but you return a list of numbers "
            "with it: probably the orders of all neighbors, one for each step, or the order "
            "together with the factor. The question asks for one number, measured on the "
            "newest three errors. A list is a fine thing to look at, since it shows whether "
            "the measured order settles down. But early steps are far from the root, where "
            "the law does not hold yet, and whoever calls your function wants a single value "
            "to work with. So pick the one that belongs to the newest errors and return that "
            "alone. In Python the last entry of a list stands at the place minus one; no loop "
            "is needed, as only three errors are used.",
        ),
        Wrong(
            name="One is added or taken away at the end",
            when=shows(
                lambda p, e: _slope(e[-3:]) - 1,
                lambda p, e: _slope(e[-3:]) + 1,
            ),
            hint="Your result differs from the order by exactly one. The order is the power p "
            "itself in the law that each error is a factor times the power p of the one "
            "before. For a method that halves the error at each step it is 1, and for "
            "Newton's method 2. Nothing has to be added for the derivative that is used, "
            "nor taken away for the steps that are counted. Perhaps you have divided each "
            "error by the one before it once too often, which takes one power away. As a "
            "test take 0.1, 0.01 and 0.0001: the order is 2.",
        ),
        Wrong(
            name="The result is the same for all inputs",
            vague=True,
            when=_constant,
            hint="Your function gives one and the same number for every list of errors. The "
            "order has to be measured on the errors that are handed over; they come from "
            "methods of different orders. If you return a number that you know, such as 2 "
            "for Newton's method, you could not find out that something is wrong with it. "
            "If there is a formula in your function, look whether the same quotient stands "
            "above and below the line, perhaps turned round; then everything cancels. Use "
            "the three newest errors, e[-3], e[-2] and e[-1], in two quotients of "
            "neighbors, and divide the logarithm of the newer by that of the older one.",
        ),
        Wrong(
            name="The logarithms are multiplied or added",
            when=shows(
                lambda p, e: math.log(e[-1] / e[-2]) * math.log(e[-2] / e[-3]),
                lambda p, e: math.log(e[-1] / e[-2]) + math.log(e[-2] / e[-3]),
                lambda p, e: math.log(e[-1] / e[-3]),
                lambda p, e: math.log(e[-1] / e[-2]) / len(e),
                lambda p, e: math.log(e[-1] / e[0]) / (len(e) - 1),
            ),
            hint="You have the logarithm of a step's quotient, which says how many digits that "
            "step has gained. But the two logarithms of the last steps are multiplied or "
            "added, or one of them is divided by a number of steps. The order is how many "
            "times as many digits the newer step gains as the one before, so one has to be "
            "divided by the other. A sum tells how much was gained in all, a mean how much "
            "on average, and neither says whether the method becomes faster. Test your "
            "function with errors of 0.1, 0.01 and 0.0001: the last step gains two digits, "
            "the one before gains one, and the order is 2.",
        ),
        Wrong(
            name="It is not how many times faster the digits come",
            when=_is_number,
            last=True,
            hint="Your result is not the order, and it is none of the usual slips either. Go "
            "through it in four lines. The law: each error is C times the power p of the "
            "one before. For the two newest steps: e[-1] is C times e[-2] to the p, and "
            "e[-2] is C times e[-3] to the p. Divide: e[-1] over e[-2] is e[-2] over e[-3], "
            "to the power p, and C is gone. Logarithms: the log of the first quotient is p "
            "times the log of the second. Now solve for p. Test your function with 0.1, "
            "0.01 and 0.0001: it must give 2.",
        ),
    ],
    again="If each error is C times the p-th power of the one before, then dividing two such "
    "equations removes C: e[-1]/e[-2] is the p-th power of e[-2]/e[-3]. Take logarithms.",
    worked="Near the root $e_{k+1} \\approx C e_k^p$. Divide by the same for the step before: "
    "$\\frac{e_{k+1}}{e_k} = \\left(\\frac{e_k}{e_{k-1}}\\right)^p$. The logarithm gives "
    "$p = \\log\\frac{e_{k+1}}{e_k} / \\log\\frac{e_k}{e_{k-1}}$, so with the newest three errors: "
    "`return log(e[-1] / e[-2]) / log(e[-2] / e[-3])`.",
)
