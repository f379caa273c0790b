"""Work in threads that the end of the course does not wait for."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

__all__ = ["at_work", "begin", "in_thread"]

T = TypeVar("T")
_NAME = "taylored course"  # of every thread


def begin(work: Callable[[], None]) -> threading.Thread:
    """Start a thread that ends with the process, whatever it does."""
    thread = threading.Thread(target=work, name=_NAME, daemon=True)
    thread.start()
    return thread


async def in_thread(work: Callable[[], T]) -> T:
    """The result of work in a thread of its own; who stops waiting for it, is rid of it."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:
            _tell(loop, lambda error=error: future.done() or future.set_exception(error))
        else:
            _tell(loop, lambda: future.done() or future.set_result(result))

    begin(run)
    return await future


def _tell(loop: asyncio.AbstractEventLoop, what: Callable[[], object]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits any more
        loop.call_soon_threadsafe(what)


def at_work(seconds: float = 0.2) -> bool:
    """Whether such a thread is still at work after some time."""
    ours = [thread for thread in threading.enumerate() if thread.name == _NAME]
    for thread in ours:
        thread.join(seconds / len(ours))
    return any(thread.is_alive() for thread in ours)
