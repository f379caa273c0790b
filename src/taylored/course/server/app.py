"""The routes of the course: pages, static files, progress in and out, the socket."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from taylored.course.pages import LESSONS, index_html, lesson_html
from taylored.course.server.answers import shown_state
from taylored.course.server.course import Course
from taylored.course.server.guard import Door, Guard
from taylored.course.server.refusals import PAGE_CSP, page
from taylored.course.server.schema import LARGEST, UnfitProgress, is_lesson
from taylored.course.server.socket import PageTab
from taylored.course.server.static import static_file
from taylored.course.server.threads import in_thread

__all__ = ["guarded_app"]

_HTML = {"cache-control": "no-cache"}
_READ_ON = 16  # times as much as is taken


def guarded_app(course: Course, door: Door) -> Guard:
    """The whole application, with the guard around it."""
    return Guard(_app(course), door)


def _app(course: Course) -> Starlette:
    pages = _Pages(course)

    async def socket(websocket: WebSocket) -> None:
        await PageTab(websocket, course).serve()

    @contextlib.asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        course.start()
        yield
        await course.close()

    routes = [
        Route("/", pages.index),
        Route("/lesson/{id}", pages.lesson),
        Route("/static/{path:path}", static_file),
        Route("/favicon.ico", _nothing),
        Route("/progress.json", pages.export),
        Route("/progress/import", pages.take_in, methods=["POST"]),
        Route("/progress/reset", pages.reset, methods=["POST"]),
        WebSocketRoute("/socket", socket),
    ]
    handlers: dict[Any, Callable[..., Any]] = {HTTPException: _not_served, Exception: _failed}
    return Starlette(routes=routes, exception_handlers=handlers, lifespan=life)


class _Pages:
    """The pages of one course, each made in a thread: its figures may have to be computed."""

    def __init__(self, course: Course):
        self.course = course

    async def index(self, request: Request) -> Response:
        text = await in_thread(self._index)
        self.course.background.after_page()
        return HTMLResponse(text, headers=_HTML)

    async def lesson(self, request: Request) -> Response:
        name = request.path_params["id"]
        text = await in_thread(lambda: self._lesson(name)) if is_lesson(name) else None
        if text is None:
            raise HTTPException(404)
        self.course.background.after_page(name)
        return HTMLResponse(text, headers=_HTML)

    def _index(self) -> str:
        progress = self.course.progress
        progress.refresh()
        states = {name: progress.state(name) for name in progress.touched()}
        return index_html(states, progress.seen())

    def _lesson(self, name: str) -> str | None:
        progress = self.course.progress
        progress.refresh()
        found = next((lesson for lesson in LESSONS() if lesson.id == name), None)
        exercises = found.exercises if found is not None else ()
        return lesson_html(name, {e: shown_state(progress, e) for e in exercises})

    async def export(self, request: Request) -> Response:
        headers = {"content-disposition": 'attachment; filename="taylored-course.json"'}
        return Response(self.course.progress.export(), headers=headers,
                        media_type="application/json")  # fmt: skip

    async def take_in(self, request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return _said(
                413, f"The file is larger than {LARGEST // 10**6} MB: nothing was changed."
            )
        try:
            copy = await self.course.in_thread(lambda: self.course.progress.take_in(body))
        except UnfitProgress as error:
            return _said(400, f"The file cannot be used: {error}. Nothing was changed.")
        except OSError as error:
            return _said(500, f"Nothing was changed: no copy could be made ({error}).")
        self.course.tell_states()
        return _said(200, f"The progress of the file is here now.{_kept(copy)}")

    async def reset(self, request: Request) -> Response:
        try:
            copy = await self.course.in_thread(self.course.progress.reset)
        except OSError as error:
            return _said(500, f"Nothing was changed: no copy could be made ({error}).")
        self.course.tell_states()
        return _said(200, f"The course begins anew.{_kept(copy)}")


def _kept(copy: Any) -> str:
    return f" What was there before is kept as {copy}." if copy else ""


def _said(status: int, message: str) -> Response:
    return JSONResponse({"message": message}, status)


async def _body(request: Request) -> bytes | None:
    """The body of a request, None where it is too long.

    What is too long is read on for a while, and forgotten: a browser that is still sending does
    not see an answer.
    """
    body, size = bytearray(), 0
    with contextlib.suppress(ClientDisconnect):
        async for piece in request.stream():
            size += len(piece)
            if size <= LARGEST:
                body += piece
            elif size > _READ_ON * LARGEST:
                break
    return bytes(body) if size <= LARGEST else None


async def _nothing(request: Request) -> Response:
    return Response(status_code=204)


async def _not_served(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 500)
    title = {404: "There is no such page in the course", 405: "This is asked for in another way"}
    return _own_page(status, title.get(status, "This is not served"))


async def _failed(request: Request, error: Exception) -> Response:
    kind = type(error).__name__
    return _own_page(500, f"This page could not be made: internal error, {kind}: {error}"[:300])


def _own_page(status: int, title: str) -> Response:
    body = '<p><a href="/">To the overview of the course</a></p>'
    if status == 500:
        body = f"<p>The terminal shows more. Your answers are not lost.</p>{body}"
    return HTMLResponse(page(title, body), status, {"content-security-policy": PAGE_CSP})
