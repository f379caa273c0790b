"""Who looks at the chunks: this process, one after the other, or the workers of a cluster."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from taylored.errors import ArgumentError, TayloredError
from taylored.many.big.pieces import Piece, Ready, Recipe, check_same, prepare

__all__ = ["ClusterLost", "Local", "OnCluster", "Runner", "current_client", "runner_for"]

# Bytes of opened chunks that this process keeps; the others are opened again in every pass.
KEPT = 256 * 2**20
_POLL = 1.0  # seconds between two looks at a cluster that is silent
_PATIENCE = 30.0  # seconds without any worker after which a cluster counts as lost
_SHARE = 0.4  # of the workers' memory that opened chunks may take

Task = Callable[..., Any]


class ClusterLost(Exception):
    """The workers, or the way to them, are gone: `why` in words."""


class Runner(Protocol):
    """Runs a task on every chunk."""

    def each(self, task: Task, *given: Any) -> list[Any]:
        """`task(recipe, ready, index, *given)` of all chunks, in their order."""
        ...

    def keep(self, nbytes: int) -> None:
        """Keep opened chunks in memory, if they fit; 0 bytes: not known yet."""
        ...


def run_task(
    task: Task, recipe: Recipe, piece: Any, index: int, given: Sequence[Any]
) -> tuple[Any, tuple[float, ...]]:
    """One task on one chunk, opened here if it is not yet: what workers are asked to do.

    What it gave, and the sums of the chunk.
    """
    ready = piece if isinstance(piece, Ready) else prepare(recipe, piece, index)
    return task(recipe, ready, index, *given), ready.sums


def _compared(known: dict[int, tuple[float, ...]], index: int, sums: tuple[float, ...]) -> None:
    """Every chunk must be what it was at the first look.

    Raises:
        DataError: where it is not.
    """
    check_same(index, known.setdefault(index, sums), sums)


@dataclass(eq=False)
class Local:
    """This process: one chunk at a time, the first of them kept."""

    recipe: Recipe
    pieces: Sequence[Piece]
    lazy: bool
    kept: dict[int, Ready] = field(default_factory=dict)
    sums: dict[int, tuple[float, ...]] = field(default_factory=dict)
    _used: int = 0

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "kept": {}, "_used": 0}

    def each(self, task: Task, *given: Any) -> list[Any]:
        return [task(self.recipe, r, i, *given) for i, r in enumerate(self._opened())]

    def keep(self, nbytes: int) -> None:
        """Chunks are kept as they are opened."""

    def _opened(self) -> Iterator[Ready]:
        for index, piece in enumerate(self.pieces):
            ready = self.kept.get(index)
            if ready is None:
                ready = prepare(self.recipe, self._computed(piece), index)
                _compared(self.sums, index, ready.sums)
                if self._used + ready.nbytes <= KEPT:
                    self.kept[index] = ready
                    self._used += ready.nbytes
            yield ready

    def _computed(self, piece: Piece) -> Piece:
        if not self.lazy:
            return piece
        from dask.base import compute

        return Piece(*compute(tuple(piece), scheduler="synchronous")[0])


@dataclass(eq=False)
class OnCluster:
    """The workers of a Dask cluster; what comes back is put in the order of the chunks."""

    recipe: Recipe
    pieces: Sequence[Piece]
    lazy: bool
    client: Any
    persisted: Any = None
    sums: dict[int, tuple[float, ...]] = field(default_factory=dict)

    def __reduce__(self) -> tuple[Any, ...]:
        return Local, (self.recipe, self.pieces, self.lazy, {}, self.sums)

    def each(self, task: Task, *given: Any) -> list[Any]:
        from dask.delayed import delayed

        run = delayed(run_task, pure=False)
        chunks = self.persisted or [tuple(p) for p in self.pieces]
        jobs = [run(task, self.recipe, c, i, list(given)) for i, c in enumerate(chunks)]
        found = self._guarded(lambda: self._gathered(self.client.compute(jobs)))
        for index, (_, sums) in enumerate(found):
            _compared(self.sums, index, sums)
        return [result for result, _ in found]

    def _gathered(self, futures: list[Any]) -> list[Any]:
        """What the workers found; nobody is waited for that is not there."""
        from distributed import wait

        alive = time.monotonic()
        while True:
            try:
                wait(futures, timeout=_POLL)
                return self.client.gather(futures)
            except TimeoutError:
                if self.client.status in ("closed", "closing"):
                    raise ClusterLost("The connection to the cluster is closed.") from None
                if self.client.status != "running" or self.client.nthreads():
                    alive = time.monotonic()
                elif time.monotonic() - alive > _PATIENCE:
                    raise ClusterLost(f"There was no worker for {_PATIENCE:.0f} s.") from None

    def keep(self, nbytes: int) -> None:
        """Open the chunks, and leave them with the workers, if they fit."""
        from dask.delayed import delayed

        if not nbytes or self.persisted is not None:
            return
        if nbytes > _SHARE * self._guarded(self._memory):
            return
        open_one = delayed(prepare, pure=False)
        jobs = [open_one(self.recipe, tuple(p), i) for i, p in enumerate(self.pieces)]
        self.persisted = self._guarded(lambda: list(self.client.persist(jobs)))

    def _memory(self) -> int:
        shown = list(self.client.scheduler_info()["workers"].values())  # some of them
        total = sum(w["memory_limit"] or 0 for w in shown)
        return total * len(self.client.nthreads()) // max(len(shown), 1)

    def _guarded(self, work: Callable[[], Any]) -> Any:
        """The result of some work on the cluster.

        Raises:
            ClusterLost: where the workers or the scheduler are gone.
        """
        try:
            return work()
        except Exception as error:
            if isinstance(error, ClusterLost) or not self._is_loss(error):
                raise
            text = str(error).splitlines()
            why = f"{type(error).__name__}: {text[0][:200]}" if text else type(error).__name__
            raise ClusterLost(why) from error

    def _is_loss(self, error: Exception) -> bool:
        """Whether an error is the cluster's, not that of a task."""
        from concurrent.futures import CancelledError

        from distributed import KilledWorker
        from distributed.comm.core import CommClosedError

        gone = isinstance(error, CommClosedError | CancelledError | KilledWorker)
        return gone or (self.client.status != "running" and not isinstance(error, TayloredError))


def current_client() -> Any:
    """The Dask client in use, if there is one; None within a task of a worker."""
    import sys

    if "distributed" not in sys.modules:
        return None
    from distributed import Client, get_worker

    try:
        get_worker()
    except ValueError:
        pass
    else:
        return None  # waiting for other tasks here could block the worker
    try:
        return Client.current()
    except ValueError:
        return None


def runner_for(recipe: Recipe, pieces: Sequence[Piece], lazy: bool, client: Any) -> Runner:
    """The runner on a cluster where there is a client, else in this process."""
    if client is None:
        return Local(recipe, pieces, lazy)
    if getattr(client, "asynchronous", False):
        raise ArgumentError(
            "The client is asynchronous.",
            next_step="give one that is not: distributed.Client(address).",
        )
    return OnCluster(recipe, pieces, lazy, client)
