"""1G: the best step of a forward difference, and the error bound there."""

from __future__ import annotations

from math import sqrt
from random import Random
from typing import Any

from taylored.course.checking import Case, Exercise, Numbers, Parameters, Wrong
from taylored.course.exercises.fields import fields

__all__ = ["EXERCISE"]


def _parameters(rng: Random) -> dict[str, Any]:
    eps = rng.choice([2, 3, 5, 6, 7]) * 10.0 ** rng.choice([-3, -4, -5])
    return {"eps": eps, "M": rng.choice([0.6, 1.5, 2.5, 7.0, 12.0])}


def _total(p: Parameters, h: float) -> float:
    return 0.5 * p.M * h + 2 * p.eps / h


def _right(p: Parameters) -> list[float]:
    return [2 * sqrt(p.eps / p.M), 2 * sqrt(p.eps * p.M)]


def _tiny(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """A step far below the best one: as small as possible."""
    return 0 < fields(outputs[0])[0] <= 3 * p.eps / p.M or 0 < fields(outputs[0])[0] <= 1e-8


def _without_root(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    h = fields(outputs[0])[0]
    return abs(h - 4 * p.eps / p.M) <= 5e-3 * h or abs(h - 2 * p.eps / p.M) <= 5e-3 * h


def _wrong_error(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    h = fields(outputs[0])[0]
    return abs(h - _right(p)[0]) <= 5e-3 * h


def _halved(p: Parameters) -> list[float]:
    """M + 2 eps/h^2 = 0: the half is lost."""
    h = sqrt(2 * p.eps / p.M)
    return [h, _total(p, h)]


def _one_value(p: Parameters) -> list[float]:
    """Only one of the two values is wrong: eps/h."""
    return [sqrt(2 * p.eps / p.M), sqrt(2 * p.eps * p.M)]


def _cube_root(p: Parameters) -> float:
    return (3 * p.eps / p.M) ** (1 / 3)


def _consistent(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    if fields(outputs[0]).size != 2:
        return False
    h, error = fields(outputs[0])
    other = abs(h - _right(p)[0]) > 0.05 * _right(p)[0]  # not only rounded
    return h > 0 and other and abs(error - _total(p, h)) <= 5e-3 * error


EXERCISE = Exercise(
    id="1G",
    title="The best step, and what it costs",
    answer=Numbers(names=("best step h", "error bound at that step")),
    parameters=_parameters,
    right=_right,
    formulas=["2*sqrt(eps/M)", "2*sqrt(eps*M)"],
    tolerance=5e-3,
    wrong=[
        Wrong(
            name="The error is that of one part only",
            model=lambda p: [_right(p)[0], sqrt(p.eps * p.M)],
            hint="Your step is right. The error that you state for it is one of the two parts, "
            "not their sum. At the best step the two parts are equal: the part that comes from "
            "the bending of the curve is as large as the part that comes from the errors of the "
            "two values. That is no accident: if one were larger, moving the step to its side "
            "would pay. Both are there at the same time, though, and in the worst case they point "
            "the same way. A bound must cover that case. Put your step into the first term of the "
            "error, then into the second, look at the two numbers side by side, and ask what the "
            "total can be at most.",
        ),
        Wrong(
            name="Only one of the two values is taken to be wrong",
            model=_one_value,
            hint="Your answer would be right if the difference contained a single uncertain value. "
            "But a difference quotient uses two: f at x and f at x plus h. Each of them can be "
            "wrong by up to ε, and nothing stops the first from being too small just when the "
            "second is too large. Then the difference is wrong by twice as much. That is where the "
            "2 in the second term of E comes from, and it seems to have been lost on the way. "
            "Imagine measuring the height of a step with a ruler that is good to a millimeter, "
            "once at the bottom and once at the top: how far off can the difference be? Then find "
            "the bottom of E again with the full second term.",
        ),
        Wrong(
            name="The half in the first term is lost",
            model=_halved,
            others=(lambda p: [_halved(p)[0], _total(p, _halved(p)[0]) + p.M * _halved(p)[0] / 2],),
            hint="The way is right, and at one place a factor went missing. The first term of E is "
            "M times h with a half in front, so its slope with respect to h is half of M, not M "
            "itself. With the full M the bottom of the V is looked for a little too far to the "
            "left. You can see it in the two parts of the error: put your step into both. At the "
            "bottom they have to be equal, because one is a multiple of h and the other a multiple "
            "of 1/h. With your step one is clearly larger than the other. Write down the slope of "
            "each term once more, slowly, set their sum to zero, and solve for the square of h.",
        ),
        Wrong(
            name="The square root is missing",
            when=_without_root,
            hint="Your step comes from an equation for h, but the true one is an equation for the "
            "square of h. The second term of the error is a multiple of 1/h. Its slope is not a "
            "multiple of 1/h again: differentiating x to the power of minus one brings the power "
            "down to minus two, so h appears squared below the line, with a minus in front. Set "
            "the sum of the two slopes to zero, bring the h to one side, and you have its square; "
            "the root comes last. A check: with your step, compute both parts of the error. One of "
            "them is far larger than the other, so a step between them must do better.",
        ),
        Wrong(
            name="The step is taken as small as possible",
            when=_tiny,
            hint="You chose a very small step. In the definition of the derivative that is right: "
            "there h goes to zero. But that definition assumes that the values of f are known "
            "exactly. Here they are known only to ε, and the difference of two values that are "
            "nearly equal is then mostly error; dividing by a tiny h makes this error huge. Put "
            "your step into the second term of E and see how large it becomes. Then put in a step "
            "a hundred times longer: the total shrinks. Go on until the first term, the bending, "
            "begins to hurt. The best step lies where lengthening gains as much on the one as it "
            "loses on the other: where the slope of E is zero.",
        ),
        Wrong(
            name="The step is right, the error at it is not",
            when=_wrong_error,
            hint="Your best step is right, so the harder half is done. What is missing is the "
            "error there. No new idea is needed: E is a formula for every step, so put your "
            "number in place of h in both terms and add them. Take care with the second term, in "
            "which h stands below the line: dividing by a small number makes it larger. It helps "
            "to compute the two terms separately, since at the best step they come out equal; if "
            "yours are not equal, look there for the slip. Keep three digits or more, and do not "
            "forget that the errors add: a bound has to hold in the worst case, when both errors "
            "point the same way.",
        ),
        Wrong(
            name="That is the rule for a central difference",
            model=lambda p: [_cube_root(p), p.M / 6 * _cube_root(p) ** 2 + p.eps / _cube_root(p)],
            others=(lambda p: [_cube_root(p), _total(p, _cube_root(p))],),
            hint="You have found the best step of a difference to both sides. There the error of "
            "the bend shrinks with the square of the step, and so a cube root comes in. But the "
            "question is about a forward difference, to one side only. Its two parts are given in "
            "the question: one grows in proportion to the step, the other one is divided by the "
            "step. Differentiate this very sum by h. The first part has a constant slope, the "
            "second one the slope of 1/h, which is minus one over h squared. Set the sum of both "
            "to zero and solve for h: you get a square root, and no cube root.",
        ),
        Wrong(
            name="The quotient under the root is upside down",
            when=lambda p, cases, outputs: (
                abs(fields(outputs[0])[0] / (2 * sqrt(p.M / p.eps)) - 1) <= 5e-3
            ),
            hint="Under your root the bend M stands above the error of the sensor, and it "
            "belongs below it. Setting the slope of the bound to zero gives M over 2 equal to two "
            "times the error over h squared. Solved for h squared, the M goes below the line: h "
            "squared is four times the error over M. Ask what should happen: a better sensor "
            "allows a shorter step, so a smaller error must make h smaller; and a curve that bends "
            "more wants a shorter step as well, so a larger M must make h smaller. Yours does the "
            "opposite of both, and is far too long.",
        ),
        Wrong(
            name="The step is not the best one; the error fits the step",
            when=_consistent,
            hint="Your second number is right for your step: the two parts add up to just that. "
            "But with another step the bound would be smaller, so yours is not the best. For the "
            "best step the slope of the bound by h must be zero. The first part, a number times h, "
            "has that number as its slope. The second part, a number over h, has the slope minus "
            "that number over h squared. Set the sum of both to zero, bring one to the other side, "
            "and solve for h; a square root comes at the end. Then try it: put a step a little "
            "shorter and a little longer into the bound. Both must give more.",
        ),
        Wrong(
            name="The error is right, the step is not",
            last=True,
            when=lambda p, cases, outputs: abs(fields(outputs[0])[-1] / _right(p)[1] - 1) <= 5e-3,
            hint="Your error bound is right, and the step that you give does not belong to it. Put "
            "your step into E, and something else comes out. The best step is where the slope of "
            "E is zero: half of M, minus two times the error of the sensor over h squared. Bring "
            "the two to opposite sides, multiply by h squared, divide by half of M, and take the "
            "square root. Under the root stands the sensor's error over M, and not the other way "
            "round, and not their product: with a better sensor the best step becomes shorter, "
            "and with a curve that bends more it becomes shorter as well. Does yours do both?",
        ),
    ],
    again="At the bottom of the V the slope of $E$ is zero: $\\frac{M}{2} - \\frac{2\\varepsilon}"
    "{h^2} = 0$. Solve for $h$, then put it into $E$.",
    worked="$\\frac{<<M>>}{2} = \\frac{2 \\cdot <<eps>>}{h^2}$ gives $h^2 = \\frac{4 \\cdot "
    "<<eps>>}{<<M>>}$ and $h = 2\\sqrt{\\frac{<<eps>>}{<<M>>}}$. There both parts of $E$ are "
    "equal, and together they are $2\\sqrt{<<eps>> \\cdot <<M>>}$.",
)
