"""A learner's progress in memory, written to one file; without a disk the course goes on."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from taylored.course.server.schema import (
    MOST,
    MOST_TRIES,
    Answer,
    Book,
    Given,
    Record,
    UnfitProgress,
    dumped,
    read_answer,
    read_book,
    trimmed,
)
from taylored.course.server.store import Store, kept, merged, new_book, now

__all__ = ["Progress"]

_SEEDS = 10**6
_IN_MEMORY = "Until the course ends, progress is kept in memory alone: export it before."


class Progress:
    """What the learner has done; every method may be called from any thread.

    `tell` is called with each thing that the learner must know of the file, once.
    """

    def __init__(self, path: Path, tell: Callable[[str], None]):
        self.store: Store | None = Store(path)
        self.path = self.store.path
        self.notices: list[str] = []
        self._tell = tell
        self._lock, self._saving = threading.RLock(), threading.Lock()
        self._book = self._loaded()

    def _loaded(self) -> Book:
        assert self.store is not None
        try:
            book, notice = self.store.load()
        except (OSError, UnfitProgress) as error:
            self.store = None
            self._say(f"The progress file {self.path} could not be read: {_why(error)}. ")
            return new_book()
        if notice:
            self._say(notice, in_memory=False)
        return book or new_book()

    def _say(self, text: str, *, in_memory: bool = True) -> None:
        text += _IN_MEMORY if in_memory else ""
        if text not in self.notices:
            self.notices.append(text)
            self._tell(text)

    # ---- what there is ----

    def state(self, exercise: str) -> dict[str, Any]:
        """What a page needs to know of an exercise."""
        with self._lock:
            record = self._record(exercise)
            return {
                "seed": record.seed, "tries": record.tries, "solved": record.solved,
                "draft": copy.copy(record.draft), "again": record.again, "worked": record.worked,
                "last": copy.deepcopy(record.last),
            }  # fmt: skip

    def touched(self) -> list[str]:
        """The exercises in which something was done."""
        with self._lock:
            return sorted(self._book.exercises)

    def seen(self) -> set[str]:
        """The lessons that were opened."""
        with self._lock:
            return set(self._book.lessons)

    def export(self) -> str:
        """All of it, as the text of a file."""
        with self._lock:
            return dumped(self._book)

    def _record(self, exercise: str) -> Record:
        """The record, or a blank one whose numbers are this learner's."""
        found = self._book.exercises.get(exercise)
        if found is not None:
            return found
        return Record(seed=Random(f"{self._book.learner}:{exercise}").randrange(_SEEDS))

    # ---- what is done ----

    def _change(self, exercise: str, **changes: Any) -> None:
        record = self._record(exercise)
        changed = max(now(), record.changed + 1, self._book.reset + 1)
        self._book.exercises[exercise] = replace(record, changed=changed, **changes)

    def draft(self, exercise: str, answer: Any) -> bool:
        """Keep an answer that is being written; false where it is nothing that can be kept."""
        read = read_answer(answer)
        if read is None and answer is not None:
            return False
        with self._lock:
            self._change(exercise, draft=read)
        return True

    def tried(self, exercise: str, seed: int, answer: Any, reply: Mapping[str, Any]) -> None:
        """Keep an answer that was checked with the numbers of a seed, and what was said of it."""
        read = read_answer(answer)
        with self._lock:
            record = self._record(exercise)
            if record.seed != seed:  # new numbers have come in the meantime
                return
            draft = record.draft if read is None else read
            changes: dict[str, Any] = {"draft": draft, "last": trimmed(reply)}
            if not reply["unread"] and read is not None:
                changes |= self._counted(record, read, reply["right"])
            self._change(exercise, **changes)

    def _counted(self, record: Record, answer: Answer, right: bool) -> dict[str, Any]:
        answers = kept([*record.answers, Given(answer, right, now())])
        return {
            "tries": min(record.tries + 1, MOST_TRIES),
            "solved": record.solved or right,
            "answers": answers,
        }

    def helped(self, exercise: str, which: str) -> None:
        """The second hint ("again") or the worked answer ("worked") was shown."""
        with self._lock:
            self._change(exercise, **{which: True})

    def another(self, exercise: str, *, keep_draft: bool) -> None:
        """New numbers: the tries begin anew, what was solved stays solved."""
        with self._lock:
            record = self._record(exercise)
            draft = record.draft if keep_draft else None
            self._change(exercise, seed=(record.seed + 1) % MOST, tries=0, draft=draft, again=False,
                         worked=False, last=None)  # fmt: skip

    def visit(self, lesson: str) -> bool:
        """A lesson was opened; whether that is new."""
        with self._lock:
            new = lesson not in self._book.lessons
            self._book.lessons[lesson] = max(now(), self._book.reset + 1)
            return new

    # ---- the file ----

    def refresh(self) -> None:
        """Take up what another server has written into the same file."""
        if self.store is not None and self.store.changed_elsewhere():
            self.save()

    def save(self) -> None:
        """Write it down; a disk that refuses is named once, and tried again the next time."""
        if self.store is None:
            return
        with self._saving:
            with self._lock:
                book = copy.deepcopy(self._book)
            try:
                whole = self.store.save(book)
            except OSError as error:
                self._say(f"Progress could not be written to {self.path}: {_why(error)}. ")
                return
            with self._lock:
                self._book = merged(self._book, whole)

    def reset(self) -> Path | None:
        """Begin anew; what was there is kept as a copy, whose name is returned.

        Raises:
            OSError: where there can be no copy; nothing is lost then.
        """
        return self._exchange(new_book(), "before-reset")

    def take_in(self, text: str | bytes) -> Path | None:
        """Exchange all progress for that of an exported file; as with `reset`, a copy is kept.

        Raises:
            OSError: where there can be no copy.
            UnfitProgress: where the text is no progress file; nothing is changed then.
        """
        return self._exchange(read_book(text), "before-import")

    def _exchange(self, book: Book, why: str) -> Path | None:
        self.save()
        copied = self.store.keep_copy(why) if self.store is not None else None
        with self._lock:
            at = max(now(), self._book.reset + 1)
            book.reset = at
            for record in book.exercises.values():
                record.changed = at + 1
            book.lessons = dict.fromkeys(book.lessons, at + 1)
            self._book = book
        self.save()
        return copied


def _why(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).rstrip(".")
