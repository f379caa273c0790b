"""The peers of the networks: each a function of one split, with what it predicts for new rows."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from network_data import Split

__all__ = ["INTERVALS", "NO_NETWORK", "OURS", "POINTS", "SLOW", "Forecast", "standardized"]

OURS = "taylored"
GP, LINEAR = "Gaussian process (sklearn)", "linear (sklearn)"
NO_NETWORK = (GP, LINEAR)
BDE, BDE_LONG = "bde, defaults", "bde, as in its README"
SLOW = {BDE: 2, BDE_LONG: 6}  # more rounds are too expensive: a minute of CPU each
NORMAL = 1.6448536269514722  # of a 90 % interval
LEVEL = 0.9
ALPHAS = (0.01, 0.1, 1.0, 10.0)


@dataclass(frozen=True)
class Forecast:
    """For new rows; `said` and its standard error where a coverage is printed beside."""

    value: np.ndarray
    lo: np.ndarray
    hi: np.ndarray
    said: float = np.nan
    stderr: float = np.nan


Hidden = tuple[int, ...]
IntervalPeer = Callable[[Split, Hidden, int], Forecast]
PointPeer = Callable[[Split, Hidden, int, int], np.ndarray]  # values, or probabilities


def standardized(s: Split, target: bool = True) -> tuple[Split, float, float]:
    """Inputs, and a measured target, with mean 0 and standard deviation 1 on the old rows."""
    mean, sd = s.X.mean(0), s.X.std(0)
    sd = np.where(sd > 0, sd, 1.0)
    center, unit = (s.y.mean(), s.y.std()) if target else (0.0, 1.0)
    y, y_new = ((s.y - center) / unit, (s.y_new - center) / unit) if target else (s.y, s.y_new)
    return Split((s.X - mean) / sd, y, (s.X_new - mean) / sd, y_new), center, unit


# ---- intervals ----


def _quiet(run: Callable) -> Callable:
    """Warnings of convergence are no matter of ours."""

    def silent(*args: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return run(*args)

    return silent


def _interval(run: Callable) -> IntervalPeer:
    """`run(X, y, X_new, hidden, seed)` -> value, lo, hi, all standardized."""

    @_quiet
    def peer(split: Split, hidden: Hidden, seed: int) -> Forecast:
        s, center, unit = standardized(split)
        value, lo, hi = (
            center + unit * np.asarray(v, float) for v in run(s.X, s.y, s.X_new, hidden, seed)
        )
        return Forecast(value, lo, hi)

    return peer


def _normal(fit: Callable) -> IntervalPeer:
    """`fit(X, y, hidden, seed)` -> function of rows with mean and standard deviation."""

    def run(X: Any, y: Any, X_new: Any, hidden: Hidden, seed: int) -> tuple:
        mean, sd = fit(X, y, hidden, seed)(X_new)
        return mean, mean - NORMAL * sd, mean + NORMAL * sd

    return _interval(run)


def _mlp(X: np.ndarray, y: np.ndarray, hidden: Hidden, seed: int) -> Any:
    """scikit-learn's network by L-BFGS, with the penalty of 5-fold cross-validation."""
    from sklearn.model_selection import GridSearchCV
    from sklearn.neural_network import MLPRegressor

    net = MLPRegressor(
        "squared_error", hidden, activation="tanh", solver="lbfgs", max_iter=1000, random_state=seed
    )
    search = GridSearchCV(
        net, {"alpha": ALPHAS}, cv=5, refit=False, scoring="neg_mean_squared_error"
    )
    return net.set_params(**search.fit(X, y).best_params_)


def _ends(net: Any, X_new: np.ndarray) -> tuple:
    value, ends = net.predict_interval(X_new)
    return value, ends[:, 0, 0], ends[:, 1, 0]


def _split(X: Any, y: Any, X_new: Any, hidden: Hidden, seed: int) -> tuple:
    from mapie.regression import SplitConformalRegressor

    rows = np.random.default_rng(seed).permutation(len(y))
    held, kept = rows[: len(y) // 4], rows[len(y) // 4 :]
    net = _mlp(X[kept], y[kept], hidden, seed).fit(X[kept], y[kept])
    return _ends(SplitConformalRegressor(net, LEVEL).conformalize(X[held], y[held]), X_new)


def _cv_plus(X: Any, y: Any, X_new: Any, hidden: Hidden, seed: int) -> tuple:
    from mapie.regression import CrossConformalRegressor

    net = _mlp(X, y, hidden, seed)
    model = CrossConformalRegressor(net, LEVEL, method="plus", cv=10, random_state=seed)
    return _ends(model.fit_conformalize(X, y), X_new)


def _after_bootstrap(X: Any, y: Any, X_new: Any, hidden: Hidden, seed: int) -> tuple:
    from mapie.regression import JackknifeAfterBootstrapRegressor

    net = _mlp(X, y, hidden, seed)
    model = JackknifeAfterBootstrapRegressor(net, LEVEL, resampling=30, random_state=seed)
    return _ends(model.fit_conformalize(X, y), X_new)


def _gaussian_process(X: np.ndarray, y: np.ndarray, hidden: Hidden, seed: int) -> Callable:
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

    lengths: Any = np.full(X.shape[1], 2.0)
    kernel = ConstantKernel() * RBF(lengths, (0.05, 1e4)) + WhiteKernel(0.1, (1e-6, 10))
    gp = GaussianProcessRegressor(kernel, n_restarts_optimizer=1, random_state=seed).fit(X, y)
    return lambda x: gp.predict(x, return_std=True)


def _bde(**settings: Any) -> Callable:
    def run(X: Any, y: Any, X_new: Any, hidden: Hidden, seed: int) -> tuple:
        # numba, which bde needs, would take coverage.py of this folder for the package coverage.
        sys.modules.setdefault("coverage", None)  # type: ignore[arg-type]
        from bde import BdeRegressor
        from bde.loss import GaussianNLL

        # It has no tanh.
        net = BdeRegressor(hidden_layers=list(hidden), seed=seed, loss=GaussianNLL(), **settings)
        net.fit(x=X, y=y[:, None])
        value, ends = net.predict(X_new, credible_intervals=[0.05, 0.95])
        return value, *np.asarray(ends)

    return run


# Its defaults are those of a first trial; the longer setting is that of its README, with fewer
# samples.
_BDE_LONG: dict[str, Any] = {
    "activation": "silu", "n_members": 8, "epochs": 500, "patience": 20, "warmup_steps": 2000,
    "n_samples": 1000,
}  # fmt: skip


def _torch(name: str) -> Callable:
    def fit(X: np.ndarray, y: np.ndarray, hidden: Hidden, seed: int) -> Callable:
        import network_torch

        return getattr(network_torch, name)(X, y, hidden, seed)

    return fit


@_quiet
def _ours(split: Split, hidden: Hidden, seed: int) -> Forecast:
    import taylored as ty

    net = ty.train(split.X, split.y, hidden=hidden, activation="tanh", seed=seed, members=30)
    p = net.predict(split.X_new, level=LEVEL)
    value, lo, hi = (np.asarray(v, float).ravel() for v in (p.value, p.lo, p.hi))
    return Forecast(value, lo, hi, p.coverage, p.coverage_stderr)


INTERVALS: dict[str, IntervalPeer] = {
    "split conformal (MAPIE, sklearn MLP)": _interval(_split),
    "CV+ 10 folds (MAPIE)": _interval(_cv_plus),
    "jackknife+ after bootstrap, 30 (MAPIE)": _interval(_after_bootstrap),
    "deep ensemble of 5 (PyTorch)": _normal(_torch("deep_ensemble")),
    "laplace-torch, after training": _normal(_torch("laplace_intervals")),
    "laplace-torch, marginal-likelihood training": _normal(_torch("laplace_trained")),
    BDE: _interval(_bde()),
    BDE_LONG: _interval(_bde(**_BDE_LONG)),
    GP: _normal(_gaussian_process),
    OURS: _ours,
}


# ---- values and classes ----


def _sklearn(same: bool, stopping: bool, solver: str = "adam") -> PointPeer:
    """Its defaults (100 relu units), or our architecture; early stopping or not."""

    @_quiet
    def peer(split: Split, hidden: Hidden, classes: int, seed: int) -> np.ndarray:
        from sklearn.neural_network import MLPClassifier, MLPRegressor

        s, center, unit = standardized(split, target=not classes)
        more: dict[str, Any] = {"early_stopping": stopping, "random_state": seed, "solver": solver}
        if same:
            more |= {"hidden_layer_sizes": hidden, "activation": "tanh", "max_iter": 1000}
        if not classes:
            net: Any = MLPRegressor(**more).fit(s.X, s.y)
            return center + unit * net.predict(s.X_new)
        model = MLPClassifier(**more).fit(s.X, s.y)
        full = np.zeros((len(s.X_new), classes))
        full[:, model.classes_] = model.predict_proba(s.X_new)
        return full

    return peer


@_quiet
def _torch_point(split: Split, hidden: Hidden, classes: int, seed: int) -> np.ndarray:
    from network_torch import torch_fit

    s, center, unit = standardized(split, target=not classes)
    found = torch_fit(s.X, s.y, hidden, classes, seed)(s.X_new)
    return _softmax(found) if classes else center + unit * found


def _softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


@_quiet
def _ours_point(split: Split, hidden: Hidden, classes: int, seed: int) -> np.ndarray:
    import taylored as ty

    net = ty.train(split.X, split.y, hidden=hidden, activation="tanh", seed=seed)
    p = net.predict(split.X_new)
    if not classes:
        return np.asarray(p.value, float).ravel()
    full = np.zeros((len(split.X_new), classes))
    full[:, np.unique(split.y)] = p.probabilities
    return full


@_quiet
def _linear(split: Split, hidden: Hidden, classes: int, seed: int) -> np.ndarray:
    """No network: ridge or logistic regression, cross-validated."""
    from sklearn.linear_model import LogisticRegressionCV, RidgeCV

    s, center, unit = standardized(split, target=not classes)
    if not classes:
        return center + unit * RidgeCV(np.logspace(-3, 4, 15)).fit(s.X, s.y).predict(s.X_new)
    model = LogisticRegressionCV(Cs=8, max_iter=1000, scoring="neg_log_loss").fit(s.X, s.y)
    full = np.zeros((len(s.X_new), classes))
    full[:, model.classes_] = model.predict_proba(s.X_new)
    return full


POINTS: dict[str, PointPeer] = {
    "sklearn MLP, defaults": _sklearn(False, False),
    "sklearn MLP, defaults, early stopping": _sklearn(False, True),
    "sklearn MLP, same architecture": _sklearn(True, False),
    "sklearn MLP, same, early stopping": _sklearn(True, True),
    "PyTorch Adam, decay, early stopping": _torch_point,
    LINEAR: _linear,
    OURS: _ours_point,
}
