"""How the noise varies: the deviation s(x) of new rows from the prediction.

s² = (σ² + v(x)) exp(2 g(x)), v the variance between members, which grows where there are no data,
σ² what out-of-bag residuals have beyond it, and g a small network of the inputs and the prediction,
fitted by maximum likelihood to the residuals of rows that it has not seen. g is kept only where it
predicts the size of unseen residuals better than a constant does. Source: P. M. Williams, Using
neural networks to model conditional multivariate densities, Neural Computation 8 (1996) 843.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from taylored.networks.averages import mean_and_stderr
from taylored.networks.ensemble import Rows, held_out, member_batch, outputs_at, train_members
from taylored.networks.folds import Folds
from taylored.networks.losses import Deviation
from taylored.networks.model import Perceptron, perceptron
from taylored.networks.solvers.levenberg import Limits, State, run

__all__ = ["LARGEST_BEND", "Noise", "fit_noise"]

_REPEATS = 2
_UNITS = 8
_LEAST_ROWS = 60  # below, nothing can be said of how the noise varies
_SURE = 0.5  # standard errors by which g must do better: without reason to, it does worse
_LEAST_SHARE = 0.1  # of the residuals' variance that is noise at least
LARGEST_BEND = 3.0  # |g|: deviations within a factor of 20 of the usual one


@dataclass(frozen=True, eq=False)
class Noise:
    """The model of the noise. `base` (outputs,) is σ²; `model` and `theta` are those of g, or None.

    `gain` is by how many standard errors g describes unseen residuals better than a constant.
    """

    base: np.ndarray
    model: Perceptron | None = None
    theta: np.ndarray | None = None
    gain: float | None = None

    @property
    def varies(self) -> bool:
        """Whether the noise depends on the inputs."""
        return self.model is not None

    def deviation(self, z: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
        """s (rows, outputs), of the mean and variance of the members' values."""
        level = np.sqrt(self.base + spread)
        if self.model is None or self.theta is None:
            return level
        bend = outputs_at(self.model, self.theta, _inputs(z, mean)).mean(0)
        return level * np.exp(np.clip(bend, -LARGEST_BEND, LARGEST_BEND))


def _inputs(z: np.ndarray, mean: np.ndarray) -> np.ndarray:
    return np.concatenate([z, mean], axis=1)


def fit_noise(
    rows: Rows, folds: Folds, found: tuple[np.ndarray, np.ndarray], rng: np.random.Generator, *,
    varies: bool | None = None, run: Callable[..., State] = run,
) -> tuple[Noise, np.ndarray]:  # fmt: skip
    """The noise model, and the deviations (rows, outputs) it gives for rows it has not seen.

    `found` holds mean and spread (rows, outputs) out of the bag; `varies` None: the rows decide;
    `run` is what takes a state to its end.
    """
    mean, spread = found
    residual = rows.t - mean
    square = np.average(residual**2, axis=0, weights=rows.weights)
    between = np.average(spread, axis=0, weights=rows.weights) * (1 + 1 / folds.repeats)
    base = np.maximum(square - between, _LEAST_SHARE * square) + 1e-30
    level = np.sqrt(base + spread)
    plain = Noise(base)
    if varies is False or len(rows.t) < _LEAST_ROWS:
        return plain, level
    few = folds.first(_REPEATS)
    seen, counts = few.training()
    z = _inputs(rows.z, mean)
    model = perceptron(z.shape[1], (_UNITS,), rows.t.shape[1])
    ratio = residual / level
    scaled = ratio / np.sqrt(np.average(ratio**2, axis=0, weights=rows.weights))
    batch = member_batch(Rows(z, scaled, rows.weights), seen, np.float32, counts)
    limits = Limits(precision=1.0, steps=40)
    state = train_members(model, Deviation(), batch, rng, limits, run=run)
    bend, _ = held_out(outputs_at(model, state.theta, z), few)
    local = level * np.exp(np.clip(bend, -LARGEST_BEND, LARGEST_BEND))
    gain = _gain(residual, level, local, rows.weights, folds.groups)
    if not np.isfinite(local).all() or (varies is None and gain < _SURE):
        return Noise(base, gain=gain), level
    return Noise(base, model, state.theta, gain), local


def _gain(
    residual: np.ndarray, level: np.ndarray, local: np.ndarray, weights: np.ndarray | None,
    groups: np.ndarray | None,
) -> float:  # fmt: skip
    """By how many standard errors the likelihood of the residuals is higher with `local`."""

    def losses(deviation: np.ndarray) -> np.ndarray:
        square = (residual / deviation) ** 2
        mean = np.average(square, axis=0, weights=weights)
        return (np.log(deviation) + 0.5 * np.log(mean) + 0.5 * square / mean).sum(1)

    better = losses(level) - losses(local)
    weights = np.ones(len(better)) if weights is None else weights
    mean, error = mean_and_stderr(better, weights, groups)
    return mean / error if error > 0 else 0.0
