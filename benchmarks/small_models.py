"""Small models for timing: a formula and a lambda of the same code, made anew on request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from common import curve

__all__ = ["MODELS", "SmallModel"]


@dataclass(frozen=True)
class SmallModel:
    """A model as formula and as lambda, its truth, the range of x and the noise."""

    name: str
    formula: str
    make: Callable[[], Callable[..., np.ndarray]]
    truth: dict[str, float]
    span: tuple[float, float]
    sd: float

    def data(self, points: int, sets: int) -> tuple[np.ndarray, np.ndarray]:
        """x, (points,), and noisy y, (sets, points)."""
        x = np.linspace(*self.span, points)
        noise = np.random.default_rng(points).normal(size=(sets, points))
        return x, curve(self.formula, self.truth, x) + self.sd * noise


def _decay() -> Callable[..., np.ndarray]:
    return lambda x, a, tau, c: a * np.exp(-x / tau) + c


def _peak() -> Callable[..., np.ndarray]:
    return lambda x, a, m, s, c: a * np.exp(-(((x - m) / s) ** 2) / 2) + c


def _logistic() -> Callable[..., np.ndarray]:
    return lambda x, k, m, s: k / (1 + np.exp((m - x) / s))


def _saturation() -> Callable[..., np.ndarray]:
    return lambda x, v, k: v * x / (k + x)


def _power() -> Callable[..., np.ndarray]:
    return lambda x, a, b: a * x**b


def _sine() -> Callable[..., np.ndarray]:
    return lambda x, a, w, p, c: a * np.sin(w * x + p) + c


def _line() -> Callable[..., np.ndarray]:
    return lambda x, a, b: a + b * x


def _quadratic() -> Callable[..., np.ndarray]:
    return lambda x, a, b, c: a + b * x + c * x**2


MODELS = [
    SmallModel("exponential decay", "y ~ a*exp(-x/tau) + c", _decay,
               {"a": 5.0, "tau": 3.0, "c": 1.0}, (0, 12), 0.1),
    SmallModel("Gaussian + offset", "y ~ a*exp(-((x-m)/s)^2/2) + c", _peak,
               {"a": 10.0, "m": 5.0, "s": 1.2, "c": 2.0}, (0, 10), 0.3),
    SmallModel("logistic", "y ~ k/(1 + exp((m-x)/s))", _logistic,
               {"k": 9.0, "m": 6.0, "s": 1.5}, (0, 12), 0.2),
    SmallModel("Michaelis-Menten", "y ~ v*x/(k + x)", _saturation,
               {"v": 212.0, "k": 0.064}, (0.02, 1.1), 5.0),
    SmallModel("power law", "y ~ a*x^b", _power, {"a": 2.0, "b": 1.6}, (1, 8), 1.0),
    SmallModel("sine", "y ~ a*sin(w*x + p) + c", _sine,
               {"a": 3.0, "w": 1.3, "p": 0.4, "c": 1.0}, (0, 12), 0.2),
    SmallModel("line", "y ~ a + b*x", _line, {"a": 1.0, "b": 2.0}, (0, 10), 0.5),
    SmallModel("quadratic", "y ~ a + b*x + c*x^2", _quadratic,
               {"a": 1.0, "b": 2.0, "c": -0.3}, (0, 10), 0.5),
]  # fmt: skip
