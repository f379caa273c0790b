"""3B: the Maclaurin polynomial of an exponential with a factor inside."""

from __future__ import annotations

from math import exp, factorial
from random import Random
from typing import Any

from taylored.course.checking import Case, Exercise, Formulas, Parameters, Wrong
from taylored.course.checking.terms import rounded
from taylored.course.exercises.more_3b import TERMS
from taylored.course.exercises.more_3b import WRONG as MORE

__all__ = ["EXERCISE"]


def _parameters(rng: Random) -> dict[str, Any]:
    return {"a": rng.randint(3, 7)}  # with 2 the square is the double


def _inputs(rng: Random, p: Parameters) -> Case:
    return (rng.choice([-1, 1]) * rng.uniform(0.3, 1.3),)


def _order(n: int, a: float, x: float) -> float:
    return sum((-a * x) ** k / factorial(k) for k in range(n + 1))


_TERMS = TERMS


EXERCISE = Exercise(
    id="3B",
    title="A Maclaurin polynomial",
    answer=Formulas(variables=("x",), names=("T₃(x)",)),
    parameters=_parameters,
    inputs=_inputs,
    right=lambda p, x: _order(3, p.a, x),
    same=rounded(5e-4, 1.0),  # coefficients as decimals are welcome
    wrong=[
        Wrong(
            name="The factorials are missing",
            model=lambda p, x: sum((-p.a * x) ** k for k in range(4)),
            hint="Your derivatives at zero are right, but they are not divided by the factorials. "
            "Remember where these come from. The polynomial is to have the same second derivative "
            "as the function. Differentiate c·x² twice and you get 2c, twice what you put in; "
            "differentiate c·x³ three times and you get 6c. So a coefficient must be made smaller "
            "by just that factor beforehand, or the copy bends too strongly. Test your answer: "
            "differentiate it twice with respect to x, put in x = 0, and compare with the second "
            "derivative of the function at zero. Yours is twice as large. The constant and the "
            "linear term hide this mistake, because the factorials of 0 and 1 are both 1.",
        ),
        Wrong(
            name="Divided by the number of the term, not by its factorial",
            model=lambda p, x: 1 - p.a * x + (p.a * x) ** 2 / 2 - (p.a * x) ** 3 / 3,
            hint="Everything is right up to the square, and the last term is twice too large. You "
            "have divided it by 3. What has to be divided out is everything that differentiating "
            "three times brings down from the third power: the first derivative brings down a 3, "
            "the second a 2, the third a 1. Their product is the factorial. With the square you "
            "cannot see the difference: 2 and its factorial are the same. Dividing by k alone is "
            "right for the logarithm, where the derivatives themselves contain a factorial that "
            "cancels most of it. Here they contain none. Check: differentiate your last term three "
            "times, and compare with the third derivative of the function at zero.",
        ),
        Wrong(
            name="The factor inside is not raised to the power",
            model=lambda p, x: 1 - p.a * x + p.a * x**2 / 2 - p.a * x**3 / 6,
            hint="The signs and the factorials are right. But look at the number that stands in "
            "the exponent beside x. Each time you differentiate, the chain rule brings it down "
            "once more. After one derivative it stands there once, after two derivatives twice as "
            "a factor, so squared, after three cubed. You have carried it only once into every "
            "term. There is another way to see it: take the series of e to the power u, which you "
            "know, and put the whole exponent in the place of u. Then every power of u is a power "
            "of the whole product, and the number gets the same power as x. A useful check is "
            "that number and x must always occur together, as one product.",
        ),
        Wrong(
            name="The signs do not alternate",
            model=lambda p, x: _order(3, -p.a, x),
            hint="The sizes of all terms are right, and the signs are those of the exponential "
            "that rises. Yours has a minus in its exponent: it falls. Just look at zero: the "
            "slope of the function there is negative, while the linear term of your polynomial "
            "climbs. Each derivative brings down the factor in the exponent once more, and this "
            "factor is negative. One minus gives minus, two give plus, three give minus again. So "
            "odd powers and even powers have different signs. You can also start from the series "
            "of e to the power u and put in the whole exponent, with its sign, in parentheses; "
            "then squares and cubes take care of the signs by themselves.",
        ),
        Wrong(
            name="All terms after the first have a minus",
            model=lambda p, x: 2 - _order(3, -p.a, x),
            hint="The sizes are right, and so are the signs of the constant and of the linear "
            "term. From the square on, one of the signs is wrong. The minus in the exponent is "
            "part of the factor that each derivative brings down. The first derivative brings it "
            "down once: minus. The second brings it down again, and minus times minus is plus. "
            "The third makes it minus once more. You have carried one minus through all terms. "
            "Look at a picture in your mind: the function falls, but it falls ever more slowly, "
            "so it bends upward like a cup and lies above its tangent. With a negative square "
            "your polynomial bends down, away from the curve on both sides.",
        ),
        Wrong(
            name="The sign of the last term is wrong",
            model=lambda p, x: _order(3, p.a, x) + (p.a * x) ** 3 / 3,
            hint="Three of your four terms are right, and so is the size of the last one. Only its "
            "sign is wrong. Each derivative of the function brings down the factor in front of x "
            "once more, with its minus. After one derivative there is one minus, after two there "
            "are two and they make a plus, after three there are three, and one of them is left "
            "over. It may help to keep the factor and its sign together in parentheses and to "
            "raise the whole to the third power. Or look at a large positive x: the function "
            "falls to zero there, and a polynomial with a positive cube runs off upward more "
            "strongly than it has to.",
        ),
        Wrong(
            name="The constant is missing",
            model=lambda p, x: _order(3, p.a, x) - 1.0,
            hint="The terms with x, its square and its cube are right. What is missing is the "
            "first rung of the ladder, the value of the function at zero. Put x = 0 into the "
            "function: the exponent is zero, and the exponential of zero is not zero. Your "
            "polynomial gives 0 there, so its graph runs below the curve, parallel to it, at the "
            "same distance everywhere near zero. What you have written is how far the function "
            "has moved away from its starting value; the starting value itself has to be added. A "
            "polynomial of order 3 has four terms, and the order counts the powers from zero on.",
        ),
        Wrong(
            name="The factor inside is missing",
            model=lambda p, x: _order(3, 1.0, x),
            hint="What you have written is the polynomial for an exponent of minus x alone. The "
            "number in front of x in the exponent does not appear anywhere. It makes the function "
            "fall faster: its slope at zero is that number, with a minus, and not -1. By the "
            "chain rule every derivative brings the number down once more, so it appears to the "
            "first power in the linear term, squared in the square term and cubed in the last. "
            "You need not differentiate at all: take the series of e to the power u, and write the "
            "whole exponent, number, sign and x, wherever u stands. Then multiply out. At the end "
            "check the slope at zero against the function's own.",
        ),
        Wrong(
            name="The derivatives are not taken at zero",
            model=lambda p, x: exp(-p.a * x) * _order(3, p.a, x),
            hint="Your formula still contains the exponential function. The coefficients of a "
            "polynomial are plain numbers. The recipe says: find the derivatives, and then put "
            "the center, here zero, into each of them, before they are multiplied by a power of "
            "x. The variable x of the polynomial and the place at which the derivatives are taken "
            "are two different things: the place is fixed, x may move. At zero the exponential is "
            "1, so all that remains of each derivative is the number that came down from the "
            "exponent. If a computer could evaluate the exponential in your formula it would not "
            "need the polynomial: sums and products alone must do.",
        ),
        Wrong(
            name="The answer is the function itself",
            model=lambda p, x: exp(-p.a * x),
            hint="You have typed the function that is to be approximated. It has the right value "
            "everywhere, but it is not what is asked: the answer is to be a polynomial of order "
            "3, made of four terms with powers of x up to the cube, which anybody can evaluate "
            "with sums and products alone. Begin with the value of the function at x = 0. That is "
            "your constant. Then find its slope at zero, which is the number in front of x. Then "
            "the second derivative at zero, divided by 2, for the square, and the third, divided "
            "by 6, for the cube. The result is no longer equal to the function: far from zero it "
            "is quite wrong, and that is as it should be.",
        ),
        Wrong(
            name="The last term is missing",
            model=lambda p, x: _order(2, p.a, x),
            hint="All that you have written is right, and it ends one term too early: this is the "
            "polynomial of order 2. The order is the highest power of x, not the number of terms, "
            "and counting begins at zero: the constant is order 0, the linear term order 1, the "
            "square order 2. So a polynomial of order 3 has four terms. What is missing is the "
            "one with the cube of x. It takes the third derivative at zero, divided by the "
            "factorial that belongs to it. Mind its sign: how often has the minus of the exponent "
            "been brought down by then? The pattern from each of your terms to the next one shows "
            "it too.",
        ),
        Wrong(
            name="There is one term too many",
            model=lambda p, x: _order(4, p.a, x),
            hint="All your terms are right, and there is one more than was asked. The order of a "
            "polynomial is its highest power of x. With the fourth power in it yours has order 4, "
            "and as an approximation it is the better one near zero. But here order 3 is wanted, "
            "which ends with the cube. It is easy to miscount, because a polynomial of order 3 "
            "has four terms: the constant counts as order 0. Leave out the last term and keep the "
            "rest as it is; the lower coefficients never change when a term is added or taken "
            "away. That is what makes Maclaurin polynomials a ladder on which one may stop at any "
            "rung.",
        ),
        Wrong(
            name="Number and sign of the exponent are both missing",
            model=lambda p, x: _order(3, -1.0, x),
            hint="This is the polynomial of e to the power x, known by heart and rightly so, but "
            "the function of the exercise has a factor in front of x, and the factor is "
            "negative. Both are lost. Look at zero: your polynomial climbs there with slope "
            "1, while the function falls, and falls several times as fast. There is no need "
            "to differentiate anew. Take the series you have written, call its variable u, and put "
            "the whole exponent in the place of u, number and sign and x, in parentheses. "
            "Then multiply out: the square makes the minus vanish and squares the number, "
            "the cube brings the minus back and cubes it.",
        ),
        Wrong(
            name="The x are left out",
            model=lambda p, x: _order(3, p.a, 1.0),
            hint="You have added up the coefficients, all four of them right, but there is no x "
            "behind them. What comes out is one number, the same for every x, so your graph "
            "is a level line. A Taylor polynomial is a function: each coefficient has to be "
            "multiplied by the power of x that belongs to it, none for the constant, x "
            "itself for the slope, the square for the second derivative, the cube for the "
            "third. It is these powers that make the terms grow in different ways as one "
            "walks away from zero. Write the four numbers down once more, and behind each "
            "the power whose derivative it repairs.",
        ),
        Wrong(
            name="The power of the number is taken as a product",
            model=lambda p, x: 1 - p.a * x + 2 * p.a * x**2 / 2 - 3 * p.a * x**3 / 6,
            hint="Signs, factorials and powers of x are right. But where the number in the "
            "exponent should be raised to a power, it has been multiplied: three squared is "
            "nine, three times two is six, and the two are mixed up quickly. Each "
            "derivative brings the number down once more as a factor. After two derivatives "
            "it stands there twice, number times number, which is its square; after three "
            "derivatives number times number times number, its cube. Write the factors out "
            "one by one before you multiply. A test: the second derivative of your "
            "polynomial at zero has to be the square of the function's slope there.",
        ),
        Wrong(
            name="That is the derivative of the polynomial",
            model=lambda p, x: -p.a * _order(2, p.a, x),
            hint="What you have written starts with the slope of the function at zero, where its "
            "height should be, and each further term is one derivative ahead of its power. "
            "It is the derivative of the right polynomial: a copy of the slope of the "
            "function, not of the function. Perhaps the value at zero was left out of the "
            "list of derivatives, so that everything moved up by one place. Begin the list "
            "with the function itself, the derivative number zero. Its value at x = 0 is "
            "the constant. Then the first derivative goes with x, the second with the "
            "square, the third with the cube, so that the number of the derivative, the "
            "power and the factorial always agree.",
        ),
        Wrong(
            name="The signs alternate from the wrong term on",
            model=lambda p, x: 2 - _order(3, p.a, x),
            hint="All sizes are right, and so is the idea that the signs take turns. But the "
            "turn begins one term too late: after the constant yours goes on with a plus, "
            "where the first minus belongs. The sign of a term tells how many times the "
            "minus of the exponent has been brought down. None for the constant, so plus. "
            "Once for the slope, so minus. Twice for the square, and two minus signs make a "
            "plus. Three times for the cube, minus again. A look at the graph helps: the "
            "exponential with a negative exponent falls at zero, and bends upward like a "
            "cup. Your polynomial climbs there and bends downward.",
        ),
        Wrong(
            name="Factorials and signs are both missing",
            model=lambda p, x: sum((p.a * x) ** k for k in range(4)),
            hint="The powers of the number are right, but two things are missing. First the "
            "signs: the exponent has a minus, and each derivative brings it down once more, "
            "so that the odd powers of x get a minus and the even ones a plus. Second the "
            "factorials: differentiating a square twice brings down a 2, differentiating a cube "
            "three times brings down 6, so the second and third derivative have to be divided by "
            "these numbers before they become coefficients. What you have is the geometric "
            "series, that of a fraction and not of an exponential. Put the exponent, minus "
            "included, in the place of u in the series of e to the power u.",
        ),
        *MORE,
        Wrong(
            name="The answer is no polynomial in x",
            when=_TERMS.none,
            last=True,
            hint="Your formula is no sum of powers of x up to the fifth: it contains the "
            "exponential, a quotient, or a high power. What is asked for is four terms, a "
            "number, a number times x, a number times its square and a number times its "
            "cube. The numbers are fixed: they come from the function and its first three "
            "derivatives, each taken at x = 0, where the exponential is 1. If an "
            "exponential is still there, zero has not yet been put in. If x stands below a "
            "fraction line, a term has been turned round. Write the four derivatives in a "
            "column, put zero into each, divide by the factorials, and only then bring in "
            "the powers.",
        ),
        Wrong(
            name="The constant does not fit",
            when=_TERMS.first_off(0),
            last=True,
            hint="Your answer is a polynomial, but already its first rung is off: at x = 0 it "
            "does not have the height of the function. Put zero into both. All terms with x "
            "vanish, so only your constant is left. In the function the exponent becomes "
            "zero, and any number to the power zero is the same, whatever stands in front "
            "of x. That value is the constant. If there are several terms without an x in "
            "your formula, a power has been lost behind one of them. If the constant "
            "carries the number of the exponent, a derivative has been taken too early: the "
            "height comes before the first derivative.",
        ),
        Wrong(
            name="The coefficient of x does not fit",
            when=_TERMS.first_off(1),
            last=True,
            hint="The constant is right, and the next rung is not: the number in front of x has "
            "to be the slope of the function at zero. Differentiate once. The exponential stays as "
            "it is, and the chain rule brings the number in front of x down as a factor, "
            "together with its sign. At zero the exponential is 1, so that the slope is "
            "just this number with its sign. It is not divided by anything, since the "
            "factorial of 1 is 1. Compare with the graph: does your line fall where the "
            "function falls, and as steeply? Mind too that it is the number itself, neither "
            "its square nor one over it.",
        ),
        Wrong(
            name="The coefficient of the square does not fit",
            when=_TERMS.first_off(2),
            last=True,
            hint="Constant and slope are right, and the number in front of the square of x is "
            "the first that is off. Three things go into it. The second derivative at zero: "
            "the chain rule has brought the number of the exponent down twice, so it is "
            "squared. Its sign: twice a minus, which is a plus. And the factorial of 2, by "
            "which it is divided, since differentiating the square twice gives 2. Go through these "
            "three in turn and see which one your coefficient lacks. A test: differentiate your "
            "polynomial twice, put in zero, and compare with the square of the slope. For "
            "an exponential the two are always equal.",
        ),
        Wrong(
            name="The coefficient of the cube does not fit",
            when=_TERMS.first_off(3),
            last=True,
            hint="Constant, slope and square are right. The last term, with the cube of x, is "
            "not. Its number is made of three parts. The third derivative at zero: the "
            "number of the exponent has come down three times, so it is cubed, not squared "
            "and not taken three times. Its sign: three minus signs, and two of them "
            "cancel. And the factorial of 3, which is 3 times 2 times 1. It is also worth "
            "looking at the power itself: is it really the cube that you have typed? Differentiate "
            "your last term three times; what is left has to be the third derivative of the "
            "function at zero, and nothing with an x.",
        ),
        Wrong(
            name="There are terms beyond the cube",
            when=_TERMS.beyond(4),
            last=True,
            hint="Up to the cube everything is right, but your formula goes on with higher "
            "powers of x. The order of a polynomial is its highest power, and order 3 was "
            "asked for, so it ends with the cube. Perhaps one more term was written because "
            "a polynomial of order 3 has four terms: the constant counts as number zero. Or "
            "two polynomials were multiplied, and their product was not cut off. Leave out "
            "everything beyond the cube and keep the rest as it is. The lower coefficients "
            "never change when higher terms are added or dropped, which is what makes these "
            "polynomials a ladder.",
        ),
    ],
    again="Write down $e^u = 1 + u + u^2/2! + u^3/3!$ and put the whole exponent, with its number "
    "and its sign and in parentheses, in the place of $u$. Then multiply out, term by term.",
    worked="Each derivative of $e^{-<<a>>x}$ brings down the factor $-<<a>>$. At zero the "
    "exponential is 1, so $f(0) = 1$, $f'(0) = -<<a>>$, $f''(0) = <<a>>^2$, $f'''(0) = -<<a>>^3$. "
    "Dividing by $0!, 1!, 2!, 3!$ gives "
    "$T_3(x) = 1 - <<a>>x + \\frac{<<a>>^2}{2}x^2 - \\frac{<<a>>^3}{6}x^3$.",
)
