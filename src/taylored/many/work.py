"""The fits of a job, handed out to threads in pieces: boxes to be read, then parts of them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from taylored.many.block import Batch
from taylored.many.source import Box

__all__ = ["Pace", "Part", "Slab", "Work"]

_MOST = 4096  # fits in a part: more would leave the cache
_LEAST = 16
_FIRST = 256
_SECONDS = 0.1  # that a part should take, so that a stop is soon followed


@dataclass(eq=False)
class Slab:
    """A box of fits that has been read, and what was found for them so far."""

    box: Box
    key: str
    where: slice | np.ndarray  # its fits among all
    batch: Batch
    digest: str = ""
    handed: int = 0
    finished: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """Some fits of a slab."""

    slab: Slab
    own: slice

    @property
    def where(self) -> slice | np.ndarray:
        """Its fits among all."""
        whole, own = self.slab.where, self.own
        if isinstance(whole, slice):
            return slice(whole.start + own.start, whole.start + own.stop)
        return whole[own]


class Pace:
    """How many fits a thread takes at a time: as many as fill a tenth of a second.

    What is found does not depend on it.
    """

    def __init__(self, share: int, most: int = 0):
        self.size = min(max(share // 4, _LEAST), _FIRST)  # of the fits that a thread will have
        self.most = most or _MOST

    def learn(self, fits: int, seconds: float) -> None:
        """So many fits took so long."""
        wished = fits * _SECONDS / max(seconds, 1e-9)
        self.size = int(min(max(wished, _LEAST), 4 * self.size, self.most))


class Work:
    """A queue of boxes and of parts of slabs, for several threads.

    Parts come before boxes, and at most `most` slabs are in memory; where a slab is the only one
    left, all threads share it.
    """

    def __init__(self, boxes: Sequence[tuple[int, Box]], most: int):
        self._boxes, self._open = deque(boxes), deque[Slab]()
        self._reading, self._held, self._most = 0, 0, most
        self._stopped = False
        self.news = threading.Condition()
        self.error: BaseException | None = None

    def take(self, size: int) -> Part | tuple[int, Box] | None:
        """The next piece, to be given back by `opened` or `done`; None where nothing is left."""
        with self.news:
            while not self._stopped:
                if self._open:
                    return self._part(self._open[0], size)
                if self._boxes and self._held < self._most:
                    self._reading += 1
                    self._held += 1
                    return self._boxes.popleft()
                if not self._boxes and not self._reading:
                    return None
                self.news.wait()
            return None

    def _part(self, slab: Slab, size: int) -> Part:
        start, total = slab.handed, len(slab.batch)
        stop = min(start + size, total)
        if total - stop < size // 4:  # no crumbs
            stop = total
        slab.handed = stop
        if stop == total:
            self._open.popleft()
        return Part(slab, slice(start, stop))

    def opened(self, slab: Slab | None) -> None:
        """A box has been read (None: nothing is left to do in it)."""
        with self.news:
            self._reading -= 1
            self._held -= slab is None
            if slab is not None and not self._stopped:
                self._open.append(slab)
            self.news.notify_all()

    def done(self, part: Part) -> bool:
        """A part is finished; whether its slab is too."""
        with self.news:
            slab = part.slab
            slab.finished += part.own.stop - part.own.start
            self.news.notify_all()
            return slab.finished == len(slab.batch)

    def closed(self) -> None:
        """A slab is finished and put away."""
        with self.news:
            self._held -= 1
            self.news.notify_all()

    def stop(self, error: BaseException | None = None) -> None:
        """Hand out nothing more; the first error is kept."""
        with self.news:
            self._stopped = True
            self.error = self.error or error
            self.news.notify_all()

    @property
    def stopped(self) -> bool:
        """Whether nothing more is handed out."""
        return self._stopped
