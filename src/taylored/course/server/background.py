"""What is made ready behind the reader's back, so that the first touch answers at once."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module

from taylored.course.pages import LESSONS
from taylored.course.server.threads import begin

__all__ = ["Background"]

_PAUSE = 0.8  # seconds for the browser to draw the page first
_log = logging.getLogger("taylored.course")


class Background:
    """One thread at a time: the process for learner code, figures that have to compile."""

    def __init__(self, warm_runner: Callable[[], None]):
        self._warm_runner = warm_runner
        self._ready: set[str] = set()
        self._wanted: str | None = None  # a lesson, or "" for the first page
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def after_page(self, lesson: str = "") -> None:
        """A page was served: make ready what a lesson needs, and what the next one does."""
        with self._lock:
            self._wanted = lesson
            if self._thread is None or not self._thread.is_alive():
                self._thread = begin(self._work)

    def _work(self) -> None:
        time.sleep(_PAUSE)
        self._once("learner code", self._warm_runner)
        while True:
            with self._lock:
                lesson, self._wanted = self._wanted, None
                if lesson is None:
                    self._thread = None
                    return
            for file in _files(lesson):
                self._once(file, partial(_warm_file, file))

    def _once(self, name: str, work: Callable[[], None]) -> None:
        if name in self._ready:
            return
        self._ready.add(name)
        try:
            work()
        except Exception:  # it will fail again, and be shown, where it is asked for
            _log.debug("%s could not be made ready", name, exc_info=True)


def _warm_file(file: str) -> None:
    warm = getattr(import_module(f"taylored.course.figures.{file}"), "warm", None)
    if warm is not None:
        warm()


def _files(lesson: str) -> list[str]:
    """The files of the figures in a lesson and in the one after it; in the first one without."""
    lessons = LESSONS()
    at = next((k for k, one in enumerate(lessons) if one.id == lesson), -1)
    near = lessons[max(at, 0) : at + 2]
    return list(dict.fromkeys(name.partition(".")[0] for one in near for name in one.figures))
