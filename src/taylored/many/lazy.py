"""Fits of chunked data that are run when they are asked for: arrays of Dask in, and out."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from taylored.many.aligned import Named
from taylored.many.chunks import Chunks, chunks_of
from taylored.many.engines import need_dask
from taylored.many.tasks import fit_packed, packed_names

__all__ = ["lazy_rows", "named_chunks"]

_LARGE = 1.0  # gigabytes


def named_chunks(named: Named) -> Chunks:
    """The chunks of named data, with a note where whole fits had to be put together first."""
    need_dask()
    y = named.variables[0]
    width = len(named.lead)
    cut = [d for d, sizes in zip(named.dims, (y.chunks or ())[width:], strict=False)
           if len(sizes) > 1]  # fmt: skip
    if cut:
        _tell_merging(y, cut)
    return chunks_of(named.job, [v.data for v in named.variables])


def _tell_merging(y: Any, cut: Sequence[Any]) -> None:
    size = y.size * y.dtype.itemsize / 1e9
    if size < _LARGE:
        return
    warnings.warn(
        f"The data are cut along {cut[0]!r}, which is fitted over: all {size:.3g} GB are put "
        f"together anew first, in memory or between workers. Store them with chunk({{{cut[0]!r}: "
        "-1}) to save that.", stacklevel=5,
    )  # fmt: skip


def lazy_rows(named: Named) -> list[Any]:
    """The rows of `packed_names` as arrays of Dask."""
    import dask.array as dask

    chunks, job = named_chunks(named), named.job
    pairs = [(a, p.axes) for a, p in zip(chunks.arrays, job.parts, strict=True)]
    row = len(job.parts[0].axes)  # the axis of the rows comes after those of y
    count = len(packed_names(job.plan))
    packed = dask.blockwise(
        fit_packed, (row, *range(job.width)), *(part for pair in pairs for part in pair),
        job=job, new_axes={row: count}, dtype=float, concatenate=True,
        meta=np.empty((0,) * (job.width + 1)),
    )  # fmt: skip
    return [packed[i] for i in range(count)]
