"""The fitted curve and its bands, by propagating the covariance through the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.errors import ArgumentError, ColumnError, ModelError
from taylored.evaluate import ModelFunctions
from taylored.model import trace_model
from taylored.regression.data import as_column, is_table, table_columns
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.regression.result import Fit

__all__ = ["Prediction", "predict"]

# Relative size of the second-order term, at the quantile of the level, that still counts as flat:
# simulated 95 % bands cover 94 to 96 % there, and 93 % where it reaches 0.9.
_FLAT = 0.6


@dataclass(frozen=True, eq=False, slots=True)
class Prediction:
    """Values of the fitted curve with a band, each (points,).

    `kind` says how the band was earned; `note` what limits it.
    """

    value: np.ndarray
    lo: np.ndarray
    hi: np.ndarray
    stderr: np.ndarray
    level: float
    band: str
    kind: Accuracy
    note: str = ""


def predict(fit: Fit, x: Any, level: float, kind: str) -> Prediction:
    """The curve at `x` with a pointwise band; see `Fit.predict`."""
    if kind not in ("confidence", "prediction"):
        raise ArgumentError(f"kind is {kind!r}.", next_step="choose 'confidence' or 'prediction'.")
    functions, curvature = _functions(fit, x), fit.solution.curvature
    theta = fit.solution.point.theta
    value, rows = _evaluated(functions, theta)
    if curvature is None or not fit.usable or not np.isfinite(fit.scale):
        count = len(value)
        return Prediction(
            value, np.full(count, -np.inf), np.full(count, np.inf), np.full(count, np.nan), level,
            kind, Accuracy.UNKNOWN, fit.status,
        )  # fmt: skip
    with np.errstate(all="ignore"):
        image = curvature.inverse.T.dot(rows[curvature.moving])
        variance = fit.scale**2 * np.einsum("ij,ij->j", image, image)
    if kind == "prediction":
        variance = variance + _new_point_variance(fit, len(value), x)
    stderr = np.sqrt(variance)
    half = fit.quantile(level) * stderr
    accuracy, note = _trust(fit, level)
    if not np.isfinite(stderr).all():
        accuracy, note = Accuracy.UNKNOWN, "the model is not a finite number at some of these x"
    return Prediction(value, value - half, value + half, stderr, level, kind, accuracy, note)


def _new_point_variance(fit: Fit, count: int, x: Any) -> np.ndarray:
    sigma = fit.setup.sigma
    if sigma is None:
        return np.full(count, fit.scale**2)
    if x is None:
        return (fit.scale * sigma) ** 2
    if np.ptp(sigma) > 1e-12 * sigma[0]:
        raise ArgumentError(
            "A prediction band at new x needs one sigma, but the points have different ones.",
            next_step="take kind='confidence' and add the variance of the new point yourself.",
        )
    return np.full(count, (fit.scale * sigma[0]) ** 2)


def _trust(fit: Fit, level: float) -> tuple[Accuracy, str]:
    if near_bound(fit, fit.quantile(level)):
        return Accuracy.ESTIMATED, (
            "a bound lies within the interval of a parameter: the band does not know of it, and "
            "is too narrow where the parameter is held"
        )
    if fit.jumps:
        return Accuracy.ESTIMATED, "the model jumps or has a kink that moves with a parameter"
    if fit.contradicted:
        return Accuracy.ESTIMATED, fit.contradicted
    if fit.intrinsic_bend * fit.quantile(level) > _FLAT:
        return Accuracy.ESTIMATED, (
            "the band takes the model as linear, and it bends within the band whatever its "
            "parameters"
        )
    return Accuracy.CALIBRATED, ""


def near_bound(fit: Fit, t: float) -> bool:
    """Whether a parameter is at a bound, or one lies within t standard errors of it."""
    if fit.solution.held.any():
        return True
    params, names = fit.setup.params, fit.setup.names
    for i in params.free:
        reach = t * fit.stderr[names[i]]
        value = fit.params[names[i]]
        if value - reach < params.lower[i] or value + reach > params.upper[i]:
            return True
    return False


def _functions(fit: Fit, x: Any) -> ModelFunctions:
    if x is None:
        return fit.setup.functions
    setup = fit.setup
    data = new_data(fit, x)
    points = max((len(d) for d in data), default=1)
    sample = list(fit.params.values())
    traces = trace_model(setup.model, data, lambda: sample)
    return replace(setup.functions, traces=traces, data=data, points=points)


def _evaluated(functions: ModelFunctions, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    try:
        with np.errstate(all="ignore"):
            value, rows = functions.value_and_jacobian(theta)
    except (ValueError, TypeError, IndexError) as error:
        raise ModelError(
            f"The model {functions.traces.model.describe} cannot be evaluated on "
            f"{functions.points} new points: {error}",
            why="it may hold arrays with one value per point of the fit",
            next_step="pass such arrays as inputs of the model.",
        ) from error
    return np.array(value, float), rows


def new_data(fit: Fit, x: Any) -> tuple[np.ndarray, ...]:
    """`x` as the columns of the model: an array, several arrays, or a table."""
    names = fit.setup.model.columns
    if is_table(x):
        table = {k: np.atleast_1d(v) for k, v in x.items()} if isinstance(x, Mapping) else x
        found = table_columns(table, names)
        return _broadcast([found[n] for n in names], names)
    if len(names) == 1:
        return (as_column(np.atleast_1d(x), names[0]),)
    turned = isinstance(x, np.ndarray) and x.ndim == 2 and fit.setup.turned
    if isinstance(x, np.ndarray):
        x = x.T if turned else x
    rows = list(x) if isinstance(x, tuple | list | np.ndarray) else []
    if len(rows) != len(names):
        raise ColumnError(
            f"The model has {len(names)} inputs, {', '.join(names)}; x has {len(rows)}.",
            why="as in the fit, one array is (points, inputs)" if turned else "",
            next_step="give a table (dict of arrays), or one array per input.",
        )
    return _broadcast(
        [as_column(np.atleast_1d(r), n) for r, n in zip(rows, names, strict=True)], names
    )


def _broadcast(columns: list[np.ndarray], names: tuple[str, ...]) -> tuple[np.ndarray, ...]:
    try:
        return tuple(np.array(c) for c in np.broadcast_arrays(*columns))
    except ValueError:
        lengths = ", ".join(f"{n}: {len(c)}" for n, c in zip(names, columns, strict=True))
        raise ColumnError(
            "The new data have different lengths.",
            why=lengths,
            next_step="give one number per point in each.",
        ) from None
