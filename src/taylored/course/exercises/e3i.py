"""3I: the least order that Lagrange's bound allows for a tolerance."""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from random import Random
from typing import Any

import numpy as np

from taylored.course.checking import Case, Code, Exercise, Parameters, Wrong
from taylored.course.checking.terms import scalars
from taylored.course.exercises.more_3i import WRONG as MORE

__all__ = ["EXERCISE"]

_STARTER = '''from math import factorial


def least_order(M, r, tol):
    """The least order n whose remainder is at most tol for all |x| <= r."""
    n = 0
    return ...
'''


def _bound(M: float, r: float, n: int) -> float:
    return M * r ** (n + 1) / factorial(n + 1)


def _least(bound: Callable[[int], float], tol: float) -> int:
    return next(n for n in range(3000) if bound(n) <= tol)


def _right(p: Parameters, M: float, r: float, tol: float) -> int:
    return _least(lambda n: _bound(M, r, n), tol)


Model = Callable[[float, float, float], float]  # of M, r and tol

_NO_LIMIT: tuple[Model, ...] = (lambda M, r, tol: _least(lambda n: _bound(1.0, r, n), tol),)
_NO_FACTORIAL: tuple[Model, ...] = (
    lambda M, r, tol: _least(lambda n: M * r ** (n + 1), tol),
    lambda M, r, tol: _least(lambda n: M * r**n, tol),
)
_NUMBER: tuple[Model, ...] = (
    lambda M, r, tol: _least(lambda n: M * r ** (n + 1) / (n + 1), tol),
    lambda M, r, tol: _least(lambda n: M * r**n / max(n, 1), tol),
)
_NO_DISTANCE: tuple[Model, ...] = (
    lambda M, r, tol: _least(lambda n: M / factorial(n + 1), tol),
    lambda M, r, tol: _least(lambda n: M * r / factorial(n + 1), tol),
)
_UNEQUAL: tuple[Model, ...] = (
    lambda M, r, tol: _least(lambda n: M * r ** (n + 1) / factorial(n), tol),
    lambda M, r, tol: _least(lambda n: M * r**n / factorial(n + 1), tol),
    lambda M, r, tol: _least(lambda n: M * r ** (n + 1) / factorial(n + 2), tol),
    lambda M, r, tol: _least(lambda n: M * r ** (n + 2) / factorial(n + 1), tol),
)


def _few(M: float, r: float, tol: float) -> float:
    return _least(lambda n: _bound(M, r, n), tol) - 1


def _many(M: float, r: float, tol: float) -> float:
    return _few(M, r, tol) + 2


def _at_end(M: float, r: float, tol: float) -> float:
    """The bound for the right order."""
    return _bound(M, r, _least(lambda n: _bound(M, r, n), tol))


_APART = (*_NO_LIMIT, *_NO_FACTORIAL, *_NUMBER, *_NO_DISTANCE)


_EVEN = {2: _UNEQUAL[0], 6: _UNEQUAL[1]}  # cases in which these are not one order too many


def _inputs(rng: Random, p: Parameters) -> Case:
    """Inputs that tell the wrong models apart; in the second case the constant is enough."""
    p.turn += 1
    if p.turn == 1:
        return rng.uniform(0.2, 0.9), rng.uniform(0.3, 0.95), rng.uniform(0.9, 1.2)
    while True:
        case = _near_an_edge(rng, *_EDGES[p.turn % len(_EDGES)])
        found = [_right(p, *case), *(model(*case) for model in _APART)]
        if len(set(found)) == len(found) and (
            p.turn not in _EVEN or _EVEN[p.turn](*case) == found[0]
        ):
            return case


# The bound at the right order over the tolerance, or that at the order before (above 1). Near 1
# on either side a bound that is a little too large or too small gives another order; at 0.3 one
# that is e^r times too large does not, and one that is n times too large does; at 0.45 with a small
# r one that is 1/r times too large does.
_EDGES = (
    ((0.27, 0.32), (0.3, 0.95)),
    ((0.92, 0.97), (0.3, 0.95)),
    ((1.04, 1.09), (0.3, 0.95)),
    ((0.42, 0.46), (0.3, 0.4)),
)


def _near_an_edge(
    rng: Random, shares: tuple[float, float], distances: tuple[float, float]
) -> tuple[float, float, float]:
    M, r = rng.uniform(5.0, 3000.0), rng.uniform(*distances)
    rough = 10.0 ** rng.uniform(-11.0, -2.0)
    order = _least(lambda n: _bound(M, r, n), rough)
    share = rng.uniform(*shares)
    return M, r, float(f"{_bound(M, r, order - (share > 1)) / share:.3g}")


def _orders(p: Parameters, cases: list[Case], outputs: list[Any]) -> tuple[np.ndarray, np.ndarray]:
    """The learner's orders and the right ones."""
    right = np.array([_right(p, *case) for case in cases])
    return scalars(outputs), right


def _seen(*models: Model) -> Callable[..., bool]:
    """Whether the answer is that of a wrong model, wherever the constant is not enough."""

    def when(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
        got, right = _orders(p, cases, outputs)
        wrong = np.array([[model(*case) for case in cases] for model in models])
        same = np.isclose(got, wrong, rtol=1e-6, atol=0.0) | (right == 0)
        return bool(same.all(axis=1).any())

    return when


def _late_start(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Whether all is right but the case in which the constant is enough."""
    got, right = _orders(p, cases, outputs)
    return bool(np.all((got == right) | (right == 0)))


def _constant(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    return float(np.ptp(_orders(p, cases, outputs)[0])) == 0.0


def _whole(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    got, _ = _orders(p, cases, outputs)
    return bool(np.all(got == np.round(got)))


def _more(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    got, right = _orders(p, cases, outputs)
    return bool(np.all(got >= right))


def _less(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    got, right = _orders(p, cases, outputs)
    return bool(np.all(got <= right))


EXERCISE = Exercise(
    id="3I",
    title="The least order for a tolerance",
    answer=Code(name="least_order", starter=_STARTER, returns="a whole number"),
    parameters=lambda rng: {"set": rng.randint(100, 999), "turn": -1},
    inputs=_inputs,
    right=_right,
    wrong=[
        Wrong(
            name="One order too many",
            vague=True,
            when=_seen(_many),
            hint="Your result is always one too large, so the polynomial would be good enough, "
            "with one term to spare. Two slips lead to this. Perhaps you compare the tolerance "
            "with the term of order n, which is still in the polynomial; what has been left out "
            "begins with the power n + 1, and it is divided by the factorial of n + 1. Or you "
            "count terms: a polynomial of order n has n + 1 of them, since the constant is order "
            "zero, and the question is for the order. If you use a loop, look at what happens "
            "last: does n grow once more after the condition has become true?",
        ),
        Wrong(
            name="One order too few",
            vague=True,
            when=_seen(_few),
            hint="Your result is always one too small: the bound for the order that you return is "
            "still larger than the tolerance. Perhaps you test the power n + 2, the second term "
            "that was left out, or your loop counts from one and you subtract one again at the "
            "end. The bound for order n has the power n + 1 and the factorial of n + 1, no more. "
            "Take the order that your function returns, compute the bound by hand for one of the "
            "inputs above, and compare it with the tolerance: it has to be at most as large. Then "
            "do the same with one order less: there it has to be larger.",
        ),
        Wrong(
            name="The limit M is not used",
            when=_seen(*_NO_LIMIT),
            hint="The power and the factorial are right, but the limit M of the next derivative "
            "does not enter. You would be right if no derivative were larger than 1, as with the "
            "sine. Here a derivative may be as large as M, and the remainder is larger by the "
            "same factor, so more terms are needed. The bound is the next term of the series "
            "with the largest possible derivative: M in front, the distance to the power n + 1, "
            "and the factorial of n + 1 below. Since a factorial grows so fast, even a large M "
            "costs only a few orders more; but without them nothing is guaranteed.",
        ),
        Wrong(
            name="The factorial is missing",
            when=_seen(*_NO_FACTORIAL),
            hint="You wait until M times a power of r is small enough, without dividing by the "
            "factorial. Since r is less than 1 the power does shrink, but slowly, and the order "
            "that you find is far larger than needed; for an r above 1 your loop would never end. "
            "The factorial comes from integrating the limit on the next derivative n + 1 times: "
            "each integral divides by one more whole number. It is what makes Taylor polynomials "
            "of such functions so good, because it outgrows the power of any r in the end. Divide "
            "by the factorial of the same number that stands in the power.",
        ),
        Wrong(
            name="Divided by n + 1 instead of its factorial",
            when=_seen(*_NUMBER),
            hint="You divide by the number n + 1, where its factorial belongs. A single division "
            "by n + 1 comes from one integral; but from the next derivative back to the function "
            "itself there are n + 1 integrals, and the first divides by 1, the second by 2, the "
            "third by 3, and so on. All these factors together are the factorial. The difference "
            "is enormous: for n = 9 it is 10 against more than three million. So you ask for many "
            "more terms than are needed. In Python the factorial is in the module math; or let "
            "the bound grow along with the loop, multiplied by r and divided by n + 1 each time.",
        ),
        Wrong(
            name="The distance is not used",
            when=_seen(*_NO_DISTANCE),
            hint="M and the factorial are there, but the distance r is not. You get the order "
            "that is needed for a distance of 1. The farther one goes from the center, the more "
            "terms it takes, and near the center few are enough: the remainder contains the "
            "distance to the power n + 1. Here r is less than 1, so its powers help, and you ask "
            "for more terms than are needed; for an r above 1 you would ask for too few, which is "
            "worse. Think of the limit: for r near 0 the constant alone must do for any "
            "tolerance, and your function does not know that.",
        ),
        Wrong(
            name="The bound is returned, not the order",
            when=_seen(_at_end),
            hint="Your function returns a small number that is less than the tolerance: the bound "
            "itself, for the right order. The bound is how large the remainder can be, and you "
            "have found it at the right place. But the question is for the order, the whole "
            "number n at which the bound becomes small enough for the first time. So the loop is "
            "right, and only the last line is not: return the counter, and not the quantity that "
            "it was compared with. Check with a generous tolerance: the result has to be 0 if "
            "already the constant is good enough.",
        ),
        Wrong(
            name="The count begins at one",
            when=_late_start,
            hint="For nearly all inputs your order is right. It is not where the tolerance is so "
            "generous that the constant alone is good enough: there the least order is 0, "
            "and your function returns a larger one. Orders are counted from zero, since "
            "the constant is the polynomial of order 0, and its error is at most M times r. "
            "So the search has to begin with n = 0, and the first question of the loop is "
            "whether already that is good enough. Look at where the counter starts, and "
            "whether it grows once before it is tested for the first time. Then try a "
            "tolerance that is larger than M times r.",
        ),
        Wrong(
            name="The result is the same for all inputs",
            vague=True,
            when=_constant,
            hint="Your function returns the same number whatever it is asked. Perhaps the loop "
            "never runs, because its condition is the wrong way round: a loop that begins "
            "with while goes on as long as its condition is true, so it has to say that the "
            "bound is still too large. Perhaps a return stands inside of the loop, in both "
            "branches, so that the first pass is also the last. Or the loop runs to its end "
            "and keeps the last order that is good enough, where the first one is wanted. "
            "Let it print n and the bound in each pass, and see when it stops, and why.",
        ),
        Wrong(
            name="Power and factorial do not go together",
            when=_seen(*_UNEQUAL),
            hint="In your bound the power of r has one number and the factorial another. They go "
            "together: each integral that leads from the next derivative back to the error "
            "brings one more factor of the distance and, at the same time, one more number "
            "below the line. So there are as many factors of r as the factorial has "
            "numbers. Which number is it for order n? The polynomial keeps all powers up to "
            "n, and the first that is left out is n + 1. Put the same n + 1 in both places. "
            "In a program it helps to give it a name of its own, so that it cannot differ.",
        ),
        *MORE,
        Wrong(
            name="More orders than needed",
            when=_more,
            last=True,
            hint="The orders that you return are never too small, but for some inputs they are "
            "larger than necessary. So something in your bound is too large, or the loop "
            "goes on for too long. The bound for order n has three parts: the limit M, the "
            "distance r to the power n + 1, and the factorial of n + 1 below. If one of the "
            "last two is missing or has too small a number, the bound shrinks too slowly. "
            "Then look at the loop: it begins with n = 0, and it ends with the first n "
            "whose bound is at most tol. After that n may not grow again.",
        ),
        Wrong(
            name="The order is not enough",
            when=_less,
            last=True,
            hint="For some inputs the order that you return is too small: the bound for it is "
            "still larger than the tolerance, so nothing is guaranteed. Something in your "
            "bound is too small, or the search ends too early. The bound for order n has "
            "three parts: the limit M, the distance r to the power n + 1, and the factorial "
            "of n + 1 below. Is the limit M in it, and not divided out again? Are power and "
            "factorial those of n + 1, not of more? And does the loop test the order that "
            "is returned, or one further? Take one of the inputs above and work out the "
            "bound for your result by hand.",
        ),
        Wrong(
            name="The bound is not Lagrange's",
            when=_whole,
            last=True,
            hint="For some inputs your order is too small, for others too large. So it does not "
            "come from the bound of Lagrange with one slip, but from another rule. The "
            "error of order n is at most M, times r to the power n + 1, divided by the "
            "factorial of n + 1. The order that is asked for is the first n, beginning with "
            "0, at which this is not larger than tol. No sum is needed, and no formula for "
            "n: try one n after the other and stop at the first that is good enough. Let "
            "your function print n and the bound in each pass, and compare with a "
            "calculation by hand.",
        ),
    ],
    again="Start with $n = 0$. As long as $M r^{n+1}/(n+1)!$ is larger than the tolerance, add 1 "
    "to $n$. When the loop ends, $n$ is the answer.",
    worked="By Lagrange's remainder the error of order $n$ is at most $M r^{n+1}/(n+1)!$. The "
    "least order is the first $n$ for which this is at most `tol`: begin with `n = 0`, repeat "
    "`while M * r**(n + 1) / factorial(n + 1) > tol: n += 1`, and `return n`. The loop always "
    "ends, since the factorial outgrows every power.",
)
