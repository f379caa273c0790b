"""3F: functions whose Maclaurin series is special."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from taylored.course.checking import Case, Exercise, Match, Parameters, Wrong

__all__ = ["EXERCISE"]

_RIGHT = ("all", "disc", "ends", "none", "other")
_NAMES = ("exponential", "bump", "polynomial", "corner", "flat")


def _parameters(rng: Random) -> dict[str, Any]:
    return {"k": rng.randint(2, 9), "m": rng.randint(3, 7)}


def _item(name: str, *chosen: str) -> Callable[..., bool]:
    """Whether a function was given one of these wrong answers, any where none is named."""
    at = _NAMES.index(name)

    def seen(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
        got = outputs[0][at]
        return got != _RIGHT[at] and (not chosen or got in chosen)

    return seen


EXERCISE = Exercise(
    id="3F",
    title="Special cases",
    answer=Match(
        left=(
            ("exponential", "$e^{-<<k>>x}$"),
            ("bump", "$\\frac{1}{1 + <<k>>x^2}$"),
            ("polynomial", "$(1 + <<k>>x)^{<<m>>}$"),
            ("corner", "$<<k>>x\\,\\left|x\\right|$"),
            ("flat", "$e^{-<<k>>/x^2}$, and 0 at $x = 0$"),
        ),
        right=(
            ("all", "it converges for every x, to the function, and never ends"),
            ("disc", "it converges to the function near zero, but not for every x"),
            ("ends", "it ends: from some term on all are zero, and it is the function"),
            ("none", "there is none: some derivative at zero does not exist"),
            ("other", "it converges for every x, but not to the function"),
        ),
    ),
    parameters=_parameters,
    right=lambda p: list(_RIGHT),
    wrong=[
        Wrong(
            name="Smooth on the line is taken for convergent everywhere",
            when=_item("bump", "all"),
            hint="One of your functions is a fraction with 1 and a square in its denominator. Its "
            "curve is smooth for all real x, so it looks as if nothing could stop its series. But "
            "write the series down: it is the geometric one, with minus a number times x² in the "
            "place of u. The geometric series stops converging where u has the size 1, and so "
            "does this one, although the function is finite there. The reason lies off the line. "
            "Ask for which complex x the denominator is zero. The series cannot reach past that "
            "distance in any direction, not even along the real axis where nothing is to be "
            "seen. What counts is the complex plane.",
        ),
        Wrong(
            name="A convergent series is taken for a right one",
            when=_item("flat", "all"),
            hint="You say that the series of the flat function, the one with x² below the line in "
            "the exponent, converges to that function. It does converge: all its terms are zero, "
            "since near zero the function is smaller than every power of x, so none of its "
            "derivatives there can differ from zero. But the sum of zeros is zero, and the "
            "function is positive for every x except at zero itself. Put x = 1 into both and "
            "compare. Two questions have to be kept apart: whether a series converges, and "
            "whether what it converges to is the function it was made from. The second one is "
            "answered by the remainder alone.",
        ),
        Wrong(
            name="The flat function is misjudged",
            when=_item("flat"),
            hint="Look once more at the function with x² below the line in the exponent. Near "
            "zero the exponent is an enormous negative number, so the function is far smaller "
            "there than any power of x: it leaves zero more gently than any polynomial could. It "
            "is smooth even at zero, all derivatives exist there, and all of them are 0. So the "
            "series exists, each of its terms is zero, and it converges for every x. Now compare "
            "its sum with the function at x = 1. A series that ends is the function only if no "
            "more is missing than zero, and here everything is missing: zero is not this "
            "function.",
        ),
        Wrong(
            name="A polynomial is its own series",
            when=_item("polynomial"),
            hint="One of the functions is a power with a whole number as its exponent. Multiply "
            "it out in your mind: it is a polynomial. If you differentiate it more often than its "
            "exponent says, nothing is left, so all higher coefficients of its series are zero. "
            "The series ends, and what stands there is the function itself, written without "
            "parentheses. There is no question of convergence with finitely many terms, and no "
            "remainder. Things are different if the exponent is a fraction or negative: then the "
            "derivatives never vanish, the same formula for the coefficients goes on forever, and "
            "the series has a finite radius.",
        ),
        Wrong(
            name="The higher derivatives at zero have not been looked at",
            when=_item("corner"),
            hint="Look at the function with the absolute value. To the right of zero it is a "
            "number times x², to the left minus the same number times x². The two pieces fit "
            "together in height and in slope, so there is no corner to be seen, and the first "
            "derivative at zero exists. Differentiate once more: on the right you get twice the "
            "number, on the left minus twice the number. The second derivative jumps at zero, so "
            "it does not exist there, and a Maclaurin series needs all derivatives at zero. The "
            "tangent is all that can be copied. At any center other than zero the function is a "
            "plain square, and there is no trouble.",
        ),
        Wrong(
            name="The exponential function never fails",
            when=_item("exponential"),
            hint="One of the functions is the exponential of a multiple of x. Its derivatives at "
            "zero are powers of the number in the exponent. Such powers grow, but a coefficient "
            "is divided by a factorial, and a factorial outgrows the powers of any fixed number "
            "in the end. So the coefficients fall faster than those of any geometric series, and "
            "the remainder goes to zero for every x. The number in front of x only decides after "
            "how many terms this begins to show. Another way to see it: the exponential function "
            "is finite at every place of the complex plane, so there is nothing for a disc of "
            "convergence to run into.",
        ),
        Wrong(
            name="The disc of the fraction is not seen",
            when=_item("bump"),
            hint="Look at the fraction with the square in its denominator. It has a Maclaurin "
            "series: all derivatives exist at zero, and you can write it down without "
            "differentiating, as a geometric series with minus a number times x² in the place of "
            "u. This series never ends, since no coefficient of an even power is zero. And it adds "
            "up to the function where the size of u is less than 1, by the exact formula for the "
            "sum of a geometric series. Where u is larger, each term is larger than the one "
            "before. So ask yourself for which x the size of u is less than 1: for some, for all, "
            "or for none?",
        ),
    ],
    again="Take them one by one. Do all derivatives at zero exist? Does the series end? Is there a "
    "complex number at which the function is infinite? And if the series converges: is its sum the "
    "function, for instance at $x = 1$? Each answer is used once.",
    worked="$e^{-<<k>>x}$ is finite in the whole complex plane, so its series converges for every "
    "x. The fraction is infinite where $<<k>>x^2 = -1$, at a finite distance from zero: it "
    "converges in a disc only. $(1 + <<k>>x)^{<<m>>}$ is a polynomial, and its series ends. "
    "$<<k>>x\\,\\left|x\\right|$ has no second derivative at zero, so there is no series. The last "
    "function is flatter at zero than every power: its series is zero, which converges, but not to "
    "the function.",
)
