"""Run a job: threads that read, fit and keep blocks of fits, and one that watches them.

What is found does not depend on the number of threads or on how the fits are cut into blocks.
However a job ends, what was finished is kept.
"""

from __future__ import annotations

import contextvars
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from taylored.errors import ArgumentError, LedgerError, UnfinishedError
from taylored.many.common import common_misfit
from taylored.many.data import Data
from taylored.many.failures import Interrupted
from taylored.many.ledger import Ledger, digest_of, fingerprint_of
from taylored.many.output import Output, Writer, block_for
from taylored.many.plan import Plan
from taylored.many.progress import Meter, Step, Watch
from taylored.many.result import ManyFits
from taylored.many.solve import solve
from taylored.many.source import Box, places
from taylored.many.work import Pace, Part, Slab, Work
from taylored.many.xla import most_together
from taylored.results import Finding

__all__ = ["Interrupted", "Job", "changed_data", "checked_threads", "run", "usable_cores"]

_WORTH = 32  # fits that are worth a thread
_MEMORY = 400 << 20  # bytes of float64 that have been read and not fitted yet
_WAIT = 0.1  # seconds between two looks at a stop


@dataclass(frozen=True, eq=False)
class Job:
    """What to fit, and how."""

    plan: Plan
    data: Data
    threads: int | None = None
    ledger: str | os.PathLike | None = None
    out: Output | None = None
    progress: bool | str = "auto"
    callback: Callable[[Step], Any] | None = None


def run(job: Job) -> ManyFits:
    """Fit everything.

    Raises:
        Interrupted: on Ctrl-C; UnfinishedError: where data cannot be read, or a result not be
            written; LedgerError: for the ledger. `result` of each holds what was finished.
    """
    return _Run(job).result()


def usable_cores() -> int:
    """Cores that this process may use."""
    counted: Any = getattr(os, "process_cpu_count", None)
    if counted is not None:
        return counted() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


class _Run:
    """The state of a job."""

    def __init__(self, job: Job):
        self.job, self.plan, self.data = job, job.plan, job.data
        self.began = time.perf_counter()
        boxes = self.data.boxes
        self.ledger = _open_ledger(job, boxes)
        self.block = block_for(len(self.plan.names), self.data.fits, job.out)
        self.writer = None
        if job.out is not None:
            self.writer = Writer(job.out, job.plan, job.data, self.block)
        first = math.prod(s.stop - s.start for s in boxes[0])
        most = max(1, _MEMORY // (8 * first * self.plan.points))
        self.work = Work([*enumerate(boxes)], most)
        self.meter = Meter(self.data.fits)
        self.unfinished: dict[str, Slab] = {}
        self.threads = self.working = _threads(job.threads, self.data.fits)

    def result(self) -> ManyFits:
        """Fit, and keep what was finished however it ends."""
        watch = Watch(self.job.progress, self.job.callback)
        try:
            with self._workers():
                self._look(watch)
        except KeyboardInterrupt as stop:
            raise Interrupted(self._how_to_go_on(), self._found(True)) from stop
        finally:
            watch.stop()
            self._write_unfinished()
        if self.work.error is not None:
            raise self._failure(self.work.error)
        return self._found(False)

    def _look(self, watch: Watch) -> None:
        while self.working:
            with self.work.news:
                if self.working:
                    self.work.news.wait(_WAIT)
                step = self.meter.step()
            watch.show(step)
        watch.show(self.meter.step())

    @contextmanager
    def _workers(self) -> Iterator[None]:
        """Threads at work; when they are left they have ended, after the parts at hand."""
        workers = [
            threading.Thread(target=contextvars.copy_context().run, args=(self._thread,),
                             daemon=True, name=f"taylored-fits-{i}")
            for i in range(self.threads)
        ]  # fmt: skip
        with threadpool_limits(1, "blas"):  # the threads are ours: BLAS would start as many again
            try:
                for worker in workers:
                    worker.start()
                yield
            finally:
                self.work.stop()
                for worker in workers:
                    if worker.ident is not None:
                        worker.join()

    # ---- in a thread ----

    def _thread(self) -> None:
        pace = Pace(self.data.fits // self.threads, most_together(self.plan))
        try:
            while (piece := self.work.take(pace.size)) is not None:
                if isinstance(piece, Part):
                    self._fit(piece, pace)
                else:
                    self._open(*piece)
        except BaseException as error:
            self.work.stop(error)
        finally:
            with self.work.news:
                self.working -= 1
                self.work.news.notify_all()

    def _open(self, number: int, box: Box) -> None:
        slab = self._read(number, box)
        known = None
        if self.ledger is not None:
            slab.digest = digest_of(slab.batch)
            known = self.ledger.get(slab.key, slab.digest, len(slab.batch))
        if known is None:
            self.unfinished[slab.key] = slab
            self.work.opened(slab)
            return
        self.block.put(slab.where, known)
        self._write(slab)
        self.data.release(box)
        with self.work.news:
            self.meter.add(known.status, reused=True)
        self.work.opened(None)

    def _read(self, number: int, box: Box) -> Slab:
        where = places(box, self.data.shape)
        try:
            return Slab(box, f"{number:06d}", where, self.data.read(box, where))
        except Exception as error:
            raise UnfinishedError(
                "The data of some fits cannot be read.", where=_box(box),
                why=f"{type(error).__name__}: {error}"[:300],
            ) from error  # fmt: skip

    def _fit(self, part: Part, pace: Pace) -> None:
        batch = part.slab.batch.take(part.own)
        began = time.perf_counter()
        found = solve(self.plan, batch)
        pace.learn(len(batch), time.perf_counter() - began)
        self.block.put(part.where, found)
        with self.work.news:
            self.meter.add(found.status)
        if self.work.done(part):
            self._finish(part.slab)

    def _finish(self, slab: Slab) -> None:
        if self.ledger is not None:
            self.ledger.put(slab.key, slab.digest, self.block.take(slab.where))
        self._write(slab)
        del self.unfinished[slab.key]
        self.data.release(slab.box)
        self.work.closed()

    def _write(self, slab: Slab) -> None:
        if self.writer is not None:
            self.writer.done(slab.box)

    # ---- how it ended ----

    def _write_unfinished(self) -> None:
        """What was finished of the chunks that were left, as far as they can be written."""
        if self.writer is None:
            return
        for slab in self.unfinished.values():
            if slab.finished:
                self.writer.begun(slab.box)
        try:
            self.writer.flush()
        except UnfinishedError as error:
            self.work.stop(error)

    def _found(self, interrupted: bool) -> ManyFits:
        seconds = time.perf_counter() - self.began
        noticed = changed_data(0 if self.ledger is None else self.ledger.changed)
        if not interrupted and isinstance(self.data, Data):  # not groups made to look like it
            noticed += common_misfit(self.plan, self.data, self.block)
        return ManyFits(self.plan, self.block, self.data.shape, self.data.one, seconds,
                        interrupted, warnings=noticed)  # fmt: skip

    def _failure(self, error: BaseException) -> BaseException:
        """The error of a thread, with what was finished."""
        if isinstance(error, LedgerError):
            error.result = self._found(True)
        if isinstance(error, LedgerError | UnfinishedError) or not self.meter.done:
            return error if not isinstance(error, UnfinishedError) else self._unfinished(error)
        whole = UnfinishedError(
            "Some fits ended with an error.", why=f"{type(error).__name__}: {error}"[:300]
        )
        whole.__cause__ = error
        return self._unfinished(whole)

    def _unfinished(self, error: UnfinishedError) -> UnfinishedError:
        found = UnfinishedError(
            error.what, where=error.where, why=error.why,
            next_step=f"{self._kept()}: see .result of this error.",
        )  # fmt: skip
        found.result, found.__cause__ = self._found(True), error.__cause__
        return found

    def _kept(self) -> str:
        return f"{self.meter.done:,} of {self.data.fits:,} fits are finished"

    def _how_to_go_on(self) -> str:
        if self.ledger is not None:
            return (f"Stopped: {self._kept()}. The same call goes on from the ledger "
                    f"{str(self.ledger.path)!r}.")  # fmt: skip
        return (f"Stopped: {self._kept()}: see .result of this error. With ledger='FOLDER' the "
                "same call would go on from here.")  # fmt: skip


def changed_data(changed: int) -> tuple[Finding, ...]:
    """What is to be said of a ledger of which so many blocks were found from other data."""
    if not changed:
        return ()
    blocks = "a block" if changed == 1 else f"{changed} blocks"
    return (
        Finding(
            "changed-data", f"The data differ from the ledger's: {blocks} of fits ran again.",
            "Check that these are the data you mean.", "note",
        ),
    )  # fmt: skip


def _open_ledger(job: Job, boxes: list[Box]) -> Ledger | None:
    if job.ledger is None:
        return None
    first = [s.stop - s.start for s in boxes[0]]
    told = fingerprint_of(job.plan, job.data.shape, blocks=[len(boxes), *first])
    return Ledger.open(job.ledger, told)


def _threads(wanted: int | None, fits: int) -> int:
    most = fits // _WORTH if wanted is None else fits
    return max(1, min(checked_threads(wanted), most))


def checked_threads(wanted: Any) -> int:
    """How many threads: one for each core, where it is not said.

    Raises:
        ArgumentError: for anything but a whole number from 1.
    """
    if wanted is None:
        return usable_cores()
    if isinstance(wanted, bool) or not isinstance(wanted, int | np.integer) or wanted < 1:
        raise ArgumentError(f"threads is {wanted!r:.40}.",
                            next_step="give a whole number from 1, or leave it out.")  # fmt: skip
    return int(wanted)


def _box(box: Box) -> str:
    """A box of fits in words."""
    return "fits [" + ", ".join(f"{s.start}:{s.stop}" for s in box) + "]"
