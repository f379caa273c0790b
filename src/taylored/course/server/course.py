"""What all tabs share: progress, the runner of learner code, who is to be told of a change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from taylored.course.sandbox import Runner
from taylored.course.server.answers import exercise_names, shown_state
from taylored.course.server.background import Background
from taylored.course.server.progress import Progress
from taylored.course.server.threads import in_thread

__all__ = ["Course", "Tab"]

T = TypeVar("T")
_AT_ONCE = 8  # answers being judged, files being written
_PAUSE = 0.7  # seconds after the last letter of a draft


class Tab(Protocol):
    """One open page."""

    async def tell(self, message: dict[str, Any]) -> None: ...


class Course:
    """One run of the course. `tell` is called with what the terminal should say."""

    def __init__(self, path: Path, tell: Callable[[str], None]):
        self.tabs: set[Tab] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._drafts: dict[str, Tab] = {}
        self._first: asyncio.Task[None] | None = None
        self._saving: asyncio.Task[None] | None = None
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._telling: set[asyncio.Task[None]] = set()
        self._tell_terminal = tell
        self.progress = Progress(path, self._notice)
        self.runner = Runner()
        self.background = Background(self.runner.warm)

    def start(self) -> None:
        """Begin in the present event loop."""
        self._loop = asyncio.get_running_loop()
        # At once: the learner's numbers are kept, and a disk that refuses is known of early.
        self._first = asyncio.create_task(self.in_thread(self.progress.save))

    # ---- telling ----

    def _notice(self, text: str) -> None:
        """To the terminal, and to every page that is open; from any thread."""
        self._tell_terminal(text)
        if self._loop is not None:
            message = {"type": "notice", "message": text}
            self._loop.call_soon_threadsafe(self.tell_all, message)

    def tell_all(self, message: dict[str, Any], but: Tab | None = None) -> None:
        """Tell every tab, or every other one; a tab that does not listen holds up no other."""
        for tab in self.tabs - {but}:
            task = asyncio.create_task(tab.tell(message))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    def tell_states(self) -> None:
        """Tell every tab how all exercises stand: progress was exchanged as a whole."""
        for name in exercise_names():
            state = shown_state(self.progress, name)
            self.tell_all({"type": "state", "exercise": name, "state": state})

    # ---- work in threads ----

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Do what may take seconds (learner's code, the disk) in a thread."""
        async with self._places:
            return await in_thread(work)

    # ---- drafts ----

    def draft(self, exercise: str, answer: Any, tab: Tab) -> bool:
        """Keep a draft, and write it down when the typing pauses."""
        if not self.progress.draft(exercise, answer):
            return False
        self._drafts[exercise] = tab
        if self._saving is not None:
            self._saving.cancel()
        self._saving = asyncio.create_task(self._save_later())
        return True

    async def _save_later(self) -> None:
        await asyncio.sleep(_PAUSE)
        drafts, self._drafts = self._drafts, {}
        self._saving = None  # from here on it is not to be stopped half way
        await self.in_thread(self.progress.save)
        for exercise, tab in drafts.items():
            state = shown_state(self.progress, exercise)
            self.tell_all({"type": "state", "exercise": exercise, "state": state}, but=tab)

    async def close(self) -> None:
        """Leave no process behind, and write down what is not yet."""
        self.runner.close()
        if self._saving is not None:
            self._saving.cancel()
        await self.in_thread(self.progress.save)
