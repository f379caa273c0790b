"""The way in from another machine: a page that asks for the password, and is slow to guessers."""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from taylored.course.server.refusals import page, respond

__all__ = ["Attempts", "Login"]

_BODY = 4096  # bytes of a form
_FORM = (
    '<form method="post" action="/login"><p><label>Password <input type="password" '
    'name="password" autocomplete="current-password" required autofocus></label> '
    "<button>Enter</button></p></form>"
)
_HEADERS = {"referrer-policy": "same-origin"}  # with no-referrer a form names no origin


class Attempts:
    """Wrong passwords of the last minute: few from one address, not many from all together."""

    def __init__(self, each: int = 5, together: int = 20, seconds: float = 60.0):
        self.each, self.together, self.seconds = each, together, seconds
        self._wrong: deque[tuple[float, str]] = deque()

    def wait(self, address: str, now: float) -> float:
        """Seconds until this address may try again; 0 where it may at once."""
        while self._wrong and self._wrong[0][0] <= now - self.seconds:
            self._wrong.popleft()
        own = [at for at, who in self._wrong if who == address]
        if len(own) >= self.each:
            return own[-self.each] + self.seconds - now
        if len(self._wrong) >= self.together:
            return self._wrong[-self.together][0] + self.seconds - now
        return 0.0

    def wrong(self, address: str, now: float) -> None:
        """Count one."""
        self._wrong.append((now, address))

    def right(self, address: str) -> None:
        """Forget those of an address."""
        self._wrong = deque(pair for pair in self._wrong if pair[1] != address)


class Login:
    """Answers `/login`: the form, and the password it sends."""

    def __init__(
        self, password: str, cookie: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.password, self.cookie, self.clock = password, cookie, clock
        self.attempts = Attempts()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        for message in await self._answer(scope, receive):
            await send(message)

    async def _answer(self, scope: Any, receive: Any) -> list[dict[str, Any]]:
        if scope["method"] in ("GET", "HEAD"):
            return _form(200, "The course asks for its password")
        if scope["method"] != "POST":
            return _form(405, "The password is sent by the form below")
        address = (scope.get("client") or ("",))[0]
        wait = self.attempts.wait(address, self.clock())
        if wait > 0:
            title = f"Too many wrong passwords: try again in {wait:.0f} seconds"
            return _form(429, title, {"retry-after": f"{wait:.0f}"})
        # Counted before it is looked at: many at once are no way around the limit.
        self.attempts.wrong(address, self.clock())
        given = _password(await _body(receive))
        if not secrets.compare_digest(given.encode(), self.password.encode()):
            return _form(403, "That is not the password")
        self.attempts.right(address)
        return respond(303, b"", _HEADERS | {"set-cookie": self.cookie, "location": "/"})


def _form(status: int, title: str, headers: dict[str, str] | None = None) -> list[dict[str, Any]]:
    return respond(status, page(title, _FORM), _HEADERS | (headers or {}))


async def _body(receive: Callable[[], Awaitable[MutableMapping[str, Any]]]) -> bytes:
    """The body, or nothing where it is longer than any form of ours."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] != "http.request" or len(body) > _BODY:
            return b""
        if not message.get("more_body", False):
            return body


def _password(body: bytes) -> str:
    try:
        found = parse_qs(body.decode("utf-8"), max_num_fields=4, keep_blank_values=True)
    except ValueError:
        return ""
    return found.get("password", [""])[0]
