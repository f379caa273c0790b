"""3G: the order of an error, measured from two steps."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import numpy as np

from taylored.course.checking import Case, Code, Exercise, Parameters, Wrong
from taylored.course.checking.terms import scalars, shows
from taylored.course.exercises.more_3g import WRONG as MORE

__all__ = ["EXERCISE"]

_STARTER = '''from math import log


def order(h1, e1, h2, e2):
    """The order p of an error that behaves like C * h**p."""
    return ...
'''


def _inputs(rng: Random, p: Parameters) -> Case:
    """Two steps whose quotient is neither 2 nor 10, and errors that follow a power nearly."""
    power, factor = rng.uniform(0.7, 4.4), rng.choice([0.2, 0.4, 3.0, 7.0]) * rng.uniform(0.8, 1.2)
    h1 = rng.uniform(0.1, 0.4)
    h2 = h1 / rng.choice([1.5, 3.0, 3.7, 5.0, 7.3])
    return (
        h1,
        factor * h1**power * rng.uniform(0.97, 1.03),
        h2,
        factor * h2**power * rng.uniform(0.97, 1.03),
    )


def _right(p: Parameters, h1: float, e1: float, h2: float, e2: float) -> float:
    return math.log(e1 / e2) / math.log(h1 / h2)


def _constant(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Whether the result is the same number for all inputs."""
    return float(np.ptp(scalars(outputs))) < 1e-9


def _is_number(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Whether it is a number everywhere, and not nearly the right one."""
    got, right = scalars(outputs), np.array([_right(p, *case) for case in cases])
    return bool(np.isfinite(got).all() and np.any(np.abs(got - right) > 0.05 * np.abs(right)))


EXERCISE = Exercise(
    id="3G",
    title="Measure the order",
    answer=Code(name="order", starter=_STARTER, returns="a number"),
    inputs=_inputs,
    right=_right,
    wrong=[
        Wrong(
            name="The steps are taken for one half of each other",
            model=lambda p, h1, e1, h2, e2: math.log2(e1 / e2),
            hint="You take the logarithm to the base 2 of the quotient of the errors. That is the "
            "order if the second step is exactly half of the first, and here it need not be: the "
            "function is given both steps, and it should use them. If the step is divided by 3, "
            "an error of order 2 is divided by 9, and your function calls this an order above 3. "
            "Write down the law for both errors, with the same unknown constant, and divide one "
            "by the other. What is left is the quotient of the steps to the power p, equal to the "
            "quotient of the errors. Take logarithms of both sides and solve for p.",
        ),
        Wrong(
            name="The unknown constant has not been removed",
            model=lambda p, h1, e1, h2, e2: math.log(e2) / math.log(h2),
            hint="You divide the logarithm of one error by the logarithm of its step. This would "
            "be the order if the error were exactly a power of the step. But there is a constant "
            "in front of the power, it is not known, and its logarithm spoils the result. Two "
            "measurements are given so that it can be removed. On logarithmic paper the law is a "
            "straight line, and the constant shifts it up or down; a slope needs two points. "
            "Divide the law for the first error by the law for the second one before you take "
            "logarithms: the constant cancels. Test your function with both errors multiplied by "
            "1000. The order must not change.",
        ),
        Wrong(
            name="The unknown constant has not been removed from the first error",
            model=lambda p, h1, e1, h2, e2: math.log(e1) / math.log(h1),
            hint="Only the first pair of numbers is used, and the second pair not at all. With a "
            "single measurement you cannot tell a large constant from a low order. The law says "
            "that the error is a constant times a power of the step. Two unknowns need two "
            "measurements. On logarithmic paper, where this law is a straight line, one point "
            "says nothing about the slope: lines of any slope go through it. Take both points, "
            "form how far the logarithm of the error goes down from one to the other, and divide "
            "by how far the logarithm of the step goes down. A difference of logarithms is the "
            "logarithm of a quotient.",
        ),
        Wrong(
            name="Slope on plain paper",
            model=lambda p, h1, e1, h2, e2: (e1 - e2) / (h1 - h2),
            hint="This is a slope, rise over run, but of the plain numbers. It says by how much "
            "the error grows per unit of step, which depends on the units and on where you are; "
            "for a power law the graph is a curve on plain paper, and its slope is different "
            "everywhere. The order is the slope on logarithmic paper. There a power becomes a "
            "straight line, since the logarithm of C times h to the p is log C plus p times log "
            "h. So rise and run must be differences of logarithms. A test: measure the errors in "
            "another unit, so that both become 100 times larger. The order is a pure number and "
            "may not change; yours does.",
        ),
        Wrong(
            name="Quotients without logarithms",
            model=lambda p, h1, e1, h2, e2: (e1 / e2) / (h1 / h2),
            hint="The two quotients are the right ones, and the unknown constant has cancelled. "
            "But the order is the exponent that turns one quotient into the other, and an "
            "exponent is not found by dividing. If the steps have the quotient 3 and the errors "
            "the quotient 9, the order is 2, because 3 to the power 2 is 9; your function says 3. "
            "Ask: the quotient of the steps to which power gives the quotient of the errors? The "
            "logarithm is made for this question. Take it of both sides of the equation; the "
            "exponent comes down as a factor, and then you may divide.",
        ),
        Wrong(
            name="Logarithms of differences",
            model=lambda p, h1, e1, h2, e2: math.log(abs(e1 - e2)) / math.log(abs(h1 - h2)),
            hint="You form the differences first and take logarithms afterwards. It has to be the "
            "other way round. On logarithmic paper each point sits at the logarithms of its step "
            "and its error, and rise and run are differences of these logarithms. A difference of "
            "logarithms is the logarithm of a quotient, not of a difference. With differences of "
            "the plain numbers the unknown constant does not cancel: multiply both errors by "
            "1000, as if they were measured in a smaller unit, and your result changes although "
            "the order cannot depend on units. Divide the two errors, divide the two steps, and "
            "only then take logarithms.",
        ),
        Wrong(
            name="Quotients of logarithms",
            model=lambda p, h1, e1, h2, e2: (
                math.log(e1) / math.log(e2) / (math.log(h1) / math.log(h2))
            ),
            hint="All four logarithms are there, but they are divided where they should be "
            "subtracted. The logarithm of a quotient is the difference of the logarithms, and not "
            "their quotient. On logarithmic paper the slope is rise over run: how far the "
            "logarithm of the error goes down between the two points, divided by how far the "
            "logarithm of the step goes down. Distances are differences. With quotients the "
            "unknown constant in front of the power does not drop out. Test your function with an "
            "exact law, such as an error of 5 times the square of the step: the result must be 2, "
            "whatever the two steps are.",
        ),
        Wrong(
            name="The quotient is upside down",
            model=lambda p, h1, e1, h2, e2: math.log(h1 / h2) / math.log(e1 / e2),
            hint="Both logarithms are right, but the fraction stands on its head: you get one "
            "over the order. The slope of a line is rise over run. The errors are the rise, they "
            "are plotted upward; the steps are the run, plotted to the right. A check with easy "
            "numbers: let the steps be 1 and one tenth, and the errors 1 and one hundredth. "
            "Making the step ten times smaller has made the error a hundred times smaller, two "
            "powers of ten for one. The order is 2, and your function says one half. With an "
            "order below 1 it would mean that small steps hardly pay.",
        ),
        Wrong(
            name="The order is negative",
            vague=True,
            model=lambda p, h1, e1, h2, e2: -math.log(e1 / e2) / math.log(h1 / h2),
            hint="The size is right and the sign is wrong. Somewhere one quotient is formed as "
            "first over second, and the other as second over first, or there is a minus left over "
            "from a derivation. A negative order would mean that the error grows when the step "
            "shrinks. It does not matter which of the two measurements you call the first one, as "
            "long as it is the same for errors and steps: exchanging both quotients changes the "
            "sign of both logarithms, and the result stays as it is. Write both quotients with "
            "the numbers of the first measurement on top, and compare with a case you know: step "
            "and error both divided by 2 is order 1.",
        ),
        Wrong(
            name="It is rounded to a whole number",
            model=lambda p, h1, e1, h2, e2: float(round(_right(p, h1, e1, h2, e2))),
            hint="Your formula is right, but the result is rounded to a whole number. It is true "
            "that for a smooth function the order tends to a whole number as the step shrinks. "
            "But a measurement should be reported as it is. How far 1.97 is from 2 tells whether "
            "the step is already small enough for the first term to be alone; rounding throws "
            "that away. And some orders are not whole: an error that behaves like the root of the "
            "step has order one half. A result of 2.5 is a discovery, and rounded it looks like "
            "an ordinary 2. Return the number itself, and let whoever reads it judge.",
        ),
        Wrong(
            name="The steps do not enter",
            when=shows(
                lambda p, h1, e1, h2, e2: math.log(e1 / e2),
                lambda p, h1, e1, h2, e2: math.log10(e1 / e2),
                lambda p, h1, e1, h2, e2: math.log(e2 / e1),
                lambda p, h1, e1, h2, e2: e1 / e2,
                lambda p, h1, e1, h2, e2: math.log(e1) / math.log(e2),
                lambda p, h1, e1, h2, e2: math.log(e2) / math.log(e1),
            ),
            hint="Your result is made of the two errors alone; the two steps do not enter. But "
            "whether an error that has shrunk to a ninth is good or bad depends on what was "
            "paid for it. If the step was divided by 3, the order is 2. If the step was "
            "divided by 9, the order is only 1. So the logarithm of the quotient of the "
            "errors has to be compared with the logarithm of the quotient of the steps. "
            "Write the law for both measurements, error equals a constant times the step to "
            "the power p, divide one by the other, take logarithms, and solve for p: the "
            "quotient of the steps is then in the result.",
        ),
        Wrong(
            name="Only the errors have a logarithm",
            when=shows(
                lambda p, h1, e1, h2, e2: math.log(e1 / e2) / (h1 / h2),
                lambda p, h1, e1, h2, e2: math.log(e1 / e2) / (h1 - h2),
                lambda p, h1, e1, h2, e2: (e1 / e2) / math.log(h1 / h2),
            ),
            hint="You have taken a logarithm on one side only. The law says that the quotient of "
            "the errors is the quotient of the steps to the power p. To bring the exponent "
            "down one takes the logarithm of both sides: on the right it becomes p times "
            "the logarithm of the quotient of the steps. So this logarithm, and not the "
            "quotient or the difference itself, is what has to be divided by. A test with "
            "easy numbers: steps 1 and one tenth, errors 1 and one hundredth. In powers of "
            "ten the errors go down by two and the steps by one, and the order is 2. Does "
            "your function say so?",
        ),
        Wrong(
            name="Logarithms are subtracted where they should be divided",
            when=shows(
                lambda p, h1, e1, h2, e2: math.log(e1 / e2) - math.log(h1 / h2),
                lambda p, h1, e1, h2, e2: (
                    (math.log(e1) - math.log(e2)) - (math.log(h1) - math.log(h2))
                ),
                lambda p, h1, e1, h2, e2: math.log(e1 / e2) + math.log(h1 / h2),
            ),
            hint="You have the two logarithms that are needed, of the quotient of the errors and "
            "of the quotient of the steps, but you subtract one from the other; the "
            "logarithm of a quotient of both quotients is the same thing. The question is "
            "how often the one goes into the other. The law reads: the logarithm of the "
            "quotient of the errors is p times that of the steps. To get p out of a product "
            "one divides. Within each of the two a difference is right, since the logarithm "
            "of a quotient is a difference of logarithms; but between the two it is a "
            "slope, rise over run. A test: steps 1 and 0.1, errors 1 and 0.01, order 2.",
        ),
        Wrong(
            name="The parentheses around the differences are missing",
            when=shows(
                lambda p, h1, e1, h2, e2: math.log(e1) - math.log(e2) / math.log(h1) - math.log(h2),
            ),
            hint="The idea is right, a difference of logarithms over a difference of logarithms, "
            "but the parentheses are missing. Division binds more strongly than "
            "subtraction: only the two logarithms right beside the stroke are divided, and "
            "the others are added and subtracted afterwards. On paper a long fraction line "
            "holds numerator and denominator together; in a program the parentheses have to "
            "do that. Put one pair around the whole numerator and one around the whole "
            "denominator. Or write each difference as the logarithm of a quotient, so that "
            "nothing has to be held together: the logarithm of e1 over e2, divided by that "
            "of h1 over h2.",
        ),
        Wrong(
            name="One is added or taken away at the end",
            when=shows(
                lambda p, *case: _right(p, *case) - 1,
                lambda p, *case: _right(p, *case) + 1,
            ),
            hint="Your result differs from the order by exactly one. Perhaps the order of the "
            "error was turned into the order of the polynomial, which is one less: the "
            "error of a polynomial of order n goes with the power n + 1. Perhaps each error "
            "was divided by its step before the quotient was taken, which takes one power "
            "away. The question is for the power p in the law C times h to the p of the "
            "errors as they are given, without a correction. Take an exact law for a test, "
            "such as the square of the step: with steps 1 and one half the errors are 1 and "
            "one quarter, and the result must be 2.",
        ),
        Wrong(
            name="Each error is compared with its own step",
            when=shows(
                lambda p, h1, e1, h2, e2: math.log(e1 / h1) / math.log(e2 / h2),
                lambda p, h1, e1, h2, e2: (e1 / h1) / (e2 / h2),
                lambda p, h1, e1, h2, e2: e1 / h1,
                lambda p, h1, e1, h2, e2: e2 / h2,
                lambda p, h1, e1, h2, e2: math.log(e1 / h1) - math.log(e2 / h2),
            ),
            hint="You divide each error by its own step. An error and a step are different "
            "things, often with different units, and the unknown constant of the law is "
            "still in such a quotient. What cancels the constant is a quotient of like and "
            "like: the first error over the second, and the first step over the second. "
            "Then the law says that the one is a power of the other, and p is found with "
            "logarithms: that of the errors divided by that of the steps. On logarithmic "
            "paper this is the slope of the line through both points: how far it goes down "
            "over how far it goes to the left.",
        ),
        Wrong(
            name="It is cut to a whole number",
            when=shows(
                lambda p, *case: float(math.floor(_right(p, *case))),
                lambda p, *case: float(math.ceil(_right(p, *case))),
            ),
            hint="The formula is right, and then the digits behind the point are cut off, by "
            "int, floor or ceil. Cutting is worse than rounding: a measured order of 1.98, "
            "which is as good as 2, becomes 1. An order that is measured is hardly ever a "
            "whole number, since the higher terms of the error are small but not zero. How "
            "near it is to a whole number is just what one wants to know: it tells whether "
            "the step is small enough already. And some orders really are not whole, such "
            "as one half or 2.5. Return the number as it comes out of the division.",
        ),
        Wrong(
            name="The constant is removed from neither error",
            when=shows(
                lambda p, h1, e1, h2, e2: (
                    (math.log(e1) / math.log(h1) + math.log(e2) / math.log(h2)) / 2
                ),
                lambda p, h1, e1, h2, e2: math.log(e1) / math.log(h1) - math.log(e2) / math.log(h2),
            ),
            hint="You form the logarithm of each error over the logarithm of its step, and then "
            "you combine the two results. Each of them would be the order if the error were "
            "exactly a power of the step. But the law has a constant in front, which is not "
            "known, and it spoils both; their mean or difference is spoiled too. Two "
            "measurements do not serve to take a mean here, they serve to get rid of the "
            "constant. Divide the first law by the second: the constant cancels, and the "
            "quotient of the errors is the quotient of the steps to the power p. Only then "
            "take logarithms. Test: multiply both errors by 1000, and the order stays.",
        ),
        Wrong(
            name="The result is the same for all inputs",
            vague=True,
            when=_constant,
            hint="Your function gives one and the same number, whatever it is asked. An order "
            "has to be measured: for the tangent it is often 2, for a cubic often 4, but at "
            "special places it is higher, and if there is a mistake in a program it is "
            "lower, which is why one measures it at all. Use the four inputs. The two "
            "errors are a constant times the two steps to the power p. Dividing one by the "
            "other makes the constant vanish, and logarithms bring p down. If your function "
            "does contain a formula, look whether its result is really the thing that is "
            "returned.",
        ),
        Wrong(
            name="The errors do not enter",
            when=shows(
                lambda p, h1, e1, h2, e2: math.log(h1 / h2),
                lambda p, h1, e1, h2, e2: math.log2(h1 / h2),
                lambda p, h1, e1, h2, e2: math.log10(h1 / h2),
                lambda p, h1, e1, h2, e2: math.log(h2) / math.log(h1),
                lambda p, h1, e1, h2, e2: math.log(h1) / math.log(h2),
                lambda p, h1, e1, h2, e2: h1 / h2,
            ),
            hint="Your result is made of the two steps alone; the errors do not enter. From the "
            "steps you know how much finer the second computation was, but not what it has "
            "gained. If the step is divided by 3 and the error by 3 too, the order is 1; if "
            "the error is divided by 9, the order is 2; and if it is not divided at all, "
            "the order is 0. So the logarithm of the quotient of the errors has to be above "
            "the line, and that of the quotient of the steps below it. Write the law for "
            "both measurements, divide one by the other, and take logarithms.",
        ),
        Wrong(
            name="One step or one error is left alone",
            when=shows(
                lambda p, h1, e1, h2, e2: math.log(e1 / e2) / math.log(h2),
                lambda p, h1, e1, h2, e2: math.log(e1 / e2) / math.log(h1),
                lambda p, h1, e1, h2, e2: math.log(e1) / math.log(h1 / h2),
                lambda p, h1, e1, h2, e2: math.log(e2) / math.log(h1 / h2),
                lambda p, h1, e1, h2, e2: math.log(e1) / math.log(h2),
                lambda p, h1, e1, h2, e2: math.log(e2) / math.log(h1),
            ),
            hint="Of the four numbers not all are used, or one stands where a quotient of two "
            "belongs. The logarithm of a step by itself depends on the unit in which the "
            "step is measured, in meters or in centimeters, and an order must not. Only "
            "quotients of like and like are free of units: the first error over the second, "
            "the first step over the second. Both logarithms are needed, one over the "
            "other. On logarithmic paper that is the slope of the line through two points: "
            "how far apart they are in height, divided by how far apart they are sideways.",
        ),
        Wrong(
            name="The logarithms are multiplied where they should be divided",
            when=shows(
                lambda p, h1, e1, h2, e2: math.log(e1 / e2) * math.log(h1 / h2),
                lambda p, h1, e1, h2, e2: math.log10(e1 / e2) * math.log10(h1 / h2),
                lambda p, h1, e1, h2, e2: math.log2(e1 / e2) * math.log2(h1 / h2),
            ),
            hint="You have the two logarithms that are needed, and you multiply them. The law "
            "says: the logarithm of the quotient of the errors is the order times the "
            "logarithm of the quotient of the steps. The order is a factor in a product of "
            "which you know the result and the other factor, so the result has to be "
            "divided by the other factor. As a slope it is rise over run. A test shows it "
            "at once: with a product the base of the logarithm matters, and your function "
            "would give one order with log and another one with log10. In a quotient of two "
            "logarithms the base cancels.",
        ),
        *MORE,
        Wrong(
            name="It is not the slope on logarithmic paper",
            when=_is_number,
            last=True,
            hint="Your result is not the slope of the line through the two points on logarithmic "
            "paper, and it is none of the usual slips either. Go through it in four lines. "
            "The law: error equals C times step to the power p. For both measurements: e1 "
            "is C times h1 to the p, e2 is C times h2 to the p. Divide: e1 over e2 is h1 "
            "over h2, to the power p, and C is gone. Logarithms: log of e1 over e2 is p "
            "times log of h1 over h2. Now solve for p. Test your function with h1 = 1, e1 = "
            "1, h2 = 0.1 and e2 = 0.01: it must give 2.",
        ),
    ],
    again="Write the law twice: $e_1 = C h_1^p$ and $e_2 = C h_2^p$. Divide the first by the "
    "second, so that $C$ cancels. Take the logarithm of both sides: $p$ comes down as a factor.",
    worked="Dividing $e_1 = C h_1^p$ by $e_2 = C h_2^p$ gives $e_1/e_2 = (h_1/h_2)^p$. The "
    "logarithm of both sides is $\\log(e_1/e_2) = p \\log(h_1/h_2)$, so the function returns "
    "`log(e1 / e2) / log(h1 / h2)`. Any base of the logarithm will do.",
)
