"""More wrong answers to 3H: other coefficients, other series, lost variables."""

from __future__ import annotations

from math import exp
from typing import Any

from taylored.course.checking import Wrong
from taylored.course.checking.terms import Terms, any_of, shows
from taylored.course.exercises.rungs import first_as

__all__ = ["TERMS", "WRONG"]

TERMS = Terms(
    [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2), (2, 1), (1, 2), (2, 2)],
    lambda p: [1.0, p.a, p.b, p.a**2 / 2, p.a * p.b, p.b**2],
)


def _of(model: Any) -> Any:
    """A model of the two products, number times variable."""
    return lambda p, x, y: model(p.a * x, p.b * y)


def _quadratic(*models: Any) -> Any:
    return shows(*(_of(lambda u, v, m=m: 1 + u + v + m(u, v)) for m in models))


def _both(at: int, *values: Any) -> Any:
    """Whether the coefficient is the first that is off, with such a value, sign or not."""
    return first_as(
        TERMS, at, *(lambda p, v=v, s=s: s * v(p.a, p.b) for v in values for s in (1.0, -1.0))
    )


WRONG = [
    Wrong(
        name="The quadratic part is taken for one square",
        when=_quadratic(
            lambda u, v: (u + v) ** 2,
            lambda u, v: (u + v) ** 2 / 2 + v * v,
            lambda u, v: (u * u + u * v + v * v) / 2,
            lambda u, v: u * u / 2 + v * v / 2,
            lambda u, v: u * u + v * v,
            lambda u, v: u * u + 2 * u * v + v * v,
        ),
        hint="Constant and slopes are right. The quadratic part looks as if it came from one "
        "function of both products, such as the exponential of their sum. But the function is "
        "a product of two different factors, and each has a series of its own: in the "
        "exponential the square is halved, in the geometric series it is not. And the mixed "
        "term is the product of the two slope terms, with the coefficient one. Multiply the "
        "two series term by term and collect what has two factors in all. Or write down the "
        "three second derivatives at the origin one by one; they do not form a perfect square.",
    ),
    Wrong(
        name="The geometric series is not that of one over 1 minus u",
        when=shows(
            *(
                _of(lambda u, v, m=m: m(u, v))
                for m in (
                    lambda u, v: (1 + u + u * u / 2) * (1 - v),
                    lambda u, v: 1 + u - v + u * u / 2 - u * v,
                    lambda u, v: (1 + u + u * u / 2) * (1 - v + v * v),
                    lambda u, v: (1 + u + u * u / 2) * (1 + v),
                    lambda u, v: 1 + u + v + u * u / 2 + u * v,
                    lambda u, v: 1 + u - v + u * u / 2 - u * v - v * v,
                    lambda u, v: 1 + u - v + u * u / 2 - u * v + v * v / 2,
                )
            )
        ),
        hint="The part with x is right, but the factor with y is not treated as one over 1 minus "
        "u. Perhaps you have multiplied by the denominator where the function is divided by "
        "it, or stopped after its slope, or changed a sign. The geometric series is 1 plus u "
        "plus the square of u and so on, all with a plus and with the coefficient one. Put the "
        "number times y in the place of u. A check: for a small positive y the denominator is "
        "a little less than 1, so the fraction is more than 1, and it grows faster and "
        "faster: slope and square both are positive.",
    ),
    Wrong(
        name="One of the two variables is left out",
        when=shows(
            _of(lambda u, v: 1 + u + u * u / 2),
            _of(lambda u, v: 1 + v + v * v),
            _of(lambda u, v: 1 + v + v * v / 2),
            _of(lambda u, v: 1 + u),
            _of(lambda u, v: 1 + v),
        ),
        hint="Your polynomial contains one variable only, as if the other were held at zero for "
        "good. The function depends on both, so a step may lead in any direction of the plane. "
        "There are two slopes, one along x and one along y, and three second derivatives: "
        "twice along x, twice along y, and once along each. What you have written is what is "
        "seen when walking along one axis, and as such it is right or nearly so. Do the same "
        "for the other axis. Then think of the term with x times y, which is zero on both "
        "axes and shows only when one leaves them.",
    ),
    Wrong(
        name="The squares are missing",
        when=any_of(
            _quadratic(lambda u, v: u * v, lambda u, v: 2 * u * v, lambda u, v: u * v / 2),
            first_as(TERMS, 3, lambda p: 0.0),
            first_as(TERMS, 5, lambda p: 0.0),
        ),
        hint="A term with a square is missing. The order of a term is the sum of its powers: x "
        "times y has order 2, and so have the square of x and the square of y. All three belong "
        "to a polynomial of order 2, as the Hessian has entries on its diagonal as well as "
        "beside it. If you multiplied two series that end with their slopes, you get the mixed "
        "term, but not the squares: each series has to be taken to the second order before it "
        "is multiplied. Put y = 0 into your answer and compare with the exponential in x; then "
        "x = 0, and compare with one over 1 minus u.",
    ),
    Wrong(
        name="Only one of the two factors is expanded",
        when=shows(
            lambda p, x, y: exp(p.a * x) * (1 + p.b * y + (p.b * y) ** 2),
            lambda p, x, y: exp(p.a * x) * (1 + p.b * y),
            lambda p, x, y: (1 + p.a * x + (p.a * x) ** 2 / 2) / (1 - p.b * y),
            lambda p, x, y: (1 + p.a * x) / (1 - p.b * y),
            lambda p, x, y: exp(p.a * x) + 1 / (1 - p.b * y),
        ),
        hint="You have replaced one part of the function by its series and left the other as it "
        "was, an exponential or a fraction. A polynomial of order 2 in both variables has only "
        "whole powers of x and y in it, and no term in which the powers add up to more than "
        "two. So the other factor has to be expanded too, to the second order. Then the two "
        "series are multiplied, term by term, and all products beyond the second order are "
        "dropped. Six terms are left: a constant, two slopes, two squares and the product of "
        "x and y. Your half-way result is the right beginning for that.",
    ),
    Wrong(
        name="The mixed term has the wrong powers",
        when=shows(
            *(
                _of(lambda u, v, m=m: 1 + u + v + u * u / 2 + v * v + m(u, v))
                for m in (
                    lambda u, v: u * u * v * v,
                    lambda u, v: u * u * v,
                    lambda u, v: u * v * v,
                    lambda u, v: u + v,
                    lambda u, v: u * u * v * v / 2,
                )
            ),
            lambda p, x, y: (
                1
                + p.a * x
                + p.b * y
                + p.a**2 * x * x / 2
                + p.b**2 * y * y
                + p.a * p.b * x * x * y * y
            ),
        ),
        hint="All is right but the mixed term: its variables have wrong powers. The mixed second "
        "derivative is taken once with respect to x and once with respect to y, so it belongs "
        "to x times y, each to the first power. A term with both squares would be of the "
        "fourth order, since the powers of a term are added. Think of the product of the two "
        "series: the slope term in x times the slope term in y gives it, with both numbers and "
        "both variables. To test it, differentiate your term once by each variable: what is "
        "left has to be a plain number, the mixed derivative at the origin.",
    ),
    Wrong(
        name="The same number stands with both variables",
        when=shows(
            *(
                lambda p, x, y, m=m: (
                    1 + (u := m(p) * x) + (v := m(p) * y) + u * u / 2 + u * v + v * v
                )
                for m in (lambda p: p.a, lambda p: p.b)
            )
        ),
        hint="The pattern of the six terms is right, but one and the same number stands with x and "
        "with y. The exercise has two numbers: one in the exponent, beside x, and one in the "
        "denominator, beside y. Each stays with its own variable. Whenever the function is "
        "differentiated with respect to x the first comes down, and whenever it is "
        "differentiated with respect to y the second. So the terms with x alone contain only "
        "the first, those with y alone only the second, and the mixed term contains one of "
        "each. Write down both products, give them short names, and put them into your "
        "pattern again.",
    ),
    Wrong(
        name="The number of the mixed term is not the product of the slopes",
        when=_both(
            4,
            lambda a, b: a + b,
            lambda a, b: 1,
            lambda a, b: a,
            lambda a, b: b,
            lambda a, b: (a * b) ** 2,
            lambda a, b: a * a * b,
            lambda a, b: a * b * b,
            lambda a, b: a * b / 4,
            lambda a, b: 4 * a * b,
            lambda a, b: (a * b) ** 2 / 2,
            lambda a, b: a * a * b / 2,
            lambda a, b: a * b * b / 2,
            lambda a, b: 2 * (a + b),
            lambda a, b: (a + b) / 2,
            lambda a, b: 2,
            lambda a, b: 0.5,
            lambda a, b: a / b,
        ),
        last=True,
        hint="The terms before it are right, but the number in front of x times y is not. "
        "Differentiate the function once with respect to x: the number beside x comes down as "
        "a factor. Differentiate the result once with respect to y: now the number beside y "
        "comes down as well, as a further factor. So the mixed derivative at the origin is "
        "the product of the two numbers, each to the first power; they are neither added nor "
        "squared, and neither of them is lost. It stands twice in the Hessian with one half "
        "in front, so it counts once. Or multiply the two slope terms of the two series.",
    ),
    Wrong(
        name="A sign is wrong where all are positive",
        when=any_of(*(first_as(TERMS, k, lambda p, k=k: -TERMS.right(p)[k]) for k in range(6))),
        last=True,
        hint="The first of your terms that is off has the right size and the wrong sign. All six "
        "terms are positive here. The exponential has a plus in its exponent, so each "
        "derivative with respect to x brings down a positive number. The denominator has a "
        "minus, but the fraction grows when the denominator shrinks: with each derivative "
        "with respect to y two minus signs meet, one from the negative power that comes down "
        "and one from the inside, and they make a plus. Every derivative at the origin is "
        "positive, also the mixed one and the second ones. Put in small positive x and y: "
        "the function is larger than 1.",
    ),
    Wrong(
        name="A slope has a wrong factor",
        when=any_of(
            _both(
                1,
                lambda a, b: a * a,
                lambda a, b: a / 2,
                lambda a, b: 1,
                lambda a, b: b,
                lambda a, b: 2 * a,
                lambda a, b: 0,
                lambda a, b: 1 / a,
                lambda a, b: a + b,
                lambda a, b: a * b,
                lambda a, b: a - b,
            ),
            _both(
                2,
                lambda a, b: b * b,
                lambda a, b: b / 2,
                lambda a, b: 1,
                lambda a, b: a,
                lambda a, b: 2 * b,
                lambda a, b: 0,
                lambda a, b: 1 / b,
                lambda a, b: a + b,
                lambda a, b: a * b,
            ),
        ),
        last=True,
        hint="The height is right, and one of the two slopes is not. The number in front of x is "
        "the first derivative with respect to x at the origin. One derivative brings down the "
        "number beside x once: so it stands there to the first power, not squared, not halved, "
        "and not lost, and the number beside y has nothing to do with it, since the "
        "denominator is 1 at the origin. With y it is the same: one derivative, the number "
        "beside y, once. Halves and squares come in with the second derivatives only. "
        "Compare both slopes with the two numbers as they stand in the exercise.",
    ),
]
