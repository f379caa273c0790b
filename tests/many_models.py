"""Models with true parameters, and data made of them: what the tests of many fits are run on."""

from __future__ import annotations

import numpy as np
from scipy import special

X = np.linspace(0.1, 10.0, 80)

# name: formula, function, ranges of the parameters, noise
MODELS = {
    "line": ("a + b*x", lambda x, a, b: a + b * x, [(1, 2), (-2, 2)], 0.3),
    "quartic": ("a + b*x + c*x^2 + d*x^3 + e*x^4",
                lambda x, a, b, c, d, e: a + x * (b + x * (c + x * (d + x * e))),
                [(1, 2), (-2, 2), (-1, 1), (-0.1, 0.1), (-0.01, 0.01)], 0.3),
    "decay": ("a*exp(-x/tau) + c", lambda x, a, tau, c: a * np.exp(-x / tau) + c,
              [(1, 2), (0.5, 5), (0, 1)], 0.03),
    "two decays": ("a1*exp(-x/t1) + a2*exp(-x/t2) + c",
                   lambda x, a, t, b, u, c: a * np.exp(-x / t) + b * np.exp(-x / u) + c,
                   [(1, 2), (3, 6), (1, 2), (0.3, 0.8), (0, 1)], 0.01),
    "peak": ("a*exp(-(x - m)^2/(2*s^2)) + c",
             lambda x, a, m, s, c: a * np.exp(-((x - m) ** 2) / (2 * s * s)) + c,
             [(1, 2), (3, 7), (0.3, 1.5), (0, 1)], 0.03),
    "two peaks": ("a1/(1 + ((x - m1)/w1)^2) + a2/(1 + ((x - m2)/w2)^2) + c",
                  lambda x, a, m, w, b, n, v, c: a / (1 + ((x - m) / w) ** 2)
                  + b / (1 + ((x - n) / v) ** 2) + c,
                  [(1, 2), (2, 4), (0.3, 0.8), (1, 2), (6, 8), (0.3, 0.8), (0, 1)], 0.03),
    "wave": ("a*sin(w*x + p) + c", lambda x, a, w, p, c: a * np.sin(w * x + p) + c,
             [(1, 2), (1, 12), (0, 3), (0, 1)], 0.1),
    "damped wave": ("a*exp(-x/t)*cos(w*x) + c",
                    lambda x, a, t, w, c: a * np.exp(-x / t) * np.cos(w * x) + c,
                    [(1, 2), (3, 9), (1, 6), (0, 1)], 0.03),
    "growth": ("k/(1 + exp(-(x - m)/s)) + c",
               lambda x, k, m, s, c: k / (1 + np.exp(-(x - m) / s)) + c,
               [(1, 2), (3, 7), (0.3, 1), (0, 1)], 0.03),
    "saturation": ("v*x/(k + x)", lambda x, v, k: v * x / (k + x), [(1, 2), (1, 5)], 0.03),
    "power": ("a*x^b", lambda x, a, b: a * x**b, [(1, 2), (-2, 2)], 0.03),
    "stretched": ("a*exp(-(x/t)^b)", lambda x, a, t, b: a * np.exp(-((x / t) ** b)),
                  [(1, 2), (1, 4), (0.5, 1.5)], 0.02),
    "gompertz": ("a*exp(-b*exp(-c*x))", lambda x, a, b, c: a * np.exp(-b * np.exp(-c * x)),
                 [(1, 2), (1, 5), (0.3, 1)], 0.02),
    "step": ("a*erf((x - m)/s) + c", lambda x, a, m, s, c: a * special.erf((x - m) / s) + c,
             [(1, 2), (3, 7), (0.3, 2), (0, 1)], 0.03),
    "gamma": ("a*x^(k - 1)*exp(-x/s)/gamma(k)",
              lambda x, a, k, s: a * x ** (k - 1) * np.exp(-x / s) / special.gamma(k),
              [(1, 2), (1.5, 3), (0.5, 2)], 0.02),
    "bessel": ("a*j0(k*x) + c", lambda x, a, k, c: a * special.j0(k * x) + c,
               [(1, 2), (0.5, 4), (0, 1)], 0.02),
    "no linear one": ("y0*exp(-k*x)/(1 + y0*(1 - exp(-k*x)))",
                      lambda x, y, k: y * np.exp(-k * x) / (1 + y * (1 - np.exp(-k * x))),
                      [(0.5, 2), (0.1, 1)], 0.01),
}  # fmt: skip


def made(name: str, fits: int, seed: int = 0) -> tuple[str, np.ndarray, np.ndarray]:
    """The formula, data (fits, points) and true parameters (fits, params) of a model."""
    formula, function, ranges, noise = MODELS[name]
    random = np.random.default_rng(seed)
    truth = np.stack([random.uniform(*r, fits) for r in ranges])
    y = function(X, *(t[:, None] for t in truth))
    return formula, y + noise * random.normal(size=y.shape), truth.T
