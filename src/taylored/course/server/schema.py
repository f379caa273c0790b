"""What a progress file holds, and the strict reading of one: nothing in it is taken on trust."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NoReturn

__all__ = ["ANSWERS", "LARGEST", "LONGEST", "MOST", "MOST_TRIES"]
__all__ += ["Book", "Given", "Record", "UnfitProgress"]
__all__ += ["dumped", "is_exercise", "is_lesson", "read_answer", "read_book", "trimmed"]

LARGEST = 8_000_000  # bytes of a file
LONGEST = 20_000  # characters of an answer, as in `checking.answers`
ANSWERS = 20  # kept for each exercise
_FORMAT = "taylored-course-progress"
_VERSION = 1
MOST = 10**15  # a seed, a time
MOST_TRIES = 10**6
_TEXT = 4_000  # characters of one text of a reply
_PRINTED = 8_000
_FIELDS = 100  # of an answer with several
_REPLY = ("message", "tried", "got", "expected", "gap", "mistake", "hint", "printed")
_TROUBLE = ("kind", "message", "text", "meaning")

Answer = str | list[str]


class UnfitProgress(Exception):
    """A text that is no progress file; `newer` where a later version of taylored wrote it."""

    def __init__(self, why: str, *, newer: bool = False):
        super().__init__(why)
        self.newer = newer


@dataclass(frozen=True)
class Given:
    """An answer that was checked, and when (milliseconds since 1970)."""

    answer: Answer
    right: bool
    at: int


@dataclass
class Record:
    """One learner's work on one exercise; `last` is the last reply, `changed` when it was made."""

    seed: int
    tries: int = 0
    solved: bool = False
    draft: Answer | None = None
    again: bool = False
    worked: bool = False
    last: dict[str, Any] | None = None
    answers: list[Given] = field(default_factory=list)
    changed: int = 0


@dataclass
class Book:
    """All progress of a learner. What was done before `reset` no longer counts."""

    learner: int
    reset: int = 0
    exercises: dict[str, Record] = field(default_factory=dict)
    lessons: dict[str, int] = field(default_factory=dict)  # when each was seen


def is_exercise(text: Any) -> bool:
    """Whether a text has the form of an exercise's id."""
    return isinstance(text, str) and re.fullmatch("[0-5][A-Z]", text) is not None


def is_lesson(text: Any) -> bool:
    """Whether a text has the form of a lesson's id."""
    return isinstance(text, str) and re.fullmatch("[0-5]-[1-9][0-9]?", text) is not None


def dumped(book: Book) -> str:
    """The text of a file."""
    return json.dumps({"format": _FORMAT, "version": _VERSION, **asdict(book)},
                      ensure_ascii=False, indent=1, allow_nan=False)  # fmt: skip


def trimmed(reply: Mapping[str, Any]) -> dict[str, Any]:
    """A reply with its texts cut to the lengths that a file holds."""
    trouble = reply["trouble"]
    if trouble is not None:
        trouble = {**trouble, **{key: _cut(trouble[key], _TEXT) for key in _TROUBLE}}
    texts = {key: _cut(reply[key], _PRINTED if key == "printed" else _TEXT) for key in _REPLY}
    rest = {key: reply[key] for key in ("right", "unread", "line")}
    return {**texts, **rest, "trouble": trouble}


def _cut(text: str, most: int) -> str:
    return text[:most].encode("utf-8", "replace").decode()


# ---- reading --------------------------------------------------------------------------------


def read_book(text: str | bytes) -> Book:
    """The progress in a text.

    Raises:
        UnfitProgress: with what is wrong, in words for the learner.
    """
    if len(text) > LARGEST:
        _unfit(f"it is larger than {LARGEST // 10**6} MB")
    try:
        found = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_once)
    except RecursionError:
        _unfit("it is nested too deeply")
    except ValueError as error:  # also of an encoding that is none, and of numbers without end
        _unfit(f"it is no JSON ({str(error)[:80]})")
    return _book(found)


def _book(found: Any) -> Book:
    if not isinstance(found, dict) or found.get("format") != _FORMAT:
        _unfit("it is not a progress file of this course")
    version = found.get("version")
    if isinstance(version, int) and version > _VERSION:
        raise UnfitProgress("a newer taylored has written it", newer=True)
    _keys("the file", found, {"format", "version", "learner", "reset", "exercises", "lessons"})
    if version != _VERSION or isinstance(version, bool):
        _unfit("its version is unknown")
    exercises = _mapping("exercises", found["exercises"], is_exercise, _record)
    seen = _mapping("lessons", found["lessons"], is_lesson, lambda n, v: _whole(n, v, MOST))
    learner = _whole("learner", found["learner"], 2**31)
    return Book(learner, _whole("reset", found["reset"], MOST), exercises, seen)


def _record(name: str, found: Any) -> Record:
    _keys(name, found, set(Record.__dataclass_fields__))
    draft, last, answers = found["draft"], found["last"], found["answers"]
    if not isinstance(answers, list) or len(answers) > ANSWERS:
        _unfit(f"the answers of {name} are not a list of at most {ANSWERS}")
    return Record(
        seed=_whole(f"the seed of {name}", found["seed"], MOST),
        tries=_whole(f"the tries of {name}", found["tries"], MOST_TRIES),
        solved=_flag(name, found["solved"]),
        draft=None if draft is None else _answer(name, draft),
        again=_flag(name, found["again"]),
        worked=_flag(name, found["worked"]),
        last=None if last is None else _reply(name, last),
        answers=[_given(name, given) for given in answers],
        changed=_whole(f"the time of {name}", found["changed"], MOST),
    )


def _given(name: str, found: Any) -> Given:
    _keys(f"an answer of {name}", found, {"answer", "right", "at"})
    at = _whole(f"the time of an answer of {name}", found["at"], MOST)
    return Given(_answer(name, found["answer"]), _flag(name, found["right"]), at)


def _reply(name: str, found: Any) -> dict[str, Any]:
    _keys(f"the reply of {name}", found, {*_REPLY, "right", "unread", "line", "trouble"})
    _whole(f"the line of {name}", found["line"], 10**6)
    for key in _REPLY:
        _text(name, found[key], _PRINTED if key == "printed" else _TEXT)
    _flag(name, found["right"])
    _flag(name, found["unread"])
    trouble = found["trouble"]
    if trouble is not None:
        _keys(f"the trouble of {name}", trouble, {*_TROUBLE, "line"})
        for key in _TROUBLE:
            _text(name, trouble[key], _TEXT)
        if trouble["line"] is not None:
            _whole(f"the line of {name}", trouble["line"], 10**6)
    return found


def read_answer(found: Any) -> Answer | None:
    """An answer or draft as a browser sends it, where it can be kept: else None."""
    try:
        return _answer("it", found)
    except UnfitProgress:
        return None


def _answer(name: str, found: Any) -> Answer:
    if isinstance(found, str):
        return _text(name, found, LONGEST)
    if not isinstance(found, list) or len(found) > _FIELDS:
        _unfit(f"an answer of {name} is neither a text nor a list of texts")
    texts = [_text(name, part, LONGEST) for part in found]
    if sum(map(len, texts)) > LONGEST:
        _unfit(f"an answer of {name} is too long")
    return texts


# ---- pieces ---------------------------------------------------------------------------------


def _mapping(
    name: str, found: Any, known: Callable[[Any], bool], read: Callable[[str, Any], Any]
) -> dict[str, Any]:
    if not isinstance(found, dict):
        _unfit(f"its {name} are no object")
    for key in found:
        if not known(key):
            _unfit(f"its {name} hold {str(key)[:20]!r}")
    return {key: read(key, value) for key, value in found.items()}


def _keys(name: str, found: Any, wanted: set[str]) -> None:
    if not isinstance(found, dict):
        _unfit(f"{name} is no object")
    if set(found) != wanted:
        odd = sorted(set(found) ^ wanted)[0]
        _unfit(f"{name} {'lacks' if odd in wanted else 'has'} {odd[:30]!r}")


def _whole(name: str, found: Any, most: int) -> int:
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= most:
        _unfit(f"{name} is no whole number from 0 to {most}")
    return found


def _flag(name: str, found: Any) -> bool:
    if not isinstance(found, bool):
        _unfit(f"something of {name} is neither true nor false")
    return found


def _text(name: str, found: Any, most: int) -> str:
    if not isinstance(found, str) or len(found) > most:
        _unfit(f"something of {name} is no text of at most {most} characters")
    try:
        found.encode()
    except UnicodeEncodeError:  # half of a pair, which no file can hold
        _unfit(f"something of {name} is no text")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _unfit(why: str) -> NoReturn:
    raise UnfitProgress(why)
