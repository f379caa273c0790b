"""Who may come in: a plain ASGI wrapper around everything, for HTTP and WebSockets alike.

A page of another origin can make this browser send requests to the course, so each request must
name a host of ours, come from a page of ours, and carry the cookie that only the address shown in
the terminal (or the password, beyond this machine) gives out.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import parse_qs

from taylored.course.server.login import Login
from taylored.course.server.refusals import Reason, page, respond, secured

__all__ = ["Door", "Guard", "local_door", "remote_door"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_SAFE = ("GET", "HEAD")
_HERE = re.compile(r"/(?:lesson/[0-9]-[0-9]{1,2})?")
_OPEN = "Open the address that the terminal shows: it holds the key of this run."


@dataclass(frozen=True)
class Door:
    """What opens: the hosts that are ours, and the token of the address, or a password."""

    port: int
    hosts: frozenset[str]
    token: str = ""
    password: str = ""
    session: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def cookie(self) -> str:
        """The name of the cookie; with the port, since cookies do not tell ports apart."""
        return f"taylored_course_{self.port}"

    def has(self, cookies: str) -> bool:
        """Whether a Cookie header holds the key of this run."""
        # Not by http.cookies: one odd cookie of another server would hide all others from it.
        pairs = (pair.strip().partition("=") for pair in cookies.split(";"))
        return any(n == self.cookie and _same(v, self.session) for n, _, v in pairs)

    def opens(self, token: str) -> bool:
        """Whether a token is the one of the address in the terminal."""
        return bool(self.token) and _same(token, self.token)

    def set_cookie(self) -> str:
        """The Set-Cookie header that lets a browser in for this run."""
        return f"{self.cookie}={self.session}; Path=/; HttpOnly; SameSite=Strict"


def local_door(port: int) -> Door:
    """Loopback only: entry by the token in the address."""
    hosts = [_place(name, port) for name in ("127.0.0.1", "localhost", "[::1]")]
    return Door(port, frozenset(h for pair in hosts for h in pair), secrets.token_urlsafe(32))


def remote_door(host: str, port: int, password: str) -> Door:
    """One further name of this machine: entry by password alone."""
    return Door(port, frozenset(_place(host.lower(), port)), password=password)


def _place(name: str, port: int) -> tuple[str, ...]:
    return (f"{name}:{port}", name) if port == 80 else (f"{name}:{port}",)


def _same(a: str, b: str) -> bool:
    return secrets.compare_digest(a.encode(), b.encode())


class Guard:
    """An ASGI application around another one, which it lets speak only with the invited."""

    def __init__(self, app: App, door: Door):
        self.app, self.door = app, door
        self.login = Login(door.password, door.set_cookie()) if door.password else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] in ("http", "websocket"):
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = _Head(scope)
        reason = self._refusal(scope, head)
        if reason is None and self._is(scope, "/login") and self.login:
            return await self.login(scope, receive, send)
        if reason is None and self._is(scope, "/enter"):
            return await _say(send, self._enter(scope, head))
        if reason is None and not self.door.has(head.all("cookie", "; ")):
            if self.login and scope["type"] == "http" and scope["method"] in _SAFE:
                return await _say(send, respond(303, b"", {"location": "/login"}))
            reason = (401, "This browser has not been let in yet.", _OPEN)
        if reason is not None:
            return await _refuse(scope, receive, send, reason)
        await self.app(scope, receive, _Secured(send))

    def _is(self, scope: Scope, path: str) -> bool:
        return scope["type"] == "http" and scope["path"] == path

    def _refusal(self, scope: Scope, head: _Head) -> Reason | None:
        host = head.one("host").lower()
        if host not in self.door.hosts:
            return 403, "The course is not served under this name.", _OPEN
        if not self._from_here(scope, head):
            return 403, "Another page asked for this, and the course answers its own only.", _OPEN
        scheme = {"ws": "http", "wss": "https"}.get(scope["scheme"], scope["scheme"])
        own = f"{scheme}://{host}"
        must = scope["type"] == "websocket" or scope["method"] not in _SAFE
        if head.has("origin") and head.one("origin").lower() != own:
            return 403, "A page of another origin asked for this.", _OPEN
        if must and not head.has("origin"):
            return 403, "It is not known which page asked for this.", "Use a present-day browser."
        return None

    def _from_here(self, scope: Scope, head: _Head) -> bool:
        """Asked by a page of ours or a person; only the way in may be a link from elsewhere."""
        if not head.has("sec-fetch-site") or head.one("sec-fetch-site") in ("same-origin", "none"):
            return True
        way_in = self._is(scope, "/enter") or self._is(scope, "/login")
        navigates = head.one("sec-fetch-mode") == "navigate"
        top = head.one("sec-fetch-dest") == "document"
        return way_in and navigates and top and scope["method"] == "GET"

    def _enter(self, scope: Scope, head: _Head) -> list[dict[str, Any]]:
        """Exchange the token for the cookie, and go on to the page asked for."""
        asked = _query(scope["query_string"])
        if scope["method"] != "GET" or not self.door.opens(asked.get("token", [""])[0]):
            return _page((401, "This address is not that of the present run.", _OPEN))
        to = asked.get("to", ["/"])[0]
        to = to if _HERE.fullmatch(to) else "/"
        cookie = {"set-cookie": self.door.set_cookie()}
        if head.one("sec-fetch-site") in ("", "none", "same-origin"):
            return respond(303, b"", cookie | {"location": to})
        # After a link from elsewhere a redirect would still count as one from there, and would
        # not carry the cookie: the step from this page on does.
        link = f'<p><a href="{escape(to)}">Begin</a></p>'
        refresh = {"refresh": f"0; url={to}"}
        return respond(200, page("Welcome to the course", link), cookie | refresh)


def _query(text: bytes) -> dict[str, list[str]]:
    try:
        return parse_qs(text.decode("latin-1"), max_num_fields=8)
    except ValueError:
        return {}


class _Head:
    """The headers of a request, by lower-case name; one given twice is none that is known."""

    def __init__(self, scope: Scope):
        self._values: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            self._values.setdefault(name.decode("latin-1").lower(), []).append(
                value.decode("latin-1")
            )

    def has(self, name: str) -> bool:
        return name in self._values

    def one(self, name: str) -> str:
        values = self._values.get(name, [""])
        return values[0] if len(values) == 1 else "\0"

    def all(self, name: str, between: str) -> str:
        return between.join(self._values.get(name, []))


class _Secured:
    """A `send` that adds the headers of every response."""

    def __init__(self, send: Send):
        self.send = send

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = secured(list(message.get("headers", [])))
        await self.send(message)


def _page(reason: Reason) -> list[dict[str, Any]]:
    status, what, step = reason
    return respond(status, page(what, f"<p>{escape(step)}</p>"))


async def _say(send: Send, messages: list[dict[str, Any]]) -> None:
    for message in messages:
        await send(message)


async def _refuse(scope: Scope, receive: Receive, send: Send, reason: Reason) -> None:
    """A page with the reason; a socket is refused before it opens."""
    if scope["type"] == "http":
        return await _say(send, _page(reason))
    await receive()  # websocket.connect
    await send({"type": "websocket.close", "code": 1008, "reason": reason[1]})
