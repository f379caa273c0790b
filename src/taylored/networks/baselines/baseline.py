"""A baseline: its predictions for rows it has not seen, their score, and a model of all rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["Baseline", "Predictor", "splits"]

Predictor = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Baseline:
    """A simple model to compare a network with.

    `held_out`: (rows, outputs) predictions in standardized units, or (rows, classes)
    probabilities, each row by a model fitted without the fold of that row. `losses`: squared error
    or log loss of each row. `score`: the weighted root mean square error, or the weighted mean log
    loss, with its `stderr` over rows. `settings`: what was chosen (ridge strength, lengthscales),
    of the model of all rows, the one that `predict` uses. `seconds`: CPU time.
    """

    name: str
    held_out: np.ndarray
    losses: np.ndarray = field(repr=False)
    score: float
    stderr: float
    settings: dict[str, Any]
    seconds: float
    model: Predictor = field(repr=False)

    def predict(self, z: np.ndarray) -> np.ndarray:
        """Predictions for new rows z: (rows, features), standardized as the training rows were."""
        with np.errstate(all="ignore"):
            return self.model(np.asarray(z, dtype=float))


def splits(folds: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For each fold: the numbers of the rows outside it, and of those in it."""
    for fold in np.unique(folds):
        inside = folds == fold
        yield np.flatnonzero(~inside), np.flatnonzero(inside)
