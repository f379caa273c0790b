"""Which mistake explains a wrong answer: the exercise's own, a common one, a small change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from taylored.course.checking.brackets import BRACKETS, unbracketed
from taylored.course.checking.common import (
    ARITHMETIC,
    COMMON,
    INFINITE,
    MORE,
    MOVED,
    NEARLY,
    CommonMistake,
    has_more,
    is_moved,
    is_rounded,
    is_whole,
)
from taylored.course.checking.compare import same
from taylored.course.checking.draw import agree, expected, wrong_output
from taylored.course.checking.exercise import Code, Drawn, Exercise, Wrong
from taylored.course.checking.mended import Mended, Runner, mended
from taylored.course.checking.partly import Partly, in_part, placed, slipped

__all__ = ["Asked", "Found", "entry_name", "mistakes", "recognize"]

_NEARLY = 0.05  # relative: one digit, or two


class Asked(NamedTuple):
    """An answer as it was given, how often one was given before, and what ran it."""

    raw: Any
    tries: int
    printed: str
    run: Runner


class Found(NamedTuple):
    """A mistake, and where it was made if not everywhere: in words, and the line of a program."""

    mistake: Wrong | CommonMistake
    where: str = ""
    line: int = 0


def mistakes(exercise: Exercise, drawn: Drawn, found: list[Any], asked: Asked) -> list[Found]:
    """The mistake that explains an answer; after a vague one the small change that mends it.

    First the exercise's own, in all entries or in some; then lost parentheses, those common to all
    exercises, small slips in a formula, single changes of the learner's own text, the exercise's
    last ones, mistakes in some of the entries, and too few digits.
    """
    wrong = recognize(exercise, drawn, found)
    if wrong is None:
        part = in_part(exercise, drawn, found)
        if part and isinstance(part[0], Wrong) and part[2]:
            return [_placed(exercise, part)]
        field = unbracketed(exercise, drawn, asked.raw)
        if field is not None:
            return [Found(BRACKETS, f"In {entry_name(exercise, (field,))}: ")]
        wrong = _common(exercise, drawn, found)
        if wrong is None:
            return _small(exercise, drawn, found, asked, part)
    vague = isinstance(wrong, CommonMistake) or wrong.vague
    change = mended(exercise, drawn, asked.raw, asked.run) if vague else None
    where = _exchanged(exercise, drawn, found) if wrong is MOVED else ""
    return [Found(wrong, where), *_changed(change)]


def _exchanged(exercise: Exercise, drawn: Drawn, found: list[Any]) -> str:
    """Where the first number stands that belongs elsewhere, and where that is."""
    for got, right in _pairs(exercise, drawn, found):
        wrong = ~np.isclose(got, right, rtol=5e-3, atol=0)
        for at in zip(*np.nonzero(wrong), strict=True):
            home = np.argwhere(np.isclose(right, got[at], rtol=5e-3, atol=0) & wrong)
            if len(home):
                there = entry_name(exercise, tuple(int(i) for i in home[0]))
                here = entry_name(exercise, tuple(int(i) for i in at))
                return f"In {here} stands what belongs in {there}: "
    return ""


def _small(
    exercise: Exercise, drawn: Drawn, found: list[Any], asked: Asked, part: Partly | None
) -> list[Found]:
    """Mistakes that no model of the whole answer has."""
    last = recognize(exercise, drawn, found, last=True)
    part = part or (None if last else slipped(exercise, drawn, found))
    change = mended(exercise, drawn, asked.raw, asked.run)
    if part and part[2] and not last:
        slip = Found(part[0], change.where, change.line) if change else _placed(exercise, part)
        return [slip]
    if last or change:
        return [*([Found(last)] if last else []), *_changed(change)]
    if part:
        return [_placed(exercise, part)]
    near = _nearly(exercise, drawn, found)
    part = None if near else placed(exercise, drawn, found)
    return [Found(near)] if near else [_placed(exercise, part)] if part else []


def _changed(change: Mended | None) -> list[Found]:
    return [Found(*change)] if change else []


def _placed(exercise: Exercise, part: Partly) -> Found:
    named = part[1] and exercise.judge is None
    return Found(part[0], f"In {entry_name(exercise, part[1])}: " if named else "")


def entry_name(exercise: Exercise, at: tuple[int, ...]) -> str:
    """The name of an entry: that of its field, or its place, counted from 0 in code alone."""
    names = getattr(exercise.answer, "names", ())
    if len(at) == 1 and at[0] < len(names):
        return names[at[0]]
    if isinstance(exercise.answer, Code):
        return f"entry {list(at)}"
    if len(at) == 2:
        return f"row {at[0] + 1}, column {at[1] + 1}"
    return f"entry {', '.join(str(k + 1) for k in at)}"


def recognize(
    exercise: Exercise, drawn: Drawn, found: list[Any], last: bool = False
) -> Wrong | None:
    """The first wrong model that an answer agrees with on every input."""
    for wrong in exercise.wrong:
        if wrong.last is not last:
            continue
        if wrong.when is not None and _is_seen(wrong.when, drawn, found):
            return wrong
        if any(_is_of(exercise, model, drawn, found) for model in wrong.models):
            return wrong
    return None


def _is_seen(when: Callable[..., bool], drawn: Drawn, found: list[Any]) -> bool:
    """Whether a mistake shows in an answer; not where the answer has another form than it."""
    try:
        return bool(when(drawn.p, drawn.cases, found))
    except (ArithmeticError, IndexError, TypeError, ValueError):
        return False


def _is_of(exercise: Exercise, model: Any, drawn: Drawn, found: list[Any]) -> bool:
    """Whether the answer is what a wrong model gives, on every input."""
    return all(
        agree(exercise, got, wrong_output(model, drawn.p, case))
        for case, got in zip(drawn.cases, found, strict=True)
    )


def _pairs(exercise: Exercise, drawn: Drawn, found: list[Any]) -> list[tuple[Any, Any]]:
    """Outputs and right answers, where they are numbers."""
    if exercise.judge is not None:
        return []
    rights = [expected(exercise, drawn.p, case) for case in drawn.cases]
    if any(isinstance(v, tuple) for v in (*rights, *found)):
        return []
    return list(zip(found, rights, strict=True))


def _common(exercise: Exercise, drawn: Drawn, found: list[Any]) -> CommonMistake | None:
    """A mistake of form that explains the answer on every input."""
    pairs = _pairs(exercise, drawn, found)
    for mistake in COMMON if pairs else ():
        if all(
            any(agree(exercise, got, bad) for bad in mistake.spoil(right)) for got, right in pairs
        ):
            return mistake
    if not all(np.isfinite(got).all() for got, _ in pairs):
        return INFINITE
    if pairs and all(has_more(got, right) for got, right in pairs):
        return MORE
    return MOVED if pairs and all(is_moved(got, right) for got, right in pairs) else None


def _nearly(exercise: Exercise, drawn: Drawn, found: list[Any]) -> CommonMistake | None:
    pairs = _pairs(exercise, drawn, found)
    near = pairs and all(same(got, right, _NEARLY) for got, right in pairs)
    cut = pairs and all(is_rounded(got, right) for got, right in pairs)
    if near and not cut and all(is_whole(got) and is_whole(right) for got, right in pairs):
        return ARITHMETIC
    return NEARLY if near or cut else None
