"""Save a network as one safetensors file, and read it back without trusting the file.

The file holds the parameters, the training rows, what the members say of rows they have not seen,
and a JSON document. Nothing in it is ever run. Loading checks every value, and computes what the
members say of some rows anew: numbers that do not belong together are refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import taylored
from taylored.errors import SavedFitError, TayloredError
from taylored.files import as_path, read_whole, write_whole
from taylored.networks.archive import Archive, damaged, pack, unpack
from taylored.networks.classes import ClassesOutOfBag, probabilities
from taylored.networks.ensemble import Rows, held_out, outputs_at
from taylored.networks.folds import Folds
from taylored.networks.laplace import Laplace, fit_laplace
from taylored.networks.model import Model, perceptron
from taylored.networks.noise import Noise
from taylored.networks.outofbag import OutOfBag
from taylored.networks.plan import Settings, read_settings
from taylored.networks.solvers.levenberg import Limits, State
from taylored.networks.stored_model import (
    hidden_of,
    model_arrays,
    model_document,
    read_model,
    widths_of,
)
from taylored.networks.tables import Encoder, Response
from taylored.results import Finding

if TYPE_CHECKING:
    from taylored.networks.result import Network, Score, Training

__all__ = ["FORMAT", "from_bytes", "load", "save", "to_bytes"]

FORMAT = "taylored-network"
VERSION = 1
_LARGEST = 1 << 33  # bytes of a file that is read
_CHECKED = 200  # rows whose predictions are computed anew
_CLOSE = 1e-6
_TEXTS = ("solver", "reason", "regularization")  # of the training
_SERIES = {"trace": 1, "validation": 1, "effective": 1, "noise": 1, "precision": 2}


def save(net: Network, path: str | Path) -> None:
    """Write a network; the file appears whole or not at all.

    It holds the training rows: whoever gets it can read them.
    """
    write_whole(as_path(path), to_bytes(net), "The network")


def load(path: str | Path, model: Any = None, params: Any = None) -> Network:
    """Read a saved network; `model` and `params` are what it was trained with, where given.

    Raises:
        SavedFitError: where the file is not a saved network, is damaged, or contradicts itself.
    """
    try:
        return from_bytes(read_whole(as_path(path), _LARGEST), model, params)
    except SavedFitError as error:
        if error.where or str(path) in error.what:
            raise
        raise SavedFitError(
            error.what, where=str(path), why=error.why, next_step=error.next_step
        ) from None


# ---- out --------------------------------------------------------------------------------------


def to_bytes(net: Network) -> bytes:
    """What `save` writes: the same bytes for the same network."""
    return pack(_document(net), _arrays(net))


def _document(net: Network) -> dict[str, Any]:
    training, noise = net.training, net.noise
    return {
        "format": FORMAT,
        "version": VERSION,
        "taylored": taylored.__version__,
        "encoder": net.encoder.to_dict(),
        "response": net.response.to_dict(),
        "model": model_document(net.model),
        "settings": net.settings.to_dict(),
        "folds": None if net.folds is None else net.folds.count,
        "noise": None if noise is None or noise.model is None else model_document(noise.model),
        "scores": [score.name for score in net.scores],
        "training": {
            **{name: getattr(training, name) for name in _TEXTS},
            "ends": training.ends,
            "steps": training.steps,
        },
        "findings": [
            {"name": f.name, "message": f.message, "next_step": f.next_step,
             "severity": f.severity, "params": list(f.params)} for f in net.findings
        ],
    }  # fmt: skip


def _arrays(net: Network) -> dict[str, np.ndarray]:
    """Whatever may be long, or not finite."""
    rows, found = net.rows, net.out_of_bag
    values = {
        "theta": net.theta, "rows.z": rows.z, "rows.t": rows.t, "rows.weights": rows.weights,
        "rows.kept": net.kept, "check": _predicted(net.model, net.theta, rows.z[_some(rows)])[1],
        "scores": np.array([[s.value, s.stderr, s.worse] for s in net.scores]).reshape(-1, 3),
        **{f"training.{n}": getattr(net.training, n) for n in _SERIES},
        **{f"model.{n}": a for n, a in model_arrays(net.model).items()},
    }  # fmt: skip
    if net.folds is not None:
        values["folds"] = net.folds.number.astype(np.min_scalar_type(net.folds.count))
        values["folds.groups"] = net.folds.groups
    if found is not None:
        values["out-of-bag.effective"] = np.array([found.effective])
    if isinstance(found, OutOfBag):
        for name in ("mean", "spread", "deviation"):
            values[f"out-of-bag.{name}"] = getattr(found, name)
    elif found is not None:
        values["out-of-bag.raw"] = found.raw
    if net.noise is not None:
        gain = np.nan if net.noise.gain is None else net.noise.gain
        values |= {"noise.base": net.noise.base, "noise.gain": np.array([gain]),
                   "noise.theta": net.noise.theta}  # fmt: skip
    if net.laplace is not None:
        values |= {"laplace.precision": net.laplace.precision,
                   "laplace.effective": np.array([net.laplace.effective])}  # fmt: skip
    return {name: np.asarray(a) for name, a in values.items() if a is not None}


def _some(rows: Rows) -> np.ndarray:
    """The positions of rows, evenly taken, that predictions are compared at."""
    count = len(rows.z)
    return np.unique(np.linspace(0, count - 1, min(count, _CHECKED)).astype(int))


def _predicted(model: Model, theta: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The values of the members (members, rows, outputs), and their mean."""
    f = outputs_at(model, theta, z)
    return f, f.mean(0)


# ---- in ---------------------------------------------------------------------------------------


def from_bytes(data: bytes, model: Any = None, params: Any = None) -> Network:
    """The network of `to_bytes`.

    Raises:
        SavedFitError: with what is wrong.
    """
    archive = unpack(data, FORMAT, VERSION)
    try:
        with np.errstate(all="ignore"):
            return _Reader(archive).network(model, params)
    except SavedFitError:
        raise
    except TayloredError as error:
        raise damaged(f"{error.what} {error.why}".rstrip(" .")[:300]) from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError,
            RecursionError, MemoryError) as error:  # fmt: skip
        raise damaged(f"{type(error).__name__}: {str(error)[:120]}") from error


class _Reader:
    """One file, read and checked part by part."""

    def __init__(self, archive: Archive):
        self.archive, self.document = archive, archive.document
        self.encoder = Encoder.from_dict(self.document["encoder"])
        self.response = Response.from_dict(self.document["response"])
        self.classes = self.response.kind == "classification"
        self.widths = widths_of(self.encoder, self.response)
        self.settings = self._settings()

    def network(self, given: Any, params: Any) -> Network:
        from taylored.networks.result import Network

        model = read_model(self.archive, self.widths, given, params)
        theta = self.archive.array("theta", (None, model.size))
        rows, kept = self._rows()
        folds = self._folds(len(rows.z), len(theta))
        noise, found = self._noise(), self._out_of_bag(rows, folds)
        self._check(model, theta, rows, found, given is not None)
        return Network(
            encoder=self.encoder, response=self.response, model=model, theta=theta, rows=rows,
            settings=self.settings, folds=folds, noise=noise, out_of_bag=found,
            laplace=self._laplace(model, theta, rows), scores=self._scores(),
            training=self._training(len(theta)), findings=self._findings(), kept=kept,
        )  # fmt: skip

    def _settings(self) -> Settings:
        given = dict(self.document["settings"])
        return read_settings(given.pop("hidden"), given.pop("activation"), **given)

    def _rows(self) -> tuple[Rows, np.ndarray | None]:
        features, outputs = self.widths
        z = self.archive.array("rows.z", (None, features))
        count = len(z)
        if self.classes:
            t = self.archive.array("rows.t", (count,), "i")
            _must(((t >= 0) & (t < len(self.response.classes))).all(), "a row has no class")
        else:
            t = self.archive.array("rows.t", (count, outputs))
        weights = kept = None
        if "rows.weights" in self.archive.arrays:
            weights = self.archive.array("rows.weights", (count,))
            _must((weights >= 0).all() and weights.any(), "the weights of its rows are negative")
        if "rows.kept" in self.archive.arrays:
            kept = self.archive.array("rows.kept", (count,), "i")
            _must(kept[0] >= 0 and (np.diff(kept) > 0).all(), "its rows have no order")
        return Rows(z, t, weights), kept

    def _folds(self, rows: int, members: int) -> Folds | None:
        count = self.document["folds"]
        if (count is None) != (self.settings.intervals != "out-of-bag"):
            raise damaged("it does not say which rows were left out")
        if count is None:
            _must(members == 1, "it has several members, and none left rows out")
            return None
        _must(_whole(count, 2, rows), "it has a number of folds that cannot be")
        number = self.archive.array("folds", (None, rows), "u").astype(int)
        sizes = np.array([np.bincount(n, minlength=count) for n in number])
        _must(sizes.shape[1] == count and (sizes > 0).all(), "a fold has no rows")
        _must(len(number) >= 2 and members == len(number) * count, "its folds miss members")
        return Folds(number, count, self._groups(number))

    def _groups(self, number: np.ndarray) -> np.ndarray | None:
        if "folds.groups" not in self.archive.arrays:
            return None
        groups = self.archive.array("folds.groups", (number.shape[1],), "i")
        count = int(groups.max()) + 1
        whole = groups.min() >= 0 and count <= len(groups)
        _must(whole and len(np.unique(groups)) == count, "its groups are not numbered")
        first = np.unique(groups, return_index=True)[1]
        _must((number == number[:, first[groups]]).all(), "a group is in two folds")
        return groups

    def _out_of_bag(self, rows: Rows, folds: Folds | None) -> OutOfBag | ClassesOutOfBag | None:
        if folds is None:
            return None
        (effective,) = self.archive.array("out-of-bag.effective", (1,)).tolist()
        _must(effective >= 0, "its effective parameters are negative")
        if self.classes:
            shape = (len(rows.t), len(self.response.classes))
            raw = self.archive.array("out-of-bag.raw", shape)
            return ClassesOutOfBag(rows.t, raw, folds, rows.weights, effective)
        mean, spread, deviation = (
            self.archive.array(f"out-of-bag.{n}", rows.t.shape)
            for n in ("mean", "spread", "deviation")
        )
        _must((spread >= 0).all() and (deviation > 0).all(), "its deviations are not positive")
        return OutOfBag(rows.t, mean, spread, deviation, folds, rows.weights, effective)

    def _noise(self) -> Noise | None:
        if self.classes or self.document["folds"] is None:
            return None
        features, outputs = self.widths
        base = self.archive.array("noise.base", (outputs,))
        _must((base > 0).all(), "its noise is not positive")
        gain = float(self.archive.array("noise.gain", (1,), finite=False)[0])
        gain, document = None if np.isnan(gain) else gain, self.document["noise"]
        if document is None:
            return Noise(base, gain=gain)
        hidden = hidden_of(document, self.archive.arrays["noise.theta"])
        model = perceptron(features + outputs, hidden, outputs, document["activation"])
        theta = self.archive.array("noise.theta", (None, model.size))
        _must(len(theta) > 0, "its noise has no members")
        return Noise(base, model, theta, gain)

    def _laplace(self, model: Model, theta: np.ndarray, rows: Rows) -> Laplace | None:
        """The posterior, computed anew from the rows."""
        if self.settings.intervals != "laplace":
            return None
        _must(not self.classes and theta.dtype == np.float64, "it cannot have such intervals")
        state = State.at(theta, Limits())
        state.precision[0] = self.archive.array("laplace.precision", (model.size,))
        state.effective[:] = self.archive.array("laplace.effective", (1,))
        _must((state.precision >= 0).all(), "a precision is negative")
        _must(0 <= state.effective[0] <= model.size, "its effective parameters cannot be")
        return fit_laplace(model, rows, state)

    def _check(
        self, model: Model, theta: np.ndarray, rows: Rows,
        found: OutOfBag | ClassesOutOfBag | None, given: bool,
    ) -> None:  # fmt: skip
        """Whether model, parameters and rows give what is stored, at some of the rows."""
        some = _some(rows)
        f, mean = _predicted(model, theta, rows.z[some])
        if not _alike(mean, self.archive.array("check", mean.shape)):
            raise _not_this_model() if given else damaged("its parameters are not its own")
        if found is None:
            return
        own = Folds(found.folds.number[:, some], found.folds.count)
        if isinstance(found, OutOfBag):
            pairs = zip(held_out(f, own), (found.mean, found.spread), strict=True)
        else:
            pairs = iter([(held_out(probabilities(f), own)[0], found.raw)])
        if not all(_alike(computed, stored[some]) for computed, stored in pairs):
            raise damaged("its members say something else of the rows that they left out")

    def _scores(self) -> tuple[Score, ...]:
        from taylored.networks.result import Score

        names = _texts(self.document["scores"])
        values = self.archive.array("scores", (len(names), 3), finite=False)
        return tuple(Score(n, *v) for n, v in zip(names, values.tolist(), strict=True))

    def _training(self, members: int) -> Training:
        from taylored.networks.result import Training

        document = self.document["training"]
        ends, steps = document["ends"], document["steps"]
        known: dict[str, Any] = dict(
            zip(_TEXTS, _texts([document[n] for n in _TEXTS]), strict=True)
        )
        _must(_whole(steps, 0, 1 << 62), "its steps are no number")
        _must(all(_whole(c, 0, members) for c in ends.values()), "its ends are no numbers")
        for name, axes in _SERIES.items():
            known[name] = self.archive.array(f"training.{name}", (None,) * axes, finite=False)
        counts = {len(known[name]) for name in ("effective", "noise")}
        _must(counts in ({0}, {members}), "it lacks members")
        return Training(ends=ends, steps=steps, seconds=0.0, **known)

    def _findings(self) -> tuple[Finding, ...]:
        found = []
        for each in self.document["findings"]:
            texts = _texts([each[n] for n in ("name", "message", "next_step", "severity")])
            _must(texts[3] in ("error", "warning", "note"), "a finding has no severity")
            found.append(Finding(*texts, params=tuple(_texts(each["params"]))))
        return tuple(found)


def _not_this_model() -> SavedFitError:
    return SavedFitError(
        "The model that was given is not the one of the saved network.",
        why="its values at the training rows are others.",
        next_step="give the function, or the module, that was trained.",
    )


def _alike(found: np.ndarray, stored: np.ndarray) -> bool:
    scale = float(np.abs(stored).max(initial=0.0))
    return bool((np.abs(found - stored) <= _CLOSE * scale + 1e-300).all())


def _must(holds: Any, why: str) -> None:
    if not holds:
        raise damaged(why)


def _whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _texts(values: Any) -> list[str]:
    _must(isinstance(values, list) and all(isinstance(v, str) for v in values), "a text is none")
    return values
