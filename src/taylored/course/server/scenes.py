"""Scenes for one tab: computed in threads, of each figure only the newest request."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from taylored.course.messages import keyed, sentences
from taylored.course.server.threads import in_thread
from taylored.errors import TayloredError

__all__ = ["Request", "Scenes"]

_MOST_KEYS = 2_000  # still layers that are remembered as sent
_log = logging.getLogger("taylored.course")

Message = dict[str, Any]
Key = tuple[str, str]  # the place of a figure in the page, the fingerprint of its still layers


@dataclass(frozen=True)
class Request:
    """The scene that a figure in a page asks for."""

    id: str
    figure: str
    settings: Any
    moving: bool
    n: int


class Scenes:
    """The figures of one tab. While a scene is computed, the newest further request waits."""

    def __init__(
        self,
        send: Callable[[str], Awaitable[None]],
        draw: Callable[[Request], Message] | None = None,
    ):
        self._send, self._draw = send, draw or _drawn
        self._waiting: dict[str, Request] = {}
        self._at_work: dict[str, asyncio.Task[None]] = {}
        self._sent: set[Key] = set()
        self._reported: set[tuple[str, str]] = set()

    def ask(self, request: Request) -> None:
        """Compute this next; a request that still waits for the same figure is forgotten."""
        self._waiting[request.id] = request
        if request.id not in self._at_work:
            self._at_work[request.id] = asyncio.create_task(self._work(request.id))

    def close(self) -> None:
        """The tab is gone: nothing is computed any more."""
        self._waiting.clear()
        for task in list(self._at_work.values()):
            task.cancel()

    async def _work(self, place: str) -> None:
        try:
            while (request := self._waiting.pop(place, None)) is not None:
                text, keys = await in_thread(partial(self._text, request, frozenset(self._sent)))
                await self._send(text)
                if len(self._sent) > _MOST_KEYS:
                    self._sent.clear()
                self._sent |= keys
        finally:
            del self._at_work[place]

    def _text(self, request: Request, sent: frozenset[Key]) -> tuple[str, set[Key]]:
        """The message as text, without the still layers that this tab has had."""
        keys: set[Key] = set()
        try:
            message = self._draw(request)
            for panel in message["scene"]["panels"]:
                keys |= _without_known(request.id, panel, sent)
            return _dumps(message), keys
        except TayloredError as error:
            return _dumps(_problem(request, sentences(error))), set()
        except Exception as error:
            self._report(request, error)
            what = f"This cannot be drawn: internal error, {type(error).__name__}."
            return _dumps(_problem(request, f"{what} The terminal shows more.")), set()

    def _report(self, request: Request, error: Exception) -> None:
        """A fault of ours to the terminal; once, for a drag would repeat it many times a second."""
        fault = request.figure, type(error).__name__
        if fault not in self._reported:
            self._reported.add(fault)
            _log.exception("the figure %s failed with %r", request.figure, request.settings)


def _drawn(request: Request) -> Message:
    """The message with the scene of a request."""
    from taylored.course.kit.figure import find  # needs NumPy, the first page does not

    scene = find(request.figure).scene(request.settings, moving=request.moving)
    return {"type": "scene", "id": request.id, "n": request.n, "scene": keyed(scene)}


def _without_known(place: str, panel: Message, sent: frozenset[Key]) -> set[Key]:
    key = place, panel["still"]["key"]
    if key in sent:
        panel["still"] = {"key": key[1], "layers": None}
    return {key}


def _problem(request: Request, message: str) -> Message:
    return {"type": "problem", "id": request.id, "n": request.n, "message": message}


def _dumps(message: Message) -> str:
    return json.dumps(message, allow_nan=False, separators=(",", ":"))
