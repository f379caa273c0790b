"""Checkpoints: training that was stopped goes on exactly where it was.

Training is a sequence of runs of a solver, and all else in it follows from the seed. A checkpoint
holds the state of each run so far, as it was after a whole step. To go on, training begins anew
with the same draws: finished runs return the states that are stored, and the last one goes on from
its own. The result has the same bytes as that of a training that was never stopped.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import warnings
from pathlib import Path
from typing import Any, Protocol

import numpy as np

import taylored
from taylored.errors import ArgumentError, SavedFitError
from taylored.files import read_whole, write_whole
from taylored.networks.archive import Archive, damaged, pack, unpack
from taylored.networks.ensemble import Rows
from taylored.networks.model import Model
from taylored.networks.plan import Settings

__all__ = ["Checkpoint", "Resumable", "digest", "identity_of"]

FORMAT = "taylored-checkpoint"
VERSION = 1
_EVERY = 5.0  # seconds between two writings
_SHARE = 0.05  # of the time that writing may take
_LARGEST = 1 << 33
_TRIED = 64  # rows on which a model is told from another


class Resumable(Protocol):
    """The state of a run, from which it goes on as if never stopped."""

    def arrays(self) -> dict[str, np.ndarray]:
        """The state as arrays."""
        ...

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> Any:
        """The state that `arrays` gave."""
        ...


def digest(*parts: Any) -> str:
    """The SHA-256 of arrays and of what JSON can write."""
    found = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            found.update(f"{part.dtype.str} {part.shape}".encode())
            found.update(part.tobytes())
        else:
            found.update(json.dumps(part, sort_keys=True).encode())
    return found.hexdigest()


def identity_of(settings: Settings, model: Model, rows: Rows, *described: Any) -> dict[str, Any]:
    """What must be the same for training to go on: settings, rows, and the values of the model."""
    some = np.asarray(rows.z[:_TRIED], float)[None]
    tried = model.values(model.draw(np.random.default_rng(0), 1, float), some)
    weights = np.empty(0) if rows.weights is None else rows.weights
    return {
        **settings.to_dict(),
        "data": digest(rows.z, rows.t, weights, *described),
        "model": digest([model.size, model.features, model.outputs], model.groups, tried),
    }


class Checkpoint:
    """The file of one training: `identity` says of what it is, by name and value."""

    def __init__(self, path: str | os.PathLike, identity: dict[str, Any]):
        if not isinstance(path, str | os.PathLike):
            raise ArgumentError(
                f"checkpoint is {path!r:.40}.", next_step='give a path, such as "run.checkpoint".'
            )
        self.path = Path(path)
        self.identity = {"taylored": taylored.__version__, **identity}
        self.runs: list[dict[str, np.ndarray]] = []
        if self.path.exists():
            self.runs = self._read()
        self._cost = self._written = 0.0
        self.write()  # a folder that cannot be written to is found before the work is done

    # ---- runs ----

    def resumed(self, number: int, state: Resumable) -> Any:
        """The stored state of a run, or the given one where none is."""
        if number >= len(self.runs):
            return state
        _check_alike(self.runs[number], state.arrays())
        return type(state).from_arrays(self.runs[number])

    def stored(self, number: int, kind: type[Resumable], shape: tuple[int, int]) -> Any:
        """The stored state of a run with parameters (members, size), or None."""
        if number >= len(self.runs):
            return None
        try:
            state: Any = kind.from_arrays(self.runs[number])
        except (KeyError, TypeError, ValueError):
            raise _unlike() from None
        if state.theta.shape != shape:
            raise _unlike()
        return state

    def keep(self, number: int, state: Resumable) -> None:
        """Hold the state of a run after a step, and write it where it is time to."""
        held = {name: np.array(a) for name, a in state.arrays().items()}
        self.runs[number : number + 1] = [held]
        if time.monotonic() - self._written > max(_EVERY, self._cost / _SHARE):
            self.write_if_possible()

    # ---- the file ----

    def write(self) -> None:
        """Write all runs so far; the file appears whole or not at all."""
        started = time.monotonic()
        arrays = {f"{k}.{n}": a for k, run in enumerate(self.runs) for n, a in run.items()}
        document = {
            "format": FORMAT, "version": VERSION, "identity": self.identity, "runs": len(self.runs)
        }  # fmt: skip
        write_whole(self.path, pack(document, arrays), "The checkpoint")
        self._written = time.monotonic()
        self._cost = self._written - started

    def write_if_possible(self) -> bool:
        """Whether it was written: a full disk must not end a training that has gone well so far."""
        try:
            self.write()
            return True
        except (OSError, SavedFitError) as error:
            self._written = time.monotonic()
            warnings.warn(
                f"The checkpoint cannot be written to {self.path}: {error}. Training goes on.",
                RuntimeWarning,
                stacklevel=2,
            )
        return False

    def remove(self) -> None:
        """Delete the file: the training is finished."""
        self.path.unlink(missing_ok=True)

    def _read(self) -> list[dict[str, np.ndarray]]:
        data = read_whole(self.path, _LARGEST)
        try:
            archive = unpack(data, FORMAT, VERSION, "checkpoint")
            count = _run_count(archive)
        except SavedFitError as error:
            raise SavedFitError(
                error.what, where=str(self.path), why=error.why,
                next_step="delete the file to begin anew, or give another path.",
            ) from None  # fmt: skip
        self._check_identity(archive.document.get("identity"))
        return [archive.group(f"{k}.") for k in range(count)]

    def _check_identity(self, stored: Any) -> None:
        stored = stored if isinstance(stored, dict) else {}
        own = json.loads(json.dumps(self.identity))
        other = [n for n in own if n not in stored or stored[n] != own[n]]
        if not other:
            return
        raise SavedFitError(
            f"The checkpoint {self.path} is of another training.",
            why="; ".join(_difference(n, own[n], stored.get(n)) for n in other[:5]) + ".",
            next_step="delete it to begin anew, or give another path.",
        )


def _difference(name: str, own: Any, stored: Any) -> str:
    if name in ("data", "model"):
        return f"the {name} differ{'s' if name == 'model' else ''}"
    return f"{name} is {own!r:.40}, and was {stored!r:.40}"


def _run_count(archive: Archive) -> int:
    count = archive.document.get("runs")
    if (
        not isinstance(count, int)
        or isinstance(count, bool)
        or not 0 <= count <= len(archive.arrays)
    ):
        raise damaged("it does not say how many runs it holds", "checkpoint")
    return count


def _check_alike(stored: dict[str, np.ndarray], own: dict[str, np.ndarray]) -> None:
    """The arrays of a state: of these names, types and shapes; lists may have become longer."""
    same = stored.keys() == own.keys() and all(
        stored[n].ndim == a.ndim and (a.shape == (0,) or stored[n].shape == a.shape)
        and (a.shape == (0,) or stored[n].dtype == a.dtype) for n, a in own.items()
    )  # fmt: skip
    if not same:
        raise _unlike()


def _unlike() -> SavedFitError:
    return SavedFitError(
        "The checkpoint does not fit this training.",
        why="the states in it have other names, types or shapes.",
        next_step="delete it to begin anew, or give another path.",
    )
