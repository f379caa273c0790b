"""4I: a rule that stops when the error, not the last step, is within the tolerance.

A case holds the share that a step leaves of the error, the first error, and the tolerance. The
player runs an iteration and asks the rule after each step; its row: the number of steps at which
the rule stopped, and the error there in tolerances.
"""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np

from taylored.course.checking import Case, Code, Exercise, Judged, Parameters, Wrong
from taylored.course.exercises.stops import (
    STOPS,
    end_of,
    errors_of,
    left,
    needed_for,
    play,
    ratio,
    ruled,
    rules,
)

__all__ = ["EXERCISE", "play"]

_LATE = 4  # steps by which a rule may be late
_SLACK = 1.05  # of the tolerance

_STARTER = '''import numpy as np


def stop(steps, tol):
    """Whether to stop: steps holds the lengths of all steps so far, steps[-1] the newest."""
    return steps[-1] <= tol
'''


_SHARES = {0: (0.55, 0.62), 1: (0.93, 0.945), 3: (0.72, 0.77), 6: (0.55, 0.75)}  # by the turn


def _inputs(rng: Random, p: Parameters) -> Case:
    """Fast and slow iterations: no fixed factor in the place of the steps' own fits all of them."""
    p.turn += 1
    low, high = _SHARES.get(p.turn, (0.8, 0.92))
    return rng.uniform(low, high), rng.uniform(3.0, 9.0), 10 ** rng.uniform(-2.3, -1.3)


def _judge(p: Parameters, cases: list[Case], outputs: list[Any]) -> Judged:
    """Every iteration: near enough, and not much later than necessary."""
    worst = 0.0
    for case, row in zip(cases, outputs, strict=True):
        taken, error = (float(v) for v in row)
        needed = needed_for(errors_of(case[0], case[1]), case[2])
        worst = max(worst, error)
        if error <= _SLACK and taken <= needed + _LATE:
            continue
        tried = f"an iteration whose error shrinks by {case[0]:.3f} a step, tol = {case[2]:.2g}"
        got = f"stopped after {taken:.0f} steps, with an error of {error:.3g} tolerances"
        return Judged(False, tried, got, f"a stop between step {needed} and {needed + _LATE}",
                      f"{taken - needed:+.0f} steps")  # fmt: skip
    return Judged(True, f"{len(cases)} iterations, fast and slow", "stopped in time in all of them",
                  "an error within the tolerance", f"at most {worst:.2f} tolerances")  # fmt: skip


def _early(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    return any(float(row[1]) > _SLACK for row in outputs)


def _counted(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Whether it stops at the same number of steps wherever it stops at all."""
    ends = [end_of(errors_of(share, first), tol) for share, first, tol in cases]
    taken = {float(row[0]) for row, end in zip(outputs, ends, strict=True) if float(row[0]) < end}
    return len(taken) == 1 and min(taken) > 2


def _at_once(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    return all(float(row[0]) == 2 for row in outputs)


def _too_late(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    return all(float(row[1]) <= _SLACK for row in outputs)


EXERCISE = Exercise(
    id="4I",
    title="A rule for stopping",
    answer=Code(
        name="stop", starter=_STARTER, returns="True to stop, False to go on", player="e4i:play"
    ),
    parameters=lambda rng: {"set": rng.randint(100, 999), "turn": -1},
    inputs=_inputs,
    count=9,
    right=ruled(lambda steps, tol: steps[-1] * ratio(steps) / (1 - ratio(steps)) <= tol),
    judge=_judge,
    wrong=[
        Wrong(
            name="The last step is taken for the error",
            model=ruled(lambda steps, tol: bool(steps[-1] <= tol)),
            hint="Your rule stops when the last step is within the tolerance. This is the most "
            "common rule of all, and it is wrong for slow methods. A short step can mean two "
            "things: that the goal is near, or that one is creeping. Take a method that leaves "
            "nine tenths of the error at each step. Then a step is one tenth of the error it "
            "started from, and after the step nine times its length is still to go. The list of "
            "steps tells you which of the two it is: look by what factor the last step is "
            "shorter than the one before. All steps to come will shrink by about this factor "
            "too. Add them all up.",
        ),
        Wrong(
            name="Only the next step is foreseen",
            model=ruled(lambda steps, tol: bool(steps[-1] * ratio(steps) <= tol)),
            hint="You foretell the next step from the last two and compare it with the tolerance. "
            "The factor is the right thing to use. But after the next step there is another, and "
            "another one after that; the way that is left is the sum of all of them. Each is "
            "shorter than the one before by the same factor, so this is a geometric series. Its "
            "sum is known: the first term divided by one minus the factor. For a factor of nine "
            "tenths the sum is ten times its first term, so your rule stops ten times too far "
            "out. Take the next step as first term, and sum up.",
        ),
        Wrong(
            name="The step is compared with the first one",
            model=ruled(lambda steps, tol: bool(steps[-1] / steps[0] <= tol)),
            hint="You stop when the last step has become small beside the first one. That would "
            "be a rule for the progress that has been made, and programs do use it, but it says "
            "nothing about the distance that is left. If the walk began far out, a millionth of "
            "the first step may still be a mile; and for a slow method the way that is left is "
            "many times the last step. The tolerance here is a length, and so is the error, while "
            "your quotient has no unit. Use the quotient of the last two steps instead: it tells "
            "how fast the steps shrink, and from this the sum of all that follow can be found.",
        ),
        Wrong(
            name="The change of the steps, or a fraction upside down, is taken for the error",
            model=ruled(lambda steps, tol: bool(abs(steps[-1] - steps[-2]) <= tol)),
            hint="You compare the difference of the last two steps with the tolerance. For a slow "
            "method two neighboring steps are nearly equal, so their difference is much smaller "
            "than a step, and the step in turn is much smaller than the error: your rule is "
            "deceived twice. Take steps of 0.010 and 0.009. Their difference is 0.001, but the "
            "steps to come, 0.0081, 0.0073 and so on, add up to 0.081. It is not the difference "
            "of the two that is telling but their quotient: each following step will be shorter "
            "by that factor. Then sum up all of them, as a geometric series. If you meant to do "
            "so: the last step times (1 - r)/r is this difference again; r belongs above.",
        ),
        Wrong(
            name="The sum is divided where it should be multiplied",
            model=ruled(lambda steps, tol: bool(steps[-1] * (1 - ratio(steps)) <= tol)),
            hint="You have found the two ingredients, the last step and one minus the factor, but "
            "you multiply them. Think of what must come out. If the method is slow the factor is "
            "close to one, and there is a long way to go, many times the last step. One minus the "
            "factor is then a small number, so multiplying by it makes the estimate smaller than "
            "the step, just when it should become large. The sum of a geometric series is its "
            "first term divided by one minus the factor. And the first term is the next step, "
            "which is the last one times the factor. Put this together.",
        ),
        Wrong(
            name="It stops at the first question",
            vague=True,
            when=_at_once,
            hint="Your rule says stop the very first time it is asked, when there are two steps "
            "and nothing has been gained yet. There are three usual reasons. The comparison may "
            "be the wrong way round, so that a large error means stop. The factor may stand on "
            "its head: the newer step divided by the older one is below one, the other way round "
            "it is above, one minus it is negative, and a negative estimate is smaller than any "
            "tolerance. Or the function returns something that always counts as true, such as a "
            "number that is not zero. Print your estimate for steps of 1.0 and 0.9: it must come "
            "out as 8.1.",
        ),
        *STOPS[:2],
        Wrong(
            name="A safety factor does not know how slow the method is",
            when=rules(
                lambda steps, tol: steps[-1] <= tol / 2,
                lambda steps, tol: steps[-1] <= tol / 5,
                lambda steps, tol: steps[-1] <= tol / 10,
                lambda steps, tol: steps[-1] <= tol / 20,
                lambda steps, tol: steps[-1] <= tol / 50,
                lambda steps, tol: steps[-1] <= tol / 100,
                lambda steps, tol: steps[-1] * 9 <= tol,
                lambda steps, tol: steps[-1] * 99 <= tol,
            ),
            hint="You compare the last step with a part of the tolerance, a tenth, say, or you "
            "multiply it by a factor chosen beforehand. That is safer than the bare step, "
            "but the factor is a guess. How much way is left after a step depends on the "
            "method: one more step of the same length if each step is half of the last, "
            "nine if it is nine tenths, ninety-nine if it is 0.99. A factor that is enough "
            "for the slowest wastes steps in all others, and for one that is slower still "
            "it is not enough. The steps themselves tell: the last one over the one before "
            "is the factor by which they shrink. Compute the sum of all that follow from "
            "it.",
        ),
        Wrong(
            name="The step is compared with the whole way",
            when=rules(
                lambda steps, tol: steps[-1] / np.sum(steps) <= tol,
                lambda steps, tol: steps[-1] / np.mean(steps) <= tol,
                lambda steps, tol: steps[-1] / np.sum(steps[:-1]) <= tol,
                lambda steps, tol: left(steps) / np.sum(steps) <= tol,
                lambda steps, tol: left(steps) / steps[0] <= tol,
            ),
            hint="You stop when the last step is a small share of the whole way that has been "
            "gone. But where the walk began has nothing to do with how far it still is to "
            "the goal. If the start was far out, a tiny share of the way may be more than "
            "the tolerance, and if it was near, the rule goes on for too long. And for a "
            "slow method the way that is left is many times the last step. The tolerance is "
            "a length: compare it with a length, the sum of all the steps that are still to "
            "come. They shrink by the same factor as the last two, so they are a geometric "
            "series.",
        ),
        Wrong(
            name="Two short steps are no better than one",
            when=rules(
                lambda steps, tol: steps[-1] <= tol and steps[-2] <= tol,
                lambda steps, tol: max(steps[-3:]) <= tol,
                lambda steps, tol: float(np.mean(steps[-2:])) <= tol,
                lambda steps, tol: float(np.mean(steps[-3:])) <= tol,
            ),
            hint="You ask for several short steps in a row before you stop. That protects from a "
            "single step that is short by chance, but the iterations here do not jump "
            "about: their steps shrink evenly, and if one is short the next is shorter "
            "still. So waiting for a second one gains a step or two, and a slow method is "
            "still far from its goal. What counts is not how many steps were short but how "
            "fast they become shorter. Divide the last by the one before. If the quotient "
            "is 0.9, the steps to come add up to nine times the last one.",
        ),
        Wrong(
            name="The series is not summed rightly",
            vague=True,
            when=rules(
                lambda steps, tol: steps[-1] / (1 + ratio(steps)) <= tol,
                lambda steps, tol: steps[-1] * ratio(steps) / (1 + ratio(steps)) <= tol,
                lambda steps, tol: steps[-1] * ratio(steps) ** 2 / (1 - ratio(steps)) <= tol,
                lambda steps, tol: steps[-1] * ratio(steps) / (1 - ratio(steps) ** 2) <= tol,
                lambda steps, tol: steps[-1] * (ratio(steps) + ratio(steps) ** 2) <= tol,
                lambda steps, tol: steps[-1] * (1 - ratio(steps)) / ratio(steps) <= tol,
                lambda steps, tol: steps[-1] * ratio(steps) * (1 - ratio(steps)) <= tol,
                lambda steps, tol: steps[-1] / ratio(steps) <= tol,
                lambda steps, tol: steps[-1] * ratio(steps) ** 3 / (1 - ratio(steps)) <= tol,
                lambda steps, tol: steps[-1] * ratio(steps) / (1 - ratio(steps)) ** 2 <= tol,
                lambda steps, tol: steps[-1] / (1 - ratio(steps)) ** 2 <= tol,
                lambda steps, tol: steps[-1] * (1 + ratio(steps)) <= tol,
                lambda steps, tol: steps[-1] * (ratio(steps) / (1 - ratio(steps))) ** 0.5 <= tol,
                lambda steps, tol: steps[-1] / (1 - ratio(steps) ** 2) <= tol,
            ),
            hint="You have the last step and the factor by which the steps shrink, but they are "
            "not put together as the sum of the series. The steps to come are s times r, s "
            "times r squared, s times r cubed, and so on without end. To sum them, call the "
            "sum S and multiply it by r: the same series comes out without its first term. "
            "So S minus r times S is the first term, s times r, and from this S follows by "
            "one division. Test your formula with s = 1 and r = 0.9: the sum must be 9, and "
            "with r = 0.5 it must be 1. It has to grow without limit when r goes to 1.",
        ),
        Wrong(
            name="The factor is taken from the first steps",
            when=rules(
                lambda steps, tol: steps[-1] * steps[1] / (steps[0] - steps[1]) <= tol,
                lambda steps, tol: steps[-1] * steps[1] / steps[0] <= tol,
                lambda steps, tol: steps[-1] * steps[0] / (steps[0] - steps[1]) <= tol,
            ),
            hint="You take the factor from the first two steps and use it until the end. But a "
            "method needs some steps until it has settled: the first ones are often shorter "
            "by another factor than all later ones, as here. What is to be foretold is how "
            "the steps will go on, and for that the newest two know more than the oldest. "
            "In Python the places are counted from 0, so that steps[1] over steps[0] "
            "belongs to the beginning; counted from the end, steps[-1] is the newest and "
            "steps[-2] the one before. Form the quotient of these, anew at each question.",
        ),
        *STOPS[2:],
        Wrong(
            name="The tolerance is made larger",
            when=rules(
                *(
                    lambda steps, tol, k=k: steps[-1] * ratio(steps) / (1 - ratio(steps)) <= k * tol
                    for k in (2, 5, 10, 100)
                ),
                lambda steps, tol: steps[-1] <= 2 * tol,
                lambda steps, tol: steps[-1] <= 10 * tol,
            ),
            hint="Your estimate is compared with a multiple of the tolerance. The tolerance is "
            "how much error is allowed, and the estimate is the error that is left; the "
            "rule may say stop as soon as the one is within the other, and not when it is "
            "still several times larger. Perhaps a safety factor was meant: it belongs on "
            "the other side, where it makes the rule stricter, not more lenient. With a "
            "good estimate none is needed here. Compare the sum of the steps to come with "
            "tol as it stands, and look in the reply by how many tolerances your rule was "
            "off.",
        ),
        Wrong(
            name="The number of steps is fixed",
            when=_counted,
            hint="Your rule stops after the same number of steps, whatever the steps are. A "
            "limit on the number is a good thing to have besides, so that a program ends "
            "even if the method never does. But it knows nothing of the error. A fast "
            "method has used all digits after ten steps, a slow one has hardly begun. The "
            "lengths of the steps tell which it is. Divide the last by the one before: this "
            "is the factor by which the steps shrink. With it the way that is left can be "
            "computed as the sum of a geometric series. Stop when this sum is within the "
            "tolerance.",
        ),
        Wrong(
            name="Near enough, but far too late",
            vague=True,
            when=_too_late,
            hint="When your rule stops, the error is within the tolerance in all iterations, which "
            "is the important half. But it stops much later than necessary, or not at all before "
            "the game was over. A tolerance made smaller by a fixed factor helps against slow "
            "methods, at the price of useless steps in all others, and for a method that is "
            "slower still it would not even be enough. Let the steps themselves tell how slow it "
            "is: the last one divided by the one before. From this factor the way that is left "
            "can be computed quite exactly, and then no safety factor is needed.",
        ),
        Wrong(
            name="It stops too early",
            when=_early,
            last=True,
            hint="In at least one iteration your rule says stop while the error is still larger "
            "than the tolerance. That is the worse of the two faults: the result would be "
            "reported as good and is not. The input above shows such a case, with the "
            "number of steps at which it would have been time. It is the slow iterations "
            "that deceive: their steps are short because the method creeps. The way that is "
            "left is the sum of all steps to come. Each is shorter than the one before by "
            "the quotient of the last two, so it is a geometric series with the first term "
            "s times r. Compare its sum with tol.",
        ),
    ],
    again="With r = steps[-1]/steps[-2], the steps to come are about steps[-1] times r, r squared, "
    "r cubed, ... Their sum is the error that is left. Stop when it is within tol.",
    worked="The steps to come form a geometric series, $s r + s r^2 + s r^3 + \\ldots = "
    "\\frac{s r}{1 - r}$, with the last step $s$ and the factor $r$ of the last two.\n\n"
    "```python\ndef stop(steps, tol):\n"
    "    r = steps[-1] / steps[-2]\n"
    "    return steps[-1] * r / (1 - r) <= tol\n```",
)
