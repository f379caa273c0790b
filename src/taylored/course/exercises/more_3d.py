"""More wrong answers to 3D: another order, another distance, another derivative."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, factorial
from typing import Any

from taylored.course.checking import Case, Parameters, Wrong

__all__ = ["WRONG", "near"]

_TYPED = 0.006  # answers are typed to three digits or so

Model = Callable[[Parameters], float]


def near(*models: Model, room: float = _TYPED) -> Callable[..., bool]:
    """Whether the answer is one of these numbers, as it is typed."""

    def seen(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
        return any(abs(float(outputs[0]) - m(p)) <= room * abs(m(p)) for m in models)

    return seen


def _tail(r: float, n: int) -> float:
    """The error of order n at the place r, with its sign."""
    return sum(r**k / factorial(k) for k in range(n + 1, n + 30))


def _next(p: Parameters) -> float:
    return p.r ** (p.n + 1) / factorial(p.n + 1)


WRONG = [
    Wrong(
        name="It is the last term that was kept, without its derivative",
        when=near(
            lambda p: p.r**p.n / factorial(p.n), lambda p: exp(-p.r) * p.r**p.n / factorial(p.n)
        ),
        hint="Your number is the last term that is still in the polynomial. That term has been "
        "kept, so it is no part of the error. What has been left out begins with the next one, "
        "whose power and factorial are both higher by one. In front of it stands the largest "
        "size of the next derivative on the whole stretch, and for the exponential this is a "
        "little more than 1. The last term that was kept is sometimes used as a cautious guess, "
        "but here it is more than ten times the largest error. Write down the first term that "
        "is missing, and make it a bound with the derivative at its worst place.",
    ),
    Wrong(
        name="The polynomial is taken one order too low",
        when=near(
            lambda p: _tail(p.r, p.n - 1),
            lambda p: abs(_tail(-p.r, p.n - 1)),
            lambda p: exp(p.r) * p.r ** (p.n - 1) / factorial(p.n - 1),
            lambda p: _tail(p.r, p.n - 2),
            room=2e-3,
        ),
        hint="This is the error of a polynomial with fewer terms than that of the exercise. The "
        "order of a polynomial is its highest power, and since the constant is order zero, a "
        "polynomial of order n has n + 1 terms. It is easily cut one term too early if one "
        "counts n terms. Write the polynomial out, from the constant up to the power n that "
        "is given, and then look at the first power that is not in it. The bound is made of "
        "that power of the distance, the factorial of the same number, and the largest "
        "derivative. With each term more the error becomes several times smaller.",
    ),
    Wrong(
        name="The polynomial is taken one order too high",
        when=near(
            lambda p: exp(p.r) * p.r ** (p.n + 2) / factorial(p.n + 2),
            lambda p: p.r ** (p.n + 2) / factorial(p.n + 2),
            lambda p: exp(-p.r) * p.r ** (p.n + 2) / factorial(p.n + 2),
            lambda p: _tail(p.r, p.n + 1),
            lambda p: abs(_tail(-p.r, p.n + 1)),
        ),
        hint="Your number would bound the error of a polynomial with one term more than that of "
        "the exercise. The polynomial of order n ends with the power n. The first term that "
        "is left out has the power n + 1, and it is the largest part of the error, so the "
        "bound must begin with it: the power n + 1 of the distance and the factorial of "
        "n + 1. You have gone one step further in both. That the constant is order zero may "
        "have led you there: a polynomial of order n has n + 1 terms, but its highest power "
        "is n. Write it out and see which power is the first to be missing.",
    ),
    Wrong(
        name="It is the error at the left end",
        when=near(lambda p: abs(_tail(-p.r, p.n)), room=4e-3),
        hint="You have found the true error at the left end of the stretch. There the terms that "
        "were left out have changing signs, so they cancel in part, and the error is smaller "
        "than on the right. At the right end all of them are positive and add up. A bound has "
        "to hold for every x of the stretch, so it has to be at least as large as the error at "
        "the worst place. Compare the exponential with its polynomial at the other end too. "
        "Or use the remainder: the largest size of the next derivative on the stretch, times "
        "the power of the distance, divided by the factorial.",
    ),
    Wrong(
        name="The width of the stretch is taken for the distance",
        when=near(
            *(
                lambda p, m=m: m(p) * (2 * p.r) ** (p.n + 1) / factorial(p.n + 1)
                for m in (
                    lambda p: exp(p.r),
                    lambda p: 1.0,
                    lambda p: exp(2 * p.r),
                    lambda p: exp(-p.r),
                )
            ),
            lambda p: exp(p.r) * (p.r / 2) ** (p.n + 1) / factorial(p.n + 1),
            lambda p: (p.r / 2) ** (p.n + 1) / factorial(p.n + 1),
        ),
        hint="The stretch reaches from minus the given number to plus that number, and you have "
        "measured it from one end to the other, or have halved it. The distance in the "
        "remainder is counted from the center of the polynomial, here zero, to the place x. "
        "The farthest places are the two ends, and each of them is just as far from zero as "
        "the number in the exercise says. The factor of 2 is not harmless, since it is raised "
        "to a high power along with the distance: for the fifth power it makes a factor of 32. "
        "Take the given number itself as the distance.",
    ),
    Wrong(
        name="Derivative and factorial are both missing",
        when=near(
            lambda p: p.r ** (p.n + 1),
            lambda p: p.r,
            lambda p: p.r**p.n,
            lambda p: exp(p.r) * p.r,
            lambda p: exp(p.r) * p.r**p.n,
        ),
        hint="Your number is made of a power of the distance, and the factorial is not there. The "
        "power alone says how the error shrinks when the distance shrinks. How large it is "
        "depends on two more things. The next derivative drives the error: the larger it is "
        "on the stretch, the larger the error can be. And the factorial divides it, because "
        "n + 1 integrals lead from that derivative back to the error, and each of them "
        "divides by one more whole number. Without the factorial your number is a hundred "
        "times too large or more. Check that the power is n + 1 too.",
    ),
    Wrong(
        name="The bound is given in percent or relative to the function",
        when=near(
            lambda p: 100 * exp(p.r) * _next(p),
            lambda p: 100 * _tail(p.r, p.n),
            lambda p: 100 * _next(p),
            lambda p: _tail(p.r, p.n) / exp(p.r),
            room=3e-3,
        ),
        hint="You have found an error and then converted it: into percent, or into a share of the "
        "value of the function. The question is for a bound on the error itself, the distance "
        "between function and polynomial in the units of the function. Multiplying by a "
        "hundred makes the number a hundred times too large for that. Dividing by the value "
        "of the function, which is more than 1 at the right end, makes it too small to be a "
        "bound. Both are useful in a report, with the words that say so. Here leave the "
        "number as it comes out of the remainder.",
    ),
    Wrong(
        name="M is not the largest value of the derivative",
        when=near(
            *(
                lambda p, m=m: m(p) * _next(p)
                for m in (
                    lambda p: exp(p.n + 1),
                    lambda p: exp(p.n),
                    lambda p: exp(p.r) ** (p.n + 1),
                    lambda p: (p.n + 1) * exp(p.r),
                    lambda p: exp(p.r) * p.r,
                    lambda p: p.r,
                    lambda p: p.r ** (p.n + 1),
                    lambda p: exp(p.r) / 2,
                    lambda p: exp(p.r) - 1,
                    lambda p: exp(p.r) - exp(-p.r),
                    lambda p: exp(10 * p.r),
                    lambda p: 0.5,
                )
            ),
            lambda p: exp(p.r) ** (p.n + 1) / factorial(p.n + 1),
        ),
        hint="Power and factorial are there, but the number M in front is another one. M is the "
        "largest size that the next derivative takes on the stretch. Every derivative of the "
        "exponential is the exponential itself, whatever its order: the order does not appear "
        "in it, neither in the exponent nor as a factor, and it is not raised to a power. "
        "Where on the stretch is the exponential largest? It rises from left to right. Put "
        "that place into it. On so short a stretch the result is between 1 and 2; if your M "
        "is less than 1 or far above 2, look at it again.",
    ),
    Wrong(
        name="Another number stands where the factorial belongs",
        when=near(
            *(
                lambda p, m=m, e=e: e(p) * p.r ** (p.n + 1) / m(p)
                for e in (lambda p: exp(p.r), lambda p: 1.0)
                for m in (
                    lambda p: (p.n + 1) ** (p.n + 1),
                    lambda p: (p.n + 1) ** 2,
                    lambda p: 2 ** (p.n + 1),
                    lambda p: p.n,
                    lambda p: 2 * (p.n + 1),
                    lambda p: sum(range(1, p.n + 2)),
                    lambda p: factorial(p.n - 1),
                    lambda p: p.n * (p.n + 1),
                    lambda p: 2,
                )
            ),
        ),
        hint="The power of the distance is right, and it is divided by a number that is not the "
        "factorial of n + 1. The factorial is the product of all whole numbers from 1 up to "
        "n + 1, not their sum, not a power, not the product of the last two alone. For 4 it "
        "is 24, and with the next numbers it grows fast. Each factor comes from one integral "
        "on the way from the next derivative back to the error. So there are as many factors "
        "as there are powers of the distance. If you work with a calculator, look at whether "
        "its key for the factorial has acted on the whole n + 1.",
    ),
    Wrong(
        name="The power and the factorial have different numbers",
        when=near(
            *(
                lambda p, e=e, m=m, k=k: e(p) * p.r ** (p.n + m) / factorial(p.n + k)
                for e in (lambda p: 1.0, lambda p: exp(p.r), lambda p: exp(-p.r))
                for m in (-1, 0, 1, 2, 3)
                for k in (-1, 0, 1, 2, 3)
                if m != k
            ),
            *(
                lambda p, e=e: e(p) * p.r * (p.n + 1) / factorial(p.n + 1)
                for e in (lambda p: 1.0, lambda p: exp(p.r))
            ),
        ),
        hint="The power of the distance and the factorial below it do not have the same number. "
        "They belong together: each of the integrals that lead from the next derivative back "
        "to the error brings one factor of the distance and one further number of the "
        "factorial at the same time. The polynomial keeps everything up to its order n, so "
        "the first power that is left out is n + 1, and below it stands the factorial of "
        "n + 1. A power is not a product either: the distance is multiplied by itself, not by "
        "n + 1. Then put the largest value of the next derivative in front.",
    ),
    Wrong(
        name="The exact error is rounded down",
        when=near(lambda p: 0.99 * _tail(p.r, p.n), room=0.01),
        hint="Your number is nearly the largest error itself, but a little smaller. For most "
        "purposes that would be a good answer, yet a bound has a promise in it: nowhere on "
        "the stretch is the error larger. By rounding down the promise is broken, if only "
        "just. A bound is rounded up, always, and it is better to give away a few percent than "
        "to lose the guarantee. There is no need for the exact error at all: the remainder "
        "with the largest derivative, the power and the factorial is a little larger than "
        "it, and it holds for certain.",
    ),
]
