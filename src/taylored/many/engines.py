"""Where chunks are run: threads of this process, or the workers of a Dask.distributed client."""

from __future__ import annotations

import queue
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from taylored.errors import ArgumentError, ClusterLostError, MissingExtraError
from taylored.many.run import checked_threads

__all__ = ["Engine", "Here", "There", "engine_of", "need_dask"]

_POLL = 1.0  # seconds between two looks at a cluster that is silent
_PATIENCE = 30.0  # seconds without any worker after which a cluster counts as lost


class Engine(Protocol):
    """Runs calls, or graphs of Dask, and says which have ended."""

    limit: int  # calls in flight

    def call(self, name: str, function: Callable, *args: Any) -> Any:
        """Start a call; the handle comes back from `next`."""
        ...

    def graph(self, tasks: Mapping[Any, Any], key: str) -> Any:
        """Start the tasks that one key of a graph needs."""
        ...

    def next(self) -> Any:
        """The handle of a call that has ended: waits for one."""
        ...

    def result(self, handle: Any) -> Any:
        """What a call gave, or its exception."""
        ...

    def close(self) -> None:
        """Drop what is not done."""
        ...


class Here:
    """Threads of this process, one per core."""

    def __init__(self, threads: int | None = None):
        count = checked_threads(threads)
        self.limit = 2 * count
        self._pool = ThreadPoolExecutor(count, "taylored")
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def call(self, name: str, function: Callable, *args: Any) -> Any:
        handle = self._pool.submit(function, *args)
        handle.add_done_callback(self._done.put)
        return handle

    def graph(self, tasks: Mapping[Any, Any], key: str) -> Any:
        from dask.local import get_sync  # in the thread that asks

        return self.call(key, get_sync, tasks, key)

    def next(self) -> Any:
        return self._done.get()

    def result(self, handle: Any) -> Any:
        return handle.result()

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


class There:
    """The workers of a client: lost ones are replaced, and their chunks run again."""

    def __init__(self, client: Any):
        if getattr(client, "asynchronous", False):
            raise ArgumentError(
                "The client is asynchronous.",
                next_step="give one that is not: distributed.Client(address).",
            )
        self.client = client
        self.limit = 2 * max(1, _threads_of(client)) + 2
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._flying: set[Any] = set()
        self._alive = time.monotonic()

    def call(self, name: str, function: Callable, *args: Any) -> Any:
        return self._sent(lambda: self.client.submit(function, *args, key=name, pure=False))

    def graph(self, tasks: Mapping[Any, Any], key: str) -> Any:
        return self._sent(lambda: self.client.get(dict(tasks), key, sync=False))

    def _sent(self, send: Callable[[], Any]) -> Any:
        try:
            handle = send()
        except Exception as error:
            if self.client.status == "running":
                raise
            raise ClusterLostError(
                "The connection to the cluster is closed.", why=str(error)[:300]
            ) from error
        self._flying.add(handle)
        handle.add_done_callback(self._done.put)
        return handle

    def next(self) -> Any:
        while True:
            try:
                return self._done.get(timeout=_POLL)
            except queue.Empty:
                self._check()

    def _check(self) -> None:
        """Refuse to wait for nobody."""
        if self.client.status in ("closed", "closing"):
            raise ClusterLostError("The connection to the cluster is closed.")
        if self.client.status != "running" or self.client.scheduler_info()["workers"]:
            self._alive = time.monotonic()
        elif time.monotonic() - self._alive > _PATIENCE:
            raise ClusterLostError(f"The cluster has had no worker for {_PATIENCE:.0f} s.")

    def result(self, handle: Any) -> Any:
        from distributed import CancelledError
        from distributed.comm.core import CommClosedError
        from distributed.scheduler import KilledWorker

        self._flying.discard(handle)
        self._alive = time.monotonic()
        try:
            return handle.result()
        except KilledWorker as error:
            raise ClusterLostError(
                "A chunk ended the workers that ran it, one after the other.",
                why=str(error)[:300],
                next_step="most likely it takes more memory than they have: use smaller chunks.",
            ) from error
        except (CancelledError, CommClosedError) as error:
            raise ClusterLostError(
                "The cluster went away, or gave up a chunk.", why=str(error)[:300]
            ) from error

    def close(self) -> None:
        try:
            if self._flying and self.client.status == "running":
                self.client.cancel(list(self._flying), force=True)
        except (OSError, RuntimeError, ValueError):
            pass  # what is gone needs no cancelling


def _threads_of(client: Any) -> int:
    try:
        return sum(client.nthreads().values())
    except Exception:
        if client.status == "running":
            raise
        return 0  # it is closed: said as soon as something is sent to it


def engine_of(client: Any, threads: int | None = None) -> Engine:
    """The workers of a client, given or current, else threads of this process.

    Raises:
        ArgumentError: for a client that is none.
    """
    if client is not None and not (hasattr(client, "submit") and hasattr(client, "nthreads")):
        raise ArgumentError(
            f"client is of the type {type(client).__name__}.",
            next_step="give a client of Dask: distributed.Client(address).",
        )
    client = client if client is not None else _current()
    return Here(threads) if client is None else There(client)


def _current() -> Any:
    """The client that Dask would use; None where there is none."""
    if "distributed" not in sys.modules:
        return None
    from distributed import default_client

    try:
        return default_client()
    except ValueError:
        return None


def need_dask() -> None:
    """Refuse to go on without Dask.

    Raises:
        MissingExtraError: where it is not installed.
    """
    try:
        import dask.array  # noqa: F401
    except ImportError:
        raise MissingExtraError(
            "Chunked arrays need Dask, which is not installed.",
            next_step='pip install "taylored[cluster]"',
        ) from None
