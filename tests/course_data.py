"""What the tests of the course are told by `course_answers_N.py` and `course_truths_N.py`.

`course_answers_N.ANSWERS` maps an exercise's id to `Answers`; `course_truths_N.TRUTHS` maps a
figure's name (`file.name`) to a function of its settings that returns the true values of readings
by their names, found by other means than the figure's own (mpmath, exact rationals, closed forms).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

__all__ = ["Answers", "answer_of", "with_more"]


@dataclass(frozen=True)
class Answers:
    """Answers to an exercise, as a browser sends them; a callable is called with the parameters.

    `right`: the plain answer and at least three equivalent forms. `wrong`: for the name of every
    misconception at least one answer that shows it. `slips`: the same for mistakes that are common
    to all exercises. `other`: wrong answers that match none.
    `crash`: an answer that cannot be read, or code that raises.
    """

    right: Sequence[Any]
    wrong: Mapping[str, Sequence[Any]]
    crash: Any
    other: Sequence[Any] = ()
    slips: Mapping[str, Sequence[Any]] = field(default_factory=dict)


def answer_of(answer: Any, p: Any) -> Any:
    """The answer itself, or made for the drawn parameters."""
    return answer(p) if isinstance(answer, Callable) else answer


def with_more(
    answers: dict[str, Answers],
    right: Mapping[str, Sequence[Any]],
    wrong: Mapping[str, Mapping[str, Sequence[Any]]],
    slips: Mapping[str, Mapping[str, Sequence[Any]]],
) -> None:
    """Add further answers to those of the exercises, in place."""
    for name, had in answers.items():
        more = wrong.get(name, {})
        every = {m: [*had.wrong.get(m, ()), *more.get(m, ())] for m in {**had.wrong, **more}}
        answers[name] = replace(
            had,
            right=[*had.right, *right.get(name, ())],
            wrong=every,
            slips={**had.slips, **slips.get(name, {})},
        )
