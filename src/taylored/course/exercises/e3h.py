"""3H: the second-order Taylor polynomial of a function of two variables."""

from __future__ import annotations

from math import exp
from random import Random
from typing import Any

from taylored.course.checking import Case, Exercise, Formulas, Parameters, Wrong
from taylored.course.checking.terms import any_of, rounded
from taylored.course.exercises.more_3h import TERMS
from taylored.course.exercises.more_3h import WRONG as MORE

__all__ = ["EXERCISE"]


# Half the product of the two is not their sum: the two mistakes could not be told apart.
_PAIRS = [(a, b) for a in range(2, 8) for b in range(2, 8) if a != b and a * b != 2 * (a + b)]


def _parameters(rng: Random) -> dict[str, Any]:
    a, b = rng.choice(_PAIRS)
    return {"a": a, "b": b}


def _inputs(rng: Random, p: Parameters) -> Case:
    return rng.choice([-1, 1]) * rng.uniform(0.2, 0.9), rng.choice([-1, 1]) * rng.uniform(0.2, 0.9)


def _model(
    constant: float = 1.0, square_x: float = 0.5, mixed: float = 1.0, square_y: float = 1.0
) -> Any:
    """The polynomial with other factors in front of its terms."""

    def value(p: Parameters, x: float, y: float) -> float:
        u, v = p.a * x, p.b * y
        return constant + u + v + square_x * u * u + mixed * u * v + square_y * v * v

    return value


def _product(p: Parameters, x: float, y: float) -> float:
    """Both series to the second order, multiplied and not cut."""
    u, v = p.a * x, p.b * y
    return (1 + u + u * u / 2) * (1 + v + v * v)


_TERMS = TERMS


_NOT_SQUARED = any_of(
    _TERMS.is_at(3, lambda p: p.a / 2, lambda p: float(p.a)),
    _TERMS.is_at(5, lambda p: float(p.b), lambda p: p.b / 2, lambda p: 2.0 * p.b),
)


EXERCISE = Exercise(
    id="3H",
    title="Second order in two variables",
    answer=Formulas(variables=("x", "y"), names=("T₂(x, y)",)),
    parameters=_parameters,
    inputs=_inputs,
    right=_model(),
    same=rounded(5e-4, 1.0),  # coefficients as decimals are welcome
    wrong=[
        Wrong(
            name="The mixed term counts once",
            model=_model(mixed=0.5),
            hint="Everything is right but the term with x times y: it is too small by a factor of "
            "two. The quadratic part has one half in front of it, but in the sum the mixed "
            "derivative appears twice, once as first x and then y, once as first y and then x. "
            "The two are equal, so the mixed term is one half times two times the mixed "
            "derivative times x y: the half is used up. You can see this in the Hessian, which "
            "has four entries and not three. Or test your answer: differentiate it with respect to "
            "x and then with respect to y. What you get must be the mixed second derivative of the "
            "function at the center.",
        ),
        Wrong(
            name="The mixed term is missing",
            model=_model(mixed=0.0),
            hint="The squares are right, but there is no term with x times y. It would be right "
            "to leave it out if f were a sum of a function of x and a function of y. Here the two "
            "are multiplied, and then the slope in the direction of x depends on y: stand a "
            "little further along y, and the exponential is larger by a factor, and so is its "
            "slope. The second derivative, first with respect to x and then with respect to y, "
            "says by how much. It belongs to the second order just as the squares do, because x "
            "times y is a product of two small numbers. Compute it at the origin, and add its "
            "term.",
        ),
        Wrong(
            name="The mixed term counts twice too much",
            model=_model(mixed=2.0),
            hint="The term with x times y is twice too large, everything else is right. You have "
            "taken the mixed derivative twice, because it stands twice in the Hessian, and that "
            "is correct. But in front of the whole quadratic part there is one half, for the "
            "mixed term as well as for the squares. Twice one half is one. So the mixed "
            "derivative itself is the coefficient of x y. To test it, differentiate your "
            "polynomial once with respect to x and once with respect to y, and put in the origin: "
            "the result must be the mixed derivative of the function there, and yours comes out "
            "twice as large.",
        ),
        Wrong(
            name="The half in front of the Hessian is missing",
            model=_model(square_x=1.0, mixed=2.0, square_y=2.0),
            hint="All second derivatives are right, and so are constant and slopes. But the "
            "quadratic part as a whole is twice too large. As in one variable, the second order "
            "has to be divided by the factorial of 2: differentiating x² twice gives 2, so a "
            "coefficient of one half of the second derivative is needed to reproduce it. Along any "
            "line through the center the function of two variables is an ordinary function of one "
            "number, and its Taylor polynomial has this half in front of the second derivative. "
            "Put the half in front of the sum of all three quadratic terms, the mixed one "
            "included.",
        ),
        Wrong(
            name="The second derivative along y is only half as large as it should be",
            model=_model(square_y=0.5),
            hint="Constant, slopes, the square of x and the mixed term are right. The square of y "
            "is not: it looks as if one over 1 minus something had been treated like an "
            "exponential. Differentiate it twice with care. Each derivative of a power lowers the "
            "exponent by one and brings the old exponent down: from power -1 to -2, with the "
            "factor 1, and from -2 to -3, with the factor 2. The inner derivative comes along "
            "each time. So the second derivative has a factor of 2 that the exponential lacks. "
            "Or use the geometric series, in which all coefficients are 1, with the whole product "
            "in the place of u.",
        ),
        Wrong(
            name="The square of x lacks its half",
            model=_model(square_x=1.0),
            hint="All terms are right but the square of x, which is twice too large. The second "
            "derivative of the exponential brings its inner factor down twice, that part is done. "
            "But the coefficient is half of the second derivative, as in one variable: the series "
            "of the exponential has the square divided by the factorial of 2. With the square of "
            "y no half is to be seen, since there the second derivative has a factor 2 of its "
            "own that cancels it, and this may have led you to treat both alike. Set y to zero in "
            "your answer and compare what is left with the series of the exponential.",
        ),
        Wrong(
            name="The halves of the squares are missing",
            model=_model(square_x=1.0, square_y=2.0),
            hint="Constant, slopes and the mixed term are right, but both squares are twice too "
            "large. The second derivatives themselves stand there, and each has to be halved. The "
            "mixed term is different only in appearance: it has the same half in front, but it "
            "occurs twice in the Hessian, so that the half is used up. For the squares there is "
            "only one entry each, and the half remains. Check it on the axis: set y to zero, and "
            "your polynomial should be that of the exponential, in which the square is divided by "
            "the factorial of 2. Then set x to zero and compare with the geometric series.",
        ),
        Wrong(
            name="The sign along y is wrong",
            model=lambda p, x, y: _model()(p, x, -y),
            hint="The terms with x alone and the square of y are right, but wherever y occurs to "
            "the first power your sign is wrong. Look at the denominator: it is 1 minus a multiple "
            "of y. When y grows, the denominator shrinks, so the fraction grows: the slope along y "
            "is positive. In the derivative two minus signs meet, one from the power -1 that comes "
            "down, and one from the inner derivative, and together they make a plus. The mixed "
            "derivative contains the same two. A check by numbers: put in x = 0 and y = 0.01, and "
            "see whether the function is larger or smaller than 1.",
        ),
        Wrong(
            name="The factors inside are missing",
            model=lambda p, x, y: 1 + x + y + x * x / 2 + x * y + y * y,
            hint="The pattern of your polynomial is right, but it belongs to a function without "
            "the two numbers: neither the one in front of x in the exponent nor the one in front "
            "of y in the denominator occurs. By the chain rule, each derivative with respect to x "
            "brings down the first number, and each one with respect to y the second. So the "
            "slopes contain them once, the squares contain them squared, and the mixed term "
            "contains their product. You can also put the products in the place of x and of y in "
            "what you have written, in parentheses, and multiply out. Number and variable always "
            "occur together.",
        ),
        Wrong(
            name="It stops at the first order",
            model=_model(square_x=0.0, mixed=0.0, square_y=0.0),
            hint="This is the tangent plane, the polynomial of order 1, and it is right. What is "
            "asked for is the second order, which also knows how the landscape bends. Three terms "
            "are to be added: one with the square of x, one with the square of y, and one with "
            "their product. For them you need the second derivatives at the origin: twice with "
            "respect to x, twice with respect to y, and once with respect to each. The first two "
            "enter with one half. The mixed one appears twice in the Hessian, so that its half "
            "cancels. Constant and slopes stay as they are.",
        ),
        Wrong(
            name="The constant is missing",
            model=_model(constant=0.0),
            hint="All terms with x and y are right, but the height at the center is missing. Put "
            "x = 0 and y = 0 into the function: the exponential is 1 there and so is the "
            "denominator, hence the value is 1 and not 0. Your polynomial gives 0, so it runs "
            "below the landscape at the same distance everywhere. What you have written is how "
            "much the function *changes* on the step, slopes and bends together. This is often "
            "the interesting part, but the Taylor polynomial contains the place it starts from. "
            "Begin every expansion by putting in the center; then slopes, then bends.",
        ),
        Wrong(
            name="The answer is the function itself",
            model=lambda p, x, y: exp(p.a * x) / (1 - p.b * y),
            hint="You have typed the function itself. It is right everywhere, but it is not a "
            "polynomial. The answer should consist of six terms, all with whole powers: a "
            "constant, a multiple of x, a multiple of y, and multiples of x², of x y and of y². "
            "The numbers in front of them come from the value of the function at the origin, its "
            "two first derivatives and its three second derivatives there. Far from the origin "
            "the polynomial will be quite wrong; near to it the two agree better and better. "
            "Begin with the value, then differentiate once with respect to each variable, then "
            "twice, and put in zero each time.",
        ),
        Wrong(
            name="The square of y lacks its half",
            model=_model(square_y=2.0),
            hint="All terms are right but the square of y, which is twice too large. You have "
            "found the second derivative along y, and it is right: differentiating one over 1 "
            "minus u twice brings down a 2. But in the polynomial there is one half in "
            "front of the second derivatives, the factorial of 2, and it has to be applied "
            "to this term as it was to the square of x. The 2 and the half cancel. There is "
            "a check without differentiating: put x = 0 into the function, and it is the geometric "
            "series in y, whose terms are 1, u, u squared and so on, all with the "
            "coefficient one, where u is the number times y.",
        ),
        Wrong(
            name="The two numbers are exchanged",
            model=lambda p, x, y: _model()(Parameters(a=p.b, b=p.a), x, y),
            hint="The pattern of your polynomial is right, but the two numbers have changed "
            "places: the one from the exponent stands with y, and the one from the "
            "denominator with x. The exponential contains x alone, so every x brings the "
            "number of the exponent with it; the denominator contains y alone. Look at the "
            "function once more and write down the two products, number and variable, as "
            "they stand there. In the polynomial they only ever occur as these products: "
            "the slope term of x has the first, that of y the second, the squares have "
            "their squares, and the mixed term has one of each. So the mixed term is right "
            "already.",
        ),
        Wrong(
            name="The two series are added, not multiplied",
            model=lambda p, x, y: _model(constant=2.0, mixed=0.0)(p, x, y),
            hint="You have written down the series of the exponential in x and that of the "
            "fraction in y, both right, and added them. But the function is their product. "
            "At the origin both factors are 1, so the function is 1, and your polynomial "
            "gives 2. Multiply the two series instead, term by term, each of the first with "
            "each of the second. Then keep all products in which the powers of x and y add "
            "up to two or less. The ones give the constant, one times a slope gives the "
            "slopes, one times a square the squares. And one product is new: slope times "
            "slope gives a term with x times y.",
        ),
        Wrong(
            name="The product is not cut off at the second order",
            model=_product,
            hint="You have multiplied the series in x by the series in y, which is a good way, "
            "and kept every product. Among them are terms such as the square of x times y, "
            "whose powers add up to three or four. The order of a polynomial in two "
            "variables is the largest sum of the powers in a term. For order 2 only six "
            "terms are left: the constant, x, y, the square of x, x times y, and the square "
            "of y. The others are not wrong, but they are not complete either, since other "
            "terms of third order are missing. Multiply out, sort the terms by the sum of "
            "their powers, and drop all that is beyond two.",
        ),
        *MORE,
        Wrong(
            name="A number in front of a square is not squared",
            when=_NOT_SQUARED,
            hint="In one of the squares the number is not squared along with its variable. The "
            "inside of the exponential is number times x, and the chain rule brings the "
            "number down at each derivative: twice for the second. So the square term "
            "contains the number times itself. With y it is the same. Number and variable "
            "always go together, as one product u: the series in u has the term with u "
            "squared, and if u is 3y its square is nine times the square of y. Put "
            "parentheses around each product before you square it, and multiply out "
            "afterwards. Test with y = 0, where only an exponential in x is left.",
        ),
        Wrong(
            name="Only the quadratic part is given",
            model=lambda p, x, y: _model()(p, x, y) - 1 - p.a * x - p.b * y,
            hint="The three terms of second order are right, and those of order zero and one are "
            "missing. A Taylor polynomial of order 2 contains all terms up to the second "
            "order, the lower rungs of the ladder as well: first the height at the center, "
            "then the slopes times the steps, then half of the second derivatives times the "
            "squares. Without the first two your polynomial is zero at the origin and level "
            "there, while the function is 1 and climbs in both directions. The Hessian says "
            "how the slope changes, and for that there has to be a slope to begin with. Put "
            "the value and the two slopes in front.",
        ),
        Wrong(
            name="The answer is no polynomial",
            when=_TERMS.none,
            last=True,
            hint="Your formula contains something that is no whole power of x and y up to the "
            "second: an exponential, a quotient with a variable below the line, or higher "
            "powers. Six terms are asked for: a number, a number times x, a number times y, "
            "and numbers times the square of x, times x y, and times the square of y. The "
            "six numbers are fixed. They are the height of the function at the origin, its "
            "two slopes there, and its second derivatives there, with one half for the two "
            "squares. If x or y is still in one of the derivatives, the origin has not yet "
            "been put into it.",
        ),
        Wrong(
            name="The constant does not fit",
            when=_TERMS.first_off(0),
            last=True,
            hint="At the origin your polynomial does not have the height of the function. Put x "
            "= 0 and y = 0 into both. In the polynomial only the constant is left. In the "
            "function the exponent is zero, so the exponential is 1, and the denominator is "
            "1 as well. The quotient of the two is the constant. If two series were put "
            "together on the way, remember that the function is a product of both, and that "
            "a product of two ones is one, not two. If a term has lost its x or its y, it "
            "is now part of the constant; go through the terms and look for it.",
        ),
        Wrong(
            name="The slope along x does not fit",
            when=_TERMS.first_off(1),
            last=True,
            hint="The height at the origin is right, and the number in front of x is not. It is "
            "the partial derivative of the function by x, at the origin. Hold y still: the "
            "denominator is then a constant factor, and at y = 0 it is 1. What is left is "
            "the exponential, and its derivative brings the number in front of x down. At "
            "zero the exponential is 1, so the slope is this number itself, with a plus, "
            "not squared and not halved. Compare with your term, and see whether the number "
            "belongs to x or has been taken from y.",
        ),
        Wrong(
            name="The slope along y does not fit",
            when=_TERMS.first_off(2),
            last=True,
            hint="Height and slope along x are right, and the number in front of y is not. Hold "
            "x still at zero: the exponential is 1, and what is left is one over 1 minus a "
            "number times y. When y grows a little, the denominator shrinks, so the "
            "fraction grows: the slope is positive. In formulas two minus signs meet, one "
            "from the power -1 that comes down, and one from the inner derivative. The size "
            "is the number in front of y, once. You can also use the geometric series, 1 "
            "plus u plus u squared and so on, with the number times y in the place of u, "
            "and read the slope off it.",
        ),
        Wrong(
            name="The square of x does not fit",
            when=_TERMS.first_off(3),
            last=True,
            hint="Height and slopes are right, and the number in front of the square of x is the "
            "first that is off. It is half of the second derivative by x at the origin. "
            "Hold y still at zero, so that only the exponential is left. Each derivative "
            "brings the number in front of x down, so after two of them it is squared, with "
            "a plus. Then comes the half, the factorial of 2. A test: put y = 0 into your "
            "answer. What remains has to be the well-known series of the exponential, 1 "
            "plus u plus half the square of u, with the number times x in the place of u.",
        ),
        Wrong(
            name="The mixed term does not fit",
            when=_TERMS.first_off(4),
            last=True,
            hint="Height, slopes and the square of x are right; the number in front of x times y "
            "is not. It is the mixed second derivative at the origin: first by x, which "
            "brings down the number in front of x, then by y, which brings down the number "
            "in front of y, both with a plus. So the two numbers are multiplied, not added. "
            "In the polynomial the mixed derivative appears twice, once for each order of "
            "differentiating, and there is one half in front, so that it counts once in all. Or "
            "multiply the two series: the slope term of one times the slope term of the "
            "other is the only product that gives x times y.",
        ),
        Wrong(
            name="The square of y does not fit",
            when=_TERMS.first_off(5),
            last=True,
            hint="All is right but the number in front of the square of y. Put x = 0 into the "
            "function: the exponential is 1, and what is left is one over 1 minus u, where "
            "u is a number times y. This is the geometric series: 1 plus u plus u squared "
            "and so on, each term with the coefficient one. So the square of y has the "
            "square of the number in front of it, with a plus and without a half. With "
            "derivatives: the second derivative along y is twice that square, and half of "
            "it is taken. Mind that the square is of the whole product.",
        ),
        Wrong(
            name="There are terms beyond the second order",
            when=_TERMS.beyond(6),
            last=True,
            hint="The six terms that are asked for are right, but your formula contains more: "
            "terms in which the powers of x and y add up to three or more. The order of a "
            "polynomial in several variables is the largest sum of the powers in one term, "
            "so that the square of x times y is of order 3. If you have multiplied two "
            "series, multiply out and drop all products beyond the second order; a product "
            "in parentheses keeps them. They do no harm near the origin, but they are not "
            "asked for, and without all the other terms of the same order they make the "
            "approximation no better in general.",
        ),
    ],
    again="There is a short way: multiply the series of the exponential in $x$ by the geometric "
    "series in $y$, and keep all products in which the powers of $x$ and $y$ add up to 2 or less. "
    "There are six of them.",
    worked="At the origin $f = 1$. The slopes are $<<a>>$ and $<<b>>$, the second derivatives "
    "$<<a>>^2$ along $x$, $2 \\cdot <<b>>^2$ along $y$ and $<<a>> \\cdot <<b>>$ mixed. So "
    "$T_2 = 1 + <<a>>x + <<b>>y + \\frac12(<<a>>^2 x^2 + 2 \\cdot <<a>> \\cdot <<b>>\\,xy + "
    "2 \\cdot <<b>>^2 y^2)$, which is $1 + <<a>>x + <<b>>y + \\frac{<<a>>^2}{2}x^2 + "
    "<<a>> \\cdot <<b>>\\,xy + <<b>>^2 y^2$.",
)
