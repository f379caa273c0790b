"""The chunks of a job: which fits each has, and the call or graph that runs it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.many.block import Batch, Block
from taylored.many.engines import Engine
from taylored.many.tasks import FITS, Job, Part, batch_of, fit_unless_known

__all__ = ["Chunk", "Chunks", "chunks_of", "is_dask"]

_MERGED = 256 << 20  # bytes of a chunk above which others are made


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some fits of a job: `where` they are in the shape of all, and their place in the grid."""

    key: str
    place: tuple[int, ...]
    where: tuple[slice, ...]


@dataclass(frozen=True, eq=False)
class Chunks:
    """A job, its arrays (of NumPy, or of Dask with chunks that go together), and the grid."""

    job: Job
    arrays: tuple[Any, ...]
    grid: tuple[tuple[int, ...], ...]  # sizes along each axis of the fits

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the fits."""
        return tuple(map(sum, self.grid))

    def __len__(self) -> int:
        return math.prod(map(len, self.grid))

    def __iter__(self) -> Iterator[Chunk]:
        edges = [np.concatenate([[0], np.cumsum(sizes)]).tolist() for sizes in self.grid]
        for place in itertools.product(*(range(len(sizes)) for sizes in self.grid)):
            where = tuple(slice(e[i], e[i + 1]) for e, i in zip(edges, place, strict=True))
            yield Chunk("-".join(map(str, place)) or "0", place, where)

    def start(self, engine: Engine, chunk: Chunk, known: str | None) -> Any:
        """Have an engine run one chunk, unless its data have the digest that is `known`."""
        name = f"taylored-{self.job.token}-{chunk.key}"
        run = partial(fit_unless_known, job=self.job, known=known)
        if not self._lazy:
            return engine.call(name, run, *self.pieces(chunk.where))
        from dask.optimization import cull

        inputs = [self._key(a, part, chunk)
                  for a, part in zip(self.arrays, self.job.parts, strict=True)]  # fmt: skip
        tasks, _ = cull(self._tasks, inputs)
        return engine.graph({**tasks, name: (run, *inputs)}, name)

    @cached_property
    def _lazy(self) -> bool:
        return any(map(is_dask, self.arrays))

    @cached_property
    def _tasks(self) -> Mapping[Any, Any]:
        from dask.core import flatten

        tasks: dict[Any, Any] = {}
        for array in filter(is_dask, self.arrays):
            keys, graph = list(flatten(array.__dask_keys__())), array.__dask_graph__()
            # Optimizing drops what a cluster holds already: those are put back.
            held = {k: v for k, v in dict(graph).items() if hasattr(v, "add_done_callback")}
            tasks |= held | dict(array.__dask_optimize__(graph, keys))
        return tasks

    def _key(self, array: Any, part: Part, chunk: Chunk) -> tuple[Any, ...]:
        return (array.name, *(chunk.place[a] if a < self.job.width else 0 for a in part.axes))

    def pieces(self, where: Sequence[slice]) -> list[Any]:
        """The part of each array that some fits need."""
        box = (*where, *(slice(None) for _ in range(_axes(self.job) - len(where))))
        return [a[tuple(box[axis] for axis in part.axes)]
                for a, part in zip(self.arrays, self.job.parts, strict=True)]  # fmt: skip

    def batch(self, index: int) -> Batch:
        """The data of a single fit, by its place among all."""
        which = np.unravel_index(index, self.shape) if self.shape else ()
        found = self.pieces([slice(int(i), int(i) + 1) for i in which])
        return batch_of(self.job, [p.compute() if is_dask(p) else p for p in found])

    def put(self, whole: Block, chunk: Chunk, block: Block) -> None:
        """Write what was found for one chunk to its place among all."""
        sizes = [s.stop - s.start for s in chunk.where]
        for name in ("theta", "stderr", "chi2", "dof", "points", "status", "evaluations"):
            to, found = getattr(whole, name), getattr(block, name)
            head = to.shape[:-1]
            to.reshape(*head, *self.shape)[(..., *chunk.where)] = found.reshape(*head, *sizes)


def _axes(job: Job) -> int:
    return len(job.parts[0].axes)


def is_dask(array: Any) -> bool:
    """Whether this is an array of Dask."""
    return hasattr(array, "dask") and hasattr(array, "chunks")


# ---- the grid -------------------------------------------------------------------------------


def chunks_of(job: Job, arrays: Sequence[Any]) -> Chunks:
    """The chunks that the data have, all points of a fit in one; of plain arrays, a few
    thousand fits each.

    Raises:
        ArgumentError: where Dask does not know the sizes.
    """
    y = arrays[0]
    in_memory = isinstance(y, np.ndarray)
    if in_memory and not any(map(is_dask, arrays)):
        return Chunks(job, tuple(map(np.asanyarray, arrays)), _grid(y.shape[: job.width]))
    import dask.array as dask

    if not is_dask(y):  # a file keeps its own chunks
        grid = _grid(y.shape[: job.width])
        chunks = (*grid, *y.shape[job.width :]) if in_memory else "auto"
        chunks: Any = getattr(y, "chunks", None) or chunks
        y = dask.from_array(y, chunks=chunks)
    y = whole_points(y, job.width)
    others = [_cut_alike(y, a, p) for a, p in zip(arrays[1:], job.parts[1:], strict=True)]
    return Chunks(job, (y, *others), y.chunks[: job.width])


def _grid(shape: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Sizes of chunks of a few thousand fits: whole last axes, as far as they go."""
    left, grid = FITS, []
    for size in reversed(shape):
        step = max(1, min(size, left))
        left //= step
        grid.append((*[step] * (size // step), *[size % step] * (size % step > 0)) or (0,))
    return tuple(reversed(grid))


def whole_points(y: Any, width: int) -> Any:
    """An array of Dask with all points of a fit in one chunk.

    Raises:
        ArgumentError: where Dask does not know the sizes.
    """
    if any(math.isnan(size) for sizes in y.chunks for size in sizes):
        raise ArgumentError(
            "The sizes of the chunks are not known.",
            next_step="call compute_chunk_sizes() on the array first.",
        )
    axes = range(width, y.ndim)
    if all(len(y.chunks[a]) == 1 for a in axes):
        return y
    largest = math.prod(max(y.chunks[a], default=0) for a in range(width))
    merged = largest * math.prod(y.shape[a] for a in axes) * y.dtype.itemsize
    others = "auto" if merged > _MERGED else None
    return y.rechunk({**dict.fromkeys(range(width), others), **dict.fromkeys(axes, -1)})


def _cut_alike(y: Any, array: Any, part: Part) -> Any:
    """An array with the chunks of y along the axes that both have."""
    import dask.array as dask

    chunks: Any = tuple(y.chunks[axis] for axis in part.axes)
    return array.rechunk(chunks) if is_dask(array) else dask.from_array(array, chunks=chunks)
