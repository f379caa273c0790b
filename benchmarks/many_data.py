"""The models that many fits are measured on: data, starts as users give them, derivatives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["SCENARIOS", "Drawn", "Scenario"]

Columns = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Drawn:
    """Fits of one scenario; `begin` and `truth` are (params, fits), `sigma` is None if not given.

    A missing value is nan, for ours and for xarray; `weights` is 0 there, for the others.
    """

    Y: np.ndarray
    sigma: np.ndarray | None
    begin: np.ndarray
    truth: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """One over sigma, (fits, points)."""
        known = np.isfinite(self.Y)
        return known / (1.0 if self.sigma is None else self.sigma)

    def take(self, which: slice) -> Drawn:
        """Some of the fits."""
        sigma = None if self.sigma is None else self.sigma[which]
        return Drawn(self.Y[which], sigma, self.begin[:, which], self.truth[:, which])


@dataclass(frozen=True, eq=False)
class Scenario:
    """A model and how its data are drawn.

    `make(xp)` gives f(x, *params) in NumPy or jax.numpy, x being (inputs, points) if there are
    several inputs; `jac` its derivatives (points, params). `draw(rng, fits)` gives the parameters,
    `noise(f, truth)` the standard errors of the points, `begin(x, Y)` the starts of the peers.
    `like` writes estimates and their errors in the form of the truth, where several are equal.
    `bars`: how many times faster than the loop over SciPy, xarray, naive vmap; None for scenarios
    that the issue does not list.
    """

    name: str
    formula: str
    names: tuple[str, ...]
    columns: Columns
    make: Callable[[Any], Callable[..., Any]]
    jac: Callable[..., np.ndarray]
    draw: Callable[[np.random.Generator, int], np.ndarray]
    noise: Callable[[np.ndarray, np.ndarray], np.ndarray]
    begin: Callable[[np.ndarray, np.ndarray], np.ndarray]
    sigma: bool = False
    missing: float = 0.0
    like: Callable[..., tuple[np.ndarray, np.ndarray]] = lambda theta, errors, _: (theta, errors)
    bars: tuple[float, float, float] | None = None

    @property
    def x(self) -> np.ndarray:
        """The inputs as the peers' functions take them."""
        arrays = [*self.columns.values()]
        return arrays[0] if len(arrays) == 1 else np.stack(arrays)

    @property
    def points(self) -> int:
        return self.x.shape[-1]

    def data(self, fits: int, seed: int = 0) -> Drawn:
        """Some fits."""
        rng = np.random.default_rng([seed, len(self.name), self.points])
        truth = self.draw(rng, fits)
        exact = self.make(np)(self.x if self.x.ndim == 1 else self.x[:, None], *truth[..., None])
        sd = np.broadcast_to(self.noise(exact, truth), exact.shape)
        Y = exact + sd * rng.standard_normal(exact.shape)
        if self.missing:
            Y[rng.random(Y.shape) < self.missing] = np.nan
        return Drawn(Y, sd.copy() if self.sigma else None, self.begin(self.x, Y), truth)


def _uniform(*ranges: tuple[float, float]) -> Callable[[np.random.Generator, int], np.ndarray]:
    low, high = np.array(ranges).T
    return lambda rng, fits: rng.uniform(low[:, None], high[:, None], (len(low), fits))


def _share(share: float, *places: int) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Noise that is a share of (the least of) some parameters."""
    return lambda _, truth: share * np.min(truth[list(places)], axis=0)[:, None]


def _constant(*values: float) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    return lambda _, Y: np.tile(np.array(values)[:, None], len(Y))


def _columns(x: np.ndarray, *columns: Any) -> np.ndarray:
    """Columns of a Jacobian, some of them constants."""
    found = np.empty((x.shape[-1], len(columns)))
    for k, column in enumerate(columns):
        found[:, k] = column
    return found


def _swapped(*order: int) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """The other order of equal parts, where that brings their second parameter nearer."""

    def like(
        theta: np.ndarray, errors: np.ndarray, truth: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        places = [*order]
        other = np.abs(theta[places] - truth)[1] < np.abs(theta - truth)[1]
        return np.where(other, theta[places], theta), np.where(other, errors[places], errors)

    return like


# ---- the listed ones ------------------------------------------------------------------------


def _exponential_jac(x: np.ndarray, a: float, b: float, _c: float) -> np.ndarray:
    e = np.exp(-b * x)
    return _columns(x, e, -a * x * e, 1.0)


def _exponential(name: str, **more: Any) -> Scenario:
    return Scenario(
        name, "a*exp(-b*x) + c", ("a", "b", "c"), {"x": np.linspace(0.0, 10.0, 100)},
        lambda xp: lambda x, a, b, c: a * xp.exp(-b * x) + c, _exponential_jac,
        **{"draw": _uniform((5, 15), (0.1, 2.0), (0, 3)), "noise": _share(0.05, 0),
           "begin": _constant(1.0, 1.0, 1.0), **more},
    )  # fmt: skip


def _gaussian_jac(x: np.ndarray, a: float, m: float, s: float, _c: float) -> np.ndarray:
    u = (x - m) / s
    e = np.exp(-0.5 * u * u)
    slope = a * e * u / s
    return _columns(x, e, slope, slope * u, 1.0)


def _gaussian_begin(x: np.ndarray, Y: np.ndarray) -> np.ndarray:
    low, high = np.nanmin(Y, axis=1), np.nanmax(Y, axis=1)
    return np.stack([high - low, x[np.nanargmax(Y, axis=1)], np.full(len(Y), 0.5), low])


def _gaussian(name: str, **more: Any) -> Scenario:
    return Scenario(
        name, "a*exp(-0.5*((x - m)/s)**2) + c", ("a", "m", "s", "c"),
        {"x": np.linspace(0.0, 10.0, 100)},
        lambda xp: lambda x, a, m, s, c: a * xp.exp(-0.5 * ((x - m) / s) ** 2) + c,
        _gaussian_jac, _uniform((5, 15), (3, 7), (0.4, 1.2), (0, 3)), _share(0.03, 0),
        _gaussian_begin, **more,
    )  # fmt: skip


def _spot_jac(x: np.ndarray, a: float, m: float, n: float, s: float, _c: float) -> np.ndarray:
    u, v = (x[0] - m) / s, (x[1] - n) / s
    square = u * u + v * v
    e = np.exp(-0.5 * square)
    slope = a * e / s
    return _columns(x, e, slope * u, slope * v, slope * square, 1.0)


def _spot_begin(x: np.ndarray, Y: np.ndarray) -> np.ndarray:
    low, top = Y.min(axis=1), Y.argmax(axis=1)
    width = np.full(len(Y), 2.0)
    return np.stack([Y.max(axis=1) - low, x[0][top], x[1][top], width, low])


def _spot() -> Scenario:
    v, u = (axis.ravel() for axis in np.mgrid[0:15, 0:15].astype(float))
    return Scenario(
        "2-D Gaussian", "a*exp(-0.5*((u - m)**2 + (v - n)**2)/s**2) + c",
        ("a", "m", "n", "s", "c"), {"u": u, "v": v},
        lambda xp: lambda x, a, m, n, s, c: (
            a * xp.exp(-0.5 * ((x[0] - m) ** 2 + (x[1] - n) ** 2) / s**2) + c
        ),
        _spot_jac, _uniform((5, 15), (5, 9), (5, 9), (1.2, 2.5), (0, 3)), _share(0.04, 0),
        _spot_begin, bars=(15, 30, 1.7),
    )  # fmt: skip


# ---- those that are not listed --------------------------------------------------------------


def _echoes() -> Scenario:
    """Decay times in milliseconds, 16 echoes, a floor."""
    return Scenario(
        "T2, 16 echoes", "s0*exp(-te/t2) + c", ("s0", "t2", "c"),
        {"te": np.arange(1, 17) * 10.0},
        lambda xp: lambda x, s, t, c: s * xp.exp(-x / t) + c,
        lambda x, s, t, _c: _columns(x, np.exp(-x / t), s * x / t**2 * np.exp(-x / t), 1.0),
        _uniform((500, 1500), (20, 90), (20, 60)), _share(0.01, 0), _constant(1000.0, 50.0, 0.0),
    )  # fmt: skip


def _two_exponentials() -> Scenario:
    def jac(x: np.ndarray, a: float, s: float, b: float, t: float) -> np.ndarray:
        e, f = np.exp(-x / s), np.exp(-x / t)
        return _columns(x, e, a * x / s**2 * e, f, b * x / t**2 * f)

    return Scenario(
        "two exponentials", "a*exp(-x/s) + b*exp(-x/t)", ("a", "s", "b", "t"),
        {"x": np.linspace(0.0, 12.0, 200)},
        lambda xp: lambda x, a, s, b, t: a * xp.exp(-x / s) + b * xp.exp(-x / t), jac,
        _uniform((4, 10), (0.3, 0.8), (4, 10), (2.5, 5.0)), _share(0.02, 0, 2),
        _constant(5.0, 0.5, 5.0, 3.0), like=_swapped(2, 3, 0, 1),
    )  # fmt: skip


def _two_lines() -> Scenario:
    def jac(x: np.ndarray, *p: float) -> np.ndarray:
        found = []
        for a, m, w in (p[:3], p[3:6]):
            u = (x - m) / w
            shape = 1.0 / (1.0 + u * u)
            slope = 2.0 * a * u * shape * shape / w
            found += [shape, slope, slope * u]
        return _columns(x, *found, 1.0)

    return Scenario(
        "two Lorentzians", "a/(1 + ((x - m)/v)**2) + b/(1 + ((x - n)/w)**2) + c",
        ("a", "m", "v", "b", "n", "w", "c"), {"x": np.linspace(0.0, 20.0, 150)},
        lambda _: lambda x, a, m, v, b, n, w, c: (
            a / (1 + ((x - m) / v) ** 2) + b / (1 + ((x - n) / w) ** 2) + c
        ),
        jac, _uniform((4, 10), (6, 8), (0.6, 1.4), (4, 10), (12, 14), (0.6, 1.4), (0, 2)),
        _share(0.03, 0, 3), _constant(7.0, 7.0, 1.0, 7.0, 13.0, 1.0, 0.0),
        like=_swapped(3, 4, 5, 0, 1, 2, 6),
    )  # fmt: skip


def _sine() -> Scenario:
    def begin(x: np.ndarray, Y: np.ndarray) -> np.ndarray:
        centered = Y - Y.mean(axis=1, keepdims=True)
        lines = np.fft.rfft(centered, axis=1)
        top = np.argmax(np.abs(lines), axis=1)
        w = 2 * np.pi * top / (len(x) * (x[1] - x[0]))
        phase = np.angle(lines[np.arange(len(Y)), top]) + 0.5 * np.pi
        return np.stack([1.4 * centered.std(axis=1), w, phase, Y.mean(axis=1)])

    def jac(x: np.ndarray, a: float, w: float, p: float, _c: float) -> np.ndarray:
        slope = a * np.cos(w * x + p)
        return _columns(x, np.sin(w * x + p), slope * x, slope, 1.0)

    def like(
        theta: np.ndarray, errors: np.ndarray, truth: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        a, w, p, c = theta
        p = np.where(a < 0, p + np.pi, p)
        turns = np.round((p - truth[2]) / (2 * np.pi))
        return np.stack([np.abs(a), w, p - 2 * np.pi * turns, c]), errors

    return Scenario(
        "sine with offset", "a*sin(w*x + p) + c", ("a", "w", "p", "c"),
        {"x": np.linspace(0.0, 10.0, 100)},
        lambda xp: lambda x, a, w, p, c: a * xp.sin(w * x + p) + c, jac,
        _uniform((2, 6), (2, 8), (-1, 1), (0, 3)), _share(0.1, 0), begin, like=like,
    )  # fmt: skip


def _step() -> Scenario:
    def jac(x: np.ndarray, a: float, k: float, m: float, _c: float) -> np.ndarray:
        s = 1.0 / (1.0 + np.exp(-k * (x - m)))
        slope = a * s * (1.0 - s)
        return _columns(x, s, slope * (x - m), -k * slope, 1.0)

    def begin(x: np.ndarray, Y: np.ndarray) -> np.ndarray:
        low, high = Y.min(axis=1), Y.max(axis=1)
        middle = x[np.argmin(np.abs(Y - (0.5 * (low + high))[:, None]), axis=1)]
        return np.stack([high - low, np.full(len(Y), 2.0), middle, low])

    return Scenario(
        "logistic", "a/(1 + exp(-k*(x - m))) + c", ("a", "k", "m", "c"),
        {"x": np.linspace(0.0, 10.0, 50)},
        lambda xp: lambda x, a, k, m, c: a / (1 + xp.exp(-k * (x - m))) + c, jac,
        _uniform((5, 15), (1, 4), (3, 7), (0, 3)), _share(0.03, 0), begin,
    )  # fmt: skip


def _stretched() -> Scenario:
    def jac(x: np.ndarray, a: float, tau: float, beta: float) -> np.ndarray:
        power = (x / tau) ** beta
        e = np.exp(-power)
        return _columns(x, e, a * e * power * beta / tau, -a * e * power * np.log(x / tau))

    return Scenario(
        "stretched exponential", "a*exp(-(x/tau)**beta)", ("a", "tau", "beta"),
        {"x": np.linspace(0.1, 12.0, 120)},
        lambda xp: lambda x, a, tau, beta: a * xp.exp(-((x / tau) ** beta)), jac,
        _uniform((5, 15), (1, 4), (0.5, 1.0)), _share(0.01, 0), _constant(10.0, 2.0, 0.8),
    )  # fmt: skip


SCENARIOS = (
    _exponential("exponential", bars=(25, 30, 8)),
    _gaussian("Gaussian", bars=(35, 30, 1.6)),
    _spot(),
    _exponential("exponential, good start", draw=_uniform((5, 15), (0.2, 2.0), (0, 3)),
                 noise=_share(0.03, 0), begin=_constant(5.0, 1.0, 0.0)),
    _echoes(),
    _two_exponentials(),
    _two_lines(),
    _sine(),
    _step(),
    _stretched(),
    _exponential("exponential, own sigma", sigma=True,
                 noise=lambda f, _: 0.1 * np.sqrt(np.maximum(f, 0.1))),
    _gaussian("Gaussian, 5 % missing", missing=0.05),
)  # fmt: skip
