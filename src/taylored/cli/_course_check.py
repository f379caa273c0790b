"""`taylored course --check EXERCISE FILE`: the reply to an answer, in the terminal."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from taylored.cli import _output as output
from taylored.errors import ArgumentError, FileReadError

__all__ = ["check_answer"]

_LARGEST = 1_000_000  # characters that are read of a file
_ROWS = ("tried", "got", "expected", "gap")


def check_answer(name: str, file: str, path: Path) -> int:
    """Judge the answer in a file with the learner's own numbers; the try is written down."""
    from taylored.course.sandbox import Runner
    from taylored.course.server.answers import attempt, exercise_names, find_exercise
    from taylored.course.server.progress import Progress

    if name.upper() not in exercise_names():
        raise ArgumentError(f"--check: there is no exercise {name[:20]!r}.",
                            why=f"there are {', '.join(sorted(exercise_names()))}",
                            next_step="write --check 2D answer.py")  # fmt: skip
    text = _read(file)
    exercise = find_exercise(name.upper())
    progress = Progress(path, output.note)
    runner = Runner()
    try:
        reply = attempt(progress, exercise, _answer(exercise.answer, text), runner.run)
    finally:
        runner.close()
    lines = list(_lines(f"{exercise.id}: {exercise.title}", reply))
    if reply["unread"] and (offered := _offered(exercise.answer)):
        lines.append(offered)
    output.emit(output.visible("\n".join(lines)))
    if reply["right"]:
        return 0
    return 2 if reply["unread"] else 5


def _read(file: str) -> str:
    try:
        if file == "-":
            return sys.stdin.read(_LARGEST)
        with Path(file).open(encoding="utf-8") as stream:
            return stream.read(_LARGEST)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise FileReadError(f"--check: {file[:80]!r} cannot be read.", why=why,
                            next_step="give a text file, or -") from None  # fmt: skip


def _answer(kind: Any, text: str) -> str | list[str]:
    """An answer as the browser sends it: of several fields one line each."""
    from taylored.course.checking import Code, Formulas, Match

    if isinstance(kind, Code):
        return text
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    fields = len(getattr(kind, "names", ()))
    one_each = fields > 1 and (len(lines) == fields or isinstance(kind, Formulas))
    return lines if one_each or isinstance(kind, Match) else "\n".join(lines)


def _offered(kind: Any) -> str:
    """What may be chosen, which the terminal does not show otherwise."""
    from taylored.course.checking import Choice, Match

    if isinstance(kind, Choice):
        return f"  one of:   {', '.join(name for name, _ in kind.options)}"
    if isinstance(kind, Match):
        names = ", ".join(name for name, _ in kind.right)
        return f"  a line for each of {len(kind.left)} items, one of: {names}"
    return ""


def _lines(title: str, reply: Mapping[str, Any]) -> Iterator[str]:
    yield title
    yield reply["message"]
    for key in _ROWS:
        if reply[key]:
            yield f"  {key + ':':<10}{reply[key]}"
    trouble = reply["trouble"]
    if trouble:
        if trouble["line"]:
            yield f"  line {trouble['line']}:   {trouble['text'].strip()}"
        yield from _wrapped(trouble["meaning"])
    if reply["hint"]:
        yield ""
        yield from _wrapped(reply["hint"])
    if reply["printed"]:
        yield "  printed:"
        yield from (f"    {line}" for line in reply["printed"].splitlines()[:40])


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 78, initial_indent="  ", subsequent_indent="  ")
