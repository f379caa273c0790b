"""More wrong answers to 3I: other bounds, other tolerances, other counts."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, exp, factorial, inf, log, log10

import numpy as np

from taylored.course.checking import Wrong
from taylored.course.checking.terms import scalars

__all__ = ["WRONG", "Model", "least"]

Model = Callable[[float, float, float], float]  # of M, r and tol


def least(bound: Callable[[int], float], tol: float, start: int = 0, by: int = 1) -> int:
    return next(n for n in range(start, 3000, by) if bound(n) <= tol)


def _seen(*models: Model) -> Callable[..., bool]:
    """Whether the answer is that of a wrong model; where the constant is enough it may be right."""

    def when(p, cases, outputs) -> bool:  # type: ignore[no-untyped-def]
        got = scalars(outputs)
        right = np.array([_least(1.0)(*case) for case in cases])
        return any(
            all(
                abs(g - _value(m, case)) <= 1e-6 * max(1.0, abs(g)) or k == 0
                for g, k, case in zip(got, right, cases, strict=True)
            )
            for m in models
        )

    return when


def _value(model: Model, case: tuple[float, float, float]) -> float:
    try:
        return model(*case)
    except (ArithmeticError, ValueError, StopIteration):
        return inf


def _bound(M: float, r: float, n: int) -> float:
    return M * r ** (n + 1) / factorial(n + 1)


def _least(factor: float) -> Model:
    """The right order for a bound that is multiplied by this factor."""
    return lambda M, r, tol: least(lambda n: factor * _bound(M, r, n), tol)


def _scaled(factor: Callable[[float, float, float], float]) -> Model:
    return lambda M, r, tol: least(lambda n: factor(M, r, tol) * _bound(M, r, n), tol)


def _under(divisor: Callable[[int], float]) -> Model:
    """The order with another divisor in the place of the factorial."""
    return lambda M, r, tol: least(lambda n: M * r ** (n + 1) / divisor(n), tol)


def _sum(M: float, r: float, n: int) -> float:
    return M * (exp(r) - sum(r**k / factorial(k) for k in range(n + 1)))


WRONG = [
    Wrong(
        name="The exponential is put into the bound",
        when=_seen(
            _scaled(lambda M, r, tol: exp(r)),
            _scaled(lambda M, r, tol: exp(r) / M),
            _scaled(lambda M, r, tol: exp(1)),
            _scaled(lambda M, r, tol: exp(1) / M),
            _scaled(lambda M, r, tol: exp(-r)),
        ),
        hint="Your bound contains the exponential of r. That is right for one function only: for "
        "the exponential the largest derivative on the stretch is that number. The function of "
        "this exercise is not known. All that is said of it is that none of its derivatives is "
        "larger than M in size. So M is the limit on the next derivative, and it already "
        "contains everything that a function can do; nothing has to be multiplied to it. The "
        "bound is M times the distance to the power n + 1, divided by the factorial of n + 1. "
        "Leave the exponential out and keep the rest.",
    ),
    Wrong(
        name="All further terms are added up",
        when=_seen(
            lambda M, r, tol: least(lambda n: _bound(M, r, n) / (1 - r), tol),
            lambda M, r, tol: least(lambda n: _sum(M, r, n), tol),
            lambda M, r, tol: least(lambda n: M * r ** (n + 1) / (1 - r), tol),
            lambda M, r, tol: least(lambda n: _bound(M, r, n) / (1 - r / (n + 2)), tol),
        ),
        hint="You add up all the terms that are left out, each at its largest, or use the sum of "
        "a geometric series for them. That gives a bound too, and a careful one. But Lagrange's "
        "remainder is better: it says that the whole of what is missing is no larger than one "
        "single term, with the derivative taken at its worst place. So nothing has to be "
        "summed, and no denominator with 1 minus r is needed. The bound is M times the "
        "distance to the power n + 1, divided by the factorial of n + 1. For some inputs this "
        "allows an order that is one lower than yours.",
    ),
    Wrong(
        name="The distance is not the r that is given",
        when=_seen(
            *(
                lambda M, r, tol, f=f: least(lambda n: _bound(M, f(r), n), tol)
                for f in (
                    lambda r: 2 * r,
                    lambda r: r / 2,
                    lambda r: r * r,
                    lambda r: r**0.5,
                    lambda r: 1 + r,
                    lambda r: 1 - r,
                )
            ),
        ),
        hint="Power and factorial are right, but the number that is raised to the power is not r. "
        "The condition is that x is at most r in size, so x may lie anywhere between minus r "
        "and plus r. The center of a Maclaurin polynomial is zero. The distance from the "
        "center to the farthest place is then r itself, to the left as well as to the right. "
        "The whole width of the stretch, from end to end, is twice as much, but nobody walks "
        "from end to end: every x is reached from the center. Put r as it is given into the "
        "bound.",
    ),
    Wrong(
        name="Another number stands where the factorial belongs",
        when=_seen(
            *(
                _under(d)
                for d in (
                    lambda n: 2 ** (n + 1),
                    lambda n: (n + 1) ** (n + 1),
                    lambda n: (n + 1) ** 2,
                    lambda n: n * (n + 1) or 1,
                    lambda n: max(n, 1),
                    lambda n: 2 * (n + 1),
                    lambda n: factorial(n) + 1,
                    lambda n: sum(range(1, n + 2)),
                    lambda n: 2**n,
                    lambda n: factorial(2 * n + 2),
                    lambda n: factorial(2 * n + 1),
                    lambda n: (n + 1) * (n + 2) / 2,
                    lambda n: max(n, 1) ** max(n, 1),
                )
            ),
            lambda M, r, tol: least(lambda n: M * (r / (n + 1)) ** n, tol),
        ),
        hint="The limit M and the power of r are there, but what they are divided by is not the "
        "factorial of n + 1. The factorial is the product of all whole numbers from 1 up to "
        "n + 1. It is not a power, neither of 2 nor of n + 1, and not the sum of these numbers. "
        "Each of its factors comes from one integral on the way from the next derivative to "
        "the remainder: the first integral divides by 1, the second by 2, and so on. Print "
        "your divisor for n = 0, 1, 2 and 3. It has to be 1, 2, 6 and 24. If it is not, look "
        "at the parentheses around n + 1 as well.",
    ),
    Wrong(
        name="M is used in a wrong way",
        when=_seen(
            lambda M, r, tol: least(lambda n: (M * r) ** (n + 1) / factorial(n + 1), tol),
            _scaled(lambda M, r, tol: 1 / M**2),
            _scaled(lambda M, r, tol: M),
            _scaled(lambda M, r, tol: 0.5),
            _scaled(lambda M, r, tol: 2.0),
            lambda M, r, tol: least(lambda n: M**n * _bound(1, r, n), tol),
            lambda M, r, tol: least(lambda n: _bound(1, r, n) + M, tol + M),
        ),
        hint="The limit M does not stand in your bound as it should: it is raised to a power, "
        "divided by, or used twice, or there is a plain factor beside it. M is the largest "
        "size that the next derivative can have. It is one number for all orders, and the "
        "error is in proportion to it: if all derivatives are doubled, function and "
        "polynomial are doubled, and so is their difference. So M stands in front of the "
        "bound once, outside of the power. Only the distance is raised to the power n + 1. In "
        "a program, mind that a power binds more strongly than a product.",
    ),
    Wrong(
        name="The tolerance is changed before it is compared",
        when=_seen(
            *(
                lambda M, r, tol, f=f: least(lambda n: _bound(M, r, n), f(M, r, tol))
                for f in (
                    lambda M, r, t: t * r,
                    lambda M, r, t: t / r,
                    lambda M, r, t: t * t,
                    lambda M, r, t: t**0.5,
                    lambda M, r, t: t / 10,
                    lambda M, r, t: 10 * t,
                    lambda M, r, t: t / 100,
                    lambda M, r, t: 100 * t,
                )
            ),
        ),
        hint="Your bound is the right one, but it is compared with another number than tol: one "
        "that has been multiplied, squared, or divided first. The tolerance is the error that "
        "is allowed, in the same units as the error itself. The question is for an absolute "
        "error of at most tol, so no percent and no relative error. An extra margin for safety "
        "is not needed either, since the bound is safe already. Compare the bound as it is "
        "with tol as it is, and take the first n for which it is not larger.",
    ),
    Wrong(
        name="A formula stands where a search is needed",
        when=_seen(
            lambda M, r, tol: ceil(log(tol / M) / log(r)) - 1,
            lambda M, r, tol: ceil(log(tol / M) / log(r)),
            lambda M, r, tol: int(log(tol / M) / log(r)),
            lambda M, r, tol: log(tol / M) / log(r),
            lambda M, r, tol: log(tol / M) / log(r) - 1,
            lambda M, r, tol: ceil(-log10(tol)),
            lambda M, r, tol: ceil(M * r / tol),
            lambda M, r, tol: ceil(log(M / tol)),
            lambda M, r, tol: M * r / tol,
            lambda M, r, tol: ceil(log10(M / tol)),
        ),
        hint="You have solved for n with a logarithm or a quotient. That works for a power alone. "
        "But in the bound n also stands in a factorial, and for that there is no formula that "
        "can be solved for n; without it far too high an order comes out, or quite another "
        "one. No formula is needed. Begin with n = 0 and work out the bound: M times r to the "
        "power n + 1, divided by the factorial of n + 1. If it is still larger than tol, go on "
        "to the next n. The factorial grows so fast that the search ends after a few steps, "
        "and the result is a whole number by itself.",
    ),
    Wrong(
        name="The powers go up in twos",
        when=_seen(
            lambda M, r, tol: least(lambda n: M * r ** (2 * n + 1) / factorial(2 * n + 1), tol),
            lambda M, r, tol: least(lambda n: M * r ** (2 * n) / factorial(2 * n), tol),
            lambda M, r, tol: least(lambda n: M * r ** (2 * n + 2) / factorial(2 * n + 2), tol),
            lambda M, r, tol: least(lambda n: M * r ** (2 * n + 3) / factorial(2 * n + 3), tol),
            lambda M, r, tol: least(lambda n: _bound(M, r, n), tol, 0, 2),
            lambda M, r, tol: least(lambda n: _bound(M, r, n), tol, 1, 2),
            lambda M, r, tol: 2 * least(lambda n: _bound(M, r, n), tol),
            lambda M, r, tol: 2 * least(lambda n: _bound(M, r, n), tol) + 1,
        ),
        hint="Your search jumps by two, or counts pairs of powers. That fits the sine and the "
        "cosine, in whose series every second term is zero. Of the function of this exercise "
        "only a limit on its derivatives is known, so every power may be there, and an order "
        "in between can be the first that is good enough. Let n be the order itself, the "
        "highest power of the polynomial, and raise it by 1 at a time. The bound for it has "
        "the power n + 1 and the factorial of n + 1, nothing with 2n. Print n and the bound in "
        "each pass of the loop.",
    ),
    Wrong(
        name="The power of the distance is a product or has lost its parentheses",
        when=_seen(
            lambda M, r, tol: least(lambda n: M * (r**n + 1) / factorial(n + 1), tol),
            lambda M, r, tol: least(lambda n: M * r * (n + 1) / factorial(n + 1), tol),
            lambda M, r, tol: least(lambda n: M * r / factorial(n), tol),
            lambda M, r, tol: least(lambda n: M / factorial(n), tol),
        ),
        hint="The distance does not have the power n + 1 in your bound. Perhaps it is multiplied "
        "by n + 1, where it should be multiplied by itself. Perhaps the parentheses around the "
        "exponent are missing: without them a program raises r to the power n and adds 1 "
        "afterwards. Or the power has been left out. As r is less than 1, its powers become "
        "smaller and smaller, and they help the factorial to bring the bound down. Each of "
        "the n + 1 integrals from the next derivative to the remainder brings one factor of "
        "the distance. Print the power for n = 0, 1, 2: r, its square, its cube.",
    ),
]
