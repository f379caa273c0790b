"""1B: a total derivative along a path through a field that changes."""

from __future__ import annotations

from math import cos, sin
from random import Random
from typing import Any

from taylored.course.checking import Case, Exercise, Formulas, Parameters, Wrong

__all__ = ["EXERCISE"]


def _parameters(rng: Random) -> dict[str, Any]:
    return {"n": rng.choice([3, 4]), "k": rng.choice([3, 4, 5]), "a": rng.choice([2, 3, 5]),
            "c": rng.choice([6, 7, 9])}  # fmt: skip


def _inputs(rng: Random, p: Parameters) -> Case:
    return (rng.uniform(0.35, 1.6),)


def _by_x(p: Parameters, t: float) -> float:
    return 2 * p.a * t**p.n * cos(p.k * t) * p.n * t ** (p.n - 1)


def _by_y(p: Parameters, t: float) -> float:
    return -p.a * t ** (2 * p.n) * p.k * sin(p.k * t)


def _right(p: Parameters, t: float) -> float:
    return _by_x(p, t) + _by_y(p, t) + p.c


def _half_slow(p: Parameters, t: float) -> float:
    return 2 * p.a * t**p.n * cos(p.k * t) + _by_y(p, t) + p.c


def _half_fast(p: Parameters, t: float) -> float:
    return _by_x(p, t) + p.a * t ** (2 * p.n) + p.c


def _slow(p: Parameters, t: float) -> float:
    return 2 * p.a * t**p.n * cos(p.k * t) + p.a * t ** (2 * p.n)


def _crossed(p: Parameters, t: float) -> float:
    return 2 * p.a * t**p.n * p.n * t ** (p.n - 1) * -p.k * sin(p.k * t)


def _of_power(p: Parameters, t: float, power: int) -> float:
    """The answer for a field in which the square of x is this power of t."""
    return p.a * (power * t ** (power - 1) * cos(p.k * t) - t**power * p.k * sin(p.k * t)) + p.c


def _sum_of_exponents(p: Parameters, t: float) -> float:
    return _of_power(p, t, p.n + 2)


def _raised(p: Parameters, t: float) -> float:
    return _of_power(p, t, p.n**2)


def _not_squared(p: Parameters, t: float) -> float:
    return _of_power(p, t, p.n)


def _not_squared_by_y(p: Parameters, t: float) -> float:
    return _by_x(p, t) - p.a * t**p.n * p.k * sin(p.k * t) + p.c


def _speed_squared(p: Parameters, t: float) -> float:
    return 2 * p.a * (p.n * t ** (p.n - 1)) ** 2 * cos(p.k * t) + _by_y(p, t) + p.c


EXERCISE = Exercise(
    id="1B",
    title="What you feel on the way",
    answer=Formulas(variables=("t",), names=("df/dt",)),
    parameters=_parameters,
    inputs=_inputs,
    right=_right,
    formulas=["2*n*a*t**(2*n-1)*cos(k*t) - a*k*t**(2*n)*sin(k*t) + c"],
    wrong=[
        Wrong(
            name="That is the partial derivative, standing still",
            model=lambda p, t: float(p.c),
            hint="You have let only the explicit t in f move, the one that is written in the "
            "formula, and held x and y still. That is the partial derivative: what a thermometer "
            "nailed to a tree would show. But you are walking. While time passes, x and y change "
            "as well, and the field is different where you are then. The straight d asks for what "
            "is felt in all, so two further ways by which the change arrives must be counted: "
            "time moves x and x moves f; time moves y and y moves f. For each way multiply the "
            "rates along it, and add the results to what you have. How many terms does the total "
            "derivative have in the lesson?",
        ),
        Wrong(
            name="The explicit time is forgotten",
            model=lambda p, t: _by_x(p, t) + _by_y(p, t),
            hint="You have followed the two ways through x and through y, and both are right. One "
            "way is missing: the field itself changes while time passes, even for somebody who "
            "stands still. Look at the formula of f: besides x and y the letter t occurs in it "
            "directly. The total derivative counts every way by which time can reach the result, "
            "and this one is the shortest of all. It is easily overlooked because nothing has to "
            "be multiplied along it. Imagine that you do not move at all: then your formula says "
            "that nothing changes, although the weather does. Add what one unit of time is worth "
            "at a place that stays put.",
        ),
        Wrong(
            name="The speeds are missing",
            model=lambda p, t: 2 * p.a * t**p.n * cos(p.k * t) + p.a * t ** (2 * p.n) + p.c,
            hint="You have added the partial derivatives, but not multiplied them by how fast you "
            "are going. A partial derivative says what one unit of x is worth. How many units of x "
            "pass in one unit of time is another number, the speed along x. If you stood still, "
            "both speeds would be zero and only the last term could remain; in your formula the "
            "first two would remain as well. Also look at the units: degrees per kilometer must be "
            "multiplied by kilometers per hour to become degrees per hour, and only then may it be "
            "added to degrees per hour. So each of the first two terms needs a second factor: the "
            "derivative of x, or of y, by t.",
        ),
        Wrong(
            name="The way through y is missing",
            model=lambda p, t: _by_x(p, t) + p.c,
            hint="Two of the three ways are there: the one through x and the one by which time "
            "enters directly. The way through y is missing. It is true that f contains y only to "
            "the first power, but that does not make it a constant: y is a function of time here, "
            "and moves while you walk. A quick way to be sure of having all ways is to draw a "
            "small graph: t on the left, f on the right, and in between a box for every letter "
            "that f contains. Draw a line from t to each box that depends on it, and from each "
            "box to f. Every route from t to f is one term. How many routes do you see?",
        ),
        Wrong(
            name="The way through x is missing",
            model=lambda p, t: _by_y(p, t) + p.c,
            hint="Two of the three ways are there: the one through y and the one by which time "
            "enters directly. The way through x is missing. While you walk, x changes, and f "
            "contains the square of x, so f changes with it. Perhaps you took x as held still "
            "since a partial derivative with respect to y does so. That is right for computing "
            "that one derivative, but afterward the total counts all movers, each in its turn. "
            "Draw a small graph: t on the left, f on the right, a box for each letter between "
            "them, and a line wherever one depends on the other. Every route from left to right "
            "is one term of the sum, and yours has one route too few.",
        ),
        Wrong(
            name="The slope of the cosine has a wrong sign",
            model=lambda p, t: _by_x(p, t) - _by_y(p, t) + p.c,
            hint="All three ways are there, and one sign is turned. You go along y as a cosine. A "
            "cosine starts at its highest value, 1, and can only come down from there; so its "
            "slope, just after the start, must be negative. That is why the derivative of the "
            "cosine carries a minus, while that of the sine does not. In your formula the way "
            "through y adds where it should take away. Check it with small numbers: shortly after "
            "the start your y becomes smaller, so a field that grows with y must become smaller by "
            "this way. Does the term in your formula say so? Change its sign, and the rest can "
            "stay as it is.",
        ),
        Wrong(
            name="The inner derivative of the cosine is missing",
            model=lambda p, t: _by_x(p, t) + _by_y(p, t) / p.k + p.c,
            hint="All three ways are there, but the speed along y is too small. Inside the cosine "
            "there is not t but a multiple of t, so the cosine runs through its waves that many "
            "times faster, and its slope is that many times larger. The chain rule says: the "
            "slope of the outer function, with the inside left as it is, times the slope of the "
            "inside. The slope of the inside is the number in front of t, and it has to appear "
            "once more as a factor in this term. You can see it at a single place: compare how "
            "long cos(t) and cos(3t) take from their top down to zero. The second needs a third "
            "of the time for the same height.",
        ),
        Wrong(
            name="One of the speeds is missing",
            model=_half_slow,
            others=(_half_fast, _slow),
            hint="You have counted both ways, and at one of them the second rate is missing. Each "
            "way is a chain of two links. By the first link time moves your place: that is the "
            "speed, dx/dt or dy/dt. By the second link the place moves the field: that is the "
            "partial derivative, ∂f/∂x or ∂f/∂y. Rates along a chain are multiplied, so each way "
            "needs both of its links. A partial derivative alone says what one kilometer is worth, "
            "and not how many of them you make in an hour. Write the four rates down one below the "
            "other, ∂f/∂x, dx/dt, ∂f/∂y, dy/dt, and multiply the first two and the last two.",
        ),
        Wrong(
            name="The explicit time is not derived",
            model=lambda p, t: _right(p, t) - p.c + p.c * t,
            hint="The two ways through x and y are right. In the last term of f the time stands by "
            "itself, and you have carried this term along as it is. But every way contributes a "
            "rate of change, also this one. How fast does a number times t grow when t grows? By "
            "this number in each unit of time: its slope is the bare number, without the t. A "
            "sign that something is amiss is the unit. The two other terms are in degrees for "
            "each hour, and yours is in degrees, so they cannot be added. Take the derivative of "
            "the last term by t as well, and add it.",
        ),
        Wrong(
            name="The rates of the two ways are multiplied",
            model=lambda p, t: _crossed(p, t) + p.c,
            others=(
                _crossed,
                lambda p, t: _crossed(p, t) * p.n * t ** (p.n - 1) / (2 * t**p.n) + p.c,
                lambda p, t: _crossed(p, t) * p.n / 2 / t + p.c,
            ),
            hint="You have multiplied what belongs to the two ways. Rates are multiplied along one "
            "way, because there one change drives the next: time moves x, and x moves f. But the "
            "ways themselves do not drive each other. Time moves x and y at once, and each of "
            "them changes f on its own. What they contribute is added, like two taps that fill "
            "one tub. For a product of two moving things the product rule says the same: first "
            "times the slope of the second, plus second times the slope of the first. So form two "
            "terms: in one only x is derived, in the other only y, and add them.",
        ),
        Wrong(
            name="That is the field along the path, not its rate",
            model=lambda p, t: p.a * t ** (2 * p.n) * cos(p.k * t) + p.c * t,
            hint="You have put the path into the field. That is a good beginning: what you have is "
            "the temperature that you feel, as a function of the time alone. The question asks how "
            "fast it changes, so it remains to derive this function by t. Your first term is a "
            "product of a power of t and a cosine, and it needs the product rule, with the chain "
            "rule for what stands inside the cosine. The last term is a number times t, and its "
            "slope is that number. The result must agree with the sum over the three ways of the "
            "lesson, which is a good check of both.",
        ),
        Wrong(
            name="The square of x is not formed or derived rightly",
            model=_sum_of_exponents,
            others=(_not_squared, _not_squared_by_y, _speed_squared, _raised),
            hint="The field contains the square of x, and x itself is a power of t. Here something "
            "went wrong with the two powers. To square a power, its exponent is doubled: t³ times "
            "t³ is t⁶, since six factors of t stand in a row. It is not t⁵ and not t⁹. And the "
            "slope of x² is 2x times the speed of x, by the chain rule: it is neither the square "
            "of the speed, nor what comes out for x without the square. A safe way is to write x² "
            "as one power of t before anything is derived, and to use the power rule on that. "
            "Test it with t = 2, where all powers are whole numbers.",
        ),
    ],
    again="Three ways lead from $t$ to $f$: through $x$, through $y$, and directly. For each of "
    "the first two multiply the partial derivative by the speed. At the end put $x = t^{<<n>>}$ "
    "and $y = \\cos(<<k>>t)$ in.",
    worked="The partial derivatives are $2 \\cdot <<a>> x y$, $<<a>> x^2$ and $<<c>>$; the speeds "
    "are $\\frac{dx}{dt} = <<n>> t^{<<n>>-1}$ and $\\frac{dy}{dt} = -<<k>> \\sin(<<k>>t)$. Hence "
    "$\\frac{df}{dt} = 2 \\cdot <<a>> t^{<<n>>} \\cos(<<k>>t) \\cdot <<n>> t^{<<n>>-1} - <<a>> "
    "(t^{<<n>>})^2 \\cdot <<k>> \\sin(<<k>>t) + <<c>>$. Putting the path into $f$ first gives the "
    "same.",
)
