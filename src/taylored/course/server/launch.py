"""Start the course: a port, the server, the address on standard output, a browser."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import os
import socket as sockets
import threading
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from taylored.course.server.app import guarded_app
from taylored.course.server.course import Course
from taylored.course.server.guard import Door, local_door, remote_door
from taylored.course.server.socket import MESSAGE_BYTES
from taylored.errors import ArgumentError

__all__ = ["PORT", "Plan", "Server", "bound", "open_browser", "serve", "server_of"]

PORT = 8437
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Plan:
    """How to serve: `emit` gets the address, `tell` everything else that is to be said."""

    emit: Callable[[str], None]
    tell: Callable[[str], None]
    progress: Path
    port: int | None = None  # None: the usual one, or a free one
    remote: str = ""  # a name of this machine that others may use; with a password
    password: str = ""
    page: str = "/"
    browser: bool = True


def serve(plan: Plan) -> None:
    """Serve until interrupted; then nothing is left over."""
    listening = bound(plan.remote or _LOOPBACK, plan.port, plan.tell)
    try:
        _logging()
        server_of(plan, listening).run(sockets=[listening])
    finally:
        listening.close()


def server_of(plan: Plan, listening: sockets.socket) -> Server:
    """The server of a plan, ready to run at a listening socket."""
    port = listening.getsockname()[1]
    door = _door(plan, port)
    course = Course(plan.progress, plan.tell)
    config = uvicorn.Config(
        guarded_app(course, door), log_config=None, access_log=False, ws_max_size=MESSAGE_BYTES,
        ws="websockets-sansio", http="h11", ws_per_message_deflate=False, server_header=False,
        timeout_graceful_shutdown=1, lifespan="on", proxy_headers=False,
    )  # fmt: skip
    return Server(config, course, lambda: _announce(plan, _address(plan, port, door)))


def _door(plan: Plan, port: int) -> Door:
    if plan.remote:
        return remote_door(_shown(plan.remote), port, plan.password)
    return local_door(port)


def _address(plan: Plan, port: int, door: Door) -> str:
    if plan.remote:  # the password is asked for first
        return f"http://{_shown(plan.remote)}:{port}{plan.page}"
    to = f"&to={plan.page}" if plan.page != "/" else ""
    return f"http://{_LOOPBACK}:{port}/enter?token={door.token}{to}"


def _announce(plan: Plan, address: str) -> None:
    """The address alone on standard output; the browser may be slow, and must not be waited for."""
    plan.emit(address)
    plan.tell(f"The course is at this address. Progress is kept in {plan.progress}.")
    if plan.browser:
        threading.Thread(target=open_browser, args=(address, plan.tell), daemon=True).start()
    plan.tell("Ctrl-C ends it.")


class Server(uvicorn.Server):
    """Says when it serves, and closes the course before it waits for open pages."""

    def __init__(self, config: uvicorn.Config, course: Course, serving: Callable[[], None]):
        super().__init__(config)
        self.course, self._serving = course, serving

    async def startup(self, sockets: list[sockets.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._serving()

    async def shutdown(self, sockets: list[sockets.socket] | None = None) -> None:
        await asyncio.shield(self.course.close())
        await super().shutdown(sockets)


def _logging() -> None:
    """Faults of ours go to standard error; what uvicorn says in passing does not."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    for name in ("taylored.course", "uvicorn.error"):
        log = logging.getLogger(name)
        log.handlers, log.propagate = [handler], False
        log.setLevel(logging.ERROR)


# ---- the port -------------------------------------------------------------------------------


def bound(host: str, port: int | None, tell: Callable[[str], None]) -> sockets.socket:
    """A listening socket at `port`; without one at the usual port, or else at a free one.

    Raises:
        ArgumentError: where it cannot be had.
    """
    wanted = PORT if port is None else port
    try:
        return _listen(host, wanted)
    except OSError as error:
        if port is None and error.errno == errno.EADDRINUSE:
            tell(f"The port {PORT} is in use, by another course perhaps: a free one is taken.")
            return _listen(host, 0)
        raise _not_bound(host, wanted, error) from None


def _listen(host: str, port: int) -> sockets.socket:
    family, kind, _, _, place = sockets.getaddrinfo(host, port, type=sockets.SOCK_STREAM)[0]
    listening = sockets.socket(family, kind)
    try:
        if os.name == "posix":  # elsewhere it would let two servers share a port
            listening.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
        listening.bind(place)
        listening.listen(128)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening


def _not_bound(host: str, port: int, error: OSError) -> ArgumentError:
    if error.errno == errno.EADDRINUSE:
        step = "end the other program, give another port, or none: then a free one is taken"
        return ArgumentError(f"--port: {port} is in use by another program.", next_step=step)
    if error.errno in (errno.EACCES, errno.EPERM):
        return ArgumentError(f"--port: {port} is not for everybody to use.",
                             next_step="give one from 1024 to 65535")  # fmt: skip
    if host != _LOOPBACK:
        return ArgumentError(f"--allow-remote: {host[:80]!r} is no address of this machine.",
                             why=error.strerror or str(error),
                             next_step="give the name or address others reach it by")  # fmt: skip
    return ArgumentError("The course cannot listen on this machine.",
                         why=error.strerror or str(error), next_step="try --port 0")  # fmt: skip


def _shown(host: str) -> str:
    """A host as it stands in an address."""
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return host.lower()
    return f"[{number}]" if number.version == 6 else str(number)


# ---- the browser ----------------------------------------------------------------------------


def open_browser(address: str, tell: Callable[[str], None]) -> None:
    """Open a page; where no browser is to be had, say so."""
    try:
        chosen = webbrowser.get()
        # A browser in the terminal would take it over: only where it is asked for by BROWSER.
        in_terminal = type(chosen) is webbrowser.GenericBrowser and "BROWSER" not in os.environ
        if not in_terminal and chosen.open(address):
            return
    except (webbrowser.Error, OSError):
        pass
    tell("No browser could be opened: open the address above in one.")
