"""The process that learner's code runs in: started ahead, used once, then killed by its parent.

The parent writes one job as a line of JSON to stdin and reads two lines: that the imports are
done, from when on the clock runs, and the result. This is the only file of taylored that runs text
as code: the learner's own.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import io
import json
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from taylored.course.sandbox.replies import MOST_PRINTED
from taylored.course.sandbox.trials import trials
from taylored.course.sandbox.trouble import NAME, trouble, trouble_of
from taylored.course.sandbox.values import NotNumbers, plain, prepared

__all__ = ["main", "play"]

_IMPORTED_FIRST = {"jax", "math", "numpy", "scipy", "taylored", "cmath", "fractions", "decimal",
                   "functools", "itertools", "random", "statistics", "sympy", "typing"}  # fmt: skip


class _Flood(BaseException):
    """More was printed than anybody can read."""


class _Printed(io.TextIOBase):
    """What the learner's code prints, up to a limit."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.room = MOST_PRINTED

    def write(self, text: str) -> int:  # type: ignore[override]
        self.pieces.append(text[: max(self.room, 0)])
        self.room -= len(text)
        if self.room < 0:
            self.pieces = ["".join(self.pieces)[:MOST_PRINTED]]
            raise _Flood
        return len(text)

    def writable(self) -> bool:
        return True


class _Unseen(io.TextIOBase):
    """What changed texts print: nobody reads it."""

    def write(self, text: str) -> int:  # type: ignore[override]
        return len(text)

    def writable(self) -> bool:
        return True


def play(job: dict[str, Any]) -> dict[str, Any]:
    """Run the job's source and call its function; see `checking.check` for job and result."""
    printed = _Printed()
    result: dict[str, Any] = {"outputs": [], "trouble": None, "stopped": "", "message": ""}
    space: dict[str, Any] = {"__name__": NAME}
    heard = _Unseen() if "texts" in job else printed
    with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
        try:
            with np.errstate(all="ignore"):
                if "texts" in job:
                    result["tried"] = trials(job, lambda text: _each_output(job, text))
                else:
                    _define(job["source"], space)
                    result["outputs"] = _outputs(job, _function(job["name"], space))
        except _Flood:
            result |= {"stopped": "output", "message": _FLOOD}
        except MemoryError:
            raise
        except _NoFunction as error:
            result["trouble"] = trouble("NameError", str(error)[:300], _UNDEFINED)
        except BaseException as error:
            result["trouble"] = trouble_of(error, job["source"], space)
    result["printed"] = "".join(printed.pieces)
    return result


def _define(source: str, space: dict[str, Any]) -> None:
    exec(compile(source, NAME, "exec"), space)  # the learner's own code


def _each_output(job: dict[str, Any], text: str) -> Iterator[Any]:
    """What a changed text of the learner's code gives for each call."""
    space: dict[str, Any] = {"__name__": NAME}
    try:
        _define(text, space)
        function = _function(job["name"], space)
        if job.get("player"):
            yield from (output["value"] for output in _outputs(job, function))
        else:
            for call in job["calls"]:
                yield plain(function(*prepared(call)))
    finally:
        space.clear()  # what the text has made is freed at once, its cycles broken


_FLOOD = (
    f"The code printed more than {MOST_PRINTED:,} characters and was stopped. "
    "Is there a print inside of a long loop?"
)
_UNDEFINED = "The exercise calls your function by its name: define it with def."


class _NoFunction(Exception):
    pass


def _function(name: str, space: dict[str, Any]) -> Callable[..., Any]:
    """The function of that name, or the only one that the learner defined."""
    if name in space:
        if callable(space[name]):
            return space[name]
        raise _NoFunction(f"{name} is {type(space[name]).__name__}, not a function")
    own = {n: v for n, v in space.items()
           if callable(v) and not n.startswith("_") and not isinstance(v, ModuleType)
           and getattr(v, "__module__", NAME) in (NAME, None)}  # fmt: skip
    if len(own) == 1:
        return next(iter(own.values()))
    there = f"there are {', '.join(sorted(own)[:8])}" if own else "no function is defined"
    raise _NoFunction(f"there is no function {name}: {there}")


def _outputs(job: dict[str, Any], function: Callable[..., Any]) -> list[dict[str, Any]]:
    if job.get("player"):
        p = SimpleNamespace(**job.get("parameters", {}))
        values = _player(job["player"])(function, p, [tuple(prepared(c)) for c in job["calls"]])
        return [{"value": plain(v)} for v in values]
    found = []
    for call in job["calls"]:
        found.append(_output(job["source"], function, prepared(call)))
        if "trouble" in found[-1]:
            break
    return found


def _output(source: str, function: Callable[..., Any], arguments: list[Any]) -> dict[str, Any]:
    """One call: its value, or the trouble with it."""
    try:
        return {"value": plain(function(*arguments))}
    except NotNumbers as error:
        return {"trouble": trouble("ValueError", str(error), error.meaning)}
    except (_Flood, MemoryError):
        raise
    except BaseException as error:
        names = getattr(function, "__globals__", ())
        return {"trouble": trouble_of(error, source, names)}


def _player(name: str) -> Callable[..., Any]:
    file, _, attribute = name.partition(":")
    if not (file.isidentifier() and attribute.isidentifier()):
        raise ValueError(f"no player: {name!r}")
    return getattr(importlib.import_module(f"taylored.course.exercises.{file}"), attribute)


def _import_first(job: dict[str, Any]) -> None:
    """Import what the code will import, so that its time is not counted."""
    with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        for node in ast.walk(ast.parse(job["source"])):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for name in names:
                if name.partition(".")[0] in _IMPORTED_FIRST:
                    with contextlib.suppress(Exception):
                        importlib.import_module(name)
    if job.get("player"):
        _player(job["player"])


def _watch_parent(stream: Any) -> None:
    """End with the parent: its end of the pipe closes when it dies."""
    stream.read(1)
    os._exit(9)


def main() -> None:
    """Wait for a job, run it under the guard, answer, and end."""
    answer = os.fdopen(os.dup(1), "wb", 0)
    jobs = os.fdopen(os.dup(0), "rb")
    _point_to_nothing(0, os.O_RDONLY)
    _point_to_nothing(1, os.O_WRONLY)
    sys.stdin = io.StringIO()
    warnings.simplefilter("ignore")
    line = jobs.readline()
    if not line:
        return
    job = json.loads(line)
    _import_first(job)
    threading.Thread(target=_watch_parent, args=(jobs,), daemon=True).start()
    from taylored.course.sandbox import guard

    send, leave, dumps = answer.write, os._exit, json.dumps  # not as the learner may redefine them
    once = threading.Lock()

    def answered(reply: bytes) -> None:
        if once.acquire(blocking=False):
            send(reply + b"\n")
            leave(0)

    send(b'{"ready": true}\n')
    threading.Thread(target=_stop_in_time, args=(answered, guard.SECONDS), daemon=True).start()
    guard.close_doors()
    try:
        reply = dumps(play(job)).encode()
    except MemoryError:
        reply = b'{"stopped": "memory"}'
    except BaseException:  # whatever the learner's code did to this process
        reply = b'{"stopped": "exit"}'
    answered(reply)
    threading.Event().wait()  # the clock was first, and is about to end all


def _stop_in_time(
    answered: Callable[[bytes], None], seconds: float, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Say in which line the code is, just before the parent ends it."""
    sleep(seconds)
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    while frame is not None and frame.f_code.co_filename != NAME:
        frame = frame.f_back
    answered(b'{"stopped": "time", "line": %d}' % (frame.f_lineno if frame else 0))


def _point_to_nothing(descriptor: int, mode: int) -> None:
    nothing = os.open(os.devnull, mode)
    os.dup2(nothing, descriptor)
    os.close(nothing)


if __name__ == "__main__":
    main()
