"""Judge an answer: on seeded inputs, against the right answer and against a bank of wrong ones."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np

from taylored.course.checking.answers import LONGEST, Unread, outputs
from taylored.course.checking.common import CommonMistake
from taylored.course.checking.compare import alike, as_array, furthest, shape_of, shown
from taylored.course.checking.draw import agree, draw, expected
from taylored.course.checking.exercise import (
    Case,
    Choice,
    Code,
    Drawn,
    Exercise,
    Judged,
    Match,
)
from taylored.course.checking.mended import Runner, job_of, mended
from taylored.course.checking.mistakes import Asked, entry_name, mistakes
from taylored.course.checking.reply import Reply, Trouble

__all__ = ["SHOWN_AFTER", "check"]

SHOWN_AFTER = 3  # tries after which the expected value is shown

_DRAWN = re.compile(r"<<(\w+)>>")  # a drawn number in a text
_SLOW = 1.0  # seconds of a first run, after which there is no time for changed ones
_CLEAR = ("SyntaxError", "IndentationError", "TabError", "NameError", "PermissionError",
          "ModuleNotFoundError")  # fmt: skip


def check(exercise: Exercise, seed: int, raw: Any, *, tries: int, run: Runner) -> Reply:
    """The reply to an answer; `tries` counts those before it.

    `run` takes a job (`source`, `name`, `calls`, `player`, `parameters`) and answers with
    `outputs` (one per call: {"value": nested lists} or {"trouble": {...}}), `printed`, `trouble`
    (of the whole), `stopped` ("", "time", "memory", "output", "exit"), `seconds`. A job may also
    have `texts`, changes of the source: `sandbox.trials` says what `tried` in the answer is then.
    """
    drawn = draw(exercise, seed)
    printed = ""
    try:
        if isinstance(exercise.answer, Code):
            found, printed, failed, slow = _of_code(exercise, exercise.answer, drawn, raw, run)
            run = _no_more if slow else run
            if failed is not None:
                return _with_change(failed, exercise, drawn, raw, run)
        else:
            found = outputs(exercise, drawn.p, drawn.cases, raw)
    except Unread as error:
        return Reply(False, str(error), unread=True)
    return _judge(exercise, drawn, found, Asked(raw, tries, printed, run))


def _no_more(job: dict[str, Any]) -> dict[str, Any]:
    """In the place of a runner, where code is too slow to be run again and again."""
    return {}


def _of_code(
    exercise: Exercise, answer: Code, drawn: Drawn, raw: Any, run: Runner
) -> tuple[list[Any], str, Reply | None, bool]:
    """The outputs of the learner's function, what it printed, a reply where it failed, whether it
    was slow."""
    if not isinstance(raw, str) or not raw.strip():
        raise Unread("There is no code yet.")
    if len(raw) > LONGEST:
        raise Unread(f"The answer has {len(raw):,} characters; at most {LONGEST:,} are read.")
    done = run(job_of(answer, drawn, raw))
    found, failed = _outputs(exercise, answer, drawn, done)
    return found, done.get("printed", ""), failed, done.get("seconds", 0.0) > _SLOW


def _outputs(
    exercise: Exercise, answer: Code, drawn: Drawn, done: dict[str, Any]
) -> tuple[list[Any], Reply | None]:
    printed = done.get("printed", "")
    if done.get("stopped"):
        return [], Reply(False, done["message"], printed=printed, line=done.get("line", 0))
    if done.get("trouble"):
        return [], _failed(done["trouble"], printed)
    found = []
    for case, output in zip(drawn.cases, done["outputs"], strict=False):
        if "trouble" in output:
            return [], _failed(output["trouble"], printed, _call(exercise, case))
        found.append(as_array(output["value"]))
    if len(found) != len(drawn.cases) and not (answer.player and found):
        return [], _forged(printed)
    return found, None


def _forged(printed: str) -> Reply:
    """To outputs that our own process cannot have written: the code itself wrote in their place."""
    said = "The process of the code did not answer every call. Print nothing but with print()."
    return Reply(False, said, printed=printed)


def _failed(trouble: dict[str, Any], printed: str, tried: str = "") -> Reply:
    said = Trouble(**trouble)
    where = f" in line {said.line}" if said.line else ""
    return Reply(False, f"The code stopped{where} with {said.kind}: {said.message}",
                 trouble=said, printed=printed, tried=tried)  # fmt: skip


def _with_change(failed: Reply, exercise: Exercise, drawn: Drawn, raw: str, run: Runner) -> Reply:
    """The reply to code that stopped, with the one small change that makes it right, if any."""
    trouble = failed.trouble
    if trouble is None or trouble.kind in _CLEAR or "`...`" in trouble.message:
        return failed
    change = mended(exercise, drawn, raw, run)
    if change is None:
        return failed
    name = change.mistake.name
    return replace(failed, message=f"{failed.message.rstrip('.')}. {change.where}{name}.",
                   mistake=name, hint=change.mistake.hint, line=change.line)  # fmt: skip


def _judge(exercise: Exercise, drawn: Drawn, found: list[Any], asked: Asked) -> Reply:
    try:
        said = _compared(exercise, drawn, found, asked.tries) if exercise.judge is None else (
            exercise.judge(drawn.p, drawn.cases, found))  # fmt: skip
    except (ArithmeticError, IndexError, TypeError, ValueError):
        if not getattr(exercise.answer, "player", ""):  # a player's outputs have their form
            raise
        return _forged(asked.printed)
    reply = Reply(said.right, "Right.", said.tried, said.got, said.expected, said.gap,
                  printed=asked.printed)  # fmt: skip
    if said.right:
        return reply
    with np.errstate(all="ignore"):  # a learner's numbers may be anything
        seen = mistakes(exercise, drawn, found, asked)
    message = " ".join(["Not yet.", *(f"{found.where}{found.mistake.name}." for found in seen)])
    if not seen:
        return replace(reply, message=message)
    # Of a mistake of form and a place in the learner's own text the place says more.
    first = seen[-1].mistake if isinstance(seen[0].mistake, CommonMistake) else seen[0].mistake
    return replace(reply, message=message, mistake=first.name, hint=first.hint, line=seen[-1].line)


def _compared(exercise: Exercise, drawn: Drawn, found: list[Any], tries: int) -> Judged:
    """Compare with the right answer; show the first input where they differ."""
    rights = [expected(exercise, drawn.p, case) for case in drawn.cases]
    fits = [agree(exercise, got, right) for got, right in zip(found, rights, strict=True)]
    at = fits.index(False) if False in fits else 0
    got, right = found[at], rights[at]
    show = all(fits) or tries + 1 >= SHOWN_AFTER
    hidden = f"{shape_of(right)} (shown after {SHOWN_AFTER} tries)"
    wanted = _said(exercise, drawn, right, True) if show else hidden
    return Judged(all(fits), _call(exercise, drawn.cases[at]), _said(exercise, drawn, got), wanted,
                  "" if all(fits) else _gap(exercise, got, right))  # fmt: skip


def _said(exercise: Exercise, drawn: Drawn, value: Any, formulas: bool = False) -> str:
    """An output as the learner knows it: choices by their words, and not by our names of them."""
    answer = exercise.answer
    if not isinstance(answer, Match | Choice) or not isinstance(value, tuple):
        return shown(value)
    texts: dict[str, str] = dict(answer.right if isinstance(answer, Match) else answer.options)
    said = [texts.get(str(v), str(v)) for v in value]
    if not formulas and any(text.startswith("curve:") for text in said):
        return f"{len(said)} graphs"
    said = [text.removeprefix("curve:").strip() for text in said]
    said = [_DRAWN.sub(lambda m: str(vars(drawn.p).get(m[1], m[0])), text) for text in said]
    if any("$" in text for text in said):
        return shown(value)
    return "; ".join(f"{k}: {text}" for k, text in enumerate(said, 1)) if len(said) > 1 else said[0]


def _gap(exercise: Exercise, got: Any, right: Any) -> str:
    """How far off, in words."""
    if isinstance(right, tuple) or isinstance(got, tuple):
        if len(right) > 1 and len(got) == len(right):
            return f"{sum(a != b for a, b in zip(got, right, strict=True))} of {len(right)} differ"
        return ""
    fitted = alike(got, right)
    if fitted is None:
        return f"that is {shape_of(got)}, expected {shape_of(right)}"
    at, gap = furthest(fitted, right)
    where = f" in {entry_name(exercise, at)}" if at and right.size > 1 else ""
    if not np.isfinite(gap):
        return f"not a finite number{where}"
    return f"off by {gap:.3g}{where}"


def _call(exercise: Exercise, case: Case) -> str:
    """The input as a learner reads it: `gradient(0.73, 1.42)`, `x = 0.73, y = 1.42`."""
    answer = exercise.answer
    if not case:
        return ""
    values = [shown(as_array(v)) if not isinstance(v, str) else repr(v) for v in case]
    if isinstance(answer, Code):
        return f"{answer.name}({', '.join(values)})"
    names = getattr(answer, "variables", ())
    return ", ".join(f"{n} = {v}" for n, v in zip(names, values, strict=False))
