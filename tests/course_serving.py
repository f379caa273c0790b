"""The server of the course in a thread of the tests, and a page of it without a browser."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from taylored.course.server.launch import Plan, Server, bound, server_of

__all__ = ["Page", "Served", "sandboxes", "served"]


@dataclass
class Served:
    """A running server: its address with the token, its cookie, and what it said."""

    port: int
    server: Server
    said: list[str]
    address: str = ""
    cookie: str = ""
    pages: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    thread: threading.Thread = field(default_factory=threading.Thread)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        self.server.should_exit = True
        self.thread.join(20)
        assert not self.thread.is_alive()

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request with exactly these headers; `_` in names is `-`."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            line.request(method, path, body, given)
            got = line.getresponse()
            return Answer(got.status, {n.lower(): v for n, v in got.getheaders()}, got.read())
        finally:
            line.close()

    def own(self, method: str, path: str, body: Any = None) -> Answer:
        """A request as a page of the course makes it."""
        return self.ask(method, path, body, Origin=self.url, Cookie=self.cookie)

    def enter(self) -> None:
        """Exchange the token for the cookie."""
        answer = self.ask("GET", self.address.removeprefix(self.url))
        self.cookie = answer.headers["set-cookie"].partition(";")[0]

    def page(self, **headers: str) -> Page:
        """Open a socket as a page of the course does."""
        origin = headers.pop("Origin", self.url)
        cookie = headers.pop("Cookie", self.cookie)
        more = {"Cookie": cookie, **{n.replace("_", "-"): v for n, v in headers.items()}}
        # Not by a proxy of this machine, and as large as an answer may be.
        opened = connect(f"ws://{self.host}/socket", origin=origin or None, proxy=None,
                         additional_headers=more, max_size=2**24, max_queue=None)  # fmt: skip
        return Page(self.pages.enter_context(opened))


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True)
class Page:
    """An open socket."""

    line: ClientConnection

    def send(self, **message: Any) -> None:
        self.line.send(json.dumps(message))

    def next(self, kind: str, seconds: float = 10) -> dict[str, Any]:
        """The next message of a kind; others are passed over."""
        while True:
            message = json.loads(self.line.recv(timeout=seconds))
            if message["type"] == kind:
                return message

    def silent(self, seconds: float = 0.05) -> bool:
        """Whether nothing comes."""
        try:
            self.line.recv(timeout=seconds)
        except TimeoutError:
            return True
        return False


def sandboxes(parent: int) -> set[int]:
    """The processes for learner's code under a process; none where the system has no /proc."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            above = (folder / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if b"course.sandbox.child" in command and int(above) == parent:
            found.add(int(folder.name))
    return found


@contextlib.contextmanager
def served(progress: Path, **plan: Any) -> Iterator[Served]:
    """A server with its own progress file, at a free port; entered where there is no password."""
    said: list[str] = []
    listening = bound("127.0.0.1", 0, said.append)
    found = Served(listening.getsockname()[1], None, said)  # type: ignore[arg-type]
    ready = threading.Event()

    def emit(address: str) -> None:
        found.address = address
        ready.set()

    found.server = server_of(Plan(emit, said.append, progress, browser=False, **plan), listening)
    found.thread = threading.Thread(target=found.server.run, kwargs={"sockets": [listening]})
    found.thread.start()
    try:
        assert ready.wait(20)
        if not plan.get("password"):
            found.enter()
        yield found
    finally:
        found.pages.close()
        try:
            found.stop()
        finally:
            listening.close()
