"""Curve fitting as an estimator of scikit-learn."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from taylored.errors import ArgumentError, ModelValueError
from taylored.regression.fit import fit_setup
from taylored.regression.options import Options, check_level
from taylored.regression.predict import Prediction
from taylored.regression.result import Cost, Fit
from taylored.regression.setup import Setup, set_up
from taylored.results import Accuracy
from taylored.sklearn.inputs import Inputs, inputs_of
from taylored.sklearn.plane import Plane, plane_of
from taylored.sklearn.rows import FitWarning, gathered, new_rows, seed_of, training_rows

__all__ = ["CurveFitRegressor"]


class CurveFitRegressor(RegressorMixin, BaseEstimator):
    """Fit any model by least squares, as `taylored.fit` does, inside scikit-learn.

    Minimizes `sum(weight * (y - f(x; params))**2)`.

    Args:
        model: a formula "a*exp(-x0/tau) + c", in which the columns of X are called by their
            names, or x0, x1, ... where they have none (x where there is one); or a function
            f(x, a, tau, c), or f(x0, x1, a, b) with the columns as arguments, written with NumPy
            or jax.numpy. None is a plane in all columns.
        start: start values by name. Those missing are found from the data.
        bounds: (low, high) by name, None for an open side.
        fixed: values of parameters that are not to be fitted.
        absolute_sigma: whether a weight is 1/sigma**2 as it stands; else weights are relative,
            and the scatter of the residuals says what a weight of 1 means.
        random_state: of the automatic starts.

    Attributes:
        fit_: the `taylored.Fit`, with params, stderr, interval(), report(), plot(), ...
        n_features_in_, feature_names_in_: as everywhere in scikit-learn.

    Example:
        >>> from taylored.sklearn import CurveFitRegressor
        >>> curve = CurveFitRegressor("a + b*x").fit([[0.0], [1.0], [2.0]], [1.0, 3.1, 4.9])
        >>> round(curve.fit_.params["b"], 6)
        1.95
    """

    fit_: Fit

    def __init__(
        self,
        model: str | Callable | None = None,
        *,
        start: Mapping[str, float] | None = None,
        bounds: Mapping[str, tuple[float | None, float | None]] | None = None,
        fixed: Mapping[str, float] | None = None,
        absolute_sigma: bool = False,
        random_state: Any = 0,
    ):
        self.model = model
        self.start = start
        self.bounds = bounds
        self.fixed = fixed
        self.absolute_sigma = absolute_sigma
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> CurveFitRegressor:
        """Fit to X (rows, features) and y (rows,); sample_weight (rows,) goes as 1/variance.

        Rows of weight 0 are left out.

        Warns:
            FitWarning: where the fit is not usable; it says why and what to do.

        Raises:
            ValueError: for data that scikit-learn refuses; TayloredError: as `taylored.fit`.
        """
        X, y, weights = training_rows(self, X, y, sample_weight, y_numeric=True)
        features = getattr(self, "feature_names_in_", None)
        if self.model is None:
            self._inputs = plane_of(X, weights, features)
        else:
            self._inputs = inputs_of(self.model, features, X.shape[1])
        self.fit_ = self._fitted(X, y, weights)
        self._warn(self._inputs)
        return self

    def _fitted(self, X: np.ndarray, y: np.ndarray, weights: np.ndarray | None) -> Fit:
        """The fit; where starts are looked for, that depends neither on order nor on copies."""
        setup = self._set_up(self._inputs, X, y, weights)
        if setup.problem.linear.all() or setup.params.complete:
            return fit_setup(setup)
        rows = gathered(X, y, weights)
        found = fit_setup(self._set_up(self._inputs, rows.X, rows.y, rows.weights))
        free = {name: found.params[name] for name in setup.free_names}
        again = fit_setup(self._set_up(self._inputs, X, y, weights, start=free))
        known = found.solution
        solution = replace(again.solution, hits=known.hits, tried=known.tried, others=known.others)
        a, b = found.cost, again.cost
        cost = Cost(a.evaluations + b.evaluations, a.iterations + b.iterations, a.starts)
        return Fit(setup, solution, found.automatic, cost)

    def _set_up(
        self,
        inputs: Inputs | Plane,
        X: Any,
        y: Any,
        weights: Any,
        *,
        start: Mapping[str, float] | None = None,
    ) -> Setup:
        """The problem of `taylored.fit`; `start` is where it stays, if it is given."""
        absolute = bool(self.absolute_sigma)
        sigma = 1.0 if absolute else None
        if weights is not None:
            sigma = 1.0 / np.sqrt(weights)
        options = Options(
            na="fail",
            absolute_sigma=absolute if sigma is not None else None,
            search="auto" if start is None else "never",
            seed=seed_of(self.random_state),
        )
        parameters = (self.start if start is None else start, self.bounds, self.fixed)
        return set_up(inputs.model, inputs(X), y, sigma, parameters=parameters, options=options)

    def _warn(self, inputs: Inputs | Plane) -> None:
        if isinstance(inputs, Plane) and inputs.directions is not None:
            features, kept = inputs.directions.shape
            warnings.warn(
                f"The rows determine {kept} of the {features} slopes of a plane: some columns are "
                "constant, or sums of others, or there are too few rows. The smallest slopes are "
                "taken. Next: leave such columns out, or give more rows.",
                FitWarning,
                stacklevel=3,
            )
        if not self.fit_.usable:
            steps = [f.next_step for f in self.fit_.warnings if f.severity == "error"]
            warnings.warn(" ".join([self.fit_.status, *steps[:1]]), FitWarning, stacklevel=3)

    @property
    def intercept_(self) -> float:
        """The intercept of a plane (model=None)."""
        return self._plane()[0]

    @property
    def coef_(self) -> np.ndarray:
        """The slopes of a plane (model=None), (features,)."""
        return self._plane()[1]

    def _plane(self) -> tuple[float, np.ndarray]:
        inputs = self.__dict__.get("_inputs")
        if not isinstance(inputs, Plane):
            raise AttributeError("Only a fitted plane (model=None) has an intercept and slopes.")
        return inputs.slopes(list(self.fit_.params.values()))

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """The fitted curve at X (rows, features), (rows,).

        With `return_std` also the standard error of a new observation of weight 1; nan where
        there is no honest one.

        Raises:
            ModelValueError: where the model is not a finite number at a row.
        """
        curve = self._curve(X, 0.9)
        if not return_std:
            return curve.value
        return curve.value, np.hypot(curve.stderr, self.fit_.scale)

    def predict_interval(self, X: Any, level: float = 0.9, kind: str = "prediction") -> np.ndarray:
        """Intervals at X (rows, features): (rows, 2), the columns being lo and hi.

        Of kind "prediction" one holds a new observation of weight 1 with probability `level`;
        of kind "confidence", the curve. Infinite where the data say nothing.

        Warns:
            FitWarning: where the level is not to be relied upon; it says why.
        """
        check_level(level)
        if kind not in ("confidence", "prediction"):
            raise ArgumentError(
                f"kind is {kind!r}.", next_step="choose 'confidence' or 'prediction'."
            )
        curve = self._curve(X, level)
        if curve.kind is Accuracy.ESTIMATED:
            warnings.warn(f"The intervals are estimates: {curve.note}.", FitWarning, stacklevel=2)
        spread = np.hypot(curve.stderr, self.fit_.scale) if kind == "prediction" else curve.stderr
        half = np.where(np.isfinite(spread), self.fit_.quantile(level) * spread, np.inf)
        return np.stack([curve.value - half, curve.value + half], axis=1)

    def _curve(self, X: Any, level: float) -> Prediction:
        """The curve with its own standard error, nan where the data say nothing."""
        check_is_fitted(self, "fit_")
        X = new_rows(self, X)
        curve = self.fit_.predict(self._inputs(X), level)
        # Without a column in it, a model has one value for all rows.
        value = np.broadcast_to(curve.value, len(X)).copy()
        bad = np.flatnonzero(~np.isfinite(value))
        if len(bad):
            raise ModelValueError(
                f"The model is not a finite number in {len(bad)} of {len(X)} rows.",
                where=f"row {bad[0] + 1}: X = {X[bad[0]]}",
                next_step="leave such rows out, or take a model that is defined there.",
            )
        unknown = self._inputs.undetermined(X)
        return replace(curve, value=value, stderr=np.where(unknown, np.nan, curve.stderr))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        # A model of the user's own need not fit every data set well.
        tags.regressor_tags.poor_score = self.model is not None
        return tags
