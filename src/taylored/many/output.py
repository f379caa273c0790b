"""Maps of results written to a Zarr group while the fits run, as xarray opens it."""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import taylored
from taylored.errors import ArgumentError, MissingExtraError, UnfinishedError
from taylored.files import as_path
from taylored.many.block import Block
from taylored.many.data import Data
from taylored.many.ledger import fingerprint_of
from taylored.many.plan import Plan
from taylored.many.result import ManyFits
from taylored.many.source import Box
from taylored.many.status import NAMES, Status

__all__ = ["Output", "Writer", "block_for", "job_attributes"]

_MARK = "taylored_fit_many"  # the attribute by which our groups are known
_CHUNK = 1 << 17  # fits in a file, unless it has to be more
_MAPS = ("chi2", "dof", "points", "p_value", "status", "usable")


@dataclass(frozen=True, eq=False)
class Output:
    """Where maps are written: a folder, the names of the dimensions of the fits, coordinates.

    `coordinates` are (dimensions, values, attributes) by name, `attributes` those of the maps, by
    the name of the map, and of the group, by "".
    """

    path: str | os.PathLike
    dimensions: tuple[str, ...] | None = None
    coordinates: Mapping[str, tuple[tuple[str, ...], np.ndarray, Mapping[str, Any]]] = field(
        default_factory=dict
    )
    attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    overwrite: bool = False


class Writer:
    """A Zarr group with one array for each map, whose chunks are written as they are finished.

    Several threads may use it. What is not written yet reads as not run.
    """

    def __init__(self, out: Output, plan: Plan, data: Data, block: Block):
        self.out, self.plan, self.shape, self.block = out, plan, data.shape, block
        self.dimensions = out.dimensions or tuple(f"dim_{i}" for i in range(len(data.shape)))
        self.path = as_path(out.path)
        self._left: dict[tuple[int, ...], int] = {}  # fits to come, by chunk
        self._lock = threading.Lock()
        _check_names(self)
        told = json.loads(json.dumps(fingerprint_of(plan, data.shape)))
        _check_place(self.path, told, out.overwrite)
        _check_space(self.path, plan, data.fits)
        self.has_sigma = plan.sigma is not None or data.sigma is not None
        boxes = data.boxes
        self.steps = _chunk(tuple(s.stop - s.start for s in boxes[0]), data.shape)
        self._make(told)

    def _make(self, told: Any) -> None:
        import zarr

        try:
            self.group: Any = zarr.open_group(str(self.path), mode="w")
            job = job_attributes(self.plan, self.has_sigma)
            self.group.attrs.update({**job, **self.out.attributes.get("", {}), _MARK: told})
            for name, (kind, fill) in _kinds(self.plan).items():
                self._new(name, kind, fill)
            for name, (dimensions, values, attributes) in self.out.coordinates.items():
                self._coordinate(name, dimensions, values, attributes)
            self._consolidate()
        except OSError as error:
            raise _unwritable(self.path, error) from None

    def _consolidate(self) -> None:
        """What the arrays are once more, in one place: xarray looks for it there."""
        import zarr

        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Consolidated metadata")  # the format 3 allows it
            zarr.consolidate_metadata(str(self.path))

    def done(self, box: Box) -> None:
        """A box of fits is finished: write its chunk, where that is finished too.

        Raises:
            UnfinishedError: where it cannot be written.
        """
        fits = math.prod(s.stop - s.start for s in box)
        if self._count(box, fits) == 0:
            self._write(self._key(box))

    def begun(self, box: Box) -> None:
        """Some fits of a box are finished, and no more will be."""
        self._count(box, 0)

    def flush(self) -> None:
        """Write the chunks of which only a part is finished.

        Raises:
            UnfinishedError: where they cannot be written.
        """
        for key, left in sorted(self._left.items()):
            if left:
                self._write(key)

    def _key(self, box: Box) -> tuple[int, ...]:
        return tuple(s.start // step for s, step in zip(box, self.steps, strict=True))

    def _count(self, box: Box, fits: int) -> int:
        key = self._key(box)
        with self._lock:
            whole = math.prod(s.stop - s.start for s in self._region(key))
            self._left[key] = self._left.get(key, whole) - fits
            return self._left[key]

    def _region(self, key: tuple[int, ...]) -> Box:
        return tuple(
            slice(i * step, min((i + 1) * step, n))
            for i, step, n in zip(key, self.steps, self.shape, strict=True)
        )

    def _write(self, key: tuple[int, ...]) -> None:
        region = self._region(key)
        try:
            for name, values in self._maps(region).items():
                self.group[name][region] = values
        except OSError as error:
            raise UnfinishedError(
                f"The maps cannot be written to {str(self.path)[:200]}.",
                why=error.strerror or str(error),
            ) from None

    def _maps(self, region: Box) -> dict[str, np.ndarray]:
        def part(array: np.ndarray) -> np.ndarray:
            shaped = array.reshape((*array.shape[:-1], *self.shape))
            return shaped[(..., *region)].reshape((*array.shape[:-1], -1))

        block = Block(*(part(getattr(self.block, f.name)) for f in fields(Block)))
        found = ManyFits(self.plan, block, tuple(s.stop - s.start for s in region))
        maps = {**found.params, **{_stderr(n): v for n, v in found.stderr.items()}}
        return maps | {n: found.code if n == "status" else getattr(found, n) for n in _MAPS}

    def _new(self, name: str, kind: Any, fill: Any) -> None:
        attributes = dict(self.out.attributes.get(name, {}))
        beside = self._beside()
        if beside:
            attributes["coordinates"] = " ".join(beside)
        if name == "status":
            attributes |= {"flag_values": [int(s) for s in Status],
                           "flag_meanings": " ".join(NAMES)}  # fmt: skip
        self.group.create_array(
            name, shape=self.shape, dtype=kind, chunks=self.steps or "auto", fill_value=fill,
            dimension_names=self.dimensions, attributes=attributes,
        )  # fmt: skip

    def _beside(self) -> list[str]:
        """Coordinates that are not dimensions: each map must name them to keep them."""
        names = [n for n in self.out.coordinates if n not in self.dimensions]
        return [n for n in names if " " not in n]

    def _coordinate(
        self, name: str, dimensions: tuple[str, ...], values: np.ndarray, attributes: Any
    ) -> None:
        if name in self.group:
            return
        made = self.group.create_array(
            name, shape=values.shape, dtype=values.dtype, dimension_names=dimensions,
            attributes=dict(attributes),
        )  # fmt: skip
        made[...] = values


def job_attributes(plan: Plan, has_sigma: bool) -> dict[str, str]:
    """How maps were found, in words that any format of files can store."""
    params, sigma = plan.params, "absolute" if plan.absolute else "relative"
    limits = {
        plan.names[i]: [_finite(params.lower[i]), _finite(params.upper[i])] for i in params.free
    }
    fixed = {n: float(params.values[i]) for i, n in enumerate(plan.names) if i not in params.free}
    return {
        "fit_model": plan.model.describe,
        "fit_parameters": ", ".join(plan.names),
        "fit_sigma": sigma if has_sigma else "not given",
        "fit_bounds": json.dumps({n: b for n, b in limits.items() if b != [None, None]}),
        "fit_fixed": json.dumps(fixed),
        "taylored_version": taylored.__version__,
    }


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def block_for(params: int, fits: int, out: Output | None) -> Block:
    """Room for all results: in memory, or beside the output where that is too small.

    The files of such arrays have no name: they are gone with the arrays.
    """
    empty = Block.empty(params, 0)
    each = sum(getattr(empty, f.name).itemsize * max(params, 1) ** (getattr(empty, f.name).ndim - 1)
               for f in fields(Block))  # fmt: skip
    if out is None or each * fits < _free_memory() / 2:
        return Block.empty(params, fits)
    return Block(*(_on_disk(getattr(empty, f.name), fits, out) for f in fields(Block)))


def _free_memory() -> float:
    try:
        return float(os.sysconf("SC_AVPHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return float("inf")


def _on_disk(like: np.ndarray, fits: int, out: Output) -> np.ndarray:
    """An array over the fits in a file without a name, with the values of one that is empty."""
    with tempfile.TemporaryFile(dir=as_path(out.path).absolute().parent) as file:
        found = np.memmap(file, like.dtype, "w+", shape=(*like.shape[:-1], fits))
    if like.dtype.kind == "f":
        found[:] = np.nan
    elif like.dtype == np.int8:
        found[:] = Status.NOT_RUN
    return found


def _stderr(name: str) -> str:
    return f"{name}_stderr"


def _chunk(box: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of the chunks: whole boxes, so many that a file is worth its time."""
    steps = list(box)
    for axis in reversed(range(len(shape))):
        more = _CHUNK // math.prod(steps)
        if more > 1:
            steps[axis] = min(steps[axis] * more, shape[axis])
        if steps[axis] < shape[axis]:
            break
    return tuple(steps)


def _kinds(plan: Plan) -> dict[str, tuple[Any, Any]]:
    """Type and value of what is not run, for each map."""
    number = (np.float64, np.nan)
    found = {n: number for name in plan.names for n in (name, _stderr(name))}
    found |= dict.fromkeys(("chi2", "p_value"), number)
    found |= dict.fromkeys(("dof", "points"), (np.int32, 0))
    return found | {"status": (np.int8, int(Status.NOT_RUN)), "usable": (np.bool_, False)}


# ---- refusals before any work ---------------------------------------------------------------


def _check_names(writer: Writer) -> None:
    if len(writer.dimensions) != len(writer.shape):
        raise ArgumentError(
            f"The output has the dimensions {writer.dimensions}, and the fits have the shape "
            f"{writer.shape}.", next_step="name each of their axes once.",
        )  # fmt: skip
    maps = [n for name in writer.plan.names for n in (name, _stderr(name))] + [*_MAPS]
    doubled = sorted({n for n in maps if maps.count(n) > 1} | {*maps} & {*writer.dimensions})
    if doubled:
        raise ArgumentError(
            f"The name {doubled[0]!r} would stand for two things in the output.",
            why="parameters, their standard errors, the other maps and the dimensions are there",
            next_step="rename that parameter in the model.",
        )


def _check_place(path: Path, told: Mapping[str, Any], overwrite: bool) -> None:
    if find_spec("zarr") is None:
        raise MissingExtraError(
            "Maps are written with zarr, which is not installed.",
            next_step='pip install "taylored[cluster]"',
        )
    parent = path.absolute().parent
    if not parent.is_dir():
        raise _refused(path, f"there is no directory {str(parent)!r}", "make it first.")
    if not os.access(path if path.is_dir() else parent, os.W_OK):
        raise _refused(path, "it may not be written", "choose another place.")
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return
    mark = _mark(path)
    if mark is None:
        raise _refused(path, "it exists, and no fit_many wrote it", "choose another name.")
    if mark != told and not overwrite:
        raise _refused(path, "it has the results of another job",
                       "choose another name, or delete it first.")  # fmt: skip


def _mark(path: Path) -> Any:
    """The fingerprint in a group of ours; None for anything else."""
    import zarr

    if not path.is_dir():
        return None
    try:
        return zarr.open_group(str(path), mode="r").attrs.get(_MARK)
    except Exception:  # whatever else may lie there
        return None


def _check_space(path: Path, plan: Plan, fits: int) -> None:
    each = sum(np.dtype(kind).itemsize for kind, _ in _kinds(plan).values())
    free = shutil.disk_usage(path.absolute().parent).free
    if each * fits > free:
        raise _refused(
            path, f"the maps take {each * fits / 1e9:.3g} GB and {free / 1e9:.3g} GB are free",
            "choose another disk.",
        )  # fmt: skip


def _refused(path: Path, why: str, step: str) -> ArgumentError:
    return ArgumentError(f"The output {str(path)[:200]!r} cannot be used.", why=why,
                         next_step=step)  # fmt: skip


def _unwritable(path: Path, error: OSError) -> ArgumentError:
    return _refused(path, error.strerror or str(error), "choose another place.")
