"""Functions whose Taylor series is known in closed form, with proved bounds on what is left out.

A figure that follows a hand needs its bound in a millisecond. For these few functions every
derivative has a formula, so Lagrange's remainder can be bounded at once; rounding is added on top.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from taylored.course.kit import Statement
from taylored.results import Accuracy

__all__ = ["KNOWN", "Known", "evaluate", "library_line", "polynomial_text", "raised", "rounding"]

_SLACK = 64 * 2.0**-53  # more than the few roundings of one value of these functions
_RATE = 0.25  # the bell's tone exp(-x/4) sin x
_TONE = complex(-_RATE, 1.0)


@dataclass(frozen=True)
class Known:
    """A function: its formula, values, and the Taylor coefficients f^(k)/k! at any place.

    `spread(k, lo, hi)` gives ends between which f^(k)/k! lies for all places from lo to hi.
    """

    formula: str
    label: str
    value: Callable[[Any], Any]
    coefficient: Callable[[int, Any], Any]
    spread: Callable[[int, Any, Any], tuple[Any, Any]]

    def coefficients(self, center: float, order: int) -> np.ndarray:
        """c_0 .. c_n of the powers of x - center."""
        return np.array([float(self.coefficient(k, center)) for k in range(order + 1)])

    def remainder(self, center: float, order: int, x: Any) -> tuple[np.ndarray, np.ndarray]:
        """Ends between which f(x) - T(x) lies for certain, T as computed in float64."""
        step = np.asarray(x, float) - center
        low, high = self._between(center, order + 1, step)
        # One term more, then what follows it: tighter near the center, and for odd functions.
        near, far = self._between(center, order + 2, step)
        term = float(self.coefficient(order + 1, center)) * step ** (order + 1)
        low, high = np.maximum(low, term + near), np.minimum(high, term + far)
        slack = rounding(self.coefficients(center, order + 2), step)
        return low - slack, high + slack

    def _between(self, center: float, k: int, step: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The range of f^(k)/k! between center and x, times the power of the step."""
        ends = center + np.minimum(step, 0.0), center + np.maximum(step, 0.0)
        low, high = self.spread(k, *ends)
        power = step**k
        return np.minimum(low * power, high * power), np.maximum(low * power, high * power)


def rounding(coefficients: np.ndarray, step: Any) -> Any:
    """More than what float64 rounds in a polynomial, its coefficients and one value of f."""
    sizes = np.abs(coefficients)
    total = np.zeros(np.shape(step))
    for size in sizes[::-1]:
        total = total * np.abs(step) + size
    return _SLACK * (len(sizes) + 1) * (total + 1e-300)


def evaluate(coefficients: np.ndarray, step: Any) -> Any:
    """The polynomial at a step from its center, the highest power first (Horner)."""
    total = np.zeros(np.shape(step))
    for c in coefficients[::-1]:
        total = total * step + c
    return total


def _turning(function: Callable[[Any], Any], turn: float) -> Callable[..., tuple[Any, Any]]:
    """The range of a sine-like function with a top at `turn` + 2 pi j, a valley half way on."""

    def spread(shift: float, lo: Any, hi: Any) -> tuple[Any, Any]:
        a, b = np.asarray(lo) + shift, np.asarray(hi) + shift
        fa, fb = function(a), function(b)
        low, high = np.minimum(fa, fb), np.maximum(fa, fb)
        top = np.floor((b - turn) / math.tau) >= np.ceil((a - turn) / math.tau)
        valley = np.floor((b - turn) / math.tau - 0.5) >= np.ceil((a - turn) / math.tau - 0.5)
        return np.where(valley, -1.0, low - 1e-14), np.where(top, 1.0, high + 1e-14)

    return spread


_SINE = _turning(np.sin, 0.5 * math.pi)


def _sine(shift: float) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Coefficients and spreads of sin(x + shift)."""

    def coefficient(k: int, c: Any) -> Any:
        turned = (k + round(2 * shift / math.pi)) % 4  # exact zeros at 0
        value = (np.sin, np.cos, lambda v: -np.sin(v), lambda v: -np.cos(v))[turned](c)
        return value / math.factorial(k)

    def spread(k: int, lo: Any, hi: Any) -> tuple[Any, Any]:
        low, high = _SINE(shift + (k % 4) * math.pi / 2, lo, hi)
        return low / math.factorial(k), high / math.factorial(k)

    return coefficient, spread


def _monotone(coefficient: Callable[[int, Any], Any]) -> Callable[..., tuple[Any, Any]]:
    """The spread where every derivative rises or falls throughout."""

    def spread(k: int, lo: Any, hi: Any) -> tuple[Any, Any]:
        a, b = coefficient(k, lo), coefficient(k, hi)
        low, high = np.minimum(a, b), np.maximum(a, b)
        return low - 1e-13 * np.abs(low), high + 1e-13 * np.abs(high)

    return spread


def _log1p(k: int, c: Any) -> Any:
    return np.log1p(c) if k == 0 else (-1.0) ** (k - 1) / (k * (1.0 + np.asarray(c)) ** k)


def _root(k: int, c: Any) -> Any:
    binomial = math.prod((0.5 - j) / (j + 1) for j in range(k))
    return binomial * (1.0 + np.asarray(c)) ** (0.5 - k)


def _bell(k: int, c: Any) -> Any:
    """Of 1/(1+x^2), the imaginary part of 1/(x - i)."""
    return np.imag((-1.0) ** k / (np.asarray(c) - 1j) ** (k + 1))


def _bell_spread(k: int, lo: Any, hi: Any) -> tuple[Any, Any]:
    nearest = np.where((lo <= 0) & (hi >= 0), 0.0, np.minimum(np.abs(lo), np.abs(hi)))
    most = (1.0 + nearest**2) ** (-0.5 * (k + 1)) * (1 + 1e-12)
    return -most, most


def _tone(k: int, c: Any) -> Any:
    """Of exp(-x/4) sin x, the imaginary part of an exponential."""
    return np.imag(_TONE**k * np.exp(_TONE * np.asarray(c))) / math.factorial(k)


def _tone_spread(k: int, lo: Any, hi: Any) -> tuple[Any, Any]:
    most = abs(_TONE) ** k * np.exp(-_RATE * np.asarray(lo)) / math.factorial(k) * (1 + 1e-12)
    return -most, most


def _exp(k: int, c: Any) -> Any:
    return np.exp(c) / math.factorial(k)


def _geometric(k: int, c: Any) -> Any:
    """Of 1/(1+x)."""
    return (-1.0) ** k / (1.0 + np.asarray(c)) ** (k + 1)


def _all() -> dict[str, Known]:
    sine, cosine = _sine(0.0), _sine(math.pi / 2)
    made = {
        "sin": ("sin(x)", "sin x", np.sin, *sine),
        "cos": ("cos(x)", "cos x", np.cos, *cosine),
        "exp": ("exp(x)", "eˣ", np.exp, _exp, _monotone(_exp)),
        "log": ("log(1+x)", "ln(1+x)", np.log1p, _log1p, _monotone(_log1p)),
        "root": ("sqrt(1+x)", "√(1+x)", lambda x: np.sqrt(1.0 + x), _root, _monotone(_root)),
        "inverse": ("1/(1+x)", "1/(1+x)", lambda x: 1 / (1.0 + x), _geometric,
                    _monotone(_geometric)),
        "bell": ("1/(1+x^2)", "1/(1+x²)", lambda x: 1 / (1.0 + x * x), _bell, _bell_spread),
        "tone": ("exp(-x/4)*sin(x)", "a bell's tone",
                 lambda x: np.exp(-_RATE * np.asarray(x)) * np.sin(x), _tone, _tone_spread),
    }  # fmt: skip
    return {name: Known(*parts) for name, parts in made.items()}


KNOWN = _all()


def polynomial_text(name: str, order: int) -> str:
    """The Maclaurin polynomial of sin, cos, exp or 1/(1+x^2), with exact coefficients."""
    terms = ""
    for k in range(order + 1):
        c = float(KNOWN[name].coefficient(k, 0.0)) * (1 if name == "bell" else math.factorial(k))
        if round(c) == 0:
            continue
        sign = "−" if c < 0 else "+"
        terms += f" {sign} {_term(k, 1 if name == 'bell' else math.factorial(k))}"
    return terms.removeprefix(" + ") or "0"


def _term(k: int, divisor: int) -> str:
    power = "1" if k == 0 else "x" if k == 1 else "x" + raised(k)
    return power if divisor == 1 else f"{power}/{divisor}"


def raised(k: int) -> str:
    """A whole number as an exponent."""
    return "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(k))


@lru_cache(maxsize=512)
def library_line(
    formula: str, center: float | tuple[float, ...], order: int, radius: float
) -> Statement:
    """What the library says of a Taylor polynomial on a box; a place (x, y) for two inputs."""
    import taylored as ty
    from taylored.errors import TayloredError

    try:
        at = dict(zip("xy", center, strict=True)) if isinstance(center, tuple) else center
        made = ty.taylor(formula, at=at, order=order, radius=radius)
    except TayloredError as error:
        return Statement(Accuracy.UNKNOWN, " ".join(str(error).split()))
    return Statement(made.accuracy, made.status)
