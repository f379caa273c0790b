"""0B: the four rules of differentiation on four formulas."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, exp, log, sin
from random import Random
from typing import Any

from taylored.course.checking import Case, Exercise, Formulas, Parameters, Wrong
from taylored.course.exercises.quotients import QUOTIENT, Form, but, chain, of, right

__all__ = ["EXERCISE"]


def _parameters(rng: Random) -> dict[str, Any]:
    a, b = rng.sample([3, 4, 5, 7], 2)
    n, m = rng.sample([3, 4, 5], 2)
    return {"a": a, "b": b, "n": n, "m": m}


def _inputs(rng: Random, p: Parameters) -> Case:
    return (rng.uniform(0.4, 1.3),)


def _power(p: Parameters, x: float) -> float:
    return p.a * p.n * x ** (p.n - 1)


def _inside(p: Parameters, x: float) -> tuple[float, float]:
    """What the sine of k holds, and its slope."""
    return p.a * x**p.m + p.b, p.a * p.m * x ** (p.m - 1)


def _of_inside(form: Callable[[float, float], float]) -> Form:
    return lambda p, x: form(*_inside(p, x))


def _of_power(form: Callable[[float, float, float], float]) -> Form:
    """A wrong slope of g, from x^n, its slope, and the exponential."""
    return lambda p, x: form(x**p.n, p.n * x ** (p.n - 1), exp(p.b * x))


def _themselves(p: Parameters, x: float) -> list[float]:
    inside, _ = _inside(p, x)
    return [p.a * x**p.n + p.b / x, x**p.n * exp(p.b * x), sin(inside), x**p.m / (x + p.a)]


def _twice(p: Parameters, x: float) -> list[float]:
    """The second derivatives."""
    n, m, (inside, slope) = p.n, p.m, _inside(p, x)
    first = p.a * n * (n - 1) * x ** (n - 2) + 2 * p.b / x**3
    power = n * (n - 1) * x ** (n - 2) + 2 * n * p.b * x ** (n - 1) + p.b**2 * x**n
    bent = p.a * m * (m - 1) * x ** (m - 2)
    u, v = x**m, x + p.a
    last = m * (m - 1) * x ** (m - 2) / v - 2 * m * x ** (m - 1) / v**2 + 2 * u / v**3
    return [first, power * exp(p.b * x), bent * cos(inside) - slope**2 * sin(inside), last]


EXERCISE = Exercise(
    id="0B",
    title="Four formulas, four rules",
    answer=Formulas(variables=("x",), names=("f'", "g'", "k'", "q'")),
    parameters=_parameters,
    inputs=_inputs,
    right=right,
    formulas=(
        "a*n*x**(n - 1) - b/x**2",
        "n*x**(n - 1)*exp(b*x) + b*x**n*exp(b*x)",
        "a*m*x**(m - 1)*cos(a*x**m + b)",
        "m*x**(m - 1)/(x + a) - x**m/(x + a)**2",
    ),
    wrong=[
        Wrong(
            name="The slope of a product is taken as the product of the slopes",
            **of(1, lambda p, x: p.n * x ** (p.n - 1) * p.b * exp(p.b * x)),
            hint="In g you have differentiated the power and the exponential and multiplied the "
            "two slopes. It looks natural, since the sum rule does work piece by piece, but for "
            "products it fails. Try it on something that you know: x² is x times x. The slopes of "
            "the two factors are 1 and 1, their product is 1, and yet the slope of x² is not 1. "
            "Think of the rectangle in the lesson. When both sides grow, the area gains a strip "
            "at the side and a strip on top: one strip comes from the growth of the first factor "
            "alone, while the second waits, and the other strip the other way round. The product "
            "of both growths is only the little corner. So two terms are needed here.",
        ),
        Wrong(
            name="Only one factor of the product is differentiated",
            **of(1, _of_power(lambda u, du, e: du * e), lambda p, x: p.b * x**p.n * exp(p.b * x)),
            hint="Your slope of g has one term, and that term is right, but it is only half of the "
            "story. You let one factor change and held the other one fixed. Both contain x, so "
            "both change when x moves. Picture the rectangle whose sides are the two factors: it "
            "grows at its side and on its top, and what you have written is only one of these two "
            "strips. The other one comes from the factor that you left alone: differentiate that "
            "one, keep the first as it is, and add the result to what you have. To see that "
            "something is missing, set x = 1 and compare with a secant over a step of 0.001: your "
            "number is clearly too small.",
        ),
        Wrong(
            name="The slope of the inside is missing",
            model=but(2, _of_inside(lambda u, du: cos(u))),
            others=[but(1, _of_power(lambda u, du, e: (du + u) * e))],
            hint="One of your slopes treats what stands inside a function as if it were x alone. "
            "Look at the sine in k and at the exponential in g: inside them there is more than "
            "x. When x moves by a little, the inside moves by its own slope times as much, and so "
            "the whole function runs that much faster. The chain rule says: differentiate the "
            "outer function, leave the inside as it stands, and then multiply by the slope of the "
            "inside. An easy way to see it: the graph of sin(10x) is that of sin(x) pressed "
            "together ten times, so it is ten times as steep. The ten must show up in front. Ask "
            "at every function: what is inside, and have I multiplied by its slope?",
        ),
        Wrong(
            name="The outer function is taken at the slope of the inside",
            **of(2, _of_inside(lambda u, du: cos(du)), _of_inside(lambda u, du: du * cos(du))),
            hint="In k you replaced the inside of the function by its slope: the cosine now holds "
            "the derivative of what the sine held. The chain rule needs that derivative, but in "
            "another place. Think of the three rulers in the lesson. The second stretching, the "
            "slope of the sine, happens at the place u where the inside actually is; u does not "
            "change because we ask for a slope. So the inside stays as it was, word for word, and "
            "its derivative comes in front as a factor. A test: take sin(5x) at x = 0. It starts "
            "off like 5x, so its slope there is 5. The way you did it gives the cosine of 5, "
            "which is 0.28. Keep the inside, multiply by its slope.",
        ),
        Wrong(
            name="The sine and the cosine have a wrong sign",
            **of(2, lambda p, x: -chain(p, x)),
            hint="Your slope of k has all its parts, but the sign is turned. Two rules are easily "
            "mixed up here: one of the two functions sine and cosine gets a minus when it is "
            "differentiated, the other does not. Look at the graph of the sine near zero: it "
            "starts at zero and climbs, so its slope there must be positive. And the cosine at "
            "zero is 1, positive. The cosine itself starts at its top and goes down, so it is the "
            "cosine whose slope carries the minus. If you remember the circle of the lesson, you "
            "need not learn this by heart: the point moves upward on the right side, which means "
            "that its height grows while its sideways position shrinks. Apply that to k once more.",
        ),
        Wrong(
            name="The power of 1/x has a wrong slope",
            vague=True,
            **of(
                0,
                lambda p, x: _power(p, x) + p.b / x**2,
                lambda p, x: _power(p, x) - p.b,
                lambda p, x: _power(p, x) + p.b,
                lambda p, x: _power(p, x),
                lambda p, x: _power(p, x) - p.b / x,
                lambda p, x: _power(p, x) + p.b / x,
                lambda p, x: _power(p, x) - p.b / x**3,
                lambda p, x: _power(p, x) - 1 / x**2,
            ),
            hint="The first part of f is right, the second is not. The term with x below the line "
            "is a power as well: 1/x is x to the power of minus one. The power rule then works as "
            "always: the exponent comes down as a factor, and the power goes down by one. Going "
            "down by one from minus one leads to minus two, not to zero; and the factor that comes "
            "down is negative. The picture says the same: the graph of 1/x falls everywhere, so "
            "its slope must be negative, and near zero it falls more and more steeply. Check your "
            "term at a small x such as 0.1: its slope should be very large there. Is yours?",
        ),
        Wrong(
            name="The power rule is only half applied",
            **of(
                0,
                lambda p, x: p.a * p.n * x**p.n - p.b / x**2,
                lambda p, x: p.a * x ** (p.n - 1) - p.b / x**2,
                lambda p, x: p.n * x ** (p.n - 1) - p.b / x**2,
                lambda p, x: (p.a + p.n) * x ** (p.n - 1) - p.b / x**2,
            ),
            hint="The second term of f is right; the power in the first one is not. The power "
            "rule does two things at once: the exponent comes down and multiplies what "
            "stands in front, and the power goes down by one. If the exponent does not come "
            "down, or the power stays as it is, only half of the rule has been used. And a "
            "number in front stays: it is multiplied by the exponent, neither replaced by it "
            "nor added to it. Test it on 5x², a power that you know: its slope is 10x, "
            "because the 2 comes down and meets the 5, and x to the second becomes x to the "
            "first. Then do the same two steps with the exponent of f.",
        ),
        Wrong(
            name="Integrated instead of differentiated",
            **of(
                0,
                lambda p, x: p.a * x ** (p.n + 1) / (p.n + 1) + p.b * log(x),
                lambda p, x: _power(p, x) + p.b * log(x),
            ),
            hint="A logarithm has come into your slope of f. The logarithm is a function whose "
            "slope is 1/x; so going from 1/x to the logarithm is the way back, from a slope "
            "to a function, and the question goes the other way. The same holds for a power "
            "that grows by one and is divided by the new exponent: that is the rule for "
            "areas, and it undoes the power rule. To keep the two apart, think of x²: its "
            "slope is 2x, with a lower power, and never x³/3. A slope of 1/x must be "
            "negative, since its graph falls everywhere, while the logarithm is positive for "
            "all x above 1. Write 1/x as a power and use the power rule downward.",
        ),
        Wrong(
            name="The two terms of the product rule are subtracted",
            **of(1, lambda p, x: (p.n * x ** (p.n - 1) - p.b * x**p.n) * exp(p.b * x)),
            hint="Both terms of your slope of g are right, but one is subtracted from the other. "
            "The minus belongs to the quotient: there a growing bottom makes the result "
            "smaller. In a product there is nothing of the kind. Picture the rectangle of "
            "the lesson: when its width grows the area gains a strip at the side, and when "
            "its height grows it gains a strip on top. Both are gains, so both come with a "
            "plus. A quick test: for x above zero the power grows and the exponential grows, "
            "so their product must grow everywhere, and its slope can never be negative. Put "
            "in a large x, such as 3, and look at what your formula says.",
        ),
        Wrong(
            name="The power rule is used on the exponential",
            **of(
                1,
                lambda p, x: (
                    p.n * x ** (p.n - 1) * exp(p.b * x) + x**p.n * p.b * x * exp(p.b * x - 1)
                ),
                lambda p, x: p.n * x ** (p.n - 1) * exp(p.b * x) + x**p.n * p.b * exp(p.b * x - 1),
                lambda p, x: p.n * x ** (p.n - 1) * exp(p.b * x) + x**p.n * p.b * x * exp(p.b * x),
            ),
            hint="In g you have brought the exponent of the exponential down, as if it were a "
            "power of x. The power rule is for x to a fixed exponent: there x stands at the "
            "bottom. In the exponential x stands on top and the bottom is the fixed number "
            "e, and for this the rule is another one, and simpler: the exponential is its "
            "own slope, with nothing taken off the exponent. Only the chain rule adds "
            "something, the slope of what stands in the exponent. So e to the 5x has the "
            "slope 5 times e to the 5x. Compare with a secant at x = 0: from 0 to 0.001 that "
            "function grows by 0.005.",
        ),
        Wrong(
            name="The exponential is lost or changed",
            **of(
                1,
                lambda p, x: p.n * x ** (p.n - 1) * exp(p.b * x) + p.b * x**p.n,
                lambda p, x: (p.n * x ** (p.n - 1) + x**p.n) * exp(p.b),
                lambda p, x: (p.n * x ** (p.n - 1) + x**p.n * log(p.b)) * exp(p.b * x),
                lambda p, x: (p.n * x ** (p.n - 1) + p.b * x**p.n) * exp(x),
                lambda p, x: p.n * x ** (p.n - 1) + p.b * x**p.n * exp(p.b * x),
            ),
            hint="The two terms of g are there, but the exponential in them is not what it was. "
            "The exponential is the one function that differentiating leaves alone: after "
            "it, the same exponential stands there, with the same exponent, in both terms. "
            "In the first term it waits, so it is unchanged. In the second it is "
            "differentiated, so it is unchanged too, and gets the slope of its exponent as a "
            "factor in front. That factor is the plain number that multiplies x, and no "
            "logarithm of it: a logarithm comes in only where the bottom is another number "
            "than e, as in 2 to the x. Write the exponential down twice, then the factors "
            "beside it.",
        ),
        Wrong(
            name="The slopes of the two factors are added",
            **of(1, lambda p, x: p.n * x ** (p.n - 1) + p.b * exp(p.b * x)),
            hint="In g you have differentiated the power and the exponential and added the two "
            "slopes. That is the sum rule, and it is for sums: two people of whom one stands "
            "on the other's shoulders. Here the two are multiplied. When the power grows by "
            "a little, the product grows by that much times the exponential, because each "
            "unit of the power counts as many times as the exponential says. So each slope "
            "has to be multiplied by the other factor before the two are added. Test your "
            "way on x times x: the slopes are 1 and 1, their sum is 2, and yet the slope of "
            "x² at 5 is 10.",
        ),
        Wrong(
            name="Something is lost when a factor is taken out",
            **of(
                1,
                lambda p, x: x ** (p.n - 1) * exp(p.b * x) * (p.n + p.b),
                lambda p, x: x**p.n * exp(p.b * x) * (p.n + p.b),
                lambda p, x: (p.n + p.b) * x**p.n * exp(p.b * x),
                lambda p, x: (p.n * x**p.n + p.b * x**p.n) * exp(p.b * x),
                lambda p, x: x ** (p.n - 1) * exp(p.b * x) * (1 + p.b * x),
            ),
            hint="Your slope of g has the right numbers and one power of x too many or too few. "
            "The two terms do not hold the same power: in one of them the power was "
            "differentiated and went down by one, in the other it waits and is unchanged. So "
            "when a common factor is taken out, x to the lower power can come out of both, "
            "but then an x stays behind in the second term, beside the factor from the "
            "exponent. Multiply your parentheses out again and see whether both terms come "
            "back. Or put in x = 2, where the two powers differ by a factor of two, and "
            "compare with the sum before it was simplified.",
        ),
        Wrong(
            name="The sine is still a sine",
            **of(
                2,
                _of_inside(lambda u, du: du * sin(u)),
                _of_inside(lambda u, du: -du * sin(u)),
                _of_inside(lambda u, du: sin(du)),
                _of_inside(lambda u, du: sin(u)),
            ),
            hint="In your slope of k there is still a sine. You have seen that the slope of the "
            "inside is needed, but the outer function has to be differentiated as well, and "
            "the slope of the sine is the cosine. Remember the point on the circle: its "
            "height is the sine, and its upright speed is how far it is to the side, which "
            "is the cosine. At the top of the circle the height is greatest and the point "
            "moves sideways only, so there the slope must be zero; a sine would be greatest "
            "there. So two things happen in one step: the outer function turns into its "
            "slope, with the inside left alone, and the slope of the inside comes in front.",
        ),
        Wrong(
            name="The slope of the inside is not right",
            **of(
                2,
                lambda p, x: (_inside(p, x)[1] + p.b) * cos(_inside(p, x)[0]),
                lambda p, x: p.m * x ** (p.m - 1) * cos(_inside(p, x)[0]),
                lambda p, x: p.a * x ** (p.m - 1) * cos(_inside(p, x)[0]),
                lambda p, x: p.a * x**p.m * cos(_inside(p, x)[0]),
                lambda p, x: p.a * p.m * x**p.m * cos(_inside(p, x)[0]),
                lambda p, x: p.a * p.m * cos(_inside(p, x)[0]),
                lambda p, x: p.a * cos(_inside(p, x)[0]),
                lambda p, x: p.m * cos(_inside(p, x)[0]),
                lambda p, x: _inside(p, x)[0] * cos(_inside(p, x)[0]),
            ),
            hint="In k the cosine is right and the inside was left alone, as it should be. But "
            "the factor in front is not the slope of the inside. Take the inside by itself, "
            "on a line of its own, and differentiate it like any other formula: it is a "
            "power with a number in front, plus a constant. The number in front stays, the "
            "exponent comes down and multiplies it, and the power goes down by one. The "
            "constant has no slope at all: lifting a graph makes it no steeper, so it leaves "
            "nothing behind in the factor, although it stays where it is inside the cosine. "
            "Then put this slope in front of the cosine.",
        ),
        Wrong(
            name="The outer slope is taken at another place",
            **of(
                2,
                _of_inside(lambda u, du: du * cos(u - du)),
                lambda p, x: _inside(p, x)[1] * cos(x),
                lambda p, x: _inside(p, x)[1] * cos(p.a * x**p.m),
                lambda p, x: _inside(p, x)[1] * cos(x**p.m),
                lambda p, x: _inside(p, x)[1] * cos(p.a * x + p.b),
            ),
            hint="The factor in front of your cosine is right, but the cosine does not hold what "
            "the sine held. The outer slope is asked for at the place where the outer "
            "function is, and that is the value of the whole inside, with its number in "
            "front, its power and its constant. Think of the three rulers: the needle of the "
            "second one stands at u, and the slope of the sine is read off there, wherever x "
            "may be. Nothing inside is differentiated, shortened or dropped, not even the "
            "constant; that it has no slope of its own matters only for the factor in front. "
            "Copy the inside of the sine word for word into the cosine.",
        ),
        Wrong(
            name="The two slopes of the chain are added",
            **of(2, _of_inside(lambda u, du: du + cos(u))),
            hint="In k you found both parts, the slope of the outer function and the slope of the "
            "inside, and then you added them. In a chain the slopes are multiplied. Think of "
            "two gears: if the first turns three times as fast as the crank, and the second "
            "four times as fast as the first, then the second turns twelve times as fast as "
            "the crank, not seven times. In the same way a small step of x is stretched into "
            "a step of the inside, and that step is stretched once more by the outer "
            "function. A plus would mean that the two act side by side, as in a sum. Keep "
            "your two parts and change the sign between them.",
        ),
        *QUOTIENT,
        Wrong(
            name="The function itself instead of its slope",
            model=_themselves,
            hint="What stands in your answer is a function of the question, unchanged. Asked for "
            "is its slope: how fast it climbs at each place, not how high it is there. The "
            "two are different curves. Where the function is high and level, the slope is "
            "zero; where it is near zero and climbs steeply, the slope is large. There is "
            "one function that is its own slope, the exponential, and that may have led you "
            "astray. Take the formulas one after the other. Ask which joint holds each "
            "together, a sum, a product, something inside something else, or a fraction "
            "line, and use the rule that belongs to this joint. The example of the lesson "
            "does it in five steps.",
        ),
        Wrong(
            name="It was differentiated twice",
            model=_twice,
            hint="You have gone one step too far: this is the slope of the slope, the second "
            "derivative. Asked for is the first one. The second derivative is useful, it "
            "tells whether a curve bends up or down, and a later lesson is about it; but how "
            "fast the function itself climbs is told by the first. Go back to the line "
            "before your last one: there it stands, and it is likely to be right. The mark "
            "f' with one stroke always means that the rules are used once, and f'' with two "
            "strokes that they are used twice. In the power of f, for instance, the exponent "
            "has come down twice in your answer, and it should come down once.",
        ),
    ],
    again="f: power rule on each term, with $1/x = x^{-1}$. g: two terms, in each of them one "
    "factor is differentiated. k: outer slope with the inside left alone, times the slope of the "
    "inside. q: a product of the top and of the bottom to the power of $-1$.",
    worked="$f' = <<a>> \\cdot <<n>> x^{<<n>>-1} - \\frac{<<b>>}{x^2}$, since "
    "$\\frac{1}{x} = x^{-1}$ has the slope $-x^{-2}$.\n\n"
    "$g' = <<n>> x^{<<n>>-1} e^{<<b>>x} + x^{<<n>>} \\cdot <<b>> e^{<<b>>x}$ by the product rule, "
    "and the chain rule in the second term.\n\n"
    "$k' = \\cos(<<a>>x^{<<m>>} + <<b>>) \\cdot <<a>> \\cdot <<m>> x^{<<m>>-1}$.\n\n"
    "$q' = \\frac{<<m>> x^{<<m>>-1}}{x + <<a>>} - \\frac{x^{<<m>>}}{(x + <<a>>)^2}$.",
)
