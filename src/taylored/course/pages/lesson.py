"""The lessons as they lie in `lessons/`: front matter, text, and the blocks between the text.

A fault in a file is a `LessonError` that names file and line, for the author.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

__all__ = ["LESSONS", "MODULES", "Lesson", "LessonError", "Module", "Part", "lesson_of"]
__all__ += ["read_lesson"]

_FOLDER = Path(__file__).parent.parent / "lessons"
_FENCE = re.compile(r"```(explore|trust|exercise)\b[ \t]*(.*?)[ \t]*$")
_ARGUMENT = {"explore": r"[a-z]\w*\.[a-z]\w*", "trust": r"[a-z]\w*\.[a-z]\w*",
             "exercise": r"\d[A-Z]"}  # fmt: skip
_FIELDS = {"id": r"[0-5]-\d+", "title": r".{1,80}", "minutes": r"\d{1,3}", "goals": r".+"}


@dataclass(frozen=True)
class Module:
    """One of the six parts of the course: its title, and in a sentence what it is about."""

    number: int
    title: str
    about: str


MODULES = (
    Module(0, "Warm-up", "One variable: what a slope is, and the rules that find it."),
    Module(1, "Multivariate calculus", "Slopes in many directions at once, and what they are for."),
    Module(2, "Chain rule and networks", "Derivatives through many layers, and what they teach."),
    Module(3, "Taylor series", "A polynomial in place of a function, with a bound on its error."),
    Module(4, "Optimization", "Roots, minima and multipliers, and when to stop looking."),
    Module(5, "Regression", "A model through data, and how sure its numbers are."),
)


class LessonError(ValueError):
    """A lesson's file that cannot be read: `file:line: what is wrong`."""

    def __init__(self, path: Path, line: int, what: str) -> None:
        super().__init__(f"{path.name}:{line}: {what}")


@dataclass(frozen=True)
class Part:
    """A stretch of a lesson: "text", or a block ("explore", "trust", "exercise") with its name."""

    kind: str
    name: str
    body: str
    line: int


@dataclass(frozen=True)
class Lesson:
    """A lesson: what stands in its front matter, and its parts in order."""

    id: str
    title: str
    minutes: int
    goals: tuple[str, ...]
    parts: tuple[Part, ...]
    path: Path

    @property
    def module(self) -> Module:
        return MODULES[int(self.id[0])]

    @property
    def exercises(self) -> tuple[str, ...]:
        return self._named("exercise")

    @property
    def figures(self) -> tuple[str, ...]:
        return self._named("explore")

    def _named(self, kind: str) -> tuple[str, ...]:
        return tuple(part.name for part in self.parts if part.kind == kind)


def LESSONS() -> tuple[Lesson, ...]:
    """All lessons in their order; a file that has changed is read again."""
    found = [_read(path, path.stat().st_mtime_ns) for path in _FOLDER.glob("*.md")]
    return tuple(sorted(found, key=lambda lesson: [int(n) for n in lesson.id.split("-")]))


def lesson_of(exercise_id: str) -> tuple[Lesson, Part] | None:
    """The lesson that an exercise stands in, and its block there."""
    for lesson in LESSONS():
        for part in lesson.parts:
            if part.kind == "exercise" and part.name == exercise_id:
                return lesson, part
    return None


@lru_cache(maxsize=256)
def _read(path: Path, changed: int) -> Lesson:
    return read_lesson(path, path.read_text(encoding="utf-8"))


def read_lesson(path: Path, text: str) -> Lesson:
    """The lesson in a text; `path` is for the messages and must begin with its id."""
    lines = text.splitlines()
    fields, start = _front_matter(path, lines)
    if not path.name.startswith(f"{fields['id']}-"):
        raise LessonError(path, 2, f"the id {fields['id']} is not the start of the file's name")
    goals = tuple(goal.strip() for goal in fields["goals"].split(";") if goal.strip())
    return Lesson(fields["id"], fields["title"], int(fields["minutes"]), goals,
                  tuple(_parts(path, lines, start)), path)  # fmt: skip


def _front_matter(path: Path, lines: list[str]) -> tuple[dict[str, str], int]:
    """The fields between the two lines `---`, and the number of lines up to the second one."""
    end = lines.index("---", 1) if lines[:1] == ["---"] and "---" in lines[1:] else 0
    if not end:
        raise LessonError(path, 1, "a lesson begins with its front matter between lines of ---")
    fields: dict[str, str] = {}
    for number, line in enumerate(lines[1:end], start=2):
        key, colon, value = line.partition(":")
        key, value = key.strip(), value.strip()
        if not colon or key not in _FIELDS or key in fields:
            raise LessonError(path, number, f"{line!r} is none of {', '.join(_FIELDS)}")
        if not re.fullmatch(_FIELDS[key], value):
            raise LessonError(path, number, f"{value!r} is no {key}")
        fields[key] = value
    missing = [key for key in _FIELDS if key not in fields]
    if missing:
        raise LessonError(path, end + 1, f"the front matter lacks {', '.join(missing)}")
    return fields, end + 1


def _parts(path: Path, lines: list[str], start: int) -> list[Part]:
    """The lines after the front matter, cut at our blocks; other fences stay in the text."""
    parts: list[Part] = []
    held: list[str] = []
    begun, at = start, start
    while at < len(lines):
        fence = _FENCE.match(lines[at])
        end = _end_of_fence(path, lines, at) if lines[at].startswith("```") else at
        if fence:
            _add_text(parts, held, begun)
            parts.append(_block(path, fence, lines[at + 1 : end], at + 1))
            held, begun = [], end + 1
        else:
            held += lines[at : end + 1]
        at = end + 1
    _add_text(parts, held, begun)
    return parts


def _add_text(parts: list[Part], held: list[str], begun: int) -> None:
    if any(line.strip() for line in held):
        parts.append(Part("text", "", "\n".join(held), begun + 1))


def _end_of_fence(path: Path, lines: list[str], at: int) -> int:
    for end in range(at + 1, len(lines)):
        if lines[end].rstrip() == "```":
            return end
    raise LessonError(path, at + 1, "the block is not closed by a line of ```")


def _block(path: Path, fence: re.Match[str], body: list[str], line: int) -> Part:
    kind, name = fence[1], fence[2]
    if not re.fullmatch(_ARGUMENT[kind], name):
        example = "1A" if kind == "exercise" else "file.name"
        raise LessonError(path, line, f"write `{kind} {example}`, not {name!r}")
    text = "\n".join(body).strip()
    if kind != "trust" and not text:
        raise LessonError(path, line, f"the block of {name} is empty")
    return Part(kind, name, text, line)
