"""More wrong answers to 3B: other divisors, other powers of the number, lost terms."""

from __future__ import annotations

from math import exp, factorial
from typing import Any

from taylored.course.checking import Parameters, Wrong
from taylored.course.checking.terms import Terms, any_of, shows
from taylored.course.exercises.rungs import first_as

__all__ = ["TERMS", "WRONG"]

TERMS = Terms([(k,) for k in range(6)], lambda p: [(-p.a) ** k / factorial(k) for k in range(4)])


def _with(*factors: float) -> Any:
    """The right polynomial with a factor in front of each term."""

    def value(p: Parameters, x: float) -> float:
        return sum(f * (-p.a * x) ** k / factorial(k) for k, f in enumerate(factors))

    return value


def _at(step: Any) -> Any:
    """The right polynomial of something else than x."""
    right = _with(1, 1, 1, 1)
    return lambda p, x: right(p, step(p, x))


_ALL = _with(1, 1, 1, 1)


def _size(k: int, *factors: float) -> Any:
    """Whether the term k is the first that is off, by one of these factors, sign or not."""
    return first_as(
        TERMS,
        k,
        *(lambda p, f=f, s=s: s * f * TERMS.right(p)[k] for f in factors for s in (1.0, -1.0)),
    )


def _power(k: int, *powers: int) -> Any:
    """Whether the number in the term k has one of these powers in the place of k, sign or not."""
    return first_as(
        TERMS,
        k,
        *(lambda p, m=m, s=s: s * float(p.a) ** m / factorial(k) for m in powers for s in (1, -1)),
    )


def _absent(k: int) -> Any:
    return first_as(TERMS, k, lambda p: 0.0)


WRONG = [
    Wrong(
        name="It ends with the tangent",
        when=shows(_with(1, 1), _with(1)),
        hint="What you have written is right, and it ends too early. A constant and a term with "
        "x make a straight line, the polynomial of order 1: it has the height and the slope of "
        "the function at zero and knows nothing of how the function bends. The order that is "
        "asked for is the highest power of x, and it is 3. So two more terms have to follow, "
        "one with the square and one with the cube. The first takes the second derivative at "
        "zero, divided by the factorial of 2, the other the third derivative at zero, divided "
        "by the factorial of 3. Keep the two terms that you have as they are.",
    ),
    Wrong(
        name="The minus of the exponent stands in front of everything",
        when=shows(lambda p, x: -_ALL(p, -x), lambda p, x: -_ALL(p, x)),
        hint="Every term of your polynomial has been multiplied by -1, the constant as well. "
        "A minus in front of the whole function and a minus in its exponent are two different "
        "things. The exponential is positive for every exponent; a negative exponent makes it "
        "small, not negative. At zero its value is 1, so your constant cannot be right. The "
        "minus belongs to the number beside x. It comes down with that number at each "
        "derivative: not at all for the constant, once for the slope, twice for the square, "
        "three times for the cube. Put number and minus together in parentheses and raise both.",
    ),
    Wrong(
        name="The number divides x where it should multiply it",
        when=shows(_at(lambda p, x: x / p.a**2), _at(lambda p, x: -x / p.a**2)),
        hint="In your polynomial the number of the exponent stands below the line. In the exponent "
        "it multiplies x, so it has to multiply x in every term too. Dividing by the inner "
        "factor is what one does to undo a derivative, when integrating; here derivatives are "
        "taken, and each brings the number down as a factor. Look at the slope at zero: with a "
        "larger number in the exponent the function falls faster, and yours falls more slowly. "
        "Take the series of e to the power u and put the whole exponent in the place of u, in "
        "parentheses. Then number and x always stand side by side, with the same power.",
    ),
    Wrong(
        name="The powers of x do not belong to their terms",
        when=shows(
            lambda p, x: x * _ALL(p, x),
            lambda p, x: x * _with(1, 1, 1)(p, x),
            lambda p, x: 1 + x * (_ALL(p, x) - 1),
            lambda p, x: 1 + (-p.a + p.a**2 / 2 - p.a**3 / 6) * x,
            lambda p, x: 1 - p.a * x + (p.a**2 / 2 - p.a**3 / 6) * x**2,
            lambda p, x: 1 - p.a * x + p.a**2 * x / 2 - p.a**3 * x**2 / 6,
        ),
        hint="Your coefficients are the right ones, but they stand at the wrong powers of x. Each "
        "rung of the ladder has one number k, and it is used four times: the derivative of "
        "order k, the power k of the number in the exponent, the factorial of k, and the power "
        "k of x. The count begins with zero: the value at zero stands alone, without any x. Then "
        "the first derivative goes with x, the second with its square, the third with its "
        "cube. A test: differentiate your polynomial once, put in zero, and see whether the "
        "slope of the function comes out; then twice, and compare with the second derivative.",
    ),
    Wrong(
        name="The polynomial is about another place than zero",
        when=shows(
            _at(lambda p, x: x - p.a),
            _at(lambda p, x: x + p.a),
            _at(lambda p, x: x - 1),
            _at(lambda p, x: x + 1),
            lambda p, x: exp(-p.a) * _ALL(p, x - 1),
            lambda p, x: exp(p.a) * _ALL(p, x + 1),
            lambda p, x: exp(-(p.a**2)) * _ALL(p, x - p.a),
        ),
        hint="You take powers of x minus a number, or x plus a number. That is how a polynomial "
        "about another center is written. The name Maclaurin says that the center is zero, so "
        "the step from the center to x is x itself, and only plain powers of x occur. The "
        "number in the exponent is no center; it belongs to the function, and says how fast "
        "it falls. A test: at the center the polynomial must have the height of the function. "
        "Put x = 0 into your formula, and see whether 1 comes out. Take the derivatives at "
        "zero, divide them by their factorials, and multiply by x, its square and its cube.",
    ),
    Wrong(
        name="It is the series of a sine or a cosine",
        when=shows(
            *(_with(*f) for f in ((1, 0, 1), (1, 0, -1), (0, 1, 0, 1), (0, 1, 0, -1))),
            *(_with(*f) for f in ((0, -1, 0, -1), (0, -1, 0, 1), (1, 0, -1, 0, 1))),
        ),
        hint="In your polynomial every second power of x is left out. That is the pattern of the "
        "cosine, which has the even powers, or of the sine, which has the odd ones: at zero "
        "every second derivative of theirs vanishes. The exponential is different. Its "
        "derivatives at zero are powers of the factor in the exponent, and none of them is "
        "zero. So all four powers occur, from the constant up to the cube. Write down the "
        "function and its first three derivatives one below the other, put zero into each, "
        "and divide each by its factorial. There will be one number for each rung.",
    ),
    Wrong(
        name="A power of a sum is taken for the exponential",
        when=shows(
            lambda p, x: (1 - p.a * x) ** 3,
            lambda p, x: (1 - p.a * x / 3) ** 3,
            lambda p, x: (1 - x) ** p.a,
            lambda p, x: 1 / (1 + p.a * x),
            lambda p, x: 1 / _ALL(p, -x),
        ),
        hint="You have written a power of a sum, or one over a sum, in the place of the "
        "exponential. Such a formula can be close to the function near zero, since the first "
        "terms may agree, but a Maclaurin polynomial is a definite one: its first three "
        "derivatives at zero are exactly those of the function, and it has no power above the "
        "cube. Multiply your formula out, or expand it, and compare its square and its cube "
        "with those of the exponential: they differ. Begin with the derivatives of the "
        "function at zero, divide them by 1, 1, 2 and 6, and put the powers of x behind them.",
    ),
    Wrong(
        name="That is the polynomial of the antiderivative",
        when=shows(
            lambda p, x: -_ALL(p, x) / p.a,
            lambda p, x: -_with(1, 1, 1, 1, 1)(p, x) / p.a,
            lambda p, x: (1 - _with(1, 1, 1, 1)(p, x)) / p.a,
            lambda p, x: (1 - _with(1, 1, 1, 1, 1)(p, x)) / p.a,
        ),
        hint="Everything in your polynomial has been divided by the number of the exponent, with "
        "a minus. That is what integrating the exponential does. For the polynomial one "
        "differentiates, and differentiating multiplies by that number. The first rung needs "
        "neither: it is the value of the function itself at zero, which is 1 whatever the "
        "number is. Check your constant first. Then go up: one derivative multiplies by the "
        "number with its minus, the next one does it again, the third once more. Divide these "
        "by the factorials of 1, 2 and 3, and put x, its square and its cube behind them.",
    ),
    Wrong(
        name="The signs come in pairs",
        when=shows(_with(1, 1, -1, -1), _with(1, -1, -1, 1)),
        hint="The sizes of all terms are right, and two signs follow each other before they "
        "change. That is the rhythm of sine and cosine, whose derivatives come back after four "
        "steps. Here each derivative multiplies by the same negative number, so the sign "
        "changes at every step: plus for the constant, minus, plus, minus. A minus to the "
        "power k is plus if k is even and minus if k is odd. Put the whole exponent, number and "
        "minus, into parentheses and raise it to the power of the term. Then check with the "
        "picture: the function falls at zero and is open to the top.",
    ),
    Wrong(
        name="One of the terms is left out",
        when=any_of(_absent(1), _absent(2)),
        last=True,
        hint="One power of x is missing in your polynomial. Between the constant and the cube "
        "there are two more rungs, one with x and one with its square. None of them can be "
        "zero here: the number in front of a power comes from the derivative of that order at "
        "zero, and every derivative of this exponential is a power of the factor in the "
        "exponent times the exponential, which is 1 at zero. In other functions, such as sine "
        "and cosine, every second term vanishes; here none does. Write the numbers 0, 1, 2 and "
        "3 in a column and put one derivative beside each.",
    ),
    Wrong(
        name="The divisor is not the factorial",
        when=any_of(
            _size(1, 1 / 2, 2),
            _size(2, 2, 2 / 3, 1 / 2, 1 / 3),
            _size(3, 6, 3, 2, 3 / 2, 6 / 5, 3 / 4, 2 / 3, 1 / 4, 1 / 6, 1 / 2),
        ),
        last=True,
        hint="The first of your terms that is off has the right power of the number in front, and "
        "a wrong divisor. The term with the power k of x is divided by the factorial of k: by "
        "1 for the constant, by 1 for x, by 2 for the square, by 6 for the cube. It is not the "
        "number k, nor its square, nor the factorial of the number before or after it. The "
        "reason is what differentiating brings down: differentiate the cube of x three times, "
        "and 3 times 2 times 1 stands in front. Divide by just that, so that the derivatives "
        "of your polynomial at zero are those of the function. Look at the signs as well.",
    ),
    Wrong(
        name="The number in front has the wrong power",
        when=any_of(_power(1, 0, 2, -1), _power(2, 0, 1, 3, 4), _power(3, 0, 1, 2, 4, 5, 6)),
        last=True,
        hint="In the first of your terms that is off the factorial is right, but the number of "
        "the exponent has the wrong power. Each derivative brings that number down once more, "
        "by the chain rule. So the term with x contains it once, the term with the square of x "
        "contains its square, the term with the cube contains its cube: the power of the "
        "number is always the power of x. If you treat them as one product, number times x, "
        "and raise the product, both get the same power. Check every term for that, and put "
        "the product with its minus into parentheses before you multiply out.",
    ),
    Wrong(
        name="One sign is wrong",
        when=any_of(*(_size(k, -1.0) for k in range(4))),
        last=True,
        hint="The first of your terms that is off has the right size and the wrong sign. The "
        "factor that comes down with each derivative is negative, since the exponent has a "
        "minus. To the power zero it gives 1, so the constant is positive. Once it is a minus, "
        "twice it is a plus, three times a minus again: even powers of x have a plus, odd ones "
        "a minus. Write the exponent in parentheses, with its sign, and raise the "
        "parentheses to the second and third power; the signs then come out by themselves. A "
        "minus in front of a square without parentheses is not squared.",
    ),
]
