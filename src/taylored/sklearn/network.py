"""Networks as estimators of scikit-learn, with intervals that were measured to hold."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from types import FunctionType
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

import taylored
from taylored.errors import DataError, TayloredError
from taylored.networks.data.cells import read_cells
from taylored.networks.data.labels import labels_of
from taylored.networks.prediction import Prediction
from taylored.networks.result import Network
from taylored.regression.options import check_level
from taylored.results import Accuracy
from taylored.sklearn.rows import (
    LEAST,
    FitWarning,
    Rows,
    gathered,
    mixed,
    new_rows,
    seed_of,
    whole_rows,
)

__all__ = ["NetworkClassifier", "NetworkRegressor"]


def _copied(function: Any, name: str) -> Any:
    """The function under another name."""
    made = FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__,
        function.__closure__,
    )  # fmt: skip
    made.__kwdefaults__, made.__annotations__ = function.__kwdefaults__, function.__annotations__
    made.__qualname__ = name
    return made


class _NetworkEstimator(BaseEstimator):
    """What both networks share: options, training, and what is said of predictions."""

    network_: Network
    _task: str

    def __init_subclass__(cls, **options: Any) -> None:
        """Each estimator has an `__init__` of its own name, for Python's errors to speak of."""
        super().__init_subclass__(**options)
        if "__init__" not in vars(cls):
            cls.__init__ = _copied(cls.__init__, f"{cls.__qualname__}.__init__")

    def __init__(
        self,
        hidden: Sequence[int] | int | None = None,
        activation: str = "tanh",
        *,
        members: int | None = None,
        regularization: str | float = "auto",
        solver: str = "auto",
        missing: str = "fail",
        random_state: Any = 0,
    ):
        self.hidden = hidden
        self.activation = activation
        self.members = members
        self.regularization = regularization
        self.solver = solver
        self.missing = missing
        self.random_state = random_state

    def _train(self, given: Rows, labels: np.ndarray | None = None, **options: Any) -> None:
        """Train on y, which are numbers, or the positions of labels."""
        rows = mixed(gathered(given.X, given.y, given.weights, given.groups))
        ensemble = {**options, "groups": rows.groups, "members": self.members}
        self.network_ = taylored.train(
            self._columns(rows.X),
            rows.y if labels is None else labels[rows.y],
            hidden=self.hidden,
            activation=self.activation,
            task=self._task,
            weights=rows.weights,
            # Of so few different rows none can be left out to measure an error.
            intervals="none" if rows.few else "out-of-bag",
            regularization=self.regularization,
            solver=self.solver,
            seed=seed_of(self.random_state),
            **({} if rows.few else ensemble),
        )
        errors = [f for f in self.network_.findings if f.severity == "error"]
        for finding in errors:
            text = f"{finding.message[:1].upper()}{finding.message[1:]} {finding.next_step}"
            warnings.warn(text, FitWarning, stacklevel=3)

    def _columns(self, X: np.ndarray) -> Any:
        """X with the names of its columns, where it has some, for what the network reports."""
        names = getattr(self, "feature_names_in_", None)
        if names is None or len(set(names)) < len(names):
            return X
        return dict(zip(map(str, names), X.T, strict=True))

    def _predicted(self, X: Any, level: float = 0.9) -> Prediction:
        check_is_fitted(self, "network_")
        check_level(level)
        return self.network_.predict(self._columns(new_rows(self, X)), level=float(level))

    def _with_level(self, X: Any, level: float) -> Prediction:
        """Predictions of which the level matters: what is doubtful about it is said."""
        found = self._predicted(X, level)
        doubts = [f"{f.message} {f.next_step}" for f in found.findings]
        if self.network_.out_of_bag is None:
            doubts.append(
                f"There were fewer than {LEAST} different rows to train on, so that nothing is "
                "known of the errors. Next: give more rows."
            )
        elif found.kind is Accuracy.UNKNOWN and not doubts:
            doubts.append(f"Nothing is known at the level {level:g}: {found.why}.")
        for doubt in doubts:
            warnings.warn(doubt, FitWarning, stacklevel=3)
        return found


class NetworkRegressor(RegressorMixin, _NetworkEstimator):
    """A neural network for regression, as `taylored.train` makes it, inside scikit-learn.

    Members are trained together, each on a part of the rows; the rows that each has not seen
    measure how often the intervals hold.

    Args:
        hidden: the widths of the hidden layers; None chooses them by the number of rows.
        activation: "tanh", "relu", "logistic", ... as of `taylored.train`.
        members: of the ensemble; None: 30, of large tasks 10.
        regularization: "evidence", a number (the weight of half the squared parameters), or
            "auto": what predicts left-out rows best of a few.
        solver: "auto", "levenberg" or "adam".
        missing: "fail", or "drop" rows of X in which a number is missing (NaN) when fitting, and
            warn of it. Predictions always need all of them.
        noise: "auto", "constant" or "varying" with the inputs.
        random_state: of the starting weights and of the parts; the same one gives the same bytes.

    Attributes:
        network_: what `taylored.train` gives, with report(), influence(), derivative(), bound().
            Its rows are in an order of their own.
        n_features_in_, feature_names_in_: as everywhere in scikit-learn.

    The rows are sorted before they are split, so that their order does not matter.

    Example:
        >>> import numpy as np
        >>> from taylored.sklearn import NetworkRegressor
        >>> x = np.linspace(-1, 1, 100)[:, None]
        >>> y = np.sin(3 * x[:, 0]) + np.random.default_rng(0).normal(0, 0.1, 100)
        >>> net = NetworkRegressor(members=10).fit(x, y)
        >>> lo, hi = net.predict_interval([[0.5]], level=0.9)[0]
        >>> bool(lo < np.sin(1.5) < hi)
        True
    """

    _task = "regression"

    def __init__(
        self,
        hidden: Sequence[int] | int | None = None,
        activation: str = "tanh",
        *,
        members: int | None = None,
        regularization: str | float = "auto",
        solver: str = "auto",
        noise: str = "auto",
        missing: str = "fail",
        random_state: Any = 0,
    ):
        super().__init__(
            hidden, activation, members=members, regularization=regularization, solver=solver,
            missing=missing, random_state=random_state,
        )  # fmt: skip
        self.noise = noise

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None
    ) -> NetworkRegressor:
        """Train on X (rows, features) and y (rows,) or (rows, outputs), with weights or none.

        Rows of weight 0 are left out. Copies of a row count as one row of their summed weight,
        wherever equal inputs have equal outputs throughout. Rows with the same label in `groups`
        (rows,) are left out together, so that intervals hold for new groups.

        Warns:
            FitWarning: where the network is no better than the mean of y, or rows are left out.

        Raises:
            ValueError: for data that scikit-learn refuses, or, with the reason, `taylored.train`.
        """
        rows = whole_rows(
            self, X, y, sample_weight, groups=groups, missing=self.missing, y_numeric=True,
            multi_output=True,
        )  # fmt: skip
        self._train(replace(rows, y=np.asarray(rows.y, float)), noise=self.noise)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The mean of the members at X (rows, features), of the shape of y."""
        return np.asarray(self._predicted(X).value)

    def predict_interval(self, X: Any, level: float = 0.9) -> np.ndarray:
        """Intervals for new observations at X (rows, features): (rows, 2), lo and hi.

        Of several outputs (rows, outputs, 2). Infinite where the training rows are too few.

        Warns:
            FitWarning: where the level is not to be relied upon; it says why.
        """
        found = self._with_level(X, level)
        if found.lo is None or found.hi is None:
            return np.broadcast_to([-np.inf, np.inf], (*found.value.shape, 2)).copy()
        return np.stack([found.lo, found.hi], axis=-1)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


class NetworkClassifier(ClassifierMixin, _NetworkEstimator):
    """A neural network for classification, as `taylored.train` makes it, inside scikit-learn.

    Args:
        hidden, activation, members, regularization, solver, missing, random_state: as of
            `NetworkRegressor`.

    Attributes:
        network_: what `taylored.train` gives. Its rows are in an order of their own, and its
            classes are numbers from 0 where some label is a blank, which tables take as missing.
        classes_: the labels, sorted, (classes,).
        n_features_in_, feature_names_in_: as everywhere in scikit-learn.
    """

    _task = "classification"
    classes_: np.ndarray

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None
    ) -> NetworkClassifier:
        """Train on X (rows, features) and labels y (rows,), with weights (rows,) or none.

        Rows with the same label in `groups` (rows,) are left out together.

        Warns:
            FitWarning: where the network is no better than guessing, or rows are left out.

        Raises:
            DataError: where only one class has a weight above zero, or there are nearly as many
            classes as rows.
        """
        rows = whole_rows(self, X, y, sample_weight, groups=groups, missing=self.missing)
        check_classification_targets(rows.y)
        self.classes_, codes = np.unique(rows.y, return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError(
                f"y has only one class, {self.classes_[0]!r}.",
                why="there is nothing to tell apart",
                next_step="give rows of at least two classes, with weights above zero.",
            )
        names = self.classes_ if _readable(self.classes_) else np.arange(len(self.classes_))
        self._train(replace(rows, y=codes), names)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Calibrated probabilities of the classes at X (rows, features): (rows, classes)."""
        return np.asarray(self._predicted(X).probabilities)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable label at X (rows, features), (rows,)."""
        most = self.predict_proba(X).argmax(axis=1)
        return self.classes_[most]

    def predict_set(self, X: Any, level: float = 0.9) -> np.ndarray:
        """Which labels cannot be excluded at X: (rows, classes) bool.

        The true label is among them with probability `level`. All are where nothing is known.

        Warns:
            FitWarning: where the level is not to be relied upon; it says why.
        """
        found = self._with_level(X, level)
        if found.sets is None:
            return np.ones((len(found.value), len(self.classes_)), bool)
        return found.sets


def _readable(labels: np.ndarray) -> bool:
    """Whether a table of these labels is read as these labels: none is taken as missing."""
    try:
        return labels_of(read_cells(labels, "y")) == labels.tolist()
    except TayloredError:
        return False
