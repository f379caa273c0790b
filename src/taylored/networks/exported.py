"""What an exported network computes, in numbers: from the columns of a table to intervals.

The same for StableHLO and ONNX. A table comes in as one float64 array (rows, columns) in the
user's units, with the position of each category in the list of its column (-1 where it is none).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.networks.classes import ClassesOutOfBag
from taylored.networks.outofbag import OutOfBag

if TYPE_CHECKING:
    from taylored.networks.data.encoder import Encoder
    from taylored.networks.noise import Noise
    from taylored.networks.result import Network

__all__ = ["Columns", "Interval", "Sets", "description", "interval_of", "sets_of"]

FORMAT = "taylored-export"
VERSION = 1


@dataclass(frozen=True, eq=False, slots=True)
class Columns:
    """Features from columns, all arrays (features,) unless said otherwise.

    Feature k is (x - center)/scale of the column `source`, or where `code` is not negative 1/scale
    in the rows with this code. Rows are in the training range where x is in [low, high] of each
    column (columns,).
    """

    source: np.ndarray
    center: np.ndarray
    scale: np.ndarray
    code: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, encoder: Encoder) -> Columns:
        codes = [
            k if column.kind == "category" else -1
            for column in encoder.columns
            for k, _ in enumerate(column.features)
        ]
        low = np.zeros(len(encoder.columns))
        high = np.array([len(c.categories) - 1.0 for c in encoder.columns])
        numbers = [i for i, c in enumerate(encoder.columns) if c.kind != "category"]
        low[numbers], high[numbers] = encoder.ends
        source = encoder.column_of
        return cls(source, encoder.center, encoder.scale, np.array(codes, float), low, high)


@dataclass(frozen=True, eq=False, slots=True)
class Interval:
    """mean ± width * s (outputs,), s from the noise and the variance between the members."""

    width: np.ndarray
    noise: Noise


@dataclass(frozen=True, slots=True)
class Sets:
    """Probabilities p^(1/temperature), and the sets of classes with at least `least`."""

    temperature: float
    least: float


def interval_of(net: Network, level: float) -> Interval | None:
    """The intervals that can be written as a formula; None where there are none."""
    found = net.out_of_bag
    if net.noise is None or not isinstance(found, OutOfBag):
        return None
    return Interval(found.quantile(level), net.noise)


def sets_of(net: Network, level: float) -> Sets | None:
    """What turns the mean of the members into calibrated probabilities and sets."""
    found = net.out_of_bag
    if not isinstance(found, ClassesOutOfBag):
        return None
    return Sets(found.temperature, found.threshold(level))


def description(net: Network, level: float) -> dict[str, Any]:
    """What someone who runs the file must know, for JSON."""
    intervals = net.out_of_bag is not None
    return {
        "format": FORMAT,
        "version": VERSION,
        "task": net.task,
        "input": {
            "name": "x", "dtype": "float64", "shape": ["rows", len(net.encoder.columns)],
            "columns": [_column(column) for column in net.encoder.columns],
        },
        "outputs": _outputs(net, intervals),
        "level": level if intervals else None,
        "coverage": [
            {"value": c.value, "stderr": c.stderr, "rows": c.rows}
            for c in net.coverage(level)
            if c.known
        ],
        "accuracy": str(net.accuracy) if intervals else "unknown",
        "why": "" if intervals else "intervals of a single network are not exported",
    }  # fmt: skip


def _column(column: Any) -> dict[str, Any]:
    if column.kind == "category":
        return {"name": column.name, "kind": "category", "codes": list(column.categories)}
    return {"name": column.name, "kind": column.kind, "range": [column.lo, column.hi]}


def _outputs(net: Network, intervals: bool) -> dict[str, Any]:
    trusted = {"trusted": "(rows,) whether the row is where there were training data"}
    if net.task == "classification":
        found = {"probabilities": "(rows, classes) in the order of the classes"}
        sets = {"sets": "(rows, classes) whether the class is in the set at the level"}
        classes = {"classes": list(net.response.classes)}
        return {**classes, **found, **(sets if intervals else {}), **trusted}
    shape = "(rows,)" if net.response.flat else "(rows, outputs)"
    found = {"names": list(net.response.names), "mean": f"{shape} the prediction"}
    if intervals:
        found |= dict.fromkeys(("lo", "hi"), f"{shape} the end of the interval for a new row")
    return {**found, **trusted}
