"""Many fits over chunks: in this process over threads, or on the workers of Dask.distributed.

Chunks are sent out a few at a time and kept as they come back, in memory and in the ledger, so
that neither a lost worker nor a lost client costs what was finished.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from taylored.errors import ArgumentError, ClusterLostError, LedgerError, UnfinishedError
from taylored.many.block import Block
from taylored.many.chunks import Chunk, Chunks, chunks_of
from taylored.many.dimensions import aligned
from taylored.many.engines import Engine, engine_of, need_dask
from taylored.many.failures import Interrupted
from taylored.many.ledger import Ledger, fingerprint_of
from taylored.many.plan import Plan
from taylored.many.progress import Meter, Step, Watch
from taylored.many.result import ManyFits
from taylored.many.run import changed_data
from taylored.many.tasks import Job, Part

__all__ = ["fit_chunks", "fit_many_dask"]


def fit_many_dask(
    plan: Plan,
    Y: Any,
    *,
    sigma: Any = None,
    mask: Any = None,
    start: Any = None,
    columns: Mapping[int, Any] | None = None,
    client: Any = None,
    ledger: Any = None,
    threads: int | None = None,
    progress: bool | str = "auto",
    callback: Callable[[Step], Any] | None = None,
) -> ManyFits:
    """`fit_many` of an array of Dask, or an xarray array made of one: points on the last axis.

    Args:
        plan: what to fit.
        Y: (fits..., points), in chunks.
        sigma: standard errors of Y's shape, where they differ between fits.
        mask: true where a point is used: of Y's shape, that of the fits, or (points,).
        start: (params, fits), or starts by name, each of the shape of the fits.
        columns: data columns of Y's shape, by position in the model, that differ between fits.
        client: of Dask.distributed; without one the current client, else this process.
        ledger: a folder for finished chunks.
        threads: of this process; by default one per core.
        progress: whether to draw a bar; "auto": where somebody sees it.
        callback: called with a `Step` after each chunk.

    Raises:
        ClusterLostError: where the cluster goes away; its `result` has what was finished.
    """
    need_dask()
    named, Y = Y, getattr(Y, "data", Y) if hasattr(Y, "dims") else Y
    width = Y.ndim - 1
    parts, arrays = [Part("y", tuple(range(width + 1)))], [Y]
    beside = [("sigma", 0, sigma), ("used", 0, mask)]
    beside += [("column", place, values) for place, values in (columns or {}).items()]
    for kind, place, given in beside:
        if given is not None:
            what = {"used": "mask", "column": plan.model.columns[place]}.get(kind, kind)
            axes, given = _beside(named, given, what)
            parts.append(Part(kind, axes, place))
            arrays.append(given)
    for place, values in _starts(plan, start, Y.shape[:-1]).items():
        parts.append(Part("start", tuple(range(width)), place))
        arrays.append(values)
    chunks = chunks_of(Job(plan, tuple(parts), width), arrays)
    return fit_chunks(chunks, engine_of(client, threads), ledger, Watch(progress, callback))


def _beside(Y: Any, given: Any, what: str) -> tuple[tuple[int, ...], Any]:
    """Which axes of Y an array has, by their names where both have names; and its values."""
    if hasattr(given, "dims") and hasattr(Y, "dims"):
        given = aligned(Y, given, what)
        return tuple(Y.dims.index(d) for d in given.dims), given.data
    return _axes_of(given.data if hasattr(given, "dims") else given, Y.shape, what)


def _axes_of(array: Any, shape: tuple[int, ...], what: str) -> tuple[tuple[int, ...], Any]:
    """Which axes of Y an array has, by its shape; and the array without those of length 1."""
    own, axes = tuple(array.shape), tuple(range(len(shape)))
    if len(own) == 1 and own == shape[:-1] == shape[-1:]:
        raise ArgumentError(
            f"{what} has the shape {own}, which is that of the fits and that of the points.",
            next_step=f"give {what}[:, None] for fits, or {what}[None, :] for points.",
        )
    for found in (axes, axes[:-1], axes[-1:]):
        if own == tuple(shape[a] for a in found):
            return found, array
    if len(own) == len(shape) and all(m in (1, n) for m, n in zip(own, shape, strict=True)):
        kept = tuple(a for a in axes if own[a] == shape[a])
        return kept, array[tuple(slice(None) if a in kept else 0 for a in axes)]
    raise ArgumentError(
        f"{what} has the shape {own}, and Y has {shape}.",
        next_step=f"give the shape of Y, of its fits {shape[:-1]}, or of its points {shape[-1:]}.",
    )


def _starts(plan: Plan, start: Any, shape: tuple[int, ...]) -> dict[int, np.ndarray]:
    if start is None:
        return {}
    if isinstance(start, Mapping):
        start = {plan.names.index(name): values for name, values in start.items()}
    else:
        start = dict(enumerate(np.asarray(start)))
    return {i: np.broadcast_to(np.asarray(v, float).reshape(shape if np.ndim(v) else ()), shape)
            for i, v in start.items()}  # fmt: skip


# ---- the loop -------------------------------------------------------------------------------


def fit_chunks(
    chunks: Chunks,
    engine: Engine,
    ledger: Any = None,
    watch: Watch | None = None,
) -> ManyFits:
    """Run every chunk, and keep what comes back.

    Raises:
        ClusterLostError, UnfinishedError, Interrupted: with what was finished as `result`.
    """
    gathering = _Gathering(chunks, engine, _opened(ledger, chunks), watch or Watch(False, None))
    try:
        with threadpool_limits(1, "blas"):  # the threads are ours
            gathering.run()
    except KeyboardInterrupt as stop:
        raise Interrupted(f"Stopped: {gathering.told()}", gathering.result(True)) from stop
    except (ClusterLostError, LedgerError, UnfinishedError) as error:
        error.result = gathering.result(True)
        raise
    finally:
        gathering.watch.stop()
        engine.close()
    gathering.tell_changed()
    return gathering.result(False)


class _Gathering:
    """Chunks in flight, and what came back."""

    def __init__(self, chunks: Chunks, engine: Engine, ledger: Ledger | None, watch: Watch):
        self.chunks, self.engine, self.ledger, self.watch = chunks, engine, ledger, watch
        self.fits, self.changed = math.prod(chunks.shape), 0
        self.meter = Meter(self.fits)
        self.block = Block.empty(len(chunks.job.plan.names), self.fits)
        self.place, self.began = "", time.perf_counter()

    def run(self) -> None:
        """Keep the engine busy until every chunk is back."""
        waiting, flying = iter(self.chunks), {}
        failed: tuple[Chunk, Exception] | None = None
        while True:
            while len(flying) < self.engine.limit and (chunk := next(waiting, None)) is not None:
                known = None if self.ledger is None else self.ledger.digest(chunk.key) or ""
                flying[self._start(chunk, known)] = chunk, known
            if not flying:
                break
            handle = self._next()
            chunk, known = flying.pop(handle)
            try:
                found = self.engine.result(handle)
            except ClusterLostError as error:
                raise self._lost(error) from error
            except Exception as error:  # what is at work is waited for, and kept
                waiting, failed = iter(()), failed or (chunk, error)
            else:
                self._keep(chunk, known, *found)
        if failed is not None:
            raise self._unfinished(*failed) from failed[1]

    def _start(self, chunk: Chunk, known: str | None) -> Any:
        try:
            return self.chunks.start(self.engine, chunk, known)
        except ClusterLostError as error:
            raise self._lost(error) from error

    def _next(self) -> Any:
        try:
            return self.engine.next()
        except ClusterLostError as error:
            raise self._lost(error) from error

    def _lost(self, error: ClusterLostError) -> ClusterLostError:
        """The same error, with how far it came."""
        step = f"{error.next_step} {self.told()}" if error.next_step else self.told()
        return ClusterLostError(error.what, why=error.why, next_step=step)

    def _unfinished(self, chunk: Chunk, error: Exception) -> UnfinishedError:
        what = getattr(error, "what", "") or f"{type(error).__name__}: {error}"
        where = ", ".join(f"{s.start}:{s.stop}" for s in chunk.where)
        return UnfinishedError(
            "Some fits could not be read or run.", where=f"fits [{where}]", why=what[:300],
            next_step=self.told(),
        )  # fmt: skip

    def _keep(self, chunk: Chunk, known: str | None, digest: str, block: Block | None) -> None:
        reused = block is None
        if self.ledger is not None:
            if block is None:
                fits = math.prod(s.stop - s.start for s in chunk.where)
                block = self.ledger.get(chunk.key, digest, fits)
            else:
                self.changed += bool(known)
                self.ledger.put(chunk.key, digest, block)
        assert block is not None
        self.chunks.put(self.block, chunk, block)
        self.meter.add(block.status, reused=reused)
        self.watch.show(self.meter.step())

    def tell_changed(self) -> None:
        """Say that data are not those that a ledger was written from."""
        if self.changed:
            warnings.warn(
                f"The data have changed since the ledger was written: {self.changed} of its "
                "blocks were fitted again.", stacklevel=4,
            )  # fmt: skip

    def result(self, interrupted: bool) -> ManyFits:
        """What there is so far."""
        return ManyFits(self.chunks.job.plan, self.block, self.chunks.shape, self.chunks.batch,
                        time.perf_counter() - self.began, interrupted,
                        warnings=changed_data(self.changed))  # fmt: skip

    def told(self) -> str:
        """How far it came, and how to go on, in words."""
        kept = f"{self.meter.done:,} of {self.fits:,} fits are finished: see .result of this error"
        if self.ledger is None:
            return f"{kept}. With ledger='FOLDER' the same call would go on from here."
        return f"{kept}. The same call goes on from the ledger {str(self.ledger.path)!r}."


def _opened(ledger: Any, chunks: Chunks) -> Ledger | None:
    if ledger is None or isinstance(ledger, Ledger):
        return ledger
    job = chunks.job
    parts = [[p.kind, list(p.axes), p.place] for p in job.parts]
    grid = [list(sizes) for sizes in chunks.grid]
    return Ledger.open(ledger, fingerprint_of(job.plan, chunks.shape, chunks=grid, parts=parts))
