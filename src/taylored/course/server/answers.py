"""Exercises on the server's side: find one, judge an answer, help, each as the browser gets it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taylored.course.pages import exercise_named, help_html, markdown_html
from taylored.course.server.schema import is_exercise
from taylored.errors import ArgumentError

if TYPE_CHECKING:
    from taylored.course.checking import Exercise
    from taylored.course.server.progress import Progress

__all__ = ["attempt", "exercise_names", "find_exercise", "help_with", "known_exercise", "renewed"]
__all__ += ["shown_state"]

_HELP_AFTER = {"again": 1, "worked": 3}  # tries before the second hint and the worked answer
_REFUSED = {
    "again": "A second hint comes after the first try.",
    "worked": "The worked answer comes after three tries, or once the exercise is solved.",
}
_log = logging.getLogger("taylored.course")

Run = Callable[[dict[str, Any]], dict[str, Any]]


@cache
def exercise_names() -> frozenset[str]:
    """The ids of all exercises, found without importing one."""
    folder = Path(__file__).parent.parent / "exercises"
    names = (path.stem[1:].upper() for path in folder.glob("e*.py"))
    return frozenset(name for name in names if is_exercise(name))


def known_exercise(name: Any) -> str:
    """The id itself, where there is such an exercise."""
    if isinstance(name, str) and name in exercise_names():
        return name
    raise ArgumentError(f"There is no exercise {repr(name)[:20]}.",
                        why="their names are 0A to 5J", next_step="reload the page")  # fmt: skip


def find_exercise(name: Any) -> Exercise:
    """The exercise with an id such as 1A."""
    found = exercise_named(known_exercise(name))
    assert found is not None  # its file is there
    return found


def attempt(progress: Progress, exercise: Exercise, answer: Any, run: Run) -> dict[str, Any]:
    """Judge an answer, write it down, and return the reply as the browser gets it.

    Raises:
        InterruptedError: where the course ends meanwhile; nothing is written down then.
    """
    from taylored.course.checking.check import check
    from taylored.course.checking.reply import Reply

    state = progress.state(exercise.id)
    try:
        reply = check(exercise, state["seed"], answer, tries=state["tries"], run=run)
    except InterruptedError:
        raise
    except Exception as error:  # a fault of ours must not cost the learner the page, or a try
        _log.exception("checking %s failed", exercise.id)
        what = f"The answer could not be judged: internal error, {type(error).__name__}."
        reply = Reply(False, f"{what} The terminal shows more. It does not count.", unread=True)
    found = reply.describe()
    progress.tried(exercise.id, state["seed"], answer, found)
    progress.save()
    return _with_html(found)


def _with_html(reply: dict[str, Any]) -> dict[str, Any]:
    """A reply with its hint as HTML, too."""
    return {**reply, "hint_html": markdown_html(reply["hint"]) if reply["hint"] else ""}


def shown_state(progress: Progress, exercise: str) -> dict[str, Any]:
    """The state of an exercise as the browser gets it."""
    state = progress.state(exercise)
    return {**state, "last": _with_html(state["last"]) if state["last"] else None}


def renewed(progress: Progress, exercise: Exercise) -> dict[str, Any]:
    """New numbers for an exercise, and its state with them; code that was written stays."""
    from taylored.course.checking import Code

    progress.another(exercise.id, keep_draft=isinstance(exercise.answer, Code))
    return shown_state(progress, exercise.id)


def help_with(progress: Progress, exercise: Exercise, which: Any) -> str:
    """The second hint ("again") or the worked answer ("worked") as HTML.

    Raises:
        ArgumentError: where it is too early for it.
    """
    state = progress.state(exercise.id)
    if not isinstance(which, str) or which not in _HELP_AFTER:
        raise ArgumentError("There are two kinds of help: again and worked.")
    if not (state["solved"] or state[which] or state["tries"] >= _HELP_AFTER[which]):
        raise ArgumentError(_REFUSED[which])
    html = help_html(exercise.id, state["seed"], which)
    progress.helped(exercise.id, which)
    return html
