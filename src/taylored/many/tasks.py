"""What runs elsewhere: the fits of one chunk of arrays, as functions that workers can import.

A job travels with every task, but is made into a program once per process.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import numpy as np

from taylored.many.block import Batch, Block
from taylored.many.ledger import digest_of
from taylored.many.plan import Plan
from taylored.many.result import ManyFits
from taylored.many.solve import solve
from taylored.trace.cache import LeastRecentlyUsed

__all__ = ["FITS", "Job", "Part", "batch_of", "fit_packed", "fit_unless_known",
           "packed_names", "packed_rows", "recall", "solve_in_steps"]  # fmt: skip

FITS = 4096  # fits at a time: they stay in the processor's cache


@dataclass(frozen=True, slots=True)
class Part:
    """What one array of a chunk is: "y", "sigma", "used", "column" or "start".

    `axes` are those axes of y that it has, in order; `place` counts columns and parameters.
    """

    kind: str
    axes: tuple[int, ...]
    place: int = 0


@dataclass(frozen=True, eq=False)
class Job:
    """What all chunks share: the plan, and what their arrays are.

    The first `width` axes of y are those of the fits, the others hold the points of each.
    """

    plan: Plan
    parts: tuple[Part, ...]
    width: int
    token: str = field(default_factory=lambda: uuid4().hex)

    def __reduce__(self) -> tuple[Any, ...]:
        return recall, (self.token, self.plan, self.parts, self.width)

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        """What Dask names results after: equal jobs get equal names."""
        plan, params = self.plan, self.plan.params
        model = plan.model.function or repr(plan.model.expression)
        shared = [a.tobytes() for a in (*plan.columns, params.start, params.lower, params.upper)]
        sigma = None if plan.sigma is None else plan.sigma.tobytes()
        parts = [(p.kind, p.axes, p.place) for p in self.parts]
        return (model, plan.model.columns, shared, params.values, sigma, plan.absolute,
                plan.dtype, plan.engine, parts, self.width)  # fmt: skip


_jobs = LeastRecentlyUsed(16)
_lock = threading.Lock()


def recall(token: str, plan: Plan, parts: tuple[Part, ...], width: int) -> Job:
    """The job of a token, as it came to this process first.

    Functions are made anew with each task that brings them. One whose sameness cannot be told
    would be traced and compiled each time: as part of a job it is known by the job's token.
    """

    def first() -> Job:
        known = plan
        if plan.model.key is None:
            known = replace(plan, model=replace(plan.model, key=("job", token)))
        return Job(known, parts, width, token)

    with _lock:
        return _jobs.find(token, first)


def fit_packed(*arrays: np.ndarray, job: Job) -> np.ndarray:
    """The fits of a chunk as one array: rows of `packed_names`, then the axes of the fits."""
    block = solve_in_steps(job.plan, batch_of(job, arrays))
    rows = packed_rows(job.plan, block)
    return np.array(rows, float).reshape(len(rows), *np.shape(arrays[0])[: job.width])


def packed_rows(plan: Plan, block: Block) -> list[np.ndarray]:
    """What was found, in the order of `packed_names`."""
    many = ManyFits(plan, block, (len(block),))
    return [*block.theta, *block.stderr, block.chi2, block.dof, block.points, block.status,
            many.p_value]  # fmt: skip


def packed_names(plan: Plan) -> list[str]:
    """What the rows of `fit_packed` are."""
    errors = [f"{name}_stderr" for name in plan.names]
    return [*plan.names, *errors, "chi2", "dof", "points", "status", "p_value"]


def fit_unless_known(
    *arrays: np.ndarray, job: Job, known: str | None = None
) -> tuple[str, Block | None]:
    """The digest of a chunk's data, and what was found: None where the digest is `known`.

    Where it is not asked for (`known` is None) there is no digest.
    """
    batch = batch_of(job, arrays)
    digest = "" if known is None else digest_of(batch)
    return digest, None if digest and digest == known else solve_in_steps(job.plan, batch)


def solve_in_steps(plan: Plan, batch: Batch) -> Block:
    """`solve`, a few thousand fits at a time."""
    if len(batch) <= FITS:
        return solve(plan, batch)
    found = Block.empty(len(plan.names), len(batch))
    for at in range(0, len(batch), FITS):
        step = slice(at, at + FITS)
        found.put(step, solve(plan, batch.take(step)))
    return found


# ---- from the arrays of a chunk to a batch --------------------------------------------------


def batch_of(job: Job, arrays: Sequence[np.ndarray]) -> Batch:
    """The batch of a chunk: the axes of the fits made one, and those of the points."""
    shape = np.shape(arrays[0])
    found: dict[str, dict[int, np.ndarray]] = {}
    for part, array in zip(job.parts, arrays, strict=True):
        found.setdefault(part.kind, {})[part.place] = _flat(part, array, shape, job.width)

    def only(kind: str) -> np.ndarray | None:
        return found.get(kind, {}).get(0)

    columns, used = found.get("column", {}), only("used")
    for place, values in columns.items():
        columns[place], used = _finite(values, used)
    return Batch(found["y"][0], only("sigma"), used, columns,
                 _starts(job.plan, found.get("start", {})))  # fmt: skip


def _finite(values: np.ndarray, used: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None]:
    """A column where every value is a number: one of its own where it is not, and not used."""
    finite = np.isfinite(values)
    if finite.all():
        return values, used
    own = np.take_along_axis(values, finite.argmax(1)[:, None], 1)
    filled = np.where(finite, values, np.where(np.isfinite(own), own, 1.0))
    return filled, finite if used is None else used & finite


def _flat(part: Part, array: Any, shape: Sequence[int], width: int) -> np.ndarray:
    """An array that has some of the axes of y as (fits, points), or (fits,) for a start."""
    values = _plain(array, part.kind)
    full = tuple(shape[:width] if part.kind == "start" else shape)
    missing = tuple(slice(None) if a in part.axes else None for a in range(len(full)))
    spread = np.broadcast_to(values[missing], full)
    fits = int(np.prod(full[:width], dtype=int))
    return spread.reshape(fits) if part.kind == "start" else spread.reshape(fits, -1)


def _plain(array: Any, kind: str) -> np.ndarray:
    """Booleans for what is used, else float64, or float32 where that loses nothing."""
    if kind == "used":
        return np.ma.filled(np.ma.asarray(array), False).astype(bool)
    if np.ma.isMaskedArray(array):
        array = np.ma.filled(array.astype(float), np.nan)
    array = np.asarray(array)
    small = kind != "start" and array.dtype.kind == "f" and array.dtype.itemsize <= 4
    return array.astype(np.float32 if small else np.float64, copy=False)


def _starts(plan: Plan, given: dict[int, np.ndarray]) -> np.ndarray | None:
    """Starts of all parameters (params, fits): those that all fits share are repeated.

    One outside the bounds, which a chunk cannot refuse, counts as none.
    """
    if not given:
        return None
    params, fits = plan.params, len(next(iter(given.values())))
    rows = [given.get(i, np.full(fits, value)) for i, value in enumerate(params.start)]
    starts, low, high = np.array(rows), params.lower[:, None], params.upper[:, None]
    return np.where((starts >= low) & (starts <= high) & np.isfinite(starts), starts, np.nan)
