"""Answers that one small change makes right: where the change is, and of what kind.

The learner's own text is changed, not ours: so a slip is found in whatever form the answer has.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from taylored.course.checking.answers import Unread, outputs
from taylored.course.checking.common import CommonMistake
from taylored.course.checking.compare import as_array
from taylored.course.checking.draw import agree, expected
from taylored.course.checking.exercise import Case, Code, Drawn, Exercise, Formulas
from taylored.course.checking.paper import plain, without_label
from taylored.course.checking.repairs import Repair, repairs

__all__ = ["Mended", "is_right", "job_of", "mended"]

_MOST = 3_000  # texts
_SECONDS = 0.5  # to make the texts of a program, and to judge them; to try those of a formula
_SHOWN = 50  # characters of the place

Runner = Callable[[dict[str, Any]], dict[str, Any]]


class Mended(NamedTuple):
    """The kind of the change, and its place in words: "In line 4, at `2*x`: "."""

    mistake: CommonMistake
    where: str
    line: int  # of a program, else 0


def mended(exercise: Exercise, drawn: Drawn, raw: Any, run: Runner) -> Mended | None:
    """The single small change that makes an answer right, if there is one."""
    try:
        if isinstance(exercise.answer, Code):
            return _in_code(exercise, exercise.answer, drawn, raw, run)
        if isinstance(exercise.answer, Formulas):
            return _in_formulas(exercise, exercise.answer, drawn, raw)
    except RecursionError:  # an expression that is nested too deep to be taken apart
        pass
    return None


def is_right(exercise: Exercise, drawn: Drawn, found: Sequence[Any]) -> bool:
    """Whether outputs are those of a right answer."""
    if exercise.judge is not None:
        return exercise.judge(drawn.p, drawn.cases, list(found)).right
    return all(
        agree(exercise, got, expected(exercise, drawn.p, case))
        for case, got in zip(drawn.cases, found, strict=True)
    )


def job_of(answer: Code, drawn: Drawn, source: str) -> dict[str, Any]:
    """What a runner needs to run a learner's code on all cases."""
    return {"source": source, "name": answer.name, "player": answer.player,
            "calls": [list(c) for c in drawn.cases], "parameters": vars(drawn.p)}  # fmt: skip


def _in_code(
    exercise: Exercise, answer: Code, drawn: Drawn, raw: str, run: Runner
) -> Mended | None:
    found = list(_in_time(repairs(raw), time.monotonic() + _SECONDS))
    if not found:
        return None
    job = {**job_of(answer, drawn, raw), "texts": [repair.text for repair in found]}
    if exercise.judge is None:
        rights = [expected(exercise, drawn.p, case) for case in drawn.cases]
        job |= {"wanted": [right.tolist() for right in rights], "tolerance": exercise.tolerance}
    best, tried = None, run(job).get("tried", [])
    for trial in _in_time(tried, time.monotonic() + _SECONDS):
        values = [as_array(v) for v in trial["values"]]
        if 0 <= trial["number"] < len(found) and _fits(exercise, drawn, values):
            best = best if best is not None else trial["number"]
            if _is_model(exercise, drawn, values):
                best = trial["number"]
                break
    if best is None or not _is_right_alone(exercise, answer, drawn, found[best].text, run):
        return None
    return _named(found[best], program=True)


def _in_time(items: Iterable[Any], end: float) -> Iterator[Any]:
    """As many as can be looked at until then."""
    for item in islice(items, _MOST):
        if time.monotonic() > end:
            return
        yield item


def _is_right_alone(exercise: Exercise, answer: Code, drawn: Drawn, text: str, run: Runner) -> bool:
    """Whether a text is right in a process of its own, where no other has run before it."""
    done = run(job_of(answer, drawn, text))
    if done.get("stopped") or done.get("trouble"):
        return False
    values = [as_array(output["value"]) for output in done["outputs"] if "value" in output]
    return len(values) == len(done["outputs"]) and _fits(exercise, drawn, values)


def _is_model(exercise: Exercise, drawn: Drawn, values: list[Any]) -> bool:
    """Whether outputs are those of the right model itself, where a judge lets others pass too."""
    pairs = zip(drawn.cases, values, strict=True)
    return all(agree(exercise, v, expected(exercise, drawn.p, case)) for case, v in pairs)


def _fits(exercise: Exercise, drawn: Drawn, values: list[Any]) -> bool:
    try:
        return is_right(exercise, drawn, values)
    except (ArithmeticError, AttributeError, IndexError, TypeError, ValueError):  # of another form
        return False


def _in_formulas(exercise: Exercise, answer: Formulas, drawn: Drawn, raw: Any) -> Mended | None:
    """The change in the first wrong field; of several wrong fields each must have one."""
    texts = [str(t) for t in raw] if isinstance(raw, list | tuple) else [str(raw)]
    known = {*answer.variables, *vars(drawn.p)}
    first, end = None, time.monotonic() + _SECONDS
    for at, text in enumerate(texts):
        if exercise.judge is None and _is_right_at(exercise, drawn, texts, at):
            continue
        read = plain(without_label(text), known).replace("^", "**")
        for repair in _in_time(repairs(read, formula=True), end):
            changed = [*texts[:at], repair.text, *texts[at + 1 :]]
            if _is_right_at(exercise, drawn, changed, at):
                first = first or _named(repair, answer.names[at] if len(texts) > 1 else "")
                break
        else:
            if exercise.judge is None:
                return None
    return first


def _is_right_at(exercise: Exercise, drawn: Drawn, texts: list[str], at: int) -> bool:
    """Whether a field is right; of a judged answer only the whole is."""
    if exercise.judge is not None:
        found = _read(exercise, drawn, drawn.cases, texts)
        return bool(found) and _fits(exercise, drawn, found)
    for case in drawn.cases:  # most texts differ at the first
        found, right = _read(exercise, drawn, [case], texts), expected(exercise, drawn.p, case)
        if not found:
            return False
        whole = exercise.same is not None or len(texts) == 1
        pair = (found[0], right) if whole else (np.ravel(v)[at] for v in (found[0], right))
        if not agree(exercise, *map(as_array, pair)):
            return False
    return True


def _read(exercise: Exercise, drawn: Drawn, cases: list[Case], texts: list[str]) -> list[Any]:
    try:
        return outputs(exercise, drawn.p, cases, texts)
    except Unread:
        return []


def _named(repair: Repair, field: str = "", *, program: bool = False) -> Mended:
    place = f"line {repair.line}" if program else field
    part = " in ".join(f"`{_short(text)}`" for text in (repair.before, repair.around) if text)
    where = f"In {place}, at {part}: " if place else f"At {part}: "
    return Mended(repair.mistake, where, repair.line if program else 0)


def _short(text: str) -> str:
    text = " ".join(text.replace("`", "'").split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
