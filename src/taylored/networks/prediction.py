"""The result of `predict`: values with intervals, or classes with probabilities."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.networks.outofbag import Coverage
from taylored.results import Accuracy, Finding

__all__ = ["Prediction"]


@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """Predictions for new rows, in the user's units. See `Network.predict`, which makes it.

    Attributes:
        value: (rows,) or (rows, outputs) means; of classes (rows,) labels.
        lo, hi: the ends of intervals for a new observation, of the shape of `value`; None where
            there are none.
        level: what the intervals or sets are to hold.
        measured: for each output how often they held rows that were not used for them.
        kind: of what kind the statement is; `why` says why where it is unknown.
        trusted: (rows,) False where training says little: unseen categories, far outside.
        names: of the outputs.
        probabilities: (rows, classes), or None.
        sets: (rows, classes) whether a class is in the set at `level`, or None.
        classes: the labels, in the order of the columns of `probabilities`.
        findings: what is doubtful about the rows.
    """

    value: np.ndarray
    lo: np.ndarray | None
    hi: np.ndarray | None
    level: float
    measured: tuple[Coverage, ...]
    kind: Accuracy
    why: str
    trusted: np.ndarray
    names: tuple[str, ...]
    probabilities: np.ndarray | None = None
    sets: np.ndarray | None = None
    classes: tuple[Any, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def coverage(self) -> Any:
        """How often such intervals held rows not used for them; an array for several outputs."""
        return _one_or_all([c.value for c in self.measured])

    @property
    def coverage_stderr(self) -> Any:
        """The standard error of `coverage`."""
        return _one_or_all([c.stderr for c in self.measured])

    def __len__(self) -> int:
        return len(self.value)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """The values, where an array is expected: `np.asarray(net.predict(X))`."""
        return np.array(self.value, dtype=dtype, copy=copy)

    def report(self, rows: int = 10) -> str:
        """A table of the first rows, as text."""
        return importlib.import_module("taylored.report.network").prediction_report(self, rows)

    def to_dict(self) -> dict[str, Any]:
        """All as plain numbers, strings and lists (JSON)."""
        module = importlib.import_module("taylored.report.network_document")
        return module.prediction_document(self)

    def _repr_html_(self) -> str:
        return importlib.import_module("taylored.report.network_prediction").prediction_html(self)

    def __repr__(self) -> str:
        return importlib.import_module("taylored.report.network").prediction_line(self)


def _one_or_all(values: list[float]) -> Any:
    if not values:
        return None
    return values[0] if len(values) == 1 else np.array(values)
