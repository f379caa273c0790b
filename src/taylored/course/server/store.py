"""The progress file: read strictly, replaced in one step, merged where two servers share it."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import SystemRandom

from taylored.course.server.schema import (
    ANSWERS,
    LARGEST,
    Answer,
    Book,
    Given,
    Record,
    UnfitProgress,
    dumped,
    read_book,
)

__all__ = ["Store", "default_path", "kept", "merged", "new_book", "now"]

_KEPT = 40_000  # characters of all answers of an exercise
_WAIT = 3.0  # seconds for the lock


def default_path() -> Path:
    """Where progress is kept unless `--progress` says otherwise."""
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        given = os.environ.get("XDG_DATA_HOME", "")
        base = Path(given) if os.path.isabs(given) else home / ".local" / "share"
    return base / "taylored" / "course.json"


def now() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def new_book() -> Book:
    """No progress, and a learner's number, from which the numbers in the exercises follow."""
    return Book(SystemRandom().randrange(2**31))


class Store:
    """One progress file. Each write takes a lock, reads what is there, and merges with it."""

    def __init__(self, path: Path):
        self.path = Path(os.path.realpath(path))  # a link stays a link
        self._stamp: tuple[int, ...] | None = None

    def load(self) -> tuple[Book | None, str]:
        """What the file holds, None where there is none; and what is to be said of it.

        A damaged file is put aside under another name.

        Raises:
            OSError: where it cannot be read.
            UnfitProgress: where a newer taylored has written it; it is left as it is.
        """
        try:
            with self._locked(must=False):
                return self._read(), ""
        except UnfitProgress as error:
            if error.newer:
                raise
            aside = self._put_aside("damaged")
            return None, (
                f"The progress file could not be used: {error}. It is kept as {aside}, "
                "and progress begins anew."
            )

    def changed_elsewhere(self) -> bool:
        """Whether the file is not as this server last saw it."""
        return self._look() != self._stamp

    def save(self, book: Book) -> Book:
        """Write progress, merged with what another server may have written in the meantime.

        Raises:
            OSError: where it cannot be written.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._locked(must=True):
            there = self._of_another() if self.changed_elsewhere() else None
            whole = merged(book, there) if there else book
            text = dumped(whole)
            if len(text.encode()) > LARGEST:  # it would be taken for a damaged one
                raise OSError(f"it has grown beyond {LARGEST // 10**6} MB")
            self._replace(text)
            self._stamp = self._look()
        return whole

    def keep_copy(self, why: str) -> Path | None:
        """A copy beside the file, before it is emptied; None where there is no file."""
        if not self.path.exists():
            return None
        copy = self._aside_name(why)
        content = self.path.read_bytes()
        copy.touch(mode=0o600, exist_ok=False)  # nobody else reads a copy either
        copy.write_bytes(content)
        return copy

    # ---- the file ----

    def _of_another(self) -> Book | None:
        """What another server has written; a file that is damaged by now is put aside."""
        try:
            return self._read()
        except UnfitProgress as error:
            if error.newer:
                raise OSError("a newer taylored has written the file") from None
            self._put_aside("damaged")
            return None

    def _read(self) -> Book | None:
        if self.path.exists() and not self.path.is_file():  # a pipe would be waited for
            raise OSError("it is no plain file")
        try:
            with self.path.open("rb") as file:
                stamp = _stamp_of(os.fstat(file.fileno()))
                content = file.read(LARGEST + 1)
        except FileNotFoundError:
            return None
        book = read_book(content)
        self._stamp = stamp
        return book

    def _look(self) -> tuple[int, ...] | None:
        try:
            return _stamp_of(self.path.stat())
        except OSError:
            return None

    def _replace(self, text: str) -> None:
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
        _sync_folder(self.path.parent)

    def _put_aside(self, why: str) -> Path:
        aside = self._aside_name(why)
        os.replace(self.path, aside)
        return aside

    def _aside_name(self, why: str) -> Path:
        """A name beside the file that is not taken."""
        stem = f"{self.path.stem}.{why}-{time.strftime('%Y-%m-%d-%H%M%S')}"
        for count in range(1000):
            name = self.path.with_name(f"{stem}{f'-{count}' if count else ''}{self.path.suffix}")
            if not name.exists():
                return name
        raise FileExistsError(f"too many files {stem}")

    @contextlib.contextmanager
    def _locked(self, *, must: bool) -> Iterator[None]:
        """One server at a time; the lock is the system's, and ends with the process.

        Without `must` a folder that takes no lock (it is not there, or read only) is no hindrance.
        """
        try:
            file = (self.path.parent / f".{self.path.name}.lock").open("a")
        except OSError:
            if must:
                raise
            yield
            return
        with file:
            end = time.monotonic() + _WAIT
            while not _lock(file.fileno()):
                if time.monotonic() > end:
                    raise TimeoutError("another program holds the progress file")
                time.sleep(0.02)
            yield


def _stamp_of(found: os.stat_result) -> tuple[int, ...]:
    return found.st_mtime_ns, found.st_size, found.st_ino


def _sync_folder(folder: Path) -> None:
    """The new name is on the disk too, where folders can be told so."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _lock(handle: int) -> bool:
    """Take the lock if it is free."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


# ---- two books into one ---------------------------------------------------------------------


def merged(a: Book, b: Book) -> Book:
    """Both: of each exercise what was done later, and nothing that was done is lost."""
    reset = max(a.reset, b.reset)
    first, second = ({n: r for n, r in x.exercises.items() if r.changed > reset} for x in (a, b))
    exercises = first | second
    for name in first.keys() & second.keys():
        exercises[name] = _both(first[name], second[name])
    seen = sorted([*a.lessons.items(), *b.lessons.items()], key=lambda pair: pair[1])
    lessons = {name: at for name, at in seen if at > reset}  # the later time stays
    learner = min((-x.reset, x.learner) for x in (a, b))[1]
    return Book(learner, reset, exercises, lessons)


def _both(a: Record, b: Record) -> Record:
    old, new = sorted((a, b), key=lambda record: record.changed)
    answers = kept([*old.answers, *(g for g in new.answers if g not in old.answers)])
    if old.seed != new.seed:
        return replace(new, solved=a.solved or b.solved, answers=answers)
    return replace(
        new,
        tries=max(a.tries, b.tries),
        solved=a.solved or b.solved,
        again=a.again or b.again,
        worked=a.worked or b.worked,
        answers=answers,
    )


def kept(answers: list[Given]) -> list[Given]:
    """The last of them, as many as are kept."""
    found: list[Given] = []
    size = 0
    for given in sorted(answers, key=lambda g: g.at)[: -ANSWERS - 1 : -1]:
        size += _size(given.answer)
        if size > _KEPT:
            break
        found.append(given)
    return found[::-1]


def _size(answer: Answer) -> int:
    return len(answer) if isinstance(answer, str) else sum(map(len, answer))
