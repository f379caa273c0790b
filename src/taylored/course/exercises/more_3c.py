"""More wrong answers to 3C: other coefficients, lost steps, another center."""

from __future__ import annotations

from math import exp, log, log2, log10
from typing import Any

from taylored.course.checking import Parameters, Wrong
from taylored.course.checking.terms import Terms, any_of, shows
from taylored.course.exercises.rungs import first_as

__all__ = ["TERMS", "WRONG"]

TERMS = Terms(
    [(k,) for k in range(6)],
    lambda p: [log(p.a), 1 / p.a, -1 / (2 * p.a**2)],
    lambda p: p.a,
)


def _rungs(*values: Any) -> Any:
    """A polynomial in the step with these coefficients, functions of the center."""

    def model(p: Parameters, x: float) -> float:
        return sum(v(p.a) * (x - p.a) ** k for k, v in enumerate(values))

    return model


def _both(at: int, *values: Any) -> Any:
    """Whether the rung is the first that is off, with such a value, sign or not."""
    return first_as(TERMS, at, *(lambda p, v=v, s=s: s * v(p.a) for v in values for s in (1, -1)))


def _slope(a: float) -> float:
    return 1 / a


def _bend(a: float) -> float:
    return -1 / (2 * a * a)


WRONG = [
    Wrong(
        name="It is the polynomial of the derivative",
        when=shows(
            *(_rungs(_slope, lambda a: -1 / a**2, lambda a, f=f: f / a**3) for f in (1, 2, 0)),
            *(
                _rungs(_slope, lambda a: -0.5 / a**2, lambda a, f=f: f / a**3)
                for f in (1, 2, 1 / 3)
            ),
            _rungs(_slope, _bend),
        ),
        hint="Your list begins one derivative too late: the constant is the slope of the "
        "logarithm at the center, and everything after it has moved up by one place as well. "
        "The first rung of a Taylor polynomial is the function itself, the derivative number "
        "zero. Put the center in the place of x: your formula gives one over the center, and "
        "it should give the height of the curve there, the logarithm of the center. Write "
        "down the function first, then its first derivative, then its second one. Put the "
        "center into each. The first stands alone, the second goes with the step, and half of "
        "the third with the square of the step.",
    ),
    Wrong(
        name="The derivatives of the logarithm are those of the exponential",
        when=shows(
            _rungs(log, log, lambda a: log(a) / 2),
            _rungs(log, log, log),
            _rungs(exp, exp, lambda a: exp(a) / 2),
            _rungs(exp, exp, exp),
            _rungs(lambda a: 1, lambda a: 1, lambda a: 0.5),
        ),
        hint="You have used one and the same number for the height, the slope and the bend. "
        "That is a property of the exponential function, which is its own derivative. The "
        "logarithm is its inverse and behaves in quite another way: its derivative is one "
        "over x, so the slope becomes smaller and smaller as x grows, and the second "
        "derivative is negative. Write down the logarithm, differentiate it once, and then "
        "differentiate what you have found once more, as a power of x with a negative "
        "exponent. Put the center into all three. The results are three different numbers, "
        "and the last has to be halved.",
    ),
    Wrong(
        name="The slope and the bend are those at another place",
        when=shows(
            _rungs(log, lambda a: 1, lambda a: -0.5),
            lambda p, x: log(p.a) + (x - 1) - (x - 1) ** 2 / 2,
            lambda p, x: x - x * x / 2,
            lambda p, x: log(p.a) + x - x * x / 2,
            _rungs(lambda a: 0, lambda a: 1, lambda a: -0.5),
        ),
        hint="The numbers 1 and one half in your formula come from the best-known series, that of "
        "the logarithm about the center 1. There the slope is 1 and half of the second "
        "derivative is minus one half. Farther out the logarithm is flatter and bends less. "
        "The derivatives have to be taken at the center of this exercise, and all steps are "
        "counted from it too. The first derivative is one over x: put the center there. The "
        "second one is minus one over the square of x: put the center there as well, and take "
        "half of it. As a check, the slope must be less than 1.",
    ),
    Wrong(
        name="In one of the terms x or nothing stands for the step",
        when=shows(
            lambda p, x: log(p.a) + (x - p.a) / p.a - 1 / (2 * p.a**2),
            lambda p, x: log(p.a) + 1 / p.a - (x - p.a) ** 2 / (2 * p.a**2),
            lambda p, x: log(p.a) + x / p.a - (x - p.a) ** 2 / (2 * p.a**2),
            lambda p, x: log(p.a) + (x - p.a) / p.a - x**2 / (2 * p.a**2),
            lambda p, x: log(p.a) + 1 / p.a - x / (2 * p.a**2),
            lambda p, x: x / p.a - x**2 / (2 * p.a**2),
        ),
        hint="Your coefficients are right, but not all are multiplied by the step. In at least "
        "one term there is x itself, or nothing at all, where x minus the center belongs. "
        "Height, slope and bend are known at the center, and the polynomial says what becomes of "
        "them when one walks away from it. So the slope is multiplied by the way that was "
        "walked, and half of the second derivative by the square of it. A test shows which "
        "term is at fault: put the center in the place of x. Every term but the first must "
        "be zero there, since no step has been made.",
    ),
    Wrong(
        name="The square of the step is taken apart wrongly",
        when=shows(
            lambda p, x: log(p.a) + (x - p.a) / p.a - (x**2 - p.a**2) / (2 * p.a**2),
            lambda p, x: log(p.a) + (x - p.a) / p.a - (x**2 + p.a**2) / (2 * p.a**2),
            lambda p, x: log(p.a) + (x - p.a) / p.a - (x - p.a**2) / (2 * p.a**2),
            lambda p, x: log(p.a) + (x - p.a) / p.a - (x**2 - p.a) / (2 * p.a**2),
            lambda p, x: log(p.a) + (x - p.a) / p.a - (x - p.a) ** 3 / (2 * p.a**2),
        ),
        hint="The coefficients are right, but the last one is not multiplied by the square of the "
        "step. The step is x minus the center, in parentheses, and the whole of it is "
        "multiplied by itself. That is not the difference of two squares: multiplied out, "
        "there is the square of x, the square of the center, and minus twice their product. "
        "Without the product in the middle the last term does not touch zero at the center, it "
        "crosses it, and then it spoils the slope. You need not multiply out at all. Leave the "
        "parentheses standing and put the power 2 behind them. If you left out the term with the "
        "plain step, put it back: that gives the same polynomial.",
    ),
    Wrong(
        name="The constant is not the natural logarithm of the center",
        when=any_of(
            _both(0, log, log2, log10, lambda a: log(a + 1), lambda a: log(a - 1), exp),
            _both(
                0,
                _slope,
                lambda a: a * a,
                lambda a: log(a) / 2,
                lambda a: log(a) / a,
                lambda a: a**0.5,
                lambda a: log(a) ** 2,
                lambda a: a,
                lambda a: 1,
                lambda a: 0,
            ),
        ),
        last=True,
        hint="The first thing that is off is the constant. It is the height of the curve at the "
        "center: put the number of the center into the function, and nothing else has to be "
        "done with it. The function is the natural logarithm, so the constant is the natural "
        "logarithm of the center itself, neither of its neighbor nor of one over it, not its "
        "root, not the exponential, and no other base. It is not divided by anything and has "
        "a plus in front. For a center between 3 and 9 it lies between 1.1 and 2.2. You may "
        "leave it standing as log of a number. Then look at the other two terms.",
    ),
    Wrong(
        name="The term with the plain step is missing",
        when=first_as(TERMS, 1, lambda p: 0.0),
        last=True,
        hint="Your polynomial begins with the right height, but there is no term with the plain "
        "step. Such a polynomial is level at the center, as if the logarithm had a top there. "
        "But the logarithm climbs everywhere. Its slope at the center is one over the center, "
        "a small positive number, and this number times the step is the second of three terms. "
        "The order of a polynomial is its highest power, and all lower powers belong to it as "
        "well, unless their coefficient happens to be zero. Put the term in between the height "
        "and the square, and leave the others as they are.",
    ),
    Wrong(
        name="The slope is not one over the center",
        when=_both(
            1,
            lambda a: 1 / a**2,
            lambda a: 0.5 / a,
            lambda a: 2 / a,
            log,
            lambda a: a,
            lambda a: 0.5 / a**2,
            lambda a: 1,
            lambda a: 1 / log(a),
            lambda a: log(a) / a,
            _slope,
            lambda a: 1 / (a + 1),
        ),
        last=True,
        hint="The height is right, and the number in front of the step is not. It is the first "
        "derivative of the logarithm, which is one over x, taken at the center: one over the "
        "center, with a plus, since the logarithm climbs. It is not squared, for the square "
        "belongs to the second derivative. It is not halved, since the factorial of 1 is 1. "
        "And it is not a logarithm any more: differentiating has turned the logarithm into a "
        "plain fraction. Compare with the graph: near 5 the logarithm climbs by about one "
        "fifth when x grows by 1. If the sign is off, look at the direction of your step.",
    ),
    Wrong(
        name="The factorial of 2 is not used as it should be",
        when=_both(2, *(lambda a, f=f: f / a**2 for f in (1, 2, 1 / 4, 1 / 3, 1 / 6))),
        last=True,
        hint="In the term with the square of the step the power of the center is right, and the "
        "number beside it is not. The second derivative of the logarithm at the center is one "
        "over the square of the center, with a minus. It has to be divided by the factorial "
        "of 2 once. So a single 2 stands below the line, outside of the square: if it is "
        "drawn into the square together with the center it becomes a 4, and if it stands "
        "above the line it doubles the term that it should halve. Check the sign too: the "
        "logarithm bends downward at every place.",
    ),
    Wrong(
        name="It is not the second derivative that is used",
        when=_both(
            2,
            *(lambda a, f=f: f / a**3 for f in (1, 2, 1 / 2, 1 / 3, 1 / 6)),
            *(lambda a, f=f: f / a for f in (1, 1 / 2, 2)),
            lambda a: log(a) / 2,
            log,
            lambda a: 0.5,
            lambda a: 1,
            lambda a: 1 / a**4,
            lambda a: 0.5 / a**4,
            lambda a: a**2 / 2,
        ),
        last=True,
        hint="Height and slope are right, but the number in front of the square does not come from "
        "the second derivative. The logarithm is differentiated twice: the first time it "
        "becomes x to the power -1, the second time the exponent comes down, with its minus, "
        "and is lowered by one, to -2. So the square of the center stands below the line, "
        "neither its first power nor its cube: the cube belongs to the third derivative, "
        "which is not needed for order 2. No logarithm is left in it either. Take half of this "
        "number, since the factorial of 2 divides it, and mind the minus.",
    ),
]
