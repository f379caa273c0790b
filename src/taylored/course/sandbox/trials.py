"""Many changed texts of one program, run one after the other: which of them give what is wanted?

Each has a moment, all together a second and a half; what was not reached is not known, and is not
claimed.
"""

from __future__ import annotations

import contextlib
import gc
import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from taylored.course.checking.compare import as_array, same

__all__ = ["trials"]

_ALL = 1.5  # seconds
_EACH = 0.15
_AGAIN = 0.05  # where the first alarm was caught by the code, or lost in a callback of C


class _TooLong(BaseException):
    """A text runs longer than its moment; no Exception, so that `except Exception` lets it pass."""


def trials(job: dict[str, Any], outputs: Callable[[str], Iterator[Any]]) -> list[dict[str, Any]]:
    """Texts of `job["texts"]` by number, with their outputs, as far as time goes.

    `outputs` runs a text and yields what it gives for each call. With `job["wanted"]` (a value for
    each call, and the `tolerance`) the first text that gives all of these ends the trials; without,
    every text that runs to its end is reported.
    """
    end = time.monotonic() + _ALL
    collecting = gc.isenabled()
    gc.disable()  # an alarm within a callback of the collector would be lost
    try:
        return _tried(job, outputs, end)
    finally:
        if collecting:
            gc.enable()


def _tried(
    job: dict[str, Any], outputs: Callable[[str], Iterator[Any]], end: float
) -> list[dict[str, Any]]:
    wanted = [as_array(w) for w in job["wanted"]] if job.get("wanted") is not None else None
    found: list[dict[str, Any]] = []
    with _alarm():
        for number, text in enumerate(job["texts"]):
            left = end - time.monotonic()
            if left <= 0 or (found and wanted):
                break
            try:
                values = _within(min(_EACH, left), text, outputs, wanted, job.get("tolerance", 0.0))
            except _TooLong:  # once more, while the first was dealt with
                values = None
            if values is not None:
                found.append({"number": number, "values": values})
    return found


def _within(
    seconds: float, text: str, outputs: Callable[[str], Iterator[Any]],
    wanted: list[Any] | None, tolerance: float,
) -> list[Any] | None:  # fmt: skip
    """The outputs of one text; None where it fails, takes too long or gives something else."""
    values: list[Any] = []
    try:
        _set(seconds)
        for value in outputs(text):
            if wanted is not None and not same(as_array(value), wanted[len(values)], tolerance):
                return None
            values.append(value)
    except BaseException:  # of a changed program anything may come
        return None
    finally:
        _set(0.0)
    return values


@contextlib.contextmanager
def _alarm() -> Iterator[None]:
    """The handler of the clock, where the system has one; elsewhere the parent's clock ends all."""
    if not hasattr(signal, "setitimer"):
        yield
        return
    try:
        before = signal.signal(signal.SIGALRM, _stop)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def _stop(number: int, frame: FrameType | None) -> None:
    raise _TooLong


def _set(seconds: float) -> None:
    if hasattr(signal, "setitimer") and signal.getsignal(signal.SIGALRM) is _stop:
        signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
