"""5E: the Jacobian of a bell-shaped model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp
from random import Random
from typing import Any

import numpy as np

from taylored.course.checking import Case, Exercise, Formulas, Parameters, Wrong

__all__ = ["EXERCISE"]

_VARIABLES = ("x", "mu", "s")


def _parameters(rng: Random) -> dict[str, Any]:
    return {"a": rng.choice([3, 4, 5, 6, 7, 9])}


def _inputs(rng: Random, p: Parameters) -> Case:
    mu, s = rng.uniform(0.4, 2.1), rng.uniform(0.6, 1.7)
    return mu + rng.choice([-1, 1]) * s * rng.uniform(0.5, 1.6), mu, s


def _parts(p: Parameters, x: float, mu: float, s: float) -> tuple[float, float, float]:
    """Distance from the middle, width, height of the curve."""
    return x - mu, s, p.a * exp(-((x - mu) ** 2) / (2 * s**2))


def _right(p: Parameters, x: float, mu: float, s: float) -> list[float]:
    u, s, f = _parts(p, x, mu, s)
    return [u / s**2 * f, u**2 / s**3 * f]


Form = Callable[[float, float, float], float]  # of distance, width, height


def _either(first: Form, second: Form) -> Callable[..., bool]:
    """For `Wrong.when`: one of the two formulas makes this mistake, whatever the other is."""
    return _some([first], [second])


def _some(first: Sequence[Form], second: Sequence[Form]) -> Callable[..., bool]:
    """The same for several forms of the mistake."""

    def when(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
        got = np.array(outputs)
        right = np.array([_right(p, *case) for case in cases])
        if got.shape != right.shape:
            return False
        parts = [_parts(p, *case) for case in cases]
        return any(
            np.allclose(got[:, k], [form(*part) for part in parts], rtol=1e-6)
            and not np.allclose(got[:, k], right[:, k], rtol=1e-6)
            for k, forms in enumerate((first, second))
            for form in forms
        )

    return when


def _up(u: float, s: float, f: float) -> float:
    """The curve with a plus in its exponent."""
    return f * exp(u**2 / s**2)


def _lost(p: Parameters, x: float, mu: float, s: float) -> list[float]:
    """The formulas without the parentheses of x - mu."""
    f = _parts(p, x, mu, s)[2]
    return [f * x - mu / s**2, f * (x - mu**2) / s**3]


def _of_square(p: Parameters, x: float, mu: float, s: float) -> list[float]:
    """The square in the exponent applied to mu alone."""
    u, height = x - mu, p.a * exp(-(x - mu**2) / (2 * s**2))
    return [u / s**2 * height, u**2 / s**3 * height]


EXERCISE = Exercise(
    id="5E",
    title="The shapes of a bell curve",
    answer=Formulas(variables=_VARIABLES, names=("∂f/∂μ", "∂f/∂s")),
    parameters=_parameters,
    inputs=_inputs,
    right=_right,
    formulas=(
        "a*(x - mu)/s**2*exp(-(x - mu)**2/(2*s**2))",
        "a*(x - mu)**2/s**3*exp(-(x - mu)**2/(2*s**2))",
    ),
    wrong=[
        Wrong(
            name="The two derivatives are exchanged",
            model=lambda p, x, mu, s: _right(p, x, mu, s)[::-1],
            hint="Both formulas are right, but each stands in the other's field. A sketch tells "
            "which is which. If the middle moves to the right, the curve gains on the right "
            "flank and loses on the left one, so the first derivative must change its sign "
            "at x = mu. If the width grows, the curve gains on both flanks alike, so the "
            "second derivative has the same sign on both sides and is zero only in the "
            "middle. One of your formulas contains the distance from the middle to an odd "
            "power and the other to an even power. Which of the two can change its sign?",
        ),
        Wrong(
            name="The first one has the wrong sign: it is the derivative by x",
            when=_either(lambda u, s, f: -u / s**2 * f, lambda u, s, f: u**2 / s**3 * f),
            hint="The first formula has the right size and the wrong sign: it is the slope of the "
            "curve along x. The middle mu enters with a minus, as x - mu, so its inner "
            "derivative is -1, and together with the minus in the exponent this gives a "
            "plus. Check it with a picture: stand on the right flank and move the whole bell "
            "to the right. Does the curve at your place go up or down? On the right flank x "
            "is larger than mu, so your formula gives a negative number there. Moving the "
            "middle to the right does the same as moving yourself to the left, and that is "
            "where the sign comes from.",
        ),
        Wrong(
            name="The sign of the second one is lost",
            when=_either(lambda u, s, f: u / s**2 * f, lambda u, s, f: -(u**2) / s**3 * f),
            hint="Your derivative with respect to s has the right size and the wrong sign. When "
            "the width grows, the flanks of the bell rise, because the curve falls off more "
            "slowly; so the derivative must be positive on both sides. The exponent is minus "
            "the squared distance over two s squared. There is one minus in front, and the "
            "derivative of s to the power -2 brings down the factor -2: that is a second "
            "minus. Write the exponent as -(x-mu)²/2 times s to the power -2, differentiate only "
            "that power, and count the minus signs one by one before you multiply with the "
            "curve itself.",
        ),
        Wrong(
            name="The power of s is one too low",
            when=_either(lambda u, s, f: u / s * f, lambda u, s, f: u**2 / s**2 * f),
            hint="One of your formulas has one power of s too few below the fraction line. The "
            "exponent contains s to the power -2. For the derivative with respect to mu this "
            "power stays as it is; for the derivative with respect to s, differentiating lowers it "
            "by one more. The units give a reliable check: x, mu and s are all lengths, and "
            "f is a brightness. A derivative with respect to mu or to s must be a brightness "
            "divided by a length. Count the lengths above and below the fraction line in "
            "each of your formulas: there has to be exactly one more below than above.",
        ),
        Wrong(
            name="The curve itself is missing as a factor",
            when=lambda p, cases, outputs: _some(
                [lambda u, s, f: u / s**2, lambda u, s, f: p.a * u / s**2],
                [lambda u, s, f: u**2 / s**3, lambda u, s, f: p.a * u**2 / s**3],
            )(p, cases, outputs),
            hint="You have differentiated the exponent, and correctly, but the exponential "
            "function is gone. The chain rule says: the derivative of the outer function, taken at "
            "the inside as it is, times the derivative of the inside. The outer function is e to "
            "the power of something, and its derivative is itself, so the whole curve "
            "remains as a factor in front of what you found. A look at the far flank shows "
            "it: very far from the middle the bell is zero, and moving it a little changes "
            "nothing there, so the derivatives must die out. Yours grow without end.",
        ),
        Wrong(
            name="The factor 2 does not cancel",
            when=_either(lambda u, s, f: u / (2 * s**2) * f, lambda u, s, f: u**2 / (2 * s**3) * f),
            hint="One of your formulas is exactly half of what it should be. In the exponent the "
            "squared distance is divided by two s squared. Differentiating the square with respect "
            "to mu brings a factor 2 to the front, and this cancels the 2 below the fraction "
            "line; differentiating s to the power -2 with respect to s brings down a factor 2 as "
            "well, and again it cancels. That is the reason why the 2 is in the definition "
            "of the bell curve at all: the derivatives come out clean. Write the exponent "
            "once more, differentiate it slowly, and keep the 2 in sight.",
        ),
        Wrong(
            name="The factor 2 comes twice",
            when=_some(
                [lambda u, s, f: 2 * u / s**2 * f, lambda u, s, f: -2 * u / s**2 * f],
                [lambda u, s, f: 2 * u**2 / s**3 * f, lambda u, s, f: -2 * u**2 / s**3 * f],
            ),
            hint="One of your formulas is exactly twice what it should be. The factor 2 that "
            "comes down when a square is differentiated is there, but the 2 below the fraction "
            "line in the exponent has been lost, so nothing cancels it. Write down the exponent "
            "with everything in it: minus the squared distance, divided by two s squared. "
            "Then differentiate the exponent alone, without the exponential function around it, "
            "and simplify the numbers before you go on. A test with numbers: take mu = 0, s = 1, "
            "x = 1; the exponent is then -1/2, and how fast does it change when mu grows a "
            "little?",
        ),
        Wrong(
            name="The number in front is forgotten",
            model=lambda p, x, mu, s: [v / p.a for v in _right(p, x, mu, s)],
            hint="Your formulas have the right shape, but the number in front of the exponential "
            "function is missing. It is a constant factor, and constant factors are carried "
            "along through every derivative: a curve that is five times as high also changes "
            "five times as much when its middle moves. It is easily lost when one "
            "concentrates on the exponent. A simple way not to lose anything is to write the "
            "derivative as the factor from the chain rule times f, where f is the complete "
            "function of the exercise with all that stands in it, and to replace f by its "
            "full form at the very end.",
        ),
        Wrong(
            name="The slope of the exponent is missing",
            when=_some(
                [lambda u, s, f: f, lambda u, s, f: -f], [lambda u, s, f: f, lambda u, s, f: -f]
            ),
            hint="One of your formulas is the curve itself. It is true that the exponential is "
            "its own slope, but that holds for e to the x, where the exponent grows just as "
            "fast as x. Here the exponent is a formula of its own, and what is asked is how "
            "fast the curve changes when μ or s changes. By the chain rule the exponential "
            "stays as it is, and in front comes the slope of the exponent with respect to "
            "the letter that moves. Take the exponent alone on a line, minus the squared "
            "distance over twice s squared, and differentiate it by that letter. At the "
            "middle of the beam, where x is μ, the curve has its top: the first derivative "
            "must be zero there.",
        ),
        Wrong(
            name="The power of the distance is not right",
            when=_some(
                [lambda u, s, f: u**2 / s**2 * f, lambda u, s, f: f / s**2],
                [
                    lambda u, s, f: u / s**3 * f,
                    lambda u, s, f: f / s**3,
                    lambda u, s, f: abs(u) / s**3 * f,
                ],
            ),
            hint="The distance x - μ stands in one of your formulas with a wrong power. When μ "
            "moves, the squared distance is differentiated: its exponent comes down and it "
            "goes down to the first power, so the sign of the distance survives. That is "
            "why this column is positive on one flank and negative on the other: moving the "
            "bell to the right raises the right flank and lowers the left one. When s "
            "moves, the distance is only a number that is held still, so its square stays a "
            "square, and the column is positive on both flanks: a wider bell is higher on "
            "both sides. Compare the signs of your formulas with the two shapes in the "
            "figure.",
        ),
        Wrong(
            name="The power of s is not right",
            when=_some(
                [
                    lambda u, s, f: u * f,
                    lambda u, s, f: u / s**3 * f,
                    lambda u, s, f: u / s**4 * f,
                    lambda u, s, f: u * s**2 * f,
                ],
                [
                    lambda u, s, f: u**2 / s**4 * f,
                    lambda u, s, f: u**2 / s * f,
                    lambda u, s, f: u**2 * f,
                ],
            ),
            hint="The power of s in front is not right. Everything else in that formula is. When "
            "μ moves, s is held still, so the s squared below the line just stays. When s "
            "moves, s to the minus two is differentiated: the exponent comes down, and the "
            "power goes down by one more, from minus two to minus three, so a cube stands "
            "below the line in the end. The units tell at once: the derivative of a "
            "brightness by a length is a brightness per length. The distance and s are both "
            "lengths, so in front of the curve there must be one power of length more below "
            "the line than above it, in both formulas.",
        ),
        Wrong(
            name="One over the derivative is not the derivative of one over",
            when=_some(
                [lambda u, s, f: f / (2 * u), lambda u, s, f: s**2 / u * f],
                [
                    lambda u, s, f: u**2 / (4 * s) * f,
                    lambda u, s, f: -(u**2) / (4 * s) * f,
                    lambda u, s, f: u**2 * s * f,
                    lambda u, s, f: -(u**2) * s * f,
                    lambda u, s, f: 2 * u**2 * s * f,
                    lambda u, s, f: 4 * s * f,
                ],
            ),
            hint="In the second formula s stands below the line, in the exponent, and you have "
            "differentiated it as if it were above: the slope of twice s squared is 4s, and "
            "this was put below the line, or s came out on top. But the slope of one over "
            "something is not one over its slope. Write it as a power: one over s squared "
            "is s to the minus two, and the power rule makes it minus two times s to the "
            "minus three. Half of it, since there is a 2 below the line, gives minus one "
            "over s cubed; and the minus of the exponent turns that into a plus. As a test: "
            "when s is very large the curve is flat, and making it wider hardly changes it. "
            "So the answer must become small for large s.",
        ),
        Wrong(
            name="The derivative by s squared instead of s",
            when=_some(
                [],
                [lambda u, s, f: u**2 / (2 * s**4) * f, lambda u, s, f: -(u**2) / (2 * s**4) * f],
            ),
            hint="Your second formula is the derivative by s squared, as if the variance were "
            "the parameter. That is a good question too, but another one: how much does the "
            "curve change for each unit of s squared? Here s itself is moved. The two are "
            "tied by the chain rule: when s grows by a little, s squared grows by 2s times "
            "as much. So multiply by the missing 2s, and see what is left of the power "
            "below the line. A simple way to avoid this: write the exponent as a number "
            "that is held still, minus half the squared distance, times s to the minus two, "
            "and use the power rule on s.",
        ),
        Wrong(
            name="The power rule is used on the exponential",
            when=_some(
                [
                    lambda u, s, f: u**2 / (2 * s**2) * f * exp(-1.0),
                    lambda u, s, f: -(u**2) / (2 * s**2) * f * exp(-1.0),
                    lambda u, s, f: -(u**2) / (2 * s**2) * f,
                    lambda u, s, f: u**2 / (2 * s**2) * f,
                ],
                [
                    lambda u, s, f: u**2 / (2 * s**2) * f * exp(-1.0),
                    lambda u, s, f: -(u**2) / (2 * s**2) * f * exp(-1.0),
                    lambda u, s, f: -(u**2) / (2 * s**2) * f,
                ],
            ),
            hint="You have brought the exponent of the exponential down as a factor, as the "
            "power rule does. The power rule is for a variable at the bottom and a fixed "
            "number on top, as in x to the fifth. Here it is the other way round: the fixed "
            "number e at the bottom, and the variable on top. For this the rule is simpler. "
            "The exponential stays exactly as it is, nothing is taken off its exponent, and "
            "in front comes not the exponent but the slope of the exponent, by the chain "
            "rule. So differentiate the exponent on a line of its own, once by μ and once "
            "by s, and put the result in front of the unchanged curve.",
        ),
        Wrong(
            name="The exponent has lost its minus",
            when=_some(
                [lambda u, s, f: u / s**2 * _up(u, s, f), lambda u, s, f: -u / s**2 * _up(u, s, f)],
                [
                    lambda u, s, f: u**2 / s**3 * _up(u, s, f),
                    lambda u, s, f: -(u**2) / s**3 * _up(u, s, f),
                ],
            ),
            hint="What stands in front is right, but the curve behind it is not the one of the "
            "question: the minus in its exponent has been lost. With a plus the exponential "
            "grows without end to both sides, while a bell falls off to zero. Perhaps the "
            "minus was put inside the parentheses that are squared; there it has no effect, "
            "because the square of minus 2 is 4 as well. Perhaps it was used up when the "
            "derivative was taken. But the exponential is copied as it is, with its own "
            "minus, and the minus of the slope comes in addition. Put in x far away from μ, "
            "five widths or so: your answer must be nearly zero there.",
        ),
        Wrong(
            name="The exponential holds the slope of the exponent",
            when=lambda p, cases, outputs: _some(
                [lambda u, s, f: p.a * exp(u / s**2), lambda u, s, f: p.a * exp(-u / s**2)],
                [
                    lambda u, s, f: p.a * exp(min(u**2 / s**3, 700)),
                    lambda u, s, f: p.a * exp(-(u**2) / s**3),
                ],
            )(p, cases, outputs),
            hint="You differentiated the exponent and left the result up there. The chain rule "
            "needs this slope, but in another place: in front, as a factor. Upstairs "
            "nothing changes. The exponential is its own slope, taken at the place where "
            "the exponent is, and the exponent is where it was. Think of the two rulers of "
            "the chain rule: a small step of μ makes a step of the exponent, stretched by "
            "the slope of the exponent; that step makes a step of the curve, stretched by "
            "the slope of the exponential, which is the curve itself. The two stretchings "
            "are multiplied. So write the curve down unchanged, and the slope of the "
            "exponent in front of it.",
        ),
        Wrong(
            name="A factor in front that the question does not have",
            when=_some(
                [],
                [lambda u, s, f: (u**2 / s**3 - 1 / s) * f, lambda u, s, f: (u**2 / s**2 - 1) * f],
            ),
            hint="Your second formula has a second term, minus the curve over s. It would be "
            "right for the bell curve of probability, which is divided by s so that its "
            "area stays one: that factor changes with s too, and the product rule gives two "
            "terms. The curve of the question has a fixed number in front instead. Its top "
            "stays at that height whatever the width is, so at the top the derivative by s "
            "must be zero. Put x = μ into yours: does it come out as zero? Only the "
            "exponent holds s here, so the chain rule alone is enough, and one term is "
            "left.",
        ),
        Wrong(
            name="It was differentiated twice",
            when=_some(
                [lambda u, s, f: (u**2 / s**4 - 1 / s**2) * f],
                [lambda u, s, f: (u**4 / s**6 - 3 * u**2 / s**4) * f],
            ),
            hint="You have gone a step too far and differentiated twice by the same letter. The "
            "Jacobian is made of first derivatives: how much the curve gains, place by "
            "place, when one parameter grows by a little. Second derivatives would be "
            "needed for the full Hessian of chi-squared, and it is just the point of the "
            "Gauss-Newton step that they can be left out. Go back one line in your work; "
            "the first derivative is likely to be there already. It is the unchanged curve "
            "times the slope of the exponent, with one term only. Two terms in parentheses "
            "are a sign that the product rule was used on that result once more.",
        ),
        Wrong(
            name="The parentheses of the difference are lost",
            model=_lost,
            others=[_of_square],
            hint="The parentheses around x - μ are missing in one place, so your line of text "
            "means something else than you do. Multiplication, division and powers bind "
            "more closely than minus: x - mu/s^2 takes away only the quotient, and x - mu^2 "
            "squares only mu. The distance is one thing and must stay together: write "
            "(x-mu) wherever it appears, also in the exponent, as (x-mu)^2. Then read your "
            "line once more from the left, and say at each sign what it applies to. If it "
            "helps, count: every parenthesis that opens must close, and in the first "
            "formula the distance appears two times, once in front and once in the "
            "exponent.",
        ),
    ],
    again="Write the exponent as $-(x-\\mu)^2 s^{-2}/2$. Differentiate the exponent with respect "
    "to one letter, the other held still; then multiply by f itself.",
    worked="The derivative of $e^u$ is $e^u$ times the derivative of $u = -(x-\\mu)^2/(2s^2)$. "
    "With respect to $\\mu$: $-\\frac{2(x-\\mu)\\cdot(-1)}{2s^2} = \\frac{x-\\mu}{s^2}$. "
    "With respect to $s$: $-\\frac{(x-\\mu)^2}{2}\\cdot(-2)s^{-3} = "
    "\\frac{(x-\\mu)^2}{s^3}$. So\n\n"
    "$$\\frac{\\partial f}{\\partial \\mu} = <<a>>\\, \\frac{x-\\mu}{s^2}\\, "
    "e^{-(x-\\mu)^2/(2s^2)}$$\n\n"
    "$$\\frac{\\partial f}{\\partial s} = <<a>>\\, \\frac{(x-\\mu)^2}{s^3}\\, "
    "e^{-(x-\\mu)^2/(2s^2)}$$",
)
