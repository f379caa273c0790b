"""True Taylor coefficients by python-flint's power series, to judge enclosures by."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import flint
import numpy as np

__all__ = [
    "DOMAINS",
    "SERIES",
    "boxes",
    "exact",
    "params_of",
    "sampled",
    "true_coefficients",
    "violations",
    "working",
]

# A power series x + t of the argument to the power series of the function.
SERIES: dict[str, Callable[..., Any]] = {
    "exp": lambda x: x.exp(),
    "exp2": lambda x: (x * flint.arb(2).log()).exp(),
    "expm1": lambda x: _with_value(x.exp(), x[0].expm1()),
    "log": lambda x: x.log(),
    "log2": lambda x: x.log() / flint.arb(2).log(),
    "log10": lambda x: x.log() / flint.arb(10).log(),
    "log1p": lambda x: _with_value((1 + x).log(), x[0].log1p()),
    "sqrt": lambda x: x.sqrt(),
    "rsqrt": lambda x: x.rsqrt(),
    "cbrt": lambda x: (x.log() / 3).exp() if x[0] > 0 else -((-x).log() / 3).exp(),
    "recip": lambda x: x.inv(),
    "integer_pow": lambda x, y: _whole_power(x, y),
    "pow": lambda x, p: (x.log() * flint.arb(p)).exp(),
    "logistic": lambda x: (1 + (-x).exp()).inv(),
    "softplus": lambda x: (1 + x.exp()).log(),
    "sin": lambda x: x.sin(),
    "cos": lambda x: x.cos(),
    "tan": lambda x: x.tan(),
    "asin": lambda x: x.asin(),
    "acos": lambda x: x.acos(),
    "atan": lambda x: x.atan(),
    "sinh": lambda x: _with_value((x.exp() - (-x).exp()) / 2, x[0].sinh()),
    "cosh": lambda x: (x.exp() + (-x).exp()) / 2,
    "tanh": lambda x: _with_value(1 - 2 * (1 + (2 * x).exp()).inv(), x[0].tanh()),
    "asinh": lambda x: _with_value((1 + x * x).rsqrt().integral(), x[0].asinh()),
    "acosh": lambda x: _with_value((x * x - 1).rsqrt().integral(), x[0].acosh()),
    "atanh": lambda x: _with_value((1 - x * x).inv().integral(), x[0].atanh()),
    "erf": lambda x: x.erf(),
    "erfc": lambda x: x.erfc(),
    "erf_inv": lambda x: _erf_inv(x),
    "lgamma": lambda x: x.lgamma(),
    "gamma": lambda x: x.gamma(),
    "digamma": lambda x: _longer(x, 1).lgamma().derivative(),
    "trigamma": lambda x: _longer(x, 2).lgamma().derivative().derivative(),
    "sinc0": lambda x: _sinc(x),
}

# Where intervals are drawn from: the whole line where nothing is said.
DOMAINS: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("log", "log2", "log10", "sqrt", "rsqrt", "pow"), (0.0, np.inf)),
    **dict.fromkeys(("lgamma", "gamma", "digamma", "trigamma"), (0.0, np.inf)),
    **dict.fromkeys(("asin", "acos", "atanh", "erf_inv"), (-1.0, 1.0)),
    "log1p": (-1.0, np.inf),
    "acosh": (1.0, np.inf),
}


def _with_value(series: Any, value: Any) -> Any:
    return flint.arb_series([value, *series.coeffs()[1:]], series.prec)


def _longer(x: Any, more: int) -> Any:
    return flint.arb_series(x.coeffs(), x.prec + more)


def _whole_power(x: Any, y: int) -> Any:
    base = x if y >= 0 else x.inv()
    result = flint.arb_series([1], x.prec)
    for _ in range(abs(y)):
        result = result * base
    return result


def _erf_inv(x: Any) -> Any:
    y = x[0].erfinv()
    forward = flint.arb_series([y, 1], x.prec).erf()
    inverse = flint.arb_series([0, *forward.coeffs()[1:]], x.prec).reversion()
    return _with_value(inverse, y)


def _sinc(x: Any) -> Any:
    if abs(x[0]) > 0.01:
        return x.sin() / x
    # the series at 0, moved to x: terms beyond 40 are below 1e-60
    terms = [flint.arb(0)] * 60
    for m in range(30):
        terms[2 * m] = flint.arb((-1) ** m) / flint.arb(2 * m + 1).fac()
    total = flint.arb_series([0], x.prec)
    for c in reversed(terms):
        total = total * x + c
    return total


@contextmanager
def working(bits: int, terms: int = 14):
    """python-flint at this precision, with power series of this length."""
    before = flint.ctx.prec, flint.ctx.cap
    flint.ctx.prec, flint.ctx.cap = bits, terms
    try:
        yield
    finally:
        flint.ctx.prec, flint.ctx.cap = before


def true_coefficients(
    name: str, x: float | Fraction, degree: int, params: dict[str, Any]
) -> list[Any]:
    """f^(k)(x)/k! as balls, k = 0, ..., degree, at the precision in force."""
    point = flint.arb_series([exact(x), 1], degree + 1)
    series = SERIES[name](point, **params)
    return [series[k] for k in range(degree + 1)]


def exact(x: Any) -> Any:
    if isinstance(x, Fraction):
        return flint.arb(flint.fmpq(x.numerator, x.denominator))
    return flint.arb(x)


def params_of(name: str, rng: np.random.Generator) -> dict[str, Any]:
    """Exponents for the functions that have one."""
    if name == "integer_pow":
        return {"y": int(rng.choice([0, 1, 2, 3, 4, 5, 7, 8, 13, 20, -1, -2, -3, -6]))}
    if name == "pow":
        return {"p": float(rng.choice([0.5, 1.7, -0.3, 2.5, 0.1, -4.5, 7.3, 3.0]))}
    return {}


def boxes(name: str, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Intervals of many widths (some of width 0) in the domain, near and far from its ends."""
    low, high = DOMAINS.get(name, (-np.inf, np.inf))
    x = _centers(name, (low, high), rng, n)
    width = np.where(rng.random(n) < 0.15, 0.0, 10.0 ** rng.uniform(-12, 1, n))
    width = np.where(rng.random(n) < 0.3, width * np.abs(x), width)
    lo, hi = x - width * rng.random(n), x + width * rng.random(n)
    return np.where(lo > low, lo, x), np.where(hi < high, hi, x)


def _centers(name: str, domain: tuple[float, float], rng: np.random.Generator, n: int):
    kind, sign = rng.integers(0, 4, n), rng.choice([-1.0, 1.0], n)
    if domain == (-1.0, 1.0):
        tiny = rng.normal(size=n) * 10.0 ** rng.uniform(-300, -2, n)
        close = sign * (1 - 10.0 ** rng.uniform(-15, -1, n))
        choices = [rng.uniform(-1, 1, n), tiny, close, rng.normal(size=n) / 9]
    elif np.isfinite(domain[0]):
        far = rng.uniform(0.5, 30, n) if "gamma" in name else 10.0 ** rng.uniform(-100, 100, n)
        choices = [rng.uniform(1e-3, 10, n), 10.0 ** rng.uniform(-8, 3, n),
                   10.0 ** rng.uniform(-2, 1, n), far]  # fmt: skip
        if "gamma" in name:
            choices[1] = 10.0 ** rng.uniform(-8, 2, n)
        choices = [domain[0] + c for c in choices]
    else:
        choices = [rng.uniform(-10, 10, n), rng.normal(size=n), rng.uniform(-40, 40, n),
                   rng.normal(size=n) * 10.0 ** rng.uniform(-30, 3, n)]  # fmt: skip
    x = np.choose(kind, choices)
    return np.where(x > domain[0], x, 0.5 * (domain[0] + min(domain[1], domain[0] + 3)))


def violations(
    name: str, ranges: Any, box: tuple[float, float], points: Any, params: dict[str, Any]
) -> tuple[int, int]:
    """How many true coefficients at `points` are outside `ranges` (lo, hi: orders), of how many.

    What the oracle itself cannot tell is not counted.
    """
    outside = counted = 0
    lows, highs = ([exact(v) for v in side] for side in ranges)
    for x in {float(x) for x in points if box[0] <= x <= box[1] and np.isfinite(x)}:
        try:
            truth = true_coefficients(name, x, len(lows) - 1, params)
        except (ValueError, ZeroDivisionError):  # a pole
            continue
        for true, low, high in zip(truth, lows, highs, strict=True):
            if true.is_finite():
                counted += 1
                outside += bool(true < low) or bool(true > high)
    return outside, counted


def sampled(
    name: str, box: tuple[float, float], degree: int, params: dict[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    """The least and greatest coefficients at many points, more of them about the extremes."""
    found: dict[float, list[float]] = {}
    points, reach = set(np.linspace(*box, 41)), (box[1] - box[0]) / 40
    for _ in range(4):
        for x in points - set(found):
            found[x] = [float(v) for v in true_coefficients(name, float(x), degree, params)]
        ends = {
            pick(found, key=lambda x: found[x][k]) for k in range(degree + 1) for pick in (min, max)
        }
        points = {
            float(np.clip(x, *box)) for c in ends for x in np.linspace(c - reach, c + reach, 11)
        }
        reach /= 5
    values = np.array(list(found.values()))
    return values.min(axis=0), values.max(axis=0)
