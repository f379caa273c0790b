"""Networks as estimators of scikit-learn, with intervals that were measured to hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

import taylored
from taylored.errors import DataError
from taylored.regression.options import check_level
from taylored.sklearn.rows import gathered, new_rows, seed_of, training_rows

__all__ = ["NetworkClassifier", "NetworkRegressor"]


class _NetworkEstimator(BaseEstimator):
    """What both networks share: options, training, and pickling as plain bytes."""

    network_: Any
    _task: str

    def __init__(
        self,
        hidden: Sequence[int] | None = None,
        activation: str = "tanh",
        *,
        members: int = 30,
        random_state: Any = 0,
    ):
        self.hidden = hidden
        self.activation = activation
        self.members = members
        self.random_state = random_state

    def _train(self, X: np.ndarray, y: np.ndarray, weights: np.ndarray | None) -> None:
        X, y, weights = gathered(X, y, weights)
        self.network_ = taylored.train(
            X,
            y,
            hidden=self.hidden,
            activation=self.activation,
            task=self._task,
            weights=weights,
            seed=seed_of(self.random_state),
            members=self.members,
        )

    def _predicted(self, X: Any, level: float) -> Any:
        check_is_fitted(self, "network_")
        check_level(level)
        return self.network_.predict(new_rows(self, X), level=level)

    def __getstate__(self) -> dict[str, Any]:
        state: Any = super().__getstate__()
        return {**state, "network_": self.network_.to_bytes()} if "network_" in state else state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "network_" in state:
            from taylored.networks.store import from_bytes

            state = {**state, "network_": from_bytes(state["network_"])}
        super().__setstate__(state)


class NetworkRegressor(RegressorMixin, _NetworkEstimator):
    """A neural network for regression, as `taylored.train` makes it, inside scikit-learn.

    Members are trained together, each on a part of the rows; the rows that each has not seen
    measure how often the intervals hold.

    Args:
        hidden: the sizes of the hidden layers; None chooses them from the data.
        activation: "tanh", ...
        members: of the ensemble.
        random_state: of the starting weights and of the parts; the same one gives the same bytes.

    Attributes:
        network_: what `taylored.train` gives, with report(), influence(), derivative(), bound().
        n_features_in_, feature_names_in_: as everywhere in scikit-learn.

    The rows are sorted before they are split, so that their order does not matter.
    """

    _task = "regression"

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> NetworkRegressor:
        """Train on X (rows, features) and y (rows,), with weights (rows,) or none.

        Rows of weight 0 are left out. Copies of a row count as one row of their summed weight,
        wherever equal inputs have equal outputs throughout.
        """
        X, y, weights = training_rows(self, X, y, sample_weight, y_numeric=True)
        self._train(X, np.asarray(y, float), weights)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The mean of the members at X (rows, features), (rows,)."""
        return np.asarray(self._predicted(X, 0.9).value)

    def predict_interval(self, X: Any, level: float = 0.9) -> np.ndarray:
        """Intervals for new observations at X (rows, features): (rows, 2), lo and hi."""
        found = self._predicted(X, level)
        return np.stack([found.lo, found.hi], axis=1)


class NetworkClassifier(ClassifierMixin, _NetworkEstimator):
    """A neural network for classification, as `taylored.train` makes it, inside scikit-learn.

    Args:
        hidden, activation, members, random_state: as of `NetworkRegressor`.

    Attributes:
        network_: what `taylored.train` gives.
        classes_: the labels, sorted, (classes,).
        n_features_in_, feature_names_in_: as everywhere in scikit-learn.
    """

    _task = "classification"
    classes_: np.ndarray

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> NetworkClassifier:
        """Train on X (rows, features) and labels y (rows,), with weights (rows,) or none.

        Raises:
            DataError: where only one class has a weight above zero.
        """
        X, y, weights = training_rows(self, X, y, sample_weight)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError(
                f"y has only one class, {self.classes_[0]!r}.",
                why="there is nothing to tell apart",
                next_step="give rows of at least two classes, with weights above zero.",
            )
        self._train(X, codes, weights)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Calibrated probabilities of the classes at X (rows, features): (rows, classes)."""
        return np.asarray(self._predicted(X, 0.9).probabilities)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable label at X (rows, features), (rows,)."""
        most = self.predict_proba(X).argmax(axis=1)
        return self.classes_[most]

    def predict_set(self, X: Any, level: float = 0.9) -> np.ndarray:
        """Which labels cannot be excluded at X: (rows, classes) bool.

        The true label is among them with probability `level`.
        """
        return np.asarray(self._predicted(X, level).sets)
