"""3C: the Taylor polynomial of the logarithm about a place other than zero."""

from __future__ import annotations

from math import log, log10
from random import Random
from typing import Any

from taylored.course.checking import Case, Exercise, Formulas, Parameters, Wrong
from taylored.course.checking.terms import rounded, shows
from taylored.course.exercises.more_3c import TERMS
from taylored.course.exercises.more_3c import WRONG as MORE

__all__ = ["EXERCISE"]


def _parameters(rng: Random) -> dict[str, Any]:
    return {"a": rng.choice([3, 5, 6, 7, 8, 9])}  # with 4 two mistakes give the same numbers


def _inputs(rng: Random, p: Parameters) -> Case:
    """Steps so large that the logarithm itself, and one term more, are clearly other values."""
    return (p.a * (1 + rng.choice([-1, 1]) * rng.uniform(0.45, 0.8)),)


def _right(p: Parameters, x: float) -> float:
    h = x - p.a
    return log(p.a) + h / p.a - h * h / (2 * p.a**2)


_TERMS = TERMS


EXERCISE = Exercise(
    id="3C",
    title="About another center",
    answer=Formulas(variables=("x",), names=("T₂(x)",)),
    parameters=_parameters,
    inputs=_inputs,
    right=_right,
    same=rounded(4e-4, 1.0),  # coefficients as decimals are welcome
    wrong=[
        Wrong(
            name="Powers of x instead of powers of the step",
            model=lambda p, x: log(p.a) + x / p.a - x * x / (2 * p.a**2),
            hint="Your three coefficients are right, but they multiply the wrong thing. A Taylor "
            "polynomial about a center says what happens when you take a step away from it, so "
            "the powers are those of the step, the difference between x and the center. You have "
            "taken powers of x itself, as if the center were zero. Test it: at the center the "
            "polynomial must give the logarithm of the center, and nothing besides. Put the "
            "center into your formula. The linear term and the square do not vanish there, so the "
            "value is off before you have moved at all. Replace every x by the step and try the "
            "same test again.",
        ),
        Wrong(
            name="The half is missing",
            model=lambda p, x: log(p.a) + (x - p.a) / p.a - ((x - p.a) / p.a) ** 2,
            hint="Constant and linear term are right, and the square is twice too large. The "
            "second derivative of the logarithm is right in your formula, but it must be divided "
            "by the factorial of 2 before it becomes a coefficient. The reason is that "
            "differentiating the square of the step twice gives 2 and not 1. If your polynomial is "
            "to have the second derivative of the function at the center, half of it is the right "
            "number to put in. Check by differentiating your answer twice, and compare with the "
            "second derivative of the logarithm at the center. The linear term needs no such "
            "factor, because differentiating the step once gives 1.",
        ),
        Wrong(
            name="The sign of the square is wrong",
            model=lambda p, x: log(p.a) + (x - p.a) / p.a + ((x - p.a) / p.a) ** 2 / 2,
            hint="The sizes of all three terms are right, but the square has the wrong sign. "
            "Think of the graph of the logarithm: it climbs ever more slowly, so it bends "
            "downward, and it lies below each of its tangents. Your polynomial bends upward and "
            "lies above the tangent. To find the slip, differentiate step by step. The first "
            "derivative of the logarithm is one over x, that is x to the power -1. Differentiating "
            "once more brings the exponent down as a factor, and this exponent is negative. So the "
            "second derivative is negative for every x, and the coefficient of the square, which "
            "is half of it, is negative too.",
        ),
        Wrong(
            name="The derivatives are not taken at the center",
            model=lambda p, x: log(x) + (x - p.a) / x - ((x - p.a) / x) ** 2 / 2,
            hint="The pattern of your formula is right, and the steps are those from the center. "
            "But the logarithm and its derivatives still contain x. They have to be taken at the "
            "center, so that they become plain numbers, before they multiply the powers of the "
            "step. Think of what you are allowed to know: you stand at the center, you know the "
            "height, the slope and the bend there, and from that you guess the value at another "
            "place x. If you could already compute the logarithm of x, there would be nothing to "
            "guess. So wherever a derivative contains x, put the number of the center in its "
            "place, and leave x only in the steps.",
        ),
        Wrong(
            name="It is the series about 1",
            model=lambda p, x: (x - 1) - (x - 1) ** 2 / 2,
            hint="This is the polynomial of the logarithm about the center 1, the one that stands "
            "in most tables. It is right near 1, and the center of this exercise is elsewhere. "
            "You can see that it does not fit by putting the center into it: the result should be "
            "the logarithm of the center, and it is not even near. Start afresh at the center "
            "that is given. Height: the logarithm of the center. It is not zero, so there is a "
            "constant. Slope: one over the center. It is less than 1, as the logarithm has become "
            "flatter there. Then the second derivative at the center, halved. All steps are "
            "counted from the center.",
        ),
        Wrong(
            name="The constant is missing",
            model=lambda p, x: _right(p, x) - log(p.a),
            hint="The linear term and the square are right. What is missing is the first rung of "
            "the ladder, the height at the center. Put the center into your formula: both terms "
            "vanish, since the step is zero, and you get 0. But the logarithm of the center is "
            "not 0; only the logarithm of 1 is. Your polynomial runs parallel to the right one, "
            "too low by the same amount everywhere. It is easy to forget this term, as the "
            "well-known series of the logarithm, about 1, begins with the linear term. It does so "
            "only because its constant happens to be zero. You may leave the logarithm of the "
            "center standing as it is.",
        ),
        Wrong(
            name="The second derivative is not squared",
            model=lambda p, x: log(p.a) + (x - p.a) / p.a - (x - p.a) ** 2 / (2 * p.a),
            hint="Constant and linear term are right, and so are the sign and the half of the last "
            "term. What is off is the power of the center below the line. Differentiate once more: "
            "the first derivative of the logarithm is x to the power -1. When a power is "
            "differentiated its exponent comes down as a factor and is lowered by one, so it "
            "becomes -2: one over the square of x. Put the center into that. You have kept the "
            "first power. A check without differentiating: the logarithm of a times (1 + u) is log "
            "a plus the series of u, where u is the step divided by the center. So step and center "
            "only ever occur as this quotient, and its square has both squared.",
        ),
        Wrong(
            name="It stops at the first order",
            model=lambda p, x: log(p.a) + (x - p.a) / p.a,
            hint="This is the tangent, the polynomial of order 1, and it is right. Order 2 is "
            "asked for: one more term, with the square of the step. The tangent knows height and "
            "slope of the logarithm at the center; the next term knows how it bends. Differentiate "
            "the slope once more, put in the center, and divide by the factorial of 2. The "
            "logarithm bends downward everywhere, so you know the sign before you begin. The order "
            "is the highest power of the step and not the number of terms: counting starts with "
            "the constant as order zero, so that a polynomial of order 2 has three terms.",
        ),
        Wrong(
            name="There is one term too many",
            model=lambda p, x: _right(p, x) + ((x - p.a) / p.a) ** 3 / 3,
            hint="All your terms are right, but there is one more than was asked for: with the "
            "cube of the step yours is the polynomial of order 3. As an approximation near the "
            "center it is the better one. Here order 2 is wanted, which ends with the square. It "
            "is easy to miscount, since a polynomial of order 2 has three terms: the constant is "
            "order zero. Leave out the last term and change nothing else. That lower terms stay "
            "as they are when a higher one is added or dropped is a property of Taylor "
            "polynomials worth noticing; fitted polynomials do not have it.",
        ),
        Wrong(
            name="The step is not x minus the center",
            model=lambda p, x: log(p.a) - (x - p.a) / p.a - ((x - p.a) / p.a) ** 2 / 2,
            hint="Your polynomial falls where the logarithm climbs. This happens when the step is "
            "taken backwards, center minus x; and, by a curious coincidence, just the same "
            "polynomial comes out when center and x are added. The step is what leads from the "
            "center to x: where you arrive minus where you came from. Two tests help. Put the "
            "center in the place of x: the step must be zero, so that only the constant is left. "
            "Then go a little to the right of the center: the step must be a small positive "
            "number, and the polynomial must have grown, as the logarithm has. Write the step "
            "once as a short name, such as h, with its definition, and use it in all terms.",
        ),
        Wrong(
            name="The answer is the function itself",
            model=lambda p, x: log(x),
            hint="You have typed the function that is to be approximated. It is right "
            "everywhere, and it is not a polynomial: anybody who wants to use it needs a "
            "logarithm for every x. The answer should need only one logarithm, that of the "
            "center, and from there on sums and products. It has three terms. The first is "
            "the height at the center, a plain number. The second is the slope at the "
            "center times the step from the center to x. The third is half of the second "
            "derivative at the center times the square of the step. Write down the two "
            "derivatives of the logarithm first, put the center into each, and put the "
            "three terms together.",
        ),
        Wrong(
            name="The logarithm is not the natural one",
            when=shows(lambda p, x: _right(p, x) - log(p.a) + log10(p.a)),
            hint="Slope and bend are right, but the constant is the logarithm to the base ten. "
            "The derivative of a logarithm is one over x only for the natural logarithm, "
            "the one to the base e, which is ln on most calculators and log in most "
            "programs. For the base ten the slope is smaller, by the factor 0.434. So with "
            "your constant and these slopes the terms belong to two different functions. In "
            "this course log always means the natural logarithm, and you may type it by "
            "name. A quick check of size: e is 2.718, so the natural logarithm of 3 is a "
            "little more than 1, and that of 8 a little more than 2.",
        ),
        Wrong(
            name="The center stands where its logarithm belongs",
            when=shows(lambda p, x: _right(p, x) - log(p.a) + p.a),
            hint="The slope and the bend are right, and the constant is the center itself. But "
            "the constant is the height of the curve at the center, not the place where one "
            "stands. Two axes are mixed up here: the center is a place on the axis of x, "
            "the height is measured on the axis of y. Put the center into the function, and "
            "what comes out is the constant: the logarithm of the center. As a check let x "
            "be the center in your formula. Both steps vanish, and what remains has to be "
            "the value of the function there. For a number such as 5 the logarithm is much "
            "smaller than the number itself.",
        ),
        Wrong(
            name="The logarithm of the center is taken to be 1",
            when=shows(lambda p, x: _right(p, x) - log(p.a) + 1),
            hint="Slope and bend are right, and your constant is 1. That is the height of the "
            "exponential function at zero, which many know by heart, or the logarithm of e. "
            "Here the constant has to be the height of the logarithm at the center of this "
            "exercise. Put the center into the function: the result is the logarithm of a "
            "number between 3 and 9, and it lies between about 1.1 and 2.2. You need not "
            "work it out: you may leave it in the formula as a logarithm of a plain number. "
            "What must not be in the constant is x, since the constant belongs to the place "
            "where one stands.",
        ),
        Wrong(
            name="Only some of the derivatives are taken at the center",
            when=shows(
                lambda p, x: _right(p, x) - log(p.a) + log(x),
                lambda p, x: log(p.a) + (x - p.a) / x - ((x - p.a) / p.a) ** 2 / 2,
                lambda p, x: log(p.a) + (x - p.a) / p.a - ((x - p.a) / x) ** 2 / 2,
                lambda p, x: log(p.a) + (x - p.a) / x - ((x - p.a) / x) ** 2 / 2,
            ),
            hint="In one of your terms there is still an x where the center belongs. The recipe "
            "has two steps, and they must not be mixed. First find the function and its "
            "derivatives, and put the center into every one of them: the height, the slope "
            "and the bend are three plain numbers now. Then multiply the second by the step "
            "from the center to x and the third by half the square of the step; only here "
            "does x come in. Go through your three terms and cover the steps with a finger. "
            "What is left over must not contain x. A logarithm of x would mean that you "
            "already know what you want to find.",
        ),
        Wrong(
            name="The slope is turned upside down",
            when=shows(lambda p, x: log(p.a) + p.a * (x - p.a) - (p.a * (x - p.a)) ** 2 / 2),
            hint="The pattern of the terms is right, but the center stands above the fraction "
            "line where it belongs below. The derivative of the logarithm is one over x: "
            "the farther out one goes, the flatter the curve becomes. With the center above "
            "the line your polynomial would climb more steeply the larger the center is. "
            "Look at the graph: between 1 and 10 the logarithm grows by 2.3 only. The slope "
            "at 5 must be a small number, one fifth. The same holds for the bend, which has "
            "the square of the center below the line. Put one over the center in the place "
            "of the center, in both terms, and keep the rest.",
        ),
        Wrong(
            name="The square of the step is lost",
            when=shows(lambda p, x: log(p.a) + (x - p.a) / p.a - (x - p.a) / (2 * p.a**2)),
            hint="The three numbers in front are right, height, slope and half of the second "
            "derivative. But the last one is multiplied by the step, where it should be "
            "multiplied by the square of the step. So your formula is a straight line: two "
            "terms with the same power, which only changes the slope. What the second "
            "derivative says is how the slope changes along the way, so its effect on the "
            "height grows with the square: twice as far, four times as much. In general the "
            "derivative of order k goes with the power k of the step, and is divided by the "
            "factorial of k. Three numbers that all are k: keep them together.",
        ),
        Wrong(
            name="The steps are left out",
            when=shows(lambda p, x: log(p.a) + 1 / p.a - 1 / (2 * p.a**2)),
            hint="You have added up the three coefficients, all of them right, but there is no "
            "step behind them: the result is one number, the same for every x. A Taylor "
            "polynomial is a function. It says what the logarithm is at any x near the "
            "center, so it has to contain x. The height stands alone. The slope is "
            "multiplied by the step, the way from the center to x. Half of the second "
            "derivative is multiplied by the square of that step. With x at the center both "
            "steps are zero, and the height is left, as it must be. Write x minus the "
            "center once, and put it in with its powers.",
        ),
        *MORE,
        Wrong(
            name="The answer is no polynomial in x",
            when=_TERMS.none,
            last=True,
            hint="Your formula is no sum of powers of x: a logarithm of x, a quotient with x "
            "below the line, or a very high power is in it. What is asked for is three "
            "terms: a number, a number times the step, and a number times the square of the "
            "step, where the step leads from the center to x. The three numbers are the "
            "height of the logarithm at the center, its slope there, and half of its second "
            "derivative there. All of them are fixed, since the center is fixed. So "
            "wherever x stands below a fraction line or in a logarithm, a derivative has "
            "not been taken at the center. Put the number of the center there.",
        ),
        Wrong(
            name="The height at the center does not fit",
            when=_TERMS.first_off(0),
            last=True,
            hint="At the center itself your polynomial does not give the height of the "
            "logarithm. Put the center in the place of x, in both. In a Taylor polynomial "
            "all steps are zero there, so the constant alone is left, and it has to be the "
            "logarithm of the center. Two things may be wrong. Either the constant is "
            "another number. Or one of the other terms does not vanish at the center, "
            "because it contains x itself, or the center added to x, in the place of the "
            "step x minus center. Look at each term in turn: which of them is not zero "
            "where it should be? Then mend that one first.",
        ),
        Wrong(
            name="The slope at the center does not fit",
            when=_TERMS.first_off(1),
            last=True,
            hint="At the center your polynomial has the right height, but not the right slope. "
            "The number in front of the step is the first derivative of the logarithm, "
            "taken at the center. The derivative is one over x, so the number is one over "
            "the center: positive, since the logarithm climbs, and less than 1, since it "
            "has become flatter by then. It is not divided by anything more, for the "
            "factorial of 1 is 1. If the sign is wrong, look whether your step leads from "
            "the center to x or the other way. If the size is wrong, look whether something "
            "that belongs to the square has slipped into this term.",
        ),
        Wrong(
            name="The bend at the center does not fit",
            when=_TERMS.first_off(2),
            last=True,
            hint="Height and slope at the center are right; the number in front of the square of "
            "the step is not. It is made of three parts. The second derivative of the "
            "logarithm: one over x is x to the power -1, and differentiating it once more brings "
            "down a minus and lowers the power to -2. So it is negative, with the square of "
            "the center below the line. And the factorial of 2, by which it is divided: "
            "half of it is the coefficient. Check your number for sign, for the square of "
            "the center, and for the half, which stands below the line too, as a factor of "
            "2. The last two are easily multiplied the wrong way.",
        ),
        Wrong(
            name="There are terms beyond the square",
            when=_TERMS.beyond(3),
            last=True,
            hint="Up to the square of the step all is right, but your formula goes on with "
            "higher powers. Order 2 was asked for: the order is the highest power of the "
            "step, and a polynomial of order 2 has three terms, the constant being number "
            "zero. Further terms are not wrong as an approximation, near the center they "
            "make it better. But they are not needed for what is asked, and each costs more "
            "work. Leave out all that comes after the square and keep the rest as it is: "
            "lower coefficients do not change when a term is added or dropped. If two sums "
            "were multiplied, cut the product at the square.",
        ),
    ],
    again="Make a small table first: the logarithm, its first and its second derivative, each at "
    "the center, as numbers. Divide the last one by 2. Then multiply by the powers 0, 1, 2 of the "
    "step from the center to $x$, and add.",
    worked="The derivatives are $f'(x) = \\frac{1}{x}$ and $f''(x) = -\\frac{1}{x^2}$. At the "
    "center: $f(<<a>>) = \\ln <<a>>$, $f'(<<a>>) = \\frac{1}{<<a>>}$, "
    "$f''(<<a>>) = -\\frac{1}{<<a>>^2}$. With the step $x - <<a>>$ and the factor "
    "$\\frac{1}{2!}$ for the square, "
    "$T_2(x) = \\ln <<a>> + \\frac{x - <<a>>}{<<a>>} - \\frac{(x - <<a>>)^2}{2 \\cdot <<a>>^2}$.",
)
