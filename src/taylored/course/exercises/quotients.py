"""The slopes that 0B asks for, and the mistakes that are made with its quotient."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, exp
from typing import Any

from taylored.course.checking import Parameters, Wrong

__all__ = ["QUOTIENT", "Form", "but", "chain", "of", "of_parts", "right"]


Form = Callable[[Parameters, float], float]


def _sum(p: Parameters, x: float) -> float:
    return p.a * p.n * x ** (p.n - 1) - p.b / x**2


def _product(p: Parameters, x: float) -> float:
    return (p.n * x ** (p.n - 1) + p.b * x**p.n) * exp(p.b * x)


def chain(p: Parameters, x: float) -> float:
    return p.a * p.m * x ** (p.m - 1) * cos(p.a * x**p.m + p.b)


def _quotient(p: Parameters, x: float) -> float:
    return p.m * x ** (p.m - 1) / (x + p.a) - x**p.m / (x + p.a) ** 2


def right(p: Parameters, x: float) -> list[float]:
    return [_sum(p, x), _product(p, x), chain(p, x), _quotient(p, x)]


def but(at: int, form: Form) -> Callable[..., list[float]]:
    """The right slopes but for one, which is `form`."""

    def model(p: Parameters, x: float) -> list[float]:
        found = right(p, x)
        found[at] = form(p, x)
        return found

    return model


def of(at: int, *forms: Form) -> dict[str, Any]:
    """For a `Wrong`: all these forms of one field."""
    first, *others = [but(at, form) for form in forms]
    return {"model": first, "others": others}


def of_parts(form: Callable[[float, float, float], float]) -> Form:
    """A wrong slope of q, from the top, its slope, and the bottom."""
    return lambda p, x: form(x**p.m, p.m * x ** (p.m - 1), x + p.a)


QUOTIENT = [
    Wrong(
        name="The quotient is differentiated piece by piece",
        **of(
            3,
            of_parts(lambda u, du, v: du),
            of_parts(lambda u, du, v: du / v),
            lambda p, x: (p.m - 1) * x ** (p.m - 2) + p.m * x ** (p.m - 1) / p.a,
        ),
        hint="In q you differentiated what is above the line, and what is below the line had "
        "no effect of its own, or a slope of 1 that disappeared. But x stands below the line "
        "too, and when the divisor grows the quotient shrinks: that must appear as a term with "
        "a minus. Write the quotient as a product: the top times the bottom to the power of "
        "minus one. Now the product rule gives two terms. In one of them the top changes and "
        "the bottom waits; in the other the top waits and the bottom changes, and there the "
        "power rule with exponent minus one brings the minus and a square below the line. Both "
        "together are the slope of the quotient.",
    ),
    Wrong(
        name="The two terms of the quotient are exchanged",
        **of(3, lambda p, x: -_quotient(p, x)),
        hint="Your slope of q is right but for its sign: the two terms were subtracted in the "
        "wrong order. It happens easily with the quotient rule, since the two terms look so "
        "much alike. A picture helps to keep them apart. Making the top larger makes the "
        "quotient larger, so the term in which the top is differentiated has the plus. Making "
        "the bottom larger makes the quotient smaller, so the term in which the bottom is "
        "differentiated has the minus. Test it on 1/x: there the top does not change at all, "
        "only the second term remains, and the slope is known to be negative. Put the minus in "
        "front of the other term and the rest of what you wrote is fine.",
    ),
    Wrong(
        name="The quotient got the plus of the product",
        **of(
            3,
            of_parts(lambda u, du, v: (du * v + u) / v**2),
            of_parts(lambda u, du, v: du * v + u),
            of_parts(lambda u, du, v: du / v + u / v**2),
        ),
        hint="In q you have treated the quotient like a product: the two terms are added. But "
        "the bottom works the other way round. When it grows, the quotient shrinks, "
        "because the same top is shared among more; so the term in which the bottom is "
        "differentiated has to come with a minus. You can still use the product rule, if "
        "you write the quotient as the top times the bottom to the power of minus one. "
        "Then the power rule for the second factor brings the minus one down, and the "
        "square of the bottom below the line. As a test take 1 over x: the top has no "
        "slope, only the second term is left, and the slope of 1/x is negative.",
    ),
    Wrong(
        name="The square below the line is missing or wrong",
        **of(
            3,
            of_parts(lambda u, du, v: (du * v - u) / v),
            of_parts(lambda u, du, v: du * v - u),
            of_parts(lambda u, du, v: du / v - u / v),
            lambda p, x: (p.m * x ** (p.m - 1) * (x + p.a) - x**p.m) / (x**2 + p.a**2),
            of_parts(lambda u, du, v: (du * v - u) / v**3),
            of_parts(lambda u, du, v: (u - du * v) / v),
        ),
        hint="The top of your slope of q is right, and what stands below the line is not. It "
        "must be the whole bottom, squared: the bottom times itself. Where does the "
        "square come from? Write the bottom as a power with exponent minus one; "
        "differentiating takes the exponent down to minus two. In the term where the top "
        "is differentiated the bottom stands only once below the line, and to write both "
        "terms over one line that term is multiplied by the bottom above and below. And "
        "the square of a sum is not the sum of the squares: (x + 4)² also contains 8x. "
        "Leave it as a square in parentheses; there is no need to multiply it out.",
    ),
    Wrong(
        name="The bottom of the quotient got a wrong slope",
        **of(
            3,
            lambda p, x: of_parts(lambda u, du, v: (du * v - p.a * u) / v**2)(p, x),
            lambda p, x: of_parts(lambda u, du, v: (du * v - (1 + p.a) * u) / v**2)(p, x),
            lambda p, x: of_parts(lambda u, du, v: (du * v - x * u) / v**2)(p, x),
            of_parts(lambda u, du, v: (du * v - u * v) / v**2),
        ),
        hint="The first term of your slope of q is right. In the second one stands the top, "
        "times a factor that should be the slope of the bottom. What is this slope? The "
        "bottom is x plus a number. When x grows by one, the bottom grows by one, "
        "whatever the number is: adding a constant lifts a line and makes it no steeper. "
        "So the slope of the bottom is neither the number, nor one more than it, nor the "
        "bottom itself. Take the bottom on a line of its own, differentiate it term by "
        "term with the sum rule, and write down what the constant contributes. Then put "
        "this slope beside the top in the second term.",
    ),
    Wrong(
        name="Only the bottom of the quotient is differentiated",
        **of(3, of_parts(lambda u, du, v: -u / v**2), of_parts(lambda u, du, v: u / v**2)),
        hint="Your slope of q has one term, the one in which the bottom changes and the top "
        "waits. That is how the slope of 1/x is found, where the top is a constant. Here "
        "the top contains x as well, so it changes too, and that gives a term of its "
        "own: the slope of the top over the bottom as it stands. Think of a share: the "
        "money that is there, divided by the number of heads. It changes when the money "
        "changes, and it changes when the heads change, and the two are added up, with a "
        "minus for the heads. Add the term in which the top is differentiated, then look "
        "at the sign of each.",
    ),
    Wrong(
        name="Parentheses are lost in the quotient",
        **of(
            3,
            lambda p, x: (p.m * x ** (p.m - 1) * x + p.a - x**p.m) / (x + p.a) ** 2,
            lambda p, x: of_parts(lambda u, du, v: (du * v - u) / x + p.a**2)(p, x),
            lambda p, x: of_parts(lambda u, du, v: du * v - u / v**2)(p, x),
            lambda p, x: of_parts(lambda u, du, v: du / v - u / x + p.a**2)(p, x),
            lambda p, x: p.m * x ** (p.m - 1) / x + p.a - x**p.m / (x + p.a) ** 2,
        ),
        hint="Your rule for q is right, but a pair of parentheses is missing, so the line of "
        "text means something else than you do. On paper a long fraction line shows what "
        "stands above and below it. In one line of text, multiplication and division "
        "bind more closely than plus and minus: the slope of the top times x plus 4 "
        "multiplies the x only, and dividing by x + 4 divides by the x only. Put "
        "parentheses around every sum that is multiplied, divided or squared: around the "
        "bottom wherever it appears, and around the whole top before the slash. Then "
        "read your answer piece by piece and say what each slash divides.",
    ),
]
