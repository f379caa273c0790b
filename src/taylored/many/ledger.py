"""Finished blocks on disk, one file each: a job that was killed goes on where it was.

A block is taken again only if it was found by the same job from the same data: the folder knows
the fingerprint of the job, and each file the digest of the data that it was found from.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
import zipfile
from collections.abc import Mapping
from dataclasses import fields
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

import taylored
from taylored.errors import LedgerError, SavedFitError
from taylored.files import as_path, read_whole, write_whole
from taylored.many.block import Batch, Block
from taylored.many.plan import Plan, sample_point
from taylored.many.status import Status

__all__ = ["Ledger", "digest_of", "fingerprint_of"]

FORMAT = "taylored-ledger"
VERSION = 1
_LARGEST = 1 << 30  # bytes of one file
_META = "meta.json"


class Ledger:
    """The folder of one job; several threads, or processes, may use it at once.

    `reused`, `written` and `changed` count blocks: taken again, new, and found from other data
    than those at hand now.
    """

    def __init__(self, path: Path, params: int | None = None):
        self.path, self.params = path, params
        self.reused = self.written = self.changed = 0
        self._lock = threading.Lock()

    @classmethod
    def open(cls, path: str | os.PathLike, fingerprint: Mapping[str, Any]) -> Ledger:
        """The ledger in a folder, made where there is none.

        Args:
            path: of the folder.
            fingerprint: what must be the same for its blocks to be of use, by name; values are
                what JSON can write.

        Raises:
            LedgerError: where it is of another job, damaged, no ledger at all, or cannot be
                written. Nothing is deleted.
        """
        folder = as_path(path)
        told = json.loads(json.dumps({"taylored": taylored.__version__, **fingerprint}))
        meta = folder / _META
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not meta.exists():
                _require_empty(folder)
                text = json.dumps({"format": FORMAT, "version": VERSION, "job": told}, indent=1)
                write_whole(meta, text.encode(), "The ledger")
        except (OSError, SavedFitError) as error:
            raise _unwritable(folder, error) from None
        _compare(folder, _read_meta(meta), told)
        model = fingerprint.get("model")
        return cls(folder, len(model[2]) if isinstance(model, list) else None)

    def __len__(self) -> int:
        """How many blocks there are."""
        return sum(1 for _ in self.path.glob("block-*.npz"))

    def get(self, key: str, digest: str, fits: int | None = None) -> Block | None:
        """The block of a key if it was found from the data of this digest, else None.

        Raises:
            LedgerError: where its file is damaged, or has another number of fits.
        """
        found = self._stored(key)
        if found is None:
            return None
        known, block = found
        if known == digest and fits not in (None, len(block)):
            raise _damaged(self._file(key), f"it has {len(block)} fits instead of {fits}")
        with self._lock:
            if known == digest:
                self.reused += 1
            else:
                self.changed += 1
        return block if known == digest else None

    def digest(self, key: str) -> str | None:
        """That of the data from which the block of a key was found; None where there is none.

        Raises:
            LedgerError: where its file is damaged.
        """
        found = self._stored(key)
        return None if found is None else found[0]

    def _stored(self, key: str) -> tuple[str, Block] | None:
        file = self._file(key)
        if not file.exists():
            return None
        try:
            with np.load(BytesIO(read_whole(file, _LARGEST))) as stored:
                found = {name: stored[name] for name in stored.files}
            digest, block = str(found.pop("digest")), Block(**found)
            _check_arrays(block, self.params)
        except (OSError, SavedFitError, ValueError, TypeError, KeyError, EOFError,
                zipfile.BadZipFile) as error:  # fmt: skip
            raise _damaged(file, str(error)[:200]) from None
        return digest, block

    def put(self, key: str, digest: str, block: Block) -> None:
        """Keep a finished block: its file appears whole or not at all.

        Raises:
            LedgerError: where it cannot be written.
        """
        packed = BytesIO()
        arrays = {f.name: getattr(block, f.name) for f in fields(block)}
        np.savez(packed, digest=np.array(digest), **arrays)
        try:
            write_whole(self._file(key), packed.getvalue(), "The ledger")
        except (OSError, SavedFitError) as error:
            raise _unwritable(self.path, error) from None
        with self._lock:
            self.written += 1

    def _file(self, key: str) -> Path:
        if not re.fullmatch(r"[\w.-]{1,200}", key):
            raise ValueError(f"{key!r} is no key of a block")
        return self.path / f"block-{key}.npz"


def _damaged(file: Path, why: str) -> LedgerError:
    return LedgerError("A block of the ledger is damaged.", where=str(file), why=why,
                       next_step="delete that file: its fits are run again.")  # fmt: skip


def _check_arrays(block: Block, params: int | None) -> None:
    """Refuse what no block is made of.

    Raises:
        ValueError: naming the array.
    """
    count = len(block.theta) if params is None else params
    like = Block.empty(count, block.chi2.size)
    for name in (f.name for f in fields(Block)):
        found, right = getattr(block, name), getattr(like, name)
        if (found.shape, found.dtype) != (right.shape, right.dtype):
            raise ValueError(
                f"{name} is {found.dtype} {found.shape} instead of {right.dtype} {right.shape}"
            )
    if not np.isin(block.status, list(Status)).all():
        raise ValueError("status has a code that no verdict has")


def _require_empty(folder: Path) -> None:
    inside = [p.name for p in folder.iterdir() if not p.name.startswith(".")]
    if inside:
        raise LedgerError(
            f"{str(folder)!r} is no ledger, and it is not empty.", why=f"it holds {inside[0]!r}",
            next_step="choose a new folder for ledger=.",
        )  # fmt: skip


def _read_meta(meta: Path) -> Any:
    try:
        found = json.loads(read_whole(meta, _LARGEST))
        if found["format"] != FORMAT or found["version"] != VERSION:
            raise ValueError(f"its format is {found['format']!r:.40} {found['version']!r:.20}")
        return dict(found["job"])
    except (SavedFitError, ValueError, TypeError, KeyError) as error:
        raise LedgerError(
            f"The ledger {str(meta.parent)!r} cannot be read.", where=str(meta),
            why=str(getattr(error, "why", "") or error)[:200],
            next_step="choose a new folder for ledger=, or put that file back.",
        ) from None  # fmt: skip


def _compare(folder: Path, known: Mapping[str, Any], told: Mapping[str, Any]) -> None:
    names = sorted(n for n in {*known, *told} if known.get(n) != told.get(n))
    if names:
        first = names[0]
        raise LedgerError(
            f"The ledger {str(folder)!r} is of another job.",
            why=f"it differs in {', '.join(names)}; {first} was {known.get(first)!r:.60} and is "
            f"{told.get(first)!r:.60}",
            next_step="choose a new folder for ledger=, or run the job that it is of.",
        )


def _unwritable(folder: Path, error: Exception) -> LedgerError:
    if isinstance(error, LedgerError):
        return error
    why = getattr(error, "why", "") or getattr(error, "strerror", None) or str(error)
    return LedgerError(
        f"The ledger {str(folder)!r} cannot be written.", why=str(why),
        next_step="choose a folder that may be written to, with space left.",
    )  # fmt: skip


# ---- fingerprints ---------------------------------------------------------------------------


def fingerprint_of(plan: Plan, shape: tuple[int, ...], **more: Any) -> dict[str, Any]:
    """What tells one job from another: model, x, parameters, options, shape, and `more`.

    A function is told by its name and its values at a few points, so that a change of what it
    calls is noticed too.
    """
    model, params = plan.model, plan.params
    return {
        "model": [model.describe, list(model.columns), list(model.params), _tried(plan)],
        "x": _sha(*plan.columns),
        "sigma": None if plan.sigma is None else _sha(plan.sigma),
        "absolute_sigma": plan.absolute,
        "start": _sha(params.start),
        "bounds": _sha(params.lower, params.upper),
        "fixed": _sha(np.array(params.values)),
        "dtype": plan.dtype,
        "engine": plan.engine,
        "shape": [*shape, plan.points],
        **more,
    }


def _tried(plan: Plan) -> str:
    if plan.model.expression is not None:
        return plan.model.expression.text
    center = np.array(sample_point(plan.params))
    points = (center, 0.9 * center + 0.05, 1.2 * center - 0.01)
    with np.errstate(all="ignore"):
        return _sha(*(plan.model.value(*plan.columns, *p.tolist()) for p in points))


def digest_of(batch: Batch) -> str:
    """The digest of the data of some fits: of bytes, so that another file alike is the same."""
    columns = [a for i in sorted(batch.columns) for a in (np.array(i), batch.columns[i])]
    return _sha(batch.y, batch.sigma, batch.used, batch.start, *columns)


def _sha(*arrays: np.ndarray | None) -> str:
    found = hashlib.sha256()
    for array in arrays:
        if array is None:
            found.update(b"none")
            continue
        found.update(f"{array.dtype.str} {array.shape}".encode())
        found.update(np.ascontiguousarray(array).data.cast("B") if array.size else b"")
    return found.hexdigest()
