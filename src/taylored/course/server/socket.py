"""The one WebSocket of a page: scenes, answers, help, drafts, as the protocol has them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from taylored.course.messages import sentences
from taylored.course.pages import exercise_html
from taylored.course.server.answers import (
    attempt,
    find_exercise,
    help_with,
    known_exercise,
    renewed,
    shown_state,
)
from taylored.course.server.course import Course
from taylored.course.server.scenes import Request, Scenes
from taylored.course.server.schema import LONGEST, is_lesson
from taylored.errors import ArgumentError, TayloredError

__all__ = ["MESSAGE_BYTES", "PageTab"]

MESSAGE_BYTES = 16 * 2**20  # the most that is received at all
_READ = 4 * 2**20  # characters that are read as JSON
_FIGURES = 200  # of one page
_TABS = 64

Message = dict[str, Any]
_log = logging.getLogger("taylored.course")


class PageTab:
    """One connection: an open page."""

    def __init__(self, socket: WebSocket, course: Course):
        self.socket, self.course = socket, course
        self.scenes = Scenes(self._send)
        self._figures: set[str] = set()
        self._checking: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._sending = asyncio.Lock()

    async def serve(self) -> None:
        """Answer until the page is gone."""
        if len(self.course.tabs) >= _TABS:
            return await self.socket.close(1013, "too many tabs of the course are open")
        await self.socket.accept()
        self.course.tabs.add(self)
        try:
            for notice in self.course.progress.notices:
                await self.tell({"type": "notice", "message": notice})
            while True:
                await self._read(await self._received())
        except WebSocketDisconnect:
            pass
        finally:
            self.course.tabs.discard(self)
            self.scenes.close()

    async def tell(self, message: Message) -> None:
        """Send a message; to a page that has just gone, nothing."""
        await self._send(json.dumps(message, separators=(",", ":")))

    async def _send(self, text: str) -> None:
        async with self._sending:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # it has just closed
                await self.socket.send_text(text)

    # ---- what comes in ----

    async def _received(self) -> str | None:
        """The next text; None where it was something else."""
        message = await self.socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1000))
        return message.get("text")

    async def _read(self, text: str | None) -> None:
        """Do what a message asks for, or say why not; the connection stays."""
        message: Any = None
        try:
            message = _parsed(text)
            await self._do(message)
        except TayloredError as error:
            await self._refuse(message, sentences(error))
        except WebSocketDisconnect:
            raise
        except Exception as error:
            await self._refuse(message, _internal(error))

    async def _refuse(self, message: Any, why: str) -> None:
        """Say why a message had no effect: under its figure, at its exercise, or in the page."""
        more = message if isinstance(message, dict) else {}
        told = {k: more[k] for k in ("exercise", "n", "id") if _short(more.get(k))}
        kind = "problem" if more.get("type") == "scene" else "refused"
        await self.tell({"type": kind, "message": why, **told})

    async def _do(self, message: Message) -> None:
        known: dict[str, Callable[[Message], Awaitable[None]]] = {
            "scene": self._scene, "check": self._check, "draft": self._draft,
            "help": self._help, "another": self._another, "seen": self._seen,
        }  # fmt: skip
        kind = message.get("type")
        if not isinstance(kind, str) or kind not in known:
            raise ArgumentError(f"The server knows no message {str(kind)[:20]!r}.",
                                next_step="reload the page")  # fmt: skip
        await known[kind](message)

    async def _scene(self, message: Message) -> None:
        place, figure = message.get("id"), message.get("figure")
        if not isinstance(place, str) or not 0 < len(place) <= 60 or not isinstance(figure, str):
            raise ArgumentError("A figure in the page has no name.", next_step="reload the page")
        if place not in self._figures and len(self._figures) >= _FIGURES:
            raise ArgumentError(f"A page has at most {_FIGURES} figures.")
        self._figures.add(place)
        moving = message.get("moving") is True
        request = Request(place, figure, message.get("settings", {}), moving, _count(message))
        self.scenes.ask(request)

    async def _check(self, message: Message) -> None:
        name, n = known_exercise(message.get("exercise")), _count(message)
        if name in self._checking:
            raise ArgumentError("The last answer is still being checked.")
        self._checking.add(name)
        # A task of its own, which goes on where the page is closed: the try is written down.
        task = asyncio.create_task(self._judge(name, message.get("answer"), n))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _judge(self, name: str, answer: Any, n: int) -> None:
        course = self.course

        def judge() -> tuple[Message, Message]:
            reply = attempt(course.progress, find_exercise(name), answer, course.runner.run)
            return reply, shown_state(course.progress, name)

        try:
            reply, state = await course.in_thread(judge)
        except InterruptedError:  # the course ends, and its pages with it
            return
        except Exception as error:
            return await self._refuse({"exercise": name, "n": n}, _internal(error))
        finally:
            self._checking.discard(name)
        await self.tell({"type": "reply", "exercise": name, "n": n, "reply": reply,
                         "state": state})  # fmt: skip
        self._tell_others(name, state)

    async def _draft(self, message: Message) -> None:
        name = known_exercise(message.get("exercise"))
        if not self.course.draft(name, message.get("answer"), self):
            raise ArgumentError(f"The draft is not kept: it has more than {LONGEST:,} characters, "
                                "or is no text.")  # fmt: skip

    async def _help(self, message: Message) -> None:
        name, which = known_exercise(message.get("exercise")), message.get("which")
        progress = self.course.progress

        def help_and_save() -> str:
            html = help_with(progress, find_exercise(name), which)
            progress.save()
            return html

        html = await self.course.in_thread(help_and_save)
        await self.tell({"type": "help", "exercise": name, "which": which,
                         "n": _count(message), "html": html})  # fmt: skip
        self._tell_others(name, shown_state(progress, name))

    async def _another(self, message: Message) -> None:
        name = known_exercise(message.get("exercise"))
        progress = self.course.progress

        def renew() -> tuple[str, Message]:
            state = renewed(progress, find_exercise(name))
            progress.save()
            return exercise_html(name, state["seed"], state), state

        html, state = await self.course.in_thread(renew)
        await self.tell({"type": "exercise", "exercise": name, "n": _count(message),
                         "html": html, "state": state})  # fmt: skip
        self._tell_others(name, state)

    async def _seen(self, message: Message) -> None:
        lesson = message.get("lesson")
        if not isinstance(lesson, str) or not is_lesson(lesson):
            raise ArgumentError("There is no such lesson.", next_step="reload the page")
        if self.course.progress.visit(lesson):
            await self.course.in_thread(self.course.progress.save)

    def _tell_others(self, exercise: str, state: Message) -> None:
        message = {"type": "state", "exercise": exercise, "state": state}
        self.course.tell_all(message, but=self)


def _parsed(text: str | None) -> Message:
    if text is None:
        raise ArgumentError("The server reads text only.", next_step="reload the page")
    if len(text) > _READ:
        raise ArgumentError(f"The message has {len(text):,} characters; at most {_READ:,} are "
                            "read.", next_step="make it shorter")  # fmt: skip
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ArgumentError("A message could not be read.", next_step="reload the page")
    return found


def _internal(error: Exception) -> str:
    """A fault of ours, in the terminal with its traceback and in the page in a sentence."""
    _log.error("a message of a page failed", exc_info=error)
    return f"This did not work: internal error, {type(error).__name__}. The terminal shows more."


def _count(message: Message) -> int:
    n = message.get("n", 0)
    if isinstance(n, bool) or not isinstance(n, int) or abs(n) > 2**53:
        raise ArgumentError("A message has no number.", next_step="reload the page")
    return n


def _short(value: Any) -> bool:
    return isinstance(value, str | int) and len(str(value)) <= 60
