"""Run learner's code in a process started ahead; kill it when its time is over, and start anew."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from taylored.course.sandbox.guard import MEMORY, SECONDS
from taylored.course.sandbox.replies import read_reply

__all__ = ["Runner"]

_IMPORT_SECONDS = 60.0
_RESIDENT = 1536 * 2**20  # bytes
_LAST_WORD = 0.1  # seconds, in which a process whose time is over may say where it was
_LONGEST_REPLY = 16 * 2**20
_AT_ONCE = 2  # checks at a time

_SAID = {
    "time": f"The code did not end within {SECONDS} seconds and was stopped. "
    "Is there a loop whose condition never becomes false?",
    "imports": "The imports took longer than a minute and were stopped.",
    "memory": f"The code wanted more than {MEMORY // 2**20} MB of memory and was stopped. "
    "Is there a list that grows in every round of a loop?",
    "exit": "The code ended its own process before it could answer. "
    "End a function with return, not with exit().",
}


class Runner:
    """Runs jobs (see `checking.check`), each in a fresh process; safe to call from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places = threading.Semaphore(_AT_ONCE)
        self._spare: _Process | None = None
        self._at_work: set[_Process] = set()
        self._closed = False
        atexit.register(self.close)

    def warm(self) -> None:
        """Start a process ahead, where none waits."""
        with self._lock:
            if not self._closed:
                self._spare = self._living_spare()

    def run(self, job: dict[str, Any]) -> dict[str, Any]:
        """The result of a job; whatever the code does, it comes.

        Raises:
            InterruptedError: where this runner is closed, before or meanwhile: the job has no
                result then.
        """
        with self._places:
            process = self._take()
            try:
                result = process.run(job)
            finally:
                self._drop(process)
                threading.Thread(target=self.warm, daemon=True).start()
            self._check_open()
            return result

    def _check_open(self) -> None:
        if self._closed:
            raise InterruptedError("this runner is closed")

    def _take(self) -> _Process:
        with self._lock:
            self._check_open()
            process, self._spare = self._living_spare(), None
            self._at_work.add(process)
            return process

    def _living_spare(self) -> _Process:
        """The process that waits, or a new one where none does or it has died."""
        if self._spare and self._spare.alive:
            return self._spare
        if self._spare:
            self._spare.kill()
        return _Process()

    def _drop(self, process: _Process) -> None:
        process.kill()
        with self._lock:
            self._at_work.discard(process)

    def close(self) -> None:
        """Kill what waits and what is at work; nothing can be run afterwards."""
        with self._lock:
            self._closed = True
            processes = [*self._at_work, *([self._spare] if self._spare else [])]
            self._spare = None
        for process in processes:
            process.kill()
        atexit.unregister(self.close)


class _Process:
    """One process for one job."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="taylored-", ignore_cleanup_errors=True)
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-m", "taylored.course.sandbox.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self.folder.name,
            env=_environment(),
            start_new_session=True,
        )
        self.lines: queue.Queue[bytes] = queue.Queue()
        self._ending = threading.Lock()
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def _listen(self) -> None:
        """Pass on the two lines that are expected, and an empty one at the end."""
        stream = self.process.stdout
        assert stream is not None
        with contextlib.suppress(OSError, ValueError):
            for _ in range(2):
                self.lines.put(stream.readline(_LONGEST_REPLY))
        self.lines.put(b"")

    def run(self, job: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None
        # A process that died, or was killed meanwhile, is seen by its empty line.
        with contextlib.suppress(OSError, ValueError):
            self.process.stdin.write(json.dumps(job).encode() + b"\n")
            self.process.stdin.flush()
        ready = self._line(_IMPORT_SECONDS)
        if not ready:
            return _stopped("imports" if ready is None else "exit")
        begun = time.monotonic()
        line = self._line(SECONDS + _LAST_WORD)
        if line is None:
            return _stopped("memory" if self._resident() > _RESIDENT else "time")
        reply = read_reply(line)
        if reply is None:
            return _stopped("exit")
        if reply["stopped"] == "memory":
            return _stopped("memory")
        if reply["stopped"] == "time":
            return _stopped("time", reply["line"])
        return {**reply, "seconds": time.monotonic() - begun}

    def _line(self, seconds: float) -> bytes | None:
        """The next line; empty where the process ended, None where time or memory ran out."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                return self.lines.get(timeout=min(left, 0.1))
            if self._resident() > _RESIDENT:
                return None
        return None

    def _resident(self) -> int:
        """Bytes of memory in use, where the system tells."""
        try:
            pages = Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()[1]
        except (OSError, IndexError):
            return 0
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def kill(self) -> None:
        """End the process and all it started, and wait until it is gone; twice does no harm."""
        with self._ending:
            if self.process.returncode is None:  # else its number may be another one's by now
                self._signal()
            for stream in (self.process.stdin, self.process.stdout):
                with contextlib.suppress(OSError):
                    if stream is not None:
                        stream.close()
            self.folder.cleanup()

    def _signal(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()
        self.process.wait()


def _environment() -> dict[str, str]:
    """Nothing of the learner's own environment but what a process needs to start."""
    kept = {k: os.environ[k] for k in ("SYSTEMROOT", "LD_LIBRARY_PATH") if k in os.environ}
    threads = dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"], "1")
    return {**kept, **threads, "JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu",
            "MALLOC_ARENA_MAX": "2", "PYTHONIOENCODING": "utf-8"}  # fmt: skip


def _stopped(why: str, line: int = 0) -> dict[str, Any]:
    kind = "time" if why == "imports" else why
    said = (
        _SAID[why].replace("was stopped.", f"was stopped in line {line}.") if line else _SAID[why]
    )
    return {"outputs": [], "printed": "", "trouble": None, "stopped": kind, "message": said,
            "line": line}  # fmt: skip
