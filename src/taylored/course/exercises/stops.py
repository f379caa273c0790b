"""The game of 4I, and mistakes that show in when a rule says stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from taylored.course.checking import Case, Parameters, Wrong
from taylored.course.checking.terms import any_of, shows

__all__ = ["STOPS", "end_of", "errors_of", "left", "needed_for", "play", "ratio", "ruled", "rules"]


def errors_of(share: float, first: float) -> np.ndarray:
    """Errors that settle to a constant share after a few steps."""
    k = np.arange(600)
    return first * (share**k + 0.4 * (share / 4) ** k) / 1.4


def play(function: Callable[..., Any], p: Parameters, cases: Sequence[Case]) -> list[list[float]]:
    """A row for each iteration."""
    return [_row(function, *(float(v) for v in case)) for case in cases]


def _row(rule: Callable[..., Any], share: float, first: float, tol: float) -> list[float]:
    errors = errors_of(share, first)
    steps = errors[:-1] - errors[1:]
    for taken in range(2, end_of(errors, tol) + 1):
        answer = rule(steps[:taken].copy(), tol)
        if answer is None:
            raise ValueError("stop returned None: is `return` missing?")
        if bool(np.all(answer)):
            break
    return [float(taken), float(errors[taken] / tol)]


def needed_for(errors: np.ndarray, tol: float) -> int:
    """The first number of steps after which the error is within the tolerance."""
    return int(np.argmax(errors <= tol))


def end_of(errors: np.ndarray, tol: float) -> int:
    """The number of steps after which the game is over."""
    return min(2 * needed_for(errors, tol) + 20, len(errors) - 1)


def ruled(rule: Callable[[np.ndarray, float], bool]) -> Callable[..., list[float]]:
    """What a rule makes of a case."""

    def model(p: Parameters, share: float, first: float, tol: float) -> list[float]:
        return _row(rule, share, first, tol)

    return model


def ratio(steps: np.ndarray) -> float:
    return float(steps[-1] / steps[-2])


def left(steps: np.ndarray) -> float:
    """The right estimate of what is left."""
    return float(steps[-1] * ratio(steps) / (1 - ratio(steps)))


def _with(factor: Callable[[np.ndarray], float]) -> tuple[Callable[..., bool], ...]:
    """Rules with another factor in the place of the last quotient."""
    return (
        lambda steps, tol: steps[-1] * factor(steps) / (1 - factor(steps)) <= tol,
        lambda steps, tol: steps[-1] / (1 - factor(steps)) <= tol,
        lambda steps, tol: steps[-1] * factor(steps) <= tol,
    )


def _quotients(steps: np.ndarray) -> np.ndarray:
    return steps[1:] / steps[:-1]


def rules(*tried: Callable[[np.ndarray, float], Any]) -> Callable[..., bool]:
    """Whether the answer is what one of these rules makes of all iterations."""
    seen = shows(*(ruled(lambda steps, tol, r=rule: bool(r(steps, tol))) for rule in tried))
    return lambda p, cases, outputs: not _at_once(outputs) and seen(p, cases, outputs)


def _at_once(outputs: list[Any]) -> bool:
    """Whether it always stops at the first question: many rules do, for many reasons."""
    return all(float(row[0]) == 2 for row in outputs)


def _never(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    ends = [end_of(errors_of(share, first), tol) for share, first, tol in cases]
    return all(float(row[0]) == end for row, end in zip(outputs, ends, strict=True))


def _by_factor_alone(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Whether it stops within the first steps or not at all, and both occur."""
    ends = [end_of(errors_of(share, first), tol) for share, first, tol in cases]
    pairs = [(float(row[0]), end) for row, end in zip(outputs, ends, strict=True)]
    return all(t <= 6 or t == end for t, end in pairs) and any(t == end for t, end in pairs)


STOPS = [
    Wrong(
        name="It never stops",
        vague=True,
        when=any_of(_never, rules(lambda steps, tol: np.mean(steps) <= tol)),
        hint="Your rule does not say stop in any of the iterations, until the game is ended "
        "for it. So what it compares with the tolerance does not become small, however near "
        "the goal is. Four things are like that. The sum of all steps that were made, the "
        "longest or the first of them only grow or stay. The factor from step to step "
        "settles at a number such as 0.9, and so does all that is made of it alone. The "
        "steps are never negative and never exactly zero. And a rule without a comparison, "
        "or with its branches exchanged, may return False each time. Print the two sides of "
        "your comparison after every step, and watch which of them shrinks.",
    ),
    Wrong(
        name="The factor alone is tested",
        when=_by_factor_alone,
        hint="Your rule stops after the first few steps in some iterations, and never in the "
        "others. It looks only at how fast the steps shrink. That factor belongs to the "
        "method: it is about the same after ten steps and after a hundred, so it cannot tell "
        "when the goal is near. A fast method has to go on as well until it is there. The "
        "factor is needed all the same, together with the last step: the next step is the "
        "last one times the factor, the one after that is shorter by the factor again, and "
        "so on. Sum all of them, and compare the sum with the tolerance, which is a length.",
    ),
    Wrong(
        name="A square, a root or a logarithm stands on one side only",
        vague=True,
        when=rules(
            lambda steps, tol: steps[-1] ** 2 <= tol,
            lambda steps, tol: steps[-1] <= tol**2,
            lambda steps, tol: np.log(steps[-1]) <= tol,
            lambda steps, tol: np.log10(steps[-1]) <= tol,
            lambda steps, tol: left(steps) ** 2 <= tol,
            lambda steps, tol: left(steps) <= tol**2,
            lambda steps, tol: np.log(left(steps)) <= tol,
            lambda steps, tol: np.log10(left(steps)) <= tol,
            lambda steps, tol: np.sum(steps**2) <= tol,
            lambda steps, tol: steps[-1] ** 2 + steps[-2] ** 2 <= tol,
            lambda steps, tol: steps[-1] ** 2 * ratio(steps) / (1 - ratio(steps)) <= tol,
        ),
        hint="In your comparison one side is a length and the other is the square, the root "
        "or the logarithm of one. The tolerance is the error that is allowed, a length like "
        "the steps themselves. A square of a small number is far smaller than the number: a "
        "hundredth becomes a ten-thousandth, so a squared step passes much too early, and a "
        "squared tolerance much too late. A logarithm is negative long before the number is "
        "small. Take both sides as they are. And then the step alone is still not the error: "
        "what is left is the sum of all steps to come, which you find from the last two.",
    ),
    Wrong(
        name="The factor is not that from one step to the next",
        when=rules(
            *_with(lambda steps: float(np.mean(_quotients(steps)))),
            *_with(lambda steps: float(np.median(_quotients(steps)))),
            *_with(lambda steps: float(np.min(_quotients(steps)))),
            *_with(lambda steps: float((steps[-1] / steps[0]) ** (1 / (len(steps) - 1)))),
            *_with(lambda steps: float((steps[-1] / steps[0]) ** (1 / len(steps)))),
            *_with(lambda steps: float(steps[-1] / steps[0])),
            *_with(lambda steps: float(steps[-1] / steps[0]) / len(steps)),
            *_with(lambda steps: float(steps[-1] / np.mean(steps))),
            *_with(lambda steps: float(steps[-1] / np.sum(steps))),
            *_with(lambda steps: float(steps[-1] / np.sum(steps[:-1]))),
            *_with(lambda steps: float(steps[-1] / steps[-min(3, len(steps))])),
            *_with(lambda steps: float(steps[-1] / (steps[-1] + steps[-2]))),
            *_with(lambda steps: float(1 / len(steps))),
        ),
        hint="You sum up what is to come, but with another factor than the one that is "
        "needed. It is the factor from one step to the next, as it is now: the last step "
        "over the one before. A mean over the whole walk still holds the first steps, which "
        "shrink differently from all later ones here. A quotient of the last step and the "
        "first, or of two steps that are not neighbors, spans several steps and is far too "
        "small. The same is true of the share of one step in a sum. Print your factor after "
        "each step for one of the slow iterations: it should settle at the number that the "
        "reply above gives.",
    ),
    Wrong(
        name="The factor is a difference, not a quotient",
        when=rules(
            *_with(lambda steps: float(steps[-2] - steps[-1])),
            *_with(lambda steps: float(1 - steps[-2] + steps[-1])),
            *_with(lambda steps: float((steps[-2] - steps[-1]) / steps[-2])),
            *_with(lambda steps: float((steps[-2] - steps[-1]) / steps[-1])),
        ),
        hint="The factor by which the steps shrink has been made from the difference of the "
        "last two. A difference tells how many units shorter the last step is; what is "
        "needed is how many times as long it is as the one before, a quotient without a "
        "unit. Even the difference divided by a step is not yet that: it is the share that "
        "was lost, where the share that is kept is asked. Take steps of 1.0 and 0.9: the "
        "factor is 0.9, and not 0.1. The next step will be 0.81, the one after it 0.729, and "
        "all that follow add up to 8.1. Test your function with these numbers.",
    ),
    Wrong(
        name="Only a few of the steps to come are summed",
        when=rules(
            *(
                lambda steps, tol, n=n, low=low: (
                    steps[-1] * sum(ratio(steps) ** k for k in range(low, n)) <= tol
                )
                for n in (3, 4, 5, 6, 8, 9, 10, 11)
                for low in (0, 1)
            ),
        ),
        hint="You foretell some of the steps to come, each shorter than the one before by "
        "the factor of the last two, and add them up. That is the right way, but you stop "
        "adding after a few. For a fast method the rest does not matter. For a slow one it "
        "does: with a factor of nine tenths the tenth step is still a third of the first, "
        "and all that follow it are a third of the whole sum. Take so many that the last of "
        "them is tiny, or use what is known of such a series. Its sum without end is the "
        "first term over one minus the factor.",
    ),
    Wrong(
        name="The number of steps stands in the estimate",
        when=rules(
            lambda steps, tol: steps[-1] * len(steps) <= tol,
            lambda steps, tol: steps[-1] / len(steps) <= tol,
            lambda steps, tol: steps[-1] / np.sqrt(len(steps)) <= tol,
            lambda steps, tol: steps[-1] * np.sqrt(len(steps)) <= tol,
            lambda steps, tol: left(steps) / len(steps) <= tol,
            lambda steps, tol: left(steps) * len(steps) <= tol,
            lambda steps, tol: steps[-1] * ratio(steps) ** len(steps) <= tol,
            lambda steps, tol: steps[-1] * ratio(steps) ** len(steps) / (1 - ratio(steps)) <= tol,
            lambda steps, tol: (
                steps[-1] * (1 - ratio(steps) ** len(steps)) / (1 - ratio(steps)) <= tol
            ),
            lambda steps, tol: steps[0] * ratio(steps) ** len(steps) <= tol,
        ),
        hint="The number of steps that were made enters your estimate. But what is behind "
        "says nothing of how much is ahead: a walk of twenty steps may be at its goal or "
        "have hardly begun. The steps to come do not end after as many as were made, and "
        "their count has no place in a power or a product. They go on without end, each "
        "shorter than the last by the same factor. The sum of all of them needs two things "
        "only: the last step, and the factor, which is this step over the one before. Leave "
        "len(steps) out, unless you want it as an emergency brake.",
    ),
]
