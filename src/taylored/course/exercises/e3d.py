"""3D: a bound on a remainder that holds and is not far too large."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, factorial
from random import Random
from typing import Any

from taylored.course.checking import Case, Exercise, Judged, Number, Parameters, Wrong
from taylored.course.exercises.more_3d import WRONG as MORE
from taylored.course.exercises.more_3d import near

__all__ = ["EXERCISE"]

_LOOSE = 10.0


# Distances for each order, without those at which two of the usual mistakes give one number, or a
# wrong term is good enough as a bound (as 4 in the place of the factorial is for all of order 3).
_DISTANCES = {4: (0.3, 0.35, 0.4, 0.45), 5: (0.35, 0.4)}


def _parameters(rng: Random) -> dict[str, Any]:
    n = rng.choice([4, 5])
    return {"n": n, "r": rng.choice(_DISTANCES[n])}


def _largest(p: Parameters) -> float:
    """The largest error: at the right end, where all the missing terms add up."""
    return sum(p.r**k / factorial(k) for k in range(p.n + 1, p.n + 30))


def _right(p: Parameters) -> float:
    return exp(p.r) * p.r ** (p.n + 1) / factorial(p.n + 1)


def _judge(p: Parameters, cases: list[Case], outputs: list[Any]) -> Judged:
    bound, largest = float(outputs[0]), _largest(p)
    ratio = bound / largest
    fits = largest * (1 - 1e-9) <= bound <= _LOOSE * largest
    gap = "" if fits else "it is negative" if bound < 0 else f"{ratio:.3g} times the largest error"
    return Judged(fits, f"all x from {-p.r:g} to {p.r:g}", f"{bound:.6g}",
                  "from 1 to 10 times the largest error", gap)  # fmt: skip


def _ratio(test: Callable[[float], bool]) -> Callable[..., bool]:
    def seen(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
        ratio = float(outputs[0]) / _largest(p)
        return test(ratio)

    return seen


EXERCISE = Exercise(
    id="3D",
    title="A bound that holds",
    answer=Number(label="a bound on the error"),
    parameters=_parameters,
    right=_right,
    judge=_judge,
    wrong=[
        Wrong(
            name="The derivative is taken at the center",
            when=near(lambda p: p.r ** (p.n + 1) / factorial(p.n + 1)),
            hint="You have the right power and the right factorial, but for the next derivative "
            "you have used its value at zero, which is 1. What you get is the next term of the "
            "series. It is a good guess for the error and not a bound: on the right side of zero "
            "the derivative of the exponential is larger than 1, so the true error is larger than "
            "your number. A bound has to allow for the worst place between the center and x. Ask "
            "where on the whole stretch, from the left end to the right end, the next derivative "
            "is largest in size. The exponential only ever rises, so this is easy to say. Use the "
            "derivative at that place.",
        ),
        Wrong(
            name="The derivative is taken at the wrong end",
            when=near(lambda p: exp(-p.r) * p.r ** (p.n + 1) / factorial(p.n + 1)),
            hint="You have taken the next derivative at the left end of the stretch. For the "
            "exponential this is where it is smallest, and a bound needs the largest. The idea "
            "behind the remainder is that the next derivative drives the error, and that we do "
            "not know at which place it does so. So one takes the worst case. On a stretch with "
            "two ends that means: look at the size of the derivative everywhere on it, and take "
            "the largest. The exponential rises from left to right, so there is only one "
            "candidate. Your number would be a bound from below for the error on the right, which "
            "is not the question.",
        ),
        Wrong(
            name="The factorial is missing",
            when=near(lambda p: exp(p.r) * p.r ** (p.n + 1)),
            hint="Your bound has the right derivative at the right place and the right power, but "
            "it is not divided by a factorial, so it is far larger than it needs to be. It holds, "
            "and it is of little use: a bound that is much too large makes a good approximation "
            "look bad. The factorial comes from integrating. The next derivative is at most M; "
            "one integral gives M times h, the next M times the square of h over 2, the next the "
            "cube over 6, and so on. Each integral divides by one more whole number. Count how "
            "many integrals lead from the next derivative back to the remainder itself; the "
            "factorial has as many factors.",
        ),
        Wrong(
            name="It is the last term that was kept",
            when=near(lambda p: exp(p.r) * p.r**p.n / factorial(p.n)),
            hint="Power and factorial are those of the order of the polynomial. But the term of "
            "that order is still in the polynomial; it has not been left out. What is missing "
            "begins with the next one. So both the power and the factorial go one step further. "
            "Think of the simplest case to see it: order 0 is a constant, and its error is at "
            "most the largest slope times the distance to the first power, not to the power zero. "
            "Since the distance is less than 1 here and the factorial grows, the right bound is "
            "several times smaller than yours, and yours is more than ten times too large.",
        ),
        Wrong(
            name="Only the derivative is bounded",
            when=near(lambda p: exp(p.r)),
            hint="Your number is the largest value of the exponential on the stretch, or that of "
            "the polynomial at its end, which is nearly the same. As the size of the next "
            "derivative it is the M of the remainder. But M is a limit "
            "on a derivative, not on the error. The error starts at zero at the center and has "
            "only a short way to grow. Integrate the limit from the center on: after one integral "
            "it is M times the distance, after two M times half the square of the distance, and "
            "so on, until as many integrals have been made as the derivative has order. What "
            "comes out is M times a power of the distance, divided by a factorial. Put in the "
            "distance of the ends.",
        ),
        Wrong(
            name="The order stands where its factorial belongs",
            when=near(
                lambda p: exp(p.r) * p.r ** (p.n + 1) / (p.n + 1),
                lambda p: p.r ** (p.n + 1) / (p.n + 1),
            ),
            hint="Derivative and power are there, but you divide by the number n + 1 alone, "
            "where its factorial belongs. A single division comes from a single integral. "
            "From the next derivative back to the remainder there are n + 1 integrals, one "
            "after the other: the first divides by 1, the second by 2, the third by 3, and "
            "so on up to n + 1. All these factors multiplied are the factorial. For n + 1 = "
            "5 that is 120 and not 5, so your bound is 24 times larger than it needs to be. "
            "It holds, but a careful person would think the polynomial much worse than it "
            "is.",
        ),
        Wrong(
            name="The distance has lost its power",
            when=near(
                lambda p: exp(p.r) / factorial(p.n + 1),
                lambda p: exp(p.r) * p.r / factorial(p.n + 1),
                lambda p: 1 / factorial(p.n + 1),
                lambda p: p.r / factorial(p.n + 1),
            ),
            hint="The factorial is right, but the distance does not come in as it should: it is "
            "missing, or it stands there only once. The error starts at zero at the center "
            "and grows with the distance, slowly at first and then faster and faster. Each "
            "of the n + 1 integrals that lead from the next derivative back to the error "
            "brings one more factor of the distance, and one more number into the "
            "factorial. So both belong together: the factorial of n + 1 and the power n + 1 "
            "of the distance. As the distance is less than 1 here, the power makes the "
            "bound smaller, and yours is far too large without it.",
        ),
        Wrong(
            name="Power and factorial do not go together",
            when=near(
                lambda p: exp(p.r) * p.r**p.n / factorial(p.n + 1),
                lambda p: p.r**p.n / factorial(p.n + 1),
                lambda p: exp(p.r) * p.r ** (p.n + 1) / factorial(p.n + 2),
            ),
            hint="The parts of your bound belong to two different terms: the power of the "
            "distance has one number, and the factorial another. In every term of a Taylor "
            "series the two are the same, since each integral brings one factor of the "
            "distance and one further number of the factorial at the same time. Which "
            "number is it? The polynomial keeps all terms up to its order n. The first that "
            "has been left out has the power n + 1, and so it has the factorial of n + 1. "
            "Take the largest size of the next derivative in front of it, and you have the "
            "bound.",
        ),
        Wrong(
            name="The fraction is upside down",
            when=near(
                lambda p: factorial(p.n + 1) / p.r ** (p.n + 1),
                lambda p: factorial(p.n + 1) / (exp(p.r) * p.r ** (p.n + 1)),
            ),
            hint="You have the right parts, but the factorial stands above the line and the "
            "power of the distance below it. The result is a huge number. Think of what a "
            "bound on the error has to do: if the distance shrinks, the error shrinks too, "
            "and very fast; with the distance below the line it would grow. And every "
            "further term of the series makes the error smaller, which the factorial takes "
            "care of, but only if it divides. So the largest derivative times the power of "
            "the distance stands above the line, and the factorial below. If you typed a "
            "quotient with several parts, look at the parentheses.",
        ),
        *MORE,
        Wrong(
            name="A bound is not negative",
            when=_ratio(lambda ratio: ratio <= 0),
            hint="Your number is zero or negative. A bound on the error says: the polynomial is "
            "never farther from the function than this, on either side. That is a distance, and "
            "distances are positive. Perhaps you have put the left end into the power and got a "
            "minus sign, or subtracted the function from the polynomial. Take the size of "
            "everything that goes in: the size of the next derivative at its worst, the distance "
            "of the farther end from the center, both without a sign. Then the same number holds "
            "on the left and on the right, whichever sign the error itself may have there. Zero "
            "would mean that the polynomial is the function, and no polynomial is the "
            "exponential.",
        ),
        Wrong(
            name="The bound is too small",
            when=_ratio(lambda ratio: ratio < 1),
            hint="There are places on the stretch at which the error is larger than your number, "
            "so it is not a bound. Perhaps it was rounded down at the end: a bound may only be "
            "rounded up. Or something in it is smaller than the worst case. Go through the three "
            "parts. The derivative of order one higher than the polynomial: where on the stretch "
            "is it largest, and how large is it there? The distance: that of the end which is "
            "farthest from the center, raised to a power one higher than the order. The factorial "
            "that is divided by: that of the same number as the power, not of a larger one.",
        ),
        Wrong(
            name="The bound is too loose",
            when=_ratio(lambda ratio: ratio > _LOOSE),
            hint="Your bound holds, but it is more than ten times larger than the largest error. "
            "A careful person who reads it would throw away a good approximation. See which of "
            "its parts is too generous. The derivative: the exponential at the right end is "
            "hardly more than 1 or 2 on so short a stretch, no need to take a large number for "
            "it. The distance: it is measured from the center to an end, not from one end to the "
            "other. The power and the factorial: both belong to the first term that was left out, "
            "which is one further than the last term that was kept. Each of these slips alone "
            "costs a factor of ten or so.",
        ),
    ],
    again="The bound is $M\\,h^{n+1}/(n+1)!$. Say in words what $M$, $h$ and $n$ are here: $M$ is "
    "the largest size of the next derivative on the whole stretch, $h$ the distance of the "
    "farthest place from the center.",
    worked="Every derivative of $e^x$ is $e^x$. For $\\left|x\\right| \\le <<r>>$ it is largest at "
    "the right end, so $M = e^{<<r>>}$. The distance is at most $h = <<r>>$, and the order is "
    "$n = <<n>>$. So the bound is $\\frac{e^{<<r>>}}{(<<n>>+1)!}\\,<<r>>^{<<n>>+1}$. Any number "
    "from the largest error to ten times it is accepted; "
    "$2 \\cdot <<r>>^{<<n>>+1}/(<<n>>+1)!$, with $e^{<<r>>} < 2$, is fine too.",
)
